// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 2 of 'flow_free' discards 'const' qualifier */
#include "types.h"

void misuse(struct flow_pool *flows, const struct flow *seen, struct flow *f);
void misuse(struct flow_pool *flows, const struct flow *seen, struct flow *f)
{
#ifdef MISUSE
	flow_free(flows, seen);
#else
	flow_free(flows, f);
#endif
}
