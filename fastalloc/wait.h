/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that wait for an object, and calls that may sleep in a pool: see wait.c. */
#ifndef FASTALLOC_WAIT_H
#define FASTALLOC_WAIT_H

#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct fastalloc_pool;

/**
 * struct fa_waitq - tasks that wait for an object
 * @lock: guards the following members up to @dying
 * @waiters: tasks that sleep, in the order of arrival
 * @nr: number of @waiters; a zombie adds one that never leaves
 * @handed: objects that a PERCPU pool has handed to waiters, which no CPU counts
 * @waits: allocations that slept
 * @waited: a task has waited, so @wake may be pending
 * @dying: no task may wait any more
 * @calls: number of calls in the pool that may sleep, see fa_call_begin(); not under @lock
 * @wake: hands free objects to waiters; of a zombie, checks whether the pool can go
 */
struct fa_waitq {
	raw_spinlock_t		lock ____cacheline_aligned_in_smp;
	struct list_head	waiters;
	unsigned int		nr;
	unsigned long		handed;
	u64			waits;
	bool			waited;
	bool			dying;
	atomic_t		calls;
	struct irq_work		wake;
};

/*
 * Call after objects were pushed to the depot, or with the pool's lock held, or after it was
 * dropped. In the last case, the caller needs smp_mb() before it if waiters read the changed
 * state without the lock.
 */
static inline void fa_wake_waiters(struct fa_waitq *wq)
{
	/*
	 * Orders the push of an object before the read of ->nr. Pairs with the smp_mb() in
	 * fa_wait_for_object(), between the write of ->nr and the look for an object:
	 * either the waiter finds the object, or we find the waiter. With the lock held,
	 * the lock orders both, as a waiter takes it to look for an object.
	 */
	smp_mb__after_atomic();
	if (unlikely(READ_ONCE(wq->nr)))
		irq_work_queue(&wq->wake);
}

void fa_wait_init(struct fastalloc_pool *pool);
bool fa_call_begin(struct fastalloc_pool *pool);
bool fa_call_try_end(struct fastalloc_pool *pool);
void fa_call_end(struct fastalloc_pool *pool);
void fa_wait_close(struct fastalloc_pool *pool);
void fa_wait_defer(struct fastalloc_pool *pool);
void fa_wait_shut(struct fastalloc_pool *pool);
void fa_wait_exit(struct fastalloc_pool *pool);
void *fa_wait_for_object(struct fastalloc_pool *pool, long timeout, bool killable);

#endif /* FASTALLOC_WAIT_H */
