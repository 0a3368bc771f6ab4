// SPDX-License-Identifier: GPL-2.0-only
/*
 * Behind a full store: what makes room in it, when pages change places with others, and the account
 * of what a region has put there.
 */
#include "reclaim_bench.h"

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
