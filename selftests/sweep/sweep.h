/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * failsweep - makes the first, the second, the third ... allocation of an operation fail, or its
 * reads and writes of a disk, until it needs no more, and demands after each failure that nothing
 * has changed.
 *
 * An operation is a line in one of the tables at the ends of files.c, pages.c, devices.c, admin.c.
 * What fails is an injector's business (inject.c): another kind of failure is another injector.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "../progs/check.h"

#define POOL	"/pool"
#define DOMAIN	POOL "/dom"
#define REGION	DOMAIN "/one"
#define OTHER	DOMAIN "/two"
#define SYSFS	"/sys/fs/pagepact"
#define VALUES	SYSFS "/vms"

/* The region: pages of four kinds in turn, and holes behind them. */
#define PAGES	32
#define HOLES	24 /* first page that is a hole */
#define TEXT	0  /* first page of each kind */
#define RANDOM	1
#define SAME	2
#define ZERO	3

/* Needs no memory at all: the operation may have no point of failure. */
#define NEEDS_NOTHING	1
/* Tolerates that everything fails from a point on; not so page faults, which the kernel repeats. */
#define PERSISTENT	2
/* Reads or writes the device. */
#define DOES_IO		8
/* May succeed although an allocation failed, and then leaves the old state: reads. */
#define KEEPS		4

/**
 * struct op - one operation
 * @name: what is done
 * @flags: see above
 * @prepare: makes the state that the operation starts from; NULL: standing()
 * @run: the operation. Return: 0 or an errno.
 * @expect: after success: changes the image (want) in the same way; NULL: bytes stay
 * @good: after success: further checks, or NULL
 * @undo: after success, before the next prepare; or NULL
 * @errors: what may be returned, 0 at the end; NULL: ENOMEM alone
 * @drift: names of values that a failure may change, and
 * @why: the reason
 * @stride: only each so many-th point, 0 = each; the seed says which of them is the first
 */
struct op {
	const char *name;
	unsigned int flags;
	void (*prepare)(void);
	int (*run)(void);
	void (*expect)(void);
	bool (*good)(void);
	void (*undo)(void);
	const int *errors;
	const char *drift;
	const char *why;
	unsigned int stride;
};

/**
 * struct injector - a kind of failure
 * @name: for the log
 * @needs: PERSISTENT: fails from the n-th time on, not only the n-th time; or DOES_IO
 * @begin: Return: false when this kernel does not have it
 * @arm: from now on the @n-th time fails
 * @disarm: no more failures. Return: true when there was one.
 */
struct injector {
	const char *name;
	unsigned int needs;
	bool (*begin)(void);
	void (*arm)(unsigned int n);
	bool (*disarm)(void);
};

/* inject.c */
extern const struct injector *const injectors[];
void fail_randomly(unsigned int percent);
unsigned long random_failures(void);
void may_fail(long pid, bool yes);

/* state.c */
#define MAX_VALUES 64
#define VALUE_TEXT 240
struct state {
	unsigned int nr;
	char name[MAX_VALUES][48];
	char text[MAX_VALUES][VALUE_TEXT];
};
extern uint8_t want[PAGES * PAGE];
extern int fd;		/* the region, or -1 */
extern uint8_t *map;	/* its mapping */
extern const char *const knobs[];
void state_read(struct state *s);
bool state_same(const struct state *a, const struct state *b, const char *drift, bool *drifted);
bool content_right(void);
void write_value(const char *dir, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *region_values(void);

/* state.c: what operations start from */
void load(void);
void unload(void);
void mounted(void);
void unmounted(void);
void standing(void);	/* the region exists, its pages are frames, mapped by nobody */
void stored(void);	/* all of it is evicted */
void copied(void);	/* read back since: frames with kept copies, mapped read-only */
void take_away(void);	/* the region, and the domain */

/* Runs @op under every injector that it takes; prints one result. */
void sweep(const struct op *op);
/* An errno from a system call's result. */
static inline int result(long ret)
{
	return ret < 0 ? errno : 0;
}

/* pages.c. Return: 0 or an errno; EILSEQ: a wrong byte. */
int populate(size_t first, size_t nr, int advice);
int touch(size_t page, bool write);
int get(size_t page);

extern const struct op admin_ops[], remount_ops[], file_ops[], page_ops[], device_ops[];
void sweep_values(void);
void background(unsigned int seconds);

#endif /* SWEEP_H */
