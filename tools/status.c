// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagepact status: pools, their domains and their regions as a tree, or with --tiers the view of
 * tiers.c.
 *
 * A domain is nothing the module knows numbers of: its row is the sum of its regions'. A pool's row
 * is the module's own, whose counters also include regions that are gone.
 */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pagepact.h"
#include "pool.h"
#include "table.h"
#include "text.h"
#include "view.h"

/* Columns that are no attribute come first, then all attributes in their order. */
enum {
	COLUMN_NAME,
	COLUMN_KIND,
	COLUMN_POOL,
	COLUMN_ID,
	COLUMN_PATH,
	COLUMN_METADATA_PER_PAGE,
	COLUMN_HUGE_PERCENT,
	COLUMN_ATTRIBUTES
};

#define COLUMN_COUNT	(COLUMN_ATTRIBUTES + ATTR_RECLAIM)

_Static_assert(ATTR_RECLAIM == ATTR_COUNT - 1, "the attribute without a value is the last");
_Static_assert(COLUMN_COUNT <= COLUMNS_MAX, "too many columns");

static struct column columns[COLUMN_COUNT] = {
	[COLUMN_NAME] = { "NAME", NULL, UNIT_WORD,
		"the pool, the domain, or the region's path inside the domain" },
	[COLUMN_KIND] = { "KIND", NULL, UNIT_WORD, "pool, domain or region" },
	[COLUMN_POOL] = { "POOL", NULL, UNIT_WORD, "the pool" },
	[COLUMN_ID] = { "ID", NULL, UNIT_COUNT, "the region's inode number" },
	[COLUMN_PATH] = { "PATH", NULL, UNIT_WORD, "the region's path inside the pool" },
	[COLUMN_METADATA_PER_PAGE] = { "META/PAGE", "metadata_per_page", UNIT_COUNT,
		"bytes of metadata per page of the size" },
	[COLUMN_HUGE_PERCENT] = { "HUGE%", "huge_percent", UNIT_COUNT,
		"of what is resident, percent in huge frames" },
};

static const char default_columns[] =
	"NAME,SIZE,RESIDENT,STANDBY,HUGE%,STORED,COMPRESSED,METADATA,FAULTS,RESTORES,EVICTIONS,"
	"LIMIT";

static void describe_attributes(void)
{
	unsigned int id;

	for (id = 0; id < ATTR_RECLAIM; id++) {
		columns[COLUMN_ATTRIBUTES + id].name = attributes[id].column;
		columns[COLUMN_ATTRIBUTES + id].unit = attributes[id].unit;
		columns[COLUMN_ATTRIBUTES + id].help = attributes[id].help;
	}
}

static struct attribute_set wanted_attributes(const struct choice *choice)
{
	struct attribute_set wanted = { 0 };
	size_t i;

	for (i = 0; i < choice->count; i++) {
		if (choice->shown[i] >= COLUMN_ATTRIBUTES) {
			wanted.has[choice->shown[i] - COLUMN_ATTRIBUTES] = true;
		} else if (choice->shown[i] == COLUMN_METADATA_PER_PAGE) {
			wanted.has[ATTR_METADATA] = true;
			wanted.has[ATTR_SIZE] = true;
		} else if (choice->shown[i] == COLUMN_HUGE_PERCENT) {
			wanted.has[ATTR_HUGE_RESIDENT] = true;
			wanted.has[ATTR_RESIDENT] = true;
		}
	}
	return wanted;
}

/* In hundredths, without floating point: bytes of metadata for one page of the size. */
static void add_metadata_per_page(struct table *table, struct libscols_line *line,
				  const struct values *values)
{
	unsigned __int128 hundredths;
	uint64_t size;

	if (!has_value(values, ATTR_METADATA) || !has_value(values, ATTR_SIZE))
		return;
	size = values->number[ATTR_SIZE];
	if (!size)
		return;
	hundredths = (unsigned __int128)values->number[ATTR_METADATA] *
		     (uint64_t)sysconf(_SC_PAGESIZE) * 100 / size;
	table_format(table, line, COLUMN_METADATA_PER_PAGE, "%" PRIu64 ".%02u",
		     (uint64_t)(hundredths / 100), (unsigned int)(hundredths % 100));
}

static void add_huge_percent(struct table *table, struct libscols_line *line,
			     const struct values *values)
{
	uint64_t resident;

	if (!has_value(values, ATTR_HUGE_RESIDENT) || !has_value(values, ATTR_RESIDENT))
		return;
	resident = values->number[ATTR_RESIDENT];
	if (!resident)
		return;
	table_format(table, line, COLUMN_HUGE_PERCENT, "%u",
		     percent_of(values->number[ATTR_HUGE_RESIDENT], resident));
}

static struct libscols_line *add_line(struct table *table, struct libscols_line *parent,
				      const char *kind, const char *name,
				      const struct pool *pool, const struct values *values)
{
	struct libscols_line *line = table_line(table, parent);
	unsigned int id;

	table_text(table, line, COLUMN_NAME, name);
	table_text(table, line, COLUMN_KIND, kind);
	table_text(table, line, COLUMN_POOL, pool->name);
	for (id = 0; id < ATTR_RECLAIM; id++) {
		if (!has_value(values, id))
			continue;
		if (attributes[id].unit == UNIT_WORD)
			table_text(table, line, COLUMN_ATTRIBUTES + id, values->word[id]);
		else
			table_value(table, line, COLUMN_ATTRIBUTES + id, values->number[id]);
	}
	add_metadata_per_page(table, line, values);
	add_huge_percent(table, line, values);
	return line;
}

static void add_region(struct table *table, struct libscols_line *parent,
		       const struct pool *pool, const struct region *region)
{
	size_t length = domain_length(region->path);
	struct libscols_line *line;

	line = add_line(table, parent, "region", region->path + (length ? length + 1 : 0), pool,
			&region->values);
	table_format(table, line, COLUMN_ID, "%" PRIu64, region->id);
	table_text(table, line, COLUMN_PATH, region->path);
}

static void add_values(struct values *sum, const struct values *values)
{
	unsigned int id;

	for (id = 0; id < ATTR_COUNT; id++) {
		if (!has_value(values, id) || (attributes[id].kind != ATTR_STATE &&
					       attributes[id].kind != ATTR_COUNTER))
			continue;
		sum->number[id] = add_saturating(sum->number[id], values->number[id]);
		sum->present.has[id] = true;
	}
}

static void add_domain(struct table *table, struct libscols_line *parent,
		       const struct pool *pool, size_t first, size_t end)
{
	const struct region *regions = pool->regions;
	struct libscols_line *line;
	struct values sum = { 0 };
	char *name;
	size_t i;

	for (i = first; i < end; i++)
		add_values(&sum, &regions[i].values);
	name = strndup(regions[first].path, domain_length(regions[first].path));
	if (!name)
		err(STATUS_ERROR, "out of memory");
	line = add_line(table, parent, "domain", name, pool, &sum);
	free(name);
	for (i = first; i < end; i++)
		add_region(table, line, pool, &regions[i]);
}

static void add_pool(struct table *table, const struct pool *pool)
{
	const struct region *regions = pool->regions;
	struct libscols_line *line;
	size_t first, end, length;

	line = add_line(table, NULL, "pool", pool->name, pool, &pool->values);
	for (first = 0; first < pool->region_count; first = end) {
		length = domain_length(regions[first].path);
		end = first + 1;
		if (!length) {
			add_region(table, line, pool, &regions[first]);
			continue;
		}
		/* The slash is compared as well: "a" is not the start of "ab". */
		while (end < pool->region_count &&
		       !strncmp(regions[first].path, regions[end].path, length + 1))
			end++;
		add_domain(table, line, pool, first, end);
	}
}

static int show(const struct choice *choice, const struct style *style, const char *only)
{
	struct attribute_set wanted = wanted_attributes(choice);
	struct pools pools;
	struct table table;
	size_t i;

	if (pools_read_or_explain(&pools, only, &wanted)) {
		pools_free(&pools);
		return STATUS_FAILED;
	}
	if (!style->json)
		pools_explain_none(&pools);

	table_open(&table, "pools", choice, style, COLUMN_NAME);
	for (i = 0; i < pools.count; i++)
		add_pool(&table, &pools.list[i]);
	if (pools.count || style->json)
		table_print(&table);
	table_close(&table);
	pools_free(&pools);
	return STATUS_OK;
}

int status_main(int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		VIEW_OPTIONS,
		{ "tiers",	no_argument,		NULL, 't' },
		{ 0 }
	};
	struct view_options chosen = { 0 };
	struct choice choice;
	bool tiers = false;
	int option;

	while ((option = getopt_long(argc, argv, COMMON_LETTERS VIEW_LETTERS "t", options,
				     NULL)) != -1) {
		if (option == 't')
			tiers = true;
		else if (!view_option(option, &chosen))
			common_option(option, "status");
	}
	no_more_arguments(argc, argv, "status");
	if (tiers)
		return view_show(&tiers_view, &chosen, argv + optind);

	describe_attributes();
	if (chosen.list_columns) {
		table_list_columns(columns, COLUMN_COUNT, &chosen.style);
		return STATUS_OK;
	}
	table_choose(&choice, columns, COLUMN_COUNT, default_columns, chosen.list);
	return show(&choice, &chosen.style, chosen.pool);
}
