# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Runs of the memory model checker (selftests/model).

list=/out/$PP_TEST.list
memmodel() { "$progs/memmodel" --list "$list" --scratch /scratch/memmodel "$@"; }

# passes DESCRIPTION ARGUMENTS...: shows seed and operations of those that pass as well
passes() {
	local description=$1 output
	shift
	if output=$(memmodel "$@" 2>&1); then
		ok "$description"
	else
		not_ok "$description"
	fi
	diag "$output"
}
