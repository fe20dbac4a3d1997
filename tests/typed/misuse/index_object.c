// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 2 of 'flow_index' from incompatible pointer type */
#include "types.h"

long misuse(struct flow_pool *flows, struct flow *f, struct packet *p);
long misuse(struct flow_pool *flows, struct flow *f, struct packet *p)
{
#ifdef MISUSE
	return flow_index(flows, p);
#else
	return flow_index(flows, f);
#endif
}
