// SPDX-License-Identifier: GPL-2.0-only
/* First byte: which knob. The rest: what a user writes. */
#include "knobs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_pool pool = { .name = "vms" };
	char *text, shown[2][PAGE_SIZE];
	enum pp_knob knob;
	unsigned long pages;
	int err;

	if (!size)
		return 0;
	knob = data[0] % PP_NR_KNOBS;
	text = malloc(size);
	assert(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	pp_knobs_default(&pool);
	assert(pp_knob_show(&pool, knob, shown[0]) > 0);
	err = pp_knob_store(&pool, knob, text);
	assert(!err || err == -EINVAL || err == -ERANGE);
	assert(pp_knob_show(&pool, knob, shown[1]) > 0);
	if (err) {
		/* What was refused changed nothing. */
		assert(!strcmp(shown[0], shown[1]));
	} else {
		/* What is shown can be written, and says the same. */
		assert(!pp_knob_store(&pool, knob, shown[1]));
		assert(pp_knob_show(&pool, knob, shown[0]) > 0);
		assert(!strcmp(shown[0], shown[1]));
	}
	if (!pp_parse_pages(text, &pages))
		assert(pages <= LONG_MAX >> PAGE_SHIFT);
	free(text);
	return 0;
}
