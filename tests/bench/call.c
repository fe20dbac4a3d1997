// SPDX-License-Identifier: GPL-2.0
/* In a separate file, so that the compiler cannot inline these calls. */
#include "bench.h"

void *bench_call_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	return fastalloc_alloc(pool, gfp);
}

void bench_call_free(struct fastalloc_pool *pool, void *obj)
{
	fastalloc_free(pool, obj);
}
