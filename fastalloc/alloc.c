// SPDX-License-Identifier: GPL-2.0
/*
 * Single allocations and frees: the slow paths of the inline functions, and the full path
 * with checks, hooks, zeroing and handles.
 *
 * An allocation (CACHE stands for FA_PATH_CACHE, and so on):
 *
 *	fastalloc_alloc()                     __fastalloc_alloc()
 *	pops from the CPU's cache (CACHE)     pops from the window (OWNER)
 *	     |                                     |
 *	     | empty, busy or bypass cache         | window empty or closed
 *	     v                                     |
 *	fa_alloc_slow()                            |
 *	     |                                     |
 *	     +------------------+------------------+---------------+
 *	     |                  |                  |               |
 *	   CACHE,             LOCKED            OWNER, LIST,     FULL
 *	   CACHE_ZERO           |               LIST_ZERO          |
 *	     v                  v                  v               |
 *	pop from the       pop from the      pop from the window   |
 *	cache (_ZERO);     window under      (OWNER), or from      |
 *	load the spare,    the lock, or      the list              |
 *	or a magazine of   from the list           |               |
 *	the depot; busy:        |                  |               |
 *	from the depot          |                  |               |
 *	     |                  |                  |               |
 *	     +------------------+------------------+               |
 *	                        | no free object                   |
 *	                        v                                  |
 *	                fa_pool_alloc() <--------------------------+
 *	                        |
 *	   +------------------> | <------- fastalloc_alloc_timeout(),
 *	   |                    v          fastalloc_alloc_killable()
 *	   |    fa_pool_take(): from the cache and depot, or from the list
 *	   |                    | no free object
 *	   |                    v
 *	   +---- fa_pool_refill(): grow the pool, or ask the worker to
 *	                        | still no free object
 *	                        v
 *	    only _timeout() and _killable(), which wait at once if other
 *	    tasks wait and the pool cannot grow: fa_wait_for_object()
 *
 * An allocation that got its object in the lower half ends with fa_post_alloc(). The paths
 * HANDLES and CHECK are in safe.c: like CACHE_ZERO there is one attempt to pop from the cache,
 * then fa_pool_alloc(); a free that is not common goes on in fa_pool_free(). A free:
 *
 *	fastalloc_free()                      __fastalloc_free()
 *	pushes to the CPU's cache (CACHE)     pushes to the window (OWNER)
 *	     |                                     |
 *	     | full, busy, shut or bypass cache    | window full or closed
 *	     v                                     |
 *	fa_free_slow()                             |
 *	     |                                     |
 *	     +------------------+------------------+---------------+
 *	     |                  |                  |               |
 *	   CACHE,             LOCKED            OWNER, LIST,     FULL, DEAD
 *	   CACHE_ZERO           |               LIST_ZERO          |
 *	     v                  v                  v               v
 *	push to the        push to the       push to the         fa_pool_free():
 *	cache (_ZERO);     window under      window (OWNER), or  checks, hook, zeroing;
 *	load the spare,    the lock, or      to the list         then cache or list;
 *	or a magazine of   to the list             |             DEAD: refused
 *	the depot; busy         |                  |               |
 *	or shut: to the         |                  |               |
 *	depot                   |                  |               |
 *	     |                  |                  |               |
 *	     +------------------+------------------+---------------+
 *	                        | if a task waits
 *	                        v
 *	      fa_wait_wake(), in an irq_work, hands it a free object
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/debug_locks.h>
#include <linux/fastalloc_handle.h>
#include <linux/rcupdate.h>
#include <linux/timekeeping.h>

#include "alloc.h"
#include "compat.h"
#include "exact.h"
#include "lock.h"
#include "report.h"
#include "safe.h"
#include "sanitize.h"

#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
void __fastalloc_debug_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	fa_pool_might_grow(pool, gfp);
}
FASTALLOC_EXPORT(__fastalloc_debug_alloc);
#endif

#ifdef CONFIG_LOCKDEP
/* Reports a lock that is held in a freed object. Constructed objects keep their locks. */
void __fastalloc_debug_free(struct fastalloc_pool *pool, const void *obj, unsigned int nr)
{
	if (!pool->cfg.ctor)
		debug_check_no_locks_freed(obj, (nr - 1) * pool->chunks.stride +
					   pool->cfg.obj_size);
}
FASTALLOC_EXPORT(__fastalloc_debug_free);
#endif

/* Everything that is done to an object after it was taken. */
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
	/* Last, so that a task that gets a reference sees all of the above. */
	if (pool->handles.on)
		fa_handle_alloc(pool, obj);
	if (fa_traces_alloc(pool))
		fa_trace_alloc(pool, gfp, obj, ip);
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
	for (i = 0; i < nr; i++) {
		fa_post_alloc(pool, gfp, objs[i], ip);
		fa_resched(i + 1, gfp);
	}
}

/* Drops one reference. Returns whether the object is to be freed; reports an invalid free. */
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
	 * LOWEST can detect an invalid free without checks, before the hook sees the
	 * pointer. With handles this is unsafe: the last reference may be dropped late,
	 * when the chunk is gone.
	 */
	return pool->handles.on || pool->order != FASTALLOC_ORDER_LOWEST ||
	       fa_central_may_free(pool, obj, 1);
}

/*
 * Validates a free, then calls on_release. The hook must not see a pointer that is not an
 * allocated object. @put: drop one reference only.
 */
static inline bool fa_pre_free_hook(struct fastalloc_pool *pool, void *obj,
				    unsigned long ip, bool put)
{
	/*
	 * After the reference is dropped, another CPU may free the object, and a zombie may
	 * go.
	 */
	bool guarded = pool->checks && pool->sync == FASTALLOC_SYNC_NONE, ok;

	if (guarded && !fa_debug_enter(pool))
		return false;
	ok = fa_pool_may_free(pool, obj, ip, put);
	if (guarded)
		fa_debug_leave(pool);
	if (!ok)
		return false;
	/* Outside of the guarded section, since a hook may call into the pool. */
	if (pool->cfg.on_release)
		pool->cfg.on_release(obj, pool->cfg.arg);
	return true;
}

/* One attempt to take an object, without hooks, checks or zeroing. */
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
		fa_exact_give(pool, 1);
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
	preempt_disable();
	c = this_cpu_ptr(pool->percpu.cache);
	fa_cache_free(pool, c, obj, __fastalloc_claim(c));
	/* With preemption off, for which a deferred destroy waits. */
	fa_exact_give(pool, 1);
	preempt_enable();
}

/*
 * Full free path. If the pool is destroyed concurrently, return without touching the
 * object.
 */
void fa_pool_free(struct fastalloc_pool *pool, void *obj, unsigned long ip, bool put)
{
	if (!fa_pre_free_hook(pool, obj, ip, put))
		return;
	/*
	 * Other frees were checked earlier. For a put it is known only now that the object
	 * goes.
	 */
	if (put)
		__fastalloc_debug_free(pool, obj, 1);
	if (fa_traces_free(pool))
		fa_trace_free(pool, obj, ip);
	fa_pool_free_checked(pool, obj);
}

/* The second part of a free: the object belongs to the caller, and the hook was called. */
void fa_pool_free_checked(struct fastalloc_pool *pool, void *obj)
{
	bool may_lock;

	/*
	 * Evaluate this first: without PREEMPT_RCU, rcu_read_lock() looks like atomic
	 * context.
	 */
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

/* Takes an object, growing the pool where that is allowed. The caller has entered the pool. */
static void *fa_pool_take_or_grow(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	unsigned int tries = 0;
	void *obj;

	while (unlikely(!(obj = fa_pool_take(pool))))
		if (!fa_pool_refill(pool, gfp, 1, false, tries++, ip))
			break;
	fa_pool_leave(pool);
	return obj;
}

void *fa_pool_alloc(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	void *obj;

	if (!fa_pool_may_alloc(pool, gfp) || !fa_pool_try_enter(pool, pool->chunks.stride))
		return NULL;
	obj = fa_pool_take_or_grow(pool, gfp, ip);
	if (unlikely(!obj))
		fa_pool_exhausted(pool, 1, ip);
	else
		fa_post_alloc(pool, gfp, obj, ip);
	return obj;
}

static noinline void *fa_alloc_owned(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	void *obj;

	if (fa_path(pool) == FA_PATH_SAFE_LIST) {
		preempt_disable();
		return fa_alloc_safe(pool, gfp, ip);
	}
	obj = fa_path_is_list(pool) ? fa_central_alloc(pool) : NULL;
	if (unlikely(!obj))
		return fa_pool_alloc(pool, gfp, ip);
	if (pool->init_on_alloc) {
		fa_pool_might_grow(pool, gfp);
		memset(obj, 0, pool->cfg.obj_size);
	}
	return obj;
}

/* The window is empty or closed. */
void *__fastalloc_alloc_owned(struct fastalloc_pool *pool, gfp_t gfp)
{
	return fa_alloc_owned(pool, gfp, _RET_IP_);
}
FASTALLOC_EXPORT(__fastalloc_alloc_owned);

static noinline void fa_free_owned(struct fastalloc_pool *pool, void *obj, unsigned long ip)
{
	if (fa_path(pool) == FA_PATH_SAFE_LIST) {
		preempt_disable();
		fa_free_safe(pool, obj, ip);
		return;
	}
	if (!fa_path_is_list(pool)) {
		fa_pool_free(pool, obj, ip, false);
		return;
	}
	fa_pool_wipe(pool, obj);
	fa_central_free(pool, obj);
}

/* The window is full or closed. */
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
	void *obj = fa_central_alloc_locked(pool, flags);

	return obj ? fa_pool_zero(pool, obj) : fa_pool_alloc(pool, gfp, ip);
}

/*
 * The inline path for a pool that zeroes otherwise than the kernel. Called with preemption
 * off; enables it.
 */
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
 * Whether the inline code has claimed the pool's own cache, which must then be released. A
 * bypass cache needs no release. The answer comes from the pointer that the claim was made
 * through, not from ->path: destroy changes both, and the pointer only once, from the pool's
 * caches to the bypass caches. If it still shows the pool's own, that was claimed.
 */
static __always_inline bool fa_claimed_own(struct fastalloc_pool *pool)
{
	/* data_race: destroy may change it at any time. */
	return data_race(pool->head.cache) == pool->percpu.cache;
}

/* These are calls at the end of the common path, which so saves no more registers. */
static noinline __cold void *fa_alloc_traced(struct fastalloc_pool *pool, gfp_t gfp, void *obj,
					     unsigned long ip)
{
	fa_pool_zero(pool, obj);
	fa_trace_alloc(pool, gfp, obj, ip);
	return obj;
}

static noinline __cold void fa_free_traced(struct fastalloc_pool *pool, void *obj,
					   unsigned long n, unsigned long ip)
{
	fa_trace_free(pool, obj, ip);
	fa_cache_free(pool, this_cpu_ptr(pool->percpu.cache), obj, n);
	preempt_enable();
}

static noinline void *fa_alloc_claimed(struct fastalloc_pool *pool, gfp_t gfp,
				       unsigned long n, unsigned long ip)
{
	void *obj = fa_cache_alloc(pool, this_cpu_ptr(pool->percpu.cache), n);

	preempt_enable();
	if (unlikely(!obj))
		return fa_pool_alloc(pool, gfp, ip);
	return fa_traces_alloc(pool) ? fa_alloc_traced(pool, gfp, obj, ip) :
				       fa_pool_zero(pool, obj);
}

/* Its calls are at its end, so that it saves no registers. */
static noinline void *fa_alloc_cached(struct fastalloc_pool *pool, gfp_t gfp, unsigned long n,
				      unsigned long ip)
{
	if (fa_claimed_own(pool))
		return fa_alloc_claimed(pool, gfp, n, ip);
	if (!fa_path_is_plain(pool))
		return fa_path(pool) == FA_PATH_CACHE_ZERO ? fa_alloc_zeroing(pool, gfp, ip) :
							     fa_alloc_safe(pool, gfp, ip);
	preempt_enable();
	if (__fastalloc_may_pop(&pool->head.window))
		return fa_pool_zero(pool, __fastalloc_pop(&pool->head, &pool->head.window));
	return fa_alloc_owned(pool, gfp, ip);
}

/*
 * The cache was empty, busy or a bypass cache. Called with preemption off; enables it.
 * Always inline, so that _RET_IP_ is the caller of the exported function, and is read only
 * where it is needed.
 */
static __always_inline void *fa_alloc_slow(struct fastalloc_pool *pool, gfp_t gfp,
					   unsigned long n)
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
	return fa_pool_zero(pool, obj);
}

void *__fastalloc_alloc_slow(struct fastalloc_pool *pool, gfp_t gfp, unsigned long n)
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
		/* This may take long. */
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

static noinline void fa_free_claimed(struct fastalloc_pool *pool, void *obj, unsigned long n,
				     unsigned long ip)
{
	if (fa_traces_free(pool)) {
		fa_free_traced(pool, obj, n, ip);
		return;
	}
	fa_cache_free(pool, this_cpu_ptr(pool->percpu.cache), obj, n);
	preempt_enable();
}

/* As fa_alloc_cached(). */
static noinline void fa_free_cached(struct fastalloc_pool *pool, void *obj, unsigned long n,
				    unsigned long ip)
{
	if (fa_claimed_own(pool)) {
		fa_free_claimed(pool, obj, n, ip);
		return;
	}
	if (!fa_path_is_plain(pool)) {
		if (fa_path(pool) == FA_PATH_CACHE_ZERO)
			fa_free_zeroing(pool, obj);
		else
			fa_free_safe(pool, obj, ip);
		return;
	}
	preempt_enable();
	if (__fastalloc_may_push(&pool->head.window))
		__fastalloc_push(&pool->head, &pool->head.window, obj);
	else
		fa_free_owned(pool, obj, ip);
}

/* The cache was full, busy, shut or a bypass cache. As fa_alloc_slow(). */
static __always_inline void fa_free_slow(struct fastalloc_pool *pool, void *obj,
					 unsigned long n)
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

void __fastalloc_free_slow(struct fastalloc_pool *pool, void *obj, unsigned long n)
{
	fa_free_slow(pool, obj, n);
}
FASTALLOC_EXPORT(__fastalloc_free_slow);

void fastalloc_put(struct fastalloc_pool *pool, void *obj)
{
	if (!obj)
		return;
	preempt_disable();
	fa_put_safe(pool, obj, _RET_IP_);
}
FASTALLOC_EXPORT(fastalloc_put);

/* What a scope or an owned handle gives up. */
void __fastalloc_drop_slow(struct fastalloc_pool *pool, void *obj, unsigned long n)
{
	/* The claim was that of a bypass cache, which needs no release. */
	if (pool->handles.on)
		fa_put_safe(pool, obj, _RET_IP_);
	else
		fa_free_slow(pool, obj, n);
}
FASTALLOC_EXPORT(__fastalloc_drop_slow);

void __fastalloc_drop_call(struct fastalloc_pool *pool, void *obj)
{
	if (!obj)
		return;
	if (pool->handles.on)
		fastalloc_put(pool, obj);
	else
		fastalloc_free_call(pool, obj);
}
FASTALLOC_EXPORT(__fastalloc_drop_call);

static void fa_pool_free_rcu(struct rcu_head *rcu)
{
	struct fastalloc_rcu_head *head;

	head = container_of(rcu, struct fastalloc_rcu_head, rcu);
	__fastalloc_drop(head->pool, head->obj);
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
	/* Write it once only: the inline path of every CPU reads this cache line. */
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

void *fastalloc_zalloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	return fa_zalloc(pool, gfp, _RET_IP_);
}
FASTALLOC_EXPORT(fastalloc_zalloc);

/* Out-of-line versions of the inline functions, for callers that prefer small code. */
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
	return fa_pool_zero(pool, obj);
}
FASTALLOC_EXPORT(fastalloc_alloc_call);

void fastalloc_free_call(struct fastalloc_pool *pool, void *obj)
{
	unsigned long n;

	if (unlikely(!obj))
		return;

	__fastalloc_debug_free(pool, obj, 1);
	if (!__fastalloc_try_free(pool, obj, &n))
		fa_free_slow(pool, obj, n);
}
FASTALLOC_EXPORT(fastalloc_free_call);

static void *fa_pool_wait(struct fastalloc_pool *pool, long timeout, bool killable,
			  unsigned long ip)
{
	u64 begin = trace_fastalloc_wait_end_enabled() ? ktime_get_ns() : 0;
	void *obj;

	trace_fastalloc_wait_begin(pool, ip);
	obj = fa_wait_for_object(pool, timeout, killable);
	if (begin)
		trace_fastalloc_wait_end(pool, ip, ktime_get_ns() - begin, obj);
	return obj;
}

static void *fa_pool_alloc_wait(struct fastalloc_pool *pool, gfp_t gfp,
				long timeout, bool killable, unsigned long ip)
{
	/* In a NONE pool only the owner, which is here, could free an object. */
	bool wait = timeout > 0 && pool->sync != FASTALLOC_SYNC_NONE;
	void *obj = NULL;

	might_sleep();
	if (!fa_call_begin(pool))
		return NULL;
	if (!fa_pool_may_alloc(pool, gfp))
		goto out;
	/*
	 * Do not overtake tasks that wait already, unless the pool can grow: they could not
	 * grow it.
	 */
	if ((!wait || !READ_ONCE(pool->waitq.nr) || fastalloc_pool_can_grow(pool)) &&
	    !fa_fail(pool->chunks.stride) && fa_pool_enter(pool))
		obj = fa_pool_take_or_grow(pool, gfp, ip);
	if (!obj && wait)
		obj = fa_pool_wait(pool, timeout, killable, ip);
	if (!obj)
		fa_pool_exhausted(pool, 1, ip);
	else
		fa_post_alloc(pool, gfp, obj, ip);
out:
	if (likely(fa_call_try_end(pool)))
		return obj;
	/* Destroy has begun, and waits until this call ends. */
	if (obj)
		fa_pool_free(pool, obj, ip, pool->handles.on);
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
