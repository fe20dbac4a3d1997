// SPDX-License-Identifier: GPL-2.0
/* Snapshots of the counters, and queries that are based on them. */
#include "compat.h"
#include "lock.h"
#include "stats.h"

unsigned long fastalloc_pool_capacity(struct fastalloc_pool *pool)
{
	return READ_ONCE(pool->capacity);
}
FASTALLOC_EXPORT(fastalloc_pool_capacity);

/*
 * Reads the cache and the counters of a CPU. The CPU keeps running, so the values may be
 * inconsistent, and the spare may just have become the loaded magazine. Reading it is safe,
 * as magazines are freed with the pool only.
 */
void fa_percpu_look(const struct fastalloc_pool *pool, int cpu,
		    struct fa_cpu_stats *s)
{
	const struct fastalloc_cache *c = per_cpu_ptr(pool->percpu.cache, cpu);
	unsigned long nested_allocs = fa_peek(c->nested_allocs);
	unsigned long nested_frees = fa_peek(c->nested_frees);
	const struct fa_mag *spare = fa_peek(READ_ONCE(c->spare));
	u32 n = fa_peek(READ_ONCE(c->n));

	s->busy = n >= FASTALLOC_BUSY;
	s->lease = 2 * READ_ONCE(c->size);
	s->loaded = s->busy ? 0 : n;
	s->spare = spare ? fa_peek(READ_ONCE(spare->n)) : 0;
	s->allocs = fa_peek(c->allocs) + nested_allocs;
	s->frees = fa_peek(c->frees) + nested_frees;
	s->exchanges = fa_peek(c->exchanges);
	s->nested = nested_allocs + nested_frees;
}

unsigned long fastalloc_pool_allocated(struct fastalloc_pool *pool)
{
	return pool->ops->in_use(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_allocated);

unsigned long fastalloc_pool_available(struct fastalloc_pool *pool)
{
	unsigned long in_use = fastalloc_pool_allocated(pool);
	unsigned long capacity = READ_ONCE(pool->capacity);

	/* More may be allocated for a moment, while trim has isolated a chunk. */
	return capacity > in_use ? capacity - in_use : 0;
}
FASTALLOC_EXPORT(fastalloc_pool_available);

bool fastalloc_pool_can_grow(struct fastalloc_pool *pool)
{
	return fa_is_growing(pool) &&
	       READ_ONCE(pool->capacity) < READ_ONCE(pool->growth.max);
}
FASTALLOC_EXPORT(fastalloc_pool_can_grow);

bool fastalloc_pool_is_exhausted(struct fastalloc_pool *pool)
{
	return !fastalloc_pool_available(pool) && !fastalloc_pool_can_grow(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_is_exhausted);

bool fastalloc_pool_is_idle(struct fastalloc_pool *pool)
{
	return !fastalloc_pool_allocated(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_is_idle);

/* The part that both kinds of pool share. The lock is held. */
void fa_stats_locked(const struct fastalloc_pool *pool, struct fastalloc_stats *stats)
{
	struct fa_totals t = {};

	stats->grows = fa_peek(pool->refill.grows);
	stats->grows_atomic = fa_peek(pool->refill.grows_atomic);
	stats->growth_failures = atomic_long_read(&pool->refill.failures);
	stats->capacity = fa_peek(pool->capacity);
	stats->total = fa_peek(pool->total);
	stats->chunks = fa_peek(pool->chunks.nr);
	fa_totals_add(&t, pool);
	stats->bytes = t.bytes;
	stats->chunk_bytes = t.kind[FA_MEM_CHUNKS];
	stats->metadata_bytes = t.kind[FA_MEM_METADATA];
	stats->cache_bytes = t.kind[FA_MEM_CACHES];
	stats->check_bytes = t.kind[FA_MEM_CHECKS];
}

void fastalloc_pool_stats(struct fastalloc_pool *pool,
			  struct fastalloc_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	pool->ops->stats(pool, stats);
	stats->failures = atomic_long_read(&pool->failures);
	stats->waits = fa_peek(pool->waitq.waits);
	stats->violations = atomic_long_read(&pool->debug.violations);
	stats->reserve = pool->reserve;
}
FASTALLOC_EXPORT(fastalloc_pool_stats);

void fastalloc_pool_stats_reset(struct fastalloc_pool *pool)
{
	unsigned long flags;

	pool->ops->reset(pool);
	flags = fa_lock_quiet(pool);
	pool->refill.grows = 0;
	pool->refill.grows_atomic = 0;
	fa_unlock_quiet(pool, flags);

	atomic_long_set(&pool->failures, 0);
	atomic_long_set(&pool->refill.failures, 0);
	atomic_long_set(&pool->debug.violations, 0);
	raw_spin_lock_irqsave(&pool->waitq.lock, flags);
	pool->waitq.waits = 0;
	raw_spin_unlock_irqrestore(&pool->waitq.lock, flags);
}
FASTALLOC_EXPORT(fastalloc_pool_stats_reset);
