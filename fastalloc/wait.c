// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for an object: first come, first served. A free raises an irq_work,
 * which hands free objects to waiters; so a free wakes nobody itself and may
 * come from any context, with any lock held.
 *
 * The irq_work is a hard one: on PREEMPT_RT others are run by a thread of the lowest
 * realtime priority, behind which a waiter of any priority would wait; and they
 * stay where they are while their CPU is offline. A hard one runs before its CPU
 * goes. It serves few waiters at a time, then raises itself again, so that
 * interrupts are off for a bounded time; all that it calls takes raw locks only.
 */
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "growth.h"
#include "pool.h"

/* Waiters that are served at a time. */
#define FA_WAKE_BATCH		16

/* In ->calls, beside their number: the pool is being destroyed. */
#define FA_CALLS_CLOSED		INT_MIN

struct fa_waiter {
	struct list_head	node;
	struct completion	done;
	void			*obj;
};

static void fa_wait_leave(struct fastalloc_pool *pool, struct fa_waiter *w)
{
	list_del_init(&w->node);
	WRITE_ONCE(pool->waitq.nr, pool->waitq.nr - 1);
}

/*
 * The first waiter gets an object; or, once the pool has been closed, none. Returns
 * whether there may be more to do.
 */
static bool fa_wait_serve(struct fastalloc_pool *pool)
{
	struct fa_waiter *w;
	unsigned long flags;
	void *obj = NULL;
	bool served;

	raw_spin_lock_irqsave(&pool->waitq.lock, flags);
	w = list_first_entry_or_null(&pool->waitq.waiters, struct fa_waiter, node);
	if (w && likely(!pool->waitq.dying))
		obj = pool->ops->take(pool);
	served = w && (obj || pool->waitq.dying);
	if (served) {
		w->obj = obj;
		fa_wait_leave(pool, w);
		/* Under the lock: it keeps the waiter's stack frame there. */
		complete(&w->done);
	}
	raw_spin_unlock_irqrestore(&pool->waitq.lock, flags);
	return served;
}

static void fa_wait_wake(struct irq_work *wake)
{
	struct fastalloc_pool *pool = container_of(wake, struct fastalloc_pool, waitq.wake);
	unsigned int left = FA_WAKE_BATCH;

	while (left && fa_wait_serve(pool))
		left--;
	if (!left) {
		if (READ_ONCE(pool->waitq.nr))
			irq_work_queue(&pool->waitq.wake);
	} else if (unlikely(READ_ONCE(pool->deferred.zombie))) {
		fa_growth_queue(&pool->deferred.work);
	}
}

/* An object, or NULL after @timeout jiffies or, if @killable, a fatal signal. */
void *fa_wait_for_object(struct fastalloc_pool *pool, long timeout, bool killable)
{
	struct fa_waiter w = {};
	unsigned long flags;

	init_completion(&w.done);
	if (pool->ops->wait_begin)
		pool->ops->wait_begin(pool);
	raw_spin_lock_irqsave(&pool->waitq.lock, flags);
	if (pool->waitq.dying) {
		raw_spin_unlock_irqrestore(&pool->waitq.lock, flags);
		goto out;
	}
	list_add_tail(&w.node, &pool->waitq.waiters);
	WRITE_ONCE(pool->waitq.nr, pool->waitq.nr + 1);
	pool->waitq.waits++;
	pool->waitq.waited = true;
	raw_spin_unlock_irqrestore(&pool->waitq.lock, flags);

	/* Whoever left the last before us may have left objects here. */
	if (pool->ops->wait_queued)
		pool->ops->wait_queued(pool);
	/* Pairs with the barrier in fa_wake_waiters(). */
	smp_mb();
	fa_wait_wake(&pool->waitq.wake);

	if (killable)
		wait_for_completion_killable_timeout(&w.done, timeout);
	else
		wait_for_completion_timeout(&w.done, timeout);

	raw_spin_lock_irqsave(&pool->waitq.lock, flags);
	if (!list_empty(&w.node))
		fa_wait_leave(pool, &w);
	/* Got it just before: destroy, which waits for us, is to find it free. */
	if (pool->waitq.dying && w.obj) {
		pool->ops->give(pool, w.obj);
		w.obj = NULL;
	}
	raw_spin_unlock_irqrestore(&pool->waitq.lock, flags);
out:
	if (pool->ops->wait_end)
		pool->ops->wait_end(pool);
	return w.obj;
}

void fa_wait_init(struct fastalloc_pool *pool)
{
	raw_spin_lock_init(&pool->waitq.lock);
	INIT_LIST_HEAD(&pool->waitq.waiters);
	mutex_init(&pool->percpu.shut_lock);
	pool->waitq.wake = IRQ_WORK_INIT_HARD(fa_wait_wake);
}

/*
 * Calls that may sleep in the pool, for memory, for grow_lock or for an object, count
 * in ->calls from fa_call_begin() to their end, which destroy waits for. A call that
 * finds the pool closed at its end gives back what it has got. Beginning and end
 * are each one atomic operation on the word that destroy marks, so a call either
 * has ended before the mark, or sees it.
 *
 * fa_call_begin() returns whether the pool is open. If not, the call is over.
 */
bool fa_call_begin(struct fastalloc_pool *pool)
{
	if (likely(atomic_inc_return(&pool->waitq.calls) > 0))
		return true;
	fa_call_end(pool);
	return false;
}

/* Ends a call, unless the pool has been closed: then it is still under way. */
bool fa_call_try_end(struct fastalloc_pool *pool)
{
	int old = atomic_read(&pool->waitq.calls);

	do {
		if (unlikely(old < 0))
			return false;
	} while (!atomic_try_cmpxchg(&pool->waitq.calls, &old, old - 1));
	return true;
}

void fa_call_end(struct fastalloc_pool *pool)
{
	atomic_t *calls = &pool->waitq.calls;

	/* Then the pool may be gone: only its address is used. */
	if (atomic_dec_return(calls) == FA_CALLS_CLOSED)
		wake_up_var(calls);
}

/*
 * On destroy, before anything else: those who wait get nothing, nobody may begin to.
 * In any context but NMI, so it leaves it to ->wake to tell them.
 */
void fa_wait_close(struct fastalloc_pool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->waitq.lock, flags);
	if (!pool->waitq.dying) {
		WRITE_ONCE(pool->waitq.dying, true);
		/* Orders as a full barrier: see fa_call_begin(). */
		atomic_add_return(FA_CALLS_CLOSED, &pool->waitq.calls);
	}
	if (!list_empty(&pool->waitq.waiters))
		irq_work_queue(&pool->waitq.wake);
	raw_spin_unlock_irqrestore(&pool->waitq.lock, flags);
}

/*
 * The closed pool is to be destroyed when its last object comes back. To every free
 * it looks as if somebody waited, so each one raises ->wake; from when the worker,
 * which is first queued here, has shut the caches.
 */
void fa_wait_defer(struct fastalloc_pool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->waitq.lock, flags);
	WRITE_ONCE(pool->deferred.zombie, true);
	WRITE_ONCE(pool->waitq.nr, pool->waitq.nr + 1);
	/* In here the pool cannot go: a grace period waits for us. */
	irq_work_queue(&pool->waitq.wake);
	raw_spin_unlock_irqrestore(&pool->waitq.lock, flags);
}

/*
 * By the worker of a zombie, before it waits for a grace period and sums up what is
 * out. A free that finds its cache open has preemption off from before it looks, so
 * it is over, and counted, after that grace period; a later one finds the cache shut
 * and raises ->wake, which queues the worker again.
 */
void fa_wait_shut(struct fastalloc_pool *pool)
{
	if (!pool->ops->wait_begin || pool->deferred.caches_shut)
		return;
	pool->deferred.caches_shut = true;
	pool->ops->wait_begin(pool);
}

/* On destroy, of a closed pool. Returns when all calls have ended. */
void fa_wait_exit(struct fastalloc_pool *pool)
{
	/* What they did to the pool happens before what follows. */
	wait_var_event(&pool->waitq.calls,
		       atomic_read_acquire(&pool->waitq.calls) == FA_CALLS_CLOSED);
	if (pool->waitq.waited || pool->deferred.zombie)
		irq_work_sync(&pool->waitq.wake);
}
