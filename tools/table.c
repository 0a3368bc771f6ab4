// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "text.h"

/* libsmartcols answers -ENOMEM or, for wrong use, -EINVAL: neither can be mended here. */
static void must(int ret)
{
	if (ret) {
		errno = -ret;
		err(STATUS_ERROR, "cannot make the table");
	}
}

bool style_option(int option, struct style *style, const char **list)
{
	switch (option) {
	case 'b':
		style->bytes = true;
		break;
	case 'J':
		style->json = true;
		break;
	case 'n':
		style->noheadings = true;
		break;
	case 'o':
		*list = optarg;
		break;
	case 'r':
		style->raw = true;
		break;
	default:
		return false;
	}
	if (style->json && style->raw)
		errx(STATUS_ERROR, "--json and --raw exclude each other: give one of them");
	return true;
}

static void choose(struct choice *choice, const char *list)
{
	char *copy = duplicate(list), *rest = copy, *name, *shown;
	unsigned int i;

	while ((name = strsep(&rest, ","))) {
		for (i = 0; i < choice->available; i++) {
			if (!strcasecmp(choice->columns[i].name, name))
				break;
		}
		if (i == choice->available) {
			shown = text_shown(name);
			errx(STATUS_ERROR, "unknown column '%s': --list-columns shows them all",
			     shown);
		}
		if (!table_shows(choice, i))
			choice->shown[choice->count++] = i;
	}
	free(copy);
}

void table_choose(struct choice *choice, const struct column *columns, size_t available,
		  const char *defaults, const char *list)
{
	choice->columns = columns;
	choice->available = available;
	choice->count = 0;
	if (!list || list[0] == '+')
		choose(choice, defaults);
	if (list)
		choose(choice, list + (list[0] == '+'));
}

bool table_shows(const struct choice *choice, unsigned int column)
{
	size_t i;

	for (i = 0; i < choice->count; i++) {
		if (choice->shown[i] == column)
			return true;
	}
	return false;
}

static void add_column(struct table *table, const struct column *column, bool tree)
{
	struct libscols_column *added;
	char *name = duplicate(column->name), *p;
	int flags = 0;

	if (table->style.json) {
		for (p = name; *p; p++)
			*p = tolower((unsigned char)*p);
	}
	if (tree)
		flags |= SCOLS_FL_TREE;
	if (column->unit != UNIT_WORD)
		flags |= SCOLS_FL_RIGHT;
	else if (table->style.width)
		flags |= SCOLS_FL_TRUNC;
	added = scols_table_new_column(table->scols,
				       table->style.json && column->key ? column->key : name,
				       0, flags);
	if (!added)
		must(-ENOMEM);
	must(scols_column_set_json_type(added, column->unit == UNIT_WORD ? SCOLS_JSON_STRING :
						SCOLS_JSON_NUMBER));
	free(name);
}

void table_open(struct table *table, const char *name, const struct choice *choice,
		const struct style *style, int tree)
{
	size_t i;

	table->choice = choice;
	table->style = *style;
	table->scols = scols_new_table();
	if (!table->scols)
		must(-ENOMEM);
	must(scols_table_set_name(table->scols, name));
	must(scols_table_enable_noheadings(table->scols, style->noheadings));
	if (style->json)
		must(scols_table_enable_json(table->scols, 1));
	else if (style->raw)
		must(scols_table_enable_raw(table->scols, 1));
	/* text_printable() did it, the same way for all forms. */
	must(scols_table_enable_noencoding(table->scols, 1));
	if (style->width) {
		must(scols_table_set_termwidth(table->scols, style->width));
		must(scols_table_set_termforce(table->scols, SCOLS_TERMFORCE_ALWAYS));
	}
	for (i = 0; i < choice->count; i++)
		add_column(table, &choice->columns[choice->shown[i]],
			   (int)choice->shown[i] == tree && !style->raw);
}

struct libscols_line *table_line(struct table *table, struct libscols_line *parent)
{
	struct libscols_line *line = scols_table_new_line(table->scols, parent);
	size_t i;

	if (!line)
		must(-ENOMEM);
	/* Without alignment an empty field would shift those after it. */
	for (i = 0; table->style.raw && i < table->choice->count; i++)
		must(scols_line_set_data(line, i, "-"));
	return line;
}

/* Takes @text over. */
static void set_cell(struct table *table, struct libscols_line *line, unsigned int column,
		     char *text)
{
	size_t i;

	for (i = 0; i < table->choice->count; i++) {
		if (table->choice->shown[i] == column) {
			must(scols_line_refer_data(line, i, text));
			return;
		}
	}
	free(text);
}

void table_value(struct table *table, struct libscols_line *line, unsigned int column,
		 uint64_t value)
{
	set_cell(table, line, column,
		 value_format(table->choice->columns[column].unit, value,
			      table->style.json || table->style.bytes));
}

void table_text(struct table *table, struct libscols_line *line, unsigned int column,
		const char *text)
{
	/* Raw output is encoded by the library: blanks and everything beyond ASCII, too. */
	if (table->style.raw)
		set_cell(table, line, column, duplicate(*text ? text : "-"));
	else
		set_cell(table, line, column,
			 text_printable(text, table->style.json || text_locale_utf8()));
}

void table_format(struct table *table, struct libscols_line *line, unsigned int column,
		  const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		must(-ENOMEM);
	va_end(args);
	set_cell(table, line, column, text);
}

bool table_is_empty(const struct table *table)
{
	return !scols_table_get_nlines(table->scols);
}

void table_print(struct table *table)
{
	must(scols_print_table(table->scols));
}

char *table_string(struct table *table)
{
	char *text;

	must(scols_print_table_to_string(table->scols, &text));
	return text;
}

void table_close(struct table *table)
{
	scols_unref_table(table->scols);
	table->scols = NULL;
}

void table_list_columns(const struct column *columns, size_t available, const struct style *style)
{
	enum { NAME, KEY, UNIT, MEANING };
	static const struct column about[] = {
		[NAME]	  = { "COLUMN",  NULL, UNIT_WORD, "" },
		[KEY]	  = { "KEY",	 NULL, UNIT_WORD, "" },
		[UNIT]	  = { "UNIT",	 NULL, UNIT_WORD, "" },
		[MEANING] = { "MEANING", NULL, UNIT_WORD, "" },
	};
	struct libscols_line *line;
	struct choice choice;
	struct table table;
	char *key, *p;
	size_t i;

	table_choose(&choice, about, 4, "COLUMN,KEY,UNIT,MEANING", NULL);
	table_open(&table, "columns", &choice, style, -1);
	for (i = 0; i < available; i++) {
		line = table_line(&table, NULL);
		key = duplicate(columns[i].key ? columns[i].key : columns[i].name);
		for (p = key; *p; p++)
			*p = tolower((unsigned char)*p);
		table_text(&table, line, NAME, columns[i].name);
		table_text(&table, line, KEY, key);
		table_text(&table, line, UNIT, unit_name(columns[i].unit));
		table_text(&table, line, MEANING, columns[i].help);
		free(key);
	}
	table_print(&table);
	table_close(&table);
}
