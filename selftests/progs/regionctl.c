// SPDX-License-Identifier: GPL-2.0-only
/*
 * regionctl - does things to one file of a pool, in the order of its arguments.
 *
 *   regionctl FILE VERB...
 *     size=BYTES           makes the file (K, M, G, T) and maps it
 *     fill=KIND:SEED       writes all pages, kinds see check.h
 *     verify=KIND:SEED     compares all pages through the mapping
 *     pverify=KIND:SEED    compares by pread()
 *     fillbus=KIND:SEED    fills until SIGBUS; prints "filled=PAGES"
 *     verifybus=KIND:SEED  compares, passes over SIGBUS; prints "sigbus=PAGES"
 *     only=FIRST:COUNT     pages that the verbs after it work on
 *     read                 touches them by reading
 *     touch                adds 0 to their first byte: a write that changes nothing
 *     mlock, munlock, unlink, unmap, closefd
 *     dontneed, remove     madvise
 *     pin                  puts the first page into a pipe, as it is, until the end; compares then
 *     keep                 the same, but does not compare
 *     times=N              repeats the next verb
 *     sleep=MS
 *     stop                 SIGSTOP to itself: the script goes on, then sends SIGCONT
 *
 * Exit status 0, or 1 after the first verb that fails.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "check.h"

static const char *name;
static int fd = -1;
static uint64_t *map;
static size_t map_bytes, first, count;
static sigjmp_buf on_bus;
static int pin_pipe[2] = { -1, -1 };
static bool pin_compare;
static uint64_t pinned[WORDS];

static void bus(int sig)
{
	siglongjmp(on_bus, sig);
}

static size_t bytes_of(const char *text)
{
	char *end;
	size_t n = strtoull(text, &end, 0);

	switch (*end) {
	case 'T':
		n <<= 10; /* fall through */
	case 'G':
		n <<= 10; /* fall through */
	case 'M':
		n <<= 10; /* fall through */
	case 'K':
		n <<= 10;
	}
	return n;
}

static int map_it(void)
{
	if (map || !map_bytes)
		return 0;
	map = mmap(NULL, map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		return 0;
	perror("regionctl: mmap");
	map = NULL;
	return 1;
}

static int open_it(size_t size)
{
	struct stat st;

	fd = open(name, O_RDWR | (size ? O_CREAT : 0), 0600);
	if (fd < 0 || (size && ftruncate(fd, size)) || fstat(fd, &st)) {
		fprintf(stderr, "regionctl: %s: %s\n", name, strerror(errno));
		return 1;
	}
	map_bytes = st.st_size;
	first = 0;
	count = map_bytes / PAGE;
	return map_it();
}

static int differs(const uint64_t *have, const uint64_t *want, size_t page)
{
	size_t i = 0;

	if (!memcmp(have, want, PAGE))
		return 0;
	while (i < WORDS && have[i] == want[i])
		i++;
	fprintf(stderr, "regionctl: %s page %zu word %zu is %016llx, must be %016llx\n", name, page,
		i, i < WORDS ? (unsigned long long)have[i] : 0,
		i < WORDS ? (unsigned long long)want[i] : 0);
	return 1;
}

static int content(const char *verb, const char *value)
{
	uint64_t want[WORDS], have[WORDS];
	const char *colon = strchr(value, ':');
	uint64_t seed = colon ? strtoull(colon + 1, NULL, 0) : 0;
	volatile size_t page, wrong = 0, buses = 0;
	bool with_bus = strstr(verb, "bus");

	if (with_bus)
		signal(SIGBUS, bus);
	for (page = first; page < first + count; page++) {
		uint64_t *at = map + page * WORDS;

		compose(want, value, seed, page);
		if (with_bus && sigsetjmp(on_bus, 1)) {
			buses++;
			if (verb[0] == 'f')
				break;
			continue;
		}
		if (verb[0] == 'f') {
			memcpy(at, want, PAGE);
		} else if (verb[0] == 'p') {
			if (pread(fd, have, PAGE, page * PAGE) != (ssize_t)PAGE) {
				perror("regionctl: pread");
				return 1;
			}
			wrong += differs(have, want, page);
		} else {
			wrong += differs(at, want, page);
		}
		if (wrong > 5)
			break;
	}
	if (with_bus)
		printf("%s=%zu\n", verb[0] == 'f' ? "filled" : "sigbus",
		       verb[0] == 'f' ? page - first : buses);
	fflush(stdout);
	return wrong != 0;
}

static int touch(bool write)
{
	volatile char *p = (volatile char *)map;
	size_t page;
	char sum = 0;

	for (page = first; page < first + count; page++) {
		if (write)
			p[page * PAGE] += 0;
		else
			sum += p[page * PAGE];
	}
	return 0;
}

/* A reference to the page, without a copy. @compare: it is to have the same bytes at the end. */
static int pin(bool compare)
{
	struct iovec page = { map + first * WORDS, PAGE };

	if (pin_pipe[0] >= 0 || pipe(pin_pipe))
		return 1;
	pin_compare = compare;
	memcpy(pinned, page.iov_base, PAGE);
	return vmsplice(pin_pipe[1], &page, 1, 0) != (ssize_t)PAGE;
}

static int unpin(void)
{
	uint64_t have[WORDS];

	if (pin_pipe[0] < 0)
		return 0;
	return read(pin_pipe[0], have, PAGE) != (ssize_t)PAGE ||
	       (pin_compare && memcmp(have, pinned, PAGE));
}

static int simple(const char *verb)
{
	char *at = (char *)map + first * PAGE;
	size_t len = count * PAGE;

	if (!strcmp(verb, "read"))
		return touch(false);
	if (!strcmp(verb, "touch"))
		return touch(true);
	if (!strcmp(verb, "mlock"))
		return mlock(at, len);
	if (!strcmp(verb, "munlock"))
		return munlock(at, len);
	if (!strcmp(verb, "dontneed"))
		return madvise(at, len, MADV_DONTNEED);
	if (!strcmp(verb, "remove"))
		return madvise(at, len, MADV_REMOVE);
	if (!strcmp(verb, "pin"))
		return pin(true);
	if (!strcmp(verb, "keep"))
		return pin(false);
	if (!strcmp(verb, "unlink"))
		return unlink(name);
	if (!strcmp(verb, "closefd"))
		return close(fd);
	if (!strcmp(verb, "stop"))
		return raise(SIGSTOP);
	if (!strcmp(verb, "unmap")) {
		int err = munmap(map, map_bytes);

		map = NULL;
		return err;
	}
	fprintf(stderr, "regionctl: no verb %s\n", verb);
	exit(2);
}

static int run_verb(char *verb)
{
	char *value = strchr(verb, '=');

	if (!value)
		return simple(verb);
	*value = 0;
	if (!strcmp(verb, "only")) {
		first = strtoull(value + 1, &verb, 0);
		count = strtoull(verb + 1, NULL, 0);
	} else if (!strcmp(verb, "sleep")) {
		usleep(1000 * strtoul(value + 1, NULL, 0));
	} else {
		int err = content(verb, value + 1);

		*value = '=';
		return err;
	}
	*value = '=';
	return 0;
}

int main(int argc, char **argv)
{
	size_t size = 0;
	unsigned long times = 1;
	int i = 2;

	if (argc < 3)
		return 2;
	name = argv[1];
	if (!strncmp(argv[2], "size=", 5)) {
		size = bytes_of(argv[2] + 5);
		i++;
	}
	if (open_it(size))
		return 1;
	for (; i < argc; i++) {
		if (!strncmp(argv[i], "times=", 6)) {
			times = strtoul(argv[i] + 6, NULL, 0);
			continue;
		}
		for (; times; times--) {
			if (run_verb(argv[i])) {
				fprintf(stderr, "regionctl: %s failed: %s\n", argv[i],
					strerror(errno));
				return 1;
			}
		}
		times = 1;
	}
	return unpin();
}
