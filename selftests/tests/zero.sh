# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What costs nothing: pages of zeros, pages of one word, holes, kept copies; and
# what costs more: incompressible pages.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

mib=$((1 << 20))
pages=2048	# of 8 MiB

# evict_all: until nothing but spare frames is resident
evict_all() { reclaim 64M; reclaim 64M; }

ktap_plan 32
pool_begin spare=0,huge=off,commit=relaxed
diag "-- zeros"
"$regionctl" "$region" size=8M fill=zero
check_that "a region of zeros is resident" "$(value resident) == 8 * mib"
evict_all
check_that "all were evicted as zeros" "$(value evict_zero) == pages && $(value evictions) == pages"
check_that "they cost nothing" "$(value resident) + $(value stored) + $(value compressed) == 0"
"$regionctl" "$region" times=3 read verify=zero pverify=zero || not_ok "zeros read wrong"
check_that "reading holes gives out no memory" "$(value resident) == 0 && $(value hole_reads) >= pages"
"$regionctl" "$region" fill=text:1 verify=text:1
check_that "holes written get frames" "$(value hole_writes) == 2 * pages && $(value resident) == 8 * mib"
rm "$region"

diag "-- one word"
"$regionctl" "$region" size=8M fill=same:3
evict_all
check_that "all were evicted as one word" "$(value evict_same) == pages && $(value stored) == 8 * mib"
check_that "their bytes cost nothing" "$(value compressed) == 0"
check "they read right" "$regionctl" "$region" pverify=same:3 verify=same:3
rm "$region"

diag "-- without detection"
knob detect_same 0
same=$(value evict_same) zero=$(value evict_zero)
"$regionctl" "$region" size=8M fill=same:3 only=0:100 fill=zero
evict_all
check_that "nothing was detected" "$(value evict_same) == same && $(value evict_zero) == zero"
check_that "they were compressed" "$(value stored) == 8 * mib && $(value compressed) > 0"
check "they read right, zeros too" "$regionctl" "$region" only=0:100 verify=zero only=100:1948 verify=same:3
rm "$region"
knob detect_same 1

diag "-- incompressible"
"$regionctl" "$region" size=8M only=0:1024 fill=random:5 only=1024:1024 fill=text:5
raw=$(value evict_raw)
reclaim 2M
reclaim 1M
check_that "compressible pages went first" "$(value evict_raw) == raw && $(value stored) == 3 * mib"
check_that "incompressible ones were passed over" "$(value incompressible) > 0"
evict_all
check_that "when needed they are stored raw" "$(value evict_raw) == raw + 1024 && $(value stored) == 8 * mib"
check_that "raw pages cost what they are" "$(value compressed) >= 4 * mib && $(value compressed) < 7 * mib"
check "they read right" "$regionctl" "$region" only=0:1024 verify=random:5 only=1024:1024 verify=text:5
check_that "no raw copy is kept of what came back" "$(value stored) == 0 && $(value compressed) < 4 * mib"
rm "$region"

diag "-- incompressible and cold"
# use_text: a limit of 6 MiB, 4 MiB that nobody uses, and 4 that are used again and again
use_text() {
	"$regionctl" "$region" size=8M only=0:1024 fill=random:6 only=1024:1024 fill=text:6
	knob limit 6M
	raw=$(value evict_raw)
	"$regionctl" "$region" only=1024:1024 times=6 verify=text:6
	knob limit 0
}
knob raw_early 0
use_text
late=$(($(value evict_raw) - raw))
check_that "raw_early=0: it stays, at least most of it" "late < 256"
rm "$region"
knob raw_early 1
use_text
check_that "it leaves memory to what is used" "$(value evict_raw) - raw > late + 256"
check "all reads right" "$regionctl" "$region" only=0:1024 verify=random:6 only=1024:1024 verify=text:6
rm "$region"

diag "-- zeros behind a full store"
zero=$(value evict_zero)
knob store_limit 64K
# In each block pages that the store refuses stand before the zeros.
verbs='' good=''
for n in 0 512 1024 1536; do
	verbs+="only=$n:256 fill=text:6 only=$((n + 256)):256 fill=zero "
	good+="only=$n:256 verify=text:6 only=$((n + 256)):256 verify=zero "
done
# shellcheck disable=SC2086 # words
"$regionctl" "$region" size=8M $verbs
evict_all
check_that "are evicted all the same" "$(value evict_zero) == zero + 1024 && $(value store_full) > 0"
# shellcheck disable=SC2086 # words
check "all of it reads right" "$regionctl" "$region" $good
knob store_limit 0
rm "$region"

diag "-- kept copies"
clean=$(value evict_clean) dropped=$(value copies_dropped)
"$regionctl" "$region" size=8M fill=text:7
evict_all
bytes=$(value compressed)
check "restored by reading" "$regionctl" "$region" verify=text:7
check_that "copies are kept" "$(value stored) == 0 && $(value compressed) == bytes"
evict_all
check_that "they are used again" "$(value evict_clean) == clean + pages"
"$regionctl" "$region" verify=text:7 only=0:500 fill=text:8
check_that "a write drops the copy" "$(value copies_dropped) == dropped + 500"
evict_all
check_that "only unwritten pages were clean" "$(value evict_clean) == clean + pages + 1548"
check "old and new bytes are right" "$regionctl" "$region" only=0:500 verify=text:8 only=500:1548 verify=text:7
evict_all
knob keep_copies 0
clean=$(value evict_clean)
"$regionctl" "$region" read
check_that "switched off no copy is kept" "$(value compressed) == 0"
evict_all
check_that "and none is used" "$(value evict_clean) == clean"
check "bytes are right" "$regionctl" "$region" only=0:500 verify=text:8 only=500:1548 verify=text:7
rm "$region"
check "all was given back" all_given_back
