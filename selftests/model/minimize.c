// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shortens a list that fails (delta debugging): leaves out large parts first, then smaller ones,
 * down to single operations, as long as what is left fails. Each try has fresh processes and a
 * fresh memory.
 */
#include "model.h"

#define TIMES 3 /* tries of a list, until it counts as good */

struct search {
	struct options *o;
	const char *failure;
	double end;
	unsigned int times, tried;
};

static bool over(const struct search *s)
{
	return seconds_now() > s->end;
}

/* Of one kind: they begin with the same word. */
static bool alike(const char *one, const char *other)
{
	size_t len = strcspn(one, " ");

	return len == strcspn(other, " ") && !memcmp(one, other, len);
}

/* Return: at which try @list failed as it did first, or 0. */
static unsigned int fails(struct search *s, struct list *list)
{
	struct result result;
	unsigned int i;

	for (i = 1; i <= s->times && !over(s); i++) {
		s->tried++;
		result = run_lockstep(s->o, list, true);
		if (result.failed && alike(result.failure, s->failure))
			return i;
	}
	return 0;
}

/* Leaves out @nr operations from @first on, if it fails without them. */
static bool without(struct search *s, struct list *list, size_t first, size_t nr)
{
	size_t size = sizeof(*list->calls);
	struct list rest = {
		.calls = malloc(list->nr * size + 1),
		.nr = list->nr - nr,
		.room = list->nr,
	};

	memcpy(rest.calls, list->calls, first * size);
	memcpy(rest.calls + first, list->calls + first + nr, (rest.nr - first) * size);
	if (!fails(s, &rest)) {
		free(rest.calls);
		return false;
	}
	free(list->calls);
	*list = rest;
	return true;
}

unsigned int minimize(struct options *o, struct list *list, const char *failure, double seconds)
{
	struct search s = {
		.o = o, .failure = failure, .end = seconds_now() + seconds, .times = TIMES,
	};
	bool shorter = true;
	size_t part, first;

	/* What failed at once may be expected to do so again. */
	s.times = fails(&s, list);
	for (part = (list->nr + 1) / 2; part && s.times && !over(&s);
	     part = part > 1 ? (part + 1) / 2 : shorter) {
		shorter = false;
		for (first = 0; first < list->nr && !over(&s);) {
			if (without(&s, list, first, MIN(part, list->nr - first)))
				shorter = true;
			else
				first += part;
		}
	}
	return s.tried;
}
