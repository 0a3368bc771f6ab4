/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands, and the options that all of them take.
 *
 * Each command parses its own arguments with getopt_long(), has COMMON_OPTIONS in its table, and
 * hands what it does not know to common_option().
 */
#ifndef PAGEPACT_H
#define PAGEPACT_H

#include <getopt.h>

enum {
	/* beyond every character, for options without a letter */
	OPTION_SYSFS = 256,
	OPTION_PROC,
	OPTION_POOL,
	OPTION_LIST_COLUMNS,
	OPTION_BYTES,
	OPTION_FORCE,
};

#define COMMON_OPTIONS \
	{ "help",	no_argument,		NULL, 'h' }, \
	{ "version",	no_argument,		NULL, 'V' }, \
	{ "sysfs",	required_argument,	NULL, OPTION_SYSFS }, \
	{ "proc",	required_argument,	NULL, OPTION_PROC }

#define COMMON_LETTERS	"hV"

/* Obeys a common option; anything else is a usage error and ends the program. */
void common_option(int option, const char *command);

/* Ends the program when arguments are left over. */
void no_more_arguments(int argc, char **argv, const char *command);

/* Each returns an exit status. */
int status_main(int argc, char **argv);
int top_main(int argc, char **argv);
int tune_main(int argc, char **argv);
int store_main(int argc, char **argv);
int doctor_main(int argc, char **argv);

#endif
