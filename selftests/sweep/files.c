// SPDX-License-Identifier: GPL-2.0-only
/* Operations on names, sizes and whole files. */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <pagepact.h>
#include "sweep.h"

static const int no_memory_or_fault[] = { ENOMEM, EFAULT, 0 };
static const int refused[] = { ENOMEM, EFAULT, EPERM, 0 };

static int make_domain(void) { return result(mkdir(POOL "/new", 0700)); }
static void remove_domain(void) { rmdir(POOL "/new"); }
static int make_directory(void) { return result(mkdir(DOMAIN "/new", 0700)); }
static void remove_directory(void) { rmdir(DOMAIN "/new"); }
static int remove_it(void) { return result(rmdir(POOL "/new")); }

static void with_domain(void)
{
	standing();
	if (mkdir(POOL "/new", 0700) && errno != EEXIST)
		die("mkdir");
}

static int opened(const char *path, int flags)
{
	int file = open(path, flags, 0600);

	if (file < 0)
		return errno;
	close(file);
	return 0;
}

static int create(void) { return opened(OTHER, O_RDWR | O_CREAT | O_EXCL); }
static int open_it(void) { return opened(REGION, O_RDWR); }
static int open_new(void) { return opened(DOMAIN "/nothing", O_RDWR) == ENOENT ? 0 : errno; }
static void remove_other(void) { unlink(OTHER); }
static bool other_is_empty(void)
{
	struct stat st;

	return !stat(OTHER, &st) && !st.st_size && S_ISREG(st.st_mode);
}

/* A second region with a page in it. */
static void with_other(void)
{
	int file;

	standing();
	file = open(OTHER, O_RDWR | O_CREAT, 0600);
	if (file < 0 || ftruncate(file, PAGE) || pwrite(file, want, PAGE, 0) != (ssize_t)PAGE)
		die("the other region");
	close(file);
}

static int unlink_other(void) { return result(unlink(OTHER)); }
static int rename_other(void) { return result(rename(OTHER, DOMAIN "/three")); }
static int rename_over(void) { return result(rename(DOMAIN "/three", OTHER)); }
static void remove_three(void) { unlink(DOMAIN "/three"); }

static void with_three(void)
{
	with_other();
	if (opened(DOMAIN "/three", O_RDWR | O_CREAT))
		die("the third region");
}

static bool other_is_gone(void) { return access(OTHER, F_OK) && errno == ENOENT; }

/* What a pool does not have is refused, as ever; succeeds when nothing else went wrong. */
static int as_refused(int ret)
{
	return ret && errno == EPERM ? 0 : ret ? errno : EEXIST;
}

static int hard_link(void) { return as_refused(link(REGION, OTHER)); }
static int symbolic_link(void) { return as_refused(symlink("x", OTHER)); }
static int make_node(void) { return as_refused(mknod(OTHER, S_IFIFO | 0600, 0)); }

static int status(void)
{
	struct stat st;

	return result(stat(REGION, &st));
}

static int status_of_pool(void)
{
	struct statfs sf;

	return result(statfs(POOL, &sf));
}

static int list(void)
{
	char buf[1024];
	int dir = open(DOMAIN, O_RDONLY | O_DIRECTORY), err;

	if (dir < 0)
		return errno;
	err = result(syscall(SYS_getdents64, dir, buf, sizeof(buf)));
	close(dir);
	return err;
}

static int grow(void) { return result(ftruncate(fd, 2 * PAGES * PAGE)); }
static int grow_by_fallocate(void) { return result(fallocate(fd, 0, 0, 2 * PAGES * PAGE)); }
static int shrink(void) { return result(ftruncate(fd, PAGES / 2 * PAGE)); }
static int change_mode(void) { return result(fchmod(fd, 0640)); }

static void shrunk(void) { memset(want + PAGES / 2 * PAGE, 0, PAGES / 2 * PAGE); }

static void zeroed(size_t from, size_t to) { memset(want + from, 0, to - from); }

static int punch(size_t from, size_t to)
{
	return result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from));
}

#define RANGES(X)						\
	X(pages, 4 * PAGE, 12 * PAGE)				\
	X(parts, RANDOM * PAGE + 100, (4 + TEXT) * PAGE + 200)	\
	X(inside, TEXT * PAGE + 100, TEXT * PAGE + 200)
#define RANGE(name, from, to)					\
	static int punch_##name(void) { return punch(from, to); }	\
	static void punched_##name(void) { zeroed(from, to); }
RANGES(RANGE)

/* Pages from 4 to 12, in pieces. */
static int dead_pages(void)
{
	struct pagepact_range list[] = {
		{ 8 * PAGE, 4 * PAGE }, { 4 * PAGE, PAGE }, { 6 * PAGE, 3 * PAGE },
		{ 5 * PAGE, PAGE },
	};
	struct pagepact_dead dead = { .ranges = (uintptr_t)list, .nr = 4 };

	return result(ioctl(fd, PAGEPACT_IOC_DEAD, &dead));
}

static int map_it(void)
{
	void *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? errno : result(munmap(p, PAGES * PAGE));
}

/* The child of a fork maps the region as well. */
static int fork_it(void)
{
	int wstatus = 1;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (!pid)
		_exit(((volatile uint8_t *)map)[0] == want[0] ? 0 : 1);
	while (waitpid(pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	return wstatus ? EIO : 0;
}

static const int fork_errors[] = { ENOMEM, EAGAIN, EFAULT, 0 };

#define BLOCKS "resident standby stored compressed slots slots_saved metadata"
const struct op file_ops[] = {
	{ "mkdir of a domain", PERSISTENT, .run = make_domain, .undo = remove_domain,
	  .errors = no_memory_or_fault },
	{ "mkdir in a domain", PERSISTENT, .run = make_directory, .undo = remove_directory,
	  .errors = no_memory_or_fault },
	{ "rmdir", 0, .prepare = with_domain, .run = remove_it, .errors = no_memory_or_fault },
	{ "create", PERSISTENT, .run = create, .good = other_is_empty, .undo = remove_other,
	  .errors = no_memory_or_fault },
	{ "open", KEEPS, .run = open_it, .errors = no_memory_or_fault },
	{ "open of what is not there", KEEPS, .run = open_new, .errors = no_memory_or_fault },
	{ "unlink", 0, .prepare = with_other, .run = unlink_other, .good = other_is_gone,
	  .errors = no_memory_or_fault },
	{ "rename", 0, .prepare = with_other, .run = rename_other, .good = other_is_gone,
	  .undo = remove_three, .errors = no_memory_or_fault },
	{ "rename over another", 0, .prepare = with_three, .run = rename_over,
	  .good = other_is_empty, .undo = remove_other, .errors = no_memory_or_fault },
	{ "link", KEEPS, .run = hard_link, .errors = refused },
	{ "symlink", KEEPS, .run = symbolic_link, .errors = refused },
	{ "mknod", KEEPS, .run = make_node, .errors = refused },
	{ "stat", KEEPS, .run = status, .errors = no_memory_or_fault },
	{ "statfs", KEEPS, .run = status_of_pool, .errors = no_memory_or_fault },
	{ "readdir", KEEPS, .run = list, .errors = no_memory_or_fault },
	{ "ftruncate, larger", NEEDS_NOTHING, .run = grow },
	{ "fallocate, larger", NEEDS_NOTHING, .run = grow_by_fallocate },
	{ "ftruncate, smaller", NEEDS_NOTHING, .prepare = stored, .run = shrink, .expect = shrunk },
	{ "fchmod", NEEDS_NOTHING, .run = change_mode },
	{ "punch of pages", NEEDS_NOTHING, .prepare = stored, .run = punch_pages,
	  .expect = punched_pages },
	{ "punch of parts of stored pages", PERSISTENT, .prepare = stored, .run = punch_parts,
	  .expect = punched_parts, .drift = BLOCKS, .why = "; a page may have come back" },
	{ "punch of parts of frames", NEEDS_NOTHING, .run = punch_parts, .expect = punched_parts },
	{ "punch inside a stored page", PERSISTENT, .prepare = stored, .run = punch_inside,
	  .expect = punched_inside },
	{ "dead pages", PERSISTENT, .prepare = stored, .run = dead_pages, .expect = punched_pages,
	  .errors = no_memory_or_fault },
	{ "mmap", KEEPS, .run = map_it },
	{ "fork", 0, .run = fork_it, .errors = fork_errors, .stride = 5 },
	{}
};
