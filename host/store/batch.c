// SPDX-License-Identifier: GPL-2.0-only
/* Locks: store/tiers.h. */
#include <linux/list.h>
#include "control/trace.h"
#include "store/batch.h"
#include "store/device.h"
#include "store/store.h"

void pp_tiers_join(struct pp_tiers *tiers, struct pp_slots *slots)
{
	spin_lock(&tiers->lock);
	list_add_tail(&slots->all, &tiers->spaces);
	spin_unlock(&tiers->lock);
}

void pp_tiers_leave(struct pp_tiers *tiers, struct pp_slots *slots)
{
	unsigned int i;
	int idx;

	spin_lock(&tiers->lock);
	list_del(&slots->all);
	spin_unlock(&tiers->lock);
	/* Whose turn it is must not keep its key. */
	mutex_lock(&tiers->pack);
	if (tiers->space == slots) {
		pp_slots_put(slots);
		tiers->space = NULL;
	}
	mutex_unlock(&tiers->pack);
	pp_slots_put(slots);
	/* Nothing of a domain outlives it for long. */
	idx = srcu_read_lock(&tiers->srcu);
	for (i = 0; i < PP_MAX_DEVICES; i++) {
		struct pp_tier *tier = READ_ONCE(tiers->tier[i]);

		if (tier)
			pp_device_trim_later(tier->dev, true);
	}
	srcu_read_unlock(&tiers->srcu, idx);
}

/* The slot space whose turn it is, with a use count, or NULL. Its next turn comes last. */
struct pp_slots *pp_tiers_next_space(struct pp_tiers *tiers)
{
	struct pp_slots *slots, *found = NULL;

	spin_lock(&tiers->lock);
	list_for_each_entry(slots, &tiers->spaces, all) {
		if (refcount_inc_not_zero(&slots->users)) {
			list_move_tail(&slots->all, &tiers->spaces);
			found = slots;
			break;
		}
	}
	spin_unlock(&tiers->lock);
	return found;
}

unsigned int pp_tiers_nr_spaces(struct pp_tiers *tiers)
{
	struct pp_slots *slots;
	unsigned int n = 0;

	spin_lock(&tiers->lock);
	list_for_each_entry(slots, &tiers->spaces, all)
		n++;
	spin_unlock(&tiers->lock);
	return n;
}

static void drop_bytes(struct pp_tiers *tiers, const struct pp_slot *slot)
{
	if (slot->far)
		pp_tiers_drop(tiers, slot);
	else
		pp_store_drop_bytes(tiers->store, slot);
}

/* The last slot of the batch stays where it is, or goes altogether if it died. */
void pp_batch_stay_last(struct pp_tiers *tiers, struct pp_batch *batch)
{
	unsigned int i = --batch->nr;

	trace_pagepact_move(batch->number[i], batch->from[i].far, batch->from[i].far);
	if (pp_slot_moved(batch->slots, batch->number[i], NULL, false))
		return;
	drop_bytes(tiers, &batch->from[i]);
	pp_slot_free(batch->slots, batch->number[i]);
}

void pp_batch_stay(struct pp_tiers *tiers, struct pp_batch *batch)
{
	while (batch->nr)
		pp_batch_stay_last(tiers, batch);
}

/* The bytes of all slots of the batch are in both places. */
void pp_batch_move(struct pp_tiers *tiers, struct pp_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		trace_pagepact_move(batch->number[i], batch->from[i].far, batch->to[i].far);
		batch->dead[i] = !pp_slot_moved(batch->slots, batch->number[i], &batch->to[i],
						batch->twin[i]);
	}
	/* Whoever saw a slot as it was may be reading. */
	synchronize_srcu_expedited(&tiers->srcu);
	for (i = 0; i < batch->nr; i++) {
		drop_bytes(tiers, &batch->from[i]);
		if (!batch->dead[i])
			continue;
		drop_bytes(tiers, &batch->to[i]);
		pp_slot_free(batch->slots, batch->number[i]);
	}
	batch->nr = 0;
}
