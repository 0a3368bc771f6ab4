// SPDX-License-Identifier: GPL-2.0-only
/*
 * races - many threads do everything at once to one region, and know at any
 * time what a page may contain.
 *
 * Every page belongs to one of several lanes (index modulo lanes). Only one
 * thread writes, punches or cuts pages of a lane, so it knows exactly what they
 * contain: zeros, or the stamp it wrote last. Others read all pages meanwhile and
 * demand that what they see is zero, or a stamp of that page, not older than the
 * last completed punch. A process of its own maps the region too.
 *
 *   races POOLDIR DIR SECONDS
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "check.h"

#define PAGES 1536UL /* three blocks */
#define LANES 3
#define READERS 2
#define MAX_BAD 10

static const char *pool, *dir;
static int fd;
static uint64_t *map;
static volatile int stop;
static unsigned long bad, done[16];
static const char *const jobs[] = {
	"stores",  "pwrites",	  "punches", "verified", "looks",  "reclaims",	      "limits",
	"renames", "short lives", "forks",   "cuts",	 "advice", "cuts under fire",
};
enum job {
	STORES,
	PWRITES,
	PUNCHES,
	VERIFIED,
	LOOKS,
	RECLAIMS,
	LIMITS,
	RENAMES,
	LIVES,
	FORKS,
	CUTS,
	ADVICE,
	FIRE,
	NR_JOBS
};

/*
 * Shared with the children of fork(): stamps of a page below its floor are stale.
 */
static uint64_t *floors;

static void did(enum job job)
{
	__atomic_fetch_add(&done[job], 1, __ATOMIC_RELAXED);
}

static uint64_t chance(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ull;
	return mix(*state);
}

/* A stamp fills a page: word i is a function of page, generation and i; word 0 tells both. */
static void stamp(uint64_t *out, uint64_t page, uint64_t generation)
{
	uint64_t key = page << 32 | generation;
	size_t i;

	for (i = 0; i < WORDS; i++)
		out[i] = i % 16 ? key : key ^ (uint64_t)i << 20;
	out[0] = key;
}

static void complain(const char *who, uint64_t page, uint64_t generation, const uint64_t *have)
{
	if (__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED) < MAX_BAD)
		printf("%s: page %llu generation %llu: has %016llx %016llx .. %016llx\n", who,
		       (unsigned long long)page, (unsigned long long)generation,
		       (unsigned long long)have[0], (unsigned long long)have[1],
		       (unsigned long long)have[WORDS - 1]);
	fflush(stdout);
}

/* The owner of a page knows: @generation 0 means zeros. */
static void verify(const char *who, uint64_t page, uint64_t generation, const uint64_t *have)
{
	uint64_t want[WORDS] = {};

	if (generation)
		stamp(want, page, generation);
	if (memcmp(have, want, PAGE))
		complain(who, page, generation, have);
	did(VERIFIED);
}

/* Writers and punchers of the pages of one lane. */
static void *owner(void *arg)
{
	uint64_t lane = (uintptr_t)arg, state = lane + 1, next = 1;
	uint64_t *generation = calloc(PAGES, sizeof(*generation));
	uint64_t buf[WORDS] = {};

	while (!stop) {
		uint64_t page = chance(&state) % (PAGES / LANES) * LANES + lane;
		uint64_t *at = map + page * WORDS;

		switch (chance(&state) % 8) {
		case 0 ... 2:
			stamp(at, page, ++next);
			generation[page] = next;
			did(STORES);
			break;
		case 3:
			stamp(buf, page, ++next);
			if (pwrite(fd, buf, PAGE, page * PAGE) != (ssize_t)PAGE)
				complain("pwrite", page, next, at);
			generation[page] = next;
			did(PWRITES);
			break;
		case 4:
			if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page * PAGE,
				      PAGE))
				complain("punch", page, 0, at);
			generation[page] = 0;
			/* Nobody may see an older stamp from now on. */
			__atomic_store_n(&floors[page], next + 1, __ATOMIC_SEQ_CST);
			did(PUNCHES);
			verify("owner, punched", page, 0, at);
			break;
		case 5:
			if (pread(fd, buf, PAGE, page * PAGE) != (ssize_t)PAGE)
				complain("pread", page, generation[page], at);
			verify("owner, pread", page, generation[page], buf);
			break;
		default:
			verify("owner", page, generation[page], at);
		}
	}
	for (state = lane; state < PAGES; state += LANES)
		verify("owner, at the end", state, generation[state], map + state * WORDS);
	free(generation);
	return NULL;
}

/* A look at a page that others write: every word must be of this page, and not stale. */
static void look(const uint64_t *at, uint64_t page, const char *who)
{
	uint64_t floor = __atomic_load_n(&floors[page], __ATOMIC_SEQ_CST);
	uint64_t i = mix(page + floor + (uintptr_t)&i) % WORDS;
	uint64_t word = ((const volatile uint64_t *)at)[i];
	uint64_t key = i % 16 || !i ? word : word ^ i << 20;

	did(LOOKS);
	if (!word)
		return;
	if (key >> 32 == page && (key & 0xffffffff) >= floor)
		return;
	complain(who, page, floor, at);
}

static void *reader(void *arg)
{
	uint64_t state = 100 + (uintptr_t)arg;
	unsigned int n = 0;
	uint64_t *mine = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	while (!stop) {
		uint64_t page = chance(&state) % PAGES;

		look((state & 64 ? mine : map) + page * WORDS, page, "reader");
		/* Two of these would have the machine for themselves. */
		if (++n % 32 == 0)
			usleep(200);
	}
	munmap(mine, PAGES * PAGE);
	return NULL;
}

static void *reclaimer(void *arg)
{
	static const char *const policies[] = { "random", "clock" };
	uint64_t state = 7;
	char text[32];

	(void)arg;
	while (!stop) {
		set_text(pool, "reclaim", chance(&state) & 1 ? "1M" : "256K");
		did(RECLAIMS);
		switch (chance(&state) % 16) {
		case 0:
			snprintf(text, sizeof(text), "%luK", 512 + chance(&state) % 8192);
			set_text(pool, "limit", text);
			did(LIMITS);
			break;
		case 1:
			set_text(pool, "limit", "0");
			break;
		case 2:
			set_text(pool, "policy", policies[chance(&state) & 1]);
			break;
		case 3:
			set_text(pool, "keep_copies", chance(&state) & 1 ? "1" : "0");
			break;
		case 4:
			set_text(pool, "compressor", chance(&state) & 1 ? "lz4" : "zstd");
			break;
		case 5:
			set_text(pool, "detect_same", chance(&state) & 1 ? "1" : "0");
			break;
		case 6:
			set_text(pool, "share_slots", chance(&state) & 1 ? "1" : "0");
		}
	}
	set_text(pool, "limit", "0");
	return NULL;
}

/* Mappings change, children come and go, pages are advised. */
static void *mapper(void *arg)
{
	static const int advice[] = { MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ };
	unsigned char present[64];
	uint64_t state = 9;

	(void)arg;
	while (!stop) {
		uint64_t page = chance(&state) % (PAGES - 64);

		madvise(map + page * WORDS, 64 * PAGE, advice[chance(&state) % 4]);
		mincore(map + page * WORDS, 64 * PAGE, present);
		did(ADVICE);
		if (chance(&state) % 64 == 0) {
			pid_t pid = fork();
			int status = 0;

			if (!pid) {
				unsigned long before = bad;

				for (page = 0; page < PAGES; page += 7)
					look(map + page * WORDS, page, "child");
				_exit(bad != before);
			}
			waitpid(pid, &status, 0);
			if (status)
				__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
			did(FORKS);
		}
	}
	return NULL;
}

/* Files beside the region: made, filled, renamed, cut, removed. */
static void *neighbour(void *arg)
{
	char a[256], b[256];
	uint64_t state = 11, i, buf[WORDS] = {};

	(void)arg;
	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	while (!stop) {
		int file = open(a, O_RDWR | O_CREAT, 0600);
		uint64_t *m;

		if (file < 0 || ftruncate(file, 128 * PAGE))
			break;
		m = mmap(NULL, 128 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		for (i = 0; i < 128; i++)
			stamp(m + i * WORDS, i, 5);
		rename(a, b);
		did(RENAMES);
		for (i = 0; i < 128; i++)
			verify("neighbour", i, 5, m + i * WORDS);
		i = chance(&state) % 128;
		if (ftruncate(file, i * PAGE) || ftruncate(file, 128 * PAGE))
			complain("truncate", i, 0, buf);
		did(CUTS);
		if (i < 128)
			verify("neighbour, cut", i, 0, m + i * WORDS);
		if (i)
			verify("neighbour, kept", i - 1, 5, m + (i - 1) * WORDS);
		unlink(b);
		if (i)
			verify("neighbour, unlinked", i - 1, 5, m + (i - 1) * WORDS);
		munmap(m, 128 * PAGE);
		close(file);
		did(LIVES);
	}
	return NULL;
}

static __thread sigjmp_buf on_bus;

static void bus(int sig)
{
	siglongjmp(on_bus, sig);
}

/* Writes where the file may end any moment. */
static void *shooter(void *arg)
{
	uint64_t *at = arg, state = (uintptr_t)&state;

	while (!stop) {
		if (!sigsetjmp(on_bus, 1))
			at[chance(&state) % 512 * WORDS] = 1;
	}
	return NULL;
}

/* The file is cut to nothing under writes: nothing must be left of it. */
static void cut_under_fire(int seconds)
{
	pthread_t threads[3];
	unsigned long left = 0;
	char path[256];
	time_t end = time(NULL) + seconds;
	struct stat st;
	int file, i;
	uint64_t *at;

	snprintf(path, sizeof(path), "%s/cut", dir);
	file = open(path, O_RDWR | O_CREAT, 0600);
	if (file < 0 || ftruncate(file, 512 * PAGE))
		die("%s", path);
	at = mmap(NULL, 512 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	signal(SIGBUS, bus);
	stop = 0;
	for (i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, shooter, at);
	while (time(NULL) < end) {
		if (ftruncate(file, 0) || fstat(file, &st))
			break;
		left += st.st_blocks != 0;
		if (ftruncate(file, 512 * PAGE))
			break;
		did(FIRE);
		if (done[FIRE] % 64 == 0)
			usleep(1000);
	}
	stop = 1;
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	munmap(at, 512 * PAGE);
	unlink(path);
	close(file);
	check(!left, "a file cut to nothing has nothing (%lu of %lu times it had)", left,
	      done[FIRE]);
}

static void *squeezer(void *arg)
{
	(void)arg;
	while (!stop)
		set_text(pool, "reclaim", "64K");
	return NULL;
}

/* A fault ends after its page is mapped, not before: eviction must not be faster. */
static void storm(int seconds)
{
	static void *(*const roles[])(void *) = { squeezer, squeezer, shooter, shooter, shooter };
	pthread_t threads[5];
	char path[256];
	uint64_t *at;
	int file, i;

	snprintf(path, sizeof(path), "%s/storm", dir);
	file = open(path, O_RDWR | O_CREAT, 0600);
	if (file < 0 || ftruncate(file, 512 * PAGE))
		die("%s", path);
	at = mmap(NULL, 512 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	set_text(pool, "policy", "random");
	stop = 0;
	for (i = 0; i < 5; i++)
		pthread_create(&threads[i], NULL, roles[i], at);
	sleep(seconds);
	stop = 1;
	for (i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	munmap(at, 512 * PAGE);
	unlink(path);
	close(file);
}

int main(int argc, char **argv)
{
	static void *(*const others[])(void *) = { reclaimer, mapper, neighbour };
	pthread_t threads[LANES + READERS + 3];
	char path[256];
	uintptr_t i, n = 0;

	if (argc != 4)
		return 2;
	pool = argv[1];
	dir = argv[2];
	snprintf(path, sizeof(path), "%s/stamped", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, PAGES * PAGE))
		die("%s", path);
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	floors = mmap(NULL, PAGES * sizeof(*floors), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || floors == MAP_FAILED)
		die("mmap");
	for (i = 0; i < LANES; i++)
		pthread_create(&threads[n++], NULL, owner, (void *)i);
	for (i = 0; i < READERS; i++)
		pthread_create(&threads[n++], NULL, reader, (void *)i);
	for (i = 0; i < 3; i++)
		pthread_create(&threads[n++], NULL, others[i], NULL);
	sleep(atoi(argv[3]));
	stop = 1;
	while (n)
		pthread_join(threads[--n], NULL);
	munmap(map, PAGES * PAGE);
	unlink(path);
	close(fd);
	cut_under_fire(3);
	storm(5);
	for (i = 0; i < NR_JOBS; i++)
		printf("%s: %lu\n", jobs[i], done[i]);
	for (i = 0; i < NR_JOBS && done[i]; i++)
		;
	check(i == NR_JOBS, "every job was done (%s)", i < NR_JOBS ? jobs[i] : "all");
	check(!bad, "no page had wrong bytes (%lu)", bad);
	return 0;
}
