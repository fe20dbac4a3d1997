/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that a pool allocates from the kernel: see mem.c. Nothing here knows of pools. */
#ifndef FASTALLOC_MEM_H
#define FASTALLOC_MEM_H

#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/types.h>

/**
 * enum fa_origin - the allocator of the memory of a chunk
 * @FA_ORIGIN_PAGES: the page allocator
 * @FA_ORIGIN_VMALLOC: vmalloc
 * @FA_ORIGIN_OWNER: &fastalloc_config.mem_alloc
 * @FA_ORIGINS: number of allocators
 */
enum fa_origin {
	FA_ORIGIN_PAGES,
	FA_ORIGIN_VMALLOC,
	FA_ORIGIN_OWNER,
	FA_ORIGINS,
};

gfp_t fa_gfp(gfp_t gfp);
void *fa_kmalloc(size_t bytes, gfp_t gfp, int node);
void *fa_kzalloc(size_t bytes, gfp_t gfp, int node);
void *fa_kvmalloc(size_t n, size_t size, gfp_t gfp, int node);
size_t fa_kvsize(size_t bytes);
size_t fa_vmalloc_array(size_t bytes);
size_t fa_pages_max(void);
void *fa_pages_alloc(size_t bytes, gfp_t gfp, int node);
void *fa_vmalloc(size_t bytes, gfp_t gfp, int node);
size_t fa_huge_size(void);

/* Call in a loop over objects. */
static inline void fa_resched(unsigned long i, gfp_t gfp)
{
	if (!(i % 1024) && gfpflags_allow_blocking(gfp))
		cond_resched();
}

#endif /* FASTALLOC_MEM_H */
