#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The demo, inside the virtual host; see demo beside this file.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib/vhost.sh
. "$here/../lib/vhost.sh"

guests_all="red green blue"
mib=256 keys=40000 rows=20000 seconds=30
pool=/sys/fs/pagepact/demo
start=$SECONDS

fail() {
	echo "demo: FAILED: $*"
	exit 1
}

say() { printf '[%3d s] %s\n' $((SECONDS - start)) "$*"; }
stat_of() { cat "$pool/$1"; }
mib_of() { echo $(($1 >> 20)); }

# One row: what guests see, what the host pays, what happened since the last row.
row() {
	local resident compressed stored evictions restores
	resident=$(stat_of resident) compressed=$(stat_of compressed) stored=$(stat_of stored)
	evictions=$(stat_of evictions) restores=$(stat_of restores)
	printf '%6d s %11d %10d %12d %10d %11d %11d\n' $((SECONDS - start)) \
		"$(mib_of $((resident + stored)))" "$(mib_of "$resident")" \
		"$(mib_of "$compressed")" "$(mib_of $((resident + compressed)))" \
		$((evictions - last_evictions)) $((restores - last_restores))
	last_evictions=$evictions last_restores=$restores
}

boot() {
	local name
	for name in $guests_all; do
		guest_start "$name" $mib "/pool/demo/$name"
	done
	for name in $guests_all; do
		guest_wait_ready "$name" 120 || fail "guest $name does not boot"
	done
	say "three guests of $mib MiB are up: Debian $(uname -r | cut -d- -f1) below, QEMU $(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')"
}

# Every guest fills its memory with values in a key-value server.
fill() {
	local name jobs=()
	for name in $guests_all; do
		guest_run_bg "$name" "valkey-server --save '' --port 0 --unixsocket /run/kv \
			--daemonize yes --dir /tmp >/dev/null; kvload /run/kv load $keys 1024" 200
		jobs+=("$guest_job")
	done
	for name in $guests_all; do
		guest_wait "$name" "${jobs[0]}" | grep -q PASS || fail "guest $name: loading values"
		jobs=("${jobs[@]:1}")
	done
	used=$(stat_of resident)
	say "guests are filled: they use $(mib_of "$used") MiB of host memory"
}

work() {
	local name job
	jobs=()
	for name in $guests_all; do
		guest_run_bg "$name" "kvload /run/kv run $keys 1024 $seconds" $((seconds * 4 + 60))
		jobs+=("$name:values:$guest_job")
		guest_run_bg "$name" "sqlload.sh /tmp/bank.db $rows $seconds" $((seconds * 4 + 60))
		jobs+=("$name:transactions:$guest_job")
		guest_run_bg "$name" "memverify -m 16 -t $seconds -d /dev/vdc" $((seconds * 4 + 60))
		jobs+=("$name:pages:$guest_job")
	done
	last_evictions=$(stat_of evictions) last_restores=$(stat_of restores)
	printf '\n%8s %11s %10s %12s %10s %11s %11s\n' time "guests use" resident compressed \
		"host pays" evictions restores
	printf '%8s %11s %10s %12s %10s %11s %11s\n' "" MiB MiB MiB MiB pages pages
	for job in "${jobs[@]}"; do
		until [ -e "$guests/${job%%:*}/jobs/${job##*:}.status" ]; do
			guest_alive "${job%%:*}" || fail "guest ${job%%:*} died"
			pause 3
			row
		done
	done
	echo
}

verify() {
	local job name rest result
	for job in "${jobs[@]}"; do
		name=${job%%:*} rest=${job#*:}
		result=$(guest_wait "$name" "${rest#*:}" | grep -E '^(KVLOAD|SQLLOAD|MEMVERIFY)')
		printf '  %-6s %-13s %s\n' "$name" "${rest%%:*}" "$result"
		[[ $result == *bad=0\ PASS ]] || fail "guest $name: ${rest%%:*} not verified"
	done
}

summary() {
	local resident compressed stored zero clean evictions
	resident=$(stat_of resident) compressed=$(stat_of compressed) stored=$(stat_of stored)
	evictions=$(stat_of evictions) zero=$(stat_of evict_zero) clean=$(stat_of evict_clean)
	cat <<-END

	Guests hold $(mib_of $((resident + stored))) MiB; the host pays $(mib_of $((resident + compressed + $(stat_of metadata)))) MiB for it:
	  resident $(mib_of "$resident") MiB, compressed $(mib_of "$compressed") MiB, records $(($(stat_of metadata) >> 10)) KiB
	Saved: $(mib_of $((stored - compressed))) MiB by compression, $((zero * 4 / 1024)) MiB of zero pages given back on the way
	Evictions: $evictions, of which $clean cost nothing (a good copy was kept), $zero were zeros;
	restores: $(stat_of restores); pages touched in time while standby: $(stat_of rescues)
	All data verified: every value, every transaction, every page, in all three guests.
	END
}

# shellcheck disable=SC2119 # no parameters for the module
pp_load || fail "the module does not load"
pp_mount demo /pool "huge=${HUGE:-first-touch}" || fail "no pool"
mkdir /pool/demo
boot
fill
echo $((used / 2)) >"$pool/limit" || fail "limit"
say "the pool is limited to half of that, $(mib_of "$(stat_of limit)") MiB; work begins"
work
verify
summary
/repo/build/chroot/tools/pagepact status
if [ -n "${KEEP:-}" ]; then
	echo "The guests run on. Look around: pagepact status, pagepact top, pagepact tune;"
	echo "guest_run red 'free -m'. Leave with \"exit\"."
	# The prompt has the harness's functions, but it does not clean up, nor end by Ctrl-C.
	PATH=/repo/build/chroot/tools:$PATH \
		bash --rcfile <(echo '. /repo/selftests/lib/vhost.sh; trap - EXIT INT TERM') -i
fi
for name in $guests_all; do
	guest_stop "$name" >/dev/null
done
guest_kill_all
pp_umount /pool
say "done"
