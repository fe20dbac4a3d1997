// SPDX-License-Identifier: GPL-2.0
/*
 * Counts that decisions depend on: objects in use and the peak of PERCPU pools; the
 * cost of a failing allocation; and a pool to which too many objects were freed. With
 * many CPUs (see tests/lab/leg/many) summing over all of them takes long enough for
 * errors to show.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/smp.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

static struct fastalloc_config percpu_config(unsigned long capacity)
{
	/* If the kernel zeroes objects by default, the inline path is closed. */
	return fa_config(.obj_size = 32, .capacity = capacity, .flags = FASTALLOC_F_NO_INIT);
}

/* Allocates all objects of the pool. Returns their number. */
static unsigned int take_all(struct fastalloc_pool *pool, void **objs)
{
	unsigned int n = 0;

	while ((objs[n] = fastalloc_alloc(pool, 0)))
		n++;
	return n;
}

#define GROWERS	8

struct grower {
	struct fastalloc_pool	*pool;
	struct task_struct	*task;
	struct completion	done;
	void			*obj;
};

static int grower_main(void *arg)
{
	struct grower *g = arg;

	g->obj = fastalloc_alloc(g->pool, GFP_KERNEL);
	complete(&g->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/*
 * Promise: of many callers that find a pool empty at once, one grows it, even while the
 * number of objects in use is too high by all objects added.
 */
static void counts_one_grows(struct kunit *test)
{
	struct fastalloc_config cfg = percpu_config(64);
	struct grower *g = fa_mem(test, GROWERS * sizeof(*g));
	struct fastalloc_pool *pool;
	struct fastalloc_stats s;
	unsigned int i, n;
	void **objs;

	cfg.growth = FASTALLOC_GROWTH_EXPONENTIAL;
	cfg.low_water = 1;
	pool = fa_pool(test, &cfg);
	objs = fa_mem(test, (pool->total + 1) * sizeof(*objs));
	KUNIT_ASSERT_EQ(test, fa_stay_here(), 0);
	/* The worker must not grow it, either. */
	mutex_lock(&pool->grow_lock);
	n = take_all(pool, objs);
	for (i = 0; i < GROWERS; i++) {
		g[i].pool = pool;
		init_completion(&g[i].done);
		g[i].task = kthread_run(grower_main, &g[i], "fa-grower");
		KUNIT_EXPECT_FALSE(test, IS_ERR(g[i].task));
	}
	/* When all of them wait for the lock. */
	for (i = 0; i < GROWERS; i++)
		KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(g[i].task->__state) ==
						 TASK_UNINTERRUPTIBLE));
	WRITE_ONCE(pool->waitq.handed, pool->waitq.handed + 100000);
	mutex_unlock(&pool->grow_lock);
	for (i = 0; i < GROWERS; i++) {
		KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&g[i].done,
								    FA_TEST_PATIENCE));
		KUNIT_EXPECT_NOT_NULL(test, g[i].obj);
		kthread_stop(g[i].task);
		if (g[i].obj)
			fastalloc_free(pool, g[i].obj);
	}
	WRITE_ONCE(pool->waitq.handed, pool->waitq.handed - 100000);
	for (i = 0; i < n; i++)
		fastalloc_free(pool, objs[i]);
	fastalloc_pool_stats(pool, &s);
	/*
	 * The worker, which was asked as well, may have grown it once more, and again if it
	 * was asked while it waited for the lock.
	 */
	KUNIT_EXPECT_GE(test, s.grows, 1ULL);
	KUNIT_EXPECT_LE(test, s.grows, 3ULL);
	KUNIT_EXPECT_EQ(test, s.in_use, 0UL);
}

/* Objects that a hammer thread has out at most, and CPUs with such a thread. */
#define HELD	3
#define HAMMERS	64

struct hammer {
	struct fastalloc_pool	*pool;
	struct task_struct	*task;
	unsigned long		rounds;
	unsigned long		failed;
};

/* In every other round the operations are nested in one that has claimed the cache. */
static int hammer_main(void *arg)
{
	struct hammer *h = arg;
	struct fastalloc_cache *c;
	void *obj[HELD];
	unsigned int i;
	u32 n = 0;

	while (!kthread_should_stop()) {
		preempt_disable();
		c = this_cpu_ptr(h->pool->percpu.cache);
		if (h->rounds % 2)
			n = __fastalloc_claim(c);
		for (i = 0; i < HELD; i++) {
			obj[i] = fastalloc_alloc(h->pool, 0);
			h->failed += !obj[i];
		}
		for (i = 0; i < HELD; i++)
			fastalloc_free(h->pool, obj[i]);
		if (h->rounds % 2)
			__fastalloc_release(c, n);
		preempt_enable();
		WRITE_ONCE(h->rounds, h->rounds + 1);
		if (!(h->rounds % 64))
			cond_resched();
	}
	return 0;
}

#define LOOKS	400

/*
 * Promise: while every CPU allocates and frees as fast as it can, the number in use is
 * right within a few objects for each CPU, in nearly all reads. The peak is never more
 * than can have been out, and never falls.
 */
static void counts_while_all_work(struct kunit *test)
{
	unsigned int cpu, nr = 0, i, off = 0, high = 0, fell = 0;
	struct hammer *h = fa_mem(test, HAMMERS * sizeof(*h));
	unsigned long most, peak = 0, rounds = 0;
	struct fastalloc_pool *pool;
	struct fastalloc_stats s;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one CPU");
	pool = fa_pool_of(test, percpu_config(4096));
	for_each_online_cpu(cpu) {
		if (nr == HAMMERS)
			break;
		h[nr].pool = pool;
		h[nr].task = kthread_create_on_cpu(hammer_main, &h[nr], cpu, "fa-hammer/%u");
		KUNIT_ASSERT_FALSE(test, IS_ERR(h[nr].task));
		wake_up_process(h[nr++].task);
	}
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(h[i].rounds)));

	most = nr * HELD;
	for (i = 0; i < LOOKS; i++) {
		/* A few may be wrong: this task may be preempted between two reads. */
		off += fastalloc_pool_allocated(pool) > 2 * most;
		fastalloc_pool_stats(pool, &s);
		high += s.peak > most;
		fell += s.peak < peak || s.in_use > s.peak;
		peak = s.peak;
		cond_resched();
	}
	for (i = 0; i < nr; i++) {
		kthread_stop(h[i].task);
		rounds += h[i].rounds;
		KUNIT_EXPECT_EQ(test, h[i].failed, 0UL);
	}
	kunit_info(test, "%u CPUs, %lu rounds, %u of %u looks off, peak %lu\n", nr, rounds,
		   off, LOOKS, peak);
	KUNIT_EXPECT_LE(test, off, LOOKS / 10U);
	KUNIT_EXPECT_EQ(test, high, 0U);
	KUNIT_EXPECT_EQ(test, fell, 0U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
}

/* Promise: the peak keeps its value until it is reset. */
static void counts_peak_stays(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, percpu_config(4000));
	void **objs = fa_mem(test, 2000 * sizeof(*objs));
	struct fastalloc_stats s;
	unsigned int i, k;

	for (i = 0; i < 2000; i++) {
		objs[i] = fastalloc_alloc(pool, 0);
		KUNIT_ASSERT_NOT_NULL(test, objs[i]);
	}
	for (k = 0; k < 4; k++) {
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_EQ(test, s.peak, 2000UL);
		KUNIT_EXPECT_EQ(test, s.in_use, (unsigned long)i);
		for (; i > 1500 - 500 * k; i--)
			fastalloc_free(pool, objs[i - 1]);
	}
	fastalloc_pool_stats_reset(pool);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.peak, 0UL);
	objs[0] = fastalloc_alloc(pool, 0);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.peak, 1UL);
	fastalloc_free(pool, objs[0]);
}

#define TRIES	200

/* The minimum time that @nr calls take, in ns. */
static u64 time_of(struct fastalloc_pool *pool, bool fails)
{
	u64 best = U64_MAX, t;
	unsigned int i, k;
	void *obj;

	for (k = 0; k < 20; k++) {
		t = ktime_get_ns();
		for (i = 0; i < TRIES; i++) {
			obj = fastalloc_alloc(pool, 0);
			if (!fails)
				fastalloc_free(pool, obj);
		}
		best = min(best, ktime_get_ns() - t);
	}
	return best;
}

/* Promise: a failing allocation reads no data of other CPUs, however many there are. */
static void counts_failure_is_cheap(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, percpu_config(64));
	void **objs = fa_mem(test, (pool->total + 1) * sizeof(*objs));
	u64 pair, failure;
	unsigned int n;

	if (num_possible_cpus() < 64)
		kunit_skip(test, "fewer than 64 possible CPUs");
	pair = time_of(pool, false);
	n = take_all(pool, objs);
	failure = time_of(pool, true);
	kunit_info(test, "%u possible CPUs: %llu ns a pair, %llu ns a failure\n",
		   num_possible_cpus(), pair / TRIES, failure / TRIES);
	KUNIT_EXPECT_LT(test, failure, 20 * pair);
	/* Nor does the reserve of a small pool rise with the number of CPUs. */
	KUNIT_EXPECT_LE(test, pool->reserve, 64 / 4UL);
	while (n--)
		fastalloc_free(pool, objs[n]);
}

/*
 * Promise: if more objects are freed than there are, this is counted as violations; the pool
 * can still grow and be used.
 */
static void counts_overfull(struct kunit *test)
{
	struct fastalloc_config cfg = percpu_config(64);
	struct fastalloc_pool *pool;
	struct fastalloc_stats s;
	unsigned long i, more;
	void **objs, *extra;

	cfg.growth = FASTALLOC_GROWTH_LINEAR;
	cfg.growth_amount = 128;
	cfg.magazine = 1;
	cfg.low_water = 1;
	pool = fa_pool(test, &cfg);
	fa_allow_miscount();
	extra = fastalloc_alloc(pool, 0);
	more = 4 * pool->total;
	for (i = 0; i < more; i++)
		fastalloc_free(pool, extra);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_GT(test, s.violations, 0ULL);
	objs = fa_mem(test, (pool->total + more) * sizeof(*objs));
	for (i = 0; i < pool->total / 2; i++)
		objs[i] = fastalloc_alloc(pool, GFP_KERNEL);
	while (i--)
		fastalloc_free(pool, objs[i]);
	KUNIT_EXPECT_GE(test, fastalloc_pool_reserve(pool, s.capacity + 100, GFP_KERNEL), 0);
	/* More frees than allocations were counted: make destroy find no object out. */
	while (!fastalloc_pool_allocated(pool))
		pool->waitq.handed++;
	pool->waitq.handed--;
}

/*
 * Promise: while caches are shut, as they are while a task waits and while a pool is traced, an
 * operation that interrupts none is not counted as nested.
 */
static void counts_not_nested(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, percpu_config(100));
	struct fastalloc_stats s;
	void *objs[50];

	WRITE_ONCE(pool->percpu.shut, true);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk_some(pool, 0, 50, objs), 50U);
	fastalloc_free_bulk(pool, 50, objs);
	WRITE_ONCE(pool->percpu.shut, false);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.nested, 0ULL);
	KUNIT_EXPECT_EQ(test, s.allocs, 50ULL);
	KUNIT_EXPECT_EQ(test, s.frees, 50ULL);
}

static int resetter_main(void *arg)
{
	struct fastalloc_pool *pool = arg;

	while (!kthread_should_stop()) {
		fastalloc_free(pool, fastalloc_alloc(pool, 0));
		fastalloc_pool_stats_reset(pool);
		cond_resched();
	}
	return 0;
}

/* Promise: statistics that are read during a reset count from it, not from before zero. */
static void counts_reset_during_read(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, percpu_config(100));
	unsigned long end = jiffies + HZ / 2;
	struct fastalloc_stats s;
	struct task_struct *task;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	task = kthread_run(resetter_main, pool, "fa-resetter");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	do {
		fastalloc_pool_stats(pool, &s);
		cond_resched();
	} while ((long)s.frees >= 0 && (s64)s.nested >= 0 && time_before(jiffies, end));
	kthread_stop(task);
	KUNIT_EXPECT_GE(test, (long)s.frees, 0L);
	KUNIT_EXPECT_GE(test, (s64)s.nested, 0LL);
}

/* Promise: no two magazines share a cache line, however few slots they have. */
static void counts_lines_of_magazines(struct kunit *test)
{
	struct fastalloc_config cfg = percpu_config(64);
	struct fastalloc_pool *pool;

	for (cfg.magazine = 1; cfg.magazine < 8; cfg.magazine += 2) {
		pool = fa_pool(test, &cfg);
		KUNIT_EXPECT_EQ(test, pool->percpu.depot.mags.mag_bytes % SMP_CACHE_BYTES, 0U);
		KUNIT_EXPECT_EQ(test, 0UL,
				(unsigned long)pool->percpu.depot.mags.block[0] % SMP_CACHE_BYTES);
		fa_pool_gone(test, pool);
	}
}

/* Promise: a bulk allocation that fails takes no object, not even temporarily. */
static void counts_bulk_takes_nothing(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, percpu_config(1000));
	void **objs = fa_mem(test, pool->total * sizeof(*objs));
	long free = atomic_long_read(&pool->percpu.depot.free);
	void *one = fastalloc_alloc(pool, 0);
	struct fastalloc_stats s;

	KUNIT_ASSERT_NOT_NULL(test, one);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(pool, 0, pool->total, objs), 0U);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.allocs, 1ULL);
	KUNIT_EXPECT_EQ(test, s.frees, 0ULL);
	KUNIT_EXPECT_EQ(test, s.peak, 1UL);
	KUNIT_EXPECT_GE(test, atomic_long_read(&pool->percpu.depot.free),
			free - (long)pool->percpu.magazine);
	fastalloc_free(pool, one);
	/* All of them, wherever they are. */
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(pool, 0, 1000, objs), 1000U);
	fastalloc_free_bulk(pool, 1000, objs);
}

struct rival {
	struct fastalloc_pool	*pool;
	struct task_struct	*task;
	struct rival		*other;
	unsigned int		rounds;
	unsigned int		nr;
	bool			got;
	void			*objs[100];
};

#define RIVAL_ROUNDS	500

/* Returns when the other task has reached this round, too. */
static void rival_meet(struct rival *r, unsigned int round)
{
	WRITE_ONCE(r->rounds, round);
	while (READ_ONCE(r->other->rounds) < round)
		cond_resched();
}

static int rival_main(void *arg)
{
	struct rival *r = arg;
	unsigned int i;

	for (i = 1; i <= RIVAL_ROUNDS; i++) {
		rival_meet(r, 3 * i - 2);
		WRITE_ONCE(r->got, fastalloc_alloc_bulk(r->pool, 0, 60, r->objs) == 60);
		rival_meet(r, 3 * i - 1);
		r->nr += !r->got && !READ_ONCE(r->other->got);
		rival_meet(r, 3 * i);
		if (r->got)
			fastalloc_free_bulk(r->pool, 60, r->objs);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/*
 * Promise: of two simultaneous bulk allocations, for each of which there are enough
 * objects, one succeeds.
 */
static void counts_rival_bulks(struct kunit *test)
{
	struct rival *r = fa_mem(test, 2 * sizeof(*r));
	struct fastalloc_pool *pool;
	unsigned int i;

	if (!cpu_online(0) || !cpu_online(1))
		kunit_skip(test, "fewer than two CPUs");
	pool = fa_pool_of(test, percpu_config(100));
	for (i = 0; i < 2; i++) {
		r[i].pool = pool;
		r[i].other = &r[!i];
		r[i].task = kthread_create_on_cpu(rival_main, &r[i], i, "fa-rival/%u");
		KUNIT_ASSERT_FALSE(test, IS_ERR(r[i].task));
	}
	for (i = 0; i < 2; i++)
		wake_up_process(r[i].task);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(r[i].rounds) == 3 * RIVAL_ROUNDS));
		kthread_stop(r[i].task);
		KUNIT_EXPECT_EQ(test, r[i].nr, 0U);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
}

static struct kunit_case counts_cases[] = {
	KUNIT_CASE(counts_bulk_takes_nothing),
	KUNIT_CASE(counts_rival_bulks),
	KUNIT_CASE(counts_one_grows),
	KUNIT_CASE(counts_while_all_work),
	KUNIT_CASE(counts_peak_stays),
	KUNIT_CASE(counts_failure_is_cheap),
	KUNIT_CASE(counts_overfull),
	KUNIT_CASE(counts_not_nested),
	KUNIT_CASE(counts_reset_during_read),
	KUNIT_CASE(counts_lines_of_magazines),
	{}
};

static struct kunit_suite counts_suite = {
	.name = "fastalloc_counts",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = counts_cases,
};

kunit_test_suite(counts_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("fastalloc KUnit: counts that something is decided by");
FASTALLOC_IMPORT_NS();
