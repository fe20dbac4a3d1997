// SPDX-License-Identifier: GPL-2.0
/*
 * The checks on callers, zeroing, and destroy with objects out. Each fault is made on
 * purpose. It must be counted, be in the log (announced, so that the checker of the log
 * expects it) and be refused, and afterwards the pool must still hand out all its
 * objects, each once.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/sort.h>

#include "fastalloc_test.h"

#define DBG_CAPACITY	20

/**
 * struct dbg_shape - a pool to test faults with
 * @sync: as in the config
 * @order: as in the config
 * @backing: as in the config
 * @size: bytes of an object
 */
struct dbg_shape {
	enum fastalloc_sync	sync;
	enum fastalloc_order	order;
	enum fastalloc_backing	backing;
	size_t			size;
};

#define DBG_SHAPE(_sync, _order, _backing, _size)			\
	{ FASTALLOC_SYNC_##_sync, FASTALLOC_ORDER_##_order,		\
	  FASTALLOC_BACKING_##_backing, (_size) }

/* With and without padding between objects, and with the smallest object. */
static struct dbg_shape dbg_shapes[] = {
	DBG_SHAPE(SPINLOCK, LIFO, PAGES, 64),
	DBG_SHAPE(SPINLOCK, FIFO, VMALLOC, 100),
	DBG_SHAPE(SPINLOCK, LOWEST, VMALLOC, 24),
	DBG_SHAPE(SPINLOCK, LIFO, PAGES, 1),
	DBG_SHAPE(NONE, LIFO, VMALLOC, 64),
	DBG_SHAPE(NONE, FIFO, PAGES, 13),
	DBG_SHAPE(NONE, LOWEST, AUTO, 128),
	DBG_SHAPE(PERCPU, LIFO, PAGES, 64),
	DBG_SHAPE(PERCPU, LIFO, VMALLOC, 13),
	DBG_SHAPE(PERCPU, LIFO, AUTO, 1),
};

/* Pools that hand out objects in a predictable order. */
static struct dbg_shape dbg_serials[] = {
	DBG_SHAPE(SPINLOCK, LIFO, VMALLOC, 24),
	DBG_SHAPE(SPINLOCK, FIFO, PAGES, 1),
	DBG_SHAPE(SPINLOCK, LOWEST, PAGES, 100),
	DBG_SHAPE(NONE, LIFO, PAGES, 64),
};

/* Pools in which one task may wait for what another frees. */
static struct dbg_shape dbg_shared[] = {
	DBG_SHAPE(SPINLOCK, LIFO, PAGES, 64),
	DBG_SHAPE(SPINLOCK, LOWEST, VMALLOC, 24),
	DBG_SHAPE(PERCPU, LIFO, VMALLOC, 64),
};

static void dbg_desc(struct dbg_shape *s, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s/%s/%s/%zu", fa_sync_word[s->sync],
		 fa_order_word[s->order], fa_backing_word[s->backing], s->size);
}

KUNIT_ARRAY_PARAM(dbg, dbg_shapes, dbg_desc);
KUNIT_ARRAY_PARAM(dbg_serial, dbg_serials, dbg_desc);
KUNIT_ARRAY_PARAM(dbg_shared, dbg_shared, dbg_desc);

static struct fastalloc_config dbg_config(struct kunit *test, unsigned int flags)
{
	const struct dbg_shape *s = test->param_value;

	return fa_config(.obj_size = s->size, .capacity = DBG_CAPACITY, .magazine = 2,
			 .sync = s->sync, .order = s->order, .backing = s->backing,
			 .flags = flags);
}

static struct fastalloc_pool *dbg_pool(struct kunit *test, unsigned int flags)
{
	return fa_pool_of(test, dbg_config(test, flags));
}

static u64 dbg_violations(struct fastalloc_pool *pool)
{
	struct fastalloc_stats s;

	fastalloc_pool_stats(pool, &s);
	return s.violations;
}

#define dbg_expect(what)	fa_expect_splat("fault in pool kunit: " what)

/*
 * A stray write that KASAN does not see: the case tests the checks that work without
 * KASAN.
 */
static noinline __no_sanitize_address void dbg_poke(u8 *p, u8 value)
{
	WRITE_ONCE(*p, value);
}

static noinline __no_sanitize_address u8 dbg_peek(const u8 *p)
{
	return READ_ONCE(*p);
}

static bool dbg_all_are(const u8 *p, u8 value, size_t n)
{
	while (n--)
		if (dbg_peek(p++) != value)
			return false;
	return true;
}

static int dbg_cmp(const void *a, const void *b)
{
	const void *x = *(void **)a, *y = *(void **)b;

	return x < y ? -1 : x > y;
}

/*
 * Drains the pool, of which @out objects are out and not held by the case. All others
 * must be there, none may overlap another, and no fault may be reported.
 */
static void dbg_sound(struct kunit *test, struct fastalloc_pool *pool,
		      size_t size, unsigned int out)
{
	struct fa_fix *fix = test->priv;
	u64 violations = dbg_violations(pool);
	struct fastalloc_stats s;
	unsigned int n, i;
	void **objs;

	fa_drain(test, pool, GFP_KERNEL);
	n = fix->nr_held;
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.in_use, (unsigned long)n + out);
	KUNIT_EXPECT_GE(test, s.in_use, s.capacity);
	KUNIT_EXPECT_LE(test, s.in_use, s.total);

	objs = kvmalloc_array(n, sizeof(*objs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, objs);
	for (i = 0; i < n; i++) {
		objs[i] = fix->held[i].obj;
		memset(objs[i], 0x5a, size);
	}
	sort(objs, n, sizeof(*objs), dbg_cmp, NULL);
	for (i = 1; i < n; i++)
		KUNIT_EXPECT_GE(test, (size_t)(objs[i] - objs[i - 1]), size);
	kvfree(objs);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), (unsigned long)out);
	KUNIT_EXPECT_EQ(test, dbg_violations(pool), violations);
}

enum dbg_where { DBG_TASK, DBG_SOFTIRQ, DBG_HARDIRQ, DBG_WHERES };

/**
 * struct dbg_call - one call, made in some context
 * @irq: makes the call in hardirq
 * @tasklet: makes the call in softirq
 * @pool: the pool
 * @obj: object to free; NULL: allocate, and store the result here
 */
struct dbg_call {
	struct irq_work		irq;
	struct tasklet_struct	tasklet;
	struct fastalloc_pool	*pool;
	void			*obj;
};

static void dbg_call_now(struct dbg_call *c)
{
	if (c->obj)
		fastalloc_free(c->pool, c->obj);
	else
		c->obj = fastalloc_alloc(c->pool, GFP_ATOMIC);
}

static void dbg_call_irq(struct irq_work *irq)
{
	dbg_call_now(container_of(irq, struct dbg_call, irq));
}

static void dbg_call_tasklet(struct tasklet_struct *t)
{
	dbg_call_now(container_of(t, struct dbg_call, tasklet));
}

/* Makes the call in that context and returns when it is over. */
static void *dbg_call(enum dbg_where where, struct fastalloc_pool *pool, void *obj)
{
	struct dbg_call c = { .pool = pool, .obj = obj };

	switch (where) {
	case DBG_SOFTIRQ:
		tasklet_setup(&c.tasklet, dbg_call_tasklet);
		tasklet_schedule(&c.tasklet);
		/* tasklet_kill() waits for a scheduled tasklet to run. */
		tasklet_kill(&c.tasklet);
		break;
	case DBG_HARDIRQ:
		c.irq = IRQ_WORK_INIT_HARD(dbg_call_irq);
		irq_work_queue(&c.irq);
		irq_work_sync(&c.irq);
		break;
	default:
		dbg_call_now(&c);
		break;
	}
	return c.obj;
}

static const unsigned int dbg_flags[] = {
	FASTALLOC_F_CHECK, FASTALLOC_F_DEBUG,
};

/* Promise: a double free is detected and refused and does no harm, from any context. */
static void debug_double_free(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_pool *pool;
	unsigned int f, where;
	u64 seen = 0;
	void *obj, *other;

	for (f = 0; f < ARRAY_SIZE(dbg_flags); f++, seen = 0) {
		pool = dbg_pool(test, dbg_flags[f]);
		other = fa_must_get(test, pool, GFP_KERNEL);
		for (where = 0; where < DBG_WHERES; where++) {
			obj = fa_must_get(test, pool, GFP_KERNEL);
			fa_unhold(test, obj);
			dbg_call(where, pool, obj);
			KUNIT_EXPECT_EQ(test, dbg_violations(pool), seen);
			dbg_expect("double free");
			dbg_call(where, pool, obj);
			KUNIT_EXPECT_EQ(test, dbg_violations(pool), ++seen);
			KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
		}
		fa_put(test, pool, other);
		dbg_sound(test, pool, s->size, 0);
		fa_pool_gone(test, pool);
	}
}

/* Promise: the same for a pointer that is not an object, or an object of another pool. */
static void debug_no_object(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_config cfg = dbg_config(test, FASTALLOC_F_CHECK);
	struct fastalloc_pool *pool = fa_pool(test, &cfg), *other;
	u64 foreign = 0, seen = 0;
	void *obj, *its;
	unsigned int where;

	cfg.name = "kunit-other";
	other = fa_pool(test, &cfg);
	its = fa_must_get(test, other, GFP_KERNEL);
	obj = fa_must_get(test, pool, GFP_KERNEL);
	for (where = 0; where < DBG_WHERES; where++) {
		dbg_expect("free of a foreign pointer");
		dbg_call(where, pool, &foreign);
		KUNIT_EXPECT_EQ(test, dbg_violations(pool), ++seen);
		dbg_expect("free of a foreign pointer");
		dbg_call(where, pool, its);
		KUNIT_EXPECT_EQ(test, dbg_violations(pool), ++seen);
		if (s->size > 1) {
			dbg_expect("free of a pointer into an object");
			dbg_call(where, pool, obj + 1);
			KUNIT_EXPECT_EQ(test, dbg_violations(pool), ++seen);
		}
	}
	KUNIT_EXPECT_EQ(test, dbg_violations(other), 0ULL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(other), 1UL);
	memset(obj, 0x11, s->size);
	memset(its, 0x22, s->size);
	fa_put(test, pool, obj);
	fa_put(test, other, its);
	dbg_sound(test, pool, s->size, 0);
	dbg_sound(test, other, s->size, 0);
}

/* Promise: a bulk free refuses what is wrong and frees the rest. */
static void debug_bulk(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_pool *pool = dbg_pool(test, FASTALLOC_F_DEBUG);
	u64 foreign;
	void *objs[6];
	unsigned int got;

	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 4, objs);
	KUNIT_ASSERT_EQ(test, got, 4U);
	objs[4] = objs[1];
	objs[5] = &foreign;
	dbg_expect("double free");
	dbg_expect("free of a foreign pointer");
	fastalloc_free_bulk(pool, 6, objs);
	KUNIT_EXPECT_EQ(test, dbg_violations(pool), 2ULL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	dbg_sound(test, pool, s->size, 0);
}

/* Promise: a byte written past the end is detected when the object is freed. */
static void debug_past_end(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_pool *pool = dbg_pool(test, FASTALLOC_F_REDZONE);
	unsigned int where;
	u64 seen = 0;
	u8 *obj;

	for (where = 0; where < DBG_WHERES; where++) {
		obj = fa_must_get(test, pool, GFP_KERNEL);
		memset(obj, 0xff, s->size);
		dbg_poke(obj + s->size, 0);
		fa_unhold(test, obj);
		dbg_expect("written past its end");
		dbg_call(where, pool, obj);
		KUNIT_EXPECT_EQ(test, dbg_violations(pool), ++seen);
		/* It was a valid object, so it was freed. */
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	}

	obj = fa_must_get(test, pool, GFP_KERNEL);
	fa_put(test, pool, obj);
	dbg_poke(obj + s->size, 0);
	dbg_expect("written past its end after free");
	fa_drain(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, dbg_violations(pool), ++seen);
	fa_put_all(test);
	dbg_sound(test, pool, s->size, 0);
}

/* Promise: a write to a free object is detected when the object is allocated again. */
static void debug_after_free(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_pool *pool = dbg_pool(test, FASTALLOC_F_POISON);
	size_t at[] = { 0, s->size / 2, s->size - 1 };
	u64 seen = 0;
	unsigned int i;
	u8 *obj;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		obj = fa_must_get(test, pool, GFP_KERNEL);
		memset(obj, 0, s->size);
		fa_put(test, pool, obj);
		dbg_poke(obj + at[i], 0x42);
		dbg_expect("written after free");
		fa_drain(test, pool, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, dbg_violations(pool), ++seen);
		fa_put_all(test);
		/* Reported once. */
		dbg_sound(test, pool, s->size, 0);
	}
	obj = fa_must_get(test, pool, GFP_KERNEL);
	fa_put(test, pool, obj);
	dbg_poke(obj, 0x42);
	dbg_expect("written after free");
	fa_pool_gone(test, pool);
}

/*
 * Promise: an allocation in an interrupt detects it, too. Without PERCPU, as it must be
 * known which object is next.
 */
static void debug_after_free_irq(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_config cfg = dbg_config(test, FASTALLOC_F_DEBUG);
	struct fastalloc_pool *pool;
	unsigned int where;
	u64 seen = 0;
	u8 *obj, *got;

	/* A single object, so that it is the next one allocated. */
	cfg.capacity = 1;
	pool = fa_pool(test, &cfg);
	for (where = 0; where < DBG_WHERES; where++) {
		obj = fa_must_get(test, pool, GFP_KERNEL);
		fa_put(test, pool, obj);
		dbg_poke(obj, 0x42);
		dbg_expect("written after free");
		got = dbg_call(where, pool, NULL);
		KUNIT_EXPECT_PTR_EQ(test, got, obj);
		KUNIT_EXPECT_EQ(test, dbg_violations(pool), ++seen);
		fastalloc_free(pool, got);
	}
	dbg_sound(test, pool, s->size, 0);
}

struct dbg_churn {
	struct irq_work		irq;
	struct fastalloc_pool	*pool;
	size_t			size;
	void			*left[4];
	unsigned int		turns;
};

static void dbg_churn_irq(struct irq_work *irq)
{
	struct dbg_churn *c = container_of(irq, struct dbg_churn, irq);
	unsigned int i = c->turns++ % ARRAY_SIZE(c->left);

	if (c->left[i]) {
		fastalloc_free(c->pool, c->left[i]);
		c->left[i] = NULL;
		return;
	}
	c->left[i] = fastalloc_alloc(c->pool, GFP_ATOMIC);
	if (c->left[i])
		memset(c->left[i], 0xa5, c->size);
}

/* Random valid use. Objects are aligned to @align; 0: natural alignment. */
static void dbg_churn(struct kunit *test, size_t align)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_config cfg = dbg_config(test, FASTALLOC_F_DEBUG);
	struct dbg_churn *c = fa_mem(test, sizeof(*c));
	void **objs = fa_mem(test, 32 * sizeof(*objs));
	struct rnd_state rnd;
	unsigned int i, j;

	cfg.align = align;
	cfg.growth = FASTALLOC_GROWTH_LINEAR;
	cfg.growth_amount = 5;
	cfg.max_capacity = 3 * DBG_CAPACITY;
	c->pool = fa_pool(test, &cfg);
	c->size = s->size;
	c->irq = IRQ_WORK_INIT_HARD(dbg_churn_irq);
	prandom_seed_state(&rnd, 4);
	for (i = 0; i < 3000; i++) {
		u32 r = prandom_u32_state(&rnd);

		j = r / 64 % 32;
		if (objs[j]) {
			fastalloc_free(c->pool, objs[j]);
			objs[j] = NULL;
		} else if (r % 4) {
			objs[j] = fastalloc_alloc(c->pool, r % 8 == 1 ? GFP_KERNEL | __GFP_ZERO :
								       GFP_KERNEL);
			if (objs[j])
				memset(objs[j], r, s->size);
		} else if (j < 24) {
			void *bulk[6];

			if (fastalloc_alloc_bulk(c->pool, GFP_KERNEL, 6, bulk)) {
				memset(bulk[3], 0, s->size);
				fastalloc_free_bulk(c->pool, 6, bulk);
			}
		}
		if (r % 512 == 7)
			fastalloc_pool_trim(c->pool);
		/* The owner of a NONE pool must keep this interrupt out. */
		if (r % 16 == 2 && s->sync != FASTALLOC_SYNC_NONE)
			irq_work_queue(&c->irq);
		if (!(i % 192)) {
			irq_work_queue(&c->irq);
			irq_work_sync(&c->irq);
		}
	}
	irq_work_sync(&c->irq);
	for (j = 0; j < 32; j++)
		fastalloc_free(c->pool, objs[j]);
	for (j = 0; j < ARRAY_SIZE(c->left); j++)
		fastalloc_free(c->pool, c->left[j]);
	KUNIT_EXPECT_GT(test, c->turns, 12U);
	KUNIT_EXPECT_EQ(test, dbg_violations(c->pool), 0ULL);
	dbg_sound(test, c->pool, s->size, 0);
	fa_pool_gone(test, c->pool);
}

/*
 * Promise: with all checks on, correct use causes no report; nor does it if each object
 * has a page of its own, so that chunks of five are added and freed.
 */
static void debug_no_false_alarm(struct kunit *test)
{
	dbg_churn(test, 0);
	dbg_churn(test, PAGE_SIZE);
}

/*
 * The constructed contents of an object, which depend on its address and must not
 * change.
 */
static void dbg_mark(void *obj, size_t size)
{
	memset(obj, (unsigned long)obj / 8 | 1, size);
}

struct dbg_made {
	size_t		size;
	bool		odd;
	atomic_t	acquired;
	atomic_t	released;
};

static int dbg_ctor(void *obj, void *arg)
{
	dbg_mark(obj, ((struct dbg_made *)arg)->size);
	return 0;
}

static bool dbg_marked(const u8 *obj, size_t size)
{
	return dbg_all_are(obj, (u8)((unsigned long)obj / 8 | 1), size);
}

static void dbg_dtor(void *obj, void *arg)
{
	struct dbg_made *m = arg;

	if (!dbg_marked(obj, m->size))
		m->odd = true;
}

static void dbg_acquire(void *obj, void *arg)
{
	atomic_inc(&((struct dbg_made *)arg)->acquired);
}

static void dbg_release(void *obj, void *arg)
{
	atomic_inc(&((struct dbg_made *)arg)->released);
}

/* Promise: checks leave constructed objects constructed. */
static void debug_stays_constructed(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_config cfg = dbg_config(test, FASTALLOC_F_DEBUG);
	struct dbg_made *m = fa_mem(test, sizeof(*m));
	struct fa_fix *fix = test->priv;
	struct fastalloc_pool *pool;
	unsigned int turn, i;

	m->size = s->size;
	cfg.ctor = dbg_ctor;
	cfg.dtor = dbg_dtor;
	cfg.arg = m;
	pool = fa_pool(test, &cfg);
	for (turn = 0; turn < 3; turn++) {
		fa_drain(test, pool, GFP_KERNEL);
		for (i = 0; i < fix->nr_held; i++)
			KUNIT_EXPECT_TRUE(test, dbg_marked(fix->held[i].obj, s->size));
		fa_put_all(test);
	}
	KUNIT_EXPECT_EQ(test, dbg_violations(pool), 0ULL);
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_FALSE(test, m->odd);
}

/* Promise: a refused free does not reach on_release. */
static void debug_hooks(struct kunit *test)
{
	struct fastalloc_config cfg = dbg_config(test, FASTALLOC_F_CHECK);
	struct dbg_made *m = fa_mem(test, sizeof(*m));
	struct fastalloc_pool *pool;
	void *obj;

	cfg.on_acquire = dbg_acquire;
	cfg.on_release = dbg_release;
	cfg.arg = m;
	pool = fa_pool(test, &cfg);
	obj = fa_must_get(test, pool, GFP_KERNEL);
	fa_put(test, pool, obj);
	dbg_expect("double free");
	fastalloc_free(pool, obj);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->acquired), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->released), 1);
}

/* Growth of a NONE pool, during which another thread calls. */
struct dbg_clash {
	struct fastalloc_pool	*pool;
	struct task_struct	*task;
	struct completion	inside;
	struct completion	go;
	struct completion	done;
	void			*got;
	void			*nested;
	bool			nest;
	bool			hook;
};

static unsigned long dbg_clash_growth(unsigned long capacity, void *arg)
{
	struct dbg_clash *c = arg;

	/* The worker may ask, too. */
	if (current != c->task)
		return 0;
	if (c->nest) {
		c->nested = fastalloc_alloc(c->pool, GFP_KERNEL);
		return 4;
	}
	complete(&c->inside);
	wait_for_completion(&c->go);
	return 4;
}

static int dbg_clash_thread(void *arg)
{
	struct dbg_clash *c = arg;

	WRITE_ONCE(c->task, current);
	c->got = fastalloc_alloc(c->pool, GFP_KERNEL);
	kthread_complete_and_exit(&c->done, 0);
	return 0;
}

/* Between the check of the object and the free itself another thread calls. */
static void dbg_clash_release(void *obj, void *arg)
{
	struct dbg_clash *c = arg;

	if (!c->hook)
		return;
	c->hook = false;
	if (!IS_ERR(kthread_run(dbg_clash_thread, c, "fa_clash")))
		wait_for_completion(&c->inside);
}

static struct dbg_clash *dbg_clash_new(struct kunit *test, void **objs,
				       unsigned int flags)
{
	struct dbg_clash *c = fa_mem(test, sizeof(*c));
	unsigned int i;

	init_completion(&c->inside);
	init_completion(&c->go);
	init_completion(&c->done);
	c->pool = fa_pool_of(test, fa_config(.capacity = 4, .max_capacity = 100,
					     .growth = FASTALLOC_GROWTH_CUSTOM,
					     .growth_fn = dbg_clash_growth,
					     .low_water = 1, .arg = c,
					     .sync = FASTALLOC_SYNC_NONE,
					     .on_release = dbg_clash_release,
					     .flags = FASTALLOC_F_DEBUG | flags));
	for (i = 0; i < 4; i++)
		objs[i] = fa_must_get(test, c->pool, GFP_KERNEL);
	return c;
}

/* Promise: if two threads use a NONE pool at once, the second one is refused. */
static void debug_two_threads(struct kunit *test)
{
	struct task_struct *thread;
	struct dbg_clash *c;
	unsigned int where;
	void *objs[4], *bulk[2];
	u64 seen = 0;

	c = dbg_clash_new(test, objs, 0);
	memset(objs[0], 0x33, 64);
	thread = kthread_run(dbg_clash_thread, c, "fa_clash");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	wait_for_completion(&c->inside);

	for (where = 0; where < DBG_WHERES; where++) {
		dbg_expect("used from two threads at once");
		KUNIT_EXPECT_NULL(test, dbg_call(where, c->pool, NULL));
		KUNIT_EXPECT_EQ(test, dbg_violations(c->pool), ++seen);
		dbg_expect("used from two threads at once");
		dbg_call(where, c->pool, objs[0]);
		KUNIT_EXPECT_EQ(test, dbg_violations(c->pool), ++seen);
	}
	dbg_expect("used from two threads at once");
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(c->pool, GFP_KERNEL, 2, bulk), 0U);
	KUNIT_EXPECT_EQ(test, dbg_violations(c->pool), ++seen);

	complete(&c->go);
	wait_for_completion(&c->done);
	KUNIT_EXPECT_NOT_NULL(test, c->got);
	/* Neither freed nor changed. */
	KUNIT_EXPECT_TRUE(test, dbg_all_are(objs[0], 0x33, 64));
	if (c->got)
		fa_hold(test, c->pool, c->got);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, dbg_violations(c->pool), seen);
	dbg_sound(test, c->pool, 64, 0);
}

/*
 * Promise: the same if the second one calls in the middle of a free, which is then
 * undone.
 */
static void dbg_two_threads_free(struct kunit *test, unsigned int flags)
{
	struct dbg_clash *c;
	void *objs[4];

	c = dbg_clash_new(test, objs, flags);
	c->hook = true;
	dbg_expect("used from two threads at once");
	fastalloc_free(c->pool, objs[0]);
	KUNIT_ASSERT_NOT_NULL(test, READ_ONCE(c->task));
	KUNIT_EXPECT_EQ(test, dbg_violations(c->pool), 1ULL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(c->pool), 4UL);

	complete(&c->go);
	wait_for_completion(&c->done);
	KUNIT_EXPECT_NOT_NULL(test, c->got);
	if (c->got)
		fa_hold(test, c->pool, c->got);
	/* It stayed allocated, and can be freed now. */
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, dbg_violations(c->pool), 1ULL);
	dbg_sound(test, c->pool, 64, 0);
	fa_pool_gone(test, c->pool);
}

static void debug_two_threads_free(struct kunit *test)
{
	dbg_two_threads_free(test, 0);
	dbg_two_threads_free(test, FASTALLOC_F_HANDLES);
}

/* Promise: a nested call of the same thread is refused, too. */
static void debug_nested_call(struct kunit *test)
{
	struct dbg_clash *c;
	void *objs[4];

	c = dbg_clash_new(test, objs, 0);
	c->nest = true;
	c->task = current;
	dbg_expect("a call inside another");
	fa_must_get(test, c->pool, GFP_KERNEL);
	KUNIT_EXPECT_NULL(test, c->nested);
	KUNIT_EXPECT_EQ(test, dbg_violations(c->pool), 1ULL);
	c->task = NULL;
	fa_put_all(test);
	dbg_sound(test, c->pool, 64, 0);
}

/* Promise: the owner's own calls are checked as well. */
static void debug_owner(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = DBG_CAPACITY,
					   .sync = FASTALLOC_SYNC_NONE,
					   .flags = FASTALLOC_F_DEBUG));
	u8 *obj = __fastalloc_alloc(pool, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	dbg_poke(obj + 64, 0);
	dbg_expect("written past its end");
	__fastalloc_free(pool, obj);
	dbg_expect("double free");
	__fastalloc_free(pool, obj);
	dbg_poke(obj + 1, 0);
	dbg_expect("written after free");
	KUNIT_EXPECT_PTR_EQ(test, __fastalloc_alloc(pool, GFP_KERNEL), (void *)obj);
	__fastalloc_free(pool, obj);
	KUNIT_EXPECT_EQ(test, dbg_violations(pool), 3ULL);
	dbg_sound(test, pool, 64, 0);
}

/* Promise: a contiguous run is freed only if all of its objects are out. */
static void debug_contig(struct kunit *test)
{
	struct fastalloc_config cfg = {
		.name = "kunit", .obj_size = 48, .capacity = DBG_CAPACITY,
		.sync = FASTALLOC_SYNC_SPINLOCK, .order = FASTALLOC_ORDER_LOWEST,
		.flags = FASTALLOC_F_CONTIG | FASTALLOC_F_DEBUG,
	};
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	u8 *run = fastalloc_alloc_contig(pool, GFP_KERNEL, 8);

	fa_allow_refusal();
	KUNIT_ASSERT_NOT_NULL(test, run);
	/* Objects of a run are adjacent without a gap, with any checks. */
	memset(run, 0x77, 8 * 48);
	fastalloc_free(pool, run + 3 * 48);
	fastalloc_free_contig(pool, run, 8);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 7UL);
	dbg_expect("double free");
	fastalloc_free(pool, run + 3 * 48);
	fastalloc_free_contig(pool, run, 3);
	fastalloc_free_contig(pool, run + 4 * 48, 4);
	KUNIT_EXPECT_EQ(test, dbg_violations(pool), 1ULL);
	dbg_poke(run + 40, 0);
	dbg_expect("written after free");
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_alloc_contig(pool, GFP_KERNEL, 2), (void *)run);
	KUNIT_EXPECT_EQ(test, dbg_violations(pool), 2ULL);
	fastalloc_free_contig(pool, run, 2);
	dbg_sound(test, pool, 48, 0);
}

/* Promise: with DROP_LIVE destroy releases the objects that are out, then frees them. */
static void debug_destroy(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_config cfg = dbg_config(test, FASTALLOC_F_DEBUG |
						 FASTALLOC_F_DROP_LIVE);
	struct dbg_made *m = fa_mem(test, sizeof(*m));
	struct fastalloc_pool *pool;
	unsigned int i;

	m->size = s->size;
	cfg.ctor = dbg_ctor;
	cfg.dtor = dbg_dtor;
	cfg.on_release = dbg_release;
	cfg.arg = m;
	pool = fa_pool(test, &cfg);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_NOT_NULL(test, fastalloc_alloc(pool, GFP_KERNEL));
	fa_expect_splat("pool kunit destroyed with 3 objects out");
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->released), 3);
	KUNIT_EXPECT_FALSE(test, m->odd);
}

/* Promise: by default the memory of objects that are out stays. */
static void debug_keeps_live(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_config cfg = dbg_config(test, 0);
	struct dbg_made *m = fa_mem(test, sizeof(*m));
	struct fastalloc_pool *pool;
	u8 *objs[3], *chunk;
	unsigned int i, turn;

	cfg.on_release = dbg_release;
	cfg.arg = m;
	/* A chunk is a page, so the case knows what to free in the end. */
	cfg.capacity = 3;
	for (turn = 0; turn < 2; turn++) {
		cfg.flags |= turn ? FASTALLOC_F_DEBUG : 0;
		pool = fa_pool(test, &cfg);
		for (i = 0; i < 3; i++) {
			objs[i] = fastalloc_alloc(pool, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, objs[i]);
			memset(objs[i], 0x40 + i, s->size);
		}
		chunk = PTR_ALIGN_DOWN(objs[0], PAGE_SIZE);
		for (i = 1; i < 3; i++)
			KUNIT_ASSERT_PTR_EQ(test, chunk, PTR_ALIGN_DOWN(objs[i], PAGE_SIZE));
		fa_expect_splat("pool kunit destroyed with 3 objects out");
		fa_pool_gone(test, pool);
		KUNIT_EXPECT_EQ(test, atomic_read(&m->released), 0);
		for (i = 0; i < 3; i++) {
			KUNIT_EXPECT_TRUE(test, !memchr_inv(objs[i], 0x40 + i, s->size));
			memset(objs[i], 0, s->size);
		}
		if (is_vmalloc_addr(chunk))
			vfree(chunk);
		else
			free_page((unsigned long)chunk);
	}
}

struct dbg_waiter {
	struct fastalloc_pool	*pool;
	struct completion	done;
	void			*got;
	bool			killable;
};

static int dbg_waiter_thread(void *arg)
{
	struct dbg_waiter *w = arg;

	w->got = w->killable ?
		fastalloc_alloc_killable(w->pool, GFP_KERNEL, MAX_SCHEDULE_TIMEOUT) :
		fastalloc_alloc_timeout(w->pool, GFP_KERNEL, MAX_SCHEDULE_TIMEOUT);
	kthread_complete_and_exit(&w->done, 0);
	return 0;
}

static u64 dbg_waits(struct fastalloc_pool *pool)
{
	struct fastalloc_stats s;

	fastalloc_pool_stats(pool, &s);
	return s.waits;
}

/* Promise: waiters get NULL when the pool is destroyed. */
static void debug_destroy_waiters(struct kunit *test)
{
	struct dbg_waiter *w = fa_mem(test, 3 * sizeof(*w));
	struct fa_fix *fix = test->priv;
	struct task_struct *thread;
	struct fastalloc_pool *pool;
	unsigned int i, n;

	pool = dbg_pool(test, FASTALLOC_F_CHECK | FASTALLOC_F_DROP_LIVE);
	n = fa_drain(test, pool, GFP_KERNEL);
	fix->nr_held = 0;
	for (i = 0; i < 3; i++) {
		w[i].pool = pool;
		w[i].got = pool;
		w[i].killable = i == 1;
		init_completion(&w[i].done);
		thread = kthread_run(dbg_waiter_thread, &w[i], "fa_waiter");
		KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	}
	KUNIT_ASSERT_TRUE(test, fa_await(dbg_waits(pool) == 3));
	fa_expect_splat("pool kunit destroyed with %u objects out", n);
	fa_pool_gone(test, pool);
	for (i = 0; i < 3; i++) {
		wait_for_completion(&w[i].done);
		KUNIT_EXPECT_NULL(test, w[i].got);
	}
}

struct dbg_rcu_obj {
	u64				word;
	struct fastalloc_rcu_head	rcu;
};

/*
 * Promise: an object freed after a grace period counts as out until then; destroy waits
 * for it.
 */
static void debug_free_rcu(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_config cfg = dbg_config(test, FASTALLOC_F_CHECK);
	struct dbg_made *m = fa_mem(test, sizeof(*m));
	struct fastalloc_pool *pool;
	struct dbg_rcu_obj *obj;
	unsigned int i;

	cfg.obj_size = sizeof(*obj);
	cfg.on_release = dbg_release;
	cfg.arg = m;
	pool = fa_pool(test, &cfg);
	fastalloc_free_rcu(pool, NULL, NULL);
	obj = fastalloc_alloc(pool, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	obj->word = 42;
	if (s->sync == FASTALLOC_SYNC_NONE) {
		fastalloc_free_rcu(pool, obj, &obj->rcu);
		rcu_barrier();
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
		KUNIT_EXPECT_EQ(test, obj->word, 42ULL);
		fastalloc_free(pool, obj);
		dbg_sound(test, pool, sizeof(*obj), 0);
		return;
	}
	rcu_read_lock();
	fastalloc_free_rcu(pool, obj, &obj->rcu);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->released), 0);
	KUNIT_EXPECT_EQ(test, READ_ONCE(obj->word), 42ULL);
	rcu_read_unlock();
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->released), 1);
	dbg_sound(test, pool, sizeof(*obj), 0);

	atomic_set(&m->released, 0);
	for (i = 0; i < DBG_CAPACITY; i++) {
		obj = fastalloc_alloc(pool, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		fastalloc_free_rcu(pool, obj, &obj->rcu);
	}
	/* No report about objects that are out. */
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->released), DBG_CAPACITY);
}

/* Whether an object that was filled and freed is zero throughout now. */
static bool dbg_zero_in_pool(struct kunit *test, struct fastalloc_pool *pool,
			     size_t size)
{
	u8 *obj = fa_must_get(test, pool, GFP_KERNEL);

	memset(obj, 0x99, size);
	fa_put(test, pool, obj);
	return dbg_all_are(obj, 0, size);
}

/* Whether all objects are zero when allocated, though they were filled when freed. */
static bool dbg_zero_on_alloc(struct kunit *test, struct fastalloc_pool *pool,
			      size_t size)
{
	struct fa_fix *fix = test->priv;
	bool zero = true;
	unsigned int i;

	fa_drain(test, pool, GFP_KERNEL);
	for (i = 0; i < fix->nr_held; i++)
		memset(fix->held[i].obj, 0x99, size);
	fa_put_all(test);
	fa_drain(test, pool, GFP_KERNEL);
	for (i = 0; i < fix->nr_held; i++)
		zero &= dbg_all_are(fix->held[i].obj, 0, size);
	fa_put_all(test);
	return zero;
}

/*
 * The same with bulk calls: of freed objects, or unless @in_pool, of objects allocated
 * again.
 */
static bool dbg_zero_by_bulk(struct kunit *test, struct fastalloc_pool *pool,
			     size_t size, bool in_pool)
{
	void *objs[DBG_CAPACITY / 2];
	bool zero = true;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, fastalloc_alloc_bulk(pool, GFP_KERNEL, ARRAY_SIZE(objs), objs),
			(unsigned int)ARRAY_SIZE(objs));
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		memset(objs[i], 0x99, size);
	fastalloc_free_bulk(pool, ARRAY_SIZE(objs), objs);
	if (!in_pool)
		KUNIT_ASSERT_EQ(test, fastalloc_alloc_bulk(pool, GFP_KERNEL,
							   ARRAY_SIZE(objs), objs),
				(unsigned int)ARRAY_SIZE(objs));
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		zero &= dbg_all_are(objs[i], 0, size);
	if (!in_pool)
		fastalloc_free_bulk(pool, ARRAY_SIZE(objs), objs);
	return zero;
}

/* Promise: objects are zeroed on alloc, on free, or not at all, as the config says. */
static void debug_zeroing(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_pool *pool;

	pool = dbg_pool(test, FASTALLOC_F_INIT_ON_ALLOC);
	KUNIT_EXPECT_FALSE(test, dbg_zero_in_pool(test, pool, s->size));
	KUNIT_EXPECT_TRUE(test, dbg_zero_on_alloc(test, pool, s->size));
	KUNIT_EXPECT_FALSE(test, dbg_zero_by_bulk(test, pool, s->size, true));
	KUNIT_EXPECT_TRUE(test, dbg_zero_by_bulk(test, pool, s->size, false));
	fa_pool_gone(test, pool);
	pool = dbg_pool(test, FASTALLOC_F_INIT_ON_FREE);
	KUNIT_EXPECT_TRUE(test, dbg_zero_in_pool(test, pool, s->size));
	KUNIT_EXPECT_TRUE(test, dbg_zero_on_alloc(test, pool, s->size));
	KUNIT_EXPECT_TRUE(test, dbg_zero_by_bulk(test, pool, s->size, true));
	KUNIT_EXPECT_TRUE(test, dbg_zero_by_bulk(test, pool, s->size, false));
	fa_pool_gone(test, pool);
	pool = dbg_pool(test, FASTALLOC_F_NO_INIT);
	KUNIT_EXPECT_FALSE(test, dbg_zero_in_pool(test, pool, s->size));
	KUNIT_EXPECT_FALSE(test, dbg_zero_on_alloc(test, pool, s->size));
	KUNIT_EXPECT_FALSE(test, dbg_zero_by_bulk(test, pool, s->size, true));
	KUNIT_EXPECT_FALSE(test, dbg_zero_by_bulk(test, pool, s->size, false));
	fa_pool_gone(test, pool);
	/* Free objects hold poison, and are zeroed when allocated. */
	pool = dbg_pool(test, FASTALLOC_F_DEBUG | FASTALLOC_F_INIT_ON_ALLOC |
			      FASTALLOC_F_INIT_ON_FREE);
	KUNIT_EXPECT_FALSE(test, dbg_zero_in_pool(test, pool, s->size));
	KUNIT_EXPECT_TRUE(test, dbg_zero_on_alloc(test, pool, s->size));
	KUNIT_EXPECT_EQ(test, dbg_violations(pool), 0ULL);
}

/**
 * struct dbg_last - record of a destructor
 * @size: bytes of an object
 * @seen: objects destructed
 * @zero: those of them that were zero
 */
struct dbg_last {
	size_t			size;
	unsigned int		seen;
	unsigned int		zero;
};

/* Counts the object, and whether it is zero. Its memory is about to be freed. */
static void dbg_look_at_last(void *obj, void *arg)
{
	struct dbg_last *last = arg;

	last->seen++;
	last->zero += dbg_all_are(obj, 0, last->size);
}

/* Promise: an object that is out on destroy is zeroed with INIT_ON_FREE. */
static void debug_zeroing_destroy(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct dbg_last *last = fa_mem(test, sizeof(*last));
	struct fastalloc_config cfg = dbg_config(test, FASTALLOC_F_INIT_ON_FREE |
						 FASTALLOC_F_DROP_LIVE);
	struct fastalloc_pool *pool;
	unsigned int i, n;
	void *obj;

	last->size = s->size;
	cfg.dtor = dbg_look_at_last;
	cfg.arg = last;
	pool = fa_pool(test, &cfg);
	n = fa_drain(test, pool, GFP_KERNEL);
	for (i = 0; i < n; i++) {
		obj = ((struct fa_fix *)test->priv)->held[i].obj;
		memset(obj, 0x99, s->size);
	}
	((struct fa_fix *)test->priv)->nr_held = 0;
	fa_expect_splat("pool kunit destroyed with %u objects out", n);
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_GE(test, last->seen, n);
	KUNIT_EXPECT_EQ(test, last->zero, last->seen);
}

static void dbg_any_dtor(void *obj, void *arg)
{
}

/* Promise: a pool without flags for zeroing does as the kernel's slab caches do. */
static void debug_zeroing_default(struct kunit *test)
{
	const struct dbg_shape *s = test->param_value;
	struct fastalloc_config cfg = dbg_config(test, 0);
	struct dbg_made *m = fa_mem(test, sizeof(*m));
	bool on_alloc = want_init_on_alloc(0), on_free = want_init_on_free();
	struct fastalloc_pool *pool = fa_pool(test, &cfg);

	kunit_info(test, "the kernel zeroes on alloc: %d, on free: %d\n", on_alloc, on_free);
	KUNIT_EXPECT_EQ(test, dbg_zero_in_pool(test, pool, s->size), on_free);
	KUNIT_EXPECT_EQ(test, dbg_zero_on_alloc(test, pool, s->size), on_alloc || on_free);
	fa_pool_gone(test, pool);

	/* But constructed contents are never zeroed. */
	m->size = s->size;
	cfg.ctor = dbg_ctor;
	cfg.arg = m;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_FALSE(test, dbg_zero_in_pool(test, pool, s->size));
	KUNIT_EXPECT_FALSE(test, dbg_zero_on_alloc(test, pool, s->size));
	fa_pool_gone(test, pool);

	/* Nor is what a destructor will find. */
	cfg.ctor = NULL;
	cfg.dtor = dbg_any_dtor;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_FALSE(test, dbg_zero_in_pool(test, pool, s->size));
	KUNIT_EXPECT_EQ(test, dbg_zero_on_alloc(test, pool, s->size), on_alloc);
	fa_pool_gone(test, pool);

	/* Nor is an object that RCU readers may still read. */
	cfg.dtor = NULL;
	cfg.flags = FASTALLOC_F_TYPESAFE_BY_RCU | FASTALLOC_F_DEBUG;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_FALSE(test, dbg_zero_in_pool(test, pool, s->size));
	KUNIT_EXPECT_FALSE(test, dbg_zero_on_alloc(test, pool, s->size));
}

static struct kunit_case debug_cases[] = {
	KUNIT_CASE_PARAM(debug_double_free, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_no_object, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_bulk, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_past_end, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_after_free, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_after_free_irq, dbg_serial_gen_params),
	KUNIT_CASE_PARAM(debug_no_false_alarm, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_stays_constructed, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_hooks, dbg_gen_params),
	KUNIT_CASE(debug_two_threads),
	KUNIT_CASE(debug_two_threads_free),
	KUNIT_CASE(debug_nested_call),
	KUNIT_CASE(debug_owner),
	KUNIT_CASE(debug_contig),
	KUNIT_CASE_PARAM(debug_destroy, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_keeps_live, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_destroy_waiters, dbg_shared_gen_params),
	KUNIT_CASE_PARAM(debug_free_rcu, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_zeroing, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_zeroing_destroy, dbg_gen_params),
	KUNIT_CASE_PARAM(debug_zeroing_default, dbg_gen_params),
	{ }
};

static struct kunit_suite debug_suite = {
	.name = "fastalloc_debug",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = debug_cases,
};

kunit_test_suite(debug_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of checks, zeroing and destroy");
MODULE_LICENSE("GPL");
