#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# SQLite transactions for a number of seconds, each batch closed by a check of sums that the
# transactions keep constant; at the end PRAGMA integrity_check. Runs in a guest.
# usage: sqlload.sh DATABASE ROWS SECONDS
# Prints "SQLLOAD rows=R transactions=N bad=B PASS|FAIL".
db=$1 rows=$2 seconds=$3
bad=0 batches=0 per_batch=20
sqlite3 "$db" "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;
	CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER, note TEXT);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
	INSERT INTO account SELECT i, 1000, printf('account %d opened at branch %d', i, i % 97)
		|| hex(randomblob(100)) FROM n;" >/dev/null || bad=1
read -r up _ </proc/uptime
end=$((${up%.*} + seconds))
while [ "${up%.*}" -lt "$end" ]; do
	batches=$((batches + 1))
	# Transfers between random accounts: the sum of all balances never changes.
	sum=$(i=0; {
		echo "PRAGMA synchronous=OFF;"
		while [ $i -lt $per_batch ]; do
			i=$((i + 1))
			echo "BEGIN; CREATE TEMP TABLE t AS SELECT abs(random()) % $rows + 1 AS a,
				abs(random()) % $rows + 1 AS b;
			UPDATE account SET balance = balance - 7 WHERE id = (SELECT a FROM t);
			UPDATE account SET balance = balance + 7 WHERE id = (SELECT b FROM t);
			DROP TABLE t; COMMIT;"
		done
		echo "SELECT sum(balance) FROM account;"
	} | sqlite3 "$db")
	[ "$sum" = $((rows * 1000)) ] || bad=$((bad + 1))
	read -r up _ </proc/uptime
done
[ "$(sqlite3 "$db" 'PRAGMA integrity_check')" = ok ] || bad=$((bad + 1))
verdict=PASS
[ $bad = 0 ] || verdict=FAIL
echo "SQLLOAD rows=$rows transactions=$((batches * per_batch)) bad=$bad $verdict"
[ $bad = 0 ]
