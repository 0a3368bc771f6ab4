// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the memory must contain. The bytes themselves are kept, because parts of pages are
 * written; whole pages carry a stamp, so that a wrong one can tell where it comes from.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "model.h"

#define MAGIC 0x6d656d6d6f64656cull

struct stamp {
	uint64_t magic; /* of the run */
	uint64_t page;
	uint64_t version;
	uint64_t sum; /* of the words behind the stamp */
};

#define STAMP_WORDS (sizeof(struct stamp) / sizeof(uint64_t))

static void *shared(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		die("memory for the model");
	return map;
}

struct model *model_new(enum target target, uint64_t seed, size_t pages, unsigned int workers,
			bool concurrent)
{
	struct model *m = shared(sizeof(*m));

	m->target = target;
	m->seed = seed;
	m->pages = pages;
	m->size = pages;
	m->workers = workers;
	m->lanes = concurrent ? workers : 1;
	m->tail = concurrent && target != ANON ? pages - pages / 8 : pages;
	m->bytes = shared(pages * PAGE);
	m->versions = shared(pages * sizeof(*m->versions));
	return m;
}

void model_free(struct model *m)
{
	munmap(m->bytes, m->pages * PAGE);
	munmap(m->versions, m->pages * sizeof(*m->versions));
	munmap(m, sizeof(*m));
}

bool model_owns(const struct worker *w, size_t page)
{
	const struct model *m = w->m;

	if (m->lanes == 1)
		return true;
	return page >= m->tail ? w->agent : page % m->lanes == w->id;
}

size_t model_own(const struct worker *w, size_t page)
{
	const struct model *m = w->m;

	if (model_owns(w, page))
		return page;
	page = page % (m->tail / m->lanes) * m->lanes;
	return page + w->id;
}

static uint64_t key_of(const struct model *m, size_t page, uint64_t version)
{
	return mix(m->seed ^ mix(page + 1) ^ version << 32);
}

static uint64_t sum_of(const uint64_t *words)
{
	uint64_t sum = 0;
	size_t i;

	for (i = STAMP_WORDS; i < WORDS; i++)
		sum += words[i] * (i + 1);
	return sum;
}

/*
 * Zeros, one word again and again, incompressible, nearly empty, one of a few that other pages have
 * as well, or as memory mostly is.
 */
void model_compose(const struct model *m, void *out, size_t page, uint64_t version)
{
	uint64_t *words = out, key = key_of(m, page, version);
	unsigned int kind = key >> 60;
	struct stamp *stamp = out;
	size_t i;

	memset(out, 0, PAGE);
	if (kind == 0)
		return;
	if (kind == 4)
		key = mix(m->seed ^ version % 16);
	for (i = 0; i < WORDS && kind != 3; i++)
		words[i] = kind == 1 || (kind > 4 && i % 8) ? key : mix(key + i);
	if (kind == 1 || kind == 4)
		return;
	stamp->magic = MAGIC ^ m->seed;
	stamp->page = page;
	stamp->version = version;
	stamp->sum = sum_of(words);
}

void model_fill(const struct model *m, void *out, size_t len, uint64_t version)
{
	unsigned char *bytes = out;
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = mix(m->seed ^ version << 16 ^ i >> 3) >> (i % 8 * 8);
}

/* In concurrent mode only its owner pins a page, and writes to it. */
static bool may_pin(const struct worker *w, unsigned int other)
{
	return w->m->lanes == 1 || other == w->id;
}

static void pins_see(struct worker *w, size_t page)
{
	struct model *m = w->m;
	unsigned int i, n;

	for (i = 0; i < m->workers; i++) {
		for (n = 0; n < NR_PINS && may_pin(w, i); n++) {
			struct pin *pin = &m->pins[i][n];
			size_t at = page - pin->page;

			if (!pin->held || at >= pin->pages)
				continue;
			if (pin->attached[at])
				memcpy(pin->bytes + at * PAGE, m->bytes + page * PAGE, PAGE);
			if (pin->stays[at])
				memcpy(pin->in_huge + at * PAGE, m->bytes + page * PAGE, PAGE);
		}
	}
}

/* @cut: the file ends before its block. */
static void pins_detach(struct worker *w, size_t page, bool cut)
{
	struct model *m = w->m;
	unsigned int i, n;

	for (i = 0; i < m->workers; i++) {
		for (n = 0; n < NR_PINS && may_pin(w, i); n++) {
			struct pin *pin = &m->pins[i][n];
			size_t at = page - pin->page;

			if (at >= pin->pages)
				continue;
			if (cut)
				pin->stays[at] = false;
			else if (pin->attached[at] && m->target == REGION)
				pin->stays[at] = pin->maybe_stayed[at] = true;
			pin->attached[at] = false;
		}
	}
}

void model_write(struct worker *w, size_t pos, const void *bytes, size_t len)
{
	size_t page;

	if (!len)
		return;
	memcpy(w->m->bytes + pos, bytes, len);
	for (page = pos / PAGE; page <= (pos + len - 1) / PAGE; page++)
		pins_see(w, page);
}

void model_write_page(struct worker *w, size_t page, uint64_t version)
{
	unsigned char bytes[PAGE];

	model_compose(w->m, bytes, page, version);
	model_write(w, page * PAGE, bytes, PAGE);
	w->m->versions[page] = version;
}

/* @last: where the file ends from now on. */
static void give_back(struct worker *w, size_t pos, size_t len, size_t last)
{
	size_t end = pos + len, page, block;

	for (; pos < end; pos = (page + 1) * PAGE) {
		size_t part = MIN(end - pos, PAGE - pos % PAGE);

		page = pos / PAGE;
		block = page - page % BLOCK_PAGES;
		if (part == PAGE)
			pins_detach(w, page, block * PAGE >= last);
		memset(w->m->bytes + pos, 0, part);
		pins_see(w, page);
	}
}

void model_punch(struct worker *w, size_t pos, size_t len)
{
	give_back(w, pos, len, SIZE_MAX);
}

void model_resize(struct worker *w, size_t pages)
{
	struct model *m = w->m;

	if (pages < m->size)
		give_back(w, pages * PAGE, (m->size - pages) * PAGE, pages * PAGE);
	__atomic_store_n(&m->size, pages, __ATOMIC_SEQ_CST);
}

size_t model_below_end(const struct model *m, size_t pos, size_t len)
{
	size_t end = m->size * PAGE;

	return pos >= end ? 0 : MIN(len, end - pos);
}

/* Whose bytes are these? */
static void diagnose(const struct model *m, const unsigned char *have, char *text, size_t room)
{
	static const unsigned char zeros[PAGE];
	const struct stamp *stamp = (const void *)have;
	unsigned char expect[PAGE];
	size_t other;

	if (!memcmp(have, zeros, PAGE)) {
		snprintf(text, room, "it is all zeros");
		return;
	}
	for (other = 0; other < m->pages; other++) {
		if (memcmp(have, m->bytes + other * PAGE, PAGE))
			continue;
		snprintf(text, room, "it is what page %zu contains", other);
		return;
	}
	if (stamp->magic == (MAGIC ^ m->seed)) {
		model_compose(m, expect, stamp->page, stamp->version);
		snprintf(text, room, "stamped page %llu version %llu, %s",
			 (unsigned long long)stamp->page, (unsigned long long)stamp->version,
			 memcmp(have, expect, PAGE) ? "damaged or written since" : "intact: stale");
		return;
	}
	snprintf(text, room, "no stamp");
}

static bool complain(struct model *m, size_t page, const unsigned char *have, const char *how)
{
	const unsigned char *want = m->bytes + page * PAGE;
	size_t first = 0, last = PAGE - 1, i, wrong = 0;
	char text[128];

	while (have[first] == want[first])
		first++;
	while (have[last] == want[last])
		last--;
	for (i = first; i <= last; i++)
		wrong += have[i] != want[i];
	diagnose(m, have, text, sizeof(text));
	return fail(m,
		    "page %zu (block %zu), %s: %zu bytes wrong, %zu to %zu; first %02x, "
		    "must be %02x; %s; last written whole as version %llu",
		    page, page / 512, how, wrong, first, last, have[first], want[first], text,
		    (unsigned long long)m->versions[page]);
}

bool model_check(struct worker *w, size_t pos, const void *have, size_t len, const char *how)
{
	const unsigned char *bytes = have;
	struct model *m = w->m;
	unsigned char page[PAGE];

	while (len) {
		size_t part = MIN(len, PAGE - pos % PAGE), base = pos - pos % PAGE;

		if (memcmp(bytes, m->bytes + pos, part)) {
			memcpy(page, m->bytes + base, PAGE);
			memcpy(page + pos % PAGE, bytes, part);
			return complain(m, pos / PAGE, page, how);
		}
		bytes += part;
		pos += part;
		len -= part;
	}
	return true;
}

bool fail(struct model *m, const char *format, ...)
{
	va_list args;

	if (__atomic_exchange_n(&m->failed, 1, __ATOMIC_SEQ_CST))
		return false;
	va_start(args, format);
	vsnprintf(m->failure, sizeof(m->failure), format, args);
	va_end(args);
	m->stop = 1;
	return false;
}
