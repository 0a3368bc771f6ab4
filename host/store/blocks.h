/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * blocks: which blocks of a device are in use, and what they must hold. A block is as large as a
 * page, and has objects of several pages, or one that does not compress.
 *
 * DOC: states of a block
 *
 *   free    nobody refers to it, and the device knows.
 *   stale   nobody refers to it, but the device keeps its bytes until it is trimmed.
 *   used    referred to: once for each object that lies there, by who writes it, by who reads it.
 *
 *   free, stale -> used    pp_blocks_take()
 *   used -> stale          pp_blocks_put(), of the last reference
 *   stale -> used          pp_blocks_stale(), while it is being trimmed
 *   used -> free           pp_blocks_trimmed()
 *
 * A record of 8 bytes for each block: references, and a sum of the bytes written there last. So
 * neither bytes that changed on the device nor older ones that it had there before are taken for
 * them. Guests choose bytes, and may see what a device has: the sum is 48 bits of SipHash under a
 * secret key, for which nobody can find two pages that have the same.
 */
#ifndef PAGEPACT_STORE_BLOCKS_H
#define PAGEPACT_STORE_BLOCKS_H

#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* Blocks that one device has at most: 16 TiB. */
#define PP_MAX_BLOCKS	(1ULL << 32)

/**
 * struct pp_blocks - the blocks of one device
 * @lock: protects everything here that is not constant
 * @records: one for each block: references from bit 48 on, sum below
 * @nr: number of blocks, constant
 * @used: blocks in use, but for those that are being trimmed; READ_ONCE()
 * @stale: blocks that are stale; READ_ONCE()
 * @hand: block at which the search for free ones goes on
 * @trim: block at which the search for stale ones goes on
 * @key: of the sums, secret, constant
 */
struct pp_blocks {
	spinlock_t lock;
	u64 *records;
	u64 nr;
	u64 used;
	u64 stale;
	u64 hand;
	u64 trim;
	siphash_key_t key;
};

/**
 * pp_blocks_init - makes the records of a device, all of whose blocks are free
 * @blocks: the blocks
 * @nr: their number, 1..PP_MAX_BLOCKS
 * Return: 0 or -ENOMEM.
 */
int pp_blocks_init(struct pp_blocks *blocks, u64 nr);

/**
 * pp_blocks_exit - frees the records
 * @blocks: the blocks
 */
void pp_blocks_exit(struct pp_blocks *blocks);

/**
 * pp_blocks_take - takes blocks that follow each other
 * @blocks: the blocks
 * @want: how many, at most
 * @first: set to the first
 *
 * The caller has one reference to each. Where what is free lies scattered they are fewer.
 *
 * Return: how many; 0 when none is free.
 */
unsigned int pp_blocks_take(struct pp_blocks *blocks, unsigned int want, u64 *first);

/**
 * pp_blocks_get - takes another reference
 * @blocks: the blocks
 * @block: one that the caller has a reference to, or knows that somebody keeps
 * Return: false when there are too many.
 */
bool pp_blocks_get(struct pp_blocks *blocks, u64 block);

/**
 * pp_blocks_put - gives up a reference
 * @blocks: the blocks
 * @block: one that the caller has a reference to
 * Return: true when it was the last one.
 */
bool pp_blocks_put(struct pp_blocks *blocks, u64 block);

/**
 * pp_blocks_is_popular - are there so many references to a block that more objects must not be had
 *	there, so that whoever reads can have one?
 * @blocks: the blocks
 * @block: one that the caller has a reference to
 * Return: true when there are.
 */
bool pp_blocks_is_popular(struct pp_blocks *blocks, u64 block);

/**
 * pp_blocks_set_sum - remembers what is about to be written
 * @blocks: the blocks
 * @block: one that nobody reads yet, and the caller has a reference to
 * @bytes: all bytes of it
 */
void pp_blocks_set_sum(struct pp_blocks *blocks, u64 block, const void *bytes);

/**
 * pp_blocks_is_right - are these the bytes that were written there last?
 * @blocks: the blocks
 * @block: one that the caller has a reference to
 * @bytes: all bytes of it
 * Return: true when their sum is the right one.
 */
bool pp_blocks_is_right(struct pp_blocks *blocks, u64 block, const void *bytes);

/**
 * pp_blocks_in_use - is a block in use?
 * @blocks: the blocks
 * @block: any number
 * Return: true when it is; a hint unless the caller has a reference.
 */
bool pp_blocks_in_use(struct pp_blocks *blocks, u64 block);

/**
 * pp_blocks_stale - takes stale blocks that follow each other, to be trimmed
 * @blocks: the blocks
 * @want: how many, at most
 * @first: set to the first
 * Return: how many; 0 when there is none.
 */
unsigned int pp_blocks_stale(struct pp_blocks *blocks, unsigned int want, u64 *first);

/**
 * pp_blocks_trimmed - ends pp_blocks_stale(): the blocks are free
 * @blocks: the blocks
 * @first: the first
 * @n: how many
 */
void pp_blocks_trimmed(struct pp_blocks *blocks, u64 first, unsigned int n);

#endif /* PAGEPACT_STORE_BLOCKS_H */
