// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagepact tune: show and set the knobs of pools and regions.
 *
 * All arguments are checked before the first knob is turned. The kernel decides what it accepts;
 * when it refuses, the answer says what would help.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "host.h"
#include "pagepact.h"
#include "pool.h"
#include "table.h"
#include "text.h"

enum { COLUMN_TARGET, COLUMN_KNOB, COLUMN_VALUE, COLUMN_UNIT, COLUMN_MEANING, COLUMN_COUNT };

static const struct column columns[COLUMN_COUNT] = {
	[COLUMN_TARGET]	 = { "TARGET",	NULL, UNIT_WORD, "the pool, or pool/ID of a region" },
	[COLUMN_KNOB]	 = { "KNOB",	NULL, UNIT_WORD, "name of the knob" },
	/* In JSON a number, or a string for knobs that take a word: written by show_knob(). */
	[COLUMN_VALUE]	 = { "VALUE",	NULL, UNIT_COUNT, "what it is set to" },
	[COLUMN_UNIT]	 = { "UNIT",	NULL, UNIT_WORD, "what the value counts" },
	[COLUMN_MEANING] = { "MEANING",	NULL, UNIT_WORD, "what the knob does" },
};

static const struct attribute_set knobs = {
	.has = { [ATTR_LIMIT ... ATTR_RECLAIM] = true },
};

_Static_assert(ATTR_LIMIT < ATTR_SIZE_LIMIT && ATTR_RECLAIM == ATTR_COUNT - 1,
	       "knobs are the last attributes, the limit is the first of them");

/**
 * struct target - whose knobs
 * @pool: the pool
 * @region: one region of it, or NULL for the pool's own knobs
 */
struct target {
	const struct pool *pool;
	const struct region *region;
};

/**
 * struct request - one argument
 * @id: the knob
 * @value: what to set it to, as the kernel wants it; NULL to show it
 */
struct request {
	enum attribute_id id;
	char *value;
};

static const char *knob_file(const struct target *target, enum attribute_id id)
{
	return target->region ? attributes[id].region : attributes[id].pool;
}

static bool is_knob(const struct target *target, enum attribute_id id)
{
	return knobs.has[id] && knob_file(target, id);
}

/* "vms" or "vms/1234": safe as an argument, except for odd names of pools. */
static char *target_name(const struct target *target)
{
	if (target->region)
		return text_format("%s/%" PRIu64, target->pool->name, target->region->id);
	return duplicate(target->pool->name);
}

/* The region of @pool with that ID or path; explains what is wrong. */
static const struct region *find_region(const struct pool *pool, const char *name)
{
	char *shown = text_shown(name), *pool_shown = text_shown(pool->name);
	const struct region *found = NULL;
	size_t matches = 0, i;
	uint64_t id;

	if (!number_parse(name, &id))
		found = region_by_id(pool, id);
	if (!found) {
		for (i = 0; i < pool->region_count; i++) {
			if (text_is_called(pool->regions[i].path, name)) {
				found = &pool->regions[i];
				matches++;
			}
		}
	}
	if (matches > 1) {
		warnx("several regions are called '%s': use the ID that "
		      "'pagepact status -o +ID' shows", shown);
		found = NULL;
	} else if (!found) {
		warnx("no region '%s' in pool '%s': 'pagepact status --pool %s -o +ID,PATH' "
		      "shows the regions", shown, pool_shown, pool_shown);
	}
	free(pool_shown);
	free(shown);
	return found;
}

/* A target given as a file: the pool is the one on that device, the region that inode. */
static int find_file(const struct pools *pools, const char *path, struct target *target)
{
	char *shown = text_shown(path);
	struct stat status;

	if (stat(path, &status)) {
		warn("%s", shown);
		free(shown);
		return -ENOENT;
	}
	target->pool = pool_of_device(pools, major(status.st_dev), minor(status.st_dev));
	if (!target->pool) {
		warnx("%s is not in a pool: 'pagepact doctor' shows where pools are mounted",
		      shown);
	} else if (S_ISREG(status.st_mode)) {
		target->region = region_by_id(target->pool, status.st_ino);
		if (!target->region) {
			warnx("%s is no region that the module knows", shown);
			target->pool = NULL;
		}
	}
	free(shown);
	return target->pool ? 0 : -ENOENT;
}

/* Fills @pools, which must outlive @target. */
static int find_target(struct pools *pools, const char *name, const struct attribute_set *wanted,
		       struct target *target)
{
	size_t length = strcspn(name, "/");
	char *pool_name;
	int ret;

	memset(target, 0, sizeof(*target));
	if (name[0] == '/') {
		ret = pools_read_or_explain(pools, NULL, wanted);
		return ret ? ret : find_file(pools, name, target);
	}
	pool_name = strndup(name, length);
	if (!pool_name)
		err(STATUS_ERROR, "out of memory");
	ret = pools_read_or_explain(pools, pool_name, wanted);
	free(pool_name);
	if (ret)
		return ret;
	target->pool = &pools->list[0];
	if (!name[length] || !name[length + 1])
		return 0;
	target->region = find_region(target->pool, name + length + 1);
	return target->region ? 0 : -ENOENT;
}

static void show_knob(struct table *table, const struct target *target, enum attribute_id id)
{
	const struct values *values = target->region ? &target->region->values :
						       &target->pool->values;
	const struct attribute *knob = &attributes[id];
	struct libscols_line *line = table_line(table, NULL);
	bool plain = table->style.json || table->style.bytes;
	char *name = target_name(target), *text, *quoted;

	table_text(table, line, COLUMN_TARGET, name);
	table_text(table, line, COLUMN_KNOB, knob_file(target, id));
	table_text(table, line, COLUMN_UNIT, unit_name(knob->unit));
	table_text(table, line, COLUMN_MEANING, knob->help);
	free(name);
	if (!has_value(values, id))
		return;
	if (knob->unit != UNIT_WORD) {
		text = value_format(knob->unit, values->number[id], plain);
	} else if (table->style.json) {
		quoted = text_printable(values->word[id], true);
		text = text_json(quoted);
		free(quoted);
	} else {
		text = table->style.raw ? duplicate(values->word[id]) :
					  text_shown(values->word[id]);
	}
	table_format(table, line, COLUMN_VALUE, "%s", text);
	free(text);
}

static void show_all(struct table *table, const struct target *target)
{
	unsigned int id;

	for (id = 0; id < ATTR_COUNT; id++) {
		if (is_knob(target, id))
			show_knob(table, target, id);
	}
}

/* What helps when the kernel refused with @error; new string. */
static char *advice(const struct target *target, enum attribute_id id, int error)
{
	const struct attribute *knob = &attributes[id];

	switch (error) {
	case EBUSY:
		if (id == ATTR_LIMIT)
			return text_format("pinned or locked pages, or a full store, keep %s above "
					   "the limit, and the old one stays: raise it, stop the VM "
					   "that pins memory (VFIO, mlock), or raise store_limit",
					   target->region ? "the region" : "the pool");
		return text_format("it is in use: try again when the VMs on the pool are stopped");
	case EAGAIN:
		if (id == ATTR_RECLAIM)
			return text_format("less could be evicted than was asked for: 'pagepact "
					   "status -o NAME,RESIDENT,BUSY,INCOMPRESSIBLE,STORE_FULL' "
					   "tells why");
		return text_format("try again");
	case EPERM:
	case EACCES:
		return text_format("only root may set it: try again as root");
	case ENOENT:
		return text_format("this module does not know the knob, or what it names: "
				   "'pagepact doctor' compares the versions");
	case ENODEV:
		return text_format("the %s is gone: 'pagepact status' shows what there is",
				   target->region ? "region" : "pool");
	case EINVAL:
		if (knob->unit == UNIT_WORD)
			return text_format("the module does not accept that: %s", knob->help);
		return text_format("the module does not accept that: give %s",
				   unit_syntax(knob->unit));
	case ERANGE:
	case EOVERFLOW:
		return text_format("the number is too large: give a smaller one");
	case EINTR:
		return text_format("interrupted; what was evicted stays evicted: set it again to "
				   "go on");
	case ENOMEM:
		return text_format("the kernel is short of memory: lower the limit of another pool "
				   "or stop something");
	case ENOSPC:
		return text_format("the pool could not keep what it promised to its regions: "
				   "'dmesg' tells how much is missing, and what would help");
	case EROFS:
		return text_format("sysfs is mounted read-only, as in a container: set it on the "
				   "host");
	default:
		return text_format("'dmesg' may tell more");
	}
}

static int set_knob(const struct target *target, const struct request *request)
{
	const char *file = knob_file(target, request->id);
	char *directory = pools_directory(), *path, *name, *help, *shown;
	int ret;

	if (target->region)
		path = text_format("%s/%s/regions/%" PRIu64 "/%s", directory, target->pool->name,
				   target->region->id, file);
	else
		path = text_format("%s/%s/%s", directory, target->pool->name, file);
	ret = text_write(path, request->value);
	if (ret) {
		help = advice(target, request->id, -ret);
		name = target_name(target);
		shown = text_shown(name);
		warnx("cannot set %s of %s to %s: %s: %s", file, shown, request->value,
		      strerror(-ret), help);
		free(shown);
		free(name);
		free(help);
	}
	free(path);
	free(directory);
	return ret;
}

/* KNOB or KNOB=VALUE. Ends the program when it makes no sense. */
static void parse_request(const struct target *target, const char *text, struct request *request)
{
	size_t length = strcspn(text, "=");
	char *shown = text_shown(text);
	const struct attribute *knob;
	const char *value, *file;
	unsigned int id;
	uint64_t number;
	int ret;

	for (id = 0; id < ATTR_COUNT; id++) {
		file = is_knob(target, id) ? knob_file(target, id) : NULL;
		if (file && strlen(file) == length && !strncmp(file, text, length))
			break;
	}
	if (id == ATTR_COUNT)
		errx(STATUS_ERROR, "no knob '%.*s': 'pagepact tune %s' shows those of a %s",
		     (int)strcspn(shown, "="), shown, target->region ? "POOL/REGION" : "POOL",
		     target->region ? "region" : "pool");
	knob = &attributes[id];
	request->id = id;
	request->value = NULL;
	if (!text[length]) {
		if (knob->kind == ATTR_ACTION)
			errx(STATUS_ERROR, "%s cannot be read: give a value, like %s=64M", file,
			     file);
		free(shown);
		return;
	}
	value = text + length + 1;
	if (knob->unit == UNIT_WORD) {
		if (!*value || value[strcspn(value, " \t\n")])
			errx(STATUS_ERROR, "'%s': give one word: %s", shown, knob->help);
		request->value = text_shown(value);
	} else {
		ret = value_parse(knob->unit, value, &number);
		if (ret)
			errx(STATUS_ERROR, "'%s': %s: give %s", shown,
			     ret == -ERANGE ? "too large" : "not a value for this knob",
			     unit_syntax(knob->unit));
		request->value = text_format("%" PRIu64, number);
	}
	free(shown);
}

/* Sets what is to be set, in order; then shows what is to be shown. */
static int obey(const char *name, char **arguments, size_t count, const struct choice *choice,
		const struct style *style)
{
	struct request *requests = allocate(count * sizeof(*requests));
	struct pools pools, fresh = { 0 };
	struct target target;
	struct table table;
	bool reads = !count;
	size_t i = 0;
	int ret;

	ret = find_target(&pools, name, &knobs, &target);
	if (ret)
		goto out;
	for (i = 0; i < count; i++) {
		parse_request(&target, arguments[i], &requests[i]);
		reads |= !requests[i].value;
	}
	for (i = 0; i < count && !ret; i++) {
		if (requests[i].value)
			ret = set_knob(&target, &requests[i]);
	}
	if (ret || !reads)
		goto out_requests;

	/* What was set may have changed what is shown. */
	ret = find_target(&fresh, name, &knobs, &target);
	if (ret)
		goto out_requests;
	table_open(&table, "knobs", choice, style, -1);
	for (i = 0; i < count; i++) {
		if (!requests[i].value)
			show_knob(&table, &target, requests[i].id);
	}
	if (!count)
		show_all(&table, &target);
	table_print(&table);
	table_close(&table);

out_requests:
	for (i = 0; i < count; i++)
		free(requests[i].value);
out:
	free(requests);
	pools_free(&fresh);
	pools_free(&pools);
	return ret ? STATUS_FAILED : STATUS_OK;
}

static int show_pools(const struct choice *choice, const struct style *style)
{
	struct target target = { 0 };
	struct pools pools;
	struct table table;
	size_t i;

	if (pools_read_or_explain(&pools, NULL, &knobs)) {
		pools_free(&pools);
		return STATUS_FAILED;
	}
	if (!style->json)
		pools_explain_none(&pools);
	table_open(&table, "knobs", choice, style, -1);
	for (i = 0; i < pools.count; i++) {
		target.pool = &pools.list[i];
		show_all(&table, &target);
	}
	if (pools.count || style->json)
		table_print(&table);
	table_close(&table);
	pools_free(&pools);
	return STATUS_OK;
}

int tune_main(int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		STYLE_OPTIONS,
		{ 0 }
	};
	const char *list = NULL;
	struct style style = { 0 };
	struct choice choice;
	int option;

	while ((option = getopt_long(argc, argv, COMMON_LETTERS STYLE_LETTERS, options,
				     NULL)) != -1) {
		if (!style_option(option, &style, &list))
			common_option(option, "tune");
	}
	table_choose(&choice, columns, COLUMN_COUNT,
		     style.json ? "TARGET,KNOB,VALUE,UNIT,MEANING" : "TARGET,KNOB,VALUE,MEANING",
		     list);
	if (optind == argc)
		return show_pools(&choice, &style);
	return obey(argv[optind], argv + optind + 1, argc - optind - 1, &choice, &style);
}
