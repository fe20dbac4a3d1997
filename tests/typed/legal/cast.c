// SPDX-License-Identifier: GPL-2.0
/* A cast is believed. */
#include "types.h"

void misuse(struct flow_pool *flows, struct packet *p);
void misuse(struct flow_pool *flows, struct packet *p)
{
	flow_free(flows, (struct flow *)p);
}
