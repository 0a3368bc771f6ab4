# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Processes are killed while they mount pools: the kernel has nothing to say, and nothing stays.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

ktap_plan 16
# shellcheck disable=SC2119 # no parameters for the module
pp_load || exit 1
# It is the debug kernel that tells.
seconds=3
[ "$PP_KERNEL" != debug ] || seconds=9
relay "$progs/mountkill" $seconds
no_pool() { [ -z "$(ls /sys/fs/pagepact)" ]; }
check "no pool stays" wait_until 10 no_pool
mounts() { mount -t pagepact vms /pool && umount /pool; }
mkdir -p /pool
check "a pool can be mounted" mounts
check "the module goes" wait_until 10 pp_unload
