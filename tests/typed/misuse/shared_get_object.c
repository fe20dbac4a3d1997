// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 2 of 'flow_get' from incompatible pointer type */
#include "types.h"

struct flow *misuse(struct flow_pool *flows, struct flow *f, struct packet *p);
struct flow *misuse(struct flow_pool *flows, struct flow *f, struct packet *p)
{
#ifdef MISUSE
	return flow_get(flows, p);
#else
	return flow_get(flows, f);
#endif
}
