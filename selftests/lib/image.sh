# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What boots: an initramfs per kernel for the virtual host and for guests, the guests' kernels
# unpacked, their root image, and the payload disk that carries programs into guests.

# Modules without which the next step of a boot cannot be reached.
image_host_modules=(virtio_pci netfs 9pnet_virtio 9p overlay virtio_blk)
image_guest_modules=(virtio_mmio virtio_pci virtio_blk erofs)

image_guest_root() {
	printf '%s/guest-%s-%s.erofs\n' "$cache" "$(tree_key)" "$(hash_of "$lists/image.sh")"
}

# image_initramfs KREL NAME FILE... -- MODULE...: runs inside the chroot. Files
# "a=b" put repository file a at /b. Not compressed: emulated CPUs are slow,
# copying is not. Modules are unpacked for the same reason.
image_initramfs() {
	local krel=$1 out=$2 work
	shift 2
	work=$(mktemp -d)
	mkdir -p "$work/bin" "$work/modules"
	cp /bin/busybox "$work/bin/"
	while [ "$1" != -- ]; do
		cp "${1%%=*}" "$work/${1#*=}"
		shift
	done
	shift
	: >"$work/order"
	[ $# = 0 ] || image_modules "$krel" "$work" "$@" >"$work/order"
	mv "$work/order" "$work/modules/order"
	(cd "$work" && find . | cpio --quiet -o -H newc -R 0:0) >"$out.tmp"
	# QEMU puts it at the end of a microvm's memory, in whole pages, and the ACPI tables to the end
	# of that memory, in the same page: it must end near that page's beginning.
	truncate -s $((($(stat -c %s "$out.tmp") + 3583) / 4096 * 4096 + 512)) "$out.tmp"
	mv "$out.tmp" "$out"
}

# image_modules KREL DIR MODULE...: unpacks them and what they need, and prints the order
image_modules() {
	local krel=$1 work=$2 file module
	shift 2
	modprobe -S "$krel" --show-depends -a "$@" | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
		while read -r file; do
			module=${file##*/}
			module=${module%.xz}
			case $file in
			*.xz) xz -dc "$file" ;;
			*) cat "$file" ;;
			esac >"$work/modules/$module"
			printf '%s\n' "$module"
		done
}

# image_vmlinux KREL OUT: what is packed into a bzImage, whose header says where (the kernel's
# Documentation/arch/x86/boot.rst); behind it are four bytes of its length
image_vmlinux() {
	local image=/boot/vmlinuz-$1 out=$2 sectors offset length
	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$image")
	read -r offset length < <(od -An -tu4 -j $((0x248)) -N 8 "$image")
	length=$((length - 4))
	head -c $(((sectors + 1) * 512 + offset + length)) "$image" | tail -c $length |
		zstd -dqfo "$out.tmp"
	mv "$out.tmp" "$out"
}

# Inside the chroot too, from the tree's own files.
image_guest_build() {
	local out=$1
	mkfs.erofs --quiet --all-root -T0 \
		--exclude-regex='^(boot|repo|out|proc|sys|dev|tmp|run|pp|var|root)/.' \
		--exclude-regex='^usr/(include|src|games|libexec)/.' \
		--exclude-regex='^usr/share/(qemu|seabios|doc|man|locale|zoneinfo|vim|bash-completion|X11)/' \
		--exclude-regex='^usr/lib/(gcc|qemu|python3.*|linux-kbuild.*|udev)/' \
		--exclude-regex='^usr/lib/modules/[^/]*/kernel/(drivers/(net|gpu|media|scsi|usb|iio|infiniband|staging|hwmon|input)|sound)/' \
		--exclude-regex='lib(LLVM|gallium|z3|clang|asan|tsan|lsan|ubsan|icudata)[^/]*$' \
		--exclude-regex='^usr/bin/(qemu|x86_64-linux-gnu|lto|perf|python).*$' \
		"$out.tmp" /
	mv "$out.tmp" "$out"
}

image_guest_ensure() {
	local file
	file=$(image_guest_root)
	if [ -f "$file" ]; then
		touch "$file"
		return
	fi
	# Not those that another checkout may be using.
	find "$cache" -maxdepth 1 -name 'guest-*.erofs*' -mtime +14 -delete
	say "building the guests' root image"
	chroot_run /repo/selftests/vhost _guest_image "/out/${file##*/}" >"$cache/guest.log" 2>&1 ||
		die "mkfs.erofs failed: see $cache/guest.log"
}

# Rebuilt when what goes into them changed.
image_boot_ensure() {
	local short release key
	key=$(tree_key)-$(hash_of "$lists/image.sh" "$selftests/init/"*)
	[ "$(cat "$outputs/boot/key" 2>/dev/null)" != "$key" ] || return 0
	mkdir -p "$outputs/boot"
	rm -f "$outputs/boot/key"
	# Nothing of the debug kernel is a module.
	chroot_run /repo/selftests/vhost _initramfs - /repo/build/chroot/boot/host-debug.cpio \
		selftests/init/initramfs=init --
	for short in "${kernels[@]}"; do
		release=$(krel "$short")
		chroot_run /repo/selftests/vhost _initramfs "$release" \
			"/repo/build/chroot/boot/host-$short.cpio" \
			selftests/init/initramfs=init -- "${image_host_modules[@]}"
		chroot_run /repo/selftests/vhost _initramfs "$release" \
			"/repo/build/chroot/boot/guest-$short.cpio" \
			selftests/init/guest-initramfs=init selftests/init/guest=guest \
			-- "${image_guest_modules[@]}"
		chroot_run /repo/selftests/vhost _vmlinux "$release" \
			"/repo/build/chroot/boot/vmlinux-$short"
	done
	printf '%s\n' "$key" >"$outputs/boot/key"
}
