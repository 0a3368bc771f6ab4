// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/slab.h>
#include "store/slots.h"
#include "store/store.h"

#define META_CODEC_SHIFT 13

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

static int chunk_add(struct pp_slots *slots)
{
	struct page *page = pp_store_meta_page(slots->store);
	struct pp_chunk *chunk;
	unsigned int i;
	u32 n;

	if (!page)
		return -ENOMEM;
	chunk = page_address(page);
	for (i = 0; i < PP_CHUNK_SLOTS; i++)
		chunk->where[i] = i + 1 < PP_CHUNK_SLOTS ? i + 1 : PP_NO_SLOT;
	chunk->free = 0;
	chunk->used = 0;
	if (xa_alloc(&slots->chunks, &n, chunk, XA_LIMIT(0, PP_NO_CHUNK - 1),
		     GFP_NOWAIT | __GFP_NOWARN)) {
		__free_page(page);
		return -ENOMEM;
	}
	spin_lock(&slots->lock);
	partial_push(slots, chunk, n);
	pp_store_count_meta(slots->store, 1);
	spin_unlock(&slots->lock);
	return 0;
}

int pp_slot_alloc(struct pp_slots *slots, const struct pp_slot *slot, u64 *number)
{
	struct pp_chunk *chunk;
	unsigned int i;
	u32 n;

	spin_lock(&slots->lock);
	while (slots->partial == PP_NO_CHUNK) {
		spin_unlock(&slots->lock);
		if (chunk_add(slots))
			return -ENOMEM;
		spin_lock(&slots->lock);
	}
	n = slots->partial;
	chunk = chunk_at(slots, n);
	i = chunk->free;
	chunk->free = chunk->where[i];
	chunk->used++;
	if (chunk->free == PP_NO_SLOT)
		partial_remove(slots, chunk);
	chunk->where[i] = slot->where;
	chunk->meta[i] = slot->len | (u32)slot->codec << META_CODEC_SHIFT;
	spin_unlock(&slots->lock);
	*number = (u64)n * PP_CHUNK_SLOTS + i;
	return 0;
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
	if (empty) {
		/* Off the list and without a user: nobody else can find it any more. */
		xa_erase(&slots->chunks, n);
		free_page((unsigned long)chunk);
	}
}
