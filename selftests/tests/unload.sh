# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The module goes when nothing needs it, not before, and leaves nothing.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

# kib FIELD: of /proc/meminfo
kib() { awk -v f="$1:" '$1 == f { print $2 }' /proc/meminfo; }

# One life of module, pool and region, all states of pages included.
life() {
	insmod /run/pagepact.ko || return 1
	mount -t pagepact -o spare=256K vms /pool && mkdir /pool/dom || return 1
	"$regionctl" "$region" size=4M fill=text:1 only=0:100 fill=zero only=100:100 fill=same:1 || return 1
	reclaim 2M
	"$regionctl" "$region" only=512:512 read || return 1
	[ -z "${1:-}" ] || rm -r /pool/dom
	umount /pool && rmmod pagepact
}

lives() {
	local n
	for ((n = 0; n < $1; n++)); do
		life $((n % 2 ? 1 : 0)) || { echo "round $n"; return 1; }
	done
}

# free_kib: pages in the lists that CPUs keep are free as well
free_kib() { awk '$1 == "MemFree:" { n += $2 } $1 == "count:" { n += $2 * 4 } END { print n }' /proc/meminfo /proc/zoneinfo; }

ktap_plan 14
# Where each takes seconds, what leaks is found by other means.
pools=5 warm=3 rounds=30
[ "$PP_KERNEL" != debug ] || pools=2 warm=1 rounds=2
pool_begin ""
"$regionctl" "$region" size=8M fill=text:1 stop &
holder=$!
check "a process fills a region" wait_until 10 stopped $holder
check "no unload while mounted" fails_with "in use" rmmod pagepact
check "umount is refused while a file is open" fails_with "busy" umount /pool
reclaim 4M
umount -l /pool
pp_mounts=()
check "no unload after a lazy umount either" fails_with "in use" rmmod pagepact
check_that "the pool is still there" "$(value resident) + $(value stored) >= 8 * 1048576"
check "and still works" knob reclaim 2M
kill -KILL $holder
kill -CONT $holder
wait $holder 2>/dev/null
unload_in_time() { wait_until 5 rmmod pagepact 2>/dev/null; }
check "then it unloads" unload_in_time
check "sysfs is clean" test ! -e /sys/fs/pagepact

diag "-- knobs written while the pool goes away"
# shellcheck disable=SC2119 # no parameters for the module
pp_load || exit 1
mkdir -p /pool
churn() {
	local n writer
	for ((n = 0; n < pools; n++)); do
		mount -t pagepact vms /pool || return 1
		mkdir /pool/dom
		"$regionctl" "$region" size=24M fill=zero
		(while :; do echo 1 >$pool/age_interval_ms; done) 2>/dev/null &
		writer=$!
		pause 0.1
		umount /pool || return 1
		kill $writer
		wait $writer 2>/dev/null
		wait_until 5 test ! -e "$pool" || return 1
	done
}
check "writing knobs does not keep a pool from going" churn
check "unload" pp_unload

diag "-- many lives"
# From memory, where it loads faster.
cp "$pp_module" /run/pagepact.ko
lives $warm
settle
slab=$(kib Slab) free=$(free_kib) percpu=$(kib Percpu)
check "$rounds times load, mount, fill, evict, umount, unload" lives $rounds
settle
diag "Slab $slab -> $(kib Slab), MemFree $free -> $(free_kib), Percpu $percpu -> $(kib Percpu) KiB"
check_that "no slab was leaked" "$(kib Slab) - slab < 2048"
check_that "no memory was leaked" "free - $(free_kib) < 8192 && $(kib Percpu) - percpu < 200"
check "the kernel log has no complaint" test -z "$(dmesg | grep -E 'pagepact: |WARNING|BUG|leak|Objects remaining' | grep -v taint)"
