// SPDX-License-Identifier: GPL-2.0
/* expect: incompatible type for argument 2 of 'flow_upgrade' */
#include "types.h"

void misuse(struct flow_pool *flows, struct flow_handle f,
	    struct packet_handle p, struct flow **found);
void misuse(struct flow_pool *flows, struct flow_handle f,
	    struct packet_handle p, struct flow **found)
{
#ifdef MISUSE
	*found = flow_upgrade(flows, p);
#else
	*found = flow_upgrade(flows, f);
#endif
}
