// SPDX-License-Identifier: GPL-2.0
/*
 * Pools of sync PERCPU: a loaded and a spare magazine on every CPU, on top of a depot of
 * lock-free stacks of magazines. See J. Bonwick and J. Adams, "Magazines and Vmem"
 * (USENIX 2001).
 *
 *	  CPU 0                    CPU 1                    CPU n
 *	+--------------------+   +--------------------+   +--------------------+
 *	| fastalloc_cache    |   | fastalloc_cache    |   | fastalloc_cache    |
 *	|  loaded:   0..M    |   |  loaded:   0..M    |   |  loaded:   0..M    |
 *	|  spare:    0 or M  |   |  spare:    0 or M  |   |  spare:    0 or M  |
 *	+--------------------+   +--------------------+   +--------------------+
 *	     ^                     |                      ^         |
 *	     | fa_cache_refill()   | fa_cache_make_room(), | nested contexts, bulk
 *	     |                     | fa_cache_flush()     | calls, waiters, trim
 *	     |                     |                      |         |
 *	     |                     v                      |         v
 *	+----------------------------------------------------------------------+
 *	| depot:   full    partial    empty    scanned (full, during trim)     |
 *	+----------------------------------------------------------------------+
 *	     ^                                        |
 *	     | fa_percpu_attach(): objects            | fa_percpu_scan(): objects
 *	     | of a new chunk                         v of isolated chunks
 *	+----------------------------------------------------------------------+
 *	| chunks: memory of the objects, see chunk_alloc.c                     |
 *	+----------------------------------------------------------------------+
 *
 * An operation runs with preemption off. It claims the cache of its CPU. An operation that
 * interrupts it (softirq, hardirq, NMI; with the task FA_NESTING contexts) finds the cache
 * busy and uses the depot: it pops a magazine, takes or puts one object, and pushes the
 * magazine to the stack where it belongs.
 *
 * Let M be the slots of a magazine. A context is one of the FA_NESTING nesting levels of a
 * CPU, or trim, of which one runs at a time (grow_lock).
 *
 * Free never fails. Each context holds at most one partial magazine, trim one more. A
 * context makes a full or an empty magazine partial only after it has seen the partial
 * stack empty. At that instant every partial magazine is loaded, or held by another
 * context, which does not make one as well. So partial magazines that are on the stack or
 * held are never more than the contexts, plus one for trim. A flush obeys this: it moves
 * the objects of a loaded magazine to others, which it takes from the depot one at a time
 * as a free does. Other magazines are: full, at most total / M; loaded, one for each CPU;
 * spare, one for each CPU; held, at most FA_HELD for each context. With one more than the
 * sum (fa_mag_need()) the empty stack is never empty. If callers free more objects than
 * there are, the excess is detected here, reported, and lost.
 *
 * Growth obeys this in any context, concurrently: it runs with preemption off, so in the
 * context of the allocation that grows the pool, and holds at most one magazine. It claims
 * the cache if that magazine may hold objects that others could take. Before a chunk is
 * inserted, under the pool's lock, ->mags.nr covers all objects in the pool and those of
 * the chunk. ->mags.nr counts a magazine only once it has been pushed.
 *
 * Full magazines are claimed before they are popped: ->nfull is the number on the full and
 * the scanned stack, minus the claimed ones. A push increments ->nfull after the magazine
 * is on its stack, so a claimed magazine is found. A claim takes the requested number at
 * once, or none. A bulk call claims all that it needs besides its cache before it takes an
 * object, so it never takes an object that it has to return.
 *
 * Capacity. An allocation fails only after it has seen at one instant that the partial
 * stack was empty and no full magazine could be claimed: fa_depot_get() reads ->nfull
 * between two reads of the partial head that are equal, tag included. At that instant free
 * objects are only: on every other CPU, at most 2 M with the task context (loaded, spare,
 * claimed or held, as a full magazine is pushed before another is claimed), and M claimed
 * or held in each of the FA_NESTING - 1 nested contexts; on this CPU the same without the
 * context that fails; and 2 M with trim. What a bulk call has claimed beyond that it will
 * hand out, so it counts as allocated. With total = capacity + reserve and
 *
 *	reserve = (ncpu * (FA_NESTING + 1) - 1 + 2) * M,
 *
 * where the 2 M of trim apply only to a pool that grows, at least capacity objects were
 * allocated at that instant.
 *
 * Loops retry (a pop, a claim, the search for a claimed magazine or for an instant without
 * free objects, the update of the minimum) only if another operation has made progress in
 * the meantime: they are lock-free.
 *
 * Waiting. A waiter shuts the caches for frees (cap = 0), increments ->waitq.nr, then looks
 * at the depot. A free whose cache is shut pushes to the depot, then reads ->waitq.nr. Both
 * have a full barrier in between, so one sees the other. A free that has read the old cap
 * fills its own magazine, which the bound above has counted.
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
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "exact.h"
#include "lock.h"
#include "percpu.h"
#include "pools.h"
#include "stats.h"

/* Task, softirq, hardirq, NMI. */
#define FA_NESTING	4

/* Bits of percpu.min_full that hold the number; the others hold the epoch. */
#define FA_MIN_MASK	((1L << (BITS_PER_LONG * 3 / 4)) - 1)

/* An operation holds at most two magazines: one that it popped, and one that it replaces. */
#define FA_HELD	2

/* The cache of pools without an inline path: it looks empty, full and busy. */
static DEFINE_PER_CPU(struct fastalloc_cache, fa_bypass) = {
	.n = FASTALLOC_BUSY,
};

static int fa_cpuhp_state;

static inline void **fa_mag_block(const struct fa_mags *mags, u32 b)
{
	if (likely(b < FA_MAG_TABLE))
		return (void **)&mags->block[b];
	return &READ_ONCE(mags->more[b / FA_MAG_TABLE - 1])[b % FA_MAG_TABLE];
}

static inline struct fa_mag *fa_mag_lookup(const void *arg, u32 id)
{
	const struct fa_mags *mags = arg;

	return READ_ONCE(*fa_mag_block(mags, id >> FA_MAG_BLOCK_SHIFT)) +
	       (size_t)(id & FA_MAG_BLOCK_MASK) * mags->mag_bytes;
}

static inline struct fa_mag *fa_pop(struct fastalloc_pool *pool,
				    struct fa_stack *s, s64 *head)
{
	return fa_stack_pop(s, fa_mag_lookup, &pool->percpu.mags, head);
}

/*
 * Makes @nr full magazines claimable, again or for the first time. They are on their stack
 * already.
 */
static inline void fa_unclaim(struct fastalloc_pool *pool, long nr)
{
	atomic_long_add(nr, &pool->percpu.nfull);
	/*
	 * Orders the increment of ->nfull before a pop from another stack. Pairs with the
	 * smp_rmb() in fa_depot_get().
	 */
	smp_mb__after_atomic();
}

static inline void fa_push_full(struct fastalloc_pool *pool, struct fa_mag *m)
{
	fa_stack_push(&pool->percpu.full, m);
	fa_unclaim(pool, 1);
}

/* Pushes a magazine to the stack that matches ->n. */
static void fa_push_any(struct fastalloc_pool *pool, struct fa_mag *m)
{
	if (!m->n)
		fa_stack_push(&pool->percpu.empty, m);
	else if (m->n < pool->percpu.magazine)
		fa_stack_push(&pool->percpu.partial, m);
	else
		fa_push_full(pool, m);
}

/* Lower the recorded minimum to @left, if the epoch sampled in @old is still current. */
static inline void fa_note_left(struct fastalloc_pool *pool, long old, long left)
{
	long epoch = old & ~FA_MIN_MASK;

	while (left < (old & FA_MIN_MASK) && (old & ~FA_MIN_MASK) == epoch &&
	       !atomic_long_try_cmpxchg(&pool->percpu.min_full, &old, epoch | max(left, 0L)))
		;
}

/* Claims @nr full magazines, or none. Returns how many are left, or -1. */
static inline long fa_claim(struct fastalloc_pool *pool, long nr)
{
	long left = atomic_long_read(&pool->percpu.nfull);

	do {
		if (left < nr)
			return -1;
	} while (!atomic_long_try_cmpxchg(&pool->percpu.nfull, &left, left - nr));
	return left - nr;
}

/*
 * Claims @nr full magazines for an allocation, or none. Kicks the worker if too few are
 * left, and records the minimum for the peak.
 */
static inline bool fa_claim_full(struct fastalloc_pool *pool, long nr)
{
	long old = atomic_long_read(&pool->percpu.min_full);
	long left = fa_claim(pool, nr);

	if (left < 0)
		return false;
	/*
	 * A late caller must not lower the minimum of a new epoch by what was left in the
	 * old one.
	 */
	fa_note_left(pool, old, left);
	if (unlikely(left < READ_ONCE(pool->percpu.low_full)) &&
	    !READ_ONCE(pool->refill.stalled))
		fa_grower_kick(&pool->refill.grower);
	return true;
}

/*
 * Pops a full magazine that the caller has claimed. It is on one of the two stacks, but
 * trim may move it from the second to the first between the two pops. Then look again.
 */
static inline struct fa_mag *fa_pop_claimed(struct fastalloc_pool *pool)
{
	struct fa_mag *m;
	s64 head;

	do {
		m = fa_pop(pool, &pool->percpu.full, &head);
		if (unlikely(!m))
			m = fa_pop(pool, &pool->percpu.scanned, &head);
	} while (unlikely(!m));
	return m;
}

/* A magazine with objects, or NULL if there was an instant without one. */
static struct fa_mag *fa_depot_get(struct fastalloc_pool *pool)
{
	struct fa_mag *m;
	s64 partial;

	for (;;) {
		m = fa_pop(pool, &pool->percpu.partial, &partial);
		if (m) {
			/*
			 * A reader that sees the count of an allocation from this magazine
			 * must also see the counts of the frees that filled it. A claim is
			 * a full barrier, too. Pairs with the smp_rmb() in
			 * fa_percpu_out_least().
			 */
			smp_mb__after_atomic();
			return m;
		}
		if (fa_claim_full(pool, 1))
			return fa_pop_claimed(pool);
		/*
		 * Orders the read of ->nfull before the second read of ->partial.head.
		 * Pairs with the smp_mb__after_atomic() in fa_unclaim().
		 */
		smp_rmb();
		if (atomic64_read(&pool->percpu.partial.head) == partial)
			return NULL;
	}
}

/* No room for an object: callers have freed more objects than there are. */
static noinline __cold void fa_overfull(struct fastalloc_pool *pool)
{
	atomic_long_inc(&pool->debug.violations);
	pr_err_ratelimited("pool %s: more objects freed than there are\n", pool->name);
}

/* A magazine with room. There is one unless callers free objects that are already free. */
static struct fa_mag *fa_depot_get_room(struct fastalloc_pool *pool)
{
	struct fa_mag *m;
	s64 head;

	m = fa_pop(pool, &pool->percpu.partial, &head);
	if (!m)
		m = fa_pop(pool, &pool->percpu.empty, &head);
	if (unlikely(!m))
		fa_overfull(pool);
	return m;
}

/* Takes one object from the depot, or returns NULL. */
static void *fa_depot_take(struct fastalloc_pool *pool)
{
	struct fa_mag *m = fa_depot_get(pool);
	void *obj;

	if (!m)
		return NULL;
	obj = m->slot[--m->n];
	fa_push_any(pool, m);
	return obj;
}

/* Puts one object into the depot. */
static bool fa_depot_put(struct fastalloc_pool *pool, void *obj)
{
	struct fa_mag *m = fa_depot_get_room(pool);

	if (!m)
		return false;
	m->slot[m->n++] = obj;
	fa_push_any(pool, m);
	return true;
}

/*
 * Called before a context with a claimed cache holds a magazine of the depot: pushes a full
 * spare first, as the proof above counts only one of them. Returns whether there was one.
 */
static bool fa_cache_pass_spare(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	struct fa_mag *spare = c->spare;

	if (!spare || !spare->n)
		return false;
	c->spare = NULL;
	fa_push_full(pool, spare);
	return true;
}

/* Puts an object into the depot because a waiter has shut the cache. */
static bool fa_cache_pass(struct fastalloc_pool *pool, struct fastalloc_cache *c,
			  void *obj)
{
	fa_cache_pass_spare(pool, c);
	return fa_depot_put(pool, obj);
}

static inline void fa_load(struct fastalloc_cache *c, struct fa_mag *m)
{
	c->loaded = m;
	c->slot = m->slot;
}

/* Loads @m in place of the claimed cache's empty magazine. Returns the objects of @m. */
static inline u32 fa_cache_exchange(struct fastalloc_pool *pool, struct fastalloc_cache *c,
				    struct fa_mag *m)
{
	struct fa_mag *old = c->loaded;

	old->n = 0;
	c->exchanges++;
	if (c->spare)
		fa_stack_push(&pool->percpu.empty, old);
	else
		c->spare = old;
	fa_load(c, m);
	return m->n;
}

static noinline u32 fa_cache_refill_depot(struct fastalloc_pool *pool,
					  struct fastalloc_cache *c)
{
	struct fa_mag *m = fa_depot_get(pool);

	return m ? fa_cache_exchange(pool, c, m) : 0;
}

/* The claimed cache is empty: load another magazine. Returns its objects, or 0. */
static inline u32 fa_cache_refill(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	struct fa_mag *old = c->loaded, *m = c->spare;

	old->n = 0;
	if (!m || !m->n)
		return fa_cache_refill_depot(pool, c);
	c->spare = old;
	fa_load(c, m);
	return m->n;
}

static noinline u32 fa_cache_make_room_depot(struct fastalloc_pool *pool,
					     struct fastalloc_cache *c)
{
	struct fa_mag *old = c->loaded, *m = c->spare;

	/* Push before the next pop: a context must not hold both. */
	if (m)
		fa_push_full(pool, m);
	c->spare = old;
	c->exchanges++;
	m = fa_depot_get_room(pool);
	if (unlikely(!m)) {
		/* Restore the cache, except for the spare that was pushed. */
		c->spare = NULL;
		return pool->percpu.magazine;
	}
	fa_load(c, m);
	return m->n;
}

/* The claimed cache is full: load another magazine. Returns its objects. */
static inline u32 fa_cache_make_room(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	struct fa_mag *old = c->loaded, *m = c->spare;

	old->n = pool->percpu.magazine;
	if (!m || m->n)
		return fa_cache_make_room_depot(pool, c);
	c->spare = old;
	fa_load(c, m);
	return 0;
}

/*
 * The slow path of an allocation. @n is what the claim of @c returned; the claim ends here.
 * Preemption is off.
 */
void *fa_cache_alloc(struct fastalloc_pool *pool, struct fastalloc_cache *c, u32 n)
{
	void *obj = NULL;

	if (n >= FASTALLOC_BUSY) {
		obj = fa_depot_take(pool);
		if (obj)
			this_cpu_inc(pool->percpu.cache->nested_allocs);
		__fastalloc_release(c, n);
		/* The rest of the magazine that was held can serve a waiter. */
		if (obj)
			fa_wake_waiters(&pool->waitq);
		return obj;
	}
	if (!n && unlikely(!READ_ONCE(c->cap)) && !(c->spare && c->spare->n)) {
		/* Tasks wait: take one object, not a magazine. */
		obj = fa_depot_take(pool);
		c->allocs += !!obj;
		__fastalloc_release(c, 0);
		if (obj)
			fa_wake_waiters(&pool->waitq);
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
		if (unlikely(!fa_depot_put(pool, obj)))
			this_cpu_dec(pool->percpu.cache->nested_frees);
	} else if (!READ_ONCE(c->cap)) {
		c->frees++;
		if (unlikely(!fa_cache_pass(pool, c, obj)))
			c->frees--;
	} else {
		if (n == pool->percpu.magazine)
			n = fa_cache_make_room(pool, c);
		if (likely(n < pool->percpu.magazine)) {
			c->slot[n++] = obj;
			c->frees++;
		}
	}
	__fastalloc_release(c, n);
	fa_wake_waiters(&pool->waitq);
}

static __always_inline void fa_copy_four(void **to, void * const *from)
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
}

static __always_inline void fa_copy_eight(void **to, void * const *from)
{
	fa_copy_four(to, from);
	fa_copy_four(to + 4, from + 4);
}

static __always_inline void fa_copy_sixteen(void **to, void * const *from)
{
	fa_copy_eight(to, from);
	fa_copy_eight(to + 8, from + 8);
}

/*
 * Copies 1 to FASTALLOC_MAX_MAGAZINE pointers. memcpy() would spend most of its time
 * starting a string operation, and a loop counting. The last block overlaps the one before
 * it, which is faster than smaller steps.
 */
static __always_inline void fa_copy_run(void **to, void * const *from, u32 nr)
{
	BUILD_BUG_ON(FASTALLOC_MAX_MAGAZINE > 64);

	if (nr >= 16) {
		if (nr > 16)
			fa_copy_sixteen(to, from);
		if (nr > 32)
			fa_copy_sixteen(to + 16, from + 16);
		if (nr > 48)
			fa_copy_sixteen(to + 32, from + 32);
		fa_copy_sixteen(to + nr - 16, from + nr - 16);
	} else if (nr < 4) {
		to[0] = from[0];
		if (nr > 1)
			to[1] = from[1];
		if (nr > 2)
			to[2] = from[2];
	} else if (nr < 8) {
		fa_copy_four(to, from);
		fa_copy_four(to + nr - 4, from + nr - 4);
	} else {
		fa_copy_eight(to, from);
		fa_copy_eight(to + nr - 8, from + nr - 8);
	}
}

/* Takes @run objects from a magazine that the caller holds, and pushes it. */
static inline void fa_mag_take_run(struct fastalloc_pool *pool, struct fa_mag *m, u32 run,
				   void **objs)
{
	m->n -= run;
	fa_copy_run(objs, &m->slot[m->n], run);
	fa_push_any(pool, m);
}

static noinline u32 fa_depot_take_run(struct fastalloc_pool *pool, void **objs, u32 nr)
{
	struct fa_mag *m = fa_depot_get(pool);
	u32 run;

	if (!m)
		return 0;
	run = min(m->n, nr);
	fa_mag_take_run(pool, m, run, objs);
	return run;
}

/*
 * Puts a run of objects into the depot. @freed: a nested call frees them; else a cache is
 * flushed.
 */
static noinline u32 fa_depot_put_run(struct fastalloc_pool *pool, void **objs, u32 nr,
				     bool freed)
{
	struct fa_mag *m = fa_depot_get_room(pool);
	u32 run;

	if (!m)
		return 0;
	run = min(pool->percpu.magazine - m->n, nr);
	fa_copy_run(&m->slot[m->n], objs, run);
	m->n += run;
	/* As in fa_cache_free(). */
	if (freed)
		this_cpu_add(pool->percpu.cache->nested_frees, run);
	fa_push_any(pool, m);
	return run;
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
		if (n >= FASTALLOC_BUSY) {
			run = fa_depot_take_run(pool, objs, left);
			this_cpu_add(pool->percpu.cache->nested_allocs, run);
		} else {
			if (!n)
				n = fa_cache_refill(pool, c);
			run = min(n, left);
			if (likely(run)) {
				n -= run;
				fa_copy_run(objs, &c->slot[n], run);
				c->allocs += run;
			}
		}
		__fastalloc_release(c, n);
		preempt_enable();
		/* As in fa_cache_alloc(). */
		if (n >= FASTALLOC_BUSY && run)
			fa_wake_waiters(&pool->waitq);
		objs += run;
		left -= run;
	} while (left && likely(run));
	return nr - left;
}

void fa_percpu_free_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs)
{
	struct fastalloc_cache *c;
	u32 run, n;

	if (unlikely(!nr))
		return;
	for (;;) {
		preempt_disable();
		c = this_cpu_ptr(pool->percpu.cache);
		n = __fastalloc_claim(c);
		if (n >= FASTALLOC_BUSY) {
			run = fa_depot_put_run(pool, objs, nr, true);
		} else if (!READ_ONCE(c->cap)) {
			c->frees++;
			run = fa_cache_pass(pool, c, *objs);
			if (unlikely(!run))
				c->frees--;
		} else {
			if (n == pool->percpu.magazine)
				n = fa_cache_make_room(pool, c);
			run = min(pool->percpu.magazine - n, nr);
			if (likely(run)) {
				fa_copy_run(&c->slot[n], objs, run);
				n += run;
				c->frees += run;
			}
		}
		__fastalloc_release(c, n);
		objs += run;
		nr -= run;
		if (!nr || unlikely(!run))
			break;
		preempt_enable();
	}
	/* Before preemption is enabled: a zombie may go once its last object is back. */
	fa_wake_waiters(&pool->waitq);
	preempt_enable();
}

/* The number of full magazines needed for @nr objects. */
static inline unsigned int fa_mags_for(const struct fastalloc_pool *pool, unsigned int nr)
{
	return nr <= pool->percpu.magazine ? !!nr : DIV_ROUND_UP(nr, pool->percpu.magazine);
}

/*
 * A bulk call has claimed its cache, which holds @n objects, and the depot has fewer full
 * magazines than it needs besides. Moves objects of partial magazines into the cache, and
 * the loaded magazine to the depot when it is full, until the cache and the full magazines
 * suffice. No object is taken yet, and at most one magazine is held. Returns the objects of
 * the cache. *@full is the number of claimed magazines, or -1 if there are too few objects.
 */
static noinline u32 fa_bulk_gather(struct fastalloc_pool *pool, struct fastalloc_cache *c,
				   u32 n, unsigned int nr, int *full)
{
	struct fa_mag *m;
	bool moved;
	s64 partial;
	u32 run;

	moved = fa_cache_pass_spare(pool, c);
	for (;;) {
		m = fa_pop(pool, &pool->percpu.partial, &partial);
		run = m ? min(m->n, pool->percpu.magazine - n) : 0;
		if (run) {
			m->n -= run;
			fa_copy_run(&c->slot[n], &m->slot[m->n], run);
			n += run;
		}
		if (m && !m->n) {
			fa_stack_push(&pool->percpu.empty, m);
		} else if (m) {
			/* The loaded magazine is full. */
			c->loaded->n = n;
			fa_push_full(pool, c->loaded);
			moved = true;
			fa_load(c, m);
			n = m->n;
		}
		*full = n < nr ? fa_mags_for(pool, nr - n) : 0;
		if (!*full || fa_claim_full(pool, *full))
			return n;
		/*
		 * Orders the read of ->nfull before the read of ->partial.head, as in
		 * fa_depot_get().
		 */
		smp_rmb();
		if (!m && atomic64_read(&pool->percpu.partial.head) == partial)
			break;
	}
	*full = -1;
	/* Waiters can take what was moved to the depot. */
	if (moved)
		fa_wake_waiters(&pool->waitq);
	return n;
}

/*
 * A bulk call whose cache is busy. It may hold one magazine only, so it uses at most one
 * partial magazine. A full magazine becomes a partial one only in place of one that was
 * emptied, or if there is no partial one. Takes all objects except those of *@full whole
 * magazines, which it has claimed, and returns their number. *@full is -1 if there are too
 * few objects.
 */
static u32 fa_bulk_nested(struct fastalloc_pool *pool, unsigned int nr, void **objs,
			  int *full)
{
	u32 got = 0, run;
	struct fa_mag *m;
	s64 head;

	m = fa_pop(pool, &pool->percpu.partial, &head);
	if (m)
		got = min(m->n, nr);
	*full = fa_mags_for(pool, nr - got);
	if (*full && !fa_claim_full(pool, *full)) {
		*full = -1;
		if (m) {
			fa_push_any(pool, m);
			fa_wake_waiters(&pool->waitq);
		}
		return 0;
	}
	if (m)
		fa_mag_take_run(pool, m, got, objs);
	if (*full) {
		--*full;
		run = nr - got - *full * pool->percpu.magazine;
		fa_mag_take_run(pool, fa_pop_claimed(pool), run, objs + got);
		got += run;
	}
	this_cpu_add(pool->percpu.cache->nested_allocs, nr);
	/* The rest of the magazine that was held can serve a waiter. */
	fa_wake_waiters(&pool->waitq);
	return got;
}

/*
 * A bulk call with a claimed cache takes all objects except those of *@full whole
 * magazines. What it has claimed beyond @nr stays in the cache when the claim ends, which
 * the reserve covers.
 */
static __always_inline u32 fa_bulk_take(struct fastalloc_pool *pool, struct fastalloc_cache *c,
					u32 *n, unsigned int nr, void **objs, int *full)
{
	u32 got = 0, run = min(*n, nr);

	for (;;) {
		if (likely(run)) {
			*n -= run;
			fa_copy_run(objs + got, &c->slot[*n], run);
			got += run;
		}
		if (got + *full * pool->percpu.magazine == nr)
			break;
		if (c->spare && c->spare->n) {
			*n = fa_cache_refill(pool, c);
			run = min(*n, nr - got);
		} else {
			*n = fa_cache_exchange(pool, c, fa_pop_claimed(pool));
			--*full;
			run = nr - got - *full * pool->percpu.magazine;
		}
	}
	c->allocs += nr;
	return got;
}

/*
 * The end of a bulk call: takes all objects of the @full magazines that it has claimed.
 * Returns false if @full is -1, as the call has failed.
 */
static noinline bool fa_bulk_rest(struct fastalloc_pool *pool, int full, void **objs)
{
	struct fa_mag *m;

	for (; full > 0; full--, objs += pool->percpu.magazine) {
		preempt_disable();
		m = fa_pop_claimed(pool);
		fa_mag_take_run(pool, m, pool->percpu.magazine, objs);
		preempt_enable();
	}
	return !full;
}

static noinline bool fa_bulk_busy(struct fastalloc_pool *pool, struct fastalloc_cache *c,
				  u32 n, unsigned int nr, void **objs)
{
	u32 got;
	int full;

	got = fa_bulk_nested(pool, nr, objs, &full);
	__fastalloc_release(c, n);
	preempt_enable();
	return fa_bulk_rest(pool, full, objs + got);
}

/*
 * Allocates @nr objects, or none. The full magazines that are needed besides the cache are
 * claimed at once, before any object is taken. So a call that fails has never kept an
 * object from another allocation.
 */
bool fa_percpu_alloc_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs)
{
	struct fastalloc_cache *c;
	int full = 0;
	u32 n, got;

	if (!nr || nr > READ_ONCE(pool->total))
		return !nr;
	preempt_disable();
	c = this_cpu_ptr(pool->percpu.cache);
	n = __fastalloc_claim(c);
	if (unlikely(n >= FASTALLOC_BUSY))
		return fa_bulk_busy(pool, c, n, nr, objs);
	got = n + (c->spare ? c->spare->n : 0);
	if (got < nr) {
		full = fa_mags_for(pool, nr - got);
		if (unlikely(!fa_claim_full(pool, full)))
			n = fa_bulk_gather(pool, c, n, nr, &full);
	}
	got = likely(full >= 0) ? fa_bulk_take(pool, c, &n, nr, objs, &full) : 0;
	__fastalloc_release(c, n);
	preempt_enable();
	return likely(!full) || fa_bulk_rest(pool, full, objs + got);
}

static void fa_percpu_set_cap(struct fastalloc_pool *pool, u32 cap)
{
	int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu_ptr(pool->percpu.cache, cpu)->cap, cap);
}

/* Shuts the caches for frees, until fa_percpu_open() was called as often. May sleep. */
static void fa_percpu_shut(struct fastalloc_pool *pool)
{
	mutex_lock(&pool->percpu.shut_lock);
	if (!pool->percpu.shutters++)
		fa_percpu_set_cap(pool, 0);
	mutex_unlock(&pool->percpu.shut_lock);
}

static void fa_percpu_open(struct fastalloc_pool *pool)
{
	mutex_lock(&pool->percpu.shut_lock);
	if (!--pool->percpu.shutters)
		fa_percpu_set_cap(pool, pool->percpu.magazine);
	mutex_unlock(&pool->percpu.shut_lock);
}

/*
 * Flushes a cache. The claim is held, or the CPU is dead. The spare goes first, for the
 * same reason as in fa_cache_pass_spare(). Loaded objects fill the room of magazines in the
 * depot, of two in most cases. So partial magazines merge, and interrupts are off for a few
 * steps, not for a few steps per object.
 */
static void fa_cache_flush(struct fastalloc_pool *pool, struct fastalloc_cache *c,
			   u32 n)
{
	struct fa_mag *spare = c->spare;
	void **objs = c->slot;
	u32 run;

	c->spare = NULL;
	if (spare)
		fa_push_any(pool, spare);
	for (; n; n -= run, objs += run) {
		run = fa_depot_put_run(pool, objs, n, false);
		/* More objects were freed than there are: the excess is lost. */
		if (unlikely(!run))
			break;
	}
}

/*
 * Flushes the cache of a CPU that no longer uses it. It is busy if destroy changed the path
 * under an operation that had claimed it; then its contents are unknown.
 */
static void fa_cache_drop(struct fastalloc_pool *pool, struct fastalloc_cache *c)
{
	if (c->n >= FASTALLOC_BUSY)
		return;
	fa_cache_flush(pool, c, c->n);
	c->n = 0;
}

static void fa_flush_this_cpu(void *arg)
{
	struct fastalloc_pool *pool = arg;
	struct fastalloc_cache *c = this_cpu_ptr(pool->percpu.cache);
	u32 n = __fastalloc_claim(c);

	/* An operation was interrupted: what it holds counts as in use. */
	if (n < FASTALLOC_BUSY) {
		fa_cache_flush(pool, c, n);
		n = 0;
	}
	__fastalloc_release(c, n);
}

/* Flushes this CPU's cache. */
static void fa_percpu_flush_local(struct fastalloc_pool *pool)
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
static bool fa_cache_holds(const struct fastalloc_pool *pool, int cpu)
{
	struct fa_cpu_stats s;

	fa_percpu_look(pool, cpu, &s);
	return s.busy || s.loaded || s.spare;
}

/*
 * Flushes the caches of all CPUs that hold objects, by an interrupt to one CPU after
 * another. This needs no lock, and no worker that could wait for a task that waits for the
 * caller. At most one CPU at a time holds its objects.
 */
static void fa_percpu_flush(struct fastalloc_pool *pool)
{
	int cpu;

	/* fa_cpu_dead() flushes a CPU that goes offline meanwhile. */
	for_each_online_cpu(cpu)
		if (fa_cache_holds(pool, cpu))
			smp_call_function_single(cpu, fa_flush_this_cpu, pool, true);
	fa_wake_waiters(&pool->waitq);
}

static int fa_cpu_dead(unsigned int cpu)
{
	struct fastalloc_pool *pool;

	mutex_lock(&fa_pools_lock);
	list_for_each_entry(pool, &fa_pools, node) {
		struct fastalloc_cache *c;

		if (!pool->live || pool->sync != FASTALLOC_SYNC_PERCPU)
			continue;
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		/* A context runs with preemption off. */
		preempt_disable();
		fa_cache_drop(pool, c);
		preempt_enable();
		fa_wake_waiters(&pool->waitq);
		cond_resched();
	}
	mutex_unlock(&fa_pools_lock);
	return 0;
}

/* Pushes a scanned full magazine to a stack that fa_pop_claimed() searches, too. */
static void fa_push_scanned(struct fastalloc_pool *pool, struct fa_mag *m)
{
	fa_stack_push(&pool->percpu.scanned, m);
	fa_unclaim(pool, 1);
}

/*
 * Takes every magazine of the depot once. Objects that @found keeps are removed. The others
 * are merged into full magazines on another stack, where allocations still find them.
 */
static void fa_percpu_scan(struct fastalloc_pool *pool,
			   bool (*found)(struct fastalloc_pool *pool, void *obj))
{
	unsigned long left = pool->percpu.mags.nr;
	struct fa_mag *m, *acc = NULL;
	s64 head;
	u32 i, k;

	while (left--) {
		m = fa_pop(pool, &pool->percpu.partial, &head);
		if (!m) {
			if (fa_claim(pool, 1) < 0)
				break;
			m = fa_pop(pool, &pool->percpu.full, &head);
			if (!m) {
				fa_unclaim(pool, 1);
				break;
			}
		}
		for (i = 0, k = 0; i < m->n; i++)
			if (!found(pool, m->slot[i]))
				m->slot[k++] = m->slot[i];
		m->n = k;

		while (acc && acc->n < pool->percpu.magazine && m->n)
			acc->slot[acc->n++] = m->slot[--m->n];
		if (acc && acc->n == pool->percpu.magazine) {
			fa_push_scanned(pool, acc);
			acc = NULL;
		}
		if (!m->n)
			fa_stack_push(&pool->percpu.empty, m);
		else if (m->n == pool->percpu.magazine)
			fa_push_scanned(pool, m);
		else
			acc = m;
		cond_resched();
	}
	if (acc)
		fa_push_any(pool, acc);
	/* Claim each one: magazines that others have claimed must stay on a stack. */
	while (fa_claim(pool, 1) >= 0) {
		m = fa_pop(pool, &pool->percpu.scanned, &head);
		if (!m) {
			fa_unclaim(pool, 1);
			break;
		}
		fa_push_full(pool, m);
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
		fa_depot_put(pool, fa_chunk_obj(&pool->chunks, chunk, i));
		preempt_enable();
	}
}

static unsigned long fa_mag_need(const struct fastalloc_pool *pool,
				 unsigned long total)
{
	unsigned long contexts = num_possible_cpus() * FA_NESTING + 1;

	/* full; partial, one more for trim; loaded and spare; held; one more */
	return DIV_ROUND_UP(total, pool->percpu.magazine) + contexts + 1 +
	       2 * num_possible_cpus() + FA_HELD * contexts + 1;
}

/*
 * Assigns a block its number, which is part of the ids of its magazines. Growth in place
 * adds many small blocks, so it leaves some numbers to the large blocks of the worker.
 */
static int fa_mag_add_block(struct fastalloc_pool *pool, void *block, gfp_t gfp)
{
	u32 most = FA_MAG_BLOCKS - (gfpflags_allow_blocking(gfp) ? 0 : FA_MAG_TABLE);
	struct fa_mags *mags = &pool->percpu.mags;
	void **table = NULL;
	unsigned long flags;
	u32 b, t;

	for (;;) {
		raw_spin_lock_irqsave(&pool->lock, flags);
		b = mags->nr_blocks;
		t = b / FA_MAG_TABLE;
		if (b >= most)
			break;
		if (t && !mags->more[t - 1] && table) {
			WRITE_ONCE(mags->more[t - 1], table);
			table = NULL;
		}
		if (!t || mags->more[t - 1]) {
			/*
			 * Visible to a CPU that pops one of its magazines, as a push is a
			 * release.
			 */
			WRITE_ONCE(*fa_mag_block(mags, b), block);
			mags->nr_blocks++;
			break;
		}
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		table = fa_kzalloc(FA_MAG_TABLE * sizeof(*table), gfp, fa_node(pool));
		if (!table)
			return -ENOMEM;
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	kfree(table);
	return b < most ? (int)b : -ENOSPC;
}

/* Magazines to add to @nr. Geometric, so that the block numbers suffice for any growth. */
static unsigned long fa_mags_add(const struct fastalloc_pool *pool, unsigned long nr,
				 unsigned long need, gfp_t gfp)
{
	unsigned long more = fa_is_growing(pool) ? nr / 2 : 0;

	/* Growth in place takes at most a page, unless it needs more. */
	if (!gfpflags_allow_blocking(gfp))
		more = min(more, PAGE_SIZE / pool->percpu.mags.mag_bytes);
	return min(max(need - nr, more), FA_MAG_BLOCK_MASK + 1UL);
}

/* Allocates memory for @nr magazines, or fewer, down to a page, when memory is short. */
static void *fa_mags_alloc(struct fastalloc_pool *pool, unsigned long *nr, gfp_t gfp)
{
	size_t one = pool->percpu.mags.mag_bytes;
	void *block;

	for (;;) {
		block = fa_kvmalloc(*nr, one, gfp, fa_node(pool));
		if (block || *nr * one <= PAGE_SIZE)
			return block;
		*nr /= 2;
	}
}

/* Allocates magazines for @total objects. Any context, if @gfp does not allow blocking. */
static int fa_mags_reserve(struct fastalloc_pool *pool, unsigned long total, gfp_t gfp)
{
	unsigned long need = fa_mag_need(pool, total), nr, add, flags, i;
	struct fa_mags *mags = &pool->percpu.mags;
	size_t bytes;
	void *block;
	int b;

	while ((nr = READ_ONCE(mags->nr)) < need) {
		add = fa_mags_add(pool, nr, need, gfp);
		block = fa_mags_alloc(pool, &add, gfp);
		if (!block)
			return -ENOMEM;
		bytes = add * mags->mag_bytes;
		b = fa_mag_add_block(pool, block, gfp);
		if (b < 0) {
			kvfree(block);
			return b;
		}
		for (i = 0; i < add; i++) {
			struct fa_mag *m = block + i * mags->mag_bytes;

			fa_resched(i, gfp);
			m->n = 0;
			m->next = ((u32)b << FA_MAG_BLOCK_SHIFT) + i + 1;
			fa_stack_push(&pool->percpu.empty, m);
		}
		/* They count only now, when all of them can be popped. */
		raw_spin_lock_irqsave(&pool->lock, flags);
		WRITE_ONCE(mags->nr, mags->nr + add);
		mags->bytes += fa_kvsize(bytes);
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		fa_charge(pool, fa_kvsize(bytes));
	}
	return 0;
}

/*
 * Updates the low-water mark after the capacity has changed. One more, as the mark is
 * noticed only when the next magazine is claimed.
 */
static void fa_percpu_set_low(struct fastalloc_pool *pool)
{
	long low = LONG_MIN;

	if (fa_is_growing(pool) && READ_ONCE(pool->capacity) < READ_ONCE(pool->growth.max))
		low = DIV_ROUND_UP(READ_ONCE(pool->refill.low_mark), pool->percpu.magazine) + 1;
	WRITE_ONCE(pool->percpu.low_full, low);
}

/*
 * A lower bound of the objects that were allocated when the depot held the fewest full
 * magazines. The fast path records no peak, and the caches hold no more than the reserve.
 * With the lock held.
 */
unsigned long fa_percpu_peak(struct fastalloc_pool *pool)
{
	unsigned long held = atomic_long_read(&pool->percpu.min_full) & FA_MIN_MASK;

	held = held == FA_MIN_MASK ? pool->capacity : held * pool->percpu.magazine;
	return max(pool->peak, pool->capacity > held ? pool->capacity - held : 0);
}

/* Starts a new epoch: the minimum is recorded anew. With the lock held. */
void fa_percpu_new_epoch(struct fastalloc_pool *pool)
{
	long epoch = (atomic_long_read(&pool->percpu.min_full) | FA_MIN_MASK) + 1 + FA_MIN_MASK;

	/* Nothing is recorded for it yet. */
	atomic_long_xchg(&pool->percpu.min_full, epoch);
	/* Claims from here on record the minimum themselves, so the result is not too high. */
	fa_note_left(pool, epoch, atomic_long_read(&pool->percpu.nfull));
}

/* Records the peak before the capacity changes, on which it depends. With the lock held. */
static void fa_percpu_end_epoch(struct fastalloc_pool *pool)
{
	pool->peak = fa_percpu_peak(pool);
	fa_percpu_new_epoch(pool);
}

/*
 * Adds new objects, those below @i that do not fill a magazine, to a magazine of the depot
 * that has room. It may hold objects of others, so this operation claims the cache like any
 * other.
 */
static unsigned int fa_percpu_add_some(struct fastalloc_pool *pool,
				       struct fa_chunk *chunk, unsigned int i)
{
	struct fastalloc_cache *c;
	struct fa_mag *m;
	u32 n;

	preempt_disable();
	c = this_cpu_ptr(pool->percpu.cache);
	n = __fastalloc_claim(c);
	if (n < FASTALLOC_BUSY)
		fa_cache_pass_spare(pool, c);
	m = fa_depot_get_room(pool);
	if (likely(m)) {
		while (i % pool->percpu.magazine && m->n < pool->percpu.magazine)
			m->slot[m->n++] = fa_chunk_new_obj(&pool->chunks, chunk, --i);
		fa_push_any(pool, m);
	} else {
		/*
		 * More objects were freed than there are, and used up the room: these are
		 * lost.
		 */
		i -= i % pool->percpu.magazine;
	}
	__fastalloc_release(c, n);
	preempt_enable();
	return i;
}

/* Adds one full magazine of new objects, those below @i. Returns whether one was free. */
static bool fa_percpu_add_full(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			       unsigned int i)
{
	struct fa_mag *m;
	unsigned int k;
	s64 head;

	preempt_disable();
	m = fa_pop(pool, &pool->percpu.empty, &head);
	/* As in fa_percpu_add_some(). */
	if (likely(m)) {
		for (k = 0; k < pool->percpu.magazine; k++)
			m->slot[k] = fa_chunk_new_obj(&pool->chunks, chunk, --i);
		m->n = k;
		fa_stack_push(&pool->percpu.full, m);
	} else {
		fa_overfull(pool);
	}
	preempt_enable();
	return m;
}

/*
 * Adds the objects of a chunk in full magazines, in any context. If there is no memory for
 * magazines, nothing is changed.
 */
static int fa_percpu_attach(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp)
{
	unsigned int i = chunk->count, full = 0;
	unsigned long flags;
	bool there;
	int err;

	chunk->unused = chunk->count;
	do {
		err = fa_mags_reserve(pool, READ_ONCE(pool->chunks.objects) + chunk->count, gfp);
		if (err)
			return err;
		/* Other chunks may have been attached meanwhile: check again. */
		flags = fa_lock(pool);
		there = fa_mag_need(pool, pool->chunks.objects + chunk->count) <=
			pool->percpu.mags.nr;
		if (there)
			fa_chunk_insert(&pool->chunks, chunk);
		fa_unlock(pool, flags);
	} while (!there);

	/* Backwards, so that the lowest objects are handed out first. */
	while (i % pool->percpu.magazine)
		i = fa_percpu_add_some(pool, chunk, i);
	for (; i; i -= pool->percpu.magazine) {
		full += fa_percpu_add_full(pool, chunk, i);
		if (gfpflags_allow_blocking(gfp))
			cond_resched();
	}

	fa_chunk_unshuffle(chunk);

	/* Count the objects once all of them can be allocated. */
	flags = fa_lock(pool);
	fa_unclaim(pool, full);
	fa_add_total(pool, chunk->count);
	/* From here on trim may remove the chunk. */
	chunk->ready = true;
	fa_percpu_set_low(pool);
	fa_unlock(pool, flags);
	fa_wake_waiters(&pool->waitq);
	return 0;
}

/* The largest magazine that keeps the reserve to a quarter of the pool. */
static unsigned int fa_magazine_size(unsigned long capacity, unsigned long factor)
{
	unsigned int m;

	/* With its header, a magazine of 63 slots fills whole cache lines. */
	for (m = 63; m > 1 && m * factor > capacity / 4; m /= 2)
		;
	return m;
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
	unsigned long factor = num_possible_cpus() * (FA_NESTING + 1) - 1;
	struct fa_mags *mags = &pool->percpu.mags;
	size_t bytes;
	int cpu, err;
	s64 head;

	if (fa_is_growing(pool))
		factor += 2;
	if (!pool->cfg.magazine)
		pool->cfg.magazine = fa_magazine_size(pool->cfg.capacity, factor);
	pool->percpu.magazine = pool->cfg.magazine;
	pool->reserve = factor * pool->percpu.magazine;
	if (pool->cfg.capacity > FASTALLOC_MAX_OBJECTS - pool->reserve) {
		pr_err("pool %s: capacity=%lu: more than %lu with the reserve of %lu\n",
		       pool->name, pool->cfg.capacity, FASTALLOC_MAX_OBJECTS,
		       pool->reserve);
		return -E2BIG;
	}
	pool->growth.max = min(pool->growth.max, FASTALLOC_MAX_OBJECTS - pool->reserve);

	bytes = sizeof(struct fa_mag) + pool->percpu.magazine * sizeof(void *);
	/* Two CPUs may use two magazines, so these share no cache line. */
	mags->mag_bytes = ALIGN(bytes, SMP_CACHE_BYTES);

	pool->percpu.cache = alloc_percpu_gfp(struct fastalloc_cache,
					      fa_gfp(GFP_KERNEL | __GFP_NORETRY));
	if (!pool->percpu.cache)
		return -ENOMEM;
	fa_charge(pool, num_possible_cpus() * sizeof(struct fastalloc_cache));

	err = fa_mags_reserve(pool, pool->cfg.capacity + pool->reserve, fa_gfp(GFP_KERNEL));
	if (err)
		return err;
	for_each_possible_cpu(cpu) {
		struct fastalloc_cache *c = per_cpu_ptr(pool->percpu.cache, cpu);

		c->cap = pool->percpu.magazine;
		c->loaded = fa_pop(pool, &pool->percpu.empty, &head);
		c->slot = c->loaded->slot;
	}
	return 0;
}

/* On destroy: calls @fn for every free object. Nobody uses the pool. */
static void fa_percpu_drain(struct fastalloc_pool *pool,
			    void (*fn)(struct fastalloc_pool *pool, void *obj))
{
	struct fastalloc_cache *c;
	struct fa_mag *m;
	int cpu;

	/* The grower has been stopped. */
	pool->percpu.low_full = LONG_MIN;
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		fa_cache_drop(pool, c);
		cond_resched();
	}
	while ((m = fa_depot_get(pool))) {
		while (m->n)
			fn(pool, m->slot[--m->n]);
		cond_resched();
	}
}

static void fa_percpu_exit(struct fastalloc_pool *pool)
{
	u32 i;

	for (i = 0; i < pool->percpu.mags.nr_blocks; i++) {
		kvfree(*fa_mag_block(&pool->percpu.mags, i));
		cond_resched();
	}
	for (i = 0; i < ARRAY_SIZE(pool->percpu.mags.more); i++)
		kfree(pool->percpu.mags.more[i]);
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
	obj = fa_depot_take(pool);
	if (obj)
		WRITE_ONCE(pool->waitq.handed, pool->waitq.handed + 1);
	else
		fa_exact_give(pool, 1);
	return obj;
}

static void fa_percpu_give(struct fastalloc_pool *pool, void *obj)
{
	fa_exact_give(pool, 1);
	/* As in fa_cache_free(). */
	WRITE_ONCE(pool->waitq.handed, pool->waitq.handed - 1);
	fa_depot_put(pool, obj);
	/* This may be the last object that a deferred destroy waits for. */
	if (READ_ONCE(pool->deferred.zombie))
		irq_work_queue(&pool->waitq.wake);
}

const struct fa_pool_ops fa_percpu_ops = {
	.init = fa_percpu_init,
	.exit = fa_percpu_exit,
	.prepare = fa_mags_reserve,
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
