# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What benchmarks share; runs in the virtual host.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib/vhost.sh
. "$here/../lib/vhost.sh"

progs=/repo/build/chroot/progs
pool=/sys/fs/pagepact/bench
cg=/sys/fs/cgroup/bench

# The stock host's way: swap on zram with LZ4, set up as for guests in production.
setup_zram() {
	modprobe zram
	echo lz4 >/sys/block/zram0/comp_algorithm
	echo 2G >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null
	swapon /dev/zram0
}

setup_pool() {
	# shellcheck disable=SC2119 # no parameters for the module
	pp_load || exit 1
	# Benchmarks of huge frames switch them on.
	pp_mount bench /pool huge=off
	mkdir /pool/dom
}

# The order changes every round, so that neither side always has the caches of the other.
order() { if (($1 % 2)); then echo "ours peer"; else echo "peer ours"; fi; }

# sample SIDE FIGURE [NAME]
sample() { echo "SAMPLE $*"; }

# CPU microseconds (user and system) that a command took; its output goes to standard error.
cpu_us() {
	local TIMEFORMAT='%U %S'
	{ time "$@" >&2 2>/dev/null; } 2>&1 | awk '{ printf "%d\n", ($1 + $2) * 1000000 }'
}

swapped_out() { awk '$1 == "pswpout" { print $2 }' /proc/vmstat; }

# sample_per SIDE TOTAL COUNT: so much for each; of none there is nothing to say
sample_per() {
	(($3 > 0)) || { echo "$1: nothing was counted, no sample"; exit 1; }
	sample "$1" "$(awk -v a="$2" -v n="$3" 'BEGIN { printf "%.3f", a / n }')"
}
