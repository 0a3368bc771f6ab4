// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blk_types.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>
#include <linux/falloc.h>
#include <linux/highmem.h>
#include <linux/huge_mm.h>
#include "core/access.h"
#include "memfs/memfs.h"
#include "policy/ledger.h"

/* A write that was slowed down so long ends short: others wait for the inode. */
#define LONG_WRITE	(30 * HZ)

static struct pp_region *file_region(struct file *file)
{
	return file_inode(file)->i_private;
}

static int pp_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_MAYSHARE)) {
		pr_err_ratelimited("pool %s: private mapping refused (pid %d, %s): use MAP_SHARED, for QEMU memory-backend-file,share=on\n",
				   file_region(file)->pool->name, current->pid, current->comm);
		return -EINVAL;
	}
	file_accessed(file);
	vma->vm_ops = &pp_vm_ops;
	return 0;
}

/* Bytes to copy at @pos: up to the end of its page, of the file (@left > 0), of the request. */
static size_t page_part(loff_t pos, loff_t left, size_t count)
{
	return min3((u64)count, (u64)left, (u64)(PAGE_SIZE - offset_in_page(pos)));
}

/* One page, or the rest of it. Return: bytes copied, or an errno. */
static ssize_t read_page(struct pp_region *region, loff_t pos, struct page *bounce,
			 struct iov_iter *to, size_t len)
{
	struct page *page;
	size_t done;
	int err = pp_access_peek(region, pos >> PAGE_SHIFT, bounce, &page);

	if (err)
		return err;
	if (!page)
		return iov_iter_zero(len, to);
	done = copy_page_to_iter(page, offset_in_page(pos), len, to);
	put_page(page);
	return done;
}

static ssize_t pp_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct pp_region *region = file_region(iocb->ki_filp);
	loff_t size = i_size_read(region->inode);
	struct page *bounce = alloc_page(GFP_KERNEL);
	ssize_t done = 0, n = 0;

	if (!bounce)
		return -ENOMEM;
	while (iocb->ki_pos < size && iov_iter_count(to)) {
		size_t len = page_part(iocb->ki_pos, size - iocb->ki_pos, iov_iter_count(to));

		n = read_page(region, iocb->ki_pos, bounce, to, len);
		if (n <= 0)
			break;
		iocb->ki_pos += n;
		done += n;
		if (n < len || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	put_page(bounce);
	if (!done && n < 0)
		return n;
	return done || !iov_iter_count(to) || iocb->ki_pos >= size ? done : -EFAULT;
}

/* What a page's error is to who writes by system call. */
static int write_error(int err)
{
	return err == -EBUSY ? -ENOSPC : err == -EHWPOISON ? -EIO : err;
}

static ssize_t write_page(struct pp_region *region, loff_t pos, struct iov_iter *from, size_t len)
{
	struct pp_access access = {
		.region = region, .index = pos >> PAGE_SHIFT, .write = true,
	};
	struct page *page;
	size_t done;
	int err = pp_access_page(&access, &page);

	if (err)
		return write_error(err);
	done = copy_page_from_iter(page, offset_in_page(pos), len, from);
	put_page(page);
	return done;
}

/* Like a disk, a region has the size it was given: a write does not extend it. */
static ssize_t pp_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct pp_region *region = file_region(iocb->ki_filp);
	struct inode *inode = region->inode;
	ssize_t done = 0, n;
	unsigned long until;

	if (inode_lock_killable(inode))
		return -EINTR;
	until = jiffies + LONG_WRITE;
	n = file_modified(iocb->ki_filp);
	if (n) {
		inode_unlock(inode);
		return n;
	}
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = i_size_read(inode);
	while (iov_iter_count(from)) {
		loff_t left = i_size_read(inode) - iocb->ki_pos;
		size_t len;

		if (left <= 0) {
			n = -ENOSPC;
			break;
		}
		len = page_part(iocb->ki_pos, left, iov_iter_count(from));
		n = write_page(region, iocb->ki_pos, from, len);
		if (n == 0)
			n = -EFAULT;
		if (n < 0)
			break;
		iocb->ki_pos += n;
		done += n;
		if (fatal_signal_pending(current) || time_after(jiffies, until))
			break;
		cond_resched();
	}
	inode_unlock(inode);
	return done ? done : n;
}

static int set_size(struct pp_region *region, loff_t size)
{
	struct inode *inode = region->inode;
	loff_t old = i_size_read(inode);
	int err;

	if (size & ~PAGE_MASK) {
		pr_err_ratelimited("pool %s: size %lld refused: not a multiple of %lu\n",
				   region->pool->name, size, PAGE_SIZE);
		return -EINVAL;
	}
	/* No part of a huge frame lies beyond the end. */
	err = pp_region_cut(region, size >> PAGE_SHIFT);
	if (err) {
		pr_err_ratelimited("pool %s: size %lld refused: the end lies in a huge frame that cannot be broken up now (error %d); try again\n",
				   region->pool->name, size, err);
		return err;
	}
	if (size > old) {
		err = pp_ledger_resize(region, size >> PAGE_SHIFT);
		if (err)
			return err;
	}
	/* From here on faults refuse pages beyond the new end; then the old ones go. */
	truncate_setsize(inode, size);
	pp_region_punch(region, size >> PAGE_SHIFT, old >> PAGE_SHIFT);
	if (size < old)
		pp_ledger_resize(region, size >> PAGE_SHIFT);
	inode_set_mtime_to_ts(inode, inode_set_ctime_current(inode));
	return 0;
}

static int pp_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int err = setattr_prepare(idmap, dentry, attr);

	if (err)
		return err;
	if ((attr->ia_valid & ATTR_SIZE) && attr->ia_size != i_size_read(inode)) {
		err = set_size(inode->i_private, attr->ia_size);
		if (err)
			return err;
	}
	setattr_copy(idmap, inode, attr);
	return 0;
}

static int pp_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		      u32 request_mask, unsigned int query_flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct pp_region *region = inode->i_private;

	generic_fillattr(idmap, request_mask, inode, stat);
	stat->blocks = (u64)(atomic_long_read(&region->states[PP_FRAME]) +
			     atomic_long_read(&region->states[PP_STANDBY]) +
			     atomic_long_read(&region->states[PP_STORED])) <<
		       (PAGE_SHIFT - SECTOR_SHIFT);
	return 0;
}

/**
 * struct part - what a punch covers of a page, but not all of it
 * @page: the page, with a reference, or NULL for a hole
 * @from: first byte
 * @len: bytes
 */
struct part {
	struct page *page;
	size_t from;
	size_t len;
};

static int part_get(struct pp_region *region, loff_t pos, size_t len, struct part *part)
{
	struct pp_access access = {
		.region = region, .index = pos >> PAGE_SHIFT, .write = true,
	};
	int err;

	part->from = offset_in_page(pos);
	part->len = len;
	if (!len || pp_access_is_hole(region, access.index))
		return 0;
	err = pp_access_page(&access, &part->page);
	if (err)
		part->page = NULL;
	return write_error(err);
}

static void part_zero(struct part *part)
{
	if (part->page)
		memzero_page(part->page, part->from, part->len);
}

static void part_put(struct part *part)
{
	if (part->page)
		put_page(part->page);
}

/* Both ends are in memory before the first byte is zeroed: a punch that fails changes nothing. */
static int punch_bytes(struct pp_region *region, loff_t pos, loff_t len)
{
	loff_t end = min(pos + len, i_size_read(region->inode));
	loff_t first = round_up(pos, PAGE_SIZE), last = round_down(end, PAGE_SIZE);
	struct part head = {}, tail = {};
	int err;

	if (pos >= end)
		return 0;
	/* Within one page there is no tail. */
	err = part_get(region, pos, min(first, end) - pos, &head);
	if (!err && first <= last)
		err = part_get(region, last, end - last, &tail);
	if (!err) {
		part_zero(&head);
		part_zero(&tail);
		pp_region_punch(region, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
	}
	part_put(&head);
	part_put(&tail);
	return err;
}

static long pp_fallocate(struct file *file, int mode, loff_t pos, loff_t len)
{
	struct pp_region *region = file_region(file);
	struct inode *inode = region->inode;
	long err = 0;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (inode_lock_killable(inode))
		return -EINTR;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		err = punch_bytes(region, pos, len);
	else if (!(mode & FALLOC_FL_KEEP_SIZE) && pos + len > i_size_read(inode))
		err = inode_newsize_ok(inode, pos + len) ?: set_size(region, pos + len);
	if (!err)
		file_update_time(file);
	inode_unlock(inode);
	return err;
}

static bool pp_dirty_folio(struct address_space *mapping, struct folio *folio)
{
	return false;
}

static bool pp_release_folio(struct folio *folio, gfp_t gfp)
{
	return false;
}

/*
 * Frames are no page cache: marking one dirty means nothing, and nobody may remove one from there,
 * as the fault path tries with a poisoned folio.
 */
const struct address_space_operations pp_aops = {
	.dirty_folio	= pp_dirty_folio,
	.release_folio	= pp_release_folio,
};

const struct file_operations pp_file_fops = {
	.mmap		= pp_mmap,
	/* Where nobody says otherwise, so that huge frames fit. */
	.get_unmapped_area = thp_get_unmapped_area,
	.read_iter	= pp_read_iter,
	.write_iter	= pp_write_iter,
	.fallocate	= pp_fallocate,
	.unlocked_ioctl	= pp_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= generic_file_llseek,
	.fsync		= noop_fsync,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
};

const struct inode_operations pp_file_iops = {
	.setattr	= pp_setattr,
	.getattr	= pp_getattr,
};
