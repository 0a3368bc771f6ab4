// SPDX-License-Identifier: GPL-2.0-only
/* cram: the tier in compressed RAM, on zsmalloc. */
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/workqueue.h>
#include <linux/zsmalloc.h>
#include "compat/compat.h"
#include "store/codec.h"
#include "store/slots.h"
#include "store/store.h"

struct cram_birth {
	struct work_struct work;
	void *tier;
};

static void cram_born(struct work_struct *work)
{
	/* zsmalloc makes slab caches by this name, and no two may have the same. */
	static atomic_t next;
	struct cram_birth *birth = container_of(work, struct cram_birth, work);
	char name[24];

	snprintf(name, sizeof(name), "pagepact-%d", atomic_inc_return(&next));
	birth->tier = zs_create_pool(name);
}

/*
 * In a kworker, because slab refuses a cache to a task that was killed, and prints a stack then.
 * The caller waits as long as the kernel needs for a few kilobytes, killed or not.
 */
static void *cram_create(void)
{
	struct cram_birth birth;

	INIT_WORK_ONSTACK(&birth.work, cram_born);
	schedule_work(&birth.work);
	flush_work(&birth.work);
	destroy_work_on_stack(&birth.work);
	return birth.tier;
}

static void cram_destroy(void *tier)
{
	zs_destroy_pool(tier);
}

static int cram_put(void *tier, void *buf, size_t len, u64 *where)
{
	unsigned long handle;

	handle = pp_compat_zs_malloc(tier, len, __GFP_KSWAPD_RECLAIM | __GFP_NOWARN |
				     __GFP_HIGHMEM | __GFP_MOVABLE);
	if (IS_ERR_VALUE(handle))
		return -ENOMEM;
	pp_compat_zs_write(tier, handle, buf, len);
	*where = handle;
	return 0;
}

static int cram_fetch(void *tier, const struct pp_slot *slot, struct page *page)
{
	struct pp_stream *stream = pp_stream_lock();
	void *dst = kmap_local_page(page);
	void *src = pp_compat_zs_read_begin(tier, slot->where, slot->len, stream->buf);
	int err = 0;

	if (slot->codec == PP_CODEC_RAW)
		copy_page(dst, src);
	else
		err = pp_codec_get(slot->codec)->decompress(stream->ctx[slot->codec], src,
							    slot->len, dst);
	pp_compat_zs_read_end(tier, slot->where, slot->len, src);
	kunmap_local(dst);
	pp_stream_unlock(stream);
	return err;
}

static void cram_drop(void *tier, const struct pp_slot *slot)
{
	zs_free(tier, slot->where);
}

static unsigned long cram_compact(void *tier)
{
	return zs_compact(tier);
}

static u64 cram_bytes(void *tier)
{
	return (u64)zs_get_total_pages(tier) << PAGE_SHIFT;
}

const struct pp_tier_ops pp_tier_cram = {
	.name		= "compressed RAM",
	.create		= cram_create,
	.destroy	= cram_destroy,
	.put		= cram_put,
	.fetch		= cram_fetch,
	.drop		= cram_drop,
	.compact	= cram_compact,
	.bytes		= cram_bytes,
};
