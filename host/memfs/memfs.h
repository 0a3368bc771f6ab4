/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memfs: the file system's face. A mount is a pool, a top-level directory a domain, a file a
 * region.
 */
#ifndef PAGEPACT_MEMFS_H
#define PAGEPACT_MEMFS_H

#include <linux/fs.h>
#include "core/region.h"

/* f_type of statfs(2): "PPCT". */
#define PAGEPACT_MAGIC	0x50504354

/**
 * pp_sb_pool - the pool of a super block
 * @sb: the super block
 * Return: the pool, or NULL before it is made.
 */
static inline struct pp_pool *pp_sb_pool(struct super_block *sb)
{
	return sb->s_fs_info;
}

/**
 * struct pp_dir - what inode->i_private of a directory points to; the root has none
 * @domain: the domain the directory belongs to; one user
 */
struct pp_dir {
	struct pp_domain *domain;
};

extern const struct file_operations pp_file_fops;
extern const struct inode_operations pp_file_iops;
extern const struct vm_operations_struct pp_vm_ops;
extern const struct address_space_operations pp_aops;
extern const struct super_operations pp_super_ops;

/**
 * pp_root_inode - makes the root
 * @sb: the super block
 * @mode: its mode
 * @uid: its owner
 * @gid: its group
 * Return: its inode, or NULL.
 */
struct inode *pp_root_inode(struct super_block *sb, umode_t mode, kuid_t uid, kgid_t gid);

/**
 * pp_zero_inode - makes the inode whose mapping zero frames borrow
 * @sb: the super block
 * Return: an inode without a name, or NULL.
 */
struct inode *pp_zero_inode(struct super_block *sb);

/**
 * pp_inode_evict - super_operations.evict_inode: gives back what stands behind @inode
 * @inode: the inode
 */
void pp_inode_evict(struct inode *inode);

/**
 * pp_ioctl - file_operations.unlocked_ioctl of a region: see uapi/pagepact.h
 * @file: the file
 * @cmd: what is asked for
 * @arg: address of its struct
 * Return: 0 or an errno; -ENOTTY: no such request.
 */
long pp_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/**
 * pp_memfs_init - registers the file system, when the module is loaded
 * Return: 0 or an errno.
 */
int pp_memfs_init(void);

/**
 * pp_memfs_exit - undoes pp_memfs_init()
 */
void pp_memfs_exit(void);

#endif /* PAGEPACT_MEMFS_H */
