# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Which stored pages go to a device, by how soon they are expected to be needed again; and that the
# expectation follows what happens.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"
. "$(dirname "$0")/../lib/tier.sh"

# Of each file, but for the last.
pages=1024
soon=/pool/dom/soon
late=/pool/dom/late

far() { tier 0 pages; }
all_far() { (($(far) >= ${1:-pages})); }
none_far() { (($(far) == 0)); }
stat_of() { pp_region_stat "$1" "$2"; }
# evict FILE: all of it
evict() { pp_region_set "$1" reclaim 64M 2>/dev/null; (($(stat_of "$1" resident) == 0)); }
# from_far FILE COMMAND...: how many of its pages came from a device meanwhile
from_far() {
	local before
	before=$(stat_of "$1" restores_far)
	"$regionctl" "$@" >&2 || echo wrong
	echo $(($(stat_of "$1" restores_far) - before))
}
threshold() { value demote_now_ms; }
# What was long remains long, and nothing new becomes so for a while, however slow the machine is.
# Not for longer than needed: batches that are not full go a few times per demote_ms.
stop_time() { knob demote_ms "$(ms 20000)"; }
# In milliseconds; the debug kernel needs more time for the same.
ms() { echo $(($1 * timescale)); }
wait_ms() { pause "$(awk -v ms="$(ms "$1")" 'BEGIN { print ms / 1000 }')"; }

ktap_plan 39
modprobe null_blk nr_devices=1 gb=1 memory_backed=1 discard=1 || skip_all "no null_blk"
pool_begin spare=0,huge=off,commit=relaxed,share_slots=0,encrypt=0
check_that "ten minutes, unless told otherwise" "$(value demote_ms) == 600000 && $(threshold) == 600000"
check "a device" add_tier /dev/nullb0

diag "-- left alone for long enough"
knob demote_ms "$(ms 1000)"
"$regionctl" "$late" size=4M fill=text:1
check "evicted" evict "$late"
check "all of it goes there, though there is room" wait_until 20 all_far
check_that "counted" "$(stat_of "$late" demoted) == pages && $(value slots_pushed) == 0"
gone() { (($(value compressed) == 0)); }
check "compressed RAM is empty" wait_until 10 gone
check_that "it comes back from there" "$(from_far "$late" verify=text:1) == pages"
check_that "nothing was expected of it" "$(value reuse_checked) == 0"
rm "$late"
check "with the region it goes" wait_until 10 none_far

diag "-- not before"
knob demote_ms 600000
"$regionctl" "$late" size=4M fill=text:1
evict "$late"
wait_ms 1500
check_that "what was used lately stays in memory" "$(far) == 0 && $(value compressed) > 0"
# In time for none of it to be old enough.
knob demote_ms "$(ms 4000)"
knob demote_ms 0
check_that "without a threshold" "$(threshold) == 0"
wait_ms 1500
check_that "nothing goes" "$(far) == 0"

diag "-- two histories, and the same rest"
knob demote_ms "$(ms 4000)"
"$regionctl" "$soon" size=4M fill=text:2
evict "$late"
evict "$soon"
for _ in 1 2 3; do
	wait_ms 500
	"$regionctl" "$soon" touch
	evict "$soon"
done
check "one that is not needed goes down" wait_until 30 all_far
"$regionctl" "$soon" touch
"$regionctl" "$late" touch
check "it leaves the device when it is needed" wait_until 10 none_far
stop_time
check "both evicted at once" evict "$late"
evict "$soon"
check "that one goes there again, without another rest" wait_until 20 all_far
diag "$(counters demoted demoted_early promoted reuse_checked reuse_error restores restores_far place_ns)"
check_that "the other one does not" "$(from_far "$soon" verify=text:2) == 0"
check_that "it is that one" "$(from_far "$late" verify=text:1) == pages"
check_that "what was expected was compared" "$(value reuse_checked) >= 2 * pages"
rm "$soon" "$late"

diag "-- better in memory"
"$regionctl" "$soon" size=4M fill=text:3
for _ in 1 2 3; do
	evict "$soon"
	"$regionctl" "$soon" touch
done
evict "$soon"
knob demote_ms "$(ms 1000)"
check "one that was left alone for once" wait_until 20 all_far
stop_time
"$regionctl" "$soon" verify=text:3
check_that "their copies stay there" "$(far) == pages"
check "evicted again" evict "$soon"
check_that "to memory, because they are needed soon" "$(stat_of "$soon" promoted) == pages && $(far) == 0"
check_that "right, and at hand" "$(from_far "$soon" verify=text:3) == 0"
rm "$soon"

diag "-- expected too late"
knob demote_ms "$(ms 1000)"
"$regionctl" "$late" size=4M fill=text:4
for _ in 1 2 3; do
	evict "$late"
	wait_ms 2000
	"$regionctl" "$late" touch
done
# Time enough for "at once"; what follows is decided every quarter of it.
knob demote_ms "$(ms 16000)"
evict "$late"
check "they go down at once" wait_until 10 all_far
early=$(value demoted_early)
"$regionctl" "$late" touch
check_that "that they are needed at once is counted" "$(value demoted_early) - early == pages"
rises() { (($(threshold) > $(value demote_ms))); }
check "and the threshold rises" wait_until 20 rises
diag "$(counters demoted demoted_early demote_now_ms)"
check "the right bytes" "$regionctl" "$late" verify=text:4

diag "-- the device goes, and comes"
knob demote_ms "$(ms 1000)"
evict "$late"
wait_until 20 all_far
check "all comes back to memory" eval "echo 0 >$pool/tiers/remove"
demoted=$(value demoted)
check "a device again" add_tier /dev/nullb0
check "and there it goes" wait_until 20 all_far
check_that "which was decided before" "$(value demoted) == demoted"
check "the right bytes still" "$regionctl" "$late" verify=text:4
rm "$late"

diag "-- for want of room"
knob demote_ms 600000
knob store_limit 1M
"$regionctl" "$late" size=8M fill=random:5
check "evicted, and not to memory" wait_until 20 evict "$late"
check_that "pushed there" "$(value slots_pushed) > 1000 && $(far) > 1000"
falls() { (($(threshold) < 600000)); }
check "the threshold falls" wait_until 20 falls
check "the right bytes of these" "$regionctl" "$late" verify=random:5
rm "$late"
check "nothing is left" all_given_back
check "the device goes" eval "echo 0 >$pool/tiers/remove"
pp_umount /pool
