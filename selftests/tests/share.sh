# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Equal pages of a domain are stored once, come back right to everybody, and go with the last one
# who has them (S21).
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
clones='a b c d e'

evict_all() { reclaim 64M; reclaim 64M; }

# clones_do ACTION...: each clone, one after the other
clones_do() {
	local name bad=0
	for name in $clones; do
		"$regionctl" "/pool/dom/$name" "$@" || bad=1
	done
	return $bad
}

# slots_are USED SAVED
slots_are() {
	[ "$(value slots) $(value slots_saved)" = "$1 $2" ] && return
	echo "slots $(value slots), saved $(value slots_saved), not $1, $2"
	return 1
}

# evict_at_once: all regions by as many tasks
evict_at_once() {
	local pids=() file
	for file in "$pool"/regions/*/reclaim; do
		echo 64M 2>/dev/null >"$file" &
		pids+=($!)
	done
	wait "${pids[@]}" || :
}

ktap_plan 30
pool_begin spare=0,huge=off,commit=relaxed
mkdir /pool/other

diag "-- five clones with 1000 equal pages"
clones_do size=4000K fill=text:7
reclaim 64M
evict_all
check_that "all are evicted" "$(value stored) == 5 * 4000 * 1024 && $(value resident) == 0"
check "1000 slots" slots_are 1000 4000
check_that "four of five cost no compression" "$(value evict_shared) == 4000"
one=$(value compressed)
check "each reads what it wrote" clones_do pverify=text:7

diag "-- another domain"
"$regionctl" /pool/other/x size=4000K fill=text:7
evict_all
check "shares nothing" slots_are 2000 4000
check_that "its bytes are stored again" "$(value compressed) > one * 3 / 2"
rm /pool/other/x
check "and gives back its own" slots_are 1000 4000

diag "-- one clone changes 10 pages"
"$regionctl" /pool/dom/c only=500:10 fill=text:8
evict_all
check "ten slots more" slots_are 1010 3990
check "others keep the old bytes" test -z "$(for name in a b d e; do
	"$regionctl" "/pool/dom/$name" pverify=text:7 || echo $name
done)"
check "it has the new ones" "$regionctl" /pool/dom/c only=500:10 pverify=text:8 only=0:500 pverify=text:7 only=510:490 pverify=text:7
"$regionctl" /pool/dom/c only=500:10 fill=text:7
evict_all
check "equal again, they share again" slots_are 1000 4000

diag "-- what comes back"
check "a read keeps its reference" "$regionctl" /pool/dom/a verify=text:7
check "as a copy" slots_are 1000 4000
"$regionctl" /pool/dom/a fill=text:9
check "a write gives it up" slots_are 1000 3000
check "others keep theirs" "$regionctl" /pool/dom/b pverify=text:7
"$regionctl" /pool/dom/a fill=text:7
evict_all

diag "-- holes"
"$regionctl" /pool/dom/a only=0:100 remove
check "a hole gives its reference up" slots_are 1000 3900
for name in b c d e; do
	"$regionctl" "/pool/dom/$name" only=0:100 remove
done
check "the last one the slot" slots_are 900 3600
clones_do only=0:100 fill=random:3
evict_all
check "incompressible pages share" slots_are 1000 4000
check "they read right" clones_do only=0:100 pverify=random:3

diag "-- at the same time"
clones_do fill=text:11
evict_at_once
evict_all
check "five tasks that evict equal pages leave one of each" slots_are 1000 4000
check "they read right" clones_do pverify=text:11

diag "-- huge frames"
knob huge first-touch
"$regionctl" /pool/dom/huge size=2M fill=text:11
check_that "one is there" "$(pp_region_stat /pool/dom/huge huge_resident) == 2 * mib"
evict_all
check "its pages share with small ones" slots_are 1000 4512
check "it reads right" "$regionctl" /pool/dom/huge pverify=text:11
rm /pool/dom/huge
knob huge off

diag "-- a full store"
"$regionctl" /pool/dom/more size=8M fill=random:4
knob store_limit 1M
"$regionctl" /pool/dom/f size=4000K fill=text:11
pp_region_set /pool/dom/f reclaim 64M || :
check_that "takes what it has" "$(pp_region_stat /pool/dom/f stored) == 4000 * 1024"
pp_region_set /pool/dom/more reclaim 64M || :
check_that "and nothing else" "$(pp_region_stat /pool/dom/more stored) == 0"
knob store_limit 0
rm /pool/dom/f /pool/dom/more

diag "-- switched off"
knob share_slots 0
shared=$(value evict_shared)
"$regionctl" /pool/dom/f size=4000K fill=text:11
evict_all
check "a page is stored for itself" slots_are 2000 4000
check_that "and counted so" "$(value evict_shared) == shared"
knob share_slots 1
rm /pool/dom/f

diag "-- the end of the clones"
for name in a b c d; do
	rm "/pool/dom/$name"
done
check "the last one has all of it" "$regionctl" /pool/dom/e pverify=text:11
rm /pool/dom/e
check "nothing is left" all_given_back
pp_umount /pool
