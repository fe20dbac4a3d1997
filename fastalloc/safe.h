/* SPDX-License-Identifier: GPL-2.0 */
/* The fast path of PERCPU pools with handles or check F: see safe.c. */
#ifndef FASTALLOC_SAFE_H
#define FASTALLOC_SAFE_H

#include <linux/gfp.h>

struct fastalloc_pool;

void *fa_alloc_safe(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip);
void fa_free_safe(struct fastalloc_pool *pool, void *obj, unsigned long ip);
void fa_put_safe(struct fastalloc_pool *pool, void *obj, unsigned long ip);

#endif /* FASTALLOC_SAFE_H */
