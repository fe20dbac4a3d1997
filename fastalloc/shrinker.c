// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel asks for memory: pools with FASTALLOC_F_SHRINKER. It asks in small steps,
 * again and again; for a pool each step would be a walk over all that is free. So one
 * walk gives all that may go, and tells the kernel how much that was; and a pool of
 * which nothing was to be had has nothing to offer until another walk is worth it.
 */
#include "compat.h"
#include "pool.h"
#include "shrinker.h"

/* Objects that trim could give back at best: fragmentation is not known. */
static unsigned long fa_shrink_count(struct shrinker *s,
				     struct shrink_control *sc)
{
	struct fastalloc_pool *pool = fa_shrinker_priv(s);
	unsigned long spare = fastalloc_pool_capacity(pool) - pool->cfg.capacity;
	unsigned long keep = 2 * READ_ONCE(pool->refill.low_mark), avail;

	if (!spare || !fa_trim_worth(pool))
		return SHRINK_EMPTY;
	avail = fastalloc_pool_available(pool);
	return avail > keep ? min(spare, avail - keep) : SHRINK_EMPTY;
}

static unsigned long fa_shrink_scan(struct shrinker *s,
				    struct shrink_control *sc)
{
	struct fastalloc_pool *pool = fa_shrinker_priv(s);
	unsigned long gone;

	if (!fa_trim_worth(pool))
		return SHRINK_STOP;
	/* Reclaim may have been entered by growing this very pool. */
	if (!mutex_trylock(&pool->grow_lock))
		return SHRINK_STOP;
	gone = fa_trim(pool, false);
	mutex_unlock(&pool->grow_lock);
	sc->nr_scanned = gone;
	return gone ?: SHRINK_STOP;
}

int fa_shrinker_add(struct fastalloc_pool *pool)
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
