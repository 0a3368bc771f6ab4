/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pools, domains, regions and blocks: who owns which page.
 *
 * DOC: ownership and lifetime
 *
 *   pool    a mount. Made by fill_super, gone with the super block.
 *   domain  a top-level directory: the boundary of sharing. Reference counted by the inodes in it.
 *   region  a file: the RAM of a VM. Lives as long as its inode; reclaim that works on it holds
 *           a use count (pp_region_tryget()), for which the inode's end waits.
 *   block   2 MiB of a region (512 pages), made by its first touch, freed with the region. It is
 *           the unit of locking, ageing and reclaim, and an object on the list_lru by which the
 *           kernel finds the memory of a cgroup.
 *
 * DOC: lock order
 *
 *   pools_lock                  (policy/pressure.c) held before the kernel kills, while pools
 *                               evict, only trying block->lock; nobody allocates under it
 *   inode->i_rwsem              truncate, fallocate, write(2)
 *     mm->mmap_lock             faults
 *       huge frames' mutex      (core/huge.c) the shrinker only tries it
 *       block->lock             every home of the block
 *         folio lock            only in-flight faults and the replacing of a page hold it
 *           i_mmap_rwsem, page table locks, KVM's mmu_lock (inside unmap_mapping_pages())
 *         scratch page's mutex  (store/share.c)
 *           codec stream mutex  (store/codec.h)
 *             the store's exchange mutex
 *               zsmalloc's locks
 *         slots->lock
 *           the xarrays' own locks, the store's reserve lock
 *         pool->lock
 *           ledger_lock         (policy/ledger.c) a leaf
 *         region->spare_lock, region->clock_lock, list_lru locks: leaves
 *
 * No allocation under block->lock may enter direct reclaim. The shrinker, which may be entered
 * with any lock of the kernel held, only ever tries block->lock; a fault that evicts holds none
 * of these locks but mmap_lock, and takes it.
 */
#ifndef PAGEPACT_CORE_REGION_H
#define PAGEPACT_CORE_REGION_H

#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include "control/stats.h"
#include "core/home.h"
#include "store/latency.h"

struct pp_policy_ops;
struct pp_slots;
struct pp_store;

#define PP_BLOCK_SHIFT	9
/* A block is 2 MiB, and its home words fill one page. */
static_assert(PAGE_SHIFT == 12 && sizeof(pp_home_t) << PP_BLOCK_SHIFT == PAGE_SIZE);
#define PP_BLOCK_PAGES	(1U << PP_BLOCK_SHIFT)

/**
 * struct pp_block - 512 consecutive pages of a region
 * @lock: protects everything below that has no other lock named
 * @region: owner, constant
 * @base: index of the first page in the region, in pages, constant
 * @home: the PP_BLOCK_PAGES home words; read without the lock only as a hint
 * @nr: number of pages per state, written by pp_home_move(); read without the lock as a hint
 * @copies: pages in frames of which the store keeps a copy, written by pp_home_move(); read without
 *	the lock as a hint
 * @rescued: standby pages touched since the block was aged last
 * @aged: pages made standby when the block was aged last, or its huge frame broken up
 * @huge: the huge frame that all homes are in, or NULL; read without the lock as a hint
 * @punched: pages of @huge punched since it came, at most; read without the lock as a hint
 * @tough: not 0: too much of @huge, as it is since it became standby, does not compress for it to
 *	be evicted; 1 + pages tried that could have gone; read without the lock as a hint
 * @changed: jiffies when @huge came, went, or could not be had by regrouping, or when the block was
 *	made; READ_ONCE()
 * @heat: 0..3, how often in a row most of the aged pages were touched again
 * @skip: ageing rounds that still pass over this block because of its heat
 * @on_trial: its huge frame was broken up to see what of it is in use; xchg()
 * @lru: on the module's list_lru, constant place from the first touch to the region's end
 */
struct pp_block {
	struct mutex lock;
	struct pp_region *region;
	pgoff_t base;
	pp_home_t *home;
	u16 nr[PP_NR_STATES];
	u16 copies;
	u16 rescued;
	u16 aged;
	u16 punched;
	u16 tough;
	u8 heat;
	u8 skip;
	bool on_trial;
	struct folio *huge;
	unsigned long changed;
	struct list_head lru;
};

/* Marks of @blocks of a region: the huge frame is to be shattered. */
#define PP_BLOCK_SHATTER	XA_MARK_0
/* Nobody has counted the zeros in the huge frame since it came, or was touched again. */
#define PP_BLOCK_UNCOUNTED	XA_MARK_1

/**
 * enum pp_huge_mode - when huge frames are used
 * @PP_HUGE_OFF: never
 * @PP_HUGE_FIRST_TOUCH: for the first touch of a block
 * @PP_HUGE_ALWAYS_TRY: also in the place of small ones, where page tables allow it
 * @PP_HUGE_POOL: (of a region) as the pool says
 * @PP_NR_HUGE_MODES: number of modes
 */
enum pp_huge_mode {
	PP_HUGE_OFF,
	PP_HUGE_FIRST_TOUCH,
	PP_HUGE_ALWAYS_TRY,
	PP_HUGE_POOL,
	PP_NR_HUGE_MODES
};

/**
 * enum pp_hot - is it worth while to break up a region's huge frames that are in use?
 * @PP_HOT_TRY: the next one that proves hot is broken up to see
 * @PP_HOT_TRIAL: one has been, and is not judged yet
 * @PP_HOT_PAYS: it was: all that prove hot are broken up
 * @PP_HOT_REST: it was not: some are left alone before the next try
 *
 * See policy/hot.c.
 */
enum pp_hot {
	PP_HOT_TRY,
	PP_HOT_TRIAL,
	PP_HOT_PAYS,
	PP_HOT_REST,
};

/**
 * struct pp_domain - a top-level directory
 * @users: inodes of the domain (its directory, sub-directories, regions)
 * @slots: the domain's slots; no page of another domain ever gets one of them
 */
struct pp_domain {
	refcount_t users;
	struct pp_slots *slots;
};

/**
 * struct pp_limit_writes - who wrote a limit when, so that a write that fails undoes only itself
 * @last: number of the write that set the limit last
 * @reached_by: number of the last write whose limit was reached
 * @reached: that limit, in pages, 0 = none
 *
 * Protected by the pool's lock.
 */
struct pp_limit_writes {
	u64 last;
	u64 reached_by;
	unsigned long reached;
};

/**
 * struct pp_knobs - what can be set, see the ABI document for meaning and default
 * @limit: pages, 0 = none; written under the pool's lock
 * @size: pages, 0 = none
 * @nr_inodes: regions and directories, 0 = none
 * @region_limit: pages, 0 = none
 * @shrink_step: pages
 * @spare: frames a region may keep ready
 * @stall_ms: milliseconds
 * @age_interval_ms: milliseconds, 0 = only under pressure
 * @demote_ms: milliseconds, 0 = only for want of room
 * @commit: enum pp_commit; written by policy/ledger.c
 * @alarm: percent of what the pool may take, 0 = none
 * @huge: enum pp_huge_mode
 * @huge_zeros: pages of zeros for which a huge frame is broken up under pressure, 0 = never
 * @huge_hot: switch
 * @huge_tough: switch
 * @evict: switch
 * @keep_copies: switch
 * @detect_same: switch
 * @share_slots: switch
 * @raw_early: switch
 * @encrypt: switch, for devices that are added
 * @shrinker: switch
 *
 * Written from sysfs with WRITE_ONCE(), read anywhere with READ_ONCE().
 */
struct pp_knobs {
	unsigned long limit;
	unsigned long size;
	unsigned long nr_inodes;
	unsigned long region_limit;
	unsigned long shrink_step;
	unsigned long spare;
	unsigned long stall_ms;
	unsigned long age_interval_ms;
	unsigned long demote_ms;
	unsigned long commit;
	unsigned long alarm;
	unsigned long huge;
	unsigned long huge_zeros;
	bool huge_hot;
	bool huge_tough;
	bool evict;
	bool keep_copies;
	bool detect_same;
	bool share_slots;
	bool raw_early;
	bool encrypt;
	bool shrinker;
};

/**
 * struct pp_place - when bytes go to a device; see policy/place.h
 * @work: lets epochs pass, looks at stored pages
 * @lock: protects what has no other lock named
 * @ticked: jiffies when the epoch began
 * @walked: epochs since stored pages were looked at
 * @hurried: they are to be looked at now; xchg()
 * @rest_until: jiffies before which they are not, because it takes a while; READ_ONCE()
 * @pass: number of the last look at them, by @work alone
 * @pushed: of the store's PP_COUNT_PUSHED, those that are answered for
 * @demoted: of the pool's counter of that name, the same
 * @early: of the pool's counter demoted_early, the same
 */
struct pp_place {
	struct delayed_work work;
	struct mutex lock;
	unsigned long ticked;
	unsigned int walked;
	bool hurried;
	unsigned long rest_until;
	unsigned int pass;
	u64 pushed;
	u64 demoted;
	u64 early;
};

/**
 * struct pp_pool - one mount
 * @sb: the super block
 * @name: the mount's source; name of the sysfs directory
 * @knobs: settings
 * @policy: how reclaim chooses, READ_ONCE()
 * @store: the pool's tiers
 * @epoch: 1..PP_EPOCHS, see core/age.h; READ_ONCE(), written under @place.lock
 * @threshold: pages expected to be needed so many steps later, or later still, belong on a device;
 *	0: nobody knows; READ_ONCE(), written under @place.lock
 * @place: what policy/place.c needs
 * @frames: pages resident or on their way to be, spare frames included
 * @spares: of these, frames in regions' spare lists
 * @promised: sum of all regions' sizes, in pages; READ_ONCE(), written by policy/ledger.c
 * @framed: what of that may be in frames by the limits of regions, in pages; like @promised
 * @store_room: pages that the store takes by its limit, LONG_MAX = any number; like @promised
 * @device_room: pages that its devices take; like @promised
 * @on_ledger: on the list of policy/ledger.c
 * @alarmed: the pool takes more than @knobs.alarm; READ_ONCE(), written by @alarm_work
 * @alarm_work: gives an alarm and ends it
 * @inodes: regions and directories that exist, the root not counted
 * @next_ino: number of the inode made last
 * @blocks: blocks that exist
 * @huge: blocks with a huge frame
 * @breaking: somebody breaks up a huge frame for its cold or compressible pages: one at a time
 * @states: pages per state, over all regions
 * @crowded: the store was full and is not roomy again; READ_ONCE()
 * @crowds: times that it ended, READ_ONCE(): what regions owe is forgotten then
 * @quiet_until: jiffies before which faults do not start background reclaim, because it won
 *	nothing; READ_ONCE()
 * @parts_until: jiffies before which no huge frame is broken up because none fits into the store,
 *	because nothing was won by it; READ_ONCE()
 * @limit_writes: writes of @knobs.limit
 * @lock: protects @regions, and limits while they are written
 * @regions: all regions, in the order in which reclaim visits them
 * @nr_regions: length of @regions; read without the lock as a hint
 * @stats: counters of all its regions, also of those that are gone
 * @fetches: how long pages took that came from memory
 * @pressure: on the list of policy/pressure.c
 * @zero_inode: lends its mapping to zero frames
 * @work: background reclaim, kicked when the headroom under @knobs.limit gets short
 * @age_work: ageing for statistics
 * @shatter_work: shatters marked blocks, a while after they were marked
 * @refill_work: fills the store's reserve, a while after it was drawn on
 * @kobj: sysfs directory
 * @regions_kobj: parent of the regions' directories
 * @tierfs: the directory of devices
 * @debugfs: the directory in debugfs
 * @kobj_gone: completed when sysfs has let go of @kobj
 */
struct pp_pool {
	struct super_block *sb;
	char *name;
	struct pp_knobs knobs;
	const struct pp_policy_ops *policy;
	struct pp_store *store;
	u8 epoch;
	u8 threshold;
	struct pp_place place;
	atomic_long_t frames;
	atomic_long_t spares;
	unsigned long promised;
	unsigned long framed;
	long store_room;
	long device_room;
	struct list_head on_ledger;
	bool alarmed;
	struct delayed_work alarm_work;
	atomic_long_t inodes;
	atomic64_t next_ino;
	atomic_long_t blocks;
	atomic_long_t huge;
	atomic_t breaking;
	atomic_long_t states[PP_NR_STATES];
	bool crowded;
	unsigned int crowds;
	unsigned long quiet_until;
	unsigned long parts_until;
	struct pp_limit_writes limit_writes;
	spinlock_t lock;
	struct list_head regions;
	unsigned long nr_regions;
	struct pp_stats __percpu *stats;
	struct pp_latency fetches;
	struct list_head pressure;
	struct inode *zero_inode;
	struct work_struct work;
	struct delayed_work age_work;
	struct delayed_work refill_work;
	struct delayed_work shatter_work;
	struct kobject kobj;
	struct kobject *regions_kobj;
	struct pp_tierfs *tierfs;
	struct dentry *debugfs;
	struct completion kobj_gone;
};

/**
 * struct pp_region - one file
 * @pool: owner, constant
 * @domain: its domain, constant (rename across domains is refused)
 * @inode: its inode; @inode->i_private points back
 * @users: one for the inode, one for each reclaim at work; 0 = no more reclaim
 * @ending: the inode waits for reclaim to let go, READ_ONCE()
 * @all: on @pool->regions, under @pool->lock
 * @blocks: block number -> struct pp_block; entries are only added until the region ends
 * @nr_blocks: number of entries in @blocks
 * @huge: blocks with a huge frame
 * @huge_mode: enum pp_huge_mode, READ_ONCE()
 * @limit: pages, 0 = none; written under the pool's lock by policy/ledger.c
 * @limit_writes: writes of @limit
 * @promised: its size as the pool counts it, in pages; under the lock of policy/ledger.c
 * @frames: like the pool's, of this region
 * @states: pages per state, written by pp_home_move()
 * @spare: frames ready for the next fault, under @spare_lock
 * @owed: bytes that went to the store, while it was full, for frames of this region, less what left
 *	it in return; see pp_reclaim_exchange()
 * @owed_crowd: the pool's @crowds that @owed belongs to; READ_ONCE()
 * @dry_until: jiffies before which faults do not reclaim from it again while the store is full,
 *	because it had nothing to give; READ_ONCE()
 * @whole_until: jiffies before which its huge frames are not broken up for an exchange again,
 *	because nothing was won by it; READ_ONCE()
 * @nr_spare: length of @spare; read without the lock as a hint
 * @spare_lock: protects @spare
 * @zero: the region's zero frame, made by the first read of a hole, or NULL
 * @hand_age: next block that the clock ages, under @clock_lock
 * @hand_evict: next block from which the clock evicts, under @clock_lock
 * @gap: blocks between the two hands, under @clock_lock
 * @hot: what is known of its huge frames in use, under @clock_lock
 * @hot_block: block on trial while @hot is PP_HOT_TRIAL, under @clock_lock
 * @hot_patience: 2 to the power of that many are left alone before the next try, under @clock_lock
 * @hot_rest: how many still are, under @clock_lock
 * @hand_count: next block whose zeros are counted, READ_ONCE()
 * @pass: of the pool's @place, in which it was looked at last; under the pool's lock
 * @clock_lock: protects the two hands, and what is known of huge frames in use
 * @stats: counters
 * @last_line: jiffies of the last log line about memory errors, to keep them apart
 * @kobj: sysfs directory
 * @kobj_gone: completed when sysfs has let go of @kobj
 */
struct pp_region {
	struct pp_pool *pool;
	struct pp_domain *domain;
	struct inode *inode;
	refcount_t users;
	bool ending;
	struct list_head all;
	struct xarray blocks;
	atomic_long_t nr_blocks;
	atomic_long_t huge;
	unsigned long huge_mode;
	unsigned long limit;
	struct pp_limit_writes limit_writes;
	unsigned long promised;
	atomic_long_t frames;
	atomic_long_t states[PP_NR_STATES];
	struct list_head spare;
	atomic_long_t owed;
	unsigned int owed_crowd;
	unsigned long dry_until;
	unsigned long whole_until;
	unsigned int nr_spare;
	spinlock_t spare_lock;
	struct folio *zero;
	unsigned long hand_age;
	unsigned long hand_evict;
	unsigned long gap;
	enum pp_hot hot;
	struct pp_block *hot_block;
	unsigned int hot_patience;
	unsigned int hot_rest;
	unsigned long hand_count;
	unsigned int pass;
	spinlock_t clock_lock;
	struct pp_stats __percpu *stats;
	unsigned long last_line;
	struct kobject kobj;
	struct completion kobj_gone;
};

/* The list_lru of all blocks of all pools; its walk finds the blocks of one cgroup. */
extern struct list_lru pp_block_lru;

/**
 * pp_region_create - makes the region behind a new inode
 * @pool: the pool
 * @domain: the domain; the caller's reference passes to the region
 * @inode: a regular file of size 0
 * Return: 0 or -ENOMEM. On success inode->i_private is the region.
 */
int pp_region_create(struct pp_pool *pool, struct pp_domain *domain, struct inode *inode);

/**
 * pp_region_destroy - gives everything of a region back
 * @region: nobody can reach it any more but reclaim, for which this waits
 */
void pp_region_destroy(struct pp_region *region);

/**
 * pp_region_tryget - keeps a region from ending
 * @region: the region; the caller holds the lock of a list that it is on
 * Return: false when it is ending already.
 */
bool pp_region_tryget(struct pp_region *region);

/**
 * pp_region_ending - is it time for reclaim to let a region go?
 * @region: the region
 * Return: true when its end waits.
 */
static inline bool pp_region_ending(struct pp_region *region)
{
	return READ_ONCE(region->ending);
}

/**
 * pp_region_is_poor - has a region less than it would if all regions of its pool had as much?
 * @region: the region
 * Return: true when it has.
 */
static inline bool pp_region_is_poor(struct pp_region *region)
{
	struct pp_pool *pool = region->pool;

	return (unsigned long)atomic_long_read(&region->frames) <
	       READ_ONCE(pool->knobs.limit) / max(READ_ONCE(pool->nr_regions), 1UL);
}

/**
 * pp_region_put - ends a pp_region_tryget()
 * @region: the region
 */
void pp_region_put(struct pp_region *region);

/**
 * pp_block_get - the block of a page, made if need be
 * @region: the region
 * @index: index of the page
 * @make: allocate when there is none (may sleep, may enter reclaim)
 * Return: the block, valid as long as the region; NULL: none, or no memory.
 */
struct pp_block *pp_block_get(struct pp_region *region, pgoff_t index, bool make);

/**
 * pp_region_punch - pages become holes, their frames and slots are let go
 * @region: the region
 * @start: first page
 * @end: page after the last
 *
 * Reads and decompresses nothing. Pages that somebody pinned are detached: the pin keeps the frame
 * alive, the region reads as zero. A part of a huge frame is zeroed where it is, and so is all of
 * one that somebody holds, unless the file ends before it. Caller: holds i_rwsem, or is the
 * region's end. Takes time in proportion to the number of blocks that have pages; it is not
 * interrupted, because a file that was cut must not come back with old bytes.
 */
void pp_region_punch(struct pp_region *region, pgoff_t start, pgoff_t end);

/**
 * pp_region_cut - no huge frame reaches over a page
 * @region: the region
 * @index: the page, where a shorter file is to end
 *
 * Caller: holds i_rwsem. A fault may bring another one until the file is shorter; pp_region_punch()
 * finds it then.
 * Return: 0, -EBUSY, -ENOMEM.
 */
int pp_region_cut(struct pp_region *region, pgoff_t index);

/**
 * pp_domain_create - makes a domain
 * @pool: the pool
 * Return: a new one with one user, or NULL.
 */
struct pp_domain *pp_domain_create(struct pp_pool *pool);

/**
 * pp_domain_put - drops one user of @domain; the last one frees it
 * @domain: the domain
 */
void pp_domain_put(struct pp_domain *domain);

/**
 * pp_metadata_bytes - memory of records of homes
 * @pool: the pool
 * @region: the region, or NULL
 * Return: bytes, of @region, or of all of @pool if that is NULL.
 */
u64 pp_metadata_bytes(struct pp_pool *pool, struct pp_region *region);

/**
 * pp_region_init - makes what region.c needs, when the module is loaded
 * Return: 0 or an errno.
 */
int pp_region_init(void);

/**
 * pp_region_exit - undoes pp_region_init()
 */
void pp_region_exit(void);

#endif /* PAGEPACT_CORE_REGION_H */
