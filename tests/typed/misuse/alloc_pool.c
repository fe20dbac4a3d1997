// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'flow_alloc' from incompatible pointer type */
#include "types.h"

struct flow *misuse(struct flow_pool *flows, struct packet_pool *packets);
struct flow *misuse(struct flow_pool *flows, struct packet_pool *packets)
{
#ifdef MISUSE
	return flow_alloc(packets, GFP_KERNEL);
#else
	return flow_alloc(flows, GFP_KERNEL);
#endif
}
