// SPDX-License-Identifier: GPL-2.0-only
/*
 * hot: huge frames of which only a part is in use.
 *
 * One touch keeps all 512 pages of a huge frame in memory, and nothing that a module may ask tells
 * how many were touched. So when one proves hot, while pages leave memory, it is broken up to see:
 * its pages are standby then, and those that nobody touches until the clock's second hand comes are
 * cold. As long as a quarter of them is cold, or zeros, it pays: the others that prove hot are
 * broken up as well. When it does not, more and more of them are left alone before the next try.
 * (Thermostat, Agarwal and Wenisch, ASPLOS 2017, samples huge pages in the same way.)
 */
#include "control/trace.h"
#include "core/huge.h"
#include "policy/reclaim.h"
#include "store/store.h"

/* Pages won that make it worth while to break up a huge frame: a quarter of it. */
#define WORTH_BREAKING	(PP_BLOCK_PAGES / 4)
/* Up to 2^6 that prove hot are left alone between two tries. */
#define MAX_PATIENCE	6
/* A guest must have had that long to touch what it uses; it may have stood still. */
#define MIN_TRIAL	(HZ / 10)

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

/* Is this one to be broken up now? */
static bool take_turn(struct pp_block *block)
{
	struct pp_region *region = block->region;
	bool yes = false;

	spin_lock(&region->clock_lock);
	switch (region->hot) {
	case PP_HOT_TRY:
		move(region, PP_HOT_TRIAL);
		region->hot_block = block;
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

/* What became of a block. Late verdicts, of what was broken up while it paid, are void. */
static void settle(struct pp_block *block, enum pp_hot to)
{
	struct pp_region *region = block->region;
	bool waits;

	spin_lock(&region->clock_lock);
	waits = region->hot == PP_HOT_TRIAL && region->hot_block == block;
	if (waits || (region->hot == PP_HOT_PAYS && to == PP_HOT_REST))
		move(region, to);
	spin_unlock(&region->clock_lock);
}

bool pp_hot_break_up(struct pp_block *block, struct pp_reclaim *rc)
{
	struct pp_region *region = block->region;
	unsigned long before = rc->done;
	int err;

	if (!READ_ONCE(block->huge) || !READ_ONCE(block->nr[PP_FRAME]) ||
	    !pp_block_is_hot(block) || !READ_ONCE(region->pool->knobs.huge_hot) ||
	    pp_store_full(region->pool->store) || !pp_huge_settled(block) ||
	    !pp_breakup_allowed(block, rc) || !take_turn(block))
		return false;
	err = pp_breakup(block, rc);
	if (err) {
		settle(block, err == -ENOMEM ? PP_HOT_REST : PP_HOT_TRY);
		return false;
	}
	pp_stat_inc(region, shatter_hot);
	if (rc->done - before >= WORTH_BREAKING) {
		pp_stat_add(region, shatter_cold, rc->done - before);
		settle(block, PP_HOT_PAYS);
	} else {
		xchg(&block->on_trial, true);
	}
	return true;
}

static bool is_young(struct pp_block *block)
{
	return time_before(jiffies, READ_ONCE(block->changed) + MIN_TRIAL);
}

/* Nothing is learnt from one that is huge again, or was given back. */
static bool can_be_judged(struct pp_block *block)
{
	return !READ_ONCE(block->huge) && READ_ONCE(block->nr[PP_HOLE]) < PP_BLOCK_PAGES &&
	       !is_young(block);
}

bool pp_hot_judge(struct pp_block *block, bool hard)
{
	unsigned int won;

	if (!READ_ONCE(block->on_trial))
		return false;
	if (!hard && is_young(block) && !READ_ONCE(block->huge))
		return true;
	if (!xchg(&block->on_trial, false))
		return false;
	if (!can_be_judged(block)) {
		settle(block, PP_HOT_REST);
		return false;
	}
	/* Standby, evicted already, or a hole. */
	won = PP_BLOCK_PAGES - READ_ONCE(block->nr[PP_FRAME]);
	pp_stat_add(block->region, shatter_cold, won);
	settle(block, won >= WORTH_BREAKING ? PP_HOT_PAYS : PP_HOT_REST);
	return false;
}
