// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody who wants to be left in peace: writes each page of two regions, one in a domain that
 * nobody else may enter, one beside the attackers' files, and compares every byte before the next.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "hostile.h"

#define PAGES (4 * MIB / PAGE)

static struct {
	char path[64];
	int fd;
	uint64_t *map;
	uint32_t generation[PAGES];
} files[2];

static void stamp(uint64_t *out, unsigned int f, size_t page)
{
	uint32_t generation = files[f].generation[page];
	size_t i;

	compose(out, generation % 3 ? "text" : "random", generation * 2 + f, page);
	for (i = 0; i < WORDS; i += 64)
		out[i] = VICTIM_WORD;
}

static void __attribute__((noreturn, format(printf, 1, 2))) wrong(const char *format, ...)
{
	size_t n = sprintf(shared->wrong_text, "after %.1f s ", now() - shared->began);
	va_list args;

	va_start(args, format);
	vsnprintf(shared->wrong_text + n, sizeof(shared->wrong_text) - n, format, args);
	va_end(args);
	shared->wrong++;
	_exit(1);
}

static void on_signal(int sig)
{
	shared->wrong++;
	snprintf(shared->wrong_text, sizeof(shared->wrong_text), "after %.1f s signal %d",
		 now() - shared->began, sig);
	_exit(1);
}

static void check_page(unsigned int f, size_t page)
{
	uint64_t want[WORDS], have[WORDS];
	const uint64_t *got = files[f].map + page * WORDS;
	size_t i;

	if (page % 4 == 3) {
		if (pread(files[f].fd, have, PAGE, page * PAGE) != (ssize_t)PAGE)
			wrong("%s: page %zu cannot be read: %s", files[f].path, page,
			      strerror(errno));
		got = have;
	}
	stamp(want, f, page);
	for (i = 0; i < WORDS; i++)
		if (got[i] != want[i])
			wrong("%s: page %zu word %zu is %016lx, must be %016lx", files[f].path,
			      page, i, got[i], want[i]);
}

static void write_page(unsigned int f, size_t page)
{
	files[f].generation[page]++;
	stamp(files[f].map + page * WORDS, f, page);
}

static void own(unsigned int f, const char *mount, const char *name)
{
	struct stat st;
	size_t page;

	snprintf(files[f].path, sizeof(files[f].path), "%s/%s", mount, name);
	files[f].fd = open(files[f].path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (files[f].fd < 0 || ftruncate(files[f].fd, PAGES * PAGE) || fstat(files[f].fd, &st))
		wrong("%s: %s", files[f].path, strerror(errno));
	files[f].map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, files[f].fd,
			    0);
	if (files[f].map == MAP_FAILED)
		wrong("mmap: %s", strerror(errno));
	for (page = 0; page < PAGES; page++)
		write_page(f, page);
	shared->victim_ino[f] = st.st_ino;
}

void victim_run(const char *mount)
{
	char dir[128];
	unsigned int f;
	size_t page;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGBUS, on_signal);
	signal(SIGSEGV, on_signal);
	own(0, mount, "dom/victim");
	own(1, mount, "open/guarded");
	do {
		for (f = 0; f < 2; f++) {
			for (page = 0; page < PAGES; page++) {
				check_page(f, page);
				/* Some only read: their kept copies are to be tested as well. */
				if ((page + shared->rounds) % 3)
					write_page(f, page);
			}
			snprintf(dir, sizeof(dir), "/sys/fs/pagepact/vms/regions/%lu",
				 shared->victim_ino[f]);
			set_text(dir, "reclaim", "2M");
		}
		shared->rounds++;
	} while (!shared->stop);
	for (f = 0; f < 2; f++)
		for (page = 0; page < PAGES; page++)
			check_page(f, page);
	_exit(0);
}
