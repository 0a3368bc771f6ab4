// SPDX-License-Identifier: GPL-2.0-only
/*
 * clock: pages that stayed untouched while standby.
 *
 * Two hands go around a region's blocks. The first makes a block's frames standby, the second
 * follows at a distance of a quarter of the blocks and evicts what is standby still. A page that
 * is touched between the two costs one minor fault and is safe for a revolution. (The two-handed
 * clock is 4.3BSD's; here the reference bit is the page table entry itself, because nothing
 * exported tells whether KVM's guests have used a page.)
 */
#include <linux/random.h>
#include <linux/sched/signal.h>
#include "policy/reclaim.h"

#define GAP_FRACTION	4
/* Blocks with memory visited, when the caller must not be held up, or the store is full. */
#define SHORT_VISIT	64UL

/* The block at or after *@hand, which is moved behind it; starts over at the end. */
static struct pp_block *hand_next(struct pp_region *region, unsigned long *hand)
{
	struct pp_block *block;
	unsigned long n = *hand;

	block = xa_find(&region->blocks, &n, ULONG_MAX, XA_PRESENT);
	if (!block) {
		n = 0;
		block = xa_find(&region->blocks, &n, ULONG_MAX, XA_PRESENT);
	}
	*hand = n + 1;
	return block;
}

static unsigned long nr_blocks(struct pp_region *region)
{
	return atomic_long_read(&region->nr_blocks);
}

/* The next block to age, or NULL when the first hand is far enough ahead. */
static struct pp_block *take_to_age(struct pp_region *region)
{
	struct pp_block *block = NULL;

	spin_lock(&region->clock_lock);
	if (region->gap <= nr_blocks(region) / GAP_FRACTION) {
		block = hand_next(region, &region->hand_age);
		region->gap++;
	}
	spin_unlock(&region->clock_lock);
	return block;
}

static struct pp_block *take_to_evict(struct pp_region *region)
{
	struct pp_block *block;

	spin_lock(&region->clock_lock);
	block = hand_next(region, &region->hand_evict);
	if (region->gap)
		region->gap--;
	spin_unlock(&region->clock_lock);
	return block;
}

/* A block that was not finished is the second hand's next one again. */
static void untake(struct pp_region *region, struct pp_block *block)
{
	spin_lock(&region->clock_lock);
	region->hand_evict = block->base >> PP_BLOCK_SHIFT;
	region->gap++;
	spin_unlock(&region->clock_lock);
}

/* Return: false when the block was left before all of it was looked at. */
static bool evict_block(struct pp_block *block, struct pp_reclaim *rc)
{
	unsigned int first = 0, misfits = rc->misfits;

	/* Few of its pages are tried: not always the same. */
	if (rc->exchange)
		first = get_random_u32_below(PP_BLOCK_PAGES);
	if (!pp_block_evict(block, rc, first, PP_BLOCK_PAGES - first, false))
		return false;
	return !first || rc->misfits > misfits || pp_block_evict(block, rc, 0, first, false);
}

static void clock_reclaim(struct pp_region *region, struct pp_reclaim *rc)
{
	unsigned long visits = 2 * nr_blocks(region) + 2;
	unsigned long looks = rc->try_only || rc->exchange ? SHORT_VISIT : ULONG_MAX;
	unsigned long ages = rc->exchange ? SHORT_VISIT : ULONG_MAX;
	struct pp_block *block;
	bool young;

	while (rc->done < rc->want && visits-- && looks && rc->misfits < PP_MAX_MISFITS &&
	       !rc->outrun && !fatal_signal_pending(current) && !pp_region_ending(region)) {
		if (rc->no_room)
			looks = min(looks, SHORT_VISIT);
		while (!pp_region_ending(region) && rc->done < rc->want && ages &&
		       (block = take_to_age(region))) {
			ages--;
			if (!pp_hot_judge(block, rc->hard) && !pp_hot_break_up(block, rc))
				pp_block_age(block, rc);
			cond_resched();
		}
		block = take_to_evict(region);
		if (!block)
			break;
		/* Blocks without memory cost nothing, and there may be many of them in a row. */
		if (READ_ONCE(block->nr[PP_FRAME]) || READ_ONCE(block->nr[PP_STANDBY]))
			looks--;
		young = pp_hot_judge(block, rc->hard);
		cond_resched();
		if (!young && READ_ONCE(block->nr[PP_STANDBY]) &&
		    (!evict_block(block, rc) || rc->outrun))
			untake(region, block);
	}
}

void pp_clock_age(struct pp_region *region)
{
	struct pp_block *block;
	unsigned long n;

	xa_for_each(&region->blocks, n, block) {
		if (pp_region_ending(region))
			break;
		if (!pp_hot_judge(block, false))
			pp_block_age(block, NULL);
		cond_resched();
	}
}

const struct pp_policy_ops pp_policy_clock = {
	.name		= "clock",
	.reclaim	= clock_reclaim,
};
