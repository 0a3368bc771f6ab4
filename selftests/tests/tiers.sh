# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Devices below compressed RAM: what does not fit there is written to them, and comes back right;
# they come and go while their pages are in use.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"
. "$(dirname "$0")/../lib/tier.sh"

mib=$((1 << 20))

add_fd() { eval "exec 9$1" && echo 9 >"$pool/tiers/add"; }
# The message of bash's echo tells the errno.
refused() { fails_with "$1" add_fd "$2"; }
# How often a histogram counted, in all.
counted() { awk '{ n += $2 } END { print n + 0 }' "$histograms/$1"; }

ktap_plan 75
# Disks in memory, 128 MiB each.
modprobe null_blk nr_devices=2 gb=1 memory_backed=1 discard=1 || skip_all "no null_blk"
pool_begin limit=4M,store_limit=4M,spare=0,huge=off,commit=relaxed,share_slots=0
mkdir -p /run/mnt
histograms=/sys/kernel/debug/pagepact/vms
# Without the processor's instructions, as on the debug kernel, AES takes minutes: there the last
# device alone is encrypted.
sealed=1
if [ "$PP_KERNEL" = debug ]; then
	sealed=0
	knob encrypt 0
fi

diag "-- what is not taken"
check "a number that is no descriptor" fails_with "Bad file descriptor" eval "echo 77 >$pool/tiers/add"
check "no number" fails_with "Invalid argument" eval "echo x >$pool/tiers/add"
check "a negative one" fails_with "Invalid argument" eval "echo -1 >$pool/tiers/add"
check "a device that may not be written" refused "Bad file descriptor" "</dev/nullb0"
check "a terminal" refused "Invalid argument" "<>/dev/null"
check "a file of a pool" eval ': >/pool/dom/x && refused "Invalid argument" "<>/pool/dom/x"'
rm /pool/dom/x
check "an empty file" eval ': >/scratch/tier && refused "No space" "<>/scratch/tier"'
check "the log says what is needed" logged "device .*/scratch/tier.* refused .*: it must be a block device that nobody else uses"
mkfs.ext4 -q -F /dev/nullb1 64M && mount /dev/nullb1 /run/mnt
check "a device that is mounted" refused "resource busy" "<>/dev/nullb1"
umount /run/mnt
check "none is there" test ! -e "$pool/tiers/0"
check "to remove what is not there fails" fails_with "No such file" eval "echo 0 >$pool/tiers/remove"

diag "-- a device"
check "is taken" add_tier /dev/nullb0
check_that "its size" "$(tier 0 size) == 1024 * mib && $(tier 0 used) == 0"
check "its name" grep -qx /dev/nullb0 "$pool/tiers/0/path"
check "but once" refused "resource busy" "<>/dev/nullb0"
check "it cannot be mounted" eval "! mount /dev/nullb0 /run/mnt"
check "32 MiB that do not compress fit into 8 MiB and the device" \
	"$regionctl" "$region" size=32M fill=random:1
diag "$(counters resident stored compressed stalls store_full memory_errors)" "$(tier_counters 0)"
check_that "no page was refused" "$(value memory_errors) == 0"
check_that "limits are kept" "$(value resident) <= 4 * mib && $(value compressed) <= 4 * mib"
check_that "most of it is there" "$(tier 0 pages) * 4096 > 20 * mib && $(tier 0 written_bytes) > 20 * mib"
check_that "in large requests" "$(tier 0 written_bytes) / $(tier 0 writes) > 64 << 10"
check_that "it is encrypted" "$(tier 0 encrypted) == sealed && ($(tier 0 cipher_ns) > 0) == sealed"
check_that "nobody can read it there" "($(plain /dev/nullb0 64 "$region") == 0) == sealed"
check "all comes back by read(2)" "$regionctl" "$region" pverify=random:1
reads=$(tier 0 reads) bytes=$(tier 0 read_bytes)
diag "$(tier_counters 0)"
check_that "an eighth of the requests, or fewer" "reads * 8 <= bytes / 4096"
check_that "each page counted" "$(tier 0 fetches) >= 5000 && $(tier 0 fetches) <= 8192"
check_that "how long reads take" "$(tier 0 read_p50_ns) > 255 && $(tier 0 read_p99_ns) >= $(tier 0 read_p50_ns) && $(tier 0 read_p50_ns) * reads < 3 * $(tier 0 read_ns)"
# Something may be read between two looks.
reads=$(tier 0 reads) n=$(counted read_latency_0)
check_that "the histogram has all reads" "n >= reads && n <= $(tier 0 reads) && n > 0"
check "and through a mapping" "$regionctl" "$region" verify=random:1
check_that "the one of fetches has those from memory" "$(counted fetch_latency) == $(value restores) - $(value restores_far) && $(value restores) > $(value restores_far)"
knob limit 12M
check "locked by mlock(2) it comes back too" timeout 60 "$regionctl" "$region" only=0:2048 mlock
check "right" "$regionctl" "$region" only=0:2048 verify=random:1
knob limit 4M
check "half of it written anew" "$regionctl" "$region" only=2048:4096 fill=text:2
check "both halves are right" "$regionctl" "$region" only=2048:4096 verify=text:2 only=0:2048 \
	verify=random:1 only=6144:2048 verify=random:1
diag "$(counters resident stored compressed stalls store_full memory_errors)" "$(tier_counters 0)"

diag "-- dead pages"
wait_until 20 writes_ended 0
written=$(tier 0 written_bytes) read=$(tier 0 read_bytes)
check "punched" fallocate -p -o 0 -l 16M "$region"
check "nothing is read or written for it" same_io 0 "$written" "$read"
dead=$(value dead_stored)
diag "$(counters punched dead_stored dead_far)"
check_that "what had been evicted is counted, and where it was" "dead >= 4096 - 1024 && dead <= 4096 && $(value dead_far) > 500 && $(value dead_far) <= dead"
check "the other half is right" "$regionctl" "$region" only=4096:2048 verify=text:2 \
	only=6144:2048 verify=random:1 only=0:4096 verify=zero:0
rm "$region"
check "with the region all of it goes" wait_until 10 unused 0
check_that "which nobody has freed" "$(value dead_stored) == dead"
trimmed() { (($(tier 0 trimmed_bytes) > 20 * mib)); }
check "the device is told" wait_until 10 trimmed
check "nothing is left" all_given_back

diag "-- many at once"
pids=()
for n in a b c d; do
	"$regionctl" "/pool/dom/$n" size=8M fill=random:3 times=3 verify=random:3 fill=text:4 \
		times=2 verify=text:4 fill=random:5 pverify=random:5 &
	pids+=($!)
done
bad=0
for pid in "${pids[@]}"; do wait "$pid" || bad=1; done
check_that "four regions, each right all the time" "bad == 0 && $(value memory_errors) == 0"
diag "$(counters resident stored compressed stalls store_full restores)" "$(tier_counters 0)"

diag "-- equal pages"
rm /pool/dom/*
wait_until 10 unused 0
knob share_slots 1
"$regionctl" "$region" size=8M fill=random:8
reclaim 8M
wait_until 20 writes_ended 0
written=$(tier 0 written_bytes)
for n in two three; do
	"$regionctl" "/pool/dom/$n" size=8M fill=random:8
	reclaim 8M
done
wait_until 20 writes_ended 0
diag "$(tier_counters 0)"
check_that "what others have there is found" "$(tier 0 shared) > 300"
check_that "and not written" "$(tier 0 written_bytes) - written < 8 * mib"
check "all of it is right" "$regionctl" /pool/dom/two pverify=random:8
rm "$region" /pool/dom/two
check "when others go as well" "$regionctl" /pool/dom/three verify=random:8
rm /pool/dom/three
check "with the last one it goes" wait_until 10 unused 0
check "nothing of it is left" all_given_back
knob share_slots 0

diag "-- a second one, a file"
for n in a b c d; do "$regionctl" "/pool/dom/$n" size=8M; done
truncate -s 32M /scratch/tier
knob encrypt 0
check "is taken" add_tier /scratch/tier
check "but once" refused "resource busy" "<>/scratch/tier"
for n in a b c d; do "$regionctl" "/pool/dom/$n" fill=random:6; done
diag "$(tier_counters 0)" "$(tier_counters 1)"
check_that "both are written to" "$(tier 0 pages) > 500 && $(tier 1 pages) > 500"
check "all is right" all_four verify=random:6
check_that "there it is not encrypted" "$(tier 1 encrypted) == 0 && $(tier 1 cipher_ns) == 0"
check_that "and can be read" "$(plain /scratch/tier 32 /pool/dom/[a-d]) > 5"

diag "-- removed"
knob limit 12M
exec 8<"$histograms/read_latency_0"
check "the first gives all to the other, and goes" eval "echo 0 >$pool/tiers/remove"
check "an open histogram is no more" eval "! cat <&8"
exec 8<&-
check "its directory too" test ! -e "$pool/tiers/0"
check "and its histogram, alone" eval "! test -e $histograms/read_latency_0 && test -e $histograms/read_latency_1"
check "it can be mounted again" eval 'mkfs.ext4 -q -F /dev/nullb0 64M && mount /dev/nullb0 /run/mnt'
umount /run/mnt
check "all is right still" all_four pverify=random:6
check "the other does not go, for there is no room" fails_with "No space" eval "echo 1 >$pool/tiers/remove"
check_that "and stays in use" "$(tier 1 pages) > 500"
check "all is right then" all_four verify=random:6
knob store_limit 0
check "with more room it goes" eval "echo 1 >$pool/tiers/remove"
check "all is right in memory" all_four pverify=random:6
knob encrypt 1
check "the file can be used again" add_tier /scratch/tier

diag "-- the end"
knob store_limit 4M
check "written to once more" all_four fill=random:7
check_that "it has some" "$(tier 0 pages) > 500"
check_that "encrypted this time" "$(tier 0 encrypted) == 1"
check_that "nobody can read that" "$(plain /scratch/tier 32 /pool/dom/[a-d]) == 0"
check "all is right" all_four verify=random:7
pp_umount /pool
check "a pool with pages on a device goes" test ! -e "$pool"
check "its histograms too" test ! -e "$histograms"
check "and so does the module" wait_until 5 pp_unload
rm -f /scratch/tier
rmmod null_blk
