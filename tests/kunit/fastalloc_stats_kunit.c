// SPDX-License-Identifier: GPL-2.0
/* Counters and queries: exact while the pool is idle, consistent while it is used. */
#include <linux/kthread.h>
#include <linux/module.h>

#include "fastalloc_test.h"

static struct fa_combo stats_params[] = {
	FA_COMBO(SPINLOCK, LIFO, NONE, VMALLOC, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, NONE, PAGES, 24, 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, AUTO, 100, 64),
	FA_COMBO(NONE, LIFO, NONE, PAGES, 64, 0),
	FA_COMBO(NONE, FIFO, NONE, AUTO, 24, 0),
	FA_COMBO(NONE, LOWEST, NONE, VMALLOC, 100, 64),
};

KUNIT_ARRAY_PARAM(stats, stats_params, fa_combo_desc);

/* All fields but chunks and bytes. */
static void expect(struct kunit *test, struct fastalloc_pool *pool,
		   struct fastalloc_stats want)
{
	struct fastalloc_stats s;

	memset(&s, 0xff, sizeof(s));
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.allocs, want.allocs);
	KUNIT_EXPECT_EQ(test, s.frees, want.frees);
	KUNIT_EXPECT_EQ(test, s.failures, want.failures);
	KUNIT_EXPECT_EQ(test, s.in_use, want.in_use);
	KUNIT_EXPECT_EQ(test, s.peak, want.peak);
	KUNIT_EXPECT_EQ(test, s.capacity, want.capacity);
	KUNIT_EXPECT_EQ(test, s.total, want.capacity);
	KUNIT_EXPECT_EQ(test, s.grows, want.grows);
	KUNIT_EXPECT_EQ(test, s.grows_atomic, want.grows_atomic);
	KUNIT_EXPECT_EQ(test, s.growth_failures, want.growth_failures);
	KUNIT_EXPECT_EQ(test, s.reserve, 0UL);
	KUNIT_EXPECT_EQ(test, s.depot_exchanges, 0ULL);
	KUNIT_EXPECT_EQ(test, s.nested, 0ULL);
	KUNIT_EXPECT_EQ(test, s.waits, 0ULL);
	KUNIT_EXPECT_EQ(test, s.magazine_bytes, (size_t)0);
}

#define EXPECT(test, pool, ...)						\
	expect(test, pool, (struct fastalloc_stats){ __VA_ARGS__ })

/* Promise: every kind of call is counted, exactly. */
static void stats_exact(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 10, 0));
	void *objs[10], *a, *b;
	unsigned int got;

	fa_allow_refusal();
	EXPECT(test, pool, .capacity = 10);
	a = fa_must_get(test, pool, GFP_KERNEL);
	b = fa_must_get(test, pool, GFP_ATOMIC);
	EXPECT(test, pool, .capacity = 10, .allocs = 2, .in_use = 2, .peak = 2);
	fa_put(test, pool, a);
	EXPECT(test, pool, .capacity = 10, .allocs = 2, .frees = 1, .in_use = 1,
	       .peak = 2);
	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 9, objs);
	KUNIT_ASSERT_EQ(test, got, 9U);
	EXPECT(test, pool, .capacity = 10, .allocs = 11, .frees = 1,
	       .in_use = 10, .peak = 10);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, GFP_NOWAIT));
	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 1, objs);
	KUNIT_EXPECT_EQ(test, got, 0U);
	EXPECT(test, pool, .capacity = 10, .allocs = 11, .frees = 1,
	       .in_use = 10, .peak = 10, .failures = 3);
	fastalloc_free_bulk(pool, 9, objs);
	fa_put(test, pool, b);
	EXPECT(test, pool, .capacity = 10, .allocs = 11, .frees = 11,
	       .peak = 10, .failures = 3);
	/* A refused free does not count as a free. */
	fa_allow_fault("kunit: double free");
	fastalloc_free(pool, b);
	EXPECT(test, pool, .capacity = 10, .allocs = 11, .frees = 11,
	       .peak = 10, .failures = 3);
}

/*
 * Promise: a reset clears the counters; objects out then count as allocations and as
 * peak.
 */
static void stats_reset(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 10, 0));
	unsigned int i;

	KUNIT_ASSERT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 10U);
	for (i = 0; i < 7; i++)
		fa_put(test, pool, ((struct fa_fix *)test->priv)->held[0].obj);
	EXPECT(test, pool, .capacity = 10, .allocs = 10, .frees = 7,
	       .in_use = 3, .peak = 10, .failures = 1);
	fastalloc_pool_stats_reset(pool);
	EXPECT(test, pool, .capacity = 10, .allocs = 3, .in_use = 3, .peak = 3);
	fa_must_get(test, pool, GFP_KERNEL);
	EXPECT(test, pool, .capacity = 10, .allocs = 4, .in_use = 4, .peak = 4);
	fa_put_all(test);
	EXPECT(test, pool, .capacity = 10, .allocs = 4, .frees = 4, .peak = 4);
	fastalloc_pool_stats_reset(pool);
	EXPECT(test, pool, .capacity = 10);
}

/* Promise: contiguous runs count each object. */
static void stats_contig(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = 16, .capacity = 10,
					   .sync = FASTALLOC_SYNC_SPINLOCK,
					   .order = FASTALLOC_ORDER_LOWEST,
					   .flags = FASTALLOC_F_CONTIG));
	void *run = fastalloc_alloc_contig(pool, GFP_KERNEL, 6);

	KUNIT_ASSERT_NOT_NULL(test, run);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_KERNEL, 5));
	EXPECT(test, pool, .capacity = 10, .allocs = 6, .in_use = 6, .peak = 6,
	       .failures = 1);
	fastalloc_free_contig(pool, run, 6);
	EXPECT(test, pool, .capacity = 10, .allocs = 6, .frees = 6, .peak = 6,
	       .failures = 1);
}

static bool grows_reach(struct fastalloc_pool *pool, u64 grows)
{
	struct fastalloc_stats s;

	fastalloc_pool_stats(pool, &s);
	return s.grows == grows;
}

/* Promise: growths are counted; chunks and bytes follow. */
static void stats_growth(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = PAGE_SIZE, .capacity = 2,
					   .max_capacity = 8, .growth_amount = 2,
					   .low_water = 1,
					   .sync = FASTALLOC_SYNC_SPINLOCK,
					   .backing = FASTALLOC_BACKING_VMALLOC));
	struct fastalloc_stats before, after;

	fastalloc_pool_stats(pool, &before);
	KUNIT_EXPECT_EQ(test, before.chunks, 1UL);
	KUNIT_EXPECT_GE(test, before.bytes, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 8U);
	KUNIT_EXPECT_TRUE(test, fa_await(grows_reach(pool, 3)));
	EXPECT(test, pool, .capacity = 8, .allocs = 8, .in_use = 8, .peak = 8,
	       .failures = 1, .grows = 3);
	fastalloc_pool_stats(pool, &after);
	KUNIT_EXPECT_EQ(test, after.chunks, 4UL);
	KUNIT_EXPECT_GE(test, after.bytes, before.bytes + 6 * PAGE_SIZE);
	fastalloc_pool_stats_reset(pool);
	EXPECT(test, pool, .capacity = 8, .allocs = 8, .in_use = 8, .peak = 8);
}

static int fail_second(void *obj, void *arg)
{
	return atomic_inc_return((atomic_t *)arg) == 2 ? -ENXIO : 0;
}

/* Promise: a failed growth is counted, and so is the failed allocation. */
static void stats_growth_failure(struct kunit *test)
{
	atomic_t *calls = fa_mem(test, sizeof(*calls));
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = 8, .capacity = 1,
					   .max_capacity = 2, .growth_amount = 1,
					   .low_water = 1, .sync = FASTALLOC_SYNC_NONE,
					   .ctor = fail_second, .arg = calls));
	struct fastalloc_stats s;
	void *obj;

	fa_must_get(test, pool, GFP_KERNEL);
	/* Either the worker or this call makes the growth that fails. */
	obj = fa_get(test, pool, GFP_KERNEL);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.growth_failures, 1ULL);
	KUNIT_EXPECT_EQ(test, s.failures, obj ? 0ULL : 1ULL);
}

struct watch {
	struct fastalloc_pool *pool;
	struct task_struct *task[2];
	atomic_long_t done;
};

static int watch_user(void *data)
{
	struct watch *w = data;
	void *objs[5];
	unsigned int n = 0, got;

	while (!kthread_should_stop()) {
		got = fastalloc_alloc_bulk(w->pool, GFP_KERNEL, n % 5 + 1, objs);
		fastalloc_free_bulk(w->pool, got, objs);
		atomic_long_inc(&w->done);
		if (++n % 64 == 0)
			cond_resched();
	}
	return 0;
}

/* Promise: a snapshot of a SPINLOCK pool is consistent while others use it. */
static void stats_consistent(struct kunit *test)
{
	struct watch *w = fa_mem(test, sizeof(*w));
	unsigned long end = jiffies + FA_TEST_PATIENCE, busy = 0, bad = 0, n = 0;
	struct fastalloc_stats s, last = { };
	unsigned int i;

	w->pool = fa_pool_of(test, fa_config(.obj_size = 8, .capacity = 8,
					     .sync = FASTALLOC_SYNC_SPINLOCK));
	for (i = 0; i < ARRAY_SIZE(w->task); i++)
		w->task[i] = kthread_run(watch_user, w, "fa-watch/%u", i);
	while ((atomic_long_read(&w->done) < 20000 || busy < 100) &&
	       time_before(jiffies, end)) {
		fastalloc_pool_stats(w->pool, &s);
		busy += s.in_use && s.allocs != last.allocs;
		bad += s.allocs - s.frees != s.in_use || s.in_use > 8 ||
		       s.peak < s.in_use || s.peak > 8 || s.capacity != 8 ||
		       s.allocs < last.allocs || s.frees < last.frees ||
		       fastalloc_pool_allocated(w->pool) > 8 ||
		       fastalloc_pool_available(w->pool) > 8;
		last = s;
		if (++n % 64 == 0)
			cond_resched();
	}
	for (i = 0; i < ARRAY_SIZE(w->task); i++) {
		if (IS_ERR(w->task[i]))
			KUNIT_FAIL(test, "no thread");
		else
			kthread_stop(w->task[i]);
	}
	KUNIT_EXPECT_EQ(test, bad, 0UL);
	KUNIT_EXPECT_GE(test, busy, 100UL);
	fastalloc_pool_stats(w->pool, &s);
	KUNIT_EXPECT_EQ(test, s.allocs, s.frees);
}

static struct kunit_case stats_cases[] = {
	KUNIT_CASE_PARAM(stats_exact, stats_gen_params),
	KUNIT_CASE_PARAM(stats_reset, stats_gen_params),
	KUNIT_CASE(stats_contig),
	KUNIT_CASE(stats_growth),
	KUNIT_CASE(stats_growth_failure),
	KUNIT_CASE(stats_consistent),
	{ }
};

static struct kunit_suite stats_suite = {
	.name = "fastalloc_stats",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = stats_cases,
};

kunit_test_suite(stats_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of counters and queries");
MODULE_LICENSE("GPL");
