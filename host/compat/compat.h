/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between the supported kernels. Each is chosen by a PP_HAVE_ macro that
 * compat/probe.sh found out by compiling; no kernel version is tested anywhere.
 */
#ifndef PAGEPACT_COMPAT_H
#define PAGEPACT_COMPAT_H

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/list_lru.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/zsmalloc.h>
#include "probed.h"

/* Ties @inode to @dentry until it is unlinked (the file system keeps no other record of it). */
static inline void pp_compat_persist(struct dentry *dentry, struct inode *inode)
{
#ifdef PP_HAVE_D_MAKE_PERSISTENT
	d_make_persistent(dentry, inode);
#else
	d_instantiate(dentry, inode);
	dget(dentry);
#endif
}

/* The first name of @inode, or NULL. Caller: holds inode->i_lock. */
static inline struct dentry *pp_compat_first_alias(struct inode *inode)
{
#ifdef PP_HAVE_DENTRY_ALIAS_UNION
	return hlist_entry_safe(inode->i_dentry.first, struct dentry, d_u.d_alias);
#else
	return hlist_entry_safe(inode->i_dentry.first, struct dentry, d_alias);
#endif
}

static inline void pp_compat_kill_super(struct super_block *sb)
{
#ifdef PP_HAVE_D_MAKE_PERSISTENT
	kill_anon_super(sb);
#else
	kill_litter_super(sb);
#endif
}

#ifdef PP_HAVE_INODE_JUST_DROP
#define pp_compat_drop_inode inode_just_drop
#else
#define pp_compat_drop_inode generic_delete_inode
#endif

#ifdef PP_HAVE_MKDIR_RETURNS_DENTRY
#define PP_MKDIR_RET struct dentry *
#define pp_mkdir_ret(err) ERR_PTR(err)
#else
#define PP_MKDIR_RET int
#define pp_mkdir_ret(err) (err)
#endif

static inline struct folio *pp_compat_vma_alloc(gfp_t gfp, struct vm_area_struct *vma,
						unsigned long addr)
{
#ifdef PP_HAVE_VMA_ALLOC_HUGEPAGE
	return vma_alloc_folio(gfp, 0, vma, addr, false);
#else
	return vma_alloc_folio(gfp, 0, vma, addr);
#endif
}

/*
 * Number of write calls that the current task has finished: tells its requests to a file apart. A
 * kernel that does not count them cannot; all requests within a while are then one.
 */
static inline u64 pp_compat_write_calls(void)
{
#ifdef PP_HAVE_TASK_SYSCW
	return current->ioac.syscw;
#else
	return 0;
#endif
}

#ifdef PP_HAVE_LRU_WALK_LOCK
#define PP_LRU_WALK_FN(name) \
	enum lru_status name(struct list_head *item, struct list_lru_one *list, \
			     spinlock_t *lock, void *arg)
#else
#define PP_LRU_WALK_FN(name) \
	enum lru_status name(struct list_head *item, struct list_lru_one *list, void *arg)
#endif

/* Returns a handle, or an ERR_PTR value as unsigned long. */
static inline unsigned long pp_compat_zs_malloc(struct zs_pool *zs, size_t len, gfp_t gfp)
{
#ifdef PP_HAVE_ZS_OBJ_READ
	return zs_malloc(zs, len, gfp, NUMA_NO_NODE);
#else
	return zs_malloc(zs, len, gfp);
#endif
}

static inline void pp_compat_zs_write(struct zs_pool *zs, unsigned long handle, void *buf,
				      size_t len)
{
#ifdef PP_HAVE_ZS_OBJ_READ
	zs_obj_write(zs, handle, buf, len);
#else
	memcpy(zs_map_object(zs, handle, ZS_MM_WO), buf, len);
	zs_unmap_object(zs, handle);
#endif
}

/* Between begin and end the caller must not sleep. @copy: a page for objects that span two. */
static inline void *pp_compat_zs_read_begin(struct zs_pool *zs, unsigned long handle,
					    size_t len, void *copy)
{
#ifdef PP_HAVE_ZS_OBJ_READ
	return zs_obj_read_begin(zs, handle, len, copy);
#else
	return zs_map_object(zs, handle, ZS_MM_RO);
#endif
}

static inline void pp_compat_zs_read_end(struct zs_pool *zs, unsigned long handle, size_t len,
					 void *mem)
{
#ifdef PP_HAVE_ZS_OBJ_READ
	zs_obj_read_end(zs, handle, len, mem);
#else
	zs_unmap_object(zs, handle);
#endif
}

#endif /* PAGEPACT_COMPAT_H */
