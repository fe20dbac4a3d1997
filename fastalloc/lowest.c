// SPDX-License-Identifier: GPL-2.0
/*
 * The order LOWEST: each chunk has a bitmap of its objects, and chunks with free objects are
 * in a tree by address. All under the pool's lock.
 */
#include <linux/rbtree.h>

#include "bitmap.h"
#include "lowest.h"
#include "pool.h"

/* Chunks to search for a run while the lock is held. */
#define FA_RUN_LOOK	16

static bool fa_lowest_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct fa_chunk, avail)->mem <
	       rb_entry(b, struct fa_chunk, avail)->mem;
}

/* A chunk that is being attached, all of whose objects are free. */
void fa_lowest_add(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	rb_add_cached(&chunk->avail, &pool->central.avail, fa_lowest_less);
}

static void fa_lowest_took(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			   unsigned int nr)
{
	chunk->nfree -= nr;
	if (!chunk->nfree)
		rb_erase_cached(&chunk->avail, &pool->central.avail);
}

void *fa_lowest_pop(struct fastalloc_pool *pool)
{
	struct rb_node *n = rb_first_cached(&pool->central.avail);
	struct fa_chunk *chunk;
	unsigned int i;

	if (!n)
		return NULL;
	chunk = rb_entry(n, struct fa_chunk, avail);
	i = fa_bitmap_take_lowest(&chunk->map);
	fa_lowest_took(pool, chunk, 1);
	return fa_chunk_obj(&pool->chunks, chunk, i);
}

/* Returns NULL, or the reason why the run cannot be freed. */
const char *fa_lowest_check(struct fastalloc_pool *pool, struct fa_chunk *chunk, void *obj,
			    unsigned int nr)
{
	unsigned int i;

	if (!chunk)
		return "not an object of this pool";
	i = fa_chunk_index(&pool->chunks, chunk, obj);
	if (fa_chunk_obj(&pool->chunks, chunk, i) != obj)
		return "not the start of an object";
	if (nr > chunk->count - i)
		return "more objects than the chunk has";
	if (!fa_bitmap_run_taken(&chunk->map, i, nr))
		return "already free";
	return NULL;
}

const char *fa_lowest_push(struct fastalloc_pool *pool, void *obj, unsigned int nr)
{
	struct fa_chunk *chunk = fa_chunk_find(&pool->chunks, obj);
	const char *why = fa_lowest_check(pool, chunk, obj, nr);
	unsigned int i;

	if (why)
		return why;
	i = fa_chunk_index(&pool->chunks, chunk, obj);
	if (nr == 1)
		fa_bitmap_clear(&chunk->map, i);
	else
		fa_bitmap_put_run(&chunk->map, i, nr);
	if (!chunk->nfree)
		rb_add_cached(&chunk->avail, &pool->central.avail, fa_lowest_less);
	chunk->nfree += nr;
	return NULL;
}

/*
 * The lowest run of @nr adjacent objects in the chunks from @n on. Searches at most
 * FA_RUN_LOOK chunks, and sets @n to the next one to search. The lock is held.
 */
void *fa_lowest_run(struct fastalloc_pool *pool, unsigned int nr, struct rb_node **n)
{
	struct fa_chunk *chunk;
	unsigned int i, look;

	for (look = FA_RUN_LOOK; *n && look; look--, *n = rb_next(*n)) {
		chunk = rb_entry(*n, struct fa_chunk, avail);
		if (chunk->nfree < nr)
			continue;
		i = fa_bitmap_take_run(&chunk->map, nr);
		if (i >= chunk->count)
			continue;
		fa_lowest_took(pool, chunk, nr);
		return fa_chunk_obj(&pool->chunks, chunk, i);
	}
	return NULL;
}

/* The first chunk with free objects at or above @mem. */
struct rb_node *fa_lowest_from(struct fastalloc_pool *pool, const void *mem)
{
	struct rb_node *n = pool->central.avail.rb_root.rb_node, *found = NULL;

	while (n) {
		if (rb_entry(n, struct fa_chunk, avail)->mem < mem) {
			n = n->rb_right;
		} else {
			found = n;
			n = n->rb_left;
		}
	}
	return found;
}
