/* SPDX-License-Identifier: GPL-2.0 */
/* The list of pools: see pools.c. */
#ifndef FASTALLOC_POOLS_H
#define FASTALLOC_POOLS_H

#include <linux/list.h>
#include <linux/mutex.h>

struct fastalloc_pool;

extern struct mutex fa_pools_lock;
extern struct list_head fa_pools;

int fa_pools_add(struct fastalloc_pool *pool);
void fa_pools_publish(struct fastalloc_pool *pool);
void fa_pools_del(struct fastalloc_pool *pool);

#endif /* FASTALLOC_POOLS_H */
