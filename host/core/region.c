// SPDX-License-Identifier: GPL-2.0-only
/* Ownership and locks: core/region.h. */
#include <linux/cache.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include "compat/compat.h"
#include "control/sysfs.h"
#include "core/frame.h"
#include "core/huge.h"
#include "policy/ledger.h"
#include "policy/pressure.h"
#include "policy/reclaim.h"
#include "store/slots.h"
#include "store/store.h"
#include "store/tiers.h"

struct list_lru pp_block_lru;
static struct kmem_cache *block_cache;

struct pp_domain *pp_domain_create(struct pp_pool *pool)
{
	struct pp_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (!domain)
		return NULL;
	domain->slots = pp_slots_create(pool->store);
	if (!domain->slots) {
		kfree(domain);
		return NULL;
	}
	pp_tiers_join(pp_store_tiers(pool->store), domain->slots);
	refcount_set(&domain->users, 1);
	return domain;
}

void pp_domain_put(struct pp_domain *domain)
{
	if (!refcount_dec_and_test(&domain->users))
		return;
	pp_tiers_leave(pp_store_tiers(domain->slots->store), domain->slots);
	kfree(domain);
}

int pp_region_create(struct pp_pool *pool, struct pp_domain *domain, struct inode *inode)
{
	struct pp_region *region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	int err = -ENOMEM;

	if (!region)
		return -ENOMEM;
	region->stats = alloc_percpu_gfp(struct pp_stats, GFP_KERNEL_ACCOUNT);
	if (!region->stats)
		goto out_free;
	region->pool = pool;
	region->domain = domain;
	region->inode = inode;
	region->limit = READ_ONCE(pool->knobs.region_limit);
	region->limit_writes.reached = region->limit;
	region->huge_mode = PP_HUGE_POOL;
	region->dry_until = jiffies;
	region->whole_until = jiffies;
	refcount_set(&region->users, 1);
	xa_init_flags(&region->blocks, XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&region->spare);
	spin_lock_init(&region->spare_lock);
	spin_lock_init(&region->clock_lock);
	init_completion(&region->kobj_gone);
	err = pp_sysfs_add_region(region);
	if (err)
		goto out_stats;
	spin_lock(&pool->lock);
	list_add_tail(&region->all, &pool->regions);
	pool->nr_regions++;
	spin_unlock(&pool->lock);
	inode->i_private = region;
	return 0;
out_stats:
	free_percpu(region->stats);
out_free:
	kfree(region);
	return err;
}

bool pp_region_tryget(struct pp_region *region)
{
	return refcount_inc_not_zero(&region->users);
}

void pp_region_put(struct pp_region *region)
{
	if (refcount_dec_and_test(&region->users))
		wake_up_var(&region->users);
}

/* Waits for reclaim, which lets a region go after the batch at hand when it sees this. */
static void stop_reclaim(struct pp_region *region)
{
	pp_region_put(region);
	wait_var_event(&region->users, !refcount_read(&region->users));
}

static void block_free(struct pp_block *block)
{
	free_page((unsigned long)block->home);
	mutex_destroy(&block->lock);
	kmem_cache_free(block_cache, block);
}

void pp_region_destroy(struct pp_region *region)
{
	struct pp_pool *pool = region->pool;
	struct pp_block *block;
	unsigned long n;

	/* Also for a write to its file "reclaim", which the next line waits for. */
	WRITE_ONCE(region->ending, true);
	pp_sysfs_del_region(region);
	stop_reclaim(region);
	pp_region_punch(region, 0, ULONG_MAX);
	pp_ledger_resize(region, 0);
	pp_frame_drain(region, ULONG_MAX);
	xa_for_each(&region->blocks, n, block) {
		list_lru_del_obj(&pp_block_lru, &block->lru);
		atomic_long_sub(block->nr[PP_HOLE], &pool->states[PP_HOLE]);
		atomic_long_dec(&pool->blocks);
		block_free(block);
	}
	xa_destroy(&region->blocks);
	if (region->zero) {
		region->zero->mapping = NULL;
		folio_put(region->zero);
	}
	spin_lock(&pool->lock);
	list_del(&region->all);
	pool->nr_regions--;
	spin_unlock(&pool->lock);
	free_percpu(region->stats);
	pp_domain_put(region->domain);
	region->inode->i_private = NULL;
	kfree(region);
}

static struct pp_block *block_alloc(struct pp_region *region, unsigned long n)
{
	struct pp_block *block = kmem_cache_alloc_lru(block_cache, &pp_block_lru,
						      GFP_KERNEL_ACCOUNT);

	if (!block)
		return NULL;
	memset(block, 0, sizeof(*block));
	block->home = (pp_home_t *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!block->home) {
		kmem_cache_free(block_cache, block);
		return NULL;
	}
	mutex_init(&block->lock);
	INIT_LIST_HEAD(&block->lru);
	block->region = region;
	block->base = n << PP_BLOCK_SHIFT;
	block->nr[PP_HOLE] = PP_BLOCK_PAGES;
	block->changed = jiffies;
	return block;
}

struct pp_block *pp_block_get(struct pp_region *region, pgoff_t index, bool make)
{
	unsigned long n = index >> PP_BLOCK_SHIFT;
	struct pp_block *block = xa_load(&region->blocks, n), *other;

	if (block || !make)
		return block;
	block = block_alloc(region, n);
	if (!block)
		return NULL;
	other = xa_cmpxchg(&region->blocks, n, NULL, block, GFP_KERNEL);
	if (other) {
		block_free(block);
		return xa_is_err(other) ? NULL : other;
	}
	atomic_long_inc(&region->nr_blocks);
	atomic_long_inc(&region->pool->blocks);
	atomic_long_add(PP_BLOCK_PAGES, &region->states[PP_HOLE]);
	atomic_long_add(PP_BLOCK_PAGES, &region->pool->states[PP_HOLE]);
	list_lru_add_obj(&pp_block_lru, &block->lru);
	return block;
}

/* Somebody holds the frame: a pin, or a fault in flight, whose folio lock is waited for. */
static void detach_frame(struct pp_block *block, unsigned int i, struct folio *folio)
{
	struct address_space *mapping = block->region->inode->i_mapping;

	folio_lock(folio);
	unmap_mapping_pages(mapping, block->base + i, 1, false);
	pp_home_move(block, i, PP_HOLE, PP_WHY_PUNCH);
	pp_frame_abandon(folio);
	folio_unlock(folio);
	pp_frame_detach(block->region, folio);
}

/* The page is dead (S15): its bytes are not read again, nor written for it to a device. */
static void punch_stored(struct pp_block *block, unsigned int i)
{
	struct pp_region *region = block->region;
	u64 slot = pp_home_slot(block->home[i]);

	if (!pp_region_ending(region)) {
		pp_stat_inc(region, dead_stored);
		if (pp_store_is_far(region->domain->slots, slot))
			pp_stat_inc(region, dead_far);
	}
	pp_home_move(block, i, PP_HOLE, PP_WHY_PUNCH);
	pp_reclaim_repay(region, pp_store_drop(region->domain->slots, slot));
}

static void punch_page(struct pp_block *block, unsigned int i)
{
	struct pp_region *region = block->region;
	pp_home_t home = block->home[i];
	struct folio *folio;

	if (pp_home_state(home) == PP_STORED) {
		punch_stored(block, i);
		return;
	}
	folio = pp_home_folio(home);
	if (home & PP_HOME_COPY)
		pp_evict_drop_copy(region, folio);
	if (!pp_frame_isolate(folio)) {
		detach_frame(block, i, folio);
		return;
	}
	pp_home_move(block, i, PP_HOLE, PP_WHY_PUNCH);
	pp_frame_abandon(folio);
	pp_frame_unisolate(folio);
	pp_frame_put(region, folio, false);
}

/*
 * The zero frame goes out of the page tables as well: a read fault in flight may have been about to
 * map it behind a new end of the file, where nothing may be mapped. Its lock waits for that fault.
 */
static void punch_zero(struct pp_block *block, unsigned int first, unsigned int end)
{
	struct pp_region *region = block->region;
	unsigned int i, found = 0;

	for (i = first; i < end; i++) {
		if (!(block->home[i] & PP_HOME_ZERO_MAPPED) ||
		    pp_home_state(block->home[i]) != PP_HOLE)
			continue;
		pp_home_move(block, i, PP_HOLE, PP_WHY_PUNCH);
		found++;
	}
	if (!found)
		return;
	folio_lock(region->zero);
	unmap_mapping_pages(region->inode->i_mapping, block->base + first, end - first, false);
	folio_unlock(region->zero);
}

static void punch_block(struct pp_block *block, unsigned int first, unsigned int end)
{
	unsigned int i, punched = 0;

	/*
	 * A hint only: what a fault maps after it is found and unmapped under the lock. A part of a
	 * huge frame stays mapped: zeros are written there.
	 */
	if (READ_ONCE(block->nr[PP_FRAME]) &&
	    (!READ_ONCE(block->huge) || end - first == PP_BLOCK_PAGES))
		unmap_mapping_pages(block->region->inode->i_mapping, block->base + first,
				    end - first, false);
	mutex_lock(&block->lock);
	if (block->huge) {
		pp_huge_punch(block, first, end);
		mutex_unlock(&block->lock);
		pp_stat_add(block->region, punched, end - first);
		return;
	}
	punch_zero(block, first, end);
	for (i = first; i < end && block->nr[PP_HOLE] < PP_BLOCK_PAGES; i++) {
		if (pp_home_state(block->home[i]) == PP_HOLE)
			continue;
		punch_page(block, i);
		punched++;
	}
	mutex_unlock(&block->lock);
	pp_stat_add(block->region, punched, punched);
}

void pp_region_punch(struct pp_region *region, pgoff_t start, pgoff_t end)
{
	unsigned long n = start >> PP_BLOCK_SHIFT;
	struct pp_block *block;

	if (start >= end)
		return;
	xa_for_each_range(&region->blocks, n, block, n, (end - 1) >> PP_BLOCK_SHIFT) {
		punch_block(block, max(start, block->base) - block->base,
			    min(end - block->base, PP_BLOCK_PAGES));
		cond_resched();
	}
}

int pp_region_cut(struct pp_region *region, pgoff_t index)
{
	struct pp_block *block = pp_block_get(region, index, false);
	int err;

	if (!block || !(index & (PP_BLOCK_PAGES - 1)))
		return 0;
	err = pp_huge_shatter(block, PP_BLOCK_PAGES);
	return err == -ENOENT ? 0 : min(err, 0);
}

u64 pp_metadata_bytes(struct pp_pool *pool, struct pp_region *region)
{
	u64 blocks = atomic_long_read(region ? &region->nr_blocks : &pool->blocks);

	return blocks * (ALIGN(sizeof(struct pp_block), cache_line_size()) +
			 PP_BLOCK_PAGES * sizeof(pp_home_t));
}

int pp_region_init(void)
{
	int err;

	block_cache = KMEM_CACHE(pp_block, SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN);
	if (!block_cache)
		return -ENOMEM;
	err = pp_pressure_init();
	if (err)
		kmem_cache_destroy(block_cache);
	return err;
}

void pp_region_exit(void)
{
	pp_pressure_exit();
	kmem_cache_destroy(block_cache);
}
