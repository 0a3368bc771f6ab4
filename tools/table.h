/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables: columns that a user may choose, cells with units, and one way to print both for people,
 * for scripts and as JSON. The drawing is libsmartcols'.
 *
 * A command describes its columns once (struct column), lets table_choose() settle which are shown,
 * and then fills every cell it knows: cells of columns that are not shown cost nothing.
 */
#ifndef PAGEPACT_TABLE_H
#define PAGEPACT_TABLE_H

#include <getopt.h>
#include <libsmartcols.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "size.h"

/**
 * struct column - what may be shown
 * @name: heading, and what -o takes
 * @key: key in JSON; NULL: the name in lower case
 * @unit: how values are written; everything but UNIT_WORD is a number in JSON
 * @help: one line for --list-columns
 */
struct column {
	const char *name;
	const char *key;
	enum unit unit;
	const char *help;
};

/**
 * struct style - how to print
 * @json: one JSON object; implies @bytes
 * @raw: one line each, no alignment, fields separated by one blank
 * @noheadings: no line of headings
 * @bytes: base units instead of K, M, G
 * @width: columns of the screen to fit into, 0: what libsmartcols finds
 */
struct style {
	bool json;
	bool raw;
	bool noheadings;
	bool bytes;
	size_t width;
};

/* The options that set it, and those that choose columns, for getopt_long(). */
#define STYLE_OPTIONS \
	{ "bytes",	no_argument,		NULL, 'b' }, \
	{ "json",	no_argument,		NULL, 'J' }, \
	{ "noheadings",	no_argument,		NULL, 'n' }, \
	{ "output",	required_argument,	NULL, 'o' }, \
	{ "raw",	no_argument,		NULL, 'r' }

#define STYLE_LETTERS	"bJno:r"

/**
 * style_option - obey one of STYLE_OPTIONS
 * @list: set to what was given with -o
 * Returns false for any other option; ends the program when two of them exclude each other.
 */
bool style_option(int option, struct style *style, const char **list);

#define COLUMNS_MAX	128

/**
 * struct choice - the columns to show
 * @columns: all that exist
 * @available: how many
 * @shown: indices into @columns, in order
 * @count: how many
 */
struct choice {
	const struct column *columns;
	size_t available;
	unsigned int shown[COLUMNS_MAX];
	size_t count;
};

/**
 * table_choose - settle the columns
 * @defaults: comma-separated names, must be right
 * @list: what the user gave with -o, or NULL; "+A,B" adds to the defaults
 * Ends the program with STATUS_ERROR when the user named a column that does not exist.
 */
void table_choose(struct choice *choice, const struct column *columns, size_t available,
		  const char *defaults, const char *list);

bool table_shows(const struct choice *choice, unsigned int column);

struct table {
	struct libscols_table *scols;
	const struct choice *choice;
	struct style style;
};

/* @tree: column that shows the nesting of lines, or -1. */
void table_open(struct table *table, const char *name, const struct choice *choice,
		const struct style *style, int tree);

/* Lines live as long as the table. */
struct libscols_line *table_line(struct table *table, struct libscols_line *parent);

void table_value(struct table *table, struct libscols_line *line, unsigned int column,
		 uint64_t value);
/* @text may hold anything. */
void table_text(struct table *table, struct libscols_line *line, unsigned int column,
		const char *text);
/* What the caller formatted: a number where the column holds numbers. */
void table_format(struct table *table, struct libscols_line *line, unsigned int column,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* It has no line. */
bool table_is_empty(const struct table *table);

/* Prints to standard output. */
void table_print(struct table *table);
/* Returns what would be printed, as a new string. */
char *table_string(struct table *table);
void table_close(struct table *table);

/* --list-columns */
void table_list_columns(const struct column *columns, size_t available, const struct style *style);

#endif
