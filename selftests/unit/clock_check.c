// SPDX-License-Identifier: GPL-2.0-only
/* The clock: its two hands keep their distance, miss no block, and stop when there is enough. */
/* Where an exchange begins in a block. */
static unsigned int begin_at;

#define get_random_u32_below(n)	(begin_at % (n))

#include "policy/clock.c"
#include "unit.h"

#define NR	40

static struct pp_region region;
static struct pp_block blocks[NR];
static unsigned int aged[NR], visited[NR];
/* Blocks whose hot huge frame is broken up; those judged, and those too young for it. */
static bool breaks[NR], judged[NR], young[NR];
static bool seen_hard;
static unsigned int standby_per_block, evict_per_visit;

/* What ageing and eviction do is not the clock's business: here all frames become standby. */
unsigned int pp_block_age(struct pp_block *block, struct pp_reclaim *rc)
{
	/* Ageing makes what was touched look untouched. */
	expect(judged[block - blocks] && (!young[block - blocks] || seen_hard));
	aged[block - blocks]++;
	block->nr[PP_STANDBY] = standby_per_block;
	return standby_per_block;
}

bool pp_hot_break_up(struct pp_block *block, struct pp_reclaim *rc)
{
	expect(rc);
	if (breaks[block - blocks])
		block->nr[PP_STANDBY] = 7;
	return breaks[block - blocks];
}

bool pp_hot_judge(struct pp_block *block, bool hard)
{
	seen_hard = hard;
	judged[block - blocks] = true;
	return young[block - blocks] && !hard;
}

bool pp_block_evict(struct pp_block *block, struct pp_reclaim *rc, unsigned int first,
		    unsigned int nr, bool any)
{
	unsigned int n = min(block->nr[PP_STANDBY], min(evict_per_visit, rc->want - rc->done));

	expect(!any && !first && nr == PP_BLOCK_PAGES);
	expect(!young[block - blocks] || rc->hard);
	visited[block - blocks]++;
	block->nr[PP_STANDBY] -= n;
	rc->done += n;
	return !block->nr[PP_STANDBY] || rc->done < rc->want;
}

/* Blocks at @stride, so that hands must find the next one. */
static void fresh_region(unsigned int nr, unsigned int stride)
{
	unsigned int i;

	region = (struct pp_region){};
	memset(blocks, 0, sizeof(blocks));
	memset(aged, 0, sizeof(aged));
	memset(visited, 0, sizeof(visited));
	memset(judged, 0, sizeof(judged));
	memset(breaks, 0, sizeof(breaks));
	memset(young, 0, sizeof(young));
	seen_hard = false;
	standby_per_block = 10;
	evict_per_visit = 512;
	for (i = 0; i < nr; i++) {
		blocks[i].region = &region;
		blocks[i].base = (pgoff_t)i * stride << PP_BLOCK_SHIFT;
		expect_eq(xa_insert(&region.blocks, (unsigned long)i * stride, &blocks[i], 0), 0);
	}
	atomic_long_set(&region.nr_blocks, nr);
}

static unsigned long reclaim(unsigned long want)
{
	struct pp_reclaim rc = { .want = want };

	clock_reclaim(&region, &rc);
	return rc.done;
}

TEST(exactly_as_much_as_wanted)
{
	static const unsigned int wants[] = { 1, 9, 10, 11, 100, 399, 400 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wants); i++) {
		fresh_region(NR, 1);
		expect_eq(reclaim(wants[i]), wants[i]);
		xa_destroy(&region.blocks);
	}
}

/* What was done for the request before counts. */
TEST(the_rest_of_a_request)
{
	struct pp_reclaim rc = { .want = 100, .done = 40 };

	fresh_region(NR, 1);
	clock_reclaim(&region, &rc);
	expect_eq(rc.done, 100);
	expect_eq(visited[5], 1);
	expect_eq(visited[6], 0);
	xa_destroy(&region.blocks);
}

/* The second hand follows a quarter behind the first: a page has that long to be touched. */
TEST(the_gap_between_the_hands)
{
	unsigned int i, nr_aged = 0;

	fresh_region(NR, 1);
	expect_eq(reclaim(1), 1);
	for (i = 0; i < NR; i++)
		nr_aged += aged[i];
	expect_eq(nr_aged, NR / GAP_FRACTION + 1);
	expect_eq(visited[0], 1);
	expect_eq(visited[1], 0);
	xa_destroy(&region.blocks);
}

/* A block that was left unfinished is the next one to be evicted from. */
TEST(unfinished_blocks_come_first)
{
	fresh_region(NR, 3);
	expect_eq(reclaim(4), 4);
	expect_eq(blocks[0].nr[PP_STANDBY], 6);
	expect_eq(reclaim(4), 4);
	expect_eq(blocks[0].nr[PP_STANDBY], 2);
	expect_eq(visited[0], 2);
	expect_eq(reclaim(4), 4);
	expect_eq(blocks[0].nr[PP_STANDBY], 0);
	expect_eq(blocks[1].nr[PP_STANDBY], 8);
	expect_eq(visited[2], 0);
	xa_destroy(&region.blocks);
}

/* With nothing to evict it looks at each block, ends, and says so. */
TEST(nothing_to_evict)
{
	unsigned int i;

	fresh_region(NR, 2);
	standby_per_block = 0;
	expect_eq(reclaim(10), 0);
	for (i = 0; i < NR; i++)
		expect(aged[i] >= 1 && aged[i] <= 4);
	xa_destroy(&region.blocks);
	fresh_region(0, 1);
	expect_eq(reclaim(10), 0);
	xa_destroy(&region.blocks);
}

TEST(every_block_is_reached_from_anywhere)
{
	unsigned int i, start;

	for (start = 0; start < NR; start++) {
		fresh_region(NR, 1);
		region.hand_age = start;
		region.hand_evict = (start + NR - 10) % NR;
		reclaim(ULONG_MAX);
		for (i = 0; i < NR; i++)
			expect(aged[i] && visited[i]);
		xa_destroy(&region.blocks);
	}
}

/* What is broken up is standby: ageing it would only unmap it once more. */
TEST(hot_huge_frames_are_broken_up)
{
	unsigned int i;

	fresh_region(NR, 1);
	breaks[3] = breaks[4] = true;
	expect_eq(reclaim(10 * NR - 6), 10 * NR - 6);
	for (i = 0; i < NR; i++) {
		expect_eq(!aged[i], breaks[i]);
		expect(judged[i]);
	}
	xa_destroy(&region.blocks);
}

/* Those that were broken up just now are left alone, unless there is nothing else. */
TEST(young_ones_are_left_alone)
{
	struct pp_reclaim rc = { .want = ULONG_MAX };

	fresh_region(NR, 1);
	young[3] = true;
	blocks[3].nr[PP_STANDBY] = 10;
	clock_reclaim(&region, &rc);
	expect(!seen_hard && !aged[3] && !visited[3]);
	rc.hard = true;
	clock_reclaim(&region, &rc);
	expect(seen_hard && visited[3]);
	xa_destroy(&region.blocks);
}

TEST(ends_when_killed)
{
	fresh_region(NR, 1);
	shim_killed = true;
	expect_eq(reclaim(100), 0);
	shim_killed = false;
	xa_destroy(&region.blocks);
}

TEST(ageing_goes_round_once)
{
	unsigned int i;

	fresh_region(NR, 5);
	pp_clock_age(&region);
	for (i = 0; i < NR; i++)
		expect(aged[i] == 1 && judged[i]);
	xa_destroy(&region.blocks);
}
