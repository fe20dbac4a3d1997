// SPDX-License-Identifier: GPL-2.0
/* expect: incompatible types when assigning to type 'struct flow *' from type */
#include "types.h"

void misuse(struct flow_pool *flows, struct flow **keep);
void misuse(struct flow_pool *flows, struct flow **keep)
{
#ifdef MISUSE
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	*keep = o;
#else
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	*keep = flow_obj_take(&o);
#endif
}
