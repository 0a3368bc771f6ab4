// SPDX-License-Identifier: GPL-2.0-only
/* Locks: store/tiers.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "store/batch.h"
#include "store/device.h"
#include "store/fetch.h"
#include "store/store.h"

/* Tries to get memory for what comes back from a device, 20 ms apart. */
#define PUT_TRIES	100
/* How long other devices may make no room: a write that failed is tried again before. */
#define LONGEST_REST	(20 * HZ)

/* Waits until the worker is idle. Return: 0 or -EINTR. */
static int wait_for_worker(struct pp_tier *tier)
{
	while (work_busy(&tier->work)) {
		if (fatal_signal_pending(current) || READ_ONCE(tier->tiers->stopping))
			return -EINTR;
		schedule_timeout_killable(HZ / 50 + 1);
	}
	return 0;
}

/* Not of the host's reserves: the kernel frees memory meanwhile. Return: 0, -EINTR, -ENOMEM. */
static int put_patiently(struct pp_tiers *tiers, void *bytes, struct pp_slot *slot)
{
	unsigned int tries = PUT_TRIES;
	int err;

	while ((err = pp_store_put_bytes(tiers->store, bytes, slot)) && --tries) {
		schedule_timeout_killable(HZ / 50 + 1);
		if (fatal_signal_pending(current) || READ_ONCE(tiers->stopping))
			return -EINTR;
	}
	return err;
}

/* Copies the bytes of slot @i of the batch to memory. Return: 0 or an errno. */
static int bring_one(struct pp_tier *tier, struct pp_batch *batch, unsigned int i)
{
	const struct pp_slot *from = &batch->from[i];
	struct pp_slot *to = &batch->to[i];
	struct page *page;
	int err;

	err = pp_fetch_block(tier, batch->slots, pp_place_block(from), MAX_SCHEDULE_TIMEOUT, &page);
	if (err)
		return err;
	*to = *from;
	to->far = false;
	err = put_patiently(tier->tiers, page_address(page) + pp_place_offset(from), to);
	put_page(page);
	return err;
}

/*
 * There is room in memory, if need be after other devices made some: one that rests, or is slow, is
 * waited for. Return: 0, -ENOSPC, -EINTR.
 */
static int wait_for_room(struct pp_tiers *tiers)
{
	unsigned long end = jiffies + LONGEST_REST;

	while (pp_store_has_no_room(tiers->store)) {
		if (fatal_signal_pending(current) || READ_ONCE(tiers->stopping))
			return -EINTR;
		if (!pp_tiers_will_have_room(tiers) || time_after(jiffies, end))
			return -ENOSPC;
		if (pp_tiers_have_room(tiers))
			end = jiffies + LONGEST_REST;
		else
			schedule_timeout_killable(HZ / 50 + 1);
		pp_tiers_wait(tiers);
	}
	return 0;
}

/*
 * Moves up to PP_MAX_BATCH slots of @tier to memory, from *@hand on; counts those that cannot be
 * read. Return: 0; -ENOENT: there are no more; or why it cannot go on.
 */
static int bring_batch(struct pp_tier *tier, struct pp_batch *batch, u64 *hand, unsigned long *bad)
{
	struct pp_tiers *tiers = tier->tiers;
	int err = wait_for_room(tiers);
	unsigned int i;

	while (!err && batch->nr < PP_MAX_BATCH &&
	       (!batch->nr || !pp_store_has_no_room(tiers->store))) {
		i = batch->nr;
		if (!pp_slot_move(batch->slots, hand, PP_WHICH_FAR, &batch->number[i],
				  &batch->from[i])) {
			err = -ENOENT;
			break;
		}
		batch->nr++;
		if (pp_place_device(&batch->from[i]) == tier->number)
			err = bring_one(tier, batch, i);
		if (err || pp_place_device(&batch->from[i]) != tier->number)
			pp_batch_stay_last(tiers, batch);
		*bad += err == -EIO;
		if (err == -EIO)
			err = 0;
		if (READ_ONCE(tiers->stopping) || fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	pp_batch_move(tiers, batch);
	return err;
}

/* Return: 0 or an errno. */
static int bring_space(struct pp_tier *tier, struct pp_batch *batch, unsigned long *bad)
{
	u64 hand = 0;
	int err;

	do
		err = bring_batch(tier, batch, &hand, bad);
	while (!err);
	return err == -ENOENT ? 0 : err;
}

/* A slot space that this pass has not seen yet, with a use count, or NULL. */
static struct pp_slots *unseen_space(struct pp_tiers *tiers)
{
	struct pp_slots *slots, *found = NULL;

	spin_lock(&tiers->lock);
	list_for_each_entry(slots, &tiers->spaces, all) {
		if (slots->pass != tiers->pass && refcount_inc_not_zero(&slots->users)) {
			slots->pass = tiers->pass;
			found = slots;
			break;
		}
	}
	spin_unlock(&tiers->lock);
	return found;
}

/* One pass over all slot spaces. Return: 0, or why it cannot go on. */
static int bring_all(struct pp_tier *tier, struct pp_batch *batch, unsigned long *bad)
{
	int err = 0;

	tier->tiers->pass++;
	while (!err && (batch->slots = unseen_space(tier->tiers))) {
		err = bring_space(tier, batch, bad);
		pp_slots_put(batch->slots);
	}
	return err;
}

/* Until nothing is left, or nothing that can be read. */
static int bring_until_empty(struct pp_tier *tier, struct pp_batch *batch)
{
	int err = 0;

	while (!err && atomic_long_read(&tier->pages)) {
		unsigned long bad = 0;

		err = bring_all(tier, batch, &bad);
		if (!err && bad && atomic_long_read(&tier->pages) <= (long)bad)
			err = -EIO;
		/* What nobody moves is on its way out. */
		if (!err)
			schedule_timeout_killable(1);
		if (fatal_signal_pending(current) || READ_ONCE(tier->tiers->stopping))
			err = -EINTR;
	}
	return err;
}

/* Waits until the device knows of all that is stale, and nobody uses it. Return: 0 or -EINTR. */
static int wait_until_idle(struct pp_tier *tier)
{
	/* Who reads gives up the tier last, and may leave something to trim. */
	while (refcount_read(&tier->users) > 1 || !pp_device_is_idle(tier->dev)) {
		if (fatal_signal_pending(current) || READ_ONCE(tier->tiers->stopping))
			return -EINTR;
		pp_device_trim_later(tier->dev, true);
		schedule_timeout_killable(HZ / 50 + 1);
	}
	return 0;
}

int pp_tiers_empty(struct pp_tier *tier)
{
	struct pp_batch *batch = kzalloc(sizeof(*batch), GFP_KERNEL);
	int err = batch ? 0 : -ENOMEM;

	WRITE_ONCE(tier->closed, true);
	if (!err)
		err = wait_for_worker(tier);
	if (!err)
		err = bring_until_empty(tier, batch);
	if (!err)
		err = wait_until_idle(tier);
	kfree(batch);
	if (err)
		WRITE_ONCE(tier->closed, false);
	return err;
}
