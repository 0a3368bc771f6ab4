// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames: who gets one below a limit, who waits, and for how long. Two guests on a pool whose store
 * has room for so many pages, and no page tables: what is not standby is in use.
 */
#include "shim.h"

#define GFP_HIGHUSER		0
#define GFP_KERNEL_ACCOUNT	0
#define GFP_TRANSHUGE_LIGHT	0
#define __GFP_ACCOUNT		0

struct mm_struct { int unused; };
struct mem_cgroup { int css; };
struct shim_vma { struct mm_struct *vm_mm; };
#define vm_area_struct shim_vma
struct shim_task { struct mm_struct *mm; };
static struct shim_task the_task;
#undef current
#define current			(&the_task)

#define get_mem_cgroup_from_mm(mm)	((void)(mm), (struct mem_cgroup *)NULL)
#define set_active_memcg(memcg)	((void)(memcg), (struct mem_cgroup *)NULL)
#define mem_cgroup_put(memcg)	((void)(memcg))
#define folio_memcg(folio)	((void)(folio), (struct mem_cgroup *)NULL)
#define css_tryget(css)		((void)(css), true)
#define css_put(css)		((void)(css))
#define rcu_read_lock()		((void)0)
#define rcu_read_unlock()	((void)0)
#define folio_alloc(gfp, order)	((void)(gfp), (void)(order), (struct folio *)alloc_page(0))
#define pp_compat_vma_alloc(gfp, order, vma, addr) \
	((void)(vma), (void)(addr), folio_alloc(gfp, order))
#define folio_put(folio)	__free_page((struct page *)(folio))
#define folio_clear_referenced(folio)	((void)(folio))
#define folio_trylock(folio)	((folio)->locked ? false : ((folio)->locked = true))
#define folio_unlock(folio)	((void)((folio)->locked = false))
#define folio_ref_freeze(folio, n)	((void)(n), (folio)->frozen = true)
#define folio_ref_unfreeze(folio, n)	((void)(n), (folio)->frozen = false)
#define i_size_read(inode)	((inode)->i_size)
#define cmpxchg(p, old, new)	(*(p) == (old) ? (*(p) = (new), (old)) : *(p))

static void schedule_timeout_killable(unsigned long pause);

#include "control/stats.c"
#include "core/frame.c"
#include "core/evict.c"
#include "core/home.c"
#include "policy/reclaim.c"
#include "policy/clock.c"
#include "unit.h"

#define NR		2
#define NR_BLOCKS	4
#define PAGES		(NR_BLOCKS * PP_BLOCK_PAGES)
/* What the store keeps for pages that change places. */
#define KEPT		32

static struct pp_pool pool;
static struct pp_domain domain;
static struct pp_region regions[NR];
static struct inode inodes[NR];
static struct pp_block blocks[NR][NR_BLOCKS];
static pp_home_t homes[NR][NR_BLOCKS][PP_BLOCK_PAGES];
/* Pages in the store, and its room. */
static long stored, room;
/* What others do while a fault pauses. */
static void (*meanwhile)(void);
static bool inside;
/* The worker does what it is told. */
static bool background;

const struct pp_policy_ops pp_policy_random = { .name = "random" };

int pp_store_put(struct pp_slots *slots, struct page *page, unsigned int flags, u64 *slot)
{
	if ((flags & PP_PUT_NO_ROOM) || stored >= room - (flags & PP_PUT_EXCHANGE ? 0 : KEPT))
		return -ENOSPC;
	*slot = ++stored;
	return PP_PUT_STORED;
}

void pp_store_drop(struct pp_slots *slots, u64 slot)
{
	stored--;
}

u64 pp_store_bytes(struct pp_store *store)
{
	return (u64)stored << PAGE_SHIFT;
}

unsigned long pp_store_compact(struct pp_store *store)
{
	return 0;
}

bool pp_store_tight(struct pp_store *store)
{
	return false;
}

void pp_store_refill(struct pp_store *store)
{
}

bool pp_huge_evict(struct pp_block *block, struct pp_reclaim *rc, bool any)
{
	return false;
}

void pp_huge_shatter_marked(struct pp_region *region)
{
}

bool pp_region_tryget(struct pp_region *region)
{
	return true;
}

void pp_region_put(struct pp_region *region)
{
}

void unmap_mapping_pages(struct address_space *mapping, pgoff_t start, pgoff_t nr, bool even_cows)
{
}

static void schedule_timeout_killable(unsigned long pause)
{
	jiffies += pause;
	if (!meanwhile || inside)
		return;
	inside = true;
	meanwhile();
	inside = false;
}

/* Limits in pages. */
static void begin(unsigned long limit, unsigned long spare, long store_room)
{
	unsigned int i, n;

	pool = (struct pp_pool){
		.policy = &pp_policy_clock,
		.knobs = { .evict = true, .limit = limit, .spare = spare, .stall_ms = 10000 },
	};
	INIT_LIST_HEAD(&pool.regions);
	pool.stats = alloc_percpu(struct pp_stats);
	atomic_long_set(&pool.promised, NR * PAGES);
	pp_reclaim_init_pool(&pool);
	memset(homes, 0, sizeof(homes));
	stored = 0;
	room = store_room;
	meanwhile = NULL;
	background = true;
	for (i = 0; i < NR; i++) {
		struct pp_region *region = &regions[i];

		inodes[i] = (struct inode){ .i_size = (loff_t)PAGES << PAGE_SHIFT };
		*region = (struct pp_region){
			.pool = &pool, .domain = &domain, .inode = &inodes[i], .users.v = 1,
		};
		region->stats = alloc_percpu(struct pp_stats);
		INIT_LIST_HEAD(&region->spare);
		list_add_tail(&region->all, &pool.regions);
		atomic_long_set(&region->nr_blocks, NR_BLOCKS);
		for (n = 0; n < NR_BLOCKS; n++) {
			struct pp_block *block = &blocks[i][n];

			*block = (struct pp_block){
				.region = region, .home = homes[i][n], .base = n * PP_BLOCK_PAGES,
			};
			block->nr[PP_HOLE] = PP_BLOCK_PAGES;
			expect_eq(xa_insert(&region->blocks, n, block, 0), 0);
		}
	}
}

static void end(void)
{
	u64 sums[PP_NR_STATS] = {};
	unsigned int i, n;

	for (i = 0; i < NR * PAGES; i++) {
		struct pp_block *block = &blocks[i / PAGES][i / PP_BLOCK_PAGES % NR_BLOCKS];
		pp_home_t home = block->home[i % PP_BLOCK_PAGES];

		if (pp_home_has_frame(home))
			__free_page(folio_page(pp_home_folio(home), 0));
	}
	for (i = 0; i < NR; i++) {
		pp_frame_drain(&regions[i], ULONG_MAX);
		for (n = 0; n < PP_NR_STATS; n++)
			sums[n] += pp_stats_sum(regions[i].stats, n);
	}
	for (n = 0; n < PP_NR_STATS; n++)
		expect_eq(pp_stats_sum(pool.stats, n), sums[n]);
	for (i = 0; i < NR; i++) {
		free_percpu(regions[i].stats);
		xa_destroy(&regions[i].blocks);
	}
	free_percpu(pool.stats);
	pp_reclaim_exit_pool(&pool);
	expect_eq(shim_live(), 0);
}

static void move(struct pp_block *block, unsigned int i, struct folio *folio)
{
	mutex_lock(&block->lock);
	pp_home_move(block, i, pp_home_in_frame(PP_FRAME, folio, 0), PP_WHY_FAULT);
	mutex_unlock(&block->lock);
}

/* A write to a page, as pp_access_page() does it. Return: 0 or an errno. */
static int touch(unsigned int guest, unsigned int page)
{
	struct pp_block *block = &blocks[guest][page / PP_BLOCK_PAGES];
	unsigned int i = page % PP_BLOCK_PAGES;
	struct pp_region *region = &regions[guest];
	struct pp_patience patience = {};
	struct folio *folio;
	enum pp_state state;
	int err;

	do {
		state = pp_home_state(block->home[i]);
		if (state == PP_FRAME)
			return 0;
		if (state == PP_STANDBY) {
			move(block, i, pp_home_folio(block->home[i]));
			return 0;
		}
		err = pp_frame_get(region, NULL, 0, state == PP_STORED ? PP_FRAME_RESTORE : 0,
				   &patience, &folio);
	} while (err == -EAGAIN);
	if (err)
		return err;
	/* Others may have been here while it waited. */
	if (pp_home_state(block->home[i]) != state) {
		pp_frame_put(region, folio, true);
		return touch(guest, page);
	}
	folio->refs = 1;
	folio->private = NULL;
	if (state == PP_STORED)
		pp_store_drop(NULL, pp_home_slot(block->home[i]));
	move(block, i, folio);
	if (background)
		shim_work(&pool.work);
	return 0;
}

static u64 stalls(void)
{
	return pp_stats_sum(pool.stats, PP_STAT_stalls);
}

TEST(frames_for_pages_that_come_back)
{
	static const unsigned long limits[][2] = {
		{ 1, 0 }, { 15, 0 }, { 16, 1 }, { 255, 15 }, { 256, 16 }, { 4096, 16 },
		{ 1UL << 18, 1024 }, { 1UL << 24, 1024 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		expect_eq(exchange_frames(limits[i][0]), limits[i][1]);
		/* Or the worker would sleep while new memory waits. */
		expect(exchange_frames(limits[i][0]) * 4 <= pp_reclaim_headroom(limits[i][0]));
	}
	begin(0, 0, 0);
	atomic_long_set(&pool.frames, LONG_MAX / 2);
	expect(!pool_over(&pool, 1, 0));
	atomic_long_set(&pool.frames, 0);
	end();
}

TEST(new_memory_stops_before_the_limit)
{
	unsigned int n = 0;

	begin(512, 0, KEPT);
	while (n < PAGES && !touch(0, n))
		n++;
	expect_eq(n, 512 - 16);
	expect_eq(atomic_long_read(&pool.frames), 512 - 16);
	expect_eq(stalls(), 1);
	end();
}

/* All of a limit is used as long as the store has room; what is evicted is no reason to wait. */
TEST(not_while_the_store_has_room)
{
	unsigned int n;

	begin(0, 128, 4 * PAGES);
	regions[0].limit = 1024;
	for (n = 0; n < 1024; n++)
		expect_eq(touch(0, n), 0);
	expect_eq(atomic_long_read(&regions[0].frames), 1024);
	for (n = 0; n < 10000; n++)
		expect_eq(touch(0, n * 7919 % PAGES), 0);
	expect(pp_stats_sum(pool.stats, PP_STAT_evictions) > 1000);
	expect_eq(stalls(), 0);
	end();
}

TEST(not_where_all_may_be_in_memory)
{
	unsigned int n = 0;

	begin(0, 0, 0);
	regions[0].limit = PAGES;
	while (n < PAGES && !touch(0, n))
		n++;
	expect_eq(n, PAGES);
	end();

	begin(NR * PAGES, 0, 0);
	for (n = 0; n < NR * PAGES && !touch(n / PAGES, n % PAGES); n++)
		;
	expect_eq(n, NR * PAGES);
	expect_eq(stalls(), 0);
	end();
}

static unsigned int next_page, came_back;

/* Guest 1 works with what it has. */
static void work(void)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		unsigned int page = next_page++ * 7919 % 1000;
		bool away = pp_home_state(blocks[1][page / PP_BLOCK_PAGES]
					  .home[page % PP_BLOCK_PAGES]) == PP_STORED;

		expect_eq(touch(1, page), 0);
		expect(atomic_long_read(&pool.frames) <= pool.knobs.limit);
		came_back += away;
	}
}

static void behind_a_full_store(unsigned long spare)
{
	unsigned int n;
	unsigned long start;

	begin(1024, spare, 512);
	for (n = 0; n < 1000; n++)
		expect_eq(touch(1, n), 0);
	pool.knobs.stall_ms = 0;
	for (n = 0; n < PAGES && !touch(0, n); n++)
		;
	/* All there is, but what is kept. */
	expect_eq(n + 1000, 1024 - 16 + 512 - KEPT);
	pool.knobs.stall_ms = 10000;
	meanwhile = work;
	came_back = 0;
	start = jiffies;
	expect_eq(touch(0, n), -EBUSY);
	/* The other one went on, and that did not prolong it. */
	expect(came_back > 50);
	expect(jiffies - start >= msecs_to_jiffies(10000) &&
	       jiffies - start <= msecs_to_jiffies(10000) + 2);
	expect_eq(stalls(), 2);
	meanwhile = NULL;
	for (n = 0; n < 1000; n++)
		expect_eq(touch(1, n), 0);
	end();
}

TEST(pages_change_places_behind_a_full_store)
{
	behind_a_full_store(0);
}

/* Spare frames are charged: they are no way around the line. */
TEST(also_with_spare_frames)
{
	behind_a_full_store(128);
}

/* Others lowered the limit; what is evicted or spare is given back until the line is kept. */
TEST(new_memory_above_the_line)
{
	unsigned int n;

	begin(1024, 128, PAGES);
	background = false;
	for (n = 0; n < 1100; n++)
		expect_eq(touch(0, n), 0);
	pool.knobs.limit = atomic_long_read(&pool.frames);
	expect(!pool_over(&pool, 0, 0));
	pool.full_until = jiffies + 100 * HZ;
	expect(pool_over(&pool, 0, 0));
	expect_eq(touch(0, n++), 0);
	expect(atomic_long_read(&pool.frames) <= pool.knobs.limit - 16);
	/* A page that comes back may use all of it. */
	for (n = 1200; n < 1400 && regions[0].nr_spare < 20; n++)
		expect_eq(touch(0, n), 0);
	pool.knobs.evict = false;
	pool.knobs.limit = atomic_long_read(&pool.frames);
	expect(may_pop(&regions[0], PP_FRAME_RESTORE) && !may_pop(&regions[0], 0));
	expect_eq(touch(0, 1500), 0);
	expect_eq(stalls(), 0);
	end();
}

static void filled_by_another(void)
{
	/* Guest 1 gave some back, the other processor was faster. */
	atomic_long_sub(1, &pool.frames);
	if (pp_home_state(homes[0][3][511]) == PP_HOLE) {
		struct folio *folio = (struct folio *)alloc_page(0);

		folio->refs = 1;
		move(&blocks[0][3], 511, folio);
		atomic_long_inc(&regions[0].frames);
		atomic_long_inc(&pool.frames);
	}
	atomic_long_add(1, &pool.frames);
	meanwhile = NULL;
}

TEST(a_page_that_came_meanwhile)
{
	unsigned int n;

	begin(512, 0, 0);
	pool.knobs.stall_ms = 0;
	for (n = 0; n < PAGES && !touch(0, n); n++)
		;
	pool.knobs.stall_ms = 10000;
	meanwhile = filled_by_another;
	expect_eq(touch(0, PAGES - 1), 0);
	end();
}
