# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the harness takes for a complaint of the kernel, and what for the emulator's own fault: made
# up logs, each in the one and just beside it.
set -o pipefail
here=$(dirname "$0")
# shellcheck source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
# shellcheck source=../lib/scan.sh
. "$here/../lib/scan.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"; exit $((ktap_failed > 0))' EXIT

# log LINE...: a kernel log, one second a line
log() {
	local n=0 line
	for line; do
		printf '[%5d.000000] %s\r\n' $((++n)) "$line"
	done >"$work/log"
}

# page RIP WORD...: a page of frames pushed by exceptions at one address, with more words after each
page() {
	local n i frame rip=$1 distance=$(($# + 4)) words=()
	shift
	for ((n = 0; n < 512; n++)); do
		((i = n % distance, frame = 0xffa0000000a58000 + (n - i + 5) * 8)) || :
		case $i in
		0) words+=("$rip") ;;
		1) words+=(0x10) ;;
		2) words+=(0x46) ;;
		3) words+=("$frame") ;;
		4) words+=(0x18) ;;
		*) words+=("${@:i - 4:1}") ;;
		esac
	done
	# shellcheck disable=SC2059 # made of numbers
	printf "$(printf '%016x' "${words[@]}" | sed -E 's/.{16}/&\n/g' |
		sed -E 's/(..)(..)(..)(..)(..)(..)(..)(..)/\\x\8\\x\7\\x\6\\x\5\\x\4\\x\3\\x\2\\x\1/' |
		tr -d '\n')" >"$work/stack"
}

emulator() { scan_emulator "$work/log"; }

int3() {
	log "Oops: int3: 0000 [#1] SMP NOPTI" "RIP: 0010:$1" " ? kvm_vcpu_ioctl+0x271/0x9c0 [kvm]" \
		"${2:- ? do_syscall_64+0x9f/0x640}" "---[ end trace 0000000000000000 ]---"
}

# What the handlers leave between two frames.
between=(0xffffffff8217c57b 0 0 0 0 0 0xffffffff810012a6 0 0 0 0 0xffff8d410f531018 0 0 0 0 0
	0xffffffff81001948 0 0 0 0xffffffffffffffff)
nested() { page 0xffffffff8217c87d "${between[@]}"; }

ktap_plan 21

log "booted" "pagepact: pool vms: mounted"
check_fails "a quiet log is quiet" scan_log "$work/log"
log "booted" "WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1"
check "a warning is a complaint" scan_log "$work/log"
log "booted" "INFO: task qemu:1 blocked for more than 120 seconds."
check "a hung task is a complaint" scan_log "$work/log"

# slab CACHE COMMAND [MORE]: what the kernel prints when it cannot make a cache
slab() {
	log "__kmem_cache_create_args($1) failed with error -12" "CPU: 1 PID: 9 Comm: $2 Not tainted" \
		"Call Trace:" " <TASK>" " dump_stack_lvl+0x64/0x80" " </TASK>" "${3:-booted}"
}
complaint() { [ -n "$(scan_first "$work/log")" ]; }
slab pp_block failsweep
check_fails "a slab cache that failsweep made fail is none" complaint
slab pp_block insmod
check "that of anybody else is" complaint
slab pp_block failsweep "WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1"
check "and so is what comes after it" complaint

int3 "__schedule+0x1e0/0x1060"
check "int3 in __schedule is the emulator's" emulator
int3 "vcpu_run+0x1e0/0x1060 [kvm]"
check "int3 in KVM as well" emulator
int3 "vfs_read+0x1e0/0x1060"
check_fails "int3 anywhere else is not" emulator
int3 "__schedule+0x1e0/0x1060" " pp_fault+0x10/0x80 [pagepact]"
check_fails "int3 below a function of ours is not" emulator
log "BUG: unable to handle page fault" "Oops: int3: 0000 [#1] SMP NOPTI" "RIP: 0010:__schedule+0x1/0x2"
check_fails "int3 after another complaint is not" emulator

log "booted" "Kernel panic - not syncing: corrupted stack end detected inside scheduler"
check_fails "nor is a corrupted stack, whatever lies on it" emulator

faults() { scan_nested "$work/stack"; }
check_fails "no page shows no nested faults" faults
head -c 4096 /dev/zero >"$work/stack"
check_fails "nor does one that was cleared" faults
head -c 4096 /bin/sh >"$work/stack"
check_fails "nor one with other data" faults
nested
check "one full of them does" faults
head -c 4096 /bin/sh >>"$work/stack"
check "also as one of two" faults
page 0xffffffffc0500010 "${between[@]}"
check_fails "but not when a module faults" faults
page 0xffffffff8217c87d "${between[@]/0xffffffff81001948/0xffffffffa0001948}"
check_fails "nor when one is called in between" faults
page 0 "${between[@]}"
check_fails "nor without frames" faults
nested
dd if=/dev/urandom of="$work/stack" bs=1024 seek=1 count=2 conv=notrunc status=none
check_fails "nor when half of the page is something else" faults
