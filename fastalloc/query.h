/* SPDX-License-Identifier: GPL-2.0 */
/* Which objects of a pool are allocated: see query.c. */
#ifndef FASTALLOC_QUERY_H
#define FASTALLOC_QUERY_H

#include <linux/types.h>

struct fa_chunk;
struct fastalloc_pool;

bool fa_live_known(const struct fastalloc_pool *pool);
unsigned long fa_live_word(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			   unsigned int from);

#endif /* FASTALLOC_QUERY_H */
