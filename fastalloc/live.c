// SPDX-License-Identifier: GPL-2.0
/*
 * Allocated objects of a pool, grouped by the stack that allocated them. The table has a fixed
 * size, so no memory is allocated while a chunk is looked at, and its size does not depend on
 * the number of objects.
 */
#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sort.h>

#include "live.h"
#include "look.h"
#include "pool.h"
#include "query.h"
#include "report.h"
#include "stats.h"

/* The group of a key, perhaps a new one; NULL if the table is full but for a quarter. */
static struct fa_live_group *fa_live_group(struct fa_live *live, unsigned long key, bool stack)
{
	unsigned int i = hash_long(key, ilog2(FA_LIVE_GROUPS));
	struct fa_live_group *g;

	for (;; i = (i + 1) % FA_LIVE_GROUPS) {
		g = &live->group[i];
		if (g->objects && g->key == key && g->stack == stack)
			return g;
		if (!g->objects)
			break;
	}
	if (live->nr >= FA_LIVE_GROUPS / 4 * 3)
		return NULL;
	live->nr++;
	g->key = key;
	g->stack = stack;
	return g;
}

static void fa_live_count(struct fa_live *live, const struct fa_track *t)
{
	struct fa_live_group *g = NULL;
	depot_stack_handle_t stack;
	unsigned long when;

	live->objects++;
	/* Pairs with the smp_store_release() in fa_track_save(). */
	if (smp_load_acquire(&t->valid)) {
		stack = READ_ONCE(t->stack);
		when = READ_ONCE(t->when);
		g = fa_live_group(live, stack ?: READ_ONCE(t->ip), stack);
	}
	if (!g) {
		live->rest++;
		return;
	}
	if (!g->objects || time_before(when, g->oldest))
		g->oldest = when;
	if (!g->objects || time_after(when, g->youngest))
		g->youngest = when;
	g->objects++;
}

static int fa_live_cmp(const void *a, const void *b)
{
	const struct fa_live_group *ga = a, *gb = b;

	return ga->objects < gb->objects ? 1 : ga->objects > gb->objects ? -1 : 0;
}

void fa_live_free(struct fa_live *live)
{
	kvfree(live);
}

/* Returns NULL if there is no memory. May sleep. */
struct fa_live *fa_live_collect(struct fastalloc_pool *pool)
{
	struct fa_look look = { .pool = pool };
	struct fa_chunk *chunk;
	struct fa_live *live;
	unsigned long word;
	unsigned int from;

	live = fa_kvmalloc(1, sizeof(*live), fa_gfp(GFP_KERNEL | __GFP_ZERO), NUMA_NO_NODE);
	if (!live)
		return NULL;
	while ((chunk = fa_look_next(&look))) {
		for (from = 0; from < chunk->count; from += BITS_PER_LONG) {
			word = fa_live_word(pool, chunk, from);
			if (!chunk->track) {
				live->objects += hweight_long(word);
				live->rest += hweight_long(word);
				word = 0;
			}
			for (; word; word &= word - 1)
				fa_live_count(live, fa_track(chunk, from + __ffs(word),
							     FA_TRACK_ALLOC));
			cond_resched();
		}
	}
	live->now = jiffies;
	sort(live->group, FA_LIVE_GROUPS, sizeof(live->group[0]), fa_live_cmp, NULL);
	return live;
}
