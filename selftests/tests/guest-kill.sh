# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# QEMU is killed in the middle of everything; nothing of it stays. In further
# rounds a program that does direct I/O stands in for it.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

kib() { awk -v f="$1:" '$1 == f { print $2 }' /proc/meminfo; }
# free_kib: pages in the lists that CPUs keep are free as well
free_kib() { awk '$1 == "MemFree:" { n += $2 } $1 == "count:" { n += $2 * 4 } END { print n }' /proc/meminfo /proc/zoneinfo; }

ktap_plan 8
pool_begin policy=random
guest_start one 160 "$region"
check "guest boots" guest_wait_ready one 90 || exit
guest_run_bg one 'exec memverify -m 60 -d /dev/vdc' 300
for ((n = 0; n < 20; n++)); do reclaim 4M; pause 0.1; done
(while :; do echo 8M; done >$pool/reclaim 2>/dev/null) &
torturer=$!
pause 0.3
diag "$(counters evictions restores resident stored busy)"
check_that "it was evicted from" "$(value evictions) > 5000"
rm "$region"
guest_kill one
check "frames and slots come back" all_given_back

diag "-- five rounds of a verifier killed in mid-eviction"
round() {
	"$progs/memverify" -m 64 -f /pool/dom/two -d /scratch/dio &
	victim=$!
	pause 2
	rm /pool/dom/two
	kill -KILL $victim
	wait $victim 2>/dev/null
	all_given_back
}
round >/dev/null
settle
available=$(free_kib) slab=$(kib Slab) evictions=$(value evictions)
bad=0
for ((n = 0; n < 5; n++)); do
	round || ((++bad))
done
kill $torturer
wait $torturer 2>/dev/null
settle
check_that "all was given back every time" "bad == 0"
check_that "evictions went on" "$(value evictions) > evictions + 5000"
diag "free $available -> $(free_kib), Slab $slab -> $(kib Slab) KiB"
check_that "no memory is missing" "available - $(free_kib) < 12288"
check_that "no slab was leaked" "$(kib Slab) - slab < 3072"
check "all was given back" all_given_back
