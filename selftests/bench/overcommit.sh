# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Three guests that use twice the memory that the pool may have, as in the demo, for huge-overcommit
# and huge-idle.
# shellcheck source=load.sh
. "$(dirname "${BASH_SOURCE[0]}")/load.sh"

keys=16000 mib=192 limit=
overcommit_guests="red green blue"

# overcommit_start MODE: guests with their values, in a pool with huge=MODE, below $limit
overcommit_start() {
	local name
	echo "$1" >"$pool/huge"
	for name in $overcommit_guests; do
		guest_start "$name" $mib "/pool/dom/$name"
	done
	for name in $overcommit_guests; do
		guest_wait_ready "$name" || exit 1
		keyspace "$name" $keys | grep -q PASS || exit 1
	done
	# Half of what they use without huge frames.
	[ -n "$limit" ] || limit=$(($(<"$pool/resident") / 2))
	echo "$limit" >"$pool/limit"
}

overcommit_stop() {
	guest_kill_all
	rm -f /pool/dom/*
	echo 0 >"$pool/limit"
}

# overcommit_show: what it took
overcommit_show() {
	(cd "$pool" && grep -H . huge resident huge_resident compressed evictions evict_zero restores \
		shatter_sparse shatter_tough shatter_hot shatter_cold stalls)
}

setup_pool
# To know the limit, and for the caches of the host.
overcommit_start off
overcommit_stop
