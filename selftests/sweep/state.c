// SPDX-License-Identifier: GPL-2.0-only
/* What is, as far as anybody can see it; and the states that operations start from. */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "sweep.h"

uint8_t want[PAGES * PAGE];
uint8_t *map;
int fd = -1;

const char *const knobs[] = {
	"limit", "size", "nr_inodes", "region_limit", "store_limit", "compressor", "policy",
	"commit", "alarm", "evict", "keep_copies", "detect_same", "share_slots", "shrinker",
	"shrink_step", "age_interval_ms", "spare", "stall_ms", "huge", "huge_zeros", "huge_hot",
	"huge_tough", "raw_early", "encrypt", "demote_ms", NULL
};

/* A failed allocation is no memory error: that counter belongs to the state. */
static const char *const pool_values[] = {
	"resident", "standby", "huge_resident", "stored", "compressed", "slots",
	"slots_saved", "metadata", "promised", "memory_errors", NULL
};
static const char *const one_values[] = {
	"resident", "standby", "huge_resident", "stored", "metadata", "size", "limit", "huge",
	"path", NULL
};

const char *region_values(void)
{
	static char dir[64];
	struct stat st = {};

	if (stat(REGION, &st))
		return "/nowhere";
	snprintf(dir, sizeof(dir), VALUES "/regions/%lu", (unsigned long)st.st_ino);
	return dir;
}

static char *next_value(struct state *s, const char *prefix, const char *name)
{
	if (s->nr == MAX_VALUES)
		die("too many values");
	snprintf(s->name[s->nr], sizeof(s->name[0]), "%s%s", prefix, name);
	s->text[s->nr][0] = 0;
	return s->text[s->nr++];
}

/* Files stay open, which saves most of the time. One whose object is gone is opened anew. */
static void read_values(struct state *s, const char *prefix, const char *dir,
			const char *const *names)
{
	static int files[MAX_VALUES];

	for (; *names; names++) {
		int *file = &files[s->nr];
		char *text = next_value(s, prefix, *names), path[128];
		ssize_t n = *file > 0 ? pread(*file, text, VALUE_TEXT - 1, 0) : -1;

		if (n < 0) {
			if (*file > 0)
				close(*file);
			snprintf(path, sizeof(path), "%s/%s", dir, *names);
			*file = open(path, O_RDONLY);
			n = *file > 0 ? pread(*file, text, VALUE_TEXT - 1, 0) : 0;
		}
		text[n > 0 ? n - 1 : 0] = 0;
	}
}

/* Names and sizes, in the directory's own order, which is stable while nothing changes. */
static void read_names(struct state *s, const char *dir)
{
	char *text = next_value(s, "names in ", dir);
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;
	int n = 0;

	while (d && (e = readdir(d))) {
		if (*e->d_name == '.' || fstatat(dirfd(d), e->d_name, &st, 0))
			continue;
		n += snprintf(text + n, n < VALUE_TEXT ? VALUE_TEXT - n : 0, "%s:%o:%lu:%lu ",
			      e->d_name, st.st_mode, (unsigned long)st.st_nlink,
			      S_ISREG(st.st_mode) ? (unsigned long)st.st_size : 0);
		n = n < VALUE_TEXT ? n : VALUE_TEXT;
	}
	if (d)
		closedir(d);
}

static bool in_file(const char *path, const char *word)
{
	char line[512];
	FILE *f = fopen(path, "re");
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		found |= !!strstr(line, word);
	if (f)
		fclose(f);
	return found;
}

void state_read(struct state *s)
{
	s->nr = 0;
	strcpy(next_value(s, "", "module"), access("/sys/module/pagepact", F_OK) ? "no" : "yes");
	strcpy(next_value(s, "", "file system"),
	       in_file("/proc/filesystems", "pagepact") ? "yes" : "no");
	strcpy(next_value(s, "", "mount"), in_file("/proc/mounts", " pagepact ") ? "yes" : "no");
	read_names(s, SYSFS);
	read_names(s, POOL);
	read_names(s, DOMAIN);
	read_names(s, VALUES "/regions");
	read_names(s, VALUES "/tiers");
	read_values(s, "", VALUES, knobs);
	read_values(s, "pool ", VALUES, pool_values);
	read_values(s, "region ", region_values(), one_values);
}

/* True when @name, without "pool " or "region ", is one of the words of @list. */
static bool listed(const char *name, const char *list)
{
	const char *space = strrchr(name, ' ');
	size_t len;

	if (!list)
		return false;
	name = space ? space + 1 : name;
	for (len = strlen(name); (list = strstr(list, name)); list += len)
		if (!list[len] || list[len] == ' ')
			return true;
	return false;
}

bool state_same(const struct state *a, const struct state *b, const char *drift, bool *drifted)
{
	unsigned int i;
	bool same = a->nr == b->nr;

	for (i = 0; i < a->nr && i < b->nr; i++) {
		if (!strcmp(a->text[i], b->text[i]))
			continue;
		*drifted = true;
		if (listed(a->name[i], drift))
			continue;
		printf("%s: was %s, is %s\n", a->name[i], a->text[i], b->text[i]);
		same = false;
	}
	return same;
}

bool content_right(void)
{
	static uint8_t have[PAGES * PAGE];
	struct stat st;
	ssize_t n;
	size_t i;

	if (fd < 0)
		return true;
	if (fstat(fd, &st))
		die("fstat");
	memset(have, 0, sizeof(have));
	n = pread(fd, have, sizeof(have), 0);
	if (n != (ssize_t)(st.st_size < (off_t)sizeof(have) ? st.st_size : (off_t)sizeof(have))) {
		printf("read %zd bytes, errno %d\n", n, errno);
		return false;
	}
	for (i = 0; i < PAGES; i++) {
		if (!memcmp(have + i * PAGE, want + i * PAGE, PAGE))
			continue;
		printf("page %zu is not what it should be\n", i);
		return false;
	}
	return true;
}

void write_value(const char *dir, const char *name, const char *format, ...)
{
	char text[64];
	va_list args;
	int err;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	err = set_text(dir, name, text);
	if (err) {
		errno = err;
		die("writing %s to %s/%s", text, dir, name);
	}
}

/* --- states ------------------------------------------------------------------ */

void load(void)
{
	int file = open(getenv("SWEEP_MODULE"), O_RDONLY);

	if (file < 0 || (syscall(SYS_finit_module, file, "", 0) && errno != EEXIST))
		die("loading the module");
	close(file);
}

void unload(void)
{
	if (syscall(SYS_delete_module, "pagepact", O_NONBLOCK) && errno != ENOENT)
		die("unloading the module");
}

void mounted(void)
{
	load();
	if (access(VALUES, F_OK) && mount("vms", POOL, "pagepact", 0, "mode=0711"))
		die("mounting");
}

void unmounted(void)
{
	if (umount(POOL) && errno != EINVAL)
		die("umount");
}

static void close_region(void)
{
	if (map)
		munmap(map, PAGES * PAGE);
	map = NULL;
	if (fd >= 0)
		close(fd);
	fd = -1;
}

void take_away(void)
{
	close_region();
	unlink(REGION);
	unlink(OTHER);
	if (rmdir(DOMAIN) && errno != ENOENT)
		die("rmdir");
}

static void open_region(void)
{
	static const char kinds[] = "trsz";
	int i;

	if (mkdir(DOMAIN, 0700) && errno != EEXIST)
		die("mkdir");
	if (fd < 0)
		fd = open(REGION, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, PAGES * PAGE))
		die("making the region");
	if (!map)
		map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap");
	memset(want, 0, sizeof(want));
	for (i = 0; i < HOLES; i++)
		compose((uint64_t *)(want + i * PAGE), &kinds[i % 4], 1, i);
}

void standing(void)
{
	mounted();
	open_region();
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGES * PAGE) ||
	    pwrite(fd, want, HOLES * PAGE, 0) != HOLES * PAGE)
		die("filling the region");
}

void stored(void)
{
	standing();
	write_value(region_values(), "reclaim", "%lu", HOLES * PAGE);
}

void copied(void)
{
	stored();
	if (madvise(map, HOLES * PAGE, MADV_POPULATE_READ))
		die("MADV_POPULATE_READ");
}
