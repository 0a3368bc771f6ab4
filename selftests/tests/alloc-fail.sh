# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Each allocation of each operation fails once, see sweep/sweep.h: nothing is
# lost, nothing stays behind, and the error says what happened.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

cgroup=/sys/fs/cgroup/sweep

# vhost.sh's own cleanup knows only what it mounted and loaded itself.
clean() {
	echo $$ >/sys/fs/cgroup/cgroup.procs
	rmdir "$cgroup"
	! mountpoint -q /pool || umount /pool
	dmsetup remove sweep
	rmmod null_blk
}

if [ ! -e /proc/self/fail-nth ] || [ ! -d /sys/kernel/debug/failslab ]; then
	skip_all "this kernel has no fault injection"
fi
ktap_plan 128
# A small disk that fails when it shall.
if ! modprobe -a null_blk dm-mod || ! rmmod null_blk ||
   ! modprobe null_blk nr_devices=1 gb=1 memory_backed=1 ||
   ! dmsetup create sweep --table "0 2048 linear /dev/nullb0 0"; then
	skip_all "no null_blk, or no dm"
fi
SWEEP_DISK=/dev/$(dmsetup info -c --noheadings -o blkdevname sweep)
export SWEEP_DISK
mkdir -p /pool "$cgroup"
# What is charged to a cgroup of its own can be reclaimed from it.
echo $$ >"$cgroup/cgroup.procs"
needs=$(modinfo -F depends "$pp_module" | tr ',' ' ')
# shellcheck disable=SC2086 # a list
[ -z "$needs" ] || modprobe -a $needs
SWEEP_MODULE=$pp_module SWEEP_RECLAIM=$cgroup/memory.reclaim relay "$progs/failsweep" 5
clean
