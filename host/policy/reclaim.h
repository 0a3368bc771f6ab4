/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reclaim: limits, and who gives when one is reached.
 *
 * A pool's background worker starts when the room under the limit falls below the headroom, and
 * stops when twice that is free again; a fault that finds no room evicts a small batch itself.
 * Regions are visited in turn, each giving in proportion to what it has resident.
 */
#ifndef PAGEPACT_POLICY_RECLAIM_H
#define PAGEPACT_POLICY_RECLAIM_H

#include "core/evict.h"
#include "core/region.h"

/**
 * struct pp_policy_ops - how victims are chosen inside a region (one file each)
 * @name: as written to the knob
 * @reclaim: evicts pages of @region for @rc until it has what it wants, fewer when it finds no more
 */
struct pp_policy_ops {
	const char *name;
	void (*reclaim)(struct pp_region *region, struct pp_reclaim *rc);
};

extern const struct pp_policy_ops pp_policy_clock;
extern const struct pp_policy_ops pp_policy_random;

/**
 * pp_policy_find - looks a policy up by name
 * @name: as written to the knob
 * Return: the policy, or NULL.
 */
const struct pp_policy_ops *pp_policy_find(const char *name);

/**
 * pp_reclaim_run - evicts
 * @rc: the request; its @done tells the result
 * @who: name for the trace
 *
 * Takes what is easy first: zeros in huge frames, then what compresses. Pages found not to compress
 * go only when that is not enough; or, for a limit, where the store has room for all that can come,
 * the next time that they are found standby. When it is the store that has no room, copies that it
 * keeps of pages in memory go. Stops early when the caller is killed.
 */
void pp_reclaim_run(struct pp_reclaim *rc, const char *who);

/**
 * enum pp_direct - why a fault evicts
 * @PP_DIRECT_LIMIT: a limit is in its way
 * @PP_DIRECT_LAST: the same, and it is the last attempt before the fault fails
 * @PP_DIRECT_ALLOC: the host or the cgroup has no memory for it
 */
enum pp_direct {
	PP_DIRECT_LIMIT,
	PP_DIRECT_LAST,
	PP_DIRECT_ALLOC,
};

/**
 * pp_reclaim_direct - evicts a batch in the name of a fault
 * @pool: the pool
 * @only: region whose limit is in the way, or NULL for the pool's
 * @keep: region that needs the frames
 * @want: pages
 * @why: the cause
 *
 * While the store is full, others keep what they have but for spare frames, until the last attempt:
 * they could not have it back.
 *
 * Return: pages evicted, spare frames of other regions that were given up included.
 */
unsigned long pp_reclaim_direct(struct pp_pool *pool, struct pp_region *only,
				struct pp_region *keep, unsigned long want,
				enum pp_direct why);

/**
 * pp_reclaim_exchange - evicts a page although the store is full, because another one needs a frame
 * @region: region of the page that needs it
 * @bytes: what that page has in the store, and will leave there; -1 for memory that is new
 * @others: also a page of another region, when there is none of this one
 * @won: set to the frame of the page evicted; or NULL when the page was another region's
 *
 * Each region has a share of the room that the store keeps for this: half of it, divided equally.
 * What goes in for a region's frames is on its account, less @bytes. What goes in is at most as
 * large as @bytes plus what is left of the share; new memory needs a page of that. So no guest is
 * stopped by what others want, and none gets more memory for long; but a page that regions of a
 * domain share leaves nothing, @bytes is 0 then. (The other half is because one
 * goes in before the other comes out, and fits into another gap than it leaves; only pages no
 * larger than @bytes get there.) With @others, regions that are poor give nothing. A region in
 * which nothing else fits has a huge frame broken up.
 *
 * Return: true when a page was evicted. A frame is charged to @region then; without @won, one that
 * the caller has to allocate, if the region's limit allows it.
 */
bool pp_reclaim_exchange(struct pp_region *region, int bytes, bool others, struct folio **won);

/**
 * pp_reclaim_owe - corrects the account of a region, when other bytes left the store than were
 * expected
 * @region: the region
 * @bytes: how many fewer left; may be negative
 */
void pp_reclaim_owe(struct pp_region *region, long bytes);

/**
 * pp_reclaim_repay - bytes left the store, for which none had to go there
 * @region: their region, which owes that much less, but not less than nothing
 * @bytes: how many
 */
void pp_reclaim_repay(struct pp_region *region, unsigned int bytes);

/**
 * pp_reclaim_forget - what regions of @pool owe is forgotten: the room that they share has changed
 * @pool: the pool
 */
void pp_reclaim_forget(struct pp_pool *pool);

/**
 * pp_reclaim_oom - evicts because the kernel is about to kill for want of memory
 * @pool: the pool
 * @want: pages
 *
 * Only tries locks. Spare frames first.
 * Return: pages won for the host: what was let go less what the store grew by.
 */
unsigned long pp_reclaim_oom(struct pp_pool *pool, unsigned long want);

/**
 * pp_reclaim_kick - starts background reclaim of @pool, unless its store is full
 * @pool: the pool
 */
void pp_reclaim_kick(struct pp_pool *pool);

/**
 * pp_reclaim_shatter_later - has marked blocks of @pool shattered in the background
 * @pool: the pool
 */
void pp_reclaim_shatter_later(struct pp_pool *pool);

/**
 * pp_reclaim_has_room - do more pages fit below the limit of @pool, with nothing evicted for it?
 * @pool: the pool
 * @pages: how many
 * Return: true when the headroom that background reclaim sees to is still there then.
 */
bool pp_reclaim_has_room(struct pp_pool *pool, unsigned long pages);

/**
 * pp_reclaim_expect_huge - huge frames come, for whose eviction the store needs a larger reserve
 * @pool: the pool
 */
void pp_reclaim_expect_huge(struct pp_pool *pool);

/**
 * pp_reclaim_check - starts background reclaim of @pool when its headroom is short
 * @pool: the pool
 */
void pp_reclaim_check(struct pp_pool *pool);

/**
 * pp_reclaim_to_limit - brings a pool or a region under its limit
 * @pool: the pool
 * @only: the region, or NULL
 * Return: 0; -EBUSY when what is left cannot be evicted; -EINTR.
 */
int pp_reclaim_to_limit(struct pp_pool *pool, struct pp_region *only);

/**
 * pp_reclaim_trim_spares - gives back spare frames beyond the knob, which was lowered
 * @pool: the pool
 */
void pp_reclaim_trim_spares(struct pp_pool *pool);

/**
 * pp_reclaim_set_ageing - ages all of @pool every @ms milliseconds, 0 = never
 * @pool: the pool
 * @ms: milliseconds, 0 = never
 */
void pp_reclaim_set_ageing(struct pp_pool *pool, unsigned long ms);

/**
 * pp_clock_age - moves the ageing hand of @region once around (ageing for statistics)
 * @region: the region
 */
void pp_clock_age(struct pp_region *region);

/**
 * pp_sparse_reclaim - breaks up huge frames of which a good part is zeros
 * @region: the region
 * @rc: the request; its @done is counted up by the pages that became holes
 *
 * How much is a good part the knob huge_zeros says. May sleep, and allocates: not for the shrinker.
 */
void pp_sparse_reclaim(struct pp_region *region, struct pp_reclaim *rc);

/**
 * pp_breakup_allowed - may a request break up the huge frame of a block?
 * @block: the block
 * @rc: the request
 *
 * Not when it must not take memory first, when it has broken up enough, or when somebody holds the
 * frame.
 *
 * Return: true when it may.
 */
bool pp_breakup_allowed(struct pp_block *block, struct pp_reclaim *rc);

/**
 * pp_breakup - breaks up a huge frame, so that some of its pages can leave memory
 * @block: the block
 * @rc: the request, which pp_breakup_allowed() allows it; its @done is counted up by the pages that
 *	became holes
 *
 * Return: 0, or why it is not broken up: -EBUSY, -ENOENT, -ENOMEM.
 */
int pp_breakup(struct pp_block *block, struct pp_reclaim *rc);

/**
 * pp_breakup_tough - pages that do not compress shall not keep the others
 * @block: a block with a huge frame that could not be evicted because of them
 * @rc: the request
 *
 * If the others are many; as far as is known from those tried.
 *
 * Return: true when it is broken up.
 */
bool pp_breakup_tough(struct pp_block *block, struct pp_reclaim *rc);

/**
 * pp_hot_break_up - breaks up a huge frame that proved hot, when that may win memory
 * @block: the block, which the clock would age
 * @rc: the request; its @done is counted up by the pages that became holes
 *
 * Return: true when it was: its pages are standby now.
 */
bool pp_hot_break_up(struct pp_block *block, struct pp_reclaim *rc);

/**
 * pp_hot_judge - has it been worth while to break up a block?
 * @block: a block whose cold pages are to be evicted next, or that is to be aged
 * @hard: also if it is too early to tell
 * Return: true when it is too early, and the block is to be left alone.
 */
bool pp_hot_judge(struct pp_block *block, bool hard);

/**
 * pp_reclaim_init_pool - prepares the workers of a new pool
 * @pool: the pool
 */
void pp_reclaim_init_pool(struct pp_pool *pool);

/**
 * pp_reclaim_exit_pool - stops the workers of @pool for good
 * @pool: the pool
 */
void pp_reclaim_exit_pool(struct pp_pool *pool);

/**
 * pp_reclaim_init - makes what reclaim.c needs, when the module is loaded
 * Return: 0 or an errno.
 */
int pp_reclaim_init(void);

/**
 * pp_reclaim_exit - undoes pp_reclaim_init()
 */
void pp_reclaim_exit(void);

#endif /* PAGEPACT_POLICY_RECLAIM_H */
