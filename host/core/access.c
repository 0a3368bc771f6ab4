// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks: core/region.h. A frame that a home may need is made before the block is locked, because
 * making it may evict; whether it is needed is decided under the lock, and what was not needed is
 * given back.
 */
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include "core/access.h"
#include "core/frame.h"
#include "core/huge.h"
#include "policy/reclaim.h"
#include "store/store.h"

/* How long whoever cannot be killed waits for a device. */
#define BRIEFLY		HZ

/* True when @index lies beyond the end of the file. Stable under the block's lock. */
static bool beyond_end(struct pp_region *region, pgoff_t index)
{
	return index >= i_size_read(region->inode) >> PAGE_SHIFT;
}

static bool needs_frame(pp_home_t home, bool write)
{
	return pp_home_state(home) == PP_STORED || (pp_home_state(home) == PP_HOLE && write);
}

/*
 * Before a hole gets a frame, the zero frame must be out of every page table at this index. Its
 * lock keeps out a read fault that is about to map it.
 */
static void unmap_zero(struct pp_block *block, unsigned int i)
{
	struct pp_region *region = block->region;

	if (!(block->home[i] & PP_HOME_ZERO_MAPPED))
		return;
	folio_lock(region->zero);
	unmap_mapping_pages(region->inode->i_mapping, block->base + i, 1, false);
	folio_unlock(region->zero);
}

static void fill_hole(struct pp_block *block, unsigned int i, struct folio *folio)
{
	folio_zero_range(folio, 0, PAGE_SIZE);
	unmap_zero(block, i);
	pp_frame_adopt(block->region, folio, block->base + i);
	pp_home_move(block, i, pp_home_in_frame(PP_FRAME, folio, 0), PP_WHY_FAULT);
	pp_stat_inc(block->region, hole_writes);
}

static void forget_far(struct pp_access *access)
{
	if (access->holds)
		access->dropped += pp_store_drop(access->region->domain->slots, access->slot);
	access->holds = false;
	access->read = NULL;
	access->read_err = 0;
}

/* Under the block's lock: @slot is to be read without it. Return: -EINPROGRESS, or -ENOMEM. */
static int want_far(struct pp_access *access, u64 slot)
{
	forget_far(access);
	if (!pp_store_hold(access->region->domain->slots, slot))
		return -ENOMEM;
	access->holds = true;
	access->slot = slot;
	return -EINPROGRESS;
}

/*
 * Without the lock. Return: -EAGAIN: the bytes are in @fresh, or cannot be read: look whether the
 * page still has them; or an errno.
 */
static int read_far(struct pp_access *access, struct folio *fresh)
{
	int err;

	access->began = ktime_get_ns();
	err = pp_store_read(access->region->domain->slots, access->slot, folio_page(fresh, 0),
			    access->brief ? 0 : MAX_SCHEDULE_TIMEOUT);
	if (!err)
		access->read = fresh;
	else if (err == -EIO)
		access->read_err = err;
	return err && err != -EIO ? err : -EAGAIN;
}

/* A copy in memory is not kept where it takes as much once more. */
static bool keeps_copy(struct pp_access *access, u64 slot)
{
	struct pp_region *region = access->region;
	struct pp_slots *slots = region->domain->slots;

	return !access->write && READ_ONCE(region->pool->knobs.keep_copies) &&
	       (pp_store_len(slots, slot) < PAGE_SIZE || pp_store_is_far(slots, slot)) &&
	       !access->expected && !pp_store_full(region->pool->store);
}

static int fetch(struct pp_access *access, struct pp_block *block, unsigned int i,
		 struct folio *folio)
{
	struct pp_region *region = block->region;
	struct pp_slots *slots = region->domain->slots;
	u64 slot = pp_home_slot(block->home[i]), start = ktime_get_ns(), ns;
	bool far = access->holds && access->slot == slot && access->read == folio;
	bool keep = keeps_copy(access, slot);
	int err = 0;

	if (far)
		start = access->began;
	else
		err = pp_store_fetch(slots, slot, folio_page(folio, 0));
	/* What could not be read from a device may be in memory again. */
	if (err == -EINPROGRESS && access->holds && access->slot == slot && access->read_err)
		return access->read_err;
	if (err == -EINPROGRESS)
		err = want_far(access, slot);
	if (err)
		return err;
	/* The bytes must be there before another CPU can see the page in a page table. */
	__folio_mark_uptodate(folio);
	pp_frame_adopt(region, folio, block->base + i);
	folio->private = keep ? (void *)slot : NULL;
	pp_home_move(block, i, pp_home_in_frame(PP_FRAME, folio, keep ? PP_HOME_COPY : 0),
		     PP_WHY_FAULT);
	if (!keep)
		access->dropped += pp_store_drop(slots, slot);
	else
		pp_store_place(slots, slot, false);
	ns = ktime_get_ns() - start;
	pp_stat_inc(region, restores);
	if (far)
		pp_stat_inc(region, restores_far);
	else
		pp_latency_add(&region->pool->fetches, ns);
	pp_stat_add(region, restore_ns, ns);
	return 0;
}

static void rescue(struct pp_block *block, unsigned int i)
{
	pp_home_t home = block->home[i];
	u64 flags = home & (PP_HOME_COPY | PP_HOME_TOUGH);

	pp_stat_inc(block->region, rescues);
	if (block->huge) {
		/* One touch is all that will be seen of it: the mapping gets a huge entry. */
		pp_home_move_all(block, PP_FRAME, PP_WHY_FAULT);
		block->rescued = block->aged;
		xa_set_mark(&block->region->blocks, block->base >> PP_BLOCK_SHIFT,
			    PP_BLOCK_UNCOUNTED);
		return;
	}
	pp_home_move(block, i, pp_home_in_frame(PP_FRAME, pp_home_folio(home), flags),
		     PP_WHY_FAULT);
	block->rescued++;
}

/* The page is about to be written: what the store or a flag says of its content ends. */
static void forget_content(struct pp_block *block, unsigned int i)
{
	struct pp_region *region = block->region;
	pp_home_t home = block->home[i];
	struct folio *folio = pp_home_folio(home);

	if (!(home & (PP_HOME_COPY | PP_HOME_TOUGH)))
		return;
	pp_home_move(block, i, pp_home_in_frame(PP_FRAME, folio, 0), PP_WHY_FAULT);
	if (!(home & PP_HOME_COPY))
		return;
	pp_evict_drop_copy(region, folio);
	pp_stat_inc(region, copies_dropped);
}

static int read_hole(struct pp_block *block, unsigned int i, struct page **out)
{
	struct folio *zero = pp_zero_frame(block->region);

	if (!zero)
		return -ENOMEM;
	if (folio_test_hwpoison(zero))
		return -EHWPOISON;
	/* A region mapped billions of times over must not wrap the count. */
	if (folio_ref_count(zero) > INT_MAX / 2)
		return -EFAULT;
	if (!(block->home[i] & PP_HOME_ZERO_MAPPED))
		pp_home_move(block, i, PP_HOLE | PP_HOME_ZERO_MAPPED, PP_WHY_FAULT);
	pp_stat_inc(block->region, hole_reads);
	*out = folio_page(zero, 0);
	return 0;
}

/*
 * Under the block's lock: page @i into @out, using *@fresh where one is needed.
 * Return: 0, -EAGAIN when a frame is needed and *@fresh is NULL, -EINPROGRESS when @access->slot is
 * to be read from a device into *@fresh, -EIO, -EHWPOISON, -ENOMEM.
 */
static int materialise(struct pp_access *access, struct pp_block *block, unsigned int i,
		       struct folio **fresh, struct page **out)
{
	pp_home_t home = block->home[i];
	int err;

	if (*fresh && folio_test_hwpoison(*fresh)) {
		pp_frame_put(block->region, *fresh, false);
		*fresh = NULL;
	}
	if (needs_frame(home, access->write) && !*fresh)
		return -EAGAIN;
	switch (pp_home_state(home)) {
	case PP_HOLE:
		if (!access->write)
			return read_hole(block, i, out);
		fill_hole(block, i, *fresh);
		*fresh = NULL;
		break;
	case PP_STORED:
		err = fetch(access, block, i, *fresh);
		if (err)
			return err;
		*fresh = NULL;
		access->fetched = true;
		break;
	default:
		/* Nobody is to read it or write to it. */
		if (PageHWPoison(pp_home_page(home)))
			return -EHWPOISON;
		if (pp_home_state(home) == PP_STANDBY)
			rescue(block, i);
		if (access->write)
			forget_content(block, i);
		break;
	}
	*out = pp_home_page(block->home[i]);
	/* Parts of a huge frame are counted together, and may be mapped any number of times. */
	return block->huge && folio_ref_count(block->huge) > INT_MAX / 2 ? -EFAULT : 0;
}

/*
 * Who is not to read from a device here needs no frame, for which others might have to go. Return:
 * 0; -EINPROGRESS, -EAGAIN, -ETIMEDOUT: the page is on a device; -EINTR, -ENOMEM.
 */
static int far_first(struct pp_access *access, struct pp_block *block, unsigned int i)
{
	struct pp_slots *slots = access->region->domain->slots;
	pp_home_t home;
	int err = 0;

	if ((!access->retry && !access->nowait && !access->brief) ||
	    pp_home_state(READ_ONCE(block->home[i])) != PP_STORED)
		return 0;
	if (mutex_lock_killable(&block->lock))
		return -EINTR;
	home = block->home[i];
	if (pp_home_state(home) == PP_STORED && pp_store_is_far(slots, pp_home_slot(home))) {
		if (access->nowait)
			err = -EAGAIN;
		else if (!pp_store_at_hand(slots, pp_home_slot(home)))
			err = access->retry ? want_far(access, pp_home_slot(home)) : -ETIMEDOUT;
		else
			access->retry = false;
	}
	mutex_unlock(&block->lock);
	return err;
}

/* Return: @huge when somebody else was faster; NULL when it is the block's, or was never there. */
static struct folio *install(struct pp_block *block, struct folio *huge)
{
	return !huge || pp_huge_install(block, huge) ? NULL : huge;
}

static int access_page(struct pp_access *access, struct page **out)
{
	struct pp_region *region = access->region;
	unsigned int i = access->index & (PP_BLOCK_PAGES - 1);
	struct folio *fresh = NULL, *huge;
	struct pp_block *block;
	int err;

	/* Decided under the lock; but what lies there must not even get a block. */
	if (beyond_end(region, access->index))
		return -EFAULT;
	block = pp_block_get(region, access->index, true);
	if (!block)
		return -ENOMEM;
	/* Made here, outside the lock, because its allocation may enter reclaim. */
	if (!access->write && !pp_zero_frame(region))
		return -ENOMEM;
	err = far_first(access, block, i);
	if (err)
		return err;
	huge = pp_huge_get(access, block);
	do {
		pp_home_t home = READ_ONCE(block->home[i]);

		if (!fresh && !huge && needs_frame(home, access->write)) {
			err = pp_frame_get(access, pp_home_state(home) == PP_STORED, &fresh);
			if (err == -ESTALE && beyond_end(region, access->index))
				err = -EFAULT;
			if (err == -ESTALE)
				continue;
			if (err)
				break;
		}
		err = mutex_lock_killable(&block->lock);
		if (err)
			break;
		huge = install(block, huge);
		err = beyond_end(region, access->index) ? -EFAULT :
		      materialise(access, block, i, &fresh, out);
		if (!err) {
			get_page(*out);
			if (access->lock)
				folio_lock(page_folio(*out));
		}
		mutex_unlock(&block->lock);
		if (huge)
			pp_frame_put_huge(region, huge);
		huge = NULL;
		if (err == -EINPROGRESS && access->nowait) {
			err = -EAGAIN;
			break;
		}
		if (err == -EINPROGRESS && !access->retry)
			err = read_far(access, fresh);
	} while (err == -EAGAIN || err == -ESTALE);
	if (err != -EINPROGRESS)
		forget_far(access);
	if (huge)
		pp_frame_put_huge(region, huge);
	if (fresh)
		pp_frame_put(region, fresh, true);
	return err;
}

int pp_access_page(struct pp_access *access, struct page **out)
{
	int err = access_page(access, out);

	if (access->expected)
		pp_reclaim_owe(access->region, access->expected - access->dropped);
	else if (access->dropped)
		pp_reclaim_repay(access->region, access->dropped);
	return err;
}

void pp_access_warm(struct pp_access *access)
{
	if (!access->holds) {
		schedule_timeout_killable(HZ / 50 + 1);
		return;
	}
	pp_store_read(access->region->domain->slots, access->slot, NULL,
		      access->brief ? BRIEFLY : MAX_SCHEDULE_TIMEOUT);
	forget_far(access);
	if (access->dropped)
		pp_reclaim_repay(access->region, access->dropped);
}

int pp_access_notify(struct pp_access *access, struct page *page)
{
	struct pp_region *region = access->region;
	struct pp_block *block = pp_block_get(region, access->index, false);
	unsigned int i = access->index & (PP_BLOCK_PAGES - 1);
	struct folio *folio = page_folio(page), *fresh = NULL;
	pp_home_t home;
	int err;

	if (!block)
		return -EAGAIN;
	if (folio == READ_ONCE(region->zero)) {
		do
			err = pp_frame_get(access, false, &fresh);
		while (err == -ESTALE && pp_access_is_hole(region, access->index) &&
		       !beyond_end(region, access->index));
		if (err && err != -ESTALE)
			return err;
	}
	err = mutex_lock_killable(&block->lock);
	if (err)
		goto out;
	home = block->home[i];
	err = -EAGAIN;
	if (beyond_end(region, access->index)) {
		err = -EFAULT;
	} else if (PageHWPoison(page)) {
		err = -EHWPOISON;
	} else if (pp_home_state(home) == PP_FRAME && pp_home_page(home) == page) {
		forget_content(block, i);
		folio_lock(folio);
		pp_stat_inc(region, notifies);
		err = 0;
	} else if (pp_home_state(home) == PP_HOLE && fresh) {
		fill_hole(block, i, fresh);
		fresh = NULL;
	}
	mutex_unlock(&block->lock);
out:
	if (fresh)
		pp_frame_put(region, fresh, true);
	return err;
}

int pp_access_peek(struct pp_region *region, pgoff_t index, struct page *bounce,
		   struct page **out)
{
	struct pp_block *block = pp_block_get(region, index, false);
	struct pp_slots *slots = region->domain->slots;
	bool held = false;
	pp_home_t home;
	int err = 0;

	*out = NULL;
	if (!block)
		return 0;
	if (mutex_lock_killable(&block->lock))
		return -EINTR;
	home = block->home[index & (PP_BLOCK_PAGES - 1)];
	if (pp_home_has_frame(home) && PageHWPoison(pp_home_page(home))) {
		err = -EIO;
	} else if (pp_home_has_frame(home)) {
		*out = pp_home_page(home);
		get_page(*out);
	} else if (pp_home_state(home) == PP_STORED) {
		err = pp_store_fetch(slots, pp_home_slot(home), bounce);
		if (err == -EINPROGRESS) {
			held = pp_store_hold(slots, pp_home_slot(home));
			err = held ? 0 : -ENOMEM;
		}
		if (!err)
			*out = bounce;
	}
	mutex_unlock(&block->lock);
	if (held) {
		err = pp_store_read(slots, pp_home_slot(home), bounce, MAX_SCHEDULE_TIMEOUT);
		pp_store_drop(slots, pp_home_slot(home));
	}
	if (!err && *out == bounce)
		get_page(bounce);
	return err;
}

bool pp_access_is_hole(struct pp_region *region, pgoff_t index)
{
	struct pp_block *block = pp_block_get(region, index, false);

	return !block ||
	       pp_home_state(READ_ONCE(block->home[index & (PP_BLOCK_PAGES - 1)])) == PP_HOLE;
}
