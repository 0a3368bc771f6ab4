// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of a device: none is given twice, all come back, what was freed is trimmed once; and bytes
 * that are not the ones written last are told apart.
 */
#include "store/blocks.c"
#include "unit.h"

static struct pp_blocks blocks;
static u8 bytes[PAGE_SIZE];

static void begin(u64 nr)
{
	expect_eq(pp_blocks_init(&blocks, nr), 0);
	blocks.key.key[0] = 42;
	blocks.key.key[1] = 0;
}

static void write_block(u64 block, u8 what)
{
	memset(bytes, what, sizeof(bytes));
	pp_blocks_set_sum(&blocks, block, bytes);
}

static bool holds(u64 block, u8 what)
{
	memset(bytes, what, sizeof(bytes));
	return pp_blocks_is_right(&blocks, block, bytes);
}

/* Takes one after the other. Return: how many there were. */
static u64 take_all(u64 nr)
{
	u64 first, all = 0;
	unsigned int n, i;

	while ((n = pp_blocks_take(&blocks, 32, &first))) {
		expect(first + n <= nr);
		for (i = 0; i < n; i++) {
			expect(pp_blocks_in_use(&blocks, first + i));
			write_block(first + i, 1);
		}
		all += n;
	}
	return all;
}

TEST(each_is_given_once)
{
	const u64 nr = 3 * LOOKS + 77;
	u64 i;

	begin(nr);
	expect_eq(take_all(nr), nr);
	expect_eq(blocks.used, nr);
	for (i = 0; i < nr; i++)
		pp_blocks_put(&blocks, i);
	expect_eq(blocks.used, 0);
	expect_eq(blocks.stale, nr);
	expect_eq(take_all(nr), nr);
	expect_eq(blocks.stale, 0);
	pp_blocks_exit(&blocks);
}

TEST(runs_are_as_long_as_gaps)
{
	u64 first;
	unsigned int i;

	begin(100);
	expect_eq(take_all(100), 100);
	for (i = 40; i < 45; i++)
		pp_blocks_put(&blocks, i);
	pp_blocks_put(&blocks, 60);
	expect_eq(pp_blocks_take(&blocks, 32, &first), 5);
	expect_eq(first, 40);
	expect_eq(pp_blocks_take(&blocks, 32, &first), 1);
	expect_eq(first, 60);
	expect_eq(pp_blocks_take(&blocks, 32, &first), 0);
	pp_blocks_put(&blocks, 99);
	pp_blocks_put(&blocks, 0);
	expect_eq(pp_blocks_take(&blocks, 32, &first), 1);
	expect_eq(first, 99);
	expect_eq(pp_blocks_take(&blocks, 32, &first), 1);
	expect_eq(first, 0);
	pp_blocks_exit(&blocks);
}

TEST(the_last_block_of_many_is_found)
{
	const u64 nr = 5 * LOOKS;
	u64 first;

	begin(nr);
	take_all(nr);
	blocks.hand = 3 * LOOKS;
	pp_blocks_put(&blocks, 3 * LOOKS - 1);
	expect_eq(pp_blocks_take(&blocks, 1, &first), 1);
	expect_eq(first, 3 * LOOKS - 1);
	pp_blocks_exit(&blocks);
}

TEST(a_block_stays_for_its_last_user)
{
	u64 first;
	unsigned int i;

	begin(1);
	expect_eq(pp_blocks_take(&blocks, 32, &first), 1);
	for (i = 1; i < MAX_REFS; i++)
		expect(pp_blocks_get(&blocks, 0));
	expect(!pp_blocks_get(&blocks, 0));
	for (i = 1; i < MAX_REFS; i++) {
		pp_blocks_put(&blocks, 0);
		expect(pp_blocks_in_use(&blocks, 0));
	}
	expect_eq(pp_blocks_take(&blocks, 1, &first), 0);
	pp_blocks_put(&blocks, 0);
	expect(!pp_blocks_in_use(&blocks, 0));
	expect_eq(pp_blocks_take(&blocks, 1, &first), 1);
	pp_blocks_exit(&blocks);
}

TEST(other_bytes_are_told_apart)
{
	u64 first;
	unsigned int i;

	begin(2);
	expect_eq(pp_blocks_take(&blocks, 2, &first), 2);
	write_block(0, 1);
	write_block(1, 2);
	expect(holds(0, 1) && holds(1, 2));
	expect(!holds(0, 2) && !holds(1, 1));
	for (i = 0; i < PAGE_SIZE; i += 7) {
		memset(bytes, 1, sizeof(bytes));
		bytes[i] ^= 1 << i % 8;
		expect(!pp_blocks_is_right(&blocks, 0, bytes));
	}
	/* References do not change it, nor what else is done with the block. */
	expect(pp_blocks_get(&blocks, 0));
	pp_blocks_put(&blocks, 0);
	expect(holds(0, 1));
	write_block(0, 3);
	expect(holds(0, 3) && !holds(0, 1));
	pp_blocks_exit(&blocks);
}

TEST(what_was_freed_is_trimmed_once)
{
	u64 first;
	unsigned int i;

	begin(64);
	take_all(64);
	expect_eq(pp_blocks_stale(&blocks, 64, &first), 0);
	for (i = 10; i < 30; i++)
		pp_blocks_put(&blocks, i);
	expect_eq(pp_blocks_stale(&blocks, 8, &first), 8);
	expect_eq(first, 10);
	/* Nobody gets them meanwhile. */
	expect_eq(blocks.used, 64 - 20);
	expect_eq(take_all(64), 12);
	pp_blocks_trimmed(&blocks, 10, 8);
	expect_eq(blocks.used, 64 - 8);
	expect_eq(pp_blocks_stale(&blocks, 8, &first), 0);
	/* Taken and given back unwritten, what was stale is so again, what was free too. */
	expect_eq(pp_blocks_take(&blocks, 8, &first), 8);
	for (i = 0; i < 8; i++)
		pp_blocks_put(&blocks, first + i);
	expect_eq(blocks.stale, 0);
	pp_blocks_put(&blocks, 50);
	expect_eq(blocks.stale, 1);
	expect_eq(pp_blocks_take(&blocks, 1, &first), 1);
	pp_blocks_put(&blocks, first);
	pp_blocks_exit(&blocks);
}
