/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A store, with slots, streams, the tier in RAM and the kernel's own lz4; for store_check and
 * room_check.
 */
#ifndef STORE_BENCH_H
#define STORE_BENCH_H

#include "store/store.c"
#include "store/share.c"
#include "store/slots.c"
#include "store/codec.c"
#include "store/cram.c"
#include "store/lz4.c"
#include "unit.h"

/* Nothing is encrypted here. */
void pp_cipher_destroy(struct pp_cipher *cipher)
{
	assert(!cipher);
}

/* Pages that change places with one as large as may be. */
#define IN_PLACE	PP_PUT_EXCHANGE(PAGE_SIZE, PAGE_SIZE)
#define RAW_IN_PLACE	(IN_PLACE | PP_PUT_ALLOW_RAW)

/* In zstd's place, a codec with contexts to prepare: half of a page, if both halves are equal. */
static int fake_inits, fake_fails_at;

static size_t fake_ctx_size(void)
{
	return 32;
}

static int fake_ctx_init(void *ctx, size_t size)
{
	memset(ctx, 0x5a, size);
	return ++fake_inits == fake_fails_at ? -EINVAL : 0;
}

static size_t fake_compress(void *ctx, const void *src, void *dst, size_t cap)
{
	expect(*(u8 *)ctx == 0x5a);
	if (memcmp(src, (const u8 *)src + PAGE_SIZE / 2, PAGE_SIZE / 2) || cap < PAGE_SIZE / 2)
		return 0;
	memcpy(dst, src, PAGE_SIZE / 2);
	return PAGE_SIZE / 2;
}

static int fake_decompress(void *ctx, const void *src, size_t len, void *dst)
{
	expect(*(u8 *)ctx == 0x5a);
	if (len != PAGE_SIZE / 2)
		return -EIO;
	memcpy(dst, src, len);
	memcpy((u8 *)dst + len, src, len);
	return 0;
}

const struct pp_codec pp_codec_zstd = {
	.name		= "zstd",
	.ctx_size	= fake_ctx_size,
	.ctx_init	= fake_ctx_init,
	.compress	= fake_compress,
	.decompress	= fake_decompress,
};

/* Devices: slots that are far, and their page; whether one has room. */
static struct pp_tiers devices;
static bool device_room, device_late;
static unsigned int kicks, far_drops;

struct pp_tiers *pp_tiers_create(struct pp_store *store)
{
	void *memory = kmalloc(1, GFP_KERNEL);

	kfree(memory);
	devices = (struct pp_tiers){ .store = store };
	device_room = device_late = false;
	kicks = far_drops = 0;
	return memory ? &devices : NULL;
}

void pp_tiers_stop(struct pp_tiers *tiers)
{
	expect(!tiers->srcu.readers);
}

void pp_tiers_destroy(struct pp_tiers *tiers)
{
}

bool pp_tiers_have_room(struct pp_tiers *tiers)
{
	return device_room;
}

bool pp_tiers_are_late(struct pp_tiers *tiers)
{
	return device_late;
}

unsigned long pp_tiers_used(struct pp_tiers *tiers)
{
	return 0;
}

void pp_tiers_kick(struct pp_tiers *tiers, unsigned long many)
{
	kicks += pp_store_is_short(tiers->store);
}

bool pp_tiers_wait(struct pp_tiers *tiers)
{
	return false;
}

bool pp_tiers_at_hand(struct pp_tiers *tiers, struct pp_slots *slots, u64 number)
{
	return false;
}

int pp_tiers_read(struct pp_tiers *tiers, struct pp_slots *slots, u64 number, struct page *dst,
		  long patience)
{
	return -EIO;
}

void pp_tiers_drop(struct pp_tiers *tiers, const struct pp_slot *slot)
{
	expect(slot->far);
	far_drops++;
}

enum content { ZEROS, SAME, LAST_DIFFERS, MIDDLE_DIFFERS, TEXT, HALVES, NOISE, NR_CONTENTS };

static void fill(void *memory, enum content content, unsigned int seed)
{
	u64 *words = memory, x = seed * 0x9e3779b97f4a7c15ull + 1;
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		switch (content) {
		case ZEROS:
			words[i] = 0;
			break;
		case SAME:
		case LAST_DIFFERS:
		case MIDDLE_DIFFERS:
			words[i] = seed + 1;
			break;
		case TEXT:
			words[i] = i % 8 ? seed : x;
			break;
		case HALVES:
			words[i] = i < PAGE_SIZE / 16 ? x : words[i - PAGE_SIZE / 16];
			break;
		default:
			words[i] = x;
		}
	}
	if (content == LAST_DIFFERS)
		words[PAGE_SIZE / 8 - 1]++;
	if (content == MIDDLE_DIFFERS)
		words[PAGE_SIZE / 16]++;
}

struct bench {
	struct pp_store *store;
	struct pp_slots *slots;
	struct page *page, *back;
};

static void close_bench(struct bench *b)
{
	if (b->back)
		__free_page(b->back);
	if (b->page)
		__free_page(b->page);
	if (b->slots)
		pp_slots_put(b->slots);
	if (b->store)
		pp_store_destroy(b->store);
	pp_share_exit();
	pp_codec_exit();
}

static bool open_bench(struct bench *b)
{
	*b = (struct bench){};
	fake_inits = 0;
	if (pp_codec_init())
		return false;
	if (pp_share_init()) {
		pp_codec_exit();
		return false;
	}
	b->store = pp_store_create();
	b->slots = b->store ? pp_slots_create(b->store) : NULL;
	b->page = alloc_page(0);
	b->back = alloc_page(0);
	if (b->slots && b->page && b->back)
		return true;
	close_bench(b);
	return false;
}

/* Return: what pp_store_put() said; when there is a slot, its bytes are the page's. */
static int put_and_compare(struct bench *b, unsigned int flags, u64 *number)
{
	int ret = pp_store_put(b->slots, b->page, flags, number);

	if (ret < 0 || ret == PP_PUT_ZERO)
		return ret;
	memset(page_address(b->back), 0xee, PAGE_SIZE);
	expect_eq(pp_store_fetch(b->slots, *number, b->back), 0);
	expect(!memcmp(page_address(b->page), page_address(b->back), PAGE_SIZE));
	return ret;
}

#endif /* STORE_BENCH_H */
