// SPDX-License-Identifier: GPL-2.0-only
/* The list of an inode's names runs through dentry.d_u.d_alias, not dentry.d_alias. */
#include <linux/dcache.h>
struct hlist_node *probe(struct dentry *d);
struct hlist_node *probe(struct dentry *d)
{
	return &d->d_u.d_alias;
}
