/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * age: how long a page has not been needed, and how soon it was needed again before (S5).
 *
 * DOC: the history of a page
 *
 * It stands in the page's home word, so it costs nothing and goes with the page wherever that goes:
 * out of memory, to a device, and back. A hole has none.
 *
 *   seen   the epoch in which the page was in use last, as far as is known: when it was brought
 *          into a frame, or ceased to be in page tables. PP_SEEN_LONG_AGO: PP_AGE_MAX epochs ago
 *          or more; 0: nobody knows.
 *   reuse  1 + how long it took, on average, until it was needed again (in steps); 0: it never
 *          was. Each time that a page is touched that was standby or stored, the time since @seen
 *          is a sample, and the average moves half way there: one touch does not make a cold page
 *          hot, nor does one rest make a hot page cold.
 *
 * Time goes in epochs, of which the pool's threshold (knob demote_ms) has PP_AGE_EPOCHS. Durations
 * are measured on a logarithmic scale, PP_AGE_STEPS steps for a factor of two.
 *
 * A page is expected to be needed again after as long as it took before, or, if it has been left
 * alone longer than that, after as long as that: whichever is longer.
 */
#ifndef PAGEPACT_CORE_AGE_H
#define PAGEPACT_CORE_AGE_H

#include "core/home.h"

struct pp_pool;
struct pp_region;

/* Epochs in the threshold that is asked for; both on the scale. */
#define PP_AGE_EPOCHS		16
#define PP_AGE_STEPS		4
#define PP_AGE_THRESHOLD	16
/* Epochs that are told from each other, at most; how much that is. */
#define PP_AGE_MAX		128
#define PP_AGE_LONGEST		28

/* Epochs are numbered from 1 to this, and again. */
#define PP_EPOCHS		254
#define PP_SEEN_LONG_AGO	255

/**
 * pp_age_steps - a duration on the scale
 * @epochs: more than PP_AGE_MAX count as that
 * Return: 0..PP_AGE_LONGEST: 0 for one epoch, or none, PP_AGE_STEPS for two.
 */
unsigned int pp_age_steps(unsigned int epochs);

/**
 * pp_age_of - how long has a page not been needed?
 * @home: its home word
 * @epoch: now
 * Return: epochs, 0..PP_AGE_MAX.
 */
unsigned int pp_age_of(pp_home_t home, u8 epoch);

/**
 * pp_age_expect - after how long will a page be needed again?
 * @home: its home word
 * @epoch: now
 * Return: steps, 0..PP_AGE_LONGEST.
 */
unsigned int pp_age_expect(pp_home_t home, u8 epoch);

/**
 * pp_age_next - the history that a page takes with it
 * @old: its home word
 * @new: the next one; if that has a history, it stays
 * @why: the cause
 * @epoch: now
 * Return: @new with it.
 */
pp_home_t pp_age_next(pp_home_t old, pp_home_t new, enum pp_why why, u8 epoch);

/**
 * pp_age_later - epochs pass
 * @epoch: one
 * @n: how many; fewer than PP_EPOCHS
 * Return: the one @n later.
 */
u8 pp_age_later(u8 epoch, unsigned int n);

/**
 * pp_age_check - compares what was expected of a page with what happened
 * @region: its region
 * @home: its home word: it is stored, and needed now
 */
void pp_age_check(struct pp_region *region, pp_home_t home);

/**
 * pp_age_is_deep - are a page's bytes better on a device than in memory?
 * @pool: the pool
 * @home: its home word
 * @wanted: room is wanted in memory: a threshold that has fallen counts
 * Return: true when it will take long until it is needed again.
 */
bool pp_age_is_deep(struct pp_pool *pool, pp_home_t home, bool wanted);

#endif /* PAGEPACT_CORE_AGE_H */
