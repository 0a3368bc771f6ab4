// SPDX-License-Identifier: GPL-2.0-only
/* Histories of pages: the scale, the average, what goes with a page, and what is expected of it. */
#include "core/age.c"
#include "unit.h"

static struct pp_pool pool;
static struct pp_region region = { .pool = &pool };

static pp_home_t word(enum pp_state state, unsigned int seen, unsigned int reuse)
{
	return 7ull << PP_HOME_SHIFT | history(seen, reuse) | state;
}

/* What becomes of the history of @home if it changes to @state. */
static pp_home_t next(pp_home_t home, enum pp_state state, enum pp_why why, u8 epoch)
{
	return pp_age_next(home, 9ull << PP_HOME_SHIFT | state, why, epoch);
}

TEST(the_scale)
{
	unsigned int n, last = 0;

	expect_eq(pp_age_steps(0), 0);
	expect_eq(pp_age_steps(1), 0);
	expect_eq(pp_age_steps(2), PP_AGE_STEPS);
	expect_eq(pp_age_steps(4), 2 * PP_AGE_STEPS);
	expect_eq(pp_age_steps(PP_AGE_EPOCHS), PP_AGE_THRESHOLD);
	expect_eq(pp_age_steps(PP_AGE_EPOCHS - 1), PP_AGE_THRESHOLD - 1);
	expect_eq(pp_age_steps(PP_AGE_MAX), PP_AGE_LONGEST);
	expect_eq(pp_age_steps(UINT_MAX), PP_AGE_LONGEST);
	for (n = 0; n <= PP_AGE_MAX; n++) {
		expect(pp_age_steps(n) >= last && pp_age_steps(n) <= last + PP_AGE_STEPS);
		last = pp_age_steps(n);
	}
}

TEST(epochs_begin_again)
{
	u8 epoch = 1;
	unsigned int n;

	for (n = 0; n < 3 * PP_EPOCHS; n++) {
		expect(epoch >= 1 && epoch <= PP_EPOCHS);
		expect_eq(pp_age_later(epoch, PP_EPOCHS - 1), epoch == 1 ? PP_EPOCHS : epoch - 1);
		expect_eq(pp_age_of(word(PP_STORED, epoch, 0), pp_age_later(epoch, 5)), 5);
		epoch = pp_age_later(epoch, 1);
	}
	expect_eq(pp_age_of(word(PP_STORED, 250, 0), pp_age_later(250, 100)), 100);
	expect_eq(pp_age_of(word(PP_STORED, 250, 0), pp_age_later(250, 200)), PP_AGE_MAX);
	expect_eq(pp_age_of(word(PP_STORED, PP_SEEN_LONG_AGO, 0), 3), PP_AGE_MAX);
	expect_eq(pp_age_of(word(PP_STORED, 0, 0), 3), 0);
}

TEST(the_average_moves_half_way)
{
	unsigned int reuse, sample, n;

	expect_eq(average(0, 12), 13);
	for (reuse = 1; reuse <= PP_AGE_LONGEST + 1; reuse++) {
		for (sample = 0; sample <= PP_AGE_LONGEST; sample++) {
			unsigned int then = average(reuse, sample), want = sample + 1;

			expect(then >= min(reuse, want) && then <= max(reuse, want));
			/* It gets there. */
			expect(then != reuse || reuse == want);
			/* One touch is not all. */
			expect(abs((int)(want - reuse)) < 2 || then != want);
			for (n = 0; n < 8; n++)
				then = average(then, sample);
			expect_eq(then, want);
		}
	}
}

TEST(a_history_goes_with_its_page)
{
	static const enum pp_why whys[] = { PP_WHY_EVICT, PP_WHY_AGE, PP_WHY_SHATTER };
	pp_home_t home = word(PP_FRAME, 3, 11), to;
	unsigned int i;

	/* Until it leaves page tables it may have been in use. */
	to = next(home, PP_STANDBY, PP_WHY_AGE, 20);
	expect(seen_of(to) == 20 && reuse_of(to) == 11);
	for (i = 0; i < ARRAY_SIZE(whys); i++) {
		home = next(to, PP_STORED, whys[i], 90);
		expect(seen_of(home) == 20 && reuse_of(home) == 11);
		home = next(to, PP_STANDBY, whys[i], 90);
		expect(seen_of(home) == 20 && reuse_of(home) == 11);
	}
	/* Out of page tables into the store. */
	home = next(word(PP_FRAME, 3, 11), PP_STORED, PP_WHY_EVICT, 20);
	expect(seen_of(home) == 20 && reuse_of(home) == 11);
	/* Nobody has touched it. */
	home = next(to, PP_FRAME, PP_WHY_REGROUP, 90);
	expect(seen_of(home) == 20 && reuse_of(home) == 11);
	home = next(to, PP_FRAME, PP_WHY_SHATTER, 90);
	expect(seen_of(home) == 20 && reuse_of(home) == 11);
	/* It is written to, which is not the first that is known of it. */
	home = next(word(PP_FRAME, 3, 11), PP_FRAME, PP_WHY_FAULT, 90);
	expect(seen_of(home) == 3 && reuse_of(home) == 11);
}

TEST(touched_again)
{
	pp_home_t home = next(word(PP_STORED, 20, 0), PP_FRAME, PP_WHY_FAULT, 36);

	expect(seen_of(home) == 36 && reuse_of(home) == 1 + PP_AGE_THRESHOLD);
	home = next(next(home, PP_STANDBY, PP_WHY_AGE, 40), PP_FRAME, PP_WHY_FAULT, 40);
	expect(seen_of(home) == 40 && reuse_of(home) == 1 + PP_AGE_THRESHOLD / 2);
}

TEST(a_hole_has_none)
{
	pp_home_t home = next(word(PP_STORED, 20, 9), PP_HOLE, PP_WHY_PUNCH, 36);

	expect(!(home & PP_HOME_HISTORY));
	home = next(PP_HOLE | PP_HOME_ZERO_MAPPED, PP_FRAME, PP_WHY_FAULT, 36);
	expect(seen_of(home) == 36 && !reuse_of(home));
}

/* Who knows better than the rule says so. */
TEST(a_history_that_is_given_stays)
{
	pp_home_t home = word(PP_STORED, PP_SEEN_LONG_AGO, 9);

	expect_eq(pp_age_next(word(PP_STORED, 20, 9), home, PP_WHY_AGE, 36), home);
}

TEST(the_longer_of_rest_and_habit)
{
	expect_eq(pp_age_expect(word(PP_STORED, 10, 0), 10), 0);
	expect_eq(pp_age_expect(word(PP_STORED, 10, 0), 26), PP_AGE_THRESHOLD);
	expect_eq(pp_age_expect(word(PP_STORED, 10, 21), 26), 20);
	expect_eq(pp_age_expect(word(PP_STORED, 10, 5), 26), PP_AGE_THRESHOLD);
	pool = (struct pp_pool){ .epoch = 26, .threshold = PP_AGE_THRESHOLD };
	expect(pp_age_is_deep(&pool, word(PP_STORED, 10, 0), false));
	expect(!pp_age_is_deep(&pool, word(PP_STORED, 20, 0), false));
	/* The same rest, and another history. */
	expect(pp_age_is_deep(&pool, word(PP_STORED, 20, 1 + PP_AGE_THRESHOLD), false));
	pool.threshold++;
	expect(!pp_age_is_deep(&pool, word(PP_STORED, 10, 0), false));
	expect(!pp_age_is_deep(&pool, word(PP_STORED, 10, 0), true));
	/* One that fell counts while room is wanted. */
	pool.threshold = PP_AGE_THRESHOLD - 8;
	expect(!pp_age_is_deep(&pool, word(PP_STORED, 20, 0), false));
	expect(pp_age_is_deep(&pool, word(PP_STORED, 20, 0), true));
	expect(!pp_age_is_deep(&pool, word(PP_STORED, 24, 0), true));
	expect(pp_age_is_deep(&pool, word(PP_STORED, 10, 0), false));
	pool.threshold = 0;
	expect(!pp_age_is_deep(&pool, word(PP_STORED, PP_SEEN_LONG_AGO, 29), true));
	expect(!pp_age_is_deep(&pool, word(PP_STORED, PP_SEEN_LONG_AGO, 29), false));
}

static u64 counted(enum pp_stat stat)
{
	return region.stats->v[stat];
}

TEST(expected_and_happened)
{
	region.stats = alloc_percpu(struct pp_stats);
	pool = (struct pp_pool){ .epoch = 26, .threshold = PP_AGE_THRESHOLD };
	pool.stats = alloc_percpu(struct pp_stats);
	/* Of one without a history nothing was expected. */
	pp_age_check(&region, word(PP_STORED, 10, 0));
	expect_eq(counted(PP_STAT_reuse_checked), 0);
	pp_age_check(&region, word(PP_STORED, 10, 1 + 13));
	pp_age_check(&region, word(PP_STORED, 10, 1 + 21));
	expect_eq(counted(PP_STAT_reuse_checked), 2);
	expect_eq(counted(PP_STAT_reuse_error), 3 + 5);
	expect_eq(counted(PP_STAT_demoted_early), 0);
	pp_age_check(&region, word(PP_STORED, 10, 0) | PP_HOME_DEEP);
	expect_eq(counted(PP_STAT_demoted_early), 0);
	pp_age_check(&region, word(PP_STORED, 12, 0) | PP_HOME_DEEP);
	expect_eq(counted(PP_STAT_demoted_early), 1);
	free_percpu(region.stats);
	free_percpu(pool.stats);
}
