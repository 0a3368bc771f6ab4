// SPDX-License-Identifier: GPL-2.0-only
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/page_counter.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/spinlock.h>
#include <linux/swap.h>
#include "compat/compat.h"
#include "core/frame.h"
#include "policy/pressure.h"
#include "policy/reclaim.h"

/* Room to make under a cgroup's limit: a 64th of it, within these bounds, in pages. */
#define MARGIN_MIN	128L
#define MARGIN_MAX	1024L
/* Blocks looked at, and regions picked up, in one call. */
#define WALK_BLOCKS	64UL
/* Of these, until one has memory. */
#define MAX_WALK	4096UL
#define MAX_REGIONS	8
/* Steps of up to MARGIN_MAX pages in one call. */
#define MAX_STEPS	16
/* Pages won before the kernel looks for memory again, once it is about to kill. */
#define OOM_STEP	2048UL
/* Fewer are not worth it: guests that fetch them back would keep it from killing for ever. */
#define OOM_MIN		(OOM_STEP / 8)
/* Proactive requests told apart at a time, and after how long one gets another step. */
#define EPISODES	8
#define EPISODE_LIFE	(10 * HZ)

/**
 * struct episode - a proactive request that is being served
 * @task: who makes it; only compared, never followed
 * @call: number of write calls the task had finished by then: tells its requests apart
 * @used: pages evicted for it
 * @since: jiffies of its first call
 */
struct episode {
	const void *task;
	u64 call;
	unsigned long used;
	unsigned long since;
};

static struct episode episodes[EPISODES];
/* Protects @episodes; a leaf. */
static DEFINE_SPINLOCK(episode_lock);
static struct shrinker *shrinker;
/* Pools that exist. */
static LIST_HEAD(pools);
/* Protects @pools. Held while pools evict for the OOM killer; nobody allocates under it. */
static DEFINE_MUTEX(pools_lock);

/* Finds or makes the episode of the current system call. */
static struct episode *episode_find(void)
{
	struct episode *oldest = &episodes[0];
	int i;

	for (i = 0; i < EPISODES; i++) {
		struct episode *e = &episodes[i];

		if (e->task == current && e->call == pp_compat_write_calls() &&
		    time_before(jiffies, e->since + EPISODE_LIFE))
			return e;
		if (time_before(e->since, oldest->since))
			oldest = e;
	}
	*oldest = (struct episode){
		.task = current, .call = pp_compat_write_calls(), .since = jiffies,
	};
	return oldest;
}

/* Takes up to @want pages from the current episode's budget of @step. Return: how many. */
static unsigned long episode_take(unsigned long want, unsigned long step)
{
	struct episode *e;
	unsigned long n;

	spin_lock(&episode_lock);
	e = episode_find();
	n = min(want, step - min(step, e->used));
	e->used += n;
	spin_unlock(&episode_lock);
	return n;
}

/* Pages by which a cgroup or one of its ancestors is short of its margin; <= 0: none is. */
static long memcg_need(struct mem_cgroup *memcg)
{
	long need = 0;

	for (; memcg; memcg = parent_mem_cgroup(memcg)) {
		unsigned long limit = min(READ_ONCE(memcg->memory.max),
					  READ_ONCE(memcg->memory.high));
		long margin;

		if (limit >= PAGE_COUNTER_MAX)
			continue;
		margin = clamp((long)(limit / 64), MARGIN_MIN, MARGIN_MAX);
		need = max(need, (long)page_counter_read(&memcg->memory) + margin - (long)limit);
	}
	return need;
}

/*
 * Direct reclaim begins when no zone that may serve a request has enough. The highest one that is
 * not for movable pages always may; what lies free in lower zones is partly kept from others.
 * kswapd goes on up to the high mark, and runs for large pages alone as well, which frames of one
 * page do not help.
 */
static bool node_short(int nid)
{
	struct zone *zone = NODE_DATA(nid)->node_zones;
	unsigned long enough;
	int i;

	for (i = ZONE_NORMAL; i >= 0; i--) {
		if (!managed_zone(zone + i))
			continue;
		enough = current_is_kswapd() ? high_wmark_pages(zone + i) :
					       low_wmark_pages(zone + i);
		return zone_page_state(zone + i, NR_FREE_PAGES) < enough;
	}
	return false;
}

/**
 * struct walk - regions found by a walk over a cgroup's blocks
 * @region: with a use count each
 * @nr: number of them
 */
struct walk {
	struct pp_region *region[MAX_REGIONS];
	unsigned int nr;
};

static PP_LRU_WALK_FN(walk_block)
{
	struct pp_block *block = container_of(item, struct pp_block, lru);
	struct pp_region *region = block->region;
	struct walk *walk = arg;
	unsigned int i;

	if (!READ_ONCE(block->nr[PP_FRAME]) && !READ_ONCE(block->nr[PP_STANDBY]))
		return LRU_ROTATE;
	for (i = 0; i < walk->nr; i++)
		if (walk->region[i] == region)
			return LRU_ROTATE;
	if (walk->nr < MAX_REGIONS && READ_ONCE(region->pool->knobs.shrinker) &&
	    pp_region_tryget(region))
		walk->region[walk->nr++] = region;
	return LRU_ROTATE;
}

static unsigned long count_objects(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long blocks = list_lru_shrink_count(&pp_block_lru, sc);

	/* Blocks without memory count as well: how much is needed is worked out later. */
	return blocks ? blocks * PP_BLOCK_PAGES : SHRINK_EMPTY;
}

/**
 * struct need - for what a call evicts
 * @real: not proactive, so that it has no budget
 * @host: memory of the host, not room under a cgroup's limit
 */
struct need {
	bool real;
	bool host;
};

static unsigned long shrink_region(struct pp_region *region, unsigned long want, struct need need)
{
	struct pp_reclaim rc = {
		.pool = region->pool, .only = region, .want = want, .try_only = true,
		.host = need.host,
	};
	unsigned long drained;

	if (!need.real)
		rc.want = episode_take(want, READ_ONCE(region->pool->knobs.shrink_step));
	drained = pp_frame_drain(region, rc.want);
	rc.want -= drained;
	if (rc.want)
		pp_reclaim_run(&rc, "shrinker");
	return drained + rc.done;
}

static unsigned long shrink_regions(struct walk *walk, unsigned long want, struct need need)
{
	unsigned long freed = 0;
	unsigned int i;

	for (i = 0; i < walk->nr && freed < want; i++)
		freed += shrink_region(walk->region[i], want - freed, need);
	return freed;
}

/* A cgroup's need is asked for again after each step: others may be meeting it at the same time. */
static unsigned long meet_need(struct walk *walk, struct mem_cgroup *memcg)
{
	struct need need = { .real = true };
	unsigned long freed = 0, got;
	unsigned int steps = MAX_STEPS;
	long pages;

	while (steps-- && (pages = memcg_need(memcg)) > 0) {
		got = shrink_regions(walk, min(pages, MARGIN_MAX), need);
		if (!got)
			break;
		freed += got;
	}
	return freed;
}

/* Blocks without memory may stand before those that have some, many of them. */
static void find_regions(struct walk *walk, struct shrink_control *sc)
{
	unsigned long left = min(list_lru_shrink_count(&pp_block_lru, sc), MAX_WALK), step;

	/* The next call goes on where this one stops. */
	while (left && !walk->nr) {
		step = min(left, WALK_BLOCKS);
		left -= step;
		list_lru_walk_one(&pp_block_lru, sc->nid, sc->memcg, walk_block, walk, &step);
		cond_resched();
	}
}

static unsigned long scan_objects(struct shrinker *s, struct shrink_control *sc)
{
	struct need need = { .host = true };
	struct walk walk = {};
	unsigned long freed;

	find_regions(&walk, sc);
	need.real = node_short(sc->nid);
	if (memcg_need(sc->memcg) > 0)
		freed = meet_need(&walk, sc->memcg);
	else
		freed = shrink_regions(&walk, sc->nr_to_scan, need);
	while (walk.nr)
		pp_region_put(walk.region[--walk.nr]);
	/* Counts for the host's own reclaim only; for a cgroup's the kernel drops it. */
	mm_account_reclaimed_pages(freed);
	return freed ? freed : SHRINK_STOP;
}

/*
 * Called before somebody is killed for want of memory on the host; what is won makes the kernel
 * look once more. It gets here although pools have pages to give: a shrinker is asked for 128 at a
 * time, or for none while there is page cache to take, and the kernel gives up when free pages and
 * those on its LRU lists together do not reach the lowest watermark, which may jump.
 */
static int before_oom(struct notifier_block *nb, unsigned long unused, void *won)
{
	unsigned long *pages = won, left = OOM_STEP, sum = 0;
	struct pp_pool *pool;

	mutex_lock(&pools_lock);
	list_for_each_entry(pool, &pools, pressure) {
		unsigned long n = 0;

		if (READ_ONCE(pool->knobs.shrinker))
			n = pp_reclaim_oom(pool, left);
		sum += n;
		left -= min(left, n);
		if (!left)
			break;
	}
	mutex_unlock(&pools_lock);
	if (sum >= OOM_MIN)
		*pages += sum;
	return NOTIFY_OK;
}

static struct notifier_block oom_block = { .notifier_call = before_oom };

void pp_pressure_add_pool(struct pp_pool *pool)
{
	mutex_lock(&pools_lock);
	list_add_tail(&pool->pressure, &pools);
	mutex_unlock(&pools_lock);
}

void pp_pressure_del_pool(struct pp_pool *pool)
{
	mutex_lock(&pools_lock);
	list_del(&pool->pressure);
	mutex_unlock(&pools_lock);
}

int pp_pressure_init(void)
{
	int err;

	shrinker = shrinker_alloc(SHRINKER_MEMCG_AWARE | SHRINKER_NUMA_AWARE, "pagepact");
	if (!shrinker)
		return -ENOMEM;
	err = list_lru_init_memcg(&pp_block_lru, shrinker);
	if (err) {
		shrinker_free(shrinker);
		return err;
	}
	shrinker->count_objects = count_objects;
	shrinker->scan_objects = scan_objects;
	shrinker->seeks = DEFAULT_SEEKS;
	err = register_oom_notifier(&oom_block);
	if (err) {
		shrinker_free(shrinker);
		list_lru_destroy(&pp_block_lru);
		return err;
	}
	shrinker_register(shrinker);
	return 0;
}

void pp_pressure_exit(void)
{
	unregister_oom_notifier(&oom_block);
	shrinker_free(shrinker);
	list_lru_destroy(&pp_block_lru);
}
