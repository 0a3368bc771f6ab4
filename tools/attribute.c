// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>

#include "attribute.h"

#define BOTH(name)		.pool = (name), .region = (name)
#define COUNTER(head, name, text) \
	{ .column = (head), BOTH(name), .kind = ATTR_COUNTER, .unit = UNIT_COUNT, .help = (text) }
#define STATE(head, name, text) \
	{ .column = (head), BOTH(name), .kind = ATTR_STATE, .unit = UNIT_BYTES, .help = (text) }
#define KNOB(head, name, type, text) \
	{ .column = (head), .pool = (name), .kind = ATTR_KNOB, .unit = (type), .help = (text) }

const struct attribute attributes[ATTR_COUNT] = {
	[ATTR_SIZE] = {
		.column = "SIZE", .pool = "promised", .region = "size",
		.kind = ATTR_STATE, .unit = UNIT_BYTES,
		.help = "size of the region; of a pool or domain, the sum",
	},
	[ATTR_RESIDENT] = STATE("RESIDENT", "resident",
		"memory held in frames, standby and spare frames included"),
	[ATTR_STANDBY] = STATE("STANDBY", "standby",
		"of these in memory, but in no page table"),
	[ATTR_STORED] = STATE("STORED", "stored",
		"guest bytes whose only home is the store"),
	[ATTR_COMPRESSED] = {
		.column = "COMPRESSED", .pool = "compressed",
		.kind = ATTR_STATE, .unit = UNIT_BYTES,
		.help = "memory that the store takes for them and for kept copies",
	},
	[ATTR_METADATA] = STATE("METADATA", "metadata",
		"memory for the records of homes, blocks and slots"),
	[ATTR_DEVICE] = {
		.column = "DEVICE", .pool = "mountpoint_dev",
		.kind = ATTR_FACT, .unit = UNIT_WORD,
		.help = "major:minor of the mount, as in /proc/self/mountinfo",
	},

	[ATTR_FAULTS] = COUNTER("FAULTS", "faults", "page faults taken"),
	[ATTR_HOLE_READS] = COUNTER("HOLE_READS", "hole_reads",
		"read faults answered with the zero frame"),
	[ATTR_HOLE_WRITES] = COUNTER("HOLE_WRITES", "hole_writes", "frames given to holes"),
	[ATTR_RESCUES] = COUNTER("RESCUES", "rescues", "standby pages touched in time"),
	[ATTR_RESTORES] = COUNTER("RESTORES", "restores", "pages fetched from the store"),
	[ATTR_NOTIFIES] = COUNTER("NOTIFIES", "notifies",
		"write faults told to the module, mapped read-only or not"),
	[ATTR_COPIES_DROPPED] = COUNTER("COPIES_DROPPED", "copies_dropped",
		"kept copies let go for a write, or for room in the store"),
	[ATTR_AGED] = COUNTER("AGED", "aged", "pages made standby"),
	[ATTR_EVICTIONS] = COUNTER("EVICTIONS", "evictions", "pages that left memory"),
	[ATTR_EVICT_CLEAN] = COUNTER("EVICT_CLEAN", "evict_clean",
		"evictions whose kept copy was still good"),
	[ATTR_EVICT_ZERO] = COUNTER("EVICT_ZERO", "evict_zero",
		"evictions of zeros, which became holes"),
	[ATTR_EVICT_SAME] = COUNTER("EVICT_SAME", "evict_same",
		"evictions of one repeated word"),
	[ATTR_EVICT_RAW] = COUNTER("EVICT_RAW", "evict_raw",
		"evictions stored as they are, being incompressible"),
	[ATTR_EVICT_OOM] = COUNTER("EVICT_OOM", "evict_oom",
		"evictions made because the host was about to kill a process"),
	[ATTR_INCOMPRESSIBLE] = COUNTER("INCOMPRESSIBLE", "incompressible",
		"pages passed over because compression gains nothing"),
	[ATTR_BUSY] = COUNTER("BUSY", "busy", "pages passed over because somebody held them"),
	[ATTR_PUNCHED] = COUNTER("PUNCHED", "punched",
		"pages given back by truncate or fallocate"),
	[ATTR_STORE_FULL] = COUNTER("STORE_FULL", "store_full",
		"evictions refused by a full store"),
	[ATTR_STALLS] = COUNTER("STALLS", "stalls", "faults that had to wait for a frame"),
	[ATTR_MEMORY_ERRORS] = COUNTER("MEMORY_ERRORS", "memory_errors",
		"faults answered with a memory error"),
	[ATTR_RECLAIM_NS] = {
		.column = "RECLAIM_NS", BOTH("reclaim_ns"),
		.kind = ATTR_COUNTER, .unit = UNIT_NS,
		.help = "elapsed time of ageing and eviction, not CPU time",
	},
	[ATTR_RESTORE_NS] = {
		.column = "RESTORE_NS", BOTH("restore_ns"),
		.kind = ATTR_COUNTER, .unit = UNIT_NS,
		.help = "elapsed time of fetching pages",
	},

	[ATTR_LIMIT] = {
		.column = "LIMIT", BOTH("limit"),
		.kind = ATTR_KNOB, .unit = UNIT_LIMIT,
		.help = "memory that resident pages may take; lowering it evicts at once",
	},
	[ATTR_SIZE_LIMIT] = KNOB("SIZE_LIMIT", "size", UNIT_LIMIT,
		"sum of the sizes of all regions that may exist"),
	[ATTR_NR_INODES] = KNOB("NR_INODES", "nr_inodes", UNIT_COUNT,
		"regions and directories that may exist; 0: any number"),
	[ATTR_REGION_LIMIT] = KNOB("REGION_LIMIT", "region_limit", UNIT_LIMIT,
		"the limit that a new region starts with"),
	[ATTR_STORE_LIMIT] = KNOB("STORE_LIMIT", "store_limit", UNIT_LIMIT,
		"memory that the compressed tier may take"),
	[ATTR_COMPRESSOR] = KNOB("COMPRESSOR", "compressor", UNIT_WORD,
		"what compresses evicted pages: lz4 or zstd"),
	[ATTR_POLICY] = KNOB("POLICY", "policy", UNIT_WORD,
		"which pages reclaim chooses: clock, or random for tests"),
	[ATTR_EVICT] = KNOB("EVICT", "evict", UNIT_SWITCH,
		"evict pages at all"),
	[ATTR_KEEP_COPIES] = KNOB("KEEP_COPIES", "keep_copies", UNIT_SWITCH,
		"keep a restored page's stored copy until a write, or until the store is full"),
	[ATTR_DETECT_SAME] = KNOB("DETECT_SAME", "detect_same", UNIT_SWITCH,
		"make zeros holes, and store a repeated word as that word"),
	[ATTR_SHRINKER] = KNOB("SHRINKER", "shrinker", UNIT_SWITCH,
		"answer memory pressure of the host and of cgroups"),
	[ATTR_SHRINK_STEP] = KNOB("SHRINK_STEP", "shrink_step", UNIT_BYTES,
		"most that one proactive request evicts while nothing is short"),
	[ATTR_AGE_INTERVAL_MS] = KNOB("AGE_INTERVAL_MS", "age_interval_ms", UNIT_MS,
		"period of ageing for statistics; 0: only under pressure"),
	[ATTR_SPARE] = KNOB("SPARE", "spare", UNIT_BYTES,
		"frames that one region may keep ready for its next fault"),
	[ATTR_STALL_MS] = KNOB("STALL_MS", "stall_ms", UNIT_MS,
		"how long a fault waits for a frame before it is a memory error"),
	[ATTR_RECLAIM] = {
		.column = "RECLAIM", BOTH("reclaim"),
		.kind = ATTR_ACTION, .unit = UNIT_BYTES,
		.help = "write only: evict that much now",
	},
};
