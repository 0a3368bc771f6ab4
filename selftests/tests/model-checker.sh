# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The checker that "model" uses, see selftests/model/model.h, on ordinary memory: that must pass, and
# memory that somebody else writes to must not.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/model.sh"

# Spoils one byte of a page again and again, whenever that page is not empty.
corrupt() {
	perl -e 'open(my $up, ">", "/run/corrupter");
	while (1) {
		open(my $f, "+<", $ARGV[0]) or next;
		sysseek($f, $ARGV[1], 0); sysread($f, my $page, 4096) or next;
		next if $page =~ /^\0*$/;
		sysseek($f, $ARGV[1] + 77, 0); syswrite($f, "\xa5");
		select(undef, undef, undef, 0.002);
	}' "$1" "$2" &
	corrupter=$!
	disown
	wait_until 20 test -e /run/corrupter
}

# Enough to do after the page was written, so that somebody can spoil it.
spoiled_list() {
	local n
	echo "memmodel seed=1 pages=256 workers=2"
	for ((n = 0; n < 60; n++)); do
		echo "$((n % 2)) write slot=0 page=$((70 + n)) pages=1 version=8"
		echo "$((n % 2)) read slot=0 page=$((n * 4)) pages=4"
	done
	for ((n = 0; n < 60; n++)); do
		echo "$((n % 2)) verify slot=0"
	done
}

fails_again() {
	memmodel --replay "$list.min" /dev/shm/model
	[ $? = 1 ]
}

operations() { grep -c '^[0-9]' "$1"; }

ktap_plan 10
passes "ordinary memory, in lock-step" --seed 1 --seconds 3 memfd
passes "ordinary memory, all at once" --seed 1 --seconds 3 --threads 3 memfd
passes "anonymous memory" --seed 1 --seconds 2 anon
spoiled_list >/run/spoiled
check "a list of operations that are right" memmodel --replay /run/spoiled /dev/shm/model
corrupt /dev/shm/model $((100 * 4096))
output=$(memmodel --replay /run/spoiled --minimize=15 /dev/shm/model 2>&1)
check_that "one byte that somebody spoils is found" "$? == 1"
diag "$output"
check "and the page is named" grep -q '^failure: page 100 .* 1 bytes wrong, 77 to 77; .* a5' <<<"$output"
check_that "a list of few operations is left" "$(operations "$list.min") <= 10"
check "with the one that wrote the page" grep -q 'write slot=0 page=100 ' "$list.min"
check "it fails again" wait_until 20 fails_again
kill $corrupter
check "but not when nobody spoils the memory" memmodel --replay "$list.min" /dev/shm/model
rm -f "$list" "$list.min" /run/spoiled /run/corrupter
