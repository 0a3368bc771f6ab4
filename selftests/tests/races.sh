# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Everything at once, see progs/races.c.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

ktap_plan 7
pool_begin stall_ms=5000
seconds=7
[ "$PP_KERNEL" != debug ] || seconds=18
relay "$progs/races" "$pool" /pool/dom $seconds
diag "$(counters faults rescues restores notifies copies_dropped evictions evict_clean)"
diag "$(counters evict_zero evict_same busy punched stalls memory_errors aged)"
check_that "thousands of pages came and went" "$(value evictions) > 1000 && $(value restores) > 1000"
check_that "no page was refused" "$(value memory_errors) == 0"
check "no frame was freed while in use" test -z "$(dmesg | grep -E 'Bad page|BUG|WARNING')"
check "all was given back" all_given_back
