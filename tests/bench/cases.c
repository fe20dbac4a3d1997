// SPDX-License-Identifier: GPL-2.0
/*
 * The cases. Allocators alternate, in one order and then in the other, so that drift
 * (the host's load, the clock's rate) affects all alike. The reported value is the
 * median of all turns.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/fastalloc_handle.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "cases.h"

#define ROUNDS_MOST	64U
#define IRQ_ROUNDS	3U
#define BATCHES		3

static u64 sample[BENCH_NR][ROUNDS_MOST * BATCHES];
static unsigned int taken[BENCH_NR];

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

u64 bench_median(u64 *samples, unsigned int nr)
{
	sort(samples, nr, sizeof(*samples), compare, NULL);
	return samples[nr / 2];
}

static void forget(void)
{
	memset(taken, 0, sizeof(taken));
}

static void take(enum bench_id id, u64 ticks)
{
	sample[id][taken[id]++] = ticks;
}

static void take_least(enum bench_id id, u64 ticks)
{
	sample[id][0] = taken[id] ? min(sample[id][0], ticks) : ticks;
	taken[id] = 1;
}

static u64 median_of(enum bench_id id)
{
	return taken[id] ? bench_median(sample[id], taken[id]) : 0;
}

/* The allocator of turn @turn in a round. */
static enum bench_id whose(unsigned int round, unsigned int turn)
{
	return round % 2 ? BENCH_NR - 1 - turn : turn;
}

/* Reports medians of batches of @nr, with the empty loop subtracted. */
static void report_all(const char *what, const struct bench *b, unsigned int cpus,
		       unsigned int nr, const char *unit)
{
	u64 nothing = median_of(BENCH_NOTHING);
	int id;

	for (id = BENCH_NOTHING + 1; id < BENCH_NR; id++) {
		u64 t = median_of(id);

		if (t)
			bench_report(what, b, cpus, id,
				     div_u64((t - min(t, nothing)) * 1000, nr), unit);
	}
}

static bench_loop_t loop_of(enum bench_loop loop, enum bench_id id)
{
	const struct bench_loops *loops = &bench_loops[id];

	switch (loop) {
	case BENCH_PAIR:
		return loops->pair;
	case BENCH_BURST32:
		return loops->burst32;
	case BENCH_BURST1024:
		return loops->burst1024;
	case BENCH_BULK64:
		return loops->bulk64;
	}
	return NULL;
}

int bench_case_loop(const char *what, enum bench_context context,
		    enum bench_loop loop, struct bench *b, unsigned int nr)
{
	unsigned int rounds = min(bench_rounds, ROUNDS_MOST), round, turn, i;

	/* A batch may have to wait for the next tick to raise its interrupt. */
	if (context != BENCH_TASK)
		rounds = min(rounds, IRQ_ROUNDS);
	/* Only there is preemption off in all kernels. */
	b->handle[BENCH_NOPREEMPT] = context == BENCH_HARDIRQ ? b->handle[BENCH_INLINE] : NULL;
	forget();
	for (round = 0; round < rounds; round++)
		for (turn = 0; turn < BENCH_NR; turn++) {
			enum bench_id id = whose(round, turn);

			if (!bench_has(b, id))
				continue;
			/* the first is to warm up */
			for (i = 0; i <= BATCHES; i++) {
				u64 t = bench_run_in(context, loop_of(loop, id),
						     b, nr);

				if (t && i)
					take(id, t);
			}
		}
	report_all(what, b, 1, nr, "pair");
	b->handle[BENCH_NOPREEMPT] = NULL;
	return 0;
}

/* A whole working set is out; bunches of it are freed and replaced. */
int bench_case_random(unsigned int size, unsigned long set, const char *unit)
{
	unsigned int round, turn, nr = 64 * BENCH_BUNCH;
	unsigned long live = set / size;
	struct bench b;
	int err;

	if (live < BENCH_BUNCH)
		return 0;
	err = bench_setup(&b, size, live);
	if (err)
		return err;
	forget();
	for (turn = 0; turn < BENCH_NR; turn++) {
		u64 t;

		if (!bench_has(&b, turn))
			continue;
		err = bench_loops[turn].fill(&b, live, GFP_KERNEL, &t);
		/*
		 * Each allocator has its own set, one after another: two would not fit.
		 */
		for (round = 0; !err && round < 2 * bench_rounds; round++) {
			t = bench_run_in(BENCH_TASK, bench_loops[turn].random, &b, nr);
			if (round >= bench_rounds)
				take(turn, t);
		}
		bench_loops[turn].empty(&b);
		if (err)
			break;
	}
	if (!err)
		report_all("random", &b, 1, nr, unit);
	bench_teardown(&b);
	return err;
}

/* Single operations, with the clock's own ticks subtracted. */
int bench_case_worst(struct bench *b, unsigned int ops)
{
	static const struct {
		const char	*name;
		unsigned int	part;
	} marks[] = {
		{ "p50", 5000 }, { "p99", 9900 }, { "p99.99", 9999 }, { "max", 0 },
	};
	struct bench_hist *hist = vmalloc(sizeof(*hist));
	unsigned int i, done;
	u64 nothing = 0;
	int id, err = 0;

	if (!hist)
		return -ENOMEM;
	for (id = 0; !err && id < BENCH_NR; id++) {
		if (!bench_has(b, id))
			continue;
		memset(hist, 0, sizeof(*hist));
		for (done = 0; !err && done < ops; done += 1000) {
			unsigned long flags = bench_begin();

			err = bench_loops[id].each(b, 1000, hist);
			bench_end(flags);
		}
		bench_loops[id].empty(b);
		if (id == BENCH_NOTHING) {
			nothing = bench_percentile(hist, 5000);
			continue;
		}
		for (i = 0; !err && i < ARRAY_SIZE(marks); i++) {
			u64 t = marks[i].part ? bench_percentile(hist, marks[i].part) :
						hist->max;

			bench_report("worst", b, 1, id,
				     (t - min(t, nothing)) * 1000, marks[i].name);
		}
	}
	vfree(hist);
	return err;
}

#define GROW_OBJS	8192
#define GROW_BY		1024

/* An allocation that takes longer than this has grown the pool. */
#define HERE_TICKS	1500

/*
 * Single allocations with GFP_ATOMIC and interrupts disabled, from a pool that begins
 * small: the longest, and the mean of those that grew it. The same for kmem_cache.
 */
static void grow_here(struct bench *b, enum bench_id id, struct fastalloc_pool *pool,
		      struct kmem_cache *cache)
{
	u64 t, worst = 0, sum = 0, grown = 0, clock;
	unsigned long flags, i, n = 0;

	flags = bench_begin();
	clock = bench_clock();
	clock = bench_clock() - clock;
	while (n < GROW_OBJS) {
		t = bench_clock();
		b->obj[n] = pool ? fastalloc_alloc(pool, GFP_ATOMIC) :
				   kmem_cache_alloc(cache, GFP_ATOMIC);
		t = bench_clock() - t - clock;
		if (!b->obj[n])
			break;
		n++;
		worst = max(worst, t);
		if (t > HERE_TICKS) {
			sum += t;
			grown++;
		}
	}
	bench_end(flags);
	for (i = 0; i < n; i++) {
		if (pool)
			fastalloc_free(pool, b->obj[i]);
		else
			kmem_cache_free(cache, b->obj[i]);
	}
	if (n < GROW_OBJS) {
		pr_err("%s: only %lu of %d objects without sleeping\n", bench_name(id), n,
		       GROW_OBJS);
		return;
	}
	bench_report("grow-atomic", b, 1, id, worst * 1000, "max");
	if (grown)
		bench_report("grow-atomic", b, 1, id, div64_u64(sum * 1000, grown),
			     "mean");
}

int bench_case_grow_atomic(unsigned int size)
{
	static const struct {
		enum bench_id		id;
		enum fastalloc_sync	sync;
	} kinds[] = {
		{ BENCH_INLINE, FASTALLOC_SYNC_PERCPU },
		{ BENCH_SPINLOCK, FASTALLOC_SYNC_SPINLOCK },
		{ BENCH_NONE_PLAIN, FASTALLOC_SYNC_NONE },
	};
	struct bench b = { .size = size, .objs = GROW_BY };
	struct fastalloc_pool *pool;
	struct kmem_cache *cache;
	unsigned int i;
	int err = 0;

	b.obj = vmalloc(array_size(GROW_OBJS, sizeof(*b.obj)));
	if (!b.obj)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		pool = bench_pool("bench-here", size, GROW_BY, GROW_BY, kinds[i].sync);
		if (IS_ERR(pool)) {
			err = PTR_ERR(pool);
			goto out;
		}
		grow_here(&b, kinds[i].id, pool, NULL);
		fastalloc_pool_destroy(pool);
	}
	cache = bench_cache("bench-here", size);
	if (cache)
		grow_here(&b, BENCH_KMEM_CACHE, NULL, cache);
	kmem_cache_destroy(cache);
out:
	vfree(b.obj);
	return err;
}

/* A pool or cache that begins small: the cost of a new object that is written whole. */
int bench_case_grow(unsigned int size)
{
	static const struct {
		enum bench_id		id;
		enum fastalloc_sync	sync;
	} kinds[] = {
		{ BENCH_INLINE, FASTALLOC_SYNC_PERCPU },
		{ BENCH_CALL, FASTALLOC_SYNC_PERCPU },
		{ BENCH_SPINLOCK, FASTALLOC_SYNC_SPINLOCK },
		{ BENCH_NONE, FASTALLOC_SYNC_NONE },
		{ BENCH_NONE_PLAIN, FASTALLOC_SYNC_NONE },
		{ BENCH_KMEM_CACHE },
	};
	struct bench b = { .size = size, .objs = GROW_BY };
	unsigned int round, i;
	int err = 0;

	b.obj = vmalloc(array_size(GROW_OBJS, sizeof(*b.obj)));
	if (!b.obj)
		return -ENOMEM;
	forget();
	for (round = 0; !err && round < 5; round++)
		for (i = 0; !err && i < ARRAY_SIZE(kinds); i++) {
			enum bench_id id = kinds[i].id;
			u64 t;

			if (id == BENCH_KMEM_CACHE)
				b.handle[id] = bench_cache("bench-grow", size) ?: ERR_PTR(-ENOMEM);
			else
				b.handle[id] = bench_pool("bench-grow", size, GROW_BY,
							  GROW_BY, kinds[i].sync);
			if (IS_ERR(b.handle[id])) {
				err = PTR_ERR(b.handle[id]);
				break;
			}
			err = bench_loops[id].fill(&b, GROW_OBJS, GFP_KERNEL, &t);
			if (!err)
				take(id, t);
			bench_loops[id].empty(&b);
			if (id == BENCH_KMEM_CACHE)
				kmem_cache_destroy(b.handle[id]);
			else
				fastalloc_pool_destroy(b.handle[id]);
		}
	if (!err)
		report_all("grow", &b, 1, GROW_OBJS, "object");
	vfree(b.obj);
	return err;
}

static u64 batch_of(struct bench *b, bench_loop_t loop, unsigned int nr)
{
	u64 batch[BATCHES];
	unsigned int i;

	/* the first is to warm up */
	for (i = 0; i <= BATCHES; i++) {
		u64 t = bench_run_in(BENCH_TASK, loop, b, nr);

		if (i)
			batch[i - 1] = t;
	}
	return bench_median(batch, BATCHES);
}

static u64 pair_of(struct bench *b, enum bench_id id, unsigned int nr)
{
	return batch_of(b, bench_loops[id].pair, nr);
}

/* A pair with all that a handle needs: it is made of the object, and resolved. */
static u64 loop_resolve(struct bench *b, unsigned int nr)
{
	struct fastalloc_pool *pool = b->handle[BENCH_INLINE];
	u64 t = bench_clock();
	void *obj;

	while (nr--) {
		obj = fastalloc_alloc(pool, BENCH_GFP);
		fastalloc_free(pool, fastalloc_resolve(pool, fastalloc_handle(pool, obj)));
	}
	return bench_clock() - t;
}

static int pair_resolve(struct bench *b, unsigned int nr, u64 nothing)
{
	struct fastalloc_config cfg = {
		.name = "bench-resolve",
		.obj_size = b->size,
		.capacity = BENCH_OBJS,
		.flags = FASTALLOC_F_HANDLES | FASTALLOC_F_NO_INIT,
	};
	struct fastalloc_pool *pool;
	u64 t;

	pool = fastalloc_pool_create(&cfg);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	b->handle[BENCH_INLINE] = pool;
	t = batch_of(b, loop_resolve, nr);
	fastalloc_pool_destroy(pool);
	bench_report("checks", b, 1, BENCH_INLINE,
		     div_u64((t - min(t, nothing)) * 1000, nr), "pair-resolve");
	return 0;
}

/* The cost that each check, and handles, add to a pair. */
int bench_case_checks(unsigned int size, unsigned int nr)
{
	static const struct {
		const char	*unit;
		unsigned int	flags;
	} letters[] = {
		{ "pair-none", FASTALLOC_F_NO_INIT },
		{ "pair-F", FASTALLOC_F_CHECK | FASTALLOC_F_NO_INIT },
		{ "pair-FZ", FASTALLOC_F_REDZONE | FASTALLOC_F_NO_INIT },
		{ "pair-FP", FASTALLOC_F_POISON | FASTALLOC_F_NO_INIT },
		{ "pair-FU", FASTALLOC_F_OWNER | FASTALLOC_F_NO_INIT },
		{ "pair-FZPU", FASTALLOC_F_DEBUG | FASTALLOC_F_NO_INIT },
		{ "pair-handle", FASTALLOC_F_HANDLES | FASTALLOC_F_NO_INIT },
		{ "pair-init", FASTALLOC_F_INIT_ON_ALLOC },
	};
	static const struct {
		enum bench_id		id;
		enum fastalloc_sync	sync;
	} kinds[] = {
		{ BENCH_INLINE, FASTALLOC_SYNC_PERCPU },
		{ BENCH_SPINLOCK, FASTALLOC_SYNC_SPINLOCK },
		{ BENCH_NONE, FASTALLOC_SYNC_NONE },
	};
	struct bench b = { .size = size, .objs = BENCH_OBJS };
	struct fastalloc_pool *pool;
	u64 t, nothing;
	int i, k;

	nothing = pair_of(&b, BENCH_NOTHING, nr);
	for (i = 0; i < ARRAY_SIZE(letters); i++) {
		for (k = 0; k < ARRAY_SIZE(kinds); k++) {
			struct fastalloc_config cfg = {
				.name = "bench-checks",
				.obj_size = size,
				.capacity = BENCH_OBJS,
				.sync = kinds[k].sync,
				.flags = letters[i].flags,
			};

			pool = fastalloc_pool_create(&cfg);
			if (IS_ERR(pool))
				return PTR_ERR(pool);
			b.handle[kinds[k].id] = pool;
			t = pair_of(&b, kinds[k].id, nr);
			fastalloc_pool_destroy(pool);
			bench_report("checks", &b, 1, kinds[k].id,
				     div_u64((t - min(t, nothing)) * 1000, nr),
				     letters[i].unit);
		}
	}
	return pair_resolve(&b, nr, nothing);
}

/* Memory that a pool needs beside its objects. */
int bench_case_memory(void)
{
	const struct bench b = { .size = 256, .objs = 100000 };
	const unsigned long size = b.size;
	struct fastalloc_stats stats;
	struct fastalloc_pool *pool;

	pool = bench_pool("bench-memory", size, b.objs, 0, FASTALLOC_SYNC_PERCPU);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	fastalloc_pool_stats(pool, &stats);
	fastalloc_pool_destroy(pool);
	bench_report("memory", &b, num_possible_cpus(), BENCH_INLINE,
		     (stats.bytes - stats.capacity * size) * 1000, "beside-capacity");
	bench_report("memory", &b, num_possible_cpus(), BENCH_INLINE,
		     (stats.bytes - stats.total * size) * 1000, "beside-objects");
	bench_report("memory", &b, num_possible_cpus(), BENCH_INLINE,
		     (stats.total - stats.capacity) * 1000, "reserve-objects");
	return 0;
}

/* Objects that a pool holds beside its capacity. */
int bench_case_reserve(unsigned int size, unsigned long capacity)
{
	const struct bench b = { .size = size, .objs = capacity };
	struct fastalloc_stats stats;
	struct fastalloc_pool *pool;

	pool = bench_pool("bench-reserve", size, capacity, 0, FASTALLOC_SYNC_PERCPU);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	fastalloc_pool_stats(pool, &stats);
	fastalloc_pool_destroy(pool);
	bench_report("reserve", &b, 1, BENCH_INLINE,
		     (stats.total - stats.capacity) * 1000, "objects");
	return 0;
}

/* Pools of sync NONE allow one caller at a time. */
static bool is_for_many(const struct bench *b, enum bench_id id)
{
	return bench_has(b, id) && id != BENCH_NONE && id != BENCH_NONE_PLAIN;
}

#define SMP_ROUNDS	7

/*
 * The best of these rounds counts: on a busy host a CPU has to wait for another. An
 * allocator gets no more rounds after PASS_ON_LONG ticks.
 */
#define PASS_ON_ROUNDS	61
#define PASS_ON_LEAST	7
#define PASS_ON_LONG	3000000000ULL

int bench_case_parallel(unsigned int size, unsigned int nr)
{
	unsigned int cpus, round, turn;
	struct bench b;
	int err;

	err = bench_setup(&b, size, BENCH_OBJS);
	if (err)
		return err;
	for (cpus = 1; !err && cpus <= num_online_cpus(); cpus++) {
		forget();
		for (round = 0; !err && round < SMP_ROUNDS; round++)
			for (turn = 0; !err && turn < BENCH_NR; turn++) {
				enum bench_id id = whose(round, turn);
				u64 t;

				if (!is_for_many(&b, id) && !(cpus == 1 && bench_has(&b, id)))
					continue;
				err = bench_parallel(id, &b, cpus, nr, &t);
				if (!err)
					take(id, t);
			}
		if (!err)
			report_all("parallel", &b, cpus, nr, "pair");
	}
	bench_teardown(&b);
	return err;
}

static int pass_on(const char *what, struct bench *b, unsigned int cpus, bool share,
		   unsigned int nr)
{
	u64 spent[BENCH_NR] = { };
	unsigned int round, turn;
	int err = 0;

	forget();
	for (round = 0; !err && round < PASS_ON_ROUNDS; round++)
		for (turn = BENCH_NOTHING + 1; !err && turn < BENCH_NR; turn++) {
			enum bench_id id = whose(round, turn);
			u64 t;

			if (!is_for_many(b, id) || id == BENCH_NOTHING)
				continue;
			if (round >= PASS_ON_LEAST && spent[id] > PASS_ON_LONG)
				continue;
			err = bench_pass_on(id, b, cpus, share, nr, &t);
			if (err)
				break;
			take_least(id, t);
			spent[id] += t;
		}
	if (!err)
		report_all(what, b, cpus, nr, "object");
	return err;
}

/* The time of the rings is not subtracted: it overlaps with the allocators'. */
int bench_case_pass_on(unsigned int size, unsigned int nr)
{
	unsigned int cpus, most = num_online_cpus();
	struct bench b;
	int err;

	if (most < 2)
		return 0;
	err = bench_setup(&b, size, (most + 1) * BENCH_RING);
	if (err)
		return err;
	err = pass_on("prodcons", &b, 2, false, nr);
	for (cpus = 2; !err && cpus <= most; cpus++)
		err = pass_on("remote-free", &b, cpus, true, nr);
	bench_teardown(&b);
	return err;
}
