// SPDX-License-Identifier: GPL-2.0
/*
 * When and how a pool grows.
 *
 * Growth plans objects, allocates a chunk, and attaches it:
 *
 * - To plan is to add to ->planned, under the pool's lock, up to the maximum. So concurrent
 *   growths do not exceed it together.
 * - The chunk is allocated without any lock of the pool.
 * - Attaching takes the pool's lock for a short time, see fa_central_attach() and
 *   fa_percpu_attach().
 *
 * A caller that may sleep does this under grow_lock. So of many callers that find the pool
 * empty, one grows it, and the others find what it has added.
 *
 * A caller that may not sleep but may allocate memory grows the pool in place, without
 * grow_lock: it adds a small chunk, which takes a bounded time, and leaves it to the worker
 * to add a large one. Several callers may do so at once; each adds a chunk.
 *
 * Every other caller (in NMI, with locks held that the page allocator takes, of a pool
 * whose constructor may sleep) kicks the worker. For these the low-water mark makes the
 * pool grow before it is empty.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>

#include "central.h"
#include "chunk_alloc.h"
#include "compat.h"
#include "context.h"
#include "lock.h"
#include "refill.h"
#include "trace.h"

/* Pages that growth in place allocates: for objects of up to a page, and for larger ones. */
#define FA_HERE_PAGES		2
#define FA_HERE_PAGES_LARGE	8

/* Chunks of growth in place for which growth by the rule leaves room below the maximum. */
#define FA_HERE_LEFT		16

/*
 * How often one allocation grows the pool in place, while other CPUs take the new objects
 * or trim removes them. More than once is rare.
 */
#define FA_HERE_TRIES		64

/* Reserves up to @want objects below the maximum. Returns how many. */
static unsigned long fa_plan(struct fastalloc_pool *pool, unsigned long want)
{
	unsigned long flags, most;

	raw_spin_lock_irqsave(&pool->lock, flags);
	most = READ_ONCE(pool->growth.max) + pool->reserve;
	want = min(want, most > pool->refill.planned ? most - pool->refill.planned : 0);
	WRITE_ONCE(pool->refill.planned, pool->refill.planned + want);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return want;
}

/* Gives up objects that were planned and not added. */
void fa_unplan(struct fastalloc_pool *pool, unsigned long unused)
{
	unsigned long flags;

	if (!unused)
		return;
	raw_spin_lock_irqsave(&pool->lock, flags);
	WRITE_ONCE(pool->refill.planned, pool->refill.planned - unused);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/* Posts a chunk to the owner of a NONE pool, which will attach it. */
static int fa_pool_post(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp)
{
	int err = fa_central_reserve(pool, chunk, gfp);

	if (err)
		return err;
	fa_handle_attach(pool, chunk);
	/*
	 * Orders the initialization of the chunk before the store of ->pending. Pairs with
	 * the smp_load_acquire() in fa_central_adopt().
	 */
	smp_store_release(&pool->refill.pending, chunk);
	return 0;
}

/* Adds one chunk of up to @want objects. Returns its number of objects, or an errno. */
static long fa_pool_add_chunk(struct fastalloc_pool *pool, unsigned long want,
			      unsigned long least, gfp_t gfp, bool post)
{
	struct fa_chunk *chunk;
	unsigned int count;
	int err;

	/* Before the chunk, which is not to be allocated only to be destroyed. */
	if (pool->ops->prepare)
		pool->ops->prepare(pool, READ_ONCE(pool->chunks.objects) + want, gfp);
	chunk = fa_chunk_create(pool, want, least, gfp);
	if (IS_ERR(chunk))
		return PTR_ERR(chunk);
	chunk->first = !pool->live;
	count = chunk->count;
	/* Before it is attached: from then on trim may remove it. */
	fa_chunk_charge(pool, chunk, 1);
	err = post ? fa_pool_post(pool, chunk, gfp) : pool->ops->attach(pool, chunk, gfp);
	if (!err)
		return count;
	fa_chunk_charge(pool, chunk, -1);
	fa_chunk_destroy(pool, chunk, gfp);
	return err;
}

/*
 * Adds up to @want objects in chunks of at least @least, within the maximum. @post: posts
 * one chunk to the owner of a NONE pool. Returns the number of objects, or an errno if
 * none.
 */
long fa_pool_add(struct fastalloc_pool *pool, unsigned long want, unsigned long least,
		 gfp_t gfp, bool post)
{
	unsigned long added = 0, piece;
	long got = 0;

	want = fa_plan(pool, want);
	piece = want;
	while (added < want) {
		piece = min(piece, want - added);
		got = piece < least ? -ENOSPC :
				      fa_pool_add_chunk(pool, piece, least, gfp, post);
		if (got == -ENOMEM && pool->live && piece / 2 >= least &&
		    piece * pool->chunks.stride > PAGE_SIZE) {
			/* There may be memory for fewer objects and their metadata. */
			piece /= 2;
			continue;
		}
		if (got < 0)
			break;
		added += got;
		/* Memory is short: leave some to others. */
		if (post || (pool->live && got <= min(want, fa_chunk_max_objects(pool)) / 2))
			break;
	}
	fa_unplan(pool, want - added);
	return added ?: got ?: -ENOSPC;
}

/**
 * struct fa_ask - what a growth is for
 * @missing: objects that the caller lacks
 * @least: adjacent objects that it needs
 * @gfp: its flags
 * @by: who it is: %FA_TRACE_CALLER and so on
 * @ip: whom it was called by, or 0
 */
struct fa_ask {
	unsigned long	missing;
	unsigned long	least;
	gfp_t		gfp;
	u8		by;
	unsigned long	ip;
};

/* Growth by @objects objects has failed. */
static noinline __cold void fa_pool_not_grown(struct fastalloc_pool *pool, long err,
					      unsigned long objects, const struct fa_ask *ask)
{
	gfp_t gfp = ask->gfp;

	atomic_long_inc(&pool->refill.failures);
	trace_fastalloc_grow_failed(pool, ask->ip, ask->by, objects, err);
	if (err == -ENOMEM && !(gfp & __GFP_NOWARN))
		pr_warn_ratelimited("pool %s: no memory for %lu objects of %zu bytes\n",
				    pool->name, objects, pool->chunks.stride);
}

/* One growth by a caller that may sleep. Returns 0 if a retry is worthwhile. */
static int fa_pool_grow(struct fastalloc_pool *pool, const struct fa_ask *ask, bool post)
{
	unsigned long add, flags, planned, most;
	unsigned int scope;
	long got = -ENOSPC;

	lockdep_assert_held(&pool->grow_lock);
	/*
	 * Callers that wait for grow_lock may hold locks that reclaim takes. So its holder,
	 * the worker included, allocates without entering filesystems and I/O. This is set
	 * as a scope, which vmalloc() and constructors obey, too.
	 */
	scope = memalloc_noio_save();
	planned = READ_ONCE(pool->refill.planned);
	add = fa_growth_amount(&pool->growth, planned - pool->reserve);
	if (!add)
		goto out;
	most = READ_ONCE(pool->growth.max) + pool->reserve;
	most = most > planned ? most - planned : 0;
	/*
	 * Until the chunk is attached, callers that may not sleep use the rest below the
	 * maximum: do not take the last quarter at once.
	 */
	if (pool->refill.here && add >= most && most > FA_HERE_LEFT * pool->refill.here)
		add = most - most / 4;
	/* A rule that adds little must not make one call grow many times. */
	add = fa_chunk_round(pool, max3(add, ask->missing, ask->least), most);
	got = fa_pool_add(pool, add, ask->least, ask->gfp, post);
	if (got < 0)
		fa_pool_not_grown(pool, got, add, ask);
	else
		trace_fastalloc_grow(pool, ask->ip, ask->by, add, got);
out:
	memalloc_noio_restore(scope);
	/* Until the pool grows again, only callers that find it empty kick the worker. */
	WRITE_ONCE(pool->refill.stalled, got < 0);
	if (got < 0)
		return got;
	if (post)
		return 0;

	flags = fa_lock(pool);
	pool->refill.grows++;
	pool->ops->set_mark(pool);
	fa_unlock(pool, flags);
	return 0;
}

/*
 * Objects that are available. A call of a PERCPU pool claims objects of the depot, kicks the
 * worker, and counts them as allocated at its end. What is in the depot and the caches does not
 * include such objects, so use that if the depot is low.
 */
static unsigned long fa_pool_left(struct fastalloc_pool *pool)
{
	unsigned long avail = fastalloc_pool_available(pool), free;

	if (!fa_is_percpu(pool) || !fa_depot_low(&pool->percpu.depot))
		return avail;
	free = fa_percpu_free_objects(pool);
	return min(avail, free > pool->reserve ? free - pool->reserve : 0);
}

/* The worker, for callers that may not sleep. */
static void fa_pool_grow_work(struct fa_grower *g)
{
	struct fastalloc_pool *pool = container_of(g, struct fastalloc_pool, refill.grower);
	bool post = pool->sync == FASTALLOC_SYNC_NONE;
	struct fa_ask ask = { .gfp = GFP_KERNEL, .by = FA_TRACE_WORKER };
	unsigned long run, want, avail;

	mutex_lock(&pool->grow_lock);
	run = xchg(&pool->refill.wanted_run, 0);
	want = max(xchg(&pool->refill.wanted, 0), READ_ONCE(pool->refill.low_mark));
	/*
	 * A posted chunk that the owner has not attached yet. If it has, its objects count.
	 * Pairs with the smp_store_release() in fa_central_adopt(): orders the read of
	 * ->pending before the read of the counters.
	 */
	if (smp_load_acquire(&pool->refill.pending) || READ_ONCE(pool->closed))
		goto out;
	avail = fa_pool_left(pool);
	ask.missing = want > avail ? want - avail : 0;
	ask.least = max(run, 1UL);
	if (run || avail < want)
		fa_pool_grow(pool, &ask, post);
out:
	mutex_unlock(&pool->grow_lock);
}

/* Objects of the chunk that growth in place adds; 0: the pool does not grow in place. */
static unsigned int fa_here_objects(const struct fastalloc_pool *pool)
{
	size_t stride = pool->chunks.stride;
	bool hooks = pool->cfg.ctor || pool->cfg.dtor || pool->cfg.mem_alloc ||
		     pool->growth.kind == FASTALLOC_GROWTH_CUSTOM;

	if (!fa_is_growing(pool) || pool->cfg.backing == FASTALLOC_BACKING_VMALLOC ||
	    (hooks && !(pool->cfg.flags & FASTALLOC_F_ATOMIC_GROW)))
		return 0;
	return (stride > PAGE_SIZE ? FA_HERE_PAGES_LARGE : FA_HERE_PAGES) * PAGE_SIZE / stride;
}

/*
 * May this caller, which may not sleep, allocate memory? Not if it passed no flag for
 * reclaim, as callers do that hold locks which the page allocator takes. Nor in NMI, nor
 * with raw locks held on PREEMPT_RT.
 */
static bool fa_may_grow_here(const struct fastalloc_pool *pool, gfp_t gfp)
{
	return pool->refill.here && (gfp & __GFP_KSWAPD_RECLAIM) && fa_may_lock();
}

/*
 * Growth in place. Bounded: a chunk of a few pages, segments or magazines for it, no lock
 * held for long. Returns whether the pool has grown.
 */
static bool fa_pool_grow_here(struct fastalloc_pool *pool, const struct fa_ask *ask)
{
	gfp_t mem = fa_gfp(ask->gfp);
	unsigned long flags;
	long got;

	/* Waking kswapd takes locks of the scheduler, which the caller may hold. */
	if (irqs_disabled())
		mem &= ~__GFP_KSWAPD_RECLAIM;
	if (ask->least > pool->refill.here)
		return false;
	if (pool->growth.kind == FASTALLOC_GROWTH_CUSTOM &&
	    !fa_growth_amount(&pool->growth, READ_ONCE(pool->refill.planned) - pool->reserve))
		return false;
	got = fa_pool_add(pool, pool->refill.here, ask->least, mem, false);
	if (got < 0) {
		if (got != -ENOSPC)
			fa_pool_not_grown(pool, got, pool->refill.here, ask);
		return false;
	}
	trace_fastalloc_grow(pool, ask->ip, ask->by, pool->refill.here, got);
	flags = fa_lock(pool);
	pool->refill.grows++;
	pool->refill.grows_atomic++;
	fa_unlock(pool, flags);
	return true;
}

/* Upper bound of the objects that can be allocated, including growth. */
unsigned long fa_pool_room(struct fastalloc_pool *pool)
{
	unsigned long out, max = READ_ONCE(pool->growth.max);

	/* The count of a PERCPU pool may be too high, and the pool may hand out its reserve. */
	out = fa_is_percpu(pool) ? 0 : fastalloc_pool_allocated(pool);
	return max > out ? max - out : 0;
}

/* Growth by a caller that may sleep and lacks @nr objects. */
static bool fa_pool_refill_sleep(struct fastalloc_pool *pool, gfp_t gfp,
				 unsigned long nr, bool contig, bool again, unsigned long ip)
{
	struct fa_ask ask = {
		.missing = nr,
		.least = contig ? nr : 1,
		.gfp = gfp,
		.by = FA_TRACE_CALLER,
		.ip = ip,
	};
	unsigned long avail, planned = READ_ONCE(pool->refill.planned);
	int err = 0;

	mutex_lock(&pool->grow_lock);
	avail = fastalloc_pool_available(pool);
	if (!contig && avail < nr)
		ask.missing = nr - avail;
	/*
	 * Of many callers that find the pool empty, one grows it. The others have waited
	 * for the lock, and first try to take what was added.
	 */
	if (READ_ONCE(pool->refill.planned) <= planned && (contig || again || avail < nr) &&
	    !READ_ONCE(pool->refill.pending) && !READ_ONCE(pool->waitq.dying))
		err = fa_pool_grow(pool, &ask, false);
	mutex_unlock(&pool->grow_lock);
	return !err && !READ_ONCE(pool->waitq.dying);
}

/*
 * An allocation of @nr objects found too few. @contig: they must be adjacent; @tries:
 * number of earlier calls for this allocation; @ip: the caller. Returns whether a retry is
 * worthwhile.
 */
noinline bool fa_pool_refill(struct fastalloc_pool *pool, gfp_t gfp, unsigned long nr,
			     bool contig, unsigned int tries, unsigned long ip)
{
	struct fa_ask ask = { .least = contig ? nr : 1, .by = FA_TRACE_ATOMIC, .ip = ip };

	/* __GFP_ZERO applies to the object, not to the chunk. */
	gfp &= ~__GFP_ZERO;
	/*
	 * A caller in memory reclaim must not wait for grow_lock: its holder may wait for
	 * reclaim, or be the caller itself, whose allocation for growth has entered reclaim.
	 */
	if (gfpflags_allow_blocking(gfp) && (current->flags & PF_MEMALLOC))
		gfp &= ~__GFP_DIRECT_RECLAIM;
	if (pool->sync == FASTALLOC_SYNC_NONE && fa_central_adopt(pool))
		return true;
	if (!fa_is_growing(pool))
		return false;
	/* The last growth may have ended after the caller found too few objects. */
	if (!fastalloc_pool_can_grow(pool))
		return !tries;
	if (nr > fa_pool_room(pool))
		return false;
	if (gfpflags_allow_blocking(gfp))
		return fa_pool_refill_sleep(pool, gfp, nr, contig, tries, ip);

	ask.gfp = gfp;
	if (fa_may_grow_here(pool, gfp) && tries < FA_HERE_TRIES + nr / pool->refill.here &&
	    fa_pool_grow_here(pool, &ask)) {
		fa_grower_kick(&pool->refill.grower);
		return true;
	}
	/* A hint only: of two concurrent callers the later one wins. */
	WRITE_ONCE(*(contig ? &pool->refill.wanted_run : &pool->refill.wanted), nr);
	fa_grower_kick(&pool->refill.grower);
	return !tries;
}

/* Called when the config and the values derived from it are known. */
void fa_refill_init(struct fastalloc_pool *pool, struct lock_class_key *key)
{
	const struct fastalloc_config *cfg = &pool->cfg;

	__mutex_init(&pool->grow_lock, "fastalloc grow_lock", key);
	pool->growth = (struct fa_growth){
		.kind = cfg->growth,
		.amount = cfg->growth_amount,
		.percent = cfg->growth_percent,
		.fn = cfg->growth_fn,
		.arg = cfg->arg,
		.max = cfg->max_capacity,
	};
	pool->refill.low_water = cfg->low_water;
	pool->refill.low_base = cfg->capacity;
	pool->refill.here = fa_here_objects(pool);
	fa_grower_init(&pool->refill.grower, fa_pool_grow_work);
}

int fastalloc_pool_reserve(struct fastalloc_pool *pool, unsigned long nr, gfp_t gfp)
{
	struct fa_ask ask = { .least = 1, .by = FA_TRACE_RESERVE, .ip = _RET_IP_ };
	unsigned long avail;
	int err = 0;

	might_sleep();
	if (!gfpflags_allow_blocking(gfp)) {
		pr_err_ratelimited("pool %s: reserve: gfp=%#x does not allow blocking\n",
				   pool->name, (__force unsigned int)gfp);
		return -EINVAL;
	}
	if (!fa_call_begin(pool))
		return -ESHUTDOWN;
	/* As in fa_pool_refill(): it applies to objects. */
	ask.gfp = gfp & ~__GFP_ZERO;
	mutex_lock(&pool->grow_lock);
	if (pool->sync == FASTALLOC_SYNC_NONE)
		fa_central_adopt(pool);
	while (!err && (avail = fastalloc_pool_available(pool)) < nr) {
		if (READ_ONCE(pool->waitq.dying) || !fa_is_growing(pool) ||
		    nr - avail > READ_ONCE(pool->growth.max) -
				 min(READ_ONCE(pool->growth.max), READ_ONCE(pool->capacity)))
			err = -ENOSPC;
		ask.missing = nr - avail;
		if (!err)
			err = fa_pool_grow(pool, &ask, false);
	}
	mutex_unlock(&pool->grow_lock);
	if (likely(fa_call_try_end(pool)))
		return err;
	fa_call_end(pool);
	return -ESHUTDOWN;
}
FASTALLOC_EXPORT(fastalloc_pool_reserve);

/* Applies a change of the maximum or the low-water mark at once. */
static void fa_pool_mark_changed(struct fastalloc_pool *pool)
{
	unsigned long flags;

	WRITE_ONCE(pool->refill.stalled, false);
	flags = fa_lock(pool);
	fa_set_low_mark(pool);
	pool->ops->set_mark(pool);
	fa_unlock(pool, flags);
	if (fastalloc_pool_available(pool) < READ_ONCE(pool->refill.low_mark))
		fa_grower_kick(&pool->refill.grower);
}

/* A pool that does not grow has neither a maximum nor a mark. */
static int fa_pool_check_growing(struct fastalloc_pool *pool, const char *what)
{
	if (fa_is_growing(pool))
		return 0;
	pr_err_ratelimited("pool %s: %s: the pool does not grow\n", pool->name, what);
	return -EINVAL;
}

int fastalloc_pool_set_max(struct fastalloc_pool *pool, unsigned long nr)
{
	int err = fa_pool_check_growing(pool, "set_max");

	if (err)
		return err;
	if (!nr)
		nr = FASTALLOC_MAX_OBJECTS;
	if (nr < pool->cfg.capacity) {
		pr_err_ratelimited("pool %s: set_max: %lu is below the capacity %lu\n",
				   pool->name, nr, pool->cfg.capacity);
		return -EINVAL;
	}
	if (nr > FASTALLOC_MAX_OBJECTS) {
		pr_err_ratelimited("pool %s: set_max: %lu is more than %lu\n",
				   pool->name, nr, FASTALLOC_MAX_OBJECTS);
		return -E2BIG;
	}
	WRITE_ONCE(pool->cfg.max_capacity, nr);
	WRITE_ONCE(pool->growth.max, min(nr, FASTALLOC_MAX_OBJECTS - pool->reserve));
	fa_pool_mark_changed(pool);
	return 0;
}
FASTALLOC_EXPORT(fastalloc_pool_set_max);

int fastalloc_pool_set_low_water(struct fastalloc_pool *pool, unsigned long nr)
{
	int err = fa_pool_check_growing(pool, "set_low_water");
	unsigned long flags, capacity;

	if (err)
		return err;
	if (nr > READ_ONCE(pool->growth.max)) {
		pr_err_ratelimited("pool %s: set_low_water: %lu is above the maximum %lu\n",
				   pool->name, nr, READ_ONCE(pool->growth.max));
		return -ERANGE;
	}
	flags = fa_lock(pool);
	capacity = max(pool->capacity, 1UL);
	pool->refill.low_water = nr ?: FA_LOW_WATER(capacity);
	pool->refill.low_base = capacity;
	fa_unlock(pool, flags);
	fa_pool_mark_changed(pool);
	return 0;
}
FASTALLOC_EXPORT(fastalloc_pool_set_low_water);
