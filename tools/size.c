// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "size.h"
#include "text.h"

const char *unit_name(enum unit unit)
{
	switch (unit) {
	case UNIT_BYTES:
	case UNIT_LIMIT:
		return "bytes";
	case UNIT_NS:
		return "nanoseconds";
	case UNIT_MS:
		return "milliseconds";
	case UNIT_SWITCH:
		return "switch";
	case UNIT_WORD:
		return "text";
	case UNIT_COUNT:
		break;
	}
	return "number";
}

const char *unit_syntax(enum unit unit)
{
	switch (unit) {
	case UNIT_BYTES:
		return "a whole number of bytes, or one with the suffix K, M, G or T, like 1536M";
	case UNIT_LIMIT:
		return "a whole number of bytes, or one with the suffix K, M, G or T, like 1536M, "
		       "or none";
	case UNIT_NS:
		return "a whole number of nanoseconds";
	case UNIT_MS:
		return "a whole number of milliseconds";
	case UNIT_SWITCH:
		return "1 or on, 0 or off";
	case UNIT_WORD:
		return "one word";
	case UNIT_COUNT:
		break;
	}
	return "a whole number";
}

/* Digits at the start of @text; *@end is what follows them. */
static int parse_digits(const char *text, uint64_t *value, const char **end)
{
	uint64_t v = 0;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	}
	if (p == text)
		return -EINVAL;
	*value = v;
	*end = p;
	return 0;
}

int number_parse(const char *text, uint64_t *value)
{
	const char *end;
	uint64_t v;
	int ret = parse_digits(text, &v, &end);

	if (ret)
		return ret;
	if (*end)
		return -EINVAL;
	*value = v;
	return 0;
}

static int bytes_parse(const char *text, uint64_t *value)
{
	static const char suffixes[] = "KMGT";
	const char *end, *suffix;
	uint64_t v;
	int ret = parse_digits(text, &v, &end);

	if (ret)
		return ret;
	if (*end) {
		suffix = strchr(suffixes, *end >= 'a' ? *end - 'a' + 'A' : *end);
		if (!suffix || (end[1] && strcasecmp(end + 1, "iB")))
			return -EINVAL;
		if (__builtin_mul_overflow(v, UINT64_C(1) << (10 * (suffix - suffixes + 1)), &v))
			return -ERANGE;
	}
	*value = v;
	return 0;
}

int value_parse(enum unit unit, const char *text, uint64_t *value)
{
	int ret;

	switch (unit) {
	case UNIT_LIMIT:
		if (!strcasecmp(text, "none")) {
			*value = 0;
			return 0;
		}
		return bytes_parse(text, value);
	case UNIT_BYTES:
		return bytes_parse(text, value);
	case UNIT_SWITCH:
		if (!strcasecmp(text, "on") || !strcasecmp(text, "off")) {
			*value = !strcasecmp(text, "on");
			return 0;
		}
		ret = number_parse(text, value);
		return !ret && *value > 1 ? -EINVAL : ret;
	case UNIT_COUNT:
	case UNIT_NS:
	case UNIT_MS:
		return number_parse(text, value);
	case UNIT_WORD:
		break;
	}
	return -EINVAL;
}

/* 1536 MiB is "1.5G": at most one decimal, rounded to the nearest. */
static char *bytes_format(uint64_t value)
{
	static const char suffixes[] = "BKMGTPE";
	unsigned int unit = 0, shift;
	uint64_t whole, tenths;

	while (unit < 6 && value >> (10 * (unit + 1)))
		unit++;
	shift = 10 * unit;
	whole = value >> shift;
	tenths = 0;
	if (shift) {
		tenths = ((value & ((UINT64_C(1) << shift) - 1)) * 10 +
			  (UINT64_C(1) << (shift - 1))) >> shift;
		if (tenths == 10) {
			whole++;
			tenths = 0;
		}
		if (whole == 1024 && unit < 6) {
			whole = 1;
			unit++;
		}
	}
	if (tenths)
		return text_format("%" PRIu64 ".%" PRIu64 "%c", whole, tenths, suffixes[unit]);
	return text_format("%" PRIu64 "%c", whole, suffixes[unit]);
}

static char *time_format(uint64_t ns)
{
	if (ns < 1000)
		return text_format("%" PRIu64 "ns", ns);
	if (ns < 1000000)
		return text_format("%" PRIu64 ".%" PRIu64 "us", ns / 1000, ns / 100 % 10);
	if (ns < 1000000000)
		return text_format("%" PRIu64 ".%" PRIu64 "ms", ns / 1000000, ns / 100000 % 10);
	return text_format("%" PRIu64 ".%" PRIu64 "s", ns / 1000000000, ns / 100000000 % 10);
}

char *value_format(enum unit unit, uint64_t value, bool plain)
{
	if (!plain) {
		if (unit == UNIT_LIMIT && !value)
			return text_format("none");
		if (unit == UNIT_BYTES || unit == UNIT_LIMIT)
			return bytes_format(value);
		if (unit == UNIT_NS)
			return time_format(value);
	}
	return text_format("%" PRIu64, value);
}
