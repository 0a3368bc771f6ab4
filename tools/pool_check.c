// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of pools: switches that are off, limits that are missing, too tight, or were hit.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "doctor.h"
#include "text.h"

/* What the module writes to a device at once, and must find room for. */
#define REQUEST_BYTES	(128 << 10)

static uint64_t number(const struct values *values, enum attribute_id id)
{
	return has_value(values, id) ? values->number[id] : 0;
}

/* Something happened at least once. */
static bool counted(const struct values *values, enum attribute_id id)
{
	return number(values, id) > 0;
}

/* @value takes all of @limit but 1/64 of it. */
static bool is_near(uint64_t value, uint64_t limit)
{
	return limit && value >= limit - limit / 64;
}

/* A quarter more, in whole MiB. */
static uint64_t raised(uint64_t limit)
{
	return (add_saturating(limit, limit / 4) >> 20) + 1;
}

/* "pagepact tune TARGET FORMAT" */
static char *tune(const char *target, const char *setting)
{
	char *quoted = text_shell(target), *cure;

	cure = text_format("pagepact tune %s %s", quoted, setting);
	free(quoted);
	return cure;
}

static char *tune_bytes(const char *target, const char *knob, uint64_t mebibytes)
{
	char *setting = text_format("%s=%" PRIu64 "M", knob, mebibytes), *cure;

	cure = tune(target, setting);
	free(setting);
	return cure;
}

static void check_switches(struct diagnosis *diagnosis, const struct pool *pool,
			   const char *subject)
{
	static const struct {
		enum attribute_id id;
		enum severity severity;
		const char *effect;
	} switches[] = {
		{ ATTR_EVICT, SEVERITY_WARNING, "nothing is evicted, so limits cannot be kept" },
		{ ATTR_KEEP_COPIES, SEVERITY_NOTE,
		  "pages that were restored and not written are compressed again" },
		{ ATTR_DETECT_SAME, SEVERITY_NOTE,
		  "pages of zeros or one repeated word are compressed like others" },
		{ ATTR_SHARE_SLOTS, SEVERITY_NOTE,
		  "equal pages of a domain are stored once each" },
		{ ATTR_SHRINKER, SEVERITY_NOTE,
		  "the pool gives nothing back when the host or a cgroup is short of memory" },
	};
	const struct values *values = &pool->values;
	char *setting;
	size_t i;

	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (!has_value(values, switches[i].id) || values->number[switches[i].id])
			continue;
		setting = text_format("%s=1", attributes[switches[i].id].pool);
		report(diagnosis, switches[i].severity, attributes[switches[i].id].pool, subject,
		       tune(pool->name, setting), "%s is off: %s",
		       attributes[switches[i].id].pool, switches[i].effect);
		free(setting);
	}
	if (has_value(values, ATTR_POLICY) && !strcmp(values->word[ATTR_POLICY], "random"))
		report(diagnosis, SEVERITY_WARNING, "policy", subject,
		       tune(pool->name, "policy=clock"),
		       "policy is random, which is meant for tests: pages in use are evicted");
}

static void check_no_limit(struct diagnosis *diagnosis, const struct pool *pool,
			   const char *subject)
{
	const struct values *values = &pool->values;
	uint64_t mebibytes;
	bool helpless;

	if (!has_value(values, ATTR_LIMIT) || values->number[ATTR_LIMIT])
		return;
	helpless = has_value(values, ATTR_SHRINKER) && !values->number[ATTR_SHRINKER];
	mebibytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 4 * 3 >>
		    20;
	report(diagnosis, helpless ? SEVERITY_WARNING : SEVERITY_NOTE, "no-limit", subject,
	       tune_bytes(pool->name, "limit", mebibytes), "no limit is set: %s",
	       helpless ? "with the shrinker off, too, its VMs can take all memory" :
			  "pages are evicted only when the host is short of memory");
}

/* The module keeps the last eighth, at most 32 MiB, for pages that change places. */
static uint64_t for_evictions(uint64_t store_limit)
{
	uint64_t kept = store_limit / 8;

	return store_limit - (kept < 32 << 20 ? kept : 32 << 20);
}

/* What is not known of a device is no room. */
static bool has_room(const struct device *device)
{
	return device->has[DEVICE_SIZE] && device->has[DEVICE_USED] &&
	       add_saturating(device->value[DEVICE_USED], REQUEST_BYTES) <=
	       device->value[DEVICE_SIZE];
}

/* With devices the module keeps memory nearly full, and moves the rest to them. */
static bool store_is_full(const struct pool *pool)
{
	const struct values *values = &pool->values;
	struct devices devices;
	bool room = false;
	size_t i;

	if (!is_near(number(values, ATTR_COMPRESSED),
		     for_evictions(number(values, ATTR_STORE_LIMIT))))
		return false;
	devices_read(pool, &devices);
	for (i = 0; i < devices.count; i++)
		room |= has_room(&devices.list[i]);
	devices_free(&devices);
	return !room;
}

static void check_store(struct diagnosis *diagnosis, const struct pool *pool, const char *subject)
{
	const struct values *values = &pool->values;
	uint64_t limit = number(values, ATTR_STORE_LIMIT);

	if (store_is_full(pool))
		report(diagnosis, SEVERITY_PROBLEM, "store-full", subject,
		       tune_bytes(pool->name, "store_limit", raised(limit)),
		       "the store is full (%" PRIu64 " of %" PRIu64 " bytes, and no device has "
		       "room): once no kept copy is left to drop, its VMs stall when they want "
		       "more memory", number(values, ATTR_COMPRESSED), limit);
	else if (counted(values, ATTR_STORE_FULL))
		report(diagnosis, SEVERITY_NOTE, "store-was-full", subject,
		       limit ? tune_bytes(pool->name, "store_limit", raised(limit)) : NULL,
		       "the store was full once: %" PRIu64 " evictions were refused",
		       number(values, ATTR_STORE_FULL));
}

static void check_ledger(struct diagnosis *diagnosis, const struct pool *pool,
			 const char *subject)
{
	const struct values *values = &pool->values;
	uint64_t size = number(values, ATTR_SIZE), covered = number(values, ATTR_COVERED);

	/* A relaxed one was made so for that. */
	if (has_value(values, ATTR_COMMIT) && !strcmp(values->word[ATTR_COMMIT], "strict") &&
	    covered < size)
		report(diagnosis, SEVERITY_WARNING, "uncovered", subject, NULL,
		       "others have taken memory of the host: its regions may need %" PRIu64
		       " bytes more than there are", size - covered);
	if (number(values, ATTR_ALARMED))
		report(diagnosis, SEVERITY_WARNING, "alarmed", subject, NULL,
		       "it takes more than %" PRIu64 " %% of what it may take",
		       number(values, ATTR_ALARM));
}

/* Of a pool or a region: @target is what tune calls it. */
static void check_stalls(struct diagnosis *diagnosis, const struct values *values,
			 const char *subject, const char *target)
{
	uint64_t limit = number(values, ATTR_LIMIT);

	if (!counted(values, ATTR_STALLS) || !is_near(number(values, ATTR_RESIDENT), limit))
		return;
	report(diagnosis, SEVERITY_WARNING, "stalls", subject,
	       tune_bytes(target, "limit", raised(limit)),
	       "it is at its limit (%" PRIu64 " bytes), and %" PRIu64 " faults had to wait for a "
	       "frame", limit, number(values, ATTR_STALLS));
}

/* Regions tell more than their pool, which is blamed only for regions that are gone. */
static void check_memory_errors(struct diagnosis *diagnosis, const struct pool *pool,
				const char *subject)
{
	const struct region *region;
	uint64_t of_regions = 0, errors;
	char *region_subject;
	size_t i;

	for (i = 0; i < pool->region_count; i++) {
		region = &pool->regions[i];
		if (!counted(&region->values, ATTR_MEMORY_ERRORS))
			continue;
		errors = region->values.number[ATTR_MEMORY_ERRORS];
		of_regions = add_saturating(of_regions, errors);
		region_subject = text_format("region %s/%" PRIu64 " (%s)", pool->name, region->id,
					     region->path);
		report(diagnosis, SEVERITY_PROBLEM, "memory-errors", region_subject,
		       duplicate("journalctl -k --grep pagepact"),
		       "%" PRIu64 " faults were answered with a memory error: its VM was harmed, "
		       "restart it after the cause is mended", errors);
		free(region_subject);
	}
	errors = number(&pool->values, ATTR_MEMORY_ERRORS);
	if (errors > of_regions)
		report(diagnosis, SEVERITY_PROBLEM, "memory-errors", subject,
		       duplicate("journalctl -k --grep pagepact"),
		       "%" PRIu64 " faults of regions that are gone were answered with a memory "
		       "error", errors - of_regions);
}

static void check_pool(struct diagnosis *diagnosis, const struct pool *pool)
{
	char *subject = text_format("pool %s", pool->name), *region_subject, *target;
	size_t before = diagnosis->count, i;
	const struct region *region;

	check_switches(diagnosis, pool, subject);
	check_no_limit(diagnosis, pool, subject);
	check_store(diagnosis, pool, subject);
	check_ledger(diagnosis, pool, subject);
	check_stalls(diagnosis, &pool->values, subject, pool->name);
	for (i = 0; i < pool->region_count; i++) {
		region = &pool->regions[i];
		target = text_format("%s/%" PRIu64, pool->name, region->id);
		region_subject = text_format("region %s (%s)", target, region->path);
		check_stalls(diagnosis, &region->values, region_subject, target);
		free(region_subject);
		free(target);
	}
	check_memory_errors(diagnosis, pool, subject);
	if (diagnosis->count == before)
		report(diagnosis, SEVERITY_OK, "pool", subject, NULL,
		       "nothing wrong with it and its %zu regions", pool->region_count);
	free(subject);
}

void check_pools(struct diagnosis *diagnosis)
{
	size_t i;

	for (i = 0; i < diagnosis->pools.count; i++)
		check_pool(diagnosis, &diagnosis->pools.list[i]);
}
