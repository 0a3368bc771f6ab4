/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes: numbers as the kernel writes them, as people read them, and as people type them.
 *
 * Inside the tool every value is a uint64_t in its base unit (bytes, nanoseconds, milliseconds).
 * Nothing here uses floating point or the locale, and nothing overflows silently.
 */
#ifndef PAGEPACT_SIZE_H
#define PAGEPACT_SIZE_H

#include <stdbool.h>
#include <stdint.h>

enum unit {
	UNIT_COUNT,	/* a plain number */
	UNIT_BYTES,	/* bytes; typed with an optional K, M, G or T */
	UNIT_LIMIT,	/* bytes, where 0 means that there is no limit */
	UNIT_NS,	/* nanoseconds */
	UNIT_MS,	/* milliseconds */
	UNIT_SWITCH,	/* 0 or 1; typed also as off or on */
	UNIT_WORD,	/* not a number */
};

/* What a unit is called in lists; never NULL. */
const char *unit_name(enum unit unit);

/* What to type for a value of @unit, for error messages. */
const char *unit_syntax(enum unit unit);

/**
 * number_parse - read a decimal number that takes the whole string
 * Returns 0, -EINVAL for anything but digits, -ERANGE for more than 64 bits.
 */
int number_parse(const char *text, uint64_t *value);

/**
 * value_parse - read what a user typed for a value of @unit (not UNIT_WORD)
 * Returns 0, -EINVAL, or -ERANGE for more than 64 bits.
 */
int value_parse(enum unit unit, const char *text, uint64_t *value);

/**
 * value_format - write a value, for people or in base units when @plain
 * Returns a string that the caller frees.
 */
char *value_format(enum unit unit, uint64_t value, bool plain);

/* Sums stop at the largest number instead of wrapping. */
static inline uint64_t add_saturating(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/*
 * Rounded down: 100 means all. The two are read one after the other, and may be of two moments.
 * @whole is not 0.
 */
static inline unsigned int percent_of(uint64_t part, uint64_t whole)
{
	unsigned __int128 hundredfold = part;

	hundredfold *= 100;
	return part < whole ? hundredfold / whole : 100;
}

#endif
