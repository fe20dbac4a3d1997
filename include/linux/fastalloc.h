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
 * An example::
 *
 *	struct fastalloc_pool *pool;
 *	struct request *req;
 *
 *	pool = fastalloc_pool_create(&FASTALLOC_CONFIG(struct request,
 *						       .name = "requests",
 *						       .capacity = 128));
 *	if (IS_ERR(pool))
 *		return PTR_ERR(pool);
 *	req = fastalloc_alloc(pool, GFP_ATOMIC);
 *	if (req)
 *		fastalloc_free(pool, req);
 *	fastalloc_pool_destroy(pool);
 *
 * Who may call what, from where:
 *
 *  ============================  ======  =========  =========  =====
 *  call                          task    softirq    hardirq    NMI
 *  ============================  ======  =========  =========  =====
 *  alloc, free (PERCPU)          yes     yes        yes        yes
 *  alloc, free (SPINLOCK)        yes     yes        yes        no
 *  alloc, free (NONE)            as the caller serialises them
 *  growth inside alloc           yes     yes        yes        no
 *  alloc_timeout, reserve        sleeps: task context only
 *  queries, stats, stats reset   yes     yes        yes        no
 *  obj_index, obj_at             yes     yes        yes        yes
 *  walk_live, check              may sleep: task context only
 *  set_max, set_low_water        yes     yes        yes        no
 *  destroy_deferred              yes     yes        yes        no
 *  create, destroy, trim         may sleep: task context only
 *  ============================  ======  =========  =========  =====
 *
 * NMI: where the architecture has 64-bit atomics of its own, as all 64-bit ones have. With
 * CONFIG_GENERIC_ATOMIC64 they are spinlocks, so no call may be made from NMI.
 *
 * A caller who may sleep grows the pool by its rule. A caller who may not, with
 * GFP_ATOMIC or GFP_NOWAIT, grows it in place by a few pages; a worker then adds what
 * the rule says. In NMI, on PREEMPT_RT where a raw lock is held, or with a gfp
 * without any flag for reclaim, only a worker does, and the call fails if nothing
 * is free. The same goes for pools of vmalloc, and for pools with a constructor,
 * CUSTOM growth or memory of their owner's, unless %FASTALLOC_F_ATOMIC_GROW
 * says that these may be called from any context.
 *
 * This holds on PREEMPT_RT too: the lock of a SPINLOCK pool is a raw
 * spinlock, taken with interrupts saved. Under it run only the bookkeeping of
 * one call (constant time; for a bulk call, proportional to the number of
 * objects moved; for the LOWEST order, logarithmic in the number of chunks,
 * and for a contiguous run, a scan of the bitmaps of 16 chunks). No hook runs,
 * nothing is allocated and nobody is woken under it.
 *
 * In a PERCPU pool alloc and free take no lock, disable no interrupts and never
 * wait for another CPU, unless they are to grow the pool or to wait for an
 * object. Each CPU works on a magazine of its own and exchanges whole
 * magazines with a lock-free depot. So that free objects which sit with other
 * CPUs do not break its promise, it holds a reserve beside its capacity; stats
 * and debugfs show it.
 *
 * Capacity is a floor: so many objects are always to be had. It is a ceiling too in pools
 * of the other syncs, but not in a PERCPU pool, which may hand out its reserve as well, up
 * to fastalloc_pool_total(). Whoever sizes a ring, or a table, by the number of
 * objects takes that, or has the pool made with %FASTALLOC_F_EXACT.
 *
 * A pool of sync NONE takes no lock: its owner sees to it that calls on one
 * pool never overlap or nest, stats reset included. __fastalloc_alloc() and __fastalloc_free() are
 * for such an owner.
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
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct fastalloc_pool;
struct fastalloc_abi;
struct lock_class_key;

/*
 * Limits
 */

/**
 * FASTALLOC_NAME_LEN - longest name of a pool, terminating NUL included
 */
#define FASTALLOC_NAME_LEN	32

/**
 * FASTALLOC_MAX_OBJ_SIZE - largest object, in bytes
 */
#define FASTALLOC_MAX_OBJ_SIZE	SZ_1M

/**
 * FASTALLOC_MAX_MAGAZINE - most slots of a magazine
 */
#define FASTALLOC_MAX_MAGAZINE	64

/**
 * FASTALLOC_MAX_OBJECTS - most objects in one pool
 */
#define FASTALLOC_MAX_OBJECTS	((unsigned long)INT_MAX)

/*
 * What a pool is to be
 */

/**
 * enum fastalloc_sync - who keeps operations on a pool apart
 * @FASTALLOC_SYNC_PERCPU: per-CPU magazines over a lock-free depot; order LIFO
 *	only
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
 * is short; needs a growing pool that is not of sync NONE. Twice the low-water mark
 * stays free, so that the pool does not grow again at once.
 *
 * %FASTALLOC_F_NODE: take memory from &fastalloc_config.node.
 *
 * Checks, by the letters that the module parameter "debug" takes for them. Any
 * of them sends every operation through the out-of-line path, and includes
 * %FASTALLOC_F_CHECK. A finding is reported in the log and counted in the
 * statistics; a free that is wrong is refused.
 *
 * %FASTALLOC_F_CHECK (F): double free, until the object is handed out again;
 * free of what is not an object, or an object of another pool; two threads at
 * once in a pool of sync NONE.
 *
 * %FASTALLOC_F_REDZONE (Z): writes past the end of an object, found when it is
 * freed. Ignored with %FASTALLOC_F_CONTIG.
 *
 * %FASTALLOC_F_POISON (P): writes to an object that is free, found when it is
 * handed out again or its chunk goes. Ignored with a constructor or destructor,
 * and with %FASTALLOC_F_TYPESAFE_BY_RCU.
 *
 * %FASTALLOC_F_OWNER (U): who allocated and who freed an object last; reports
 * then have both stacks, and objects that are out on destroy are grouped by it.
 *
 * %FASTALLOC_F_DEBUG: all of them.
 *
 * %FASTALLOC_F_HANDLES: objects are counted and have weak handles, see
 * <linux/fastalloc_handle.h>.
 *
 * %FASTALLOC_F_TYPESAFE_BY_RCU: memory of objects stays memory of objects of
 * this pool for an RCU grace period after trim or destroy took it, so that a
 * reader under rcu_read_lock() may look at an object that is freed, and handed
 * out again, meanwhile. As SLAB_TYPESAFE_BY_RCU.
 *
 * %FASTALLOC_F_INIT_ON_ALLOC, %FASTALLOC_F_INIT_ON_FREE: objects are zeroed
 * when they are handed out, or freed. Not with a constructor, nor with
 * %FASTALLOC_F_TYPESAFE_BY_RCU.
 *
 * %FASTALLOC_F_NO_INIT: neither. Without any of the three the kernel's own
 * init_on_alloc and init_on_free hold, as they do for slab caches; where those
 * are on, operations go out of line.
 *
 * %FASTALLOC_F_RANDOM: new objects are handed out in random order. Not with
 * order LOWEST.
 *
 * %FASTALLOC_F_DROP_LIVE: nobody refers to objects any more that are still out on
 * destroy: they are released and destructed, and all memory goes. Without it
 * chunks with such objects are not given back, for a leak is better than a dangling
 * pointer; their objects are neither released nor destructed.
 *
 * %FASTALLOC_F_ATOMIC_GROW: the constructor, the destructor, growth_fn, mem_alloc and
 * mem_free may be called from any context but NMI, and then do not sleep. So an
 * allocation that may not sleep can grow the pool in place.
 *
 * %FASTALLOC_F_SAME_NAME: if the name is in use, the pool gets it with "#2" behind it, or
 * the lowest number above that which is free. Without it creation fails.
 *
 * %FASTALLOC_F_INDEX: objects have numbers, see fastalloc_obj_index(). Comes with
 * %FASTALLOC_F_HANDLES. Trim and destroy wait for an RCU grace period.
 *
 * %FASTALLOC_F_EXACT: never are more objects out than the capacity. A PERCPU pool then
 * counts what is out in one place, so every operation goes out of line and writes a
 * cache line that all CPUs share; pools of the other syncs keep to it anyway.
 */
#define FASTALLOC_F_CONTIG		BIT(0)
#define FASTALLOC_F_SHRINKER		BIT(1)
#define FASTALLOC_F_NODE		BIT(2)
#define FASTALLOC_F_CHECK		BIT(3)
#define FASTALLOC_F_REDZONE		BIT(4)
#define FASTALLOC_F_POISON		BIT(5)
#define FASTALLOC_F_OWNER		BIT(6)
#define FASTALLOC_F_DEBUG		(FASTALLOC_F_CHECK | FASTALLOC_F_REDZONE | \
					 FASTALLOC_F_POISON | FASTALLOC_F_OWNER)
#define FASTALLOC_F_HANDLES		BIT(7)
#define FASTALLOC_F_TYPESAFE_BY_RCU	BIT(8)
#define FASTALLOC_F_INIT_ON_ALLOC	BIT(9)
#define FASTALLOC_F_INIT_ON_FREE	BIT(10)
#define FASTALLOC_F_NO_INIT		BIT(11)
#define FASTALLOC_F_RANDOM		BIT(12)
#define FASTALLOC_F_DROP_LIVE		BIT(13)
#define FASTALLOC_F_ATOMIC_GROW		BIT(14)
#define FASTALLOC_F_SAME_NAME		BIT(15)
#define FASTALLOC_F_INDEX		BIT(16)
#define FASTALLOC_F_EXACT		BIT(17)

/**
 * typedef fastalloc_ctor_t - construct an object, once, when its chunk is added
 * @obj: the object
 * @arg: &fastalloc_config.arg
 *
 * Context: Task context, may sleep; no lock of the pool's hot path is held, but
 *	the one that growth takes: it must not call into the same pool, nor take
 *	a lock that is held around a sleeping allocation from it. Memory that it
 *	allocates while the pool grows is allocated as if with %GFP_NOIO. With
 *	%FASTALLOC_F_ATOMIC_GROW: any context but NMI.
 * Return: 0, or a negative errno, which fails the creation or the growth; the
 *	objects constructed so far in that chunk are destructed again.
 */
typedef int (*fastalloc_ctor_t)(void *obj, void *arg);

/**
 * typedef fastalloc_hook_t - work on an object
 * @obj: the object
 * @arg: &fastalloc_config.arg
 *
 * Context: dtor: task context; with %FASTALLOC_F_SHRINKER also from memory
 *	reclaim, so it must not allocate; it must not call into the same pool, nor
 *	take a lock that is held around an allocation from it. on_acquire,
 *	on_release: that of the caller of alloc or free, with no lock of the pool
 *	held.
 */
typedef void (*fastalloc_hook_t)(void *obj, void *arg);

/**
 * typedef fastalloc_live_t - see an object that is out
 * @obj: the object
 * @arg: that of fastalloc_pool_walk_live()
 *
 * Return: 0 to go on, anything else to end the walk.
 */
typedef int (*fastalloc_live_t)(void *obj, void *arg);

/**
 * typedef fastalloc_growth_t - say how many objects to add
 * @capacity: what the pool has now
 * @arg: &fastalloc_config.arg
 *
 * Context: As fastalloc_ctor_t. It must not call into the same pool.
 * Return: Objects to add; 0 to not grow now. More than
 *	&fastalloc_config.max_capacity allows is clamped to it.
 */
typedef unsigned long (*fastalloc_growth_t)(unsigned long capacity, void *arg);

/**
 * typedef fastalloc_mem_alloc_t - get memory for a chunk
 * @size: bytes, a multiple of PAGE_SIZE
 * @node: &fastalloc_config.node with %FASTALLOC_F_NODE, else NUMA_NO_NODE
 * @gfp: how hard to try; never with zone modifiers
 * @arg: &fastalloc_config.arg
 *
 * For memory of a special kind: coherent, below 4 GiB, SRAM, persistent. The kernel
 * must be able to read and write it. KASAN and kmemleak are not told of it.
 *
 * Context: As fastalloc_ctor_t; may sleep only where @gfp allows blocking.
 * Return: The memory, aligned to &fastalloc_config.align (in a pool with checks, to
 *	a long), or NULL.
 */
typedef void *(*fastalloc_mem_alloc_t)(size_t size, int node, gfp_t gfp, void *arg);

/**
 * typedef fastalloc_mem_free_t - give memory of a chunk back
 * @mem: what fastalloc_mem_alloc_t returned
 * @size: of it
 * @arg: &fastalloc_config.arg
 *
 * Context: As &fastalloc_config.dtor.
 */
typedef void (*fastalloc_mem_free_t)(void *mem, size_t size, void *arg);

/**
 * struct fastalloc_config - what a pool is to be
 * @name: unique among pools, unless %FASTALLOC_F_SAME_NAME says otherwise; copied;
 *	shown in debugfs, so printable, without blanks and without '/', shorter than
 *	FASTALLOC_NAME_LEN, and neither ".", ".." nor "pools"
 * @obj_size: bytes of an object, 1 to FASTALLOC_MAX_OBJ_SIZE
 * @flex_size: bytes of the flexible array at its end, beside @obj_size: see
 *	FASTALLOC_FLEX_SIZE()
 * @type_align: alignment that the type of the objects has by nature; filled by
 *	FASTALLOC_CONFIG(). 0: derived from @obj_size, the largest power of two
 *	that divides it, at most that of a long long.
 * @align: alignment of every object, a power of two, at least @type_align, at
 *	most PAGE_SIZE; 0: @type_align
 * @capacity: objects that the pool has from the start; in a PERCPU pool more may be out
 *	at once, see %FASTALLOC_F_EXACT. What growth adds beside them fills its last page.
 * @max_capacity: growth stops here; 0: FASTALLOC_MAX_OBJECTS
 * @growth: how the pool grows
 * @growth_amount: LINEAR: objects to add, at least
 * @growth_percent: EXPONENTIAL: new capacity in per cent of the old one, above
 *	100; 0: 200
 * @growth_fn: CUSTOM: says how many objects to add
 * @low_water: a growing pool is grown by a worker once fewer than this many
 *	objects are free (PERCPU: in the depot), so that callers who cannot grow
 *	it in place find some; 0: a thirty-second of @capacity, at least 1. The
 *	mark rises with the capacity, in proportion but by no more than a
 *	thirty-second of what is added, and may be changed by
 *	fastalloc_pool_set_low_water(). See Documentation/performance.rst for how
 *	to derive it from a rate.
 * @magazine: PERCPU: slots of a magazine, 1 to FASTALLOC_MAX_MAGAZINE; 0: the
 *	largest of 63, 31, 15, 7 and 3 with which the reserve is at most a quarter
 *	of @capacity, or 1. The reserve is five magazines for every possible
 *	CPU, less one, plus two if the pool grows; it is memory beside
 *	@capacity and may be handed out as well. Small pools of large objects on
 *	machines with many CPUs are better off with SPINLOCK.
 * @sync: who keeps operations apart
 * @order: which free object comes next
 * @backing: where memory comes from
 * @node: NUMA node to take memory from, with %FASTALLOC_F_NODE; then NUMA_NO_NODE
 *	is any. Without the flag it must be 0 or NUMA_NO_NODE.
 * @mem_alloc: gets the memory of a chunk, with @mem_free, instead of @backing; or NULL
 * @mem_free: gives it back
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
	size_t			flex_size;
	size_t			type_align;
	size_t			align;
	unsigned long		capacity;
	unsigned long		max_capacity;
	enum fastalloc_growth	growth;
	unsigned long		growth_amount;
	unsigned int		growth_percent;
	fastalloc_growth_t	growth_fn;
	unsigned long		low_water;
	unsigned int		magazine;
	enum fastalloc_sync	sync;
	enum fastalloc_order	order;
	enum fastalloc_backing	backing;
	int			node;
	fastalloc_mem_alloc_t	mem_alloc;
	fastalloc_mem_free_t	mem_free;
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
 *
 * Return: The config, which lives as long as the block that it stands in.
 */
#define FASTALLOC_CONFIG(type, ...)			\
	((struct fastalloc_config) {			\
		.obj_size = sizeof(type),		\
		.type_align = __alignof__(type),	\
		__VA_ARGS__				\
	})

/**
 * FASTALLOC_FLEX_SIZE - bytes of a flexible array, for &fastalloc_config.flex_size
 * @type: type of the objects
 * @member: the array, its last member
 * @nr: elements
 *
 * Return: Its size; SIZE_MAX, which creation refuses, if that overflows.
 */
#define FASTALLOC_FLEX_SIZE(type, member, nr)	\
	size_mul(sizeof_field(type, member[0]), nr)

/* Room for a name, and for one more character, which makes it too long. */
struct fastalloc_name {
	char	text[FASTALLOC_NAME_LEN + 1];
};

const char *__fastalloc_name(char *buf, const char *fmt, ...) __printf(2, 3);

/**
 * FASTALLOC_NAME - a name made by a format, for &fastalloc_config.name
 * @fmt: as of printf()
 * @...: what it wants
 *
 * Example::
 *
 *	pool = fastalloc_pool_create(&FASTALLOC_CONFIG(struct request,
 *			.name = FASTALLOC_NAME("requests-%u", queue->id),
 *			.capacity = 128));
 *
 * Return: The name, which lives as long as the block that it stands in. One that is too
 *	long is refused when the pool is created.
 */
#define FASTALLOC_NAME(fmt, ...)	\
	__fastalloc_name(((struct fastalloc_name) { "" }).text, fmt, ##__VA_ARGS__)

/**
 * FASTALLOC_IMPORT_NS - import the symbol namespace of fastalloc
 *
 * Stands once in a module that calls fastalloc, beside its MODULE_LICENSE().
 * One form for all kernels; MODULE_IMPORT_NS() itself changed in 6.13.
 */
#define FASTALLOC_IMPORT_NS()	MODULE_INFO(import_ns, "FASTALLOC")

/*
 * Create and destroy
 */

struct fastalloc_pool *__fastalloc_create(const struct fastalloc_config *cfg,
					  const struct module *owner,
					  const struct fastalloc_abi *abi,
					  struct lock_class_key *key);

/**
 * fastalloc_pool_create() - make a pool
 * @cfg: what it is to be; read only during the call, the name is copied
 *
 * The capacity is there, and every object constructed, when this returns. The
 * pool belongs to the caller until fastalloc_pool_destroy(); fastalloc cannot
 * be unloaded meanwhile.
 *
 * Context: Task context, may sleep.
 * Return: The pool, or an ERR_PTR(). For a bad config, with a line in the log
 *	that names pool, field and value: -EINVAL; -ENAMETOOLONG (name);
 *	-EEXIST (name in use); -E2BIG (obj_size, flex_size, capacity, max_capacity);
 *	-EOVERFLOW (capacity times size); -ERANGE (max_capacity, growth_percent,
 *	low_water, magazine); -EOPNOTSUPP (contiguous runs without order LOWEST,
 *	random order with it, sync PERCPU with another order than LIFO).
 *	-ENOEXEC when the caller was built against another layout of this header.
 *	-ENOMEM, with a line in the log too, when there is too little memory, or what the
 *	constructor answered. Lines are limited in rate, each kind by itself.
 */
#define fastalloc_pool_create(cfg...) ({					\
	static struct lock_class_key __fastalloc_key;				\
										\
	static const struct fastalloc_abi __fastalloc_abi = FASTALLOC_ABI_INIT;	\
										\
	__fastalloc_create(cfg, THIS_MODULE, &__fastalloc_abi,			\
			   &__fastalloc_key);					\
})

/**
 * fastalloc_pool_destroy() - destroy a pool and give its memory back
 * @pool: the pool; nobody may be in a call on it, but for fastalloc_alloc_timeout(),
 *	fastalloc_alloc_killable() and fastalloc_pool_reserve(), which fail and are
 *	waited for. NULL and ERR_PTR() do nothing.
 *
 * Objects that are still out are reported by a WARN() with their number, and
 * with %FASTALLOC_F_OWNER by who allocated them. Chunks with such objects are not
 * given back, as kmem_cache_destroy() does it: their users may go on to use
 * them, and their frees are refused. With %FASTALLOC_F_DROP_LIVE the objects are
 * released as if freed, and their memory goes. Calls of fastalloc_free_rcu() are
 * waited for. Weak handles may be looked up meanwhile, see
 * <linux/fastalloc_handle.h>.
 *
 * Context: Task context, may sleep.
 */
void fastalloc_pool_destroy(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_destroy_deferred() - destroy a pool when its last object is back
 * @pool: the pool. NULL and ERR_PTR() do nothing.
 * @done: called when the pool has gone, or NULL
 * @arg: for @done
 *
 * From now on allocations fail, and calls that wait for an object get NULL. Frees go
 * on. When the last object has come back, a worker destroys the pool as
 * fastalloc_pool_destroy() does, and calls @done. Until then debugfs shows it as
 * a zombie, and its name is in use. An allocation that another CPU has begun may
 * still succeed; its object is waited for like any other.
 *
 * Only whoever has an object may still use the pool after this, to free it. A
 * module with such pools calls fastalloc_barrier() before it is unloaded.
 *
 * Context: Any but NMI. NONE: as the owner serialises. @done: task context.
 */
void fastalloc_pool_destroy_deferred(struct fastalloc_pool *pool,
				     void (*done)(void *arg), void *arg);

void __fastalloc_barrier(const struct module *owner);

/**
 * fastalloc_barrier() - wait for deferred destructions
 *
 * Returns when all pools that the calling module has created and given to
 * fastalloc_pool_destroy_deferred() have gone, and their callbacks have
 * returned. So their last objects must be on the way back.
 *
 * Context: Task context, sleeps.
 */
#define fastalloc_barrier()	__fastalloc_barrier(THIS_MODULE)

/*
 * Allocate and free
 */

/**
 * fastalloc_alloc() - allocate an object
 * @pool: the pool
 * @gfp: how the pool may grow when no object is free. %GFP_KERNEL, %GFP_NOFS, %GFP_NOIO:
 *	here and now, within the limits of %GFP_NOIO. %GFP_ATOMIC, %GFP_NOWAIT: in place, by a few
 *	pages. 0: not by this call, which asks a worker; for callers who hold
 *	locks of the page allocator or the scheduler. %__GFP_NORETRY and
 *	%__GFP_NOWARN are honoured. Memory for growth never wakes the OOM killer,
 *	never comes from the emergency reserves (as with %__GFP_NOMEMALLOC), and is
 *	not charged to a memory cgroup (%__GFP_ACCOUNT is ignored, since many use
 *	what one has added). Zone modifiers and %__GFP_NOFAIL are ignored.
 *	%__GFP_ZERO zeroes the object; a pool with a constructor refuses that.
 *
 * The object belongs to the caller until fastalloc_free(). What is in it is
 * undefined, unless the pool zeroes objects or has a constructor: then it is what
 * its constructor, or its last user, has left.
 *
 * Context: PERCPU: any. SPINLOCK: any but NMI. Both sleep only to grow, which kernels
 *	with CONFIG_DEBUG_ATOMIC_SLEEP check in each call on a growing pool. NONE:
 *	as the owner serialises. on_acquire runs in the context of the caller.
 * Return: The object, or NULL when none is free and none could be added.
 */
static __always_inline void * __must_check
fastalloc_alloc(struct fastalloc_pool *pool, gfp_t gfp);

/**
 * fastalloc_free() - give an object back
 * @pool: the pool it was allocated from
 * @obj: the object, or NULL, which does nothing
 *
 * SPINLOCK and NONE: freeing more objects than are out is refused, with a line
 * in the log; the order LOWEST also refuses what is not an object of the pool,
 * or is free, and leaves it as it is. PERCPU: freeing what is free, or foreign,
 * is not noticed here.
 *
 * Lockdep reports a lock in the object that the caller holds, unless the pool has a
 * constructor.
 *
 * Context: PERCPU: any. SPINLOCK: any but NMI. NONE: as the owner serialises.
 *	Never sleeps; on_release runs in the context of the caller.
 */
static __always_inline void fastalloc_free(struct fastalloc_pool *pool, void *obj);

/**
 * fastalloc_zalloc() - allocate an object filled with zeroes
 * @pool: the pool; must have no constructor
 * @gfp: as for fastalloc_alloc()
 *
 * Context: As fastalloc_alloc().
 * Return: The object, or NULL.
 */
void *fastalloc_zalloc(struct fastalloc_pool *pool, gfp_t gfp) __must_check;

/**
 * struct fastalloc_rcu_head - lies in an object for fastalloc_free_rcu()
 * @rcu: private
 * @pool: private
 * @obj: private
 */
struct fastalloc_rcu_head {
	struct rcu_head		rcu;
	struct fastalloc_pool	*pool;
	void			*obj;
};

/**
 * fastalloc_free_rcu() - give an object back after an RCU grace period
 * @pool: the pool it was allocated from; not of sync NONE, whose owner could
 *	not serialise it
 * @obj: the object, or NULL, which does nothing
 * @head: a member of the object that nobody else uses
 *
 * For objects that readers find under rcu_read_lock(): unlink it, then call
 * this; readers that have found it may go on to read it, but for @head. Until
 * the grace period is over it counts as out.
 *
 * Context: Any but NMI. on_release runs from softirq, or a kthread of RCU.
 */
void fastalloc_free_rcu(struct fastalloc_pool *pool, void *obj,
			struct fastalloc_rcu_head *head);

/**
 * DOC: Out of line
 *
 * An allocation that is inline is about 100 bytes of text, and so is a free. A source file to
 * which that matters more than the time of a call defines ``FASTALLOC_NO_INLINE`` before it
 * includes this header: fastalloc_alloc(), fastalloc_free() and their kin are then calls.
 * Where only some places matter, these call fastalloc_alloc_call() and
 * fastalloc_free_call() by name.
 */
/**
 * fastalloc_alloc_call() - allocate an object, out of line
 * @pool: the pool
 * @gfp: as for fastalloc_alloc()
 *
 * Context: As fastalloc_alloc(), of which it is the same.
 * Return: As fastalloc_alloc().
 */
void *fastalloc_alloc_call(struct fastalloc_pool *pool, gfp_t gfp) __must_check;

/**
 * fastalloc_free_call() - give an object back, out of line
 * @pool: the pool it was allocated from
 * @obj: the object, or NULL, which does nothing
 *
 * Context: As fastalloc_free(), of which it is the same.
 */
void fastalloc_free_call(struct fastalloc_pool *pool, void *obj);

/**
 * __fastalloc_alloc() - allocate an object, by the owner of a NONE pool
 * @pool: the pool
 * @gfp: as for fastalloc_alloc()
 *
 * The same as fastalloc_alloc(), which it may be mixed with, but quicker where
 * the pool is of sync NONE and order LIFO and nothing is to be done with each
 * object (hooks, handles, checks, zeroing): it then relies on its caller alone,
 * and neither disables preemption nor looks for the CPU.
 *
 * Context: As fastalloc_alloc().
 * Return: As fastalloc_alloc().
 */
static __always_inline void * __must_check
__fastalloc_alloc(struct fastalloc_pool *pool, gfp_t gfp);

/**
 * __fastalloc_free() - give an object back, by the owner of a NONE pool
 * @pool: the pool it was allocated from
 * @obj: the object, or NULL, which does nothing
 *
 * To fastalloc_free() what __fastalloc_alloc() is to fastalloc_alloc().
 *
 * Context: As fastalloc_free().
 */
static __always_inline void __fastalloc_free(struct fastalloc_pool *pool, void *obj);

/*
 * Several objects at once
 */

/**
 * fastalloc_alloc_bulk() - allocate several objects, or none
 * @pool: the pool
 * @gfp: as for fastalloc_alloc()
 * @nr: how many
 * @objs: room for @nr pointers; in no particular order; what is there after a
 *	failure means nothing
 *
 * A call that fails has taken nothing, so no other allocation fails because of it.
 *
 * Context: As fastalloc_alloc(). PERCPU: magazine by magazine. SPINLOCK: the
 *	lock is held once, for a time proportional to @nr.
 * Return: @nr, or 0 when fewer are free and not enough could be added. PERCPU: a call
 *	that interrupts another one on its CPU may fail as well when what is free lies
 *	in several magazines that are not full.
 */
unsigned int fastalloc_alloc_bulk(struct fastalloc_pool *pool, gfp_t gfp,
				  unsigned int nr, void **objs) __must_check;

/**
 * fastalloc_alloc_bulk_some() - allocate several objects, or fewer
 * @pool: the pool
 * @gfp: as for fastalloc_alloc()
 * @nr: how many at most
 * @objs: room for @nr pointers; as many as this returns are filled, in no
 *	particular order
 *
 * Takes what is free and, as long as that is less than @nr, grows the pool as
 * fastalloc_alloc() would.
 *
 * Context: As fastalloc_alloc_bulk().
 * Return: How many objects were allocated, 0 to @nr. The call counts as failed if
 *	there was none.
 */
unsigned int fastalloc_alloc_bulk_some(struct fastalloc_pool *pool, gfp_t gfp,
				       unsigned int nr, void **objs) __must_check;

/**
 * fastalloc_free_bulk() - give several objects back
 * @pool: the pool they were allocated from
 * @nr: how many
 * @objs: the objects; none may be NULL
 *
 * Context: As fastalloc_free(). PERCPU: magazine by magazine. SPINLOCK: the
 *	lock is held once, for a time proportional to @nr, and more objects than
 *	are out are refused as one; with order LOWEST once for each object. One
 *	object after another where there are hooks, handles or checks, or with
 *	LOWEST where freed objects are zeroed.
 */
void fastalloc_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
			 void **objs);

/**
 * fastalloc_alloc_contig() - allocate neighbouring objects, or none
 * @pool: the pool, of order LOWEST and with %FASTALLOC_F_CONTIG
 * @gfp: as for fastalloc_alloc()
 * @nr: how many
 *
 * The objects follow one another in memory, each obj_size rounded up to align
 * after the one before; they come from one chunk. They may be freed together
 * by fastalloc_free_contig(), or one by one.
 *
 * Context: As fastalloc_alloc(). The lock is held for a scan of the bitmaps of 16 chunks,
 *	and dropped before the next 16.
 * Return: The first of them, or NULL when there is no such run and none could
 *	be added. A run that is freed while others are looked at may be missed.
 */
void *fastalloc_alloc_contig(struct fastalloc_pool *pool, gfp_t gfp,
			     unsigned int nr) __must_check;

/**
 * fastalloc_free_contig() - give neighbouring objects back
 * @pool: the pool they were allocated from
 * @obj: the first of them, or NULL, which does nothing
 * @nr: how many
 *
 * Context: As fastalloc_free(). The lock is held for a time proportional to
 *	@nr / BITS_PER_LONG; with hooks, checks or zeroing, for each object too.
 */
void fastalloc_free_contig(struct fastalloc_pool *pool, void *obj,
			   unsigned int nr);

/*
 * Wait for an object
 */

/**
 * fastalloc_alloc_timeout() - allocate an object, waiting until one is free
 * @pool: the pool; of sync NONE there is nobody to wait for, so it does not wait
 * @gfp: as for fastalloc_alloc(); must allow blocking
 * @timeout: jiffies to wait at most; MAX_SCHEDULE_TIMEOUT: for ever
 *
 * Time spent growing the pool before that is not counted. Those who wait are
 * served in the order they came, also before a later caller of this function;
 * callers that do not wait, and those who can still grow the pool, may come in
 * between. The wait is not interruptible.
 *
 * Context: Task context, sleeps.
 * Return: The object, or NULL when none came in time. After MAX_SCHEDULE_TIMEOUT, NULL
 *	means that the pool is being destroyed, is of sync NONE, or refuses the call
 *	(%__GFP_ZERO with a constructor).
 */
void *fastalloc_alloc_timeout(struct fastalloc_pool *pool, gfp_t gfp,
			      long timeout) __must_check;

/**
 * fastalloc_alloc_killable() - as fastalloc_alloc_timeout(), ended by a fatal signal
 * @pool: the pool
 * @gfp: as for fastalloc_alloc(); must allow blocking
 * @timeout: jiffies to wait at most; MAX_SCHEDULE_TIMEOUT: for ever
 *
 * Context: Task context, sleeps.
 * Return: The object, or NULL when none came in time, or before a fatal signal
 *	did (see fatal_signal_pending()).
 */
void *fastalloc_alloc_killable(struct fastalloc_pool *pool, gfp_t gfp,
			       long timeout) __must_check;

/*
 * Growth at run time
 */

/**
 * fastalloc_pool_trim() - give wholly free chunks back to the system
 * @pool: the pool
 *
 * A growing pool shrinks back towards its configured capacity, never below it.
 * While this runs the capacity is already lower by what may go. Order LOWEST
 * leaves the most to give back. Magazines of a PERCPU pool stay until it is
 * destroyed, for other CPUs may look at them at any time:
 * &fastalloc_stats.magazine_bytes. They serve again when the pool grows again.
 *
 * Context: Task context, may sleep. NONE: as the owner serialises.
 * Return: Objects given back.
 */
unsigned long fastalloc_pool_trim(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_reserve() - make sure that objects are free
 * @pool: the pool, which grows if it must
 * @nr: how many
 * @gfp: as for fastalloc_alloc(); must allow blocking
 *
 * So many objects are free when this returns. Nothing keeps others from taking them.
 *
 * Context: Task context, sleeps. NONE: as the owner serialises.
 * Return: 0; -ENOSPC if the maximum, or the pool's own rule of growth, does not allow
 *	so many; -ENOMEM, or what the constructor answered; -EINVAL if @gfp does not
 *	allow blocking; -ESHUTDOWN when the pool is being destroyed.
 */
int fastalloc_pool_reserve(struct fastalloc_pool *pool, unsigned long nr,
			   gfp_t gfp) __must_check;

/**
 * fastalloc_pool_set_max() - change the capacity at which growth stops
 * @pool: a growing pool
 * @nr: as &fastalloc_config.max_capacity; 0: FASTALLOC_MAX_OBJECTS. If the
 *	pool has more already, it keeps them and does not grow.
 *
 * Context: Any but NMI. NONE: as the owner serialises.
 * Return: 0; with a line in the log -EINVAL for a pool that does not grow, or @nr
 *	below the configured capacity; -E2BIG for @nr above FASTALLOC_MAX_OBJECTS.
 */
int fastalloc_pool_set_max(struct fastalloc_pool *pool, unsigned long nr);

/**
 * fastalloc_pool_set_low_water() - change the low-water mark
 * @pool: a growing pool
 * @nr: as &fastalloc_config.low_water, for the present capacity, with which it then
 *	rises; 0: a thirty-second of it. It may be more than the capacity: the
 *	pool then grows until so many objects are free.
 *
 * Context: Any but NMI. NONE: as the owner serialises.
 * Return: 0; with a line in the log -EINVAL for a pool that does not grow, -ERANGE for
 *	@nr above the maximum.
 */
int fastalloc_pool_set_low_water(struct fastalloc_pool *pool, unsigned long nr);

/*
 * Counters
 */

/**
 * struct fastalloc_stats - a snapshot of a pool's counters
 * @allocs: objects handed out since creation or the last reset. PERCPU on 32-bit: this
 *	and @frees wrap at 2^32
 * @frees: objects taken back; @allocs - @frees is always @in_use
 * @failures: allocation calls that failed
 * @grows: growths that added objects
 * @grows_atomic: of @grows, those in place by callers who may not sleep
 * @growth_failures: growths that added none although some were wanted
 * @depot_exchanges: magazines that CPUs took from the depot (PERCPU)
 * @nested: objects moved by operations that found their CPU's cache busy
 *	(PERCPU)
 * @waits: allocations that had to queue for an object
 * @violations: faults found by checks and handles, and calls after destroy
 * @in_use: objects out now
 * @peak: most objects out at once; only a reset lowers it. PERCPU: at least so many
 *	were, and at most @reserve more, not counting what came and went while the
 *	pool grew or was trimmed
 * @capacity: objects that the pool promises to hand out at once
 * @total: objects that exist; @total - @capacity is the reserve
 * @reserve: extra objects that make the promise hold (PERCPU)
 * @chunks: chunks held
 * @bytes: memory held, bookkeeping and debugfs included
 * @magazine_bytes: of @bytes, magazines (PERCPU); trim does not give them back
 */
struct fastalloc_stats {
	u64		allocs;
	u64		frees;
	u64		failures;
	u64		grows;
	u64		grows_atomic;
	u64		growth_failures;
	u64		depot_exchanges;
	u64		nested;
	u64		waits;
	u64		violations;
	unsigned long	in_use;
	unsigned long	peak;
	unsigned long	capacity;
	unsigned long	total;
	unsigned long	reserve;
	unsigned long	chunks;
	size_t		bytes;
	size_t		magazine_bytes;
};

/**
 * fastalloc_pool_stats() - take a snapshot of the counters
 * @pool: the pool
 * @stats: filled
 *
 * Context: Any but NMI. SPINLOCK: the snapshot is consistent. PERCPU: exact
 *	when nothing goes on, else as fastalloc_pool_allocated(). NONE:
 *	consistent where the owner serialises it too, else approximate.
 */
void fastalloc_pool_stats(struct fastalloc_pool *pool,
			  struct fastalloc_stats *stats);

/**
 * fastalloc_pool_stats_reset() - start counting anew
 * @pool: the pool
 *
 * What is out counts as allocated, so that allocs - frees stays in_use, and is
 * the new peak; all other counters start at zero.
 *
 * Context: Any but NMI. NONE: as the owner serialises.
 */
void fastalloc_pool_stats_reset(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_capacity() - objects that the pool promises to hand out at once
 * @pool: the pool
 *
 * Context: Any but NMI.
 * Return: The capacity, which growth raises and trim lowers.
 */
unsigned long fastalloc_pool_capacity(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_available() - objects that can be had without growing
 * @pool: the pool
 *
 * Context: As fastalloc_pool_allocated().
 * Return: Their number.
 */
unsigned long fastalloc_pool_available(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_allocated() - objects that are out
 * @pool: the pool
 *
 * Context: Any but NMI. PERCPU: exact when nothing goes on, else an approximate
 *	number; the time is proportional to the number of possible CPUs. NONE: as
 *	the owner serialises; a racing reader gets an approximate number.
 * Return: Their number.
 */
unsigned long fastalloc_pool_allocated(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_is_exhausted() - whether everything is out and nothing can be added
 * @pool: the pool
 *
 * Context: As fastalloc_pool_allocated().
 * Return: True if so.
 */
bool fastalloc_pool_is_exhausted(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_is_idle() - whether no object is out
 * @pool: the pool
 *
 * Context: As fastalloc_pool_allocated().
 * Return: True if so.
 */
bool fastalloc_pool_is_idle(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_can_grow() - whether growth can still add objects
 * @pool: the pool
 *
 * Context: Any but NMI.
 * Return: True for a growing pool below its maximum.
 */
bool fastalloc_pool_can_grow(struct fastalloc_pool *pool);

/*
 * Queries
 */

/**
 * fastalloc_pool_name() - the name of a pool
 * @pool: the pool
 *
 * Context: Any.
 * Return: The name, which lives as long as the pool; with %FASTALLOC_F_SAME_NAME perhaps
 *	with a number behind it.
 */
const char *fastalloc_pool_name(const struct fastalloc_pool *pool);

/**
 * fastalloc_pool_obj_size() - bytes of an object
 * @pool: the pool
 *
 * Context: Any.
 * Return: &fastalloc_config.obj_size with &fastalloc_config.flex_size.
 */
size_t fastalloc_pool_obj_size(const struct fastalloc_pool *pool);

/**
 * fastalloc_pool_stride() - bytes from an object to its neighbour
 * @pool: the pool
 *
 * Those of a run of fastalloc_alloc_contig() are so far apart.
 *
 * Context: Any.
 * Return: The size of an object rounded up to its alignment; checks and sanitizers add to
 *	it, but not in a pool with %FASTALLOC_F_CONTIG.
 */
size_t fastalloc_pool_stride(const struct fastalloc_pool *pool);

/**
 * fastalloc_pool_total() - objects that exist
 * @pool: the pool
 *
 * So many may be out at once, unless the pool was made with %FASTALLOC_F_EXACT.
 *
 * Context: Any.
 * Return: The capacity and, of a PERCPU pool, its reserve.
 */
unsigned long fastalloc_pool_total(const struct fastalloc_pool *pool);

/**
 * fastalloc_pool_backing() - where the memory of a pool has come from
 * @pool: the pool
 *
 * Of AUTO backing it may be both; later growth may change it.
 *
 * Context: Any but NMI. NONE: as the owner serialises.
 * Return: BIT(FASTALLOC_BACKING_PAGES), BIT(FASTALLOC_BACKING_VMALLOC) or both; 0 if all of
 *	it is from &fastalloc_config.mem_alloc.
 */
unsigned int fastalloc_pool_backing(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_owns() - whether a pointer is an object of a pool
 * @pool: the pool
 * @obj: any pointer
 *
 * Context: Any but NMI. NONE: as the owner serialises.
 * Return: True for the address of an object, out or free; false for one into an object.
 */
bool fastalloc_pool_owns(struct fastalloc_pool *pool, const void *obj);

/**
 * fastalloc_obj_index() - the number of an object
 * @pool: the pool, with %FASTALLOC_F_INDEX or %FASTALLOC_F_HANDLES
 * @obj: the object, which is out
 *
 * For hardware that names requests by small numbers (tags), and for arrays beside a pool.
 * An object keeps its number as long as its chunk is there, free or out. In a fixed pool
 * numbers go from 0 to fastalloc_pool_total(), that excluded. New chunks take the lowest
 * numbers that are to be had in one piece, so after trim and growth there may be gaps:
 * fastalloc_pool_index_end() is the bound. Handles give numbers up that were used 2^32 times.
 *
 * Context: Any, NMI included; whatever the pool's sync. No lock, no waiting.
 * Return: The number; -ENOENT for what is not an object; -EOPNOTSUPP, with a line in the
 *	log, in a pool without numbers.
 */
long fastalloc_obj_index(struct fastalloc_pool *pool, const void *obj);

/**
 * fastalloc_obj_at() - the object that has a number
 * @pool: as for fastalloc_obj_index()
 * @index: the number
 *
 * It may be free, or become free at any time; of a pool that may be trimmed, its chunk may
 * go. Who has the object out, or hears from the hardware that it is, need not mind.
 *
 * Context: As fastalloc_obj_index().
 * Return: The object, or NULL if none has that number.
 */
void *fastalloc_obj_at(struct fastalloc_pool *pool, unsigned long index);

/**
 * fastalloc_pool_index_end() - a bound of the numbers of objects
 * @pool: as for fastalloc_obj_index()
 *
 * Context: Any.
 * Return: One more than the highest number that an object has had so far.
 */
unsigned long fastalloc_pool_index_end(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_walk_live() - call a function for each object that is out
 * @pool: the pool; with checks or handles, or of order LOWEST. Others do not know what is
 *	out.
 * @fn: called with the object and @arg; a result that is not 0 ends the walk
 * @arg: for @fn
 *
 * For timeouts and for teardown. The order is that of addresses. Objects that are
 * allocated or freed meanwhile may be met or not; who frees them elsewhere keeps that
 * from happening while @fn works on one, or takes a reference in @fn
 * (fastalloc_get_unless_zero()). @fn may free the object. It may sleep, but must not
 * allocate from the pool with a gfp that allows blocking, nor trim it.
 *
 * Context: Task context, sleeps. NONE: as the owner serialises.
 * Return: 0; what @fn has returned; or -EOPNOTSUPP, with a line in the log, in a pool that
 *	does not know.
 */
int fastalloc_pool_walk_live(struct fastalloc_pool *pool, fastalloc_live_t fn, void *arg);

/**
 * fastalloc_pool_check() - look at all objects of a pool for damage
 * @pool: the pool, with checks
 *
 * As slabinfo -v does for slab caches: red zones of objects that are out, poison and red
 * zones of those that are free, as far as the pool has them; and whether as many are marked
 * as out as were counted. What it finds is reported and counted as violations, each
 * time anew.
 *
 * Nobody should be in a call that allocates or frees meanwhile: what is just freed may be
 * reported although nothing is wrong with it.
 *
 * Context: Task context, sleeps. NONE: as the owner serialises.
 * Return: Findings; or -EOPNOTSUPP, with a line in the log, in a pool without checks.
 */
long fastalloc_pool_check(struct fastalloc_pool *pool);

/*
 * Copies to and from user space
 */

/**
 * fastalloc_copy_to_user() - copy from an object to user space, within the object
 * @pool: the pool
 * @to: in user space
 * @obj: the object
 * @offset: where in it to begin, in bytes
 * @n: bytes
 *
 * The kernel's own check of such copies (HARDENED_USERCOPY) knows slab objects, but not
 * where an object of a pool ends.
 *
 * Context: Task context, may sleep, as copy_to_user().
 * Return: Bytes that were not copied; @n, with a line in the log and counted as a
 *	violation, if they would not all come from the object.
 */
unsigned long fastalloc_copy_to_user(struct fastalloc_pool *pool, void __user *to,
				     const void *obj, size_t offset,
				     unsigned long n) __must_check;

/**
 * fastalloc_copy_from_user() - copy from user space to an object, within the object
 * @pool: the pool
 * @obj: the object
 * @offset: where in it to begin, in bytes
 * @from: in user space
 * @n: bytes
 *
 * See fastalloc_copy_to_user().
 *
 * Context: Task context, may sleep, as copy_from_user().
 * Return: Bytes that were not copied; @n, with a line in the log and counted as a
 *	violation, if they would not all go into the object, which is then left as it is.
 */
unsigned long fastalloc_copy_from_user(struct fastalloc_pool *pool, void *obj, size_t offset,
				       const void __user *from,
				       unsigned long n) __must_check;

/* What the calls above are made of where they are inline. */
#include <linux/fastalloc_inline.h>

#endif /* _LINUX_FASTALLOC_H */
