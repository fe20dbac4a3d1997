/* SPDX-License-Identifier: GPL-2.0 */
/* When and how a pool grows: see refill.c. */
#ifndef FASTALLOC_REFILL_H
#define FASTALLOC_REFILL_H

#include <linux/atomic.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "growth.h"

struct fa_chunk;
struct lock_class_key;

/* The default low-water mark. A pool that is 90 per cent used does not grow. */
#define FA_LOW_WATER(capacity)	max((capacity) / 32, 1UL)

/**
 * struct fa_refill - growth that is requested, planned or under way
 * @here: objects that growth in place adds; 0: no growth in place
 * @planned: objects of the pool, and those that growth is about to add; under the pool's
 *	lock, in all pools
 * @low_water: the low-water mark at a capacity of @low_base
 * @low_base: see @low_water
 * @low_mark: the mark at the present capacity: with fewer free objects the pool should grow
 * @pending: a chunk that the worker has posted to the owner of a NONE pool. Both store it
 *	with release and read it with acquire.
 * @stalled: the worker could not grow the pool: it is not kicked at the mark
 * @wanted: objects that a caller that may not sleep lacked, for the worker
 * @wanted_run: likewise, adjacent objects
 * @grows: number of growths; under the pool's lock
 * @grows_atomic: growths in place, by callers that may not sleep; part of @grows
 * @failures: number of failed growths
 * @grower: the worker, for callers that may not sleep
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
void fa_unplan(struct fastalloc_pool *pool, unsigned long unused);
long fa_pool_add(struct fastalloc_pool *pool, unsigned long want, unsigned long least,
		 gfp_t gfp, bool post);
bool fa_pool_refill(struct fastalloc_pool *pool, gfp_t gfp, unsigned long nr,
		    bool contig, unsigned int tries, unsigned long ip);
unsigned long fa_pool_room(struct fastalloc_pool *pool);

#endif /* FASTALLOC_REFILL_H */
