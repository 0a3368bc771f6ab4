// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagepact status --tiers: where what a pool stores is, what it takes there, and what it costs to
 * get it back. Compressed RAM comes first, then the devices.
 *
 * The module counts slots and fetches of the whole store and of each device. What is not of a
 * device is of compressed RAM. Its files are read one after the other and may be of several
 * moments, so that a difference stops at 0. A figure that needs one that is not known is not known.
 */
#include "view.h"

#define PAGE_BYTES	4096

enum {
	COLUMN_POOL,
	COLUMN_TIER,
	COLUMN_NUMBER,
	COLUMN_PATH,
	COLUMN_SIZE,
	COLUMN_USED,
	COLUMN_USE_PERCENT,
	COLUMN_PAGES,
	COLUMN_RATIO,
	COLUMN_SHARED_PERCENT,
	COLUMN_FETCHES,
	COLUMN_HIT_PERCENT,
	COLUMN_P50_NS,
	COLUMN_P99_NS,
	COLUMN_EXPECTED,
	COLUMN_COUNT
};

static const struct column columns[COLUMN_COUNT] = {
	[COLUMN_POOL] = { "POOL", NULL, UNIT_WORD, "the pool" },
	[COLUMN_TIER] = { "TIER", NULL, UNIT_WORD, "memory, which is compressed RAM, or device" },
	[COLUMN_NUMBER] = { "NUMBER", NULL, UNIT_COUNT, "what the pool calls the device" },
	[COLUMN_PATH] = { "PATH", NULL, UNIT_WORD, "the block device or file" },
	[COLUMN_SIZE] = { "SIZE", NULL, UNIT_BYTES,
		"what it can hold: the device, or memory up to store_limit" },
	[COLUMN_USED] = { "USED", NULL, UNIT_BYTES, "what of it is taken" },
	[COLUMN_USE_PERCENT] = { "USE%", "use_percent", UNIT_COUNT, "percent of the size used" },
	[COLUMN_PAGES] = { "PAGES", NULL, UNIT_COUNT,
		"pages whose bytes are there, of equal ones one" },
	[COLUMN_RATIO] = { "RATIO", NULL, UNIT_COUNT, "size of these pages for each byte used" },
	[COLUMN_SHARED_PERCENT] = { "SHARED%", "shared_percent", UNIT_COUNT,
		"of the pages in all tiers, percent that take no room as an equal one does" },
	[COLUMN_FETCHES] = { "FETCHES", NULL, UNIT_COUNT,
		"pages that came from there, into frames; of a device to read(2) as well" },
	[COLUMN_HIT_PERCENT] = { "HIT%", "hit_percent", UNIT_COUNT,
		"of FETCHES of all tiers, percent that came from there; devices gain by read(2)" },
	[COLUMN_P50_NS] = { "P50_NS", NULL, UNIT_NS,
		"time that half of the fetches, or of the device's reads, took at most" },
	[COLUMN_P99_NS] = { "P99_NS", NULL, UNIT_NS, "time that 99 of 100 took at most" },
	[COLUMN_EXPECTED] = { "EXPECTED", "reuse_error_steps", UNIT_COUNT,
		"mean error of when pages were expected to be needed; 4 is a factor of two" },
};

static const char default_columns[] =
	"POOL,TIER,PATH,SIZE,USED,USE%,PAGES,RATIO,SHARED%,FETCHES,HIT%,P50_NS,P99_NS";

static const struct attribute_set wanted = {
	.has = {
		[ATTR_STORE_LIMIT] = true,
		[ATTR_COMPRESSED] = true,
		[ATTR_SLOTS] = true,
		[ATTR_SLOTS_SAVED] = true,
		[ATTR_RESTORES] = true,
		[ATTR_RESTORES_FAR] = true,
		[ATTR_FETCH_P50_NS] = true,
		[ATTR_FETCH_P99_NS] = true,
		[ATTR_REUSE_CHECKED] = true,
		[ATTR_REUSE_ERROR] = true,
	},
};

/**
 * struct figure - a number that may be unknown
 * @known: whether there is a value
 * @value: the number
 */
struct figure {
	bool known;
	uint64_t value;
};

static struct figure of_pool(const struct pool *pool, enum attribute_id id)
{
	return (struct figure){ has_value(&pool->values, id), pool->values.number[id] };
}

static struct figure of_device(const struct device *device, enum device_file file)
{
	return (struct figure){ device->has[file], device->value[file] };
}

static struct figure sum(struct figure a, struct figure b)
{
	return (struct figure){ a.known && b.known, add_saturating(a.value, b.value) };
}

static struct figure difference(struct figure a, struct figure b)
{
	return (struct figure){ a.known && b.known, a.value > b.value ? a.value - b.value : 0 };
}

static struct figure sum_of_devices(const struct devices *devices, enum device_file file)
{
	struct figure all = { .known = true };
	size_t i;

	for (i = 0; i < devices->count; i++)
		all = sum(all, of_device(&devices->list[i], file));
	return all;
}

static void add_percent(struct table *table, struct libscols_line *line, unsigned int column,
			struct figure part, struct figure whole)
{
	if (part.known && whole.known && whole.value)
		table_format(table, line, column, "%u", percent_of(part.value, whole.value));
}

/* @dividend counts things of @each. */
static void add_quotient(struct table *table, struct libscols_line *line, unsigned int column,
			 struct figure dividend, unsigned int each, struct figure divisor)
{
	if (dividend.known && divisor.known && divisor.value)
		table_format(table, line, column, "%.1f",
			     (double)dividend.value * each / divisor.value);
}

/* @figures is for each column that shows one as it is; @fetches is the sum over all tiers. */
static struct libscols_line *add_tier(struct table *table, const struct pool *pool,
				      const char *tier, const struct figure *figures,
				      struct figure fetches)
{
	struct libscols_line *line = table_line(table, NULL);
	unsigned int column;

	table_text(table, line, COLUMN_POOL, pool->name);
	table_text(table, line, COLUMN_TIER, tier);
	for (column = 0; column < COLUMN_COUNT; column++) {
		if (figures[column].known)
			table_value(table, line, column, figures[column].value);
	}
	add_percent(table, line, COLUMN_USE_PERCENT, figures[COLUMN_USED], figures[COLUMN_SIZE]);
	add_quotient(table, line, COLUMN_RATIO, figures[COLUMN_PAGES], PAGE_BYTES,
		     figures[COLUMN_USED]);
	add_percent(table, line, COLUMN_HIT_PERCENT, figures[COLUMN_FETCHES], fetches);
	return line;
}

static void add_device(struct table *table, const struct pool *pool, const struct device *device,
		       struct figure fetches)
{
	const struct figure figures[COLUMN_COUNT] = {
		[COLUMN_NUMBER] = { true, device->number },
		[COLUMN_SIZE] = of_device(device, DEVICE_SIZE),
		[COLUMN_USED] = of_device(device, DEVICE_USED),
		[COLUMN_PAGES] = of_device(device, DEVICE_PAGES),
		[COLUMN_FETCHES] = of_device(device, DEVICE_FETCHES),
		[COLUMN_P50_NS] = of_device(device, DEVICE_READ_P50_NS),
		[COLUMN_P99_NS] = of_device(device, DEVICE_READ_P99_NS),
	};
	struct libscols_line *line = add_tier(table, pool, "device", figures, fetches);

	table_text(table, line, COLUMN_PATH, device->path);
}

static bool add_tiers(struct table *table, const struct pool *pool, const struct devices *devices)
{
	struct figure slots = of_pool(pool, ATTR_SLOTS), saved = of_pool(pool, ATTR_SLOTS_SAVED);
	struct figure figures[COLUMN_COUNT] = {
		[COLUMN_SIZE] = of_pool(pool, ATTR_STORE_LIMIT),
		[COLUMN_USED] = of_pool(pool, ATTR_COMPRESSED),
		[COLUMN_PAGES] = difference(slots, sum_of_devices(devices, DEVICE_PAGES)),
		[COLUMN_FETCHES] = difference(of_pool(pool, ATTR_RESTORES),
					      of_pool(pool, ATTR_RESTORES_FAR)),
		[COLUMN_P50_NS] = of_pool(pool, ATTR_FETCH_P50_NS),
		[COLUMN_P99_NS] = of_pool(pool, ATTR_FETCH_P99_NS),
	};
	struct figure fetches = sum(figures[COLUMN_FETCHES],
				    sum_of_devices(devices, DEVICE_FETCHES));
	struct libscols_line *line;
	size_t i;

	/* 0 is no limit. */
	figures[COLUMN_SIZE].known &= figures[COLUMN_SIZE].value > 0;
	line = add_tier(table, pool, "memory", figures, fetches);
	add_percent(table, line, COLUMN_SHARED_PERCENT, saved, sum(slots, saved));
	add_quotient(table, line, COLUMN_EXPECTED, of_pool(pool, ATTR_REUSE_ERROR), 1,
		     of_pool(pool, ATTR_REUSE_CHECKED));
	for (i = 0; i < devices->count; i++)
		add_device(table, pool, &devices->list[i], fetches);
	return true;
}

const struct view tiers_view = {
	.name = "tiers",
	.columns = columns,
	.count = COLUMN_COUNT,
	.defaults = default_columns,
	.wanted = &wanted,
	.add_pool = add_tiers,
};
