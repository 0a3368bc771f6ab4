# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For benchmarks with a device below compressed RAM: two equal disks in the host's memory, one a
# device of the pool, the other the stock host's swap.

# setup_disks: the pool keeps 4 MiB of what is evicted in memory
setup_disks() {
	# Their own limit is a sector less than what one request of ours has.
	modprobe null_blk nr_devices=2 gb=1 memory_backed=1 discard=1 max_sectors=1024 || exit 1
	mkswap /dev/nullb1 >/dev/null
	swapon /dev/nullb1
	setup_pool
	echo 4M >"$pool/store_limit"
	(exec 9<>/dev/nullb0 && echo 9 >"$pool/tiers/add") || exit 1
	mkdir "$cg"
}

# reads SIDE, writes SIDE: requests that its disk has answered
disk_of() { if [ "$1" = ours ]; then echo nullb0; else echo nullb1; fi; }
reads() { awk '{ print $1 }' "/sys/block/$(disk_of "$1")/stat"; }
writes() { awk '{ print $5 }' "/sys/block/$(disk_of "$1")/stat"; }

# disk_guest SIDE MIB [QEMU-ARGUMENT...]: the guest "a"
disk_guest() {
	local backend=memfd mib=$2
	[ "$1" = peer ] || backend=/pool/dom/a
	shift 2
	GUEST_CGROUP=$cg guest_start a "$mib" "$backend" "$@"
	guest_wait_ready a || exit 1
}

# evict SIDE MIB: until no more than that stays in memory
evict() {
	local try
	for try in {1..30}; do
		if [ "$1" = ours ]; then
			(($(<"$pool/resident") > $2 << 20)) || return 0
			echo 64M >"$pool/reclaim" 2>/dev/null
		else
			(($(awk '$1 == "shmem" { print $2 }' "$cg/memory.stat") > $2 << 20)) || return 0
			echo 64M >"$cg/memory.reclaim" 2>/dev/null
		fi
	done
	echo "$1: $try requests did not evict all but $2 MiB"
	exit 1
}

disk_guest_stop() {
	guest_kill a
	rm -f /pool/dom/a
}
