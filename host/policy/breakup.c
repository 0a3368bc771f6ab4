// SPDX-License-Identifier: GPL-2.0-only
/*
 * breakup: huge frames broken up, so that a part of their pages can leave memory.
 *
 * It takes up to 2 MiB before it wins anything. So it is not done for whoever has no memory, only a
 * few times in one request, because a fault may be waiting, and one at a time in a pool, because
 * all others find less room below the limit meanwhile.
 */
#include "core/huge.h"
#include "policy/reclaim.h"

/* Of the pages tried before PP_MAX_KEPT did not compress, those that did: a quarter of all. */
#define WORTH_FREEING	(PP_MAX_KEPT / 3)

bool pp_breakup_allowed(struct pp_block *block, struct pp_reclaim *rc)
{
	return !rc->try_only && !rc->host && !rc->starved && !rc->exchange && rc->breaks &&
	       pp_huge_may_shatter(block);
}

int pp_breakup(struct pp_block *block, struct pp_reclaim *rc)
{
	struct pp_pool *pool = block->region->pool;
	int zeros;

	if (atomic_xchg(&pool->breaking, 1))
		return -EBUSY;
	rc->breaks--;
	zeros = pp_huge_shatter(block, PP_BLOCK_PAGES);
	atomic_set(&pool->breaking, 0);
	if (zeros == -ENOMEM)
		rc->breaks = 0;
	rc->done += max(zeros, 0);
	return min(zeros, 0);
}

bool pp_breakup_tough(struct pp_block *block, struct pp_reclaim *rc)
{
	u16 tough = READ_ONCE(block->tough);
	int err;

	if (tough <= 1 + WORTH_FREEING || !READ_ONCE(rc->pool->knobs.huge_tough) ||
	    !pp_breakup_allowed(block, rc))
		return false;
	err = pp_breakup(block, rc);
	/* Not again until it was in use, or punched. */
	if (err == -ENOMEM)
		cmpxchg(&block->tough, tough, 1);
	if (!err)
		pp_stat_inc(block->region, shatter_tough);
	return !err;
}
