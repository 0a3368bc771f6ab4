// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of VMs: is their RAM on a pool, and mapped so that the pool can work with it?
 *
 * Nothing tells from outside which mappings of a process are guest RAM. What lies on a pool is;
 * large writable memory elsewhere probably is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "process.h"
#include "text.h"

/* What a huge frame is mapped by. */
#define HUGE_PAGE	(UINT64_C(2) << 20)
/* Larger than the heaps, caches and video memory of a VMM. */
#define LARGE		(UINT64_C(128) << 20)

/**
 * struct backing - all mappings of one region in one process
 * @major, @minor, @inode: the file
 * @size: mapped
 * @private: of these, privately
 * @misaligned: of these, where address and offset differ modulo 2 MiB
 */
struct backing {
	unsigned int major;
	unsigned int minor;
	uint64_t inode;
	uint64_t size;
	uint64_t private;
	uint64_t misaligned;
};

struct vm {
	const struct process *process;
	char *subject;
	struct backing *backings;
	size_t count;
	uint64_t elsewhere;	/* bytes of large memory that is not on a pool */
	uint64_t largest;	/* of these */
};

static bool is_on_pool(const struct diagnosis *diagnosis, const struct mapping *mapping)
{
	return pool_of_device(&diagnosis->pools, mapping->major, mapping->minor) ||
	       mount_of_device(&diagnosis->mounts, mapping->major, mapping->minor);
}

static struct backing *backing_of(struct vm *vm, const struct mapping *mapping)
{
	struct backing *backing;
	size_t i;

	for (i = 0; i < vm->count; i++) {
		backing = &vm->backings[i];
		if (backing->inode == mapping->inode && backing->major == mapping->major &&
		    backing->minor == mapping->minor)
			return backing;
	}
	backing = list_grow(vm->backings, vm->count);
	backing->inode = mapping->inode;
	backing->major = mapping->major;
	backing->minor = mapping->minor;
	return backing;
}

static void sort_mappings(const struct diagnosis *diagnosis, const struct mappings *mappings,
			  struct vm *vm)
{
	const struct mapping *mapping;
	struct backing *backing;
	uint64_t size;
	size_t i;

	for (i = 0; i < mappings->count; i++) {
		mapping = &mappings->list[i];
		size = mapping->end - mapping->start;
		if (!is_on_pool(diagnosis, mapping)) {
			if (mapping->is_memory && size >= LARGE) {
				vm->elsewhere += size;
				vm->largest = size > vm->largest ? size : vm->largest;
			}
			continue;
		}
		backing = backing_of(vm, mapping);
		backing->size += size;
		if (mapping->permissions[3] == 'p')
			backing->private += size;
		if (size >= HUGE_PAGE && (mapping->start - mapping->offset) % HUGE_PAGE)
			backing->misaligned += size;
	}
}

/* How to give a VMM its RAM from the first pool there is. */
static char *cure_for(const struct diagnosis *diagnosis, enum vmm vmm, uint64_t size)
{
	const char *point = diagnosis->mounts.count ? diagnosis->mounts.list[0].point : "/srv/vms";
	char *file = text_format("%s/DOMAIN/NAME", point), *argument, *quoted, *cure;
	char *bytes = size ? text_format("%" PRIu64 "M", size >> 20) : duplicate("SIZE");

	if (vmm == VMM_CLOUD_HYPERVISOR)
		argument = text_format("id=ram,size=%s,file=%s,shared=on", bytes, file);
	else
		argument = text_format("memory-backend-file,id=ram,size=%s,mem-path=%s,share=on,"
				       "align=2M", bytes, file);
	quoted = text_shell(argument);
	if (vmm == VMM_CLOUD_HYPERVISOR)
		cure = text_format("cloud-hypervisor --memory size=0 --memory-zone %s ...", quoted);
	else
		cure = text_format("qemu-system-x86_64 -object %s -machine memory-backend=ram ...",
				   quoted);
	free(quoted);
	free(argument);
	free(bytes);
	free(file);
	return cure;
}

static void report_elsewhere(struct diagnosis *diagnosis, const struct vm *vm)
{
	enum vmm vmm = vm->process->vmm;
	char *size = value_format(UNIT_BYTES, vm->elsewhere, false);

	if (vm->count && vm->elsewhere) {
		report(diagnosis, SEVERITY_NOTE, "not-on-pool", vm->subject, NULL,
		       "%s of large writable memory are not on a pool: if that is guest RAM, move "
		       "its backend there", size);
	} else if (!vm->count && vmm == VMM_FIRECRACKER) {
		report(diagnosis, SEVERITY_WARNING, "not-on-pool", vm->subject, NULL,
		       "its RAM is not on a pool: Firecracker takes no file to map shared, so run "
		       "this guest with QEMU or Cloud Hypervisor");
	} else if (!vm->count) {
		report(diagnosis, SEVERITY_WARNING, "not-on-pool", vm->subject,
		       cure_for(diagnosis, vmm, vm->largest), "its RAM is not on a pool");
	}
	free(size);
}

/* An older module has no such knob, and no huge frames. */
static bool huge_is_off(const struct pool *pool, const struct region *region)
{
	const char *of_pool = pool && has_value(&pool->values, ATTR_HUGE) ?
			      pool->values.word[ATTR_HUGE] : "off";
	const char *own = region && has_value(&region->values, ATTR_HUGE) ?
			  region->values.word[ATTR_HUGE] : "pool";

	return !strcmp(of_pool, "off") || !strcmp(own, "off");
}

static void report_backing(struct diagnosis *diagnosis, const struct vm *vm,
			   const struct backing *backing)
{
	const struct pool *pool = pool_of_device(&diagnosis->pools, backing->major,
						 backing->minor);
	const struct region *region = pool ? region_by_id(pool, backing->inode) : NULL;
	const char *where = region ? region->path : "unknown";
	enum vmm vmm = vm->process->vmm;
	bool off = huge_is_off(pool, region);

	if (backing->private)
		report(diagnosis, SEVERITY_PROBLEM, "private", vm->subject,
		       cure_for(diagnosis, vmm, backing->size),
		       "region %" PRIu64 " (%s) is mapped privately: what the guest writes is "
		       "ordinary memory, which the pool does not own", backing->inode, where);
	if (backing->misaligned)
		report(diagnosis, off ? SEVERITY_NOTE : SEVERITY_WARNING, "misaligned",
		       vm->subject,
		       vmm == VMM_QEMU ? cure_for(diagnosis, vmm, backing->size) : NULL,
		       "region %" PRIu64 " (%s) is not mapped at a multiple of 2 MiB: it gets no "
		       "huge frames%s%s", backing->inode, where,
		       off ? ", should they be switched on" :
			     ", and each page costs a fault of its own",
		       vmm == VMM_QEMU ? "; align=2M for its backend mends that" : "");
}

static void check_vm(struct diagnosis *diagnosis, const struct process *process)
{
	struct vm vm = { .process = process };
	size_t before = diagnosis->count, i;
	struct mappings mappings;
	int ret;

	vm.subject = text_format("process %u (%s)", process->pid, process->name);
	ret = mappings_read(&mappings, process->pid);
	if (ret == -ENOENT || ret == -ESRCH)
		goto out;		/* it ended meanwhile */
	if (ret) {
		report(diagnosis, SEVERITY_WARNING, "unreadable", vm.subject,
		       geteuid() ? text_format("sudo pagepact doctor %u", process->pid) : NULL,
		       "its mappings cannot be read: %s", strerror(-ret));
		goto out;
	}
	sort_mappings(diagnosis, &mappings, &vm);
	for (i = 0; i < vm.count; i++)
		report_backing(diagnosis, &vm, &vm.backings[i]);
	report_elsewhere(diagnosis, &vm);
	if (diagnosis->count == before)
		report(diagnosis, SEVERITY_OK, "vm", vm.subject, NULL,
		       "maps %zu regions, all shared and aligned", vm.count);
	free(vm.backings);
out:
	mappings_free(&mappings);
	free(vm.subject);
}

int check_vms(struct diagnosis *diagnosis, unsigned int pid)
{
	struct processes processes;
	size_t i;
	int ret;

	ret = pid ? process_read(&processes, pid) : processes_read(&processes);
	for (i = 0; i < processes.count; i++)
		check_vm(diagnosis, &processes.list[i]);
	processes_free(&processes);
	return ret;
}
