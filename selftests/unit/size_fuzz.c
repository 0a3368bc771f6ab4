// SPDX-License-Identifier: GPL-2.0-only
/* What a user types, as a value of every unit. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "size.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *shown;
	uint64_t value, again;
	enum unit unit;
	int ret;

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	for (unit = UNIT_COUNT; unit <= UNIT_WORD; unit++) {
		ret = value_parse(unit, text, &value);
		assert(!ret || ret == -EINVAL || ret == -ERANGE);
		if (ret)
			continue;
		shown = value_format(unit, value, true);
		assert(!value_parse(unit, shown, &again) && again == value);
		free(shown);
		shown = value_format(unit, value, false);
		assert(*shown && strlen(shown) <= 20);
		free(shown);
	}
	free(text);
	return 0;
}
