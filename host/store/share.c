// SPDX-License-Identifier: GPL-2.0-only
/* Locks: a scratch page's mutex, then those of pp_store_fetch(); see core/region.h. */
#include <linux/cpumask.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/xxhash.h>
#include "store/share.h"
#include "store/slots.h"
#include "store/store.h"

/**
 * struct scratch - one CPU's room for a page that is compared
 * @lock: taken for one page
 * @page: the page
 */
struct scratch {
	struct mutex lock;
	struct page *page;
};

static struct scratch __percpu *scratches;

u32 pp_share_print(struct pp_slots *slots, const void *bytes, size_t len)
{
	return xxh64(bytes, len, slots->seed) & ((1U << PP_PRINT_BITS) - 1);
}

bool pp_share_is_equal(struct pp_slots *slots, u64 number, struct page *page)
{
	struct scratch *scratch = raw_cpu_ptr(scratches);
	bool equal = false;
	void *bytes;

	mutex_lock(&scratch->lock);
	if (!pp_store_fetch(slots, number, scratch->page)) {
		bytes = kmap_local_page(page);
		equal = !memcmp(page_address(scratch->page), bytes, PAGE_SIZE);
		kunmap_local(bytes);
	}
	mutex_unlock(&scratch->lock);
	return equal;
}

bool pp_share_find(struct pp_slots *slots, struct page *page, u32 print, u64 *number)
{
	unsigned int i;

	for (i = 0; i < PP_MAX_TWINS && pp_slot_find(slots, print, i, number); i++) {
		if (pp_share_is_equal(slots, *number, page))
			return true;
		pp_store_drop(slots, *number);
	}
	return false;
}

bool pp_share_known(struct pp_slots *slots, struct page *page)
{
	void *bytes = kmap_local_page(page);
	u32 print = pp_share_print(slots, bytes, PAGE_SIZE);

	kunmap_local(bytes);
	return pp_slot_known(slots, print);
}

void pp_share_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct scratch *scratch = per_cpu_ptr(scratches, cpu);

		if (scratch->page)
			__free_page(scratch->page);
		mutex_destroy(&scratch->lock);
	}
	free_percpu(scratches);
}

int pp_share_init(void)
{
	int cpu;
	bool ok = true;

	scratches = alloc_percpu(struct scratch);
	if (!scratches)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct scratch *scratch = per_cpu_ptr(scratches, cpu);

		mutex_init(&scratch->lock);
		scratch->page = alloc_page(GFP_KERNEL);
		ok &= !!scratch->page;
	}
	if (ok)
		return 0;
	pp_share_exit();
	return -ENOMEM;
}
