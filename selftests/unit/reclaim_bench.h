/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pool, for tests of who gives how much when somebody wants pages. Regions are numbers here: a
 * policy takes from them what it is asked for.
 */
#ifndef UNIT_RECLAIM_BENCH_H
#define UNIT_RECLAIM_BENCH_H

#include "shim.h"

#define XA_MARK_0		0
#define xa_marked(xa, mark)	((void)(mark), is_held_up(xa))

static bool is_held_up(struct xarray *xa);

#include "policy/reclaim.c"
#include "unit.h"

#define NR	4

static struct pp_pool pool;
static struct pp_region regions[NR];
/* Of each region: pages had easily and with effort, spare frames; what it was asked first. */
static unsigned long easy[NR], hard[NR], asked[NR], spare[NR], copies[NR];
static unsigned int visits[NR];
/* Zeros in its huge frames. */
static unsigned long sparse[NR];
static bool store_full, tight;
/* Copies that must go before the store has room. */
static unsigned long copies_until_room;
static struct pp_block blocks[NR];
static struct folio frame;
/* Pages of the store, and whether they grow by one for each page evicted. */
static u64 store_pages;
static bool store_grows;
/* Pages that change places and are taken by the store, each with so many bytes. */
static unsigned long fits, large;
static u64 kept;
static bool roomy;
/* Waits for devices, and so many of them make room. */
static unsigned int waited, waits_that_help;
/* Pages that compacting the store wins. */
static unsigned long gaps;

u64 pp_store_bytes(struct pp_store *store)
{
	return store_pages << PAGE_SHIFT;
}

bool pp_store_full(struct pp_store *store)
{
	return store_full;
}

bool pp_store_wait(struct pp_store *store)
{
	waited++;
	return waited <= waits_that_help;
}

bool pp_store_roomy(struct pp_store *store)
{
	return roomy;
}

static bool covers;
static unsigned int watches;

bool pp_ledger_covers(struct pp_pool *pool, struct pp_region *only)
{
	return covers;
}

void pp_ledger_watch(struct pp_pool *pool)
{
	watches++;
}

u64 pp_store_kept(struct pp_store *store)
{
	return kept;
}

unsigned long pp_store_compact(struct pp_store *store)
{
	unsigned long n = gaps;

	gaps = 0;
	if (n)
		store_full = false;
	return n;
}

/* Pages that its huge frame is broken up into. */
static unsigned long huge[NR];
/* Pages of it that are zeros; and whether it is the store that has no room for it. */
static unsigned int holes;
static bool huge_refused = true, broken_in_vain;

static bool seen_covered, breaks;
static unsigned int breaks_seen;

static void take(struct pp_region *region, struct pp_reclaim *rc)
{
	unsigned int i = region - regions;
	unsigned long n;

	seen_covered = rc->covered;
	if (breaks && rc->breaks) {
		rc->breaks--;
		breaks_seen++;
	}
	if (!visits[i]++)
		asked[i] = rc->want - rc->done;
	if (store_full && !(rc->exchange && fits && large <= rc->bytes)) {
		rc->no_room = true;
		return;
	}
	if (rc->exchange && easy[i]) {
		fits--;
		rc->bytes = large;
		rc->won = rc->keep == region ? &frame : NULL;
	}
	rc->whole |= huge[i] > 0 && huge_refused;
	n = min(easy[i], rc->want - rc->done);
	easy[i] -= n;
	if (rc->hard && !n) {
		n = min(hard[i], rc->want - rc->done);
		hard[i] -= n;
	}
	rc->done += n;
	store_pages += store_grows ? n : 0;
	atomic_long_add(-(long)n, &region->frames);
	atomic_long_add(-(long)n, &pool.frames);
}

const struct pp_policy_ops pp_policy_clock = { .name = "clock", .reclaim = take };
const struct pp_policy_ops pp_policy_random = { .name = "random", .reclaim = take };

/* Regions in which a punched huge frame is held. */
static bool held_up[NR];

static bool is_held_up(struct xarray *xa)
{
	return held_up[container_of(xa, struct pp_region, blocks) - regions];
}

static unsigned int shatter_visits;

void pp_huge_shatter_marked(struct pp_region *region)
{
	shatter_visits++;
}

int pp_huge_shatter_one(struct pp_region *region)
{
	unsigned int i = region - regions;
	unsigned long n = huge[i];

	easy[i] += broken_in_vain ? 0 : n;
	huge[i] = 0;
	return n ? holes : -EBUSY;
}

static unsigned int huge_expected;

void pp_store_expect_huge(struct pp_store *store)
{
	huge_expected++;
}

void pp_sparse_reclaim(struct pp_region *region, struct pp_reclaim *rc)
{
	expect(rc->done < rc->want && !rc->try_only && !rc->host && !rc->starved);
	rc->done += sparse[region - regions];
	sparse[region - regions] = 0;
}

unsigned long pp_frame_drain(struct pp_region *region, unsigned long max)
{
	unsigned int i = region - regions;
	unsigned long n = min(spare[i], max);

	spare[i] -= n;
	region->nr_spare = spare[i];
	atomic_long_add(-(long)n, &pool.spares);
	atomic_long_add(-(long)n, &region->frames);
	atomic_long_add(-(long)n, &pool.frames);
	return n;
}

unsigned int pp_block_drop_copies(struct pp_block *block, bool try_only)
{
	unsigned int i = block - blocks, n = copies[i];

	/* In real life a block has 512 of them at most. */
	n = min(n, 512u);
	copies[i] -= n;
	copies_until_room -= n < copies_until_room ? n : copies_until_room;
	if (n && !copies_until_room)
		store_full = false;
	return n;
}

bool pp_region_tryget(struct pp_region *region)
{
	return region->users.v && ++region->users.v;
}

void pp_region_put(struct pp_region *region)
{
	region->users.v--;
}

bool pp_store_tight(struct pp_store *store)
{
	return tight;
}

void pp_store_refill(struct pp_store *store)
{
	tight = false;
}

static unsigned int hurries;

void pp_place_hurry(struct pp_pool *p)
{
	hurries++;
}

void pp_clock_age(struct pp_region *region)
{
	visits[region - regions]++;
}

static void begin(const unsigned long *frames)
{
	unsigned int i;

	pool = (struct pp_pool){
		.policy = &pp_policy_clock, .knobs.evict = true, .knobs.raw_early = true,
	};
	INIT_LIST_HEAD(&pool.regions);
	pool.stats = alloc_percpu(struct pp_stats);
	pool.nr_regions = NR;
	pp_reclaim_init_pool(&pool);
	store_full = false;
	fits = gaps = large = kept = watches = 0;
	waited = waits_that_help = 0;
	covers = true;
	roomy = false;
	tight = false;
	for (i = 0; i < NR; i++) {
		regions[i] = (struct pp_region){
			.pool = &pool, .users.v = 1, .whole_until = jiffies,
		};
		regions[i].stats = alloc_percpu(struct pp_stats);
		list_add_tail(&regions[i].all, &pool.regions);
		atomic_long_set(&regions[i].frames, frames[i]);
		atomic_long_add(frames[i], &pool.frames);
		easy[i] = frames[i];
		hard[i] = asked[i] = spare[i] = copies[i] = visits[i] = sparse[i] = huge[i] = 0;
		expect_eq(xa_insert(&regions[i].blocks, 0, &blocks[i], 0), 0);
	}
}

static void end(void)
{
	unsigned int i;

	expect(!pool.lock.held);
	pp_reclaim_exit_pool(&pool);
	for (i = 0; i < NR; i++) {
		expect_eq(regions[i].users.v, 1);
		free_percpu(regions[i].stats);
		xa_destroy(&regions[i].blocks);
	}
	free_percpu(pool.stats);
}

static unsigned long run(unsigned long want, struct pp_region *only)
{
	struct pp_reclaim rc = { .pool = &pool, .only = only, .want = want };

	pp_reclaim_run(&rc, "test");
	return rc.done;
}

#endif /* UNIT_RECLAIM_BENCH_H */
