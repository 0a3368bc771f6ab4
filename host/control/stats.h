/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters, as documented in Documentation/ABI/sysfs-fs-pagepact. The list below makes the enum,
 * the sysfs files and nothing else; per CPU, so that counting costs the fault path one
 * instruction.
 */
#ifndef PAGEPACT_CONTROL_STATS_H
#define PAGEPACT_CONTROL_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

#define PP_STATS(X)		\
	X(faults)		\
	X(hole_reads)		\
	X(hole_writes)		\
	X(rescues)		\
	X(restores)		\
	X(exchanges)		\
	X(notifies)		\
	X(copies_dropped)	\
	X(restores_far)		\
	X(demoted)		\
	X(demoted_early)	\
	X(promoted)		\
	X(reuse_checked)	\
	X(reuse_error)		\
	X(aged)			\
	X(evictions)		\
	X(evict_clean)		\
	X(evict_zero)		\
	X(evict_same)		\
	X(evict_raw)		\
	X(evict_shared)		\
	X(evict_oom)		\
	X(incompressible)	\
	X(busy)			\
	X(punched)		\
	X(dead_stored)		\
	X(dead_far)		\
	X(store_full)		\
	X(huge_faults)		\
	X(huge_misfit)		\
	X(huge_no_entry)	\
	X(huge_limit)		\
	X(huge_no_memory)	\
	X(regroups)		\
	X(shatters)		\
	X(shatter_zero)		\
	X(shatter_sparse)	\
	X(shatter_tough)	\
	X(shatter_hot)		\
	X(shatter_cold)		\
	X(stalls)		\
	X(memory_errors)	\
	X(place_ns)		\
	X(reclaim_ns)		\
	X(restore_ns)		\
	X(huge_ns)

#define PP_STAT_ENUM(name) PP_STAT_##name,
/* One counter each; the ABI document says what it counts. */
enum pp_stat {
	PP_STATS(PP_STAT_ENUM)
	PP_NR_STATS
};

/**
 * struct pp_stats - one CPU's counters of a region or of a pool
 * @v: the counters; written by their CPU only
 */
struct pp_stats {
	u64 v[PP_NR_STATS];
};

/* Adds @n to counter @name of @region and of its pool. */
#define pp_stat_add(region, name, n)						\
	do {									\
		u64 __n = (n);							\
										\
		this_cpu_add((region)->stats->v[PP_STAT_##name], __n);		\
		this_cpu_add((region)->pool->stats->v[PP_STAT_##name], __n);	\
	} while (0)
#define pp_stat_inc(region, name) pp_stat_add(region, name, 1)

/**
 * pp_stats_sum - the value of one counter
 * @stats: per-CPU set
 * @which: the counter
 * Return: the sum over all CPUs; exact once nobody counts.
 */
u64 pp_stats_sum(struct pp_stats __percpu *stats, enum pp_stat which);

#endif /* PAGEPACT_CONTROL_STATS_H */
