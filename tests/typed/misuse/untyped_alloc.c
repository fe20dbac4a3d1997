// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'fastalloc_alloc' from incompatible pointer type */
#include "types.h"

void *misuse(struct flow_pool *flows);
void *misuse(struct flow_pool *flows)
{
#ifdef MISUSE
	return fastalloc_alloc(flows, GFP_KERNEL);
#else
	return fastalloc_alloc(flow_pool_base(flows), GFP_KERNEL);
#endif
}
