// SPDX-License-Identifier: GPL-2.0-only
/* pagepact.ko: load and unload. */
#include <linux/module.h>
#include "control/debugfs.h"
#include "control/sysfs.h"
#include "core/region.h"
#include "memfs/memfs.h"
#include "policy/place.h"
#include "policy/reclaim.h"
#include "store/codec.h"
#include "store/device.h"
#include "store/share.h"
#include "store/tiers.h"

/* Each room's init and exit, in the order in which they are made ready. */
static const struct {
	int (*init)(void);
	void (*exit)(void);
} rooms[] = {
	{ pp_codec_init, pp_codec_exit },
	{ pp_share_init, pp_share_exit },
	{ pp_device_init, pp_device_exit },
	{ pp_tiers_init, pp_tiers_exit },
	{ pp_region_init, pp_region_exit },
	{ pp_reclaim_init, pp_reclaim_exit },
	{ pp_place_init, pp_place_exit },
	{ pp_debugfs_init, pp_debugfs_exit },
	{ pp_sysfs_init, pp_sysfs_exit },
	{ pp_memfs_init, pp_memfs_exit },
};

static void leave_rooms(int n)
{
	while (n--)
		rooms[n].exit();
}

static int __init pagepact_init(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		err = rooms[i].init();
		if (err) {
			leave_rooms(i);
			return err;
		}
	}
	return 0;
}

static void __exit pagepact_exit(void)
{
	leave_rooms(ARRAY_SIZE(rooms));
	/* Inodes are freed after a grace period; none may be left that points here. */
	rcu_barrier();
}

module_init(pagepact_init);
module_exit(pagepact_exit);

MODULE_DESCRIPTION("Owns the memory of KVM guests, and keeps cold pages compressed");
MODULE_AUTHOR("The pagepact developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(PAGEPACT_VERSION);
MODULE_SOFTDEP("pre: lz4_compress zstd_compress xts");
