// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include "shim.h"

#define MAX_PAGES	(1 << 16)

int shim_cpu;
unsigned long jiffies = 1000;
bool shim_killed;
int shim_atomic;
void (*shim_meanwhile)(gfp_t gfp);
void (*shim_unlocked)(void);
struct task_struct shim_task;

static unsigned int fail_in;
static bool fail_all, failed;
static long live;

void shim_fail(unsigned int nth, bool all)
{
	fail_in = nth;
	fail_all = all;
	failed = false;
}

bool shim_failed(void)
{
	return failed;
}

long shim_live(void)
{
	return live;
}

static bool fails_now(void)
{
	if (fail_in && !--fail_in) {
		failed = true;
		return true;
	}
	return failed && fail_all;
}

void *shim_alloc(size_t size, bool zero)
{
	void *memory;

	if (fails_now())
		return NULL;
	memory = malloc(size);
	assert(memory);
	/* What is not asked to be zero is not. */
	memset(memory, zero ? 0 : 0xa5, size);
	live++;
	return memory;
}

void shim_free(const void *memory)
{
	live -= !!memory;
	free((void *)memory);
}

/* By number of frame; 0 is none. */
static struct page *pages[MAX_PAGES];
static unsigned long nr_pages = 1;

/* Return: the first of @nr numbers that are free. */
static unsigned long free_pfns(unsigned int nr)
{
	unsigned long pfn, found = 0;

	for (pfn = 1; found < nr; pfn++) {
		assert(pfn < MAX_PAGES);
		found = pages[pfn] ? 0 : found + 1;
	}
	if (pfn > nr_pages)
		nr_pages = pfn;
	return pfn - nr;
}

struct folio *folio_alloc(gfp_t gfp, unsigned int order)
{
	struct mm_struct *mm = current->mm;
	unsigned int i, nr = 1 << order;
	struct page *page;
	char *memory;

	if (gfp & __GFP_DIRECT_RECLAIM)
		shim_sleeps(gfp);
	page = shim_alloc(sizeof(*page) * nr, true);
	if (!page)
		return NULL;
	memory = aligned_alloc(PAGE_SIZE, PAGE_SIZE * nr);
	assert(memory);
	memset(memory, gfp & __GFP_ZERO ? 0 : 0xa5, PAGE_SIZE * nr);
	page->pfn = free_pfns(nr);
	page->refs = 1;
	page->order = order;
	page->gfp = gfp;
	if (gfp & __GFP_ACCOUNT)
		page->memcg = current->active_memcg ? current->active_memcg : mm ? mm->memcg : NULL;
	for (i = 0; i < nr; i++) {
		page[i].pfn = page->pfn + i;
		page[i].head = i ? page : NULL;
		page[i].memory = memory + PAGE_SIZE * i;
		pages[page->pfn + i] = &page[i];
	}
	return (struct folio *)page;
}

void __free_page(struct page *page)
{
	unsigned int i;

	for (i = 0; i < 1U << page->order; i++) {
		assert(pages[page->pfn + i] == &page[i]);
		pages[page->pfn + i] = NULL;
	}
	free(page->memory);
	shim_free(page);
}

/* The kernel would say "Bad page". */
void folio_put(struct folio *folio)
{
	assert(!folio->head && !folio->frozen && folio->refs > 0);
	if (--folio->refs)
		return;
	assert(!folio->locked && !folio->mapping);
	__free_page((struct page *)folio);
}

bool folio_trylock(struct folio *folio)
{
	if (folio->locked)
		return false;
	folio->locked = true;
	return true;
}

void folio_lock(struct folio *folio)
{
	assert(!shim_atomic && !folio->locked);
	folio->locked = true;
}

void folio_unlock(struct folio *folio)
{
	assert(folio->locked);
	folio->locked = false;
}

bool folio_ref_freeze(struct folio *folio, int count)
{
	assert(count > 0);
	if (folio->refs != count)
		return false;
	folio->refs = 0;
	folio->frozen = true;
	return true;
}

void folio_ref_unfreeze(struct folio *folio, int count)
{
	assert(folio->frozen && !folio->refs && count > 0);
	folio->refs = count;
	folio->frozen = false;
}

bool shim_sleeps(gfp_t gfp)
{
	assert(!shim_atomic);
	if (shim_meanwhile)
		shim_meanwhile(gfp);
	return shim_killed;
}

void free_page(unsigned long address)
{
	unsigned long pfn;

	/* As in the kernel, nothing can be freed. */
	if (!address)
		return;
	for (pfn = 1; pfn < nr_pages; pfn++) {
		if (pages[pfn] && pages[pfn]->memory == (void *)address) {
			__free_page(pages[pfn]);
			return;
		}
	}
	assert(!"no page has this address");
}

unsigned long __get_free_page(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	return page ? (unsigned long)page_address(page) : 0;
}

u64 shim_hash;

u64 xxh64(const void *bytes, size_t len, u64 seed)
{
	u64 hash = seed, word;

	for (; len; len -= sizeof(word), bytes = (const char *)bytes + sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return shim_hash ? shim_hash : hash;
}

u64 siphash(const void *bytes, size_t len, const siphash_key_t *key)
{
	return xxh64(bytes, len, key->key[0] ^ key->key[1]);
}

void get_random_bytes(void *buf, size_t len)
{
	u64 word;

	for (; len; len -= sizeof(word), buf = (char *)buf + sizeof(word)) {
		word = get_random_u64();
		memcpy(buf, &word, sizeof(word));
	}
}

u64 get_random_u64(void)
{
	static u64 last;

	return last += 0x9e3779b97f4a7c15ull;
}

struct page *pfn_to_page(unsigned long pfn)
{
	assert(pfn < nr_pages && pages[pfn]);
	return pages[pfn];
}

/* The place of @index, or of the first entry behind it. */
static size_t xa_place(struct xarray *xa, unsigned long index)
{
	size_t i = 0, end = xa->nr;

	while (i < end) {
		size_t middle = (i + end) / 2;

		if (xa->entries[middle].index < index)
			i = middle + 1;
		else
			end = middle;
	}
	return i;
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long last, unsigned int filter)
{
	size_t i = xa_place(xa, *index);

	if (i == xa->nr || xa->entries[i].index > last)
		return NULL;
	*index = xa->entries[i].index;
	return xa->entries[i].entry;
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	return xa_find(xa, &index, index, XA_PRESENT);
}

int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	size_t i = xa_place(xa, index);

	if (i < xa->nr && xa->entries[i].index == index)
		return -EBUSY;
	if (fails_now())
		return -ENOMEM;
	xa->entries = reallocarray(xa->entries, xa->nr + 1, sizeof(*xa->entries));
	assert(xa->entries);
	memmove(xa->entries + i + 1, xa->entries + i, (xa->nr - i) * sizeof(*xa->entries));
	xa->entries[i] = (struct shim_entry){ index, entry };
	xa->nr++;
	return 0;
}

void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	size_t i = xa_place(xa, index);
	void *was = NULL;

	if (i == xa->nr || xa->entries[i].index != index)
		return xa_insert(xa, index, entry, gfp) ? (void *)(long)-ENOMEM : NULL;
	was = xa->entries[i].entry;
	xa->entries[i].entry = entry;
	return was;
}

int xa_alloc(struct xarray *xa, u32 *index, void *entry, struct xa_limit limit, gfp_t gfp)
{
	u32 n = limit.min;

	while (xa_load(xa, n)) {
		if (n == limit.max)
			return -EBUSY;
		n++;
	}
	*index = n;
	return xa_insert(xa, n, entry, gfp);
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	size_t i = xa_place(xa, index);
	void *entry;

	if (i == xa->nr || xa->entries[i].index != index)
		return NULL;
	entry = xa->entries[i].entry;
	memmove(xa->entries + i, xa->entries + i + 1,
		(xa->nr - i - 1) * sizeof(*xa->entries));
	/* The kernel's xarray needs no memory for nothing. */
	if (!--xa->nr) {
		free(xa->entries);
		xa->entries = NULL;
	}
	return entry;
}

void xa_destroy(struct xarray *xa)
{
	free(xa->entries);
	*xa = (struct xarray){};
}

int kstrtou64(const char *s, unsigned int base, u64 *result)
{
	const char *start;
	u64 n = 0;

	assert(base == 10);
	s += *s == '+';
	for (start = s; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *s - '0', &n))
			return -ERANGE;
	if (s == start)
		return -EINVAL;
	s += *s == '\n';
	if (*s)
		return -EINVAL;
	*result = n;
	return 0;
}

int kstrtoul(const char *s, unsigned int base, unsigned long *result)
{
	u64 n;
	int err = kstrtou64(s, base, &n);

	if (!err)
		*result = n;
	return err;
}

ssize_t strscpy(char *dest, const char *src, size_t size)
{
	size_t length = strnlen(src, size);

	if (!size)
		return -E2BIG;
	if (length < size) {
		memcpy(dest, src, length + 1);
		return length;
	}
	memcpy(dest, src, size - 1);
	dest[size - 1] = '\0';
	return -E2BIG;
}

char *skip_spaces(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return (char *)s;
}

char *strim(char *s)
{
	size_t length = strlen(s);

	while (length && isspace((unsigned char)s[length - 1]))
		s[--length] = '\0';
	return skip_spaces(s);
}

int sysfs_emit(char *buf, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(buf, PAGE_SIZE, format, args);
	va_end(args);
	assert(n >= 0 && (unsigned long)n < PAGE_SIZE);
	return n;
}

/* Formats, so that the sanitizers see the arguments; tests do not read the log. */
void pr_err(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
}

bool shim_work(struct work_struct *work)
{
	if (!work->queued)
		return false;
	work->queued = false;
	work->func(work);
	return true;
}
