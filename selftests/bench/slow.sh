# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Two guests, each with values of a page in its memory that are verified and rewritten without end,
# in a cgroup whose memory.max is half of what they and their QEMUs use, and a disk in memory that
# takes 2 ms for each request, for slow-device and slow-device-p99. By a timer: dm-delay, which does
# the same, spins meanwhile. No server hands the values out: with one, the emulated guests have no
# time to be slowed down by memory, see performance.rst.
#
# Ours: a pool with such a disk, and compressed RAM as for slow devices: two fifths, with zstd; as that
# is not charged to the cgroup, its memory.max is lower by as much. The pool's limit leaves 24 MiB of
# it to the QEMUs, whose memory goes to the swap before. Peer: guests on memfds, with zswap and swap on
# such a disk, either "stock", which is a fifth and LZ4, or "equal" to ours, two fifths and zstd: the
# one that does better.
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib.sh
. "$here/lib.sh"
# shellcheck source=load.sh
. "$here/load.sh"

keys=22000 value_bytes=4096 seconds=20 mib=224
values_at=mem:/dev/shm/values
max=$((205 << 20)) fifth=$((41 << 20)) qemu_part=$((24 << 20))

slow_setup() {
	modprobe null_blk nr_devices=2 gb=1 memory_backed=1 discard=1 max_sectors=1024 irqmode=2 \
		completion_nsec=2000000 || exit 1
	mkswap /dev/nullb1 >/dev/null
	swapon /dev/nullb1
	# Of the virtual host's memory; memory.zswap.max is what counts.
	echo 50 >/sys/module/zswap/parameters/max_pool_percent
	echo 1 >/sys/module/zswap/parameters/enabled || exit 1
	setup_pool
	# Nor is the swap encrypted.
	echo 0 >"$pool/encrypt"
	echo zstd >"$pool/compressor"
	(exec 9<>/dev/nullb0 && echo 9 >"$pool/tiers/add") || exit 1
	mkdir "$cg"
}

# slow_ours COMPRESSED
slow_ours() {
	boot_two /pool/dom $mib
	# When memory.max falls, the kernel counts only what it swaps, and as much would leave the
	# pool besides.
	echo "80M swappiness=200" >"$cg/memory.reclaim" 2>/dev/null
	echo "$1" >"$pool/store_limit"
	echo $((max - $1 - qemu_part)) >"$pool/limit"
	echo $((max - $1)) >"$cg/memory.max"
}

# slow_stock COMPRESSED COMPRESSOR
slow_stock() {
	echo "$2" >/sys/module/zswap/parameters/compressor || exit 1
	boot_two memfd $mib
	echo "$1" >"$cg/memory.zswap.max"
	echo $max >"$cg/memory.max"
}

# slow_one ours|stock|equal: sets $total and $p99
slow_one() {
	local name
	case $1 in
	ours) slow_ours $((2 * fifth)) ;;
	stock) slow_stock $fifth lz4 ;;
	equal) slow_stock $((2 * fifth)) zstd ;;
	esac
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
	echo "NOTE 2 guests of $mib MiB, $keys values of 4 KiB each, 3 reads to 1 write, memory.max $((max >> 20)) MiB, 2 ms a request; two fifths of it are ours for zstd"
	pp_umount /pool
}

# median NUMBER NUMBER NUMBER
median() { printf '%s\n' "$@" | sort -n | sed -n 2p; }

# slow_bench FIGURE HIGHER: in rounds, an expression of what slow_one sets; is more of it better?
slow_bench() {
	local round side peer
	declare -A got=([ours]='' [stock]='' [equal]='')
	slow_setup
	for round in 1 2 3; do
		for side in ours stock equal; do
			slow_one $side
			echo "round $round, $side: $total operations, p99 $p99 us"
			got[$side]+="$(($1)) "
		done
	done
	# The peer that does better counts.
	# shellcheck disable=SC2086 # three words
	peer=$(($(median ${got[equal]}) > $(median ${got[stock]})))
	if ((peer == $2)); then
		peer=equal
		echo "NOTE the peer is zswap as ours; with LZ4 and a fifth: ${got[stock]}"
	else
		peer=stock
		echo "NOTE the peer is zswap with LZ4 and a fifth; as ours: ${got[equal]}"
	fi
	for side in ours $peer; do
		for round in ${got[$side]}; do
			sample "${side/$peer/peer}" "$round"
		done
	done
	slow_end
}
