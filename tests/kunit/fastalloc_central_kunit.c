// SPDX-License-Identifier: GPL-2.0
/*
 * SPINLOCK and NONE pools: which object comes next, the inline calls for owners of NONE
 * pools, and calls on a SPINLOCK pool from tasks, softirqs and hardirqs at once.
 */
#include <linux/cpu.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/smp.h>
#include <linux/sort.h>
#include <linux/timer.h>

#include "fastalloc_test.h"

static struct fa_combo order_params[] = {
	FA_COMBO(SPINLOCK, LIFO, NONE, VMALLOC, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, NONE, VMALLOC, 64, 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, VMALLOC, 64, 0),
	FA_COMBO(SPINLOCK, LIFO, NONE, PAGES, 24, 0),
	FA_COMBO(SPINLOCK, FIFO, NONE, PAGES, 24, 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, PAGES, 24, 0),
	FA_COMBO(NONE, LIFO, NONE, VMALLOC, 1, 0),
	FA_COMBO(NONE, FIFO, NONE, VMALLOC, 1, 0),
	FA_COMBO(NONE, LOWEST, NONE, VMALLOC, 1, 0),
	FA_COMBO(NONE, LIFO, NONE, PAGES, 100, 0),
	FA_COMBO(NONE, FIFO, NONE, PAGES, 100, 0),
	FA_COMBO(NONE, LOWEST, NONE, PAGES, 100, 0),
};

KUNIT_ARRAY_PARAM(order, order_params, fa_combo_desc);

static int by_address(const void *a, const void *b)
{
	const char *l = *(char * const *)a, *r = *(char * const *)b;

	return l < r ? -1 : l > r;
}

#define MANY	1000

/* Promise: objects freed in any order are allocated in the order of the pool. */
static void central_order_exact(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, MANY, 0));
	void **objs = fa_mem(test, MANY * sizeof(*objs));
	unsigned int turn, i, n, bad = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 4711);
	KUNIT_ASSERT_EQ(test, fa_drain(test, pool, GFP_KERNEL), (unsigned int)MANY);
	for (i = 0; i < MANY; i++)
		objs[i] = ((struct fa_fix *)test->priv)->held[i].obj;
	for (turn = 0; turn < 5; turn++) {
		for (i = MANY; i-- > 1;) {
			unsigned int k = prandom_u32_state(&rnd) % (i + 1);

			swap(objs[i], objs[k]);
		}
		n = turn ? prandom_u32_state(&rnd) % MANY + 1 : MANY;
		for (i = 0; i < n; i++)
			fastalloc_free(pool, objs[i]);
		if (c->order == FASTALLOC_ORDER_LOWEST)
			sort(objs, n, sizeof(*objs), by_address, NULL);
		for (i = 0; i < n; i++) {
			void *want = objs[c->order == FASTALLOC_ORDER_LIFO ?
					  n - 1 - i : i];

			bad += fastalloc_alloc(pool, GFP_KERNEL) != want;
		}
		KUNIT_EXPECT_EQ(test, bad, 0U);
	}
}

/* Promise: never-used objects come last (LIFO), first (FIFO), by address (LOWEST). */
static void central_order_never_used(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 12, 0));
	struct fa_fix *fix = test->priv;
	void *first[5], *again[12], *want;
	unsigned int i, k;

	for (i = 0; i < 5; i++)
		first[i] = fa_must_get(test, pool, GFP_KERNEL);
	fa_put_all(test);
	KUNIT_ASSERT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 12U);
	for (i = 0; i < 12; i++)
		again[i] = fix->held[i].obj;

	for (i = 0; i < 12; i++) {
		bool used = false;

		for (k = 0; k < 5; k++)
			used |= again[i] == first[k];
		switch (c->order) {
		case FASTALLOC_ORDER_LIFO:
			want = i < 5 ? first[4 - i] : NULL;
			break;
		case FASTALLOC_ORDER_FIFO:
			want = i < 7 ? NULL : first[i - 7];
			break;
		default:
			want = used ? again[i] : NULL;
			KUNIT_EXPECT_TRUE(test, !i || again[i] > again[i - 1]);
			break;
		}
		KUNIT_EXPECT_EQ(test, used, !!want);
		if (want)
			KUNIT_EXPECT_PTR_EQ(test, again[i], want);
	}
}

/* Promise: the same rules hold for a chunk that growth adds meanwhile. */
static void central_order_of_new_chunk(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 8, 0);
	struct fastalloc_pool *pool;
	void *first[8], *obj, *last = NULL;
	unsigned int i, k;

	cfg.growth = FASTALLOC_GROWTH_LINEAR;
	cfg.growth_amount = 8;
	cfg.max_capacity = 16;
	cfg.low_water = 1;
	pool = fa_pool(test, &cfg);
	for (i = 0; i < 8; i++)
		first[i] = fa_must_get(test, pool, GFP_KERNEL);
	/* The pool grows for this object, which then stays free the longest. */
	obj = fa_must_get(test, pool, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, fastalloc_pool_capacity(pool), 16UL);
	fa_put(test, pool, obj);
	fa_put_all(test);

	for (i = 0; i < 16; i++) {
		bool old = false;

		obj = fa_must_get(test, pool, GFP_KERNEL);
		for (k = 0; k < 8; k++)
			old |= obj == first[k];
		switch (c->order) {
		case FASTALLOC_ORDER_LIFO:
			KUNIT_EXPECT_EQ(test, old, i < 8);
			if (i < 8)
				KUNIT_EXPECT_PTR_EQ(test, obj, first[7 - i]);
			break;
		case FASTALLOC_ORDER_FIFO:
			KUNIT_EXPECT_EQ(test, old, i >= 8);
			if (i >= 8)
				KUNIT_EXPECT_PTR_EQ(test, obj, first[i - 8]);
			break;
		default:
			KUNIT_EXPECT_TRUE(test, obj > last);
			last = obj;
			break;
		}
	}
}

/* Promise: a bulk takes the same objects as that many single calls. */
static void central_order_bulk(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, MANY, 0));
	void **objs = fa_mem(test, MANY * sizeof(*objs));
	void **got = fa_mem(test, MANY * sizeof(*got));
	unsigned int n = MANY / 3, nr, i, from;

	nr = fastalloc_alloc_bulk(pool, GFP_KERNEL, MANY, objs);
	KUNIT_ASSERT_EQ(test, nr, (unsigned int)MANY);
	sort(objs, MANY, sizeof(*objs), by_address, NULL);
	/* Freed from the highest to the lowest. */
	for (i = 0; i < MANY / 2; i++)
		swap(objs[i], objs[MANY - 1 - i]);
	fastalloc_free_bulk(pool, MANY, objs);

	nr = fastalloc_alloc_bulk(pool, GFP_KERNEL, n, got);
	KUNIT_ASSERT_EQ(test, nr, n);
	sort(got, n, sizeof(*got), by_address, NULL);
	from = c->order == FASTALLOC_ORDER_FIFO ? n - 1 : MANY - 1;
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_PTR_EQ(test, got[i], objs[from - i]);
	fastalloc_free_bulk(pool, n, got);
}

static struct fa_combo owned_params[] = {
	FA_COMBO(NONE, LIFO, NONE, AUTO, 64, 0),
	FA_COMBO(NONE, FIFO, NONE, AUTO, 64, 0),
	FA_COMBO(NONE, LOWEST, NONE, AUTO, 64, 0),
	FA_COMBO(SPINLOCK, LIFO, NONE, AUTO, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, NONE, AUTO, 64, 0),
};

KUNIT_ARRAY_PARAM(owned, owned_params, fa_combo_desc);

/*
 * Promise: __fastalloc_alloc() and __fastalloc_free() do what the plain calls do, in
 * the order of the pool, mixed with them in any way, across segments of the deque. The
 * counters are exact after each call.
 */
static void central_owned_mixed(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, MANY, 0));
	void **out = fa_mem(test, MANY * sizeof(*out));
	void **rest = fa_mem(test, MANY * sizeof(*rest));
	unsigned int turn, i, n, nr_out = 0, nr_rest = 0, bad = 0, failed = 0;
	bool lifo = c->order == FASTALLOC_ORDER_LIFO;
	struct fastalloc_stats s;
	u64 allocs = 0, frees = 0;
	unsigned long peak = 0;
	struct rnd_state rnd;
	void *obj;

	prandom_seed_state(&rnd, 815);
	for (turn = 0; turn < 400; turn++) {
		u32 how = prandom_u32_state(&rnd);

		n = how / 4 % (turn % 40 ? 50 : MANY) + 1;
		for (i = 0; how & 1 && i < n; i++) {
			obj = how & 2 ? __fastalloc_alloc(pool, GFP_ATOMIC) :
					fastalloc_alloc(pool, GFP_ATOMIC);
			if (!obj) {
				bad += nr_out != MANY;
				failed++;
				continue;
			}
			if (lifo && nr_rest)
				bad += obj != rest[--nr_rest];
			out[nr_out++] = obj;
			allocs++;
			peak = max_t(unsigned long, peak, nr_out);
		}
		for (i = 0; !(how & 1) && i < n && nr_out; i++) {
			obj = out[--nr_out];
			if (how & 2)
				__fastalloc_free(pool, obj);
			else
				fastalloc_free(pool, obj);
			rest[nr_rest++ % MANY] = obj;
			frees++;
		}
		fastalloc_pool_stats(pool, &s);
		bad += s.allocs != allocs || s.frees != frees || s.peak != peak ||
		       s.in_use != nr_out || s.failures != failed;
	}
	KUNIT_EXPECT_EQ(test, bad, 0U);
	KUNIT_EXPECT_GT(test, failed, 0U);
	while (nr_out)
		__fastalloc_free(pool, out[--nr_out]);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), (unsigned int)MANY);
}

/* Promise: these calls, too, refuse frees beyond the number of objects out. */
static void central_owned_over_free(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 4, 0));
	struct fastalloc_stats s;
	unsigned int i, turn;
	void *objs[4];

	fa_allow_refusal();
	__fastalloc_free(pool, NULL);
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < 4; i++)
			objs[i] = __fastalloc_alloc(pool, GFP_KERNEL);
		KUNIT_EXPECT_NULL(test, __fastalloc_alloc(pool, GFP_KERNEL));
		for (i = 0; i < 4; i++)
			__fastalloc_free(pool, objs[i]);
		__fastalloc_free(pool, objs[0]);
		fastalloc_free(pool, objs[1]);
	}
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.allocs, 8ULL);
	KUNIT_EXPECT_EQ(test, s.frees, 8ULL);
	KUNIT_EXPECT_EQ(test, s.failures, 2ULL);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 4U);
	for (i = 0; i < 4; i++)
		*(u64 *)((struct fa_fix *)test->priv)->held[i].obj = i;
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, *(u64 *)((struct fa_fix *)test->priv)->held[i].obj,
				(u64)i);
}

/*
 * Promise: after a reset the peak is counted from the objects that are out, one by one.
 */
static void central_owned_peak(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 8, 0));
	struct fastalloc_stats s;
	void *objs[8];
	unsigned int i;

	for (i = 0; i < 8; i++)
		objs[i] = __fastalloc_alloc(pool, GFP_KERNEL);
	while (i > 1)
		__fastalloc_free(pool, objs[--i]);
	fastalloc_pool_stats_reset(pool);
	for (; i < 8; i++) {
		objs[i] = __fastalloc_alloc(pool, GFP_KERNEL);
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_EQ(test, s.peak, i + 1UL);
		KUNIT_EXPECT_EQ(test, s.in_use, i + 1UL);
		__fastalloc_free(pool, objs[i]);
		objs[i] = __fastalloc_alloc(pool, GFP_KERNEL);
	}
	while (i)
		__fastalloc_free(pool, objs[--i]);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.allocs, 15ULL);
	KUNIT_EXPECT_EQ(test, s.frees, 15ULL);
	KUNIT_EXPECT_EQ(test, s.peak, 8UL);
}

static void owned_acquire(void *obj, void *arg)
{
	++*(unsigned int *)arg;
}

static void owned_release(void *obj, void *arg)
{
	*(unsigned int *)arg += 1000;
}

/* Promise: these calls, too, run hooks and zero objects; also in PERCPU pools. */
static void central_owned_hooks(struct kunit *test)
{
	static const enum fastalloc_sync syncs[] = {
		FASTALLOC_SYNC_NONE, FASTALLOC_SYNC_SPINLOCK, FASTALLOC_SYNC_PERCPU,
	};
	unsigned int i, k, ran;

	for (i = 0; i < ARRAY_SIZE(syncs); i++) {
		struct fastalloc_pool *pool =
			fa_pool_of(test, fa_config(.capacity = 64, .sync = syncs[i],
						   .on_acquire = owned_acquire,
						   .on_release = owned_release,
						   .arg = &ran));
		void *obj;

		ran = 0;
		for (k = 1; k <= 3; k++) {
			obj = __fastalloc_alloc(pool, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, obj);
			memset(obj, 0x5a, 64);
			__fastalloc_free(pool, obj);
			KUNIT_EXPECT_EQ(test, ran, k * 1001);
		}
		obj = __fastalloc_alloc(pool, GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		KUNIT_EXPECT_NULL(test, memchr_inv(obj, 0, 64));
		__fastalloc_free(pool, obj);
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
		fa_pool_gone(test, pool);
	}
}

/*
 * Promise: a NONE pool grows through these calls: at once if the caller may sleep, else
 * (gfp 0) by the worker from the low-water mark on, even if freed objects are
 * available.
 */
static void central_owned_grows(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.align = PAGE_SIZE, .capacity = 16,
					   .max_capacity = 64, .growth_amount = 16,
					   .low_water = 4, .sync = FASTALLOC_SYNC_NONE));
	struct fastalloc_stats s;
	unsigned int i, n = 0;
	void *objs[64];

	for (i = 0; i < 12; i++)
		objs[i] = __fastalloc_alloc(pool, 0);
	while (i)
		__fastalloc_free(pool, objs[--i]);
	for (i = 0; i < 12; i++)
		objs[i] = __fastalloc_alloc(pool, 0);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 16UL);
	/* Three free objects are below the mark: some calls later the chunk is there. */
	objs[12] = __fastalloc_alloc(pool, 0);
	KUNIT_EXPECT_TRUE(test, fa_await(({
		objs[13] = __fastalloc_alloc(pool, 0);
		__fastalloc_free(pool, objs[13]);
		n++;
		fastalloc_pool_capacity(pool) == 32;
	})));
	for (i = 13; i < 64; i++) {
		objs[i] = __fastalloc_alloc(pool, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, objs[i]);
	}
	KUNIT_EXPECT_NULL(test, __fastalloc_alloc(pool, GFP_KERNEL));
	while (i)
		__fastalloc_free(pool, objs[--i]);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.allocs, 76ULL + n);
	KUNIT_EXPECT_EQ(test, s.frees, s.allocs);
	KUNIT_EXPECT_EQ(test, s.peak, 64UL);
	KUNIT_EXPECT_EQ(test, s.failures, 1ULL);
	KUNIT_EXPECT_EQ(test, s.grows, 3ULL);
	KUNIT_EXPECT_EQ(test, s.grows_atomic, 0ULL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 48UL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 16UL);
	/* More, if the worker is quick. */
	KUNIT_EXPECT_GE(test, fa_drain(test, pool, 0), 16U);
}

/* The rest of the file uses one SPINLOCK pool from all contexts at once. */

#define SLOTS		16
#define ENOUGH_HITS	8
#define ENOUGH_CALLS	20000

/**
 * struct shared - an object that any context may check and free
 * @out: 1 while it is allocated
 * @mark: the value that fills @body
 * @body: the rest of the object
 */
struct shared {
	int	out;
	u32	mark;
	u8	body[56];
};

enum where { TASK, SOFTIRQ, HARDIRQ, WHERES };

/**
 * struct clash_cpu - the state of one CPU
 * @clash: the run
 * @thread: task bound to this CPU
 * @timer: runs in softirq on this CPU
 * @irq: runs in hardirq on this CPU
 * @in_call: @thread is inside a call on the pool
 * @rnd: state of a simple generator
 */
struct clash_cpu {
	struct clash		*clash;
	struct task_struct	*thread;
	struct timer_list	timer;
	struct irq_work		irq;
	bool			in_call;
	u32			rnd;
};

/**
 * struct clash - one run
 * @pool: the pool
 * @cpu: per CPU
 * @slot: objects on their way from one context to another
 * @inside: threads that are inside a call
 * @ran: calls of alloc, by context
 * @none: those that returned NULL
 * @hit: those that found the CPU's task, or another CPU, inside a call
 * @wrong: handlers that ran in a wrong context
 * @twice: an object was handed out twice
 * @torn: an object was changed while it was out
 * @stop: raise no more interrupts
 */
struct clash {
	struct fastalloc_pool	*pool;
	struct clash_cpu	*cpu;
	void			*slot[SLOTS];
	atomic_t		inside;
	atomic_long_t		ran[WHERES];
	atomic_long_t		none[WHERES];
	atomic_long_t		hit[WHERES];
	atomic_long_t		wrong;
	atomic_long_t		twice;
	atomic_long_t		torn;
	bool			stop;
};

static int shared_ctor(void *obj, void *arg)
{
	((struct shared *)obj)->out = 0;
	return 0;
}

/* Hook of alloc or free, in a task: raises a hardirq in the middle of the call. */
static void clash_hook(void *obj, void *arg)
{
	struct clash *clash = arg;

	if (in_task() && !irqs_disabled() && !READ_ONCE(clash->stop)) {
		migrate_disable();
		irq_work_queue(&clash->cpu[smp_processor_id()].irq);
		migrate_enable();
	}
}

static void clash_give(struct clash *clash, struct shared *s)
{
	if (!s)
		return;
	if (memchr_inv(s->body, (u8)s->mark, sizeof(s->body)))
		atomic_long_inc(&clash->torn);
	if (xchg(&s->out, 0) != 1)
		atomic_long_inc(&clash->torn);
	fastalloc_free(clash->pool, s);
}

/* Allocates an object, marks it and leaves it to others; frees what others have left. */
static void clash_cycle(struct clash *clash, enum where where, u32 rnd)
{
	struct shared *s = fastalloc_alloc(clash->pool, GFP_ATOMIC);

	atomic_long_inc(&clash->ran[where]);
	if (s) {
		if (xchg(&s->out, 1))
			atomic_long_inc(&clash->twice);
		s->mark = rnd >> 8;
		memset(s->body, (u8)s->mark, sizeof(s->body));
	} else {
		atomic_long_inc(&clash->none[where]);
	}
	clash_give(clash, xchg(&clash->slot[rnd % SLOTS], s));
}

static u32 clash_rnd(struct clash_cpu *c)
{
	c->rnd = c->rnd * 1664525 + 1013904223;
	return c->rnd >> 4;
}

static void clash_interrupt(struct clash_cpu *c, enum where where, u32 rnd)
{
	if (READ_ONCE(c->in_call))
		atomic_long_inc(&c->clash->hit[where]);
	clash_cycle(c->clash, where, rnd);
	clash_cycle(c->clash, where, rnd / SLOTS);
}

static void clash_timer(struct timer_list *timer)
{
	struct clash_cpu *c = container_of(timer, struct clash_cpu, timer);

	if (!in_serving_softirq())
		atomic_long_inc(&c->clash->wrong);
	/* The kernel may move a timer that is not pinned to another CPU. */
	clash_interrupt(&c->clash->cpu[smp_processor_id()], SOFTIRQ,
			jiffies * 7919);
	if (!READ_ONCE(c->clash->stop))
		mod_timer(&c->timer, jiffies + 1);
}

static void clash_irq(struct irq_work *irq)
{
	struct clash_cpu *c = container_of(irq, struct clash_cpu, irq);

	/* An idle CPU may run the work without an interrupt. */
	if (!in_hardirq())
		return;
	clash_interrupt(c, HARDIRQ, jiffies * 6007);
}

/* Sent to the other CPUs: interrupts them wherever they are. */
static void clash_ipi(void *data)
{
	struct clash *clash = data;

	/* An idle CPU may run the call without an interrupt. */
	if (!in_hardirq())
		return;
	clash_interrupt(&clash->cpu[smp_processor_id()], HARDIRQ, jiffies * 4001);
}

static int clash_thread(void *data)
{
	struct clash_cpu *c = data;
	struct clash *clash = c->clash;
	unsigned int n = 0;

	while (!kthread_should_stop()) {
		if (atomic_inc_return(&clash->inside) > 1)
			atomic_long_inc(&clash->hit[TASK]);
		WRITE_ONCE(c->in_call, true);
		/*
		 * Without hooks no interrupt is raised inside the calls: raise some
		 * here.
		 */
		if (n % 512 == 0)
			clash_hook(NULL, clash);
		clash_cycle(clash, TASK, clash_rnd(c));
		WRITE_ONCE(c->in_call, false);
		atomic_dec(&clash->inside);
		if (++n % 256 == 0)
			cond_resched();
	}
	return 0;
}

static bool clash_enough(struct clash *clash)
{
	return atomic_long_read(&clash->ran[TASK]) >= ENOUGH_CALLS &&
	       atomic_long_read(&clash->hit[SOFTIRQ]) >= ENOUGH_HITS &&
	       atomic_long_read(&clash->hit[HARDIRQ]) >= ENOUGH_HITS &&
	       (num_online_cpus() == 1 ||
		atomic_long_read(&clash->hit[TASK]) >= ENOUGH_HITS);
}

static struct fa_combo clash_params[] = {
	FA_COMBO(SPINLOCK, LIFO, NONE, VMALLOC, sizeof(struct shared), 0),
	FA_COMBO(SPINLOCK, FIFO, NONE, VMALLOC, sizeof(struct shared), 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, VMALLOC, sizeof(struct shared), 0),
	/* One page for each object, so that the pools grow several times. */
	FA_COMBO(SPINLOCK, LIFO, LINEAR, PAGES, sizeof(struct shared), PAGE_SIZE),
	FA_COMBO(SPINLOCK, FIFO, CUSTOM, PAGES, sizeof(struct shared), PAGE_SIZE),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, PAGES, sizeof(struct shared), PAGE_SIZE),
};

KUNIT_ARRAY_PARAM(clash, clash_params, fa_combo_desc);

static void clash_run(struct kunit *test, bool hooks)
{
	struct fa_combo *combo = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(combo, 12, 40);
	struct clash *clash = fa_mem(test, sizeof(*clash));
	unsigned long end = jiffies + FA_TEST_PATIENCE;
	struct fastalloc_stats s;
	unsigned int cpu, i;
	u64 ran, none;

	cfg.ctor = shared_ctor;
	if (hooks) {
		cfg.on_acquire = clash_hook;
		cfg.on_release = clash_hook;
	}
	cfg.arg = clash;
	clash->cpu = fa_mem(test, nr_cpu_ids * sizeof(*clash->cpu));
	clash->pool = fa_pool(test, &cfg);

	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		struct clash_cpu *c = &clash->cpu[cpu];

		c->clash = clash;
		c->rnd = cpu;
		c->irq = IRQ_WORK_INIT_HARD(clash_irq);
		timer_setup(&c->timer, clash_timer, TIMER_PINNED);
	}
	for_each_online_cpu(cpu) {
		struct clash_cpu *c = &clash->cpu[cpu];

		c->thread = kthread_create(clash_thread, c, "fa-clash/%u", cpu);
		if (IS_ERR(c->thread))
			continue;
		kthread_bind(c->thread, cpu);
		wake_up_process(c->thread);
		c->timer.expires = jiffies + 1;
		add_timer_on(&c->timer, cpu);
	}

	while (!clash_enough(clash) && time_before(jiffies, end)) {
		smp_call_function(clash_ipi, clash, 1);
		usleep_range(100, 300);
	}

	WRITE_ONCE(clash->stop, true);
	for_each_online_cpu(cpu) {
		struct clash_cpu *c = &clash->cpu[cpu];

		if (IS_ERR(c->thread)) {
			KUNIT_FAIL(test, "no thread for CPU %u", cpu);
			continue;
		}
		kthread_stop(c->thread);
		timer_delete_sync(&c->timer);
		irq_work_sync(&c->irq);
	}
	cpus_read_unlock();
	for (i = 0; i < SLOTS; i++)
		clash_give(clash, clash->slot[i]);

	kunit_info(test, "ran %ld/%ld/%ld, met inside a call %ld/%ld/%ld (task/softirq/hardirq)\n",
		   atomic_long_read(&clash->ran[TASK]),
		   atomic_long_read(&clash->ran[SOFTIRQ]),
		   atomic_long_read(&clash->ran[HARDIRQ]),
		   atomic_long_read(&clash->hit[TASK]),
		   atomic_long_read(&clash->hit[SOFTIRQ]),
		   atomic_long_read(&clash->hit[HARDIRQ]));
	KUNIT_EXPECT_TRUE(test, clash_enough(clash));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&clash->wrong), 0L);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&clash->twice), 0L);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&clash->torn), 0L);

	fastalloc_pool_stats(clash->pool, &s);
	ran = atomic_long_read(&clash->ran[TASK]) +
	      atomic_long_read(&clash->ran[SOFTIRQ]) +
	      atomic_long_read(&clash->ran[HARDIRQ]);
	none = atomic_long_read(&clash->none[TASK]) +
	       atomic_long_read(&clash->none[SOFTIRQ]) +
	       atomic_long_read(&clash->none[HARDIRQ]);
	KUNIT_EXPECT_EQ(test, s.allocs, ran - none);
	KUNIT_EXPECT_EQ(test, s.failures, none);
	KUNIT_EXPECT_EQ(test, s.frees, s.allocs);
	i = fa_drain(test, clash->pool, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, i, combo->growth == FASTALLOC_GROWTH_NONE ? 12U : 40U);
}

/*
 * Promise: alloc and free may be called from task, softirq and hardirq at once, also if
 * one interrupts another; no object is handed out twice, none is lost. A run in which
 * no interrupt arrived inside a call fails.
 */
static void central_all_contexts(struct kunit *test)
{
	clash_run(test, true);
}

/* Promise: the same for a pool without hooks, whose calls take a shorter path. */
static void central_all_contexts_plain(struct kunit *test)
{
	clash_run(test, false);
}

/* Promise: a call with interrupts disabled works and keeps them disabled. */
static void central_irqs_off(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 4, 0));
	unsigned int nr, sound = 0, i;
	unsigned long flags;
	void *objs[4];

	local_irq_save(flags);
	for (i = 0; i < 4; i++)
		objs[i] = fastalloc_alloc(pool, GFP_ATOMIC);
	sound += !!irqs_disabled();
	for (i = 0; i < 4; i++)
		fastalloc_free(pool, objs[i]);
	sound += !!irqs_disabled();
	nr = fastalloc_alloc_bulk(pool, GFP_NOWAIT, 4, objs);
	fastalloc_free_bulk(pool, nr, objs);
	sound += !!irqs_disabled();
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, sound, 3U);
	KUNIT_EXPECT_EQ(test, nr, 4U);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
}

static struct kunit_case central_cases[] = {
	KUNIT_CASE_PARAM(central_order_exact, order_gen_params),
	KUNIT_CASE_PARAM(central_order_never_used, order_gen_params),
	KUNIT_CASE_PARAM(central_order_of_new_chunk, order_gen_params),
	KUNIT_CASE_PARAM(central_order_bulk, order_gen_params),
	KUNIT_CASE_PARAM(central_irqs_off, order_gen_params),
	KUNIT_CASE_PARAM(central_owned_mixed, owned_gen_params),
	KUNIT_CASE_PARAM(central_owned_over_free, owned_gen_params),
	KUNIT_CASE_PARAM(central_owned_peak, owned_gen_params),
	KUNIT_CASE(central_owned_hooks),
	KUNIT_CASE(central_owned_grows),
	KUNIT_CASE_PARAM(central_all_contexts, clash_gen_params),
	KUNIT_CASE_PARAM(central_all_contexts_plain, clash_gen_params),
	{ }
};

static struct kunit_suite central_suite = {
	.name = "fastalloc_central",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = central_cases,
};

kunit_test_suite(central_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of the serialised pools");
MODULE_LICENSE("GPL");
