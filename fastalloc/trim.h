/* SPDX-License-Identifier: GPL-2.0 */
/* Giving back chunks that are wholly free: see trim.c. */
#ifndef FASTALLOC_TRIM_H
#define FASTALLOC_TRIM_H

#include <linux/types.h>

struct fastalloc_pool;

/**
 * struct fa_trim_looked - what there was when trim had looked at all free objects
 * @frees: objects freed so far
 * @objects: objects of all chunks
 * @out: objects that were out
 * @free: objects that were free
 */
struct fa_trim_looked {
	unsigned long	frees;
	unsigned long	objects;
	unsigned long	out;
	unsigned long	free;
};

unsigned long fa_trim(struct fastalloc_pool *pool, bool all);
bool fa_trim_worth(struct fastalloc_pool *pool);
void fa_trim_live(struct fastalloc_pool *pool);

#endif /* FASTALLOC_TRIM_H */
