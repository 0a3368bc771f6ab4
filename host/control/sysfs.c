// SPDX-License-Identifier: GPL-2.0-only
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include <linux/sysfs.h>
#include "compat/compat.h"
#include "control/debugfs.h"
#include "control/knobs.h"
#include "control/stats.h"
#include "control/sysfs.h"
#include "core/region.h"
#include "policy/ledger.h"
#include "policy/place.h"
#include "policy/reclaim.h"
#include "store/store.h"

/* What a file shows, beside knobs and counters. */
enum gauge {
	GAUGE_RESIDENT,
	GAUGE_STANDBY,
	GAUGE_STORED,
	GAUGE_HUGE,
	GAUGE_METADATA,
	GAUGE_COMPRESSED,
	GAUGE_SLOTS,
	GAUGE_SLOTS_SAVED,
	GAUGE_PROMISED,
	GAUGE_WORST_CASE,
	GAUGE_COVERED,
	GAUGE_ALARMED,
	GAUGE_DEMOTE,
	GAUGE_PUSHED,
	GAUGE_FETCH_P50,
	GAUGE_FETCH_P99,
	GAUGE_DEV,
	GAUGE_RECLAIM,
	GAUGE_PATH,
	GAUGE_SIZE,
	GAUGE_LIMIT,
	GAUGE_MODE,
};

enum kind {
	KIND_KNOB,
	KIND_STAT,
	KIND_GAUGE,
};

/**
 * struct pp_attr - one file
 * @attr: for sysfs
 * @kind: which table @which is an index of
 * @which: enum pp_knob, enum pp_stat or enum gauge
 */
struct pp_attr {
	struct attribute attr;
	enum kind kind;
	int which;
};

#define ATTR(_name, _mode, _kind, _which) \
	{ .attr = { .name = _name, .mode = _mode }, .kind = _kind, .which = _which }
#define STAT_ATTR(name) ATTR(#name, 0444, KIND_STAT, PP_STAT_##name),

/* A set, because events (see policy/ledger.h) are sent for members of one only. */
static struct kset *top;
/* Makes the choice of a pool's name atomic; taken before sysfs's own locks. */
static DEFINE_MUTEX(names_lock);

/* Files that pools and regions have in common. */
static struct pp_attr common_attrs[] = {
	PP_STATS(STAT_ATTR)
	ATTR("resident", 0444, KIND_GAUGE, GAUGE_RESIDENT),
	ATTR("standby", 0444, KIND_GAUGE, GAUGE_STANDBY),
	ATTR("stored", 0444, KIND_GAUGE, GAUGE_STORED),
	ATTR("huge_resident", 0444, KIND_GAUGE, GAUGE_HUGE),
	ATTR("metadata", 0444, KIND_GAUGE, GAUGE_METADATA),
	ATTR("reclaim", 0200, KIND_GAUGE, GAUGE_RECLAIM),
};

static struct pp_attr pool_attrs[] = {
	ATTR("compressed", 0444, KIND_GAUGE, GAUGE_COMPRESSED),
	ATTR("slots", 0444, KIND_GAUGE, GAUGE_SLOTS),
	ATTR("slots_saved", 0444, KIND_GAUGE, GAUGE_SLOTS_SAVED),
	ATTR("promised", 0444, KIND_GAUGE, GAUGE_PROMISED),
	ATTR("worst_case", 0444, KIND_GAUGE, GAUGE_WORST_CASE),
	ATTR("covered", 0444, KIND_GAUGE, GAUGE_COVERED),
	ATTR("alarmed", 0444, KIND_GAUGE, GAUGE_ALARMED),
	ATTR("demote_now_ms", 0444, KIND_GAUGE, GAUGE_DEMOTE),
	ATTR("slots_pushed", 0444, KIND_GAUGE, GAUGE_PUSHED),
	ATTR("fetch_p50_ns", 0444, KIND_GAUGE, GAUGE_FETCH_P50),
	ATTR("fetch_p99_ns", 0444, KIND_GAUGE, GAUGE_FETCH_P99),
	ATTR("mountpoint_dev", 0444, KIND_GAUGE, GAUGE_DEV),
};

static struct pp_attr region_attrs[] = {
	ATTR("path", 0444, KIND_GAUGE, GAUGE_PATH),
	ATTR("size", 0444, KIND_GAUGE, GAUGE_SIZE),
	ATTR("limit", 0644, KIND_GAUGE, GAUGE_LIMIT),
	ATTR("huge", 0644, KIND_GAUGE, GAUGE_MODE),
};

static struct pp_attr knob_attrs[PP_NR_KNOBS];

static struct attribute *pool_list[PP_NR_KNOBS + ARRAY_SIZE(common_attrs) +
				   ARRAY_SIZE(pool_attrs) + 1];
static struct attribute *region_list[ARRAY_SIZE(common_attrs) + ARRAY_SIZE(region_attrs) + 1];

static const struct attribute_group pool_group = { .attrs = pool_list };
static const struct attribute_group *pool_groups[] = { &pool_group, NULL };
static const struct attribute_group region_group = { .attrs = region_list };
static const struct attribute_group *region_groups[] = { &region_group, NULL };

static struct pp_pool *kobj_pool(struct kobject *kobj)
{
	return container_of(kobj, struct pp_pool, kobj);
}

static struct pp_region *kobj_region(struct kobject *kobj)
{
	return container_of(kobj, struct pp_region, kobj);
}

static ssize_t emit_pages(char *buf, long pages)
{
	return sysfs_emit(buf, "%llu\n",
			  (u64)clamp(pages, 0L, LONG_MAX >> PAGE_SHIFT) << PAGE_SHIFT);
}

static ssize_t show_shared(enum gauge which, atomic_long_t *states, atomic_long_t *frames,
			   char *buf)
{
	switch (which) {
	case GAUGE_RESIDENT:
		return emit_pages(buf, atomic_long_read(frames));
	case GAUGE_STANDBY:
		return emit_pages(buf, atomic_long_read(&states[PP_STANDBY]));
	case GAUGE_STORED:
		return emit_pages(buf, atomic_long_read(&states[PP_STORED]));
	default:
		return -EIO;
	}
}

static ssize_t pool_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct pp_attr *a = container_of(attr, struct pp_attr, attr);
	struct pp_pool *pool = kobj_pool(kobj);

	if (a->kind == KIND_KNOB)
		return pp_knob_show(pool, a->which, buf);
	if (a->kind == KIND_STAT)
		return sysfs_emit(buf, "%llu\n", pp_stats_sum(pool->stats, a->which));
	switch (a->which) {
	case GAUGE_HUGE:
		return emit_pages(buf, atomic_long_read(&pool->huge) << PP_BLOCK_SHIFT);
	case GAUGE_METADATA:
		return sysfs_emit(buf, "%llu\n", pp_metadata_bytes(pool, NULL) +
				  (u64)pp_store_counted(pool->store, PP_COUNT_META) * PAGE_SIZE);
	case GAUGE_SLOTS:
		return sysfs_emit(buf, "%lu\n", pp_store_counted(pool->store, PP_COUNT_SLOTS));
	case GAUGE_SLOTS_SAVED:
		return sysfs_emit(buf, "%lu\n", pp_store_counted(pool->store, PP_COUNT_SAVED));
	case GAUGE_COMPRESSED:
		return sysfs_emit(buf, "%llu\n", pp_store_bytes(pool->store));
	case GAUGE_PROMISED:
		return emit_pages(buf, READ_ONCE(pool->promised));
	case GAUGE_WORST_CASE:
		return sysfs_emit(buf, "%llu\n", pp_ledger_worst_case(pool));
	case GAUGE_COVERED:
		return sysfs_emit(buf, "%llu\n", pp_ledger_covered(pool));
	case GAUGE_ALARMED:
		return sysfs_emit(buf, "%d\n", READ_ONCE(pool->alarmed));
	case GAUGE_DEMOTE:
		return sysfs_emit(buf, "%llu\n", pp_place_now_ms(pool));
	case GAUGE_PUSHED:
		return sysfs_emit(buf, "%lu\n", pp_store_counted(pool->store, PP_COUNT_PUSHED));
	case GAUGE_FETCH_P50:
		return sysfs_emit(buf, "%llu\n", pp_latency_quantile(&pool->fetches, 500));
	case GAUGE_FETCH_P99:
		return sysfs_emit(buf, "%llu\n", pp_latency_quantile(&pool->fetches, 990));
	case GAUGE_DEV:
		return sysfs_emit(buf, "%u:%u\n", MAJOR(pool->sb->s_dev), MINOR(pool->sb->s_dev));
	default:
		return show_shared(a->which, pool->states, &pool->frames, buf);
	}
}

/*
 * No reference to the dentry is taken: if it became the last one, dropping it would end the region
 * and wait for this very file. RCU keeps the dentry and its parents readable.
 */
static ssize_t show_path(struct pp_region *region, char *buf)
{
	struct inode *inode = region->inode;
	char *tmp = (char *)__get_free_page(GFP_KERNEL), *path = "/?";
	struct dentry *dentry;
	bool unlinked = true;
	ssize_t n;

	if (!tmp)
		return -ENOMEM;
	rcu_read_lock();
	spin_lock(&inode->i_lock);
	dentry = pp_compat_first_alias(inode);
	if (dentry)
		unlinked = d_unlinked(dentry);
	spin_unlock(&inode->i_lock);
	if (dentry)
		path = dentry_path_raw(dentry, tmp, PAGE_SIZE);
	rcu_read_unlock();
	if (IS_ERR(path)) {
		n = PTR_ERR(path);
	} else {
		/* One line, whatever characters a user put into a name. */
		n = string_escape_mem(path + 1, strlen(path + 1), buf, PAGE_SIZE / 2,
				      ESCAPE_SPACE | ESCAPE_OCTAL, "\n\\");
		n = min(n, (ssize_t)PAGE_SIZE / 2);
		n += sysfs_emit_at(buf, n, "%s\n", unlinked ? " (unlinked)" : "");
	}
	free_page((unsigned long)tmp);
	return n;
}

static ssize_t region_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct pp_attr *a = container_of(attr, struct pp_attr, attr);
	struct pp_region *region = kobj_region(kobj);

	if (a->kind == KIND_STAT)
		return sysfs_emit(buf, "%llu\n", pp_stats_sum(region->stats, a->which));
	switch (a->which) {
	case GAUGE_HUGE:
		return emit_pages(buf, atomic_long_read(&region->huge) << PP_BLOCK_SHIFT);
	case GAUGE_MODE:
		return sysfs_emit(buf, "%s\n", pp_huge_names[READ_ONCE(region->huge_mode)]);
	case GAUGE_METADATA:
		return sysfs_emit(buf, "%llu\n", pp_metadata_bytes(region->pool, region));
	case GAUGE_PATH:
		return show_path(region, buf);
	case GAUGE_SIZE:
		return sysfs_emit(buf, "%lld\n", i_size_read(region->inode));
	case GAUGE_LIMIT:
		return emit_pages(buf, READ_ONCE(region->limit));
	default:
		return show_shared(a->which, region->states, &region->frames, buf);
	}
}

/* A request by value: exactly so much, or -EAGAIN. */
static int reclaim_now(struct pp_pool *pool, struct pp_region *only, const char *value)
{
	atomic_long_t *frames = only ? &only->frames : &pool->frames;
	struct pp_reclaim rc = { .pool = pool, .only = only };
	unsigned long want;
	int err = pp_parse_pages(value, &want);

	if (err)
		return err;
	/* What guests bring in meanwhile is not asked for: that could go on for ever. */
	rc.want = min_t(unsigned long, want, atomic_long_read(frames));
	pp_reclaim_run(&rc, "user");
	if (rc.done >= want)
		return 0;
	return fatal_signal_pending(current) ? -EINTR : -EAGAIN;
}

static int region_set(struct pp_region *region, enum gauge which, const char *value)
{
	unsigned long pages;
	int err;

	if (which == GAUGE_RECLAIM)
		return reclaim_now(region->pool, region, value);
	if (which == GAUGE_MODE)
		return pp_region_set_huge(region, value);
	err = pp_parse_pages(value, &pages);
	return err ? err : pp_region_set_limit(region, pages);
}

/* The text without the newline that echo adds, in @value of 64 bytes. */
static int plain_text(const char *buf, char *value)
{
	if (strscpy(value, skip_spaces(buf), 64) < 0)
		return -EINVAL;
	strim(value);
	return 0;
}

static ssize_t pool_store(struct kobject *kobj, struct attribute *attr, const char *buf,
			  size_t count)
{
	struct pp_attr *a = container_of(attr, struct pp_attr, attr);
	char value[64];
	int err = plain_text(buf, value);

	if (!err)
		err = a->kind == KIND_KNOB ? pp_knob_store(kobj_pool(kobj), a->which, value) :
		      reclaim_now(kobj_pool(kobj), NULL, value);
	return err ? err : count;
}

static ssize_t region_store(struct kobject *kobj, struct attribute *attr, const char *buf,
			    size_t count)
{
	struct pp_attr *a = container_of(attr, struct pp_attr, attr);
	char value[64];
	int err = plain_text(buf, value);

	if (!err)
		err = region_set(kobj_region(kobj), a->which, value);
	return err ? err : count;
}

static void pool_release(struct kobject *kobj)
{
	complete(&kobj_pool(kobj)->kobj_gone);
}

static void region_release(struct kobject *kobj)
{
	complete(&kobj_region(kobj)->kobj_gone);
}

static const struct sysfs_ops pool_ops = { .show = pool_show, .store = pool_store };
static const struct sysfs_ops region_ops = { .show = region_show, .store = region_store };

static const struct kobj_type pool_type = {
	.release	= pool_release,
	.sysfs_ops	= &pool_ops,
	.default_groups	= pool_groups,
};

static const struct kobj_type region_type = {
	.release	= region_release,
	.sysfs_ops	= &region_ops,
	.default_groups	= region_groups,
};

int pp_sysfs_add_pool(struct pp_pool *pool)
{
	struct kernfs_node *taken;
	int err;

	init_completion(&pool->kobj_gone);
	mutex_lock(&names_lock);
	/* sysfs would refuse a second one as well, but not without a stack trace. */
	taken = kernfs_find_and_get(top->kobj.sd, pool->name);
	if (taken) {
		kernfs_put(taken);
		mutex_unlock(&names_lock);
		return -EEXIST;
	}
	pool->kobj.kset = top;
	err = kobject_init_and_add(&pool->kobj, &pool_type, NULL, "%s", pool->name);
	mutex_unlock(&names_lock);
	if (err)
		goto out_put;
	/* As long as the name is taken. */
	pp_debugfs_add_pool(pool);
	pool->regions_kobj = kobject_create_and_add("regions", &pool->kobj);
	err = pool->regions_kobj ? pp_tierfs_add_pool(pool) : -ENOMEM;
	if (!err)
		return 0;
	kobject_put(pool->regions_kobj);
	pp_debugfs_del_pool(pool);
	kobject_del(&pool->kobj);
out_put:
	kobject_put(&pool->kobj);
	wait_for_completion(&pool->kobj_gone);
	return err;
}

void pp_sysfs_del_pool(struct pp_pool *pool)
{
	pp_tierfs_del_pool(pool);
	pp_debugfs_del_pool(pool);
	kobject_put(pool->regions_kobj);
	kobject_del(&pool->kobj);
	kobject_put(&pool->kobj);
	wait_for_completion(&pool->kobj_gone);
}

int pp_sysfs_add_region(struct pp_region *region)
{
	int err = kobject_init_and_add(&region->kobj, &region_type, region->pool->regions_kobj,
				       "%llu", (u64)region->inode->i_ino);

	if (!err)
		return 0;
	kobject_put(&region->kobj);
	wait_for_completion(&region->kobj_gone);
	return err;
}

void pp_sysfs_del_region(struct pp_region *region)
{
	kobject_del(&region->kobj);
	kobject_put(&region->kobj);
	wait_for_completion(&region->kobj_gone);
}

static unsigned int list_attrs(struct attribute **list, unsigned int n, struct pp_attr *attrs,
			       unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		list[n++] = &attrs[i].attr;
	return n;
}

int pp_sysfs_init(void)
{
	unsigned int i, n;

	for (i = 0; i < PP_NR_KNOBS; i++)
		knob_attrs[i] = (struct pp_attr)ATTR(pp_knob_names[i], 0644, KIND_KNOB, i);
	n = list_attrs(pool_list, 0, knob_attrs, PP_NR_KNOBS);
	n = list_attrs(pool_list, n, common_attrs, ARRAY_SIZE(common_attrs));
	list_attrs(pool_list, n, pool_attrs, ARRAY_SIZE(pool_attrs));
	n = list_attrs(region_list, 0, common_attrs, ARRAY_SIZE(common_attrs));
	list_attrs(region_list, n, region_attrs, ARRAY_SIZE(region_attrs));
	top = kset_create_and_add("pagepact", NULL, fs_kobj);
	return top ? 0 : -ENOMEM;
}

void pp_sysfs_exit(void)
{
	kset_unregister(top);
}
