// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access: a page's bytes are the right ones however it is reached, and whatever fails changes
 * nothing and keeps nothing.
 */
#include "access_bench.h"

TEST(a_hole_is_read)
{
	begin();
	expect_eq(touch(false), 0);
	expect(page_folio(page) == region.zero && region.zero->refs == 2);
	expect_eq(homes[I], PP_HOLE | PP_HOME_ZERO_MAPPED);
	done();
	expect_eq(touch(false), 0);
	done();
	expect_eq(block.nr[PP_HOLE], PP_BLOCK_PAGES);
	expect(!gets && !unmaps && !region.frames.v);
	expect_eq(stat(PP_STAT_hole_reads), 2);
	end();
}

TEST(a_hole_is_written)
{
	begin();
	expect_eq(touch(true), 0);
	/* Whatever the frame held before. */
	expect(is_full_of(page, 0));
	expect(pp_home_page(homes[I]) == page && page != (void *)region.zero);
	expect_eq(pp_home_state(homes[I]), PP_FRAME);
	expect(!unmaps && !owes && !repaid && !access.fetched);
	done();
	/* It stays there. */
	*(u64 *)page_address(page) = 77;
	expect_eq(touch(false), 0);
	expect_eq(*(u64 *)page_address(page), 77);
	done();
	expect_eq(gets, 1);
	expect_eq(stat(PP_STAT_hole_writes), 1);
	end();
}

TEST(a_hole_is_read_and_then_written)
{
	begin();
	expect_eq(touch(false), 0);
	done();
	expect_eq(touch(true), 0);
	expect_eq(unmaps, 1);
	expect(is_full_of(page, 0) && is_full_of(folio_page(region.zero, 0), 0));
	expect(page != folio_page(region.zero, 0));
	expect(!(homes[I] & PP_HOME_ZERO_MAPPED));
	done();
	end();
}

TEST(returned_locked)
{
	begin();
	access.lock = true;
	expect_eq(touch(false), 0);
	done();
	expect_eq(touch(true), 0);
	done();
	expect_eq(touch(false), 0);
	done();
	forget();
	to_slot(1, 100, WORD);
	expect_eq(touch(true), 0);
	done();
	end();
}

/* By now the page must be the caller's, or it is evicted, or punched and mapped all the same. */
static int refs_wanted;

static void look(void)
{
	struct folio *folio = pp_home_has_frame(homes[I]) ? pp_home_folio(homes[I]) : region.zero;

	expect(folio->locked);
	expect_eq(folio->refs, refs_wanted);
}

TEST(nobody_comes_in_between)
{
	begin();
	access.lock = true;
	refs_wanted = 2;
	shim_unlocked = look;
	expect_eq(touch(false), 0);
	done();
	expect_eq(touch(true), 0);
	done();
	refs_wanted = 1;
	expect_eq(notify(page_folio(page)), 0);
	shim_unlocked = NULL;
	folio_unlock(page_folio(page));
	end();
}

TEST(a_stored_page_is_read)
{
	struct folio *folio;

	begin();
	to_slot(1, 100, WORD);
	to_slot(2, 100, ~WORD);
	kept_near = 0;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, WORD));
	expect_eq(kept_near, 1);
	folio = page_folio(page);
	expect(folio->valid && access.fetched);
	expect_eq(home_of(I), pp_home_in_frame(PP_FRAME, folio, PP_HOME_COPY));
	expect(folio->private == (void *)1UL && slots[1].bytes == 100);
	done();
	expect(!repaid && !owes && block.copies == 1);
	expect_eq(touch(false), 0);
	expect(page_folio(page) == folio && !access.fetched);
	done();
	expect(gets == 1 && stat(PP_STAT_restores) == 1);
	slots[2].bytes = -1;
	end();
}

TEST(a_stored_page_is_written)
{
	begin();
	to_slot(1, 100, WORD);
	expect_eq(touch(true), 0);
	expect(is_full_of(page, WORD) && access.fetched);
	expect_eq(home_of(I), pp_home_in_frame(PP_FRAME, page_folio(page), 0));
	expect(!page_folio(page)->private && !slots_used());
	done();
	expect(repaid == 100 && !owes);
	end();
}

/* Not when it is no smaller than the page, nor when others could use its room. */
TEST(copies_that_are_not_kept)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		begin();
		to_slot(1, i == 0 ? PAGE_SIZE : PAGE_SIZE - 1, WORD);
		pool.knobs.keep_copies = i != 1;
		store_full = i == 2;
		exchanged = i == 3;
		expect_eq(touch(false), 0);
		expect(is_full_of(page, WORD));
		expect_eq(slots_used(), i == 4);
		done();
		end();
	}
}

static void fetched_by_another(void)
{
	slots[pp_home_slot(homes[I])].bytes = -1;
	to_frame(PP_FRAME, 0);
}

/* Another page went to the store for this one: this one leaves it, or not. */
TEST(what_was_expected_to_leave_the_store)
{
	begin();
	exchanged = true;
	to_slot(1, 100, WORD);
	expect_eq(touch(false), 0);
	expect(owes == 1 && owed == 0);
	done();
	forget();
	to_slot(1, 100, WORD);
	meanwhile = fetched_by_another;
	expect_eq(touch(false), 0);
	expect(owes == 2 && owed == 100);
	done();
	forget();
	to_slot(1, 30, WORD);
	slots[1].damaged = true;
	expect_eq(touch(false), -EIO);
	expect(owes == 3 && owed == 130 && !repaid);
	end();
}

TEST(what_a_write_ends)
{
	static const u64 flags[] = { PP_HOME_COPY, PP_HOME_TOUGH, PP_HOME_COPY | PP_HOME_TOUGH };
	enum pp_state state;
	unsigned int i;

	for (state = PP_FRAME; state <= PP_STANDBY; state++) {
		for (i = 0; i < ARRAY_SIZE(flags); i++) {
			struct folio *folio;

			begin();
			folio = to_frame(state, flags[i]);
			expect_eq(touch(false), 0);
			expect_eq(home_of(I), pp_home_in_frame(PP_FRAME, folio, flags[i]));
			expect_eq(slots_used(), !!(flags[i] & PP_HOME_COPY));
			done();
			expect_eq(touch(true), 0);
			expect(page_folio(page) == folio && is_full_of(page, WORD));
			expect_eq(home_of(I), pp_home_in_frame(PP_FRAME, folio, 0));
			expect(!slots_used() && !folio->private && !block.copies);
			done();
			expect_eq(stat(PP_STAT_copies_dropped), !!(flags[i] & PP_HOME_COPY));
			end();
		}
	}
}

TEST(rescued)
{
	begin();
	to_frame(PP_STANDBY, 0);
	expect_eq(touch(true), 0);
	expect(is_full_of(page, WORD) && !gets);
	expect_eq(pp_home_state(homes[I]), PP_FRAME);
	done();
	expect_eq(touch(false), 0);
	done();
	expect(block.rescued == 1 && stat(PP_STAT_rescues) == 1);
	end();
}

/* A huge entry of a page table is all that will be seen of the touch. */
TEST(a_huge_frame_is_rescued)
{
	begin();
	offered = huge_frame();
	expect_eq(touch(true), 0);
	expect(page == folio_page(block.huge, I) && !gets);
	done();
	mutex_lock(&block.lock);
	pp_home_move_all(&block, PP_STANDBY, PP_WHY_AGE);
	mutex_unlock(&block.lock);
	block.aged = PP_BLOCK_PAGES;
	expect_eq(touch(false), 0);
	expect(page == folio_page(block.huge, I));
	done();
	expect_eq(block.nr[PP_FRAME], PP_BLOCK_PAGES);
	expect_eq(block.rescued, PP_BLOCK_PAGES);
	/* Its zeros may be counted again. */
	expect(marked[PP_BLOCK_UNCOUNTED]);
	end();
}

TEST(a_huge_frame_comes_too_late)
{
	struct folio *other;

	begin();
	offered = huge_frame();
	meanwhile = written_by_another;
	expect_eq(touch(true), 0);
	expect(is_full_of(page, WORD) && !block.huge && region.frames.v == 1);
	done();
	forget();
	/* Another page of the block is there, this one still needs a frame. */
	other = folio_alloc(0, 0);
	pp_frame_adopt(&region, other, BASE + 9);
	mutex_lock(&block.lock);
	pp_home_move(&block, 9, pp_home_in_frame(PP_FRAME, other, 0), PP_WHY_FAULT);
	mutex_unlock(&block.lock);
	atomic_long_inc(&region.frames);
	offered = huge_frame();
	expect_eq(touch(true), 0);
	expect(is_full_of(page, 0) && gets == 1 && region.frames.v == 2);
	done();
	forget();
	offered = huge_frame();
	meanwhile = killed;
	expect_eq(touch(true), -EINTR);
	expect_eq(region.frames.v, 1);
	end();
}

TEST(beyond_the_end)
{
	begin();
	has_block = false;
	inode.i_size = (loff_t)INDEX << PAGE_SHIFT;
	expect_eq(touch(false), -EFAULT);
	expect_eq(touch(true), -EFAULT);
	/* What lies there costs nothing. */
	expect(!has_block && !region.zero && !gets);
	inode.i_size += PAGE_SIZE;
	expect_eq(touch(true), 0);
	done();
	end();
}

TEST(cut_meanwhile)
{
	begin();
	while_waiting = cut;
	expect_eq(touch(true), -EFAULT);
	expect(homes[I] == PP_HOLE && kept == 1 && !region.frames.v);
	end();
	begin();
	stale = 1;
	while_waiting = cut;
	expect_eq(touch(true), -EFAULT);
	expect_eq(gets, 1);
	end();
	begin();
	meanwhile = cut;
	expect_eq(touch(false), -EFAULT);
	expect_eq(homes[I], PP_HOLE);
	end();
}

TEST(damaged_in_the_store)
{
	unsigned int write;

	begin();
	to_slot(1, 100, WORD);
	slots[1].damaged = true;
	for (write = 0; write < 2; write++) {
		expect_eq(touch(write), -EIO);
		expect_eq(home_of(I), pp_home_in_slot(1));
		expect(slots[1].bytes == 100 && !region.frames.v && !repaid);
		expect(!access.fetched);
	}
	expect_eq(kept, 2);
	slots[1].damaged = false;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, WORD));
	done();
	end();
}

TEST(in_a_frame_that_is_bad)
{
	enum pp_state state;
	unsigned int write;

	for (state = PP_FRAME; state <= PP_STANDBY; state++) {
		for (write = 0; write < 2; write++) {
			struct folio *folio;

			begin();
			folio = to_frame(state, PP_HOME_COPY);
			folio->hwpoison = true;
			expect_eq(touch(write), -EHWPOISON);
			expect_eq(notify(folio), -EHWPOISON);
			expect_eq(home_of(I), pp_home_in_frame(state, folio, PP_HOME_COPY));
			end();
		}
	}
	begin();
	offered = huge_frame();
	expect_eq(touch(true), 0);
	done();
	page->hwpoison = true;
	expect_eq(touch(false), -EHWPOISON);
	end();
}

TEST(frames_that_go_bad_before_they_are_used)
{
	begin();
	bad_frame = true;
	expect_eq(touch(true), 0);
	expect(gets == 2 && !PageHWPoison(page));
	done();
	forget();
	expect_eq(touch(false), 0);
	done();
	region.zero->hwpoison = true;
	expect_eq(touch(false), -EHWPOISON);
	end();
}

/* Whoever maps a page billions of times over gets no further. */
TEST(too_many_references)
{
	begin();
	expect(pp_zero_frame(&region));
	region.zero->refs = INT_MAX / 2 + 1;
	expect_eq(touch(false), -EFAULT);
	expect_eq(region.zero->refs, INT_MAX / 2 + 1);
	region.zero->refs = 1;
	offered = huge_frame();
	expect_eq(touch(true), 0);
	done();
	block.huge->refs = INT_MAX / 2 + 1;
	expect_eq(touch(false), -EFAULT);
	expect_eq(block.huge->refs, INT_MAX / 2 + 1);
	block.huge->refs = 1;
	end();
}

/* Return: whether there was memory; when not, nothing has changed. */
static bool attempt(bool write)
{
	pp_home_t home = homes[I];
	int err = touch(write);

	if (!err) {
		done();
	} else {
		expect_eq(err, -ENOMEM);
		expect_eq(homes[I], home);
		expect_eq(region.frames.v, 0);
	}
	return !err;
}

static bool attempt_hole(void)
{
	bool read, written;

	has_block = false;
	read = attempt(false);
	written = attempt(true);
	forget();
	return read && written;
}

static bool attempt_stored(void)
{
	bool read;

	to_slot(1, 100, WORD);
	read = attempt(false);
	forget();
	return read;
}

TEST(no_memory)
{
	begin();
	sweep(attempt_hole);
	sweep(attempt_stored);
	end();
}

TEST(killed_while_it_waits_for_the_lock)
{
	unsigned int write;

	for (write = 0; write < 2; write++) {
		begin();
		to_slot(1, 100, WORD);
		meanwhile = killed;
		expect_eq(touch(write), -EINTR);
		expect_eq(home_of(I), pp_home_in_slot(1));
		/* The frame is as good as before. */
		expect(kept == 1 && !region.frames.v);
		end();
	}
}

static void evicted(void)
{
	punch();
	to_slot(1, 100, WORD);
}

TEST(the_page_moves_meanwhile)
{
	begin();
	to_frame(PP_FRAME, 0);
	meanwhile = evicted;
	expect_eq(touch(true), 0);
	expect(is_full_of(page, WORD) && gets == 1);
	done();
	forget();
	to_slot(1, 100, 0);
	meanwhile = fetched_by_another;
	expect_eq(touch(false), 0);
	/* The other's bytes, which may have been written to since, not the store's. */
	expect(is_full_of(page, WORD) && kept == 1 && region.frames.v == 1);
	done();
	forget();
	to_slot(1, 100, WORD);
	while_waiting = punch;
	expect_eq(touch(false), 0);
	expect(is_full_of(page, 0) && kept == 2 && !region.frames.v);
	done();
	end();
}

TEST(frames_that_are_waited_for)
{
	begin();
	stale = 3;
	expect_eq(touch(true), 0);
	expect_eq(gets, 4);
	done();
	forget();
	/* Nobody waits for what has come. */
	stale = 1;
	while_waiting = written_by_another;
	expect_eq(touch(true), 0);
	expect(is_full_of(page, WORD) && gets == 5);
	done();
	forget();
	get_error = -EBUSY;
	expect_eq(touch(true), -EBUSY);
	get_error = -EAGAIN;
	expect_eq(touch(true), -EAGAIN);
	expect_eq(homes[I], PP_HOLE);
	end();
}

TEST(notified_of_a_write)
{
	struct folio *folio;

	begin();
	folio = to_frame(PP_FRAME, PP_HOME_COPY | PP_HOME_TOUGH);
	expect_eq(notify(folio), 0);
	expect(folio->locked && folio->refs == 1 && !folio->private);
	folio_unlock(folio);
	expect_eq(home_of(I), pp_home_in_frame(PP_FRAME, folio, 0));
	expect(!slots_used() && !gets && stat(PP_STAT_notifies) == 1);
	inode.i_size = (loff_t)INDEX << PAGE_SHIFT;
	expect_eq(notify(folio), -EFAULT);
	shim_killed = true;
	expect_eq(notify(folio), -EINTR);
	expect(!folio->locked);
	end();
}

/* The page that was mapped is not the home's any more: the fault begins anew. */
TEST(notified_of_another_page)
{
	struct folio *old = folio_alloc(0, 0), *folio;

	begin();
	expect_eq(notify(old), -EAGAIN);
	expect_eq(homes[I], PP_HOLE);
	to_slot(1, 100, WORD);
	expect_eq(notify(old), -EAGAIN);
	expect_eq(home_of(I), pp_home_in_slot(1));
	forget();
	folio = to_frame(PP_FRAME, PP_HOME_COPY);
	expect_eq(notify(old), -EAGAIN);
	expect_eq(home_of(I), pp_home_in_frame(PP_FRAME, folio, PP_HOME_COPY));
	forget();
	folio = to_frame(PP_STANDBY, PP_HOME_COPY);
	expect_eq(notify(folio), -EAGAIN);
	expect_eq(home_of(I), pp_home_in_frame(PP_STANDBY, folio, PP_HOME_COPY));
	expect(!folio->locked && !gets);
	forget();
	has_block = false;
	expect_eq(notify(old), -EAGAIN);
	expect(!old->locked && !has_block);
	folio_put(old);
	end();
}

TEST(notified_of_a_write_to_zeros)
{
	begin();
	read_it();
	expect_eq(notify(region.zero), -EAGAIN);
	expect_eq(pp_home_state(homes[I]), PP_FRAME);
	expect(unmaps == 1 && is_full_of(pp_home_page(homes[I]), 0));
	expect(!region.zero->locked && !pp_home_folio(homes[I])->locked);
	expect(pp_home_folio(homes[I]) != region.zero);
	forget();
	read_it();
	stale = 2;
	expect_eq(notify(region.zero), -EAGAIN);
	expect_eq(pp_home_state(homes[I]), PP_FRAME);
	expect_eq(gets, 4);
	end();
}

TEST(zeros_that_another_writes_to)
{
	begin();
	read_it();
	while_waiting = written_by_another;
	expect_eq(notify(region.zero), -EAGAIN);
	expect(is_full_of(pp_home_page(homes[I]), WORD) && kept == 1 && region.frames.v == 1);
	forget();
	read_it();
	stale = 5;
	while_waiting = written_by_another;
	expect_eq(notify(region.zero), -EAGAIN);
	expect(gets == 2 && is_full_of(pp_home_page(homes[I]), WORD));
	end();
}

TEST(zeros_that_cannot_be_written_to)
{
	begin();
	read_it();
	get_error = -EBUSY;
	expect_eq(notify(region.zero), -EBUSY);
	get_error = 0;
	shim_fail(1, true);
	expect_eq(notify(region.zero), -ENOMEM);
	shim_fail(0, false);
	meanwhile = killed;
	expect_eq(notify(region.zero), -EINTR);
	shim_killed = false;
	stale = 5;
	while_waiting = cut;
	expect_eq(notify(region.zero), -EFAULT);
	expect_eq(gets, 4);
	stale = 0;
	expect_eq(notify(region.zero), -EFAULT);
	expect(homes[I] == (PP_HOLE | PP_HOME_ZERO_MAPPED) && !unmaps && !region.frames.v);
	end();
}

/* Return: what pp_access_peek() said, which changes nothing. */
static int peek(struct page *bounce, struct page **out)
{
	pp_home_t home = homes[I];
	int refs = bounce->refs, err = pp_access_peek(&region, INDEX, bounce, out);

	expect_eq(homes[I], home);
	expect(!gets && !block.rescued && !block.lock.held);
	if (*out && !err)
		folio_put(page_folio(*out));
	expect_eq(bounce->refs, refs);
	return err;
}

TEST(peeked_at)
{
	struct page *bounce = alloc_page(0), *out;
	enum pp_state state;

	begin();
	has_block = false;
	expect(!peek(bounce, &out) && !out && !has_block);
	has_block = true;
	expect(!peek(bounce, &out) && !out);
	for (state = PP_FRAME; state <= PP_STANDBY; state++) {
		to_frame(state, PP_HOME_COPY);
		expect(!peek(bounce, &out) && out == pp_home_page(homes[I]));
		expect_eq(slots_used(), 1);
		out->hwpoison = true;
		expect_eq(peek(bounce, &out), -EIO);
		expect_eq(pp_home_folio(homes[I])->refs, 1);
		forget();
	}
	to_slot(1, 100, WORD);
	expect(!peek(bounce, &out) && out == bounce && is_full_of(bounce, WORD));
	expect(slots[1].bytes == 100);
	slots[1].damaged = true;
	expect_eq(peek(bounce, &out), -EIO);
	shim_killed = true;
	expect_eq(peek(bounce, &out), -EINTR);
	__free_page(bounce);
	end();
}

TEST(holes)
{
	begin();
	has_block = false;
	expect(pp_access_is_hole(&region, INDEX));
	has_block = true;
	read_it();
	expect(pp_access_is_hole(&region, INDEX));
	to_frame(PP_STANDBY, 0);
	expect(!pp_access_is_hole(&region, INDEX));
	forget();
	to_slot(1, 100, WORD);
	expect(!pp_access_is_hole(&region, INDEX));
	end();
}
