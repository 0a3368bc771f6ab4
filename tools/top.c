// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagepact top: what happens per second, from the differences of two readings.
 *
 * A region or pool that was not there before counts from zero, which is where its counters began;
 * so does one whose counters went down, since then another took its name. Rates that cannot be
 * told, those of the first reading, stay blank.
 *
 * On a terminal the screen is redrawn in place and a key may end it; in batch mode, and when output
 * goes elsewhere, samples follow each other and no control sequence is written.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pagepact.h"
#include "pool.h"
#include "table.h"
#include "terminal.h"
#include "text.h"

enum {
	COLUMN_NAME,
	COLUMN_KIND,
	COLUMN_ID,
	COLUMN_RESIDENT,
	COLUMN_STANDBY,
	COLUMN_STORED,
	COLUMN_LIMIT,
	COLUMN_FAULTS,
	COLUMN_RESTORES,
	COLUMN_RESTORE_US,
	COLUMN_EVICTIONS,
	COLUMN_AGED,
	COLUMN_STALLS,
	COLUMN_RECLAIM,
	COLUMN_COUNT
};

static const struct column columns[COLUMN_COUNT] = {
	[COLUMN_NAME]	    = { "NAME",	       NULL,			UNIT_WORD,  "" },
	[COLUMN_KIND]	    = { "KIND",	       NULL,			UNIT_WORD,  "" },
	[COLUMN_ID]	    = { "ID",	       NULL,			UNIT_COUNT, "" },
	[COLUMN_RESIDENT]   = { "RESIDENT",    NULL,			UNIT_BYTES, "" },
	[COLUMN_STANDBY]    = { "STANDBY",     NULL,			UNIT_BYTES, "" },
	[COLUMN_STORED]	    = { "STORED",      NULL,			UNIT_BYTES, "" },
	[COLUMN_LIMIT]	    = { "LIMIT",       NULL,			UNIT_LIMIT, "" },
	[COLUMN_FAULTS]	    = { "FAULTS/s",    "faults_per_second",	UNIT_COUNT, "" },
	[COLUMN_RESTORES]   = { "RESTORES/s",  "restores_per_second",	UNIT_COUNT, "" },
	[COLUMN_RESTORE_US] = { "us/RESTORE",  "microseconds_per_restore", UNIT_COUNT, "" },
	[COLUMN_EVICTIONS]  = { "EVICTIONS/s", "evictions_per_second",	UNIT_COUNT, "" },
	[COLUMN_AGED]	    = { "AGED/s",      "aged_per_second",	UNIT_COUNT, "" },
	[COLUMN_STALLS]	    = { "STALLS/s",    "stalls_per_second",	UNIT_COUNT, "" },
	[COLUMN_RECLAIM]    = { "RECLAIM%",    "reclaim_percent",	UNIT_COUNT, "" },
};

static const char wide_columns[] =
	"NAME,RESIDENT,STANDBY,STORED,LIMIT,FAULTS/s,RESTORES/s,us/RESTORE,EVICTIONS/s,AGED/s,"
	"STALLS/s,RECLAIM%";
/* What matters most, with room for names on 80 columns. */
static const char narrow_columns[] =
	"NAME,RESIDENT,STORED,FAULTS/s,RESTORES/s,EVICTIONS/s,RECLAIM%";
#define WIDE	120
static const char json_columns[] =
	"NAME,KIND,ID,RESIDENT,STANDBY,STORED,LIMIT,FAULTS/s,RESTORES/s,us/RESTORE,EVICTIONS/s,"
	"AGED/s,STALLS/s,RECLAIM%";

static const struct attribute_set wanted = {
	.has = {
		[ATTR_RESIDENT]	  = true,
		[ATTR_STANDBY]	  = true,
		[ATTR_STORED]	  = true,
		[ATTR_LIMIT]	  = true,
		[ATTR_FAULTS]	  = true,
		[ATTR_RESTORES]	  = true,
		[ATTR_RESTORE_NS] = true,
		[ATTR_EVICTIONS]  = true,
		[ATTR_AGED]	  = true,
		[ATTR_STALLS]	  = true,
		[ATTR_RECLAIM_NS] = true,
	},
};

struct sample {
	struct pools pools;
	struct timespec monotonic;	/* to measure by */
	struct timespec wall;		/* to tell */
};

/**
 * struct row - one line to sort and show
 * @now: values of this sample
 * @before: those of the one before; all zero for what is new; NULL when there is none
 * @name: not safe to show
 * @pool: what a row of a pool is about, else NULL
 * @id: of a region
 * @restores, @faults: what happened in between, to sort by
 */
struct row {
	const struct values *now;
	const struct values *before;
	const char *name;
	const struct pool *pool;
	uint64_t id;
	uint64_t restores;
	uint64_t faults;
};

struct settings {
	struct style style;
	const char *only;
	bool batch;
	uint64_t delay_ns;
	uint64_t iterations;	/* 0: no end */
};

/* False when it cannot be told. */
static bool difference(const struct row *row, enum attribute_id id, uint64_t *result)
{
	uint64_t now, before;

	if (!row->before || !has_value(row->now, id))
		return false;
	now = row->now->number[id];
	before = row->before->number[id];
	*result = now >= before ? now - before : now;
	return true;
}

/* What to sort by, once the rest is there. */
static void weigh_row(struct row *row)
{
	difference(row, ATTR_RESTORES, &row->restores);
	difference(row, ATTR_FAULTS, &row->faults);
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *left = a, *right = b;

	if (left->restores != right->restores)
		return left->restores < right->restores ? 1 : -1;
	if (left->faults != right->faults)
		return left->faults < right->faults ? 1 : -1;
	return strcmp(left->name, right->name);
}

static struct libscols_line *add_row(struct table *table, struct libscols_line *parent,
				     const struct row *row, uint64_t elapsed_ns)
{
	static const struct { unsigned int column; enum attribute_id id; } state[] = {
		{ COLUMN_RESIDENT,	ATTR_RESIDENT },
		{ COLUMN_STANDBY,	ATTR_STANDBY },
		{ COLUMN_STORED,	ATTR_STORED },
		{ COLUMN_LIMIT,		ATTR_LIMIT },
	}, rates[] = {
		{ COLUMN_FAULTS,	ATTR_FAULTS },
		{ COLUMN_RESTORES,	ATTR_RESTORES },
		{ COLUMN_EVICTIONS,	ATTR_EVICTIONS },
		{ COLUMN_AGED,		ATTR_AGED },
		{ COLUMN_STALLS,	ATTR_STALLS },
	};
	struct libscols_line *line = table_line(table, parent);
	uint64_t count, ns;
	size_t i;

	table_text(table, line, COLUMN_NAME, row->name);
	table_text(table, line, COLUMN_KIND, row->pool ? "pool" : "region");
	if (!row->pool)
		table_value(table, line, COLUMN_ID, row->id);
	for (i = 0; i < sizeof(state) / sizeof(state[0]); i++) {
		if (has_value(row->now, state[i].id))
			table_value(table, line, state[i].column, row->now->number[state[i].id]);
	}
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		if (difference(row, rates[i].id, &count))
			table_format(table, line, rates[i].column, "%.1f",
				     count * 1e9 / elapsed_ns);
	}
	if (difference(row, ATTR_RECLAIM_NS, &ns))
		table_format(table, line, COLUMN_RECLAIM, "%.1f", ns * 100.0 / elapsed_ns);
	if (difference(row, ATTR_RESTORES, &count) && count &&
	    difference(row, ATTR_RESTORE_NS, &ns))
		table_format(table, line, COLUMN_RESTORE_US, "%.1f", ns / 1e3 / count);
	return line;
}

static const struct pool *pool_by_name(const struct pools *pools, const char *name)
{
	size_t i;

	for (i = 0; i < pools->count; i++) {
		if (!strcmp(pools->list[i].name, name))
			return &pools->list[i];
	}
	return NULL;
}

static void add_regions(struct table *table, struct libscols_line *parent,
			const struct pool *pool, const struct pool *before, bool first,
			uint64_t elapsed_ns)
{
	static const struct values zero;
	const struct region *region, *known;
	struct row *rows = allocate(pool->region_count * sizeof(*rows));
	size_t i;

	for (i = 0; i < pool->region_count; i++) {
		region = &pool->regions[i];
		known = before ? region_by_id(before, region->id) : NULL;
		rows[i].name = region->path;
		rows[i].id = region->id;
		rows[i].now = &region->values;
		rows[i].before = first ? NULL : known ? &known->values : &zero;
		weigh_row(&rows[i]);
	}
	if (pool->region_count)
		qsort(rows, pool->region_count, sizeof(*rows), compare_rows);
	for (i = 0; i < pool->region_count; i++)
		add_row(table, parent, &rows[i], elapsed_ns);
	free(rows);
}

/* The table of a sample; @before is NULL for the first one. */
static char *draw(const struct style *style, const struct sample *before,
		  const struct sample *now, uint64_t elapsed_ns)
{
	static const struct values zero;
	const struct pools *pools = &now->pools;
	struct row *rows = allocate(pools->count * sizeof(*rows));
	const struct pool *pool, *known;
	struct libscols_line *line;
	struct choice choice;
	struct table table;
	char *text;
	size_t i;

	for (i = 0; i < pools->count; i++) {
		pool = &pools->list[i];
		known = before ? pool_by_name(&before->pools, pool->name) : NULL;
		rows[i].name = pool->name;
		rows[i].pool = pool;
		rows[i].now = &pool->values;
		rows[i].before = !before ? NULL : known ? &known->values : &zero;
		weigh_row(&rows[i]);
	}
	if (pools->count)
		qsort(rows, pools->count, sizeof(*rows), compare_rows);

	table_choose(&choice, columns, COLUMN_COUNT,
		     style->json ? json_columns :
		     style->width && style->width < WIDE ? narrow_columns : wide_columns, NULL);
	table_open(&table, "pools", &choice, style, COLUMN_NAME);
	for (i = 0; i < pools->count; i++) {
		known = before ? pool_by_name(&before->pools, rows[i].name) : NULL;
		line = add_row(&table, NULL, &rows[i], elapsed_ns);
		add_regions(&table, line, rows[i].pool, known, !before, elapsed_ns);
	}
	text = table_string(&table);
	table_close(&table);
	free(rows);
	return text;
}

/*
 * libsmartcols writes JSON over several lines. A line break inside a string is written as \n, so
 * every real one, and the indentation after it, can go.
 */
static void print_json_line(char *text, const struct sample *now, uint64_t elapsed_ns)
{
	char *line, *rest = text;

	printf("{\"time\":%lld.%03ld,\"interval_seconds\":%.3f,",
	       (long long)now->wall.tv_sec, now->wall.tv_nsec / 1000000, elapsed_ns / 1e9);
	rest = strchr(rest, '{');
	for (rest = rest ? rest + 1 : text; (line = strsep(&rest, "\n"));)
		fputs(line + strspn(line, " \t"), stdout);
	putchar('\n');
}

static void print_heading(const struct sample *now, uint64_t elapsed_ns, const char *line_end)
{
	char time[64] = "";
	struct tm local;
	size_t regions = 0, i;

	for (i = 0; i < now->pools.count; i++)
		regions += now->pools.list[i].region_count;
	if (localtime_r(&now->wall.tv_sec, &local))
		strftime(time, sizeof(time), "%Y-%m-%d %H:%M:%S", &local);
	printf("pagepact top - %s, pools: %zu, regions: %zu, seconds: %.1f%s\n", time,
	       now->pools.count, regions, elapsed_ns / 1e9, line_end);
}

/* As many lines as the screen has, each ended by "clear the rest of the line". */
static void print_screen(char *text, const struct sample *now, uint64_t elapsed_ns, size_t height)
{
	char *line, *rest = text;
	size_t used;

	fputs("\033[H", stdout);
	print_heading(now, elapsed_ns, "\033[K");
	/* The heading, and the last line, which a line break at its end would scroll. */
	for (used = 2; used < height && (line = strsep(&rest, "\n")); used++)
		printf("%s\033[K\n", line);
	fputs("\033[J", stdout);
}

static void show(const struct settings *settings, const struct sample *before,
		 const struct sample *now)
{
	struct style style = settings->style;
	size_t height = 0;
	uint64_t elapsed_ns = 0;
	char *text;

	if (before)
		elapsed_ns = nanoseconds(&now->monotonic) - nanoseconds(&before->monotonic);
	if (before && !elapsed_ns)
		elapsed_ns = 1;
	if (!settings->batch)
		terminal_size(&style.width, &height);
	text = draw(&style, before, now, elapsed_ns);
	if (style.json) {
		print_json_line(text, now, elapsed_ns);
	} else if (settings->batch) {
		print_heading(now, elapsed_ns, "");
		printf("%s\n", text);
	} else {
		print_screen(text, now, elapsed_ns, height);
	}
	free(text);
	fflush(stdout);
}

static bool take_sample(const struct settings *settings, struct sample *sample)
{
	clock_gettime(CLOCK_MONOTONIC, &sample->monotonic);
	clock_gettime(CLOCK_REALTIME, &sample->wall);
	return !pools_read_or_explain(&sample->pools, settings->only, &wanted);
}

static int run(const struct settings *settings)
{
	struct sample before = { 0 }, now = { 0 };
	const struct sample *base = NULL;
	enum wait wait = WAIT_OVER;
	uint64_t deadline, shown;

	if (!take_sample(settings, &now)) {
		pools_free(&now.pools);
		return STATUS_FAILED;
	}
	terminal_begin(!settings->batch);
	if (!settings->batch) {
		fputs("\033[2J", stdout);
		show(settings, NULL, &now);
	}
	deadline = nanoseconds(&now.monotonic);
	for (shown = 0; !settings->iterations || shown < settings->iterations; shown++) {
		deadline += settings->delay_ns;
		while ((wait = terminal_wait(deadline)) == WAIT_REDRAW) {
			if (!settings->batch)
				show(settings, base, &now);
		}
		if (wait == WAIT_END || ferror(stdout))
			break;
		pools_free(&before.pools);
		before = now;
		memset(&now, 0, sizeof(now));
		base = &before;
		if (!take_sample(settings, &now))
			break;
		/* After a long sleep of the machine or the process, start anew. */
		if (nanoseconds(&now.monotonic) > deadline + settings->delay_ns)
			deadline = nanoseconds(&now.monotonic);
		show(settings, base, &now);
	}
	terminal_end();
	pools_free(&before.pools);
	pools_free(&now.pools);
	return wait == WAIT_END || shown == settings->iterations ? STATUS_OK : STATUS_FAILED;
}

/* Seconds, with decimals. */
static uint64_t parse_delay(const char *text)
{
	char *end, *shown;
	double seconds;

	errno = 0;
	seconds = strtod(text, &end);
	if (errno || end == text || *end || !(seconds >= 0.1 && seconds <= 86400)) {
		shown = text_shown(text);
		errx(STATUS_ERROR, "'%s' is no delay: give seconds from 0.1 to 86400", shown);
	}
	return seconds * 1e9;
}

int top_main(int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "batch",	no_argument,		NULL, 'b' },
		{ "delay",	required_argument,	NULL, 'd' },
		{ "json",	no_argument,		NULL, 'J' },
		{ "iterations",	required_argument,	NULL, 'n' },
		{ "bytes",	no_argument,		NULL, OPTION_BYTES },
		{ "pool",	required_argument,	NULL, OPTION_POOL },
		{ 0 }
	};
	struct settings settings = { .delay_ns = UINT64_C(2000000000) };
	char *shown;
	int option;

	while ((option = getopt_long(argc, argv, COMMON_LETTERS "bd:Jn:", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			settings.batch = true;
			break;
		case 'd':
			settings.delay_ns = parse_delay(optarg);
			break;
		case 'J':
			settings.style.json = true;
			break;
		case 'n':
			if (number_parse(optarg, &settings.iterations) || !settings.iterations) {
				shown = text_shown(optarg);
				errx(STATUS_ERROR, "'%s' is no number of samples: give 1 or more",
				     shown);
			}
			break;
		case OPTION_BYTES:
			settings.style.bytes = true;
			break;
		case OPTION_POOL:
			settings.only = optarg;
			break;
		default:
			common_option(option, "top");
		}
	}
	no_more_arguments(argc, argv, "top");

	if (settings.style.json || !isatty(STDOUT_FILENO))
		settings.batch = true;
	return run(&settings);
}
