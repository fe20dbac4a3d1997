// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 2 of 'packet_free' from incompatible pointer type */
#include "types.h"

void misuse(struct flow_pool *flows, struct packet_pool *packets);
void misuse(struct flow_pool *flows, struct packet_pool *packets)
{
#ifdef MISUSE
	packet_free(packets, flow_alloc(flows, GFP_KERNEL));
#else
	packet_free(packets, packet_alloc(packets, GFP_KERNEL));
#endif
}
