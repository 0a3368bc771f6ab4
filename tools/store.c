// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagepact store: the devices that take what pools store, once memory for that is short.
 *
 * The module overwrites whatever it is handed, so a device that holds something is refused here.
 * Removing one takes as long as moving all that is on it, and only a fatal signal ends that early:
 * a child waits for it, while this process shows what is left and tells what became of it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "pagepact.h"
#include "pool.h"
#include "table.h"
#include "text.h"
#include "view.h"

/* Columns that are no file of a device come first, then all files in their order. */
enum {
	COLUMN_POOL,
	COLUMN_NUMBER,
	COLUMN_PATH,
	COLUMN_USE_PERCENT,
	COLUMN_READ_US,
	COLUMN_WRITE_US,
	COLUMN_ERRORS,
	COLUMN_FILES
};

#define COLUMN_COUNT	(COLUMN_FILES + DEVICE_FILES)

static struct column columns[COLUMN_COUNT] = {
	[COLUMN_POOL] = { "POOL", NULL, UNIT_WORD, "the pool" },
	[COLUMN_NUMBER] = { "NUMBER", NULL, UNIT_COUNT, "what the pool calls the device" },
	[COLUMN_PATH] = { "PATH", NULL, UNIT_WORD, "the block device or file" },
	[COLUMN_USE_PERCENT] = { "USE%", "use_percent", UNIT_COUNT, "percent of the size used" },
	[COLUMN_READ_US] = { "us/READ", "microseconds_per_read", UNIT_COUNT,
		"mean time that a read took" },
	[COLUMN_WRITE_US] = { "us/WRITE", "microseconds_per_write", UNIT_COUNT,
		"mean time that a write took" },
	[COLUMN_ERRORS] = { "ERRORS", NULL, UNIT_COUNT, "reads and writes that failed" },
};

static const char default_columns[] =
	"POOL,NUMBER,PATH,SIZE,USED,USE%,PAGES,READS,us/READ,WRITES,us/WRITE,ERRORS";

/**
 * struct advice - what helps against an error
 * @error: its number; 0 stands for any other and is the last of a list
 * @text: for people
 */
struct advice {
	int error;
	const char *text;
};

/* No attribute of the pool itself. */
static const struct attribute_set nothing;

static const char *advice_on(const struct advice *advice, int error)
{
	while (advice->error && advice->error != error)
		advice++;
	return advice->text;
}

/* Two names of one file or device, as those in /dev/disk are. */
static bool is_same_file(const char *path, const char *name)
{
	struct stat a, b;

	if (stat(path, &a) || stat(name, &b))
		return false;
	if (S_ISBLK(a.st_mode) && S_ISBLK(b.st_mode))
		return a.st_rdev == b.st_rdev;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The devices with that path, the last of them in @found; returns how many. */
static size_t find_path(const struct devices *devices, const char *name,
			const struct device **found)
{
	const struct device *device;
	size_t matches = 0, i;

	for (i = 0; i < devices->count; i++) {
		device = &devices->list[i];
		if (!text_is_called(device->path, name) && !is_same_file(device->path, name))
			continue;
		*found = device;
		matches++;
	}
	return matches;
}

/* The device with that number or path; explains what is wrong. */
static const struct device *find_device(const struct pool *pool, const struct devices *devices,
					const char *name)
{
	char *shown = text_shown(name), *pool_shown = text_shown(pool->name);
	const struct device *found = NULL;
	size_t matches = 0, i;
	uint64_t number;

	if (!number_parse(name, &number)) {
		for (i = 0; i < devices->count; i++) {
			if (devices->list[i].number == number)
				found = &devices->list[i];
		}
	}
	if (!found)
		matches = find_path(devices, name, &found);
	if (matches > 1) {
		warnx("several devices are called '%s': use the NUMBER that 'pagepact store' "
		      "shows", shown);
		found = NULL;
	} else if (!found) {
		warnx("no device '%s' in pool '%s': 'pagepact store' shows the devices", shown,
		      pool_shown);
	}
	free(pool_shown);
	free(shown);
	return found;
}

static void add_mean_us(struct table *table, struct libscols_line *line, unsigned int column,
			const struct device *device, unsigned int ns, unsigned int count)
{
	if (device->has[ns] && device->has[count] && device->value[count])
		table_format(table, line, column, "%.1f",
			     device->value[ns] / 1e3 / device->value[count]);
}

static void add_device(struct table *table, const struct pool *pool, const struct device *device)
{
	struct libscols_line *line = table_line(table, NULL);
	const uint64_t *value = device->value;
	const bool *has = device->has;
	unsigned int file;

	table_text(table, line, COLUMN_POOL, pool->name);
	table_value(table, line, COLUMN_NUMBER, device->number);
	table_text(table, line, COLUMN_PATH, device->path);
	for (file = 0; file < DEVICE_FILES; file++) {
		if (has[file])
			table_value(table, line, COLUMN_FILES + file, value[file]);
	}
	if (has[DEVICE_USED] && has[DEVICE_SIZE] && value[DEVICE_SIZE])
		table_format(table, line, COLUMN_USE_PERCENT, "%u",
			     percent_of(value[DEVICE_USED], value[DEVICE_SIZE]));
	if (has[DEVICE_READ_ERRORS] && has[DEVICE_WRITE_ERRORS])
		table_value(table, line, COLUMN_ERRORS,
			    add_saturating(value[DEVICE_READ_ERRORS], value[DEVICE_WRITE_ERRORS]));
	add_mean_us(table, line, COLUMN_READ_US, device, DEVICE_READ_NS, DEVICE_READS);
	add_mean_us(table, line, COLUMN_WRITE_US, device, DEVICE_WRITE_NS, DEVICE_WRITES);
}

static bool add_devices(struct table *table, const struct pool *pool,
			const struct devices *devices)
{
	size_t i;

	for (i = 0; i < devices->count; i++)
		add_device(table, pool, &devices->list[i]);
	return true;
}

/*
 * What tells a file system, a partition table or a RAID stands within that much of either end:
 * that of btrfs behind the first 64 KiB, that of VMFS behind the first MiB.
 */
#define ENDS	(2 << 20)

/* Returns 1 when there are only zeros, 0 when not, or -errno. */
static int is_zero(int fd, off_t offset, off_t end)
{
	static unsigned char bytes[1 << 16];
	size_t wanted;
	ssize_t got;

	while (offset < end) {
		wanted = end - offset < (off_t)sizeof(bytes) ? end - offset : (off_t)sizeof(bytes);
		got = pread(fd, bytes, wanted, offset);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			break;
		if (got > 0 && (bytes[0] || memcmp(bytes, bytes + 1, got - 1)))
			return 0;
		offset += got > 0 ? got : 0;
	}
	return 1;
}

static int is_empty(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	int ret;

	if (size < 0)
		return -errno;
	ret = is_zero(fd, 0, size < ENDS ? size : ENDS);
	return ret == 1 && size > ENDS ? is_zero(fd, size - ENDS, size) : ret;
}

/* A file descriptor, or -errno. Opening other kinds may do something: a tape is rewound. */
static int open_device(const char *path)
{
	struct stat status;
	int fd;

	if (stat(path, &status))
		return -errno;
	if (!S_ISBLK(status.st_mode) && !S_ISREG(status.st_mode))
		return -EINVAL;
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static const struct advice add_advice[] = {
	{ EACCES, "be root; if you are, the device is read-only ('blockdev --getro' tells)" },
	{ EPERM, "be root; if you are, the file is immutable ('lsattr' tells)" },
	{ EBUSY, "it is mounted, swapped to, part of something else or in use by a pool "
		 "('lsblk' and 'pagepact store' tell): end that, or give another one" },
	{ ETXTBSY, "it is swapped to or being executed: end that, or give another one" },
	{ EINVAL, "give a block device with blocks of at most 4096 bytes, or a regular file on a "
		  "file system with direct I/O" },
	{ EROFS, "it is read-only, or its file system is: make it writable, or give another one" },
	{ ENOSPC, "a pool has 8 devices at most, each of at least 512 KiB, and a sparse file takes "
		  "room when it is written: remove one, or give a larger one" },
	{ EOPNOTSUPP, "this kernel cannot encrypt: 'modprobe xts', or set encrypt to 0 "
		      "('pagepact tune')" },
	{ EIO, "it does not hold what is written to it: replace it" },
	{ ENOENT, "give a block device or file that is there; 'fallocate -l SIZE PATH' makes a "
		  "file" },
	{ ENODEV, "the device or the pool is gone: 'pagepact status' shows the pools" },
	{ ENXIO, "the device is gone, or has no medium: give another one" },
	{ ENOMEM, "the kernel is short of memory: lower a limit or stop something" },
	{ 0, "'dmesg' may tell more" },
};

static void explain_add(const struct pool *pool, const char *path, int error)
{
	char *shown = text_shown(path), *pool_shown = text_shown(pool->name);

	warnx("cannot add %s to pool %s: %s: %s", shown, pool_shown, strerror(error),
	      advice_on(add_advice, error));
	free(pool_shown);
	free(shown);
}

/* The module does not say what number it gave. */
static void print_number(const struct pool *pool, const char *path)
{
	const struct device *device;
	struct devices devices;

	devices_read(pool, &devices);
	if (find_path(&devices, path, &device) == 1)
		printf("%" PRIu64 "\n", device->number);
	else
		warnx("it was added: 'pagepact store' shows the numbers of the devices");
	devices_free(&devices);
}

/* Returns 0 when @fd may be overwritten, else it said why not. */
static int check_empty(const struct pool *pool, const char *path, int fd)
{
	int ret = is_empty(fd);
	char *shown;

	if (ret < 0) {
		explain_add(pool, path, -ret);
	} else if (!ret) {
		shown = text_shown(path);
		warnx("%s is not empty; its content would be lost: give --force if it can go",
		      shown);
		free(shown);
	}
	return ret == 1 ? 0 : -1;
}

static int add(const struct pool *pool, const char *path, bool force)
{
	char *file = tiers_path(pool, "add"), *number;
	int fd = -1, ret = -1;

	if (access(file, F_OK)) {
		warnx("this module knows no devices: 'pagepact doctor' compares the versions");
		goto out;
	}
	fd = open_device(path);
	if (fd < 0) {
		explain_add(pool, path, -fd);
		goto out;
	}
	if (!force && check_empty(pool, path, fd))
		goto out;
	number = text_format("%d", fd);
	ret = text_write(file, number);
	free(number);
	if (ret)
		explain_add(pool, path, -ret);
out:
	if (fd >= 0)
		close(fd);
	free(file);
	return ret;
}

/* Nobody expects a device that stays empty. */
static void warn_unused(const struct pool *pool)
{
	static const char *const reasons[] = { "../store_limit", "../demote_ms" };
	char *shown = text_shown(pool->name);
	unsigned int i, off = 0;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		char *file = tiers_path(pool, reasons[i]), *text = text_read(AT_FDCWD, file);
		uint64_t value;

		off += text && !number_parse(text, &value) && !value;
		free(text);
		free(file);
	}
	if (off == sizeof(reasons) / sizeof(*reasons))
		warnx("nothing goes there while pool %s has neither store_limit nor demote_ms: "
		      "'pagepact tune' sets them", shown);
	free(shown);
}

static int add_main(int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "pool",	required_argument,	NULL, OPTION_POOL },
		{ "force",	no_argument,		NULL, OPTION_FORCE },
		{ "verbose",	no_argument,		NULL, 'v' },
		{ 0 }
	};
	bool force = false, verbose = false;
	const struct pool *pool;
	const char *only = NULL, *path;
	struct pools pools;
	int option, ret;

	while ((option = getopt_long(argc, argv, COMMON_LETTERS "v", options, NULL)) != -1) {
		if (option == OPTION_POOL)
			only = optarg;
		else if (option == OPTION_FORCE)
			force = true;
		else if (option == 'v')
			verbose = true;
		else
			common_option(option, "store");
	}
	if (optind == argc)
		errx(STATUS_ERROR, "no PATH: give a block device or file to add");
	path = argv[optind++];
	no_more_arguments(argc, argv, "store");

	pool = pools_choose(&pools, only);
	ret = pool ? add(pool, path, force) : -ENOENT;
	if (!ret && verbose)
		print_number(pool, path);
	if (!ret)
		warn_unused(pool);
	pools_free(&pools);
	return ret ? STATUS_FAILED : STATUS_OK;
}

/**
 * struct removal - a device on its way out
 * @pool: the pool
 * @device: the device
 * @number: its number, as text
 * @directory: its directory in sysfs
 * @signals: those that are waited for: SIGCHLD, and what ends the program
 */
struct removal {
	const struct pool *pool;
	const struct device *device;
	char *number;
	char *directory;
	sigset_t signals;
};

static const struct advice remove_advice[] = {
	{ EACCES, "only root may do that: try again as root" },
	{ EPERM, "only root may do that: try again as root" },
	{ ENOSPC, "no room for what is there: raise store_limit, or add another device first" },
	{ ENOENT, "it was removed meanwhile: 'pagepact store' shows the devices" },
	{ ENODEV, "the pool is gone: 'pagepact status' shows the pools" },
	{ EINTR, "the pool is being unmounted" },
	{ ENOMEM, "the kernel is short of memory: lower a limit or stop something" },
	{ EROFS, "sysfs is mounted read-only, as in a container: remove it on the host" },
	{ 0, "'dmesg' may tell more" },
};

/* False when it cannot be told. */
static bool pages_left(const struct removal *removal, uint64_t *pages)
{
	char *path = text_format("%s/pages", removal->directory);
	char *text = text_read(AT_FDCWD, path);
	bool known = text && !number_parse(text, pages);

	free(text);
	free(path);
	return known;
}

static void explain_remove(const struct removal *removal, int error)
{
	char *shown = text_shown(removal->device->path);
	char *pool_shown = text_shown(removal->pool->name), *help;
	uint64_t pages;

	if (error == EIO && pages_left(removal, &pages))
		help = text_format("of the %" PRIu64 " pages left there some cannot be read: "
				   "their guests must end first", pages);
	else
		help = duplicate(advice_on(remove_advice, error));
	warnx("cannot remove %s, device %s, from pool %s: %s: %s", shown, removal->number,
	      pool_shown, strerror(error), help);
	free(help);
	free(pool_shown);
	free(shown);
}

/* What whoever started us has ignored, as nohup does, does not end us either. */
static void block_signals(sigset_t *signals)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;
	size_t i;

	/* Ignored, it would never come. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(signals);
	sigaddset(signals, SIGCHLD);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!sigaction(ends[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(signals, ends[i]);
	}
	sigprocmask(SIG_BLOCK, signals, NULL);
}

/*
 * The signals stay blocked in the child: the parent alone ends it, and knows why. Whatever ends the
 * parent ends the child.
 */
static pid_t start_child(const struct removal *removal)
{
	char *file = tiers_path(removal->pool, "remove");
	pid_t parent = getpid(), child = fork();

	if (child < 0)
		err(STATUS_ERROR, "cannot start a process");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() == parent ? -text_write(file, removal->number) : EINTR);
	}
	free(file);
	return child;
}

/* Returns the child's status; *@ended is the signal for which it was killed, or 0. */
static int await_child(const struct removal *removal, pid_t child, int *ended)
{
	static const struct timespec second = { .tv_sec = 1 };
	bool terminal = isatty(STDERR_FILENO);
	int status, got;
	uint64_t pages;
	pid_t reaped;

	*ended = 0;
	while (!(reaped = waitpid(child, &status, WNOHANG))) {
		got = sigtimedwait(&removal->signals, NULL, &second);
		if (got < 0 && terminal && pages_left(removal, &pages))
			fprintf(stderr, "\r%" PRIu64 " pages left\033[K", pages);
		if (got < 0 || got == SIGCHLD)
			continue;
		*ended = got;
		kill(child, SIGKILL);
	}
	if (reaped < 0)
		err(STATUS_ERROR, "cannot wait for the process that removes the device");
	if (terminal)
		fprintf(stderr, "\r\033[K");
	return status;
}

/* Returns the exit status. */
static int await_removal(struct removal *removal)
{
	int status, ended;

	block_signals(&removal->signals);
	status = await_child(removal, start_child(removal), &ended);
	if (WIFEXITED(status)) {
		if (WEXITSTATUS(status))
			explain_remove(removal, WEXITSTATUS(status));
		return WEXITSTATUS(status) ? STATUS_FAILED : STATUS_OK;
	}
	/* The last part of the way is not interrupted. */
	if (access(removal->directory, F_OK))
		return STATUS_OK;
	warnx("interrupted: the device stays in use");
	/* As a shell has it for a program that the signal killed. */
	return ended ? 128 + ended : STATUS_FAILED;
}

static int remove_device(const struct pool *pool, const char *name)
{
	struct removal removal = { .pool = pool };
	struct devices devices;
	int status = STATUS_FAILED;

	devices_read(pool, &devices);
	removal.device = find_device(pool, &devices, name);
	if (removal.device) {
		removal.number = text_format("%" PRIu64, removal.device->number);
		removal.directory = tiers_path(pool, removal.number);
		status = await_removal(&removal);
		free(removal.directory);
		free(removal.number);
	}
	devices_free(&devices);
	return status;
}

static int remove_main(int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "pool",	required_argument,	NULL, OPTION_POOL },
		{ 0 }
	};
	const char *only = NULL, *name;
	const struct pool *pool;
	struct pools pools;
	int option, status;

	while ((option = getopt_long(argc, argv, COMMON_LETTERS, options, NULL)) != -1) {
		if (option == OPTION_POOL)
			only = optarg;
		else
			common_option(option, "store");
	}
	if (optind == argc)
		errx(STATUS_ERROR, "no NUMBER or PATH: give a device that 'pagepact store' shows");
	name = argv[optind++];
	no_more_arguments(argc, argv, "store");

	pool = pools_choose(&pools, only);
	status = pool ? remove_device(pool, name) : STATUS_FAILED;
	pools_free(&pools);
	return status;
}

static int view_main(int argc, char **argv, const struct view *view);

static int list_main(int argc, char **argv)
{
	static const struct view view = {
		.name = "devices",
		.columns = columns,
		.count = COLUMN_COUNT,
		.defaults = default_columns,
		.none = "no device: 'pagepact store add PATH' adds one",
		.wanted = &nothing,
		.add_pool = add_devices,
	};

	memcpy(columns + COLUMN_FILES, device_files, sizeof(device_files));
	return view_main(argc, argv, &view);
}

static int latency_main(int argc, char **argv)
{
	return view_main(argc, argv, &latency_view);
}

static const struct verb {
	const char *name;
	int (*main)(int argc, char **argv);
} verbs[] = {
	{ "list", list_main },
	{ "latency", latency_main },
	{ "add", add_main },
	{ "remove", remove_main },
};

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(name, verbs[i].name))
			return &verbs[i];
	}
	return NULL;
}

static int view_main(int argc, char **argv, const struct view *view)
{
	static const struct option options[] = { COMMON_OPTIONS, VIEW_OPTIONS, { 0 } };
	struct view_options chosen = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, COMMON_LETTERS VIEW_LETTERS, options,
				     NULL)) != -1) {
		if (!view_option(option, &chosen))
			common_option(option, "store");
	}
	if (view->takes_pools) {
		if (chosen.pool && optind < argc)
			errx(STATUS_ERROR, "--pool and POOL exclude each other: give one of them");
	} else {
		if (optind < argc && find_verb(argv[optind]))
			errx(STATUS_ERROR,
			     "the command comes before its options: 'pagepact store %s ...'",
			     argv[optind]);
		no_more_arguments(argc, argv, "store");
	}
	return view_show(view, &chosen, argv + optind);
}

int store_main(int argc, char **argv)
{
	const struct verb *verb = argc > 1 ? find_verb(argv[1]) : NULL;

	if (!verb)
		return list_main(argc, argv);
	/* getopt_long() starts its messages with it. */
	argv[1] = argv[0];
	return verb->main(argc - 1, argv + 1);
}
