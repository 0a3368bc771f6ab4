// SPDX-License-Identifier: GPL-2.0-only
/* Slots: what was put in comes out, numbers are not given twice, empty chunks go back. */
#include "store/slots.c"
#include "unit.h"

static long meta;

struct page *pp_store_meta_page(struct pp_store *store)
{
	return alloc_page(GFP_NOWAIT | __GFP_ZERO);
}

void pp_store_count_meta(struct pp_store *store, int n)
{
	meta += n;
}

static struct pp_slot some_slot(unsigned int i)
{
	return (struct pp_slot){
		.where = 0x9e3779b97f4a7c15ull * (i + 1),
		.len = i * 37 % (PAGE_SIZE + 1),
		.codec = i % 3,
	};
}

static bool same(const struct pp_slot *a, const struct pp_slot *b)
{
	return a->where == b->where && a->len == b->len && a->codec == b->codec;
}

TEST(what_goes_in_comes_out)
{
	enum { NR = 3 * 340 + 7 };
	static u64 number[NR];
	struct pp_slots *slots = pp_slots_create(NULL);
	struct pp_slot slot, read;
	unsigned int i;

	for (i = 0; i < NR; i++) {
		slot = some_slot(i);
		expect_eq(pp_slot_alloc(slots, &slot, &number[i]), 0);
	}
	expect_eq(meta, 4);
	for (i = 0; i < NR; i++) {
		slot = some_slot(i);
		pp_slot_read(slots, number[i], &read);
		expect(same(&slot, &read));
	}
	for (i = 0; i < NR; i++)
		pp_slot_free(slots, number[i]);
	expect_eq(meta, 0);
	pp_slots_destroy(slots);
}

TEST(extremes_of_length_and_codec)
{
	struct pp_slots *slots = pp_slots_create(NULL);
	struct pp_slot in[] = {
		{ .where = ~0ull, .len = PAGE_SIZE, .codec = 255 },
		{ .where = 0, .len = 0, .codec = 255 },
		{ .where = 1, .len = PAGE_SIZE, .codec = 0 },
	}, out;
	u64 number[ARRAY_SIZE(in)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(in); i++)
		expect_eq(pp_slot_alloc(slots, &in[i], &number[i]), 0);
	for (i = 0; i < ARRAY_SIZE(in); i++) {
		pp_slot_read(slots, number[i], &out);
		expect(same(&in[i], &out));
		pp_slot_free(slots, number[i]);
	}
	pp_slots_destroy(slots);
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
			expect_eq(pp_slot_alloc(slots, &model[i], &number[i]), 0);
			expect(number[i] < ARRAY_SIZE(taken) && !taken[number[i]]);
			taken[number[i]] = 1;
			used[i] = true;
			nr_used++;
		} else if (used[i]) {
			pp_slot_read(slots, number[i], &out);
			expect(same(&model[i], &out));
			if ((step / 8000) % 2) {
				pp_slot_free(slots, number[i]);
				taken[number[i]] = 0;
				used[i] = false;
				nr_used--;
			}
		}
	}
	expect(meta * PP_CHUNK_SLOTS >= nr_used);
	for (i = 0; i < NR; i++)
		if (used[i])
			pp_slot_free(slots, number[i]);
	expect_eq(meta, 0);
	expect_eq(slots->partial, PP_NO_CHUNK);
	expect_eq(slots->chunks.nr, 0);
	pp_slots_destroy(slots);
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
		expect_eq(pp_slot_alloc(slots, &slot, &number[i]), 0);
	expect_eq(slots->partial, PP_NO_CHUNK);
	pp_slot_free(slots, number[100]);
	expect_eq(pp_slot_alloc(slots, &slot, &again), 0);
	expect_eq(again, number[100]);
	expect_eq(meta, 2);
	for (i = 0; i < ARRAY_SIZE(number); i++)
		pp_slot_free(slots, number[i]);
	pp_slots_destroy(slots);
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
		if (pp_slot_alloc(slots, &slot, &number[done]))
			break;
	ok = done == ARRAY_SIZE(number);
	for (i = 0; i < done; i++)
		pp_slot_free(slots, number[i]);
	expect_eq(meta, 0);
	pp_slots_destroy(slots);
	return ok;
}

TEST(failing_allocations)
{
	sweep(attempt);
}
