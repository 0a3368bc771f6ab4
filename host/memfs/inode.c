// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include "compat/compat.h"
#include "memfs/memfs.h"

static const struct inode_operations dir_iops;

/* The domain that a new entry of @dir belongs to; NULL in the root. */
static struct pp_domain *dir_domain(const struct inode *dir)
{
	struct pp_dir *d = dir->i_private;

	return d ? d->domain : NULL;
}

static struct inode *inode_base(struct super_block *sb, const struct inode *dir, umode_t mode)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	/* Unique as long as the pool lives: sysfs and users tell regions apart by it. */
	inode->i_ino = atomic64_inc_return(&pp_sb_pool(sb)->next_ino);
	inode_init_owner(&nop_mnt_idmap, inode, dir, mode);
	inode->i_mapping->a_ops = &pp_aops;
	mapping_set_gfp_mask(inode->i_mapping, GFP_HIGHUSER);
	mapping_set_unevictable(inode->i_mapping);
	/* pp_aops.release_folio is to be asked although frames have no private data flag. */
	mapping_set_release_always(inode->i_mapping);
	simple_inode_init_ts(inode);
	if (S_ISDIR(mode)) {
		inode->i_op = &dir_iops;
		inode->i_fop = &simple_dir_operations;
		inc_nlink(inode);
	} else {
		inode->i_op = &pp_file_iops;
		inode->i_fop = &pp_file_fops;
	}
	return inode;
}

struct inode *pp_root_inode(struct super_block *sb, umode_t mode, kuid_t uid, kgid_t gid)
{
	struct inode *inode = inode_base(sb, NULL, S_IFDIR | (mode & 07777));

	if (inode) {
		inode->i_uid = uid;
		inode->i_gid = gid;
	}
	return inode;
}

struct inode *pp_zero_inode(struct super_block *sb)
{
	struct inode *inode = inode_base(sb, NULL, S_IFREG);

	if (inode)
		clear_nlink(inode);
	return inode;
}

void pp_inode_evict(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (!inode->i_private)
		return;
	if (S_ISREG(inode->i_mode)) {
		pp_region_destroy(inode->i_private);
	} else {
		struct pp_dir *d = inode->i_private;

		pp_domain_put(d->domain);
		kfree(d);
	}
	atomic_long_dec(&pp_sb_pool(inode->i_sb)->inodes);
}

/* Puts a region or directory of @domain behind @inode; on success it owns a user of the domain. */
static int inode_fill(struct inode *inode, struct pp_domain *domain)
{
	struct pp_dir *d;

	if (S_ISREG(inode->i_mode))
		return pp_region_create(pp_sb_pool(inode->i_sb), domain, inode);
	d = kmalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return -ENOMEM;
	d->domain = domain;
	inode->i_private = d;
	return 0;
}

/* Their sysfs entries are charged to nobody, so whoever may make regions needs a bound. */
static bool admit(struct pp_pool *pool)
{
	unsigned long max = READ_ONCE(pool->knobs.nr_inodes);
	long count = atomic_long_read(&pool->inodes);

	do {
		if (max && count >= max)
			return false;
	} while (!atomic_long_try_cmpxchg(&pool->inodes, &count, count + 1));
	return true;
}

/* The inode of a new entry of @dir, with what stands behind it. */
static struct inode *entry_inode(struct inode *dir, umode_t mode)
{
	struct pp_pool *pool = pp_sb_pool(dir->i_sb);
	struct pp_domain *domain = dir_domain(dir);
	struct inode *inode;
	int err = -ENOMEM;

	if (domain)
		refcount_inc(&domain->users);
	else
		domain = pp_domain_create(pool);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	inode = inode_base(dir->i_sb, dir, mode);
	if (inode)
		err = inode_fill(inode, domain);
	if (!err)
		return inode;
	iput(inode);
	pp_domain_put(domain);
	return ERR_PTR(err);
}

static int make_entry(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct pp_pool *pool = pp_sb_pool(dir->i_sb);
	struct inode *inode;

	if (!admit(pool)) {
		pr_err_ratelimited("pool %s: %pd2 refused: it has %lu regions and directories already; remove some or raise nr_inodes\n",
				   pool->name, dentry, READ_ONCE(pool->knobs.nr_inodes));
		return -ENOSPC;
	}
	inode = entry_inode(dir, mode);
	if (IS_ERR(inode)) {
		atomic_long_dec(&pool->inodes);
		return PTR_ERR(inode);
	}
	pp_compat_persist(dentry, inode);
	inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir));
	return 0;
}

static int pp_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		     umode_t mode, bool excl)
{
	if (!dir_domain(dir)) {
		pr_err_ratelimited("pool %s: file %pd2 refused: regions live in domains; make a directory first\n",
				   pp_sb_pool(dir->i_sb)->name, dentry);
		return -EPERM;
	}
	return make_entry(dir, dentry, S_IFREG | mode);
}

static PP_MKDIR_RET pp_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			     umode_t mode)
{
	int err = make_entry(dir, dentry, S_IFDIR | mode);

	if (!err)
		inc_nlink(dir);
	return pp_mkdir_ret(err);
}

/* Bytes never change their domain: what may be shared with whom was decided when they came. */
static int pp_rename(struct mnt_idmap *idmap, struct inode *old_dir, struct dentry *old_dentry,
		     struct inode *new_dir, struct dentry *new_dentry, unsigned int flags)
{
	if (old_dir != new_dir && dir_domain(old_dir) != dir_domain(new_dir))
		return -EXDEV;
	return simple_rename(idmap, old_dir, old_dentry, new_dir, new_dentry, flags);
}

static const struct inode_operations dir_iops = {
	.create		= pp_create,
	.lookup		= simple_lookup,
	.unlink		= simple_unlink,
	.mkdir		= pp_mkdir,
	.rmdir		= simple_rmdir,
	.rename		= pp_rename,
};
