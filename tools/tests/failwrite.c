// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel that refuses: preloaded into pagepact, it makes every write(2) fail with the error
 * number in $FAIL_ERRNO. Files in a directory cannot do that, and stdio does not go through here.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

ssize_t write(int fd, const void *buffer, size_t count)
{
	const char *number = getenv("FAIL_ERRNO");

	(void)fd;
	(void)buffer;
	(void)count;
	errno = number ? atoi(number) : EIO;
	return -1;
}
