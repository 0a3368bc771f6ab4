# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The host itself runs out of memory: the pool gives, nobody is killed.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
free_mib() { awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo; }
kills() { awk '$1 == "oom_kill" { print $2 }' /proc/vmstat; }
# hog_has MIB: no longer asked when it is gone
hog_has() { ! kill -0 $hog 2>/dev/null || (($(awk '/VmRSS/ { print int($2 / 1024) }' /proc/$hog/status) >= $1)); }

ktap_plan 10
pool_begin ""
killed=$(kills)
size=256
check "fill $size MiB" "$regionctl" "$region" size=${size}M fill=text:1
# Most of the memory goes to a file that cannot be swapped, because that is fast;
# the hog takes more than is left: without eviction somebody would have to die.
mkdir -p /run/full
mount -t tmpfs -o size=100% tmpfs /run/full
trap 'umount -l /run/full; pp_cleanup' EXIT
head -c $((($(free_mib) - 80) * mib)) /dev/zero >/run/full/zeros
available=$(free_mib)
hog_mib=$((available + size / 4))
diag "$available MiB available, the hog takes $hog_mib"
"$progs/memverify" -m $hog_mib -w 0 >/run/hog.out 2>&1 &
hog=$!
"$regionctl" "$region" times=1000 verify=text:1 >/run/verify.out 2>&1 &
verifier=$!
check "the hog gets half of it" wait_until 60 hog_has $((hog_mib / 2))
# As the kernel does when memory is fragmented: all at once, too few pages are free.
low=$(</proc/sys/vm/min_free_kbytes)
trap 'echo "$low" >/proc/sys/vm/min_free_kbytes; umount -l /run/full; pp_cleanup' EXIT
echo $((low + 32768)) >/proc/sys/vm/min_free_kbytes
check "the hog gets its memory" wait_until 60 hog_has $((hog_mib - 8))
diag "$(free_mib) MiB available; $(counters evictions restores resident stored compressed busy)"
pause $((5 * timescale))
check_that "50 MiB and more were evicted" "$(value evictions) > 12800"
check_that "nobody was killed" "$(kills) == killed"
echo "$low" >/proc/sys/vm/min_free_kbytes
check "the hog lives" kill -0 $hog
check "the verifier lives" kill -0 $verifier
kill -KILL $hog
wait $hog 2>/dev/null
kill -KILL $verifier
wait $verifier 2>/dev/null
check "bytes are right" test ! -s /run/verify.out
cat /run/verify.out
check "also afterwards" "$regionctl" "$region" verify=text:1
diag "$(counters evictions evict_oom restores resident stored compressed busy stalls memory_errors)"
rm "$region"
check "all was given back" all_given_back
