// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'flow_pool_destroy' from incompatible pointer type */
#include "types.h"

void misuse(struct flow_pool *flows, struct packet_pool *packets);
void misuse(struct flow_pool *flows, struct packet_pool *packets)
{
#ifdef MISUSE
	flow_pool_destroy(packets);
#else
	flow_pool_destroy(flows);
#endif
}
