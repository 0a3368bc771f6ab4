/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page of a region, for tests of how its bytes are reached. The store is a table of words, each
 * of a page full of it; frames come without limits, and things happen meanwhile.
 */
#ifndef UNIT_ACCESS_BENCH_H
#define UNIT_ACCESS_BENCH_H

#include "shim.h"

/* Marks of the one block. */
static bool marked[2];

#define XA_MARK_0	0
#define XA_MARK_1	1
#define xa_set_mark(xa, index, mark)	((void)(xa), (void)(index), (void)(marked[mark] = true))

#include "core/access.c"
#include "core/age.c"
#include "core/home.c"
#include "store/latency.c"
#include "unit.h"

#define NR_SLOTS	8
#define BASE		1024
#define I		5
#define INDEX		(BASE + I)
#define WORD		0x1234567890ull

static struct address_space mapping;
static struct inode inode = { .i_mapping = &mapping };
static struct pp_pool pool;
static struct pp_domain domain;
static struct pp_region region;
static pp_home_t homes[PP_BLOCK_PAGES];
static struct pp_block block;
static bool has_block;
static struct pp_access access;
static struct page *page;

/* The store; a length of -1 is a free slot. */
static struct { int bytes; u64 word; bool damaged, far; unsigned int held; } slots[NR_SLOTS];
/* What a device does; what others do while it is read from. */
static int read_error;
static unsigned int reads, warmed;
static bool at_hand;
static void (*while_reading)(void);
static bool store_full;
/* What pp_frame_get() does: so often it says -ESTALE; its error then; how it comes to a frame. */
static unsigned int stale;
static int get_error;
static bool exchanged, bad_frame;
static unsigned int gets, kept;
/* The last one. */
static struct folio *got;
/* Frame of a block that pp_huge_get() has. */
static struct folio *offered;
/* What others do while a lock is waited for next; or a frame. */
static void (*meanwhile)(void), (*while_waiting)(void);
static unsigned int unmaps;
static long owed, repaid;
static unsigned int owes;

static void call(void (**hook)(void))
{
	void (*now)(void) = *hook;

	*hook = NULL;
	if (now)
		now();
}

/* Whoever allocates or waits has no lock. */
static void asleep(gfp_t gfp)
{
	expect(!block.lock.held);
	if (!gfp)
		call(&meanwhile);
}

int pp_store_fetch(struct pp_slots *s, u64 number, struct page *dst)
{
	bool damaged;

	assert(number < NR_SLOTS && slots[number].bytes >= 0);
	if (slots[number].far)
		return -EINPROGRESS;
	damaged = slots[number].damaged;
	memset64(page_address(dst), damaged ? ~slots[number].word : slots[number].word,
		 PAGE_SIZE / 8);
	return damaged ? -EIO : 0;
}

unsigned int pp_store_len(struct pp_slots *s, u64 number)
{
	assert(number < NR_SLOTS && slots[number].bytes >= 0);
	return slots[number].bytes;
}

/* Page @i's home, without its history. */
static pp_home_t home_of(unsigned int i)
{
	return homes[i] & ~PP_HOME_HISTORY;
}

/* Slots whose pages are in use, which their bytes in memory need not make way for. */
static unsigned int kept_near;

bool pp_store_place(struct pp_slots *space, u64 number, bool deep)
{
	expect(!deep && slots[number].bytes >= 0);
	kept_near++;
	return slots[number].far;
}

bool pp_store_is_far(struct pp_slots *s, u64 number)
{
	assert(number < NR_SLOTS && slots[number].bytes >= 0);
	return slots[number].far;
}

bool pp_store_at_hand(struct pp_slots *s, u64 number)
{
	assert(number < NR_SLOTS && slots[number].bytes >= 0);
	return at_hand;
}

bool pp_store_hold(struct pp_slots *s, u64 number)
{
	void *memory = kmalloc(1, GFP_NOWAIT);

	assert(number < NR_SLOTS && slots[number].bytes >= 0);
	lockdep_assert_held(&block.lock);
	slots[number].held += !!memory;
	kfree(memory);
	return memory;
}

/* How long it takes, in jiffies. */
static long device_takes;

int pp_store_read(struct pp_slots *s, u64 number, struct page *dst, long patience)
{
	u64 word = slots[number].word;

	expect(!block.lock.held && slots[number].held == 1);
	/* In memory already it takes no time. */
	if (!at_hand && device_takes >= patience)
		return -ETIMEDOUT;
	reads++;
	warmed += !dst;
	call(&while_reading);
	expect(slots[number].word == word && slots[number].bytes >= 0);
	if (!read_error && dst)
		memset64(page_address(dst), word, PAGE_SIZE / 8);
	return read_error;
}

unsigned int pp_store_drop(struct pp_slots *s, u64 number)
{
	unsigned int bytes = slots[number].far ? 0 : slots[number].bytes;

	assert(number < NR_SLOTS && slots[number].bytes >= 0);
	if (slots[number].held) {
		slots[number].held--;
		return 0;
	}
	/* Whoever the home names owns the slot still. */
	expect(homes[I] != pp_home_in_slot(number) && !(homes[I] & PP_HOME_COPY));
	slots[number].bytes = -1;
	return bytes;
}

bool pp_store_full(struct pp_store *store)
{
	return store_full;
}

int pp_frame_get(struct pp_access *a, bool stored, struct folio **out)
{
	expect(a == &access && !block.lock.held && !*out);
	gets++;
	call(&while_waiting);
	if (stale) {
		stale--;
		return -ESTALE;
	}
	if (get_error)
		return get_error;
	if (exchanged)
		a->expected += stored ? slots[pp_home_slot(homes[I])].bytes : 0;
	*out = folio_alloc(GFP_HIGHUSER, 0);
	if (!*out)
		return -ENOMEM;
	atomic_long_inc(&region.frames);
	got = *out;
	got->hwpoison = bad_frame;
	bad_frame = false;
	return 0;
}

void pp_frame_put(struct pp_region *r, struct folio *folio, bool keep)
{
	expect(folio->refs == 1 && !folio->locked && !folio->mapping);
	expect(!keep || !folio->hwpoison);
	kept += keep;
	atomic_long_dec(&r->frames);
	folio_put(folio);
}

struct folio *pp_zero_frame(struct pp_region *r)
{
	if (!r->zero)
		r->zero = folio_alloc(GFP_KERNEL_ACCOUNT | __GFP_ZERO, 0);
	return r->zero;
}

struct folio *pp_huge_get(struct pp_access *a, struct pp_block *b)
{
	struct folio *huge = offered;

	expect(!b->lock.held);
	offered = NULL;
	return huge;
}

bool pp_huge_install(struct pp_block *b, struct folio *huge)
{
	lockdep_assert_held(&b->lock);
	if (b->nr[PP_HOLE] != PP_BLOCK_PAGES)
		return false;
	pp_frame_adopt(&region, huge, b->base);
	b->huge = huge;
	pp_home_move_all(b, PP_FRAME, PP_WHY_FAULT);
	return true;
}

void pp_frame_put_huge(struct pp_region *r, struct folio *huge)
{
	expect(!huge->mapping && !block.lock.held);
	atomic_long_sub(PP_BLOCK_PAGES, &r->frames);
	folio_put(huge);
}

struct pp_block *pp_block_get(struct pp_region *r, pgoff_t index, bool make)
{
	void *memory;

	expect(index / PP_BLOCK_PAGES == BASE / PP_BLOCK_PAGES && !block.lock.held);
	if (make && !has_block) {
		memory = kmalloc(1, GFP_KERNEL);
		has_block = memory;
		kfree(memory);
	}
	return has_block ? &block : NULL;
}

void pp_reclaim_owe(struct pp_region *r, long bytes)
{
	owed += bytes;
	owes++;
}

void pp_reclaim_repay(struct pp_region *r, unsigned int bytes)
{
	repaid += bytes;
}

void pp_evict_drop_copy(struct pp_region *r, struct folio *folio)
{
	pp_reclaim_repay(r, pp_store_drop(NULL, (unsigned long)folio->private));
	folio->private = NULL;
}

/* Read faults are kept out until the page is a hole no more, by a lock that this one holds. */
void unmap_mapping_pages(struct address_space *m, pgoff_t start, pgoff_t nr, bool even_cows)
{
	expect(m == &mapping && start == INDEX && nr == 1);
	expect(region.zero->locked && block.lock.held);
	expect_eq(pp_home_state(homes[I]), PP_HOLE);
	unmaps++;
}

static void begin(void)
{
	unsigned int i;

	pool = (struct pp_pool){ .knobs.keep_copies = true };
	inode.i_size = (loff_t)(BASE + PP_BLOCK_PAGES) << PAGE_SHIFT;
	region = (struct pp_region){ .pool = &pool, .domain = &domain, .inode = &inode };
	region.stats = alloc_percpu(struct pp_stats);
	pool.stats = alloc_percpu(struct pp_stats);
	block = (struct pp_block){ .region = &region, .home = homes, .base = BASE };
	block.nr[PP_HOLE] = PP_BLOCK_PAGES;
	memset(homes, 0, sizeof(homes));
	has_block = true;
	for (i = 0; i < NR_SLOTS; i++) {
		slots[i].bytes = -1;
		slots[i].held = 0;
	}
	reads = warmed = 0;
	at_hand = false;
	device_takes = 0;
	read_error = 0;
	while_reading = NULL;
	access = (struct pp_access){ .region = &region, .index = INDEX };
	page = NULL;
	store_full = exchanged = bad_frame = shim_killed = false;
	stale = gets = kept = unmaps = owes = 0;
	get_error = 0;
	owed = repaid = 0;
	meanwhile = while_waiting = NULL;
	shim_meanwhile = asleep;
}

static void move(pp_home_t home)
{
	mutex_lock(&block.lock);
	pp_home_move(&block, I, home, PP_WHY_FAULT);
	mutex_unlock(&block.lock);
}

static unsigned int slots_used(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < NR_SLOTS; i++)
		n += slots[i].bytes >= 0;
	return n;
}

/* Each slot and each frame is a home's, nobody else has a reference, and all locks are free. */
static void end(void)
{
	unsigned int i, used = 0;
	long frames = 0;

	expect(!block.lock.held && !shim_atomic);
	for (i = 0; i < PP_BLOCK_PAGES; i++) {
		struct folio *folio;

		used += pp_home_state(homes[i]) == PP_STORED || homes[i] & PP_HOME_COPY;
		if (!pp_home_has_frame(homes[i]))
			continue;
		frames++;
		folio = pp_home_folio(homes[i]);
		if (folio == block.huge)
			continue;
		expect(folio->refs == 1 && !folio->locked && folio->mapping == &mapping);
		expect(folio->index == block.base + i);
		__free_page(folio_page(folio, 0));
	}
	expect_eq(region.frames.v, frames);
	expect_eq(slots_used(), used);
	for (i = 0; i < NR_SLOTS; i++)
		expect(!slots[i].held);
	if (block.huge) {
		expect(block.huge->refs == 1 && !block.huge->locked);
		__free_page(folio_page(block.huge, 0));
	}
	if (region.zero) {
		expect(region.zero->refs == 1 && !region.zero->locked);
		folio_put(region.zero);
	}
	for (i = 0; i < PP_NR_STATS; i++)
		expect_eq(per_cpu_ptr(pool.stats, shim_cpu)->v[i],
			  per_cpu_ptr(region.stats, shim_cpu)->v[i]);
	free_percpu(region.stats);
	free_percpu(pool.stats);
	shim_meanwhile = NULL;
	shim_killed = false;
}

static u64 stat(enum pp_stat which)
{
	return per_cpu_ptr(region.stats, shim_cpu)->v[which];
}

/* The page is stored: so many bytes that are @word again and again. */
static void to_slot(unsigned int slot, int bytes, u64 word)
{
	slots[slot].bytes = bytes;
	slots[slot].word = word;
	slots[slot].damaged = slots[slot].far = false;
	if (pp_home_state(homes[I]) != PP_STORED)
		move(pp_home_in_slot(slot));
}

/* The page is in a frame; with PP_HOME_COPY it is in slot 3 as well. */
static struct folio *to_frame(enum pp_state state, u64 flags)
{
	struct folio *folio = folio_alloc(0, 0);

	atomic_long_inc(&region.frames);
	memset64(folio->memory, WORD, PAGE_SIZE / 8);
	pp_frame_adopt(&region, folio, INDEX);
	if (flags & PP_HOME_COPY) {
		slots[3].bytes = 50;
		slots[3].word = WORD;
		slots[3].far = false;
		folio->private = (void *)3UL;
	}
	move(pp_home_in_frame(state, folio, flags));
	return folio;
}

static inline struct folio *huge_frame(void)
{
	atomic_long_add(PP_BLOCK_PAGES, &region.frames);
	return folio_alloc(__GFP_ZERO, PP_BLOCK_SHIFT);
}

/* The page is a hole again. */
static inline void punch(void)
{
	pp_home_t home = homes[I];
	struct folio *folio = pp_home_has_frame(home) ? pp_home_folio(home) : NULL;
	u64 slot = pp_home_state(home) == PP_STORED ? pp_home_slot(home) : 0;

	if (home & PP_HOME_COPY)
		slot = (unsigned long)folio->private;
	move(PP_HOLE);
	if (folio) {
		pp_frame_abandon(folio);
		pp_frame_put(&region, folio, false);
	}
	slots[slot].bytes = -1;
}

/* And the region has no zero frame, as in the beginning. */
static inline void forget(void)
{
	punch();
	if (region.zero)
		folio_put(region.zero);
	region.zero = NULL;
}

/* One access, as a fault or a read(2); @page has a reference when that is 0. */
static int touch(bool write)
{
	int err;

	access.write = write;
	access.fetched = false;
	access.expected = access.dropped = 0;
	page = NULL;
	err = pp_access_page(&access, &page);
	if (!err)
		expect_eq(page_folio(page)->locked, access.lock);
	return err;
}

/* The caller of touch() is done with the page. */
static void done(void)
{
	if (access.lock)
		folio_unlock(page_folio(page));
	folio_put(page_folio(page));
}

/* The first write by a mapping that has @folio read-only. */
static inline int notify(struct folio *folio)
{
	access.write = true;
	return pp_access_notify(&access, folio_page(folio, 0));
}

static bool is_full_of(struct page *p, u64 word)
{
	u64 *words = page_address(p);

	return words[0] == word && !memcmp(words, words + 1, PAGE_SIZE - 8);
}

static inline void read_it(void)
{
	expect_eq(touch(false), 0);
	done();
}

/* What may happen meanwhile. */
static inline void written_by_another(void)
{
	to_frame(PP_FRAME, 0);
}

static inline void cut(void)
{
	inode.i_size = 0;
}

static inline void killed(void)
{
	shim_killed = true;
}

#endif /* UNIT_ACCESS_BENCH_H */
