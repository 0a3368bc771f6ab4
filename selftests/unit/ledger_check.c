// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger: what is admitted could be written at once, whatever is set afterwards; an alarm comes
 * once and ends.
 */
#include "policy/ledger.c"
#include "unit.h"

static struct pp_pool one, two;
static struct pp_region a, b, c;
static long available;
static unsigned long in_store[2];
static u64 limit_of_store;
static unsigned long on_devices_now;
static unsigned int notified, events;
static char event[16];

long si_mem_available(void)
{
	return available;
}

u64 pp_store_bytes(struct pp_store *store)
{
	return (u64)in_store[store == two.store] << PAGE_SHIFT;
}

u64 pp_store_limit(struct pp_store *store)
{
	return limit_of_store;
}

/* Keeps a tenth, so that it is told apart from the limit. */
u64 pp_store_room(u64 limit)
{
	return limit - limit / 10;
}

unsigned long pp_store_device_pages(struct pp_store *store)
{
	return on_devices_now;
}

unsigned long pp_store_counted(struct pp_store *store, enum pp_count what)
{
	return 0;
}

u64 pp_metadata_bytes(struct pp_pool *pool, struct pp_region *region)
{
	return 0;
}

void sysfs_notify(struct kobject *kobj, const char *dir, const char *attr)
{
	expect(!strcmp(attr, "alarmed"));
	notified++;
}

int kobject_uevent_env(struct kobject *kobj, enum kobject_action action, char *env[])
{
	snprintf(event, sizeof(event), "%s", env[0]);
	expect(!env[1]);
	events++;
	return 0;
}

static void begin(void)
{
	one = (struct pp_pool){ .name = "one", .knobs.alarm = 90 };
	two = (struct pp_pool){ .name = "two" };
	two.store = (void *)&two;
	a = (struct pp_region){ .pool = &one };
	b = (struct pp_region){ .pool = &one };
	c = (struct pp_region){ .pool = &two };
	available = 1 << 20;
	in_store[0] = in_store[1] = limit_of_store = notified = events = 0;
	on_devices_now = 0;
	pp_ledger_add_pool(&one);
	pp_ledger_add_pool(&two);
	pp_ledger_start_alarm(&one);
}

static void end(void)
{
	expect(!ledger_lock.held);
	pp_ledger_stop_alarm(&one);
	pp_ledger_del_pool(&one);
	pp_ledger_del_pool(&two);
	expect(list_empty(&pools));
}

static int set_limit(struct pp_pool *pool, struct pp_region *only, unsigned long pages)
{
	int err;

	spin_lock(&pool->lock);
	err = pp_ledger_set_limit(pool, only, pages, false) ? -ENOSPC : 0;
	spin_unlock(&pool->lock);
	return err;
}

/* As the knob does; so that the store takes @pages less a tenth of them. */
static int set_store(struct pp_pool *pool, unsigned long pages)
{
	if (!pages)
		return pp_ledger_set_store_limit(pool, 0, false);
	return pp_ledger_set_store_limit(pool, ((u64)pages << PAGE_SHIFT) +
					       ((u64)GAPS << PAGE_SHIFT) * 10 / 9 + 10, false);
}

/* What the pool alone may need. */
static unsigned long need_of(struct pp_pool *pool, unsigned long promised)
{
	struct terms t = terms_of(pool);

	t.promised = t.framed = promised;
	return need(&t);
}

TEST(limits_bound_what_is_admitted)
{
	begin();
	expect_eq(set_limit(&one, NULL, 100), 0);
	/* The store takes any number. */
	expect_eq(pp_ledger_resize(&a, 100000), 0);
	expect_eq(pp_ledger_resize(&a, 0), 0);
	expect_eq(set_store(&one, 1000), 0);
	expect_eq(pp_ledger_resize(&a, 1001), -ENOSPC);
	expect_eq(one.promised, 0);
	expect_eq(pp_ledger_resize(&a, 1000), 0);
	expect_eq(pp_ledger_resize(&b, 1), -ENOSPC);
	expect_eq(a.promised + b.promised, one.promised);
	/* No larger; smaller is always right. */
	expect_eq(pp_ledger_resize(&a, 1001), -ENOSPC);
	expect_eq(pp_ledger_resize(&a, 1000), 0);
	expect_eq(pp_ledger_resize(&a, 999), 0);
	expect_eq(pp_ledger_resize(&b, 1), 0);
	expect_eq(pp_ledger_resize(&b, 0), 0);
	/* Without a limit all may be in frames. */
	expect_eq(set_limit(&one, NULL, 0), 0);
	expect_eq(pp_ledger_resize(&b, 5000), 0);
	end();
}

/* Their room counts for what the store in memory does not take; that may not be taken back. */
TEST(devices)
{
	unsigned long before;

	begin();
	expect_eq(set_limit(&one, NULL, 100), 0);
	expect_eq(set_store(&one, 1000), 0);
	before = pp_ledger_covered(&one) >> PAGE_SHIFT;
	expect_eq(pp_ledger_add_devices(&one, 5000), 0);
	expect_eq(pp_ledger_covered(&one) >> PAGE_SHIFT, before + 5000);
	expect_eq(pp_ledger_resize(&a, before + 5001), -ENOSPC);
	expect_eq(pp_ledger_resize(&a, before + 4000), 0);
	/* What is there takes no memory of the host. */
	expect(pp_ledger_worst_case(&one) >> PAGE_SHIFT < before + POOL_PAGES + 1000);
	expect_eq(pp_ledger_add_devices(&one, -5000), -ENOSPC);
	expect_eq(one.device_room, 5000);
	expect_eq(pp_ledger_add_devices(&one, -1000), 0);
	expect_eq(pp_ledger_resize(&a, 50), 0);
	expect_eq(pp_ledger_add_devices(&one, -4000), 0);
	expect_eq(pp_ledger_covered(&one) >> PAGE_SHIFT, before);
	/* Without a limit of the store nothing goes to devices. */
	expect_eq(pp_ledger_add_devices(&one, 5000), 0);
	expect_eq(set_store(&one, 0), 0);
	available = 3000;
	expect_eq(pp_ledger_resize(&a, 4000), -ENOSPC);
	expect_eq(pp_ledger_resize(&a, 0), 0);
	end();
}

/* Nor may limits be set by which the host would have to hold it. */
TEST(what_is_on_devices_stays_there)
{
	begin();
	expect_eq(set_limit(&one, NULL, 100), 0);
	expect_eq(set_store(&one, 1000), 0);
	expect_eq(pp_ledger_add_devices(&one, 50000), 0);
	available = 5000;
	expect_eq(pp_ledger_resize(&a, 40000), 0);
	expect_eq(set_store(&one, 0), -ENOSPC);
	expect_eq(set_store(&one, 30000), -ENOSPC);
	expect_eq(set_limit(&one, NULL, 0), -ENOSPC);
	expect_eq(set_limit(&one, NULL, 30000), -ENOSPC);
	/* A little is. */
	expect_eq(set_store(&one, 1500), 0);
	expect_eq(set_limit(&one, NULL, 90), 0);
	available = 50000;
	expect_eq(set_limit(&one, NULL, 30000), 0);
	expect_eq(set_store(&one, 0), 0);
	expect_eq(pp_ledger_resize(&a, 0), 0);
	end();
}

/* Others have taken the host's memory since. */
TEST(a_write_that_failed_is_undone_all_the_same)
{
	begin();
	expect_eq(set_limit(&one, NULL, 100), 0);
	expect_eq(set_store(&one, 1000), 0);
	expect_eq(pp_ledger_add_devices(&one, 50000), 0);
	available = 5000;
	expect_eq(pp_ledger_resize(&a, 40000), 0);
	spin_lock(&one.lock);
	expect(pp_ledger_set_limit(&one, NULL, 30000, false) < 0);
	spin_unlock(&one.lock);
	expect(pp_ledger_check(&one, 30000, 1 << 22, PP_COMMIT_STRICT) < 0);
	expect(pp_ledger_check(&one, 90, 1 << 22, PP_COMMIT_STRICT) == 0);
	spin_lock(&one.lock);
	expect_eq(pp_ledger_set_limit(&one, NULL, 30000, true), 0);
	spin_unlock(&one.lock);
	expect_eq(one.knobs.limit, 30000);
	expect_eq(pp_ledger_set_store_limit(&one, 0, true), 0);
	expect_eq(pp_ledger_resize(&a, 0), 0);
	end();
}

/* Memory is used as far as may be before a device gets anything. */
TEST(no_alarm_while_devices_have_room)
{
	begin();
	one.knobs.limit = 100;
	limit_of_store = 1000ull << PAGE_SHIFT;
	in_store[0] = 880;
	atomic_long_set(&one.frames, 100);
	expect(takes_much(&one));
	one.device_room = 5000;
	expect(!takes_much(&one));
	on_devices_now = 4500;
	expect(takes_much(&one));
	atomic_long_set(&one.frames, 0);
	end();
}

TEST(the_size_knob)
{
	begin();
	one.knobs.size = 50;
	expect_eq(pp_ledger_resize(&a, 51), -ENOSPC);
	expect_eq(pp_ledger_resize(&a, 50), 0);
	expect_eq(pp_ledger_resize(&b, 1), -ENOSPC);
	one.knobs.commit = PP_COMMIT_RELAXED;
	expect_eq(pp_ledger_resize(&b, 1), -ENOSPC);
	/* Lowered below what is there: less is admitted all the same. */
	one.knobs.size = 10;
	expect_eq(pp_ledger_resize(&a, 40), 0);
	expect_eq(pp_ledger_resize(&a, 41), -ENOSPC);
	end();
}

/* What is set leaves enough for what was admitted, or is refused and changes nothing. */
TEST(limits_that_are_lowered)
{
	begin();
	expect_eq(set_limit(&one, NULL, 100), 0);
	expect_eq(set_store(&one, 1000), 0);
	expect_eq(pp_ledger_resize(&a, 990), 0);
	expect_eq(set_limit(&one, NULL, 89), -ENOSPC);
	expect_eq(one.knobs.limit, 100);
	expect_eq(set_limit(&one, NULL, 90), 0);
	expect_eq(set_store(&one, 998), -ENOSPC);
	expect_eq(one.store_room, 900);
	expect_eq(set_limit(&one, NULL, 1000), 0);
	expect_eq(set_store(&one, 1), 0);
	expect_eq(set_limit(&one, NULL, 989), -ENOSPC);
	expect_eq(set_limit(&one, NULL, 0), 0);
	expect_eq(set_limit(&one, NULL, 989), -ENOSPC);
	expect_eq(set_store(&one, 0), 0);
	expect_eq(set_limit(&one, NULL, 1), 0);
	end();
}

/* A region's limit sends to the store what is beyond it. */
TEST(limits_of_regions)
{
	begin();
	expect_eq(set_store(&one, 100), 0);
	expect_eq(pp_ledger_resize(&a, 500), 0);
	expect_eq(set_limit(&one, &a, 409), -ENOSPC);
	expect_eq(a.limit, 0);
	expect_eq(set_limit(&one, &a, 410), 0);
	expect_eq(one.framed, 410);
	expect_eq(set_limit(&one, &a, 409), -ENOSPC);
	expect_eq(a.limit, 410);
	/* The room is used up, but frames are not. */
	expect_eq(pp_ledger_resize(&a, 501), -ENOSPC);
	expect_eq(pp_ledger_resize(&b, 1000), 0);
	expect_eq(set_limit(&one, &b, 999), -ENOSPC);
	expect_eq(set_limit(&one, &b, 2000), 0);
	expect_eq(set_limit(&one, NULL, 1409), -ENOSPC);
	expect_eq(set_limit(&one, NULL, 1410), 0);
	expect_eq(pp_ledger_resize(&b, 0), 0);
	expect_eq(one.framed, 410);
	expect_eq(set_limit(&one, &a, 0), 0);
	expect_eq(one.framed, 500);
	end();
}

/* What a page may need beside itself. */
TEST(records)
{
	struct terms t = { .promised = 40960, .framed = 40960 };

	expect_eq(need(&t), 40960 + 10 * HOME_BYTES + HOME_BYTES + POOL_PAGES);
	/* In the store a page takes more. */
	t.limit = 10;
	expect_eq(need(&t), 40960 + 10 * HOME_BYTES + HOME_BYTES + POOL_PAGES +
			    40950ul * STORED_BYTES / 4096);
	t.framed = 0;
	expect_eq(need(&t), 40960 + 10 * HOME_BYTES + HOME_BYTES + POOL_PAGES +
			    40960ul * STORED_BYTES / 4096);
	t = (struct terms){};
	expect_eq(need(&t), 0);
}

/* Of the memory of the host, what other strict pools may need is not there; what they hold is. */
TEST(memory_of_the_host)
{
	begin();
	available = need_of(&one, 10000);
	expect_eq(pp_ledger_resize(&a, 10001), -ENOSPC);
	expect_eq(pp_ledger_resize(&a, 10000), 0);
	expect_eq(pp_ledger_resize(&c, 1), -ENOSPC);
	available += need_of(&two, 500);
	expect_eq(pp_ledger_resize(&c, 501), -ENOSPC);
	expect_eq(pp_ledger_resize(&c, 500), 0);
	/* What is used is available no more. */
	available -= 3000;
	atomic_long_set(&one.frames, 2000);
	in_store[0] = 500;
	in_store[1] = 500;
	expect_eq(pp_ledger_resize(&c, 501), -ENOSPC);
	expect_eq(pp_ledger_resize(&c, 499), 0);
	expect_eq(pp_ledger_resize(&c, 500), 0);
	/* What another pool holds beyond its need is not counted on. */
	available -= 30000;
	atomic_long_set(&one.frames, 32000);
	expect_eq(pp_ledger_resize(&c, 501), -ENOSPC);
	expect(pp_ledger_covered(&two) < (u64)two.promised << PAGE_SHIFT);
	/* What is there stays, and can be made smaller; one that is strict stays strict. */
	expect_eq(pp_ledger_resize(&c, 499), 0);
	expect_eq(pp_ledger_set_commit(&two, PP_COMMIT_STRICT, false), 0);
	expect_eq(pp_ledger_resize(&c, 0), 0);
	expect_eq(pp_ledger_set_commit(&two, PP_COMMIT_RELAXED, false), 0);
	expect_eq(pp_ledger_set_commit(&two, PP_COMMIT_STRICT, false), 0);
	end();
}

/* A relaxed pool is a user of memory like others: what it has promised is nobody's concern. */
TEST(relaxed_pools)
{
	begin();
	available = need_of(&two, 990);
	expect_eq(pp_ledger_set_commit(&one, PP_COMMIT_RELAXED, false), 0);
	expect_eq(set_limit(&one, NULL, 10), 0);
	expect_eq(set_store(&one, 10), 0);
	expect_eq(pp_ledger_resize(&a, 1ul << 34), 0);
	expect_eq(pp_ledger_resize(&c, 991), -ENOSPC);
	expect_eq(pp_ledger_resize(&c, 990), 0);
	/* Strict only when it can be. */
	expect_eq(pp_ledger_set_commit(&one, PP_COMMIT_STRICT, false), -ENOSPC);
	expect_eq(one.knobs.commit, PP_COMMIT_RELAXED);
	expect_eq(pp_ledger_resize(&a, 30), 0);
	expect_eq(pp_ledger_set_commit(&one, PP_COMMIT_STRICT, false), -ENOSPC);
	expect_eq(pp_ledger_resize(&a, 19), 0);
	expect_eq(pp_ledger_set_commit(&one, PP_COMMIT_STRICT, false), -ENOSPC);
	available += need_of(&one, 20);
	expect_eq(pp_ledger_set_commit(&one, PP_COMMIT_STRICT, false), 0);
	expect_eq(set_store(&one, 9), -ENOSPC);
	/* Together, as a remount asks. */
	expect_eq(pp_ledger_check(&one, 9, 10, PP_COMMIT_STRICT), 10);
	expect_eq(pp_ledger_check(&one, 9, 0, PP_COMMIT_STRICT), 0);
	expect_eq(pp_ledger_check(&one, 9, 10, PP_COMMIT_RELAXED), 0);
	expect_eq(one.knobs.limit, 10);
	expect_eq(pp_ledger_set_commit(&one, PP_COMMIT_RELAXED, false), 0);
	expect_eq(pp_ledger_check(&one, 9, 10, PP_COMMIT_STRICT), 10);
	expect_eq(pp_ledger_check(&one, 9, 0, PP_COMMIT_STRICT), 0);
	/* The host has too little; what was strict a moment ago can be so again. */
	available = 0;
	expect(pp_ledger_check(&one, 9, 0, PP_COMMIT_STRICT) < 0);
	expect_eq(pp_ledger_set_commit(&one, PP_COMMIT_STRICT, false), -ENOSPC);
	expect_eq(pp_ledger_set_commit(&one, PP_COMMIT_STRICT, true), 0);
	expect_eq(pp_ledger_check(&one, 10, (u64)one.store_room << 40, PP_COMMIT_STRICT), 0);
	end();
}

TEST(what_it_says)
{
	unsigned long i;

	begin();
	expect(pp_ledger_covers(&one, NULL) && pp_ledger_covers(&one, &a));
	/* Bounded by the host. */
	i = pp_ledger_covered(&one) >> PAGE_SHIFT;
	expect(i > available * 98 / 100 && i < available);
	expect_eq(pp_ledger_worst_case(&one), 0);
	expect_eq(pp_ledger_resize(&a, i), 0);
	expect_eq(pp_ledger_resize(&a, 0), 0);
	expect_eq(set_store(&one, 1000), 0);
	expect_eq(set_limit(&one, NULL, 300), 0);
	expect_eq(pp_ledger_covered(&one) >> PAGE_SHIFT, 1200);
	expect_eq(pp_ledger_resize(&a, 1200), 0);
	expect_eq(pp_ledger_covered(&one) >> PAGE_SHIFT, 1200);
	expect_eq(pp_ledger_worst_case(&one) >> PAGE_SHIFT,
		  1200 + HOME_BYTES + POOL_PAGES + 900 * STORED_BYTES / 4096);
	expect(pp_ledger_covers(&one, NULL) && !pp_ledger_covers(&one, &a));
	expect_eq(pp_ledger_resize(&a, 900), 0);
	expect_eq(pp_ledger_covered(&one) >> PAGE_SHIFT, 1200);
	expect(pp_ledger_covers(&one, &a));
	expect_eq(set_limit(&one, NULL, 0), 0);
	expect(pp_ledger_covered(&one) >> PAGE_SHIFT > 100000);
	one.knobs.commit = PP_COMMIT_RELAXED;
	expect_eq(set_limit(&one, &a, 10), 0);
	expect_eq(set_store(&one, 100), 0);
	expect(!pp_ledger_covers(&one, NULL));
	expect_eq(pp_ledger_resize(&b, 1000), 0);
	/* 890 pages have no place; without them all others have. */
	expect_eq(pp_ledger_covered(&one) >> PAGE_SHIFT, 1900 - 800);
	end();
}

/* As much as is said to be covered is admitted, and no page more. */
static void expect_covered(void)
{
	unsigned long pages = pp_ledger_covered(&one) >> PAGE_SHIFT;

	expect_eq(pp_ledger_resize(&a, pages - one.promised), 0);
	expect_eq(pp_ledger_covered(&one) >> PAGE_SHIFT, pages);
	expect_eq(pp_ledger_resize(&a, pages - one.promised + a.promised + 1), -ENOSPC);
	expect_eq(pp_ledger_resize(&a, 0), 0);
}

TEST(what_is_covered_is_admitted)
{
	begin();
	/* By the host; by limits. */
	expect_covered();
	expect_eq(set_store(&one, 1000), 0);
	expect_eq(set_limit(&one, NULL, 300), 0);
	expect_covered();
	/* What goes to devices takes little of the host's memory. */
	expect_eq(pp_ledger_add_devices(&one, 50000), 0);
	expect(pp_ledger_covered(&one) >> PAGE_SHIFT > 50000);
	expect_covered();
	available = POOL_PAGES + 2000;
	expect(pp_ledger_covered(&one) >> PAGE_SHIFT > 20000);
	expect_covered();
	expect_eq(pp_ledger_resize(&b, 700), 0);
	expect_covered();
	end();
}

/* Once when it begins, once when it ends, and not again for each step between. */
TEST(alarms)
{
	begin();
	one.knobs.limit = 110;
	limit_of_store = 100 << PAGE_SHIFT;
	/* The store does not get to its limit: 200 is all there is. */
	atomic_long_set(&one.frames, 100);
	in_store[0] = 80;
	pp_ledger_watch(&one);
	expect(!shim_work(&one.alarm_work.work));
	in_store[0] = 81;
	pp_ledger_watch(&one);
	expect(shim_work(&one.alarm_work.work));
	expect(one.alarmed);
	expect_eq(notified, 1);
	expect_eq(events, 1);
	expect(!strcmp(event, "ALARM=1"));
	/* It looks again by itself. */
	expect(shim_work(&one.alarm_work.work));
	in_store[0] = 72;
	expect(shim_work(&one.alarm_work.work));
	expect_eq(events, 1);
	in_store[0] = 71;
	expect(shim_work(&one.alarm_work.work));
	expect(!one.alarmed);
	expect_eq(notified, 2);
	expect(!strcmp(event, "ALARM=0"));
	expect(!shim_work(&one.alarm_work.work));
	/* All of it can be told, and hardly any. */
	one.knobs.alarm = 100;
	in_store[0] = 101;
	pp_ledger_watch(&one);
	expect(shim_work(&one.alarm_work.work));
	expect(one.alarmed);
	one.knobs.alarm = 1;
	atomic_long_set(&one.frames, 0);
	in_store[0] = 2;
	expect(shim_work(&one.alarm_work.work));
	expect(one.alarmed);
	in_store[0] = 1;
	expect(shim_work(&one.alarm_work.work));
	expect(!one.alarmed);
	/* Without limits, the memory of the host is what there is. */
	one.knobs.limit = 0;
	one.knobs.alarm = 90;
	atomic_long_set(&one.frames, 180);
	in_store[0] = 0;
	available = 20;
	pp_ledger_watch(&one);
	expect(!shim_work(&one.alarm_work.work));
	available = 19;
	pp_ledger_watch(&one);
	expect(shim_work(&one.alarm_work.work));
	expect(one.alarmed);
	/* Switched off, it ends. */
	one.knobs.alarm = 0;
	expect(shim_work(&one.alarm_work.work));
	expect(!one.alarmed);
	pp_ledger_watch(&one);
	expect(!shim_work(&one.alarm_work.work));
	/* None is given to a pool whose directory goes. */
	one.knobs.alarm = 1;
	pp_ledger_stop_alarm(&one);
	pp_ledger_watch(&one);
	expect(!shim_work(&one.alarm_work.work));
	pp_ledger_start_alarm(&one);
	end();
}
