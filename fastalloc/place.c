// SPDX-License-Identifier: GPL-2.0
/*
 * Which shards of the depot a CPU and a chunk use.
 *
 * The shards of a NUMA node are adjacent. A CPU uses a shard of its node, and searches the
 * other shards of its node before those of other nodes. The objects of a new chunk go to the
 * shards of the node of its memory. An object that is freed goes to the shard of the CPU that
 * frees it, since that CPU allocates it again. So a node gets objects of another node only
 * when its own shards are empty.
 */
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "chunk.h"
#include "pool.h"
#include "place.h"

static int fa_cpu_node(int cpu)
{
	int node = cpu_to_node(cpu);

	return node == NUMA_NO_NODE ? first_online_node : node;
}

/* Objects for which a shard is worth a cache line, and the search of one more list. */
#define FA_SHARD_OBJECTS	64

/* Nodes with CPUs. */
static unsigned int fa_place_nodes(void)
{
	nodemask_t nodes = NODE_MASK_NONE;
	int cpu;

	for_each_possible_cpu(cpu)
		node_set(fa_cpu_node(cpu), nodes);
	return nodes_weight(nodes);
}

/*
 * The number of shards: one for each CPU online. Then a CPU that frees as much as it allocates
 * uses no cache line of another CPU but the count of free objects. Pools of few objects have
 * fewer, but at least one for each node.
 */
unsigned int fa_place_shards(const struct fastalloc_pool *pool)
{
	unsigned long most = max(pool->cfg.capacity, pool->growth.max) + pool->reserve;

	most = max(min(most / FA_SHARD_OBJECTS, num_online_cpus() + 0UL),
		   fa_place_nodes() + 0UL);
	return min(most, FA_SHARDS + 0UL);
}

/* Gives the shards [@first, @end) to a node, and one of them to each CPU of it. */
static void fa_place_node(struct fastalloc_pool *pool, int node, unsigned int first,
			  unsigned int end)
{
	struct fa_shard *shard = pool->percpu.depot.shard;
	unsigned int i;
	int cpu;

	for (i = first; i < end; i++) {
		shard[i].node = node;
		shard[i].first = first;
		shard[i].peers = end - first;
	}
	i = first;
	for_each_possible_cpu(cpu) {
		if (fa_cpu_node(cpu) != node)
			continue;
		per_cpu_ptr(pool->percpu.cache, cpu)->shard = i++;
		if (i == end)
			i = first;
	}
}

/*
 * Divides the shards among the nodes. If there are more nodes than shards, nodes share a
 * shard.
 */
void fa_place_cpus(struct fastalloc_pool *pool)
{
	unsigned int nr = fa_place_nodes(), shards = pool->percpu.depot.nr_shards, first, k = 0;
	nodemask_t seen = NODE_MASK_NONE;
	int cpu, node;

	for_each_possible_cpu(cpu) {
		node = fa_cpu_node(cpu);
		if (node_test_and_set(node, seen))
			continue;
		first = k * shards / nr;
		k++;
		fa_place_node(pool, node, first, max(k * shards / nr, first + 1));
	}
}

/*
 * The NUMA node of the memory of a chunk. NUMA_NO_NODE if the owner of the pool allocates the
 * memory, which may have no pages.
 */
int fa_chunk_node(const struct fa_chunk *chunk)
{
	if (chunk->origin == FA_ORIGIN_OWNER)
		return NUMA_NO_NODE;
	return page_to_nid(chunk->origin == FA_ORIGIN_VMALLOC ? vmalloc_to_page(chunk->mem) :
								virt_to_page(chunk->mem));
}

/* A shard of the node that the memory of a chunk is on, or NULL if there is none. */
const struct fa_shard *fa_place_chunk(const struct fastalloc_pool *pool,
				      const struct fa_chunk *chunk)
{
	const struct fa_depot *d = &pool->percpu.depot;
	int node = fa_chunk_node(chunk);
	unsigned int i;

	for (i = 0; i < d->nr_shards; i++)
		if (d->shard[i].node == node)
			return &d->shard[i];
	return NULL;
}
