// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'fastalloc_free' from incompatible pointer type */
#include "types.h"

void misuse(struct flow_pool *flows, struct flow *f);
void misuse(struct flow_pool *flows, struct flow *f)
{
#ifdef MISUSE
	fastalloc_free(flows, f);
#else
	fastalloc_free(flow_pool_base(flows), f);
#endif
}
