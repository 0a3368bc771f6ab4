// SPDX-License-Identifier: GPL-2.0-only
/* Locks: core/region.h; what a huge frame is: core/huge.h. */
#include <linux/highmem.h>
#include <linux/huge_mm.h>
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include "compat/compat.h"
#include "core/frame.h"
#include "core/huge.h"
#include "policy/reclaim.h"
#include "store/store.h"

/* Punched pages that make it worth while to shatter: a 32nd of the block. */
#define WORTH_SHATTERING	(PP_BLOCK_PAGES / 32)
/* Pages in frames that make it worth while to regroup: three quarters of the block. */
#define WORTH_REGROUPING	(PP_BLOCK_PAGES / 4 * 3)
/* Held while a huge frame is evicted for want of memory; the shrinker only tries. */
static DEFINE_MUTEX(one_at_a_time);

/* How often more a block is tried that a fault still had, or another one is. */
#define MAX_TRIES		3

static enum pp_huge_mode mode_of(struct pp_region *region)
{
	unsigned long pool = READ_ONCE(region->pool->knobs.huge);
	unsigned long own = READ_ONCE(region->huge_mode);

	/* The pool's switch switches all of them off. */
	return own == PP_HUGE_POOL || pool == PP_HUGE_OFF ? pool : own;
}

static bool inside_file(struct pp_block *block)
{
	return block->base + PP_BLOCK_PAGES <= i_size_read(block->region->inode) >> PAGE_SHIFT;
}

/* The kernel marks parts of such frames one by one, and tells nobody. */
static bool has_bad_part(struct folio *huge)
{
	unsigned int i;

	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (PageHWPoison(folio_page(huge, i)))
			return true;
	return false;
}

/* So many holes that a huge frame would soon be broken up again? */
static bool would_be_sparse(struct pp_block *block)
{
	unsigned long zeros = READ_ONCE(block->region->pool->knobs.huge_zeros);

	return zeros && READ_ONCE(block->nr[PP_HOLE]) >= zeros / 2 + 1;
}

/* Are there enough small frames for a huge one in their place, and for long enough? */
static bool worth_regrouping(struct pp_block *block)
{
	return mode_of(block->region) == PP_HUGE_ALWAYS_TRY && !READ_ONCE(block->huge) &&
	       READ_ONCE(block->nr[PP_FRAME]) + READ_ONCE(block->nr[PP_STANDBY]) >=
	       WORTH_REGROUPING && !would_be_sparse(block) && pp_huge_settled(block);
}

/* As far as block and mode go. */
static bool wants_huge(struct pp_access *access, struct pp_block *block)
{
	if (!access->vma)
		return false;
	if (READ_ONCE(block->nr[PP_HOLE]) != PP_BLOCK_PAGES)
		return worth_regrouping(block);
	return access->write && mode_of(access->region) != PP_HUGE_OFF;
}

/* In a locked mapping it would not always be marked as such, and what replaces it never. */
static bool may_be_huge(struct vm_area_struct *vma)
{
	return !pp_compat_thp_disabled(vma) && !(vma->vm_flags & VM_LOCKED);
}

struct folio *pp_huge_get(struct pp_access *access, struct pp_block *block)
{
	struct pp_region *region = access->region;
	struct folio *folio = NULL;

	if (!wants_huge(access, block))
		return NULL;
	if (!inside_file(block) || !may_be_huge(access->vma) ||
	    !thp_vma_suitable_order(access->vma, access->addr, PP_BLOCK_SHIFT)) {
		pp_stat_inc(region, huge_misfit);
		return NULL;
	}
	/* Where there is a table of small entries, the kernel does not put a huge one. */
	if (!access->no_table) {
		pp_stat_inc(region, huge_no_entry);
		return NULL;
	}
	switch (pp_frame_get_huge(region, access->vma, access->addr, &folio)) {
	case 0:
		pp_reclaim_expect_huge(region->pool);
		pp_reclaim_check(region->pool);
		if (!has_bad_part(folio))
			return folio;
		/* One that somebody freed like that; nobody is to get it again. */
		folio_get(folio);
		pp_frame_put_huge(region, folio);
		pp_stat_inc(region, huge_no_memory);
		return NULL;
	case -EBUSY:
		pp_stat_inc(region, huge_limit);
		return NULL;
	default:
		pp_stat_inc(region, huge_no_memory);
		return NULL;
	}
}

/* Zero frames mapped in the block go out of all page tables; their lock waits for a read fault. */
static void unmap_zeros(struct pp_block *block)
{
	struct pp_region *region = block->region;
	unsigned int i;

	for (i = 0; i < PP_BLOCK_PAGES && !(block->home[i] & PP_HOME_ZERO_MAPPED); i++)
		;
	if (i == PP_BLOCK_PAGES)
		return;
	folio_lock(region->zero);
	unmap_mapping_pages(region->inode->i_mapping, block->base, PP_BLOCK_PAGES, false);
	folio_unlock(region->zero);
}

static void set_huge(struct pp_block *block, struct folio *folio)
{
	struct pp_region *region = block->region;
	long n = folio ? 1 : -1;

	WRITE_ONCE(block->huge, folio);
	WRITE_ONCE(block->punched, 0);
	WRITE_ONCE(block->tough, 0);
	WRITE_ONCE(block->changed, jiffies);
	/* How hot one was says nothing about the next, nor about its pages. */
	block->aged = 0;
	block->rescued = 0;
	block->heat = 0;
	block->skip = 0;
	/* What was asked for one is not for the next. */
	xa_clear_mark(&region->blocks, block->base >> PP_BLOCK_SHIFT, PP_BLOCK_SHATTER);
	if (folio)
		xa_set_mark(&region->blocks, block->base >> PP_BLOCK_SHIFT, PP_BLOCK_UNCOUNTED);
	atomic_long_add(n, &region->huge);
	atomic_long_add(n, &region->pool->huge);
}

/* The bytes of all pages are in the frame. */
static void become_huge(struct pp_block *block, struct folio *folio)
{
	__folio_mark_uptodate(folio);
	pp_frame_adopt(block->region, folio, block->base);
	set_huge(block, folio);
}

/* Under the lock, or whoever uses the block would have it back before it can be isolated. */
static void unmap(struct pp_block *block)
{
	unmap_mapping_pages(block->region->inode->i_mapping, block->base, PP_BLOCK_PAGES, false);
}

static void release_parts(struct pp_block *block, unsigned int end)
{
	unsigned int i;

	for (i = 0; i < end; i++)
		if (pp_home_has_frame(block->home[i]))
			pp_frame_unisolate(pp_home_folio(block->home[i]));
}

/* Memory of another cgroup or node is not what its owner asked for. */
static bool is_elsewhere(struct folio *folio, struct folio *huge)
{
	bool elsewhere;

	rcu_read_lock();
	elsewhere = folio_memcg(folio) != folio_memcg(huge) ||
		    folio_nid(folio) != folio_nid(huge);
	rcu_read_unlock();
	return elsewhere;
}

/* Takes all small frames of a block out of everybody's reach, or none. */
static bool isolate_parts(struct pp_block *block, struct folio *huge)
{
	unsigned int i;

	for (i = 0; i < PP_BLOCK_PAGES; i++) {
		struct folio *folio;

		if (!pp_home_has_frame(block->home[i]))
			continue;
		folio = pp_home_folio(block->home[i]);
		if (folio_test_hwpoison(folio) || is_elsewhere(folio, huge) ||
		    !pp_frame_isolate(folio)) {
			release_parts(block, i);
			return false;
		}
	}
	return true;
}

/* Looked at before the block is unmapped: what is on a device is not read under its lock. */
static bool has_far(struct pp_block *block)
{
	struct pp_slots *slots = block->region->domain->slots;
	unsigned int i;

	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (pp_home_state(block->home[i]) == PP_STORED &&
		    pp_store_is_far(slots, pp_home_slot(block->home[i])))
			return true;
	return false;
}

/* Return: 0, -EIO; -EINPROGRESS: a page went to a device meanwhile. */
static int copy_parts(struct pp_block *block, struct folio *huge)
{
	struct pp_slots *slots = block->region->domain->slots;
	unsigned int i;
	int err = 0;

	for (i = 0; i < PP_BLOCK_PAGES && !err; i++) {
		struct page *part = folio_page(huge, i);
		pp_home_t home = block->home[i];

		if (pp_home_has_frame(home))
			copy_highpage(part, pp_home_page(home));
		else if (pp_home_state(home) == PP_STORED)
			err = pp_store_fetch(slots, pp_home_slot(home), part);
	}
	return err;
}

/* Page @i, whose bytes are in @huge as well, is there only. */
static void move_part(struct pp_block *block, unsigned int i, struct folio *huge)
{
	struct pp_region *region = block->region;
	struct pp_slots *slots = region->domain->slots;
	pp_home_t home = block->home[i];
	struct folio *folio;

	pp_home_move(block, i, pp_home_in_huge(PP_FRAME, huge, i), PP_WHY_REGROUP);
	if (pp_home_state(home) == PP_STORED) {
		pp_reclaim_repay(region, pp_store_drop(slots, pp_home_slot(home)));
		pp_stat_inc(region, restores);
	}
	if (!pp_home_has_frame(home))
		return;
	folio = pp_home_folio(home);
	if (home & PP_HOME_COPY) {
		pp_evict_drop_copy(region, folio);
		pp_stat_inc(region, copies_dropped);
	}
	pp_frame_abandon(folio);
	pp_frame_unisolate(folio);
	pp_frame_put(region, folio, false);
}

/* All pages move into @huge, or all stay where they are. Return: true when they moved. */
static bool regroup(struct pp_block *block, struct folio *huge)
{
	DECLARE_BITMAP(mlocked, PP_BLOCK_PAGES);
	unsigned int i;

	/* If it fails, it is not tried again at every touch. */
	WRITE_ONCE(block->changed, jiffies);
	if (pp_block_find_mlocked(block, mlocked) || has_far(block))
		return false;
	unmap_zeros(block);
	unmap(block);
	if (!isolate_parts(block, huge))
		return false;
	if (copy_parts(block, huge)) {
		release_parts(block, PP_BLOCK_PAGES);
		return false;
	}
	become_huge(block, huge);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		move_part(block, i, huge);
	pp_stat_inc(block->region, regroups);
	return true;
}

static bool regroup_timed(struct pp_block *block, struct folio *huge)
{
	u64 start = ktime_get_ns();
	bool done = regroup(block, huge);

	pp_stat_add(block->region, huge_ns, ktime_get_ns() - start);
	return done;
}

bool pp_huge_install(struct pp_block *block, struct folio *folio)
{
	if (!inside_file(block))
		return false;
	if (block->nr[PP_HOLE] != PP_BLOCK_PAGES)
		return worth_regrouping(block) && regroup_timed(block, folio);
	unmap_zeros(block);
	become_huge(block, folio);
	pp_home_move_all(block, PP_FRAME, PP_WHY_FAULT);
	pp_stat_inc(block->region, huge_faults);
	return true;
}

/* The last step of each end of a huge frame: its parts are in no home any more. */
static void let_go(struct pp_block *block, struct folio *huge)
{
	bool bad = has_bad_part(huge);

	pp_frame_abandon(huge);
	pp_frame_unisolate(huge);
	/* The page allocator keeps back bad frames of one page only: a reference does it here. */
	if (bad)
		folio_get(huge);
	pp_frame_put_huge(block->region, huge);
}

bool pp_huge_is_held(struct pp_block *block)
{
	return folio_test_mlocked(block->huge) ||
	       folio_ref_count(block->huge) > folio_mapcount(block->huge) + 1;
}

unsigned int pp_huge_zeros(struct pp_block *block, unsigned long least)
{
	unsigned int i, zeros = 0;

	/* A bad page must not even be read. */
	if (has_bad_part(block->huge))
		return 0;
	for (i = 0; i < PP_BLOCK_PAGES; i++) {
		if (zeros + PP_BLOCK_PAGES - i < least)
			return 0;
		zeros += pp_store_is_zero(folio_page(block->huge, i));
	}
	return zeros >= least ? zeros : 0;
}

/**
 * struct pp_shatter - a huge frame on its way to homes of one page
 * @block: the block, locked
 * @huge: its huge frame, isolated
 * @state: that of all pages before
 * @rc: for an eviction, or NULL: nothing goes to the store
 * @flags: for the store: PP_PUT_ALLOW_RAW or 0
 * @frames: for pages that need one; more are allocated without waiting
 * @found: pages per kind of home in the store (enum pp_put)
 * @kept: pages that got a frame
 * @deep: pages that belong on a device
 */
struct pp_shatter {
	struct pp_block *block;
	struct folio *huge;
	enum pp_state state;
	struct pp_reclaim *rc;
	unsigned int flags;
	struct list_head *frames;
	unsigned int found[PP_NR_PUTS];
	unsigned int kept;
	unsigned int deep;
};

static struct folio *part_frame(struct pp_shatter *s)
{
	struct folio *folio = s->frames ?
		list_first_entry_or_null(s->frames, struct folio, lru) : NULL;

	if (!folio)
		return pp_frame_get_part(s->block->region, s->huge,
					 (GFP_HIGHUSER & ~__GFP_DIRECT_RECLAIM) |
					 __GFP_NOMEMALLOC);
	list_del(&folio->lru);
	return folio;
}

/* Return: 0, or -ENOMEM. */
static int part_to_frame(struct pp_shatter *s, unsigned int i, struct page *page, u64 flags)
{
	struct folio *folio = part_frame(s);

	if (!folio)
		return -ENOMEM;
	copy_highpage(folio_page(folio, 0), page);
	__folio_mark_uptodate(folio);
	pp_frame_adopt(s->block->region, folio, s->block->base + i);
	pp_home_move(s->block, i, pp_home_in_frame(PP_STANDBY, folio, flags), PP_WHY_SHATTER);
	s->kept++;
	return 0;
}

static void count_refused(struct pp_shatter *s)
{
	s->rc->no_room = true;
	s->rc->refused++;
	pp_stat_inc(s->block->region, store_full);
}

static int shatter_part(struct pp_shatter *s, unsigned int i)
{
	struct page *page = folio_page(s->huge, i);
	u64 slot, flags = 0;
	pp_home_t to;
	int ret;

	if (!s->rc) {
		if (!pp_store_is_zero(page))
			return part_to_frame(s, i, page, 0);
		pp_home_move(s->block, i, PP_HOLE, PP_WHY_SHATTER);
		s->found[PP_PUT_ZERO]++;
		return 0;
	}
	ret = pp_evict_store(s->block->region, page, s->flags, s->rc, &slot);
	if (ret == -E2BIG) {
		flags = PP_HOME_TOUGH;
		pp_stat_inc(s->block->region, incompressible);
	} else if (ret < 0) {
		count_refused(s);
	}
	if (ret < 0 && s->kept < PP_MAX_KEPT && !part_to_frame(s, i, page, flags))
		return 0;
	/* Nothing is won by it, but by all others of the block, if there are enough. */
	if (ret == -E2BIG && s->kept + s->found[PP_PUT_RAW] < PP_MAX_KEPT) {
		ret = pp_evict_store(s->block->region, page, PP_PUT_KNOWN_RAW | PP_PUT_ALLOW_RAW,
				     s->rc, &slot);
		if (ret < 0)
			count_refused(s);
	}
	if (ret < 0)
		return ret;
	to = ret == PP_PUT_ZERO ? PP_HOLE :
	     pp_evict_place(s->block->region, s->block->home[i], slot, ret == PP_PUT_SHARED);
	pp_home_move(s->block, i, to, PP_WHY_EVICT);
	s->deep += !!(to & PP_HOME_DEEP);
	s->found[ret]++;
	return 0;
}

/* Page @i is in the huge frame again, and what it had got meanwhile is given up. */
static void unshatter_part(struct pp_shatter *s, unsigned int i)
{
	struct pp_region *region = s->block->region;
	pp_home_t home = s->block->home[i];

	pp_home_move(s->block, i, pp_home_in_huge(s->state, s->huge, i), PP_WHY_SHATTER);
	if (pp_home_state(home) == PP_STORED) {
		pp_store_drop(region->domain->slots, pp_home_slot(home));
	} else if (pp_home_has_frame(home)) {
		pp_frame_abandon(pp_home_folio(home));
		pp_frame_put(region, pp_home_folio(home), false);
	}
}

/* All pages get a home of their own, or all stay. Return: 0, -ENOMEM, -ENOSPC, -E2BIG. */
static int shatter(struct pp_shatter *s)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < PP_BLOCK_PAGES && !err; i++)
		err = shatter_part(s, i);
	if (err) {
		/* The last one failed. */
		for (i--; i--; )
			unshatter_part(s, i);
		return err;
	}
	set_huge(s->block, NULL);
	if (!s->rc)
		s->block->aged = s->kept;
	let_go(s->block, s->huge);
	pp_stat_inc(s->block->region, shatters);
	pp_stat_add(s->block->region, shatter_zero, s->found[PP_PUT_ZERO]);
	return 0;
}

static void count_evicted(struct pp_shatter *s)
{
	struct pp_region *region = s->block->region;
	unsigned int evicted = PP_BLOCK_PAGES - s->kept;

	pp_stat_add(region, evictions, evicted);
	pp_stat_add(region, evict_zero, s->found[PP_PUT_ZERO]);
	pp_stat_add(region, evict_same, s->found[PP_PUT_SAME]);
	pp_stat_add(region, evict_raw, s->found[PP_PUT_RAW]);
	pp_stat_add(region, evict_shared, s->found[PP_PUT_SHARED]);
	pp_stat_add(region, demoted, s->deep);
	if (s->rc->oom)
		pp_stat_add(region, evict_oom, evicted);
	s->rc->done += evicted;
}

static bool isolate(struct pp_block *block)
{
	if (!has_bad_part(block->huge) && pp_frame_isolate(block->huge))
		return true;
	pp_stat_inc(block->region, busy);
	return false;
}

static void not_evicted(struct pp_shatter *s, unsigned int refused, int err)
{
	struct pp_reclaim *rc = s->rc;

	pp_frame_unisolate(s->huge);
	pp_stat_inc(s->block->region, busy);
	/* There is room for less than all of it, perhaps for other pages. */
	rc->whole |= rc->refused > refused;
	rc->refused = min(rc->refused, refused + 1);
	if (err == -E2BIG && rc->refused == refused)
		WRITE_ONCE(s->block->tough, 1 + s->found[PP_PUT_STORED] + s->found[PP_PUT_SAME] +
					    s->found[PP_PUT_ZERO] + s->found[PP_PUT_SHARED]);
}

/* Return: 0: done with; -E2BIG: too much of it does not compress; -ENOENT: it has no huge frame. */
static int evict_whole(struct pp_block *block, struct pp_reclaim *rc, bool any)
{
	struct pp_shatter s = { .block = block, .rc = rc };
	unsigned int refused = rc->refused, tough;
	int err = 0;

	if (!pp_block_lock(block, rc->try_only))
		return 0;
	s.huge = block->huge;
	if (!s.huge) {
		mutex_unlock(&block->lock);
		return -ENOENT;
	}
	s.state = pp_home_state(block->home[0]);
	/* As for pages known not to compress. */
	if (rc->covered && block->tough && s.state == PP_STANDBY)
		s.flags = PP_PUT_ALLOW_RAW;
	if (any && s.state == PP_FRAME)
		unmap(block);
	if ((any || s.state == PP_STANDBY) && isolate(block)) {
		err = shatter(&s);
		if (err) {
			not_evicted(&s, refused, err);
		} else {
			count_evicted(&s);
			if (rc->refused == refused && !pp_store_is_full(rc))
				rc->refused = 0;
		}
	}
	tough = block->tough;
	mutex_unlock(&block->lock);
	return err == -E2BIG && tough ? err : 0;
}

/* The shrinker's callers may hold anything; a fault holds nothing that the other one wants. */
static bool take_turn(struct pp_reclaim *rc)
{
	return rc->starved ? !mutex_lock_killable(&one_at_a_time) : mutex_trylock(&one_at_a_time);
}

bool pp_huge_evict(struct pp_block *block, struct pp_reclaim *rc, bool any)
{
	/* All of it is in memory twice at the end, the second time compressed. */
	bool alone = (rc->host && !rc->oom) || rc->starved;
	int err = -E2BIG;

	if (!any && !READ_ONCE(block->nr[PP_STANDBY]))
		return READ_ONCE(block->huge);
	/* One that found no room will do for this visit: each try fills the store up first. */
	if (rc->whole)
		return READ_ONCE(block->huge);
	/* What is in use may have been written since. */
	if (any || !READ_ONCE(block->tough) || (rc->hard && !rc->host) || rc->covered) {
		if (alone && !take_turn(rc)) {
			rc->outrun = true;
			return true;
		}
		err = evict_whole(block, rc, any);
		if (alone)
			mutex_unlock(&one_at_a_time);
	}
	return err == -E2BIG ? !pp_breakup_tough(block, rc) : !err;
}

/* So many frames; fewer when there is no memory. */
static void get_parts(struct pp_block *block, unsigned int n, struct list_head *frames)
{
	struct pp_region *region = block->region;
	struct folio *huge, *folio;

	/* Whose memory it is charged to; a reference keeps it from being isolated for a moment. */
	mutex_lock(&block->lock);
	huge = block->huge;
	if (huge)
		folio_get(huge);
	mutex_unlock(&block->lock);
	if (!huge)
		return;
	while (n--) {
		folio = pp_frame_get_part(region, huge,
					  GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOMEMALLOC);
		if (!folio)
			break;
		list_add(&folio->lru, frames);
		cond_resched();
	}
	folio_put(huge);
}

/* Return: 0, -ENOENT, -ENOMEM; -EBUSY: pinned, or a fault still has it. */
static int shatter_now(struct pp_shatter *s)
{
	struct pp_block *block = s->block;
	int err = -ENOENT;

	mutex_lock(&block->lock);
	s->huge = block->huge;
	if (s->huge)
		unmap(block);
	if (s->huge && !isolate(block)) {
		err = -EBUSY;
	} else if (s->huge) {
		s->state = pp_home_state(block->home[0]);
		err = shatter(s);
		if (err)
			pp_frame_unisolate(s->huge);
	}
	mutex_unlock(&block->lock);
	return err;
}

int pp_huge_shatter(struct pp_block *block, unsigned int parts)
{
	struct pp_shatter s = { .block = block };
	struct folio *folio, *next;
	LIST_HEAD(frames);
	int err, tries = MAX_TRIES;
	u64 start;

	if (!READ_ONCE(block->huge))
		return -ENOENT;
	start = ktime_get_ns();
	get_parts(block, parts, &frames);
	s.frames = &frames;
	do {
		err = shatter_now(&s);
	} while (err == -EBUSY && tries--);
	list_for_each_entry_safe(folio, next, &frames, lru) {
		list_del(&folio->lru);
		pp_frame_put(block->region, folio, false);
	}
	pp_stat_add(block->region, huge_ns, ktime_get_ns() - start);
	return err ? err : s.found[PP_PUT_ZERO];
}

bool pp_huge_may_shatter(struct pp_block *block)
{
	bool may;

	mutex_lock(&block->lock);
	may = block->huge && !pp_huge_is_held(block) && !has_bad_part(block->huge);
	mutex_unlock(&block->lock);
	return may;
}

static int shatter_from(struct pp_region *region, unsigned long first, unsigned int *tries)
{
	struct pp_block *block;
	unsigned long n;
	int zeros;

	xa_for_each_start(&region->blocks, n, block, first) {
		if (!*tries || pp_region_ending(region) || fatal_signal_pending(current))
			break;
		cond_resched();
		if (!READ_ONCE(block->huge) || !pp_huge_may_shatter(block))
			continue;
		zeros = pp_huge_shatter(block, PP_BLOCK_PAGES);
		if (zeros >= 0) {
			spin_lock(&region->clock_lock);
			region->hand_evict = n;
			spin_unlock(&region->clock_lock);
			return zeros;
		}
		(*tries)--;
	}
	return -EBUSY;
}

int pp_huge_shatter_one(struct pp_region *region)
{
	unsigned int tries = MAX_TRIES;
	int zeros;

	if (!atomic_long_read(&region->huge))
		return -EBUSY;
	zeros = shatter_from(region, READ_ONCE(region->hand_evict), &tries);
	return zeros < 0 ? shatter_from(region, 0, &tries) : zeros;
}

static void let_all_go(struct pp_block *block, struct folio *huge)
{
	pp_home_move_all(block, PP_HOLE, PP_WHY_PUNCH);
	set_huge(block, NULL);
	let_go(block, huge);
}

/* Leaves the region, though somebody holds it. Its lock waits for a fault that has it. */
static void detach(struct pp_block *block, struct folio *huge)
{
	folio_lock(huge);
	unmap(block);
	pp_home_move_all(block, PP_HOLE, PP_WHY_PUNCH);
	set_huge(block, NULL);
	pp_frame_abandon(huge);
	folio_unlock(huge);
	if (has_bad_part(huge))
		folio_get(huge);
	pp_frame_put_huge(block->region, huge);
}

static void shatter_later(struct pp_block *block)
{
	struct pp_region *region = block->region;

	xa_set_mark(&region->blocks, block->base >> PP_BLOCK_SHIFT, PP_BLOCK_SHATTER);
	pp_reclaim_shatter_later(region->pool);
}

/* A fault that brought the frame, and did not see the new end, may have mapped what is beyond. */
static void unmap_behind_fault(struct pp_block *block)
{
	folio_lock(block->huge);
	unmap(block);
	folio_unlock(block->huge);
}

void pp_huge_punch(struct pp_block *block, unsigned int first, unsigned int end)
{
	bool whole = end - first == PP_BLOCK_PAGES, inside = inside_file(block);

	if (whole && pp_frame_isolate(block->huge)) {
		let_all_go(block, block->huge);
		return;
	}
	/* Punching alone is not to put 2 MiB for each page that is held beyond limits. */
	if (whole && (!inside || pp_region_ending(block->region) || has_bad_part(block->huge))) {
		detach(block, block->huge);
		return;
	}
	if (!inside)
		unmap_behind_fault(block);
	WRITE_ONCE(block->tough, 0);
	folio_zero_range(block->huge, (size_t)first << PAGE_SHIFT,
			 (size_t)(end - first) << PAGE_SHIFT);
	WRITE_ONCE(block->punched, min(block->punched + end - first, PP_BLOCK_PAGES));
	if (block->punched >= WORTH_SHATTERING || !inside)
		shatter_later(block);
}

/* Return: 0; or, when it is to be tried again, -EBUSY: somebody holds the frame; -ENOMEM. */
static int shatter_marked(struct pp_block *block)
{
	unsigned int zeros = 0;
	bool inside, held = false;
	int err;

	mutex_lock(&block->lock);
	inside = inside_file(block);
	if (block->huge) {
		held = pp_huge_is_held(block);
		if (!held)
			zeros = pp_huge_zeros(block, inside ? WORTH_SHATTERING : 1);
		/* The guest may have filled them again: its next punches count anew. */
		if (!held && inside && !zeros)
			WRITE_ONCE(block->punched, 0);
	}
	mutex_unlock(&block->lock);
	if (held)
		return -EBUSY;
	err = zeros ? pp_huge_shatter(block, PP_BLOCK_PAGES - zeros) : 0;
	return err == -ENOENT ? 0 : min(err, 0);
}

void pp_huge_shatter_marked(struct pp_region *region)
{
	struct pp_block *block;
	unsigned long n;
	int err = 0;

	xa_for_each_marked(&region->blocks, n, block, PP_BLOCK_SHATTER) {
		if (pp_region_ending(region) || err == -ENOMEM)
			break;
		xa_clear_mark(&region->blocks, n, PP_BLOCK_SHATTER);
		err = shatter_marked(block);
		if (err)
			xa_set_mark(&region->blocks, n, PP_BLOCK_SHATTER);
		cond_resched();
	}
}
