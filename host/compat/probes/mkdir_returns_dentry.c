// SPDX-License-Identifier: GPL-2.0-only
/* inode_operations.mkdir returns a dentry instead of an int. */
#include <linux/fs.h>
static struct dentry *probe_mkdir(struct mnt_idmap *idmap, struct inode *dir,
				  struct dentry *dentry, umode_t mode)
{
	return NULL;
}

extern const struct inode_operations probe;
const struct inode_operations probe = { .mkdir = probe_mkdir };
