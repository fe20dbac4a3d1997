// SPDX-License-Identifier: GPL-2.0
/* How a pool is made, opened, closed and destroyed. */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/align.h>
#include <linux/err.h>
#include <linux/fastalloc_handle.h>
#include <linux/kmemleak.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "abi.h"
#include "chunk_alloc.h"
#include "compat.h"
#include "config.h"
#include "debugfs.h"
#include "lock.h"
#include "pools.h"
#include "report.h"
#include "shrinker.h"

static void fa_pool_teardown(struct fastalloc_pool *pool)
{
	struct fa_chunk *chunk, *next;
	LIST_HEAD(gone);

	if (pool->refill.pending)
		fa_chunk_destroy(pool, pool->refill.pending, GFP_KERNEL);
	while ((chunk = fa_chunk_first(&pool->chunks))) {
		fa_chunk_erase(&pool->chunks, chunk);
		list_move(&chunk->list, &gone);
		cond_resched();
	}
	list_for_each_entry_safe(chunk, next, &gone, list) {
		fa_chunk_destroy(pool, chunk, GFP_KERNEL);
		cond_resched();
	}
	fa_handle_pool_exit(pool);
	pool->ops->exit(pool);
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

static void fa_deferred_work(struct work_struct *work);

static void fa_pool_init(struct fastalloc_pool *pool, struct lock_class_key *key)
{
	struct fastalloc_config *cfg = &pool->cfg;

	raw_spin_lock_init(&pool->lock);
	kref_init(&pool->ref);
	fa_charge(pool, fa_kvsize(sizeof(*pool)));
	pool->sync = cfg->sync;
	pool->order = cfg->order;
	pool->ops = fa_is_percpu(pool) ? &fa_percpu_ops : &fa_central_ops;
	pool->percpu.exact = fa_is_percpu(pool) && (cfg->flags & FASTALLOC_F_EXACT);
	/* Memory of its owner's may be known to them already, or have no shadow. */
	pool->sanitize = fa_debug_sanitize() && !cfg->mem_alloc;
	pool->checks = fa_debug_flags(pool);
	fa_handle_pool_init(pool);
	pool->rcu = pool->checks || pool->sanitize || pool->handles.indexed ||
		    (cfg->flags & FASTALLOC_F_TYPESAFE_BY_RCU);
	fa_pool_init_zeroing(pool);
	/* What is in force, for all to see. */
	cfg->flags = (cfg->flags & ~FASTALLOC_F_DEBUG) | pool->checks;
	fa_chunks_init(&pool->chunks, ALIGN(cfg->obj_size + fa_debug_zone(pool),
					    fa_debug_align(pool)));
	fa_refill_init(pool, key);
	fa_wait_init(pool);
	INIT_WORK(&pool->deferred.work, fa_deferred_work);
	INIT_LIST_HEAD(&pool->deferred.node);
	pool->path = FA_PATH_FULL;
	pool->head.cache = fa_bypass_cache();
}

/* The shortest way that a call may take, with all that the config asks for. */
static enum fa_path fa_pool_path(const struct fastalloc_pool *pool)
{
	bool zeroes = pool->init_on_alloc || pool->init_on_free;

	if (pool->checks || pool->sanitize || pool->handles.on || pool->percpu.exact ||
	    pool->cfg.on_acquire || pool->cfg.on_release)
		return FA_PATH_FULL;
	if (fa_is_percpu(pool))
		return zeroes ? FA_PATH_CACHE_ZERO : FA_PATH_CACHE;
	/* It looks at what is freed before that is zeroed. */
	if (pool->order == FASTALLOC_ORDER_LOWEST && pool->init_on_free)
		return FA_PATH_FULL;
	if (zeroes)
		return FA_PATH_LIST_ZERO;
	if (pool->order != FASTALLOC_ORDER_LIFO)
		return FA_PATH_LIST;
	return pool->sync == FASTALLOC_SYNC_NONE ? FA_PATH_OWNER : FA_PATH_LOCKED;
}

/* All is there, and nobody knows the pool yet. */
static void fa_pool_open(struct fastalloc_pool *pool)
{
	pool->path = fa_pool_path(pool);
	if (pool->path == FA_PATH_CACHE)
		pool->head.cache = pool->percpu.cache;
	else if (pool->path >= FA_PATH_OWNER)
		fa_window_init(pool);
}

static int fa_pool_fill(struct fastalloc_pool *pool)
{
	unsigned long want;
	long got;
	int err;

	err = fa_debug_pool_init(pool);
	if (!err)
		err = pool->ops->init(pool);
	want = pool->cfg.capacity + pool->reserve;
	while (pool->total < want && !err) {
		got = fa_pool_add(pool, want - pool->total, 1, GFP_KERNEL, false);
		err = min(got, 0L);
	}
	return err;
}

/* fastalloc_pool_create() of the header, which says what it was built with. */
struct fastalloc_pool *__fastalloc_create(const struct fastalloc_config *cfg,
					  const struct module *owner,
					  const struct fastalloc_abi *abi,
					  struct lock_class_key *key)
{
	struct fastalloc_pool *pool;
	int err;

	might_sleep();
	if (!fa_abi_fits(abi, owner))
		return ERR_PTR(-ENOEXEC);
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

	err = fa_pools_add(pool);
	if (err)
		goto err_pool;
	__module_get(THIS_MODULE);
	fa_pool_init(pool, key);

	err = fa_pool_fill(pool);
	if (err)
		goto err_release;
	fa_pool_open(pool);

	if (pool->cfg.flags & FASTALLOC_F_SHRINKER) {
		err = fa_shrinker_add(pool);
		if (err)
			goto err_release;
	}

	fa_pools_publish(pool);
	fa_debugfs_add(pool);
	return pool;

err_release:
	if (err == -ENOMEM)
		pr_err_ratelimited("pool %s: capacity=%lu: no memory for %lu objects of %zu bytes\n",
				   pool->name, pool->cfg.capacity,
				   pool->cfg.capacity + pool->reserve, pool->chunks.stride);
	fa_pools_del(pool);
	if (pool->rcu)
		synchronize_rcu();
	fa_pool_teardown(pool);
	module_put(THIS_MODULE);
err_pool:
	/* Whoever walks the list of pools may be at it. */
	kfree_rcu(pool, rcu_head);
	return ERR_PTR(err);
}
FASTALLOC_EXPORT(__fastalloc_create);

/* From here on every call takes the full path, where allocations are turned away. */
static void fa_pool_close(struct fastalloc_pool *pool)
{
	unsigned long flags;

	WRITE_ONCE(pool->closed, true);
	WRITE_ONCE(pool->path, FA_PATH_FULL);
	/* The path before head.cache. Pairs with the smp_rmb() in fa_path_claimed(). */
	smp_wmb();
	WRITE_ONCE(pool->head.cache, fa_bypass_cache());
	flags = fa_lock_quiet(pool);
	fa_window_close(pool);
	fa_unlock_quiet(pool, flags);
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
	fa_pools_del(pool);
	if (pool->shrinker)
		fa_shrinker_free(pool->shrinker);
	fa_grower_stop(&pool->refill.grower);
	if (pool->rcu_frees)
		rcu_barrier();
	/* Late frees raise it, and of a zombie the grower and trim. */
	if (pool->waitq.waited || pool->deferred.zombie)
		irq_work_sync(&pool->waitq.wake);
	/* It runs this, and must not run again: nobody is left who could queue it. */
	if (pool->deferred.zombie)
		cancel_work(&pool->deferred.work);
	WRITE_ONCE(pool->path, FA_PATH_DEAD);
	/* Whoever has looked up a chunk, or was in time to free, is done. */
	if (pool->rcu)
		synchronize_rcu();

	out = fastalloc_pool_allocated(pool);
	WARN(out, "fastalloc: pool %s destroyed with %lu objects out\n",
	     pool->name, out);
	if (out && pool->checks)
		fa_report_leaks(pool);
	if (out)
		fa_trim_live(pool);

	keep = out && !(pool->cfg.flags & FASTALLOC_F_DROP_LIVE);
	fa_pool_teardown(pool);
	if (!keep) {
		fastalloc_pool_put(pool);
		return;
	}
	/* Who has an object still may free it: the descriptor stays to refuse that. */
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
static LIST_HEAD(fa_deferred_pools);
static DEFINE_RAW_SPINLOCK(fa_deferred_lock);
static DECLARE_WAIT_QUEUE_HEAD(fa_deferred_wait);

/* A zombie may have got its last object back. */
static void fa_deferred_work(struct work_struct *work)
{
	struct fastalloc_pool *pool = container_of(work, struct fastalloc_pool, deferred.work);
	unsigned long flags;

	fa_wait_shut(pool);
	/* For calls that did not see the pool closed: they have preemption off. */
	synchronize_rcu();
	if (fastalloc_pool_allocated(pool))
		return;
	/* For whoever gave the last one back, and is about to leave. */
	synchronize_rcu();

	/* The descriptor stays in the list until all is over. */
	fastalloc_pool_get(pool);
	fa_pool_finish(pool);
	if (pool->deferred.done)
		pool->deferred.done(pool->deferred.done_arg);

	raw_spin_lock_irqsave(&fa_deferred_lock, flags);
	list_del(&pool->deferred.node);
	raw_spin_unlock_irqrestore(&fa_deferred_lock, flags);
	wake_up_all(&fa_deferred_wait);
	fastalloc_pool_put(pool);
}

void fastalloc_pool_destroy_deferred(struct fastalloc_pool *pool,
				     void (*done)(void *arg), void *arg)
{
	unsigned long flags;

	if (IS_ERR_OR_NULL(pool))
		return;
	pool->deferred.done = done;
	pool->deferred.done_arg = arg;
	raw_spin_lock_irqsave(&fa_deferred_lock, flags);
	list_add_tail(&pool->deferred.node, &fa_deferred_pools);
	raw_spin_unlock_irqrestore(&fa_deferred_lock, flags);
	fa_pool_close(pool);
	fa_wait_defer(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_destroy_deferred);

static bool fa_none_deferred(const struct module *owner)
{
	struct fastalloc_pool *pool;
	unsigned long flags;
	bool none = true;

	raw_spin_lock_irqsave(&fa_deferred_lock, flags);
	list_for_each_entry(pool, &fa_deferred_pools, deferred.node)
		none &= pool->owner != owner;
	raw_spin_unlock_irqrestore(&fa_deferred_lock, flags);
	return none;
}

/* fastalloc_barrier() of the header. */
void __fastalloc_barrier(const struct module *owner)
{
	wait_event(fa_deferred_wait, fa_none_deferred(owner));
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
