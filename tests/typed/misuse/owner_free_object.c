// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 2 of '__flow_free' from incompatible pointer type */
#include "types.h"

void misuse(struct flow_pool *flows, struct flow *f, struct packet *p);
void misuse(struct flow_pool *flows, struct flow *f, struct packet *p)
{
#ifdef MISUSE
	__flow_free(flows, p);
#else
	__flow_free(flows, f);
#endif
}
