// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim: who gives how much, when the worker starts and stops, what a limit does. Regions are
 * numbers here: a policy takes from them what it is asked for.
 */
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

bool pp_store_roomy(struct pp_store *store)
{
	return roomy;
}

static u64 store_limit;

u64 pp_store_limit(struct pp_store *store)
{
	return store_limit;
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

void pp_clock_age(struct pp_region *region)
{
	visits[region - regions]++;
}

static void begin(const unsigned long *frames)
{
	unsigned int i;

	pool = (struct pp_pool){ .policy = &pp_policy_clock, .knobs.evict = true };
	INIT_LIST_HEAD(&pool.regions);
	pool.stats = alloc_percpu(struct pp_stats);
	pool.nr_regions = NR;
	pp_reclaim_init_pool(&pool);
	store_full = false;
	fits = gaps = large = kept = store_limit = 0;
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

TEST(policies_by_name)
{
	expect(pp_policy_find("clock") == &pp_policy_clock);
	expect(pp_policy_find("random") == &pp_policy_random);
	expect(!pp_policy_find("") && !pp_policy_find("clocks"));
}

TEST(in_proportion)
{
	begin((unsigned long[]){ 10000, 20000, 70000, 0 });
	expect_eq(run(1000, NULL), 1000);
	expect_eq(asked[0], 101);
	expect(asked[1] >= 180 && asked[1] <= 205);
	expect(asked[2] >= 480);
	end();
}

/* More than there is, as a user may write it: proportions stay, nothing overflows. */
TEST(shares_of_a_huge_request)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 8388607ul << 28 };

	begin((unsigned long[]){ 1 << 20, 3 << 20, 0, 0 });
	expect_eq(share_of(&regions[0], &rc), (1 << 20) + 1);
	expect_eq(share_of(&regions[1], &rc), (3 << 20) + 1);
	expect_eq(share_of(&regions[2], &rc), SHARE_MIN);
	rc.want = 3;
	expect_eq(share_of(&regions[0], &rc), 3);
	atomic_long_set(&pool.frames, 0);
	expect_eq(share_of(&regions[0], &rc), 3);
	end();
}

TEST(all_that_there_is)
{
	begin((unsigned long[]){ 100, 0, 300, 50 });
	hard[1] = 60;
	expect_eq(run(ULONG_MAX, NULL), 510);
	expect_eq(run(1, NULL), 0);
	end();
}

TEST(easy_pages_first)
{
	begin((unsigned long[]){ 100, 100, 0, 0 });
	hard[0] = 100;
	expect_eq(run(200, NULL), 200);
	expect_eq(hard[0], 100);
	expect_eq(run(30, NULL), 30);
	expect_eq(hard[0], 70);
	end();
}

static bool is_covered_for(struct pp_region *only)
{
	return is_covered(&(struct pp_reclaim){ .pool = &pool, .only = only, .limited = true });
}

/*
 * Limit and store together hold all that was promised, but for what the store keeps; for a region's
 * limit the store alone.
 */
TEST(room_for_all)
{
	struct pp_reclaim rc = { .pool = &pool };

	begin((unsigned long[]){ 100, 100, 0, 0 });
	expect(is_covered_for(NULL) && is_covered_for(&regions[0]) && !is_covered(&rc));
	atomic_long_set(&pool.promised, 1000);
	pool.knobs.limit = 300;
	store_limit = 800ul << PAGE_SHIFT;
	kept = 100ul << PAGE_SHIFT;
	expect(is_covered_for(NULL) && !is_covered_for(&regions[0]) && !is_covered(&rc));
	atomic_long_set(&pool.promised, 1001);
	expect(!is_covered_for(NULL));
	atomic_long_set(&pool.promised, 700);
	expect(is_covered_for(&regions[0]));
	atomic_long_set(&pool.promised, 701);
	expect(!is_covered_for(&regions[0]));
	store_limit = kept - 1;
	atomic_long_set(&pool.promised, 301);
	expect(!is_covered_for(NULL));
	end();
}

/* A limit, and nothing else, makes pages leave that would win nothing otherwise. */
TEST(for_whom_there_is_room)
{
	begin((unsigned long[]){ 1000, 100, 0, 0 });
	run(1, NULL);
	expect(!seen_covered);
	pp_reclaim_direct(&pool, NULL, &regions[1], 1, PP_DIRECT_LIMIT);
	expect(seen_covered);
	pp_reclaim_direct(&pool, NULL, &regions[1], 1, PP_DIRECT_ALLOC);
	expect(!seen_covered);
	pp_reclaim_direct(&pool, &regions[1], &regions[1], 1, PP_DIRECT_LAST);
	expect(seen_covered);
	pp_reclaim_oom(&pool, 1);
	expect(!seen_covered);
	pool.knobs.limit = 900;
	expect_eq(pp_reclaim_to_limit(&pool, NULL), 0);
	expect(seen_covered);
	end();
}

/* What may be broken up in one request is not given anew for each region. */
TEST(few_huge_frames_are_broken_up)
{
	begin((unsigned long[]){ 100, 100, 100, 0 });
	breaks = true;
	run(400, NULL);
	breaks = false;
	expect_eq(breaks_seen, MAX_BREAKS);
	end();
}

/* Before any page is evicted, but not by the shrinker, which has no memory for it. */
TEST(zeros_in_huge_frames_before_all)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 10, .host = true };

	begin((unsigned long[]){ 100, 100, 0, 0 });
	atomic_long_set(&pool.huge, 1);
	sparse[1] = 150;
	sparse[2] = 60;
	expect_eq(run(210, NULL), 210);
	expect_eq(easy[0] + easy[1], 200);
	sparse[1] = sparse[2] = 7;
	expect_eq(run(10, &regions[2]), 7);
	expect_eq(sparse[1], 7);
	expect_eq(run(10, NULL), 10);
	expect_eq(easy[0] + easy[1], 197);
	sparse[1] = 7;
	pp_reclaim_run(&rc, "test");
	rc = (struct pp_reclaim){ .pool = &pool, .want = 10, .try_only = true };
	pp_reclaim_run(&rc, "test");
	expect_eq(pp_reclaim_direct(&pool, NULL, &regions[0], 10, PP_DIRECT_ALLOC), 10);
	expect_eq(sparse[1], 7);
	expect_eq(pp_reclaim_direct(&pool, NULL, &regions[0], 10, PP_DIRECT_LIMIT), 10);
	expect_eq(sparse[1], 0);
	pool.knobs.evict = false;
	expect_eq(run(10, NULL), 0);
	end();
}

TEST(turns_are_taken)
{
	unsigned int i;

	begin((unsigned long[]){ 1000, 1000, 1000, 1000 });
	for (i = 0; i < 40; i++)
		expect_eq(run(1, NULL), 1);
	for (i = 0; i < NR; i++)
		expect_eq(visits[i], 10);
	end();
}

TEST(one_region_alone)
{
	begin((unsigned long[]){ 100, 100, 100, 100 });
	expect_eq(run(150, &regions[2]), 100);
	expect(!visits[0] && !visits[1] && !visits[3]);
	end();
}

TEST(regions_that_end_are_passed_over)
{
	begin((unsigned long[]){ 100, 100, 0, 0 });
	regions[0].users.v = 0;
	expect_eq(run(150, NULL), 100);
	expect(!visits[0]);
	regions[0].users.v = 1;
	end();
}

TEST(switched_off_or_killed)
{
	begin((unsigned long[]){ 100, 0, 0, 0 });
	pool.knobs.evict = false;
	expect_eq(run(10, NULL), 0);
	pool.knobs.evict = true;
	shim_killed = true;
	expect_eq(run(10, NULL), 0);
	shim_killed = false;
	end();
}

/* When the store is full, copies of pages in memory go, of any region; without them it ends. */
TEST(copies_make_room)
{
	begin((unsigned long[]){ 100, 0, 0, 0 });
	store_full = true;
	expect_eq(run(10, NULL), 0);
	copies[3] = 5;
	copies_until_room = 5;
	expect_eq(run(10, NULL), 10);
	expect_eq(copies[3], 0);
	end();
}

/* Room that takes many copies to get is had, or given up, after few looks at everything. */
TEST(copies_in_bulk)
{
	int n;

	begin((unsigned long[]){ 100, 0, 0, 0 });
	store_full = true;
	for (n = 0; n < NR; n++)
		copies[n] = 512;
	copies_until_room = 2000;
	expect_eq(run(10, NULL), 10);
	expect(visits[0] <= 3 * (COPY_ROUNDS + 1));
	end();
	begin((unsigned long[]){ 100, 0, 0, 0 });
	store_full = true;
	copies[3] = copies_until_room = 1000000;
	expect_eq(run(10, NULL), 0);
	expect(visits[0] <= 3 * (COPY_ROUNDS + 1));
	store_full = false;
	end();
}

/* A full store that keeps @room for pages that change places, each of @bytes. */
static void begin_full(const unsigned long *frames, u64 room, unsigned long bytes)
{
	begin(frames);
	store_full = true;
	fits = ULONG_MAX;
	kept = room;
	large = bytes;
}

static u64 exchanges(void)
{
	return per_cpu_ptr(pool.stats, shim_cpu)->v[PP_STAT_exchanges];
}

/* A page that comes back takes the place of one of its region; when there is none, of any. */
TEST(pages_change_places)
{
	struct folio *won;

	begin((unsigned long[]){ 100, 2, 0, 0 });
	fits = 10;
	store_full = true;
	expect(pp_reclaim_exchange(&regions[1], 9, true, &won));
	expect(won == &frame);
	expect_eq(easy[1], 1);
	expect(pp_reclaim_exchange(&regions[1], 9, false, &won));
	expect(!pp_reclaim_exchange(&regions[1], 9, false, &won) && !won);
	expect(pp_reclaim_exchange(&regions[1], 9, true, &won) && !won);
	expect_eq(easy[0], 99);
	expect_eq(exchanges(), 3);
	fits = 0;
	expect(!pp_reclaim_exchange(&regions[0], 9, true, &won));
	fits = 10;
	pool.knobs.evict = false;
	expect(!pp_reclaim_exchange(&regions[0], 9, true, &won));
	expect_eq(atomic_long_read(&regions[0].owed), 0);
	end();
}

/* Half of what the store keeps is divided; what went in for a region is counted. */
TEST(a_share_of_the_room)
{
	struct folio *won;
	unsigned int n;

	begin_full((unsigned long[]){ 1000, 100, 0, 0 }, NR * 2 * 2 * PAGE_SIZE, 500);
	/* New memory, while the share has room for the largest page that there may be. */
	for (n = 0; pp_reclaim_exchange(&regions[0], -1, false, &won); n++)
		;
	expect_eq(n, PAGE_SIZE / 500 + 1);
	expect_eq(atomic_long_read(&regions[0].owed), n * 500);
	/* And larger pages in the place of smaller ones, for the rest. */
	while (pp_reclaim_exchange(&regions[0], 100, false, &won))
		;
	expect(atomic_long_read(&regions[0].owed) > 2 * (long)PAGE_SIZE - 500);
	expect(atomic_long_read(&regions[0].owed) <= 2 * (long)PAGE_SIZE);
	/* What is no larger always fits. */
	for (n = 0; n < 100; n++)
		expect(pp_reclaim_exchange(&regions[0], 500, false, &won));
	/* Others have theirs. */
	expect(pp_reclaim_exchange(&regions[1], -1, false, &won));
	/* It can be given back, but not saved up. */
	for (n = 0; n < 100; n++)
		expect(pp_reclaim_exchange(&regions[0], 1500, false, &won));
	expect_eq(atomic_long_read(&regions[0].owed), -2 * (long)PAGE_SIZE);
	for (n = 0; pp_reclaim_exchange(&regions[0], -1, false, &won); n++)
		;
	expect_eq(n, 3 * PAGE_SIZE / 500 + 1);
	/* Nearly full still, and full again. */
	store_full = false;
	run(1, NULL);
	store_full = true;
	expect(!pp_reclaim_exchange(&regions[0], -1, false, &won));
	/* There has been room for all. */
	store_full = false;
	roomy = true;
	run(1, NULL);
	roomy = false;
	store_full = true;
	expect(pp_reclaim_exchange(&regions[0], -1, false, &won));
	expect_eq(atomic_long_read(&regions[0].owed), 500);
	end();
}

/* A page for which another one went in may stay where it is after all. */
TEST(what_does_not_leave_is_owed)
{
	struct folio *won;
	unsigned int n;

	begin_full((unsigned long[]){ 1000, 0, 0, 0 }, NR * 2 * PAGE_SIZE, 900);
	for (n = 0; n < 100 && pp_reclaim_exchange(&regions[0], 900, false, &won); n++)
		pp_reclaim_owe(&regions[0], 900);
	/* Not more than what there is for all. */
	expect_eq(n, NR * PAGE_SIZE / 900 + 1);
	expect(!pp_reclaim_exchange(&regions[0], -1, false, &won));
	expect(pp_reclaim_exchange(&regions[0], 1900, false, &won));
	expect(pp_reclaim_exchange(&regions[0], 900, false, &won));
	end();
}

/* What leaves by itself makes up for what went in, and no more. */
TEST(what_leaves_is_taken_off)
{
	struct folio *won;

	begin_full((unsigned long[]){ 1000, 0, 0, 0 }, NR * 2 * PAGE_SIZE, 900);
	expect(pp_reclaim_exchange(&regions[0], -1, false, &won));
	expect(!pp_reclaim_exchange(&regions[0], -1, false, &won));
	pp_reclaim_repay(&regions[0], 500);
	expect_eq(atomic_long_read(&regions[0].owed), 400);
	pp_reclaim_repay(&regions[0], 500);
	expect_eq(atomic_long_read(&regions[0].owed), 0);
	pp_reclaim_repay(&regions[0], 500);
	expect_eq(atomic_long_read(&regions[0].owed), 0);
	expect(pp_reclaim_exchange(&regions[0], -1, false, &won));
	end();
}

/* Regions that come make shares smaller, but keep nobody from changing places. */
TEST(shares_may_shrink)
{
	struct folio *won;

	begin_full((unsigned long[]){ 1000, 0, 0, 0 }, NR * 4 * PAGE_SIZE, 900);
	while (pp_reclaim_exchange(&regions[0], 100, false, &won))
		;
	pool.nr_regions *= 2;
	expect(!pp_reclaim_exchange(&regions[0], -1, false, &won));
	expect(!pp_reclaim_exchange(&regions[0], 899, false, &won));
	expect(pp_reclaim_exchange(&regions[0], 900, false, &won));
	end();
}

/* However many there are, each may have a page, so that one that owes nothing is not stopped. */
TEST(a_share_is_a_page_at_least)
{
	struct folio *won;

	begin_full((unsigned long[]){ 1000, 0, 0, 0 }, NR * 2 * PAGE_SIZE, 900);
	pool.nr_regions = 5000;
	expect(pp_reclaim_exchange(&regions[0], -1, false, &won));
	expect(!pp_reclaim_exchange(&regions[0], -1, false, &won));
	pool.nr_regions = NR;
	/* The room is another one: nobody is held to what was. */
	pp_reclaim_forget(&pool);
	expect(pp_reclaim_exchange(&regions[0], -1, false, &won));
	end();
}

/* Others are not even looked at for new memory that is not to be had. */
TEST(others_keep_what_they_have)
{
	struct folio *won;
	unsigned int i;

	begin_full((unsigned long[]){ 0, 100, 100, 100 }, NR * 2 * PAGE_SIZE, 900);
	expect(pp_reclaim_exchange(&regions[0], -1, true, &won));
	memset(visits, 0, sizeof(visits));
	expect(!pp_reclaim_exchange(&regions[0], -1, true, &won));
	for (i = 0; i < NR; i++)
		expect_eq(visits[i], 0);
	/* Nor those that have less than an equal part. */
	pool.knobs.limit = 400;
	atomic_long_set(&regions[2].frames, 99);
	atomic_long_set(&regions[3].frames, 99);
	for (i = 0; i < 5; i++) {
		atomic_long_set(&regions[1].frames, 100);
		expect(pp_reclaim_exchange(&regions[0], 900, true, &won));
	}
	expect(!visits[2] && !visits[3]);
	end();
}

/* When nothing else of the region goes, and before others are asked. */
TEST(huge_frames_are_broken_up_to_change_places)
{
	struct folio *won;

	begin_full((unsigned long[]){ 1, 100, 0, 0 }, NR * 2 * PAGE_SIZE, 900);
	huge[0] = 5;
	expect(pp_reclaim_exchange(&regions[0], 900, true, &won) && won);
	expect_eq(huge[0], 5);
	expect(pp_reclaim_exchange(&regions[0], 900, true, &won) && won);
	expect_eq(huge[0], 0);
	expect_eq(easy[0], 4);
	expect_eq(easy[1], 100);
	/* Nothing of it fits: not again at once. */
	easy[0] = 0;
	fits = 0;
	huge[0] = 5;
	expect(!pp_reclaim_exchange(&regions[0], 900, false, &won));
	expect_eq(huge[0], 0);
	huge[0] = 5;
	expect(!pp_reclaim_exchange(&regions[0], 900, false, &won));
	expect_eq(huge[0], 5);
	jiffies += HZ;
	expect(!pp_reclaim_exchange(&regions[0], 900, false, &won));
	expect_eq(huge[0], 0);
	end();
}

/* Where the store has no room for a whole one: those of the region in question, or any. */
TEST(huge_frames_that_cannot_go_as_one)
{
	struct pp_reclaim no[] = {
		{ .pool = &pool, .want = 3, .host = true },
		{ .pool = &pool, .want = 3, .try_only = true },
		{ .pool = &pool, .want = 3 },
		{ .pool = &pool, .want = 3 },
	};
	unsigned int i;

	begin((unsigned long[]){ 0, 0, 0, 0 });
	holes = 0;
	huge[1] = huge[2] = 5;
	for (i = 0; i < ARRAY_SIZE(no); i++) {
		huge_refused = i != 2;
		store_full = i == 3;
		pp_reclaim_run(&no[i], "test");
		expect(!no[i].done && huge[1] && huge[2]);
		huge_refused = true;
		store_full = false;
	}
	expect_eq(pp_reclaim_direct(&pool, &regions[2], &regions[2], 3, PP_DIRECT_ALLOC), 0);
	expect_eq(pp_reclaim_direct(&pool, &regions[2], &regions[2], 3, PP_DIRECT_LIMIT), 3);
	expect(huge[1] && !huge[2]);
	expect_eq(run(4, &regions[0]), 0);
	expect(huge[1]);
	easy[2] = 0;
	/* The faulting region has none. */
	holes = 4;
	expect_eq(pp_reclaim_direct(&pool, NULL, &regions[0], 3, PP_DIRECT_LIMIT), 4);
	expect(!huge[1] && easy[1] == 5);
	easy[1] = 0;
	/* Not tried again at once where it was in vain, nor anywhere when nothing was won by it. */
	huge[0] = 5;
	expect_eq(run(4, &regions[0]), 0);
	jiffies += HZ;
	expect_eq(run(4, &regions[0]), 4);
	holes = 0;
	easy[0] = 0;
	huge[3] = 5;
	broken_in_vain = true;
	expect_eq(run(4, NULL), 0);
	expect(!huge[3]);
	huge[2] = 5;
	expect_eq(run(4, NULL), 0);
	expect(huge[2]);
	jiffies += HZ;
	broken_in_vain = false;
	expect_eq(run(4, NULL), 4);
	end();
}

TEST(huge_frames_are_expected)
{
	begin((unsigned long[]){ 1, 1, 1, 1 });
	huge_expected = 0;
	tight = true;
	pp_reclaim_expect_huge(&pool);
	expect(huge_expected == 1 && pool.refill_work.work.queued);
	tight = false;
	expect(pp_reclaim_has_room(&pool, ULONG_MAX / 4));
	/* Headroom is a 64th, and twice that must be left. */
	pool.knobs.limit = 64000;
	atomic_long_set(&pool.frames, 62000 - 512);
	expect(pp_reclaim_has_room(&pool, 512));
	atomic_long_set(&pool.frames, 62000 - 511);
	expect(!pp_reclaim_has_room(&pool, 512));
	end();
}

/* Compacting the store makes room for all. */
TEST(gaps_are_closed)
{
	begin((unsigned long[]){ 100, 0, 0, 0 });
	store_full = true;
	gaps = 3;
	expect_eq(run(10, NULL), 10);
	expect_eq(gaps, 0);
	end();
}

/* Others are left in peace while they have nothing that helps. */
TEST(who_wants_more_of_a_full_store)
{
	begin((unsigned long[]){ 100, 100, 0, 0 });
	store_full = true;
	expect_eq(pp_reclaim_direct(&pool, NULL, &regions[0], 32, PP_DIRECT_LIMIT), 0);
	expect(visits[0] && !visits[1]);
	expect_eq(pp_reclaim_direct(&pool, NULL, &regions[0], 32, PP_DIRECT_LAST), 0);
	expect(visits[1]);
	store_full = false;
	end();
}

TEST(spare_frames_of_others_come_first)
{
	begin((unsigned long[]){ 100, 100, 0, 0 });
	spare[0] = regions[0].nr_spare = 3;
	spare[1] = 4;
	atomic_long_set(&pool.spares, 7);
	expect_eq(pp_reclaim_direct(&pool, NULL, &regions[0], 32, PP_DIRECT_LIMIT), 4);
	expect_eq(spare[0], 3);
	expect_eq(pp_reclaim_direct(&pool, NULL, &regions[0], 32, PP_DIRECT_LIMIT), 32);
	expect_eq(pp_reclaim_direct(&pool, &regions[1], &regions[1], 32, PP_DIRECT_LIMIT), 32);
	end();
}

TEST(spare_frames_beyond_the_knob)
{
	begin((unsigned long[]){ 100, 100, 100, 0 });
	spare[0] = regions[0].nr_spare = 5;
	spare[1] = regions[1].nr_spare = 2;
	spare[2] = regions[2].nr_spare = 9;
	pool.knobs.spare = 2;
	pp_reclaim_trim_spares(&pool);
	expect_eq(spare[0] + spare[1] + spare[2], 6);
	end();
}

/* What the store takes is not won for the host. */
TEST(before_somebody_is_killed)
{
	begin((unsigned long[]){ 100, 100, 0, 0 });
	spare[1] = regions[1].nr_spare = 3;
	atomic_long_set(&pool.spares, 3);
	expect_eq(pp_reclaim_oom(&pool, 43), 43);
	store_grows = true;
	expect_eq(pp_reclaim_oom(&pool, 43), 0);
	store_grows = false;
	expect_eq(pp_reclaim_oom(&pool, 1000), 200 - 40 - 43);
	expect_eq(pp_reclaim_oom(&pool, 1000), 0);
	end();
}

TEST(headroom_of_a_limit)
{
	expect_eq(headroom(0), 0);
	expect_eq(headroom(40), 10);
	expect_eq(headroom(256), 64);
	expect_eq(headroom(64 * 100), 100);
	expect_eq(headroom(1ul << 30), HEADROOM_MAX);
}

/* The worker starts when less than the headroom is free, and stops at twice that. */
TEST(the_worker)
{
	begin((unsigned long[]){ 6400 - 100, 0, 0, 0 });
	pool.knobs.limit = 6400;
	pp_reclaim_check(&pool);
	expect(!shim_work(&pool.work));
	atomic_long_inc(&pool.frames);
	pp_reclaim_check(&pool);
	seen_covered = false;
	expect(shim_work(&pool.work));
	expect(seen_covered);
	expect(atomic_long_read(&pool.frames) <= 6200);
	expect(atomic_long_read(&pool.frames) > 6200 - WORKER_BATCH);
	/* Without a limit there is nothing to do; without victims it ends. */
	pool.knobs.limit = 0;
	pp_reclaim_check(&pool);
	expect(!shim_work(&pool.work));
	pool.knobs.limit = 100;
	easy[0] = 0;
	pp_reclaim_check(&pool);
	expect(shim_work(&pool.work));
	/* Behind a full store it takes nothing from anybody. */
	store_full = true;
	easy[0] = 100;
	visits[0] = 0;
	pool.quiet_until = jiffies;
	pp_reclaim_check(&pool);
	expect(!shim_work(&pool.work));
	store_full = false;
	pp_reclaim_check(&pool);
	store_full = true;
	expect(shim_work(&pool.work));
	expect(!visits[0]);
	end();
}

TEST(down_to_a_limit)
{
	begin((unsigned long[]){ 1000, 1000, 0, 0 });
	pool.knobs.limit = 700;
	expect_eq(pp_reclaim_to_limit(&pool, NULL), 0);
	expect_eq(atomic_long_read(&pool.frames), 700);
	regions[0].limit = 100;
	expect_eq(pp_reclaim_to_limit(&pool, &regions[0]), 0);
	expect(atomic_long_read(&regions[0].frames) <= 100);
	easy[0] = easy[1] = 0;
	pool.knobs.limit = 1;
	expect_eq(pp_reclaim_to_limit(&pool, NULL), -EBUSY);
	shim_killed = true;
	expect_eq(pp_reclaim_to_limit(&pool, NULL), -EINTR);
	shim_killed = false;
	end();
}

TEST(what_was_borrowed_is_paid_back)
{
	begin((unsigned long[]){ 10, 0, 0, 0 });
	tight = true;
	run(1, NULL);
	expect(shim_work(&pool.refill_work.work));
	expect(!tight);
	end();
}

TEST(ageing_by_the_clock)
{
	begin((unsigned long[]){ 1, 1, 1, 1 });
	pp_reclaim_set_ageing(&pool, 2000);
	expect_eq(pool.age_work.delay, 2 * HZ);
	expect(shim_work(&pool.age_work.work));
	expect(visits[0] == 1 && visits[3] == 1);
	expect(pool.age_work.work.queued);
	pp_reclaim_set_ageing(&pool, 0);
	expect(shim_work(&pool.age_work.work));
	expect(!pool.age_work.work.queued);
	end();
}

TEST(huge_frames_that_are_held)
{
	begin((unsigned long[]){ 1, 1, 1, 1 });
	shatter_visits = 0;
	pp_reclaim_shatter_later(&pool);
	expect(shim_work(&pool.shatter_work.work));
	expect(!pool.shatter_work.work.queued);
	held_up[1] = true;
	pp_reclaim_shatter_later(&pool);
	expect(shim_work(&pool.shatter_work.work));
	expect(pool.shatter_work.work.queued && shatter_visits == 2 * NR);
	expect_eq(pool.shatter_work.delay, HZ);
	held_up[1] = false;
	expect(shim_work(&pool.shatter_work.work));
	expect(!pool.shatter_work.work.queued);
	end();
}

static bool attempt(void)
{
	bool ok = !pp_reclaim_init();

	if (ok)
		pp_reclaim_exit();
	return ok;
}

TEST(failing_allocations)
{
	sweep(attempt);
}
