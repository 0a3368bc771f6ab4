#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# evict-cpu: CPU time of evicting a page of a guest whose CPU is running. The guest holds a file of
# programs in memory that nobody reads, and computes meanwhile. Peer: the same guest on a memfd,
# evicted to zram with LZ4 by memory.reclaim.
. "$(dirname "$0")/lib.sh"

mib=8
# Fills memory with the guest's own programs, and lets its CPU compute.
fill='for i in 1 2 3 4; do cat /usr/bin/*; done 2>/dev/null | head -c 80M >/dev/shm/cold'
busy='stress-ng --cpu 1 --cpu-method int64 --timeout 300 --quiet'

setup_zram
setup_pool
mkdir "$cg"
guest_start ours 192 /pool/dom/ours
GUEST_CGROUP=$cg guest_start peer 192 memfd
for guest in ours peer; do
	guest_wait_ready "$guest" || exit 1
	guest_run "$guest" "$fill"
	guest_run_bg "$guest" "$busy" 320
done

evict_ours() { echo ${mib}M >"$pool/reclaim"; }
evict_peer() { echo ${mib}M >"$cg/memory.reclaim"; }

# The cgroup has page cache too, what QEMU has read, and that goes first.
for ((n = 0; n < 100 && $(swapped_out) < 256; n++)); do
	echo 1M >"$cg/memory.reclaim" 2>/dev/null
done
echo 1M >"$pool/reclaim"

for round in 1 2 3 4 5 6 7 8 9; do
	before=$(<"$pool/evictions")
	us=$(cpu_us evict_ours)
	pages=$(($(<"$pool/evictions") - before))
	sample_per ours "$us" "$pages"
	before=$(swapped_out)
	peer_us=$(cpu_us evict_peer)
	peer_pages=$(($(swapped_out) - before))
	sample_per peer "$peer_us" "$peer_pages"
	echo "round $round: ours $us us for $pages pages, peer $peer_us us for $peer_pages pages"
done
echo "PEER memfd + zram LZ4, memory.reclaim"
echo "NOTE guest CPU running; CPU time of the process that evicts; each round evicts pages that were never evicted before"
guest_kill_all
pp_umount /pool
