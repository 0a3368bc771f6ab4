/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * knobs: the settings of pools and regions, by name. Mount options and sysfs files are two faces
 * of the same table, so both know the same names, values and checks.
 */
#ifndef PAGEPACT_CONTROL_KNOBS_H
#define PAGEPACT_CONTROL_KNOBS_H

#include "core/region.h"

/**
 * enum pp_knob - one per setting of a pool; the ABI document describes them
 * @PP_KNOB_LIMIT: limit
 * @PP_KNOB_SIZE: size
 * @PP_KNOB_NR_INODES: nr_inodes
 * @PP_KNOB_REGION_LIMIT: region_limit
 * @PP_KNOB_STORE_LIMIT: store_limit
 * @PP_KNOB_COMPRESSOR: compressor
 * @PP_KNOB_POLICY: policy
 * @PP_KNOB_COMMIT: commit
 * @PP_KNOB_ALARM: alarm
 * @PP_KNOB_EVICT: evict
 * @PP_KNOB_KEEP_COPIES: keep_copies
 * @PP_KNOB_DETECT_SAME: detect_same
 * @PP_KNOB_SHARE_SLOTS: share_slots
 * @PP_KNOB_RAW_EARLY: raw_early
 * @PP_KNOB_ENCRYPT: encrypt
 * @PP_KNOB_SHRINKER: shrinker
 * @PP_KNOB_SHRINK_STEP: shrink_step
 * @PP_KNOB_AGE_INTERVAL: age_interval_ms
 * @PP_KNOB_DEMOTE: demote_ms
 * @PP_KNOB_SPARE: spare
 * @PP_KNOB_STALL: stall_ms
 * @PP_KNOB_HUGE: huge
 * @PP_KNOB_HUGE_ZEROS: huge_zeros
 * @PP_KNOB_HUGE_HOT: huge_hot
 * @PP_KNOB_HUGE_TOUGH: huge_tough
 * @PP_NR_KNOBS: number of knobs
 */
enum pp_knob {
	PP_KNOB_LIMIT,
	PP_KNOB_SIZE,
	PP_KNOB_NR_INODES,
	PP_KNOB_REGION_LIMIT,
	PP_KNOB_STORE_LIMIT,
	PP_KNOB_COMPRESSOR,
	PP_KNOB_POLICY,
	PP_KNOB_COMMIT,
	PP_KNOB_ALARM,
	PP_KNOB_EVICT,
	PP_KNOB_KEEP_COPIES,
	PP_KNOB_DETECT_SAME,
	PP_KNOB_SHARE_SLOTS,
	PP_KNOB_RAW_EARLY,
	PP_KNOB_ENCRYPT,
	PP_KNOB_SHRINKER,
	PP_KNOB_SHRINK_STEP,
	PP_KNOB_AGE_INTERVAL,
	PP_KNOB_DEMOTE,
	PP_KNOB_SPARE,
	PP_KNOB_STALL,
	PP_KNOB_HUGE,
	PP_KNOB_HUGE_ZEROS,
	PP_KNOB_HUGE_HOT,
	PP_KNOB_HUGE_TOUGH,
	PP_NR_KNOBS
};

/* Name of each knob, as a sysfs file and as a mount option. */
extern const char *const pp_knob_names[PP_NR_KNOBS];

/**
 * pp_knobs_default - sets every knob of the new @pool that has a plain default
 * @pool: the pool
 */
void pp_knobs_default(struct pp_pool *pool);

/**
 * pp_knob_show - a knob's value as text
 * @pool: the pool
 * @knob: which
 * @buf: a page
 * Return: number of characters, newline included.
 */
ssize_t pp_knob_show(struct pp_pool *pool, enum pp_knob knob, char *buf);

/**
 * pp_knob_check - whether a knob can be set
 * @pool: the pool
 * @knob: which
 * @value: NUL-terminated text; surrounding white space is ignored
 * @n: set to what it means, if that is a number (in pages, if they are bytes), a switch or a mode
 *
 * Gets whatever memory the value needs, and keeps it: pp_knob_store() of the same value can then
 * fail for PP_KNOB_LIMIT only, and where the ledger refuses, see pp_ledger_check().
 *
 * Return: 0; -EINVAL; -ERANGE; -ENOMEM.
 */
int pp_knob_check(struct pp_pool *pool, enum pp_knob knob, const char *value, unsigned long *n);

/**
 * pp_knob_store - sets a knob
 * @pool: the pool
 * @knob: which
 * @value: NUL-terminated text; surrounding white space is ignored
 * Return: 0; -EINVAL: not a value of this knob; -ERANGE; -EBUSY: a limit that cannot be reached
 * (the old one stays); -ENOMEM; -EINTR.
 */
int pp_knob_store(struct pp_pool *pool, enum pp_knob knob, const char *value);

/**
 * pp_parse_pages - text to pages
 * @value: bytes with an optional suffix K, M, G or T; rounded up to pages
 * @pages: result
 * Return: 0, -EINVAL, -ERANGE.
 */
int pp_parse_pages(const char *value, unsigned long *pages);

/* Text of enum pp_huge_mode. */
extern const char *const pp_huge_names[PP_NR_HUGE_MODES];

/**
 * pp_region_set_huge - sets when @region gets huge frames
 * @region: the region
 * @value: text; as the pool's knob, or "pool"
 * Return: 0 or -EINVAL.
 */
int pp_region_set_huge(struct pp_region *region, const char *value);

/**
 * pp_region_set_limit - sets the limit of @region to @pages
 * @region: the region
 * @pages: 0 = none
 * Return: like pp_knob_store().
 */
int pp_region_set_limit(struct pp_region *region, unsigned long pages);

/**
 * pp_knobs_go_back - undoes a change that was made together with one that failed
 * @pool: the pool
 * @knob: PP_KNOB_LIMIT, PP_KNOB_STORE_LIMIT, PP_KNOB_COMMIT
 * @value: what it was before; bytes, or enum pp_commit
 * Return: 0; -ENOSPC: regions need what has changed; -EBUSY, -EINTR: the limit cannot be reached.
 */
int pp_knobs_go_back(struct pp_pool *pool, enum pp_knob knob, u64 value);

#endif /* PAGEPACT_CONTROL_KNOBS_H */
