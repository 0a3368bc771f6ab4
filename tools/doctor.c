// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagepact doctor: runs the checks and prints what they found.
 *
 * The checks of the host stand here: the kernel's version, the module, sysfs, mounts.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "pagepact.h"
#include "table.h"
#include "text.h"

static const char *const severity_names[] = {
	[SEVERITY_OK]	   = "ok",
	[SEVERITY_NOTE]	   = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_PROBLEM] = "problem",
};

void report(struct diagnosis *diagnosis, enum severity severity, const char *check,
	    const char *subject, char *cure, const char *format, ...)
{
	struct finding *finding = list_grow(diagnosis->findings, diagnosis->count);
	va_list args;

	finding->severity = severity;
	finding->check = check;
	finding->subject = duplicate(subject);
	finding->cure = cure;
	va_start(args, format);
	if (vasprintf(&finding->message, format, args) < 0)
		err(STATUS_ERROR, "out of memory");
	va_end(args);
}

/* "6.12.3-amd64" to 6012; 0 for what is no version. */
static unsigned int kernel_version(const char *text)
{
	unsigned int major, minor;

	return sscanf(text, "%u.%u", &major, &minor) == 2 ? major * 1000 + minor : 0;
}

static void check_kernel(struct diagnosis *diagnosis)
{
	char *path = text_format("%s/sys/kernel/osrelease", proc_root);
	char *release = text_read(AT_FDCWD, path);
	unsigned int version = release ? kernel_version(release) : 0;

	if (!version)
		report(diagnosis, SEVERITY_NOTE, "kernel", "host", NULL,
		       "%s does not tell the kernel's version", path);
	else if (version < kernel_version(LINUX_MINIMUM))
		report(diagnosis, SEVERITY_WARNING, "kernel", "host", NULL,
		       "Linux %s is older than " LINUX_MINIMUM ", the oldest that this version of "
		       "pagepact is tested with: boot a newer kernel", release);
	else if (version > kernel_version(LINUX_MAXIMUM))
		report(diagnosis, SEVERITY_WARNING, "kernel", "host", NULL,
		       "Linux %s is newer than " LINUX_MAXIMUM ", the newest that this version of "
		       "pagepact is tested with: look for a newer pagepact", release);
	else
		report(diagnosis, SEVERITY_OK, "kernel", "host", NULL,
		       "Linux %s is in the tested range, " LINUX_MINIMUM " to " LINUX_MAXIMUM,
		       release);
	free(release);
	free(path);
}

static bool check_module(struct diagnosis *diagnosis)
{
	char *version;

	if (!module_loaded()) {
		report(diagnosis, SEVERITY_PROBLEM, "module", "host",
		       duplicate("modprobe pagepact"), "the module is not loaded");
		return false;
	}
	version = module_version();
	if (version && strcmp(version, PAGEPACT_VERSION))
		report(diagnosis, SEVERITY_NOTE, "module", "host",
		       duplicate("rmmod pagepact && modprobe pagepact"),
		       "the module is version %s, this tool " PAGEPACT_VERSION
		       ": one of them was updated without the other", version);
	else
		report(diagnosis, SEVERITY_OK, "module", "host", NULL, "the module is loaded");
	free(version);
	return true;
}

static bool check_sysfs(struct diagnosis *diagnosis)
{
	int ret = pools_read(&diagnosis->pools, NULL, &all_attributes);
	char *path, *parent;
	const char *cure;

	if (!ret)
		return true;
	path = pools_directory();
	parent = text_format("%s/fs", sysfs_root);
	cure = access(parent, F_OK) ? "mount -t sysfs sysfs /sys" :
				      "rmmod pagepact && modprobe pagepact";
	report(diagnosis, SEVERITY_PROBLEM, "sysfs", "host",
	       ret == -ENOENT ? duplicate(cure) : NULL,
	       "the module is loaded, but %s cannot be read: %s", path, strerror(-ret));
	free(parent);
	free(path);
	return false;
}

static bool pool_exists(const struct pools *pools, const struct mount *mount)
{
	size_t i;

	if (pool_of_device(pools, mount->major, mount->minor))
		return true;
	for (i = 0; i < pools->count; i++) {
		if (!strcmp(pools->list[i].name, mount->pool))
			return true;
	}
	return false;
}

static bool pool_is_mounted(const struct mounts *mounts, const struct pool *pool)
{
	size_t i;

	if (mount_of_device(mounts, pool->major, pool->minor))
		return true;
	for (i = 0; i < mounts->count; i++) {
		if (!strcmp(mounts->list[i].pool, pool->name))
			return true;
	}
	return false;
}

static void check_mounts(struct diagnosis *diagnosis)
{
	const struct mounts *mounts = &diagnosis->mounts;
	const struct pools *pools = &diagnosis->pools;
	char *subject, *point;
	size_t i;

	if (!mounts->count && !pools->count)
		report(diagnosis, SEVERITY_PROBLEM, "mount", "host",
		       duplicate("mkdir -p /srv/vms && mount -t pagepact vms /srv/vms"),
		       "no pool is mounted");
	for (i = 0; i < mounts->count; i++) {
		if (pool_exists(pools, &mounts->list[i]))
			continue;
		subject = text_format("pool %s", mounts->list[i].pool);
		point = text_shell(mounts->list[i].point);
		report(diagnosis, SEVERITY_PROBLEM, "sysfs", subject,
		       text_format("umount %s, then mount it again under a name that is free",
				   point),
		       "it is mounted on %s, but has no directory in sysfs",
		       mounts->list[i].point);
		free(point);
		free(subject);
	}
	for (i = 0; i < pools->count; i++) {
		if (pool_is_mounted(mounts, &pools->list[i]))
			continue;
		subject = text_format("pool %s", pools->list[i].name);
		report(diagnosis, SEVERITY_NOTE, "mount", subject, NULL,
		       "it is not mounted in this mount namespace: another one, or a process that "
		       "still maps a region, holds it");
		free(subject);
	}
}

static void print_text(const struct diagnosis *diagnosis)
{
	const struct finding *finding;
	char *subject, *message;
	size_t i;

	for (i = 0; i < diagnosis->count; i++) {
		finding = &diagnosis->findings[i];
		subject = text_shown(finding->subject);
		message = text_shown(finding->message);
		printf("%-8s %s: %s\n", severity_names[finding->severity], subject, message);
		if (finding->cure)
			printf("         cure: %s\n", finding->cure);
		free(message);
		free(subject);
	}
}

static void print_json(const struct diagnosis *diagnosis)
{
	enum { SEVERITY, CHECK, SUBJECT, MESSAGE, CURE };
	static const struct column columns[] = {
		[SEVERITY] = { "SEVERITY", NULL, UNIT_WORD, "" },
		[CHECK]	   = { "CHECK",	   NULL, UNIT_WORD, "" },
		[SUBJECT]  = { "SUBJECT",  NULL, UNIT_WORD, "" },
		[MESSAGE]  = { "MESSAGE",  NULL, UNIT_WORD, "" },
		[CURE]	   = { "CURE",	   NULL, UNIT_WORD, "" },
	};
	static const struct style style = { .json = true };
	const struct finding *finding;
	struct libscols_line *line;
	struct choice choice;
	struct table table;
	size_t i;

	table_choose(&choice, columns, 5, "SEVERITY,CHECK,SUBJECT,MESSAGE,CURE", NULL);
	table_open(&table, "findings", &choice, &style, -1);
	for (i = 0; i < diagnosis->count; i++) {
		finding = &diagnosis->findings[i];
		line = table_line(&table, NULL);
		table_text(&table, line, SEVERITY, severity_names[finding->severity]);
		table_text(&table, line, CHECK, finding->check);
		table_text(&table, line, SUBJECT, finding->subject);
		table_text(&table, line, MESSAGE, finding->message);
		/* Quoted for a shell, which is safe, and must not be quoted once more. */
		if (finding->cure)
			table_format(&table, line, CURE, "%s", finding->cure);
	}
	table_print(&table);
	table_close(&table);
}

/* Returns the exit status. */
static int conclude(struct diagnosis *diagnosis)
{
	int status = STATUS_OK;
	size_t i;

	for (i = 0; i < diagnosis->count; i++) {
		if (diagnosis->findings[i].severity >= SEVERITY_WARNING)
			status = STATUS_FAILED;
		free(diagnosis->findings[i].subject);
		free(diagnosis->findings[i].message);
		free(diagnosis->findings[i].cure);
	}
	free(diagnosis->findings);
	pools_free(&diagnosis->pools);
	mounts_free(&diagnosis->mounts);
	return status;
}

static unsigned int parse_pid(const char *text)
{
	uint64_t pid;
	char *shown;

	if (number_parse(text, &pid) || !pid || pid > INT_MAX) {
		shown = text_shown(text);
		errx(STATUS_ERROR, "'%s' is no process ID: 'pagepact doctor' looks at all VMs",
		     shown);
	}
	return pid;
}

int doctor_main(int argc, char **argv)
{
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "json",	no_argument,		NULL, 'J' },
		{ 0 }
	};
	struct diagnosis diagnosis = { 0 };
	unsigned int pid = 0;
	bool json = false;
	int option, ret;

	while ((option = getopt_long(argc, argv, COMMON_LETTERS "J", options, NULL)) != -1) {
		if (option == 'J')
			json = true;
		else
			common_option(option, "doctor");
	}
	if (optind < argc)
		pid = parse_pid(argv[optind++]);
	no_more_arguments(argc, argv, "doctor");

	ret = mounts_read(&diagnosis.mounts);
	if (ret) {
		errno = -ret;
		err(STATUS_ERROR, "cannot read %s/self/mountinfo: is %s a proc file system?",
		    proc_root, proc_root);
	}
	check_kernel(&diagnosis);
	if (check_module(&diagnosis) && check_sysfs(&diagnosis)) {
		check_mounts(&diagnosis);
		check_pools(&diagnosis);
	}
	/* Without a pool every VM has its RAM elsewhere: that was said already. */
	if (pid || diagnosis.mounts.count || diagnosis.pools.count) {
		ret = check_vms(&diagnosis, pid);
		if (ret == -ESRCH)
			errx(STATUS_ERROR, "no process %u: 'pagepact doctor' looks at all VMs",
			     pid);
		if (ret) {
			errno = -ret;
			err(STATUS_ERROR, "cannot look at processes in %s", proc_root);
		}
	}
	if (json)
		print_json(&diagnosis);
	else
		print_text(&diagnosis);
	return conclude(&diagnosis);
}
