# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest on a pool does what guests do; nothing is evicted here.
. "$(dirname "$0")/../lib/vhost.sh"
. "$(dirname "$0")/../lib/pool.sh"

sql="create table t(a integer primary key, b text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
insert into t select i, hex(randomblob(40)) from n;
create index i on t(b); delete from t where a % 3 = 0; vacuum;
pragma integrity_check; select count(*) from t;"
# shellcheck disable=SC2016 # for the guest's shell
valkey='valkey-server --save "" --daemonize yes --dir /tmp >/dev/null
	until valkey-cli ping >/dev/null 2>&1; do sleep 0.2; done
	i=0; while [ $i -lt 3000 ]; do echo "set key:$i value:$i:$i"; i=$((i+1)); done | valkey-cli >/tmp/set
	i=0; while [ $i -lt 3000 ]; do echo "get key:$i"; i=$((i+1)); done | valkey-cli >/tmp/got
	i=0; while [ $i -lt 3000 ]; do echo "value:$i:$i"; i=$((i+1)); done | cmp - /tmp/got && grep -c OK /tmp/set
	valkey-cli shutdown nosave'
fio='fio --name=v --filename=/dev/vdc --direct=1 --rw=randwrite --bs=16k --size=8m --verify=crc32c --ioengine=libaio --iodepth=4 --minimal'

ktap_plan 9
pool_begin ""
GUEST_MACHINE=pc guest_start one 160 "$region"
check "guest boots" guest_wait_ready one 90 || exit
output=$(guest_run one "sqlite3 /tmp/db \"${sql//$'\n'/ }\"" 60)
check "sqlite: integrity and count" test "$output" = $'ok\n2000'
output=$(guest_run one "${valkey//$'\n'/;}" 60)
check "valkey: 3000 values come back" test "$output" = 3000
check "stress-ng verifies" guest_run one 'cd /tmp; stress-ng --vm 1 --vm-bytes 24M --verify -t 5s 2>&1' 60
check "memtester" guest_run one 'memtester 2M 1 >/dev/null' 90
check "fio verifies" guest_run one "$fio" 60
check_that "the pool has its memory, in huge frames" \
	"$(value huge_resident) > 80 * 1048576 && $(value faults) < 1000"
diag "$(counters resident huge_resident faults huge_faults hole_reads hole_writes notifies)"
check "guest powers off" guest_stop one
rm "$region"
check "all was given back" all_given_back
