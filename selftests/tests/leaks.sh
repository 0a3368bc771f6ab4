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
check "kmemleak finds nothing" test -z "$(cat $kmemleak)" || cat $kmemleak
