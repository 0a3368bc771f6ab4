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

/**
 * pp_compat_persist - ties an inode to a name until it is unlinked (there is no other record)
 * @dentry: the name
 * @inode: the inode
 */
static inline void pp_compat_persist(struct dentry *dentry, struct inode *inode)
{
#ifdef PP_HAVE_D_MAKE_PERSISTENT
	d_make_persistent(dentry, inode);
#else
	d_instantiate(dentry, inode);
	dget(dentry);
#endif
}

/**
 * pp_compat_first_alias - the first name of an inode; caller holds inode->i_lock
 * @inode: the inode
 * Return: the name, or NULL.
 */
static inline struct dentry *pp_compat_first_alias(struct inode *inode)
{
#ifdef PP_HAVE_DENTRY_ALIAS_UNION
	return hlist_entry_safe(inode->i_dentry.first, struct dentry, d_u.d_alias);
#else
	return hlist_entry_safe(inode->i_dentry.first, struct dentry, d_alias);
#endif
}

/**
 * pp_compat_kill_super - ends a super block whose names pp_compat_persist() kept
 * @sb: the super block
 */
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

/**
 * pp_compat_vma_alloc - allocates a frame by the policy of a mapping
 * @gfp: GFP flags
 * @order: 0, or that of a huge frame
 * @vma: the faulting mapping
 * @addr: faulting address
 * Return: the frame, or NULL.
 */
static inline struct folio *pp_compat_vma_alloc(gfp_t gfp, int order,
						struct vm_area_struct *vma, unsigned long addr)
{
#ifdef PP_HAVE_VMA_ALLOC_HUGEPAGE
	return vma_alloc_folio(gfp, order, vma, addr, order > 0);
#else
	return vma_alloc_folio(gfp, order, vma, addr);
#endif
}

/**
 * pp_compat_thp_disabled - does a mapping or its process want no huge entries?
 * @vma: the mapping
 * Return: true when it does not; also when the kernel has none.
 */
static inline bool pp_compat_thp_disabled(struct vm_area_struct *vma)
{
#ifndef CONFIG_TRANSPARENT_HUGEPAGE
	return true;
#elif defined(PP_HAVE_THP_FORCED_COLLAPSE)
	return vma_thp_disabled(vma, vma->vm_flags, false);
#else
	return vma_thp_disabled(vma, vma->vm_flags);
#endif
}

/**
 * pp_compat_write_calls - tells the current task's requests to a file apart
 *
 * A kernel that does not count them cannot; all requests within a while are then one.
 * Return: number of write calls that the task has finished.
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

/**
 * pp_compat_zs_malloc - allocates an object
 * @zs: the pool of zsmalloc
 * @len: bytes of the object
 * @gfp: GFP flags
 * Return: a handle, or an ERR_PTR value as unsigned long.
 */
static inline unsigned long pp_compat_zs_malloc(struct zs_pool *zs, size_t len, gfp_t gfp)
{
#ifdef PP_HAVE_ZS_OBJ_READ
	return zs_malloc(zs, len, gfp, NUMA_NO_NODE);
#else
	return zs_malloc(zs, len, gfp);
#endif
}

/**
 * pp_compat_zs_write - fills an object
 * @zs: the pool of zsmalloc
 * @handle: the object
 * @buf: its bytes
 * @len: bytes of the object
 */
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

/**
 * pp_compat_zs_read_begin - maps an object; until the end of it the caller must not sleep
 * @zs: the pool of zsmalloc
 * @handle: the object
 * @len: bytes of the object
 * @copy: a page for objects that span two
 * Return: its bytes.
 */
static inline void *pp_compat_zs_read_begin(struct zs_pool *zs, unsigned long handle,
					    size_t len, void *copy)
{
#ifdef PP_HAVE_ZS_OBJ_READ
	return zs_obj_read_begin(zs, handle, len, copy);
#else
	return zs_map_object(zs, handle, ZS_MM_RO);
#endif
}

/**
 * pp_compat_zs_read_end - ends pp_compat_zs_read_begin()
 * @zs: the pool of zsmalloc
 * @handle: the object
 * @len: bytes of the object
 * @mem: what pp_compat_zs_read_begin() returned
 */
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
