# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Random operations on a region, against a model; see selftests/model/model.h.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"
. "$(dirname "$0")/../lib/tier.sh"
. "$(dirname "$0")/../lib/model.sh"

ktap_plan 16
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
passes "huge frames come and go" --seconds $((4 + 4 * timescale)) --size 6291456 \
	--without pin,mlock,truncate,odd_size,limit,knob --minimize "$region"
knob huge first-touch
# So small that what is stored seldom stays in memory.
knob store_limit 128K
truncate -s 64M /scratch/tier
check "a device" add_tier /scratch/tier
passes "with it, in lock-step" --seconds 5 --minimize "$region"
passes "with it, all at once" --seconds 5 --threads 3 "$region"
diag "$(tier_counters 0)"
check_that "pages went there, and came back" \
	"$(tier 0 written_bytes) > 256 << 10 && $(tier 0 reads) > 20"
check "nothing is left there" eval "echo 0 >$pool/tiers/remove"
rm /scratch/tier
knob store_limit 0
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
