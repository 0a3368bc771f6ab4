// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that are not made by the task that asks: the pool's worker's fail now and then, while
 * two regions of one domain are written, evicted and verified at the pool's limit.
 */
#include <ctype.h>
#include <dirent.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include "sweep.h"

#define BIG	1024UL /* pages of each region */
#define PERCENT	20

static volatile bool stop;
static unsigned long verified, wrong, evictions;

/**
 * struct busy - a region that is written and verified by one thread, evicted by another
 * @path: its name
 * @fd: open
 * @map: mapped
 * @values: its directory in sysfs
 */
struct busy {
	const char *path;
	int fd;
	uint8_t *map;
	char values[64];
};

static struct busy regions[2] = { { .path = REGION }, { .path = OTHER } };

static void make_busy(struct busy *b)
{
	struct stat st;

	b->fd = open(b->path, O_RDWR | O_CREAT, 0600);
	if (b->fd < 0 || ftruncate(b->fd, BIG * PAGE) || fstat(b->fd, &st))
		die("%s", b->path);
	b->map = mmap(NULL, BIG * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
	if (b->map == MAP_FAILED)
		die("mmap");
	snprintf(b->values, sizeof(b->values), VALUES "/regions/%lu", (unsigned long)st.st_ino);
}

static void end_busy(struct busy *b)
{
	munmap(b->map, BIG * PAGE);
	close(b->fd);
	unlink(b->path);
}

static void *write_and_verify(void *arg)
{
	static const char kinds[] = "trsz";
	struct busy *b = arg;
	uint64_t page[WORDS], generation = 0;
	size_t i;

	while (!stop) {
		generation++;
		for (i = 0; i < BIG && !stop; i++)
			compose((uint64_t *)(b->map + i * PAGE), &kinds[(i + generation) % 4],
				generation, i);
		while (i--) {
			compose(page, &kinds[(i + generation) % 4], generation, i);
			if (memcmp(page, b->map + i * PAGE, PAGE))
				wrong++;
			__atomic_fetch_add(&verified, 1, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

static void *evict(void *arg)
{
	struct busy *b = arg;

	while (!stop) {
		set_text(b->values, "reclaim", "256K");
		__atomic_fetch_add(&evictions, 1, __ATOMIC_RELAXED);
		/* The worker is to have something to do. */
		usleep(50000);
	}
	return NULL;
}

/*
 * A worker that serves the pool, or did last ("kworker/u8:1+pagepact"). Not kswapd: it also ends
 * inodes of the root file system, which is unusable afterwards when that fails.
 */
static bool is_worker(long pid)
{
	char path[64], name[64] = "";
	int file;

	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	file = open(path, O_RDONLY);
	if (file < 0)
		return false;
	if (read(file, name, sizeof(name) - 1) < 0)
		*name = 0;
	close(file);
	return strstr(name, "pagepact");
}

/* Workers serve others too (disks, the root file system), whose failures are not ours to make. */
static void workers_may_fail(bool yes)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)*e->d_name))
			may_fail(atol(e->d_name), yes && is_worker(atol(e->d_name)));
	if (d)
		closedir(d);
}

static void run_for(unsigned int seconds)
{
	pthread_t threads[4];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		make_busy(&regions[i]);
		if (pthread_create(&threads[i], NULL, write_and_verify, &regions[i]) ||
		    pthread_create(&threads[2 + i], NULL, evict, &regions[i]))
			die("threads");
	}
	for (i = 0; i < 20 * seconds; i++) {
		workers_may_fail(true);
		usleep(50000);
	}
	stop = true;
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

void background(unsigned int seconds)
{
	unsigned long failures;
	long long before;
	unsigned int i;

	mounted();
	take_away();
	if (mkdir(DOMAIN, 0700))
		die("mkdir");
	write_value(VALUES, "limit", "%lu", BIG * PAGE);
	before = number_of(VALUES, "evictions");
	fail_randomly(PERCENT);
	run_for(seconds);
	failures = random_failures();
	fail_randomly(0);
	workers_may_fail(false);
	printf("%lu failures, %lu pages verified, %lu requests, %lld evictions\n", failures,
	       verified, evictions, number_of(VALUES, "evictions") - before);
	check(!wrong, "every byte was right while workers failed");
	check(failures > 20 && verified > BIG &&
	      number_of(VALUES, "evictions") - before > 1000,
	      "there were failures, and evictions among them");
	for (i = 0; i < 2; i++)
		end_busy(&regions[i]);
	write_value(VALUES, "limit", "0");
}
