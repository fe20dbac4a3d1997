// SPDX-License-Identifier: GPL-2.0
/* expect: initialization of 'struct packet *' from incompatible pointer type 'struct flow *' */
#include "types.h"

void misuse(struct flow_pool *flows, struct packet_pool *packets);
void misuse(struct flow_pool *flows, struct packet_pool *packets)
{
#ifdef MISUSE
	struct packet *f = flow_alloc(flows, GFP_KERNEL);

	packet_free(packets, f);
#else
	struct flow *f = flow_alloc(flows, GFP_KERNEL);

	flow_free(flows, f);
#endif
}
