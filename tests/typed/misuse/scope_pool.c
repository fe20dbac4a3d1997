// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'class_flow_obj_constructor' from incompatible pointer type */
#include "types.h"

u64 misuse(struct flow_pool *flows, struct packet_pool *packets);
u64 misuse(struct flow_pool *flows, struct packet_pool *packets)
{
#ifdef MISUSE
	CLASS(flow_obj, o)(packets, GFP_KERNEL);
#else
	CLASS(flow_obj, o)(flows, GFP_KERNEL);
#endif

	return o.obj ? o.obj->id : 0;
}
