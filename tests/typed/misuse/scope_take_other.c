// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'packet_obj_take' from incompatible pointer type */
#include "types.h"

void misuse(struct flow_pool *flows, struct packet **keep, struct flow **own);
void misuse(struct flow_pool *flows, struct packet **keep, struct flow **own)
{
#ifdef MISUSE
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	*keep = packet_obj_take(&o);
#else
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	*own = flow_obj_take(&o);
#endif
}
