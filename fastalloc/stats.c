// SPDX-License-Identifier: GPL-2.0
/* Counters to a snapshot, and the queries on a pool. */
#include "compat.h"
#include "internal.h"

/* data_race: the owner of a NONE pool does not wait for those who only look. */
#define fa_peek(counter)	data_race(counter)

/**
 * fastalloc_pool_capacity() - objects that the pool promises to hand out at once
 * @pool: the pool
 *
 * Context: Any but NMI.
 * Return: The capacity, which growth raises and trim lowers.
 */
unsigned long fastalloc_pool_capacity(struct fastalloc_pool *pool)
{
	return READ_ONCE(pool->capacity);
}
FASTALLOC_EXPORT(fastalloc_pool_capacity);

/**
 * fastalloc_pool_allocated() - objects that are out
 * @pool: the pool
 *
 * Context: SPINLOCK: any but NMI. NONE: as the owner serialises; a racing
 *	reader gets an approximate number.
 * Return: Their number.
 */
unsigned long fastalloc_pool_allocated(struct fastalloc_pool *pool)
{
	unsigned long flags, in_use;

	flags = fa_serial_lock(pool);
	in_use = fa_peek(fa_in_use(pool));
	fa_serial_unlock(pool, flags);
	return in_use;
}
FASTALLOC_EXPORT(fastalloc_pool_allocated);

/**
 * fastalloc_pool_available() - objects that can be had without growing
 * @pool: the pool
 *
 * Context: As fastalloc_pool_allocated().
 * Return: Their number.
 */
unsigned long fastalloc_pool_available(struct fastalloc_pool *pool)
{
	unsigned long flags, in_use, capacity;

	flags = fa_serial_lock(pool);
	in_use = fa_peek(fa_in_use(pool));
	capacity = READ_ONCE(pool->capacity);
	fa_serial_unlock(pool, flags);
	/* More may be out for a moment, while trim holds a chunk condemned. */
	return capacity > in_use ? capacity - in_use : 0;
}
FASTALLOC_EXPORT(fastalloc_pool_available);

/**
 * fastalloc_pool_can_grow() - whether growth can still add objects
 * @pool: the pool
 *
 * Context: Any but NMI.
 * Return: True for a growing pool below its maximum.
 */
bool fastalloc_pool_can_grow(struct fastalloc_pool *pool)
{
	return fa_is_growing(pool) && READ_ONCE(pool->capacity) < pool->growth.max;
}
FASTALLOC_EXPORT(fastalloc_pool_can_grow);

/**
 * fastalloc_pool_is_full() - whether everything is out and nothing can be added
 * @pool: the pool
 *
 * Context: As fastalloc_pool_allocated().
 * Return: True if so.
 */
bool fastalloc_pool_is_full(struct fastalloc_pool *pool)
{
	return !fastalloc_pool_available(pool) && !fastalloc_pool_can_grow(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_is_full);

/**
 * fastalloc_pool_is_empty() - whether no object is out
 * @pool: the pool
 *
 * Context: As fastalloc_pool_allocated().
 * Return: True if so.
 */
bool fastalloc_pool_is_empty(struct fastalloc_pool *pool)
{
	return !fastalloc_pool_allocated(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_is_empty);

/**
 * fastalloc_pool_stats() - take a snapshot of the counters
 * @pool: the pool
 * @stats: filled
 *
 * Context: SPINLOCK: any but NMI; the snapshot is consistent. NONE: consistent
 *	where the owner serialises it too, else approximate.
 */
void fastalloc_pool_stats(struct fastalloc_pool *pool,
			  struct fastalloc_stats *stats)
{
	unsigned long flags;

	memset(stats, 0, sizeof(*stats));
	flags = fa_serial_lock(pool);
	stats->allocs = fa_peek(pool->allocs);
	stats->frees = fa_peek(pool->frees);
	stats->failures = fa_peek(pool->failures);
	stats->grows = fa_peek(pool->grows);
	stats->growth_failures = fa_peek(pool->growth_failures);
	stats->peak = fa_peek(pool->peak);
	stats->capacity = fa_peek(pool->capacity);
	stats->chunks = fa_peek(pool->nr_chunks);
	stats->bytes = fa_peek(pool->bytes);
	fa_serial_unlock(pool, flags);
	stats->in_use = stats->allocs - stats->frees;
	stats->total = stats->capacity;
}
FASTALLOC_EXPORT(fastalloc_pool_stats);

/**
 * fastalloc_pool_stats_reset() - start counting anew
 * @pool: the pool
 *
 * What is out counts as allocated, so that allocs - frees stays in_use, and is
 * the new peak; all other counters start at zero.
 *
 * Context: SPINLOCK: any but NMI. NONE: as the owner serialises.
 */
void fastalloc_pool_stats_reset(struct fastalloc_pool *pool)
{
	unsigned long flags;

	flags = fa_serial_lock(pool);
	pool->allocs = fa_in_use(pool);
	pool->frees = 0;
	pool->failures = 0;
	pool->grows = 0;
	pool->peak = pool->allocs;
	WRITE_ONCE(pool->growth_failures, 0);
	fa_serial_set_high(pool);
	fa_serial_unlock(pool, flags);
}
FASTALLOC_EXPORT(fastalloc_pool_stats_reset);
