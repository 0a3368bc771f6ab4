/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frame: the memory that homes stand in. Charged to the region's and the pool's limit here, and
 * by the kernel to the cgroup of whoever touches the page.
 *
 * A frame belongs to its region while it is charged: in a home, in the region's spare list, or in
 * the hands of a fault. Spare frames keep old bytes of their region; they are overwritten or
 * cleared when they get a home again, which is always in the same region, and otherwise go back to
 * the page allocator like any freed page.
 */
#ifndef PAGEPACT_CORE_FRAME_H
#define PAGEPACT_CORE_FRAME_H

#include "core/region.h"

struct pp_access;

/**
 * pp_frame_get - a frame for a page of a region, or one step towards it
 * @access: what it is for; its mapping says in whose name the frame is allocated
 * @stored: the page is in the store
 * @out: set to the frame: charged, reference count one, content undefined, no mapping
 *
 * Takes a spare frame, or charges and allocates one. When a limit or the cgroup's is in the way, it
 * evicts from the region or the pool; with the store full another page changes places with this
 * one. When nothing can be evicted it pauses for 20 ms, until the pool's stall_ms are over; these
 * begin anew, with @access->endless, as long as a device does not answer. The caller holds no lock
 * of this module.
 *
 * Return: 0; -ESTALE: ask again, if the page needs a frame still; -EAGAIN when it would have to
 * wait and @access says not to; -EINPROGRESS: see @access->retry; -ENOMEM; -EINTR when killed;
 * -EBUSY, or with @access->brief -ETIMEDOUT, when the limit stood in the way for stall_ms.
 */
int pp_frame_get(struct pp_access *access, bool stored, struct folio **out);

/**
 * pp_frame_trade - has the charge of a frame that is let go pass to another region of its pool
 * @from: the frame's region
 * @to: the other one, which may have one frame more
 * @folio: the frame; goes back to the page allocator, because no other domain may see it
 */
void pp_frame_trade(struct pp_region *from, struct pp_region *to, struct folio *folio);

/**
 * pp_frame_get_huge - a huge frame for a block of a region
 * @region: the region
 * @vma: the faulting mapping, for its memory policy and cgroup
 * @addr: faulting address
 * @out: set to the frame: charged, reference count one, zeroed, no mapping
 *
 * Evicts nothing and waits for nothing: whoever is refused takes a frame of one page.
 *
 * Return: 0; -EBUSY: a limit stands in the way; -ENOMEM.
 */
int pp_frame_get_huge(struct pp_region *region, struct vm_area_struct *vma, unsigned long addr,
		      struct folio **out);

/**
 * pp_frame_put_huge - takes a huge frame back, to the page allocator
 * @region: the region
 * @folio: charged, reference count one (or held by others as well), no mapping, in no home
 */
void pp_frame_put_huge(struct pp_region *region, struct folio *folio);

/**
 * pp_frame_get_part - a frame for one page of a huge frame that is to be shattered
 * @region: the region
 * @huge: charged to whom the new one is to be charged as well
 * @gfp: GFP flags
 *
 * Passes over the limits: the huge frame goes when all of its pages have a new home.
 *
 * Return: the frame: charged, reference count one, content undefined, no mapping; or NULL.
 */
struct folio *pp_frame_get_part(struct pp_region *region, struct folio *huge, gfp_t gfp);

/**
 * pp_frame_put - takes a frame back
 * @region: the region
 * @folio: charged, reference count one, no mapping, in no home
 * @keep: true: to the spare list when it has room; false: to the page allocator
 */
void pp_frame_put(struct pp_region *region, struct folio *folio, bool keep);

/**
 * pp_frame_detach - a frame that others hold leaves its region
 * @region: the region
 * @folio: charged, unmapped; the caller's reference is dropped
 */
void pp_frame_detach(struct pp_region *region, struct folio *folio);

/**
 * pp_frame_drain - gives spare frames back to the page allocator
 * @region: the region
 * @max: at most so many
 * Return: how many.
 */
unsigned long pp_frame_drain(struct pp_region *region, unsigned long max);

/**
 * pp_frame_adopt - makes the fresh frame @folio page @index of @region, for rmap and GUP
 * @region: the region
 * @folio: the frame
 * @index: index of the page
 */
static inline void pp_frame_adopt(struct pp_region *region, struct folio *folio, pgoff_t index)
{
	folio->mapping = region->inode->i_mapping;
	folio->index = index;
}

/**
 * pp_frame_abandon - undoes pp_frame_adopt() on @folio, which no page table refers to
 * @folio: the frame
 */
static inline void pp_frame_abandon(struct folio *folio)
{
	folio->mapping = NULL;
	folio->private = NULL;
}

/**
 * pp_frame_isolate - takes a frame out of everybody's reach, if nobody has it
 * @folio: in a home of a block that the caller has locked, unmapped shortly before
 *
 * Two things can stand against it. A reference beside the home's own: a page table, a pin, a fault
 * on its way. And the folio lock: a fault gives its reference to the page table entry before it
 * marks the folio dirty and unlocks it, so when that entry is zapped in between, the lock is all
 * that is left of the fault. On success the count is frozen at zero and the folio locked, so the
 * content is stable and the frame can be let go.
 *
 * Return: true on success; undo with pp_frame_unisolate().
 */
bool pp_frame_isolate(struct folio *folio);

/**
 * pp_frame_unisolate - the frame @folio has one reference again and is unlocked
 * @folio: the frame
 */
void pp_frame_unisolate(struct folio *folio);

/**
 * pp_zero_frame - the region's zero frame, made if need be
 * @region: the region
 * Return: the frame, never written by anybody, valid as long as the region; NULL: no memory.
 */
struct folio *pp_zero_frame(struct pp_region *region);

/**
 * pp_zero_forget - cuts the zero frames of @pool off their mapping, which is about to go
 * @pool: the pool
 */
void pp_zero_forget(struct pp_pool *pool);

#endif /* PAGEPACT_CORE_FRAME_H */
