/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tiers: what is below compressed RAM. A pool's devices, to which the bytes of slots move while the
 * store is short of room, and from which they are read when their pages are touched.
 *
 * DOC: moving bytes
 *
 * A home has the number of a slot, and the slot tells where the bytes are; so bytes move without
 * the knowledge of homes. One worker for each device fills a buffer with the bytes of slots one
 * after the other (pp_slot_move()), of ripe ones if there are any, in the order of their numbers,
 * which is about the order of eviction; none of them lies across two blocks. When all are written
 * the slots are changed, and the old bytes let go after a grace period of @srcu, in which those end
 * that have seen the slots as they were. What fails stays where it is.
 *
 * A fetch holds a reference to its slot and to its block, and no lock. It reads blocks behind the
 * one that it needs as well, as far as that proved useful lately, into a small cache.
 *
 * DOC: locks
 *
 *   pack (a mutex)        one worker chooses slots at a time
 *     slots->lock, zsmalloc's locks
 *   lock, ahead, cache lock: spin locks, leaves
 */
#ifndef PAGEPACT_STORE_TIERS_H
#define PAGEPACT_STORE_TIERS_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include "store/slots.h"

struct page;
struct pp_batch;
struct pp_cache;
struct pp_cipher;
struct pp_device;
struct pp_request;
struct pp_slot;
struct pp_slots;
struct pp_store;
struct pp_tiers;

/* Devices of one pool: what a slot's place has bits for. */
#define PP_MAX_DEVICES	8

/* Who reads in order at a time, so that others in between do not matter. */
#define PP_NR_STREAMS	8

/**
 * struct pp_ahead - somebody reads in order
 * @next: block behind those that were read last
 * @window: how many these were
 * @begun: they were the first, and nobody has gone on yet
 */
struct pp_ahead {
	u64 next;
	unsigned int window;
	bool begun;
};

/**
 * struct pp_tier - a device of a pool
 * @tiers: the pool's, constant
 * @number: its place among them, constant
 * @dev: the device, constant
 * @users: the table, and who reads
 * @req: what is written, by @work
 * @batch: the same, as slots
 * @work: writes
 * @encrypts: what is written is encrypted, constant
 * @cipher: with @encrypts: keeps the kernel's code for it, constant
 * @closed: nothing is written to it; READ_ONCE()
 * @rest_until: jiffies before which nothing is, because a write failed, or there was nothing that
 *	could be written; 0: none; READ_ONCE()
 * @since: jiffies when the batch under way began to be read and written, 0: none; READ_ONCE()
 * @pages: slots whose bytes are here
 * @ahead: protects @streams, @turn, and @window
 * @streams: who reads one block after the other
 * @turn: the stream that gives way to the next one
 * @window: blocks that are read where no stream is
 * @hits: blocks found in the cache since that was done last, and as many as were read each time
 *	somebody went on behind them
 * @kobj: sysfs directory
 * @kobj_gone: completed when sysfs has let go of @kobj
 * @histogram: file in debugfs
 */
struct pp_tier {
	struct pp_tiers *tiers;
	unsigned int number;
	struct pp_device *dev;
	refcount_t users;
	struct pp_request *req;
	struct pp_batch *batch;
	struct work_struct work;
	bool encrypts;
	struct pp_cipher *cipher;
	bool closed;
	unsigned long rest_until;
	unsigned long since;
	atomic_long_t pages;
	spinlock_t ahead;
	struct pp_ahead streams[PP_NR_STREAMS];
	unsigned int turn;
	unsigned int window;
	atomic_t hits;
	struct kobject kobj;
	struct completion kobj_gone;
	struct dentry *histogram;
};

/**
 * struct pp_tiers - the devices of a pool
 * @store: the pool's store, constant
 * @srcu: held from reading what a slot says until its bytes are read, or a reference to their block
 *	is taken
 * @lock: protects @tier, @spaces, and @nr
 * @tier: the devices, by number; NULL: none; also read under @srcu
 * @nr: number of devices; READ_ONCE()
 * @spaces: slot spaces of all domains
 * @pass: number of the pass over @spaces that empties a device, one at a time
 * @pack: held while slots are chosen
 * @space: the slot space whose turn it is, with a use count, or NULL; under @pack
 * @hand: numbers of the slots in @space at which to go on, by enum pp_which; under @pack
 * @stopping: the pool ends; READ_ONCE()
 * @moved: woken when bytes were moved, or could not be
 * @cache: blocks read ahead
 */
struct pp_tiers {
	struct pp_store *store;
	struct srcu_struct srcu;
	spinlock_t lock;
	struct pp_tier *tier[PP_MAX_DEVICES];
	unsigned int nr;
	struct list_head spaces;
	unsigned int pass;
	struct mutex pack;
	struct pp_slots *space;
	u64 hand[PP_WHICH_FAR];
	bool stopping;
	wait_queue_head_t moved;
	struct pp_cache *cache;
};

/**
 * pp_tiers_create - makes the table of a new pool's devices, of which there are none
 * @store: the pool's store
 * Return: the table, or NULL.
 */
struct pp_tiers *pp_tiers_create(struct pp_store *store);

/**
 * pp_tiers_stop - nothing is moved any more, and nobody waits for a device
 * @tiers: the table
 */
void pp_tiers_stop(struct pp_tiers *tiers);

/**
 * pp_tiers_destroy - gives all devices up; nothing is stored there any more
 * @tiers: the table, stopped
 */
void pp_tiers_destroy(struct pp_tiers *tiers);

/**
 * pp_tiers_join - a new slot space, whose bytes may be moved
 * @tiers: the table
 * @slots: the slot space
 */
void pp_tiers_join(struct pp_tiers *tiers, struct pp_slots *slots);

/**
 * pp_tiers_leave - ends pp_tiers_join()
 * @tiers: the table
 * @slots: the slot space, none of whose slots is live
 */
void pp_tiers_leave(struct pp_tiers *tiers, struct pp_slots *slots);

/**
 * pp_tiers_add - makes a device one of the pool's, to which nothing is written yet
 * @tiers: the table
 * @fd: see pp_device_open()
 * @encrypt: what is written there is to be encrypted
 * Return: it; or an ERR_PTR: those of pp_device_open(); -ENOSPC: there are PP_MAX_DEVICES; -ENODEV:
 * the pool ends; -EOPNOTSUPP: the kernel cannot encrypt.
 */
struct pp_tier *pp_tiers_add(struct pp_tiers *tiers, unsigned int fd, bool encrypt);

/**
 * pp_tiers_open - tries a new device, and begins to use it
 * @tier: the device
 * Return: 0, or the errors of pp_device_try(): it is to be removed then.
 */
int pp_tiers_open(struct pp_tier *tier);

/**
 * pp_tiers_empty - moves everything off a device
 * @tier: the device, which nobody else removes
 *
 * Takes its time, and can be killed. After an error the device is in use as before; what can be
 * read is elsewhere then, if there was room.
 *
 * Return: 0: nothing is there, and nothing comes; -EINTR; -EIO: some pages cannot be read; -ENOSPC:
 * there is no room for what is there; -ENOMEM.
 */
int pp_tiers_empty(struct pp_tier *tier);

/**
 * pp_tiers_remove - gives a device up
 * @tier: the device, empty
 */
void pp_tiers_remove(struct pp_tier *tier);

/**
 * pp_tiers_have_room - is there a device that takes more?
 * @tiers: the table
 * Return: true when there is.
 */
bool pp_tiers_have_room(struct pp_tiers *tiers);

/**
 * pp_tiers_will_have_room - the same, if those that rest or do not answer do so no more
 * @tiers: the table
 * Return: true when one has free blocks.
 */
bool pp_tiers_will_have_room(struct pp_tiers *tiers);

/**
 * pp_tiers_used - how much of all devices is in use
 * @tiers: the table
 * Return: blocks.
 */
unsigned long pp_tiers_used(struct pp_tiers *tiers);

/**
 * pp_tiers_room - what a device takes, whatever it is
 * @tier: the device
 * Return: pages.
 */
long pp_tiers_room(struct pp_tier *tier);

/**
 * pp_tiers_are_late - does a device not answer?
 * @tiers: the table
 * Return: true when a write has been under way for more than a second.
 */
bool pp_tiers_are_late(struct pp_tiers *tiers);

/**
 * pp_tiers_kick - has bytes moved to devices, if the store is short of room, or many are ripe
 * @tiers: the table
 * @many: slots
 *
 * Does not sleep.
 */
void pp_tiers_kick(struct pp_tiers *tiers, unsigned long many);

/**
 * pp_tiers_wait - waits for devices to make room in memory
 * @tiers: the table
 *
 * For a tenth of a second at most, and not at all when there is room.
 *
 * Return: true when there is room now, and was none.
 */
bool pp_tiers_wait(struct pp_tiers *tiers);

/**
 * pp_tiers_read - reads a page from a device
 * @tiers: the table
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to; it may have been moved back to memory
 * @dst: overwritten from the first byte to the last; or NULL: the block is read into the cache
 * @patience: how long to wait for the device, in jiffies; 0: the block is to be in the cache
 *
 * May sleep for that long, but can be killed; the caller holds no lock that others may want
 * meanwhile.
 *
 * Return: 0; -EINTR; -ETIMEDOUT; -ENOMEM; -EIO: what the device has cannot be read, or is not what
 * was written.
 */
int pp_tiers_read(struct pp_tiers *tiers, struct pp_slots *slots, u64 number, struct page *dst,
		  long patience);

/**
 * pp_tiers_at_hand - would pp_tiers_read() take no time?
 * @tiers: the table
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * Return: true when its page is in memory, or its block is, or could not be read a moment ago, in
 * which case reading fails at once.
 */
bool pp_tiers_at_hand(struct pp_tiers *tiers, struct pp_slots *slots, u64 number);

/**
 * pp_tier_put - gives up the use of a device
 * @tier: the device
 * @now: see pp_device_close()
 */
void pp_tier_put(struct pp_tier *tier, bool now);

/**
 * pp_tier_put_block - gives up a reference to a block
 * @tier: the device
 * @block: one that the caller has a reference to
 */
void pp_tier_put_block(struct pp_tier *tier, u64 block);

/**
 * pp_tiers_drop - bytes on a device are not needed any more
 * @tiers: the table
 * @slot: tells where they are
 */
void pp_tiers_drop(struct pp_tiers *tiers, const struct pp_slot *slot);

/**
 * pp_tiers_init - makes what tiers.c needs, when the module is loaded
 * Return: 0 or -ENOMEM.
 */
int pp_tiers_init(void);

/**
 * pp_tiers_exit - undoes pp_tiers_init()
 */
void pp_tiers_exit(void);

#endif /* PAGEPACT_STORE_TIERS_H */
