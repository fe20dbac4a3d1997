// SPDX-License-Identifier: GPL-2.0
/*
 * The depot keeps single free objects in lists. An object holds no metadata, so its link
 * lies beside its chunk: 4 bytes, the number of the next object. A number consists of the
 * number of a block of links and an index in it, so it leads to the object without a search
 * by address.
 *
 * A context that pops an object reads the head, then the link of the object there. Another
 * CPU may have popped that object meanwhile, and trim may have removed its chunk. The tag of
 * the head makes the attempt fail, but the link is read before that. So blocks are freed
 * after an RCU grace period. Contexts that read links have preemption off.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "chunk.h"
#include "links.h"
#include "mem.h"

void fa_links_init(struct fa_links *links, size_t stride)
{
	xa_init_flags(&links->blocks, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_IRQ);
	links->stride = stride;
}

void fa_links_exit(struct fa_links *links)
{
	xa_destroy(&links->blocks);
}

static unsigned int fa_links_count(const struct fa_chunk *chunk)
{
	return DIV_ROUND_UP(chunk->count, FA_LINK_SLOTS);
}

static unsigned int fa_links_slots(const struct fa_chunk *chunk, unsigned int b)
{
	return min(chunk->count - b * FA_LINK_SLOTS, FA_LINK_SLOTS);
}

static struct fa_link_block *fa_link_add(struct fa_links *links, struct fa_chunk *chunk,
					 unsigned int b, gfp_t gfp, int node)
{
	unsigned int slots = fa_links_slots(chunk, b);
	struct fa_link_block *block;
	unsigned long flags;
	int err;

	block = fa_kvmalloc(1, struct_size(block, next, slots), gfp, node);
	if (!block)
		return NULL;
	block->slots = slots;
	block->mem = chunk->mem + (size_t)b * FA_LINK_SLOTS * links->stride;
	/* May drop the lock and enable interrupts to allocate, but only if gfp allows it. */
	xa_lock_irqsave(&links->blocks, flags);
	err = __xa_alloc(&links->blocks, &block->nr, block,
			 XA_LIMIT(0, FA_LINK_BLOCKS - 1), fa_gfp(gfp));
	xa_unlock_irqrestore(&links->blocks, flags);
	if (!err)
		return block;
	kvfree(block);
	return NULL;
}

/* Gives numbers to the objects of a chunk. Any context, if @gfp does not allow blocking. */
int fa_links_add(struct fa_links *links, struct fa_chunk *chunk, gfp_t gfp, int node)
{
	unsigned int b, nr = fa_links_count(chunk);

	if (nr == 1) {
		chunk->link = &chunk->only_link;
	} else {
		chunk->link = fa_kvmalloc(nr, sizeof(*chunk->link), gfp, node);
		if (!chunk->link)
			return -ENOMEM;
		memset(chunk->link, 0, nr * sizeof(*chunk->link));
	}
	for (b = 0; b < nr; b++) {
		chunk->link[b] = fa_link_add(links, chunk, b, gfp, node);
		if (!chunk->link[b]) {
			fa_links_del(links, chunk);
			return -ENOMEM;
		}
	}
	return 0;
}

void fa_links_del(struct fa_links *links, struct fa_chunk *chunk)
{
	unsigned int b, nr = fa_links_count(chunk);
	unsigned long flags;

	if (!chunk->link)
		return;
	for (b = 0; b < nr && chunk->link[b]; b++) {
		xa_lock_irqsave(&links->blocks, flags);
		__xa_erase(&links->blocks, chunk->link[b]->nr);
		xa_unlock_irqrestore(&links->blocks, flags);
		kvfree_rcu(chunk->link[b], rcu);
	}
	if (chunk->link != &chunk->only_link)
		kvfree(chunk->link);
	chunk->link = NULL;
}

/* Memory of the links of a chunk. */
size_t fa_links_bytes(const struct fa_chunk *chunk)
{
	unsigned int b, nr = fa_links_count(chunk);
	size_t bytes = 0;

	if (!chunk->link)
		return 0;
	for (b = 0; b < nr; b++)
		bytes += fa_kvsize(sizeof(struct fa_link_block) +
				   fa_links_slots(chunk, b) * sizeof(u32));
	return nr == 1 ? bytes : bytes + fa_kvsize(nr * sizeof(*chunk->link));
}
