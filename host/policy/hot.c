// SPDX-License-Identifier: GPL-2.0-only
/*
 * hot: huge frames of which only a part is in use.
 *
 * One touch keeps all 512 pages of a huge frame in memory, and nothing that a module may ask tells
 * how many were touched. So when one proves hot, while a limit makes pages leave memory, it is
 * broken up to see: its pages are standby then, and those that nobody touches until the clock's
 * second hand comes are cold. As long as that is a quarter of them, it pays: the others that prove
 * hot are broken up as well. When it does not, more and more of them are left alone before the
 * next try. (Thermostat, Agarwal and Wenisch, ASPLOS 2017, samples huge pages in the same way.)
 */
#include "control/trace.h"
#include "core/huge.h"
#include "policy/reclaim.h"
#include "store/store.h"

/* Cold pages that make it worth while to break up a huge frame: a quarter of it. */
#define WORTH_BREAKING	(PP_BLOCK_PAGES / 4)
/* Up to 2^6 that prove hot are left alone between two tries. */
#define MAX_PATIENCE	6

/* The one place where what is known of a region's hot huge frames changes; under its clock_lock. */
static void move(struct pp_region *region, enum pp_hot to)
{
	if (to == PP_HOT_REST) {
		region->hot_patience = min(region->hot_patience + 1, MAX_PATIENCE);
		region->hot_rest = 1U << region->hot_patience;
	} else if (to == PP_HOT_PAYS) {
		region->hot_patience = 0;
	}
	trace_pagepact_hot(region->inode->i_ino, region->hot, to, region->hot_rest);
	region->hot = to;
}

/* Is one to be broken up now? */
static bool take_turn(struct pp_region *region)
{
	bool yes = false;

	spin_lock(&region->clock_lock);
	switch (region->hot) {
	case PP_HOT_TRY:
		move(region, PP_HOT_TRIAL);
		yes = true;
		break;
	case PP_HOT_REST:
		if (!--region->hot_rest)
			move(region, PP_HOT_TRY);
		break;
	case PP_HOT_PAYS:
		yes = true;
		break;
	case PP_HOT_TRIAL:
		break;
	}
	spin_unlock(&region->clock_lock);
	return yes;
}

/* It was not broken up, or cannot be judged. */
static void give_turn_back(struct pp_region *region)
{
	spin_lock(&region->clock_lock);
	if (region->hot == PP_HOT_TRIAL)
		move(region, PP_HOT_TRY);
	spin_unlock(&region->clock_lock);
}

bool pp_hot_break_up(struct pp_block *block, struct pp_reclaim *rc)
{
	struct pp_region *region = block->region;
	int zeros;

	if (!READ_ONCE(block->huge) || !pp_block_is_hot(block) ||
	    !READ_ONCE(region->pool->knobs.huge_hot) || rc->try_only || rc->host || rc->starved ||
	    rc->exchange || pp_store_full(region->pool->store) || !pp_huge_may_shatter(block) ||
	    !take_turn(region))
		return false;
	zeros = pp_huge_shatter(block, PP_BLOCK_PAGES);
	if (zeros < 0) {
		give_turn_back(region);
		return false;
	}
	rc->done += zeros;
	pp_stat_inc(region, shatter_hot);
	WRITE_ONCE(block->on_trial, true);
	return true;
}

void pp_hot_judge(struct pp_block *block)
{
	struct pp_region *region = block->region;
	unsigned int cold;

	if (!READ_ONCE(block->on_trial))
		return;
	WRITE_ONCE(block->on_trial, false);
	if (READ_ONCE(block->huge)) {
		give_turn_back(region);
		return;
	}
	/* Some may be evicted already, and zeros have left when it was broken up. */
	cold = READ_ONCE(block->nr[PP_STANDBY]) + READ_ONCE(block->nr[PP_STORED]);
	pp_stat_add(region, shatter_cold, cold);
	spin_lock(&region->clock_lock);
	move(region, cold >= WORTH_BREAKING ? PP_HOT_PAYS : PP_HOT_REST);
	spin_unlock(&region->clock_lock);
}
