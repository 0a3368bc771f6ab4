// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagepact - see and steer the memory of KVM guests that the pagepact module owns.
 *
 * This file finds the command and obeys the options that all commands share. How the rest is
 * divided: pool.c and device.c read sysfs into memory and attribute.c says what there is to read,
 * host.c and process.c read what stands around it; status.c with tiers.c, top.c, tune.c, store.c
 * with latency.c, and doctor.c are the commands; view.c, table.c, size.c and text.c write. The
 * manual is pagepact(8).
 */
#include <err.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "pagepact.h"
#include "text.h"

static const struct command {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *usage;
	const char *help;
} commands[] = {
	{
		"status", status_main, "[status] [options]",
		"Show pools, domains and regions. This is what happens without a command.\n"
		"\n"
		"  -b, --bytes            base units: bytes, nanoseconds\n"
		"  -J, --json             JSON, in base units\n"
		"  -n, --noheadings       no line of headings\n"
		"  -o, --output LIST      columns to show; +LIST adds to the usual ones\n"
		"  -r, --raw              fields separated by one blank, '-' where there is none\n"
		"  -t, --tiers            tiers of the store instead: what they hold, save and cost\n"
		"      --pool NAME        this pool only\n"
		"      --list-columns     show all columns and what they mean\n"
	}, {
		"top", top_main, "top [options]",
		"Show what happens per second, busiest first. 'q' quits.\n"
		"\n"
		"  -b, --batch            print one sample after the other, not for a terminal\n"
		"  -d, --delay SECONDS    time between samples, 0.1 to 86400 (2)\n"
		"  -J, --json             one JSON object a line and sample\n"
		"  -n, --iterations N     end after N samples\n"
		"      --bytes            base units instead of K, M, G\n"
		"      --pool NAME        this pool only\n"
	}, {
		"tune", tune_main, "tune [options] [POOL[/REGION] | FILE [KNOB[=VALUE]...]]",
		"Show or set the knobs of a pool or a region. REGION is an ID or a path inside the\n"
		"pool; FILE is an absolute path: a pool's mount point or a region in it.\n"
		"\n"
		"  -b, --bytes            base units instead of K, M, G\n"
		"  -J, --json             JSON, in base units\n"
		"  -n, --noheadings       no line of headings\n"
		"  -o, --output LIST      columns to show: TARGET,KNOB,VALUE,UNIT,MEANING\n"
		"  -r, --raw              fields separated by one blank: -rn -o VALUE for scripts\n"
	}, {
		"store", store_main,
		"store [list | latency [POOL...] | add PATH | remove NUMBER|PATH] [options]",
		"Show the devices that take what pools store, once memory for that is short; show\n"
		"how long fetches from them and from that memory took; add or remove one. PATH is\n"
		"a block device or a file; its content is lost.\n"
		"\n"
		"      --pool NAME        this pool only; among several, add and remove need it\n"
		"\n"
		"list, latency:\n"
		"  -b, --bytes            base units instead of K, M, G\n"
		"  -J, --json             JSON, in base units\n"
		"  -n, --noheadings       no line of headings\n"
		"  -o, --output LIST      columns to show; +LIST adds to the usual ones\n"
		"  -r, --raw              fields separated by one blank, '-' where there is none\n"
		"      --list-columns     show all columns and what they mean\n"
		"\n"
		"add:\n"
		"      --force            also when PATH is not empty\n"
		"  -v, --verbose          print the number that the device got\n"
	}, {
		"doctor", doctor_main, "doctor [options] [PID]",
		"Look for what is wrong with the host, its pools and its VMs, or with one process.\n"
		"\n"
		"  -J, --json             JSON\n"
		"\n"
		"Exit status: 0 nothing wrong, 1 a warning or problem was found, 2 error.\n"
	},
};

static void help(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (name && strcmp(name, commands[i].name))
			continue;
		printf("%s pagepact %s\n%s\n", name || !i ? "Usage:" : "      ",
		       commands[i].usage, commands[i].help);
	}
	printf("Common options:\n"
	       "  -h, --help             this text\n"
	       "  -V, --version          the version\n"
	       "      --sysfs DIR        look there instead of in /sys   ($PAGEPACT_SYSFS)\n"
	       "      --proc DIR         look there instead of in /proc  ($PAGEPACT_PROC)\n"
	       "\n"
	       "pagepact(8) tells more.\n");
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	}
	return NULL;
}

void common_option(int option, const char *command)
{
	switch (option) {
	case 'h':
		help(command);
		exit(STATUS_OK);
	case 'V':
		printf("pagepact %s\n", PAGEPACT_VERSION);
		exit(STATUS_OK);
	case OPTION_SYSFS:
		sysfs_root = optarg;
		break;
	case OPTION_PROC:
		proc_root = optarg;
		break;
	default:
		/* getopt_long() has said what is wrong. */
		errx(STATUS_ERROR, "'pagepact %s --help' shows the options", command);
	}
}

void no_more_arguments(int argc, char **argv, const char *command)
{
	const struct command *other;
	char *shown;

	if (optind >= argc)
		return;
	shown = text_shown(argv[optind]);
	other = find_command(argv[optind]);
	if (other)
		errx(STATUS_ERROR, "the command comes before its options: 'pagepact %s ...'",
		     other->name);
	errx(STATUS_ERROR, "unexpected argument '%s': 'pagepact %s --help' shows what fits",
	     shown, command);
}

/* A full disk or a closed pipe must not look like success. */
static void close_output(void)
{
	if (fflush(stdout) || ferror(stdout)) {
		warn("cannot write the output");
		_exit(STATUS_ERROR);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, { 0 } };
	static char name[] = "pagepact";
	const struct command *command;
	const char *root;
	char *shown;
	int option;

	/* Numbers are written the same everywhere: only the character set follows the locale. */
	setlocale(LC_CTYPE, "");
	program_invocation_name = program_invocation_short_name = name;
	atexit(close_output);

	root = getenv("PAGEPACT_SYSFS");
	if (root && *root)
		sysfs_root = root;
	root = getenv("PAGEPACT_PROC");
	if (root && *root)
		proc_root = root;

	/*
	 * Common options may stand before the command. The first one that is not common belongs to
	 * status, the command that may be left out: let status parse them all.
	 */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+" COMMON_LETTERS, options, NULL)) != -1) {
		if (option == '?')
			break;
		common_option(option, NULL);
	}
	opterr = 1;
	if (option == -1 && optind < argc) {
		command = find_command(argv[optind]);
		if (!command) {
			shown = text_shown(argv[optind]);
			errx(STATUS_ERROR,
			     "no command '%s': there are status, top, tune, store and doctor",
			     shown);
		}
		argc -= optind;
		argv += optind;
	} else {
		command = find_command("status");
	}
	argv[0] = name;		/* getopt_long() starts its messages with it */
	optind = 0;
	return command->main(argc, argv);
}
