// SPDX-License-Identifier: GPL-2.0-only
/* Ranges in order: the same pages as before, none twice, none beside another. */
#include "core/ranges.c"
#include "unit.h"

#define PAGES	200
#define MOST	40

static void same_pages(const struct pp_range *before, unsigned int nr,
		       const struct pp_range *after, unsigned int left)
{
	bool was[PAGES + 1] = {}, is[PAGES + 1] = {};
	unsigned int i;
	pgoff_t page;

	for (i = 0; i < nr; i++)
		for (page = before[i].start; page < before[i].end; page++)
			was[page] = true;
	for (i = 0; i < left; i++) {
		expect(after[i].start < after[i].end);
		expect(!i || after[i - 1].end < after[i].start);
		for (page = after[i].start; page < after[i].end; page++)
			is[page] = true;
	}
	expect(!memcmp(was, is, sizeof(was)));
}

TEST(random_ranges)
{
	struct pp_range before[MOST] = {}, after[MOST];
	unsigned int n, nr, i, left;

	srand(1);
	for (n = 0; n < 20000; n++) {
		nr = 1 + rand() % MOST;
		for (i = 0; i < nr; i++) {
			before[i].start = rand() % PAGES;
			before[i].end = before[i].start + 1 +
					rand() % min(PAGES - (int)before[i].start, 1 + rand() % 30);
		}
		memcpy(after, before, sizeof(before));
		left = pp_ranges_merge(after, nr);
		expect(left >= 1 && left <= nr);
		same_pages(before, nr, after, left);
	}
}

TEST(edges)
{
	struct pp_range one = { ULONG_MAX - 1, ULONG_MAX };
	struct pp_range inside[] = { { 3, 4 }, { 0, 9 }, { 8, 9 }, { 0, 1 } };

	expect_eq(pp_ranges_merge(&one, 0), 0);
	expect_eq(pp_ranges_merge(&one, 1), 1);
	expect(one.start == ULONG_MAX - 1 && one.end == ULONG_MAX);
	expect_eq(pp_ranges_merge(inside, 4), 1);
	expect(inside[0].start == 0 && inside[0].end == 9);
}
