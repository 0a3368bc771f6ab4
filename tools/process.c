// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "process.h"
#include "size.h"
#include "text.h"

/* Command names; the kernel cuts them after 15 characters. */
static const struct {
	const char *start;
	enum vmm vmm;
} vmms[] = {
	{ "qemu-system-",	VMM_QEMU },
	{ "qemu-kvm",		VMM_QEMU },
	{ "cloud-hyperviso",	VMM_CLOUD_HYPERVISOR },
	{ "firecracker",	VMM_FIRECRACKER },
};

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static enum vmm vmm_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(vmms) / sizeof(vmms[0]); i++) {
		if (starts_with(name, vmms[i].start))
			return vmms[i].vmm;
	}
	return VMM_NONE;
}

static bool holds_virtual_machine(int process_fd)
{
	static const char wanted[] = "anon_inode:kvm-vm";
	int fd = openat(process_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char target[sizeof(wanted)];
	struct dirent *entry;
	bool found = false;
	ssize_t length;
	DIR *dir;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(dir))) {
		length = readlinkat(fd, entry->d_name, target, sizeof(target));
		found = length == sizeof(wanted) - 1 && !memcmp(target, wanted, length);
	}
	closedir(dir);
	return found;
}

static bool process_look(int proc_fd, unsigned int pid, struct process *process)
{
	char number[16];
	int fd;

	snprintf(number, sizeof(number), "%u", pid);
	fd = openat(proc_fd, number, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	process->pid = pid;
	process->name = text_read(fd, "comm");
	if (process->name) {
		process->vmm = vmm_by_name(process->name);
		if (!process->vmm && holds_virtual_machine(fd))
			process->vmm = VMM_OTHER;
	}
	close(fd);
	return process->name;
}

static int compare_processes(const void *a, const void *b)
{
	const struct process *left = a, *right = b;

	return left->pid < right->pid ? -1 : left->pid > right->pid;
}

int processes_read(struct processes *processes)
{
	DIR *dir = opendir(proc_root);
	struct process process;
	struct dirent *entry;
	uint64_t pid;

	memset(processes, 0, sizeof(*processes));
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (number_parse(entry->d_name, &pid) || pid > INT_MAX ||
		    !process_look(dirfd(dir), pid, &process))
			continue;
		if (process.vmm)
			*list_grow(processes->list, processes->count) = process;
		else
			free(process.name);
	}
	closedir(dir);
	if (processes->count)
		qsort(processes->list, processes->count, sizeof(*processes->list),
		      compare_processes);
	return 0;
}

int process_read(struct processes *processes, unsigned int pid)
{
	int fd = open(proc_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct process process;
	bool found;

	memset(processes, 0, sizeof(*processes));
	if (fd < 0)
		return -errno;
	found = process_look(fd, pid, &process);
	close(fd);
	if (!found)
		return -ESRCH;
	*list_grow(processes->list, processes->count) = process;
	return 0;
}

void processes_free(struct processes *processes)
{
	size_t i;

	for (i = 0; i < processes->count; i++)
		free(processes->list[i].name);
	free(processes->list);
	memset(processes, 0, sizeof(*processes));
}

static bool is_memory(const char *permissions, const char *path)
{
	if (!starts_with(permissions, "rw-") || starts_with(path, "anon_inode:"))
		return false;
	if (path[0] == '[')
		return starts_with(path, "[anon");
	if (starts_with(path, "/dev/"))
		return starts_with(path, "/dev/shm/") || starts_with(path, "/dev/zero") ||
		       starts_with(path, "/dev/hugepages");
	return true;
}

int mappings_read(struct mappings *mappings, unsigned int pid)
{
	char *path = text_format("%s/%u/maps", proc_root, pid), *line = NULL;
	FILE *file = fopen(path, "re");
	struct mapping mapping;
	size_t room = 0;
	int ret, path_at;

	memset(mappings, 0, sizeof(*mappings));
	ret = file ? 0 : -errno;
	free(path);
	if (ret)
		return ret;
	/* 7f2c40000000-7f2c80000000 rw-s 00000000 00:31 1234    /srv/vms/acme/web */
	while (getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
			   &mapping.start, &mapping.end, mapping.permissions, &mapping.offset,
			   &mapping.major, &mapping.minor, &mapping.inode, &path_at) != 7 ||
		    mapping.end <= mapping.start)
			continue;
		mapping.is_memory = is_memory(mapping.permissions, line + path_at);
		*list_grow(mappings->list, mappings->count) = mapping;
	}
	/* The right to look is asked for when reading, not when opening. */
	if (ferror(file))
		ret = -errno;
	free(line);
	fclose(file);
	return ret;
}

void mappings_free(struct mappings *mappings)
{
	free(mappings->list);
	memset(mappings, 0, sizeof(*mappings));
}
