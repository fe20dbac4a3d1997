/* SPDX-License-Identifier: GPL-2.0 */
/* The ceiling of PERCPU pools with FASTALLOC_F_EXACT: reserves room for objects. */
#ifndef FASTALLOC_EXACT_H
#define FASTALLOC_EXACT_H

#include "pool.h"

/*
 * Gives room back. Called once the objects are free again, or if they could not be taken: a
 * caller that takes the room must find the objects. A waiter may have found objects but no
 * room.
 */
static inline void fa_exact_give(struct fastalloc_pool *pool, unsigned int nr)
{
	if (likely(!pool->percpu.exact) || !nr)
		return;
	atomic_long_sub(nr, &pool->percpu.exact_out);
	fa_wake_waiters(&pool->waitq);
}

/*
 * Called before objects are taken: reserves room for @nr objects below the capacity, all or
 * none unless @some. Returns how many.
 */
static inline unsigned int fa_exact_take(struct fastalloc_pool *pool, unsigned int nr,
					 bool some)
{
	long out, room, got;

	if (likely(!pool->percpu.exact))
		return nr;
	for (;;) {
		out = atomic_long_read(&pool->percpu.exact_out);
		do {
			room = (long)READ_ONCE(pool->capacity) - out;
			if (room < (long)nr && (!some || room <= 0))
				return 0;
			got = min_t(long, nr, room);
		} while (!atomic_long_try_cmpxchg(&pool->percpu.exact_out, &out, out + got));
		/*
		 * The exchange orders the write of ->exact_out before this read of ->capacity.
		 * Pairs with the smp_mb() in fa_exact_exceeded(): either this sees the lower
		 * capacity, or trim sees the room that is taken.
		 */
		if (likely(out + got <= (long)READ_ONCE(pool->capacity)))
			return got;
		fa_exact_give(pool, got);
	}
}

/* Whether more objects are allocated than the capacity, which trim has just lowered. */
static inline bool fa_exact_exceeded(struct fastalloc_pool *pool)
{
	if (likely(!pool->percpu.exact))
		return false;
	/*
	 * Orders the write of ->capacity before the read of ->exact_out. Pairs with the exchange
	 * in fa_exact_take().
	 */
	smp_mb();
	return atomic_long_read(&pool->percpu.exact_out) > (long)READ_ONCE(pool->capacity);
}

#endif /* FASTALLOC_EXACT_H */
