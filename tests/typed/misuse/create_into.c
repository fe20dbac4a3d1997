// SPDX-License-Identifier: GPL-2.0
/* expect: from a function with incompatible return type 'struct packet_pool *' */
#include "types.h"

struct packet_pool *misuse(void);
struct packet_pool *misuse(void)
{
#ifdef MISUSE
	return flow_pool_create(&FASTALLOC_CONFIG(struct flow,
						   .name = "packets",
						   .capacity = 64));
#else
	return packet_pool_create(&FASTALLOC_CONFIG(struct packet,
						   .name = "packets",
						   .capacity = 64));
#endif
}
