// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that kmemleak tracks. It cannot be called in every context, so an object that was
 * freed where it could not be called is still tracked, and must not be added again: a bit
 * for each slot records this.
 */
#include <linux/bitmap.h>
#include <linux/kmemleak.h>
#include <linux/slab.h>

#include "context.h"
#include "kmemleak.h"
#include "pool.h"

int fa_kmemleak_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			   gfp_t gfp)
{
	if (!pool->sanitize || fa_content_stays(pool))
		return 0;
	chunk->leak = fa_kvmalloc(BITS_TO_LONGS(chunk->count), sizeof(long),
				  gfp | __GFP_ZERO, fa_node(pool));
	return chunk->leak ? 0 : -ENOMEM;
}

/* The bit of an object that belongs to the caller. */
static unsigned long *fa_kmemleak_bit(struct fastalloc_pool *pool, const void *obj,
				      unsigned int *i)
{
	struct fa_chunk *chunk;

	rcu_read_lock();
	chunk = fa_chunk_find(&pool->chunks, obj);
	rcu_read_unlock();
	if (!chunk)
		return NULL;
	*i = fa_chunk_index(&pool->chunks, chunk, obj);
	return chunk->leak;
}

/*
 * The number of references that kmemleak must find. A free object of a LOWEST pool is
 * referred to by a bit only, so it looks lost if kmemleak could not be told of the free.
 */
static int fa_kmemleak_count(const struct fastalloc_pool *pool)
{
	return pool->order != FASTALLOC_ORDER_LOWEST ||
	       (!IS_ENABLED(CONFIG_PREEMPT_RT) &&
		!IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING));
}

void fa_kmemleak_alloc(struct fastalloc_pool *pool, const void *obj, gfp_t gfp)
{
	unsigned long *leak;
	unsigned int i;

	if (!fa_may_lock())
		return;
	leak = fa_kmemleak_bit(pool, obj, &i);
	if (leak && !test_and_set_bit(i, leak))
		kmemleak_alloc(obj, pool->cfg.obj_size, fa_kmemleak_count(pool),
			       gfp & ~__GFP_ZERO);
}

/* Call only if fa_may_lock(). */
void fa_kmemleak_free(struct fastalloc_pool *pool, const void *obj)
{
	unsigned int i;
	unsigned long *leak = fa_kmemleak_bit(pool, obj, &i);

	if (leak && test_and_clear_bit(i, leak))
		kmemleak_free(obj);
}

void fa_kmemleak_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp)
{
	unsigned int i, nr = 0;

	if (fa_content_stays(pool)) {
		kmemleak_free(chunk->mem);
		return;
	}
	for_each_set_bit(i, chunk->leak, chunk->count) {
		kmemleak_free(fa_chunk_obj(&pool->chunks, chunk, i));
		fa_resched(nr++, gfp);
	}
	kvfree(chunk->leak);
}
