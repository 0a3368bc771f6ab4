// SPDX-License-Identifier: GPL-2.0-only
/* Locks: core/region.h; the protocol: core/evict.h. */
#include <linux/bitmap.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include "core/age.h"
#include "core/evict.h"
#include "core/frame.h"
#include "core/huge.h"
#include "policy/reclaim.h"
#include "store/share.h"
#include "store/store.h"

/* Pages handled before the block's lock is let go for whoever faults in it. */
#define LOCK_BATCH	8
#define MAX_HEAT		3
/* Of so many pages of a block one is looked up in the store, when that is full. */
#define SHARE_SAMPLE		32

bool pp_block_lock(struct pp_block *block, bool try_only)
{
	if (try_only)
		return mutex_trylock(&block->lock);
	mutex_lock(&block->lock);
	return true;
}

bool pp_block_find_mlocked(struct pp_block *block, unsigned long *mlocked)
{
	unsigned int i;

	bitmap_zero(mlocked, PP_BLOCK_PAGES);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (pp_home_state(block->home[i]) == PP_FRAME &&
		    folio_test_mlocked(pp_home_folio(block->home[i])))
			__set_bit(i, mlocked);
	return !bitmap_empty(mlocked, PP_BLOCK_PAGES);
}

/* Page tables have no page of the block any more, but for those that are @mlocked. */
static void unmap_but(struct pp_block *block, const unsigned long *mlocked)
{
	unsigned int first, end;

	for_each_clear_bitrange(first, end, mlocked, PP_BLOCK_PAGES)
		unmap_mapping_pages(block->region->inode->i_mapping, block->base + first,
				    end - first, false);
}

/*
 * A block with mlocked pages is passed over as long as others may have enough: what is unmapped
 * must go around these pages, and marks may be left of what is locked no more, until the kernel
 * clears them (on the CPU that has them in a batch).
 */
static bool skip_mlocked(struct pp_block *block, struct pp_reclaim *rc, unsigned long *mlocked)
{
	if (!pp_block_find_mlocked(block, mlocked))
		return false;
	return !(rc && rc->hard) ||
	       bitmap_weight(mlocked, PP_BLOCK_PAGES) == block->nr[PP_FRAME];
}

/*
 * Hot blocks are looked at less often: each time that they prove hot doubles the distance, up to
 * 7 rounds passed over for one of ageing.
 */
static bool skip_hot(struct pp_block *block)
{
	if (block->skip) {
		block->skip--;
		return true;
	}
	/* Judged already, and the rounds to pass over are over. */
	if (!block->aged)
		return false;
	block->heat = pp_block_is_hot(block) ? min(block->heat + 1, MAX_HEAT) : 0;
	block->skip = block->heat ? (1 << block->heat) - 2 : 0;
	block->aged = 0;
	block->rescued = 0;
	return block->heat;
}

/* Pages as large in the store as in a frame: a limit is helped, the host is not. */
static bool takes_raw(struct pp_reclaim *rc)
{
	return rc->hard && !rc->host;
}

/*
 * Pages known not to compress go when nothing else was found. Where the store has room for all in
 * any case, they go like others: warm ones shall not leave for their sake.
 */
static bool takes_tough(struct pp_reclaim *rc, enum pp_state state)
{
	if (rc->exchange && rc->bytes < PAGE_SIZE)
		return false;
	return takes_raw(rc) || (rc->covered && state == PP_STANDBY);
}

/* How many of the pages behind page @i go like it, as far as is known; 0: it does not. */
static unsigned int go_without_room(struct pp_block *block, unsigned int i, struct pp_reclaim *rc)
{
	struct pp_region *region = block->region;
	pp_home_t home = block->home[i];
	struct page *page;

	if (pp_home_state(home) != PP_FRAME || PageHWPoison(pp_home_page(home)))
		return 0;
	/* Its bytes are only looked at, and may change. */
	page = pp_home_page(home);
	if ((home & PP_HOME_COPY) ||
	    (READ_ONCE(region->pool->knobs.detect_same) && pp_store_is_same(page)))
		return 1;
	/* To know that of all pages would take too long. */
	if (i % SHARE_SAMPLE || !READ_ONCE(region->pool->knobs.share_slots) ||
	    ((home & PP_HOME_TOUGH) && !takes_tough(rc, PP_STANDBY)))
		return 0;
	return pp_share_known(region->domain->slots, page) ? SHARE_SAMPLE : 0;
}

/*
 * Pages in use that a full store takes as well: all others are spared being unmapped for nothing,
 * again and again while somebody waits for memory.
 */
static bool gives_without_room(struct pp_block *block, struct pp_reclaim *rc)
{
	/* What a huge frame wins is decided for all of it. */
	unsigned int i, n = 0, enough = block->huge ? PP_BLOCK_PAGES - PP_MAX_KEPT : 1;

	for (i = 0; i < PP_BLOCK_PAGES && n < enough; i++)
		n += go_without_room(block, i, rc);
	return n >= enough;
}

/* Would ageing the block help the request? */
static bool worth_ageing(struct pp_block *block, struct pp_reclaim *rc)
{
	/* Huge frames change places with nothing. */
	if (rc->exchange)
		return !block->huge;
	if (!pp_store_full(rc->pool->store) || gives_without_room(block, rc))
		return true;
	rc->no_room = true;
	return false;
}

unsigned int pp_block_age(struct pp_block *block, struct pp_reclaim *rc)
{
	struct pp_region *region = block->region;
	DECLARE_BITMAP(mlocked, PP_BLOCK_PAGES);
	bool try_only = rc && rc->try_only;
	unsigned int i, aged = 0;

	if (!READ_ONCE(block->nr[PP_FRAME]) || !pp_block_lock(block, try_only))
		return 0;
	if ((skip_hot(block) && rc && !rc->hard) || skip_mlocked(block, rc, mlocked) ||
	    (rc && !worth_ageing(block, rc))) {
		mutex_unlock(&block->lock);
		return 0;
	}
	mutex_unlock(&block->lock);
	unmap_but(block, mlocked);
	if (!pp_block_lock(block, try_only))
		return 0;
	for (i = block->huge ? PP_BLOCK_PAGES : 0; i < PP_BLOCK_PAGES; i++) {
		pp_home_t home = block->home[i];

		if (pp_home_state(home) != PP_FRAME || test_bit(i, mlocked) ||
		    folio_ref_count(pp_home_folio(home)) != 1)
			continue;
		home = pp_home_in_frame(PP_STANDBY, pp_home_folio(home),
					home & (PP_HOME_COPY | PP_HOME_TOUGH));
		pp_home_move(block, i, home, PP_WHY_AGE);
		aged++;
	}
	if (block->huge && folio_ref_count(block->huge) == 1 && block->nr[PP_FRAME]) {
		pp_home_move_all(block, PP_STANDBY, PP_WHY_AGE);
		WRITE_ONCE(block->tough, 0);
		aged = PP_BLOCK_PAGES;
	}
	/* Somebody else may have made them standby just now. */
	if (aged) {
		block->aged = aged;
		block->rescued = 0;
	}
	mutex_unlock(&block->lock);
	pp_stat_add(region, aged, aged);
	return aged;
}

int pp_evict_store(struct pp_region *region, struct page *page, unsigned int flags,
		   struct pp_reclaim *rc, u64 *slot)
{
	if (takes_raw(rc))
		flags |= PP_PUT_ALLOW_RAW;
	if (!(flags & PP_PUT_KNOWN_RAW) && READ_ONCE(region->pool->knobs.detect_same))
		flags |= PP_PUT_DETECT_SAME;
	if (pp_store_is_full(rc))
		flags |= PP_PUT_NO_ROOM;
	if (READ_ONCE(region->pool->knobs.share_slots))
		flags |= PP_PUT_SHARE;
	return pp_store_put(region->domain->slots, page, flags, slot);
}

/* The history that a page takes to the store. */
static pp_home_t history_of(struct pp_region *region, pp_home_t home, u64 slot)
{
	return pp_age_next(home, pp_home_in_slot(slot), PP_WHY_EVICT,
			   READ_ONCE(region->pool->epoch));
}

pp_home_t pp_evict_place(struct pp_region *region, pp_home_t home, u64 slot, bool old)
{
	struct pp_pool *pool = region->pool;
	pp_home_t to = history_of(region, home, slot);
	bool deep = pp_age_is_deep(pool, to, pp_store_wants_ripe(pool->store)) &&
		    pp_store_takes_deep(pool->store);

	/* Whoever shares it, and expects it sooner, keeps it in memory. */
	if ((deep || old) && pp_store_place(region->domain->slots, slot, deep) && deep)
		to |= PP_HOME_DEEP;
	return to;
}

/*
 * A page's copy is on a device, but it is expected to be needed soon, and there is room for it, and
 * nobody who waits for memory: that copy costs none.
 */
static bool is_misplaced(struct pp_region *region, struct folio *folio, pp_home_t home,
			 struct pp_reclaim *rc)
{
	struct pp_slots *slots = region->domain->slots;
	unsigned long slot = (unsigned long)folio->private;
	struct pp_pool *pool = region->pool;

	return READ_ONCE(pool->threshold) && !rc->exchange && !rc->try_only && !rc->host &&
	       !rc->hard && !rc->starved && !pp_store_tight(pool->store) &&
	       !pp_store_is_short(pool->store) && pp_store_is_far(slots, slot) &&
	       pp_store_len(slots, slot) < PAGE_SIZE &&
	       !pp_age_is_deep(pool, history_of(region, home, slot), true);
}

static void count_put(struct pp_region *region, enum pp_put how)
{
	if (how == PP_PUT_ZERO)
		pp_stat_inc(region, evict_zero);
	else if (how == PP_PUT_SAME)
		pp_stat_inc(region, evict_same);
	else if (how == PP_PUT_RAW)
		pp_stat_inc(region, evict_raw);
	else if (how == PP_PUT_SHARED)
		pp_stat_inc(region, evict_shared);
}

/* The store has the page's bytes already. */
static pp_home_t go_to_copy(struct pp_region *region, struct folio *folio, pp_home_t home,
			    struct pp_reclaim *rc)
{
	rc->bytes = 0;
	pp_stat_inc(region, evict_clean);
	return pp_evict_place(region, home, (unsigned long)folio->private, true);
}

/*
 * The new home of an isolated frame's bytes. Return: 0 with the home word in @to, or the error of
 * pp_store_put().
 */
static int find_home(struct pp_region *region, struct folio *folio, pp_home_t home,
		     struct pp_reclaim *rc, pp_home_t *to)
{
	bool copy = home & PP_HOME_COPY;
	u64 slot;
	int ret = -EEXIST;

	if (!copy || is_misplaced(region, folio, home, rc))
		ret = pp_evict_store(region, folio_page(folio, 0),
				     (home & PP_HOME_TOUGH ? PP_PUT_KNOWN_RAW | PP_PUT_ALLOW_RAW :
				      0) |
				     (rc->exchange ? PP_PUT_EXCHANGE(rc->bytes, rc->out) : 0),
				     rc, &slot);
	if (ret < 0 && copy) {
		*to = go_to_copy(region, folio, home, rc);
		return 0;
	}
	if (ret < 0)
		return ret;
	if (copy) {
		pp_evict_drop_copy(region, folio);
		pp_stat_inc(region, promoted);
	}
	*to = ret == PP_PUT_ZERO ? PP_HOLE :
	      pp_evict_place(region, home, slot, ret == PP_PUT_SHARED);
	count_put(region, ret);
	if (rc->exchange)
		rc->bytes = ret == PP_PUT_STORED || ret == PP_PUT_RAW ?
			    pp_store_len(region->domain->slots, slot) : 0;
	return 0;
}

void pp_evict_drop_copy(struct pp_region *region, struct folio *folio)
{
	pp_reclaim_repay(region, pp_store_drop(region->domain->slots,
					       (unsigned long)folio->private));
	folio->private = NULL;
}

unsigned int pp_block_drop_copies(struct pp_block *block, bool try_only)
{
	struct pp_region *region = block->region;
	bool full = pp_store_full(region->pool->store);
	unsigned int i, dropped = 0;

	if (!READ_ONCE(block->copies) || !pp_block_lock(block, try_only))
		return 0;
	for (i = 0; i < PP_BLOCK_PAGES; i++) {
		pp_home_t home = block->home[i];
		struct folio *folio;

		if (pp_home_state(home) != PP_FRAME || !(home & PP_HOME_COPY))
			continue;
		folio = pp_home_folio(home);
		/* On a device it takes no memory, and there is room for it. */
		if (!full && pp_store_is_far(region->domain->slots, (unsigned long)folio->private))
			continue;
		pp_home_move(block, i, home & ~PP_HOME_COPY, PP_WHY_EVICT);
		pp_evict_drop_copy(region, folio);
		pp_stat_inc(region, copies_dropped);
		dropped++;
	}
	mutex_unlock(&block->lock);
	return dropped;
}

/* A page of @region is in the store now. */
static void exchanged(struct pp_reclaim *rc, struct pp_region *region, struct folio *folio)
{
	/* What the store borrowed for this page goes back to where it came from. */
	if (rc->keep == region && !pp_store_tight(region->pool->store))
		rc->won = folio;
	else
		pp_frame_trade(region, rc->keep, folio);
}

/* Return: 0 when page @i was evicted, or why it was not. */
static int evict_page(struct pp_block *block, unsigned int i, struct pp_reclaim *rc)
{
	struct pp_region *region = block->region;
	pp_home_t home = block->home[i], to;
	struct folio *folio = pp_home_folio(home);
	int err;

	if (folio_test_hwpoison(folio) || !pp_frame_isolate(folio)) {
		pp_stat_inc(region, busy);
		return -EBUSY;
	}
	err = find_home(region, folio, home, rc, &to);
	if (err) {
		pp_frame_unisolate(folio);
		if (rc->exchange && (err == -E2BIG || err == -EFBIG))
			rc->misfits++;
		if (err == -E2BIG) {
			pp_home_move(block, i, home | PP_HOME_TOUGH, PP_WHY_EVICT);
			pp_stat_inc(region, incompressible);
		} else if (err != -EFBIG && !pp_store_is_full(rc)) {
			pp_stat_inc(region, store_full);
			rc->refused++;
			rc->no_room = true;
		}
		return err;
	}
	if (!pp_store_is_full(rc))
		rc->refused = 0;
	pp_home_move(block, i, to, PP_WHY_EVICT);
	pp_frame_abandon(folio);
	pp_frame_unisolate(folio);
	if (rc->exchange)
		exchanged(rc, region, folio);
	else
		pp_frame_put(region, folio,
			     rc->keep == region && !pp_store_tight(region->pool->store));
	pp_stat_inc(region, evictions);
	if (to & PP_HOME_DEEP)
		pp_stat_inc(region, demoted);
	if (rc->oom)
		pp_stat_inc(region, evict_oom);
	rc->done++;
	return 0;
}

/* Can it be that the page needs no room in the store? */
static bool may_need_no_room(struct pp_knobs *knobs, pp_home_t home)
{
	return (home & PP_HOME_COPY) || READ_ONCE(knobs->share_slots) ||
	       (!(home & PP_HOME_TOUGH) && READ_ONCE(knobs->detect_same));
}

static bool evictable(pp_home_t home, struct pp_reclaim *rc, bool any)
{
	if (pp_store_is_full(rc) && !may_need_no_room(&rc->pool->knobs, home))
		return false;
	if ((home & PP_HOME_TOUGH) && !(home & PP_HOME_COPY) && pp_home_has_frame(home) &&
	    !takes_tough(rc, pp_home_state(home)))
		return false;
	return pp_home_state(home) == PP_STANDBY || (any && pp_home_state(home) == PP_FRAME);
}

bool pp_block_evict(struct pp_block *block, struct pp_reclaim *rc, unsigned int first,
		    unsigned int nr, bool any)
{
	unsigned int i, held = 0, misfits = rc->misfits;
	bool all = true;

	if (READ_ONCE(block->huge) && (rc->exchange || pp_huge_evict(block, rc, any)))
		return true;
	for (i = first; i < first + nr; i++) {
		if (!evictable(READ_ONCE(block->home[i]), rc, any))
			continue;
		if (rc->done >= rc->want || pp_region_ending(block->region) ||
		    fatal_signal_pending(current)) {
			all = false;
			break;
		}
		if (rc->exchange && rc->misfits - misfits >= PP_MAX_MISFITS_BLOCK)
			break;
		if (!held && !pp_block_lock(block, rc->try_only))
			break;
		if (!block->huge && evictable(block->home[i], rc, any))
			evict_page(block, i, rc);
		if (++held == LOCK_BATCH) {
			mutex_unlock(&block->lock);
			held = 0;
			cond_resched();
		}
	}
	if (held)
		mutex_unlock(&block->lock);
	return all;
}
