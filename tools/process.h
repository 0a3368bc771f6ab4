/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes: who runs VMs on this host, and which memory they have mapped.
 *
 * A process is taken for a VM when its name is that of a known VMM, or when it holds a KVM virtual
 * machine open. The second needs the right to look into /proc/PID/fd; without it an unknown VMM
 * stays unseen.
 */
#ifndef PAGEPACT_PROCESS_H
#define PAGEPACT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vmm {
	VMM_NONE,
	VMM_QEMU,
	VMM_CLOUD_HYPERVISOR,
	VMM_FIRECRACKER,
	VMM_OTHER,	/* holds a KVM virtual machine, but is none of the above */
};

/**
 * struct process
 * @pid: its ID
 * @name: command name; chosen by the process, not safe to show
 * @vmm: what it is
 */
struct process {
	unsigned int pid;
	char *name;
	enum vmm vmm;
};

struct processes {
	struct process *list;	/* in the order of their IDs */
	size_t count;
};

/**
 * struct mapping - one line of /proc/PID/maps
 * @start, @end: addresses
 * @offset: in the file
 * @permissions: like "rw-s"; the last is s for shared, p for private
 * @major, @minor: device number of the file
 * @inode: of the file, 0 for anonymous memory
 * @is_memory: may be guest RAM, going by its name: not code, a stack, or registers of a device
 */
struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	char permissions[5];
	unsigned int major;
	unsigned int minor;
	uint64_t inode;
	bool is_memory;
};

struct mappings {
	struct mapping *list;
	size_t count;
};

/* All processes that run VMs. Returns 0 or -errno. */
int processes_read(struct processes *processes);
/* One process, whatever it is. Returns 0, or -ESRCH when there is none. */
int process_read(struct processes *processes, unsigned int pid);
void processes_free(struct processes *processes);

/* Returns 0 or -errno: -EACCES without the right to, -ENOENT when the process is gone. */
int mappings_read(struct mappings *mappings, unsigned int pid);
void mappings_free(struct mappings *mappings);

#endif
