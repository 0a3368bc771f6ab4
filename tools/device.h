/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices: what the module says in sysfs of each device of a pool, read into memory.
 *
 * As with pools, one reading is a moment's view without a lock. A device that disappears half-way
 * is left out, and a file that is not there leaves its value absent, never zero.
 */
#ifndef PAGEPACT_DEVICE_H
#define PAGEPACT_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool.h"
#include "table.h"

/* The files of a device that hold a number. */
enum device_file {
	DEVICE_SIZE,
	DEVICE_USED,
	DEVICE_PAGES,
	DEVICE_READS,
	DEVICE_READ_BYTES,
	DEVICE_READ_ERRORS,
	DEVICE_READ_NS,
	DEVICE_READ_P50_NS,
	DEVICE_READ_P99_NS,
	DEVICE_FETCHES,
	DEVICE_WRITES,
	DEVICE_WRITTEN_BYTES,
	DEVICE_WRITE_ERRORS,
	DEVICE_WRITE_NS,
	DEVICE_SHARED,
	DEVICE_TRIMMED_BYTES,
	DEVICE_ENCRYPTED,
	DEVICE_CIPHER_NS,
	DEVICE_FILES
};

/* Each of them as the column that shows it. The key is the name of the file. */
extern const struct column device_files[DEVICE_FILES];

/**
 * struct device - one device of a pool
 * @number: its number there
 * @path: where it was when it was added; not safe to show
 * @has: for each file, whether there is a value
 * @value: what the file says
 */
struct device {
	uint64_t number;
	char *path;
	bool has[DEVICE_FILES];
	uint64_t value[DEVICE_FILES];
};

struct devices {
	struct device *list;	/* sorted by number */
	size_t count;
};

/**
 * devices_read - take one view of a pool's devices
 * @devices: filled; devices_free() it
 *
 * A module that knows no devices has none.
 */
void devices_read(const struct pool *pool, struct devices *devices);
void devices_free(struct devices *devices);

/* Where @name is in the pool's directory of devices; the caller frees it. */
char *tiers_path(const struct pool *pool, const char *name);

#endif
