// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "control/knobs.h"
#include "policy/reclaim.h"
#include "store/store.h"

#define MAX_MS	(24UL * 3600 * 1000)

const char *const pp_knob_names[PP_NR_KNOBS] = {
	[PP_KNOB_LIMIT]		= "limit",
	[PP_KNOB_SIZE]		= "size",
	[PP_KNOB_REGION_LIMIT]	= "region_limit",
	[PP_KNOB_STORE_LIMIT]	= "store_limit",
	[PP_KNOB_COMPRESSOR]	= "compressor",
	[PP_KNOB_POLICY]	= "policy",
	[PP_KNOB_EVICT]		= "evict",
	[PP_KNOB_KEEP_COPIES]	= "keep_copies",
	[PP_KNOB_DETECT_SAME]	= "detect_same",
	[PP_KNOB_SHRINKER]	= "shrinker",
	[PP_KNOB_SHRINK_STEP]	= "shrink_step",
	[PP_KNOB_AGE_INTERVAL]	= "age_interval_ms",
	[PP_KNOB_SPARE]		= "spare",
	[PP_KNOB_STALL]		= "stall_ms",
};

void pp_knobs_default(struct pp_pool *pool)
{
	struct pp_knobs *k = &pool->knobs;

	k->evict = true;
	k->keep_copies = true;
	k->detect_same = true;
	k->shrinker = true;
	k->shrink_step = 1048576 >> PAGE_SHIFT;
	k->spare = 524288 >> PAGE_SHIFT;
	k->stall_ms = 10000;
	pool->policy = &pp_policy_clock;
}

/* The field of a knob that is a number of pages, or NULL. */
static unsigned long *pages_field(struct pp_knobs *k, enum pp_knob knob)
{
	switch (knob) {
	case PP_KNOB_LIMIT:
		return &k->limit;
	case PP_KNOB_SIZE:
		return &k->size;
	case PP_KNOB_REGION_LIMIT:
		return &k->region_limit;
	case PP_KNOB_SHRINK_STEP:
		return &k->shrink_step;
	case PP_KNOB_SPARE:
		return &k->spare;
	default:
		return NULL;
	}
}

/* The field of a knob that is a switch, or NULL. */
static bool *switch_field(struct pp_knobs *k, enum pp_knob knob)
{
	switch (knob) {
	case PP_KNOB_EVICT:
		return &k->evict;
	case PP_KNOB_KEEP_COPIES:
		return &k->keep_copies;
	case PP_KNOB_DETECT_SAME:
		return &k->detect_same;
	case PP_KNOB_SHRINKER:
		return &k->shrinker;
	default:
		return NULL;
	}
}

ssize_t pp_knob_show(struct pp_pool *pool, enum pp_knob knob, char *buf)
{
	unsigned long *pages = pages_field(&pool->knobs, knob);
	bool *flag = switch_field(&pool->knobs, knob);

	if (pages)
		return sysfs_emit(buf, "%llu\n", (u64)READ_ONCE(*pages) << PAGE_SHIFT);
	if (flag)
		return sysfs_emit(buf, "%d\n", READ_ONCE(*flag));
	switch (knob) {
	case PP_KNOB_STORE_LIMIT:
		return sysfs_emit(buf, "%llu\n", pp_store_limit(pool->store));
	case PP_KNOB_COMPRESSOR:
		return sysfs_emit(buf, "%s\n", pp_store_codec(pool->store));
	case PP_KNOB_POLICY:
		return sysfs_emit(buf, "%s\n", READ_ONCE(pool->policy)->name);
	case PP_KNOB_AGE_INTERVAL:
		return sysfs_emit(buf, "%lu\n", READ_ONCE(pool->knobs.age_interval_ms));
	case PP_KNOB_STALL:
		return sysfs_emit(buf, "%lu\n", READ_ONCE(pool->knobs.stall_ms));
	default:
		return -EINVAL;
	}
}

int pp_parse_pages(const char *value, unsigned long *pages)
{
	static const char suffixes[] = "KMGT";
	size_t digits = strspn(value, "0123456789");
	const char *suffix;
	unsigned int shift = 0;
	char number[21];
	int err;
	u64 n;

	if (value[digits]) {
		suffix = strchr(suffixes, toupper(value[digits]));
		if (!suffix || value[digits + 1])
			return -EINVAL;
		shift = 10 * (suffix - suffixes + 1);
	}
	if (digits >= sizeof(number))
		return -ERANGE;
	strscpy(number, value, digits + 1);
	err = kstrtou64(number, 10, &n);
	if (err)
		return err;
	if (n > (u64)(LONG_MAX - PAGE_SIZE) >> shift)
		return -ERANGE;
	*pages = DIV_ROUND_UP_ULL(n << shift, PAGE_SIZE);
	return 0;
}

static int set_limit(struct pp_pool *pool, struct pp_region *only, unsigned long *limit,
		     unsigned long pages)
{
	unsigned long old = READ_ONCE(*limit);
	int err;

	WRITE_ONCE(*limit, pages);
	err = pp_reclaim_to_limit(pool, only);
	if (!err)
		return 0;
	WRITE_ONCE(*limit, old);
	if (err == -EBUSY)
		pr_err("pool %s: limit of %lu bytes refused: pinned or locked pages, a full store, or evict=0 keep more in memory\n",
		       pool->name, pages << PAGE_SHIFT);
	return err;
}

int pp_region_set_limit(struct pp_region *region, unsigned long pages)
{
	return set_limit(region->pool, region, &region->limit, pages);
}

static int store_ms(const char *value, unsigned long *ms)
{
	int err = kstrtoul(value, 10, ms);

	if (err)
		return err;
	return *ms > MAX_MS ? -ERANGE : 0;
}

static int store_other(struct pp_pool *pool, enum pp_knob knob, const char *value)
{
	const struct pp_policy_ops *policy;
	unsigned long n;
	int err;

	switch (knob) {
	case PP_KNOB_STORE_LIMIT:
		err = pp_parse_pages(value, &n);
		if (!err)
			pp_store_set_limit(pool->store, (u64)n << PAGE_SHIFT);
		return err;
	case PP_KNOB_COMPRESSOR:
		return pp_store_set_codec(pool->store, value);
	case PP_KNOB_POLICY:
		policy = pp_policy_find(value);
		if (!policy)
			return -EINVAL;
		WRITE_ONCE(pool->policy, policy);
		return 0;
	case PP_KNOB_AGE_INTERVAL:
		err = store_ms(value, &n);
		if (!err)
			pp_reclaim_set_ageing(pool, n);
		return err;
	case PP_KNOB_STALL:
		err = store_ms(value, &n);
		if (!err)
			WRITE_ONCE(pool->knobs.stall_ms, n);
		return err;
	default:
		return -EINVAL;
	}
}

int pp_knob_store(struct pp_pool *pool, enum pp_knob knob, const char *text)
{
	unsigned long *pages = pages_field(&pool->knobs, knob), n;
	bool *flag = switch_field(&pool->knobs, knob);
	char value[64];
	int err;

	if (strscpy(value, skip_spaces(text), sizeof(value)) < 0)
		return -EINVAL;
	strim(value);
	if (flag) {
		if (strcmp(value, "0") && strcmp(value, "1"))
			return -EINVAL;
		WRITE_ONCE(*flag, *value == '1');
		return 0;
	}
	if (!pages)
		return store_other(pool, knob, value);
	err = pp_parse_pages(value, &n);
	if (err)
		return err;
	if (knob == PP_KNOB_LIMIT)
		return set_limit(pool, NULL, pages, n);
	WRITE_ONCE(*pages, n);
	return 0;
}
