// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include "store/blocks.h"

#define SUM_BITS	48
#define SUM_MASK	((1ULL << SUM_BITS) - 1)
#define ONE_REF		(1ULL << SUM_BITS)
#define MAX_REFS	U16_MAX
/* Records looked at before the lock is let go. */
#define LOOKS		4096U

int pp_blocks_init(struct pp_blocks *blocks, u64 nr)
{
	*blocks = (struct pp_blocks){ .nr = nr };
	get_random_bytes(&blocks->key, sizeof(blocks->key));
	spin_lock_init(&blocks->lock);
	/* kvcalloc() warns of more than 2 GiB. */
	blocks->records = __vmalloc(array_size(nr, sizeof(*blocks->records)),
				    GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	return blocks->records ? 0 : -ENOMEM;
}

void pp_blocks_exit(struct pp_blocks *blocks)
{
	vfree(blocks->records);
}

static unsigned int refs_of(u64 record)
{
	return record >> SUM_BITS;
}

static bool is_stale(u64 record)
{
	return record && !refs_of(record);
}

static bool is_unused(u64 record)
{
	return !refs_of(record);
}

/*
 * Under the lock: the first block from *@hand on that is @right, and those behind it, get a
 * reference. Return: how many; 0 when there is none among the next LOOKS, and *@hand behind them.
 */
static unsigned int take_run(struct pp_blocks *blocks, u64 *hand, bool (*right)(u64 record),
			     unsigned int want, u64 *first)
{
	unsigned int n = 0, looks;

	if (*hand >= blocks->nr)
		*hand = 0;
	for (looks = LOOKS; looks && *hand < blocks->nr; looks--, ++*hand)
		if (right(blocks->records[*hand]))
			break;
	*first = *hand;
	while (looks && n < want && *hand < blocks->nr && right(blocks->records[*hand])) {
		if (is_stale(blocks->records[*hand]))
			WRITE_ONCE(blocks->stale, blocks->stale - 1);
		blocks->records[(*hand)++] += ONE_REF;
		n++;
	}
	/* What is trimmed is nobody's. */
	if (right == is_unused)
		WRITE_ONCE(blocks->used, blocks->used + n);
	return n;
}

static unsigned int find_run(struct pp_blocks *blocks, u64 *hand, bool (*right)(u64 record),
			     unsigned int want, u64 *first)
{
	u64 rounds = blocks->nr / LOOKS + 2;
	unsigned int n;

	do {
		spin_lock(&blocks->lock);
		n = take_run(blocks, hand, right, want, first);
		spin_unlock(&blocks->lock);
		cond_resched();
	} while (!n && --rounds);
	return n;
}

unsigned int pp_blocks_take(struct pp_blocks *blocks, unsigned int want, u64 *first)
{
	if (READ_ONCE(blocks->used) == blocks->nr)
		return 0;
	return find_run(blocks, &blocks->hand, is_unused, want, first);
}

bool pp_blocks_get(struct pp_blocks *blocks, u64 block)
{
	bool ok;

	spin_lock(&blocks->lock);
	ok = refs_of(blocks->records[block]) < MAX_REFS;
	if (ok)
		blocks->records[block] += ONE_REF;
	spin_unlock(&blocks->lock);
	return ok;
}

bool pp_blocks_is_popular(struct pp_blocks *blocks, u64 block)
{
	return refs_of(READ_ONCE(blocks->records[block])) >= MAX_REFS / 2;
}

bool pp_blocks_put(struct pp_blocks *blocks, u64 block)
{
	u64 *record = &blocks->records[block];
	bool last;

	spin_lock(&blocks->lock);
	*record -= ONE_REF;
	last = !refs_of(*record);
	if (last) {
		WRITE_ONCE(blocks->used, blocks->used - 1);
		if (*record)
			WRITE_ONCE(blocks->stale, blocks->stale + 1);
	}
	spin_unlock(&blocks->lock);
	return last;
}

/* Never 0: of a block that nobody refers to, that means that nothing was written there. */
static u64 sum_of(struct pp_blocks *blocks, const void *bytes)
{
	return (siphash(bytes, PAGE_SIZE, &blocks->key) & SUM_MASK) ?: 1;
}

void pp_blocks_set_sum(struct pp_blocks *blocks, u64 block, const void *bytes)
{
	u64 sum = sum_of(blocks, bytes);

	spin_lock(&blocks->lock);
	blocks->records[block] = (blocks->records[block] & ~SUM_MASK) | sum;
	spin_unlock(&blocks->lock);
}

bool pp_blocks_is_right(struct pp_blocks *blocks, u64 block, const void *bytes)
{
	return (READ_ONCE(blocks->records[block]) & SUM_MASK) == sum_of(blocks, bytes);
}

bool pp_blocks_in_use(struct pp_blocks *blocks, u64 block)
{
	return block < blocks->nr && refs_of(READ_ONCE(blocks->records[block]));
}

unsigned int pp_blocks_stale(struct pp_blocks *blocks, unsigned int want, u64 *first)
{
	if (!READ_ONCE(blocks->stale))
		return 0;
	return find_run(blocks, &blocks->trim, is_stale, want, first);
}

void pp_blocks_trimmed(struct pp_blocks *blocks, u64 first, unsigned int n)
{
	unsigned int i;

	spin_lock(&blocks->lock);
	for (i = 0; i < n; i++)
		blocks->records[first + i] = 0;
	spin_unlock(&blocks->lock);
}
