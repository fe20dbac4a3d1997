/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a pool: see stats.c. */
#ifndef FASTALLOC_STATS_H
#define FASTALLOC_STATS_H

#include <linux/compiler.h>
#include <linux/fastalloc.h>

/* data_race: the owner of a NONE pool, and each CPU, counts while others only look. */
#define fa_peek(counter)	data_race(counter)

/**
 * struct fa_cpu_stats - a look at one CPU's cache
 * @busy: an operation is under way, so @loaded is not known
 * @loaded: objects in its loaded magazine
 * @spare: objects in its spare one
 * @allocs: objects it handed out, nested operations included
 * @frees: objects it took back, likewise
 * @exchanges: magazines it took from the depot
 * @nested: of @allocs and @frees, by operations that found the cache busy
 */
struct fa_cpu_stats {
	bool		busy;
	u32		loaded;
	u32		spare;
	unsigned long	allocs;
	unsigned long	frees;
	unsigned long	exchanges;
	unsigned long	nested;
};

void fa_percpu_look(const struct fastalloc_pool *pool, int cpu, struct fa_cpu_stats *s);
void fa_stats_locked(const struct fastalloc_pool *pool, struct fastalloc_stats *stats);

#endif /* FASTALLOC_STATS_H */
