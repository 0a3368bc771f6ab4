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
#include "store/batch.h"
#include "store/codec.h"
#include "store/share.h"
#include "store/slots.h"
#include "store/store.h"
#include "store/tiers.h"

/* Pages kept back; and with huge frames, of which one takes this much before it gives anything. */
#define PP_RESERVE	64
#define PP_RESERVE_HUGE	448
#define RESERVE_BATCH	8
/* Up to here compression wins memory: zsmalloc puts larger objects on pages of their own. */
#define COMPRESSED_MAX	3072
/*
 * Bytes begin to move to devices when less than such a part of the room is left, until more is; but
 * not sooner than at so many bytes, as what lies free is of no use.
 */
#define SHORT_PART	32
#define SHORT_MAX	(32UL << 20)
#define ROOM_PART	16
#define ROOM_MAX	(64UL << 20)
/* Kept for pages that change places: an eighth of the limit, but not more bytes than this. */
#define KEPT_MAX	(32UL << 20)

/**
 * struct pp_store - a pool's tiers
 * @tier: the compressed tier
 * @tiers: devices below it
 * @codec: enum pp_codec_id to write with, READ_ONCE()
 * @limit: bytes, 0 = none, READ_ONCE()
 * @high: bytes that pages may change places in while there is more than a limit that was lowered
 *	allows, else 0; READ_ONCE(), written under @exchange
 * @lock: protects the reserve
 * @exchange: serialises puts that may use the last of @limit, so that each sees what it grew by
 * @reserve: pages kept back
 * @nr_reserve: length of @reserve
 * @want_reserve: what that is to be, READ_ONCE()
 * @counts: enum pp_count
 */
struct pp_store {
	void *tier;
	struct pp_tiers *tiers;
	int codec;
	u64 limit;
	u64 high;
	spinlock_t lock;
	struct mutex exchange;
	struct list_head reserve;
	unsigned int nr_reserve;
	unsigned int want_reserve;
	atomic_long_t counts[PP_NR_COUNTS];
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
	store->tiers = pp_tiers_create(store);
	store->tier = store->codec < 0 || !store->tiers ? NULL : tier_ops->create();
	if (!store->tier) {
		if (store->tiers)
			pp_tiers_destroy(store->tiers);
		kfree(store);
		return NULL;
	}
	pp_store_refill(store);
	return store;
}

void pp_store_destroy(struct pp_store *store)
{
	pp_tiers_stop(store->tiers);
	pp_tiers_destroy(store->tiers);
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

u64 pp_store_room(u64 limit)
{
	return limit - kept_below(limit);
}

u64 pp_store_kept(struct pp_store *store)
{
	return kept_below(READ_ONCE(store->limit));
}

/* Is no more left of its room than a @part, or @most bytes, once @more bytes have gone? */
static bool has_less_than(struct pp_store *store, unsigned int part, u64 most, u64 more)
{
	u64 limit = READ_ONCE(store->limit), room = pp_store_room(limit);

	return limit && pp_store_bytes(store) >= room - min_t(u64, room / part, most) + more;
}

bool pp_store_has_no_room(struct pp_store *store)
{
	return has_less_than(store, 1, 0, 0);
}

bool pp_store_is_short(struct pp_store *store)
{
	return has_less_than(store, SHORT_PART, SHORT_MAX, 0);
}

bool pp_store_wants_ripe(struct pp_store *store)
{
	return has_less_than(store, ROOM_PART, ROOM_MAX,
			     pp_store_counted(store, PP_COUNT_RIPE_BYTES));
}

bool pp_store_wants_room(struct pp_store *store)
{
	return has_less_than(store, ROOM_PART, ROOM_MAX, 0);
}

bool pp_store_full(struct pp_store *store)
{
	return pp_store_has_no_room(store) && !pp_tiers_have_room(store->tiers);
}

bool pp_store_is_held_up(struct pp_store *store)
{
	return pp_store_has_no_room(store) && pp_tiers_are_late(store->tiers);
}

bool pp_store_takes_deep(struct pp_store *store)
{
	return pp_tiers_have_room(store->tiers);
}

bool pp_store_place(struct pp_slots *slots, u64 number, bool deep)
{
	return pp_slot_ripen(slots, number, deep);
}

void pp_store_flush(struct pp_store *store)
{
	pp_tiers_kick(store->tiers, 1);
}

bool pp_store_wait(struct pp_store *store)
{
	return pp_tiers_wait(store->tiers);
}

unsigned long pp_store_device_pages(struct pp_store *store)
{
	return pp_tiers_used(store->tiers);
}

struct pp_tiers *pp_store_tiers(struct pp_store *store)
{
	return store->tiers;
}

bool pp_store_roomy(struct pp_store *store)
{
	u64 limit = READ_ONCE(store->limit);

	return !limit || pp_store_bytes(store) < limit - 2 * kept_below(limit) ||
	       (!pp_store_has_no_room(store) && pp_tiers_have_room(store->tiers));
}

unsigned long pp_store_compact(struct pp_store *store)
{
	return tier_ops->compact(store->tier);
}

void pp_store_count(struct pp_store *store, enum pp_count what, int n)
{
	atomic_long_add(n, &store->counts[what]);
}

unsigned long pp_store_counted(struct pp_store *store, enum pp_count what)
{
	return max(atomic_long_read(&store->counts[what]), 0L);
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

/*
 * A repeated word is longer than struct pp_slot.where. What of it does not fit changes the print
 * that follows from the rest; so equal words have equal prints, and nothing is lost.
 */
static void pack_word(struct pp_slots *slots, u64 word, struct pp_slot *slot)
{
	slot->where = word & ((1ULL << PP_WHERE_BITS) - 1);
	slot->print = pp_share_print(slots, &slot->where, sizeof(slot->where)) ^
		      word >> PP_WHERE_BITS;
	slot->len = 0;
	slot->codec = PP_CODEC_RAW;
}

static u64 unpack_word(struct pp_slots *slots, const struct pp_slot *slot)
{
	u64 rest = slot->print ^ pp_share_print(slots, &slot->where, sizeof(slot->where));

	return rest << PP_WHERE_BITS | slot->where;
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

	pp_tiers_kick(store->tiers, PP_MAX_BATCH);
	if ((flags & PP_PUT_NO_ROOM) ||
	    (!PP_PUT_IS_EXCHANGE(flags) && pp_store_has_no_room(store)))
		return -ENOSPC;
	stream = pp_stream_lock();
	slot->codec = READ_ONCE(store->codec);
	slot->len = 0;
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

/*
 * The page gets a slot of its own; @twin as pp_slot_alloc() sets it.
 * Return: enum pp_put or an errno.
 */
static int put_alone(struct pp_slots *slots, struct page *page, unsigned int flags,
		     struct pp_slot *slot, u64 *number, u64 *twin)
{
	void *src;
	int ret = PP_PUT_SAME;

	if (slot->len) {
		src = kmap_local_page(page);
		ret = put_bytes(slots->store, src, flags, slot);
		kunmap_local(src);
	}
	if (ret < 0)
		return ret;
	if (pp_slot_alloc(slots, slot, number, flags & PP_PUT_SHARE ? twin : NULL)) {
		if (slot->len)
			tier_ops->drop(slots->store->tier, slot);
		return -ENOMEM;
	}
	return ret;
}

int pp_store_put(struct pp_slots *slots, struct page *page, unsigned int flags, u64 *number)
{
	struct pp_slot slot = { .len = PAGE_SIZE };
	u64 word = 1, twin = PP_NO_NUMBER;
	void *src = kmap_local_page(page);
	int ret, shared;

	if ((flags & PP_PUT_DETECT_SAME) && same_filled(src, &word))
		pack_word(slots, word, &slot);
	else if (flags & PP_PUT_SHARE)
		slot.print = pp_share_print(slots, src, PAGE_SIZE);
	kunmap_local(src);
	if (!word)
		return PP_PUT_ZERO;
	shared = slot.len ? PP_PUT_SHARED : PP_PUT_SAME;
	if ((flags & PP_PUT_SHARE) && pp_share_find(slots, page, slot.print, number))
		return shared;
	ret = put_alone(slots, page, flags, &slot, number, &twin);
	/* Somebody was faster with the same print: if it is an equal page, that one stays. */
	if (twin != PP_NO_NUMBER) {
		if (pp_share_is_equal(slots, twin, page)) {
			swap(*number, twin);
			ret = shared;
		}
		pp_store_drop(slots, twin);
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

/* Under @srcu, so that the bytes stay where the slot says. Return: like pp_store_fetch(). */
static int fetch_bytes(struct pp_store *store, const struct pp_slot *slot, u64 number,
		       struct page *dst)
{
	int err = slot->far ? -EINPROGRESS : tier_ops->fetch(store->tier, slot, dst);

	if (err && err != -EINPROGRESS)
		pr_err_ratelimited("stored page is damaged: slot %llu, %u bytes by codec %u\n",
				   number, slot->len, slot->codec);
	return err;
}

int pp_store_fetch(struct pp_slots *slots, u64 number, struct page *dst)
{
	struct pp_tiers *tiers = slots->store->tiers;
	int err = 0, idx = srcu_read_lock(&tiers->srcu);
	struct pp_slot slot;
	void *p;

	pp_slot_read(slots, number, &slot);
	if (slot.len)
		err = fetch_bytes(slots->store, &slot, number, dst);
	srcu_read_unlock(&tiers->srcu, idx);
	if (slot.len)
		return err;
	p = kmap_local_page(dst);
	memset64(p, unpack_word(slots, &slot), PAGE_SIZE / sizeof(u64));
	kunmap_local(p);
	return 0;
}

int pp_store_read(struct pp_slots *slots, u64 number, struct page *dst, long patience)
{
	return pp_tiers_read(slots->store->tiers, slots, number, dst, patience);
}

bool pp_store_hold(struct pp_slots *slots, u64 number)
{
	return pp_slot_hold(slots, number);
}

bool pp_store_is_far(struct pp_slots *slots, u64 number)
{
	struct pp_slot slot;

	pp_slot_read(slots, number, &slot);
	return slot.far;
}

bool pp_store_at_hand(struct pp_slots *slots, u64 number)
{
	return pp_tiers_at_hand(slots->store->tiers, slots, number);
}

void pp_store_copy_bytes(struct pp_store *store, const struct pp_slot *slot, void *dst)
{
	tier_ops->copy(store->tier, slot, dst);
}

int pp_store_put_bytes(struct pp_store *store, void *src, struct pp_slot *slot)
{
	return tier_ops->put(store->tier, src, slot->len, &slot->where);
}

void pp_store_drop_bytes(struct pp_store *store, const struct pp_slot *slot)
{
	tier_ops->drop(store->tier, slot);
}

unsigned int pp_store_len(struct pp_slots *slots, u64 number)
{
	struct pp_slot slot;

	pp_slot_read(slots, number, &slot);
	return slot.len;
}

unsigned int pp_store_own(struct pp_slots *slots, u64 number)
{
	struct pp_slot slot;

	return pp_slot_read(slots, number, &slot) || slot.far ? 0 : slot.len;
}

unsigned int pp_store_drop(struct pp_slots *slots, u64 number)
{
	struct pp_slot slot;

	if (!pp_slot_put(slots, number, &slot))
		return 0;
	if (slot.far)
		pp_tiers_drop(slots->store->tiers, &slot);
	else if (slot.len)
		tier_ops->drop(slots->store->tier, &slot);
	pp_slot_free(slots, number);
	return slot.far ? 0 : slot.len;
}
