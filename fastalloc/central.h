/* SPDX-License-Identifier: GPL-2.0 */
/* Pools with one list of free objects, of sync SPINLOCK and NONE: see central.c. */
#ifndef FASTALLOC_CENTRAL_H
#define FASTALLOC_CENTRAL_H

#include <linux/fastalloc.h>
#include <linux/list.h>
#include <linux/rbtree.h>

#include "deque.h"

struct fa_chunk;
struct fa_pool_ops;

/**
 * struct fa_central - the free objects
 * @window: the window on the tail of @dq, or NULL: that of &fastalloc_head (NONE), or
 *	@locked (SPINLOCK)
 * @locked: the window for lock holders
 * @next_threshold: number of allocated objects at which an allocation must update the peak
 *	and check @grow_at
 * @grow_at: number of allocated objects at which the pool should grow
 * @dq: free objects that were allocated before (LIFO, FIFO)
 * @unused: chunks with objects that were never allocated (LIFO, FIFO)
 * @nr_unused: number of objects that were never allocated
 * @avail: chunks with free objects, by address (LOWEST)
 * @seg_slots: slots of a segment of @dq
 *
 * All under the pool's lock.
 */
struct fa_central {
	struct fastalloc_window	locked;
	struct fastalloc_window	*window;
	unsigned long		next_threshold;
	struct fa_deque		dq;
	struct list_head	unused;
	unsigned long		nr_unused;
	struct rb_root_cached	avail;
	unsigned long		grow_at;
	u32			seg_slots;
};

extern const struct fa_pool_ops fa_central_ops;

void fa_window_settle(struct fastalloc_pool *pool);
void fa_window_open(struct fastalloc_pool *pool);
void fa_window_init(struct fastalloc_pool *pool);
void fa_window_close(struct fastalloc_pool *pool);
void *fa_central_alloc_locked(struct fastalloc_pool *pool, unsigned long flags)
	__releases(&pool->lock);
void fa_central_free_locked(struct fastalloc_pool *pool, void *obj, unsigned long flags)
	__releases(&pool->lock);
void *fa_central_alloc(struct fastalloc_pool *pool);
void fa_central_free(struct fastalloc_pool *pool, void *obj);
unsigned int fa_central_alloc_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs,
				   bool some);
void fa_central_free_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs);
void *fa_central_alloc_contig(struct fastalloc_pool *pool, unsigned int nr);
bool fa_central_may_free(struct fastalloc_pool *pool, void *obj, unsigned int nr);
void fa_central_free_contig(struct fastalloc_pool *pool, void *obj, unsigned int nr);
int fa_central_reserve(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
bool fa_central_adopt(struct fastalloc_pool *pool);

#endif /* FASTALLOC_CENTRAL_H */
