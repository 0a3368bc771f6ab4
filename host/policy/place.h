/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * place: which stored pages belong on a device, and which in memory (S5).
 *
 * DOC: how it is decided
 *
 * A page goes to a device when it will take longer than a threshold until it is needed again, as
 * far as can be told from its history (core/age.h). That is asked when it leaves memory
 * (pp_evict_place()), and again from time to time for all that is stored in memory: what nobody
 * touched for that long is not expected sooner any more. What came back from a device, and is
 * expected sooner when it leaves memory again, goes to compressed RAM instead.
 *
 * The threshold begins as the knob says, and follows what happens. While bytes go to a device for
 * want of room although their pages are not expected that late, it falls, by half each time, so
 * that pages that will be needed last go first; but no more of them than free a sixteenth of the
 * room (pp_store_wants_ripe()): where most have rested equally long, all would go at once. When
 * more than one in eight of the pages that went there was needed sooner than expected, it rises.
 * While neither happens it goes back to what the knob says, a step each time.
 *
 * Stored pages are looked at every few epochs; more often while the store is short of room, but not
 * for more than a tenth of the time. When that is too little for the epochs, they get longer.
 */
#ifndef PAGEPACT_POLICY_PLACE_H
#define PAGEPACT_POLICY_PLACE_H

#include "core/region.h"

/**
 * pp_place_set - sets the threshold
 * @pool: the pool
 * @ms: milliseconds; 0: bytes go to devices for want of room only
 *
 * Histories go on, as if they had been measured with the new one. The same again changes nothing.
 */
void pp_place_set(struct pp_pool *pool, unsigned long ms);

/**
 * pp_place_now_ms - the threshold as it is now
 * @pool: the pool
 * Return: milliseconds, 0: none.
 */
u64 pp_place_now_ms(struct pp_pool *pool);

/**
 * pp_place_hurry - the store is short of room
 * @pool: the pool
 *
 * Has stored pages looked at soon, if it helps. Does not sleep.
 */
void pp_place_hurry(struct pp_pool *pool);

/**
 * pp_place_init_pool - prepares the worker of a new pool, and starts it
 * @pool: the pool, whose knobs have their defaults
 */
void pp_place_init_pool(struct pp_pool *pool);

/**
 * pp_place_exit_pool - stops it for good
 * @pool: the pool
 */
void pp_place_exit_pool(struct pp_pool *pool);

/**
 * pp_place_init - makes what place.c needs, when the module is loaded
 * Return: 0 or an errno.
 */
int pp_place_init(void);

/**
 * pp_place_exit - undoes pp_place_init()
 */
void pp_place_exit(void);

#endif /* PAGEPACT_POLICY_PLACE_H */
