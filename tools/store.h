/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views: the tables that pagepact store shows. They take the same options and read the same: pools,
 * and the devices of each.
 */
#ifndef PAGEPACT_STORE_H
#define PAGEPACT_STORE_H

#include <stddef.h>

#include "device.h"
#include "pool.h"
#include "table.h"

/**
 * struct view - one table
 * @name: of the list in JSON
 * @columns: all that exist
 * @count: how many
 * @defaults: names of those that are shown without -o
 * @wanted: attributes of the pool that it needs
 * @add_pool: makes the lines of one pool; returns how many
 */
struct view {
	const char *name;
	const struct column *columns;
	size_t count;
	const char *defaults;
	const struct attribute_set *wanted;
	size_t (*add_pool)(struct table *table, const struct pool *pool,
			   const struct devices *devices);
};

/* pagepact store tiers */
extern const struct view tiers_view;

#endif
