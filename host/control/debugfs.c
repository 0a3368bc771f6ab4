// SPDX-License-Identifier: GPL-2.0-only
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include "control/debugfs.h"
#include "core/region.h"
#include "store/latency.h"

static struct dentry *top;

/* A line for each bucket that is not empty: the longest time in it, and how often it took that. */
static int latency_show(struct seq_file *seq, void *unused)
{
	struct pp_latency *latency = seq->private;
	unsigned int i;
	u64 end, n;

	for (i = 0; i < PP_LATENCY_BUCKETS; i++) {
		n = pp_latency_bucket(latency, i, &end);
		if (n)
			seq_printf(seq, "%llu %llu\n", end, n);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

void pp_debugfs_add_pool(struct pp_pool *pool)
{
	pool->debugfs = debugfs_create_dir(pool->name, top);
	debugfs_create_file("fetch_latency", 0400, pool->debugfs, &pool->fetches, &latency_fops);
}

void pp_debugfs_del_pool(struct pp_pool *pool)
{
	debugfs_remove(pool->debugfs);
}

struct dentry *pp_debugfs_add_device(struct pp_pool *pool, unsigned int number,
				     struct pp_latency *reads)
{
	char name[32];

	snprintf(name, sizeof(name), "read_latency_%u", number);
	return debugfs_create_file(name, 0400, pool->debugfs, reads, &latency_fops);
}

int pp_debugfs_init(void)
{
	top = debugfs_create_dir("pagepact", NULL);
	return 0;
}

void pp_debugfs_exit(void)
{
	debugfs_remove(top);
}
