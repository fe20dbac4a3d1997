// SPDX-License-Identifier: GPL-2.0
/* expect: passing argument 1 of 'forget' from incompatible pointer type */
#include "types.h"

#ifdef MISUSE
static void forget(struct packet *p, void *arg)
{
	p->id = 0;
}
#else
static void forget(struct flow *f, void *arg)
{
	f->id = 0;
}
#endif

DEFINE_FASTALLOC_TYPED_HOOK(flow_forget, flow, forget)

fastalloc_hook_t misuse(void);
fastalloc_hook_t misuse(void)
{
	return flow_forget;
}
