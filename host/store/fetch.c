// SPDX-License-Identifier: GPL-2.0-only
/* Locks: store/tiers.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/srcu.h>
#include "store/batch.h"
#include "store/cache.h"
#include "store/cipher.h"
#include "store/codec.h"
#include "store/device.h"
#include "store/fetch.h"
#include "store/store.h"

/* Tries to read a block. */
#define READ_TRIES	3
/* Memory for what one can do without. */
#define OPTIONAL	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN)

static u64 cache_key(struct pp_tier *tier, u64 block)
{
	return (u64)tier->number << PP_BLOCK_BITS | block;
}

/*
 * Under @ahead: who read up to @block, or nearly, because others wrote in between; or the stream
 * that gives way for who begins there.
 */
static struct pp_ahead *stream_at(struct pp_tier *tier, u64 block, bool *known)
{
	unsigned int i;

	for (i = 0; i < PP_NR_STREAMS; i++)
		if (tier->streams[i].window && block - tier->streams[i].next < PP_RUN)
			break;
	*known = i < PP_NR_STREAMS;
	if (!*known) {
		i = tier->turn;
		tier->turn = (tier->turn + 1) % PP_NR_STREAMS;
	}
	return &tier->streams[i];
}

/*
 * Blocks to read at @block: twice as many as the last time for who goes on reading in order; where
 * nobody did (not @known), more as long as those that were read ahead there are used, or those
 * behind them are: a single block has none ahead.
 */
static unsigned int window_at(struct pp_tier *tier, u64 block, bool *known)
{
	struct pp_ahead *stream;
	unsigned int n, max;

	spin_lock(&tier->ahead);
	stream = stream_at(tier, block, known);
	if (*known) {
		max = 2 * stream->window;
		if (stream->begun)
			atomic_add(tier->window, &tier->hits);
	} else {
		max = 2 * atomic_xchg(&tier->hits, 0) >= tier->window ? 2 * tier->window :
									tier->window / 2;
		tier->window = clamp(max, 1U, (unsigned int)PP_RUN);
	}
	max = clamp(max, 1U, (unsigned int)PP_RUN);
	for (n = 1; n < max && pp_blocks_in_use(&tier->dev->blocks, block + n); n++)
		;
	stream->next = block + n;
	stream->window = n;
	stream->begun = !*known;
	spin_unlock(&tier->ahead);
	return n;
}

/**
 * struct run - how blocks are read
 * @nr: how many
 * @try: whether those behind the first are used is counted
 * @gfp: for the first
 * @patience: see pp_device_read()
 */
struct run {
	unsigned int nr;
	bool try;
	gfp_t gfp;
	long patience;
};

/* Is it the device's fault? */
static bool is_bad(int err)
{
	return err && err != -EINTR && err != -ENOMEM && err != -ETIMEDOUT;
}

/*
 * Reads blocks, perhaps fewer. Return: 0 with the bytes of the first in *@out, which the caller
 * puts; -EINTR, -ETIMEDOUT, -ENOMEM, -EIO.
 */
static int read_run(struct pp_tier *tier, u64 block, const struct run *run, struct page **out)
{
	struct pp_request *req = NULL;
	unsigned int i;
	int err;

	if (run->nr > 1)
		req = pp_request_alloc(run->nr, OPTIONAL);
	if (!req)
		req = pp_request_alloc(1, run->gfp);
	if (!req)
		return -ENOMEM;
	err = pp_device_read(tier->dev, req, block, run->patience);
	if (!err && !pp_blocks_is_right(&tier->dev->blocks, block, page_address(req->pages[0])))
		err = -EIO;
	if (is_bad(err)) {
		pp_device_count(tier->dev, PP_DEVICE_READ_ERRORS, 1);
		pp_device_complain(tier->dev, "read", block, err);
		err = -EIO;
	}
	/* The one that is wanted last, because the first ones go first. */
	for (i = err ? 0 : req->nr; i--; ) {
		set_page_private(req->pages[i], run->try && i > 0);
		pp_cache_add(tier->tiers->cache, cache_key(tier, block + i), req->pages[i]);
	}
	if (!err) {
		*out = req->pages[0];
		get_page(*out);
	}
	pp_request_put(req);
	return err;
}

/* The caller has a reference to the block. Return: whether it is in the cache, with its bytes. */
static bool find_block(struct pp_tier *tier, u64 block, struct page **out)
{
	struct pp_cache *cache = tier->tiers->cache;

	*out = pp_cache_find(cache, cache_key(tier, block));
	if (!*out)
		return false;
	if (!pp_blocks_is_right(&tier->dev->blocks, block, page_address(*out))) {
		pp_cache_drop(cache, cache_key(tier, block));
		put_page(*out);
		return false;
	}
	/* Read ahead, and of use: counted once. */
	if (page_private(*out)) {
		set_page_private(*out, 0);
		atomic_inc(&tier->hits);
	}
	return true;
}

/* The caller has a reference to the block. Return: like read_run(). */
static int get_block(struct pp_tier *tier, u64 block, long patience, struct page **out)
{
	struct run run = { .gfp = GFP_KERNEL, .patience = patience };
	struct pp_cache *cache = tier->tiers->cache;
	u64 key = cache_key(tier, block);
	unsigned int tries = READ_TRIES;
	bool known;
	int err;

	if (find_block(tier, block, out))
		return 0;
	if (pp_cache_has_mark(cache, key, PP_MARK_BAD))
		return -EIO;
	if (patience <= 0)
		return -ETIMEDOUT;
	run.nr = window_at(tier, block, &known);
	run.try = !known;
	err = read_run(tier, block, &run, out);
	/* A bad neighbour is not to be this one's. */
	run.nr = 1;
	run.try = false;
	while (err == -EIO && --tries)
		err = read_run(tier, block, &run, out);
	if (err == -EIO)
		pp_cache_mark(cache, key, PP_MARK_BAD);
	return err;
}

/* Takes over the reference to *@page, and sets it to another one. Return: 0, -ENOMEM, -EIO. */
static int decrypt(struct pp_tier *tier, struct pp_slots *slots, u64 block, gfp_t gfp,
		   struct page **page)
{
	struct page *sealed = *page, *plain = alloc_page(gfp);
	u64 start = ktime_get_ns();
	int err = -ENOMEM;

	if (plain)
		err = pp_cipher_decrypt(READ_ONCE(slots->cipher), tier->dev->salt, block,
					sealed, plain);
	pp_device_count(tier->dev, PP_DEVICE_CIPHER_NS, ktime_get_ns() - start);
	put_page(sealed);
	if (err && plain)
		put_page(plain);
	*page = plain;
	return err && err != -ENOMEM ? -EIO : err;
}

int pp_fetch_block(struct pp_tier *tier, struct pp_slots *slots, u64 block, long patience,
		   struct page **out)
{
	int err = get_block(tier, block, patience, out);

	return err || !tier->encrypts ? err : decrypt(tier, slots, block, GFP_KERNEL, out);
}

static int unpack(const struct pp_slot *slot, struct page *block, struct page *dst)
{
	struct pp_stream *stream = pp_stream_lock();
	void *to = kmap_local_page(dst);
	int err = 0;

	if (slot->codec == PP_CODEC_RAW)
		copy_page(to, page_address(block));
	else
		err = pp_codec_get(slot->codec)->decompress(stream->ctx[slot->codec],
							    page_address(block) +
							    pp_place_offset(slot), slot->len, to);
	kunmap_local(to);
	pp_stream_unlock(stream);
	return err;
}

/*
 * What slot @number says, and its device and block, with a reference to each. Return: 0;
 * -EAGAIN: it is in memory; -ENOMEM.
 */
static int find_far(struct pp_tiers *tiers, struct pp_slots *slots, u64 number,
		    struct pp_slot *slot, struct pp_tier **tier)
{
	int err = -EAGAIN, idx = srcu_read_lock(&tiers->srcu);

	pp_slot_read(slots, number, slot);
	if (slot->far) {
		*tier = READ_ONCE(tiers->tier[pp_place_device(slot)]);
		err = pp_blocks_get(&(*tier)->dev->blocks, pp_place_block(slot)) ? 0 : -ENOMEM;
		if (!err)
			refcount_inc(&(*tier)->users);
	}
	srcu_read_unlock(&tiers->srcu, idx);
	return err;
}

int pp_tiers_read(struct pp_tiers *tiers, struct pp_slots *slots, u64 number, struct page *dst,
		  long patience)
{
	struct pp_tier *tier;
	struct pp_slot slot;
	struct page *page;
	int err;

	while ((err = find_far(tiers, slots, number, &slot, &tier)) == -EAGAIN) {
		err = dst ? pp_store_fetch(slots, number, dst) : 0;
		if (err != -EINPROGRESS)
			return err;
	}
	if (err)
		return err;
	/* What nobody wants to see stays as it is. */
	if (dst)
		err = pp_fetch_block(tier, slots, pp_place_block(&slot), patience, &page);
	else
		err = get_block(tier, pp_place_block(&slot), patience, &page);
	/* Whatever else came of it: who comes back for it is not sent away again. */
	if (!dst && err != -ETIMEDOUT)
		pp_cache_mark(tiers->cache, cache_key(tier, pp_place_block(&slot)), PP_MARK_WANTED);
	if (!err) {
		err = dst ? unpack(&slot, page, dst) : 0;
		put_page(page);
	}
	if (!err && dst)
		pp_device_count(tier->dev, PP_DEVICE_FETCHES, 1);
	pp_tier_put_block(tier, pp_place_block(&slot));
	pp_tier_put(tier, false);
	return err;
}

/* Reads once, and no more than is used. Return: 0 or why it cannot be looked at. */
static int look_at(struct pp_tier *tier, struct pp_slots *slots, u64 block, unsigned int ahead,
		   struct page **out)
{
	struct run run = { .nr = 1, .gfp = OPTIONAL, .patience = MAX_SCHEDULE_TIMEOUT };
	int err = 0;

	while (run.nr < ahead && pp_blocks_in_use(&tier->dev->blocks, block + run.nr))
		run.nr++;
	if (!find_block(tier, block, out))
		err = read_run(tier, block, &run, out);
	return err || !tier->encrypts ? err : decrypt(tier, slots, block, OPTIONAL, out);
}

int pp_fetch_equal(struct pp_tier *tier, struct pp_slots *slots, u64 number,
		   const struct pp_slot *from, const void *bytes, unsigned int ahead,
		   struct pp_slot *to)
{
	struct pp_tier *its;
	struct page *page;
	int ret = 0;

	if (find_far(tier->tiers, slots, number, to, &its))
		return 0;
	/* Of another device, a failure of that one would be this one's. */
	if (its == tier && to->len == from->len && to->codec == from->codec &&
	    !pp_blocks_is_popular(&tier->dev->blocks, pp_place_block(to))) {
		ret = look_at(tier, slots, pp_place_block(to), ahead, &page);
		if (!ret) {
			ret = !memcmp(page_address(page) + pp_place_offset(to), bytes, from->len);
			put_page(page);
		}
	}
	if (ret <= 0)
		pp_tier_put_block(its, pp_place_block(to));
	pp_tier_put(its, false);
	return ret;
}

bool pp_tiers_at_hand(struct pp_tiers *tiers, struct pp_slots *slots, u64 number)
{
	struct pp_tier *tier;
	struct pp_slot slot;
	struct page *page;
	bool at_hand;
	u64 key;

	if (find_far(tiers, slots, number, &slot, &tier))
		return true;
	key = cache_key(tier, pp_place_block(&slot));
	page = pp_cache_find(tiers->cache, key);
	at_hand = page || pp_cache_has_mark(tiers->cache, key, PP_MARK_WANTED) ||
		  pp_cache_has_mark(tiers->cache, key, PP_MARK_BAD);
	if (page)
		put_page(page);
	pp_tier_put_block(tier, pp_place_block(&slot));
	pp_tier_put(tier, false);
	return at_hand;
}

void pp_fetch_forget(struct pp_tier *tier, u64 block)
{
	pp_cache_drop(tier->tiers->cache, cache_key(tier, block));
}
