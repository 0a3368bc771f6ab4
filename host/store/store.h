/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store: keeps pages outside frames. Knows domains' slots and tiers, nothing of regions.
 *
 * A page goes in by pp_store_put() and has a slot from then on, which it may share with equal pages
 * of its domain; pp_store_fetch() reads it any number of times; pp_store_drop() lets it go. Who
 * holds the slot's number holds a reference to it.
 */
#ifndef PAGEPACT_STORE_STORE_H
#define PAGEPACT_STORE_STORE_H

#include <linux/mm.h>
#include <linux/types.h>

struct pp_slot;
struct pp_slots;
struct pp_store;
struct pp_tiers;

/**
 * struct pp_tier_ops - one kind of place for stored bytes (one file each: cram.c)
 * @name: for statistics
 * @create: Return: a tier, or NULL
 * @destroy: frees an empty tier
 * @put: stores @len bytes; sets @where, of PP_WHERE_BITS. Must not sleep. Return: 0 or -ENOMEM.
 * @fetch: fills the page @dst from what @slot describes. Return: 0 or -EIO.
 * @copy: copies the bytes as they are stored
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
	void (*copy)(void *tier, const struct pp_slot *slot, void *dst);
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
 * @PP_PUT_SHARED: in the slot of an equal page
 * @PP_NR_PUTS: number of results
 */
enum pp_put {
	PP_PUT_STORED,
	PP_PUT_RAW,
	PP_PUT_SAME,
	PP_PUT_ZERO,
	PP_PUT_SHARED,
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
/* pp_store_put(): look for an equal page of the domain. */
#define PP_PUT_SHARE		16U
/*
 * pp_store_put(): in place of a page that has @out bytes there and will leave: may use the room
 * kept for that, but no more than @bytes; and only half of that room if it is larger than @out.
 */
#define PP_PUT_EXCHANGE(bytes, out) ((bytes) << 6 | (u32)(out) << 19 | 32U)
#define PP_PUT_IS_EXCHANGE(flags) ((flags) & 32U)
#define PP_PUT_BYTES(flags)	((flags) >> 6 & 0x1fffU)
#define PP_PUT_OUT(flags)	((flags) >> 19)
static_assert(PAGE_SIZE <= 0x1fff);

/**
 * enum pp_count - what a store counts of its records
 * @PP_COUNT_META: pages of slots, and of lists of slots
 * @PP_COUNT_SLOTS: slots in use
 * @PP_COUNT_SAVED: slots that there would be more if none were shared
 * @PP_COUNT_RIPE: slots in memory whose bytes are to go to a device
 * @PP_COUNT_RIPE_BYTES: of these, the bytes
 * @PP_COUNT_PUSHED: slots whose bytes went to a device for want of room, before they were ripe;
 *	only grows
 * @PP_NR_COUNTS: number of counts
 */
enum pp_count {
	PP_COUNT_META,
	PP_COUNT_SLOTS,
	PP_COUNT_SAVED,
	PP_COUNT_RIPE,
	PP_COUNT_RIPE_BYTES,
	PP_COUNT_PUSHED,
	PP_NR_COUNTS
};

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
 * pp_store_room - what a store with some limit takes beside the room that it keeps
 * @limit: bytes
 * Return: bytes.
 */
u64 pp_store_room(u64 limit);

/**
 * pp_store_full - has it no room but what it keeps for PP_PUT_EXCHANGE?
 * @store: the store
 * Return: true when it takes only pages that need none.
 */
bool pp_store_full(struct pp_store *store);

/**
 * pp_store_is_held_up - is it full, and would it perhaps not be if a device answered?
 * @store: the store
 * Return: true when it has no room, and a write has been under way for more than a second.
 */
bool pp_store_is_held_up(struct pp_store *store);

/**
 * pp_store_roomy - is it far from being full?
 * @store: the store
 * Return: true when at least the kept room is free beside itself, or all of the kept room is and a
 * device has some.
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
 * @number: a slot the caller has a reference to
 * @dst: overwritten from the first byte to the last
 * Return: 0; -EIO: the stored bytes are damaged, @dst is undefined; -EINPROGRESS: they are on a
 * device, which takes its time: see pp_store_read().
 */
int pp_store_fetch(struct pp_slots *slots, u64 number, struct page *dst);

/**
 * pp_store_hold - takes another reference to a slot
 * @slots: the domain's slots
 * @number: a slot whose references cannot all go meanwhile
 * Return: true; false when there is no memory for it.
 */
bool pp_store_hold(struct pp_slots *slots, u64 number);

/**
 * pp_store_read - reads a stored page, wherever it is
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * @dst: overwritten from the first byte to the last; or NULL: what is on a device comes to memory,
 *	for a while, where the next read finds it
 * @patience: how long to wait for a device, in jiffies; 0: only for what is in memory;
 *	MAX_SCHEDULE_TIMEOUT: as long as it takes
 *
 * May sleep for that long, but can be killed: not to be called with locks held that others may want
 * meanwhile.
 *
 * Return: 0; -EIO: damaged, @dst is undefined; -EINTR, -ETIMEDOUT, -ENOMEM.
 */
int pp_store_read(struct pp_slots *slots, u64 number, struct page *dst, long patience);

/**
 * pp_store_is_far - is a page on a device?
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * Return: true when it is; that may change at any time.
 */
bool pp_store_is_far(struct pp_slots *slots, u64 number);

/**
 * pp_store_at_hand - would pp_store_read() take no time?
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * Return: see pp_tiers_at_hand(); that may change at any time.
 */
bool pp_store_at_hand(struct pp_slots *slots, u64 number);

/**
 * pp_store_len - the bytes that a page has in the store
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * Return: 0 for a repeated word .. PAGE_SIZE for a page stored as it is. Equal pages have the same
 * ones; pp_store_drop() tells what leaves.
 */
unsigned int pp_store_len(struct pp_slots *slots, u64 number);

/**
 * pp_store_own - the bytes that would leave the store with a page
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * Return: like pp_store_len(), but 0 while equal pages have the same ones; that may change at any
 * time.
 */
unsigned int pp_store_own(struct pp_slots *slots, u64 number);

/**
 * pp_store_drop - gives up a reference to the slot @number of @slots, without reading it
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * Return: bytes that left the store: 0 as long as others refer to it. (Somebody who compares may do
 * so for a moment; then nobody is told.)
 */
unsigned int pp_store_drop(struct pp_slots *slots, u64 number);

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
 * pp_store_count - counts @n more of @what
 * @store: the store
 * @what: enum pp_count
 * @n: may be negative
 */
void pp_store_count(struct pp_store *store, enum pp_count what, int n);

/**
 * pp_store_counted - how many there are
 * @store: the store
 * @what: enum pp_count
 * Return: their number; while others count, a little more or less.
 */
unsigned long pp_store_counted(struct pp_store *store, enum pp_count what);

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

/**
 * pp_store_tiers - the devices of a store
 * @store: the store
 * Return: their table.
 */
struct pp_tiers *pp_store_tiers(struct pp_store *store);

/**
 * pp_store_device_pages - what is in use of a store's devices
 * @store: the store
 * Return: blocks of a page.
 */
unsigned long pp_store_device_pages(struct pp_store *store);

/**
 * pp_store_takes_deep - is there somewhere else than memory for what is stored?
 * @store: the store
 * Return: true when there is a device with room.
 */
bool pp_store_takes_deep(struct pp_store *store);

/**
 * pp_store_place - says where the bytes of a page should be
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * @deep: on a device; they are moved there soon, together with others. Else they stay in memory if
 *	they are there, and there is room.
 *
 * Return: true when they will be on a device, or are there already.
 */
bool pp_store_place(struct pp_slots *slots, u64 number, bool deep);

/**
 * pp_store_flush - moves what pp_store_place() was told of, however little it is
 * @store: the store
 *
 * Does not wait for it.
 */
void pp_store_flush(struct pp_store *store);

/**
 * pp_store_wait - waits for devices to take over some of what is in memory
 * @store: the store
 * Return: true when the store takes more now; false: it does not, or the task was killed.
 */
bool pp_store_wait(struct pp_store *store);

/**
 * pp_store_has_no_room - do the tiers in memory take all they may, but what is kept?
 * @store: the store
 * Return: true when nothing more fits, unless bytes move to a device.
 */
bool pp_store_has_no_room(struct pp_store *store);

/**
 * pp_store_is_short - is there so little room in memory that bytes should move to a device?
 * @store: the store
 * Return: true when there is.
 */
bool pp_store_is_short(struct pp_store *store);

/**
 * pp_store_wants_ripe - shall bytes move to a device that could as well stay?
 * @store: the store
 * Return: true when there is little room in memory, and will be when all is gone that is ripe.
 */
bool pp_store_wants_ripe(struct pp_store *store);

/**
 * pp_store_wants_room - shall more be moved, once that was begun?
 * @store: the store
 * Return: true until there is a reserve of room.
 */
bool pp_store_wants_room(struct pp_store *store);

/**
 * pp_store_copy_bytes - reads bytes in memory as they are stored
 * @store: the store
 * @slot: tells where they are
 * @dst: @slot->len bytes
 */
void pp_store_copy_bytes(struct pp_store *store, const struct pp_slot *slot, void *dst);

/**
 * pp_store_put_bytes - stores bytes in memory that are in a slot's form already
 * @store: the store
 * @src: @slot->len bytes
 * @slot: its place is set
 *
 * Of no reserves.
 *
 * Return: 0 or -ENOMEM.
 */
int pp_store_put_bytes(struct pp_store *store, void *src, struct pp_slot *slot);

/**
 * pp_store_drop_bytes - frees bytes in memory
 * @store: the store
 * @slot: tells where they are
 */
void pp_store_drop_bytes(struct pp_store *store, const struct pp_slot *slot);

#endif /* PAGEPACT_STORE_STORE_H */
