// SPDX-License-Identifier: GPL-2.0-only
/* zsmalloc hands out objects by zs_obj_read_begin() instead of zs_map_object(). */
#include <linux/gfp.h>
#include <linux/zsmalloc.h>
void *probe(struct zs_pool *pool, void *copy);
void *probe(struct zs_pool *pool, void *copy)
{
	zs_obj_write(pool, zs_malloc(pool, 1, GFP_KERNEL, 0), copy, 1);
	return zs_obj_read_begin(pool, 0, 1, copy);
}
