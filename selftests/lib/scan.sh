# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a kernel log must never contain, on the host or in a guest.

scan_pattern='WARNING:|\bBUG\b|\bOops\b|Call Trace:|Kernel panic'
scan_pattern+='|possible recursive locking|circular locking|possible deadlock'
scan_pattern+='|inconsistent lock state|suspicious RCU usage|lock held when returning'
scan_pattern+='|bad unlock balance|held lock freed|sleeping function called'
scan_pattern+='|rcu.*detected stalls|rcu.*self-detected stall|soft lockup|hard LOCKUP'
scan_pattern+='|blocked for more than|Bad page|[Bb]ad rss-counter|general protection'
scan_pattern+='|unable to handle|KASAN|UBSAN|KCSAN|unreferenced object'
scan_pattern+='|refcount_t:|list_(add|del) corruption|ODEBUG|page allocation failure|leak detector disabled'

# scan_log FILE: offending lines, with those around the first; true if any
scan_log() {
	[ -s "$1" ] && grep -aqE "$scan_pattern" "$1" || return 1
	# Not by a pipe: its status would be that of a writer cut short.
	grep -anE -m 1 -B 3 -A 40 "$scan_pattern" < <(scan_injected "$1")
}

# scan_first FILE: the first of them alone
scan_first() {
	grep -aoE -m 1 "($scan_pattern).*" < <(scan_injected "$1") | tr -d '\r' | cut -c 1-100
}

# scan_injected FILE: the log without the stacks that the kernel itself prints when a slab cache
# cannot be made, or an area of vmalloc, and failsweep made that fail. Line for line what
# dump_stack() writes; the first line that is anything else ends it and is looked at. A frame of
# the module under a vmalloc means that it does not expect the failure: that is looked at as well.
scan_injected() {
	awk '
		/ __kmem_cache_create_args\(pp_block\) failed with error -(12|22)\r?$/ {
			inside = 1; ours = vmalloc = 0; next }
		/\] failsweep: vmalloc error: / { inside = vmalloc = 1; ours = 0; next }
		inside && vmalloc && /\[pagepact\]/ { inside = 0; print "Call Trace: " $0; next }
		inside && /\] CPU: [0-9]+ .* Comm: failsweep / { ours = 1; next }
		inside && ours && (/\] (Tainted|Hardware name): / || /\] Call Trace:\r?$/ ||
			/\]  (<TASK>|(\? )?[a-zA-Z0-9_.]+\+0x[0-9a-f]+\/0x[0-9a-f]+( \[pagepact\])?)\r?$/ ||
			/\] (RIP: 0033:|Code: |RSP: 002b:|RAX: |RDX: |RBP: |R1[03]: )/) { next }
		inside && ours && /\]  <\/TASK>\r?$/ { inside = ours = 0; next }
		{ inside = ours = 0; print }' "$1"
}

# scan_emulator LOG: true for the one fault known to be the emulator's own, and only as the first
# complaint in the log; says which. The kernel patches its own text, while KVM starts a guest for
# example; multi-threaded emulation sometimes lets the other CPU run into the breakpoint of a patch
# already finished, "Oops: int3". Only in functions where that was seen and that have such a place,
# and without any frame of ours on the stack.
scan_emulator() {
	local first trace
	first=$(grep -aE -m 1 "$scan_pattern" "$1") || return 1
	[[ $first == *'Oops: int3'* ]] || return 1
	trace=$(grep -aF -m 1 -A 60 "$first" "$1" | sed '/end trace/q')
	! grep -qE '\+0x[0-9a-f]+/0x[0-9a-f]+ \[pagepact' <<<"$trace" &&
		grep -qE "RIP: 0010:($scan_int3)" <<<"$trace" &&
		echo "the emulator lost track of patched text (Oops: int3)"
}

scan_int3='(__schedule|sched_clock_cpu|run_timer_softirq)\+|(vcpu_run|apic_has_pending_timer)\+.* \[kvm\]'

# scan_nested FILE: one of its pages has nothing but nested faults: from its first words to its last,
# at one distance, what the processor pushes (address, 0x10, flags, stack pointer, 0x18) for one
# address of the kernel's text, with stack pointers at that distance as well; no module's address
scan_nested() {
	[ -s "$1" ] && od -An -v -tx8 -w8 "$1" | awk '
		function low(s, n, i) {
			for (i = 13; i <= 16; i++)
				n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
			return n
		}
		function is_frame(i) {
			return word[i] ~ /^ffffffff[89]/ && word[i + 1] == "0000000000000010" &&
				word[i + 4] == "0000000000000018"
		}
		function nested(i, last, first, distance, count) {
			for (i = 1; i <= 512; i++)
				if (word[i] ~ /^ffffffff[a-e]/)
					return 0
			for (i = 1; i <= 508; i++) {
				if (!is_frame(i))
					continue
				if (last) {
					if (!distance)
						distance = i - last
					if (i - last != distance || word[i] != word[last] ||
					    (low(word[i + 3]) - low(word[last + 3]) + 65536) % 65536 != distance * 8)
						return 0
				} else {
					first = i
				}
				last = i
				count++
			}
			return count >= 8 && first <= distance && 512 - last < distance + 4
		}
		{ word[(NR - 1) % 512 + 1] = $1 }
		NR % 512 == 0 && nested() { found = 1 }
		END { exit !found }'
}
