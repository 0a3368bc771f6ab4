# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Two guests, each with values of a page in its memory that are verified and rewritten without end,
# each in a cgroup whose memory.max is about half of what it and its QEMU use, and a disk in memory
# that takes 2 ms for each request, for slow-device and slow-device-p99. By a timer: dm-delay, which
# does the same, spins meanwhile. Each guest has a cgroup, because of two in one the peer gives all
# memory to either, which is very fast then. No server hands the values out: with one, the emulated
# guests have no time to be slowed down by memory, see performance.rst.
#
# Ours: a pool with such a disk and zstd, whose compressed RAM is 28 in 100 of the memory; as that is
# not charged to the cgroups, their memory.max is lower by as much. QEMU's own memory goes to the
# swap. Peer: guests on memfds, with swap on such a disk, and zswap as it is when it is switched on: a
# fifth of the memory, LZO. For comparison also "equal": zswap with our codec and size.
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib.sh
. "$here/lib.sh"
# shellcheck source=load.sh
. "$here/load.sh"

keys=22000 value_bytes=4096 seconds=20 mib=224
values_at=mem:/dev/shm/values
max=$((102 << 20)) fifth=$((max / 5)) compressed=$((max * 28 / 100))

slow_setup() {
	modprobe null_blk nr_devices=2 gb=1 memory_backed=1 discard=1 max_sectors=1024 irqmode=2 \
		completion_nsec=2000000 || exit 1
	mkswap /dev/nullb1 >/dev/null
	swapon /dev/nullb1
	echo 1 >/sys/module/zswap/parameters/enabled || exit 1
	stock_codec=$(</sys/module/zswap/parameters/compressor)
	# Of the virtual host's memory; memory.zswap.max is what counts.
	echo 50 >/sys/module/zswap/parameters/max_pool_percent
	setup_pool
	# Nor is the swap encrypted.
	echo 0 >"$pool/encrypt"
	echo zstd >"$pool/compressor"
	(exec 9<>/dev/nullb0 && echo 9 >"$pool/tiers/add") || exit 1
	mkdir "$cg"
	echo +memory >"$cg/cgroup.subtree_control"
	mkdir "$cg"/{a,b}
}

# to_each FILE VALUE: for both cgroups
to_each() {
	echo "$2" >"$cg/a/$1"
	echo "$2" >"$cg/b/$1"
}

slow_ours() {
	boot_two /pool/dom $mib
	echo $((2 * compressed)) >"$pool/store_limit"
	# When memory.max falls, the kernel counts only what it swaps, and as much would leave the
	# pool besides.
	to_each memory.reclaim "40M swappiness=200" 2>/dev/null
	to_each memory.max $((max - compressed))
}

# slow_zswap COMPRESSED COMPRESSOR
slow_zswap() {
	echo "$2" >/sys/module/zswap/parameters/compressor || exit 1
	boot_two memfd $mib
	to_each memory.zswap.max "$1"
	to_each memory.max $max
}

# slow_one ours|stock|equal: sets $total and $p99
slow_one() {
	local name
	case $1 in
	ours) slow_ours ;;
	stock) slow_zswap $fifth "$stock_codec" ;;
	equal) slow_zswap $compressed zstd ;;
	esac
	for name in a b; do
		keyspace $name $keys | grep -q PASS || exit 1
	done
	run_all $keys $seconds a b || exit 1
	guest_kill_all
	rm -f /pool/dom/*
	to_each memory.max max
	to_each memory.zswap.max max
	echo 0 >"$pool/store_limit"
}

slow_end() {
	grep -H . "$pool"/{evictions,restores,restores_far,demoted,demoted_early,promoted,slots_pushed,stalls} \
		"$pool"/tiers/0/{reads,fetches,read_p50_ns,read_p99_ns,writes}
	grep -E '^(pswpin|pswpout|zswpin|zswpout|zswpwb) ' /proc/vmstat
	echo "PEER memfd, swap on an equal device, zswap as it is when it is switched on ($stock_codec, a fifth), the same memory"
	echo "NOTE 2 guests of $mib MiB, $keys values of 4 KiB each, 3 reads to 1 write, $((max >> 20)) MiB for each and its QEMU, 28 in 100 of it compressed with zstd, 2 ms a request"
	pp_umount /pool
}

# slow_bench FIGURE: in rounds, an expression of what slow_one sets
slow_bench() {
	local round side equal=''
	slow_setup
	for round in 1 2 3; do
		for side in ours stock equal; do
			slow_one $side
			echo "round $round, $side: $total operations, p99 $p99 us"
			case $side in
			ours) sample ours $(($1)) ;;
			stock) sample peer $(($1)) ;;
			equal) equal+=" $(($1))" ;;
			esac
		done
	done
	echo "NOTE zswap with our codec and size:$equal"
	slow_end
}
