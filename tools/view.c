// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>

#include "pagepact.h"
#include "text.h"
#include "view.h"

bool view_option(int option, struct view_options *options)
{
	switch (option) {
	case OPTION_POOL:
		options->pool = optarg;
		return true;
	case OPTION_LIST_COLUMNS:
		options->list_columns = true;
		return true;
	default:
		return style_option(option, &options->style, &options->list);
	}
}

/* The lines of all pools, or of the pool @only. Returns 0 when there is something to print. */
static int add_pools(struct table *table, const struct view *view, const char *only,
		     bool *complete)
{
	struct devices devices;
	struct pools pools;
	int ret = pools_read_or_explain(&pools, only, view->wanted);
	size_t i;

	if (!ret && pools.count && view->has_source && !view->has_source())
		ret = -ENOENT;
	for (i = 0; !ret && i < pools.count; i++) {
		devices_read(&pools.list[i], &devices);
		*complete &= view->add_pool(table, &pools.list[i], &devices);
		devices_free(&devices);
	}
	if (!ret && !pools.count && !table->style.json) {
		pools_explain_none(&pools);
		ret = 1;
	}
	pools_free(&pools);
	return ret;
}

int view_show(const struct view *view, const struct view_options *options, char **pools)
{
	const struct style *style = &options->style;
	const char *defaults = view->defaults;
	struct choice choice;
	bool complete = true;
	struct table table;
	int ret;

	if (options->list_columns) {
		table_list_columns(view->columns, view->count, style);
		return STATUS_OK;
	}
	if (view->table_defaults && !style->json && !style->raw)
		defaults = view->table_defaults;
	table_choose(&choice, view->columns, view->count, defaults, options->list);
	table_open(&table, view->name, &choice, style, -1);
	do {
		ret = add_pools(&table, view, *pools ? *pools : options->pool, &complete);
	} while (!ret && *pools && *++pools);
	if (!ret && (style->json || !table_is_empty(&table)))
		table_print(&table);
	else if (!ret && complete)
		warnx("%s", view->none);
	table_close(&table);
	return ret < 0 || !complete ? STATUS_FAILED : STATUS_OK;
}
