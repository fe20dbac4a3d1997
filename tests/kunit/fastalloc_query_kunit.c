// SPDX-License-Identifier: GPL-2.0
/*
 * Queries of a pool and of its objects: its properties, which objects belong to it,
 * their indices, which are out, whether one is corrupted; formatted names; and copies
 * to and from user space.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/poison.h>
#include <linux/random.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

static struct fa_combo query_params[] = {
	FA_COMBO(PERCPU, LIFO, NONE, AUTO, 32, 0),
	FA_COMBO(SPINLOCK, LIFO, NONE, PAGES, 100, 64),
	FA_COMBO(SPINLOCK, FIFO, NONE, VMALLOC, 24, 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, AUTO, 56, 0),
	FA_COMBO(NONE, LIFO, NONE, AUTO, 32, 0),
	FA_COMBO(NONE, LOWEST, NONE, VMALLOC, 72, 0),
};

KUNIT_ARRAY_PARAM(query, query_params, fa_combo_desc);

KUNIT_ARRAY_PARAM(growing, fa_growing_params, fa_combo_desc);

static struct fastalloc_config query_config(struct kunit *test, unsigned long capacity,
					    unsigned int flags)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, capacity, 8 * capacity);

	cfg.magazine = c->sync == FASTALLOC_SYNC_PERCPU;
	cfg.flags |= flags;
	return cfg;
}

/* Promise: a pool reports its properties. */
static void query_pool(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, query_config(test, 40, 0));
	unsigned int backing = fastalloc_pool_backing(pool);

	KUNIT_EXPECT_STREQ(test, fastalloc_pool_name(pool), "kunit");
	KUNIT_EXPECT_EQ(test, fastalloc_pool_obj_size(pool), c->size);
	KUNIT_EXPECT_GE(test, fastalloc_pool_stride(pool), fa_combo_stride(c));
	if (c->backing == FASTALLOC_BACKING_AUTO)
		KUNIT_EXPECT_NE(test, backing, 0U);
	else
		KUNIT_EXPECT_EQ(test, backing, (unsigned int)BIT(c->backing));
}

/*
 * Promise: with AUTO backing, both kinds of memory are reported if both are used; with
 * memory of the owner, neither.
 */
static void *own_alloc(size_t size, int node, gfp_t gfp, void *arg)
{
	return alloc_pages_exact(size, gfp);
}

static void own_free(void *mem, size_t size, void *arg)
{
	free_pages_exact(mem, size);
}

static void query_backing(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 10, .max_capacity = 100000,
						.growth_amount = 10,
						.sync = FASTALLOC_SYNC_SPINLOCK,
						.backing = FASTALLOC_BACKING_VMALLOC);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct fastalloc_config own = cfg;

	KUNIT_EXPECT_EQ(test, fastalloc_pool_backing(pool),
			(unsigned int)BIT(FASTALLOC_BACKING_VMALLOC));
	/* Pretend that growth uses another kind of memory. */
	pool->cfg.backing = FASTALLOC_BACKING_PAGES;
	fa_drain(test, pool, GFP_NOWAIT);
	KUNIT_ASSERT_EQ(test, fastalloc_pool_reserve(pool, 40, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_backing(pool),
			(unsigned int)(BIT(FASTALLOC_BACKING_VMALLOC) |
				       BIT(FASTALLOC_BACKING_PAGES)));
	fa_put_all(test);
	KUNIT_EXPECT_GT(test, fastalloc_pool_trim(pool), 0UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_backing(pool),
			(unsigned int)BIT(FASTALLOC_BACKING_VMALLOC));

	own.name = "kunit-own";
	own.mem_alloc = own_alloc;
	own.mem_free = own_free;
	KUNIT_EXPECT_EQ(test, fastalloc_pool_backing(fa_pool(test, &own)), 0U);
}

/* Promise: a pool tells its objects, allocated and free, from any other pointer. */
static void query_owns(struct kunit *test)
{
	struct fastalloc_config cfg = query_config(test, 16, 0);
	struct fastalloc_pool *pool = fa_pool(test, &cfg), *other;
	unsigned int i;
	void *obj;

	cfg.name = "kunit-other";
	other = fa_pool(test, &cfg);
	for (i = 0; i < 16; i++) {
		obj = fa_must_get(test, pool, GFP_KERNEL);
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_owns(pool, obj));
		KUNIT_EXPECT_FALSE(test, fastalloc_pool_owns(other, obj));
		KUNIT_EXPECT_FALSE(test, fastalloc_pool_owns(pool, obj + 1));
		if (i % 2)
			fa_put(test, pool, obj);
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_owns(pool, obj));
	}
	KUNIT_EXPECT_FALSE(test, fastalloc_pool_owns(pool, NULL));
	KUNIT_EXPECT_FALSE(test, fastalloc_pool_owns(pool, &cfg));
}

/*
 * Checks that all objects out have different indices below @end, which lead back to
 * them.
 */
static void expect_numbers(struct kunit *test, struct fastalloc_pool *pool, unsigned long end)
{
	unsigned long *seen = fa_mem(test, BITS_TO_LONGS(end) * sizeof(long));
	struct fa_fix *fix = test->priv;
	unsigned int i, wrong = 0;
	long index;

	for (i = 0; i < fix->nr_held; i++) {
		index = fastalloc_obj_index(pool, fix->held[i].obj);
		KUNIT_ASSERT_TRUE(test, index >= 0 && index < (long)end);
		wrong += __test_and_set_bit(index, seen);
		wrong += fastalloc_obj_at(pool, index) != fix->held[i].obj;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
}

/*
 * Promise: objects of a fixed pool are numbered from 0 without gaps, also with handles.
 */
static void query_index(struct kunit *test)
{
	static const unsigned int flags[] = { FASTALLOC_F_INDEX, FASTALLOC_F_HANDLES };
	struct fastalloc_pool *pool;
	struct fastalloc_config cfg;
	struct fastalloc_stats s;
	unsigned int i;
	void *obj;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		cfg = query_config(test, 50, flags[i]);
		pool = fa_pool(test, &cfg);
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_index_end(pool), s.total);
		fa_drain(test, pool, GFP_KERNEL);
		expect_numbers(test, pool, s.total);
		KUNIT_EXPECT_NULL(test, fastalloc_obj_at(pool, s.total));
		KUNIT_EXPECT_NULL(test, fastalloc_obj_at(pool, ULONG_MAX));
		obj = fastalloc_obj_at(pool, 0);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		KUNIT_EXPECT_EQ(test, fastalloc_obj_index(pool, obj + 1), (long)-ENOENT);
		KUNIT_EXPECT_EQ(test, fastalloc_obj_index(pool, &cfg), (long)-ENOENT);
		fa_put_all(test);
		/* It keeps its index when it is free. */
		KUNIT_EXPECT_EQ(test, fastalloc_obj_index(pool, obj), 0L);
		fa_pool_gone(test, pool);
	}
}

/* Promise: indices are used again after trim, and stay unique. */
static void query_index_growth(struct kunit *test)
{
	struct fastalloc_config cfg = query_config(test, 8, FASTALLOC_F_INDEX);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	unsigned long trimmed = 0;
	struct fastalloc_stats s;
	unsigned int round;

	for (round = 0; round < 6; round++) {
		fa_drain(test, pool, GFP_KERNEL);
		expect_numbers(test, pool, fastalloc_pool_index_end(pool));
		fa_put_all(test);
		if (round % 2)
			trimmed += fastalloc_pool_trim(pool);
	}
	fa_drain(test, pool, GFP_KERNEL);
	fastalloc_pool_stats(pool, &s);
	/* All chunks but the first have one size, so few indices are lost. */
	KUNIT_EXPECT_LE(test, fastalloc_pool_index_end(pool), s.total + 16);
	KUNIT_EXPECT_GT(test, trimmed, 20UL);
}

/*
 * Promise: a pool without indices, or that does not track allocated objects, returns an
 * error.
 */
static int count_live(void *obj, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

static void query_refused(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 10,
					   .sync = FASTALLOC_SYNC_SPINLOCK));
	void *obj = fa_must_get(test, pool, GFP_KERNEL);
	unsigned int nr = 0;

	KUNIT_EXPECT_EQ(test, fastalloc_obj_index(pool, obj), (long)-EOPNOTSUPP);
	KUNIT_EXPECT_NULL(test, fastalloc_obj_at(pool, 0));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_index_end(pool), 0UL);
	if (pool->checks) {
		kunit_info(test, "all pools have checks here\n");
		return;
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_walk_live(pool, count_live, &nr), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, nr, 0U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_check(pool), (long)-EOPNOTSUPP);
}

struct walk {
	struct fastalloc_pool	*pool;
	struct fa_fix		*fix;
	void			*last;
	unsigned int		nr;
	unsigned int		wrong;
	int			stop;
};

static int walk_free(void *obj, void *arg)
{
	struct walk *w = arg;
	unsigned int i;

	for (i = 0; i < w->fix->nr_held && w->fix->held[i].obj != obj; i++)
		;
	if (i == w->fix->nr_held || obj <= w->last) {
		w->wrong++;
		return 0;
	}
	w->last = obj;
	if (++w->nr == w->stop)
		return -EINTR;
	w->fix->held[i] = w->fix->held[--w->fix->nr_held];
	fastalloc_free(w->pool, obj);
	return 0;
}

/*
 * Promise: a walk visits each allocated object once, in address order, and may free it.
 */
static void query_live(struct kunit *test)
{
	static const unsigned int flags[] = { 0, FASTALLOC_F_CHECK, FASTALLOC_F_HANDLES };
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool;
	struct fastalloc_config cfg;
	unsigned int i, got;
	struct walk w;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!flags[i] && c->order != FASTALLOC_ORDER_LOWEST)
			continue;
		cfg = query_config(test, 150, flags[i]);
		pool = fa_pool(test, &cfg);
		w = (struct walk){ .pool = pool, .fix = test->priv, .stop = 3 };
		KUNIT_EXPECT_EQ(test, fastalloc_pool_walk_live(pool, walk_free, &w), 0);
		KUNIT_EXPECT_EQ(test, w.nr, 0U);
		got = fa_drain(test, pool, GFP_KERNEL);
		/* Free some of them, here and there. */
		while (w.fix->nr_held > got / 2)
			fa_put(test, pool,
			       w.fix->held[get_random_u32() % w.fix->nr_held].obj);
		got = w.fix->nr_held;
		KUNIT_EXPECT_EQ(test, fastalloc_pool_walk_live(pool, walk_free, &w), -EINTR);
		KUNIT_EXPECT_EQ(test, w.nr, 3U);
		KUNIT_EXPECT_EQ(test, w.fix->nr_held, got - 2);
		w.last = NULL;
		w.nr = 0;
		w.stop = 0;
		KUNIT_EXPECT_EQ(test, fastalloc_pool_walk_live(pool, walk_free, &w), 0);
		KUNIT_EXPECT_EQ(test, w.nr, got - 2);
		KUNIT_EXPECT_EQ(test, w.wrong, 0U);
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
		fa_pool_gone(test, pool);
	}
}

static int walk_uses_pool(void *obj, void *arg)
{
	struct walk *w = arg;

	if (!w->nr++) {
		w->last = fastalloc_alloc(w->pool, GFP_KERNEL);
		fastalloc_pool_trim(w->pool);
	}
	return 0;
}

static int walk_frees_others(void *obj, void *arg)
{
	struct walk *w = arg;
	unsigned int i;

	w->nr++;
	for (i = 0; i < w->fix->nr_held; i++)
		if (w->fix->held[i].obj != obj)
			fastalloc_free(w->pool, w->fix->held[i].obj);
	w->fix->nr_held = 1;
	w->fix->held[0].obj = obj;
	return 0;
}

/* Promise: the function of a walk is not called for objects that it has freed before. */
static void query_live_frees_others(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 8, .sync = FASTALLOC_SYNC_SPINLOCK,
						.order = FASTALLOC_ORDER_LOWEST);
	struct walk w = { .pool = fa_pool(test, &cfg), .fix = test->priv };

	fa_drain(test, w.pool, 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_walk_live(w.pool, walk_frees_others, &w), 0);
	KUNIT_EXPECT_EQ(test, w.nr, 1U);
}

/* Promise: the function of a walk may use the pool, also in ways that need its grow_lock. */
static void query_live_uses_pool(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 8, .sync = FASTALLOC_SYNC_SPINLOCK,
						.order = FASTALLOC_ORDER_LOWEST,
						.growth = FASTALLOC_GROWTH_LINEAR,
						.growth_amount = 8);
	struct walk w = { .pool = fa_pool(test, &cfg) };

	mutex_lock(&w.pool->grow_lock);
	while (fa_get(test, w.pool, 0))
		;
	mutex_unlock(&w.pool->grow_lock);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_walk_live(w.pool, walk_uses_pool, &w), 0);
	KUNIT_EXPECT_NOT_NULL(test, w.last);
	fastalloc_free(w.pool, w.last);
	KUNIT_EXPECT_GE(test, w.nr, 8U);
}

/* Corrupts a byte without KASAN noticing. */
static noinline __no_sanitize_address void spoil(u8 *p, u8 with)
{
	WRITE_ONCE(*p, with);
}

/*
 * Promise: a check of a pool finds all corrupted objects, free or out, and nothing
 * else.
 */
static void query_check(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = query_config(test, 40, FASTALLOC_F_DEBUG);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct fa_chunk *chunk;
	unsigned int i;
	u8 *out, *idle;

	for (i = 0; i < 20; i++)
		fa_must_get(test, pool, GFP_KERNEL);
	out = fa_must_get(test, pool, GFP_KERNEL);
	idle = fa_must_get(test, pool, GFP_KERNEL);
	memset(out, 0xff, c->size);
	fa_put(test, pool, idle);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_check(pool), 0L);

	spoil(idle + 1, 0);
	fa_expect_splat("fault in pool kunit: written after free");
	KUNIT_EXPECT_EQ(test, fastalloc_pool_check(pool), 1L);
	spoil(idle + 1, POISON_FREE);

	spoil(out + c->size, 0);
	fa_expect_splat("fault in pool kunit: written past its end");
	KUNIT_EXPECT_EQ(test, fastalloc_pool_check(pool), 1L);
	spoil(out + c->size, SLUB_RED_ACTIVE);

	/* A lost allocation mark. */
	chunk = fa_chunk_first(&pool->chunks);
	while (out >= (u8 *)chunk->end || out < (u8 *)chunk->mem)
		chunk = fa_chunk_next(chunk);
	i = fa_chunk_index(&pool->chunks, chunk, out);
	fa_expect_splat("fault in pool kunit: another number of objects");
	clear_bit(i, chunk->out);
	/* The object then looks like a free one that was written to. */
	fa_expect_splat("fault in pool kunit: written after free");
	KUNIT_EXPECT_EQ(test, fastalloc_pool_check(pool), 2L);
	set_bit(i, chunk->out);

	KUNIT_EXPECT_EQ(test, fastalloc_pool_check(pool), 0L);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->debug.violations), 4L);
}

/*
 * Promise: the out-of-line calls do the same as the inline ones, and both may be mixed.
 */
static void query_calls(struct kunit *test)
{
	struct fastalloc_config cfg = query_config(test, 30, 0);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	unsigned int round, nr, i;
	struct fastalloc_stats s;
	void *objs[64];

	for (round = 0; round < 3; round++) {
		for (nr = 0; nr < ARRAY_SIZE(objs); nr++) {
			objs[nr] = (nr + round) % 3 ? fastalloc_alloc_call(pool, GFP_KERNEL) :
						      fastalloc_alloc(pool, GFP_KERNEL);
			if (!objs[nr])
				break;
			memset(objs[nr], 0xff, cfg.obj_size);
		}
		KUNIT_EXPECT_GE(test, nr, 30U);
		for (i = 0; i < nr; i++) {
			if ((i + round) % 2)
				fastalloc_free_call(pool, objs[i]);
			else
				fastalloc_free(pool, objs[i]);
		}
	}
	fastalloc_free_call(pool, NULL);
	objs[0] = fastalloc_alloc_call(pool, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, objs[0]);
	KUNIT_EXPECT_NULL(test, memchr_inv(objs[0], 0, cfg.obj_size));
	fastalloc_free_call(pool, objs[0]);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.in_use, 0UL);
	KUNIT_EXPECT_EQ(test, s.violations, 0ULL);
	KUNIT_EXPECT_EQ(test, s.failures, 3ULL);
}

#define EXACT		24
#define EXACT_TASKS	4

struct exact {
	struct fastalloc_pool	*pool;
	struct task_struct	*task[EXACT_TASKS];
	atomic_t		out;
	atomic_t		over;
	atomic_t		failed;
	atomic_t		rounds;
};

/* Each task has at most a quarter of the capacity out, so no allocation may fail. */
static int exact_user(void *data)
{
	struct exact *e = data;
	void *objs[EXACT / EXACT_TASKS];
	unsigned int n = 0, want, got, i;

	while (!kthread_should_stop()) {
		want = n % ARRAY_SIZE(objs) + 1;
		switch (n++ / 16 % 4) {
		case 0:
			got = fastalloc_alloc_bulk(e->pool, GFP_KERNEL, want, objs);
			break;
		case 1:
			got = fastalloc_alloc_bulk_some(e->pool, GFP_KERNEL, want, objs);
			break;
		default:
			for (got = 0; got < want; got++) {
				objs[got] = n % 2 ? fastalloc_alloc(e->pool, GFP_KERNEL) :
					    fastalloc_alloc_timeout(e->pool, GFP_KERNEL, HZ);
				if (!objs[got])
					break;
			}
		}
		if (got != want)
			atomic_inc(&e->failed);
		if (atomic_add_return(got, &e->out) > EXACT)
			atomic_inc(&e->over);
		atomic_sub(got, &e->out);
		if (n % 3)
			fastalloc_free_bulk(e->pool, got, objs);
		else
			for (i = 0; i < got; i++)
				fastalloc_free(e->pool, objs[i]);
		atomic_inc(&e->rounds);
		cond_resched();
	}
	return 0;
}

static int exact_greedy(void *data)
{
	struct exact *e = data;
	void *obj;

	while (!kthread_should_stop()) {
		obj = fastalloc_alloc_timeout(e->pool, GFP_KERNEL, 10 * HZ);
		if (!obj) {
			atomic_inc(&e->failed);
			continue;
		}
		if (atomic_inc_return(&e->out) > EXACT)
			atomic_inc(&e->over);
		if (atomic_read(&e->rounds) % 5 == 0)
			schedule_timeout_interruptible(1);
		atomic_dec(&e->out);
		fastalloc_free(e->pool, obj);
		atomic_inc(&e->rounds);
		cond_resched();
	}
	return 0;
}

static void exact_run(struct kunit *test, struct exact *e, int (*fn)(void *), unsigned int nr,
		      int rounds)
{
	unsigned int i;

	atomic_set(&e->rounds, 0);
	for (i = 0; i < nr; i++)
		e->task[i] = kthread_run(fn, e, "fa-exact/%u", i);
	KUNIT_EXPECT_TRUE(test, fa_await(atomic_read(&e->rounds) >= rounds));
	for (i = 0; i < nr; i++) {
		if (IS_ERR(e->task[i]))
			KUNIT_FAIL(test, "no thread");
		else
			kthread_stop(e->task[i]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&e->over), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->failed), 0);
}

/*
 * Promise: with FASTALLOC_F_EXACT exactly the capacity can be out, whoever allocates
 * and how. Without it, a PERCPU pool hands out all objects that it has.
 */
static void query_exact(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = query_config(test, EXACT, FASTALLOC_F_EXACT);
	struct fastalloc_pool *pool = fa_pool(test, &cfg), *loose;
	struct exact *e = fa_mem(test, sizeof(*e));
	void *objs[EXACT + 1];
	unsigned int got;

	got = fa_drain(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, got, (unsigned int)EXACT);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), (unsigned long)EXACT);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_exhausted(pool));
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(pool, GFP_KERNEL, 1, objs), 0U);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_timeout(pool, GFP_KERNEL, 1));
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(pool, GFP_KERNEL, EXACT + 1, objs), 0U);
	got = fastalloc_alloc_bulk_some(pool, GFP_KERNEL, EXACT + 1, objs);
	KUNIT_EXPECT_EQ(test, got, (unsigned int)EXACT);
	fastalloc_free_bulk(pool, got, objs);
	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, EXACT, objs);
	KUNIT_EXPECT_EQ(test, got, (unsigned int)EXACT);
	fastalloc_free_bulk(pool, got, objs);

	cfg.name = "kunit-loose";
	cfg.flags &= ~FASTALLOC_F_EXACT;
	loose = fa_pool(test, &cfg);
	got = fa_drain(test, loose, GFP_KERNEL);
	KUNIT_EXPECT_LE(test, got, (unsigned int)fastalloc_pool_total(loose));
	/* All that are in this CPU's cache or in the depot. */
	if (c->sync == FASTALLOC_SYNC_PERCPU && num_possible_cpus() > 1)
		KUNIT_EXPECT_GT(test, got, (unsigned int)EXACT);
	else if (c->sync != FASTALLOC_SYNC_PERCPU)
		KUNIT_EXPECT_EQ(test, got, (unsigned int)EXACT);
	fa_put_all(test);

	/* The other kinds count under their lock. */
	if (c->sync != FASTALLOC_SYNC_PERCPU)
		return;
	e->pool = pool;
	exact_run(test, e, exact_user, EXACT_TASKS, 2000);
	/* Two objects for four tasks: they have to wait for each other. */
	while (fastalloc_pool_allocated(pool) < EXACT - 2)
		fa_must_get(test, pool, GFP_KERNEL);
	atomic_set(&e->out, EXACT - 2);
	exact_run(test, e, exact_greedy, EXACT_TASKS, 200);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), (unsigned long)EXACT - 2);
}

/*
 * Promise: trim does not lower the capacity of such a pool below what is out, although objects
 * that are out are part of the reserve of the chunks that stay.
 */
static void query_exact_trim(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.obj_size = 64, .capacity = 64, .reserve = 32,
						.growth_amount = 64, .max_capacity = 128,
						.low_water = 1, .flags = FASTALLOC_F_EXACT);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);

	while (fastalloc_pool_allocated(pool) < 64)
		fa_must_get(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 64, GFP_KERNEL), 0);
	KUNIT_EXPECT_GE(test, fastalloc_pool_capacity(pool), 128UL);
	/* As if 10 more of the first chunk were out, which has 32 more objects. */
	atomic_long_add(10, &pool->percpu.exact_out);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 0UL);
	KUNIT_EXPECT_GE(test, fastalloc_pool_capacity(pool), 128UL);
	atomic_long_sub(10, &pool->percpu.exact_out);
	KUNIT_EXPECT_GE(test, fastalloc_pool_trim(pool), 64UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 64UL);
}

/* Promise: a name may be formatted, and may be repeated with the flag for that. */
static void query_names(struct kunit *test)
{
	struct fastalloc_config cfg = {
		.obj_size = 8, .capacity = 8, .sync = FASTALLOC_SYNC_SPINLOCK,
	};
	struct fastalloc_pool *pool[3], *bad;
	unsigned int i;

	cfg.name = FASTALLOC_NAME("kunit-%s-%d", "q", 7);
	pool[0] = fa_pool(test, &cfg);
	KUNIT_EXPECT_STREQ(test, fastalloc_pool_name(pool[0]), "kunit-q-7");
	bad = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(bad), -EEXIST);
	cfg.flags = FASTALLOC_F_SAME_NAME;
	for (i = 1; i < 3; i++)
		pool[i] = fa_pool(test, &cfg);
	KUNIT_EXPECT_STREQ(test, fastalloc_pool_name(pool[1]), "kunit-q-7#2");
	KUNIT_EXPECT_STREQ(test, fastalloc_pool_name(pool[2]), "kunit-q-7#3");
	fa_pool_gone(test, pool[1]);
	pool[1] = fa_pool(test, &cfg);
	KUNIT_EXPECT_STREQ(test, fastalloc_pool_name(pool[1]), "kunit-q-7#2");

	cfg.name = FASTALLOC_NAME("kunit-%025d", 7);
	KUNIT_EXPECT_EQ(test, strlen(cfg.name), 31UL);
	fa_pool(test, &cfg);
	/* No room for a number, nor for one more character. */
	bad = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(bad), -ENAMETOOLONG);
	cfg.name = FASTALLOC_NAME("kunit-%026d", 7);
	bad = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(bad), -ENAMETOOLONG);
}

struct flexible {
	u64	head;
	u8	tail[];
};

struct flexible_words {
	u64	head;
	u32	tail[];
};

/* Promise: a flexible array adds memory after the type, which keeps its alignment. */
static void query_flexible(struct kunit *test)
{
	struct fastalloc_pool *pool, *bad;
	struct fastalloc_config cfg =
		FASTALLOC_CONFIG(struct flexible, .name = "kunit", .capacity = 16,
				 .sync = FASTALLOC_SYNC_SPINLOCK,
				 .flex_size = FASTALLOC_FLEX_SIZE(struct flexible, tail, 3));
	struct flexible *f;
	unsigned int i;

	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_obj_size(pool), (size_t)11);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_stride(pool) % 8, (size_t)0);
	for (i = 0; i < 16; i++) {
		f = fa_must_get(test, pool, GFP_KERNEL);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)f, 8));
		memset(f, 0xff, sizeof(*f) + 3);
	}
	cfg.name = "kunit-too";
	cfg.flex_size = FASTALLOC_FLEX_SIZE(struct flexible_words, tail, SIZE_MAX / 2);
	KUNIT_EXPECT_EQ(test, cfg.flex_size, SIZE_MAX);
	bad = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(bad), -E2BIG);
}

/*
 * Promise: kmemleak and fault injection that are built in but not enabled leave the
 * calls of a pool inline and without checks.
 */
static void query_merely_built_in(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 64);
	struct fastalloc_pool *pool;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC) || IS_ENABLED(CONFIG_KMSAN) ||
	    (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) &&
	     !IS_ENABLED(CONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF)))
		kunit_skip(test, "a sanitizer is on");
	if (!IS_ENABLED(CONFIG_FAULT_INJECTION) && !IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		kunit_skip(test, "neither is built in");

	for (cfg.sync = FASTALLOC_SYNC_PERCPU; cfg.sync <= FASTALLOC_SYNC_NONE; cfg.sync++) {
		pool = fa_pool(test, &cfg);
		KUNIT_EXPECT_FALSE(test, pool->sanitize);
		KUNIT_EXPECT_EQ(test, pool->checks, 0U);
		KUNIT_EXPECT_GT(test, pool->path, (u8)FA_PATH_FULL);
		fa_pool_gone(test, pool);
	}
}

static struct kunit_case query_cases[] = {
	KUNIT_CASE_PARAM(query_pool, query_gen_params),
	KUNIT_CASE(query_backing),
	KUNIT_CASE_PARAM(query_owns, query_gen_params),
	KUNIT_CASE_PARAM(query_index, query_gen_params),
	KUNIT_CASE_PARAM(query_index_growth, growing_gen_params),
	KUNIT_CASE(query_refused),
	KUNIT_CASE(query_live_uses_pool),
	KUNIT_CASE(query_live_frees_others),
	KUNIT_CASE_PARAM(query_live, query_gen_params),
	KUNIT_CASE_PARAM(query_check, query_gen_params),
	KUNIT_CASE_PARAM(query_calls, query_gen_params),
	KUNIT_CASE_PARAM(query_exact, query_gen_params),
	KUNIT_CASE(query_exact_trim),
	KUNIT_CASE(query_names),
	KUNIT_CASE(query_flexible),
	KUNIT_CASE(query_merely_built_in),
	{ }
};

static struct kunit_suite query_suite = {
	.name = "fastalloc_query",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = query_cases,
};

kunit_test_suite(query_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of what can be asked of pools and objects");
MODULE_LICENSE("GPL");
