# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The virtual host is what the other tests think it is.
# shellcheck source=../lib/vhost.sh
. "$(dirname "$0")/../lib/vhost.sh"

ktap_plan 10
check "kernel is ${PP_KERNEL:?}" grep -q "^$PP_KERNEL\|-$PP_KERNEL\$" <<<"$krel"
check "KVM is there" test -c /dev/kvm -a -d /sys/module/kvm_amd
check "nested paging is on" grep -q '[Y1]' /sys/module/kvm_amd/parameters/npt
# A boot that waits for something takes longer than its CPU time, unless neighbours kept the machine
# busy. How fast the machine is, is no business of this test.
diag "boot took ${PP_BOOT_SECONDS:?} s, ${PP_BOOT_CPU_SECONDS:?} s of CPU time," \
	"machine busy: ${PP_BOOT_BUSY:?}"
wall=${PP_BOOT_SECONDS%.*} cpu=${PP_BOOT_CPU_SECONDS%.*} limit=$((60 * timescale))
check_that "it waited for nothing" \
	"(PP_BOOT_BUSY || 2 * wall < 3 * cpu + 10) && cpu < limit"
# Else the emulator mixes up guest and host.
not_on_first() { ! grep '^Cpus_allowed_list:[[:space:]]*0' /proc/self/status; }
check "what runs here keeps off CPU 0" not_on_first
check_that "two CPUs are left for it" "$(nproc) == 2"
check "memory control groups are there" grep -qw memory /sys/fs/cgroup/cgroup.controllers
check "scratch disk is mounted" findmnt -n /scratch
all_mounted() {
	local dir
	while read -r _ dir _; do
		mountpoint "$dir" || return
	done </run/fstab
}
check "and all that tests need" all_mounted
tools_exist() {
	local tool
	for tool in qemu-system-x86_64 socat jq strace fio sqlite3 "$progs/memverify"; do
		command -v "$tool" >/dev/null || { echo "no $tool"; return 1; }
	done
}
check "tools exist" tools_exist
