// SPDX-License-Identifier: GPL-2.0
/* How long other tasks have to wait for the CPU, and which CPUs are interrupted. */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

/*
 * A loop over this many objects takes twice the bound below on an emulated machine.
 * Fewer on UML, which neither preempts from interrupts nor, with preemption,
 * reschedules voluntarily.
 */
#define MANY		(IS_ENABLED(CONFIG_UML) ? 50000UL : 1000000UL)

/* The longest time that a runnable task may have to wait for the CPU, in milliseconds. */
#define GAP_MOST	50

/* The emulator may stop for some time; an error in the code fails each try. */
#define GAP_TRIES	20

/**
 * struct gap - a task that is always runnable, beside one that is measured
 * @task: the task that is always runnable
 * @stop: the task must end
 * @most: its longest wait in nanoseconds
 */
struct gap {
	struct task_struct	*task;
	bool			stop;
	s64			most;
};

static int gap_thread(void *data)
{
	ktime_t last = ktime_get(), now;
	struct gap *gap = data;

	while (!READ_ONCE(gap->stop)) {
		now = ktime_get();
		gap->most = max(gap->most, ktime_to_ns(ktime_sub(now, last)));
		last = now;
		/* UML does not preempt a task that never disables preemption. */
		if (need_resched())
			schedule();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/**
 * struct gap_life - a pool that is created and destroyed while another task wants the CPU
 * @cfg: its config
 * @err: creation has failed
 * @gap: the other task
 * @done: the pool has been destroyed
 */
struct gap_life {
	struct fastalloc_config	cfg;
	int			err;
	struct gap		gap;
	struct completion	done;
};

static int gap_life_thread(void *data)
{
	struct gap_life *d = data;
	struct fastalloc_pool *pool;

	wake_up_process(d->gap.task);
	/* Both tasks alternate from here on. */
	schedule_timeout_interruptible(2);
	pool = fastalloc_pool_create(&d->cfg);
	d->err = PTR_ERR_OR_ZERO(pool);
	if (!d->err && !fastalloc_alloc(pool, GFP_KERNEL))
		d->err = -ENOSPC;
	fastalloc_pool_destroy(pool);
	WRITE_ONCE(d->gap.stop, true);
	complete(&d->done);
	return 0;
}

struct gap_kind {
	const char		*name;
	enum fastalloc_sync	sync;
	enum fastalloc_order	order;
	unsigned long		flags;
	bool			ctor;
};

static int gap_ctor(void *obj, void *arg)
{
	return 0;
}

static void gap_dtor(void *obj, void *arg)
{
}

/* With RANDOM all objects are in the deque from the start. */
static struct gap_kind gap_kinds[] = {
	{ "percpu", FASTALLOC_SYNC_PERCPU },
	{ "spinlock/lifo", FASTALLOC_SYNC_SPINLOCK, .flags = FASTALLOC_F_RANDOM },
	{ "spinlock/lowest", FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_LOWEST },
	{ "none/fifo", FASTALLOC_SYNC_NONE, FASTALLOC_ORDER_FIFO, FASTALLOC_F_RANDOM },
	{ "constructor", FASTALLOC_SYNC_PERCPU, .ctor = true },
	{ "poison", FASTALLOC_SYNC_SPINLOCK, .flags = FASTALLOC_F_POISON },
};

static void gap_desc(struct gap_kind *kind, char *desc)
{
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(gap, gap_kinds, gap_desc);

/* A pool with one object out in the end. Returns the longest wait of the other task in ns. */
static s64 gap_of_life(struct kunit *test, const struct gap_kind *kind, struct gap_life *d)
{
	struct task_struct *task;

	*d = (struct gap_life){};
	init_completion(&d->done);
	d->cfg = (struct fastalloc_config) {
		.name = "kunit-gap", .obj_size = 8, .capacity = MANY, .sync = kind->sync,
		.order = kind->order, .ctor = kind->ctor ? gap_ctor : NULL,
		.dtor = kind->ctor ? gap_dtor : NULL,
		.flags = FASTALLOC_F_NO_INIT | FASTALLOC_F_DROP_LIVE | kind->flags,
	};
	d->gap.task = kthread_create(gap_thread, &d->gap, "fa-gap");
	KUNIT_ASSERT_FALSE(test, IS_ERR(d->gap.task));
	task = kthread_create(gap_life_thread, d, "fa-gap-life");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	kthread_bind(d->gap.task, cpumask_first(cpu_online_mask));
	kthread_bind(task, cpumask_first(cpu_online_mask));
	fa_expect_splat("pool kunit-gap destroyed with 1 objects out");
	wake_up_process(task);
	wait_for_completion(&d->done);
	kthread_stop(d->gap.task);
	KUNIT_EXPECT_EQ(test, d->err, 0);
	return d->gap.most;
}

/* Promise: to create and destroy many objects, one of them out, lets other tasks run. */
static void gap_in_life(struct kunit *test)
{
	struct gap_life *d = fa_mem(test, sizeof(*d));
	s64 best = S64_MAX;
	unsigned int i;

	if (IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN) || IS_ENABLED(CONFIG_KMSAN))
		kunit_skip(test, "the kernel itself takes too long");
	for (i = 0; i < GAP_TRIES && best > GAP_MOST * NSEC_PER_MSEC; i++) {
		best = min(best, gap_of_life(test, test->param_value, d));
		kunit_info(test, "a task beside it waited %lld us at most", div_s64(best, 1000));
		if (IS_ENABLED(CONFIG_UML) && IS_ENABLED(CONFIG_PREEMPT))
			kunit_skip(test, "tasks are preempted neither by interrupts nor by choice");
	}
	KUNIT_EXPECT_LE(test, best, (s64)GAP_MOST * NSEC_PER_MSEC);
}

/**
 * struct deaf - a CPU that disables interrupts for some time
 * @ready: interrupts are disabled
 * @stop: it may enable them
 * @late: @stop was not set in time
 */
struct deaf {
	bool	ready;
	bool	stop;
	bool	late;
};

static int deaf_thread(void *data)
{
	struct deaf *deaf = data;
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	WRITE_ONCE(deaf->ready, true);
	for (i = 0; !READ_ONCE(deaf->stop) && i < 3000; i++)
		mdelay(1);
	deaf->late = i == 3000;
	local_irq_restore(flags);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/*
 * Promise: trim does not interrupt a CPU that holds no object of the pool. It would
 * wait for a CPU that has interrupts disabled.
 */
static void trim_lets_others_be(struct kunit *test)
{
	struct deaf *deaf = fa_mem(test, sizeof(*deaf));
	unsigned int this = cpumask_first(cpu_online_mask), cpu = cpumask_last(cpu_online_mask);
	struct fa_fix *fix = test->priv;
	struct fastalloc_pool *pool;
	struct task_struct *task;
	unsigned int i;

	if (cpu == this)
		kunit_skip(test, "one CPU only");
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(this)), 0);
	pool = fa_pool_of(test, fa_config(.capacity = 64, .magazine = 4,
					  .max_capacity = 4096, .growth_amount = 64,
					  .low_water = 1, .flags = FASTALLOC_F_NO_INIT));
	for (i = 0; i < 1000; i++)
		fa_must_get(test, pool, GFP_KERNEL);
	/*
	 * More objects are free than the low-water mark wants, but after the first trim
	 * no chunk is free as a whole. So the next trim frees none, and has nothing to
	 * wait for.
	 */
	for (i = 0; i < 100; i++)
		fa_put(test, pool, fix->held[i * 8].obj);
	fastalloc_pool_trim(pool);
	for (i = 0; i < 4; i++)
		fa_put(test, pool, fix->held[i * 8].obj);
	task = kthread_create(deaf_thread, deaf, "fa-deaf");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	kthread_bind(task, cpu);
	wake_up_process(task);
	KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(deaf->ready)));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 0UL);
	WRITE_ONCE(deaf->stop, true);
	kthread_stop(task);
	KUNIT_EXPECT_FALSE(test, deaf->late);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

/* Number of operations on the stacks of the depot so far. */
static u32 depot_steps(const struct fastalloc_pool *pool)
{
	const struct fa_depot *d = &pool->percpu.depot;
	unsigned int i;
	u32 steps = 0;

	for (i = 0; i <= d->nr_shards; i++)
		steps += (atomic64_read(&d->shard[i].stocked.head) >> 32) +
			 (atomic64_read(&d->shard[i].empty.head) >> 32) +
			 (atomic64_read(&d->shard[i].single.head) >> 32);
	return steps;
}

#define FLUSHED		32

static u32 steps_of_trim(struct fastalloc_pool *pool)
{
	u32 steps = depot_steps(pool);

	fastalloc_pool_trim(pool);
	return depot_steps(pool) - steps;
}

/* Promise: a flush takes one step for each magazine, not for each object. */
static void flush_by_magazine(struct kunit *test)
{
	unsigned int cpu = cpumask_first(cpu_online_mask), i;
	struct fa_fix *fix = test->priv;
	struct fastalloc_cache *c;
	struct fastalloc_pool *pool;
	u32 with, without;

	if (num_online_cpus() > 3)
		kunit_skip(test, "each CPU's share of the reserve is too small");
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
	pool = fa_pool_of(test, fa_config(.capacity = 1024, .magazine = FLUSHED,
					  .max_capacity = 1536, .growth_amount = 64,
					  .low_water = 1, .flags = FASTALLOC_F_NO_INIT));
	c = per_cpu_ptr(pool->percpu.cache, cpu);
	fa_drain(test, pool, GFP_KERNEL);
	/* Some objects of each chunk stay out, so that no chunk can be freed. */
	for (i = 0; i < fix->nr_held; i++) {
		unsigned int k;

		for (k = 0; k < 7 && i < fix->nr_held; k++)
			fa_put(test, pool, fix->held[i].obj);
	}
	fastalloc_pool_trim(pool);
	for (i = 0; i < fix->nr_held && READ_ONCE(c->n) < FLUSHED - 1; i++)
		fa_put(test, pool, fix->held[i].obj);
	KUNIT_EXPECT_EQ(test, READ_ONCE(c->n), FLUSHED - 1U);
	with = steps_of_trim(pool);
	/* The same without the flush. */
	without = steps_of_trim(pool);
	KUNIT_EXPECT_EQ(test, READ_ONCE(c->n), 0U);
	KUNIT_EXPECT_GT(test, without, 0U);
	KUNIT_EXPECT_LT(test, with, without + FLUSHED / 2);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

#define SLEEPERS	40
#define SERVED_MOST	16

/**
 * struct sleeper - a task that waits for an object
 * @pool: the pool
 * @task: the task
 * @obj: object that it got
 * @fifo: it has a high realtime priority
 * @got: the wait has returned
 */
struct sleeper {
	struct fastalloc_pool	*pool;
	struct task_struct	*task;
	void			*obj;
	bool			fifo;
	bool			got;
};

static int sleeper_thread(void *data)
{
	struct sleeper *s = data;

	if (s->fifo)
		sched_set_fifo(current);
	s->obj = fastalloc_alloc_timeout(s->pool, GFP_KERNEL, FA_TEST_PATIENCE);
	WRITE_ONCE(s->got, true);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void sleeper_start(struct kunit *test, struct sleeper *s, int cpu)
{
	s->task = kthread_create(sleeper_thread, s, "fa-sleeper");
	KUNIT_ASSERT_FALSE(test, IS_ERR(s->task));
	if (cpu >= 0)
		kthread_bind(s->task, cpu);
	wake_up_process(s->task);
}

static void sleeper_end(struct kunit *test, struct sleeper *s)
{
	KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(s->got)));
	kthread_stop(s->task);
	KUNIT_EXPECT_NOT_NULL(test, s->obj);
	if (s->obj)
		fa_hold(test, s->pool, s->obj);
}

/* A pool of which all objects are out. The thread stays on its CPU. */
static struct fastalloc_pool *sleeper_pool(struct kunit *test, enum fastalloc_sync sync)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 64, .magazine = 2, .sync = sync,
					   .flags = FASTALLOC_F_NO_INIT));

	KUNIT_ASSERT_EQ(test, fa_stay_here(), 0);
	KUNIT_ASSERT_GE(test, fa_drain(test, pool, 0), 64U);
	return pool;
}

/* Promise: one run of the irq_work serves few waiters, and all are served in the end. */
static void wake_in_steps(struct kunit *test)
{
	const struct gap_kind *kind = test->param_value;
	struct fastalloc_pool *pool = sleeper_pool(test, kind->sync);
	struct sleeper *s = fa_mem(test, SLEEPERS * sizeof(*s));
	struct fa_fix *fix = test->priv;
	unsigned int i, before, after;
	void *objs[SLEEPERS];
	unsigned long flags;
	bool raised, again;

	for (i = 0; i < SLEEPERS; i++) {
		s[i].pool = pool;
		sleeper_start(test, &s[i], -1);
		objs[i] = fix->held[0].obj;
		fa_unhold(test, objs[i]);
	}
	KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(pool->waitq.nr) == SLEEPERS));
	/* The last one looks for an object before it sleeps. */
	for (i = 0; i < SLEEPERS; i++)
		KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(s[i].task->__state) != TASK_RUNNING));
	irq_work_sync(&pool->waitq.wake);
	KUNIT_EXPECT_TRUE(test, irq_work_is_hard(&pool->waitq.wake));
	local_irq_save(flags);
	before = READ_ONCE(pool->waitq.nr);
	/* The frees must not raise the irq_work, so that what raises it again shows. */
	WRITE_ONCE(pool->waitq.nr, 0);
	for (i = 0; i < SLEEPERS; i++)
		fastalloc_free(pool, objs[i]);
	WRITE_ONCE(pool->waitq.nr, before);
	raised = irq_work_is_pending(&pool->waitq.wake);
	/* Run it here, as its interrupt would. */
	pool->waitq.wake.func(&pool->waitq.wake);
	after = READ_ONCE(pool->waitq.nr);
	again = irq_work_is_pending(&pool->waitq.wake);
	local_irq_restore(flags);
	KUNIT_EXPECT_FALSE(test, raised);
	KUNIT_EXPECT_EQ(test, before, (unsigned int)SLEEPERS);
	KUNIT_EXPECT_LT(test, after, before);
	KUNIT_EXPECT_GE(test, after, (unsigned int)SLEEPERS - SERVED_MOST);
	KUNIT_EXPECT_TRUE(test, again);
	for (i = 0; i < SLEEPERS; i++)
		sleeper_end(test, &s[i]);
}

static struct gap_kind wake_kinds[] = {
	{ "percpu", FASTALLOC_SYNC_PERCPU },
	{ "spinlock", FASTALLOC_SYNC_SPINLOCK },
};

KUNIT_ARRAY_PARAM(wake, wake_kinds, gap_desc);

/* Number of CPUs whose cache has the capacity @cap. */
static unsigned int caches_with(const struct fastalloc_pool *pool, u32 cap)
{
	unsigned int n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += READ_ONCE(per_cpu_ptr(pool->percpu.cache, cpu)->cap) == cap;
	return n;
}

static void buried(void *arg)
{
	complete(arg);
}

/*
 * Promise: neither the irq_work nor a deferred destroy loops over all CPUs: the waiters
 * open their caches, and the worker closes them.
 */
static void caches_shut_by_tasks(struct kunit *test)
{
	struct sleeper *s = fa_mem(test, sizeof(*s));
	unsigned int cpu = cpumask_first(cpu_online_mask), all = num_possible_cpus();
	struct completion *done = fa_mem(test, sizeof(*done));
	unsigned int open, asleep, served, closed, i;
	struct fa_fix *fix = test->priv;
	struct fastalloc_pool *pool;
	unsigned long flags;
	void *obj;

	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
	pool = sleeper_pool(test, FASTALLOC_SYNC_PERCPU);
	/* Only a CPU that has used the pool has a cache that can be open. */
	open = caches_with(pool, 2);
	KUNIT_EXPECT_GE(test, open, 1U);
	obj = fix->held[0].obj;
	fa_unhold(test, obj);
	s->pool = pool;
	sleeper_start(test, s, cpu);
	KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(pool->waitq.nr)));
	local_irq_save(flags);
	asleep = caches_with(pool, 0);
	fastalloc_free(pool, obj);
	pool->waitq.wake.func(&pool->waitq.wake);
	served = READ_ONCE(pool->waitq.nr) ? 0 : caches_with(pool, 0);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, asleep, all);
	KUNIT_EXPECT_EQ(test, served, all);
	sleeper_end(test, s);
	KUNIT_EXPECT_GE(test, caches_with(pool, 2), open);

	init_completion(done);
	for (i = 0; i < FA_TEST_POOLS; i++)
		if (fix->pool[i] == pool)
			fix->pool[i] = NULL;
	local_irq_save(flags);
	fastalloc_pool_destroy_deferred(pool, buried, done);
	closed = caches_with(pool, 2);
	local_irq_restore(flags);
	KUNIT_EXPECT_GE(test, closed, open);
	/* The pool stays, as objects are out. */
	KUNIT_EXPECT_TRUE(test, fa_await(caches_with(pool, 0) == all));
	fa_put_all(test);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(done, FA_TEST_PATIENCE));
	fastalloc_barrier();
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

/* Promise: an allocation that fails wakes no waiter, as it never held an object. */
static void failure_wakes_nobody(struct kunit *test)
{
	struct fastalloc_pool *pool = sleeper_pool(test, FASTALLOC_SYNC_PERCPU);
	struct sleeper *s = fa_mem(test, sizeof(*s));
	bool plain, nested, bulk, freed;
	struct fa_fix *fix = test->priv;
	struct fastalloc_cache *c;
	unsigned long flags;
	void *objs[2], *obj;
	unsigned int got;
	u32 n;

	s->pool = pool;
	sleeper_start(test, s, -1);
	KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(pool->waitq.nr)));
	obj = fix->held[0].obj;
	fa_unhold(test, obj);
	/* The irq_work that the waiter raised has run then. */
	irq_work_sync(&pool->waitq.wake);
	local_irq_save(flags);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, 0));
	plain = irq_work_is_pending(&pool->waitq.wake);
	c = this_cpu_ptr(pool->percpu.cache);
	n = __fastalloc_claim(c);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, 0));
	nested = irq_work_is_pending(&pool->waitq.wake);
	got = fastalloc_alloc_bulk(pool, 0, 2, objs);
	bulk = irq_work_is_pending(&pool->waitq.wake);
	__fastalloc_release(c, n);
	fastalloc_free(pool, obj);
	freed = irq_work_is_pending(&pool->waitq.wake);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, got, 0U);
	KUNIT_EXPECT_FALSE(test, plain);
	KUNIT_EXPECT_FALSE(test, nested);
	KUNIT_EXPECT_FALSE(test, bulk);
	KUNIT_EXPECT_TRUE(test, freed);
	sleeper_end(test, s);
}

/**
 * struct hog - frees an object, then keeps its CPU
 * @sleeper: the task that waits for the object
 * @obj: the object
 * @late: the waiter did not run while this task kept the CPU
 * @done: it has ended
 */
struct hog {
	struct sleeper		sleeper;
	void			*obj;
	bool			late;
	struct completion	done;
};

static int hog_thread(void *data)
{
	struct hog *hog = data;
	ktime_t end;

	/* Like the thread of PREEMPT_RT that runs irq_work. */
	sched_set_fifo_low(current);
	end = ktime_add_ms(ktime_get(), 500);
	fastalloc_free(hog->sleeper.pool, hog->obj);
	while (!READ_ONCE(hog->sleeper.got) && ktime_before(ktime_get(), end))
		if (need_resched())
			schedule();
	hog->late = !READ_ONCE(hog->sleeper.got);
	complete(&hog->done);
	return 0;
}

/* Promise: a waiter gets a free object before tasks of lower priority continue. */
static void wake_by_priority(struct kunit *test)
{
	unsigned int cpu = cpumask_first(cpu_online_mask), i;
	struct hog *hog = fa_mem(test, sizeof(*hog));
	struct fa_fix *fix = test->priv;
	struct fastalloc_pool *pool;
	struct task_struct *task;

	pool = sleeper_pool(test, FASTALLOC_SYNC_PERCPU);
	/* Retry if the emulator stopped that long. */
	for (i = 0; i < 3 && (!i || hog->late); i++) {
		memset(hog, 0, sizeof(*hog));
		init_completion(&hog->done);
		hog->sleeper.pool = pool;
		hog->sleeper.fifo = true;
		hog->obj = fix->held[0].obj;
		fa_unhold(test, hog->obj);
		sleeper_start(test, &hog->sleeper, cpu);
		KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(pool->waitq.nr)));
		task = kthread_create(hog_thread, hog, "fa-hog");
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
		kthread_bind(task, cpu);
		wake_up_process(task);
		wait_for_completion(&hog->done);
		sleeper_end(test, &hog->sleeper);
	}
	KUNIT_EXPECT_FALSE(test, hog->late);
}

/* Chunks of one page: the lock would be held for the search of all of them. */
#define RUN_CHUNKS	(IS_ENABLED(CONFIG_UML) ? 200U : IS_ENABLED(CONFIG_KASAN) ? 1000U : 4000U)
#define RUN_OBJECTS	64U

/*
 * Pairs that another CPU must complete meanwhile. If it waits for the search, it
 * completes two.
 */
#define RUN_PAIRS	4

/* Number of searches that must show it: a busy host may stop either CPU. */
#define RUN_GOOD	3
#define RUN_TRIES	200

/**
 * struct run_rival - a CPU that allocates and frees single objects all the time
 * @pool: the pool
 * @pairs: number of pairs so far
 */
struct run_rival {
	struct fastalloc_pool	*pool;
	unsigned long		pairs;
};

static int run_rival_thread(void *data)
{
	struct run_rival *rival = data;
	void *obj;

	while (!kthread_should_stop()) {
		obj = fastalloc_alloc(rival->pool, 0);
		fastalloc_free(rival->pool, obj);
		WRITE_ONCE(rival->pairs, rival->pairs + 1);
		cond_resched();
	}
	return 0;
}

/*
 * Promise: an unsuccessful search for a contiguous run in many chunks lets other CPUs
 * allocate meanwhile.
 */
static void run_in_steps(struct kunit *test)
{
	unsigned int nr = RUN_CHUNKS * RUN_OBJECTS, this = cpumask_first(cpu_online_mask), i;
	struct fastalloc_config cfg = {
		.name = "kunit", .obj_size = PAGE_SIZE / RUN_OBJECTS, .capacity = RUN_OBJECTS,
		.max_capacity = nr, .sync = FASTALLOC_SYNC_SPINLOCK,
		.order = FASTALLOC_ORDER_LOWEST, .backing = FASTALLOC_BACKING_PAGES,
		.growth = FASTALLOC_GROWTH_LINEAR, .growth_amount = RUN_OBJECTS,
		.flags = FASTALLOC_F_CONTIG | FASTALLOC_F_NO_INIT,
	};
	struct run_rival *rival = fa_mem(test, sizeof(*rival));
	struct fastalloc_pool *pool;
	struct task_struct *task;
	unsigned int good = 0;
	void **objs;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one CPU only");
	pool = fastalloc_pool_create(&cfg);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	objs = kvmalloc_array(nr, sizeof(*objs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, objs);
	for (i = 0; i < nr; i++)
		objs[i] = fastalloc_alloc(pool, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, objs[nr - 1]);
	for (i = 0; i < nr; i += 2)
		fastalloc_free(pool, objs[i]);

	rival->pool = pool;
	task = kthread_create(run_rival_thread, rival, "fa-rival");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(this)), 0);
	kthread_bind(task, cpumask_last(cpu_online_mask));
	wake_up_process(task);
	KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(rival->pairs)));
	for (i = 0; i < RUN_TRIES && good < RUN_GOOD; i++) {
		unsigned long flags, before;

		/*
		 * Otherwise an interrupt that is raised at the release of the lock
		 * would count, too.
		 */
		local_irq_save(flags);
		before = READ_ONCE(rival->pairs);
		objs[0] = fastalloc_alloc_contig(pool, 0, 2);
		before = READ_ONCE(rival->pairs) - before;
		good += before >= RUN_PAIRS;
		local_irq_restore(flags);
		KUNIT_EXPECT_NULL(test, objs[0]);
		cond_resched();
	}
	KUNIT_EXPECT_GE(test, good, (unsigned int)RUN_GOOD);
	kthread_stop(task);
	set_cpus_allowed_ptr(current, cpu_possible_mask);

	for (i = 1; i < nr; i += 2)
		fastalloc_free(pool, objs[i]);
	objs[0] = fastalloc_alloc_contig(pool, 0, 2);
	KUNIT_EXPECT_NOT_NULL(test, objs[0]);
	fastalloc_free_contig(pool, objs[0], 2);
	kvfree(objs);
	fastalloc_pool_destroy(pool);
}

static struct kunit_case latency_cases[] = {
	KUNIT_CASE_PARAM(gap_in_life, gap_gen_params),
	KUNIT_CASE(trim_lets_others_be),
	KUNIT_CASE(flush_by_magazine),
	KUNIT_CASE_PARAM(wake_in_steps, wake_gen_params),
	KUNIT_CASE(caches_shut_by_tasks),
	KUNIT_CASE(failure_wakes_nobody),
	KUNIT_CASE(wake_by_priority),
	KUNIT_CASE(run_in_steps),
	{ }
};

static struct kunit_suite latency_suite = {
	.name = "fastalloc_latency",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = latency_cases,
};

kunit_test_suite(latency_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of latency");
MODULE_LICENSE("GPL");
