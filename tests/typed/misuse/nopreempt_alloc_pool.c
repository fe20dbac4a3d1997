// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'flow_alloc_nopreempt' from incompatible pointer type */
#include "types.h"

struct flow *misuse(struct flow_pool *flows, struct packet_pool *packets);
struct flow *misuse(struct flow_pool *flows, struct packet_pool *packets)
{
#ifdef MISUSE
	return flow_alloc_nopreempt(packets, GFP_ATOMIC);
#else
	return flow_alloc_nopreempt(flows, GFP_ATOMIC);
#endif
}
