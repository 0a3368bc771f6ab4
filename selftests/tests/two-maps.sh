# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A region mapped twice, mapped and read, spliced, compared.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

ktap_plan 46
pool_begin policy=random,spare=0,huge=off
relay "$progs/twomaps" "$pool" "$region"
check_that "counters: evictions, restores, copies dropped" \
	"$(value evictions) > 200 && $(value restores) > 100 && $(value copies_dropped) > 0"
diag "$(counters evictions restores copies_dropped hole_reads hole_writes busy)"

diag "-- ordinary tools"
head -c 4194304 /dev/urandom >/tmp/random
truncate -s 4M /pool/dom/two
check "dd into a region" dd if=/tmp/random of=/pool/dom/two bs=100003 conv=notrunc status=none
reclaim 16M
check "cmp after eviction" cmp /tmp/random /pool/dom/two
check "cat in one go" cmp /tmp/random <(cat /pool/dom/two)
truncate -s 4M /pool/dom/three
check "from region to region" dd if=/pool/dom/two of=/pool/dom/three bs=64k conv=notrunc status=none
check "they are equal" cmp /pool/dom/two /pool/dom/three
losetup_and_compare() {
	local loop
	modprobe loop
	loop=$(losetup -f --show /pool/dom/two) || return 1
	cmp /tmp/random "$loop" && dd if=/dev/zero of="$loop" bs=1M count=1 conv=fsync status=none
	losetup -d "$loop"
	cmp -n 1048576 /dev/zero /pool/dom/two && cmp -i 1048576 /tmp/random /pool/dom/two
}
check "a loop device on a region" losetup_and_compare
rm /pool/dom/*
check "all was given back" all_given_back
