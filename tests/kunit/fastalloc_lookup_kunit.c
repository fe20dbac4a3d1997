// SPDX-License-Identifier: GPL-2.0
/*
 * The lookup of the chunk and the slot of a pointer: at every offset, at the edges of chunks,
 * after growth and trim, and while these run. And the fast path of pools with handles or
 * check F, which depends on it.
 */
#include <linux/fastalloc_handle.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

static const struct {
	size_t size;
	size_t align;
} strides[] = {
	{ 1, 1 }, { 2, 0 }, { 3, 1 }, { 7, 1 }, { 8, 0 }, { 12, 4 }, { 24, 8 }, { 40, 0 },
	{ 64, 0 }, { 96, 32 }, { 100, 4 }, { 129, 1 }, { 192, 64 }, { 1000, 8 }, { 4096, 0 },
	{ 4097, 1 }, { 6144, 2048 },
};

/* Whether the slot of @p is right: an index below the count only for the start of an object. */
static bool slot_is_right(const struct fa_chunks *chunks, const struct fa_chunk *chunk,
			  unsigned long p)
{
	unsigned long slot = fa_chunk_slot(chunks, chunk, (void *)p);
	unsigned long mem = (unsigned long)chunk->mem;

	if (p < mem || p >= (unsigned long)chunk->end || (p - mem) % chunks->stride)
		return slot >= chunk->count;
	return slot == (p - mem) / chunks->stride;
}

/* Promise: of all pointers only those to the start of an object have a slot, the right one. */
static void lookup_slot(struct kunit *test)
{
	unsigned int i, n, bad;
	unsigned long p;

	for (i = 0; i < ARRAY_SIZE(strides); i++) {
		struct fastalloc_pool *pool =
			fa_pool_of(test, fa_config(.obj_size = strides[i].size,
						   .align = strides[i].align, .capacity = 16,
						   .sync = FASTALLOC_SYNC_SPINLOCK));
		const struct fa_chunks *chunks = &pool->chunks;
		const struct fa_chunk *chunk = fa_chunk_first(chunks);

		bad = 0;
		for (p = (unsigned long)chunk->mem - 2 * chunks->stride;
		     p < (unsigned long)chunk->end + 2 * chunks->stride; p++)
			bad += !slot_is_right(chunks, chunk, p);
		for (n = 0; n < BITS_PER_LONG; n++) {
			bad += !slot_is_right(chunks, chunk, BIT(n) - 1);
			bad += !slot_is_right(chunks, chunk, -BIT(n));
			bad += !slot_is_right(chunks, chunk, (unsigned long)chunk->mem + BIT(n));
			bad += !slot_is_right(chunks, chunk, (unsigned long)chunk->mem - BIT(n));
		}
		for (n = 0; n < 10000; n++) {
			get_random_bytes(&p, sizeof(p));
			bad += !slot_is_right(chunks, chunk, p);
		}
		KUNIT_EXPECT_EQ_MSG(test, bad, 0U, "stride %zu", chunks->stride);
		fa_pool_gone(test, pool);
	}
}

KUNIT_ARRAY_PARAM(growing, fa_growing_params, fa_combo_desc);

static bool in_a_chunk(const struct fastalloc_pool *pool, const void *p)
{
	const struct fa_chunk *chunk;

	for (chunk = fa_chunk_first(&pool->chunks); chunk; chunk = fa_chunk_next(chunk))
		if (p >= chunk->mem && p < chunk->end)
			return true;
	return false;
}

/* Lookups of @p agree with each other and with @begins: whether an object begins there. */
static void expect_begins(struct kunit *test, struct fastalloc_pool *pool, const void *p,
			  bool begins)
{
	long index = fastalloc_obj_index(pool, p);

	KUNIT_EXPECT_EQ(test, fastalloc_pool_owns(pool, p), begins);
	if (begins)
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_obj_at(pool, index), (void *)p);
	else
		KUNIT_EXPECT_EQ(test, index, (long)-ENOENT);
}

static void expect_edges(struct kunit *test, struct fastalloc_pool *pool)
{
	size_t stride = pool->chunks.stride;
	struct fa_chunk *chunk;

	for (chunk = fa_chunk_first(&pool->chunks); chunk; chunk = fa_chunk_next(chunk)) {
		expect_begins(test, pool, chunk->mem, true);
		expect_begins(test, pool, chunk->mem + 1, false);
		expect_begins(test, pool, chunk->mem - 1, false);
		expect_begins(test, pool, chunk->end - stride, true);
		expect_begins(test, pool, chunk->end - stride + 1, false);
		expect_begins(test, pool, chunk->end - 1, false);
		/* Another chunk may follow at once. */
		expect_begins(test, pool, chunk->end, in_a_chunk(pool, chunk->end));
		expect_begins(test, pool, chunk->end + 1, false);
	}
	expect_begins(test, pool, NULL, false);
	expect_begins(test, pool, (void *)-1L, false);
}

/*
 * Promise: a lookup finds the objects of every chunk, first and last byte included, and
 * nothing before, between and behind the chunks; after growth, after trim, and after both
 * again.
 */
static void lookup_edges(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 4, 400);
	struct fastalloc_pool *pool;
	void *gone[8];
	unsigned int round, n, i;
	struct fa_chunk *chunk;

	cfg.flags |= FASTALLOC_F_INDEX;
	cfg.growth_amount = 40;
	cfg.magazine = c->sync == FASTALLOC_SYNC_PERCPU;
	pool = fa_pool(test, &cfg);
	expect_edges(test, pool);
	for (round = 0; round < 3; round++) {
		KUNIT_ASSERT_EQ(test, fastalloc_pool_reserve(pool, 200, GFP_KERNEL), 0);
		KUNIT_EXPECT_GE(test, pool->chunks.nr, 2UL);
		expect_edges(test, pool);

		n = 0;
		for (chunk = fa_chunk_first(&pool->chunks); chunk && n < ARRAY_SIZE(gone);
		     chunk = fa_chunk_next(chunk))
			gone[n++] = chunk->mem;
		KUNIT_EXPECT_GT(test, fastalloc_pool_trim(pool), 0UL);
		expect_edges(test, pool);
		for (i = 0; i < n; i++)
			expect_begins(test, pool, gone[i], in_a_chunk(pool, gone[i]));
	}
}

#define RACERS	3
#define KEPT	8

/**
 * struct race - lookups while chunks come and go
 * @pool: the pool
 * @obj: objects that stay allocated
 * @handle: their handles
 * @index: their indices
 * @stale: the handle of an object that was freed, and whose chunk may be gone
 * @where: its address
 * @stop: the threads must end
 * @looked: lookups
 * @wrong: lookups with a wrong result
 */
struct race {
	struct fastalloc_pool	*pool;
	void			*obj[KEPT];
	fastalloc_handle_t	handle[KEPT];
	long			index[KEPT];
	atomic64_t		stale;
	void			*where;
	bool			stop;
	atomic_long_t		looked;
	atomic_long_t		wrong;
};

static int race_lookup(void *data)
{
	struct race *r = data;
	unsigned int i = 0, k;
	fastalloc_handle_t h;
	bool bad;
	long at;

	while (!READ_ONCE(r->stop)) {
		k = i++ % KEPT;
		bad = fastalloc_resolve(r->pool, r->handle[k]) != r->obj[k];
		bad |= fastalloc_handle(r->pool, r->obj[k]).v != r->handle[k].v;
		bad |= fastalloc_obj_index(r->pool, r->obj[k]) != r->index[k];
		bad |= fastalloc_obj_at(r->pool, r->index[k]) != r->obj[k];
		bad |= fastalloc_obj_index(r->pool, r->obj[k] + 1) != -ENOENT;
		h.v = atomic64_read(&r->stale);
		bad |= !!fastalloc_resolve(r->pool, h);
		at = fastalloc_obj_index(r->pool, READ_ONCE(r->where));
		bad |= at < 0 && at != -ENOENT;
		if (bad)
			atomic_long_inc(&r->wrong);
		atomic_long_inc(&r->looked);
		if (i % 64)
			cond_resched();
		else
			usleep_range(20, 50);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static struct fa_combo race_params[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(PERCPU, LIFO, LINEAR, VMALLOC, 40, 0),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, PAGES, 64, 0),
};

KUNIT_ARRAY_PARAM(race, race_params, fa_combo_desc);

/* One round of growth and trim. Returns whether the hint went to a new chunk and left it. */
static bool race_round(struct kunit *test, struct race *r, const struct fa_chunk *first)
{
	struct fastalloc_pool *pool = r->pool;
	const struct fa_chunk *big;
	fastalloc_handle_t h;
	void *obj;

	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 2000, GFP_KERNEL), 0);
	big = fa_chunk_hint(&pool->chunks);
	obj = fastalloc_alloc(pool, GFP_KERNEL);
	if (obj) {
		h = fastalloc_handle(pool, obj);
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h), obj);
		fastalloc_free(pool, obj);
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
		atomic64_set(&r->stale, h.v);
	}
	WRITE_ONCE(r->where, big->mem);
	KUNIT_EXPECT_GT(test, fastalloc_pool_trim(pool), 0UL);
	return big != first && fa_chunk_hint(&pool->chunks) != big;
}

/*
 * Promise: while chunks are added and removed, every lookup of an object that stays finds
 * it, and stale handles stay stale.
 */
static void lookup_race(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, KEPT + 2, 8000);
	struct race *r = fa_mem(test, sizeof(*r));
	struct task_struct *task[RACERS];
	const struct fa_chunk *first;
	unsigned int i, moved = 0;

	cfg.flags |= FASTALLOC_F_HANDLES;
	cfg.growth_amount = 1000;
	cfg.magazine = c->sync == FASTALLOC_SYNC_PERCPU;
	r->pool = fa_pool(test, &cfg);
	first = fa_chunk_hint(&r->pool->chunks);
	for (i = 0; i < KEPT; i++) {
		r->obj[i] = fa_must_get(test, r->pool, GFP_KERNEL);
		r->handle[i] = fastalloc_handle(r->pool, r->obj[i]);
		r->index[i] = fastalloc_obj_index(r->pool, r->obj[i]);
	}
	for (i = 0; i < RACERS; i++) {
		task[i] = kthread_run(race_lookup, r, "fa-lookup/%u", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(task[i]));
	}
	for (i = 0; i < 20; i++)
		moved += race_round(test, r, first);
	KUNIT_EXPECT_TRUE(test, fa_await(atomic_long_read(&r->looked) > 5000));
	WRITE_ONCE(r->stop, true);
	for (i = 0; i < RACERS; i++)
		if (!IS_ERR(task[i]))
			kthread_stop(task[i]);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r->wrong), 0L);
	/* Else the case has tested nothing. */
	KUNIT_EXPECT_EQ(test, moved, 20U);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r->pool->debug.violations), 0L);
}

static const unsigned int safe_flags[] = { FASTALLOC_F_HANDLES, FASTALLOC_F_CHECK };

/* Promise: pools with handles, or with check F, take a fast path, except F of sync NONE. */
static void lookup_path(struct kunit *test)
{
	static const u8 path[][ARRAY_SIZE(safe_flags)] = {
		[FASTALLOC_SYNC_PERCPU] = { FA_PATH_HANDLES, FA_PATH_CHECK },
		[FASTALLOC_SYNC_SPINLOCK] = { FA_PATH_SAFE_LIST, FA_PATH_SAFE_LIST },
		[FASTALLOC_SYNC_NONE] = { FA_PATH_SAFE_LIST, FA_PATH_FULL },
	};
	unsigned int i, sync;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC) || IS_ENABLED(CONFIG_KMSAN) ||
	    (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) &&
	     !IS_ENABLED(CONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF)))
		kunit_skip(test, "a sanitizer is on");
	for (sync = 0; sync < ARRAY_SIZE(path); sync++) {
		for (i = 0; i < ARRAY_SIZE(safe_flags); i++) {
			struct fastalloc_pool *pool =
				fa_pool_of(test, fa_config(.capacity = 16, .sync = sync,
							   .flags = safe_flags[i]));

			KUNIT_EXPECT_EQ(test, pool->path, path[sync][i]);
			fa_pool_gone(test, pool);
		}
	}
}

/* Allocates, checks that the object is zeroed, and frees in all ways, 100 times. */
static void zeroed_rounds(struct kunit *test, struct fastalloc_pool *pool)
{
	unsigned int n;
	void *obj;

	for (n = 0; n < 100; n++) {
		obj = fastalloc_alloc(pool, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		if (n)
			KUNIT_EXPECT_NULL(test, memchr_inv(obj, 0, 200));
		memset(obj, 0xa5, 200);
		if (n % 3 == 0)
			fastalloc_free(pool, obj);
		else if (n % 3 == 1 || !pool->handles.on)
			fastalloc_free_bulk(pool, 1, &obj);
		else
			fastalloc_put(pool, obj);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->debug.violations), 0L);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
}

/* Promise: objects are zeroed before others can get a reference, or when they are freed. */
static void lookup_zeroed(struct kunit *test)
{
	static const unsigned int zero[] = {
		FASTALLOC_F_INIT_ON_ALLOC, FASTALLOC_F_INIT_ON_FREE
	};
	unsigned int i, k, sync;

	for (sync = FASTALLOC_SYNC_PERCPU; sync <= FASTALLOC_SYNC_NONE; sync++) {
		for (i = 0; i < ARRAY_SIZE(safe_flags); i++) {
			for (k = 0; k < ARRAY_SIZE(zero); k++) {
				struct fastalloc_config cfg =
					fa_config(.capacity = 16, .obj_size = 200, .sync = sync,
						  .flags = safe_flags[i] | zero[k]);
				struct fastalloc_pool *pool = fa_pool(test, &cfg);

				zeroed_rounds(test, pool);
				fa_pool_gone(test, pool);
			}
		}
	}
}

static struct kunit_case lookup_cases[] = {
	KUNIT_CASE(lookup_slot),
	KUNIT_CASE_PARAM(lookup_edges, growing_gen_params),
	KUNIT_CASE_PARAM(lookup_race, race_gen_params),
	KUNIT_CASE(lookup_path),
	KUNIT_CASE(lookup_zeroed),
	{ }
};

static struct kunit_suite lookup_suite = {
	.name = "fastalloc_lookup",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = lookup_cases,
};

kunit_test_suite(lookup_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of the lookup of objects");
MODULE_LICENSE("GPL");
