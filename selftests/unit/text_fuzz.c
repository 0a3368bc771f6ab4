// SPDX-License-Identifier: GPL-2.0-only
/* Names that users gave to files, on their way to a terminal, to JSON and to a shell. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Undoes text_printable(). */
static char *turn_back(const char *text)
{
	char *result = malloc(strlen(text) + 1), *out = result;
	unsigned int byte;

	assert(result);
	while (*text) {
		if (*text != '\\') {
			*out++ = *text++;
			continue;
		}
		if (sscanf(text, "\\x%2x", &byte) != 1)
			abort();
		*out++ = byte;
		text += 4;
	}
	*out = '\0';
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *shown, *back;
	int utf8, quoted;
	const char *p;

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	for (utf8 = 0; utf8 < 2; utf8++) {
		shown = text_printable(text, utf8);
		for (p = shown; *p; p++) {
			assert((unsigned char)*p >= ' ' && *p != 0x7f);
			assert(utf8 || (unsigned char)*p < 0x7f);
		}
		back = turn_back(shown);
		assert(!strcmp(back, text));
		free(back);

		/* Every quote inside a JSON string stands behind a backslash of its own. */
		back = text_json(shown);
		assert(back[0] == '"' && back[strlen(back) - 1] == '"');
		for (p = back + 1, quoted = 0; p[1]; p++) {
			assert(quoted || *p != '"');
			quoted = !quoted && *p == '\\';
		}
		assert(!quoted);
		free(back);
		free(shown);
	}
	shown = text_shell(text);
	assert(*shown);
	for (p = shown; *p; p++)
		assert((unsigned char)*p >= ' ' && (unsigned char)*p < 0x7f);
	free(shown);
	free(text);
	return 0;
}
