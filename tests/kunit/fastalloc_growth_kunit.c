// SPDX-License-Identifier: GPL-2.0
/*
 * How much a pool grows, and when: first the arithmetic alone (its code is compiled
 * in), then growth as the user of a pool sees it.
 */
#include <linux/delay.h>
#include <linux/module.h>

#include "fastalloc_test.h"

/* Built into the kernel, the suite is linked with this code. */
#ifdef MODULE
#include "../../fastalloc/growth.c"
#else
#include "../../fastalloc/growth.h"
#endif

/* A CUSTOM growth function that returns the value its argument points to. */
static unsigned long told(unsigned long capacity, void *arg)
{
	return *(unsigned long *)arg;
}

static unsigned long wanted = 5, nothing, too_much = ULONG_MAX;

struct amount_param {
	const char *desc;
	struct fa_growth growth;
	unsigned long capacity;
	unsigned long add;
};

#define MOST	FASTALLOC_MAX_OBJECTS

static const struct amount_param amount_params[] = {
	{ "fixed", { .kind = FASTALLOC_GROWTH_NONE, .max = 100 }, 10, 0 },
	{ "linear", { .kind = FASTALLOC_GROWTH_LINEAR, .amount = 7, .max = 100 }, 10, 7 },
	{ "linear clamped", { .kind = FASTALLOC_GROWTH_LINEAR, .amount = 7, .max = 100 }, 98, 2 },
	{ "linear at max", { .kind = FASTALLOC_GROWTH_LINEAR, .amount = 7, .max = 100 }, 100, 0 },
	{ "linear past max", { .kind = FASTALLOC_GROWTH_LINEAR, .amount = 7, .max = 100 }, 101, 0 },
	{ "linear huge", { .kind = FASTALLOC_GROWTH_LINEAR, .amount = ULONG_MAX, .max = MOST },
	  1, MOST - 1 },
	{ "exp 200 %", { .kind = FASTALLOC_GROWTH_EXPONENTIAL, .percent = 200, .max = 100 },
	  10, 10 },
	{ "exp 150 %", { .kind = FASTALLOC_GROWTH_EXPONENTIAL, .percent = 150, .max = 100 },
	  10, 5 },
	{ "exp 101 % adds one",
	  { .kind = FASTALLOC_GROWTH_EXPONENTIAL, .percent = 101, .max = 100 }, 10, 1 },
	{ "exp clamped", { .kind = FASTALLOC_GROWTH_EXPONENTIAL, .percent = 300, .max = 100 },
	  60, 40 },
	{ "exp at max", { .kind = FASTALLOC_GROWTH_EXPONENTIAL, .percent = 300, .max = 100 },
	  100, 0 },
	{ "exp huge", { .kind = FASTALLOC_GROWTH_EXPONENTIAL, .percent = UINT_MAX, .max = MOST },
	  MOST - 9, 9 },
	{ "custom", { .kind = FASTALLOC_GROWTH_CUSTOM, .fn = told, .arg = &wanted, .max = 100 },
	  10, 5 },
	{ "custom nothing",
	  { .kind = FASTALLOC_GROWTH_CUSTOM, .fn = told, .arg = &nothing, .max = 100 }, 10, 0 },
	{ "custom clamped",
	  { .kind = FASTALLOC_GROWTH_CUSTOM, .fn = told, .arg = &too_much, .max = 100 }, 10, 90 },
	{ "custom at max",
	  { .kind = FASTALLOC_GROWTH_CUSTOM, .fn = told, .arg = &wanted, .max = 100 }, 100, 0 },
};

static void amount_desc(const struct amount_param *p, char *desc)
{
	strscpy(desc, p->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(amount, amount_params, amount_desc);

/* Promise: each rule adds what it says, limited by the maximum. */
static void growth_amount(struct kunit *test)
{
	const struct amount_param *p = test->param_value;

	KUNIT_EXPECT_EQ(test, fa_growth_amount(&p->growth, p->capacity), p->add);
}

/*
 * With one page for each object a growth adds exactly what its rule says; with smaller
 * objects it fills the last page.
 */
static struct fa_combo grow_params[] = {
	FA_COMBO(SPINLOCK, LIFO, LINEAR, VMALLOC, 64, PAGE_SIZE),
	FA_COMBO(SPINLOCK, LIFO, EXPONENTIAL, PAGES, 64, PAGE_SIZE),
	FA_COMBO(SPINLOCK, LIFO, CUSTOM, AUTO, 64, PAGE_SIZE),
	FA_COMBO(SPINLOCK, FIFO, LINEAR, PAGES, 24, 0),
	FA_COMBO(SPINLOCK, FIFO, EXPONENTIAL, AUTO, 24, 0),
	FA_COMBO(SPINLOCK, FIFO, CUSTOM, VMALLOC, 24, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, AUTO, 1000, 64),
	FA_COMBO(SPINLOCK, LOWEST, EXPONENTIAL, VMALLOC, 1000, 64),
	FA_COMBO(SPINLOCK, LOWEST, CUSTOM, PAGES, 1000, 64),
	FA_COMBO(NONE, LIFO, LINEAR, PAGES, 64, PAGE_SIZE),
	FA_COMBO(NONE, LIFO, EXPONENTIAL, AUTO, 64, PAGE_SIZE),
	FA_COMBO(NONE, LIFO, CUSTOM, VMALLOC, 64, PAGE_SIZE),
	FA_COMBO(NONE, FIFO, LINEAR, AUTO, 24, 0),
	FA_COMBO(NONE, FIFO, EXPONENTIAL, VMALLOC, 24, 0),
	FA_COMBO(NONE, FIFO, CUSTOM, PAGES, 24, 0),
	FA_COMBO(NONE, LOWEST, LINEAR, VMALLOC, 1000, 64),
	FA_COMBO(NONE, LOWEST, EXPONENTIAL, PAGES, 1000, 64),
	FA_COMBO(NONE, LOWEST, CUSTOM, AUTO, 1000, 64),
};

KUNIT_ARRAY_PARAM(grow, grow_params, fa_combo_desc);

/*
 * Promise: growth follows its rule, uses the rest of the last page, is limited by the
 * maximum, and then stops.
 */
static void growth_steps(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 10, 100));
	unsigned long cap = 10, now;
	struct fastalloc_stats s;
	unsigned int out;

	KUNIT_EXPECT_TRUE(test, fastalloc_pool_can_grow(pool));
	for (out = 0; out < 100; out++) {
		fa_must_get(test, pool, GFP_KERNEL);
		now = fastalloc_pool_capacity(pool);
		while (cap < now)
			cap = fa_combo_next(c, cap, 100, fastalloc_pool_stride(pool));
		KUNIT_ASSERT_EQ(test, now, cap);
		KUNIT_ASSERT_GT(test, now, (unsigned long)out);
	}
	KUNIT_EXPECT_NULL(test, fa_get(test, pool, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 100UL);
	KUNIT_EXPECT_FALSE(test, fastalloc_pool_can_grow(pool));
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_GT(test, s.grows, 0ULL);
	KUNIT_EXPECT_GT(test, s.chunks, 1UL);
	KUNIT_EXPECT_EQ(test, s.total, 100UL);
	KUNIT_EXPECT_EQ(test, s.failures, 1ULL);
}

/* Whether an allocation succeeded that may neither sleep nor take memory. */
static bool got_atomic(struct kunit *test, struct fastalloc_pool *pool)
{
	return fa_get(test, pool, 0);
}

static u64 grows_atomic(struct fastalloc_pool *pool)
{
	struct fastalloc_stats s;

	fastalloc_pool_stats(pool, &s);
	return s.grows_atomic;
}

/*
 * Promise: a pool whose callers may not take memory (gfp 0) grows to its maximum, by
 * the worker.
 */
static void growth_by_worker(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 4, 60));
	unsigned int out;

	for (out = 0; out < 60; out++)
		KUNIT_ASSERT_TRUE_MSG(test, fa_await(got_atomic(test, pool)),
				      "after %u objects", out);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 60UL);
	KUNIT_EXPECT_NULL(test, fa_get(test, pool, 0));
	KUNIT_EXPECT_EQ(test, grows_atomic(pool), 0ULL);
}

/* Grows once, from 64 to 128, when fewer than 16 are free. */
static struct fastalloc_pool *low_water_pool(struct kunit *test)
{
	return fa_pool_of(test, fa_config(.capacity = 64, .max_capacity = 128,
					  .growth_amount = 64, .low_water = 16,
					  .sync = FASTALLOC_SYNC_SPINLOCK));
}

/*
 * Promise: below the low-water mark the worker grows the pool before it is empty, so
 * that callers that may not sleep need not grow it.
 */
static void growth_low_water(struct kunit *test)
{
	struct fastalloc_pool *pool = low_water_pool(test);
	struct fastalloc_stats s;
	unsigned int i;

	for (i = 0; i < 48; i++)
		fa_must_get(test, pool, GFP_ATOMIC);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 64UL);
	fa_must_get(test, pool, GFP_ATOMIC);
	KUNIT_EXPECT_TRUE(test, fa_await(fastalloc_pool_capacity(pool) == 128));
	/* A growth is counted when it is over, objects when they are added. */
	KUNIT_EXPECT_TRUE(test, fa_await((fastalloc_pool_stats(pool, &s), s.grows == 1)));
	KUNIT_EXPECT_EQ(test, s.grows_atomic, 0ULL);
	KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
	KUNIT_EXPECT_EQ(test, s.in_use, 49UL);
}

/* Promise: a pool that reached its maximum and was trimmed grows in time again. */
static void growth_low_water_after_trim(struct kunit *test)
{
	struct fastalloc_pool *pool = low_water_pool(test);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 128U);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 64UL);
	for (i = 0; i < 49; i++)
		fa_must_get(test, pool, GFP_ATOMIC);
	KUNIT_EXPECT_TRUE(test, fa_await(fastalloc_pool_capacity(pool) == 128));
	KUNIT_EXPECT_EQ(test, grows_atomic(pool), 0ULL);
}

/* A pool of 96 objects doubles when fewer than @low[0], @low[1], @low[2] are free. */
static void low_water_marks(struct kunit *test, unsigned long low_water,
			    const unsigned long *low)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.align = PAGE_SIZE, .capacity = 96,
					   .growth = FASTALLOC_GROWTH_EXPONENTIAL,
					   .low_water = low_water,
					   .sync = FASTALLOC_SYNC_SPINLOCK));
	unsigned long capacity = 96, out = 0;
	unsigned int i;

	/* percent 0 means double */
	for (i = 0; i < 3; i++, capacity *= 2) {
		for (; out < capacity - low[i]; out++)
			fa_must_get(test, pool, GFP_ATOMIC);
		/* Time for a worker that has nothing to do. */
		msleep(20);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), capacity);
		fa_must_get(test, pool, GFP_ATOMIC);
		out++;
		KUNIT_EXPECT_TRUE(test, fa_await(fastalloc_pool_capacity(pool) ==
						 2 * capacity));
	}
	KUNIT_EXPECT_EQ(test, grows_atomic(pool), 0ULL);
	fa_put_all(test);
	fa_pool_gone(test, pool);
}

/* Promise: low_water 0 means a thirty-second of the current capacity. */
static void growth_low_water_default(struct kunit *test)
{
	static const unsigned long low[] = { 3, 6, 12 };

	low_water_marks(test, 0, low);
}

/*
 * Promise: the mark rises in proportion to the capacity, but by no more than a
 * thirty-second of the added objects.
 */
static void growth_low_water_rises(struct kunit *test)
{
	static const unsigned long small[] = { 1, 2, 4 };
	static const unsigned long large[] = { 48, 48 + 3, 48 + 9 };

	low_water_marks(test, small[0], small);
	low_water_marks(test, large[0], large);
}

/* Allocates objects one by one and gives the worker time to grow the pool. */
static void take_slowly(struct kunit *test, struct fastalloc_pool *pool, unsigned int nr)
{
	while (nr--) {
		fa_must_get(test, pool, GFP_KERNEL);
		msleep(20);
	}
}

/*
 * Promise: the worker grows a pool no further than the low-water mark needs, however
 * small it was, and also if the mark is above the capacity.
 */
static void growth_low_water_bounded(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.align = PAGE_SIZE, .capacity = 1,
						.max_capacity = 2000,
						.growth = FASTALLOC_GROWTH_EXPONENTIAL,
						.sync = FASTALLOC_SYNC_SPINLOCK);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);

	/* One object must be free: 1, 2, 4, 8, 16, 32. */
	take_slowly(test, pool, 20);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 32UL);
	fa_put_all(test);
	fa_pool_gone(test, pool);

	cfg.capacity = 50;
	cfg.growth = FASTALLOC_GROWTH_LINEAR;
	cfg.growth_amount = 10;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_low_water(pool, 100), 0);
	KUNIT_EXPECT_TRUE(test, fa_await(fastalloc_pool_available(pool) >= 100));
	take_slowly(test, pool, 20);
	KUNIT_EXPECT_GE(test, fastalloc_pool_available(pool), 100UL);
	/* At most twice what the mark and the objects out need. */
	KUNIT_EXPECT_LE(test, fastalloc_pool_capacity(pool), 240UL);
}

/* Promise: a fixed pool never grows. */
static void growth_none(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = 8, .capacity = 3,
					   .max_capacity = 100,
					   .sync = FASTALLOC_SYNC_SPINLOCK));

	KUNIT_EXPECT_FALSE(test, fastalloc_pool_can_grow(pool));
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 3U);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_ATOMIC), 0U);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, 0), 0U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 3UL);
}

struct asked {
	unsigned long capacity;
	unsigned long answer;
	unsigned int times;
};

static unsigned long ask(unsigned long capacity, void *arg)
{
	struct asked *a = arg;

	WRITE_ONCE(a->capacity, capacity);
	WRITE_ONCE(a->times, a->times + 1);
	return READ_ONCE(a->answer);
}

/* Promise: the CUSTOM function gets capacity and arg; 0 means not now. */
static void growth_custom_asks(struct kunit *test)
{
	struct asked *a = fa_mem(test, sizeof(*a));
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = 8, .capacity = 3,
					   .max_capacity = 50,
					   .growth = FASTALLOC_GROWTH_CUSTOM,
					   .growth_fn = ask, .arg = a, .low_water = 1,
					   .sync = FASTALLOC_SYNC_NONE));

	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 3U);
	KUNIT_EXPECT_GT(test, a->times, 0U);
	KUNIT_EXPECT_EQ(test, a->capacity, 3UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 3UL);

	/* The next time it may return more; a value above the limit is clamped. */
	WRITE_ONCE(a->answer, 1000);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 47U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 50UL);
}

/**
 * struct births - counts hooks, and makes a ctor fail
 * @ctors: ctor calls
 * @born: those that succeeded
 * @dtors: dtor calls
 * @fail_at: the ctor call that fails, from 1; 0: none
 * @err: its error
 */
struct births {
	atomic_t	ctors;
	atomic_t	born;
	atomic_t	dtors;
	int		fail_at;
	int		err;
};

static int born(void *obj, void *arg)
{
	struct births *b = arg;

	if (atomic_inc_return(&b->ctors) == READ_ONCE(b->fail_at))
		return b->err;
	atomic_inc(&b->born);
	return 0;
}

static void buried(void *obj, void *arg)
{
	struct births *b = arg;

	atomic_inc(&b->dtors);
}

/*
 * Promise: if a ctor fails during growth, the chunk is undone and the pool stays
 * intact.
 */
static void growth_ctor_fails(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct births *b = fa_mem(test, sizeof(*b));
	struct fastalloc_config cfg = fa_combo_config(c, 10, 100);
	struct fastalloc_pool *pool;
	struct fastalloc_stats s;

	cfg.ctor = born;
	cfg.dtor = buried;
	cfg.arg = b;
	b->fail_at = 10 + 2;
	b->err = -EIO;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, atomic_read(&b->born), 10);

	/* The growth that fails may be the worker's; then an allocation may succeed. */
	KUNIT_EXPECT_GE(test, fa_drain(test, pool, GFP_KERNEL), 10U);
	KUNIT_EXPECT_EQ(test, atomic_read(&b->dtors), 1);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.growth_failures, 1ULL);

	/* The pool is intact: all its objects can be allocated. */
	fa_drain(test, pool, GFP_KERNEL);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.total, 100UL);
	KUNIT_EXPECT_EQ(test, s.in_use, 100UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&b->born) - atomic_read(&b->dtors), 100);
	fa_put_all(test);
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&b->born), atomic_read(&b->dtors));
}

/*
 * Promise: if memory cannot be allocated, the growth fails, but the pool stays usable.
 * A contiguous run cannot be allocated in pieces.
 */
static void growth_nomem(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = SZ_1M, .capacity = 1,
					   .growth_amount = 1, .low_water = 1,
					   .sync = FASTALLOC_SYNC_SPINLOCK,
					   .order = FASTALLOC_ORDER_LOWEST,
					   .flags = FASTALLOC_F_CONTIG,
					   .backing = FASTALLOC_BACKING_VMALLOC));
	struct fastalloc_stats s;
	void *obj;

	KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_KERNEL, 1U << 30));
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.growth_failures, 1ULL);
	KUNIT_EXPECT_EQ(test, s.failures, 1ULL);
	KUNIT_EXPECT_EQ(test, s.total, 1UL);
	obj = fa_must_get(test, pool, GFP_KERNEL);
	fa_put(test, pool, obj);
	KUNIT_EXPECT_PTR_EQ(test, fa_get(test, pool, GFP_KERNEL), obj);
}

/**
 * struct scarce - a limited amount of memory
 * @most: largest block that can be allocated
 * @left: bytes that are left
 * @pieces: blocks that are allocated
 */
struct scarce {
	size_t		most;
	long		left;
	unsigned int	pieces;
};

static void *scarce_alloc(size_t size, int node, gfp_t gfp, void *arg)
{
	struct scarce *m = arg;
	void *mem;

	if (size > m->most || (long)size > m->left)
		return NULL;
	mem = alloc_pages_exact(size, gfp);
	if (mem) {
		m->left -= size;
		m->pieces++;
	}
	return mem;
}

static void scarce_free(void *mem, size_t size, void *arg)
{
	struct scarce *m = arg;

	free_pages_exact(mem, size);
	m->left += size;
	m->pieces--;
}

/*
 * Promise: if memory is short, a growth adds smaller chunks; if there is none, it fails
 * and the pool stays usable.
 */
static void growth_by_pieces(struct kunit *test)
{
	struct scarce *m = fa_mem(test, sizeof(*m));
	struct fastalloc_pool *pool;
	struct fastalloc_stats s;

	/* Memory for one object and 20 more, of 32 that are wanted. */
	m->most = 4 * PAGE_SIZE;
	m->left = 21 * PAGE_SIZE;
	pool = fa_pool_of(test, fa_config(.align = PAGE_SIZE, .capacity = 1,
					  .max_capacity = 33, .growth_amount = 32,
					  .sync = FASTALLOC_SYNC_NONE,
					  .mem_alloc = scarce_alloc,
					  .mem_free = scarce_free, .arg = m));
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL | __GFP_NOWARN), 21U);
	KUNIT_EXPECT_EQ(test, m->left, 0L);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.capacity, 21UL);
	KUNIT_EXPECT_GE(test, s.chunks, 6UL);
	KUNIT_EXPECT_GE(test, s.grows, 1ULL);
	KUNIT_EXPECT_GE(test, s.growth_failures, 1ULL);
	KUNIT_EXPECT_EQ(test, s.failures, 1ULL);

	/* With memory the pool grows again. */
	m->left = 100 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 12U);
	fa_put_all(test);
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, m->pieces, 0U);
}

/* Promise: without max_capacity growth stops only at FASTALLOC_MAX_OBJECTS. */
static void growth_no_max(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 32,
					   .growth = FASTALLOC_GROWTH_EXPONENTIAL,
					   .growth_percent = 400,
					   .sync = FASTALLOC_SYNC_NONE));
	struct fastalloc_stats s;
	unsigned int i;

	for (i = 0; i < 2000; i++)
		fa_must_get(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_can_grow(pool));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 2000UL);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_GE(test, s.grows, 3ULL);
}

/*
 * Promise: a caller that may sleep gets an object even while the worker grows the pool.
 */
static void growth_with_worker(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 1, .max_capacity = 2,
					   .growth_amount = 1, .low_water = 1,
					   .sync = FASTALLOC_SYNC_SPINLOCK));
	unsigned int i, missed = 0;
	void *one, *two;

	for (i = 0; i < 3000; i++) {
		/*
		 * The first allocation queues the worker; the varying pause tries all
		 * overlaps.
		 */
		one = fastalloc_alloc(pool, GFP_KERNEL);
		udelay(i * 7 % 401);
		two = fastalloc_alloc(pool, GFP_KERNEL);
		missed += !one || !two;
		fastalloc_free(pool, one);
		fastalloc_free(pool, two);
		fastalloc_pool_trim(pool);
	}
	KUNIT_EXPECT_EQ(test, missed, 0U);
}

/*
 * Promise: a bulk that finds too few objects grows the pool until it has enough, or
 * fails whole.
 */
static void growth_for_bulk(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 10, 100));
	void **objs = fa_mem(test, 101 * sizeof(*objs));
	unsigned int i, got;

	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 101, objs);
	KUNIT_ASSERT_EQ(test, got, 0U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 100, objs);
	KUNIT_ASSERT_EQ(test, got, 100U);
	for (i = 0; i < got; i++)
		fa_hold(test, pool, objs[i]);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 100UL);
}

static struct kunit_case growth_cases[] = {
	KUNIT_CASE_PARAM(growth_amount, amount_gen_params),
	KUNIT_CASE_PARAM(growth_steps, grow_gen_params),
	KUNIT_CASE_PARAM(growth_by_worker, grow_gen_params),
	KUNIT_CASE(growth_low_water),
	KUNIT_CASE(growth_low_water_after_trim),
	KUNIT_CASE(growth_low_water_default),
	KUNIT_CASE(growth_low_water_rises),
	KUNIT_CASE(growth_low_water_bounded),
	KUNIT_CASE(growth_none),
	KUNIT_CASE(growth_custom_asks),
	KUNIT_CASE_PARAM(growth_ctor_fails, grow_gen_params),
	KUNIT_CASE(growth_nomem),
	KUNIT_CASE(growth_by_pieces),
	KUNIT_CASE(growth_no_max),
	KUNIT_CASE(growth_with_worker),
	KUNIT_CASE_PARAM(growth_for_bulk, grow_gen_params),
	{ }
};

static struct kunit_suite growth_suite = {
	.name = "fastalloc_growth",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = growth_cases,
};

kunit_test_suite(growth_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of growth");
MODULE_LICENSE("GPL");
