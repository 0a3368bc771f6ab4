#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tiering: the test of S5, 20 times as fast: pages that are read every 50 ms, 1.5 s, 30 s, and never,
# 1024 of each, one beside the other, for 90 s, where half of them fit into the limit. Then the first
# are to be in frames, the second in frames or compressed RAM, the others on a device; those that are
# not are mis-tiered. Peer: all pages, so that the ratio is the part of them. What it is with
# demote_ms=0, where what goes to the device is a matter of room, stands in a note.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/disk.sh"

pages=1024
intervals=(50 1500 30000 0)
file=/pool/dom/a

counter() { echo "$(<"$(pp_region $file)/$1")"; }

# probe GROUP: sets $frames, $near, $far
probe() {
	local restores far_before
	restores=$(counter restores) far_before=$(counter restores_far)
	"$progs/reuse" $file probe "$1" ${#intervals[@]} || exit 1
	far=$(($(counter restores_far) - far_before))
	near=$(($(counter restores) - restores - far))
	frames=$((pages - near - far))
}

# one DEMOTE_MS: sets $misplaced
one() {
	local job g
	echo "$1" >"$pool/demote_ms"
	echo $((pages * ${#intervals[@]} * 4096 / 2)) >"$pool/limit"
	"$progs/reuse" $file run $pages "${intervals[@]}" &
	job=$!
	pause 90
	# As it is.
	kill -STOP $job
	echo "demote_ms $1: threshold $(<"$pool/demote_now_ms") ms"
	echo 0 >"$pool/limit"
	echo 0 >"$pool/demote_ms"
	misplaced=0
	for g in "${!intervals[@]}"; do
		probe "$g"
		echo "demote_ms $1: every ${intervals[g]} ms: $frames in frames, $near in RAM, $far on the device"
		case $g in
		0) misplaced=$((misplaced + near + far)) ;;
		1) misplaced=$((misplaced + far)) ;;
		*) misplaced=$((misplaced + frames + near)) ;;
		esac
	done
	kill -KILL $job
	wait $job 2>/dev/null
	grep -H . "$pool"/{demoted,demoted_early,promoted,reuse_checked,reuse_error,slots_pushed,aged,rescues,place_ns,reclaim_ns}
	rm $file
	wait_until 20 test "$(<"$pool/tiers/0/pages")" = 0
}

setup_disks
for _ in 1 2 3; do
	one 8000
	sample ours $misplaced
	sample peer $((pages * ${#intervals[@]}))
done
one 0
echo "PEER all pages there are"
echo "NOTE $misplaced of them are mis-tiered with demote_ms=0"
pp_umount /pool
