/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slots: one domain's numbered places of stored pages. A slot tells where in the tier the bytes are
 * and in which form; its number is what a home remembers, so that bytes can move without anybody's
 * home changing.
 *
 * Twelve bytes a slot, in chunks of one page each, allocated as they are needed and given back
 * when they are empty.
 */
#ifndef PAGEPACT_STORE_SLOTS_H
#define PAGEPACT_STORE_SLOTS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

/**
 * struct pp_slot - what one slot says (the unpacked form)
 * @where: tier's handle; for a page of one repeated word the word itself
 * @len: bytes stored, 1..PAGE_SIZE; 0 = one repeated word, no tier involved
 * @codec: enum pp_codec_id; PP_CODEC_RAW when @len is PAGE_SIZE
 */
struct pp_slot {
	u64 where;
	u16 len;
	u8 codec;
};

/* Slots in a chunk of one page, beside 16 bytes for struct pp_chunk's own fields. */
#define PP_CHUNK_SLOTS	((PAGE_SIZE - 16) / 12)
#define PP_NO_CHUNK	U32_MAX
#define PP_NO_SLOT	U16_MAX

/**
 * struct pp_chunk - one page of slots
 * @where: struct pp_slot.where; in a free slot the index of the next free one
 * @meta: length and codec, packed
 * @next: next chunk with free slots, or PP_NO_CHUNK
 * @prev: previous chunk with free slots, or PP_NO_CHUNK
 * @free: index of the first free slot, or PP_NO_SLOT
 * @used: number of slots in use
 */
struct pp_chunk {
	u64 where[PP_CHUNK_SLOTS];
	u32 meta[PP_CHUNK_SLOTS];
	u32 next;
	u32 prev;
	u16 free;
	u16 used;
};

/**
 * struct pp_slots - a domain's slots
 * @lock: protects everything here
 * @chunks: number -> chunk
 * @partial: first chunk with free slots, or PP_NO_CHUNK
 * @store: the pool's tiers, for those who have only the slots at hand
 */
struct pp_slots {
	spinlock_t lock;
	struct xarray chunks;
	u32 partial;
	struct pp_store *store;
};

struct pp_store;

/**
 * pp_slots_create - makes a slot space
 * @store: the store
 * Return: an empty one on @store, or NULL.
 */
struct pp_slots *pp_slots_create(struct pp_store *store);

/**
 * pp_slots_destroy - frees @slots, in which nothing is in use any more
 * @slots: the domain's slots
 */
void pp_slots_destroy(struct pp_slots *slots);

/**
 * pp_slot_alloc - takes a free slot and fills it in
 * @slots: the domain's slots
 * @slot: what it shall say
 * @number: set to its number
 * Return: 0 or -ENOMEM. Does not sleep; the store's reserve stands behind its allocations.
 */
int pp_slot_alloc(struct pp_slots *slots, const struct pp_slot *slot, u64 *number);

/**
 * pp_slot_read - what slot @number of @slots says, into @slot
 * @slots: the domain's slots
 * @number: a slot the caller owns
 * @slot: filled
 */
void pp_slot_read(struct pp_slots *slots, u64 number, struct pp_slot *slot);

/**
 * pp_slot_free - gives slot @number of @slots back; its bytes are gone from the tier already
 * @slots: the domain's slots
 * @number: a slot the caller owns
 */
void pp_slot_free(struct pp_slots *slots, u64 number);

#endif /* PAGEPACT_STORE_SLOTS_H */
