// SPDX-License-Identifier: GPL-2.0
/* Giving memory back: trim, and the shrinker that calls it. */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/shrinker.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

/*
 * Chunks of 4 objects: one from the start, up to 7 by growth. An object takes a page,
 * as growth fills the last page. With so few objects the low-water mark stays at 1: a
 * chunk is added when all others are used up.
 */
#define UNIT	4
#define MOST	(8 * UNIT)

struct counts {
	atomic_t ctor;
	atomic_t dtor;
	atomic_t odd;
};

static int count_ctor(void *obj, void *arg)
{
	atomic_inc(&((struct counts *)arg)->ctor);
	*(u32 *)obj = 1;
	return 0;
}

static void count_dtor(void *obj, void *arg)
{
	struct counts *n = arg;

	atomic_inc(&n->dtor);
	if (*(u32 *)obj != 1)
		atomic_inc(&n->odd);
	*(u32 *)obj = 2;
}

static struct fa_combo touch_params[] = {
	FA_COMBO(SPINLOCK, LIFO, LINEAR, VMALLOC, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, LINEAR, PAGES, 64, 0),
};

KUNIT_ARRAY_PARAM(touch, touch_params, fa_combo_desc);

static struct fastalloc_config trim_config(const struct fa_combo *c,
					   struct counts *n)
{
	return fa_config(.obj_size = c->size, .align = c->align, .capacity = UNIT,
			 .max_capacity = MOST, .growth_amount = UNIT, .low_water = 1,
			 .sync = c->sync, .order = c->order, .backing = c->backing,
			 .ctor = count_ctor, .dtor = count_dtor, .arg = n);
}

static struct fa_combo trim_params[] = {
	FA_COMBO(SPINLOCK, LIFO, LINEAR, VMALLOC, 64, PAGE_SIZE),
	FA_COMBO(SPINLOCK, FIFO, LINEAR, PAGES, 64, PAGE_SIZE),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, AUTO, 64, PAGE_SIZE),
	FA_COMBO(NONE, LIFO, LINEAR, PAGES, 64, PAGE_SIZE),
	FA_COMBO(NONE, FIFO, LINEAR, AUTO, 64, PAGE_SIZE),
	FA_COMBO(NONE, LOWEST, LINEAR, VMALLOC, 64, PAGE_SIZE),
};

KUNIT_ARRAY_PARAM(trim, trim_params, fa_combo_desc);

static struct fa_combo race_params[] = {
	FA_COMBO(SPINLOCK, LIFO, LINEAR, VMALLOC, 64, PAGE_SIZE),
	FA_COMBO(SPINLOCK, FIFO, LINEAR, PAGES, 64, PAGE_SIZE),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, AUTO, 64, PAGE_SIZE),
};

KUNIT_ARRAY_PARAM(race, race_params, fa_combo_desc);

static void fill(struct kunit *test, struct fastalloc_pool *pool)
{
	KUNIT_ASSERT_EQ(test, fa_drain(test, pool, GFP_KERNEL), (unsigned int)MOST);
	KUNIT_ASSERT_EQ(test, fastalloc_pool_capacity(pool), (unsigned long)MOST);
}

/* Promise: with no object out, trim returns exactly to the configured capacity. */
static void trim_all(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct counts *n = fa_mem(test, sizeof(*n));
	struct fastalloc_pool *pool = fa_pool_of(test, trim_config(c, n));
	struct fastalloc_stats before, after;
	unsigned int turn;

	fastalloc_pool_stats(pool, &before);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 0UL);
	for (turn = 1; turn <= 3; turn++) {
		fill(test, pool);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 0UL);
		fa_put_all(test);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool),
				(unsigned long)MOST - UNIT);
		fastalloc_pool_stats(pool, &after);
		KUNIT_EXPECT_EQ(test, after.capacity, (unsigned long)UNIT);
		KUNIT_EXPECT_EQ(test, after.total, (unsigned long)UNIT);
		KUNIT_EXPECT_EQ(test, after.chunks, 1UL);
		KUNIT_EXPECT_EQ(test, after.bytes, before.bytes);
		KUNIT_EXPECT_EQ(test, atomic_read(&n->dtor), (int)turn * (MOST - UNIT));
		KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 0UL);
	}
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&n->ctor), atomic_read(&n->dtor));
	KUNIT_EXPECT_EQ(test, atomic_read(&n->odd), 0);
}

/* Promise: a chunk with one object out stays, and the object keeps its contents. */
static void trim_partly_used(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct counts *n = fa_mem(test, sizeof(*n));
	struct fastalloc_pool *pool = fa_pool_of(test, trim_config(c, n));
	struct fa_fix *fix = test->priv;
	void **keep = fa_mem(test, MOST * sizeof(*keep));
	unsigned int i, kept = 0;

	fill(test, pool);
	for (i = 0; i < MOST; i++)
		((u32 *)fix->held[i].obj)[1] = i;
	/* Objects came chunk by chunk: keep one object of every second chunk. */
	for (i = 0; i < MOST; i += 2 * UNIT)
		keep[kept++] = fix->held[i + 3].obj;
	for (i = fix->nr_held; i--;) {
		void *obj = fix->held[i].obj;
		unsigned int k = 0;

		while (k < kept && keep[k] != obj)
			k++;
		if (k == kept)
			fa_put(test, pool, obj);
	}
	KUNIT_ASSERT_EQ(test, fix->nr_held, kept);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool),
			(unsigned long)MOST - kept * UNIT);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), (unsigned long)kept * UNIT);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), (unsigned long)kept);
	for (i = 0; i < kept; i++)
		KUNIT_EXPECT_EQ(test, ((u32 *)keep[i])[1], i * 2 * UNIT + 3);

	/*
	 * Everything left can be allocated, each object once, and the pool grows again.
	 */
	fa_drain(test, pool, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, fix->nr_held, (unsigned int)MOST);
	for (i = 0; i < MOST; i++)
		((u32 *)fix->held[i].obj)[1] = i;
	for (i = 0; i < MOST; i++)
		KUNIT_EXPECT_EQ(test, ((u32 *)fix->held[i].obj)[1], i);
	KUNIT_EXPECT_EQ(test, atomic_read(&n->odd), 0);
}

/* Promise: trim changes neither order nor contents of the remaining objects. */
static void trim_keeps_order(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct counts *n = fa_mem(test, sizeof(*n));
	struct fastalloc_pool *pool = fa_pool_of(test, trim_config(c, n));
	struct fa_fix *fix = test->priv;
	void *want[UNIT - 1];
	unsigned int i;

	fill(test, pool);
	/* One object of the last chunk stays out; its others are freed last. */
	for (i = 0; i < MOST - UNIT; i++)
		fa_put(test, pool, fix->held[0].obj);
	for (i = 0; i < UNIT - 1; i++) {
		want[i] = fix->held[0].obj;
		fa_put(test, pool, want[i]);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), (unsigned long)MOST - UNIT);
	KUNIT_ASSERT_EQ(test, fastalloc_pool_available(pool), UNIT - 1UL);
	for (i = 0; i < UNIT - 1; i++) {
		void *obj = fa_must_get(test, pool, GFP_KERNEL);

		if (c->order == FASTALLOC_ORDER_LIFO)
			KUNIT_EXPECT_PTR_EQ(test, obj, want[UNIT - 2 - i]);
		else
			KUNIT_EXPECT_PTR_EQ(test, obj, want[i]);
	}
}

/*
 * Promise: objects that were never allocated are freed with their chunk like any other.
 */
static void trim_never_used(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct counts *n = fa_mem(test, sizeof(*n));
	struct fastalloc_config cfg = trim_config(c, n);
	struct fastalloc_pool *pool;
	unsigned int i;

	cfg.growth_amount = MOST - UNIT;
	pool = fa_pool(test, &cfg);
	for (i = 0; i < UNIT + 1; i++)
		fa_must_get(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 0UL);
	fa_put(test, pool, ((struct fa_fix *)test->priv)->held[UNIT].obj);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), (unsigned long)MOST - UNIT);
	KUNIT_EXPECT_EQ(test, atomic_read(&n->dtor), MOST - UNIT);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL),
			(unsigned int)MOST - UNIT);
}

/* Promise: a fixed pool is never trimmed. */
static void trim_fixed(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = SZ_1M, .capacity = 10,
					   .sync = FASTALLOC_SYNC_SPINLOCK,
					   .backing = FASTALLOC_BACKING_PAGES));

	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 0UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 10UL);
}

struct trim_race {
	struct fastalloc_pool *pool;
	struct task_struct *user;
	unsigned long used;
	unsigned long bad;
};

#define RACE_HELD	20

/* Allocates, marks and frees objects as fast as it can. */
static int race_user(void *data)
{
	struct trim_race *race = data;
	u32 *held[RACE_HELD] = { };
	unsigned int i = 0;

	while (!kthread_should_stop()) {
		/* All of them, then none: chunks become used and free in turn. */
		i = (i + 1) % RACE_HELD;
		if (held[i]) {
			if (held[i][1] != i)
				race->bad++;
			fastalloc_free(race->pool, held[i]);
			held[i] = NULL;
		} else {
			held[i] = fastalloc_alloc(race->pool, GFP_KERNEL);
			if (held[i])
				held[i][1] = i;
		}
		WRITE_ONCE(race->used, race->used + 1);
		if (race->used % 64 == 0)
			cond_resched();
	}
	for (i = 0; i < RACE_HELD; i++)
		fastalloc_free(race->pool, held[i]);
	return 0;
}

/* Promise: trim may run while other tasks allocate and free. */
static void trim_while_used(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct counts *n = fa_mem(test, sizeof(*n));
	struct trim_race *race = fa_mem(test, sizeof(*race));
	unsigned long gone = 0, tries = 0, end = jiffies + FA_TEST_PATIENCE;

	race->pool = fa_pool_of(test, trim_config(c, n));
	race->user = kthread_run(race_user, race, "fa-trim-user");
	KUNIT_ASSERT_FALSE(test, IS_ERR(race->user));
	while ((tries < 200 || !gone || READ_ONCE(race->used) < 20000) &&
	       time_before(jiffies, end)) {
		gone += fastalloc_pool_trim(race->pool);
		tries++;
		if (tries % 4 == 0)
			usleep_range(50, 200);
	}
	kthread_stop(race->user);
	KUNIT_EXPECT_GE(test, race->used, 20000UL);
	KUNIT_EXPECT_GT(test, gone, 0UL);
	KUNIT_EXPECT_EQ(test, race->bad, 0UL);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(race->pool));
	fastalloc_pool_trim(race->pool);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(race->pool), (unsigned long)UNIT);
	KUNIT_EXPECT_EQ(test, fa_drain(test, race->pool, GFP_KERNEL),
			(unsigned int)MOST);
	fa_put_all(test);
	fa_pool_gone(test, race->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&n->ctor), atomic_read(&n->dtor));
	KUNIT_EXPECT_EQ(test, atomic_read(&n->odd), 0);
}

/* This many objects fill whole pages, whatever is between them. */
#define BIG_UNIT	1024
#define BIG_MOST	(4 * BIG_UNIT)

/**
 * struct putback - counts the chunks of a pool that trim puts back
 * @ops: of the pool
 * @put_back: what the pool had there
 * @times: number of chunks
 */
struct putback {
	struct fa_pool_ops	ops;
	void			(*put_back)(struct fastalloc_pool *pool, struct fa_chunk *chunk);
	unsigned long		times;
};

static void putback_counted(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	struct putback *p = container_of((struct fa_pool_ops *)pool->ops, struct putback, ops);

	p->times++;
	p->put_back(pool, chunk);
}

/* Has one object out half of the time, each time a different one. */
static int race_toucher(void *data)
{
	struct trim_race *race = data;

	while (!kthread_should_stop()) {
		void *obj = fastalloc_alloc(race->pool, 0);

		ndelay(200);
		fastalloc_free(race->pool, obj);
		WRITE_ONCE(race->used, race->used + 1);
		if (race->used % 64 == 0)
			cond_resched();
	}
	return 0;
}

/*
 * Promise: if an object is allocated from a chunk while trim isolates it, the chunk is
 * put back. No object is lost, and the next trim may free the chunk.
 */
static void trim_chunk_comes_back(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct trim_race *race = fa_mem(test, sizeof(*race));
	void **objs = fa_mem(test, BIG_MOST * sizeof(*objs));
	struct counts *n = fa_mem(test, sizeof(*n));
	struct fastalloc_config cfg = trim_config(c, n);
	struct putback *p = fa_mem(test, sizeof(*p));
	unsigned long tries = 0, end = jiffies + FA_TEST_PATIENCE;

	cfg.capacity = BIG_UNIT;
	cfg.growth_amount = BIG_UNIT;
	cfg.max_capacity = BIG_MOST;
	race->pool = fa_pool(test, &cfg);
	p->ops = *race->pool->ops;
	p->put_back = p->ops.put_back;
	p->ops.put_back = putback_counted;
	race->pool->ops = &p->ops;
	race->user = kthread_run(race_toucher, race, "fa-trim-touch");
	KUNIT_ASSERT_FALSE(test, IS_ERR(race->user));
	while ((tries < 100 || !p->times) && time_before(jiffies, end)) {
		unsigned int got = 0, i;

		/* In steps, so that each growth adds one unit. */
		for (i = 1; i <= 4; i++)
			got += fastalloc_alloc_bulk(race->pool, GFP_KERNEL,
						    i * BIG_UNIT - 1 - got,
						    objs + got);
		fastalloc_free_bulk(race->pool, got, objs);
		fastalloc_pool_trim(race->pool);
		tries++;
		cond_resched();
	}
	kthread_stop(race->user);
	kunit_info(test, "%lu chunks put back in %lu trims\n", p->times, tries);
	KUNIT_EXPECT_GT(test, p->times, 0UL);
	KUNIT_EXPECT_GT(test, race->used, 0UL);

	/* Every object is still there, once. */
	KUNIT_EXPECT_EQ(test, fa_drain(test, race->pool, GFP_KERNEL),
			(unsigned int)BIG_MOST);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(race->pool),
			(unsigned long)BIG_MOST - BIG_UNIT);
	fa_pool_gone(test, race->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&n->ctor), atomic_read(&n->dtor));
	KUNIT_EXPECT_EQ(test, atomic_read(&n->odd), 0);
}

/* Promise: with F_SHRINKER the kernel gets free chunks back when memory is short. */
static void trim_by_shrinker(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct counts *n = fa_mem(test, sizeof(*n));
	struct fastalloc_config cfg = trim_config(c, n);
	struct fastalloc_pool *pool;
	struct file *file;
	unsigned int turn;
	ssize_t wrote;
	void *kept;

	cfg.flags = FASTALLOC_F_SHRINKER;
	pool = fa_pool(test, &cfg);
	fill(test, pool);
	kept = ((struct fa_fix *)test->priv)->held[0].obj;
	((u32 *)kept)[1] = 0x6b657074;

	/*
	 * With no free object nothing is freed. Then everything that may be freed is
	 * freed: at once, or the next time if the worker was just growing the pool.
	 */
	for (turn = 0; turn < 20; turn++) {
		file = file_open_root(&fa_root, "proc/sys/vm/drop_caches",
				      O_WRONLY, 0);
		if (IS_ERR(file))
			kunit_skip(test, "no way to ask the shrinkers: %ld",
				   PTR_ERR(file));
		wrote = kernel_write(file, "2\n", 2, &file->f_pos);
		filp_close(file, NULL);
		KUNIT_ASSERT_EQ(test, wrote, 2L);
		if (turn && fastalloc_pool_capacity(pool) == UNIT)
			break;
		if (turn) {
			msleep(50);
			continue;
		}
		KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool),
				(unsigned long)MOST);
		fa_unhold(test, kept);
		fa_put_all(test);
		fa_hold(test, pool, kept);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), (unsigned long)UNIT);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
	KUNIT_EXPECT_EQ(test, ((u32 *)kept)[1], 0x6b657074U);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL),
			(unsigned int)MOST - 1);
}

/* Chunks of one page of small objects, in a number at which quadratic cost would show. */
#define PIECE		64UL
#define PIECES		(IS_ENABLED(CONFIG_KASAN) ? 64UL : 256UL)
#define SHRINK_BATCH_OF	128

/**
 * struct shrunk - a pool with a shrinker that has grown by small chunks
 * @pool: the pool
 * @objs: all its objects; they are out
 * @nr: their number
 */
struct shrunk {
	struct fastalloc_pool	*pool;
	void			**objs;
	unsigned long		nr;
};

static struct fa_combo shrink_params[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, PAGES, 64, 0),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, PAGES, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, LINEAR, PAGES, 64, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, PAGES, 64, 0),
};

KUNIT_ARRAY_PARAM(shrink, shrink_params, fa_combo_desc);

static struct shrunk shrunk_pool(struct kunit *test, unsigned long low_water)
{
	const struct fa_combo *c = test->param_value;
	struct fastalloc_config cfg =
		fa_config(.obj_size = c->size, .align = c->size, .capacity = PIECE,
			  .max_capacity = PIECE * PIECES, .growth_amount = PIECE,
			  .low_water = low_water, .sync = c->sync, .order = c->order,
			  .backing = c->backing, .magazine = 16,
			  .flags = FASTALLOC_F_SHRINKER | FASTALLOC_F_NO_INIT);
	struct shrunk s = { .pool = fa_pool(test, &cfg) };
	unsigned long most = PIECE * PIECES + s.pool->reserve;
	void *obj;

	s.objs = fa_mem(test, most * sizeof(*s.objs));
	while (s.nr < most && (obj = fastalloc_alloc(s.pool, GFP_KERNEL)))
		s.objs[s.nr++] = obj;
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(s.pool), PIECE * PIECES);
	return s;
}

/* Number of operations on the stacks of the depot so far, or 0. */
static u32 shrink_steps(const struct fastalloc_pool *pool)
{
	const struct fa_depot *d = &pool->percpu.depot;
	unsigned int i;
	u32 steps = 0;

	for (i = 0; pool->sync == FASTALLOC_SYNC_PERCPU && i <= d->nr_shards; i++)
		steps += (atomic64_read(&d->shard[i].stocked.head) >> 32) +
			 (atomic64_read(&d->shard[i].single.head) >> 32);
	return steps;
}

/* Like do_shrink_slab(), with everything wanted. Returns the number of calls. */
static unsigned int shrink_all(struct fastalloc_pool *pool)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	struct shrinker *s = pool->shrinker;
	long total, all = s->count_objects(s, &sc);
	unsigned int asked = 0;
	unsigned long ret;

	if (!all || all == (long)SHRINK_EMPTY)
		return 0;
	for (total = all; total > 0 && (total >= SHRINK_BATCH_OF || total >= all);
	     total -= sc.nr_scanned) {
		sc.nr_to_scan = min_t(long, SHRINK_BATCH_OF, total);
		sc.nr_scanned = sc.nr_to_scan;
		ret = s->scan_objects(s, &sc);
		asked++;
		if (ret == SHRINK_STOP)
			break;
	}
	return asked;
}

/*
 * Whether an object is the first of its chunk; keeping these keeps one object of each
 * chunk.
 */
static bool shrink_first(const struct fastalloc_pool *pool, const void *obj)
{
	struct rb_node *n = pool->chunks.tree.tree[0].rb_node;
	const struct fa_chunk *chunk;

	while (n) {
		chunk = fa_chunk_or_null(n);
		if (obj >= chunk->mem && obj < chunk->end)
			return obj == chunk->mem;
		n = obj < chunk->mem ? n->rb_left : n->rb_right;
	}
	return false;
}

/*
 * Promise: the shrinker frees everything that it finds in one scan, but leaves so much
 * that the pool does not grow at once. Trim frees the rest.
 */
static void shrink_once(struct kunit *test)
{
	struct shrunk s = shrunk_pool(test, 100);
	unsigned long mark, i;
	struct fastalloc_stats stats;
	void *objs[100];
	u32 steps;

	for (i = 10; i < s.nr; i++)
		fastalloc_free(s.pool, s.objs[i]);
	fa_settle(s.pool);
	steps = shrink_steps(s.pool);
	KUNIT_EXPECT_LE(test, shrink_all(s.pool), 2U);
	/* Two scans, each of which moves each object twice. */
	steps = shrink_steps(s.pool) - steps;
	KUNIT_EXPECT_LE(test, (unsigned long)steps, 8 * s.nr + 64);
	/* The worker may have added a large chunk that is needed in part. */
	KUNIT_EXPECT_LE(test, fastalloc_pool_capacity(s.pool), 12 * PIECE);
	mark = READ_ONCE(s.pool->refill.low_mark);
	KUNIT_EXPECT_GE(test, fastalloc_pool_available(s.pool), 2 * mark);

	fastalloc_pool_stats_reset(s.pool);
	for (i = 0; i < min(mark, 100UL) - 16; i++)
		objs[i] = fastalloc_alloc(s.pool, 0);
	fa_settle(s.pool);
	fastalloc_pool_stats(s.pool, &stats);
	KUNIT_EXPECT_EQ(test, stats.grows, 0ULL);
	while (i--)
		fastalloc_free(s.pool, objs[i]);
	fastalloc_free_bulk(s.pool, 10, s.objs);
	fastalloc_pool_trim(s.pool);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(s.pool), PIECE);
}

/* Promise: the shrinker scans a fragmented pool again only after much has changed. */
static void shrink_remembers(struct kunit *test)
{
	struct shrunk s = shrunk_pool(test, 1);
	unsigned long i, capacity, free, kept = 0;

	for (i = 0; i < s.nr; i++) {
		if (shrink_first(s.pool, s.objs[i]))
			s.objs[kept++] = s.objs[i];
		else
			fastalloc_free(s.pool, s.objs[i]);
	}
	fa_settle(s.pool);
	KUNIT_EXPECT_GT(test, shrink_all(s.pool), 0U);
	capacity = fastalloc_pool_capacity(s.pool);
	/* A PERCPU pool may not have handed out the first object of the last chunks. */
	KUNIT_EXPECT_GE(test, capacity, PIECE * (PIECES - 4));
	KUNIT_EXPECT_EQ(test, shrink_all(s.pool), 0U);
	/* A few frees and allocations: no reason to scan. */
	free = fastalloc_pool_available(s.pool);
	for (i = 0; i < free / 16; i++)
		fastalloc_free(s.pool, fastalloc_alloc(s.pool, 0));
	KUNIT_EXPECT_EQ(test, shrink_all(s.pool), 0U);
	/* Free half of the objects that are out. */
	for (i = 0; i < kept; i++) {
		if (i % 2)
			fastalloc_free(s.pool, s.objs[i]);
		else
			fa_hold(test, s.pool, s.objs[i]);
	}
	KUNIT_EXPECT_GT(test, shrink_all(s.pool), 0U);
	KUNIT_EXPECT_LT(test, fastalloc_pool_capacity(s.pool), capacity);
	/* Many frees and allocations with the same number out are a reason to scan. */
	KUNIT_EXPECT_EQ(test, shrink_all(s.pool), 0U);
	free = fastalloc_pool_available(s.pool);
	for (i = 0; i < free / 4; i++)
		fastalloc_free(s.pool, fastalloc_alloc(s.pool, 0));
	KUNIT_EXPECT_GT(test, shrink_all(s.pool), 0U);
}

static struct kunit_case trim_cases[] = {
	KUNIT_CASE_PARAM(trim_all, trim_gen_params),
	KUNIT_CASE_PARAM(trim_partly_used, trim_gen_params),
	KUNIT_CASE_PARAM(trim_keeps_order, trim_gen_params),
	KUNIT_CASE_PARAM(trim_never_used, trim_gen_params),
	KUNIT_CASE(trim_fixed),
	KUNIT_CASE_PARAM(trim_while_used, race_gen_params),
	KUNIT_CASE_PARAM(trim_chunk_comes_back, touch_gen_params),
	KUNIT_CASE_PARAM(trim_by_shrinker, race_gen_params),
	KUNIT_CASE_PARAM(shrink_once, shrink_gen_params),
	KUNIT_CASE_PARAM(shrink_remembers, shrink_gen_params),
	{ }
};

static struct kunit_suite trim_suite = {
	.name = "fastalloc_trim",
	.suite_init = fa_root_init,
	.suite_exit = fa_root_exit,
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = trim_cases,
};

kunit_test_suite(trim_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of trim and the shrinker");
MODULE_LICENSE("GPL");
