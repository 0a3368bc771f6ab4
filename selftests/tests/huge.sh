# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Huge frames: when a block gets one, and how it ends.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
page=4096

# Bytes that a stopped process has mapped by huge entries.
mapped_huge() { awk '/^FilePmdMapped/ { sum += $2 } END { print sum * 1024 }' "/proc/$1/smaps"; }

# hold VERB...: regionctl does that and waits; its PID in $held
hold() {
	"$regionctl" "$region" "$@" stop &
	held=$!
	wait_until 20 stopped "$held"
}
let_go() { kill -CONT "$held"; wait "$held" || not_ok "status $? of what was held"; }
huge_is() { [ "$(value huge_resident)" = "$1" ]; }

ktap_plan 85
pool_begin spare=0,huge=first-touch,commit=relaxed

diag "-- first touch"
hold size=8M fill=text:1
check_that "four blocks, four huge frames" "$(value huge_faults) == 4 && $(value huge_resident) == 8 * mib"
check_that "with hardly more faults" "$(value faults) < 20"
check_that "their memory is counted" "$(value resident) == 8 * mib"
check_that "huge entries map them" "$(mapped_huge "$held") == 8 * mib"
let_go
check "bytes are right" "$regionctl" "$region" verify=text:1 pverify=text:1

diag "-- eviction"
reclaim 64M
check_that "all went to the store" "$(value stored) == 8 * mib && $(value evictions) == 2048"
check_that "no huge frame is left" "$(value huge_resident) + $(value resident) == 0 && $(value shatters) == 4"
check "bytes are right" "$regionctl" "$region" pverify=text:1 verify=text:1
check_that "they came back one by one" "$(value restores) == 2048 && $(value huge_faults) == 4"
rm "$region"
check "all was given back" all_given_back

diag "-- hardly used"
shattered=$(value shatter_zero)
"$regionctl" "$region" size=8M only=0:1 fill=text:2 only=600:1 fill=text:2 only=1030:1 fill=random:2
check_that "three pages take three huge frames" "$(value huge_resident) == 6 * mib"
reclaim 64M
check_that "the rest of them became holes" "$(value shatter_zero) - shattered == 3 * 512 - 3"
check_that "three pages are stored" "$(value stored) == 3 * page && $(value resident) == 0"
check "bytes are right" "$regionctl" "$region" only=0:1 verify=text:2 only=1:599 verify=zero \
	only=600:1 verify=text:2 only=1030:1 verify=random:2
rm "$region"

diag "-- punches"
hold size=8M fill=text:3
"$regionctl" "$region" only=3:4 remove
check "a few pages read as zeros" "$regionctl" "$region" only=3:4 pverify=zero only=7:505 pverify=text:3
check_that "and do not break up a huge frame" "$(value huge_resident) == 8 * mib"
"$regionctl" "$region" only=512:40 remove
check "many pages read as zeros at once" "$regionctl" "$region" only=512:40 pverify=zero
check "and break it up" wait_until 5 huge_is $((6 * mib))
check_that "which gives their memory back" "$(value resident) == 8 * mib - 40 * page"
"$regionctl" "$region" only=1024:512 remove
check_that "a whole block goes at once" "$(value huge_resident) == 4 * mib && $(value resident) == 6 * mib - 40 * page"
check "everything else is right" "$regionctl" "$region" only=0:3 verify=text:3 only=7:505 verify=text:3 \
	only=552:472 verify=text:3 only=1024:512 verify=zero only=1536:512 verify=text:3
let_go
rm "$region"

"$regionctl" "$region" size=4M fill=text:3
hold only=600:1 pin
"$regionctl" "$region" only=512:40 remove
pause 1.5
check_that "while a page is pinned it stays" "$(value huge_resident) == 4 * mib"
let_go
check "not afterwards" wait_until 5 huge_is $((2 * mib))
check "and all is right" "$regionctl" "$region" only=0:512 verify=text:3 only=512:40 pverify=zero only=552:472 verify=text:3
rm "$region"

diag "-- a shorter file"
"$regionctl" "$region" size=8M fill=text:4
truncate -s $((5 * mib)) "$region"
check_that "no huge frame lies across the end" "$(value resident) == 5 * mib && $(value huge_resident) == 4 * mib"
check "what is left is right" "$regionctl" "$region" verify=text:4
truncate -s $((8 * mib)) "$region"
check "the rest is zeros" "$regionctl" "$region" only=0:1280 verify=text:4 only=1280:768 verify=zero
rm "$region"

diag "-- zeros before pages"
sparse_and_full() {
	"$regionctl" "$region" size=16M only=0:100 fill=text:9 only=512:100 fill=text:9 only=1024:100 fill=text:9 \
		only=1536:100 fill=text:9 only=2048:2048 fill=text:9
	# Younger ones are left alone.
	pause 1.1
}
sparse_and_full
evictions=$(value evictions)
check "a limit is reached" knob limit $((12 * mib))
check_that "by breaking up what is mostly zeros" "$(value shatter_sparse) == 3 && $(value huge_resident) == 10 * mib"
check_that "and no page left memory" "$(value evictions) == evictions && $(value resident) == 10 * mib + 300 * page"
check "bytes are right" "$regionctl" "$region" only=0:100 verify=text:9 only=100:412 verify=zero \
	only=1024:100 verify=text:9 only=1536:100 verify=text:9 only=2048:2048 verify=text:9
knob limit 0
rm "$region"
knob huge_zeros 0
sparse_and_full
knob limit $((12 * mib))
check_that "huge_zeros=0: pages are evicted" "$(value shatter_sparse) == 3 && $(value evictions) > evictions"
knob limit 0
knob huge_zeros 524288
rm "$region"

diag "-- what does not compress"
"$regionctl" "$region" size=2M only=0:200 fill=text:15 only=200:312 fill=random:15
raw=$(value evict_raw)
reclaim 800K
check_that "other pages do not stay for its sake" "$(value shatter_tough) == 1 && $(value stored) == 200 * page"
check_that "it does itself at first" "$(value resident) == 312 * page && $(value evict_raw) == raw"
reclaim 2M
check_that "but not for ever" "$(value resident) == 0 && $(value evict_raw) == raw + 312"
rm "$region"
"$regionctl" "$region" size=2M fill=random:16
reclaim 400K
check_that "where there is nothing else it is not broken up" "$(value shatter_tough) == 1"
check "bytes are right" "$regionctl" "$region" pverify=random:16
rm "$region"
knob huge_tough 0
"$regionctl" "$region" size=2M only=0:200 fill=text:15 only=200:312 fill=random:15
reclaim 800K
check_that "huge_tough=0: nor where there is: it goes as one" "$(value shatter_tough) == 1 && $(value stored) == 2 * mib"
knob huge_tough 1
rm "$region"

diag "-- hot in one page"
standby_is() { [ "$(value standby)" = "$1" ]; }
# All of it was standby, and one page of each block but the first two was used since.
lukewarm() {
	local n
	"$regionctl" "$region" size=16M fill=text:17
	knob age_interval_ms 200
	wait_until 10 standby_is $((16 * mib))
	knob age_interval_ms 0
	# Younger ones are left alone.
	pause 2
	for ((n = 2; n < 8; n++)); do
		"$regionctl" "$region" only=$((n * 512 + 1)):1 verify=text:17
	done
}
lukewarm
check_that "then all of these are in use" "$(value standby) == 4 * mib && $(value huge_resident) == 16 * mib"
hot=$(value shatter_hot)
reclaim 4M
check_that "one is broken up to see, while others go" \
	"$(value shatter_hot) == hot + 1 && $(value stored) == 4 * mib && $(value huge_resident) == 10 * mib"
# So long that it counts.
pause 0.3
cold=$(value shatter_cold)
reclaim 2M
check_that "it is cold, and goes" "$(value shatter_cold) == cold + 512 && $(value stored) == 6 * mib"
reclaim 2M
check_that "so others are broken up as well" "$(value shatter_hot) > hot + 1"
check "bytes are right" "$regionctl" "$region" pverify=text:17 verify=text:17
rm "$region"
knob huge_hot 0
hot=$(value shatter_hot)
lukewarm
reclaim 6M
check_that "huge_hot=0: nothing is broken up to see" "$(value shatter_hot) == hot && $(value stored) >= 6 * mib"
knob huge_hot 1
rm "$region"
check "all was given back" all_given_back

diag "-- from small to huge"
small() {
	knob huge off
	"$regionctl" "$region" size=8M fill=text:10 "$@"
	pause 1.1
	knob huge always-try
}
# Whose own touches regroup nothing.
hold_small() {
	knob huge off
	hold "$@"
	knob huge always-try
}
small
huge_ns=$(value huge_ns)
check_that "four blocks of small frames" "$(value huge_resident) == 0 && $(value resident) == 8 * mib"
hold verify=text:10
check_that "a process that maps them anew gets huge ones" "$(value regroups) == 4 && $(value huge_resident) == 8 * mib && $(value huge_ns) > huge_ns"
check_that "and nothing is left of the small ones" "$(value resident) == 8 * mib && $(mapped_huge "$held") == 8 * mib"
let_go
check "bytes are right" "$regionctl" "$region" pverify=text:10
rm "$region"
small
reclaim 400K
check_that "a few pages are stored" "$(value stored) == 100 * page"
restores=$(value restores)
check "bytes are right" "$regionctl" "$region" verify=text:10
check_that "they came back with the huge frame" "$(value regroups) == 8 && $(value restores) == restores + 100 && $(value stored) + $(value compressed) == 0"
rm "$region"
small only=600:300 remove
hold_small only=1100:1 pin
"$regionctl" "$region" only=0:600 verify=text:10 only=900:1148 verify=text:10
check_that "not with many holes, nor with a pin" "$(value regroups) == 10 && $(value huge_resident) == 4 * mib"
let_go
rm "$region"
small
hold_small mlock
"$regionctl" "$region" verify=text:10
check_that "nor what is locked" "$(value regroups) == 10 && $(value huge_resident) == 0"
let_go
rm "$region"
in_group() { (echo $BASHPID >/sys/fs/cgroup/other/cgroup.procs && exec "$@"); }
mkdir /sys/fs/cgroup/other
small
in_group "$regionctl" "$region" verify=text:10
check_that "nor for another cgroup" "$(value regroups) == 10 && $(value huge_resident) == 0"
# The block that was tried last, because to try all may take longer than it is left alone.
"$regionctl" "$region" only=2047:1 verify=text:10
check_that "nor at once after that" "$(value regroups) == 10 && $(value huge_resident) == 0"
pause 1.1
"$regionctl" "$region" verify=text:10
check_that "but a moment later, for their own" "$(value regroups) == 14 && $(value huge_resident) == 8 * mib"
rmdir /sys/fs/cgroup/other
rm "$region"
knob huge off
"$regionctl" "$region" size=8M fill=text:11 stop dontneed verify=text:11 stop &
held=$!
wait_until 20 stopped $held
knob huge always-try
pause 1.1
no_entry=$(value huge_no_entry)
kill -CONT $held
wait_until 20 stopped $held
case $(uname -r) in
6.12*) check_that "where a page table stays, it says so" "$(value regroups) == 14 && $(value huge_no_entry) > no_entry" ;;
*) check_that "MADV_DONTNEED takes the page table away" "$(value regroups) == 18 && $(mapped_huge $held) == 8 * mib" ;;
esac
let_go
rm "$region"
regroups=$(value regroups)
"$regionctl" "$region" size=8M fill=text:11 stop only=40:472 verify=text:11 stop &
held=$!
wait_until 20 stopped $held
"$regionctl" "$region" only=0:40 remove
wait_until 5 huge_is $((6 * mib))
pause 1.1
kill -CONT $held
wait_until 20 stopped $held
check_that "what was broken up is made huge again" "$(value regroups) == regroups + 1 && $(mapped_huge $held) == 8 * mib"
let_go
rm "$region"
knob huge first-touch
check "all was given back" all_given_back

diag "-- limits"
knob limit $((5 * mib))
refused=$(value huge_limit)
hold size=8M fill=text:5
check_that "a limit makes frames small" "$(value huge_limit) > refused && $(value resident) <= 5 * mib"
let_go
check "bytes are right" "$regionctl" "$region" verify=text:5
knob limit 0
rm "$region"

diag "-- room for a part of one"
"$regionctl" "$region" size=9M only=0:2048 fill=random:13
pp_region_set "$region" limit $((8 * mib))
# A quarter of a huge frame's pages get small frames, and the others do not fit.
knob store_limit $((5 * mib / 4))
knob stall_ms 500
check "pages go one by one where they cannot go together" \
	"$regionctl" "$region" only=2048:128 fill=random:13
check_that "though all were huge" \
	"$(value huge_resident) == 6 * mib && $(value stored) > 0 && $(value memory_errors) == 0"
diag "$(counters resident stored compressed huge_resident store_full shatters)"
knob store_limit 0
knob stall_ms 10000
check "bytes are right" "$regionctl" "$region" only=0:2176 pverify=random:13
rm "$region"

diag "-- behind a full store"
"$regionctl" "$region" size=12M fill=text:12
knob limit $((8 * mib))
knob store_limit $(($(value compressed) * 16 / 15))
knob stall_ms 500
check_that "all that is in memory is huge" "$(value huge_resident) == 8 * mib && $(value resident) == 8 * mib"
exchanges=$(value exchanges)
check "stored pages come back" "$regionctl" "$region" verify=text:12
check_that "because huge frames are broken up, and pages change places" \
	"$(value huge_resident) < 8 * mib && $(value exchanges) > exchanges + 100"
check_that "and no fault fails" "$(value memory_errors) == 0 && $(value resident) <= 8 * mib"
knob stall_ms 10000
knob store_limit 0
knob limit 0
rm "$region"

diag "-- small regions, switches"
misfit=$(value huge_misfit)
"$regionctl" "$region" size=1M fill=text:6
check_that "a small region does not fit" "$(value huge_misfit) > misfit && $(value huge_resident) == 0"
rm "$region"
check "the pool's switch takes off" knob huge off
"$regionctl" "$region" size=8M fill=text:7
check_that "and there are none" "$(value huge_resident) == 0 && $(value resident) == 8 * mib"
rm "$region"
knob huge first-touch
"$regionctl" "$region" size=8M
own=$(echo "$pool"/regions/*/huge)
check "a region does as its pool" test "$(<"$own")" = pool
echo off >"$own"
"$regionctl" "$region" fill=text:8
check_that "or as it was told" "$(value huge_resident) == 0 && $(value resident) == 8 * mib"
check "no other word is taken" fails_with "Invalid argument" bash -c "echo always >$own"
rm "$region"

diag "-- pins"
hold size=4M fill=text:9 only=700:1 keep
busy=$(value busy)
reclaim 64M
check_that "a pinned page keeps its block" "$(value huge_resident) == 2 * mib && $(value stored) == 2 * mib"
knob policy random
reclaim 4M
knob policy clock
check_that "also at random" "$(value huge_resident) == 2 * mib && $(value busy) > busy"
check "a cut through it is refused" fails_with "Device or resource busy" truncate -s 3M "$region"
check_that "and changes nothing" "$(stat -c %s "$region") == 4 * mib"
"$regionctl" "$region" only=512:100 remove
check "what is punched beside it reads as zeros" "$regionctl" "$region" only=512:100 pverify=zero \
	only=612:412 pverify=text:9
"$regionctl" "$region" only=512:512 remove
check_that "punched whole, it stays where limits see it" "$(value huge_resident) == 2 * mib && $(value resident) == 2 * mib"
check "but reads as zeros" "$regionctl" "$region" only=512:512 pverify=zero
let_go
check "and goes when it is let go" wait_until 5 huge_is 0
check "no other page was lost" "$regionctl" "$region" only=0:512 verify=text:9 only=512:512 verify=zero
rm "$region"
check "all was given back" all_given_back
