// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eviction: a page's bytes are let go only after their new home is valid, pages in somebody's hands
 * are passed over, and what fails changes nothing. The store is a table here; page tables are a
 * second reference, which unmapping takes away from those that nobody touches again.
 */
#include "core/age.c"
#include "core/evict.c"
#include "core/home.c"
#include "unit.h"
#include "isolate.h"

#define NR_SLOTS	(2 * PP_BLOCK_PAGES)

static struct inode inode;
static struct pp_pool pool;
static struct pp_domain domain;
static struct pp_region region, other;
static pp_home_t homes[PP_BLOCK_PAGES];
static struct pp_block block;

/* The store: first word of each stored page; 0 is free. */
static u64 stored[NR_SLOTS];
static int put_result;
static unsigned int put_flags;
static bool touched[PP_BLOCK_PAGES];
static long frames_freed, frames_traded, unmaps;
static bool tight;
/* Kept copies are on a device. */
static bool far_copies;

int pp_store_put(struct pp_slots *slots, struct page *page, unsigned int flags, u64 *number)
{
	unsigned int i;

	expect(page->frozen && page->locked);
	put_flags = flags;
	if (put_result < 0 || put_result == PP_PUT_ZERO)
		return put_result;
	for (i = 1; stored[i]; i++)
		;
	stored[i] = *(u64 *)page_address(page);
	*number = i;
	return put_result;
}

unsigned int pp_store_drop(struct pp_slots *slots, u64 number)
{
	expect(number < NR_SLOTS && stored[number]);
	stored[number] = 0;
	return 33;
}

static unsigned int repaid;

void pp_reclaim_repay(struct pp_region *r, unsigned int bytes)
{
	repaid += bytes;
}

bool pp_huge_evict(struct pp_block *b, struct pp_reclaim *rc, bool any)
{
	return false;
}

/* Bit of a number that no page's first word has otherwise. */
#define SAME	(1ull << 40)

bool pp_store_is_far(struct pp_slots *slots, u64 number)
{
	return far_copies;
}

bool pp_store_is_same(struct page *page)
{
	return *(u64 *)page_address(page) & SAME;
}

/* Bit of the first word of a page that the store has. */
#define KNOWN	(1ull << 41)

bool pp_share_known(struct pp_slots *slots, struct page *page)
{
	return *(u64 *)page_address(page) & KNOWN;
}

static bool devices, is_short, wants_ripe, nowhere;
/* What was said of each slot: 0 nothing, 1 better in memory, 2 on a device. */
static int said[NR_SLOTS];

bool pp_store_takes_deep(struct pp_store *store)
{
	return devices;
}

bool pp_store_is_short(struct pp_store *store)
{
	return is_short;
}

bool pp_store_wants_ripe(struct pp_store *store)
{
	return wants_ripe;
}

bool pp_store_place(struct pp_slots *slots, u64 number, bool deep)
{
	said[number] = deep + 1;
	return deep && !nowhere;
}

static unsigned int copy_len = 33;

unsigned int pp_store_len(struct pp_slots *slots, u64 number)
{
	return copy_len;
}

static bool store_full;

bool pp_store_full(struct pp_store *store)
{
	return store_full;
}

void pp_frame_trade(struct pp_region *from, struct pp_region *to, struct folio *folio)
{
	expect(from == &region && to == (tight ? &region : &other));
	__free_page(folio_page(folio, 0));
	frames_traded++;
}

bool pp_store_tight(struct pp_store *store)
{
	return tight;
}

/* The one place where bytes end: by now the home must say where else they are. */
void pp_frame_put(struct pp_region *r, struct folio *folio, bool keep)
{
	unsigned int i = folio->index;
	u64 word = *(u64 *)folio->memory;

	expect(!folio->frozen && !folio->mapping && folio->refs == 1);
	if (pp_home_state(homes[i]) == PP_STORED)
		expect(stored[pp_home_slot(homes[i])] == word);
	else
		expect(pp_home_state(homes[i]) == PP_HOLE && put_result == PP_PUT_ZERO);
	__free_page(folio_page(folio, 0));
	frames_freed++;
}

void unmap_mapping_pages(struct address_space *mapping, pgoff_t start, pgoff_t nr, bool even_cows)
{
	unsigned int i;

	expect(!block.lock.held);
	unmaps++;
	for (i = start - block.base; i < start - block.base + nr; i++)
		if (pp_home_state(homes[i]) == PP_FRAME && !touched[i])
			pp_home_folio(homes[i])->refs = 1;
}

static void to_frame(unsigned int i, enum pp_state state, u64 flags)
{
	struct folio *folio = page_folio(alloc_page(0));

	*(u64 *)folio->memory = i + 1;
	folio->index = i;
	folio->refs = state == PP_FRAME ? 2 : 1;
	if (flags & PP_HOME_COPY) {
		unsigned int slot = NR_SLOTS - 1 - i;

		stored[slot] = i + 1;
		folio->private = (void *)(unsigned long)slot;
	}
	mutex_lock(&block.lock);
	pp_home_move(&block, i, pp_home_in_frame(state, folio, flags), PP_WHY_FAULT);
	mutex_unlock(&block.lock);
}

static void begin(enum pp_state state, unsigned int nr, u64 flags)
{
	unsigned int i;

	pool = (struct pp_pool){ .knobs.detect_same = true };
	region = (struct pp_region){ .pool = &pool, .domain = &domain, .inode = &inode };
	region.stats = alloc_percpu(struct pp_stats);
	pool.stats = alloc_percpu(struct pp_stats);
	block = (struct pp_block){ .region = &region, .home = homes, .base = 512 };
	block.nr[PP_HOLE] = PP_BLOCK_PAGES;
	memset(homes, 0, sizeof(homes));
	memset(stored, 0, sizeof(stored));
	memset(touched, 0, sizeof(touched));
	put_result = PP_PUT_STORED;
	frames_freed = frames_traded = 0;
	store_full = devices = is_short = wants_ripe = nowhere = false;
	memset(said, 0, sizeof(said));
	unmaps = 0;
	for (i = 0; i < nr; i++)
		to_frame(i, state, flags);
}

static u64 stat(enum pp_stat which)
{
	return per_cpu_ptr(region.stats, shim_cpu)->v[which];
}

static void end(void)
{
	unsigned int i;

	expect(!block.lock.held);
	for (i = 0; i < PP_BLOCK_PAGES; i++)
		if (pp_home_has_frame(homes[i]))
			__free_page(folio_page(pp_home_folio(homes[i]), 0));
	for (i = 0; i < PP_NR_STATS; i++)
		expect_eq(per_cpu_ptr(pool.stats, shim_cpu)->v[i], stat(i));
	free_percpu(region.stats);
	free_percpu(pool.stats);
}

static unsigned int age(bool hard)
{
	struct pp_reclaim rc = { .pool = &pool, .hard = hard };

	return pp_block_age(&block, &rc);
}

/* It is the host that wants memory. */
static bool for_host;

static unsigned long evict(unsigned long want, bool any, bool hard)
{
	struct pp_reclaim rc = { .pool = &pool, .want = want, .hard = hard, .host = for_host };

	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, any);
	return rc.done;
}

TEST(stored_before_it_is_let_go)
{
	unsigned int i;

	begin(PP_STANDBY, 100, 0);
	expect_eq(evict(60, false, false), 60);
	expect_eq(frames_freed, 60);
	expect_eq(evict(ULONG_MAX, false, false), 40);
	for (i = 0; i < 100; i++)
		expect(pp_home_state(homes[i]) == PP_STORED &&
		       stored[pp_home_slot(homes[i])] == i + 1);
	expect_eq(block.nr[PP_STORED], 100);
	end();
}

TEST(zeros_become_holes)
{
	begin(PP_STANDBY, 10, 0);
	put_result = PP_PUT_ZERO;
	expect_eq(evict(ULONG_MAX, false, false), 10);
	expect_eq(block.nr[PP_HOLE], PP_BLOCK_PAGES);
	expect_eq(stat(PP_STAT_evict_zero), 10);
	end();
}

TEST(a_kept_copy_costs_nothing)
{
	begin(PP_STANDBY, 10, PP_HOME_COPY);
	put_result = -ENOSPC;
	expect_eq(evict(ULONG_MAX, false, false), 10);
	expect_eq(stat(PP_STAT_evict_clean), 10);
	expect_eq(block.copies, 0);
	end();
}

TEST(frames_in_use_only_when_asked)
{
	begin(PP_FRAME, 10, 0);
	expect_eq(evict(ULONG_MAX, false, false), 0);
	expect_eq(evict(ULONG_MAX, true, false), 0);
	expect_eq(stat(PP_STAT_busy), 10);
	unmap_mapping_pages(NULL, block.base, PP_BLOCK_PAGES, false);
	expect_eq(evict(ULONG_MAX, true, false), 10);
	end();
}

/* A pin, a fault that still has the folio locked, a poisoned frame. */
TEST(what_is_in_somebodys_hands)
{
	begin(PP_STANDBY, 4, 0);
	pp_home_folio(homes[0])->refs = 2;
	pp_home_folio(homes[1])->locked = true;
	pp_home_folio(homes[2])->hwpoison = true;
	expect_eq(evict(ULONG_MAX, false, true), 1);
	expect_eq(stat(PP_STAT_busy), 3);
	expect_eq(pp_home_state(homes[0]), PP_STANDBY);
	expect_eq(pp_home_state(homes[3]), PP_STORED);
	expect(!pp_home_folio(homes[0])->locked);
	end();
}

TEST(a_refusal_changes_nothing)
{
	static const int errors[] = { -ENOMEM, -ENOSPC };
	unsigned int e, i;

	for (e = 0; e < ARRAY_SIZE(errors); e++) {
		begin(PP_STANDBY, 20, 0);
		put_result = errors[e];
		expect_eq(evict(ULONG_MAX, false, true), 0);
		expect_eq(stat(PP_STAT_store_full), 20);
		for (i = 0; i < 20; i++) {
			struct folio *folio = pp_home_folio(homes[i]);

			expect(pp_home_state(homes[i]) == PP_STANDBY && folio->refs == 1);
			expect(!folio->locked && !folio->frozen);
			expect(*(u64 *)folio->memory == i + 1);
		}
		end();
	}
}

/* Incompressible: remembered, passed over, and taken as it is only when it must be. */
TEST(incompressible_pages)
{
	struct pp_reclaim rc = { .pool = &pool, .want = ULONG_MAX };

	begin(PP_STANDBY, 5, 0);
	put_result = -E2BIG;
	expect(pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false));
	expect(!rc.done && !rc.misfits);
	expect_eq(put_flags, PP_PUT_DETECT_SAME);
	expect_eq(stat(PP_STAT_incompressible), 5);
	put_result = PP_PUT_RAW;
	expect_eq(evict(ULONG_MAX, false, false), 0);
	expect(homes[0] & PP_HOME_TOUGH);
	expect_eq(evict(ULONG_MAX, false, true), 5);
	expect_eq(put_flags, PP_PUT_ALLOW_RAW | PP_PUT_KNOWN_RAW);
	expect_eq(stat(PP_STAT_evict_raw), 5);
	end();
}

/* Where the store has room for all: not at first, and only while nobody uses them. */
TEST(incompressible_pages_that_stay_cold)
{
	struct pp_reclaim rc = { .pool = &pool, .want = ULONG_MAX, .covered = true };

	begin(PP_STANDBY, 5, 0);
	to_frame(5, PP_FRAME, PP_HOME_TOUGH);
	/* Unmapped, as whoever asks for pages in use has done. */
	pp_home_folio(homes[5])->refs = 1;
	put_result = -E2BIG;
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, true);
	expect_eq(put_flags, PP_PUT_DETECT_SAME);
	expect(!rc.done);
	put_result = PP_PUT_RAW;
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, true);
	expect_eq(rc.done, 5);
	expect_eq(put_flags, PP_PUT_ALLOW_RAW | PP_PUT_KNOWN_RAW);
	expect_eq(pp_home_state(homes[5]), PP_FRAME);
	end();
}

/* A full store is asked 64 times in a row, and then only for what needs no room. */
TEST(a_full_store_is_left_alone)
{
	begin(PP_STANDBY, 200, 0);
	to_frame(300, PP_STANDBY, PP_HOME_COPY);
	put_result = -ENOSPC;
	expect_eq(evict(ULONG_MAX, false, false), 1);
	expect_eq(stat(PP_STAT_store_full), PP_MAX_REFUSED);
	end();
}

/* Equal pages need no room, whether they compress or not. */
TEST(a_full_store_takes_what_it_has)
{
	struct pp_reclaim rc = {
		.pool = &pool, .want = ULONG_MAX, .hard = true, .refused = PP_MAX_REFUSED,
	};

	begin(PP_STANDBY, 70, 0);
	to_frame(300, PP_STANDBY, PP_HOME_TOUGH);
	pool.knobs.detect_same = false;
	put_result = PP_PUT_SHARED;
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false);
	expect_eq(rc.done, 0);
	pool.knobs.share_slots = true;
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false);
	expect_eq(rc.done, 71);
	expect(put_flags & PP_PUT_SHARE);
	expect(put_flags & PP_PUT_NO_ROOM);
	expect_eq(stat(PP_STAT_evict_shared), 71);
	end();
}

/* With the store full, blocks in use are left in peace that have nothing it takes. */
TEST(ageing_for_a_full_store)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 5, .hard = true };
	u64 *word;

	begin(PP_FRAME, 20, 0);
	store_full = true;
	word = (u64 *)pp_home_folio(homes[19])->memory;
	expect_eq(pp_block_age(&block, &rc), 0);
	expect_eq(unmaps, 0);
	/* So that others do what makes room. */
	expect(rc.no_room);
	*word |= SAME;
	pp_home_folio(homes[19])->hwpoison = true;
	expect_eq(pp_block_age(&block, &rc), 0);
	pp_home_folio(homes[19])->hwpoison = false;
	pool.knobs.detect_same = false;
	expect_eq(pp_block_age(&block, &rc), 0);
	/* Of many pages one is looked up. */
	pool.knobs.share_slots = true;
	*word |= KNOWN;
	expect_eq(pp_block_age(&block, &rc), 0);
	word = (u64 *)pp_home_folio(homes[0])->memory;
	*word |= KNOWN;
	pool.knobs.share_slots = false;
	expect_eq(pp_block_age(&block, &rc), 0);
	pool.knobs.share_slots = true;
	/* One that does not compress would not be taken now. */
	rc.hard = false;
	homes[0] |= PP_HOME_TOUGH;
	expect_eq(pp_block_age(&block, &rc), 0);
	/* Where the store has room for all it would, once it is standby. */
	rc.covered = true;
	expect_eq(pp_block_age(&block, &rc), 20);
	end();
	begin(PP_FRAME, 20, 0);
	store_full = true;
	*(u64 *)pp_home_folio(homes[19])->memory |= SAME;
	expect_eq(pp_block_age(&block, &rc), 20);
	end();
	begin(PP_FRAME, 20, 0);
	store_full = true;
	to_frame(30, PP_FRAME, PP_HOME_COPY);
	expect_eq(pp_block_age(&block, &rc), 21);
	end();
	begin(PP_FRAME, 20, 0);
	store_full = true;
	expect_eq(pp_block_age(&block, NULL), 20);
	end();
	begin(PP_FRAME, 20, 0);
	store_full = true;
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .exchange = true };
	block.huge = pp_home_folio(homes[0]);
	expect_eq(pp_block_age(&block, &rc), 0);
	expect(!rc.no_room);
	block.huge = NULL;
	expect_eq(pp_block_age(&block, &rc), 20);
	end();
}

/* The frame goes to whoever asked if it is of the same region; else only its charge. */
TEST(places_are_changed)
{
	struct pp_reclaim rc = {
		.pool = &pool, .want = 1, .keep = &region, .exchange = true, .bytes = 77, .out = 5,
	};

	begin(PP_STANDBY, 5, 0);
	expect(!pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false));
	expect_eq(put_flags, PP_PUT_DETECT_SAME | PP_PUT_EXCHANGE(77, 5));
	expect_eq(rc.done, 1);
	expect_eq(frames_freed, 0);
	expect(rc.won && rc.won->refs == 1 && !rc.won->locked && !rc.won->frozen &&
	       !rc.won->mapping);
	expect_eq(*(u64 *)rc.won->memory, 1);
	expect_eq(rc.bytes, 33);
	expect_eq(pp_home_state(homes[0]), PP_STORED);
	__free_page(folio_page(rc.won, 0));
	/* An equal page was there: nothing went in for it. */
	put_result = PP_PUT_SHARED;
	rc = (struct pp_reclaim){
		.pool = &pool, .want = 1, .keep = &region, .exchange = true, .bytes = 77, .out = 5,
	};
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false);
	expect(rc.done == 1 && !rc.bytes);
	__free_page(folio_page(rc.won, 0));
	put_result = PP_PUT_STORED;
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .keep = &other, .exchange = true };
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false);
	expect(rc.done == 1 && !rc.won);
	expect_eq(frames_traded, 1);
	expect_eq(frames_freed, 0);
	end();
	/* What the store had to borrow goes back. */
	begin(PP_STANDBY, 1, 0);
	tight = true;
	rc = (struct pp_reclaim){ .pool = &pool, .want = 1, .keep = &region, .exchange = true };
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false);
	expect(rc.done == 1 && !rc.won);
	expect_eq(frames_traded, 1);
	tight = false;
	end();
	/* The store has it already. */
	begin(PP_STANDBY, 1, PP_HOME_COPY);
	rc = (struct pp_reclaim){
		.pool = &pool, .want = 1, .keep = &other, .exchange = true, .bytes = 77,
	};
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false);
	expect_eq(rc.done, 1);
	expect_eq(rc.bytes, 0);
	end();
}

/* Some are tried in a block; the store is not full because they are large. */
TEST(pages_too_large_to_change_places)
{
	struct pp_reclaim rc = {
		.pool = &pool, .want = 1, .keep = &region, .exchange = true, .bytes = 77,
	};

	begin(PP_STANDBY, 100, 0);
	put_result = -EFBIG;
	expect(pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false));
	expect_eq(rc.misfits, PP_MAX_MISFITS_BLOCK);
	expect(!rc.refused && !rc.no_room && !stat(PP_STAT_store_full));
	put_result = PP_PUT_STORED;
	expect(!pp_block_evict(&block, &rc, 20, PP_BLOCK_PAGES - 20, false));
	expect_eq(pp_home_state(homes[20]), PP_STORED);
	__free_page(folio_page(rc.won, 0));
	end();
	/* Known to be as large as a page. */
	begin(PP_STANDBY, 10, PP_HOME_TOUGH);
	rc = (struct pp_reclaim){
		.pool = &pool, .want = 1, .keep = &region, .exchange = true, .bytes = 77,
		.hard = true,
	};
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false);
	expect(!rc.done && !rc.misfits);
	rc.bytes = PAGE_SIZE;
	pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false);
	expect_eq(rc.done, 1);
	__free_page(folio_page(rc.won, 0));
	end();
}

/* Page @i was standby for @epochs, and needed again after @reuse steps before; 0: never. */
static void rested(unsigned int i, unsigned int epochs, unsigned int reuse)
{
	pool.threshold = PP_AGE_THRESHOLD;
	pool.epoch = 100;
	homes[i] &= ~PP_HOME_HISTORY;
	homes[i] |= (pp_home_t)(100 - epochs) << PP_HOME_SEEN_SHIFT |
		    (pp_home_t)reuse << PP_HOME_REUSE_SHIFT;
}

TEST(where_a_page_goes)
{
	begin(PP_STANDBY, 4, 0);
	devices = true;
	rested(0, 2, 0);
	rested(1, 2, PP_AGE_THRESHOLD);
	rested(2, 2, PP_AGE_THRESHOLD + 1);
	rested(3, 20, 3);
	expect_eq(evict(ULONG_MAX, false, false), 4);
	/* Nothing is said of those that stay where they are. */
	expect(!said[1] && !said[2] && said[3] == 2 && said[4] == 2);
	expect(!(homes[0] & PP_HOME_DEEP) && (homes[2] & homes[3] & PP_HOME_DEEP));
	expect(pp_age_of(homes[0], 100) == 2 && pp_age_of(homes[3], 100) == 20);
	expect_eq(stat(PP_STAT_demoted), 2);
	end();
}

TEST(a_threshold_that_has_fallen)
{
	begin(PP_STANDBY, 3, 0);
	devices = true;
	rested(0, 8, 0);
	rested(1, 8, 0);
	rested(2, 20, 0);
	pool.threshold = PP_AGE_THRESHOLD - 4;
	expect_eq(evict(1, false, false), 1);
	expect(!(homes[0] & PP_HOME_DEEP));
	/* It is for want of room that it fell. */
	wants_ripe = true;
	expect_eq(evict(1, false, false), 1);
	expect(homes[1] & PP_HOME_DEEP);
	wants_ripe = false;
	expect_eq(evict(1, false, false), 1);
	expect(homes[2] & PP_HOME_DEEP);
	expect_eq(stat(PP_STAT_demoted), 2);
	end();
}

TEST(a_shared_slot_hears_who_comes_last)
{
	begin(PP_STANDBY, 2, 0);
	devices = true;
	put_result = PP_PUT_SHARED;
	rested(0, 2, 0);
	rested(1, 20, 0);
	expect_eq(evict(ULONG_MAX, false, false), 2);
	expect(said[1] == 1 && said[2] == 2);
	expect(!(homes[0] & PP_HOME_DEEP) && (homes[1] & PP_HOME_DEEP));
	end();
}

TEST(nowhere_else_to_go)
{
	begin(PP_STANDBY, 3, 0);
	rested(0, 20, 0);
	expect_eq(evict(1, false, false), 1);
	expect(!said[1] && !(homes[0] & PP_HOME_DEEP));
	/* A repeated word. */
	devices = nowhere = true;
	rested(1, 20, 0);
	expect_eq(evict(1, false, false), 1);
	expect(said[2] && !(homes[1] & PP_HOME_DEEP));
	/* Switched off. */
	rested(2, 20, 0);
	pool.threshold = 0;
	expect_eq(evict(1, false, false), 1);
	expect(!said[3] && !(homes[2] & PP_HOME_DEEP));
	expect_eq(stat(PP_STAT_demoted), 0);
	end();
}

/* Page 0 has a copy on a device. Return: did it go to memory instead? */
static bool goes_to_memory(unsigned int reuse)
{
	rested(0, 1, reuse);
	expect_eq(evict(ULONG_MAX, false, false), 1);
	expect_eq(block.copies, 0);
	expect_eq(stat(PP_STAT_promoted) + stat(PP_STAT_evict_clean), 1);
	return pp_home_slot(homes[0]) != NR_SLOTS - 1;
}

TEST(a_copy_on_a_device_of_a_page_needed_soon)
{
	begin(PP_STANDBY, 1, PP_HOME_COPY);
	devices = far_copies = true;
	expect(goes_to_memory(2));
	expect(!stored[NR_SLOTS - 1] && stored[1] == 1);
	end();
	begin(PP_STANDBY, 1, PP_HOME_COPY);
	devices = true;
	expect(!goes_to_memory(PP_AGE_THRESHOLD + 1));
	expect(homes[0] & PP_HOME_DEEP);
	end();
	/* It does not compress. */
	begin(PP_STANDBY, 1, PP_HOME_COPY);
	devices = true;
	copy_len = PAGE_SIZE;
	expect(!goes_to_memory(2));
	copy_len = 33;
	end();
	/* Somebody waits for memory. */
	begin(PP_STANDBY, 4, PP_HOME_COPY);
	devices = true;
	rested(0, 1, 2);
	expect_eq(evict(1, false, true), 1);
	for_host = true;
	rested(1, 1, 2);
	expect_eq(evict(1, false, false), 1);
	for_host = false;
	tight = true;
	rested(2, 1, 2);
	expect_eq(evict(1, false, false), 1);
	tight = false;
	expect_eq(stat(PP_STAT_promoted), 0);
	rested(3, 1, 2);
	expect_eq(evict(1, false, false), 1);
	expect_eq(stat(PP_STAT_promoted), 1);
	end();
	/* The store is short: it would push another one. */
	begin(PP_STANDBY, 1, PP_HOME_COPY);
	devices = is_short = true;
	expect(!goes_to_memory(2));
	end();
	/* There is no room for it. */
	begin(PP_STANDBY, 1, PP_HOME_COPY);
	devices = true;
	put_result = -ENOMEM;
	expect(!goes_to_memory(2));
	end();
	/* In memory it is right, whatever was said of it before. */
	begin(PP_STANDBY, 1, PP_HOME_COPY);
	devices = true;
	far_copies = false;
	expect(!goes_to_memory(2));
	expect_eq(said[NR_SLOTS - 1], 1);
	end();
}

TEST(kept_copies_of_pages_in_use_are_given_up)
{
	begin(PP_FRAME, 10, PP_HOME_COPY);
	to_frame(20, PP_STANDBY, PP_HOME_COPY);
	repaid = 0;
	expect_eq(pp_block_drop_copies(&block, false), 10);
	expect_eq(repaid, 330);
	expect_eq(block.copies, 1);
	expect(!pp_home_folio(homes[0])->private);
	expect(homes[20] & PP_HOME_COPY);
	expect_eq(stat(PP_STAT_copies_dropped), 10);
	end();
	/* On a device they take no memory, but room when there is none. */
	begin(PP_FRAME, 10, PP_HOME_COPY);
	far_copies = true;
	expect_eq(pp_block_drop_copies(&block, false), 0);
	expect_eq(block.copies, 10);
	store_full = true;
	expect_eq(pp_block_drop_copies(&block, false), 10);
	store_full = far_copies = false;
	end();
}

TEST(ageing_takes_what_nobody_touches)
{
	begin(PP_FRAME, 100, PP_HOME_TOUGH);
	touched[3] = true;
	touched[99] = true;
	block.rescued = 7;
	expect_eq(age(false), 98);
	expect_eq(block.rescued, 0);
	expect_eq(block.nr[PP_STANDBY], 98);
	expect_eq(block.aged, 98);
	expect_eq(homes[0] & PP_HOME_TOUGH, PP_HOME_TOUGH);
	expect_eq(pp_home_state(homes[3]), PP_FRAME);
	expect_eq(unmaps, 1);
	end();
}

/* What was known of its bytes ends: they may have changed while it was in use. */
TEST(a_huge_frame_is_aged_as_one)
{
	begin(PP_FRAME, 0, 0);
	block.huge = folio_alloc(0, PP_BLOCK_SHIFT);
	block.huge->refs = 1;
	block.tough = 5;
	mutex_lock(&block.lock);
	pp_home_move_all(&block, PP_FRAME, PP_WHY_FAULT);
	mutex_unlock(&block.lock);
	expect_eq(age(false), PP_BLOCK_PAGES);
	expect_eq(block.nr[PP_STANDBY], PP_BLOCK_PAGES);
	expect(!block.tough);
	mutex_lock(&block.lock);
	pp_home_move_all(&block, PP_HOLE, PP_WHY_PUNCH);
	mutex_unlock(&block.lock);
	__free_page(folio_page(block.huge, 0));
	end();
}

/* Others of their block go, when the first effort was not enough. */
TEST(mlocked_pages_are_not_unmapped)
{
	struct pp_reclaim rc = { .pool = &pool };

	begin(PP_FRAME, 10, 0);
	pp_home_folio(homes[3])->mlocked = true;
	pp_home_folio(homes[4])->mlocked = true;
	/* One that nobody has mapped, with a mark that was left. */
	pp_home_folio(homes[7])->mlocked = true;
	pp_home_folio(homes[7])->refs = 1;
	expect_eq(pp_block_age(&block, NULL), 0);
	expect_eq(pp_block_age(&block, &rc), 0);
	expect_eq(unmaps, 0);
	rc.hard = true;
	expect_eq(pp_block_age(&block, &rc), 7);
	expect_eq(unmaps, 3);
	expect_eq(pp_home_state(homes[3]), PP_FRAME);
	expect_eq(pp_home_state(homes[4]), PP_FRAME);
	expect_eq(pp_home_state(homes[7]), PP_FRAME);
	expect_eq(pp_home_folio(homes[3])->refs, 2);
	/* Now all that are in use are: there is nothing to win. */
	unmaps = 0;
	expect_eq(pp_block_age(&block, &rc), 0);
	expect_eq(unmaps, 0);
	end();
}

/* Each part of a huge frame is marked with it. */
TEST(an_mlocked_huge_frame_stays)
{
	struct pp_reclaim rc = { .pool = &pool, .hard = true };

	begin(PP_FRAME, 0, 0);
	block.huge = folio_alloc(0, PP_BLOCK_SHIFT);
	block.huge->mlocked = true;
	block.huge->refs = 2;
	mutex_lock(&block.lock);
	pp_home_move_all(&block, PP_FRAME, PP_WHY_FAULT);
	mutex_unlock(&block.lock);
	expect_eq(pp_block_age(&block, &rc), 0);
	expect_eq(unmaps, 0);
	expect_eq(block.nr[PP_FRAME], PP_BLOCK_PAGES);
	mutex_lock(&block.lock);
	pp_home_move_all(&block, PP_HOLE, PP_WHY_PUNCH);
	mutex_unlock(&block.lock);
	block.huge->mlocked = false;
	block.huge->refs = 1;
	__free_page(folio_page(block.huge, 0));
	end();
}

TEST(a_lock_that_is_only_tried)
{
	struct pp_reclaim rc = { .pool = &pool, .want = 5, .try_only = true };

	begin(PP_STANDBY, 10, 0);
	to_frame(20, PP_FRAME, PP_HOME_COPY);
	block.lock.held = true;
	expect_eq(pp_block_age(&block, &rc), 0);
	expect_eq(pp_block_drop_copies(&block, true), 0);
	expect(pp_block_evict(&block, &rc, 0, PP_BLOCK_PAGES, false));
	expect_eq(rc.done, 0);
	block.lock.held = false;
	end();
}

/* 0, 2, 6, 6, ... rounds passed over, until less than three quarters come back. */
TEST(hot_blocks)
{
	static const unsigned int rounds[] = { 0, 2, 6, 6 };
	unsigned int i, skipped;

	begin(PP_FRAME, 0, 0);
	for (i = 0; i < ARRAY_SIZE(rounds); i++) {
		block.aged = 100;
		block.rescued = 75;
		expect(skip_hot(&block));
		for (skipped = 0; skip_hot(&block); skipped++)
			;
		expect_eq(skipped, rounds[i]);
	}
	block.aged = 100;
	block.rescued = 74;
	expect(!skip_hot(&block));
	expect_eq(block.heat, 0);
	end();
}
