// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagepact store latency: how long it took to get back what is stored, as a histogram of each tier:
 * fetches from compressed RAM, and requests to read from devices.
 *
 * The module tells it in debugfs, one file a tier, which only root may read. A line is a bucket,
 * "END COUNT": how often it took as long as END, in nanoseconds, but longer than the END before.
 * An empty file counted nothing yet. One that is absent leaves its tier out.
 *
 * A file is believed as a whole or not at all, since percents of a part would mislead. Its tier is
 * left out, with a message and exit status 1, when a line is anything but two decimal numbers of 64
 * bits and one blank between them, when a COUNT is 0, when ENDs do not ascend, when there are more
 * than MAX_BUCKETS, when all COUNTs together exceed 64 bits, and when the file is longer than
 * text_read() takes.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "text.h"
#include "view.h"

/* Four for each factor of two that 64 bits can tell. */
#define MAX_BUCKETS	256

#define BAR_LENGTH	20

enum {
	COLUMN_POOL,
	COLUMN_TIER,
	COLUMN_NUMBER,
	COLUMN_PATH,
	COLUMN_UPTO_NS,
	COLUMN_COUNTED,
	COLUMN_SHARE_PERCENT,
	COLUMN_CUMULATIVE_PERCENT,
	COLUMN_BAR,
	COLUMN_COUNT
};

static const struct column columns[COLUMN_COUNT] = {
	[COLUMN_POOL] = { "POOL", NULL, UNIT_WORD, "the pool" },
	[COLUMN_TIER] = { "TIER", NULL, UNIT_WORD, "memory, which is compressed RAM, or device" },
	[COLUMN_NUMBER] = { "NUMBER", NULL, UNIT_COUNT, "what the pool calls the device" },
	[COLUMN_PATH] = { "PATH", NULL, UNIT_WORD, "the block device or file" },
	[COLUMN_UPTO_NS] = { "UPTO_NS", NULL, UNIT_NS,
		"longest time of the line; inf, in base units 18446744073709551615: any" },
	[COLUMN_COUNTED] = { "COUNT", NULL, UNIT_COUNT,
		"fetches, or reads of the device, up to that time, longer than the line before" },
	[COLUMN_SHARE_PERCENT] = { "SHARE%", "share_percent", UNIT_COUNT,
		"percent of all that were counted in this tier" },
	[COLUMN_CUMULATIVE_PERCENT] = { "CUMULATIVE%", "cumulative_percent", UNIT_COUNT,
		"the same up to that time" },
	[COLUMN_BAR] = { "BAR", NULL, UNIT_WORD, "the count, next to the largest in this tier" },
};

#define NUMBERS	"POOL,TIER,PATH,UPTO_NS,COUNT,SHARE%,CUMULATIVE%"

/* No attribute of the pool itself. */
static const struct attribute_set nothing;

struct bucket {
	uint64_t end;
	uint64_t count;
};

/**
 * struct histogram - what a file says
 * @buckets: their ends ascend, and their counts are not 0
 * @used: how many
 * @all: sum of their counts
 * @largest: the largest count
 */
struct histogram {
	struct bucket buckets[MAX_BUCKETS];
	size_t used;
	uint64_t all;
	uint64_t largest;
};

static bool parse_line(char *line, struct bucket *bucket)
{
	char *end = strsep(&line, " ");

	return line && !number_parse(end, &bucket->end) &&
	       !number_parse(line, &bucket->count) && bucket->count;
}

/* Changes @text. @histogram is zeroed. False when it is not to be believed. */
static bool parse(char *text, struct histogram *histogram)
{
	struct bucket *bucket = histogram->buckets;

	if (!*text)
		return true;
	for (; text; bucket++) {
		if (histogram->used++ == MAX_BUCKETS || !parse_line(strsep(&text, "\n"), bucket) ||
		    (histogram->used > 1 && bucket->end <= bucket[-1].end) ||
		    __builtin_add_overflow(histogram->all, bucket->count, &histogram->all))
			return false;
		if (bucket->count > histogram->largest)
			histogram->largest = bucket->count;
	}
	return true;
}

static void explain(const char *path, int error)
{
	const char *help = "'dmesg' may tell more";
	char *shown = text_shown(path);

	if (error == ENOENT)
		help = "mount debugfs with 'mount -t debugfs none /sys/kernel/debug', unless the "
		       "kernel has none (debugfs=off); if it is mounted, this module tells no "
		       "latencies: 'pagepact doctor' compares the versions";
	else if (error == EACCES || error == EPERM)
		help = "only root may do that: try again as root";
	else if (error == EBADMSG || error == EFBIG)
		help = "it is no histogram: 'pagepact doctor' compares the versions";
	warnx("cannot read %s: %s: %s", shown, strerror(error), help);
	free(shown);
}

static char *debug_directory(void)
{
	return text_format("%s/kernel/debug/pagepact", sysfs_root);
}

static bool has_debugfs(void)
{
	char *path = debug_directory();
	int error = access(path, X_OK) ? errno : 0;

	if (error)
		explain(path, error);
	free(path);
	return !error;
}

/* Rounded down: 100.0 means all. @whole is not 0. */
static void add_percent(struct table *table, struct libscols_line *line, unsigned int column,
			uint64_t part, uint64_t whole)
{
	unsigned int permille = (__uint128_t)part * 1000 / whole;

	table_format(table, line, column, "%u.%u", permille / 10, permille % 10);
}

/* Rounded up: what was counted can be seen. */
static void add_bar(struct table *table, struct libscols_line *line, uint64_t count,
		    uint64_t largest)
{
	char bar[BAR_LENGTH + 1] = "";

	memset(bar, '#', ((__uint128_t)count * BAR_LENGTH + largest - 1) / largest);
	table_text(table, line, COLUMN_BAR, bar);
}

static void add_bucket(struct table *table, const struct pool *pool, const struct device *device,
		       const struct histogram *histogram, size_t i, uint64_t seen)
{
	struct libscols_line *line = table_line(table, NULL);
	const struct bucket *bucket = &histogram->buckets[i];

	table_text(table, line, COLUMN_POOL, pool->name);
	table_text(table, line, COLUMN_TIER, device ? "device" : "memory");
	if (device) {
		table_value(table, line, COLUMN_NUMBER, device->number);
		table_text(table, line, COLUMN_PATH, device->path);
	}
	/* The last bucket has no end. Base units are exact and a number, which this one is, too. */
	if (bucket->end == UINT64_MAX && !table->style.json && !table->style.bytes)
		table_text(table, line, COLUMN_UPTO_NS, "inf");
	else
		table_value(table, line, COLUMN_UPTO_NS, bucket->end);
	table_value(table, line, COLUMN_COUNTED, bucket->count);
	add_percent(table, line, COLUMN_SHARE_PERCENT, bucket->count, histogram->all);
	add_percent(table, line, COLUMN_CUMULATIVE_PERCENT, seen, histogram->all);
	add_bar(table, line, bucket->count, histogram->largest);
}

/*
 * @device: NULL for compressed RAM. One that went since its file was opened is absent. Returns 0,
 * -ENOENT, or -errno after it said what is wrong.
 */
static int add_tier(struct table *table, const struct pool *pool, const struct device *device)
{
	char *directory = debug_directory(), *path, *text;
	struct histogram histogram = { 0 };
	uint64_t seen = 0;
	int ret = 0;
	size_t i;

	path = device ? text_format("%s/%s/read_latency_%" PRIu64, directory, pool->name,
				    device->number) :
			text_format("%s/%s/fetch_latency", directory, pool->name);
	text = text_read(AT_FDCWD, path);
	if (!text)
		ret = errno == EIO && access(path, F_OK) ? -ENOENT : -errno;
	else if (!parse(text, &histogram))
		ret = -EBADMSG;
	for (i = 0; !ret && i < histogram.used; i++) {
		seen += histogram.buckets[i].count;
		add_bucket(table, pool, device, &histogram, i, seen);
	}
	if (ret && ret != -ENOENT)
		explain(path, -ret);
	free(text);
	free(path);
	free(directory);
	return ret;
}

static bool add_tiers(struct table *table, const struct pool *pool, const struct devices *devices)
{
	bool absent = true, complete = true;
	char *shown;
	size_t i;
	int ret;

	for (i = 0; i < 1 + devices->count; i++) {
		ret = add_tier(table, pool, i ? &devices->list[i - 1] : NULL);
		absent &= ret == -ENOENT;
		complete &= !ret || ret == -ENOENT;
	}
	if (absent) {
		shown = text_shown(pool->name);
		warnx("pool %s tells no latencies: the kernel was short of memory when it was "
		      "mounted, or it is gone ('pagepact status' tells)", shown);
		free(shown);
	}
	return complete && !absent;
}

const struct view latency_view = {
	.name = "buckets",
	.columns = columns,
	.count = COLUMN_COUNT,
	.defaults = NUMBERS,
	.table_defaults = NUMBERS ",BAR",
	.none = "nothing was fetched yet",
	.takes_pools = true,
	.wanted = &nothing,
	.has_source = has_debugfs,
	.add_pool = add_tiers,
};
