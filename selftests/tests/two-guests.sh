# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Two guests of different domains share a pool that has room for one of them. Each verifies its
# memory, with stamps of its own, so that a page of the other's would be noticed.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
passed() { grep -q 'rounds=[1-9].* dio=[1-9].* bad=0 PASS' <<<"$1"; }

ktap_plan 8
pool_begin ""
mkdir /pool/other
guest_start one 160 "$region"
# As QEMU has it when nobody says otherwise: the firmware's memory below 1 MiB is in parts.
GUEST_MACHINE=pc guest_start two 160 /pool/other/two
for guest in one two; do
	check "guest $guest boots" guest_wait_ready $guest 90 || exit
done
knob limit $((160 * mib))
declare -A job seed=([one]=1 [two]=2)
for guest in one two; do
	guest_run_bg $guest "memverify -m 56 -t 8 -s ${seed[$guest]} -d /dev/vdc" 90
	job[$guest]=$guest_job
done
for guest in one two; do
	output=$(guest_wait $guest "${job[$guest]}")
	diag "$output"
	check "bytes of guest $guest are right" passed "$output"
done
diag "$(counters limit resident stored compressed evictions restores stalls)"
check_that "the limit made it evict" "$(value evictions) > 5000 && $(value resident) <= $(value limit)"
check_that "no fault failed" "$(value memory_errors) == 0"
# One dies, and what it had goes; the other one does not notice.
guest_kill two
rm -r /pool/other
check "the other goes on" guest_run one 'memverify -m 40 -t 2 -s 3' 60
guest_kill one
rm "$region"
check "all was given back" all_given_back
