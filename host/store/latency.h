/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * latency: a histogram of how long something took, from which quantiles are told. Four buckets for
 * a factor of two, so that what is told is at most a quarter too high.
 */
#ifndef PAGEPACT_STORE_LATENCY_H
#define PAGEPACT_STORE_LATENCY_H

#include <linux/atomic.h>
#include <linux/types.h>

/* From a quarter of a microsecond to more than a minute. */
#define PP_LATENCY_BUCKETS	116

/**
 * struct pp_latency - a histogram
 * @n: how often it took as long as each bucket says; zeroed by whoever has it
 */
struct pp_latency {
	atomic64_t n[PP_LATENCY_BUCKETS];
};

/**
 * pp_latency_add - counts once
 * @latency: the histogram
 * @ns: how long it took, in nanoseconds; what is longer than the last bucket counts there
 */
void pp_latency_add(struct pp_latency *latency, u64 ns);

/**
 * pp_latency_bucket - what is in a bucket
 * @latency: the histogram; others may count meanwhile
 * @bucket: 0..PP_LATENCY_BUCKETS - 1
 * @end: set to the longest time that counts there, in nanoseconds
 * Return: how often it took so long, but longer than the bucket before says.
 */
u64 pp_latency_bucket(struct pp_latency *latency, unsigned int bucket, u64 *end);

/**
 * pp_latency_quantile - how long did it take at most, in so many of a thousand cases?
 * @latency: the histogram; others may count meanwhile
 * @permille: 1..1000
 * Return: nanoseconds, the upper end of a bucket; 0 when nothing was counted.
 */
u64 pp_latency_quantile(struct pp_latency *latency, unsigned int permille);

#endif /* PAGEPACT_STORE_LATENCY_H */
