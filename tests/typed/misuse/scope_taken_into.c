// SPDX-License-Identifier: GPL-2.0
/* expect: from a function with incompatible return type 'struct packet *' */
#include "types.h"

struct packet *misuse(struct flow_pool *flows, struct packet_pool *packets);
struct packet *misuse(struct flow_pool *flows, struct packet_pool *packets)
{
#ifdef MISUSE
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	return flow_obj_take(&o);
#else
	CLASS(packet_obj, o)(packets, GFP_KERNEL);

	return packet_obj_take(&o);
#endif
}
