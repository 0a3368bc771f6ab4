// SPDX-License-Identifier: GPL-2.0-only
#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include "compat/compat.h"
#include "core/access.h"
#include "core/frame.h"
#include "policy/reclaim.h"
#include "store/store.h"

/* Evicted by a fault that finds its limit reached. */
#define DIRECT_BATCH	32
/* By one that would fail otherwise, which has waited for long. */
#define LAST_BATCH	256
/* How long faults leave a region alone that gave nothing while the store was full. */
#define DRY		(HZ / 10)

static void uncharge_pages(struct pp_region *region, long n)
{
	atomic_long_sub(n, &region->frames);
	atomic_long_sub(n, &region->pool->frames);
}

static void uncharge(struct pp_region *region)
{
	uncharge_pages(region, 1);
}

static bool over(atomic_long_t *frames, unsigned long limit)
{
	return limit && atomic_long_read(frames) > limit;
}

/* With a huge frame more. */
static bool over_with(atomic_long_t *frames, unsigned long limit)
{
	return limit && atomic_long_read(frames) + PP_BLOCK_PAGES > limit;
}

/* Return: true when @n more pages fit under both limits; they are charged then. */
static bool charge(struct pp_region *region, long n)
{
	struct pp_pool *pool = region->pool;

	atomic_long_add(n, &region->frames);
	atomic_long_add(n, &pool->frames);
	if (!over(&region->frames, READ_ONCE(region->limit)) &&
	    !over(&pool->frames, READ_ONCE(pool->knobs.limit)))
		return true;
	uncharge_pages(region, n);
	return false;
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
		     struct folio **out)
{
	gfp_t gfp = GFP_HIGHUSER | __GFP_ACCOUNT;

	*out = spare_pop(region);
	if (*out)
		return 0;
	if (!charge(region, 1))
		return -EAGAIN;
	*out = frame_alloc(vma, addr, 0, gfp | __GFP_NORETRY | __GFP_NOWARN);
	if (*out)
		return 0;
	/* Our own cold pages first: the last resort of the allocation below is the OOM killer. */
	if (pp_reclaim_direct(region->pool, region, region, DIRECT_BATCH, PP_DIRECT_ALLOC)) {
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

	/* Looked at first: a charge that fails is seen by others for a moment. */
	if (over_with(&region->frames, READ_ONCE(region->limit)) ||
	    !pp_reclaim_has_room(region->pool, PP_BLOCK_PAGES) ||
	    !charge(region, PP_BLOCK_PAGES))
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
	/* Without a cgroup it would be charged to whoever does this. */
	folio = folio_alloc(gfp | (memcg ? __GFP_ACCOUNT : 0) | __GFP_NOWARN, 0);
	set_active_memcg(old);
	if (memcg)
		css_put(&memcg->css);
	if (!folio)
		return NULL;
	atomic_long_inc(&region->frames);
	atomic_long_inc(&region->pool->frames);
	return folio;
}

void pp_frame_trade(struct pp_region *from, struct pp_region *to, struct folio *folio)
{
	folio_put(folio);
	atomic_long_dec(&from->frames);
	atomic_long_inc(&to->frames);
}

static bool at_own_limit(struct pp_region *region)
{
	unsigned long limit = READ_ONCE(region->limit);

	return limit && atomic_long_read(&region->frames) >= limit;
}

/* Makes room under whatever limit stands in the way. Return: true when there is some. */
static bool make_room(struct pp_region *region, bool own, bool last)
{
	bool full = pp_store_full(region->pool->store);

	if (full && !last && time_before(jiffies, READ_ONCE(region->dry_until)))
		return false;
	if (pp_reclaim_direct(region->pool, own ? region : NULL, region,
			      last ? LAST_BATCH : DIRECT_BATCH,
			      last ? PP_DIRECT_LAST : PP_DIRECT_LIMIT))
		return true;
	if (full)
		WRITE_ONCE(region->dry_until, jiffies + DRY);
	return false;
}

/* Return: bytes that will leave the store with the page; -ESTALE: it is there no more; -EINTR. */
static int stored_bytes(struct pp_access *access)
{
	struct pp_block *block = pp_block_get(access->region, access->index, false);
	int bytes = -ESTALE;
	pp_home_t home;

	if (mutex_lock_killable(&block->lock))
		return -EINTR;
	home = block->home[access->index & (PP_BLOCK_PAGES - 1)];
	if (pp_home_state(home) == PP_STORED)
		bytes = pp_store_own(access->region->domain->slots, pp_home_slot(home));
	mutex_unlock(&block->lock);
	return bytes;
}

/*
 * Has another page go to the store for this one, with @others perhaps one of another region.
 * Return: 0 with a frame in @out; -EBUSY when the store is not full, so that there is no need, or
 * when nothing fits; -ESTALE, -EINTR, -ENOMEM.
 */
static int exchange(struct pp_access *access, bool stored, bool others, struct folio **out)
{
	struct pp_region *region = access->region;
	int bytes = 0;

	if (!pp_store_full(region->pool->store))
		return -EBUSY;
	if (stored)
		bytes = stored_bytes(access);
	if (bytes < 0)
		return bytes;
	if (!pp_reclaim_exchange(region, stored ? bytes : -1, others, out))
		return -EBUSY;
	access->expected += bytes;
	if (*out) {
		folio_clear_referenced(*out);
		return 0;
	}
	/* Others may have got theirs at the same time. */
	if (over(&region->frames, READ_ONCE(region->limit))) {
		uncharge(region);
		return -EBUSY;
	}
	*out = frame_alloc(access->vma, access->addr, 0, GFP_HIGHUSER | __GFP_ACCOUNT);
	if (*out)
		return 0;
	uncharge(region);
	return -ENOMEM;
}

static int stall(struct pp_access *access, bool last)
{
	struct pp_pool *pool = access->region->pool;
	unsigned long end = (jiffies + msecs_to_jiffies(READ_ONCE(pool->knobs.stall_ms))) | 1;

	if (access->endless && access->deadline && pp_store_is_held_up(pool->store)) {
		/* A device that does not answer may do so yet; then there is as much time again. */
		access->deadline = end;
		if (access->retry)
			return -EINPROGRESS;
	} else if (last) {
		return access->brief ? -ETIMEDOUT : -EBUSY;
	}
	pp_reclaim_check(pool);
	if (!access->deadline) {
		if (!access->tried)
			pp_stat_inc(access->region, stalls);
		access->deadline = end;
	}
	schedule_timeout_killable(HZ / 50 + 1);
	return fatal_signal_pending(current) ? -EINTR : -ESTALE;
}

static int wait_for_frame(struct pp_access *access, bool stored, struct folio **out)
{
	bool own = at_own_limit(access->region), first = !access->deadline;
	bool last = !first && time_after(jiffies, access->deadline), others;
	int err;

	if (make_room(access->region, own, last)) {
		access->deadline = 0;
		return -ESTALE;
	}
	others = !own && (first || last) && pp_region_is_poor(access->region);
	err = exchange(access, stored, others, out);
	return err == -EBUSY ? stall(access, last) : err;
}

int pp_frame_get(struct pp_access *access, bool stored, struct folio **out)
{
	struct pp_region *region = access->region;
	int err = try_frame(region, access->vma, access->addr, out);

	if (err == -EAGAIN && access->nowait) {
		pp_reclaim_kick(region->pool);
		return err;
	}
	if (err == -EAGAIN)
		err = wait_for_frame(access, stored, out);
	if (!err)
		pp_reclaim_check(region->pool);
	return err;
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
