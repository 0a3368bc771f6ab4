// SPDX-License-Identifier: GPL-2.0-only
/* Locks: store/tiers.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "store/batch.h"
#include "store/cache.h"
#include "store/cipher.h"
#include "store/device.h"
#include "store/fetch.h"
#include "store/store.h"

/* How long nothing is written to a device after a write to it failed: others wait for room. */
#define REST		(2 * HZ)
/* How long nothing is, when there was nothing to write. */
#define PAUSE		(HZ / 5)
/* A write that takes longer says that the device does not answer. */
#define PATIENCE	HZ
/* How long equal pages are looked for on a device, for one request to write. */
#define LOOK		(HZ / 10)
/* Requests written without the tier in memory getting smaller before that is compacted. */
#define MAX_VAIN	4

static struct workqueue_struct *tiers_wq;

/* --- to a device --- */

/**
 * struct buffer - what is to be written at once
 * @tier: where to
 * @req: the request, with the bytes
 * @first: block that it is for
 * @blocks: how many there are
 * @at: bytes of it that are filled
 * @kept: slots of the batch that are in it keep their blocks
 * @began: jiffies when it began to be filled
 * @pushed: slots of the batch that are not ripe
 * @twins: slots whose bytes were found on the device
 * @blind: looking for these has failed
 */
struct buffer {
	struct pp_tier *tier;
	struct pp_request *req;
	u64 first;
	unsigned int blocks;
	unsigned int at;
	bool kept;
	unsigned long began;
	unsigned int pushed;
	unsigned int twins;
	bool blind;
};

/* Where the next @len bytes go, if @at are filled: not across blocks. */
static unsigned int place_behind(unsigned int at, unsigned int len)
{
	return at % PAGE_SIZE + len > PAGE_SIZE ? round_up(at, PAGE_SIZE) : at;
}

/* It is not looked for equal pages in vain, nor for long: others wait for room. */
static bool looks(struct buffer *buf)
{
	return !buf->blind && time_before(jiffies, buf->began + LOOK) &&
	       !READ_ONCE(buf->tier->closed) && !READ_ONCE(buf->tier->tiers->stopping);
}

/*
 * Slot @i of the batch has @bytes. Return: true when an equal page's are on the device already;
 * they are its own as well then, and keep their block for it.
 */
static bool find_twin(struct buffer *buf, struct pp_batch *batch, unsigned int i,
		      const void *bytes)
{
	struct pp_slot *to = &batch->to[i];
	unsigned int skip, ahead, noio;
	int equal = 0;
	u64 twin;

	for (skip = 0; !equal && looks(buf) && skip < PP_MAX_TWINS; skip++) {
		if (!pp_slot_find_far(batch->slots, batch->number[i], skip, &twin))
			break;
		/* Behind the last one lie those of its neighbours. */
		ahead = buf->twins ? PP_RUN : 1;
		noio = memalloc_noio_save();
		equal = pp_fetch_equal(buf->tier, batch->slots, twin, &batch->from[i], bytes,
				       ahead, to);
		memalloc_noio_restore(noio);
		pp_store_drop(batch->slots, twin);
	}
	buf->blind |= equal < 0;
	if (equal <= 0)
		return false;
	atomic_long_inc(&buf->tier->pages);
	buf->twins++;
	return true;
}

/* Bytes of slot @i go into the buffer, where collect() saw to it that there is room. */
static void pack_one(struct buffer *buf, struct pp_batch *batch, unsigned int i)
{
	const struct pp_slot *from = &batch->from[i];
	unsigned int at = place_behind(buf->at, from->len), offset = at % PAGE_SIZE;
	void *block = page_address(buf->req->pages[at / PAGE_SIZE]);

	if (!offset)
		clear_page(block);
	pp_store_copy_bytes(buf->tier->tiers->store, from, block + offset);
	batch->twin[i] = find_twin(buf, batch, i, block + offset);
	if (batch->twin[i]) {
		memset(block + offset, 0, from->len);
		return;
	}
	batch->to[i] = *from;
	pp_place_set(&batch->to[i], buf->tier, buf->first + at / PAGE_SIZE, offset);
	buf->at = at + ALIGN(from->len, PP_OFFSET_UNIT);
}

/* Under @pack: the next slot of the batch, of the slot space whose turn it is. */
static bool next_slot(struct pp_tiers *tiers, struct pp_batch *batch, enum pp_which which)
{
	unsigned int i = batch->nr, spaces = pp_tiers_nr_spaces(tiers) + 1;

	do {
		if (tiers->space && pp_slot_move(tiers->space, &tiers->hand[which], which,
						 &batch->number[i], &batch->from[i]))
			return true;
		/* A batch is of one slot space. */
		if (i)
			return false;
		if (tiers->space)
			pp_slots_put(tiers->space);
		tiers->space = pp_tiers_next_space(tiers);
		memset(tiers->hand, 0, sizeof(tiers->hand));
	} while (tiers->space && --spaces);
	return false;
}

/* Under @pack: as many slots as the buffer has room for behind *@at. */
static void collect_some(struct buffer *buf, struct pp_batch *batch, enum pp_which which,
			 unsigned int *at)
{
	struct pp_tiers *tiers = buf->tier->tiers;
	unsigned int i;

	while (batch->nr < PP_MAX_BATCH && next_slot(tiers, batch, which)) {
		i = batch->nr++;
		if (!i) {
			batch->slots = tiers->space;
			refcount_inc(&batch->slots->users);
		}
		*at = place_behind(*at, batch->from[i].len);
		if (*at / PAGE_SIZE == buf->blocks) {
			tiers->hand[which] = batch->number[i];
			pp_batch_stay_last(tiers, batch);
			break;
		}
		*at += ALIGN(batch->from[i].len, PP_OFFSET_UNIT);
	}
}

/* Ripe ones; and if room is wanted, whatever comes. */
static void collect(struct buffer *buf, struct pp_batch *batch)
{
	struct pp_tiers *tiers = buf->tier->tiers;
	unsigned int at = 0;

	mutex_lock(&tiers->pack);
	if (pp_store_counted(tiers->store, PP_COUNT_RIPE))
		collect_some(buf, batch, PP_WHICH_RIPE, &at);
	if (pp_store_wants_room(tiers->store)) {
		buf->pushed = batch->nr;
		collect_some(buf, batch, PP_WHICH_NEAR, &at);
		buf->pushed = batch->nr - buf->pushed;
	}
	mutex_unlock(&tiers->pack);
}

/* The domain's cipher, which is made when first needed. */
static struct pp_cipher *cipher_of(struct pp_slots *slots)
{
	struct pp_cipher *cipher = READ_ONCE(slots->cipher), *fresh, *old;

	if (cipher)
		return cipher;
	fresh = pp_cipher_create();
	if (IS_ERR(fresh))
		return fresh;
	/* Two devices may be written to. */
	old = cmpxchg(&slots->cipher, NULL, fresh);
	if (old)
		pp_cipher_destroy(fresh);
	return old ?: fresh;
}

/* In the kworker, for which the last of the host's memory is well used. Return: 0 or an errno. */
static int encrypt(struct buffer *buf, struct pp_batch *batch)
{
	unsigned int noio = memalloc_noio_save(), reserves = memalloc_noreclaim_save();
	struct pp_cipher *cipher = cipher_of(batch->slots);
	struct pp_device *dev = buf->tier->dev;
	u64 start = ktime_get_ns();
	int err = PTR_ERR_OR_ZERO(cipher);

	if (!err)
		err = pp_cipher_encrypt(cipher, dev->salt, buf->first, buf->req->pages,
					DIV_ROUND_UP(buf->at, PAGE_SIZE));
	pp_device_count(dev, PP_DEVICE_CIPHER_NS, ktime_get_ns() - start);
	memalloc_noreclaim_restore(reserves);
	memalloc_noio_restore(noio);
	return err;
}

/* Each object keeps its block. */
static void keep_blocks(struct buffer *buf, struct pp_batch *batch)
{
	struct pp_tier *tier = buf->tier;
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		if (batch->twin[i])
			continue;
		pp_blocks_get(&tier->dev->blocks, pp_place_block(&batch->to[i]));
		atomic_long_inc(&tier->pages);
	}
	for (i = 0; i < DIV_ROUND_UP(buf->at, PAGE_SIZE); i++) {
		pp_fetch_forget(tier, buf->first + i);
		pp_blocks_set_sum(&tier->dev->blocks, buf->first + i,
				  page_address(buf->req->pages[i]));
	}
	buf->kept = true;
}

/* Return: 0; -ENOMEM: it cannot be encrypted; -EINTR; -EIO, whatever the device calls it. */
static int write_out(struct buffer *buf, struct pp_batch *batch)
{
	struct pp_tier *tier = buf->tier;
	int err = tier->encrypts ? encrypt(buf, batch) : 0;

	if (err && err != -ENOMEM)
		pr_err_ratelimited("device %s: nothing can be encrypted (error %d), so nothing goes there\n",
				   tier->dev->path, err);
	if (err)
		return -ENOMEM;
	keep_blocks(buf, batch);
	err = pp_device_write(tier->dev, buf->req, buf->first, DIV_ROUND_UP(buf->at, PAGE_SIZE));
	if (!err || err == -EINTR)
		return err;
	pp_device_count(tier->dev, PP_DEVICE_WRITE_ERRORS, 1);
	pp_device_complain(tier->dev, "write", buf->first, err);
	WRITE_ONCE(tier->rest_until, (jiffies + REST) | 1);
	return -EIO;
}

/* Return: -ENODATA: there is nothing in memory that could go; or like write_out(). */
static int write_batch(struct buffer *buf, struct pp_batch *batch)
{
	struct pp_tiers *tiers = buf->tier->tiers;
	unsigned int i;
	int err;

	collect(buf, batch);
	if (!batch->nr)
		return -ENODATA;
	buf->began = jiffies;
	WRITE_ONCE(buf->tier->since, buf->began | 1);
	for (i = 0; i < batch->nr; i++)
		pack_one(buf, batch, i);
	err = buf->at ? write_out(buf, batch) : 0;
	WRITE_ONCE(buf->tier->since, 0);
	if (!err) {
		pp_device_count(buf->tier->dev, PP_DEVICE_SHARED, buf->twins);
		pp_store_count(tiers->store, PP_COUNT_PUSHED, buf->pushed);
		pp_batch_move(tiers, batch);
		return 0;
	}
	for (i = 0; i < batch->nr; i++)
		if (buf->kept || batch->twin[i])
			pp_tiers_drop(tiers, &batch->to[i]);
	pp_batch_stay(tiers, batch);
	return err;
}

/* Moves as much as one request takes. Return: like write_batch(); -ENOSPC: the device is full. */
static int spill(struct pp_tier *tier, struct pp_request *req, struct pp_batch *batch)
{
	struct buffer buf = { .tier = tier, .req = req };
	unsigned int i;
	int err;

	buf.blocks = pp_blocks_take(&tier->dev->blocks, PP_RUN, &buf.first);
	if (!buf.blocks)
		return -ENOSPC;
	err = write_batch(&buf, batch);
	if (batch->slots)
		pp_slots_put(batch->slots);
	batch->slots = NULL;
	for (i = 0; i < buf.blocks; i++)
		pp_tier_put_block(tier, buf.first + i);
	wake_up_all(&tier->tiers->moved);
	return err;
}

/* Has a write been under way for long? */
static bool is_late(struct pp_tier *tier)
{
	unsigned long since = READ_ONCE(tier->since);

	return since && time_after_eq(jiffies, since + PATIENCE);
}

static bool has_blocks(struct pp_tier *tier)
{
	return !READ_ONCE(tier->closed) &&
	       READ_ONCE(tier->dev->blocks.used) + PP_RUN <= tier->dev->blocks.nr;
}

/* One that does not answer for a while counts as full, so that nobody waits for room from there. */
static bool takes_more(struct pp_tier *tier)
{
	unsigned long rest = READ_ONCE(tier->rest_until);

	return has_blocks(tier) && (!rest || time_after(jiffies, rest)) && !is_late(tier);
}

static void tier_work(struct work_struct *work)
{
	struct pp_tier *tier = container_of(work, struct pp_tier, work);
	struct pp_tiers *tiers = tier->tiers;
	u64 bytes = U64_MAX;
	unsigned int vain = 0;
	int err = 0;

	while (!err && !READ_ONCE(tiers->stopping) && takes_more(tier) &&
	       (pp_store_counted(tiers->store, PP_COUNT_RIPE) ||
		pp_store_wants_room(tiers->store))) {
		err = spill(tier, tier->req, tier->batch);
		vain = pp_store_bytes(tiers->store) < bytes || !pp_store_wants_room(tiers->store) ?
		       0 : vain + 1;
		bytes = pp_store_bytes(tiers->store);
		/* What went left gaps. */
		if (vain == MAX_VAIN) {
			pp_store_compact(tiers->store);
			vain = 0;
		}
		cond_resched();
	}
	/* Ripe ones may be on their way to another device. */
	if (err == -ENODATA && !pp_store_wants_room(tiers->store))
		err = 0;
	/* Nothing could go, or no block or memory was to be had: no room for a moment. */
	if (err == -ENODATA || err == -ENOSPC || err == -ENOMEM)
		WRITE_ONCE(tier->rest_until, (jiffies + PAUSE) | 1);
	wake_up_all(&tiers->moved);
}

static void kick(struct pp_tier *tier)
{
	if (!READ_ONCE(tier->closed) && !READ_ONCE(tier->tiers->stopping))
		queue_work(tiers_wq, &tier->work);
}

static bool any(struct pp_tiers *tiers, bool (*is)(struct pp_tier *tier))
{
	bool found = false;
	unsigned int i;
	int idx;

	if (!READ_ONCE(tiers->nr))
		return false;
	idx = srcu_read_lock(&tiers->srcu);
	for (i = 0; i < PP_MAX_DEVICES && !found; i++) {
		struct pp_tier *tier = READ_ONCE(tiers->tier[i]);

		found = tier && is(tier);
	}
	srcu_read_unlock(&tiers->srcu, idx);
	return found;
}

bool pp_tiers_have_room(struct pp_tiers *tiers)
{
	return any(tiers, takes_more);
}

bool pp_tiers_will_have_room(struct pp_tiers *tiers)
{
	return any(tiers, has_blocks);
}

bool pp_tiers_are_late(struct pp_tiers *tiers)
{
	return any(tiers, is_late);
}

unsigned long pp_tiers_used(struct pp_tiers *tiers)
{
	unsigned long used = 0;
	unsigned int i;
	int idx;

	if (!READ_ONCE(tiers->nr))
		return 0;
	idx = srcu_read_lock(&tiers->srcu);
	for (i = 0; i < PP_MAX_DEVICES; i++) {
		struct pp_tier *tier = READ_ONCE(tiers->tier[i]);

		used += tier ? READ_ONCE(tier->dev->blocks.used) : 0;
	}
	srcu_read_unlock(&tiers->srcu, idx);
	return used;
}

/* A block each, but for a request that is being filled, and the next. */
long pp_tiers_room(struct pp_tier *tier)
{
	return max((long)tier->dev->blocks.nr - 2 * PP_RUN, 0L);
}

void pp_tiers_kick(struct pp_tiers *tiers, unsigned long many)
{
	unsigned int i;
	int idx;

	if (!READ_ONCE(tiers->nr) ||
	    (!pp_store_is_short(tiers->store) &&
	     pp_store_counted(tiers->store, PP_COUNT_RIPE) < many))
		return;
	idx = srcu_read_lock(&tiers->srcu);
	for (i = 0; i < PP_MAX_DEVICES; i++) {
		struct pp_tier *tier = READ_ONCE(tiers->tier[i]);

		if (tier && takes_more(tier))
			kick(tier);
	}
	srcu_read_unlock(&tiers->srcu, idx);
}

bool pp_tiers_wait(struct pp_tiers *tiers)
{
	if (!pp_store_has_no_room(tiers->store) || !pp_tiers_have_room(tiers))
		return false;
	pp_tiers_kick(tiers, PP_MAX_BATCH);
	wait_event_killable_timeout(tiers->moved, !pp_store_has_no_room(tiers->store), HZ / 10);
	return !pp_store_has_no_room(tiers->store) && !fatal_signal_pending(current);
}

void pp_tier_put_block(struct pp_tier *tier, u64 block)
{
	if (pp_blocks_put(&tier->dev->blocks, block))
		pp_fetch_forget(tier, block);
	pp_device_trim_later(tier->dev, false);
}

void pp_tiers_drop(struct pp_tiers *tiers, const struct pp_slot *slot)
{
	struct pp_tier *tier = READ_ONCE(tiers->tier[pp_place_device(slot)]);

	pp_tier_put_block(tier, pp_place_block(slot));
	/* Whoever removes it waits for this. */
	smp_mb__before_atomic();
	atomic_long_dec(&tier->pages);
}

/* --- devices come and go --- */

void pp_tier_put(struct pp_tier *tier, bool now)
{
	if (!refcount_dec_and_test(&tier->users))
		return;
	pp_device_close(tier->dev, now);
	pp_cipher_destroy(tier->cipher);
	pp_request_put(tier->req);
	kfree(tier->batch);
	kfree(tier);
}

static struct pp_tier *tier_new(struct pp_tiers *tiers, unsigned int fd)
{
	struct pp_tier *tier = kzalloc(sizeof(*tier), GFP_KERNEL);
	struct pp_device *dev;

	if (!tier)
		return ERR_PTR(-ENOMEM);
	tier->batch = kzalloc(sizeof(*tier->batch), GFP_KERNEL);
	tier->req = pp_request_alloc(PP_RUN, GFP_KERNEL);
	dev = tier->batch && tier->req ? pp_device_open(fd) : ERR_PTR(-ENOMEM);
	if (IS_ERR(dev)) {
		if (tier->req)
			pp_request_put(tier->req);
		kfree(tier->batch);
		kfree(tier);
		return ERR_CAST(dev);
	}
	refcount_set(&tier->users, 1);
	tier->tiers = tiers;
	tier->dev = dev;
	tier->window = 1;
	spin_lock_init(&tier->ahead);
	tier->closed = true;
	INIT_WORK(&tier->work, tier_work);
	return tier;
}

int pp_tiers_open(struct pp_tier *tier)
{
	int err = pp_device_try(tier->dev);

	if (err)
		return err;
	WRITE_ONCE(tier->closed, false);
	pp_tiers_kick(tier->tiers, 1);
	return 0;
}

/* One that is of no use but that the kernel's code for it stays. Return: 0 or an errno. */
static int try_cipher(struct pp_cipher **out)
{
	struct pp_cipher *cipher = pp_cipher_create();

	if (!IS_ERR(cipher)) {
		*out = cipher;
		return 0;
	}
	if (PTR_ERR(cipher) == -ENOMEM || PTR_ERR(cipher) == -EINTR)
		return PTR_ERR(cipher);
	pr_err("no cipher xts(aes) (error %ld), so nothing can be encrypted on a device: load the kernel's module for it (modprobe xts), or set encrypt to 0\n",
	       PTR_ERR(cipher));
	return -EOPNOTSUPP;
}

struct pp_tier *pp_tiers_add(struct pp_tiers *tiers, unsigned int fd, bool encrypt)
{
	struct pp_cipher *cipher = NULL;
	int err = encrypt ? try_cipher(&cipher) : 0;
	struct pp_tier *tier = err ? ERR_PTR(err) : tier_new(tiers, fd);
	unsigned int i;

	if (IS_ERR(tier)) {
		pp_cipher_destroy(cipher);
		return tier;
	}
	tier->encrypts = encrypt;
	tier->cipher = cipher;
	spin_lock(&tiers->lock);
	for (i = 0; i < PP_MAX_DEVICES && tiers->tier[i]; i++)
		;
	if (i < PP_MAX_DEVICES && !tiers->stopping) {
		tier->number = i;
		WRITE_ONCE(tiers->tier[i], tier);
		WRITE_ONCE(tiers->nr, tiers->nr + 1);
	} else {
		err = tiers->stopping ? -ENODEV : -ENOSPC;
	}
	spin_unlock(&tiers->lock);
	if (err == -ENOSPC)
		pr_err_ratelimited("device refused: the pool has %u already; remove one first\n",
				   PP_MAX_DEVICES);
	if (err) {
		pp_tier_put(tier, true);
		return ERR_PTR(err);
	}
	return tier;
}

void pp_tiers_remove(struct pp_tier *tier)
{
	struct pp_tiers *tiers = tier->tiers;

	cancel_work_sync(&tier->work);
	spin_lock(&tiers->lock);
	WRITE_ONCE(tiers->tier[tier->number], NULL);
	WRITE_ONCE(tiers->nr, tiers->nr - 1);
	spin_unlock(&tiers->lock);
	synchronize_srcu(&tiers->srcu);
	/* Whoever saw it in the table may have kicked it. */
	cancel_work_sync(&tier->work);
	pp_cache_clear(tiers->cache);
	pp_tier_put(tier, !READ_ONCE(tiers->stopping));
}

struct pp_tiers *pp_tiers_create(struct pp_store *store)
{
	struct pp_tiers *tiers = kzalloc(sizeof(*tiers), GFP_KERNEL);

	if (!tiers)
		return NULL;
	tiers->cache = pp_cache_create();
	if (!tiers->cache || init_srcu_struct(&tiers->srcu)) {
		if (tiers->cache)
			pp_cache_destroy(tiers->cache);
		kfree(tiers);
		return NULL;
	}
	tiers->store = store;
	spin_lock_init(&tiers->lock);
	INIT_LIST_HEAD(&tiers->spaces);
	mutex_init(&tiers->pack);
	init_waitqueue_head(&tiers->moved);
	return tiers;
}

void pp_tiers_stop(struct pp_tiers *tiers)
{
	unsigned int i;

	spin_lock(&tiers->lock);
	WRITE_ONCE(tiers->stopping, true);
	for (i = 0; i < PP_MAX_DEVICES; i++)
		if (tiers->tier[i])
			WRITE_ONCE(tiers->tier[i]->dev->ending, true);
	spin_unlock(&tiers->lock);
	wake_up_all(&tiers->moved);
}

void pp_tiers_destroy(struct pp_tiers *tiers)
{
	unsigned int i;

	for (i = 0; i < PP_MAX_DEVICES; i++)
		if (tiers->tier[i])
			pp_tiers_remove(tiers->tier[i]);
	if (tiers->space)
		pp_slots_put(tiers->space);
	cleanup_srcu_struct(&tiers->srcu);
	pp_cache_destroy(tiers->cache);
	kfree(tiers);
}

int pp_tiers_init(void)
{
	tiers_wq = alloc_workqueue("pagepact_tiers", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return tiers_wq ? 0 : -ENOMEM;
}

void pp_tiers_exit(void)
{
	destroy_workqueue(tiers_wq);
}
