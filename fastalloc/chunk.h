/* SPDX-License-Identifier: GPL-2.0 */
/* Chunks, and the mapping between an object, its chunk and its index: see chunk.c. */
#ifndef FASTALLOC_CHUNK_H
#define FASTALLOC_CHUNK_H

#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/preempt.h>
#include <linux/rbtree.h>
#include <linux/rbtree_latch.h>

#include "bitmap.h"
#include "deque.h"
#include "mem.h"

struct fa_link_block;
struct fa_range;
struct fa_track;

/**
 * struct fa_chunk - one contiguous piece of backing memory
 * @mem: address of the first object; what lookups read comes first, in one cache line
 * @end: end of the last object
 * @count: number of objects
 * @base: index of the first object, as in @range; without one, as events show it
 * @word: generation and references of each object, with %FASTALLOC_F_HANDLES
 * @out: allocated objects, in a pool with checks
 * @all: in &fa_chunks.tree, by address
 * @origin: allocator of @mem
 * @avail: in &fa_central.avail while @nfree is not 0, of order LOWEST
 * @bytes: size of the memory
 * @unused: LIFO, FIFO: objects from this index on were never allocated
 * @list: in &fa_central.unused while it has such objects, or in a list of chunks to destroy
 * @nfree: free objects, of order LOWEST; else those that trim has found
 * @first: added at creation of the pool
 * @ready: attached, so trim may remove it; under the pool's lock
 * @seen: was @ready when trim began
 * @isolated: trim keeps its free objects
 * @keep: never free its memory, as some of its objects are allocated
 * @born: when it was created, in jiffies
 * @looks: readers of debugfs, and walks, that look at its objects, so trim leaves it alone;
 *	under grow_lock
 * @map: allocated objects, of order LOWEST; else free ones that trim, or destroy, has found.
 *	Allocated with the chunk, so that trim and destroy need no memory.
 * @segs: segments that come with the chunk, until it is attached
 * @shuffled: indices in the order in which objects are allocated first; NULL: ascending. It
 *	is freed when the chunk is attached. If the owner of a NONE pool attaches the chunk, it
 *	is freed with the chunk.
 * @link: PERCPU: links of its objects, see links.c
 * @only_link: @link points here if there is one block
 * @leak: objects that kmemleak knows, if the kernel has it
 * @track: last allocation and last free of each object, with %FASTALLOC_F_OWNER
 * @index: in &fa_handles.index, by @range
 * @range: indices of its objects, with %FASTALLOC_F_HANDLES or %FASTALLOC_F_INDEX
 * @gen_wrapped: a generation has wrapped around to 1
 */
struct fa_chunk {
	void			*mem;
	void			*end;
	unsigned int		count;
	u32			base;
	atomic64_t		*word;
	unsigned long		*out;
	struct latch_tree_node	all;
	struct rb_node		avail;
	enum fa_origin		origin;
	size_t			bytes;
	unsigned int		unused;
	struct list_head	list;
	unsigned int		nfree;
	bool			first;
	bool			ready;
	bool			seen;
	bool			isolated;
	bool			keep;
	unsigned long		born;
	unsigned int		looks;
	struct fa_bitmap	map;
	struct fa_segs		segs;
	struct fa_track		*track;
	u32			*shuffled;
	struct fa_link_block	**link;
	struct fa_link_block	*only_link;
	unsigned long		*leak;
	struct latch_tree_node	index;
	struct fa_range		*range;
	bool			gen_wrapped;
};

/**
 * struct fa_chunks - the chunks of a pool; written under the pool's lock
 * @tree: all chunks, by address
 * @nr: number of chunks
 * @nr_from: number of chunks by enum fa_origin
 * @objects: number of objects of all chunks
 * @stride: distance of adjacent objects; constant, like @stride_shift
 * @stride_shift: log2 of @stride, or -1 if it is not a power of two
 * @hint: the chunk to look at before the tree; one without objects if there is none.
 *	Readers without the lock are RCU readers, as those of the tree.
 * @inverse: inverse of the odd part of @stride modulo 2^BITS_PER_LONG; constant
 * @twos: how often 2 divides @stride; constant
 */
struct fa_chunks {
	struct latch_tree_root	tree;
	unsigned long		nr;
	unsigned long		nr_from[FA_ORIGINS];
	unsigned long		objects;
	size_t			stride;
	int			stride_shift;
	struct fa_chunk		*hint;
	unsigned long		inverse;
	unsigned int		twos;
};

u64 fa_inverse(u64 odd);

void fa_chunks_init(struct fa_chunks *chunks, size_t stride);
void fa_chunk_insert(struct fa_chunks *chunks, struct fa_chunk *chunk);
void fa_chunk_erase(struct fa_chunks *chunks, struct fa_chunk *chunk);
struct fa_chunk *fa_chunk_search(struct fa_chunks *chunks, const void *obj);

static inline struct fa_chunk *fa_chunk_of(struct latch_tree_node *n)
{
	return container_of(n, struct fa_chunk, all);
}

/* Chunks by address; NULL at the end. Call with the lock held, or without concurrency. */
static inline struct fa_chunk *fa_chunk_or_null(struct rb_node *n)
{
	return n ? container_of(n, struct fa_chunk, all.node[0]) : NULL;
}

static inline struct fa_chunk *fa_chunk_first(const struct fa_chunks *chunks)
{
	return fa_chunk_or_null(rb_first(&chunks->tree.tree[0]));
}

static inline struct fa_chunk *fa_chunk_last(const struct fa_chunks *chunks)
{
	return fa_chunk_or_null(rb_last(&chunks->tree.tree[0]));
}

static inline struct fa_chunk *fa_chunk_next(const struct fa_chunk *chunk)
{
	return fa_chunk_or_null(rb_next(&chunk->all.node[0]));
}

static inline struct fa_chunk *fa_chunk_prev(const struct fa_chunk *chunk)
{
	return fa_chunk_or_null(rb_prev(&chunk->all.node[0]));
}

static inline void *fa_chunk_obj(const struct fa_chunks *chunks,
				 const struct fa_chunk *chunk, unsigned int i)
{
	return chunk->mem + i * chunks->stride;
}

/* The @i-th object to be allocated from a chunk that is being attached. */
static inline void *fa_chunk_new_obj(const struct fa_chunks *chunks,
				     const struct fa_chunk *chunk, unsigned int i)
{
	return fa_chunk_obj(chunks, chunk, chunk->shuffled ? chunk->shuffled[i] : i);
}

static inline unsigned int fa_chunk_index(const struct fa_chunks *chunks,
					  const struct fa_chunk *chunk, const void *obj)
{
	unsigned long off = obj - chunk->mem;

	return chunks->stride_shift >= 0 ? off >> chunks->stride_shift :
					   off / chunks->stride;
}

/*
 * The index of the object that begins at @obj; chunk->count or more if the chunk has none
 * there, wherever @obj points to.
 *
 * The stride is odd * 2^twos, and inverse * odd is 1 modulo 2^BITS_PER_LONG. Multiplication
 * by the inverse maps i * stride to i * 2^twos, which the rotation maps to i. This holds for
 * all i of a chunk, as i * stride does not overflow. Both steps are permutations, so no other
 * offset, negative ones included, is mapped to the index of an object.
 */
static __always_inline unsigned long fa_chunk_slot(const struct fa_chunks *chunks,
						   const struct fa_chunk *chunk,
						   const void *obj)
{
	unsigned long x = (unsigned long)(obj - chunk->mem) * chunks->inverse;

	return x >> chunks->twos | x << (-chunks->twos & (BITS_PER_LONG - 1));
}

/*
 * The number of a slot in the pool, as trace events show it. Without indices, the numbers of
 * chunks that are gone are not used again, so they may exceed 31 bits.
 */
static inline int fa_chunk_number(const struct fa_chunk *chunk, unsigned long slot)
{
	return (chunk->base + slot) & INT_MAX;
}

/* Whether @obj is the start of an object of the chunk. */
static inline bool fa_chunk_begins(const struct fa_chunks *chunks,
				   const struct fa_chunk *chunk, const void *obj)
{
	return fa_chunk_slot(chunks, chunk, obj) < chunk->count;
}

/*
 * Where most objects are: in a pool with one chunk, that one. The address dependency orders
 * this read before those of the chunk; it pairs with the smp_store_release() in
 * fa_chunk_set_hint().
 */
static __always_inline struct fa_chunk *fa_chunk_hint(const struct fa_chunks *chunks)
{
	return READ_ONCE(chunks->hint);
}

/*
 * The chunk that contains @obj, or NULL. Any context. The chunk stays while the lock or
 * grow_lock is held, and for RCU readers of a pool with ->rcu or of sync PERCPU.
 */
static inline struct fa_chunk *fa_chunk_find(struct fa_chunks *chunks, const void *obj)
{
	struct fa_chunk *chunk = fa_chunk_hint(chunks);

	if (likely(obj >= chunk->mem && obj < chunk->end))
		return chunk;
	return fa_chunk_search(chunks, obj);
}

/*
 * Around lookups without the lock: an RCU read-side critical section. synchronize_rcu() also
 * waits for code that has preemption off. That costs less than rcu_read_lock(), which is a
 * call where readers may be preempted.
 */
static __always_inline void fa_chunk_read_lock(void)
{
	preempt_disable();
}

static __always_inline void fa_chunk_read_unlock(void)
{
	preempt_enable();
}

#endif /* FASTALLOC_CHUNK_H */
