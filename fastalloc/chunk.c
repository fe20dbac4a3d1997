// SPDX-License-Identifier: GPL-2.0
/*
 * Backing memory, and the way between an object, its chunk and its index.
 * A chunk never moves; its memory goes back only by trim and destroy.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "compat.h"
#include "sanitize.h"

static size_t fa_pages_max(void)
{
	return PAGE_SIZE << FA_MAX_PAGE_ORDER;
}

/* Objects that one chunk can hold at most. */
unsigned long fa_chunk_max_objects(const struct fastalloc_pool *pool)
{
	if (pool->cfg.backing != FASTALLOC_BACKING_PAGES)
		return FASTALLOC_MAX_OBJECTS;
	return fa_pages_max() / pool->stride;
}

/* A block of the page allocator, with the pages past @bytes given back. */
static void *fa_pages_alloc(size_t bytes, gfp_t gfp, int node)
{
	unsigned int order = get_order(bytes);
	unsigned long i;
	struct page *page;

	page = alloc_pages_node(node, gfp, order);
	if (!page)
		return NULL;
	split_page(page, order);
	for (i = bytes >> PAGE_SHIFT; i < 1UL << order; i++)
		__free_page(page + i);
	return page_address(page);
}

/* @last: there will be no attempt with a smaller block. */
static void *fa_mem_alloc(const struct fastalloc_pool *pool, size_t bytes,
			  gfp_t gfp, bool last)
{
	void *mem = NULL;

	if (pool->cfg.backing != FASTALLOC_BACKING_VMALLOC &&
	    bytes <= fa_pages_max()) {
		/* What has somewhere else to go does not try hard: as kvmalloc(). */
		bool retry = bytes <= PAGE_SIZE ||
			     (last && pool->cfg.backing == FASTALLOC_BACKING_PAGES);
		gfp_t hard = retry ? __GFP_RETRY_MAYFAIL : __GFP_NORETRY;

		mem = fa_pages_alloc(bytes, gfp | hard, fa_node(pool));
	}
	if (!mem && pool->cfg.backing != FASTALLOC_BACKING_PAGES)
		mem = fa_vmalloc(bytes, gfp | __GFP_RETRY_MAYFAIL, fa_node(pool));
	return mem;
}

static void fa_mem_free(void *mem, size_t bytes)
{
	if (is_vmalloc_addr(mem))
		vfree(mem);
	else
		free_pages_exact(mem, bytes);
}

static void fa_chunk_destruct(struct fastalloc_pool *pool,
			      struct fa_chunk *chunk, unsigned int nr)
{
	if (!pool->cfg.dtor)
		return;
	while (nr--)
		pool->cfg.dtor(fa_chunk_obj(pool, chunk, nr), pool->cfg.arg);
}

static int fa_chunk_construct(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	unsigned int i;
	int err;

	if (!pool->cfg.ctor)
		return 0;
	for (i = 0; i < chunk->count; i++) {
		err = pool->cfg.ctor(fa_chunk_obj(pool, chunk, i), pool->cfg.arg);
		if (err) {
			fa_chunk_destruct(pool, chunk, i);
			return err;
		}
	}
	return 0;
}

/*
 * The indices of a chunk in random order, for as long as it takes to attach it
 * (R. Durstenfeld's shuffle, CACM 7/1964).
 */
static int fa_chunk_shuffle(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			    gfp_t gfp)
{
	unsigned int i, k;
	u32 *shuffled;

	if (!(pool->cfg.flags & FASTALLOC_F_RANDOM))
		return 0;
	shuffled = kvmalloc_node(array_size(chunk->count, sizeof(*shuffled)), gfp,
				 fa_node(pool));
	if (!shuffled)
		return -ENOMEM;
	for (i = 0; i < chunk->count; i++) {
		k = reciprocal_scale(get_random_u32(), i + 1);
		shuffled[i] = shuffled[k];
		shuffled[k] = i;
		if (!(i % SZ_1K))
			cond_resched();
	}
	chunk->shuffled = shuffled;
	return 0;
}

/* It is attached. */
void fa_chunk_shuffled(struct fa_chunk *chunk)
{
	kvfree(chunk->shuffled);
	chunk->shuffled = NULL;
}

/*
 * A chunk of @want objects, or of fewer, but not fewer than @least, where the
 * page allocator has no block that large. Its objects are constructed.
 */
struct fa_chunk *fa_chunk_create(struct fastalloc_pool *pool, unsigned long want,
				 unsigned long least, gfp_t gfp)
{
	unsigned long count = min(want, fa_chunk_max_objects(pool));
	struct fa_chunk *chunk;
	size_t bytes;
	bool last;
	int err;

	if (count < least || fa_fail(count * pool->stride))
		return ERR_PTR(-ENOMEM);

	chunk = kzalloc_node(sizeof(*chunk), gfp, fa_node(pool));
	if (!chunk)
		return ERR_PTR(-ENOMEM);

	for (;;) {
		if (check_mul_overflow((size_t)count, pool->stride, &bytes) ||
		    bytes > SIZE_MAX - PAGE_SIZE) {
			err = -EOVERFLOW;
			goto err_chunk;
		}
		chunk->bytes = PAGE_ALIGN(bytes);
		last = pool->cfg.backing != FASTALLOC_BACKING_PAGES ||
		       count == least || chunk->bytes <= PAGE_SIZE;
		chunk->mem = fa_mem_alloc(pool, chunk->bytes, gfp, last);
		if (chunk->mem)
			break;
		if (last) {
			err = -ENOMEM;
			goto err_chunk;
		}
		count = max(count / 2, least);
	}
	chunk->count = count;
	chunk->end = chunk->mem + count * pool->stride;
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
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK)) {
		err = fa_kmemleak_chunk_init(pool, chunk, gfp);
		if (err)
			goto err_handle;
	}
	fa_san_chunk_init(pool, chunk);
	err = fa_chunk_construct(pool, chunk);
	if (err)
		goto err_san;
	return chunk;

err_san:
	fa_san_chunk_exit(pool, chunk);
err_handle:
	fa_handle_chunk_exit(pool, chunk);
err_debug:
	fa_debug_chunk_exit(pool, chunk);
err_shuffled:
	fa_chunk_shuffled(chunk);
err_map:
	fa_bitmap_free(&chunk->map);
err_mem:
	fa_mem_free(chunk->mem, chunk->bytes);
err_chunk:
	kfree(chunk);
	return ERR_PTR(err);
}

/* Destructs the objects and gives everything back. May sleep. */
void fa_chunk_destroy(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	fa_san_chunk_exit(pool, chunk);
	fa_debug_chunk_exit(pool, chunk);
	fa_handle_chunk_exit(pool, chunk);
	if (!chunk->keep) {
		fa_chunk_destruct(pool, chunk, chunk->count);
		fa_mem_free(chunk->mem, chunk->bytes);
	}
	fa_chunk_shuffled(chunk);
	fa_segs_free(&chunk->segs);
	fa_bitmap_free(&chunk->map);
	kfree(chunk);
}

/* Memory of a chunk with its own bookkeeping. */
size_t fa_chunk_overhead(const struct fa_chunk *chunk)
{
	return chunk->bytes + sizeof(*chunk) +
	       chunk->map.words * sizeof(unsigned long) +
	       fa_debug_overhead(chunk) + fa_handle_overhead(chunk);
}

static bool fa_chunk_less(struct latch_tree_node *a, struct latch_tree_node *b)
{
	return fa_chunk_of(a)->mem < fa_chunk_of(b)->mem;
}

static int fa_chunk_comp(void *obj, struct latch_tree_node *n)
{
	const struct fa_chunk *chunk = fa_chunk_of(n);

	if (obj < chunk->mem)
		return -1;
	return obj >= chunk->end;
}

static const struct latch_tree_ops fa_chunk_ops = {
	.less = fa_chunk_less,
	.comp = fa_chunk_comp,
};

/* Call with the lock held. */
void fa_chunk_insert(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	latch_tree_insert(&chunk->all, &pool->chunks, &fa_chunk_ops);
	pool->nr_chunks++;
}

/* Call with the lock held. Readers may see it for an RCU grace period. */
void fa_chunk_erase(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	latch_tree_erase(&chunk->all, &pool->chunks, &fa_chunk_ops);
	pool->nr_chunks--;
}

/*
 * The chunk among whose objects @obj lies, or NULL. From any context: the tree is a
 * latch, as is the kernel's own of modules. The chunk stays while the lock, or
 * grow_lock, is held, and for RCU readers of a pool with ->rcu.
 */
struct fa_chunk *fa_chunk_find(struct fastalloc_pool *pool, const void *obj)
{
	struct latch_tree_node *n;

	n = latch_tree_find((void *)obj, &pool->chunks, &fa_chunk_ops);
	return n ? fa_chunk_of(n) : NULL;
}
