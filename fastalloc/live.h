/* SPDX-License-Identifier: GPL-2.0 */
/* Allocated objects of a pool, by who allocated them: see live.c. */
#ifndef FASTALLOC_LIVE_H
#define FASTALLOC_LIVE_H

#include <linux/types.h>

struct fastalloc_pool;

/* Groups that are told apart, a power of two. */
#define FA_LIVE_GROUPS	1024U

/* Groups, or objects, that are shown. */
#define FA_LIVE_SHOWN	64U

/**
 * struct fa_live_group - allocated objects that have the allocating stack in common
 * @key: a handle of the stack depot, or the address of the caller
 * @stack: @key is a handle
 * @objects: their number; 0: not in use
 * @oldest: when the first of these was allocated, in jiffies
 * @youngest: when the last one was
 */
struct fa_live_group {
	unsigned long	key;
	bool		stack;
	unsigned long	objects;
	unsigned long	oldest;
	unsigned long	youngest;
};

/**
 * struct fa_live - all allocated objects of a pool
 * @nr: number of groups
 * @objects: number of objects, those in no group included
 * @rest: objects in no group: the pool has no check U, or there are too many groups
 * @now: when all were counted, in jiffies
 * @group: the groups; a hash table, and later sorted: most objects first
 */
struct fa_live {
	unsigned int		nr;
	unsigned long		objects;
	unsigned long		rest;
	unsigned long		now;
	struct fa_live_group	group[FA_LIVE_GROUPS];
};

struct fa_live *fa_live_collect(struct fastalloc_pool *pool);
void fa_live_free(struct fa_live *live);

#endif /* FASTALLOC_LIVE_H */
