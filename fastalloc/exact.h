/* SPDX-License-Identifier: GPL-2.0 */
/* The ceiling of PERCPU pools with FASTALLOC_F_EXACT: reserves room for objects. */
#ifndef FASTALLOC_EXACT_H
#define FASTALLOC_EXACT_H

#include "pool.h"

/*
 * Called before objects are taken: reserves room for @nr objects below the capacity, all or
 * none unless @some. Returns how many.
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

/* Called before objects are freed, as the pool may be gone after the last one. */
static inline void fa_exact_give(struct fastalloc_pool *pool, unsigned int nr)
{
	if (unlikely(pool->percpu.exact))
		atomic_long_sub(nr, &pool->percpu.exact_out);
}

/*
 * Returns room for objects that could not be taken. A waiter may have found no room in the
 * meantime.
 */
static inline void fa_exact_undo(struct fastalloc_pool *pool, unsigned int nr)
{
	if (likely(!pool->percpu.exact) || !nr)
		return;
	fa_exact_give(pool, nr);
	fa_wake_waiters(&pool->waitq);
}

#endif /* FASTALLOC_EXACT_H */
