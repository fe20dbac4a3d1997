// SPDX-License-Identifier: GPL-2.0
/* expect: incompatible type for argument 2 of 'fastalloc_upgrade' */
#include "types.h"

void misuse(struct fastalloc_pool *pool, struct flow_handle f, void **found);
void misuse(struct fastalloc_pool *pool, struct flow_handle f, void **found)
{
#ifdef MISUSE
	*found = fastalloc_upgrade(pool, f);
#else
	*found = fastalloc_upgrade(pool, f.base);
#endif
}
