# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The debug kernel: Debian's kernel sources with debug.config, built in the root tree. It lives in
# the cache under the hash of its recipe (kernel_build, the fragment, sources and compiler):
#   bzImage, release   what boots, and its name
#   build/             what modules are built against
#   root/              /lib/modules/RELEASE, a lower layer of the virtual host's root

kernel_source=linux-source-6.12

kernel_key() {
	{
		declare -f kernel_build kernel_config_holds
		grep '^CONFIG' "$lists/debug.config"
		dpkg-query --admindir="$(tree_path)/var/lib/dpkg" -W "$kernel_source" gcc-14
	} | hash_of -
}

kernel_path() { printf '%s/kernel-%s\n' "$cache" "$(kernel_key)"; }

# Called under the lock.
kernel_ensure() {
	local path tmp log=$cache/kernel.log start
	path=$(kernel_path)
	if [ -d "$path" ]; then
		touch "$path"
		return
	fi
	start=$(now)
	# Not what another checkout may be using: whoever does, touches it.
	find "$cache" -maxdepth 1 -name 'kernel-*' -type d -mtime +14 -exec rm -rf {} +
	rm -rf --one-file-system "$cache"/new.kernel.*
	tmp=$(mktemp -d "$cache/new.kernel.XXXXXX")
	say "building the debug kernel (5 to 15 minutes on two processors, log in $log)"
	if ! chroot_run /repo/selftests/vhost _kernel_build "/out/${tmp##*/}" >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		die "the debug kernel could not be built: see $log"
	fi
	rm -rf "$tmp/source"
	chmod 755 "$tmp"
	mv -T "$tmp" "$path"
	say "debug kernel ready after $(since "$start") s: $path"
}

# Every line of the fragment must hold in the finished configuration: Kconfig drops silently
# what depends on something that is not there.
kernel_config_holds() {
	local line missing=0
	while read -r line; do
		case $line in
		*=n) ! grep -q "^${line%=n}=" .config || { echo "set after all: $line"; missing=1; } ;;
		CONFIG_*) grep -qxF "$line" .config || { echo "not possible: $line"; missing=1; } ;;
		esac
	done <"$1"
	return $missing
}

# Inside the chroot.
kernel_build() {
	local out=$1 fragment=/repo/selftests/lib/debug.config
	mkdir "$out/source"
	cd "$out/source" || return
	tar --strip-components=1 -xf "/usr/src/$kernel_source.tar.xz" || return
	make -s tinyconfig || return
	scripts/kconfig/merge_config.sh -m .config "$fragment" || return
	make -s olddefconfig || return
	kernel_config_holds "$fragment" || return
	make -s -j"$(nproc)" bzImage modules || return
	make -s run-command \
		KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build $out/build" || return
	make -s modules_install INSTALL_MOD_PATH="$out/root" || return
	rm -f "$out"/root/lib/modules/*/build
	cp arch/x86/boot/bzImage "$out/"
	make -s kernelrelease >"$out/release"
}
