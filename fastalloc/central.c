// SPDX-License-Identifier: GPL-2.0
/*
 * Pools of sync SPINLOCK and NONE: free objects in one of the orders, under the pool's
 * lock, or serialized by the owner of the pool.
 *
 * LIFO and FIFO keep objects that were allocated before in a deque. Objects that were never
 * allocated stay in their chunk, from index ->unused on, so that a chunk of any size is
 * attached in constant time. LOWEST keeps a bitmap for each chunk.
 *
 *	Invariant: allocs - frees objects are allocated. LIFO, FIFO: the deque holds dq.n,
 *	nr_unused were never allocated, trim holds those of isolated chunks; together these
 *	are all objects. The deque has segments for all objects, and accepts no more frees
 *	than objects are allocated, so a push has room.
 *
 * A LIFO pool without hooks, checks, and zeroing out of line has a window on the tail of its
 * deque. The most common calls pop from it and push to it; between its ends nothing but the
 * top and the counters changes. The window ends wherever more is to be done (the next
 * segment, an object that was never allocated, a new peak, the low-water mark, a free of
 * more objects than are allocated, a waiter). The call then takes the slow path, which
 * applies what went through the window to the deque, and opens the window again when done,
 * all with the lock held.
 *
 *	Invariant: while the window is open, the deque's ->t and ->n are those of when it
 *	was opened.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bitmap.h"
#include "central.h"
#include "chunk_alloc.h"
#include "lock.h"
#include "lowest.h"
#include "refill.h"
#include "stats.h"

/* Slots to scan or fill before the lock is dropped for others. */
#define FA_BATCH	64

/* Call with the lock held when the capacity, or whether the pool can grow, has changed. */
static void fa_central_set_mark(struct fastalloc_pool *pool)
{
	unsigned long low = pool->refill.low_mark;

	pool->central.grow_at = ULONG_MAX;
	if (fa_is_growing(pool) && pool->capacity < READ_ONCE(pool->growth.max) &&
	    !READ_ONCE(pool->refill.stalled))
		pool->central.grow_at = pool->capacity >= low ? pool->capacity - low + 1 : 0;
	pool->central.next_threshold = min(pool->peak + 1, pool->central.grow_at);
}

/* Applies what went through the window to the deque. */
void fa_window_settle(struct fastalloc_pool *pool)
{
	struct fa_deque *d = &pool->central.dq;
	u32 t = pool->central.window->top - d->tail->slot;

	d->n += (long)t - d->t;
	d->t = t;
}

/* Opens the window, up to the next segment or the next event to handle. */
void fa_window_open(struct fastalloc_pool *pool)
{
	long in_use = fa_in_use(pool), pops, pushes = 0;
	struct fastalloc_window *w = pool->central.window;
	struct fa_deque *d = &pool->central.dq;

	/* May be negative: then as many pushes must come before the first pop. */
	pops = min3((long)d->t, (long)d->n, (long)pool->central.next_threshold - 1 - in_use);
	/* A waiter increments ->nr before it takes the lock for its last try. */
	if (!READ_ONCE(pool->waitq.nr))
		pushes = min_t(long, d->seg_slots - d->t, in_use);
	w->top = d->tail->slot + d->t;
	w->low = w->top - pops;
	w->end = w->top + pushes;
}

/* Called once, when the pool is complete and not yet visible to others. */
void fa_window_init(struct fastalloc_pool *pool)
{
	pool->central.window = pool->sync == FASTALLOC_SYNC_SPINLOCK ? &pool->central.locked :
								       &pool->head.window;
	fa_window_open(pool);
}

/*
 * Closes the window for good, on destroy. The lock is held; frees that are under way take
 * it next.
 */
void fa_window_close(struct fastalloc_pool *pool)
{
	if (!pool->central.window)
		return;
	fa_window_settle(pool);
	memset(pool->central.window, 0, sizeof(*pool->central.window));
	pool->central.window = NULL;
}

/* The threshold was reached. Returns whether the pool should grow. */
static noinline bool fa_central_threshold(struct fastalloc_pool *pool)
{
	unsigned long in_use = fa_in_use(pool);

	pool->peak = max(pool->peak, in_use);
	fa_central_set_mark(pool);
	return in_use >= pool->central.grow_at;
}

static inline bool fa_central_took(struct fastalloc_pool *pool, unsigned long nr)
{
	pool->head.allocs += nr;
	return unlikely(fa_in_use(pool) >= pool->central.next_threshold) &&
	       fa_central_threshold(pool);
}

/* The pool is below the low-water mark. The lock is not held. */
static noinline void fa_central_low(struct fastalloc_pool *pool)
{
	if (!fa_central_adopt(pool))
		fa_grower_kick(&pool->refill.grower);
}

static void *fa_unused_pop(struct fastalloc_pool *pool)
{
	struct fa_chunk *chunk;
	void *obj;

	chunk = list_first_entry_or_null(&pool->central.unused, struct fa_chunk, list);
	if (!chunk)
		return NULL;
	obj = fa_chunk_obj(&pool->chunks, chunk, chunk->unused++);
	if (chunk->unused == chunk->count)
		list_del_init(&chunk->list);
	pool->central.nr_unused--;
	return obj;
}

static inline void *fa_central_pop(struct fastalloc_pool *pool)
{
	switch (pool->order) {
	case FASTALLOC_ORDER_LIFO:
		if (likely(pool->central.dq.n))
			return fa_deque_pop_tail(&pool->central.dq);
		return fa_unused_pop(pool);
	case FASTALLOC_ORDER_FIFO:
		if (pool->central.nr_unused)
			return fa_unused_pop(pool);
		return pool->central.dq.n ? fa_deque_pop_head(&pool->central.dq) : NULL;
	default:
		return fa_lowest_pop(pool);
	}
}

static noinline __cold void fa_central_refuse(struct fastalloc_pool *pool,
					      const void *obj, const char *why)
{
	pr_err_ratelimited("pool %s: free of %p: %s\n",
			   pool->name, obj, why);
}

/* Completes an allocation, with the lock held and the window not settled. */
void *fa_central_alloc_locked(struct fastalloc_pool *pool, unsigned long flags)
	__releases(&pool->lock)
{
	bool low = false, had;
	void *obj;

	if (pool->central.window)
		fa_window_settle(pool);
	had = pool->central.dq.n;
	obj = fa_central_pop(pool);
	if (likely(obj))
		low = fa_central_took(pool, 1);
	/* If the deque was empty and no threshold was reached, the window is still right. */
	if (pool->central.window && (had || low || !obj))
		fa_window_open(pool);
	fa_unlock_quiet(pool, flags);

	if (unlikely(low))
		fa_central_low(pool);
	return obj;
}

/* An object, or NULL when none is free. */
void *fa_central_alloc(struct fastalloc_pool *pool)
{
	return fa_central_alloc_locked(pool, fa_lock_quiet(pool));
}

/* Completes a free, likewise. */
void fa_central_free_locked(struct fastalloc_pool *pool, void *obj, unsigned long flags)
	__releases(&pool->lock)
{
	const char *why = NULL;

	if (pool->central.window)
		fa_window_settle(pool);
	if (unlikely(!fa_in_use(pool)))
		why = "nothing is out";
	else if (pool->order == FASTALLOC_ORDER_LOWEST)
		why = fa_lowest_push(pool, obj, 1);
	else
		fa_deque_push(&pool->central.dq, obj);
	if (likely(!why))
		pool->head.frees++;
	/*
	 * Under the lock, which a waiter takes before it sleeps. A zombie, which counts its
	 * objects under the lock, must not be touched after the unlock.
	 */
	if (unlikely(READ_ONCE(pool->waitq.nr)))
		irq_work_queue(&pool->waitq.wake);
	fa_unlock(pool, flags);

	if (unlikely(why))
		fa_central_refuse(pool, obj, why);
}

void fa_central_free(struct fastalloc_pool *pool, void *obj)
{
	fa_central_free_locked(pool, obj, fa_lock_quiet(pool));
}

/* Objects that can be allocated now. The lock is held. */
static unsigned long fa_central_free_objects(const struct fastalloc_pool *pool)
{
	if (pool->order == FASTALLOC_ORDER_LOWEST)
		return pool->capacity - fa_in_use(pool);
	return pool->central.dq.n + pool->central.nr_unused;
}

/* Allocates @nr objects or none; with @some as many as are free. Returns how many. */
unsigned int fa_central_alloc_bulk(struct fastalloc_pool *pool, unsigned int nr,
				   void **objs, bool some)
{
	unsigned long flags, there, i = 0;
	bool low = false;

	flags = fa_lock(pool);
	there = fa_central_free_objects(pool);
	if (there < nr)
		nr = some ? there : 0;
	switch (pool->order) {
	case FASTALLOC_ORDER_LIFO:
		i = min_t(unsigned long, nr, pool->central.dq.n);
		fa_deque_pop_tail_bulk(&pool->central.dq, objs, i);
		while (i < nr)
			objs[i++] = fa_unused_pop(pool);
		break;
	case FASTALLOC_ORDER_FIFO:
		while (i < nr && pool->central.nr_unused)
			objs[i++] = fa_unused_pop(pool);
		fa_deque_pop_head_bulk(&pool->central.dq, objs + i, nr - i);
		break;
	default:
		while (i < nr)
			objs[i++] = fa_lowest_pop(pool);
		break;
	}
	if (nr)
		low = fa_central_took(pool, nr);
	fa_unlock(pool, flags);

	if (low)
		fa_central_low(pool);
	return nr;
}

void fa_central_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
			  void **objs)
{
	unsigned long flags;
	bool ok;

	if (pool->order == FASTALLOC_ORDER_LOWEST) {
		while (nr--)
			fa_central_free(pool, *objs++);
		return;
	}

	flags = fa_lock(pool);
	ok = nr <= fa_in_use(pool);
	if (ok) {
		fa_deque_push_bulk(&pool->central.dq, objs, nr);
		pool->head.frees += nr;
	}
	fa_wake_waiters(&pool->waitq);
	fa_unlock(pool, flags);

	if (!ok)
		fa_central_refuse(pool, *objs, "more objects than are out");
}

/*
 * Allocates the lowest run of @nr adjacent objects of one chunk, or returns NULL. LOWEST
 * only. The lock is dropped between steps: a run that is freed behind the search is not
 * found.
 */
void *fa_central_alloc_contig(struct fastalloc_pool *pool, unsigned int nr)
{
	const void *from = NULL;
	unsigned long flags;
	bool low = false;
	struct rb_node *n;
	void *obj;

	do {
		flags = fa_lock(pool);
		n = fa_lowest_from(pool, from);
		obj = fa_lowest_run(pool, nr, &n);
		if (obj)
			low = fa_central_took(pool, nr);
		else if (n)
			from = rb_entry(n, struct fa_chunk, avail)->mem;
		fa_unlock(pool, flags);
	} while (!obj && n);

	if (low)
		fa_central_low(pool);
	return obj;
}

/*
 * Whether a run may be freed; logs why not. The answer may become stale at once. LOWEST
 * only.
 */
bool fa_central_may_free(struct fastalloc_pool *pool, void *obj, unsigned int nr)
{
	unsigned long flags;
	const char *why;

	flags = fa_lock(pool);
	why = fa_lowest_check(pool, fa_chunk_find(&pool->chunks, obj), obj, nr);
	fa_unlock(pool, flags);
	if (why)
		fa_central_refuse(pool, obj, why);
	return !why;
}

void fa_central_free_contig(struct fastalloc_pool *pool, void *obj,
			    unsigned int nr)
{
	unsigned long flags;
	const char *why;

	flags = fa_lock(pool);
	why = fa_lowest_push(pool, obj, nr);
	if (!why)
		pool->head.frees += nr;
	fa_wake_waiters(&pool->waitq);
	fa_unlock(pool, flags);

	if (why)
		fa_central_refuse(pool, obj, why);
}

/* Pushes the objects of a chunk in random order. No object is left unused. */
static void fa_central_push_shuffled(struct fastalloc_pool *pool,
				     struct fa_chunk *chunk, gfp_t gfp)
{
	unsigned int i = 0, batch;
	unsigned long flags;

	while (i < chunk->count) {
		flags = fa_lock(pool);
		for (batch = FA_BATCH; batch && i < chunk->count; batch--) {
			void *obj = fa_chunk_new_obj(&pool->chunks, chunk, i++);

			fa_deque_push(&pool->central.dq, obj);
		}
		fa_unlock(pool, flags);
		fa_resched(i, gfp);
	}
	/* The owner of a NONE pool, for which @gfp is 0, may be unable to free memory here. */
	if (gfp)
		fa_chunk_unshuffle(pool, chunk);
}

/* Extends to @nr segments those of a chunk, which become those of the deque. */
static int fa_central_segs_alloc(struct fastalloc_pool *pool, struct fa_chunk *chunk,
				 unsigned long nr, gfp_t gfp)
{
	unsigned long had = chunk->segs.nr;
	u32 slots = pool->central.seg_slots;
	int err;

	err = fa_segs_alloc(&chunk->segs, nr, slots, gfp, fa_node(pool));
	fa_charge(pool, FA_MEM_METADATA,
		  (chunk->segs.nr - had) * fa_kvsize(fa_seg_bytes(slots)));
	return err;
}

/* Segments that the deque needs once @chunk is attached. The lock is held. */
static unsigned long fa_central_segs(const struct fastalloc_pool *pool,
				     const struct fa_chunk *chunk)
{
	if (pool->order == FASTALLOC_ORDER_LOWEST)
		return 0;
	return fa_deque_segs(pool->chunks.objects + chunk->count, pool->central.seg_slots);
}

/*
 * Allocates segments for a chunk that the worker posts to the owner of a NONE pool: enough
 * for whenever it is attached.
 */
int fa_central_reserve(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp)
{
	if (pool->order == FASTALLOC_ORDER_LOWEST)
		return 0;
	return fa_central_segs_alloc(pool, chunk,
				     DIV_ROUND_UP(chunk->count, pool->central.seg_slots), gfp);
}

static void fa_central_insert(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	fa_chunk_insert(&pool->chunks, chunk);
	if (pool->order == FASTALLOC_ORDER_LOWEST) {
		fa_lowest_add(pool, chunk);
		return;
	}
	if (pool->central.dq.head)
		fa_deque_splice(&pool->central.dq, &chunk->segs);
	else
		fa_deque_init(&pool->central.dq, pool->central.seg_slots, &chunk->segs);
	if (!chunk->shuffled) {
		list_add_tail(&chunk->list, &pool->central.unused);
		pool->central.nr_unused += chunk->count;
	}
}

/*
 * Attaches a chunk, with segments of the deque for its objects. The lock is held for
 * constant time, except for the insertion into the tree of chunks. A failure changes
 * nothing.
 */
static int fa_central_attach(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp)
{
	unsigned long flags, need, have;
	int err;

	for (;;) {
		flags = fa_lock(pool);
		need = fa_central_segs(pool, chunk);
		have = pool->central.dq.nr_segs + chunk->segs.nr;
		if (have >= need)
			break;
		need -= pool->central.dq.nr_segs;
		fa_unlock(pool, flags);
		/* Other chunks may be attached meanwhile: check again. */
		err = fa_central_segs_alloc(pool, chunk, need, gfp);
		if (err)
			return err;
	}
	/*
	 * Before an object can be allocated, as its handle must lead to it. Not before all that
	 * may fail: what a lookup can find is freed only after a grace period. The lock of a NONE
	 * pool is not held, and its worker has done this for a chunk that it has posted.
	 */
	if (pool->sync != FASTALLOC_SYNC_NONE)
		fa_handle_attach_locked(pool, chunk);
	else if (chunk != pool->refill.pending)
		fa_handle_attach(pool, chunk);
	fa_central_insert(pool, chunk);
	if (chunk->shuffled) {
		chunk->unused = chunk->count;
		fa_unlock(pool, flags);
		fa_central_push_shuffled(pool, chunk, gfp);
		flags = fa_lock(pool);
	}
	/*
	 * Count the objects once they can be allocated. From here on trim may remove the
	 * chunk.
	 */
	fa_add_total(pool, chunk->count);
	chunk->ready = true;
	fa_central_set_mark(pool);
	fa_unlock(pool, flags);
	fa_wake_waiters(&pool->waitq);
	return 0;
}

/* The owner of a NONE pool attaches the chunk that the worker has posted. */
bool fa_central_adopt(struct fastalloc_pool *pool)
{
	/*
	 * Orders the read of ->pending before the use of the chunk. Pairs with the
	 * smp_store_release() in fa_pool_post().
	 */
	struct fa_chunk *chunk = smp_load_acquire(&pool->refill.pending);

	if (!chunk)
		return false;
	/* The worker has allocated all that this needs, so it cannot fail. */
	WARN_ON_ONCE(fa_central_attach(pool, chunk, 0));
	pool->refill.grows++;
	/*
	 * Orders the attaching of the chunk before the clearing of ->pending. Pairs with
	 * the smp_load_acquire() in fa_pool_grow_work().
	 */
	smp_store_release(&pool->refill.pending, NULL);
	return true;
}

/*
 * Pops every object of the deque once and pushes it back, unless @found keeps it. The order
 * stays the same if no other call interferes. For LOWEST, the chunks record what is free.
 */
static void fa_central_scan(struct fastalloc_pool *pool,
			    bool (*found)(struct fastalloc_pool *pool, void *obj))
{
	unsigned long flags, left;

	if (pool->order == FASTALLOC_ORDER_LOWEST)
		return;
	flags = fa_lock(pool);
	left = pool->central.dq.n;
	fa_unlock(pool, flags);

	while (left) {
		unsigned long batch;

		flags = fa_lock(pool);
		left = min(left, pool->central.dq.n);
		batch = min_t(unsigned long, left, FA_BATCH);
		left -= batch;
		while (batch--) {
			void *obj = fa_deque_pop_head(&pool->central.dq);

			if (!found(pool, obj))
				fa_deque_push(&pool->central.dq, obj);
		}
		fa_unlock(pool, flags);
		cond_resched();
	}
}

/* Frees the objects that trim has kept, of a chunk that stays. Not for LOWEST. */
static void fa_central_put_back(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	unsigned int i = 0, batch;
	unsigned long flags;

	while (i < chunk->unused) {
		flags = fa_lock(pool);
		for (batch = FA_BATCH; batch && i < chunk->unused; batch--, i++)
			if (fa_bitmap_test(&chunk->map, i)) {
				fa_bitmap_clear(&chunk->map, i);
				fa_deque_push(&pool->central.dq,
					      fa_chunk_obj(&pool->chunks, chunk, i));
			}
		fa_unlock(pool, flags);
		cond_resched();
	}
}

/* Chunks were removed: frees the segments that the deque no longer needs. */
static void fa_central_trimmed(struct fastalloc_pool *pool)
{
	struct fa_seg *seg;
	unsigned long flags;

	for (;;) {
		flags = fa_lock(pool);
		fa_central_set_mark(pool);
		seg = pool->order == FASTALLOC_ORDER_LOWEST ? NULL :
		      fa_deque_unsplice(&pool->central.dq, pool->chunks.objects);
		fa_unlock(pool, flags);
		if (!seg)
			break;
		kfree(seg);
		cond_resched();
		fa_charge(pool, FA_MEM_METADATA,
			  -(long)fa_kvsize(fa_seg_bytes(pool->central.seg_slots)));
	}
}

/* On destroy: calls @fn for every free object that was ever allocated. */
static void fa_central_drain(struct fastalloc_pool *pool,
			     void (*fn)(struct fastalloc_pool *pool, void *obj))
{
	while (pool->central.dq.n) {
		fn(pool, fa_deque_pop_head(&pool->central.dq));
		fa_resched(pool->central.dq.n, GFP_KERNEL);
	}
}

static unsigned long fa_central_in_use(struct fastalloc_pool *pool)
{
	unsigned long flags, in_use;

	flags = fa_lock_quiet(pool);
	in_use = fa_peek(fa_in_use(pool));
	fa_unlock_quiet(pool, flags);
	return in_use;
}

static unsigned long fa_central_frees(struct fastalloc_pool *pool)
{
	unsigned long flags, frees;

	flags = fa_lock_quiet(pool);
	frees = fa_peek(pool->head.frees);
	fa_unlock_quiet(pool, flags);
	return frees;
}

static void fa_central_stats(struct fastalloc_pool *pool, struct fastalloc_stats *stats)
{
	unsigned long flags;

	flags = fa_lock_quiet(pool);
	fa_stats_locked(pool, stats);
	stats->allocs = fa_peek(pool->head.allocs);
	stats->frees = fa_peek(pool->head.frees);
	stats->in_use = stats->allocs - stats->frees;
	stats->peak = fa_peek(pool->peak);
	fa_unlock_quiet(pool, flags);
}

static void fa_central_reset(struct fastalloc_pool *pool)
{
	unsigned long flags;

	flags = fa_lock(pool);
	pool->head.allocs = fa_in_use(pool);
	pool->head.frees = 0;
	pool->peak = pool->head.allocs;
	fa_central_set_mark(pool);
	fa_unlock(pool, flags);
}

static int fa_central_init(struct fastalloc_pool *pool)
{
	pool->central.seg_slots = clamp_t(unsigned long, pool->cfg.capacity, FA_SEG_SLOTS_MIN,
					  FA_SEG_SLOTS_MAX);
	pool->central.avail = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&pool->central.unused);
	return 0;
}

static void fa_central_exit(struct fastalloc_pool *pool)
{
	fa_deque_free(&pool->central.dq);
}

const struct fa_pool_ops fa_central_ops = {
	.init = fa_central_init,
	.exit = fa_central_exit,
	.attach = fa_central_attach,
	.set_mark = fa_central_set_mark,
	.scan = fa_central_scan,
	.put_back = fa_central_put_back,
	.trimmed = fa_central_trimmed,
	.drain = fa_central_drain,
	.in_use = fa_central_in_use,
	.frees = fa_central_frees,
	.stats = fa_central_stats,
	.reset = fa_central_reset,
	.take = fa_central_alloc,
	.give = fa_central_free,
};
