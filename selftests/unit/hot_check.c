// SPDX-License-Identifier: GPL-2.0-only
/* Which huge frames in use are broken up: as long as it pays, now and then to see if it does. */
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
/* Zeros in what is broken up. */
static unsigned int holes;
static bool may, store_full;

bool pp_breakup_allowed(struct pp_block *block, struct pp_reclaim *rc)
{
	return may;
}

bool pp_store_full(struct pp_store *store)
{
	return store_full;
}

int pp_breakup(struct pp_block *block, struct pp_reclaim *rc)
{
	expect(!region.clock_lock.held && may);
	if (result)
		return result;
	block->huge = NULL;
	block->aged = 0;
	block->changed = jiffies;
	block->nr[PP_STANDBY] = PP_BLOCK_PAGES;
	block->nr[PP_FRAME] = 0;
	rc->done += holes;
	return 0;
}

/* Blocks that prove hot, of which nothing is known. */
static void begin_again(void)
{
	unsigned int i;

	region.hot = PP_HOT_TRY;
	region.hot_patience = 0;
	for (i = 0; i < NR; i++)
		blocks[i] = (struct pp_block){
			.region = &region, .huge = &frame, .nr[PP_FRAME] = PP_BLOCK_PAGES,
			.aged = PP_BLOCK_PAGES, .rescued = PP_BLOCK_PAGES,
			.changed = jiffies - HZ,
		};
	result = 0;
	holes = 0;
	may = true;
	store_full = false;
}

static void begin(void)
{
	pool = (struct pp_pool){ .knobs.huge_hot = true };
	region = (struct pp_region){ .pool = &pool, .inode = &inode };
	region.stats = alloc_percpu(struct pp_stats);
	pool.stats = alloc_percpu(struct pp_stats);
	begin_again();
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

/* After a moment, in which the guest touched so many pages. */
static void judge(unsigned int i, unsigned int touched)
{
	struct pp_block *block = &blocks[i];

	jiffies += HZ / 10;
	if (!block->huge) {
		block->nr[PP_FRAME] = touched;
		block->nr[PP_STANDBY] = PP_BLOCK_PAGES - touched;
	}
	expect(!pp_hot_judge(block, false));
}

TEST(one_is_tried_and_then_all_while_it_pays)
{
	unsigned int i;

	begin();
	judge(9, 0);
	expect(break_up(0));
	/* Nothing is known yet. */
	expect(!break_up(1) && !break_up(2));
	judge(1, 0);
	expect(!break_up(1));
	judge(0, 384);
	for (i = 1; i < 10; i++)
		expect(break_up(i));
	judge(3, 385);
	expect(!break_up(10));
	/* One verdict each. */
	judge(3, 0);
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
	judge(0, 512);
	for (i = 0; i < ARRAY_SIZE(left_alone); i++) {
		for (n = 0; !break_up(i + 1); n++)
			;
		expect_eq(n, left_alone[i]);
		judge(i + 1, 512);
	}
	for (n = 0; !break_up(100); n++)
		;
	judge(100, 0);
	expect(break_up(101));
	judge(101, 512);
	for (n = 0; !break_up(102); n++)
		;
	expect_eq(n, 2);
	end(11, 512);
}

/* Many are broken up while it pays: the first bad verdict ends that, the others say no more. */
TEST(late_verdicts_are_void)
{
	unsigned int i, n;

	begin();
	expect(break_up(0));
	judge(0, 0);
	for (i = 1; i < 10; i++)
		expect(break_up(i));
	judge(1, 512);
	judge(2, 512);
	judge(3, 0);
	for (n = 0; !break_up(20); n++)
		;
	expect_eq(n, 2);
	/* Not of the one on trial. */
	judge(4, 0);
	judge(5, 512);
	expect(!break_up(21));
	judge(20, 0);
	expect(break_up(21));
	end(12, 4 * 512);
}

TEST(what_fails_is_no_trial)
{
	unsigned int n;

	begin();
	result = -EBUSY;
	expect(!break_up(0));
	result = 0;
	expect(break_up(0));
	judge(0, 0);
	result = -EBUSY;
	expect(!break_up(1));
	result = 0;
	expect(break_up(1));
	/* Where there is no memory others are left alone. */
	result = -ENOMEM;
	expect(!break_up(2));
	result = 0;
	for (n = 0; !break_up(2); n++)
		;
	expect_eq(n, 2);
	result = -ENOMEM;
	judge(2, 0);
	expect(!break_up(3));
	result = 0;
	expect(!break_up(3));
	end(3, 1024);
}

/* Huge again, or given back: it teaches nothing, and is not tried again at once. */
TEST(what_cannot_be_judged)
{
	unsigned int what, n;

	for (what = 0; what < 3; what++) {
		begin();
		expect(break_up(0));
		if (what == 0) {
			blocks[0].huge = &frame;
		} else if (what == 1) {
			blocks[0].nr[PP_STANDBY] = 0;
			blocks[0].nr[PP_HOLE] = PP_BLOCK_PAGES;
		}
		jiffies += what == 2 ? 0 : HZ;
		/* Too early, but there is nothing else to evict. */
		expect(!pp_hot_judge(&blocks[0], what == 2));
		for (n = 0; !break_up(1); n++)
			;
		expect_eq(n, 2);
		end(2, 0);
	}
}

TEST(a_verdict_takes_time)
{
	begin();
	expect(break_up(0));
	jiffies += HZ / 10 - 1;
	expect(pp_hot_judge(&blocks[0], false));
	expect(!break_up(1));
	jiffies++;
	expect(!pp_hot_judge(&blocks[0], false));
	expect(break_up(1));
	end(2, 512);
}

/* They have left already. */
TEST(zeros_alone_may_pay)
{
	begin();
	holes = 127;
	expect(break_up(0));
	expect(!break_up(1));
	judge(0, 400);
	begin_again();
	holes = 128;
	expect(break_up(0) && break_up(1));
	expect(!pp_hot_judge(&blocks[0], false));
	end(3, 112 + 2 * 128);
}

/* Each of these alone. */
TEST(not_broken_up)
{
	begin();
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
	blocks[0].nr[PP_FRAME] = 0;
	expect(!break_up(0));
	blocks[0].nr[PP_FRAME] = PP_BLOCK_PAGES;
	blocks[0].changed++;
	expect(!break_up(0));
	blocks[0].changed--;
	blocks[0].huge = NULL;
	expect(!break_up(0));
	blocks[0].huge = &frame;
	expect(break_up(0));
	end(1, 0);
}
