/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the files of the benchmark. */
#ifndef FASTALLOC_BENCH_H
#define FASTALLOC_BENCH_H

#include <linux/compiler.h>
#include <linux/fastalloc.h>
#include <linux/kernel.h>
#include <linux/timex.h>
#include <linux/types.h>

/* Set by the Kbuild: no configuration option says whether a kernel has it. */
#ifdef BENCH_HAS_OBJPOOL
#include <linux/objpool.h>
#else
struct objpool_head { };
#endif
#define BENCH_HAS_GEN_POOL	IS_ENABLED(CONFIG_GENERIC_ALLOCATOR)
#define BENCH_HAS_DMA_POOL	IS_ENABLED(CONFIG_HAS_DMA)

/*
 * What is measured. kmalloc() has one entry for each size, because callers pass a
 * constant. BENCH_NOTHING is the empty loop, whose time is subtracted. BENCH_NOPREEMPT is
 * measured in interrupts only.
 */
enum bench_id {
	BENCH_NOTHING,
	BENCH_INLINE,
	BENCH_NOPREEMPT,
	BENCH_CALL,
	BENCH_SPINLOCK,
	BENCH_NONE,
	BENCH_NONE_PLAIN,
	BENCH_KMEM_CACHE,
	BENCH_KMALLOC_32,
	BENCH_KMALLOC_64,
	BENCH_KMALLOC_256,
	BENCH_KMALLOC_1024,
	BENCH_KMALLOC_4096,
	BENCH_MEMPOOL,
	BENCH_OBJPOOL,
	BENCH_GEN_POOL,
	BENCH_DMA_POOL,
	BENCH_NR
};

#define BENCH_GFP	GFP_ATOMIC

/* Objects that may be out at once, except in cases that have a number of their own. */
#define BENCH_OBJS	4096

/* Bytes of an object in which some callers keep their bookkeeping (see ops.h). */
#define BENCH_KEPT	sizeof(u64)

/* Objects of the case random that are freed together. */
#define BENCH_BUNCH	32

/**
 * struct bench - one object of each allocator under test
 * @size: of the objects
 * @objs: objects that may be out at once; also the size of @obj
 * @live: objects that stay out between loops
 * @handle: the pool, cache, ...; NULL if there is none
 * @obj: objects that the loops have allocated
 * @objpool: the objpool
 * @objpool_up: it is initialised
 * @gen_mem: memory of the gen_pool
 */
struct bench {
	unsigned int		size;
	unsigned long		objs;
	unsigned long		live;
	void			*handle[BENCH_NR];
	void			**obj;
	struct objpool_head	objpool;
	bool			objpool_up;
	void			*gen_mem;
};

/*
 * Histogram of single operations by ticks: exact slots first, then 64 for each power of
 * two.
 */
#define BENCH_EXACT_BITS	12
#define BENCH_SLOTS		(BIT(BENCH_EXACT_BITS) + 64 * (64 - BENCH_EXACT_BITS))

struct bench_hist {
	u64		nr;
	u64		max;
	unsigned int	want;
	u32		slot[BENCH_SLOTS];
};

void bench_hist_add(struct bench_hist *hist, u64 ticks);
u64 bench_percentile(const struct bench_hist *hist, unsigned int part);

#define BENCH_RING	1024

/*
 * One producer, one consumer. Each reads the other's index only when the value read
 * last no longer suffices, so that the ring costs little.
 */
struct bench_ring {
	u32		head ____cacheline_aligned;
	u32		tail_seen;
	bool		done;
	bool		share;
	u32		tail ____cacheline_aligned;
	void		*obj[BENCH_RING] ____cacheline_aligned;
};

const char *bench_name(enum bench_id id);
bool bench_has(const struct bench *b, enum bench_id id);
bool bench_listed(const char *list, const char *what);
bool bench_wanted(const char *what);
extern char *bench_only;
int bench_setup(struct bench *b, unsigned int size, unsigned long objs);
void bench_teardown(struct bench *b);

/* Other pools, for the cases that need them. */
struct fastalloc_pool *bench_pool(const char *name, unsigned int size,
				  unsigned long capacity, unsigned long growth,
				  enum fastalloc_sync sync);
struct kmem_cache *bench_cache(const char *name, unsigned int size);

/* The inline calls inside a function, as a consumer may have them. */
void *bench_call_alloc(struct fastalloc_pool *pool, gfp_t gfp);
void bench_call_free(struct fastalloc_pool *pool, void *obj);

/*
 * The time-stamp counter: on UML, whose own clocks tick in jiffies, cycles; in
 * QEMU with -icount shift=0, instructions.
 */
static __always_inline u64 bench_clock(void)
{
#if defined(CONFIG_X86) || defined(CONFIG_UML_X86)
	u32 lo, hi;

	asm volatile("rdtscp" : "=a" (lo), "=d" (hi) : : "ecx", "memory");
	return ((u64)hi << 32) | lo;
#else
	return get_cycles();
#endif
}

/**
 * struct bench_loops - the timed loops, each compiled for one allocator
 * @pair: @nr pairs of alloc and free
 * @burst32: 32 allocations, then 32 frees, and again
 * @burst1024: likewise
 * @bulk64: bulk calls; returns 0 if there are none
 * @random: of ->live objects, frees and replaces bunches
 * @fill: allocates and writes @nr objects, returns the time
 * @empty: frees all objects that are out
 * @each: times each of @ops single operations
 * @produce: allocates into rings in turn; frees a share at once
 * @consume: frees from a ring until the producer is done
 *
 * The first five return ticks, the others 0 or an errno.
 */
struct bench_loops {
	u64 (*pair)(struct bench *b, unsigned int nr);
	u64 (*burst32)(struct bench *b, unsigned int nr);
	u64 (*burst1024)(struct bench *b, unsigned int nr);
	u64 (*bulk64)(struct bench *b, unsigned int nr);
	u64 (*random)(struct bench *b, unsigned int nr);
	int (*fill)(struct bench *b, unsigned long nr, gfp_t gfp, u64 *ticks);
	int (*empty)(struct bench *b);
	int (*each)(struct bench *b, unsigned int ops, struct bench_hist *hist);
	int (*produce)(struct bench *b, struct bench_ring *ring,
		       unsigned int rings, unsigned int nr);
	int (*consume)(struct bench *b, struct bench_ring *ring);
};

extern const struct bench_loops bench_loops[BENCH_NR];

typedef u64 (*bench_loop_t)(struct bench *b, unsigned int nr);

static inline u32 bench_random(u32 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static __always_inline void bench_touch(enum bench_id id, void *obj, u64 value)
{
	if (id != BENCH_NOTHING)
		WRITE_ONCE(*(u64 *)(obj + BENCH_KEPT), value);
}

static __always_inline void bench_look(enum bench_id id, void *obj)
{
	if (id != BENCH_NOTHING)
		READ_ONCE(*(u64 *)(obj + BENCH_KEPT));
}

enum bench_context {
	BENCH_TASK,
	BENCH_SOFTIRQ,
	BENCH_HARDIRQ,
};

u64 bench_run_in(enum bench_context context, bench_loop_t loop, struct bench *b,
		 unsigned int nr);

/* Cases across CPUs. */
int bench_parallel(enum bench_id id, struct bench *b, unsigned int cpus,
		   unsigned int nr, u64 *ticks);
int bench_pass_on(enum bench_id id, struct bench *b, unsigned int cpus,
		  bool share, unsigned int nr, u64 *ticks);

/*
 * With exact counts a loop runs with interrupts disabled, so that nothing else is
 * counted. It begins with no reschedule pending, which would cost every
 * preempt_enable() a call.
 */
extern bool bench_exact;
unsigned long bench_begin(void);
void bench_end(unsigned long flags);
u64 bench_median(u64 *samples, unsigned int nr);

/* A figure: with the size and the number of objects that @b says. */
int bench_wait_for_stop(void);
void bench_report(const char *what, const struct bench *b, unsigned int cpus,
		  enum bench_id id, u64 milli, const char *unit);

#endif /* FASTALLOC_BENCH_H */
