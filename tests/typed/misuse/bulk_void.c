// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 4 of 'flow_alloc_bulk' from incompatible pointer type */
#include "types.h"

unsigned int misuse(struct flow_pool *flows, struct flow **f, void **objs);
unsigned int misuse(struct flow_pool *flows, struct flow **f, void **objs)
{
#ifdef MISUSE
	return flow_alloc_bulk(flows, GFP_KERNEL, 8, objs);
#else
	return flow_alloc_bulk(flows, GFP_KERNEL, 8, f);
#endif
}
