// SPDX-License-Identifier: GPL-2.0
/*
 * The depot: all free objects of a PERCPU pool that no CPU holds, in shards for one or more
 * CPUs. Nothing here knows of pools.
 *
 * A context first claims objects: it subtracts their number from ->free. Then it takes them,
 * from its own shard or another. A context that puts objects pushes them first, then adds
 * their number to ->free. So at any time the shards hold at least as many objects as
 * contexts have claimed. A context that has claimed an object therefore finds one: if an
 * attempt to take it fails, another context has taken an object in the meantime.
 *
 * No context holds objects that others have claimed. A context that needs fewer objects than
 * a magazine holds takes these in place: it reads the slots, then exchanges the number in
 * ->stock. Only a context that has claimed as many objects as a magazine holds pops the
 * whole magazine. The number only falls while the magazine is on a stack, so a popped
 * magazine never holds more objects than its new owner has claimed.
 *
 * An object that is freed without a magazine goes to a list of single objects. That list has
 * room for all objects of the pool. So no operation depends on a free magazine.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "chunk.h"
#include "copy.h"
#include "mem.h"
#include "shards.h"

/*
 * Lists that are found empty in a row, after which claimed objects must be missing: callers
 * have freed objects twice.
 */
#define FA_TAKE_MISSES	65536

int fa_depot_init(struct fa_depot *d, struct fa_chunks *chunks, unsigned int shards,
		  unsigned int slots)
{
	d->chunks = chunks;
	d->nr_shards = shards;
	fa_links_init(&d->links, chunks->stride);
	fa_mags_init(&d->mags, slots);
	d->shard = fa_kzalloc((shards + 1) * sizeof(*d->shard), fa_gfp(GFP_KERNEL), NUMA_NO_NODE);
	return d->shard ? 0 : -ENOMEM;
}

void fa_depot_exit(struct fa_depot *d)
{
	/* The config was refused before fa_depot_init(). */
	if (!d->chunks)
		return;
	fa_mags_exit(&d->mags);
	fa_links_exit(&d->links);
	kfree(d->shard);
}

/* Spreads new magazines over the shards. */
static void fa_depot_add_mag(struct fa_mags *mags, struct fa_mag *m)
{
	struct fa_depot *d = container_of(mags, struct fa_depot, mags);

	fa_mag_push(&d->shard[m->next % d->nr_shards].empty, m);
}

/* Ensures that there are @need magazines. Returns the bytes that were allocated. */
size_t fa_depot_add_mags(struct fa_depot *d, unsigned long need, int node)
{
	return fa_mags_add(&d->mags, need, node, fa_depot_add_mag);
}

size_t fa_depot_bytes(const struct fa_depot *d)
{
	return fa_kvsize((d->nr_shards + 1) * sizeof(*d->shard));
}

/*
 * Takes up to @nr objects of the stocked magazines. If @whole is not NULL and the top
 * magazine holds at most @nr objects, it is popped and stored there instead.
 */
static u32 fa_shard_take_stocked(struct fa_depot *d, struct fa_shard *sh, u32 nr, void **objs,
				 struct fa_mag **whole)
{
	s64 head = atomic64_read(&sh->stocked.head), stock;
	struct fa_mag *m;
	u32 n;

	while (!fa_head_empty(head)) {
		m = fa_mag_lookup(&d->mags, (u32)head);
		/*
		 * Orders this read before those of the slots. Pairs with the release in
		 * fa_mag_stock().
		 */
		stock = atomic64_read_acquire(&m->stock);
		n = (u32)stock;
		if (n && (!whole || n > nr)) {
			u32 run = min(n, nr);

			fa_copy_racy(objs, &m->slot[n - run], run);
			/* A full barrier: the reads of the slots come before the exchange. */
			if (atomic64_try_cmpxchg(&m->stock, &stock, stock - run))
				return run;
			head = atomic64_read(&sh->stocked.head);
			continue;
		}
		if (!fa_mag_try_pop(&sh->stocked, m, &head))
			continue;
		fa_mag_unstock(m);
		if (m->n) {
			*whole = m;
			return m->n;
		}
		fa_mag_push(&sh->empty, m);
		head = atomic64_read(&sh->stocked.head);
	}
	return 0;
}

/* Takes up to @nr single objects. With preemption off. */
static u32 fa_shard_take_single(struct fa_depot *d, struct fa_shard *sh, u32 nr, void **objs)
{
	s64 head = atomic64_read(&sh->single.head);
	u32 *link, id, run;

again:
	for (id = (u32)head, run = 0; id && run < nr; run++) {
		link = fa_link_of(&d->links, id - 1, &objs[run]);
		/* Another context has popped the object, and the head has changed. */
		if (unlikely(!link)) {
			s64 old = head;

			head = atomic64_read(&sh->single.head);
			if (head != old)
				goto again;
			/* Or it was freed twice, and is gone. */
			return 0;
		}
		id = READ_ONCE(*link);
	}
	if (!run)
		return 0;
	/* A full barrier, as in fa_mag_unstock(). */
	if (!atomic64_try_cmpxchg(&sh->single.head, &head, fa_head_next(head, id)))
		goto again;
	return run;
}

/* Takes up to @nr claimed objects of one shard. With preemption off. */
static u32 fa_shard_take(struct fa_depot *d, struct fa_shard *sh, u32 nr, void **objs)
{
	u32 run = fa_shard_take_stocked(d, sh, nr, objs, NULL);

	return run ?: fa_shard_take_single(d, sh, nr, objs);
}

/* Likewise, by index. */
u32 fa_depot_take_from(struct fa_depot *d, unsigned int shard, u32 nr, void **objs)
{
	return fa_shard_take(d, &d->shard[shard], nr, objs);
}

/*
 * Takes @nr claimed objects, first of shard @first. Returns how many: fewer if objects are
 * missing.
 */
u32 fa_depot_take(struct fa_depot *d, unsigned int first, u32 nr, void **objs)
{
	unsigned int i = first, n = 0, misses = 0;
	u32 run, left = nr;

	while (left && likely(misses < FA_TAKE_MISSES)) {
		preempt_disable();
		/* A few, as preemption is off, and another context can make this begin again. */
		run = fa_shard_take(d, &d->shard[i], min_t(u32, left, FASTALLOC_MAX_MAGAZINE),
				    objs);
		preempt_enable();
		objs += run;
		left -= run;
		misses = run ? 0 : misses + 1;
		if (!run)
			i = fa_depot_nth(d, first, ++n);
	}
	return nr - left;
}

/* fa_depot_refill(), from any shard, in any way. */
u32 fa_depot_refill_any(struct fa_depot *d, unsigned int first, u32 nr, struct fa_mag **m)
{
	unsigned int i = first, misses;
	struct fa_mag *whole = NULL;
	u32 run;

	for (misses = 0; likely(misses < FA_TAKE_MISSES); misses++) {
		struct fa_shard *sh = &d->shard[i];

		run = fa_shard_take_stocked(d, sh, nr, (*m)->slot, &whole);
		if (likely(whole)) {
			*m = whole;
			return run;
		}
		if (!run)
			run = fa_shard_take_single(d, sh, nr, (*m)->slot);
		if (run)
			return run;
		i = fa_depot_nth(d, first, misses + 1);
	}
	return 0;
}

/*
 * Puts an object into a shard, without credit. Returns false if it is not an object of the
 * pool. With preemption off.
 */
bool fa_depot_put(struct fa_depot *d, unsigned int shard, void *obj)
{
	struct fa_chunk *chunk = fa_chunk_find(d->chunks, obj);
	struct fa_link_block *b;
	unsigned long i;

	if (unlikely(!chunk))
		return false;
	i = fa_chunk_slot(d->chunks, chunk, obj);
	if (unlikely(i >= chunk->count))
		return false;
	b = chunk->link[i >> FA_LINK_SHIFT];
	i &= FA_LINK_SLOTS - 1;
	fa_stack_push(&d->shard[shard].single, (b->nr << FA_LINK_SHIFT) + i + 1, &b->next[i]);
	return true;
}

/* Puts the ->n objects of a magazine that the caller owns into a shard, without credit. */
void fa_depot_put_mag(struct fa_depot *d, unsigned int shard, struct fa_mag *m)
{
	fa_mag_stock(m);
	fa_mag_push(&d->shard[shard].stocked, m);
}

/* An empty magazine, first of shard @first, or NULL. */
struct fa_mag *fa_depot_empty(struct fa_depot *d, unsigned int first)
{
	struct fa_mag *m = fa_mag_pop(&d->mags, &d->shard[first].empty);
	unsigned int i;

	for (i = 0; unlikely(!m) && i <= d->nr_shards; i++)
		m = fa_mag_pop(&d->mags, &d->shard[i].empty);
	return m;
}

/*
 * Objects in a shard. Other contexts may change its lists meanwhile, so this is an estimate
 * unless nobody uses the pool. May sleep.
 */
unsigned long fa_depot_count(struct fa_depot *d, unsigned int shard)
{
	struct fa_shard *sh = &d->shard[shard];
	unsigned long objects = 0, steps;
	struct fa_mag *m;
	u32 id, next;

	id = (u32)atomic64_read(&sh->stocked.head);
	for (steps = READ_ONCE(d->mags.nr); id && steps; steps--) {
		m = fa_mag_lookup(&d->mags, id);
		next = READ_ONCE(m->next);
		/* The magazine was popped, so the rest cannot be found from here. */
		if (next == id)
			break;
		objects += (u32)atomic64_read(&m->stock);
		id = next;
		cond_resched();
	}
	id = (u32)atomic64_read(&sh->single.head);
	for (steps = READ_ONCE(d->chunks->objects); id && steps; steps--) {
		preempt_disable();
		id = fa_link_look(&d->links, id - 1);
		preempt_enable();
		objects++;
		cond_resched();
	}
	return objects;
}

/* Objects in the shards of a node, of which @first is the first. May sleep. */
unsigned long fa_depot_node_count(struct fa_depot *d, unsigned int first)
{
	unsigned long objects = 0;
	unsigned int i;

	for (i = 0; i < d->shard[first].peers; i++)
		objects += fa_depot_count(d, first + i);
	return objects;
}
