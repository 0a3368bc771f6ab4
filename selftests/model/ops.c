// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of operations, the random choice of one, and how one is written down. A mechanism is
 * added by a line in ops[] and a function.
 */
#include "ops.h"

static const struct op ops[] = {
	{ "read", 12, ON_ALL, op_read, { SLOT, AT, PAGES } },
	{ "write", 16, ON_ALL, op_write, { SLOT, AT, PAGES, VERSION } },
	{ "poke", 12, ON_ALL, op_poke, { SLOT, AT, LENGTH, VERSION } },
	{ "sweep", 8, ON_ALL, op_sweep, { AT, PAGES, VERSION } },
	{ "pread", 6, ON_FILES, op_pread, { AT, OFFSET, LENGTH } },
	{ "pwrite", 8, ON_FILES, op_pwrite, { AT, OFFSET, LENGTH, VERSION } },
	{ "splice", 2, ON_FILES, op_splice, { AT, OFFSET, LENGTH } },
	{ "punch", 6, ON_FILES, op_punch, { AT, OFFSET, SPAN } },
	{ "dead", 3, ON_REGION, op_dead, { AT, PAGES, CHOICE } },
	{ "remove", 2, ON_FILES, op_remove, { SLOT, AT, PAGES } },
	{ "allocate", 1, ON_FILES | AGENT_ONLY, op_allocate, { AT, PAGES, CHOICE } },
	{ "truncate", 4, ON_FILES | AGENT_ONLY, op_truncate, { AT, CHOICE } },
	{ "odd_size", 1, ON_REGION | AGENT_ONLY, op_odd_size, { AT, CHOICE } },
	{ "map", 3, ON_FILES, op_map, { SLOT, AT, PAGES, CHOICE } },
	{ "unmap", 1, ON_FILES, op_unmap, { SLOT } },
	{ "renew", 8, ON_FILES, op_renew, { AT, PAGES, VERSION, CHOICE } },
	{ "mremap", 2, ON_FILES, op_mremap, { SLOT, CHOICE } },
	{ "protect", 2, ON_FILES, op_protect, { SLOT, CHOICE } },
	{ "forget", 4, ON_ALL, op_forget, { SLOT, AT, PAGES } },
	{ "advise", 4, ON_ALL, op_advise, { SLOT, AT, PAGES, CHOICE } },
	{ "fork", 1, ON_ALL, op_fork, { SLOT, AT, PAGES, VERSION } },
	{ "mlock", 1, ON_ALL | LOCKSTEP_ONLY, op_mlock, { SLOT } },
	{ "munlock", 3, ON_ALL | LOCKSTEP_ONLY, op_munlock, { SLOT } },
	{ "peer_read", 2, ON_FILES, op_peer_read, { PEER, AT, PAGES } },
	{ "peer_write", 2, ON_FILES, op_peer_write, { PEER, AT, PAGES, VERSION } },
	{ "dio_write", 3, ON_ALL, op_dio_write, { SLOT, AT, PAGES, BLOCK } },
	{ "dio_read", 3, ON_ALL, op_dio_read, { SLOT, AT, PAGES, BLOCK } },
	{ "pin", 3, ON_FILES, op_pin, { SLOT, AT, PAGES, HOLD } },
	{ "unpin", 2, ON_FILES, op_unpin, { HOLD } },
	{ "evict", 8, NEEDS_POOL | ON_REGION | AGENT_ONLY, op_evict, { WHERE, AMOUNT } },
	{ "limit", 3, NEEDS_POOL | ON_REGION | AGENT_ONLY, op_limit, { WHERE, LIMIT } },
	{ "knob", 3, NEEDS_POOL | ON_REGION | AGENT_ONLY, op_knob, { CHOICE } },
	{ "drop_caches", 1, NEEDS_POOL | ON_REGION | AGENT_ONLY, op_drop_caches, {} },
	{ "cgroup_reclaim", 1, NEEDS_CGROUP | ON_ALL | AGENT_ONLY, op_cgroup_reclaim, { AMOUNT } },
	/* These two come at fixed distances. */
	{ "verify", 0, ON_ALL, op_verify, { SLOT } },
	{ "gauges", 0, NEEDS_POOL | ON_REGION | LOCKSTEP_ONLY, op_gauges, {} },
};

#define NR_OPS (sizeof(ops) / sizeof(*ops))

static bool left_out[NR_OPS];

#define LEAST_BETWEEN 100 /* operations between two looks at everything; with many pages more */
#define AGENT_TIMES 6 /* the agent does its own things that much more often */

static const char *const arg_names[] = {
	[SLOT] = "slot",       [AT] = "page",	      [PAGES] = "pages",   [OFFSET] = "offset",
	[LENGTH] = "len",      [SPAN] = "len",	      [VERSION] = "version", [PEER] = "peer",
	[HOLD] = "hold",       [BLOCK] = "block",     [WHERE] = "where",   [LIMIT] = "pages",
	[AMOUNT] = "pages",    [CHOICE] = "choice",
};

uint64_t chance(struct generator *g)
{
	g->state += 0x9e3779b97f4a7c15ull;
	return mix(g->state);
}

/*
 * Often the same page again, which nothing has unmapped yet, or one of a few, so that things
 * meet; sometimes the ends of the memory and of blocks.
 */
static uint64_t page_at(struct generator *g)
{
	uint64_t r = chance(g), pages = g->m->pages;

	switch (r % 16) {
	case 0 ... 5:
		break;
	case 6 ... 10:
		g->page = mix(g->m->seed + (r >> 8) % 24) % pages;
		break;
	case 11:
		g->page = pages - 1 - (r >> 8) % 8 % pages;
		break;
	case 12:
		g->page = ((r >> 8) % (pages / 512 + 1) * 512 + 511 + (r >> 32) % 2) % pages;
		break;
	default:
		g->page = (r >> 8) % pages;
	}
	return g->page;
}

static uint64_t length(struct generator *g)
{
	uint64_t r = chance(g);

	switch (r % 4) {
	case 0:
		return 1 + (r >> 8) % 64;
	case 1:
		return (1 + (r >> 8) % 8) * PAGE;
	default:
		return 1 + (r >> 8) % (3 * PAGE);
	}
}

static uint64_t span(struct generator *g)
{
	uint64_t r = chance(g);

	return r % 16 ? r % 3 ? (1 + (r >> 8) % 8) * PAGE : length(g) :
			(1 + (r >> 8) % g->m->pages) * PAGE;
}

static uint64_t argument(struct generator *g, enum arg_kind kind)
{
	uint64_t r = chance(g);

	switch (kind) {
	case SLOT:
		return r % NR_SLOTS;
	case AT:
		return page_at(g);
	case PAGES:
		return r % 4 ? 1 + (r >> 8) % 4 : 1 + (r >> 8) % 24;
	case OFFSET:
		return r & 1 ? 0 : (r >> 8) % PAGE;
	case LENGTH:
		return length(g);
	case SPAN:
		return span(g);
	case VERSION:
		return ++g->versions * MAX_WORKERS + g->worker;
	case PEER:
		return r % g->m->workers;
	case HOLD:
		return r % NR_PINS;
	case BLOCK:
		return r % SCRATCH_PAGES;
	case WHERE:
		return r & 1;
	case LIMIT:
		return r % 3 ? 1 + (r >> 8) % g->m->pages : 0;
	case AMOUNT:
		return 1 + (r >> 8) % (r & 1 ? 32 : g->m->pages);
	case CHOICE:
		return r % 64;
	default:
		return 0;
	}
}

static bool applies(const struct generator *g, const struct op *op)
{
	bool concurrent = g->m->lanes > 1;

	if (!(op->flags >> 8 & g->m->target))
		return false;
	if ((op->flags & NEEDS_POOL && !g->place->pool[0]) ||
	    (op->flags & NEEDS_CGROUP && !g->place->cgroup[0]))
		return false;
	if (op->flags & AGENT_ONLY && concurrent && !g->agent)
		return false;
	return !(op->flags & LOCKSTEP_ONLY && concurrent);
}

static unsigned int weight(const struct generator *g, const struct op *op)
{
	if (left_out[op - ops] || !applies(g, op))
		return 0;
	return op->flags & AGENT_ONLY && g->agent ? op->weight * AGENT_TIMES : op->weight;
}

static const struct op *find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_OPS; i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

bool ops_leave_out(const char *names)
{
	while (*names) {
		size_t len = strcspn(names, ","), i;

		for (i = 0; i < NR_OPS; i++)
			if (!strncmp(ops[i].name, names, len) && !ops[i].name[len])
				break;
		/* Those at fixed distances stay. */
		if (i == NR_OPS || !ops[i].weight)
			return false;
		left_out[i] = true;
		names += len + (names[len] == ',');
	}
	return true;
}

static const struct op *choose(struct generator *g)
{
	unsigned int total = 0, at, between = LEAST_BETWEEN + g->m->pages / 16;
	size_t i;

	if (++g->count % between == 0)
		return find("verify");
	if (g->count % between == 1 && applies(g, find("gauges")))
		return find("gauges");
	for (i = 0; i < NR_OPS; i++)
		total += weight(g, &ops[i]);
	at = chance(g) % total;
	for (i = 0; at >= weight(g, &ops[i]); i++)
		at -= weight(g, &ops[i]);
	return &ops[i];
}

struct call call_make(struct generator *g)
{
	struct call call = { .op = choose(g), .worker = g->worker };
	unsigned int i;

	if (g->m->lanes == 1)
		call.worker = chance(g) % g->m->workers;
	for (i = 0; i < NR_ARGS && call.op->args[i] != NO_ARG; i++)
		call.arg[i] = argument(g, call.op->args[i]);
	return call;
}

void call_print(const struct call *call, char *line)
{
	unsigned int i, n = snprintf(line, LINE, "%u %s", call->worker, call->op->name);

	for (i = 0; i < NR_ARGS && call->op->args[i] != NO_ARG; i++)
		n += snprintf(line + n, LINE - n, " %s=%llu", arg_names[call->op->args[i]],
			      (unsigned long long)call->arg[i]);
}

bool call_parse(struct call *call, const char *line)
{
	unsigned int i;
	char name[32];
	int n;

	memset(call, 0, sizeof(*call));
	if (sscanf(line, "%u %31s%n", &call->worker, name, &n) != 2)
		return false;
	call->op = find(name);
	if (!call->op || call->worker >= MAX_WORKERS)
		return false;
	for (i = 0; i < NR_ARGS && call->op->args[i] != NO_ARG; i++) {
		const char *want = arg_names[call->op->args[i]];
		unsigned long long value;
		int more;

		line += n;
		if (sscanf(line, " %31[a-z]=%llu%n", name, &value, &more) != 2 ||
		    strcmp(name, want))
			return false;
		call->arg[i] = value;
		n = more;
	}
	return true;
}
