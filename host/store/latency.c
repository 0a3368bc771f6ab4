// SPDX-License-Identifier: GPL-2.0-only
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include "store/latency.h"

/* The first bucket ends at 255 ns. */
#define FIRST_SHIFT	8
#define PER_DOUBLING	4

static unsigned int bucket_of(u64 ns)
{
	unsigned int doublings;

	if (ns < 1ULL << FIRST_SHIFT)
		return 0;
	doublings = ilog2(ns);
	return min(1 + (doublings - FIRST_SHIFT) * PER_DOUBLING +
		   (unsigned int)(ns >> (doublings - 2)) % PER_DOUBLING,
		   (unsigned int)PP_LATENCY_BUCKETS - 1);
}

/* What is longer is in another bucket. */
static u64 end_of(unsigned int bucket)
{
	if (!bucket)
		return (1ULL << FIRST_SHIFT) - 1;
	bucket--;
	return ((u64)(PER_DOUBLING + 1 + bucket % PER_DOUBLING) <<
		(FIRST_SHIFT - 2 + bucket / PER_DOUBLING)) - 1;
}

void pp_latency_add(struct pp_latency *latency, u64 ns)
{
	atomic64_inc(&latency->n[bucket_of(ns)]);
}

u64 pp_latency_bucket(struct pp_latency *latency, unsigned int bucket, u64 *end)
{
	*end = bucket == PP_LATENCY_BUCKETS - 1 ? U64_MAX : end_of(bucket);
	return atomic64_read(&latency->n[bucket]);
}

u64 pp_latency_quantile(struct pp_latency *latency, unsigned int permille)
{
	u64 all = 0, seen = 0, want;
	unsigned int i;

	for (i = 0; i < PP_LATENCY_BUCKETS; i++)
		all += atomic64_read(&latency->n[i]);
	want = DIV_ROUND_UP_ULL(all * permille, 1000);
	for (i = 0; all && i < PP_LATENCY_BUCKETS; i++) {
		seen += atomic64_read(&latency->n[i]);
		if (seen >= want)
			return end_of(i);
	}
	return 0;
}
