/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hash table of flows, and the pool that the flows are allocated from.
 */
#ifndef FLOWMETER_TABLE_H
#define FLOWMETER_TABLE_H

#include <linux/types.h>

#include "key.h"

struct fastalloc_stats;

/**
 * struct flow - a flow; an object of the pool
 * @node: entry in the list of the bucket
 * @key: identifies the flow
 * @packets: packets so far
 * @bytes: bytes so far
 * @first: time of the first packet, ns since boot
 * @last: time of the latest packet, ns since boot
 * @uses: how many times the object has been allocated. The constructor sets it
 *	to 0. A free preserves it, because the pool does not change the free
 *	objects of a pool with a constructor.
 */
struct flow {
	struct hlist_node	node;
	struct flow_key		key;
	u64			packets;
	u64			bytes;
	u64			first;
	u64			last;
	unsigned long		uses;
};

int flow_table_create(void);
void flow_table_destroy(void);
void flow_table_charge(const struct flow_key *key, unsigned int len);
void flow_table_expire(u64 deadline);
size_t flow_table_count(void);
size_t flow_table_copy(struct flow *flows, size_t max);
void flow_table_pool_stats(struct fastalloc_stats *stats);

#endif
