# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Results of a test, in the kernel's form of TAP.

ktap_planned=
ktap_count=0
ktap_failed=0

ktap_plan() {
	ktap_planned=$1
	printf 'KTAP version 1\n1..%s\n' "$1"
}

# diag TEXT...: a comment in the log
diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

ok() { printf 'ok %d %s\n' $((++ktap_count)) "$*"; }

not_ok() {
	((++ktap_failed))
	printf 'not ok %d %s\n' $((++ktap_count)) "$*"
}

# skip DESCRIPTION REASON
skip() { printf 'ok %d %s # SKIP %s\n' $((++ktap_count)) "$1" "$2"; }

# skip_all REASON: the whole test cannot run here
skip_all() {
	printf 'KTAP version 1\n1..0 # SKIP %s\n' "$*"
	ktap_planned=0
	exit 4
}

# check DESCRIPTION COMMAND...: ok if the command succeeds; else its output is
# shown and the function fails, so that "check ... || exit" ends the test
check() {
	local description=$1 output status
	shift
	output=$("$@" 2>&1)
	status=$?
	if [ $status = 0 ]; then
		ok "$description"
		return 0
	fi
	not_ok "$description"
	diag "status $status of: $*"
	[ -z "$output" ] || diag "$output"
	return 1
}

# check_that DESCRIPTION EXPRESSION: an arithmetic one; shows it when false
check_that() {
	if (($2)); then
		ok "$1"
		return 0
	fi
	not_ok "$1"
	diag "false: $2"
	return 1
}

# check_fails DESCRIPTION COMMAND...: ok if it does not succeed
check_fails() {
	local description=$1
	shift
	if ! "$@" >/dev/null 2>&1; then
		ok "$description"
		return 0
	fi
	not_ok "$description"
	diag "succeeded: $*"
	return 1
}
