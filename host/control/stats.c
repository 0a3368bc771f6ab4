// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include "control/stats.h"

u64 pp_stats_sum(struct pp_stats __percpu *stats, enum pp_stat which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(stats, cpu)->v[which]);
	return sum;
}
