/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views: the tables that pagepact store shows. They take the same options and read the same: pools,
 * and the devices of each.
 */
#ifndef PAGEPACT_STORE_H
#define PAGEPACT_STORE_H

#include <stdbool.h>
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
 * @table_defaults: the same for a table that is neither raw nor JSON; NULL: as @defaults
 * @none: what to say when there are pools, but no line; NULL where that cannot be
 * @takes_pools: arguments are names of pools
 * @wanted: attributes of the pool that it needs
 * @has_source: says what is wrong when what it needs besides sysfs is not there; may be NULL
 * @add_pool: makes the lines of one pool; returns false when it said that some are missing
 */
struct view {
	const char *name;
	const struct column *columns;
	size_t count;
	const char *defaults;
	const char *table_defaults;
	const char *none;
	bool takes_pools;
	const struct attribute_set *wanted;
	bool (*has_source)(void);
	bool (*add_pool)(struct table *table, const struct pool *pool,
			 const struct devices *devices);
};

/* pagepact store tiers */
extern const struct view tiers_view;

/* pagepact store latency */
extern const struct view latency_view;

#endif
