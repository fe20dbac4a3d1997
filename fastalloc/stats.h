/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a pool: see stats.c. */
#ifndef FASTALLOC_STATS_H
#define FASTALLOC_STATS_H

#include <linux/compiler.h>
#include <linux/fastalloc.h>

/*
 * data_race: the owner of a NONE pool, and each CPU, updates its counters while others read
 * them.
 */
#define fa_peek(counter)	data_race(counter)

/**
 * struct fa_cpu_stats - a snapshot of one CPU's cache
 * @busy: an operation is in progress, so @loaded is unknown
 * @lease: objects that it may hold
 * @loaded: objects in the loaded magazine
 * @spare: objects in the spare magazine
 * @allocs: objects allocated on this CPU, nested operations included
 * @frees: objects freed on this CPU, likewise
 * @exchanges: exchanges of magazines with the depot
 * @nested: part of @allocs and @frees by operations that found the cache busy
 */
struct fa_cpu_stats {
	bool		busy;
	u32		lease;
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
