// SPDX-License-Identifier: GPL-2.0
/* expect: ignoring return value of 'flow_upgrade' */
#include "types.h"

struct flow *misuse(struct flow_pool *flows, struct flow_handle h);
struct flow *misuse(struct flow_pool *flows, struct flow_handle h)
{
#ifdef MISUSE
	flow_upgrade(flows, h);
	return NULL;
#else
	return flow_upgrade(flows, h);
#endif
}
