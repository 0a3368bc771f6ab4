// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfns FILE - where the pages of a file in memory are, as root
 *
 * A line "FIRST LAST" for each run of page frame numbers, in the order of the file.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>
#include "check.h"

/* Of /proc/PID/pagemap, see the kernel's Documentation/admin-guide/mm/pagemap.rst. */
#define PM_PRESENT (1ull << 63)
#define PM_PFN ((1ull << 55) - 1)

static uint64_t pfn_of(int pagemap, const volatile char *page)
{
	uint64_t entry;

	(void)*page;
	if (pread(pagemap, &entry, sizeof(entry), (uintptr_t)page / PAGE * sizeof(entry)) !=
	    sizeof(entry))
		die("pagemap");
	if (!(entry & PM_PRESENT) || !(entry & PM_PFN))
		die("a page is not there, or not to be told");
	return entry & PM_PFN;
}

int main(int argc, char **argv)
{
	uint64_t first = 0, last = 0, pfn;
	struct stat st;
	char *map;
	off_t at;
	int fd, pagemap;

	if (argc != 2)
		die("usage: pfns FILE");
	fd = open(argv[1], O_RDONLY);
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (fd < 0 || pagemap < 0 || fstat(fd, &st) || !st.st_size)
		die("%s", argv[1]);
	map = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("%s: mmap", argv[1]);
	for (at = 0; at < st.st_size; at += PAGE) {
		pfn = pfn_of(pagemap, map + at);
		if (at && pfn == last + 1) {
			last = pfn;
			continue;
		}
		if (at)
			printf("%llu %llu\n", (unsigned long long)first, (unsigned long long)last);
		first = pfn;
		last = pfn;
	}
	printf("%llu %llu\n", (unsigned long long)first, (unsigned long long)last);
	return 0;
}
