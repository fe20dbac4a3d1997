// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 2 of 'flow_pool_walk_live' from incompatible pointer type */
#include "types.h"

int misuse(struct flow_pool *flows, int (*f)(struct flow *obj, void *arg),
	   int (*p)(struct packet *obj, void *arg));
int misuse(struct flow_pool *flows, int (*f)(struct flow *obj, void *arg),
	   int (*p)(struct packet *obj, void *arg))
{
#ifdef MISUSE
	return flow_pool_walk_live(flows, p, NULL);
#else
	return flow_pool_walk_live(flows, f, NULL);
#endif
}
