# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The virtual host seen from outside: a QEMU process without KVM, a directory
# with its logs, and two FIFOs through which it is told what to run. QEMU is the
# tree's, run by the tree's own loader: the same emulator on every machine.

machine_pid=
machine_dir=
machine_out=	# directory of its console
machine_seconds=	# from start until it obeyed
machine_end=	# how it ended, by machine_fate()
machine_cpu_seconds=	# processor time of that, whatever else ran here
machine_busy=	# 1: more wanted to run meanwhile than there are processors
# Room for translated code, the most that QEMU takes. When it is full all is thrown away, and that
# may deliver an interrupt to a guest twice ("Why hosts are replaced" in Documentation/testing.rst).
machine_code_mib=2048

# machine_start KERNEL MEMORY_MIB OUTDIR: returns when the host obeys, or fails
machine_start() {
	local short=$1 memory=$2 out=$3 begin line
	machine_dir=$(mktemp -d "${TMPDIR:-/tmp}/pagepact.XXXXXX")
	machine_files "$out"
	mkfifo "$machine_dir/"{control,outer}.{in,out}
	exec {machine_to}<>"$machine_dir/control.in" {machine_from}<>"$machine_dir/control.out"
	exec {machine_ask}<>"$machine_dir/outer.in" {machine_told}<>"$machine_dir/outer.out"
	machine_out=$out
	rm -f "$out"/{console.log,reset.log,registers,stack}
	begin=$(now)
	machine_qemu "$short" "$memory" "$out" "$(machine_append "$short")" \
		-action shutdown=pause -serial "file:$out/console.log" \
		-chardev "pipe,id=control,path=$machine_dir/control" \
		-device virtserialport,chardev=control,name=control \
		-chardev "pipe,id=outer,path=$machine_dir/outer" -mon chardev=outer,mode=readline \
		</dev/null >"$out/qemu.log" 2>&1 &
	machine_pid=$!
	# The debug kernel takes its time.
	if ! machine_reply ready $(($([ "$short" = debug ] && echo 240 || echo 60) * ${TIMESCALE:-1})) >/dev/null; then
		! machine_alive || machine_fell || machine_inspect
		machine_kill
		return 1
	fi
	machine_seconds=$(since "$begin")
	machine_cpu_seconds=$(awk '{ sub(/.*\) /, ""); printf "%.1f", ($12 + $13) / '"$(getconf CLK_TCK)"' }' \
		"/proc/$machine_pid/stat")
	machine_busy=$(awk -v cpus="$(nproc)" '{ print ($1 > cpus) + 0 }' /proc/loadavg)
}

# machine_append KERNEL
machine_append() {
	local more=''
	[ "$1" != debug ] || more=page_poison=1
	# An oops ends everything at once: nothing after it can be trusted. The machine
	# itself stays for a look at its memory (see machine_fate). The
	# watchdogs get more time, because emulated CPUs on a busy machine
	# stand still for long without any fault of their own.
	# panic_print: stacks of all CPUs and of blocked tasks (see machine_inspect).
	# 8250.nr_uarts: looking for three more of them takes the debug kernel four seconds.
	printf '%s' "console=ttyS0 8250.nr_uarts=1 loglevel=7 oops=panic panic=0 nokaslr" \
		" unknown_nmi_panic=1 panic_print=0xc0" \
		" rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30" \
		" mitigations=off $more ${VHOST_APPEND:-}"
}

# Disks of one run.
machine_files() {
	local out=$1
	mkdir -p "$out"
	truncate -s 8G "$machine_dir/scratch.raw"
	mkfs.ext4 -q -F -m 0 -O ^has_journal -E lazy_itable_init=1,nodiscard \
		"$machine_dir/scratch.raw"
	[ -f "$outputs/guest.erofs" ] || die "no payload for guests: run selftests/vhost build"
}

# Three CPUs, of which CPU 0 never runs a guest (see selftests/init/host). With five levels of page
# tables, which each host would use, the emulator walks one more for each miss of its TLB.
machine_qemu() {
	local short=$1 memory=$2 out=$3 append=$4 tree image layer=()
	shift 4
	tree=$(tree_path)
	image=$tree/boot/vmlinuz-$(krel "$short")
	if [ "$short" = debug ]; then
		image=$(kernel_path)/bzImage
		layer=(-fsdev "local,id=kernel,path=$(kernel_path)/root,security_model=none,readonly=on"
			-device "virtio-9p-pci,fsdev=kernel,mount_tag=kernel")
	fi
	exec setpriv --pdeathsig KILL "$tree/lib64/ld-linux-x86-64.so.2" \
		--library-path "$tree/usr/lib/x86_64-linux-gnu" --argv0 qemu-system-x86_64 \
		"$tree/usr/bin/qemu-system-x86_64" \
		-L "$tree/usr/share/qemu" -L "$tree/usr/share/seabios" \
		-M q35 -accel "tcg,thread=multi,tb-size=$machine_code_mib" -cpu max,la57=off -smp 3 -m "$memory" \
		-nodefaults -no-user-config -display none -no-reboot \
		-d cpu_reset -D "$out/reset.log" \
		-kernel "$image" \
		-initrd "$outputs/boot/host-$short.cpio" -append "$append" \
		-device virtio-serial-pci \
		-fsdev "local,id=tree,path=$tree,security_model=none,readonly=on,multidevs=remap" \
		-device virtio-9p-pci,fsdev=tree,mount_tag=tree \
		-fsdev "local,id=repo,path=$repo,security_model=none,readonly=on,multidevs=remap" \
		-device virtio-9p-pci,fsdev=repo,mount_tag=repo \
		-fsdev "local,id=out,path=$out,security_model=none,multidevs=remap" \
		-device virtio-9p-pci,fsdev=out,mount_tag=out \
		-drive "if=none,id=guestroot,format=raw,readonly=on,file=$(image_guest_root)" \
		-device virtio-blk-pci,drive=guestroot,serial=guestroot \
		-drive "if=none,id=payload,format=raw,readonly=on,file=$outputs/guest.erofs" \
		-device virtio-blk-pci,drive=payload,serial=payload \
		-drive "if=none,id=scratch,format=raw,cache=unsafe,file=$machine_dir/scratch.raw" \
		-device virtio-blk-pci,drive=scratch,serial=scratch \
		"${layer[@]}" "$@"
}

# machine_fresh: the next test may well run before the room for translated code is full
machine_fresh() {
	awk -v most=$((machine_code_mib * 512)) '
		/^[0-9a-f]+-/ { code = $2 == "rwxp" }
		/^Rss:/ && code { used += $2 }
		END { exit used > most }' "/proc/$machine_pid/smaps"
}

# machine_flushes: how often it was thrown away
machine_flushes() { machine_monitor 'info jit' | sed -n 's/^TB flush count *\([0-9]*\).*/\1/p'; }

machine_alive() { [ -n "$machine_pid" ] && kill -0 "$machine_pid" 2>/dev/null; }

# True when nothing runs there any more. QEMU stays until it is told otherwise.
machine_fell() {
	grep -aqsE 'end Kernel panic|reboot: (Power down|Restarting|System halted)' \
		"$machine_out/console.log" || machine_triple
}
machine_triple() { grep -aqs 'Triple fault' "$machine_out/reset.log"; }

# machine_reply ID SECONDS: prints the status; fails when the host died or panicked
# (2) or did not answer in time (1)
machine_reply() {
	local id=$1 limit=$2 begin=$SECONDS line='' part
	while :; do
		if IFS= read -r -t 1 -u "$machine_from" part; then
			line+=$part
			if [ "${line%% *}" = "$id" ]; then
				printf '%s\n' "${line#* }"
				return 0
			fi
			part='' line=''
		fi
		# What came before the second was over is the start of a line.
		line+=$part
		machine_alive && ! machine_fell || return 2
		((SECONDS - begin < limit)) || return 1
	done
}

# machine_run ID SECONDS COMMAND: output goes to OUTDIR/ID.log
machine_run() {
	local id=$1 limit=$2
	shift 2
	printf '%s %s %s\n' "$id" "$limit" "$*" >&"$machine_to"
	# The limit inside acts first; this one is for a host that hangs.
	machine_reply "$id" $((limit + 20))
}

# machine_fate: why the host did not answer, in $machine_end; true when it was the
# emulator that crashed: no guest can do that to a sound one
machine_fate() {
	local status=0
	if machine_alive; then
		if machine_triple; then
			machine_end="the virtual host died of a triple fault"
			machine_save_stack
		elif machine_fell; then
			machine_end="the virtual host panicked or went down"
			machine_save_stack
		else
			machine_end="the virtual host hung"
			machine_inspect
		fi
		return 1
	fi
	wait "$machine_pid" 2>/dev/null || status=$?
	machine_end="the virtual host died (status $status of its QEMU)"
	# SIGILL, SIGBUS, SIGFPE, SIGSEGV
	[[ $status =~ ^(132|135|136|139)$ ]] || return 1
	machine_end="the emulator crashed (signal $((status - 128)))"
}

# Makes a host that hangs tell on its console where: a panic by NMI.
machine_inspect() {
	local n
	machine_monitor nmi >/dev/null
	for ((n = 0; n < 100; n++)); do
		! machine_fell || return 0
		sleep 0.1
	done
}

# machine_monitor COMMAND: prints what QEMU's monitor answers
machine_monitor() {
	local line
	printf '%s\n' "$1" >&"$machine_ask"
	while IFS= read -r -t 1 -u "$machine_told" line; do
		printf '%s\n' "$line"
	done
}

# "corrupted stack end" says that the lowest word of a kernel stack was overwritten,
# not with what, and a triple fault says nothing: saves what is there, as "stack"
# beside the console. That is the last page of the one stack, or where each processor
# was. Stacks have 16 KiB (32 with KASAN, where this finds nothing). All registers go
# to "registers".
machine_save_stack() {
	local cpu rsp mask=0x3fff
	machine_monitor 'info registers -a' >"$machine_out/registers"
	if machine_triple; then
		mask=0xfff
		set -- 0 1
	else
		# shellcheck disable=SC2046 # none or one
		set -- $(grep -a -A 1 'corrupted stack end detected' "$machine_out/console.log" |
			sed -n 's/.*\] CPU: \([0-9]*\) .*/\1/p')
	fi
	for cpu; do
		machine_monitor "cpu $cpu" >/dev/null
		rsp=$(machine_monitor 'info registers' | sed -n 's/.*RSP=\([0-9a-f]\{16\}\).*/\1/p')
		[ -n "$rsp" ] || continue
		rm -f "$machine_dir/page"
		machine_monitor "$(printf 'memsave 0x%x 4096 "%s"' $((0x$rsp & ~mask)) \
			"$machine_dir/page")" >/dev/null
		[ ! -f "$machine_dir/page" ] || cat "$machine_dir/page" >>"$machine_out/stack"
	done
}

machine_stop() {
	local n
	[ -n "$machine_pid" ] || return 0
	if machine_alive && ! machine_fell; then
		printf 'stop 0 0\n' >&"$machine_to"
		# On the debug kernel it leaves its counters behind first.
		for ((n = 0; n < 300; n++)); do
			machine_alive || break
			! machine_fell || break
			sleep 0.1
		done
	fi
	machine_kill
}

machine_kill() {
	[ -z "$machine_pid" ] || kill -KILL "$machine_pid" 2>/dev/null || :
	[ -z "$machine_pid" ] || wait "$machine_pid" 2>/dev/null || :
	machine_pid=
	[ -z "${machine_to:-}" ] ||
		exec {machine_to}>&- {machine_from}>&- {machine_ask}>&- {machine_told}>&-
	machine_to=
	[ -z "$machine_dir" ] || rm -rf "$machine_dir"
	machine_dir=
}
