/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device: a block device, or a regular file, that pages are written to, by direct I/O and in blocks
 * of a page. Knows nothing of slots.
 *
 * A request is waited for no longer than its caller wants: whoever is killed, and a device that is
 * closed, leaves requests behind, which keep what they need until the device answers.
 */
#ifndef PAGEPACT_STORE_DEVICE_H
#define PAGEPACT_STORE_DEVICE_H

#include <linux/bvec.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/refcount.h>
#include <linux/semaphore.h>
#include <linux/workqueue.h>
#include "store/blocks.h"
#include "store/latency.h"

/* Blocks in one request. */
#define PP_RUN		32

/**
 * enum pp_device_stat - what a device counts
 * @PP_DEVICE_READS: requests to read
 * @PP_DEVICE_READ_BLOCKS: blocks read
 * @PP_DEVICE_WRITES: requests to write
 * @PP_DEVICE_WRITTEN_BLOCKS: blocks written
 * @PP_DEVICE_TRIMMED_BLOCKS: blocks that the device was told to forget
 * @PP_DEVICE_READ_ERRORS: requests to read that failed, or brought wrong bytes
 * @PP_DEVICE_WRITE_ERRORS: requests to write that failed
 * @PP_DEVICE_READ_NS: time that requests to read took, in nanoseconds
 * @PP_DEVICE_WRITE_NS: time that requests to write took, in nanoseconds
 * @PP_DEVICE_CIPHER_NS: time that encrypting and decrypting took, in nanoseconds
 * @PP_DEVICE_FETCHES: pages brought to memory, of blocks that were read for them or before
 * @PP_DEVICE_SHARED: slots whose bytes were not written, because an equal page's were there
 * @PP_NR_DEVICE_STATS: number of counters
 */
enum pp_device_stat {
	PP_DEVICE_READS,
	PP_DEVICE_READ_BLOCKS,
	PP_DEVICE_WRITES,
	PP_DEVICE_WRITTEN_BLOCKS,
	PP_DEVICE_TRIMMED_BLOCKS,
	PP_DEVICE_READ_ERRORS,
	PP_DEVICE_WRITE_ERRORS,
	PP_DEVICE_READ_NS,
	PP_DEVICE_WRITE_NS,
	PP_DEVICE_CIPHER_NS,
	PP_DEVICE_FETCHES,
	PP_DEVICE_SHARED,
	PP_NR_DEVICE_STATS
};

/**
 * struct pp_device - one device
 * @file: opened for us, constant
 * @marked: the inode of @file is marked as in use by the kernel; constant
 * @trims: it can be told to forget blocks; constant. Not a file: punching holes into it would give
 *	its room to others, and zeroing would cut it into pieces.
 * @path: how whoever added it named it, for people; constant
 * @salt: a random number, for who encrypts; constant
 * @blocks: its blocks
 * @users: whoever added it, each request under way, and @trim
 * @ending: nobody is to wait for its answers any more; READ_ONCE()
 * @slots: of requests to read under way, so that whoever waits for his turn can be killed
 * @last_line: jiffies of the last log line about errors, to keep them apart
 * @trim: tells it of stale blocks
 * @wq: hands requests to the kernel, constant
 * @gone: gives it up, when @users are none
 * @stats: enum pp_device_stat
 * @reads: how long requests to read took
 */
struct pp_device {
	struct file *file;
	bool marked;
	bool trims;
	char *path;
	u64 salt;
	struct pp_blocks blocks;
	refcount_t users;
	bool ending;
	struct semaphore slots;
	unsigned long last_line;
	struct delayed_work trim;
	struct workqueue_struct *wq;
	struct work_struct gone;
	atomic64_t stats[PP_NR_DEVICE_STATS];
	struct pp_latency reads;
};

/**
 * struct pp_request - some blocks on their way
 * @iocb: for the kernel
 * @dev: the device while it is under way
 * @users: who made it; while it is under way the kernel, and who hands it over
 * @done: completed with it
 * @result: bytes, or an errno
 * @write: its direction
 * @now: how many of its pages are under way
 * @work: hands it to the kernel
 * @nr: length of @pages
 * @pages: its own
 * @vec: the same, for the kernel
 */
struct pp_request {
	struct kiocb iocb;
	struct pp_device *dev;
	refcount_t users;
	struct completion done;
	long result;
	bool write;
	unsigned int now;
	struct work_struct work;
	unsigned int nr;
	struct page *pages[PP_RUN];
	struct bio_vec vec[PP_RUN];
};

/**
 * pp_device_open - takes a device or file into use
 * @fd: of the calling process, opened to read and write
 *
 * A block device is opened exclusively, so that it cannot be mounted meanwhile; a file is marked,
 * so that it is not used twice.
 *
 * Return: the device; or an ERR_PTR, with a line in the log: -EBADF, -EBUSY, -EINVAL, -ENOMEM,
 * -ENOSPC, -EROFS.
 */
struct pp_device *pp_device_open(unsigned int fd);

/**
 * pp_device_try - writes first and last block of a new device, and reads them
 * @dev: the device
 * Return: 0; -EINTR; or, with a line in the log: -EIO or another error of the device's, -ENOMEM.
 */
int pp_device_try(struct pp_device *dev);

/**
 * pp_device_close - gives a device up; does not wait for requests under way
 * @dev: the device, whose blocks nobody reads or writes any more, but for requests left behind
 * @now: it was told of all its stale blocks, and is to be free when the caller returns to user
 *	space, unless requests are under way; or else it is told first, and nobody waits for that
 */
void pp_device_close(struct pp_device *dev, bool now);

/**
 * pp_device_count - counts
 * @dev: the device
 * @what: enum pp_device_stat
 * @n: how much
 */
void pp_device_count(struct pp_device *dev, enum pp_device_stat what, u64 n);

/**
 * pp_device_counted - a counter
 * @dev: the device
 * @what: enum pp_device_stat
 * Return: its value.
 */
u64 pp_device_counted(struct pp_device *dev, enum pp_device_stat what);

/**
 * pp_device_complain - one line about an error, once a second
 * @dev: the device
 * @what: was done
 * @block: where
 * @err: the error
 */
void pp_device_complain(struct pp_device *dev, const char *what, u64 block, int err);

/**
 * pp_device_trim_later - has the device told of its stale blocks
 * @dev: the device
 * @now: at once; or when they are many, or after a while
 *
 * They become free then. Does not sleep.
 */
void pp_device_trim_later(struct pp_device *dev, bool now);

/**
 * pp_device_is_idle - is there nothing under way, neither a request nor a trim, nor to be trimmed?
 * @dev: the device
 * Return: true when whoever added it is its only user.
 */
bool pp_device_is_idle(struct pp_device *dev);

/**
 * pp_request_alloc - makes a request
 * @nr: blocks, 1..PP_RUN
 * @gfp: for its pages
 * Return: a request of @nr blocks, or NULL.
 */
struct pp_request *pp_request_alloc(unsigned int nr, gfp_t gfp);

/**
 * pp_request_put - gives up a reference; with the last one its pages go
 * @req: the request
 */
void pp_request_put(struct pp_request *req);

/**
 * pp_device_read - reads blocks
 * @dev: the device
 * @req: whose pages are filled, all of them; not to be used again after -EINTR or -ETIMEDOUT
 * @first: the first block
 * @patience: how long to wait, in jiffies; MAX_SCHEDULE_TIMEOUT: as long as it takes
 *
 * May sleep, but can be killed. The bytes are not looked at.
 *
 * Return: 0, -EINTR, -ETIMEDOUT, -EIO or another error of the device's.
 */
int pp_device_read(struct pp_device *dev, struct pp_request *req, u64 first, long patience);

/**
 * pp_device_write - writes blocks
 * @dev: the device
 * @req: whose pages are written; not to be used again after -EINTR
 * @first: the first block
 * @nr: how many of its pages
 * Return: 0; -EINTR: the device is ending; -EIO or another error of the device's.
 */
int pp_device_write(struct pp_device *dev, struct pp_request *req, u64 first, unsigned int nr);

/**
 * pp_device_init - makes what device.c needs, when the module is loaded
 * Return: 0 or -ENOMEM.
 */
int pp_device_init(void);

/**
 * pp_device_exit - undoes pp_device_init()
 */
void pp_device_exit(void);

#endif /* PAGEPACT_STORE_DEVICE_H */
