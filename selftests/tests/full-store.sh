# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The store is full and one of two guests wants more than the limit: it stands still, the other one
# goes on with what it has, and once there is room again all bytes of both are right.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
passed() { grep -q 'rounds=[1-9].* bad=0 PASS' <<<"$1"; }
one_stands() { (($(value stalls) > before)); }

ktap_plan 9
pool_begin policy=clock
mkdir /pool/other
guest_start one 320 "$region"
guest_start two 160 /pool/other/two
for guest in one two; do
	check "guest $guest boots" guest_wait_ready $guest 90 || exit
done
# What two works with later is in memory from here on.
check "two fills its memory" guest_run two 'memverify -m 32 -t 1 -s 2' 60
knob stall_ms 50000
knob store_limit $((4 * mib))
knob limit $(($(value resident) + 16 * mib))
before=$(value stalls)
guest_run_bg one 'memverify -m 192 -t 2 -s 1' 120
job=$guest_job
check "the store is full, and a guest stands still" wait_until 40 one_stands
# By the guest's clock: less than the other one may stand.
output=$(guest_run two 'memverify -m 24 -t 4 -s 3' 30)
diag "$output"
check "the other guest goes on" passed "$output"
diag "$(counters limit resident stored compressed evictions store_full stalls memory_errors)"
check "the first one still stands" test ! -e "$guests/one/jobs/$job.status"
knob store_limit 0
output=$(guest_wait one "$job")
diag "$output"
check "with room it goes on, and its bytes are right" passed "$output"
check_that "no fault failed" "$(value memory_errors) == 0 && $(value store_full) > 0"
guest_kill one
guest_kill two
rm -r "$region" /pool/other
check "all was given back" all_given_back
