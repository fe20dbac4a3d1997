// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the magazines of a pool. No operation depends on a free magazine: without one,
 * objects go to the depot one by one, which is slower. So magazines are allocated by tasks
 * only, and growth that finds no memory for them succeeds. They are freed with the pool,
 * since contexts read stale ones.
 */
#include <linux/cache.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "mags.h"
#include "mem.h"

void fa_mags_init(struct fa_mags *mags, unsigned int slots)
{
	/* Two CPUs may use two magazines, so these share no cache line. */
	mags->mag_bytes = ALIGN(sizeof(struct fa_mag) + slots * sizeof(void *), SMP_CACHE_BYTES);
}

void fa_mags_exit(struct fa_mags *mags)
{
	u32 b;

	for (b = 0; b < mags->nr_blocks; b++) {
		kvfree(mags->block[b]);
		cond_resched();
	}
}

/* Allocates memory for @nr magazines, or fewer, down to a page, when memory is short. */
static void *fa_mags_alloc(struct fa_mags *mags, unsigned long *nr, int node)
{
	size_t one = mags->mag_bytes;
	void *block;

	for (;;) {
		block = fa_kvmalloc(*nr, one, fa_gfp(GFP_KERNEL), node);
		if (block || *nr * one <= PAGE_SIZE)
			return block;
		*nr /= 2;
	}
}

/*
 * Allocates magazines until there are @need, and calls @add for each. The blocks grow
 * geometrically, so that their numbers suffice. Serialized by the caller. Returns the bytes
 * that were allocated.
 */
size_t fa_mags_add(struct fa_mags *mags, unsigned long need, int node,
		   void (*add)(struct fa_mags *mags, struct fa_mag *m))
{
	unsigned long nr, i;
	size_t bytes = 0;
	void *block;

	while (mags->nr < need && mags->nr_blocks < FA_MAG_BLOCKS) {
		nr = min(max(need - mags->nr, mags->nr / 2), FA_MAG_BLOCK_MASK + 0UL);
		block = fa_mags_alloc(mags, &nr, node);
		if (!block)
			break;
		/* Visible to a CPU that pops one of these magazines, as a push is a release. */
		WRITE_ONCE(mags->block[mags->nr_blocks], block);
		for (i = 0; i < nr; i++) {
			struct fa_mag *m = block + i * mags->mag_bytes;

			fa_resched(i, GFP_KERNEL);
			m->n = 0;
			m->next = (mags->nr_blocks << FA_MAG_BLOCK_SHIFT) + i + 1;
			atomic64_set(&m->stock, 0);
			add(mags, m);
		}
		mags->nr_blocks++;
		WRITE_ONCE(mags->nr, mags->nr + nr);
		bytes += fa_kvsize(nr * mags->mag_bytes);
	}
	WRITE_ONCE(mags->bytes, mags->bytes + bytes);
	return bytes;
}
