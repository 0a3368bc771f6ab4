/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A block that is one huge frame, for tests of how such frames come and end. Their bytes end last.
 * The store is a table, page tables are a second reference of the huge frame.
 */
#ifndef UNIT_HUGE_BENCH_H
#define UNIT_HUGE_BENCH_H

#include "shim.h"

#define VM_NOHUGEPAGE		1UL
#define VM_LOCKED		2UL

static bool fits;
static unsigned int marks[2];

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
#include "core/age.c"
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
/* A slot whose bytes are on a device. */
static u64 far_slot;
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

pp_home_t pp_evict_place(struct pp_region *r, pp_home_t home, u64 slot, bool shared)
{
	expect(stored[slot]);
	return pp_home_in_slot(slot);
}

bool pp_store_is_zero(struct page *page)
{
	return !*(u64 *)page_address(page);
}

bool pp_store_is_far(struct pp_slots *slots, u64 number)
{
	return far_slot && number == far_slot;
}

unsigned int pp_store_drop(struct pp_slots *slots, u64 number)
{
	expect(stored[number]);
	stored[number] = 0;
	return 10;
}

static int fetch_result;

int pp_store_fetch(struct pp_slots *slots, u64 number, struct page *page)
{
	expect(stored[number]);
	*(u64 *)page_address(page) = stored[number];
	return fetch_result;
}

static unsigned int repaid;

void pp_reclaim_repay(struct pp_region *r, unsigned int bytes)
{
	repaid += bytes;
}

void pp_evict_drop_copy(struct pp_region *r, struct folio *folio)
{
	pp_reclaim_repay(r, pp_store_drop(NULL, (unsigned long)folio->private));
	folio->private = NULL;
}

bool pp_block_find_mlocked(struct pp_block *b, unsigned long *mlocked)
{
	unsigned int i;

	bitmap_zero(mlocked, PP_BLOCK_PAGES);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (pp_home_has_frame(homes[i]) && pp_home_folio(homes[i])->mlocked)
			__set_bit(i, mlocked);
	return !bitmap_empty(mlocked, PP_BLOCK_PAGES);
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
		expect((homes[i] & ~PP_HOME_HISTORY) == pp_home_in_huge(state, block.huge, i));
	for (i = 0; i < NR_SLOTS; i++)
		slots += stored[i] != 0;
	expect_eq(slots, 0);
}

#endif /* UNIT_HUGE_BENCH_H */
