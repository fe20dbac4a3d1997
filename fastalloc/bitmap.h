/* SPDX-License-Identifier: GPL-2.0 */
/* A bitmap with summaries, for LOWEST and for marking objects of a chunk: see bitmap.c. */
#ifndef FASTALLOC_BITMAP_H
#define FASTALLOC_BITMAP_H

#include <linux/gfp.h>
#include <linux/types.h>

/* Enough for FASTALLOC_MAX_OBJECTS bits on 32-bit. */
#define FA_BITMAP_LEVELS	7

/**
 * struct fa_bitmap - a bitmap with summaries
 * @bits: number of bits
 * @levels: levels in use
 * @words: number of words of all levels
 * @level: level 0: the bits; above: set if the word of the level below has all bits set
 */
struct fa_bitmap {
	unsigned int	bits;
	unsigned int	levels;
	unsigned int	words;
	unsigned long	*level[FA_BITMAP_LEVELS];
};

int fa_bitmap_init(struct fa_bitmap *bm, unsigned int bits, gfp_t gfp, int node);
void fa_bitmap_free(struct fa_bitmap *bm);
bool fa_bitmap_test(const struct fa_bitmap *bm, unsigned int bit);
void fa_bitmap_set(struct fa_bitmap *bm, unsigned int bit);
void fa_bitmap_clear(struct fa_bitmap *bm, unsigned int bit);
unsigned int fa_bitmap_take_lowest(struct fa_bitmap *bm);
unsigned int fa_bitmap_take_run(struct fa_bitmap *bm, unsigned int nr);
bool fa_bitmap_run_taken(const struct fa_bitmap *bm, unsigned int bit,
			 unsigned int nr);
void fa_bitmap_put_run(struct fa_bitmap *bm, unsigned int bit, unsigned int nr);

#endif /* FASTALLOC_BITMAP_H */
