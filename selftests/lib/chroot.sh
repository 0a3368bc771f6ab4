# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Commands inside the root tree: for building modules and programs with the
# compilers and headers they will meet. The tree is mounted read-only there,
# the repository read-write at /repo.

# chroot_run COMMAND...: namespaces end with the command, and so do its mounts
chroot_run() {
	local tree
	tree=$(tree_path)
	[ -d "$tree" ] || die "no root tree: run selftests/vhost setup"
	unshare --mount --propagation private --pid --fork --kill-child \
		"$selftests/vhost" _chroot "$tree" "$@"
}

# The part that runs in the new namespaces.
chroot_enter() {
	local tree=$1
	shift
	mount --bind "$tree" "$tree"
	mount -o remount,ro,bind "$tree"
	mount -t proc proc "$tree/proc"
	mount -t tmpfs -o mode=1777 tmpfs "$tree/tmp"
	mount --rbind /dev "$tree/dev"
	mount --bind "$repo" "$tree/repo"
	mount --bind "$cache" "$tree/out"
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C TERM=dumb \
		chroot "$tree" /bin/sh -c 'cd /repo && exec "$@"' sh "$@"
}
