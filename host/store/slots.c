// SPDX-License-Identifier: GPL-2.0-only
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "control/trace.h"
#include "store/cipher.h"
#include "store/slots.h"
#include "store/store.h"

/* struct pp_chunk.place, from bit 0: length, codec, where. */
#define PLACE_LEN_BITS	13
#define PLACE_CODEC_BITS	3
/* A raw page has the length of a page. */
static_assert(PAGE_SIZE < 1 << PLACE_LEN_BITS);
static_assert(PLACE_LEN_BITS + PLACE_CODEC_BITS + PP_WHERE_BITS == 64);

/* struct pp_chunk.print, above the print itself. */
#define PRINT_MASK	((1U << PP_PRINT_BITS) - 1)
#define PRINT_LIVE	(1U << 27)
#define PRINT_FAR	(1U << 28)
#define PRINT_MOVED	(1U << 29)
#define PRINT_LISTED	(1U << 30)
#define PRINT_SHARED	(1U << 31)

#define PP_NO_LINK	U32_MAX
/* Numbers of slots are links, and one is none. */
#define MAX_CHUNKS	(U32_MAX / PP_CHUNK_SLOTS)

/* Heads of lists in one page; the first page is always there. */
#define PAGE_LISTS	(PAGE_SIZE / sizeof(u32))
#define MAX_LISTS	(1U << PP_PRINT_BITS)
/* Slots on a list, on average, from which on there shall be more lists; fewer from one on. */
#define LIST_LONG	4

static_assert(sizeof(struct pp_chunk) <= PAGE_SIZE);
static_assert(1U << PP_PRINT_BITS == PRINT_LIVE);

static struct pp_chunk *chunk_at(struct pp_slots *slots, u32 n)
{
	return xa_load(&slots->chunks, n);
}

static struct pp_chunk *chunk_of(struct pp_slots *slots, u64 number)
{
	return chunk_at(slots, number / PP_CHUNK_SLOTS);
}

static u32 *print_of(struct pp_slots *slots, u32 number)
{
	return &chunk_of(slots, number)->print[number % PP_CHUNK_SLOTS];
}

static u32 *link_of(struct pp_slots *slots, u32 number)
{
	return &chunk_of(slots, number)->link[number % PP_CHUNK_SLOTS];
}

static u32 *head_at(struct pp_slots *slots, u32 list)
{
	u32 *heads = xa_load(&slots->lists, list / PAGE_LISTS);

	return heads + list % PAGE_LISTS;
}

/* The list that was split to make list @list, and into which that goes back. */
static u32 parent_of(u32 list)
{
	return list - rounddown_pow_of_two(list);
}

static u32 list_for(struct pp_slots *slots, u32 print)
{
	u32 list = print & (roundup_pow_of_two(slots->nr_lists) - 1);

	return list < slots->nr_lists ? list : parent_of(list);
}

static int add_lists(struct pp_slots *slots, u32 list)
{
	struct page *page = pp_store_meta_page(slots->store);
	int err;

	if (!page)
		return -ENOMEM;
	err = xa_insert(&slots->lists, list / PAGE_LISTS, page_address(page),
			GFP_NOWAIT | __GFP_NOWARN);
	if (err)
		__free_page(page);
	return err;
}

static void free_lists(struct pp_slots *slots, u32 list)
{
	free_page((unsigned long)xa_erase(&slots->lists, list / PAGE_LISTS));
}

/* Splits a list when there are many slots; if there is no memory for its head, another time. */
static void split_list(struct pp_slots *slots)
{
	u32 new = slots->nr_lists, number, *from, *to;

	if (slots->listed <= (unsigned long)new * LIST_LONG || new == MAX_LISTS)
		return;
	if (!(new % PAGE_LISTS)) {
		if (add_lists(slots, new))
			return;
		pp_store_count(slots->store, PP_COUNT_META, 1);
	}
	slots->nr_lists++;
	from = head_at(slots, parent_of(new));
	to = head_at(slots, new);
	/* Both keep the order, newest first. */
	for (number = *from; number != PP_NO_LINK; number = *link_of(slots, number)) {
		u32 **end = list_for(slots, *print_of(slots, number) & PRINT_MASK) == new ?
			    &to : &from;

		**end = number;
		*end = link_of(slots, number);
	}
	*from = PP_NO_LINK;
	*to = PP_NO_LINK;
}

/* Undoes the last split when there are few slots. Those with the same print keep their order. */
static void join_list(struct pp_slots *slots)
{
	u32 last = slots->nr_lists - 1, *end, *to;

	if (slots->nr_lists == PAGE_LISTS || slots->listed >= slots->nr_lists)
		return;
	to = head_at(slots, parent_of(last));
	for (end = to; *end != PP_NO_LINK; end = link_of(slots, *end))
		;
	*end = *head_at(slots, last);
	slots->nr_lists--;
	if (!(last % PAGE_LISTS)) {
		free_lists(slots, last);
		pp_store_count(slots->store, PP_COUNT_META, -1);
	}
}

static void list_slot(struct pp_slots *slots, u32 number, u32 print)
{
	u32 *head = head_at(slots, list_for(slots, print));

	*print_of(slots, number) |= PRINT_LISTED;
	*link_of(slots, number) = *head;
	*head = number;
	slots->listed++;
	split_list(slots);
}

static void unlist_slot(struct pp_slots *slots, u32 number)
{
	u32 *at = head_at(slots, list_for(slots, *print_of(slots, number) & PRINT_MASK));

	while (*at != number)
		at = link_of(slots, *at);
	*at = *link_of(slots, number);
	*print_of(slots, number) &= ~PRINT_LISTED;
	slots->listed--;
	/* From there on, lists go as fast as slots. */
	join_list(slots);
}

struct pp_slots *pp_slots_create(struct pp_store *store)
{
	struct pp_slots *slots = kzalloc(sizeof(*slots), GFP_KERNEL_ACCOUNT);
	u32 *heads = (u32 *)__get_free_page(GFP_KERNEL_ACCOUNT);

	if (!slots || !heads)
		goto fail;
	refcount_set(&slots->users, 1);
	INIT_LIST_HEAD(&slots->all);
	spin_lock_init(&slots->lock);
	xa_init_flags(&slots->chunks, XA_FLAGS_ALLOC);
	xa_init(&slots->extra);
	xa_init(&slots->lists);
	if (xa_insert(&slots->lists, 0, heads, GFP_KERNEL))
		goto fail;
	memset32(heads, PP_NO_LINK, PAGE_LISTS);
	slots->partial = PP_NO_CHUNK;
	slots->nr_lists = PAGE_LISTS;
	slots->seed = get_random_u64();
	slots->store = store;
	return slots;
fail:
	free_page((unsigned long)heads);
	kfree(slots);
	return NULL;
}

void pp_slots_put(struct pp_slots *slots)
{
	if (!refcount_dec_and_test(&slots->users))
		return;
	free_lists(slots, 0);
	xa_destroy(&slots->lists);
	xa_destroy(&slots->extra);
	xa_destroy(&slots->chunks);
	pp_cipher_destroy(slots->cipher);
	kfree(slots);
}

static void partial_push(struct pp_slots *slots, struct pp_chunk *chunk, u32 n)
{
	chunk->prev = PP_NO_CHUNK;
	chunk->next = slots->partial;
	if (chunk->next != PP_NO_CHUNK)
		chunk_at(slots, chunk->next)->prev = n;
	slots->partial = n;
}

static void partial_remove(struct pp_slots *slots, struct pp_chunk *chunk)
{
	if (chunk->next != PP_NO_CHUNK)
		chunk_at(slots, chunk->next)->prev = chunk->prev;
	if (chunk->prev != PP_NO_CHUNK)
		chunk_at(slots, chunk->prev)->next = chunk->next;
	else
		slots->partial = chunk->next;
}

/* An empty chunk, numbered *@n; nobody else finds it before partial_push(). */
static struct pp_chunk *chunk_new(struct pp_slots *slots, u32 *n)
{
	struct page *page = pp_store_meta_page(slots->store);
	struct pp_chunk *chunk;
	unsigned int i;

	if (!page)
		return NULL;
	chunk = page_address(page);
	for (i = 0; i < PP_CHUNK_SLOTS; i++)
		chunk->place[i] = i + 1 < PP_CHUNK_SLOTS ? i + 1 : PP_NO_SLOT;
	bitmap_zero(chunk->ripe, PP_CHUNK_SLOTS);
	chunk->free = 0;
	chunk->used = 0;
	if (xa_alloc(&slots->chunks, n, chunk, XA_LIMIT(0, MAX_CHUNKS - 1),
		     GFP_NOWAIT | __GFP_NOWARN)) {
		__free_page(page);
		return NULL;
	}
	return chunk;
}

static u64 pack(const struct pp_slot *slot)
{
	return slot->where << (PLACE_LEN_BITS + PLACE_CODEC_BITS) |
	       (u64)slot->codec << PLACE_LEN_BITS | slot->len;
}

/* Under the lock: fills in a slot of the first chunk that has one free. Return: its number. */
static u32 slot_take(struct pp_slots *slots, const struct pp_slot *slot)
{
	u32 n = slots->partial;
	struct pp_chunk *chunk = chunk_at(slots, n);
	unsigned int i = chunk->free;

	chunk->free = chunk->place[i];
	chunk->used++;
	if (chunk->free == PP_NO_SLOT)
		partial_remove(slots, chunk);
	chunk->place[i] = pack(slot);
	chunk->print[i] = slot->print | PRINT_LIVE;
	return n * PP_CHUNK_SLOTS + i;
}

/* Under the lock. Where there was a number already, nothing is allocated. Return: 0 or -ENOMEM. */
static int set_extra(struct pp_slots *slots, u32 number, unsigned long extra)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	unsigned int flags;
	void *was;

	was = xa_store(&slots->extra, number, xa_mk_value(extra), gfp);
	if (!xa_err(was))
		return 0;
	/* The page that is to share would take more. */
	flags = memalloc_noreclaim_save();
	was = xa_store(&slots->extra, number, xa_mk_value(extra), gfp);
	memalloc_noreclaim_restore(flags);
	return xa_err(was);
}

/* Under the lock: one more reference. Return: false when there is no memory for it. */
static bool slot_get(struct pp_slots *slots, u32 number)
{
	unsigned long extra = 0;

	if (*print_of(slots, number) & PRINT_SHARED)
		extra = xa_to_value(xa_load(&slots->extra, number));
	if (set_extra(slots, number, extra + 1))
		return false;
	*print_of(slots, number) |= PRINT_SHARED;
	pp_store_count(slots->store, PP_COUNT_SAVED, 1);
	trace_pagepact_slot(number, extra + 1, extra + 2);
	return true;
}

/*
 * Under the lock: slots with @print that are listed, on devices or in memory, newest first, into
 * @at. Return: how many.
 */
static unsigned int find_print(struct pp_slots *slots, u32 print, bool far, u32 at[PP_MAX_TWINS])
{
	u32 number = *head_at(slots, list_for(slots, print));
	u32 want = print | (far ? PRINT_FAR : 0);
	unsigned int n = 0;

	for (; number != PP_NO_LINK; number = *link_of(slots, number))
		if ((*print_of(slots, number) & (PRINT_MASK | PRINT_FAR)) == want)
			at[n++] = number;
	return n;
}

/*
 * Under the lock: lists a new slot, if not too many have its print; the oldest of these, with a
 * reference, into @twin.
 */
static void list_new(struct pp_slots *slots, u32 number, u32 print, u64 *twin)
{
	u32 at[PP_MAX_TWINS];
	unsigned int n = find_print(slots, print, false, at);

	if (n && slot_get(slots, at[n - 1]))
		*twin = at[n - 1];
	if (n < PP_MAX_TWINS)
		list_slot(slots, number, print);
}

int pp_slot_alloc(struct pp_slots *slots, const struct pp_slot *slot, u64 *number, u64 *twin)
{
	struct pp_chunk *fresh = NULL;
	u32 n;
	int err = -ENOMEM;

	spin_lock(&slots->lock);
	if (slots->partial == PP_NO_CHUNK) {
		spin_unlock(&slots->lock);
		fresh = chunk_new(slots, &n);
		spin_lock(&slots->lock);
		/* On the list only when it is used at once: an empty chunk would never be freed. */
		if (fresh && slots->partial == PP_NO_CHUNK) {
			partial_push(slots, fresh, n);
			pp_store_count(slots->store, PP_COUNT_META, 1);
			fresh = NULL;
		}
	}
	if (slots->partial != PP_NO_CHUNK) {
		*number = slot_take(slots, slot);
		if (twin)
			list_new(slots, *number, slot->print, twin);
		pp_store_count(slots->store, PP_COUNT_SLOTS, 1);
		trace_pagepact_slot(*number, 0, 1);
		err = 0;
	}
	if (fresh)
		xa_erase(&slots->chunks, n);
	spin_unlock(&slots->lock);
	free_page((unsigned long)fresh);
	return err;
}

/* Under the lock. */
static void slot_unpack(struct pp_slots *slots, u64 number, struct pp_slot *slot)
{
	u64 place = chunk_of(slots, number)->place[number % PP_CHUNK_SLOTS];

	slot->where = place >> (PLACE_LEN_BITS + PLACE_CODEC_BITS);
	slot->codec = place >> PLACE_LEN_BITS & ((1 << PLACE_CODEC_BITS) - 1);
	slot->len = place & ((1 << PLACE_LEN_BITS) - 1);
	slot->print = *print_of(slots, number) & PRINT_MASK;
	slot->far = *print_of(slots, number) & PRINT_FAR;
}

/* Under the lock. */
static void set_ripe(struct pp_slots *slots, u64 number, bool ripe)
{
	struct pp_chunk *chunk = chunk_of(slots, number);
	unsigned int i = number % PP_CHUNK_SLOTS;
	int len = chunk->place[i] & ((1 << PLACE_LEN_BITS) - 1);

	if (test_bit(i, chunk->ripe) == ripe)
		return;
	__assign_bit(i, chunk->ripe, ripe);
	pp_store_count(slots->store, PP_COUNT_RIPE, ripe ? 1 : -1);
	pp_store_count(slots->store, PP_COUNT_RIPE_BYTES, ripe ? len : -len);
	trace_pagepact_ripe(number, ripe);
}

bool pp_slot_ripen(struct pp_slots *slots, u64 number, bool ripe)
{
	struct pp_chunk *chunk = chunk_of(slots, number);
	unsigned int i = number % PP_CHUNK_SLOTS;
	bool far;

	/* A slot that is referred to keeps its chunk and its length. Most need no change. */
	if (!(READ_ONCE(chunk->place[i]) & ((1 << PLACE_LEN_BITS) - 1)))
		return false;
	if (READ_ONCE(chunk->print[i]) & PRINT_FAR)
		return true;
	if (test_bit(i, chunk->ripe) == ripe)
		return ripe;
	spin_lock(&slots->lock);
	far = chunk->print[i] & PRINT_FAR;
	if (!far)
		set_ripe(slots, number, ripe);
	spin_unlock(&slots->lock);
	return far || ripe;
}

bool pp_slot_read(struct pp_slots *slots, u64 number, struct pp_slot *slot)
{
	bool shared;

	spin_lock(&slots->lock);
	slot_unpack(slots, number, slot);
	shared = *print_of(slots, number) & PRINT_SHARED;
	spin_unlock(&slots->lock);
	return shared;
}

bool pp_slot_find(struct pp_slots *slots, u32 print, unsigned int skip, u64 *number)
{
	u32 at[PP_MAX_TWINS];
	unsigned int n;
	bool found;

	spin_lock(&slots->lock);
	n = find_print(slots, print, false, at);
	found = n > skip && slot_get(slots, at[n - 1 - skip]);
	if (found)
		*number = at[n - 1 - skip];
	spin_unlock(&slots->lock);
	return found;
}

bool pp_slot_find_far(struct pp_slots *slots, u64 number, unsigned int skip, u64 *twin)
{
	u32 at[PP_MAX_TWINS], print;
	bool found = false;
	unsigned int n;

	spin_lock(&slots->lock);
	print = *print_of(slots, number);
	if (print & PRINT_LISTED) {
		n = find_print(slots, print & PRINT_MASK, true, at);
		found = n > skip && slot_get(slots, at[n - 1 - skip]);
		if (found)
			*twin = at[n - 1 - skip];
	}
	spin_unlock(&slots->lock);
	return found;
}

bool pp_slot_known(struct pp_slots *slots, u32 print)
{
	u32 at[PP_MAX_TWINS];
	bool known;

	spin_lock(&slots->lock);
	known = find_print(slots, print, false, at);
	spin_unlock(&slots->lock);
	return known;
}

bool pp_slot_hold(struct pp_slots *slots, u64 number)
{
	bool held;

	spin_lock(&slots->lock);
	held = slot_get(slots, number);
	spin_unlock(&slots->lock);
	return held;
}

bool pp_slot_put(struct pp_slots *slots, u64 number, struct pp_slot *slot)
{
	unsigned long extra = 0;
	bool moved = false;

	spin_lock(&slots->lock);
	if (*print_of(slots, number) & PRINT_SHARED) {
		extra = xa_to_value(xa_load(&slots->extra, number));
		if (extra > 1) {
			set_extra(slots, number, extra - 1);
		} else {
			xa_erase(&slots->extra, number);
			*print_of(slots, number) &= ~PRINT_SHARED;
		}
		pp_store_count(slots->store, PP_COUNT_SAVED, -1);
	} else {
		slot_unpack(slots, number, slot);
		if (*print_of(slots, number) & PRINT_LISTED)
			unlist_slot(slots, number);
		set_ripe(slots, number, false);
		*print_of(slots, number) &= ~PRINT_LIVE;
		moved = *print_of(slots, number) & PRINT_MOVED;
		pp_store_count(slots->store, PP_COUNT_SLOTS, -1);
	}
	trace_pagepact_slot(number, extra + 1, extra);
	spin_unlock(&slots->lock);
	return !extra && !moved;
}

/* Under the lock: is slot @i of a chunk one of those that may be moved? */
static bool may_move(struct pp_chunk *chunk, unsigned int i, enum pp_which which)
{
	u32 print = chunk->print[i];

	return (print & (PRINT_LIVE | PRINT_MOVED)) == PRINT_LIVE &&
	       !(print & PRINT_FAR) == (which != PP_WHICH_FAR);
}

/* Under the lock: the first slot from @i on that may be one. */
static unsigned int first_from(struct pp_chunk *chunk, unsigned int i, enum pp_which which)
{
	return which == PP_WHICH_RIPE ? find_next_bit(chunk->ripe, PP_CHUNK_SLOTS, i) : i;
}

bool pp_slot_move(struct pp_slots *slots, u64 *hand, enum pp_which which, u64 *number,
		  struct pp_slot *slot)
{
	unsigned long n = *hand / PP_CHUNK_SLOTS;
	unsigned int i = *hand % PP_CHUNK_SLOTS;
	bool found = false;
	struct pp_chunk *chunk;

	for (;;) {
		spin_lock(&slots->lock);
		chunk = xa_find(&slots->chunks, &n, ULONG_MAX, XA_PRESENT);
		if (!chunk) {
			spin_unlock(&slots->lock);
			return false;
		}
		if (n != *hand / PP_CHUNK_SLOTS)
			i = 0;
		for (i = first_from(chunk, i, which); i < PP_CHUNK_SLOTS && !found;
		     i = first_from(chunk, i + 1, which)) {
			if (!may_move(chunk, i, which))
				continue;
			*number = (u64)n * PP_CHUNK_SLOTS + i;
			slot_unpack(slots, *number, slot);
			/* A repeated word is in no tier. */
			found = slot->len;
			if (found)
				chunk->print[i] |= PRINT_MOVED;
		}
		spin_unlock(&slots->lock);
		if (found)
			break;
		i = 0;
		*hand = ++n * PP_CHUNK_SLOTS;
		cond_resched();
	}
	*hand = *number + 1;
	return true;
}

bool pp_slot_moved(struct pp_slots *slots, u64 number, const struct pp_slot *to, bool twin)
{
	u32 *print = print_of(slots, number), at[PP_MAX_TWINS];
	bool live;

	spin_lock(&slots->lock);
	live = *print & PRINT_LIVE;
	*print &= ~PRINT_MOVED;
	if (live && to) {
		/* One of those whose bytes are the same is enough to find them. */
		twin |= find_print(slots, *print & PRINT_MASK, to->far, at) == PP_MAX_TWINS;
		if (twin && (*print & PRINT_LISTED))
			unlist_slot(slots, number);
		set_ripe(slots, number, false);
		chunk_of(slots, number)->place[number % PP_CHUNK_SLOTS] = pack(to);
		*print = to->far ? *print | PRINT_FAR : *print & ~PRINT_FAR;
	}
	spin_unlock(&slots->lock);
	return live;
}

void pp_slot_free(struct pp_slots *slots, u64 number)
{
	u32 n = number / PP_CHUNK_SLOTS;
	unsigned int i = number % PP_CHUNK_SLOTS;
	struct pp_chunk *chunk;
	bool empty;

	spin_lock(&slots->lock);
	chunk = chunk_at(slots, n);
	if (chunk->free == PP_NO_SLOT)
		partial_push(slots, chunk, n);
	chunk->place[i] = chunk->free;
	chunk->free = i;
	empty = !--chunk->used;
	if (empty) {
		partial_remove(slots, chunk);
		xa_erase(&slots->chunks, n);
		pp_store_count(slots->store, PP_COUNT_META, -1);
	}
	spin_unlock(&slots->lock);
	if (empty)
		free_page((unsigned long)chunk);
}
