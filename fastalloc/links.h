/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers of objects, by which the depot links single objects: see links.c. */
#ifndef FASTALLOC_LINKS_H
#define FASTALLOC_LINKS_H

#include <linux/types.h>
#include <linux/xarray.h>

struct fa_chunk;
struct fa_chunks;

/* The number of an object: that of its block, and its index in the block of 14 bits. */
#define FA_LINK_SHIFT	14
#define FA_LINK_SLOTS	16384U
#define FA_LINK_BLOCKS	(~0U >> FA_LINK_SHIFT)

/**
 * struct fa_link_block - links of up to FA_LINK_SLOTS objects of a chunk
 * @rcu: frees the block once no context reads a stale link
 * @mem: address of the first of these objects
 * @nr: number of the block
 * @slots: number of entries of @next
 * @next: on a list of single objects: number of the next object + 1, or 0
 */
struct fa_link_block {
	struct rcu_head	rcu;
	void		*mem;
	u32		nr;
	u32		slots;
	u32		next[];
};

/**
 * struct fa_links - all blocks of a pool, by number
 * @blocks: the blocks; read in any context with preemption off
 * @stride: distance of adjacent objects
 */
struct fa_links {
	struct xarray	blocks;
	size_t		stride;
};

void fa_links_init(struct fa_links *links, size_t stride);
void fa_links_exit(struct fa_links *links);
int fa_links_add(struct fa_links *links, struct fa_chunk *chunk, gfp_t gfp, int node);
void fa_links_del(struct fa_links *links, struct fa_chunk *chunk);
size_t fa_links_bytes(const struct fa_chunk *chunk);

/*
 * The link of the object of @id, and the object. @id was read since preemption is off, so a
 * block with this number is the one that @id was made for, or there is none: NULL.
 */
static inline u32 *fa_link_of(struct fa_links *links, u32 id, void **obj)
{
	struct fa_link_block *b = xa_load(&links->blocks, id >> FA_LINK_SHIFT);
	u32 i = id & (FA_LINK_SLOTS - 1);

	if (unlikely(!b))
		return NULL;
	*obj = b->mem + i * links->stride;
	return &b->next[i];
}

/*
 * Reads the link of the object of @id, or 0 if there is no such object. Unlike above, @id may
 * be stale: its block number may belong to another block by now, which has fewer slots. With
 * preemption off.
 */
static inline u32 fa_link_look(struct fa_links *links, u32 id)
{
	struct fa_link_block *b = xa_load(&links->blocks, id >> FA_LINK_SHIFT);
	u32 i = id & (FA_LINK_SLOTS - 1);

	return b && i < b->slots ? READ_ONCE(b->next[i]) : 0;
}

#endif /* FASTALLOC_LINKS_H */
