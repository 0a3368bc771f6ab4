// SPDX-License-Identifier: GPL-2.0-only
/* The isolate callback of a list_lru walk is given the list's lock. */
#include <linux/list_lru.h>
static enum lru_status probe_cb(struct list_head *item, struct list_lru_one *list,
				spinlock_t *lock, void *arg)
{
	return LRU_SKIP;
}

extern list_lru_walk_cb probe;
list_lru_walk_cb probe = probe_cb;
