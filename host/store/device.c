// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include <linux/uio.h>
#include "store/device.h"

/* Reads under way at a time. */
#define MAX_READS	64
/* Blocks that are trimmed at a time. */
#define TRIM_RUN	4096U
/* Stale blocks that are worth a request. */
#define WORTH_TRIMMING	256
/* When there are fewer. */
#define TRIM_DELAY	(2 * HZ)
/* What a device must have. */
#define LEAST_BLOCKS	(4 * PP_RUN)

void pp_device_count(struct pp_device *dev, enum pp_device_stat what, u64 n)
{
	atomic64_add(n, &dev->stats[what]);
}

u64 pp_device_counted(struct pp_device *dev, enum pp_device_stat what)
{
	return atomic64_read(&dev->stats[what]);
}

void pp_device_complain(struct pp_device *dev, const char *what, u64 block, int err)
{
	unsigned long last = READ_ONCE(dev->last_line);

	if (last && time_before(jiffies, last + HZ))
		return;
	WRITE_ONCE(dev->last_line, jiffies | 1);
	pr_err("device %s: %s of block %llu failed (error %d); replace the device if that goes on\n",
	       dev->path, what, block, err);
}

/* Trims, and gives up devices whose last request ended after them. */
static struct workqueue_struct *device_wq;

static void device_free(struct pp_device *dev)
{
	if (dev->marked) {
		inode_lock(file_inode(dev->file));
		file_inode(dev->file)->i_flags &= ~S_KERNEL_FILE;
		inode_unlock(file_inode(dev->file));
	}
	if (!IS_ERR_OR_NULL(dev->file) && S_ISBLK(file_inode(dev->file)->i_mode))
		bdev_fput(dev->file);
	else if (!IS_ERR_OR_NULL(dev->file))
		fput(dev->file);
	if (dev->wq)
		destroy_workqueue(dev->wq);
	pp_blocks_exit(&dev->blocks);
	kfree(dev->path);
	kfree(dev);
	module_put(THIS_MODULE);
}

static void device_put(struct pp_device *dev)
{
	if (refcount_dec_and_test(&dev->users))
		queue_work(device_wq, &dev->gone);
}

void pp_request_put(struct pp_request *req)
{
	unsigned int i;

	if (!refcount_dec_and_test(&req->users))
		return;
	for (i = 0; i < req->nr; i++)
		if (req->pages[i])
			__free_page(req->pages[i]);
	kfree(req);
}

static void request_over(struct pp_request *req, long result)
{
	struct pp_device *dev = req->dev;

	if (!req->write)
		up(&dev->slots);
	req->result = result;
	complete(&req->done);
	pp_request_put(req);
	device_put(dev);
}

/* In any context. */
static void request_done(struct kiocb *iocb, long result)
{
	struct pp_request *req = container_of(iocb, struct pp_request, iocb);

	/* What vfs_iocb_iter_write() began. */
	if (req->write)
		kiocb_end_write(iocb);
	request_over(req, result);
}

/*
 * In a kworker: submitting may wait for a tag of the queue or a lock of the file system, killed or
 * not, takes locks that must not be taken below mmap_lock, and is nothing that a VM did.
 */
static void request_submit(struct work_struct *work)
{
	struct pp_request *req = container_of(work, struct pp_request, work);
	struct pp_device *dev = req->dev;
	unsigned int flags = memalloc_noio_save(), reserves = 0;
	/* What is written is freed: the last of the host's memory is well used for it. */
	bool reserved = req->write && S_ISBLK(file_inode(dev->file)->i_mode);
	struct iov_iter iter;
	ssize_t ret;

	iov_iter_bvec(&iter, req->write ? ITER_SOURCE : ITER_DEST, req->vec, req->now,
		      (size_t)req->now << PAGE_SHIFT);
	if (reserved)
		reserves = memalloc_noreclaim_save();
	ret = req->write ? vfs_iocb_iter_write(dev->file, &req->iocb, &iter) :
			   vfs_iocb_iter_read(dev->file, &req->iocb, &iter);
	if (reserved)
		memalloc_noreclaim_restore(reserves);
	memalloc_noio_restore(flags);
	if (ret != -EIOCBQUEUED)
		request_over(req, ret);
	pp_request_put(req);
	device_put(dev);
}

struct pp_request *pp_request_alloc(unsigned int nr, gfp_t gfp)
{
	struct pp_request *req = kzalloc(sizeof(*req), gfp & ~__GFP_HIGHMEM);

	if (!req)
		return NULL;
	refcount_set(&req->users, 1);
	init_completion(&req->done);
	INIT_WORK(&req->work, request_submit);
	while (req->nr < nr) {
		req->pages[req->nr] = alloc_page(gfp);
		if (!req->pages[req->nr]) {
			pp_request_put(req);
			return NULL;
		}
		req->nr++;
	}
	return req;
}

static void submit(struct pp_device *dev, struct pp_request *req, u64 first, unsigned int nr)
{
	unsigned int i;

	/* Who handed it over the last time may not be back yet. */
	flush_work(&req->work);
	for (i = 0; i < nr; i++)
		bvec_set_page(&req->vec[i], req->pages[i], PAGE_SIZE, 0);
	req->iocb = (struct kiocb){
		.ki_filp = dev->file,
		.ki_pos = first << PAGE_SHIFT,
		.ki_flags = IOCB_DIRECT | (req->write ? IOCB_WRITE : 0),
		.ki_complete = request_done,
	};
	req->dev = dev;
	req->now = nr;
	reinit_completion(&req->done);
	/* For the kernel, and for the kworker, which may come back later. */
	refcount_add(2, &req->users);
	refcount_add(2, &dev->users);
	queue_work(dev->wq, &req->work);
}

/*
 * Return: 0; -EINTR: the caller was killed, or nobody is to wait any more; -ETIMEDOUT; -EIO or what
 * it was.
 */
static int wait_for(struct pp_device *dev, struct pp_request *req, long patience)
{
	long left;

	do {
		if (patience <= 0)
			return -ETIMEDOUT;
		left = wait_for_completion_killable_timeout(&req->done, HZ / 5);
		if (left < 0 || (!left && READ_ONCE(dev->ending)))
			return -EINTR;
		patience -= HZ / 5;
	} while (!left);
	if (req->result == (long)req->now << PAGE_SHIFT)
		return 0;
	/* Its own want of memory or time is none of ours. */
	if (req->result >= 0 || req->result == -EINTR || req->result == -ENOMEM ||
	    req->result == -ETIMEDOUT)
		return -EIO;
	return req->result;
}

int pp_device_read(struct pp_device *dev, struct pp_request *req, u64 first, long patience)
{
	u64 start = ktime_get_ns(), ns;
	int err;

	while (down_timeout(&dev->slots, HZ / 5)) {
		if (fatal_signal_pending(current) || READ_ONCE(dev->ending))
			return -EINTR;
		patience -= HZ / 5;
		if (patience <= 0)
			return -ETIMEDOUT;
	}
	req->write = false;
	submit(dev, req, first, req->nr);
	err = wait_for(dev, req, patience);
	if (err == -EINTR || err == -ETIMEDOUT)
		return err;
	pp_device_count(dev, PP_DEVICE_READS, 1);
	pp_device_count(dev, PP_DEVICE_READ_BLOCKS, req->nr);
	ns = ktime_get_ns() - start;
	pp_device_count(dev, PP_DEVICE_READ_NS, ns);
	pp_latency_add(&dev->reads, ns);
	return err;
}

int pp_device_write(struct pp_device *dev, struct pp_request *req, u64 first, unsigned int nr)
{
	u64 start = ktime_get_ns();
	int err;

	req->write = true;
	submit(dev, req, first, nr);
	err = wait_for(dev, req, MAX_SCHEDULE_TIMEOUT);
	if (err == -EINTR)
		return err;
	pp_device_count(dev, PP_DEVICE_WRITES, 1);
	pp_device_count(dev, PP_DEVICE_WRITTEN_BLOCKS, nr);
	pp_device_count(dev, PP_DEVICE_WRITE_NS, ktime_get_ns() - start);
	return err;
}

/* What cannot be trimmed stays as it is, until it is written again. */
static void trim(struct pp_device *dev, u64 first, unsigned int n)
{
	unsigned int flags = memalloc_noio_save(), shift = PAGE_SHIFT - SECTOR_SHIFT;
	int err = blkdev_issue_discard(file_bdev(dev->file), first << shift, (sector_t)n << shift,
				       GFP_NOIO);

	memalloc_noio_restore(flags);
	pp_blocks_trimmed(&dev->blocks, first, n);
	if (!err)
		pp_device_count(dev, PP_DEVICE_TRIMMED_BLOCKS, n);
}

static bool trim_some(struct pp_device *dev)
{
	unsigned int n;
	u64 first;

	n = pp_blocks_stale(&dev->blocks, TRIM_RUN, &first);
	if (n)
		trim(dev, first, n);
	cond_resched();
	return n;
}

static void device_trim(struct work_struct *work)
{
	struct pp_device *dev = container_of(to_delayed_work(work), struct pp_device, trim);

	while (!READ_ONCE(dev->ending) && trim_some(dev))
		;
	device_put(dev);
}

/* Here it may take as long as the device wants: nobody waits. */
static void device_gone(struct work_struct *work)
{
	struct pp_device *dev = container_of(work, struct pp_device, gone);

	while (dev->trims && trim_some(dev))
		;
	device_free(dev);
}

void pp_device_trim_later(struct pp_device *dev, bool now)
{
	u64 stale = dev->trims ? READ_ONCE(dev->blocks.stale) : 0;

	now |= stale >= WORTH_TRIMMING;
	if (!stale || READ_ONCE(dev->ending) || (!now && delayed_work_pending(&dev->trim)))
		return;
	refcount_inc(&dev->users);
	/* If it was pending, there is a reference for it already. */
	if (mod_delayed_work(device_wq, &dev->trim, now ? 0 : TRIM_DELAY))
		device_put(dev);
}

bool pp_device_is_idle(struct pp_device *dev)
{
	return refcount_read(&dev->users) == 1 &&
	       (!dev->trims || !READ_ONCE(dev->blocks.stale));
}

/* Is what is written to a block what is read from it then? */
static int try_block(struct pp_device *dev, u64 block)
{
	struct pp_request *req = pp_request_alloc(1, GFP_KERNEL);
	u64 *bytes, want = get_random_u64();
	int err;

	if (!req)
		return -ENOMEM;
	bytes = page_address(req->pages[0]);
	memset64(bytes, want, PAGE_SIZE / sizeof(*bytes));
	err = pp_device_write(dev, req, block, 1);
	if (!err) {
		memset(bytes, 0, PAGE_SIZE);
		err = pp_device_read(dev, req, block, MAX_SCHEDULE_TIMEOUT);
	}
	if (!err && (bytes[0] != want || memcmp(bytes, bytes + 1, PAGE_SIZE - sizeof(*bytes))))
		err = -EIO;
	pp_request_put(req);
	return err;
}

static int open_bdev(struct pp_device *dev, dev_t number, u64 *size)
{
	dev->file = bdev_file_open_by_dev(number, BLK_OPEN_READ | BLK_OPEN_WRITE, dev, NULL);
	if (IS_ERR(dev->file))
		return PTR_ERR(dev->file);
	*size = bdev_nr_bytes(file_bdev(dev->file));
	dev->trims = bdev_max_discard_sectors(file_bdev(dev->file));
	return bdev_logical_block_size(file_bdev(dev->file)) > PAGE_SIZE ? -EINVAL : 0;
}

static int open_regular(struct pp_device *dev, struct file *file, u64 *size)
{
	struct inode *inode = file_inode(file);
	int err;

	/* Memory is no place for what is to leave memory, nor is what may be memory below. */
	if (!(file->f_mode & FMODE_CAN_ODIRECT) || inode->i_sb->s_magic == TMPFS_MAGIC ||
	    inode->i_sb->s_magic == OVERLAYFS_SUPER_MAGIC)
		return -EINVAL;
	/* Nothing of it shall be in the page cache, where direct writes would meet it. */
	err = filemap_write_and_wait_range(file->f_mapping, 0, LLONG_MAX);
	if (!err)
		err = invalidate_inode_pages2(file->f_mapping);
	if (err)
		return err;
	inode_lock(inode);
	if (!IS_SWAPFILE(inode) && !(inode->i_flags & S_KERNEL_FILE)) {
		inode->i_flags |= S_KERNEL_FILE;
		dev->marked = true;
		dev->file = get_file(file);
	}
	inode_unlock(inode);
	*size = i_size_read(inode);
	return dev->marked ? 0 : -EBUSY;
}

/* The file of ours, and the number of its blocks in @nr. Return: 0 or an errno. */
static int open_file(struct pp_device *dev, struct file *file, u64 *nr)
{
	umode_t mode = file_inode(file)->i_mode;
	u64 size = 0;
	int err = -EINVAL;

	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return -EBADF;
	if (S_ISBLK(mode))
		err = open_bdev(dev, file_inode(file)->i_rdev, &size);
	else if (S_ISREG(mode))
		err = open_regular(dev, file, &size);
	*nr = min(size >> PAGE_SHIFT, PP_MAX_BLOCKS);
	return !err && *nr < LEAST_BLOCKS ? -ENOSPC : err;
}

static void refuse(struct pp_device *dev, int err)
{
	pr_err_ratelimited("device %s refused (error %d): it must be a block device that nobody else uses, or a file on a file system on disk with direct I/O, opened to read and write, of at least %u KiB, and hold what is written to it\n",
			   dev->path ?: "?", err, LEAST_BLOCKS << (PAGE_SHIFT - 10));
}

static int start(struct pp_device *dev, struct file *file)
{
	u64 nr;
	int err;

	dev->path = kstrdup_quotable_file(file, GFP_KERNEL);
	/* Its own: those who submit may have to wait for it. */
	dev->wq = alloc_workqueue("pagepact_device", WQ_UNBOUND | WQ_MEM_RECLAIM, MAX_READS + 1);
	dev->salt = get_random_u64();
	err = dev->path && dev->wq ? open_file(dev, file, &nr) : -ENOMEM;
	if (!err)
		err = pp_blocks_init(&dev->blocks, nr);
	dev->trims &= !err;
	return err;
}

/* Direct I/O that goes by the page cache would have memory take the place of memory. */
static bool leaves_cache(struct pp_device *dev)
{
	return !dev->marked || !dev->file->f_mapping->nrpages;
}

int pp_device_try(struct pp_device *dev)
{
	int err = try_block(dev, 0);

	if (!err)
		err = try_block(dev, dev->blocks.nr - 1);
	/* Or somebody else read it meanwhile, as a backup does. */
	if (!err && !leaves_cache(dev)) {
		invalidate_inode_pages2(dev->file->f_mapping);
		err = try_block(dev, 0);
	}
	if (!err && !leaves_cache(dev))
		err = -EINVAL;
	if (err && err != -EINTR)
		refuse(dev, err);
	return err;
}

struct pp_device *pp_device_open(unsigned int fd)
{
	struct pp_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	struct file *file = fget(fd);
	int err;

	if (!dev || !file) {
		if (!file)
			pr_err_ratelimited("device refused: the process has no descriptor %u; write the number of one that is open to read and write\n",
					   fd);
		else
			fput(file);
		kfree(dev);
		return ERR_PTR(file ? -ENOMEM : -EBADF);
	}
	__module_get(THIS_MODULE);
	refcount_set(&dev->users, 1);
	sema_init(&dev->slots, MAX_READS);
	INIT_WORK(&dev->gone, device_gone);
	INIT_DELAYED_WORK(&dev->trim, device_trim);
	err = start(dev, file);
	fput(file);
	if (!err)
		return dev;
	refuse(dev, err);
	pp_device_close(dev, true);
	return ERR_PTR(err);
}

void pp_device_close(struct pp_device *dev, bool now)
{
	WRITE_ONCE(dev->ending, true);
	if (!refcount_dec_and_test(&dev->users))
		return;
	if (now)
		device_free(dev);
	else
		queue_work(device_wq, &dev->gone);
}

int pp_device_init(void)
{
	device_wq = alloc_workqueue("pagepact_trim", WQ_UNBOUND, 0);
	return device_wq ? 0 : -ENOMEM;
}

void pp_device_exit(void)
{
	destroy_workqueue(device_wq);
}
