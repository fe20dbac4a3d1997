/* SPDX-License-Identifier: GPL-2.0 */
/* The order LOWEST: see lowest.c. */
#ifndef FASTALLOC_LOWEST_H
#define FASTALLOC_LOWEST_H

struct fa_chunk;
struct fastalloc_pool;
struct rb_node;

void fa_lowest_add(struct fastalloc_pool *pool, struct fa_chunk *chunk);
void *fa_lowest_pop(struct fastalloc_pool *pool);
const char *fa_lowest_check(struct fastalloc_pool *pool, struct fa_chunk *chunk, void *obj,
			    unsigned int nr);
const char *fa_lowest_push(struct fastalloc_pool *pool, void *obj, unsigned int nr);
void *fa_lowest_run(struct fastalloc_pool *pool, unsigned int nr, struct rb_node **n);
struct rb_node *fa_lowest_from(struct fastalloc_pool *pool, const void *mem);

#endif /* FASTALLOC_LOWEST_H */
