/* SPDX-License-Identifier: GPL-2.0-only */
/* Knobs without a pool behind them: what they would set is noted. For their test and fuzzer. */
#ifndef UNIT_KNOBS_H
#define UNIT_KNOBS_H

#include "control/knobs.c"

static u64 store_limit;
static const char *codec = "lz4";
static int to_limit_result;
static unsigned int to_limit_calls;
static void (*to_limit_meanwhile)(struct pp_pool *pool);
static unsigned int trim_calls;

const struct pp_policy_ops pp_policy_clock = { .name = "clock" };
const struct pp_policy_ops pp_policy_random = { .name = "random" };

const struct pp_policy_ops *pp_policy_find(const char *name)
{
	if (!strcmp(name, "clock"))
		return &pp_policy_clock;
	return strcmp(name, "random") ? NULL : &pp_policy_random;
}

void pp_place_set(struct pp_pool *pool, unsigned long ms)
{
	pool->knobs.demote_ms = ms;
}

u64 pp_store_limit(struct pp_store *store)
{
	return store_limit;
}

void pp_store_set_limit(struct pp_store *store, u64 bytes)
{
	store_limit = bytes;
}

const char *pp_store_codec(struct pp_store *store)
{
	return codec;
}

int pp_codec_find(const char *name)
{
	return !strcmp(name, "lz4") ? 0 : !strcmp(name, "zstd") ? 1 : -EINVAL;
}

int pp_store_set_codec(struct pp_store *store, const char *name)
{
	if (pp_codec_find(name) < 0)
		return -EINVAL;
	codec = *name == 'l' ? "lz4" : "zstd";
	return 0;
}

/* The ledger allows everything, or no limit. */
const char *const pp_commit_names[PP_NR_COMMITS] = { "strict", "relaxed" };
static int ledger_result;

long pp_ledger_set_limit(struct pp_pool *pool, struct pp_region *only, unsigned long pages,
			 bool back)
{
	lockdep_assert_held(&pool->lock);
	if (!ledger_result)
		*(only ? &only->limit : &pool->knobs.limit) = pages;
	return -ledger_result;
}

void pp_ledger_explain(struct pp_pool *pool, const char *what, u64 bytes, long pages)
{
	assert(!pool->lock.held);
}

int pp_ledger_set_store_limit(struct pp_pool *pool, u64 bytes, bool back)
{
	return ledger_result;
}

int pp_ledger_set_commit(struct pp_pool *pool, enum pp_commit commit, bool back)
{
	if (!ledger_result)
		pool->knobs.commit = commit;
	return ledger_result;
}

void pp_ledger_watch(struct pp_pool *pool)
{
}

void pp_reclaim_set_ageing(struct pp_pool *pool, unsigned long ms)
{
	pool->knobs.age_interval_ms = ms;
}

void pp_reclaim_forget(struct pp_pool *pool)
{
	pool->crowds++;
}

void pp_reclaim_trim_spares(struct pp_pool *pool)
{
	trim_calls++;
}

int pp_reclaim_to_limit(struct pp_pool *pool, struct pp_region *only)
{
	void (*meanwhile)(struct pp_pool *pool) = to_limit_meanwhile;
	int result = to_limit_result;

	to_limit_calls++;
	to_limit_meanwhile = NULL;
	if (meanwhile)
		meanwhile(pool);
	return result;
}

#endif /* UNIT_KNOBS_H */
