#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot-time: a guest's boot with huge frames. Peer: the same without.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/boot.sh"

setup_pool
# One for the caches of the host.
boot_ours first off
for round in 1 2 3 4 5; do
	for side in $(order "$round"); do
		mode=first-touch
		[ "$side" = ours ] || mode=off
		boot_ours "$side$round" $mode
		sample "$side" "$took"
	done
done
echo "PEER huge=off"
echo "NOTE a guest of 256 MiB, until its agent answers"
pp_umount /pool
