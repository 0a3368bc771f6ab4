// SPDX-License-Identifier: GPL-2.0-only
/*
 * pins - pages that somebody outside holds: pipes (vmsplice), devices (direct
 * I/O under way), mlock.
 *
 *   pins POOLDIR FILE [SLOW-DEVICE]: prints one line a check
 *   pins POOLDIR FILE hold: pins pages, gives the file up, stops; checks the
 *     pages when continued
 */
#define _GNU_SOURCE
#include <linux/aio_abi.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include "check.h"

#define PAGES 16UL
#define BYTES (PAGES * PAGE)

static const char *pool, *name;
static int fd;
static char *map;

static void evict(void)
{
	set_text(pool, "reclaim", "1M");
	set_text(pool, "reclaim", "1M");
}

static bool is_page(const char *page, char byte)
{
	size_t i;

	for (i = 0; i < PAGE; i++)
		if (page[i] != byte)
			return false;
	return true;
}

static void fill(char byte)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		memset(map + i * PAGE, byte + i, PAGE);
}

static bool filled(char byte, unsigned int first)
{
	unsigned int i;

	for (i = first; i < PAGES; i++)
		if (!is_page(map + i * PAGE, byte + i))
			return false;
	return true;
}

static void pin(int *pipes, unsigned int first, unsigned int nr)
{
	struct iovec iov = { map + first * PAGE, nr * PAGE };

	if (pipe(pipes) || vmsplice(pipes[1], &iov, 1, 0) != (ssize_t)(nr * PAGE))
		die("vmsplice");
}

/* The pipe's pages are byte, byte + step, ... */
static bool piped(int *pipes, unsigned int nr, char byte, char step)
{
	static char buf[PAGE];
	bool good = true;
	unsigned int i;
	size_t got;

	for (i = 0; i < nr; i++) {
		for (got = 0; got < PAGE;) {
			ssize_t n = read(pipes[0], buf + got, PAGE - got);

			if (n <= 0)
				return false;
			got += n;
		}
		good &= is_page(buf, byte + i * step);
	}
	close(pipes[0]);
	close(pipes[1]);
	return good;
}

static long long resident(void)
{
	return number_of(pool, "resident") / (long long)PAGE;
}

/* A device may let pages go a moment after it has said that it is done. */
static bool all_evicted(void)
{
	int i;

	for (i = 0; i < 20 && resident(); i++) {
		usleep(50000);
		evict();
	}
	return !resident();
}

static void pipes_keep(void)
{
	int pipes[2];
	long long busy = number_of(pool, "busy");

	fill('A');
	pin(pipes, 0, 4);
	evict();
	check(resident() == 4, "pinned pages stay, others go (%lld stay)", resident());
	check(number_of(pool, "busy") > busy, "busy counts them");
	check(filled('A', 0), "the mapping is right");
	check(piped(pipes, 4, 'A', 1), "the pipe is right");
	evict();
	check(resident() == 0, "released they can go (%lld stay)", resident());
	check(filled('A', 0), "and come back");
}

static void pipes_and_writes(void)
{
	int pipes[2];

	fill('A');
	pin(pipes, 0, 2);
	evict();
	memset(map, 'z', PAGE);
	evict();
	check(is_page(map, 'z') && piped(pipes, 1, 'z', 0),
	      "a pinned page is still the page: a write is seen by both");
}

static void punched(void)
{
	int pipes[2];

	fill('a');
	pin(pipes, 0, 3);
	check(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3 * PAGE),
	      "punch of pinned pages");
	check(is_page(map, 0) && is_page(map + 2 * PAGE, 0) && filled('a', 3),
	      "they read as zero, others do not");
	memset(map, 'N', PAGE);
	evict();
	check(is_page(map, 'N') && is_page(map + PAGE, 0), "new bytes live on their own");
	check(piped(pipes, 3, 'a', 1), "the pipe has the old ones");
	pin(pipes, 1, 1);
	memset(map + PAGE, 'M', PAGE);
	evict();
	check(is_page(map + PAGE, 'M') && piped(pipes, 1, 0, 0),
	      "a hole pinned stays zero, when the page is written");
	pin(pipes, 5, 1);
	check(!ftruncate(fd, 2 * PAGE) && !ftruncate(fd, BYTES) && is_page(map + 5 * PAGE, 0) &&
		      piped(pipes, 1, 'f', 0),
	      "the same by truncate");
}

static void limited(void)
{
	int pipes[2], err;

	fill('k');
	pin(pipes, 0, PAGES);
	set_text(pool, "limit", "128K");
	err = set_text(pool, "limit", "16K");
	check(err == EBUSY, "a limit below what is pinned is EBUSY (%d)", err);
	check(number_of(pool, "limit") == 131072, "the old limit stays");
	check(piped(pipes, PAGES, 'k', 1), "the pipe is right");
	check(!set_text(pool, "limit", "16K") && resident() <= 4, "released the limit can be set");
	check(filled('k', 0), "bytes are right");
	set_text(pool, "limit", "0");
}

static aio_context_t aio;

static void submit(int dev, int op, unsigned int first, unsigned int nr)
{
	struct iocb cb = {
		.aio_lio_opcode = op,
		.aio_fildes = dev,
		.aio_buf = (uintptr_t)(map + first * PAGE),
		.aio_nbytes = nr * PAGE,
	};
	struct iocb *cbs = &cb;

	if (!aio && syscall(SYS_io_setup, 8, &aio))
		die("io_setup");
	if (syscall(SYS_io_submit, aio, 1, &cbs) != 1)
		die("io_submit");
}

static bool pending(void)
{
	struct timespec now = {};
	struct io_event event;

	return syscall(SYS_io_getevents, aio, 1, 1, &event, &now) == 0;
}

static long finish(void)
{
	struct io_event event;

	if (syscall(SYS_io_getevents, aio, 1, 1, &event, NULL) != 1)
		die("io_getevents");
	return event.res;
}

static void devices(const char *device)
{
	int dev = open(device, O_RDWR | O_DIRECT);
	long res;

	if (dev < 0)
		die("%s", device);
	fill('A');
	evict();
	submit(dev, IOCB_CMD_PWRITE, 0, 4);
	evict();
	check(resident() == 4, "pages being written to a device stay (%lld)", resident());
	check(pending(), "while it was under way");
	res = finish();
	evict();
	check(res == 4 * PAGE && all_evicted(), "afterwards they can go (%ld)", res);
	fill('0');
	evict();
	submit(dev, IOCB_CMD_PREAD, 0, 4);
	evict();
	check(resident() == 4, "pages being read into stay (%lld)", resident());
	check(finish() == 4 * PAGE && is_page(map, 'A') && is_page(map + 3 * PAGE, 'D') &&
		      filled('0', 4),
	      "the device's bytes are there");
	evict();
	check(all_evicted(), "these can go as well");
	check(is_page(map, 'A') && is_page(map + 3 * PAGE, 'D'), "and come back");
	fill('0');
	submit(dev, IOCB_CMD_PREAD, 0, 4);
	check(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE) &&
		      is_page(map, 0),
	      "punched while read into");
	res = finish();
	check(res == 4 * PAGE && is_page(map, 0) && is_page(map + 3 * PAGE, 0) && filled('0', 4),
	      "the region has none of the bytes that came later");
	submit(dev, IOCB_CMD_PREAD, 4, 4);
	check(!ftruncate(fd, 0) && !ftruncate(fd, BYTES), "truncated while read into");
	check(finish() == 4 * PAGE && is_page(map + 4 * PAGE, 0), "nor then");
	close(dev);
}

static void locked(void)
{
	long long before;

	fill('L');
	set_text(pool, "policy", "clock");
	if (mlock(map, 8 * PAGE))
		die("mlock");
	before = number_of(pool, "evictions");
	evict();
	check(number_of(pool, "evictions") >= before + (long long)PAGES - 8 && resident() == 8,
	      "the clock leaves mlocked pages, and takes others (%lld stay)", resident());
	munlock(map, 8 * PAGE);
	evict();
	check(number_of(pool, "evictions") >= before + (long long)PAGES, "unlocked they can go");
	check(filled('L', 0), "and come back");
	set_text(pool, "policy", "random");
}

static int hold(void)
{
	int pipes[2], more[2];

	fill('h');
	pin(pipes, 0, PAGES / 2);
	memset(map + 9 * PAGE, 0, PAGE);
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 9 * PAGE, PAGE);
	pin(more, 9, 1);
	munmap(map, BYTES);
	unlink(name);
	close(fd);
	raise(SIGSTOP);
	check(piped(pipes, PAGES / 2, 'h', 1) && piped(more, 1, 0, 0),
	      "pages pinned outlive the module");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	pool = argv[1];
	name = argv[2];
	fd = open(name, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, BYTES))
		die("%s", name);
	map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap");
	if (argc > 3 && !strcmp(argv[3], "hold"))
		return hold();
	pipes_keep();
	pipes_and_writes();
	punched();
	limited();
	if (argc > 3)
		devices(argv[3]);
	locked();
	return 0;
}
