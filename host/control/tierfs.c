// SPDX-License-Identifier: GPL-2.0-only
/*
 * tierfs: the directory tiers/ of a pool, by which devices come and go.
 *
 * Locks: @lock of struct pp_tierfs, taken in a file of tiers/; what is written there removes
 * directories below, which waits for readers of their files, who take no lock.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "control/debugfs.h"
#include "control/sysfs.h"
#include "core/region.h"
#include "policy/ledger.h"
#include "store/device.h"
#include "store/store.h"
#include "store/tiers.h"

/* What a file of a device shows, beside its counters. */
enum tier_gauge {
	TIER_PATH = PP_NR_DEVICE_STATS,
	TIER_SIZE,
	TIER_USED,
	TIER_PAGES,
	TIER_ENCRYPTED,
	TIER_READ_P50,
	TIER_READ_P99,
};

/**
 * struct tier_attr - a file of a device
 * @attr: for sysfs
 * @which: enum pp_device_stat or enum tier_gauge
 */
struct tier_attr {
	struct attribute attr;
	int which;
};

/**
 * struct pp_tierfs - the directory
 * @kobj: itself
 * @gone: completed when sysfs has let go of it
 * @pool: the pool
 * @lock: one device comes or goes at a time
 * @tier: its devices, by number, under @lock
 * @ending: the pool ends; under @lock
 */
struct pp_tierfs {
	struct kobject kobj;
	struct completion gone;
	struct pp_pool *pool;
	struct mutex lock;
	struct pp_tier *tier[PP_MAX_DEVICES];
	bool ending;
};

static struct pp_tierfs *to_tierfs(struct kobject *kobj)
{
	return container_of(kobj, struct pp_tierfs, kobj);
}

static struct pp_tier *to_tier(struct kobject *kobj)
{
	return container_of(kobj, struct pp_tier, kobj);
}

#define TIER_ATTR(_name, _which) \
	static struct tier_attr tier_##_name = { \
		.attr = { .name = #_name, .mode = 0444 }, .which = _which \
	}

TIER_ATTR(path, TIER_PATH);
TIER_ATTR(size, TIER_SIZE);
TIER_ATTR(used, TIER_USED);
TIER_ATTR(pages, TIER_PAGES);
TIER_ATTR(encrypted, TIER_ENCRYPTED);
TIER_ATTR(reads, PP_DEVICE_READS);
TIER_ATTR(read_bytes, PP_DEVICE_READ_BLOCKS);
TIER_ATTR(read_errors, PP_DEVICE_READ_ERRORS);
TIER_ATTR(read_ns, PP_DEVICE_READ_NS);
TIER_ATTR(read_p50_ns, TIER_READ_P50);
TIER_ATTR(read_p99_ns, TIER_READ_P99);
TIER_ATTR(fetches, PP_DEVICE_FETCHES);
TIER_ATTR(writes, PP_DEVICE_WRITES);
TIER_ATTR(written_bytes, PP_DEVICE_WRITTEN_BLOCKS);
TIER_ATTR(write_errors, PP_DEVICE_WRITE_ERRORS);
TIER_ATTR(write_ns, PP_DEVICE_WRITE_NS);
TIER_ATTR(shared, PP_DEVICE_SHARED);
TIER_ATTR(trimmed_bytes, PP_DEVICE_TRIMMED_BLOCKS);
TIER_ATTR(cipher_ns, PP_DEVICE_CIPHER_NS);

static struct attribute *tier_attrs[] = {
	&tier_path.attr, &tier_size.attr, &tier_used.attr, &tier_pages.attr, &tier_encrypted.attr,
	&tier_reads.attr, &tier_read_bytes.attr, &tier_read_errors.attr, &tier_read_ns.attr,
	&tier_read_p50_ns.attr, &tier_read_p99_ns.attr, &tier_fetches.attr,
	&tier_writes.attr, &tier_written_bytes.attr, &tier_write_errors.attr,
	&tier_write_ns.attr, &tier_shared.attr, &tier_trimmed_bytes.attr, &tier_cipher_ns.attr,
	NULL,
};
ATTRIBUTE_GROUPS(tier);

static ssize_t tier_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct tier_attr *a = container_of(attr, struct tier_attr, attr);
	struct pp_tier *tier = to_tier(kobj);
	struct pp_device *dev = tier->dev;

	switch (a->which) {
	case TIER_PATH:
		return sysfs_emit(buf, "%s\n", dev->path);
	case TIER_SIZE:
		return sysfs_emit(buf, "%llu\n", dev->blocks.nr << PAGE_SHIFT);
	case TIER_USED:
		return sysfs_emit(buf, "%llu\n", READ_ONCE(dev->blocks.used) << PAGE_SHIFT);
	case TIER_PAGES:
		return sysfs_emit(buf, "%ld\n", atomic_long_read(&tier->pages));
	case TIER_ENCRYPTED:
		return sysfs_emit(buf, "%d\n", tier->encrypts);
	case TIER_READ_P50:
		return sysfs_emit(buf, "%llu\n", pp_latency_quantile(&dev->reads, 500));
	case TIER_READ_P99:
		return sysfs_emit(buf, "%llu\n", pp_latency_quantile(&dev->reads, 990));
	case PP_DEVICE_READ_BLOCKS:
	case PP_DEVICE_WRITTEN_BLOCKS:
	case PP_DEVICE_TRIMMED_BLOCKS:
		return sysfs_emit(buf, "%llu\n", pp_device_counted(dev, a->which) << PAGE_SHIFT);
	default:
		return sysfs_emit(buf, "%llu\n", pp_device_counted(dev, a->which));
	}
}

static void tier_release(struct kobject *kobj)
{
	complete(&to_tier(kobj)->kobj_gone);
}

static const struct sysfs_ops tier_ops = { .show = tier_show };

static const struct kobj_type tier_type = {
	.release	= tier_release,
	.sysfs_ops	= &tier_ops,
	.default_groups	= tier_groups,
};

static void tier_del(struct pp_tierfs *fs, struct pp_tier *tier)
{
	fs->tier[tier->number] = NULL;
	debugfs_remove(tier->histogram);
	kobject_del(&tier->kobj);
	kobject_put(&tier->kobj);
	wait_for_completion(&tier->kobj_gone);
}

static int tier_remove(struct pp_tierfs *fs, unsigned int number)
{
	struct pp_tier *tier = number < PP_MAX_DEVICES ? fs->tier[number] : NULL;
	long room = tier ? pp_tiers_room(tier) : 0;
	int err = tier ? pp_ledger_add_devices(fs->pool, -room) : -ENOENT;

	if (err)
		return err;
	err = pp_tiers_empty(tier);
	if (err) {
		pp_ledger_add_devices(fs->pool, room);
		return err;
	}
	tier_del(fs, tier);
	pp_tiers_remove(tier);
	return 0;
}

static int tier_add(struct pp_tierfs *fs, unsigned int fd)
{
	struct pp_tier *tier = pp_tiers_add(pp_store_tiers(fs->pool->store), fd,
					    READ_ONCE(fs->pool->knobs.encrypt));
	int err;

	if (IS_ERR(tier))
		return PTR_ERR(tier);
	init_completion(&tier->kobj_gone);
	err = kobject_init_and_add(&tier->kobj, &tier_type, &fs->kobj, "%u", tier->number);
	if (err) {
		kobject_put(&tier->kobj);
		wait_for_completion(&tier->kobj_gone);
		pp_tiers_remove(tier);
		return err;
	}
	fs->tier[tier->number] = tier;
	tier->histogram = pp_debugfs_add_device(fs->pool, tier->number, &tier->dev->reads);
	err = pp_tiers_open(tier);
	if (err) {
		tier_del(fs, tier);
		pp_tiers_remove(tier);
		return err;
	}
	pp_ledger_add_devices(fs->pool, pp_tiers_room(tier));
	return 0;
}

static struct attribute tiers_add = { .name = "add", .mode = 0200 };
static struct attribute tiers_remove = { .name = "remove", .mode = 0200 };
static struct attribute *tiers_attrs[] = { &tiers_add, &tiers_remove, NULL };
ATTRIBUTE_GROUPS(tiers);

static ssize_t tiers_store(struct kobject *kobj, struct attribute *attr, const char *buf,
			   size_t count)
{
	struct pp_tierfs *fs = to_tierfs(kobj);
	unsigned int number;
	int err = kstrtouint(buf, 10, &number);

	if (!err && mutex_lock_killable(&fs->lock))
		err = -EINTR;
	if (err)
		return err;
	if (fs->ending)
		err = -ENODEV;
	else
		err = attr == &tiers_add ? tier_add(fs, number) : tier_remove(fs, number);
	mutex_unlock(&fs->lock);
	return err ? err : count;
}

static void tiers_release(struct kobject *kobj)
{
	complete(&to_tierfs(kobj)->gone);
}

static const struct sysfs_ops tiers_ops = { .store = tiers_store };

static const struct kobj_type tiers_type = {
	.release	= tiers_release,
	.sysfs_ops	= &tiers_ops,
	.default_groups	= tiers_groups,
};

int pp_tierfs_add_pool(struct pp_pool *pool)
{
	struct pp_tierfs *fs = kzalloc(sizeof(*fs), GFP_KERNEL);
	int err;

	if (!fs)
		return -ENOMEM;
	fs->pool = pool;
	mutex_init(&fs->lock);
	init_completion(&fs->gone);
	err = kobject_init_and_add(&fs->kobj, &tiers_type, &pool->kobj, "tiers");
	if (err) {
		kobject_put(&fs->kobj);
		wait_for_completion(&fs->gone);
		kfree(fs);
		return err;
	}
	pool->tierfs = fs;
	return 0;
}

void pp_tierfs_del_pool(struct pp_pool *pool)
{
	struct pp_tierfs *fs = pool->tierfs;
	unsigned int i;

	/* Whoever empties a device gives up. */
	pp_tiers_stop(pp_store_tiers(pool->store));
	mutex_lock(&fs->lock);
	fs->ending = true;
	for (i = 0; i < PP_MAX_DEVICES; i++)
		if (fs->tier[i])
			tier_del(fs, fs->tier[i]);
	mutex_unlock(&fs->lock);
	kobject_del(&fs->kobj);
	kobject_put(&fs->kobj);
	wait_for_completion(&fs->gone);
	kfree(fs);
}
