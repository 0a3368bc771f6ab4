// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvload: a key-value load whose every value is verified.
 *
 * usage: kvload SOCKET|mem:FILE load KEYS SIZE
 *        kvload SOCKET|mem:FILE run KEYS SIZE SECONDS [SEED]
 *
 * Talks RESP to a valkey (or redis) server on a Unix socket, for which it waits up to a minute. Or
 * maps a file, which "load" makes and which is to be on a tmpfs, with one value after the other.
 * "load" sets all keys to generation 0.
 * "run" expects that, and then reads (3 of 4) or rewrites (1 of 4) keys, four of five times among
 * the hot fifth of them, for SECONDS. Each value can be told from its key and generation, so a
 * read proves every byte. At the end all keys are read once more. Prints
 *   KVLOAD keys=K ops=N seconds=S p99_us=U bad=B PASS|FAIL
 * where 99 of 100 operations of "run", without the last reads, took at most U microseconds, to an
 * eighth.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char in[1 << 16];
static size_t in_pos, in_len;
static int sock;
static uint32_t *generation;
static size_t keys, size;
static uint64_t rng;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static uint64_t next_random(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static uint64_t step(uint64_t state)
{
	return state * 6364136223846793005ULL + 1442695040888963407ULL;
}

/*
 * Text like records of an application, which values are pieces of: to format each of them anew took
 * longer than all the rest.
 */
static char text[1 << 16];

/* As many pieces tell values apart for certain. */
#define MIN_SIZE 256

static void make_text(void)
{
	static const char *const words[] = {
		"order", "customer", "pending", "shipped", "warehouse", "invoice", "amount", "city",
	};
	uint64_t state = 1;
	char item[64];
	size_t n, len;

	for (n = 0; n < sizeof(text); n += len) {
		state = step(state);
		len = snprintf(item, sizeof(item), "%s=%u;", words[state >> 61],
			       (unsigned int)(state >> 40) & 0xffff);
		if (len > sizeof(text) - n)
			len = sizeof(text) - n;
		memcpy(text + n, item, len);
	}
}

/* LZ4 leaves half of it, zstd a third. */
static void make_value(char *to, size_t key, uint32_t gen)
{
	uint64_t state = (key + 1) * 0x9e3779b97f4a7c15ULL ^ gen * 0xda942042e4dd58b5ULL;
	const size_t piece = 64;
	size_t n, len;

	for (n = 0; n < size; n += len) {
		state = step(state);
		len = size - n < piece ? size - n : piece;
		memcpy(to + n, text + (state >> 32) % (sizeof(text) - piece), len);
	}
}

static void send_all(const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(sock, buf, len);

		if (n <= 0)
			die("write to the server");
		buf += n;
		len -= n;
	}
}

/* Return: how much there is to take from @in, at least a byte. */
static size_t available(void)
{
	if (in_pos == in_len) {
		ssize_t n = read(sock, in, sizeof(in));

		if (n <= 0)
			die("read from the server");
		in_pos = 0;
		in_len = n;
	}
	return in_len - in_pos;
}

static char get_char(void)
{
	available();
	return in[in_pos++];
}

static void get_line(char *line, size_t max)
{
	size_t n = 0;
	char c;

	while ((c = get_char()) != '\r')
		if (n + 1 < max)
			line[n++] = c;
	get_char();
	line[n] = 0;
}

/* Where the values are. */
struct place {
	/* @value has room for two bytes more. Done when set_done() was called as often. */
	void (*send_set)(size_t key, char *value);
	/* Return: 0 when the oldest of what was sent is done. */
	int (*set_done)(void);
	/* Return: 0 when there are exactly the bytes of the key's generation; @want is scratch. */
	int (*get_verified)(size_t key, char *want);
};

static void server_send_set(size_t key, char *value)
{
	char head[128];
	int len = snprintf(head, sizeof(head), "*3\r\n$3\r\nSET\r\n$12\r\nkey:%08zx\r\n$%zu\r\n",
			   key, size);

	send_all(head, len);
	value[size] = '\r';
	value[size + 1] = '\n';
	send_all(value, size + 2);
}

static int server_set_done(void)
{
	char line[64];

	get_line(line, sizeof(line));
	return strcmp(line, "+OK") != 0;
}

static int server_get_verified(size_t key, char *want)
{
	char head[64];
	size_t i, len;
	int bad = 0, n;

	n = snprintf(head, sizeof(head), "*2\r\n$3\r\nGET\r\n$12\r\nkey:%08zx\r\n", key);
	send_all(head, n);
	get_line(head, sizeof(head));
	if (head[0] != '$' || strtol(head + 1, NULL, 10) != (long)size)
		return 1;
	make_value(want, key, generation[key]);
	for (i = 0; i < size; i += len) {
		len = available();
		if (len > size - i)
			len = size - i;
		bad |= memcmp(in + in_pos, want + i, len) != 0;
		in_pos += len;
	}
	get_char();
	get_char();
	return bad;
}

static const struct place server = {
	.send_set = server_send_set,
	.set_done = server_set_done,
	.get_verified = server_get_verified,
};

static char *values;

static void memory_send_set(size_t key, char *value)
{
	memcpy(values + key * size, value, size);
}

static int memory_set_done(void)
{
	return 0;
}

static int memory_get_verified(size_t key, char *want)
{
	make_value(want, key, generation[key]);
	return memcmp(values + key * size, want, size) != 0;
}

static const struct place memory = {
	.send_set = memory_send_set,
	.set_done = memory_set_done,
	.get_verified = memory_get_verified,
};

static const struct place *place = &server;

static size_t load(char *value)
{
	size_t key, bad = 0, window = 64, behind = 0;

	for (key = 0; key < keys; key++) {
		make_value(value, key, 0);
		place->send_set(key, value);
		if (++behind == window)
			for (; behind; behind--)
				bad += place->set_done();
	}
	for (; behind; behind--)
		bad += place->set_done();
	return bad;
}

static size_t pick(void)
{
	size_t hot = keys / 5 + 1;

	return next_random() % 5 ? next_random() % hot : next_random() % keys;
}

/* Times, in eighths of a doubling from a microsecond on. */
static size_t took[8 * 40];

static void took_us(double us)
{
	unsigned int doublings = 0;

	for (us = us < 1 ? 1 : us; us >= 2 && doublings < 39; us /= 2)
		doublings++;
	took[8 * doublings + (us < 2 ? (unsigned int)((us - 1) * 8) : 7)]++;
}

static double p99_us(size_t ops)
{
	size_t seen = 0;
	unsigned int i;

	for (i = 0; i < sizeof(took) / sizeof(*took); i++) {
		seen += took[i];
		if (ops && seen * 100 >= ops * 99)
			return (double)(1ull << i / 8) * (1 + (i % 8 + 1) / 8.0);
	}
	return 0;
}

static size_t run(char *value, double seconds, size_t *ops)
{
	double end = now() + seconds, begin;
	size_t bad = 0, key;

	while ((begin = now()) < end) {
		key = pick();
		if (next_random() % 4) {
			bad += place->get_verified(key, value);
		} else {
			make_value(value, key, ++generation[key]);
			place->send_set(key, value);
			bad += place->set_done();
		}
		took_us((now() - begin) * 1e6);
		++*ops;
	}
	for (key = 0; key < keys; key++)
		bad += place->get_verified(key, value);
	return bad;
}

static void map_file(const char *path, int flags)
{
	int fd = open(path, O_RDWR | flags, 0600);

	if (fd < 0 || ((flags & O_CREAT) && ftruncate(fd, keys * size)))
		die(path);
	values = mmap(NULL, keys * size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (values == MAP_FAILED)
		die("mmap");
	place = &memory;
}

/* The server may be starting still. */
static void connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timespec pause = { .tv_nsec = 200000000 };
	double end = now() + 60;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(addr.sun_path, path);
	sock = socket(AF_UNIX, SOCK_STREAM, 0);
	if (sock < 0)
		die("socket");
	while (connect(sock, (struct sockaddr *)&addr, sizeof(addr))) {
		if (now() > end || (errno != ENOENT && errno != ECONNREFUSED))
			die(path);
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	size_t ops = 0, bad;
	double start, seconds = 0;
	char *value;

	if (argc < 5 || strtoul(argv[4], NULL, 10) < MIN_SIZE ||
	    (!strcmp(argv[2], "run") ? argc < 6 : strcmp(argv[2], "load"))) {
		fputs("usage: kvload SOCKET|mem:FILE load KEYS SIZE\n"
		      "       kvload SOCKET|mem:FILE run KEYS SIZE SECONDS [SEED]\n", stderr);
		return 2;
	}
	keys = strtoul(argv[3], NULL, 10);
	size = strtoul(argv[4], NULL, 10);
	rng = 88172645463325252ULL ^ (argc > 6 ? strtoull(argv[6], NULL, 10) << 17 : 0);
	generation = calloc(keys, sizeof(*generation));
	value = malloc(size + 2);
	if (!keys || !size || !generation || !value)
		die("keys and values");
	make_text();
	if (!strncmp(argv[1], "mem:", 4))
		map_file(argv[1] + 4, strcmp(argv[2], "load") ? 0 : O_CREAT | O_EXCL);
	else
		connect_to(argv[1]);
	start = now();
	if (!strcmp(argv[2], "load")) {
		bad = load(value);
		ops = keys;
		seconds = now() - start;
	} else {
		seconds = strtod(argv[5], NULL);
		bad = run(value, seconds, &ops);
	}
	printf("KVLOAD keys=%zu ops=%zu seconds=%.1f p99_us=%.0f bad=%zu %s\n", keys, ops, seconds,
	       p99_us(ops), bad, bad ? "FAIL" : "PASS");
	return bad != 0;
}
