/* SPDX-License-Identifier: GPL-2.0 */
/* The depot of a PERCPU pool: see shards.c. */
#ifndef FASTALLOC_SHARDS_H
#define FASTALLOC_SHARDS_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/types.h>

#include "links.h"
#include "mags.h"

struct fa_chunks;

/**
 * struct fa_shard - a part of the depot, for one or more CPUs
 * @stocked: magazines with objects; contexts take objects in place
 * @empty: magazines without objects
 * @single: single objects, linked by their numbers
 * @node: NUMA node of these CPUs
 * @first: the first shard of that node, whose shards are adjacent
 * @peers: number of shards of that node
 */
struct fa_shard {
	struct fa_stack	stocked;
	struct fa_stack	empty;
	struct fa_stack	single;
	int		node;
	u16		first;
	u16		peers;
} ____cacheline_aligned_in_smp;

/* Shards of a depot at most, not counting that of trim. */
#define FA_SHARDS	64U

/**
 * struct fa_depot - free objects that no CPU holds
 * @mags: all magazines
 * @links: numbers of objects
 * @chunks: the chunks of the pool
 * @nr_shards: number of @shard; trim has one more
 * @shard: the shards
 * @free: objects in the shards that nobody has claimed
 * @min_free: minimum of @free in the current epoch; the upper bits hold the epoch. A new
 *	epoch begins when the capacity changes, or on a reset.
 * @low_free: with fewer free objects the pool should grow
 */
struct fa_depot {
	struct fa_mags		mags;
	struct fa_links		links;
	struct fa_chunks	*chunks;
	unsigned int		nr_shards;
	struct fa_shard		*shard;

	/* In one cache line, as each claim accesses all of them. */
	atomic_long_t		free ____cacheline_aligned_in_smp;
	atomic_long_t		min_free;
	long			low_free;
};

int fa_depot_init(struct fa_depot *d, struct fa_chunks *chunks, unsigned int shards,
		  unsigned int slots);
void fa_depot_exit(struct fa_depot *d);
size_t fa_depot_bytes(const struct fa_depot *d);
size_t fa_depot_add_mags(struct fa_depot *d, unsigned long need, int node);
u32 fa_depot_take(struct fa_depot *d, unsigned int first, u32 nr, void **objs);
u32 fa_depot_refill_any(struct fa_depot *d, unsigned int first, u32 nr, struct fa_mag **m);
bool fa_depot_put(struct fa_depot *d, unsigned int shard, void *obj);
void fa_depot_put_mag(struct fa_depot *d, unsigned int shard, struct fa_mag *m);
struct fa_mag *fa_depot_empty(struct fa_depot *d, unsigned int first);
unsigned long fa_depot_count(struct fa_depot *d, unsigned int shard);
unsigned long fa_depot_node_count(struct fa_depot *d, unsigned int first);
u32 fa_depot_take_from(struct fa_depot *d, unsigned int shard, u32 nr, void **objs);

/*
 * The @n-th shard that a CPU with the shard @first searches: first those of its node, last
 * that of trim and those of other nodes. Then from the beginning.
 */
static inline unsigned int fa_depot_nth(const struct fa_depot *d, unsigned int first,
					unsigned int n)
{
	const struct fa_shard *sh = &d->shard[first];

	n %= d->nr_shards + 1;
	if (n < sh->peers)
		return sh->first + (first - sh->first + n) % sh->peers;
	return (sh->first + n) % (d->nr_shards + 1);
}

/* Whether so few objects are free that the pool should grow. */
static inline bool fa_depot_low(const struct fa_depot *d)
{
	return atomic_long_read(&d->free) < READ_ONCE(d->low_free);
}

/*
 * Claims @nr objects, or none. Returns the number of objects left, or -1.
 *
 * A full barrier. Pairs with the one in fa_depot_credit(): a context that has claimed an
 * object finds it in a shard.
 */
static inline long fa_depot_claim(struct fa_depot *d, long nr)
{
	long free = atomic_long_read(&d->free);

	do {
		if (free < nr)
			return -1;
	} while (!atomic_long_try_cmpxchg(&d->free, &free, free - nr));
	return free - nr;
}

/*
 * Makes @nr objects claimable, which are in the shards, for the first time or again. Returns
 * the new number.
 *
 * A full barrier: orders the push of the objects before the increment. Pairs with
 * fa_depot_claim().
 */
static inline long fa_depot_credit(struct fa_depot *d, long nr)
{
	return atomic_long_add_return(nr, &d->free);
}

/**
 * struct fa_top - the magazine on top of a stack, as it was
 * @head: the head
 * @m: the magazine
 * @n: objects in it; 0: there was none
 */
struct fa_top {
	s64		head;
	struct fa_mag	*m;
	u32		n;
};

/* Looks at the stocked magazines of a shard. */
static inline struct fa_top fa_depot_peek(struct fa_depot *d, unsigned int shard)
{
	struct fa_top t = { .head = atomic64_read(&d->shard[shard].stocked.head) };

	if (likely(!fa_head_empty(t.head))) {
		t.m = fa_mag_lookup(&d->mags, (u32)t.head);
		t.n = (u32)atomic64_read(&t.m->stock);
	}
	return t;
}

/*
 * Takes up to @nr claimed objects into a magazine: into the empty *@m, which the caller
 * owns, or stores another one there, in most cases @t. Returns their number; 0 if objects are
 * missing. With preemption off.
 */
static __always_inline u32 fa_depot_refill(struct fa_depot *d, unsigned int first, u32 nr,
					   struct fa_mag **m, struct fa_top *t)
{
	struct fa_shard *sh = &d->shard[first];

	/* As in fa_shard_take_stocked(). */
	if (likely(t->n - 1 < nr) && likely(fa_mag_try_pop(&sh->stocked, t->m, &t->head))) {
		fa_mag_unstock(t->m);
		if (likely(t->m->n)) {
			*m = t->m;
			return t->m->n;
		}
		fa_mag_push(&sh->empty, t->m);
	}
	return fa_depot_refill_any(d, first, nr, m);
}

#endif /* FASTALLOC_SHARDS_H */
