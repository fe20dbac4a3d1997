/* SPDX-License-Identifier: GPL-2.0 */
/* What single and bulk calls share: what is done before and after one. See alloc.c. */
#ifndef FASTALLOC_ALLOC_H
#define FASTALLOC_ALLOC_H

#include <linux/compiler.h>
#include <linux/printk.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

#include "pool.h"

/*
 * The way a call takes. A deferred destroy may change it meanwhile; either way is right
 * then. Not READ_ONCE(), which costs an instruction, for it keeps the compiler from
 * comparing in memory.
 */
#define fa_path(pool)	data_race((pool)->path)

/* Nothing is done to an object but to hand it around. */
static inline bool fa_path_is_bare(const struct fastalloc_pool *pool)
{
	u8 path = fa_path(pool);

	return path >= FA_PATH_LIST || path == FA_PATH_CACHE;
}

/* SPINLOCK and NONE: nothing is done to an object but to zero it. */
static inline bool fa_path_is_list(const struct fastalloc_pool *pool)
{
	return fa_path(pool) >= FA_PATH_LIST_ZERO;
}

/* What is freed, where its owner wants nothing left of it. */
static inline void fa_pool_wipe(struct fastalloc_pool *pool, void *obj)
{
	if (pool->init_on_free)
		memset(obj, 0, pool->cfg.obj_size);
}

/*
 * Called in any context, and by all CPUs at once when the pool is exhausted, so it does no
 * more than count. The peak is known from percpu.min_full.
 */
static inline void fa_pool_failed(struct fastalloc_pool *pool)
{
	atomic_long_inc(&pool->failures);
}

/* Found where it is wrong, not only when the pool happens to be empty. */
static inline void fa_pool_might_grow(struct fastalloc_pool *pool, gfp_t gfp)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) && fa_is_growing(pool))
		might_alloc(gfp);
}

/* Before an allocation: is what the caller asks for to be had at all? */
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

/* The owner of a NONE pool keeps calls apart; with checks we see to it. */
static inline bool fa_pool_enter(struct fastalloc_pool *pool)
{
	return !pool->checks || pool->sync != FASTALLOC_SYNC_NONE ||
	       fa_debug_enter(pool);
}

static inline void fa_pool_leave(struct fastalloc_pool *pool)
{
	if (pool->checks && pool->sync == FASTALLOC_SYNC_NONE)
		fa_debug_leave(pool);
}

void fa_post_alloc_hook(struct fastalloc_pool *pool, gfp_t gfp, void *obj, unsigned long ip);
void fa_post_alloc_hook_bulk(struct fastalloc_pool *pool, gfp_t gfp, unsigned int nr,
			     void **objs, unsigned long ip);
void fa_pool_free(struct fastalloc_pool *pool, void *obj, unsigned long ip, bool put);

#endif /* FASTALLOC_ALLOC_H */
