/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of fastalloc. Documentation/tracing.rst describes them; programs read them, so
 * fields are neither renamed nor moved (tests/kselftest/test_trace.sh).
 *
 * What is not passed as an argument is read in TP_fast_assign(), so an event that is off costs
 * only its static key. fastalloc/trace.c defines CREATE_TRACE_POINTS, and includes what the
 * assignments need. Names have a prefix, as ftrace shows them without the system, and as the
 * kernel has functions such as perf_trace_destroy(). Strings are arrays: bpftrace 0.23 reads
 * those of __string() from a wrong address.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM fastalloc

#if !defined(_TRACE_FASTALLOC_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_FASTALLOC_H

#include <linux/tracepoint.h>
#include <linux/types.h>

struct fastalloc_pool;

/* The contexts of an event, by number. */
#define FA_TRACE_TASK		0
#define FA_TRACE_SOFTIRQ	1
#define FA_TRACE_HARDIRQ	2
#define FA_TRACE_NMI		3

/* Who makes a pool larger, or smaller. */
#define FA_TRACE_CALLER		0
#define FA_TRACE_ATOMIC		1
#define FA_TRACE_WORKER		2
#define FA_TRACE_RESERVE	3
#define FA_TRACE_SHRINKER	4

/* Room for a text. */
#define FA_TRACE_WHAT		64

/* What every event begins with. */
#define FA_TRACE_ENTRY							\
	__array(char, pool, FASTALLOC_NAME_LEN)				\
	__field(int, cpu)						\
	__field(u8, context)						\
	__field(unsigned long, ip)

#define FA_TRACE_ASSIGN(caller)						\
	strscpy_pad(__entry->pool, pool->name, FASTALLOC_NAME_LEN);	\
	__entry->cpu = raw_smp_processor_id();				\
	__entry->context = fa_trace_context();				\
	__entry->ip = (caller)

#define FA_TRACE_FMT	"pool=%s cpu=%d context=%s ip=%pS"

#define FA_TRACE_ARGS							\
	__entry->pool, __entry->cpu,					\
	__print_symbolic(__entry->context,				\
			 { FA_TRACE_TASK, "task" },			\
			 { FA_TRACE_SOFTIRQ, "softirq" },		\
			 { FA_TRACE_HARDIRQ, "hardirq" },		\
			 { FA_TRACE_NMI, "nmi" }),			\
	(void *)__entry->ip

#define FA_TRACE_BY							\
	__print_symbolic(__entry->by,					\
			 { FA_TRACE_CALLER, "caller" },			\
			 { FA_TRACE_ATOMIC, "atomic" },			\
			 { FA_TRACE_WORKER, "worker" },			\
			 { FA_TRACE_RESERVE, "reserve" },		\
			 { FA_TRACE_SHRINKER, "shrinker" })

TRACE_EVENT(fastalloc_create,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip),
	TP_ARGS(pool, ip),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(size_t, obj_size)
		__field(unsigned long, capacity)
		__field(unsigned long, total)
		__field(u8, sync)
		__field(unsigned int, flags)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
		__entry->obj_size = pool->cfg.obj_size;
		__entry->capacity = pool->capacity;
		__entry->total = pool->total;
		__entry->sync = pool->sync;
		__entry->flags = pool->cfg.flags;
	),
	TP_printk(FA_TRACE_FMT " obj_size=%zu capacity=%lu total=%lu sync=%s flags=%#x",
		  FA_TRACE_ARGS, __entry->obj_size, __entry->capacity, __entry->total,
		  __print_symbolic(__entry->sync, { 0, "percpu" }, { 1, "spinlock" },
				   { 2, "none" }),
		  __entry->flags)
);

TRACE_EVENT(fastalloc_destroy,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip, unsigned long in_use,
		 bool deferred),
	TP_ARGS(pool, ip, in_use, deferred),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(unsigned long, in_use)
		__field(bool, deferred)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
		__entry->in_use = in_use;
		__entry->deferred = deferred;
	),
	TP_printk(FA_TRACE_FMT " in_use=%lu deferred=%d",
		  FA_TRACE_ARGS, __entry->in_use, __entry->deferred)
);

TRACE_EVENT(fastalloc_grow,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip, u8 by, unsigned long wanted,
		 unsigned long got),
	TP_ARGS(pool, ip, by, wanted, got),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(u8, by)
		__field(unsigned long, wanted)
		__field(unsigned long, got)
		__field(unsigned long, capacity)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
		__entry->by = by;
		__entry->wanted = wanted;
		__entry->got = got;
		__entry->capacity = READ_ONCE(pool->capacity);
	),
	TP_printk(FA_TRACE_FMT " by=%s wanted=%lu got=%lu capacity=%lu",
		  FA_TRACE_ARGS, FA_TRACE_BY, __entry->wanted, __entry->got,
		  __entry->capacity)
);

TRACE_EVENT(fastalloc_grow_failed,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip, u8 by, unsigned long wanted,
		 int err),
	TP_ARGS(pool, ip, by, wanted, err),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(u8, by)
		__field(unsigned long, wanted)
		__field(int, err)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
		__entry->by = by;
		__entry->wanted = wanted;
		__entry->err = err;
	),
	TP_printk(FA_TRACE_FMT " by=%s wanted=%lu err=%d",
		  FA_TRACE_ARGS, FA_TRACE_BY, __entry->wanted, __entry->err)
);

TRACE_EVENT(fastalloc_trim,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip, u8 by, unsigned long got),
	TP_ARGS(pool, ip, by, got),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(u8, by)
		__field(unsigned long, got)
		__field(unsigned long, capacity)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
		__entry->by = by;
		__entry->got = got;
		__entry->capacity = READ_ONCE(pool->capacity);
	),
	TP_printk(FA_TRACE_FMT " by=%s got=%lu capacity=%lu",
		  FA_TRACE_ARGS, FA_TRACE_BY, __entry->got, __entry->capacity)
);

TRACE_EVENT(fastalloc_exhausted,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip, unsigned int wanted,
		 unsigned long in_use),
	TP_ARGS(pool, ip, wanted, in_use),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(unsigned int, wanted)
		__field(unsigned long, in_use)
		__field(unsigned long, capacity)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
		__entry->wanted = wanted;
		__entry->in_use = in_use;
		__entry->capacity = READ_ONCE(pool->capacity);
	),
	TP_printk(FA_TRACE_FMT " wanted=%u in_use=%lu capacity=%lu",
		  FA_TRACE_ARGS, __entry->wanted, __entry->in_use, __entry->capacity)
);

TRACE_EVENT(fastalloc_wait_begin,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip),
	TP_ARGS(pool, ip),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
	),
	TP_printk(FA_TRACE_FMT, FA_TRACE_ARGS)
);

TRACE_EVENT(fastalloc_wait_end,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip, u64 ns, bool got),
	TP_ARGS(pool, ip, ns, got),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(u64, ns)
		__field(bool, got)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
		__entry->ns = ns;
		__entry->got = got;
	),
	TP_printk(FA_TRACE_FMT " ns=%llu got=%d",
		  FA_TRACE_ARGS, __entry->ns, __entry->got)
);

DECLARE_EVENT_CLASS(fastalloc_exchange,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned int objects),
	TP_ARGS(pool, objects),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(unsigned int, objects)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(fa_trace_caller());
		__entry->objects = objects;
	),
	TP_printk(FA_TRACE_FMT " objects=%u", FA_TRACE_ARGS, __entry->objects)
);

DEFINE_EVENT(fastalloc_exchange, fastalloc_refill,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned int objects),
	TP_ARGS(pool, objects)
);

DEFINE_EVENT(fastalloc_exchange, fastalloc_flush,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned int objects),
	TP_ARGS(pool, objects)
);

TRACE_EVENT(fastalloc_lease_change,
	TP_PROTO(const struct fastalloc_pool *pool, int lease_cpu, unsigned int old_size,
		 unsigned int new_size),
	TP_ARGS(pool, lease_cpu, old_size, new_size),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(int, lease_cpu)
		__field(unsigned int, old_size)
		__field(unsigned int, new_size)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(fa_trace_caller());
		__entry->lease_cpu = lease_cpu;
		__entry->old_size = old_size;
		__entry->new_size = new_size;
	),
	TP_printk(FA_TRACE_FMT " lease_cpu=%d old_size=%u new_size=%u",
		  FA_TRACE_ARGS, __entry->lease_cpu, __entry->old_size, __entry->new_size)
);

TRACE_EVENT(fastalloc_violation,
	TP_PROTO(const struct fastalloc_pool *pool, const char *what, int index),
	TP_ARGS(pool, what, index),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__array(char, what, FA_TRACE_WHAT)
		__field(int, index)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(fa_trace_caller());
		strscpy_pad(__entry->what, what, FA_TRACE_WHAT);
		__entry->index = index;
	),
	TP_printk(FA_TRACE_FMT " what=\"%s\" index=%d",
		  FA_TRACE_ARGS, __entry->what, __entry->index)
);

TRACE_EVENT(fastalloc_alloc,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip, int index, gfp_t gfp),
	TP_ARGS(pool, ip, index, gfp),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(int, index)
		__field(unsigned int, gfp)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
		__entry->index = index;
		__entry->gfp = (__force unsigned int)gfp;
	),
	TP_printk(FA_TRACE_FMT " index=%d gfp=%#x",
		  FA_TRACE_ARGS, __entry->index, __entry->gfp)
);

TRACE_EVENT(fastalloc_free,
	TP_PROTO(const struct fastalloc_pool *pool, unsigned long ip, int index),
	TP_ARGS(pool, ip, index),
	TP_STRUCT__entry(
		FA_TRACE_ENTRY
		__field(int, index)
	),
	TP_fast_assign(
		FA_TRACE_ASSIGN(ip);
		__entry->index = index;
	),
	TP_printk(FA_TRACE_FMT " index=%d", FA_TRACE_ARGS, __entry->index)
);

#endif /* _TRACE_FASTALLOC_H */

/* This part must be outside protection. */
#include <trace/define_trace.h>
