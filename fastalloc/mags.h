/* SPDX-License-Identifier: GPL-2.0 */
/* The magazines of a pool, and their memory: see mags.c. */
#ifndef FASTALLOC_MAGS_H
#define FASTALLOC_MAGS_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "depot.h"

/* A magazine id is a block number of 6 bits and an index in the block of 26 bits. */
#define FA_MAG_BLOCK_SHIFT	26
#define FA_MAG_BLOCK_MASK	((1U << FA_MAG_BLOCK_SHIFT) - 1)
#define FA_MAG_BLOCKS		(1U << (32 - FA_MAG_BLOCK_SHIFT))

/**
 * struct fa_mags - all magazines of a pool
 * @nr: magazines that exist; written under the pool's grow_lock, as @bytes and @nr_blocks
 * @bytes: memory of all magazines
 * @mag_bytes: size of a magazine; constant
 * @nr_blocks: number of blocks
 * @block: blocks of magazines; freed when the pool is destroyed
 */
struct fa_mags {
	unsigned long	nr;
	size_t		bytes;
	u32		mag_bytes;
	u32		nr_blocks;
	void		*block[FA_MAG_BLOCKS];
};

void fa_mags_init(struct fa_mags *mags, unsigned int slots);
void fa_mags_exit(struct fa_mags *mags);
size_t fa_mags_add(struct fa_mags *mags, unsigned long need, int node,
		   void (*add)(struct fa_mags *mags, struct fa_mag *m));

/* The magazine of an id + 1. */
static inline struct fa_mag *fa_mag_lookup(const struct fa_mags *mags, u32 id)
{
	id--;
	return READ_ONCE(mags->block[id >> FA_MAG_BLOCK_SHIFT]) +
	       (size_t)(id & FA_MAG_BLOCK_MASK) * mags->mag_bytes;
}

/*
 * Pops the top magazine, if the head is still @old. Updates @old if not.
 *
 * The address dependency orders the read of the head before the read of ->next. A stale
 * ->next is discarded, as the exchange fails.
 */
static inline bool fa_mag_try_pop(struct fa_stack *s, struct fa_mag *m, s64 *old)
{
	u32 id = (u32)*old;

	if (!atomic64_try_cmpxchg_acquire(&s->head, old, fa_head_next(*old, READ_ONCE(m->next))))
		return false;
	WRITE_ONCE(m->next, id);
	return true;
}

static inline struct fa_mag *fa_mag_pop(const struct fa_mags *mags, struct fa_stack *s)
{
	s64 old = atomic64_read(&s->head);
	struct fa_mag *m;

	do {
		if (fa_head_empty(old))
			return NULL;
		m = fa_mag_lookup(mags, (u32)old);
	} while (!fa_mag_try_pop(s, m, &old));
	return m;
}

static inline void fa_mag_push(struct fa_stack *s, struct fa_mag *m)
{
	fa_stack_push(s, m->next, &m->next);
}

#endif /* FASTALLOC_MAGS_H */
