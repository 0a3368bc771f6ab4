// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for a frame at a limit: what makes room first, for how long, and when with a full store
 * another page goes there for this one.
 */
#include "frame_bench.h"

static u64 stat(enum pp_stat which)
{
	expect_eq(per_cpu_ptr(pool.stats, shim_cpu)->v[which],
		  per_cpu_ptr(region.stats, shim_cpu)->v[which]);
	return per_cpu_ptr(region.stats, shim_cpu)->v[which];
}

/* As faults do it. */
static int get_in_the_end(void)
{
	unsigned int n;
	int err = -ESTALE;

	for (n = 0; err == -ESTALE && n < 10000; n++)
		err = get();
	return err;
}

static void killed(void)
{
	shim_killed = true;
}

TEST(waits_no_longer_than_it_may)
{
	unsigned long start = jiffies, pause;

	begin();
	region.limit = 2;
	hold(2);
	checks = 0;
	expect_eq(get(), -ESTALE);
	pause = jiffies - start;
	expect(pause > 0 && checks == 1);
	expect_eq(get_in_the_end(), -EBUSY);
	expect(jiffies - start > msecs_to_jiffies(STALL_MS));
	expect(jiffies - start <= msecs_to_jiffies(STALL_MS) + 2 * pause);
	expect_eq(stat(PP_STAT_stalls), 1);
	/* The last time it is asked for more. */
	expect(asked > 2 && asked_last == 1 && asked_want > DIRECT_BATCH);
	expect(!exchanges);
	expect_charged(2);
	end();
}

/* Memory that will be there when a device answers. */
TEST(waits_for_a_device_that_does_not_answer)
{
	unsigned long start = jiffies;
	int err = -ESTALE;

	begin();
	region.limit = 1;
	hold(1);
	store_full = device_late = true;
	access.endless = true;
	while (err == -ESTALE && jiffies - start < 5 * msecs_to_jiffies(STALL_MS))
		err = get();
	expect_eq(err, -ESTALE);
	shim_killed = true;
	expect_eq(get(), -EINTR);
	shim_killed = false;
	expect_eq(stat(PP_STAT_stalls), 1);
	/* Who can let go of its locks does. */
	access.retry = true;
	expect_eq(get(), -EINPROGRESS);
	/* From the answer on it has as long as ever, but no longer. */
	device_late = false;
	start = jiffies;
	expect_eq(get_in_the_end(), -EBUSY);
	expect(jiffies - start >= msecs_to_jiffies(STALL_MS));
	expect(jiffies - start < 2 * msecs_to_jiffies(STALL_MS));
	/* It is no other stall when it comes again. */
	access.deadline = 0;
	access.tried = true;
	expect_eq(get(), -ESTALE);
	expect_eq(stat(PP_STAT_stalls), 1);
	access.tried = access.retry = false;
	/* Nor does a write(2), nor who cannot be killed. */
	device_late = true;
	access.endless = false;
	access.deadline = 0;
	expect_eq(get_in_the_end(), -EBUSY);
	access.brief = true;
	access.deadline = 0;
	expect_eq(get_in_the_end(), -ETIMEDOUT);
	end();
}

TEST(room_ends_the_wait)
{
	begin();
	region.limit = 2;
	hold(2);
	expect_eq(get(), -ESTALE);
	expect(access.deadline);
	evictable = 1;
	expect_eq(get(), -ESTALE);
	expect(!access.deadline);
	hold(1);
	/* Also at the last moment; others may take it, and then it waits anew. */
	expect_eq(get(), -ESTALE);
	jiffies = access.deadline + 1;
	evictable = 1;
	expect_eq(get(), -ESTALE);
	expect(!access.deadline && asked_last == 1);
	region.limit = 1;
	expect_eq(get(), -ESTALE);
	expect(access.deadline);
	expect_eq(stat(PP_STAT_stalls), 3);
	end();
}

TEST(room_needs_no_wait)
{
	unsigned long now = jiffies;

	begin();
	region.limit = 2;
	hold(2);
	evictable = 2;
	expect_eq(get(), -ESTALE);
	expect(!access.deadline && !stat(PP_STAT_stalls));
	expect_eq(jiffies - now, 0);
	checks = 0;
	hold(1);
	/* Who takes a frame may leave too few behind. */
	expect_eq(checks, 1);
	end();
}

TEST(killed_while_it_waits)
{
	begin();
	region.limit = 1;
	hold(1);
	meanwhile = killed;
	expect_eq(get(), -EINTR);
	expect_charged(1);
	end();
}

/* A deadline of 0 would be none. */
TEST(jiffies_begin_anew)
{
	begin();
	region.limit = 1;
	hold(1);
	jiffies = 0 - msecs_to_jiffies(STALL_MS);
	expect_eq(get_in_the_end(), -EBUSY);
	expect_eq(stat(PP_STAT_stalls), 1);
	end();
}

TEST(whose_limit_it_is)
{
	begin();
	pool.knobs.limit = 2;
	hold(2);
	expect_eq(get(), -ESTALE);
	expect(asked == 1 && !asked_only);
	region.limit = 2;
	expect_eq(get(), -ESTALE);
	expect(asked == 2 && asked_only == &region);
	end();
}

/* A full store is not asked at each pause; but before the fault fails it is. */
TEST(dry_regions_are_left_alone)
{
	unsigned long start;

	begin();
	region.limit = 1;
	hold(1);
	expect_eq(get(), -ESTALE);
	expect_eq(get(), -ESTALE);
	expect_eq(asked, 2);
	store_full = true;
	expect_eq(get(), -ESTALE);
	expect_eq(asked, 3);
	start = jiffies;
	while (time_before(jiffies, region.dry_until))
		expect_eq(get(), -ESTALE);
	expect(time_after(jiffies, start) && asked == 3);
	expect_eq(get(), -ESTALE);
	expect(asked == 4 && !asked_last);
	jiffies = access.deadline + 1;
	region.dry_until = jiffies + DRY;
	expect_eq(get(), -EBUSY);
	expect(asked == 5 && asked_last == 1);
	/* Others made room. */
	store_full = false;
	access.deadline = 0;
	expect_eq(get(), -ESTALE);
	expect_eq(asked, 6);
	end();
}

TEST(new_memory_by_exchange)
{
	struct folio *folio;

	begin();
	region.limit = 2;
	hold(2);
	exchangeable = OWN_PAGE;
	expect_eq(get(), -ESTALE);
	expect_eq(exchanges, 0);
	store_full = true;
	folio = held[1];
	hold(1);
	expect(exchanges == 1 && exchange_bytes == -1 && held[1] == folio);
	expect_eq(access.expected, 0);
	expect_charged(2);
	end();
}

static void store_it(void)
{
	homes[access.index] = pp_home_in_slot(SLOT);
}

static void fetched_by_another(void)
{
	homes[access.index] = pp_home_in_frame(PP_FRAME, held[0], 0);
}

TEST(a_stored_page_by_exchange)
{
	begin();
	region.limit = 1;
	hold(1);
	store_full = true;
	store_it();
	expect_eq(get_for(true), -ESTALE);
	expect(exchanges == 1 && exchange_bytes == SLOT_BYTES && !access.expected);
	exchangeable = OWN_PAGE;
	expect_eq(get_for(true), 0);
	expect_eq(access.expected, SLOT_BYTES);
	expect_charged(1);
	end();
}

/* What left the store meanwhile leaves no room there for another. */
TEST(a_page_that_is_stored_no_more)
{
	begin();
	region.limit = 1;
	hold(1);
	store_full = true;
	exchangeable = OWN_PAGE;
	store_it();
	meanwhile = fetched_by_another;
	expect_eq(get_for(true), -ESTALE);
	store_it();
	meanwhile = killed;
	expect_eq(get_for(true), -EINTR);
	expect(!exchanges && !access.expected && !access.deadline);
	expect_charged(1);
	end();
}

/* Only those that have less than their part, and not at each pause, because it unmaps pages. */
TEST(pages_of_others)
{
	begin();
	pool.knobs.limit = 10;
	others_hold(7);
	hold(3);
	store_full = true;
	expect_eq(get(), -ESTALE);
	expect(exchanges == 1 && exchange_others);
	expect_eq(get(), -ESTALE);
	expect(exchanges == 2 && !exchange_others);
	jiffies = access.deadline + 1;
	expect_eq(get(), -EBUSY);
	expect(exchanges == 3 && exchange_others);
	access.deadline = 0;
	region.limit = 3;
	expect_eq(get(), -ESTALE);
	expect(exchanges == 4 && !exchange_others);
	region.limit = 0;
	access.deadline = 0;
	others_hold(-2);
	hold(2);
	expect_eq(get(), -ESTALE);
	expect(exchanges == 5 && !exchange_others);
	others_hold(-5);
	end();
}

/* Its charge comes, its frame does not. */
TEST(a_charge_by_exchange)
{
	begin();
	pool.knobs.limit = 10;
	others_hold(9);
	hold(1);
	store_full = true;
	store_it();
	exchangeable = OTHERS_PAGE;
	shim_task.mm = &strangers_mm;
	expect_eq(get_for(true), 0);
	expect(held[1]->memcg == &owner);
	expect_eq(other.frames.v, 8);
	expect_charged(2);
	/* The page of the other region went to the store for nothing. */
	shim_fail(1, true);
	expect_eq(get_for(true), -ENOMEM);
	shim_fail(0, false);
	expect_eq(access.expected, 2 * SLOT_BYTES);
	expect_eq(other.frames.v, 7);
	expect_charged(2);
	others_hold(-7);
	end();
}

TEST(a_charge_over_the_limit)
{
	begin();
	pool.knobs.limit = 10;
	region.limit = 5;
	others_hold(8);
	hold(2);
	store_full = true;
	store_it();
	exchangeable = OTHERS_PAGE;
	rivals = 3;
	expect_eq(get_for(true), -ESTALE);
	expect_charged(2 + rivals);
	expect(access.deadline && access.expected == SLOT_BYTES);
	atomic_long_sub(rivals, &region.frames);
	atomic_long_sub(rivals, &pool.frames);
	/* Just under it. */
	rivals = 2;
	others_hold(1);
	expect_eq(get_for(true), 0);
	atomic_long_sub(rivals, &region.frames);
	atomic_long_sub(rivals, &pool.frames);
	others_hold(-7);
	end();
}
