/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memmodel: random operations on shared memory, checked byte for byte against a model.
 *
 * A run has a model, shared by its processes, and some workers: processes that have the memory
 * under test mapped each in its own way. In lock-step a controller tells one worker at a time
 * which operation to do, so that a list of operations can be played again. In concurrent mode
 * every worker makes up its own operations, on pages that are its own: page by page in turn, so
 * that neighbours belong to different processes; the last worker, the agent, owns the tail of
 * the memory too and does what concerns all pages (eviction, limits, truncation).
 *
 * model.c: what the memory must contain. run.c: generator, workers, replay. ops.c: the table of
 * operations, which are in bytes.c, maps.c and outside.c. minimize.c: shortens a failing list.
 */
#ifndef MODEL_H
#define MODEL_H

#include <limits.h>
#include <setjmp.h>
#include <sys/types.h>
#include "../progs/check.h"

#define MAX_WORKERS 8
#define NR_SLOTS 4 /* mappings of a worker; the first is always there, of all pages */
#define NR_PINS 2 /* pipes of a worker that may hold pages */
#define PIN_PAGES 4
#define BLOCK_PAGES 512 /* of a region: a huge frame is a whole one */
#define SCRATCH_PAGES 16 /* of a worker in the scratch file */
#define NR_ARGS 4
#define LINE 160

#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* What the memory under test is. */
enum target {
	REGION = 1, /* a file of a pool */
	PLAIN = 2, /* a memfd, or another file */
	ANON = 4, /* private anonymous memory */
};

/*
 * Pages that a pipe holds. It sees what is written to them, until a punch or truncation takes
 * them from the memory under test. A punch of a huge frame does not: it writes zeros there, unless
 * the file ends before it. Whether a page is in one is not known, so both is right then.
 */
struct pin {
	bool held;
	size_t page, pages;
	bool attached[PIN_PAGES];
	bool maybe_zero[PIN_PAGES]; /* may be the zero page of a hole, which stays zero */
	bool stays[PIN_PAGES]; /* if in a huge frame: still seen */
	bool maybe_stayed[PIN_PAGES]; /* @in_huge may be what it is */
	unsigned char bytes[PIN_PAGES * PAGE];
	unsigned char in_huge[PIN_PAGES * PAGE];
};

/*
 * struct model - what all processes of a run share
 * @pages: of the memory, at most
 * @size: pages below the end of the file now
 * @tail: pages from here on are the agent's (concurrent mode)
 * @lanes: owners that pages have in turn; 1: everybody owns everything (lock-step)
 * @locked: mappings locked by mlock now
 * @limits: bytes that pool and region are limited to now, or 0
 * @failed: somebody has something in @failure
 * @culprit: the operation that failed, "" for none in particular
 * @stop: everybody is to end
 * @current: what each worker does
 * @base: where each worker has mapped everything
 * @bytes: what the memory must contain
 * @versions: of the last write of each full page
 */
struct model {
	enum target target;
	uint64_t seed;
	size_t pages, size, tail;
	unsigned int workers, lanes;
	unsigned int locked;
	unsigned long long limits[2];
	int failed, stop;
	char failure[2048], culprit[LINE];
	char current[MAX_WORKERS][LINE];
	unsigned long ops[MAX_WORKERS];
	pid_t pid[MAX_WORKERS];
	unsigned char *base[MAX_WORKERS];
	struct pin pins[MAX_WORKERS][NR_PINS];
	unsigned char scratch[MAX_WORKERS * SCRATCH_PAGES * PAGE];
	unsigned char *bytes;
	uint64_t *versions;
};

/* Where things are; "" where there is none. */
struct place {
	const char *path; /* of the memory under test */
	const char *scratch;
	char pool[PATH_MAX], region[PATH_MAX]; /* directories in sysfs */
	char cgroup[PATH_MAX]; /* of this process, if it has memory.reclaim */
	long long compressed; /* bytes of the pool before the run: what others have, or left */
};

struct slot {
	unsigned char *addr; /* NULL: not mapped */
	size_t first, pages;
	bool readonly, locked;
};

/* One process that does operations. */
struct worker {
	struct model *m;
	const struct place *place;
	unsigned int id;
	bool agent;
	int fd, scratch;
	struct slot slots[NR_SLOTS];
	int pipes[NR_PINS][2];
};

/* --- model.c --- */

struct model *model_new(enum target target, uint64_t seed, size_t pages, unsigned int workers,
			bool concurrent);
void model_free(struct model *m);
bool model_owns(const struct worker *w, size_t page);
/* The next page at or before @page that @w owns. */
size_t model_own(const struct worker *w, size_t page);
/* Content of a whole page, by its version: stamped, of several kinds. */
void model_compose(const struct model *m, void *out, size_t page, uint64_t version);
/* Bytes for a part of a page or several. */
void model_fill(const struct model *m, void *out, size_t len, uint64_t version);
/* @w has written; pins see it. */
void model_write(struct worker *w, size_t pos, const void *bytes, size_t len);
void model_write_page(struct worker *w, size_t page, uint64_t version);
/* Punched: whole pages are gone, parts are zeroed. */
void model_punch(struct worker *w, size_t pos, size_t len);
void model_resize(struct worker *w, size_t pages);
/* The part of [pos, pos + len) below the end of the file. */
size_t model_below_end(const struct model *m, size_t pos, size_t len);
/* Complains unless @have is what [pos, pos + len) must contain. */
bool model_check(struct worker *w, size_t pos, const void *have, size_t len, const char *how);
/* Tells of the first failure only. Return: false. */
__attribute__((format(printf, 2, 3)))
bool fail(struct model *m, const char *format, ...);

/* --- bytes.c --- */

/* memcpy() that survives a fault. Return: 0, or the signal. */
int guarded_copy(void *to, const void *from, size_t len, int *code);
bool verify_all(struct worker *w, unsigned int slot);

/* Part of a mapping that an operation works on. */
struct range {
	struct slot *slot;
	size_t page, pages;
	unsigned char *addr;
};
struct range range_of(struct worker *w, uint64_t slot, uint64_t page, uint64_t pages);

/* Part of the file in bytes. */
struct extent {
	size_t pos, len;
};
struct extent extent_of(struct worker *w, uint64_t page, uint64_t offset, uint64_t len);

/* --- outside.c --- */

bool place_find(struct place *place, int fd);
/* All settings of the pool as they are when a run begins. */
void place_reset(struct place *place);
bool check_gauges(struct worker *w);
/* Everything is punched: nothing may be left in the pool. */
bool check_empty(struct worker *w);
bool lift_limits(struct worker *w);

/* --- ops.c --- */

enum arg_kind {
	NO_ARG,
	SLOT, /* a mapping of the worker */
	AT, /* a page */
	PAGES, /* some pages */
	OFFSET, /* a byte in the page */
	LENGTH, /* of a write, in bytes */
	SPAN, /* to be given back, in bytes */
	VERSION, /* of what is written */
	PEER, /* another worker */
	HOLD, /* which pipe */
	BLOCK, /* page of the scratch file */
	WHERE, /* 0 the pool, 1 the region */
	LIMIT, /* pages, 0 none */
	AMOUNT, /* pages to evict */
	CHOICE, /* of whatever the operation has to choose from */
};

enum op_flags {
	NEEDS_POOL = 1,
	NEEDS_CGROUP = 2,
	AGENT_ONLY = 4, /* concurrent mode: concerns all pages */
	LOCKSTEP_ONLY = 8,
	ON_REGION = REGION << 8,
	ON_FILES = (REGION | PLAIN) << 8,
	ON_ALL = (REGION | PLAIN | ANON) << 8,
};

/*
 * struct op - one operation
 * @name: in lists
 * @weight: how often, relative to others
 * @flags: where it applies
 * @run: does it, checks it, and updates the model. It must be right in any state, because a
 *	list may be edited or shortened.
 * @args: what its arguments mean, for the generator and for lists
 */
struct op {
	const char *name;
	unsigned int weight, flags;
	bool (*run)(struct worker *w, const uint64_t *arg);
	enum arg_kind args[NR_ARGS];
};

/* One operation of a list. */
struct call {
	unsigned int worker;
	const struct op *op;
	uint64_t arg[NR_ARGS];
};

struct generator {
	const struct model *m;
	const struct place *place;
	uint64_t state, versions, page;
	unsigned int worker, count;
	bool agent;
};

uint64_t chance(struct generator *g);
struct call call_make(struct generator *g);
/* None of these is made up (names with commas between them); false: there is no such operation. */
bool ops_leave_out(const char *names);
/* The call as one line, which call_parse() reads. */
void call_print(const struct call *call, char *line);
bool call_parse(struct call *call, const char *line);

/* --- run.c --- */

struct options {
	const char *target_name, *list, *without;
	enum target target;
	uint64_t seed;
	unsigned long ops;
	double seconds;
	size_t pages;
	unsigned int workers, threads;
	struct place place;
};

struct list {
	struct call *calls;
	size_t nr, room;
};

struct result {
	bool failed;
	unsigned long done; /* operations, the failed one included */
	double seconds;
	char failure[2048], culprit[LINE];
};

double seconds_now(void);
void list_add(struct list *list, const struct call *call);
bool list_save(const struct list *list, const struct options *o, const char *file);
bool list_load(struct list *list, struct options *o, const char *file);
/* Generates when @play is false, and adds to @list; else plays @list. */
struct result run_lockstep(struct options *o, struct list *list, bool play);
struct result run_concurrent(struct options *o);

/* --- minimize.c --- */

/*
 * Leaves in @list what still fails like @failure, as far as @seconds allow. Return: how often it
 * was tried.
 */
unsigned int minimize(struct options *o, struct list *list, const char *failure, double seconds);

#endif /* MODEL_H */
