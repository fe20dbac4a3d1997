// SPDX-License-Identifier: GPL-2.0
/* A void pointer is a pointer to any object. */
#include "types.h"

void misuse(struct flow_pool *flows, void *obj);
void misuse(struct flow_pool *flows, void *obj)
{
	flow_free(flows, obj);
}
