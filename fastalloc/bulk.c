// SPDX-License-Identifier: GPL-2.0
/* Several objects at once, and runs of adjacent objects. */
#define pr_fmt(fmt) "fastalloc: " fmt

#include "alloc.h"
#include "compat.h"
#include "exact.h"
#include "safe.h"

static inline bool fa_pool_take_bulk(struct fastalloc_pool *pool, unsigned int nr,
				     void **objs)
{
	if (!fa_is_percpu(pool))
		return fa_central_alloc_bulk(pool, nr, objs, false);
	if (!fa_exact_take(pool, nr, false))
		return false;
	if (fa_percpu_alloc_bulk(pool, nr, objs))
		return true;
	fa_exact_give(pool, nr);
	return false;
}

static unsigned int fa_pool_take_some(struct fastalloc_pool *pool, unsigned int nr, void **objs)
{
	unsigned int may, got;

	if (!fa_is_percpu(pool))
		return fa_central_alloc_bulk(pool, nr, objs, true);
	may = fa_exact_take(pool, nr, true);
	if (!may)
		return 0;
	got = fa_percpu_alloc_some(pool, may, objs);
	fa_exact_give(pool, may - got);
	return got;
}

static noinline bool fa_pool_alloc_bulk(struct fastalloc_pool *pool, gfp_t gfp,
					unsigned int nr, void **objs,
					unsigned long ip)
{
	unsigned int tries = 0;
	bool ok;

	if (!nr || !fa_pool_may_alloc(pool, gfp) ||
	    !fa_pool_try_enter(pool, nr * pool->chunks.stride))
		return false;
	while (!(ok = fa_pool_take_bulk(pool, nr, objs)))
		if (!fa_pool_refill(pool, gfp, nr, false, tries++, ip))
			break;
	fa_pool_leave(pool);
	if (!ok) {
		fa_pool_exhausted(pool, nr, ip);
		return false;
	}
	fa_post_alloc_hook_bulk(pool, gfp, nr, objs, ip);
	return true;
}

static __always_inline void fa_pool_zero_bulk(const struct fastalloc_pool *pool, gfp_t gfp,
					      unsigned int nr, void **objs)
{
	unsigned int i;

	if (!want_init_on_alloc(0))
		return;
	for (i = 0; i < nr; i++) {
		fa_pool_zero(pool, objs[i]);
		fa_resched(i + 1, gfp);
	}
}

unsigned int fastalloc_alloc_bulk(struct fastalloc_pool *pool, gfp_t gfp,
				  unsigned int nr, void **objs)
{
	/* The common case. */
	if (fa_path(pool) == FA_PATH_CACHE && !(gfp & __GFP_ZERO) &&
	    likely(fa_percpu_alloc_bulk(pool, nr, objs))) {
		fa_pool_might_grow(pool, gfp);
		fa_pool_zero_bulk(pool, gfp, nr, objs);
		return nr;
	}
	return fa_pool_alloc_bulk(pool, gfp, nr, objs, _RET_IP_) ? nr : 0;
}
FASTALLOC_EXPORT(fastalloc_alloc_bulk);

unsigned int fastalloc_alloc_bulk_some(struct fastalloc_pool *pool, gfp_t gfp,
				       unsigned int nr, void **objs)
{
	unsigned int tries = 0, got = 0;
	unsigned long want;

	if (!nr || !fa_pool_may_alloc(pool, gfp) ||
	    !fa_pool_try_enter(pool, nr * pool->chunks.stride))
		return 0;
	do {
		got += fa_pool_take_some(pool, nr - got, objs + got);
		want = min_t(unsigned long, nr - got, fa_pool_room(pool));
	} while (want && fa_pool_refill(pool, gfp, want, false, tries++, _RET_IP_));
	fa_pool_leave(pool);
	if (!got)
		fa_pool_exhausted(pool, nr, _RET_IP_);
	else
		fa_post_alloc_hook_bulk(pool, gfp, got, objs, _RET_IP_);
	return got;
}
FASTALLOC_EXPORT(fastalloc_alloc_bulk_some);

static noinline void fa_pool_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
				       void **objs, unsigned long ip)
{
	/* Read once: it may change from the full path to another. */
	u8 path = READ_ONCE(pool->path);
	unsigned int i;

	if (!nr)
		return;
	if (path <= FA_PATH_SAFE_LIST) {
		for (i = 0; i < nr; i++) {
			preempt_disable();
			fa_free_safe(pool, objs[i], ip);
		}
		return;
	}
	if (path == FA_PATH_FULL) {
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
		fa_central_free_bulk(pool, nr, objs);
}

void fastalloc_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
			 void **objs)
{
	unsigned int i;

	for (i = 0; IS_ENABLED(CONFIG_LOCKDEP) && i < nr; i++)
		__fastalloc_debug_free(pool, objs[i], 1);
	if (fa_path(pool) == FA_PATH_CACHE)
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
	void *obj;

	if (!nr || !fa_may_contig(pool) || !fa_pool_may_alloc(pool, gfp) ||
	    !fa_pool_try_enter(pool, nr * pool->chunks.stride))
		return NULL;
	while (!(obj = fa_central_alloc_contig(pool, nr)))
		if (!fa_pool_refill(pool, gfp, nr, true, tries++, _RET_IP_))
			break;
	fa_pool_leave(pool);
	if (!obj) {
		fa_pool_exhausted(pool, nr, _RET_IP_);
		return NULL;
	}
	if (fa_path_is_bare(pool) && !(gfp & __GFP_ZERO))
		return obj;
	for (i = 0; i < nr; i++) {
		fa_post_alloc_hook(pool, gfp, obj + i * pool->chunks.stride, _RET_IP_);
		fa_resched(i + 1, gfp);
	}
	return obj;
}
FASTALLOC_EXPORT(fastalloc_alloc_contig);

void fastalloc_free_contig(struct fastalloc_pool *pool, void *obj,
			   unsigned int nr)
{
	size_t stride = pool->chunks.stride;
	unsigned int i;
	bool ok;

	if (!nr || !obj || !fa_may_contig(pool))
		return;
	__fastalloc_debug_free(pool, obj, nr);
	if (fa_path_is_list(pool)) {
		fa_central_free_contig(pool, obj, nr);
		return;
	}
	/* The chunks of a dead pool stay for an RCU grace period. */
	rcu_read_lock();
	ok = fa_is_dead(pool) || fa_central_may_free(pool, obj, nr);
	rcu_read_unlock();
	if (!ok)
		return;
	/* After the last free the pool may be gone. */
	for (i = 0; i < nr; i++, obj += stride)
		fa_pool_free(pool, obj, _RET_IP_, false);
}
FASTALLOC_EXPORT(fastalloc_free_contig);
