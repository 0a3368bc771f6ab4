# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Users and root make random calls; nobody else is harmed, and the module goes.
# See hostile/main.c. For a replay: HOSTILE="--seed N --log /out/hostile.calls".
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

# Coverage points in the module, where the kernel has KCOV.
points() {
	[ ! -e /sys/kernel/debug/kcov ] || objdump -dr "$pp_module" | grep -c __sanitizer_cov_trace_pc
}

ktap_plan 9
pool_begin stall_ms=300,spare=256K,huge=first-touch,commit=relaxed
chmod 700 /pool/dom
mkdir -m 1777 /pool/open
seconds=18
[ "$PP_KERNEL" != debug ] || seconds=30
# What is long goes into a file: each line of the log costs a process.
out=/out/${PP_TEST:-hostile}
# shellcheck disable=SC2086 # a list of options
"$progs/hostile" --seconds $seconds --points "$(points)" --ring "$out.ring" ${HOSTILE:-} /pool \
	>"$out.report" 2>&1
diag "status $?; how often each call was made, and which functions none reached: ${out##*/}.report"
relay grep -vE ' made |^never ' "$out.report"
diag "$(counters faults restores evictions evict_clean busy punched stalls memory_errors)"
check_that "pages came and went" "$(value evictions) > 1000 && $(value restores) > 1000"
check "no attacker's pool is left" test "$(ls /sys/fs/pagepact)" = vms
rm -rf /pool/*
rmdir /sys/fs/cgroup/hostile/{a,b} /sys/fs/cgroup/hostile /run/hostile
check "all was given back" all_given_back
check "the pool unmounts" umount /pool
pp_mounts=()
# Of a device whose process was killed the kernel may hear later.
check "the module unloads" wait_until 10 pp_unload
rm -r /scratch/hostile
check "no complaint in the log" test -z "$(dmesg | grep -E 'WARNING|BUG:|Bad page|refcount_t|list_(add|del) corruption')"
