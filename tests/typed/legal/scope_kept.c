// SPDX-License-Identifier: GPL-2.0
/* The object is freed at the return: flow_obj_take() is missing. */
#include "types.h"

struct flow *misuse(struct flow_pool *flows);
struct flow *misuse(struct flow_pool *flows)
{
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	return o.obj;
}
