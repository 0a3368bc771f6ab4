# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Devices that fail, lie, or do not answer: never a wrong byte, and nobody waits for them who does
# not need them.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"
. "$(dirname "$0")/../lib/tier.sh"

mib=$((1 << 20))
sectors=$((96 * mib / 512))

# behaves TARGET: what the device does from now on
behaves() {
	dmsetup suspend --nolockfs --noflush tier && dmsetup load tier --table "0 $sectors $*" &&
		dmsetup resume tier
}
works() { behaves linear /dev/nullb0 0; }
fails() { behaves error; }
stands_still() { dmsetup suspend --nolockfs --noflush tier; }
moves_on() { dmsetup resume tier; }

# bus_errors ACTION...: pages that gave one; fails when a byte is wrong
bus_errors() {
	local output
	output=$("$regionctl" "$region" "$@" 2>&1) || { echo "$output" >&2; return 1; }
	sed -n 's/^sigbus=//p' <<<"$output"
}

# By read(2), which moves nothing and ends at the first page that it cannot read.
right_or_not_read() {
	local output
	output=$("$regionctl" "$region" pverify=random:4 2>&1) || [[ $output == *"Input/output error"* ]] || {
		echo "$output"
		return 1
	}
}

gone() { ! kill -0 "$1" 2>/dev/null; }

ktap_plan 49
modprobe -a null_blk dm-mod || skip_all "no null_blk, or no dm"
rmmod null_blk
modprobe null_blk nr_devices=1 gb=1 memory_backed=1 || skip_all "no null_blk"
pool_begin limit=8M,store_limit=8M,spare=0,huge=off,commit=relaxed,share_slots=0,stall_ms=1000,keep_copies=0

diag "-- one that cannot be read"
dmsetup create tier --table "0 $sectors error"
device=/dev/$(dmsetup info -c --noheadings -o blkdevname tier)
check "is not taken" fails_with "Input/output error" add_tier "$device"
works
check "it is when it works" add_tier "$device"

diag "-- writes fail"
fails
"$regionctl" "$region" size=48M only=0:3760 fill=random:1
check "what fits into memory stays there" "$regionctl" "$region" only=0:3760 verify=random:1
check_that "it was tried" "$(tier 0 write_errors) > 0 && $(tier 0 pages) == 0"
check "the log has a line" logged "device .*/dev/.*: write of block [0-9]+ failed"
check_that "nobody was harmed" "$(value memory_errors) == 0"
works
again() { "$regionctl" "$region" only=0:12288 fill=random:2 >/dev/null 2>&1; }
check "later it is tried again" wait_until 30 again
diag "$(counters resident stored compressed stalls memory_errors)" "$(tier_counters 0)"
check_that "with success" "$(tier 0 pages) > 4000"
check "all is right" "$regionctl" "$region" verify=random:2

diag "-- reads fail"
before=$(value memory_errors)
fails
check_that "pages that are there cannot be had" "$(bus_errors only=0:1024 verifybus=random:2) > 100"
check_that "it is counted" "$(value memory_errors) > before && $(tier 0 read_errors) > 0"
check "and logged" logged "device .*/dev/.*: read of block [0-9]+ failed"
check "nor by read(2)" fails_with "Input/output error" "$regionctl" "$region" pverify=random:2
timeout 20 "$regionctl" "$region" only=0:4096 mlock 2>/dev/null
check_that "mlock(2) fails, and ends" "$? == 1"
knob store_limit 0
check "the device cannot be removed" fails_with "Input/output error" eval "echo 0 >$pool/tiers/remove"
knob store_limit 8M
works
# Writes that failed meanwhile are tried again after 2 s, and there is no room until then.
recovered() { [ "$(bus_errors verifybus="$1")" = 0 ]; }
check "afterwards they can" wait_until 30 recovered random:2

diag "-- it lies"
check "nothing is written any more" wait_until 20 writes_ended 0
dd if=/dev/nullb0 of=/run/old bs=1M count=96 iflag=direct status=none
dd if=/dev/zero of=/dev/nullb0 bs=1M count=96 oflag=direct status=none
# By read(2), which moves nothing.
check "zeros for bytes: an error" fails_with "Input/output error" "$regionctl" "$region" pverify=random:2
dd if=/run/old of=/dev/nullb0 bs=1M oflag=direct status=none
# What could not be read is not tried again for a second.
pause 1.5
check "the right bytes again: none" "$regionctl" "$region" pverify=random:2
"$regionctl" "$region" fill=random:3
dd if=/run/old of=/dev/nullb0 bs=1M oflag=direct status=none
wrong=$(bus_errors only=0:2048 verifybus=random:3)
check_that "old bytes for new ones: memory errors, no wrong page" "${wrong:-0} > 100"
fallocate -p -o 0 -l 48M "$region"
check "punched and written to, pages are whole again" "$regionctl" "$region" fill=random:4
check "all of them" "$regionctl" "$region" verify=random:4

diag "-- it works every other second only"
modprobe dm-flakey || exit 1
errors=$(tier 0 read_errors)
behaves flakey /dev/nullb0 0 1 1
for ((n = 0; n < 4; n++)); do
	check "all is right, or cannot be read" right_or_not_read
	pause 0.4
done
check_that "some could not be read" "$(tier 0 read_errors) > errors"
works
pause 1.5
check "afterwards all is right" "$regionctl" "$region" pverify=random:4

diag "-- it flips bits in three of ten that it reads"
errors=$(tier 0 read_errors)
behaves flakey /dev/nullb0 0 0 60 2 random_read_corrupt 300000000
for ((n = 0; n < 4; n++)); do
	check "all is right, or cannot be read" right_or_not_read
done
check_that "it was noticed" "$(tier 0 read_errors) > errors + 3"
works
pause 1.5
check "afterwards all is right" "$regionctl" "$region" pverify=random:4

diag "-- it does not answer"
# Of the first 2 MiB, page 0 is in memory and most others are not.
"$regionctl" "$region" only=4096:8192 verify=random:4 only=0:1 fill=random:5
stands_still
"$regionctl" "$region" only=100:300 verify=random:4 &
reader=$!
pause 1
check "who needs a page from there waits" kill -0 $reader
check "who needs one of its neighbours does not" timeout 5 "$regionctl" "$region" only=0:1 verify=random:5 fill=random:4
kill -KILL $reader
check "who waits can be killed" wait_until 5 gone $reader
"$regionctl" "$region" only=100:300 pverify=random:4 &
reader=$!
pause 1
check "by read(2) one waits as well" kill -0 $reader
kill -KILL $reader
check "and can be killed" wait_until 5 gone $reader
before=$(value memory_errors)
"$regionctl" /pool/dom/two size=24M fill=random:6 &
writer=$!
# stall_ms is a second.
pause 5
check "who needs memory that is to be had from there waits" kill -0 $writer
check_that "and gets no memory error" "$(value memory_errors) == before"
moves_on
wait $writer
check_that "until it answers" "$? == 0"
check "then that is right" "$regionctl" /pool/dom/two verify=random:6 remove
check "then all is right" "$regionctl" "$region" verify=random:4

diag "-- nor at the end"
stands_still
"$regionctl" "$region" only=100:300 verify=random:4 &
reader=$!
pause 2
kill -KILL $reader
check "who waits can be killed then, too" wait_until 5 gone $reader
timeout 20 umount /pool
pp_mounts=()
check "the pool goes" test ! -e "$pool"
check "the module does not" eval "! rmmod pagepact"
moves_on
check "until the device answers" wait_until 20 pp_unload
check "and is free" wait_until 5 dmsetup remove tier
rmmod null_blk
