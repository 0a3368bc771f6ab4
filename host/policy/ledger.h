/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ledger: what is promised to regions, and what there is to keep it.
 *
 * DOC: the worst case
 *
 * In the worst case every page of every region is written at once, and none compresses or equals
 * another. Then a page takes a page, in a frame or in the store, and some bytes of records. Two
 * things can fail to hold that:
 *
 *   limits   Frames are bounded by the pool's limit and by those of regions, the store by
 *	      store_limit, of which a part is kept for pages that change places, and by its devices.
 *   host     All of it but what is on devices is memory of the host: what pools hold already, and
 *	      what is available.
 *
 * A strict pool admits a region, or a larger size of one, only while both hold the worst case; and
 * nothing that is set makes it less than that. What other users of the host's memory take later is
 * theirs: it shows in pp_ledger_covered(), and refuses what is asked for then. Pools that are not
 * strict are such users, too.
 *
 * An alarm tells that a pool takes most of what it may take, strict or not.
 */
#ifndef PAGEPACT_POLICY_LEDGER_H
#define PAGEPACT_POLICY_LEDGER_H

#include <linux/types.h>

struct pp_pool;
struct pp_region;

/**
 * enum pp_commit - what a pool promises
 * @PP_COMMIT_STRICT: no more than it can keep
 * @PP_COMMIT_RELAXED: whatever is asked for
 * @PP_NR_COMMITS: number of modes
 */
enum pp_commit {
	PP_COMMIT_STRICT,
	PP_COMMIT_RELAXED,
	PP_NR_COMMITS
};

extern const char *const pp_commit_names[PP_NR_COMMITS];

/**
 * pp_ledger_add_pool - a new pool, which promises nothing yet
 * @pool: the pool
 */
void pp_ledger_add_pool(struct pp_pool *pool);

/**
 * pp_ledger_start_alarm - alarms are given from now on
 * @pool: the pool, which has its directory in sysfs
 */
void pp_ledger_start_alarm(struct pp_pool *pool);

/**
 * pp_ledger_stop_alarm - no alarm is given any more; waits for one that is being given
 * @pool: the pool, whose directory in sysfs is still there
 */
void pp_ledger_stop_alarm(struct pp_pool *pool);

/**
 * pp_ledger_del_pool - ends pp_ledger_add_pool()
 * @pool: the pool
 */
void pp_ledger_del_pool(struct pp_pool *pool);

/**
 * pp_ledger_resize - admits a new size of a region, or gives back what it had
 * @region: the region
 * @pages: its size
 *
 * Less is never refused; it is to be called when the pages beyond are gone. Prints why it refuses.
 *
 * Return: 0 or -ENOSPC.
 */
int pp_ledger_resize(struct pp_region *region, unsigned long pages);

/**
 * pp_ledger_set_limit - sets a limit, if that leaves enough
 * @pool: the pool, whose lock the caller holds
 * @only: a region whose limit it is, or NULL for the pool's
 * @pages: the limit, 0 = none
 * @back: to what it was before a write that failed, whatever others took of the host's memory
 * Return: 0; more: by how many pages it would be too low; less: by how many pages the host's memory
 * would be; both for pp_ledger_explain().
 */
long pp_ledger_set_limit(struct pp_pool *pool, struct pp_region *only, unsigned long pages,
			 bool back);

/**
 * pp_ledger_explain - says in the log why something was refused
 * @pool: the pool
 * @what: was to be set
 * @bytes: to what
 * @pages: that would be missing, as pp_ledger_set_limit() told
 */
void pp_ledger_explain(struct pp_pool *pool, const char *what, u64 bytes, long pages);

/**
 * pp_ledger_explain_strict - says in the log why a pool does not become strict
 * @pool: the pool
 * @pages: that are missing, as pp_ledger_check() told
 */
void pp_ledger_explain_strict(struct pp_pool *pool, long pages);

/**
 * pp_ledger_check - could these be set together?
 * @pool: the pool
 * @limit: of the pool, in pages, 0 = none
 * @store_limit: bytes, 0 = none
 * @commit: enum pp_commit
 *
 * The answer is for now: each is checked again when it is set.
 *
 * Return: like pp_ledger_set_limit().
 */
long pp_ledger_check(struct pp_pool *pool, unsigned long limit, u64 store_limit,
		     enum pp_commit commit);

/**
 * pp_ledger_set_store_limit - takes note of the store's limit, if that leaves enough
 * @pool: the pool
 * @bytes: the limit, 0 = none
 * @back: see pp_ledger_set_limit()
 *
 * The caller sets it, and sees to it that nobody else does so meanwhile.
 *
 * Return: 0 or -ENOSPC.
 */
int pp_ledger_set_store_limit(struct pp_pool *pool, u64 bytes, bool back);

/**
 * pp_ledger_add_devices - takes note of room on devices
 * @pool: the pool
 * @pages: more; or less than 0: no more, if what is left is enough
 * Return: 0; -ENOSPC: it is not, with a line in the log.
 */
int pp_ledger_add_devices(struct pp_pool *pool, long pages);

/**
 * pp_ledger_set_commit - makes a pool strict, if it can be, or relaxed
 * @pool: the pool
 * @commit: enum pp_commit
 * @back: it was so a moment ago: what others have taken of the host's memory does not count
 * Return: 0 or -ENOSPC, with a line in the log.
 */
int pp_ledger_set_commit(struct pp_pool *pool, enum pp_commit commit, bool back);

/**
 * pp_ledger_covers - do limit and store hold the worst case?
 * @pool: the pool
 * @only: a region whose limit counts instead of the pool's: does the store alone hold all?
 * Return: true when they do; a hint while others set limits.
 */
bool pp_ledger_covers(struct pp_pool *pool, struct pp_region *only);

/**
 * pp_ledger_worst_case - memory needed in the worst case
 * @pool: the pool
 * Return: bytes: of all pages, and of their records.
 */
u64 pp_ledger_worst_case(struct pp_pool *pool);

/**
 * pp_ledger_covered - sizes of regions whose worst case could be held
 * @pool: the pool
 * Return: bytes, those of the regions that there are included; less than these when they are not
 * covered.
 */
u64 pp_ledger_covered(struct pp_pool *pool);

/**
 * pp_ledger_watch - looks whether there is cause for an alarm; it is given a moment later
 * @pool: the pool
 *
 * Does not sleep. As long as there is one, the module looks again by itself.
 */
void pp_ledger_watch(struct pp_pool *pool);

#endif /* PAGEPACT_POLICY_LEDGER_H */
