// SPDX-License-Identifier: GPL-2.0-only
/* Operations on bytes: through mappings, by system calls, and giving them back. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <pagepact.h>
#include "ops.h"

static sigjmp_buf fault;
static volatile sig_atomic_t guarded, fault_code;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!guarded) {
		signal(sig, SIG_DFL);
		return;
	}
	fault_code = info->si_code;
	siglongjmp(fault, sig);
}

int guarded_copy(void *to, const void *from, size_t len, int *code)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
	static bool prepared;
	int sig;

	if (!prepared) {
		sigaction(SIGBUS, &action, NULL);
		sigaction(SIGSEGV, &action, NULL);
		prepared = true;
	}
	sig = sigsetjmp(fault, 0);
	if (!sig) {
		guarded = 1;
		memcpy(to, from, len);
	}
	guarded = 0;
	*code = fault_code;
	return sig;
}

struct range range_of(struct worker *w, uint64_t slot, uint64_t page, uint64_t pages)
{
	struct slot *s = &w->slots[w->m->target == ANON ? 0 : slot % NR_SLOTS];
	struct range r;

	if (!s->addr)
		s = &w->slots[0];
	r.page = model_own(w, s->first + page % s->pages);
	/* The owned page nearby may lie outside. */
	if (r.page - s->first >= s->pages)
		s = &w->slots[0];
	r.slot = s;
	r.pages = w->m->lanes > 1 ? 1 : MIN(pages, s->pages - (r.page - s->first));
	r.addr = s->addr + (r.page - s->first) * PAGE;
	return r;
}

struct extent extent_of(struct worker *w, uint64_t page, uint64_t offset, uint64_t len)
{
	struct extent e;

	offset %= PAGE;
	page = model_own(w, page % w->m->pages);
	e.pos = page * PAGE + offset;
	e.len = MIN(len, w->m->pages * PAGE - e.pos);
	if (w->m->lanes > 1)
		e.len = MIN(e.len, PAGE - offset);
	return e;
}

static const char *signal_name(int sig, int code)
{
	if (sig == SIGBUS)
		return code == BUS_MCEERR_AR ? "a memory error (SIGBUS)" : "SIGBUS";
	return sig ? "SIGSEGV" : "no signal";
}

static bool check_signal(struct worker *w, size_t page, int sig, int code, int want)
{
	if (sig == want && !(sig == SIGBUS && code == BUS_MCEERR_AR))
		return true;
	return fail(w->m, "page %zu of %zu: %s, expected %s", page, w->m->size,
		    signal_name(sig, code), signal_name(want, 0));
}

/* One page of a mapping, or a part of it, into a buffer, and checked. */
static bool read_mapped(struct worker *w, const unsigned char *addr, size_t pos, size_t len)
{
	int want = pos / PAGE < w->m->size ? 0 : SIGBUS, sig, code;
	unsigned char have[PAGE];

	sig = guarded_copy(have, addr, len, &code);
	if (!check_signal(w, pos / PAGE, sig, code, want))
		return false;
	return sig || model_check(w, pos, have, len, "through a mapping");
}

/* Return: whether the write was right; *@wrote, whether it was done. */
static bool write_mapped(struct worker *w, const struct range *r, size_t page, size_t offset,
			 const void *bytes, size_t len, bool *wrote)
{
	unsigned char *addr = r->addr + (page - r->page) * PAGE + offset;
	int want = r->slot->readonly ? SIGSEGV : page < w->m->size ? 0 : SIGBUS, sig, code;

	sig = guarded_copy(addr, bytes, len, &code);
	*wrote = !sig;
	return check_signal(w, page, sig, code, want);
}

OP(read)
{
	struct range r = range_of(w, arg[0], arg[1], arg[2]);
	size_t i;

	for (i = 0; i < r.pages; i++)
		if (!read_mapped(w, r.addr + i * PAGE, (r.page + i) * PAGE, PAGE))
			return false;
	return true;
}

OP(write)
{
	struct range r = range_of(w, arg[0], arg[1], arg[2]);
	unsigned char bytes[PAGE];
	bool wrote;
	size_t i;

	for (i = 0; i < r.pages; i++) {
		model_compose(w->m, bytes, r.page + i, arg[3]);
		if (!write_mapped(w, &r, r.page + i, 0, bytes, PAGE, &wrote))
			return false;
		if (wrote)
			model_write_page(w, r.page + i, arg[3]);
	}
	return true;
}

/* A few bytes. Their offset follows from the version, too. */
OP(poke)
{
	struct range r = range_of(w, arg[0], arg[1], 1);
	size_t offset = mix(arg[3]) % PAGE, len = MIN(arg[2], PAGE - offset);
	unsigned char bytes[PAGE];
	bool wrote;

	model_fill(w->m, bytes, len, arg[3]);
	if (!write_mapped(w, &r, r.page, offset, bytes, len, &wrote))
		return false;
	if (wrote)
		model_write(w, r.page * PAGE + offset, bytes, len);
	return read_mapped(w, r.addr, r.page * PAGE, PAGE);
}

/*
 * One word in each of many pages that are this worker's, then a look at all of them: as many faults
 * as possible, for whoever evicts at the same time.
 */
OP(sweep)
{
	struct range r = range_of(w, 0, arg[0], 1);
	size_t step = w->m->lanes, offset = mix(arg[2]) % WORDS * sizeof(uint64_t), page;
	size_t end = MIN(r.page + arg[1] * 8 * step, w->m->pages);
	uint64_t word = mix(arg[2] + 1);
	bool wrote;

	for (page = r.page; page < end && model_owns(w, page); page += step) {
		if (!write_mapped(w, &r, page, offset, &word, sizeof(word), &wrote))
			return false;
		if (wrote)
			model_write(w, page * PAGE + offset, &word, sizeof(word));
	}
	for (page = r.page; page < end && model_owns(w, page); page += step)
		if (!read_mapped(w, r.addr + (page - r.page) * PAGE + offset, page * PAGE + offset,
				 sizeof(word)))
			return false;
	return true;
}

OP(pread)
{
	struct extent e = extent_of(w, arg[0], arg[1], arg[2]);
	size_t want = model_below_end(w->m, e.pos, e.len);
	unsigned char *have = malloc(e.len + 1);
	ssize_t n = pread(w->fd, have, e.len, e.pos);
	bool good;

	if (n != (ssize_t)want)
		good = fail(w->m, "pread of %zu at %zu: %zd (errno %d), expected %zu", e.len, e.pos,
			    n, errno, want);
	else
		good = model_check(w, e.pos, have, want, "by pread");
	free(have);
	return good;
}

/* In two parts. A region does not grow by writing to it, other files would. */
OP(pwrite)
{
	struct extent e = extent_of(w, arg[0], arg[1], arg[2]);
	size_t want = model_below_end(w->m, e.pos, e.len);
	unsigned char *bytes = malloc(e.len + 1);
	size_t len = w->m->target == REGION ? e.len : want, first = len / 3;
	struct iovec iov[2] = { { bytes, first }, { bytes + first, len - first } };
	bool good = true;
	ssize_t n;

	model_fill(w->m, bytes, len, arg[3]);
	n = len ? pwritev(w->fd, iov, 2, e.pos) : 0;
	if (want || !len ? n != (ssize_t)want : n != -1 || errno != ENOSPC)
		good = fail(w->m, "pwrite of %zu at %zu: %zd (errno %d), expected %zu", len, e.pos,
			    n, errno, want);
	else
		model_write(w, e.pos, bytes, want);
	free(bytes);
	return good;
}

static bool piped(struct worker *w, int from, size_t pos, size_t want)
{
	unsigned char have[PAGE];

	while (want) {
		ssize_t n = read(from, have, MIN(want, PAGE - pos % PAGE));

		if (n <= 0)
			return fail(w->m, "the pipe has %zu bytes less", want);
		if (!model_check(w, pos, have, n, "by splice"))
			return false;
		pos += n;
		want -= n;
	}
	return true;
}

/* From the file into a pipe. */
OP(splice)
{
	struct extent e = extent_of(w, arg[0], arg[1], MIN(arg[2], 8 * PAGE));
	size_t want = model_below_end(w->m, e.pos, e.len);
	loff_t pos = e.pos;
	bool good = true;
	int pipes[2];
	ssize_t n;

	if (pipe(pipes))
		die("pipe");
	while (good && want) {
		n = splice(w->fd, &pos, pipes[1], NULL, want, 0);
		if (n <= 0)
			good = fail(w->m, "splice of %zu at %lld: %zd (errno %d)", want,
				    (long long)pos, n, errno);
		else
			good = piped(w, pipes[0], pos - n, n);
		want -= n > 0 ? n : 0;
	}
	close(pipes[0]);
	close(pipes[1]);
	return good;
}

/* Some pages at once, before something else unmaps them. */
static bool look(struct worker *w, size_t page, size_t pages)
{
	size_t i;

	for (i = page; i < page + MIN(pages, 4) && i < w->m->pages; i++)
		if (model_owns(w, i) &&
		    !read_mapped(w, w->slots[0].addr + i * PAGE, i * PAGE, PAGE))
			return false;
	return true;
}

OP(punch)
{
	struct extent e = extent_of(w, arg[0], arg[1], arg[2]);

	if (!e.len)
		return true;
	if (fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, e.pos, e.len))
		return fail(w->m, "punch of %zu at %zu: errno %d", e.len, e.pos, errno);
	model_punch(w, e.pos, model_below_end(w->m, e.pos, e.len));
	return look(w, e.pos / PAGE, (e.pos % PAGE + e.len + PAGE - 1) / PAGE);
}

/* Several ranges at once, upwards or downwards; in lock-step they may overlap. */
OP(dead)
{
	struct pagepact_range list[8];
	struct pagepact_dead dead = { .ranges = (uintptr_t)list, .nr = 1 + arg[2] % 8 };
	size_t step = 1 + arg[2] / 8 % 5, size = w->m->size, page, pages;
	unsigned int i;

	if (!size)
		return true;
	for (i = 0; i < dead.nr; i++) {
		page = arg[0] + (arg[1] % 2 ? i : dead.nr - i) * step;
		page = model_own(w, page % size);
		pages = w->m->lanes > 1 ? 1 : MIN(1 + (arg[1] + i) % 8, size - page);
		list[i] = (struct pagepact_range){ page * PAGE, pages * PAGE };
	}
	if (ioctl(w->fd, PAGEPACT_IOC_DEAD, &dead))
		return fail(w->m, "%u ranges of dead pages: errno %d", dead.nr, errno);
	for (i = 0; i < dead.nr; i++)
		model_punch(w, list[i].offset, list[i].len);
	for (i = 0; i < dead.nr; i++)
		if (!look(w, list[i].offset / PAGE, list[i].len / PAGE))
			return false;
	return true;
}

/* Punch, through a mapping. */
OP(remove)
{
	struct range r = range_of(w, arg[0], arg[1], arg[2]);

	if (madvise(r.addr, r.pages * PAGE, MADV_REMOVE)) {
		if (r.slot->locked && errno == EINVAL)
			return true;
		return fail(w->m, "MADV_REMOVE of %zu pages at %zu: errno %d", r.pages, r.page,
			    errno);
	}
	model_punch(w, r.page * PAGE, model_below_end(w->m, r.page * PAGE, r.pages * PAGE));
	return look(w, r.page, r.pages);
}

OP(allocate)
{
	struct extent e = extent_of(w, arg[0], 0, arg[1] * PAGE);
	bool keep = arg[2] & 1;

	if (fallocate(w->fd, keep ? FALLOC_FL_KEEP_SIZE : 0, e.pos, e.len))
		return fail(w->m, "fallocate of %zu at %zu: errno %d", e.len, e.pos, errno);
	if (!keep && (e.pos + e.len) / PAGE > w->m->size)
		model_resize(w, (e.pos + e.len) / PAGE);
	return true;
}

/* Sizes near the end come up as often as all others, and the full size most of all. */
static size_t new_size(struct worker *w, size_t page, uint64_t choice)
{
	size_t pages = w->m->pages;

	page %= pages + 1;
	if (choice % 4 == 0)
		page = pages - page % 16;
	else if (choice % 4 != 1)
		page = pages;
	return w->m->lanes > 1 && page < w->m->tail ? w->m->tail : page;
}

/* A huge frame that is held cannot be cut. */
OP(truncate)
{
	size_t pages = new_size(w, arg[0], arg[1]);
	bool huge = w->m->target == REGION && pages % BLOCK_PAGES &&
		    number_of(w->place->region, "huge_resident") > 0;

	if (ftruncate(w->fd, pages * PAGE)) {
		if (huge && errno == EBUSY)
			return look(w, pages, 2);
		return fail(w->m, "truncate to %zu pages: errno %d", pages, errno);
	}
	model_resize(w, pages);
	return look(w, pages ? pages - 1 : 0, 2);
}

OP(odd_size)
{
	size_t size = new_size(w, arg[0], 1) * PAGE + 1 + arg[1] % (PAGE - 1);

	if (!ftruncate(w->fd, size) || errno != EINVAL)
		return fail(w->m, "truncate to %zu bytes: errno %d, expected EINVAL", size, errno);
	return true;
}

static bool verify_mapped(struct worker *w, unsigned int slot)
{
	struct slot *s = &w->slots[slot];
	bool ended = false;
	size_t i;

	for (i = 0; i < s->pages; i++) {
		size_t page = s->first + i;

		if (!model_owns(w, page))
			continue;
		/* The first page beyond the end is enough. */
		if (page >= w->m->size && ended)
			break;
		ended = page >= w->m->size;
		if (!read_mapped(w, s->addr + i * PAGE, page * PAGE, PAGE))
			return false;
	}
	return true;
}

static bool verify_read(struct worker *w)
{
	unsigned char have[PAGE];
	size_t page;
	ssize_t n;

	for (page = 0; page < w->m->size; page++) {
		if (!model_owns(w, page))
			continue;
		n = pread(w->fd, have, PAGE, page * PAGE);
		if (n != (ssize_t)PAGE)
			return fail(w->m, "read of page %zu: %zd (errno %d)", page, n, errno);
		if (!model_check(w, page * PAGE, have, PAGE, "by read"))
			return false;
	}
	return true;
}

bool verify_all(struct worker *w, unsigned int slot)
{
	if (!verify_mapped(w, 0) || (slot && w->slots[slot].addr && !verify_mapped(w, slot)))
		return false;
	return w->m->target == ANON || verify_read(w);
}

OP(verify)
{
	return verify_all(w, arg[0] % NR_SLOTS);
}
