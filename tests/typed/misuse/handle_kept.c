// SPDX-License-Identifier: GPL-2.0
/* expect: incompatible types when assigning to type 'struct packet_handle' from type */
#include "types.h"

void misuse(struct flow_pool *flows, struct flow *f, struct flow_handle *own,
	    struct packet_handle *other);
void misuse(struct flow_pool *flows, struct flow *f, struct flow_handle *own,
	    struct packet_handle *other)
{
#ifdef MISUSE
	*other = flow_handle(flows, f);
#else
	*own = flow_handle(flows, f);
#endif
}
