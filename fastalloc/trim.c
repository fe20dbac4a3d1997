// SPDX-License-Identifier: GPL-2.0
/*
 * Frees chunks whose objects are all free; and, on destroy, finds the objects that are
 * still allocated. Both scan the free objects and mark them in the bitmaps of the chunks,
 * so neither needs memory.
 *
 * No chunk is removed meanwhile, as grow_lock is held. Growth in place may add chunks.
 *
 * The shrinker asks for the same again and again, and for what the pool will soon need. So
 * for the shrinker a chunk goes only if twice the low-water mark stays free, which is far
 * from where the worker grows the pool. Trim records the state of the pool after each scan:
 * another scan is worth its time only after many objects were freed or added.
 */
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "central.h"
#include "chunk_alloc.h"
#include "compat.h"
#include "exact.h"
#include "lock.h"
#include "refill.h"
#include "trace.h"
#include "trim.h"

/* Another scan is worth it if this fraction of the recorded state has changed: an eighth. */
#define FA_TRIM_AGAIN	8

static bool fa_is_lowest(const struct fastalloc_pool *pool)
{
	return pool->order == FASTALLOC_ORDER_LOWEST;
}

/*
 * Counts a free object. Returns whether trim keeps it, as its chunk is isolated. Other CPUs
 * allocate and free meanwhile, so an object may be met twice. This does no harm in the
 * search for candidates; objects of isolated chunks are kept, and counted by the bitmap.
 */
static bool fa_trim_found(struct fastalloc_pool *pool, void *obj)
{
	struct fa_chunk *chunk = fa_chunk_find(&pool->chunks, obj);
	unsigned int i;

	/* A pointer that is not of this pool, but was freed to it, stays where it is. */
	if (!chunk)
		return false;
	if (!chunk->isolated) {
		chunk->nfree++;
		return false;
	}
	i = fa_chunk_index(&pool->chunks, chunk, obj);
	if (!fa_bitmap_test(&chunk->map, i)) {
		fa_bitmap_set(&chunk->map, i);
		chunk->nfree++;
	}
	return true;
}

/* Calls fa_trim_found() for every free object. */
static void fa_trim_scan(struct fastalloc_pool *pool)
{
	if (pool->ops->flush)
		pool->ops->flush(pool);
	pool->ops->scan(pool, fa_trim_found);
}

/*
 * Number of objects that must stay when @out are allocated. The low-water mark falls with
 * the capacity, so use the mark at the capacity without the chunk.
 */
static unsigned long fa_trim_stays(const struct fastalloc_pool *pool, bool all,
				   unsigned long out, unsigned long capacity)
{
	if (all)
		return pool->cfg.capacity;
	return max(pool->cfg.capacity, out + 2 * fa_low_mark_at(pool, capacity));
}

/* Trim has raised the capacity again. */
static void fa_trim_wake(struct fastalloc_pool *pool)
{
	/*
	 * Orders the store to ->capacity, which fa_exact_take() reads without the lock, before
	 * the read of ->nr. Pairs with the smp_mb() in fa_wait_for_object().
	 */
	smp_mb();
	fa_wake_waiters(&pool->waitq);
}

/*
 * Isolates a chunk if all its objects are free and the pool can spare it. Then the capacity
 * is lower, and its unused objects can no longer be allocated.
 */
static bool fa_trim_isolate(struct fastalloc_pool *pool, struct fa_chunk *chunk, bool all,
			    unsigned long out)
{
	bool ok, exceeded = false;
	unsigned long flags, left;

	flags = fa_lock(pool);
	left = pool->total - pool->reserve;
	left = left > chunk->count ? left - chunk->count : 0;
	ok = chunk->seen &&
	     chunk->nfree >= (fa_is_lowest(pool) ? chunk->count : chunk->unused) &&
	     left >= fa_trim_stays(pool, all, out, left);
	if (ok && chunk->looks) {
		pool->looked.skipped = true;
		ok = false;
	}
	if (!ok)
		goto out;
	fa_add_total(pool, -(long)chunk->count);
	/* The objects that are allocated may be part of the reserve. */
	exceeded = fa_exact_exceeded(pool);
	if (exceeded) {
		fa_add_total(pool, chunk->count);
		ok = false;
		goto out;
	}
	if (fa_is_lowest(pool)) {
		rb_erase_cached(&chunk->avail, &pool->central.avail);
	} else {
		chunk->isolated = true;
		chunk->nfree = 0;
		if (chunk->unused < chunk->count)
			list_del_init(&chunk->list);
		pool->central.nr_unused -= chunk->count - chunk->unused;
	}
out:
	fa_unlock(pool, flags);
	if (exceeded)
		fa_trim_wake(pool);
	return ok;
}

/* The next chunk down by address, or the first one. */
static struct fa_chunk *fa_trim_next(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	unsigned long flags;

	flags = fa_lock(pool);
	chunk = chunk ? fa_chunk_prev(chunk) : fa_chunk_last(&pool->chunks);
	fa_unlock(pool, flags);
	return chunk;
}

/*
 * Resets the counts. Chunks that growth in place adds from here on are skipped: an
 * allocation has just added them for itself.
 */
static void fa_trim_begin(struct fastalloc_pool *pool)
{
	struct fa_chunk *chunk = NULL;
	unsigned long flags;

	while ((chunk = fa_trim_next(pool, chunk))) {
		flags = fa_lock(pool);
		chunk->seen = chunk->ready;
		if (!fa_is_lowest(pool))
			chunk->nfree = 0;
		fa_unlock(pool, flags);
		cond_resched();
	}
}

/*
 * Isolates chunks that growth has added, or the @first ones. If all is free, the pool
 * shrinks to what it was created with. From the highest address down, since LOWEST fills
 * from below.
 */
static void fa_trim_choose(struct fastalloc_pool *pool, bool first, bool all,
			   struct list_head *isolated)
{
	unsigned long out = all ? 0 : fastalloc_pool_allocated(pool);
	struct fa_chunk *chunk = NULL;

	while ((chunk = fa_trim_next(pool, chunk))) {
		cond_resched();
		if (chunk->first == first && fa_trim_isolate(pool, chunk, all, out))
			list_add(&chunk->list, isolated);
	}
}

/*
 * Puts back an isolated chunk, some of whose objects were allocated meanwhile. Not for
 * LOWEST.
 */
static void fa_trim_putback(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	unsigned long flags;

	chunk->isolated = false;
	pool->ops->put_back(pool, chunk);

	flags = fa_lock(pool);
	if (chunk->unused < chunk->count) {
		list_add_tail(&chunk->list, &pool->central.unused);
		pool->central.nr_unused += chunk->count - chunk->unused;
	}
	fa_add_total(pool, chunk->count);
	fa_unlock(pool, flags);
	fa_trim_wake(pool);
}

/* Records the state of the pool after a scan of all free objects. */
static void fa_trim_note(struct fastalloc_pool *pool)
{
	unsigned long out = fastalloc_pool_allocated(pool);
	unsigned long capacity = READ_ONCE(pool->capacity);

	/* The same scan would find more once the reader is done. */
	if (pool->looked.skipped)
		return;
	WRITE_ONCE(pool->looked.frees, pool->ops->frees(pool));
	WRITE_ONCE(pool->looked.objects, READ_ONCE(pool->chunks.objects));
	WRITE_ONCE(pool->looked.out, out);
	WRITE_ONCE(pool->looked.free, capacity > out ? capacity - out : 0);
}

/*
 * Whether another scan may find more than the last one: an eighth of what was allocated has
 * been freed, or as many objects as an eighth of what was free have been freed or added
 * since, wherever they lie. So scans of a fragmented pool cost a constant per free, however
 * often the kernel asks.
 */
bool fa_trim_worth(struct fastalloc_pool *pool)
{
	unsigned long changes = pool->ops->frees(pool) - READ_ONCE(pool->looked.frees);
	unsigned long was = READ_ONCE(pool->looked.objects), now = READ_ONCE(pool->chunks.objects);
	unsigned long out = READ_ONCE(pool->looked.out);

	changes += now > was ? now - was : 0;
	return changes > READ_ONCE(pool->looked.free) / FA_TRIM_AGAIN ||
	       fastalloc_pool_allocated(pool) < out - out / FA_TRIM_AGAIN;
}

/*
 * Frees chunks whose objects are all free, as long as the configured capacity stays. Unless
 * @all, also keeps as much free as growth would add again. Takes time in proportion to the
 * number of free objects. Returns the number of objects removed.
 */
unsigned long fa_trim(struct fastalloc_pool *pool, bool all)
{
	struct fa_chunk *chunk, *next;
	unsigned long flags, gone = 0;
	LIST_HEAD(isolated);
	LIST_HEAD(empty);

	lockdep_assert_held(&pool->grow_lock);
	if (READ_ONCE(pool->capacity) == pool->cfg.capacity ||
	    !fastalloc_pool_available(pool))
		return 0;

	WRITE_ONCE(pool->looked.scans, pool->looked.scans + 1);
	pool->looked.skipped = false;
	fa_trim_begin(pool);
	fa_trim_scan(pool);
	fa_trim_choose(pool, false, all, &isolated);
	fa_trim_choose(pool, true, all, &isolated);
	if (list_empty(&isolated)) {
		fa_trim_note(pool);
		return 0;
	}
	fa_trim_scan(pool);

	list_for_each_entry_safe(chunk, next, &isolated, list) {
		cond_resched();
		list_del_init(&chunk->list);
		if (chunk->isolated && chunk->nfree < chunk->unused) {
			fa_trim_putback(pool, chunk);
			continue;
		}
		flags = fa_lock(pool);
		fa_chunk_erase(&pool->chunks, chunk);
		fa_unlock(pool, flags);
		fa_handle_detach(pool, chunk);
		list_add(&chunk->list, &empty);
	}
	/* The depot of a PERCPU pool looks up chunks, too. */
	if ((pool->rcu || fa_is_percpu(pool)) && !list_empty(&empty))
		synchronize_rcu();
	list_for_each_entry_safe(chunk, next, &empty, list) {
		gone += chunk->count;
		fa_chunk_charge(pool, chunk, -1);
		fa_chunk_destroy(pool, chunk, GFP_KERNEL);
		cond_resched();
	}
	fa_unplan(pool, gone);
	/* The worker has room again. */
	if (gone)
		WRITE_ONCE(pool->refill.stalled, false);
	fa_trim_note(pool);
	pool->ops->trimmed(pool);
	return gone;
}

unsigned long fastalloc_pool_trim(struct fastalloc_pool *pool)
{
	unsigned long gone;
	unsigned int scope;

	mutex_lock(&pool->grow_lock);
	/* For destructors and mem_free(), as in fa_pool_grow(). */
	scope = memalloc_noio_save();
	if (pool->sync == FASTALLOC_SYNC_NONE)
		fa_central_adopt(pool);
	gone = fa_trim(pool, true);
	memalloc_noio_restore(scope);
	mutex_unlock(&pool->grow_lock);
	trace_fastalloc_trim(pool, _RET_IP_, FA_TRACE_CALLER, gone);
	return gone;
}
FASTALLOC_EXPORT(fastalloc_pool_trim);

static void fa_mark_free(struct fastalloc_pool *pool, void *obj)
{
	struct fa_chunk *chunk = fa_chunk_find(&pool->chunks, obj);

	if (chunk)
		fa_bitmap_set(&chunk->map, fa_chunk_index(&pool->chunks, chunk, obj));
}

static void fa_trim_keep(struct fastalloc_pool *pool, struct fa_chunk *chunk, unsigned int i)
{
	chunk->keep = true;
}

static void fa_trim_release(struct fastalloc_pool *pool, struct fa_chunk *chunk, unsigned int i)
{
	if (pool->cfg.on_release)
		pool->cfg.on_release(fa_chunk_obj(&pool->chunks, chunk, i), pool->cfg.arg);
	/* A put that destroy has overtaken has cleared the bit, but left no poison to check. */
	if (chunk->out)
		set_bit(i, chunk->out);
}

static void fa_trim_wipe(struct fastalloc_pool *pool, struct fa_chunk *chunk, unsigned int i)
{
	memset(fa_chunk_obj(&pool->chunks, chunk, i), 0, pool->cfg.obj_size);
}

static void fa_trim_each_live(struct fastalloc_pool *pool,
			      void (*fn)(struct fastalloc_pool *pool,
					 struct fa_chunk *chunk, unsigned int i))
{
	bool lowest = fa_is_lowest(pool);
	struct fa_chunk *chunk;
	unsigned int i;

	for (chunk = fa_chunk_first(&pool->chunks); chunk; chunk = fa_chunk_next(chunk)) {
		for (i = 0; i < (lowest ? chunk->count : chunk->unused); i++) {
			if (fa_bitmap_test(&chunk->map, i) == lowest)
				fn(pool, chunk, i);
			cond_resched();
		}
	}
}

/*
 * On destroy with objects still allocated: their chunks stay. If the owner of the pool
 * knows that nobody refers to these objects any more, on_release is called for each
 * instead.
 */
void fa_trim_live(struct fastalloc_pool *pool)
{
	pool->ops->drain(pool, fa_mark_free);

	if (!(pool->cfg.flags & FASTALLOC_F_DROP_LIVE)) {
		fa_trim_each_live(pool, fa_trim_keep);
		return;
	}
	fa_trim_each_live(pool, fa_trim_release);
	/* Only after all hooks: the hook of one object may read another. */
	if (pool->init_on_free)
		fa_trim_each_live(pool, fa_trim_wipe);
}
