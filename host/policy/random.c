// SPDX-License-Identifier: GPL-2.0-only
/*
 * random: any page that nobody pins, mlock(2) or not, in runs of 32. What reclaim without knowledge
 * costs, for measurements to compare with, and the hardest treatment of a guest, for tests.
 */
#include <linux/random.h>
#include <linux/sched/signal.h>
#include "policy/reclaim.h"

#define RUN		32
/* Runs looked at in vain before the region counts as empty. */
#define MAX_MISSES	256

static struct pp_block *random_block(struct pp_region *region)
{
	unsigned long blocks = i_size_read(region->inode) >> (PAGE_SHIFT + PP_BLOCK_SHIFT);
	unsigned long n = get_random_u32_below(min(blocks, (unsigned long)U32_MAX - 1) + 1);
	struct pp_block *block = xa_find(&region->blocks, &n, ULONG_MAX, XA_PRESENT);

	if (block)
		return block;
	n = 0;
	return xa_find(&region->blocks, &n, ULONG_MAX, XA_PRESENT);
}

static void random_reclaim(struct pp_region *region, struct pp_reclaim *rc)
{
	unsigned int misses = 0;

	while (rc->done < rc->want && misses < MAX_MISSES && rc->misfits < PP_MAX_MISFITS &&
	       !rc->outrun && !fatal_signal_pending(current) && !pp_region_ending(region)) {
		struct pp_block *block = random_block(region);
		unsigned int first = get_random_u32_below(PP_BLOCK_PAGES / RUN) * RUN;
		unsigned long before = rc->done;

		if (!block)
			break;
		if (READ_ONCE(block->nr[PP_FRAME]))
			unmap_mapping_pages(region->inode->i_mapping, block->base + first, RUN,
					    false);
		if (READ_ONCE(block->nr[PP_FRAME]) || READ_ONCE(block->nr[PP_STANDBY]))
			pp_block_evict(block, rc, first, RUN, true);
		misses = rc->done == before ? misses + 1 : 0;
		cond_resched();
	}
}

const struct pp_policy_ops pp_policy_random = {
	.name		= "random",
	.reclaim	= random_reclaim,
};
