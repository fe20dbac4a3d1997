// SPDX-License-Identifier: GPL-2.0
/* The set of chunks, and the lookup of the chunk of an object. Nothing here knows of pools. */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "chunk.h"

/* Stands for no chunk, so that readers of a hint need not check for NULL. */
static struct fa_chunk fa_no_chunk;

/* The inverse of an odd number modulo 2^64: each step doubles the number of correct bits. */
u64 fa_inverse(u64 odd)
{
	u64 inv = odd;
	int i;

	for (i = 0; i < 5; i++)
		inv *= 2 - odd * inv;
	return inv;
}

void fa_chunks_init(struct fa_chunks *chunks, size_t stride)
{
	seqcount_latch_init(&chunks->tree.seq);
	chunks->stride = stride;
	chunks->stride_shift = is_power_of_2(stride) ? ilog2(stride) : -1;
	chunks->twos = __ffs(stride);
	chunks->inverse = fa_inverse(stride >> chunks->twos);
	chunks->hint = &fa_no_chunk;
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

/* Publishes a chunk to readers without the lock. */
static void fa_chunk_set_hint(struct fa_chunks *chunks, struct fa_chunk *chunk)
{
	/*
	 * Orders the initialization of the chunk before the store of ->hint. Pairs with the
	 * address dependency of fa_chunk_hint().
	 */
	smp_store_release(&chunks->hint, chunk);
}

/* Call with the pool's lock held. */
void fa_chunk_insert(struct fa_chunks *chunks, struct fa_chunk *chunk)
{
	latch_tree_insert(&chunk->all, &chunks->tree, &fa_chunk_ops);
	if (chunk->count > chunks->hint->count)
		fa_chunk_set_hint(chunks, chunk);
	chunks->nr++;
	chunks->nr_from[chunk->origin]++;
	WRITE_ONCE(chunks->objects, chunks->objects + chunk->count);
}

/* Call with the pool's lock held. Readers may use the chunk for an RCU grace period. */
void fa_chunk_erase(struct fa_chunks *chunks, struct fa_chunk *chunk)
{
	latch_tree_erase(&chunk->all, &chunks->tree, &fa_chunk_ops);
	/* Not the largest of the others, as a search would take long with interrupts off. */
	if (chunks->hint == chunk)
		fa_chunk_set_hint(chunks, fa_chunk_first(chunks) ?: &fa_no_chunk);
	chunks->nr--;
	chunks->nr_from[chunk->origin]--;
	WRITE_ONCE(chunks->objects, chunks->objects - chunk->count);
}

/* As fa_chunk_find(), in the tree. Any context, as it is a latch tree. */
struct fa_chunk *fa_chunk_search(struct fa_chunks *chunks, const void *obj)
{
	struct latch_tree_node *n;

	n = latch_tree_find((void *)obj, &chunks->tree, &fa_chunk_ops);
	return n ? fa_chunk_of(n) : NULL;
}
