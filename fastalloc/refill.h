/* SPDX-License-Identifier: GPL-2.0 */
/* Who grows a pool, and when: see refill.c. */
#ifndef FASTALLOC_REFILL_H
#define FASTALLOC_REFILL_H

#include <linux/atomic.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "growth.h"

struct fa_chunk;
struct lock_class_key;

/* The default low-water mark: a pool that is 90 per cent used does not grow. */
#define FA_LOW_WATER(capacity)	max((capacity) / 32, 1UL)

/**
 * struct fa_refill - growth that is asked for, planned and under way
 * @here: objects that growth in place adds; 0: the pool does not grow in place
 * @planned: objects there are, with those that growth is about to add; under the pool's
 *	lock, in all pools
 * @low_water: the low-water mark, at a capacity of @low_base; written as @low_mark
 * @low_base: see @low_water
 * @low_mark: the mark at the present capacity: with fewer free objects the pool should grow
 * @pending: a chunk that the worker made for a pool of sync NONE; its owner adopts it.
 *	Stored by either with release, read with acquire.
 * @stalled: the worker could not grow the pool: it is not asked again at the mark
 * @wanted: objects that a caller who may not sleep lacked, for the worker
 * @wanted_run: likewise, neighbours
 * @grows: growths that added objects; under the pool's lock
 * @grows_atomic: those of them in place, by callers who may not sleep
 * @failures: growths that failed
 * @grower: the worker, for callers who may not sleep
 */
struct fa_refill {
	unsigned int		here;
	bool			stalled;
	unsigned long		planned;
	unsigned long		low_water;
	unsigned long		low_base;
	unsigned long		low_mark;
	struct fa_chunk		*pending;
	unsigned long		wanted;
	unsigned long		wanted_run;
	u64			grows;
	u64			grows_atomic;
	atomic_long_t		failures;
	struct fa_grower	grower;
};

void fa_refill_init(struct fastalloc_pool *pool, struct lock_class_key *key);
long fa_pool_add(struct fastalloc_pool *pool, unsigned long want, unsigned long least,
		 gfp_t gfp, bool post);
bool fa_pool_refill(struct fastalloc_pool *pool, gfp_t gfp, unsigned long nr,
		    bool contig, unsigned int tries);
unsigned long fa_pool_room(struct fastalloc_pool *pool);

#endif /* FASTALLOC_REFILL_H */
