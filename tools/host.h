/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host: where the tool looks, and what stands there besides the pools: the module and its mounts.
 *
 * Everything is read below two roots, /sys and /proc, so that tests can put a tree of their own
 * there.
 */
#ifndef PAGEPACT_HOST_H
#define PAGEPACT_HOST_H

#include <stdbool.h>
#include <stddef.h>

extern const char *sysfs_root;	/* --sysfs, $PAGEPACT_SYSFS, /sys */
extern const char *proc_root;	/* --proc, $PAGEPACT_PROC, /proc */

/* The directory in which each mounted pool has its own. */
char *pools_directory(void);

/* The module is in the kernel, as /sys/module or /proc/modules say. */
bool module_loaded(void);

/* Its version, or NULL when it tells none; the caller frees it. */
char *module_version(void);

/**
 * struct mount - one mount of type pagepact in our mount namespace
 * @pool: the source given to mount(8), which is the pool's name
 * @point: where it is mounted
 * @major, @minor: device number of its files
 */
struct mount {
	char *pool;
	char *point;
	unsigned int major;
	unsigned int minor;
};

struct mounts {
	struct mount *list;
	size_t count;
};

/* Returns 0, or -errno when the table of mounts cannot be read. */
int mounts_read(struct mounts *mounts);
void mounts_free(struct mounts *mounts);

/* The mount of a device, or NULL. */
const struct mount *mount_of_device(const struct mounts *mounts, unsigned int major,
				    unsigned int minor);

#endif
