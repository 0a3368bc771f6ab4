// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge frames: all pages of one get a home of their own, or all stay; bytes end last. The store is
 * a table, page tables are a second reference of the huge frame.
 */
#include "shim.h"

#define VM_NOHUGEPAGE		1UL
#define VM_LOCKED		2UL

static bool fits;
static unsigned int marks[2];

#define LIST_HEAD(name)		struct list_head name = { &name, &name }
#define thp_vma_suitable_order(vma, addr, order) \
	((void)(vma), (void)(addr), (order) && fits)
#define xa_set_mark(xa, index, mark) \
	((void)(xa), (void)(index), (void)(marks[mark] = 1))
#define xa_clear_mark(xa, index, mark) \
	((void)(xa), (void)(index), (void)(marks[mark] = 0))
#define XA_MARK_0		0
#define XA_MARK_1		1
#define xa_for_each_marked(xa, n, entry, mark) \
	for ((void)(mark), n = 0, entry = xa_find(xa, &n, ULONG_MAX, XA_PRESENT); entry; \
	     n++, entry = xa_find(xa, &n, ULONG_MAX, XA_PRESENT))
/* Page tables are the second reference, see begin() and unmap_mapping_pages(). */
#define folio_mapcount(folio)	((folio)->refs > 1)
#define folio_zero_range(folio, start, len) \
	memset((char *)page_address(folio_page(folio, 0)) + (start), 0, len)
#define xa_for_each_start(xa, n, entry, start)						\
	for (n = start, entry = xa_find(xa, &n, ULONG_MAX, XA_PRESENT); entry;		\
	     n++, entry = xa_find(xa, &n, ULONG_MAX, XA_PRESENT))
#define list_for_each_entry_safe(pos, n, head, member)					\
	for (pos = container_of((head)->next, __typeof__(*pos), member),			\
	     n = container_of(pos->member.next, __typeof__(*pos), member);			\
	     &pos->member != (head);								\
	     pos = n, n = container_of(n->member.next, __typeof__(*n), member))

#include "core/huge.c"
#include "core/home.c"
#include "unit.h"
#include "isolate.h"

#define NR_SLOTS	1024

static struct inode inode;
static struct pp_pool pool;
static struct pp_domain domain;
static struct pp_region region;
static pp_home_t homes[PP_BLOCK_PAGES];
static struct pp_block block;

/* The store: first word of each stored page; 0 is free. Room for so many. */
static u64 stored[NR_SLOTS];
static unsigned int room, frames_left, later;
static bool touched_again, lost;
/* A page behind the end was written to through a page table that is gone now. */
static bool written_before;

int pp_evict_store(struct pp_region *r, struct page *page, unsigned int flags,
		   struct pp_reclaim *rc, u64 *slot)
{
	u64 word = *(u64 *)page_address(page);
	unsigned int i;

	expect(page_folio(page)->frozen && page_folio(page)->locked);
	if (!word)
		return PP_PUT_ZERO;
	if (word % 100 == 99 && !(flags & PP_PUT_ALLOW_RAW))
		return -E2BIG;
	if (!room)
		return -ENOSPC;
	room--;
	for (i = 1; stored[i]; i++)
		;
	stored[i] = word;
	*slot = i;
	return flags & PP_PUT_ALLOW_RAW ? PP_PUT_RAW : PP_PUT_STORED;
}

bool pp_store_is_zero(struct page *page)
{
	return !*(u64 *)page_address(page);
}

void pp_store_drop(struct pp_slots *slots, u64 number)
{
	expect(stored[number]);
	stored[number] = 0;
}

static int fetch_result;

int pp_store_fetch(struct pp_slots *slots, u64 number, struct page *page)
{
	expect(stored[number]);
	*(u64 *)page_address(page) = stored[number];
	return fetch_result;
}

unsigned int pp_store_len(struct pp_slots *slots, u64 number)
{
	expect(stored[number]);
	return 10;
}

static unsigned int repaid;

void pp_reclaim_repay(struct pp_region *r, unsigned int bytes)
{
	repaid += bytes;
}

void pp_evict_drop_copy(struct pp_region *r, struct folio *folio)
{
	u64 slot = (unsigned long)folio->private;

	pp_reclaim_repay(r, pp_store_len(NULL, slot));
	pp_store_drop(NULL, slot);
	folio->private = NULL;
}

bool pp_block_has_mlocked(struct pp_block *b)
{
	unsigned int i;

	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (pp_home_has_frame(homes[i]) && pp_home_folio(homes[i])->mlocked)
			return true;
	return false;
}

bool pp_block_lock(struct pp_block *b, bool try_only)
{
	mutex_lock(&b->lock);
	return true;
}

struct folio *pp_frame_get_part(struct pp_region *r, struct folio *huge, gfp_t gfp)
{
	struct page *page;

	if (!frames_left)
		return NULL;
	frames_left--;
	page = alloc_page(0);
	if (page)
		atomic_long_inc(&r->frames);
	return page ? page_folio(page) : NULL;
}

void pp_frame_put(struct pp_region *r, struct folio *folio, bool keep)
{
	atomic_long_dec(&r->frames);
	__free_page(folio_page(folio, 0));
}

static struct folio *offered;

int pp_frame_get_huge(struct pp_region *r, struct vm_area_struct *vma, unsigned long addr,
		      struct folio **out)
{
	*out = offered;
	return offered ? 0 : -ENOMEM;
}

/* The one place where all its bytes end: by now each page must say where else they are. */
void pp_frame_put_huge(struct pp_region *r, struct folio *folio)
{
	unsigned int i;

	if (lost)
		return;
	expect(!folio->frozen && !folio->mapping);
	for (i = 0; i < PP_BLOCK_PAGES; i++) {
		struct page *page = pfn_to_page(folio->pfn + i);
		u64 word = *(u64 *)page_address(page);

		if (pp_home_state(homes[i]) == PP_STORED)
			expect(stored[pp_home_slot(homes[i])] == word);
		else if (pp_home_has_frame(homes[i]))
			expect(pp_home_page(homes[i]) != page &&
			       *(u64 *)page_address(pp_home_page(homes[i])) == word);
	}
	__free_page(folio_page(folio, 0));
	atomic_long_sub(PP_BLOCK_PAGES, &r->frames);
}

void unmap_mapping_pages(struct address_space *mapping, pgoff_t start, pgoff_t nr, bool even_cows)
{
	expect(start == block.base && nr == PP_BLOCK_PAGES);
	unsigned int i;

	if (block.huge && !touched_again)
		block.huge->refs = 1;
	if (block.huge && written_before)
		*(u64 *)page_address(folio_page(block.huge, 510)) = 1;
	/* As in the kernel, where a locked mapping goes, the mark goes with it. */
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (pp_home_has_frame(homes[i]))
			pp_home_folio(homes[i])->mlocked = false;
}

static bool breaks_up;

bool pp_breakup_tough(struct pp_block *b, struct pp_reclaim *rc)
{
	expect(!b->lock.held && b->tough);
	return breaks_up && pp_huge_shatter(b, PP_BLOCK_PAGES) >= 0;
}

static unsigned int expected;

void pp_reclaim_expect_huge(struct pp_pool *p)
{
	expected++;
}

void pp_reclaim_check(struct pp_pool *p)
{
}

void pp_reclaim_shatter_later(struct pp_pool *p)
{
	later++;
}

/* A block in use whose page i begins with the word i + 1, but for pages from @zeros on. */
static void begin(unsigned int zeros)
{
	struct folio *huge = folio_alloc(__GFP_ZERO, PP_BLOCK_SHIFT);
	unsigned int i;

	for (i = 0; i < zeros; i++)
		*(u64 *)page_address(folio_page(huge, i)) = i + 1;
	pool = (struct pp_pool){};
	inode = (struct inode){ .i_size = 4 << 20 };
	region = (struct pp_region){ .pool = &pool, .domain = &domain, .inode = &inode };
	region.stats = alloc_percpu(struct pp_stats);
	pool.stats = alloc_percpu(struct pp_stats);
	block = (struct pp_block){ .region = &region, .home = homes, .base = 512 };
	block.nr[PP_HOLE] = PP_BLOCK_PAGES;
	memset(homes, 0, sizeof(homes));
	memset(stored, 0, sizeof(stored));
	room = NR_SLOTS - 2;
	frames_left = PP_BLOCK_PAGES;
	memset(marks, 0, sizeof(marks));
	later = 0;
	touched_again = false;
	mutex_lock(&block.lock);
	expect(pp_huge_install(&block, huge));
	mutex_unlock(&block.lock);
	atomic_long_add(PP_BLOCK_PAGES, &region.frames);
	block.huge->refs = 2;
}

static u64 stat(enum pp_stat which)
{
	return per_cpu_ptr(region.stats, shim_cpu)->v[which];
}

static void end(void)
{
	unsigned int i;

	expect(!block.lock.held);
	if (block.huge) {
		__free_page(folio_page(block.huge, 0));
	} else {
		for (i = 0; i < PP_BLOCK_PAGES; i++)
			if (pp_home_has_frame(homes[i]))
				__free_page(pp_home_page(homes[i]));
	}
	for (i = 0; i < PP_NR_STATS; i++)
		expect_eq(per_cpu_ptr(pool.stats, shim_cpu)->v[i], stat(i));
	free_percpu(region.stats);
	free_percpu(pool.stats);
	expect_eq(shim_live(), 0);
}

/* The block is what it was. */
static void expect_whole(enum pp_state state)
{
	unsigned int i, slots = 0;

	expect(block.huge && !block.huge->frozen && !block.huge->locked);
	expect_eq(block.nr[state], PP_BLOCK_PAGES);
	expect_eq(region.frames.v, PP_BLOCK_PAGES);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		expect(homes[i] == pp_home_in_huge(state, block.huge, i));
	for (i = 0; i < NR_SLOTS; i++)
		slots += stored[i] != 0;
	expect_eq(slots, 0);
}

TEST(evicted_whole)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };
	unsigned int i;

	begin(300);
	expect(pp_huge_evict(&block, &rc, false));
	expect_whole(PP_FRAME);
	expect(pp_huge_evict(&block, &rc, true));
	expect(!block.huge && !pool.huge.v && !region.huge.v);
	/* Pages 98, 198 and 298 do not get smaller. */
	expect_eq(rc.done, PP_BLOCK_PAGES - 3);
	expect_eq(region.frames.v, 3);
	expect_eq(block.nr[PP_STORED], 297);
	expect_eq(block.nr[PP_HOLE], 212);
	expect_eq(block.nr[PP_STANDBY], 3);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (pp_home_has_frame(homes[i]))
			expect(i % 100 == 98 && (homes[i] & PP_HOME_TOUGH));
	expect_eq(stat(PP_STAT_evictions), 509);
	expect_eq(stat(PP_STAT_evict_zero), 212);
	expect_eq(stat(PP_STAT_shatter_zero), 212);
	end();
}

TEST(raw_when_there_is_no_frame)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin(300);
	frames_left = 1;
	expect(pp_huge_evict(&block, &rc, true));
	expect(!block.huge);
	expect_eq(block.nr[PP_STORED], 299);
	expect_eq(stat(PP_STAT_evict_raw), 2);
	end();
}

TEST(all_pages_or_none)
{
	unsigned int left;

	/* The store is full after so many, and there is no frame for the next one. */
	for (left = 0; left < 298; left += 27) {
		struct pp_reclaim rc = { .pool = &pool, .want = 1 };

		begin(300);
		room = left;
		frames_left = left > 98;
		expect(pp_huge_evict(&block, &rc, true));
		expect_whole(PP_FRAME);
		expect(rc.no_room && !rc.done);
		/* What was tried of it says little about other pages. */
		expect(rc.whole && rc.refused == 1);
		/* Nor is the next one tried. */
		room = NR_SLOTS - 2;
		frames_left = PP_BLOCK_PAGES;
		expect(pp_huge_evict(&block, &rc, true));
		expect_whole(PP_FRAME);
		expect_eq(stat(PP_STAT_evictions) + stat(PP_STAT_evict_zero) +
			  stat(PP_STAT_shatters), 0);
		end();
	}
}

/* Of incompressible pages, which are not taken raw yet: the store has refused nothing. */
TEST(incompressible_is_not_refused)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1, .refused = 5 };
	unsigned int i;

	begin(512);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		*(u64 *)page_address(folio_page(block.huge, i)) = 100 * i + 99;
	room = 0;
	frames_left = 0;
	expect(pp_huge_evict(&block, &rc, true));
	expect_whole(PP_FRAME);
	expect(rc.whole && rc.refused == 6);
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .refused = 5 };
	room = NR_SLOTS - 2;
	expect(pp_huge_evict(&block, &rc, true));
	expect(!rc.whole);
	expect_eq(rc.refused, block.huge ? 5 : 0);
	end();
}

/* The first so many pages compress, no other one does. */
static void begin_tough(unsigned int soft)
{
	unsigned int i;

	begin(PP_BLOCK_PAGES);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		*(u64 *)page_address(folio_page(block.huge, i)) = 100 * i + (i < soft ? 1 : 99);
	block.huge->refs = 1;
	/* Those of a try that failed do not come back. */
	frames_left = 2 * PP_BLOCK_PAGES;
	mutex_lock(&block.lock);
	pp_home_move_all(&block, PP_STANDBY, PP_WHY_AGE);
	mutex_unlock(&block.lock);
}

TEST(others_are_freed_from_what_does_not_compress)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin_tough(300);
	expect(pp_huge_evict(&block, &rc, false));
	expect_whole(PP_STANDBY);
	expect_eq(block.tough, 301);
	/* It is not tried again while it is standby, nor by effort for the host. */
	room = 0;
	rc.host = rc.hard = true;
	expect(pp_huge_evict(&block, &rc, false));
	expect(!rc.no_room);
	rc.host = rc.hard = false;
	breaks_up = true;
	expect(!pp_huge_evict(&block, &rc, false));
	breaks_up = false;
	expect(!block.huge && !rc.done);
	expect_eq(block.nr[PP_STANDBY], PP_BLOCK_PAGES);
	expect_eq(block.aged, PP_BLOCK_PAGES);
	end();

	/* With effort for a limit it is tried again. */
	begin_tough(300);
	expect(pp_huge_evict(&block, &rc, false));
	rc.hard = true;
	room = 0;
	expect(pp_huge_evict(&block, &rc, false));
	expect(rc.no_room);
	expect_whole(PP_STANDBY);
	end();
}

/* What the store has no room for does not count. */
TEST(refused_is_not_incompressible)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin_tough(300);
	room = 250;
	expect(pp_huge_evict(&block, &rc, false));
	expect_whole(PP_STANDBY);
	expect(!block.tough && rc.whole);
	end();
}

/* How hot it was says nothing about its pages. */
TEST(heat_ends_with_the_huge_frame)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin(300);
	block.aged = block.rescued = PP_BLOCK_PAGES;
	block.heat = 3;
	block.skip = 5;
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), 212);
	expect(!block.rescued && !block.heat && !block.skip);
	expect_eq(block.aged, 300);
	end();
	begin(300);
	block.aged = block.rescued = PP_BLOCK_PAGES;
	expect(pp_huge_evict(&block, &rc, true));
	expect(!block.huge && !block.rescued && !block.aged);
	end();
	begin(300);
	block.aged = block.rescued = PP_BLOCK_PAGES;
	block.huge->refs = 1;
	mutex_lock(&block.lock);
	pp_huge_punch(&block, 0, PP_BLOCK_PAGES);
	mutex_unlock(&block.lock);
	expect(!block.huge && !block.rescued && !block.aged);
	end();
}

TEST(what_does_not_compress_goes_when_it_stays_cold)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1, .covered = true };

	begin_tough(0);
	expect(pp_huge_evict(&block, &rc, false));
	expect_whole(PP_STANDBY);
	expect(pp_huge_evict(&block, &rc, false));
	expect(!block.huge && !block.tough);
	expect_eq(rc.done, PP_BLOCK_PAGES);
	expect_eq(stat(PP_STAT_evict_raw), PP_BLOCK_PAGES);
	end();

	/* Not what is in use. */
	begin_tough(0);
	rc.done = 0;
	mutex_lock(&block.lock);
	pp_home_move_all(&block, PP_FRAME, PP_WHY_FAULT);
	mutex_unlock(&block.lock);
	expect(pp_huge_evict(&block, &rc, true));
	expect(pp_huge_evict(&block, &rc, true));
	expect_whole(PP_FRAME);
	expect_eq(rc.done, 0);
	end();
}

TEST(a_punch_may_make_it_compress)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin_tough(0);
	expect(pp_huge_evict(&block, &rc, false));
	expect(block.tough);
	mutex_lock(&block.lock);
	pp_huge_punch(&block, 0, 400);
	mutex_unlock(&block.lock);
	expect(!block.tough);
	expect(pp_huge_evict(&block, &rc, false));
	expect_eq(rc.done, 400);
	end();
}

TEST(shattered_into_frames)
{
	begin(100);
	expect_eq(pp_huge_shatter(&block, 100), 412);
	expect(!block.huge);
	expect_eq(block.nr[PP_STANDBY], 100);
	expect_eq(block.nr[PP_HOLE], 412);
	expect_eq(region.frames.v, 100);
	expect_eq(frames_left, PP_BLOCK_PAGES - 100);
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), -ENOENT);
	end();
}

TEST(no_frames_no_shattering)
{
	begin(100);
	frames_left = 99;
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), -ENOMEM);
	expect_whole(PP_FRAME);
	end();
}

TEST(pinned)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1 };

	begin(100);
	touched_again = true;
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), -EBUSY);
	expect(pp_huge_evict(&block, &rc, true));
	expect_whole(PP_FRAME);
	expect_eq(rc.done, 0);
	expect(stat(PP_STAT_busy) > 1);
	touched_again = false;
	folio_page(block.huge, 77)->hwpoison = true;
	expect_eq(pp_huge_shatter(&block, PP_BLOCK_PAGES), -EBUSY);
	expect_whole(PP_FRAME);
	end();
}

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

/* While somebody holds it, or for want of memory, it stays marked; not when it is damaged. */
TEST(punched_and_held)
{
	begin(100);
	expect_eq(xa_insert(&region.blocks, 1, &block, 0), 0);
	marks[PP_BLOCK_SHATTER] = 1;
	block.huge->refs = 3;
	frames_left = 0;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect_eq(marks[PP_BLOCK_SHATTER], 1);
	block.huge->refs = 2;
	block.huge->mlocked = true;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect_eq(marks[PP_BLOCK_SHATTER], 1);
	block.huge->mlocked = false;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect_eq(marks[PP_BLOCK_SHATTER], 1);
	frames_left = PP_BLOCK_PAGES;
	folio_page(block.huge, 77)->hwpoison = true;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect_eq(marks[PP_BLOCK_SHATTER], 0);
	folio_page(block.huge, 77)->hwpoison = false;
	marks[PP_BLOCK_SHATTER] = 1;
	pp_huge_shatter_marked(&region);
	expect(!block.huge);
	expect_eq(marks[PP_BLOCK_SHATTER], 0);
	expect_eq(frames_left, PP_BLOCK_PAGES - 100);
	xa_destroy(&region.blocks);
	end();
}

/* What was punched and filled again is not broken up; what lies behind the end is. */
TEST(punched_and_filled_again)
{
	begin(497);
	expect_eq(xa_insert(&region.blocks, 1, &block, 0), 0);
	marks[PP_BLOCK_SHATTER] = 1;
	block.punched = PP_BLOCK_PAGES;
	pp_huge_shatter_marked(&region);
	expect_whole(PP_FRAME);
	expect(!marks[PP_BLOCK_SHATTER] && !block.punched);
	marks[PP_BLOCK_SHATTER] = 1;
	inode.i_size = (512 + 500) << PAGE_SHIFT;
	pp_huge_shatter_marked(&region);
	expect(!block.huge && !marks[PP_BLOCK_SHATTER]);
	xa_destroy(&region.blocks);
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

/* For want of the host's memory one at a time; but for the last resort, which has no later. */
TEST(one_huge_frame_at_a_time)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 1, .host = true };
	unsigned int what;

	mutex_lock(&one_at_a_time);
	for (what = 0; what < 4; what++) {
		begin(100);
		rc = (struct pp_reclaim){
			.pool = &pool, .want = 1, .host = what < 2, .oom = what == 1,
			.starved = what == 2,
		};
		shim_killed = what == 2;
		expect(pp_huge_evict(&block, &rc, true));
		shim_killed = false;
		expect_eq(!block.huge, what == 1 || what == 3);
		expect_eq(rc.outrun, what == 0 || what == 2);
		end();
	}
	mutex_unlock(&one_at_a_time);
	begin(100);
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .host = true };
	expect(pp_huge_evict(&block, &rc, true));
	expect(!block.huge && !one_at_a_time.held);
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

TEST(zeros_are_counted)
{
	begin(500);
	expect_eq(pp_huge_zeros(&block, 12), 12);
	expect_eq(pp_huge_zeros(&block, 1), 12);
	expect_eq(pp_huge_zeros(&block, 13), 0);
	expect_eq(pp_huge_zeros(&block, ULONG_MAX), 0);
	folio_page(block.huge, 501)->hwpoison = true;
	expect_eq(pp_huge_zeros(&block, 12), 0);
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

TEST(some_huge_frame)
{
	struct pp_block small = { .region = &region };

	begin(100);
	expect_eq(xa_insert(&region.blocks, 0, &small, 0), 0);
	expect_eq(xa_insert(&region.blocks, 1, &block, 0), 0);
	frames_left = 0;
	expect_eq(pp_huge_shatter_one(&region), -EBUSY);
	frames_left = PP_BLOCK_PAGES;
	/* Behind the last one it begins anew. */
	region.hand_evict = 2;
	block.huge->refs = 2;
	block.huge->mlocked = true;
	expect_eq(pp_huge_shatter_one(&region), -EBUSY);
	block.huge->mlocked = false;
	block.huge->refs = 3;
	expect_eq(pp_huge_shatter_one(&region), -EBUSY);
	block.huge->refs = 2;
	expect_eq(pp_huge_shatter_one(&region), 412);
	expect(!block.huge);
	expect_eq(region.hand_evict, 1);
	expect_eq(pp_huge_shatter_one(&region), -EBUSY);
	xa_destroy(&region.blocks);
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
