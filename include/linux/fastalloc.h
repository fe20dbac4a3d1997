/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fastalloc: pools of fixed-size objects for kernel modules
 *
 * A pool carves objects of one size from chunks of memory that never move. It guarantees a
 * capacity, keeps constructed objects constructed, and stores its metadata outside of the
 * objects, so that a stray write to a freed object cannot corrupt the pool.
 *
 * Best suited for objects of one size that are allocated and freed often, in contexts where
 * the slab allocator may fail or must not be called, and wherever an upper bound on memory
 * or a guaranteed number of objects is needed. Prefer a kmem_cache if none of that is
 * needed: it shares memory with the rest of the system, which a pool does not.
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
 * Contexts in which calls are allowed:
 *
 *  ============================  ======  =========  =========  =====
 *  call                          task    softirq    hardirq    NMI
 *  ============================  ======  =========  =========  =====
 *  alloc, free (PERCPU)          yes     yes        yes        yes
 *  alloc, free (SPINLOCK)        yes     yes        yes        no
 *  alloc, free (NONE)            as the caller serializes them
 *  alloc_, free_nopreempt        as alloc and free, with preemption off
 *  bulk and contig calls         as alloc and free
 *  free_rcu                      yes     yes        yes        no
 *  growth inside alloc           yes     yes        not on RT  no
 *  alloc_timeout, reserve        sleeps: task context only
 *  queries, stats, stats reset   yes     yes        yes        no
 *  name, sizes, total, indices   yes     yes        yes        yes
 *  walk_live, check              may sleep: task context only
 *  set_max, set_low_water        yes     yes        yes        no
 *  destroy_deferred              yes     yes        yes        no
 *  copy_to_user, copy_from_user  may sleep: task context only
 *  create, destroy, trim         may sleep: task context only
 *  barrier                       sleeps: task context only
 *  ============================  ======  =========  =========  =====
 *
 * NMI: if the architecture has 64-bit atomics and operations on per-CPU variables that are
 * safe in NMI, as x86, arm64, s390 and loongarch have (CONFIG_ARCH_HAS_NMI_SAFE_THIS_CPU_OPS).
 * With CONFIG_GENERIC_ATOMIC64, atomics are spinlocks, so no call may be made from NMI.
 *
 * An allocation that may sleep grows the pool by its rule. One that may not, with
 * GFP_ATOMIC or GFP_NOWAIT, grows it in place by a few pages; a worker then adds what the
 * rule says. In NMI, on PREEMPT_RT with preemption or interrupts off (hardirqs and holders
 * of a raw lock included), or with a gfp without any flag for reclaim, only the worker grows
 * the pool, and the call fails if no object is free. The same applies to pools of vmalloc,
 * to pools with objects of more than eight pages, and to pools with a constructor, a
 * destructor, CUSTOM growth or memory of their owner, unless %FASTALLOC_F_ATOMIC_GROW says
 * that these functions may be called in any context. A caller in memory reclaim
 * (PF_MEMALLOC), such as a shrinker, is treated as one that may not sleep.
 *
 * This holds on PREEMPT_RT, too: the lock of a SPINLOCK pool is a raw spinlock, taken with
 * interrupts saved. It is held only for the bookkeeping of one call (constant time; for a
 * bulk call, proportional to the number of objects moved; for the LOWEST order, logarithmic
 * in the number of chunks, and for a contiguous run, a scan of the bitmaps of 16 chunks).
 * While it is held, no hook runs, no memory is allocated and no task is woken.
 *
 * In a PERCPU pool alloc and free take no lock, disable no interrupts and never wait for
 * another CPU, unless they grow the pool or wait for an object. A CPU that uses the pool has
 * its own magazines and exchanges them with a lock-free depot. To keep the guarantee although
 * free objects may be cached on other CPUs, the pool holds a reserve in addition to its
 * capacity; stats and debugfs show it. All caches together hold no more than the reserve: a
 * CPU has a lease on a part of it, which grows with use and goes to other CPUs when they need
 * it. On a CPU without a lease each call moves single objects.
 *
 * The capacity is a floor: this number of objects can always be allocated. In pools of the
 * other syncs it is a ceiling, too, but a PERCPU pool may also hand out its reserve, up to
 * fastalloc_pool_total(). Size rings and tables by that, or create the pool with
 * %FASTALLOC_F_EXACT.
 *
 * A pool of sync NONE takes no lock: its owner ensures that calls on one pool never overlap
 * or nest, stats reset included. __fastalloc_alloc() and __fastalloc_free() are for such an
 * owner.
 *
 * Limitations: an object belongs to its pool until the pool is destroyed or trimmed, so
 * memory is not shared between pools; an object is at most FASTALLOC_MAX_OBJ_SIZE bytes,
 * its alignment at most PAGE_SIZE.
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
 * FASTALLOC_NAME_LEN - maximum length of a pool name, terminating NUL included
 */
#define FASTALLOC_NAME_LEN	32

/**
 * FASTALLOC_MAX_OBJ_SIZE - maximum size of an object, in bytes
 */
#define FASTALLOC_MAX_OBJ_SIZE	SZ_1M

/**
 * FASTALLOC_MAX_MAGAZINE - maximum number of slots of a magazine
 */
#define FASTALLOC_MAX_MAGAZINE	64

/**
 * FASTALLOC_MAX_OBJECTS - maximum number of objects of a pool, its reserve included
 */
#define FASTALLOC_MAX_OBJECTS	((unsigned long)INT_MAX)

/*
 * Configuration
 */

/**
 * enum fastalloc_sync - how calls on a pool are serialized
 * @FASTALLOC_SYNC_PERCPU: per-CPU magazines on top of a lock-free depot; order LIFO
 *	only
 * @FASTALLOC_SYNC_SPINLOCK: by a raw spinlock with interrupts saved
 * @FASTALLOC_SYNC_NONE: by the caller
 */
enum fastalloc_sync {
	FASTALLOC_SYNC_PERCPU,
	FASTALLOC_SYNC_SPINLOCK,
	FASTALLOC_SYNC_NONE,
};

/**
 * enum fastalloc_order - which free object is allocated next
 * @FASTALLOC_ORDER_LIFO: the one freed last (cache-hot)
 * @FASTALLOC_ORDER_FIFO: the one that has been free for the longest time
 * @FASTALLOC_ORDER_LOWEST: the one with the lowest address; packs allocated objects
 *	together, so that trim finds free chunks, and supports
 *	fastalloc_alloc_contig()
 */
enum fastalloc_order {
	FASTALLOC_ORDER_LIFO,
	FASTALLOC_ORDER_FIFO,
	FASTALLOC_ORDER_LOWEST,
};

/**
 * enum fastalloc_backing - where the memory of a chunk comes from
 * @FASTALLOC_BACKING_AUTO: pages if they can be allocated cheaply, else vmalloc
 * @FASTALLOC_BACKING_PAGES: physically contiguous pages of the direct map. A pool larger
 *	than the largest block of the page allocator consists of several chunks.
 * @FASTALLOC_BACKING_VMALLOC: virtually contiguous memory, with huge mappings if the kernel
 *	supports them
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
 * %FASTALLOC_F_SHRINKER: lets the kernel trim the pool when memory is short;
 * needs a growing pool that is not of sync NONE. Twice the low-water mark stays
 * free, so that the pool does not grow again at once. Then memory reclaim scans the free
 * objects, interrupts CPUs that hold some, and may wait for an RCU grace period.
 *
 * %FASTALLOC_F_NODE: prefers memory of &fastalloc_config.node. Other nodes are used if
 * that one has none left.
 *
 * The following flags enable checks. The letter is that of the module parameter
 * "debug". Any of them makes all operations out of line, and includes
 * %FASTALLOC_F_CHECK. A fault is reported in the log and counted in the statistics;
 * an invalid free is refused.
 *
 * %FASTALLOC_F_CHECK (F): double free, until the object is allocated again; free of
 * a pointer that is not an object, or an object of another pool; concurrent calls in
 * a pool of sync NONE.
 *
 * %FASTALLOC_F_REDZONE (Z): writes past the end of an object, found when it is
 * freed. The red zone is the rest of the slot, at least one long. Ignored with
 * %FASTALLOC_F_CONTIG.
 *
 * %FASTALLOC_F_POISON (P): writes to a free object, found when it is allocated
 * again or its chunk is freed. Ignored with a constructor or destructor, and with
 * %FASTALLOC_F_TYPESAFE_BY_RCU.
 *
 * %FASTALLOC_F_OWNER (U): records the last allocation and the last free of each
 * object; reports then have both stacks, and objects that are still allocated on
 * destroy are grouped by allocation.
 *
 * %FASTALLOC_F_DEBUG: all of these checks.
 *
 * %FASTALLOC_F_HANDLES: objects have reference counts and weak handles, see
 * <linux/fastalloc_handle.h>.
 *
 * %FASTALLOC_F_TYPESAFE_BY_RCU: memory of objects stays memory of objects of this
 * pool for an RCU grace period after trim or destroy has removed it. So a reader
 * under rcu_read_lock() may access an object that is freed, and allocated again,
 * meanwhile. As SLAB_TYPESAFE_BY_RCU.
 *
 * %FASTALLOC_F_INIT_ON_ALLOC, %FASTALLOC_F_INIT_ON_FREE: objects are zeroed when
 * they are allocated, or freed. Not with a constructor, nor with
 * %FASTALLOC_F_TYPESAFE_BY_RCU.
 *
 * %FASTALLOC_F_NO_INIT: neither. Without any of the three, the kernel parameters
 * init_on_alloc and init_on_free apply, as they do to slab caches, but init_on_free does not
 * apply to pools with a destructor. Zeroing on
 * allocation is part of the inline code while init_on_alloc is on. With
 * %FASTALLOC_F_INIT_ON_ALLOC while it is off, and with zeroing on free, operations are
 * out of line.
 *
 * %FASTALLOC_F_RANDOM: new objects are allocated in random order. Not with order
 * LOWEST.
 *
 * %FASTALLOC_F_DROP_LIVE: nobody refers any more to objects that are still allocated
 * on destroy: they are released and destructed, and all memory is freed. Destroy still
 * warns of them. Without the flag, chunks with such objects are not freed, as a leak is
 * better than a dangling pointer; their objects are neither released nor destructed.
 *
 * %FASTALLOC_F_ATOMIC_GROW: the constructor, the destructor, growth_fn, mem_alloc and
 * mem_free may be called in any context but NMI, and then do not sleep. So an
 * allocation that may not sleep can grow the pool in place. Such growths are not
 * serialized: these functions may run on several CPUs at once, and a call may interrupt
 * another one on the same CPU. A lock that they take must be taken with
 * spin_lock_irqsave().
 *
 * %FASTALLOC_F_SAME_NAME: if the name is in use, "#N" is appended to it, with the lowest N
 * from 2 on that is free; creation fails with -ENAMETOOLONG if that does not fit. Without
 * this flag it fails with -EEXIST.
 *
 * %FASTALLOC_F_INDEX: objects have indices, see fastalloc_obj_index(). Included in
 * %FASTALLOC_F_HANDLES. Trim and destroy wait for an RCU grace period.
 *
 * %FASTALLOC_F_EXACT: at most the capacity is allocated at any time. A PERCPU pool
 * then counts allocated objects in one place, so every operation is out of line and
 * writes a cache line that all CPUs share. Pools of the other syncs have this property
 * anyway.
 *
 * %FASTALLOC_F_TRACE: the trace events fastalloc_alloc and fastalloc_free are emitted for
 * this pool while somebody records them. All operations are out of line. The letter T of the
 * module parameter "debug" sets it; the file "trace" in debugfs switches these events on and
 * off later, also for pools without this flag if they are not of sync NONE.
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
#define FASTALLOC_F_TRACE		BIT(18)

/**
 * typedef fastalloc_ctor_t - construct an object, once, when its chunk is added
 * @obj: the object
 * @arg: &fastalloc_config.arg
 *
 * Context: Task context, may sleep. No lock of the hot path is held, but the lock
 *	that serializes growth is: it must not call into the same pool, nor take
 *	a lock that is held around a sleeping allocation from it. Memory that it
 *	allocates while the pool grows is allocated as if with %GFP_NOIO. With
 *	%FASTALLOC_F_ATOMIC_GROW: any context but NMI, and not serialized.
 * Return: 0, or a negative errno, which fails the creation or the growth; the
 *	objects of that chunk that were constructed already are destructed again. Any
 *	other value counts as -EINVAL, with a line in the log.
 */
typedef int (*fastalloc_ctor_t)(void *obj, void *arg);

/**
 * typedef fastalloc_hook_t - destructor, or hook of an allocation or a free
 * @obj: the object
 * @arg: &fastalloc_config.arg
 *
 * Context: dtor: task context; with %FASTALLOC_F_SHRINKER also from memory
 *	reclaim, so it must not allocate; else memory that it allocates is allocated
 *	as if with %GFP_NOIO; it must not call into the same pool, nor
 *	take a lock that is held around an allocation from it. on_acquire,
 *	on_release: that of the caller of alloc or free, with no lock of the pool
 *	held, so they may use the pool. In a pool with handles the object has no
 *	reference then, so they cannot get a handle of it.
 */
typedef void (*fastalloc_hook_t)(void *obj, void *arg);

/**
 * typedef fastalloc_live_t - callback for an allocated object
 * @obj: the object
 * @arg: that of fastalloc_pool_walk_live()
 *
 * Context: Task context, may sleep.
 * Return: 0 to continue; any other value ends the walk.
 */
typedef int (*fastalloc_live_t)(void *obj, void *arg);

/**
 * typedef fastalloc_growth_t - return how many objects to add
 * @capacity: present capacity of the pool, including what is being added
 * @arg: &fastalloc_config.arg
 *
 * Context: As fastalloc_ctor_t. It must not call into the same pool.
 * Return: Number of objects to add; 0 to not grow now. It is no limit, unlike
 *	&fastalloc_config.max_capacity: more objects are added if the caller lacks more, or
 *	if they fit into the last page, and fewer if memory is short or the maximum is near.
 *	Growth in place adds a few pages, whatever the number is.
 */
typedef unsigned long (*fastalloc_growth_t)(unsigned long capacity, void *arg);

/**
 * typedef fastalloc_mem_alloc_t - allocate memory for a chunk
 * @size: bytes, a multiple of PAGE_SIZE
 * @node: &fastalloc_config.node with %FASTALLOC_F_NODE, else NUMA_NO_NODE
 * @gfp: flags of the allocation; never with zone modifiers
 * @arg: &fastalloc_config.arg
 *
 * For special memory: coherent, below 4 GiB, SRAM, persistent. The kernel must be able
 * to read and write it. KASAN and kmemleak do not track it.
 *
 * Context: As fastalloc_ctor_t; may sleep only if @gfp allows blocking.
 * Return: The memory, aligned to &fastalloc_config.align, or NULL. Memory with another
 *	alignment is given back, and an ERR_PTR() counts as NULL, each with a line in the log.
 */
typedef void *(*fastalloc_mem_alloc_t)(size_t size, int node, gfp_t gfp, void *arg);

/**
 * typedef fastalloc_mem_free_t - free memory of a chunk
 * @mem: what fastalloc_mem_alloc_t returned
 * @size: its size
 * @arg: &fastalloc_config.arg
 *
 * Context: As &fastalloc_config.dtor.
 */
typedef void (*fastalloc_mem_free_t)(void *mem, size_t size, void *arg);

/**
 * struct fastalloc_config - configuration of a pool
 * @name: unique among pools, unless %FASTALLOC_F_SAME_NAME says otherwise; copied;
 *	shown in debugfs, so printable, without blanks and without '/', shorter than
 *	FASTALLOC_NAME_LEN, and none of ".", "..", "pools" and "json"
 * @obj_size: size of an object in bytes, 1 to FASTALLOC_MAX_OBJ_SIZE
 * @flex_size: size of the flexible array at its end, in addition to @obj_size: see
 *	FASTALLOC_FLEX_SIZE()
 * @type_align: natural alignment of the type of the objects; set by FASTALLOC_CONFIG(). 0:
 *	derived from @obj_size, the largest power of two that divides it, at most that of a
 *	long long.
 * @align: alignment of every object, a power of two, at least @type_align, at
 *	most PAGE_SIZE; 0: @type_align
 * @capacity: number of objects from the start; in a PERCPU pool more may be allocated at
 *	once, see %FASTALLOC_F_EXACT. Growth rounds up to whole pages.
 * @max_capacity: upper limit of the capacity; a PERCPU pool has @reserve objects more.
 *	0: FASTALLOC_MAX_OBJECTS less the reserve
 * @growth: the growth rule
 * @growth_amount: LINEAR: minimum number of objects to add
 * @growth_percent: EXPONENTIAL: new capacity in per cent of the old one, above 100; 0: 200
 * @growth_fn: CUSTOM: returns the number of objects to add
 * @low_water: a worker grows a growing pool once fewer than this many objects are free
 *	(PERCPU: in the depot), so that callers that cannot grow it in place find free
 *	objects; 0: a thirty-second of @capacity, at least 1. The mark rises with the
 *	capacity, in proportion but by no more than a thirty-second of what is added, and
 *	may be changed by fastalloc_pool_set_low_water(). See Documentation/performance.rst
 *	for how to derive it from a rate.
 * @reserve: PERCPU: objects in addition to @capacity, which the caches of all CPUs together
 *	may hold; 0: a quarter of @capacity, at least 16, and at most what all possible CPUs
 *	can use. It takes memory, and may be handed out as well. If it is small for the
 *	number of CPUs that use the pool, fewer CPUs have a cache, or caches are smaller.
 *	If it is below 2, or 3 in a growing pool, no CPU has a cache.
 * @magazine: PERCPU: most objects that a magazine holds, 1 to FASTALLOC_MAX_MAGAZINE; a CPU
 *	has two. 0: 62, or half of what the caches may hold if that is less. They may hold
 *	the reserve; in a growing pool trim needs an eighth of it.
 * @sync: how calls are serialized
 * @order: which free object is allocated next
 * @backing: which allocator provides the memory
 * @node: NUMA node to prefer for memory, with %FASTALLOC_F_NODE; NUMA_NO_NODE is any
 *	node. Without the flag it must be 0 or NUMA_NO_NODE.
 * @mem_alloc: allocates the memory of a chunk, with @mem_free, instead of @backing; or NULL
 * @mem_free: frees it
 * @ctor: constructs every object when its chunk is added, or NULL
 * @dtor: destructs every object when its chunk is freed, or NULL. It finds what the
 *	constructor or the last user has left, also with the kernel parameter init_on_free, but
 *	zeroes with %FASTALLOC_F_INIT_ON_FREE.
 *	Without a constructor, the content of an object that was never allocated is undefined.
 * @on_acquire: called for every object that is allocated, or NULL
 * @on_release: called for every object that is freed, before it can be allocated again, and
 *	with %FASTALLOC_F_DROP_LIVE on destroy for every object that is still allocated; or
 *	NULL
 * @arg: argument of the hooks
 * @flags: FASTALLOC_F_*
 *
 * Fields that are not set are zero, which selects the default given above.
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
	unsigned long		reserve;
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
 * @type: type of the objects, which sets the size and the natural alignment
 * @...: further fields as designated initializers
 *
 * Example::
 *
 *	pool = fastalloc_pool_create(&FASTALLOC_CONFIG(struct flow,
 *						       .name = "flows",
 *						       .capacity = 1024));
 *
 * Return: The config, a compound literal with the lifetime of the enclosing block.
 */
#define FASTALLOC_CONFIG(type, ...)			\
	((struct fastalloc_config) {			\
		.obj_size = sizeof(type),		\
		.type_align = __alignof__(type),	\
		__VA_ARGS__				\
	})

/**
 * FASTALLOC_FLEX_SIZE - size of a flexible array, for &fastalloc_config.flex_size
 * @type: type of the objects
 * @member: the array, its last member
 * @nr: number of elements
 *
 * Return: Its size; SIZE_MAX, which creation refuses, if that overflows.
 */
#define FASTALLOC_FLEX_SIZE(type, member, nr)	\
	size_mul(sizeof_field(type, member[0]), nr)

/* Room for a name and one more character, so that a name that is too long is detected. */
struct fastalloc_name {
	char	text[FASTALLOC_NAME_LEN + 1];
};

const char *__fastalloc_name(char *buf, const char *fmt, ...) __printf(2, 3);

/**
 * FASTALLOC_NAME - a name from a format string, for &fastalloc_config.name
 * @fmt: format, as for printf()
 * @...: its arguments
 *
 * Example::
 *
 *	pool = fastalloc_pool_create(&FASTALLOC_CONFIG(struct request,
 *			.name = FASTALLOC_NAME("requests-%u", queue->id),
 *			.capacity = 128));
 *
 * Return: The name, with the lifetime of the enclosing block. Creation refuses a name that
 *	is too long.
 */
#define FASTALLOC_NAME(fmt, ...)	\
	__fastalloc_name(((struct fastalloc_name) { "" }).text, fmt, ##__VA_ARGS__)

/**
 * FASTALLOC_IMPORT_NS - import the symbol namespace of fastalloc
 *
 * Use it once in a module that calls fastalloc, next to its MODULE_LICENSE(). It works
 * on all kernels, while MODULE_IMPORT_NS() changed in 6.13.
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
 * fastalloc_pool_create() - create a pool
 * @cfg: configuration; used only during the call, the name is copied
 *
 * On return the capacity is available, and every object is constructed. The pool
 * belongs to the caller until fastalloc_pool_destroy(); fastalloc cannot be
 * unloaded meanwhile.
 *
 * Context: Task context, may sleep.
 * Return: The pool, or an ERR_PTR(). For an invalid config, with a line in the log
 *	that names pool, field and value: -EINVAL; -ENAMETOOLONG (name);
 *	-EEXIST (name in use); -E2BIG (obj_size, flex_size, capacity, max_capacity, reserve);
 *	-EOVERFLOW (capacity times size); -ERANGE (max_capacity, growth_percent,
 *	low_water, magazine); -EOPNOTSUPP (contiguous runs without order LOWEST,
 *	random order with it, sync PERCPU with another order than LIFO).
 *	-ENOEXEC if the caller was built against another layout of this header.
 *	-ENOMEM, also with a line in the log, if there is too little memory, or the
 *	error of the constructor. Each kind of line is rate limited separately.
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
 * fastalloc_pool_destroy() - destroy a pool and free its memory
 * @pool: the pool. No call on it may be in progress, except
 *	fastalloc_alloc_timeout(), fastalloc_alloc_killable() and
 *	fastalloc_pool_reserve(), which fail and are waited for. NULL and ERR_PTR()
 *	do nothing.
 *
 * Objects that are still allocated are reported by a WARN() with their number, and
 * with %FASTALLOC_F_OWNER by their allocations. Chunks with such objects are not
 * freed, as in kmem_cache_destroy(): their users may continue to use them, and
 * their frees are refused. With %FASTALLOC_F_DROP_LIVE the objects are released as
 * if freed, and their memory is freed. Waits for calls of fastalloc_free_rcu().
 * Weak handles may be looked up meanwhile, see <linux/fastalloc_handle.h>.
 *
 * Context: Task context, may sleep.
 */
void fastalloc_pool_destroy(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_destroy_deferred() - destroy a pool after its last free
 * @pool: the pool. NULL and ERR_PTR() do nothing.
 * @done: called when the pool is gone, or NULL
 * @arg: argument of @done
 *
 * From now on allocations fail, and calls that wait for an object return NULL. Frees
 * continue to work. After the last object has been freed, a worker destroys the pool
 * as fastalloc_pool_destroy() does, and calls @done. Until then debugfs shows it as a
 * zombie, and its name is in use.
 *
 * An allocation that another CPU makes with preemption off may still succeed; the pool
 * then waits for its object, too. Calls that wait for an object, and
 * fastalloc_pool_reserve(), may be in progress as well. The caller makes sure that no
 * other allocation is in progress.
 *
 * After this call the pool may be used only to free its objects. A module with such
 * pools calls fastalloc_barrier() before it is unloaded.
 *
 * Context: Any but NMI. NONE: as the owner serializes. @done: task context.
 */
void fastalloc_pool_destroy_deferred(struct fastalloc_pool *pool,
				     void (*done)(void *arg), void *arg);

void __fastalloc_barrier(const struct module *owner);

/**
 * fastalloc_barrier() - wait for deferred destroys
 *
 * Waits until all pools that the calling module has created and passed to
 * fastalloc_pool_destroy_deferred() are gone, and their callbacks have returned.
 * There is no timeout: the caller ensures that all objects of these pools get freed.
 * All code that is built into the kernel counts as one module.
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
 * @gfp: how the pool may grow if no object is free. %GFP_KERNEL, %GFP_NOFS,
 *	%GFP_NOIO: in this call, within the limits of %GFP_NOIO. %GFP_ATOMIC,
 *	%GFP_NOWAIT: in place, by a few pages. 0: not in this call, which kicks a
 *	worker; for callers that hold locks of the page allocator or the scheduler.
 *	%__GFP_NORETRY and %__GFP_NOWARN are honoured. Growth never invokes the OOM
 *	killer, never uses the emergency reserves (as with %__GFP_NOMEMALLOC; with
 *	%GFP_ATOMIC it may go below the min watermark by the share of such callers), and
 *	is not charged to a memory cgroup (%__GFP_ACCOUNT is ignored, since all
 *	users of the pool share what one has added). Zone modifiers and
 *	%__GFP_NOFAIL are ignored. %__GFP_ZERO zeroes the object; a pool with a
 *	constructor refuses it. It must not be used with
 *	%FASTALLOC_F_TYPESAFE_BY_RCU, where a reader could see the object being
 *	zeroed; this is not checked.
 *
 * The object belongs to the caller until fastalloc_free(). Its content is undefined,
 * unless the pool zeroes objects or has a constructor: then it is what the
 * constructor, or the last user, has left.
 *
 * Context: PERCPU: any. SPINLOCK: any but NMI. Both sleep only to grow, which kernels
 *	with CONFIG_DEBUG_ATOMIC_SLEEP check in each call on a growing pool. NONE:
 *	as the owner serializes. on_acquire runs in the context of the caller.
 * Return: The object, or NULL if none is free and none could be added; also if the pool is
 *	being destroyed, or the call was refused, with a line in the log.
 */
static __always_inline void * __must_check
fastalloc_alloc(struct fastalloc_pool *pool, gfp_t gfp);

/**
 * fastalloc_free() - free an object
 * @pool: the pool it was allocated from
 * @obj: the object, or NULL, which does nothing
 *
 * SPINLOCK and NONE: a free of more objects than are allocated is refused, with a
 * line in the log. The order LOWEST also refuses a pointer that is not an object of
 * the pool, or is free already, and does not touch it. PERCPU: most invalid frees are
 * not detected without checks. A pointer that is not an object is reported and dropped
 * only if it goes to the depot by itself, not in a magazine.
 *
 * Lockdep reports a lock in the object that the caller holds, unless the pool has a
 * constructor.
 *
 * Context: PERCPU: any. SPINLOCK: any but NMI. NONE: as the owner serializes.
 *	Never sleeps; on_release runs in the context of the caller.
 */
static __always_inline void fastalloc_free(struct fastalloc_pool *pool, void *obj);

/**
 * fastalloc_alloc_nopreempt() - allocate an object, with preemption off
 * @pool: the pool
 * @gfp: as for fastalloc_alloc(); must not allow blocking
 *
 * The same as fastalloc_alloc(), but it relies on its caller for preemption being off, and
 * so saves what disabling and enabling it costs. For handlers of interrupts and NMIs, for
 * softirqs, and for code with preemption, bottom halves or interrupts disabled, or with a
 * spinlock held. On PREEMPT_RT softirqs, threaded handlers, and holders of a spinlock_t can
 * be preempted, so only hardirqs, NMIs, and code that disables preemption or interrupts, or
 * holds a raw_spinlock_t, may call it there. Kernels with CONFIG_DEBUG_PREEMPT warn of a
 * call with preemption on. It may be mixed with the other calls.
 *
 * Context: As fastalloc_alloc(), with preemption off.
 * Return: As fastalloc_alloc().
 */
static __always_inline void * __must_check
fastalloc_alloc_nopreempt(struct fastalloc_pool *pool, gfp_t gfp);

/**
 * fastalloc_free_nopreempt() - free an object, with preemption off
 * @pool: the pool it was allocated from
 * @obj: the object, or NULL, which does nothing
 *
 * The counterpart of fastalloc_alloc_nopreempt().
 *
 * Context: As fastalloc_free(), with preemption off.
 */
static __always_inline void
fastalloc_free_nopreempt(struct fastalloc_pool *pool, void *obj);

/**
 * fastalloc_zalloc() - allocate an object filled with zeroes
 * @pool: the pool; must have no constructor
 * @gfp: as for fastalloc_alloc()
 *
 * Context: As fastalloc_alloc().
 * Return: As fastalloc_alloc(); NULL, with a line in the log, in a pool with a constructor.
 */
void *fastalloc_zalloc(struct fastalloc_pool *pool, gfp_t gfp) __must_check;

/**
 * struct fastalloc_rcu_head - member of an object for fastalloc_free_rcu()
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
 * fastalloc_free_rcu() - free an object after an RCU grace period
 * @pool: the pool it was allocated from; not of sync NONE, whose owner could
 *	not serialize it
 * @obj: the object, or NULL, which does nothing
 * @head: a member of the object that has no other use
 *
 * For objects that readers find under rcu_read_lock(): unlink the object, then call
 * this. Readers that have found it may continue to read it, except for @head. Until
 * the grace period has passed it counts as allocated. In a pool with handles the grace
 * period ends with fastalloc_put(): the object stays while others have a reference. A
 * pool of sync NONE refuses the call, with a line in the log; the object stays allocated.
 *
 * Context: Any but NMI. on_release runs in softirq, or in a kthread of RCU.
 */
void fastalloc_free_rcu(struct fastalloc_pool *pool, void *obj,
			struct fastalloc_rcu_head *head);

/**
 * DOC: Out of line
 *
 * An inline allocation takes about 100 bytes of text, and so does a free. A source file that
 * prefers small code over speed defines ``FASTALLOC_NO_INLINE`` before it includes this
 * header: fastalloc_alloc(), fastalloc_free() and similar functions are then calls. To
 * select single places only, call fastalloc_alloc_call() and fastalloc_free_call() there.
 */
/**
 * fastalloc_alloc_call() - allocate an object, out of line
 * @pool: the pool
 * @gfp: as for fastalloc_alloc()
 *
 * The same as fastalloc_alloc(), but not inline.
 *
 * Context: As fastalloc_alloc().
 * Return: As fastalloc_alloc().
 */
void *fastalloc_alloc_call(struct fastalloc_pool *pool, gfp_t gfp) __must_check;

/**
 * fastalloc_free_call() - free an object, out of line
 * @pool: the pool it was allocated from
 * @obj: the object, or NULL, which does nothing
 *
 * The same as fastalloc_free(), but not inline.
 *
 * Context: As fastalloc_free().
 */
void fastalloc_free_call(struct fastalloc_pool *pool, void *obj);

/**
 * __fastalloc_alloc() - allocate an object, by the owner of a NONE pool
 * @pool: the pool
 * @gfp: as for fastalloc_alloc()
 *
 * The same as fastalloc_alloc(), with which it may be mixed, but faster if the pool is
 * of sync NONE and order LIFO, has no hooks, handles or checks, and does not zero out of
 * line (see %FASTALLOC_F_NO_INIT). It then relies on its caller for serialization: it
 * neither disables preemption nor determines the CPU.
 *
 * Context: As fastalloc_alloc().
 * Return: As fastalloc_alloc().
 */
static __always_inline void * __must_check
__fastalloc_alloc(struct fastalloc_pool *pool, gfp_t gfp);

/**
 * __fastalloc_free() - free an object, by the owner of a NONE pool
 * @pool: the pool it was allocated from
 * @obj: the object, or NULL, which does nothing
 *
 * The counterpart of __fastalloc_alloc().
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
 * @nr: number of objects
 * @objs: array of @nr pointers, filled in no particular order; undefined after a
 *	failure
 *
 * A call that fails has taken no object, so no other allocation fails because of it.
 *
 * Context: As fastalloc_alloc(). PERCPU: preemption is off while the CPU's two
 *	magazines are emptied. SPINLOCK: the lock is held once, for a time
 *	proportional to @nr.
 * Return: @nr, or 0 if fewer are free and not enough could be added.
 */
unsigned int fastalloc_alloc_bulk(struct fastalloc_pool *pool, gfp_t gfp,
				  unsigned int nr, void **objs) __must_check;

/**
 * fastalloc_alloc_bulk_some() - allocate several objects, or fewer
 * @pool: the pool
 * @gfp: as for fastalloc_alloc()
 * @nr: maximum number of objects
 * @objs: array of @nr pointers; the number that this returns is filled, in no
 *	particular order
 *
 * Allocates the free objects and, while these are fewer than @nr, grows the pool as
 * fastalloc_alloc() would.
 *
 * Context: As fastalloc_alloc_bulk(), but PERCPU: preemption is off for one magazine at a
 *	time.
 * Return: Number of objects allocated, 0 to @nr. The call counts as failed if it is 0.
 */
unsigned int fastalloc_alloc_bulk_some(struct fastalloc_pool *pool, gfp_t gfp,
				       unsigned int nr, void **objs) __must_check;

/**
 * fastalloc_free_bulk() - free several objects
 * @pool: the pool they were allocated from
 * @nr: number of objects
 * @objs: the objects; none may be NULL, which a pool without checks may not notice
 *
 * Context: As fastalloc_free(). PERCPU: preemption is off for one magazine at a time.
 *	SPINLOCK: the lock is held once, for a time proportional to @nr, and a free of more
 *	objects than are allocated is refused as a whole, but may have zeroed them; with
 *	order LOWEST the lock is taken for each object. Objects are freed one by one with
 *	hooks, handles, checks, %FASTALLOC_F_EXACT or %FASTALLOC_F_TRACE, and with LOWEST if
 *	freed objects are zeroed.
 */
void fastalloc_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
			 void **objs);

/**
 * fastalloc_alloc_contig() - allocate adjacent objects, or none
 * @pool: the pool, of order LOWEST and with %FASTALLOC_F_CONTIG
 * @gfp: as for fastalloc_alloc()
 * @nr: number of objects
 *
 * The objects are adjacent in memory, at a distance of obj_size rounded up to align,
 * and in one chunk. They may be freed together by fastalloc_free_contig(), or one by
 * one.
 *
 * Context: As fastalloc_alloc(). The lock is held for a scan of the bitmaps of 16 chunks,
 *	and dropped before the next 16.
 * Return: The first object, or NULL if there is no such run and none could be added, or,
 *	with a line in the log, in a pool without %FASTALLOC_F_CONTIG. A run that is
 *	freed during the search may be missed. As a run lies in one chunk, with PAGES
 *	backing it is no larger than the largest block of the page allocator.
 */
void *fastalloc_alloc_contig(struct fastalloc_pool *pool, gfp_t gfp,
			     unsigned int nr) __must_check;

/**
 * fastalloc_free_contig() - free adjacent objects
 * @pool: the pool they were allocated from
 * @obj: the first of them, or NULL, which does nothing
 * @nr: number of objects
 *
 * A run that is not allocated as a whole is refused, with a line in the log. In a pool with
 * handles, each object is then freed by itself, and refused if others have a reference.
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
 * fastalloc_alloc_timeout() - allocate an object, wait until one is free
 * @pool: the pool; does not wait in a pool of sync NONE, where no other task could
 *	free an object
 * @gfp: as for fastalloc_alloc(). It only says how the pool may grow: the wait sleeps
 *	with any.
 * @timeout: maximum wait in jiffies; MAX_SCHEDULE_TIMEOUT: without limit; 0 or less: does
 *	not wait
 *
 * The timeout does not include the time to grow the pool before the wait. Waiting
 * tasks are served in the order of arrival, also before a later caller of this
 * function. Callers that do not wait, or that can still grow the pool, may get an
 * object earlier. The wait is not interruptible.
 *
 * Context: Task context, sleeps.
 * Return: The object, or NULL if none was freed in time. After MAX_SCHEDULE_TIMEOUT,
 *	NULL means that the pool is being destroyed, is of sync NONE, or refuses the
 *	call (%__GFP_ZERO with a constructor).
 */
void *fastalloc_alloc_timeout(struct fastalloc_pool *pool, gfp_t gfp,
			      long timeout) __must_check;

/**
 * fastalloc_alloc_killable() - as fastalloc_alloc_timeout(), ended by a fatal signal
 * @pool: the pool
 * @gfp: as for fastalloc_alloc_timeout()
 * @timeout: as for fastalloc_alloc_timeout()
 *
 * Context: Task context, sleeps.
 * Return: As fastalloc_alloc_timeout(); also NULL after a fatal signal (see
 *	fatal_signal_pending()).
 */
void *fastalloc_alloc_killable(struct fastalloc_pool *pool, gfp_t gfp,
			       long timeout) __must_check;

/*
 * Growth at run time
 */

/**
 * fastalloc_pool_trim() - free chunks whose objects are all free
 * @pool: the pool
 *
 * A growing pool shrinks towards its configured capacity, never below it. During the
 * call the objects of chunks that may go are withheld and do not count as capacity, so
 * an allocation may fail, or grow the pool, although they are free. Trim also frees what
 * fastalloc_pool_reserve() has added and nobody has allocated. With order LOWEST the most
 * chunks can go. Magazines of a PERCPU pool stay until it is destroyed, as
 * other CPUs may read them at any time: &fastalloc_stats.magazine_bytes. They are
 * reused when the pool grows again.
 *
 * Context: Task context, may sleep; not from memory reclaim, see %FASTALLOC_F_SHRINKER.
 *	NONE: as the owner serializes.
 * Return: Number of objects removed.
 */
unsigned long fastalloc_pool_trim(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_reserve() - ensure that objects are free
 * @pool: the pool, which grows if needed
 * @nr: number of objects
 * @gfp: as for fastalloc_alloc(); must allow blocking
 *
 * On return @nr objects are free. Other callers may allocate them at any time.
 *
 * Context: Task context, sleeps; not from memory reclaim. NONE: as the owner serializes.
 * Return: 0; -ENOSPC if the maximum, or the growth rule of the pool, does not allow
 *	@nr objects; -ENOMEM, or the error of the constructor; -EINVAL if @gfp does not
 *	allow blocking; -ESHUTDOWN if the pool is being destroyed.
 */
int fastalloc_pool_reserve(struct fastalloc_pool *pool, unsigned long nr,
			   gfp_t gfp) __must_check;

/**
 * fastalloc_pool_set_max() - change the upper limit of growth
 * @pool: a growing pool
 * @nr: as &fastalloc_config.max_capacity; 0: FASTALLOC_MAX_OBJECTS. If the
 *	pool has more objects already, it keeps them and does not grow.
 *
 * Context: Any but NMI. NONE: as the owner serializes.
 * Return: 0; with a line in the log -EINVAL for a pool that does not grow, or @nr
 *	below the configured capacity; -E2BIG for @nr above FASTALLOC_MAX_OBJECTS.
 */
int fastalloc_pool_set_max(struct fastalloc_pool *pool, unsigned long nr);

/**
 * fastalloc_pool_set_low_water() - change the low-water mark
 * @pool: a growing pool
 * @nr: as &fastalloc_config.low_water, for the present capacity, with which it then
 *	rises; 0: a thirty-second of it. It may exceed the capacity: the pool then
 *	grows until @nr objects are free.
 *
 * Context: Any but NMI. NONE: as the owner serializes.
 * Return: 0; with a line in the log -EINVAL for a pool that does not grow, -ERANGE for
 *	@nr above the maximum.
 */
int fastalloc_pool_set_low_water(struct fastalloc_pool *pool, unsigned long nr);

/*
 * Counters
 */

/**
 * struct fastalloc_stats - a snapshot of a pool's counters
 * @allocs: objects allocated since creation or the last reset. PERCPU on 32-bit: this and
 *	@frees wrap at 2^32
 * @frees: objects freed; @allocs - @frees is always @in_use
 * @failures: allocation calls that failed
 * @grows: growths that added objects
 * @grows_atomic: part of @grows: growths in place by callers that may not sleep
 * @growth_failures: growths that added no objects
 * @depot_exchanges: exchanges of magazines between CPUs and the depot (PERCPU)
 * @nested: objects moved by operations that found their CPU's cache busy
 *	(PERCPU)
 * @leases_taken: leases that were taken from CPUs, or made smaller (PERCPU)
 * @waits: allocations that waited for an object
 * @violations: faults found by checks and handles, calls after destroy, copies beyond an
 *	object, and wrong frees that a PERCPU pool notices without checks. Frees that
 *	a SPINLOCK or NONE pool refuses without checks are logged only.
 * @in_use: objects that are allocated now
 * @peak: maximum of @in_use; only a reset lowers it. PERCPU: a lower bound; the true
 *	maximum is at most @reserve higher, not counting objects that were allocated and
 *	freed while the pool grew or was trimmed
 * @capacity: objects that the pool guarantees at once
 * @total: objects that exist; @total - @capacity is the reserve
 * @reserve: extra objects that the guarantee needs (PERCPU)
 * @chunks: number of chunks
 * @bytes: memory of the pool: the sum of the next four
 * @chunk_bytes: chunks: objects, gaps between them, and red zones
 * @metadata_bytes: the descriptor, what describes chunks and free objects, handles, debugfs
 * @cache_bytes: the CPUs' caches and the depot (PERCPU)
 * @check_bytes: what checks record of objects
 * @magazine_bytes: part of @cache_bytes: magazines (PERCPU); trim does not free them
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
	u64		leases_taken;
	u64		waits;
	u64		violations;
	unsigned long	in_use;
	unsigned long	peak;
	unsigned long	capacity;
	unsigned long	total;
	unsigned long	reserve;
	unsigned long	chunks;
	size_t		bytes;
	size_t		chunk_bytes;
	size_t		metadata_bytes;
	size_t		cache_bytes;
	size_t		check_bytes;
	size_t		magazine_bytes;
};

/**
 * fastalloc_pool_stats() - take a snapshot of the counters
 * @pool: the pool
 * @stats: the snapshot
 *
 * Context: Any but NMI. SPINLOCK: the numbers of objects are consistent. PERCPU: exact if
 *	no other call runs, else as fastalloc_pool_allocated(). NONE: consistent
 *	if the owner serializes this call, too, else approximate.
 */
void fastalloc_pool_stats(struct fastalloc_pool *pool,
			  struct fastalloc_stats *stats);

/**
 * fastalloc_pool_stats_reset() - reset the counters
 * @pool: the pool
 *
 * allocs and peak become the number of allocated objects, so that allocs - frees
 * stays in_use. All other counters become zero.
 *
 * Context: Any but NMI. NONE: as the owner serializes.
 */
void fastalloc_pool_stats_reset(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_capacity() - objects that the pool guarantees at once
 * @pool: the pool
 *
 * Context: Any but NMI.
 * Return: The capacity, which growth raises and trim lowers.
 */
unsigned long fastalloc_pool_capacity(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_available() - objects of the capacity that are not allocated
 * @pool: the pool
 *
 * They can be allocated without growth. A PERCPU pool may hand out its reserve as well,
 * unless it has %FASTALLOC_F_EXACT.
 *
 * Context: As fastalloc_pool_allocated().
 * Return: Their number.
 */
unsigned long fastalloc_pool_available(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_allocated() - objects that are allocated
 * @pool: the pool
 *
 * Context: Any but NMI. PERCPU: exact if no other call runs, else approximate; the
 *	time is proportional to the number of possible CPUs. NONE: as the owner
 *	serializes; approximate for a concurrent reader.
 * Return: Their number.
 */
unsigned long fastalloc_pool_allocated(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_is_exhausted() - whether the capacity is used up and cannot grow
 * @pool: the pool
 *
 * An allocation from a PERCPU pool may then still succeed, from the reserve.
 *
 * Context: As fastalloc_pool_allocated().
 * Return: True if so.
 */
bool fastalloc_pool_is_exhausted(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_is_idle() - whether no object is allocated
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
 * Return: The name, valid as long as the pool; with %FASTALLOC_F_SAME_NAME a number may be
 *	appended.
 */
const char *fastalloc_pool_name(const struct fastalloc_pool *pool);

/**
 * fastalloc_pool_obj_size() - size of an object
 * @pool: the pool
 *
 * Context: Any.
 * Return: The sum of &fastalloc_config.obj_size and &fastalloc_config.flex_size.
 */
size_t fastalloc_pool_obj_size(const struct fastalloc_pool *pool);

/**
 * fastalloc_pool_stride() - distance of adjacent objects
 * @pool: the pool
 *
 * This is the distance of the objects of a run of fastalloc_alloc_contig().
 *
 * Context: Any.
 * Return: The size of an object rounded up to its alignment; checks and sanitizers
 *	increase it, but not in a pool with %FASTALLOC_F_CONTIG.
 */
size_t fastalloc_pool_stride(const struct fastalloc_pool *pool);

/**
 * fastalloc_pool_total() - objects that exist
 * @pool: the pool
 *
 * All of them may be allocated at once, unless the pool has %FASTALLOC_F_EXACT.
 *
 * Context: Any.
 * Return: The capacity plus, in a PERCPU pool, its reserve.
 */
unsigned long fastalloc_pool_total(const struct fastalloc_pool *pool);

/**
 * fastalloc_pool_backing() - which allocators provided the memory of a pool
 * @pool: the pool
 *
 * With AUTO backing it may be both; later growth may change the result.
 *
 * Context: Any but NMI. NONE: as the owner serializes.
 * Return: BIT(FASTALLOC_BACKING_PAGES), BIT(FASTALLOC_BACKING_VMALLOC) or both; 0 if all
 *	of it is from &fastalloc_config.mem_alloc.
 */
unsigned int fastalloc_pool_backing(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_owns() - whether a pointer is an object of a pool
 * @pool: the pool
 * @obj: any pointer
 *
 * Context: Any but NMI. NONE: as the owner serializes.
 * Return: True for the address of an object, allocated or free; false for an address
 *	inside an object.
 */
bool fastalloc_pool_owns(struct fastalloc_pool *pool, const void *obj);

/**
 * fastalloc_obj_index() - the index of an object
 * @pool: the pool, with %FASTALLOC_F_INDEX or %FASTALLOC_F_HANDLES
 * @obj: the object, which is allocated
 *
 * For hardware that identifies requests by small numbers (tags), and for arrays beside a
 * pool. An object keeps its index as long as its chunk exists, free or allocated. In a
 * fixed pool the indices are 0 to fastalloc_pool_total() - 1. A new chunk gets the lowest of
 * the first 64 ranges of free indices that is long enough, or new indices. So after trim
 * and growth there may be gaps: fastalloc_pool_index_end() is the bound. With handles,
 * indices that were used 2^32 times are not used again.
 *
 * Context: Any, NMI included, for all syncs. Lock-free, does not wait.
 * Return: The index; -ENOENT if @obj is not an object; -EOPNOTSUPP, with a line in the
 *	log, in a pool without indices.
 */
long fastalloc_obj_index(struct fastalloc_pool *pool, const void *obj);

/**
 * fastalloc_obj_at() - the object with an index
 * @pool: as for fastalloc_obj_index()
 * @index: the index
 *
 * The object may be free, or be freed at any time; if the pool may be trimmed, its chunk
 * may be freed. A caller that knows the object to be allocated, for example because the
 * hardware uses it, need not care.
 *
 * Context: As fastalloc_obj_index().
 * Return: The object, or NULL if no object has that index or, with a line in the log, in a
 *	pool without indices.
 */
void *fastalloc_obj_at(struct fastalloc_pool *pool, unsigned long index);

/**
 * fastalloc_pool_index_end() - upper bound of the indices of objects
 * @pool: as for fastalloc_obj_index()
 *
 * Context: Any.
 * Return: One more than the highest index that an object has had so far; 0, with a line in
 *	the log, in a pool without indices.
 */
unsigned long fastalloc_pool_index_end(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_walk_live() - call a function for each allocated object
 * @pool: the pool; with checks or handles, or of order LOWEST. Other pools do not record
 *	which objects are allocated.
 * @fn: called with the object and @arg; a nonzero result ends the walk
 * @arg: argument of @fn
 *
 * For timeouts and teardown. The order is that of addresses. Objects that are allocated
 * or freed meanwhile may be visited or not. An object may be visited before its allocation
 * has returned, so its content may not be initialized yet: the caller must prevent that, or
 * mark the objects that are in use. If other tasks may free objects, the caller
 * must prevent that while @fn uses one, or take a reference in @fn
 * (fastalloc_get_unless_zero()). @fn may free this and other objects. It may sleep, and use
 * the pool in any way but destroy it; trim leaves the chunk alone that is being visited.
 * Objects that it allocates may be visited, too.
 *
 * Context: Task context, sleeps. NONE: as the owner serializes.
 * Return: 0; the result of @fn; or -EOPNOTSUPP, with a line in the log, in a pool that
 *	does not record it.
 */
int fastalloc_pool_walk_live(struct fastalloc_pool *pool, fastalloc_live_t fn, void *arg);

/**
 * fastalloc_pool_check() - check all objects of a pool for damage
 * @pool: the pool, with checks
 *
 * As slabinfo -v does for slab caches: checks the red zones of allocated objects, and
 * poison and red zones of free ones, as far as the pool has them; and whether as many
 * objects are marked as allocated as are counted. Faults are reported and counted as
 * violations, each time anew.
 *
 * No call should allocate or free meanwhile: an object that was just freed may be
 * reported without a fault.
 *
 * Context: Task context, sleeps. NONE: as the owner serializes.
 * Return: Number of faults; or -EOPNOTSUPP, with a line in the log, in a pool without
 *	checks.
 */
long fastalloc_pool_check(struct fastalloc_pool *pool);

/*
 * Copies to and from user space
 */

/**
 * fastalloc_copy_to_user() - copy from an object to user space, within the object
 * @pool: the pool
 * @to: destination in user space
 * @obj: the object
 * @offset: offset in the object, in bytes
 * @n: number of bytes
 *
 * HARDENED_USERCOPY checks copies of slab objects, but does not know the bounds of
 * objects of a pool.
 *
 * Context: Task context, may sleep, as copy_to_user().
 * Return: Number of bytes not copied; @n, with a line in the log and counted as a
 *	violation, if the range exceeds the object.
 */
unsigned long fastalloc_copy_to_user(struct fastalloc_pool *pool, void __user *to,
				     const void *obj, size_t offset,
				     unsigned long n) __must_check;

/**
 * fastalloc_copy_from_user() - copy from user space to an object, within the object
 * @pool: the pool
 * @obj: the object
 * @offset: offset in the object, in bytes
 * @from: source in user space
 * @n: number of bytes
 *
 * See fastalloc_copy_to_user().
 *
 * Context: Task context, may sleep, as copy_from_user().
 * Return: Number of bytes not copied; @n, with a line in the log and counted as a
 *	violation, if the range exceeds the object, which is then unchanged.
 */
unsigned long fastalloc_copy_from_user(struct fastalloc_pool *pool, void *obj, size_t offset,
				       const void __user *from,
				       unsigned long n) __must_check;

/* The inline implementations of the calls above. */
#include <linux/fastalloc_inline.h>

#endif /* _LINUX_FASTALLOC_H */
