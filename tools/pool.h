/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pools: what the module says in sysfs, read into memory.
 *
 * One reading is a moment's view without a lock: regions come and go while it is taken. A region or
 * pool that disappears half-way is left out. A file that is not there, because the module is older
 * than the tool, or cannot be read leaves its value absent, never zero.
 *
 * Reading asks only for the attributes that the caller wants, since a host may have thousands of
 * regions with some forty files each.
 */
#ifndef PAGEPACT_POOL_H
#define PAGEPACT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attribute.h"

/**
 * struct values - attributes of a pool, a domain or a region
 * @present: which of them have a value
 * @number: numbers, in base units
 * @word: for UNIT_WORD, what the kernel wrote; else NULL
 */
struct values {
	struct attribute_set present;
	uint64_t number[ATTR_COUNT];
	char *word[ATTR_COUNT];
};

/**
 * struct region - one file, the RAM of one VM backend
 * @id: inode number
 * @path: inside the pool, as the kernel gave it; chosen by users, not safe to show
 * @values: its attributes
 */
struct region {
	uint64_t id;
	char *path;
	struct values values;
};

/**
 * struct pool - one mount
 * @name: as in sysfs
 * @major, @minor: device number of its files; 0:0 when unknown
 * @values: its attributes
 * @regions: sorted by path, so that those of a domain stand together
 * @region_count: how many
 */
struct pool {
	char *name;
	unsigned int major;
	unsigned int minor;
	struct values values;
	struct region *regions;
	size_t region_count;
};

struct pools {
	struct pool *list;	/* sorted by name */
	size_t count;
};

/**
 * pools_read - take one view of all pools
 * @pools: filled; pools_free() it, also after an error
 * @only: name of the one pool to read, or NULL
 * @wanted: which attributes to read
 *
 * Returns 0 or -errno; -ENOENT when the module offers no pools directory, or not the pool @only.
 */
int pools_read(struct pools *pools, const char *only, const struct attribute_set *wanted);
void pools_free(struct pools *pools);

/* The same, for commands that can do nothing without: says what is wrong and how to mend it. */
int pools_read_or_explain(struct pools *pools, const char *only,
			  const struct attribute_set *wanted);

/* What to say when there is none at all. */
void pools_explain_none(const struct pools *pools);

/*
 * The pool @only, or the only one there is, with no attributes: for commands that change one.
 * Explains why there is none.
 */
const struct pool *pools_choose(struct pools *pools, const char *only);

/* Length of the domain's name at the start of @path; 0 for a file beside the domains. */
size_t domain_length(const char *path);

static inline bool has_value(const struct values *values, enum attribute_id id)
{
	return values->present.has[id];
}

/* The pool that owns a device number, or NULL. */
const struct pool *pool_of_device(const struct pools *pools, unsigned int major,
				  unsigned int minor);
const struct region *region_by_id(const struct pool *pool, uint64_t id);

#endif
