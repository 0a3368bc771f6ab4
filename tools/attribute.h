/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes: the files that the module offers in sysfs, each described once.
 *
 * Documentation/ABI/sysfs-fs-pagepact is the contract; this table is what the tool knows of it.
 * Status takes its columns from here, tune its knobs, top its counters. A new file of the ABI needs
 * a line in the enumeration and one in the table. Beside them the manual page has to name it, a
 * knob as a column and as a knob; tests/tree to make it; and tests/run to count one knob more.
 *
 * A pool and a region may keep the same thing under different names (the sizes promised by a pool
 * are the sum of its regions' sizes), so that each attribute has one file name for either; NULL
 * where there is none.
 */
#ifndef PAGEPACT_ATTRIBUTE_H
#define PAGEPACT_ATTRIBUTE_H

#include <stdbool.h>

#include "size.h"

enum attribute_id {
	/* state now */
	ATTR_SIZE,
	ATTR_RESIDENT,
	ATTR_STANDBY,
	ATTR_HUGE_RESIDENT,
	ATTR_STORED,
	ATTR_COMPRESSED,
	ATTR_SLOTS,
	ATTR_SLOTS_SAVED,
	ATTR_SLOTS_PUSHED,
	ATTR_DEMOTE_NOW_MS,
	ATTR_METADATA,
	ATTR_WORST_CASE,
	ATTR_COVERED,
	ATTR_ALARMED,
	ATTR_FETCH_P50_NS,
	ATTR_FETCH_P99_NS,
	ATTR_DEVICE,

	/* counters since the region or the pool was made */
	ATTR_FAULTS,
	ATTR_HOLE_READS,
	ATTR_HOLE_WRITES,
	ATTR_RESCUES,
	ATTR_RESTORES,
	ATTR_EXCHANGES,
	ATTR_NOTIFIES,
	ATTR_COPIES_DROPPED,
	ATTR_RESTORES_FAR,
	ATTR_DEMOTED,
	ATTR_DEMOTED_EARLY,
	ATTR_PROMOTED,
	ATTR_REUSE_CHECKED,
	ATTR_REUSE_ERROR,
	ATTR_AGED,
	ATTR_EVICTIONS,
	ATTR_EVICT_CLEAN,
	ATTR_EVICT_ZERO,
	ATTR_EVICT_SAME,
	ATTR_EVICT_RAW,
	ATTR_EVICT_SHARED,
	ATTR_EVICT_OOM,
	ATTR_INCOMPRESSIBLE,
	ATTR_BUSY,
	ATTR_PUNCHED,
	ATTR_DEAD_STORED,
	ATTR_DEAD_FAR,
	ATTR_STORE_FULL,
	ATTR_HUGE_FAULTS,
	ATTR_HUGE_MISFIT,
	ATTR_HUGE_NO_ENTRY,
	ATTR_HUGE_LIMIT,
	ATTR_HUGE_NO_MEMORY,
	ATTR_REGROUPS,
	ATTR_SHATTERS,
	ATTR_SHATTER_ZERO,
	ATTR_SHATTER_SPARSE,
	ATTR_SHATTER_TOUGH,
	ATTR_SHATTER_HOT,
	ATTR_SHATTER_COLD,
	ATTR_STALLS,
	ATTR_MEMORY_ERRORS,
	ATTR_PLACE_NS,
	ATTR_RECLAIM_NS,
	ATTR_RESTORE_NS,
	ATTR_HUGE_NS,

	/* knobs */
	ATTR_LIMIT,
	ATTR_SIZE_LIMIT,
	ATTR_NR_INODES,
	ATTR_REGION_LIMIT,
	ATTR_STORE_LIMIT,
	ATTR_COMPRESSOR,
	ATTR_POLICY,
	ATTR_COMMIT,
	ATTR_ALARM,
	ATTR_EVICT,
	ATTR_KEEP_COPIES,
	ATTR_DETECT_SAME,
	ATTR_SHARE_SLOTS,
	ATTR_RAW_EARLY,
	ATTR_ENCRYPT,
	ATTR_SHRINKER,
	ATTR_SHRINK_STEP,
	ATTR_AGE_INTERVAL_MS,
	ATTR_DEMOTE_MS,
	ATTR_SPARE,
	ATTR_STALL_MS,
	ATTR_HUGE,
	ATTR_HUGE_ZEROS,
	ATTR_HUGE_HOT,
	ATTR_HUGE_TOUGH,
	ATTR_RECLAIM,

	ATTR_COUNT
};

enum attribute_kind {
	ATTR_STATE,	/* a gauge: regions add up to their domain */
	ATTR_COUNTER,	/* only grows: regions add up, differences make rates */
	ATTR_KNOB,	/* can be set; says nothing when added up */
	ATTR_ACTION,	/* can only be written */
	ATTR_FACT,	/* a property that is neither measured nor set */
};

/**
 * struct attribute - one file of the ABI
 * @column: heading in tables; in lower case the key in JSON
 * @pool: file name in the pool's directory, or NULL
 * @region: file name in the region's directory, or NULL
 * @kind: what may be done with the value
 * @unit: what the number means, and what a user may type for it
 * @help: one line for people
 */
struct attribute {
	const char *column;
	const char *pool;
	const char *region;
	enum attribute_kind kind;
	enum unit unit;
	const char *help;
};

extern const struct attribute attributes[ATTR_COUNT];

/**
 * struct attribute_set - some of the attributes
 * @has: for each, whether it is in the set
 */
struct attribute_set {
	bool has[ATTR_COUNT];
};

extern const struct attribute_set all_attributes;

#endif
