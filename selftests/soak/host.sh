#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The soak, inside the virtual host; see soak beside this file.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib/vhost.sh
. "$here/../lib/vhost.sh"
# shellcheck source=../lib/pool.sh
. "$here/../lib/pool.sh"

end=$((SECONDS + PP_MINUTES * 60))
runs=0 failures=0

# A quarter of the runs with more memory than the default.
run() {
	local seconds=$((end - SECONDS)) size=3M
	((++runs % 4)) || size=16M
	((seconds <= 30)) || seconds=30
	((seconds > 0)) || seconds=1
	"$progs/memmodel" --seconds $seconds --size $((${size%M} << 20)) --scratch /scratch/memmodel \
		--list "/out/$runs.list" --minimize=120 "$@" "$region" && return
	((++failures))
	echo "soak: run $runs failed: $* (its seed is above)"
}

pool_begin ""
ktap_plan 1
while ((SECONDS < end)); do
	run
	run --threads 3
done
echo "soak: $runs runs, $failures failed; $(counters evictions restores punched memory_errors)"
check_that "no run failed" "$failures == 0"
