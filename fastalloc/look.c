// SPDX-License-Identifier: GPL-2.0
/*
 * Readers that look at the chunks of a pool, one after another. Pools of sync NONE have no files
 * that do so, as their owner changes the set of chunks without a lock; only the owner's own calls
 * do (query.c).
 *
 * Chunks are removed by trim, which holds grow_lock from the first to the last step. A reader
 * takes grow_lock for a moment to mark the chunk that it looks at, and trim leaves such a chunk
 * alone. So an allocation that has to grow the pool never waits for a reader to look at slots.
 * Destroy removes the files first, and so waits for readers.
 *
 * A reader goes on from an address, not from a number, so it meets each chunk that stays exactly
 * once, whatever is added or removed meanwhile. What it tells of an object was true at some
 * moment of the read.
 */
#include <linux/bitops.h>
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/sched.h>

#include "lock.h"
#include "look.h"
#include "query.h"
#include "stats.h"

/* For tools/drgn: nothing in a dump tells HZ. */
const unsigned int fa_hz = HZ;

/* The chunk with the lowest address above @after. */
static struct fa_chunk *fa_chunk_after(const struct fa_chunks *chunks, const void *after)
{
	struct rb_node *n = chunks->tree.tree[0].rb_node;
	struct fa_chunk *chunk, *found = NULL;

	while (n) {
		chunk = fa_chunk_or_null(n);
		if ((const void *)chunk->mem > after) {
			found = chunk;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return found;
}

/* Leaves the chunk, without going on. */
void fa_look_end(struct fa_look *look)
{
	if (!look->chunk)
		return;
	mutex_lock(&look->pool->grow_lock);
	look->chunk->looks--;
	mutex_unlock(&look->pool->grow_lock);
	look->chunk = NULL;
}

/* Goes on to the next chunk, or to the first. Returns NULL at the end. May sleep. */
struct fa_chunk *fa_look_next(struct fa_look *look)
{
	struct fastalloc_pool *pool = look->pool;
	unsigned long flags;

	mutex_lock(&pool->grow_lock);
	if (look->chunk) {
		look->after = look->chunk->mem;
		look->chunk->looks--;
	}
	flags = fa_lock_quiet(pool);
	look->chunk = fa_chunk_after(&pool->chunks, look->after);
	fa_unlock_quiet(pool, flags);
	if (look->chunk)
		look->chunk->looks++;
	mutex_unlock(&pool->grow_lock);
	return look->chunk;
}

/* Number of allocated objects of the slots [@from, @end) of the chunk. */
unsigned int fa_look_out(struct fa_look *look, unsigned int from, unsigned int end)
{
	unsigned int out = 0, at = round_down(from, BITS_PER_LONG);
	unsigned long word;

	for (; at < end; at += BITS_PER_LONG) {
		word = fa_live_word(look->pool, look->chunk, at);
		if (at < from)
			word &= BITMAP_FIRST_WORD_MASK(from);
		if (end - at < BITS_PER_LONG)
			word &= BITMAP_LAST_WORD_MASK(end);
		out += hweight_long(word);
		cond_resched();
	}
	return out;
}

/* Number of slots for a character of the map. */
unsigned int fa_look_cell(const struct fa_chunk *chunk)
{
	return DIV_ROUND_UP(chunk->count, FA_MAP_CELLS);
}

static char fa_look_char(unsigned int out, unsigned int slots)
{
	if (!out)
		return '_';
	if (out >= slots)
		return 'O';
	return '0' + clamp((unsigned int)div_u64(10ULL * out, slots), 1U, 9U);
}

/* Draws the chunk into FA_MAP_CELLS + 1 characters. Returns the number of allocated objects. */
unsigned int fa_look_map(struct fa_look *look, char *map)
{
	unsigned int count = look->chunk->count, cell = fa_look_cell(look->chunk);
	unsigned int from, end, out, all = 0;

	for (from = 0; from < count; from = end) {
		end = from + min(cell, count - from);
		out = fa_look_out(look, from, end);
		*map++ = fa_look_char(out, end - from);
		all += out;
	}
	*map = '\0';
	return all;
}

const char *fa_look_state(const struct fa_look *look)
{
	/* They go when the last object has come back. */
	if (READ_ONCE(look->pool->closed))
		return "condemned";
	return fa_peek(look->chunk->ready) ? "used" : "new";
}

const char *fa_look_backing(const struct fa_look *look)
{
	static const char * const names[FA_ORIGINS] = { "pages", "vmalloc", "owner" };

	return names[look->chunk->origin];
}

/* Both in jiffies. */
u64 fa_look_age_ms(unsigned long now, unsigned long since)
{
	return div_u64((u64)(now - since) * MSEC_PER_SEC, HZ);
}

/* A seq_file with a header and a line for each chunk. */
void *fa_look_seq_start(struct seq_file *m, loff_t *pos)
{
	struct fa_look *look = m->private;
	loff_t n;

	if (!*pos) {
		look->after = NULL;
		look->pos = 1;
		return SEQ_START_TOKEN;
	}
	if (*pos != look->pos) {
		look->after = NULL;
		look->pos = *pos;
		for (n = 1; n < *pos; n++) {
			if (!fa_look_next(look))
				return NULL;
			cond_resched();
		}
	}
	return fa_look_next(look);
}

void *fa_look_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct fa_look *look = m->private;

	look->pos = ++*pos;
	return fa_look_next(look);
}

void fa_look_seq_stop(struct seq_file *m, void *v)
{
	fa_look_end(m->private);
}
