// SPDX-License-Identifier: GPL-2.0
/* The counters of per-CPU pools, which each CPU keeps for itself. */
#include <linux/minmax.h>
#include <linux/percpu.h>

#include "lock.h"
#include "percpu.h"
#include "stats.h"

/*
 * A number of objects that were out at one instant, between the two loops: each of them
 * had been allocated before it, and was not freed before it. A free counts before its
 * object can be allocated again, so each object counts once at most.
 */
unsigned long fa_percpu_out_least(struct fastalloc_pool *pool)
{
	const struct fastalloc_cache *c;
	unsigned long out = READ_ONCE(pool->waitq.handed);
	int cpu;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		/* data_race: each CPU writes its own as it goes. */
		out += data_race(c->allocs) + data_race(c->nested_allocs);
	}
	/* Allocations first. The CPUs promise no order to their counters. */
	smp_rmb();
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		/* data_race: likewise. */
		out -= data_race(c->frees) + data_race(c->nested_frees);
	}
	return max((long)out, 0L);
}

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
	unsigned long allocs = READ_ONCE(pool->waitq.handed), nested_allocs, nested_frees;
	const struct fastalloc_cache *c;
	long out;
	int cpu;

	*frees = 0;
	*nested = 0;
	*exchanges = 0;
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		nested_frees = fa_peek(c->nested_frees);
		*frees += fa_peek(c->frees) + nested_frees;
		nested_allocs = fa_peek(c->nested_allocs);
		allocs += fa_peek(c->allocs) + nested_allocs;
		*nested += nested_allocs + nested_frees;
		*exchanges += fa_peek(c->exchanges);
	}

	out = allocs - *frees;
	/* What growth adds is handed out before it is counted in ->total. */
	return clamp(out, 0L, (long)READ_ONCE(pool->refill.planned));
}

unsigned long fa_percpu_in_use(struct fastalloc_pool *pool)
{
	unsigned long frees;
	u64 nested, exchanges;

	return fa_percpu_sum(pool, &frees, &nested, &exchanges);
}

/*
 * The CPUs' counters are summed up before the lock is taken, so that interrupts are not off
 * for a time that grows with the number of CPUs. The reported peak is stored, so that it
 * never falls. If a reset came in between, the sum is not, for it may be from before.
 */
void fa_percpu_stats(struct fastalloc_pool *pool, struct fastalloc_stats *stats)
{
	unsigned int resets = READ_ONCE(pool->percpu.resets);
	unsigned long flags, frees, least;

	stats->in_use = fa_percpu_sum(pool, &frees, &stats->nested, &stats->depot_exchanges);
	least = fa_percpu_out_least(pool);

	flags = fa_lock(pool);
	fa_stats_locked(pool, stats);
	stats->magazine_bytes = pool->percpu.mags.bytes;
	if (resets == pool->percpu.resets)
		pool->peak = max(pool->peak, least);
	pool->peak = fa_percpu_peak(pool);
	stats->peak = pool->peak;
	/* It is an approximate number, the peak is not. */
	stats->in_use = min(stats->in_use, stats->peak);
	stats->frees = frees - (unsigned long)pool->percpu.stats_base.frees;
	stats->allocs = stats->frees + stats->in_use;
	stats->nested -= pool->percpu.stats_base.nested;
	stats->depot_exchanges -= pool->percpu.stats_base.depot_exchanges;
	fa_unlock(pool, flags);
}

/* The CPUs' counters are theirs alone: notes where they stand. */
void fa_percpu_reset(struct fastalloc_pool *pool)
{
	struct fastalloc_stats base = {};
	unsigned long flags, frees, least;

	flags = fa_lock(pool);
	pool->percpu.resets++;
	fa_percpu_new_epoch(pool);
	pool->peak = 0;
	fa_unlock(pool, flags);

	fa_percpu_sum(pool, &frees, &base.nested, &base.depot_exchanges);
	base.frees = frees;
	least = fa_percpu_out_least(pool);
	flags = fa_lock(pool);
	pool->percpu.stats_base = base;
	pool->peak = max(pool->peak, least);
	fa_unlock(pool, flags);
}

/* Objects taken back so far. */
unsigned long fa_percpu_frees(struct fastalloc_pool *pool)
{
	unsigned long frees = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct fastalloc_cache *c = per_cpu_ptr(pool->percpu.cache, cpu);

		frees += fa_peek(c->frees) + fa_peek(c->nested_frees);
	}
	return frees;
}
