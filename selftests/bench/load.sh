# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The key-value load that benchmarks give to guests.

value_bytes=1024
# The server's socket, or for memory of the load's own, without a server, mem:FILE on a tmpfs.
values_at=/run/kv

# boot_two BACKEND MIB: guests a and b in the cgroup, or in one of their own in there, on memfds or
# in a directory of the pool
boot_two() {
	local name backend cgroup
	for name in a b; do
		backend=$1 cgroup=$cg/$name
		[ "$backend" = memfd ] || backend=$1/$name
		[ -d "$cgroup" ] || cgroup=$cg
		GUEST_CGROUP=$cgroup guest_start $name "$2" "$backend"
	done
	for name in a b; do
		guest_wait_ready $name || exit 1
	done
}

# keyspace NAME KEYS: that many values of $value_bytes
keyspace() {
	local server=:
	[[ $values_at == mem:* ]] || server="valkey-server --save '' --port 0 --unixsocket $values_at \
		--daemonize yes --dir /tmp >/dev/null"
	guest_run "$1" "$server; kvload $values_at load $2 $value_bytes" 120
}

# Operations of a "KVLOAD" line, or nothing when it did not pass.
operations() { sed -n 's/^KVLOAD .*ops=\([0-9]*\) .* bad=0 PASS$/\1/p'; }

# The time that 99 of 100 of them took at most, in microseconds.
microseconds() { sed -n 's/^KVLOAD .*p99_us=\([0-9]*\) .*/\1/p'; }

# run_all KEYS SECONDS GUEST...: sets $total, and $p99 to that of the slowest guest; fails when a value
# was wrong
run_all() {
	local keys=$1 seconds=$2 name line ops us jobs=()
	shift 2
	total=0 p99=0
	for name in "$@"; do
		guest_run_bg "$name" "kvload $values_at run $keys $value_bytes $seconds ${#jobs[@]}" \
			$((seconds * 4 + 60))
		jobs+=("$guest_job")
	done
	for name in "$@"; do
		line=$(guest_wait "$name" "${jobs[0]}")
		ops=$(operations <<<"$line")
		[ -n "$ops" ] || { echo "guest $name: no verified result: $line"; return 1; }
		total=$((total + ops))
		us=$(microseconds <<<"$line")
		p99=$((us > p99 ? us : p99))
		jobs=("${jobs[@]:1}")
	done
}
