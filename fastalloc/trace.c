// SPDX-License-Identifier: GPL-2.0
/*
 * Trace events, and pools that trace every allocation and free.
 *
 * Such a pool must not be used through the inline path. A pool that is created with
 * FASTALLOC_F_TRACE has FA_PATH_FULL from the start, and its head points to the bypass cache.
 * The file "trace" in debugfs switches other pools while they are used (not those of sync NONE,
 * as only their owner may close the window of the inline path). fa_pool_detour() changes ->path
 * to FA_PATH_FULL and closes the window, or reverts this, both under the pool's lock. A call may
 * find the old or the new path. It reads ->path twice only where the second function also
 * handles FA_PATH_FULL. An operation leaves the pool in the same state on each path, so calls on
 * both can overlap.
 *
 * That is not enough for a PERCPU pool whose calls are inline, since these do not read the path.
 * Destroy replaces the caches that the pool's head points to by bypass caches. While the pool is
 * used that would be wrong, in both directions: a call that has claimed one and then finds the
 * other does not know what to release (fa_claimed_own()). So the head keeps pointing to the
 * pool's own caches, and these are put into the state that they have while a task waits for an
 * object. Frees find them shut (fa_percpu_shut()); then, after a grace period, they are flushed.
 * An allocation that finds its cache empty while it is shut takes one object from the depot and
 * loads no magazine. So from then on every call goes to the slow path with its cache claimed,
 * which releases it as usual. A cache that is in use when the flush comes keeps what it holds,
 * so it is flushed again, up to FA_TRACE_FLUSHES times. No step lets a cache hold more objects
 * than before or makes objects unreachable, so what percpu.c promises still holds.
 *
 * To switch off is the reverse. The caches are opened again by the same count that waiters use,
 * so neither opens them for the other.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "lock.h"
#include "pool.h"
#include "trace.h"

/* Frames among which the caller of fastalloc must be. */
#define FA_TRACE_FRAMES		16

/* The context of an event. */
static __maybe_unused u8 fa_trace_context(void)
{
	if (in_nmi())
		return FA_TRACE_NMI;
	if (in_hardirq())
		return FA_TRACE_HARDIRQ;
	return in_serving_softirq() ? FA_TRACE_SOFTIRQ : FA_TRACE_TASK;
}

/*
 * The function outside fastalloc that has led here, or 0 if that is not known: for events so
 * far below an exported function that its caller is not passed to them.
 */
static __maybe_unused unsigned long fa_trace_caller(void)
{
#if defined(CONFIG_STACKTRACE) && defined(MODULE)
	unsigned long entries[FA_TRACE_FRAMES];
	unsigned int i, nr = stack_trace_save(entries, ARRAY_SIZE(entries), 0);

	for (i = 0; i < nr; i++)
		if (!within_module(entries[i], THIS_MODULE))
			return entries[i];
#endif
	return 0;
}

/* How often a cache is flushed that is in use each time, and the pause between. */
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
	return likely(i < chunk->count) ? fa_chunk_number(chunk, i) : -1;
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

/*
 * Flushes each cache once, at a moment at which no operation uses it. Shut, it stays empty.
 * CPUs that have never used the pool are not interrupted. Destroy may leave a cache in use for
 * good.
 */
static void fa_trace_empty(struct fastalloc_pool *pool)
{
	unsigned int i;
	int cpu;

	for_each_online_cpu(cpu) {
		if (!READ_ONCE(per_cpu_ptr(pool->percpu.cache, cpu)->size) &&
		    !fa_cache_holds(pool, cpu))
			continue;
		for (i = 1; !fa_percpu_flush_cpu(pool, cpu); i++) {
			if (i == FA_TRACE_FLUSHES || READ_ONCE(pool->closed))
				break;
			msleep(FA_TRACE_PAUSE_MS);
		}
	}
	fa_wake_waiters(&pool->waitq);
}

/* Makes every call go out of line (@on), or restores the inline path. */
static void fa_trace_detour(struct fastalloc_pool *pool, bool on)
{
	bool caches = fa_is_percpu(pool) && READ_ONCE(pool->head.cache) == pool->percpu.cache;

	if (caches && on)
		fa_percpu_shut(pool);
	fa_pool_detour(pool, on);
	if (caches && !on)
		fa_percpu_open(pool);
	/* Wait for calls that have read the old path, or found their cache open. */
	synchronize_rcu();
	if (caches && on)
		fa_trace_empty(pool);
}

/*
 * Switches the trace of allocations and frees. Calls that begin after the return are traced if
 * @on, else not; see the head of this file for objects in a cache that is always in use.
 * Task context, may sleep.
 */
int fa_trace_set(struct fastalloc_pool *pool, bool on)
{
	bool made = pool->cfg.flags & FASTALLOC_F_TRACE;
	int err = 0;

	mutex_lock(&fa_trace_lock);
	if (on == pool->traced)
		goto unlock;
	if (!made && pool->sync == FASTALLOC_SYNC_NONE) {
		err = -EOPNOTSUPP;
		goto unlock;
	}
	/*
	 * The free of an object must be traced if its allocation was. So events begin when no
	 * call is inline, and end before one is.
	 */
	if (!on)
		WRITE_ONCE(pool->traced, false);
	if (!made)
		fa_trace_detour(pool, on);
	if (on)
		WRITE_ONCE(pool->traced, true);
unlock:
	mutex_unlock(&fa_trace_lock);
	return err;
}
