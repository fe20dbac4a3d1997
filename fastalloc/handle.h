/* SPDX-License-Identifier: GPL-2.0 */
/* References, weak handles and indices of objects: see handle.c. */
#ifndef FASTALLOC_HANDLE_H
#define FASTALLOC_HANDLE_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/rbtree_latch.h>
#include <linux/types.h>

struct fa_chunk;
struct fastalloc_pool;

/* The word of a slot: a generation above this many bits of references. */
#define FA_REF_BITS	31

/* The mask of the references; this value means saturated. */
#define FA_REFS_MAX	((1ULL << FA_REF_BITS) - 1)

/**
 * struct fa_mix - the secret of a pool's handles
 * @by: odd random factors
 * @back: their inverses modulo 2^64
 */
struct fa_mix {
	u64	by[2];
	u64	back[2];
};

/*
 * Mixes @raw, a generation above an index, into the handle that users see. This is a
 * permutation of 64 bits that maps 0 to 0. It is not cryptography: the factors can be
 * computed from many handles.
 */
static inline u64 fa_mix(const struct fa_mix *m, u64 raw)
{
	raw *= m->by[0];
	raw ^= raw >> 32;
	raw *= m->by[1];
	return raw ^ raw >> 32;
}

static inline u64 fa_unmix(const struct fa_mix *m, u64 v)
{
	v ^= v >> 32;
	v *= m->back[1];
	v ^= v >> 32;
	return v * m->back[0];
}

/**
 * struct fa_range - a range of indices of objects
 * @node: in &fa_handles.ranges, by @base, while no chunk uses the range
 * @dead: in a list of ranges to free
 * @base: first index
 * @count: number of indices
 * @floor: first generation of slots with these indices
 */
struct fa_range {
	union {
		struct rb_node		node;
		struct list_head	dead;
	};
	u32			base;
	u32			count;
	u64			floor;
};

/**
 * struct fa_handles - lookup of objects by index and handle
 * @on: objects have references and weak handles
 * @indexed: objects have indices: with handles, or %FASTALLOC_F_INDEX
 * @mix: the secret of the handles
 * @index: chunks by the indices of their objects
 * @ranges: index ranges of destroyed chunks; under the pool's lock in all pools, as
 *	@index_end
 * @index_end: no chunk has ever had this index or a higher one
 */
struct fa_handles {
	bool			on;
	bool			indexed;
	struct fa_mix		mix;
	struct latch_tree_root	index;
	struct rb_root_cached	ranges;
	unsigned long		index_end;
};

void fa_handle_pool_init(struct fastalloc_pool *pool);
void fa_handle_pool_exit(struct fastalloc_pool *pool);
int fa_handle_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
void fa_handle_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
size_t fa_handle_overhead(const struct fa_chunk *chunk);
void fa_handle_attach(struct fastalloc_pool *pool, struct fa_chunk *chunk);
void fa_handle_attach_locked(struct fastalloc_pool *pool, struct fa_chunk *chunk);
void fa_handle_detach(struct fastalloc_pool *pool, struct fa_chunk *chunk);
struct fa_chunk *fa_chunk_with_index(struct fastalloc_pool *pool, u32 index);
void fa_handle_alloc(struct fastalloc_pool *pool, void *obj);
bool fa_handle_drop_word(struct fastalloc_pool *pool, void *obj, struct fa_chunk *chunk,
			 atomic64_t *word, s64 old, bool put);
bool fa_handle_drop(struct fastalloc_pool *pool, void *obj, bool put);

#endif /* FASTALLOC_HANDLE_H */
