# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The root tree: a Debian 13 with both kernels, compilers, QEMU and loads. The
# virtual host boots from it, guests get an image made from it, modules and
# programs are built in it. It lives in the cache under the hash of its recipe
# (this file and the packages) and is never changed once complete.

tree_release=trixie

tree_key() {
	{
		cat "$lists/tree.sh"
		tree_packages tree
		tree_packages kernel
	} | hash_of -
}
tree_path() { printf '%s\n' "$cache/tree-$(tree_key)"; }

tree_packages() {
	awk -v where="$1" '$1 == where { print $2 }' "$lists/packages.list"
}

# The machine's own Debian mirror, so that no address stands in any file.
tree_mirror() {
	local uri
	if [ -n "${MIRROR:-}" ]; then
		printf '%s\n' "$MIRROR"
		return
	fi
	# Without downloaded indexes apt cannot tell Debian from other sources.
	for _ in 1 2; do
		# shellcheck disable=SC2016 # apt fills them in
		uri=$(apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
			awk -F'|' '$1 == "Debian" { print $2; exit }')
		[ -n "$uri" ] && break
		apt-get -q update >&2 || break
	done
	[ -n "$uri" ] || die "apt knows no Debian mirror: set MIRROR=http://..."
	printf '%s\n' "$uri"
}

# Proxy as apt uses it; debootstrap and the apt inside know the variables.
tree_proxy() {
	local http https
	eval "$(apt-config shell http Acquire::http::Proxy https Acquire::https::Proxy)"
	[ -z "${http:-}" ] || export http_proxy=${http_proxy:-$http}
	[ -z "${https:-}" ] || export https_proxy=${https_proxy:-$https}
}

tree_install_machine() {
	local package missing=()
	for package in $(tree_packages machine); do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
			grep -q ' installed$' || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing on this machine: ${missing[*]}"
	if ! apt-get -q update >&2 ||
		! DEBIAN_FRONTEND=noninteractive apt-get -q -y \
			--no-install-recommends install "${missing[@]}" >&2; then
		die "apt cannot install: ${missing[*]}"
	fi
}

# The keyring that has Debian 13's key, wherever this Debian keeps it.
tree_keyring() {
	local file
	for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		[ -f "$file" ] || continue
		printf '%s\n' "$file"
		return
	done
	die "no archive keyring: install debian-archive-keyring"
}

# Smaller and faster: no documents, no fsync, no services, no initramfs.
tree_configure() {
	local tree=$1 mirror=$2
	cat >"$tree/etc/dpkg/dpkg.cfg.d/lean" <<-'END'
		force-unsafe-io
		path-exclude=/usr/share/doc/*
		path-exclude=/usr/share/man/*
		path-exclude=/usr/share/info/*
		path-exclude=/usr/share/locale/*
		path-exclude=/usr/lib/modules/*/kernel/drivers/gpu/*
		path-exclude=/usr/lib/modules/*/kernel/drivers/media/*
		path-exclude=/usr/lib/modules/*/kernel/drivers/net/wireless/*
		path-exclude=/usr/lib/modules/*/kernel/sound/*
	END
	printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
	chmod 755 "$tree/usr/sbin/policy-rc.d"
	printf 'deb %s %s main\n' "$mirror" "$tree_release" \
		"$mirror" "$tree_release-backports" >"$tree/etc/apt/sources.list"
	# The machine's own download settings; proxies come by the environment.
	apt-config dump | grep '^Acquire::' | grep -viE 'proxy|IndexTargets' \
		>"$tree/etc/apt/apt.conf.d/90machine" || true
	: >"$tree/etc/resolv.conf"
	: >"$tree/etc/hosts"
}

# Runs in its own mount and process namespace: whatever happens, mounts made
# here are gone when it ends.
tree_fill() {
	local tree=$1 mirror=$2 include='' file
	case $mirror in https:*) include=--include=ca-certificates ;; esac
	# shellcheck disable=SC2086 # empty means no option
	debootstrap --variant=minbase --keyring="$(tree_keyring)" $include \
		"$tree_release" "$tree" "$mirror" || return
	tree_configure "$tree" "$mirror"
	[ ! -e /etc/ssl/certs/ca-certificates.crt ] || [ -z "$include" ] ||
		cp -L /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"
	mount -t proc proc "$tree/proc"
	for file in /etc/resolv.conf /etc/hosts; do
		[ ! -e "$file" ] || mount --bind "$(realpath "$file")" "$tree$file"
	done
	tree_apt "$tree" update || return
	# shellcheck disable=SC2046 # a list of packages
	tree_apt "$tree" install $(tree_packages tree) || return
	# shellcheck disable=SC2046
	tree_apt "$tree" -t "$tree_release-backports" install $(tree_kernels "$tree") || return
	tree_scripts "$tree"
}

# Image and headers of the latest release of each kernel named by its first two numbers.
tree_kernels() {
	local tree=$1 short release
	for short in $(tree_packages kernel); do
		release=$(chroot "$tree" apt-cache pkgnames "linux-image-$short." |
			grep -E "^linux-image-${short//./\\.}\.[0-9]+\+deb13-amd64$" | sort -V | tail -n 1)
		[ -n "$release" ] || die "the backports have no kernel $short"
		printf 'linux-image-%s\nlinux-headers-%s\n' \
			"${release#linux-image-}" "${release#linux-image-}"
	done
}

# The kernel's own style checker; the sources stay packed, for the debug kernel.
tree_scripts() {
	local tree=$1 source
	source=$(echo "$tree"/usr/src/linux-source-*.tar.xz)
	mkdir -p "$tree/usr/lib/kernel-scripts"
	tar -C "$tree/usr/lib/kernel-scripts" --strip-components=2 --wildcards -xf "$source" \
		'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
		'*/scripts/const_structs.checkpatch'
}

tree_apt() {
	local tree=$1
	shift
	DEBIAN_FRONTEND=noninteractive LC_ALL=C INITRD=No chroot "$tree" \
		apt-get -q -y --no-install-recommends -o APT::Sandbox::User=root "$@"
}

tree_finish() {
	local tree=$1
	rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/* \
		"$tree/etc/apt/apt.conf.d/90machine" "$tree"/boot/initrd.img-*
	mkdir -p "$tree/repo" "$tree/out" "$tree/pp" "$tree/mnt"
	printf 'vhost\n' >"$tree/etc/hostname"
}

# Called under the lock.
tree_build() {
	local tree tmp mirror log=$cache/tree.log start
	tree=$(tree_path)
	[ ! -d "$tree" ] || return 0
	tree_install_machine
	mirror=$(tree_mirror) || exit
	tree_proxy
	start=$(now)
	# What an interrupted build left; nothing is mounted there any more,
	# because its mounts went away with its namespace.
	rm -rf --one-file-system "$cache"/tmp.*
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	chmod 755 "$tmp"
	say "building the root tree (a few minutes, log in $log)"
	if ! unshare --mount --propagation private --pid --fork --kill-child \
		"$selftests/vhost" _fill "$tmp" "$mirror" >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		die "the root tree could not be built from $mirror: see $log; MIRROR=http://... chooses another mirror"
	fi
	tree_finish "$tmp"
	mv -T "$tmp" "$tree"
	say "root tree ready after $(since "$start") s: $tree"
}
