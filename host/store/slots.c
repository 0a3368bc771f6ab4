// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/slab.h>
#include "store/slots.h"
#include "store/store.h"

#define META_CODEC_SHIFT 13
/* A raw page has the length of a page. */
static_assert(PAGE_SIZE < 1 << META_CODEC_SHIFT);

static_assert(sizeof(struct pp_chunk) <= PAGE_SIZE);

struct pp_slots *pp_slots_create(struct pp_store *store)
{
	struct pp_slots *slots = kzalloc(sizeof(*slots), GFP_KERNEL);

	if (!slots)
		return NULL;
	spin_lock_init(&slots->lock);
	xa_init_flags(&slots->chunks, XA_FLAGS_ALLOC);
	slots->partial = PP_NO_CHUNK;
	slots->store = store;
	return slots;
}

void pp_slots_destroy(struct pp_slots *slots)
{
	xa_destroy(&slots->chunks);
	kfree(slots);
}

static struct pp_chunk *chunk_at(struct pp_slots *slots, u32 n)
{
	return xa_load(&slots->chunks, n);
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
		chunk->where[i] = i + 1 < PP_CHUNK_SLOTS ? i + 1 : PP_NO_SLOT;
	chunk->free = 0;
	chunk->used = 0;
	if (xa_alloc(&slots->chunks, n, chunk, XA_LIMIT(0, PP_NO_CHUNK - 1),
		     GFP_NOWAIT | __GFP_NOWARN)) {
		__free_page(page);
		return NULL;
	}
	return chunk;
}

/* Off the list and without a user: nobody else can find it any more. */
static void chunk_free(struct pp_slots *slots, struct pp_chunk *chunk, u32 n)
{
	xa_erase(&slots->chunks, n);
	free_page((unsigned long)chunk);
}

/* Under the lock: fills in a slot of the first chunk that has one free. Return: its number. */
static u64 slot_take(struct pp_slots *slots, const struct pp_slot *slot)
{
	u32 n = slots->partial;
	struct pp_chunk *chunk = chunk_at(slots, n);
	unsigned int i = chunk->free;

	chunk->free = chunk->where[i];
	chunk->used++;
	if (chunk->free == PP_NO_SLOT)
		partial_remove(slots, chunk);
	chunk->where[i] = slot->where;
	chunk->meta[i] = slot->len | (u32)slot->codec << META_CODEC_SHIFT;
	return (u64)n * PP_CHUNK_SLOTS + i;
}

int pp_slot_alloc(struct pp_slots *slots, const struct pp_slot *slot, u64 *number)
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
			pp_store_count_meta(slots->store, 1);
			fresh = NULL;
		}
	}
	if (slots->partial != PP_NO_CHUNK) {
		*number = slot_take(slots, slot);
		err = 0;
	}
	spin_unlock(&slots->lock);
	if (fresh)
		chunk_free(slots, fresh, n);
	return err;
}

void pp_slot_read(struct pp_slots *slots, u64 number, struct pp_slot *slot)
{
	unsigned int i = number % PP_CHUNK_SLOTS;
	struct pp_chunk *chunk = chunk_at(slots, number / PP_CHUNK_SLOTS);

	/* The slot is the caller's own: its words and its chunk stay as they are. */
	slot->where = chunk->where[i];
	slot->len = chunk->meta[i] & ((1 << META_CODEC_SHIFT) - 1);
	slot->codec = chunk->meta[i] >> META_CODEC_SHIFT;
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
	chunk->where[i] = chunk->free;
	chunk->free = i;
	empty = !--chunk->used;
	if (empty) {
		partial_remove(slots, chunk);
		pp_store_count_meta(slots->store, -1);
	}
	spin_unlock(&slots->lock);
	if (empty)
		chunk_free(slots, chunk, n);
}
