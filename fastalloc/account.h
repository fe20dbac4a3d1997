/* SPDX-License-Identifier: GPL-2.0 */
/* The memory of pools, by kind: see account.c. */
#ifndef FASTALLOC_ACCOUNT_H
#define FASTALLOC_ACCOUNT_H

#include <linux/atomic.h>

struct fastalloc_pool;

/**
 * enum fa_mem_kind - what memory of a pool is for
 * @FA_MEM_CHUNKS: objects, with the gaps and red zones between them
 * @FA_MEM_METADATA: the descriptor, and what describes chunks and free objects
 * @FA_MEM_CACHES: the CPUs' caches, magazines, and the shards of the depot
 * @FA_MEM_CHECKS: what checks and kmemleak record of objects
 * @FA_MEM_KINDS: number of kinds
 */
enum fa_mem_kind {
	FA_MEM_CHUNKS,
	FA_MEM_METADATA,
	FA_MEM_CACHES,
	FA_MEM_CHECKS,
	FA_MEM_KINDS,
};

/* The names that struct fastalloc_stats, debugfs and sysfs use. */
extern const char * const fa_mem_names[FA_MEM_KINDS];

/* Memory of a pool by kind. fa_totals_add() computes the sum, which is not stored. */
struct fa_account {
	atomic_long_t	bytes[FA_MEM_KINDS];
};

/**
 * struct fa_totals - a sum over pools
 * @pools: number of pools that are not dead
 * @bytes: all memory
 * @kind: the same by kind
 */
struct fa_totals {
	unsigned long	pools;
	unsigned long	bytes;
	unsigned long	kind[FA_MEM_KINDS];
};

void fa_totals_add(struct fa_totals *t, const struct fastalloc_pool *pool);
struct fa_totals fa_totals(void);
unsigned long fa_bytes(const struct fastalloc_pool *pool);

#endif /* FASTALLOC_ACCOUNT_H */
