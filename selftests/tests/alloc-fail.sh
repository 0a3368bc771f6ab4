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
}

if [ ! -e /proc/self/fail-nth ] || [ ! -d /sys/kernel/debug/failslab ]; then
	skip_all "this kernel has no fault injection"
fi
ktap_plan 109
mkdir -p /pool "$cgroup"
# What is charged to a cgroup of its own can be reclaimed from it.
echo $$ >"$cgroup/cgroup.procs"
needs=$(modinfo -F depends "$pp_module" | tr ',' ' ')
# shellcheck disable=SC2086 # a list
[ -z "$needs" ] || modprobe -a $needs
SWEEP_MODULE=$pp_module SWEEP_RECLAIM=$cgroup/memory.reclaim relay "$progs/failsweep" 5
clean
