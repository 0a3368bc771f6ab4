// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

static volatile sig_atomic_t ended, continued;
static sigset_t unblocked;
static struct termios cooked;
static bool is_raw;

static void on_signal(int signal)
{
	if (signal == SIGCONT)
		continued = 1;
	else if (signal != SIGWINCH)
		ended = 1;
}

static void terminal_raw(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &raw))
		return;
	if (!is_raw)
		cooked = raw;
	raw.c_lflag &= ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	is_raw = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void terminal_begin(bool keys)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;
	size_t i;

	sigemptyset(&blocked);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], &action, NULL);
		sigaddset(&blocked, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &unblocked);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigdelset(&unblocked, signals[i]);
	if (keys)
		terminal_raw();
}

void terminal_end(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	is_raw = false;
}

void terminal_size(size_t *width, size_t *height)
{
	struct winsize window;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) || !window.ws_col || !window.ws_row) {
		window.ws_col = 80;
		window.ws_row = 24;
	}
	*width = window.ws_col;
	*height = window.ws_row;
}

enum wait terminal_wait(uint64_t deadline_ns)
{
	struct pollfd keyboard = { .fd = is_raw ? STDIN_FILENO : -1, .events = POLLIN };
	struct timespec now, left;
	uint64_t now_ns;
	char key;
	int ret;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		now_ns = nanoseconds(&now);
		if (now_ns >= deadline_ns)
			return WAIT_OVER;
		left.tv_sec = (deadline_ns - now_ns) / 1000000000;
		left.tv_nsec = (deadline_ns - now_ns) % 1000000000;
		ret = ppoll(&keyboard, 1, &left, &unblocked);
		if (ended)
			return WAIT_END;
		if (continued) {
			continued = 0;
			if (is_raw)
				terminal_raw();
			return WAIT_REDRAW;
		}
		if (ret < 0)
			return WAIT_REDRAW;
		if (!ret)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1)
			keyboard.fd = -1;
		else if (key == 'q' || key == 'Q')
			return WAIT_END;
	}
}
