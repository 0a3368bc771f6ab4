# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What must be refused, with which error, and what the log says where an errno
# alone does not tell what to do.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
long=$(printf 'p%.0s' {1..64})

# Every bad value of every knob is refused and changes nothing.
bad_values() {
	local name value values old now bad=0
	while read -r name values; do
		read -r old <"$pool/$name"
		for value in $values; do
			[ "$value" != empty ] || value=
			if knob "$name" "$value"; then
				echo "$name accepts '$value'"
				bad=1
			fi
			read -r now <"$pool/$name"
			[ "$now" = "$old" ] || { echo "'$value' changed $name from $old to $now"; bad=1; }
			[ "$now" = "$old" ] || knob "$name" "$old"
		done
	done
	return $bad
}
bytes='empty -1 +1 1Q 1KK 1K1 K 0x10 1.5G 99999999999999999999999 9999999999999999999 9007199254740993K 8796093022208M 8589934592G 8388608T'
all_values() {
	local name
	for name in limit size region_limit store_limit shrink_step spare huge_zeros; do
		echo "$name $bytes"
	done
	for name in evict keep_copies detect_same share_slots raw_early encrypt shrinker huge_hot huge_tough; do
		echo "$name empty -1 2 1Q 10 0junk nope yikes 99999999999999999999999"
	done
	echo "age_interval_ms empty -1 1Q 1K 99999999999999999999999 86400001"
	echo "demote_ms empty -1 1Q 1K 99999999999999999999999 86400001 999"
	echo "stall_ms empty -1 1Q 1K 99999999999999999999999 50001"
	echo "nr_inodes empty -1 1Q 1K 99999999999999999999999 9223372036854775808"
	echo "compressor empty LZ4 lz4x lzo 1"
	echo "policy empty Clock clockwise lru"
	echo "commit empty 0 1 Strict relax strictly"
	echo "alarm empty -1 1Q 1K 101 99999999999999999999999"
	echo "huge empty 0 1 Off offf first-touched always always-tries pool"
}
# The same of a region's file that takes a word.
bad_modes() {
	local value own bad=0
	touch "$region"
	own=$(pp_region "$region")/huge
	for value in "" 0 1 Off pools first-touched always; do
		if { echo "$value" >"$own"; } 2>/dev/null; then
			echo "a region's huge accepts '$value'"
			bad=1
		fi
		[ "$(<"$own")" = pool ] || { echo "'$value' changed it to $(<"$own")"; bad=1; }
	done
	rm "$region"
	return $bad
}
bad_options() {
	local option bad=0
	for option in nosuch=1 limit limit= limit=-1 limit=1Q size=99999999999999999999999 evict=2 evict= \
		policy=lru compressor=gzip huge=pool huge= stall_ms=1s mode=99 mode=10000 uid=x limit=$long$long; do
		if mount -t pagepact -o "$option" second /mnt 2>/dev/null; then
			echo "$option is accepted"
			umount /mnt
			bad=1
		fi
	done
	return $bad
}
bad_names() {
	local name bad=0
	for name in "" . .. .x a/b "a b" $'a\nb' "$long" ä 'a!b'; do
		if mount -t pagepact "$name" /mnt 2>/dev/null; then
			echo "'$name' is accepted"
			umount /mnt
			bad=1
		fi
	done
	return $bad
}

ktap_plan 116
pool_begin huge=off,commit=relaxed
relay "$progs/badinput" "$pool" /pool
check "log: what to do about a private mapping" logged "private mapping refused.*share=on"
check "log: size not a multiple" logged "size .* refused: not a multiple"
check "log: no file in the root" logged "refused: regions live in domains; make a directory first"
rm -f /pool/dom/x
knob size 16M
check "more than the pool's size is ENOSPC" fails_with "No space" truncate -s 17M "$region"
check "log: what to do about it" logged "refused: .*raise size"
check "its size fits" truncate -s 16M "$region"
rm "$region"
knob size 0

knob nr_inodes 3
mkdir /pool/dom/sub
touch "$region"
check "more files than nr_inodes is ENOSPC" fails_with "No space" touch /pool/dom/more
check "so are more directories" fails_with "No space" mkdir /pool/more
check "log: what to do about it" logged "more refused: .*raise nr_inodes"
check "df knows" test "$(stat -f -c '%c %d' /pool)" = "3 0"
exec 3<"$region"
rm "$region"
check "an open file without a name counts" fails_with "No space" touch "$region"
exec 3<&-
check "closed it does not" touch "$region"
rm -r "$region" /pool/dom/sub
knob nr_inodes 16384
check "what is gone does not count" test "$(stat -f -c '%c %d' /pool)" = "16384 16383"

diag "-- the largest regions"
largest=$((1 << 46))
check "64 TiB are a region" truncate -s $largest "$region"
check "and a second one" truncate -s $largest "$region.2"
check_that "their sum is right" "$(value promised) == 2 * largest"
check "more are EFBIG" fails_with "too large" truncate -s $((largest + 4096)) "$region"
rm "$region" "$region.2"

diag "-- values"
check "bad values are refused and change nothing" bad_values < <(all_values)
check "so are a region's" bad_modes
check "bad mount options are refused" bad_options
check "log: which" logged "mount option .* refused"
refused_whole() {
	! mount -o remount,limit=512M,spare=1M,policy=lru /pool 2>/dev/null &&
		[ "$(value limit)" = 0 ] && [ "$(value spare)" = 524288 ]
}
check "a remount with one bad option sets none" refused_whole
check "bad pool names are refused" bad_names
check "a name of 63 characters is good" pp_mount "${long:1}" /mnt
pp_umount /mnt
check "a pool's name is unique" fails_with "File exists" "$progs/badinput" mount vms /mnt
check "without a splat in the log" test -z "$(dmesg | grep -E 'Call Trace|cannot create duplicate')"
# Not by mount(8), which refuses users by itself; and by a copy that they may run.
install -m 755 "$progs/badinput" /run/badinput
check "a user may not mount" fails_with "Operation not permitted" setpriv --reuid=65534 \
	--regid=65534 --clear-groups --bounding-set=-all /run/badinput mount user /mnt
check "root of a user namespace may not" fails_with "permission denied" unshare -Urm mount -t pagepact user /mnt
check "nor may a user set knobs" fails_with "ermission denied" setpriv --reuid=65534 --regid=65534 --clear-groups \
	bash -c "echo 1M >$pool/limit"
check "a region with a bad reclaim" fails_with "nvalid" bash -c "echo junk >$pool/reclaim"

diag "-- store full"
"$regionctl" /pool/dom/calm size=2M fill=text:9
knob stall_ms 300
knob policy random
knob store_limit 1M
knob limit 6M
filled=$("$regionctl" "$region" size=16M fillbus=random:1 2>&1)
diag "$filled $(counters resident stored compressed stalls store_full memory_errors)"
filled=${filled#filled=}
check_that "a process that finds no frame gets SIGBUS" "filled > 256 && filled < 4096"
check_that "it is counted" "$(value memory_errors) >= 1 && $(value stalls) >= 1 && $(value store_full) >= 1"
check "log: which page, and what to do" logged "region [0-9]+: no frame for page $filled: .*raise limit or store_limit"
check_that "limits hold" "$(value resident) <= 6 * mib && $(value compressed) <= mib"
"$regionctl" "$region" only="0:$filled" verifybus=random:1 >/run/bus 2>&1
diag "verified meanwhile: $(tail -n 3 /run/bus)"
check "all of it can be read meanwhile, and is right: pages change places" \
	test "$(cat /run/bus)" = sigbus=0
# One process waits for new memory, and others go on.
knob stall_ms 50000
knob policy clock
stalls=$(value stalls)
"$regionctl" /pool/dom/hungry size=16M fillbus=random:3 >/run/hungry 2>&1 &
hungry=$!
waits() { (($(value stalls) > stalls)); }
check "a process waits for new memory" wait_until 20 waits
check "others read and write what they have meanwhile" \
	timeout 40 "$regionctl" "$region" only="0:$filled" fill=random:1 verify=random:1 \
	fill=random:1 verify=random:1
check "it waits still" kill -0 $hungry
diag "$(counters resident stored compressed stalls store_full memory_errors)"
check_that "limits hold still" "$(value resident) <= 6 * mib && $(value compressed) <= mib"
kill -KILL $hungry
wait $hungry 2>/dev/null
rm /pool/dom/hungry
knob limit 0
knob store_limit 0
check "with more room the very same pages read right" "$regionctl" "$region" only="0:$filled" verify=random:1
check "pages that were refused are zero" "$regionctl" "$region" only="$filled:10" verify=zero
check "the other region is right" "$regionctl" /pool/dom/calm verify=text:9
rm "$region" /pool/dom/calm

diag "-- random reclaim of a large, sparse region"
"$regionctl" /pool/dom/sparse size=64G only=0:512 fill=text:1 only=1048576:512 fill=text:1
reclaim 4M
reclaim 4M
check_that "all of it can be evicted" "$(value stored) >= 3 * mib + mib / 2"
check "and read" "$regionctl" /pool/dom/sparse only=0:512 verify=text:1 only=1048576:512 verify=text:1
rm /pool/dom/sparse
check "all was given back" all_given_back
