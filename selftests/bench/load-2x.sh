#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# load-2x: two guests with a key-value load each, memory for half of what they use. Ours: pool with
# a limit. Peer: the same guests on memfds in a cgroup, swap on zram with LZ4. Both run in a cgroup
# with the same memory.max, on the same host, one after the other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/load.sh"

keys=40000 seconds=20 mib=192
setup_zram
echo 0 >/proc/sys/vm/page-cluster
setup_pool
mkdir "$cg"

# start BACKEND-PREFIX: "memfd" or a directory of the pool
start() {
	local name backend
	for name in a b; do
		backend=$1
		[ "$backend" = memfd ] || backend=$1/$name
		GUEST_CGROUP=$cg guest_start $name $mib "$backend"
	done
	for name in a b; do
		guest_wait_ready $name || exit 1
		keyspace $name $keys | grep -q PASS || exit 1
	done
}

stop() {
	guest_kill_all
	rm -f /pool/dom/*
	echo max >"$cg/memory.max"
	echo 0 >"$pool/limit"
}

# own RESIDENT: what QEMU itself takes, beside the guests' memory, and 8 MiB for files it reads
own() {
	awk -v frames="$1" '$1 == "anon" || $1 == "kernel" { sum += $2 }
		END { printf "%d\n", sum - frames + 8 * 1048576 }' "$cg/memory.stat"
}

one() {
	if [ "$1" = ours ]; then
		start /pool/dom
		if [ -z "$max" ]; then
			resident=$(<"$pool/resident")
			limit=$((resident / 2))
			max=$((limit + $(own "$resident")))
			echo "guests use $resident bytes, limit $limit, memory.max $max"
		fi
		echo "$limit" >"$pool/limit"
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
echo "NOTE 2 guests of $mib MiB, $keys values of 1 KiB each, 3 reads to 1 write, limit $limit bytes"
pp_umount /pool
