// SPDX-License-Identifier: GPL-2.0
/* expect: invalid application of 'sizeof' to incomplete type 'struct flow_pool' */
#include "types.h"

void misuse(struct flow_pool *flows, size_t *size);
void misuse(struct flow_pool *flows, size_t *size)
{
#ifdef MISUSE
	*size = sizeof(*flows);
#else
	*size = sizeof(flows);
#endif
}
