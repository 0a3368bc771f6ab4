# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Coverage of the module by everything that ran, from GCOV. The virtual host leaves its counters in
# OUTDIR/gcov when it stops (selftests/init/host); they outlive the module. Here those of all boots
# are added up and printed. Needs machine.sh's kernels, tree.sh, chroot.sh.

# Share of the basic blocks that the whole suite must reach.
coverage_minimum=80

# coverage_collect KERNEL DIR...: the counters of these result directories, added, with the
# compiler's notes beside them, in build/selftests/KERNEL/gcov. Fails when there are none.
coverage_collect() {
	local kernel=$1 release sum from dir n=0
	shift
	release=$(krel "$kernel")
	sum=$repo/build/selftests/$kernel/gcov
	rm -rf "$sum" "$sum.new"
	for from in "$@"; do
		# The path of the build as the kernel knows it, inside the root tree.
		dir=$from/gcov/repo/build/$release/host
		[ -d "$dir" ] || continue
		[ -e "$from/gcov/complete" ] || {
			say "note: $from was stopped before it had left its counters"
			continue
		}
		if [ $((n++)) = 0 ]; then
			cp -r "$dir" "$sum"
			continue
		fi
		chroot_run gcov-tool merge -o "/repo/${sum#"$repo/"}.new" \
			"/repo/${sum#"$repo/"}" "/repo/${dir#"$repo/"}" >/dev/null || return 1
		rm -rf "$sum"
		mv "$sum.new" "$sum"
	done
	[ $n -gt 0 ] || return 1
	(cd "$repo/build/$release/host" && find . -name '*.gcno' ! -name '*.mod.gcno' \
		-exec cp --parents {} "$sum" \;)
	echo "coverage of $kernel, added up over $n boots:"
}

# coverage_json KERNEL: what gcov says of every file, one JSON document a line
coverage_json() {
	# shellcheck disable=SC2016 # the inner shell expands
	chroot_run sh -c 'cd "/repo/build/selftests/$1/gcov" && find . -name "*.gcno" | sort |
		while read -r notes; do
			gcov --json-format --stdout --branch-probabilities "$notes" 2>/dev/null
		done' sh "$1"
}

# One line a file, one a function that was never called, and the totals, from coverage_json. What
# several objects have inlined from a header counts once, with the best that any of them reached;
# what is inlined from the kernel's own headers does not count.
# shellcheck disable=SC2016 # jq's variables
coverage_table='
	def percent: if .[1] == 0 then "-" else "\(1000 * .[0] / .[1] | round / 10) %" end;
	def best(key; value): group_by(key) | map(max_by(value));
	[.[].files[] | select(.file | test("^(/usr/src|\\./|include/|arch/)|/usr/src/") | not)
	 | .file |= sub(".*/host/"; "")]
	| group_by(.file)
	| map({ file: .[0].file,
		lines: [.[].lines[]] | best(.line_number; .count),
		functions: [.[].functions[]] | best([.name, .start_line]; .blocks_executed) }
	      | { file,
		  lines: [([.lines[] | select(.count > 0)] | length), (.lines | length)],
		  blocks: [([.functions[].blocks_executed] | add // 0),
			   ([.functions[].blocks] | add // 0)],
		  branches: [([.lines[].branches[] | select(.count > 0)] | length),
			     ([.lines[].branches[]] | length)],
		  unused: [.functions[] | select(.execution_count == 0) | .name] })
	| . + [{ file: "total", lines: [(map(.lines[0]) | add), (map(.lines[1]) | add)],
		 blocks: [(map(.blocks[0]) | add), (map(.blocks[1]) | add)],
		 branches: [(map(.branches[0]) | add), (map(.branches[1]) | add)],
		 unused: map(.unused[]) }]
	| .[] | (["file", .file, (.lines | percent), (.blocks | percent), (.branches | percent),
		  (.unused | length)] | @tsv),
		(if .file == "total" then "blocks\t\(.blocks[0])\t\(.blocks[1])"
		 else .file as $file | .unused[] | "unused\t\($file)\t\(.)" end)'

# coverage_print FILE-OF-JSON: the table; fails below the minimum
coverage_print() {
	local text reached all
	text=$(chroot_run jq -rs "$coverage_table" "/repo/${1#"$repo/"}") || return 1
	awk -F '\t' '
		BEGIN { printf "%-20s %8s %8s %8s  %s\n", "file", "lines", "blocks", "branches", "functions never called" }
		$1 == "file" { printf "%-20s %8s %8s %8s  %s\n", $2, $3, $4, $5, $6 }' <<<"$text"
	awk -F '\t' '$1 == "unused" { print "never called: " $2 ": " $3 }' <<<"$text" | sort
	IFS=$'\t' read -r _ reached all < <(grep '^blocks' <<<"$text")
	echo "$reached of $all basic blocks reached; the minimum is $coverage_minimum %"
	[ "$all" -gt 0 ] && ((100 * reached >= coverage_minimum * all))
}
