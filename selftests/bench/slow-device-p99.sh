#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# slow-device-p99: what 99 of 100 operations take at most, in the worse of the two guests of
# slow-device; see slow.sh.
. "$(dirname "$0")/slow.sh"

slow_bench p99
