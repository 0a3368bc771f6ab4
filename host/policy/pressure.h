/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pressure: the kernel's memory pressure, from the host as a whole or from a cgroup, answered by a
 * shrinker. Blocks are its objects: each was charged to the cgroup that touched it first.
 *
 * DOC: how much
 *
 *   The kernel does not credit a cgroup's reclaim with what a shrinker frees, so it asks again and
 *   again; without a rule of its own the shrinker would give up everything for a request of a few
 *   pages. So it works out the need itself. A cgroup (or an ancestor) within a margin of its
 *   memory.max or memory.high needs that margin. A host whose zones are below their watermarks
 *   needs what is asked for. Otherwise the request is proactive (memory.reclaim, drop_caches): one
 *   such system call gets the pool's shrink_step, once. And when the kernel is about to kill a
 *   process for want of memory on the host, pools give what they can before that (8 MiB for each
 *   such attempt), counted net of what the store takes for it.
 */
#ifndef PAGEPACT_POLICY_PRESSURE_H
#define PAGEPACT_POLICY_PRESSURE_H

struct pp_pool;

/**
 * pp_pressure_add_pool - from now on the pool gives before the kernel kills
 * @pool: the new pool
 */
void pp_pressure_add_pool(struct pp_pool *pool);

/**
 * pp_pressure_del_pool - undoes pp_pressure_add_pool()
 * @pool: the pool, which has no regions any more
 */
void pp_pressure_del_pool(struct pp_pool *pool);

/**
 * pp_pressure_init - makes what pressure.c needs, when the module is loaded
 * Return: 0 or an errno.
 */
int pp_pressure_init(void);

/**
 * pp_pressure_exit - undoes pp_pressure_init()
 */
void pp_pressure_exit(void);

#endif /* PAGEPACT_POLICY_PRESSURE_H */
