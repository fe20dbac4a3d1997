// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'flow_alloc' from incompatible pointer type */
#include "types.h"

struct flow *misuse(struct fastalloc_pool *pool);
struct flow *misuse(struct fastalloc_pool *pool)
{
#ifdef MISUSE
	return flow_alloc(pool, GFP_KERNEL);
#else
	return flow_alloc(flow_pool_from_base(pool), GFP_KERNEL);
#endif
}
