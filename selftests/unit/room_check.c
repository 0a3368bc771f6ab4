// SPDX-License-Identifier: GPL-2.0-only
/* Room in the store: its limit, what is kept for pages that change places, and devices below. */
#include "store_bench.h"

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
