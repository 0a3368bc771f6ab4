// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which huge frames are broken up for their zeros, and when. A block is a number of zeros here, and
 * what shattering it says.
 */
#include "shim.h"

#define NR	200
#define LOOKS	64

static bool marked[NR];

#define XA_MARK_0	0
#define XA_MARK_1	1
#define xa_find(xa, index, last, mark)	((void)(xa), find_marked(index, last, mark))
#define xa_set_mark(xa, index, mark) \
	((void)(xa), (void)(index), (void)(mark), (void)(marked[index] = true))
#define xa_clear_mark(xa, index, mark) \
	((void)(xa), (void)(index), (void)(mark), (void)(marked[index] = false))

struct pp_block;
static struct pp_block *find_marked(unsigned long *index, unsigned long last, unsigned int mark);

#include "policy/sparse.c"
#include "unit.h"

static struct pp_pool pool;
static struct pp_region region;
static struct pp_block blocks[NR];
static struct folio frames[NR];
static unsigned int zeros[NR], counted[NR], shattered[NR];
static int refusal;

static struct pp_block *find_marked(unsigned long *index, unsigned long last, unsigned int mark)
{
	unsigned long n;

	expect_eq(mark, PP_BLOCK_UNCOUNTED);

	for (n = *index; n < NR && n <= last; n++) {
		if (marked[n]) {
			*index = n;
			return &blocks[n];
		}
	}
	return NULL;
}

unsigned int pp_huge_zeros(struct pp_block *block, unsigned long least)
{
	unsigned int i = block - blocks;

	expect(block->lock.held && block->huge && !block->huge->mlocked);
	/* A guest touches it while it is looked at. */
	if (zeros[i] == 77)
		marked[i] = true;
	counted[i]++;
	return zeros[i] >= least ? zeros[i] : 0;
}

bool pp_huge_is_held(struct pp_block *block)
{
	expect(block->lock.held && block->huge);
	return block->huge->mlocked;
}

int pp_huge_shatter(struct pp_block *block, unsigned int parts)
{
	unsigned int i = block - blocks;

	expect(!block->lock.held);
	expect_eq(parts, PP_BLOCK_PAGES - zeros[i]);
	if (refusal)
		return refusal;
	shattered[i]++;
	block->huge = NULL;
	return zeros[i];
}

static void begin(unsigned int nr)
{
	unsigned int i;

	pool = (struct pp_pool){ .knobs.huge_zeros = 128 };
	region = (struct pp_region){ .pool = &pool };
	region.stats = alloc_percpu(struct pp_stats);
	pool.stats = alloc_percpu(struct pp_stats);
	atomic_long_set(&region.huge, nr);
	memset(marked, 0, sizeof(marked));
	memset(zeros, 0, sizeof(zeros));
	memset(counted, 0, sizeof(counted));
	memset(shattered, 0, sizeof(shattered));
	memset(frames, 0, sizeof(frames));
	refusal = 0;
	for (i = 0; i < nr; i++) {
		marked[i] = true;
		blocks[i] = (struct pp_block){
			.region = &region, .base = (pgoff_t)i << PP_BLOCK_SHIFT,
			.huge = &frames[i], .changed = jiffies - HZ,
		};
	}
}

static unsigned int looks_left;

static unsigned long reclaim(unsigned long want)
{
	struct pp_reclaim rc = { .pool = &pool, .want = want, .looks = LOOKS };

	pp_sparse_reclaim(&region, &rc);
	looks_left = rc.looks;
	return rc.done;
}

static void end(unsigned int sparse)
{
	expect_eq(per_cpu_ptr(region.stats, shim_cpu)->v[PP_STAT_shatter_sparse], sparse);
	free_percpu(region.stats);
	free_percpu(pool.stats);
	expect_eq(shim_live(), 0);
}

TEST(those_with_enough_zeros)
{
	begin(4);
	zeros[1] = 127;
	zeros[2] = 128;
	zeros[3] = 400;
	expect_eq(reclaim(ULONG_MAX), 528);
	expect(!shattered[0] && !shattered[1] && shattered[2] == 1 && shattered[3] == 1);
	/* Looked at once. */
	expect_eq(reclaim(ULONG_MAX), 0);
	expect_eq(counted[0] + counted[1] + counted[2] + counted[3], 4);
	marked[1] = true;
	pool.knobs.huge_zeros = 127;
	expect_eq(reclaim(ULONG_MAX), 127);
	end(3);
}

TEST(no_more_than_wanted)
{
	begin(5);
	zeros[0] = zeros[1] = zeros[2] = zeros[3] = zeros[4] = 200;
	expect_eq(reclaim(201), 400);
	expect_eq(reclaim(1), 200);
	expect(shattered[2] && !shattered[3]);
	/* The hand goes on, and around. */
	marked[0] = true;
	blocks[0].huge = &frames[0];
	expect_eq(reclaim(1), 200);
	expect(shattered[3] && shattered[0] == 1);
	expect_eq(reclaim(ULONG_MAX), 400);
	expect_eq(shattered[0], 2);
	end(6);
}

TEST(a_new_one_is_left_alone)
{
	begin(2);
	zeros[0] = zeros[1] = 300;
	blocks[0].changed = jiffies - HZ + 1;
	expect_eq(reclaim(ULONG_MAX), 300);
	expect(!counted[0] && marked[0]);
	jiffies++;
	expect_eq(reclaim(ULONG_MAX), 300);
	end(2);
}

TEST(a_visit_is_short)
{
	unsigned int i, seen = 0;

	begin(NR);
	reclaim(ULONG_MAX);
	for (i = 0; i < NR; i++)
		seen += counted[i];
	expect_eq(seen, LOOKS);
	for (i = 0; i < 5; i++)
		reclaim(ULONG_MAX);
	for (i = 0; i < NR; i++)
		expect_eq(counted[i], 1);
	end(0);
}

/* Also when all that is marked is too new to be looked at. */
TEST(it_comes_to_an_end)
{
	unsigned int i;

	begin(3);
	for (i = 0; i < 3; i++)
		blocks[i].changed = jiffies;
	expect_eq(reclaim(ULONG_MAX), 0);
	expect(marked[0] && marked[1] && marked[2]);
	shim_killed = true;
	jiffies += HZ;
	zeros[0] = 500;
	expect_eq(reclaim(ULONG_MAX), 0);
	shim_killed = false;
	region.ending = true;
	expect_eq(reclaim(ULONG_MAX), 0);
	expect_eq(counted[0], 0);
	end(0);
}

TEST(what_stays)
{
	begin(3);
	zeros[0] = zeros[1] = 300;
	frames[0].mlocked = true;
	blocks[2].huge = NULL;
	refusal = -EBUSY;
	expect_eq(reclaim(ULONG_MAX), 0);
	expect(!counted[0] && counted[1] == 1 && !counted[2]);
	/* Those that are held now are looked at again, the next time. */
	expect(marked[0] && marked[1] && !marked[2]);
	expect_eq(looks_left, LOOKS - 3);
	/* From wherever the hand is. */
	region.hand_count = 1;
	expect_eq(reclaim(ULONG_MAX), 0);
	expect(counted[1] == 2 && looks_left == LOOKS - 2);
	end(0);
}

/* Others could not be broken up either, and this one can be later. */
TEST(no_memory)
{
	begin(3);
	zeros[0] = zeros[1] = 300;
	refusal = -ENOMEM;
	expect_eq(reclaim(ULONG_MAX), 0);
	expect(counted[0] && !counted[1] && marked[0] && marked[1]);
	refusal = 0;
	expect_eq(reclaim(ULONG_MAX), 600);
	end(2);
}

TEST(touched_while_it_is_counted)
{
	begin(1);
	zeros[0] = 77;
	expect_eq(reclaim(ULONG_MAX), 0);
	expect(marked[0]);
	end(0);
}

TEST(switched_off)
{
	begin(1);
	zeros[0] = PP_BLOCK_PAGES;
	pool.knobs.huge_zeros = 0;
	expect_eq(reclaim(ULONG_MAX), 0);
	expect(!counted[0] && marked[0]);
	end(0);
}
