# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest whose memory is on a device that does not answer can be killed, and then its memory is free.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"
. "$(dirname "$0")/../lib/tier.sh"

waits() { grep -qs pp_device_read /proc/[0-9]*/task/*/stack; }
fetched_some() { (($(value restores_far) > 1000)); }

ktap_plan 7
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
dmsetup suspend --nolockfs --noflush tier
pause 2
pid=$(<"$guests/one/pid")
check "it waits" waits
kill -KILL "$pid"
check "it can be killed" wait_until 15 process_gone "$pid"
rm "$region"
# That kworker cannot be, and it keeps all that QEMU had mapped.
check "its memory is given back" all_given_back
check_that "the device has not answered" "$(dmsetup info -c --noheadings -o suspended tier | grep -c Suspended) == 1"
dmsetup resume tier
guest_kill one
pp_umount /pool
dmsetup remove tier
rmmod null_blk
