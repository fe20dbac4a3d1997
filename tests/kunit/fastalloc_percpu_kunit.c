// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU pools. To simulate an interrupted operation, a case claims the CPU's cache as
 * the inline code does: calls before the release are then nested.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/sort.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

/**
 * struct percpu_shape - a pool to run a case with
 * @capacity: of the pool
 * @magazine: slots, 0 for the default
 * @size: bytes of an object
 * @align: alignment, 0 for the natural one
 * @backing: where memory comes from
 * @hooks: with hooks, so that the inline path is closed
 */
struct percpu_shape {
	unsigned long		capacity;
	unsigned int		magazine;
	size_t			size;
	size_t			align;
	enum fastalloc_backing	backing;
	bool			hooks;
};

static struct percpu_shape shapes[] = {
	{ 1, 0, 8, 0, FASTALLOC_BACKING_AUTO },
	{ 1, 64, 8, 0, FASTALLOC_BACKING_AUTO },
	{ 7, 1, 24, 0, FASTALLOC_BACKING_PAGES },
	{ 64, 2, 64, 64, FASTALLOC_BACKING_PAGES },
	{ 100, 3, 100, 0, FASTALLOC_BACKING_VMALLOC },
	{ 1000, 0, 256, 0, FASTALLOC_BACKING_AUTO },
	{ 1000, 0, 256, 0, FASTALLOC_BACKING_AUTO, true },
	{ 1000, 31, 1, 0, FASTALLOC_BACKING_VMALLOC, true },
	{ 2000, 64, 16, PAGE_SIZE, FASTALLOC_BACKING_VMALLOC },
};

static void shape_desc(struct percpu_shape *s, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu/%u/%zu/%zu/%s%s", s->capacity,
		 s->magazine, s->size, s->align, fa_backing_word[s->backing],
		 s->hooks ? "/hooks" : "");
}

KUNIT_ARRAY_PARAM(shape, shapes, shape_desc);

struct hook_counts {
	atomic_long_t	acquired;
	atomic_long_t	released;
	atomic_long_t	constructed;
	atomic_long_t	destructed;
};

static void count_acquire(void *obj, void *arg)
{
	atomic_long_inc(&((struct hook_counts *)arg)->acquired);
}

static void count_release(void *obj, void *arg)
{
	atomic_long_inc(&((struct hook_counts *)arg)->released);
}

static int count_ctor(void *obj, void *arg)
{
	atomic_long_inc(&((struct hook_counts *)arg)->constructed);
	return 0;
}

static void count_dtor(void *obj, void *arg)
{
	atomic_long_inc(&((struct hook_counts *)arg)->destructed);
}

static struct fastalloc_config shape_config(struct kunit *test)
{
	const struct percpu_shape *s = test->param_value;
	/* If the kernel zeroes objects by default, the inline path is closed. */
	struct fastalloc_config cfg =
		fa_config(.obj_size = s->size, .align = s->align, .capacity = s->capacity,
			  .magazine = s->magazine, .backing = s->backing,
			  .flags = FASTALLOC_F_NO_INIT);

	if (s->hooks) {
		cfg.on_acquire = count_acquire;
		cfg.on_release = count_release;
		cfg.arg = fa_mem(test, sizeof(struct hook_counts));
	}
	return cfg;
}

static struct fastalloc_pool *shape_pool(struct kunit *test)
{
	return fa_pool_of(test, shape_config(test));
}

/**
 * struct percpu_job - work for a certain CPU; allocates with gfp 0
 * @pool: the pool
 * @objs: objects
 * @nr: number to allocate, or to free
 * @got: number allocated
 * @bulk: in one call
 */
struct percpu_job {
	struct fastalloc_pool	*pool;
	void			**objs;
	unsigned int		nr;
	unsigned int		got;
	bool			bulk;
};

static int job_alloc(void *arg)
{
	struct percpu_job *job = arg;

	if (job->bulk) {
		job->got = fastalloc_alloc_bulk(job->pool, 0, job->nr, job->objs);
		return 0;
	}
	for (job->got = 0; job->got < job->nr; job->got++) {
		job->objs[job->got] = fastalloc_alloc(job->pool, 0);
		if (!job->objs[job->got])
			break;
	}
	return 0;
}

static int job_free(void *arg)
{
	struct percpu_job *job = arg;
	unsigned int i;

	if (job->bulk) {
		fastalloc_free_bulk(job->pool, job->nr, job->objs);
		return 0;
	}
	for (i = 0; i < job->nr; i++)
		fastalloc_free(job->pool, job->objs[i]);
	return 0;
}

/* Runs @fn on @cpu. cpus_read_lock() keeps the CPU online meanwhile. */
static void on_cpu(struct kunit *test, unsigned int cpu, int (*fn)(void *),
		   void *arg)
{
	cpus_read_lock();
	KUNIT_EXPECT_EQ(test, smp_call_on_cpu(cpu, fn, arg, false), 0);
	cpus_read_unlock();
}

static int by_address(const void *a, const void *b)
{
	const char *l = *(char * const *)a, *r = *(char * const *)b;

	return l < r ? -1 : l > r;
}

/* Checks that all @nr objects are aligned and that none overlaps another. Sorts them. */
static void expect_apart(struct kunit *test, void **objs, unsigned int nr,
			 size_t size, size_t align)
{
	unsigned int i, bad = 0;

	sort(objs, nr, sizeof(*objs), by_address, NULL);
	for (i = 0; i < nr; i++) {
		bad += !IS_ALIGNED((unsigned long)objs[i], align);
		if (i)
			bad += objs[i] < objs[i - 1] + size;
	}
	KUNIT_EXPECT_EQ(test, bad, 0U);
}

static void fill(void **objs, unsigned int nr, size_t size)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		memset(objs[i], i * 7 + 1, size);
}

static unsigned int spoilt(void **objs, unsigned int nr, size_t size)
{
	unsigned int i, bad = 0;

	for (i = 0; i < nr; i++)
		bad += !!memchr_inv(objs[i], (u8)(i * 7 + 1), size);
	return bad;
}

static void expect_quiet(struct kunit *test, struct fastalloc_pool *pool,
			 unsigned long in_use)
{
	struct fastalloc_stats s;

	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.in_use, in_use);
	KUNIT_EXPECT_EQ(test, s.allocs - s.frees, (u64)in_use);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), in_use);
	KUNIT_EXPECT_GE(test, s.peak, in_use);
}

/*
 * Promise: one CPU can allocate every object, each with its own memory; then an
 * allocation fails and is counted.
 */
static void percpu_all_of_them(struct kunit *test)
{
	const struct percpu_shape *shape = test->param_value;
	struct fastalloc_pool *pool = shape_pool(test);
	struct percpu_job job = { .pool = pool };
	struct fastalloc_stats s;
	unsigned int turn;

	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.capacity, shape->capacity);
	KUNIT_EXPECT_EQ(test, s.total, s.capacity + s.reserve);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_available(pool), s.capacity);
	if (!shape->magazine && shape->capacity >= 1000)
		KUNIT_EXPECT_LE(test, s.reserve, s.capacity / 4);
	job.nr = s.total + 1;
	job.objs = fa_mem(test, job.nr * sizeof(void *));

	for (turn = 0; turn < 3; turn++) {
		job.nr = s.total + 1;
		on_cpu(test, 0, job_alloc, &job);
		KUNIT_EXPECT_EQ(test, (unsigned long)job.got, s.total);
		expect_apart(test, job.objs, job.got, shape->size,
			     shape->align ?: fa_natural(shape->size));
		fill(job.objs, job.got, shape->size);
		KUNIT_EXPECT_EQ(test, spoilt(job.objs, job.got, shape->size), 0U);
		expect_quiet(test, pool, s.total);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_available(pool), 0UL);
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_exhausted(pool));
		job.nr = job.got;
		on_cpu(test, 0, job_free, &job);
		expect_quiet(test, pool, 0);
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
	}
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.failures, 3ULL);
	KUNIT_EXPECT_EQ(test, s.allocs, 3ULL * s.total);
	KUNIT_EXPECT_GE(test, s.peak, s.capacity);
	KUNIT_EXPECT_LE(test, s.peak, s.total);
}

/* Promise: an object freed on another CPU than it was allocated on is not lost. */
static void percpu_other_cpu(struct kunit *test)
{
	const struct percpu_shape *shape = test->param_value;
	struct fastalloc_pool *pool = shape_pool(test);
	unsigned int cpu, next, turn;
	struct percpu_job job = { .pool = pool };

	job.objs = fa_mem(test, shape->capacity * sizeof(void *));
	for (turn = 0; turn < 4; turn++) {
		for_each_online_cpu(cpu) {
			next = cpumask_next(cpu, cpu_online_mask);
			if (next >= nr_cpu_ids)
				next = cpumask_first(cpu_online_mask);
			job.bulk = turn & 1;
			job.nr = shape->capacity;
			on_cpu(test, cpu, job_alloc, &job);
			KUNIT_ASSERT_EQ(test, (unsigned long)job.got, shape->capacity);
			fill(job.objs, job.got, shape->size);
			job.bulk = turn & 2;
			KUNIT_EXPECT_EQ(test, spoilt(job.objs, job.got, shape->size),
					0U);
			on_cpu(test, next, job_free, &job);
			expect_quiet(test, pool, 0);
		}
	}
}

/* Claims this CPU's cache, as an operation that is then interrupted. */
static u32 interrupted(struct fastalloc_pool *pool)
{
	preempt_disable();
	return __fastalloc_claim(__fastalloc_this_cache(pool));
}

static void resumed(struct fastalloc_pool *pool, u32 n)
{
	__fastalloc_release(__fastalloc_this_cache(pool), n);
	preempt_enable();
}

static int job_alloc_nested(void *arg)
{
	struct percpu_job *job = arg;
	u32 n = interrupted(job->pool);

	job_alloc(job);
	resumed(job->pool, n);
	return 0;
}

static int job_free_nested(void *arg)
{
	struct percpu_job *job = arg;
	u32 n = interrupted(job->pool);

	job_free(job);
	resumed(job->pool, n);
	return 0;
}

/*
 * Frees objects of @objs until both magazines of this CPU are full; sets @got to their
 * number. Only without hooks, when the cache is visible to the test.
 */
static int job_strand(void *arg)
{
	struct percpu_job *job = arg;
	struct fastalloc_cache *c;

	preempt_disable();
	c = __fastalloc_this_cache(job->pool);
	for (job->got = 0; job->got < job->nr; job->got++) {
		if (c->size && c->n == c->size && c->spare && c->spare->n == c->size)
			break;
		fastalloc_free(job->pool, job->objs[job->got]);
	}
	preempt_enable();
	return 0;
}

/* Objects in the caches of all CPUs, except that of @but. */
static unsigned long cached_objects(const struct fastalloc_pool *pool, int but)
{
	const struct fastalloc_cache *c;
	unsigned long held = 0;
	int cpu;

	for_each_online_cpu(cpu) {
		c = per_cpu_ptr(pool->percpu.cache, cpu);
		if (cpu != but)
			held += c->n + (c->spare ? c->spare->n : 0);
	}
	return held;
}

/*
 * Promise: with as many objects as possible in the caches of all CPUs, and with an
 * operation interrupted on this one too, the capacity can still be allocated.
 */
static void percpu_stranded(struct kunit *test)
{
	const struct percpu_shape *shape = test->param_value;
	struct fastalloc_pool *pool = shape_pool(test);
	struct percpu_job job = { .pool = pool };
	unsigned int cpu, nested, held;
	struct fastalloc_stats s;
	unsigned long cached;

	fastalloc_pool_stats(pool, &s);
	job.objs = fa_mem(test, (s.total + 1) * sizeof(void *));

	for (nested = 0; nested < 2; nested++) {
		for_each_online_cpu(cpu) {
			job.nr = min(2UL * FASTALLOC_MAX_MAGAZINE, shape->capacity);
			on_cpu(test, cpu, job_alloc, &job);
			KUNIT_ASSERT_EQ(test, job.got, job.nr);
			if (shape->hooks) {
				on_cpu(test, cpu, job_free, &job);
				continue;
			}
			on_cpu(test, cpu, job_strand, &job);
			/* These bypass the cache. */
			held = job.got;
			job.nr -= held;
			job.objs += held;
			on_cpu(test, cpu, job_free_nested, &job);
			job.objs -= held;
		}
		cached = cached_objects(pool, nested ? -1 : 0);
		KUNIT_EXPECT_LE(test, cached, s.reserve);
		/* Otherwise the case has not filled the caches as intended. */
		if (num_online_cpus() > 1 || nested)
			KUNIT_EXPECT_GT(test, cached, 0UL);
		job.nr = s.total + 1;
		on_cpu(test, 0, nested && !shape->hooks ? job_alloc_nested : job_alloc,
		       &job);
		KUNIT_EXPECT_GE(test, (unsigned long)job.got, shape->capacity);
		KUNIT_EXPECT_GE(test, (unsigned long)job.got, s.total - cached);
		job.nr = job.got;
		on_cpu(test, 0, job_free, &job);
		expect_quiet(test, pool, 0);
	}
}

/*
 * Promise: an operation may interrupt another one, which itself may have interrupted a
 * third.
 */
static void percpu_nested(struct kunit *test)
{
	const struct percpu_shape *shape = test->param_value;
	struct fastalloc_pool *pool = shape_pool(test);
	struct percpu_job job = { .pool = pool };
	struct fastalloc_stats s;
	unsigned int turn;
	void *obj[3];
	u32 n[3];
	int i;

	job.objs = fa_mem(test, shape->capacity * sizeof(void *));
	job.nr = shape->capacity;
	for (turn = 0; turn < 4; turn++) {
		job.bulk = turn & 1;
		on_cpu(test, 0, job_alloc_nested, &job);
		KUNIT_ASSERT_EQ(test, job.got, job.nr);
		fill(job.objs, job.got, shape->size);
		KUNIT_EXPECT_EQ(test, spoilt(job.objs, job.got, shape->size), 0U);
		job.bulk = turn & 2;
		on_cpu(test, 0, job_free_nested, &job);
		expect_quiet(test, pool, 0);
	}
	fastalloc_pool_stats(pool, &s);
	/* With hooks, the cache that the inline path sees is not the one in use. */
	KUNIT_EXPECT_EQ(test, s.nested, shape->hooks ? 0ULL : 8ULL * job.nr);

	if (shape->capacity < 3)
		return;
	preempt_disable();
	for (i = 0; i < 3; i++) {
		n[i] = interrupted(pool);
		obj[i] = fastalloc_alloc(pool, GFP_ATOMIC);
	}
	while (i--) {
		fastalloc_free(pool, obj[i]);
		resumed(pool, n[i]);
	}
	preempt_enable();
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_NOT_NULL(test, obj[i]);
	KUNIT_EXPECT_PTR_NE(test, obj[0], obj[1]);
	KUNIT_EXPECT_PTR_NE(test, obj[1], obj[2]);
	expect_quiet(test, pool, 0);
}

/*
 * Promise: a bulk allocation of any size is all or nothing, and a failed one loses no
 * object.
 */
static void percpu_bulk(struct kunit *test)
{
	const struct percpu_shape *shape = test->param_value;
	struct fastalloc_pool *pool = shape_pool(test);
	struct percpu_job job = { .pool = pool, .bulk = true };
	struct fastalloc_stats s;
	unsigned int nr;

	fastalloc_pool_stats(pool, &s);
	job.objs = fa_mem(test, (s.total + 1) * sizeof(void *));
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(pool, GFP_ATOMIC, 0, job.objs), 0U);
	for (nr = 1; nr <= shape->capacity; nr = nr * 3 / 2 + 1) {
		job.nr = nr;
		on_cpu(test, 0, job_alloc, &job);
		KUNIT_ASSERT_EQ(test, job.got, nr);
		expect_apart(test, job.objs, nr, shape->size, 1);
		expect_quiet(test, pool, nr);
		on_cpu(test, 0, job_free, &job);
		job.nr = s.total + 1;
		on_cpu(test, 0, job_alloc, &job);
		KUNIT_EXPECT_EQ(test, job.got, 0U);
		expect_quiet(test, pool, 0);
	}
	job.nr = s.total;
	on_cpu(test, 0, job_alloc, &job);
	KUNIT_ASSERT_EQ(test, job.got, job.nr);
	on_cpu(test, 0, job_free, &job);
}

/**
 * struct context - an alloc and a free, run in interrupt context
 * @pool: the pool
 * @irq: raises it
 * @tasklet: likewise, in a softirq
 * @got: the allocation succeeded
 * @there: it ran in the right context
 * @done: it has run
 */
struct context {
	struct fastalloc_pool	*pool;
	struct irq_work		irq;
	struct tasklet_struct	tasklet;
	bool			got;
	bool			there;
	bool			done;
};

static void context_cycle(struct context *c, bool there)
{
	void *obj = fastalloc_alloc(c->pool, GFP_ATOMIC);

	c->got = obj;
	c->there = there;
	if (obj)
		memset(obj, 0xa5, 8);
	fastalloc_free(c->pool, obj);
	/* Pairs with the acquire in context_done(). */
	smp_store_release(&c->done, true);
}

static bool context_done(const struct context *c)
{
	/* Pairs with the release in context_cycle(). */
	return smp_load_acquire(&c->done);
}

static void context_irq(struct irq_work *irq)
{
	context_cycle(container_of(irq, struct context, irq), in_hardirq());
}

static void context_tasklet(struct tasklet_struct *t)
{
	context_cycle(container_of(t, struct context, tasklet), in_serving_softirq());
}

/* Promise: alloc and free work in a task, with interrupts off, in softirq, hardirq. */
static void percpu_contexts(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool(test, &FASTALLOC_CONFIG(u64, .name = "kunit", .capacity = 1));
	struct context *c = fa_mem(test, sizeof(*c));
	unsigned long flags;
	bool off;

	c->pool = pool;
	context_cycle(c, in_task());
	KUNIT_EXPECT_TRUE(test, c->got && c->there);

	local_irq_save(flags);
	context_cycle(c, irqs_disabled());
	off = irqs_disabled();
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, c->got && c->there && off);

	c->got = false;
	c->irq = IRQ_WORK_INIT_HARD(context_irq);
	irq_work_queue(&c->irq);
	irq_work_sync(&c->irq);
	KUNIT_EXPECT_TRUE(test, c->got && c->there);

	c->got = false;
	c->done = false;
	tasklet_setup(&c->tasklet, context_tasklet);
	tasklet_schedule(&c->tasklet);
	KUNIT_EXPECT_TRUE(test, fa_await(context_done(c)));
	tasklet_kill(&c->tasklet);
	KUNIT_EXPECT_TRUE(test, c->got && c->there);
	expect_quiet(test, pool, 0);
}

/* Promise: a caller that may sleep grows the pool, up to the maximum. */
static void percpu_grow_now(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = 40, .align = PAGE_SIZE,
					   .capacity = 50, .low_water = 1,
					   .max_capacity = 333, .magazine = 4,
					   .growth_amount = 7));
	struct fastalloc_stats s, t;
	size_t magazines;
	void *objs[64];
	unsigned int n;

	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_can_grow(pool));
	n = fa_drain(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_GE(test, n, 333U);
	fastalloc_pool_stats(pool, &t);
	KUNIT_EXPECT_EQ(test, t.capacity, 333UL);
	KUNIT_EXPECT_EQ(test, t.reserve, s.reserve);
	KUNIT_EXPECT_EQ(test, t.total, 333 + s.reserve);
	KUNIT_EXPECT_LE(test, (unsigned long)n, t.total);
	KUNIT_EXPECT_GE(test, t.grows, 1ULL);
	KUNIT_EXPECT_EQ(test, t.grows_atomic, 0ULL);
	KUNIT_EXPECT_GT(test, s.magazine_bytes, (size_t)0);
	KUNIT_EXPECT_GT(test, t.magazine_bytes, s.magazine_bytes);
	KUNIT_EXPECT_LT(test, t.magazine_bytes, t.bytes);
	KUNIT_EXPECT_FALSE(test, fastalloc_pool_can_grow(pool));
	/* Growth must not change the counters of the CPUs. */
	KUNIT_EXPECT_GE(test, t.depot_exchanges, (u64)n / 4 / 2);
	expect_quiet(test, pool, n);
	fa_put_all(test);
	expect_quiet(test, pool, 0);

	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 283UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 50UL);
	/* All memory is freed except for the magazines. */
	magazines = t.magazine_bytes;
	fastalloc_pool_stats(pool, &t);
	KUNIT_EXPECT_EQ(test, t.magazine_bytes, magazines);
	KUNIT_EXPECT_EQ(test, t.bytes - t.magazine_bytes, s.bytes - s.magazine_bytes);
	n = fastalloc_alloc_bulk(pool, GFP_KERNEL, 64, objs);
	KUNIT_EXPECT_EQ(test, n, 64U);
	fastalloc_free_bulk(pool, n, objs);
	n = 0;
	while (fa_get(test, pool, GFP_KERNEL))
		n++;
	KUNIT_EXPECT_GE(test, n, 333U);
}

/*
 * Promise: callers that may neither sleep nor take memory (gfp 0) never fail while the
 * pool may grow, if a burst fits into the low-water mark: the worker grows the pool in
 * time.
 */
static void percpu_grow_from_atomic(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 64, .low_water = 32,
					   .max_capacity = 2000, .magazine = 2,
					   .growth = FASTALLOC_GROWTH_EXPONENTIAL,
					   .growth_percent = 130));
	struct percpu_job job = { .pool = pool };
	unsigned int cpu = 0, n = 0, i;
	struct fastalloc_stats s;

	job.objs = fa_mem(test, 32 * sizeof(void *));
	while (n + 32 <= 2000) {
		/*
		 * The worker is due, unless the depot and the reserve suffice: then
		 * there is nothing to wait for.
		 */
		fa_await(fastalloc_pool_available(pool) >= 32 ||
			 atomic_long_read(&pool->percpu.depot.free) >=
			 READ_ONCE(pool->percpu.depot.low_free));
		job.nr = 32;
		job.bulk = n & 32;
		on_cpu(test, cpu, job_alloc, &job);
		KUNIT_ASSERT_EQ_MSG(test, job.got, 32U, "%u out of %lu", n,
				    fastalloc_pool_capacity(pool));
		for (i = 0; i < 32; i++)
			fa_hold(test, pool, job.objs[i]);
		n += 32;
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = 0;
	}
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
	KUNIT_EXPECT_GE(test, s.grows, 3ULL);
	KUNIT_EXPECT_EQ(test, s.grows_atomic, 0ULL);
	expect_quiet(test, pool, n);
}

/*
 * Promise: the worker grows the pool also if it looks while a call that has kicked it has not
 * counted its objects yet.
 */
static void percpu_grow_counted_late(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 64, .low_water = 32, .max_capacity = 2000,
					   .magazine = 2, .growth_amount = 64));
	struct fa_grower *grower = &pool->refill.grower;
	struct fastalloc_cache *c;
	struct percpu_job job = { .pool = pool, .nr = 31 };
	unsigned int i;

	job.objs = fa_mem(test, 31 * sizeof(void *));
	on_cpu(test, cpumask_first(cpu_online_mask), job_alloc, &job);
	KUNIT_ASSERT_EQ(test, job.got, 31U);
	for (i = 0; i < job.got; i++)
		fa_hold(test, pool, job.objs[i]);
	KUNIT_ASSERT_EQ(test, fastalloc_pool_capacity(pool), 64UL);

	/* As fa_percpu_alloc_bulk(): claims, kicks, and counts at the end. */
	preempt_disable();
	c = this_cpu_ptr(pool->percpu.cache);
	atomic_long_sub(32, &pool->percpu.depot.free);
	WRITE_ONCE(grower->kicked, true);
	irq_work_queue(&grower->irq);
	mdelay(100);
	c->allocs += 32;
	preempt_enable();
	KUNIT_EXPECT_TRUE(test, fa_await(fastalloc_pool_capacity(pool) >= 128));

	/* Undone on any CPU: what counts is the sum. */
	preempt_disable();
	this_cpu_ptr(pool->percpu.cache)->allocs -= 32;
	preempt_enable();
	atomic_long_add(32, &pool->percpu.depot.free);
}

/*
 * Promise: if an allocation with gfp 0 fails because the pool is empty, the worker
 * grows the pool.
 */
static void percpu_grow_after_miss(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 4, .low_water = 1,
					   .max_capacity = 500, .magazine = 1,
					   .growth_amount = 3));
	void **objs = fa_mem(test, 200 * sizeof(*objs));
	struct fastalloc_stats s;
	unsigned int n = 0;

	KUNIT_EXPECT_TRUE(test, fa_await((n = fastalloc_alloc_bulk(pool, 0, 200, objs))));
	KUNIT_EXPECT_EQ(test, n, 200U);
	fastalloc_free_bulk(pool, n, objs);
	KUNIT_EXPECT_TRUE(test, fa_await(fa_get(test, pool, 0)));
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_GT(test, s.grows, 0ULL);
	KUNIT_EXPECT_EQ(test, s.grows_atomic, 0ULL);
}

/*
 * Promise: trim frees only chunks whose objects are all free, and changes no object
 * that is out.
 */
static void percpu_trim_in_use(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = 32, .align = PAGE_SIZE,
					   .capacity = 40, .magazine = 3,
					   .growth_amount = 20, .max_capacity = 600,
					   .low_water = 1));
	unsigned int n, i, kept = 0, turn;
	struct fastalloc_stats s, t;
	unsigned long gone = 0;
	struct rnd_state rnd;
	void **objs;

	prandom_seed_state(&rnd, 42);
	objs = fa_mem(test, 600 * sizeof(*objs));
	for (turn = 0; turn < 5; turn++) {
		/* One by one, so that growth adds small chunks. */
		for (i = kept; i < 600; i++) {
			objs[i] = fastalloc_alloc(pool, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, objs[i]);
		}
		sort(objs, 600, sizeof(*objs), by_address, NULL);
		fill(objs, 600, 32);
		/* Free contiguous runs, so that whole chunks become free. */
		for (i = 0, kept = 0; i < 600;) {
			unsigned int run = prandom_u32_state(&rnd) % 70;
			bool keep = prandom_u32_state(&rnd) & 1;

			for (; run-- && i < 600; i++) {
				if (keep)
					objs[kept++] = objs[i];
				else
					fastalloc_free(pool, objs[i]);
			}
		}
		fill(objs, kept, 32);
		fastalloc_pool_stats(pool, &s);
		n = fastalloc_pool_trim(pool);
		fastalloc_pool_stats(pool, &t);
		gone += n;
		/* More if the worker finds few free objects and grows the pool again. */
		KUNIT_EXPECT_GE(test, t.total, s.total - n);
		KUNIT_EXPECT_EQ(test, t.capacity, t.total - t.reserve);
		KUNIT_EXPECT_GE(test, t.capacity, 40UL);
		KUNIT_EXPECT_EQ(test, spoilt(objs, kept, 32), 0U);
		if (n)
			KUNIT_EXPECT_LT(test, t.bytes, s.bytes);
		expect_quiet(test, pool, kept);
	}
	KUNIT_EXPECT_GT(test, gone, 0UL);
	fastalloc_free_bulk(pool, kept, objs);
	fastalloc_pool_trim(pool);
	/* Less than one chunk above the minimum. */
	KUNIT_EXPECT_GE(test, fastalloc_pool_capacity(pool), 40UL);
	KUNIT_EXPECT_LT(test, fastalloc_pool_capacity(pool), 60UL);
	expect_quiet(test, pool, 0);
}

/**
 * struct sleeper - a thread that waits for one object
 * @pool: the pool
 * @task: the thread
 * @timeout: in jiffies
 * @killable: the wait is killable
 * @obj: object that it got
 * @turn: number of sleepers that were served before
 * @turns: counter for @turn
 * @done: the wait has returned
 */
struct sleeper {
	struct fastalloc_pool	*pool;
	struct task_struct	*task;
	long			timeout;
	bool			killable;
	void			*obj;
	int			turn;
	atomic_t		*turns;
	bool			done;
};

static bool slept(const struct sleeper *s)
{
	/* Pairs with the release in sleeper_thread(). */
	return smp_load_acquire(&s->done);
}

static int sleeper_thread(void *data)
{
	struct sleeper *s = data;

	allow_signal(SIGKILL);
	if (s->killable)
		s->obj = fastalloc_alloc_killable(s->pool, GFP_KERNEL, s->timeout);
	else
		s->obj = fastalloc_alloc_timeout(s->pool, GFP_KERNEL, s->timeout);
	s->turn = atomic_fetch_inc(s->turns);
	/* Pairs with the acquire in slept(). */
	smp_store_release(&s->done, true);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static u64 waits(struct fastalloc_pool *pool)
{
	struct fastalloc_stats s;

	fastalloc_pool_stats(pool, &s);
	return s.waits;
}

/* Starts @nr sleepers, one after another; each sleeps before the next begins. */
static void sleep_all(struct kunit *test, struct sleeper *s, unsigned int nr)
{
	u64 before = waits(s->pool);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		s[i].task = kthread_run(sleeper_thread, &s[i], "fa-sleeper/%u", i);
		if (IS_ERR(s[i].task)) {
			KUNIT_FAIL(test, "no thread: %ld", PTR_ERR(s[i].task));
			return;
		}
		get_task_struct(s[i].task);
		KUNIT_EXPECT_TRUE(test, fa_await(waits(s->pool) == before + i + 1));
	}
}

/* No assertion may end the case before this: the sleepers use memory of the case. */
static void wake_all(struct sleeper *s, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (IS_ERR_OR_NULL(s[i].task))
			continue;
		kthread_stop(s[i].task);
		put_task_struct(s[i].task);
		fastalloc_free(s[i].pool, s[i].obj);
	}
}

static struct fa_combo wait_params[] = {
	FA_COMBO(PERCPU, LIFO, NONE, AUTO, 16, 0),
	FA_COMBO(SPINLOCK, LIFO, NONE, AUTO, 16, 0),
	FA_COMBO(SPINLOCK, FIFO, NONE, AUTO, 16, 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, AUTO, 16, 0),
};

KUNIT_ARRAY_PARAM(wait, wait_params, fa_combo_desc);

#define SLEEPERS	8

static struct fastalloc_pool *drained_pool(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 4, 0);
	struct fastalloc_pool *pool;

	cfg.magazine = c->sync == FASTALLOC_SYNC_PERCPU;
	pool = fa_pool(test, &cfg);
	KUNIT_ASSERT_GE(test, fa_drain(test, pool, GFP_KERNEL), 4U);
	return pool;
}

/* Promise: waiters get objects in the order in which they began to wait. */
static void percpu_wait_fifo(struct kunit *test)
{
	struct sleeper *s = fa_mem(test, SLEEPERS * sizeof(*s));
	atomic_t *turns = fa_mem(test, sizeof(*turns));
	struct fastalloc_pool *pool = drained_pool(test);
	struct fa_fix *fix = test->priv;
	int i, bad = 0, late = 0;

	for (i = 0; i < SLEEPERS; i++) {
		s[i].pool = pool;
		s[i].timeout = FA_TEST_PATIENCE;
		s[i].turns = turns;
		s[i].killable = i & 1;
	}
	sleep_all(test, s, SLEEPERS);
	for (i = 0; i < SLEEPERS && fix->nr_held && !late; i++) {
		bad += atomic_read(turns) != i;
		fix->nr_held--;
		fastalloc_free(pool, fix->held[fix->nr_held].obj);
		late += !fa_await(atomic_read(turns) == i + 1);
		bad += !s[i].obj || s[i].turn != i;
		/* The pool is small: this object is freed again for a later sleeper. */
		fa_hold(test, pool, s[i].obj);
		s[i].obj = NULL;
	}
	wake_all(s, SLEEPERS);
	KUNIT_EXPECT_EQ(test, bad, 0);
	KUNIT_EXPECT_EQ(test, late, 0);
	KUNIT_EXPECT_EQ(test, waits(pool), (u64)SLEEPERS);
	i = fix->nr_held;
	expect_quiet(test, pool, i);
	fa_put_all(test);
	expect_quiet(test, pool, 0);
	/* The caches of other CPUs may hold the rest. */
	KUNIT_EXPECT_GE(test, (unsigned long)fa_drain(test, pool, GFP_KERNEL),
			fastalloc_pool_capacity(pool));
}

/* Promise: a caller that could wait too takes no object ahead of those that wait. */
static void percpu_wait_turn(struct kunit *test)
{
	struct sleeper *s = fa_mem(test, sizeof(*s));
	atomic_t *turns = fa_mem(test, sizeof(*turns));
	struct fastalloc_pool *pool = drained_pool(test);
	struct fa_fix *fix = test->priv;
	void *obj;

	s->pool = pool;
	s->timeout = FA_TEST_PATIENCE;
	s->turns = turns;
	sleep_all(test, s, 1);
	fix->nr_held--;
	fastalloc_free(pool, fix->held[fix->nr_held].obj);
	obj = fastalloc_alloc_timeout(pool, GFP_KERNEL, 2);
	KUNIT_EXPECT_NULL(test, obj);
	fastalloc_free(pool, obj);
	KUNIT_EXPECT_TRUE(test, fa_await(slept(s)));
	KUNIT_EXPECT_NOT_NULL(test, s->obj);
	wake_all(s, 1);
}

/*
 * Promise: a wait ends when its time is up, or, if it is killable, when the waiter is
 * killed.
 */
static void percpu_wait_ends(struct kunit *test)
{
	struct sleeper *s = fa_mem(test, 2 * sizeof(*s));
	atomic_t *turns = fa_mem(test, sizeof(*turns));
	struct fastalloc_pool *pool = drained_pool(test);
	unsigned long began = jiffies;
	struct fastalloc_stats st;
	bool killed, other;
	int i;

	KUNIT_EXPECT_NULL(test, fastalloc_alloc_timeout(pool, GFP_KERNEL, 0));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_timeout(pool, GFP_KERNEL, -1));
	KUNIT_EXPECT_EQ(test, waits(pool), 0ULL);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_timeout(pool, GFP_KERNEL, 3));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_killable(pool, GFP_KERNEL, 3));
	KUNIT_EXPECT_GE(test, jiffies - began, 5UL);
	KUNIT_EXPECT_EQ(test, waits(pool), 2ULL);

	for (i = 0; i < 2; i++) {
		s[i].pool = pool;
		s[i].timeout = MAX_SCHEDULE_TIMEOUT;
		s[i].turns = turns;
		s[i].killable = !i;
	}
	sleep_all(test, s, 2);
	if (!IS_ERR_OR_NULL(s[0].task) && !IS_ERR_OR_NULL(s[1].task)) {
		send_sig(SIGKILL, s[1].task, 1);
		send_sig(SIGKILL, s[0].task, 1);
		killed = fa_await(slept(&s[0])) && !s[0].obj;
		other = slept(&s[1]);
		KUNIT_EXPECT_TRUE(test, killed);
		KUNIT_EXPECT_FALSE(test, other);
	}
	/* A SPINLOCK pool hands an object over like a PERCPU pool. */
	fa_put_all(test);
	KUNIT_EXPECT_TRUE(test, fa_await(slept(&s[1])));
	KUNIT_EXPECT_NOT_NULL(test, s[1].obj);
	wake_all(s, 2);
	expect_quiet(test, pool, 0);
	fastalloc_pool_stats(pool, &st);
	KUNIT_EXPECT_EQ(test, st.failures, 1ULL + 2 + 2 + 1);
}

struct crowd {
	struct fastalloc_pool	*pool;
	unsigned int		rounds;
	atomic_t		left;
	atomic_t		lost;
};

static int crowd_thread(void *data)
{
	struct crowd *c = data;
	unsigned int i;
	void *obj;

	for (i = 0; i < c->rounds && !atomic_read(&c->lost); i++) {
		obj = fastalloc_alloc_timeout(c->pool, GFP_KERNEL,
					      FA_TEST_PATIENCE / 2);
		if (!obj) {
			atomic_inc(&c->lost);
			break;
		}
		if (i % 4 == 0)
			usleep_range(20, 50);
		fastalloc_free(c->pool, obj);
	}
	atomic_dec(&c->left);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

#define CROWD_MAX	64

/* Promise: no wake-up is lost when there are more waiters than objects. */
static void percpu_wait_crowd(struct kunit *test)
{
	struct fa_combo *combo = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(combo, 2, 0);
	struct task_struct **task = fa_mem(test, CROWD_MAX * sizeof(*task));
	struct crowd *c = fa_mem(test, sizeof(*c));
	struct fastalloc_stats s;
	unsigned int i, nr, taken;
	unsigned long end;

	cfg.magazine = combo->sync == FASTALLOC_SYNC_PERCPU;
	c->pool = fa_pool(test, &cfg);
	fastalloc_pool_stats(c->pool, &s);
	nr = min(s.total + 6, (unsigned long)CROWD_MAX);
	c->rounds = 200;
	atomic_set(&c->left, nr);
	/* All threads begin by waiting, even on a machine that starts them slowly. */
	taken = fa_drain(test, c->pool, GFP_KERNEL);
	for (i = 0; i < nr; i++) {
		task[i] = kthread_run(crowd_thread, c, "fa-crowd/%u", i);
		if (IS_ERR(task[i]))
			atomic_dec(&c->left);
	}
	end = jiffies + FA_TEST_PATIENCE / 4;
	do {
		usleep_range(500, 1000);
		fastalloc_pool_stats(c->pool, &s);
	} while (s.waits < nr && time_before(jiffies, end));
	fa_put_all(test);
	/* The waits time out much earlier than this limit. */
	while (atomic_read(&c->left))
		usleep_range(500, 1000);
	for (i = 0; i < nr; i++)
		if (!IS_ERR(task[i]))
			kthread_stop(task[i]);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->lost), 0);
	fastalloc_pool_stats(c->pool, &s);
	kunit_info(test, "%u threads, %llu waits in %llu allocations\n", nr, s.waits,
		   s.allocs);
	KUNIT_EXPECT_GE(test, s.waits, (u64)nr);
	KUNIT_EXPECT_EQ(test, s.allocs, (u64)nr * c->rounds + taken);
	expect_quiet(test, c->pool, 0);
}

/* Promise: a pool whose counters were reset while it had waiters is destroyed cleanly. */
static void percpu_wait_then_reset(struct kunit *test)
{
	struct sleeper *s = fa_mem(test, sizeof(*s));
	atomic_t *turns = fa_mem(test, sizeof(*turns));
	struct fastalloc_pool *pool = drained_pool(test);

	s->pool = pool;
	s->timeout = FA_TEST_PATIENCE;
	s->turns = turns;
	sleep_all(test, s, 1);
	fastalloc_pool_stats_reset(pool);
	fa_put_all(test);
	KUNIT_EXPECT_TRUE(test, fa_await(slept(s)));
	wake_all(s, 1);
	fa_pool_gone(test, pool);
}

/* Promise: a reset keeps the number of objects in use, and clears everything else. */
static void percpu_stats_reset(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool(test, &FASTALLOC_CONFIG(u64, .name = "kunit", .capacity = 40,
						.magazine = 2,
						.flags = FASTALLOC_F_NO_INIT));
	struct percpu_job job = { .pool = pool, .nr = 40 };
	struct fastalloc_stats s;
	unsigned int turn;

	job.objs = fa_mem(test, 40 * sizeof(void *));
	for (turn = 0; turn < 3; turn++) {
		on_cpu(test, cpumask_last(cpu_online_mask), job_alloc_nested, &job);
		KUNIT_ASSERT_EQ(test, job.got, 40U);
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_EQ(test, s.nested, 40ULL + (turn ? 10 : 0));
		KUNIT_EXPECT_EQ(test, s.depot_exchanges, 0ULL);
		job.nr = 30;
		on_cpu(test, 0, job_free, &job);
		expect_quiet(test, pool, 10);
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_GT(test, s.depot_exchanges, 0ULL);
		fastalloc_pool_stats_reset(pool);
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_EQ(test, s.allocs, 10ULL);
		KUNIT_EXPECT_EQ(test, s.frees, 0ULL);
		KUNIT_EXPECT_EQ(test, s.in_use, 10UL);
		KUNIT_EXPECT_EQ(test, s.nested, 0ULL);
		KUNIT_EXPECT_EQ(test, s.depot_exchanges, 0ULL);
		KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
		job.objs += 30;
		job.nr = 10;
		on_cpu(test, 0, job_free_nested, &job);
		job.objs -= 30;
		job.nr = 40;
		expect_quiet(test, pool, 0);
	}
}

/* Promise: hooks run once for each alloc and free, ctor and dtor once for each object. */
static void percpu_hooks(struct kunit *test)
{
	struct hook_counts *h = fa_mem(test, sizeof(*h));
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = 32, .capacity = 20, .magazine = 2,
					   .growth_amount = 10, .max_capacity = 40,
					   .low_water = 1, .ctor = count_ctor,
					   .dtor = count_dtor,
					   .on_acquire = count_acquire,
					   .on_release = count_release, .arg = h));
	struct fastalloc_stats s;
	void *objs[40];
	unsigned int n;

	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, (unsigned long)atomic_long_read(&h->constructed), s.total);
	n = fastalloc_alloc_bulk(pool, GFP_KERNEL, 40, objs);
	KUNIT_ASSERT_EQ(test, n, 40U);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->acquired), 40L);
	fastalloc_free_bulk(pool, 40, objs);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->released), 40L);
	n = fa_drain(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->acquired), 40L + n);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->released), 40L + n);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, (unsigned long)atomic_long_read(&h->constructed), s.total);
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->destructed),
			atomic_long_read(&h->constructed));
}

/*
 * Promise: a zeroed allocation is zero throughout; a pool with a constructor refuses
 * it.
 */
static void percpu_zero(struct kunit *test)
{
	struct hook_counts *h = fa_mem(test, sizeof(*h));
	struct fastalloc_config cfg = fa_config(.obj_size = 100, .capacity = 3);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	unsigned int i;
	void *obj;

	for (i = 0; i < 20; i++) {
		obj = fastalloc_alloc(pool, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		memset(obj, 0xff, 100);
		fastalloc_free(pool, obj);
		obj = i & 1 ? fastalloc_zalloc(pool, GFP_ATOMIC) :
			      fastalloc_alloc(pool, GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		KUNIT_EXPECT_NULL(test, memchr_inv(obj, 0, 100));
		fastalloc_free(pool, obj);
	}
	fastalloc_free(pool, NULL);
	expect_quiet(test, pool, 0);

	cfg.name = "kunit2";
	cfg.ctor = count_ctor;
	cfg.arg = h;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_NULL(test, fastalloc_zalloc(pool, GFP_KERNEL));
	expect_quiet(test, pool, 0);
}

/*
 * Promise: with DROP_LIVE destroy warns, releases objects that are out, and destructs
 * all.
 */
static void percpu_destroy_with_objects_out(struct kunit *test)
{
	struct hook_counts *h = fa_mem(test, sizeof(*h));
	struct fastalloc_config cfg =
		fa_config(.name = "kunit-percpu-out", .obj_size = 32, .capacity = 50,
			  .magazine = 2, .growth_amount = 10, .max_capacity = 500,
			  .low_water = 50, .ctor = count_ctor, .dtor = count_dtor,
			  .on_acquire = count_acquire, .on_release = count_release,
			  .arg = h, .flags = FASTALLOC_F_DROP_LIVE);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct percpu_job job = { .pool = pool, .nr = 30 };
	unsigned int cpu;

	job.objs = fa_mem(test, 30 * sizeof(void *));
	for_each_online_cpu(cpu) {
		job.nr = 30;
		on_cpu(test, cpu, job_alloc, &job);
		KUNIT_ASSERT_EQ(test, job.got, 30U);
		job.nr = 20;
		on_cpu(test, cpu, job_free, &job);
		KUNIT_ASSERT_TRUE(test, fa_await(fastalloc_pool_available(pool) >= 50));
	}
	fa_expect_splat("pool kunit-percpu-out destroyed with %u objects out",
			num_online_cpus() * 10);
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->released),
			atomic_long_read(&h->acquired));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->destructed),
			atomic_long_read(&h->constructed));
}

/* Promise: a consumer built with another layout of the header cannot create a pool. */
static void percpu_layout(struct kunit *test)
{
	struct fastalloc_config cfg = { .name = "kunit", .obj_size = 8, .capacity = 1 };
	static struct lock_class_key key;
	struct fastalloc_abi abi;
	struct fastalloc_pool *pool;
	unsigned int i;

	for (i = 0; i < sizeof(abi) / sizeof(u32); i++) {
		abi = (struct fastalloc_abi)FASTALLOC_ABI_INIT;
		(&abi.size)[i]++;
		pool = __fastalloc_create(&cfg, THIS_MODULE, &abi, &key);
		KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-ENOEXEC));
		if (!IS_ERR_OR_NULL(pool))
			fastalloc_pool_destroy(pool);
	}
}

static struct kunit_case percpu_cases[] = {
	KUNIT_CASE_PARAM(percpu_all_of_them, shape_gen_params),
	KUNIT_CASE_PARAM(percpu_other_cpu, shape_gen_params),
	KUNIT_CASE_PARAM(percpu_stranded, shape_gen_params),
	KUNIT_CASE_PARAM(percpu_nested, shape_gen_params),
	KUNIT_CASE_PARAM(percpu_bulk, shape_gen_params),
	KUNIT_CASE(percpu_contexts),
	KUNIT_CASE(percpu_grow_now),
	KUNIT_CASE(percpu_grow_from_atomic),
	KUNIT_CASE(percpu_grow_counted_late),
	KUNIT_CASE(percpu_grow_after_miss),
	KUNIT_CASE(percpu_trim_in_use),
	KUNIT_CASE_PARAM(percpu_wait_fifo, wait_gen_params),
	KUNIT_CASE_PARAM(percpu_wait_turn, wait_gen_params),
	KUNIT_CASE_PARAM(percpu_wait_ends, wait_gen_params),
	KUNIT_CASE_PARAM(percpu_wait_crowd, wait_gen_params),
	KUNIT_CASE_PARAM(percpu_wait_then_reset, wait_gen_params),
	KUNIT_CASE(percpu_stats_reset),
	KUNIT_CASE(percpu_hooks),
	KUNIT_CASE(percpu_zero),
	KUNIT_CASE(percpu_destroy_with_objects_out),
	KUNIT_CASE(percpu_layout),
	{ }
};

static struct kunit_suite percpu_suite = {
	.name = "fastalloc_percpu",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = percpu_cases,
};

kunit_test_suite(percpu_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of the per-CPU pools");
MODULE_LICENSE("GPL");
