// SPDX-License-Identifier: GPL-2.0-only
/* Histograms: buckets have no gaps, and quantiles are not too low, nor much too high. */
#include "store/latency.c"
#include "unit.h"

TEST(buckets_follow_each_other)
{
	unsigned int i;

	for (i = 0; i + 1 < PP_LATENCY_BUCKETS; i++) {
		expect_eq(bucket_of(end_of(i)), i);
		expect_eq(bucket_of(end_of(i) + 1), i + 1);
		expect(end_of(i + 1) > end_of(i));
		expect(end_of(i + 1) - end_of(i) <= (end_of(i) + 1) / 4 + 1);
	}
	expect_eq(bucket_of(0), 0);
	expect_eq(bucket_of(U64_MAX), PP_LATENCY_BUCKETS - 1);
	expect(end_of(PP_LATENCY_BUCKETS - 2) > 60000000000ull);
}

TEST(quantiles)
{
	static struct pp_latency latency;
	unsigned int i;
	u64 q;

	expect_eq(pp_latency_quantile(&latency, 500), 0);
	for (i = 1; i <= 1000; i++)
		pp_latency_add(&latency, i * 1000);
	for (i = 1; i <= 1000; i++) {
		q = pp_latency_quantile(&latency, i);
		expect(q >= i * 1000 && q <= i * 1250);
	}
	/* One in a hundred is slow. */
	memset(&latency, 0, sizeof(latency));
	for (i = 0; i < 990; i++)
		pp_latency_add(&latency, 2000);
	for (i = 0; i < 10; i++)
		pp_latency_add(&latency, 100000000);
	expect(pp_latency_quantile(&latency, 990) < 2600);
	expect(pp_latency_quantile(&latency, 991) >= 100000000);
	expect(pp_latency_quantile(&latency, 1) < 2600);
}

TEST(buckets_can_be_read)
{
	static struct pp_latency latency;
	u64 end = 0, before = 0, all = 0;
	unsigned int i;

	for (i = 0; i < 1000; i++)
		pp_latency_add(&latency, 1ULL << i % 50);
	for (i = 0; i < PP_LATENCY_BUCKETS; i++) {
		all += pp_latency_bucket(&latency, i, &end);
		expect(end > before);
		before = end;
	}
	expect_eq(all, 1000);
	expect_eq(end, U64_MAX);
	expect_eq(pp_latency_bucket(&latency, bucket_of(1ULL << 20), &end), 20);
	expect(end >= 1ULL << 20 && end < (1ULL << 20) + (1ULL << 18));
}
