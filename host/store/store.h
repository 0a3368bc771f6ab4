/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store: keeps pages outside frames. Knows domains' slots and tiers, nothing of regions.
 *
 * A page goes in by pp_store_put() and has a slot from then on; pp_store_fetch() reads it any
 * number of times; pp_store_drop() lets it go. Who holds the slot number owns the slot.
 */
#ifndef PAGEPACT_STORE_STORE_H
#define PAGEPACT_STORE_STORE_H

#include <linux/mm.h>
#include <linux/types.h>

struct pp_slot;
struct pp_slots;
struct pp_store;

/**
 * struct pp_tier_ops - one kind of place for stored bytes (one file each: cram.c)
 * @name: for statistics
 * @create: Return: a tier, or NULL
 * @destroy: frees an empty tier
 * @put: stores @len bytes; sets @where. Must not sleep. Return: 0 or -ENOMEM.
 * @fetch: fills the page @dst from what @slot describes. Return: 0 or -EIO.
 * @drop: frees what @put stored
 * @compact: moves what is stored together. Return: pages won.
 * @bytes: memory taken now
 */
struct pp_tier_ops {
	const char *name;
	void *(*create)(void);
	void (*destroy)(void *tier);
	int (*put)(void *tier, void *buf, size_t len, u64 *where);
	int (*fetch)(void *tier, const struct pp_slot *slot, struct page *dst);
	void (*drop)(void *tier, const struct pp_slot *slot);
	unsigned long (*compact)(void *tier);
	u64 (*bytes)(void *tier);
};

extern const struct pp_tier_ops pp_tier_cram;

/**
 * enum pp_put - what became of a page given to pp_store_put()
 * @PP_PUT_STORED: compressed, in a slot
 * @PP_PUT_RAW: incompressible, in a slot as it is
 * @PP_PUT_SAME: one repeated word, in a slot without bytes
 * @PP_PUT_ZERO: all zeros: no slot, the page may become a hole
 * @PP_NR_PUTS: number of results
 */
enum pp_put {
	PP_PUT_STORED,
	PP_PUT_RAW,
	PP_PUT_SAME,
	PP_PUT_ZERO,
	PP_NR_PUTS
};

/* pp_store_put(): look for repeated words first. */
#define PP_PUT_DETECT_SAME	1U
/* pp_store_put(): take incompressible pages as well. */
#define PP_PUT_ALLOW_RAW	2U
/* pp_store_put(): the page is known to be incompressible, and no repeated word: do not try. */
#define PP_PUT_KNOWN_RAW	4U
/* The store is full: nothing that needs room there. */
#define PP_PUT_NO_ROOM		8U
/*
 * pp_store_put(): in place of a page that has @out bytes there and will leave: may use the room
 * kept for that, but no more than @bytes; and only half of that room if it is larger than @out.
 */
#define PP_PUT_EXCHANGE(bytes, out) ((bytes) << 5 | (out) << 18 | 16U)
#define PP_PUT_IS_EXCHANGE(flags) ((flags) & 16U)
#define PP_PUT_BYTES(flags)	((flags) >> 5 & 0x1fffU)
#define PP_PUT_OUT(flags)	((flags) >> 18 & 0x1fffU)
static_assert(PAGE_SIZE <= 0x1fff);

/**
 * pp_store_create - makes the store of a new pool
 * Return: the store, or NULL.
 */
struct pp_store *pp_store_create(void);

/**
 * pp_store_destroy - frees @store, in which nothing is stored any more
 * @store: the store
 */
void pp_store_destroy(struct pp_store *store);

/**
 * pp_store_put - stores a page
 * @slots: the domain's slots
 * @src: a page whose content cannot change meanwhile
 * @flags: PP_PUT_
 * @number: set to the slot's number unless the result is PP_PUT_ZERO
 *
 * Does not enter reclaim; where the host has no free page it draws on reserves.
 *
 * The last of what the store may take, see pp_store_kept(), is for PP_PUT_EXCHANGE. What fits into
 * gaps is taken even when that is used up.
 *
 * Return: enum pp_put; -E2BIG: incompressible and PP_PUT_ALLOW_RAW not given; -EFBIG: larger than
 * PP_PUT_EXCHANGE allows; -ENOSPC: the store is full; -ENOMEM.
 */
int pp_store_put(struct pp_slots *slots, struct page *src, unsigned int flags, u64 *number);

/**
 * pp_store_kept - room kept for pages that change places
 * @store: the store
 * Return: bytes: an eighth of the limit, at most 32 MiB; 0 without a limit.
 */
u64 pp_store_kept(struct pp_store *store);

/**
 * pp_store_full - has it no room but what it keeps for PP_PUT_EXCHANGE?
 * @store: the store
 * Return: true when it takes only pages that need none.
 */
bool pp_store_full(struct pp_store *store);

/**
 * pp_store_roomy - is it far from being full?
 * @store: the store
 * Return: true when at least the kept room is free beside itself.
 */
bool pp_store_roomy(struct pp_store *store);

/**
 * pp_store_is_same - is a page one repeated word, so that it needs no room?
 * @page: may change at any time; the answer is a hint then
 * Return: true when it is.
 */
bool pp_store_is_same(struct page *page);

/**
 * pp_store_is_zero - is a page all zeros?
 * @page: may change at any time; the answer is a hint then
 * Return: true when it is.
 */
bool pp_store_is_zero(struct page *page);

/**
 * pp_store_compact - moves stored pages together, so that the tiers take less memory
 * @store: the store
 * Return: pages won.
 */
unsigned long pp_store_compact(struct pp_store *store);

/**
 * pp_store_fetch - reads a stored page
 * @slots: the domain's slots
 * @number: a slot the caller owns
 * @dst: overwritten from the first byte to the last
 * Return: 0; -EIO: the stored bytes are damaged, @dst is undefined.
 */
int pp_store_fetch(struct pp_slots *slots, u64 number, struct page *dst);

/**
 * pp_store_len - the bytes that a page has in the store
 * @slots: the domain's slots
 * @number: a slot the caller owns
 * Return: 0 for a repeated word .. PAGE_SIZE for a page stored as it is.
 */
unsigned int pp_store_len(struct pp_slots *slots, u64 number);

/**
 * pp_store_drop - lets the slot @number of @slots go, without reading it
 * @slots: the domain's slots
 * @number: a slot the caller owns
 */
void pp_store_drop(struct pp_slots *slots, u64 number);

/**
 * pp_store_bytes - memory that the tiers take now
 * @store: the store
 * Return: bytes.
 */
u64 pp_store_bytes(struct pp_store *store);

/**
 * pp_store_limit - what the tiers may take
 * @store: the store
 * Return: bytes, 0 = none.
 */
u64 pp_store_limit(struct pp_store *store);

/**
 * pp_store_set_limit - sets the limit of @store to @bytes
 * @store: the store
 * @bytes: 0 = none
 */
void pp_store_set_limit(struct pp_store *store, u64 bytes);

/**
 * pp_store_codec - the codec written with
 * @store: the store
 * Return: its name.
 */
const char *pp_store_codec(struct pp_store *store);

/**
 * pp_store_set_codec - writes with codec @name from now on
 * @store: the store
 * @name: as written to the knob
 * Return: 0, -EINVAL, -ENOMEM.
 */
int pp_store_set_codec(struct pp_store *store, const char *name);

/**
 * pp_store_meta_page - a zeroed page for the store's own records
 * @store: the store
 * Return: a page, from the reserve if need be, or NULL. Does not enter reclaim.
 */
struct page *pp_store_meta_page(struct pp_store *store);

/**
 * pp_store_count_meta - counts @n more pages of records of @store
 * @store: the store
 * @n: pages, may be negative
 */
void pp_store_count_meta(struct pp_store *store, int n);

/**
 * pp_store_meta_bytes - memory of the store's records
 * @store: the store
 * Return: bytes.
 */
u64 pp_store_meta_bytes(struct pp_store *store);

/**
 * pp_store_tight - is the reserve drawn on?
 * @store: the store
 * Return: true until it is full again.
 */
bool pp_store_tight(struct pp_store *store);

/**
 * pp_store_expect_huge - the reserve shall do for one huge frame that is evicted
 * @store: the store
 */
void pp_store_expect_huge(struct pp_store *store);

/**
 * pp_store_refill - fills the reserve of @store up again; may sleep, may fail silently
 * @store: the store
 */
void pp_store_refill(struct pp_store *store);

#endif /* PAGEPACT_STORE_STORE_H */
