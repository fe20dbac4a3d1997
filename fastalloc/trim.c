// SPDX-License-Identifier: GPL-2.0
/*
 * Which chunks are wholly free, and giving them back; and, on destroy, which
 * objects are still out. Both walk what is free and note it in the chunks'
 * bitmaps, so neither needs memory.
 *
 * No chunk goes meanwhile: grow_lock is held. Growth in place may add some.
 *
 * The shrinker asks for the same again and again, and for what the pool will soon
 * want back. So for it a chunk goes only if then twice the low-water mark is free
 * still, which is far from where the worker grows the pool. And trim remembers what
 * there was when it looked last: another look is worth its time only when much has
 * been freed or added since.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "central.h"
#include "chunk_alloc.h"
#include "compat.h"
#include "lock.h"
#include "trim.h"

/* It takes so much of what was looked at last to look again: an eighth. */
#define FA_TRIM_AGAIN	8

static bool fa_is_lowest(const struct fastalloc_pool *pool)
{
	return pool->order == FASTALLOC_ORDER_LOWEST;
}

/*
 * A free object: counts it; whether trim keeps it, for its chunk is isolated.
 * Others allocate and free meanwhile, so it may be met twice: that does no harm
 * when looking for candidates; those of isolated chunks are kept, and counted
 * by the bitmap.
 */
static bool fa_trim_found(struct fastalloc_pool *pool, void *obj)
{
	struct fa_chunk *chunk = fa_chunk_find(&pool->chunks, obj);
	unsigned int i;

	/* A foreign pointer that was freed stays where it is. */
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

/* Every free object past fa_trim_found(). */
static void fa_trim_scan(struct fastalloc_pool *pool)
{
	if (pool->ops->flush)
		pool->ops->flush(pool);
	pool->ops->scan(pool, fa_trim_found);
}

/*
 * Objects that must stay when @out are out. The mark falls with the capacity, so it
 * is that of the capacity when the chunk has gone.
 */
static unsigned long fa_trim_stays(const struct fastalloc_pool *pool, bool all,
				   unsigned long out, unsigned long capacity)
{
	if (all)
		return pool->cfg.capacity;
	return max(pool->cfg.capacity, out + 2 * fa_low_mark_at(pool, capacity));
}

/*
 * Whether the chunk may and can go; then the capacity is lowered, and nothing
 * of it that was never out will be handed out any more.
 */
static bool fa_trim_isolate(struct fastalloc_pool *pool, struct fa_chunk *chunk, bool all,
			    unsigned long out)
{
	unsigned long flags, left;
	bool ok;

	flags = fa_lock(pool);
	left = pool->total - pool->reserve;
	left = left > chunk->count ? left - chunk->count : 0;
	ok = chunk->seen &&
	     chunk->nfree >= (fa_is_lowest(pool) ? chunk->count : chunk->unused) &&
	     left >= fa_trim_stays(pool, all, out, left);
	if (!ok)
		goto out;
	fa_add_total(pool, -(long)chunk->count);
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
 * What there is when trim begins, with nothing found free yet. Chunks that growth in
 * place adds from here on are left alone: an allocation has just made them for itself.
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
 * What may go of the chunks that growth has added, or of the @first ones: if
 * all is free, the pool gets back to just what it was created with. From the
 * highest address down, since LOWEST fills from below.
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

/* A isolated chunk did not come home whole. Not for LOWEST. */
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
	fa_wake_waiters(&pool->waitq);
}

/* Notes what there was when trim had looked at all free objects. */
static void fa_trim_note(struct fastalloc_pool *pool)
{
	unsigned long out = fastalloc_pool_allocated(pool);
	unsigned long capacity = READ_ONCE(pool->capacity);

	WRITE_ONCE(pool->looked.frees, pool->ops->frees(pool));
	WRITE_ONCE(pool->looked.objects, READ_ONCE(pool->chunks.objects));
	WRITE_ONCE(pool->looked.out, out);
	WRITE_ONCE(pool->looked.free, capacity > out ? capacity - out : 0);
}

/*
 * Whether another look may find more than the last one: because an eighth of what is
 * out has come back, or as many objects as an eighth of what was free have been
 * freed or added meanwhile, wherever they lie. So looks at a fragmented pool
 * cost a constant for each free, however often the kernel asks.
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
 * Gives wholly free chunks back, as long as the configured capacity stays; unless
 * @all, as long as more is free than growth would add again. Takes time in
 * proportion to what is free, however much goes. Returns how many objects went.
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
	if (pool->rcu && !list_empty(&empty))
		synchronize_rcu();
	list_for_each_entry_safe(chunk, next, &empty, list) {
		gone += chunk->count;
		fa_charge(pool, -(long)fa_chunk_overhead(chunk));
		fa_chunk_destroy(pool, chunk, GFP_KERNEL);
		cond_resched();
	}
	raw_spin_lock_irqsave(&pool->lock, flags);
	pool->refill.planned -= gone;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	/* There is room again for the worker. */
	if (gone)
		WRITE_ONCE(pool->refill.stalled, false);
	fa_trim_note(pool);
	pool->ops->trimmed(pool);
	return gone;
}

unsigned long fastalloc_pool_trim(struct fastalloc_pool *pool)
{
	unsigned long gone;

	mutex_lock(&pool->grow_lock);
	if (pool->sync == FASTALLOC_SYNC_NONE)
		fa_central_adopt(pool);
	gone = fa_trim(pool, true);
	mutex_unlock(&pool->grow_lock);
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
	/* A put that destroy has overtaken left nothing there to check. */
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
 * On destroy, with objects still out: their chunks stay, or, if the pool's owner
 * knows that nobody refers to them any more, on_release is called for each.
 */
void fa_trim_live(struct fastalloc_pool *pool)
{
	pool->ops->drain(pool, fa_mark_free);

	if (!(pool->cfg.flags & FASTALLOC_F_DROP_LIVE)) {
		fa_trim_each_live(pool, fa_trim_keep);
		return;
	}
	fa_trim_each_live(pool, fa_trim_release);
	/* Only now: one object's hook may look at another. */
	if (pool->init_on_free)
		fa_trim_each_live(pool, fa_trim_wipe);
}
