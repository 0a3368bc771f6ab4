/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cache: blocks of devices that were read, the last ones. Reading ahead fills it; what is found
 * there must be checked like what was read, because a block may have been written since. It also
 * keeps marks of blocks for a moment. Takes no memory after it was made.
 */
#ifndef PAGEPACT_STORE_CACHE_H
#define PAGEPACT_STORE_CACHE_H

#include <linux/types.h>

struct page;
struct pp_cache;

/**
 * pp_cache_create - makes a cache
 * Return: an empty one, or NULL.
 */
struct pp_cache *pp_cache_create(void);

/**
 * pp_cache_destroy - frees a cache
 * @cache: the cache
 */
void pp_cache_destroy(struct pp_cache *cache);

/**
 * pp_cache_find - looks for a block
 * @cache: the cache
 * @key: of the block
 * Return: a page with its bytes, which the caller puts; or NULL.
 */
struct page *pp_cache_find(struct pp_cache *cache, u64 key);

/**
 * pp_cache_add - adds a block, in the place of the one that was added first
 * @cache: the cache
 * @key: of the block; if it is there already, that one stays
 * @page: its bytes, which nobody changes any more; the cache takes a reference
 */
void pp_cache_add(struct pp_cache *cache, u64 key, struct page *page);

/**
 * pp_cache_drop - forgets a block, and its marks
 * @cache: the cache
 * @key: of the block
 */
void pp_cache_drop(struct pp_cache *cache, u64 key);

/**
 * enum pp_mark - what is known of a block for a second, unless the same is of many others
 * @PP_MARK_BAD: it could not be read
 * @PP_MARK_WANTED: somebody had it read to come back for it
 * @PP_NR_MARKS: number of marks
 */
enum pp_mark {
	PP_MARK_BAD,
	PP_MARK_WANTED,
	PP_NR_MARKS
};

/**
 * pp_cache_mark - marks a block
 * @cache: the cache
 * @key: of the block
 * @mark: enum pp_mark
 */
void pp_cache_mark(struct pp_cache *cache, u64 key, enum pp_mark mark);

/**
 * pp_cache_has_mark - has a block a mark?
 * @cache: the cache
 * @key: of the block
 * @mark: enum pp_mark
 * Return: true when it has.
 */
bool pp_cache_has_mark(struct pp_cache *cache, u64 key, enum pp_mark mark);

/**
 * pp_cache_clear - forgets all blocks, and their marks
 * @cache: the cache
 */
void pp_cache_clear(struct pp_cache *cache);

#endif /* PAGEPACT_STORE_CACHE_H */
