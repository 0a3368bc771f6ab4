/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands before host/compat/compat.h. Mappings have no policy. zsmalloc gives each object memory of
 * exactly its length. As in the real one, room is of use to objects of the same class only: multiples of 512 bytes here,
 * of which four pages hold as many as fit. Classes are always compact.
 */
#ifndef SHIM_COMPAT_H
#define SHIM_COMPAT_H

#include "shim.h"

static inline struct folio *pp_compat_vma_alloc(gfp_t gfp, int order, struct vm_area_struct *vma,
						unsigned long addr)
{
	return folio_alloc(gfp, order);
}

/* Of the process; the mapping's flag is looked at as in the kernel. */
static bool shim_thp_disabled __attribute__((unused));

#define pp_compat_thp_disabled(vma) \
	(shim_thp_disabled || ((vma)->vm_flags & VM_NOHUGEPAGE))

#define ZS_CLASS	512
#define ZS_CHAIN	4

struct zs_pool {
	long nr[PAGE_SIZE / ZS_CLASS + 1];
	long objects;
};

struct zs_object {
	size_t len;
	char bytes[];
};

static inline struct zs_pool *zs_create_pool(const char *name)
{
	return shim_alloc(sizeof(struct zs_pool), true);
}

static inline void zs_destroy_pool(struct zs_pool *zs)
{
	assert(!zs->objects);
	shim_free(zs);
}

static inline unsigned int zs_class(size_t len)
{
	return (len + ZS_CLASS - 1) / ZS_CLASS;
}

static inline u64 zs_get_total_pages(struct zs_pool *zs)
{
	unsigned int i, chain, fit;
	u64 pages = 0;

	for (i = 1; i < ARRAY_SIZE(zs->nr); i++) {
		chain = i * ZS_CLASS == PAGE_SIZE ? 1 : ZS_CHAIN;
		fit = chain * PAGE_SIZE / (i * ZS_CLASS);
		pages += (zs->nr[i] + fit - 1) / fit * chain;
	}
	return pages;
}

static inline unsigned long zs_compact(struct zs_pool *zs)
{
	return 0;
}

static inline unsigned long pp_compat_zs_malloc(struct zs_pool *zs, size_t len, gfp_t gfp)
{
	struct zs_object *object = shim_alloc(sizeof(*object) + len, false);

	if (!object)
		return -ENOMEM;
	object->len = len;
	zs->nr[zs_class(len)]++;
	zs->objects++;
	return (unsigned long)object;
}

static inline void zs_free(struct zs_pool *zs, unsigned long handle)
{
	struct zs_object *object = (void *)handle;

	zs->nr[zs_class(object->len)]--;
	zs->objects--;
	shim_free(object);
}

static inline void pp_compat_zs_write(struct zs_pool *zs, unsigned long handle, void *buf,
				      size_t len)
{
	struct zs_object *object = (void *)handle;

	assert(len == object->len);
	memcpy(object->bytes, buf, len);
}

static inline void *pp_compat_zs_read_begin(struct zs_pool *zs, unsigned long handle, size_t len,
					    void *copy)
{
	struct zs_object *object = (void *)handle;

	assert(len == object->len);
	return object->bytes;
}

static inline void pp_compat_zs_read_end(struct zs_pool *zs, unsigned long handle, size_t len,
					 void *mem)
{
	assert(mem == ((struct zs_object *)handle)->bytes);
}

#endif /* SHIM_COMPAT_H */
