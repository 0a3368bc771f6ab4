// SPDX-License-Identifier: GPL-2.0-only
/*
 * badinput - calls that must fail, and how; edges of those that must not.
 *
 *   badinput POOLDIR MOUNT: MOUNT has the domain "dom"
 *   badinput mount POOL DIR: mount(2) alone, without what mount(8) checks; says why it failed
 */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <pagepact.h>
#include "check.h"

/* check that a call fails with an errno */
#define fails(call, error)                                                                \
	do {                                                                              \
		errno = 0;                                                                \
		check((long)(call) == -1 && errno == (error), "%s is %s", #call, #error); \
	} while (0)

static int fd;
static char region_path[256];

static void sizes(void)
{
	struct stat st;
	char *map;

	fails(ftruncate(fd, 1), EINVAL);
	fails(ftruncate(fd, 4097), EINVAL);
	fails(ftruncate(fd, -4096), EINVAL);
	check(!fstat(fd, &st) && st.st_size == 0, "the size stays");
	check(!ftruncate(fd, 1L << 40), "1 TiB");
	map = mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	check(map != MAP_FAILED, "1 TiB mapped");
	map[0] = 1;
	map[1UL << 39] = 2;
	map[(1UL << 40) - 1] = 3;
	check(!fstat(fd, &st) && st.st_blocks == 3 * 8, "three pages of it");
	check(map[0] == 1 && map[1UL << 39] == 2 && map[(1UL << 40) - 1] == 3 && map[1L << 30] == 0,
	      "they and a hole read right");
	munmap(map, 1UL << 40);
}

static void huge(const char *pool)
{
	char byte = 'b', got = 0;
	off_t max = 1L << 46;

	check(!ftruncate(fd, max), "the largest size there is");
	check(number_of(pool, "promised") == max, "is promised");
	check(pwrite(fd, &byte, 1, max - 1) == 1 && pread(fd, &got, 1, max - 1) == 1 && got == 'b',
	      "its last byte");
	fails(ftruncate(fd, max + 4096), EFBIG);
	fails(fallocate(fd, 0, max, 0x1000), EFBIG);
	fails(fallocate(fd, 0, 0x7ffffffffffff000L, 0x2000), EFBIG);
	fails(fallocate(fd, 0, -1, 4096), EINVAL);
	fails(fallocate(fd, 0, 0, 0), EINVAL);
	check(!ftruncate(fd, 0), "and back to nothing");
	check(number_of(pool, "promised") == 0, "nothing is promised");
}

static void beyond(const char *pool)
{
	long long before = number_of(pool, "metadata");
	unsigned int i, refused = 0;
	char *map;

	if (ftruncate(fd, 4096))
		die("ftruncate");
	map = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap");
	for (i = 1; i < 32; i++) {
		errno = 0;
		refused += madvise(map + i * (2l << 20), 4096, i % 2 ? MADV_POPULATE_READ :
				   MADV_POPULATE_WRITE) && errno == EFAULT;
	}
	check(refused == i - 1 && number_of(pool, "metadata") == before,
	      "beyond the end there is nothing, and looking there takes no memory (%lld to %lld)",
	      before, number_of(pool, "metadata"));
	munmap(map, 64 << 20);
	if (ftruncate(fd, 0))
		die("ftruncate");
}

static void modes(void)
{
	struct stat st;

	check(!fallocate(fd, 0, 0, 65536) && !fstat(fd, &st) && st.st_size == 65536,
	      "fallocate makes the file longer");
	check(!fallocate(fd, 0, 0, 4096) && !fstat(fd, &st) && st.st_size == 65536,
	      "never shorter");
	check(!fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1 << 20) && !fstat(fd, &st) &&
		      st.st_size == 65536,
	      "nor longer when told so");
	fails(fallocate(fd, 0, 0, 65537), EINVAL);
	fails(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4096), EOPNOTSUPP);
	fails(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096), EOPNOTSUPP);
	fails(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096), EOPNOTSUPP);
	fails(fallocate(fd, FALLOC_FL_UNSHARE_RANGE, 0, 4096), EOPNOTSUPP);
	fails(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096), EOPNOTSUPP);
}

static bool punched_right(off_t pos, off_t len)
{
	static unsigned char have[65536];
	off_t i;

	memset(have, 'x', sizeof(have));
	if (pwrite(fd, have, 65536, 0) != 65536)
		return false;
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos, len))
		return false;
	if (pread(fd, have, 65536, 0) != 65536)
		return false;
	for (i = 0; i < 65536; i++)
		if (have[i] != (i >= pos && i < pos + len ? 0 : 'x'))
			return false;
	return true;
}

static void punches(void)
{
	static const struct {
		off_t pos, len;
	} ranges[] = {
		{ 0, 4096 },	     { 0, 1 },	      { 4095, 1 },     { 4095, 2 },    { 100, 50 },
		{ 100, 8000 },	     { 4096, 4097 },  { 4097, 12286 }, { 0, 65536 },   { 65535, 1 },
		{ 60000, 1L << 40 }, { 65536, 4096 }, { 1L << 45, 5 }, { 4097, 4095 }, { 8192, 1 },
	};
	size_t i, good = 0;
	struct stat st;

	for (i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		if (punched_right(ranges[i].pos, ranges[i].len))
			good++;
		else
			printf("punch %ld + %ld is wrong\n", ranges[i].pos, ranges[i].len);
	}
	check(good == i, "punches zero exactly what they say (%zu of %zu)", good, i);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 65536) ||
	    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 200) || fstat(fd, &st))
		die("punch");
	check(st.st_blocks == 0, "punching part of a hole takes no memory (%ld blocks)",
	      (long)st.st_blocks);
}

static struct pagepact_range list[PAGEPACT_MAX_RANGES + 1];

static int dead(int file, uint32_t nr, uint32_t flags)
{
	struct pagepact_dead arg = { (uintptr_t)list, nr, flags };

	return ioctl(file, PAGEPACT_IOC_DEAD, &arg);
}

/* A list that is refused leaves the first of its pages alone as well. */
static void refused_lists(void)
{
	static const struct pagepact_range bad[] = {
		{ 4096, 0 },	     { 4096, 4095 },	   { 4095, 4096 },	{ 1, 8191 },
		{ 65536, 4096 },     { 61440, 8192 },	   { 1UL << 63, 4096 }, { 4096, -4096UL },
		{ -4096UL, 4096 },   { -4096UL, 8192 },    { 1UL << 50, 4096 }, { 4096, 1UL << 63 },
	};
	struct pagepact_dead nowhere = { 4096, 1, 0 };
	int reader = open(region_path, O_RDONLY);
	size_t i;
	char c;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		list[0] = (struct pagepact_range){ 0, 4096 };
		list[1] = bad[i];
		fails(dead(fd, 2, 0), EINVAL);
	}
	fails(dead(fd, 0, 0), EINVAL);
	fails(dead(fd, PAGEPACT_MAX_RANGES + 1, 0), EINVAL);
	fails(dead(fd, -1, 0), EINVAL);
	fails(dead(fd, 1, 1), EINVAL);
	fails(dead(reader, 1, 0), EBADF);
	fails(ioctl(fd, PAGEPACT_IOC_DEAD, NULL), EFAULT);
	fails(ioctl(fd, PAGEPACT_IOC_DEAD, &nowhere), EFAULT);
	fails(ioctl(fd, PAGEPACT_IOC_DEAD + 1, &nowhere), ENOTTY);
	close(reader);
	check(pread(fd, &c, 1, 0) == 1 && c == 'x', "refused lists change nothing");
}

/* Downwards, again and again, as many ranges as there may be: pages 1, 3 and 5 to 9. */
static void lists(void)
{
	static const unsigned char gone[16] = { 0, 1, 0, 1, 0, 1, 1, 1, 1, 1 };
	static char have[65536];
	size_t i, good = 0, n = 0;

	memset(have, 'x', sizeof(have));
	if (ftruncate(fd, 65536) || pwrite(fd, have, 65536, 0) != 65536)
		die("write");
	refused_lists();
	while (n < PAGEPACT_MAX_RANGES)
		for (i = 16; i-- && n < PAGEPACT_MAX_RANGES;)
			if (gone[i])
				list[n++] = (struct pagepact_range){ i * 4096, 4096 };
	if (dead(fd, n, 0) || pread(fd, have, 65536, 0) != 65536)
		die("dead pages");
	for (i = 0; i < 65536; i++)
		good += have[i] == (gone[i / 4096] ? 0 : 'x');
	check(good == i, "dead pages are those of the list (%zu of %zu bytes)", good, i);
}

static void names(const char *mount)
{
	char path[600], long_name[300];

	if (chdir(mount))
		die("%s", mount);
	memset(long_name, 'n', sizeof(long_name));
	long_name[256] = 0;
	snprintf(path, sizeof(path), "dom/%s", long_name);
	fails(open(path, O_CREAT | O_RDWR, 0600), ENAMETOOLONG);
	fails(mkdir(long_name, 0700), ENAMETOOLONG);
	path[4 + 255] = 0;
	check(close(open(path, O_CREAT | O_RDWR, 0600)) == 0 && !unlink(path),
	      "255 bytes are a name");
	fails(open("file", O_CREAT | O_RDWR, 0600), EPERM);
	check(!mkdir("other", 0700) && !mkdir("dom/sub", 0700), "directories");
	fails(rename("dom/x", "other/x"), EXDEV);
	fails(rename("dom/x", "x"), EXDEV);
	fails(rename("dom/sub", "sub"), EXDEV);
	fails(rename("other", "dom/other"), EXDEV);
	check(!rename("dom/x", "dom/sub/y") && !rename("dom/sub/y", "dom/x"),
	      "rename inside a domain");
	check(!rename("other", "another"), "rename of a domain");
	fails(link("dom/x", "dom/y"), EPERM);
	fails(symlink("x", "dom/y"), EPERM);
	fails(mknod("dom/y", S_IFIFO | 0600, 0), EPERM);
	fails(rmdir("dom"), ENOTEMPTY);
	check(!rmdir("dom/sub") && !rmdir("another"), "rmdir");
	fails(open("dom", O_TMPFILE | O_RDWR, 0600), EOPNOTSUPP);
	fails(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL);
	fails(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0), EPERM);
}

static int mount_pool(const char *pool, const char *dir)
{
	if (!mount(pool, dir, "pagepact", 0, NULL))
		return 0;
	fprintf(stderr, "badinput: %s\n", strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "mount"))
		return mount_pool(argv[2], argv[3]);
	if (argc != 3)
		return 2;
	snprintf(region_path, sizeof(region_path), "%s/dom/x", argv[2]);
	fd = open(region_path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		die("%s", region_path);
	sizes();
	huge(argv[1]);
	beyond(argv[1]);
	modes();
	punches();
	lists();
	names(argv[2]);
	return 0;
}
