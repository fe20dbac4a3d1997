/* SPDX-License-Identifier: GPL-2.0 */
/* Steps that single and bulk calls share, before and after an operation. See alloc.c. */
#ifndef FASTALLOC_ALLOC_H
#define FASTALLOC_ALLOC_H

#include <linux/compiler.h>
#include <linux/printk.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

#include "pool.h"
#include "trace.h"

/*
 * The path of a call. A deferred destroy may change it concurrently; the old and the new
 * path are both correct then. Not READ_ONCE(), which costs an instruction, as it keeps the
 * compiler from comparing in memory.
 */
#define fa_path(pool)	data_race((pool)->path)

/* Objects need neither hooks, checks nor zeroing. */
static inline bool fa_path_is_bare(const struct fastalloc_pool *pool)
{
	u8 path = fa_path(pool);

	return (path >= FA_PATH_LIST || path == FA_PATH_CACHE) && !pool->init_on_alloc;
}

/* Objects need nothing; SPINLOCK and NONE: at most zeroing. */
static inline bool fa_path_is_plain(const struct fastalloc_pool *pool)
{
	return fa_path(pool) > FA_PATH_CACHE_ZERO;
}

/* SPINLOCK and NONE: objects need at most zeroing. */
static inline bool fa_path_is_list(const struct fastalloc_pool *pool)
{
	return fa_path(pool) >= FA_PATH_LIST_ZERO;
}

/* As the inline path does, for an object that was taken on the same path. */
static __always_inline void *fa_pool_zero(const struct fastalloc_pool *pool, void *obj)
{
	return __fastalloc_zero(&pool->head, obj, 0);
}

/* Zeroes a freed object if the pool is configured to. */
static inline void fa_pool_wipe(struct fastalloc_pool *pool, void *obj)
{
	if (pool->init_on_free)
		memset(obj, 0, pool->cfg.obj_size);
}

/*
 * Called in any context, and by all CPUs at once when the pool is exhausted, so it only
 * counts. The peak is known from depot.min_free.
 */
static inline void fa_pool_failed(struct fastalloc_pool *pool)
{
	atomic_long_inc(&pool->failures);
}

/*
 * Reports a sleeping allocation in atomic context on every call, not only when the pool is
 * empty.
 */
static inline void fa_pool_might_grow(struct fastalloc_pool *pool, gfp_t gfp)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) && fa_is_growing(pool))
		might_alloc(gfp);
}

/* Checks before an allocation: is the pool open, and are the flags valid? */
static inline bool fa_pool_may_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	if (unlikely(READ_ONCE(pool->closed)))
		return false;
	fa_pool_might_grow(pool, gfp);

	if (unlikely(gfp & __GFP_ZERO) && pool->cfg.ctor) {
		pr_err_ratelimited("pool %s: zeroing would undo the constructor\n",
				   pool->name);
		fa_pool_failed(pool);
		return false;
	}
	return true;
}

/* The owner of a NONE pool serializes its calls. With checks, verify that. */
static inline bool fa_pool_enter(struct fastalloc_pool *pool)
{
	return !pool->checks || pool->sync != FASTALLOC_SYNC_NONE ||
	       fa_debug_enter(pool);
}

/*
 * Begins an allocation of @size bytes. If a failure is injected, or the owner of a NONE pool is
 * not alone, the allocation fails although the pool may have objects.
 */
static inline bool fa_pool_try_enter(struct fastalloc_pool *pool, size_t size)
{
	if (likely(!fa_fail(size) && fa_pool_enter(pool)))
		return true;
	fa_pool_failed(pool);
	return false;
}

static inline void fa_pool_leave(struct fastalloc_pool *pool)
{
	if (pool->checks && pool->sync == FASTALLOC_SYNC_NONE)
		fa_debug_leave(pool);
}

/* The pool has no @wanted free objects, and cannot get them. */
static inline void fa_pool_exhausted(struct fastalloc_pool *pool, unsigned int wanted,
				     unsigned long ip)
{
	fa_pool_failed(pool);
	if (trace_fastalloc_exhausted_enabled())
		fa_trace_exhausted(pool, wanted, ip);
}

void *fa_pool_alloc(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip);
void fa_post_alloc_hook(struct fastalloc_pool *pool, gfp_t gfp, void *obj, unsigned long ip);
void fa_post_alloc_hook_bulk(struct fastalloc_pool *pool, gfp_t gfp, unsigned int nr,
			     void **objs, unsigned long ip);
void fa_pool_free(struct fastalloc_pool *pool, void *obj, unsigned long ip, bool put);
void fa_pool_free_checked(struct fastalloc_pool *pool, void *obj);

#endif /* FASTALLOC_ALLOC_H */
