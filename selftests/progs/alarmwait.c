// SPDX-License-Identifier: GPL-2.0-only
/*
 * alarmwait POOL SECONDS - waits for an alarm of a pool to begin or to end
 *
 * Prints "ready", then what came: "polled VALUE" when its file "alarmed" could be polled, "event
 * VALUE" for an event of the kernel. Exit status 0 when both came.
 */
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include "check.h"

static char path[256];

/* The value of ALARM= in an event of the pool, or NULL. */
static const char *alarm_in(const char *event, size_t len, const char *pool)
{
	const char *p, *value = NULL;
	bool ours = false;

	for (p = event; p < event + len; p += strlen(p) + 1) {
		if (!strcmp(p, "SUBSYSTEM=pagepact"))
			ours = true;
		if (!strncmp(p, "DEVPATH=", 8) && strcmp(strrchr(p, '/') + 1, pool))
			return NULL;
		if (!strncmp(p, "ALARM=", 6))
			value = p + 6;
	}
	return ours ? value : NULL;
}

static char now(int fd)
{
	char text[8] = "?";

	if (pread(fd, text, sizeof(text) - 1, 0) < 1)
		die("%s", path);
	return text[0];
}

int main(int argc, char **argv)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct pollfd fds[2] = { { .events = POLLPRI }, { .events = POLLIN } };
	char event[4096];
	const char *value;
	ssize_t len;

	if (argc != 3)
		return 2;
	snprintf(path, sizeof(path), "/sys/fs/pagepact/%s/alarmed", argv[1]);
	fds[0].fd = open(path, O_RDONLY);
	fds[1].fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	if (fds[0].fd < 0 || bind(fds[1].fd, (void *)&address, sizeof(address)))
		die("%s", path);
	/* A file can be polled from the time that it was read. */
	now(fds[0].fd);
	printf("ready\n");
	fflush(stdout);
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int n = poll(fds, 2, atoi(argv[2]) * 1000);

		if (n <= 0) {
			printf("%s\n", n ? strerror(errno) : "nothing came");
			return 1;
		}
		if (fds[0].revents & POLLPRI) {
			printf("polled %c\n", now(fds[0].fd));
			fds[0].fd = -1;
		}
		if (!(fds[1].revents & POLLIN))
			continue;
		len = recv(fds[1].fd, event, sizeof(event) - 1, 0);
		event[len > 0 ? len : 0] = 0;
		value = alarm_in(event, len > 0 ? len : 0, argv[1]);
		if (value) {
			printf("event %s\n", value);
			fds[1].fd = -1;
		}
	}
	return 0;
}
