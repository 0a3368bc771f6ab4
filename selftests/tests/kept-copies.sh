# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A full store gets room from the kept copies of pages that are in memory anyway, before any guest
# is refused a page; the pages whose copies went are right afterwards, also when evicted again.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
ktap_plan 10
pool_begin spare=0,huge=off,commit=relaxed

"$regionctl" /pool/dom/kept size=4M fill=text:1
reclaim 4M
check_that "4 MiB are stored" "$(value stored) == 4 * mib"
full=$(value compressed)
"$regionctl" /pool/dom/kept read mlock stop verify=text:1 munlock touch &
keeper=$!
check "all of it is read back and locked in memory" wait_until 20 stopped $keeper
check_that "the copies were kept" "$(value resident) == 4 * mib && $(value compressed) == full"

# What is cold now is dirty and needs room in the store; what is clean cannot be taken.
knob store_limit "$full"
knob limit $((6 * mib))
check "another region grows beyond the limit" "$regionctl" /pool/dom/grows size=5M fill=text:2
diag "$(counters resident stored compressed copies_dropped store_full stalls memory_errors)"
check_that "copies made room" "$(value copies_dropped) >= 1 && $(value stored) >= mib"
check_that "nobody was refused a page" "$(value memory_errors) == 0"
check_that "limits hold" "$(value resident) <= 6 * mib && $(value compressed) <= full + mib / 4"
check "what was written is right" "$regionctl" /pool/dom/grows verify=text:2
kill -CONT $keeper
wait $keeper
check_that "the pages without copies are right" "$? == 0"
knob store_limit 0
reclaim 8M
reclaim 8M
check "and come back from where they were evicted to" "$regionctl" /pool/dom/kept verify=text:1
