# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Every knob does what it says and reads back what was written.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
two=/pool/dom/two

reads_back() {
	local name value want
	while read -r name value want; do
		echo "$value" >"$pool/$name" || return 1
		[ "$(value "$name")" = "${want:-$value}" ] ||
			{ echo "$name: wrote $value, reads $(value "$name")"; return 1; }
		grep -qE "[, ]$name=${want:-$value}[, ]" /proc/mounts ||
			{ echo "$name=$value: /proc/mounts says $(grep pagepact /proc/mounts)"; return 1; }
	done <<-END
		limit 1G 1073741824
		limit 5000 8192
		limit 0
		size 2T 2199023255552
		size 0
		nr_inodes 77
		nr_inodes 0
		nr_inodes 16384
		region_limit 64M 67108864
		region_limit 0
		store_limit 3M 3145728
		store_limit 0
		compressor zstd
		compressor lz4
		policy random
		policy clock
		evict 0
		evict 1
		keep_copies 0
		keep_copies 1
		detect_same 0
		detect_same 1
		share_slots 0
		share_slots 1
		raw_early 0
		raw_early 1
		encrypt 0
		encrypt 1
		shrinker 0
		shrinker 1
		shrink_step 2m 2097152
		shrink_step 1048576
		age_interval_ms 5000
		age_interval_ms 0
		demote_ms 0
		demote_ms 86400000
		demote_ms 600000
		commit relaxed
		commit strict
		alarm 0
		alarm 90
		stall_ms 500
		stall_ms 10000
		spare 8K 8192
		huge first-touch
		huge always-try
		huge off
		huge_zeros 4000 4096
		huge_zeros 524288
		huge_hot 0
		huge_hot 1
		huge_tough 0
		huge_tough 1
	END
}

statfs_is() { [ "$(stat -f -c '%S %b %f %a' /pool)" = "4096 $1 $2 $2" ]; }
stored_some() { (($(value stored) > 0)); }
aged_some() { (($(value standby) > 4 * mib && $(value aged) > aged)); }

ktap_plan 41
pool_begin "limit=512M,policy=random,compressor=zstd,stall_ms=77,huge=off"
check "mount options are the knobs" grep -q 'limit=536870912,.*compressor=zstd,policy=random,.*stall_ms=77,huge=off' /proc/mounts
check "every knob reads back, and in /proc/mounts" reads_back
knob spare 0

diag "-- sizes"
check "statfs without a size says zero" statfs_is 0 0
knob size 64M
"$regionctl" "$region" size=16M fill=text:1
check "statfs: size, less what is promised" statfs_is 16384 12288
check_that "promised" "$(value promised) == 16 * mib"
check_that "blocks of the file" "$(stat -c %b "$region") == 32768"
knob size 0

diag "-- limits"
knob limit 8M
check_that "lowering the limit evicts at once" "$(value resident) <= 8 * mib && $(value evictions) >= 2048"
check_that "blocks of the file do not change" "$(stat -c %b "$region") == 32768"
check "bytes are right" "$regionctl" "$region" verify=text:1
check_that "the limit holds" "$(value resident) <= 8 * mib"
knob limit 0
knob region_limit 4M
"$regionctl" $two size=16M fill=text:2
check_that "region_limit is a new region's limit" "$(pp_region_stat $two limit) == 4 * mib && $(pp_region_stat $two resident) <= 4 * mib"
"$regionctl" "$region" read
check_that "it is not an older region's" "$(pp_region_stat "$region" limit) == 0 && $(pp_region_stat "$region" resident) == 16 * mib"
pp_region_set $two limit 2M
check_that "lowering a region's limit evicts at once" "$(pp_region_stat $two resident) <= 2 * mib && $(pp_region_stat "$region" resident) == 16 * mib"
check "bytes are right" "$regionctl" $two verify=text:2
pp_region_set $two limit 0
rm $two

diag "-- spare frames"
spares() { echo $(($(value resident) + $(value stored) - 16 * mib)); }
knob spare 1M
pp_region_set "$region" limit 4M
# Not a multiple of the batch that such a fault evicts: none would be left over.
"$regionctl" "$region" only=0:4080 read
ready=$(spares)
check_that "a fault at the limit keeps some ready" "ready > 4096 && ready <= mib"
knob spare 4K
check_that "lowering spare gives them back" "$(spares) <= 4096"
knob spare 0
pp_region_set "$region" limit 0
"$regionctl" $two size=16M fill=text:2
before=$(pp_region_stat "$region" evictions)
pp_region_set $two reclaim 1M
check_that "a region's reclaim leaves others alone" "$(pp_region_stat "$region" evictions) == before"
rm $two
check "the region's directory is gone" test "$(find "$pool/regions" -mindepth 1 -maxdepth 1 | wc -l)" = 1

diag "-- switches"
evictions=$(value evictions)
knob evict 0
reclaim 8M
check_that "evict=0 stops eviction" "$(value evictions) == evictions"
check "reclaim says so" fails_with "temporarily unavailable" bash -c "echo 1M >$pool/reclaim"
knob evict 1
check "reclaim of less than there is succeeds" knob reclaim 1M
check_that "it evicted exactly that" "$(value evictions) == evictions + 256"

diag "-- codecs"
reclaim 16M
knob compressor lz4
"$regionctl" "$region" only=0:1000 fill=text:4
reclaim 4M
check "pages of both codecs are readable" "$regionctl" "$region" only=0:1000 verify=text:4 only=1000:3096 verify=text:1
knob policy clock
"$regionctl" "$region" only=0:4096 fill=text:5
reclaim 16M
lz4=$(value compressed)
"$regionctl" "$region" only=0:4096 fill=text:5
knob compressor zstd
reclaim 16M
diag "compressed: lz4 $lz4, zstd $(value compressed)"
check_that "lz4 and zstd compress to less than half" "lz4 < 8 * mib && $(value compressed) < 8 * mib && lz4 > 0"
check "bytes are right" "$regionctl" "$region" verify=text:5
knob compressor lz4

diag "-- ageing for statistics"
# Pressure evicts what ageing only looks at; the host may have been about to.
knob shrinker 0
pause 0.3
aged=$(value aged)
knob age_interval_ms 300
knob age_interval_ms 0
pause 0.6
check_that "a pass that was due is not made after age_interval_ms=0" "$(value aged) == $aged"
evictions=$(value evictions)
knob age_interval_ms 50
check "pages become standby" wait_until 5 aged_some
check_that "none is evicted" "$(value evictions) == $evictions && $(value aged) > $aged"
knob age_interval_ms 0
knob shrinker 1
pause 0.3
rescues=$(value rescues)
check "standby pages are right" "$regionctl" "$region" verify=text:5
check_that "touching them is a rescue" "$(value rescues) > rescues && $(value restores) > 0"

diag "-- huge frames"
# Each process maps the region anew: where a mapping has small entries, there is none.
"$regionctl" $two size=4M fill=text:6
check_that "huge=off: none" "$(pp_region_stat $two huge_resident) == 0"
knob huge first-touch
check_that "what exists stays as it is" "$(pp_region_stat $two huge_resident) == 0"
"$regionctl" $two remove fill=text:6
check_that "huge=first-touch: for each block of 2 MiB" "$(pp_region_stat $two huge_resident) == 4 * mib"
knob huge off
check_that "huge=off lets those stay that exist" "$(pp_region_stat $two huge_resident) == 4 * mib"
check "a region does as its pool" test "$(pp_region_stat $two huge)" = pool
pp_region_set $two huge first-touch
"$regionctl" $two remove fill=text:6
check_that "and has none against its pool" "$(pp_region_stat $two huge_resident) == 0"
knob huge first-touch
pp_region_set $two huge off
"$regionctl" $two remove fill=text:6
check_that "but may do without alone" "$(pp_region_stat $two huge_resident) == 0"
check "its file reads back" test "$(pp_region_stat $two huge)" = off
knob huge off
rm $two

diag "-- remount"
remount_sets() {
	mount -o remount,limit=4M /pool || return 1
	[ "$(value limit)" = $((4 * mib)) ] || { echo "accepted, but limit is $(value limit)"; return 1; }
}
check "remount sets a knob" remount_sets
knob limit 0

diag "-- counters only grow, also while a region goes"
"$regionctl" $two size=64M fill=zero
watch_counter() {
	local old=0 now n
	rm $two &
	for ((n = 0; n < 200; n++)); do
		now=$(<$pool/faults)
		((now >= old)) || { echo "faults fell from $old to $now"; wait; return 1; }
		old=$now
	done
	wait
}
check "faults never falls" watch_counter
rm "$region"
check "all was given back" all_given_back
