// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "store/cache.h"

/* Blocks: sixteen runs of the largest size. */
#define CACHE_BLOCKS	512
#define HASH_BITS	9
/* Blocks with the same mark. */
#define MARKS		256
#define MARK_TIME	HZ

/**
 * struct entry - a block, or free
 * @node: on the list of those with the same hash; not on it when free
 * @key: of the block
 * @page: its bytes
 */
struct entry {
	struct hlist_node node;
	u64 key;
	struct page *page;
};

/**
 * struct marked - a block with a mark
 * @key: of the block
 * @until: jiffies; 0: free
 */
struct marked {
	u64 key;
	unsigned long until;
};

/**
 * struct pp_cache - the blocks read last
 * @lock: protects all of it
 * @heads: of the lists
 * @entries: the one to be used next, at @next, is the oldest
 * @marked: the same, by enum pp_mark, at @next_mark
 * @next: index
 * @next_mark: indexes
 */
struct pp_cache {
	spinlock_t lock;
	struct hlist_head heads[1 << HASH_BITS];
	struct entry entries[CACHE_BLOCKS];
	struct marked marked[PP_NR_MARKS][MARKS];
	unsigned int next;
	unsigned int next_mark[PP_NR_MARKS];
};

struct pp_cache *pp_cache_create(void)
{
	struct pp_cache *cache = kvzalloc(sizeof(*cache), GFP_KERNEL);

	if (cache)
		spin_lock_init(&cache->lock);
	return cache;
}

void pp_cache_destroy(struct pp_cache *cache)
{
	pp_cache_clear(cache);
	kvfree(cache);
}

/* Under the lock. */
static struct entry *find(struct pp_cache *cache, u64 key)
{
	struct entry *entry;

	hlist_for_each_entry(entry, &cache->heads[hash_64(key, HASH_BITS)], node)
		if (entry->key == key)
			return entry;
	return NULL;
}

/* Under the lock: frees an entry. Return: its page, to be put; NULL when it was free. */
static struct page *take_out(struct entry *entry)
{
	if (!entry || hlist_unhashed(&entry->node))
		return NULL;
	hlist_del_init(&entry->node);
	return entry->page;
}

static void put(struct page *page)
{
	if (page)
		put_page(page);
}

void pp_cache_clear(struct pp_cache *cache)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < CACHE_BLOCKS; i++) {
		spin_lock(&cache->lock);
		page = take_out(&cache->entries[i]);
		spin_unlock(&cache->lock);
		put(page);
	}
	spin_lock(&cache->lock);
	memset(cache->marked, 0, sizeof(cache->marked));
	spin_unlock(&cache->lock);
}

struct page *pp_cache_find(struct pp_cache *cache, u64 key)
{
	struct page *page = NULL;
	struct entry *entry;

	spin_lock(&cache->lock);
	entry = find(cache, key);
	if (entry) {
		page = entry->page;
		get_page(page);
	}
	spin_unlock(&cache->lock);
	return page;
}

void pp_cache_add(struct pp_cache *cache, u64 key, struct page *page)
{
	struct page *old = NULL;
	struct entry *entry;

	spin_lock(&cache->lock);
	if (!find(cache, key)) {
		entry = &cache->entries[cache->next];
		cache->next = (cache->next + 1) % CACHE_BLOCKS;
		old = take_out(entry);
		entry->key = key;
		entry->page = page;
		get_page(page);
		hlist_add_head(&entry->node, &cache->heads[hash_64(key, HASH_BITS)]);
	}
	spin_unlock(&cache->lock);
	put(old);
}

/* Under the lock: where it says that a block has a mark, or NULL. */
static struct marked *find_mark(struct pp_cache *cache, u64 key, enum pp_mark mark)
{
	unsigned int i;

	for (i = 0; i < MARKS; i++)
		if (cache->marked[mark][i].until && cache->marked[mark][i].key == key)
			return &cache->marked[mark][i];
	return NULL;
}

void pp_cache_drop(struct pp_cache *cache, u64 key)
{
	struct marked *marked;
	struct page *page;
	unsigned int i;

	spin_lock(&cache->lock);
	page = take_out(find(cache, key));
	for (i = 0; i < PP_NR_MARKS; i++) {
		marked = find_mark(cache, key, i);
		if (marked)
			marked->until = 0;
	}
	spin_unlock(&cache->lock);
	put(page);
}

void pp_cache_mark(struct pp_cache *cache, u64 key, enum pp_mark mark)
{
	struct marked *marked;

	spin_lock(&cache->lock);
	marked = find_mark(cache, key, mark);
	if (!marked) {
		marked = &cache->marked[mark][cache->next_mark[mark]];
		cache->next_mark[mark] = (cache->next_mark[mark] + 1) % MARKS;
	}
	marked->key = key;
	marked->until = (jiffies + MARK_TIME) | 1;
	spin_unlock(&cache->lock);
}

bool pp_cache_has_mark(struct pp_cache *cache, u64 key, enum pp_mark mark)
{
	struct marked *marked;
	bool found;

	spin_lock(&cache->lock);
	marked = find_mark(cache, key, mark);
	found = marked && time_before(jiffies, marked->until);
	spin_unlock(&cache->lock);
	return found;
}
