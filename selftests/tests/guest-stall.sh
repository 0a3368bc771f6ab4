# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest whose memory is on a device that does not answer can be killed; then its memory is free.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"
. "$(dirname "$0")/../lib/tier.sh"

# Of KVM, for a virtual CPU; not that CPU itself, which faults where a kworker cannot.
kworker_waits() {
	grep -ls async_pf_execute /proc/[0-9]*/stack | xargs -r grep -qs pp_device_read
}
# It does so for a second only; if none does, the guest goes on for a moment.
stopped_with_kworker() {
	dmsetup suspend --nolockfs --noflush tier
	wait_until 1 kworker_waits && return
	dmsetup resume tier
	return 1
}
fetched_some() { (($(value restores_far) > 1000)); }

ktap_plan 8
modprobe -a null_blk dm-mod || skip_all "no null_blk, or no dm"
rmmod null_blk
modprobe null_blk nr_devices=1 gb=1 memory_backed=1 || skip_all "no null_blk"
dmsetup create tier --table "0 $(blockdev --getsz /dev/nullb0) linear /dev/nullb0 0" || exit
pool_begin commit=relaxed,store_limit=8M
check "a device is added" add_tier "/dev/$(dmsetup info -c --noheadings -o blkdevname tier)"
guest_start one 160 "$region"
check "guest boots" guest_wait_ready one 90 || exit
guest_run_bg one 'exec memverify -m 60 -d /dev/vdc' 300
knob limit 48M
# Its kernel's memory is in use all the time: what is missing then is memverify's, and KVM has a
# kworker fault for that.
check "its memory comes from the device" wait_until 60 fetched_some
diag "$(counters evictions restores_far)" "$(tier_counters 0)"
pid=$(<"$guests/one/pid")
check "a kworker waits for the device" wait_until 30 stopped_with_kworker
kill -KILL "$pid"
check "it can be killed" wait_until 15 process_gone "$pid"
rm "$region"
# That kworker cannot be, and it keeps all that QEMU had mapped. A write on its way to the device
# keeps what it writes, and no more.
everything=$gauges
gauges='resident standby stored slots promised'
check "its memory is given back" all_given_back
gauges=$everything
suspended=$(dmsetup info -c --noheadings -o suspended tier)
check_that "the device has not answered" "$(grep -c Suspended <<<"$suspended") == 1"
dmsetup resume tier
guest_kill one
check "what was written when it stopped, too" all_given_back
pp_umount /pool
dmsetup remove tier
rmmod null_blk
