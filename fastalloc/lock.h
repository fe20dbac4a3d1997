/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pool's lock. The owner of a pool of sync NONE serializes its calls instead. Code that
 * works on free objects applies the window first, and opens it again; code that only reads
 * counters (_quiet) need not.
 */
#ifndef FASTALLOC_LOCK_H
#define FASTALLOC_LOCK_H

#include "pool.h"

static inline unsigned long fa_lock_quiet(struct fastalloc_pool *pool)
	__acquires(&pool->lock)
{
	unsigned long flags = 0;

	if (pool->sync != FASTALLOC_SYNC_NONE)
		raw_spin_lock_irqsave(&pool->lock, flags);
	else
		__acquire(&pool->lock);
	return flags;
}

static inline void fa_unlock_quiet(struct fastalloc_pool *pool, unsigned long flags)
	__releases(&pool->lock)
{
	if (pool->sync != FASTALLOC_SYNC_NONE)
		raw_spin_unlock_irqrestore(&pool->lock, flags);
	else
		__release(&pool->lock);
}

static inline unsigned long fa_lock(struct fastalloc_pool *pool)
	__acquires(&pool->lock)
{
	unsigned long flags = fa_lock_quiet(pool);

	if (pool->central.window)
		fa_window_settle(pool);
	return flags;
}

static inline void fa_unlock(struct fastalloc_pool *pool, unsigned long flags)
	__releases(&pool->lock)
{
	if (pool->central.window)
		fa_window_open(pool);
	fa_unlock_quiet(pool, flags);
}

/*
 * As raw_spin_trylock_irqsave() and raw_spin_unlock_irqrestore(), for a caller that has
 * preemption off; the unlock enables it. Inline for the fast path, unless a lock debugging
 * option is on.
 */
#if defined(CONFIG_DEBUG_SPINLOCK) || defined(CONFIG_DEBUG_LOCK_ALLOC)
#define fa_trylock_irqsave(lock, flags)					\
	(raw_spin_trylock_irqsave(lock, flags) ? ({ preempt_enable(); 1; }) : 0)
#define fa_unlock_irqrestore(lock, flags)				\
	raw_spin_unlock_irqrestore(lock, flags)
#else
#define fa_trylock_irqsave(lock, flags)					\
({									\
	raw_spinlock_t *__lock = (lock);				\
	unsigned long *__flags = &(flags);				\
									\
	local_irq_save(*__flags);					\
	likely(do_raw_spin_trylock(__lock)) ? ({ __acquire(__lock); 1; }) :	\
		({ local_irq_restore(*__flags); 0; });			\
})

static __always_inline void fa_unlock_irqrestore(raw_spinlock_t *lock,
						 unsigned long flags)
	__releases(lock)
{
	do_raw_spin_unlock(lock);
	local_irq_restore(flags);
	preempt_enable();
}
#endif

#endif /* FASTALLOC_LOCK_H */
