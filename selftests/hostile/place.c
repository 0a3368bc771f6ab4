// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where attackers are: a root directory of their own with nothing in it but the pool, its files in
 * sysfs, a cgroup, root's disks, and four directories to mount on. Each process has mounts, process
 * numbers and memory limits of its own, so that it harms nothing but the module.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "hostile.h"

#define TREE "/run/hostile"
#define CGROUP "/sys/fs/cgroup/hostile"
#define POOL "/sys/fs/pagepact/vms"
#define DISKS "/scratch/hostile"
#define NOBODY 65534

static void must(int result, const char *what)
{
	if (result)
		die("%s", what);
}

static void bind(const char *from, const char *to)
{
	if (mkdir(to, 0755) && errno != EEXIST)
		die("%s", to);
	must(mount(from, to, NULL, MS_BIND | MS_REC, NULL), to);
}

static void list(const char *dir, char (*names)[32], unsigned int *nr)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		die("%s", dir);
	while ((e = readdir(d)) && *nr < MAX_NAMES)
		if (e->d_type == DT_REG && strlen(e->d_name) < 32)
			strcpy(names[(*nr)++], e->d_name);
	closedir(d);
}

/* Files: there are no other disks that nobody needs. */
static void make_disks(void)
{
	char path[64];
	int i;

	must(mkdir(DISKS, 0700) && errno != EEXIST, DISKS);
	for (i = 0; i < NR_DISKS; i++) {
		int fd;

		snprintf(path, sizeof(path), DISKS "/%d", i);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		must(fd < 0 || ftruncate(fd, 64 * MIB), path);
		close(fd);
	}
}

/* Once, by the first process: domains, cgroups and the tree. The victim is there already. */
void place_prepare(const char *pool_mount)
{
	char dir[256];
	int i;

	snprintf(dir, sizeof(dir), POOL "/regions/%lu", shared->victim_ino[0]);
	list(POOL, pool_files, &nr_pool_files);
	list(dir, region_files, &nr_region_files);
	snprintf(dir, sizeof(dir), "%s/evil", pool_mount);
	must(mkdir(dir, 0755), dir);
	must(mkdir(CGROUP, 0755) || set_text(CGROUP, "cgroup.subtree_control", "+memory") ||
		     mkdir(CGROUP "/a", 0755) || mkdir(CGROUP "/b", 0755), CGROUP);
	must(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mounts");
	must((mkdir(TREE, 0755) && errno != EEXIST) ||
		     mount("tmpfs", TREE, "tmpfs", 0, "size=64k,mode=755"), TREE);
	must(mkdir(TREE "/sys", 0755), "sys");
	make_disks();
	bind(pool_mount, TREE "/pool");
	bind("/sys/fs/pagepact", TREE "/sys/pools");
	bind("/sys/module/pagepact", TREE "/sys/module");
	bind(CGROUP, TREE "/cg");
	bind("/proc", TREE "/proc");
	bind(DISKS, TREE "/disks");
	for (i = 0; i < NR_POOLS; i++) {
		snprintf(dir, sizeof(dir), TREE "/m%d", i);
		must(mkdir(dir, 0755), dir);
	}
	must(mount(NULL, TREE, NULL, MS_REMOUNT | MS_RDONLY, NULL), "read-only");
	place_calm();
}

/* What attackers with rights did to the settings is undone, so that all go on. */
void place_calm(void)
{
	set_text(CGROUP, "memory.high", "256M");
	set_text(POOL, "evict", "1");
	set_text(POOL, "stall_ms", "300");
	set_text(POOL, "size", "0");
	set_text(POOL, "store_limit", "0");
	set_text(POOL, "commit", "relaxed");
}

static void put_id_map(const char *file, const char *text)
{
	if (set_text("/proc/self", file, text))
		die("%s", file);
}

static void become_user(bool userns)
{
	must(setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
		     setresuid(NOBODY, NOBODY, NOBODY), "user");
	if (!userns)
		return;
	/* Or the maps in /proc would still be root's. */
	must(prctl(PR_SET_DUMPABLE, 1), "dumpable");
	must(unshare(CLONE_NEWUSER | CLONE_NEWNS), "user namespace");
	put_id_map("setgroups", "deny");
	put_id_map("uid_map", "0 65534 1");
	put_id_map("gid_map", "0 65534 1");
}

void place_enter(enum who who)
{
	must(set_text(CGROUP "/a", "cgroup.procs", "0"), "cgroup");
	must(unshare(CLONE_NEWNS), "mounts");
	must(chdir(TREE), TREE);
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH) || chdir("/"), "the old root");
	umask(0);
	if (who != ROOT)
		become_user(who == USERNS);
}
