// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

void *allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		err(STATUS_ERROR, "out of memory");
	return memory;
}

void *reallocate(void *memory, size_t count, size_t size)
{
	memory = reallocarray(memory, count ? count : 1, size);
	if (!memory)
		err(STATUS_ERROR, "out of memory");
	return memory;
}

char *duplicate(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		err(STATUS_ERROR, "out of memory");
	return copy;
}

char *text_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		err(STATUS_ERROR, "out of memory");
	va_end(args);
	return text;
}

/* Room doubles at powers of two, so that the count alone tells when it is used up. */
void *list_room(void *list, size_t count, size_t size)
{
	if (!(count & (count - 1)))
		list = reallocate(list, count ? 2 * count : 1, size);
	memset((char *)list + count * size, 0, size);
	return list;
}

bool text_locale_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/*
 * Length of the valid UTF-8 sequence at @p, and the character it stands for; 0 for anything else
 * (overlong forms, surrogates, beyond Unicode, cut short by the end).
 */
static unsigned int utf8_decode(const unsigned char *p, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int length, i;
	uint32_t c;

	if (p[0] < 0x80) {
		*character = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0) {
		length = 2;
		c = p[0] & 0x1f;
	} else if ((p[0] & 0xf0) == 0xe0) {
		length = 3;
		c = p[0] & 0x0f;
	} else if ((p[0] & 0xf8) == 0xf0) {
		length = 4;
		c = p[0] & 0x07;
	} else {
		return 0;
	}
	for (i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return length;
}

/* Characters that move the cursor, turn the direction of writing, or cannot be seen at all. */
static bool is_visible(uint32_t c)
{
	static const struct { uint32_t first, last; } hidden[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c },
		{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0xd800, 0xf8ff }, { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
		{ 0xe0000, 0x10ffff },
	};
	size_t i;

	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	}
	return true;
}

char *text_printable(const char *text, bool utf8)
{
	const unsigned char *p = (const unsigned char *)text;
	/* One byte becomes four at most. */
	char *result = reallocate(NULL, strlen(text) + 1, 4), *out = result;
	unsigned int length, i;
	uint32_t c = 0;

	while (*p) {
		length = utf8_decode(p, &c);
		if (length && c != '\\' && is_visible(c) && (length == 1 || utf8)) {
			out = mempcpy(out, p, length);
		} else {
			length = length ? length : 1;
			for (i = 0; i < length; i++)
				out += sprintf(out, "\\x%02x", p[i]);
		}
		p += length;
	}
	*out = '\0';
	return result;
}

char *text_shown(const char *text)
{
	return text_printable(text, text_locale_utf8());
}

bool text_is_called(const char *text, const char *name)
{
	char *shown = text_shown(text);
	bool same = !strcmp(text, name) || !strcmp(shown, name);

	free(shown);
	return same;
}

char *text_shell(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./:=@%+,-";
	const char *open = "'";
	char *result, *out;
	const char *p;

	if (*text && !text[strspn(text, plain)])
		return duplicate(text);

	for (p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			open = "$'";
	}
	/* Four bytes for one at most, and four for quotes and end. */
	result = reallocate(NULL, strlen(text) + 1, 4);
	out = stpcpy(result, open);
	for (p = text; *p; p++) {
		if (open[0] == '$') {
			if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
				out += sprintf(out, "\\x%02x", (unsigned char)*p);
			else if (*p == '\'' || *p == '\\')
				out += sprintf(out, "\\%c", *p);
			else
				*out++ = *p;
		} else if (*p == '\'') {
			out = stpcpy(out, "'\\''");
		} else {
			*out++ = *p;
		}
	}
	strcpy(out, "'");
	return result;
}

char *text_json(const char *text)
{
	char *result = reallocate(NULL, strlen(text) + 2, 2), *out = result;

	*out++ = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*out++ = '\\';
		*out++ = *text;
	}
	strcpy(out, "\"");
	return result;
}

/* Far more than any file of sysfs, whose files end at a page, and less than what would hurt. */
#define TEXT_MAX	(1 << 20)

char *text_read(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC), saved;
	size_t used = 0, room = 0;
	char *text = NULL;
	ssize_t got;

	if (fd < 0)
		return NULL;
	do {
		if (used > TEXT_MAX) {
			errno = EFBIG;
			got = -1;
			break;
		}
		if (used + 1 >= room) {
			room = room ? 2 * room : 128;
			text = reallocate(text, room, 1);
		}
		got = read(fd, text + used, room - used - 1);
		if (got > 0)
			used += got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	saved = errno;
	close(fd);
	if (got < 0) {
		free(text);
		errno = saved;
		return NULL;
	}
	if (used && memchr(text, 0, used)) {
		free(text);
		errno = EBADMSG;
		return NULL;
	}
	if (used && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
	return text;
}

int text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), ret = 0;
	size_t length = strlen(text);
	ssize_t written;

	if (fd < 0)
		return -errno;
	/* One write: sysfs takes each as a whole. */
	written = write(fd, text, length);
	if (written < 0)
		ret = -errno;
	else if ((size_t)written != length)
		ret = -EIO;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}
