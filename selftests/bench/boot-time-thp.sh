#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot-time-thp: a guest's boot with huge frames. Peer: a file of a tmpfs with huge=always, mapped as
# ours is: QEMU aligns no memfd.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/boot.sh"

setup_pool
mkdir /thp
mount -t tmpfs -o huge=always thp /thp
boot_ours first first-touch
for round in 1 2 3 4 5; do
	for side in $(order "$round"); do
		if [ "$side" = ours ]; then
			boot_ours "$side$round" first-touch
		else
			boot "$side$round" "/thp/$side"
			rm "/thp/$side"
		fi
		sample "$side" "$took"
	done
done
echo "PEER tmpfs with huge=always"
echo "NOTE a guest of 256 MiB, until its agent answers"
pp_umount /pool
