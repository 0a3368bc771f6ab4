// SPDX-License-Identifier: GPL-2.0-only
/* The module, mounts, and the files in sysfs. */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include "sweep.h"

static const int load_errors[] = { ENOMEM, EFAULT, ENOEXEC, 0 };
static const int no_memory_or_fault[] = { ENOMEM, EFAULT, 0 };
static int module = -1;

static void unloaded(void)
{
	unmounted();
	unload();
	if (module < 0)
		module = open(getenv("SWEEP_MODULE"), O_RDONLY);
	if (module < 0)
		die("%s", getenv("SWEEP_MODULE"));
}

static int insert(void) { return result(syscall(SYS_finit_module, module, "", 0)); }
static int delete(void) { return result(syscall(SYS_delete_module, "pagepact", O_NONBLOCK)); }

static void not_mounted(void)
{
	load();
	unmounted();
}

static int mount_it(void)
{
	return result(mount("vms", POOL, "pagepact", 0,
			    "mode=0711,limit=64M,spare=1M,policy=random,stall_ms=500"));
}

static bool mounted_so(void)
{
	return number_of(VALUES, "limit") == 64 << 20 && number_of(VALUES, "stall_ms") == 500;
}

static int umount_it(void) { return result(umount(POOL)); }

static void mounted_only(void)
{
	mounted();
	take_away();
}

/* zstd's working memory is made here for the first time. */
static int remount(void)
{
	return result(mount("vms", POOL, "pagepact", MS_REMOUNT,
			    "limit=32M,compressor=zstd,evict=0,spare=2M"));
}

static bool remounted(void)
{
	char path[] = VALUES "/compressor", text[16] = "";
	int file = open(path, O_RDONLY);
	bool good = read(file, text, sizeof(text) - 1) > 0 && !strcmp(text, "zstd\n");

	close(file);
	return good && number_of(VALUES, "limit") == 32 << 20 && !number_of(VALUES, "evict") &&
	       number_of(VALUES, "spare") == 2 << 20;
}

static void remount_back(void)
{
	if (mount("vms", POOL, "pagepact", MS_REMOUNT,
		  "limit=0,compressor=lz4,evict=1,spare=512K"))
		die("remount");
}

const struct op admin_ops[] = {
	{ "insmod", 0, .prepare = unloaded, .run = insert, .errors = load_errors, .stride = 41 },
	{ "rmmod", NEEDS_NOTHING, .prepare = not_mounted, .run = delete,
	  .errors = no_memory_or_fault },
	{ "mount", 0, .prepare = not_mounted, .run = mount_it, .good = mounted_so,
	  .errors = no_memory_or_fault, .stride = 7 },
	{ "umount", 0, .prepare = mounted_only, .run = umount_it, .errors = no_memory_or_fault },
	{}
};

const struct op remount_ops[] = {
	{ "remount", PERSISTENT, .prepare = mounted_only, .run = remount, .good = remounted,
	  .undo = remount_back, .errors = no_memory_or_fault },
	{}
};

/* --- every file in sysfs ------------------------------------------------------ */

static char file_path[512];

static int read_file(void)
{
	char buf[4096];
	int file = open(file_path, O_RDONLY), err;

	if (file < 0)
		return errno;
	err = result(read(file, buf, sizeof(buf)));
	close(file);
	return err;
}

static const char *new_value;
static char old_value[64], expected[64];

static int write_file(void)
{
	int file = open(file_path, O_WRONLY), err;

	if (file < 0)
		return errno;
	err = result(write(file, new_value, strlen(new_value)));
	close(file);
	return err;
}

static bool as_written(void)
{
	int file = open(file_path, O_RDONLY);
	ssize_t n = read(file, expected, sizeof(expected) - 1);

	close(file);
	expected[n > 0 ? n - 1 : 0] = 0;
	return !strcmp(expected, new_value);
}

static void write_back(void)
{
	int file = open(file_path, O_WRONLY);

	if (file < 0 || write(file, old_value, strlen(old_value)) < 0)
		die("%s", file_path);
	close(file);
}

static void sweep_read(const char *what, const char *dir, const char *file)
{
	char name[128];
	struct op op = { name, KEEPS, .run = read_file, .errors = no_memory_or_fault };

	snprintf(file_path, sizeof(file_path), "%s/%s", dir, file);
	snprintf(name, sizeof(name), "read of a %s's %s", what, file);
	sweep(&op);
}

static void sweep_write(const char *what, const char *dir, const char *file, const char *value)
{
	char name[128];
	struct op op = {
		name, 0, .run = write_file, .good = as_written, .undo = write_back,
		.errors = no_memory_or_fault,
	};
	int from;

	snprintf(file_path, sizeof(file_path), "%s/%s", dir, file);
	from = open(file_path, O_RDONLY);
	memset(old_value, 0, sizeof(old_value));
	if (from < 0 || read(from, old_value, sizeof(old_value) - 1) <= 0)
		die("%s", file_path);
	close(from);
	new_value = value;
	snprintf(name, sizeof(name), "%s of a %s set to %s", file, what, value);
	sweep(&op);
}

void sweep_values(void)
{
	static const char *const values[] = {
		"limit", "1073741824", "size", "1073741824", "nr_inodes", "99",
		"region_limit", "8388608",
		"store_limit", "1073741824", "compressor", "zstd", "policy", "random",
		"commit", "relaxed", "alarm", "50", "evict", "0", "keep_copies", "0",
		"detect_same", "0", "share_slots", "0", "shrinker", "0", "shrink_step", "4096",
		"age_interval_ms", "86400000", "spare", "0",
		"stall_ms", "77", "huge", "first-touch", "huge_zeros", "0",
		"huge_hot", "0", "huge_tough", "0", "raw_early", "0", "encrypt", "0",
		"demote_ms", "0",
	};
	/* One of each kind; the others are lines in the module's tables. */
	static const char *const of_pool[] = {
		"limit", "evict", "compressor", "policy", "faults", "resident", "metadata",
		"compressed", "mountpoint_dev",
	};
	static const char *const of_region[] = { "path", "size", "limit", "faults", "stored" };
	unsigned int i;

	standing();
	for (i = 0; i < sizeof(values) / sizeof(*values); i += 2)
		sweep_write("pool", VALUES, values[i], values[i + 1]);
	sweep_write("region", region_values(), "limit", "1073741824");
	sweep_write("region", region_values(), "huge", "off");
	for (i = 0; i < sizeof(of_pool) / sizeof(*of_pool); i++)
		sweep_read("pool", VALUES, of_pool[i]);
	for (i = 0; i < sizeof(of_region) / sizeof(*of_region); i++)
		sweep_read("region", region_values(), of_region[i]);
}
