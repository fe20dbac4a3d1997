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
 * struct fa_central - free objects, and when to look after more than these
 * @window: on the tail of @dq, if there is one: for the owner in &fastalloc_head (NONE), or
 *	@locked (SPINLOCK)
 * @locked: the window for those who hold the lock
 * @next_threshold: with this many objects out an allocation must look at the peak and at
 *	@grow_at
 * @grow_at: with this many objects out the pool should grow
 * @dq: free objects that were out before (LIFO, FIFO)
 * @unused: chunks with objects that were never out (LIFO, FIFO)
 * @nr_unused: such objects
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
