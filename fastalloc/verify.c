// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the state of a pool is consistent: its chunks, what is marked as allocated, and what
 * the depot, the CPUs' caches and the lists hold. Not for pools of sync NONE.
 *
 * Sums are read one part after another, so they are compared only if nobody used the pool
 * meanwhile: the counters are the same before and after. Calls that had begun before have ended
 * after the first grace period, and calls that began meanwhile have been counted after the
 * second, as they run with preemption off. Hooks and checks do not: with these, a task that is
 * preempted in the middle of a call can make the pool look faulty.
 */
#include <linux/rcupdate.h>
#include <linux/seq_file.h>

#include "lock.h"
#include "look.h"
#include "query.h"
#include "stats.h"
#include "verify.h"

/**
 * struct fa_sums - what is compared
 * @chunks: number of chunks
 * @objects: their objects
 * @marked: objects that are marked as allocated
 * @damaged: objects that were written to while free, or past their end
 * @badly_counted: chunks of order LOWEST whose number of free objects is wrong
 * @adding: a chunk is being added
 */
struct fa_sums {
	unsigned long	chunks;
	unsigned long	objects;
	unsigned long	marked;
	unsigned long	damaged;
	unsigned long	badly_counted;
	bool		adding;
};

/**
 * struct fa_counts - the counters of a pool; as long as nobody uses it, they stay
 * @frees: objects freed so far
 * @in_use: objects allocated
 * @depot: free objects in the depot, or in the lists
 * @total: objects of all chunks
 * @scans: scans of trim, which moves objects about, and is not in progress now
 */
struct fa_counts {
	unsigned long	frees;
	unsigned long	in_use;
	unsigned long	depot;
	unsigned long	total;
	unsigned long	scans;
};

static struct fa_counts fa_verify_counts(struct fastalloc_pool *pool)
{
	struct fa_counts c = {
		.frees = pool->ops->frees(pool),
		.in_use = fastalloc_pool_allocated(pool),
	};
	unsigned long flags;

	mutex_lock(&pool->grow_lock);
	c.scans = pool->looked.scans;
	mutex_unlock(&pool->grow_lock);
	flags = fa_lock(pool);
	c.total = pool->total;
	if (fa_is_percpu(pool))
		c.depot = atomic_long_read(&pool->percpu.depot.free);
	else
		c.depot = pool->central.dq.n + pool->central.nr_unused;
	fa_unlock(pool, flags);
	return c;
}

static bool fa_counts_same(const struct fa_counts *a, const struct fa_counts *b)
{
	return a->frees == b->frees && a->in_use == b->in_use && a->depot == b->depot &&
	       a->total == b->total && a->scans == b->scans;
}

static unsigned long fa_verify_listed(struct fastalloc_pool *pool)
{
	struct fa_depot *d = &pool->percpu.depot;
	unsigned long objects = 0;
	unsigned int i;

	/* That of trim is the last one. */
	for (i = 0; i <= d->nr_shards; i++)
		objects += fa_depot_count(d, i);
	return objects;
}

static void fa_verify_chunk(struct fa_look *look, struct fa_sums *s)
{
	struct fastalloc_pool *pool = look->pool;
	struct fa_chunk *chunk = look->chunk;
	unsigned long out, marked = 0;
	unsigned int nfree;

	s->chunks++;
	s->adding |= !fa_peek(chunk->ready);
	s->objects += chunk->count;
	if (pool->checks)
		s->damaged += fa_debug_check_chunk(pool, chunk, &marked);
	if (!fa_live_known(pool))
		return;
	nfree = fa_peek(chunk->nfree);
	out = fa_look_out(look, 0, chunk->count);
	s->marked += out;
	/* With handles, these tell what is allocated, not the bitmap. */
	if (pool->order == FASTALLOC_ORDER_LOWEST && !chunk->word && !chunk->out)
		s->badly_counted += nfree != chunk->count - out;
}

/* Writes a line about two numbers that should be equal. Returns whether they are not. */
static unsigned int fa_verify_equal(struct seq_file *m, const char *a, unsigned long na,
				    const char *b, unsigned long nb)
{
	if (na == nb)
		return 0;
	seq_printf(m, "fault: %s %lu, %s %lu\n", a, na, b, nb);
	return 1;
}

/* Checks a pool, and writes the result. May sleep. */
void fa_verify(struct fastalloc_pool *pool, struct seq_file *m)
{
	struct fa_look look = { .pool = pool };
	unsigned long cached = 0, listed;
	struct fa_counts before, after;
	struct fa_sums s = {};
	unsigned int faults = 0;
	bool quiet;

	before = fa_verify_counts(pool);
	synchronize_rcu();
	while (fa_look_next(&look))
		fa_verify_chunk(&look, &s);
	listed = before.depot;
	if (fa_is_percpu(pool)) {
		cached = fa_percpu_free_objects(pool) - before.depot;
		listed = fa_verify_listed(pool);
	}
	synchronize_rcu();
	after = fa_verify_counts(pool);
	quiet = !s.adding && fa_counts_same(&before, &after);

	seq_printf(m, "chunks: %lu\n", s.chunks);
	seq_printf(m, "objects: %lu\n", s.objects);
	seq_printf(m, "allocated: %lu\n", after.in_use);
	seq_printf(m, "damaged: %lu\n", s.damaged);
	seq_printf(m, "quiet: %s\n", quiet ? "yes" : "no");
	if (quiet) {
		faults += fa_verify_equal(m, "objects of the chunks", s.objects, "total",
					  after.total);
		if (fa_live_known(pool))
			faults += fa_verify_equal(m, "objects marked as allocated", s.marked,
						  "counted", after.in_use);
		faults += fa_verify_equal(m, "chunks that count their free objects wrongly",
					  s.badly_counted, "expected", 0);
		if (fa_is_percpu(pool))
			faults += fa_verify_equal(m, "free objects listed in the depot",
						  listed, "counted", after.depot);
		if (pool->order != FASTALLOC_ORDER_LOWEST)
			faults += fa_verify_equal(m, "objects allocated, free and cached",
						  after.in_use + listed + cached, "total",
						  after.total);
	}
	seq_printf(m, "faults: %lu\n", faults + s.damaged);
}
