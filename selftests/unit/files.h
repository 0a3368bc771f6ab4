/* SPDX-License-Identifier: GPL-2.0-only */
/* A small /sys and /proc below a temporary directory: one pool with one region, one process. */
#ifndef UNIT_FILES_H
#define UNIT_FILES_H

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "pool.h"
#include "process.h"
#include "text.h"

#define PID	812

static void files_write(const char *path, const void *bytes, size_t size)
{
	char *full = text_format("%s/%s", proc_root, path);
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
	free(full);
}

static inline void files_text(const char *path, const char *text)
{
	files_write(path, text, strlen(text));
}

/* Both roots are the same directory. */
static void files_make(void)
{
	static const char *const directories[] = {
		"fs", "fs/pagepact", "fs/pagepact/vms", "fs/pagepact/vms/regions",
		"fs/pagepact/vms/regions/1001", "self", "812",
	};
	static char top[] = "/tmp/unit-files-XXXXXX";
	unsigned int i;

	assert(mkdtemp(top));
	proc_root = top;
	sysfs_root = top;
	for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		char *path = text_format("%s/%s", top, directories[i]);

		assert(!mkdir(path, 0700));
		free(path);
	}
	files_text("fs/pagepact/vms/mountpoint_dev", "0:45\n");
	files_text("fs/pagepact/vms/regions/1001/path", "acme/web\n");
}

#endif
