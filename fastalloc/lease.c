// SPDX-License-Identifier: GPL-2.0
/*
 * Leases: how much the cache of each CPU of a PERCPU pool may hold.
 *
 * All leases are taken out of one budget, the reserve of the pool less what trim may hold.
 * A lease of size n lets a CPU hold two magazines of n objects. ->leases.left is what
 * remains. It is decremented before a lease grows, and incremented after a cache was emptied
 * and its lease made smaller, so all caches together never hold more than the budget.
 *
 * A CPU gets a lease with its first operation, of the fair share: what each CPU online can
 * have at the same time. It gets a larger one when it exchanges magazines with the depot
 * often, as long as there is budget. When another CPU does not get the fair share, the
 * worker makes larger leases fair again, and ends those of CPUs that have not used the pool
 * since it last looked. If that is not enough, it ends the lease of the CPU that uses the
 * pool least, provided that a CPU without a lease uses it twice as much.
 *
 * A CPU changes its own lease, with its cache claimed; other CPUs send it an interrupt. The
 * size of a dead CPU is changed by fa_lease_dead(). All but the CPU itself hold shut_lock.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/smp.h>

#include "pool.h"
#include "stats.h"
#include "trace.h"

/* Exchanges after which a CPU asks for a larger lease. */
#define FA_LEASE_MISSES		8

/* Below this size a lease is hardly better than single objects. */
#define FA_LEASE_LEAST		4UL

/* The worker looks at the leases at most this often. */
#define FA_LEASE_PAUSE		(HZ / 50 ?: 1)

/* Magazines for each CPU, besides those that all objects fill. */
#define FA_LEASE_MAGS		4

/* Memory for magazines that are not full. */
#define FA_LEASE_BYTES		(28 * SZ_1K)

struct fa_resize {
	struct fastalloc_pool	*pool;
	u32			size;
};

/* The size that all CPUs online can have at the same time. */
static u32 fa_lease_fair(const struct fastalloc_pool *pool)
{
	unsigned long half = pool->percpu.leases.budget / 2;
	unsigned long most = min_t(unsigned long, half, pool->percpu.magazine);

	return clamp(half / num_online_cpus(), min(FA_LEASE_LEAST, most), most);
}

static bool fa_lease_take(struct fastalloc_pool *pool, long objects)
{
	long left = atomic_long_read(&pool->percpu.leases.left);

	do {
		if (left < objects)
			return false;
	} while (!atomic_long_try_cmpxchg(&pool->percpu.leases.left, &left, left - objects));
	return true;
}

static void fa_lease_give(struct fastalloc_pool *pool, long objects)
{
	atomic_long_add(objects, &pool->percpu.leases.left);
}

/* Wakes the worker, unless it has just looked. Any context. */
void fa_lease_kick(struct fastalloc_pool *pool)
{
	unsigned long next = READ_ONCE(pool->percpu.leases.next);

	/* The worker may not have looked for so long that jiffies have wrapped. */
	if (time_in_range_open(jiffies, next - FA_LEASE_PAUSE, next))
		return;
	fa_grower_kick(&pool->percpu.leases.worker);
}

/* Opens a claimed cache for frees, unless a waiter has shut all caches. */
void fa_cache_open(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	WRITE_ONCE(c->cap, c->size);
	/*
	 * Orders the write of ->cap before the read of ->shut. Pairs with the smp_mb() in
	 * fa_percpu_shut(): either we see the caches shut, or the waiter shuts this one
	 * later.
	 */
	smp_mb();
	if (READ_ONCE(pool->percpu.shut))
		WRITE_ONCE(c->cap, 0);
}

/* @cpu: that of the cache */
static void fa_cache_resize(struct fastalloc_pool *pool, struct fastalloc_cache *c, int cpu,
			    u32 size)
{
	trace_fastalloc_lease_change(pool, cpu, c->size, size);
	WRITE_ONCE(c->size, size);
	c->misses = 0;
	fa_cache_open(pool, c);
}

/* Begins a lease of this CPU, whose cache is claimed and has none. */
bool fa_lease_begin(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	u32 fair = fa_lease_fair(pool), size = fair;
	struct fa_mag *m = NULL;

	if (unlikely(!fair))
		return false;
	while (size && !fa_lease_take(pool, 2 * size))
		size /= 2;
	if (size)
		m = fa_depot_empty(&pool->percpu.depot, c->shard);
	if (size < fair || !m)
		fa_lease_kick(pool);
	if (m) {
		fa_cache_load(c, m);
		fa_cache_resize(pool, c, raw_smp_processor_id(), size);
	} else if (size) {
		fa_lease_give(pool, 2 * size);
	}
	return m;
}

/* The claimed cache has exchanged a magazine: asks for a larger lease now and then. */
void fa_lease_grow(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	u32 size;

	if (++c->misses < FA_LEASE_MISSES)
		return;
	c->misses = 0;
	size = min(2 * c->size, pool->percpu.magazine);
	if (READ_ONCE(pool->percpu.leases.scarce))
		size = min(size, fa_lease_fair(pool));
	if (size > c->size && fa_lease_take(pool, 2 * (size - c->size)))
		fa_cache_resize(pool, c, raw_smp_processor_id(), size);
	else if (c->size < fa_lease_fair(pool) || READ_ONCE(pool->percpu.leases.scarce))
		fa_lease_kick(pool);
}

/* Empties the cache of @cpu, this one or a dead one, and makes its lease smaller. */
static void fa_lease_cut(struct fastalloc_pool *pool, struct fastalloc_cache *c, int cpu, u32 n,
			 u32 size)
{
	u32 old = c->size;

	fa_cache_flush(pool, c, n);
	if (!size)
		fa_cache_drop(pool, c, 0);
	fa_cache_resize(pool, c, cpu, size);
	fa_lease_give(pool, 2 * (old - size));
	fa_wake_waiters(&pool->waitq);
}

static void fa_lease_cut_here(void *arg)
{
	const struct fa_resize *to = arg;
	struct fastalloc_cache *c = this_cpu_ptr(to->pool->percpu.cache);
	u32 n = __fastalloc_claim(c);

	/* If an operation was interrupted, the worker will try again. */
	if (n < FASTALLOC_BUSY && c->size > to->size) {
		fa_lease_cut(to->pool, c, raw_smp_processor_id(), n, to->size);
		n = 0;
	}
	__fastalloc_release(c, n);
}

/* Called for a CPU that is offline. */
void fa_lease_dead(struct fastalloc_pool *pool, int cpu)
{
	struct fastalloc_cache *c = per_cpu_ptr(pool->percpu.cache, cpu);

	mutex_lock(&pool->percpu.shut_lock);
	/* A context runs with preemption off. */
	preempt_disable();
	/* Busy if destroy changed the path under an operation that had claimed it. */
	if (c->size && c->n < FASTALLOC_BUSY) {
		fa_lease_cut(pool, c, cpu, c->n, 0);
		c->n = 0;
	}
	preempt_enable();
	mutex_unlock(&pool->percpu.shut_lock);
}

/*
 * Magazines that a pool of @total objects needs: four for each CPU, and as many as the
 * objects fill. With leases of the fair share they fill more than with full magazines, but no
 * operation depends on these.
 */
unsigned long fa_lease_mags(const struct fastalloc_pool *pool, unsigned long total)
{
	unsigned long full = DIV_ROUND_UP(total, pool->percpu.magazine), cpus = 0;
	u32 fair = max(fa_lease_fair(pool), 1U);
	int cpu;

	for_each_possible_cpu(cpu)
		cpus += cpu_online(cpu) ||
			READ_ONCE(per_cpu_ptr(pool->percpu.cache, cpu)->size);
	return FA_LEASE_MAGS * cpus +
	       min(total / fair, full + FA_LEASE_BYTES / pool->percpu.depot.mags.mag_bytes);
}

/* Makes the lease of a CPU smaller. With shut_lock held. */
static void fa_lease_cut_on(struct fastalloc_pool *pool, int cpu, u32 size)
{
	struct fastalloc_cache *c = per_cpu_ptr(pool->percpu.cache, cpu);
	struct fa_resize to = { .pool = pool, .size = size };
	u32 old = READ_ONCE(c->size);

	if (old <= size)
		return;
	/* Fails for a CPU that is offline: fa_lease_dead() ends its lease. */
	smp_call_function_single(cpu, fa_lease_cut_here, &to, true);
	if (READ_ONCE(c->size) < old)
		pool->percpu.leases.taken++;
}

/**
 * struct fa_lease_look - what the worker has found
 * @fair: the fair share
 * @need: objects of the budget that busy CPUs lack of their fair shares
 * @hungry: operations of the busiest CPU without a lease
 * @fewest: operations of the CPU with a lease that had the fewest
 * @least: that CPU
 */
struct fa_lease_look {
	u32		fair;
	long		need;
	unsigned long	hungry;
	unsigned long	fewest;
	int		least;
};

/* Counts the operations of each CPU since the last look. */
static struct fa_lease_look fa_lease_look(struct fastalloc_pool *pool)
{
	struct fa_lease_look l = { .fair = fa_lease_fair(pool), .fewest = ULONG_MAX, .least = -1 };
	struct fastalloc_cache *c;
	unsigned long ops;
	u32 size;
	int cpu;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		ops = fa_peek(c->allocs) + fa_peek(c->frees);
		c->recent = ops - c->seen;
		c->seen = ops;
		size = READ_ONCE(c->size);
		if (c->recent && size < l.fair)
			l.need += 2 * (l.fair - size);
		if (!size) {
			l.hungry = max(l.hungry, c->recent);
		} else if (c->recent < l.fewest) {
			l.fewest = c->recent;
			l.least = cpu;
		}
		cond_resched();
	}
	return l;
}

static bool fa_lease_left(const struct fastalloc_pool *pool, long need)
{
	return atomic_long_read(&pool->percpu.leases.left) >= need;
}

/*
 * Takes budget from other CPUs for those that did not get the fair share. While there are
 * any, no lease grows beyond the fair share, so that they get this budget. With shut_lock
 * held.
 */
static void fa_lease_share(struct fastalloc_pool *pool)
{
	struct fa_lease_look l = fa_lease_look(pool);
	struct fastalloc_cache *c;
	int cpu;

	WRITE_ONCE(pool->percpu.leases.scarce, l.need > 0);
	for_each_possible_cpu(cpu) {
		if (fa_lease_left(pool, l.need))
			return;
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		fa_lease_cut_on(pool, cpu, c->recent ? l.fair : 0);
		cond_resched();
	}
	/* More CPUs use the pool than can have a lease: busier CPUs get the leases. */
	if (!fa_lease_left(pool, 2) && l.least >= 0 && l.fewest < l.hungry / 2)
		fa_lease_cut_on(pool, l.least, 0);
}

static void fa_lease_work(struct fa_grower *g)
{
	struct fastalloc_pool *pool = container_of(g, struct fastalloc_pool, percpu.leases.worker);
	unsigned int scope;

	WRITE_ONCE(pool->percpu.leases.next, jiffies + FA_LEASE_PAUSE);
	mutex_lock(&pool->percpu.shut_lock);
	fa_lease_share(pool);
	mutex_unlock(&pool->percpu.shut_lock);

	/* As in fa_pool_grow(). */
	mutex_lock(&pool->grow_lock);
	scope = memalloc_noio_save();
	pool->ops->prepare(pool, READ_ONCE(pool->chunks.objects), GFP_KERNEL);
	memalloc_noio_restore(scope);
	mutex_unlock(&pool->grow_lock);
}

void fa_leases_init(struct fastalloc_pool *pool, unsigned long budget)
{
	pool->percpu.leases.budget = budget;
	atomic_long_set(&pool->percpu.leases.left, budget);
	WRITE_ONCE(pool->percpu.leases.next, jiffies);
	fa_grower_init(&pool->percpu.leases.worker, fa_lease_work);
}

static void fa_percpu_set_caps(struct fastalloc_pool *pool, bool open)
{
	struct fastalloc_cache *c;
	int cpu;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		/*
		 * If the CPU begins a lease just now, its cache may stay shut until its next
		 * free, see fa_cache_may_put().
		 */
		WRITE_ONCE(c->cap, open ? READ_ONCE(c->size) : 0);
	}
}

/* Shuts the caches for frees, until fa_percpu_open() was called as often. May sleep. */
void fa_percpu_shut(struct fastalloc_pool *pool)
{
	mutex_lock(&pool->percpu.shut_lock);
	if (!pool->percpu.shutters++) {
		WRITE_ONCE(pool->percpu.shut, true);
		/*
		 * Orders the write of ->shut before those of ->cap. Pairs with the smp_mb() in
		 * fa_cache_open().
		 */
		smp_mb();
		fa_percpu_set_caps(pool, false);
	}
	mutex_unlock(&pool->percpu.shut_lock);
}

void fa_percpu_open(struct fastalloc_pool *pool)
{
	mutex_lock(&pool->percpu.shut_lock);
	if (!--pool->percpu.shutters) {
		WRITE_ONCE(pool->percpu.shut, false);
		fa_percpu_set_caps(pool, true);
	}
	mutex_unlock(&pool->percpu.shut_lock);
}

/* Returns false if an operation was interrupted: what it holds counts as in use. */
static bool fa_flush_this_cpu(struct fastalloc_pool *pool)
{
	struct fastalloc_cache *c = this_cpu_ptr(pool->percpu.cache);
	u32 n = __fastalloc_claim(c);
	bool own = n < FASTALLOC_BUSY;

	if (own) {
		fa_cache_flush(pool, c, n);
		n = 0;
	}
	__fastalloc_release(c, n);
	return own;
}

/**
 * struct fa_flush - a flush by an interrupt
 * @pool: the pool
 * @done: whether the cache was flushed
 */
struct fa_flush {
	struct fastalloc_pool	*pool;
	bool			done;
};

static void fa_flush_call(void *arg)
{
	struct fa_flush *f = arg;

	f->done = fa_flush_this_cpu(f->pool);
}

/*
 * Flushes the cache of a CPU, by an interrupt. Returns false if the cache was in use, so that
 * it may hold objects still. fa_cpu_dead() flushes a CPU that goes offline meanwhile.
 */
bool fa_percpu_flush_cpu(struct fastalloc_pool *pool, int cpu)
{
	struct fa_flush f = { .pool = pool, .done = true };

	smp_call_function_single(cpu, fa_flush_call, &f, true);
	return f.done;
}

/* Flushes this CPU's cache. */
void fa_percpu_flush_local(struct fastalloc_pool *pool)
{
	preempt_disable();
	fa_flush_this_cpu(pool);
	preempt_enable();
}

/*
 * Whether a CPU may hold objects of the pool. The CPU keeps running, so the answer is as
 * good as a flush just before or after. A CPU that never used the pool, such as an isolated
 * one, holds none.
 */
bool fa_cache_holds(const struct fastalloc_pool *pool, int cpu)
{
	struct fa_cpu_stats s;

	fa_percpu_look(pool, cpu, &s);
	return s.busy || s.loaded || s.spare;
}

/*
 * Flushes the caches of all CPUs that hold objects, by an interrupt to one CPU after
 * another. This needs no lock, and no worker that could wait for a task that waits for the
 * caller.
 */
void fa_percpu_flush(struct fastalloc_pool *pool)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (fa_cache_holds(pool, cpu))
			fa_percpu_flush_cpu(pool, cpu);
	fa_wake_waiters(&pool->waitq);
}
