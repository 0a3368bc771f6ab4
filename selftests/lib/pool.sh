# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests of the module inside the virtual host: one pool "vms" at /pool
# with the domain "dom". Sourced after vhost.sh.

pool=/sys/fs/pagepact/vms
region=/pool/dom/one
regionctl=$progs/regionctl

# pool_begin [MOUNT-OPTIONS]: a test that is in the list as NAME-small as well has no huge frames
# as that
pool_begin() {
	local options=${1:-}
	[[ ${PP_TEST:-} != *-small ]] || options+=${options:+,}huge=off
	dmesg --clear
	if ! pp_load || ! pp_mount vms /pool "$options" || ! mkdir /pool/dom; then
		diag "no pool: $(dmesg | tail -n 5)"
		exit 1
	fi
}

# value NAME: of the pool
value() { echo "$(<"$pool/$1")"; }

# set NAME VALUE: quietly, with the status of the write
knob() { { echo "$2" >"$pool/$1"; } 2>/dev/null; }

# reclaim BYTES: less than that is fine
reclaim() { knob reclaim "$1" || :; }

# settle: before memory is compared. KASAN keeps freed objects for a while, up to a 32nd of the
# memory, and lets a cache's go when that is shrunk.
settle() {
	local cache
	sync
	echo 3 >/proc/sys/vm/drop_caches
	if [ "${PP_KERNEL:-}" = debug ]; then
		for cache in /sys/kernel/slab/*/shrink; do
			echo 1 >"$cache"
		done
	fi
	pause 0.5
}

gauges='resident standby stored compressed slots slots_saved metadata promised'

gauges_are_zero() {
	local gauge
	for gauge in $gauges; do
		[ "$(value "$gauge")" = 0 ] || return 1
	done
}

show_gauges() {
	local gauge
	for gauge in $gauges; do
		printf '%s=%s ' "$gauge" "$(value "$gauge")"
	done
	echo
}

# Nothing of a region is left. Frames freed by others may take a moment.
all_given_back() {
	wait_until 5 gauges_are_zero && return
	show_gauges
	return 1
}

# counters NAME...: "name=value ..." for the log
counters() {
	local name
	for name in "$@"; do
		printf '%s=%s ' "$name" "$(value "$name")"
	done
	echo
}

# fails_with MESSAGE COMMAND...: succeeds when the command fails with that message
fails_with() {
	local want=$1 output
	shift
	if output=$("$@" 2>&1); then
		echo "it succeeded"
		return 1
	fi
	grep -qF "$want" <<<"$output" || { echo "$output"; return 1; }
}

# logged PATTERN: a line of the module in the kernel log
logged() { dmesg | grep -qE "pagepact: .*($1)"; }

# relay PROGRAM...: its "ok"/"not ok" lines become results, others comments
relay() {
	local line
	while IFS= read -r line; do
		case $line in
		'ok '*) ok "${line#ok }" ;;
		'not ok '*) not_ok "${line#not ok }" ;;
		*) diag "$line" ;;
		esac
	done < <("$@" 2>&1; echo "status $?")
}

# stopped PID: it has stopped itself (verb "stop" of regionctl)
stopped() { [[ $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) = T ]]; }
