#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot-faults: page faults of a guest's boot with huge frames. Peer: the same without.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/boot.sh"

setup_pool
for round in 1 2 3; do
	for side in $(order "$round"); do
		mode=first-touch
		[ "$side" = ours ] || mode=off
		boot_ours "$side$round" $mode
		sample "$side" $faults
	done
done
echo "PEER huge=off"
echo "NOTE a guest of 256 MiB, until its agent answers"
pp_umount /pool
