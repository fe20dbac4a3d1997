// SPDX-License-Identifier: GPL-2.0
/* The counters of PERCPU pools, of which each CPU has its own. */
#include <linux/minmax.h>
#include <linux/percpu.h>

#include "lock.h"
#include "percpu.h"
#include "stats.h"

/*
 * A lower bound of the objects that were allocated at the instant between the two loops.
 * Each one counted was allocated before, and was not freed before. A free is counted before
 * its object can be allocated again, so each object counts at most once.
 */
static unsigned long fa_percpu_out_least(struct fastalloc_pool *pool)
{
	const struct fastalloc_cache *c;
	unsigned long out = READ_ONCE(pool->waitq.handed);
	int cpu;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		/* data_race: each CPU updates its own counters concurrently. */
		out += data_race(c->allocs) + data_race(c->nested_allocs);
	}
	/*
	 * Orders the reads of ->allocs before the reads of ->frees. Pairs with the full
	 * barriers of what takes objects from the depot: see fa_mag_unstock().
	 */
	smp_rmb();
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		/* data_race: likewise. */
		out -= data_race(c->frees) + data_race(c->nested_frees);
	}
	return max((long)out, 0L);
}

/*
 * Sums up the counters, which each CPU updates concurrently. The counters of one CPU are
 * read together, so the error is at most the number of objects that were freed meanwhile on
 * another CPU than they were allocated on. Exact if nothing runs. Counters wrap, so on
 * 32-bit only the difference of the sums is meaningful.
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
	/* New objects can be allocated before growth adds them to ->total. */
	return clamp(out, 0L, (long)READ_ONCE(pool->refill.planned));
}

unsigned long fa_percpu_in_use(struct fastalloc_pool *pool)
{
	unsigned long frees;
	u64 nested, exchanges;

	return fa_percpu_sum(pool, &frees, &nested, &exchanges);
}

/*
 * Objects in the depot that nobody has claimed, and in the CPUs' caches. Not those that a call in
 * progress has claimed. A cache that is in use counts with what it held before.
 */
unsigned long fa_percpu_free_objects(struct fastalloc_pool *pool)
{
	long objects = atomic_long_read(&pool->percpu.depot.free);
	const struct fastalloc_cache *c;
	const struct fa_mag *spare;
	int cpu;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		spare = fa_peek(READ_ONCE(c->spare));
		objects += fa_peek(READ_ONCE(c->n)) % FASTALLOC_BUSY;
		objects += spare ? fa_peek(spare->n) : 0;
	}
	return max(objects, 0L);
}

/* Number of objects freed so far. */
unsigned long fa_percpu_frees(struct fastalloc_pool *pool)
{
	unsigned long frees;
	u64 nested, exchanges;

	fa_percpu_sum(pool, &frees, &nested, &exchanges);
	return frees;
}

/*
 * Sums up the counters before taking the lock, so that the time with interrupts off does
 * not depend on the number of CPUs. The reported peak is stored, so that it never falls.
 * With a concurrent reset they may be from before it, and less than its base: then nothing
 * has been counted since.
 */
void fa_percpu_stats(struct fastalloc_pool *pool, struct fastalloc_stats *stats)
{
	struct fastalloc_stats *base = &pool->percpu.stats_base;
	unsigned long flags, frees, least;
	unsigned int resets;

	/* Before the counters; pairs with the release in fa_percpu_reset(). */
	resets = smp_load_acquire(&pool->percpu.resets);
	stats->in_use = fa_percpu_sum(pool, &frees, &stats->nested, &stats->depot_exchanges);
	least = fa_percpu_out_least(pool);

	flags = fa_lock(pool);
	fa_stats_locked(pool, stats);
	stats->magazine_bytes = READ_ONCE(pool->percpu.depot.mags.bytes);
	if (resets == pool->percpu.resets) {
		pool->peak = max(pool->peak, least);
	} else {
		frees = base->frees;
		stats->nested = base->nested;
		stats->depot_exchanges = base->depot_exchanges;
	}
	pool->peak = fa_percpu_peak(pool);
	stats->peak = pool->peak;
	/* in_use is approximate, the peak is a bound. */
	stats->in_use = min(stats->in_use, stats->peak);
	stats->frees = frees - (unsigned long)base->frees;
	stats->allocs = stats->frees + stats->in_use;
	stats->nested -= base->nested;
	stats->leases_taken = fa_peek(pool->percpu.leases.taken) - base->leases_taken;
	stats->depot_exchanges -= base->depot_exchanges;
	fa_unlock(pool, flags);
}

/* Only a CPU may write its counters, so a reset records their values. */
void fa_percpu_reset(struct fastalloc_pool *pool)
{
	struct fastalloc_stats base = {};
	unsigned long flags, frees, least;

	flags = fa_lock(pool);
	WRITE_ONCE(pool->percpu.resets, pool->percpu.resets + 1);
	fa_percpu_new_epoch(pool);
	pool->peak = 0;
	fa_unlock(pool, flags);

	fa_percpu_sum(pool, &frees, &base.nested, &base.depot_exchanges);
	base.frees = frees;
	base.leases_taken = fa_peek(pool->percpu.leases.taken);
	least = fa_percpu_out_least(pool);
	flags = fa_lock(pool);
	pool->percpu.stats_base = base;
	/*
	 * After the counters that the base is made of; pairs with the acquire in
	 * fa_percpu_stats(), which then reads counters that are not less.
	 */
	smp_store_release(&pool->percpu.resets, pool->percpu.resets + 1);
	pool->peak = max(pool->peak, least);
	fa_unlock(pool, flags);
}
