/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fetch: what is on a device comes from there, or from what was read ahead. pp_tiers_read() is its
 * use for a page; here is what else moves bytes.
 */
#ifndef PAGEPACT_STORE_FETCH_H
#define PAGEPACT_STORE_FETCH_H

#include <linux/types.h>

struct page;
struct pp_slot;
struct pp_slots;
struct pp_tier;

/**
 * pp_fetch_block - reads a block of a device, as it was before it was encrypted
 * @tier: the device
 * @slots: the domain whose bytes are there
 * @block: its number, and the caller has a reference to it
 * @patience: see pp_tiers_read()
 * @out: set to a page with its bytes, which the caller puts
 * Return: 0, -EINTR, -ETIMEDOUT, -ENOMEM; -EIO: it cannot be read, or is not what was written.
 */
int pp_fetch_block(struct pp_tier *tier, struct pp_slots *slots, u64 block, long patience,
		   struct page **out);

/**
 * pp_fetch_equal - are bytes on a device already?
 * @tier: the device
 * @slots: the domain
 * @number: a slot that may have them, and the caller has a reference to
 * @from: a slot in memory
 * @bytes: what it has
 * @ahead: blocks that are read at a time
 * @to: set to the slot of these bytes on the device, whose block the caller has a reference to
 *
 * Reads once, without the kernel's reserves; who has no memory for it does without.
 *
 * Return: 1 when they are; 0; -EINTR, -ENOMEM, -EIO: that could not be seen.
 */
int pp_fetch_equal(struct pp_tier *tier, struct pp_slots *slots, u64 number,
		   const struct pp_slot *from, const void *bytes, unsigned int ahead,
		   struct pp_slot *to);

/**
 * pp_fetch_forget - a block is about to be written: what was read there is of no use any more
 * @tier: the device
 * @block: its number
 */
void pp_fetch_forget(struct pp_tier *tier, u64 block);

#endif /* PAGEPACT_STORE_FETCH_H */
