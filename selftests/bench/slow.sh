# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Two guests with a key-value load each, in a cgroup whose memory.max is half of what they and their
# QEMUs use, and a disk in memory that takes 2 ms for each request, for slow-device and
# slow-device-p99. By a timer: dm-delay, which does the same, spins meanwhile. Peer: guests on memfds,
# with zswap (LZ4, a fifth of memory.max) and swap on such a disk. Ours: a pool with such a disk, and a
# store_limit of a fifth, too; as that is not charged to the cgroup, its memory.max is lower by as
# much. The pool's limit leaves 24 MiB of it to the QEMUs, whose memory goes to the swap before.
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib.sh
. "$here/lib.sh"
# shellcheck source=load.sh
. "$here/load.sh"

keys=22000 value_bytes=4000 seconds=20 mib=224
max=$((205 << 20)) part=$((41 << 20)) qemu_part=$((24 << 20))

slow_setup() {
	modprobe null_blk nr_devices=2 gb=1 memory_backed=1 discard=1 max_sectors=1024 irqmode=2 \
		completion_nsec=2000000 || exit 1
	mkswap /dev/nullb1 >/dev/null
	swapon /dev/nullb1
	echo lz4 >/sys/module/zswap/parameters/compressor
	echo 1 >/sys/module/zswap/parameters/enabled || exit 1
	setup_pool
	# Nor is the swap encrypted.
	echo 0 >"$pool/encrypt"
	(exec 9<>/dev/nullb0 && echo 9 >"$pool/tiers/add") || exit 1
	mkdir "$cg"
}

# slow_one SIDE: sets $total and $p99
slow_one() {
	local name
	if [ "$1" = ours ]; then
		boot_two /pool/dom $mib
		# When memory.max falls, the kernel counts only what it swaps, and as much would leave the
		# pool besides.
		echo "80M swappiness=200" >"$cg/memory.reclaim" 2>/dev/null
		echo $part >"$pool/store_limit"
		echo $((max - part - qemu_part)) >"$pool/limit"
		echo $((max - part)) >"$cg/memory.max"
	else
		boot_two memfd $mib
		echo $part >"$cg/memory.zswap.max"
		echo $max >"$cg/memory.max"
	fi
	for name in a b; do
		keyspace $name $keys | grep -q PASS || exit 1
	done
	run_all $keys $seconds a b || exit 1
	guest_kill_all
	rm -f /pool/dom/*
	echo max >"$cg/memory.max"
	echo max >"$cg/memory.zswap.max"
	echo 0 >"$pool/limit"
	echo 0 >"$pool/store_limit"
}

slow_end() {
	grep -H . "$pool"/{evictions,restores,restores_far,demoted,demoted_early,promoted,slots_pushed,stalls} \
		"$pool"/tiers/0/{reads,fetches,read_p50_ns,read_p99_ns,writes}
	grep -E '^(pswpin|pswpout|zswpin|zswpout|zswpwb) ' /proc/vmstat
	echo "PEER memfd, zswap and swap on an equal device, in a cgroup of the same memory.max"
	echo "NOTE 2 guests of $mib MiB, $keys values of 4 KB each, 3 reads to 1 write, memory.max $((max >> 20)) MiB, 2 ms a request"
	pp_umount /pool
}

# slow_bench FIGURE: in rounds, an expression of what slow_one sets
slow_bench() {
	local round side
	slow_setup
	for round in 1 2 3; do
		for side in ours peer; do
			slow_one $side
			echo "round $round, $side: $total operations, p99 $p99 us"
			sample $side "$(($1))"
		done
	done
	slow_end
}
