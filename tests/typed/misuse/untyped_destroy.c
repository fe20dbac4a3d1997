// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'fastalloc_pool_destroy' from incompatible pointer type */
#include "types.h"

void misuse(struct flow_pool *flows);
void misuse(struct flow_pool *flows)
{
#ifdef MISUSE
	fastalloc_pool_destroy(flows);
#else
	flow_pool_destroy(flows);
#endif
}
