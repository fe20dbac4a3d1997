// SPDX-License-Identifier: GPL-2.0
/*
 * Pools of sync PERCPU: a loaded and a spare magazine on every CPU that has a lease, on top
 * of a depot. See J. Bonwick and J. Adams, "Magazines and Vmem" (USENIX 2001).
 *
 *	  CPU 0                    CPU 1                    CPU n
 *	+--------------------+   +--------------------+   +--------------------+
 *	| fastalloc_cache    |   | fastalloc_cache    |   | fastalloc_cache    |
 *	|  loaded:  0..size  |   |  loaded:  0..size  |   |  no lease          |
 *	|  spare:   0..size  |   |  spare:   0..size  |   |                    |
 *	+--------------------+   +--------------------+   +--------------------+
 *	     ^          | magazines      ^         | magazines     ^        | single
 *	     |          v                |         v               |        v objects
 *	+----------------------------------------------------------------------+
 *	| depot:  free (a count)                                               |
 *	|   shard 0: stocked, empty, single   shard 1: ...   what trim scanned |
 *	+----------------------------------------------------------------------+
 *	     ^                                        |
 *	     | fa_percpu_attach(): objects            | fa_percpu_scan(): objects
 *	     | of a new chunk                         v of isolated chunks
 *	+----------------------------------------------------------------------+
 *	| chunks: memory of the objects, see chunk_alloc.c                     |
 *	+----------------------------------------------------------------------+
 *
 * An operation runs with preemption off. It claims the cache of its CPU. An operation that
 * interrupts it (softirq, hardirq, NMI) finds the cache busy and uses the depot. So does one
 * on a CPU without a lease, and a free while tasks wait. Such an operation takes or puts
 * single objects; it never holds more than it hands out or was given.
 *
 * Capacity. The pool has capacity + reserve objects. Every free object is in one of three
 * places:
 *
 * - in the depot, see shards.c. ->depot.free is the number of these that nobody has claimed.
 * - in a cache, or claimed for it. A CPU with a lease may hold 2 * size objects: a refill
 *   claims at most size, and only while both magazines are empty. Leases are taken out of a
 *   budget (lease.c), so all caches together never hold more than the reserve.
 * - with trim, which holds at most fa_trim_holds() objects. The reserve of a pool that grows
 *   includes these.
 *
 * What an operation holds besides counts as allocated: an allocation that has claimed an
 * object returns it, and a free that has not added its object to ->depot.free has not
 * returned. An allocation fails only if it finds ->depot.free too low. At that instant, of
 * capacity + reserve objects at most the reserve was in caches and with trim, so at least
 * capacity were allocated. One read decides, so a failing allocation is cheap.
 *
 * A bulk call claims all that it needs besides its cache before it takes an object, so it
 * never takes an object that it has to return.
 *
 * Free never fails: the lists of single objects have room for all objects. If a pointer that
 * is not an object of the pool is freed to the depot, it is reported, and dropped.
 *
 * Growth obeys this in any context, concurrently: it adds the number of its objects to
 * ->depot.free when all of them are in the depot, then raises the capacity.
 *
 * Loops retry (a pop, a claim, the search for a claimed object, the update of the minimum)
 * only if another operation has made progress in the meantime: they are lock-free.
 *
 * Waiting. A waiter shuts the caches for frees (cap = 0), increments ->waitq.nr, then looks
 * at the depot. A free whose cache is shut puts its object into the depot, then reads
 * ->waitq.nr. Both have a full barrier in between, so one sees the other. A free that has
 * read the old cap fills its own magazine, which its lease covers.
 *
 * To shut or open the caches takes a walk over all CPUs, so only tasks do it, under a mutex
 * that counts them. A waiter shuts the caches before it queues, or finds them shut by
 * another that has not opened them. It opens them after it has left the queue. So the
 * caches are shut whenever a task is queued, and a little longer; frees then go to the
 * depot and wake nobody.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "chunk_alloc.h"
#include "config.h"
#include "copy.h"
#include "exact.h"
#include "lock.h"
#include "percpu.h"
#include "place.h"
#include "pools.h"
#include "stats.h"
#include "trace.h"

/* Bits of depot.min_free that hold the number; the others hold the epoch. */
#define FA_MIN_MASK	((1L << (BITS_PER_LONG * 3 / 4)) - 1)

/* With its header, a magazine of 62 slots fills whole cache lines. */
#define FA_MAG_SLOTS	62UL

/* The smallest default reserve. */
#define FA_LEAST_RESERVE	16UL

/* The cache of pools without an inline path: it looks empty, full and busy. */
static DEFINE_PER_CPU(struct fastalloc_cache, fa_bypass) = {
	.n = FASTALLOC_BUSY,
};

static int fa_cpuhp_state;

/* Objects that trim may hold. */
static unsigned int fa_trim_holds(const struct fastalloc_pool *pool)
{
	if (!fa_is_growing(pool))
		return 0;
	return clamp(pool->reserve / 8, 1UL, FA_MAG_SLOTS);
}

static noinline __cold void fa_overfull(struct fastalloc_pool *pool)
{
	fa_violation(pool, "more objects freed than there are", -1);
	pr_err_ratelimited("pool %s: more objects freed than there are\n", pool->name);
}

/* Adds @nr objects that are in the depot to its count. */
static inline void fa_credit(struct fastalloc_pool *pool, long nr)
{
	long free = fa_depot_credit(&pool->percpu.depot, nr);

	if (unlikely(free > (long)READ_ONCE(pool->chunks.objects)))
		fa_overfull(pool);
}

/* Lower the recorded minimum to @left, if the epoch sampled in @old is still current. */
static inline void fa_note_left(struct fastalloc_pool *pool, long old, long left)
{
	long epoch = old & ~FA_MIN_MASK;

	while (left < (old & FA_MIN_MASK) && (old & ~FA_MIN_MASK) == epoch &&
	       !atomic_long_try_cmpxchg(&pool->percpu.depot.min_free, &old,
					epoch | max(left, 0L)))
		;
}

/*
 * Claims @nr objects for an allocation, or none. Kicks the worker if too few are left, and
 * records the minimum for the peak.
 */
static inline bool fa_claim(struct fastalloc_pool *pool, long nr)
{
	struct fa_depot *d = &pool->percpu.depot;
	long old = atomic_long_read(&d->min_free);
	long left = fa_depot_claim(d, nr);

	if (left < 0)
		return false;
	/*
	 * A late caller must not lower the minimum of a new epoch by what was left in the
	 * old one.
	 */
	fa_note_left(pool, old, left);
	if (unlikely(left < READ_ONCE(d->low_free)) && !READ_ONCE(pool->refill.stalled))
		fa_grower_kick(&pool->refill.grower);
	return true;
}

/* Claims up to @nr objects. Returns how many. */
static inline u32 fa_claim_some(struct fastalloc_pool *pool, long nr)
{
	while (unlikely(!fa_claim(pool, nr))) {
		nr = min(nr, atomic_long_read(&pool->percpu.depot.free));
		if (nr <= 0)
			return 0;
	}
	return nr;
}

/* The shard of this CPU. */
static inline unsigned int fa_shard(const struct fastalloc_pool *pool)
{
	return this_cpu_read(pool->percpu.cache->shard);
}

static noinline __cold void fa_not_an_object(struct fastalloc_pool *pool, void *obj)
{
	fa_violation(pool, "free of a pointer that is not an object", -1);
	pr_err_ratelimited("pool %s: free of %p: not an object of the pool\n",
			   pool->name, obj);
}

/* Callers have freed objects twice: others are lost. */
static noinline __cold void fa_missing(struct fastalloc_pool *pool)
{
	fa_violation(pool, "free objects are missing", -1);
	pr_err_ratelimited("pool %s: free objects are missing\n", pool->name);
}

/* Puts one object into the depot. */
static bool fa_depot_give(struct fastalloc_pool *pool, unsigned int shard, void *obj)
{
	if (unlikely(!fa_depot_put(&pool->percpu.depot, shard, obj))) {
		fa_not_an_object(pool, obj);
		return false;
	}
	fa_credit(pool, 1);
	return true;
}

/* Puts objects into the depot one by one. Returns how many. */
static u32 fa_depot_spill(struct fastalloc_pool *pool, unsigned int shard, void **objs, u32 nr)
{
	u32 i, put = 0;

	for (i = 0; i < nr; i++) {
		if (likely(fa_depot_put(&pool->percpu.depot, shard, objs[i])))
			put++;
		else
			fa_not_an_object(pool, objs[i]);
	}
	fa_credit(pool, put);
	return put;
}

/* Takes one object from the depot, or returns NULL. */
static void *fa_depot_take_one(struct fastalloc_pool *pool, unsigned int shard)
{
	void *obj;

	if (!fa_claim(pool, 1))
		return NULL;
	if (likely(fa_depot_take(&pool->percpu.depot, shard, 1, &obj)))
		return obj;
	fa_missing(pool);
	return NULL;
}

void fa_cache_load(struct fastalloc_cache *c, struct fa_mag *m)
{
	c->loaded = m;
	c->slot = m->slot;
}

/* The claimed cache had to go to the depot. */
static inline void fa_cache_missed(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	c->exchanges++;
	if (unlikely(c->size < pool->percpu.magazine))
		fa_lease_grow(pool, c);
}

/* Both magazines of the claimed cache are empty: loads objects of the depot, or none. */
static noinline u32 fa_cache_refill_depot(struct fastalloc_pool *pool,
					  struct fastalloc_cache *c)
{
	struct fa_depot *d = &pool->percpu.depot;
	struct fa_top top = fa_depot_peek(d, c->shard);
	struct fa_mag *old = c->loaded, *m = old;
	u32 want, n;

	/* As many as the next magazine holds, so that it need not be divided. */
	want = fa_claim_some(pool, top.n - 1 < c->size ? top.n : c->size);
	if (!want)
		return 0;
	n = fa_depot_refill(d, c->shard, want, &m, &top);
	if (unlikely(!n)) {
		fa_missing(pool);
	} else if (n < want) {
		fa_credit(pool, want - n);
		/* A waiter may have found too few. */
		fa_wake_waiters(&pool->waitq);
	}
	if (m != old) {
		old->n = 0;
		if (c->spare)
			fa_mag_push(&d->shard[c->shard].empty, old);
		else
			c->spare = old;
		fa_cache_load(c, m);
	}
	trace_fastalloc_refill(pool, n);
	fa_cache_missed(pool, c);
	return n;
}

/* The claimed cache is empty: loads other objects. Returns their number, or 0. */
static inline u32 fa_cache_refill(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	struct fa_mag *old = c->loaded, *m = c->spare;

	if (!m || !m->n)
		return fa_cache_refill_depot(pool, c);
	old->n = 0;
	c->spare = old;
	fa_cache_load(c, m);
	return m->n;
}

static noinline u32 fa_cache_make_room_depot(struct fastalloc_pool *pool,
					     struct fastalloc_cache *c, u32 n)
{
	struct fa_depot *d = &pool->percpu.depot;
	struct fa_mag *spare = c->spare, *m = fa_depot_empty(d, c->shard);

	if (likely(m)) {
		c->loaded->n = n;
		c->spare = c->loaded;
		if (spare) {
			u32 put = spare->n;

			fa_depot_put_mag(d, c->shard, spare);
			fa_credit(pool, put);
			trace_fastalloc_flush(pool, put);
		}
		fa_cache_load(c, m);
		fa_cache_missed(pool, c);
	} else {
		/* There is no magazine: the objects go one by one. */
		fa_depot_spill(pool, c->shard, c->slot, n);
		fa_lease_kick(pool);
		trace_fastalloc_flush(pool, n);
	}
	return 0;
}

/* The claimed cache, with @n objects loaded, is full: makes room. Returns its objects. */
static inline u32 fa_cache_make_room(struct fastalloc_pool *pool, struct fastalloc_cache *c,
				     u32 n)
{
	struct fa_mag *old = c->loaded, *m = c->spare;

	if (!m || m->n)
		return fa_cache_make_room_depot(pool, c, n);
	old->n = n;
	c->spare = old;
	fa_cache_load(c, m);
	return 0;
}

/* Whether frees on this CPU use its cache. Begins a lease if there is none. */
static inline bool fa_cache_may_put(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	if (unlikely(!c->size) && !fa_lease_begin(pool, c))
		return false;
	if (likely(READ_ONCE(c->cap) == c->size))
		return true;
	if (READ_ONCE(pool->percpu.shut))
		return false;
	/* The caches were opened while the size of this one changed. */
	fa_cache_open(pool, c);
	return true;
}

/*
 * The slow path of an allocation. @n is what the claim of @c returned; the claim ends here.
 * Preemption is off.
 */
void *fa_cache_alloc(struct fastalloc_pool *pool, struct fastalloc_cache *c, u32 n)
{
	void *obj = NULL;

	if (n >= FASTALLOC_BUSY) {
		obj = fa_depot_take_one(pool, fa_shard(pool));
		if (obj)
			this_cpu_inc(pool->percpu.cache->nested_allocs);
		__fastalloc_release(c, n);
		return obj;
	}
	if (!n && !(c->spare && c->spare->n) && !fa_cache_may_put(pool, c)) {
		/* No lease, or tasks wait: take one object. */
		obj = fa_depot_take_one(pool, c->shard);
		c->allocs += !!obj;
		__fastalloc_release(c, 0);
		return obj;
	}
	if (!n)
		n = fa_cache_refill(pool, c);
	if (n) {
		obj = c->slot[--n];
		c->allocs++;
	}
	__fastalloc_release(c, n);
	return obj;
}

/* The slow path of a free, likewise. */
void fa_cache_free(struct fastalloc_pool *pool, struct fastalloc_cache *c,
		   void *obj, u32 n)
{
	/*
	 * Count the free before its object can be allocated again, see
	 * fa_percpu_out_least().
	 */
	if (n >= FASTALLOC_BUSY) {
		this_cpu_inc(pool->percpu.cache->nested_frees);
		if (unlikely(!fa_depot_give(pool, fa_shard(pool), obj)))
			this_cpu_dec(pool->percpu.cache->nested_frees);
	} else if (!fa_cache_may_put(pool, c)) {
		c->frees++;
		if (unlikely(!fa_depot_give(pool, c->shard, obj)))
			c->frees--;
	} else {
		if (n >= c->size)
			n = fa_cache_make_room(pool, c, n);
		c->slot[n++] = obj;
		c->frees++;
	}
	__fastalloc_release(c, n);
	fa_wake_waiters(&pool->waitq);
}

/* Allocates up to @nr objects, a magazine at a time. @nr is not 0. */
unsigned int fa_percpu_alloc_some(struct fastalloc_pool *pool, unsigned int nr, void **objs)
{
	unsigned int left = nr;
	u32 run;

	do {
		struct fastalloc_cache *c;
		u32 n;

		preempt_disable();
		c = this_cpu_ptr(pool->percpu.cache);
		n = __fastalloc_claim(c);
		if (!n && ((c->spare && c->spare->n) || fa_cache_may_put(pool, c)))
			n = fa_cache_refill(pool, c);
		if (n && n < FASTALLOC_BUSY) {
			run = min(n, left);
			n -= run;
			fa_copy_run(objs, &c->slot[n], run);
			c->allocs += run;
		} else {
			u32 want = fa_claim_some(pool, min_t(u32, left, FASTALLOC_MAX_MAGAZINE));

			run = fa_depot_take(&pool->percpu.depot, c->shard, want, objs);
			if (unlikely(run < want))
				fa_missing(pool);
			if (n < FASTALLOC_BUSY)
				c->allocs += run;
			else
				this_cpu_add(pool->percpu.cache->nested_allocs, run);
		}
		__fastalloc_release(c, n);
		preempt_enable();
		objs += run;
		left -= run;
	} while (left && likely(run));
	return nr - left;
}

/* Counts frees, or takes them back; @n is what the claim of the cache returned. */
static void fa_count_frees(struct fastalloc_pool *pool, struct fastalloc_cache *c, u32 n, int nr)
{
	if (n < FASTALLOC_BUSY)
		c->frees += nr;
	else
		this_cpu_add(pool->percpu.cache->nested_frees, nr);
}

void fa_percpu_free_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs)
{
	struct fastalloc_cache *c;
	u32 run, n, took;

	if (unlikely(!nr))
		return;
	for (;;) {
		preempt_disable();
		c = this_cpu_ptr(pool->percpu.cache);
		n = __fastalloc_claim(c);
		if (n < FASTALLOC_BUSY && fa_cache_may_put(pool, c)) {
			if (n >= c->size)
				n = fa_cache_make_room(pool, c, n);
			run = min(c->size - n, nr);
			fa_copy_run(&c->slot[n], objs, run);
			n += run;
			c->frees += run;
		} else {
			run = min_t(u32, nr, FASTALLOC_MAX_MAGAZINE);
			/* Before the objects can be out again, as in fa_cache_free(). */
			fa_count_frees(pool, c, n, run);
			took = fa_depot_spill(pool, fa_shard(pool), objs, run);
			if (unlikely(took < run))
				fa_count_frees(pool, c, n, -(int)(run - took));
		}
		__fastalloc_release(c, n);
		objs += run;
		nr -= run;
		if (!nr)
			break;
		preempt_enable();
	}
	/* Before preemption is enabled: a zombie may go once its last object is back. */
	fa_wake_waiters(&pool->waitq);
	preempt_enable();
}

/*
 * Allocates @nr objects, or none. What is needed besides the cache is claimed at once,
 * before any object is taken. So a call that fails has never kept an object from another
 * allocation.
 */
bool fa_percpu_alloc_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs)
{
	struct fastalloc_cache *c;
	u32 n, have = 0, got = 0, run;

	if (!nr || nr > READ_ONCE(pool->total))
		return !nr;
	preempt_disable();
	c = this_cpu_ptr(pool->percpu.cache);
	n = __fastalloc_claim(c);
	if (likely(n < FASTALLOC_BUSY))
		have = n + (c->spare ? c->spare->n : 0);
	if (have < nr && unlikely(!fa_claim(pool, nr - have))) {
		__fastalloc_release(c, n);
		preempt_enable();
		return false;
	}
	while (got < min(have, nr)) {
		if (!n)
			n = fa_cache_refill(pool, c);
		run = min(n, nr - got);
		n -= run;
		fa_copy_run(objs + got, &c->slot[n], run);
		got += run;
	}
	if (likely(n < FASTALLOC_BUSY))
		c->allocs += nr;
	else
		this_cpu_add(pool->percpu.cache->nested_allocs, nr);
	__fastalloc_release(c, n);
	preempt_enable();
	if (likely(got == nr))
		return true;
	got += fa_depot_take(&pool->percpu.depot, c->shard, nr - got, objs + got);
	if (likely(got == nr))
		return true;
	fa_missing(pool);
	this_cpu_sub(pool->percpu.cache->nested_allocs, nr - got);
	fa_percpu_free_bulk(pool, got, objs);
	return false;
}

/*
 * Moves all objects of a claimed cache to the depot; @n are loaded. They go one by one if
 * there is no magazine to load instead.
 */
void fa_cache_flush(struct fastalloc_pool *pool, struct fastalloc_cache *c, u32 n)
{
	struct fa_depot *d = &pool->percpu.depot;
	struct fa_mag *m = c->spare;
	u32 put;

	if (m && m->n) {
		c->spare = NULL;
		put = m->n;
		fa_depot_put_mag(d, c->shard, m);
		fa_credit(pool, put);
		trace_fastalloc_flush(pool, put);
		m = NULL;
	}
	if (!n)
		return;
	if (!m)
		m = fa_depot_empty(d, c->shard);
	if (m) {
		c->spare = NULL;
		c->loaded->n = n;
		fa_depot_put_mag(d, c->shard, c->loaded);
		fa_credit(pool, n);
		fa_cache_load(c, m);
	} else {
		fa_depot_spill(pool, c->shard, c->slot, n);
	}
	trace_fastalloc_flush(pool, n);
}

/* Moves a magazine that no cache uses any more to the depot. */
static void fa_cache_drop_mag(struct fastalloc_pool *pool, struct fastalloc_cache *c,
			      struct fa_mag *m, u32 n)
{
	struct fa_depot *d = &pool->percpu.depot;

	if (!m)
		return;
	m->n = n;
	if (!n) {
		fa_mag_push(&d->shard[c->shard].empty, m);
		return;
	}
	fa_depot_put_mag(d, c->shard, m);
	fa_credit(pool, n);
	trace_fastalloc_flush(pool, n);
}

/* Moves both magazines of a claimed cache, or that of a dead CPU, to the depot. */
void fa_cache_drop(struct fastalloc_pool *pool, struct fastalloc_cache *c, u32 n)
{
	fa_cache_drop_mag(pool, c, c->spare, c->spare ? c->spare->n : 0);
	fa_cache_drop_mag(pool, c, c->loaded, n);
	c->spare = NULL;
	c->loaded = NULL;
	c->slot = NULL;
}

static int fa_cpu_dead(unsigned int cpu)
{
	struct fastalloc_pool *pool;

	mutex_lock(&fa_pools_lock);
	list_for_each_entry(pool, &fa_pools, node) {
		if (!pool->live || pool->sync != FASTALLOC_SYNC_PERCPU)
			continue;
		fa_lease_dead(pool, cpu);
		fa_wake_waiters(&pool->waitq);
		cond_resched();
	}
	mutex_unlock(&fa_pools_lock);
	return 0;
}

/* What trim holds: objects that it has claimed, in a magazine if there is one. */
struct fa_scan {
	struct fa_mag	*m;
	void		*one;
	void		**objs;
	u32		most;
};

static void fa_scan_begin(struct fastalloc_pool *pool, struct fa_scan *s)
{
	s->m = fa_depot_empty(&pool->percpu.depot, 0);
	s->objs = s->m ? s->m->slot : &s->one;
	s->most = s->m ? min(fa_trim_holds(pool), pool->percpu.magazine) : 1;
}

/* Puts @n objects into a shard. */
static void fa_scan_put(struct fastalloc_pool *pool, struct fa_scan *s, unsigned int shard, u32 n)
{
	struct fa_depot *d = &pool->percpu.depot;

	if (!n)
		return;
	if (!s->m) {
		fa_depot_give(pool, shard, s->one);
		return;
	}
	s->m->n = n;
	fa_depot_put_mag(d, shard, s->m);
	fa_credit(pool, n);
	fa_scan_begin(pool, s);
}

/*
 * Takes the objects of the shard @from, except those that @found keeps, to the shard @to.
 * Returns how many were seen, at most @left.
 */
static unsigned long fa_scan_shard(struct fastalloc_pool *pool, struct fa_scan *s,
				   unsigned int from, unsigned int to, unsigned long left,
				   bool (*found)(struct fastalloc_pool *pool, void *obj))
{
	struct fa_depot *d = &pool->percpu.depot;
	unsigned long seen = 0;
	u32 want, n, i, k;

	do {
		preempt_disable();
		for (want = s->most; want && fa_depot_claim(d, want) < 0; want--)
			;
		n = want ? fa_depot_take_from(d, from, want, s->objs) : 0;
		fa_credit(pool, want - n);
		for (i = 0, k = 0; i < n; i++)
			if (!found || !found(pool, s->objs[i]))
				s->objs[k++] = s->objs[i];
		fa_scan_put(pool, s, to, k);
		preempt_enable();
		seen += n;
		cond_resched();
	} while (n && seen < left);
	return seen;
}

/*
 * Takes every object of the depot once. Those that @found keeps are removed. The others go to
 * the shard of trim, where allocations still find them, and then back to their shard.
 */
static void fa_percpu_scan(struct fastalloc_pool *pool,
			   bool (*found)(struct fastalloc_pool *pool, void *obj))
{
	struct fa_depot *d = &pool->percpu.depot;
	unsigned long left = READ_ONCE(pool->chunks.objects);
	unsigned int i, scanned = d->nr_shards;
	struct fa_scan s;

	fa_scan_begin(pool, &s);
	for (i = 0; i < d->nr_shards && left; i++) {
		left -= min(left, fa_scan_shard(pool, &s, i, scanned, left, found));
		fa_scan_shard(pool, &s, scanned, i, ULONG_MAX, NULL);
	}
	if (s.m) {
		s.m->n = 0;
		fa_mag_push(&d->shard[0].empty, s.m);
	}
	fa_wake_waiters(&pool->waitq);
}

/* Frees the objects that trim has kept, of a chunk that stays. */
static void fa_percpu_put_back(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	unsigned int i;

	for (i = 0; i < chunk->count; i++) {
		fa_resched(i, GFP_KERNEL);
		if (!fa_bitmap_test(&chunk->map, i))
			continue;
		fa_bitmap_clear(&chunk->map, i);
		preempt_disable();
		fa_depot_give(pool, fa_shard(pool), fa_chunk_obj(&pool->chunks, chunk, i));
		preempt_enable();
	}
}

/*
 * Updates the low-water mark after the capacity has changed. A magazine more, as the mark is
 * noticed only when the next objects are claimed.
 */
static void fa_percpu_set_low(struct fastalloc_pool *pool)
{
	long low = LONG_MIN;

	if (fa_is_growing(pool) && READ_ONCE(pool->capacity) < READ_ONCE(pool->growth.max))
		low = READ_ONCE(pool->refill.low_mark) + pool->percpu.magazine;
	WRITE_ONCE(pool->percpu.depot.low_free, low);
}

/*
 * A lower bound of the objects that were allocated when the depot held the fewest objects.
 * The fast path records no peak, and the caches hold no more than the reserve. With the lock
 * held.
 */
unsigned long fa_percpu_peak(struct fastalloc_pool *pool)
{
	unsigned long held = atomic_long_read(&pool->percpu.depot.min_free) & FA_MIN_MASK;

	/* Nothing is recorded yet, or on 32 bits, more than fits. */
	if (held == FA_MIN_MASK)
		return pool->peak;
	return max(pool->peak, pool->capacity > held ? pool->capacity - held : 0);
}

/* Starts a new epoch: the minimum is recorded anew. With the lock held. */
void fa_percpu_new_epoch(struct fastalloc_pool *pool)
{
	struct fa_depot *d = &pool->percpu.depot;
	long epoch = (atomic_long_read(&d->min_free) | FA_MIN_MASK) + 1 + FA_MIN_MASK;

	/* Nothing is recorded for it yet. */
	atomic_long_xchg(&d->min_free, epoch);
	/* Claims from here on record the minimum themselves, so the result is not too high. */
	fa_note_left(pool, epoch, atomic_long_read(&d->free));
}

/* Records the peak before the capacity changes, on which it depends. With the lock held. */
static void fa_percpu_end_epoch(struct fastalloc_pool *pool)
{
	pool->peak = fa_percpu_peak(pool);
	fa_percpu_new_epoch(pool);
}

/*
 * Before a chunk is made: allocates magazines for @total objects. Only a task does this, as a
 * pool works without. The links come with the chunk.
 */
static void fa_percpu_prepare(struct fastalloc_pool *pool, unsigned long total, gfp_t gfp)
{
	if (gfpflags_allow_blocking(gfp))
		fa_charge(pool, FA_MEM_CACHES,
			  fa_depot_add_mags(&pool->percpu.depot, fa_lease_mags(pool, total),
					    fa_node(pool)));
}

/*
 * Adds the objects of a chunk to the depot, in any context: in full magazines, as long as
 * there are any.
 */
static int fa_percpu_attach(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp)
{
	struct fa_depot *d = &pool->percpu.depot;
	const struct fa_shard *sh = fa_place_chunk(pool, chunk);
	unsigned int first = sh ? sh->first : 0, nr = sh ? sh->peers : d->nr_shards;
	unsigned int i = chunk->count, k, run, shard;
	struct fa_mag *m;
	unsigned long flags;

	/* Before an object can be allocated, as its handle must lead to it. */
	fa_handle_attach(pool, chunk);
	chunk->unused = chunk->count;
	flags = fa_lock(pool);
	fa_chunk_insert(&pool->chunks, chunk);
	fa_unlock(pool, flags);

	/* Backwards, so that the lowest objects are handed out first. */
	while (i) {
		run = i % pool->percpu.magazine ?: pool->percpu.magazine;
		shard = first + (i / pool->percpu.magazine) % nr;
		preempt_disable();
		m = fa_depot_empty(d, shard);
		for (k = 0; k < run; k++) {
			void *obj = fa_chunk_new_obj(&pool->chunks, chunk, --i);

			if (m)
				m->slot[k] = obj;
			else
				fa_depot_put(d, shard, obj);
		}
		if (m) {
			m->n = run;
			fa_depot_put_mag(d, shard, m);
		}
		preempt_enable();
		if (gfpflags_allow_blocking(gfp))
			cond_resched();
	}

	fa_chunk_unshuffle(pool, chunk);

	/* Count the objects once all of them can be allocated. */
	flags = fa_lock(pool);
	fa_credit(pool, chunk->count);
	fa_add_total(pool, chunk->count);
	/* From here on trim may remove the chunk. */
	chunk->ready = true;
	fa_percpu_set_low(pool);
	fa_unlock(pool, flags);
	/* As in fa_trim_wake(). */
	smp_mb();
	fa_wake_waiters(&pool->waitq);
	return 0;
}

/* A quarter of the capacity, but no more than the caches of all CPUs can use. */
static unsigned long fa_reserve_default(const struct fastalloc_pool *pool)
{
	unsigned long most = (2 * num_possible_cpus() + 1) * FA_MAG_SLOTS;

	return min(max(pool->cfg.capacity / 4, FA_LEAST_RESERVE), most);
}

/*
 * Allocates caches and magazines, but no objects. On failure fa_percpu_exit() frees what
 * was allocated.
 */
static int fa_percpu_init(struct fastalloc_pool *pool)
{
	/* The lock must not share a cache line with what every inline call reads. */
	BUILD_BUG_ON(IS_ENABLED(CONFIG_SMP) &&
		     offsetof(struct fastalloc_pool, lock) / SMP_CACHE_BYTES ==
		     offsetof(struct fastalloc_pool, head.cache) / SMP_CACHE_BYTES);
	struct fa_depot *d = &pool->percpu.depot;
	unsigned long budget;
	int err;

	pool->reserve = pool->cfg.reserve ?: fa_reserve_default(pool);
	if (pool->cfg.capacity > FASTALLOC_MAX_OBJECTS - pool->reserve)
		return fa_refuse(&pool->cfg, -E2BIG,
				 "capacity=%lu: more than %lu with the reserve of %lu",
				 pool->cfg.capacity, FASTALLOC_MAX_OBJECTS, pool->reserve);
	pool->growth.max = min(pool->growth.max, FASTALLOC_MAX_OBJECTS - pool->reserve);

	budget = pool->reserve - fa_trim_holds(pool);
	if (!pool->cfg.magazine)
		pool->cfg.magazine = clamp(budget / 2, 1UL,
					   FA_MAG_SLOTS);
	pool->percpu.magazine = pool->cfg.magazine;

	err = fa_depot_init(d, &pool->chunks, fa_place_shards(pool), pool->percpu.magazine);
	if (err)
		return err;
	fa_charge(pool, FA_MEM_CACHES, fa_depot_bytes(d));
	pool->percpu.cache = alloc_percpu_gfp(struct fastalloc_cache,
					      fa_gfp(GFP_KERNEL | __GFP_NORETRY));
	if (!pool->percpu.cache)
		return -ENOMEM;
	fa_charge(pool, FA_MEM_CACHES, num_possible_cpus() * sizeof(struct fastalloc_cache));
	fa_place_cpus(pool);
	fa_leases_init(pool, budget);
	return 0;
}

/* On destroy: calls @fn for every free object. Nobody uses the pool. */
static void fa_percpu_drain(struct fastalloc_pool *pool,
			    void (*fn)(struct fastalloc_pool *pool, void *obj))
{
	struct fa_depot *d = &pool->percpu.depot;
	struct fastalloc_cache *c;
	void *obj;
	int cpu;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		/* Busy if destroy changed the path under an operation that had claimed it. */
		if (c->n < FASTALLOC_BUSY)
			fa_cache_drop(pool, c, c->n);
		cond_resched();
	}
	while (fa_depot_claim(d, 1) >= 0) {
		if (!fa_depot_take(d, 0, 1, &obj))
			break;
		fn(pool, obj);
		cond_resched();
	}
}

static void fa_percpu_exit(struct fastalloc_pool *pool)
{
	fa_depot_exit(&pool->percpu.depot);
	free_percpu(pool->percpu.cache);
}

/* Chunks were removed. */
static void fa_percpu_trimmed(struct fastalloc_pool *pool)
{
	unsigned long flags;

	flags = fa_lock(pool);
	fa_percpu_set_low(pool);
	fa_percpu_end_epoch(pool);
	fa_unlock(pool, flags);
}

/*
 * Takes an object for a waiter. If the ceiling leaves no room, a free that makes room wakes
 * waiters.
 */
static void *fa_percpu_take(struct fastalloc_pool *pool)
{
	void *obj;

	if (!fa_exact_take(pool, 1, false))
		return NULL;
	obj = fa_depot_take_one(pool, fa_shard(pool));
	if (obj)
		WRITE_ONCE(pool->waitq.handed, pool->waitq.handed + 1);
	else if (pool->percpu.exact)	/* without a wake-up: this serves the waiters */
		atomic_long_sub(1, &pool->percpu.exact_out);
	return obj;
}

static void fa_percpu_give(struct fastalloc_pool *pool, void *obj)
{
	/* As in fa_cache_free(). */
	WRITE_ONCE(pool->waitq.handed, pool->waitq.handed - 1);
	fa_depot_give(pool, fa_shard(pool), obj);
	fa_exact_give(pool, 1);
	/* This may be the last object that a deferred destroy waits for. */
	if (READ_ONCE(pool->deferred.zombie))
		irq_work_queue(&pool->waitq.wake);
}

const struct fa_pool_ops fa_percpu_ops = {
	.init = fa_percpu_init,
	.exit = fa_percpu_exit,
	.prepare = fa_percpu_prepare,
	.attach = fa_percpu_attach,
	.set_mark = fa_percpu_set_low,
	.new_epoch = fa_percpu_end_epoch,
	.flush = fa_percpu_flush,
	.scan = fa_percpu_scan,
	.put_back = fa_percpu_put_back,
	.trimmed = fa_percpu_trimmed,
	.drain = fa_percpu_drain,
	.in_use = fa_percpu_in_use,
	.frees = fa_percpu_frees,
	.stats = fa_percpu_stats,
	.reset = fa_percpu_reset,
	.take = fa_percpu_take,
	.give = fa_percpu_give,
	.wait_begin = fa_percpu_shut,
	.wait_queued = fa_percpu_flush_local,
	.wait_end = fa_percpu_open,
};

struct fastalloc_cache __percpu *fa_bypass_cache(void)
{
	return &fa_bypass;
}

int fa_percpu_module_init(void)
{
	int state;

	state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "fastalloc:dead",
					  NULL, fa_cpu_dead);
	if (state < 0)
		return state;
	fa_cpuhp_state = state;
	return 0;
}

void fa_percpu_module_exit(void)
{
	cpuhp_remove_state_nocalls(fa_cpuhp_state);
}
