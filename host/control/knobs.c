// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "control/knobs.h"
#include "policy/ledger.h"
#include "policy/place.h"
#include "policy/reclaim.h"
#include "store/codec.h"
#include "store/store.h"

#define MAX_MS		(24UL * 3600 * 1000)
/* Sixteenths of it must be some jiffies long. */
#define MIN_DEMOTE_MS	1000
/* Others wait for the inode meanwhile, and the kernel reports who has waited for 120 s. */
#define MAX_STALL_MS	(50UL * 1000)

const char *const pp_knob_names[PP_NR_KNOBS] = {
	[PP_KNOB_LIMIT]		= "limit",
	[PP_KNOB_SIZE]		= "size",
	[PP_KNOB_NR_INODES]	= "nr_inodes",
	[PP_KNOB_REGION_LIMIT]	= "region_limit",
	[PP_KNOB_STORE_LIMIT]	= "store_limit",
	[PP_KNOB_COMPRESSOR]	= "compressor",
	[PP_KNOB_POLICY]	= "policy",
	[PP_KNOB_COMMIT]	= "commit",
	[PP_KNOB_ALARM]		= "alarm",
	[PP_KNOB_EVICT]		= "evict",
	[PP_KNOB_KEEP_COPIES]	= "keep_copies",
	[PP_KNOB_DETECT_SAME]	= "detect_same",
	[PP_KNOB_SHARE_SLOTS]	= "share_slots",
	[PP_KNOB_RAW_EARLY]	= "raw_early",
	[PP_KNOB_ENCRYPT]	= "encrypt",
	[PP_KNOB_SHRINKER]	= "shrinker",
	[PP_KNOB_SHRINK_STEP]	= "shrink_step",
	[PP_KNOB_AGE_INTERVAL]	= "age_interval_ms",
	[PP_KNOB_DEMOTE]	= "demote_ms",
	[PP_KNOB_SPARE]		= "spare",
	[PP_KNOB_STALL]		= "stall_ms",
	[PP_KNOB_HUGE]		= "huge",
	[PP_KNOB_HUGE_ZEROS]	= "huge_zeros",
	[PP_KNOB_HUGE_HOT]	= "huge_hot",
	[PP_KNOB_HUGE_TOUGH]	= "huge_tough",
};

const char *const pp_huge_names[PP_NR_HUGE_MODES] = {
	[PP_HUGE_OFF]		= "off",
	[PP_HUGE_FIRST_TOUCH]	= "first-touch",
	[PP_HUGE_ALWAYS_TRY]	= "always-try",
	[PP_HUGE_POOL]		= "pool",
};

void pp_knobs_default(struct pp_pool *pool)
{
	struct pp_knobs *k = &pool->knobs;

	k->evict = true;
	k->keep_copies = true;
	k->detect_same = true;
	k->share_slots = true;
	k->raw_early = true;
	k->encrypt = true;
	k->shrinker = true;
	k->nr_inodes = 16384;
	k->shrink_step = 1048576 >> PAGE_SHIFT;
	k->spare = 524288 >> PAGE_SHIFT;
	k->stall_ms = 10000;
	k->demote_ms = 600000;
	k->commit = PP_COMMIT_STRICT;
	k->alarm = 90;
	k->huge = PP_HUGE_FIRST_TOUCH;
	k->huge_zeros = PP_BLOCK_PAGES / 4;
	k->huge_hot = true;
	k->huge_tough = true;
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
	case PP_KNOB_HUGE_ZEROS:
		return &k->huge_zeros;
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
	case PP_KNOB_SHARE_SLOTS:
		return &k->share_slots;
	case PP_KNOB_RAW_EARLY:
		return &k->raw_early;
	case PP_KNOB_ENCRYPT:
		return &k->encrypt;
	case PP_KNOB_SHRINKER:
		return &k->shrinker;
	case PP_KNOB_HUGE_HOT:
		return &k->huge_hot;
	case PP_KNOB_HUGE_TOUGH:
		return &k->huge_tough;
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
	case PP_KNOB_COMMIT:
		return sysfs_emit(buf, "%s\n", pp_commit_names[READ_ONCE(pool->knobs.commit)]);
	case PP_KNOB_ALARM:
		return sysfs_emit(buf, "%lu\n", READ_ONCE(pool->knobs.alarm));
	case PP_KNOB_NR_INODES:
		return sysfs_emit(buf, "%lu\n", READ_ONCE(pool->knobs.nr_inodes));
	case PP_KNOB_AGE_INTERVAL:
		return sysfs_emit(buf, "%lu\n", READ_ONCE(pool->knobs.age_interval_ms));
	case PP_KNOB_DEMOTE:
		return sysfs_emit(buf, "%lu\n", READ_ONCE(pool->knobs.demote_ms));
	case PP_KNOB_STALL:
		return sysfs_emit(buf, "%lu\n", READ_ONCE(pool->knobs.stall_ms));
	case PP_KNOB_HUGE:
		return sysfs_emit(buf, "%s\n", pp_huge_names[READ_ONCE(pool->knobs.huge)]);
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
	/* What is rounded up must be accepted when it is written back. */
	if (n > (u64)(LONG_MAX & PAGE_MASK) >> shift)
		return -ERANGE;
	*pages = DIV_ROUND_UP_ULL(n << shift, PAGE_SIZE);
	return 0;
}

static struct pp_limit_writes *writes_of(struct pp_pool *pool, struct pp_region *only)
{
	return only ? &only->limit_writes : &pool->limit_writes;
}

/* Begins a write of a limit. Return: 0 with its number, or -ENOSPC. */
static int limit_begin(struct pp_pool *pool, struct pp_region *only, unsigned long pages,
		       bool back, u64 *number)
{
	long few;

	spin_lock(&pool->lock);
	few = pp_ledger_set_limit(pool, only, pages, back);
	if (!few)
		*number = ++writes_of(pool, only)->last;
	spin_unlock(&pool->lock);
	if (few)
		pp_ledger_explain(pool, "limit", (u64)pages << PAGE_SHIFT, few);
	return few ? -ENOSPC : 0;
}

/*
 * Ends it. One that failed goes back to what was reached last, unless another has begun since, or
 * regions need what it would have allowed.
 */
static void limit_end(struct pp_pool *pool, struct pp_region *only, unsigned long pages,
		      u64 number, bool reached)
{
	struct pp_limit_writes *writes = writes_of(pool, only);

	spin_lock(&pool->lock);
	if (!reached && writes->last == number) {
		pp_ledger_set_limit(pool, only, writes->reached, true);
	} else if (reached && number > writes->reached_by) {
		writes->reached = pages;
		writes->reached_by = number;
	}
	spin_unlock(&pool->lock);
}

static int set_limit(struct pp_pool *pool, struct pp_region *only, unsigned long pages, bool back)
{
	u64 number;
	int err = limit_begin(pool, only, pages, back, &number);

	if (err)
		return err;
	err = pp_reclaim_to_limit(pool, only);
	limit_end(pool, only, pages, number, !err);
	if (err == -EBUSY)
		pr_err("pool %s: limit of %lu bytes refused: pinned or locked pages, a full store, or evict=0 keep more in memory\n",
		       pool->name, pages << PAGE_SHIFT);
	return err;
}

int pp_region_set_limit(struct pp_region *region, unsigned long pages)
{
	return set_limit(region->pool, region, pages, false);
}

/**
 * struct value - a knob's value as far as it can be told before it is set
 * @text: without white space around it
 * @n: pages, milliseconds, a number, or a switch
 * @policy: for PP_KNOB_POLICY
 */
struct value {
	char text[64];
	unsigned long n;
	const struct pp_policy_ops *policy;
};

static int parse_number(struct value *v, unsigned long max)
{
	int err = kstrtoul(v->text, 10, &v->n);

	if (err)
		return err;
	return v->n > max ? -ERANGE : 0;
}

/* One of the first @nr of @words. */
static int parse_word(const char *const *words, unsigned int nr, const char *text,
		      unsigned long *which)
{
	int i = match_string(words, nr, text);

	if (i < 0)
		return -EINVAL;
	*which = i;
	return 0;
}

int pp_region_set_huge(struct pp_region *region, const char *value)
{
	unsigned long mode;
	int err = parse_word(pp_huge_names, PP_NR_HUGE_MODES, value, &mode);

	if (!err)
		WRITE_ONCE(region->huge_mode, mode);
	return err;
}

static int parse_switch(struct value *v)
{
	if (strcmp(v->text, "0") && strcmp(v->text, "1"))
		return -EINVAL;
	v->n = *v->text == '1';
	return 0;
}

static int parse(struct pp_pool *pool, enum pp_knob knob, const char *text, struct value *v)
{
	int codec;

	if (strscpy(v->text, skip_spaces(text), sizeof(v->text)) < 0)
		return -EINVAL;
	strim(v->text);
	if (switch_field(&pool->knobs, knob))
		return parse_switch(v);
	switch (knob) {
	case PP_KNOB_COMPRESSOR:
		codec = pp_codec_find(v->text);
		return min(codec, 0);
	case PP_KNOB_POLICY:
		v->policy = pp_policy_find(v->text);
		return v->policy ? 0 : -EINVAL;
	case PP_KNOB_HUGE:
		return parse_word(pp_huge_names, PP_HUGE_POOL, v->text, &v->n);
	case PP_KNOB_COMMIT:
		return parse_word(pp_commit_names, PP_NR_COMMITS, v->text, &v->n);
	case PP_KNOB_ALARM:
		return parse_number(v, 100);
	case PP_KNOB_NR_INODES:
		return parse_number(v, LONG_MAX);
	case PP_KNOB_AGE_INTERVAL:
		return parse_number(v, MAX_MS);
	case PP_KNOB_DEMOTE:
		return parse_number(v, MAX_MS) ?: v->n && v->n < MIN_DEMOTE_MS ? -ERANGE : 0;
	case PP_KNOB_STALL:
		return parse_number(v, MAX_STALL_MS);
	default:
		return pp_parse_pages(v->text, &v->n);
	}
}

static int set_store_limit(struct pp_pool *pool, u64 bytes, bool back)
{
	/* The ledger and the store agree. Nested in nothing; the store's exchange mutex inside. */
	static DEFINE_MUTEX(one_at_a_time);
	int err;

	mutex_lock(&one_at_a_time);
	err = pp_ledger_set_store_limit(pool, bytes, back);
	if (!err) {
		pp_store_set_limit(pool->store, bytes);
		pp_reclaim_forget(pool);
	}
	mutex_unlock(&one_at_a_time);
	return err;
}

static int apply(struct pp_pool *pool, enum pp_knob knob, const struct value *v)
{
	bool *flag = switch_field(&pool->knobs, knob);

	if (flag) {
		WRITE_ONCE(*flag, v->n);
		return 0;
	}
	switch (knob) {
	case PP_KNOB_LIMIT:
		return set_limit(pool, NULL, v->n, false);
	case PP_KNOB_STORE_LIMIT:
		return set_store_limit(pool, (u64)v->n << PAGE_SHIFT, false);
	case PP_KNOB_COMMIT:
		return pp_ledger_set_commit(pool, v->n, false);
	case PP_KNOB_ALARM:
		WRITE_ONCE(pool->knobs.alarm, v->n);
		pp_ledger_watch(pool);
		return 0;
	case PP_KNOB_COMPRESSOR:
		return pp_store_set_codec(pool->store, v->text);
	case PP_KNOB_POLICY:
		WRITE_ONCE(pool->policy, v->policy);
		return 0;
	case PP_KNOB_AGE_INTERVAL:
		pp_reclaim_set_ageing(pool, v->n);
		return 0;
	case PP_KNOB_DEMOTE:
		pp_place_set(pool, v->n);
		return 0;
	case PP_KNOB_NR_INODES:
		WRITE_ONCE(pool->knobs.nr_inodes, v->n);
		return 0;
	case PP_KNOB_STALL:
		WRITE_ONCE(pool->knobs.stall_ms, v->n);
		return 0;
	case PP_KNOB_HUGE:
		WRITE_ONCE(pool->knobs.huge, v->n);
		return 0;
	case PP_KNOB_SPARE:
		WRITE_ONCE(pool->knobs.spare, v->n);
		pp_reclaim_trim_spares(pool);
		return 0;
	default:
		WRITE_ONCE(*pages_field(&pool->knobs, knob), v->n);
		return 0;
	}
}

int pp_knob_check(struct pp_pool *pool, enum pp_knob knob, const char *text, unsigned long *n)
{
	struct value v = {};
	int err = parse(pool, knob, text, &v);

	*n = v.n;
	return err;
}

int pp_knob_store(struct pp_pool *pool, enum pp_knob knob, const char *text)
{
	struct value v;
	int err = parse(pool, knob, text, &v);

	return err ? err : apply(pool, knob, &v);
}

int pp_knobs_go_back(struct pp_pool *pool, enum pp_knob knob, u64 value)
{
	switch (knob) {
	case PP_KNOB_LIMIT:
		return set_limit(pool, NULL, value >> PAGE_SHIFT, true);
	case PP_KNOB_STORE_LIMIT:
		return set_store_limit(pool, value, true);
	default:
		return pp_ledger_set_commit(pool, value, true);
	}
}
