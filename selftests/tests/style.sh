# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Every static check.
printf 'KTAP version 1\n1..1\n'
if make -s --no-print-directory -C "$(dirname "$0")/../.." style 2>&1 | sed 's/^/# /'; (exit "${PIPESTATUS[0]}"); then
	echo "ok 1 make style"
else
	echo "not ok 1 make style"
fi
