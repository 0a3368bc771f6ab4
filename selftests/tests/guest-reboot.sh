# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest is reset three times under eviction.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

ktap_plan 8
pool_begin policy=random
GUEST_MACHINE=pc guest_start one 160 "$region"
check "guest boots" guest_wait_ready one 90 || exit
(while :; do reclaim 2M; pause 0.5; done) &
torturer=$!
for round in 1 2; do
	guest_run_bg one 'exec memverify -m 50 -d /dev/vdc' 300
	pause 2
	guest_reset one
	check "it is back after reset $round" guest_wait_ready one 90 || break
done
output=$(guest_run one 'memverify -m 50 -t 5 -d /dev/vdc' 60)
diag "$output" "$(counters evictions restores busy)"
check "its memory verifies" grep -q 'bad=0 PASS' <<<"$output"
kill $torturer
wait $torturer 2>/dev/null
check_that "thousands of pages were evicted" "$(value evictions) > 10000"
check_that "no more memory than the region's size" "$(value resident) + $(value stored) <= (160 + 1) * 1048576"
check "guest powers off" guest_stop one
rm "$region"
check "all was given back" all_given_back
