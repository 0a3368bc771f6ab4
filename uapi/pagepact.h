/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* pagepact: what programs ask of a region, the file that is a guest's memory, by ioctl(2). */
#ifndef _UAPI_PAGEPACT_H
#define _UAPI_PAGEPACT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Ranges in one call, at most. */
#define PAGEPACT_MAX_RANGES	4096

/**
 * struct pagepact_range - pages of a region
 * @offset: where they begin in the file, in bytes, a multiple of the page size
 * @len: bytes, a multiple of the page size, not 0; they end where the file ends, at most
 */
struct pagepact_range {
	__u64 offset;
	__u64 len;
};

/**
 * struct pagepact_dead - pages whose bytes nobody wants any more
 * @ranges: address of an array of struct pagepact_range, in any order; they may overlap
 * @nr: how many, 1..PAGEPACT_MAX_RANGES
 * @flags: 0
 */
struct pagepact_dead {
	__u64 ranges;
	__u32 nr;
	__u32 flags;
};

/*
 * PAGEPACT_IOC_DEAD - pages are dead (S15), until they are written again
 *
 * The same as fallocate(2) with FALLOC_FL_PUNCH_HOLE for each range, but in one call, and with
 * those together that lie beside each other, as a guest frees them. They read as zeros at once, and
 * what was stored of them is given up, unread. Their memory is given back at once too, but that of
 * a part of a huge frame only when it is broken up. The file must be open for writing.
 *
 * 0, or -1 and errno: what fallocate(2) may say, after which some pages may be dead, and
 *   EBADF   the file is not open for writing
 *   EFAULT  @ranges, or the argument, is no memory
 *   EINVAL  @flags is not 0, there are none or too many ranges, or one of them is not what struct
 *           pagepact_range says; no page was changed
 *   EINTR   killed; some pages may be dead
 *   ENOMEM  no memory for the list; no page was changed
 */
#define PAGEPACT_IOC_DEAD	_IOW(0xE1, 1, struct pagepact_dead)

#endif /* _UAPI_PAGEPACT_H */
