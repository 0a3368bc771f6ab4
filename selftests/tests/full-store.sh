# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The store is full and one of two guests wants more than the limit: it stands still, the other one
# goes on with the memory it had, and once there is room again all bytes of both are right.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
passed() { grep -q 'rounds=[1-9].* bad=0 PASS' <<<"$1"; }
one_stands() { (($(value stalls) > stalls)); }

ktap_plan 9
pool_begin policy=clock,commit=relaxed
mkdir /pool/other
# They will stand still, and their kernels shall not complain of that.
GUEST_APPEND=nowatchdog guest_start one 320 "$region"
GUEST_APPEND=nowatchdog guest_start two 160 /pool/other/two
for guest in one two; do
	check "guest $guest boots" guest_wait_ready $guest 90 || exit
done
two=$(dirname "$(grep -lx other/two "$pool"/regions/*/path)")
guest_run_bg two 'exec memverify -m 32 -s 2' 300
calm=$guest_job
pause 3
# It sleeps while the other one takes what it does not use.
kill -STOP "$(guest_pid two)"
# Longer than all of this takes.
knob stall_ms 50000
knob limit $((160 * mib))
knob store_limit $(($(value compressed) + 24 * mib))
stalls=$(value stalls)
guest_run_bg one 'memverify -m 224 -t 2 -s 1' 120
job=$guest_job
check "the store is full, and a guest stands still" wait_until 60 one_stands
diag "$(counters resident stored compressed store_full stalls)" "of the other one: $(<"$two/resident")"
restores=$(<"$two/restores") exchanges=$(<"$two/exchanges")
# The time for it is not longer on slow machines, so it may be fewer there.
enough=$((300 / timescale))
pages_came_back() {
	(($(<"$two/restores") > restores + enough && $(<"$two/exchanges") > exchanges + enough))
}
kill -CONT "$(guest_pid two)"
# Well before the first one has stood still for stall_ms, on slow machines too.
check "the other one wakes up: its pages come back, and others go for them" \
	wait_until $((35 / timescale)) pages_came_back
diag "$(counters limit resident stored compressed evictions store_full stalls memory_errors)" \
	"of the other one: restores=$(<"$two/restores") exchanges=$(<"$two/exchanges") evict_shared=$(<"$two/evict_shared")"
check "the first one still stands" test ! -e "$guests/one/jobs/$job.status"
knob store_limit 0
pause 1
guest_run two 'killall memverify' 60
output=$(guest_wait two "$calm")
diag "$output"
check "the other one goes on, and its bytes are right" passed "$output"
output=$(guest_wait one "$job")
diag "$output"
check "with room so does the first one" passed "$output"
check_that "no fault failed" "$(value memory_errors) == 0 && $(value store_full) > 0"
guest_kill one
guest_kill two
rm -r "$region" /pool/other
check "all was given back" all_given_back
