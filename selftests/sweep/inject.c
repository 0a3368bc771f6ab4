// SPDX-License-Identifier: GPL-2.0-only
/* Ways to make something fail; all are the kernel's own (its fault-injection document). */
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "sweep.h"

#define DEBUGFS	"/sys/kernel/debug/"
#define PLENTY	INT_MAX
#define SLAB_STEP 512

static const char *const kinds[] = { "failslab", "fail_page_alloc" };
static int nth_fd = -1, self_fd = -1;

static bool attribute(const char *kind, const char *name, long long value)
{
	char dir[64], text[32];

	snprintf(dir, sizeof(dir), DEBUGFS "%s", kind);
	snprintf(text, sizeof(text), "%lld", value);
	return !set_text(dir, name, text);
}

static long long attribute_of(const char *kind, const char *name)
{
	char dir[64];

	snprintf(dir, sizeof(dir), DEBUGFS "%s", kind);
	return number_of(dir, name);
}

/* What every kind of failure wants: no allocation excepted, nothing printed. */
static bool open_up(void)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		set_text(i ? DEBUGFS "fail_page_alloc" : DEBUGFS "failslab", "ignore-gfp-wait",
			 "N");
		good &= attribute(kinds[i], "probability", 0) &&
			attribute(kinds[i], "verbose", 0) && attribute(kinds[i], "interval", 1);
		set_text(i ? DEBUGFS "fail_page_alloc" : DEBUGFS "failslab", "task-filter", "Y");
	}
	attribute("fail_usercopy", "verbose", 0);
	set_text(DEBUGFS "failslab", "cache-filter", "N");
	set_text(DEBUGFS "fail_page_alloc", "ignore-gfp-highmem", "N");
	return good && attribute("fail_page_alloc", "min-order", 0);
}

/* --- the n-th allocation, or copy from or to user memory, of this task ------ */

static bool nth_begin(void)
{
	if (nth_fd < 0)
		nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	return nth_fd >= 0 && open_up();
}

static void nth_write(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	/* What disarms may itself be hit. */
	while (pwrite(nth_fd, text, len, 0) != len)
		;
}

static bool nth_disarm(void)
{
	char text[16] = "";
	/* If one was left, it is this read's own copy that fails. */
	bool hit = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	nth_write(0);
	return hit;
}

/* --- all allocations of this task from the n-th on --------------------------- */

/* Opened before: while it is on, opening it may fail. */
static void may_fail_myself(bool yes)
{
	if (pwrite(self_fd, yes ? "1" : "0", 1, 0) != 1)
		die("make-it-fail");
}

static bool from_nth_begin(void)
{
	if (self_fd < 0)
		self_fd = open("/proc/self/make-it-fail", O_RDWR);
	return self_fd >= 0 && open_up();
}

static void from_nth_arm(const char *kind, unsigned int space)
{
	attribute(kind, "space", space);
	attribute(kind, "times", PLENTY);
	attribute(kind, "probability", 100);
	may_fail_myself(true);
}

static bool from_nth_disarm(const char *kind)
{
	may_fail_myself(false);
	attribute(kind, "probability", 0);
	return attribute_of(kind, "times") != PLENTY;
}

static void pages_arm(unsigned int n)
{
	from_nth_arm("fail_page_alloc", n);
}

static bool pages_disarm(void)
{
	return from_nth_disarm("fail_page_alloc");
}

/* Slab's measure is bytes. */
static void slabs_arm(unsigned int n)
{
	from_nth_arm("failslab", (n - 1) * SLAB_STEP);
}

static bool slabs_disarm(void)
{
	return from_nth_disarm("failslab");
}

/* --- the n-th read or write of the disk that is the device, whoever makes it ---------- */

static const char disk_failures[] = "fail_make_request";

static bool io_begin(void)
{
	struct stat st;
	char dir[64];

	if (stat(getenv("SWEEP_DISK"), &st))
		return false;
	snprintf(dir, sizeof(dir), "/sys/dev/block/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return !set_text(dir, "make-it-fail", "1") && attribute(disk_failures, "probability", 0) &&
	       attribute(disk_failures, "verbose", 0) && attribute(disk_failures, "interval", 1);
}

/* Its measure is bytes, too. */
static void io_arm(unsigned int n)
{
	attribute(disk_failures, "space", (n - 1) * PAGE);
	attribute(disk_failures, "times", 1);
	attribute(disk_failures, "probability", 100);
}

static bool io_disarm(void)
{
	attribute(disk_failures, "probability", 0);
	return !attribute_of(disk_failures, "times");
}

/* --- now and then, in whoever may fail --------------------------------------- */

void may_fail(long pid, bool yes)
{
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%ld", pid);
	set_text(dir, "make-it-fail", yes ? "1" : "0");
}

void fail_randomly(unsigned int percent)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		attribute(kinds[i], "space", 0);
		attribute(kinds[i], "times", PLENTY);
		attribute(kinds[i], "probability", percent);
	}
}

unsigned long random_failures(void)
{
	return 2UL * PLENTY - attribute_of(kinds[0], "times") - attribute_of(kinds[1], "times");
}

static const struct injector nth = {
	.name = "one fails", .begin = nth_begin, .arm = nth_write, .disarm = nth_disarm,
};

static const struct injector pages = {
	.name = "no more pages", .needs = PERSISTENT,
	.begin = from_nth_begin, .arm = pages_arm, .disarm = pages_disarm,
};

static const struct injector slabs = {
	.name = "no more slab", .needs = PERSISTENT,
	.begin = from_nth_begin, .arm = slabs_arm, .disarm = slabs_disarm,
};

static const struct injector io = {
	.name = "a disk fails", .needs = DOES_IO,
	.begin = io_begin, .arm = io_arm, .disarm = io_disarm,
};

const struct injector *const injectors[] = { &nth, &pages, &slabs, &io, NULL };
