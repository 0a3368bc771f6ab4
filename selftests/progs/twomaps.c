// SPDX-License-Identifier: GPL-2.0-only
/*
 * twomaps - one region seen in several ways at a time: two mappings, two
 * processes, read(2) and write(2), splice(2).
 *
 *   twomaps POOLDIR FILE: prints one line a check
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "check.h"

#define PAGES 64UL
#define BYTES (PAGES * PAGE)

static const char *pool, *name;
static int fd;

static char *map_it(void)
{
	char *map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		die("mmap");
	return map;
}

static void evict(void)
{
	set_text(pool, "reclaim", "4M");
	set_text(pool, "reclaim", "4M");
}

static bool is_page(const char *page, char byte)
{
	size_t i;

	for (i = 0; i < PAGE; i++)
		if (page[i] != byte)
			return false;
	return true;
}

/* A process that does one thing a time: 'r' = is page N all B, 'w' = fill page N with B. */
struct order {
	char what;
	char byte;
	int page;
};

static int to_other[2], from_other[2];

static void other(void)
{
	char *map = map_it(), answer;
	struct order o;

	while (read(to_other[0], &o, sizeof(o)) == sizeof(o)) {
		answer = 1;
		if (o.what == 'w')
			memset(map + o.page * PAGE, o.byte, PAGE);
		else
			answer = is_page(map + o.page * PAGE, o.byte);
		if (write(from_other[1], &answer, 1) != 1)
			break;
	}
	_exit(0);
}

static bool tell(char what, int page, char byte)
{
	struct order o = { .what = what, .byte = byte, .page = page };
	char answer = 0;

	if (write(to_other[1], &o, sizeof(o)) != sizeof(o) || read(from_other[0], &answer, 1) != 1)
		die("the other process");
	return answer;
}

static void processes(char *map)
{
	pid_t pid;
	int i, good;

	if (pipe(to_other) || pipe(from_other))
		die("pipe");
	pid = fork();
	if (!pid) {
		close(to_other[1]);
		other();
	}
	memset(map, 'a', PAGE);
	check(tell('r', 0, 'a'), "the other process sees a write");
	tell('w', 0, 'b');
	check(is_page(map, 'b'), "and this one sees its");
	check(is_page(map + PAGE, 0) && tell('r', 1, 0), "both read a hole");
	tell('w', 1, 'c');
	check(is_page(map + PAGE, 'c'), "the other fills the hole, this one sees it");
	map[PAGE] = 'd';
	memset(map + PAGE, 'd', PAGE);
	check(tell('r', 1, 'd'), "and back");
	is_page(map + 2 * PAGE, 0);
	tell('r', 2, 0);
	memset(map + 2 * PAGE, 'e', PAGE);
	check(tell('r', 2, 'e') && is_page(map + 2 * PAGE, 'e'),
	      "this one fills a hole both had read");
	evict();
	check(number_of(pool, "stored") >= (long long)(2 * PAGE), "pages are evicted");
	check(tell('r', 0, 'b') && is_page(map, 'b') && tell('r', 1, 'd') && tell('r', 2, 'e'),
	      "both read evicted pages");
	evict();
	tell('w', 0, 'f');
	check(is_page(map, 'f'), "write of an evicted page is seen");
	for (i = 0, good = 0; i < 200; i++) {
		int page = i % PAGES;

		if (i & 1)
			tell('w', page, i);
		else
			memset(map + page * PAGE, i, PAGE);
		if (i % 16 == 0)
			evict();
		good += i & 1 ? is_page(map + page * PAGE, i) : tell('r', page, i);
	}
	check(good == 200, "200 writes in turns between evictions are seen (%d)", good);
	close(to_other[1]);
	waitpid(pid, NULL, 0);
}

static void forked(char *map)
{
	int status;
	pid_t pid;

	memset(map, 'p', 2 * PAGE);
	evict();
	pid = fork();
	if (!pid) {
		bool good = is_page(map, 'p');

		memset(map + PAGE, 'q', PAGE);
		memset(map + 40 * PAGE, 'r', PAGE);
		_exit(!good);
	}
	waitpid(pid, &status, 0);
	check(!status && is_page(map + PAGE, 'q') && is_page(map + 40 * PAGE, 'r') &&
		      is_page(map, 'p'),
	      "a forked child shares evicted pages and holes");
}

static void files(char *map)
{
	static char buf[BYTES], want[BYTES];
	size_t i, n;
	int good = 0;

	memcpy(want, map, BYTES);
	check(pread(fd, buf, BYTES, 0) == BYTES && !memcmp(buf, want, BYTES),
	      "pread reads what is mapped");
	evict();
	check(pread(fd, buf, BYTES, 0) == BYTES && !memcmp(buf, want, BYTES), "also evicted pages");
	check(number_of(pool, "resident") == 0, "which does not bring them back");
	for (i = 0; i < 300; i++) {
		size_t at = mix(i) % BYTES, len = mix(i + 1000) % 10000 + 1;

		len = len < BYTES - at ? len : BYTES - at;
		for (n = 0; n < len; n++)
			buf[n] = mix(i) + n;
		if (pwrite(fd, buf, len, at) != (ssize_t)len)
			break;
		memcpy(want + at, buf, len);
		if (i % 32 == 0)
			evict();
		memset(buf, 0, sizeof(buf));
		at = mix(i + 2000) % BYTES;
		len = BYTES - at < 9999 ? BYTES - at : 9999;
		good += pread(fd, buf, len, at) == (ssize_t)len && !memcmp(buf, want + at, len);
	}
	check(good == 300, "300 unaligned writes and reads (%d)", good);
	check(!memcmp(map, want, BYTES), "the mapping shows them");
	check(pwrite(fd, buf, 100, BYTES - 50) == 50, "a write over the end is cut");
	check(pwrite(fd, buf, 100, BYTES) == -1 && errno == ENOSPC, "a write at the end is ENOSPC");
	check(pwrite(fd, buf, 100, 1L << 50) == -1 && errno == ENOSPC, "and far behind it");
	check(pread(fd, buf, 100, BYTES) == 0 && pread(fd, buf, 100, 1L << 50) == 0,
	      "a read behind the end reads nothing");
	check(pread(fd, buf, 100, BYTES - 50) == 50, "a read over the end is cut");
	check(pread(fd, buf, 0, 0) == 0 && pwrite(fd, buf, 0, 0) == 0,
	      "nothing asked, nothing done");
}

/* The buffer is the very page, mapped. */
static void self(char *map)
{
	int i, good = 0;

	for (i = 0; i < 20; i++) {
		char *page = map + i * PAGE;

		memset(page, 'A' + i, PAGE);
		evict();
		good += pwrite(fd, page, PAGE, i * PAGE) == PAGE && is_page(page, 'A' + i);
		evict();
		good += pread(fd, page, PAGE, i * PAGE) == PAGE && is_page(page, 'A' + i);
		evict();
		good += pwrite(fd, page, PAGE, (i + 1) * PAGE) == PAGE &&
			is_page(page + PAGE, 'A' + i);
	}
	check(good == 60, "buffers in the region itself, evicted (%d of 60)", good);
}

static void bad_pointers(void)
{
	char *hole =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *none = hole + PAGE;

	munmap(none, PAGE);
	memset(hole, 'x', PAGE);
	check(pread(fd, none, PAGE, 0) == -1 && errno == EFAULT, "pread to nowhere is EFAULT");
	check(pwrite(fd, none, PAGE, 0) == -1 && errno == EFAULT, "pwrite from nowhere is EFAULT");
	evict();
	check(pread(fd, none, PAGE, 0) == -1 && errno == EFAULT, "also with evicted pages");
	check(pwrite(fd, none, PAGE, 0) == -1 && errno == EFAULT, "both ways");
	check(pwrite(fd, none - 100, PAGE, 10 * PAGE) == 100,
	      "a buffer that ends too early is cut");
	check(pread(fd, none - 100, PAGE, 10 * PAGE) == 100 && is_page(hole, 'x'), "both ways");
}

/* To another file system, where Linux need not be able to, and inside the region. */
static void copied(char *map, int out)
{
	static char buf[3 * PAGE];
	off_t off = 7 * PAGE;
	ssize_t n;

	evict();
	n = copy_file_range(fd, &off, out, &(off_t){ 0 }, sizeof(buf), 0);
	check(n > 0 ? pread(out, buf, n, 0) == n && !memcmp(buf, map + 7 * PAGE, n) :
		      n < 0 && errno == EXDEV,
	      "copy_file_range works, or says EXDEV");
	off = 7 * PAGE;
	n = copy_file_range(fd, &off, fd, &(off_t){ 40 * PAGE }, sizeof(buf), 0);
	check(n == (ssize_t)sizeof(buf) && !memcmp(map + 40 * PAGE, map + 7 * PAGE, n),
	      "inside the region it works");
}

static void spliced(char *map)
{
	static char buf[BYTES];
	int pipes[2], out = memfd_create("out", 0), i;
	off_t off = 0;
	size_t total = 0;
	ssize_t n;

	for (i = 0; i < (int)PAGES; i++)
		memset(map + i * PAGE, 'a' + i % 26, PAGE);
	evict();
	while (total < BYTES && (n = sendfile(out, fd, &off, BYTES - total)) > 0)
		total += n;
	check(total == BYTES && pread(out, buf, BYTES, 0) == BYTES && !memcmp(buf, map, BYTES),
	      "sendfile of evicted pages");
	if (pipe(pipes) || write(pipes[1], "spliced", 7) != 7)
		die("pipe");
	off = 5 * PAGE - 3;
	n = splice(pipes[0], NULL, fd, &off, 7, 0);
	check(n == 7 && !memcmp(map + 5 * PAGE - 3, "spliced", 7), "splice into it");
	off = 5 * PAGE - 3;
	n = splice(fd, &off, pipes[1], NULL, 7, 0);
	check(n == 7 && read(pipes[0], buf, 7) == 7 && !memcmp(buf, "spliced", 7),
	      "splice out of it");
	copied(map, out);
}

static void advised(char *map)
{
	static const int advice[] = { MADV_DONTNEED, MADV_COLD,		 MADV_PAGEOUT,
				      MADV_WILLNEED, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
				      MADV_RANDOM };
	unsigned char present[PAGES];
	size_t i, good = 0;

	memset(map, 'm', BYTES);
	for (i = 0; i < sizeof(advice) / sizeof(*advice); i++) {
		if (madvise(map, BYTES, advice[i]))
			printf("madvise %d: %s\n", advice[i], strerror(errno));
		good += is_page(map + 9 * PAGE, 'm') && is_page(map, 'm');
		evict();
		good += is_page(map + 9 * PAGE, 'm') && is_page(map, 'm');
	}
	check(good == 2 * i, "advice never changes bytes (%zu)", good);
	check(!mincore(map, BYTES, present), "mincore answers");
	check(!madvise(map + 3 * PAGE, 2 * PAGE, MADV_REMOVE) && is_page(map + 3 * PAGE, 0) &&
		      is_page(map + 4 * PAGE, 0) && is_page(map + 2 * PAGE, 'm') &&
		      is_page(map + 5 * PAGE, 'm'),
	      "MADV_REMOVE punches exactly");
	check(!mprotect(map, BYTES, PROT_READ) && is_page(map, 'm') &&
		      !mprotect(map, BYTES, PROT_READ | PROT_WRITE) && (map[0] = 'n') == 'n' &&
		      map[1] == 'm',
	      "mprotect to and fro");
}

int main(int argc, char **argv)
{
	char *map;

	if (argc != 3)
		return 2;
	pool = argv[1];
	name = argv[2];
	fd = open(name, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, BYTES))
		die("%s", name);
	map = map_it();
	processes(map);
	forked(map);
	files(map);
	self(map);
	bad_pointers();
	spliced(map);
	advised(map);
	munmap(map, BYTES);
	close(fd);
	return 0;
}
