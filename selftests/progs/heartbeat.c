// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps an emulated machine of several processors from falling asleep for good. QEMU's emulation of
 * VMRUN sets a bit of cpu->interrupt_request without the lock that everybody else takes for it
 * (helper_vmrun), so that another thread's interrupt may get lost on the way. It still stands in
 * the local APIC and is taken with the next one. But without a tick, the next one of an idle
 * processor would be that of its timer, and if this was the one that got lost, all timers of that
 * processor stand still, a guest's among them.
 *
 * A thread on each processor sleeps for a tenth of a second again and again, and every two seconds
 * wakes the next one. When it finds itself woken by another although its own time was over long
 * ago, it says so.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NS 100000000ull
#define PERIODS_A_CALL 20
/* A processor that merely waits for its turn outside is not this late. */
#define LATE_NS 1000000000ull

#define MAX_CPUS 8

static int cpus;
/* Counts the calls of the thread before. */
static _Atomic uint32_t called[MAX_CPUS];

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void call(int cpu)
{
	atomic_fetch_add(&called[cpu], 1);
	syscall(SYS_futex, &called[cpu], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Until @deadline, or for a call that comes long after it. */
static void wait_for(int cpu, uint64_t deadline)
{
	struct timespec until = { deadline / 1000000000, deadline % 1000000000 };
	uint64_t now;

	for (;;) {
		uint32_t seen = atomic_load(&called[cpu]);

		if (syscall(SYS_futex, &called[cpu], FUTEX_WAIT_BITSET_PRIVATE, seen, &until, NULL,
			    FUTEX_BITSET_MATCH_ANY) && errno == ETIMEDOUT)
			return;
		now = now_ns();
		if (now < deadline)
			continue;
		if (now - deadline > LATE_NS) {
			printf("heartbeat: no timer on CPU %d for %llu ms\n", cpu,
			       (unsigned long long)(now - deadline) / 1000000);
			fflush(stdout);
		}
		return;
	}
}

static void *beat(void *arg)
{
	struct sched_param soon = { .sched_priority = 1 };
	int n, cpu = (intptr_t)arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "CPU %d", cpu);
	if (sched_setscheduler(0, SCHED_FIFO, &soon))
		err(1, "SCHED_FIFO");
	for (n = 1;; n++) {
		wait_for(cpu, now_ns() + PERIOD_NS);
		if (n % PERIODS_A_CALL == 0)
			call((cpu + 1) % cpus);
	}
	return NULL;
}

int main(void)
{
	pthread_t other;
	int cpu;

	cpus = get_nprocs();
	if (cpus > MAX_CPUS)
		errx(1, "%d CPUs, but made for %d", cpus, MAX_CPUS);
	if (daemon(0, 1))
		err(1, "daemon");
	/* Being paged out is not being late. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		err(1, "mlockall");
	for (cpu = 1; cpu < cpus; cpu++) {
		errno = pthread_create(&other, NULL, beat, (void *)(intptr_t)cpu);
		if (errno)
			err(1, "thread");
	}
	beat((void *)0);
}
