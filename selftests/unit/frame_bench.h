/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A region that takes frames, for tests of who gets one and who waits. Reclaim takes from the
 * frames that a test holds as many as the test allows.
 */
#ifndef UNIT_FRAME_BENCH_H
#define UNIT_FRAME_BENCH_H

#include "core/frame.c"
#include "core/age.c"
#include "core/home.c"
#include "unit.h"

#define STALL_MS	2000
#define SLOT		7
#define SLOT_BYTES	777

static struct inode inode, zero_inode;
static struct address_space zero_mapping;
static struct pp_pool pool;
static struct pp_domain domain;
static struct pp_region region, other;
static pp_home_t homes[PP_BLOCK_PAGES];
static struct pp_block block;
static struct mem_cgroup owner, stranger;
static struct mm_struct owners_mm = { &owner }, strangers_mm = { &stranger };
static struct vm_area_struct vma = { .vm_mm = &owners_mm };
static struct pp_access access;

/* Frames that the region has in homes, the newest last. */
static struct folio *held[64];
static unsigned int nr_held;

static bool store_full, device_late;
/* Of the frames held, so many can be evicted. */
static unsigned int evictable;
/* How pp_reclaim_direct() was asked last, and how often; the last attempts are counted apart. */
static struct pp_region *asked_only;
static unsigned long asked_want;
static unsigned int asked, asked_last, asked_alloc;
/* A page that changes places: of nobody, of the region, of the other one; how it was asked for. */
static enum { NO_PAGE, OWN_PAGE, OTHERS_PAGE } exchangeable;
static unsigned int exchanges;
static int exchange_bytes;
static bool exchange_others;
/* Frames that others get for the region while it exchanges one. */
static unsigned int rivals;
static unsigned int checks, kicks;
/* What happens when something sleeps next. */
static void (*meanwhile)(void);
static gfp_t gfps[4];
static unsigned int nr_gfps;

unsigned long pp_reclaim_direct(struct pp_pool *p, struct pp_region *only, struct pp_region *keep,
				unsigned long want, enum pp_direct why)
{
	unsigned long n;

	expect(p == &pool && keep == &region && !block.lock.held);
	asked++;
	asked_last += why == PP_DIRECT_LAST;
	asked_alloc += why == PP_DIRECT_ALLOC;
	asked_only = only;
	asked_want = want;
	for (n = 0; n < want && evictable; n++, evictable--)
		pp_frame_put(&region, held[--nr_held], true);
	return n;
}

bool pp_reclaim_exchange(struct pp_region *r, int bytes, bool others, struct folio **won)
{
	expect(r == &region && !block.lock.held);
	exchanges++;
	exchange_bytes = bytes;
	exchange_others = others;
	*won = NULL;
	if (exchangeable == NO_PAGE)
		return false;
	if (exchangeable == OWN_PAGE) {
		*won = held[--nr_held];
		(*won)->referenced = true;
		return true;
	}
	atomic_long_dec(&other.frames);
	atomic_long_add(1 + rivals, &region.frames);
	atomic_long_add(rivals, &pool.frames);
	return true;
}

void pp_reclaim_check(struct pp_pool *p)
{
	checks++;
}

bool pp_reclaim_has_room(struct pp_pool *p, unsigned long pages)
{
	return !p->knobs.limit || atomic_long_read(&p->frames) + pages <= p->knobs.limit;
}

void pp_reclaim_kick(struct pp_pool *p)
{
	kicks++;
}

bool pp_store_full(struct pp_store *store)
{
	return store_full;
}

bool pp_store_is_held_up(struct pp_store *store)
{
	return store_full && device_late;
}

unsigned int pp_store_own(struct pp_slots *slots, u64 number)
{
	expect(block.lock.held);
	expect_eq(number, SLOT);
	return SLOT_BYTES;
}

struct pp_block *pp_block_get(struct pp_region *r, pgoff_t index, bool make)
{
	expect(r == &region && !make);
	return &block;
}

static void asleep(gfp_t gfp)
{
	void (*now)(void) = meanwhile;

	expect(!block.lock.held);
	if (gfp && nr_gfps < ARRAY_SIZE(gfps))
		gfps[nr_gfps++] = gfp;
	meanwhile = NULL;
	if (now)
		now();
}

static void begin(void)
{
	pool = (struct pp_pool){
		.zero_inode = &zero_inode, .knobs.stall_ms = STALL_MS, .nr_regions = 2,
	};
	INIT_LIST_HEAD(&pool.regions);
	zero_inode.i_mapping = &zero_mapping;
	region = (struct pp_region){
		.pool = &pool, .domain = &domain, .inode = &inode, .dry_until = jiffies,
	};
	other = region;
	INIT_LIST_HEAD(&region.spare);
	list_add_tail(&region.all, &pool.regions);
	list_add_tail(&other.all, &pool.regions);
	region.stats = alloc_percpu(struct pp_stats);
	pool.stats = alloc_percpu(struct pp_stats);
	block = (struct pp_block){ .region = &region, .home = homes };
	memset(homes, 0, sizeof(homes));
	shim_task = (struct task_struct){ .mm = &owners_mm };
	access = (struct pp_access){ .region = &region, .vma = &vma, .index = 3 };
	store_full = device_late = shim_killed = false;
	exchangeable = NO_PAGE;
	nr_held = evictable = exchanges = rivals = checks = kicks = 0;
	asked = asked_last = asked_alloc = 0;
	meanwhile = NULL;
	nr_gfps = 0;
	shim_meanwhile = asleep;
}

/* So many are charged to the region; and to the pool, with what the other has. */
static void expect_charged(long n)
{
	expect_eq(region.frames.v, n);
	expect_eq(pool.frames.v, n + other.frames.v);
	expect_eq(pool.spares.v, region.nr_spare);
}

static void end(void)
{
	expect_charged(nr_held + region.nr_spare);
	while (nr_held)
		pp_frame_put(&region, held[--nr_held], false);
	pp_frame_drain(&region, ULONG_MAX);
	expect_charged(0);
	if (region.zero) {
		region.zero->mapping = NULL;
		folio_put(region.zero);
	}
	expect(!block.lock.held && !region.spare_lock.held && !pool.lock.held && !shim_atomic);
	expect(!owner.css.refs && !stranger.css.refs && !shim_task.active_memcg);
	free_percpu(region.stats);
	free_percpu(pool.stats);
	shim_meanwhile = NULL;
	shim_killed = false;
}

static int get_for(bool stored)
{
	struct folio *folio = NULL;
	int err = pp_frame_get(&access, stored, &folio);

	if (err)
		return err;
	expect(folio->refs == 1 && !folio->locked && !folio->mapping && !folio->referenced);
	/* The kernel must not move what homes name by its number. */
	expect(folio->gfp & __GFP_ACCOUNT && !(folio->gfp & __GFP_MOVABLE));
	held[nr_held++] = folio;
	return 0;
}

static int get(void)
{
	return get_for(false);
}

static void hold(unsigned int n)
{
	while (n--)
		expect_eq(get(), 0);
}

/* The other region has so many. */
static void others_hold(long n)
{
	atomic_long_add(n, &other.frames);
	atomic_long_add(n, &pool.frames);
}

#endif /* UNIT_FRAME_BENCH_H */
