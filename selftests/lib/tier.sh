# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Devices of the pool "vms". Sourced after pool.sh.

# add_tier PATH: a device or file
add_tier() { (exec 9<>"$1" && echo 9 >"$pool/tiers/add"); }

# plain PATH SIZE REGION...: how many pages of these regions stand as they are among the first SIZE
# MiB of a device, of those that were looked for; of use with pages that do not compress
plain() {
	dd if="$1" of=/run/tier bs=1M count="$2" iflag=direct status=none || return
	perl -e '
		open(my $f, "<", shift) or die; local $/; my $there = <$f>; my $n = 0;
		for (@ARGV) {
			open(my $region, "<", $_) or die;
			for (my $page = 0; $page < (-s $region) / 4096; $page += 300) {
				sysseek($region, $page * 4096, 0);
				sysread($region, my $bytes, 16) == 16 or die;
				$n++ if index($there, $bytes) >= 0;
			}
		}
		print $n' /run/tier "${@:3}"
	rm /run/tier
}

# tier NUMBER FILE: its value
tier() { echo "$(<"$pool/tiers/$1/$2")"; }

# tier_counters NUMBER: all of them, for the log
tier_counters() {
	local file
	for file in "$pool/tiers/$1"/*; do
		printf '%s=%s ' "${file##*/}" "$(<"$file")"
	done
	echo
}

# unused NUMBER: no page is there
unused() { [ "$(tier "$1" pages) $(tier "$1" used)" = "0 0" ]; }

# writes_ended NUMBER: nothing was written for half a second
writes_ended() {
	local before
	before=$(tier "$1" written_bytes)
	pause 0.5
	[ "$(tier "$1" written_bytes)" = "$before" ]
}

# same_io NUMBER WRITTEN READ: no byte was written or read since
same_io() {
	[ "$(tier "$1" written_bytes) $(tier "$1" read_bytes)" = "$2 $3" ] && return
	tier_counters "$1"
	return 1
}

# all_four ACTION...: regions a to d, one after the other
all_four() {
	local name bad=0
	for name in a b c d; do
		"$regionctl" "/pool/dom/$name" "$@" || bad=1
	done
	return $bad
}
