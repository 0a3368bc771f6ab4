/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text: strings that the tool did not write itself, made safe to show.
 *
 * Region paths are chosen by whoever may create files in a pool. They may hold anything but NUL:
 * newlines, escape sequences, bytes that are no UTF-8, marks that turn the direction of writing.
 * What is shown to people or written as JSON goes through text_printable() first; what is compared
 * or passed on stays as the kernel gave it.
 *
 * Everything returned is allocated and freed by the caller. Running out of memory ends the program
 * with STATUS_ERROR.
 */
#ifndef PAGEPACT_TEXT_H
#define PAGEPACT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses, the same for all commands; pagepact(8) explains them. */
enum {
	STATUS_OK	= 0,	/* done; doctor: nothing wrong */
	STATUS_FAILED	= 1,	/* not done; doctor: something found */
	STATUS_ERROR	= 2,	/* wrong usage, no such process, no memory */
};

void *allocate(size_t size);				/* zeroed */
void *reallocate(void *memory, size_t count, size_t size);
char *duplicate(const char *text);

/* printf() into a new string. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A list that grows by one element at a time; returns the new element, zeroed. */
#define list_grow(list, count) \
	((list) = list_room((list), (count), sizeof(*(list))), &(list)[(count)++])
void *list_room(void *list, size_t count, size_t size);

/**
 * text_printable - make a string safe for a terminal and for JSON
 * @text: any bytes
 * @utf8: characters beyond ASCII may stay, as far as they are valid and visible
 *
 * Whatever else is not visible becomes \xHH, byte by byte, and so does the backslash itself: the
 * result can be turned back.
 */
char *text_printable(const char *text, bool utf8);

/* The same for messages, in what the locale can show. */
char *text_shown(const char *text);

/* @name is @text, or what is shown in its place. */
bool text_is_called(const char *text, const char *name);

/* The locale can show UTF-8. */
bool text_locale_utf8(void);

/* One argument as a shell would want it typed. */
char *text_shell(const char *text);

/* A JSON string, quotes included; @text went through text_printable() already. */
char *text_json(const char *text);

/**
 * text_read - read a small file whole, less the newline at its end
 * @dirfd: directory that @path is relative to
 * Returns a new string, or NULL with errno set: EBADMSG when there is a NUL in it, EFBIG for more
 * than 1 MiB.
 */
char *text_read(int dirfd, const char *path);

/* Writes a file that exists, in one write; 0 or -errno. */
int text_write(const char *path, const char *text);

#endif
