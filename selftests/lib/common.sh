# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Common to everything that runs on the machine outside: places, messages,
# locks. Sourced by selftests/vhost and selftests/run.

selftests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
repo=$(dirname "$selftests")
cache=$(realpath -m -- "${PAGEPACT_CACHE:-/var/cache/pagepact}")
outputs=$repo/build/chroot
lists=$selftests/lib

# The kernels under test, by the short names that users and lists know.
kernels=(6.12 7.2)

say() { printf '%s\n' "$*" >&2; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || die "needs root: run it with sudo"
}

# seconds since boot, with fraction: never jumps, unlike the wall clock
now() { local up; read -r up _ </proc/uptime; printf '%s\n' "$up"; }

since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }

# hash_of FILE...: what a cached thing was made from
hash_of() { cat -- "$@" | sha256sum | cut -c1-12; }

# with_lock NAME COMMAND...: one process at a time, bounded wait
with_lock() {
	local name=$1
	shift
	mkdir -p "$cache" || die "cannot make $cache: set PAGEPACT_CACHE to a writable place"
	(
		flock -w 1800 9 || die "another run has held $cache/$name.lock for 30 minutes"
		"$@"
	) 9>"$cache/$name.lock"
}

# krel SHORT: full release of a kernel in the root tree, such as 6.12.1-amd64
krel() {
	local dir
	for dir in "$(tree_path)/lib/modules/$1"[.+]*; do
		[ -d "$dir/build/" ] || [ -L "$dir/build" ] || continue
		printf '%s\n' "${dir##*/}"
		return
	done
	die "the root tree has no kernel $1: known are ${kernels[*]}; run selftests/vhost setup"
}
