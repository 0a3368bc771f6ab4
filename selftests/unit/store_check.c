// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: what is stored comes back, in every form; bytes that were damaged are an error; every
 * allocation may fail.
 */
#include "store_bench.h"

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
