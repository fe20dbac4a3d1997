/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool, made of the structures of the files that work on them.
 *
 * Locks, outer to inner:
 *	fa_pools_lock		the list of pools (mutex, pools.c)
 *	grow_lock		growth by callers who may sleep; trim (mutex)
 *	percpu.shut_lock	who shuts the CPUs' caches (mutex); nothing inside it
 *	waitq.lock		waiters (raw spinlock)
 *	lock			free objects, counters, the set of chunks (raw spinlock,
 *				interrupts saved; not taken by pools of sync NONE, whose
 *				owner stands in for it; PERCPU: only what growth and trim
 *				change). In all pools: refill.planned, the ranges of
 *				indices, the table of blocks of magazines
 *
 * Chunks are added with or without grow_lock, since growth in place cannot take it, and
 * taken away only with it.
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
 * enum fa_path - which way a call on a pool takes
 * @FA_PATH_DEAD: the pool has been destroyed; only its descriptor is still held
 * @FA_PATH_FULL: all of it: hooks, checks, handles, sanitizers, or an exact ceiling; or the
 *	pool is being destroyed
 * @FA_PATH_CACHE_ZERO: PERCPU, and nothing to do but to zero objects
 * @FA_PATH_CACHE: PERCPU, and objects are only handed around: inline
 * @FA_PATH_LIST_ZERO: SPINLOCK or NONE, and nothing to do but to zero objects
 * @FA_PATH_LIST: SPINLOCK or NONE, and objects are only handed around
 * @FA_PATH_OWNER: the same of NONE and LIFO, with a window: inline for the owner
 * @FA_PATH_LOCKED: the same of SPINLOCK and LIFO, with a window for those who hold the lock
 *
 * Set by fa_pool_open(); fa_pool_close() makes it %FA_PATH_FULL, and the end of destroy
 * %FA_PATH_DEAD.
 */
enum fa_path {
	FA_PATH_DEAD,
	FA_PATH_FULL,
	FA_PATH_CACHE_ZERO,
	FA_PATH_CACHE,
	FA_PATH_LIST_ZERO,
	FA_PATH_LIST,
	FA_PATH_OWNER,
	FA_PATH_LOCKED,
};

/**
 * struct fa_pool_ops - how the two kinds of pool differ, for all but the hot paths
 * @init: makes what the pool needs before its first chunk; may be NULL
 * @exit: frees it
 * @prepare: before a chunk is made: makes room for so many objects; may be NULL
 * @attach: adds a chunk and its objects, or leaves all as it was. Any context, if gfp does
 *	not allow blocking.
 * @set_mark: the capacity has changed, or the pool can grow again: where the low-water mark
 *	lies. With the lock held.
 * @new_epoch: the capacity is about to change: notes the peak so far; may be NULL. With
 *	the lock held.
 * @flush: brings free objects to where @scan finds them; may be NULL
 * @scan: shows every free object to found(), which says whether it keeps it. With grow_lock
 *	held.
 * @put_back: makes those free again that found() has kept of a chunk
 * @trimmed: chunks have gone: gives back what the pool does not need any more
 * @drain: on destroy: calls fn() for every free object that was out before
 * @in_use: objects that are out
 * @frees: objects taken back since creation, or since the counters were reset
 * @stats: fills in a snapshot
 * @reset: begins the counters anew
 * @take: an object for a waiter, or NULL. With waitq.lock held, as @give.
 * @give: takes it back: the waiter is not to have it after all
 * @wait_begin: a task is about to wait: frees go where it looks; may be NULL
 * @wait_queued: it is in line; may be NULL
 * @wait_end: it has left the line; may be NULL
 */
struct fa_pool_ops {
	int (*init)(struct fastalloc_pool *pool);
	void (*exit)(struct fastalloc_pool *pool);
	int (*prepare)(struct fastalloc_pool *pool, unsigned long objects, gfp_t gfp);
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
 * @zombie: that it is one
 * @caches_shut: @work has shut the CPUs' caches for good
 * @work: does that, and looks whether the pool can go
 * @done: called when it has gone, or NULL
 * @done_arg: for @done
 * @node: in the list of such pools
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
 * @head: what the inline path reads, and what the owner of a NONE pool writes; must come
 *	first. Its counters are under @lock, as all from @central to @peak.
 * @sync: as configured
 * @order: as configured
 * @path: enum fa_path
 * @init_on_alloc: objects are zeroed when they are handed out
 * @init_on_free: and when they are freed
 * @rcu: chunks go only after an RCU grace period, for lookups without a lock
 * @sanitize: KASAN, kmemleak and KMSAN are told of objects, faults injected
 * @rcu_frees: fastalloc_free_rcu() was called
 * @closed: destroy has begun, so allocations are refused
 * @checks: what is checked, of FASTALLOC_F_DEBUG
 * @ops: the kind of pool
 * @lock: see the top of this file. Not in the line of @head, which the inline path of every
 *	CPU reads.
 * @central: SPINLOCK and NONE: free objects
 * @chunks: all chunks
 * @total: objects of chunks that trim does not isolate
 * @reserve: objects that are not promised, of a PERCPU pool: see percpu.c
 * @capacity: @total less @reserve
 * @peak: most objects out at once
 * @failures: allocations that failed
 * @bytes: memory held, bookkeeping included
 * @refill: growth
 * @growth: the rule for it
 * @grow_lock: see the top of this file
 * @looked: what trim saw when it looked last; under @grow_lock
 * @handles: of objects
 * @percpu: PERCPU: the caches
 * @waitq: tasks that wait for an object
 * @deferred: of fastalloc_pool_destroy_deferred()
 * @debug: what checks have found
 * @shrinker: with FASTALLOC_F_SHRINKER
 * @cfg: as validated, with defaults filled in; the name points to @name
 * @name: the copy of the name
 * @owner: the module that created it
 * @owner_name: a copy of its name, or "-" of what is built in
 * @node: in the list of pools
 * @ref: one until it is destroyed, and those of fastalloc_pool_get()
 * @live: creation is complete, readers may look; under fa_pools_lock
 * @dir: in debugfs
 * @rcu_head: frees it when nobody walks the list of pools any more
 */
struct fastalloc_pool {
	/* Read by every call. */
	struct fastalloc_head	head;
	u8			sync;
	u8			order;
	u8			path;
	bool			init_on_alloc;
	bool			init_on_free;
	bool			rcu;
	bool			sanitize;
	bool			rcu_frees;
	bool			closed;

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
	atomic_long_t		bytes;
	struct fa_refill	refill;
	struct fa_growth	growth;
	struct mutex		grow_lock;	/* see the top of this file */
	struct fa_trim_looked	looked;
	struct fa_handles	handles;

	/* Each in cache lines of its own. */
	struct fa_percpu	percpu;
	struct fa_waitq		waitq;

	/* Written seldom. */
	struct fa_deferred	deferred;
	struct fa_debug		debug;
	struct shrinker		*shrinker;
	struct fastalloc_config	cfg;
	char			name[FASTALLOC_NAME_LEN];
	const struct module	*owner;
	char			owner_name[MODULE_NAME_LEN];
	struct list_head	node;
	struct kref		ref;
	bool			live;
	struct dentry		*dir;
	struct rcu_head		rcu_head;
};

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

/* Free objects have content: of a constructor, or for readers that come late. */
static inline bool fa_content_stays(const struct fastalloc_pool *pool)
{
	return pool->cfg.ctor || pool->cfg.dtor ||
	       (pool->cfg.flags & FASTALLOC_F_TYPESAFE_BY_RCU);
}

/* Memory that the pool holds, or holds no more. */
static inline void fa_charge(struct fastalloc_pool *pool, long bytes)
{
	atomic_long_add(bytes, &pool->bytes);
}

/*
 * The low-water mark rises with the capacity: in proportion, but by no more than the
 * default would, or a high mark would make the pool grow for ever. Call with the
 * lock held.
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

/* Objects are promised, or no longer. Call with the lock held. */
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
