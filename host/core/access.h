/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * access: how page faults, read(2) and write(2) come to a page's bytes.
 */
#ifndef PAGEPACT_CORE_ACCESS_H
#define PAGEPACT_CORE_ACCESS_H

#include "core/region.h"

/**
 * struct pp_access - one access to one page
 * @region: the region
 * @index: index of the page
 * @vma: the faulting mapping, or NULL
 * @addr: faulting address, with @vma
 * @write: the page is about to be written
 * @nowait: return -EAGAIN rather than wait when a limit of ours is in the way
 * @retry: return -EINPROGRESS rather than read from a device what is not at hand, or wait for one
 *	that does not answer; pp_access_warm() is next then
 * @brief: do not wait for a device, but in pp_access_warm(): who waits is no process that could be
 *	killed, and nobody looks at what comes of it
 * @endless: wait longer than stall_ms for a frame while a device does not answer: who waits can be
 *	killed
 * @tried: it was told to come again, so it is no other stall
 * @lock: return the frame locked (faults)
 * @no_table: the mapping has no table of small entries for the block, so it can get a huge one
 * @fetched: set when the page came from the store
 * @expected: bytes that were to leave the store because another page went there for this one
 * @dropped: bytes that left it
 * @deadline: jiffies at which to give up waiting for a frame; 0 while there is no need to wait
 * @holds: a reference to @slot, whose bytes are on a device
 * @slot: with @holds: its number
 * @read: the frame that these bytes were read into, or NULL
 * @read_err: why they could not be read, or 0
 * @began: when reading them began, in nanoseconds
 */
struct pp_access {
	struct pp_region *region;
	pgoff_t index;
	struct vm_area_struct *vma;
	unsigned long addr;
	bool write;
	bool nowait;
	bool retry;
	bool brief;
	bool endless;
	bool tried;
	bool lock;
	bool no_table;
	bool fetched;
	int expected;
	int dropped;
	unsigned long deadline;
	bool holds;
	u64 slot;
	struct folio *read;
	int read_err;
	u64 began;
};

/**
 * pp_access_page - brings a page into a frame and hands it out
 * @access: what is wanted
 * @out: set to the page, with a reference to its frame, which is locked with @access->lock
 *
 * A read of a hole gets the region's zero frame. With @access->lock the frame is locked before
 * the block's lock is let go, so nobody can replace it before the caller has mapped it. What is on
 * a device is read without the block's lock; with @access->nowait it is not, but -EAGAIN, nor with
 * @access->brief, but -ETIMEDOUT.
 *
 * Return: 0; -EFAULT beyond the end of the file; -EIO: the stored bytes are damaged; -EHWPOISON:
 * its frame is; -EINPROGRESS: see @access->retry; or an error of pp_frame_get().
 */
int pp_access_page(struct pp_access *access, struct page **out);

/**
 * pp_access_warm - after -EINPROGRESS: reads what is on a device, so that it is at hand next time,
 * or waits a moment for a frame
 * @access: the access
 *
 * May take as long as the device wants, but can be killed, and with @access->brief gives up a read
 * after a second; the caller holds no lock, but sees to it that the region stays.
 */
void pp_access_warm(struct pp_access *access);

/**
 * pp_access_notify - first write to a page that is mapped read-only
 * @access: the access
 * @page: the page that is mapped
 *
 * Drops the kept copy of a frame. Gives a hole whose zero frame is mapped a frame of its own.
 *
 * Return: 0 with its frame locked: it may be written. -EAGAIN: it is not the page's frame (any
 * more): fault again. -EFAULT beyond the end of the file. -EHWPOISON: the frame is damaged. Or an
 * error of pp_frame_get().
 */
int pp_access_notify(struct pp_access *access, struct page *page);

/**
 * pp_access_peek - the bytes of a page without moving it
 * @region: the region
 * @index: index of the page
 * @bounce: a page for the bytes of a stored page
 * @out: set to the page or to @bounce, with a reference, or to NULL for a hole
 * Return: 0, -EIO, -ENOMEM, or -EINTR when killed.
 */
int pp_access_peek(struct pp_region *region, pgoff_t index, struct page *bounce,
		   struct page **out);

/**
 * pp_access_is_hole - is a page without memory?
 * @region: the region
 * @index: index of the page
 * Return: true when it was a hole a moment ago.
 */
bool pp_access_is_hole(struct pp_region *region, pgoff_t index);

#endif /* PAGEPACT_CORE_ACCESS_H */
