// SPDX-License-Identifier: GPL-2.0-only
/*
 * mountkill SECONDS: processes that mount pools are killed, several at a time, so that some wait
 * for a lock of the kernel then.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "check.h"

#define SIDES		6
#define SCRATCH		"/run/mountkill"
#define MAX_USLEEP	20000

/**
 * struct side - one pool, mounted and unmounted by one process after the other
 * @inside: the process is in mount(2)
 * @mounts: how often it came back with a pool
 * @error: why it came back without one, the last time
 * @killed: processes killed in mount(2)
 */
struct side {
	volatile bool inside;
	unsigned long mounts, killed;
	int error;
};

static void mount_on_and_on(struct side *s, const char *pool, const char *dir)
{
	for (;;) {
		int err;

		s->inside = true;
		err = mount(pool, dir, "pagepact", 0, NULL);
		s->inside = false;
		if (err)
			s->error = errno;
		else
			s->mounts++;
		umount2(dir, 0);
	}
}

static void run_side(struct side *s, unsigned int n, time_t end)
{
	char pool[32], dir[64];
	pid_t pid;

	snprintf(pool, sizeof(pool), "kill%u", n);
	snprintf(dir, sizeof(dir), SCRATCH "/%u", n);
	if (mkdir(dir, 0700) && errno != EEXIST)
		die("%s", dir);
	srandom(n + 1);
	while (time(NULL) < end) {
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid)
			mount_on_and_on(s, pool, dir);
		usleep(random() % MAX_USLEEP);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		s->killed += s->inside;
		s->inside = false;
		umount2(dir, 0);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 0);
	unsigned long mounts = 0, killed = 0;
	struct side *sides;
	unsigned int i;
	int status;

	sides = mmap(NULL, SIDES * sizeof(*sides), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sides == MAP_FAILED || (mkdir(SCRATCH, 0700) && errno != EEXIST))
		die(SCRATCH);
	for (i = 0; i < SIDES; i++)
		if (!fork())
			run_side(&sides[i], i, end);
	while (wait(&status) > 0)
		check(!status, "a side ended well");
	for (i = 0; i < SIDES; i++) {
		mounts += sides[i].mounts;
		killed += sides[i].killed;
		/* The last one's end may still be on its way. */
		errno = sides[i].error == EEXIST ? 0 : sides[i].error;
		check(!errno, "mounts failed for no other reason");
	}
	printf("%lu mounts\n", mounts);
	check(killed > 20, "%lu processes killed while they mounted", killed);
	return check_failures > 0;
}
