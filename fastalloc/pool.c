// SPDX-License-Identifier: GPL-2.0
/*
 * Create, destroy, and the calls on a pool: validate, dispatch by sync, run
 * the hooks, grow where the caller may sleep.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/align.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

#include "compat.h"
#include "internal.h"

const char * const fa_sync_names[3] = { "percpu", "spinlock", "none" };
const char * const fa_order_names[3] = { "lifo", "fifo", "lowest" };
const char * const fa_backing_names[3] = { "auto", "pages", "vmalloc" };
const char * const fa_growth_names[4] = { "none", "linear", "exponential", "custom" };

#define FA_FLAGS (FASTALLOC_F_CONTIG | FASTALLOC_F_SHRINKER | FASTALLOC_F_NODE)

/* One line that names pool, field and value; and the errno to answer with. */
#define fa_refuse(cfg, err, fmt, ...) ({				\
	pr_err("pool %s: " fmt "\n", (cfg)->name, ##__VA_ARGS__);	\
	err;								\
})

static int fa_check_name(const struct fastalloc_config *cfg)
{
	const char *name = cfg->name, *c;

	if (!name || !*name)
		return fa_refuse(cfg, -EINVAL, "name=%s: must not be empty", name);
	if (strnlen(name, FASTALLOC_NAME_LEN) == FASTALLOC_NAME_LEN) {
		pr_err("pool %.*s: name=%.*s...: longer than %d characters\n",
		       FASTALLOC_NAME_LEN - 1, name, FASTALLOC_NAME_LEN - 1,
		       name, FASTALLOC_NAME_LEN - 1);
		return -ENAMETOOLONG;
	}
	for (c = name; *c; c++) {
		if (*c != '/' && isascii(*c) && isgraph(*c))
			continue;
		pr_err("pool %*pE: name=%*pE: must be printable, without blank or '/'\n",
		       (int)strlen(name), name, (int)strlen(name), name);
		return -EINVAL;
	}
	/* Each would clash with an entry of the debugfs directory. */
	if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "pools"))
		return fa_refuse(cfg, -EINVAL, "name=%s: is reserved", name);
	return 0;
}

static int fa_check_size(struct fastalloc_config *cfg)
{
	size_t stride, bytes;

	if (!cfg->obj_size)
		return fa_refuse(cfg, -EINVAL, "obj_size=0: must not be zero");
	if (cfg->obj_size > FASTALLOC_MAX_OBJ_SIZE)
		return fa_refuse(cfg, -E2BIG, "obj_size=%zu: more than %u",
				 cfg->obj_size, FASTALLOC_MAX_OBJ_SIZE);

	if (!cfg->type_align)
		cfg->type_align = min_t(size_t, cfg->obj_size & -cfg->obj_size,
					__alignof__(long long));
	if (!is_power_of_2(cfg->type_align))
		return fa_refuse(cfg, -EINVAL,
				 "type_align=%zu: not a power of two",
				 cfg->type_align);
	if (!cfg->align)
		cfg->align = cfg->type_align;
	if (!is_power_of_2(cfg->align))
		return fa_refuse(cfg, -EINVAL, "align=%zu: not a power of two",
				 cfg->align);
	if (cfg->align < cfg->type_align)
		return fa_refuse(cfg, -EINVAL,
				 "align=%zu: below the natural alignment %zu",
				 cfg->align, cfg->type_align);
	if (cfg->align > PAGE_SIZE)
		return fa_refuse(cfg, -EINVAL, "align=%zu: more than a page",
				 cfg->align);

	if (!cfg->capacity)
		return fa_refuse(cfg, -EINVAL, "capacity=0: must not be zero");
	stride = ALIGN(cfg->obj_size, cfg->align);
	if (check_mul_overflow((size_t)cfg->capacity, stride, &bytes))
		return fa_refuse(cfg, -EOVERFLOW,
				 "capacity=%lu: times %zu bytes overflows",
				 cfg->capacity, stride);
	if (cfg->capacity > FASTALLOC_MAX_OBJECTS)
		return fa_refuse(cfg, -E2BIG, "capacity=%lu: more than %lu",
				 cfg->capacity, FASTALLOC_MAX_OBJECTS);
	return 0;
}

static int fa_check_growth(struct fastalloc_config *cfg)
{
	switch (cfg->growth) {
	case FASTALLOC_GROWTH_NONE:
		break;
	case FASTALLOC_GROWTH_LINEAR:
		if (!cfg->growth_amount)
			return fa_refuse(cfg, -EINVAL,
					 "growth_amount=0: must not be zero");
		break;
	case FASTALLOC_GROWTH_EXPONENTIAL:
		if (!cfg->growth_percent)
			cfg->growth_percent = 200;
		if (cfg->growth_percent <= 100)
			return fa_refuse(cfg, -ERANGE,
					 "growth_percent=%u: not above 100",
					 cfg->growth_percent);
		break;
	case FASTALLOC_GROWTH_CUSTOM:
		if (!cfg->growth_fn)
			return fa_refuse(cfg, -EINVAL,
					 "growth_fn=NULL: wanted by custom growth");
		break;
	default:
		return fa_refuse(cfg, -EINVAL, "growth=%d: unknown", cfg->growth);
	}

	if (cfg->max_capacity > FASTALLOC_MAX_OBJECTS)
		return fa_refuse(cfg, -E2BIG, "max_capacity=%lu: more than %lu",
				 cfg->max_capacity, FASTALLOC_MAX_OBJECTS);
	if (cfg->max_capacity && cfg->max_capacity < cfg->capacity)
		return fa_refuse(cfg, -ERANGE,
				 "max_capacity=%lu: below the capacity %lu",
				 cfg->max_capacity, cfg->capacity);
	if (!cfg->max_capacity)
		cfg->max_capacity = FASTALLOC_MAX_OBJECTS;
	if (cfg->growth == FASTALLOC_GROWTH_NONE)
		cfg->max_capacity = cfg->capacity;

	if (cfg->growth != FASTALLOC_GROWTH_NONE &&
	    cfg->low_water > cfg->capacity)
		return fa_refuse(cfg, -ERANGE,
				 "low_water=%lu: above the capacity %lu",
				 cfg->low_water, cfg->capacity);
	if (!cfg->low_water)
		cfg->low_water = max(cfg->capacity / 8, 1UL);
	return 0;
}

static int fa_check_kind(const struct fastalloc_config *cfg)
{
	if (cfg->sync > FASTALLOC_SYNC_NONE)
		return fa_refuse(cfg, -EINVAL, "sync=%d: unknown", cfg->sync);
	if (cfg->order > FASTALLOC_ORDER_LOWEST)
		return fa_refuse(cfg, -EINVAL, "order=%d: unknown", cfg->order);
	if (cfg->backing > FASTALLOC_BACKING_VMALLOC)
		return fa_refuse(cfg, -EINVAL, "backing=%d: unknown",
				 cfg->backing);
	if (cfg->sync == FASTALLOC_SYNC_PERCPU)
		return fa_refuse(cfg, -EOPNOTSUPP, "sync=%s: not built yet",
				 fa_sync_names[cfg->sync]);

	if (cfg->flags & ~FA_FLAGS)
		return fa_refuse(cfg, -EINVAL, "flags=%#lx: unknown bits",
				 cfg->flags & ~FA_FLAGS);
	if ((cfg->flags & FASTALLOC_F_CONTIG) &&
	    cfg->order != FASTALLOC_ORDER_LOWEST)
		return fa_refuse(cfg, -EOPNOTSUPP,
				 "flags=%#x: contiguous runs need order lowest, not %s",
				 cfg->flags, fa_order_names[cfg->order]);
	if ((cfg->flags & FASTALLOC_F_SHRINKER) &&
	    (cfg->sync == FASTALLOC_SYNC_NONE ||
	     cfg->growth == FASTALLOC_GROWTH_NONE))
		return fa_refuse(cfg, -EINVAL,
				 "flags=%#x: a shrinker needs a growing pool with a lock",
				 cfg->flags);
	if ((cfg->flags & FASTALLOC_F_NODE) &&
	    (cfg->node < 0 || cfg->node >= MAX_NUMNODES ||
	     !node_online(cfg->node)))
		return fa_refuse(cfg, -EINVAL, "node=%d: not online", cfg->node);
	return 0;
}

/* Fills in defaults on the way. */
static int fa_check_config(struct fastalloc_config *cfg)
{
	return fa_check_name(cfg) ?: fa_check_size(cfg) ?:
	       fa_check_growth(cfg) ?: fa_check_kind(cfg);
}

/* The name is reserved from here on; nobody looks at the pool before ->live. */
static int fa_register(struct fastalloc_pool *pool)
{
	struct fastalloc_pool *other;
	int err = 0;

	mutex_lock(&fa_pools_lock);
	list_for_each_entry(other, &fa_pools, node) {
		if (!strcmp(other->name, pool->name)) {
			err = fa_refuse(&pool->cfg, -EEXIST,
					"name=%s: already in use", pool->name);
			break;
		}
	}
	if (!err)
		list_add_tail(&pool->node, &fa_pools);
	mutex_unlock(&fa_pools_lock);
	return err;
}

static void fa_unregister(struct fastalloc_pool *pool)
{
	mutex_lock(&fa_pools_lock);
	list_del(&pool->node);
	mutex_unlock(&fa_pools_lock);
}

/*
 * Adds up to @want objects, in chunks of at least @least; the caller holds
 * grow_lock. @post: leave the chunk to the owner of a NONE pool. Returns 0 if
 * any were added.
 */
static int fa_pool_add(struct fastalloc_pool *pool, unsigned long want,
		       unsigned long least, gfp_t gfp, bool post)
{
	gfp_t mem = GFP_KERNEL | __GFP_NOWARN | (gfp & __GFP_ACCOUNT);
	unsigned long added = 0, segs = 0;
	unsigned int scope = 0;
	struct fa_chunk *chunk;
	int err = 0;

	/* vmalloc() knows these limits only as scopes. */
	if (!(gfp & __GFP_IO))
		scope = memalloc_noio_save();
	else if (!(gfp & __GFP_FS))
		scope = memalloc_nofs_save();

	while (added < want) {
		chunk = fa_chunk_create(pool, want - added, least, mem);
		if (IS_ERR(chunk)) {
			err = PTR_ERR(chunk);
			break;
		}
		if (pool->order != FASTALLOC_ORDER_LOWEST) {
			segs = fa_deque_segs(pool->planned + chunk->count,
					     pool->seg_slots) - pool->planned_segs;
			err = fa_segs_alloc(&chunk->segs, segs, pool->seg_slots,
					    mem, fa_node(pool));
			if (err) {
				fa_chunk_destroy(pool, chunk);
				break;
			}
		}
		added += chunk->count;
		pool->planned += chunk->count;
		pool->planned_segs += segs;
		pool->bytes += fa_chunk_overhead(chunk) +
			       segs * fa_seg_bytes(pool->seg_slots);
		if (post) {
			/* Pairs with the xchg() in fa_serial_adopt(). */
			smp_store_release(&pool->pending, chunk);
			break;
		}
		fa_serial_attach(pool, chunk);
	}

	if (!(gfp & __GFP_IO))
		memalloc_noio_restore(scope);
	else if (!(gfp & __GFP_FS))
		memalloc_nofs_restore(scope);
	return added ? 0 : err;
}

/*
 * One growth. @missing: objects that the caller lacks; @least: neighbours that
 * it wants. Returns 0 if it is worth trying again.
 */
static int fa_pool_grow(struct fastalloc_pool *pool, unsigned long missing,
			unsigned long least, gfp_t gfp, bool post)
{
	unsigned long add, flags;
	int err;

	lockdep_assert_held(&pool->grow_lock);
	add = fa_growth_amount(&pool->growth, pool->planned);
	if (!add)
		return -ENOSPC;
	/* A rule that adds little must not make one call grow many times. */
	add = min(max3(add, missing, least), pool->growth.max - pool->planned);

	err = fa_pool_add(pool, add, least, gfp, post);
	WRITE_ONCE(pool->stalled, err);
	if (err) {
		WRITE_ONCE(pool->growth_failures, pool->growth_failures + 1);
		return err;
	}
	if (post)
		return 0;

	flags = fa_serial_lock(pool);
	pool->grows++;
	fa_serial_set_high(pool);
	fa_serial_unlock(pool, flags);
	return 0;
}

/* The worker, for callers who may not sleep. */
static void fa_pool_grow_work(struct fa_grower *g)
{
	struct fastalloc_pool *pool = container_of(g, struct fastalloc_pool, grower);
	bool post = pool->sync == FASTALLOC_SYNC_NONE;
	unsigned long run, want, avail;

	mutex_lock(&pool->grow_lock);
	run = xchg(&pool->wanted_run, 0);
	want = max(xchg(&pool->wanted, 0), pool->cfg.low_water);
	avail = fastalloc_pool_available(pool);
	/* Unless the owner has yet to take what was made for it. */
	if ((run || avail < want) && !READ_ONCE(pool->pending))
		fa_pool_grow(pool, want > avail ? want - avail : 0,
			     max(run, 1UL), GFP_KERNEL, post);
	mutex_unlock(&pool->grow_lock);
}

/*
 * An allocation of @nr objects found too few; @contig: they must be
 * neighbours. Returns whether it is worth trying again.
 */
static noinline bool fa_pool_refill(struct fastalloc_pool *pool, gfp_t gfp,
				    unsigned long nr, bool contig)
{
	unsigned long avail;
	int err = 0;

	if (pool->sync == FASTALLOC_SYNC_NONE && fa_serial_adopt(pool))
		return true;
	if (!fastalloc_pool_can_grow(pool) ||
	    nr > pool->growth.max - fastalloc_pool_allocated(pool))
		return false;
	if (!gfpflags_allow_blocking(gfp)) {
		/* A hint: of two callers at once, the later one is heard. */
		WRITE_ONCE(*(contig ? &pool->wanted_run : &pool->wanted), nr);
		fa_grower_kick(&pool->grower);
		return false;
	}

	mutex_lock(&pool->grow_lock);
	avail = fastalloc_pool_available(pool);
	/* Somebody may have grown the pool while we waited for the lock. */
	if ((contig || avail < nr) && !READ_ONCE(pool->pending))
		err = fa_pool_grow(pool, contig ? nr : nr - avail,
				   contig ? nr : 1, gfp, false);
	mutex_unlock(&pool->grow_lock);
	return !err;
}

static void fa_pool_failed(struct fastalloc_pool *pool)
{
	unsigned long flags = fa_serial_lock(pool);

	pool->failures++;
	fa_serial_unlock(pool, flags);
}

/* Before an allocation: is what the caller asks for to be had at all? */
static inline bool fa_pool_may_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	/* Found where it is wrong, not only when the pool happens to be empty. */
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) && fa_is_growing(pool))
		might_alloc(gfp);

	if (unlikely(gfp & __GFP_ZERO) && pool->cfg.ctor) {
		pr_err_once("pool %s: zeroing would undo the constructor\n",
			    pool->name);
		fa_pool_failed(pool);
		return false;
	}
	return true;
}

/* After an allocation: what the caller, and the pool's owner, want done. */
static inline void fa_pool_acquire(struct fastalloc_pool *pool, gfp_t gfp,
				   void *obj)
{
	if (unlikely(gfp & __GFP_ZERO))
		memset(obj, 0, pool->cfg.obj_size);
	if (pool->cfg.on_acquire)
		pool->cfg.on_acquire(obj, pool->cfg.arg);
}

/**
 * fastalloc_alloc() - allocate an object
 * @pool: the pool
 * @gfp: %GFP_KERNEL and its kin let a growing pool grow here and now, within
 *	%GFP_NOFS and %GFP_NOIO where given. Where it does not allow blocking,
 *	an empty pool fails the call and is grown by a worker. %__GFP_ZERO
 *	zeroes the object; a pool with a constructor refuses that.
 *	%__GFP_NOFAIL is not honoured.
 *
 * The object belongs to the caller until fastalloc_free(). Its content is that
 * of its last use, or of its constructor.
 *
 * Context: SPINLOCK: any but NMI; sleeps only to grow. NONE: as the owner
 *	serialises. on_acquire runs in the context of the caller.
 * Return: The object, or NULL when none is free and none could be added.
 */
void *fastalloc_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	void *obj;

	if (!fa_pool_may_alloc(pool, gfp))
		return NULL;
	obj = fa_serial_alloc(pool);
	while (unlikely(!obj)) {
		if (!fa_pool_refill(pool, gfp, 1, false)) {
			fa_pool_failed(pool);
			return NULL;
		}
		obj = fa_serial_alloc(pool);
	}
	fa_pool_acquire(pool, gfp, obj);
	return obj;
}
FASTALLOC_EXPORT(fastalloc_alloc);

/**
 * fastalloc_free() - give an object back
 * @pool: the pool it was allocated from
 * @obj: the object, or NULL, which does nothing
 *
 * Freeing more objects than are out is refused, with a line in the log; the
 * order LOWEST also refuses what is not an object of the pool, or is free.
 *
 * Context: SPINLOCK: any but NMI. NONE: as the owner serialises. Never sleeps;
 *	on_release runs in the context of the caller.
 */
void fastalloc_free(struct fastalloc_pool *pool, void *obj)
{
	if (unlikely(!obj))
		return;
	if (pool->cfg.on_release)
		pool->cfg.on_release(obj, pool->cfg.arg);
	fa_serial_free(pool, obj);
}
FASTALLOC_EXPORT(fastalloc_free);

/**
 * fastalloc_alloc_bulk() - allocate several objects, or none
 * @pool: the pool
 * @gfp: as for fastalloc_alloc()
 * @nr: how many
 * @objs: room for @nr pointers; in no particular order; what is there after a
 *	failure means nothing
 *
 * Context: As fastalloc_alloc(). The lock is held once, for a time
 *	proportional to @nr.
 * Return: @nr, or 0 when fewer are free and not enough could be added.
 */
unsigned int fastalloc_alloc_bulk(struct fastalloc_pool *pool, gfp_t gfp,
				  unsigned int nr, void **objs)
{
	unsigned int i;

	if (!nr || !fa_pool_may_alloc(pool, gfp))
		return 0;
	while (!fa_serial_alloc_bulk(pool, nr, objs)) {
		if (!fa_pool_refill(pool, gfp, nr, false)) {
			fa_pool_failed(pool);
			return 0;
		}
	}
	if (pool->cfg.on_acquire || (gfp & __GFP_ZERO))
		for (i = 0; i < nr; i++)
			fa_pool_acquire(pool, gfp, objs[i]);
	return nr;
}
FASTALLOC_EXPORT(fastalloc_alloc_bulk);

/**
 * fastalloc_free_bulk() - give several objects back
 * @pool: the pool they were allocated from
 * @nr: how many
 * @objs: the objects; none may be NULL
 *
 * Context: As fastalloc_free(). The lock is held once, for a time proportional
 *	to @nr; with order LOWEST once for each object.
 */
void fastalloc_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
			 void **objs)
{
	unsigned int i;

	if (!nr)
		return;
	if (pool->cfg.on_release)
		for (i = 0; i < nr; i++)
			pool->cfg.on_release(objs[i], pool->cfg.arg);
	fa_serial_free_bulk(pool, nr, objs);
}
FASTALLOC_EXPORT(fastalloc_free_bulk);

/* @obj and the @nr - 1 objects behind it. */
static void fa_for_run(struct fastalloc_pool *pool, void *obj, unsigned int nr,
		       fastalloc_hook_t hook)
{
	while (hook && nr--) {
		hook(obj, pool->cfg.arg);
		obj += pool->stride;
	}
}

static bool fa_may_contig(struct fastalloc_pool *pool)
{
	if (likely(pool->cfg.flags & FASTALLOC_F_CONTIG))
		return true;
	pr_err("pool %s: flags=%#x: not made for contiguous runs\n", pool->name,
	       pool->cfg.flags);
	return false;
}

/**
 * fastalloc_alloc_contig() - allocate neighbouring objects, or none
 * @pool: the pool, of order LOWEST and with %FASTALLOC_F_CONTIG
 * @gfp: as for fastalloc_alloc()
 * @nr: how many
 *
 * The objects follow one another in memory, each obj_size rounded up to align
 * after the one before; they come from one chunk. They may be freed together
 * by fastalloc_free_contig(), or one by one.
 *
 * Context: As fastalloc_alloc(). The lock is held for a scan of the bitmaps of
 *	the chunks that have @nr free objects.
 * Return: The first of them, or NULL when there is no such run and none could
 *	be added.
 */
void *fastalloc_alloc_contig(struct fastalloc_pool *pool, gfp_t gfp,
			     unsigned int nr)
{
	void *obj = NULL;

	if (!nr || !fa_may_contig(pool) || !fa_pool_may_alloc(pool, gfp))
		return NULL;
	while (!(obj = fa_serial_alloc_contig(pool, nr))) {
		if (!fa_pool_refill(pool, gfp, nr, true)) {
			fa_pool_failed(pool);
			return NULL;
		}
	}
	if (gfp & __GFP_ZERO)
		memset(obj, 0, nr * pool->stride);
	fa_for_run(pool, obj, nr, pool->cfg.on_acquire);
	return obj;
}
FASTALLOC_EXPORT(fastalloc_alloc_contig);

/**
 * fastalloc_free_contig() - give neighbouring objects back
 * @pool: the pool they were allocated from
 * @obj: the first of them, or NULL, which does nothing
 * @nr: how many
 *
 * Context: As fastalloc_free(). The lock is held for a time proportional to
 *	@nr / BITS_PER_LONG.
 */
void fastalloc_free_contig(struct fastalloc_pool *pool, void *obj,
			   unsigned int nr)
{
	if (!nr || !obj || !fa_may_contig(pool))
		return;
	fa_for_run(pool, obj, nr, pool->cfg.on_release);
	fa_serial_free_contig(pool, obj, nr);
}
FASTALLOC_EXPORT(fastalloc_free_contig);

/**
 * fastalloc_pool_trim() - give wholly free chunks back to the system
 * @pool: the pool
 *
 * A growing pool shrinks back towards its configured capacity, never below it.
 * While this runs the capacity is already lower by what may go. Order LOWEST
 * leaves the most to give back.
 *
 * Context: Task context, may sleep. NONE: as the owner serialises.
 * Return: Objects given back.
 */
unsigned long fastalloc_pool_trim(struct fastalloc_pool *pool)
{
	unsigned long gone;

	mutex_lock(&pool->grow_lock);
	if (pool->sync == FASTALLOC_SYNC_NONE)
		fa_serial_adopt(pool);
	gone = fa_serial_trim(pool);
	mutex_unlock(&pool->grow_lock);
	return gone;
}
FASTALLOC_EXPORT(fastalloc_pool_trim);

/* Objects that trim could give back at best: fragmentation is not known. */
static unsigned long fa_shrink_count(struct shrinker *s,
				     struct shrink_control *sc)
{
	struct fastalloc_pool *pool = fa_shrinker_priv(s);
	unsigned long spare = fastalloc_pool_capacity(pool) - pool->cfg.capacity;

	return min(spare, fastalloc_pool_available(pool)) ?: SHRINK_EMPTY;
}

static unsigned long fa_shrink_scan(struct shrinker *s,
				    struct shrink_control *sc)
{
	struct fastalloc_pool *pool = fa_shrinker_priv(s);
	unsigned long gone;

	/* Reclaim may have been entered by growing this very pool. */
	if (!mutex_trylock(&pool->grow_lock))
		return SHRINK_STOP;
	gone = fa_serial_trim(pool);
	mutex_unlock(&pool->grow_lock);
	return gone ?: SHRINK_STOP;
}

static int fa_shrinker_add(struct fastalloc_pool *pool)
{
	struct shrinker *s = fa_shrinker_alloc(pool->name);
	int err;

	if (!s)
		return -ENOMEM;
	s->count_objects = fa_shrink_count;
	s->scan_objects = fa_shrink_scan;
	s->seeks = DEFAULT_SEEKS;
	err = fa_shrinker_register(s, pool, pool->name);
	if (!err)
		pool->shrinker = s;
	return err;
}

static void fa_pool_release(struct fastalloc_pool *pool)
{
	struct fa_chunk *chunk, *next;

	if (pool->pending)
		fa_chunk_destroy(pool, pool->pending);
	rbtree_postorder_for_each_entry_safe(chunk, next, &pool->chunks, all)
		fa_chunk_destroy(pool, chunk);
	fa_deque_free(&pool->dq);
	mutex_destroy(&pool->grow_lock);
}

static void fa_pool_init(struct fastalloc_pool *pool)
{
	const struct fastalloc_config *cfg = &pool->cfg;

	raw_spin_lock_init(&pool->lock);
	mutex_init(&pool->grow_lock);
	INIT_LIST_HEAD(&pool->fresh);
	pool->chunks = RB_ROOT;
	pool->avail = RB_ROOT_CACHED;
	pool->bytes = sizeof(*pool);
	pool->sync = cfg->sync;
	pool->order = cfg->order;
	pool->stride = ALIGN(cfg->obj_size, cfg->align);
	pool->stride_shift = is_power_of_2(pool->stride) ? ilog2(pool->stride) : -1;
	pool->seg_slots = clamp_t(unsigned long, cfg->capacity, FA_SEG_SLOTS_MIN,
				  FA_SEG_SLOTS_MAX);
	pool->growth = (struct fa_growth){
		.kind = cfg->growth,
		.amount = cfg->growth_amount,
		.percent = cfg->growth_percent,
		.fn = cfg->growth_fn,
		.arg = cfg->arg,
		.max = cfg->max_capacity,
	};
	fa_grower_init(&pool->grower, fa_pool_grow_work);
}

/**
 * fastalloc_pool_create() - make a pool
 * @cfg: what it is to be; read only during the call, the name is copied
 *
 * The capacity is there, and every object constructed, when this returns. The
 * pool belongs to the caller until fastalloc_pool_destroy(); fastalloc cannot
 * be unloaded meanwhile.
 *
 * Context: Task context, may sleep.
 * Return: The pool, or an ERR_PTR(). For a bad config, with a line in the log
 *	that names pool, field and value: -EINVAL; -ENAMETOOLONG (name);
 *	-EEXIST (name in use); -E2BIG (obj_size, capacity, max_capacity);
 *	-EOVERFLOW (capacity times size); -ERANGE (max_capacity, growth_percent,
 *	low_water); -EOPNOTSUPP (contiguous runs without order LOWEST, sync
 *	PERCPU). -ENOMEM when there is too little memory, or what the
 *	constructor answered.
 */
struct fastalloc_pool *fastalloc_pool_create(const struct fastalloc_config *cfg)
{
	struct fastalloc_pool *pool;
	int err;

	might_sleep();
	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	pool->cfg = *cfg;
	err = fa_check_config(&pool->cfg);
	if (err)
		goto err_pool;
	strscpy(pool->name, cfg->name, sizeof(pool->name));
	pool->cfg.name = pool->name;

	err = fa_register(pool);
	if (err)
		goto err_pool;
	__module_get(THIS_MODULE);
	fa_pool_init(pool);

	mutex_lock(&pool->grow_lock);
	while (pool->capacity < cfg->capacity && !err)
		err = fa_pool_add(pool, cfg->capacity - pool->capacity, 1,
				  GFP_KERNEL, false);
	mutex_unlock(&pool->grow_lock);
	if (err)
		goto err_release;

	if (pool->cfg.flags & FASTALLOC_F_SHRINKER) {
		err = fa_shrinker_add(pool);
		if (err)
			goto err_release;
	}

	mutex_lock(&fa_pools_lock);
	pool->live = true;
	mutex_unlock(&fa_pools_lock);
	fa_debugfs_add(pool);
	return pool;

err_release:
	fa_pool_release(pool);
	fa_unregister(pool);
	module_put(THIS_MODULE);
err_pool:
	kfree(pool);
	return ERR_PTR(err);
}
FASTALLOC_EXPORT(fastalloc_pool_create);

/**
 * fastalloc_pool_destroy() - destroy a pool and give its memory back
 * @pool: the pool; nobody may be using it. NULL and ERR_PTR() do nothing.
 *
 * Objects that are still out are reported by a WARN() with their number; they
 * are released as if freed, and their memory goes all the same.
 *
 * Context: Task context, may sleep.
 */
void fastalloc_pool_destroy(struct fastalloc_pool *pool)
{
	if (IS_ERR_OR_NULL(pool))
		return;
	might_sleep();

	/* Waits for readers; before the name is free for the next pool. */
	fa_debugfs_remove(pool);
	fa_unregister(pool);
	if (pool->shrinker)
		fa_shrinker_free(pool->shrinker);
	/* Only what grows has been kicked; irq_work_sync() may wait for RCU. */
	if (fa_is_growing(pool))
		fa_grower_stop(&pool->grower);

	WARN(fa_in_use(pool), "fastalloc: pool %s destroyed with %lu objects out\n",
	     pool->name, fa_in_use(pool));
	if (fa_in_use(pool) && pool->cfg.on_release)
		fa_serial_release_live(pool);

	fa_pool_release(pool);
	kfree(pool);
	module_put(THIS_MODULE);
}
FASTALLOC_EXPORT(fastalloc_pool_destroy);
