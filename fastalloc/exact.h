/* SPDX-License-Identifier: GPL-2.0 */
/* PERCPU pools whose capacity is a ceiling, too (FASTALLOC_F_EXACT): room for objects. */
#ifndef FASTALLOC_EXACT_H
#define FASTALLOC_EXACT_H

#include "pool.h"

/*
 * Before objects are taken: how many of @nr the capacity has room for; all or none unless
 * @some.
 */
static inline unsigned int fa_exact_take(struct fastalloc_pool *pool, unsigned int nr,
					 bool some)
{
	long out, room;

	if (likely(!pool->percpu.exact))
		return nr;
	out = atomic_long_read(&pool->percpu.exact_out);
	do {
		room = (long)READ_ONCE(pool->capacity) - out;
		if (room < (long)nr && (!some || room <= 0))
			return 0;
		nr = min_t(long, nr, room);
	} while (!atomic_long_try_cmpxchg(&pool->percpu.exact_out, &out, out + nr));
	return nr;
}

/* Before objects come back: after the last one the pool may be gone. */
static inline void fa_exact_give(struct fastalloc_pool *pool, unsigned int nr)
{
	if (unlikely(pool->percpu.exact))
		atomic_long_sub(nr, &pool->percpu.exact_out);
}

/*
 * Gives back room for objects that could not be taken after all. A waiter may have found no
 * room in the meantime.
 */
static inline void fa_exact_undo(struct fastalloc_pool *pool, unsigned int nr)
{
	if (likely(!pool->percpu.exact) || !nr)
		return;
	fa_exact_give(pool, nr);
	fa_wake_waiters(&pool->waitq);
}

#endif /* FASTALLOC_EXACT_H */
