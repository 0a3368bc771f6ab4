// SPDX-License-Identifier: GPL-2.0-only
/* Text: what others wrote is made safe to show, and small files are read whole. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "unit.h"

static void becomes(char *got, const char *want)
{
	if (strcmp(got, want))
		printf("# \"%s\" instead of \"%s\"\n", got, want);
	expect(!strcmp(got, want));
	free(got);
}

TEST(printable)
{
	becomes(text_printable("", true), "");
	becomes(text_printable("acme/web", true), "acme/web");
	becomes(text_printable("a\nb\x1b[31m", true), "a\\x0ab\\x1b[31m");
	becomes(text_printable("a\\b", true), "a\\x5cb");
	becomes(text_printable("gr\xc3\xbcn", true), "gr\xc3\xbcn");
	becomes(text_printable("gr\xc3\xbcn", false), "gr\\xc3\\xbcn");
	becomes(text_printable("\xe2\x80\xae", true), "\\xe2\\x80\\xae");	/* turns the line */
	becomes(text_printable("\xf0\x9f\x90\xa7", true), "\xf0\x9f\x90\xa7");
}

TEST(what_is_no_utf8)
{
	static const char *const bad[] = {
		"\x80", "\xff", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x90",
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = text_printable(bad[i], true);

		expect_eq(strlen(text), 4 * strlen(bad[i]));
		expect(!strncmp(text, "\\x", 2));
		free(text);
	}
}

TEST(for_a_shell)
{
	becomes(text_shell("acme/web-1.2"), "acme/web-1.2");
	becomes(text_shell(""), "''");
	becomes(text_shell("a b"), "'a b'");
	becomes(text_shell("it's"), "'it'\\''s'");
	becomes(text_shell("$(x)`y`"), "'$(x)`y`'");
	becomes(text_shell("a\nb'\\"), "$'a\\x0ab\\'\\\\'");
}

TEST(for_json)
{
	becomes(text_json(""), "\"\"");
	becomes(text_json("a\"b\\"), "\"a\\\"b\\\\\"");
}

TEST(lists_grow)
{
	unsigned int *list = NULL, i;
	size_t count = 0;

	for (i = 0; i < 1000; i++) {
		unsigned int *new = list_grow(list, count);

		expect_eq(*new, 0);
		*new = i;
	}
	for (i = 0; i < count; i++)
		expect_eq(list[i], i);
	free(list);
}

/* A file of each length around the sizes at which its room grows, and one without end. */
TEST(small_files)
{
	static char bytes[600];
	size_t length;
	char *text;
	FILE *file;

	memset(bytes, 'x', sizeof(bytes));
	for (length = 0; length < sizeof(bytes); length++) {
		file = fopen("/tmp/unit-text", "w");
		if (!file)
			abort();
		fwrite(bytes, 1, length, file);
		fclose(file);
		text = text_read(AT_FDCWD, "/tmp/unit-text");
		expect(text && strlen(text) == length);
		free(text);
	}
	unlink("/tmp/unit-text");
	expect(!text_read(AT_FDCWD, "/tmp/unit-text"));
	expect(!text_read(AT_FDCWD, "/dev/zero"));
	expect(!text_read(AT_FDCWD, "/"));
}
