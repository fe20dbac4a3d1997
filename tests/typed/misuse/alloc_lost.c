// SPDX-License-Identifier: GPL-2.0
/* expect: ignoring return value of 'flow_alloc' */
#include "types.h"

struct flow *misuse(struct flow_pool *flows);
struct flow *misuse(struct flow_pool *flows)
{
#ifdef MISUSE
	flow_alloc(flows, GFP_KERNEL);
	return NULL;
#else
	return flow_alloc(flows, GFP_KERNEL);
#endif
}
