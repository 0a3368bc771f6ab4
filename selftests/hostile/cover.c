// SPDX-License-Identifier: GPL-2.0-only
/*
 * KCOV: which coverage points of the module the attackers' own calls reached. Where the kernel has
 * none, nothing of this does anything.
 */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "hostile.h"

#define KCOV "/sys/kernel/debug/kcov"
#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0
#define ENTRIES		(1UL << 15)
#define MAX_FUNCTIONS	4096

static struct function {
	uint64_t start;
	char name[60];
	bool reached;
} functions[MAX_FUNCTIONS];
static unsigned int nr_functions;
static uint64_t text_start, text_end;

static int by_start(const void *a, const void *b)
{
	const struct function *f = a, *g = b;

	return f->start < g->start ? -1 : f->start > g->start;
}

void cover_init(void)
{
	FILE *in = fopen("/proc/kallsyms", "r");
	char line[512], name[256], type;
	unsigned long start;

	if (!in)
		die("kallsyms");
	while (fgets(line, sizeof(line), in)) {
		if (!strstr(line, "\t[pagepact]") ||
		    sscanf(line, "%lx %c %255s", &start, &type, name) != 3 ||
		    (type != 't' && type != 'T') || !strncmp(name, "__pfx_", 6) ||
		    /* What the compiler adds for KASAN and GCOV, and calls that are patched. */
		    !strncmp(name, "_sub_", 5) || !strncmp(name, "__SCT__", 7))
			continue;
		functions[nr_functions].start = start;
		memcpy(functions[nr_functions].name, name, sizeof(functions->name) - 1);
		if (++nr_functions == MAX_FUNCTIONS)
			break;
	}
	fclose(in);
	if (!nr_functions)
		die("no functions of the module in kallsyms");
	qsort(functions, nr_functions, sizeof(*functions), by_start);
	text_start = functions[0].start;
	text_end = functions[nr_functions - 1].start + 65536;
	if (text_end - text_start > COVER_BYTES)
		text_end = text_start + COVER_BYTES;
}

/* As root, before rights are dropped. */
void cover_open(struct worker *w)
{
	w->kcov_fd = open(KCOV, O_RDWR | O_CLOEXEC);
	if (w->kcov_fd < 0)
		return;
	if (ioctl(w->kcov_fd, KCOV_INIT_TRACE, ENTRIES))
		die("KCOV_INIT_TRACE");
	w->kcov = mmap(NULL, ENTRIES * 8, PROT_READ | PROT_WRITE, MAP_SHARED, w->kcov_fd, 0);
	if (w->kcov == MAP_FAILED)
		die("kcov");
}

/* By the thread itself. */
void cover_enable(struct worker *w)
{
	if (w->kcov && ioctl(w->kcov_fd, KCOV_ENABLE, KCOV_TRACE_PC))
		die("KCOV_ENABLE");
}

void cover_begin(struct worker *w)
{
	if (w->kcov)
		__atomic_store_n(w->kcov, 0, __ATOMIC_RELAXED);
}

/* Return: true when the call reached something new. */
bool cover_end(struct worker *w)
{
	uint64_t i, n = w->kcov ? __atomic_load_n(w->kcov, __ATOMIC_RELAXED) : 0;
	bool fresh = false;

	for (i = 1; i <= n && i < ENTRIES; i++) {
		uint64_t at = w->kcov[i] - text_start;

		if (w->kcov[i] < text_start || w->kcov[i] >= text_end)
			continue;
		fresh |= !(atomic_fetch_or(&shared->covered[at / 8], 1 << at % 8) & 1 << at % 8);
	}
	return fresh;
}

static void mark(uint64_t pc)
{
	unsigned int i = nr_functions;

	while (i-- && functions[i].start > pc)
		;
	functions[i].reached = true;
}

/* Cold parts of a function belong to it. */
static bool reached(unsigned int n)
{
	size_t len = strcspn(functions[n].name, ".");
	unsigned int i;

	for (i = 0; i < nr_functions; i++)
		if (functions[i].reached && strcspn(functions[i].name, ".") == len &&
		    !strncmp(functions[i].name, functions[n].name, len))
			return true;
	return false;
}

void cover_report(const char *points)
{
	unsigned int i, pcs = 0;

	if (access(KCOV, R_OK)) {
		printf("coverage: this kernel has no KCOV\n");
		return;
	}
	for (i = 0; i < COVER_BYTES; i++) {
		if (shared->covered[i / 8] & 1 << i % 8) {
			pcs++;
			mark(text_start + i);
		}
	}
	printf("coverage: %u of %s points of the module, %u calls in the corpus\n", pcs, points,
	       shared->nr_corpus);
	for (i = 0; i < nr_functions; i++)
		if (!strchr(functions[i].name, '.') && !reached(i))
			printf("never reached by a call: %s\n", functions[i].name);
}
