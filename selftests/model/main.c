// SPDX-License-Identifier: GPL-2.0-only
/*
 * memmodel - random operations on memory, checked against a model; see model.h.
 *
 * Exit status: 0 right, 1 a failure was found, 2 it could not run.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <sys/random.h>
#include "model.h"

#define LEAST_PAGES 64
#define SHOWN 25 /* operations of a list, for people; the file has all */

static const struct option names[] = {
	{ "seed", required_argument, NULL, 's' },     { "ops", required_argument, NULL, 'o' },
	{ "seconds", required_argument, NULL, 't' },  { "size", required_argument, NULL, 'z' },
	{ "workers", required_argument, NULL, 'w' },  { "threads", required_argument, NULL, 'c' },
	{ "scratch", required_argument, NULL, 'd' },  { "replay", required_argument, NULL, 'r' },
	{ "minimize", optional_argument, NULL, 'm' }, { "list", required_argument, NULL, 'l' },
	{ "without", required_argument, NULL, 'x' },
	{},
};

static void usage(void)
{
	fputs("usage: memmodel [OPTION...] TARGET\n"
	      "TARGET is a file that is made anew (best of a pool), \"memfd\" or \"anon\".\n"
	      "  --seed N           of all that is random (default: another one each time)\n"
	      "  --ops N            operations; with --threads, of each process\n"
	      "  --seconds N        time (default 10, unless --ops is given)\n"
	      "  --size BYTES       of the memory (default 3 MiB)\n"
	      "  --workers N        processes in lock-step (default 3)\n"
	      "  --threads N        N processes and an agent at once, instead of lock-step\n"
	      "  --without NAMES    leaves out these operations (comma-separated)\n"
	      "  --scratch FILE     for direct I/O (default /scratch/memmodel)\n"
	      "  --replay FILE      plays a list\n"
	      "  --minimize[=N]     shortens a list that fails, for N seconds (default 60)\n"
	      "  --list FILE        where a list that fails goes (default /tmp/memmodel.list)\n",
	      stderr);
	exit(2);
}

static void show(const struct list *list)
{
	size_t i = list->nr > SHOWN ? list->nr - SHOWN : 0;
	char line[LINE];

	if (i)
		printf("  ... %zu before\n", i);
	for (; i < list->nr; i++) {
		call_print(&list->calls[i], line);
		printf("  %s\n", line);
	}
}

static void keep(const struct options *o, const struct list *list, const char *what,
		 const char *file)
{
	if (!list_save(list, o, file))
		die("%s", file);
	printf("%s: %zu operations in %s\n", what, list->nr, file);
	show(list);
	printf("again: memmodel --replay %s --scratch %s %s\n", file, o->place.scratch,
	       o->target_name);
}

static void shorten(struct options *o, struct list *list, const char *failure, double seconds)
{
	double begin = seconds_now();
	char file[PATH_MAX];
	size_t before = list->nr;
	unsigned int tried = minimize(o, list, failure, seconds);

	printf("minimized: from %zu to %zu operations, %u tries in %.1f s\n", before, list->nr,
	       tried, seconds_now() - begin);
	if (list->nr == before) {
		printf("if it does not fail again: it depends on time, try --threads\n");
		return;
	}
	snprintf(file, sizeof(file), "%s.min", o->list);
	keep(o, list, "minimal", file);
}

static int report(struct options *o, struct list *list, const struct result *result,
		  double minimize_seconds)
{
	printf("MEMMODEL %s seed=%llu ops=%lu seconds=%.1f %s\n",
	       o->threads ? "concurrent" : "lockstep", (unsigned long long)o->seed, result->done,
	       result->seconds, result->failed ? "FAIL" : "PASS");
	if (!result->failed)
		return 0;
	printf("failure: %s\nin: %s\n", result->failure,
	       result->culprit[0] ? result->culprit : "the last look");
	if (o->threads) {
		printf("again, with luck: memmodel");
		printf(" --seed %llu --threads %u --seconds %.0f --size %zu",
		       (unsigned long long)o->seed, o->threads, result->seconds + 10,
		       o->pages * PAGE);
		if (o->without)
			printf(" --without %s", o->without);
		printf(" --scratch %s %s\n", o->place.scratch, o->target_name);
		return 1;
	}
	keep(o, list, "list", o->list);
	fflush(stdout);
	if (minimize_seconds)
		shorten(o, list, result->failure, minimize_seconds);
	return 1;
}

static unsigned long number(const char *text, unsigned long least, unsigned long most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end || value < least || value > most)
		usage();
	return value;
}

int main(int argc, char **argv)
{
	struct options o = { .workers = 3, .pages = 768, .list = "/tmp/memmodel.list",
			     .place.scratch = "/scratch/memmodel" };
	double minimize_seconds = 0;
	const char *replay = NULL;
	struct list list = {};
	struct result result;
	int opt;

	if (getrandom(&o.seed, 4, 0) != 4)
		die("getrandom");
	while ((opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (opt) {
		case 's':
			o.seed = number(optarg, 0, ULONG_MAX);
			break;
		case 'o':
			o.ops = number(optarg, 1, LONG_MAX);
			break;
		case 't':
			o.seconds = number(optarg, 1, INT_MAX);
			break;
		case 'z':
			o.pages = number(optarg, LEAST_PAGES * PAGE, 1UL << 40) / PAGE;
			break;
		case 'w':
			o.workers = number(optarg, 1, MAX_WORKERS);
			break;
		case 'c':
			o.threads = number(optarg, 1, MAX_WORKERS - 1);
			break;
		case 'd':
			o.place.scratch = optarg;
			break;
		case 'r':
			replay = optarg;
			break;
		case 'm':
			minimize_seconds = optarg ? number(optarg, 1, INT_MAX) : 60;
			break;
		case 'l':
			o.list = optarg;
			break;
		case 'x':
			o.without = optarg;
			if (!ops_leave_out(optarg))
				usage();
			break;
		default:
			usage();
		}
	}
	if (optind + 1 != argc || (replay && o.threads))
		usage();
	if (!o.ops && !o.seconds)
		o.seconds = 10;
	o.target_name = argv[optind];
	o.target = strcmp(o.target_name, "anon") ? PLAIN : ANON;
	if (o.target == PLAIN && strcmp(o.target_name, "memfd"))
		o.place.path = o.target_name;
	if (replay && !list_load(&list, &o, replay))
		die("%s", replay);
	signal(SIGPIPE, SIG_IGN);
	printf("memmodel: %s, seed=%llu pages=%zu %s=%u\n", o.target_name,
	       (unsigned long long)o.seed, o.pages, o.threads ? "threads" : "workers",
	       o.threads ? o.threads : o.workers);
	fflush(stdout);
	result = o.threads ? run_concurrent(&o) : run_lockstep(&o, &list, replay);
	return report(&o, &list, &result, minimize_seconds);
}
