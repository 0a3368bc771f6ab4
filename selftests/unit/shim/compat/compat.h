/* SPDX-License-Identifier: GPL-2.0-only */
/* Stands before host/compat/compat.h: zsmalloc gives each object memory of exactly its length. */
#ifndef SHIM_COMPAT_H
#define SHIM_COMPAT_H

#include "shim.h"

struct zs_pool {
	u64 bytes;
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

static inline u64 zs_get_total_pages(struct zs_pool *zs)
{
	return (zs->bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static inline unsigned long pp_compat_zs_malloc(struct zs_pool *zs, size_t len, gfp_t gfp)
{
	struct zs_object *object = shim_alloc(sizeof(*object) + len, false);

	if (!object)
		return -ENOMEM;
	object->len = len;
	zs->bytes += len;
	zs->objects++;
	return (unsigned long)object;
}

static inline void zs_free(struct zs_pool *zs, unsigned long handle)
{
	struct zs_object *object = (void *)handle;

	zs->bytes -= object->len;
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
