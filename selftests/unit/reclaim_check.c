// SPDX-License-Identifier: GPL-2.0-only
/* Reclaim: who gives how much, when the worker starts and stops, what a limit does. */
#include "reclaim_bench.h"

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
	pool.knobs.limit = 800;
	covers = false;
	expect_eq(pp_reclaim_to_limit(&pool, NULL), 0);
	expect(!seen_covered);
	pool.knobs.limit = 700;
	covers = true;
	pool.knobs.raw_early = false;
	expect_eq(pp_reclaim_to_limit(&pool, NULL), 0);
	expect(!seen_covered);
	/* And each time somebody looks whether the pool takes too much. */
	expect(watches >= 7);
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
