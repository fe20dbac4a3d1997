/* SPDX-License-Identifier: GPL-2.0 */
/* The shrinker: see shrinker.c. */
#ifndef FASTALLOC_SHRINKER_H
#define FASTALLOC_SHRINKER_H

struct fastalloc_pool;

int fa_shrinker_add(struct fastalloc_pool *pool);

#endif /* FASTALLOC_SHRINKER_H */
