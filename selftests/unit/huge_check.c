// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge frames: which one is taken, what a punch leaves of it, and how small frames become one: all
 * of a block's pages go there, or none.
 */
#include "huge_bench.h"

TEST(punched_in_part)
{
	begin(512);
	mutex_lock(&block.lock);
	pp_huge_punch(&block, 10, 20);
	expect(!later && block.punched == 10);
	pp_huge_punch(&block, 100, 110);
	mutex_unlock(&block.lock);
	expect(later == 1 && marks[PP_BLOCK_SHATTER] == 1);
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), 20);
	expect_eq(block.nr[PP_HOLE], 20);
	expect_eq(block.nr[PP_STANDBY], 492);
	end();
}

TEST(punched_whole)
{
	begin(512);
	block.huge->refs = 1;
	mutex_lock(&block.lock);
	pp_huge_punch(&block, 0, PP_BLOCK_PAGES);
	mutex_unlock(&block.lock);
	expect(!block.huge && !region.frames.v);
	expect_eq(block.nr[PP_HOLE], PP_BLOCK_PAGES);
	end();
}

/* It stays the region's, as zeros, until it is let go; not when the region or the file ends. */
TEST(punched_whole_and_held)
{
	struct folio *huge;
	unsigned int what;

	begin(512);
	touched_again = true;
	block.huge->refs = 3;
	mutex_lock(&block.lock);
	pp_huge_punch(&block, 0, PP_BLOCK_PAGES);
	mutex_unlock(&block.lock);
	expect_whole(PP_FRAME);
	expect_eq(*(u64 *)page_address(folio_page(block.huge, 511)), 0);
	expect(later == 1 && marks[PP_BLOCK_SHATTER] == 1 && block.punched == PP_BLOCK_PAGES);
	touched_again = false;
	expect_eq(pp_huge_shatter(&block, 0), 512);
	expect_eq(frames_left, PP_BLOCK_PAGES);
	end();
	for (what = 0; what < 3; what++) {
		begin(512);
		huge = block.huge;
		touched_again = true;
		huge->refs = 3;
		if (what == 0)
			inode.i_size = 0;
		else if (what == 1)
			region.ending = true;
		else
			folio_page(huge, 77)->hwpoison = true;
		mutex_lock(&block.lock);
		lost = true;
		pp_huge_punch(&block, 0, PP_BLOCK_PAGES);
		lost = false;
		mutex_unlock(&block.lock);
		expect(!block.huge && !huge->mapping && !later);
		expect_eq(block.nr[PP_HOLE], PP_BLOCK_PAGES);
		folio_page(huge, 77)->hwpoison = false;
		__free_page(folio_page(huge, 0));
		end();
	}
}

/* Behind the end of the file a fault may have mapped it that did not see the end. */
TEST(punched_behind_the_end)
{
	begin(512);
	inode.i_size = (512 + 100) << PAGE_SHIFT;
	mutex_lock(&block.lock);
	written_before = true;
	pp_huge_punch(&block, 508, 512);
	written_before = false;
	mutex_unlock(&block.lock);
	expect_eq(block.huge->refs, 1);
	expect_eq(*(u64 *)page_address(folio_page(block.huge, 510)), 0);
	expect(later == 1 && marks[PP_BLOCK_SHATTER] == 1);
	end();
}

TEST(a_bad_one_is_not_taken)
{
	struct vm_area_struct vma = {};
	struct pp_access access = {
		.region = &region, .vma = &vma, .write = true, .no_table = true,
	};

	begin(1);
	offered = block.huge;
	block.nr[PP_HOLE] = PP_BLOCK_PAGES;
	pool.knobs.huge = PP_HUGE_FIRST_TOUCH;
	region.huge_mode = PP_HUGE_POOL;
	fits = true;
	expected = 0;
	expect(pp_huge_get(&access, &block) == offered);
	expect(!stat(PP_STAT_huge_no_memory) && expected == 1);
	vma.vm_flags = VM_LOCKED;
	expect(!pp_huge_get(&access, &block));
	vma.vm_flags = VM_NOHUGEPAGE;
	expect(!pp_huge_get(&access, &block));
	vma.vm_flags = 0;
	shim_thp_disabled = true;
	expect(!pp_huge_get(&access, &block));
	shim_thp_disabled = false;
	expect_eq(stat(PP_STAT_huge_misfit), 3);
	folio_page(offered, 382)->hwpoison = true;
	lost = true;
	expect(!pp_huge_get(&access, &block));
	lost = false;
	expect_eq(stat(PP_STAT_huge_no_memory), 1);
	/* One reference stays for good. */
	expect_eq(offered->refs, 3);
	block.nr[PP_HOLE] = 0;
	offered = NULL;
	end();
}

TEST(not_over_the_end)
{
	struct folio *huge;

	begin(1);
	huge = block.huge;
	block.huge = NULL;
	block.nr[PP_FRAME] = 0;
	block.nr[PP_HOLE] = PP_BLOCK_PAGES;
	inode.i_size = (3 << 20) + PAGE_SIZE;
	mutex_lock(&block.lock);
	expect(!pp_huge_install(&block, huge));
	mutex_unlock(&block.lock);
	block.huge = huge;
	end();
}

/*
 * A block in small frames, every other one in use, that was so for a second: page i begins with the
 * word i + 1. Of pages 0 to 49 the store keeps copies, pages 50 to 89 are in the store, pages 90 to
 * 99 are holes.
 */
static void begin_small(void)
{
	unsigned int i;

	begin(512);
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), 0);
	mutex_lock(&block.lock);
	for (i = 0; i < PP_BLOCK_PAGES; i++) {
		struct folio *folio = pp_home_folio(homes[i]);
		enum pp_state state = i % 2 ? PP_FRAME : PP_STANDBY;

		if (i < 50) {
			stored[i + 1] = i + 1;
			folio->private = (void *)(unsigned long)(i + 1);
		} else if (i < 100) {
			stored[i + 1] = i < 90 ? i + 1 : 0;
			pp_home_move(&block, i, i < 90 ? pp_home_in_slot(i + 1) : PP_HOLE,
				     PP_WHY_EVICT);
			__free_page(folio_page(folio, 0));
			atomic_long_dec(&region.frames);
			continue;
		}
		pp_home_move(&block, i,
			     pp_home_in_frame(state, folio, i < 50 ? PP_HOME_COPY : PP_HOME_TOUGH),
			     PP_WHY_FAULT);
	}
	mutex_unlock(&block.lock);
	jiffies += HZ;
	pool.knobs.huge = PP_HUGE_ALWAYS_TRY;
	region.huge_mode = PP_HUGE_POOL;
	fetch_result = 0;
	repaid = 0;
}

static bool install_another(struct folio *huge)
{
	bool done;

	atomic_long_add(PP_BLOCK_PAGES, &region.frames);
	mutex_lock(&block.lock);
	done = pp_huge_install(&block, huge);
	mutex_unlock(&block.lock);
	return done;
}

TEST(regrouped)
{
	unsigned int i;

	begin_small();
	block.aged = block.rescued = 9;
	block.heat = block.skip = 2;
	expect(install_another(folio_alloc(__GFP_ZERO, PP_BLOCK_SHIFT)));
	expect_whole(PP_FRAME);
	expect(!block.aged && !block.rescued && !block.heat && !block.skip);
	expect(block.huge->mapping == inode.i_mapping && block.huge->index == block.base);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		expect_eq(*(u64 *)page_address(pp_home_page(homes[i])),
			  i < 90 || i >= 100 ? i + 1 : 0);
	expect_eq(block.copies, 0);
	/* Of pages that were stored, and of copies. */
	expect_eq(repaid, 400 + 500);
	expect_eq(stat(PP_STAT_regroups), 1);
	expect_eq(stat(PP_STAT_restores), 40);
	expect_eq(stat(PP_STAT_copies_dropped), 50);
	end();
}

static void expect_small(struct folio *huge)
{
	unsigned int i;

	expect(!block.huge && !stat(PP_STAT_regroups));
	expect_eq(block.nr[PP_FRAME] + block.nr[PP_STANDBY], PP_BLOCK_PAGES - 50);
	expect_eq(block.nr[PP_STORED], 40);
	expect_eq(block.copies, 50);
	expect_eq(repaid, 0);
	for (i = 0; i < PP_BLOCK_PAGES; i++) {
		if (!pp_home_has_frame(homes[i]))
			continue;
		expect(!pp_home_folio(homes[i])->frozen);
		expect_eq(*(u64 *)page_address(pp_home_page(homes[i])), i + 1);
	}
	folio_put(huge);
}

/* A pin, a fault that has it locked, mlock(2), damage, another node: nothing moves. */
TEST(one_page_keeps_all_from_being_regrouped)
{
	unsigned int what;

	for (what = 0; what < 5; what++) {
		struct folio *huge, *last;

		begin_small();
		huge = folio_alloc(__GFP_ZERO, PP_BLOCK_SHIFT);
		last = pp_home_folio(homes[PP_BLOCK_PAGES - 1]);
		last->refs = what == 0 ? 2 : 1;
		last->locked = what == 1;
		last->mlocked = what == 2;
		last->hwpoison = what == 3;
		last->nid = what == 4;
		expect(!install_another(huge));
		expect_eq(last->locked, what == 1);
		expect_eq(last->mlocked, what == 2);
		/* Nor is it tried again at once. */
		expect(!pp_huge_settled(&block));
		expect_small(huge);
		end();
	}
}

TEST(a_page_that_cannot_be_fetched)
{
	struct folio *huge;

	begin_small();
	huge = folio_alloc(__GFP_ZERO, PP_BLOCK_SHIFT);
	fetch_result = -EIO;
	expect(!install_another(huge));
	expect_small(huge);
	end();
}

/* Each of these alone: nothing is tried, and no counter says that it could not be. */
TEST(not_worth_regrouping)
{
	struct vm_area_struct vma = {};
	struct pp_access access = { .region = &region, .vma = &vma, .no_table = true };
	unsigned int what;

	fits = true;
	for (what = 0; what < 5; what++) {
		begin_small();
		offered = folio_alloc(__GFP_ZERO, PP_BLOCK_SHIFT);
		expect(pp_huge_get(&access, &block) == offered);
		if (what == 0)
			pool.knobs.huge = PP_HUGE_FIRST_TOUCH;
		else if (what == 1)
			region.huge_mode = PP_HUGE_OFF;
		else if (what == 2)
			jiffies--;
		else if (what == 3)
			block.nr[PP_FRAME] -= 100;
		else
			pool.knobs.huge_zeros = 18;
		expect(!pp_huge_get(&access, &block));
		expect(!install_another(offered));
		if (what == 3)
			block.nr[PP_FRAME] += 100;
		expect_eq(stat(PP_STAT_huge_misfit) + stat(PP_STAT_huge_no_entry), 0);
		expect_small(offered);
		end();
	}
	offered = NULL;
}

TEST(where_no_huge_entry_can_be)
{
	struct vm_area_struct vma = {};
	struct pp_access access = { .region = &region, .vma = &vma };

	fits = true;
	begin_small();
	offered = folio_alloc(__GFP_ZERO, PP_BLOCK_SHIFT);
	expect(!pp_huge_get(&access, &block));
	expect_eq(stat(PP_STAT_huge_no_entry), 1);
	expect_small(offered);
	offered = NULL;
	end();
}
