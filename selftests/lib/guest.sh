# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Guests, for tests inside the virtual host; sourced by vhost.sh.
#
# A guest has one CPU (two make it crawl under emulation), a read-only root, a
# payload disk (/pp: programs), a scratch disk for direct I/O
# (/dev/vdc, real O_DIRECT, so that its memory gets pinned), a console log and an
# agent that runs commands. Settings, read when a guest starts:
#   GUEST_KERNEL   6.12 (default) or 7.2
#   GUEST_CPU      default Nehalem: with "host" the nested XSAVE is inconsistent,
#                  kernel 6.12 warns and 7.2 panics
#   GUEST_MACHINE  microvm (default), which boots in two thirds of the time, or pc: with firmware,
#                  PCI and a compressed kernel, as most guests have them
#   GUEST_APPEND   more for the guest's kernel command line
#   GUEST_CGROUP   cgroup directory its QEMU is started in

guests=/run/guests

# guest_start NAME MIB BACKEND [QEMU-ARGUMENT...]
# BACKEND is a file of a pool, "memfd" (shared) or "anon" (private).
guest_start() {
	local name=$1 mib=$2 backend=$3 dir=$guests/$1 kernel=${GUEST_KERNEL:-6.12}
	local memory
	shift 3
	if grep -q '^Cpus_allowed_list:[[:space:]]*0' /proc/self/status; then
		echo "guest $name may not run on CPU 0 (see leave_first_cpu in selftests/init/host)"
		return 1
	fi
	mkdir -p "$dir/jobs" "$dir/events"
	rm -f "$dir"/{pid,ready,agent.in,agent.out} "$dir"/jobs/* "$dir"/events/*
	mkfifo "$dir/agent.in" "$dir/agent.out"
	truncate -s 256M "/scratch/$name.raw"
	case $backend in
	memfd) memory=memory-backend-memfd,id=ram,share=on,size=${mib}M ;;
	anon) memory=memory-backend-ram,id=ram,size=${mib}M ;;
	*) memory=memory-backend-file,id=ram,share=on,mem-path=$backend,align=2M,size=${mib}M ;;
	esac
	guest_kernel "$kernel" || return
	guest_qemu "$name" "$kernel" "$memory" -m "$mib" "$@" >"$(guest_log "$name" qemu)" 2>&1 &
	echo $! >"$dir/pid"
	# Else the shell would announce each of their deaths in the log.
	disown
	guest_listen "$name" &
	echo $! >"$dir/listener"
	disown
}

# guest_kernel KERNEL: for microvm, unpacked, where it is read faster
guest_kernel() {
	local file=vmlinux-$1
	[ "${GUEST_MACHINE:-microvm}" = microvm ] && [ ! -e "$guests/$file" ] || return 0
	cp "$repo/build/chroot/boot/$file" "$guests/$file.new" && mv "$guests/$file.new" "$guests/$file"
}

guest_log() { printf '/out/%s.%s.%s\n' "${PP_TEST:-shell}" "$1" "$2"; }

# guest_device KIND: QEMU's name of that virtio device. For another GUEST_MACHINE than the default
# set it in a line of its own before: here it is read when the words of guest_start are.
guest_device() {
	case ${GUEST_MACHINE:-microvm} in
	pc) echo "virtio-$1-pci" ;;
	*) echo "virtio-$1-device" ;;
	esac
}

guest_qemu() {
	local name=$1 kernel=$2 memory=$3 dir=$guests/$1 machine image disk
	shift 3
	# Each exit to QEMU costs about a millisecond here: no PCI, no legacy devices, no firmware
	# but what finds the kernel's entry. Without a clock the kernel waits five seconds for one.
	machine=microvm,rtc=on,pit=off,pic=off image=$guests/vmlinux-$kernel
	[ "${GUEST_MACHINE:-microvm}" != pc ] || { machine=pc image=$(echo "/boot/vmlinuz-$kernel"*); }
	disk=$(guest_device blk)
	[ -z "${GUEST_CGROUP:-}" ] || echo "$BASHPID" >"$GUEST_CGROUP/cgroup.procs"
	exec qemu-system-x86_64 -name "$name" -M "$machine,accel=kvm,memory-backend=ram" \
		-object "$memory" -cpu "${GUEST_CPU:-Nehalem}" -smp 1 \
		-nodefaults -no-user-config -display none \
		-kernel "$image" \
		-initrd "$repo/build/chroot/boot/guest-$kernel.cpio" \
		-append "console=ttyS0 loglevel=5 panic=0 mitigations=off ${GUEST_APPEND:-}" \
		-chardev "file,id=console,append=on,path=$(guest_log "$name" console)" -serial chardev:console \
		-device "$(guest_device serial)" -chardev "pipe,id=agent,path=$dir/agent" \
		-device virtserialport,chardev=agent,name=agent \
		-drive if=none,id=root,format=raw,readonly=on,file.locking=off,file=/run/guestroot \
		-device "$disk,drive=root" \
		-drive if=none,id=payload,format=raw,readonly=on,file.locking=off,file=/run/payload \
		-device "$disk,drive=payload" \
		-drive "if=none,id=scratch,format=raw,cache=none,aio=native,file=/scratch/$name.raw" \
		-device "$disk,drive=scratch" \
		-monitor "unix:$dir/monitor,server=on,wait=off" \
		-qmp "unix:$dir/qmp,server=on,wait=off" "$@"
}

# Sorts what the agent says into files: ready, jobs/ID.out, jobs/ID.status.
guest_listen() {
	local dir=$guests/$1 line id status last="" open=""
	while IFS= read -r line; do
		case $line in
		$'\001ready '*)
			printf '%s\n' "${line#* }" >"$dir/ready.new"
			mv "$dir/ready.new" "$dir/ready"
			;;
		$'\001event '*)
			: >"$dir/events/${line#* }"
			;;
		$'\001begin '*)
			id=${line#* }
			exec {open}>"$dir/jobs/$id.out"
			last=
			;;
		$'\001end '*)
			# The agent adds a newline, in case the output has none.
			[ "${last:-x}" = x ] || printf '%s\n' "${last#x}" >&"$open"
			exec {open}>&-
			open=
			read -r _ id status <<<"$line"
			printf '%s\n' "$status" >"$dir/jobs/$id.new"
			mv "$dir/jobs/$id.new" "$dir/jobs/$id.status"
			;;
		*)
			[ -n "$open" ] || continue
			[ -z "$last" ] || printf '%s\n' "${last#x}" >&"$open"
			last=x$line
			;;
		esac
	done <>"$dir/agent.out"
}

guest_pid() { cat "$guests/$1/pid"; }
guest_alive() { kill -0 "$(guest_pid "$1")" 2>/dev/null; }

# guest_wait_file NAME FILE SECONDS: fails early when the guest is gone
guest_wait_file() {
	local end=$((SECONDS + $3 * timescale))
	until [ -e "$guests/$1/$2" ]; do
		if ! guest_alive "$1"; then
			echo "guest $1: QEMU is gone: $(tail -n 3 "$(guest_log "$1" qemu)")"
			return 1
		fi
		if grep -q 'Kernel panic' "$(guest_log "$1" console)" 2>/dev/null; then
			echo "guest $1: its kernel panicked"
			return 1
		fi
		if ((SECONDS >= end)); then
			echo "guest $1: no $2 after $3 s"
			guest_look "$1"
			return 1
		fi
		pause 0.2
	done
}

# guest_look NAME: what one that does not answer is doing, twice: its processor, its stacks, QEMU's
# threads with their processor time and where they wait
guest_look() {
	local registers task
	for _ in 1 2; do
		registers=$(guest_hmp "$1" info registers | grep -E 'R[A-D]X=|RIP=|RSP=|CR3=')
		echo "$registers"
		guest_stack "$1" "$(sed -n 's/.*RSP=\([0-9a-f]\{16\}\).*/\1/p' <<<"$registers")"
		for task in "/proc/$(guest_pid "$1")/task"/*; do
			echo "$(<"$task/comm") $(cut -d ' ' -f 3,14,15 "$task/stat")" \
				"$(awk '{ printf "%s ", $2 }' "$task/stack")"
		done
		grep -E 'LOC|RES|CAL' /proc/interrupts
		pause 1
	done
}

# guest_stack NAME ADDRESS: the kernel's addresses from there to the end of the stack of 16 KiB, and
# what an exception or interrupt found (RIP/EFLAGS: without 0x200 the processor took no interrupts);
# then the same of the stack it came from, which the last word of one for interrupts says
guest_stack() {
	local words next
	words=$(guest_hmp "$1" "x /$(((0x4000 - (0x$2 & 0x3fff)) / 8))gx 0x$2" |
		grep -o ': 0x.*' | grep -o '0x[0-9a-f]*')
	# shellcheck disable=SC2046 # many words
	echo "stack at $2:" $(awk '
		{ word[NR] = $1 }
		END {
			for (i = 1; i <= NR; i++) {
				if (word[i] !~ /^0xffffffff[89]/)
					continue
				found = word[i + 1] ~ /^0x0*10$/ && word[i + 4] ~ /^0x0*18$/
				print substr(word[i], 11) (found ? "/" substr(word[i + 2], 15) : "")
			}
		}' <<<"$words")
	next=$(tail -n 1 <<<"$words")
	[[ $2 != ffffc9000000[0-3]* || $next != 0xffffc9* ]] || guest_stack "$1" "${next#0x}"
}

# guest_wait_ready NAME [SECONDS]
guest_wait_ready() { guest_wait_file "$1" ready "${2:-60}"; }

# guest_run_bg NAME COMMAND [SECONDS]: starts it (one line), sets $guest_job
guest_run_bg() {
	local seconds=${3:-60}
	[[ $2 != *$'\n'* ]] || { echo "guest_run: only one line"; return 125; }
	# Unique even from a subshell, $(guest_run ...).
	guest_job=${EPOCHREALTIME/./}
	echo "$seconds" >"$guests/$1/jobs/$guest_job.limit"
	# Opened for both, because nobody reads when QEMU has died.
	printf '%s %s %s\n' "$guest_job" $((seconds * timescale)) "$2" 1<>"$guests/$1/agent.in"
}

# guest_wait_event NAME EVENT [SECONDS]: until a command runs "event EVENT"
guest_wait_event() { guest_wait_file "$1" "events/$2" "${3:-60}"; }

# guest_wait NAME JOB: prints its output, returns its status
guest_wait() {
	local base=$guests/$1/jobs/$2
	guest_wait_file "$1" "jobs/$2.status" $(($(<"$base.limit") + 10)) || return 125
	cat "$base.out"
	return "$(<"$base.status")"
}

# guest_run NAME COMMAND [SECONDS]
guest_run() {
	guest_run_bg "$@" || return
	guest_wait "$1" "$guest_job"
}

# guest_hmp NAME COMMAND...: QEMU's monitor for humans
guest_hmp() {
	local name=$1
	shift
	printf '%s\n' "$*" | timeout 20 socat -t5 - "UNIX-CONNECT:$guests/$name/monitor" | monitor_text
}

# guest_stop NAME [SECONDS]: the guest powers itself off; fails if it does not
guest_stop() {
	local status=0
	guest_run_bg "$1" 'sync; busybox poweroff -f' 30
	wait_until "${2:-30}" guest_gone "$1" || status=1
	guest_kill "$1"
	return $status
}

guest_gone() { ! guest_alive "$1"; }
process_gone() { ! kill -0 "$1" 2>/dev/null; }

# guest_kill NAME: QEMU dies at once
guest_kill() {
	local file pid
	for file in pid listener; do
		pid=$(cat "$guests/$1/$file" 2>/dev/null) || continue
		kill -KILL "$pid" 2>/dev/null
		# Its memory is in use until it is really gone.
		wait_until 20 process_gone "$pid" || echo "guest $1: $file $pid does not die"
		rm -f "$guests/$1/$file"
	done
	rm -f "/scratch/$1.raw"
}

# guest_reset NAME: as by the reset button; wait for ready again
guest_reset() {
	rm -f "$guests/$1/ready"
	guest_hmp "$1" system_reset >/dev/null
}

guest_kill_all() {
	local dir
	for dir in "$guests"/*/; do
		[ ! -d "$dir" ] || guest_kill "$(basename "$dir")"
	done
}
