# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Building the project for the virtual host, inside the root tree.

# Modules of one kernel; the top Makefile knows how.
build_modules() {
	local release
	release=$(krel "$1")
	say "building modules for $release"
	chroot_run make --no-print-directory modules "KDIR=$(kernel_build_dir "$1")"
}

build_tools() {
	chroot_run make --no-print-directory tools BUILD=build/chroot
}

build_programs() {
	chroot_run make -k --no-print-directory -C selftests O=../build/chroot
}

# The disk that brings programs into guests, as /pp.
build_payload() {
	local dir=$outputs/payload
	rm -rf "$dir"
	mkdir -p "$dir"
	cp "$outputs/progs/"* "$dir/"
	chroot_run mkfs.erofs --quiet --all-root -T0 build/chroot/guest.erofs.tmp \
		build/chroot/payload >/dev/null
	mv "$outputs/guest.erofs.tmp" "$outputs/guest.erofs"
}

# build_all [KERNEL...]
build_all() {
	local short status=0
	[ -d "$(tree_path)" ] || die "no root tree: run selftests/vhost setup"
	mkdir -p "$outputs"
	for short in "${@:-${kernels[@]}}"; do
		[ "$short" != debug ] || with_lock kernel kernel_ensure
		build_modules "$short"
	done
	build_tools
	# A program that does not compile must not keep the others from guests.
	build_programs || status=1
	build_payload
	with_lock tree image_boot_ensure
	return $status
}

# What booting needs.
build_ready() {
	[ -d "$(tree_path)" ] || die "no root tree: run selftests/vhost setup"
	[ -f "$outputs/guest.erofs" ] || die "nothing built: run selftests/vhost build"
	with_lock tree image_boot_ensure
	with_lock tree image_guest_ensure
}
