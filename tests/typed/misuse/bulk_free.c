// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 3 of 'flow_free_bulk' from incompatible pointer type */
#include "types.h"

void misuse(struct flow_pool *flows, struct flow **f, struct packet **p);
void misuse(struct flow_pool *flows, struct flow **f, struct packet **p)
{
#ifdef MISUSE
	flow_free_bulk(flows, 8, p);
#else
	flow_free_bulk(flows, 8, f);
#endif
}
