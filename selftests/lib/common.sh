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

# The kernels under test, by the short names that users and lists know: Debian's, and the one that
# kernel.sh builds.
kernels=(6.12 7.2)
kernels_all=("${kernels[@]}" debug)

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

# kernel_build_dir SHORT: what its modules are built against, as seen in the root tree
kernel_build_dir() {
	case $1 in
	debug) printf '/out/%s/build\n' "$(basename "$(kernel_path)")" ;;
	*) printf '/lib/modules/%s/build\n' "$(krel "$1")" ;;
	esac
}

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

# krel SHORT: full release of a kernel, such as 6.12.1-amd64
krel() {
	local dir
	if [ "$1" = debug ]; then
		cat "$(kernel_path)/release" 2>/dev/null ||
			die "the debug kernel is not built: run selftests/vhost setup debug"
		return
	fi
	for dir in "$(tree_path)/lib/modules/$1"[.+]*; do
		[ -d "$dir/build/" ] || [ -L "$dir/build" ] || continue
		printf '%s\n' "${dir##*/}"
		return
	done
	die "the root tree has no kernel $1: known are ${kernels_all[*]}; run selftests/vhost setup"
}
