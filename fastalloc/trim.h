/* SPDX-License-Identifier: GPL-2.0 */
/* Freeing of chunks whose objects are all free: see trim.c. */
#ifndef FASTALLOC_TRIM_H
#define FASTALLOC_TRIM_H

#include <linux/types.h>

struct fastalloc_pool;

/**
 * struct fa_trim_looked - the state of the pool after the last scan of trim
 * @frees: objects freed since creation or a reset
 * @objects: objects of all chunks
 * @out: objects that were allocated
 * @free: objects that were free
 * @scans: number of scans begun; not part of the state
 * @skipped: the scan left out a chunk that a reader looked at; under grow_lock
 */
struct fa_trim_looked {
	unsigned long	frees;
	unsigned long	objects;
	unsigned long	out;
	unsigned long	free;
	unsigned long	scans;
	bool		skipped;
};

unsigned long fa_trim(struct fastalloc_pool *pool, bool all);
bool fa_trim_worth(struct fastalloc_pool *pool);
void fa_trim_live(struct fastalloc_pool *pool);

#endif /* FASTALLOC_TRIM_H */
