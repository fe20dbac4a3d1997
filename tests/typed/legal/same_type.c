// SPDX-License-Identifier: GPL-2.0
/* Two pools of one type: which one an object is of, its type does not say. */
#include "types.h"

void misuse(struct flow_pool *one, struct flow_pool *other);
void misuse(struct flow_pool *one, struct flow_pool *other)
{
	flow_free(other, flow_alloc(one, GFP_KERNEL));
}
