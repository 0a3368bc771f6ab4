# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest on ordinary shared memory, without the module: the reference, and the
# test of the guest harness itself.
# shellcheck source=../lib/vhost.sh
. "$(dirname "$0")/../lib/vhost.sh"

valkey='valkey-server --save "" --daemonize yes --dir /tmp >/dev/null
	until valkey-cli ping >/dev/null 2>&1; do sleep 0.2; done
	valkey-cli set key value; valkey-cli get key; valkey-cli shutdown nosave'
sql='create table t(a); insert into t values (20),(22); select sum(a) from t;'

ktap_plan 8
guest_start one 160 memfd
check "guest boots" guest_wait_ready one || exit 1
diag "guest was ready after $(<"$guests/one/ready") (its own clock, kernel)"
status_is() { guest_run one "exit $1"; [ $? = "$1" ]; }
check "status comes back" status_is 3
output=$(guest_run one 'memverify -m 48 -t 5 -d /dev/vdc')
diag "$output"
check "memory verifies under direct I/O" grep -q 'dio=[1-9].* bad=0 PASS' <<<"$output"
check "sqlite answers" test "$(guest_run one "sqlite3 /tmp/db '$sql'")" = 42
check "valkey answers" grep -qx value <<<"$(guest_run one "${valkey//$'\n'/;}")"
guest_run_bg one 'sleep 1; event slept; sleep 1; echo done'
check "event arrives" guest_wait_event one slept
check "background job answers" test "$(guest_wait one "$guest_job")" = "done"
check "guest powers off" guest_stop one
