#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# metadata: memory of the module's records per page of a region that was written once from end to
# end, with half of it evicted, as at 2x overcommit. The peer is the promise.
. "$(dirname "$0")/lib.sh"

mib=256
setup_pool
for round in 1 2 3; do
	coproc OURS { "$progs/faultbench" /pool/dom/a $mib /usr/bin/qemu-system-x86_64; }
	in=${OURS[1]} out=${OURS[0]} pid=$OURS_PID
	read -r word _ <&"$out"
	[ "$word" = ready ] || exit 1
	echo $((mib / 2))M >"$pool/limit"
	echo "round $round: metadata $(<"$pool/metadata") stored $(<"$pool/stored") resident $(<"$pool/resident")"
	sample_per ours "$(<"$pool/metadata")" $((mib * 256))
	sample peer 16
	exec {in}>&-
	wait "$pid"
	rm /pool/dom/a
	echo 0 >"$pool/limit"
done
echo "PEER the promise of 16 bytes"
echo "NOTE half of the pages stored; zsmalloc's own handles, 8 bytes for each page stored, are not counted"
pp_umount /pool
