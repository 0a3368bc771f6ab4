// SPDX-License-Identifier: GPL-2.0-only
/* Which huge frames in use are broken up: as long as it pays, and now and then to see if it does. */
#include "shim.h"

#include "policy/hot.c"
#include "unit.h"

#define NR	200

static struct pp_pool pool;
static struct pp_region region;
static struct pp_block blocks[NR];
static struct inode inode;
static struct folio frame;
static int result;
static bool may, store_full;

bool pp_huge_may_shatter(struct pp_block *block)
{
	return may;
}

bool pp_store_full(struct pp_store *store)
{
	return store_full;
}

int pp_huge_shatter(struct pp_block *block, unsigned int parts)
{
	expect(!region.clock_lock.held);
	expect_eq(parts, PP_BLOCK_PAGES);
	if (result < 0)
		return result;
	block->huge = NULL;
	block->aged = 0;
	return result;
}

static void begin(void)
{
	unsigned int i;

	pool = (struct pp_pool){ .knobs.huge_hot = true };
	region = (struct pp_region){ .pool = &pool, .inode = &inode };
	region.stats = alloc_percpu(struct pp_stats);
	pool.stats = alloc_percpu(struct pp_stats);
	for (i = 0; i < NR; i++)
		blocks[i] = (struct pp_block){
			.region = &region, .huge = &frame,
			.aged = PP_BLOCK_PAGES, .rescued = PP_BLOCK_PAGES,
		};
	result = 0;
	may = true;
	store_full = false;
}

static void end(unsigned int broken, unsigned int cold)
{
	expect(!region.clock_lock.held);
	expect_eq(per_cpu_ptr(region.stats, shim_cpu)->v[PP_STAT_shatter_hot], broken);
	expect_eq(per_cpu_ptr(region.stats, shim_cpu)->v[PP_STAT_shatter_cold], cold);
	free_percpu(region.stats);
	free_percpu(pool.stats);
	expect_eq(shim_live(), 0);
}

static bool break_up(unsigned int i)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	return pp_hot_break_up(&blocks[i], &rc);
}

static void judge(unsigned int i, unsigned int standby, unsigned int stored)
{
	blocks[i].nr[PP_STANDBY] = standby;
	blocks[i].nr[PP_STORED] = stored;
	pp_hot_judge(&blocks[i]);
}

TEST(one_is_tried_and_then_all_while_it_pays)
{
	unsigned int i;

	begin();
	judge(9, 512, 0);
	expect(break_up(0));
	/* Nothing is known yet. */
	expect(!break_up(1) && !break_up(2));
	judge(1, 512, 0);
	expect(!break_up(1));
	judge(0, 100, 28);
	for (i = 1; i < 10; i++)
		expect(break_up(i));
	judge(3, 127, 0);
	expect(!break_up(10));
	/* One verdict each. */
	judge(3, 512, 0);
	expect(!break_up(10));
	end(10, 255);
}

/* 2, 4, 8 ... 64 are left alone, and 64 again. */
TEST(fewer_and_fewer_are_tried)
{
	static const unsigned int left_alone[] = { 2, 4, 8, 16, 32, 64, 64 };
	unsigned int i, n;

	begin();
	expect(break_up(0));
	judge(0, 0, 0);
	for (i = 0; i < ARRAY_SIZE(left_alone); i++) {
		for (n = 0; !break_up(i + 1); n++)
			;
		expect_eq(n, left_alone[i]);
		judge(i + 1, 0, 0);
	}
	for (n = 0; !break_up(100); n++)
		;
	judge(100, 512, 0);
	expect(break_up(101));
	judge(101, 0, 0);
	for (n = 0; !break_up(102); n++)
		;
	expect_eq(n, 2);
	end(11, 512);
}

TEST(what_fails_is_no_trial)
{
	begin();
	result = -EBUSY;
	expect(!break_up(0));
	result = -ENOMEM;
	expect(!break_up(0));
	result = 0;
	expect(break_up(0));
	/* Huge again before it was judged. */
	blocks[0].huge = &frame;
	judge(0, 0, 0);
	expect(break_up(1));
	judge(1, 512, 0);
	result = -EBUSY;
	expect(!break_up(2));
	result = 0;
	expect(break_up(2));
	end(3, 512);
}

TEST(zeros_count)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin();
	result = 77;
	expect(pp_hot_break_up(&blocks[0], &rc));
	expect_eq(rc.done, 77);
	end(1, 0);
}

/* Each of these alone. */
TEST(not_broken_up)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1, .try_only = true };

	begin();
	expect(!pp_hot_break_up(&blocks[0], &rc));
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .host = true };
	expect(!pp_hot_break_up(&blocks[0], &rc));
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .starved = true };
	expect(!pp_hot_break_up(&blocks[0], &rc));
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .exchange = true };
	expect(!pp_hot_break_up(&blocks[0], &rc));
	store_full = true;
	expect(!break_up(0));
	store_full = false;
	may = false;
	expect(!break_up(0));
	may = true;
	pool.knobs.huge_hot = false;
	expect(!break_up(0));
	pool.knobs.huge_hot = true;
	blocks[0].rescued = 383;
	expect(!break_up(0));
	blocks[0].rescued = 384;
	blocks[0].huge = NULL;
	expect(!break_up(0));
	blocks[0].huge = &frame;
	expect(break_up(0));
	end(1, 0);
}
