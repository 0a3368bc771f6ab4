/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Terminal: wait for time, keys and signals, and leave the terminal as it was.
 *
 * Signals are blocked except while waiting, so that none is lost between looking and sleeping.
 */
#ifndef PAGEPACT_TERMINAL_H
#define PAGEPACT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum wait {
	WAIT_OVER,	/* the time has come */
	WAIT_REDRAW,	/* the window changed, or the terminal is ours again */
	WAIT_END,	/* 'q', or a signal that means the end */
};

/* @keys: listen to the keyboard, if standard input is one. */
void terminal_begin(bool keys);
void terminal_end(void);

void terminal_size(size_t *width, size_t *height);

/* Until @deadline_ns of CLOCK_MONOTONIC, or something happens. */
enum wait terminal_wait(uint64_t deadline_ns);

static inline uint64_t nanoseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

#endif
