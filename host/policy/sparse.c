// SPDX-License-Identifier: GPL-2.0-only
/*
 * sparse: huge frames that are zeros for a good part.
 *
 * A guest that touched one page of a block has all 512 in memory. Nobody would miss those that are
 * zeros, so while memory is short such frames are broken up before any page is evicted.
 *
 * Counting reads the frame, so it is done once after the frame came, when the guest had time to
 * fill it, and once each time that it is touched again after it was standby: a mark in the region's
 * table of blocks tells which are due. A hand goes around, so that those that come first are not
 * looked at alone.
 */
#include <linux/sched/signal.h>
#include "core/huge.h"
#include "policy/reclaim.h"

/* Return: pages of zeros; 0: too few; -EBUSY: somebody holds the frame. */
static int count(struct pp_block *block, unsigned long least)
{
	int zeros = 0;

	mutex_lock(&block->lock);
	if (block->huge)
		zeros = pp_huge_is_held(block) ? -EBUSY : pp_huge_zeros(block, least);
	mutex_unlock(&block->lock);
	return zeros;
}

/* Return: false when there is no memory to go on. */
static bool look_at(struct pp_block *block, unsigned long least, struct pp_reclaim *rc)
{
	struct pp_region *region = block->region;
	int zeros, won;

	/* Before counting: it is set again when the block is touched meanwhile. */
	xa_clear_mark(&region->blocks, block->base >> PP_BLOCK_SHIFT, PP_BLOCK_UNCOUNTED);
	zeros = count(block, least);
	if (!zeros)
		return true;
	won = zeros < 0 ? zeros : pp_huge_shatter(block, PP_BLOCK_PAGES - zeros);
	if (won > 0) {
		rc->done += won;
		pp_stat_inc(region, shatter_sparse);
	} else if (won < 0 && won != -ENOENT) {
		xa_set_mark(&region->blocks, block->base >> PP_BLOCK_SHIFT, PP_BLOCK_UNCOUNTED);
	}
	return won != -ENOMEM;
}

void pp_sparse_reclaim(struct pp_region *region, struct pp_reclaim *rc)
{
	unsigned long least = READ_ONCE(region->pool->knobs.huge_zeros);
	unsigned long start = READ_ONCE(region->hand_count), n = start, last = ULONG_MAX;
	struct pp_block *block;

	if (!least || !atomic_long_read(&region->huge))
		return;
	while (rc->done < rc->want && rc->looks && !pp_region_ending(region) &&
	       !fatal_signal_pending(current)) {
		block = xa_find(&region->blocks, &n, last, PP_BLOCK_UNCOUNTED);
		/* Once around: those that were left alone are still marked. */
		if (!block && last < start)
			break;
		if (!block) {
			if (!start)
				break;
			n = 0;
			last = start - 1;
			continue;
		}
		n++;
		rc->looks--;
		if (pp_huge_settled(block) && !look_at(block, least, rc))
			break;
		cond_resched();
	}
	WRITE_ONCE(region->hand_count, n);
}
