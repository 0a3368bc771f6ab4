/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views: tables of pools and the devices of each, and the options that all of them take. The tree
 * of pagepact status takes these options, too, but is none: it shows regions instead of devices.
 */
#ifndef PAGEPACT_VIEW_H
#define PAGEPACT_VIEW_H

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

/* pagepact status --tiers */
extern const struct view tiers_view;

/* pagepact store latency */
extern const struct view latency_view;

/* For getopt_long(). */
#define VIEW_OPTIONS \
	{ "pool",		required_argument,	NULL, OPTION_POOL }, \
	{ "list-columns",	no_argument,		NULL, OPTION_LIST_COLUMNS }, \
	STYLE_OPTIONS

#define VIEW_LETTERS	STYLE_LETTERS

/**
 * struct view_options - what the user chose
 * @style: how to print
 * @list: columns to show, as given with -o; may be NULL
 * @pool: the only pool to show; NULL: all
 * @list_columns: show what columns there are, and nothing else
 */
struct view_options {
	struct style style;
	const char *list;
	const char *pool;
	bool list_columns;
};

/**
 * view_option - obey one of VIEW_OPTIONS
 * Returns false for any other option; ends the program when two of them exclude each other.
 */
bool view_option(int option, struct view_options *options);

/**
 * view_show - print a view, or its columns
 * @pools: names of those to show, and a NULL behind them; only that: as @options has it
 * Returns an exit status.
 */
int view_show(const struct view *view, const struct view_options *options, char **pools);

#endif
