/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * batch: slots of one domain whose bytes move together, from memory to a device or back, and where
 * on a device a slot's bytes are.
 *
 * A slot in a batch is marked (pp_slot_move()), so that nobody else moves it, and its bytes stay
 * where they are until the batch ends: all of it moves, or some of it stays.
 */
#ifndef PAGEPACT_STORE_BATCH_H
#define PAGEPACT_STORE_BATCH_H

#include <linux/build_bug.h>
#include <linux/mm.h>
#include "store/slots.h"
#include "store/tiers.h"

/* Slots moved together. */
#define PP_MAX_BATCH	128

/* struct pp_slot.where of bytes on a device, from bit 0: offset in the block, block, device. */
#define PP_OFFSET_UNIT	8
#define PP_OFFSET_BITS	9
#define PP_BLOCK_BITS	32
#define PP_DEVICE_BITS	3

static_assert(PAGE_SIZE / PP_OFFSET_UNIT == 1 << PP_OFFSET_BITS);
static_assert(PP_OFFSET_BITS + PP_BLOCK_BITS + PP_DEVICE_BITS <= PP_WHERE_BITS);
static_assert(PP_MAX_DEVICES == 1 << PP_DEVICE_BITS);

/**
 * struct pp_batch - slots being moved
 * @slots: their slot space
 * @nr: how many
 * @number: their numbers
 * @from: where their bytes are
 * @to: where these will be
 * @twin: those whose bytes are where they go already, as another slot's
 * @dead: those that died meanwhile
 */
struct pp_batch {
	struct pp_slots *slots;
	unsigned int nr;
	u64 number[PP_MAX_BATCH];
	struct pp_slot from[PP_MAX_BATCH];
	struct pp_slot to[PP_MAX_BATCH];
	bool twin[PP_MAX_BATCH];
	bool dead[PP_MAX_BATCH];
};

/**
 * pp_place_block - where a slot's bytes are
 * @slot: on a device
 * Return: the block.
 */
static inline u64 pp_place_block(const struct pp_slot *slot)
{
	return slot->where >> PP_OFFSET_BITS & ((1ULL << PP_BLOCK_BITS) - 1);
}

/**
 * pp_place_offset - where in their block a slot's bytes are
 * @slot: on a device
 * Return: bytes.
 */
static inline unsigned int pp_place_offset(const struct pp_slot *slot)
{
	return (slot->where & ((1U << PP_OFFSET_BITS) - 1)) * PP_OFFSET_UNIT;
}

/**
 * pp_place_device - which device has a slot's bytes
 * @slot: on a device
 * Return: its number in the pool.
 */
static inline unsigned int pp_place_device(const struct pp_slot *slot)
{
	return slot->where >> (PP_OFFSET_BITS + PP_BLOCK_BITS);
}

/**
 * pp_place_set - says where a slot's bytes will be
 * @slot: the slot
 * @tier: the device
 * @block: on it
 * @offset: in the block, a multiple of 8 bytes
 */
static inline void pp_place_set(struct pp_slot *slot, struct pp_tier *tier, u64 block,
				unsigned int offset)
{
	slot->where = (u64)tier->number << (PP_OFFSET_BITS + PP_BLOCK_BITS) |
		      block << PP_OFFSET_BITS | offset / PP_OFFSET_UNIT;
	slot->far = true;
}

/**
 * pp_batch_stay_last - the last slot of a batch stays where it is, or goes altogether if it died
 * @tiers: the pool's devices
 * @batch: the batch, which gets shorter by it
 */
void pp_batch_stay_last(struct pp_tiers *tiers, struct pp_batch *batch);

/**
 * pp_batch_stay - all slots of a batch stay
 * @tiers: the pool's devices
 * @batch: the batch, empty afterwards
 */
void pp_batch_stay(struct pp_tiers *tiers, struct pp_batch *batch);

/**
 * pp_batch_move - all slots of a batch move
 * @tiers: the pool's devices
 * @batch: the batch, whose bytes are in both places; empty afterwards
 *
 * Waits for a grace period, in which those end that read where the bytes were.
 */
void pp_batch_move(struct pp_tiers *tiers, struct pp_batch *batch);

/**
 * pp_tiers_next_space - takes turns with the slot spaces of a pool
 * @tiers: the pool's devices
 * Return: the slot space whose turn it is, with a use count, or NULL. Its next turn comes last.
 */
struct pp_slots *pp_tiers_next_space(struct pp_tiers *tiers);

/**
 * pp_tiers_nr_spaces - how many slot spaces a pool has
 * @tiers: the pool's devices
 * Return: their number.
 */
unsigned int pp_tiers_nr_spaces(struct pp_tiers *tiers);

#endif /* PAGEPACT_STORE_BATCH_H */
