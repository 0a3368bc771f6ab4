// SPDX-License-Identifier: GPL-2.0-only
/* Operations on mappings and processes: what is mapped changes, what is in it does not. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "ops.h"

#define MOST_PAGES 128 /* of a mapping but the first */

/* A mapping that comes and goes; never the first. */
static struct slot *passing(struct worker *w, uint64_t slot)
{
	return &w->slots[1 + slot % (NR_SLOTS - 1)];
}

static void unlocked(struct worker *w, struct slot *s)
{
	if (s->locked)
		__atomic_sub_fetch(&w->m->locked, 1, __ATOMIC_SEQ_CST);
	s->locked = false;
}

static bool drop(struct worker *w, struct slot *s)
{
	if (!s->addr)
		return true;
	if (munmap(s->addr, s->pages * PAGE))
		return fail(w->m, "munmap: errno %d", errno);
	unlocked(w, s);
	s->addr = NULL;
	return true;
}

/* Any part of the file, also beyond its end; sometimes where it was, over the old one. */
OP(map)
{
	struct slot *s = passing(w, arg[0]);
	size_t first = arg[1] % w->m->pages;
	size_t pages = MIN(1 + arg[2] * arg[2] % MOST_PAGES, w->m->pages - first);
	int prot = arg[3] % 4 ? PROT_READ | PROT_WRITE : PROT_READ;
	void *addr;

	if (!drop(w, s))
		return false;
	addr = mmap(NULL, pages * PAGE, prot, MAP_SHARED, w->fd, first * PAGE);
	if (addr == MAP_FAILED)
		return fail(w->m, "mmap of %zu pages at %zu: errno %d", pages, first, errno);
	*s = (struct slot){ addr, first, pages, !(prot & PROT_WRITE), false };
	return true;
}

OP(unmap)
{
	return drop(w, passing(w, arg[0]));
}

static bool punch_block(struct worker *w, size_t page, size_t pages)
{
	size_t pos = page * PAGE, len = pages * PAGE;

	if (fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos, len))
		return fail(w->m, "punch of the block at %zu: errno %d", page, errno);
	model_punch(w, pos, model_below_end(w->m, pos, len));
	return true;
}

/*
 * The mapping of all pages, without page tables, so that a huge frame can come with the touch after
 * it: where nobody else minds, to a block without memory, or to one in small frames.
 */
OP(renew)
{
	struct slot *s = &w->slots[0];
	size_t page = arg[0] / BLOCK_PAGES * BLOCK_PAGES;
	size_t pages = MIN(BLOCK_PAGES, w->m->pages - page);

	if (w->m->lanes == 1 && arg[3] % 4 == 0 && !punch_block(w, page, pages))
		return false;
	if (w->m->lanes == 1 && arg[3] % 4 == 1 &&
	    !op_write(w, (const uint64_t[]){ 0, page, pages, arg[2] }))
		return false;
	if (mmap(s->addr, s->pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, w->fd,
		 s->first * PAGE) != s->addr)
		return fail(w->m, "mmap of all pages anew: errno %d", errno);
	return op_write(w, (const uint64_t[]){ 0, arg[0], arg[1], arg[2] });
}

/* To another place, and, one time in two, with half or twice the pages. */
OP(mremap)
{
	struct slot *s = passing(w, arg[0]);
	size_t pages = s->pages;
	void *to;

	if (!s->addr)
		return true;
	if (arg[1] % 4 == 0)
		pages = (pages + 1) / 2;
	else if (arg[1] % 4 == 1)
		pages = MIN(MIN(pages * 2, MOST_PAGES), w->m->pages - s->first);
	to = mmap(NULL, pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (to == MAP_FAILED ||
	    mremap(s->addr, s->pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return fail(w->m, "mremap from %zu to %zu pages: errno %d", s->pages, pages, errno);
	s->addr = to;
	s->pages = pages;
	return true;
}

OP(protect)
{
	struct slot *s = passing(w, arg[0]);
	bool readonly = arg[1] & 1;

	if (!s->addr)
		return true;
	if (mprotect(s->addr, s->pages * PAGE, readonly ? PROT_READ : PROT_READ | PROT_WRITE))
		return fail(w->m, "mprotect: errno %d", errno);
	s->readonly = readonly;
	return true;
}

/* Locked memory cannot be given up, which is right. */
OP(forget)
{
	struct range r = range_of(w, arg[0], arg[1], arg[2]);

	if (madvise(r.addr, r.pages * PAGE, MADV_DONTNEED)) {
		if (r.slot->locked && errno == EINVAL)
			return true;
		return fail(w->m, "MADV_DONTNEED: errno %d", errno);
	}
	if (w->m->target == ANON)
		model_punch(w, r.page * PAGE, r.pages * PAGE);
	return true;
}

/* Whether the advice is taken is not our business; that no byte changes is. */
OP(advise)
{
	static const int advice[] = {
		MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
	};
	struct range r = range_of(w, arg[0], arg[1], arg[2]);

	madvise(r.addr, r.pages * PAGE, advice[arg[3] % (sizeof(advice) / sizeof(*advice))]);
	return op_read(w, (const uint64_t[]){ arg[0], arg[1], 1 });
}

/* The child of an anonymous memory has its own copy from then on. */
static bool child(struct worker *w, const uint64_t *arg)
{
	struct range r = range_of(w, arg[0], arg[1], 1);
	unsigned char bytes[PAGE];

	if (!op_read(w, arg))
		return false;
	if (w->m->target != ANON)
		return op_write(w, (const uint64_t[]){ arg[0], arg[1], 1, arg[3] });
	model_compose(w->m, bytes, r.page, arg[3]);
	memcpy(r.addr, bytes, PAGE);
	if (memcmp(r.addr, bytes, PAGE))
		return fail(w->m, "page %zu: a child does not see what it wrote", r.page);
	return true;
}

/* A child looks at some pages and writes one; its mappings are those of the worker. */
OP(fork)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return fail(w->m, "fork: errno %d", errno);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(!child(w, arg));
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (WIFSIGNALED(status))
		return fail(w->m, "a child died of signal %d", WTERMSIG(status));
	return !status && op_read(w, arg);
}

static struct slot *lockable(struct worker *w, uint64_t slot)
{
	return w->m->target == ANON ? &w->slots[0] : passing(w, slot);
}

/*
 * Locked pages are not evicted, and those around them hardly: with a limit there might be nothing
 * left to evict. So limits are lifted, and op_limit() sets none meanwhile.
 */
OP(mlock)
{
	struct slot *s = lockable(w, arg[0]);
	bool inside = s->first + s->pages <= w->m->size;

	if (!s->addr || !lift_limits(w))
		return !s->addr;
	if (mlock(s->addr, s->pages * PAGE) && inside)
		return fail(w->m, "mlock of %zu pages at %zu: errno %d", s->pages, s->first, errno);
	/* What lies beyond the end is an error, but the rest is locked. */
	if (!s->locked)
		__atomic_add_fetch(&w->m->locked, 1, __ATOMIC_SEQ_CST);
	s->locked = true;
	return true;
}

OP(munlock)
{
	struct slot *s = lockable(w, arg[0]);

	if (!s->addr)
		return true;
	if (munlock(s->addr, s->pages * PAGE))
		return fail(w->m, "munlock: errno %d", errno);
	unlocked(w, s);
	return true;
}

/* The memory of another process: its first mapping, which has all pages. */
static ssize_t peer(struct worker *w, const uint64_t *arg, bool write, size_t *pos, void *bytes,
		    size_t *len)
{
	unsigned int other = arg[0] % w->m->workers;
	struct range r = range_of(w, 0, arg[1], MIN(arg[2], 4));
	struct iovec here = { bytes, 0 }, there;

	*pos = r.page * PAGE;
	*len = model_below_end(w->m, *pos, r.pages * PAGE);
	here.iov_len = *len ? *len : PAGE;
	there = (struct iovec){ w->m->base[other] + *pos, here.iov_len };
	return write ? process_vm_writev(w->m->pid[other], &here, 1, &there, 1, 0) :
		       process_vm_readv(w->m->pid[other], &here, 1, &there, 1, 0);
}

/* In concurrent mode the other may have ended already. */
static bool check_peer(struct worker *w, ssize_t n, size_t pos, size_t want, bool *done)
{
	*done = n > 0;
	if (want ? n == (ssize_t)want : n < 0 && errno == EFAULT)
		return true;
	if (w->m->lanes > 1 && n < 0 && (errno == ESRCH || errno == EFAULT))
		return true;
	return fail(w->m, "another process's memory at %zu: %zd (errno %d), expected %zu", pos, n,
		    errno, want);
}

OP(peer_read)
{
	unsigned char bytes[4 * PAGE];
	size_t pos, want;
	ssize_t n = peer(w, arg, false, &pos, bytes, &want);
	bool done;

	return check_peer(w, n, pos, want, &done) &&
	       (!done || model_check(w, pos, bytes, want, "by process_vm_readv"));
}

OP(peer_write)
{
	unsigned char bytes[4 * PAGE];
	size_t pos, want;
	bool done;
	ssize_t n;

	model_fill(w->m, bytes, sizeof(bytes), arg[3]);
	n = peer(w, arg, true, &pos, bytes, &want);
	if (!check_peer(w, n, pos, want, &done))
		return false;
	if (done)
		model_write(w, pos, bytes, want);
	return true;
}
