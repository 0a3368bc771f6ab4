#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# random-access: reads and writes at random in 256 MiB of a guest, which has nothing else to do. Peer:
# the same guest on a tmpfs with huge=always. Both exist all the time, one works at a time.
. "$(dirname "$0")/lib.sh"

seconds=4
setup_pool
echo first-touch >"$pool/huge"
mkdir /thp
mount -t tmpfs -o huge=always thp /thp
guest_start ours 448 /pool/dom/ours
guest_start peer 448 /thp/peer
for side in ours peer; do
	guest_wait_ready $side || exit 1
done
for round in {1..8}; do
	for side in $(order "$round"); do
		output=$(guest_run "$side" "randaccess 256 $seconds" 120)
		rate=$(sed -n 's/^RANDACCESS .*per_second=\([0-9]*\) bad=0$/\1/p' <<<"$output")
		[ -n "$rate" ] || { echo "guest $side: no result: $output"; exit 1; }
		sample "$side" "$rate"
	done
done
echo "ours: huge_resident $(<"$pool/huge_resident") of resident $(<"$pool/resident")"
grep ShmemHugePages /proc/meminfo
echo "PEER tmpfs with huge=always"
echo "NOTE 256 MiB, one write to three reads, order of the two changes every round"
guest_kill_all
pp_umount /pool
