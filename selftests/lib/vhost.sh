# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests inside the virtual host: the module, pools. KTAP is in ktap.sh,
# guests are in guest.sh; this file brings both along. What a test started, mounted or
# loaded through these functions is undone when it exits.

repo=${PAGEPACT_REPO:-/repo}
progs=$repo/build/chroot/progs
krel=$(uname -r)
timescale=${TIMESCALE:-1}

# --- waiting ----------------------------------------------------------------

exec {pp_tick}<> <(:)

# pause SECONDS: sleep without a process
pause() { read -r -t "$1" -u "$pp_tick" || :; }

# wait_until SECONDS COMMAND...: fails when the time (scaled) is over
wait_until() {
	local end=$((SECONDS + $1 * timescale))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		pause 0.1
	done
}

# Answers of a monitor without echo, prompt and greeting.
monitor_text() {
	tr -d '\r' | sed -e '/\x1b/d' -e 's/^(qemu) *//' -e '/^QEMU .* monitor/d' -e '/^$/d'
}

# --- module and pools -------------------------------------------------------

pp_module=$repo/build/$krel/pagepact.ko
pp_mounts=()

pp_loaded() { [ -d /sys/module/pagepact ]; }

# pp_load [PARAMETER=VALUE...]
pp_load() {
	local needs
	[ -f "$pp_module" ] || skip_all "no module for $krel: run selftests/vhost build"
	needs=$(modinfo -F depends "$pp_module" | tr ',' ' ')
	# shellcheck disable=SC2086 # a list
	[ -z "$needs" ] || modprobe -a $needs || return
	insmod "$pp_module" "$@"
}

pp_unload() { rmmod pagepact; }

# pp_mount POOL DIR [OPTIONS]
pp_mount() {
	mkdir -p "$2"
	mount -t pagepact ${3:+-o "$3"} "$1" "$2" && pp_mounts+=("$2")
}

# pp_umount DIR
pp_umount() {
	local dir kept=()
	umount "$1" || return
	for dir in "${pp_mounts[@]}"; do
		[ "$dir" = "$1" ] || kept+=("$dir")
	done
	pp_mounts=("${kept[@]}")
}

# pp_region PATH: directory with the values of the region at PATH
pp_region() {
	printf '/sys/fs/pagepact/%s/regions/%s\n' \
		"$(findmnt -n -o SOURCE -T "$1")" "$(stat -c %i "$1")"
}

# pp_region_stat PATH FILE
pp_region_stat() { cat "$(pp_region "$1")/$2"; }

# pp_region_set PATH FILE VALUE
pp_region_set() { printf '%s\n' "$3" >"$(pp_region "$1")/$2"; }

# --- the end ----------------------------------------------------------------

pp_cleanup() {
	local status=$? dir n
	trap - EXIT
	guest_kill_all
	for ((n = ${#pp_mounts[@]} - 1; n >= 0; n--)); do
		dir=${pp_mounts[n]}
		umount "$dir" || umount -l "$dir"
	done
	! pp_loaded || pp_unload || status=1
	# Benchmarks and the demo are no tests and plan nothing.
	if [ -n "${PP_TEST:-}" ] && [ "$ktap_count" != "$ktap_planned" ]; then
		diag "ended after $ktap_count of ${ktap_planned:-?} results"
		[ "$status" != 0 ] || status=1
	fi
	[ "$ktap_failed" = 0 ] || status=1
	exit "$status"
}
trap pp_cleanup EXIT
trap 'exit 143' TERM INT

# shellcheck source=guest.sh
. "$(dirname "${BASH_SOURCE[0]}")/guest.sh"
# shellcheck source=ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
