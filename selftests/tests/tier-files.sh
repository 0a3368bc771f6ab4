# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Files as devices, on the file systems that servers use: what is written there comes back right, and
# what does not fit stays in memory. (tiers.sh has one on ext4.)
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"
. "$(dirname "$0")/../lib/tier.sh"

mib=$((1 << 20))
file=/run/mnt/tier

# room_left: MiB of the file system
room_left() { df --output=avail -m /run/mnt | tail -n 1; }

# Evicts until a write to the file fails.
full() {
	echo 64M 2>/dev/null >"$pool/reclaim"
	(($(tier 0 write_errors) > 0))
}

ktap_plan 16
modprobe null_blk nr_devices=1 gb=1 memory_backed=1 discard=1 || skip_all "no null_blk"
modprobe -a xfs btrfs || skip_all "no xfs, or no btrfs"
pool_begin limit=4M,store_limit=4M,spare=0,huge=off,commit=relaxed,share_slots=0
mkdir -p /run/mnt

for type in xfs btrfs; do
	diag "-- $type"
	"mkfs.$type" -q -f /dev/nullb0 && mount "/dev/nullb0" /run/mnt
	# The file promises more than the file system has.
	truncate -s 2G $file
	fallocate -l $(($(room_left) - 24))M /run/mnt/rest
	check "a file is taken" add_tier $file
	"$regionctl" "$region" size=64M
	check "12 MiB that do not compress, in 8 MiB and the file" "$regionctl" "$region" \
		only=0:3072 fill=random:1
	wait_until 20 writes_ended 0
	check_that "some of it is there" "$(tier 0 pages) > 500 && $(tier 0 written_bytes) > 2 * mib"
	check "all comes back" "$regionctl" "$region" only=0:3072 pverify=random:1
	knob limit 128M
	# As much as the limit has no need of anything else.
	"$regionctl" "$region" fill=random:2
	check "the file system becomes full" wait_until 30 full
	diag "$(room_left) MiB left" "$(counters resident stored compressed store_full memory_errors)" "$(tier_counters 0)"
	check "no byte is lost" "$regionctl" "$region" pverify=random:2
	check_that "nor in error" "$(value memory_errors) == 0"
	rm "$region"
	check "it is removed" eval "echo 0 >$pool/tiers/remove"
	knob limit 4M
	umount /run/mnt || echo "not ok - /run/mnt is in use"
done
