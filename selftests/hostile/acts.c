// SPDX-License-Identifier: GPL-2.0-only
/* Calls that are more than one system call. */
#define _GNU_SOURCE
#include <linux/mount.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <pagepact.h>
#include "hostile.h"

/* A region as it is meant to be: made, given a size, mapped. The name's own way may be odd. */
long act_region(struct worker *w, uint64_t *a)
{
	int fd = open((char *)a[0], O_RDWR | O_CREAT, 0600);
	void *map;

	(void)w;
	if (fd < 0)
		return -1;
	if (ftruncate(fd, a[1])) {
		close(fd);
		return -1;
	}
	map = mmap((void *)a[2], a[3], PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	(void)map;
	return fd;
}

static bool touch_page(struct worker *w, volatile uint64_t *p, bool write)
{
	if (sigsetjmp(w->caught, 0)) {
		w->armed = false;
		return false;
	}
	w->armed = true;
	if (write)
		p[0] = (uint64_t)p;
	else if (p[0] == VICTIM_WORD)
		memcpy(w->data, (void *)p, 8);
	w->armed = false;
	return true;
}

long act_touch(struct worker *w, uint64_t *a)
{
	uint64_t page = a[0] & ~(PAGE - 1), end = a[0] + a[1];
	struct rng r = { a[2] };
	bool write = below(&r, 2);
	int touched = 0, n = 0;

	for (; page < end && n < 64; page += PAGE << below(&r, 3), n++)
		touched += touch_page(w, (uint64_t *)page, write);
	return touched ? touched : -1;
}

long act_close(struct worker *w, uint64_t *a)
{
	struct rng r = { a[0] };

	(void)w;
	keep_fd(&r, -1, a[0] % 4 == 0);
	return 0;
}

/* A child with the same mappings, which ends by itself or is killed in between. */
long act_fork(struct worker *w, uint64_t *a)
{
	struct rng r = { a[0] };
	uint64_t b[3], word = VICTIM_WORD;
	bool murder = below(&r, 2);
	pid_t child = fork();
	int n, status;

	if (child < 0)
		return -1;
	if (!child) {
		for (n = 0; n < 8 || murder; n++) {
			b[0] = (uint64_t)arena + below(&r, ARENA_BYTES / PAGE) * PAGE;
			b[1] = 64 * PAGE;
			b[2] = next(&r);
			act_touch(w, b);
		}
		_exit(stolen(w));
	}
	if (murder) {
		usleep(below(&r, 3000));
		kill(child, SIGKILL);
	}
	if (waitpid(child, &status, 0) != child)
		return -1;
	/* What the child found is found. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		memcpy(w->data, &word, sizeof(word));
	return 0;
}

long act_vm_readv(struct worker *w, uint64_t *a)
{
	struct iovec here = { w->data, a[1] }, there = { (void *)a[0], a[1] };

	if (a[2] % 4 == 0)
		return syscall(SYS_process_vm_writev, getpid(), &here, 1, &there, 1, 0);
	return syscall(SYS_process_vm_readv, getpid(), &here, 1, &there, 1, 0);
}

/* Lists that are right, nearly right, and nonsense. */
long act_dead(struct worker *w, uint64_t *a)
{
	static const uint64_t steps[] = { 0, PAGE, 7 * PAGE, 512 * PAGE, -PAGE, 100 };
	struct pagepact_range list[8];
	struct pagepact_dead dead = { .ranges = (uintptr_t)list };
	struct rng r = { a[3] };
	uint64_t step = steps[below(&r, 6)];
	unsigned int i;

	(void)w;
	for (i = 0; i < 8; i++) {
		list[i].offset = a[1] + i * step;
		list[i].len = below(&r, 4) ? below(&r, 8) * PAGE : a[2];
	}
	dead.nr = below(&r, 8) ? 1 + below(&r, 8) : next(&r) % 8192;
	dead.flags = below(&r, 16) ? 0 : next(&r);
	if (!below(&r, 16))
		dead.ranges = below(&r, 2) ? (uintptr_t)arena + below(&r, ARENA_BYTES) : next(&r);
	return ioctl(a[0], PAGEPACT_IOC_DEAD, below(&r, 32) ? &dead : NULL);
}

long act_userfault(struct worker *w, uint64_t *a)
{
	struct uffdio_register reg = { .range = { a[0], a[1] }, .mode = 1 + (a[0] >> 12) % 7 };
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1 /* UFFD_USER_MODE_ONLY */);
	long ret = -1;

	(void)w;
	if (fd < 0)
		return -1;
	if (!ioctl(fd, UFFDIO_API, &api))
		ret = ioctl(fd, UFFDIO_REGISTER, &reg);
	close(fd);
	return ret;
}

long act_knob_write(struct worker *w, uint64_t *a)
{
	int fd = open((char *)a[0], O_WRONLY);
	long ret;

	if (fd < 0)
		return -1;
	ret = write(fd, (char *)a[1], w->text_len[1]);
	close(fd);
	/* Having been let open it is the point, for a user. */
	return w->who == ROOT ? ret : 0;
}

long act_knob_read(struct worker *w, uint64_t *a)
{
	int fd = open((char *)a[0], O_RDONLY);
	long ret;

	if (fd < 0)
		return -1;
	ret = pread(fd, w->data, a[1], a[2]);
	close(fd);
	return ret;
}

static long put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	long ret;

	if (fd < 0)
		return -1;
	ret = write(fd, text, strlen(text));
	close(fd);
	return ret < 0 ? -1 : 0;
}

static void some_pool(uint64_t draw, const char *file, char *out)
{
	uint64_t n = draw % (NR_POOLS + 2);

	if (n < NR_POOLS)
		sprintf(out, "/sys/pools/m%lu/tiers/%s", n, file);
	else
		sprintf(out, "/sys/pools/vms/tiers/%s", file);
}

/* A device for a pool, as it is meant to be; it may be in use by another. */
long act_device(struct worker *w, uint64_t *a)
{
	char disk[16], file[64], text[16];
	int fd;
	long ret;

	(void)w;
	sprintf(disk, "/disks/%lu", a[0] % NR_DISKS);
	fd = open(disk, O_RDWR);
	if (fd < 0)
		return -1;
	sprintf(text, "%d", fd);
	some_pool(a[1], "add", file);
	ret = put(file, text);
	close(fd);
	return ret;
}

long act_undevice(struct worker *w, uint64_t *a)
{
	char file[64], text[16];

	(void)w;
	sprintf(text, "%lu", a[0] % (NR_DISKS + 1));
	some_pool(a[1], "remove", file);
	return put(file, text);
}

/* The whole way to a pool by the new mount calls. */
long act_pool(struct worker *w, uint64_t *a)
{
	int fs = syscall(SYS_fsopen, "pagepact", 0), mnt = -1;

	(void)w;
	if (fs < 0)
		return -1;
	syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", a[0], 0);
	syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, a[2], a[3], 0);
	if (a[5] % 2)
		syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, a[4], a[5], 0);
	if (!syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mnt = syscall(SYS_fsmount, fs, 0, 0);
	close(fs);
	if (mnt < 0)
		return -1;
	syscall(SYS_move_mount, mnt, "", AT_FDCWD, a[1], MOVE_MOUNT_F_EMPTY_PATH);
	if (!chdir((char *)a[1]) && mkdir("d0", 0700))
		errno = 0;
	if (chdir("/"))
		errno = 0;
	close(mnt);
	return 0;
}

long act_cgroup(struct worker *w, uint64_t *a)
{
	char text[32];

	(void)w;
	switch (a[0] % 4) {
	case 0:
		return put(a[1] % 2 ? "/cg/a/cgroup.procs" : "/cg/b/cgroup.procs", "0");
	case 1:
		sprintf(text, "%luM", 64 + a[1] % 256);
		return put("/cg/memory.high", text);
	default:
		sprintf(text, "%luK", 4ul << a[1] % 13);
		return put(a[0] % 8 < 4 ? "/cg/a/memory.reclaim" : "/cg/memory.reclaim", text);
	}
}
