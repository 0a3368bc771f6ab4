// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: memory while memory is short
 *
 * Storing a page takes memory in order to win memory. Allocations here never enter reclaim. When
 * one fails, the store gives pages of its own reserve to the page allocator and tries again, this
 * time with leave to use the kernel's reserve too (PF_MEMALLOC), as swapping out has. Until the
 * store's reserve is full again (background reclaim sees to it) every frame that is evicted goes
 * back to the page allocator, none to a spare list, so that what was borrowed is paid back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "store/codec.h"
#include "store/slots.h"
#include "store/store.h"

/* Pages kept back; and with huge frames, of which one takes this much before it gives anything. */
#define PP_RESERVE	64
#define PP_RESERVE_HUGE	448
#define RESERVE_BATCH	8
/* Up to here compression wins memory: zsmalloc puts larger objects on pages of their own. */
#define COMPRESSED_MAX	3072
/* Kept for pages that change places: an eighth of the limit, but not more bytes than this. */
#define KEPT_MAX	(32UL << 20)

/**
 * struct pp_store - a pool's tiers
 * @tier: the compressed tier
 * @codec: enum pp_codec_id to write with, READ_ONCE()
 * @limit: bytes, 0 = none, READ_ONCE()
 * @high: bytes that pages may change places in while there is more than a limit that was lowered
 *	allows, else 0; READ_ONCE(), written under @exchange
 * @lock: protects the reserve
 * @exchange: serialises puts that may use the last of @limit, so that each sees what it grew by
 * @reserve: pages kept back
 * @nr_reserve: length of @reserve
 * @want_reserve: what that is to be, READ_ONCE()
 * @meta: pages of slots
 */
struct pp_store {
	void *tier;
	int codec;
	u64 limit;
	u64 high;
	spinlock_t lock;
	struct mutex exchange;
	struct list_head reserve;
	unsigned int nr_reserve;
	unsigned int want_reserve;
	atomic_long_t meta;
};

static const struct pp_tier_ops *const tier_ops = &pp_tier_cram;

void pp_store_refill(struct pp_store *store)
{
	struct page *page;

	while (pp_store_tight(store)) {
		page = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN);
		if (!page)
			return;
		spin_lock(&store->lock);
		list_add(&page->lru, &store->reserve);
		store->nr_reserve++;
		spin_unlock(&store->lock);
	}
}

/* Gives up to @max reserve pages back to the page allocator. Return: how many. */
static unsigned int reserve_release(struct pp_store *store, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max; n++) {
		struct page *page;

		spin_lock(&store->lock);
		page = list_first_entry_or_null(&store->reserve, struct page, lru);
		if (page) {
			list_del(&page->lru);
			store->nr_reserve--;
		}
		spin_unlock(&store->lock);
		if (!page)
			break;
		__free_page(page);
	}
	return n;
}

bool pp_store_tight(struct pp_store *store)
{
	return READ_ONCE(store->nr_reserve) < READ_ONCE(store->want_reserve);
}

void pp_store_expect_huge(struct pp_store *store)
{
	if (READ_ONCE(store->want_reserve) != PP_RESERVE_HUGE)
		WRITE_ONCE(store->want_reserve, PP_RESERVE_HUGE);
}

struct page *pp_store_meta_page(struct pp_store *store)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN | __GFP_ZERO;
	struct page *page = alloc_page(gfp);
	unsigned int flags;

	if (page)
		return page;
	reserve_release(store, 1);
	flags = memalloc_noreclaim_save();
	page = alloc_page(gfp);
	memalloc_noreclaim_restore(flags);
	return page;
}

struct pp_store *pp_store_create(void)
{
	struct pp_store *store = kzalloc(sizeof(*store), GFP_KERNEL);

	if (!store)
		return NULL;
	spin_lock_init(&store->lock);
	mutex_init(&store->exchange);
	INIT_LIST_HEAD(&store->reserve);
	store->want_reserve = PP_RESERVE;
	store->codec = pp_codec_find("lz4");
	store->tier = store->codec < 0 ? NULL : tier_ops->create();
	if (!store->tier) {
		kfree(store);
		return NULL;
	}
	pp_store_refill(store);
	return store;
}

void pp_store_destroy(struct pp_store *store)
{
	reserve_release(store, UINT_MAX);
	tier_ops->destroy(store->tier);
	kfree(store);
}

u64 pp_store_bytes(struct pp_store *store)
{
	return tier_ops->bytes(store->tier);
}

static u64 kept_below(u64 limit)
{
	return min_t(u64, limit / 8, KEPT_MAX);
}

u64 pp_store_kept(struct pp_store *store)
{
	return kept_below(READ_ONCE(store->limit));
}

bool pp_store_full(struct pp_store *store)
{
	u64 limit = READ_ONCE(store->limit);

	return limit && pp_store_bytes(store) >= limit - kept_below(limit);
}

bool pp_store_roomy(struct pp_store *store)
{
	u64 limit = READ_ONCE(store->limit);

	return !limit || pp_store_bytes(store) < limit - 2 * kept_below(limit);
}

unsigned long pp_store_compact(struct pp_store *store)
{
	return tier_ops->compact(store->tier);
}

void pp_store_count_meta(struct pp_store *store, int n)
{
	atomic_long_add(n, &store->meta);
}

u64 pp_store_meta_bytes(struct pp_store *store)
{
	return (u64)atomic_long_read(&store->meta) << PAGE_SHIFT;
}

u64 pp_store_limit(struct pp_store *store)
{
	return READ_ONCE(store->limit);
}

void pp_store_set_limit(struct pp_store *store, u64 bytes)
{
	u64 end;

	mutex_lock(&store->exchange);
	/* Set again to what it is, it must not grow by what changes places meanwhile. */
	if (bytes == store->limit)
		goto out;
	/* What is there already goes on changing places. */
	end = pp_store_bytes(store) + kept_below(bytes) / 2;
	WRITE_ONCE(store->high, bytes && end > bytes ? end : 0);
	WRITE_ONCE(store->limit, bytes);
out:
	mutex_unlock(&store->exchange);
}

const char *pp_store_codec(struct pp_store *store)
{
	return pp_codec_get(READ_ONCE(store->codec))->name;
}

int pp_store_set_codec(struct pp_store *store, const char *name)
{
	int id = pp_codec_find(name);

	if (id < 0)
		return id;
	/* Its contexts before its number. */
	smp_store_release(&store->codec, id);
	return 0;
}

/* True when the page is one repeated word, which is then in @word. */
static bool same_filled(const u64 *p, u64 *word)
{
	unsigned int i, last = PAGE_SIZE / sizeof(*p) - 1;

	/* The last word first: many pages differ only far behind. */
	if (p[0] != p[last])
		return false;
	for (i = 1; i < last; i++)
		if (p[i] != p[0])
			return false;
	*word = p[0];
	return true;
}

static int tier_put(struct pp_store *store, void *buf, struct pp_slot *slot)
{
	int err = tier_ops->put(store->tier, buf, slot->len, &slot->where);
	unsigned int flags;

	if (!err)
		return 0;
	reserve_release(store, RESERVE_BATCH);
	flags = memalloc_noreclaim_save();
	err = tier_ops->put(store->tier, buf, slot->len, &slot->where);
	memalloc_noreclaim_restore(flags);
	return err;
}

/* Where the store ends for a page that goes in for one of @out bytes. */
static u64 end_for(struct pp_store *store, unsigned int len, unsigned int out)
{
	u64 limit = READ_ONCE(store->limit);

	/* Half of what is kept is for pages that fit into other gaps than those that leave. */
	if (len > out)
		return limit - kept_below(limit) / 2;
	return max(limit, READ_ONCE(store->high));
}

/*
 * Into gaps, or as far as there is room. It is looked at afterwards, because only the tier knows
 * whether it must grow.
 */
static int tier_exchange(struct pp_store *store, void *buf, struct pp_slot *slot, unsigned int out)
{
	u64 before, after;
	int err;

	mutex_lock(&store->exchange);
	before = pp_store_bytes(store);
	err = tier_put(store, buf, slot);
	after = pp_store_bytes(store);
	if (!err && READ_ONCE(store->limit) && after > before &&
	    after > end_for(store, slot->len, out)) {
		tier_ops->drop(store->tier, slot);
		err = slot->len > out ? -EFBIG : -ENOSPC;
	}
	if (after + kept_below(READ_ONCE(store->limit)) / 2 <= READ_ONCE(store->limit))
		WRITE_ONCE(store->high, 0);
	mutex_unlock(&store->exchange);
	return err;
}

/* Compresses @src and gives the bytes to the tier. Return: enum pp_put or an errno. */
static int put_bytes(struct pp_store *store, void *src, unsigned int flags, struct pp_slot *slot)
{
	struct pp_stream *stream;
	void *buf;
	int err;

	if ((flags & PP_PUT_NO_ROOM) || (!PP_PUT_IS_EXCHANGE(flags) && pp_store_full(store)))
		return -ENOSPC;
	stream = pp_stream_lock();
	slot->codec = READ_ONCE(store->codec);
	if (!(flags & PP_PUT_KNOWN_RAW))
		slot->len = pp_codec_get(slot->codec)->compress(stream->ctx[slot->codec], src,
								stream->buf, COMPRESSED_MAX);
	buf = stream->buf;
	if (!slot->len) {
		slot->codec = PP_CODEC_RAW;
		slot->len = PAGE_SIZE;
		buf = src;
	}
	if (slot->codec == PP_CODEC_RAW && !(flags & PP_PUT_ALLOW_RAW))
		err = -E2BIG;
	else if (!PP_PUT_IS_EXCHANGE(flags))
		err = tier_put(store, buf, slot);
	else if (slot->len > PP_PUT_BYTES(flags))
		err = -EFBIG;
	else
		err = tier_exchange(store, buf, slot, PP_PUT_OUT(flags));
	pp_stream_unlock(stream);
	if (err)
		return err;
	return slot->codec == PP_CODEC_RAW ? PP_PUT_RAW : PP_PUT_STORED;
}

int pp_store_put(struct pp_slots *slots, struct page *page, unsigned int flags, u64 *number)
{
	struct pp_slot slot = {};
	void *src = kmap_local_page(page);
	int ret;

	if ((flags & PP_PUT_DETECT_SAME) && same_filled(src, &slot.where))
		ret = slot.where ? PP_PUT_SAME : PP_PUT_ZERO;
	else
		ret = put_bytes(slots->store, src, flags, &slot);
	kunmap_local(src);
	if (ret < 0 || ret == PP_PUT_ZERO)
		return ret;
	if (pp_slot_alloc(slots, &slot, number)) {
		if (slot.len)
			tier_ops->drop(slots->store->tier, &slot);
		return -ENOMEM;
	}
	return ret;
}

bool pp_store_is_same(struct page *page)
{
	void *p = kmap_local_page(page);
	u64 word;
	bool same = same_filled(p, &word);

	kunmap_local(p);
	return same;
}

bool pp_store_is_zero(struct page *page)
{
	void *p = kmap_local_page(page);
	u64 word;
	bool zero = same_filled(p, &word) && !word;

	kunmap_local(p);
	return zero;
}

int pp_store_fetch(struct pp_slots *slots, u64 number, struct page *dst)
{
	struct pp_slot slot;
	void *p;
	int err;

	pp_slot_read(slots, number, &slot);
	if (slot.len) {
		err = tier_ops->fetch(slots->store->tier, &slot, dst);
		if (err)
			pr_err_ratelimited("stored page is damaged: slot %llu, %u bytes by codec %u\n",
					   number, slot.len, slot.codec);
		return err;
	}
	p = kmap_local_page(dst);
	memset64(p, slot.where, PAGE_SIZE / sizeof(u64));
	kunmap_local(p);
	return 0;
}

unsigned int pp_store_len(struct pp_slots *slots, u64 number)
{
	struct pp_slot slot;

	pp_slot_read(slots, number, &slot);
	return slot.len;
}

void pp_store_drop(struct pp_slots *slots, u64 number)
{
	struct pp_slot slot;

	pp_slot_read(slots, number, &slot);
	if (slot.len)
		tier_ops->drop(slots->store->tier, &slot);
	pp_slot_free(slots, number);
}
