// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults of mappings, from processes and, through GUP, from KVM.
 *
 * A write to a page that is not mapped calls fault() and then notify(); a write to a page that is
 * mapped read-only calls notify() alone. Frames are returned locked, see core/access.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/mm.h>
#include "core/access.h"
#include "memfs/memfs.h"

/* Nothing was lost, but this page cannot be had now: say which, once a second and region. */
static void tell(struct pp_region *region, pgoff_t index, int err)
{
	unsigned long last = READ_ONCE(region->last_line);

	pp_stat_inc(region, memory_errors);
	if (last && time_before(jiffies, last + HZ))
		return;
	WRITE_ONCE(region->last_line, jiffies | 1);
	if (err == -EBUSY)
		pr_err("pool %s: region %llu: no frame for page %lu: the limit is reached and nothing can be evicted; raise limit or store_limit\n",
		       region->pool->name, (u64)region->inode->i_ino, index);
	else
		pr_err("pool %s: region %llu: page %lu is damaged (error %d); reported as a memory error\n",
		       region->pool->name, (u64)region->inode->i_ino, index, err);
}

static vm_fault_t fault_error(struct pp_access *access, int err)
{
	switch (err) {
	case -EAGAIN:
		/* Only asked for with FAULT_FLAG_RETRY_NOWAIT: the locks stay with the caller. */
		return VM_FAULT_RETRY;
	case -EINTR:
	case -ETIMEDOUT:
		/* Killed; a fault of the kernel's own on user memory must fail, or it spins. */
	case -EFAULT:
		return VM_FAULT_SIGBUS;
	case -ENOMEM:
		return VM_FAULT_OOM;
	default:
		tell(access->region, access->index, err);
		return VM_FAULT_HWPOISON;
	}
}

/*
 * KVM has a kworker fault for a virtual CPU, so that the guest can go on with something else. It
 * cannot be killed, and holds on to all that QEMU has mapped. So it waits for a device once, for a
 * second. Then it is told no, which KVM does not look at: the virtual CPU's own thread faults, and
 * waits. Kernel threads that work on memory of a process as their own do look at it.
 */
static bool is_brief(struct vm_fault *vmf)
{
	return !current->mm && (vmf->flags & FAULT_FLAG_ALLOW_RETRY);
}

static struct pp_access access_of(struct vm_fault *vmf, bool write)
{
	return (struct pp_access){
		.region = file_inode(vmf->vma->vm_file)->i_private,
		.index = vmf->pgoff,
		.vma = vmf->vma,
		.addr = vmf->address,
		.write = write,
		.nowait = vmf->flags & FAULT_FLAG_RETRY_NOWAIT,
		.brief = is_brief(vmf),
		.endless = !(current->flags & PF_KTHREAD),
		.tried = vmf->flags & FAULT_FLAG_TRIED,
		.lock = true,
		.no_table = pmd_none(pmdp_get_lockless(vmf->pmd)),
	};
}

/*
 * A device may take its time: nobody shall wait for the locks of this address space meanwhile. When
 * the fault comes again, the block is at hand, or known to be bad; if it is neither any more, it is
 * read once more. (Whether this is the first time is not told by the flags: mlock(2) forgets it.)
 */
static vm_fault_t warm(struct vm_fault *vmf, struct pp_access *access)
{
	struct file *file = get_file(vmf->vma->vm_file);

	release_fault_lock(vmf);
	pp_access_warm(access);
	fput(file);
	return VM_FAULT_RETRY | VM_FAULT_MAJOR;
}

static vm_fault_t pp_fault(struct vm_fault *vmf)
{
	struct pp_access access = access_of(vmf, vmf->flags & FAULT_FLAG_WRITE);
	struct page *page;
	int err;

	pp_stat_inc(access.region, faults);
	access.retry = (vmf->flags & (FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_RETRY_NOWAIT)) ==
		       FAULT_FLAG_ALLOW_RETRY;
	if (access.brief && access.tried)
		access.retry = false;
	err = pp_access_page(&access, &page);
	if (err == -EINPROGRESS)
		return warm(vmf, &access);
	if (err)
		return fault_error(&access, err);
	vmf->page = page;
	return VM_FAULT_LOCKED | (access.fetched ? VM_FAULT_MAJOR : 0);
}

static vm_fault_t pp_notify(struct vm_fault *vmf)
{
	struct pp_access access = access_of(vmf, true);
	int err;

	/*
	 * This path has no way to wait for a retry. While nothing is won stall_ms bounds it, or who
	 * waits for a device can be killed.
	 */
	access.nowait = false;
	err = pp_access_notify(&access, vmf->page);
	if (!err)
		return VM_FAULT_LOCKED;
	return err == -EAGAIN ? VM_FAULT_NOPAGE : fault_error(&access, err);
}

/* Maps nothing; its presence lets faults run under the per-VMA lock. */
static vm_fault_t pp_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	return 0;
}

const struct vm_operations_struct pp_vm_ops = {
	.fault		= pp_fault,
	.page_mkwrite	= pp_notify,
	.map_pages	= pp_map_pages,
};
