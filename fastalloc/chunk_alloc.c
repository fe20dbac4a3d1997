// SPDX-License-Identifier: GPL-2.0
/*
 * Chunks: backing memory, metadata, and the objects constructed in it. A chunk never moves.
 * Only trim and destroy free its memory. The life of a chunk:
 *
 *	fa_chunk_create()
 *	     |
 *	     v
 *	  created: objects constructed; not visible to others
 *	     |         |         |
 *	     |         |         +-- ->attach() fails --------------+
 *	     |         |                                            |
 *	     |         | fa_pool_post(): worker of a NONE pool      |
 *	     |         v                                            |
 *	     |      pending: left to the owner ---- destroy ------->|
 *	     |         |                                            |
 *	     | ->attach()                                           |
 *	     |         | fa_central_adopt()                         |
 *	     v         v                                            |
 *	  attached: in fa_chunks.tree; not all objects added yet    |
 *	     |                                                      |
 *	     | fa_add_total(), ->ready = true                       |
 *	     v                                                      |
 *	  in use: objects are allocated and freed                   |
 *	     |    ^    |                                            |
 *	     |    |    +---------- destroy ------------------------>|
 *	     |    |                                                 |
 *	     |    | fa_trim_putback(): an object was not free       |
 *	     | fa_trim_isolate(): all objects were free             |
 *	     v    |                                                 |
 *	  isolated: trim keeps its free objects                     |
 *	     |                                                      |
 *	     | fa_chunk_erase(): all objects are kept               |
 *	     v                                                      |
 *	  erased: readers may use it until an RCU grace             |
 *	     |    period has passed, if pool->rcu or PERCPU         |
 *	     v                                                      |
 *	fa_chunk_destroy() <----------------------------------------+
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/align.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "chunk_alloc.h"
#include "compat.h"
#include "kmemleak.h"
#include "pool.h"
#include "sanitize.h"

/* Maximum number of objects of one chunk. */
unsigned long fa_chunk_max_objects(const struct fastalloc_pool *pool)
{
	if (pool->cfg.backing != FASTALLOC_BACKING_PAGES || pool->cfg.mem_alloc)
		return FASTALLOC_MAX_OBJECTS;
	return fa_pages_max() / pool->chunks.stride;
}

/* @objects, and as many more as fit into the last page, up to @most. */
unsigned long fa_chunk_round(const struct fastalloc_pool *pool, unsigned long objects,
			     unsigned long most)
{
	u64 bytes = round_up((u64)objects * pool->chunks.stride, PAGE_SIZE);

	return clamp_t(u64, div_u64(bytes, pool->chunks.stride), min(objects, most), most);
}

/* Memory from the owner of the pool. Checks its alignment, and that it is no errno. */
static void *fa_owner_alloc(struct fastalloc_pool *pool, size_t bytes, gfp_t gfp)
{
	void *mem = pool->cfg.mem_alloc(bytes, fa_node(pool), gfp, pool->cfg.arg);

	if (IS_ERR(mem)) {
		pr_err_ratelimited("pool %s: mem_alloc: %zu bytes: error %ld instead of NULL\n",
				   pool->name, bytes, PTR_ERR(mem));
		return NULL;
	}
	if (likely(IS_ALIGNED((unsigned long)mem, fa_debug_align(pool))))
		return mem;
	pr_err_ratelimited("pool %s: mem_alloc: %zu bytes at %p, not aligned to %zu\n",
			   pool->name, bytes, mem, fa_debug_align(pool));
	pool->cfg.mem_free(mem, bytes, pool->cfg.arg);
	return NULL;
}

/* Allocates @chunk->bytes. @last: no attempt with a smaller chunk will follow. */
static bool fa_chunk_alloc(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			   gfp_t gfp, bool last)
{
	enum fastalloc_backing backing = pool->cfg.backing;
	size_t bytes = chunk->bytes;

	if (pool->cfg.mem_alloc) {
		chunk->origin = FA_ORIGIN_OWNER;
		chunk->mem = fa_owner_alloc(pool, bytes, fa_gfp(gfp));
		return chunk->mem;
	}
	if (backing != FASTALLOC_BACKING_VMALLOC && bytes <= fa_pages_max()) {
		/* Do not try hard if there is a fallback, as kvmalloc() does. */
		bool hard = bytes <= PAGE_SIZE || (last && backing == FASTALLOC_BACKING_PAGES);

		chunk->origin = FA_ORIGIN_PAGES;
		chunk->mem = fa_pages_alloc(bytes, hard ? gfp : gfp | __GFP_NORETRY,
					    fa_node(pool));
	}
	if (!chunk->mem && backing != FASTALLOC_BACKING_PAGES) {
		chunk->origin = FA_ORIGIN_VMALLOC;
		chunk->mem = fa_vmalloc(bytes, last ? gfp : gfp | __GFP_NORETRY,
					fa_node(pool));
	}
	return chunk->mem;
}

static void fa_chunk_free(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	switch (chunk->origin) {
	case FA_ORIGIN_PAGES:
		free_pages_exact(chunk->mem, chunk->bytes);
		break;
	case FA_ORIGIN_VMALLOC:
		vfree(chunk->mem);
		break;
	case FA_ORIGIN_OWNER:
		pool->cfg.mem_free(chunk->mem, chunk->bytes, pool->cfg.arg);
		break;
	case FA_ORIGINS:
		break;
	}
}

/*
 * A chunk that vmalloc may map by huge pages is a multiple of their size; the remainder
 * goes into another chunk.
 */
static unsigned long fa_chunk_whole_huge(const struct fastalloc_pool *pool,
					 unsigned long count, unsigned long least)
{
	size_t huge = fa_huge_size(), bytes = count * pool->chunks.stride;
	unsigned long whole;

	if (!huge || bytes <= huge || pool->cfg.mem_alloc ||
	    pool->cfg.backing == FASTALLOC_BACKING_PAGES ||
	    (pool->cfg.backing == FASTALLOC_BACKING_AUTO && bytes <= fa_pages_max()))
		return count;
	whole = bytes / huge * huge / pool->chunks.stride;
	return whole >= least ? whole : count;
}

static void fa_chunk_destruct(struct fastalloc_pool *pool,
			      struct fa_chunk *chunk, unsigned int nr, gfp_t gfp)
{
	if (!pool->cfg.dtor)
		return;
	while (nr--) {
		fa_resched(nr, gfp);
		pool->cfg.dtor(fa_chunk_obj(&pool->chunks, chunk, nr), pool->cfg.arg);
	}
}

static int fa_chunk_construct(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			      gfp_t gfp)
{
	unsigned int i;
	int err;

	if (!pool->cfg.ctor)
		return 0;
	for (i = 0; i < chunk->count; i++) {
		fa_resched(i, gfp);
		err = pool->cfg.ctor(fa_chunk_obj(&pool->chunks, chunk, i), pool->cfg.arg);
		if (unlikely(err && !IS_ERR_VALUE((long)err))) {
			pr_err_ratelimited("pool %s: ctor: %d is neither 0 nor an error\n",
					   pool->name, err);
			err = -EINVAL;
		}
		if (err) {
			fa_chunk_destruct(pool, chunk, i, gfp);
			return err;
		}
	}
	return 0;
}

/* Shuffles the indices of a chunk (R. Durstenfeld, CACM 7/1964). */
static int fa_chunk_shuffle(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			    gfp_t gfp)
{
	unsigned int i, k;
	u32 *shuffled;

	if (!(pool->cfg.flags & FASTALLOC_F_RANDOM))
		return 0;
	shuffled = fa_kvmalloc(chunk->count, sizeof(*shuffled), gfp, fa_node(pool));
	if (!shuffled)
		return -ENOMEM;
	for (i = 0; i < chunk->count; i++) {
		k = reciprocal_scale(get_random_u32(), i + 1);
		shuffled[i] = shuffled[k];
		shuffled[k] = i;
		fa_resched(i, gfp);
	}
	chunk->shuffled = shuffled;
	return 0;
}

/*
 * Creates a chunk of @want objects, or of fewer, but at least @least, if there is no memory
 * for @want in one piece. Its objects are constructed. Sleeps only if @gfp allows it. A
 * fixed pool is not split into pieces after vmalloc has failed: too little memory is left
 * then.
 */
struct fa_chunk *fa_chunk_create(struct fastalloc_pool *pool, unsigned long want,
				 unsigned long least, gfp_t gfp)
{
	bool pieces = pool->live || pool->cfg.backing == FASTALLOC_BACKING_PAGES;
	unsigned long count = min(want, fa_chunk_max_objects(pool));
	struct fa_chunk *chunk;
	size_t bytes;
	bool last;
	int err;

	if (count < least || fa_fail(count * pool->chunks.stride))
		return ERR_PTR(-ENOMEM);

	chunk = fa_kzalloc(sizeof(*chunk), gfp, fa_node(pool));
	if (!chunk)
		return ERR_PTR(-ENOMEM);

	for (;;) {
		if (check_mul_overflow((size_t)count, pool->chunks.stride, &bytes) ||
		    bytes > SIZE_MAX - PAGE_SIZE) {
			err = -EOVERFLOW;
			goto err_chunk;
		}
		count = fa_chunk_whole_huge(pool, count, least);
		if (pool->live)
			count = fa_chunk_round(pool, count, want);
		chunk->bytes = PAGE_ALIGN(count * pool->chunks.stride);
		/* Freeing the rest of a block would take unbounded time. */
		if (!gfpflags_allow_blocking(gfp))
			chunk->bytes = PAGE_SIZE << get_order(chunk->bytes);
		last = !pieces || count == least || chunk->bytes <= PAGE_SIZE;
		if (fa_chunk_alloc(pool, chunk, gfp, last))
			break;
		if (last) {
			err = -ENOMEM;
			goto err_chunk;
		}
		count = max(count / 2, least);
	}
	chunk->count = count;
	chunk->born = jiffies;
	chunk->end = chunk->mem + count * pool->chunks.stride;
	/* In other orders trim counts them. */
	if (pool->order == FASTALLOC_ORDER_LOWEST)
		chunk->nfree = count;
	INIT_LIST_HEAD(&chunk->list);

	err = fa_bitmap_init(&chunk->map, count, gfp, fa_node(pool));
	if (err)
		goto err_mem;

	err = fa_chunk_shuffle(pool, chunk, gfp);
	if (err)
		goto err_map;
	err = fa_debug_chunk_init(pool, chunk, gfp);
	if (err)
		goto err_shuffled;
	err = fa_handle_chunk_init(pool, chunk, gfp);
	if (err)
		goto err_debug;
	if (fa_is_percpu(pool)) {
		err = fa_links_add(&pool->percpu.depot.links, chunk, gfp, fa_node(pool));
		if (err)
			goto err_handle;
	}
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK)) {
		err = fa_kmemleak_chunk_init(pool, chunk, gfp);
		if (err)
			goto err_links;
	}
	fa_san_chunk_init(pool, chunk, gfp);
	err = fa_chunk_construct(pool, chunk, gfp);
	if (err)
		goto err_san;
	return chunk;

err_san:
	fa_san_chunk_exit(pool, chunk, gfp);
err_links:
	fa_links_del(&pool->percpu.depot.links, chunk);
err_handle:
	fa_handle_chunk_exit(pool, chunk, gfp);
err_debug:
	fa_debug_chunk_exit(pool, chunk, gfp);
err_shuffled:
	kvfree(chunk->shuffled);
err_map:
	fa_bitmap_free(&chunk->map);
err_mem:
	fa_chunk_free(pool, chunk);
err_chunk:
	kfree(chunk);
	return ERR_PTR(err);
}

/*
 * Destructs the objects and frees the chunk. May sleep if @gfp allows it, which a chunk
 * that growth in place has just created does not.
 */
void fa_chunk_destroy(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp)
{
	fa_san_chunk_exit(pool, chunk, gfp);
	fa_debug_chunk_exit(pool, chunk, gfp);
	fa_handle_chunk_exit(pool, chunk, gfp);
	if (!chunk->keep) {
		fa_chunk_destruct(pool, chunk, chunk->count, gfp);
		fa_chunk_free(pool, chunk);
	}
	fa_links_del(&pool->percpu.depot.links, chunk);
	kvfree(chunk->shuffled);
	fa_segs_free(&chunk->segs, gfp);
	fa_bitmap_free(&chunk->map);
	kfree(chunk);
}

/* Bytes of the array of pages that the kernel has for the chunk. */
size_t fa_chunk_array(const struct fa_chunk *chunk)
{
	return chunk->origin == FA_ORIGIN_VMALLOC ? fa_vmalloc_array(chunk->bytes) : 0;
}

/* Bytes of the random order of its objects, if it is there. */
static size_t fa_chunk_order(const struct fa_chunk *chunk)
{
	return chunk->shuffled ? fa_kvsize(chunk->count * sizeof(*chunk->shuffled)) : 0;
}

/* The chunk is attached, so the order is no longer needed. */
void fa_chunk_unshuffle(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	fa_charge(pool, FA_MEM_METADATA, -(long)fa_chunk_order(chunk));
	kvfree(chunk->shuffled);
	chunk->shuffled = NULL;
}

/*
 * Accounts a chunk, with @sign 1, or that it goes, with -1. The deque has taken over the
 * segments of a chunk that was attached.
 */
void fa_chunk_charge(struct fastalloc_pool *pool, const struct fa_chunk *chunk, int sign)
{
	size_t metadata = fa_kvsize(sizeof(*chunk)) +
			  fa_kvsize(chunk->map.words * sizeof(unsigned long)) +
			  chunk->segs.nr * fa_kvsize(fa_seg_bytes(pool->central.seg_slots)) +
			  fa_handle_overhead(chunk) + fa_links_bytes(chunk) +
			  fa_chunk_array(chunk) + fa_chunk_order(chunk);

	fa_charge(pool, FA_MEM_CHUNKS, sign * (long)chunk->bytes);
	fa_charge(pool, FA_MEM_METADATA, sign * (long)metadata);
	fa_charge(pool, FA_MEM_CHECKS, sign * (long)fa_debug_overhead(chunk));
}
