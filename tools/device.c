// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "host.h"
#include "text.h"

const struct column device_files[DEVICE_FILES] = {
	[DEVICE_SIZE] = { "SIZE", "size", UNIT_BYTES, "what the device can hold" },
	[DEVICE_USED] = { "USED", "used", UNIT_BYTES, "what of it is taken" },
	[DEVICE_PAGES] = { "PAGES", "pages", UNIT_COUNT, "pages of guests whose bytes are there" },
	[DEVICE_READS] = { "READS", "reads", UNIT_COUNT, "reads" },
	[DEVICE_READ_BYTES] = { "READ_BYTES", "read_bytes", UNIT_BYTES, "what they read" },
	[DEVICE_READ_ERRORS] = { "READ_ERRORS", "read_errors", UNIT_COUNT,
		"reads that failed or brought wrong bytes" },
	[DEVICE_READ_NS] = { "READ_NS", "read_ns", UNIT_NS, "elapsed time of reads, added up" },
	[DEVICE_READ_P50_NS] = { "READ_P50_NS", "read_p50_ns", UNIT_NS,
		"time that half of the reads took at most" },
	[DEVICE_READ_P99_NS] = { "READ_P99_NS", "read_p99_ns", UNIT_NS,
		"time that 99 of 100 reads took at most" },
	[DEVICE_FETCHES] = { "FETCHES", "fetches", UNIT_COUNT,
		"pages that came from there, those read ahead included" },
	[DEVICE_WRITES] = { "WRITES", "writes", UNIT_COUNT, "writes" },
	[DEVICE_WRITTEN_BYTES] = { "WRITTEN_BYTES", "written_bytes", UNIT_BYTES,
		"what they wrote" },
	[DEVICE_WRITE_ERRORS] = { "WRITE_ERRORS", "write_errors", UNIT_COUNT,
		"writes that failed" },
	[DEVICE_WRITE_NS] = { "WRITE_NS", "write_ns", UNIT_NS,
		"elapsed time of writes, added up" },
	[DEVICE_SHARED] = { "SHARED", "shared", UNIT_COUNT,
		"pages that were not written because equal bytes were there" },
	[DEVICE_TRIMMED_BYTES] = { "TRIMMED_BYTES", "trimmed_bytes", UNIT_BYTES,
		"what the device was told to be free again" },
	[DEVICE_ENCRYPTED] = { "ENCRYPTED", "encrypted", UNIT_SWITCH,
		"what is written there is encrypted" },
	[DEVICE_CIPHER_NS] = { "CIPHER_NS", "cipher_ns", UNIT_NS,
		"time that encrypting and decrypting took, added up" },
};

char *tiers_path(const struct pool *pool, const char *name)
{
	char *directory = pools_directory();
	char *path = text_format("%s/%s/tiers/%s", directory, pool->name, name);

	free(directory);
	return path;
}

/* The module writes characters of a path that mean something elsewhere as \xHH. In place. */
static void unescape_hex(char *text)
{
	char *out = text, digits[3] = "";

	while (*text) {
		if (text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) &&
		    isxdigit((unsigned char)text[3])) {
			memcpy(digits, text + 2, 2);
			*out++ = strtoul(digits, NULL, 16);
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

/* False when it is no device, or went away meanwhile. */
static bool device_read(int tiers_fd, const char *name, struct device *device)
{
	unsigned int file;
	char *text;
	int fd;

	memset(device, 0, sizeof(*device));
	if (number_parse(name, &device->number))
		return false;
	fd = openat(tiers_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	device->path = text_read(fd, "path");
	for (file = 0; device->path && file < DEVICE_FILES; file++) {
		text = text_read(fd, device_files[file].key);
		device->has[file] = text && !number_parse(text, &device->value[file]);
		free(text);
	}
	close(fd);
	if (device->path && !faccessat(tiers_fd, name, F_OK, 0)) {
		unescape_hex(device->path);
		return true;
	}
	free(device->path);
	return false;
}

static int compare_devices(const void *a, const void *b)
{
	const struct device *left = a, *right = b;

	return left->number < right->number ? -1 : left->number > right->number;
}

void devices_read(const struct pool *pool, struct devices *devices)
{
	char *path = tiers_path(pool, "");
	struct dirent *entry;
	struct device device;
	DIR *dir = opendir(path);

	free(path);
	memset(devices, 0, sizeof(*devices));
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (device_read(dirfd(dir), entry->d_name, &device))
			*list_grow(devices->list, devices->count) = device;
	}
	closedir(dir);
	if (devices->count)
		qsort(devices->list, devices->count, sizeof(*devices->list), compare_devices);
}

void devices_free(struct devices *devices)
{
	size_t i;

	for (i = 0; i < devices->count; i++)
		free(devices->list[i].path);
	free(devices->list);
}
