# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest that boots, for boot-faults, boot-time and boot-time-thp: with 256 MiB, of the machine
# type that most have.

# boot NAME BACKEND: sets $took, milliseconds from the start of QEMU to the guest's agent
boot() {
	local begin end
	begin=$(date +%s%N)
	GUEST_MACHINE=pc guest_start "$1" 256 "$2"
	guest_wait_ready "$1" || exit 1
	end=$(stat -c %.9Y "$guests/$1/ready")
	took=$(awk -v b="$begin" -v e="$end" 'BEGIN { printf "%d", e * 1000 - b / 1000000 }')
	guest_kill "$1"
}

# boot_ours NAME MODE: in the pool, with huge=MODE; sets $faults as well
boot_ours() {
	local before
	echo "$2" >"$pool/huge"
	before=$(<"$pool/faults")
	boot "$1" "/pool/dom/$1"
	faults=$(($(<"$pool/faults") - before))
	rm "/pool/dom/$1"
}
