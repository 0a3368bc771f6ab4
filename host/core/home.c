// SPDX-License-Identifier: GPL-2.0-only
#include <linux/fs.h>
#include "core/region.h"

#define CREATE_TRACE_POINTS
#include "control/trace.h"

void pp_home_move(struct pp_block *block, unsigned int i, pp_home_t new, enum pp_why why)
{
	struct pp_region *region = block->region;
	pp_home_t old = block->home[i];
	enum pp_state from = pp_home_state(old), to = pp_home_state(new);

	lockdep_assert_held(&block->lock);
	trace_pagepact_home(region->inode->i_ino, block->base + i, old, new, why);
	WRITE_ONCE(block->home[i], new);
	if ((old ^ new) & PP_HOME_COPY)
		WRITE_ONCE(block->copies, block->copies + (new & PP_HOME_COPY ? 1 : -1));
	if (from == to)
		return;
	WRITE_ONCE(block->nr[from], block->nr[from] - 1);
	WRITE_ONCE(block->nr[to], block->nr[to] + 1);
	atomic_long_dec(&region->states[from]);
	atomic_long_inc(&region->states[to]);
	atomic_long_dec(&region->pool->states[from]);
	atomic_long_inc(&region->pool->states[to]);
}
