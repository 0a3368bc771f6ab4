/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For test programs that a test script relays: one line a check, "ok ..." or
 * "not ok ...", and the content of pages that follows from kind, seed and index.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096UL
#define WORDS (PAGE / sizeof(uint64_t))

static int check_failures;

/* check(condition, description with arguments): one result */
#define check(condition, ...) check_line(!!(condition), __LINE__, __VA_ARGS__)

__attribute__((format(printf, 3, 4), unused))
static bool check_line(bool good, int line, const char *format, ...)
{
	int err = errno;
	va_list args;

	printf(good ? "ok " : "not ok ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	if (!good)
		printf(" (line %d, errno %d)", line, err);
	printf("\n");
	fflush(stdout);
	check_failures += !good;
	return good;
}

__attribute__((format(printf, 1, 2), noreturn, unused))
static void die(const char *format, ...)
{
	va_list args;

	printf("not ok ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(": %s\n", strerror(errno));
	exit(2);
}

static inline uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* What page @index contains: "zero", "same", "text" (compresses well), "random" (does not). */
__attribute__((unused))
static void compose(uint64_t *out, const char *kind, uint64_t seed, uint64_t index)
{
	uint64_t key = mix(seed * 0x9e3779b97f4a7c15ull + index + 1);
	size_t i;

	for (i = 0; i < WORDS; i++) {
		switch (*kind) {
		case 'z':
			out[i] = 0;
			break;
		case 's':
			out[i] = key;
			break;
		case 't':
			out[i] = i % 8 ? key : mix(key + i);
			break;
		default:
			out[i] = mix(key + i * 0x9e3779b97f4a7c15ull);
		}
	}
}

/* The number in file @name of directory @dir, or -1. */
__attribute__((unused))
static long long number_of(const char *dir, const char *name)
{
	char path[512], text[64] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? strtoll(text, NULL, 10) : -1;
}

/* Writes @text to file @name of directory @dir. Return: 0 or an errno. */
__attribute__((unused))
static int set_text(const char *dir, const char *name, const char *text)
{
	char path[512];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	return err;
}

#endif /* CHECK_H */
