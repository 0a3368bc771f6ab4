#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# load-2x: two guests with a key-value load each, in a cgroup whose memory.max is half of what they
# and their QEMUs use. Peer: guests on memfds. Ours: guests in a pool, with the pool's limit 40 MiB
# below memory.max. Swap on zram with LZ4 is there for both; ours needs it for QEMU's own memory.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/load.sh"

keys=60000 seconds=20 mib=224 qemu_part=$((40 << 20))
setup_zram
echo 0 >/proc/sys/vm/page-cluster
setup_pool
mkdir "$cg"

# start BACKEND, as boot_two
start() {
	local name
	boot_two "$1" $mib
	for name in a b; do
		keyspace $name $keys | grep -q PASS || exit 1
	done
}

stop() {
	guest_kill_all
	rm -f /pool/dom/*
	echo max >"$cg/memory.max"
	echo 0 >"$pool/limit"
}

one() {
	if [ "$1" = ours ]; then
		start /pool/dom
		# Half of what guests and QEMU use now; the pool leaves QEMU itself a part of it.
		[ -n "$max" ] || max=$(awk '$1 == "anon" || $1 == "kernel" { sum += $2 }
			END { printf "%d", sum / 2 }' "$cg/memory.stat")
		echo $((max - qemu_part)) >"$pool/limit"
	else
		start memfd
	fi
	echo "$max" >"$cg/memory.max"
	run_all $keys $seconds a b || exit 1
	sample "$1" $((total / seconds))
	stop
}

max=
for round in 1 2 3; do
	echo "round $round"
	one ours
	one peer
done
grep -H . "$pool"/{evictions,evict_clean,restores,rescues,stalls,reclaim_ns,restore_ns}
echo "PEER memfd + zram LZ4 in a cgroup of the same memory.max"
echo "NOTE 2 guests of $mib MiB, $keys values of 1 KiB each, 3 reads to 1 write, memory.max $max"
pp_umount /pool
