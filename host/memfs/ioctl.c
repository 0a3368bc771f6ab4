// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "core/ranges.h"
#include "memfs/memfs.h"
#include "pagepact.h"

static int refuse(struct file *file, const char *why)
{
	struct pp_region *region = file_inode(file)->i_private;

	pr_err_ratelimited("pool %s: list of dead pages refused (pid %d, %s): %s; see uapi/pagepact.h\n",
			   region->pool->name, current->pid, current->comm, why);
	return -EINVAL;
}

/* Before anything is done: what is wrong changes nothing. */
static int get_ranges(struct file *file, struct pp_range *ranges,
		      const struct pagepact_range __user *list, unsigned int nr)
{
	u64 size = i_size_read(file_inode(file));
	struct pagepact_range range;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (copy_from_user(&range, list + i, sizeof(range)))
			return -EFAULT;
		if (!range.len || !PAGE_ALIGNED(range.offset | range.len))
			return refuse(file, "a range is not of whole pages");
		if (range.offset > size || range.len > size - range.offset)
			return refuse(file, "a range is not in the file");
		ranges[i].start = range.offset >> PAGE_SHIFT;
		ranges[i].end = (range.offset + range.len) >> PAGE_SHIFT;
	}
	return 0;
}

static int punch_ranges(struct file *file, const struct pp_range *ranges, unsigned int nr)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < nr; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		err = vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    (loff_t)ranges[i].start << PAGE_SHIFT,
				    (loff_t)(ranges[i].end - ranges[i].start) << PAGE_SHIFT);
	}
	return err;
}

static int dead_pages(struct file *file, const struct pagepact_dead __user *arg)
{
	struct pagepact_dead dead;
	struct pp_range *ranges;
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (copy_from_user(&dead, arg, sizeof(dead)))
		return -EFAULT;
	if (dead.flags)
		return refuse(file, "unknown flags");
	if (!dead.nr || dead.nr > PAGEPACT_MAX_RANGES)
		return refuse(file, "no range, or too many");
	ranges = kvmalloc_array(dead.nr, sizeof(*ranges), GFP_KERNEL_ACCOUNT);
	if (!ranges)
		return -ENOMEM;
	err = get_ranges(file, ranges, u64_to_user_ptr(dead.ranges), dead.nr);
	if (!err)
		err = punch_ranges(file, ranges, pp_ranges_merge(ranges, dead.nr));
	kvfree(ranges);
	return err;
}

long pp_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case PAGEPACT_IOC_DEAD:
		return dead_pages(file, (const struct pagepact_dead __user *)arg);
	default:
		return -ENOTTY;
	}
}
