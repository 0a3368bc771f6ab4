// SPDX-License-Identifier: GPL-2.0-only
/* Threads that make calls, one after the other, until somebody kills them. */
#define _GNU_SOURCE
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "hostile.h"

__thread struct worker *self;
int log_fd = -1;
static unsigned int all_weights;

static unsigned int some_call(struct worker *w)
{
	unsigned int i;

	do {
		uint64_t n = below(&w->rng, all_weights);

		for (i = 0; n >= table[i].weight; i++)
			n -= table[i].weight;
	} while ((table[i].flags & ROOT_ONLY) && w->who != ROOT);
	return i;
}

/* A new call, or one that reached something new, with one argument changed. */
static void choose(struct worker *w, struct call *c)
{
	unsigned int nr = shared->nr_corpus < CORPUS ? shared->nr_corpus : CORPUS, i;

	if (nr && below(&w->rng, 3) == 0) {
		*c = shared->corpus[below(&w->rng, nr)];
		if (!(table[c->number].flags & ROOT_ONLY) || w->who == ROOT) {
			c->draw[below(&w->rng, MAX_ARGS)] = next(&w->rng);
			return;
		}
	}
	c->number = some_call(w);
	for (i = 0; i < MAX_ARGS; i++)
		c->draw[i] = next(&w->rng);
}

static void print_entry(FILE *out, const char *who, unsigned int slot, const struct ring_entry *e)
{
	unsigned int i;

	fprintf(out, "%s %u %s(", who, slot, table[e->call.number].name);
	for (i = 0; i < MAX_ARGS; i++)
		fprintf(out, "%s%#lx", i ? ", " : "", e->arg[i]);
	if (e->state == 1)
		fprintf(out, ") ...\n");
	else
		fprintf(out, ") = %ld\n", e->result);
}

static const char *const names[] = { "root", "user", "userns" };

/* The last calls of all threads; what runs at this moment ends with "...". */
void print_ring(FILE *out)
{
	unsigned int slot, i;

	for (slot = 0; slot < MAX_SLOTS; slot++) {
		struct ring *ring = &shared->ring[slot];
		unsigned int n = ring->n;

		for (i = n < RING / 2 ? 0 : n - RING / 2; i < n; i++)
			print_entry(out, names[ring->who], slot, &ring->entry[i % RING]);
	}
}

/* The texts among the arguments, as far as they fit a line. */
static void print_texts(FILE *out, struct worker *w, const struct ring_entry *e)
{
	unsigned int i, j;

	for (i = 0; i < MAX_ARGS; i++) {
		const char *text = (const char *)e->arg[i];

		if (text < w->text[0] || text >= w->text[0] + sizeof(w->text))
			continue;
		fputc('"', out);
		for (j = 0; j < 60 && text[j]; j++)
			fputc(text[j] < ' ' ? '?' : text[j], out);
		fputs("\" ", out);
	}
}

/* Before the call, in a file outside of this host, which may not survive it. */
static void log_call(struct worker *w, const struct ring_entry *e)
{
	char line[1024];
	FILE *out = fmemopen(line, sizeof(line), "w");

	if (!out)
		return;
	print_texts(out, w, e);
	print_entry(out, names[w->who], w->ring - shared->ring, e);
	fclose(out);
	if (write(log_fd, line, strnlen(line, sizeof(line))) < 0)
		log_fd = -1;
}

static bool writes(uint64_t flags)
{
	return !(flags & O_PATH) && (flags & (O_ACCMODE | O_TRUNC));
}

/* mount(2) that makes or changes a super block, not only the caller's own view. */
static bool mounts(const struct description *d, const uint64_t *a)
{
	uint64_t view = MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

	if (d->nr != SYS_mount)
		return true;
	return a[3] & MS_REMOUNT ? !(a[3] & MS_BIND) : !(a[3] & view);
}

/* A user was let do what only root may. */
static bool forbidden(struct worker *w, const struct description *d, const uint64_t *a)
{
	if (w->who == ROOT)
		return false;
	if (w->hidden)
		return true;
	/* Renaming a file to itself does nothing, and anybody may. */
	if (d->nr == SYS_rename && !strcmp(w->text[0], w->text[1]))
		return false;
	if (d->nr == SYS_renameat2 && !strcmp(w->text[1], w->text[3]))
		return false;
	if (w->guarded && (d->flags & CHANGES || (d->flags & OPENS && !(a[2] & O_PATH))))
		return true;
	if (w->sysfs && (d->flags & CHANGES || (d->flags & OPENS && writes(a[2]))))
		return true;
	return d->flags & MOUNTS && mounts(d, a);
}

static void complain(struct worker *w, const char *what, const struct ring_entry *e)
{
	FILE *out;

	if (atomic_fetch_add(&shared->violations, 1))
		return;
	out = fmemopen(shared->violation, sizeof(shared->violation), "w");
	if (!out)
		return;
	fprintf(out, "after %.1f s %s: ", now() - shared->began, what);
	print_texts(out, w, e);
	print_entry(out, names[w->who], w->ring - shared->ring, e);
	fclose(out);
}

/* Nobody but the victim has pages with its word. */
bool stolen(const struct worker *w)
{
	uint64_t word = VICTIM_WORD;

	return memmem(w->data, DATA, &word, sizeof(word));
}

static long perform(const struct description *d, struct worker *w, uint64_t *a)
{
	if (d->act)
		return d->act(w, a);
	return syscall(d->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void one_call(struct worker *w)
{
	struct ring_entry *e = &w->ring->entry[w->ring->n % RING];
	const struct description *d;
	unsigned int i, group = w->who != ROOT;
	uint64_t a[MAX_ARGS] = { 0 };

	e->state = 0;
	choose(w, &e->call);
	d = &table[e->call.number];
	w->hidden = w->guarded = w->sysfs = false;
	for (i = 0; i < MAX_ARGS; i++)
		a[i] = e->arg[i] = make_arg(w, d, i, e->call.draw[i], a);
	e->state = 1;
	atomic_fetch_add(&w->ring->n, 1);
	if (log_fd >= 0)
		log_call(w, e);
	cover_begin(w);
	e->result = perform(d, w, a);
	if (cover_end(w))
		shared->corpus[atomic_fetch_add(&shared->nr_corpus, 1) % CORPUS] = e->call;
	e->state = 2;
	atomic_fetch_add(&shared->tried[group][e->call.number], 1);
	if (e->result < 0)
		return;
	atomic_fetch_add(&shared->worked[group][e->call.number], 1);
	if (forbidden(w, d, e->arg))
		complain(w, "a user was let do", e);
	if (d->flags & READS && stolen(w)) {
		complain(w, "bytes of the victim's were read by", e);
		memset(w->data, 0, DATA);
	}
	if (d->flags & (GIVES_FD | GIVES_CONTEXT) && e->result > 2)
		keep_fd(&w->rng, e->result, d->flags & GIVES_CONTEXT);
}

static void on_fault(int sig)
{
	if (self && self->armed)
		siglongjmp(self->caught, sig);
	atomic_fetch_add(&shared->crashes, 1);
	_exit(99);
}

static void *worker_main(void *arg)
{
	self = arg;
	cover_enable(self);
	while (!shared->stop)
		one_call(self);
	return NULL;
}

static void limit(int what, rlim_t n)
{
	setrlimit(what, &(struct rlimit){ n, n });
}

static struct worker *worker_make(enum who who, unsigned int slot, uint64_t generation)
{
	struct worker *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (w == MAP_FAILED)
		die("worker");
	w->who = who;
	w->rng.state = mix(seed + slot * 1000003 + generation * 7919);
	w->ring = &shared->ring[slot];
	w->ring->who = who;
	w->ring->n = 0;
	for (i = 0; i < DATA; i++)
		w->data[i] = i / 512;
	cover_open(w);
	return w;
}

/* The arena, and behind it as much again into which a call may reach. */
static void arena_make(void)
{
	arena = mmap((void *)0x200000000000, 2 * ARENA_BYTES + MIB, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (arena == MAP_FAILED || pipe2(pipe_fds, O_NONBLOCK))
		die("arena");
}

void attack(enum who who, unsigned int first_slot, unsigned int threads, uint64_t generation)
{
	struct sigaction fault = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	struct worker *workers[MAX_SLOTS];
	pthread_t thread;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	limit(RLIMIT_NOFILE, 128);
	limit(RLIMIT_AS, 1024 * MIB);
	limit(RLIMIT_CORE, 0);
	for (i = 0; i < NR_FDS; i++)
		fds[i] = -1;
	for (i = all_weights = 0; i < nr_calls; i++)
		all_weights += table[i].weight;
	for (i = 0; i < threads; i++)
		workers[i] = worker_make(who, first_slot + i, generation);
	arena_make();
	place_enter(who);
	for (i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, worker_main, workers[i]))
			die("thread");
	worker_main(workers[0]);
}
