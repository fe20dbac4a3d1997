// SPDX-License-Identifier: GPL-2.0
/*
 * Single allocations and frees: the slow halves of what the header has inline, and the
 * full path with all that the owner of the pool wants done.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/debug_locks.h>
#include <linux/fastalloc_handle.h>
#include <linux/rcupdate.h>

#include "alloc.h"
#include "compat.h"
#include "exact.h"
#include "lock.h"
#include "report.h"
#include "sanitize.h"

#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
void __fastalloc_debug_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	fa_pool_might_grow(pool, gfp);
}
FASTALLOC_EXPORT(__fastalloc_debug_alloc);
#endif

#ifdef CONFIG_LOCKDEP
/* A lock that is held must not go with its object; of constructed objects it stays. */
void __fastalloc_debug_free(struct fastalloc_pool *pool, const void *obj, unsigned int nr)
{
	if (!pool->cfg.ctor)
		debug_check_no_locks_freed(obj, (nr - 1) * pool->chunks.stride +
					   pool->cfg.obj_size);
}
FASTALLOC_EXPORT(__fastalloc_debug_free);
#endif

/* After an allocation: what the caller, and the pool's owner, want done. */
static inline void fa_post_alloc(struct fastalloc_pool *pool, gfp_t gfp, void *obj,
				 unsigned long ip)
{
	bool zero = (gfp & __GFP_ZERO) || pool->init_on_alloc;

	if (pool->sanitize)
		fa_san_open(pool, obj);
	if (pool->checks)
		fa_debug_alloc(pool, obj, ip);
	if (pool->sanitize)
		fa_san_alloc(pool, obj, zero, gfp);
	if (zero)
		memset(obj, 0, pool->cfg.obj_size);
	if (pool->cfg.on_acquire)
		pool->cfg.on_acquire(obj, pool->cfg.arg);
	/* Then who gets a reference to it sees all that. */
	if (pool->handles.on)
		fa_handle_alloc(pool, obj);
}

void fa_post_alloc_hook(struct fastalloc_pool *pool, gfp_t gfp, void *obj, unsigned long ip)
{
	fa_post_alloc(pool, gfp, obj, ip);
}

void fa_post_alloc_hook_bulk(struct fastalloc_pool *pool, gfp_t gfp, unsigned int nr,
			     void **objs, unsigned long ip)
{
	unsigned int i;

	if (fa_path_is_bare(pool) && !(gfp & __GFP_ZERO))
		return;
	for (i = 0; i < nr; i++)
		fa_post_alloc(pool, gfp, objs[i], ip);
}

/* An object, and one reference of it: is it to be freed? Reported if it may not. */
static inline bool fa_pool_may_free(struct fastalloc_pool *pool, void *obj,
				    unsigned long ip, bool put)
{
	if (pool->handles.on || put) {
		if (!fa_handle_drop(pool, obj, put))
			return false;
	} else if (unlikely(fa_is_dead(pool))) {
		rcu_read_lock();
		fa_fault(pool, "free after the pool was destroyed", obj, NULL, NULL);
		rcu_read_unlock();
		return false;
	}
	if (pool->checks)
		return fa_debug_may_free(pool, obj, ip);
	/*
	 * This order can tell, too, before anything is done to what is no object.
	 * Who gave up the last reference may be late: the chunk may be gone.
	 */
	return pool->handles.on || pool->order != FASTALLOC_ORDER_LOWEST ||
	       fa_central_may_free(pool, obj, 1);
}

/*
 * Before a free: whether it may be, and the owner's hook. What is not an object,
 * or not out, must not reach it. @put: only one reference is given up.
 */
static inline bool fa_pre_free_hook(struct fastalloc_pool *pool, void *obj,
				    unsigned long ip, bool put)
{
	/* Once a reference is given up, another CPU may free the object, and a zombie go. */
	bool guarded = pool->checks && pool->sync == FASTALLOC_SYNC_NONE, ok;

	if (guarded && !fa_debug_enter(pool))
		return false;
	ok = fa_pool_may_free(pool, obj, ip, put);
	if (guarded)
		fa_debug_leave(pool);
	if (!ok)
		return false;
	/* Not while we are in: a hook may call into the pool. */
	if (pool->cfg.on_release)
		pool->cfg.on_release(obj, pool->cfg.arg);
	return true;
}

/* One try, with nothing of what the owner of the pool wants done. */
static inline void *fa_pool_take(struct fastalloc_pool *pool)
{
	struct fastalloc_cache *c;
	void *obj;

	if (!fa_is_percpu(pool))
		return fa_central_alloc(pool);
	if (!fa_exact_take(pool, 1, false))
		return NULL;
	preempt_disable();
	c = this_cpu_ptr(pool->percpu.cache);
	obj = fa_cache_alloc(pool, c, __fastalloc_claim(c));
	preempt_enable();
	if (unlikely(!obj))
		fa_exact_undo(pool, 1);
	return obj;
}

static inline void fa_pool_give(struct fastalloc_pool *pool, void *obj)
{
	struct fastalloc_cache *c;

	if (!fa_is_percpu(pool)) {
		if (!fa_pool_enter(pool)) {
			fa_debug_not_freed(pool, obj);
			if (pool->handles.on)
				fa_handle_alloc(pool, obj);
			return;
		}
		fa_central_free(pool, obj);
		fa_pool_leave(pool);
		return;
	}
	fa_exact_give(pool, 1);
	preempt_disable();
	c = this_cpu_ptr(pool->percpu.cache);
	fa_cache_free(pool, c, obj, __fastalloc_claim(c));
	preempt_enable();
}

/*
 * Full free path. If the pool is destroyed concurrently, return without touching the
 * object.
 */
void fa_pool_free(struct fastalloc_pool *pool, void *obj, unsigned long ip, bool put)
{
	bool may_lock;

	if (!fa_pre_free_hook(pool, obj, ip, put))
		return;
	/* All others have looked before; this may not have been the last reference. */
	if (put)
		__fastalloc_debug_free(pool, obj, 1);
	/* Asked here: without PREEMPT_RCU what follows looks like atomic context. */
	may_lock = FA_SANITIZERS && fa_may_lock();
	rcu_read_lock();
	if (likely(!fa_is_dead(pool))) {
		fa_pool_wipe(pool, obj);
		if (pool->checks)
			fa_debug_freed(pool, obj);
		if (pool->sanitize)
			fa_san_free(pool, obj, may_lock);
		fa_pool_give(pool, obj);
	}
	rcu_read_unlock();
}

/* Takes an object, growing the pool where that is allowed. */
static void *fa_pool_take_or_grow(struct fastalloc_pool *pool, gfp_t gfp)
{
	unsigned int tries = 0;
	void *obj;

	if (fa_fail(pool->chunks.stride) || !fa_pool_enter(pool))
		return NULL;
	while (unlikely(!(obj = fa_pool_take(pool))))
		if (!fa_pool_refill(pool, gfp, 1, false, tries++))
			break;
	fa_pool_leave(pool);
	return obj;
}

static void *fa_pool_alloc(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	void *obj;

	if (!fa_pool_may_alloc(pool, gfp))
		return NULL;
	obj = fa_pool_take_or_grow(pool, gfp);
	if (unlikely(!obj))
		fa_pool_failed(pool);
	else
		fa_post_alloc(pool, gfp, obj, ip);
	return obj;
}

static void *fa_alloc_owned(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	void *obj = fa_path_is_list(pool) ? fa_central_alloc(pool) : NULL;

	if (unlikely(!obj))
		return fa_pool_alloc(pool, gfp, ip);
	if (pool->init_on_alloc) {
		fa_pool_might_grow(pool, gfp);
		memset(obj, 0, pool->cfg.obj_size);
	}
	return obj;
}

/* The window shows nothing to pop, or there is none. */
void *__fastalloc_alloc_owned(struct fastalloc_pool *pool, gfp_t gfp)
{
	return fa_alloc_owned(pool, gfp, _RET_IP_);
}
FASTALLOC_EXPORT(__fastalloc_alloc_owned);

static void fa_free_owned(struct fastalloc_pool *pool, void *obj, unsigned long ip)
{
	if (!fa_path_is_list(pool)) {
		fa_pool_free(pool, obj, ip, false);
		return;
	}
	fa_pool_wipe(pool, obj);
	fa_central_free(pool, obj);
}

/* The window has no room, or there is none. */
void __fastalloc_free_owned(struct fastalloc_pool *pool, void *obj)
{
	fa_free_owned(pool, obj, _RET_IP_);
}
FASTALLOC_EXPORT(__fastalloc_free_owned);

/* Out of line so that the common path saves no callee-saved registers. */
static noinline void *fa_alloc_unlocked(struct fastalloc_pool *pool, gfp_t gfp,
					unsigned long ip)
{
	preempt_enable();
	return fa_alloc_owned(pool, gfp, ip);
}

static noinline void *fa_alloc_locked(struct fastalloc_pool *pool, gfp_t gfp,
				      unsigned long flags, unsigned long ip)
	__releases(&pool->lock)
{
	return fa_central_alloc_locked(pool, flags) ?: fa_pool_alloc(pool, gfp, ip);
}

/* As the inline code does, in a pool that zeroes. Preemption is on again at the end. */
static noinline void *fa_alloc_zeroing(struct fastalloc_pool *pool, gfp_t gfp,
				       unsigned long ip)
{
	struct fastalloc_cache *c = this_cpu_ptr(pool->percpu.cache);
	unsigned long n = __fastalloc_claim(c);
	void *obj;

	if (unlikely(!__fastalloc_cache_pop(c, n, &obj)))
		obj = fa_cache_alloc(pool, c, n);
	preempt_enable();
	if (unlikely(!obj))
		return fa_pool_alloc(pool, gfp, ip);
	fa_pool_might_grow(pool, gfp);
	if (pool->init_on_alloc)
		memset(obj, 0, pool->cfg.obj_size);
	return obj;
}

/*
 * The path of a pool of which a cache has just been claimed. Destroy stores the path before
 * it makes the pool show a bypass cache; so a caller that has claimed a bypass cache does
 * not see %FA_PATH_CACHE, and does not release a claim that it does not hold.
 */
static __always_inline u8 fa_path_claimed(struct fastalloc_pool *pool)
{
	/* After the read of head.cache. Pairs with the smp_wmb() in fa_pool_close(). */
	smp_rmb();
	return fa_path(pool);
}

static noinline void *fa_alloc_cached(struct fastalloc_pool *pool, gfp_t gfp, u32 n,
				      unsigned long ip)
{
	u8 path = fa_path_claimed(pool);
	void *obj;

	if (path == FA_PATH_CACHE) {
		obj = fa_cache_alloc(pool, this_cpu_ptr(pool->percpu.cache), n);
		preempt_enable();
		return likely(obj) ? obj : fa_pool_alloc(pool, gfp, ip);
	}
	/* The claim was of a bypass cache, which need not be released. */
	if (path == FA_PATH_CACHE_ZERO)
		return fa_alloc_zeroing(pool, gfp, ip);
	preempt_enable();
	if (__fastalloc_may_pop(&pool->head.window))
		return __fastalloc_pop(&pool->head, &pool->head.window);
	return fa_alloc_owned(pool, gfp, ip);
}

/*
 * The cache was empty, busy or a bypass cache; preemption is off, and on again at the end.
 * Inlined, so that _RET_IP_ is the caller of the exported function, and is read where it is needed.
 */
static __always_inline void *fa_alloc_slow(struct fastalloc_pool *pool, gfp_t gfp, u32 n)
{
	unsigned long flags;
	void *obj;

	if (fa_path(pool) != FA_PATH_LOCKED)
		return fa_alloc_cached(pool, gfp, n, _RET_IP_);
	if (!fa_trylock_irqsave(&pool->lock, flags))
		return fa_alloc_unlocked(pool, gfp, _RET_IP_);
	if (!__fastalloc_may_pop(&pool->central.locked))
		return fa_alloc_locked(pool, gfp, flags, _RET_IP_);
	obj = __fastalloc_pop(&pool->head, &pool->central.locked);
	fa_unlock_irqrestore(&pool->lock, flags);
	return obj;
}

void *__fastalloc_alloc_slow(struct fastalloc_pool *pool, gfp_t gfp, u32 n)
{
	return fa_alloc_slow(pool, gfp, n);
}
FASTALLOC_EXPORT(__fastalloc_alloc_slow);

static noinline void fa_free_unlocked(struct fastalloc_pool *pool, void *obj)
{
	preempt_enable();
	fa_central_free(pool, obj);
}

static noinline void fa_free_zeroing(struct fastalloc_pool *pool, void *obj)
{
	struct fastalloc_cache *c;
	unsigned long n;

	if (pool->init_on_free) {
		/* May be long. */
		preempt_enable();
		memset(obj, 0, pool->cfg.obj_size);
		preempt_disable();
	}
	c = this_cpu_ptr(pool->percpu.cache);
	n = __fastalloc_claim(c);
	if (unlikely(!__fastalloc_cache_push(c, n, obj)))
		fa_cache_free(pool, c, obj, n);
	preempt_enable();
}

static noinline void fa_free_cached(struct fastalloc_pool *pool, void *obj, u32 n,
				    unsigned long ip)
{
	u8 path = fa_path_claimed(pool);

	if (path == FA_PATH_CACHE) {
		fa_cache_free(pool, this_cpu_ptr(pool->percpu.cache), obj, n);
		preempt_enable();
		return;
	}
	if (path == FA_PATH_CACHE_ZERO) {
		fa_free_zeroing(pool, obj);
		return;
	}
	preempt_enable();
	if (__fastalloc_may_push(&pool->head.window))
		__fastalloc_push(&pool->head, &pool->head.window, obj);
	else
		fa_free_owned(pool, obj, ip);
}

/* The cache was full, busy, shut or a bypass cache; likewise. */
static __always_inline void fa_free_slow(struct fastalloc_pool *pool, void *obj, u32 n)
{
	unsigned long flags;

	if (fa_path(pool) != FA_PATH_LOCKED) {
		fa_free_cached(pool, obj, n, _RET_IP_);
	} else if (!fa_trylock_irqsave(&pool->lock, flags)) {
		fa_free_unlocked(pool, obj);
	} else if (!__fastalloc_may_push(&pool->central.locked)) {
		fa_central_free_locked(pool, obj, flags);
	} else {
		__fastalloc_push(&pool->head, &pool->central.locked, obj);
		fa_unlock_irqrestore(&pool->lock, flags);
	}
}

void __fastalloc_free_slow(struct fastalloc_pool *pool, void *obj, u32 n)
{
	fa_free_slow(pool, obj, n);
}
FASTALLOC_EXPORT(__fastalloc_free_slow);

void fastalloc_put(struct fastalloc_pool *pool, void *obj)
{
	if (obj)
		fa_pool_free(pool, obj, _RET_IP_, true);
}
FASTALLOC_EXPORT(fastalloc_put);

static void fa_pool_free_rcu(struct rcu_head *rcu)
{
	struct fastalloc_rcu_head *head;

	head = container_of(rcu, struct fastalloc_rcu_head, rcu);
	fastalloc_free(head->pool, head->obj);
}

void fastalloc_free_rcu(struct fastalloc_pool *pool, void *obj,
			struct fastalloc_rcu_head *head)
{
	if (!obj)
		return;
	if (unlikely(fa_is_dead(pool))) {
		fa_pool_free(pool, obj, _RET_IP_, false);
		return;
	}
	if (pool->sync == FASTALLOC_SYNC_NONE) {
		pr_err_ratelimited("pool %s: sync=none: no free after a grace period, object %p stays out\n",
				   pool->name, obj);
		return;
	}
	head->pool = pool;
	head->obj = obj;
	/* Once only: the inline path of every CPU reads from this cache line. */
	if (!READ_ONCE(pool->rcu_frees))
		WRITE_ONCE(pool->rcu_frees, true);
	fa_call_rcu(&head->rcu, fa_pool_free_rcu);
}
FASTALLOC_EXPORT(fastalloc_free_rcu);

static __always_inline void *fa_zalloc(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	void *obj;

	if (fa_path(pool) > FA_PATH_FULL && !pool->cfg.ctor) {
		fa_pool_might_grow(pool, gfp);
		obj = fastalloc_alloc(pool, gfp & ~__GFP_ZERO);
		if (likely(obj) && !pool->init_on_alloc)
			memset(obj, 0, pool->cfg.obj_size);
		return obj;
	}
	return fa_pool_alloc(pool, gfp | __GFP_ZERO, ip);
}

/* See the header. */
void *fastalloc_zalloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	return fa_zalloc(pool, gfp, _RET_IP_);
}
FASTALLOC_EXPORT(fastalloc_zalloc);

/* What the header has inline, for callers to whom its size matters. */
void *fastalloc_alloc_call(struct fastalloc_pool *pool, gfp_t gfp)
{
	struct fastalloc_cache *c;
	unsigned long n;
	void *obj;

	if (unlikely(gfp & __GFP_ZERO))
		return fa_zalloc(pool, gfp, _RET_IP_);

	__fastalloc_debug_alloc(pool, gfp);
	preempt_disable();
	c = __fastalloc_this_cache(pool);
	n = __fastalloc_claim(c);
	if (!__fastalloc_cache_pop(c, n, &obj))
		return fa_alloc_slow(pool, gfp, n);
	preempt_enable();
	return obj;
}
FASTALLOC_EXPORT(fastalloc_alloc_call);

void fastalloc_free_call(struct fastalloc_pool *pool, void *obj)
{
	struct fastalloc_cache *c;
	unsigned long n;

	if (unlikely(!obj))
		return;

	__fastalloc_debug_free(pool, obj, 1);
	preempt_disable();
	c = __fastalloc_this_cache(pool);
	n = __fastalloc_claim(c);
	if (__fastalloc_cache_push(c, n, obj))
		preempt_enable();
	else
		fa_free_slow(pool, obj, n);
}
FASTALLOC_EXPORT(fastalloc_free_call);

static void *fa_pool_alloc_wait(struct fastalloc_pool *pool, gfp_t gfp,
				long timeout, bool killable, unsigned long ip)
{
	/* Nobody but the owner of a NONE pool, who is here, could free one. */
	bool wait = timeout > 0 && pool->sync != FASTALLOC_SYNC_NONE;
	void *obj = NULL;

	might_sleep();
	if (!fa_call_begin(pool))
		return NULL;
	if (!fa_pool_may_alloc(pool, gfp))
		goto out;
	/* Others have waited longer; but they could not grow the pool. */
	if (!wait || !READ_ONCE(pool->waitq.nr) || fastalloc_pool_can_grow(pool))
		obj = fa_pool_take_or_grow(pool, gfp);
	if (!obj && wait)
		obj = fa_wait_for_object(pool, timeout, killable);
	if (!obj)
		fa_pool_failed(pool);
	else
		fa_post_alloc(pool, gfp, obj, ip);
out:
	if (likely(fa_call_try_end(pool)))
		return obj;
	/* Destroy has begun, and waits for this call. */
	if (obj)
		fa_pool_free(pool, obj, ip, false);
	fa_call_end(pool);
	return NULL;
}

void *fastalloc_alloc_timeout(struct fastalloc_pool *pool, gfp_t gfp, long timeout)
{
	return fa_pool_alloc_wait(pool, gfp, timeout, false, _RET_IP_);
}
FASTALLOC_EXPORT(fastalloc_alloc_timeout);

void *fastalloc_alloc_killable(struct fastalloc_pool *pool, gfp_t gfp, long timeout)
{
	return fa_pool_alloc_wait(pool, gfp, timeout, true, _RET_IP_);
}
FASTALLOC_EXPORT(fastalloc_alloc_killable);
