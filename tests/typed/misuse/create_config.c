// SPDX-License-Identifier: GPL-2.0
/* expect: declared with attribute error: the config is for objects of another type */
#include "types.h"

struct flow_pool *misuse(void);
struct flow_pool *misuse(void)
{
#ifdef MISUSE
	return flow_pool_create(&FASTALLOC_CONFIG(struct packet,
						 .name = "flows",
						 .capacity = 64));
#else
	return flow_pool_create(&FASTALLOC_CONFIG(struct flow,
						 .name = "flows",
						 .capacity = 64));
#endif
}
