// SPDX-License-Identifier: GPL-2.0
/* Counters and queries: exact while the pool is idle, consistent while it is used. */
#include <linux/cpumask.h>
#include <linux/fastalloc_handle.h>
#include <linux/kmemleak.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/smp.h>

#include "../../fastalloc/pool.h"
#include "../../fastalloc/report.h"
#include "fastalloc_test.h"
#include "fastalloc_test_debugfs.h"

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

/* Each differs in the kinds of memory that it needs, or in what becomes of it. */
static struct fastalloc_config kinds_params[] = {
	{ .name = "spinlock", .sync = FASTALLOC_SYNC_SPINLOCK },
	{ .name = "lowest-owner", .sync = FASTALLOC_SYNC_SPINLOCK,
	  .order = FASTALLOC_ORDER_LOWEST, .backing = FASTALLOC_BACKING_VMALLOC,
	  .flags = FASTALLOC_F_OWNER },
	{ .name = "fifo-all-checks", .sync = FASTALLOC_SYNC_SPINLOCK,
	  .order = FASTALLOC_ORDER_FIFO, .flags = FASTALLOC_F_DEBUG | FASTALLOC_F_SHRINKER },
	{ .name = "handles", .sync = FASTALLOC_SYNC_SPINLOCK, .flags = FASTALLOC_F_HANDLES },
	{ .name = "none-random", .sync = FASTALLOC_SYNC_NONE, .flags = FASTALLOC_F_RANDOM },
	{ .name = "none-index", .sync = FASTALLOC_SYNC_NONE, .flags = FASTALLOC_F_INDEX },
	{ .name = "percpu", .sync = FASTALLOC_SYNC_PERCPU },
	{ .name = "percpu-check", .sync = FASTALLOC_SYNC_PERCPU, .flags = FASTALLOC_F_CHECK },
	{ .name = "percpu-handles-all-checks", .sync = FASTALLOC_SYNC_PERCPU,
	  .flags = FASTALLOC_F_HANDLES | FASTALLOC_F_DEBUG },
};

static void kinds_desc(struct fastalloc_config *cfg, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", cfg->name);
}

KUNIT_ARRAY_PARAM(kinds, kinds_params, kinds_desc);

/* Each kind is what is found in the pool. An array takes up to twice its size, but 8 bytes. */
static struct fastalloc_stats expect_kinds(struct kunit *test, struct fastalloc_pool *pool)
{
	size_t chunks = 0, least = 0, word = 0;
	struct fastalloc_stats s;
	struct fa_chunk *chunk;

	fa_settle(pool);
	for (chunk = fa_chunk_first(&pool->chunks); chunk; chunk = fa_chunk_next(chunk)) {
		chunks += chunk->bytes;
		least += chunk->out ? BITS_TO_LONGS(chunk->count) * sizeof(long) : 0;
		least += chunk->leak ? BITS_TO_LONGS(chunk->count) * sizeof(long) : 0;
		least += chunk->track ? FA_TRACKS * chunk->count * sizeof(*chunk->track) : 0;
		word += sizeof(*chunk) + chunk->map.words * sizeof(long);
		word += chunk->word ? chunk->count * sizeof(*chunk->word) : 0;
		word += chunk->range ? sizeof(*chunk->range) : 0;
	}
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.bytes,
			s.chunk_bytes + s.metadata_bytes + s.cache_bytes + s.check_bytes);
	KUNIT_EXPECT_EQ(test, s.chunk_bytes, chunks);
	KUNIT_EXPECT_GE(test, s.check_bytes, least);
	KUNIT_EXPECT_LE(test, s.check_bytes, 2 * least);
	KUNIT_EXPECT_GE(test, s.metadata_bytes, sizeof(*pool) + word);
	if (pool->sync == FASTALLOC_SYNC_PERCPU) {
		KUNIT_EXPECT_GE(test, s.cache_bytes, s.magazine_bytes +
				num_possible_cpus() * sizeof(struct fastalloc_cache));
	} else {
		KUNIT_EXPECT_EQ(test, s.cache_bytes, (size_t)0);
	}
	return s;
}

/* Makes the leases of a CPU change. */
static int kinds_use(void *data)
{
	struct fastalloc_pool *pool = data;
	void *objs[32];
	unsigned int n;

	n = fastalloc_alloc_bulk_some(pool, GFP_NOWAIT, ARRAY_SIZE(objs), objs);
	fastalloc_free_bulk(pool, n, objs);
	return 0;
}

/* Promise: the bytes are the sum of their kinds, and each kind is what there is of it. */
static void stats_kinds(struct kunit *test)
{
	struct fastalloc_config cfg = *(struct fastalloc_config *)test->param_value;
	struct fastalloc_stats first, s, last = {};
	struct fastalloc_pool *pool;
	unsigned int turn;
	int cpu;

	cfg.name = "kunit";
	cfg.obj_size = PAGE_SIZE / 2;
	cfg.capacity = 32;
	cfg.growth = FASTALLOC_GROWTH_LINEAR;
	cfg.growth_amount = 32;
	cfg.max_capacity = 32 * 10;
	cfg.low_water = 1;
	pool = fa_pool(test, &cfg);
	first = expect_kinds(test, pool);
	KUNIT_EXPECT_EQ(test, !!first.check_bytes, !!pool->checks);
	for (turn = 0; turn < 3; turn++) {
		KUNIT_EXPECT_GE(test, fa_drain(test, pool, GFP_KERNEL), 32U * 10);
		s = expect_kinds(test, pool);
		KUNIT_EXPECT_GT(test, s.chunk_bytes, first.chunk_bytes);
		KUNIT_EXPECT_GT(test, s.metadata_bytes, first.metadata_bytes);
		fa_put_all(test);
		fastalloc_pool_trim(pool);
		s = expect_kinds(test, pool);
		KUNIT_EXPECT_EQ(test, s.chunk_bytes, first.chunk_bytes);
		KUNIT_EXPECT_EQ(test, s.check_bytes, first.check_bytes);
		KUNIT_EXPECT_EQ(test, s.cache_bytes - s.magazine_bytes,
				first.cache_bytes - first.magazine_bytes);
		/* A range of free indices stays. Nothing else does, and no more each time. */
		KUNIT_EXPECT_LE(test, s.metadata_bytes,
				first.metadata_bytes +
				(pool->handles.indexed ? 2 * sizeof(struct fa_range) : 0));
		KUNIT_EXPECT_EQ(test, s.metadata_bytes, turn ? last.metadata_bytes :
							s.metadata_bytes);
		last = s;
		if (pool->sync != FASTALLOC_SYNC_PERCPU)
			continue;
		for_each_online_cpu(cpu)
			KUNIT_EXPECT_EQ(test, 0, smp_call_on_cpu(cpu, kinds_use, pool, false));
		s = expect_kinds(test, pool);
		KUNIT_EXPECT_EQ(test, s.cache_bytes - s.magazine_bytes,
				first.cache_bytes - first.magazine_bytes);
	}
}

/* The totals that json begins with: their sum, and the kinds of memory. */
static void read_totals(struct kunit *test, unsigned long t[5])
{
	static const char * const names[5] = {
		"\"bytes\": ", "\"chunk_bytes\": ", "\"metadata_bytes\": ",
		"\"cache_bytes\": ", "\"check_bytes\": ",
	};
	static char text[TEXT];
	const char *at = text;
	unsigned int i;
	int n;

	if (read_text("json", text) <= 0)
		kunit_skip(test, "debugfs is not mounted");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		at = strstr(at, names[i]);
		KUNIT_ASSERT_NOT_NULL(test, at);
		n = sscanf(at + strlen(names[i]), "%lu", &t[i]);
		KUNIT_ASSERT_EQ(test, n, 1);
	}
	KUNIT_EXPECT_EQ(test, t[0], t[1] + t[2] + t[3] + t[4]);
}

/* Promise: the totals have what each pool has, a dead one too, until it is gone. */
static void stats_totals(struct kunit *test)
{
	struct fastalloc_config *cfg = (struct fastalloc_config *)test->param_value;
	unsigned long before[5], with[5], dead[5], after[5];
	struct fastalloc_stats s;
	struct fastalloc_pool *pool;
	unsigned int i;

	read_totals(test, before);
	pool = fa_pool_of(test, fa_config(.capacity = 500, .sync = cfg->sync,
					  .order = cfg->order,
					  .flags = cfg->flags & ~FASTALLOC_F_SHRINKER));
	fastalloc_pool_stats(pool, &s);
	read_totals(test, with);
	KUNIT_EXPECT_EQ(test, with[0] - before[0], (unsigned long)s.bytes);
	KUNIT_EXPECT_EQ(test, with[1] - before[1], (unsigned long)s.chunk_bytes);
	KUNIT_EXPECT_EQ(test, with[2] - before[2], (unsigned long)s.metadata_bytes);
	KUNIT_EXPECT_EQ(test, with[3] - before[3], (unsigned long)s.cache_bytes);
	KUNIT_EXPECT_EQ(test, with[4] - before[4], (unsigned long)s.check_bytes);

	fastalloc_pool_get(pool);
	fa_pool_gone(test, pool);
	read_totals(test, dead);
	fastalloc_pool_put(pool);
	KUNIT_EXPECT_GE(test, dead[2], before[2] + sizeof(*pool));
	KUNIT_EXPECT_LT(test, dead[2], with[2]);
	dead[0] -= dead[2] - before[2];
	dead[2] = before[2];
	read_totals(test, after);
	for (i = 0; i < ARRAY_SIZE(before); i++) {
		KUNIT_EXPECT_EQ(test, dead[i], before[i]);
		KUNIT_EXPECT_EQ(test, after[i], before[i]);
	}
}

/* Promise: the totals have all that is left of a pool that was destroyed with an object out. */
static void stats_kept(struct kunit *test)
{
	unsigned long before[5], kept[5], pages = 1024;
	struct fastalloc_pool *pool;

	read_totals(test, before);
	pool = fa_pool_of(test, fa_config(.name = "kunit-kept", .obj_size = PAGE_SIZE,
					  .capacity = pages, .sync = FASTALLOC_SYNC_SPINLOCK,
					  .backing = FASTALLOC_BACKING_VMALLOC));
	KUNIT_ASSERT_NOT_NULL(test, fastalloc_alloc(pool, GFP_KERNEL));
	/* Nobody else will free it. */
	kmemleak_ignore(fa_chunk_first(&pool->chunks)->mem);
	fa_expect_splat("pool kunit-kept destroyed with 1 objects out");
	fa_pool_gone(test, pool);
	read_totals(test, kept);
	KUNIT_EXPECT_GE(test, kept[1] - before[1], pages * PAGE_SIZE);
	/* With the array of pages of vmalloc. */
	KUNIT_EXPECT_GE(test, kept[2] - before[2], sizeof(*pool) + pages * sizeof(struct page *));
	KUNIT_EXPECT_EQ(test, kept[3], before[3]);
	KUNIT_EXPECT_EQ(test, kept[4], before[4]);
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
	KUNIT_CASE_PARAM(stats_kinds, kinds_gen_params),
	KUNIT_CASE_PARAM(stats_totals, kinds_gen_params),
	KUNIT_CASE(stats_kept),
	KUNIT_CASE(stats_growth_failure),
	KUNIT_CASE(stats_consistent),
	{ }
};

static struct kunit_suite stats_suite = {
	.name = "fastalloc_stats",
	.suite_init = fa_root_init,
	.suite_exit = fa_root_exit,
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = stats_cases,
};

kunit_test_suite(stats_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of counters and queries");
MODULE_LICENSE("GPL");
