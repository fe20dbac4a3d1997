// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 2 of 'class_flow_obj_adopt_constructor' from incompatible pointer */
#include "types.h"

u64 misuse(struct flow_pool *flows, struct flow *f, struct packet *p);
u64 misuse(struct flow_pool *flows, struct flow *f, struct packet *p)
{
#ifdef MISUSE
	CLASS(flow_obj_adopt, o)(flows, p);
#else
	CLASS(flow_obj_adopt, o)(flows, f);
#endif

	return o.obj ? o.obj->id : 0;
}
