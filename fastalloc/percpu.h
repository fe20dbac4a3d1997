/* SPDX-License-Identifier: GPL-2.0 */
/* Pools of sync PERCPU, with a cache on every CPU: see percpu.c. */
#ifndef FASTALLOC_PERCPU_H
#define FASTALLOC_PERCPU_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/fastalloc.h>
#include <linux/mutex.h>

#include "growth.h"
#include "shards.h"

struct fa_pool_ops;

/**
 * struct fa_leases - the budget of what the CPUs' caches may hold, see lease.c
 * @budget: what all caches together may hold; constant
 * @left: part of @budget that no lease uses
 * @scarce: CPUs use the pool with less than the fair share: no lease grows beyond it
 * @next: jiffies before which the worker is not kicked again
 * @taken: leases that were taken away, or made smaller
 * @worker: takes leases from CPUs that do not need them, and adds magazines
 */
struct fa_leases {
	unsigned long		budget;
	atomic_long_t		left;
	bool			scarce;
	unsigned long		next;
	unsigned long		taken;
	struct fa_grower	worker;
};

/**
 * struct fa_percpu - the CPUs' caches and the depot
 * @cache: the caches; the pool's head shows a bypass cache instead unless the path is
 *	%FA_PATH_CACHE
 * @magazine: slots of a magazine
 * @exact: the capacity is also a ceiling: %FASTALLOC_F_EXACT
 * @shut: the caches are shut for frees
 * @exact_out: with @exact: objects that are allocated, or about to be
 * @resets: is changed when a reset of the statistics begins and when it ends; under the
 *	pool's lock
 * @stats_base: the CPUs' counters at the last reset; under the pool's lock
 * @leases: what each cache may hold
 * @depot: all other free objects
 * @shut_lock: guards @shutters; serializes shutting and opening the caches, and changes of
 *	leases by other CPUs
 * @shutters: tasks that want the caches shut for frees; the worker of a deferred destroy
 *	never opens them again
 */
struct fa_percpu {
	struct fastalloc_cache __percpu *cache;
	unsigned int		magazine;
	bool			exact;
	bool			shut;
	atomic_long_t		exact_out;
	unsigned int		resets;
	struct fastalloc_stats	stats_base;
	struct fa_leases	leases;

	struct fa_depot		depot;

	struct mutex		shut_lock ____cacheline_aligned_in_smp;	/* guards @shutters */
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

/* Slow halves that lease.c uses, too. */
void fa_cache_load(struct fastalloc_cache *c, struct fa_mag *m);
void fa_cache_flush(struct fastalloc_pool *pool, struct fastalloc_cache *c, u32 n);
void fa_cache_drop(struct fastalloc_pool *pool, struct fastalloc_cache *c, u32 n);

/* lease.c */
bool fa_lease_begin(struct fastalloc_pool *pool, struct fastalloc_cache *c);
void fa_lease_grow(struct fastalloc_pool *pool, struct fastalloc_cache *c);
void fa_lease_kick(struct fastalloc_pool *pool);
void fa_lease_dead(struct fastalloc_pool *pool, int cpu);
void fa_cache_open(struct fastalloc_pool *pool, struct fastalloc_cache *c);
void fa_percpu_shut(struct fastalloc_pool *pool);
void fa_percpu_open(struct fastalloc_pool *pool);
bool fa_cache_holds(const struct fastalloc_pool *pool, int cpu);
bool fa_percpu_flush_cpu(struct fastalloc_pool *pool, int cpu);
void fa_percpu_flush(struct fastalloc_pool *pool);
void fa_percpu_flush_local(struct fastalloc_pool *pool);
unsigned long fa_lease_mags(const struct fastalloc_pool *pool, unsigned long total);
void fa_leases_init(struct fastalloc_pool *pool, unsigned long budget);

/* percpu_stats.c */
unsigned long fa_percpu_in_use(struct fastalloc_pool *pool);
unsigned long fa_percpu_free_objects(struct fastalloc_pool *pool);
unsigned long fa_percpu_frees(struct fastalloc_pool *pool);
void fa_percpu_stats(struct fastalloc_pool *pool, struct fastalloc_stats *stats);
void fa_percpu_reset(struct fastalloc_pool *pool);

#endif /* FASTALLOC_PERCPU_H */
