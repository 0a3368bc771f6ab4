// SPDX-License-Identifier: GPL-2.0-only
/* Who may break up a huge frame so that some of its pages leave, and how often. */
#include "shim.h"

#include "policy/breakup.c"
#include "unit.h"

static struct pp_pool pool;
static struct pp_region region;
static struct pp_block block;
static int result;
static bool may;
static unsigned int shattered;

bool pp_huge_may_shatter(struct pp_block *b)
{
	return may;
}

int pp_huge_shatter(struct pp_block *b, unsigned int parts)
{
	struct pp_reclaim other = { .pool = &pool, .breaks = 1 };

	expect_eq(parts, PP_BLOCK_PAGES);
	shattered++;
	/* Somebody else comes. */
	if (shattered == 1) {
		expect_eq(pp_breakup(b, &other), -EBUSY);
		expect(other.breaks == 1 && !other.done);
	}
	return result;
}

static void begin(unsigned int tough)
{
	pool = (struct pp_pool){ .knobs.huge_tough = true };
	region = (struct pp_region){ .pool = &pool };
	region.stats = alloc_percpu(struct pp_stats);
	pool.stats = alloc_percpu(struct pp_stats);
	block = (struct pp_block){ .region = &region, .tough = tough };
	result = 0;
	may = true;
	shattered = 0;
}

static void end(unsigned int tough)
{
	expect_eq(per_cpu_ptr(region.stats, shim_cpu)->v[PP_STAT_shatter_tough], tough);
	expect(!pool.breaking.v);
	free_percpu(region.stats);
	free_percpu(pool.stats);
	expect_eq(shim_live(), 0);
}

TEST(so_many_in_a_request)
{
	struct pp_reclaim rc = { .pool = &pool, .breaks = 2 };

	begin(500);
	result = 7;
	expect(pp_breakup_tough(&block, &rc));
	expect(pp_breakup_tough(&block, &rc));
	expect(!pp_breakup_tough(&block, &rc));
	expect_eq(shattered, 2);
	expect_eq(rc.done, 14);
	end(2);
}

TEST(those_with_enough_that_compresses)
{
	struct pp_reclaim rc = { .pool = &pool, .breaks = 2 };

	begin(43);
	expect(!pp_breakup_tough(&block, &rc));
	block.tough = 44;
	expect(pp_breakup_tough(&block, &rc));
	end(1);
}

TEST(no_memory)
{
	struct pp_reclaim rc = { .pool = &pool, .breaks = 4 };

	begin(500);
	result = -EBUSY;
	expect(!pp_breakup_tough(&block, &rc));
	expect(block.tough == 500 && rc.breaks == 3 && !rc.done);
	result = -ENOMEM;
	expect(!pp_breakup_tough(&block, &rc));
	/* Neither this one again, nor any other for this request. */
	expect(block.tough == 1 && !rc.breaks);
	end(0);
}

/* Each of these alone. */
TEST(not_allowed)
{
	struct pp_reclaim rc = { .pool = &pool, .breaks = 4 };

	begin(500);
	expect(pp_breakup_allowed(&block, &rc));
	rc.try_only = true;
	expect(!pp_breakup_allowed(&block, &rc) && !pp_breakup_tough(&block, &rc));
	rc = (struct pp_reclaim){ .pool = &pool, .breaks = 4, .host = true };
	expect(!pp_breakup_allowed(&block, &rc) && !pp_breakup_tough(&block, &rc));
	rc = (struct pp_reclaim){ .pool = &pool, .breaks = 4, .starved = true };
	expect(!pp_breakup_allowed(&block, &rc) && !pp_breakup_tough(&block, &rc));
	rc = (struct pp_reclaim){ .pool = &pool, .breaks = 4, .exchange = true };
	expect(!pp_breakup_allowed(&block, &rc) && !pp_breakup_tough(&block, &rc));
	rc = (struct pp_reclaim){ .pool = &pool };
	expect(!pp_breakup_allowed(&block, &rc) && !pp_breakup_tough(&block, &rc));
	rc.breaks = 1;
	may = false;
	expect(!pp_breakup_allowed(&block, &rc) && !pp_breakup_tough(&block, &rc));
	may = true;
	pool.knobs.huge_tough = false;
	expect(pp_breakup_allowed(&block, &rc) && !pp_breakup_tough(&block, &rc));
	end(0);
}
