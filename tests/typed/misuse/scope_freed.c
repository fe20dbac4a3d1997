// SPDX-License-Identifier: GPL-2.0
/* expect: incompatible type for argument 2 of 'flow_free' */
#include "types.h"

void misuse(struct flow_pool *flows);
void misuse(struct flow_pool *flows)
{
#ifdef MISUSE
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	flow_free(flows, o);
#else
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	flow_free(flows, flow_obj_take(&o));
#endif
}
