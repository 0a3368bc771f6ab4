# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The stock virtio-balloon gives memory back: by itself what the guest has freed (as long as it has
# more than 64 MiB free), and on request; out of huge frames and small ones.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
used() { echo $(($(value resident) + $(value stored))); }
shrunk() { (($(used) < peak - $1 * mib)); }

ktap_plan 9
pool_begin policy=random
guest_start one 256 "$region" -device "$(guest_device balloon),id=balloon,free-page-reporting=on"
check "guest boots" guest_wait_ready one 90 || exit
guest_run one 'modprobe virtio_balloon' 30
check "guest uses 60 MiB" guest_run one 'dd if=/dev/urandom of=/tmp/file bs=1M count=60' 60
# Zeros, and what it had freed before.
reclaim 16M
pause 3
peak=$(used)
punched=$(value punched)
diag "used at its peak: $((peak / mib)) MiB, $(counters punched)"
guest_run one 'rm /tmp/file' 30
check "what it frees comes back (30 MiB)" wait_until 30 shrunk 30
diag "now: $(($(used) / mib)) MiB, $(counters punched resident stored)"
check_that "by punching" "$(value punched) - punched > 30 * 256"
punched=$(value punched)
peak=$(used)
guest_hmp one balloon 180 >/dev/null
deflated() { (($(value punched) > punched + 2000)); }
check "the balloon takes what it is told" wait_until 30 deflated
diag "now: $(($(used) / mib)) MiB, $(counters punched)"
guest_hmp one balloon 256 >/dev/null
pause 1
output=$(guest_run one 'memverify -m 70 -t 3 -d /dev/vdc' 60)
diag "$output"
check "memory that came back verifies" grep -q 'bad=0 PASS' <<<"$output"
if [ "$(value huge)" = off ]; then
	check_that "holes were filled again" "$(value hole_writes) > 10000"
else
	diag "$(counters huge_faults huge_no_entry shatters shatter_zero hole_writes)"
	check_that "huge frames came, and gave way" "$(value huge_faults) > 50 && $(value shatters) > 10"
fi
check "guest powers off" guest_stop one
rm "$region"
check "all was given back" all_given_back
