/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evict: ageing and eviction, one block at a time. What to choose is policy's business; how to
 * take a page away safely is this file's.
 *
 * DOC: how a page is taken away
 *
 *   1. Unmap a whole range once, without any lock (but see core/huge.h). Batches matter: with a
 *      virtual CPU running, every call costs a flush of its TLB. Around mlocked pages, when others
 *      must go, it takes several.
 *   2. Lock the block. A frame whose reference count is one then is in nobody's hands and cannot
 *      get into anybody's: faults need the block's lock, GUP needs a page table entry. That is
 *      what standby means.
 *   3. To evict, lock the folio and freeze the count at one (pp_frame_isolate()). Success makes the
 *      content stable and the frame unreachable; its new home is made valid; then the frame is let
 *      go. Failure means that somebody pinned it, or that a fault still has it locked: it is
 *      passed over.
 */
#ifndef PAGEPACT_CORE_EVICT_H
#define PAGEPACT_CORE_EVICT_H

#include "core/region.h"

/**
 * struct pp_reclaim - one request to evict
 * @pool: the pool
 * @only: evict from this region alone, or NULL
 * @keep: frames evicted from this region go to its spare list, or NULL
 * @want: pages to evict
 * @done: pages evicted so far
 * @try_only: only try locks (the caller may hold any lock of the kernel)
 * @refused: pages in a row, of the region at hand, that the store had no room for; a huge frame
 *	that it had no room for counts as one
 * @no_room: the store had no room for some page, or some block was left alone because it is full
 * @exchange: one page is to be evicted, into the room that the store keeps for pages that change
 *	places; its charge to the pool passes to @keep, and whoever makes the request owns that
 * @bytes: with @exchange, what the page may have there at most; then, by how much the store grew
 * @out: with @exchange, bytes that will leave the store for it
 * @misfits: with @exchange, pages of the region at hand that were tried and are larger
 * @won: with @exchange, the page's frame, reference count one, if it was one of @keep
 * @looks: huge frames whose zeros may still be counted
 * @whole: a huge frame, of the region at hand, stayed because the store had no room for all of it:
 *	no other one is tried
 * @outrun: a huge frame was left alone, because one is being evicted elsewhere: the visit ends
 * @starved: an allocation failed: what takes memory before it gives any is no help
 * @host: it is the host that needs memory: pages that compression does not make smaller win nothing
 * @oom: the host is about to kill
 * @hard: the easy ways did not suffice: age hot blocks and what lies beside mlocked pages, evict
 *	incompressible pages as well
 * @limited: it is a limit of the pool or of a region that makes pages leave
 * @covered: @limited, and the store could take all that the limit keeps out of memory, as it is;
 *	never with the knob raw_early off
 * @breaks: huge frames that may still be broken up for their cold or compressible pages
 */
struct pp_reclaim {
	struct pp_pool *pool;
	struct pp_region *only;
	struct pp_region *keep;
	unsigned long want;
	unsigned long done;
	struct folio *won;
	unsigned int bytes;
	unsigned int out;
	unsigned int misfits;
	unsigned int refused;
	unsigned int looks;
	unsigned int breaks;
	bool no_room;
	bool whole;
	bool outrun;
	bool exchange;
	bool try_only;
	bool starved;
	bool host;
	bool oom;
	bool hard;
	bool limited;
	bool covered;
};

/* Pages too large that are tried for one exchange, in a visit to a region and in a block of it. */
#define PP_MAX_MISFITS		64
#define PP_MAX_MISFITS_BLOCK	16

/* Pages in a row refused by a full store before it is asked only what needs no room: zeros. */
#define PP_MAX_REFUSED	64

/**
 * pp_store_is_full - does the store take only what needs no room, as far as is known?
 * @rc: the request
 * Return: true when it refused many pages in a row.
 */
static inline bool pp_store_is_full(struct pp_reclaim *rc)
{
	return rc->refused >= PP_MAX_REFUSED;
}

/**
 * pp_block_lock - locks a block to reclaim from it
 * @block: the block
 * @try_only: only try
 * Return: true when it is locked.
 */
bool pp_block_lock(struct pp_block *block, bool try_only);

/**
 * pp_evict_store - puts a page's bytes into the store
 * @region: its region
 * @page: its frame, or a part of a huge one, isolated
 * @flags: PP_PUT_KNOWN_RAW, PP_PUT_ALLOW_RAW, PP_PUT_EXCHANGE(), or 0; knobs add theirs
 * @rc: the request
 * @slot: set to the slot, unless the result is PP_PUT_ZERO
 * Return: like pp_store_put().
 */
int pp_evict_store(struct pp_region *region, struct page *page, unsigned int flags,
		   struct pp_reclaim *rc, u64 *slot);

/**
 * pp_evict_place - says where the bytes of a page that leaves memory should be
 * @region: its region
 * @home: its home word until now
 * @slot: where it is stored
 * @old: the slot is not a new one; something may have been said of it before
 * Return: its next home word: stored; with PP_HOME_DEEP the caller counts it as demoted.
 */
pp_home_t pp_evict_place(struct pp_region *region, pp_home_t home, u64 slot, bool old);

/**
 * pp_evict_drop_copy - gives up what the store keeps of a page
 * @region: its region, which owes that much less
 * @folio: its frame; the caller sees to the flag of its home
 */
void pp_evict_drop_copy(struct pp_region *region, struct folio *folio);

/**
 * pp_block_find_mlocked - which frames of a block has mlock(2) marked?
 * @block: the block, locked; to be asked before it is unmapped, which takes the marks away
 * @mlocked: bitmap of PP_BLOCK_PAGES, set to these
 * Return: true when there are any.
 */
bool pp_block_find_mlocked(struct pp_block *block, unsigned long *mlocked);

/**
 * pp_block_age - makes the frames of a block standby that nobody pins
 * @block: the block; of one with pages locked by mlock(2), the others, if the request is @hard
 * @rc: the request; NULL: ages all, as for statistics
 *
 * A block that proved hot lately is left alone unless the request is @hard; and, while the store is
 * full, one without a page that needs no room there.
 *
 * Return: number of pages made standby.
 */
unsigned int pp_block_age(struct pp_block *block, struct pp_reclaim *rc);

/**
 * pp_block_is_hot - was most of a block touched again since it was aged last?
 * @block: the block; without its lock a hint
 * Return: true when it was.
 */
static inline bool pp_block_is_hot(struct pp_block *block)
{
	unsigned int aged = READ_ONCE(block->aged);

	/* Three quarters. */
	return aged && READ_ONCE(block->rescued) * 4 >= aged * 3;
}

/**
 * pp_block_evict - evicts standby pages of a block
 * @block: the block
 * @rc: the request; its @done is counted up, and eviction stops when it reaches @want
 * @first: first page in the block
 * @nr: number of pages to look at
 * @any: true: also frames in use, which the caller has unmapped
 * Return: true when the block is done with for now: all of it was looked at, or its lock was not to
 * be had; false when it stopped before the end.
 */
bool pp_block_evict(struct pp_block *block, struct pp_reclaim *rc, unsigned int first,
		    unsigned int nr, bool any);

/**
 * pp_block_drop_copies - gives up what the store keeps of pages that are in use
 * @block: the block
 * @try_only: only try its lock
 *
 * A standby page keeps its copy, because with it the page is evicted for nothing.
 * Return: number of copies dropped.
 */
unsigned int pp_block_drop_copies(struct pp_block *block, bool try_only);

#endif /* PAGEPACT_CORE_EVICT_H */
