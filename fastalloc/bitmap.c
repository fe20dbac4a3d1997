// SPDX-License-Identifier: GPL-2.0
/*
 * A bitmap with summaries, for the order LOWEST, and for marking objects of a chunk.
 * Nothing here knows of pools, chunks or locks: the caller serializes.
 *
 * A set bit of level l + 1 says that a whole word of level l is set, so that the lowest
 * clear bit is found in one step per level (five levels for 2^30 objects on 64-bit). The
 * idea is that of van Emde Boas trees as simplified in lib/sbitmap.c and the priority
 * bitmaps of the scheduler. Level 0 is an ordinary kernel bitmap.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/slab.h>

#include "bitmap.h"
#include "mem.h"

int fa_bitmap_init(struct fa_bitmap *bm, unsigned int bits, gfp_t gfp, int node)
{
	unsigned int words[FA_BITMAP_LEVELS];
	unsigned int n = bits, l = 0;
	unsigned long *mem;
	size_t total = 0;

	do {
		words[l] = BITS_TO_LONGS(n);
		total += words[l];
		n = words[l++];
	} while (n > 1);

	mem = fa_kvmalloc(total, sizeof(*mem), gfp | __GFP_ZERO, node);
	if (!mem)
		return -ENOMEM;

	bm->bits = bits;
	bm->levels = l;
	bm->words = total;
	n = bits;
	for (l = 0; l < bm->levels; l++) {
		bm->level[l] = mem;
		/* Bits past the end are always set. */
		bitmap_set(mem, n, words[l] * BITS_PER_LONG - n);
		mem += words[l];
		n = words[l];
	}
	return 0;
}

void fa_bitmap_free(struct fa_bitmap *bm)
{
	if (bm->levels)
		kvfree(bm->level[0]);
	bm->levels = 0;
}

/* Updates the levels above 0 after word @word of level 0 has changed. */
static void fa_bitmap_summarise(struct fa_bitmap *bm, unsigned int word)
{
	unsigned int l;

	for (l = 1; l < bm->levels; l++) {
		bool full = bm->level[l - 1][word] == ~0UL;

		if (full == test_bit(word, bm->level[l]))
			return;
		__assign_bit(word, bm->level[l], full);
		word = BIT_WORD(word);
	}
}

bool fa_bitmap_test(const struct fa_bitmap *bm, unsigned int bit)
{
	return test_bit(bit, bm->level[0]);
}

void fa_bitmap_set(struct fa_bitmap *bm, unsigned int bit)
{
	__set_bit(bit, bm->level[0]);
	fa_bitmap_summarise(bm, BIT_WORD(bit));
}

void fa_bitmap_clear(struct fa_bitmap *bm, unsigned int bit)
{
	__clear_bit(bit, bm->level[0]);
	fa_bitmap_summarise(bm, BIT_WORD(bit));
}

/* Sets the lowest clear bit and returns it. There must be one. */
unsigned int fa_bitmap_take_lowest(struct fa_bitmap *bm)
{
	unsigned int l = bm->levels, bit = 0;

	while (l--)
		bit = bit * BITS_PER_LONG + ffz(bm->level[l][bit]);
	fa_bitmap_set(bm, bit);
	return bit;
}

static void fa_bitmap_assign_run(struct fa_bitmap *bm, unsigned int bit,
				 unsigned int nr, bool taken)
{
	unsigned int word;

	if (taken)
		bitmap_set(bm->level[0], bit, nr);
	else
		bitmap_clear(bm->level[0], bit, nr);
	for (word = BIT_WORD(bit); word <= BIT_WORD(bit + nr - 1); word++)
		fa_bitmap_summarise(bm, word);
}

/* Sets the lowest run of @nr clear bits. Returns its start, or bm->bits if there is none. */
unsigned int fa_bitmap_take_run(struct fa_bitmap *bm, unsigned int nr)
{
	unsigned long bit;

	bit = bitmap_find_next_zero_area(bm->level[0], bm->bits, 0, nr, 0);
	if (bit >= bm->bits)
		return bm->bits;
	fa_bitmap_assign_run(bm, bit, nr, true);
	return bit;
}

/* Whether all bits of a run are set. */
bool fa_bitmap_run_taken(const struct fa_bitmap *bm, unsigned int bit,
			 unsigned int nr)
{
	return find_next_zero_bit(bm->level[0], bit + nr, bit) >= bit + nr;
}

void fa_bitmap_put_run(struct fa_bitmap *bm, unsigned int bit, unsigned int nr)
{
	fa_bitmap_assign_run(bm, bit, nr, false);
}
