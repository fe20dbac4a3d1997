// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a pool allocates from the kernel, under one policy.
 *
 * Objects and all metadata are allocated with fa_gfp():
 *
 * - The OOM killer is never invoked, and no allocation is retried without end:
 *	__GFP_RETRY_MAYFAIL, or __GFP_NORETRY if the caller asked for that.
 * - The emergency reserves stay untouched, under PF_MEMALLOC too:
 *	__GFP_NOMEMALLOC. A caller with __GFP_HIGH (GFP_ATOMIC) gets the share
 *	of the memory below the min watermark that this flag stands for.
 * - The page allocator prints no warning. The code that needed the memory logs one
 *	line instead, unless its caller passed __GFP_NOWARN.
 * - Of the caller's flags only those for reclaim, I/O and filesystems are used, and
 *	those named above. __GFP_ACCOUNT, __GFP_NOFAIL and zone modifiers are ignored.
 *
 * The kernel allocates the page tables of vmalloc with its own flags. When memory is
 * exhausted such an allocation may invoke the OOM killer or, in a NOIO scope,
 * retry without end. So vmalloc is used only while there is memory for the pages
 * and their page tables by a safe margin, and not under PF_MEMALLOC.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "mem.h"

/* The caller's flags that are used. GFP_ATOMIC stands for its bits, which changed in 6.2. */
#define FA_GFP_CALLER	(GFP_KERNEL | GFP_ATOMIC | __GFP_NORETRY | __GFP_ZERO)

/* Pages that must stay free besides those that vmalloc allocates. */
#define FA_VMALLOC_MARGIN	64

/* The flags for an allocation for a caller that passed @gfp. Idempotent. */
gfp_t fa_gfp(gfp_t gfp)
{
	gfp_t out = (gfp & FA_GFP_CALLER) | __GFP_NOWARN | __GFP_NOMEMALLOC;

	if ((out & __GFP_DIRECT_RECLAIM) && !(out & __GFP_NORETRY))
		out |= __GFP_RETRY_MAYFAIL;
	return out;
}

/* Allocates a small structure; free it with kfree(). */
void *fa_kmalloc(size_t bytes, gfp_t gfp, int node)
{
	return kmalloc_node(bytes, fa_gfp(gfp), node);
}

/* Likewise, zeroed. */
void *fa_kzalloc(size_t bytes, gfp_t gfp, int node)
{
	return kmalloc_node(bytes, fa_gfp(gfp | __GFP_ZERO), node);
}

/* The largest block of the page allocator. */
size_t fa_pages_max(void)
{
	/*
	 * MAX_ORDER changed its meaning in 6.4 and its name in 6.8; this macro did not
	 * change.
	 */
	return PAGE_SIZE * MAX_ORDER_NR_PAGES;
}

/*
 * Allocates physically contiguous pages; @bytes is a multiple of PAGE_SIZE, at most
 * fa_pages_max(). Free them with free_pages_exact().
 */
void *fa_pages_alloc(size_t bytes, gfp_t gfp, int node)
{
	unsigned int order = get_order(bytes);
	unsigned long i;
	struct page *page;

	page = alloc_pages_node(node, fa_gfp(gfp), order);
	if (!page)
		return NULL;
	split_page(page, order);
	for (i = bytes >> PAGE_SHIFT; i < 1UL << order; i++)
		__free_page(page + i);
	return page_address(page);
}

/*
 * Allocates and maps pages of one node: there is no vmalloc function for modules that does
 * this.
 */
static void *fa_vmap_node(size_t bytes, gfp_t gfp, int node)
{
	unsigned long nr = bytes >> PAGE_SHIFT, i;
	struct page **pages;
	void *mem;

	if (nr > UINT_MAX)
		return NULL;
	pages = fa_kvmalloc(nr, sizeof(*pages), gfp & ~__GFP_ZERO, node);
	if (!pages)
		return NULL;
	for (i = 0; i < nr; i++) {
		pages[i] = alloc_pages_node(node, gfp, 0);
		if (!pages[i])
			goto err;
		fa_resched(i, gfp);
	}
	/* From here on the pages and the array belong to the mapping. */
	mem = vmap(pages, nr, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (mem)
		return mem;
err:
	while (i--)
		__free_page(pages[i]);
	kvfree(pages);
	return NULL;
}

/*
 * Chunks of a multiple of this size may be mapped by huge pages. Any other size would be
 * rounded up to it. 0: there are no huge mappings.
 */
size_t fa_huge_size(void)
{
	return IS_ENABLED(CONFIG_HAVE_ARCH_HUGE_VMALLOC) ? PMD_SIZE : 0;
}

/* Allocates virtually contiguous memory; @bytes is a multiple of PAGE_SIZE. */
void *fa_vmalloc(size_t bytes, gfp_t gfp, int node)
{
	unsigned long pages = bytes >> PAGE_SHIFT;
	size_t huge = fa_huge_size();
	long free;

	if (!gfpflags_allow_blocking(gfp) || (current->flags & PF_MEMALLOC))
		return NULL;
	free = si_mem_available() - FA_VMALLOC_MARGIN - pages / 256;
	if (free < 0 || pages > free)
		return NULL;
	/* vmalloc refuses this flag, which matters under PF_MEMALLOC only. */
	gfp = fa_gfp(gfp) & ~__GFP_NOMEMALLOC;
	if (huge && !(bytes % huge) && (node == NUMA_NO_NODE || FA_HUGE_BY_NODE))
		return fa_vmalloc_huge(bytes, gfp, node);
	if (node != NUMA_NO_NODE)
		return fa_vmap_node(bytes, gfp, node);
	return __vmalloc(bytes, gfp);
}

/*
 * Allocates an array; free it with kvfree(). Replaces kvmalloc(), which does not take the
 * flags of the policy, and refuses more than INT_MAX bytes.
 */
void *fa_kvmalloc(size_t n, size_t size, gfp_t gfp, int node)
{
	size_t bytes = array_size(n, size);
	bool small = bytes <= PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER;
	void *p = NULL;

	if (bytes > SIZE_MAX - PAGE_SIZE)
		return NULL;
	/* If vmalloc is the fallback, do not try hard for contiguous pages. */
	if (small)
		p = kmalloc_node(bytes, fa_gfp(bytes > PAGE_SIZE ? gfp | __GFP_NORETRY : gfp),
				 node);
	if (!p && bytes > PAGE_SIZE)
		p = fa_vmalloc(PAGE_ALIGN(bytes), gfp, node);
	return p;
}

/* The memory that vmalloc takes beside @bytes: an array of the pages. */
size_t fa_vmalloc_array(size_t bytes)
{
	size_t array = PFN_UP(bytes) * sizeof(struct page *), all = 0;

	/* It comes from vmalloc as well, if it is larger than a page. */
	for (; array > PAGE_SIZE; array = PFN_UP(array) * sizeof(struct page *))
		all += PAGE_ALIGN(array);
	return all + fa_kvsize(array);
}

/* The memory that an allocation of @bytes takes. */
size_t fa_kvsize(size_t bytes)
{
	if (bytes > PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER)
		return PAGE_ALIGN(bytes) + fa_vmalloc_array(bytes);
	if (bytes > 64 && bytes <= 96)
		return 96;
	if (bytes > 128 && bytes <= 192)
		return 192;
	return bytes ? roundup_pow_of_two(max_t(size_t, bytes, 8)) : 0;
}
