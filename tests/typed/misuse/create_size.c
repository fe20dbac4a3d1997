// SPDX-License-Identifier: GPL-2.0
/* expect: declared with attribute error: the config is for objects of another type */
#include "types.h"

struct flow_pool *misuse(void);
struct flow_pool *misuse(void)
{
#ifdef MISUSE
	struct fastalloc_config cfg = {
		.name = "flows",
		.capacity = 64,
		.obj_size = sizeof(struct packet),
	};

	return fastalloc_typed_pool_create(flow, &cfg);
#else
	struct fastalloc_config cfg = {
		.name = "flows",
		.capacity = 64,
		.obj_size = sizeof(struct flow),
	};

	return fastalloc_typed_pool_create(flow, &cfg);
#endif
}
