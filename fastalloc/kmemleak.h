/* SPDX-License-Identifier: GPL-2.0 */
/* Objects that kmemleak tracks, if the kernel has it: see kmemleak.c. */
#ifndef FASTALLOC_KMEMLEAK_H
#define FASTALLOC_KMEMLEAK_H

#include <linux/gfp.h>

struct fa_chunk;
struct fastalloc_pool;

int fa_kmemleak_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
void fa_kmemleak_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
void fa_kmemleak_alloc(struct fastalloc_pool *pool, const void *obj, gfp_t gfp);
void fa_kmemleak_free(struct fastalloc_pool *pool, const void *obj);

#endif /* FASTALLOC_KMEMLEAK_H */
