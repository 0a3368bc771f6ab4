# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Pages that others hold are never taken away, and never hold up anybody.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

ktap_plan 38
# A disk that keeps what is written to it and answers after a second.
modprobe null_blk nr_devices=1 gb=1 memory_backed=1 irqmode=2 completion_nsec=1000000000 ||
	skip_all "no null_blk"
pool_begin policy=random,spare=0,huge=off
relay "$progs/pins" "$pool" "$region" /dev/nullb0
rmmod null_blk
check "the refused limit is in the log with its cure" logged "limit of .* refused: .*pinned"
rm "$region"
check "all was given back" all_given_back

diag "-- pinned pages of a region, a pool, a module that are gone"
"$progs/pins" "$pool" "$region" hold >/run/pins.out &
holder=$!
wait_until 5 stopped $holder
check "the region is gone" all_given_back
pp_umount /pool
check "pool is gone" test ! -e $pool
check "module is gone" pp_unload
kill -CONT $holder
wait $holder
relay cat /run/pins.out
