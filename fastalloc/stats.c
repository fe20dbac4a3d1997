// SPDX-License-Identifier: GPL-2.0
/* Counters to a snapshot, and the queries on a pool that sum them up. */
#include "compat.h"
#include "internal.h"

/* data_race: the owner of a NONE pool does not wait for those who only look. */
#define fa_peek(counter)	data_race(counter)

unsigned long fastalloc_pool_capacity(struct fastalloc_pool *pool)
{
	return READ_ONCE(pool->capacity);
}
FASTALLOC_EXPORT(fastalloc_pool_capacity);

/*
 * Sums up the CPUs' counters, which each CPU writes as it goes. What one CPU has
 * allocated and freed is read together, so the sum is wrong by no more than what was
 * freed on another CPU than it was allocated on in the meantime. Exact when nothing
 * goes on. Counters wrap, so only the difference of sums means anything on 32-bit.
 */
static unsigned long fa_percpu_sum(struct fastalloc_pool *pool,
				   unsigned long *frees, u64 *nested,
				   u64 *exchanges)
{
	unsigned long allocs = READ_ONCE(pool->handed), nested_allocs, nested_frees;
	const struct fastalloc_cache *c;
	long out;
	int cpu;

	*frees = 0;
	*nested = 0;
	*exchanges = 0;
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->cache, cpu);
		nested_frees = fa_peek(c->nested_frees);
		*frees += fa_peek(c->frees) + nested_frees;
		nested_allocs = fa_peek(c->nested_allocs);
		allocs += fa_peek(c->allocs) + nested_allocs;
		*nested += nested_allocs + nested_frees;
		*exchanges += fa_peek(c->exchanges);
	}

	out = allocs - *frees;
	/* What growth adds is handed out before it is counted in ->total. */
	return clamp(out, 0L, (long)READ_ONCE(pool->planned));
}

/*
 * What a CPU has, and what it has done since the pool was made. It works on, so
 * the figures need not fit together, and the spare may just have become the
 * loaded one: magazines stay, so looking at it does no harm.
 */
void fa_percpu_look(const struct fastalloc_pool *pool, int cpu,
		    struct fa_cpu_stats *s)
{
	const struct fastalloc_cache *c = per_cpu_ptr(pool->cache, cpu);
	unsigned long nested_allocs = fa_peek(c->nested_allocs);
	unsigned long nested_frees = fa_peek(c->nested_frees);
	const struct fa_mag *spare = fa_peek(READ_ONCE(c->spare));
	u32 n = fa_peek(READ_ONCE(c->n));

	s->busy = n >= FASTALLOC_BUSY;
	s->loaded = s->busy ? 0 : n;
	s->spare = spare ? fa_peek(READ_ONCE(spare->n)) : 0;
	s->allocs = fa_peek(c->allocs) + nested_allocs;
	s->frees = fa_peek(c->frees) + nested_frees;
	s->exchanges = fa_peek(c->exchanges);
	s->nested = nested_allocs + nested_frees;
}

static unsigned long fa_percpu_in_use(struct fastalloc_pool *pool)
{
	unsigned long frees;
	u64 nested, exchanges;

	return fa_percpu_sum(pool, &frees, &nested, &exchanges);
}

unsigned long fastalloc_pool_allocated(struct fastalloc_pool *pool)
{
	unsigned long flags, in_use;

	if (fa_is_percpu(pool))
		return fa_percpu_in_use(pool);
	flags = fa_serial_lock_quiet(pool);
	in_use = fa_peek(fa_in_use(pool));
	fa_serial_unlock_quiet(pool, flags);
	return in_use;
}
FASTALLOC_EXPORT(fastalloc_pool_allocated);

unsigned long fastalloc_pool_available(struct fastalloc_pool *pool)
{
	unsigned long in_use = fastalloc_pool_allocated(pool);
	unsigned long capacity = READ_ONCE(pool->capacity);

	/* More may be out for a moment, while trim holds a chunk condemned. */
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

/*
 * The CPUs' counters are summed up before the lock is taken, so that interrupts are not off
 * for a time that grows with the number of CPUs. The reported peak is stored, so that it
 * never falls. If a reset came in between, the sum is not, for it may be from before.
 */
static void fa_percpu_stats(struct fastalloc_pool *pool, struct fastalloc_stats *stats)
{
	unsigned int resets = READ_ONCE(pool->resets);
	unsigned long flags, frees, least;

	stats->in_use = fa_percpu_sum(pool, &frees, &stats->nested, &stats->depot_exchanges);
	least = fa_percpu_out_least(pool);

	flags = fa_serial_lock(pool);
	if (resets == pool->resets)
		pool->peak = max(pool->peak, least);
	pool->peak = fa_percpu_peak(pool);
	stats->peak = pool->peak;
	/* It is an approximate number, the peak is not. */
	stats->in_use = min(stats->in_use, stats->peak);
	stats->frees = frees - (unsigned long)pool->stats_base.frees;
	stats->allocs = stats->frees + stats->in_use;
	stats->nested -= pool->stats_base.nested;
	stats->depot_exchanges -= pool->stats_base.depot_exchanges;
	fa_serial_unlock(pool, flags);
}

void fastalloc_pool_stats(struct fastalloc_pool *pool,
			  struct fastalloc_stats *stats)
{
	unsigned long flags;

	memset(stats, 0, sizeof(*stats));
	flags = fa_serial_lock_quiet(pool);
	stats->grows = fa_peek(pool->grows);
	stats->grows_atomic = fa_peek(pool->grows_atomic);
	stats->growth_failures = atomic_long_read(&pool->growth_failures);
	stats->capacity = fa_peek(pool->capacity);
	stats->total = fa_peek(pool->total);
	stats->chunks = fa_peek(pool->nr_chunks);
	stats->bytes = atomic_long_read(&pool->bytes);
	stats->magazine_bytes = fa_peek(pool->mags.bytes);
	if (!fa_is_percpu(pool)) {
		stats->allocs = fa_peek(pool->head.allocs);
		stats->frees = fa_peek(pool->head.frees);
		stats->in_use = stats->allocs - stats->frees;
		stats->peak = fa_peek(pool->peak);
	}
	fa_serial_unlock_quiet(pool, flags);
	if (fa_is_percpu(pool))
		fa_percpu_stats(pool, stats);

	stats->failures = atomic_long_read(&pool->failures);
	stats->waits = fa_peek(pool->waits);
	stats->violations = atomic_long_read(&pool->violations);
	stats->reserve = pool->reserve;
}
FASTALLOC_EXPORT(fastalloc_pool_stats);

/* The CPUs' counters are theirs alone: notes where they stand. */
static void fa_percpu_reset(struct fastalloc_pool *pool)
{
	struct fastalloc_stats base = {};
	unsigned long flags, frees, least;

	flags = fa_serial_lock(pool);
	pool->resets++;
	fa_percpu_new_round(pool);
	pool->peak = 0;
	fa_serial_unlock(pool, flags);

	fa_percpu_sum(pool, &frees, &base.nested, &base.depot_exchanges);
	base.frees = frees;
	least = fa_percpu_out_least(pool);
	flags = fa_serial_lock(pool);
	pool->stats_base = base;
	pool->peak = max(pool->peak, least);
	fa_serial_unlock(pool, flags);
}

void fastalloc_pool_stats_reset(struct fastalloc_pool *pool)
{
	unsigned long flags;

	if (fa_is_percpu(pool))
		fa_percpu_reset(pool);
	flags = fa_serial_lock(pool);
	if (!fa_is_percpu(pool)) {
		pool->head.allocs = fa_in_use(pool);
		pool->head.frees = 0;
		pool->peak = pool->head.allocs;
		fa_serial_set_high(pool);
	}
	pool->grows = 0;
	pool->grows_atomic = 0;
	fa_serial_unlock(pool, flags);

	atomic_long_set(&pool->failures, 0);
	atomic_long_set(&pool->growth_failures, 0);
	atomic_long_set(&pool->violations, 0);
	raw_spin_lock_irqsave(&pool->wait_lock, flags);
	pool->waits = 0;
	raw_spin_unlock_irqrestore(&pool->wait_lock, flags);
}
FASTALLOC_EXPORT(fastalloc_pool_stats_reset);
