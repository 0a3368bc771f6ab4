// SPDX-License-Identifier: GPL-2.0-only
/*
 * faultbench: what a fault costs after eviction, for a region or a memfd.
 *
 * usage: faultbench FILE|memfd MIB DATAFILE
 *
 * Maps MIB of shared memory and fills it with DATAFILE's bytes, each page stamped with its
 * number. Then obeys commands on standard input, one a line, answering with one line each:
 *   touch	reads one word of every page in random order; prints "touch NS" per page
 *   check	compares every byte; prints "check BAD" pages that differ
 * What evicts in between is up to the caller.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL

static unsigned char *mem, *data;
static size_t pages, data_pages;
static uint32_t *order;
static uint64_t rng = 88172645463325252ULL;

static uint64_t next_random(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void fill_page(unsigned char *to, size_t n)
{
	uint64_t stamp = n;

	memcpy(to, data + n % data_pages * PAGE, PAGE);
	memcpy(to, &stamp, sizeof(stamp));
}

static void shuffle(void)
{
	for (size_t i = pages - 1; i > 0; i--) {
		size_t j = next_random() % (i + 1);
		uint32_t t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

static void touch(void)
{
	volatile unsigned char *bytes = mem;
	uint64_t start;

	shuffle();
	start = now();
	for (size_t i = 0; i < pages; i++)
		(void)bytes[order[i] * PAGE + 64];
	printf("touch %llu\n", (unsigned long long)((now() - start) / pages));
}

static void check(void)
{
	unsigned char want[PAGE];
	size_t bad = 0;

	for (size_t n = 0; n < pages; n++) {
		fill_page(want, n);
		bad += memcmp(want, mem + n * PAGE, PAGE) != 0;
	}
	printf("check %zu\n", bad);
}

static void open_data(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		die(path);
	data_pages = st.st_size / PAGE;
	data = mmap(NULL, data_pages * PAGE, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (data == MAP_FAILED)
		die(path);
	close(fd);
}

int main(int argc, char **argv)
{
	char line[64];
	int fd;

	if (argc != 4 || atoi(argv[2]) <= 0) {
		fprintf(stderr, "usage: faultbench FILE|memfd MIB DATAFILE\n");
		return 2;
	}
	pages = (size_t)atoi(argv[2]) << 8;
	open_data(argv[3]);
	fd = strcmp(argv[1], "memfd") ? open(argv[1], O_RDWR | O_CREAT, 0600) :
					memfd_create("faultbench", 0);
	if (fd < 0 || ftruncate(fd, pages * PAGE))
		die(argv[1]);
	mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	order = malloc(pages * sizeof(*order));
	if (mem == MAP_FAILED || !order)
		die("mmap");
	for (size_t n = 0; n < pages; n++) {
		order[n] = n;
		fill_page(mem + n * PAGE, n);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("ready %zu\n", pages);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "touch\n"))
			touch();
		else if (!strcmp(line, "check\n"))
			check();
		else
			printf("unknown %s", line);
	}
	return 0;
}
