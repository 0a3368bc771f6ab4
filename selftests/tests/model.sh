# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Random operations on a region, against a model; see selftests/model/model.h. First the checker
# itself: ordinary memory must pass, and memory that somebody else writes to must not.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

list=/out/$PP_TEST.list
memmodel() { "$progs/memmodel" --list "$list" --scratch /scratch/memmodel "$@"; }

# passes DESCRIPTION ARGUMENTS...: shows seed and operations of those that pass as well
passes() {
	local description=$1 output
	shift
	if output=$(memmodel "$@" 2>&1); then
		ok "$description"
	else
		not_ok "$description"
	fi
	diag "$output"
}

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

ktap_plan 21

diag "-- the checker"
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

diag "-- a region"
pool_begin ""
mkdir /sys/fs/cgroup/memmodel
echo $$ >/sys/fs/cgroup/memmodel/cgroup.procs
passes "a known seed, in lock-step" --seed 1 --seconds 5 --minimize "$region"
passes "another one, in lock-step" --seconds 5 --minimize "$region"
passes "a known seed, all at once" --seed 1 --seconds 5 --threads 3 "$region"
passes "another one, all at once" --seconds 5 --threads 3 "$region"
knob huge always-try
# What is pinned, locked, or ends inside of it, is no huge frame for long.
# Longer where everything is slower, so that enough of them come.
passes "huge frames come and go" --seconds $((8 * timescale)) --size 6291456 \
	--without pin,mlock,truncate,odd_size,limit,knob --minimize "$region"
echo $$ >/sys/fs/cgroup/cgroup.procs
rmdir /sys/fs/cgroup/memmodel
diag "$(counters faults rescues restores notifies copies_dropped evictions evict_clean)"
diag "$(counters evict_zero evict_same evict_raw incompressible busy punched stalls aged)"
diag "$(counters huge_faults huge_misfit huge_no_entry huge_limit huge_no_memory regroups)"
diag "$(counters shatters shatter_sparse shatter_tough shatter_hot shatter_cold)"
check_that "pages came and went" "$(value evictions) > 2000 && $(value restores) > 1000"
check_that "clean ones, empty ones, and all the others" \
	"$(value evict_clean) > 10 && $(value evict_zero) > 10 && $(value evict_same) > 10 && $(value evict_raw) > 10"
check_that "copies were dropped, pages rescued, held and given back" \
	"$(value copies_dropped) > 10 && $(value rescues) > 10 && $(value busy) > 10 && $(value punched) > 100"
# How many come in the place of small ones (regroups) is left to chance, and may be none.
check_that "huge frames came and ended" "$(value huge_faults) > 10 && $(value shatters) > 10"
check_that "no page was refused" "$(value memory_errors) == 0"
check "all was given back" all_given_back
