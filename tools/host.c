// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "text.h"

const char *sysfs_root = "/sys";
const char *proc_root = "/proc";

char *pools_directory(void)
{
	return text_format("%s/fs/pagepact", sysfs_root);
}

static bool listed_in_modules(void)
{
	char *path = text_format("%s/modules", proc_root), *line = NULL;
	FILE *file = fopen(path, "re");
	bool found = false;
	size_t room = 0;

	free(path);
	if (!file)
		return false;
	while (!found && getline(&line, &room, file) > 0)
		found = !strncmp(line, "pagepact ", strlen("pagepact "));
	free(line);
	fclose(file);
	return found;
}

bool module_loaded(void)
{
	char *path = text_format("%s/module/pagepact", sysfs_root);
	bool found = !access(path, F_OK);

	free(path);
	return found || listed_in_modules();
}

char *module_version(void)
{
	char *path = text_format("%s/module/pagepact/version", sysfs_root), *version;

	version = text_read(AT_FDCWD, path);
	free(path);
	return version;
}

/* Blanks and backslashes stand in mountinfo as \ and three octal digits. Works in place. */
static void unescape_octal(char *text)
{
	char *out = text;

	while (*text) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*out++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

/*
 * 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 * id parent major:minor root point options [tags...] - type source superoptions
 */
static bool parse_mount(char *line, struct mount *mount)
{
	char *field, *rest = line, *point = NULL, *source;
	unsigned int major = 0, minor = 0, i;

	for (i = 0; i < 6; i++) {
		field = strsep(&rest, " ");
		if (!rest)
			return false;
		if (i == 2 && sscanf(field, "%u:%u", &major, &minor) != 2)
			return false;
		if (i == 4)
			point = field;
	}
	do {
		field = strsep(&rest, " ");
	} while (rest && strcmp(field, "-"));
	field = strsep(&rest, " ");
	source = strsep(&rest, " ");
	if (!source || strcmp(field, "pagepact"))
		return false;

	unescape_octal(point);
	unescape_octal(source);
	mount->point = duplicate(point);
	mount->pool = duplicate(source);
	mount->major = major;
	mount->minor = minor;
	return true;
}

int mounts_read(struct mounts *mounts)
{
	char *path = text_format("%s/self/mountinfo", proc_root), *line = NULL;
	FILE *file = fopen(path, "re");
	struct mount mount;
	size_t room = 0;
	int ret;

	memset(mounts, 0, sizeof(*mounts));
	ret = file ? 0 : -errno;
	free(path);
	if (ret)
		return ret;
	while (getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (parse_mount(line, &mount))
			*list_grow(mounts->list, mounts->count) = mount;
	}
	free(line);
	fclose(file);
	return 0;
}

void mounts_free(struct mounts *mounts)
{
	size_t i;

	for (i = 0; i < mounts->count; i++) {
		free(mounts->list[i].pool);
		free(mounts->list[i].point);
	}
	free(mounts->list);
	memset(mounts, 0, sizeof(*mounts));
}

const struct mount *mount_of_device(const struct mounts *mounts, unsigned int major,
				    unsigned int minor)
{
	size_t i;

	for (i = 0; i < mounts->count; i++) {
		if (mounts->list[i].major == major && mounts->list[i].minor == minor)
			return &mounts->list[i];
	}
	return NULL;
}
