// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include "control/trace.h"
#include "core/frame.h"
#include "core/huge.h"
#include "policy/ledger.h"
#include "policy/place.h"
#include "policy/reclaim.h"
#include "store/store.h"

/* Room kept free under a limit: a 64th of it, within these bounds, in pages. */
#define HEADROOM_MIN	64UL
#define HEADROOM_MAX	4096UL
#define WORKER_BATCH	256UL
/* How long the worker rests when it won nothing: each try unmaps guests' memory. */
#define QUIET		(HZ / 2)
/* Least share of a request that a region is asked for. */
#define SHARE_MIN	16UL
/* Regions visited in one run for zeros in their huge frames; others have their turn next time. */
#define SPARSE_VISITS	16UL
/* Huge frames looked at in one run: a fault may be waiting. */
#define SPARSE_LOOKS	64U
/* Huge frames broken up for cold or compressible pages in one run: the same. */
#define MAX_BREAKS	4U
/* Copies dropped first when the store has no room, and how often more are before it gives up. */
#define COPY_STEP	64UL
#define COPY_ROUNDS	4
/* Times that one request waits for devices, a tenth of a second at most each. */
#define MAX_WAITS	16

static struct workqueue_struct *reclaim_wq;

static const struct pp_policy_ops *const policies[] = {
	&pp_policy_clock,
	&pp_policy_random,
};

const struct pp_policy_ops *pp_policy_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		if (!strcmp(policies[i]->name, name))
			return policies[i];
	return NULL;
}

/* The region whose turn it is, with a use count, or NULL. Its next turn comes last. */
static struct pp_region *next_region(struct pp_pool *pool)
{
	struct pp_region *region, *found = NULL;

	spin_lock(&pool->lock);
	list_for_each_entry(region, &pool->regions, all) {
		if (pp_region_tryget(region)) {
			list_move_tail(&region->all, &pool->regions);
			found = region;
			break;
		}
	}
	spin_unlock(&pool->lock);
	return found;
}

static unsigned long nr_regions(struct pp_pool *pool)
{
	return READ_ONCE(pool->nr_regions);
}

static void reclaim_region(struct pp_region *region, struct pp_reclaim *rc, unsigned long want)
{
	u64 start = ktime_get_ns();
	struct pp_reclaim part = *rc;

	part.refused = 0;
	part.misfits = 0;
	part.whole = false;
	part.outrun = false;
	part.want = min(rc->want, rc->done + want);
	READ_ONCE(rc->pool->policy)->reclaim(region, &part);
	rc->done = part.done;
	rc->no_room = part.no_room;
	rc->whole |= part.whole;
	rc->breaks = part.breaks;
	rc->won = part.won;
	rc->bytes = part.bytes;
	pp_stat_add(region, reclaim_ns, ktime_get_ns() - start);
}

static unsigned long share_of(struct pp_region *region, struct pp_reclaim *rc)
{
	unsigned long left = rc->want - rc->done;
	u64 all = atomic_long_read(&rc->pool->frames);
	u64 own = atomic_long_read(&region->frames);

	if (!all)
		return left;
	/* More than there is may be asked for; its product would not fit. */
	return min(left, max(SHARE_MIN, (unsigned long)div64_u64(min(left, all) * own, all) + 1));
}

/* One visit to every region, or to the only one. Return: true when it evicted anything. */
static bool reclaim_round(struct pp_reclaim *rc)
{
	unsigned long before = rc->done, n;

	if (rc->only) {
		reclaim_region(rc->only, rc, rc->want);
		return rc->done > before;
	}
	for (n = nr_regions(rc->pool); n && rc->done < rc->want; n--) {
		struct pp_region *region = next_region(rc->pool);

		if (!region)
			break;
		/* Pages are taken from others only where there are more. */
		if (!rc->exchange || !pp_region_is_poor(region))
			reclaim_region(region, rc, share_of(region, rc));
		pp_region_put(region);
	}
	return rc->done > before;
}

/*
 * Kept copies are the only thing in a store that nobody needs. Those of all regions count, because
 * the room is the pool's. Return: number of copies dropped, about @want if there are as many.
 */
static unsigned long drop_copies(struct pp_reclaim *rc, unsigned long want)
{
	unsigned long n, i, dropped = 0;
	struct pp_block *block;

	for (n = nr_regions(rc->pool); n && dropped < want; n--) {
		struct pp_region *region = next_region(rc->pool);

		if (!region)
			break;
		xa_for_each(&region->blocks, i, block) {
			dropped += pp_block_drop_copies(block, rc->try_only);
			if (dropped >= want || pp_region_ending(region) ||
			    fatal_signal_pending(current))
				break;
			cond_resched();
		}
		pp_region_put(region);
	}
	return dropped;
}

static void sparse_region(struct pp_region *region, struct pp_reclaim *rc)
{
	u64 start = ktime_get_ns();

	pp_sparse_reclaim(region, rc);
	pp_stat_add(region, reclaim_ns, ktime_get_ns() - start);
}

/* Zeros in huge frames, which cost nobody a page. */
static void reclaim_sparse(struct pp_reclaim *rc)
{
	unsigned long n;

	if (rc->try_only || rc->host || rc->starved || !atomic_long_read(&rc->pool->huge))
		return;
	rc->looks = SPARSE_LOOKS;
	if (rc->only) {
		sparse_region(rc->only, rc);
		return;
	}
	for (n = min(nr_regions(rc->pool), SPARSE_VISITS);
	     n && rc->looks && rc->done < rc->want; n--) {
		struct pp_region *region = next_region(rc->pool);

		if (!region)
			break;
		sparse_region(region, rc);
		pp_region_put(region);
	}
}

static void reclaim_efforts(struct pp_reclaim *rc)
{
	int effort;

	for (effort = 0; effort < 2; effort++) {
		rc->hard = effort;
		while (rc->done < rc->want && !fatal_signal_pending(current) && reclaim_round(rc))
			;
	}
}

/* Return: pages that became holes; -EBUSY: no huge frame of the region was broken up. */
static int break_up(struct pp_region *region)
{
	int zeros;

	if (time_before(jiffies, READ_ONCE(region->whole_until)))
		return -EBUSY;
	zeros = pp_huge_shatter_one(region);
	if (zeros < 0)
		WRITE_ONCE(region->whole_until, jiffies + QUIET);
	return zeros;
}

/* One of the region for which memory is wanted, or else of the first that has one. */
static int break_up_for(struct pp_reclaim *rc)
{
	struct pp_region *own = rc->only ? rc->only : rc->keep;
	int zeros = own ? break_up(own) : -EBUSY;
	unsigned long n;

	if (rc->only)
		return zeros;
	for (n = nr_regions(rc->pool); n && zeros < 0; n--) {
		struct pp_region *region = next_region(rc->pool);

		if (!region)
			break;
		zeros = break_up(region);
		pp_region_put(region);
	}
	return zeros;
}

/* Where a huge frame cannot go, because there is no room for all of it, some of its pages can. */
static void reclaim_parts(struct pp_reclaim *rc)
{
	struct pp_pool *pool = rc->pool;
	int zeros;

	if (rc->done || !rc->whole || rc->try_only || rc->host || rc->starved ||
	    pp_store_full(pool->store) || fatal_signal_pending(current) ||
	    time_before(jiffies, READ_ONCE(pool->parts_until)))
		return;
	zeros = break_up_for(rc);
	rc->done = max(zeros, 0);
	if (zeros >= 0)
		reclaim_efforts(rc);
	if (!rc->done)
		WRITE_ONCE(pool->parts_until, jiffies + QUIET);
}

void pp_reclaim_forget(struct pp_pool *pool)
{
	WRITE_ONCE(pool->crowds, pool->crowds + 1);
	WRITE_ONCE(pool->crowded, false);
}

/* The store has drawn on its reserve. */
static void check_refill(struct pp_pool *pool)
{
	if (pp_store_tight(pool->store))
		queue_delayed_work(reclaim_wq, &pool->refill_work, HZ / 10);
}

void pp_reclaim_run(struct pp_reclaim *rc, const char *who)
{
	u64 start = ktime_get_ns();
	unsigned long dropped;
	int round, waits = MAX_WAITS;

	pp_ledger_watch(rc->pool);
	if (!READ_ONCE(rc->pool->knobs.evict))
		return;
	if (READ_ONCE(rc->pool->crowded) && pp_store_roomy(rc->pool->store))
		pp_reclaim_forget(rc->pool);
	rc->covered = rc->limited && READ_ONCE(rc->pool->knobs.raw_early) &&
		      pp_ledger_covers(rc->pool, rc->only);
	rc->breaks = MAX_BREAKS;
	reclaim_sparse(rc);
	/*
	 * Copies that lie scattered leave no room until many are gone, and each round looks at
	 * everything: every one drops eight times what the one before did, and the last one all.
	 */
	for (round = 0; round <= COPY_ROUNDS; round++) {
		rc->no_room = false;
		reclaim_efforts(rc);
		if (rc->done >= rc->want || !rc->no_room || fatal_signal_pending(current))
			break;
		if (!rc->try_only && waits && pp_store_wait(rc->pool->store)) {
			waits--;
			round--;
			continue;
		}
		if (round == COPY_ROUNDS)
			break;
		dropped = drop_copies(rc, round + 1 < COPY_ROUNDS ? COPY_STEP << 3 * round :
								    ULONG_MAX);
		if (!pp_store_compact(rc->pool->store) && !dropped)
			break;
	}
	reclaim_parts(rc);
	check_refill(rc->pool);
	pp_place_hurry(rc->pool);
	trace_pagepact_reclaim(who, rc->want, rc->done, ktime_get_ns() - start);
}

/* Spare frames that regions other than @keep, which may be NULL, hold ready. */
static unsigned long drain_others(struct pp_pool *pool, struct pp_region *keep,
				  unsigned long want)
{
	unsigned long n, done = 0;

	if (atomic_long_read(&pool->spares) <= (keep ? READ_ONCE(keep->nr_spare) : 0))
		return 0;
	for (n = nr_regions(pool); n && done < want; n--) {
		struct pp_region *region = next_region(pool);

		if (!region)
			break;
		if (region != keep)
			done += pp_frame_drain(region, want - done);
		pp_region_put(region);
	}
	return done;
}

unsigned long pp_reclaim_direct(struct pp_pool *pool, struct pp_region *only,
				struct pp_region *keep, unsigned long want,
				enum pp_direct why)
{
	struct pp_reclaim rc = {
		.pool = pool, .only = only, .keep = keep, .want = want,
		.starved = why == PP_DIRECT_ALLOC, .limited = why != PP_DIRECT_ALLOC,
	};
	unsigned long drained = only ? 0 : drain_others(pool, keep, want);

	if (drained)
		return drained;
	if (why != PP_DIRECT_LAST && pp_store_full(pool->store))
		rc.only = keep;
	pp_reclaim_run(&rc, "fault");
	return rc.done;
}

/* What the store may grow by while it is full. */
static long room_to_share(struct pp_pool *pool)
{
	return pp_store_kept(pool->store) / 2;
}

/* However many regions there are, a page: the store sees to it that all keep to the half. */
static long share_of_room(struct pp_pool *pool)
{
	return max(room_to_share(pool) / (long)max(nr_regions(pool), 1UL), (long)PAGE_SIZE);
}

/* There was room for all since the region's account was opened: a new one. */
static void settle(struct pp_region *region)
{
	unsigned int crowds = READ_ONCE(region->pool->crowds);
	unsigned int own = READ_ONCE(region->owed_crowd);

	if (own != crowds && cmpxchg(&region->owed_crowd, own, crowds) == own)
		atomic_long_set(&region->owed, 0);
}

void pp_reclaim_owe(struct pp_region *region, long bytes)
{
	long owed = atomic_long_add_return(bytes, &region->owed);
	long share = share_of_room(region->pool);

	/* Nor can a region save up more than a share. */
	if (owed < -share)
		atomic_long_cmpxchg(&region->owed, owed, -share);
}

void pp_reclaim_repay(struct pp_region *region, unsigned int bytes)
{
	long owed = atomic_long_read(&region->owed);

	/* Whoever is faster wins: what is not taken off then is little. */
	if (owed > 0)
		atomic_long_cmpxchg(&region->owed, owed, max(owed - (long)bytes, 0L));
}

/*
 * Takes up to a page of what is left of a region's share, so that others do not count on it too.
 * Return: how much; less than 0 by what it owes beyond all shares, by having pages not leave that
 * were to.
 */
static long take_from_share(struct pp_region *region)
{
	long all = room_to_share(region->pool), share = share_of_room(region->pool), owed, left;

	do {
		owed = atomic_long_read(&region->owed);
		left = clamp(share - owed, 0L, (long)PAGE_SIZE);
	} while (left && atomic_long_cmpxchg(&region->owed, owed, owed + left) != owed);
	return left ? left : min(all - owed, 0L);
}

static void exchange_efforts(struct pp_region *region, struct pp_reclaim *rc, bool others)
{
	reclaim_efforts(rc);
	if (!rc->done && !fatal_signal_pending(current) && break_up(region) >= 0) {
		reclaim_efforts(rc);
		if (!rc->done)
			WRITE_ONCE(region->whole_until, jiffies + QUIET);
	}
	if (!rc->done && others) {
		rc->only = NULL;
		reclaim_efforts(rc);
	}
}

bool pp_reclaim_exchange(struct pp_region *region, int bytes, bool others, struct folio **won)
{
	struct pp_pool *pool = region->pool;
	struct pp_reclaim rc = {
		.pool = pool, .only = region, .keep = region, .want = 1, .exchange = true,
		.out = max(bytes, 0),
	};
	u64 start = ktime_get_ns();
	long left;

	*won = NULL;
	if (!READ_ONCE(pool->knobs.evict))
		return false;
	WRITE_ONCE(pool->crowded, true);
	settle(region);
	left = take_from_share(region);
	rc.bytes = clamp(left + (long)rc.out, 0L, (long)PAGE_SIZE);
	if (bytes >= 0 || rc.bytes == PAGE_SIZE)
		exchange_efforts(region, &rc, others);
	if (rc.done)
		pp_reclaim_owe(region, (long)rc.bytes - (long)rc.out - max(left, 0L));
	else
		pp_reclaim_owe(region, -max(left, 0L));
	*won = rc.won;
	if (rc.done)
		pp_stat_inc(region, exchanges);
	check_refill(pool);
	trace_pagepact_reclaim("exchange", rc.want, rc.done, ktime_get_ns() - start);
	return rc.done;
}

unsigned long pp_reclaim_oom(struct pp_pool *pool, unsigned long want)
{
	struct pp_reclaim rc = {
		.pool = pool, .want = want, .try_only = true, .host = true, .oom = true,
	};
	long before = pp_store_bytes(pool->store) >> PAGE_SHIFT, won;
	unsigned long drained = drain_others(pool, NULL, want);

	rc.want -= drained;
	pp_reclaim_run(&rc, "oom");
	won = drained + rc.done + before - (pp_store_bytes(pool->store) >> PAGE_SHIFT);
	return max(won, 0L);
}

static unsigned long headroom(unsigned long limit)
{
	return clamp(limit / 64, min(HEADROOM_MIN, limit / 4), HEADROOM_MAX);
}

/* Pages that faults can still get before they must evict. */
static bool room_below(struct pp_pool *pool, unsigned long room)
{
	unsigned long limit = READ_ONCE(pool->knobs.limit);
	long used = atomic_long_read(&pool->frames) - atomic_long_read(&pool->spares);

	return limit && used + (long)room > (long)limit;
}

bool pp_reclaim_has_room(struct pp_pool *pool, unsigned long pages)
{
	return !room_below(pool, pages + 2 * headroom(READ_ONCE(pool->knobs.limit)));
}

void pp_reclaim_expect_huge(struct pp_pool *pool)
{
	pp_store_expect_huge(pool->store);
	check_refill(pool);
}

void pp_reclaim_kick(struct pp_pool *pool)
{
	/* It would rest. */
	if (!pp_store_full(pool->store))
		queue_work(reclaim_wq, &pool->work);
}

void pp_reclaim_check(struct pp_pool *pool)
{
	unsigned long limit = READ_ONCE(pool->knobs.limit);

	if (limit && room_below(pool, headroom(limit)) && !work_pending(&pool->work) &&
	    time_after_eq(jiffies, READ_ONCE(pool->quiet_until)))
		pp_reclaim_kick(pool);
}

static void reclaim_worker(struct work_struct *work)
{
	struct pp_pool *pool = container_of(work, struct pp_pool, work);
	unsigned long room = 2 * headroom(READ_ONCE(pool->knobs.limit));

	/* Behind a full store nobody's memory is for others; see pp_reclaim_direct(). */
	while (room_below(pool, room) && !pp_store_full(pool->store)) {
		struct pp_reclaim rc = {
			.pool = pool, .want = min(room, WORKER_BATCH), .limited = true,
		};

		pp_reclaim_run(&rc, "worker");
		if (!rc.done) {
			WRITE_ONCE(pool->quiet_until, jiffies + QUIET);
			break;
		}
		cond_resched();
	}
}

static void refill_worker(struct work_struct *work)
{
	pp_store_refill(container_of(to_delayed_work(work), struct pp_pool, refill_work)->store);
}

/* Guests punch page after page: wait for more. */
void pp_reclaim_shatter_later(struct pp_pool *pool)
{
	queue_delayed_work(reclaim_wq, &pool->shatter_work, HZ / 10);
}

static bool any_marked(struct pp_pool *pool)
{
	struct pp_region *region;
	bool any = false;

	spin_lock(&pool->lock);
	list_for_each_entry(region, &pool->regions, all)
		any |= xa_marked(&region->blocks, PP_BLOCK_SHATTER);
	spin_unlock(&pool->lock);
	return any;
}

static void shatter_worker(struct work_struct *work)
{
	struct pp_pool *pool = container_of(to_delayed_work(work), struct pp_pool, shatter_work);
	unsigned long n;

	for (n = nr_regions(pool); n; n--) {
		struct pp_region *region = next_region(pool);

		if (!region)
			break;
		pp_huge_shatter_marked(region);
		pp_region_put(region);
		cond_resched();
	}
	/* Held, without memory, or missed because others took turns as well. */
	if (any_marked(pool))
		queue_delayed_work(reclaim_wq, &pool->shatter_work, HZ);
}

static unsigned long excess(struct pp_pool *pool, struct pp_region *only)
{
	unsigned long limit = only ? READ_ONCE(only->limit) : READ_ONCE(pool->knobs.limit);
	unsigned long frames = atomic_long_read(only ? &only->frames : &pool->frames);

	return limit && frames > limit ? frames - limit : 0;
}

int pp_reclaim_to_limit(struct pp_pool *pool, struct pp_region *only)
{
	unsigned long over, n;

	while ((over = excess(pool, only))) {
		/* In small steps, because others evict at the same time. */
		struct pp_reclaim rc = {
			.pool = pool, .only = only, .want = min(over, WORKER_BATCH),
			.limited = true,
		};
		unsigned long drained = 0;

		if (fatal_signal_pending(current))
			return -EINTR;
		if (only)
			drained = pp_frame_drain(only, over);
		for (n = only ? 0 : nr_regions(pool); n && drained < over; n--) {
			struct pp_region *region = next_region(pool);

			if (!region)
				break;
			drained += pp_frame_drain(region, over - drained);
			pp_region_put(region);
		}
		if (drained)
			continue;
		pp_reclaim_run(&rc, "limit");
		if (!rc.done)
			return -EBUSY;
		cond_resched();
	}
	return 0;
}

/* A region with more spare frames than it may have, with a use count, or NULL. */
static struct pp_region *find_rich(struct pp_pool *pool)
{
	unsigned long spare = READ_ONCE(pool->knobs.spare);
	struct pp_region *region, *found = NULL;

	spin_lock(&pool->lock);
	list_for_each_entry(region, &pool->regions, all) {
		if (READ_ONCE(region->nr_spare) > spare && pp_region_tryget(region)) {
			found = region;
			break;
		}
	}
	spin_unlock(&pool->lock);
	return found;
}

void pp_reclaim_trim_spares(struct pp_pool *pool)
{
	struct pp_region *region;

	while ((region = find_rich(pool))) {
		unsigned long spare = READ_ONCE(pool->knobs.spare), has;

		while ((has = READ_ONCE(region->nr_spare)) > spare)
			pp_frame_drain(region, has - spare);
		pp_region_put(region);
		cond_resched();
	}
}

static void age_worker(struct work_struct *work)
{
	struct pp_pool *pool = container_of(to_delayed_work(work), struct pp_pool, age_work);
	unsigned long ms = READ_ONCE(pool->knobs.age_interval_ms), n;

	/* It was switched off while a pass was due. */
	if (!ms)
		return;
	for (n = nr_regions(pool); n; n--) {
		struct pp_region *region = next_region(pool);
		u64 start = ktime_get_ns();

		if (!region)
			break;
		pp_clock_age(region);
		pp_stat_add(region, reclaim_ns, ktime_get_ns() - start);
		pp_region_put(region);
		cond_resched();
	}
	queue_delayed_work(reclaim_wq, &pool->age_work, msecs_to_jiffies(ms));
}

void pp_reclaim_set_ageing(struct pp_pool *pool, unsigned long ms)
{
	WRITE_ONCE(pool->knobs.age_interval_ms, ms);
	if (ms)
		mod_delayed_work(reclaim_wq, &pool->age_work, msecs_to_jiffies(ms));
}

void pp_reclaim_init_pool(struct pp_pool *pool)
{
	pool->quiet_until = jiffies;
	pool->parts_until = jiffies;
	INIT_WORK(&pool->work, reclaim_worker);
	INIT_DELAYED_WORK(&pool->age_work, age_worker);
	INIT_DELAYED_WORK(&pool->refill_work, refill_worker);
	INIT_DELAYED_WORK(&pool->shatter_work, shatter_worker);
}

void pp_reclaim_exit_pool(struct pp_pool *pool)
{
	WRITE_ONCE(pool->knobs.age_interval_ms, 0);
	cancel_delayed_work_sync(&pool->age_work);
	cancel_work_sync(&pool->work);
	cancel_delayed_work_sync(&pool->refill_work);
	cancel_delayed_work_sync(&pool->shatter_work);
}

int pp_reclaim_init(void)
{
	reclaim_wq = alloc_workqueue("pagepact", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return reclaim_wq ? 0 : -ENOMEM;
}

void pp_reclaim_exit(void)
{
	destroy_workqueue(reclaim_wq);
}
