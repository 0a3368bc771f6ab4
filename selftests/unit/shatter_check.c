// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge frames end, by eviction or broken up into small ones: all pages of one get a home of their
 * own, or all stay.
 */
#include "huge_bench.h"

TEST(evicted_whole)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };
	unsigned int i;

	begin(300);
	expect(pp_huge_evict(&block, &rc, false));
	expect_whole(PP_FRAME);
	expect(pp_huge_evict(&block, &rc, true));
	expect(!block.huge && !pool.huge.v && !region.huge.v);
	/* Pages 98, 198 and 298 do not get smaller. */
	expect_eq(rc.done, PP_BLOCK_PAGES - 3);
	expect_eq(region.frames.v, 3);
	expect_eq(block.nr[PP_STORED], 297);
	expect_eq(block.nr[PP_HOLE], 212);
	expect_eq(block.nr[PP_STANDBY], 3);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (pp_home_has_frame(homes[i]))
			expect(i % 100 == 98 && (homes[i] & PP_HOME_TOUGH));
	expect_eq(stat(PP_STAT_evictions), 509);
	expect_eq(stat(PP_STAT_evict_zero), 212);
	expect_eq(stat(PP_STAT_shatter_zero), 212);
	end();
}

TEST(raw_when_there_is_no_frame)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin(300);
	frames_left = 1;
	expect(pp_huge_evict(&block, &rc, true));
	expect(!block.huge);
	expect_eq(block.nr[PP_STORED], 299);
	expect_eq(stat(PP_STAT_evict_raw), 2);
	end();
}

TEST(all_pages_or_none)
{
	unsigned int left;

	/* The store is full after so many, and there is no frame for the next one. */
	for (left = 0; left < 298; left += 27) {
		struct pp_reclaim rc = { .pool = &pool, .want = 1 };

		begin(300);
		room = left;
		frames_left = left > 98;
		expect(pp_huge_evict(&block, &rc, true));
		expect_whole(PP_FRAME);
		expect(rc.no_room && !rc.done);
		/* What was tried of it says little about other pages. */
		expect(rc.whole && rc.refused == 1);
		/* Nor is the next one tried. */
		room = NR_SLOTS - 2;
		frames_left = PP_BLOCK_PAGES;
		expect(pp_huge_evict(&block, &rc, true));
		expect_whole(PP_FRAME);
		expect_eq(stat(PP_STAT_evictions) + stat(PP_STAT_evict_zero) +
			  stat(PP_STAT_shatters), 0);
		end();
	}
}

/* Of incompressible pages, which are not taken raw yet: the store has refused nothing. */
TEST(incompressible_is_not_refused)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1, .refused = 5 };
	unsigned int i;

	begin(512);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		*(u64 *)page_address(folio_page(block.huge, i)) = 100 * i + 99;
	room = 0;
	frames_left = 0;
	expect(pp_huge_evict(&block, &rc, true));
	expect_whole(PP_FRAME);
	expect(rc.whole && rc.refused == 6);
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .refused = 5 };
	room = NR_SLOTS - 2;
	expect(pp_huge_evict(&block, &rc, true));
	expect(!rc.whole);
	expect_eq(rc.refused, block.huge ? 5 : 0);
	end();
}

/* The first so many pages compress, no other one does. */
static void begin_tough(unsigned int soft)
{
	unsigned int i;

	begin(PP_BLOCK_PAGES);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		*(u64 *)page_address(folio_page(block.huge, i)) = 100 * i + (i < soft ? 1 : 99);
	block.huge->refs = 1;
	/* Those of a try that failed do not come back. */
	frames_left = 2 * PP_BLOCK_PAGES;
	mutex_lock(&block.lock);
	pp_home_move_all(&block, PP_STANDBY, PP_WHY_AGE);
	mutex_unlock(&block.lock);
}

TEST(others_are_freed_from_what_does_not_compress)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin_tough(300);
	expect(pp_huge_evict(&block, &rc, false));
	expect_whole(PP_STANDBY);
	expect_eq(block.tough, 301);
	/* It is not tried again while it is standby, nor by effort for the host. */
	room = 0;
	rc.host = rc.hard = true;
	expect(pp_huge_evict(&block, &rc, false));
	expect(!rc.no_room);
	rc.host = rc.hard = false;
	breaks_up = true;
	expect(!pp_huge_evict(&block, &rc, false));
	breaks_up = false;
	expect(!block.huge && !rc.done);
	expect_eq(block.nr[PP_STANDBY], PP_BLOCK_PAGES);
	expect_eq(block.aged, PP_BLOCK_PAGES);
	end();

	/* With effort for a limit it is tried again. */
	begin_tough(300);
	expect(pp_huge_evict(&block, &rc, false));
	rc.hard = true;
	room = 0;
	expect(pp_huge_evict(&block, &rc, false));
	expect(rc.no_room);
	expect_whole(PP_STANDBY);
	end();
}

/* What the store has no room for does not count. */
TEST(refused_is_not_incompressible)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin_tough(300);
	room = 250;
	expect(pp_huge_evict(&block, &rc, false));
	expect_whole(PP_STANDBY);
	expect(!block.tough && rc.whole);
	end();
}

/* How hot it was says nothing about its pages. */
TEST(heat_ends_with_the_huge_frame)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin(300);
	block.aged = block.rescued = PP_BLOCK_PAGES;
	block.heat = 3;
	block.skip = 5;
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), 212);
	expect(!block.rescued && !block.heat && !block.skip);
	expect_eq(block.aged, 300);
	end();
	begin(300);
	block.aged = block.rescued = PP_BLOCK_PAGES;
	expect(pp_huge_evict(&block, &rc, true));
	expect(!block.huge && !block.rescued && !block.aged);
	end();
	begin(300);
	block.aged = block.rescued = PP_BLOCK_PAGES;
	block.huge->refs = 1;
	mutex_lock(&block.lock);
	pp_huge_punch(&block, 0, PP_BLOCK_PAGES);
	mutex_unlock(&block.lock);
	expect(!block.huge && !block.rescued && !block.aged);
	end();
}

TEST(what_does_not_compress_goes_when_it_stays_cold)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1, .covered = true };

	begin_tough(0);
	expect(pp_huge_evict(&block, &rc, false));
	expect_whole(PP_STANDBY);
	expect(pp_huge_evict(&block, &rc, false));
	expect(!block.huge && !block.tough);
	expect_eq(rc.done, PP_BLOCK_PAGES);
	expect_eq(stat(PP_STAT_evict_raw), PP_BLOCK_PAGES);
	end();

	/* Not what is in use. */
	begin_tough(0);
	rc.done = 0;
	mutex_lock(&block.lock);
	pp_home_move_all(&block, PP_FRAME, PP_WHY_FAULT);
	mutex_unlock(&block.lock);
	expect(pp_huge_evict(&block, &rc, true));
	expect(pp_huge_evict(&block, &rc, true));
	expect_whole(PP_FRAME);
	expect_eq(rc.done, 0);
	end();
}

TEST(a_punch_may_make_it_compress)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin_tough(0);
	expect(pp_huge_evict(&block, &rc, false));
	expect(block.tough);
	mutex_lock(&block.lock);
	pp_huge_punch(&block, 0, 400);
	mutex_unlock(&block.lock);
	expect(!block.tough);
	expect(pp_huge_evict(&block, &rc, false));
	expect_eq(rc.done, 400);
	end();
}

TEST(shattered_into_frames)
{
	begin(100);
	expect_eq(pp_huge_shatter(&block, 100), 412);
	expect(!block.huge);
	expect_eq(block.nr[PP_STANDBY], 100);
	expect_eq(block.nr[PP_HOLE], 412);
	expect_eq(region.frames.v, 100);
	expect_eq(frames_left, PP_BLOCK_PAGES - 100);
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), -ENOENT);
	end();
}

TEST(no_frames_no_shattering)
{
	begin(100);
	frames_left = 99;
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), -ENOMEM);
	expect_whole(PP_FRAME);
	end();
}

TEST(pinned)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin(100);
	touched_again = true;
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), -EBUSY);
	expect(pp_huge_evict(&block, &rc, true));
	expect_whole(PP_FRAME);
	expect_eq(rc.done, 0);
	expect(stat(PP_STAT_busy) > 1);
	touched_again = false;
	folio_page(block.huge, 77)->hwpoison = true;
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), -EBUSY);
	expect_whole(PP_FRAME);
	end();
}

/* While somebody holds it, or for want of memory, it stays marked; not when it is damaged. */
TEST(punched_and_held)
{
	begin(100);
	expect_eq(xa_insert(&region.blocks, 1, &block, 0), 0);
	marks[PP_BLOCK_SHATTER] = 1;
	block.huge->refs = 3;
	frames_left = 0;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect_eq(marks[PP_BLOCK_SHATTER], 1);
	block.huge->refs = 2;
	block.huge->mlocked = true;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect_eq(marks[PP_BLOCK_SHATTER], 1);
	block.huge->mlocked = false;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect_eq(marks[PP_BLOCK_SHATTER], 1);
	frames_left = PP_BLOCK_PAGES;
	folio_page(block.huge, 77)->hwpoison = true;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect_eq(marks[PP_BLOCK_SHATTER], 0);
	folio_page(block.huge, 77)->hwpoison = false;
	marks[PP_BLOCK_SHATTER] = 1;
	pp_huge_shatter_marked(&region);
	expect(!block.huge);
	expect_eq(marks[PP_BLOCK_SHATTER], 0);
	expect_eq(frames_left, PP_BLOCK_PAGES - 100);
	xa_destroy(&region.blocks);
	end();
}

/* What was punched and filled again is not broken up; what lies behind the end is. */
TEST(punched_and_filled_again)
{
	begin(497);
	expect_eq(xa_insert(&region.blocks, 1, &block, 0), 0);
	marks[PP_BLOCK_SHATTER] = 1;
	block.punched = PP_BLOCK_PAGES;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect(!marks[PP_BLOCK_SHATTER] && !block.punched);
	marks[PP_BLOCK_SHATTER] = 1;
	inode.i_size = (512 + 500) << PAGE_SHIFT;
	pp_huge_shatter_marked(&region);
	expect(!block.huge && !marks[PP_BLOCK_SHATTER]);
	xa_destroy(&region.blocks);
	end();
}

/* For want of the host's memory one at a time; but for the last resort, which has no later. */
TEST(one_huge_frame_at_a_time)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1, .host = true };
	unsigned int what;

	mutex_lock(&one_at_a_time);
	for (what = 0; what < 4; what++) {
		begin(100);
		rc = (struct pp_reclaim){
			.pool = &pool, .want = 1, .host = what < 2, .oom = what == 1,
			.starved = what == 2,
		};
		shim_killed = what == 2;
		expect(pp_huge_evict(&block, &rc, true));
		shim_killed = false;
		expect_eq(!block.huge, what == 1 || what == 3);
		expect_eq(rc.outrun, what == 0 || what == 2);
		end();
	}
	mutex_unlock(&one_at_a_time);
	begin(100);
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .host = true };
	expect(pp_huge_evict(&block, &rc, true));
	expect(!block.huge && !one_at_a_time.held);
	end();
}

TEST(zeros_are_counted)
{
	begin(500);
	expect_eq(pp_huge_zeros(&block, 12), 12);
	expect_eq(pp_huge_zeros(&block, 1), 12);
	expect_eq(pp_huge_zeros(&block, 13), 0);
	expect_eq(pp_huge_zeros(&block, ULONG_MAX), 0);
	folio_page(block.huge, 501)->hwpoison = true;
	expect_eq(pp_huge_zeros(&block, 12), 0);
	end();
}

TEST(some_huge_frame)
{
	struct pp_block small = { .region = &region };

	begin(100);
	expect_eq(xa_insert(&region.blocks, 0, &small, 0), 0);
	expect_eq(xa_insert(&region.blocks, 1, &block, 0), 0);
	frames_left = 0;
	expect_eq(pp_huge_shatter_one(&region), -EBUSY);
	frames_left = PP_BLOCK_PAGES;
	/* Behind the last one it begins anew. */
	region.hand_evict = 2;
	block.huge->refs = 2;
	block.huge->mlocked = true;
	expect_eq(pp_huge_shatter_one(&region), -EBUSY);
	block.huge->mlocked = false;
	block.huge->refs = 3;
	expect_eq(pp_huge_shatter_one(&region), -EBUSY);
	block.huge->refs = 2;
	expect_eq(pp_huge_shatter_one(&region), 412);
	expect(!block.huge);
	expect_eq(region.hand_evict, 1);
	expect_eq(pp_huge_shatter_one(&region), -EBUSY);
	xa_destroy(&region.blocks);
	end();
}
