/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * home: where the bytes of one guest page are. One word a page, and nothing else says it.
 *
 * DOC: states and their transitions
 *
 *   ``PP_HOLE``     the page reads as zeros and has no memory (never written, punched, or found
 *                   to be all zero when it was to be evicted).
 *   ``PP_FRAME``    the bytes are in a frame of ours that page tables or pins may refer to.
 *   ``PP_STANDBY``  the bytes are in a frame of ours that no page table, no pin and no fault in
 *                   flight refers to: its content cannot change. Touching it costs a minor fault
 *                   and proves that it is warm.
 *   ``PP_STORED``   the bytes are in a slot of the domain's store only.
 *
 *   HOLE -> FRAME      first write                      (access.c)
 *   FRAME -> STANDBY   ageing, after a range unmap      (evict.c)
 *   STANDBY -> FRAME   touched in time: a rescue        (access.c)
 *   FRAME, STANDBY -> STORED  eviction                  (evict.c)
 *   FRAME, STANDBY -> HOLE    eviction of zeros, punch  (evict.c, region.c)
 *   STORED -> FRAME    fetch                            (access.c)
 *   STORED -> HOLE     punch: nothing is read           (region.c)
 *   any -> FRAME       regrouped into a huge frame      (huge.c)
 *
 * Every change of state goes through pp_home_move(), or for all pages of a huge frame together
 * through pp_home_move_all(), under the block's lock.
 *
 * Of a block with a huge frame (core/huge.h), all pages are FRAME or all are STANDBY.
 *
 * The word: bits 0-3 the state, bits 4-7 flags, bits 8-23 the page's history (core/age.h), bits
 * 24-63 the frame's pfn (FRAME, STANDBY) or the slot's number (STORED).
 */
#ifndef PAGEPACT_CORE_HOME_H
#define PAGEPACT_CORE_HOME_H

#include <linux/mm.h>
#include <linux/types.h>

struct pp_block;

/**
 * enum pp_state - state of a home, see the DOC section above
 * @PP_HOLE: zeros, no memory
 * @PP_FRAME: in a frame, in use
 * @PP_STANDBY: in a frame nobody refers to
 * @PP_STORED: in a slot of the store
 * @PP_NR_STATES: number of states
 */
enum pp_state {
	PP_HOLE,
	PP_FRAME,
	PP_STANDBY,
	PP_STORED,
	PP_NR_STATES
};

/* A home word. */
typedef u64 pp_home_t;

#define PP_HOME_STATE		0xfULL
/* FRAME, STANDBY: the frame's folio->private is a slot that holds the same bytes. */
#define PP_HOME_COPY		(1ULL << 4)
/* HOLE: the region's zero frame may be mapped read-only at this index. */
#define PP_HOME_ZERO_MAPPED	(1ULL << 5)
/* FRAME, STANDBY: compression gained nothing; cleared by the next write notification. */
#define PP_HOME_TOUGH		(1ULL << 6)
/* STORED: the bytes are to be on a device, or are there already. */
#define PP_HOME_DEEP		(1ULL << 7)
/* All but HOLE: what core/age.h knows of the page. */
#define PP_HOME_SEEN_SHIFT	8
#define PP_HOME_SEEN		(0xffULL << PP_HOME_SEEN_SHIFT)
#define PP_HOME_REUSE_SHIFT	16
#define PP_HOME_REUSE		(0xffULL << PP_HOME_REUSE_SHIFT)
#define PP_HOME_HISTORY		(PP_HOME_SEEN | PP_HOME_REUSE)
#define PP_HOME_SHIFT		24
/* No machine has longer physical addresses than 52 bits. */
static_assert(52 - PAGE_SHIFT <= 64 - PP_HOME_SHIFT);

/**
 * enum pp_why - what made a home change, for the tracepoint
 * @PP_WHY_FAULT: a page fault, or a read(2) or write(2)
 * @PP_WHY_AGE: ageing
 * @PP_WHY_EVICT: eviction
 * @PP_WHY_PUNCH: truncate, fallocate, or the end of the region
 * @PP_WHY_SHATTER: a huge frame gives way to frames of one page
 * @PP_WHY_REGROUP: frames of one page give way to a huge frame
 */
enum pp_why {
	PP_WHY_FAULT,
	PP_WHY_AGE,
	PP_WHY_EVICT,
	PP_WHY_PUNCH,
	PP_WHY_SHATTER,
	PP_WHY_REGROUP,
};

/**
 * pp_home_state - the state of a home
 * @h: the home word
 * Return: the state.
 */
static inline enum pp_state pp_home_state(pp_home_t h)
{
	return h & PP_HOME_STATE;
}

/**
 * pp_home_slot - the slot of a STORED home
 * @h: the home word
 * Return: its number.
 */
static inline u64 pp_home_slot(pp_home_t h)
{
	return h >> PP_HOME_SHIFT;
}

/**
 * pp_home_has_frame - are the bytes in a frame?
 * @h: the home word
 * Return: true for FRAME and STANDBY.
 */
static inline bool pp_home_has_frame(pp_home_t h)
{
	return pp_home_state(h) == PP_FRAME || pp_home_state(h) == PP_STANDBY;
}

/**
 * pp_home_page - where the bytes of a FRAME or STANDBY home are
 * @h: the home word
 * Return: the page: a frame, or a part of a huge one.
 */
static inline struct page *pp_home_page(pp_home_t h)
{
	return pfn_to_page(h >> PP_HOME_SHIFT);
}

/**
 * pp_home_folio - the frame of a FRAME or STANDBY home
 * @h: the home word
 * Return: the frame, which may be the block's huge one.
 */
static inline struct folio *pp_home_folio(pp_home_t h)
{
	return page_folio(pp_home_page(h));
}

/**
 * pp_home_in_frame - makes a home word: in a frame
 * @state: PP_FRAME or PP_STANDBY
 * @folio: the frame
 * @flags: PP_HOME_COPY, PP_HOME_TOUGH
 * Return: the word.
 */
static inline pp_home_t pp_home_in_frame(enum pp_state state, struct folio *folio, u64 flags)
{
	return ((u64)folio_pfn(folio) << PP_HOME_SHIFT) | flags | state;
}

/**
 * pp_home_in_huge - makes a home word: in a part of a huge frame
 * @state: PP_FRAME or PP_STANDBY
 * @huge: the huge frame
 * @i: index of the page in its block
 * Return: the word. It has no flags.
 */
static inline pp_home_t pp_home_in_huge(enum pp_state state, struct folio *huge, unsigned int i)
{
	return (((u64)folio_pfn(huge) + i) << PP_HOME_SHIFT) | state;
}

/**
 * pp_home_in_slot - makes a home word: stored
 * @slot: its number
 * Return: the word.
 */
static inline pp_home_t pp_home_in_slot(u64 slot)
{
	return (slot << PP_HOME_SHIFT) | PP_STORED;
}

/**
 * pp_home_move - the one place where a home changes
 * @block: the page's block, locked by the caller
 * @i: index of the page in the block
 * @new: the new home word; its frame or slot is valid already
 * @why: the cause, for the tracepoint
 *
 * Keeps the per-block and per-region numbers of pages per state, and the page's history: @new needs
 * none. The caller owns whatever the old word referred to (frame, slot) and lets it go afterwards.
 */
void pp_home_move(struct pp_block *block, unsigned int i, pp_home_t new, enum pp_why why);

/**
 * pp_home_move_all - all homes of a block, which are in the same state, change together
 * @block: the block, locked by the caller
 * @to: PP_FRAME or PP_STANDBY: in the block's huge frame; PP_HOLE
 * @why: the cause, for the tracepoint
 *
 * For huge frames, which have no part in a state of its own. Flags end; each page keeps its
 * history.
 */
void pp_home_move_all(struct pp_block *block, enum pp_state to, enum pp_why why);

#endif /* PAGEPACT_CORE_HOME_H */
