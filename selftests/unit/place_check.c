// SPDX-License-Identifier: GPL-2.0-only
/* Placing: time passes in epochs, what rests long enough goes down, and the threshold follows. */
#include "core/age.c"
#include "core/home.c"
#include "policy/place.c"
#include "unit.h"

#define NR_BLOCKS	3

static struct inode inode;
static struct pp_pool pool;
static struct pp_domain domain;
static struct pp_region region;
static struct pp_block blocks[NR_BLOCKS];
static pp_home_t homes[NR_BLOCKS][PP_BLOCK_PAGES];

/* The store: slots that were said to belong on a device. */
static bool placed[NR_BLOCKS * PP_BLOCK_PAGES];
static unsigned int flushes, pushed;
static bool devices, is_short, nowhere;
/* So many more are wanted to be ripe. */
static unsigned int want_ripe;

u64 pp_stats_sum(struct pp_stats __percpu *stats, enum pp_stat which)
{
	return stats->v[which];
}

bool pp_region_tryget(struct pp_region *r)
{
	expect(pool.lock.held);
	r->users.v++;
	return true;
}

void pp_region_put(struct pp_region *r)
{
	r->users.v--;
}

unsigned long pp_store_counted(struct pp_store *store, enum pp_count what)
{
	expect_eq(what, PP_COUNT_PUSHED);
	return pushed;
}

bool pp_store_takes_deep(struct pp_store *store)
{
	return devices;
}

bool pp_store_is_short(struct pp_store *store)
{
	return is_short;
}

bool pp_store_wants_ripe(struct pp_store *store)
{
	return want_ripe;
}

bool pp_store_place(struct pp_slots *slots, u64 number, bool deep)
{
	expect(deep);
	want_ripe -= want_ripe && !placed[number];
	placed[number] |= !nowhere;
	return placed[number];
}

void pp_store_flush(struct pp_store *store)
{
	flushes++;
}

static void begin(unsigned long ms)
{
	unsigned int i;

	pool = (struct pp_pool){ .knobs.demote_ms = ms, .nr_regions = 1 };
	INIT_LIST_HEAD(&pool.regions);
	region = (struct pp_region){ .pool = &pool, .domain = &domain, .inode = &inode,
				     .users.v = 1 };
	list_add_tail(&region.all, &pool.regions);
	pool.stats = alloc_percpu(struct pp_stats);
	region.stats = alloc_percpu(struct pp_stats);
	memset(homes, 0, sizeof(homes));
	memset(placed, 0, sizeof(placed));
	flushes = pushed = 0;
	devices = true;
	is_short = nowhere = false;
	for (i = 0; i < NR_BLOCKS; i++) {
		blocks[i] = (struct pp_block){ .region = &region, .home = homes[i],
					       .base = i << PP_BLOCK_SHIFT };
		blocks[i].nr[PP_HOLE] = PP_BLOCK_PAGES;
		expect_eq(xa_insert(&region.blocks, i, &blocks[i], 0), 0);
	}
	expect_eq(pp_place_init(), 0);
	pp_place_init_pool(&pool);
}

static void end(void)
{
	pp_place_exit_pool(&pool);
	pp_place_exit();
	expect(region.users.v == 1 && !pool.place.lock.held);
	expect(!pool.threshold);
	xa_destroy(&region.blocks);
	free_percpu(region.stats);
	free_percpu(pool.stats);
}

static void store(unsigned int block, unsigned int i)
{
	mutex_lock(&blocks[block].lock);
	/* A frame before, which this test does without. */
	pp_home_move(&blocks[block], i,
		     pp_home_in_slot(block * PP_BLOCK_PAGES + i) |
		     (pp_home_t)pool.epoch << PP_HOME_SEEN_SHIFT, PP_WHY_EVICT);
	mutex_unlock(&blocks[block].lock);
}

/* The worker's next @n turns. */
static void turns(unsigned int n)
{
	while (n--) {
		expect(pool.place.work.work.queued);
		jiffies += pool.place.work.delay;
		pool.place.work.work.queued = false;
		place_worker(&pool.place.work.work);
	}
}

TEST(epochs_pass)
{
	begin(16000);
	expect(pool.epoch == 1 && pool.threshold == PP_AGE_THRESHOLD);
	expect_eq(pool.place.work.delay, HZ);
	turns(5);
	expect_eq(pool.epoch, 6);
	/* It was late. */
	jiffies += 3 * HZ;
	turns(1);
	expect_eq(pool.epoch, 10);
	/* So late that it seems less. */
	jiffies += 1000 * HZ;
	turns(1);
	expect_eq(pool.epoch, 10 + MAX_PASS);
	turns(1);
	expect_eq(pool.epoch, 11 + MAX_PASS);
	/* A length that has no end in jiffies is rounded up. */
	pp_place_set(&pool, 1001);
	expect_eq(pool.place.work.delay, DIV_ROUND_UP(1001 * HZ / 1000, 16));
	end();
}

/* Looking takes so long that it is done less often; until then time goes slowly. */
TEST(a_tenth_of_the_time)
{
	begin(16000);
	store(0, 3);
	pool.place.rest_until = jiffies + 300 * HZ;
	turns(100);
	expect(!flushes);
	expect_eq(pool.epoch, 1 + MAX_PASS);
	turns(200);
	expect_eq(flushes, 1);
	expect_eq(pool.place.walked, 0);
	end();
}

TEST(what_rests_goes_down)
{
	begin(16000);
	store(0, 3);
	turns(10);
	store(2, 5);
	turns(5);
	expect(!placed[3]);
	turns(5);
	expect(placed[3] && !placed[2 * PP_BLOCK_PAGES + 5]);
	expect(homes[0][3] & PP_HOME_DEEP);
	expect_eq(region.stats->v[PP_STAT_demoted], 1);
	turns(10);
	expect(placed[2 * PP_BLOCK_PAGES + 5]);
	expect(flushes >= 7 && flushes <= 8);
	/* Others are nobody's. */
	expect(!placed[4]);
	end();
}

TEST(without_a_device_nothing_is_said)
{
	begin(16000);
	devices = false;
	store(0, 3);
	turns(30);
	expect(!placed[3] && !(homes[0][3] & PP_HOME_DEEP));
	/* One comes. */
	devices = true;
	turns(4);
	expect(placed[3]);
	end();
}

/* A device went, and its slots came back. */
TEST(asked_for_again)
{
	begin(16000);
	store(0, 3);
	turns(20);
	expect(placed[3]);
	placed[3] = false;
	turns(4);
	expect(placed[3]);
	expect_eq(region.stats->v[PP_STAT_demoted], 1);
	end();
}

TEST(a_repeated_word_stays)
{
	begin(16000);
	nowhere = true;
	store(0, 3);
	turns(30);
	expect(!(homes[0][3] & PP_HOME_DEEP));
	expect_eq(region.stats->v[PP_STAT_demoted], 0);
	end();
}

TEST(a_long_rest_does_not_seem_short)
{
	unsigned int n;

	begin(16000);
	devices = false;
	store(1, 0);
	for (n = 0; n < 3 * PP_EPOCHS; n++) {
		turns(1);
		expect(n < PP_AGE_MAX - 1 || pp_age_of(homes[1][0], pool.epoch) >= PP_AGE_MAX - 1);
	}
	expect_eq(homes[1][0] & PP_HOME_SEEN, PP_HOME_SEEN);
	end();
}

TEST(switched_off_and_on)
{
	begin(16000);
	store(0, 3);
	pp_place_set(&pool, 0);
	pool.place.work.work.queued = false;
	place_worker(&pool.place.work.work);
	expect(!pool.place.work.work.queued && !pool.threshold);
	expect_eq(pp_place_now_ms(&pool), 0);
	/* What happens meanwhile is not answered for later; nor does anything get older. */
	jiffies += 1000 * HZ;
	store(0, 4);
	pushed = 100;
	pp_place_set(&pool, 1600);
	expect_eq(pool.place.work.delay, HZ / 10);
	turns(4);
	expect_eq(pp_place_now_ms(&pool), 1600);
	expect(!placed[3] && !placed[4]);
	turns(16);
	expect(placed[3] && placed[4]);
	end();
}

TEST(set_to_less)
{
	begin(86400000);
	store(0, 3);
	jiffies += 5000 * HZ;
	pp_place_set(&pool, 16000);
	turns(8);
	expect(!placed[3]);
	turns(8);
	expect(placed[3]);
	end();
}

TEST(set_to_what_it_is)
{
	begin(16000);
	pushed = 1;
	turns(4);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD - FALL);
	pool.place.work.delay = 77;
	pp_place_set(&pool, 16000);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD - FALL);
	expect_eq(pool.place.work.delay, 77);
	pp_place_set(&pool, 16001);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD);
	end();
}

TEST(no_more_than_is_wanted)
{
	unsigned int i, n = 0;

	begin(16000);
	for (i = 0; i < 10; i++)
		store(0, i);
	pushed = 1;
	turns(4);
	expect(pool.threshold < PP_AGE_THRESHOLD);
	/* There is room. */
	turns(4);
	turns(4);
	for (i = 0; i < 10; i++)
		expect(!placed[i]);
	want_ripe = 3;
	pushed++;
	turns(2);
	is_short = true;
	pp_place_hurry(&pool);
	turns(1);
	is_short = false;
	for (i = 0; i < 10; i++)
		n += placed[i];
	expect_eq(n, 3);
	expect_eq(region.stats->v[PP_STAT_demoted], 3);
	/* What is old enough anyhow goes anyhow. */
	turns(4);
	for (i = 0; i < 10; i++)
		expect(placed[i]);
	end();
}

TEST(pushed_it_falls)
{
	unsigned int n;

	begin(16000);
	pushed = 1;
	turns(4);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD - FALL);
	expect_eq(pp_place_now_ms(&pool), 8000);
	for (; pushed < 20; pushed++)
		turns(4);
	expect_eq(pool.threshold, LEAST);
	expect_eq(pp_place_now_ms(&pool), 2000);
	/* Nothing more was: back, a step each time. */
	turns(4);
	expect_eq(pool.threshold, LEAST);
	for (n = LEAST + 1; n <= PP_AGE_THRESHOLD; n++) {
		turns(4);
		expect_eq(pool.threshold, n);
	}
	turns(4);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD);
	end();
}

/* So many went down, and so many of them came back early. */
static void happened(unsigned int demoted, unsigned int early)
{
	pool.stats->v[PP_STAT_demoted] += demoted;
	pool.stats->v[PP_STAT_demoted_early] += early;
	turns(4);
}

TEST(early_ones_raise_it)
{
	unsigned int n;

	begin(16000);
	/* Too few to tell. */
	happened(10, 10);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD);
	happened(40, 10);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD + RISE);
	/* These are told of once. */
	turns(4);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD + RISE - 1);
	for (n = 0; n < 20; n++)
		happened(80, 11);
	expect_eq(pool.threshold, PP_AGE_LONGEST);
	expect_eq(pp_place_now_ms(&pool), 16000 * 8);
	/* Few: it goes back. */
	for (n = 0; n < 20; n++)
		happened(80, 10);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD);
	/* Want of room comes first. */
	pushed = 1;
	happened(80, 80);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD - FALL);
	happened(0, 0);
	expect_eq(pool.threshold, PP_AGE_THRESHOLD - FALL + 1);
	end();
}

TEST(hurried_when_short)
{
	begin(1600000);
	turns(1);
	pp_place_hurry(&pool);
	expect(pool.place.work.delay && !flushes);
	is_short = true;
	devices = false;
	pp_place_hurry(&pool);
	expect(pool.place.work.delay);
	devices = true;
	pp_place_hurry(&pool);
	expect(!pool.place.work.delay);
	turns(1);
	expect_eq(flushes, 1);
	/* But it rests in between. */
	pp_place_hurry(&pool);
	expect(pool.place.work.delay);
	jiffies += HZ;
	pp_place_hurry(&pool);
	expect(!pool.place.work.delay);
	/* It is time in any case: once is enough. */
	jiffies += 500 * HZ;
	turns(1);
	expect(flushes == 2 && !pool.place.hurried);
	jiffies += HZ;
	pp_place_hurry(&pool);
	expect(!pool.place.work.delay);
	/* Nor does the threshold go back faster for it. */
	pool.threshold = LEAST;
	turns(1);
	expect(flushes == 3 && pool.threshold == LEAST);
	pp_place_set(&pool, 0);
	turns(1);
	expect_eq(flushes, 3);
	pp_place_hurry(&pool);
	expect(!pool.place.work.work.queued);
	end();
}

TEST(a_region_that_ends_is_left)
{
	begin(16000);
	store(0, 3);
	region.ending = true;
	turns(30);
	expect(!placed[3]);
	end();
}
