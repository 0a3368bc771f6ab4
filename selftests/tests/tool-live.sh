# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The tool against the real thing: a pool with a running guest.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

tool=$repo/build/chroot/tools/pagepact
[ -x "$tool" ] || tool=$repo/build/chroot/pagepact
[ -x "$tool" ] || skip_all "no tool: make tools O=build/chroot"

ktap_plan 10
pool_begin
guest_start one 128 $region
check "guest boots" guest_wait_ready one 90 || exit
reclaim 8M
output=$($tool status 2>&1)
diag "$output"
check "status names pool and region" grep -qE 'vms|dom/one' <<<"$output"
json=$($tool status -J 2>&1)
check "status -J is JSON" jq -e . <<<"$json"
diag "$(jq -c . <<<"$json" | cut -c1-600)"
number_in_json() { jq -e --argjson n "$1" '[.. | numbers, (strings | tonumber?)] | any(. == $n)' <<<"$json" >/dev/null; }
check "with the pool's size" number_in_json $((128 << 20))
check "top runs for a moment" bash -c "timeout -s INT 5 '$tool' top -n 2 -d 1 2>&1 || timeout -s INT 5 '$tool' top 2>&1 | head -n 40"
output=$($tool tune vms limit=96M 2>&1)
[ "$(value limit)" = $((96 << 20)) ] || output+=$($tool tune vms limit 96M 2>&1)
diag "$output"
check_that "tune sets a limit" "$(value limit) == 96 << 20"
check "tune refuses nonsense" fails_with "" "$tool" tune vms limit=junk
output=$($tool doctor 2>&1)
diag "status $?" "$output"
check "doctor says something" test -n "$output"
check "guest powers off" guest_stop one
rm $region
check "all was given back" all_given_back
