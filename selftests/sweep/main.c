// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sweep itself, see sweep.h. failsweep SECONDS-OF-BACKGROUND [NAME-PART...]
 *
 * Where not every point is tried, others are in each run; SWEEP_SEED=N tries those of that seed.
 */
#include <sys/mman.h>
#include <time.h>
#include "sweep.h"

#define MAX_POINTS	20000
#define MAX_COMPLAINTS	3

static char **only;
static uint64_t seed;
static struct state before, after;

struct tally {
	unsigned int points, failed, survived, bad;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static bool error_allowed(const struct op *op, int err)
{
	const int *e;

	if (!op->errors)
		return err == ENOMEM;
	for (e = op->errors; *e; e++)
		if (*e == err)
			return true;
	return false;
}

/* Return: false when the operation failed and left traces, or with a wrong error. */
static bool failure_right(const struct op *op, int err, bool hit, bool *dirty)
{
	bool good = true;

	if (!hit || !error_allowed(op, err)) {
		printf("error %d (%s)%s\n", err, strerror(err),
		       hit ? "" : " although nothing failed");
		good = false;
	}
	state_read(&after);
	good &= state_same(&before, &after, op->drift, dirty);
	return content_right() && good;
}

static bool success_right(const struct op *op)
{
	bool good, drifted;

	if (op->expect)
		op->expect();
	good = content_right() && (!op->good || op->good());
	if (op->flags & KEEPS) {
		state_read(&after);
		good &= state_same(&before, &after, op->drift, &drifted);
	}
	return good;
}

/* Return: true when the n-th point of failure exists. */
static bool attempt(const struct op *op, const struct injector *inject, unsigned int n,
		    bool *dirty, struct tally *t)
{
	bool hit, good;
	int err;

	if (*dirty) {
		(op->prepare ? op->prepare : standing)();
		state_read(&before);
		*dirty = false;
	}
	inject->arm(n);
	err = op->run();
	hit = inject->disarm();
	if (err) {
		t->failed++;
		good = failure_right(op, err, hit, dirty);
	} else {
		t->survived += hit;
		good = success_right(op);
		if (op->undo)
			op->undo();
		*dirty = true;
	}
	if (!good && t->bad++ < MAX_COMPLAINTS)
		printf("%s, %s: that was point %u (%s)\n", op->name, inject->name, n,
		       err ? strerror(err) : "success");
	*dirty |= !good;
	return hit;
}

static void sweep_one(const struct op *op, const struct injector *inject, struct tally *all)
{
	unsigned int stride = op->stride ? op->stride : 1;
	unsigned int first = mix(seed) % stride + 1, n = first;
	struct tally t = {};
	bool dirty = true;
	double start = now();

	while (attempt(op, inject, n, &dirty, &t) && n < MAX_POINTS && t.bad < 10) {
		t.points++;
		n += stride;
	}
	if (n >= MAX_POINTS)
		t.bad++;
	printf("op %s: %s: %u points of failure", op->name, inject->name, t.points);
	if (stride > 1)
		printf(" (from %u, each %u. one)", first, stride);
	printf(", %u failed, %u coped (%.1f s)\n", t.failed, t.survived, now() - start);
	fflush(stdout);
	all->points += t.points;
	all->bad += t.bad;
	all->failed += t.failed;
	all->survived += t.survived;
}

static bool chosen(const char *name)
{
	char **part;

	for (part = only; *part; part++)
		if (strstr(name, *part))
			return true;
	return !*only;
}

void sweep(const struct op *op)
{
	const struct injector *const *inject;
	struct tally all = {};

	if (!chosen(op->name))
		return;
	for (inject = injectors; *inject; inject++)
		if (!(*inject)->needs || (op->flags & (*inject)->needs))
			sweep_one(op, *inject, &all);
	check(!all.bad && (all.points || (op->flags & NEEDS_NOTHING)), "%s: %u points, %u bad%s%s",
	      op->name, all.points, all.bad, all.points ? "" : ", none found",
	      op->why ? op->why : "");
}

static void sweep_table(const struct op *op)
{
	for (; op->name; op++)
		sweep(op);
}

static void nothing_left(void)
{
	static const char *const gauges[] = {
		"resident", "standby", "stored", "compressed", "slots", "slots_saved", "metadata",
		"promised",
	};
	unsigned int i, left = 0;

	mounted();
	take_away();
	for (i = 0; i < sizeof(gauges) / sizeof(*gauges); i++)
		left += !!number_of(VALUES, gauges[i]);
	check(!left, "nothing is left of what was swept over");
}

static void leave(void)
{
	nothing_left();
	unmounted();
	unload();
}

int main(int argc, char **argv)
{
	const struct injector *const *inject;
	const char *text = getenv("SWEEP_SEED");

	if (argc < 2)
		return 2;
	only = argv + 2;
	seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
	printf("SWEEP_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	for (inject = injectors; *inject; inject++)
		if (!(*inject)->begin())
			die("%s: not on this kernel", (*inject)->name);
	/* A page fault of the program's own must not take what is meant for the operation. */
	if (mlockall(MCL_CURRENT))
		die("mlockall");
	sweep_table(admin_ops);
	/* The working memory of zstd stays until the module goes: two sweeps, two loads. */
	sweep_table(remount_ops);
	leave();
	sweep_table(file_ops);
	sweep_table(page_ops);
	sweep_table(device_ops);
	sweep_values();
	if (chosen("background"))
		background(atoi(argv[1]));
	leave();
	return check_failures ? 1 : 0;
}
