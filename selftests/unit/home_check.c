// SPDX-License-Identifier: GPL-2.0-only
/* Homes: the word keeps what is put into it, and each move is counted where it should be. */
#include "core/age.c"
#include "core/home.c"
#include "unit.h"

static struct inode inode = { .i_ino = 42 };
static struct pp_pool pool;
static struct pp_region region = { .pool = &pool, .inode = &inode };
static pp_home_t homes[PP_BLOCK_PAGES];
static struct pp_block block = { .region = &region, .home = homes };

static void fresh_block(void)
{
	memset(homes, 0, sizeof(homes));
	memset(&pool, 0, sizeof(pool));
	region = (struct pp_region){ .pool = &pool, .inode = &inode };
	block = (struct pp_block){ .region = &region, .home = homes };
	block.nr[PP_HOLE] = PP_BLOCK_PAGES;
	atomic_long_set(&region.states[PP_HOLE], PP_BLOCK_PAGES);
	atomic_long_set(&pool.states[PP_HOLE], PP_BLOCK_PAGES);
}

TEST(a_fresh_page_is_a_hole)
{
	expect_eq(pp_home_state(0), PP_HOLE);
	expect(!pp_home_has_frame(0));
}

TEST(slots_of_every_size)
{
	static const u64 slots[] = { 0, 1, 339, 340, (1ull << 32) - 1, (1ull << 40) - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		pp_home_t home = pp_home_in_slot(slots[i]);

		expect_eq(pp_home_state(home), PP_STORED);
		expect(pp_home_slot(home) == slots[i]);
		expect(!pp_home_has_frame(home));
		expect(!(home & (PP_HOME_COPY | PP_HOME_TOUGH | PP_HOME_ZERO_MAPPED)));
	}
}

TEST(frames_with_every_flag)
{
	static const u64 flags[] = { 0, PP_HOME_COPY, PP_HOME_TOUGH, PP_HOME_COPY | PP_HOME_TOUGH };
	struct folio *folio = page_folio(alloc_page(0));
	enum pp_state state;
	unsigned int i;

	for (state = PP_FRAME; state <= PP_STANDBY; state++) {
		for (i = 0; i < ARRAY_SIZE(flags); i++) {
			pp_home_t home = pp_home_in_frame(state, folio, flags[i]);

			expect_eq(pp_home_state(home), state);
			expect(pp_home_has_frame(home));
			expect(pp_home_folio(home) == folio);
			expect_eq(home & (PP_HOME_COPY | PP_HOME_TOUGH | PP_HOME_ZERO_MAPPED),
				  flags[i]);
		}
	}
	__free_page(folio_page(folio, 0));
}

/* The largest frame number of 52 bits of physical address, and flags, share no bit. */
TEST(large_frame_numbers)
{
	struct folio folio = { .pfn = (1ul << 40) - 1 };
	u64 all = PP_HOME_COPY | PP_HOME_TOUGH;
	pp_home_t home = pp_home_in_frame(PP_STANDBY, &folio, all);

	expect_eq(home >> PP_HOME_SHIFT, (1ul << 40) - 1);
	expect_eq(pp_home_state(home), PP_STANDBY);
	expect_eq(home & 0xff0, all);
}

/* Every transition, from and to every state: the counts always tell what stands in the homes. */
TEST(each_move_is_counted)
{
	struct folio folio = { .pfn = 7 };
	pp_home_t words[PP_NR_STATES] = {
		[PP_HOLE] = PP_HOLE | PP_HOME_ZERO_MAPPED,
		[PP_FRAME] = pp_home_in_frame(PP_FRAME, &folio, PP_HOME_COPY),
		[PP_STANDBY] = pp_home_in_frame(PP_STANDBY, &folio, 0),
		[PP_STORED] = pp_home_in_slot(9),
	};
	unsigned int from, to, i = 0, s, n, seen[PP_NR_STATES], copies;

	fresh_block();
	mutex_lock(&block.lock);
	for (from = 0; from < PP_NR_STATES; from++) {
		for (to = 0; to < PP_NR_STATES; to++, i += 31) {
			pp_home_move(&block, i % PP_BLOCK_PAGES, words[from], PP_WHY_FAULT);
			pp_home_move(&block, i % PP_BLOCK_PAGES, words[to], PP_WHY_EVICT);
			expect(homes[i % PP_BLOCK_PAGES] == words[to]);
			memset(seen, 0, sizeof(seen));
			for (n = 0, copies = 0; n < PP_BLOCK_PAGES; n++) {
				seen[pp_home_state(homes[n])]++;
				copies += !!(homes[n] & PP_HOME_COPY);
			}
			expect_eq(block.copies, copies);
			for (s = 0; s < PP_NR_STATES; s++) {
				expect_eq(block.nr[s], seen[s]);
				expect_eq(atomic_long_read(&region.states[s]), seen[s]);
				expect_eq(atomic_long_read(&pool.states[s]), seen[s]);
			}
		}
	}
	mutex_unlock(&block.lock);
}

TEST(a_pool_adds_up_its_regions)
{
	static pp_home_t others[PP_BLOCK_PAGES];
	struct pp_region other = { .pool = &pool, .inode = &inode };
	struct pp_block second = { .region = &other, .home = others, .nr = { PP_BLOCK_PAGES } };

	fresh_block();
	atomic_long_set(&other.states[PP_HOLE], PP_BLOCK_PAGES);
	atomic_long_add(PP_BLOCK_PAGES, &pool.states[PP_HOLE]);
	mutex_lock(&block.lock);
	mutex_lock(&second.lock);
	pp_home_move(&block, 0, pp_home_in_slot(1), PP_WHY_EVICT);
	pp_home_move(&second, 0, pp_home_in_slot(2), PP_WHY_EVICT);
	mutex_unlock(&second.lock);
	mutex_unlock(&block.lock);
	expect_eq(atomic_long_read(&region.states[PP_STORED]), 1);
	expect_eq(atomic_long_read(&other.states[PP_STORED]), 1);
	expect_eq(atomic_long_read(&pool.states[PP_STORED]), 2);
	expect_eq(atomic_long_read(&pool.states[PP_HOLE]), 2 * PP_BLOCK_PAGES - 2);
}
