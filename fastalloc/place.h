/* SPDX-License-Identifier: GPL-2.0 */
/* Which shards of the depot a CPU and a chunk use: see place.c. */
#ifndef FASTALLOC_PLACE_H
#define FASTALLOC_PLACE_H

struct fa_chunk;
struct fa_shard;
struct fastalloc_pool;

unsigned int fa_place_shards(const struct fastalloc_pool *pool);
void fa_place_cpus(struct fastalloc_pool *pool);
int fa_chunk_node(const struct fa_chunk *chunk);
const struct fa_shard *fa_place_chunk(const struct fastalloc_pool *pool,
				      const struct fa_chunk *chunk);

#endif /* FASTALLOC_PLACE_H */
