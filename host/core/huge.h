/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * huge: blocks that are one frame of 2 MiB.
 *
 * DOC: huge frames
 *
 * The first write to a block of which nothing is touched yet gets a huge frame when the mapping can
 * hold it as one entry of its page tables. So does, in the mode "always-try", a touch of a block
 * that is in small frames for the most part: it is regrouped. All 512 homes are then parts of that
 * frame, and all are FRAME or all are STANDBY: reference count, folio lock and age are the frame's.
 * Nothing in the kernel that a module may call splits such a frame, so it is given up as a whole:
 *
 *   evicted    when cold: pages of zeros become holes, all others go to the store
 *   shattered  when parts of it were punched, or are zeros while memory is short (policy/sparse.c),
 *              or when too many pages do not compress for it to be evicted (policy/breakup.c), or
 *              to see which of them are in use (policy/hot.c): pages of zeros become holes, all
 *              others get frames of their own, as standby pages
 *   punched    when all of it is
 *
 * Eviction and shattering hold the block's lock and the isolated frame from beginning to end. The
 * bytes stay in the huge frame until each page has its new home; if one cannot get any, the new
 * homes are given up and the block is what it was. Regrouping does the same the other way round:
 * with all small frames isolated, it copies, and only then do pages move.
 *
 * A punch of a part writes zeros there and asks for the block to be shattered, a while later, when
 * so much is punched that it is worth it.
 *
 * Unlike a page's frame, a huge one is unmapped under the block's lock: whoever uses it would have
 * all of it back before it could be isolated.
 */
#ifndef PAGEPACT_CORE_HUGE_H
#define PAGEPACT_CORE_HUGE_H

#include "core/access.h"
#include "core/evict.h"

/* Pages of an evicted block that may need frames; with more of them little would be won. */
#define PP_MAX_KEPT	(PP_BLOCK_PAGES / 4)

/**
 * pp_huge_settled - has a block been huge, or not, for a second?
 * @block: the block
 *
 * Until then a guest may be filling a new huge frame, or giving back what was in one; or regrouping
 * has just failed.
 *
 * Return: true when it has.
 */
static inline bool pp_huge_settled(struct pp_block *block)
{
	return time_after_eq(jiffies, READ_ONCE(block->changed) + HZ);
}

/**
 * pp_huge_get - a huge frame for a block that is touched, when there may be one
 * @access: the access, by a fault
 * @block: its block
 * Return: the frame, zeroed, for pp_huge_install() or pp_frame_put_huge(); or NULL, and a counter
 * says why.
 */
struct folio *pp_huge_get(struct pp_access *access, struct pp_block *block);

/**
 * pp_huge_install - makes a huge frame the memory of a block
 * @block: the block, locked
 * @folio: from pp_huge_get(); the reference passes to the block
 *
 * Pages that have memory already are copied, if they are enough to regroup them.
 *
 * Return: false when it cannot be: the region ends in the block; somebody was faster; one of its
 * pages is pinned, locked by mlock(2) or damaged, or charged to another cgroup or on another node
 * than @folio. The frame is the caller's still.
 */
bool pp_huge_install(struct pp_block *block, struct folio *folio);

/**
 * pp_huge_evict - evicts a block with a huge frame
 * @block: the block
 * @rc: the request; all pages of the block are evicted, also when it wants fewer
 * @any: also when it is in use
 *
 * One that cannot go because too many pages do not compress is shattered, if the request allows
 * for taking memory first: the others can go then.
 *
 * Return: true when the block is done with; false: it has no huge frame (any more).
 */
bool pp_huge_evict(struct pp_block *block, struct pp_reclaim *rc, bool any);

/**
 * pp_huge_is_held - does anybody beside page tables hold a huge frame?
 * @block: the block, locked, with a huge frame
 *
 * A hint. One that mlock(2) has marked counts as held: what replaces it would not be marked.
 *
 * Return: true when somebody does, so that it is not to be broken up now.
 */
bool pp_huge_is_held(struct pp_block *block);

/**
 * pp_huge_zeros - counts pages of zeros in a huge frame
 * @block: the block, locked, with a huge frame
 * @least: how many are of interest
 *
 * The frame may be mapped: what the result says is a hint.
 *
 * Return: how many there are; 0 when there are fewer than @least, or when a page is damaged.
 */
unsigned int pp_huge_zeros(struct pp_block *block, unsigned long least);

/**
 * pp_huge_may_shatter - is it worth trying?
 * @block: the block
 *
 * Trying takes memory, and unmaps.
 *
 * Return: false when it has no huge frame, or one that somebody holds or that is damaged.
 */
bool pp_huge_may_shatter(struct pp_block *block);

/**
 * pp_huge_shatter - frames of one page instead of a huge one
 * @block: the block
 * @parts: pages that will need a frame, as far as is known: it takes longer when there are more
 * Return: pages that became holes; -ENOENT: it has no huge frame; -EBUSY: pinned; -ENOMEM.
 */
int pp_huge_shatter(struct pp_block *block, unsigned int parts);

/**
 * pp_huge_shatter_one - shatters some huge frame of a region
 * @region: the region
 *
 * The one that the clock comes to next, or one of those behind it when that is pinned.
 *
 * Return: pages that became holes, or -EBUSY when none was broken up.
 */
int pp_huge_shatter_one(struct pp_region *region);

/**
 * pp_huge_punch - punches pages of a huge frame
 * @block: the block, locked, with a huge frame
 * @first: first page
 * @end: page after the last
 */
void pp_huge_punch(struct pp_block *block, unsigned int first, unsigned int end);

/**
 * pp_huge_shatter_marked - shatters the blocks of @region that were punched
 * @region: the region
 *
 * Those that somebody holds stay marked, and all that are left when there is no memory for one;
 * damaged ones do not, nor those that the guest has filled again.
 */
void pp_huge_shatter_marked(struct pp_region *region);

#endif /* PAGEPACT_CORE_HUGE_H */
