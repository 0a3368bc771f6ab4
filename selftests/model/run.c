// SPDX-License-Identifier: GPL-2.0-only
/* Workers, lists, and the two ways to run: in lock-step, and all at once. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "model.h"

#define HANGS 60 /* seconds after which an operation hangs */

/* A run: a fresh memory under test, and those who work on it. */
struct crew {
	struct options *o;
	struct model *m;
	int fd;
	int to[MAX_WORKERS], from[MAX_WORKERS];
	double begin;
};

double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* --- lists --- */

void list_add(struct list *list, const struct call *call)
{
	if (list->nr == list->room) {
		list->room = list->room ? list->room * 2 : 1024;
		list->calls = realloc(list->calls, list->room * sizeof(*list->calls));
		if (!list->calls)
			die("memory for the list");
	}
	list->calls[list->nr++] = *call;
}

bool list_save(const struct list *list, const struct options *o, const char *name)
{
	FILE *file = fopen(name, "w");
	char line[LINE];
	size_t i;

	if (!file)
		return false;
	fprintf(file, "memmodel seed=%llu pages=%zu workers=%u\n", (unsigned long long)o->seed,
		o->pages, o->workers);
	for (i = 0; i < list->nr; i++) {
		call_print(&list->calls[i], line);
		fprintf(file, "%s\n", line);
	}
	return !fclose(file);
}

/* Empty lines and those that begin with # are for people. */
bool list_load(struct list *list, struct options *o, const char *name)
{
	FILE *file = fopen(name, "r");
	unsigned long long seed;
	struct call call;
	char line[LINE];
	bool good;

	good = file && fgets(line, sizeof(line), file) &&
	       sscanf(line, "memmodel seed=%llu pages=%zu workers=%u", &seed, &o->pages,
		      &o->workers) == 3 &&
	       o->workers && o->workers <= MAX_WORKERS;
	while (good && fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		good = call_parse(&call, line);
		if (good)
			list_add(list, &call);
		else
			fprintf(stderr, "memmodel: not an operation: %s", line);
	}
	if (file)
		fclose(file);
	o->seed = seed;
	return good;
}

/* --- workers --- */

static int open_memory(struct options *o)
{
	const char *path = o->place.path;
	int fd;

	if (o->target == ANON)
		return -1;
	if (path)
		unlink(path);
	fd = path ? open(path, O_RDWR | O_CREAT | O_EXCL, 0600) : memfd_create("memmodel", 0);
	if (fd < 0 || ftruncate(fd, o->pages * PAGE))
		die("%s", path ? path : "memfd");
	return fd;
}

/* Zeros, on the device: direct I/O of nothing else is compared with. */
static void clear_scratch(const char *scratch)
{
	size_t len = MAX_WORKERS * SCRATCH_PAGES * PAGE;
	int fd = open(scratch, O_RDWR | O_CREAT | O_DIRECT, 0600);
	void *zeros = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || pwrite(fd, zeros, len, 0) != (ssize_t)len)
		die("%s", scratch);
	munmap(zeros, len);
	close(fd);
}

static void worker_begin(struct crew *crew, struct worker *w, unsigned int id)
{
	struct options *o = crew->o;
	int kind = o->target == ANON ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	unsigned char *map;

	*w = (struct worker){ .m = crew->m, .place = &o->place, .id = id, .fd = crew->fd };
	w->agent = crew->m->lanes > 1 && o->target != ANON && id == crew->m->workers - 1;
	/* Not all at the same address. */
	mmap(NULL, (1 + id * 7) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	map = mmap(NULL, o->pages * PAGE, PROT_READ | PROT_WRITE, kind, w->fd, 0);
	w->scratch = open(o->place.scratch, O_RDWR | O_DIRECT);
	if (map == MAP_FAILED || w->scratch < 0)
		die("worker %u", id);
	w->slots[0] = (struct slot){ .addr = map, .pages = o->pages };
	w->m->base[id] = map;
	w->m->pid[id] = getpid();
}

static bool run_call(struct worker *w, const struct call *call)
{
	struct model *m = w->m;

	call_print(call, m->current[w->id]);
	m->ops[w->id]++;
	if (call->op->run(w, call->arg))
		return true;
	if (!m->culprit[0])
		strcpy(m->culprit, m->current[w->id]);
	return false;
}

/* Lock-step: does what comes down the pipe. */
static void worker_obey(struct crew *crew, struct worker *w)
{
	struct call call;
	char good;

	while (read(crew->to[w->id], &call, sizeof(call)) == sizeof(call)) {
		good = run_call(w, &call);
		if (write(crew->from[w->id], &good, 1) != 1)
			break;
	}
}

#define NR_FINISH 3

/* At the end a worker looks at what it still holds, and at all that it owns. */
static struct call finish_call(const struct model *m, unsigned int i)
{
	static const char *const lines[NR_FINISH] = {
		"0 verify slot=1", "0 unpin hold=0", "0 unpin hold=1",
	};
	struct call call;

	/* Nothing is ever held of anonymous memory. */
	call_parse(&call, lines[m->target == ANON ? 0 : i]);
	return call;
}

static void worker_finish(struct worker *w)
{
	struct call call;
	unsigned int i;

	for (i = 0; i < NR_FINISH && !w->m->failed; i++) {
		call = finish_call(w->m, i);
		run_call(w, &call);
	}
}

static void worker_alone(struct crew *crew, struct worker *w)
{
	struct options *o = crew->o;
	struct generator g = { .m = w->m, .place = w->place, .worker = w->id, .agent = w->agent };
	double end = o->seconds ? seconds_now() + o->seconds : 0;
	struct call call;
	char go;

	g.state = mix(o->seed + w->id + 1);
	if (read(crew->to[w->id], &go, 1) != 1)
		return;
	while (!w->m->stop && (!o->ops || w->m->ops[w->id] < o->ops)) {
		if (end && w->m->ops[w->id] % 16 == 0 && seconds_now() > end)
			break;
		call = call_make(&g);
		if (!run_call(w, &call))
			return;
	}
	worker_finish(w);
}

/* In lock-step the parent waits for an answer, so that no worker is behind it. */
static void crew_hire(struct crew *crew, unsigned int id,
		      void (*work)(struct crew *crew, struct worker *w))
{
	int to[2], from[2];
	struct worker w;
	char up = 1;
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		die("pipe");
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(to[1]);
		close(from[0]);
		crew->to[id] = to[0];
		crew->from[id] = from[1];
		worker_begin(crew, &w, id);
		if (write(from[1], &up, 1) == 1)
			work(crew, &w);
		_exit(crew->m->failed);
	}
	close(to[0]);
	close(from[1]);
	crew->to[id] = to[1];
	crew->from[id] = from[0];
	if (read(from[0], &up, 1) != 1)
		die("worker %u does not begin", id);
	crew->m->pid[id] = pid;
}

static void crew_begin(struct crew *crew, struct options *o, unsigned int workers, bool concurrent)
{
	*crew = (struct crew){ .o = o };
	crew->fd = open_memory(o);
	if (o->target != ANON)
		o->target = place_find(&o->place, crew->fd) ? REGION : PLAIN;
	else
		place_find(&o->place, -1);
	if (o->target == REGION)
		place_reset(&o->place);
	clear_scratch(o->place.scratch);
	crew->m = model_new(o->target, o->seed, o->pages, workers, concurrent);
	crew->begin = seconds_now();
}

/* The last look, by somebody who did nothing until now. */
static void last_look(struct crew *crew)
{
	struct model *m = crew->m;
	struct worker w;

	m->lanes = 1;
	if (m->failed || m->target == ANON)
		return;
	worker_begin(crew, &w, 0);
	if (verify_all(&w, 0) && m->target == REGION && check_gauges(&w) && lift_limits(&w))
		check_empty(&w);
	munmap(w.slots[0].addr, m->pages * PAGE);
	close(w.scratch);
}

static struct result crew_end(struct crew *crew)
{
	struct model *m = crew->m;
	struct result result = { .seconds = seconds_now() - crew->begin };
	unsigned int i;

	for (i = 0; i < m->workers; i++)
		result.done += m->ops[i];
	result.failed = m->failed;
	memcpy(result.failure, m->failure, sizeof(m->failure));
	memcpy(result.culprit, m->culprit, sizeof(m->culprit));
	if (crew->o->target == REGION)
		place_reset(&crew->o->place);
	if (crew->fd >= 0)
		close(crew->fd);
	if (crew->o->place.path)
		unlink(crew->o->place.path);
	model_free(m);
	return result;
}

/* --- lock-step --- */

static bool order(struct crew *crew, const struct call *call)
{
	unsigned int id = call->worker % crew->m->workers;
	struct pollfd fd = { .fd = crew->from[id], .events = POLLIN };
	char good;

	if (write(crew->to[id], call, sizeof(*call)) != sizeof(*call))
		return fail(crew->m, "worker %u does not listen", id);
	if (poll(&fd, 1, HANGS * 1000) != 1)
		return fail(crew->m, "worker %u hangs in: %s", id, crew->m->current[id]);
	if (read(crew->from[id], &good, 1) != 1)
		return fail(crew->m, "worker %u died in: %s", id, crew->m->current[id]);
	return good;
}

static void dismiss(struct crew *crew)
{
	unsigned int i;

	for (i = 0; i < crew->m->workers; i++) {
		close(crew->to[i]);
		close(crew->from[i]);
	}
	for (i = 0; i < crew->m->workers; i++) {
		kill(crew->m->pid[i], SIGKILL);
		waitpid(crew->m->pid[i], NULL, 0);
	}
}

static bool finish_all(struct crew *crew)
{
	struct call call;
	unsigned int i, n;

	for (i = 0; i < NR_FINISH; i++) {
		call = finish_call(crew->m, i);
		for (n = 0; n < crew->m->workers; n++) {
			call.worker = n;
			if (!order(crew, &call))
				return false;
		}
	}
	return true;
}

struct result run_lockstep(struct options *o, struct list *list, bool play)
{
	unsigned int workers = o->target == ANON ? 1 : o->workers, i;
	struct generator g = { .state = mix(o->seed), .place = &o->place };
	struct crew crew;
	struct call call;
	bool good = true;
	size_t n;

	crew_begin(&crew, o, workers, false);
	g.m = crew.m;
	for (i = 0; i < workers; i++)
		crew_hire(&crew, i, worker_obey);
	for (n = 0; good; n++) {
		if (play ? n == list->nr : o->ops && n == o->ops)
			break;
		if (!play && o->seconds && seconds_now() - crew.begin > o->seconds)
			break;
		if (!play) {
			call = call_make(&g);
			list_add(list, &call);
		}
		good = order(&crew, &list->calls[n]);
	}
	if (good)
		finish_all(&crew);
	dismiss(&crew);
	last_look(&crew);
	return crew_end(&crew);
}

/* --- all at once --- */

/* Return: how many have ended. */
static unsigned int look_after(struct crew *crew, bool *gone)
{
	struct model *m = crew->m;
	unsigned int i, ended = 0;
	int status;

	for (i = 0; i < m->workers; i++) {
		if (!gone[i] && waitpid(m->pid[i], &status, WNOHANG) == m->pid[i]) {
			gone[i] = true;
			if (WIFSIGNALED(status))
				fail(m, "worker died of signal %d in: %s", WTERMSIG(status),
				     m->current[i]);
			else if (WEXITSTATUS(status) > 1)
				fail(m, "worker could not go on in: %s", m->current[i]);
		}
		ended += gone[i];
	}
	return ended;
}

/* Who does not end is killed. */
static void wait_all(struct crew *crew)
{
	double end = seconds_now() + crew->o->seconds + HANGS + (crew->o->ops ? 600 : 0);
	struct model *m = crew->m;
	bool gone[MAX_WORKERS] = {};
	unsigned int i;

	while (look_after(crew, gone) < m->workers && seconds_now() < end)
		usleep(20000);
	for (i = 0; i < m->workers; i++) {
		if (gone[i])
			continue;
		fail(m, "worker hangs in: %s", m->current[i]);
		kill(m->pid[i], SIGKILL);
		waitpid(m->pid[i], NULL, 0);
	}
}

struct result run_concurrent(struct options *o)
{
	unsigned int workers = o->threads + (o->target != ANON), i;
	struct crew crew;
	char go = 1;

	crew_begin(&crew, o, workers, true);
	for (i = 0; i < workers; i++)
		crew_hire(&crew, i, worker_alone);
	for (i = 0; i < workers; i++)
		if (write(crew.to[i], &go, 1) != 1)
			die("worker %u", i);
	wait_all(&crew);
	for (i = 0; i < workers; i++) {
		close(crew.to[i]);
		close(crew.from[i]);
	}
	last_look(&crew);
	return crew_end(&crew);
}
