/* SPDX-License-Identifier: GPL-2.0 */
/* Pools with a cache on every CPU, of sync PERCPU: see percpu.c. */
#ifndef FASTALLOC_PERCPU_H
#define FASTALLOC_PERCPU_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/fastalloc.h>
#include <linux/mutex.h>

#include "depot.h"

struct fa_pool_ops;

/* An id names block and place in it: 10 and 22 bits. */
#define FA_MAG_BLOCK_SHIFT	22
#define FA_MAG_BLOCK_MASK	((1U << FA_MAG_BLOCK_SHIFT) - 1)
#define FA_MAG_BLOCKS		(1U << (32 - FA_MAG_BLOCK_SHIFT))

/* Blocks in struct fa_mags itself, in each further table, and not for growth in place. */
#define FA_MAG_TABLE		64U

/**
 * struct fa_mags - all magazines of a pool
 * @nr: magazines that are on their stacks or in use
 * @bytes: their memory
 * @mag_bytes: size of one
 * @nr_blocks: blocks; under the pool's lock, as @nr and @bytes
 * @block: the first blocks. Their memory stays until the pool is destroyed.
 * @more: tables of further blocks, made when they are needed
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
 * struct fa_percpu - the CPUs' caches, and the depot behind them
 * @cache: the caches; not the ones that the pool's head shows, unless its path is
 *	%FA_PATH_CACHE
 * @magazine: slots of a magazine
 * @exact: the capacity is a ceiling, too: %FASTALLOC_F_EXACT
 * @exact_out: with @exact, objects that are out, or about to be
 * @mags: all magazines
 * @resets: resets of the statistics; under the pool's lock
 * @stats_base: where the CPUs' counters stood at the last reset; under the pool's lock
 * @full: the depot's full magazines
 * @nfull: magazines on @full and @scanned that nobody has claimed; growth adds its own at
 *	its end
 * @min_full: fewest there have been in this epoch, and in its upper bits the epoch, which
 *	ends when a sum changes that tells the peak by it
 * @low_full: with fewer the pool should grow
 * @partial: magazines with some objects, kept few
 * @empty: those without
 * @scanned: those that trim has looked at
 * @shut_lock: guards @shutters, and who shuts the caches
 * @shutters: tasks that want the caches shut for frees; the worker of a deferred destroy
 *	does for good
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

	struct mutex		shut_lock;	/* of @shutters */
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
unsigned long fa_percpu_out_least(struct fastalloc_pool *pool);
unsigned long fa_percpu_in_use(struct fastalloc_pool *pool);
unsigned long fa_percpu_frees(struct fastalloc_pool *pool);
void fa_percpu_stats(struct fastalloc_pool *pool, struct fastalloc_stats *stats);
void fa_percpu_reset(struct fastalloc_pool *pool);

#endif /* FASTALLOC_PERCPU_H */
