/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel as far as host/ needs it, in user space. Each <linux/...> that host/ includes is this
 * file (the Makefile makes the names), so that sources under test are built as they are.
 *
 * What the kernel would notice is noticed here: a lock taken twice or not held when it is let go, a
 * lock missing where lockdep_assert_held() wants it, sleeping under a spin lock, a page that is let
 * go while it is locked or in a file, memory freed twice or used afterwards (by the sanitizers).
 */
#ifndef SHIM_H
#define SHIM_H

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned int gfp_t;
typedef unsigned long pgoff_t;

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define U16_MAX		UINT16_MAX
#define U32_MAX		UINT32_MAX
#define U64_MAX		UINT64_MAX
#define HZ		250
#define MAX_SCHEDULE_TIMEOUT LONG_MAX

#define __percpu
#undef __always_inline
#define __always_inline	inline __attribute__((always_inline))
#define fallthrough	__attribute__((fallthrough))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ALIGN(x, a)	(((x) + (a) - 1) / (a) * (a))
#define DIV_ROUND_UP_ULL(n, d)	(((n) + (d) - 1) / (d))
#define div64_u64(a, b)	((u64)(a) / (u64)(b))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))
#define swap(a, b)	do { __auto_type _t = (a); (a) = (b); (b) = _t; } while (0)
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define min(a, b)	({ __auto_type _a = (a); __auto_type _b = (b); _a < _b ? _a : _b; })
#define max(a, b)	({ __auto_type _a = (a); __auto_type _b = (b); _a > _b ? _a : _b; })
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#define smp_store_release(p, v)	WRITE_ONCE(*(p), v)

#define ilog2(n)	(63 - (unsigned int)__builtin_clzl(n))

#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))

static inline unsigned long rounddown_pow_of_two(unsigned long n)
{
	return 1ul << (63 - __builtin_clzl(n));
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	unsigned long down = rounddown_pow_of_two(n);

	return down < n ? down * 2 : down;
}

#define mult_frac(x, n, d)	((x) / (d) * (n) + (x) % (d) * (n) / (d))

static inline s64 sign_extend64(u64 value, int index)
{
	return (s64)(value << (63 - index)) >> (63 - index);
}

#define EXPORT_SYMBOL(name)	_Static_assert(sizeof(&name), "")
#define MODULE_LICENSE(text)	_Static_assert(sizeof(text), "")
#define MODULE_DESCRIPTION(text)	_Static_assert(sizeof(text), "")

/* Allocation. shim_fail() makes the n-th from now fail, or the n-th and all that follow. */
#define GFP_KERNEL		__GFP_DIRECT_RECLAIM
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_HIGHUSER		GFP_KERNEL
#define GFP_TRANSHUGE_LIGHT	__GFP_MOVABLE
#define GFP_NOWAIT		0
#define __GFP_NOWARN		0
#define __GFP_NOMEMALLOC	0
#define __GFP_KSWAPD_RECLAIM	0
#define __GFP_HIGHMEM		0
#define __GFP_ZERO		1U
#define __GFP_MOVABLE		2U
#define __GFP_ACCOUNT		4U
#define __GFP_DIRECT_RECLAIM	8U
#define __GFP_NORETRY		16U

void shim_fail(unsigned int nth, bool all);
/* True when an allocation was made to fail since shim_fail(). */
bool shim_failed(void);
/* Allocations that were not freed yet. */
long shim_live(void);
void *shim_alloc(size_t size, bool zero);
void shim_free(const void *memory);

#define sort(base, nr, size, compare, swap) qsort(base, nr, size, compare)
#define kmalloc(size, gfp)	shim_alloc(size, (gfp) & __GFP_ZERO)
#define kzalloc(size, gfp)	shim_alloc(size, true)
#define __vmalloc(size, gfp)	shim_alloc(size, (gfp) & __GFP_ZERO)
#define vfree(p)		shim_free(p)
#define array_size(n, size)	((n) * (size))
#define kvmalloc_node(size, gfp, node)	shim_alloc(size, (gfp) & __GFP_ZERO)
#define kfree(p)	shim_free(p)
#define kvfree(p)	shim_free(p)
#define memalloc_noreclaim_save()	0U
#define memalloc_noreclaim_restore(flags)	((void)(flags))

/* Spin locks held, and what forbids to sleep like them. */
extern int shim_atomic;
/* What others do while something sleeps: for a lock, for time to pass, or in an allocation. */
extern void (*shim_meanwhile)(gfp_t gfp);
/* What others do as soon as a mutex is let go. */
extern void (*shim_unlocked)(void);

/* Return: true when killed meanwhile. */
bool shim_sleeps(gfp_t gfp);

/* Locks know whether they are held. */
struct mutex { bool held; };
typedef struct { bool held; } spinlock_t;

#define DEFINE_MUTEX(name)	struct mutex name
#define DEFINE_SPINLOCK(name)	spinlock_t name
#define mutex_init(l)		((void)((l)->held = false))
#define spin_lock_init(l)	((void)((l)->held = false))
#define shim_lock(l)		do { assert(!(l)->held); (l)->held = true; } while (0)
#define shim_unlock(l)		do { assert((l)->held); (l)->held = false; } while (0)
#define mutex_lock(l)		do { assert(!shim_atomic); shim_lock(l); } while (0)
/* Somebody else had it. */
#define mutex_lock_killable(l) \
	({ int _err = shim_sleeps(0) ? -EINTR : 0; if (!_err) shim_lock(l); _err; })
#define mutex_unlock(l)		do { shim_unlock(l); if (shim_unlocked) shim_unlocked(); } while (0)
#define mutex_trylock(l)	((l)->held ? false : ((l)->held = true))
#define mutex_destroy(l)	assert(!(l)->held)
#define spin_lock(l)		do { shim_lock(l); shim_atomic++; } while (0)
#define spin_unlock(l)		do { shim_unlock(l); shim_atomic--; } while (0)
#define rcu_read_lock()		((void)shim_atomic++)
#define rcu_read_unlock()	((void)shim_atomic--)
#define lockdep_assert_held(l)	assert((l)->held)

/* One thread, so atomic is whatever one likes. */
typedef struct { long v; } atomic_long_t;
typedef struct { int v; } atomic_t;
typedef struct { s64 v; } atomic64_t;
typedef struct { int v; } refcount_t;

#define atomic_inc(a)		((void)(a)->v++)
#define atomic_add(n, a)	((void)((a)->v += (n)))
#define atomic_inc_return(a)	(++(a)->v)
#define refcount_set(r, n)	((void)((r)->v = (n)))
#define refcount_read(r)	((r)->v)
#define refcount_inc(r)		((void)(assert((r)->v > 0), (r)->v++))
#define refcount_dec_and_test(r)	(assert((r)->v > 0), !--(r)->v)
#define atomic_set(a, n)	((void)((a)->v = (n)))
#define atomic_xchg(a, n)	xchg(&(a)->v, n)
#define xchg(p, new)		({ __auto_type _was = *(p); *(p) = (new); _was; })
#define atomic_long_read(a)	((a)->v)
#define atomic_long_set(a, n)	((void)((a)->v = (n)))
#define atomic_long_add(n, a)	((void)((a)->v += (n)))
#define atomic_long_add_return(n, a)	((a)->v += (n))
#define atomic_long_sub(n, a)	((void)((a)->v -= (n)))
#define atomic_long_cmpxchg(a, old, new)	cmpxchg(&(a)->v, old, new)
#define cmpxchg(p, old, new) \
	({ __auto_type _was = *(p); if (_was == (old)) *(p) = (new); _was; })
#define atomic64_inc(a)		((void)(a)->v++)
#define atomic64_read(a)	((u64)(a)->v)
#define atomic_long_inc(a)	((void)(a)->v++)
#define atomic_long_dec(a)	((void)(a)->v--)

/* CPUs: two, and the tests run on shim_cpu. Their copies lie one stride apart, as in the kernel. */
#define NR_CPUS		2
#define SHIM_STRIDE	4096
extern int shim_cpu;

#define alloc_percpu(type) \
	((type *)shim_alloc(SHIM_STRIDE * (NR_CPUS - 1) + sizeof(type), true))
#define free_percpu(p)		shim_free(p)
#define per_cpu_ptr(p, cpu)	((__typeof__(p))((char *)(p) + SHIM_STRIDE * (cpu)))
#define raw_cpu_ptr(p)		per_cpu_ptr(p, shim_cpu)
#define this_cpu_add(x, n)	((void)(*per_cpu_ptr(&(x), shim_cpu) += (n)))
#define this_cpu_inc(x)		this_cpu_add(x, 1)
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < NR_CPUS; (cpu)++)
#define cpu_to_node(cpu)	0

/* Lists. */
struct list_head { struct list_head *next, *prev; };

#define LIST_HEAD(name)	struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline void list_add(struct list_head *new, struct list_head *head)
{
	new->next = head->next;
	new->prev = head;
	head->next->prev = new;
	head->next = new;
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->next = NULL;
	entry->prev = NULL;
}

#define list_add_tail(new, head)	list_add(new, (head)->prev)
#define list_move_tail(entry, head)	(list_del(entry), list_add_tail(entry, head))
#define list_empty(head)		((head)->next == (head))
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : container_of((head)->next, type, member))
#define list_for_each(pos, head) \
	for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_entry(pos, head, member) \
	for (pos = container_of((head)->next, __typeof__(*pos), member); \
	     &pos->member != (head); \
	     pos = container_of(pos->member.next, __typeof__(*pos), member))

/* An xarray is a sorted list here. */
struct shim_entry { unsigned long index; void *entry; };
struct xarray { struct shim_entry *entries; size_t nr; };
struct xa_limit { u32 min, max; };

#define XA_FLAGS_ALLOC	0
#define XA_PRESENT	0
#define XA_LIMIT(lo, hi)	((struct xa_limit){ lo, hi })
#define xa_init_flags(xa, flags)	((void)(*(xa) = (struct xarray){}))
#define xa_init(xa)	xa_init_flags(xa, 0)
#define xa_mk_value(n)	((void *)((n) << 1 | 1))
#define xa_to_value(entry)	((unsigned long)(entry) >> 1)
#define xa_err(entry)	((unsigned long)(entry) == (unsigned long)-ENOMEM ? -ENOMEM : 0)
#define xa_for_each(xa, n, entry) \
	for (n = 0, entry = xa_find(xa, &n, ULONG_MAX, XA_PRESENT); entry; \
	     n++, entry = xa_find(xa, &n, ULONG_MAX, XA_PRESENT))

void *xa_load(struct xarray *xa, unsigned long index);
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long last, unsigned int filter);
int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
/* Return: what was there, or an error for xa_err(); none where something was. */
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
int xa_alloc(struct xarray *xa, u32 *index, void *entry, struct xa_limit limit, gfp_t gfp);
void *xa_erase(struct xarray *xa, unsigned long index);
void xa_destroy(struct xarray *xa);

/* Tasks, and the cgroups that pages are charged to. */
struct mem_cgroup { struct { int refs; bool dying; } css; };
struct mm_struct { struct mem_cgroup *memcg; };
struct vm_area_struct { unsigned long vm_flags; struct mm_struct *vm_mm; };
struct task_struct { struct mm_struct *mm; struct mem_cgroup *active_memcg; };
extern struct task_struct shim_task;

#define current			(&shim_task)
#define css_tryget(css)		(!(css)->dying && ++(css)->refs)
#define css_put(css)		do { assert((css)->refs > 0); (css)->refs--; } while (0)
#define mem_cgroup_put(memcg)	css_put(&(memcg)->css)

static inline struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm)
{
	mm->memcg->css.refs++;
	return mm->memcg;
}

static inline struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	struct mem_cgroup *old = current->active_memcg;

	current->active_memcg = memcg;
	return old;
}

/* Pages and folios are the same thing twice, as in the kernel. */
struct address_space { int unused; };

#define SHIM_PAGE				\
	struct list_head lru;			\
	struct address_space *mapping;		\
	pgoff_t index;				\
	void *private;				\
	unsigned long pfn;			\
	void *memory;				\
	/* Of a part of a huge folio: its first page. */	\
	void *head;				\
	unsigned int order;			\
	gfp_t gfp;				\
	struct mem_cgroup *memcg;		\
	int nid;				\
	int refs;				\
	bool locked, frozen, hwpoison, mlocked, referenced, valid

struct page { SHIM_PAGE; };
struct folio { SHIM_PAGE; };

struct folio *folio_alloc(gfp_t gfp, unsigned int order);
/* Frees a page, or a huge one by its first, whatever the state it is in. */
void __free_page(struct page *page);
void free_page(unsigned long address);
struct page *pfn_to_page(unsigned long pfn);
void folio_put(struct folio *folio);
/* A lock that somebody else holds is never let go here. */
bool folio_trylock(struct folio *folio);
void folio_lock(struct folio *folio);
void folio_unlock(struct folio *folio);
bool folio_ref_freeze(struct folio *folio, int count);
void folio_ref_unfreeze(struct folio *folio, int count);

static inline struct folio *page_folio(struct page *page)
{
	return page->head ? page->head : (struct folio *)page;
}

static inline void folio_get(struct folio *folio)
{
	assert(folio->refs > 0);
	folio->refs++;
}

#define alloc_page(gfp)	((struct page *)folio_alloc(gfp, 0))
/* 0 when there is none. */
unsigned long __get_free_page(gfp_t gfp);
#define put_page(page)	folio_put(page_folio(page))
#define page_private(page)	((unsigned long)(page)->private)
#define set_page_private(page, n)	((void)((page)->private = (void *)(unsigned long)(n)))
#define get_page(page)	folio_get(page_folio(page))
#define page_address(page)	((page)->memory)
#define folio_page(folio, n)	pfn_to_page((folio)->pfn + (n))
#define folio_pfn(folio)	((folio)->pfn)
#define folio_ref_count(folio)	((folio)->refs)
#define folio_memcg(folio)	((folio)->memcg)
#define folio_nid(folio)	((folio)->nid)
#define folio_test_hwpoison(folio)	((folio)->hwpoison)
#define PageHWPoison(page)	((page)->hwpoison)
#define folio_test_mlocked(folio)	((folio)->mlocked)
#define folio_clear_referenced(folio)	((void)((folio)->referenced = false))
#define __folio_mark_uptodate(folio)	((void)((folio)->valid = true))
#define kmap_local_page(page)	page_address(page)
#define kunmap_local(address)	((void)(address))
#define copy_page(to, from)	memcpy(to, from, PAGE_SIZE)
#define copy_highpage(to, from)	copy_page(page_address(to), page_address(from))

static inline void folio_zero_range(struct folio *folio, size_t start, size_t len)
{
	for (; len; start += PAGE_SIZE, len -= PAGE_SIZE)
		memset(page_address(folio_page(folio, start >> PAGE_SHIFT)), 0, PAGE_SIZE);
}

static inline void memset64(u64 *p, u64 word, size_t words)
{
	while (words--)
		*p++ = word;
}

struct inode {
	unsigned long i_ino;
	struct address_space *i_mapping;
	loff_t i_size;
	void *i_private;
};

#define i_size_read(inode)	((inode)->i_size)

struct super_block { void *s_fs_info; };

/* What happens to page tables is the test's business. */
void unmap_mapping_pages(struct address_space *mapping, pgoff_t start, pgoff_t nr, bool even_cows);

long si_mem_available(void);

static inline void memset32(u32 *p, u32 word, size_t words)
{
	while (words--)
		*p++ = word;
}

/* In the place of the kernel's: not 0, every hash is this one. */
extern u64 shim_hash;
u64 xxh64(const void *bytes, size_t len, u64 seed);
u64 get_random_u64(void);
void get_random_bytes(void *buf, size_t len);

/* Hashes as well as xxh64() above, not as the kernel's. */
typedef struct { u64 key[2]; } siphash_key_t;
u64 siphash(const void *bytes, size_t len, const siphash_key_t *key);

/* Text: the kernel's rules for numbers, which are not strtoull()'s. */
int kstrtou64(const char *s, unsigned int base, u64 *result);
static inline int match_string(const char *const *array, size_t n, const char *string)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(array[i], string))
			return i;
	return -EINVAL;
}

int kstrtoul(const char *s, unsigned int base, unsigned long *result);
ssize_t strscpy(char *dest, const char *src, size_t size);
char *skip_spaces(const char *s);
char *strim(char *s);
__attribute__((format(printf, 2, 3)))
int sysfs_emit(char *buf, const char *format, ...);
__attribute__((format(printf, 1, 2)))
void pr_err(const char *format, ...);
#define pr_err_ratelimited(...)	((void)printf("# " __VA_ARGS__))
#define pr_err_once(...)	pr_err_ratelimited(__VA_ARGS__)

#define IS_ERR_VALUE(x)	((unsigned long)(x) >= (unsigned long)-4095)

/* Time. */
extern unsigned long jiffies;
extern bool shim_killed;

#define msecs_to_jiffies(ms)	((ms) * HZ / 1000)
#define time_before(a, b)	((long)((a) - (b)) < 0)
#define time_after(a, b)	time_before(b, a)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define ktime_get_ns()		((u64)jiffies * (1000000000 / HZ))
#define fatal_signal_pending(task)	((void)(task), shim_killed)
#define cond_resched()		((void)0)

static inline void schedule_timeout_killable(long timeout)
{
	jiffies += timeout;
	shim_sleeps(0);
}

/* Work is queued, and done when the test says so. */
struct semaphore { int unused; };
struct kiocb { int unused; };
struct bio_vec { int unused; };
struct kobject { int unused; };
struct srcu_struct { int readers; };
typedef struct { int unused; } wait_queue_head_t;
#define srcu_read_lock(s)	((s)->readers++)
#define srcu_read_unlock(s, idx)	((void)(assert((s)->readers == (idx) + 1), (s)->readers = (idx)))
enum kobject_action { KOBJ_CHANGE };
void sysfs_notify(struct kobject *kobj, const char *dir, const char *attr);
int kobject_uevent_env(struct kobject *kobj, enum kobject_action action, char *env[]);
struct completion { int unused; };
struct work_struct { void (*func)(struct work_struct *work); bool queued, disabled; };
struct delayed_work { struct work_struct work; unsigned long delay; };
struct workqueue_struct { int unused; };

#define WQ_MEM_RECLAIM	0
#define WQ_UNBOUND	0
#define alloc_workqueue(name, flags, active) \
	((struct workqueue_struct *)shim_alloc(sizeof(struct workqueue_struct), true))
#define destroy_workqueue(wq)	shim_free(wq)
#define INIT_WORK(w, f)		(*(w) = (struct work_struct){ .func = (f) })
#define INIT_WORK_ONSTACK(w, f)	INIT_WORK(w, f)
#define destroy_work_on_stack(w)	((void)(w))
#define schedule_work(w)	((void)((w)->queued = true))
#define flush_work(w)		shim_work(w)
#define INIT_DELAYED_WORK(w, f)	(*(w) = (struct delayed_work){ .work.func = (f) })
#define INIT_DEFERRABLE_WORK(w, f)	INIT_DELAYED_WORK(w, f)
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)
#define work_pending(w)		((w)->queued)
#define queue_work(wq, w)	((void)((w)->queued = true))
#define queue_delayed_work(wq, w, d)	((void)((w)->delay = (d), (w)->work.queued = true))
#define mod_delayed_work(wq, w, d)	queue_delayed_work(wq, w, d)
#define schedule_delayed_work(w, d) \
	((void)((w)->work.queued |= !(w)->work.disabled, (w)->delay = (d)))
#define disable_delayed_work_sync(w) \
	((void)((w)->work.disabled = true, (w)->work.queued = false))
#define enable_delayed_work(w)	((void)((w)->work.disabled = false))
#define cancel_work_sync(w)	((void)((w)->queued = false))
#define cancel_delayed_work_sync(w)	((void)((w)->work.queued = false))

/* Does a queued work. Return: false when it was not queued. */
bool shim_work(struct work_struct *work);

/* Tracepoints take arguments of the right types and do nothing. */
#define TP_PROTO(...)	__VA_ARGS__
#define TRACE_EVENT(name, proto, ...)	static inline void trace_##name(proto) {} \
	struct shim_trace_##name

/* Bitmaps, a word at a time. */
#define DECLARE_BITMAP(name, bits)	unsigned long name[((bits) + 63) / 64]
#define bitmap_zero(map, bits)	((void)memset(map, 0, ((bits) + 63) / 64 * sizeof(*(map))))
#define __set_bit(i, map)	((void)((map)[(i) / 64] |= 1ul << (i) % 64))
#define test_bit(i, map)	((map)[(i) / 64] >> (i) % 64 & 1)

static inline unsigned int shim_next_bit(const unsigned long *map, unsigned int bits,
					 unsigned int i, bool set)
{
	while (i < bits && test_bit(i, map) != set)
		i++;
	return i;
}

#define find_next_bit(map, bits, i)	shim_next_bit(map, bits, i, true)
#define __assign_bit(i, map, v) \
	((void)((map)[(i) / 64] = ((map)[(i) / 64] & ~(1ul << (i) % 64)) | \
				  (unsigned long)!!(v) << (i) % 64))
#define bitmap_empty(map, bits)	(shim_next_bit(map, bits, 0, true) == (bits))

static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int bits)
{
	unsigned int i, n = 0;

	for (i = 0; i < bits; i++)
		n += test_bit(i, map);
	return n;
}
#define for_each_clear_bitrange(first, end, map, bits) \
	for (first = shim_next_bit(map, bits, 0, false); \
	     end = shim_next_bit(map, bits, first, true), first < (bits); \
	     first = shim_next_bit(map, bits, end, false))

/* For the kernel's lz4. */
#define CONFIG_64BIT	1
#define __LITTLE_ENDIAN	1234
#define BITS_PER_LONG	64
#define BUILD_BUG_ON(x)	_Static_assert(!(x), #x)
#define __ffs(x)	((unsigned int)__builtin_ctzl(x))
#define shim_unaligned(p)	(((struct { __typeof__(*(p)) x; } __attribute__((packed)) *)(p))->x)
#define get_unaligned(p)	shim_unaligned(p)
#define put_unaligned(v, p)	((void)(shim_unaligned(p) = (v)))
#define get_unaligned_le16(p)	shim_unaligned((const u16 *)(p))
#define put_unaligned_le16(v, p)	put_unaligned((u16)(v), (u16 *)(p))

#endif /* SHIM_H */
