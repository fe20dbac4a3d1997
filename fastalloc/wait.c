// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for an object: first come, first served. A free raises an irq_work, which hands
 * free objects to waiters. So a free wakes no task itself, and may run in any context, with
 * any lock held.
 *
 * The irq_work is a hard one. On PREEMPT_RT others run in a thread of the lowest realtime
 * priority, behind which a waiter of any priority would wait; and they stay pending while
 * their CPU is offline. A hard one runs before its CPU goes offline. It serves a few
 * waiters at a time, then raises itself again, so that interrupts are off for a bounded
 * time. All that it calls takes raw locks only.
 */
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "growth.h"
#include "pool.h"

/* Waiters to serve in one run of the irq_work. */
#define FA_WAKE_BATCH		16

/* Added to ->calls once the pool is being destroyed. */
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
 * Hands an object to the first waiter, or NULL once the pool has been closed. Returns
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
		/*
		 * Under the lock, without which the waiter could return and free its stack
		 * frame.
		 */
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

/* Waits for an object. Returns NULL after @timeout jiffies, or a fatal signal if @killable. */
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

	/* The last waiter that left may have left objects on this CPU. */
	if (pool->ops->wait_queued)
		pool->ops->wait_queued(pool);
	/*
	 * Orders the write of ->nr before the look for an object. Pairs with the
	 * smp_mb__after_atomic() in fa_wake_waiters().
	 */
	smp_mb();
	fa_wait_wake(&pool->waitq.wake);

	if (killable)
		wait_for_completion_killable_timeout(&w.done, timeout);
	else
		wait_for_completion_timeout(&w.done, timeout);

	raw_spin_lock_irqsave(&pool->waitq.lock, flags);
	if (!list_empty(&w.node))
		fa_wait_leave(pool, &w);
	/* The object came just before destroy, which waits for us and must find it free. */
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
 * Calls that may sleep in the pool, for memory, for grow_lock or for an object, are counted
 * in ->calls from fa_call_begin() to their end. Destroy waits for that end. A call that
 * finds the pool closed at its end gives back what it has got. Beginning and end are each
 * one atomic operation on the word that destroy marks, so a call either has ended before
 * the mark, or sees it.
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

/* Ends a call, unless the pool has been closed: then the call is still counted. */
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

	/* The pool may be gone after this, so only its address is used. */
	if (atomic_dec_return(calls) == FA_CALLS_CLOSED)
		wake_up_var(calls);
}

/*
 * On destroy, first of all: waiters get NULL, and no task may begin to wait. Runs in any
 * context but NMI, so it leaves the waking to ->wake.
 */
void fa_wait_close(struct fastalloc_pool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->waitq.lock, flags);
	if (!pool->waitq.dying) {
		WRITE_ONCE(pool->waitq.dying, true);
		/* A full barrier, see fa_call_begin(). */
		atomic_add_return(FA_CALLS_CLOSED, &pool->waitq.calls);
	}
	if (!list_empty(&pool->waitq.waiters))
		irq_work_queue(&pool->waitq.wake);
	raw_spin_unlock_irqrestore(&pool->waitq.lock, flags);
}

/*
 * Defers the destroy of a closed pool until its last object comes back. To a free it looks
 * as if a task waited, so each free raises ->wake once the worker, which is first queued
 * here, has shut the caches.
 */
void fa_wait_defer(struct fastalloc_pool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->waitq.lock, flags);
	WRITE_ONCE(pool->deferred.zombie, true);
	WRITE_ONCE(pool->waitq.nr, pool->waitq.nr + 1);
	/* The pool cannot go in here: a grace period waits for this CPU. */
	irq_work_queue(&pool->waitq.wake);
	raw_spin_unlock_irqrestore(&pool->waitq.lock, flags);
}

/*
 * Called by the worker of a zombie, before it waits for a grace period and sums up what is
 * allocated. A free that finds its cache open has preemption off from before it reads
 * ->cap, so it is complete, and counted, after that grace period. A later free finds the
 * cache shut and raises ->wake, which queues the worker again.
 */
void fa_wait_shut(struct fastalloc_pool *pool)
{
	if (!pool->ops->wait_begin || pool->deferred.caches_shut)
		return;
	pool->deferred.caches_shut = true;
	pool->ops->wait_begin(pool);
}

/* On destroy of a closed pool: waits until all calls have ended. */
void fa_wait_exit(struct fastalloc_pool *pool)
{
	/*
	 * Orders what the calls did to the pool before the rest of destroy. Pairs with the
	 * atomic_dec_return() in fa_call_end().
	 */
	wait_var_event(&pool->waitq.calls,
		       atomic_read_acquire(&pool->waitq.calls) == FA_CALLS_CLOSED);
	if (pool->waitq.waited || pool->deferred.zombie)
		irq_work_sync(&pool->waitq.wake);
}
