/* SPDX-License-Identifier: GPL-2.0 */
/* The list of pools: see pools.c. */
#ifndef FASTALLOC_POOLS_H
#define FASTALLOC_POOLS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/types.h>

struct fastalloc_pool;

extern struct mutex fa_pools_lock;
extern struct list_head fa_pools;
extern struct list_head fa_dead_pools;

/**
 * struct fa_pools_look - how far the reader of a file about all pools is
 * @last: id of the pool before
 * @dead: all pools that are not destroyed are done
 * @pos: position of the pool that comes next
 */
struct fa_pools_look {
	u64	last;
	bool	dead;
	loff_t	pos;
};

void *fa_pools_seq_start(struct seq_file *m, loff_t *pos);
void *fa_pools_seq_next(struct seq_file *m, void *v, loff_t *pos);
void fa_pools_seq_stop(struct seq_file *m, void *v);
const char *fa_pools_state(const struct fastalloc_pool *pool);

int fa_pools_add(struct fastalloc_pool *pool);
void fa_pools_publish(struct fastalloc_pool *pool);
void fa_pools_del(struct fastalloc_pool *pool);
void fa_dead_add(struct fastalloc_pool *pool);
void fa_dead_del(struct fastalloc_pool *pool);

#endif /* FASTALLOC_POOLS_H */
