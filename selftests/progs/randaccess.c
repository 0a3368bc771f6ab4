// SPDX-License-Identifier: GPL-2.0-only
/*
 * randaccess MIB SECONDS - words at random addresses, one written to three read
 *
 * Each word holds its index, and a count of its writes in the upper half, so that reads of wrong
 * ones are noticed. The last line is "RANDACCESS mib=N per_second=N bad=N".
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define BATCH 4096

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	size_t mib = argc == 3 ? strtoul(argv[1], NULL, 10) : 0, words = mib << 17, i;
	double seconds = argc == 3 ? strtod(argv[2], NULL) : 0, begin, end;
	uint64_t *map, random = 88172645463325252ull, bad = 0, done = 0;

	if (!mib || mib > 4096 || seconds <= 0) {
		fputs("usage: randaccess MIB SECONDS\n", stderr);
		return 2;
	}
	map = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	madvise(map, mib << 20, MADV_HUGEPAGE);
	for (i = 0; i < words; i++)
		map[i] = i;
	begin = now();
	do {
		for (i = 0; i < BATCH; i++) {
			uint64_t at;

			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			at = random % words;
			bad += (uint32_t)map[at] != at;
			if (i % 4 == 0)
				map[at] += 1ull << 32;
		}
		done += BATCH;
		end = now();
	} while (end < begin + seconds);
	printf("RANDACCESS mib=%zu per_second=%.0f bad=%llu\n", mib, done / (end - begin),
	       (unsigned long long)bad);
	return bad != 0;
}
