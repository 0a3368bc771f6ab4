#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dead-pages: requests to a disk, reads and writes, while a guest reuses memory that it had freed
# after all of it was evicted. The guest tells what it frees by free page reporting. Peer: a guest on
# a memfd, swapped to an equal disk, as QEMU makes it without being asked for reporting; with
# reporting in a note. What is counted has whatever else the guest touches meanwhile.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/disk.sh"

mib=96
setup_disks
balloon="-device $(guest_device balloon),free-page-reporting=on"

# one SIDE QEMU-ARGUMENT...: sets $requests
one() {
	local before side=$1
	shift
	disk_guest "$side" 192 "$@"
	guest_run a "modprobe virtio_balloon; mount -t tmpfs -o size=128m none /tmp && dd if=/dev/urandom of=/tmp/file bs=1M \
		count=$mib 2>/dev/null" 300 || exit 1
	evict "$side" 24
	# Reports come two seconds later. What else is needed to write a file comes back before.
	guest_run a 'rm /tmp/file; sleep 6; dd if=/dev/urandom of=/tmp/x bs=1M count=1 2>/dev/null; rm /tmp/x' 60 || exit 1
	before=$(($(reads "$side") + $(writes "$side")))
	guest_run a "dd if=/dev/urandom of=/tmp/file bs=1M count=$mib 2>/dev/null" 300 || exit 1
	requests=$(($(reads "$side") + $(writes "$side") - before))
	disk_guest_stop
}

for round in 1 2 3; do
	for side in $(order $round); do
		if [ "$side" = ours ]; then
			# shellcheck disable=SC2086 # two words
			one ours $balloon
		else
			one peer
		fi
		sample "$side" $requests
	done
done
grep -H . "$pool"/{punched,dead_stored,dead_far,restores} "$pool"/tiers/0/{reads,writes,trimmed_bytes}
# shellcheck disable=SC2086
one peer $balloon
echo "PEER memfd swapped to an equal disk, without free page reporting"
echo "NOTE $((mib << 8)) pages are freed and reused; the peer with reporting takes $requests requests"
pp_umount /pool
