// SPDX-License-Identifier: GPL-2.0
/* The copy still has the object when the scope has freed it. */
#include "types.h"

struct flow_obj misuse(struct flow_pool *flows);
struct flow_obj misuse(struct flow_pool *flows)
{
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	return o;
}
