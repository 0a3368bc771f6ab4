# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The key-value load that load-2x and no-pressure give to guests.

# keyspace NAME KEYS: a server with that many values of 1 KiB
keyspace() {
	guest_run "$1" "valkey-server --save '' --port 0 --unixsocket /run/kv --daemonize yes \
		--dir /tmp >/dev/null; kvload /run/kv load $2 1024" 120
}

# Operations of a "KVLOAD" line, or nothing when it did not pass.
operations() { sed -n 's/^KVLOAD .*ops=\([0-9]*\) .* bad=0 PASS$/\1/p'; }

# run_all KEYS SECONDS GUEST...: sets $total, fails when a value was wrong
run_all() {
	local keys=$1 seconds=$2 name ops jobs=()
	shift 2
	total=0
	for name in "$@"; do
		guest_run_bg "$name" "kvload /run/kv run $keys 1024 $seconds ${#jobs[@]}" \
			$((seconds * 4 + 60))
		jobs+=("$guest_job")
	done
	for name in "$@"; do
		ops=$(guest_wait "$name" "${jobs[0]}" | operations)
		[ -n "$ops" ] || { echo "guest $name: no verified result"; return 1; }
		total=$((total + ops))
		jobs=("${jobs[@]:1}")
	done
}
