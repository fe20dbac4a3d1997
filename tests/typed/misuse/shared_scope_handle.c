// SPDX-License-Identifier: GPL-2.0
/* expect: incompatible type for argument 2 of 'class_flow_shared_constructor' */
#include "types.h"

u64 misuse(struct flow_pool *flows, struct flow_handle f, struct packet_handle p);
u64 misuse(struct flow_pool *flows, struct flow_handle f, struct packet_handle p)
{
#ifdef MISUSE
	CLASS(flow_shared, s)(flows, p);

	return s.obj ? s.obj->id : 0;
#else
	CLASS(flow_shared, s)(flows, f);

	return s.obj ? s.obj->id : 0;
#endif
}
