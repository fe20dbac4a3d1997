// SPDX-License-Identifier: GPL-2.0
/*
 * Trace events, and pools that trace every allocation and free.
 *
 * Such a pool must not be used inline. A pool with FASTALLOC_F_TRACE is created so: it has the
 * full path and shows a bypass cache. The file "trace" in debugfs switches any other pool while
 * it is used (not of sync NONE, whose window only its owner may close). fa_pool_detour() makes
 * its path the full one, and closes its window under the pool's lock, or reverts this. A call
 * reads the path once, or again in a function that handles the full path, too; and on each path
 * an operation leaves the pool in the same state. So calls on the old and the new path can run
 * at the same time.
 *
 * That is not enough for a PERCPU pool whose calls are inline, since these do not read the
 * path. Destroy replaces the caches that the pool's head shows by bypass caches. While the pool
 * is used that would be wrong, in both directions: a call that has claimed one and then finds
 * the other does not know what to release (fa_claimed_own()). So the head keeps showing the
 * pool's own caches, and these are made as they are while a task waits for an object. Frees
 * find them shut (fa_percpu_shut()); then they are flushed. An allocation that finds its cache
 * empty while it is shut takes one object from the depot and loads no magazine. So from then on
 * every call goes to the slow path with its cache claimed, which releases it as usual. A cache
 * that was in use when the flush came keeps what it holds, so it is flushed again. No step
 * holds more objects than before or hides any, so what percpu.c promises still holds.
 *
 * To switch off is the reverse. The caches are opened again by the same count that waiters use,
 * so neither opens them for the other.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "lock.h"
#include "pool.h"
#include "trace.h"

/* The context of an event. */
static __maybe_unused u8 fa_trace_context(void)
{
	if (in_nmi())
		return FA_TRACE_NMI;
	if (in_hardirq())
		return FA_TRACE_HARDIRQ;
	return in_serving_softirq() ? FA_TRACE_SOFTIRQ : FA_TRACE_TASK;
}

/* How often caches are flushed that are always in use, and the pause between. */
#define FA_TRACE_FLUSHES	100
#define FA_TRACE_PAUSE_MS	1

static DEFINE_MUTEX(fa_trace_lock);

#define CREATE_TRACE_POINTS
#include <trace/events/fastalloc.h>

static int fa_trace_find(struct fastalloc_pool *pool, const void *obj)
{
	struct fa_chunk *chunk = fa_chunk_find(&pool->chunks, obj);
	unsigned long i;

	if (unlikely(!chunk))
		return -1;
	i = fa_chunk_slot(&pool->chunks, chunk, obj);
	return likely(i < chunk->count) ? (int)(chunk->base + i) : -1;
}

/*
 * The index of an allocated object, or -1 if the pointer is not one. Its chunk stays, but not
 * the others, which the search meets: in pools without ->rcu the lock keeps those.
 */
static int fa_trace_index(struct fastalloc_pool *pool, const void *obj)
{
	unsigned long flags;
	int index;

	if (pool->rcu || fa_is_percpu(pool)) {
		fa_chunk_read_lock();
		index = fa_trace_find(pool, obj);
		fa_chunk_read_unlock();
	} else {
		flags = fa_lock_quiet(pool);
		index = fa_trace_find(pool, obj);
		fa_unlock_quiet(pool, flags);
	}
	return index;
}

noinline void fa_trace_alloc(struct fastalloc_pool *pool, gfp_t gfp, const void *obj,
			     unsigned long ip)
{
	trace_fastalloc_alloc(pool, ip, fa_trace_index(pool, obj), gfp);
}

/* Before the object can be allocated again, so that events of an object are in order. */
noinline void fa_trace_free(struct fastalloc_pool *pool, const void *obj, unsigned long ip)
{
	rcu_read_lock();
	/* As in fa_pool_free_checked(). */
	if (likely(!fa_is_dead(pool)))
		trace_fastalloc_free(pool, ip, fa_trace_index(pool, obj));
	rcu_read_unlock();
}

noinline void fa_trace_exhausted(struct fastalloc_pool *pool, unsigned int wanted,
				 unsigned long ip)
{
	trace_fastalloc_exhausted(pool, ip, wanted, pool->ops->in_use(pool));
}

noinline void fa_trace_destroy(struct fastalloc_pool *pool, bool deferred, unsigned long ip)
{
	trace_fastalloc_destroy(pool, ip, pool->ops->in_use(pool), deferred);
}

/* Counts a violation. @index: of the object, or -1 */
noinline __cold void fa_violation(struct fastalloc_pool *pool, const char *what, int index)
{
	atomic_long_inc(&pool->debug.violations);
	trace_fastalloc_violation(pool, what, index);
}

static bool fa_caches_hold(const struct fastalloc_pool *pool)
{
	int cpu;

	for_each_online_cpu(cpu) {
		if (fa_cache_holds(pool, cpu))
			return true;
	}
	return false;
}

/* Makes every call go out of line, or no longer. */
static void fa_trace_detour(struct fastalloc_pool *pool, bool on)
{
	bool caches = fa_is_percpu(pool) && pool->head.cache == pool->percpu.cache;
	unsigned int i;

	if (caches && on)
		fa_percpu_shut(pool);
	fa_pool_detour(pool, on);
	for (i = 0; caches && on && i < FA_TRACE_FLUSHES && fa_caches_hold(pool); i++) {
		if (i)
			msleep(FA_TRACE_PAUSE_MS);
		fa_percpu_flush(pool);
	}
	if (caches && !on)
		fa_percpu_open(pool);
	/* Calls that have read the old path. */
	synchronize_rcu();
}

/*
 * Switches the trace of allocations and frees. Calls that begin afterwards are traced, or not.
 * Task context, may sleep.
 */
int fa_trace_set(struct fastalloc_pool *pool, bool on)
{
	bool made = pool->cfg.flags & FASTALLOC_F_TRACE;
	int err = 0;

	mutex_lock(&fa_trace_lock);
	if (on != pool->traced) {
		if (!made && pool->sync == FASTALLOC_SYNC_NONE) {
			err = -EOPNOTSUPP;
		} else {
			WRITE_ONCE(pool->traced, on);
			if (!made)
				fa_trace_detour(pool, on);
		}
	}
	mutex_unlock(&fa_trace_lock);
	return err;
}
