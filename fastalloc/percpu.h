/* SPDX-License-Identifier: GPL-2.0 */
/* Pools of sync PERCPU, with a cache on every CPU: see percpu.c. */
#ifndef FASTALLOC_PERCPU_H
#define FASTALLOC_PERCPU_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/fastalloc.h>
#include <linux/mutex.h>

#include "depot.h"

struct fa_pool_ops;

/* A magazine id is a block number of 10 bits and an index in the block of 22 bits. */
#define FA_MAG_BLOCK_SHIFT	22
#define FA_MAG_BLOCK_MASK	((1U << FA_MAG_BLOCK_SHIFT) - 1)
#define FA_MAG_BLOCKS		(1U << (32 - FA_MAG_BLOCK_SHIFT))

/*
 * Number of blocks in struct fa_mags itself and in each further table, and number of blocks
 * that growth in place leaves to the worker.
 */
#define FA_MAG_TABLE		64U

/**
 * struct fa_mags - all magazines of a pool
 * @nr: magazines that are on their stacks or in use
 * @bytes: memory of all magazines
 * @mag_bytes: size of a magazine
 * @nr_blocks: number of blocks; under the pool's lock, as @nr and @bytes
 * @block: the first blocks; freed when the pool is destroyed
 * @more: tables of further blocks, allocated on demand
 */
struct fa_mags {
	unsigned long	nr;
	size_t		bytes;
	u32		mag_bytes;
	u32		nr_blocks;
	void		*block[FA_MAG_TABLE];
	void		**more[FA_MAG_BLOCKS / FA_MAG_TABLE - 1];
};

/**
 * struct fa_percpu - the CPUs' caches and the depot
 * @cache: the caches; the pool's head shows a bypass cache instead unless the path is
 *	%FA_PATH_CACHE
 * @magazine: slots of a magazine
 * @exact: the capacity is also a ceiling: %FASTALLOC_F_EXACT
 * @exact_out: with @exact: objects that are allocated, or about to be
 * @mags: all magazines
 * @resets: number of resets of the statistics; under the pool's lock
 * @stats_base: the CPUs' counters at the last reset; under the pool's lock
 * @full: full magazines of the depot
 * @nfull: unclaimed magazines on @full and @scanned; growth adds its own when it completes
 * @min_full: minimum of @nfull in the current epoch; the upper bits hold the epoch. A new
 *	epoch begins when the capacity changes, or on a reset.
 * @low_full: below this number of full magazines the pool should grow
 * @partial: magazines with some objects; there are only a few
 * @empty: magazines without objects
 * @scanned: full magazines that trim has scanned
 * @shut_lock: guards @shutters, and serializes shutting and opening the caches
 * @shutters: tasks that want the caches shut for frees; the worker of a deferred destroy
 *	never opens them again
 */
struct fa_percpu {
	struct fastalloc_cache __percpu *cache;
	unsigned int		magazine;
	bool			exact;
	atomic_long_t		exact_out;
	struct fa_mags		mags;
	unsigned int		resets;
	struct fastalloc_stats	stats_base;

	struct fa_stack		full ____cacheline_aligned_in_smp;
	atomic_long_t		nfull;
	atomic_long_t		min_full;
	long			low_full;
	struct fa_stack		partial ____cacheline_aligned_in_smp;
	struct fa_stack		empty ____cacheline_aligned_in_smp;
	struct fa_stack		scanned;

	struct mutex		shut_lock;	/* guards @shutters */
	unsigned int		shutters;
};

extern const struct fa_pool_ops fa_percpu_ops;

int fa_percpu_module_init(void);
void fa_percpu_module_exit(void);
struct fastalloc_cache __percpu *fa_bypass_cache(void);
void *fa_cache_alloc(struct fastalloc_pool *pool, struct fastalloc_cache *c, u32 n);
void fa_cache_free(struct fastalloc_pool *pool, struct fastalloc_cache *c, void *obj, u32 n);
bool fa_percpu_alloc_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs);
unsigned int fa_percpu_alloc_some(struct fastalloc_pool *pool, unsigned int nr, void **objs);
void fa_percpu_free_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs);
unsigned long fa_percpu_peak(struct fastalloc_pool *pool);
void fa_percpu_new_epoch(struct fastalloc_pool *pool);

/* percpu_stats.c */
unsigned long fa_percpu_in_use(struct fastalloc_pool *pool);
unsigned long fa_percpu_frees(struct fastalloc_pool *pool);
void fa_percpu_stats(struct fastalloc_pool *pool, struct fastalloc_stats *stats);
void fa_percpu_reset(struct fastalloc_pool *pool);

#endif /* FASTALLOC_PERCPU_H */
