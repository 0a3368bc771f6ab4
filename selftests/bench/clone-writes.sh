#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# clone-writes: bytes written to a disk when the memory of five equal machines is evicted: 1024 pages
# each of a program's code and data, in a process for each machine. Peer: the same on memfds, swapped
# to an equal disk.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/disk.sh"

mib=4 data=/run/data
head -c $((mib << 20)) /usr/bin/qemu-system-x86_64 >$data
setup_disks
# Less than one of them has.
echo 1M >"$pool/store_limit"

written() { awk '{ printf "%d", $7 * 512 }' "/sys/block/$(disk_of "$1")/stat"; }

# settled SIDE: nothing was written for two seconds
settled() {
	local before=
	until [ "$(written "$1")" = "$before" ]; do
		before=$(written "$1")
		sleep 2
	done
}

machine() {
	local memory=memfd in
	[ "$1" = peer ] || memory=/pool/dom/$2
	mkfifo "/run/in.$2"
	(echo 0 >"$cg/cgroup.procs"
		exec "$progs/faultbench" "$memory" $mib $data <"/run/in.$2" >"/run/out.$2") &
	exec {in}>"/run/in.$2"
	ins[$2]=$in
	timeout 60 sh -c "until grep -q ready /run/out.$2; do sleep 0.1; done"
}

one() {
	local before n
	before=$(written "$1")
	for n in 1 2 3 4 5; do
		machine "$1" $n || { echo "$1: machine $n is not ready"; exit 1; }
	done
	for n in {1..10}; do
		if [ "$1" = ours ]; then
			echo 32M >"$pool/reclaim" 2>/dev/null
		else
			echo 32M >"$cg/memory.reclaim" 2>/dev/null
		fi
	done
	settled "$1"
	sample "$1" $(($(written "$1") - before))
	[ "$1" = peer ] || grep -H . "$pool"/{slots,slots_saved} "$pool"/tiers/0/{pages,shared}
	for n in 1 2 3 4 5; do
		echo check >&"${ins[$n]}"
		eval "exec ${ins[$n]}>&-"
	done
	wait
	[ "$(cat /run/out.* | grep -c '^check 0$')" = 5 ] || { echo "$1: wrong bytes"; exit 1; }
	rm -f /run/{in,out}.* /pool/dom/*
}

ins=()
for round in 1 2 3; do
	for side in $(order $round); do
		one "$side"
	done
done
echo "PEER memfds swapped to an equal disk"
echo "NOTE 5 processes with the same $((mib << 8)) pages each, not VMs"
pp_umount /pool
