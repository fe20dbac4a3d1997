// SPDX-License-Identifier: GPL-2.0
/* expect: ignoring return value of 'flow_obj_take' */
#include "types.h"

struct flow *misuse(struct flow_pool *flows);
struct flow *misuse(struct flow_pool *flows)
{
#ifdef MISUSE
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	flow_obj_take(&o);
	return NULL;
#else
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	return flow_obj_take(&o);
#endif
}
