# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What is promised can be kept: a strict pool admits no more than it could hold if all of it were
# written at once, and then it is.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"
. "$(dirname "$0")/../lib/tier.sh"

mib=$((1 << 20))
four='a b c d'

# at_once ACTION...: all four, each by a process of its own, with a number of its own for each "@"
at_once() {
	local name pids=() pid bad=0 n=1
	for name in $four; do
		"$regionctl" "/pool/dom/$name" "${@//@/$n}" >"/run/at-once.$name" 2>&1 &
		pids+=($!)
		((++n))
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || bad=1
	done
	[ $bad = 0 ] || cat /run/at-once.*
	return $bad
}

no_harm() { [ "$(value memory_errors)" = 0 ]; }

refused() { fails_with "No space" "$@"; }
set_knob() { echo "$2" >"$pool/$1"; }
set_region() { echo "$2" >"$(pp_region "$1")/limit"; }

# wait_alarm VALUE: both ways of telling said so
both_said() { grep -qx "polled $1" /run/alarm && grep -qx "event $1" /run/alarm; }
wait_alarm() {
	wait_until 10 both_said "$1" && return
	cat /run/alarm
	return 1
}
begin_wait() {
	: >/run/alarm
	"$progs/alarmwait" vms 15 >>/run/alarm 2>&1 &
	wait_until 5 grep -q ready /run/alarm
}

ktap_plan 63
pool_begin stall_ms=20000,alarm=90
check_that "strict is the default" "$(value promised) == 0 && $(value worst_case) == 0"
check "it says so" grep -qx strict "$pool/commit"

diag "-- the host's memory"
check "more than the host has is refused" refused truncate -s 1T "$region"
check "the log says why" logged "region of 1099511627776 bytes refused: the host's memory that is available holds [0-9]+ bytes less"
most=$(value covered)
check_that "what it covers is what is available" "most > 512 * mib && most < 3072 * mib"
check "half of that is admitted" truncate -s $((most / 2 / mib * mib)) "$region"
check "nearly all of it is not, besides" refused truncate -s $((most * 9 / 10 / mib * mib)) "$region.2"
pp_mount other /run/other
mkdir -p /run/other/dom
check "nor by another pool" refused truncate -s $((most * 9 / 10 / mib * mib)) /run/other/dom/x
echo relaxed >/sys/fs/pagepact/other/commit
check "a relaxed one admits it" truncate -s 1T /run/other/dom/x
check "and is not held against others" truncate -s $((most / 4 / mib * mib)) "$region.2"
check "it cannot become strict" refused eval "echo strict >/sys/fs/pagepact/other/commit"
pp_umount /run/other
rm "$region" "$region.2"

diag "-- limits"
set_knob limit 8M
set_knob store_limit 32M
check_that "limit, and of store_limit all but an eighth and 2 MiB" "$(value covered) == 34 * mib"
check "so much is admitted" truncate -s 34M "$region"
check_that "records and reserves are in the worst case" "$(value worst_case) > 38 * mib && $(value worst_case) < 40 * mib"
check "a page more is not" refused truncate -s 4K "$region.2"
check "the log says why" logged "region of 4096 bytes refused: limits and store_limit would hold 4096 bytes less"
check "nor a larger size" refused truncate -s 35M "$region"
check "limit is not lowered" refused set_knob limit 7M
check "nor store_limit" refused set_knob store_limit 31M
check "nor the region's" refused set_region "$region" 7M
check "nor by a remount" fails_with "refused: error -28" mount -o remount,limit=7M,stall_ms=555 /pool
check_that "all is as it was" "$(value limit) == 8 * mib && $(value store_limit) == 32 * mib && $(pp_region_stat "$region" limit) == 0 && $(value promised) == 34 * mib && $(value stall_ms) == 20000"
check "one is lowered when another one is raised" mount -o remount,limit=7M,store_limit=40M /pool
check "or with the promise given up" mount -o remount,limit=4M,store_limit=16M,commit=relaxed /pool
check "what is strict must be covered as a whole" fails_with "refused: error -28" mount -o remount,limit=5M,store_limit=20M,commit=strict /pool
check_that "and nothing of it is set" "$(value limit) == 4 * mib && $(value store_limit) == 16 * mib"
check "they are set" grep -q ',limit=4194304,.*store_limit=16777216,.*commit=relaxed' /proc/mounts
check "and back" mount -o remount,limit=8M,store_limit=32M,commit=strict /pool
check "a strict pool is remounted as that" mount -o remount,commit=strict,stall_ms=20000 /pool
check "a smaller region makes room for it" truncate -s 33M "$region"
check "limit is lowered" set_knob limit 7M
set_knob limit 8M
rm "$region"

diag "-- everything at once"
truncate -s 8704K /pool/dom/a /pool/dom/b /pool/dom/c /pool/dom/d
check_that "all is promised" "$(value covered) == $(value promised)"
check "four guests write what does not compress" at_once size=8704K fill=random:@1 verify=random:@1
check "no guest was harmed" no_harm
check "again, and read in between" at_once size=8704K fill=random:@2 times=2 verify=random:@2 fill=random:@3 verify=random:@3
check "no guest was harmed" no_harm
check "some of it compresses, more or less" at_once size=8704K only=0:700 fill=text:@5 only=700:20 fill=same:@6 only=900:50 fill=zero \
	only=0:700 verify=text:@5 only=720:180 verify=random:@3 only=950:1226 verify=random:@3
check "no guest was harmed" no_harm
check "clones of one another" at_once size=8704K fill=text:7 verify=text:7
check_that "shared what they had" "$(value evict_shared) > 1000"
check "and all differ from then on" at_once size=8704K fill=random:@4 verify=random:@4
check "no guest was harmed" no_harm
diag "$(counters stalls exchanges evict_raw evict_shared store_full)"
for name in $four; do
	rm "/pool/dom/$name"
done

diag "-- a device"
truncate -s 32M /scratch/tier
remove_it() { echo 0 >"$pool/tiers/remove"; }
# What it costs is told elsewhere.
set_knob encrypt 0
check "a strict pool takes one" add_tier /scratch/tier
check_that "its room counts" "$(value covered) <= (34 + 32) * mib && $(value covered) > (34 + 31) * mib"
check "so much is admitted" truncate -s 16M /pool/dom/a /pool/dom/b /pool/dom/c /pool/dom/d
check "more is not" refused truncate -s 3M "$region"
check "the device is not taken away" refused remove_it
check "the log says why" logged "removal of a device of [0-9]+ bytes refused: .* [0-9]+ bytes less"
check "four guests write what does not compress" at_once size=16M fill=random:@8 verify=random:@8
check "no guest was harmed" no_harm
check "and once more" at_once size=16M fill=random:@9 verify=random:@9
check "no guest was harmed" no_harm
diag "$(counters resident stored stalls exchanges store_full)" "$(tier_counters 0)"
check_that "it has what memory has no room for" "$(tier 0 pages) * 4096 > (64 - 40) * mib"
for name in $four; do
	rm "/pool/dom/$name"
done
check "what needs none of it" truncate -s 34M "$region"
check "lets it go" remove_it
rm "$region" /scratch/tier
set_knob encrypt 1

diag "-- relaxed"
set_knob commit relaxed
check "more is admitted" truncate -s 64M "$region"
check "strict it cannot be" refused set_knob commit strict
rm "$region"

diag "-- an alarm"
check "none is left from before" wait_until 5 grep -qx 0 "$pool/alarmed"
"$regionctl" "$region" size=26M fill=random:5
check "none comes before it should" test "$(value alarmed)" = 0
begin_wait
set_knob alarm 50
check "it comes" wait_alarm 1
begin_wait
rm "$region"
check "and ends" wait_alarm 0
check_that "the file says so" "$(value alarmed) == 0"
check "nothing is left" all_given_back
pp_umount /pool
