#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# restore: from the fault to its return, pages of a program's code and data, in random order.
# Peer: the same bytes on a memfd, swapped to zram with LZ4; both settings of swap read-ahead are
# measured, and the faster one counts.
. "$(dirname "$0")/lib.sh"

mib=48 data=/usr/bin/qemu-system-x86_64
setup_zram
setup_pool
mkdir "$cg"

coproc OURS { "$progs/faultbench" /pool/dom/a $mib $data; }
ours_in=${OURS[1]} ours_out=${OURS[0]}
# Bash warns about the second coprocess; it works.
coproc PEER { sh -c "echo 0 >$cg/cgroup.procs; exec $progs/faultbench memfd $mib $data"; } 2>/dev/null
peer_in=${PEER[1]} peer_out=${PEER[0]}

ask_ours() { echo "$1" >&"$ours_in"; read -r _ answer <&"$ours_out"; }
ask_peer() { echo "$1" >&"$peer_in"; read -r _ answer <&"$peer_out"; }
evict_ours() { echo ${mib}M >"$pool/reclaim"; }
evict_peer() {
	local i
	for i in 1 2 3 4 5; do
		echo ${mib}M >"$cg/memory.reclaim" 2>/dev/null
	done
}

# peer_with CLUSTER: sets $answer
peer_with() {
	echo "$1" >/proc/sys/vm/page-cluster
	evict_peer
	ask_peer touch
}

read -r word _ <&"$ours_out"
[ "$word" = ready ] || exit 1
read -r word _ <&"$peer_out"
[ "$word" = ready ] || exit 1
for round in 1 2 3 4 5; do
	evict_ours
	ask_ours touch
	ours=$answer
	peer_with 0
	single=$answer
	peer_with 3
	cluster=$answer
	echo "round $round: ours $ours, peer $single, peer with read-ahead $cluster"
	sample ours "$ours"
	sample peer $((single < cluster ? single : cluster))
done
ask_ours check
[ "$answer" = 0 ] || { echo "wrong bytes: $answer pages"; exit 1; }
ask_peer check
[ "$answer" = 0 ] || { echo "wrong bytes in the peer: $answer pages"; exit 1; }
echo "PEER memfd + zram LZ4"
echo "NOTE random order, $mib MiB, faster of page-cluster 0 and 3 for the peer"
exec {ours_in}>&- {peer_in}>&-
wait
pp_umount /pool
