// SPDX-License-Identifier: GPL-2.0-only
/* Sizes: what people type, and what they are shown. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "size.h"
#include "unit.h"

TEST(what_people_type)
{
	static const struct {
		enum unit unit;
		const char *text;
		int ret;
		uint64_t value;
	} typed[] = {
		{ UNIT_BYTES, "0", 0, 0 }, { UNIT_BYTES, "1536M", 0, 1610612736 },
		{ UNIT_BYTES, "5KiB", 0, 5120 }, { UNIT_BYTES, "5kIb", 0, 5120 },
		{ UNIT_BYTES, "16777215T", 0, 0xffffff0000000000 },
		{ UNIT_BYTES, "18446744073709551615", 0, UINT64_MAX },
		{ UNIT_BYTES, "18446744073709551616", -ERANGE, 0 },
		{ UNIT_BYTES, "16777216T", -ERANGE, 0 },
		{ UNIT_BYTES, "none", -EINVAL, 0 }, { UNIT_LIMIT, "None", 0, 0 },
		{ UNIT_LIMIT, "7", 0, 7 }, { UNIT_LIMIT, "", -EINVAL, 0 },
		{ UNIT_BYTES, "G", -EINVAL, 0 }, { UNIT_BYTES, "5GB", -EINVAL, 0 },
		{ UNIT_BYTES, "5KiBs", -EINVAL, 0 }, { UNIT_BYTES, " 5", -EINVAL, 0 },
		{ UNIT_BYTES, "-1", -EINVAL, 0 }, { UNIT_BYTES, "0x10", -EINVAL, 0 },
		{ UNIT_SWITCH, "ON", 0, 1 }, { UNIT_SWITCH, "off", 0, 0 },
		{ UNIT_SWITCH, "1", 0, 1 }, { UNIT_SWITCH, "2", -EINVAL, 0 },
		{ UNIT_MS, "250", 0, 250 }, { UNIT_MS, "5K", -EINVAL, 0 },
		{ UNIT_COUNT, "12x", -EINVAL, 0 }, { UNIT_WORD, "1", -EINVAL, 0 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		uint64_t value = 99;
		int ret = value_parse(typed[i].unit, typed[i].text, &value);

		if (ret != typed[i].ret)
			printf("# \"%s\"\n", typed[i].text);
		expect_eq(ret, typed[i].ret);
		if (!ret)
			expect(value == typed[i].value);
	}
}

TEST(what_people_are_shown)
{
	static const struct { enum unit unit; uint64_t value; const char *text; } shown[] = {
		{ UNIT_BYTES, 0, "0B" }, { UNIT_BYTES, 1023, "1023B" }, { UNIT_BYTES, 1024, "1K" },
		{ UNIT_BYTES, 1536, "1.5K" }, { UNIT_BYTES, 1048575, "1M" },
		{ UNIT_BYTES, 1610612736, "1.5G" }, { UNIT_BYTES, UINT64_MAX, "16E" },
		{ UNIT_LIMIT, 0, "none" }, { UNIT_LIMIT, 4096, "4K" },
		{ UNIT_NS, 999, "999ns" }, { UNIT_NS, 1500, "1.5us" },
		{ UNIT_NS, 999999, "999.9us" }, { UNIT_NS, 2500000000, "2.5s" },
		{ UNIT_COUNT, 1024, "1024" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		char *text = value_format(shown[i].unit, shown[i].value, false);

		if (strcmp(text, shown[i].text))
			printf("# %s instead of %s\n", text, shown[i].text);
		expect(!strcmp(text, shown[i].text));
		free(text);
	}
}

TEST(plain_numbers_come_back)
{
	enum unit unit;

	for (unit = UNIT_COUNT; unit <= UNIT_MS; unit++) {
		uint64_t value, back;

		for (value = 1; value; value <<= 1) {
			char *text = value_format(unit, value - 1, true);

			expect(!value_parse(unit, text, &back) && back == value - 1);
			free(text);
		}
	}
}

TEST(sums_do_not_wrap)
{
	expect(add_saturating(1, 2) == 3);
	expect(add_saturating(UINT64_MAX, 1) == UINT64_MAX);
	expect(add_saturating(UINT64_MAX - 1, 1) == UINT64_MAX);
}
