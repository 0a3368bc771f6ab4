/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: events/pagepact/ in tracefs. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pagepact

#if !defined(PAGEPACT_CONTROL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PAGEPACT_CONTROL_TRACE_H

#include <linux/tracepoint.h>

#ifndef PAGEPACT_TRACE_NAMES
#define PAGEPACT_TRACE_NAMES
#define pp_show_state(s) \
	__print_symbolic(s, { 0, "hole" }, { 1, "frame" }, { 2, "standby" }, { 3, "stored" })
#define pp_show_why(w) \
	__print_symbolic(w, { 0, "fault" }, { 1, "age" }, { 2, "evict" }, { 3, "punch" }, \
			 { 4, "shatter" }, { 5, "regroup" })
#define pp_show_hot(h) \
	__print_symbolic(h, { 0, "try" }, { 1, "trial" }, { 2, "pays" }, { 3, "rest" })
#endif

TRACE_EVENT(pagepact_home,
	TP_PROTO(u64 ino, unsigned long index, u64 from, u64 to, int why),
	TP_ARGS(ino, index, from, to, why),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(unsigned long, index)
		__field(u64, from)
		__field(u64, to)
		__field(int, why)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->index = index;
		__entry->from = from;
		__entry->to = to;
		__entry->why = why;
	),
	TP_printk("region %llu page %lu %s -> %s by %s (%llx -> %llx)",
		  __entry->ino, __entry->index,
		  pp_show_state(__entry->from & 0xf), pp_show_state(__entry->to & 0xf),
		  pp_show_why(__entry->why), __entry->from, __entry->to)
);

TRACE_EVENT(pagepact_block,
	TP_PROTO(u64 ino, unsigned long base, int from, int to, int why),
	TP_ARGS(ino, base, from, to, why),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(unsigned long, base)
		__field(int, from)
		__field(int, to)
		__field(int, why)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->base = base;
		__entry->from = from;
		__entry->to = to;
		__entry->why = why;
	),
	TP_printk("region %llu block at page %lu %s -> %s by %s", __entry->ino, __entry->base,
		  pp_show_state(__entry->from), pp_show_state(__entry->to),
		  pp_show_why(__entry->why))
);

TRACE_EVENT(pagepact_hot,
	TP_PROTO(u64 ino, int from, int to, unsigned int rest),
	TP_ARGS(ino, from, to, rest),
	TP_STRUCT__entry(
		__field(u64, ino)
		__field(int, from)
		__field(int, to)
		__field(unsigned int, rest)
	),
	TP_fast_assign(
		__entry->ino = ino;
		__entry->from = from;
		__entry->to = to;
		__entry->rest = rest;
	),
	TP_printk("region %llu huge frames in use: %s -> %s, %u left alone", __entry->ino,
		  pp_show_hot(__entry->from), pp_show_hot(__entry->to), __entry->rest)
);

TRACE_EVENT(pagepact_slot,
	TP_PROTO(u64 number, unsigned long from, unsigned long to),
	TP_ARGS(number, from, to),
	TP_STRUCT__entry(
		__field(u64, number)
		__field(unsigned long, from)
		__field(unsigned long, to)
	),
	TP_fast_assign(
		__entry->number = number;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("slot %llx references %lu -> %lu", __entry->number, __entry->from,
		  __entry->to)
);

TRACE_EVENT(pagepact_move,
	TP_PROTO(u64 number, bool from, bool to),
	TP_ARGS(number, from, to),
	TP_STRUCT__entry(
		__field(u64, number)
		__field(bool, from)
		__field(bool, to)
	),
	TP_fast_assign(
		__entry->number = number;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("slot %llx %s -> %s", __entry->number, __entry->from ? "device" : "memory",
		  __entry->to ? "device" : "memory")
);

TRACE_EVENT(pagepact_ripe,
	TP_PROTO(u64 number, bool ripe),
	TP_ARGS(number, ripe),
	TP_STRUCT__entry(
		__field(u64, number)
		__field(bool, ripe)
	),
	TP_fast_assign(
		__entry->number = number;
		__entry->ripe = ripe;
	),
	TP_printk("slot %llx %s to go to a device", __entry->number,
		  __entry->ripe ? "is" : "is not")
);

TRACE_EVENT(pagepact_threshold,
	TP_PROTO(const char *pool, unsigned int from, unsigned int to),
	TP_ARGS(pool, from, to),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(unsigned int, from)
		__field(unsigned int, to)
	),
	TP_fast_assign(
		__assign_str(pool);
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("pool %s expects pages late from step %u on, was %u", __get_str(pool),
		  __entry->to, __entry->from)
);

TRACE_EVENT(pagepact_alarm,
	TP_PROTO(const char *pool, bool alarmed),
	TP_ARGS(pool, alarmed),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(bool, alarmed)
	),
	TP_fast_assign(
		__assign_str(pool);
		__entry->alarmed = alarmed;
	),
	TP_printk("pool %s %s", __get_str(pool),
		  __entry->alarmed ? "takes more than its alarm" : "takes less again")
);

TRACE_EVENT(pagepact_reclaim,
	TP_PROTO(const char *who, unsigned long want, unsigned long done, u64 ns),
	TP_ARGS(who, want, done, ns),
	TP_STRUCT__entry(
		__string(who, who)
		__field(unsigned long, want)
		__field(unsigned long, done)
		__field(u64, ns)
	),
	TP_fast_assign(
		__assign_str(who);
		__entry->want = want;
		__entry->done = done;
		__entry->ns = ns;
	),
	TP_printk("%s wanted %lu pages, evicted %lu in %llu ns", __get_str(who),
		  __entry->want, __entry->done, __entry->ns)
);

#endif /* PAGEPACT_CONTROL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
