// SPDX-License-Identifier: GPL-2.0-only
#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include "compat/compat.h"
#include "core/frame.h"
#include "policy/reclaim.h"

/* Evicted by a fault that finds its limit reached. */
#define DIRECT_BATCH	32
/* Longest pause between two attempts to make room, jiffies: each looks at all there is. */
#define MAX_PAUSE	((unsigned long)HZ / 4)
/* The same for a page that leaves the store: it is likely to find some. */
#define RESTORE_PAUSE	((unsigned long)HZ / 50 + 1)

static void uncharge_pages(struct pp_region *region, long n)
{
	atomic_long_sub(n, &region->frames);
	atomic_long_sub(n, &region->pool->frames);
}

static void uncharge(struct pp_region *region)
{
	uncharge_pages(region, 1);
}

/* Kept below @limit behind a full store: of the headroom that background reclaim had free then. */
static unsigned long exchange_frames(unsigned long limit)
{
	return pp_reclaim_headroom(limit) / 4;
}

/* Would @frames and @n more be too many, where @most is what may be wanted at all? */
static bool over(atomic_long_t *frames, long n, unsigned long limit, unsigned long most, bool all)
{
	if (!limit)
		return false;
	if (!all && limit < most)
		limit -= exchange_frames(limit);
	return atomic_long_read(frames) + n > (long)limit;
}

/* Whoever wants new memory behind a full store leaves the last frames to others. */
static bool may_have_all(struct pp_pool *pool, unsigned int how)
{
	return (how & PP_FRAME_RESTORE) || !pp_reclaim_store_full(pool);
}

static bool region_over(struct pp_region *region, long n, unsigned int how)
{
	return over(&region->frames, n, READ_ONCE(region->limit),
		    i_size_read(region->inode) >> PAGE_SHIFT, may_have_all(region->pool, how));
}

static bool pool_over(struct pp_pool *pool, long n, unsigned int how)
{
	return over(&pool->frames, n, READ_ONCE(pool->knobs.limit),
		    atomic_long_read(&pool->promised), may_have_all(pool, how));
}

static bool any_over(struct pp_region *region, long n, unsigned int how)
{
	return region_over(region, n, how) || pool_over(region->pool, n, how);
}

/* Return: true when @n more pages fit under both limits; they are charged then. */
static bool charge(struct pp_region *region, long n, unsigned int how)
{
	/* Looked at first: a charge that fails is seen by others for a moment. */
	if (any_over(region, n, how))
		return false;
	atomic_long_add(n, &region->frames);
	atomic_long_add(n, &region->pool->frames);
	if (!any_over(region, 0, how))
		return true;
	uncharge_pages(region, n);
	return false;
}

/* A spare frame is charged already; but new memory must not pass over the line with it. */
static bool may_pop(struct pp_region *region, unsigned int how)
{
	return READ_ONCE(region->nr_spare) &&
	       (may_have_all(region->pool, how) || !any_over(region, 0, how));
}

static struct folio *spare_take(struct pp_region *region)
{
	struct folio *folio;

	if (!READ_ONCE(region->nr_spare))
		return NULL;
	spin_lock(&region->spare_lock);
	folio = list_first_entry_or_null(&region->spare, struct folio, lru);
	if (folio) {
		list_del(&folio->lru);
		region->nr_spare--;
		atomic_long_dec(&region->pool->spares);
	}
	spin_unlock(&region->spare_lock);
	return folio;
}

static struct folio *spare_pop(struct pp_region *region)
{
	struct folio *folio;

	/* Memory may go bad while nobody uses it. */
	while ((folio = spare_take(region)) && folio_test_hwpoison(folio)) {
		folio_put(folio);
		uncharge(region);
	}
	return folio;
}

void pp_frame_put(struct pp_region *region, struct folio *folio, bool keep)
{
	if (keep && !folio_test_hwpoison(folio) &&
	    READ_ONCE(region->nr_spare) < READ_ONCE(region->pool->knobs.spare)) {
		folio_clear_referenced(folio);
		spin_lock(&region->spare_lock);
		list_add(&folio->lru, &region->spare);
		region->nr_spare++;
		atomic_long_inc(&region->pool->spares);
		spin_unlock(&region->spare_lock);
		return;
	}
	folio_put(folio);
	uncharge(region);
}

void pp_frame_detach(struct pp_region *region, struct folio *folio)
{
	uncharge(region);
	folio_put(folio);
}

unsigned long pp_frame_drain(struct pp_region *region, unsigned long max)
{
	struct folio *folio;
	unsigned long n;

	for (n = 0; n < max; n++) {
		folio = spare_take(region);
		if (!folio)
			break;
		folio_put(folio);
		uncharge(region);
	}
	return n;
}

/* Allocates in the name of the mapping's owner, also when another thread faults for it. */
static struct folio *frame_alloc(struct vm_area_struct *vma, unsigned long addr, int order,
				 gfp_t gfp)
{
	struct mem_cgroup *memcg, *old;
	struct folio *folio;

	if (!vma)
		return folio_alloc(gfp, order);
	if (current->mm == vma->vm_mm)
		return pp_compat_vma_alloc(gfp, order, vma, addr);
	memcg = get_mem_cgroup_from_mm(vma->vm_mm);
	old = set_active_memcg(memcg);
	folio = pp_compat_vma_alloc(gfp, order, vma, addr);
	set_active_memcg(old);
	mem_cgroup_put(memcg);
	return folio;
}

/* Return: 0, -EAGAIN when a limit stands in the way, -ENOMEM. */
static int try_frame(struct pp_region *region, struct vm_area_struct *vma, unsigned long addr,
		     unsigned int how, struct folio **out)
{
	gfp_t gfp = GFP_HIGHUSER | __GFP_ACCOUNT;

	*out = may_pop(region, how) ? spare_pop(region) : NULL;
	if (*out)
		return 0;
	if (!charge(region, 1, how))
		return -EAGAIN;
	*out = frame_alloc(vma, addr, 0, gfp | __GFP_NORETRY | __GFP_NOWARN);
	if (*out)
		return 0;
	/* Our own cold pages first: the last resort of the allocation below is the OOM killer. */
	if (pp_reclaim_direct(region->pool, region, region, false, DIRECT_BATCH)) {
		*out = spare_pop(region);
		if (*out) {
			uncharge(region);
			return 0;
		}
	}
	*out = frame_alloc(vma, addr, 0, gfp);
	if (*out)
		return 0;
	uncharge(region);
	return -ENOMEM;
}

int pp_frame_get_huge(struct pp_region *region, struct vm_area_struct *vma, unsigned long addr,
		      struct folio **out)
{
	/* What the page allocator has at hand, without reclaim or compaction. */
	gfp_t gfp = (GFP_TRANSHUGE_LIGHT & ~__GFP_MOVABLE) | __GFP_ACCOUNT | __GFP_ZERO;

	if (!charge(region, PP_BLOCK_PAGES, 0))
		return -EBUSY;
	*out = frame_alloc(vma, addr, PP_BLOCK_SHIFT, gfp);
	if (*out)
		return 0;
	uncharge_pages(region, PP_BLOCK_PAGES);
	return -ENOMEM;
}

void pp_frame_put_huge(struct pp_region *region, struct folio *folio)
{
	folio_put(folio);
	uncharge_pages(region, PP_BLOCK_PAGES);
}

struct folio *pp_frame_get_part(struct pp_region *region, struct folio *huge, gfp_t gfp)
{
	struct mem_cgroup *memcg, *old;
	struct folio *folio;

	rcu_read_lock();
	memcg = folio_memcg(huge);
	if (memcg && !css_tryget(&memcg->css))
		memcg = NULL;
	rcu_read_unlock();
	old = set_active_memcg(memcg);
	folio = folio_alloc(gfp | __GFP_ACCOUNT | __GFP_NOWARN, 0);
	set_active_memcg(old);
	if (memcg)
		css_put(&memcg->css);
	if (!folio)
		return NULL;
	atomic_long_inc(&region->frames);
	atomic_long_inc(&region->pool->frames);
	return folio;
}

/*
 * Evicts where a limit stands in the way. Return: true when it does no longer, or when it is worth
 * another try at once: others were faster.
 */
static bool make_room(struct pp_region *region, unsigned int how)
{
	struct pp_pool *pool = region->pool;
	struct pp_region *only = region_over(region, 1, how) ? region : NULL;
	bool full = pp_reclaim_store_full(pool), won;

	if (full && (how & PP_FRAME_RESTORE)) {
		/* One for one, or new memory would get what is left over. */
		won = pp_reclaim_direct(pool, only, region, true, 1);
	} else if (full && any_over(region, 0, how)) {
		/* Frames that new memory may not have are given back, not kept ready. */
		won = pp_frame_drain(region, ULONG_MAX);
		won |= pp_reclaim_direct(pool, only, NULL, false, DIRECT_BATCH);
	} else {
		won = pp_reclaim_direct(pool, only, region, false, DIRECT_BATCH);
	}
	if (may_pop(region, how) || !any_over(region, 1, how))
		return true;
	/* When it has just become clear that the store is full, other rules hold from now on. */
	return !full && (won || pp_reclaim_store_full(pool));
}

/* Return: -EAGAIN after a while; -EBUSY when patience is at its end; -EINTR. */
static int wait(struct pp_region *region, unsigned int how, struct pp_patience *patience)
{
	unsigned long longest = how & PP_FRAME_RESTORE ? RESTORE_PAUSE : MAX_PAUSE;

	if (!patience->deadline) {
		unsigned int ms = READ_ONCE(region->pool->knobs.stall_ms);

		pp_stat_inc(region, stalls);
		patience->deadline = (jiffies + msecs_to_jiffies(ms)) | 1;
	}
	if (time_after_eq(jiffies, patience->deadline))
		return -EBUSY;
	patience->pause = min3(2 * patience->pause + 1, longest, patience->deadline - jiffies);
	schedule_timeout_killable(patience->pause);
	return fatal_signal_pending(current) ? -EINTR : -EAGAIN;
}

int pp_frame_get(struct pp_region *region, struct vm_area_struct *vma, unsigned long addr,
		 unsigned int how, struct pp_patience *patience, struct folio **out)
{
	int err = try_frame(region, vma, addr, how, out);

	if (err != -EAGAIN) {
		pp_reclaim_check(region->pool);
		return err;
	}
	if (how & PP_FRAME_NOWAIT) {
		pp_reclaim_kick(region->pool);
		return -EAGAIN;
	}
	if (!make_room(region, how))
		return wait(region, how, patience);
	/* Behind a full store others have success all the time, and it is no hope. */
	if (!pp_reclaim_store_full(region->pool))
		*patience = (struct pp_patience){};
	return fatal_signal_pending(current) ? -EINTR : -EAGAIN;
}

bool pp_frame_isolate(struct folio *folio)
{
	if (!folio_trylock(folio))
		return false;
	if (folio_ref_freeze(folio, 1))
		return true;
	folio_unlock(folio);
	return false;
}

void pp_frame_unisolate(struct folio *folio)
{
	folio_ref_unfreeze(folio, 1);
	folio_unlock(folio);
}

struct folio *pp_zero_frame(struct pp_region *region)
{
	struct folio *folio = READ_ONCE(region->zero);

	if (folio)
		return folio;
	/* Charged like a frame: whoever may make regions could take one for each. */
	folio = folio_alloc(GFP_KERNEL_ACCOUNT | __GFP_ZERO, 0);
	if (!folio)
		return NULL;
	folio->mapping = region->pool->zero_inode->i_mapping;
	folio->index = 0;
	if (cmpxchg(&region->zero, NULL, folio)) {
		folio->mapping = NULL;
		folio_put(folio);
	}
	return region->zero;
}

void pp_zero_forget(struct pp_pool *pool)
{
	struct pp_region *region;

	spin_lock(&pool->lock);
	list_for_each_entry(region, &pool->regions, all)
		if (region->zero)
			region->zero->mapping = NULL;
	spin_unlock(&pool->lock);
}
