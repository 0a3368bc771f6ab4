# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The tool against the real thing: a pool with a running guest.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

tool=$repo/build/chroot/tools/pagepact
[ -x "$tool" ] || skip_all "no tool: make tools O=build/chroot"

# A guest's memory is huge frames at first, which have to be broken up.
evicted() { reclaim 16M; (($(value stored) > 0)); }
# same KEY FILE: the JSON has for the pool what its file says
same() { jq -e ".pools | length == 1 and .[0].$1 == $(value "$2")" <<<"$json"; }
# On lines of their own.
names_both() { grep -qE '^vms +128M ' <<<"$1" && grep -qE '[^[:alnum:]]one +128M ' <<<"$1"; }
runs_top() { timeout 20 "$tool" top -b -n 2 -d 1; }

ktap_plan 16
pool_begin ""
guest_start one 128 "$region"
check "guest boots" guest_wait_ready one 90 || exit
check "pages are stored" wait_until 20 evicted
guest_hmp one stop >/dev/null
output=$("$tool" 2>&1)
diag "$output"
check "status names pool and region" names_both "$output"
json=$("$tool" status -J 2>&1)
diag "$(jq -c . <<<"$json" | cut -c1-900)"
check "status -J is JSON" jq -e . <<<"$json"
check "it has the size of the region" jq -e ".pools[0].children[0].children[0].size == $((128 << 20))" <<<"$json"
check "and what is stored" same stored stored
check "and evictions" same evictions evictions
# More than there are zeros.
reclaim 100M
json=$("$tool" status --tiers -J 2>&1)
diag "$(jq -c . <<<"$json")"
check "status --tiers says where" jq -e ".tiers | length == 1 and .[0].used == $(value compressed) and .[0].pages == $(value slots) and .[0].ratio + 0 > 1" <<<"$json"
guest_hmp one cont >/dev/null
check "top runs twice and ends" runs_top
guest_hmp one stop >/dev/null
json=$("$tool" store latency -J 2>&1)
diag "$(jq -c '[.buckets[] | [.upto_ns, .count]]' <<<"$json")"
check "store latency has each fetch" jq -e "([.buckets[].count] | add) == $(value restores) and .buckets[0].upto_ns > 255" <<<"$json"
guest_hmp one cont >/dev/null
output=$("$tool" tune vms limit=96M 2>&1)
diag "$output"
check_that "tune sets a limit" "$(value limit) == 96 << 20"
check "tune refuses nonsense" fails_with "'limit=junk': not a value" "$tool" tune vms limit=junk
check_that "which changes nothing" "$(value limit) == 96 << 20"
output=$("$tool" doctor 2>&1)
diag "status $?" "$output"
check "doctor has looked at QEMU" grep -qE "$(guest_pid one)|dom/one" <<<"$output"
check "guest powers off" guest_stop one
rm "$region"
check "all was given back" all_given_back
