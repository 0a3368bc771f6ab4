/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debugfs: /sys/kernel/debug/pagepact, for what is more than one value. Nothing needs it: where the
 * kernel has none, or no memory for a file, that file is not there.
 */
#ifndef PAGEPACT_CONTROL_DEBUGFS_H
#define PAGEPACT_CONTROL_DEBUGFS_H

struct dentry;
struct pp_latency;
struct pp_pool;

/**
 * pp_debugfs_add_pool - makes the directory of a pool, with the histogram of its fetches
 * @pool: the pool; no other one has its name
 *
 * Sets @pool->debugfs, also when that fails.
 */
void pp_debugfs_add_pool(struct pp_pool *pool);

/**
 * pp_debugfs_del_pool - removes it, and waits until nobody is in one of its files
 * @pool: the pool
 */
void pp_debugfs_del_pool(struct pp_pool *pool);

/**
 * pp_debugfs_add_device - makes the histogram of a device's reads
 * @pool: the pool
 * @number: what the pool calls the device
 * @reads: how long they took; as long as the file is there
 * Return: for debugfs_remove(), also when that fails.
 */
struct dentry *pp_debugfs_add_device(struct pp_pool *pool, unsigned int number,
				     struct pp_latency *reads);

/**
 * pp_debugfs_init - makes the directory of all pools, when the module is loaded
 * Return: 0.
 */
int pp_debugfs_init(void);

/**
 * pp_debugfs_exit - undoes pp_debugfs_init()
 */
void pp_debugfs_exit(void);

#endif /* PAGEPACT_CONTROL_DEBUGFS_H */
