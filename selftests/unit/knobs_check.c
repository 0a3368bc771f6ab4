// SPDX-License-Identifier: GPL-2.0-only
/* Knobs: which texts are values, what they mean, and that what is shown can be written back. */
#include "knobs.h"
#include "unit.h"

static const char *show(struct pp_pool *pool, enum pp_knob knob)
{
	static char buf[PAGE_SIZE];
	ssize_t n = pp_knob_show(pool, knob, buf);

	expect(n > 1 && buf[n - 1] == '\n' && !buf[n]);
	buf[n - 1] = '\0';
	return buf;
}

TEST(sizes)
{
	static const struct { const char *text; int err; unsigned long pages; } sizes[] = {
		{ "0", 0, 0 }, { "1", 0, 1 }, { "4096", 0, 1 }, { "4097", 0, 2 },
		{ "1K", 0, 1 }, { "1k", 0, 1 }, { "5k", 0, 2 }, { "1M", 0, 256 },
		{ "3g", 0, 3 << 18 }, { "2T", 0, 2ul << 28 }, { "0T", 0, 0 },
		{ "00000000000000000001", 0, 1 },
		{ "000000000000000000001", -ERANGE, 0 },
		{ "9223372036854771711", 0, 0x7fffffffffffful },
		/* What it reads back as. */
		{ "9223372036854771712", 0, 0x7fffffffffffful },
		{ "9223372036854771713", -ERANGE, 0 }, { "8388608T", -ERANGE, 0 },
		{ "8388607T", 0, 8388607ul << 28 },
		{ "18446744073709551615", -ERANGE, 0 }, { "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999", -ERANGE, 0 }, { "16777216T", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "K", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 }, { "1KB", -EINVAL, 0 }, { "1KK", -EINVAL, 0 },
		{ "1 K", -EINVAL, 0 }, { "1P", -EINVAL, 0 }, { "0x10", -EINVAL, 0 },
		{ "1.5G", -EINVAL, 0 }, { "1\n", -EINVAL, 0 }, { "\xb9", -EINVAL, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long pages = 12345;
		int err = pp_parse_pages(sizes[i].text, &pages);

		if (err != sizes[i].err || (!err && pages != sizes[i].pages))
			printf("# \"%s\": %d, %lu pages\n", sizes[i].text, err, pages);
		expect_eq(err, sizes[i].err);
		expect_eq(pages, err ? 12345 : sizes[i].pages);
	}
}

TEST(each_knob_has_a_name_and_a_value)
{
	struct pp_pool pool = {};
	enum pp_knob knob, other;
	char text[64];

	pp_knobs_default(&pool);
	for (knob = 0; knob < PP_NR_KNOBS; knob++) {
		expect(pp_knob_names[knob] && *pp_knob_names[knob]);
		for (other = 0; other < knob; other++)
			expect(strcmp(pp_knob_names[knob], pp_knob_names[other]));
		strscpy(text, show(&pool, knob), sizeof(text));
		expect_eq(pp_knob_store(&pool, knob, text), 0);
		expect(!strcmp(show(&pool, knob), text));
	}
}

/* Each of these sets its own field, and no other knob shows a change. */
TEST(each_knob_sets_itself_alone)
{
	static const char *const values[PP_NR_KNOBS] = {
		[PP_KNOB_LIMIT] = "8192", [PP_KNOB_SIZE] = "12288",
		[PP_KNOB_NR_INODES] = "9",
		[PP_KNOB_REGION_LIMIT] = "16384", [PP_KNOB_STORE_LIMIT] = "20480",
		[PP_KNOB_COMPRESSOR] = "zstd", [PP_KNOB_POLICY] = "random",
		[PP_KNOB_EVICT] = "0", [PP_KNOB_KEEP_COPIES] = "0",
		[PP_KNOB_DETECT_SAME] = "0", [PP_KNOB_SHARE_SLOTS] = "0",
		[PP_KNOB_RAW_EARLY] = "0", [PP_KNOB_HUGE_TOUGH] = "0",
		[PP_KNOB_ENCRYPT] = "0", [PP_KNOB_DEMOTE] = "1100",
		[PP_KNOB_SHRINKER] = "0",
		[PP_KNOB_SHRINK_STEP] = "24576", [PP_KNOB_AGE_INTERVAL] = "7",
		[PP_KNOB_SPARE] = "28672", [PP_KNOB_STALL] = "8",
		[PP_KNOB_COMMIT] = "relaxed", [PP_KNOB_ALARM] = "77",
		[PP_KNOB_HUGE] = "first-touch", [PP_KNOB_HUGE_ZEROS] = "32768",
		[PP_KNOB_HUGE_HOT] = "0",
	};
	enum pp_knob knob, other;

	for (knob = 0; knob < PP_NR_KNOBS; knob++) {
		struct pp_pool pool = {}, plain = {};
		char was[PP_NR_KNOBS][64];

		store_limit = 0;
		codec = "lz4";
		pp_knobs_default(&pool);
		pp_knobs_default(&plain);
		for (other = 0; other < PP_NR_KNOBS; other++)
			strscpy(was[other], show(&pool, other), sizeof(was[other]));
		expect_eq(pp_knob_store(&pool, knob, values[knob]), 0);
		for (other = 0; other < PP_NR_KNOBS; other++)
			expect(!strcmp(show(&pool, other),
				       other == knob ? values[knob] : was[other]));
	}
}

TEST(white_space_and_length)
{
	struct pp_pool pool = {};
	char text[80];

	trim_calls = 0;
	expect_eq(pp_knob_store(&pool, PP_KNOB_SPARE, " \t 4096 \n"), 0);
	expect_eq(pool.knobs.spare, 1);
	expect_eq(trim_calls, 1);
	expect_eq(pp_knob_store(&pool, PP_KNOB_SPARE, "40 96"), -EINVAL);
	expect_eq(pp_knob_store(&pool, PP_KNOB_SPARE, " "), -EINVAL);
	memset(text, '0', sizeof(text));
	text[64] = '\0';
	expect_eq(pp_knob_store(&pool, PP_KNOB_SPARE, text), -EINVAL);
	text[63] = '\0';
	expect_eq(pp_knob_store(&pool, PP_KNOB_SPARE, text), -ERANGE);
	expect_eq(pool.knobs.spare, 1);
}

TEST(switches_and_times)
{
	static const char *const no_switch[] = { "", "2", "-1", "01", "on", "1x", "true" };
	struct pp_pool pool = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(no_switch); i++)
		expect_eq(pp_knob_store(&pool, PP_KNOB_EVICT, no_switch[i]), -EINVAL);
	expect_eq(pp_knob_store(&pool, PP_KNOB_EVICT, "1\n"), 0);
	expect(pool.knobs.evict);
	expect_eq(pp_knob_store(&pool, PP_KNOB_STALL, "50000"), 0);
	expect_eq(pp_knob_store(&pool, PP_KNOB_STALL, "50001"), -ERANGE);
	expect_eq(pp_knob_store(&pool, PP_KNOB_STALL, "1K"), -EINVAL);
	expect_eq(pp_knob_store(&pool, PP_KNOB_STALL, "99999999999999999999"), -ERANGE);
	expect_eq(pool.knobs.stall_ms, 50000);
	expect_eq(pp_knob_store(&pool, PP_KNOB_AGE_INTERVAL, "86400001"), -ERANGE);
	expect_eq(pool.knobs.age_interval_ms, 0);
	expect_eq(pp_knob_store(&pool, PP_KNOB_DEMOTE, "86400001"), -ERANGE);
	expect_eq(pp_knob_store(&pool, PP_KNOB_DEMOTE, "999"), -ERANGE);
	expect_eq(pp_knob_store(&pool, PP_KNOB_DEMOTE, "0"), 0);
	expect_eq(pp_knob_store(&pool, PP_KNOB_DEMOTE, "86400000"), 0);
	expect_eq(pool.knobs.demote_ms, 86400000);
	expect_eq(pp_knob_store(&pool, PP_KNOB_POLICY, "clocks"), -EINVAL);
}

/* A pool has three words for it; a region has one more, which it begins with. */
TEST(huge_modes)
{
	static const char *const no_mode[] = {
		"", "0", "1", "on", "always", "Off", "offf", "first", "first-touch-", "first touch",
	};
	struct pp_pool pool = {};
	struct pp_region region = { .pool = &pool, .huge_mode = PP_HUGE_POOL };
	unsigned long n;
	unsigned int i;

	pp_knobs_default(&pool);
	expect_eq(pool.knobs.huge, PP_HUGE_FIRST_TOUCH);
	expect_eq(pp_knob_store(&pool, PP_KNOB_HUGE, "off"), 0);
	for (i = 0; i < ARRAY_SIZE(no_mode); i++) {
		expect_eq(pp_knob_check(&pool, PP_KNOB_HUGE, no_mode[i], &n), -EINVAL);
		expect_eq(pp_knob_store(&pool, PP_KNOB_HUGE, no_mode[i]), -EINVAL);
		expect_eq(pp_region_set_huge(&region, no_mode[i]), -EINVAL);
	}
	expect_eq(pp_knob_store(&pool, PP_KNOB_HUGE, "pool"), -EINVAL);
	expect_eq(pool.knobs.huge, PP_HUGE_OFF);
	expect_eq(region.huge_mode, PP_HUGE_POOL);
	expect_eq(pp_knob_store(&pool, PP_KNOB_HUGE, " first-touch\n"), 0);
	expect_eq(pool.knobs.huge, PP_HUGE_FIRST_TOUCH);
	expect(!strcmp(show(&pool, PP_KNOB_HUGE), "first-touch"));
	for (i = 0; i < PP_NR_HUGE_MODES; i++) {
		expect_eq(pp_region_set_huge(&region, pp_huge_names[i]), 0);
		expect_eq(region.huge_mode, i);
	}
	expect_eq(pool.knobs.huge, PP_HUGE_FIRST_TOUCH);
	expect_eq(pp_knob_store(&pool, PP_KNOB_HUGE, "off"), 0);
	expect_eq(pool.knobs.huge, PP_HUGE_OFF);
}

static void another_succeeds(struct pp_pool *pool)
{
	to_limit_result = 0;
	expect_eq(pp_knob_store(pool, PP_KNOB_LIMIT, "12288"), 0);
}

static void another_fails(struct pp_pool *pool)
{
	expect_eq(pool->knobs.limit, 1);
	expect_eq(pp_knob_store(pool, PP_KNOB_LIMIT, "8192"), -EBUSY);
}

/* A write that fails undoes itself, and nothing of who wrote meanwhile. */
TEST(limits_written_at_the_same_time)
{
	struct pp_pool pool = { .name = "vms" };

	to_limit_result = 0;
	expect_eq(pp_knob_store(&pool, PP_KNOB_LIMIT, "28672"), 0);
	to_limit_result = -EBUSY;
	to_limit_meanwhile = another_succeeds;
	expect_eq(pp_knob_store(&pool, PP_KNOB_LIMIT, "4096"), -EBUSY);
	expect_eq(pool.knobs.limit, 3);
	to_limit_result = -EBUSY;
	to_limit_meanwhile = another_fails;
	expect_eq(pp_knob_store(&pool, PP_KNOB_LIMIT, "4096"), -EBUSY);
	expect_eq(pool.knobs.limit, 3);
	/* The first one is reached after the second: the second is the one to go back to. */
	to_limit_result = 0;
	to_limit_meanwhile = another_succeeds;
	expect_eq(pp_knob_store(&pool, PP_KNOB_LIMIT, "4096"), 0);
	expect_eq(pool.knobs.limit, 3);
	to_limit_result = -EBUSY;
	expect_eq(pp_knob_store(&pool, PP_KNOB_LIMIT, "8192"), -EBUSY);
	expect_eq(pool.knobs.limit, 3);
	to_limit_result = 0;
}

TEST(a_limit_that_cannot_be_reached)
{
	struct pp_pool pool = { .name = "vms" };
	struct pp_region region = { .pool = &pool };

	store_limit = 0;
	to_limit_result = 0;
	expect_eq(pp_knob_store(&pool, PP_KNOB_LIMIT, "28672"), 0);
	expect_eq(pp_region_set_limit(&region, 5), 0);
	to_limit_result = -EBUSY;
	expect_eq(pp_knob_store(&pool, PP_KNOB_LIMIT, "4096"), -EBUSY);
	expect_eq(pool.knobs.limit, 7);
	expect_eq(pp_region_set_limit(&region, 1), -EBUSY);
	expect_eq(region.limit, 5);
	to_limit_result = -EINTR;
	expect_eq(pp_knob_store(&pool, PP_KNOB_LIMIT, "4096"), -EINTR);
	expect_eq(pool.knobs.limit, 7);
	to_limit_result = 0;
	to_limit_calls = 0;
	expect_eq(pp_region_set_limit(&region, 1), 0);
	expect_eq(region.limit, 1);
	/* Refused by the ledger: nothing was written, nothing is evicted. */
	ledger_result = -ENOSPC;
	expect_eq(pp_knob_store(&pool, PP_KNOB_LIMIT, "8192"), -ENOSPC);
	expect_eq(pp_region_set_limit(&region, 2), -ENOSPC);
	expect_eq(pp_knob_store(&pool, PP_KNOB_STORE_LIMIT, "8192"), -ENOSPC);
	expect_eq(pp_knob_store(&pool, PP_KNOB_COMMIT, "relaxed"), -ENOSPC);
	ledger_result = 0;
	expect_eq(pool.knobs.limit, 7);
	expect_eq(region.limit, 1);
	expect_eq(to_limit_calls, 1);
	expect_eq(store_limit, 0);
	expect_eq(pool.knobs.commit, PP_COMMIT_STRICT);
	/* Only the limit evicts. */
	expect_eq(pp_knob_store(&pool, PP_KNOB_REGION_LIMIT, "4096"), 0);
	expect_eq(to_limit_calls, 1);
}
