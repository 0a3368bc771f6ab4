/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slots: one domain's numbered places of stored pages (S21). A slot tells where in the tier the
 * bytes are and in which form; its number is what a home remembers, so that bytes can move without
 * anybody's home changing.
 *
 * DOC: states of a slot
 *
 *   free    on its chunk's list of free slots.
 *   live    one home refers to it.
 *   shared  several do: equal pages, of one region or of several.
 *   dead    nobody does, but its bytes are not gone yet.
 *
 *   free -> live       pp_slot_alloc()
 *   live -> shared     pp_slot_find(), by an equal page; pp_slot_hold(), by who reads it
 *   shared -> live     pp_slot_put(), of the last but one
 *   live -> dead       pp_slot_put(), of the last one
 *   dead -> free       pp_slot_free(), by whoever let the bytes go
 *
 * Each home that has a slot's number, and whoever found one and has not decided yet, holds one
 * reference. Nobody finds a slot after its last pp_slot_put().
 *
 * A slot in memory is ripe when whoever knows its pages has found that its bytes are better on a
 * device (pp_slot_ripen()): such slots are moved first.
 *
 * While a slot that is not free is moved, its bytes are about to be in another tier as well. Who
 * moves it (pp_slot_move()) ends that by pp_slot_moved(), and if the slot died meanwhile, lets the
 * bytes go, both of them.
 *
 * Sixteen bytes a slot, in chunks of one page each, allocated as they are needed and given back
 * when they are empty. Slots are found by what was computed from their page's bytes, its print: by
 * linear hashing (Litwin, VLDB 1980), whose table grows and shrinks by one list at a time: there
 * is no large allocation while memory is short, and where a small one fails, lists get longer.
 * References beyond the first stand beside the slots, in an xarray: few slots have any.
 */
#ifndef PAGEPACT_STORE_SLOTS_H
#define PAGEPACT_STORE_SLOTS_H

#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct pp_store;

/* Bits of struct pp_slot.where and .print. */
#define PP_WHERE_BITS	48
#define PP_PRINT_BITS	27

/**
 * struct pp_slot - what one slot says (the unpacked form)
 * @where: tier's handle, PP_WHERE_BITS; for a page of one repeated word the lower bits of that word
 * @print: from the page's bytes, PP_PRINT_BITS: equal pages have equal ones
 * @len: bytes stored, 1..PAGE_SIZE; 0 = one repeated word, no tier involved
 * @codec: enum pp_codec_id; PP_CODEC_RAW when @len is PAGE_SIZE
 * @far: the bytes are on a device, see store/tiers.h
 */
struct pp_slot {
	u64 where;
	u32 print;
	u16 len;
	u8 codec;
	bool far;
};

/* Slots in a chunk of one page, beside 48 bytes for struct pp_chunk's own fields. */
#define PP_CHUNK_SLOTS	((PAGE_SIZE - 48) / 16)
#define PP_NO_CHUNK	U32_MAX
#define PP_NO_SLOT	U16_MAX
/* Slots with the same print that are listed, so that lists stay short whatever is stored. */
#define PP_MAX_TWINS	4
/* No slot has this number. */
#define PP_NO_NUMBER	U64_MAX

/**
 * struct pp_chunk - one page of slots
 * @place: where, length and codec, packed; in a free slot the index of the next free one
 * @print: print, and whether the slot is live, far, moved, listed, shared, packed
 * @link: of a listed slot, number of the next slot of the same list, or PP_NO_LINK
 * @ripe: bitmap of slots whose bytes are to go to a device
 * @next: next chunk with free slots, or PP_NO_CHUNK
 * @prev: previous chunk with free slots, or PP_NO_CHUNK
 * @free: index of the first free slot, or PP_NO_SLOT
 * @used: number of slots in use
 */
struct pp_chunk {
	u64 place[PP_CHUNK_SLOTS];
	DECLARE_BITMAP(ripe, PP_CHUNK_SLOTS);
	u32 print[PP_CHUNK_SLOTS];
	u32 link[PP_CHUNK_SLOTS];
	u32 next;
	u32 prev;
	u16 free;
	u16 used;
};

/**
 * struct pp_slots - a domain's slots
 * @users: the domain, and who moves slots
 * @all: on the list of store/tiers.c
 * @pass: of struct pp_tiers, in which it was seen last; under that one's lock
 * @lock: protects everything here that is not constant, but for these
 * @chunks: number -> chunk
 * @partial: first chunk with free slots, or PP_NO_CHUNK
 * @extra: number of a shared slot -> references beyond the first
 * @lists: pages of heads of lists
 * @nr_lists: lists in use
 * @listed: slots on them
 * @seed: of the prints, constant; unknown to guests, who could fill a list of their choice else
 * @store: the pool's tiers, for those who have only the slots at hand; constant
 * @cipher: encrypts what goes to a device; NULL until the first does; READ_ONCE()
 */
struct pp_slots {
	refcount_t users;
	struct list_head all;
	unsigned int pass;
	spinlock_t lock;
	struct xarray chunks;
	u32 partial;
	struct xarray extra;
	struct xarray lists;
	u32 nr_lists;
	unsigned long listed;
	u64 seed;
	struct pp_store *store;
	struct pp_cipher *cipher;
};

/**
 * pp_slots_create - makes a slot space
 * @store: the store
 * Return: an empty one on @store, or NULL.
 */
struct pp_slots *pp_slots_create(struct pp_store *store);

/**
 * pp_slots_put - gives up the use of a slot space; the last one frees it
 * @slots: the domain's slots, none of which is live when the domain gives it up
 */
void pp_slots_put(struct pp_slots *slots);

/**
 * pp_slot_alloc - takes a free slot and fills it in
 * @slots: the domain's slots
 * @slot: what it shall say
 * @number: set to its number; the caller has the only reference
 * @twin: NULL: it is not to be found by its print; or set to the oldest slot that had the same
 *	print already, and the caller has a reference to that, too. Stays as it was if there is
 *	none, or no memory for the reference.
 *
 * Of two callers with equal pages only the second one finds a twin. Where PP_MAX_TWINS slots have
 * the print already, the new one is not found by it.
 *
 * Return: 0 or -ENOMEM. Does not sleep; the store's reserve stands behind its allocations.
 */
int pp_slot_alloc(struct pp_slots *slots, const struct pp_slot *slot, u64 *number, u64 *twin);

/**
 * pp_slot_read - what slot @number of @slots says, into @slot
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * @slot: filled
 * Return: true when others refer to it as well; that may change at any time.
 */
bool pp_slot_read(struct pp_slots *slots, u64 number, struct pp_slot *slot);

/**
 * pp_slot_find - looks for a slot in memory by its print, and takes a reference to it
 * @slots: the domain's slots
 * @print: from the bytes of a page
 * @skip: so many that are older are passed over
 * @number: set to the number of the oldest one but these
 *
 * What was found may hold another page with the same print.
 *
 * Return: true when there is one; false also when there is no memory for the reference.
 */
bool pp_slot_find(struct pp_slots *slots, u32 print, unsigned int skip, u64 *number);

/**
 * pp_slot_find_far - looks for a slot on a device that may have the same bytes as one in memory
 * @slots: the domain's slots
 * @number: the one in memory, which the caller moves
 * @skip: so many that are older are passed over
 * @twin: set to the number of the other one, to which the caller gets a reference
 * Return: true when there is one with the same print, both being such as are found by it.
 */
bool pp_slot_find_far(struct pp_slots *slots, u64 number, unsigned int skip, u64 *twin);

/**
 * pp_slot_known - is there a slot in memory with this print?
 * @slots: the domain's slots
 * @print: from the bytes of a page
 * Return: true when there is one; it may be gone at once.
 */
bool pp_slot_known(struct pp_slots *slots, u32 print);

/**
 * pp_slot_put - gives up a reference
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * @slot: set to what it said, if it was the last one
 *
 * After the last one the caller lets the bytes go, and then calls pp_slot_free(); or whoever moves
 * the slot does.
 *
 * Return: true when it was the last one, and nobody moves the slot.
 */
bool pp_slot_put(struct pp_slots *slots, u64 number, struct pp_slot *slot);

/**
 * pp_slot_hold - takes another reference
 * @slots: the domain's slots
 * @number: a slot whose references cannot all go meanwhile
 * Return: true; false when there is no memory for it.
 */
bool pp_slot_hold(struct pp_slots *slots, u64 number);

/**
 * pp_slot_ripen - says whether the bytes of a slot are better on a device
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * @ripe: whether they are
 *
 * Of a slot that several pages share, the last word counts.
 *
 * Return: true when they will be on a device, or are there already; false also for a repeated word,
 * which is in no tier.
 */
bool pp_slot_ripen(struct pp_slots *slots, u64 number, bool ripe);

/**
 * enum pp_which - slots to be moved
 * @PP_WHICH_NEAR: with bytes in memory
 * @PP_WHICH_RIPE: of these, the ripe ones
 * @PP_WHICH_FAR: with bytes on a device
 */
enum pp_which {
	PP_WHICH_NEAR,
	PP_WHICH_RIPE,
	PP_WHICH_FAR,
};

/**
 * pp_slot_move - begins to move the next slot whose bytes are in a tier
 * @slots: the domain's slots
 * @hand: where to look from; set to behind the slot
 * @which: what slots
 * @number: set to the slot
 * @slot: set to what it says; the bytes that it tells of stay until pp_slot_moved()
 * Return: false when there is none at or behind @hand that nobody moves.
 */
bool pp_slot_move(struct pp_slots *slots, u64 *hand, enum pp_which which, u64 *number,
		  struct pp_slot *slot);

/**
 * pp_slot_moved - ends pp_slot_move()
 * @slots: the domain's slots
 * @number: the slot
 * @to: where its bytes are now; or NULL: where they were
 * @twin: with @to: they are also another slot's, and this one is not found by its print any more
 *
 * Return: true; false when it died meanwhile: the caller lets the bytes go, then calls
 * pp_slot_free().
 */
bool pp_slot_moved(struct pp_slots *slots, u64 number, const struct pp_slot *to, bool twin);

/**
 * pp_slot_free - gives slot @number of @slots back; its bytes are gone from the tier already
 * @slots: the domain's slots
 * @number: a slot whose last reference pp_slot_put() gave up
 */
void pp_slot_free(struct pp_slots *slots, u64 number);

#endif /* PAGEPACT_STORE_SLOTS_H */
