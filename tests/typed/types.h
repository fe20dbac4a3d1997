/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two types and their pools, for the other files of this directory. They are only
 * compiled, by tests/lab/leg/typed.
 */
#include <linux/fastalloc_typed.h>

struct flow {
	u64 id;
	u64 bytes;
	struct fastalloc_rcu_head rcu;
};

struct packet {
	u64 id;
	u64 data[5];
	struct fastalloc_rcu_head rcu;
};

DEFINE_FASTALLOC_POOL_TYPE(flow, struct flow);
DEFINE_FASTALLOC_POOL_TYPE(packet, struct packet);
DEFINE_FASTALLOC_HANDLE_TYPE(flow, struct flow);
DEFINE_FASTALLOC_HANDLE_TYPE(packet, struct packet);
