// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fs.h>
#include "core/age.h"
#include "core/region.h"

#define CREATE_TRACE_POINTS
#include "control/trace.h"

static void count(struct pp_block *block, enum pp_state from, enum pp_state to, int nr)
{
	struct pp_region *region = block->region;

	WRITE_ONCE(block->nr[from], block->nr[from] - nr);
	WRITE_ONCE(block->nr[to], block->nr[to] + nr);
	atomic_long_sub(nr, &region->states[from]);
	atomic_long_add(nr, &region->states[to]);
	atomic_long_sub(nr, &region->pool->states[from]);
	atomic_long_add(nr, &region->pool->states[to]);
}

void pp_home_move(struct pp_block *block, unsigned int i, pp_home_t new, enum pp_why why)
{
	struct pp_region *region = block->region;
	pp_home_t old = block->home[i];
	enum pp_state from = pp_home_state(old), to = pp_home_state(new);

	lockdep_assert_held(&block->lock);
	if (from == PP_STORED && to == PP_FRAME && why == PP_WHY_FAULT)
		pp_age_check(region, old);
	new = pp_age_next(old, new, why, READ_ONCE(region->pool->epoch));
	trace_pagepact_home(region->inode->i_ino, block->base + i, old, new, why);
	WRITE_ONCE(block->home[i], new);
	if ((old ^ new) & PP_HOME_COPY)
		WRITE_ONCE(block->copies, block->copies + (new & PP_HOME_COPY ? 1 : -1));
	if (from != to)
		count(block, from, to, 1);
}

void pp_home_move_all(struct pp_block *block, enum pp_state to, enum pp_why why)
{
	enum pp_state from = pp_home_state(block->home[0]);
	u8 epoch = READ_ONCE(block->region->pool->epoch);
	unsigned int i;

	lockdep_assert_held(&block->lock);
	trace_pagepact_block(block->region->inode->i_ino, block->base, from, to, why);
	for (i = 0; i < PP_BLOCK_PAGES; i++) {
		pp_home_t new = to == PP_HOLE ? PP_HOLE : pp_home_in_huge(to, block->huge, i);

		WRITE_ONCE(block->home[i], pp_age_next(block->home[i], new, why, epoch));
	}
	if (from != to)
		count(block, from, to, PP_BLOCK_PAGES);
}
