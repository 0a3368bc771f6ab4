#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# readahead: requests that a disk answers while a guest reads a file of 128 MiB again, from its first
# byte to its last, that was evicted. The file is in its tmpfs and does not compress. Peer: a guest
# on a memfd, swapped to an equal disk, a request for each page; with the kernel's read-ahead of
# swap (page-cluster 3) in a note.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/disk.sh"

mib=128
setup_disks

# one SIDE PAGE-CLUSTER: sets $requests
one() {
	local sum before
	echo "$2" >/proc/sys/vm/page-cluster
	disk_guest "$1" 256
	sum=$(guest_run a "mount -t tmpfs -o size=160m none /tmp && dd if=/dev/urandom of=/tmp/file \
		bs=1M count=$mib 2>/dev/null && cp /etc/passwd /tmp/small && md5sum /tmp/file" 300) || exit 1
	evict "$1" 24
	# What a guest needs to read any file comes back before.
	guest_run a 'md5sum /tmp/small' 60 || exit 1
	before=$(reads "$1")
	[ "$(guest_run a 'md5sum /tmp/file' 300)" = "$sum" ] || { echo "$1: wrong bytes"; exit 1; }
	requests=$(($(reads "$1") - before))
	disk_guest_stop
}

for round in 1 2 3; do
	for side in $(order $round); do
		one "$side" 0
		sample "$side" $requests
	done
done
grep -H . "$pool"/tiers/0/{reads,read_bytes,writes,written_bytes}
one peer 3
echo "PEER memfd swapped to an equal disk, page-cluster 0"
echo "NOTE $((mib << 8)) pages; the peer with page-cluster 3 takes $requests requests"
pp_umount /pool
