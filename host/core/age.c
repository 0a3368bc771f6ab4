// SPDX-License-Identifier: GPL-2.0-only
#include <linux/log2.h>
#include <linux/minmax.h>
#include "core/age.h"
#include "core/region.h"

unsigned int pp_age_steps(unsigned int epochs)
{
	unsigned int n = clamp(epochs, 1U, (unsigned int)PP_AGE_MAX), doublings = ilog2(n);

	/* In between, the scale is straight. */
	return PP_AGE_STEPS * doublings + (PP_AGE_STEPS * n >> doublings) % PP_AGE_STEPS;
}

static unsigned int seen_of(pp_home_t home)
{
	return (home & PP_HOME_SEEN) >> PP_HOME_SEEN_SHIFT;
}

static unsigned int reuse_of(pp_home_t home)
{
	return (home & PP_HOME_REUSE) >> PP_HOME_REUSE_SHIFT;
}

static pp_home_t history(unsigned int seen, unsigned int reuse)
{
	return (pp_home_t)seen << PP_HOME_SEEN_SHIFT | (pp_home_t)reuse << PP_HOME_REUSE_SHIFT;
}

u8 pp_age_later(u8 epoch, unsigned int n)
{
	return (epoch - 1 + n) % PP_EPOCHS + 1;
}

unsigned int pp_age_of(pp_home_t home, u8 epoch)
{
	unsigned int seen = seen_of(home);

	if (seen == PP_SEEN_LONG_AGO)
		return PP_AGE_MAX;
	return seen ? min((epoch + PP_EPOCHS - seen) % PP_EPOCHS, PP_AGE_MAX) : 0;
}

unsigned int pp_age_expect(pp_home_t home, u8 epoch)
{
	unsigned int age = pp_age_steps(pp_age_of(home, epoch)), reuse = reuse_of(home);

	return reuse ? max(age, reuse - 1) : age;
}

/* The average moves half way to the sample, but at least a step. */
static unsigned int average(unsigned int reuse, unsigned int sample)
{
	if (!reuse)
		return sample + 1;
	return (reuse + sample + 1 + (sample + 1 > reuse)) / 2;
}

/* What of @old's history there is when the page is in use again. */
static pp_home_t after_touch(pp_home_t old, u8 epoch)
{
	return history(epoch, average(reuse_of(old), pp_age_steps(pp_age_of(old, epoch))));
}

pp_home_t pp_age_next(pp_home_t old, pp_home_t new, enum pp_why why, u8 epoch)
{
	enum pp_state from = pp_home_state(old), to = pp_home_state(new);
	bool away = from == PP_STANDBY || from == PP_STORED;

	if (to == PP_HOLE)
		return new & ~PP_HOME_HISTORY;
	if (new & PP_HOME_HISTORY)
		return new;
	if (from == PP_HOLE)
		return new | history(epoch, 0);
	if (away && to == PP_FRAME && why == PP_WHY_FAULT)
		return new | after_touch(old, epoch);
	/* Until now it was in use, for all that is known. */
	if (from == PP_FRAME && to != PP_FRAME)
		return new | history(epoch, reuse_of(old));
	return new | (old & PP_HOME_HISTORY);
}

void pp_age_check(struct pp_region *region, pp_home_t home)
{
	struct pp_pool *pool = region->pool;
	unsigned int age = pp_age_steps(pp_age_of(home, READ_ONCE(pool->epoch)));
	unsigned int reuse = reuse_of(home);

	/* One that rose does not make others early that were not. */
	if ((home & PP_HOME_DEEP) && age < min(READ_ONCE(pool->threshold), PP_AGE_THRESHOLD))
		pp_stat_inc(region, demoted_early);
	if (!reuse)
		return;
	pp_stat_inc(region, reuse_checked);
	pp_stat_add(region, reuse_error, abs((int)age - (int)(reuse - 1)));
}

bool pp_age_is_deep(struct pp_pool *pool, pp_home_t home, bool wanted)
{
	unsigned int threshold = READ_ONCE(pool->threshold);

	if (!threshold)
		return false;
	if (!wanted)
		threshold = max(threshold, PP_AGE_THRESHOLD);
	return pp_age_expect(home, READ_ONCE(pool->epoch)) >= threshold;
}
