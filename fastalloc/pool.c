// SPDX-License-Identifier: GPL-2.0
/* Creation and destruction of pools. */
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
#include "trace.h"

static void fa_pool_teardown(struct fastalloc_pool *pool)
{
	struct fa_chunk *chunk, *next;
	size_t kept = 0, arrays = 0;
	LIST_HEAD(gone);

	if (pool->refill.pending)
		fa_chunk_destroy(pool, pool->refill.pending, GFP_KERNEL);
	while ((chunk = fa_chunk_first(&pool->chunks))) {
		fa_chunk_erase(&pool->chunks, chunk);
		if (chunk->keep) {
			kept += chunk->bytes;
			arrays += fa_chunk_array(chunk);
		}
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
	/* All else is freed. Others may read these while they are in a list of pools. */
	atomic_long_set(&pool->account.bytes[FA_MEM_CHUNKS], kept);
	atomic_long_set(&pool->account.bytes[FA_MEM_METADATA], fa_kvsize(sizeof(*pool)) + arrays);
	atomic_long_set(&pool->account.bytes[FA_MEM_CACHES], 0);
	atomic_long_set(&pool->account.bytes[FA_MEM_CHECKS], 0);
}

/* The config decides, or else the kernel setting for slab caches. */
static void fa_pool_init_zeroing(struct fastalloc_pool *pool)
{
	const struct fastalloc_config *cfg = &pool->cfg;

	if (cfg->flags & (FA_FLAGS_INIT | FASTALLOC_F_NO_INIT)) {
		pool->init_on_alloc = cfg->flags & FASTALLOC_F_INIT_ON_ALLOC;
		pool->init_on_free = cfg->flags & FASTALLOC_F_INIT_ON_FREE;
	} else if (!cfg->ctor && !(cfg->flags & FASTALLOC_F_TYPESAFE_BY_RCU)) {
		pool->init_on_alloc = want_init_on_alloc(0);
		/* A destructor reads what the last user has left. */
		pool->init_on_free = want_init_on_free() && !cfg->dtor;
	}
	if (pool->init_on_alloc)
		pool->head.zero_size = cfg->obj_size;
}

static void fa_deferred_work(struct work_struct *work);

static void fa_pool_init(struct fastalloc_pool *pool, struct lock_class_key *key)
{
	struct fastalloc_config *cfg = &pool->cfg;
	unsigned int flags;

	raw_spin_lock_init(&pool->lock);
	kref_init(&pool->ref);
	fa_charge(pool, FA_MEM_METADATA, fa_kvsize(sizeof(*pool)));
	pool->sync = cfg->sync;
	pool->order = cfg->order;
	pool->ops = fa_is_percpu(pool) ? &fa_percpu_ops : &fa_central_ops;
	pool->percpu.exact = fa_is_percpu(pool) && (cfg->flags & FASTALLOC_F_EXACT);
	/* The sanitizers may know the memory of an owner already, or have no shadow for it. */
	pool->sanitize = fa_debug_sanitize() && !cfg->mem_alloc;
	flags = fa_debug_flags(pool);
	pool->checks = flags & FASTALLOC_F_DEBUG;
	cfg->flags |= flags & FASTALLOC_F_TRACE;
	pool->traced = cfg->flags & FASTALLOC_F_TRACE;
	fa_handle_pool_init(pool);
	pool->rcu = pool->checks || pool->sanitize || pool->handles.indexed ||
		    (cfg->flags & FASTALLOC_F_TYPESAFE_BY_RCU);
	fa_pool_init_zeroing(pool);
	/* Readers see the checks that are enabled. */
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

/* The shortest path that does all that the config asks for. */
static enum fa_path fa_pool_path(const struct fastalloc_pool *pool)
{
	/* The inline path zeroes on allocation only, and only if the kernel does. */
	bool zeroes = pool->init_on_free || (pool->init_on_alloc && !want_init_on_alloc(0));

	if (pool->sanitize || pool->percpu.exact || pool->cfg.on_acquire || pool->cfg.on_release ||
	    (pool->cfg.flags & FASTALLOC_F_TRACE))
		return FA_PATH_FULL;
	if (pool->handles.on && !pool->checks)
		return fa_is_percpu(pool) ? FA_PATH_HANDLES : FA_PATH_SAFE_LIST;
	/* With checks, the calls on a pool of sync NONE must not overlap. */
	if (!pool->handles.on && pool->checks == FASTALLOC_F_CHECK &&
	    pool->sync != FASTALLOC_SYNC_NONE)
		return fa_is_percpu(pool) ? FA_PATH_CHECK : FA_PATH_SAFE_LIST;
	if (pool->checks || pool->handles.on)
		return FA_PATH_FULL;
	if (fa_is_percpu(pool))
		return zeroes ? FA_PATH_CACHE_ZERO : FA_PATH_CACHE;
	/* LOWEST validates a free before the object is zeroed. */
	if (pool->order == FASTALLOC_ORDER_LOWEST && pool->init_on_free)
		return FA_PATH_FULL;
	if (zeroes)
		return FA_PATH_LIST_ZERO;
	if (pool->order != FASTALLOC_ORDER_LIFO)
		return FA_PATH_LIST;
	return pool->sync == FASTALLOC_SYNC_NONE ? FA_PATH_OWNER : FA_PATH_LOCKED;
}

/* The pool is complete, and not yet visible to others. */
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

/* Implements fastalloc_pool_create(), which passes the ABI it was built with. */
struct fastalloc_pool *__fastalloc_create(const struct fastalloc_config *cfg,
					  const struct module *owner,
					  const struct fastalloc_abi *abi,
					  struct lock_class_key *key)
{
	unsigned long ip = _RET_IP_;
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
	trace_fastalloc_create(pool, ip);
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
	/* A reader may be walking the list of pools. */
	kfree_rcu(pool, rcu_head);
	return ERR_PTR(err);
}
FASTALLOC_EXPORT(__fastalloc_create);

/* From here on every call takes the full path, which refuses allocations. */
static void fa_pool_close(struct fastalloc_pool *pool)
{
	unsigned long flags;

	WRITE_ONCE(pool->closed, true);
	flags = fa_lock_quiet(pool);
	WRITE_ONCE(pool->path, FA_PATH_FULL);
	WRITE_ONCE(pool->head.cache, fa_bypass_cache());
	fa_window_close(pool);
	fa_unlock_quiet(pool, flags);
	fa_wait_close(pool);
}

/*
 * Lets the calls on a pool that is used take the full path, or again the one that the config
 * asks for. Not for pools of sync NONE. The pool's head shows the same caches as before, see
 * trace.c.
 */
void fa_pool_detour(struct fastalloc_pool *pool, bool on)
{
	enum fa_path own = fa_pool_path(pool);
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	/* fa_pool_close() sets ->closed first, and comes here later. */
	if (!READ_ONCE(pool->closed)) {
		WRITE_ONCE(pool->path, on ? FA_PATH_FULL : own);
		if (on)
			fa_window_close(pool);
		else if (own >= FA_PATH_OWNER)
			fa_window_init(pool);
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/* Completes the destruction of a closed pool. */
static void fa_pool_finish(struct fastalloc_pool *pool)
{
	unsigned long out;
	bool keep;

	/* First, so that calls that sleep in the pool return NULL. */
	fa_wait_exit(pool);
	/* Waits for readers. Must come before the name can be reused. */
	fa_debugfs_remove(pool);
	fa_pools_del(pool);
	if (pool->shrinker)
		fa_shrinker_free(pool->shrinker);
	fa_grower_stop(&pool->refill.grower);
	if (pool->rcu_frees)
		rcu_barrier();
	/* It flushes caches, so it must end before chunks go. A free may have kicked it. */
	if (fa_is_percpu(pool))
		fa_grower_stop(&pool->percpu.leases.worker);
	/* Late frees raise ->wake; in a zombie, the grower and trim do too. */
	if (pool->waitq.waited || pool->deferred.zombie)
		irq_work_sync(&pool->waitq.wake);
	/* This runs in ->work, which must not run again. Nothing can queue it any more. */
	if (pool->deferred.zombie)
		cancel_work(&pool->deferred.work);
	WRITE_ONCE(pool->path, FA_PATH_DEAD);
	/* Wait for readers that looked up a chunk, and for frees that saw the pool alive. */
	if (pool->rcu)
		synchronize_rcu();
	/* Such a free may have kicked the worker again. */
	if (fa_is_percpu(pool))
		fa_grower_stop(&pool->percpu.leases.worker);

	out = fastalloc_pool_allocated(pool);
	WARN(out, "fastalloc: pool %s destroyed with %lu objects out\n",
	     pool->name, out);
	if (out && pool->checks)
		fa_report_leaks(pool);
	if (out)
		fa_trim_live(pool);

	keep = out && !(pool->cfg.flags & FASTALLOC_F_DROP_LIVE);
	fa_pool_teardown(pool);
	fa_dead_add(pool);
	if (!keep) {
		fastalloc_pool_put(pool);
		return;
	}
	/*
	 * An object that is still out may be freed later: the descriptor stays to refuse
	 * that.
	 */
	kmemleak_not_leak(pool);
	module_put(THIS_MODULE);
}

void fastalloc_pool_destroy(struct fastalloc_pool *pool)
{
	if (IS_ERR_OR_NULL(pool))
		return;
	might_sleep();
	if (trace_fastalloc_destroy_enabled())
		fa_trace_destroy(pool, false, _RET_IP_);
	fa_pool_close(pool);
	fa_pool_finish(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_destroy);

/* Zombies: pools whose destroy is deferred. */
static LIST_HEAD(fa_deferred_pools);
static DEFINE_RAW_SPINLOCK(fa_deferred_lock);
static DECLARE_WAIT_QUEUE_HEAD(fa_deferred_wait);

/* Finishes the destruction of a zombie if its last object has come back. */
static void fa_deferred_work(struct work_struct *work)
{
	struct fastalloc_pool *pool = container_of(work, struct fastalloc_pool, deferred.work);
	unsigned long flags;

	fa_wait_shut(pool);
	/* Such calls may still take an object and free it on another CPU, which a sum may miss. */
	fa_wait_exit(pool);
	/* Wait for calls that did not see the pool closed: they run with preemption off. */
	synchronize_rcu();
	if (fastalloc_pool_allocated(pool))
		return;
	/* Wait for the free of the last object to leave the pool. */
	synchronize_rcu();

	/* Keep the descriptor in the list until destruction is complete. */
	fastalloc_pool_get(pool);
	fa_pool_finish(pool);
	if (pool->deferred.done)
		pool->deferred.done(pool->deferred.done_arg);

	raw_spin_lock_irqsave(&fa_deferred_lock, flags);
	list_del_rcu(&pool->deferred.node);
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
	if (trace_fastalloc_destroy_enabled())
		fa_trace_destroy(pool, true, _RET_IP_);
	pool->deferred.done = done;
	pool->deferred.done_arg = arg;
	raw_spin_lock_irqsave(&fa_deferred_lock, flags);
	list_add_tail_rcu(&pool->deferred.node, &fa_deferred_pools);
	raw_spin_unlock_irqrestore(&fa_deferred_lock, flags);
	fa_pool_close(pool);
	fa_wait_defer(pool);
}
FASTALLOC_EXPORT(fastalloc_pool_destroy_deferred);

static bool fa_none_deferred(const struct module *owner)
{
	struct fastalloc_pool *pool;
	bool none = true;

	/* Descriptors are freed after a grace period. */
	rcu_read_lock();
	list_for_each_entry_rcu(pool, &fa_deferred_pools, deferred.node) {
		none = pool->owner != owner;
		if (!none)
			break;
	}
	rcu_read_unlock();
	return none;
}

/* Implements fastalloc_barrier(). */
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

	fa_dead_del(pool);
	/* A reader may be walking the list of pools. */
	kfree_rcu(pool, rcu_head);
	module_put(THIS_MODULE);
}

void fastalloc_pool_put(struct fastalloc_pool *pool)
{
	if (pool)
		kref_put(&pool->ref, fa_pool_unref);
}
FASTALLOC_EXPORT(fastalloc_pool_put);
