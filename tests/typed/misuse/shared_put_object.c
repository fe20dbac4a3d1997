// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 2 of 'flow_put' from incompatible pointer type */
#include "types.h"

void misuse(struct flow_pool *flows, struct flow *f, struct packet *p);
void misuse(struct flow_pool *flows, struct flow *f, struct packet *p)
{
#ifdef MISUSE
	flow_put(flows, p);
#else
	flow_put(flows, f);
#endif
}
