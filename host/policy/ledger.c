// SPDX-License-Identifier: GPL-2.0-only
/* Locks: ledger_lock is a leaf, taken with or without pool->lock. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include "control/trace.h"
#include "core/region.h"
#include "policy/ledger.h"
#include "store/store.h"

/* Records of a page: its home, and its part of its block's record. */
#define HOME_BYTES	9
/* Of one that is stored raw: a slot, 4 bytes to find it, zsmalloc's handle, a zspage of its own. */
#define STORED_BYTES	(16 + 4 + 8 + 56)
/* Pages that a pool takes beside that: reserves, and what changes places at the moment. */
#define POOL_PAGES	1024
/* Pages of the store that objects too different to share them may waste, see zs_compact(). */
#define GAPS		512
/* A pool that could hold more is said to hold this, about: a power of two. */
#define MOST_PAGES	(1UL << 42)

const char *const pp_commit_names[PP_NR_COMMITS] = {
	[PP_COMMIT_STRICT]	= "strict",
	[PP_COMMIT_RELAXED]	= "relaxed",
};

/* Protects the list, and of its pools what is promised and what bounds it while that is written. */
static DEFINE_SPINLOCK(ledger_lock);
static LIST_HEAD(pools);

/**
 * struct terms - what is promised and what bounds it, as it is or as it shall be; in pages
 * @promised: sizes of all regions
 * @framed: what of it may be in frames by the limits of regions
 * @limit: of the pool, 0 = none
 * @store: what the store takes in memory, LONG_MAX = any number
 * @devices: what it takes on devices
 */
struct terms {
	unsigned long promised;
	unsigned long framed;
	unsigned long limit;
	long store;
	long devices;
};

static struct terms terms_of(struct pp_pool *pool)
{
	return (struct terms) {
		.promised = READ_ONCE(pool->promised),
		.framed = READ_ONCE(pool->framed),
		.limit = READ_ONCE(pool->knobs.limit),
		.store = READ_ONCE(pool->store_room),
		.devices = READ_ONCE(pool->device_room),
	};
}

/* What of a region may be in frames. */
static unsigned long frames_of(unsigned long size, unsigned long limit)
{
	return limit ? min(size, limit) : size;
}

/* Pages that must be in the store in the worst case. */
static unsigned long stored(const struct terms *t)
{
	return t->promised - frames_of(t->framed, t->limit);
}

/* Room left there; less than 0: so many pages are missing. */
static long room_left(const struct terms *t)
{
	return t->store == LONG_MAX ? LONG_MAX : t->store + t->devices - (long)stored(t);
}

/* Pages on devices in the worst case: what the store has no room for in memory. */
static unsigned long on_devices(const struct terms *t)
{
	return t->store == LONG_MAX ? 0 : clamp((long)stored(t) - t->store, 0L, t->devices);
}

/* Memory needed in the worst case, records included. */
static unsigned long need(const struct terms *t)
{
	if (!t->promised)
		return 0;
	return t->promised - on_devices(t) + POOL_PAGES +
	       t->promised / PAGE_SIZE * HOME_BYTES + HOME_BYTES +
	       stored(t) / PAGE_SIZE * STORED_BYTES +
	       stored(t) % PAGE_SIZE * STORED_BYTES / PAGE_SIZE;
}

static unsigned long store_pages(struct pp_pool *pool)
{
	return (pp_store_bytes(pool->store) >> PAGE_SHIFT) +
	       pp_store_counted(pool->store, PP_COUNT_META);
}

/* Memory of the host that a pool has. */
static unsigned long held_by(struct pp_pool *pool)
{
	return atomic_long_read(&pool->frames) + store_pages(pool) +
	       (pp_metadata_bytes(pool, NULL) >> PAGE_SHIFT);
}

/*
 * Under the lock: memory of the host left in the worst case of all pools that are strict, and of
 * @pool under the terms @t; less than 0: so many pages are missing.
 */
static long host_left(struct pp_pool *pool, const struct terms *t)
{
	long left = (long)held_by(pool) - (long)need(t);
	struct pp_pool *p;

	list_for_each_entry(p, &pools, on_ledger) {
		struct terms others = terms_of(p);

		/* What a pool holds beyond its need may not come back in time. */
		if (p != pool && READ_ONCE(p->knobs.commit) == PP_COMMIT_STRICT)
			left += min((long)held_by(p) - (long)need(&others), 0L);
	}
	/* Last, so that nothing counts twice that was taken meanwhile. */
	return left + si_mem_available();
}

/*
 * Under the lock: pages that a strict pool would miss under terms by which less is on devices, so
 * that the host must hold it.
 */
static unsigned long missing_in_memory(struct pp_pool *pool, const struct terms *t)
{
	struct terms now = terms_of(pool);
	long left;

	if (READ_ONCE(pool->knobs.commit) != PP_COMMIT_STRICT || on_devices(t) >= on_devices(&now))
		return 0;
	left = host_left(pool, t);
	return left < 0 ? -left : 0;
}

/* Under the lock. Return: pages that a strict pool would miss under these terms. */
static unsigned long missing(struct pp_pool *pool, const struct terms *t)
{
	long left = room_left(t);

	return READ_ONCE(pool->knobs.commit) == PP_COMMIT_STRICT && left < 0 ? -left : 0;
}

/* Under the lock. Return: as pp_ledger_set_limit(). */
static long lacks(struct pp_pool *pool, const struct terms *t)
{
	return (long)missing(pool, t) ?: -(long)missing_in_memory(pool, t);
}

void pp_ledger_explain(struct pp_pool *pool, const char *what, u64 bytes, long pages)
{
	if (pages < 0)
		pr_err_ratelimited("pool %s: %s of %llu bytes refused: the host's memory that is available holds %lu bytes less than regions may need; free memory, or set commit=relaxed\n",
				   pool->name, what, bytes, (unsigned long)-pages << PAGE_SHIFT);
	else
		pr_err_ratelimited("pool %s: %s of %llu bytes refused: limits and store_limit would hold %lu bytes less than regions may need; raise one of them, add a device, or set commit=relaxed\n",
				   pool->name, what, bytes, (unsigned long)pages << PAGE_SHIFT);
}

int pp_ledger_resize(struct pp_region *region, unsigned long pages)
{
	struct pp_pool *pool = region->pool;
	u64 bytes = (u64)pages << PAGE_SHIFT;
	unsigned long size = READ_ONCE(pool->knobs.size), few = 0;
	bool grows, too_large = false;
	struct terms t;
	long left = 0;

	spin_lock(&ledger_lock);
	t = terms_of(pool);
	grows = pages > region->promised;
	t.promised += pages - region->promised;
	t.framed += frames_of(pages, region->limit) - frames_of(region->promised, region->limit);
	if (grows) {
		too_large = size && t.promised > size;
		few = missing(pool, &t);
		if (READ_ONCE(pool->knobs.commit) == PP_COMMIT_STRICT)
			left = host_left(pool, &t);
	}
	if (!too_large && !few && left >= 0) {
		WRITE_ONCE(pool->promised, t.promised);
		WRITE_ONCE(pool->framed, t.framed);
		region->promised = pages;
		spin_unlock(&ledger_lock);
		return 0;
	}
	t = terms_of(pool);
	spin_unlock(&ledger_lock);
	if (too_large)
		pr_err_ratelimited("pool %s: region of %llu bytes refused: %lu of %lu bytes are promised to regions already; raise size in sysfs, or the mount option\n",
				   pool->name, bytes, t.promised << PAGE_SHIFT, size << PAGE_SHIFT);
	else if (few)
		pp_ledger_explain(pool, "region", bytes, few);
	else
		pr_err_ratelimited("pool %s: region of %llu bytes refused: the host's memory that is available holds %lu bytes less than regions may need; make it smaller, free memory, or set commit=relaxed\n",
				   pool->name, bytes, (unsigned long)-left << PAGE_SHIFT);
	return -ENOSPC;
}

long pp_ledger_set_limit(struct pp_pool *pool, struct pp_region *only, unsigned long pages,
			 bool back)
{
	struct terms t;
	long few;

	lockdep_assert_held(&pool->lock);
	spin_lock(&ledger_lock);
	t = terms_of(pool);
	if (only)
		t.framed += frames_of(only->promised, pages) -
			    frames_of(only->promised, only->limit);
	else
		t.limit = pages;
	few = back ? (long)missing(pool, &t) : lacks(pool, &t);
	if (!few) {
		WRITE_ONCE(pool->framed, t.framed);
		WRITE_ONCE(*(only ? &only->limit : &pool->knobs.limit), pages);
	}
	spin_unlock(&ledger_lock);
	return few;
}

/* Pages that a store takes in the worst case. */
static long room_of(u64 limit)
{
	return limit ? max((long)(pp_store_room(limit) >> PAGE_SHIFT) - GAPS, 0L) : LONG_MAX;
}

int pp_ledger_set_store_limit(struct pp_pool *pool, u64 bytes, bool back)
{
	struct terms t;
	long few;

	spin_lock(&ledger_lock);
	t = terms_of(pool);
	t.store = room_of(bytes);
	few = back ? (long)missing(pool, &t) : lacks(pool, &t);
	if (!few)
		WRITE_ONCE(pool->store_room, t.store);
	spin_unlock(&ledger_lock);
	if (few)
		pp_ledger_explain(pool, "store_limit", bytes, few);
	return few ? -ENOSPC : 0;
}

int pp_ledger_add_devices(struct pp_pool *pool, long pages)
{
	struct terms t;
	long few = 0;

	spin_lock(&ledger_lock);
	t = terms_of(pool);
	t.devices += pages;
	if (pages < 0)
		few = lacks(pool, &t);
	if (!few)
		WRITE_ONCE(pool->device_room, t.devices);
	spin_unlock(&ledger_lock);
	if (few)
		pp_ledger_explain(pool, "removal of a device", (u64)-pages << PAGE_SHIFT, few);
	return few ? -ENOSPC : 0;
}

/* Under the lock, for a pool that is to become strict. Return: as pp_ledger_set_limit(). */
static long lacks_for_strict(struct pp_pool *pool, const struct terms *t)
{
	long left = t->promised ? room_left(t) : 0;

	return left < 0 ? -left : t->promised ? min(host_left(pool, t), 0L) : 0;
}

void pp_ledger_explain_strict(struct pp_pool *pool, long pages)
{
	pr_err_ratelimited("pool %s: commit=strict refused: %llu bytes are missing for what regions may need; raise limit or store_limit, free memory, or remove regions\n",
			   pool->name, (u64)(pages < 0 ? -pages : pages) << PAGE_SHIFT);
}

int pp_ledger_set_commit(struct pp_pool *pool, enum pp_commit commit, bool back)
{
	struct terms t;
	long few = 0;

	spin_lock(&ledger_lock);
	t = terms_of(pool);
	/* One that is strict stays so, whatever others took of the host's memory. */
	if (commit == PP_COMMIT_STRICT && back)
		few = room_left(&t) < 0 ? -room_left(&t) : 0;
	else if (commit == PP_COMMIT_STRICT && pool->knobs.commit != commit)
		few = lacks_for_strict(pool, &t);
	if (!few)
		WRITE_ONCE(pool->knobs.commit, commit);
	spin_unlock(&ledger_lock);
	if (!few)
		return 0;
	pp_ledger_explain_strict(pool, few);
	return -ENOSPC;
}

long pp_ledger_check(struct pp_pool *pool, unsigned long limit, u64 store_limit,
		     enum pp_commit commit)
{
	struct terms t;
	long few = 0;

	spin_lock(&ledger_lock);
	t = terms_of(pool);
	t.limit = limit;
	t.store = room_of(store_limit);
	if (commit == PP_COMMIT_STRICT && READ_ONCE(pool->knobs.commit) == commit)
		few = lacks(pool, &t);
	else if (commit == PP_COMMIT_STRICT)
		few = lacks_for_strict(pool, &t);
	spin_unlock(&ledger_lock);
	return few;
}

bool pp_ledger_covers(struct pp_pool *pool, struct pp_region *only)
{
	struct terms t = terms_of(pool);

	if (only)
		return t.store == LONG_MAX || t.store + t.devices >= (long)t.promised;
	return room_left(&t) >= 0;
}

u64 pp_ledger_worst_case(struct pp_pool *pool)
{
	struct terms t;

	spin_lock(&ledger_lock);
	t = terms_of(pool);
	spin_unlock(&ledger_lock);
	return (u64)min(need(&t), ULONG_MAX >> PAGE_SHIFT) << PAGE_SHIFT;
}

/* Would a new region of @pages, without a limit, be admitted when the host has @host pages left? */
static bool fits(const struct terms *t, long host, unsigned long pages)
{
	struct terms with = *t;

	with.promised += pages;
	with.framed += pages;
	return room_left(&with) >= 0 && (long)(need(&with) - need(t)) <= host;
}

u64 pp_ledger_covered(struct pp_pool *pool)
{
	unsigned long more = 0, step;
	struct terms t;
	long host, few;

	spin_lock(&ledger_lock);
	t = terms_of(pool);
	host = host_left(pool, &t);
	spin_unlock(&ledger_lock);
	few = min(room_left(&t), host);
	if (few < 0)
		return (u64)max((long)t.promised + few, 0L) << PAGE_SHIFT;
	for (step = MOST_PAGES; step; step /= 2)
		if (fits(&t, host, more + step))
			more += step;
	return (u64)(t.promised + more) << PAGE_SHIFT;
}

/*
 * Does the pool take more of what it may take than its alarm says? An alarm that there is ends with
 * a twentieth less.
 */
static bool takes_much(struct pp_pool *pool)
{
	unsigned long percent = READ_ONCE(pool->knobs.alarm), limit = READ_ONCE(pool->knobs.limit);
	unsigned long store = pp_store_room(pp_store_limit(pool->store)) >> PAGE_SHIFT;
	unsigned long used = held_by(pool), most = used + si_mem_available();
	unsigned int part = percent * (pool->alarmed ? 19 : 20);

	if (!percent)
		return false;
	if (used > mult_frac(most, part, 2000))
		return true;
	/* Memory is used as far as limits allow before anything is written to devices. */
	used += pp_store_device_pages(pool->store);
	most = limit + store + READ_ONCE(pool->device_room);
	return limit && store && used > mult_frac(most, part, 2000);
}

static void alarm_worker(struct work_struct *work)
{
	struct pp_pool *pool = container_of(to_delayed_work(work), struct pp_pool, alarm_work);
	static char *const words[] = { "ALARM=0", "ALARM=1" };
	bool now = takes_much(pool);
	char *env[2] = { words[now] };

	if (now != pool->alarmed) {
		WRITE_ONCE(pool->alarmed, now);
		trace_pagepact_alarm(pool->name, now);
		sysfs_notify(&pool->kobj, NULL, "alarmed");
		kobject_uevent_env(&pool->kobj, KOBJ_CHANGE, env);
	}
	if (now)
		schedule_delayed_work(&pool->alarm_work, HZ);
}

void pp_ledger_watch(struct pp_pool *pool)
{
	if (!READ_ONCE(pool->alarmed) && takes_much(pool))
		schedule_delayed_work(&pool->alarm_work, 0);
}

void pp_ledger_add_pool(struct pp_pool *pool)
{
	INIT_DELAYED_WORK(&pool->alarm_work, alarm_worker);
	disable_delayed_work_sync(&pool->alarm_work);
	pool->store_room = LONG_MAX;
	spin_lock(&ledger_lock);
	list_add(&pool->on_ledger, &pools);
	spin_unlock(&ledger_lock);
}

void pp_ledger_start_alarm(struct pp_pool *pool)
{
	enable_delayed_work(&pool->alarm_work);
}

void pp_ledger_stop_alarm(struct pp_pool *pool)
{
	disable_delayed_work_sync(&pool->alarm_work);
}

void pp_ledger_del_pool(struct pp_pool *pool)
{
	spin_lock(&ledger_lock);
	list_del(&pool->on_ledger);
	spin_unlock(&ledger_lock);
}
