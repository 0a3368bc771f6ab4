/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * share: equal pages of a domain have one slot (S21). A page's print finds slots that may hold the
 * same; its bytes decide.
 *
 * Guests of a domain can tell by the time that an eviction takes whether another one has a page
 * that they know; guests of different domains share nothing.
 */
#ifndef PAGEPACT_STORE_SHARE_H
#define PAGEPACT_STORE_SHARE_H

#include <linux/types.h>

struct page;
struct pp_slots;

/**
 * pp_share_print - the print of some bytes, by xxHash
 * @slots: the domain's slots
 * @bytes: the bytes
 * @len: how many
 * Return: PP_PRINT_BITS.
 */
u32 pp_share_print(struct pp_slots *slots, const void *bytes, size_t len);

/**
 * pp_share_is_equal - does a slot hold what a page holds?
 * @slots: the domain's slots
 * @number: a slot the caller has a reference to
 * @page: a page whose content cannot change meanwhile
 * Return: true when all bytes are equal.
 */
bool pp_share_is_equal(struct pp_slots *slots, u64 number, struct page *page);

/**
 * pp_share_find - looks for a slot that holds what a page holds
 * @slots: the domain's slots
 * @page: a page whose content cannot change meanwhile
 * @print: its print
 * @number: set to the slot's number; the caller has a reference to it
 *
 * Of pages with the same print PP_MAX_TWINS are compared at most: whoever makes such pages (of
 * xxHash's 64 bits that is possible without the seed) wins no more than that they are stored apart.
 *
 * Return: true when there is one.
 */
bool pp_share_find(struct pp_slots *slots, struct page *page, u32 print, u64 *number);

/**
 * pp_share_known - may there be a slot that holds what a page holds?
 * @slots: the domain's slots
 * @page: may change at any time
 * Return: true when there is one with the same print.
 */
bool pp_share_known(struct pp_slots *slots, struct page *page);

/**
 * pp_share_init - makes what share.c needs, when the module is loaded
 * Return: 0 or -ENOMEM.
 */
int pp_share_init(void);

/**
 * pp_share_exit - undoes pp_share_init()
 */
void pp_share_exit(void);

#endif /* PAGEPACT_STORE_SHARE_H */
