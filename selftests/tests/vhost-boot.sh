# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The virtual host is what the other tests think it is.
# shellcheck source=../lib/vhost.sh
. "$(dirname "$0")/../lib/vhost.sh"

ktap_plan 9
check "kernel is ${PP_KERNEL:?}" grep -q "^$PP_KERNEL\|-$PP_KERNEL\$" <<<"$krel"
check "KVM is there" test -c /dev/kvm -a -d /sys/module/kvm_amd
check "nested paging is on" grep -q '[Y1]' /sys/module/kvm_amd/parameters/npt
# By the wall clock. CPU time counts only where neighbours kept the machine busy, or the boot itself
# did: one that waits for something is slow.
diag "boot took ${PP_BOOT_SECONDS:?} s, ${PP_BOOT_CPU_SECONDS:?} s of CPU time," \
	"machine busy: ${PP_BOOT_BUSY:?}"
wall=${PP_BOOT_SECONDS%.*} cpu=${PP_BOOT_CPU_SECONDS%.*} limit=$((30 * timescale))
check_that "booted in less than 30 s" \
	"wall < limit || ((PP_BOOT_BUSY || 2 * cpu >= wall) && cpu < limit)"
# Else the emulator mixes up guest and host.
not_on_first() { ! grep '^Cpus_allowed_list:[[:space:]]*0' /proc/self/status; }
check "what runs here keeps off CPU 0" not_on_first
check_that "two CPUs are left for it" "$(nproc) == 2"
check "memory control groups are there" grep -qw memory /sys/fs/cgroup/cgroup.controllers
check "scratch disk is mounted" findmnt -n /scratch
tools_exist() {
	local tool
	for tool in qemu-system-x86_64 socat jq strace fio sqlite3 "$progs/memverify"; do
		command -v "$tool" >/dev/null || { echo "no $tool"; return 1; }
	done
}
check "tools exist" tools_exist
