// SPDX-License-Identifier: GPL-2.0
/*
 * Accounting of the memory of pools.
 *
 * What a pool has allocated is counted by kind, with what the allocator takes for it
 * (fa_kvsize()), from the moment that the pool owns it. So chunk_bytes is what
 * /proc/vmallocinfo and the page allocator count. Not counted is what the kernel allocates for
 * its own use, such as page tables of vmalloc, nodes of an XArray and stored stacks; and what
 * exists only while a chunk is added or a file is read.
 */
#include <linux/rculist.h>

#include "account.h"
#include "pool.h"
#include "pools.h"

const char * const fa_mem_names[FA_MEM_KINDS] = {
	"chunk_bytes", "metadata_bytes", "cache_bytes", "check_bytes",
};

/* Adds the memory of @pool, but does not count the pool. */
void fa_totals_add(struct fa_totals *t, const struct fastalloc_pool *pool)
{
	unsigned long bytes;
	int i;

	for (i = 0; i < FA_MEM_KINDS; i++) {
		bytes = atomic_long_read(&pool->account.bytes[i]);
		t->kind[i] += bytes;
		t->bytes += bytes;
	}
}

unsigned long fa_bytes(const struct fastalloc_pool *pool)
{
	struct fa_totals t = {};

	fa_totals_add(&t, pool);
	return t.bytes;
}

/*
 * All pools, zombies and those that are being created included. The memory includes what
 * destroyed pools still take.
 */
struct fa_totals fa_totals(void)
{
	struct fa_totals t = {};
	struct fastalloc_pool *pool;

	rcu_read_lock();
	list_for_each_entry_rcu(pool, &fa_pools, node) {
		t.pools++;
		fa_totals_add(&t, pool);
	}
	list_for_each_entry_rcu(pool, &fa_dead_pools, dead)
		fa_totals_add(&t, pool);
	rcu_read_unlock();
	return t;
}
