// SPDX-License-Identifier: GPL-2.0
/* The set of chunks, and the lookup of the chunk of an object. Nothing here knows of pools. */
#include <linux/log2.h>
#include <linux/slab.h>

#include "chunk.h"

void fa_chunks_init(struct fa_chunks *chunks, size_t stride)
{
	seqcount_latch_init(&chunks->tree.seq);
	chunks->stride = stride;
	chunks->stride_shift = is_power_of_2(stride) ? ilog2(stride) : -1;
}

/* The chunk is attached, so the order is no longer needed. */
void fa_chunk_unshuffle(struct fa_chunk *chunk)
{
	kvfree(chunk->shuffled);
	chunk->shuffled = NULL;
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

/* Call with the pool's lock held. */
void fa_chunk_insert(struct fa_chunks *chunks, struct fa_chunk *chunk)
{
	latch_tree_insert(&chunk->all, &chunks->tree, &fa_chunk_ops);
	chunks->nr++;
	chunks->nr_from[chunk->origin]++;
	WRITE_ONCE(chunks->objects, chunks->objects + chunk->count);
}

/* Call with the pool's lock held. Readers may use the chunk for an RCU grace period. */
void fa_chunk_erase(struct fa_chunks *chunks, struct fa_chunk *chunk)
{
	latch_tree_erase(&chunk->all, &chunks->tree, &fa_chunk_ops);
	chunks->nr--;
	chunks->nr_from[chunk->origin]--;
	WRITE_ONCE(chunks->objects, chunks->objects - chunk->count);
}

/*
 * The chunk that contains @obj, or NULL. Any context, as the tree is a latch tree. The
 * chunk stays while the lock or grow_lock is held, and for RCU readers of a pool with
 * ->rcu.
 */
struct fa_chunk *fa_chunk_find(struct fa_chunks *chunks, const void *obj)
{
	struct latch_tree_node *n;

	n = latch_tree_find((void *)obj, &chunks->tree, &fa_chunk_ops);
	return n ? fa_chunk_of(n) : NULL;
}
