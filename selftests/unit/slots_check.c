// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots: what was put in comes out, numbers are not given twice, empty chunks go back; they are
 * found by their prints, however many there are; references are counted.
 */
#include "store/slots.c"
#include "unit.h"

/* Nothing is encrypted here. */
void pp_cipher_destroy(struct pp_cipher *cipher)
{
	assert(!cipher);
}

static long meta, in_use, saved, ripe, ripe_bytes;

struct page *pp_store_meta_page(struct pp_store *store)
{
	return alloc_page(GFP_NOWAIT | __GFP_ZERO);
}

void pp_store_count(struct pp_store *store, enum pp_count what, int n)
{
	static long *const counts[PP_NR_COUNTS] = {
		[PP_COUNT_META] = &meta, [PP_COUNT_SLOTS] = &in_use, [PP_COUNT_SAVED] = &saved,
		[PP_COUNT_RIPE] = &ripe, [PP_COUNT_RIPE_BYTES] = &ripe_bytes,
	};

	*counts[what] += n;
}

static struct pp_slot some_slot(unsigned int i)
{
	return (struct pp_slot){
		.where = 0x9e3779b97f4a7c15ull * (i + 1) >> 16,
		.print = 0x9e3779b9u * (i + 1) >> 5,
		.len = i * 37 % (PAGE_SIZE + 1),
		.codec = i % 3,
	};
}

static bool same(const struct pp_slot *a, const struct pp_slot *b)
{
	return a->where == b->where && a->print == b->print && a->len == b->len &&
	       a->codec == b->codec && a->far == b->far;
}

/* Gives up the only reference. */
static void let_go(struct pp_slots *slots, u64 number)
{
	struct pp_slot slot, was;

	pp_slot_read(slots, number, &slot);
	expect(pp_slot_put(slots, number, &was));
	expect(same(&slot, &was));
	pp_slot_free(slots, number);
}

TEST(what_goes_in_comes_out)
{
	enum { NR = 3 * PP_CHUNK_SLOTS + 7 };
	static u64 number[NR];
	struct pp_slots *slots = pp_slots_create(NULL);
	struct pp_slot slot, read;
	unsigned int i;

	for (i = 0; i < NR; i++) {
		slot = some_slot(i);
		expect_eq(pp_slot_alloc(slots, &slot, &number[i], NULL), 0);
	}
	expect_eq(meta, 4);
	for (i = 0; i < NR; i++) {
		slot = some_slot(i);
		pp_slot_read(slots, number[i], &read);
		expect(same(&slot, &read));
	}
	for (i = 0; i < NR; i++)
		let_go(slots, number[i]);
	expect_eq(meta, 0);
	pp_slots_put(slots);
}

TEST(extremes_of_length_and_codec)
{
	struct pp_slots *slots = pp_slots_create(NULL);
	struct pp_slot in[] = {
		{ .where = ~0ull >> 16, .print = ~0u >> 5, .len = PAGE_SIZE, .codec = 7 },
		{ .where = 0, .print = 0, .len = 0, .codec = 7 },
		{ .where = 1, .print = ~0u >> 5, .len = 0, .codec = 0 },
		{ .where = 0, .print = 1, .len = PAGE_SIZE, .codec = 0 },
	}, out;
	u64 number[ARRAY_SIZE(in)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(in); i++)
		expect_eq(pp_slot_alloc(slots, &in[i], &number[i], NULL), 0);
	for (i = 0; i < ARRAY_SIZE(in); i++) {
		pp_slot_read(slots, number[i], &out);
		expect(same(&in[i], &out));
		let_go(slots, number[i]);
	}
	pp_slots_put(slots);
}

/* Against a plain table: a random walk of allocations and frees over several chunks. */
TEST(random_walk)
{
	enum { NR = 2500, STEPS = 60000 };
	static struct pp_slot model[NR];
	static u64 number[NR];
	static bool used[NR];
	static u8 taken[NR * 2];
	struct pp_slots *slots = pp_slots_create(NULL);
	unsigned int step, i, seed = 1, nr_used = 0;
	struct pp_slot out;

	for (step = 0; step < STEPS; step++) {
		seed = seed * 1103515245 + 12345;
		i = seed / 65536 % NR;
		/* Waves, so that chunks fill up and get empty. */
		if (!used[i] && (step / 8000) % 2 == 0) {
			model[i] = some_slot(step);
			expect_eq(pp_slot_alloc(slots, &model[i], &number[i], NULL), 0);
			expect(number[i] < ARRAY_SIZE(taken) && !taken[number[i]]);
			taken[number[i]] = 1;
			used[i] = true;
			nr_used++;
		} else if (used[i]) {
			pp_slot_read(slots, number[i], &out);
			expect(same(&model[i], &out));
			if ((step / 8000) % 2) {
				let_go(slots, number[i]);
				taken[number[i]] = 0;
				used[i] = false;
				nr_used--;
			}
		}
	}
	expect(meta * PP_CHUNK_SLOTS >= nr_used);
	for (i = 0; i < NR; i++)
		if (used[i])
			let_go(slots, number[i]);
	expect_eq(meta, 0);
	expect_eq(slots->partial, PP_NO_CHUNK);
	expect_eq(slots->chunks.nr, 0);
	expect_eq(in_use, 0);
	pp_slots_put(slots);
}

/* A slot that is found by its print. Return: what pp_slot_alloc() does. */
static int alloc_listed(struct pp_slots *slots, const struct pp_slot *slot, u64 *number)
{
	u64 twin = PP_NO_NUMBER;
	struct pp_slot was;
	int err = pp_slot_alloc(slots, slot, number, &twin);

	if (twin != PP_NO_NUMBER)
		expect(!pp_slot_put(slots, twin, &was));
	return err;
}

/* Each holds on until its last reference goes, in whatever order they go. */
TEST(references)
{
	struct pp_slots *slots = pp_slots_create(NULL);
	struct pp_slot slot = some_slot(3), out;
	u64 number, found;
	unsigned int i;

	expect_eq(alloc_listed(slots, &slot, &number), 0);
	for (i = 1; i < 5; i++) {
		expect(pp_slot_find(slots, slot.print, 0, &found));
		expect_eq(found, number);
		expect_eq(saved, i);
	}
	while (saved) {
		expect(!pp_slot_put(slots, number, &out));
		pp_slot_read(slots, number, &out);
		expect(same(&slot, &out));
	}
	expect_eq(in_use, 1);
	expect_eq(slots->extra.nr, 0);
	expect(pp_slot_put(slots, number, &out));
	/* Nobody finds it any more, though its number is not free yet. */
	expect(!pp_slot_find(slots, slot.print, 0, &found));
	pp_slot_free(slots, number);
	expect_eq(meta, 0);
	pp_slots_put(slots);
}

/* Who is not to be found is not; and of many with the same print only some are. */
TEST(lists_stay_short)
{
	enum { NR = 5000 };
	static u64 number[NR];
	struct pp_slots *slots = pp_slots_create(NULL);
	struct pp_slot slot = some_slot(3);
	unsigned int i, found = 0;
	u64 other;

	for (i = 0; i < NR; i++)
		expect_eq(pp_slot_alloc(slots, &slot, &number[i], NULL), 0);
	expect_eq(slots->listed, 0);
	expect(!pp_slot_known(slots, slot.print));
	for (i = 0; i < NR; i++)
		let_go(slots, number[i]);
	for (i = 0; i < NR; i++)
		expect_eq(alloc_listed(slots, &slot, &number[i]), 0);
	expect_eq(slots->listed, PP_MAX_TWINS);
	while (pp_slot_find(slots, slot.print, found, &other)) {
		expect_eq(other, number[found++]);
		expect(!pp_slot_put(slots, other, &slot));
	}
	expect_eq(found, PP_MAX_TWINS);
	/* The oldest first. Who comes then is found again. */
	for (i = 0; i < NR / 2; i++)
		let_go(slots, number[i]);
	expect_eq(slots->listed, 0);
	for (i = 0; i < NR / 2; i++)
		expect_eq(alloc_listed(slots, &slot, &number[i]), 0);
	expect_eq(slots->listed, PP_MAX_TWINS);
	for (i = NR; i--; )
		let_go(slots, number[i]);
	expect_eq(slots->listed, 0);
	expect_eq(meta, 0);
	pp_slots_put(slots);
}

/* Of several with the same print each is found, oldest first; splits and joins change nothing. */
TEST(equal_prints)
{
	enum { MANY = 6000, NR = PP_MAX_TWINS };
	static u64 many[MANY];
	struct pp_slots *slots = pp_slots_create(NULL);
	u64 number[NR], found, twin;
	struct pp_slot slot, out;
	unsigned int i, round;

	for (i = 0; i < NR; i++) {
		slot = some_slot(i);
		slot.print = 77 | 1 << 12;
		twin = PP_NO_NUMBER;
		expect_eq(pp_slot_alloc(slots, &slot, &number[i], &twin), 0);
		/* Whoever comes later is told of the first one. */
		expect_eq(twin, i ? number[0] : PP_NO_NUMBER);
		if (i)
			expect(!pp_slot_put(slots, twin, &out));
	}
	for (round = 0; round < 3; round++) {
		for (i = 0; i < NR; i++) {
			expect(pp_slot_find(slots, slot.print, i, &found));
			expect_eq(found, number[i]);
			expect(!pp_slot_put(slots, found, &out));
		}
		expect(!pp_slot_find(slots, slot.print, i, &found));
		expect(!pp_slot_find(slots, 78 | 1 << 12, 0, &found));
		expect(!pp_slot_find(slots, slot.print | 1 << 26, 0, &found));
		expect(pp_slot_known(slots, slot.print) && !pp_slot_known(slots, 3));
		/* Lists of their own, or in a list with many others, and then that again. */
		for (i = 0; i < MANY && round < 2; i++) {
			struct pp_slot other = some_slot(i);

			other.print = 77 | i << 11 | 1 << 25;
			if (!round)
				expect_eq(alloc_listed(slots, &other, &many[i]), 0);
			else
				let_go(slots, many[i]);
		}
	}
	expect(!saved);
	for (i = 0; i < NR; i++)
		let_go(slots, number[i]);
	pp_slots_put(slots);
}

/* Lists are split and joined as slots come and go: all are found all the time, none is long. */
TEST(many_are_found)
{
	enum { NR = 12000 };
	static u64 number[NR];
	struct pp_slots *slots = pp_slots_create(NULL);
	u32 fewest = slots->nr_lists, most;
	struct pp_slot slot;
	unsigned int i, j;
	u64 found;

	for (i = 0; i < NR; i++) {
		slot = some_slot(i);
		expect_eq(alloc_listed(slots, &slot, &number[i]), 0);
		/* Also those that a split has just moved. */
		for (j = i % 500; j <= i; j += 500) {
			expect(pp_slot_find(slots, some_slot(j).print, 0, &found));
			expect_eq(found, number[j]);
			expect(!pp_slot_put(slots, found, &slot));
		}
	}
	most = slots->nr_lists;
	expect(most >= NR / 4 && most <= NR);
	expect_eq(slots->lists.nr, (most + PAGE_SIZE / 4 - 1) / (PAGE_SIZE / 4));
	for (i = 0; i < NR; i++) {
		let_go(slots, number[i]);
		for (j = i + 1; j < NR; j += 500) {
			expect(pp_slot_find(slots, some_slot(j).print, 0, &found));
			expect_eq(found, number[j]);
			expect(!pp_slot_put(slots, found, &slot));
		}
	}
	expect_eq(slots->nr_lists, fewest);
	expect_eq(slots->lists.nr, 1);
	expect_eq(meta, 0);
	pp_slots_put(slots);
}

/* Without memory for more lists, fewer serve; without memory for a reference there is none. */
TEST(lists_and_references_without_memory)
{
	enum { NR = 3000 };
	static u64 number[NR];
	struct pp_slots *slots = pp_slots_create(NULL);
	struct pp_slot slot;
	unsigned int i;
	u64 found;

	for (i = 0; i < NR; i++) {
		slot = some_slot(i);
		/* A chunk has memory, a page of lists has not. */
		shim_fail(slots->partial == PP_NO_CHUNK ? 0 : 1, true);
		expect_eq(alloc_listed(slots, &slot, &number[i]), 0);
	}
	expect(slots->nr_lists <= 2 * PAGE_SIZE / 4);
	shim_fail(1, true);
	expect(!pp_slot_find(slots, some_slot(1).print, 0, &found));
	shim_fail(0, false);
	expect_eq(saved, 0);
	for (i = 0; i < NR; i++) {
		expect(pp_slot_find(slots, some_slot(i).print, 0, &found));
		expect_eq(found, number[i]);
		expect(!pp_slot_put(slots, found, &slot));
		let_go(slots, number[i]);
	}
	expect_eq(meta, 0);
	pp_slots_put(slots);
}

/* A slot freed in a full chunk is the next one given, before a new chunk is made. */
TEST(full_chunks_are_found_again)
{
	struct pp_slots *slots = pp_slots_create(NULL);
	static u64 number[2 * PP_CHUNK_SLOTS];
	struct pp_slot slot = some_slot(5);
	u64 again;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(number); i++)
		expect_eq(pp_slot_alloc(slots, &slot, &number[i], NULL), 0);
	expect_eq(slots->partial, PP_NO_CHUNK);
	let_go(slots, number[100]);
	expect_eq(pp_slot_alloc(slots, &slot, &again, NULL), 0);
	expect_eq(again, number[100]);
	expect_eq(meta, 2);
	for (i = 0; i < ARRAY_SIZE(number); i++)
		let_go(slots, number[i]);
	pp_slots_put(slots);
}

static bool attempt(void)
{
	struct pp_slots *slots = pp_slots_create(NULL);
	static u64 number[PP_CHUNK_SLOTS + 1];
	struct pp_slot slot = some_slot(1);
	unsigned int i, done;
	bool ok;

	if (!slots)
		return false;
	for (done = 0; done < ARRAY_SIZE(number); done++)
		if (pp_slot_alloc(slots, &slot, &number[done], NULL))
			break;
	ok = done == ARRAY_SIZE(number);
	for (i = 0; i < done; i++)
		let_go(slots, number[i]);
	expect_eq(meta, 0);
	pp_slots_put(slots);
	return ok;
}

TEST(failing_allocations)
{
	sweep(attempt);
}

TEST(ripe_ones_first)
{
	enum { NR = 2 * PP_CHUNK_SLOTS };
	struct pp_slots *slots = pp_slots_create(NULL);
	u64 number[NR], hand = 0, moved, other;
	struct pp_slot slot, from;
	unsigned int i;

	for (i = 0; i < NR; i++) {
		slot = some_slot(i);
		slot.len = i == 10 ? 0 : 100;
		expect_eq(pp_slot_alloc(slots, &slot, &number[i], NULL), 0);
	}
	expect(!pp_slot_move(slots, &hand, PP_WHICH_RIPE, &moved, &from));
	for (i = 10; i < 14; i++)
		expect_eq(pp_slot_ripen(slots, number[i], true), i != 10);
	expect(pp_slot_ripen(slots, number[NR - 1], true));
	/* Said twice it is no more. */
	expect(pp_slot_ripen(slots, number[11], true));
	expect_eq(ripe, 4);
	expect_eq(ripe_bytes, 400);
	expect(!pp_slot_ripen(slots, number[12], false));
	expect_eq(ripe, 3);
	let_go(slots, number[13]);
	expect_eq(ripe, 2);
	hand = 0;
	expect(pp_slot_move(slots, &hand, PP_WHICH_RIPE, &moved, &from) && moved == number[11]);
	expect(pp_slot_move(slots, &hand, PP_WHICH_RIPE, &other, &from));
	expect_eq(other, number[NR - 1]);
	expect(!pp_slot_move(slots, &hand, PP_WHICH_RIPE, &other, &from));
	/* What could not go is ripe still. */
	expect(pp_slot_moved(slots, moved, NULL, false));
	from.far = true;
	from.len = 99;
	expect(pp_slot_moved(slots, number[NR - 1], &from, false));
	expect_eq(ripe, 1);
	expect_eq(ripe_bytes, 100);
	expect(pp_slot_ripen(slots, number[NR - 1], false));
	expect_eq(ripe, 1);
	hand = 0;
	expect(pp_slot_move(slots, &hand, PP_WHICH_RIPE, &other, &from) && other == moved);
	expect(pp_slot_moved(slots, moved, NULL, false));
	for (i = 0; i < NR; i++)
		if (i != 13)
			let_go(slots, number[i]);
	expect(!ripe && !ripe_bytes && !meta);
	pp_slots_put(slots);
}

/* All that are in a tier are moved once, with others coming and going between. */
TEST(moving)
{
	enum { NR = 2 * PP_CHUNK_SLOTS + 9 };
	struct pp_slots *slots = pp_slots_create(NULL);
	static u64 number[NR];
	struct pp_slot slot, from, read;
	u64 hand = 0, moved;
	unsigned int i, n = 0;

	for (i = 0; i < NR; i++) {
		slot = some_slot(i);
		slot.len = i % 5 ? 100 + i : 0;
		expect_eq(pp_slot_alloc(slots, &slot, &number[i], NULL), 0);
	}
	/* Words have no bytes to move. */
	while (pp_slot_move(slots, &hand, PP_WHICH_NEAR, &moved, &from)) {
		expect_eq(hand, moved + 1);
		expect_eq(from.len, 100 + moved);
		expect(!from.far);
		/* Not while it is moved. */
		if (!n++) {
			u64 again = moved, other;

			expect(pp_slot_move(slots, &again, PP_WHICH_NEAR, &other, &read));
			expect_eq(other, moved + 1);
			expect(pp_slot_moved(slots, other, NULL, false));
		}
		from.far = true;
		from.where = 5 + moved;
		expect(pp_slot_moved(slots, moved, &from, false));
		pp_slot_read(slots, moved, &read);
		expect(same(&from, &read));
	}
	expect_eq(n, NR - (NR + 4) / 5);
	hand = 0;
	expect(!pp_slot_move(slots, &hand, PP_WHICH_NEAR, &moved, &from));
	hand = PP_CHUNK_SLOTS + 3;
	for (i = 0; pp_slot_move(slots, &hand, PP_WHICH_FAR, &moved, &from); i++) {
		expect(moved >= PP_CHUNK_SLOTS + 3 && from.far && from.where == 5 + moved);
		from.far = false;
		expect(pp_slot_moved(slots, moved, &from, false));
	}
	expect(i > PP_CHUNK_SLOTS / 2);
	for (i = 0; i < NR; i++)
		let_go(slots, number[i]);
	expect_eq(meta, 0);
	pp_slots_put(slots);
}

/* Whoever moves a slot frees it when its last user went meanwhile. */
TEST(dead_while_moved)
{
	struct pp_slots *slots = pp_slots_create(NULL);
	struct pp_slot slot = some_slot(3), from, out;
	u64 number, found, hand = 0;

	expect_eq(alloc_listed(slots, &slot, &number), 0);
	expect(pp_slot_move(slots, &hand, PP_WHICH_NEAR, &found, &from));
	expect_eq(found, number);
	expect(pp_slot_find(slots, slot.print, 0, &found));
	expect(!pp_slot_put(slots, number, &out));
	expect(!pp_slot_put(slots, number, &out));
	expect_eq(in_use, 0);
	expect(!pp_slot_find(slots, slot.print, 0, &found));
	hand = 0;
	expect(!pp_slot_move(slots, &hand, PP_WHICH_NEAR, &found, &out));
	/* Its number is not given again before. */
	expect_eq(pp_slot_alloc(slots, &slot, &found, NULL), 0);
	expect(found != number);
	from.far = true;
	expect(!pp_slot_moved(slots, number, &from, false));
	pp_slot_free(slots, number);
	let_go(slots, found);
	expect_eq(meta, 0);
	pp_slots_put(slots);
}

/* To compare with what is on a device it must be read, which only who moves others there does. */
TEST(far_slots_are_found_by_who_moves)
{
	struct pp_slots *slots = pp_slots_create(NULL);
	struct pp_slot slot = some_slot(3), from;
	u64 number, found, twin, near, hand = 0;

	expect_eq(alloc_listed(slots, &slot, &number), 0);
	expect(pp_slot_known(slots, slot.print));
	expect(pp_slot_move(slots, &hand, PP_WHICH_NEAR, &found, &from));
	expect(pp_slot_known(slots, slot.print));
	from.far = true;
	expect(pp_slot_moved(slots, number, &from, false));
	expect(!pp_slot_known(slots, slot.print));
	expect(!pp_slot_find(slots, slot.print, 0, &found));
	expect_eq(slots->listed, 1);
	/* An equal one, in memory. */
	twin = PP_NO_NUMBER;
	expect_eq(pp_slot_alloc(slots, &slot, &near, &twin), 0);
	expect(twin == PP_NO_NUMBER && slots->listed == 2);
	expect(pp_slot_find_far(slots, near, 0, &twin) && twin == number);
	expect_eq(saved, 1);
	expect(!pp_slot_put(slots, twin, &from));
	/* It gets the same place: one of them is listed. */
	hand = 0;
	expect(pp_slot_move(slots, &hand, PP_WHICH_NEAR, &found, &from) && found == near);
	from.far = true;
	expect(pp_slot_moved(slots, near, &from, true));
	expect_eq(slots->listed, 1);
	/* One that is not to be found finds nobody. */
	expect(!pp_slot_find_far(slots, near, 0, &twin));
	let_go(slots, near);
	let_go(slots, number);
	expect_eq(slots->listed, 0);
	expect_eq(meta, 0);
	pp_slots_put(slots);
}

TEST(the_last_user_frees_the_space)
{
	struct pp_slots *slots = pp_slots_create(NULL);

	refcount_inc(&slots->users);
	pp_slots_put(slots);
	expect_eq(refcount_read(&slots->users), 1);
	pp_slots_put(slots);
}
