// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile - random calls with random arguments against a pool, from processes that are killed in
 * the middle of them: as root of the host, as a user without rights, as root of a user namespace.
 *
 *   hostile [--seed N] [--seconds N] [--threads N] [--points N] [--ring FILE] [--log FILE] MOUNT
 *     MOUNT      a pool "vms" with the domains "dom" (mode 0700) and "open" (mode 1777)
 *     --threads  of each attacking process; there are five
 *     --points   how many coverage points the module has, for the report
 *     --ring     where the last calls of each thread are written once a second
 *     --log      where each call is written before it is made (slow)
 *
 * Checked: a victim's bytes, what users must not be let do, and that nobody sees the
 * victim's bytes. What the kernel says is checked by the harness.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "hostile.h"

struct shared *shared;
uint64_t seed;
static unsigned int seconds = 30, threads = 2;
static const char *points = "?", *ring_file;

static const enum who processes[] = { ROOT, ROOT, USER, USER, USERNS };
#define NR_PROCESSES (sizeof(processes) / sizeof(*processes))

static struct attacker {
	pid_t pid;
	double life, until;
	uint64_t generation;
} attackers[NR_PROCESSES];

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Process 1 of a process namespace: with it all its children go, and it can signal nobody else. */
static void start(unsigned int i)
{
	struct attacker *a = &attackers[i];
	struct rng r = { seed + i * 31 + a->generation };

	a->life = 0.5 + below(&r, 3500) / 1000.0;
	a->until = now() + 30;
	shared->ring[i * threads].n = 0;
	a->generation++;
	fflush(stdout);
	a->pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (a->pid < 0)
		die("fork");
	if (a->pid)
		return;
	attack(processes[i], i * threads, threads, a->generation);
	_exit(0);
}

static void stop(unsigned int i)
{
	kill(attackers[i].pid, SIGKILL);
	if (waitpid(attackers[i].pid, NULL, 0) != attackers[i].pid)
		die("wait");
}

/* Its life begins with its first call: some kernels take long to get it there. */
static void watch(unsigned int i)
{
	struct attacker *a = &attackers[i];

	if (a->life && shared->ring[i * threads].n) {
		a->until = now() + a->life;
		a->life = 0;
	}
	if (now() < a->until && !waitpid(a->pid, NULL, WNOHANG))
		return;
	kill(a->pid, SIGKILL);
	waitpid(a->pid, NULL, 0);
	start(i);
}

static void write_ring(void)
{
	FILE *out = ring_file ? fopen(ring_file, "w") : NULL;

	if (!out)
		return;
	print_ring(out);
	fclose(out);
}

/* Memory that attackers took is given back before the host gets short of it. */
static void tidy(const char *mount)
{
	long long taken = number_of("/sys/fs/pagepact/vms", "resident") +
			  number_of("/sys/fs/pagepact/vms", "compressed") +
			  number_of("/sys/fs/pagepact/vms", "metadata");
	char command[256];

	if (taken < 400ll << 20)
		return;
	snprintf(command, sizeof(command),
		 "find %s/evil %s/open -type f ! -name guarded -delete", mount, mount);
	if (system(command))
		printf("%s failed\n", command);
}

static void attack_all(const char *mount)
{
	double end = now() + seconds, second = now() + 1;
	unsigned int i;

	for (i = 0; i < NR_PROCESSES; i++)
		start(i);
	while (now() < end && !shared->wrong) {
		usleep(20000);
		for (i = 0; i < NR_PROCESSES; i++)
			watch(i);
		if (now() < second)
			continue;
		second = now() + 1;
		write_ring();
		place_calm();
		tidy(mount);
	}
	for (i = 0; i < NR_PROCESSES; i++)
		stop(i);
	write_ring();
}

static void report(void)
{
	static const char *const who[] = { "root", "users" };
	unsigned long all[2] = {}, tried, worked;
	unsigned int i, group;

	for (i = 0; i < nr_calls; i++) {
		printf("%-18s", table[i].name);
		for (group = 0; group < 2; group++) {
			tried = shared->tried[group][i];
			worked = shared->worked[group][i];
			all[group] += tried;
			printf("  %s %7lu made %7lu succeeded%s", who[group], tried, worked,
			       !tried ? "         " : !worked ? " (never)" : worked == tried ?
			       " (always)" : "         ");
		}
		printf("\n");
	}
	cover_report(points);
	printf("victim: %lu rounds; %u attackers crashed by themselves\n", shared->rounds,
	       shared->crashes);
	check(all[0] > 20 * seconds && all[1] > 20 * seconds, "%lu calls of root, %lu of users",
	      all[0], all[1]);
}

static void options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", 1, NULL, 's' },
		{ "seconds", 1, NULL, 't' },
		{ "threads", 1, NULL, 'j' },
		{ "points", 1, NULL, 'p' },
		{ "ring", 1, NULL, 'r' },
		{ "log", 1, NULL, 'l' },
		{}
	};
	int option;

	seed = time(NULL);
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = atoi(optarg);
			break;
		case 'j':
			threads = atoi(optarg);
			break;
		case 'p':
			points = optarg;
			break;
		case 'r':
			ring_file = optarg;
			break;
		case 'l':
			log_fd = open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || !threads || threads * NR_PROCESSES > MAX_SLOTS)
		exit(2);
}

int main(int argc, char **argv)
{
	const char *mount;
	int status = -1;
	pid_t victim;

	options(argc, argv);
	mount = argv[optind];
	printf("seed %lu, %u s, %u threads in each of %zu processes\n", seed, seconds, threads,
	       NR_PROCESSES);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	shared->began = now();
	cover_init();
	fflush(stdout);
	victim = fork();
	if (victim < 0)
		die("fork");
	if (!victim)
		victim_run(mount);
	while (!shared->rounds && !shared->wrong)
		usleep(10000);
	place_prepare(mount);
	attack_all(mount);
	shared->stop = true;
	if (waitpid(victim, &status, 0) != victim)
		die("wait");
	report();
	check(!status && !shared->wrong && shared->rounds > 1, "the victim's bytes are right%s%s",
	      *shared->wrong_text ? ": " : "", shared->wrong_text);
	check(!shared->violations,
	      "no user was let do what only root may, or saw another's bytes%s%s",
	      *shared->violation ? ": " : "", shared->violation);
	return check_failures != 0;
}
