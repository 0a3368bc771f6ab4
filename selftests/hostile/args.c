// SPDX-License-Identifier: GPL-2.0-only
/* Arguments: from a draw of 64 bits to a value of a kind, the same one for the same draw. */
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "hostile.h"

atomic_int fds[NR_FDS];
int pipe_fds[2];
char *arena;
char pool_files[MAX_NAMES][32], region_files[MAX_NAMES][32];
unsigned int nr_pool_files, nr_region_files;

/* Puts a new descriptor into the table; what was there is closed. */
void keep_fd(struct rng *r, int fd, bool context)
{
	unsigned int n = context ? NR_FDS - 1 - below(r, NR_CONTEXTS) :
				   below(r, NR_FDS - NR_CONTEXTS);
	int old = atomic_exchange(&fds[n], fd);

	if (old >= 0)
		close(old);
}

static int some_fd(struct rng *r, bool context)
{
	unsigned int i, n = below(r, NR_FDS);

	switch (below(r, 32)) {
	case 0:
		return below(r, 2) ? -1 : 9999;
	case 1:
		return pipe_fds[below(r, 2)];
	case 2:
		context = !context;
	}
	for (i = 0; i < NR_FDS; i++, n = (n + 1) % NR_FDS) {
		int fd = fds[n];

		if (context != (n >= NR_FDS - NR_CONTEXTS))
			continue;

		if (fd >= 0)
			return fd;
	}
	return -1;
}

static uint64_t size_of_some_file(struct rng *r)
{
	struct stat st;

	return fstat(some_fd(r, false), &st) ? 0 : st.st_size;
}

static uint64_t offset(struct rng *r)
{
	static const uint64_t edges[] = {
		0, 1, 4095, 4096, 4097, 2 * MIB - PAGE, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1,
		4 * MIB, 1ul << 31, 1ul << 32, 1ul << 40, 1ul << 43, 1ul << 62, LONG_MAX,
		LONG_MAX - 4095, LONG_MAX & ~4095ul, -1ul, -4096ul, LONG_MIN,
	};
	static const long around[] = { -PAGE - 1, -PAGE, -1, 0, 1, PAGE };

	switch (below(r, 10)) {
	case 0:
		return edges[below(r, sizeof(edges) / sizeof(*edges))];
	case 1:
		return size_of_some_file(r) + around[below(r, 6)];
	case 2:
		return below(r, 64) ? below(r, ARENA_BYTES) : next(r);
	case 3:
		return below(r, 16) * 2 * MIB + around[below(r, 6)];
	default:
		return below(r, 4 * MIB / PAGE) * PAGE;
	}
}

static uint64_t io_length(struct rng *r)
{
	static const uint64_t edges[] = { 0, 1, 7, 511, 4095, 4096, 4097, 8192, 65535, DATA };

	return below(r, 2) ? edges[below(r, 10)] : below(r, DATA + 1);
}

/* Sizes that a region may get: mostly good, seldom large. */
static uint64_t file_size(struct rng *r)
{
	if (!below(r, 8))
		return offset(r);
	return below(r, 1 + (below(r, 8) ? 4 : 32) * MIB / PAGE) * PAGE;
}

static uint64_t range_length(struct rng *r)
{
	return below(r, 3) ? below(r, 1024) * PAGE : offset(r);
}

static uint64_t address(struct rng *r)
{
	/* Mostly where others are, too. */
	uint64_t room = below(r, 4) ? 4 * MIB : ARENA_BYTES;
	uint64_t at = (uint64_t)arena + below(r, room / PAGE) * PAGE;

	switch (below(r, 32)) {
	case 0:
		return at + below(r, PAGE);
	case 1:
	case 2:
	case 3:
	case 4:
		return (uint64_t)arena + below(r, ARENA_BYTES / (2 * MIB)) * 2 * MIB;
	default:
		return at;
	}
}

/* A length that does not leave the arena, whatever came before it. */
static uint64_t arena_length(struct rng *r, const uint64_t *before, unsigned int i)
{
	uint64_t room = ARENA_BYTES, len;
	unsigned int j;

	for (j = 0; j < i; j++)
		if (before[j] >= (uint64_t)arena && before[j] < (uint64_t)arena + ARENA_BYTES)
			room = (uint64_t)arena + ARENA_BYTES - before[j];
	switch (below(r, 16)) {
	case 0:
		return 0;
	case 1:
		len = 1 + below(r, room);
		break;
	case 2:
		len = 2 * MIB;
		break;
	default:
		len = (1 + below(r, below(r, 4) ? 64 : 4096)) * PAGE;
	}
	return len < room ? len : room;
}

static uint64_t buffer(struct worker *w, struct rng *r)
{
	switch (below(r, 16)) {
	case 0:
		return below(r, 2) ? 0 : 0xffff888000000000ull + below(r, 1ull << 32);
	case 1:
	case 2:
	case 3:
		return address(r);
	default:
		return (uint64_t)w->data;
	}
}

static uint64_t io_vectors(struct worker *w, struct rng *r, unsigned int i)
{
	struct iovec *v = w->iov[i];
	unsigned int j;

	for (j = 0; j < 4; j++) {
		v[j].iov_base = (void *)buffer(w, r);
		v[j].iov_len = below(r, 64) ? below(r, DATA / 4) : next(r);
		/* A long one may only go where nothing of ours is. */
		if (v[j].iov_len > DATA && v[j].iov_base == w->data)
			v[j].iov_base = NULL;
	}
	return (uint64_t)v;
}

/* --- names ------------------------------------------------------------------ */

static const char *odd_name(struct rng *r)
{
	static char n255[256], n256[257];
	static const char *const odd[] = {
		".", "..", "", "a\nb", " ", "\\", "x/", "f0/", "f0/x", "d0/..", "\xff\xfe", "%s%n",
		n255, n256, "d0/d1/d2", "*",
	};

	if (!n255[0]) {
		memset(n255, 'n', 255);
		memset(n256, 'n', 256);
	}
	return odd[below(r, sizeof(odd) / sizeof(*odd))];
}

static void file_name(struct rng *r, char *out)
{
	static const char *const dirs[] = { "", "d0/", "d1/", "d0/d0/" };

	if (!below(r, 12))
		sprintf(out, "%s", odd_name(r));
	else
		sprintf(out, "%s%c%u", dirs[below(r, 3) ? 0 : below(r, 4)],
			below(r, 5) ? 'f' : 'd', (unsigned int)below(r, 5));
}

/* A file of a pool's, a device's, or a region's directory in sysfs. */
static void knob_path(struct worker *w, struct rng *r, char *out)
{
	static const char *const device_files[] = {
		"add", "add", "remove", "remove", "", "0", "0/path", "0/size", "0/used", "0/pages",
		"0/reads", "0/written_bytes", "1/path", "1/write_ns",
	};
	unsigned int pool = below(r, NR_POOLS + 6);
	const char *name = pool_files[below(r, nr_pool_files)];
	char pool_name[8] = "vms";
	struct stat st;
	uint64_t ino;

	w->sysfs = true;
	if (pool < NR_POOLS)
		sprintf(pool_name, "m%u", pool);
	if (!below(r, 64)) {
		w->sysfs = below(r, 2);
		strcpy(out, w->sysfs ? "/sys/module/uevent" : "/proc/self/mounts");
		return;
	}
	if (!below(r, 12)) {
		sprintf(out, "/sys/pools/%s/tiers/%s", pool_name,
			device_files[below(r, sizeof(device_files) / sizeof(*device_files))]);
		return;
	}
	if (below(r, 2)) {
		/* The victim lives there: what would rightly starve it is not for root either. */
		if (w->who == ROOT && pool >= NR_POOLS && !strcmp(name, "limit"))
			name = "reclaim";
		sprintf(out, "/sys/pools/%s/%s", pool_name, name);
		return;
	}
	ino = below(r, 4) && !fstat(some_fd(r, false), &st) ? st.st_ino : 1 + below(r, 20);
	name = region_files[below(r, nr_region_files)];
	if (w->who == ROOT && !strcmp(name, "limit") &&
	    (ino == shared->victim_ino[0] || ino == shared->victim_ino[1]))
		name = "reclaim";
	sprintf(out, "/sys/pools/%s/regions/%lu/%s", pool_name, ino, name);
}

static void user_path(struct worker *w, struct rng *r, char *out)
{
	static const char *const hidden[] = {
		"/pool/dom/victim", "/pool/dom", "/pool/dom/new", "/pool/open/../dom/victim",
	};
	unsigned int n = below(r, 16);

	if (n == 0) {
		/* The domain's directory itself may be looked at, but not into. */
		n = below(r, 4);
		w->hidden |= n != 1;
		w->guarded |= n == 1;
		strcpy(out, hidden[n]);
	} else if (n == 1) {
		w->guarded = true;
		strcpy(out, "/pool/open/guarded");
	} else if (n == 2) {
		sprintf(out, "/pool/%s", odd_name(r));
	} else {
		strcpy(out, "/pool/open/");
		file_name(r, out + strlen(out));
	}
}

static void root_path(struct rng *r, char *out)
{
	unsigned int n = below(r, 16);
	char *name;

	if (n < 3)
		sprintf(out, "/m%u/%s", (unsigned int)below(r, NR_POOLS),
			below(r, 2) ? "d0/" : "");
	else if (n == 5)
		strcpy(out, "/pool/");
	else
		strcpy(out, "/pool/evil/");
	name = out + strlen(out);
	if (n == 6)
		name[-1] = 0;
	else if (n == 5)
		sprintf(name, "d%u", (unsigned int)below(r, 3));
	else
		file_name(r, name);
	/* The pool's own root is not given away either. */
	if (!strcmp(name, ".."))
		*name = 0;
}

static uint64_t path(struct worker *w, const struct description *d, struct rng *r, unsigned int i)
{
	/* chmod of a knob by root would be no fault of the module's. */
	bool knobs = w->who != ROOT || !(d->flags & CHANGES);
	char *out = w->text[i];

	switch (below(r, 64)) {
	case 0:
		return below(r, 2) ? 0 : 0xffff888000000000ull;
	case 1:
	case 2:
	case 3:
		if (knobs) {
			knob_path(w, r, out);
			break;
		}
		/* fall through */
	case 4:
		memset(out, 'p', 4200);
		out[4200] = 0;
		break;
	default:
		if (w->who == ROOT)
			root_path(r, out);
		else
			user_path(w, r, out);
	}
	return (uint64_t)out;
}

/* --- values of knobs and options -------------------------------------------- */

static size_t number_text(struct rng *r, char *out)
{
	static const char *const suffixes[] = { "", "", "", "K", "M", "G", "T", "k", "m", "Q", "KK",
						" ", "\n", ".5", "e3" };
	static const uint64_t limits[] = {
		0, 1, 4095, 4096, 65536, MIB, 8 * MIB, 64 * MIB, INT_MAX, UINT_MAX, LONG_MAX,
		LONG_MAX - 4095, LONG_MAX - 4096, 86400000, 86400001, 1ul << 52, ULONG_MAX,
	};
	static const char *const signs[] = { "", "", "", "", "", "", "-", "+", " ", "0x", "00" };
	uint64_t n = below(r, 2) ? limits[below(r, 17)] : below(r, 256) * 65536;

	return sprintf(out, "%s%lu%s%s", signs[below(r, 11)], n, suffixes[below(r, 15)],
		       below(r, 2) ? "\n" : "");
}

static size_t value_text(struct rng *r, char *out)
{
	static const char *const words[] = {
		"", "\n", "lz4", "zstd", "random", "clock", "0\n", "1\n", "max", "-", "lz4\nzstd",
		"\t1\v", "clock ", "%d", "none", "842", "off", "first-touch", "pool",
	};
	size_t n;

	switch (below(r, 10)) {
	case 0:
		n = 1 + below(r, 5000);
		memset(out, '0' + below(r, 10), n);
		out[n] = 0;
		return n;
	case 1:
		n = below(r, 80);
		for (size_t i = 0; i < n; i++)
			out[i] = next(r);
		out[n] = 0;
		return n;
	case 2:
		n = number_text(r, out);
		out[below(r, n + 1)] = 0;
		return n;
	case 3:
	case 4:
	case 5:
		strcpy(out, words[below(r, sizeof(words) / sizeof(*words))]);
		return strlen(out);
	default:
		return number_text(r, out);
	}
}

/* One that fits the knob in @name. */
static size_t good_value(struct rng *r, const char *name, char *out)
{
	/* The last one is a region's only. */
	static const char *const modes[] = { "off", "first-touch", "always-try", "pool" };

	if (strstr(name, "huge") && !strstr(name, "huge_"))
		return sprintf(out, "%s", modes[below(r, strstr(name, "regions") ? 4 : 3)]);
	if (strstr(name, "compressor"))
		return sprintf(out, "%s", below(r, 2) ? "lz4" : "zstd");
	if (strstr(name, "policy"))
		return sprintf(out, "%s", below(r, 2) ? "clock" : "random");
	if (strstr(name, "commit"))
		return sprintf(out, "%s", below(r, 2) ? "strict" : "relaxed");
	if (below(r, 2))
		return sprintf(out, "%u", (unsigned int)below(r, 2));
	return sprintf(out, "%lu%s", below(r, 2048), below(r, 2) ? "K" : "");
}

static void option_name(struct rng *r, char *out)
{
	static const char *const others[] = { "mode", "uid", "gid", "source", "", "ro", "nosuch" };

	if (!below(r, 40)) {
		memset(out, 'o', 300);
		out[300] = 0;
	} else {
		strcpy(out, below(r, 4) ? pool_files[below(r, nr_pool_files)] :
					  others[below(r, 7)]);
	}
}

/* At most a page: mount(2) takes no more. */
static uint64_t options(struct rng *r, char *out)
{
	unsigned int n = below(r, 3) ? below(r, 3) : below(r, 12);
	char one[8192];
	size_t len = 0;

	memset(out, 0, 8192);
	while (n--) {
		size_t at;

		option_name(r, one);
		at = strlen(one);
		if (below(r, 16))
			one[at++] = '=';
		value_text(r, one + at);
		if (len + strlen(one) + 2 > 4096)
			break;
		len += sprintf(out + len, "%s%s", len ? "," : "", one);
	}
	if (!below(r, 30))
		memset(out, 'x', 8191);
	return (uint64_t)out;
}

static uint64_t pool_name(struct rng *r, char *out)
{
	static const char *const bad[] = { "", ".", "..", ".m", "a/b", "../x", "m 0", "m0\n", "vms",
					   "\xc3\xa4", "%s", "/" };

	if (below(r, 4)) {
		sprintf(out, "m%u", (unsigned int)below(r, NR_POOLS));
	} else if (below(r, 6)) {
		strcpy(out, bad[below(r, 12)]);
	} else {
		memset(out, 'p', 300);
		out[below(r, 2) ? 300 : 64] = 0;
	}
	return (uint64_t)out;
}

/*
 * Root gives nothing away: what users may write is known from the start. Nor does it lock itself
 * out: in sysfs, which a descriptor may be of, modes hold for root as well.
 */
static uint64_t mode(struct worker *w, struct rng *r)
{
	uint64_t m = below(r, 8) ? (below(r, 2) ? 0777 : 0600) : next(r) & 0177777;

	return w->who == ROOT ? (m & ~0022) | 0644 : m;
}

/* --- all of them ------------------------------------------------------------ */

static uint64_t several(const struct arg *a, struct rng *r)
{
	unsigned int n = below(r, 4);
	uint64_t v = 0;

	if (!below(r, 40))
		return next(r);
	if (!below(r, 20))
		v = 1ull << below(r, 32);
	while (n--)
		v |= a->set[below(r, a->n)];
	return v;
}

static uint64_t text_arg(struct worker *w, const struct description *d, struct rng *r,
			 unsigned int i)
{
	char *out = w->text[i];

	switch (d->arg[i].kind) {
	case PATH:
		return path(w, d, r, i);
	case POOL_NAME:
		return pool_name(r, out);
	case POOL_DIR:
		/* Users may try the host's pool as well: they must fail. */
		if (w->who != ROOT && !below(r, 3))
			strcpy(out, "/pool");
		else
			sprintf(out, "/m%u", (unsigned int)below(r, NR_POOLS));
		break;
	case FS_NAME:
		strcpy(out, below(r, 30) ? "pagepact" : "pagepact.x");
		break;
	case OPTIONS:
		return below(r, 4) ? options(r, out) : 0;
	case KEY:
		option_name(r, out);
		break;
	case VALUE:
		w->text_len[i] = below(r, 2) ? value_text(r, out) :
					       good_value(r, w->text[i - 1], out);
		break;
	default:
		knob_path(w, r, out);
	}
	return (uint64_t)out;
}

uint64_t make_arg(struct worker *w, const struct description *d, unsigned int i, uint64_t draw,
		  const uint64_t *before)
{
	const struct arg *a = &d->arg[i];
	struct rng r = { draw };

	switch (a->kind) {
	case NOTHING:
		return 0;
	case CONST:
		return a->n;
	case ONE:
		return below(&r, 64) ? a->set[below(&r, a->n)] : next(&r);
	case EXACTLY:
		return a->set[below(&r, a->n)];
	case ANY:
		return several(a, &r);
	case FD:
		return some_fd(&r, false);
	case CONTEXT:
		return some_fd(&r, true);
	case DIRFD:
		return below(&r, 8) ? AT_FDCWD : some_fd(&r, false);
	case MOUNT_FLAGS:
		/* MS_MANDLOCK makes the kernel itself warn, whatever the file system. */
		return several(a, &r) & ~MS_MANDLOCK;
	case MODE:
		return mode(w, &r);
	case OFF:
		return offset(&r);
	case OFFP:
		w->number[i] = offset(&r);
		return below(&r, 3) ? (uint64_t)&w->number[i] : 0;
	case LEN:
		return range_length(&r);
	case SIZE:
		return file_size(&r);
	case IOLEN:
		return io_length(&r);
	case BUF:
		return buffer(w, &r);
	case IOV:
		return io_vectors(w, &r, i);
	case ADDR:
		return address(&r);
	case ALEN:
		return arena_length(&r, before, i);
	case PIPE_IN:
		return pipe_fds[1];
	case PIPE_OUT:
		return pipe_fds[0];
	case NUMBER:
		return below(&r, a->n);
	case WORD:
		return next(&r);
	default:
		return text_arg(w, d, &r, i);
	}
}
