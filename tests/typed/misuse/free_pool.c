// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'flow_free' from incompatible pointer type */
#include "types.h"

void misuse(struct flow_pool *flows, struct packet_pool *packets,
	    struct flow *f);
void misuse(struct flow_pool *flows, struct packet_pool *packets,
	    struct flow *f)
{
#ifdef MISUSE
	flow_free(packets, f);
#else
	flow_free(flows, f);
#endif
}
