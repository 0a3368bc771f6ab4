// SPDX-License-Identifier: GPL-2.0-only
/*
 * memverify - notice every lost, stale or exchanged page.
 *
 * Every page carries a stamp (index, generation, checksum) and content that
 * follows from seed, index and generation. The program remembers only the
 * generations. It verifies all pages again and again and rewrites some; with
 * a direct I/O file it also sends blocks of these pages to the device and
 * back, so that the device reads and writes the very memory under test.
 *
 * Runs in guests (anonymous memory) and on the virtual host (-f: a mapped
 * file of a pool, no guest needed).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define WORDS (PAGE / sizeof(uint64_t))
#define DIO_PAGES 16u /* pages in one direct I/O block */
#define DIO_SLOTS 64u /* blocks in the direct I/O file */
#define SHOW_BAD 10u /* bad pages described before only counting */
#define ENTROPY 25u /* percent of a page that is random, the rest compresses */

struct stamp {
	uint64_t index; /* which page */
	uint64_t generation; /* how often it was rewritten */
	uint64_t seed; /* which run */
	uint64_t sum; /* of the words behind the stamp */
};

#define STAMP_WORDS (sizeof(struct stamp) / sizeof(uint64_t))

static uint64_t *arena;
static uint32_t *generations;
static size_t pages;

static uint64_t seed = 1;
static unsigned int writes = 20; /* percent of pages rewritten per round */

static unsigned long rounds, dio, bad;
static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static uint64_t chance_state;

static uint64_t chance(void)
{
	chance_state += 0x9e3779b97f4a7c15ull;
	return mix(chance_state);
}

/* What @page must contain in @generation. */
static void compose(uint64_t *out, size_t page, uint32_t generation)
{
	struct stamp *stamp = (struct stamp *)out;
	uint64_t word = mix(seed ^ mix(page + 1) ^ ((uint64_t)generation << 32));
	size_t i, random = STAMP_WORDS + (WORDS - STAMP_WORDS) * ENTROPY / 100;
	uint64_t sum = 0;

	for (i = STAMP_WORDS; i < WORDS; i++) {
		if (i < random)
			word = word * 6364136223846793005ull + 1442695040888963407ull;
		out[i] = word;
		sum += word * (i + 1);
	}
	stamp->index = page;
	stamp->generation = generation;
	stamp->seed = seed;
	stamp->sum = sum;
}

static void report(size_t page, const uint64_t *want)
{
	const uint64_t *have = arena + page * WORDS;
	const struct stamp *stamp = (const struct stamp *)have;
	size_t i = 0;

	if (bad++ >= SHOW_BAD)
		return;
	while (i < WORDS && have[i] == want[i])
		i++;
	if (i == WORDS) {
		printf("memverify: page %zu: differed, now it does not\n", page);
		return;
	}
	printf("memverify: page %zu generation %u: word %zu is %016llx, must be %016llx;",
	       page, generations[page], i, (unsigned long long)have[i],
	       (unsigned long long)want[i]);
	printf(" stamp says index %llu generation %llu seed %llu\n",
	       (unsigned long long)stamp->index, (unsigned long long)stamp->generation,
	       (unsigned long long)stamp->seed);
	fflush(stdout);
}

static void verify(size_t page)
{
	uint64_t want[WORDS];

	compose(want, page, generations[page]);
	if (memcmp(arena + page * WORDS, want, PAGE))
		report(page, want);
}

static void rewrite(size_t page)
{
	compose(arena + page * WORDS, page, ++generations[page]);
}

/* One block to the device and back into the same, meanwhile spoiled, pages. */
static int dio_block(int fd)
{
	size_t first = chance() % (pages / DIO_PAGES) * DIO_PAGES;
	off_t offset = (off_t)(chance() % DIO_SLOTS) * DIO_PAGES * PAGE;
	char *buffer = (char *)(arena + first * WORDS);
	size_t i;

	if (pwrite(fd, buffer, DIO_PAGES * PAGE, offset) != DIO_PAGES * PAGE) {
		perror("memverify: direct write");
		return -1;
	}
	memset(buffer, 0xdb, DIO_PAGES * PAGE);
	if (pread(fd, buffer, DIO_PAGES * PAGE, offset) != DIO_PAGES * PAGE) {
		perror("memverify: direct read");
		return -1;
	}
	for (i = 0; i < DIO_PAGES; i++)
		verify(first + i);
	dio++;
	return 0;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* One round over all pages; a last one (@quiet) only verifies. */
static int sweep(int fd, double end, int quiet)
{
	size_t page;

	for (page = 0; page < pages; page++) {
		verify(page);
		if (quiet)
			continue;
		if (chance() % 100 < writes)
			rewrite(page);
		if (page % 256)
			continue;
		if (fd >= 0 && dio_block(fd))
			return -1;
		if (stopped || (end && seconds() > end))
			return 0;
	}
	rounds++;
	return 0;
}

static void *map_arena(const char *file, size_t size)
{
	void *map;
	int fd;

	if (!file)
		return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = open(file, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, size)) {
		perror(file);
		exit(2);
	}
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map;
}

static void usage(void)
{
	fputs("usage: memverify -m MIB [-t SECONDS] [-w PERCENT] [-d DIOFILE] [-f MAPFILE]\n"
	      "                 [-s SEED]\n"
	      "  -t  stop after this time (default: when told by SIGTERM)\n"
	      "  -w  pages rewritten per round (default 20 percent)\n"
	      "  -d  file or device for direct I/O from and into these pages\n"
	      "  -f  map this file shared instead of anonymous memory\n"
	      "  -s  what tells the pages of this run from another's (default 1)\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	const char *diofile = NULL, *mapfile = NULL;
	double limit = 0, end;
	size_t mib = 0, page;
	int opt, fd = -1, failed = 0;

	while ((opt = getopt(argc, argv, "m:t:w:d:f:s:")) != -1) {
		switch (opt) {
		case 'm':
			mib = strtoul(optarg, NULL, 0);
			break;
		case 't':
			limit = strtod(optarg, NULL);
			break;
		case 'w':
			writes = strtoul(optarg, NULL, 0);
			break;
		case 'd':
			diofile = optarg;
			break;
		case 'f':
			mapfile = optarg;
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		default:
			usage();
		}
	}
	if (!mib || optind != argc)
		usage();
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);

	pages = mib * 256;
	chance_state = seed;
	arena = map_arena(mapfile, pages * PAGE);
	generations = calloc(pages, sizeof(*generations));
	if (arena == MAP_FAILED || !generations) {
		perror("memverify: memory");
		return 2;
	}
	if (diofile) {
		fd = open(diofile, O_RDWR | O_CREAT | O_DIRECT, 0600);
		if (fd < 0) {
			perror(diofile);
			return 2;
		}
	}

	for (page = 0; page < pages; page++)
		compose(arena + page * WORDS, page, 0);
	end = limit ? seconds() + limit : 0;
	while (!failed && !stopped && (!end || seconds() < end))
		failed = sweep(fd, end, 0);
	sweep(-1, 0, 1);

	failed = failed || bad;
	printf("MEMVERIFY pages=%zu rounds=%lu dio=%lu bad=%lu %s\n", pages, rounds, dio, bad,
	       failed ? "FAIL" : "PASS");
	return failed;
}
