// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames: who is charged for one, and who for none any more; what is taken out of everybody's
 * reach; zero frames.
 */
#include "frame_bench.h"

static void let_go(unsigned int n, bool keep)
{
	while (n--)
		pp_frame_put(&region, held[--nr_held], keep);
}

TEST(isolated_and_back)
{
	struct folio *folio = folio_alloc(0, 0);

	expect(pp_frame_isolate(folio));
	expect(folio->locked && folio->frozen);
	expect(!pp_frame_isolate(folio));
	expect(folio->locked && folio->frozen);
	pp_frame_unisolate(folio);
	expect(!folio->locked && !folio->frozen && folio->refs == 1);
	folio_put(folio);
}

/* A pin or a page table has it; or a fault, of which only the lock is left. */
TEST(in_somebodys_hands)
{
	struct folio *folio = folio_alloc(0, 0);

	folio_get(folio);
	expect(!pp_frame_isolate(folio));
	expect(!folio->locked && !folio->frozen && folio->refs == 2);
	folio_put(folio);
	folio_lock(folio);
	expect(!pp_frame_isolate(folio));
	expect(folio->locked && !folio->frozen && folio->refs == 1);
	folio_unlock(folio);
	folio_put(folio);
}

TEST(limit_of_the_region)
{
	begin();
	region.limit = 3;
	access.nowait = true;
	hold(3);
	expect_eq(get(), -EAGAIN);
	expect_charged(3);
	let_go(1, false);
	expect_charged(2);
	hold(1);
	end();
}

TEST(limit_of_the_pool)
{
	begin();
	pool.knobs.limit = 10;
	others_hold(8);
	access.nowait = true;
	hold(2);
	expect_eq(get(), -EAGAIN);
	expect_charged(2);
	others_hold(-1);
	hold(1);
	others_hold(-7);
	end();
}

TEST(who_may_not_wait)
{
	unsigned long now = jiffies;

	begin();
	region.limit = evictable = 1;
	hold(1);
	access.nowait = true;
	expect_eq(get(), -EAGAIN);
	expect(kicks == 1 && !asked && !access.deadline);
	expect_eq(jiffies - now, 0);
	end();
}

/* Return: whether there was memory; when not, nothing is charged. */
static bool attempt_frame(void)
{
	int err = get();

	if (err) {
		expect_eq(err, -ENOMEM);
		expect_charged(0);
		return false;
	}
	expect_charged(1);
	let_go(1, false);
	return true;
}

TEST(no_memory_for_a_frame)
{
	begin();
	sweep(attempt_frame);
	shim_task.mm = &strangers_mm;
	sweep(attempt_frame);
	end();
}

/* Cold pages of the region itself, before the kernel may kill for one. */
TEST(at_the_limit_of_the_cgroup)
{
	begin();
	pool.knobs.spare = 1;
	hold(2);
	nr_gfps = 0;
	evictable = 1;
	shim_fail(1, false);
	hold(1);
	expect(asked == 1 && asked_alloc == 1 && asked_only == &region);
	expect_charged(2);
	/* Nothing to evict, and nothing that becomes a spare frame. */
	shim_fail(1, false);
	hold(1);
	expect_eq(nr_gfps, 3);
	expect(gfps[0] & __GFP_NORETRY && gfps[1] & __GFP_NORETRY && !(gfps[2] & __GFP_NORETRY));
	pool.knobs.spare = 0;
	evictable = 1;
	shim_fail(1, false);
	hold(1);
	expect_charged(3);
	shim_fail(0, false);
	end();
}

/* Of whoever owns the mapping; without one, as with write(2), of whoever asks. */
TEST(whose_cgroup)
{
	begin();
	hold(1);
	expect(held[0]->memcg == &owner);
	shim_task.mm = &strangers_mm;
	hold(1);
	expect(held[1]->memcg == &owner);
	access.vma = NULL;
	hold(1);
	expect(held[2]->memcg == &stranger);
	end();
}

TEST(spare_frames)
{
	begin();
	pool.knobs.spare = 2;
	region.limit = 3;
	hold(3);
	held[1]->referenced = true;
	let_go(1, false);
	expect_eq(region.nr_spare, 0);
	hold(1);
	let_go(3, true);
	/* The third was one too many. */
	expect_eq(region.nr_spare, 2);
	expect_charged(2);
	/* They are charged already, also when the limit is lower now. */
	region.limit = 1;
	shim_fail(1, true);
	hold(2);
	shim_fail(0, false);
	expect_eq(region.nr_spare, 0);
	expect_charged(2);
	end();
}

TEST(spare_frames_that_went_bad)
{
	begin();
	pool.knobs.spare = 3;
	hold(3);
	held[0]->hwpoison = true;
	let_go(2, true);
	expect_eq(region.nr_spare, 2);
	/* One that is known to be bad is not even kept. */
	let_go(1, true);
	expect_eq(region.nr_spare, 2);
	list_first_entry_or_null(&region.spare, struct folio, lru)->hwpoison = true;
	hold(1);
	expect(!held[0]->hwpoison);
	expect_charged(1);
	let_go(1, true);
	/* The last one. */
	list_first_entry_or_null(&region.spare, struct folio, lru)->hwpoison = true;
	hold(1);
	expect(!held[0]->hwpoison);
	expect_charged(1);
	end();
}

TEST(spare_frames_are_given_back)
{
	begin();
	pool.knobs.spare = 5;
	hold(5);
	let_go(5, true);
	expect_eq(pp_frame_drain(&region, 2), 2);
	expect_charged(3);
	expect_eq(pp_frame_drain(&region, ULONG_MAX), 3);
	expect_charged(0);
	expect_eq(pp_frame_drain(&region, 1), 0);
	end();
}

TEST(huge_frames)
{
	struct folio *huge;

	begin();
	region.limit = PP_BLOCK_PAGES;
	shim_meanwhile = NULL;
	expect_eq(pp_frame_get_huge(&region, &vma, 0, &huge), 0);
	expect_charged(PP_BLOCK_PAGES);
	expect(huge->order == PP_BLOCK_SHIFT && huge->refs == 1 && huge->memcg == &owner);
	expect(huge->gfp & __GFP_ACCOUNT && !(huge->gfp & __GFP_MOVABLE));
	/* It is a second choice: nobody is to wait for it. */
	expect(!(huge->gfp & __GFP_DIRECT_RECLAIM));
	expect(!*(u64 *)page_address(folio_page(huge, PP_BLOCK_PAGES - 1)));
	folio_get(huge);
	pp_frame_put_huge(&region, huge);
	expect_charged(0);
	expect_eq(huge->refs, 1);
	folio_put(huge);
	end();
}

TEST(huge_frames_at_a_limit)
{
	struct folio *huge;

	begin();
	region.limit = PP_BLOCK_PAGES - 1;
	expect_eq(pp_frame_get_huge(&region, &vma, 0, &huge), -EBUSY);
	expect_charged(0);
	region.limit = 0;
	pool.knobs.limit = PP_BLOCK_PAGES;
	others_hold(1);
	expect_eq(pp_frame_get_huge(&region, &vma, 0, &huge), -EBUSY);
	expect_charged(0);
	others_hold(-1);
	expect_eq(pp_frame_get_huge(&region, &vma, 0, &huge), 0);
	pp_frame_put_huge(&region, huge);
	expect(!asked && !exchanges && !kicks);
	end();
}

static bool attempt_huge(void)
{
	struct folio *huge;
	int err = pp_frame_get_huge(&region, &vma, 0, &huge);

	expect_charged(err ? 0 : PP_BLOCK_PAGES);
	if (!err)
		pp_frame_put_huge(&region, huge);
	else
		expect_eq(err, -ENOMEM);
	return !err;
}

static bool attempt_part(void)
{
	struct folio *part = pp_frame_get_part(&region, held[0], GFP_HIGHUSER);

	expect_charged(part ? 2 : 1);
	if (part)
		pp_frame_put(&region, part, false);
	return part;
}

TEST(no_memory_for_huge_frames_and_their_parts)
{
	begin();
	sweep(attempt_huge);
	shim_task.mm = &strangers_mm;
	sweep(attempt_huge);
	hold(1);
	sweep(attempt_part);
	end();
}

/* Over the limit, because there is no other way under it. */
TEST(parts_of_huge_frames)
{
	begin();
	hold(1);
	region.limit = 1;
	pool.knobs.limit = 1;
	shim_task.mm = &strangers_mm;
	held[1] = pp_frame_get_part(&region, held[0], GFP_HIGHUSER);
	expect(held[1]->memcg == &owner && held[1]->refs == 1);
	nr_held = 2;
	expect_charged(2);
	owner.css.dying = true;
	held[2] = pp_frame_get_part(&region, held[0], GFP_HIGHUSER);
	owner.css.dying = false;
	/* Not to whoever happens to break it up. */
	expect(!held[2]->memcg);
	nr_held = 3;
	held[0]->memcg = NULL;
	held[3] = pp_frame_get_part(&region, held[0], GFP_HIGHUSER);
	expect(!held[3]->memcg);
	nr_held = 4;
	end();
}

TEST(frames_that_others_hold)
{
	struct folio *folio;

	begin();
	hold(2);
	folio = held[--nr_held];
	folio_get(folio);
	pp_frame_detach(&region, folio);
	expect_charged(1);
	expect_eq(folio->refs, 1);
	folio_put(folio);
	end();
}

TEST(a_charge_changes_hands)
{
	begin();
	hold(2);
	pp_frame_trade(&region, &other, held[--nr_held]);
	expect_eq(other.frames.v, 1);
	expect_charged(1);
	expect_eq(pool.frames.v, 2);
	others_hold(-1);
	end();
}

static bool attempt_zero(void)
{
	struct folio *zero = pp_zero_frame(&region);

	expect_charged(0);
	expect(zero == region.zero);
	if (!zero)
		return false;
	zero->mapping = NULL;
	folio_put(zero);
	region.zero = NULL;
	return true;
}

static struct folio *faster;

static void somebody_is_faster(void)
{
	faster = pp_zero_frame(&region);
}

TEST(zero_frame)
{
	static const char zeros[PAGE_SIZE];
	struct folio *zero;
	long live;

	begin();
	sweep(attempt_zero);
	live = shim_live();
	meanwhile = somebody_is_faster;
	zero = pp_zero_frame(&region);
	expect(zero == faster && zero->mapping == &zero_mapping && zero->refs == 1);
	expect(zero->gfp & __GFP_ACCOUNT);
	expect(!memcmp(zero->memory, zeros, PAGE_SIZE));
	expect_eq(shim_live(), live + 1);
	/* It needs no memory any more. */
	shim_fail(1, true);
	expect(pp_zero_frame(&region) == zero);
	shim_fail(0, false);
	/* The other region has none. */
	pp_zero_forget(&pool);
	expect(!zero->mapping && region.zero == zero);
	end();
}
