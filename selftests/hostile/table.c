// SPDX-License-Identifier: GPL-2.0-only
/* The calls: name, what is called, how often, kinds of arguments. */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <pagepact.h>
#include "hostile.h"

/* Not in every C library's headers. */
#define MADV_SOFT_OFFLINE_	101
#define MADV_COLLAPSE_		25
#define MADV_DONTNEED_LOCKED_	24
#define MADV_GUARD_INSTALL_	102
#define FALLOC_FL_WRITE_ZEROES_	0x80
#define RWF_ATOMIC_		0x40
#define RWF_DONTCACHE_		0x80

#define SET(name, ...) static const uint64_t name[] = { __VA_ARGS__ }

SET(open_flags, O_RDWR, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT, O_WRONLY, O_RDONLY, O_CREAT,
	O_EXCL, O_TRUNC, O_APPEND, O_NONBLOCK, O_DSYNC, O_SYNC, O_DIRECT, O_DIRECTORY, O_NOFOLLOW,
	O_NOATIME, O_PATH, O_TMPFILE, O_CLOEXEC);
SET(falloc_modes, 0, 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
	FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
	FALLOC_FL_PUNCH_HOLE, FALLOC_FL_NO_HIDE_STALE, FALLOC_FL_COLLAPSE_RANGE,
	FALLOC_FL_ZERO_RANGE, FALLOC_FL_INSERT_RANGE,
	FALLOC_FL_UNSHARE_RANGE, FALLOC_FL_WRITE_ZEROES_);
SET(rename_flags, 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT);
SET(prots, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_WRITE, PROT_EXEC,
	PROT_NONE);
SET(map_prots, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ,
	PROT_WRITE, PROT_NONE, PROT_READ | PROT_EXEC);
/* Always in the arena: nothing else may be unmapped. */
SET(map_flags, MAP_FIXED | MAP_SHARED, MAP_FIXED | MAP_SHARED, MAP_FIXED | MAP_SHARED,
	MAP_FIXED | MAP_SHARED | MAP_POPULATE, MAP_FIXED | MAP_SHARED_VALIDATE,
	MAP_FIXED | MAP_PRIVATE,
	MAP_FIXED | MAP_SHARED | MAP_LOCKED, MAP_FIXED | MAP_SHARED | MAP_NORESERVE,
	MAP_FIXED | MAP_SHARED_VALIDATE | MAP_SYNC, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
	MAP_FIXED | MAP_SHARED | MAP_NONBLOCK | MAP_POPULATE, MAP_FIXED | MAP_SHARED | MAP_HUGETLB);
SET(mremap_flags, MREMAP_FIXED | MREMAP_MAYMOVE, MREMAP_FIXED | MREMAP_MAYMOVE,
	MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP, MREMAP_FIXED);
SET(hints, MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_DONTNEED,
	MADV_FREE, MADV_REMOVE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE,
	MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
	MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
	MADV_POPULATE_READ,
	MADV_POPULATE_WRITE, MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED_, MADV_COLLAPSE_,
	MADV_GUARD_INSTALL_, MADV_GUARD_INSTALL_ + 1);
SET(poisons, MADV_HWPOISON, MADV_HWPOISON, MADV_SOFT_OFFLINE_);
SET(sync_flags, MS_ASYNC, MS_SYNC, MS_INVALIDATE, MS_SYNC | MS_INVALIDATE);
SET(lock_flags, 0, 1);
SET(rwf, 0, 0, 0, RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_NOWAIT, RWF_APPEND, RWF_ATOMIC_,
	RWF_DONTCACHE_);
SET(whences, SEEK_SET, SEEK_SET, SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE);
SET(range_flags, SYNC_FILE_RANGE_WAIT_BEFORE, SYNC_FILE_RANGE_WRITE, SYNC_FILE_RANGE_WAIT_AFTER);
SET(file_hints, 0, 1, 2, 3, 4, 5);
/* Never waiting. */
SET(lockings, LOCK_SH | LOCK_NB, LOCK_EX | LOCK_NB, LOCK_UN);
/* None that sends signals to others or waits for them. */
SET(fcntls, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_GETLEASE, F_GETPIPE_SZ,
	F_ADD_SEALS, F_GET_SEALS, 1035, 1036, 1037, 1038);
SET(leases, F_RDLCK, F_WRLCK, F_UNLCK);
SET(ioctls, FICLONE, FICLONERANGE, FIDEDUPERANGE, FIBMAP, FIGETBSZ, FIFREEZE, FITHAW, FITRIM,
	FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_GETVERSION, FS_IOC_FIEMAP, FS_IOC_FSGETXATTR,
	FS_IOC_FSSETXATTR, FS_IOC_GETFSLABEL, FS_IOC_SETFSLABEL, 0x541b, 0x5421, 0x5460,
	PAGEPACT_IOC_DEAD);
SET(splice_flags, 2, 2, 2 | 1, 2 | 4, 2 | 8);	/* always SPLICE_F_NONBLOCK */
SET(at_flags, 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_REMOVEDIR, AT_NO_AUTOMOUNT,
	AT_SYMLINK_FOLLOW, 0x200, 0x2000, 0x4000);
SET(uids, 0, 65534, 1000);
SET(node_modes, S_IFREG | 0600, S_IFIFO | 0600, S_IFCHR | 0600, S_IFBLK | 0600, S_IFSOCK | 0600,
	S_IFDIR | 0700);
SET(mount_flags, 0, 0, 0, 0, MS_RDONLY, MS_NOSUID, MS_NODEV, MS_SYNCHRONOUS, MS_REMOUNT,
	MS_REMOUNT, MS_REMOUNT | MS_BIND, MS_DIRSYNC, MS_NOATIME, MS_SILENT, MS_LAZYTIME);
SET(umount_flags, 0, 0, 2, 2, 1, 4, 8);
SET(config_cmds, FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, FSCONFIG_SET_STRING, FSCONFIG_SET_STRING,
	FSCONFIG_SET_BINARY, FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY, FSCONFIG_SET_FD);
SET(config_ends, FSCONFIG_CMD_CREATE, FSCONFIG_CMD_RECONFIGURE, FSCONFIG_CMD_CREATE + 2);
SET(attr_flags, 0, 0, 1, 2, 4, 8, 0x10, 0x80, 0x100000);

#define ONE_OF(set)	{ ONE, set, sizeof(set) / sizeof(*(set)) }
#define STRICT(set)	{ EXACTLY, set, sizeof(set) / sizeof(*(set)) }
#define ANY_OF(set)	{ ANY, set, sizeof(set) / sizeof(*(set)) }
#define FLAGS_OF_MOUNT	{ MOUNT_FLAGS, mount_flags, sizeof(mount_flags) / sizeof(*mount_flags) }
#define IS(value)	{ CONST, NULL, (uint64_t)(value) }
#define UP_TO(n)	{ NUMBER, NULL, n }
#define A(kind)		{ kind, NULL, 0 }
#define HERE		IS(AT_FDCWD)

#define RAW(name, weight, flags, ...) \
	{ #name, SYS_##name, NULL, weight, flags, { __VA_ARGS__ } }
#define ACT(name, weight, flags, ...) \
	{ #name, 0, act_##name, weight, flags, { __VA_ARGS__ } }

const struct description table[] = {
	/* Regions that live, in files and in the arena: without them the rest finds nothing. */
	ACT(region, 30, GIVES_FD, A(PATH), A(SIZE), A(ADDR), A(ALEN)),
	ACT(touch, 60, READS, A(ADDR), A(ALEN), A(WORD)),
	ACT(close, 6, 0, A(WORD)),
	/* Names. */
	RAW(openat, 30, GIVES_FD | OPENS, A(DIRFD), A(PATH), ANY_OF(open_flags), A(MODE)),
	RAW(creat, 4, GIVES_FD | CHANGES, A(PATH), A(MODE)),
	RAW(mkdir, 10, CHANGES, A(PATH), A(MODE)),
	RAW(rmdir, 4, CHANGES, A(PATH)),
	RAW(unlink, 8, CHANGES, A(PATH)),
	RAW(unlinkat, 4, CHANGES, A(DIRFD), A(PATH), ANY_OF(at_flags)),
	RAW(rename, 6, CHANGES, A(PATH), A(PATH)),
	RAW(renameat2, 10, CHANGES, A(DIRFD), A(PATH), A(DIRFD), A(PATH), ANY_OF(rename_flags)),
	RAW(linkat, 3, CHANGES, A(DIRFD), A(PATH), HERE, A(PATH), ANY_OF(at_flags)),
	RAW(symlink, 2, CHANGES, A(PATH), A(PATH)),
	RAW(mknod, 3, CHANGES, A(PATH), ONE_OF(node_modes), A(WORD)),
	RAW(chmod, 4, CHANGES, A(PATH), A(MODE)),
	RAW(fchmod, 2, 0, A(FD), A(MODE)),
	RAW(fchownat, 4, CHANGES, A(DIRFD), A(PATH), ONE_OF(uids), ONE_OF(uids), ANY_OF(at_flags)),
	RAW(utimensat, 3, CHANGES, A(DIRFD), A(PATH), IS(0), ANY_OF(at_flags)),
	RAW(setxattr, 3, CHANGES, A(PATH), IS("user.x"), A(BUF), UP_TO(5000), UP_TO(4)),
	RAW(getxattr, 2, 0, A(PATH), A(KEY), A(BUF), UP_TO(5000)),
	RAW(truncate, 8, CHANGES, A(PATH), A(SIZE)),
	RAW(faccessat2, 2, 0, A(DIRFD), A(PATH), UP_TO(8), ANY_OF(at_flags)),
	RAW(statfs, 2, 0, A(PATH), A(BUF)),
	RAW(fstatfs, 3, 0, A(FD), A(BUF)),
	RAW(statx, 6, 0, A(DIRFD), A(PATH), ANY_OF(at_flags), A(WORD), A(BUF)),
	RAW(name_to_handle_at, 2, 0, A(DIRFD), A(PATH), A(BUF), A(BUF), ANY_OF(at_flags)),
	RAW(open_by_handle_at, 1, 0, A(FD), A(BUF), ANY_OF(open_flags)),
	RAW(getdents64, 4, 0, A(FD), A(BUF), A(IOLEN)),
	/* Contents. */
	RAW(ftruncate, 12, 0, A(FD), A(SIZE)),
	ACT(dead, 10, 0, A(FD), A(OFF), A(LEN), A(WORD)),
	RAW(fallocate, 24, 0, A(FD), ONE_OF(falloc_modes), A(OFF), A(LEN)),
	RAW(read, 10, READS, A(FD), A(BUF), A(IOLEN)),
	RAW(write, 10, 0, A(FD), A(BUF), A(IOLEN)),
	RAW(pread64, 16, READS, A(FD), A(BUF), A(IOLEN), A(OFF)),
	RAW(pwrite64, 16, 0, A(FD), A(BUF), A(IOLEN), A(OFF)),
	RAW(readv, 4, READS, A(FD), A(IOV), UP_TO(5)),
	RAW(writev, 4, 0, A(FD), A(IOV), UP_TO(5)),
	RAW(preadv2, 6, READS, A(FD), A(IOV), UP_TO(5), A(OFF), IS(0), ANY_OF(rwf)),
	RAW(pwritev2, 6, 0, A(FD), A(IOV), UP_TO(5), A(OFF), IS(0), ANY_OF(rwf)),
	RAW(lseek, 6, 0, A(FD), A(OFF), ONE_OF(whences)),
	RAW(sendfile, 6, 0, A(FD), A(FD), A(OFFP), A(IOLEN)),
	RAW(copy_file_range, 6, 0, A(FD), A(OFFP), A(FD), A(OFFP), A(IOLEN), UP_TO(2)),
	{ "splice_out", SYS_splice, NULL, 6, 0,
	  { A(FD), A(OFFP), A(PIPE_IN), IS(0), A(IOLEN), STRICT(splice_flags) } },
	{ "splice_in", SYS_splice, NULL, 6, 0,
	  { A(PIPE_OUT), IS(0), A(FD), A(OFFP), A(IOLEN), STRICT(splice_flags) } },
	RAW(vmsplice, 4, 0, A(PIPE_IN), A(IOV), UP_TO(5), STRICT(splice_flags)),
	{ "drain", SYS_read, NULL, 6, READS, { A(PIPE_OUT), A(BUF), IS(DATA) } },
	RAW(fsync, 2, 0, A(FD)),
	RAW(fdatasync, 1, 0, A(FD)),
	RAW(sync_file_range, 2, 0, A(FD), A(OFF), A(LEN), ANY_OF(range_flags)),
	RAW(readahead, 2, 0, A(FD), A(OFF), A(LEN)),
	RAW(fadvise64, 3, 0, A(FD), A(OFF), A(LEN), ONE_OF(file_hints)),
	RAW(flock, 3, 0, A(FD), STRICT(lockings)),
	RAW(fcntl, 4, 0, A(FD), STRICT(fcntls), A(BUF)),
	{ "lease", SYS_fcntl, NULL, 1, 0, { A(FD), IS(F_SETLEASE), ONE_OF(leases) } },
	RAW(ioctl, 6, 0, A(FD), ONE_OF(ioctls), A(BUF)),
	/* Mappings. */
	RAW(mmap, 30, 0, A(ADDR), A(ALEN), ONE_OF(map_prots), STRICT(map_flags), A(FD), A(OFF)),
	RAW(munmap, 4, 0, A(ADDR), A(ALEN)),
	RAW(mremap, 4, 0, A(ADDR), A(ALEN), A(ALEN), STRICT(mremap_flags), A(ADDR)),
	RAW(mprotect, 5, 0, A(ADDR), A(ALEN), ANY_OF(prots)),
	RAW(madvise, 20, 0, A(ADDR), A(ALEN), STRICT(hints)),
	{ "poison", SYS_madvise, NULL, 1, ROOT_ONLY, { A(ADDR), IS(PAGE), STRICT(poisons) } },
	RAW(msync, 3, 0, A(ADDR), A(ALEN), ONE_OF(sync_flags)),
	RAW(mlock2, 3, 0, A(ADDR), A(ALEN), ONE_OF(lock_flags)),
	RAW(munlock, 3, 0, A(ADDR), A(ALEN)),
	RAW(mincore, 1, 0, A(ADDR), A(ALEN), A(BUF)),
	ACT(vm_readv, 3, READS, A(ADDR), A(IOLEN), A(WORD)),
	ACT(userfault, 1, 0, A(ADDR), A(ALEN)),
	ACT(fork, 2, READS, A(WORD)),
	/* Pools and their files. */
	ACT(pool, 4, MOUNTS, A(POOL_NAME), A(POOL_DIR), A(KEY), A(VALUE), A(KEY), A(VALUE)),
	RAW(mount, 8, MOUNTS, A(POOL_NAME), A(POOL_DIR), A(FS_NAME), FLAGS_OF_MOUNT, A(OPTIONS)),
	RAW(umount2, 2, 0, A(POOL_DIR), ANY_OF(umount_flags)),
	RAW(fsopen, 3, GIVES_CONTEXT, A(FS_NAME), UP_TO(3)),
	RAW(fsconfig, 8, 0, A(CONTEXT), STRICT(config_cmds), A(KEY), A(VALUE), UP_TO(2)),
	{ "fsconfig_flag", SYS_fsconfig, NULL, 2, 0,
	  { A(CONTEXT), IS(FSCONFIG_SET_FLAG), A(KEY) } },
	{ "fsconfig_source", SYS_fsconfig, NULL, 3, 0,
	  { A(CONTEXT), IS(FSCONFIG_SET_STRING), IS("source"), A(POOL_NAME) } },
	{ "fsconfig_end", SYS_fsconfig, NULL, 6, MOUNTS, { A(CONTEXT), STRICT(config_ends) } },
	RAW(fsmount, 2, GIVES_CONTEXT, A(CONTEXT), UP_TO(3), ANY_OF(attr_flags)),
	RAW(fspick, 3, GIVES_CONTEXT, HERE, A(POOL_DIR), UP_TO(16)),
	RAW(open_tree, 2, GIVES_CONTEXT, HERE, A(POOL_DIR), UP_TO(2)),
	RAW(move_mount, 4, 0, A(CONTEXT), IS(""), HERE, A(POOL_DIR), IS(4)),
	RAW(mount_setattr, 3, 0, HERE, A(POOL_DIR), ANY_OF(at_flags), A(BUF), UP_TO(64)),
	ACT(knob_write, 24, CHANGES, A(KNOB), A(VALUE)),
	ACT(knob_read, 10, READS, A(KNOB), A(IOLEN), A(OFF)),
	ACT(device, 6, ROOT_ONLY, A(WORD), A(WORD)),
	ACT(undevice, 3, ROOT_ONLY, A(WORD), A(WORD)),
	ACT(cgroup, 3, ROOT_ONLY, A(WORD), A(WORD)),
};

const unsigned int nr_calls = sizeof(table) / sizeof(*table);
_Static_assert(sizeof(table) / sizeof(*table) <= MAX_CALLS, "MAX_CALLS");
