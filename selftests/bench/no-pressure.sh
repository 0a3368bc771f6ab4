#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# no-pressure: a key-value load in a guest that has all the memory it wants. Peer: the same guest on
# a memfd with 4 KiB pages. Both guests exist all the time, one works at a time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/load.sh"

keys=20000 seconds=5
setup_pool
echo never >/sys/kernel/mm/transparent_hugepage/shmem_enabled
guest_start ours 192 /pool/dom/ours
guest_start peer 192 memfd
for guest in ours peer; do
	guest_wait_ready "$guest" || exit 1
	keyspace "$guest" $keys | grep -q PASS || exit 1
done
for round in {1..16}; do
	order="ours peer"
	((round % 2)) || order="peer ours"
	for guest in $order; do
		guest_run "$guest" "kvload /run/kv load $keys 1024" 120 | grep -q PASS || exit 1
		run_all $keys $seconds "$guest" || exit 1
		sample "$guest" $((total / seconds))
	done
done
echo "PEER memfd with 4 KiB pages"
echo "NOTE $keys values of 1 KiB, 3 reads to 1 write, order of the two changes every round"
guest_kill_all
pp_umount /pool
