# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Nothing that the tests before this one allocated was lost. Once for all of them, because a scan
# takes ten seconds; what kmemleak prints names the function that allocated.
. "$(dirname "$0")/../lib/vhost.sh"

kmemleak=/sys/kernel/debug/kmemleak
[ -e $kmemleak ] || skip_all "this kernel has no kmemleak"
ktap_plan 2
# Twice: what changes hands while it looks is found only by one of two scans in a row. A kmemleak
# that ran out of memory refuses to.
scan() {
	echo scan >$kmemleak && pause 5 && echo scan >$kmemleak
}
check "kmemleak looks" scan || exit

# One is the kernel's own: a slab cache whose directory in sysfs cannot be made, because an allocation
# fails (alloc-fail has it fail), is freed without the name that kobject_init_and_add() gave it.
ours() {
	awk '
	/^unreferenced object/ { if (!kernels) printf "%s", record; record = ""; kernels = 0 }
	{ record = record $0 "\n" }
	/ sysfs_slab_add\+/ { kernels = 1 }
	END { if (!kernels) printf "%s", record }' "$1"
}
nothing() {
	cp $kmemleak /run/leaks && sed "s/^/# /" /run/leaks && ours /run/leaks >/run/ours &&
		[ ! -s /run/ours ]
}
check "kmemleak finds nothing" nothing
