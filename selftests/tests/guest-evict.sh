# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest that verifies its memory under permanent eviction, that of huge frames too.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
passed() { grep -q 'rounds=[1-9].* dio=[1-9].* bad=0 PASS' <<<"$1"; }

# torture WANTED SECONDS: random eviction until so many evictions, or so long
torture() {
	local end=$((SECONDS + $2 * timescale)) wanted=$(($(value evictions) + $1))
	while (($(value evictions) < wanted && SECONDS < end)); do
		reclaim 4M
		reclaim 4M
		reclaim 4M
		pause 0.02
	done
}

ktap_plan 11
pool_begin ""
guest_start one 160 "$region"
check "guest boots" guest_wait_ready one 90 || exit

diag "-- random pages, lz4"
knob policy random
guest_run_bg one 'exec memverify -m 60 -d /dev/vdc' 300
verifier=$guest_job
torture 30000 200
evicted=$(value evictions)
# Gentler for a while, so that the guest gets around.
for ((n = 0; n < 40; n++)); do reclaim 1M; pause 0.25; done
knob policy clock
guest_run one 'killall memverify' 60
output=$(guest_wait one "$verifier")
diag "$output" "$(counters evictions restores rescues evict_clean copies_dropped busy notifies)"
check "bytes are right" passed "$output"
check_that "30000 evictions" "evicted >= 30000"
check_that "a third or more came back" "$(value restores) > evicted / 3"
check_that "pages that devices held were passed over" "$(value busy) > 0"

diag "-- the clock, zstd, half the memory"
knob compressor zstd
knob limit $((($(value resident) + $(value stored)) / 2))
evictions=$(value evictions)
output=$(guest_run one 'memverify -m 60 -t 12 -d /dev/vdc' 60)
diag "$output" "$(counters limit resident stored compressed evictions rescues aged stalls)"
check "bytes are right" passed "$output"
check_that "the limit made it evict" "$(value evictions) > evictions + 1000 && $(value resident) <= $(value limit)"
check_that "the clock gave pages a second chance" "$(value rescues) > 100"
check_that "no fault failed" "$(value memory_errors) == 0"
check "guest powers off" guest_stop one 60
rm "$region"
check "all was given back" all_given_back
