// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages on a device: read without the block's lock, and whatever becomes of the page meanwhile, who
 * touches it gets what it is then; nothing is held on to.
 */
#include "access_bench.h"

static void to_device(unsigned int slot, u64 word)
{
	to_slot(slot, 100, word);
	slots[slot].far = true;
}

TEST(read_from_a_device)
{
	begin();
	to_device(1, WORD);
	expect_eq(touch(false), 0);
	expect(is_full_of(page, WORD));
	expect(access.fetched && reads == 1 && gets == 1);
	expect_eq(home_of(I), pp_home_in_frame(PP_FRAME, page_folio(page), PP_HOME_COPY));
	done();
	expect(!repaid && !owes);
	expect_eq(stat(PP_STAT_restores), 1);
	end();
}

/* What is on a device takes no memory: also a page that does not compress is kept there. */
TEST(a_copy_on_a_device)
{
	begin();
	to_device(1, WORD);
	slots[1].bytes = PAGE_SIZE;
	expect_eq(touch(false), 0);
	expect(homes[I] & PP_HOME_COPY);
	done();
	end();
	begin();
	to_device(1, WORD);
	expect_eq(touch(true), 0);
	expect(!(homes[I] & PP_HOME_COPY) && slots[1].bytes == -1);
	done();
	end();
}

static void punched(void)
{
	move(PP_HOLE);
	/* Its slot stays for who reads it. */
	pp_store_drop(NULL, 1);
	slots[1].held = 1;
}

TEST(punched_meanwhile)
{
	begin();
	to_device(1, WORD);
	while_reading = punched;
	expect_eq(touch(true), 0);
	expect(is_full_of(page, 0));
	/* Whoever held it last has it freed. */
	slots[1].bytes = -1;
	done();
	end();
}

/* The page was touched, written and evicted again. */
static void other_slot(void)
{
	to_slot(2, 100, ~WORD);
	move(pp_home_in_slot(2));
}

TEST(evicted_anew_meanwhile)
{
	begin();
	to_device(1, WORD);
	while_reading = other_slot;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, ~WORD));
	slots[1].bytes = -1;
	done();
	end();
}

static void other_device_slot(void)
{
	other_slot();
	slots[2].far = true;
}

TEST(and_to_the_device_again)
{
	begin();
	to_device(1, WORD);
	while_reading = other_device_slot;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, ~WORD) && reads == 2);
	slots[1].bytes = -1;
	done();
	end();
}

static void somebody_faster(void)
{
	struct folio *folio = to_frame(PP_FRAME, 0);

	memset64(folio->memory, 99, PAGE_SIZE / 8);
}

TEST(somebody_was_faster)
{
	begin();
	to_device(1, WORD);
	while_reading = somebody_faster;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, 99) && kept == 1);
	slots[1].bytes = -1;
	done();
	end();
}

TEST(an_error_is_this_pages)
{
	begin();
	to_device(1, WORD);
	read_error = -EIO;
	expect_eq(touch(false), -EIO);
	expect_eq(home_of(I), pp_home_in_slot(1));
	/* It may be there another time. */
	read_error = 0;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, WORD));
	done();
	end();
}

static void in_memory_again(void)
{
	slots[1].far = false;
}

/* The device is emptied, and what failed for one did not for the other. */
TEST(an_error_of_what_is_in_memory_by_now)
{
	begin();
	to_device(1, WORD);
	read_error = -EIO;
	while_reading = in_memory_again;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, WORD) && reads == 1);
	done();
	end();
}

TEST(an_error_of_bytes_that_nobody_needs)
{
	begin();
	to_device(1, WORD);
	read_error = -EIO;
	while_reading = other_slot;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, ~WORD));
	slots[1].bytes = -1;
	done();
	end();
}

TEST(other_errors_end_it)
{
	static const int errors[] = { -EINTR, -ENOMEM };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		begin();
		to_device(1, WORD);
		read_error = errors[i];
		expect_eq(touch(false), errors[i]);
		expect_eq(home_of(I), pp_home_in_slot(1));
		expect_eq(reads, 1);
		end();
	}
}

static void frame_goes_bad(void)
{
	got->hwpoison = true;
}

/* Another frame has not what was read into this one. */
TEST(a_frame_that_goes_bad)
{
	begin();
	to_device(1, WORD);
	while_reading = frame_goes_bad;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, WORD) && reads == 2 && gets == 2);
	done();
	end();
}

TEST(nobody_waits_who_must_not)
{
	begin();
	to_device(1, WORD);
	access.nowait = true;
	expect_eq(touch(false), -EAGAIN);
	expect(!reads && !gets);
	expect_eq(home_of(I), pp_home_in_slot(1));
	end();
}

TEST(read_after_locks_were_let_go)
{
	begin();
	to_device(1, WORD);
	access.retry = true;
	expect_eq(touch(false), -EINPROGRESS);
	expect(!reads && !gets && slots[1].held == 1);
	pp_access_warm(&access);
	expect(reads == 1 && warmed == 1 && !slots[1].held);
	/* As often as it is not. */
	expect_eq(touch(false), -EINPROGRESS);
	pp_access_warm(&access);
	at_hand = true;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, WORD) && reads == 3 && warmed == 2);
	done();
	end();
}

/* A device that does not answer for long, and who cannot be killed. */
/* Without a slot it was a frame that there was none of. */
TEST(a_moment_without_locks)
{
	unsigned long now = jiffies;

	begin();
	pp_access_warm(&access);
	now = jiffies - now;
	expect(now && now < HZ && !reads);
	end();
}

TEST(who_is_brief)
{
	begin();
	to_device(1, WORD);
	device_takes = 3600 * HZ;
	access.retry = access.brief = true;
	expect_eq(touch(false), -EINPROGRESS);
	pp_access_warm(&access);
	expect(!reads && !slots[1].held);
	access.retry = false;
	expect_eq(touch(false), -ETIMEDOUT);
	expect(!gets);
	expect_eq(home_of(I), pp_home_in_slot(1));
	/* Half a second is not long. */
	device_takes = HZ / 2;
	access.retry = true;
	expect_eq(touch(false), -EINPROGRESS);
	pp_access_warm(&access);
	expect(reads == 1 && warmed == 1);
	at_hand = true;
	access.retry = false;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, WORD) && reads == 2);
	/* All others wait. */
	done();
	end();
	begin();
	to_device(1, WORD);
	device_takes = 3600 * HZ;
	expect_eq(touch(false), 0);
	done();
	end();
}

TEST(an_error_known_before)
{
	begin();
	to_device(1, WORD);
	access.retry = at_hand = true;
	read_error = -EIO;
	expect_eq(touch(false), -EIO);
	expect(reads == 1 && !warmed && !slots[1].held);
	end();
}

TEST(without_memory_for_a_reference)
{
	begin();
	to_device(1, WORD);
	/* The first one is that of a frame. */
	shim_fail(2, false);
	expect_eq(touch(true), -ENOMEM);
	expect(shim_failed());
	shim_fail(0, false);
	expect_eq(home_of(I), pp_home_in_slot(1));
	end();
}

TEST(peek)
{
	struct page *bounce = alloc_page(0), *out;

	begin();
	to_device(1, WORD);
	expect_eq(pp_access_peek(&region, INDEX, bounce, &out), 0);
	expect(out == bounce && is_full_of(out, WORD) && reads == 1);
	folio_put(page_folio(out));
	expect_eq(home_of(I), pp_home_in_slot(1));
	read_error = -EIO;
	expect_eq(pp_access_peek(&region, INDEX, bounce, &out), -EIO);
	end();
	__free_page(bounce);
}
