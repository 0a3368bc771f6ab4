#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# slow-device: operations a second of guests with half of their memory and a slow device; see slow.sh.
. "$(dirname "$0")/slow.sh"

slow_bench 'total / seconds'
