/* SPDX-License-Identifier: GPL-2.0-only */
/* ranges: pages of a region, as somebody else lists them. */
#ifndef PAGEPACT_CORE_RANGES_H
#define PAGEPACT_CORE_RANGES_H

#include <linux/types.h>

/**
 * struct pp_range - pages that follow each other
 * @start: index of the first
 * @end: index of the page after the last, more than @start
 */
struct pp_range {
	pgoff_t start;
	pgoff_t end;
};

/**
 * pp_ranges_merge - puts ranges in order, and those together that overlap or touch
 * @ranges: the ranges; afterwards the first ones of them are what is left
 * @nr: how many
 * Return: how many are left: in ascending order, with pages between them, the same pages as before.
 */
unsigned int pp_ranges_merge(struct pp_range *ranges, unsigned int nr);

#endif /* PAGEPACT_CORE_RANGES_H */
