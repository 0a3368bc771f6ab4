/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostile: a fuzzer for what a user can reach of the module. See main.c for what it does.
 *
 * A call is one line of a table (table.c): a name, a system call or a function, and the kinds of
 * its arguments. What is kept of a call that was made is its number and one 64-bit "draw" for each
 * argument, from which args.c makes the value. So a call is logged, replayed and mutated as seven
 * words, whatever its arguments are.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <setjmp.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include "../progs/check.h"

#define MAX_ARGS	6
#define MAX_CALLS	128
#define MAX_SLOTS	32
#define MAX_NAMES	80
#define NR_FDS		16
#define NR_CONTEXTS	4	/* the last of them: what fsopen, fspick, fsmount gave */
#define NR_POOLS	4
#define NR_DISKS	2
#define DATA		65536UL
#define MIB		(1UL << 20)
#define ARENA_BYTES	(32 * MIB)
#define RING		32
#define CORPUS		4096
#define COVER_BYTES	(1UL << 20)

/* Every 512 bytes of the victim's pages begin with it, and nobody else ever writes it. */
#define VICTIM_WORD	0x7654321fedcba987ull

struct rng {
	uint64_t state;
};

static inline uint64_t next(struct rng *r)
{
	return mix(r->state += 0x9e3779b97f4a7c15ull);
}

static inline uint64_t below(struct rng *r, uint64_t n)
{
	return next(r) % n;
}

/* Who makes calls. */
enum who {
	ROOT,		/* root of the host, in a mount namespace of its own */
	USER,		/* uid 65534, no capabilities */
	USERNS,		/* the same, root in a user namespace */
	NR_WHO
};

struct call {
	uint16_t number;
	uint64_t draw[MAX_ARGS];
};

struct ring_entry {
	struct call call;
	uint64_t arg[MAX_ARGS];
	long result;
	int state;	/* 1 while it runs, 2 afterwards */
};

struct ring {
	atomic_uint n;
	enum who who;
	struct ring_entry entry[RING];
};

/* Seen by all processes. */
struct shared {
	atomic_bool stop;
	double began;
	atomic_ulong tried[2][MAX_CALLS], worked[2][MAX_CALLS];
	atomic_uint violations, crashes;
	char violation[256];
	/* The victim's. */
	atomic_ulong rounds, wrong;
	char wrong_text[256];
	uint64_t victim_ino[2];
	struct ring ring[MAX_SLOTS];
	/* One bit for each byte of the module's code that a coverage point was seen at. */
	atomic_uchar covered[COVER_BYTES / 8];
	atomic_uint nr_corpus;
	struct call corpus[CORPUS];
};

/* One thread that makes calls. */
struct worker {
	enum who who;
	struct rng rng;
	struct ring *ring;
	int kcov_fd;
	uint64_t *kcov;
	/* What the arguments of the call at hand are about; see forbidden(). */
	bool hidden, guarded, sysfs;
	sigjmp_buf caught;
	volatile bool armed;
	/* Arguments that are pointers. */
	char data[DATA];
	char text[MAX_ARGS][8192];
	size_t text_len[MAX_ARGS];
	int64_t number[MAX_ARGS];
	struct iovec iov[MAX_ARGS][4];
};

enum kind {
	NOTHING = 0,
	CONST,		/* n itself */
	ONE,		/* one of set, seldom anything else */
	EXACTLY,	/* one of set, never anything else */
	ANY,		/* several of set joined by or, seldom unknown bits as well */
	FD, CONTEXT, DIRFD, PATH, MODE, OFF, OFFP, LEN, SIZE, IOLEN, BUF, IOV,
	ADDR, ALEN, PIPE_IN, PIPE_OUT, NUMBER, WORD,
	POOL_NAME, POOL_DIR, FS_NAME, MOUNT_FLAGS, OPTIONS, KEY, VALUE, KNOB,
};

struct arg {
	enum kind kind;
	const uint64_t *set;
	uint64_t n;
};

/* What a call is, beside its arguments. */
#define GIVES_FD	1	/* its result goes into the table of descriptors */
#define CHANGES		2	/* changes what a path names */
#define OPENS		4	/* opens it, with flags in the third argument */
#define MOUNTS		8	/* success means that a pool was mounted or set */
#define ROOT_ONLY	16
#define GIVES_CONTEXT	64
#define READS		32	/* fills worker->data */

struct description {
	const char *name;
	long nr;
	long (*act)(struct worker *w, uint64_t *a);
	unsigned int weight, flags;
	struct arg arg[MAX_ARGS];
};

extern struct shared *shared;
extern const struct description table[];
extern const unsigned int nr_calls;
extern uint64_t seed;

/* main.c: seconds since some moment */
double now(void);

/* The descriptors and the memory that the threads of a process share. */
extern atomic_int fds[NR_FDS];
extern int pipe_fds[2];
extern char *arena;
extern __thread struct worker *self;

/* Files in sysfs of a pool and of a region, found at the start. */
extern char pool_files[MAX_NAMES][32], region_files[MAX_NAMES][32];
extern unsigned int nr_pool_files, nr_region_files;

/* args.c: the value of an argument of kind @a for @draw; @i says which argument it is */
uint64_t make_arg(struct worker *w, const struct description *d, unsigned int i, uint64_t draw,
		  const uint64_t *before);
void keep_fd(struct rng *r, int fd, bool context);

/* run.c: what a process does until it is killed */
void attack(enum who who, unsigned int first_slot, unsigned int threads, uint64_t generation);
void print_ring(FILE *out);
extern int log_fd;

/* place.c: where it does it */
void place_prepare(const char *mount);
void place_enter(enum who who);
void place_calm(void);

/* victim.c */
void victim_run(const char *mount) __attribute__((noreturn));

/* cover.c */
void cover_init(void);
void cover_open(struct worker *w);
void cover_enable(struct worker *w);
void cover_begin(struct worker *w);
bool cover_end(struct worker *w);
void cover_report(const char *module);

/* acts.c: calls that are more than a system call */
/* The victim's word is in what @w read. */
bool stolen(const struct worker *w);

long act_region(struct worker *w, uint64_t *a);
long act_touch(struct worker *w, uint64_t *a);
long act_fork(struct worker *w, uint64_t *a);
long act_dead(struct worker *w, uint64_t *a);
long act_close(struct worker *w, uint64_t *a);
long act_knob_write(struct worker *w, uint64_t *a);
long act_knob_read(struct worker *w, uint64_t *a);
long act_pool(struct worker *w, uint64_t *a);
long act_device(struct worker *w, uint64_t *a);
long act_undevice(struct worker *w, uint64_t *a);
long act_userfault(struct worker *w, uint64_t *a);
long act_cgroup(struct worker *w, uint64_t *a);
long act_vm_readv(struct worker *w, uint64_t *a);

#endif /* HOSTILE_H */
