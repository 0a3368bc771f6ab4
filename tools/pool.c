// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "pool.h"
#include "text.h"

static void values_free(struct values *values)
{
	unsigned int id;

	for (id = 0; id < ATTR_COUNT; id++)
		free(values->word[id]);
}

static void values_read(int dirfd, bool is_pool, const struct attribute_set *wanted,
			struct values *values)
{
	const struct attribute *attribute;
	unsigned int id;
	const char *file;
	char *text;

	for (id = 0; id < ATTR_COUNT; id++) {
		attribute = &attributes[id];
		file = is_pool ? attribute->pool : attribute->region;
		if (!wanted->has[id] || !file || attribute->kind == ATTR_ACTION)
			continue;
		text = text_read(dirfd, file);
		if (!text)
			continue;
		if (attribute->unit == UNIT_WORD) {
			values->word[id] = text;
			values->present.has[id] = true;
			continue;
		}
		if (!number_parse(text, &values->number[id]))
			values->present.has[id] = true;
		free(text);
	}
}

/* False when the region went away meanwhile. */
static bool region_read(int regions_fd, const char *name, const struct attribute_set *wanted,
			struct region *region)
{
	int fd;

	memset(region, 0, sizeof(*region));
	if (number_parse(name, &region->id))
		return false;
	fd = openat(regions_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	region->path = text_read(fd, "path");
	if (region->path)
		values_read(fd, false, wanted, &region->values);
	close(fd);
	if (region->path && !faccessat(regions_fd, name, F_OK, 0))
		return true;
	values_free(&region->values);
	free(region->path);
	return false;
}

static int compare_regions(const void *a, const void *b)
{
	const struct region *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	if (order)
		return order;
	return left->id < right->id ? -1 : left->id > right->id;
}

static void regions_read(int pool_fd, const struct attribute_set *wanted, struct pool *pool)
{
	int fd = openat(pool_fd, "regions", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct region region;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (region_read(fd, entry->d_name, wanted, &region))
			*list_grow(pool->regions, pool->region_count) = region;
	}
	closedir(dir);
	if (pool->region_count)
		qsort(pool->regions, pool->region_count, sizeof(*pool->regions), compare_regions);
}

static void pool_free(struct pool *pool)
{
	size_t i;

	for (i = 0; i < pool->region_count; i++) {
		values_free(&pool->regions[i].values);
		free(pool->regions[i].path);
	}
	free(pool->regions);
	values_free(&pool->values);
	free(pool->name);
}

/* False when it is no pool, or went away meanwhile. */
static bool pool_read(int pools_fd, const char *name, const struct attribute_set *wanted,
		      struct pool *pool)
{
	struct attribute_set with_device = *wanted;
	int fd = openat(pools_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char rest;

	if (fd < 0)
		return false;
	memset(pool, 0, sizeof(*pool));
	pool->name = duplicate(name);
	with_device.has[ATTR_DEVICE] = true;
	values_read(fd, true, &with_device, &pool->values);
	if (has_value(&pool->values, ATTR_DEVICE) &&
	    sscanf(pool->values.word[ATTR_DEVICE], "%u:%u%c", &pool->major, &pool->minor,
		   &rest) != 2)
		pool->major = pool->minor = 0;
	regions_read(fd, wanted, pool);
	close(fd);
	if (!faccessat(pools_fd, name, F_OK, 0))
		return true;
	pool_free(pool);
	return false;
}

static int compare_pools(const void *a, const void *b)
{
	const struct pool *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int pools_read(struct pools *pools, const char *only, const struct attribute_set *wanted)
{
	char *path = pools_directory();
	struct dirent *entry;
	struct pool pool;
	DIR *dir;
	int ret;

	memset(pools, 0, sizeof(*pools));
	dir = opendir(path);
	ret = dir ? 0 : -errno;
	free(path);
	if (ret)
		return ret;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || (only && strcmp(only, entry->d_name)))
			continue;
		if (pool_read(dirfd(dir), entry->d_name, wanted, &pool))
			*list_grow(pools->list, pools->count) = pool;
	}
	closedir(dir);
	if (only && !pools->count)
		return -ENOENT;
	if (pools->count)
		qsort(pools->list, pools->count, sizeof(*pools->list), compare_pools);
	return 0;
}

void pools_free(struct pools *pools)
{
	size_t i;

	for (i = 0; i < pools->count; i++)
		pool_free(&pools->list[i]);
	free(pools->list);
	memset(pools, 0, sizeof(*pools));
}

int pools_read_or_explain(struct pools *pools, const char *only,
			  const struct attribute_set *wanted)
{
	int ret = pools_read(pools, only, wanted);
	char *path, *shown;

	if (!ret)
		return 0;
	path = pools_directory();
	if (ret != -ENOENT) {
		errno = -ret;
		warn("cannot read %s", path);
	} else if (!access(path, F_OK)) {
		shown = text_shown(only);
		warnx("no pool '%s' is mounted: 'pagepact status' lists the pools", shown);
		free(shown);
	} else if (module_loaded()) {
		warnx("the module is loaded, but there is no %s: is sysfs mounted? "
		      "'pagepact doctor' looks closer", path);
	} else {
		warnx("the module is not loaded: load it with 'modprobe pagepact'");
	}
	free(path);
	return ret;
}

void pools_explain_none(const struct pools *pools)
{
	if (!pools->count)
		warnx("no pool is mounted: 'mount -t pagepact NAME DIRECTORY' makes one");
}

const struct pool *pools_choose(struct pools *pools, const char *only)
{
	static const struct attribute_set nothing;
	char *names, *longer, *shown;
	size_t i;

	if (pools_read_or_explain(pools, only, &nothing))
		return NULL;
	pools_explain_none(pools);
	if (pools->count < 2)
		return pools->list;
	names = text_shown(pools->list[0].name);
	for (i = 1; i < pools->count; i++) {
		shown = text_shown(pools->list[i].name);
		longer = text_format("%s, %s", names, shown);
		free(shown);
		free(names);
		names = longer;
	}
	warnx("there are several pools: say with --pool which one is meant: %s", names);
	free(names);
	return NULL;
}

size_t domain_length(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash ? slash - path : 0;
}

const struct pool *pool_of_device(const struct pools *pools, unsigned int major,
				  unsigned int minor)
{
	size_t i;

	if (!major && !minor)
		return NULL;
	for (i = 0; i < pools->count; i++) {
		if (pools->list[i].major == major && pools->list[i].minor == minor)
			return &pools->list[i];
	}
	return NULL;
}

const struct region *region_by_id(const struct pool *pool, uint64_t id)
{
	size_t i;

	for (i = 0; i < pool->region_count; i++) {
		if (pool->regions[i].id == id)
			return &pool->regions[i];
	}
	return NULL;
}
