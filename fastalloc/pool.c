// SPDX-License-Identifier: GPL-2.0
/*
 * Create, destroy, and the calls on a pool: validate, dispatch by sync, run
 * the hooks.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/align.h>
#include <linux/ctype.h>
#include <linux/debug_locks.h>
#include <linux/err.h>
#include <linux/fastalloc_handle.h>
#include <linux/kmemleak.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

#include "compat.h"
#include "sanitize.h"

const char * const fa_sync_names[3] = { "percpu", "spinlock", "none" };
const char * const fa_order_names[3] = { "lifo", "fifo", "lowest" };
const char * const fa_backing_names[3] = { "auto", "pages", "vmalloc" };
const char * const fa_growth_names[4] = { "none", "linear", "exponential", "custom" };

#define FA_FLAGS_INIT (FASTALLOC_F_INIT_ON_ALLOC | FASTALLOC_F_INIT_ON_FREE)
#define FA_FLAGS (FASTALLOC_F_CONTIG | FASTALLOC_F_SHRINKER | FASTALLOC_F_NODE | \
		  FASTALLOC_F_DEBUG | FASTALLOC_F_HANDLES | \
		  FASTALLOC_F_TYPESAFE_BY_RCU | FA_FLAGS_INIT | \
		  FASTALLOC_F_NO_INIT | FASTALLOC_F_RANDOM | \
		  FASTALLOC_F_DROP_LIVE | FASTALLOC_F_ATOMIC_GROW | \
		  FASTALLOC_F_SAME_NAME | FASTALLOC_F_INDEX | FASTALLOC_F_EXACT)

/*
 * A member that says which way a call takes. A deferred destroy may change it meanwhile;
 * either way is right then. Not READ_ONCE(), which costs an instruction, for it keeps
 * the compiler from comparing in memory.
 */
#define fa_way(member)	data_race(member)

/*
 * One line that names pool, field and value; and the errno to answer with. Each reason
 * has a limit of its own, so that a module that tries again and again does not hide
 * what is wrong with another pool.
 */
#define fa_refuse(cfg, err, fmt, ...) ({				\
	pr_err_ratelimited("pool %s: " fmt "\n", (cfg)->name, ##__VA_ARGS__);	\
	err;								\
})

static int fa_check_name(const struct fastalloc_config *cfg)
{
	const char *name = cfg->name, *c;

	if (!name || !*name)
		return fa_refuse(cfg, -EINVAL, "name=%s: must not be empty", name);
	if (strnlen(name, FASTALLOC_NAME_LEN) == FASTALLOC_NAME_LEN) {
		pr_err_ratelimited("pool %.*s: name=%.*s...: longer than %d characters\n",
				   FASTALLOC_NAME_LEN - 1, name, FASTALLOC_NAME_LEN - 1,
				   name, FASTALLOC_NAME_LEN - 1);
		return -ENAMETOOLONG;
	}
	for (c = name; *c; c++) {
		if (*c != '/' && isascii(*c) && isgraph(*c))
			continue;
		pr_err_ratelimited("pool %*pE: name=%*pE: must be printable, without blank or '/'\n",
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
	if (cfg->flex_size > FASTALLOC_MAX_OBJ_SIZE - cfg->obj_size)
		return fa_refuse(cfg, -E2BIG, "flex_size=%zu: with obj_size=%zu more than %u",
				 cfg->flex_size, cfg->obj_size, FASTALLOC_MAX_OBJ_SIZE);

	if (!cfg->type_align)
		cfg->type_align = min_t(size_t, cfg->obj_size & -cfg->obj_size,
					__alignof__(long long));
	/* The type's alignment is that of what comes before the array. */
	cfg->obj_size += cfg->flex_size;
	cfg->flex_size = 0;
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
	    cfg->low_water > cfg->max_capacity)
		return fa_refuse(cfg, -ERANGE,
				 "low_water=%lu: above the maximum %lu",
				 cfg->low_water, cfg->max_capacity);
	if (!cfg->low_water)
		cfg->low_water = FA_LOW_WATER(cfg->capacity);
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
	if (cfg->sync == FASTALLOC_SYNC_PERCPU &&
	    cfg->order != FASTALLOC_ORDER_LIFO)
		return fa_refuse(cfg, -EOPNOTSUPP,
				 "order=%s: per-CPU pools are lifo",
				 fa_order_names[cfg->order]);
	if (cfg->magazine > FASTALLOC_MAX_MAGAZINE)
		return fa_refuse(cfg, -ERANGE, "magazine=%u: more than %u",
				 cfg->magazine, FASTALLOC_MAX_MAGAZINE);

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
	if ((cfg->flags & FA_FLAGS_INIT) && (cfg->flags & FASTALLOC_F_NO_INIT))
		return fa_refuse(cfg, -EINVAL,
				 "flags=%#x: to be zeroed and not to be zeroed",
				 cfg->flags);
	if ((cfg->flags & FA_FLAGS_INIT) && cfg->ctor)
		return fa_refuse(cfg, -EINVAL,
				 "flags=%#x: zeroing would undo the constructor",
				 cfg->flags);
	if ((cfg->flags & FA_FLAGS_INIT) &&
	    (cfg->flags & FASTALLOC_F_TYPESAFE_BY_RCU))
		return fa_refuse(cfg, -EINVAL,
				 "flags=%#x: zeroing would surprise RCU readers",
				 cfg->flags);
	if ((cfg->flags & FASTALLOC_F_RANDOM) &&
	    cfg->order == FASTALLOC_ORDER_LOWEST)
		return fa_refuse(cfg, -EOPNOTSUPP,
				 "flags=%#x: random and lowest exclude each other",
				 cfg->flags);
	if (!cfg->mem_alloc != !cfg->mem_free)
		return fa_refuse(cfg, -EINVAL, "%s=NULL: wanted with %s",
				 cfg->mem_alloc ? "mem_free" : "mem_alloc",
				 cfg->mem_alloc ? "mem_alloc" : "mem_free");
	if (!(cfg->flags & FASTALLOC_F_NODE) && cfg->node && cfg->node != NUMA_NO_NODE)
		return fa_refuse(cfg, -EINVAL, "node=%d: set without FASTALLOC_F_NODE",
				 cfg->node);
	if ((cfg->flags & FASTALLOC_F_NODE) && cfg->node != NUMA_NO_NODE &&
	    (cfg->node < 0 || cfg->node >= MAX_NUMNODES || !node_online(cfg->node)))
		return fa_refuse(cfg, -EINVAL, "node=%d: not online", cfg->node);
	return 0;
}

/* Fills in defaults on the way. */
static int fa_check_config(struct fastalloc_config *cfg)
{
	return fa_check_name(cfg) ?: fa_check_size(cfg) ?:
	       fa_check_growth(cfg) ?: fa_check_kind(cfg);
}

static bool fa_name_used(const char *name)
{
	struct fastalloc_pool *pool;

	list_for_each_entry(pool, &fa_pools, node)
		if (!strcmp(pool->name, name))
			return true;
	return false;
}

/* A name of its own for a pool whose name is used: with the lowest number behind it. */
static int fa_name_number(struct fastalloc_pool *pool)
{
	char base[FASTALLOC_NAME_LEN];
	unsigned int nr = 2;

	if (!(pool->cfg.flags & FASTALLOC_F_SAME_NAME))
		return fa_refuse(&pool->cfg, -EEXIST, "name=%s: already in use", pool->name);
	strscpy(base, pool->name, sizeof(base));
	do {
		if (snprintf(pool->name, sizeof(pool->name), "%s#%u", base, nr) >=
		    sizeof(pool->name)) {
			strscpy(pool->name, base, sizeof(pool->name));
			return fa_refuse(&pool->cfg, -ENAMETOOLONG,
					 "name=%s: in use, and too long for #%u behind it",
					 base, nr);
		}
		nr++;
	} while (fa_name_used(pool->name));
	return 0;
}

/* The name is reserved from here on; nobody looks at the pool before ->live. */
static int fa_register(struct fastalloc_pool *pool)
{
	int err = 0;

	mutex_lock(&fa_pools_lock);
	if (fa_name_used(pool->name))
		err = fa_name_number(pool);
	if (!err)
		list_add_tail_rcu(&pool->node, &fa_pools);
	mutex_unlock(&fa_pools_lock);
	return err;
}

static void fa_unregister(struct fastalloc_pool *pool)
{
	mutex_lock(&fa_pools_lock);
	list_del_rcu(&pool->node);
	mutex_unlock(&fa_pools_lock);
}

/*
 * Called in any context, and by all CPUs at once when the pool is exhausted, so it does no
 * more than count. The peak is known from ->min_full.
 */
static void fa_pool_failed(struct fastalloc_pool *pool)
{
	atomic_long_inc(&pool->failures);
}

/* Found where it is wrong, not only when the pool happens to be empty. */
static inline void fa_pool_might_grow(struct fastalloc_pool *pool, gfp_t gfp)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) && fa_is_growing(pool))
		might_alloc(gfp);
}

#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
void __fastalloc_debug_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	fa_pool_might_grow(pool, gfp);
}
FASTALLOC_EXPORT(__fastalloc_debug_alloc);
#endif

#ifdef CONFIG_LOCKDEP
/* A lock that is held must not go with its object; of constructed objects it stays. */
void __fastalloc_debug_free(struct fastalloc_pool *pool, const void *obj, unsigned int nr)
{
	if (!pool->cfg.ctor)
		debug_check_no_locks_freed(obj, (nr - 1) * pool->stride + pool->cfg.obj_size);
}
FASTALLOC_EXPORT(__fastalloc_debug_free);
#endif

/* Before an allocation: is what the caller asks for to be had at all? */
static inline bool fa_pool_may_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	if (unlikely(READ_ONCE(pool->closed)))
		return false;
	fa_pool_might_grow(pool, gfp);

	if (unlikely(gfp & __GFP_ZERO) && pool->cfg.ctor) {
		pr_err_ratelimited("pool %s: zeroing would undo the constructor\n",
				   pool->name);
		fa_pool_failed(pool);
		return false;
	}
	return true;
}

/* After an allocation: what the caller, and the pool's owner, want done. */
static inline void fa_pool_acquire(struct fastalloc_pool *pool, gfp_t gfp,
				   void *obj, unsigned long ip)
{
	bool zero = (gfp & __GFP_ZERO) || pool->init_on_alloc;

	if (pool->sanitize)
		fa_san_open(pool, obj);
	if (pool->checks)
		fa_debug_alloc(pool, obj, ip);
	if (pool->sanitize)
		fa_san_alloc(pool, obj, zero, gfp);
	if (zero)
		memset(obj, 0, pool->cfg.obj_size);
	if (pool->cfg.on_acquire)
		pool->cfg.on_acquire(obj, pool->cfg.arg);
	/* Then who gets a reference to it sees all that. */
	if (pool->handles)
		fa_handle_alloc(pool, obj);
}

static void fa_pool_acquire_bulk(struct fastalloc_pool *pool, gfp_t gfp,
				 unsigned int nr, void **objs, unsigned long ip)
{
	unsigned int i;

	if (fa_way(pool->bare) && !(gfp & __GFP_ZERO))
		return;
	for (i = 0; i < nr; i++)
		fa_pool_acquire(pool, gfp, objs[i], ip);
}

/* The owner of a NONE pool keeps calls apart; with checks we see to it. */
static inline bool fa_pool_enter(struct fastalloc_pool *pool)
{
	return !pool->checks || pool->sync != FASTALLOC_SYNC_NONE ||
	       fa_debug_enter(pool);
}

static inline void fa_pool_leave(struct fastalloc_pool *pool)
{
	if (pool->checks && pool->sync == FASTALLOC_SYNC_NONE)
		fa_debug_leave(pool);
}

/* An object, and one reference of it: is it to be freed? Reported if it may not. */
static inline bool fa_pool_may_free(struct fastalloc_pool *pool, void *obj,
				    unsigned long ip, bool put)
{
	if (pool->handles || put) {
		if (!fa_handle_drop(pool, obj, put))
			return false;
	} else if (unlikely(READ_ONCE(pool->dead))) {
		rcu_read_lock();
		fa_fault(pool, "free after the pool was destroyed", obj, NULL, NULL);
		rcu_read_unlock();
		return false;
	}
	if (pool->checks)
		return fa_debug_may_free(pool, obj, ip);
	/*
	 * This order can tell, too, before anything is done to what is no object.
	 * Who gave up the last reference may be late: the chunk may be gone.
	 */
	return pool->handles || pool->order != FASTALLOC_ORDER_LOWEST ||
	       fa_serial_may_free(pool, obj, 1);
}

/*
 * Before a free: whether it may be, and the owner's hook. What is not an object,
 * or not out, must not reach it. @put: only one reference is given up.
 */
static inline bool fa_pool_release(struct fastalloc_pool *pool, void *obj,
				   unsigned long ip, bool put)
{
	/* Once a reference is given up, another CPU may free the object, and a zombie go. */
	bool guarded = pool->checks && pool->sync == FASTALLOC_SYNC_NONE, ok;

	if (guarded && !fa_debug_enter(pool))
		return false;
	ok = fa_pool_may_free(pool, obj, ip, put);
	if (guarded)
		fa_debug_leave(pool);
	if (!ok)
		return false;
	/* Not while we are in: a hook may call into the pool. */
	if (pool->cfg.on_release)
		pool->cfg.on_release(obj, pool->cfg.arg);
	return true;
}

/* One try, with nothing of what the owner of the pool wants done. */
static inline void *fa_pool_take(struct fastalloc_pool *pool)
{
	struct fastalloc_cache *c;
	void *obj;

	if (!fa_is_percpu(pool))
		return fa_serial_alloc(pool);
	if (!fa_exact_take(pool, 1, false))
		return NULL;
	preempt_disable();
	c = this_cpu_ptr(pool->cache);
	obj = fa_cache_alloc(pool, c, __fastalloc_claim(c));
	preempt_enable();
	if (unlikely(!obj))
		fa_exact_undo(pool, 1);
	return obj;
}

static inline void fa_pool_give(struct fastalloc_pool *pool, void *obj)
{
	struct fastalloc_cache *c;

	if (!fa_is_percpu(pool)) {
		if (!fa_pool_enter(pool)) {
			fa_debug_not_freed(pool, obj);
			if (pool->handles)
				fa_handle_alloc(pool, obj);
			return;
		}
		fa_serial_free(pool, obj);
		fa_pool_leave(pool);
		return;
	}
	fa_exact_give(pool, 1);
	preempt_disable();
	c = this_cpu_ptr(pool->cache);
	fa_cache_free(pool, c, obj, __fastalloc_claim(c));
	preempt_enable();
}

/*
 * A free with all that the owner of the pool wants done. Who is late, and has
 * looked at an object of a pool that is destroyed meanwhile, leaves it.
 */
static void fa_pool_free(struct fastalloc_pool *pool, void *obj, unsigned long ip,
			 bool put)
{
	bool may_lock;

	if (!fa_pool_release(pool, obj, ip, put))
		return;
	/* All others have looked before; this may not have been the last reference. */
	if (put)
		__fastalloc_debug_free(pool, obj, 1);
	/* Asked here: without PREEMPT_RCU what follows looks like atomic context. */
	may_lock = FA_SANITIZERS && fa_may_lock();
	rcu_read_lock();
	if (likely(!READ_ONCE(pool->dead))) {
		fa_pool_wipe(pool, obj);
		if (pool->checks)
			fa_debug_freed(pool, obj);
		if (pool->sanitize)
			fa_san_free(pool, obj, may_lock);
		fa_pool_give(pool, obj);
	}
	rcu_read_unlock();
}

/* Takes an object, growing the pool where that is allowed. */
static void *fa_pool_take_or_grow(struct fastalloc_pool *pool, gfp_t gfp)
{
	unsigned int tries = 0;
	void *obj;

	if (fa_fail(pool->stride) || !fa_pool_enter(pool))
		return NULL;
	while (unlikely(!(obj = fa_pool_take(pool))))
		if (!fa_pool_refill(pool, gfp, 1, false, tries++))
			break;
	fa_pool_leave(pool);
	return obj;
}

static void *fa_pool_alloc(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	void *obj;

	if (!fa_pool_may_alloc(pool, gfp))
		return NULL;
	obj = fa_pool_take_or_grow(pool, gfp);
	if (unlikely(!obj))
		fa_pool_failed(pool);
	else
		fa_pool_acquire(pool, gfp, obj, ip);
	return obj;
}

static void *fa_alloc_owned(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	void *obj = fa_way(pool->plain) ? fa_serial_alloc(pool) : NULL;

	if (unlikely(!obj))
		return fa_pool_alloc(pool, gfp, ip);
	if (pool->init_on_alloc) {
		fa_pool_might_grow(pool, gfp);
		memset(obj, 0, pool->cfg.obj_size);
	}
	return obj;
}

/* The window shows nothing to pop, or there is none. */
void *__fastalloc_alloc_owned(struct fastalloc_pool *pool, gfp_t gfp)
{
	return fa_alloc_owned(pool, gfp, _RET_IP_);
}
FASTALLOC_EXPORT(__fastalloc_alloc_owned);

static void fa_free_owned(struct fastalloc_pool *pool, void *obj, unsigned long ip)
{
	if (!fa_way(pool->plain)) {
		fa_pool_free(pool, obj, ip, false);
		return;
	}
	fa_pool_wipe(pool, obj);
	fa_serial_free(pool, obj);
}

/* The window has no room, or there is none. */
void __fastalloc_free_owned(struct fastalloc_pool *pool, void *obj)
{
	fa_free_owned(pool, obj, _RET_IP_);
}
FASTALLOC_EXPORT(__fastalloc_free_owned);

/* Functions of their own, so that what is most common need not save registers. */
static noinline void *fa_alloc_unlocked(struct fastalloc_pool *pool, gfp_t gfp,
					unsigned long ip)
{
	preempt_enable();
	return fa_alloc_owned(pool, gfp, ip);
}

static noinline void *fa_alloc_locked(struct fastalloc_pool *pool, gfp_t gfp,
				      unsigned long flags, unsigned long ip)
	__releases(&pool->lock)
{
	return fa_serial_alloc_locked(pool, flags) ?: fa_pool_alloc(pool, gfp, ip);
}

/* As the inline code does, in a pool that zeroes. Preemption is on again at the end. */
static noinline void *fa_alloc_zeroing(struct fastalloc_pool *pool, gfp_t gfp,
				       unsigned long ip)
{
	struct fastalloc_cache *c = this_cpu_ptr(pool->cache);
	unsigned long n = __fastalloc_claim(c);
	void *obj;

	if (unlikely(!__fastalloc_cache_pop(c, n, &obj)))
		obj = fa_cache_alloc(pool, c, n);
	preempt_enable();
	if (unlikely(!obj))
		return fa_pool_alloc(pool, gfp, ip);
	fa_pool_might_grow(pool, gfp);
	if (pool->init_on_alloc)
		memset(obj, 0, pool->cfg.obj_size);
	return obj;
}

static noinline void *fa_alloc_cached(struct fastalloc_pool *pool, gfp_t gfp, u32 n,
				      unsigned long ip)
{
	void *obj;

	if (fa_way(pool->head.cache) != pool->cache) {
		/* A shut cache counts on, but never leaves empty or busy. */
		if (fa_way(pool->quick))
			return fa_alloc_zeroing(pool, gfp, ip);
		preempt_enable();
		if (__fastalloc_may_pop(&pool->head.window))
			return __fastalloc_pop(&pool->head, &pool->head.window);
		return fa_alloc_owned(pool, gfp, ip);
	}
	obj = fa_cache_alloc(pool, this_cpu_ptr(pool->cache), n);
	preempt_enable();
	return likely(obj) ? obj : fa_pool_alloc(pool, gfp, ip);
}

/*
 * The cache was empty, busy or shut; preemption is off, and on again at the end. Inlined,
 * so that _RET_IP_ is the caller of the exported function, and is read where it is needed.
 */
static __always_inline void *fa_alloc_slow(struct fastalloc_pool *pool, gfp_t gfp, u32 n)
{
	unsigned long flags;
	void *obj;

	if (!fa_way(pool->direct))
		return fa_alloc_cached(pool, gfp, n, _RET_IP_);
	if (!fa_trylock_irqsave(&pool->lock, flags))
		return fa_alloc_unlocked(pool, gfp, _RET_IP_);
	if (!__fastalloc_may_pop(&pool->locked))
		return fa_alloc_locked(pool, gfp, flags, _RET_IP_);
	obj = __fastalloc_pop(&pool->head, &pool->locked);
	fa_unlock_irqrestore(&pool->lock, flags);
	return obj;
}

void *__fastalloc_alloc_slow(struct fastalloc_pool *pool, gfp_t gfp, u32 n)
{
	return fa_alloc_slow(pool, gfp, n);
}
FASTALLOC_EXPORT(__fastalloc_alloc_slow);

static noinline void fa_free_unlocked(struct fastalloc_pool *pool, void *obj)
{
	preempt_enable();
	fa_serial_free(pool, obj);
}

static noinline void fa_free_zeroing(struct fastalloc_pool *pool, void *obj)
{
	struct fastalloc_cache *c;
	unsigned long n;

	if (pool->init_on_free) {
		/* May be long. */
		preempt_enable();
		memset(obj, 0, pool->cfg.obj_size);
		preempt_disable();
	}
	c = this_cpu_ptr(pool->cache);
	n = __fastalloc_claim(c);
	if (unlikely(!__fastalloc_cache_push(c, n, obj)))
		fa_cache_free(pool, c, obj, n);
	preempt_enable();
}

static noinline void fa_free_cached(struct fastalloc_pool *pool, void *obj, u32 n,
				    unsigned long ip)
{
	if (fa_way(pool->head.cache) != pool->cache) {
		if (fa_way(pool->quick)) {
			fa_free_zeroing(pool, obj);
			return;
		}
		preempt_enable();
		if (__fastalloc_may_push(&pool->head.window))
			__fastalloc_push(&pool->head, &pool->head.window, obj);
		else
			fa_free_owned(pool, obj, ip);
		return;
	}
	fa_cache_free(pool, this_cpu_ptr(pool->cache), obj, n);
	preempt_enable();
}

/* The cache was full, busy or shut; likewise. */
static __always_inline void fa_free_slow(struct fastalloc_pool *pool, void *obj, u32 n)
{
	unsigned long flags;

	if (!fa_way(pool->direct)) {
		fa_free_cached(pool, obj, n, _RET_IP_);
	} else if (!fa_trylock_irqsave(&pool->lock, flags)) {
		fa_free_unlocked(pool, obj);
	} else if (!__fastalloc_may_push(&pool->locked)) {
		fa_serial_free_locked(pool, obj, flags);
	} else {
		__fastalloc_push(&pool->head, &pool->locked, obj);
		fa_unlock_irqrestore(&pool->lock, flags);
	}
}

void __fastalloc_free_slow(struct fastalloc_pool *pool, void *obj, u32 n)
{
	fa_free_slow(pool, obj, n);
}
FASTALLOC_EXPORT(__fastalloc_free_slow);

void fastalloc_put(struct fastalloc_pool *pool, void *obj)
{
	if (obj)
		fa_pool_free(pool, obj, _RET_IP_, true);
}
FASTALLOC_EXPORT(fastalloc_put);

static void fa_pool_free_rcu(struct rcu_head *rcu)
{
	struct fastalloc_rcu_head *head;

	head = container_of(rcu, struct fastalloc_rcu_head, rcu);
	fastalloc_free(head->pool, head->obj);
}

void fastalloc_free_rcu(struct fastalloc_pool *pool, void *obj,
			struct fastalloc_rcu_head *head)
{
	if (!obj)
		return;
	if (unlikely(READ_ONCE(pool->dead))) {
		fa_pool_free(pool, obj, _RET_IP_, false);
		return;
	}
	if (pool->sync == FASTALLOC_SYNC_NONE) {
		pr_err_ratelimited("pool %s: sync=none: no free after a grace period, object %p stays out\n",
				   pool->name, obj);
		return;
	}
	head->pool = pool;
	head->obj = obj;
	/* Once only: the inline path of every CPU reads from this cache line. */
	if (!READ_ONCE(pool->rcu_frees))
		WRITE_ONCE(pool->rcu_frees, true);
	fa_call_rcu(&head->rcu, fa_pool_free_rcu);
}
FASTALLOC_EXPORT(fastalloc_free_rcu);

static __always_inline void *fa_zalloc(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	void *obj;

	if ((fa_way(pool->quick) || fa_way(pool->plain)) && !pool->cfg.ctor) {
		fa_pool_might_grow(pool, gfp);
		obj = fastalloc_alloc(pool, gfp & ~__GFP_ZERO);
		if (likely(obj) && !pool->init_on_alloc)
			memset(obj, 0, pool->cfg.obj_size);
		return obj;
	}
	return fa_pool_alloc(pool, gfp | __GFP_ZERO, ip);
}

/* See the header. */
void *fastalloc_zalloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	return fa_zalloc(pool, gfp, _RET_IP_);
}
FASTALLOC_EXPORT(fastalloc_zalloc);

/* What the header has inline, for callers to whom its size matters. */
void *fastalloc_alloc_call(struct fastalloc_pool *pool, gfp_t gfp)
{
	struct fastalloc_cache *c;
	unsigned long n;
	void *obj;

	if (unlikely(gfp & __GFP_ZERO))
		return fa_zalloc(pool, gfp, _RET_IP_);

	__fastalloc_debug_alloc(pool, gfp);
	preempt_disable();
	c = __fastalloc_this_cache(pool);
	n = __fastalloc_claim(c);
	if (!__fastalloc_cache_pop(c, n, &obj))
		return fa_alloc_slow(pool, gfp, n);
	preempt_enable();
	return obj;
}
FASTALLOC_EXPORT(fastalloc_alloc_call);

void fastalloc_free_call(struct fastalloc_pool *pool, void *obj)
{
	struct fastalloc_cache *c;
	unsigned long n;

	if (unlikely(!obj))
		return;

	__fastalloc_debug_free(pool, obj, 1);
	preempt_disable();
	c = __fastalloc_this_cache(pool);
	n = __fastalloc_claim(c);
	if (__fastalloc_cache_push(c, n, obj))
		preempt_enable();
	else
		fa_free_slow(pool, obj, n);
}
FASTALLOC_EXPORT(fastalloc_free_call);

static void *fa_pool_alloc_wait(struct fastalloc_pool *pool, gfp_t gfp,
				long timeout, bool killable, unsigned long ip)
{
	/* Nobody but the owner of a NONE pool, who is here, could free one. */
	bool wait = timeout > 0 && pool->sync != FASTALLOC_SYNC_NONE;
	void *obj = NULL;

	might_sleep();
	if (!fa_call_begin(pool))
		return NULL;
	if (!fa_pool_may_alloc(pool, gfp))
		goto out;
	/* Others have waited longer; but they could not grow the pool. */
	if (!wait || !READ_ONCE(pool->nr_waiters) || fastalloc_pool_can_grow(pool))
		obj = fa_pool_take_or_grow(pool, gfp);
	if (!obj && wait)
		obj = fa_wait_for_object(pool, timeout, killable);
	if (!obj)
		fa_pool_failed(pool);
	else
		fa_pool_acquire(pool, gfp, obj, ip);
out:
	if (likely(fa_call_try_end(pool)))
		return obj;
	/* Destroy has begun, and waits for this call. */
	if (obj)
		fa_pool_free(pool, obj, ip, false);
	fa_call_end(pool);
	return NULL;
}

void *fastalloc_alloc_timeout(struct fastalloc_pool *pool, gfp_t gfp, long timeout)
{
	return fa_pool_alloc_wait(pool, gfp, timeout, false, _RET_IP_);
}
FASTALLOC_EXPORT(fastalloc_alloc_timeout);

void *fastalloc_alloc_killable(struct fastalloc_pool *pool, gfp_t gfp, long timeout)
{
	return fa_pool_alloc_wait(pool, gfp, timeout, true, _RET_IP_);
}
FASTALLOC_EXPORT(fastalloc_alloc_killable);

static inline bool fa_pool_take_bulk(struct fastalloc_pool *pool, unsigned int nr,
				     void **objs)
{
	if (!fa_is_percpu(pool))
		return fa_serial_alloc_bulk(pool, nr, objs, false);
	if (!fa_exact_take(pool, nr, false))
		return false;
	if (fa_percpu_alloc_bulk(pool, nr, objs))
		return true;
	fa_exact_undo(pool, nr);
	return false;
}

static unsigned int fa_pool_take_some(struct fastalloc_pool *pool, unsigned int nr, void **objs)
{
	unsigned int may, got;

	if (!fa_is_percpu(pool))
		return fa_serial_alloc_bulk(pool, nr, objs, true);
	may = fa_exact_take(pool, nr, true);
	if (!may)
		return 0;
	got = fa_percpu_alloc_some(pool, may, objs);
	fa_exact_undo(pool, may - got);
	return got;
}

static noinline bool fa_pool_alloc_bulk(struct fastalloc_pool *pool, gfp_t gfp,
					unsigned int nr, void **objs,
					unsigned long ip)
{
	unsigned int tries = 0;
	bool ok;

	if (!nr || !fa_pool_may_alloc(pool, gfp))
		return false;
	if (fa_fail(nr * pool->stride) || !fa_pool_enter(pool)) {
		fa_pool_failed(pool);
		return false;
	}
	while (!(ok = fa_pool_take_bulk(pool, nr, objs)))
		if (!fa_pool_refill(pool, gfp, nr, false, tries++))
			break;
	fa_pool_leave(pool);
	if (!ok) {
		fa_pool_failed(pool);
		return false;
	}
	fa_pool_acquire_bulk(pool, gfp, nr, objs, ip);
	return true;
}

unsigned int fastalloc_alloc_bulk(struct fastalloc_pool *pool, gfp_t gfp,
				  unsigned int nr, void **objs)
{
	/* PERCPU and bare: most often nothing else is to be done. */
	if (fa_way(pool->head.cache) == pool->cache && !(gfp & __GFP_ZERO) &&
	    likely(fa_percpu_alloc_bulk(pool, nr, objs)))
		return nr;
	return fa_pool_alloc_bulk(pool, gfp, nr, objs, _RET_IP_) ? nr : 0;
}
FASTALLOC_EXPORT(fastalloc_alloc_bulk);

unsigned int fastalloc_alloc_bulk_some(struct fastalloc_pool *pool, gfp_t gfp,
				       unsigned int nr, void **objs)
{
	unsigned int tries = 0, got = 0;
	unsigned long want;

	if (!nr || !fa_pool_may_alloc(pool, gfp))
		return 0;
	if (!fa_fail(nr * pool->stride) && fa_pool_enter(pool)) {
		do {
			got += fa_pool_take_some(pool, nr - got, objs + got);
			want = min_t(unsigned long, nr - got, fa_pool_room(pool));
		} while (want && fa_pool_refill(pool, gfp, want, false, tries++));
		fa_pool_leave(pool);
	}
	if (!got)
		fa_pool_failed(pool);
	else
		fa_pool_acquire_bulk(pool, gfp, got, objs, _RET_IP_);
	return got;
}
FASTALLOC_EXPORT(fastalloc_alloc_bulk_some);

static noinline void fa_pool_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
				       void **objs, unsigned long ip)
{
	unsigned int i;

	if (!nr)
		return;
	if (!fa_way(pool->plain) && !fa_way(pool->quick)) {
		for (i = 0; i < nr; i++)
			fa_pool_free(pool, objs[i], ip, false);
		return;
	}
	if (pool->init_on_free)
		for (i = 0; i < nr; i++)
			fa_pool_wipe(pool, objs[i]);
	if (fa_is_percpu(pool))
		fa_percpu_free_bulk(pool, nr, objs);
	else
		fa_serial_free_bulk(pool, nr, objs);
}

void fastalloc_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
			 void **objs)
{
	unsigned int i;

	for (i = 0; IS_ENABLED(CONFIG_LOCKDEP) && i < nr; i++)
		__fastalloc_debug_free(pool, objs[i], 1);
	if (fa_way(pool->head.cache) == pool->cache)
		fa_percpu_free_bulk(pool, nr, objs);
	else
		fa_pool_free_bulk(pool, nr, objs, _RET_IP_);
}
FASTALLOC_EXPORT(fastalloc_free_bulk);

static bool fa_may_contig(struct fastalloc_pool *pool)
{
	if (likely(pool->cfg.flags & FASTALLOC_F_CONTIG))
		return true;
	pr_err_ratelimited("pool %s: flags=%#x: not made for contiguous runs\n",
			   pool->name, pool->cfg.flags);
	return false;
}

void *fastalloc_alloc_contig(struct fastalloc_pool *pool, gfp_t gfp,
			     unsigned int nr)
{
	unsigned int tries = 0, i;
	void *obj = NULL;

	if (!nr || !fa_may_contig(pool) || !fa_pool_may_alloc(pool, gfp))
		return NULL;
	if (!fa_fail(nr * pool->stride) && fa_pool_enter(pool)) {
		while (!(obj = fa_serial_alloc_contig(pool, nr)))
			if (!fa_pool_refill(pool, gfp, nr, true, tries++))
				break;
		fa_pool_leave(pool);
	}
	if (!obj) {
		fa_pool_failed(pool);
		return NULL;
	}
	if (!fa_way(pool->bare) || (gfp & __GFP_ZERO))
		for (i = 0; i < nr; i++)
			fa_pool_acquire(pool, gfp, obj + i * pool->stride, _RET_IP_);
	return obj;
}
FASTALLOC_EXPORT(fastalloc_alloc_contig);

void fastalloc_free_contig(struct fastalloc_pool *pool, void *obj,
			   unsigned int nr)
{
	size_t stride = pool->stride;
	unsigned int i;
	bool ok;

	if (!nr || !obj || !fa_may_contig(pool))
		return;
	__fastalloc_debug_free(pool, obj, nr);
	if (fa_way(pool->plain)) {
		fa_serial_free_contig(pool, obj, nr);
		return;
	}
	/* The chunks of a dead pool go a grace period later. */
	rcu_read_lock();
	ok = READ_ONCE(pool->dead) || fa_serial_may_free(pool, obj, nr);
	rcu_read_unlock();
	if (!ok)
		return;
	/* After the last one a zombie may be gone. */
	for (i = 0; i < nr; i++, obj += stride)
		fa_pool_free(pool, obj, _RET_IP_, false);
}
FASTALLOC_EXPORT(fastalloc_free_contig);

unsigned long fastalloc_pool_trim(struct fastalloc_pool *pool)
{
	unsigned long gone;

	mutex_lock(&pool->grow_lock);
	if (pool->sync == FASTALLOC_SYNC_NONE)
		fa_serial_adopt(pool);
	gone = fa_trim(pool, true);
	mutex_unlock(&pool->grow_lock);
	return gone;
}
FASTALLOC_EXPORT(fastalloc_pool_trim);

static void fa_pool_teardown(struct fastalloc_pool *pool)
{
	struct fa_chunk *chunk, *next;
	LIST_HEAD(gone);

	if (pool->pending)
		fa_chunk_destroy(pool, pool->pending, GFP_KERNEL);
	while ((chunk = fa_chunk_first(pool))) {
		fa_chunk_erase(pool, chunk);
		list_move(&chunk->list, &gone);
		cond_resched();
	}
	list_for_each_entry_safe(chunk, next, &gone, list) {
		fa_chunk_destroy(pool, chunk, GFP_KERNEL);
		cond_resched();
	}
	fa_handle_pool_exit(pool);
	fa_deque_free(&pool->dq);
	if (fa_is_percpu(pool))
		fa_percpu_release(pool);
	mutex_destroy(&pool->grow_lock);
}

/* As the config says, or else as the kernel does with its slab caches. */
static void fa_pool_init_zeroing(struct fastalloc_pool *pool)
{
	const struct fastalloc_config *cfg = &pool->cfg;

	if (cfg->flags & (FA_FLAGS_INIT | FASTALLOC_F_NO_INIT)) {
		pool->init_on_alloc = cfg->flags & FASTALLOC_F_INIT_ON_ALLOC;
		pool->init_on_free = cfg->flags & FASTALLOC_F_INIT_ON_FREE;
	} else if (!cfg->ctor && !(cfg->flags & FASTALLOC_F_TYPESAFE_BY_RCU)) {
		pool->init_on_alloc = want_init_on_alloc(0);
		pool->init_on_free = want_init_on_free();
	}
}

static void fa_pool_bury(struct work_struct *work);

static void fa_pool_init(struct fastalloc_pool *pool, struct lock_class_key *key)
{
	struct fastalloc_config *cfg = &pool->cfg;
	bool untouched;

	raw_spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->fresh);
	kref_init(&pool->ref);
	seqcount_latch_init(&pool->chunks.seq);
	pool->avail = RB_ROOT_CACHED;
	fa_charge(pool, fa_kvsize(sizeof(*pool)));
	pool->sync = cfg->sync;
	pool->order = cfg->order;
	/* Memory of its owner's may be known to them already, or have no shadow. */
	pool->sanitize = fa_debug_sanitize() && !cfg->mem_alloc;
	pool->checks = fa_debug_flags(pool);
	fa_handle_pool_init(pool);
	pool->rcu = pool->checks || pool->sanitize || pool->indexed ||
		    (cfg->flags & FASTALLOC_F_TYPESAFE_BY_RCU);
	fa_pool_init_zeroing(pool);
	pool->exact = fa_is_percpu(pool) && (cfg->flags & FASTALLOC_F_EXACT);
	untouched = !pool->checks && !pool->sanitize && !pool->handles && !pool->exact &&
		    !cfg->on_acquire && !cfg->on_release;
	pool->bare = untouched && !pool->init_on_alloc && !pool->init_on_free;
	pool->plain = untouched && !fa_is_percpu(pool) &&
		      !(pool->order == FASTALLOC_ORDER_LOWEST && pool->init_on_free);
	pool->quick = untouched && fa_is_percpu(pool);
	/* What is in force, for all to see. */
	cfg->flags = (cfg->flags & ~FASTALLOC_F_DEBUG) | pool->checks;
	pool->stride = ALIGN(cfg->obj_size + fa_debug_zone(pool), fa_debug_align(pool));
	pool->stride_shift = is_power_of_2(pool->stride) ? ilog2(pool->stride) : -1;
	pool->seg_slots = clamp_t(unsigned long, cfg->capacity, FA_SEG_SLOTS_MIN,
				  FA_SEG_SLOTS_MAX);
	fa_refill_init(pool, key);
	fa_wait_init(pool);
	INIT_WORK(&pool->bury, fa_pool_bury);
	INIT_LIST_HEAD(&pool->zombies);
	pool->head.cache = fa_shut();
}

static int fa_pool_fill(struct fastalloc_pool *pool)
{
	unsigned long want;
	long got;
	int err;

	err = fa_debug_pool_init(pool);
	if (!err && fa_is_percpu(pool))
		err = fa_percpu_init(pool);
	want = pool->cfg.capacity + pool->reserve;
	while (pool->total < want && !err) {
		got = fa_pool_add(pool, want - pool->total, 1, GFP_KERNEL, false);
		err = min(got, 0L);
	}
	if (err || !pool->bare)
		return err;
	if (fa_is_percpu(pool))
		pool->head.cache = pool->cache;
	else
		fa_window_init(pool);
	return 0;
}

/* fastalloc_pool_create() of the header, which says what it was built with. */
struct fastalloc_pool *__fastalloc_pool_create(const struct fastalloc_config *cfg,
					       const struct module *owner,
					       u64 layout,
					       struct lock_class_key *key)
{
	struct fastalloc_pool *pool;
	int err;

	might_sleep();
	if (layout != __FASTALLOC_LAYOUT) {
		pr_err_ratelimited("module %s was built against another <linux/fastalloc.h>: rebuild it\n",
				   owner ? owner->name : "(built in)");
		return ERR_PTR(-ENOEXEC);
	}
	pool = fa_kzalloc(sizeof(*pool), fa_gfp(GFP_KERNEL), NUMA_NO_NODE);
	if (!pool) {
		pr_err_ratelimited("pool %.*s: no memory for the pool itself\n",
				   FASTALLOC_NAME_LEN - 1, cfg->name);
		return ERR_PTR(-ENOMEM);
	}
	pool->cfg = *cfg;
	pool->owner = owner;
	strscpy(pool->owner_name, owner ? owner->name : "-", sizeof(pool->owner_name));
	err = fa_check_config(&pool->cfg);
	if (err)
		goto err_pool;
	strscpy(pool->name, cfg->name, sizeof(pool->name));
	pool->cfg.name = pool->name;

	err = fa_register(pool);
	if (err)
		goto err_pool;
	__module_get(THIS_MODULE);
	fa_pool_init(pool, key);

	err = fa_pool_fill(pool);
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
	if (err == -ENOMEM)
		pr_err_ratelimited("pool %s: capacity=%lu: no memory for %lu objects of %zu bytes\n",
				   pool->name, pool->cfg.capacity,
				   pool->cfg.capacity + pool->reserve, pool->stride);
	fa_unregister(pool);
	if (pool->rcu)
		synchronize_rcu();
	fa_pool_teardown(pool);
	module_put(THIS_MODULE);
err_pool:
	/* Whoever walks the list of pools may be at it. */
	kfree_rcu(pool, rcu_head);
	return ERR_PTR(err);
}
FASTALLOC_EXPORT(__fastalloc_pool_create);

/* From here on every call goes out of line, where allocations are turned away. */
static void fa_pool_close(struct fastalloc_pool *pool)
{
	unsigned long flags;

	WRITE_ONCE(pool->closed, true);
	WRITE_ONCE(pool->head.cache, fa_shut());
	flags = fa_serial_lock_quiet(pool);
	fa_window_close(pool);
	fa_serial_unlock_quiet(pool, flags);
	WRITE_ONCE(pool->plain, false);
	WRITE_ONCE(pool->bare, false);
	WRITE_ONCE(pool->quick, false);
	fa_wait_close(pool);
}

/* The rest of destroy, of a closed pool. */
static void fa_pool_finish(struct fastalloc_pool *pool)
{
	unsigned long out;
	bool keep;

	/* First of all: calls that sleep in the pool come to their end with NULL. */
	fa_wait_exit(pool);
	/* Waits for readers; before the name is free for the next pool. */
	fa_debugfs_remove(pool);
	fa_unregister(pool);
	if (pool->shrinker)
		fa_shrinker_free(pool->shrinker);
	fa_grower_stop(&pool->grower);
	if (pool->rcu_frees)
		rcu_barrier();
	/* Late frees raise it, and of a zombie the grower and trim. */
	if (pool->waited || pool->zombie)
		irq_work_sync(&pool->wake);
	/* It runs this, and must not run again: nobody is left who could queue it. */
	if (pool->zombie)
		cancel_work(&pool->bury);
	WRITE_ONCE(pool->dead, true);
	/* Whoever has looked up a chunk, or was in time to free, is done. */
	if (pool->rcu)
		synchronize_rcu();

	out = fastalloc_pool_allocated(pool);
	WARN(out, "fastalloc: pool %s destroyed with %lu objects out\n",
	     pool->name, out);
	if (out && pool->checks)
		fa_debug_leaks(pool);
	if (out)
		fa_trim_live(pool);

	keep = out && !(pool->cfg.flags & FASTALLOC_F_DROP_LIVE);
	fa_pool_teardown(pool);
	if (!keep) {
		fastalloc_pool_put(pool);
		return;
	}
	/* Who has an object still may free it: the nameplate stays to refuse that. */
	kmemleak_not_leak(pool);
	module_put(THIS_MODULE);
}

void fastalloc_pool_destroy(struct fastalloc_pool *pool)
{
	if (IS_ERR_OR_NULL(pool))
		return;
	might_sleep();
	fa_pool_close(pool);
	fa_pool_finish(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_destroy);

/* Pools whose deferred destruction is not over. */
static LIST_HEAD(fa_zombies);
static DEFINE_RAW_SPINLOCK(fa_zombies_lock);
static DECLARE_WAIT_QUEUE_HEAD(fa_zombies_wait);

/* A zombie may have got its last object back. */
static void fa_pool_bury(struct work_struct *work)
{
	struct fastalloc_pool *pool = container_of(work, struct fastalloc_pool, bury);
	unsigned long flags;

	fa_wait_shut(pool);
	/* For calls that did not see the pool closed: they have preemption off. */
	synchronize_rcu();
	if (fastalloc_pool_allocated(pool))
		return;
	/* For whoever gave the last one back, and is about to leave. */
	synchronize_rcu();

	/* The nameplate stays in the list until all is over. */
	fastalloc_pool_get(pool);
	fa_pool_finish(pool);
	if (pool->done)
		pool->done(pool->done_arg);

	raw_spin_lock_irqsave(&fa_zombies_lock, flags);
	list_del(&pool->zombies);
	raw_spin_unlock_irqrestore(&fa_zombies_lock, flags);
	wake_up_all(&fa_zombies_wait);
	fastalloc_pool_put(pool);
}

void fastalloc_pool_destroy_deferred(struct fastalloc_pool *pool,
				     void (*done)(void *arg), void *arg)
{
	unsigned long flags;

	if (IS_ERR_OR_NULL(pool))
		return;
	pool->done = done;
	pool->done_arg = arg;
	raw_spin_lock_irqsave(&fa_zombies_lock, flags);
	list_add_tail(&pool->zombies, &fa_zombies);
	raw_spin_unlock_irqrestore(&fa_zombies_lock, flags);
	fa_pool_close(pool);
	fa_wait_haunt(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_destroy_deferred);

static bool fa_no_zombies(const struct module *owner)
{
	struct fastalloc_pool *pool;
	unsigned long flags;
	bool none = true;

	raw_spin_lock_irqsave(&fa_zombies_lock, flags);
	list_for_each_entry(pool, &fa_zombies, zombies)
		none &= pool->owner != owner;
	raw_spin_unlock_irqrestore(&fa_zombies_lock, flags);
	return none;
}

/* fastalloc_barrier() of the header. */
void __fastalloc_barrier(const struct module *owner)
{
	wait_event(fa_zombies_wait, fa_no_zombies(owner));
}
FASTALLOC_EXPORT(__fastalloc_barrier);

struct fastalloc_pool *fastalloc_pool_get(struct fastalloc_pool *pool)
{
	kref_get(&pool->ref);
	return pool;
}
FASTALLOC_EXPORT(fastalloc_pool_get);

static void fa_pool_unref(struct kref *ref)
{
	struct fastalloc_pool *pool = container_of(ref, struct fastalloc_pool, ref);

	/* Whoever walks the list of pools may be at it. */
	kfree_rcu(pool, rcu_head);
	module_put(THIS_MODULE);
}

void fastalloc_pool_put(struct fastalloc_pool *pool)
{
	if (pool)
		kref_put(&pool->ref, fa_pool_unref);
}
FASTALLOC_EXPORT(fastalloc_pool_put);
