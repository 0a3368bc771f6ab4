#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# huge-idle: what three guests have in frames when they were idle for a minute, after a key-value
# load at half of the memory that they use, with huge frames. Peer: the same without.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/overcommit.sh"

for round in 1 2 3; do
	for side in $(order "$round"); do
		mode=first-touch
		[ "$side" = ours ] || mode=off
		overcommit_start $mode
		# shellcheck disable=SC2086 # names
		run_all $keys 5 $overcommit_guests || exit 1
		pause 60
		sample "$side" "$(<"$pool/resident")"
		overcommit_show
		overcommit_stop
	done
done
echo "PEER huge=off"
echo "NOTE 3 guests of $mib MiB, $keys values of 1 KiB each, limit $limit"
pp_umount /pool
