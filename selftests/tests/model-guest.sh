# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Random operations inside a guest, against a model, while its memory is evicted behind its back;
# see selftests/model/model.h.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

# under_eviction DESCRIPTION ARGUMENTS...: memmodel in the guest
under_eviction() {
	local description=$1 output status job
	shift
	guest_run_bg one "memmodel --scratch /dev/vdc --size $((16 << 20)) $*" 120
	job=$guest_job
	while [ ! -e "$guests/one/jobs/$job.status" ] && guest_alive one; do
		reclaim 1M
		pause 0.2
	done
	output=$(guest_wait one "$job")
	status=$?
	diag "$output"
	check_that "$description" "$status == 0"
}

ktap_plan 8
pool_begin ""
guest_start one 128 "$region"
check "guest boots" guest_wait_ready one 90 || exit

knob limit $((($(value resident) + $(value stored)) * 2 / 3))
under_eviction "anonymous memory, in lock-step" --seconds 6 anon
under_eviction "anonymous memory, all at once" --seconds 6 --threads 2 anon
knob policy random
under_eviction "a memfd, in lock-step" --seconds 6 memfd
under_eviction "a memfd, all at once" --seconds 6 --threads 2 memfd
diag "$(counters limit resident stored evictions restores rescues copies_dropped busy stalls)"
check_that "pages came and went" "$(value evictions) > 5000 && $(value restores) > 2000 && $(value memory_errors) == 0"
check "guest powers off" guest_stop one 60
rm "$region"
check "all was given back" all_given_back
