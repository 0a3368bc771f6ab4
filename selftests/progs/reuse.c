// SPDX-License-Identifier: GPL-2.0-only
/*
 * reuse - touches pages at steady intervals (the test of S5)
 *
 *   reuse FILE run PAGES MS...    makes FILE, PAGES for each interval, one beside the other: page i
 *                                 is one of group i % groups. Writes all, then reads each page of a
 *                                 group every so many milliseconds, 0 never, spread evenly, until
 *                                 it is killed.
 *   reuse FILE probe GROUP OF     reads the pages of one group
 *
 * Exit status 1 when a page is not what it was. Prints how late it was at worst, now and then.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include "check.h"

#define MAX_GROUPS 8
#define STEP_NS 5000000

static volatile uint64_t *map;
static unsigned int groups;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void map_file(const char *name, size_t pages)
{
	int fd = open(name, O_RDWR | (pages ? O_CREAT : 0), 0600);
	struct stat st;

	if (fd < 0 || (pages && ftruncate(fd, pages * PAGE)) || fstat(fd, &st))
		die("%s", name);
	map = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("%s: mmap", name);
	close(fd);
}

static void look(size_t page)
{
	uint64_t want[WORDS];

	compose(want, "text", 1, page);
	if (map[page * WORDS + 9] != want[9])
		die("page %zu is wrong", page);
}

static void run(size_t pages, char **interval)
{
	struct timespec step = { .tv_nsec = STEP_NS };
	double begin, before, late = 0, told = 0;
	size_t done[MAX_GROUPS] = { 0 }, page;
	uint64_t bytes[WORDS];
	unsigned int g;

	for (page = 0; page < pages * groups; page++) {
		compose(bytes, "text", 1, page);
		memcpy((void *)(map + page * WORDS), bytes, PAGE);
	}
	begin = now();
	for (before = begin;;) {
		double t = now();

		late = t - before > late ? t - before : late;
		before = t;
		for (g = 0; g < groups; g++) {
			double ms = strtod(interval[g], NULL);
			size_t due = ms > 0 ? (t - begin) * 1000 / ms * pages : 0;

			/* What was missed by far is missed. */
			if (due > done[g] + pages)
				done[g] = due - pages;
			for (; done[g] < due; done[g]++)
				look(done[g] % pages * groups + g);
		}
		if (t > told + 10) {
			printf("# a step took %.0f ms at worst\n", late * 1000);
			fflush(stdout);
			told = t;
			late = 0;
		}
		nanosleep(&step, NULL);
	}
}

int main(int argc, char **argv)
{
	size_t pages;

	if (argc >= 5 && argc <= 4 + MAX_GROUPS && !strcmp(argv[2], "run")) {
		groups = argc - 4;
		pages = strtoul(argv[3], NULL, 10);
		map_file(argv[1], pages * groups);
		run(pages, argv + 4);
	} else if (argc == 5 && !strcmp(argv[2], "probe")) {
		struct stat st;

		groups = strtoul(argv[4], NULL, 10);
		map_file(argv[1], 0);
		if (!groups || stat(argv[1], &st))
			die("%s", argv[1]);
		for (pages = strtoul(argv[3], NULL, 10); pages < st.st_size / PAGE;
		     pages += groups)
			look(pages);
		return 0;
	}
	fputs("usage: reuse FILE run PAGES MS... | probe GROUP OF\n", stderr);
	return 2;
}
