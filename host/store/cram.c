// SPDX-License-Identifier: GPL-2.0-only
/* cram: the tier in compressed RAM, on zsmalloc. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/zsmalloc.h>
#include "compat/compat.h"
#include "store/codec.h"
#include "store/slots.h"
#include "store/store.h"

/**
 * struct cram - the tier
 * @zs: its pool of zsmalloc
 * @base: the first handle given; all others are near enough for a slot to hold the difference
 */
struct cram {
	struct zs_pool *zs;
	unsigned long base;
};

struct cram_birth {
	struct work_struct work;
	struct zs_pool *zs;
};

/*
 * Slab caches that are alike share a directory in sysfs, and the last one of them removes it when
 * it holds no lock of slab's any more: one that came at that moment would find it there, and make
 * the kernel print a stack. Nested in nothing.
 */
static DEFINE_MUTEX(one_comes_or_goes);

static void cram_born(struct work_struct *work)
{
	/* zsmalloc makes slab caches by this name, and no two may have the same. */
	static atomic_t next;
	struct cram_birth *birth = container_of(work, struct cram_birth, work);
	char name[24];

	snprintf(name, sizeof(name), "pagepact-%d", atomic_inc_return(&next));
	mutex_lock(&one_comes_or_goes);
	birth->zs = zs_create_pool(name);
	mutex_unlock(&one_comes_or_goes);
}

/*
 * In a kworker, because slab refuses a cache to a task that was killed, and prints a stack then.
 * The caller waits as long as the kernel needs for a few kilobytes, killed or not.
 */
static void *cram_create(void)
{
	struct cram *cram = kzalloc(sizeof(*cram), GFP_KERNEL);
	struct cram_birth birth;

	if (!cram)
		return NULL;
	INIT_WORK_ONSTACK(&birth.work, cram_born);
	schedule_work(&birth.work);
	flush_work(&birth.work);
	destroy_work_on_stack(&birth.work);
	cram->zs = birth.zs;
	if (cram->zs)
		return cram;
	kfree(cram);
	return NULL;
}

static void cram_destroy(void *tier)
{
	struct cram *cram = tier;

	mutex_lock(&one_comes_or_goes);
	zs_destroy_pool(cram->zs);
	mutex_unlock(&one_comes_or_goes);
	kfree(cram);
}

static unsigned long handle_at(struct cram *cram, u64 where)
{
	return READ_ONCE(cram->base) + sign_extend64(where, PP_WHERE_BITS - 1);
}

/* zsmalloc says nothing of what its handles look like: one that does not fit is not taken. */
static int place_of(struct cram *cram, unsigned long handle, u64 *where)
{
	if (!READ_ONCE(cram->base))
		cmpxchg(&cram->base, 0, handle);
	*where = (handle - READ_ONCE(cram->base)) & ((1ULL << PP_WHERE_BITS) - 1);
	if (handle_at(cram, *where) == handle)
		return 0;
	pr_err_once("zsmalloc's handles are too far apart: nothing can be stored; please report it\n");
	return -ENOMEM;
}

static int cram_put(void *tier, void *buf, size_t len, u64 *where)
{
	struct cram *cram = tier;
	unsigned long handle;
	int err;

	handle = pp_compat_zs_malloc(cram->zs, len, __GFP_KSWAPD_RECLAIM | __GFP_NOWARN |
				     __GFP_HIGHMEM | __GFP_MOVABLE);
	if (IS_ERR_VALUE(handle))
		return -ENOMEM;
	err = place_of(cram, handle, where);
	if (err)
		zs_free(cram->zs, handle);
	else
		pp_compat_zs_write(cram->zs, handle, buf, len);
	return err;
}

static int cram_fetch(void *tier, const struct pp_slot *slot, struct page *page)
{
	struct cram *cram = tier;
	unsigned long handle = handle_at(cram, slot->where);
	struct pp_stream *stream = pp_stream_lock();
	void *dst = kmap_local_page(page);
	void *src = pp_compat_zs_read_begin(cram->zs, handle, slot->len, stream->buf);
	int err = 0;

	if (slot->codec == PP_CODEC_RAW)
		copy_page(dst, src);
	else
		err = pp_codec_get(slot->codec)->decompress(stream->ctx[slot->codec], src,
							    slot->len, dst);
	pp_compat_zs_read_end(cram->zs, handle, slot->len, src);
	kunmap_local(dst);
	pp_stream_unlock(stream);
	return err;
}

static void cram_copy(void *tier, const struct pp_slot *slot, void *dst)
{
	struct cram *cram = tier;
	unsigned long handle = handle_at(cram, slot->where);
	struct pp_stream *stream = pp_stream_lock();
	void *src = pp_compat_zs_read_begin(cram->zs, handle, slot->len, stream->buf);

	memcpy(dst, src, slot->len);
	pp_compat_zs_read_end(cram->zs, handle, slot->len, src);
	pp_stream_unlock(stream);
}

static void cram_drop(void *tier, const struct pp_slot *slot)
{
	struct cram *cram = tier;

	zs_free(cram->zs, handle_at(cram, slot->where));
}

static unsigned long cram_compact(void *tier)
{
	struct cram *cram = tier;

	return zs_compact(cram->zs);
}

static u64 cram_bytes(void *tier)
{
	struct cram *cram = tier;

	return (u64)zs_get_total_pages(cram->zs) << PAGE_SHIFT;
}

const struct pp_tier_ops pp_tier_cram = {
	.name		= "compressed RAM",
	.create		= cram_create,
	.destroy	= cram_destroy,
	.put		= cram_put,
	.fetch		= cram_fetch,
	.copy		= cram_copy,
	.drop		= cram_drop,
	.compact	= cram_compact,
	.bytes		= cram_bytes,
};
