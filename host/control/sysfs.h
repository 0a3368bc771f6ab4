/* SPDX-License-Identifier: GPL-2.0-only */
/* sysfs: /sys/fs/pagepact, as documented in Documentation/ABI/sysfs-fs-pagepact. */
#ifndef PAGEPACT_CONTROL_SYSFS_H
#define PAGEPACT_CONTROL_SYSFS_H

struct pp_pool;
struct pp_region;

/**
 * pp_sysfs_add_pool - makes the directory of @pool
 * @pool: the pool
 * Return: 0; -EEXIST: the name is taken.
 */
int pp_sysfs_add_pool(struct pp_pool *pool);

/**
 * pp_sysfs_del_pool - removes it, and waits until nobody is in one of its files
 * @pool: the pool
 */
void pp_sysfs_del_pool(struct pp_pool *pool);

/**
 * pp_tierfs_add_pool - makes the directory of a pool's devices
 * @pool: the pool, which has its own directory
 * Return: 0 or an errno.
 */
int pp_tierfs_add_pool(struct pp_pool *pool);

/**
 * pp_tierfs_del_pool - removes it; nothing is moved to or from devices any more
 * @pool: the pool
 */
void pp_tierfs_del_pool(struct pp_pool *pool);

/**
 * pp_sysfs_add_region - makes the directory of @region
 * @region: the region
 * Return: 0 or an errno.
 */
int pp_sysfs_add_region(struct pp_region *region);

/**
 * pp_sysfs_del_region - removes it, and waits until nobody is in one of its files
 * @region: the region
 */
void pp_sysfs_del_region(struct pp_region *region);

/**
 * pp_sysfs_init - makes what sysfs.c needs, when the module is loaded
 * Return: 0 or an errno.
 */
int pp_sysfs_init(void);

/**
 * pp_sysfs_exit - undoes pp_sysfs_init()
 */
void pp_sysfs_exit(void);

#endif /* PAGEPACT_CONTROL_SYSFS_H */
