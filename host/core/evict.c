// SPDX-License-Identifier: GPL-2.0-only
/* Locks: core/region.h; the protocol: core/evict.h. */
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include "core/evict.h"
#include "core/frame.h"
#include "core/huge.h"
#include "policy/reclaim.h"
#include "store/store.h"

/* Pages handled before the block's lock is let go for whoever faults in it. */
#define LOCK_BATCH	8
#define MAX_HEAT		3

bool pp_block_lock(struct pp_block *block, bool try_only)
{
	if (try_only)
		return mutex_trylock(&block->lock);
	mutex_lock(&block->lock);
	return true;
}

bool pp_block_has_mlocked(struct pp_block *block)
{
	unsigned int i;

	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (pp_home_state(block->home[i]) == PP_FRAME &&
		    folio_test_mlocked(pp_home_folio(block->home[i])))
			return true;
	return false;
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

/*
 * Pages in use that a full store takes as well. Their bytes are only looked at, and may change: all
 * others are spared being unmapped for nothing, again and again while somebody waits for memory.
 */
static bool gives_without_room(struct pp_block *block)
{
	/* What a huge frame wins is decided for all of it. */
	unsigned int i, n = 0, enough = block->huge ? PP_BLOCK_PAGES - PP_MAX_KEPT : 1;
	bool same = READ_ONCE(block->region->pool->knobs.detect_same);

	for (i = 0; i < PP_BLOCK_PAGES && n < enough; i++) {
		pp_home_t home = block->home[i];

		if (pp_home_state(home) == PP_FRAME && !PageHWPoison(pp_home_page(home)) &&
		    ((home & PP_HOME_COPY) || (same && pp_store_is_same(pp_home_page(home)))))
			n++;
	}
	return n == enough;
}

/* Would ageing the block help the request? */
static bool worth_ageing(struct pp_block *block, struct pp_reclaim *rc)
{
	/* Huge frames change places with nothing. */
	if (rc->exchange)
		return !block->huge;
	if (!pp_store_full(rc->pool->store) || gives_without_room(block))
		return true;
	rc->no_room = true;
	return false;
}

unsigned int pp_block_age(struct pp_block *block, struct pp_reclaim *rc)
{
	struct pp_region *region = block->region;
	bool try_only = rc && rc->try_only;
	unsigned int i, aged = 0;

	if (!READ_ONCE(block->nr[PP_FRAME]) || !pp_block_lock(block, try_only))
		return 0;
	if ((skip_hot(block) && rc && !rc->hard) || pp_block_has_mlocked(block) ||
	    (rc && !worth_ageing(block, rc))) {
		mutex_unlock(&block->lock);
		return 0;
	}
	mutex_unlock(&block->lock);
	unmap_mapping_pages(region->inode->i_mapping, block->base, PP_BLOCK_PAGES, false);
	if (!pp_block_lock(block, try_only))
		return 0;
	for (i = block->huge ? PP_BLOCK_PAGES : 0; i < PP_BLOCK_PAGES; i++) {
		pp_home_t home = block->home[i];

		if (pp_home_state(home) != PP_FRAME ||
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

/* Pages as large in the store as in a frame: a limit is helped, the host is not. */
static bool takes_raw(struct pp_reclaim *rc)
{
	return rc->hard && !rc->host;
}

/*
 * Pages known not to compress go when nothing else was found. Where the store has room for all in
 * any case, they go like others: warm ones shall not leave for their sake.
 */
static bool takes_tough(struct pp_reclaim *rc, pp_home_t home)
{
	if (rc->exchange && rc->bytes < PAGE_SIZE)
		return false;
	return takes_raw(rc) || (rc->covered && pp_home_state(home) == PP_STANDBY);
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
	return pp_store_put(region->domain->slots, page, flags, slot);
}

/*
 * The new home of an isolated frame's bytes. Return: 0 with the home word in @to, or the error of
 * pp_store_put().
 */
static int find_home(struct pp_region *region, struct folio *folio, pp_home_t home,
		     struct pp_reclaim *rc, pp_home_t *to)
{
	u64 slot;
	int ret;

	if (home & PP_HOME_COPY) {
		*to = pp_home_in_slot((unsigned long)folio->private);
		pp_stat_inc(region, evict_clean);
		return 0;
	}
	ret = pp_evict_store(region, folio_page(folio, 0),
			     (home & PP_HOME_TOUGH ? PP_PUT_KNOWN_RAW | PP_PUT_ALLOW_RAW : 0) |
			     (rc->exchange ? PP_PUT_EXCHANGE(rc->bytes, rc->out) : 0), rc, &slot);
	if (ret < 0)
		return ret;
	*to = ret == PP_PUT_ZERO ? PP_HOLE : pp_home_in_slot(slot);
	if (ret == PP_PUT_ZERO)
		pp_stat_inc(region, evict_zero);
	else if (ret == PP_PUT_SAME)
		pp_stat_inc(region, evict_same);
	else if (ret == PP_PUT_RAW)
		pp_stat_inc(region, evict_raw);
	return 0;
}

void pp_evict_drop_copy(struct pp_region *region, struct folio *folio)
{
	struct pp_slots *slots = region->domain->slots;
	u64 slot = (unsigned long)folio->private;

	pp_reclaim_repay(region, pp_store_len(slots, slot));
	pp_store_drop(slots, slot);
	folio->private = NULL;
}

unsigned int pp_block_drop_copies(struct pp_block *block, bool try_only)
{
	struct pp_region *region = block->region;
	unsigned int i, dropped = 0;

	if (!READ_ONCE(block->copies) || !pp_block_lock(block, try_only))
		return 0;
	for (i = 0; i < PP_BLOCK_PAGES; i++) {
		pp_home_t home = block->home[i];
		struct folio *folio;

		if (pp_home_state(home) != PP_FRAME || !(home & PP_HOME_COPY))
			continue;
		folio = pp_home_folio(home);
		pp_home_move(block, i, home & ~PP_HOME_COPY, PP_WHY_EVICT);
		pp_evict_drop_copy(region, folio);
		pp_stat_inc(region, copies_dropped);
		dropped++;
	}
	mutex_unlock(&block->lock);
	return dropped;
}

/* A page of @region is in the store now, in @to or, if it was before, nowhere new. */
static void exchanged(struct pp_reclaim *rc, struct pp_region *region, struct folio *folio,
		      pp_home_t to)
{
	rc->bytes = pp_home_state(to) == PP_STORED ?
		    pp_store_len(region->domain->slots, pp_home_slot(to)) : 0;
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
		exchanged(rc, region, folio, home & PP_HOME_COPY ? PP_HOLE : to);
	else
		pp_frame_put(region, folio,
			     rc->keep == region && !pp_store_tight(region->pool->store));
	pp_stat_inc(region, evictions);
	if (rc->oom)
		pp_stat_inc(region, evict_oom);
	rc->done++;
	return 0;
}

static bool evictable(pp_home_t home, struct pp_reclaim *rc, bool any)
{
	/* Only what needs no room there. */
	if (pp_store_is_full(rc) && !(home & PP_HOME_COPY) &&
	    ((home & PP_HOME_TOUGH) || !READ_ONCE(rc->pool->knobs.detect_same)))
		return false;
	if ((home & PP_HOME_TOUGH) && !(home & PP_HOME_COPY) && pp_home_has_frame(home) &&
	    !takes_tough(rc, home))
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
