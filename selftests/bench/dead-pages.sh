#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dead-pages: a guest writes half of its memory, which is evicted, frees it, and writes as much again.
# The guest tells what it frees by free page reporting, of single pages too. Ours: pages that it got
# for that, as its kernel tells afterwards, that were fetched from the store or went to it since they
# were freed, as pagepact's tracepoint tells. Peer: all requests to the disk of a guest on a memfd,
# swapped to an equal disk, as QEMU makes it without being asked for reporting; with reporting in a
# note, as are all requests of ours.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/disk.sh"

mib=96
tracing=/sys/kernel/tracing
setup_disks
all=
balloon="-device $(guest_device balloon),free-page-reporting=on"
# Blocks of 2 MiB only is what a guest reports by itself; of the rest nobody tells the host.
finest=/sys/module/page_reporting/parameters/page_reporting_order
echo 16384 >$tracing/buffer_size_kb

# one SIDE QEMU-ARGUMENT...: sets $requests, and with ours $touched
one() {
	local before side=$1
	shift
	disk_guest "$side" 192 "$@"
	guest_run a "echo 0 >$finest; modprobe virtio_balloon; mount -t tmpfs -o size=128m none /tmp && \
		dd if=/dev/urandom of=/tmp/file bs=1M count=$mib 2>/dev/null" 300 || exit 1
	evict "$side" 24
	# Reports come two seconds later. What else is needed to write a file comes back before.
	guest_run a "rm /tmp/file; sleep 6; dd if=/dev/urandom of=/tmp/x bs=1M count=1 2>/dev/null; \
		rm /tmp/x" 60 || exit 1
	before=$(($(reads "$side") + $(writes "$side")))
	echo >$tracing/trace
	echo 1 >$tracing/events/pagepact/pagepact_home/enable
	guest_run a "dd if=/dev/urandom of=/tmp/file bs=1M count=$mib 2>/dev/null" 300 || exit 1
	echo 0 >$tracing/events/pagepact/pagepact_home/enable
	requests=$(($(reads "$side") + $(writes "$side") - before))
	[ "$side" = peer ] || count_touched
	disk_guest_stop
}

# The guest's memory starts at the region's first page.
count_touched() {
	if grep -H 'overrun: [^0]' $tracing/per_cpu/cpu*/stats; then
		echo "the trace is not complete"
		exit 1
	fi
	guest_run a 'pfns /tmp/file' 120 >/run/pfns || exit 1
	grep -o 'page [0-9]* .* by [a-z]*' $tracing/trace >/run/homes
	touched=$(awk 'NF == 2 { for (page = $1; page <= $2; page++) ours[page]; next }
		!($2 in ours) { others += $3 == "stored"; next }
		{ seen++ }
		$3 == "stored" { reads++ }
		$5 == "stored" { writes++ }
		END {
			print length(ours) " pages, " seen " traced, " reads + 0 " fetched, " writes + 0 \
				" stored; " others + 0 " of others fetched" >"/dev/stderr"
			if (length(ours) == 0 || seen < length(ours) / 2)
				exit 1
			print reads + writes + 0
		}' /run/pfns /run/homes) || { echo "the trace does not fit the pages"; exit 1; }
}

for round in 1 2 3; do
	for side in $(order $round); do
		if [ "$side" = ours ]; then
			# shellcheck disable=SC2086 # two words
			one ours $balloon
			all="$all${all:+, }$requests"
			sample ours "$touched"
		else
			one peer
			sample peer $requests
		fi
	done
done
grep -H . "$pool"/{punched,dead_stored,dead_far,restores} "$pool"/tiers/0/{reads,writes,trimmed_bytes}
# shellcheck disable=SC2086
one peer $balloon
echo "PEER memfd swapped to an equal disk, without free page reporting; all requests"
echo "NOTE $((mib << 8)) pages are freed and reused, page_reporting_order is 0; all requests of ours, for whatever else the guest needs: $all; of the peer with reporting: $requests"
pp_umount /pool
