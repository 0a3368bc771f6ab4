# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Memory belongs to the cgroup that touched it; its limit evicts instead of
# killing, its requests evict what they asked for.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
cg=/sys/fs/cgroup/test
event() { awk -v e="$1" '$1 == e { print $2 }' $cg/memory.events; }
# inside COMMAND...: in the cgroup
inside() { (echo $BASHPID >$cg/cgroup.procs && exec "$@"); }

ktap_plan 27
mkdir $cg
pool_begin spare=0,huge=off

diag "-- a limit of half the region"
echo 32M >$cg/memory.max
check "bytes are right" inside "$regionctl" "$region" size=64M fill=text:1 times=2 verify=text:1
check_that "nobody was killed" "$(event oom_kill) == 0"
check_that "it evicted" "$(value evictions) > 8192 && $(value resident) < 33 * mib"
check_that "not much more than needed" "$(value resident) > 20 * mib"
diag "$(counters evictions restores resident stored busy)"
echo max >$cg/memory.max
inside "$regionctl" "$region" verify=text:1
current=$(<$cg/memory.current)
check_that "frames are charged to the cgroup" "current > 60 * mib"
rm "$region"
uncharged() { (($(<$cg/memory.current) < 6 * mib)); }
check "and uncharged with the region" wait_until 5 uncharged

diag "-- many small regions, each of them only read"
read_many() {
	local n
	for ((n = 0; n < 300; n++)); do
		"$regionctl" "$region.$n" size=4K read || return 1
	done
}
before=$(<$cg/memory.current)
(echo $BASHPID >$cg/cgroup.procs && read_many)
current=$(<$cg/memory.current)
diag "$(((current - before) / 300)) bytes for each"
# Two pages, of homes and of zeros, and the small records of an inode.
check_that "zero frames are charged to the cgroup" "current - before > 300 * 9000"
rm "$region".*

diag "-- requests"
inside "$regionctl" "$region" size=64M fill=text:2
for size in 8 32; do
	knob shrink_step ${size}M
	before=$(value evictions)
	echo ${size}M >$cg/memory.reclaim 2>/dev/null
	got=$(($(value evictions) - before))
	diag "memory.reclaim ${size}M evicted $((got / 256)) MiB"
	check_that "memory.reclaim of $size MiB evicts" "got > 0"
	check_that "no more than half as much again" "got <= size * 256 * 3 / 2"
done
knob shrink_step 1M
before=$(value evictions)
echo 32M >$cg/memory.reclaim 2>/dev/null
check_that "shrink_step bounds a request" "$(value evictions) > before && $(value evictions) - before <= 256 + 32"
before=$(value evictions)
echo 2 >/proc/sys/vm/drop_caches
diag "drop_caches evicted $(($(value evictions) - before)) pages"
check_that "drop_caches evicts no more than shrink_step" "$(value evictions) - before <= 256 + 32"
knob shrinker 0
before=$(value evictions)
echo 8M >$cg/memory.reclaim 2>/dev/null
echo 2 >/proc/sys/vm/drop_caches
check_that "shrinker=0: nothing is evicted" "$(value evictions) == before"
knob shrinker 1
check "bytes are right" inside "$regionctl" "$region" verify=text:2

diag "-- the cgroup goes, the region stays"
mkdir /sys/fs/cgroup/up
echo +memory >/sys/fs/cgroup/up/cgroup.subtree_control
mkdir /sys/fs/cgroup/up/down
rmdir $cg
cg=/sys/fs/cgroup/up/down
rm "$region"
inside "$regionctl" "$region" size=32M fill=text:3
rmdir $cg
cg=/sys/fs/cgroup/up
knob shrink_step 8M
before=$(value evictions)
echo 8M >$cg/memory.reclaim 2>/dev/null
check_that "reclaim of the parent reaches it" "$(value evictions) > before"
check_that "the parent is charged" "$(<$cg/memory.current) > 20 * mib"
rm "$region"
check "all was given back" all_given_back
check "the parent too" wait_until 5 uncharged
rmdir $cg
knob shrink_step 1M

diag "-- QEMU in a cgroup of half its guest"
cg=/sys/fs/cgroup/test
mkdir $cg
echo 200M >$cg/memory.max
before=$(value evictions)
GUEST_CGROUP=$cg guest_start one 400 "$region"
check "guest boots" guest_wait_ready one 90
diag "$(counters evictions restores resident stored busy) current=$(<$cg/memory.current)"
# With what its kernel has it needs more than the limit, whatever QEMU takes of that.
output=$(guest_run one 'memverify -m 100 -t 5 -d /dev/vdc' 120)
diag "$output" "$(counters evictions restores resident stored busy) current=$(<$cg/memory.current)"
check "its memory verifies" grep -q 'dio=[1-9].* bad=0 PASS' <<<"$output"
check_that "nobody was killed" "$(event oom_kill) == 0"
check_that "it evicted" "$(value evictions) > before + 1000"
check_that "it is under its limit" "$(<$cg/memory.current) <= 200 * mib && $(value resident) < 200 * mib"
check "guest powers off" guest_stop one
rm "$region"
check "all was given back" all_given_back
rmdir $cg
check "cgroup goes" test ! -d $cg
