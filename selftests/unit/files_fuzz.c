// SPDX-License-Identifier: GPL-2.0-only
/* First byte: which file of /proc or /sys. The rest: what it holds. */
#include <errno.h>

#include "files.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	files_make();
	return 0;
}

static void read_pools(void)
{
	static const struct attribute_set resident = { .has = { [ATTR_RESIDENT] = true } };
	struct pools pools;

	assert(!pools_read(&pools, "vms", &resident));
	assert(pools.count == 1);
	pool_of_device(&pools, 0, 45);
	if (pools.list[0].region_count)
		domain_length(pools.list[0].regions[0].path);
	pools_free(&pools);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mappings mappings;
	struct mounts mounts;
	size_t i;

	if (!size)
		return 0;
	size--;
	switch (*data++) {
	case 'm':
		files_write("812/maps", data, size);
		assert(!mappings_read(&mappings, PID));
		for (i = 0; i < mappings.count; i++) {
			assert(mappings.list[i].start < mappings.list[i].end);
			assert(memchr(mappings.list[i].permissions, 0, 5));
		}
		mappings_free(&mappings);
		break;
	case 'i':
		files_write("self/mountinfo", data, size);
		assert(!mounts_read(&mounts));
		for (i = 0; i < mounts.count; i++)
			assert(strlen(mounts.list[i].point) + strlen(mounts.list[i].pool) < size);
		mounts_free(&mounts);
		break;
	case 'd':
		files_write("fs/pagepact/vms/mountpoint_dev", data, size);
		read_pools();
		break;
	case 'p':
		files_write("fs/pagepact/vms/regions/1001/path", data, size);
		read_pools();
		break;
	case 'n':
		files_write("fs/pagepact/vms/resident", data, size);
		read_pools();
		break;
	case 'l':
		files_write("modules", data, size);
		module_loaded();
		break;
	}
	return 0;
}
