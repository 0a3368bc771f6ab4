// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store, with slots, streams, the tier in RAM and the kernel's own lz4: what is stored comes
 * back, in every form; bytes that were damaged are an error; every allocation may fail.
 */
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
static bool device_room;
static unsigned int kicks, far_drops;

struct pp_tiers *pp_tiers_create(struct pp_store *store)
{
	void *memory = kmalloc(1, GFP_KERNEL);

	kfree(memory);
	devices = (struct pp_tiers){ .store = store };
	device_room = false;
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

int pp_tiers_read(struct pp_tiers *tiers, struct pp_slots *slots, u64 number, struct page *dst)
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

static struct zs_object *stored_object(struct bench *b, u64 number)
{
	struct pp_slot slot;

	pp_slot_read(b->slots, number, &slot);
	return (void *)handle_at(b->store->tier, slot.where);
}

static void round_trips(const char *codec)
{
	static const unsigned int all = PP_PUT_DETECT_SAME | PP_PUT_ALLOW_RAW | PP_PUT_SHARE;
	static const int with_lz4[NR_CONTENTS] = {
		PP_PUT_ZERO, PP_PUT_SAME, PP_PUT_STORED, PP_PUT_STORED, PP_PUT_STORED,
		PP_PUT_STORED, PP_PUT_RAW,
	};
	static const int with_fake[NR_CONTENTS] = {
		PP_PUT_ZERO, PP_PUT_SAME, PP_PUT_RAW, PP_PUT_RAW, PP_PUT_RAW,
		PP_PUT_STORED, PP_PUT_RAW,
	};
	const int *want = *codec == 'l' ? with_lz4 : with_fake;
	enum content content;
	struct bench b;
	u64 number;

	expect(open_bench(&b));
	expect_eq(pp_store_set_codec(b.store, codec), 0);
	expect(!strcmp(pp_store_codec(b.store), codec));
	for (content = 0; content < NR_CONTENTS; content++) {
		fill(page_address(b.page), content, content + 3);
		expect_eq(put_and_compare(&b, all, &number), want[content]);
		if (want[content] != PP_PUT_ZERO)
			pp_store_drop(b.slots, number);
	}
	expect_eq(pp_store_bytes(b.store), 0);
	expect_eq(pp_store_counted(b.store, PP_COUNT_META), 0);
	close_bench(&b);
}

TEST(round_trips_with_lz4)
{
	round_trips("lz4");
}

TEST(round_trips_with_another_codec)
{
	round_trips("zstd");
}

TEST(same_words)
{
	static u64 page[PAGE_SIZE / 8];
	unsigned int i;
	u64 word;

	fill(page, SAME, 11);
	expect(same_filled(page, &word));
	expect_eq(word, 12);
	/* One bit anywhere makes it another page. */
	for (i = 0; i < PAGE_SIZE / 8; i++) {
		page[i] ^= 1ull << (i % 64);
		expect(!same_filled(page, &word));
		page[i] ^= 1ull << (i % 64);
	}
}

/* All 64 bits of a word come back, and none of them makes room necessary. */
TEST(all_words_fit)
{
	static const u64 words[] = {
		1, ~0ull, 0x7fffffffffffull, 0xffff800000000000ull, 0x6b6b6b6b6b6b6b6bull,
		0x1234567890abcdefull, 1ull << 63, 0xffff000000000000ull, 0x800000000000ull,
	};
	struct bench b;
	unsigned int i;
	u64 number;

	expect(open_bench(&b));
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		memset64(page_address(b.page), words[i], PAGE_SIZE / 8);
		expect(pp_store_is_same(b.page));
		expect_eq(put_and_compare(&b, PP_PUT_DETECT_SAME, &number), PP_PUT_SAME);
		expect_eq(pp_store_bytes(b.store), 0);
		pp_store_drop(b.slots, number);
	}
	close_bench(&b);
}

/* Equal pages have one slot, however they are stored; the bytes stay until the last one goes. */
TEST(equal_pages_share)
{
	static const unsigned int all = PP_PUT_DETECT_SAME | PP_PUT_ALLOW_RAW | PP_PUT_SHARE;
	enum content content;
	u64 first, again, number;
	struct bench b;
	u64 bytes;

	expect(open_bench(&b));
	for (content = SAME; content < NR_CONTENTS; content++) {
		int shared = content == SAME ? PP_PUT_SAME : PP_PUT_SHARED;

		fill(page_address(b.page), content, content + 3);
		expect(put_and_compare(&b, all, &first) != PP_PUT_SHARED);
		bytes = pp_store_bytes(b.store);
		expect_eq(put_and_compare(&b, all, &again), shared);
		expect_eq(again, first);
		/* Neither room nor a codec is needed. */
		expect_eq(put_and_compare(&b, all | PP_PUT_NO_ROOM, &again), shared);
		expect_eq(put_and_compare(&b, all | PP_PUT_EXCHANGE(0, 0), &again), shared);
		expect_eq(pp_store_bytes(b.store), bytes);
		expect_eq(pp_store_counted(b.store, PP_COUNT_SLOTS), 1);
		expect_eq(pp_store_counted(b.store, PP_COUNT_SAVED), 3);
		/* Who does not ask shares nothing. */
		expect(put_and_compare(&b, all & ~PP_PUT_SHARE, &number) != PP_PUT_SHARED);
		expect(number != first);
		pp_store_drop(b.slots, first);
		pp_store_drop(b.slots, first);
		expect_eq(pp_store_len(b.slots, first) > 0, content != SAME);
		expect_eq(pp_store_own(b.slots, first), 0);
		expect_eq(pp_store_drop(b.slots, first), 0);
		expect_eq(pp_store_own(b.slots, first) > 0, content != SAME);
		expect_eq(pp_store_fetch(b.slots, first, b.back), 0);
		expect(!memcmp(page_address(b.page), page_address(b.back), PAGE_SIZE));
		expect_eq(pp_store_len(b.slots, first) > 0, content != SAME);
		expect_eq(pp_store_drop(b.slots, first) > 0, content != SAME);
		pp_store_drop(b.slots, number);
		expect_eq(pp_store_bytes(b.store), 0);
	}
	close_bench(&b);
}

/* Another domain's equal page is another page. */
TEST(domains_share_nothing)
{
	struct pp_slots *others;
	u64 number, theirs;
	struct bench b;

	expect(open_bench(&b));
	others = pp_slots_create(b.store);
	fill(page_address(b.page), TEXT, 1);
	expect_eq(put_and_compare(&b, PP_PUT_SHARE, &number), PP_PUT_STORED);
	expect_eq(pp_store_put(others, b.page, PP_PUT_SHARE, &theirs), PP_PUT_STORED);
	expect_eq(pp_store_counted(b.store, PP_COUNT_SLOTS), 2);
	expect_eq(pp_store_counted(b.store, PP_COUNT_SAVED), 0);
	/* Nor can a print be known from one domain to the next. */
	expect(others->seed != b.slots->seed);
	pp_store_drop(b.slots, number);
	pp_store_drop(others, theirs);
	pp_slots_put(others);
	close_bench(&b);
}

/* Pages whose prints are the same by accident stay apart, and are found among each other. */
TEST(prints_that_collide)
{
	enum { NR = PP_MAX_TWINS + 2 };
	u64 number[NR], again;
	struct bench b;
	unsigned int i;

	expect(open_bench(&b));
	shim_hash = 5;
	for (i = 0; i < NR; i++) {
		fill(page_address(b.page), i % 2 ? TEXT : SAME, i);
		expect(put_and_compare(&b, PP_PUT_DETECT_SAME | PP_PUT_SHARE, &number[i]) ==
		       (i % 2 ? PP_PUT_STORED : PP_PUT_SAME));
	}
	expect_eq(pp_store_counted(b.store, PP_COUNT_SLOTS), NR);
	for (i = 0; i < NR; i++) {
		fill(page_address(b.page), i % 2 ? TEXT : SAME, i);
		expect(put_and_compare(&b, PP_PUT_DETECT_SAME | PP_PUT_SHARE, &again) >= 0);
		/* So many are looked at. */
		expect_eq(again == number[i], i < PP_MAX_TWINS);
		pp_store_drop(b.slots, again);
	}
	shim_hash = 0;
	for (i = 0; i < NR; i++)
		pp_store_drop(b.slots, number[i]);
	expect_eq(pp_store_counted(b.store, PP_COUNT_SAVED), 0);
	close_bench(&b);
}

/* Two that are evicted at the same time share as well, whatever numbers they get. */
static struct bench *race_bench;
static u64 race_number, race_hole;

static void race(void)
{
	shim_unlocked = NULL;
	expect_eq(pp_store_put(race_bench->slots, race_bench->page, PP_PUT_SHARE, &race_number),
		  PP_PUT_STORED);
	pp_store_drop(race_bench->slots, race_hole);
}

TEST(equal_pages_at_the_same_time)
{
	u64 number;
	struct bench b;

	expect(open_bench(&b));
	fill(page_address(b.page), TEXT, 8);
	expect_eq(pp_store_put(b.slots, b.page, 0, &race_hole), PP_PUT_STORED);
	fill(page_address(b.page), TEXT, 9);
	race_bench = &b;
	/* The one that comes second gets the lower number, which has become free. */
	shim_unlocked = race;
	expect_eq(put_and_compare(&b, PP_PUT_SHARE, &number), PP_PUT_SHARED);
	expect(!shim_unlocked);
	expect_eq(number, race_number);
	expect(number > race_hole);
	expect_eq(pp_store_counted(b.store, PP_COUNT_SLOTS), 1);
	expect_eq(pp_store_counted(b.store, PP_COUNT_SAVED), 1);
	pp_store_drop(b.slots, number);
	pp_store_drop(b.slots, race_number);
	expect_eq(pp_store_bytes(b.store), 0);
	/* With the same print only, both stay. */
	shim_hash = 3;
	fill(page_address(b.page), TEXT, 10);
	expect_eq(pp_store_put(b.slots, b.page, PP_PUT_SHARE, &race_number), PP_PUT_STORED);
	fill(page_address(b.page), TEXT, 11);
	expect_eq(put_and_compare(&b, PP_PUT_SHARE, &number), PP_PUT_STORED);
	expect_eq(pp_store_counted(b.store, PP_COUNT_SLOTS), 2);
	expect_eq(pp_store_counted(b.store, PP_COUNT_SAVED), 0);
	shim_hash = 0;
	pp_store_drop(b.slots, number);
	pp_store_drop(b.slots, race_number);
	close_bench(&b);
}

/* Places far from the first one do not fit into a slot: what gets one is refused, and not lost. */
TEST(handles_too_far_apart)
{
	struct cram *cram;
	struct bench b;
	u64 number;

	expect(open_bench(&b));
	cram = b.store->tier;
	fill(page_address(b.page), TEXT, 9);
	expect_eq(put_and_compare(&b, 0, &number), PP_PUT_STORED);
	pp_store_drop(b.slots, number);
	cram->base ^= 1ul << 60;
	expect_eq(put_and_compare(&b, 0, &number), -ENOMEM);
	expect_eq(pp_store_bytes(b.store), 0);
	close_bench(&b);
}

/* A slot whose bytes are damaged is no equal page. */
TEST(damaged_slots_are_not_shared)
{
	struct zs_object *object;
	u64 number, other;
	struct bench b;

	expect(open_bench(&b));
	fill(page_address(b.page), NOISE, 9);
	expect_eq(put_and_compare(&b, PP_PUT_ALLOW_RAW | PP_PUT_SHARE, &number), PP_PUT_RAW);
	object = stored_object(&b, number);
	object->bytes[1234] ^= 1;
	expect_eq(put_and_compare(&b, PP_PUT_ALLOW_RAW | PP_PUT_SHARE, &other), PP_PUT_RAW);
	expect(other != number);
	pp_store_drop(b.slots, number);
	pp_store_drop(b.slots, other);
	close_bench(&b);
}

TEST(flags_are_obeyed)
{
	struct bench b;
	u64 number;

	expect(open_bench(&b));
	fill(page_address(b.page), ZEROS, 0);
	expect_eq(put_and_compare(&b, 0, &number), PP_PUT_STORED);
	pp_store_drop(b.slots, number);
	fill(page_address(b.page), NOISE, 1);
	expect_eq(put_and_compare(&b, PP_PUT_DETECT_SAME, &number), -E2BIG);
	expect_eq(put_and_compare(&b, PP_PUT_KNOWN_RAW, &number), -E2BIG);
	fill(page_address(b.page), TEXT, 1);
	expect_eq(put_and_compare(&b, PP_PUT_KNOWN_RAW | PP_PUT_ALLOW_RAW, &number), PP_PUT_RAW);
	expect_eq(pp_store_bytes(b.store), PAGE_SIZE);
	pp_store_drop(b.slots, number);
	close_bench(&b);
}

TEST(the_limit_is_kept)
{
	unsigned int nr = 0, i;
	u64 number[64], repeated;
	struct bench b;

	expect(open_bench(&b));
	pp_store_set_limit(b.store, 16 * PAGE_SIZE);
	expect_eq(pp_store_limit(b.store), 16 * PAGE_SIZE);
	fill(page_address(b.page), NOISE, 1);
	while (nr < 64 && put_and_compare(&b, RAW_IN_PLACE, &number[nr]) >= 0)
		nr++;
	expect_eq(nr, 16);
	/* The last eighth is for pages that change places. */
	pp_store_drop(b.slots, number[--nr]);
	expect_eq(put_and_compare(&b, PP_PUT_ALLOW_RAW, &number[nr]), -ENOSPC);
	expect_eq(put_and_compare(&b, RAW_IN_PLACE, &number[nr++]), PP_PUT_RAW);
	expect_eq(put_and_compare(&b, RAW_IN_PLACE, &repeated), -ENOSPC);
	/* A repeated word needs no room. */
	fill(page_address(b.page), SAME, 1);
	expect_eq(put_and_compare(&b, PP_PUT_DETECT_SAME, &repeated), PP_PUT_SAME);
	pp_store_drop(b.slots, repeated);
	for (i = 0; i < nr; i++)
		pp_store_drop(b.slots, number[i]);
	close_bench(&b);
}

/* At its limit the store does not grow; room that others left in it is used. */
TEST(room_below_the_limit_is_used)
{
	unsigned int nr, full = 0, i;
	u64 number[32], small[32], last;
	struct bench b;

	expect(open_bench(&b));
	pp_store_set_limit(b.store, 32 * PAGE_SIZE);
	fill(page_address(b.page), NOISE, 1);
	for (nr = 0; nr < 32; nr++)
		expect_eq(put_and_compare(&b, RAW_IN_PLACE, &number[nr]), PP_PUT_RAW);
	expect_eq(put_and_compare(&b, RAW_IN_PLACE, &last), -ENOSPC);
	expect_eq(pp_store_bytes(b.store), 32 * PAGE_SIZE);

	/* Four pages are the least for what compresses; then they hold several. */
	for (i = 0; i < 3; i++)
		pp_store_drop(b.slots, number[--nr]);
	fill(page_address(b.page), TEXT, 1);
	expect_eq(put_and_compare(&b, IN_PLACE, &last), -ENOSPC);
	pp_store_drop(b.slots, number[--nr]);
	while (full < ARRAY_SIZE(small) && put_and_compare(&b, IN_PLACE, &small[full]) >= 0)
		full++;
	expect(full > 1 && full < ARRAY_SIZE(small));
	expect_eq(pp_store_bytes(b.store), 32 * PAGE_SIZE);

	/* Also where the limit has been lowered below what the store takes. */
	pp_store_set_limit(b.store, PAGE_SIZE);
	if (full) {
		pp_store_drop(b.slots, small[full - 1]);
		expect_eq(put_and_compare(&b, IN_PLACE, &small[full - 1]), PP_PUT_STORED);
	}
	expect_eq(put_and_compare(&b, IN_PLACE, &last), -ENOSPC);
	for (i = 0; i < nr; i++)
		pp_store_drop(b.slots, number[i]);
	for (i = 0; i < full; i++)
		pp_store_drop(b.slots, small[i]);
	close_bench(&b);
}

/* Nothing larger than it may be, whatever room there is. */
TEST(what_changes_places_is_no_larger)
{
	u64 number[32], last;
	unsigned int nr, i;
	struct bench b;

	expect(open_bench(&b));
	expect(!pp_store_full(b.store) && pp_store_roomy(b.store) && !pp_store_kept(b.store));
	pp_store_set_limit(b.store, 32 * PAGE_SIZE);
	expect_eq(pp_store_kept(b.store), 4 * PAGE_SIZE);
	fill(page_address(b.page), NOISE, 1);
	for (nr = 0; nr < 28; nr++) {
		expect(!pp_store_full(b.store));
		expect_eq(pp_store_roomy(b.store), nr < 24);
		expect_eq(put_and_compare(&b, PP_PUT_ALLOW_RAW, &number[nr]), PP_PUT_RAW);
	}
	expect(pp_store_full(b.store));
	expect_eq(put_and_compare(&b, PP_PUT_ALLOW_RAW | PP_PUT_EXCHANGE(4095, 4095), &last),
		  -EFBIG);
	expect_eq(put_and_compare(&b, PP_PUT_ALLOW_RAW | IN_PLACE, &number[nr++]), PP_PUT_RAW);
	expect_eq(pp_store_len(b.slots, number[nr - 1]), PAGE_SIZE);
	for (i = 0; i < nr; i++)
		pp_store_drop(b.slots, number[i]);
	pp_store_set_limit(b.store, 1ul << 40);
	expect_eq(pp_store_kept(b.store), 32 << 20);
	close_bench(&b);
}

/* One that is larger than what leaves has half of the kept room; one that is not has all of it. */
TEST(what_grows_leaves_room_to_change_places)
{
	unsigned int grow = PP_PUT_ALLOW_RAW | PP_PUT_EXCHANGE(4096, 4095);
	unsigned int swap = PP_PUT_ALLOW_RAW | IN_PLACE, nr, i;
	u64 number[48], last;
	struct bench b;

	expect(open_bench(&b));
	pp_store_set_limit(b.store, 32 * PAGE_SIZE);
	fill(page_address(b.page), NOISE, 1);
	for (nr = 0; nr < 28; nr++)
		expect_eq(put_and_compare(&b, PP_PUT_ALLOW_RAW, &number[nr]), PP_PUT_RAW);
	for (; nr < 30; nr++)
		expect_eq(put_and_compare(&b, grow, &number[nr]), PP_PUT_RAW);
	expect_eq(put_and_compare(&b, grow, &last), -EFBIG);
	for (; nr < 32; nr++)
		expect_eq(put_and_compare(&b, swap, &number[nr]), PP_PUT_RAW);
	expect_eq(put_and_compare(&b, swap, &last), -ENOSPC);
	/* Behind a limit that was lowered pages change places, and that is all. */
	pp_store_set_limit(b.store, 16 * PAGE_SIZE);
	expect_eq(put_and_compare(&b, grow, &last), -EFBIG);
	for (i = 0; i < 100; i++) {
		expect_eq(put_and_compare(&b, swap, &last), PP_PUT_RAW);
		expect_eq(put_and_compare(&b, swap, &number[nr]), -ENOSPC);
		pp_store_drop(b.slots, number[i % 32]);
		number[i % 32] = last;
	}
	/* Once there is less than it allows, it rules. */
	while (nr > 14)
		pp_store_drop(b.slots, number[--nr]);
	for (; nr < 16; nr++)
		expect_eq(put_and_compare(&b, swap, &number[nr]), PP_PUT_RAW);
	expect_eq(put_and_compare(&b, swap, &last), -ENOSPC);
	while (nr)
		pp_store_drop(b.slots, number[--nr]);
	close_bench(&b);
}

/* A page stays readable in the form in which it was stored. */
TEST(changing_the_codec)
{
	u64 old, new;
	struct bench b;

	expect(open_bench(&b));
	fill(page_address(b.page), HALVES, 5);
	expect_eq(put_and_compare(&b, 0, &old), PP_PUT_STORED);
	expect_eq(pp_store_set_codec(b.store, "zstd"), 0);
	expect_eq(put_and_compare(&b, 0, &new), PP_PUT_STORED);
	expect_eq(pp_store_fetch(b.slots, old, b.back), 0);
	expect(!memcmp(page_address(b.page), page_address(b.back), PAGE_SIZE));
	pp_store_drop(b.slots, old);
	pp_store_drop(b.slots, new);
	expect_eq(pp_store_set_codec(b.store, "raw"), -EINVAL);
	expect_eq(pp_store_set_codec(b.store, ""), -EINVAL);
	expect(!strcmp(pp_store_codec(b.store), "zstd"));
	close_bench(&b);
}

/* A codec that cannot be prepared on the second CPU is not chosen, and can be asked for again. */
TEST(a_codec_that_is_not_ready)
{
	struct bench b;

	expect(open_bench(&b));
	fake_fails_at = 2;
	expect_eq(pp_store_set_codec(b.store, "zstd"), -EINVAL);
	expect(!strcmp(pp_store_codec(b.store), "lz4"));
	expect_eq(pp_store_set_codec(b.store, "zstd"), 0);
	expect_eq(fake_inits, 3);
	fake_fails_at = 0;
	close_bench(&b);
}

/* Every byte of a stored page damaged, and its length: an error or some page, never an overrun. */
TEST(damaged_bytes)
{
	unsigned int i, errors = 0;
	struct pp_slot slot;
	struct zs_object *object;
	struct bench b;
	u64 number;

	expect(open_bench(&b));
	fill(page_address(b.page), TEXT, 9);
	expect_eq(put_and_compare(&b, 0, &number), PP_PUT_STORED);
	pp_slot_read(b.slots, number, &slot);
	object = stored_object(&b, number);
	for (i = 0; i < 8u * slot.len; i++) {
		int err;

		object->bytes[i / 8] ^= 1 << (i % 8);
		err = pp_store_fetch(b.slots, number, b.back);
		expect(!err || err == -EIO);
		errors += !!err;
		object->bytes[i / 8] ^= 1 << (i % 8);
	}
	expect(errors > 0);
	for (i = 1; i < slot.len; i++) {
		void *cut = malloc(i);

		assert(cut);
		memcpy(cut, object->bytes, i);
		expect_eq(pp_codec_lz4.decompress(NULL, cut, i, page_address(b.back)), -EIO);
		free(cut);
	}
	pp_store_drop(b.slots, number);
	close_bench(&b);
}

/* What the store borrows from its reserve is missed, and comes back. */
TEST(the_reserve_stands_in)
{
	struct bench b;
	u64 number;

	expect(open_bench(&b));
	expect(!pp_store_tight(b.store));
	fill(page_address(b.page), TEXT, 2);
	shim_fail(1, false);
	expect_eq(put_and_compare(&b, 0, &number), PP_PUT_STORED);
	expect(shim_failed());
	expect(pp_store_tight(b.store));
	pp_store_refill(b.store);
	expect(!pp_store_tight(b.store));
	pp_store_drop(b.slots, number);
	close_bench(&b);
}

/* A page that has no slot leaves no bytes behind. */
TEST(no_slot_no_bytes)
{
	struct bench b;
	u64 number;
	unsigned int n;

	for (n = 1; n < 20; n++) {
		int ret;

		expect(open_bench(&b));
		fill(page_address(b.page), TEXT, 2);
		shim_fail(n, true);
		ret = pp_store_put(b.slots, b.page, 0, &number);
		shim_fail(0, false);
		if (ret >= 0)
			pp_store_drop(b.slots, number);
		else
			expect_eq(ret, -ENOMEM);
		expect_eq(pp_store_bytes(b.store), 0);
		close_bench(&b);
	}
}

static bool attempt(void)
{
	enum content content;
	struct bench b;
	bool ok;

	if (!open_bench(&b))
		return false;
	ok = !pp_store_set_codec(b.store, "zstd") && !pp_store_set_codec(b.store, "lz4");
	for (content = 0; content < NR_CONTENTS; content++) {
		u64 number;
		int ret;

		fill(page_address(b.page), content, content);
		ret = put_and_compare(&b, PP_PUT_DETECT_SAME | PP_PUT_ALLOW_RAW | PP_PUT_SHARE,
				      &number);
		ok &= ret >= 0;
		if (ret < 0)
			expect_eq(ret, -ENOMEM);
		else if (ret != PP_PUT_ZERO)
			pp_store_drop(b.slots, number);
	}
	expect_eq(pp_store_bytes(b.store), 0);
	close_bench(&b);
	return ok;
}

TEST(failing_allocations)
{
	sweep(attempt);
}

/* The bytes of a slot move to a device, and back. */
TEST(bytes_that_move)
{
	struct pp_slot from, to;
	u64 number, hand = 0, found;
	static u8 object[PAGE_SIZE];
	struct bench b;

	expect(open_bench(&b));
	fill(page_address(b.page), TEXT, 3);
	expect_eq(put_and_compare(&b, PP_PUT_SHARE, &number), PP_PUT_STORED);
	expect(pp_slot_move(b.slots, &hand, PP_WHICH_NEAR, &found, &from));
	pp_store_copy_bytes(b.store, &from, object);
	to = from;
	to.far = true;
	to.where = 77;
	/* Still read from where it was. */
	expect_eq(pp_store_fetch(b.slots, number, b.back), 0);
	expect(pp_slot_moved(b.slots, number, &to, false));
	pp_store_drop_bytes(b.store, &from);
	expect_eq(pp_store_bytes(b.store), 0);
	expect_eq(pp_store_fetch(b.slots, number, b.back), -EINPROGRESS);
	expect(pp_store_is_far(b.slots, number));
	expect_eq(pp_store_len(b.slots, number), from.len);
	expect_eq(pp_store_own(b.slots, number), 0);
	/* An equal page is stored for itself. */
	expect_eq(put_and_compare(&b, PP_PUT_SHARE, &found), PP_PUT_STORED);
	expect(found != number);
	pp_store_drop(b.slots, found);
	hand = 0;
	expect(pp_slot_move(b.slots, &hand, PP_WHICH_FAR, &found, &from));
	to = from;
	to.far = false;
	expect_eq(pp_store_put_bytes(b.store, object, &to), 0);
	expect(pp_slot_moved(b.slots, number, &to, false));
	expect_eq(pp_store_fetch(b.slots, number, b.back), 0);
	expect(!memcmp(page_address(b.page), page_address(b.back), PAGE_SIZE));
	hand = 0;
	expect(pp_slot_move(b.slots, &hand, PP_WHICH_NEAR, &found, &from));
	to = from;
	to.far = true;
	expect(pp_slot_moved(b.slots, number, &to, false));
	pp_store_drop_bytes(b.store, &from);
	expect_eq(pp_store_drop(b.slots, number), 0);
	expect_eq(far_drops, 1);
	expect_eq(pp_store_counted(b.store, PP_COUNT_SLOTS), 0);
	close_bench(&b);
}

/* As if there were so many pages as they are. Return: bit 0 is short, 1 wants room, 2 has none. */
static unsigned int with_pages(struct bench *b, u64 bytes)
{
	struct cram *cram = b->store->tier;
	unsigned int ret;

	cram->zs->nr[PAGE_SIZE / ZS_CLASS] = bytes >> PAGE_SHIFT;
	ret = pp_store_is_short(b->store) | pp_store_wants_room(b->store) << 1 |
	      pp_store_has_no_room(b->store) << 2;
	cram->zs->nr[PAGE_SIZE / ZS_CLASS] = 0;
	return ret;
}

TEST(little_is_left_free)
{
	u64 room = (256ull << 20) * 7 / 8;
	struct bench b;

	expect(open_bench(&b));
	pp_store_set_limit(b.store, 256 << 20);
	expect_eq(with_pages(&b, room - room / 16 - PAGE_SIZE), 0);
	expect_eq(with_pages(&b, room - room / 16), 2);
	expect_eq(with_pages(&b, room - room / 32 - PAGE_SIZE), 2);
	expect_eq(with_pages(&b, room - room / 32), 3);
	expect_eq(with_pages(&b, room), 7);
	/* Of a large store not more. */
	room = (8ull << 30) - (32 << 20);
	pp_store_set_limit(b.store, 8ull << 30);
	expect_eq(with_pages(&b, room - (64 << 20) - PAGE_SIZE), 0);
	expect_eq(with_pages(&b, room - (64 << 20)), 2);
	expect_eq(with_pages(&b, room - (32 << 20) - PAGE_SIZE), 2);
	expect_eq(with_pages(&b, room - (32 << 20)), 3);
	pp_store_set_limit(b.store, 0);
	expect_eq(with_pages(&b, 1ull << 40), 0);
	close_bench(&b);
}

/* While a device has room the store is not full, but takes no more before bytes have moved. */
TEST(room_on_devices)
{
	static u64 number[64];
	unsigned int n = 0, ripe = 0;
	struct bench b;
	int ret = 0;

	expect(open_bench(&b));
	pp_store_set_limit(b.store, 32 * PAGE_SIZE);
	device_room = true;
	while (n < ARRAY_SIZE(number)) {
		fill(page_address(b.page), NOISE, n);
		expect_eq(kicks > 0, pp_store_is_short(b.store) && kicks);
		ret = pp_store_put(b.slots, b.page, PP_PUT_ALLOW_RAW, &number[n]);
		if (ret < 0)
			break;
		n++;
	}
	expect_eq(ret, -ENOSPC);
	expect(kicks && pp_store_is_short(b.store) && pp_store_wants_room(b.store));
	expect(pp_store_has_no_room(b.store) && !pp_store_full(b.store));
	/* Before anything has gone there, the room that is kept may be in use. */
	expect(!pp_store_roomy(b.store));
	/* A sixteenth may go early, no more. */
	while (pp_store_wants_ripe(b.store) && ripe < n)
		expect(pp_store_place(b.slots, number[ripe++], true));
	expect(ripe > 0 && ripe < 28 / 16 + 2);
	pp_store_place(b.slots, number[0], false);
	expect(pp_store_wants_ripe(b.store));
	device_room = false;
	expect(pp_store_full(b.store));
	pp_store_drop(b.slots, number[--n]);
	expect(!pp_store_has_no_room(b.store) && !pp_store_roomy(b.store));
	device_room = true;
	expect(pp_store_roomy(b.store));
	device_room = false;
	while (n--)
		pp_store_drop(b.slots, number[n]);
	expect(!pp_store_wants_room(b.store) && !pp_store_wants_ripe(b.store));
	pp_store_set_limit(b.store, 0);
	expect(!pp_store_wants_ripe(b.store));
	close_bench(&b);
}
