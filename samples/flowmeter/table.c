// SPDX-License-Identifier: GPL-2.0
/*
 * The hash table of flows, and the pool that the flows are allocated from.
 *
 * Each bucket has a lock, which protects the list of the bucket and all flows in
 * the list. Bottom halves are disabled while it is held, because packets are
 * handled in softirq and, where a task sends them, in task context.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <linux/fastalloc.h>

#include "counters.h"
#include "table.h"

static unsigned int capacity = 1024;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "flows to have memory for from the start (1024)");

static unsigned int max_flows = 65536;
module_param(max_flows, uint, 0444);
MODULE_PARM_DESC(max_flows, "flows to have memory for at most (65536); some more may find room");

/* The expiry worker visits every bucket, so their number is limited. */
#define FLOW_MAX_BUCKETS	16384U
/* Maximum number of idle flows that one call frees. */
#define FLOW_EXPIRE_BATCH	64

/**
 * struct flow_bucket - the flows whose hash selects this bucket
 * @lock: protects @flows and every flow in the list
 * @flows: the flows
 */
struct flow_bucket {
	spinlock_t		lock;	/* protects flows, and what it links */
	struct hlist_head	flows;
};

/**
 * struct flow_table - the table
 * @pool: flows are allocated from it
 * @buckets: array of @nr_buckets
 * @nr_buckets: a power of two
 * @hash_key: random, so that a sender cannot choose the bucket of a flow
 */
struct flow_table {
	struct fastalloc_pool	*pool;
	struct flow_bucket	*buckets;
	unsigned int		nr_buckets;
	siphash_aligned_key_t	hash_key;
};

static struct flow_table table;

/* May run in softirq, so it neither sleeps nor takes a lock. */
static int flow_construct(void *obj, void *arg)
{
	struct flow *flow = obj;

	INIT_HLIST_NODE(&flow->node);
	flow->uses = 0;
	return 0;
}

/*
 * New flows come in bursts, and the caller of fastalloc_alloc() is not allowed to
 * sleep. So the pool has to grow in the context of that caller. Without
 * FASTALLOC_F_ATOMIC_GROW, a pool with a constructor is grown by a worker only;
 * the flag says that the constructor may run in any context. A worker still adds
 * the large chunks, so the default low-water mark is sufficient.
 *
 * Packets are handled on all CPUs, and the expiry worker may free a flow on a
 * CPU other than the one that allocated it. A per-CPU pool allocates and frees
 * without a lock. It can always provide max_flows objects, even if some free
 * objects are cached on other CPUs.
 */
static struct fastalloc_pool *pool_create(void)
{
	const struct fastalloc_config config =
		FASTALLOC_CONFIG(struct flow,
				 .name = "flowmeter",
				 .capacity = capacity,
				 .max_capacity = max_flows,
				 .growth = FASTALLOC_GROWTH_EXPONENTIAL,
				 .sync = FASTALLOC_SYNC_PERCPU,
				 .ctor = flow_construct,
				 .flags = FASTALLOC_F_ATOMIC_GROW);

	return fastalloc_pool_create(&config);
}

/**
 * flow_table_create() - create the table and its pool
 *
 * Return: 0 or a negative errno.
 */
int flow_table_create(void)
{
	unsigned int i;
	int err;

	table.nr_buckets = roundup_pow_of_two(clamp(max_flows, 64U,
						    FLOW_MAX_BUCKETS));
	table.buckets = kvcalloc(table.nr_buckets, sizeof(*table.buckets),
				 GFP_KERNEL);
	if (!table.buckets)
		return -ENOMEM;
	for (i = 0; i < table.nr_buckets; i++) {
		spin_lock_init(&table.buckets[i].lock);
		INIT_HLIST_HEAD(&table.buckets[i].flows);
	}
	get_random_bytes(&table.hash_key, sizeof(table.hash_key));

	table.pool = pool_create();
	if (IS_ERR(table.pool)) {
		err = PTR_ERR(table.pool);
		kvfree(table.buckets);
		return err;
	}
	return 0;
}

/**
 * flow_table_destroy() - free all flows, the pool and the table
 *
 * No other function of the table may be running, or be called afterwards.
 */
void flow_table_destroy(void)
{
	flow_table_expire(U64_MAX);
	fastalloc_pool_destroy(table.pool);
	kvfree(table.buckets);
}

static struct flow *flow_find(struct flow_bucket *bucket,
			      const struct flow_key *key)
{
	struct flow *flow;

	hlist_for_each_entry(flow, &bucket->flows, node) {
		if (!memcmp(&flow->key, key, sizeof(*key)))
			return flow;
	}
	return NULL;
}

/* Called with the lock of a bucket held, which on PREEMPT_RT leaves preemption on. */
static struct flow *flow_alloc(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return fastalloc_alloc(table.pool, GFP_ATOMIC);
	return fastalloc_alloc_nopreempt(table.pool, GFP_ATOMIC);
}

static struct flow *flow_create(struct flow_bucket *bucket,
				const struct flow_key *key, u64 now)
{
	struct flow *flow = flow_alloc();

	if (!flow) {
		atomic64_inc(&flow_counters.no_object);
		return NULL;
	}

	if (flow->uses++)
		atomic64_inc(&flow_counters.reused);
	atomic64_inc(&flow_counters.created);

	flow->key = *key;
	flow->packets = 0;
	flow->bytes = 0;
	flow->first = now;
	hlist_add_head(&flow->node, &bucket->flows);
	return flow;
}

/**
 * flow_table_charge() - charge a packet to its flow, which is created if needed
 * @key: key of the flow
 * @len: bytes of the packet
 *
 * If no flow can be created, only the counters of the module are changed.
 *
 * Context: Task or softirq; does not sleep.
 */
void flow_table_charge(const struct flow_key *key, unsigned int len)
{
	u64 hash = siphash(key, sizeof(*key), &table.hash_key);
	struct flow_bucket *bucket;
	u64 now = ktime_get_coarse_ns();
	struct flow *flow;

	bucket = &table.buckets[hash & (table.nr_buckets - 1)];
	spin_lock_bh(&bucket->lock);
	flow = flow_find(bucket, key);
	if (!flow)
		flow = flow_create(bucket, key, now);
	if (flow) {
		flow->packets++;
		flow->bytes += len;
		flow->last = now;
	}
	flow_totals_add(len);
	spin_unlock_bh(&bucket->lock);
}

/*
 * Free at most FLOW_EXPIRE_BATCH flows of one bucket whose latest packet is older
 * than @deadline. Return how many.
 */
static unsigned int bucket_expire(struct flow_bucket *bucket, u64 deadline)
{
	void *idle[FLOW_EXPIRE_BATCH];
	struct hlist_node *next;
	struct flow *flow;
	unsigned int nr = 0;

	if (hlist_empty(&bucket->flows))
		return 0;

	spin_lock_bh(&bucket->lock);
	hlist_for_each_entry_safe(flow, next, &bucket->flows, node) {
		if (flow->last >= deadline)
			continue;
		hlist_del_init(&flow->node);
		idle[nr++] = flow;
		if (nr == FLOW_EXPIRE_BATCH)
			break;
	}
	spin_unlock_bh(&bucket->lock);

	fastalloc_free_bulk(table.pool, nr, idle);
	return nr;
}

/**
 * flow_table_expire() - free idle flows
 * @deadline: time, ns since boot; a flow whose latest packet is older is freed
 *
 * Context: Task context, may sleep.
 */
void flow_table_expire(u64 deadline)
{
	unsigned int i, nr;

	for (i = 0; i < table.nr_buckets; i++) {
		do {
			nr = bucket_expire(&table.buckets[i], deadline);
			atomic64_add(nr, &flow_counters.expired);
			cond_resched();
		} while (nr == FLOW_EXPIRE_BATCH);
	}
}

size_t flow_table_count(void)
{
	return fastalloc_pool_allocated(table.pool);
}

/**
 * flow_table_copy() - copy the flows
 * @flows: array of @max elements
 * @max: how many flows to copy at most
 *
 * The copy may miss flows that are created while it is made.
 *
 * Context: Task context, may sleep.
 * Return: How many flows were copied.
 */
size_t flow_table_copy(struct flow *flows, size_t max)
{
	struct flow *flow;
	unsigned int i;
	size_t nr = 0;

	for (i = 0; i < table.nr_buckets; i++) {
		struct flow_bucket *bucket = &table.buckets[i];

		if (hlist_empty(&bucket->flows))
			continue;

		spin_lock_bh(&bucket->lock);
		hlist_for_each_entry(flow, &bucket->flows, node) {
			if (nr == max)
				break;
			flows[nr++] = *flow;
		}
		spin_unlock_bh(&bucket->lock);
		cond_resched();
	}
	return nr;
}

void flow_table_pool_stats(struct fastalloc_stats *stats)
{
	fastalloc_pool_stats(table.pool, stats);
}
