/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fastalloc: pools of fixed-size objects for kernel modules
 *
 * A pool carves objects of one size from chunks of memory that never move.
 * It promises a capacity, keeps constructed objects constructed, and keeps
 * its bookkeeping outside the objects, so that a stray write to a freed
 * object cannot break the pool.
 *
 * Best suited for objects of one size that come and go often, from contexts
 * where the slab allocator may fail or may not be called, and wherever an
 * upper bound on memory or a guaranteed number of objects is wanted. Prefer
 * a plain kmem_cache when none of that is needed: it shares memory with the
 * rest of the system, which a pool does not.
 *
 * Who may call what, from where:
 *
 *  ============================  ======  =========  =========  =====
 *  call                          task    softirq    hardirq    NMI
 *  ============================  ======  =========  =========  =====
 *  alloc, free (SPINLOCK)        yes     yes        yes        no
 *  alloc, free (NONE)            as the caller serialises them
 *  growth inside alloc           when gfp allows blocking; else a worker
 *  queries, stats, stats reset   yes     yes        yes        no
 *  create, destroy, trim         may sleep: task context only
 *  ============================  ======  =========  =========  =====
 *
 * This holds on PREEMPT_RT too: the lock of a SPINLOCK pool is a raw
 * spinlock, taken with interrupts saved. Under it run only the bookkeeping of
 * one call (constant time; for a bulk call, proportional to the number of
 * objects moved; for the LOWEST order, logarithmic in the number of chunks,
 * and for a contiguous run, a scan of the bitmaps). No hook runs, nothing is
 * allocated and nobody is woken under it.
 *
 * A pool of sync NONE takes no lock: its owner sees to it that calls on one
 * pool never overlap or nest.
 *
 * Limitations: an object belongs to its pool until the pool is destroyed or
 * trimmed, so memory is not shared between pools; an object is at most
 * FASTALLOC_MAX_OBJ_SIZE bytes, its alignment at most PAGE_SIZE.
 */
#ifndef _LINUX_FASTALLOC_H
#define _LINUX_FASTALLOC_H

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/types.h>

/** FASTALLOC_NAME_LEN - longest name of a pool, terminating NUL included. */
#define FASTALLOC_NAME_LEN	32

/** FASTALLOC_MAX_OBJ_SIZE - largest object, in bytes. */
#define FASTALLOC_MAX_OBJ_SIZE	SZ_1M

/** FASTALLOC_MAX_OBJECTS - most objects in one pool. */
#define FASTALLOC_MAX_OBJECTS	((unsigned long)INT_MAX)

struct fastalloc_pool;

/**
 * enum fastalloc_sync - who keeps operations on a pool apart
 * @FASTALLOC_SYNC_PERCPU: per-CPU magazines over a lock-free depot; not built
 *	yet, creation answers -EOPNOTSUPP
 * @FASTALLOC_SYNC_SPINLOCK: one raw spinlock with interrupts saved
 * @FASTALLOC_SYNC_NONE: the caller
 */
enum fastalloc_sync {
	FASTALLOC_SYNC_PERCPU,
	FASTALLOC_SYNC_SPINLOCK,
	FASTALLOC_SYNC_NONE,
};

/**
 * enum fastalloc_order - which free object is handed out next
 * @FASTALLOC_ORDER_LIFO: the one freed last (cache-hot)
 * @FASTALLOC_ORDER_FIFO: the one that has rested longest
 * @FASTALLOC_ORDER_LOWEST: the one with the lowest address; packs objects that
 *	are out together, so that trim finds free chunks, and serves
 *	fastalloc_alloc_contig()
 */
enum fastalloc_order {
	FASTALLOC_ORDER_LIFO,
	FASTALLOC_ORDER_FIFO,
	FASTALLOC_ORDER_LOWEST,
};

/**
 * enum fastalloc_backing - where the memory of a chunk comes from
 * @FASTALLOC_BACKING_AUTO: pages if they are to be had cheaply, else vmalloc
 * @FASTALLOC_BACKING_PAGES: physically contiguous pages of the direct map. A
 *	pool larger than the largest block of the page allocator is made of
 *	several chunks.
 * @FASTALLOC_BACKING_VMALLOC: virtually contiguous, with huge mappings where
 *	the kernel gives them
 */
enum fastalloc_backing {
	FASTALLOC_BACKING_AUTO,
	FASTALLOC_BACKING_PAGES,
	FASTALLOC_BACKING_VMALLOC,
};

/**
 * enum fastalloc_growth - what happens when a pool runs out of objects
 * @FASTALLOC_GROWTH_NONE: allocation fails
 * @FASTALLOC_GROWTH_LINEAR: add &fastalloc_config.growth_amount objects
 * @FASTALLOC_GROWTH_EXPONENTIAL: make the capacity
 *	&fastalloc_config.growth_percent per cent of what it is
 * @FASTALLOC_GROWTH_CUSTOM: ask &fastalloc_config.growth_fn
 */
enum fastalloc_growth {
	FASTALLOC_GROWTH_NONE,
	FASTALLOC_GROWTH_LINEAR,
	FASTALLOC_GROWTH_EXPONENTIAL,
	FASTALLOC_GROWTH_CUSTOM,
};

/**
 * DOC: Pool flags
 *
 * %FASTALLOC_F_CONTIG: fastalloc_alloc_contig() will be called; needs order
 * LOWEST.
 *
 * %FASTALLOC_F_SHRINKER: let the kernel's shrinker trim the pool when memory
 * is short; needs a growing pool that is not of sync NONE.
 *
 * %FASTALLOC_F_NODE: take memory from &fastalloc_config.node.
 */
#define FASTALLOC_F_CONTIG	BIT(0)
#define FASTALLOC_F_SHRINKER	BIT(1)
#define FASTALLOC_F_NODE	BIT(2)

/**
 * typedef fastalloc_ctor_t - construct an object, once, when its chunk is added
 * @obj: the object
 * @arg: &fastalloc_config.arg
 *
 * Context: Task context, may sleep; no lock of the pool's hot path is held. It
 *	must not call into the same pool.
 * Return: 0, or a negative errno, which fails the creation or the growth; the
 *	objects constructed so far in that chunk are destructed again.
 */
typedef int (*fastalloc_ctor_t)(void *obj, void *arg);

/**
 * typedef fastalloc_hook_t - work on an object
 * @obj: the object
 * @arg: &fastalloc_config.arg
 *
 * Context: dtor: task context. on_acquire, on_release: that of the caller of
 *	alloc or free. No lock of the pool is held.
 */
typedef void (*fastalloc_hook_t)(void *obj, void *arg);

/**
 * typedef fastalloc_growth_t - say how many objects to add
 * @capacity: what the pool has now
 * @arg: &fastalloc_config.arg
 *
 * Context: Task context, may sleep. It must not call into the same pool.
 * Return: Objects to add; 0 to not grow now. More than
 *	&fastalloc_config.max_capacity allows is clamped to it.
 */
typedef unsigned long (*fastalloc_growth_t)(unsigned long capacity, void *arg);

/**
 * struct fastalloc_config - what a pool is to be
 * @name: unique among pools; copied; shown in debugfs, so printable, without
 *	blanks and without '/', shorter than FASTALLOC_NAME_LEN, and neither
 *	".", ".." nor "pools"
 * @obj_size: bytes of an object, 1 to FASTALLOC_MAX_OBJ_SIZE
 * @type_align: alignment that the type of the objects has by nature; filled by
 *	FASTALLOC_CONFIG(). 0: derived from @obj_size, the largest power of two
 *	that divides it, at most that of a long long.
 * @align: alignment of every object, a power of two, at least @type_align, at
 *	most PAGE_SIZE; 0: @type_align
 * @capacity: objects that the pool has from the start
 * @max_capacity: growth stops here; 0: FASTALLOC_MAX_OBJECTS
 * @growth: how the pool grows
 * @growth_amount: LINEAR: objects to add
 * @growth_percent: EXPONENTIAL: new capacity in per cent of the old one, above
 *	100; 0: 200
 * @growth_fn: CUSTOM: says how many objects to add
 * @low_water: a growing pool is grown by a worker once fewer than this many
 *	objects are free, so that callers who may not sleep find some; 0: an
 *	eighth of @capacity, at least 1
 * @sync: who keeps operations apart
 * @order: which free object comes next
 * @backing: where memory comes from
 * @node: NUMA node to take memory from, with %FASTALLOC_F_NODE
 * @ctor: constructs every object when its chunk is added, or NULL
 * @dtor: destructs every object when its chunk is given back, or NULL
 * @on_acquire: called for every object handed out, or NULL
 * @on_release: called for every object freed, before it can be handed out
 *	again, and on destroy for every object still out; or NULL
 * @arg: handed to the hooks
 * @flags: FASTALLOC_F_*
 *
 * Fields left out are zero and mean the default named here.
 */
struct fastalloc_config {
	const char		*name;
	size_t			obj_size;
	size_t			type_align;
	size_t			align;
	unsigned long		capacity;
	unsigned long		max_capacity;
	enum fastalloc_growth	growth;
	unsigned long		growth_amount;
	unsigned int		growth_percent;
	fastalloc_growth_t	growth_fn;
	unsigned long		low_water;
	enum fastalloc_sync	sync;
	enum fastalloc_order	order;
	enum fastalloc_backing	backing;
	int			node;
	fastalloc_ctor_t	ctor;
	fastalloc_hook_t	dtor;
	fastalloc_hook_t	on_acquire;
	fastalloc_hook_t	on_release;
	void			*arg;
	unsigned int		flags;
};

/**
 * FASTALLOC_CONFIG - a config for objects of one type
 * @type: type of the objects; gives size and natural alignment
 * @...: further fields as designated initialisers
 *
 * Example::
 *
 *	pool = fastalloc_pool_create(&FASTALLOC_CONFIG(struct flow,
 *						       .name = "flows",
 *						       .capacity = 1024));
 */
#define FASTALLOC_CONFIG(type, ...)			\
	((struct fastalloc_config) {			\
		.obj_size = sizeof(type),		\
		.type_align = __alignof__(type),	\
		__VA_ARGS__				\
	})

/**
 * FASTALLOC_IMPORT_NS - import the symbol namespace of fastalloc
 *
 * Stands once in a module that calls fastalloc, beside its MODULE_LICENSE().
 * One form for all kernels; MODULE_IMPORT_NS() itself changed in 6.13.
 */
#define FASTALLOC_IMPORT_NS()	MODULE_INFO(import_ns, "FASTALLOC")

/**
 * struct fastalloc_stats - a snapshot of a pool's counters
 * @allocs: objects handed out since creation or the last reset
 * @frees: objects taken back; @allocs - @frees is always @in_use
 * @failures: allocation calls that failed
 * @grows: growths that added objects
 * @growth_failures: growths that added none although some were wanted
 * @depot_exchanges: magazines exchanged with the depot (PERCPU)
 * @nested: operations that found their CPU's cache busy (PERCPU)
 * @waits: allocations that slept for an object
 * @in_use: objects out now
 * @peak: most objects out at once
 * @capacity: objects that the pool promises to hand out at once
 * @total: objects that exist; @total - @capacity is the reserve
 * @reserve: extra objects that make the promise hold (PERCPU)
 * @chunks: chunks held
 * @bytes: memory held, bookkeeping included
 */
struct fastalloc_stats {
	u64		allocs;
	u64		frees;
	u64		failures;
	u64		grows;
	u64		growth_failures;
	u64		depot_exchanges;
	u64		nested;
	u64		waits;
	unsigned long	in_use;
	unsigned long	peak;
	unsigned long	capacity;
	unsigned long	total;
	unsigned long	reserve;
	unsigned long	chunks;
	size_t		bytes;
};

struct fastalloc_pool *fastalloc_pool_create(const struct fastalloc_config *cfg);
void fastalloc_pool_destroy(struct fastalloc_pool *pool);
unsigned long fastalloc_pool_trim(struct fastalloc_pool *pool);

void *fastalloc_alloc(struct fastalloc_pool *pool, gfp_t gfp) __must_check;
void fastalloc_free(struct fastalloc_pool *pool, void *obj);

unsigned int fastalloc_alloc_bulk(struct fastalloc_pool *pool, gfp_t gfp,
				  unsigned int nr, void **objs) __must_check;
void fastalloc_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
			 void **objs);

void *fastalloc_alloc_contig(struct fastalloc_pool *pool, gfp_t gfp,
			     unsigned int nr) __must_check;
void fastalloc_free_contig(struct fastalloc_pool *pool, void *obj,
			   unsigned int nr);

unsigned long fastalloc_pool_capacity(struct fastalloc_pool *pool);
unsigned long fastalloc_pool_available(struct fastalloc_pool *pool);
unsigned long fastalloc_pool_allocated(struct fastalloc_pool *pool);
bool fastalloc_pool_is_full(struct fastalloc_pool *pool);
bool fastalloc_pool_is_empty(struct fastalloc_pool *pool);
bool fastalloc_pool_can_grow(struct fastalloc_pool *pool);
void fastalloc_pool_stats(struct fastalloc_pool *pool,
			  struct fastalloc_stats *stats);
void fastalloc_pool_stats_reset(struct fastalloc_pool *pool);

/**
 * fastalloc_zalloc() - allocate an object filled with zeroes
 * @pool: the pool; must have no constructor
 * @gfp: as for fastalloc_alloc()
 *
 * Context: As fastalloc_alloc().
 * Return: The object, or NULL.
 */
static inline void * __must_check
fastalloc_zalloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	return fastalloc_alloc(pool, gfp | __GFP_ZERO);
}

#endif /* _LINUX_FASTALLOC_H */
