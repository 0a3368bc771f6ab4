// SPDX-License-Identifier: GPL-2.0-only
/* Files of /proc and /sys: what the tool makes of each line. */
#include <errno.h>

#include "files.h"
#include "unit.h"

__attribute__((constructor(101)))
static void make(void)
{
	files_make();
}

TEST(mappings)
{
	struct mappings m;

	files_text("812/maps",
		"7f2c40000000-7f2c80000000 rw-s 00001000 0a:31 1234    /srv/vms/acme/web\n"
		"55d000-55e000 r-xp 00000000 08:01 12 /usr/bin/x\n"
		"7f35-7f34 rw-p 00000000 00:00 0\n"
		"7f36-7f36 rw-p 00000000 00:00 0\ngarbage\n\n"
		"7f1000000000-7f1040000000 rw-p 00000000 00:00 0 \n"
		"7f2000000000-7f2040000000 rw-p 00000000 00:00 0 [stack]\n"
		"7f3000000000-7f3040000000 rw-s 00000000 00:06 1 /dev/dri/card0\n"
		"7f4000000000-7f4040000000 rw-s 00000000 00:06 1 /dev/shm/ram\n"
		"ffffffffffff0000-ffffffffffffffff rw-p ffffffffffffffff ffffffff:ffffffff "
		"18446744073709551615 /x");
	expect_eq(mappings_read(&m, PID), 0);
	expect_eq(m.count, 7);
	expect_eq(m.list[0].start, 0x7f2c40000000);
	expect_eq(m.list[0].end, 0x7f2c80000000);
	expect_eq(m.list[0].offset, 0x1000);
	expect(!strcmp(m.list[0].permissions, "rw-s"));
	expect_eq(m.list[0].major, 10);
	expect_eq(m.list[0].minor, 0x31);
	expect_eq(m.list[0].inode, 1234);
	expect(m.list[0].is_memory && !m.list[1].is_memory && m.list[2].is_memory);
	expect(!m.list[3].is_memory && !m.list[4].is_memory && m.list[5].is_memory);
	expect(m.list[6].inode == UINT64_MAX);
	mappings_free(&m);
	expect_eq(mappings_read(&m, 4711), -ENOENT);
}

TEST(mounts)
{
	struct mounts m;

	files_text("self/mountinfo",
		"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
		"40 22 0:45 / /srv/my\\040vms\\134 rw,relatime shared:2 master:3 - pagepact v\\040m rw\n"
		"41 22 0:46 / /half rw - pagepact\nbroken\n1 2 3 4 5 6\n1 2 x / /y rw - pagepact z rw\n"
		"42 22 0:47 / /last\\12 rw - pagepact last\\");
	expect_eq(mounts_read(&m), 0);
	expect_eq(m.count, 2);
	expect(!strcmp(m.list[0].point, "/srv/my vms\\"));
	expect(!strcmp(m.list[0].pool, "v m"));
	expect(!strcmp(m.list[1].point, "/last\\12"));
	expect(!strcmp(m.list[1].pool, "last\\"));
	expect(mount_of_device(&m, 0, 45) == &m.list[0]);
	expect(!mount_of_device(&m, 0, 46));
	mounts_free(&m);
}

static const struct attribute_set nothing;

TEST(a_pool)
{
	struct pools p;

	files_text("fs/pagepact/vms/resident", "18446744073709551615\n");
	files_text("fs/pagepact/vms/stored", "-1\n");
	files_text("fs/pagepact/vms/policy", "clock\n");
	files_text("fs/pagepact/vms/regions/1001/faults", "7");
	expect_eq(pools_read(&p, NULL, &all_attributes), 0);
	expect_eq(p.count, 1);
	expect_eq(p.list[0].minor, 45);
	expect(p.list[0].values.number[ATTR_RESIDENT] == UINT64_MAX);
	/* What is no number, or not there, is absent and not zero. */
	expect(!has_value(&p.list[0].values, ATTR_STORED));
	expect(!has_value(&p.list[0].values, ATTR_FAULTS));
	expect(!strcmp(p.list[0].values.word[ATTR_POLICY], "clock"));
	expect_eq(p.list[0].region_count, 1);
	expect(!strcmp(p.list[0].regions[0].path, "acme/web"));
	expect_eq(p.list[0].regions[0].values.number[ATTR_FAULTS], 7);
	expect(region_by_id(&p.list[0], 1001) && !region_by_id(&p.list[0], 1002));
	expect(pool_of_device(&p, 0, 45) && !pool_of_device(&p, 0, 0));
	pools_free(&p);
	expect_eq(pools_read(&p, "none", &nothing), -ENOENT);
	pools_free(&p);
}

TEST(odd_device_numbers)
{
	static const char *const odd[] = { "", "45", "0:45x", "a:b", ":" };
	struct pools p;
	unsigned int i;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		files_text("fs/pagepact/vms/mountpoint_dev", odd[i]);
		expect_eq(pools_read(&p, "vms", &nothing), 0);
		expect(!p.list[0].major && !p.list[0].minor);
		pools_free(&p);
	}
}

TEST(the_length_of_a_domain)
{
	expect_eq(domain_length("acme/web"), 4);
	expect_eq(domain_length("acme/db/main"), 4);
	expect_eq(domain_length("file"), 0);
	expect_eq(domain_length(""), 0);
}
