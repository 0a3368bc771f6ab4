// SPDX-License-Identifier: GPL-2.0-only
#include <linux/minmax.h>
#include <linux/sort.h>
#include "core/ranges.h"

static int by_start(const void *a, const void *b)
{
	const struct pp_range *one = a, *other = b;

	return one->start < other->start ? -1 : one->start > other->start;
}

unsigned int pp_ranges_merge(struct pp_range *ranges, unsigned int nr)
{
	unsigned int i, last = 0;

	if (!nr)
		return 0;
	sort(ranges, nr, sizeof(*ranges), by_start, NULL);
	for (i = 1; i < nr; i++) {
		if (ranges[i].start <= ranges[last].end)
			ranges[last].end = max(ranges[last].end, ranges[i].end);
		else
			ranges[++last] = ranges[i];
	}
	return last + 1;
}
