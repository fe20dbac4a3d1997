// SPDX-License-Identifier: GPL-2.0
/*
 * The shrinker of pools with FASTALLOC_F_SHRINKER. The kernel asks for memory in small
 * steps, again and again, and for a pool each step would be a scan of all free objects. So
 * one scan frees all that may go, and returns how much that was. A pool of which nothing
 * could be freed reports no objects until another scan is worthwhile.
 */
#include "compat.h"
#include "pool.h"
#include "shrinker.h"
#include "trace.h"

/* Upper bound of the objects that trim can free: fragmentation is not known. */
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
	/* Growth of this very pool may have entered reclaim. */
	if (!mutex_trylock(&pool->grow_lock))
		return SHRINK_STOP;
	gone = fa_trim(pool, false);
	mutex_unlock(&pool->grow_lock);
	trace_fastalloc_trim(pool, 0, FA_TRACE_SHRINKER, gone);
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
	if (err)
		return err;
	pool->shrinker = s;
	fa_charge(pool, FA_MEM_METADATA, fa_kvsize(sizeof(*s)));
	return 0;
}
