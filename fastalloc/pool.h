/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool: the structures of the files that work on them.
 *
 * Lock order, outer to inner:
 *
 *	fa_trace_lock		mutex, trace.c: switching traces on and off
 *	fa_pools_lock		mutex, pools.c: the list of pools
 *	grow_lock		mutex: growth by callers that may sleep; trim
 *	percpu.shut_lock	mutex: shutting the CPUs' caches; no lock nests in it
 *	waitq.lock		raw spinlock: waiters
 *	lock			raw spinlock, irqsave: free objects, counters, the set of
 *				chunks. PERCPU: only what growth and trim change. Pools of
 *				sync NONE do not take it for these; their owner serializes.
 *				All pools take it for refill.planned, the index ranges, and
 *				the table of magazine blocks.
 *	fa_dead_lock		raw spinlock, pools.c: the list of destroyed pools; no lock
 *				nests in it
 *
 * Chunks are added with or without grow_lock, since growth in place cannot take it. They
 * are removed only under grow_lock.
 */
#ifndef FASTALLOC_POOL_H
#define FASTALLOC_POOL_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/fastalloc.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "account.h"
#include "central.h"
#include "chunk.h"
#include "debug.h"
#include "growth.h"
#include "handle.h"
#include "percpu.h"
#include "refill.h"
#include "trim.h"
#include "wait.h"

struct dentry;
struct shrinker;

/**
 * enum fa_path - the path that a call on a pool takes
 * @FA_PATH_DEAD: the pool has been destroyed; only its descriptor is left
 * @FA_PATH_HANDLES: PERCPU; objects have handles, and need at most zeroing
 * @FA_PATH_CHECK: PERCPU; objects have check F only, and need at most zeroing
 * @FA_PATH_SAFE_LIST: SPINLOCK, as %FA_PATH_HANDLES or %FA_PATH_CHECK; NONE: handles only
 * @FA_PATH_FULL: hooks, more checks, sanitizers or an exact ceiling; check F of NONE; the
 *	pool is traced or being destroyed
 * @FA_PATH_CACHE_ZERO: PERCPU; objects need zeroing only, but not as %FA_PATH_CACHE does it
 * @FA_PATH_CACHE: PERCPU; objects need nothing, or zeroing on allocation while the kernel
 *	does the same to objects of slab caches: inline
 * @FA_PATH_LIST_ZERO: SPINLOCK or NONE; as %FA_PATH_CACHE_ZERO
 * @FA_PATH_LIST: SPINLOCK or NONE; as %FA_PATH_CACHE
 * @FA_PATH_OWNER: as %FA_PATH_LIST, NONE and LIFO, with a window: inline for the owner
 * @FA_PATH_LOCKED: as %FA_PATH_LIST, SPINLOCK and LIFO, with a window for the lock holder
 *
 * fa_pool_open() sets it, fa_pool_close() sets %FA_PATH_FULL, the end of destroy sets
 * %FA_PATH_DEAD. fa_pool_detour() sets %FA_PATH_FULL, and what it was. All but
 * fa_pool_open() do so under the pool's lock, or when no other can.
 */
enum fa_path {
	FA_PATH_DEAD,
	FA_PATH_HANDLES,
	FA_PATH_CHECK,
	FA_PATH_SAFE_LIST,
	FA_PATH_FULL,
	FA_PATH_CACHE_ZERO,
	FA_PATH_CACHE,
	FA_PATH_LIST_ZERO,
	FA_PATH_LIST,
	FA_PATH_OWNER,
	FA_PATH_LOCKED,
};

/**
 * struct fa_pool_ops - operations of the two kinds of pool, except the hot paths
 * @init: allocates what the pool needs before its first chunk; may be NULL
 * @exit: frees what @init allocated
 * @prepare: before a chunk is made: makes room for @objects objects in total, as far as there
 *	is memory; may be NULL
 * @attach: adds a chunk and its objects, or changes nothing. Any context, if gfp does not
 *	allow blocking.
 * @set_mark: updates the low-water mark after the capacity, or whether the pool can grow,
 *	has changed. With the lock held.
 * @new_epoch: records the peak before the capacity changes; may be NULL. With the lock
 *	held.
 * @flush: moves free objects to where @scan finds them; may be NULL
 * @scan: calls found() for every free object, which returns whether it keeps the object.
 *	With grow_lock held.
 * @put_back: frees the objects of a chunk that found() has kept
 * @trimmed: gives back what the pool no longer needs after chunks were removed
 * @drain: on destroy: calls fn() for every free object that was ever handed out
 * @in_use: objects that are allocated
 * @frees: objects freed since creation, or since the counters were reset
 * @stats: fills in a snapshot
 * @reset: resets the counters
 * @take: takes an object for a waiter, or returns NULL. With waitq.lock held, as @give.
 * @give: takes back an object that a waiter does not get after all
 * @wait_begin: a task is about to wait: sends frees to where @take looks; may be NULL
 * @wait_queued: the task is queued; may be NULL
 * @wait_end: the task is no longer queued; may be NULL
 */
struct fa_pool_ops {
	int (*init)(struct fastalloc_pool *pool);
	void (*exit)(struct fastalloc_pool *pool);
	void (*prepare)(struct fastalloc_pool *pool, unsigned long objects, gfp_t gfp);
	int (*attach)(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
	void (*set_mark)(struct fastalloc_pool *pool);
	void (*new_epoch)(struct fastalloc_pool *pool);
	void (*flush)(struct fastalloc_pool *pool);
	void (*scan)(struct fastalloc_pool *pool,
		     bool (*found)(struct fastalloc_pool *pool, void *obj));
	void (*put_back)(struct fastalloc_pool *pool, struct fa_chunk *chunk);
	void (*trimmed)(struct fastalloc_pool *pool);
	void (*drain)(struct fastalloc_pool *pool,
		      void (*fn)(struct fastalloc_pool *pool, void *obj));
	unsigned long (*in_use)(struct fastalloc_pool *pool);
	unsigned long (*frees)(struct fastalloc_pool *pool);
	void (*stats)(struct fastalloc_pool *pool, struct fastalloc_stats *stats);
	void (*reset)(struct fastalloc_pool *pool);
	void *(*take)(struct fastalloc_pool *pool);
	void (*give)(struct fastalloc_pool *pool, void *obj);
	void (*wait_begin)(struct fastalloc_pool *pool);
	void (*wait_queued)(struct fastalloc_pool *pool);
	void (*wait_end)(struct fastalloc_pool *pool);
};

/**
 * struct fa_deferred - a pool that is destroyed when its last object comes back
 * @zombie: the destroy of this pool is deferred
 * @caches_shut: @work has shut the CPUs' caches for good
 * @work: shuts the caches, and checks whether the pool can go
 * @done: called when the pool is gone, or NULL
 * @done_arg: argument of @done
 * @node: in the list of zombies
 */
struct fa_deferred {
	bool			zombie;
	bool			caches_shut;
	struct work_struct	work;
	void			(*done)(void *arg);
	void			*done_arg;
	struct list_head	node;
};

/**
 * struct fastalloc_pool - a pool
 * @head: read by the inline path, and written by the owner of a NONE pool; must come first.
 *	The counters in it are under @lock, as all from @central to @peak.
 * @sync: as configured
 * @order: as configured
 * @path: enum fa_path
 * @init_on_alloc: zero objects on allocation
 * @init_on_free: zero objects on free
 * @sanitize: tell KASAN, kmemleak and KMSAN of objects; inject faults
 * @rcu_frees: fastalloc_free_rcu() was called
 * @closed: destroy has begun, so allocations are refused
 * @traced: allocations and frees are traced; written under fa_trace_lock
 * @checks: enabled checks, of FASTALLOC_F_DEBUG
 * @ops: the kind of pool
 * @lock: see the top of this file. Not in the cache line of @head, which the inline path of
 *	every CPU reads.
 * @central: free objects of a pool of sync SPINLOCK or NONE
 * @chunks: all chunks
 * @total: objects of all chunks that are not isolated
 * @reserve: objects of a PERCPU pool that are not promised, see percpu.c
 * @capacity: @total less @reserve
 * @peak: most objects allocated at once
 * @failures: allocations that failed
 * @account: memory held, bookkeeping included
 * @refill: growth
 * @growth: the growth rule
 * @grow_lock: see the top of this file
 * @looked: the state at the last scan of trim; under @grow_lock
 * @handles: handles to objects
 * @percpu: caches and depot of a PERCPU pool
 * @waitq: tasks that wait for an object
 * @deferred: state of fastalloc_pool_destroy_deferred()
 * @debug: state of the checks
 * @shrinker: the shrinker, with FASTALLOC_F_SHRINKER
 * @cfg: the validated config with defaults filled in; its name points to @name
 * @name: the copy of the name
 * @owner: the module that created it
 * @owner_name: a copy of its name; "-" if the owner is built in
 * @node: in the list of pools
 * @dead: in the list of destroyed pools
 * @id: number in the list that it is in; later pools have higher ones
 * @ref: one until the pool is destroyed, plus those of fastalloc_pool_get()
 * @live: creation is complete, readers may use the pool; under fa_pools_lock, or with acquire
 * @rcu: destroy chunks only after an RCU grace period, for lockless lookups; pools of sync
 *	PERCPU do so anyway
 * @dir: directory in debugfs
 * @rcu_head: frees the pool once no reader walks the list of pools
 */
struct fastalloc_pool {
	/* Read by every call. */
	struct fastalloc_head	head;
	u8			sync;
	u8			order;
	u8			path;
	bool			init_on_alloc;
	bool			init_on_free;
	bool			sanitize;
	bool			rcu_frees;
	bool			closed;
	bool			traced;

	/* Written by calls that take the lock. */
	raw_spinlock_t		lock ____cacheline_aligned_in_smp;
	unsigned int		checks;
	const struct fa_pool_ops *ops;
	struct fa_central	central;
	struct fa_chunks	chunks;
	unsigned long		total;
	unsigned long		reserve;
	unsigned long		capacity;
	unsigned long		peak;

	/* Written by growth and trim, and by calls that fail. */
	atomic_long_t		failures;
	struct fa_account	account;
	struct fa_refill	refill;
	struct fa_growth	growth;
	struct mutex		grow_lock;	/* see the top of this file */
	struct fa_trim_looked	looked;
	struct fa_handles	handles;

	/* Each in separate cache lines. */
	struct fa_percpu	percpu;
	struct fa_waitq		waitq;

	/* Rarely written. */
	struct fa_deferred	deferred;
	struct fa_debug		debug;
	struct shrinker		*shrinker;
	struct fastalloc_config	cfg;
	char			name[FASTALLOC_NAME_LEN];
	const struct module	*owner;
	char			owner_name[MODULE_NAME_LEN];
	struct list_head	node;
	struct list_head	dead;
	u64			id;
	struct kref		ref;
	bool			live;
	bool			rcu;
	struct dentry		*dir;
	struct rcu_head		rcu_head;
};

void fa_pool_detour(struct fastalloc_pool *pool, bool on);

static inline unsigned long fa_in_use(const struct fastalloc_pool *pool)
{
	return pool->head.allocs - pool->head.frees;
}

static inline bool fa_is_percpu(const struct fastalloc_pool *pool)
{
	return pool->sync == FASTALLOC_SYNC_PERCPU;
}

static inline bool fa_is_dead(const struct fastalloc_pool *pool)
{
	return READ_ONCE(pool->path) == FA_PATH_DEAD;
}

static inline bool fa_is_growing(const struct fastalloc_pool *pool)
{
	return pool->growth.kind != FASTALLOC_GROWTH_NONE;
}

static inline int fa_node(const struct fastalloc_pool *pool)
{
	return pool->cfg.flags & FASTALLOC_F_NODE ? pool->cfg.node : NUMA_NO_NODE;
}

/* Free objects keep their content, for the constructor or for RCU readers. */
static inline bool fa_content_stays(const struct fastalloc_pool *pool)
{
	return pool->cfg.ctor || pool->cfg.dtor ||
	       (pool->cfg.flags & FASTALLOC_F_TYPESAFE_BY_RCU);
}

/* Accounts memory that the pool gets, or gives back if @bytes is negative. */
static inline void fa_charge(struct fastalloc_pool *pool, enum fa_mem_kind kind, long bytes)
{
	atomic_long_add(bytes, &pool->account.bytes[kind]);
}

/*
 * The low-water mark rises with the capacity, in proportion, but by no more than the
 * default mark would. Otherwise a high mark would make the pool grow without end. Call with
 * the lock held.
 */
static inline unsigned long fa_low_mark_at(const struct fastalloc_pool *pool,
					   unsigned long capacity)
{
	unsigned long base = pool->refill.low_base, low = pool->refill.low_water;
	u64 more = capacity > base ? capacity - base : 0;

	return low + min(div_u64(low * more, base), more / 32);
}

/* Call with the lock held. */
static inline void fa_set_low_mark(struct fastalloc_pool *pool)
{
	WRITE_ONCE(pool->refill.low_mark, fa_low_mark_at(pool, pool->capacity));
}

/* Adds @objects, which may be negative, to the total. Call with the lock held. */
static inline void fa_add_total(struct fastalloc_pool *pool, long objects)
{
	if (pool->ops->new_epoch)
		pool->ops->new_epoch(pool);
	pool->total += objects;
	WRITE_ONCE(pool->capacity, pool->total > pool->reserve ?
				   pool->total - pool->reserve : 0);
	fa_set_low_mark(pool);
}

#endif /* FASTALLOC_POOL_H */
