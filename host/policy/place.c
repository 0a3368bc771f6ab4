// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks: @place.lock and block->lock (core/region.h), neither under the other; pool->lock under
 * neither.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include "control/trace.h"
#include "core/age.h"
#include "policy/place.h"
#include "store/store.h"

/* Epochs after which stored pages are looked at. */
#define WALK_EVERY	4
/* Epochs that pass in between, at most: what is old must be found before it seems young again. */
#define MAX_PASS	60
/* The worker rests so many times as long as it has worked. */
#define REST_FACTOR	10
/* Steps that the threshold falls and rises; the least that it falls to: two epochs. */
#define FALL		PP_AGE_STEPS
#define RISE		(PP_AGE_STEPS / 2)
#define LEAST		PP_AGE_STEPS
/* It rises when more than one of so many was needed early; so many are looked at together. */
#define EARLY_PART	8
#define SAMPLE		64

static_assert(PP_AGE_MAX + MAX_PASS < PP_EPOCHS);

static struct workqueue_struct *place_wq;

static unsigned long epoch_length(unsigned long ms)
{
	return DIV_ROUND_UP(msecs_to_jiffies(ms), PP_AGE_EPOCHS);
}

/* Under the lock: time passes. */
static void let_pass(struct pp_pool *pool, unsigned long length)
{
	struct pp_place *place = &pool->place;
	unsigned long passed = (jiffies - place->ticked) / length;

	place->ticked += passed * length;
	passed = min(passed, (unsigned long)(MAX_PASS - place->walked));
	WRITE_ONCE(pool->epoch, pp_age_later(pool->epoch, passed));
	place->walked += passed;
}

/* Under the lock: what has happened until now is answered for. */
static void settle(struct pp_pool *pool)
{
	struct pp_place *place = &pool->place;

	place->pushed = pp_store_counted(pool->store, PP_COUNT_PUSHED);
	place->demoted = pp_stats_sum(pool->stats, PP_STAT_demoted);
	place->early = pp_stats_sum(pool->stats, PP_STAT_demoted_early);
}

static unsigned int back_a_step(unsigned int threshold)
{
	if (threshold == PP_AGE_THRESHOLD)
		return threshold;
	return threshold < PP_AGE_THRESHOLD ? threshold + 1 : threshold - 1;
}

/* Under the lock. Return: what the threshold is to be after what has happened. */
static unsigned int follow(struct pp_pool *pool, unsigned int threshold, bool in_time)
{
	struct pp_place *place = &pool->place;
	u64 demoted = pp_stats_sum(pool->stats, PP_STAT_demoted) - place->demoted;
	u64 early = pp_stats_sum(pool->stats, PP_STAT_demoted_early) - place->early;

	if (pp_store_counted(pool->store, PP_COUNT_PUSHED) != place->pushed) {
		settle(pool);
		return threshold > LEAST + FALL ? threshold - FALL : LEAST;
	}
	if (demoted + early >= SAMPLE) {
		settle(pool);
		if (early * EARLY_PART > demoted)
			return min(threshold + RISE, PP_AGE_LONGEST);
	}
	/* Not faster because somebody is in a hurry. */
	return in_time ? back_a_step(threshold) : threshold;
}

static void set_threshold(struct pp_pool *pool, unsigned int to)
{
	unsigned int from = pool->threshold;

	if (to == from)
		return;
	WRITE_ONCE(pool->threshold, to);
	trace_pagepact_threshold(pool->name, from, to);
}

/* Page @i of a block has been left alone for a while. Return: true when it is to go down. */
static bool look_at(struct pp_block *block, unsigned int i, bool place)
{
	struct pp_region *region = block->region;
	u8 epoch = READ_ONCE(region->pool->epoch);
	pp_home_t home = block->home[i], to = home;

	if (pp_home_state(home) != PP_STORED && pp_home_state(home) != PP_STANDBY)
		return false;
	if (pp_age_of(home, epoch) == PP_AGE_MAX)
		to |= PP_HOME_SEEN;
	/* It may be so already; but others, or who removes a device, may have decided otherwise. */
	if (place && pp_home_state(home) == PP_STORED &&
	    pp_age_is_deep(region->pool, home, pp_store_wants_ripe(region->pool->store)) &&
	    pp_store_place(region->domain->slots, pp_home_slot(home), true))
		to |= PP_HOME_DEEP;
	if (to != home)
		pp_home_move(block, i, to, PP_WHY_AGE);
	return (to & ~home) & PP_HOME_DEEP;
}

static void walk_block(struct pp_block *block)
{
	struct pp_region *region = block->region;
	unsigned int i, deep = 0;
	bool place;

	if (!READ_ONCE(block->nr[PP_STORED]) && !READ_ONCE(block->nr[PP_STANDBY]))
		return;
	place = pp_store_takes_deep(region->pool->store);
	mutex_lock(&block->lock);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		deep += look_at(block, i, place);
	mutex_unlock(&block->lock);
	pp_stat_add(region, demoted, deep);
}

static void walk_region(struct pp_region *region)
{
	u64 start = ktime_get_ns();
	struct pp_block *block;
	unsigned long n;

	xa_for_each(&region->blocks, n, block) {
		if (pp_region_ending(region))
			break;
		walk_block(block);
		cond_resched();
	}
	pp_stat_add(region, place_ns, ktime_get_ns() - start);
}

static bool has_any(struct pp_pool *pool)
{
	return atomic_long_read(&pool->states[PP_STORED]) ||
	       atomic_long_read(&pool->states[PP_STANDBY]);
}

/* A region that this pass has not seen yet, with a use count, or NULL. */
static struct pp_region *unseen_region(struct pp_pool *pool)
{
	struct pp_region *region, *found = NULL;

	spin_lock(&pool->lock);
	list_for_each_entry(region, &pool->regions, all) {
		if (region->pass != pool->place.pass && pp_region_tryget(region)) {
			region->pass = pool->place.pass;
			found = region;
			break;
		}
	}
	spin_unlock(&pool->lock);
	return found;
}

static void walk(struct pp_pool *pool)
{
	struct pp_place *place = &pool->place;
	unsigned long start = jiffies;
	struct pp_region *region;

	place->pass++;
	while (has_any(pool) && (region = unseen_region(pool))) {
		walk_region(region);
		pp_region_put(region);
	}
	WRITE_ONCE(place->rest_until,
		   jiffies + max((jiffies - start) * REST_FACTOR, (unsigned long)HZ / 10));
	pp_store_flush(pool->store);
}

static bool may_walk(struct pp_pool *pool)
{
	return time_after_eq(jiffies, READ_ONCE(pool->place.rest_until));
}

/* Return: jiffies until the next turn; 0: there is none. */
static unsigned long turn(struct pp_pool *pool)
{
	struct pp_place *place = &pool->place;
	bool walks = xchg(&place->hurried, false), in_time;
	unsigned long length;

	mutex_lock(&place->lock);
	if (!pool->threshold) {
		mutex_unlock(&place->lock);
		return 0;
	}
	length = epoch_length(pool->knobs.demote_ms);
	let_pass(pool, length);
	in_time = place->walked >= WALK_EVERY;
	walks |= in_time && may_walk(pool);
	if (walks) {
		place->walked = 0;
		set_threshold(pool, follow(pool, pool->threshold, in_time));
	}
	mutex_unlock(&place->lock);
	if (walks)
		walk(pool);
	return length;
}

static void place_worker(struct work_struct *work)
{
	struct pp_pool *pool = container_of(to_delayed_work(work), struct pp_pool, place.work);
	unsigned long wait = turn(pool);

	if (wait)
		queue_delayed_work(place_wq, &pool->place.work, wait);
}

void pp_place_hurry(struct pp_pool *pool)
{
	struct pp_place *place = &pool->place;

	if (!READ_ONCE(pool->threshold) || !pp_store_is_short(pool->store) ||
	    READ_ONCE(place->hurried) || !may_walk(pool) || !pp_store_takes_deep(pool->store))
		return;
	WRITE_ONCE(place->hurried, true);
	mod_delayed_work(place_wq, &place->work, 0);
}

void pp_place_set(struct pp_pool *pool, unsigned long ms)
{
	struct pp_place *place = &pool->place;
	bool same;

	mutex_lock(&place->lock);
	same = ms == pool->knobs.demote_ms;
	if (!same) {
		/* Time until now is measured as it was. */
		if (pool->threshold)
			let_pass(pool, epoch_length(pool->knobs.demote_ms));
		place->ticked = jiffies;
		settle(pool);
		WRITE_ONCE(pool->knobs.demote_ms, ms);
		set_threshold(pool, ms ? PP_AGE_THRESHOLD : 0);
	}
	mutex_unlock(&place->lock);
	if (!same && ms)
		mod_delayed_work(place_wq, &place->work, epoch_length(ms));
}

u64 pp_place_now_ms(struct pp_pool *pool)
{
	unsigned int t = READ_ONCE(pool->threshold);
	u64 ms = READ_ONCE(pool->knobs.demote_ms);

	if (!t)
		return 0;
	/* In between, the scale is straight. */
	return (ms * (PP_AGE_STEPS + t % PP_AGE_STEPS) << t / PP_AGE_STEPS) /
	       ((u64)PP_AGE_STEPS << PP_AGE_THRESHOLD / PP_AGE_STEPS);
}

void pp_place_init_pool(struct pp_pool *pool)
{
	struct pp_place *place = &pool->place;

	mutex_init(&place->lock);
	/* A host that is idle need not wake up for it. */
	INIT_DEFERRABLE_WORK(&place->work, place_worker);
	pool->epoch = 1;
	pool->threshold = PP_AGE_THRESHOLD;
	place->ticked = jiffies;
	place->rest_until = jiffies;
	queue_delayed_work(place_wq, &place->work, epoch_length(pool->knobs.demote_ms));
}

void pp_place_exit_pool(struct pp_pool *pool)
{
	pp_place_set(pool, 0);
	cancel_delayed_work_sync(&pool->place.work);
}

int pp_place_init(void)
{
	place_wq = alloc_workqueue("pagepact_place", WQ_UNBOUND, 0);
	return place_wq ? 0 : -ENOMEM;
}

void pp_place_exit(void)
{
	destroy_workqueue(place_wq);
}
