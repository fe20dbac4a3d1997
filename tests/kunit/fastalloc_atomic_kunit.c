// SPDX-License-Identifier: GPL-2.0
/*
 * Growth for callers that may not sleep, and its limits: the maximum, the low-water
 * mark, the pages of a chunk, the memory of the pool's owner.
 *
 * Growth in place does not take grow_lock, but the worker does. Cases hold that lock to
 * keep the worker from growing the pool.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/fastalloc_handle.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>
#include <linux/sort.h>

#include "../../fastalloc/compat.h"
#include "../../fastalloc/context.h"
#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

enum place { IN_TASK, NO_PREEMPT, IRQS_OFF, IN_SOFTIRQ, IN_HARDIRQ };

static enum place places[] = { IN_TASK, NO_PREEMPT, IRQS_OFF, IN_SOFTIRQ, IN_HARDIRQ };

static void place_desc(enum place *p, char *desc)
{
	static const char * const word[] = {
		"task", "preemption off", "interrupts off", "softirq", "hardirq",
	};

	strscpy(desc, word[*p], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(place, places, place_desc);

/**
 * struct visit - a function that runs in a certain context
 * @fn: the function
 * @arg: for @fn
 * @may: an allocation may take memory there, so @fn was called
 * @there: it ran in the right context
 * @done: it has run
 * @irq: raises it in hardirq
 * @tasklet: raises it in softirq
 */
struct visit {
	void			(*fn)(void *arg);
	void			*arg;
	bool			may;
	bool			there;
	struct completion	done;
	struct irq_work		irq;
	struct tasklet_struct	tasklet;
};

/* Not on a stack: shared by all cases, which run one after another. */
static struct visit visit;

static void visit_now(struct visit *v, bool there)
{
	v->there = there;
	v->may = fa_may_lock();
	if (v->may)
		v->fn(v->arg);
	complete(&v->done);
}

static void visit_irq(struct irq_work *irq)
{
	visit_now(container_of(irq, struct visit, irq), in_hardirq());
}

static void visit_tasklet(struct tasklet_struct *t)
{
	visit_now(container_of(t, struct visit, tasklet), in_serving_softirq());
}

/* Runs @fn at @place. Returns whether an allocation may take memory there. */
static bool run_at(struct kunit *test, enum place place, void (*fn)(void *arg), void *arg)
{
	struct visit *v = &visit;
	unsigned long flags;

	v->fn = fn;
	v->arg = arg;
	init_completion(&v->done);
	switch (place) {
	case IN_TASK:
		visit_now(v, preemptible() || !IS_ENABLED(CONFIG_PREEMPT_COUNT));
		break;
	case NO_PREEMPT:
		preempt_disable();
		visit_now(v, true);
		preempt_enable();
		break;
	case IRQS_OFF:
		local_irq_save(flags);
		visit_now(v, irqs_disabled());
		local_irq_restore(flags);
		break;
	case IN_SOFTIRQ:
		tasklet_setup(&v->tasklet, visit_tasklet);
		tasklet_schedule(&v->tasklet);
		wait_for_completion(&v->done);
		tasklet_kill(&v->tasklet);
		break;
	case IN_HARDIRQ:
		v->irq = IRQ_WORK_INIT_HARD(visit_irq);
		irq_work_queue(&v->irq);
		wait_for_completion(&v->done);
		irq_work_sync(&v->irq);
		break;
	}
	KUNIT_EXPECT_TRUE(test, v->there);
	return v->may;
}

/*
 * Disables preemption if allocations from the page allocator are allowed then. Returns
 * whether they are.
 */
static bool hush(void)
{
	preempt_disable();
	if (fa_may_lock())
		return true;
	preempt_enable();
	return false;
}

static void unhush(bool hushed)
{
	if (hushed)
		preempt_enable();
}

/* From here on the pool grows only in place. */
static void worker_out(struct fastalloc_pool *pool)
{
	mutex_lock(&pool->grow_lock);
}

static void worker_in(struct fastalloc_pool *pool)
{
	mutex_unlock(&pool->grow_lock);
}

/**
 * struct batch - objects to allocate, and to free, in one go
 * @pool: the pool
 * @gfp: flags of the allocations
 * @want: number to allocate
 * @got: number allocated
 * @objs: the objects
 */
struct batch {
	struct fastalloc_pool	*pool;
	gfp_t			gfp;
	unsigned int		want;
	unsigned int		got;
	void			**objs;
};

static void batch_take(void *arg)
{
	struct batch *b = arg;
	void *obj;

	while (b->got < b->want) {
		obj = fastalloc_alloc(b->pool, b->gfp);
		if (!obj)
			break;
		b->objs[b->got++] = obj;
	}
}

static void batch_give(void *arg)
{
	struct batch *b = arg;

	while (b->got)
		fastalloc_free(b->pool, b->objs[--b->got]);
}

static int by_address(const void *a, const void *b)
{
	const char *l = *(char * const *)a, *r = *(char * const *)b;

	return l < r ? -1 : l > r;
}

/* Sorts the objects. Returns how many are not aligned or overlap another. */
static unsigned int not_apart(void **objs, unsigned int nr, size_t size, size_t align)
{
	unsigned int i, bad = 0;

	sort(objs, nr, sizeof(*objs), by_address, NULL);
	for (i = 0; i < nr; i++) {
		bad += !IS_ALIGNED((unsigned long)objs[i], align);
		if (i)
			bad += objs[i] < objs[i - 1] + size;
	}
	return bad;
}

#define FILL_MOST	600

/* Every fourth combination has another sync. */
static struct fa_combo fill_combos[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(PERCPU, LIFO, CUSTOM, AUTO, 100, 64),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, PAGES, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, CUSTOM, AUTO, 24, 0),
	FA_COMBO(SPINLOCK, LIFO, EXPONENTIAL, AUTO, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, EXPONENTIAL, PAGES, 1000, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, AUTO, 100, 64),
	FA_COMBO(SPINLOCK, LOWEST, EXPONENTIAL, PAGES, 24, 0),
	FA_COMBO(NONE, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(NONE, LIFO, EXPONENTIAL, PAGES, 24, 0),
	FA_COMBO(NONE, FIFO, EXPONENTIAL, AUTO, 24, 0),
	FA_COMBO(NONE, LOWEST, CUSTOM, PAGES, 100, 64),
	FA_COMBO(PERCPU, LIFO, EXPONENTIAL, PAGES, 24, 0),
};

static struct fastalloc_config fill_config(const struct fa_combo *c, unsigned long max)
{
	struct fastalloc_config cfg = fa_combo_config(c, 10, max);

	cfg.magazine = c->sync == FASTALLOC_SYNC_PERCPU ? 2 : 0;
	if (c->growth == FASTALLOC_GROWTH_CUSTOM)
		cfg.flags |= FASTALLOC_F_ATOMIC_GROW;
	return cfg;
}

/*
 * One pool for atomic_fill(). Returns false if no allocation is allowed in that
 * context.
 */
static bool fill_one(struct kunit *test, const struct fa_combo *c, enum place place,
		     struct batch *b)
{
	char desc[KUNIT_PARAM_DESC_SIZE];
	struct fastalloc_stats s;
	bool may;

	fa_combo_desc((struct fa_combo *)c, desc);
	b->pool = fa_pool_of(test, fill_config(c, FILL_MOST));
	fastalloc_pool_stats(b->pool, &s);
	b->want = FILL_MOST + s.reserve + 1;
	worker_out(b->pool);
	may = run_at(test, place, batch_take, b);
	worker_in(b->pool);
	if (!may)
		return false;

	fastalloc_pool_stats(b->pool, &s);
	if (c->sync == FASTALLOC_SYNC_PERCPU)
		KUNIT_EXPECT_TRUE_MSG(test, b->got >= FILL_MOST && b->got <= s.total,
				      "%s: %u", desc, b->got);
	else
		KUNIT_EXPECT_EQ_MSG(test, b->got, (unsigned int)FILL_MOST, "%s", desc);
	KUNIT_EXPECT_EQ_MSG(test, s.capacity, (unsigned long)FILL_MOST, "%s", desc);
	KUNIT_EXPECT_EQ_MSG(test, s.failures, 1ULL, "%s", desc);
	KUNIT_EXPECT_TRUE_MSG(test, s.grows_atomic > 0 && s.grows == s.grows_atomic,
			      "%s: %llu of %llu", desc, s.grows_atomic, s.grows);
	KUNIT_EXPECT_EQ_MSG(test, s.growth_failures, 0ULL, "%s", desc);
	KUNIT_EXPECT_EQ_MSG(test, not_apart(b->objs, b->got, c->size, fa_combo_align(c)),
			    0U, "%s", desc);
	run_at(test, place, batch_give, b);
	KUNIT_EXPECT_EQ_MSG(test, fastalloc_pool_allocated(b->pool), 0UL, "%s", desc);
	fa_pool_gone(test, b->pool);
	return true;
}

/*
 * Promise: a caller that may not sleep, but may take memory, gets objects up to the
 * maximum, by growth in place alone, from any pool.
 */
static void atomic_fill(struct kunit *test)
{
	enum place place = *(enum place *)test->param_value;
	struct batch b = {};
	unsigned int i;

	b.objs = fa_mem(test, (FILL_MOST + 1000) * sizeof(void *));
	for (i = 0; i < ARRAY_SIZE(fill_combos); i += place == IN_TASK ? 1 : 4) {
		b.gfp = i / 4 & 1 ? GFP_NOWAIT : GFP_ATOMIC;
		if (!fill_one(test, &fill_combos[i], place, &b))
			kunit_skip(test, "memory may not be taken there");
	}
}

#define FLOOD	4000

/* Promise: with the worker running no allocation fails, either. */
static void atomic_fill_beside_worker(struct kunit *test)
{
	enum place place = *(enum place *)test->param_value;
	enum fastalloc_sync sync;
	struct fastalloc_stats s;
	struct batch b = {};

	b.objs = fa_mem(test, FLOOD * sizeof(void *));
	for (sync = FASTALLOC_SYNC_PERCPU; sync <= FASTALLOC_SYNC_NONE; sync++) {
		struct fastalloc_config cfg =
			fa_config(.obj_size = 48, .capacity = 64, .sync = sync,
				  .growth = FASTALLOC_GROWTH_EXPONENTIAL);

		b.pool = fa_pool(test, &cfg);
		b.gfp = GFP_ATOMIC;
		b.want = FLOOD;
		if (!run_at(test, place, batch_take, &b))
			kunit_skip(test, "memory may not be taken there");
		KUNIT_EXPECT_EQ(test, b.got, (unsigned int)FLOOD);
		fastalloc_pool_stats(b.pool, &s);
		KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
		KUNIT_EXPECT_EQ(test, s.growth_failures, 0ULL);
		KUNIT_EXPECT_EQ(test, s.in_use, (unsigned long)FLOOD);
		KUNIT_EXPECT_GT(test, s.grows, 0ULL);
		KUNIT_EXPECT_GE(test, s.grows, s.grows_atomic);
		KUNIT_EXPECT_EQ(test, not_apart(b.objs, b.got, 48, 8), 0U);
		batch_give(&b);
		fa_pool_gone(test, b.pool);
	}
}

/**
 * struct origin - memory that the tests provide, and a record of it
 * @lock: protects all that follows
 * @block: blocks allocated
 * @nr: number of entries in @block
 * @allocs: calls that returned memory
 * @frees: calls that freed it
 * @wrong: frees of unknown blocks or of a wrong size, and odd sizes
 * @size: of the last request
 * @node: likewise
 * @gfp: likewise
 * @most: larger requests are refused; 0: all are
 * @skew: bytes by which the next block is misaligned
 * @ctors: objects constructed
 * @dtors: objects destructed
 * @allow: the constructor fails after this many objects; 0: never
 * @gone: objects destructed after their memory was freed
 * @add: result of the pool's growth function
 * @noio: a request came within memalloc_noio_save()
 */
struct origin {
	raw_spinlock_t	lock;	/* protects all that follows */
	struct {
		void	*mem;
		size_t	size;
	}		block[256];
	unsigned int	nr;
	unsigned int	allocs;
	unsigned int	frees;
	unsigned int	wrong;
	size_t		size;
	int		node;
	gfp_t		gfp;
	size_t		most;
	unsigned int	skew;
	int		ctors;
	int		dtors;
	int		allow;
	unsigned int	gone;
	unsigned long	add;
	bool		noio;
};

static struct origin *origin_of(struct kunit *test)
{
	struct origin *o = fa_mem(test, sizeof(*o));

	raw_spin_lock_init(&o->lock);
	o->most = SZ_1M;
	return o;
}

static void *origin_alloc(size_t size, int node, gfp_t gfp, void *arg)
{
	struct origin *o = arg;
	unsigned long flags;
	void *mem = NULL;

	if (size <= READ_ONCE(o->most))
		mem = alloc_pages_exact(size + PAGE_SIZE, gfp);
	raw_spin_lock_irqsave(&o->lock, flags);
	o->size = size;
	o->node = node;
	o->gfp = gfp;
	o->noio |= in_task() && current->flags & PF_MEMALLOC_NOIO;
	if (mem) {
		mem += o->skew;
		o->skew = 0;
		o->allocs++;
		if (o->nr < ARRAY_SIZE(o->block)) {
			o->block[o->nr].mem = mem;
			o->block[o->nr++].size = size;
		}
	}
	o->wrong += !IS_ALIGNED(size, PAGE_SIZE);
	raw_spin_unlock_irqrestore(&o->lock, flags);
	return mem;
}

static void origin_free(void *mem, size_t size, void *arg)
{
	struct origin *o = arg;
	unsigned long flags;
	unsigned int i = 0;

	raw_spin_lock_irqsave(&o->lock, flags);
	while (i < o->nr && o->block[i].mem != mem)
		i++;
	o->frees++;
	if (i == o->nr || o->block[i].size != size)
		o->wrong++;
	else
		o->block[i] = o->block[--o->nr];
	raw_spin_unlock_irqrestore(&o->lock, flags);
	free_pages_exact((void *)PAGE_ALIGN_DOWN((unsigned long)mem), size + PAGE_SIZE);
}

static bool origin_has(const struct origin *o, const void *obj)
{
	unsigned int i;

	for (i = 0; i < o->nr; i++)
		if (obj >= o->block[i].mem && obj < o->block[i].mem + o->block[i].size)
			return true;
	return false;
}

static int origin_ctor(void *obj, void *arg)
{
	struct origin *o = arg;
	unsigned long flags;
	int err = 0;

	raw_spin_lock_irqsave(&o->lock, flags);
	if (o->allow && o->ctors - o->dtors >= o->allow)
		err = -EIO;
	else
		o->ctors++;
	raw_spin_unlock_irqrestore(&o->lock, flags);
	if (!err)
		*(u8 *)obj = 0xc0;
	return err;
}

static void origin_dtor(void *obj, void *arg)
{
	struct origin *o = arg;
	unsigned long flags;

	raw_spin_lock_irqsave(&o->lock, flags);
	o->dtors++;
	/* Also checks that the object lies in memory of this origin. */
	if (o->allocs && !origin_has(o, obj))
		o->gone++;
	else if (*(u8 *)obj != 0xc0)
		o->wrong++;
	raw_spin_unlock_irqrestore(&o->lock, flags);
}

static unsigned long origin_add(unsigned long capacity, void *arg)
{
	return READ_ONCE(((struct origin *)arg)->add);
}

static void expect_even(struct kunit *test, const struct origin *o)
{
	KUNIT_EXPECT_EQ(test, o->ctors, o->dtors);
	KUNIT_EXPECT_EQ(test, o->allocs, o->frees);
	KUNIT_EXPECT_EQ(test, o->nr, 0U);
	KUNIT_EXPECT_EQ(test, o->wrong, 0U);
	KUNIT_EXPECT_EQ(test, o->gone, 0U);
}

/**
 * struct who - a pool and a caller that may not sleep
 * @desc: name of the parameter
 * @gfp: of the caller
 * @sync: of the pool
 * @backing: likewise
 * @flags: likewise
 * @size: of its objects
 * @fixed: it does not grow
 * @ctor: it has a constructor
 * @custom: it grows by a function
 * @mem: the owner provides its memory
 * @here: it must grow in place
 */
struct who {
	const char		*desc;
	gfp_t			gfp;
	enum fastalloc_sync	sync;
	enum fastalloc_backing	backing;
	unsigned int		flags;
	size_t			size;
	bool			fixed;
	bool			ctor;
	bool			custom;
	bool			mem;
	bool			here;
};

#define SPIN	.sync = FASTALLOC_SYNC_SPINLOCK
#define NOBODY	.sync = FASTALLOC_SYNC_NONE
#define MAY	.flags = FASTALLOC_F_ATOMIC_GROW
#define VMAP	.backing = FASTALLOC_BACKING_VMALLOC

static struct who whos[] = {
	{ "atomic", GFP_ATOMIC, .here = true },
	{ "atomic, spinlock", GFP_ATOMIC, SPIN, .here = true },
	{ "nowait", GFP_NOWAIT, SPIN, .here = true },
	{ "atomic, no warning", GFP_ATOMIC | __GFP_NOWARN, SPIN, .here = true },
	{ "nothing", 0 },
	{ "nothing, spinlock", 0, SPIN },
	{ "nothing, none", 0, NOBODY },
	{ "no warning", __GFP_NOWARN, SPIN },
	{ "high", __GFP_HIGH, SPIN },
	{ "fixed", GFP_ATOMIC, SPIN, .fixed = true },
	{ "vmalloc", GFP_ATOMIC, SPIN, VMAP },
	{ "vmalloc, flag", GFP_ATOMIC, SPIN, VMAP, MAY },
	{ "vmalloc, percpu", GFP_ATOMIC, VMAP, MAY },
	{ "ctor", GFP_ATOMIC, SPIN, .ctor = true },
	{ "ctor, flag", GFP_ATOMIC, SPIN, MAY, .ctor = true, .here = true },
	{ "ctor, percpu", GFP_ATOMIC, .ctor = true },
	{ "ctor, percpu, flag", GFP_ATOMIC, MAY, .ctor = true, .here = true },
	{ "ctor, none", GFP_ATOMIC, NOBODY, .ctor = true },
	{ "ctor, none, flag", GFP_ATOMIC, NOBODY, MAY, .ctor = true, .here = true },
	{ "custom", GFP_ATOMIC, SPIN, .custom = true },
	{ "custom, flag", GFP_ATOMIC, SPIN, MAY, .custom = true, .here = true },
	{ "custom, percpu", GFP_ATOMIC, .custom = true },
	{ "memory", GFP_ATOMIC, SPIN, .mem = true },
	{ "memory, flag", GFP_ATOMIC, SPIN, MAY, .mem = true, .here = true },
	{ "memory, percpu, flag", GFP_ATOMIC, MAY, .mem = true, .here = true },
	{ "all, flag", GFP_NOWAIT, SPIN, MAY, .ctor = true, .custom = true, .mem = true,
	  .here = true },
	{ "eight pages", GFP_ATOMIC, SPIN, .size = 8 * PAGE_SIZE, .here = true },
	{ "more than eight pages", GFP_ATOMIC, SPIN, .size = 8 * PAGE_SIZE + 8 },
};

static void who_desc(struct who *w, char *desc)
{
	strscpy(desc, w->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(who, whos, who_desc);

static struct fastalloc_config who_config(const struct who *w, struct origin *o)
{
	struct fastalloc_config cfg =
		fa_config(.obj_size = w->size, .capacity = 4, .max_capacity = 500,
			  .low_water = 1, .growth_amount = 1, .sync = w->sync, .arg = o,
			  .backing = w->backing, .flags = w->flags | FASTALLOC_F_NO_INIT);

	o->add = 1;
	cfg.magazine = w->sync == FASTALLOC_SYNC_PERCPU;
	if (w->fixed)
		cfg.growth = FASTALLOC_GROWTH_NONE;
	if (w->ctor) {
		cfg.ctor = origin_ctor;
		cfg.dtor = origin_dtor;
	}
	if (w->custom) {
		cfg.growth = FASTALLOC_GROWTH_CUSTOM;
		cfg.growth_fn = origin_add;
	}
	if (w->mem) {
		cfg.mem_alloc = origin_alloc;
		cfg.mem_free = origin_free;
	}
	return cfg;
}

/*
 * Promise: a pool grows in place if the caller may take memory, the pool's functions
 * may be called there, and its memory comes from the page allocator. In all other cases
 * the worker grows it.
 */
static void atomic_who(struct kunit *test)
{
	struct who *w = (struct who *)test->param_value;
	struct origin *o = origin_of(test);
	struct fastalloc_pool *pool = fa_pool_of(test, who_config(w, o));
	struct fastalloc_stats s, t;
	unsigned int i;
	void *obj;

	fastalloc_pool_stats(pool, &s);
	worker_out(pool);
	for (i = 0; i < s.total; i++)
		KUNIT_EXPECT_NOT_NULL(test, fa_get(test, pool, w->gfp));
	obj = fa_get(test, pool, w->gfp);
	fastalloc_pool_stats(pool, &t);
	worker_in(pool);
	KUNIT_EXPECT_EQ(test, !!obj, w->here);
	KUNIT_EXPECT_EQ(test, t.grows_atomic, w->here ? 1ULL : 0ULL);
	KUNIT_EXPECT_EQ(test, t.grows, t.grows_atomic);
	KUNIT_EXPECT_EQ(test, t.failures, w->here ? 0ULL : 1ULL);
	KUNIT_EXPECT_EQ(test, t.growth_failures, 0ULL);
	if (w->fixed) {
		msleep(20);
		KUNIT_EXPECT_NULL(test, fa_get(test, pool, w->gfp));
		KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), s.capacity);
	} else if (!w->here) {
		KUNIT_EXPECT_TRUE(test, fa_await(fa_get(test, pool, w->gfp)));
		fastalloc_pool_stats(pool, &t);
		KUNIT_EXPECT_EQ(test, t.grows_atomic, 0ULL);
	}
	fa_put_all(test);
	fa_pool_gone(test, pool);
	expect_even(test, o);
}

static size_t here_sizes[] = {
	1, 8, 24, 100, 1000, PAGE_SIZE / 2, PAGE_SIZE, PAGE_SIZE + 8, 2 * PAGE_SIZE,
	3 * PAGE_SIZE, 8 * PAGE_SIZE,
};

static void here_desc(size_t *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%zu bytes", *size);
}

KUNIT_ARRAY_PARAM(here, here_sizes, here_desc);

/* Pages of the largest chunk that growth has added to @pool. */
static unsigned long largest_chunk(struct fastalloc_pool *pool)
{
	struct fa_chunk *chunk;
	size_t most = 0;

	for (chunk = fa_chunk_first(&pool->chunks); chunk; chunk = fa_chunk_next(chunk))
		if (!chunk->first)
			most = max(most, chunk->bytes);
	return most >> PAGE_SHIFT;
}

/*
 * Promise: growth in place takes two pages, or eight if an object is larger than a
 * page, and adds no more objects than the maximum allows.
 */
static void atomic_chunk(struct kunit *test)
{
	size_t size = *(size_t *)test->param_value;
	struct fastalloc_config cfg =
		fa_config(.obj_size = size, .capacity = 1, .low_water = 1,
			  .growth = FASTALLOC_GROWTH_EXPONENTIAL, .growth_percent = 1000,
			  .sync = FASTALLOC_SYNC_SPINLOCK);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	unsigned long pages = size > PAGE_SIZE ? 8 : 2, add = pages * PAGE_SIZE / size;
	void **objs = fa_mem(test, (3 + add) * sizeof(*objs));
	unsigned int got;

	worker_out(pool);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(pool, GFP_ATOMIC, 2, objs), 2U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 1 + add);
	KUNIT_EXPECT_LE(test, largest_chunk(pool), pages);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_max(pool, 2 + add), 0);
	got = fastalloc_alloc_bulk_some(pool, GFP_ATOMIC, 1 + add, objs + 2);
	KUNIT_EXPECT_EQ(test, got, (unsigned int)add);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 2 + add);
	worker_in(pool);
	fastalloc_free_bulk(pool, 2 + got, objs);
}

/* Promise: a failed growth in place is undone, counted, and tried again the next time. */
static void atomic_unwinds(struct kunit *test)
{
	enum fastalloc_sync sync;

	for (sync = FASTALLOC_SYNC_PERCPU; sync <= FASTALLOC_SYNC_NONE; sync++) {
		struct who all = {
			.sync = sync, .flags = FASTALLOC_F_ATOMIC_GROW, .ctor = true,
			.custom = true, .mem = true,
		};
		struct origin *o = origin_of(test);
		struct fastalloc_pool *pool = fa_pool_of(test, who_config(&all, o));
		struct fastalloc_stats s, t;
		unsigned int i;

		fastalloc_pool_stats(pool, &s);
		worker_out(pool);
		for (i = 0; i < s.total; i++)
			KUNIT_EXPECT_NOT_NULL(test, fa_get(test, pool, GFP_ATOMIC));

		/* The constructor fails. */
		o->allow = s.total + 4;
		KUNIT_EXPECT_NULL(test, fa_get(test, pool, GFP_ATOMIC));
		fastalloc_pool_stats(pool, &t);
		KUNIT_EXPECT_GE(test, t.growth_failures, 1ULL);
		KUNIT_EXPECT_EQ(test, t.total, s.total);
		KUNIT_EXPECT_EQ(test, t.chunks, s.chunks);
		KUNIT_EXPECT_EQ(test, (unsigned long)(o->ctors - o->dtors), s.total);
		KUNIT_EXPECT_EQ(test, pool->refill.planned, pool->chunks.objects);

		/* The owner has no memory. */
		o->allow = 0;
		o->most = 0;
		KUNIT_EXPECT_NULL(test, fa_get(test, pool, GFP_ATOMIC | __GFP_NOWARN));
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_GT(test, s.growth_failures, t.growth_failures);
		KUNIT_EXPECT_EQ(test, s.total, t.total);
		o->most = SZ_1M;

		/* The growth function returns 0. */
		o->add = 0;
		KUNIT_EXPECT_NULL(test, fa_get(test, pool, GFP_ATOMIC));
		fastalloc_pool_stats(pool, &t);
		KUNIT_EXPECT_EQ(test, s.growth_failures, t.growth_failures);
		o->add = 1;

		KUNIT_EXPECT_NOT_NULL(test, fa_get(test, pool, GFP_ATOMIC));
		KUNIT_EXPECT_EQ(test, pool->refill.planned, pool->chunks.objects);
		worker_in(pool);
		fa_put_all(test);
		fa_pool_gone(test, pool);
		expect_even(test, o);
	}
}

#define CREW	4

/**
 * struct crew - threads that allocate from one pool at the same time
 * @pool: the pool
 * @size: of an object
 * @most: the capacity that the pool must not exceed
 * @want: objects that each allocates, if there are enough
 * @rounds: rounds begun; each thread takes part in all
 * @ready: threads that have finished the round
 * @early: allocations that failed though the pool was below its maximum
 * @hand: objects of each thread
 */
struct crew {
	struct fastalloc_pool	*pool;
	size_t			size;
	unsigned long		most;
	unsigned int		want;
	unsigned int		rounds;
	atomic_t		ready;
	atomic_t		early;
	struct crew_hand {
		struct crew		*crew;
		struct task_struct	*task;
		unsigned int		got;
		void			**objs;
	} hand[CREW];
};

static void crew_take(struct crew *c, struct crew_hand *h)
{
	unsigned int i;
	bool hushed;
	void *obj;

	while (h->got < c->want) {
		hushed = hush();
		for (i = 0; i < 64 && h->got < c->want; i++) {
			obj = fastalloc_alloc(c->pool, GFP_ATOMIC);
			if (!obj)
				break;
			h->objs[h->got++] = obj;
		}
		unhush(hushed);
		if (i < 64 && h->got < c->want) {
			if (fastalloc_pool_capacity(c->pool) < c->most)
				atomic_inc(&c->early);
			break;
		}
	}
}

static int crew_thread(void *data)
{
	struct crew_hand *h = data;
	struct crew *c = h->crew;
	unsigned int round = 0;

	while (!kthread_should_stop()) {
		/* Pairs with the release in crew_round(): sees its reset of @got and @ready. */
		if (smp_load_acquire(&c->rounds) == round) {
			usleep_range(20, 50);
			continue;
		}
		round++;
		crew_take(c, h);
		/* Pairs with the acquire in crew_round(), which reads @got and @objs. */
		atomic_inc_return_release(&c->ready);
	}
	return 0;
}

/* One round. Returns the number of objects of all threads, and the objects in @all. */
static unsigned int crew_round(struct kunit *test, struct crew *c, void **all)
{
	unsigned int i, got = 0;

	for (i = 0; i < CREW; i++)
		c->hand[i].got = 0;
	atomic_set(&c->ready, 0);
	/* Pairs with the acquire in crew_thread(). */
	smp_store_release(&c->rounds, c->rounds + 1);
	KUNIT_EXPECT_TRUE(test, fa_await(fastalloc_pool_capacity(c->pool) > c->most ||
					 atomic_read_acquire(&c->ready) == CREW));
	KUNIT_EXPECT_LE(test, fastalloc_pool_capacity(c->pool), c->most);
	for (i = 0; i < CREW; i++) {
		memcpy(all + got, c->hand[i].objs, c->hand[i].got * sizeof(void *));
		got += c->hand[i].got;
	}
	return got;
}

static void crew_start(struct kunit *test, struct crew *c, void **objs, unsigned int each)
{
	unsigned int i;

	for (i = 0; i < CREW; i++) {
		c->hand[i].crew = c;
		c->hand[i].objs = objs + i * each;
		c->hand[i].task = kthread_run(crew_thread, &c->hand[i], "fa-crew/%u", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(c->hand[i].task));
	}
}

static void crew_stop(struct crew *c)
{
	unsigned int i;

	for (i = 0; i < CREW; i++)
		if (!IS_ERR(c->hand[i].task))
			kthread_stop(c->hand[i].task);
}

static struct fa_combo crew_params[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(PERCPU, LIFO, EXPONENTIAL, PAGES, 1000, 0),
	FA_COMBO(PERCPU, LIFO, EXPONENTIAL, AUTO, 3 * PAGE_SIZE, 0),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, PAGES, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, EXPONENTIAL, AUTO, 1000, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, AUTO, 64, 0),
	FA_COMBO(SPINLOCK, LIFO, EXPONENTIAL, PAGES, 3 * PAGE_SIZE, 0),
};

KUNIT_ARRAY_PARAM(crew, crew_params, fa_combo_desc);

#define CREW_EACH	1500

/*
 * Promise: many callers that grow a pool in place at once stay within the maximum, and
 * each object is handed to one of them. Below the maximum no allocation fails.
 */
static void atomic_crew(struct kunit *test)
{
	struct fa_combo *combo = (struct fa_combo *)test->param_value;
	void **all = fa_mem(test, CREW * CREW_EACH * sizeof(*all));
	void **objs = fa_mem(test, CREW * CREW_EACH * sizeof(*objs));
	struct crew *c = fa_mem(test, sizeof(*c));
	unsigned long most = combo->size > PAGE_SIZE ? 100 : 1000;
	struct fastalloc_stats s;
	unsigned int round, got, early = 0;

	c->pool = fa_pool_of(test, fill_config(combo, most));
	c->most = most;
	crew_start(test, c, objs, CREW_EACH);
	for (round = 0; round < 8; round++) {
		bool alone = round & 1, all_of_them = round & 2;

		/*
		 * Few enough that a chunk which the worker is making cannot have all
		 * the rest.
		 */
		c->want = all_of_them ? CREW_EACH : most / CREW / 5;
		atomic_set(&c->early, 0);
		fastalloc_pool_stats_reset(c->pool);
		if (alone)
			worker_out(c->pool);
		got = crew_round(test, c, all);
		fastalloc_pool_stats(c->pool, &s);
		if (alone)
			worker_in(c->pool);
		early += atomic_read(&c->early);
		KUNIT_EXPECT_LE(test, (unsigned long)got, s.total);
		KUNIT_EXPECT_EQ(test, not_apart(all, got, combo->size,
						fa_combo_align(combo)), 0U);
		if (!all_of_them) {
			KUNIT_EXPECT_EQ(test, got, CREW * c->want);
			KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
		} else if (alone) {
			/* The last one to grow the pool takes what the others left. */
			KUNIT_EXPECT_EQ(test, s.capacity, most);
			KUNIT_EXPECT_GE(test, (unsigned long)got, most);
			if (combo->sync != FASTALLOC_SYNC_PERCPU)
				KUNIT_EXPECT_EQ(test, (unsigned long)got, most);
		}
		fastalloc_free_bulk(c->pool, got, all);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(c->pool), 0UL);
		fastalloc_pool_trim(c->pool);
	}
	crew_stop(c);
	kunit_info(test, "%u failed while others were adding the last objects\n", early);
}

/**
 * struct dress - what a pool does with objects
 * @desc: name of the parameter
 * @sync: of the pool
 * @flags: likewise
 */
struct dress {
	const char		*desc;
	enum fastalloc_sync	sync;
	unsigned int		flags;
};

#define ALL_DRESSES	(FASTALLOC_F_HANDLES | FASTALLOC_F_RANDOM | FASTALLOC_F_DEBUG |	\
			 FASTALLOC_F_INIT_ON_ALLOC)

static struct dress dresses[] = {
	{ "handles, percpu", FASTALLOC_SYNC_PERCPU, FASTALLOC_F_HANDLES },
	{ "handles, spinlock", FASTALLOC_SYNC_SPINLOCK, FASTALLOC_F_HANDLES },
	{ "random, percpu", FASTALLOC_SYNC_PERCPU, FASTALLOC_F_RANDOM },
	{ "random, spinlock", FASTALLOC_SYNC_SPINLOCK, FASTALLOC_F_RANDOM },
	{ "checks, percpu", FASTALLOC_SYNC_PERCPU, FASTALLOC_F_DEBUG },
	{ "checks, spinlock", FASTALLOC_SYNC_SPINLOCK, FASTALLOC_F_DEBUG },
	{ "zeroing, percpu", FASTALLOC_SYNC_PERCPU,
	  FASTALLOC_F_INIT_ON_ALLOC | FASTALLOC_F_INIT_ON_FREE },
	{ "zeroing, spinlock", FASTALLOC_SYNC_SPINLOCK,
	  FASTALLOC_F_INIT_ON_ALLOC | FASTALLOC_F_INIT_ON_FREE },
	{ "type-safe, percpu", FASTALLOC_SYNC_PERCPU, FASTALLOC_F_TYPESAFE_BY_RCU },
	{ "type-safe, spinlock", FASTALLOC_SYNC_SPINLOCK, FASTALLOC_F_TYPESAFE_BY_RCU },
	{ "all, percpu", FASTALLOC_SYNC_PERCPU, ALL_DRESSES },
	{ "all, spinlock", FASTALLOC_SYNC_SPINLOCK, ALL_DRESSES },
	{ "all, none", FASTALLOC_SYNC_NONE, ALL_DRESSES },
};

static void dress_desc(struct dress *d, char *desc)
{
	strscpy(desc, d->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(dress, dresses, dress_desc);

#define DRESSED	400

/* Promise: objects added in place have everything that the config asks for. */
static void atomic_dressed(struct kunit *test)
{
	const struct dress *d = test->param_value;
	struct batch b = { .gfp = GFP_ATOMIC, .want = DRESSED };
	fastalloc_handle_t *h = NULL;
	unsigned int i, turn, bad = 0;
	struct fastalloc_stats s;

	b.objs = fa_mem(test, DRESSED * sizeof(void *));
	b.pool = fa_pool_of(test, fa_config(.obj_size = 40, .capacity = 10,
					    .sync = d->sync, .growth_amount = 30,
					    .low_water = 1, .flags = d->flags));
	if (d->flags & FASTALLOC_F_HANDLES)
		h = fa_mem(test, DRESSED * sizeof(*h));
	for (turn = 0; turn < 2; turn++) {
		worker_out(b.pool);
		run_at(test, IN_TASK, batch_take, &b);
		worker_in(b.pool);
		KUNIT_EXPECT_EQ(test, b.got, (unsigned int)DRESSED);
		for (i = 0; i < b.got; i++) {
			if (d->flags & FASTALLOC_F_INIT_ON_ALLOC)
				bad += !!memchr_inv(b.objs[i], 0, 40);
			memset(b.objs[i], i, 40);
			if (h) {
				h[i] = fastalloc_handle(b.pool, b.objs[i]);
				bad += fastalloc_resolve(b.pool, h[i]) != b.objs[i];
			}
		}
		for (i = 0; i < b.got; i++) {
			bad += !!memchr_inv(b.objs[i], (u8)i, 40);
			if (h)
				bad += fastalloc_resolve(b.pool, h[i]) != b.objs[i];
		}
		KUNIT_EXPECT_EQ(test, bad, 0U);
		KUNIT_EXPECT_EQ(test, not_apart(b.objs, b.got, 40, 8), 0U);
		batch_give(&b);
		for (i = 0; h && i < DRESSED; i++)
			bad += !!fastalloc_resolve(b.pool, h[i]);
		KUNIT_EXPECT_EQ(test, bad, 0U);
		fastalloc_pool_stats(b.pool, &s);
		KUNIT_EXPECT_GT(test, s.grows_atomic, 0ULL);
		KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
		KUNIT_EXPECT_EQ(test, s.violations, 0ULL);
		KUNIT_EXPECT_EQ(test, s.in_use, 0UL);
		fastalloc_pool_trim(b.pool);
	}
}

/**
 * struct gust - a thread that allocates and frees while the pool is trimmed
 * @pool: the pool
 * @task: the thread
 * @objs: its objects
 * @seed: of its random choices
 * @rest: all threads must hold no objects for a while
 * @taken: objects allocated
 * @failed: allocations that failed
 * @spoilt: objects that another thread has written to
 */
struct gust {
	struct fastalloc_pool	*pool;
	struct task_struct	*task;
	void			**objs;
	u64			seed;
	bool			*rest;
	unsigned long		taken;
	unsigned long		failed;
	unsigned long		spoilt;
};

#define GUSTS		3
#define GUST_MOST	700

static void gust_take(struct gust *g, unsigned int from, unsigned int to)
{
	bool hushed = hush();

	while (from < to) {
		g->objs[from] = fastalloc_alloc(g->pool, GFP_ATOMIC);
		if (g->objs[from])
			*(void **)g->objs[from] = &g->objs[from];
		else
			g->failed++;
		from++;
	}
	unhush(hushed);
}

static int gust_thread(void *data)
{
	struct gust *g = data;
	struct rnd_state rnd;
	unsigned int n, i;

	prandom_seed_state(&rnd, g->seed);
	while (!kthread_should_stop()) {
		n = prandom_u32_state(&rnd) % GUST_MOST + 1;
		for (i = 0; i < n; i += 100) {
			gust_take(g, i, min(i + 100, n));
			cond_resched();
		}
		for (i = 0; i < n; i++) {
			if (g->objs[i])
				g->spoilt += *(void **)g->objs[i] != &g->objs[i];
			fastalloc_free(g->pool, g->objs[i]);
		}
		WRITE_ONCE(g->taken, g->taken + n);
		do
			usleep_range(20, 100);
		while (READ_ONCE(*g->rest) && !kthread_should_stop());
	}
	return 0;
}

static struct fa_combo gust_params[] = {
	FA_COMBO(PERCPU, LIFO, EXPONENTIAL, AUTO, 64, 0),
	FA_COMBO(PERCPU, LIFO, LINEAR, PAGES, 500, 0),
	FA_COMBO(SPINLOCK, LIFO, EXPONENTIAL, PAGES, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, LINEAR, AUTO, 500, 0),
	FA_COMBO(SPINLOCK, LOWEST, EXPONENTIAL, AUTO, 64, 0),
};

KUNIT_ARRAY_PARAM(gust, gust_params, fa_combo_desc);

/* Promise: while trim frees chunks, an allocation that may not sleep does not fail. */
static void atomic_while_trim(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	unsigned long end = jiffies + FA_TEST_PATIENCE, soon = jiffies + HZ / 5;
	struct gust *g = fa_mem(test, GUSTS * sizeof(*g));
	bool *rest = fa_mem(test, sizeof(*rest));
	unsigned long gone = 0, taken;
	struct fastalloc_pool *pool;
	struct fastalloc_stats s;
	unsigned int i, turn = 0;

	/* Stay out of the way of the threads that use the pool. */
	KUNIT_EXPECT_EQ(test, set_cpus_allowed_ptr(current, cpu_possible_mask), 0);
	pool = fa_pool_of(test, fill_config(c, 0));
	for (i = 0; i < GUSTS; i++) {
		g[i].pool = pool;
		g[i].objs = fa_mem(test, GUST_MOST * sizeof(void *));
		g[i].seed = i + 1;
		g[i].rest = rest;
	}
	for (i = 0; i < GUSTS; i++)
		g[i].task = kthread_run(gust_thread, &g[i], "fa-gust/%u", i);
	do {
		gone += fastalloc_pool_trim(pool);
		for (i = 0, taken = 0; i < GUSTS; i++)
			taken += READ_ONCE(g[i].taken);
		/* Not every kernel preempts this loop. */
		WRITE_ONCE(*rest, !(++turn % 16));
		if (!(turn % 8))
			usleep_range(100, 200);
	} while ((!gone || taken < 2000 || time_before(jiffies, soon)) &&
		 time_before(jiffies, end));
	for (i = 0; i < GUSTS; i++) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(g[i].task));
		if (!IS_ERR(g[i].task))
			kthread_stop(g[i].task);
		KUNIT_EXPECT_EQ(test, g[i].failed, 0UL);
		KUNIT_EXPECT_EQ(test, g[i].spoilt, 0UL);
	}
	fastalloc_pool_stats(pool, &s);
	kunit_info(test, "%lu taken, %lu trimmed, %llu of %llu growths in place\n", taken,
		   gone, s.grows_atomic, s.grows);
	KUNIT_EXPECT_GE(test, taken, 2000UL);
	KUNIT_EXPECT_GT(test, gone, 0UL);
	KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
	KUNIT_EXPECT_EQ(test, s.in_use, 0UL);
	KUNIT_EXPECT_EQ(test, s.total, s.capacity + s.reserve);
	worker_out(pool);
	KUNIT_EXPECT_EQ(test, pool->refill.planned, pool->chunks.objects);
	KUNIT_EXPECT_EQ(test, pool->total, pool->chunks.objects);
	worker_in(pool);
}

#define SWARM	140000

/*
 * Promise: growth in place needs no magazines, and adds many small chunks. The worker makes
 * magazines for them.
 */
static void atomic_magazines(struct kunit *test)
{
	struct batch b = { .gfp = GFP_ATOMIC };
	/* A kernel with all checks is slow. */
	unsigned int most = IS_ENABLED(CONFIG_PROVE_LOCKING) ? 40000 : SWARM;
	unsigned int first, i, bad = 0;
	struct fastalloc_stats s, t;
	bool hushed;

	b.pool = fa_pool_of(test, fa_config(.capacity = 10, .magazine = 1,
					    .growth_amount = 4000, .low_water = 1,
					    .flags = FASTALLOC_F_NO_INIT));
	b.objs = fa_mem(test, (most + 10000) * sizeof(void *));
	worker_out(b.pool);
	do {
		b.want = b.got + 1000;
		hushed = hush();
		batch_take(&b);
		unhush(hushed);
		cond_resched();
	} while (b.got == b.want && b.got < most);
	first = b.got;
	fastalloc_pool_stats(b.pool, &s);
	KUNIT_EXPECT_GE(test, first, most);
	KUNIT_EXPECT_LT(test, (size_t)b.pool->percpu.depot.mags.nr, (size_t)first);
	/* Objects that found no magazine are not lost. */
	KUNIT_EXPECT_EQ(test, b.pool->refill.planned, b.pool->chunks.objects);
	KUNIT_EXPECT_EQ(test, s.in_use, (unsigned long)first);
	worker_in(b.pool);

	/* The worker makes magazines, and the pool grows on. */
	KUNIT_EXPECT_TRUE(test, fa_await(fa_get(test, b.pool, GFP_ATOMIC)));
	b.want = first + 10000;
	while (b.got < b.want) {
		b.objs[b.got] = fastalloc_alloc(b.pool, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, b.objs[b.got]);
		if (!b.objs[b.got])
			break;
		b.got++;
	}
	for (i = 0; i < b.got; i++)
		*(u64 *)b.objs[i] = i;
	for (i = 0; i < b.got; i++)
		bad += *(u64 *)b.objs[i] != i;
	KUNIT_EXPECT_EQ(test, bad, 0U);
	worker_out(b.pool);
	fa_put_all(test);
	fastalloc_free_bulk(b.pool, b.got, b.objs);
	fastalloc_pool_stats(b.pool, &s);
	/* Now the worker has nothing to do. */
	worker_in(b.pool);
	KUNIT_EXPECT_EQ(test, s.in_use, 0UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(b.pool), s.capacity - 10);
	fastalloc_pool_stats(b.pool, &t);
	KUNIT_EXPECT_EQ(test, t.capacity, 10UL);
	KUNIT_EXPECT_EQ(test, t.magazine_bytes, s.magazine_bytes);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(b.pool, GFP_KERNEL, 5000, b.objs), 5000U);
	fastalloc_free_bulk(b.pool, 5000, b.objs);
}

/*
 * Promise: memory of magazines that trim leaves is counted in bytes, apart from
 * objects, and is used again.
 */
static void atomic_magazine_bytes(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 500, .magazine = 7,
						.growth = FASTALLOC_GROWTH_EXPONENTIAL,
						.low_water = 1);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct fastalloc_stats start, full, s;
	void **objs = fa_mem(test, 20000 * sizeof(*objs));
	unsigned int turn, n = 0;

	fastalloc_pool_stats(pool, &start);
	KUNIT_EXPECT_GE(test, start.magazine_bytes,
			(size_t)pool->percpu.depot.mags.nr * pool->percpu.depot.mags.mag_bytes);
	while (n < 20000) {
		n += fastalloc_alloc_bulk(pool, GFP_KERNEL, 500, objs + n);
		KUNIT_ASSERT_EQ(test, n % 500, 0U);
	}
	/* From here on the worker has nothing to do. */
	worker_out(pool);
	fastalloc_free_bulk(pool, n, objs);
	fastalloc_pool_stats(pool, &full);
	worker_in(pool);
	KUNIT_EXPECT_GT(test, full.magazine_bytes, start.magazine_bytes);
	KUNIT_EXPECT_LT(test, full.magazine_bytes, full.bytes);
	KUNIT_EXPECT_GE(test, full.magazine_bytes,
			(size_t)pool->percpu.depot.mags.nr * pool->percpu.depot.mags.mag_bytes);
	KUNIT_EXPECT_LE(test, full.magazine_bytes,
			2 * (size_t)pool->percpu.depot.mags.nr * pool->percpu.depot.mags.mag_bytes);

	for (turn = 0; turn < 3; turn++) {
		KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), full.capacity - 500);
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_EQ(test, s.magazine_bytes, full.magazine_bytes);
		KUNIT_EXPECT_EQ(test, s.bytes - s.magazine_bytes,
				start.bytes - start.magazine_bytes);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, full.capacity, GFP_KERNEL),
				0);
		fastalloc_pool_stats(pool, &full);
		KUNIT_EXPECT_EQ(test, full.magazine_bytes, s.magazine_bytes);
	}

	cfg.name = "kunit-spin";
	cfg.sync = FASTALLOC_SYNC_SPINLOCK;
	pool = fa_pool(test, &cfg);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.magazine_bytes, (size_t)0);
}

static struct fa_combo lock_params[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(SPINLOCK, LIFO, EXPONENTIAL, AUTO, 64, 0),
};

KUNIT_ARRAY_PARAM(lock, lock_params, fa_combo_desc);

static struct fa_combo sync_params[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, LINEAR, PAGES, 64, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, AUTO, 64, 0),
	FA_COMBO(NONE, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(NONE, FIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(NONE, LOWEST, LINEAR, PAGES, 64, 0),
};

KUNIT_ARRAY_PARAM(sync, sync_params, fa_combo_desc);

/*
 * Promise: a bulk allocation, all or nothing, grows the pool in place as often as it
 * must.
 */
static void atomic_bulk(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fill_config(c, 2000));
	void **objs = fa_mem(test, 2001 * sizeof(*objs));
	struct fastalloc_stats s;
	unsigned int got;

	worker_out(pool);
	got = fastalloc_alloc_bulk(pool, GFP_ATOMIC, 1000, objs);
	KUNIT_EXPECT_EQ(test, got, 1000U);
	KUNIT_EXPECT_EQ(test, not_apart(objs, got, 64, 8), 0U);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
	KUNIT_EXPECT_GE(test, s.grows_atomic, 900 * 64 / (2 * PAGE_SIZE));
	fastalloc_free_bulk(pool, got, objs);

	/* If the bulk cannot succeed, nothing is added. */
	if (c->sync != FASTALLOC_SYNC_PERCPU) {
		got = fastalloc_alloc_bulk(pool, GFP_ATOMIC, 2001, objs);
		KUNIT_EXPECT_EQ(test, got, 0U);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), s.capacity);
	}
	got = fastalloc_alloc_bulk(pool, GFP_NOWAIT, 2000, objs);
	KUNIT_EXPECT_EQ(test, got, 2000U);
	KUNIT_EXPECT_EQ(test, not_apart(objs, got, 64, 8), 0U);
	fastalloc_free_bulk(pool, got, objs);
	worker_in(pool);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
}

/*
 * Promise: a contiguous run that fits into a chunk added in place does the same;
 * otherwise the worker grows the pool.
 */
static void atomic_contig(struct kunit *test)
{
	enum fastalloc_sync sync;

	for (sync = FASTALLOC_SYNC_SPINLOCK; sync <= FASTALLOC_SYNC_NONE; sync++) {
		struct fastalloc_pool *pool =
			fa_pool_of(test, fa_config(.capacity = 4, .sync = sync,
						   .order = FASTALLOC_ORDER_LOWEST,
						   .flags = FASTALLOC_F_CONTIG,
						   .growth_amount = 4, .low_water = 1));
		unsigned int most = 2 * PAGE_SIZE / 64;
		void *one, *two, *large = NULL;

		worker_out(pool);
		one = fastalloc_alloc_contig(pool, GFP_ATOMIC, 5);
		KUNIT_EXPECT_NOT_NULL(test, one);
		two = fastalloc_alloc_contig(pool, GFP_ATOMIC, most);
		KUNIT_EXPECT_NOT_NULL(test, two);
		KUNIT_EXPECT_TRUE(test, one + 5 * 64 <= two || two + most * 64 <= one);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 5UL + most);
		KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_ATOMIC, most + 1));
		worker_in(pool);
		KUNIT_EXPECT_TRUE(test, fa_await((large = fastalloc_alloc_contig(pool, GFP_ATOMIC,
										 most + 1))));
		fastalloc_free_contig(pool, one, 5);
		fastalloc_free_contig(pool, two, most);
		fastalloc_free_contig(pool, large, most + 1);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
		fa_pool_gone(test, pool);
	}
}

struct hooks {
	unsigned int acquired;
	unsigned int released;
};

static void hooks_acquire(void *obj, void *arg)
{
	((struct hooks *)arg)->acquired++;
}

static void hooks_release(void *obj, void *arg)
{
	((struct hooks *)arg)->released++;
}

/*
 * Promise: a partial bulk returns the objects that are free and those that growth adds.
 * All have been through the hooks, and are zeroed if requested. No object at all is one
 * failure.
 */
static void bulk_some_takes_what_there_is(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fill_config(c, 500);
	struct hooks *hooks = fa_mem(test, sizeof(*hooks));
	void **objs = fa_mem(test, 1000 * sizeof(*objs));
	unsigned int got, n, i, bad = 0;
	struct fastalloc_pool *pool;
	struct fastalloc_stats s;

	cfg.growth = FASTALLOC_GROWTH_NONE;
	cfg.on_acquire = hooks_acquire;
	cfg.on_release = hooks_release;
	cfg.arg = hooks;
	pool = fa_pool(test, &cfg);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk_some(pool, GFP_KERNEL, 0, objs), 0U);
	got = fastalloc_alloc_bulk_some(pool, GFP_KERNEL, 4, objs);
	KUNIT_EXPECT_EQ(test, got, 4U);
	got += fastalloc_alloc_bulk_some(pool, GFP_KERNEL, 1000 - got, objs + got);
	KUNIT_EXPECT_EQ(test, (unsigned long)got, s.total);
	KUNIT_EXPECT_EQ(test, hooks->acquired, got);
	KUNIT_EXPECT_EQ(test, not_apart(objs, got, 64, 8), 0U);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
	KUNIT_EXPECT_EQ(test, s.in_use, (unsigned long)got);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk_some(pool, GFP_ATOMIC, 7, objs + got), 0U);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.failures, 1ULL);
	for (i = 0; i < got; i++)
		memset(objs[i], 0xff, 64);
	fastalloc_free_bulk(pool, got, objs);
	n = fastalloc_alloc_bulk_some(pool, GFP_KERNEL | __GFP_ZERO, 1000, objs);
	KUNIT_EXPECT_EQ(test, n, got);
	for (i = 0; i < n; i++)
		bad += !!memchr_inv(objs[i], 0, 64);
	KUNIT_EXPECT_EQ(test, bad, 0U);
	fastalloc_free_bulk(pool, n, objs);
	KUNIT_EXPECT_EQ(test, hooks->acquired, hooks->released);
	fa_pool_gone(test, pool);

	/* A growing pool: in place, by a caller that may sleep, and neither. */
	cfg = fill_config(c, 500);
	pool = fa_pool(test, &cfg);
	fastalloc_pool_stats(pool, &s);
	worker_out(pool);
	got = fastalloc_alloc_bulk_some(pool, 0, s.total + 50, objs);
	KUNIT_EXPECT_EQ(test, (unsigned long)got, s.total);
	n = fastalloc_alloc_bulk_some(pool, GFP_ATOMIC, 200, objs + got);
	KUNIT_EXPECT_EQ(test, n, 200U);
	got += n;
	worker_in(pool);
	got += fastalloc_alloc_bulk_some(pool, GFP_KERNEL, 1000 - got, objs + got);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.capacity, 500UL);
	KUNIT_EXPECT_GE(test, got, 500U);
	KUNIT_EXPECT_LE(test, (unsigned long)got, s.total);
	KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
	KUNIT_EXPECT_EQ(test, not_apart(objs, got, 64, 8), 0U);
	fastalloc_free_bulk(pool, got, objs);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
}

/*
 * Promise: reserve grows the pool until the given number of objects is free, or returns
 * why it cannot.
 */
static void reserve_says(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fill_config(c, 500);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct fastalloc_stats s;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 10, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 10UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 101, GFP_NOIO), 0);
	KUNIT_EXPECT_GE(test, fastalloc_pool_available(pool), 101UL);
	KUNIT_EXPECT_LT(test, fastalloc_pool_available(pool), 300UL);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_GT(test, s.grows, 0ULL);
	KUNIT_EXPECT_EQ(test, s.grows_atomic, 0ULL);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_NOT_NULL(test, fa_get(test, pool, 0));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 401, GFP_KERNEL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, ULONG_MAX, GFP_KERNEL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 400, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_available(pool), 400UL);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 500, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 501, GFP_KERNEL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 1, GFP_ATOMIC), -EINVAL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 1, GFP_NOWAIT), -EINVAL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 1, 0), -EINVAL);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.failures, 0ULL);
	fa_pool_gone(test, pool);

	cfg.growth = FASTALLOC_GROWTH_NONE;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 10, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 11, GFP_KERNEL), -ENOSPC);
}

/*
 * Promise: reserve fails for lack of memory, or by the pool's growth function, and adds
 * nothing then.
 */
static void reserve_fails(struct kunit *test)
{
	enum fastalloc_sync sync;

	for (sync = FASTALLOC_SYNC_PERCPU; sync <= FASTALLOC_SYNC_NONE; sync++) {
		struct who all = { .sync = sync, .custom = true, .mem = true };
		struct origin *o = origin_of(test);
		struct fastalloc_pool *pool = fa_pool_of(test, who_config(&all, o));

		o->most = 0;
		KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 100, GFP_KERNEL), -ENOMEM);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 4, GFP_KERNEL), 0);
		o->most = SZ_1M;
		o->add = 0;
		KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 100, GFP_KERNEL), -ENOSPC);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 4UL);
		KUNIT_EXPECT_EQ(test, pool->refill.planned, pool->chunks.objects);
		o->add = 1;
		/* Growth must not enter I/O. The caller may do so afterwards. */
		o->noio = false;
		KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 100, GFP_KERNEL | __GFP_ZERO),
				0);
		/* That is for objects. */
		KUNIT_EXPECT_FALSE(test, o->gfp & __GFP_ZERO);
		KUNIT_EXPECT_TRUE(test, o->noio);
		KUNIT_EXPECT_FALSE(test, current->flags & PF_MEMALLOC_NOIO);
		KUNIT_EXPECT_GE(test, fastalloc_pool_available(pool), 100UL);
		fa_pool_gone(test, pool);
		expect_even(test, o);
	}
}

/*
 * Promise: the owner of a NONE pool also reserves the objects that the worker has made
 * for it.
 */
static void reserve_adopts(struct kunit *test)
{
	struct fa_combo c = FA_COMBO(NONE, LIFO, LINEAR, AUTO, 64, 0);
	struct fastalloc_pool *pool = fa_pool_of(test, fill_config(&c, 500));
	unsigned int n;

	/* The worker must not make any before all objects are out. */
	mutex_lock(&pool->grow_lock);
	n = fa_drain(test, pool, 0);
	mutex_unlock(&pool->grow_lock);
	KUNIT_ASSERT_EQ(test, n, 10U);
	/* Pairs with the smp_store_release() in fa_pool_post(). */
	KUNIT_EXPECT_TRUE(test, fa_await(smp_load_acquire(&pool->refill.pending)));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 1, GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, pool->refill.pending, NULL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 500 - n, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 501 - n, GFP_KERNEL), -ENOSPC);
}

/* The metadata of a pool whose owner has adopted 20,000 objects with preemption off. */
static unsigned long adopted_metadata(struct kunit *test, unsigned long flags)
{
	struct fastalloc_config cfg = fa_config(.obj_size = 8, .capacity = 10,
						.sync = FASTALLOC_SYNC_NONE,
						.growth = FASTALLOC_GROWTH_LINEAR,
						.growth_amount = 20000, .flags = flags);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct fa_fix *fix = test->priv;
	struct fastalloc_stats before, after;
	unsigned long metadata;
	void *obj;

	fastalloc_pool_stats(pool, &before);
	mutex_lock(&pool->grow_lock);
	KUNIT_EXPECT_GE(test, fa_drain(test, pool, 0), 10U);
	mutex_unlock(&pool->grow_lock);
	/* Pairs with the smp_store_release() in fa_pool_post(). */
	KUNIT_EXPECT_TRUE(test, fa_await(smp_load_acquire(&pool->refill.pending)));
	preempt_disable();
	obj = fastalloc_alloc(pool, GFP_ATOMIC);
	preempt_enable();
	KUNIT_EXPECT_NOT_NULL(test, obj);
	if (obj)
		fastalloc_free(pool, obj);
	fastalloc_pool_stats(pool, &after);
	metadata = after.metadata_bytes;
	while (fix->nr_held)
		fa_put(test, pool, fix->held[0].obj);
	KUNIT_EXPECT_GE(test, fastalloc_pool_trim(pool), 20000UL);
	fastalloc_pool_stats(pool, &after);
	KUNIT_EXPECT_EQ(test, after.bytes, before.bytes);
	fa_pool_gone(test, pool);
	return metadata;
}

/*
 * Promise: its owner may do so with preemption off. The order of so many objects is in memory of
 * vmalloc, which cannot be freed there. It is counted until it is freed with the chunk.
 */
static void adopts_in_random_order(struct kunit *test)
{
	KUNIT_EXPECT_GE(test, adopted_metadata(test, FASTALLOC_F_RANDOM),
			adopted_metadata(test, 0) + 20000 * sizeof(u32));
}

/* Promise: the maximum may be raised and lowered at run time; existing objects stay. */
static void max_changes(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fill_config(c, 200);
	struct fastalloc_pool *pool;
	unsigned int n;

	cfg.capacity = 100;
	cfg.growth_amount = 50;
	pool = fa_pool(test, &cfg);
	n = fa_drain(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_GE(test, n, 200U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 200UL);

	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_max(pool, 300), 0);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_can_grow(pool));
	n += fa_drain(test, pool, GFP_ATOMIC);
	n += fa_drain(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_GE(test, n, 300U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 300UL);
	if (c->sync != FASTALLOC_SYNC_PERCPU)
		KUNIT_EXPECT_EQ(test, n, 300U);

	/* Lowered: no object is freed by that. */
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_max(pool, 100), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 300UL);
	KUNIT_EXPECT_FALSE(test, fastalloc_pool_can_grow(pool));
	KUNIT_EXPECT_NULL(test, fa_get(test, pool, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, fa_get(test, pool, GFP_ATOMIC));
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 300, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 301, GFP_KERNEL), -ENOSPC);
	KUNIT_EXPECT_GE(test, fa_drain(test, pool, GFP_ATOMIC), 300U);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 200UL);
	KUNIT_EXPECT_GE(test, fa_drain(test, pool, GFP_KERNEL), 100U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 100UL);

	/* No maximum. */
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_max(pool, 0), 0);
	KUNIT_EXPECT_EQ(test, pool->cfg.max_capacity, FASTALLOC_MAX_OBJECTS);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_can_grow(pool));
	for (n = 0; n < 500; n++)
		KUNIT_EXPECT_NOT_NULL(test, fa_get(test, pool, GFP_KERNEL));

	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_max(pool, 99), -EINVAL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_max(pool, FASTALLOC_MAX_OBJECTS + 1), -E2BIG);
	KUNIT_EXPECT_EQ(test, pool->cfg.max_capacity, FASTALLOC_MAX_OBJECTS);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_max(pool, FASTALLOC_MAX_OBJECTS), 0);
	fa_put_all(test);
	fa_pool_gone(test, pool);

	cfg.growth = FASTALLOC_GROWTH_NONE;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_max(pool, 300), -EINVAL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_max(pool, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_low_water(pool, 1), -EINVAL);
}

static void raise_max(void *arg)
{
	fastalloc_pool_set_max(arg, 300);
	fastalloc_pool_set_low_water(arg, 30);
}

/* Promise: both marks may be changed from any context but NMI. */
static void max_changes_anywhere(struct kunit *test)
{
	enum place place = *(enum place *)test->param_value;
	enum fastalloc_sync sync;

	for (sync = FASTALLOC_SYNC_PERCPU; sync <= FASTALLOC_SYNC_NONE; sync++) {
		struct fastalloc_config cfg =
			fa_config(.capacity = 20, .sync = sync, .max_capacity = 20,
				  .growth_amount = 10, .magazine = 1);
		struct fastalloc_pool *pool = fa_pool(test, &cfg);

		if (!run_at(test, place, raise_max, pool))
			kunit_skip(test, "nothing is called there");
		KUNIT_EXPECT_EQ(test, pool->cfg.max_capacity, 300UL);
		/* The worker grows it, without an allocation. */
		KUNIT_EXPECT_TRUE(test, fa_await(fastalloc_pool_available(pool) >= 30 ||
						 READ_ONCE(pool->refill.pending)));
		fa_pool_gone(test, pool);
	}
}

static unsigned long low_mark(struct fastalloc_pool *pool)
{
	return READ_ONCE(pool->refill.low_mark);
}

/*
 * Promise: the low-water mark rises in proportion to the capacity, but by no more than
 * a thirty-second of the added objects, and falls again with the capacity.
 */
static void low_water_rises(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fill_config(c, 1000);
	struct fastalloc_pool *pool;

	cfg.capacity = 100;
	cfg.growth = FASTALLOC_GROWTH_EXPONENTIAL;
	cfg.growth_percent = 200;
	cfg.low_water = 2;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 2UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 300, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, low_mark(pool), fastalloc_pool_capacity(pool) / 50);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 1000, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 20UL);
	KUNIT_EXPECT_GT(test, fastalloc_pool_trim(pool), 0UL);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 2UL);
	fa_pool_gone(test, pool);

	cfg.low_water = 50;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 50UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 1000, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 50UL + 900 / 32);

	/* From here on the mark is in proportion to the present capacity. */
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_low_water(pool, 500), 0);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 500UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 900UL);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 500UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_low_water(pool, 0), 0);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 3UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 1000, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 3UL + 3 * 900 / 100);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_low_water(pool, 1001), -ERANGE);
	KUNIT_EXPECT_EQ(test, low_mark(pool), 3UL + 3 * 900 / 100);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_low_water(pool, 1000), 0);
}

/* Grown, or about to be: the owner of a NONE pool adopts the chunk later. */
static bool grown_to(struct fastalloc_pool *pool, unsigned long capacity)
{
	return fastalloc_pool_capacity(pool) >= capacity ||
	       (pool->sync == FASTALLOC_SYNC_NONE && READ_ONCE(pool->refill.pending));
}

/* Promise: raising the mark grows the pool at once, if that is due. */
static void low_water_raised(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fill_config(c, 1000);
	struct fastalloc_pool *pool;
	unsigned int i;

	cfg.capacity = 100;
	cfg.growth_amount = 100;
	pool = fa_pool(test, &cfg);
	for (i = 0; i < 60; i++)
		KUNIT_EXPECT_NOT_NULL(test, fa_get(test, pool, GFP_ATOMIC));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_low_water(pool, 40), 0);
	msleep(30);
	KUNIT_EXPECT_FALSE(test, grown_to(pool, 101));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_set_low_water(pool, 41), 0);
	KUNIT_EXPECT_TRUE(test, fa_await(grown_to(pool, 200)));
}

/*
 * Promise: with a mark above the capacity the pool grows until that many objects are
 * free, and keeps about this size while some of them are in use.
 */
static void low_water_above_capacity(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fill_config(c, 0);
	struct fastalloc_pool *pool;
	unsigned int turn, i;

	for (turn = 0; turn < 2; turn++) {
		cfg.capacity = 32;
		/* At run time, or from the start. */
		cfg.low_water = turn ? 100 : 1;
		pool = fa_pool(test, &cfg);
		if (!turn)
			KUNIT_EXPECT_EQ(test, fastalloc_pool_set_low_water(pool, 100), 0);
		/* Each operation may make the worker look again. */
		for (i = 0; i < 6; i++) {
			KUNIT_EXPECT_NOT_NULL(test, fa_get(test, pool, GFP_ATOMIC));
			msleep(20);
		}
		KUNIT_EXPECT_TRUE(test, fa_await(fastalloc_pool_available(pool) >= 100));
		KUNIT_EXPECT_LT(test, fastalloc_pool_capacity(pool), 500UL);
		fa_put_all(test);
		fa_pool_gone(test, pool);
	}
}

static unsigned long sizes[] = { 300, 1000, 100000 };

static void size_desc(unsigned long *nr, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu objects", *nr);
}

KUNIT_ARRAY_PARAM(size, sizes, size_desc);

/*
 * Promise: with the default mark, a pool with a tenth more objects than are in use does not
 * grow.
 */
static void low_water_default(struct kunit *test)
{
	unsigned long capacity = *(unsigned long *)test->param_value, n;
	void **objs = fa_mem(test, capacity * sizeof(*objs));
	enum fastalloc_sync sync;
	struct fastalloc_stats s;

	for (sync = FASTALLOC_SYNC_PERCPU; sync <= FASTALLOC_SYNC_NONE; sync++) {
		struct fastalloc_config cfg =
			fa_config(.obj_size = 8, .capacity = capacity, .sync = sync,
				  .growth = FASTALLOC_GROWTH_EXPONENTIAL);
		struct fastalloc_pool *pool = fa_pool(test, &cfg);

		KUNIT_EXPECT_EQ(test, low_mark(pool), capacity / 32);
		for (n = 0; n < capacity * 9 / 10; n++) {
			objs[n] = fastalloc_alloc(pool, GFP_ATOMIC);
			if (!objs[n])
				break;
		}
		KUNIT_EXPECT_EQ(test, n, capacity * 9 / 10);
		msleep(30);
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_EQ(test, s.grows, 0ULL);
		KUNIT_EXPECT_EQ(test, s.capacity, capacity);
		KUNIT_EXPECT_FALSE(test, pool->refill.grower.kicked);
		fastalloc_free_bulk(pool, n, objs);
		fa_pool_gone(test, pool);
	}
}

static struct fa_combo page_params[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(PERCPU, LIFO, CUSTOM, VMALLOC, 24, 0),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, PAGES, 100, 64),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, VMALLOC, 1000, 0),
	FA_COMBO(SPINLOCK, FIFO, EXPONENTIAL, AUTO, 3000, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, AUTO, 24, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, AUTO, PAGE_SIZE, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, PAGES, 3 * PAGE_SIZE + 8, 8),
	FA_COMBO(NONE, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(NONE, FIFO, CUSTOM, PAGES, 3000, 0),
};

KUNIT_ARRAY_PARAM(page, page_params, fa_combo_desc);

/* Promise: a chunk that growth adds uses all its pages; an initial chunk does not. */
static void chunk_uses_its_pages(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fill_config(c, 0);
	unsigned long stride = fa_combo_stride(c), want;
	struct fastalloc_pool *pool;

	cfg.capacity = 7;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 7UL);
	/* The objects that the growth rule asks for. */
	want = fa_combo_next(c, 7, ULONG_MAX, stride);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 8, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), want);
	/* The reserve asks for more than the growth rule. */
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, want + 501, GFP_KERNEL), 0);
	want += PAGE_ALIGN(501 * stride) / stride;
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), want);
	fa_pool_gone(test, pool);

	/* Limited by the maximum. */
	cfg.max_capacity = 9;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 9, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 9UL);
}

/* Promise: growth takes a smaller chunk if memory for a large one is not available. */
static void chunk_is_halved(struct kunit *test)
{
	enum fastalloc_sync sync;

	for (sync = FASTALLOC_SYNC_PERCPU; sync <= FASTALLOC_SYNC_NONE; sync++) {
		struct who mem = { .sync = sync, .mem = true, .size = PAGE_SIZE };
		struct origin *o = origin_of(test);
		struct fastalloc_config cfg = who_config(&mem, o);
		struct fastalloc_pool *pool;
		struct fastalloc_stats s;

		cfg.growth_amount = 64;
		pool = fa_pool(test, &cfg);
		o->most = 4 * PAGE_SIZE;
		KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 5, GFP_KERNEL), 0);
		fastalloc_pool_stats(pool, &s);
		/* One small chunk each time: memory is short, and others need some. */
		KUNIT_EXPECT_GE(test, s.capacity, 5UL);
		KUNIT_EXPECT_LE(test, s.capacity, 4UL + 8);
		KUNIT_EXPECT_GE(test, s.chunks, 2UL);
		KUNIT_EXPECT_EQ(test, s.growth_failures, 0ULL);
		/* Down to one object, then growth fails. */
		o->most = PAGE_SIZE;
		KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 70, GFP_KERNEL), 0);
		o->most = 0;
		KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 200, GFP_KERNEL), -ENOMEM);
		fa_pool_gone(test, pool);
		expect_even(test, o);

		/* Creation of a pool succeeds with its full capacity, or fails. */
		o->most = 2 * PAGE_SIZE;
		pool = fastalloc_pool_create(&cfg);
		KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-ENOMEM));
		if (!IS_ERR_OR_NULL(pool))
			fastalloc_pool_destroy(pool);
		expect_even(test, o);
	}
}

/*
 * Promise: the pool's owner provides all memory of objects, and gets it back unchanged.
 */
static void mem_is_the_owners(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct origin *o = origin_of(test);
	struct fastalloc_config cfg = fill_config(c, 1000);
	struct fastalloc_pool *pool;
	struct fa_chunk *chunk;
	struct fastalloc_stats s;
	unsigned int n, i;
	void **objs;

	objs = fa_mem(test, 1000 * sizeof(*objs));
	cfg.mem_alloc = origin_alloc;
	cfg.mem_free = origin_free;
	cfg.ctor = origin_ctor;
	cfg.dtor = origin_dtor;
	cfg.arg = o;
	cfg.flags |= FASTALLOC_F_ATOMIC_GROW;
	pool = fa_pool(test, &cfg);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, o->allocs, 1U);
	KUNIT_EXPECT_EQ(test, o->size, (size_t)PAGE_ALIGN(s.total * fa_combo_stride(c)));
	KUNIT_EXPECT_EQ(test, o->node, NUMA_NO_NODE);
	KUNIT_EXPECT_TRUE(test, gfpflags_allow_blocking(o->gfp));

	worker_out(pool);
	for (n = 0; n < 300; n++) {
		objs[n] = fastalloc_alloc(pool, GFP_ATOMIC | __GFP_DMA32 | __GFP_ACCOUNT);
		if (!objs[n])
			break;
	}
	worker_in(pool);
	KUNIT_EXPECT_EQ(test, n, 300U);
	KUNIT_EXPECT_FALSE(test, gfpflags_allow_blocking(o->gfp));
	KUNIT_EXPECT_EQ(test, (__force u32)(o->gfp & (GFP_ZONEMASK | __GFP_ACCOUNT)), 0U);
	KUNIT_EXPECT_TRUE(test, o->gfp & __GFP_NOMEMALLOC);
	KUNIT_EXPECT_TRUE(test, o->gfp & __GFP_NOWARN);
	n += fastalloc_alloc_bulk(pool, GFP_KERNEL | __GFP_NORETRY, 300, objs + n);
	KUNIT_EXPECT_EQ(test, n, 600U);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_TRUE(test, origin_has(o, objs[i]));
	for (chunk = fa_chunk_first(&pool->chunks); chunk; chunk = fa_chunk_next(chunk))
		KUNIT_EXPECT_EQ(test, (int)chunk->origin, (int)FA_ORIGIN_OWNER);
	KUNIT_EXPECT_EQ(test, not_apart(objs, n, c->size, fa_combo_align(c)), 0U);
	fastalloc_free_bulk(pool, n, objs);

	KUNIT_EXPECT_GT(test, fastalloc_pool_trim(pool), 0UL);
	KUNIT_EXPECT_EQ(test, o->nr, 1U + !!READ_ONCE(pool->refill.pending));
	KUNIT_EXPECT_EQ(test, o->ctors - o->dtors, (int)pool->refill.planned);
	fa_pool_gone(test, pool);
	expect_even(test, o);
}

/* Promise: the owner is passed the node of the config, and no other. */
static void mem_of_a_node(struct kunit *test)
{
	static const struct {
		unsigned int flags;
		int node;
		int told;
	} nodes[] = {
		{ 0, 0, NUMA_NO_NODE },
		{ 0, NUMA_NO_NODE, NUMA_NO_NODE },
		{ FASTALLOC_F_NODE, 0, 0 },
		{ FASTALLOC_F_NODE, NUMA_NO_NODE, NUMA_NO_NODE },
	};
	struct who mem = { .sync = FASTALLOC_SYNC_SPINLOCK, .mem = true };
	struct origin *o = origin_of(test);
	struct fastalloc_config cfg = who_config(&mem, o);
	struct fastalloc_pool *pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		cfg.flags = nodes[i].flags;
		cfg.node = nodes[i].node;
		o->node = -7;
		pool = fa_pool(test, &cfg);
		KUNIT_EXPECT_EQ(test, o->node, nodes[i].told);
		fa_pool_gone(test, pool);
	}
	expect_even(test, o);

	/* An invalid node number is refused, with the flag and without. */
	cfg.flags = 0;
	cfg.node = 7777;
	pool = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-EINVAL));
	cfg.flags = FASTALLOC_F_NODE;
	pool = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-EINVAL));
	/* One of mem_alloc() and mem_free() alone is not enough. */
	cfg.node = 0;
	cfg.mem_free = NULL;
	pool = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-EINVAL));
}

/* Promise: memory that is not aligned is freed at once and not used. */
static void mem_not_aligned(struct kunit *test)
{
	struct who mem = { .sync = FASTALLOC_SYNC_SPINLOCK, .mem = true };
	struct origin *o = origin_of(test);
	struct fastalloc_config cfg = who_config(&mem, o);
	struct fastalloc_pool *pool;

	cfg.align = 64;
	o->skew = 32;
	pool = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-ENOMEM));
	KUNIT_EXPECT_EQ(test, o->allocs, 1U);
	expect_even(test, o);

	/* The alignment that objects need is enough. */
	o->skew = 64;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, o->allocs, 2U);

	/*
	 * For one page there is no smaller size to try: growth fails once, then
	 * succeeds.
	 */
	o->skew = 8;
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 5, GFP_KERNEL), -ENOMEM);
	KUNIT_EXPECT_EQ(test, o->frees, 2U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 5, GFP_KERNEL), 0);
	fa_pool_gone(test, pool);
	expect_even(test, o);
}

/*
 * Promise: a caller in memory reclaim does not wait for a growth of the pool, which may be
 * its own. It grows the pool in place.
 */
static void atomic_in_reclaim(struct kunit *test)
{
	struct fastalloc_config cfg = fa_combo_config(test->param_value, 16, 1000);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	unsigned int scope, n;

	mutex_lock(&pool->grow_lock);
	scope = memalloc_noreclaim_save();
	for (n = 0; n < 400 && fa_get(test, pool, GFP_NOIO); n++)
		;
	memalloc_noreclaim_restore(scope);
	mutex_unlock(&pool->grow_lock);
	KUNIT_EXPECT_EQ(test, n, 400U);
}

static struct kunit_case atomic_cases[] = {
	KUNIT_CASE_PARAM(atomic_fill, place_gen_params),
	KUNIT_CASE_PARAM(atomic_fill_beside_worker, place_gen_params),
	KUNIT_CASE_PARAM(atomic_who, who_gen_params),
	KUNIT_CASE_PARAM(atomic_chunk, here_gen_params),
	KUNIT_CASE(atomic_unwinds),
	KUNIT_CASE_PARAM(atomic_crew, crew_gen_params),
	KUNIT_CASE_PARAM(atomic_dressed, dress_gen_params),
	KUNIT_CASE_PARAM(atomic_while_trim, gust_gen_params),
	KUNIT_CASE(atomic_magazines),
	KUNIT_CASE(atomic_magazine_bytes),
	KUNIT_CASE_PARAM(atomic_bulk, sync_gen_params),
	KUNIT_CASE(atomic_contig),
	KUNIT_CASE_PARAM(bulk_some_takes_what_there_is, sync_gen_params),
	KUNIT_CASE_PARAM(reserve_says, sync_gen_params),
	KUNIT_CASE(reserve_fails),
	KUNIT_CASE(reserve_adopts),
	KUNIT_CASE(adopts_in_random_order),
	KUNIT_CASE_PARAM(max_changes, sync_gen_params),
	KUNIT_CASE_PARAM(max_changes_anywhere, place_gen_params),
	KUNIT_CASE_PARAM(low_water_rises, sync_gen_params),
	KUNIT_CASE_PARAM(low_water_raised, sync_gen_params),
	KUNIT_CASE_PARAM(low_water_above_capacity, lock_gen_params),
	KUNIT_CASE_PARAM(low_water_default, size_gen_params),
	KUNIT_CASE_PARAM(chunk_uses_its_pages, page_gen_params),
	KUNIT_CASE(chunk_is_halved),
	KUNIT_CASE_PARAM(mem_is_the_owners, sync_gen_params),
	KUNIT_CASE(mem_of_a_node),
	KUNIT_CASE(mem_not_aligned),
	KUNIT_CASE_PARAM(atomic_in_reclaim, sync_gen_params),
	{ }
};

static int atomic_init(struct kunit *test)
{
	return fa_stay_here() ?: fa_fix_init(test);
}

static struct kunit_suite atomic_suite = {
	.name = "fastalloc_atomic",
	.init = atomic_init,
	.exit = fa_fix_exit,
	.test_cases = atomic_cases,
};

kunit_test_suite(atomic_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of growth in place, and of its bounds");
MODULE_LICENSE("GPL");
