// SPDX-License-Identifier: GPL-2.0-only
/* Operations from outside: devices and pipes that hold pages, eviction, limits, settings. */
#define _GNU_SOURCE
#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include "ops.h"

#define POOLS "/sys/fs/pagepact"
#define LEAST_LIMIT 128 /* pages: more than all pipes and devices can hold at once */
#define SPARE (512 << 10) /* the largest value below */
#define PATIENCE 200 /* looks at gauges, 10 ms apart, for background work to end */

/* What a run may set, and, first of each name, what it begins with. */
static const char *const knobs[][2] = {
	{ "policy", "clock" },	   { "policy", "random" },
	{ "compressor", "lz4" },   { "compressor", "zstd" },
	{ "keep_copies", "1" },	   { "keep_copies", "0" },
	{ "detect_same", "1" },	   { "detect_same", "0" },
	{ "share_slots", "1" },	   { "share_slots", "0" },
	{ "spare", "524288" },	   { "spare", "0" },
	{ "age_interval_ms", "0" }, { "age_interval_ms", "20" },
	{ "demote_ms", "600000" }, { "demote_ms", "1000" }, { "demote_ms", "0" },
	{ "huge", "always-try" }, { "huge", "first-touch" }, { "huge", "off" },
	{ "huge_zeros", "524288" }, { "huge_zeros", "4096" },
	{ "huge_hot", "1" },	   { "huge_hot", "0" },
	{ "huge_tough", "1" },	   { "huge_tough", "0" },
	{ "raw_early", "1" },	   { "raw_early", "0" },
	{ "limit", "0" },
};

#define NR_KNOBS (sizeof(knobs) / sizeof(*knobs) - 1)

static void find_pool(struct place *place, const struct stat *st)
{
	char path[PATH_MAX], text[32] = "", want[32];
	DIR *pools = opendir(POOLS);
	struct dirent *entry;
	FILE *file;

	snprintf(want, sizeof(want), "%u:%u\n", major(st->st_dev), minor(st->st_dev));
	while (pools && (entry = readdir(pools))) {
		snprintf(path, sizeof(path), POOLS "/%s/mountpoint_dev", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(text, sizeof(text), file) && !strcmp(text, want)) {
			snprintf(place->pool, sizeof(place->pool), POOLS "/%s", entry->d_name);
			snprintf(place->region, sizeof(place->region), POOLS "/%s/regions/%llu",
				 entry->d_name, (unsigned long long)st->st_ino);
		}
		fclose(file);
	}
	if (pools)
		closedir(pools);
}

/* Of cgroup v2; the root has no memory.reclaim. */
static void find_cgroup(struct place *place)
{
	char line[512], file[1024];
	FILE *groups = fopen("/proc/self/cgroup", "r");

	while (groups && fgets(line, sizeof(line), groups)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "0::", 3))
			continue;
		snprintf(place->cgroup, sizeof(place->cgroup), "/sys/fs/cgroup%s", line + 3);
		snprintf(file, sizeof(file), "/sys/fs/cgroup%s/memory.reclaim", line + 3);
		if (access(file, W_OK))
			place->cgroup[0] = 0;
	}
	if (groups)
		fclose(groups);
}

bool place_find(struct place *place, int fd)
{
	struct stat st;

	place->pool[0] = 0;
	place->region[0] = 0;
	place->cgroup[0] = 0;
	if (fd >= 0 && !fstat(fd, &st))
		find_pool(place, &st);
	find_cgroup(place);
	return place->pool[0];
}

void place_reset(struct place *place)
{
	size_t i;

	for (i = 0; i <= NR_KNOBS; i++)
		if ((!i || strcmp(knobs[i][0], knobs[i - 1][0])) &&
		    set_text(place->pool, knobs[i][0], knobs[i][1]))
			die("%s of the pool", knobs[i][0]);
	place->compressed = number_of(place->pool, "compressed");
}

/* Where in the scratch file, and how much of @r, a transfer goes. */
static size_t transfer(struct worker *w, struct range *r, uint64_t block, size_t *len)
{
	size_t at = block % SCRATCH_PAGES;

	r->pages = MIN(r->pages, SCRATCH_PAGES - at);
	*len = model_below_end(w->m, r->page * PAGE, r->pages * PAGE);
	return (w->id * SCRATCH_PAGES + at) * PAGE;
}

OP(dio_write)
{
	struct range r = range_of(w, arg[0], arg[1], arg[2]);
	size_t len, at = transfer(w, &r, arg[3], &len);
	ssize_t n = pwrite(w->scratch, r.addr, len ? len : PAGE, at);

	if (len ? n != (ssize_t)len : n != -1 || errno != EFAULT)
		return fail(w->m, "direct write of page %zu: %zd (errno %d), expected %zu", r.page,
			    n, errno, len);
	memcpy(w->m->scratch + at, w->m->bytes + r.page * PAGE, len);
	return true;
}

OP(dio_read)
{
	struct range r = range_of(w, arg[0], arg[1], arg[2]);
	size_t len, at = transfer(w, &r, arg[3], &len);
	ssize_t n = pread(w->scratch, r.addr, len ? len : PAGE, at);

	if (r.slot->readonly)
		len = 0;
	if (len ? n != (ssize_t)len : n != -1 || errno != EFAULT)
		return fail(w->m, "direct read into page %zu: %zd (errno %d), expected %zu", r.page,
			    n, errno, len);
	model_write(w, r.page * PAGE, w->m->scratch + at, len);
	return true;
}

static bool check_pinned(struct worker *w, const struct pin *pin, size_t i,
			 const unsigned char *have)
{
	static const unsigned char zeros[PAGE];

	if (!memcmp(have, pin->bytes + i * PAGE, PAGE))
		return true;
	if (pin->maybe_zero[i] && !memcmp(have, zeros, PAGE))
		return true;
	if (pin->maybe_stayed[i] && !memcmp(have, pin->in_huge + i * PAGE, PAGE))
		return true;
	return fail(w->m, "page %zu, held by a pipe%s, is not what it must be", pin->page + i,
		    pin->attached[i] ? "" : " and given back since");
}

static bool release(struct worker *w, unsigned int hold)
{
	struct pin *pin = &w->m->pins[w->id][hold];
	unsigned char have[PAGE];
	size_t i, got;
	ssize_t n;

	if (!pin->held)
		return true;
	pin->held = false;
	for (i = 0; i < pin->pages; i++) {
		for (got = 0; got < PAGE; got += n) {
			n = read(w->pipes[hold][0], have + got, PAGE - got);
			if (n <= 0)
				return fail(w->m, "a pipe has lost page %zu", pin->page + i);
		}
		if (!check_pinned(w, pin, i, have))
			return false;
	}
	close(w->pipes[hold][0]);
	close(w->pipes[hold][1]);
	return true;
}

/* A pipe holds pages, until op_unpin() looks what it has. */
OP(pin)
{
	struct range r = range_of(w, arg[0], arg[1], MIN(arg[2], PIN_PAGES));
	unsigned int hold = arg[3] % NR_PINS;
	size_t len = model_below_end(w->m, r.page * PAGE, r.pages * PAGE), i;
	struct iovec iov = { r.addr, len ? len : PAGE };
	struct pin *pin = &w->m->pins[w->id][hold];
	ssize_t n;

	if (!release(w, hold))
		return false;
	if (pipe(w->pipes[hold]))
		die("pipe");
	n = vmsplice(w->pipes[hold][1], &iov, 1, 0);
	if (len ? n != (ssize_t)len : n != -1 || errno != EFAULT)
		return fail(w->m, "vmsplice of page %zu: %zd (errno %d), expected %zu", r.page, n,
			    errno, len);
	pin->page = r.page;
	pin->pages = len / PAGE;
	memcpy(pin->bytes, w->m->bytes + r.page * PAGE, len);
	for (i = 0; i < pin->pages; i++) {
		const unsigned char *page = pin->bytes + i * PAGE;

		pin->attached[i] = true;
		pin->stays[i] = pin->maybe_stayed[i] = false;
		pin->maybe_zero[i] = !page[0] && !memcmp(page, page + 1, PAGE - 1);
	}
	pin->held = true;
	return true;
}

OP(unpin)
{
	return release(w, arg[0] % NR_PINS);
}

/* Number @value to a file. Return: whether the result was one of two that are right. */
static bool tell(struct worker *w, const char *dir, const char *name, unsigned long long value,
		 int fine)
{
	char text[32];
	int err;

	snprintf(text, sizeof(text), "%llu", value);
	err = set_text(dir, name, text);
	if (!err || err == fine)
		return true;
	return fail(w->m, "%llu to %s: errno %d", value, name, err);
}

static const char *where(const struct worker *w, uint64_t where)
{
	return where & 1 ? w->place->region : w->place->pool;
}

OP(evict)
{
	return tell(w, where(w, arg[0]), "reclaim", arg[1] * PAGE, EAGAIN);
}

bool lift_limits(struct worker *w)
{
	w->m->limits[0] = 0;
	w->m->limits[1] = 0;
	return w->m->target != REGION || (tell(w, w->place->pool, "limit", 0, 0) &&
					  tell(w, w->place->region, "limit", 0, 0));
}

OP(limit)
{
	unsigned long long pages = arg[1] ? LEAST_LIMIT + arg[1] % w->m->pages : 0, have;
	unsigned long long *set = &w->m->limits[arg[0] & 1];

	if (pages && w->m->locked)
		return true;
	/* Room for what is held, also when all that fits in huge frames is held as well. */
	if (pages && pages % BLOCK_PAGES < LEAST_LIMIT)
		pages += LEAST_LIMIT;
	if (!tell(w, where(w, arg[0]), "limit", pages * PAGE, EBUSY))
		return false;
	have = number_of(where(w, arg[0]), "limit");
	if (have != pages * PAGE && have != *set)
		return fail(w->m, "the limit is %llu, was set to %llu, before %llu", have,
			    pages * PAGE, *set);
	*set = have;
	return true;
}

OP(knob)
{
	const char *const *knob = knobs[arg[0] % NR_KNOBS];
	int err = set_text(w->place->pool, knob[0], knob[1]);

	return !err || fail(w->m, "%s to %s: errno %d", knob[1], knob[0], err);
}

OP(drop_caches)
{
	(void)arg;
	return tell(w, "/proc/sys/vm", "drop_caches", 3, 0);
}

OP(cgroup_reclaim)
{
	return tell(w, w->place->cgroup, "memory.reclaim", arg[0] * PAGE, EAGAIN);
}

struct gauges {
	long long resident, standby, stored, used, limit;
};

static long long sum_of(const char *pool, const char *name)
{
	char path[PATH_MAX];
	struct dirent *entry;
	long long sum = 0;
	DIR *regions;

	snprintf(path, sizeof(path), "%.4000s/regions", pool);
	regions = opendir(path);
	while (regions && (entry = readdir(regions))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%.3800s/regions/%.200s", pool, entry->d_name);
		sum += number_of(path, name);
	}
	if (regions)
		closedir(regions);
	return sum;
}

static struct gauges gauges_of(struct worker *w)
{
	const char *region = w->place->region;
	struct stat st = {};

	fstat(w->fd, &st);
	return (struct gauges){
		.resident = number_of(region, "resident"),
		.standby = number_of(region, "standby"),
		.stored = number_of(region, "stored"),
		.used = st.st_blocks * 512LL,
		.limit = number_of(region, "limit"),
	};
}

/* Bytes of pages that are not all zero: each must be somewhere. */
static long long needed(const struct model *m)
{
	size_t page, needed = 0;

	for (page = 0; page < m->size; page++) {
		const unsigned char *bytes = m->bytes + page * PAGE;

		needed += bytes[0] || memcmp(bytes, bytes + 1, PAGE - 1);
	}
	return needed * PAGE;
}

/* What is wrong with the numbers of the pool, or NULL. */
static const char *contradiction(struct worker *w, const struct gauges *g, long long need)
{
	const char *pool = w->place->pool;
	long long limit = number_of(pool, "limit"), resident = number_of(pool, "resident");

	if (g->resident < 0 || g->stored < 0 || g->standby < 0)
		return "a gauge is negative, or gone";
	if (g->standby > g->resident)
		return "more is standby than resident";
	if (g->used > g->resident + g->stored || g->used + SPARE < g->resident + g->stored)
		return "resident and stored are not what the file has";
	if (need > g->used || g->used > (long long)(w->m->size * PAGE))
		return "the file has less than its bytes, or more than its size";
	if (number_of(w->place->region, "size") != (long long)(w->m->size * PAGE))
		return "the size is wrong";
	if ((limit && resident > limit) || (g->limit && g->resident > g->limit))
		return "more is resident than the limit says";
	if (resident != sum_of(pool, "resident") ||
	    number_of(pool, "stored") != sum_of(pool, "stored"))
		return "the pool is not the sum of its regions";
	return number_of(w->place->region, "memory_errors") ? "there were memory errors" : NULL;
}

/* Background work goes on for a moment, and moves pages between two looks. */
bool check_gauges(struct worker *w)
{
	long long need = needed(w->m);
	const char *wrong = NULL;
	struct gauges g = {};
	unsigned int i;

	for (i = 0; i < PATIENCE; i++) {
		g = gauges_of(w);
		wrong = contradiction(w, &g, need);
		if (!wrong)
			return true;
		usleep(10000);
	}
	return fail(w->m,
		    "gauges: %s: resident %lld standby %lld stored %lld, file %lld, needed %lld, "
		    "limits %llu %llu",
		    wrong, g.resident, g.standby, g.stored, g.used, need, w->m->limits[0],
		    w->m->limits[1]);
}

OP(gauges)
{
	(void)arg;
	return check_gauges(w);
}

bool check_empty(struct worker *w)
{
	struct gauges g = {};
	long long compressed = 0;
	unsigned int i;

	if (fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, w->m->pages * PAGE))
		return fail(w->m, "punch of everything: errno %d", errno);
	model_punch(w, 0, w->m->size * PAGE);
	if (!verify_all(w, 0))
		return false;
	for (i = 0; i < PATIENCE; i++) {
		g = gauges_of(w);
		compressed = number_of(w->place->pool, "compressed");
		if (!g.stored && !g.used && g.resident <= SPARE &&
		    compressed <= w->place->compressed)
			return true;
		usleep(10000);
	}
	return fail(w->m,
		    "everything is punched, but: resident %lld stored %lld file %lld compressed %lld",
		    g.resident, g.stored, g.used, compressed);
}
