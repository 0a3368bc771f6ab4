#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# huge-overcommit: three guests with a key-value load each, at half of the memory that they use,
# with huge frames. Peer: the same without.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/overcommit.sh"

seconds=15
for round in 1 2 3 4; do
	for side in $(order "$round"); do
		mode=first-touch
		[ "$side" = ours ] || mode=off
		overcommit_start $mode
		# shellcheck disable=SC2086 # names
		run_all $keys $seconds $overcommit_guests || exit 1
		sample "$side" $((total / seconds))
		overcommit_show
		overcommit_stop
	done
done
echo "PEER huge=off"
echo "NOTE 3 guests of $mib MiB, $keys values of 1 KiB each, 3 reads to 1 write, limit $limit"
pp_umount /pool
