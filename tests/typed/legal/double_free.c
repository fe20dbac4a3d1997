// SPDX-License-Identifier: GPL-2.0
/* That an object is freed already is not part of its type. */
#include "types.h"

void misuse(struct flow_pool *flows, struct flow *f);
void misuse(struct flow_pool *flows, struct flow *f)
{
	flow_free(flows, f);
	flow_free(flows, f);
}
