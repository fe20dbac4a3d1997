/* SPDX-License-Identifier: GPL-2.0 */
/* Creation and destruction of chunks: see chunk_alloc.c. */
#ifndef FASTALLOC_CHUNK_ALLOC_H
#define FASTALLOC_CHUNK_ALLOC_H

#include <linux/gfp.h>
#include <linux/types.h>

struct fa_chunk;
struct fastalloc_pool;

unsigned long fa_chunk_max_objects(const struct fastalloc_pool *pool);
unsigned long fa_chunk_round(const struct fastalloc_pool *pool, unsigned long objects,
			     unsigned long most);
struct fa_chunk *fa_chunk_create(struct fastalloc_pool *pool, unsigned long want,
				 unsigned long least, gfp_t gfp);
void fa_chunk_destroy(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
size_t fa_chunk_array(const struct fa_chunk *chunk);
void fa_chunk_unshuffle(struct fastalloc_pool *pool, struct fa_chunk *chunk);
void fa_chunk_charge(struct fastalloc_pool *pool, const struct fa_chunk *chunk, int sign);

#endif /* FASTALLOC_CHUNK_ALLOC_H */
