#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# slow-device: operations a second of guests with half of their memory and a slow device.
# slow-device-p99: what 99 of 100 of them take at most, in the worse guest.
#
# Two guests, each with values of a page in its memory that are verified and rewritten without end,
# each in a cgroup whose memory.max is about half of what it and its QEMU use, and a disk in memory
# that takes 2 ms for each request. By a timer: dm-delay, which does the same, spins meanwhile. Each
# has a cgroup of its own, because of two guests in one the peer gives all memory to either, which
# is very fast then. No server hands the values out: with one, the emulated guests have no time to
# be slowed down by memory, see performance.rst. QEMU's program is charged to neither cgroup: in a
# small one the kernel gives it up again and again, and on 7.2 kills guests of the peer over that.
#
# Ours: a pool with such a disk and zstd, whose compressed RAM is 28 in 100 of the memory; as that is
# not charged to the cgroups, their memory.max is lower by as much. QEMU's own memory goes to the
# swap. Peer: guests on memfds, with swap on such a disk, and zswap as it is when it is switched on: a
# fifth of the memory, LZO. For comparison also "equal": zswap with our codec and size.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/load.sh"

keys=22000 value_bytes=4096 seconds=20 mib=224
values_at=mem:/dev/shm/values
max=$((102 << 20)) fifth=$((max / 5)) compressed=$((max * 28 / 100))

set_up() {
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
	qemu=$(command -v qemu-system-x86_64)
	# shellcheck disable=SC2046 # its libraries, one word each
	cat "$qemu" $(ldd "$qemu" | grep -o '/[^ ]*') >/dev/null
}

# to_each FILE VALUE: for both cgroups
to_each() {
	echo "$2" >"$cg/a/$1"
	echo "$2" >"$cg/b/$1"
}

start_ours() {
	boot_two /pool/dom $mib
	echo $((2 * compressed)) >"$pool/store_limit"
	# When memory.max falls, the kernel counts only what it swaps, and as much would leave the
	# pool besides.
	to_each memory.reclaim "40M swappiness=200" 2>/dev/null
	to_each memory.max $((max - compressed))
}

# start_zswap COMPRESSED COMPRESSOR
start_zswap() {
	echo "$2" >/sys/module/zswap/parameters/compressor || exit 1
	boot_two memfd $mib
	to_each memory.zswap.max "$1"
	to_each memory.max $max
}

# one ours|stock|equal: sets $total and $p99
one() {
	local name
	case $1 in
	ours) start_ours ;;
	stock) start_zswap $fifth "$stock_codec" ;;
	equal) start_zswap $compressed zstd ;;
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

end() {
	grep -H . "$pool"/{evictions,restores,restores_far,demoted,demoted_early,promoted,slots_pushed,stalls} \
		"$pool"/tiers/0/{reads,fetches,read_p50_ns,read_p99_ns,writes}
	grep -E '^(pswpin|pswpout|zswpin|zswpout|zswpwb) ' /proc/vmstat
	echo "PEER memfd, swap on an equal device, zswap as it is when it is switched on ($stock_codec, a fifth), the same memory"
	echo "NOTE 2 guests of $mib MiB, $keys values of 4 KiB each, 3 reads to 1 write, $((max >> 20)) MiB for each and its QEMU, 28 in 100 of it compressed with zstd, 2 ms a request"
	echo "NOTE zswap with our codec and size:$equal_ops, p99$equal_us"
	pp_umount /pool
}

set_up
equal_ops='' equal_us=''
for round in 1 2 3; do
	for side in ours stock equal; do
		one $side
		if [ $side = equal ]; then
			equal_ops+=" $((total / seconds))" equal_us+=" $p99"
			continue
		fi
		sample ${side/stock/peer} $((total / seconds)) slow-device
		sample ${side/stock/peer} "$p99" slow-device-p99
	done
done
end
