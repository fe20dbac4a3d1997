// SPDX-License-Identifier: GPL-2.0
/*
 * Destroying a pool: with callers that sleep in it, with objects out, and deferred
 * until the last object has been freed.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/fastalloc_handle.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kmemleak.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"
#include "fastalloc_test_debugfs.h"

/* The type of the objects in the pools of these tests. */
struct thing {
	u32				state;
	struct fastalloc_rcu_head	rcu;
	u64				data[4];
};

enum { BORN = 0xb0b0, USED, BACK, GONE };

enum spot { NOWHERE, IN_CTOR, IN_MEM, IN_GROWTH, IN_ACQUIRE, AT_LOCK, WAITING };

/**
 * struct life - record of a pool's objects and memory, and where a caller is held up
 * @acquired: calls of on_acquire
 * @released: calls of on_release
 * @born: objects constructed
 * @buried: objects destructed
 * @odd: objects found in a wrong state
 * @allocs: blocks of memory allocated
 * @frees: blocks freed
 * @dirty: blocks freed that were not zero
 * @spot: where the caller is held up
 * @who: task of that caller, or NULL
 * @inside: the caller has arrived there
 * @go: the caller may continue
 */
struct life {
	atomic_t		acquired;
	atomic_t		released;
	atomic_t		born;
	atomic_t		buried;
	atomic_t		odd;
	atomic_t		allocs;
	atomic_t		frees;
	atomic_t		dirty;
	enum spot		spot;
	struct task_struct	*who;
	struct completion	inside;
	struct completion	go;
};

/* The name of threads that may make a pool grow: the worker may not. */
#define GUEST	"fa-guest"

static void life_stop(struct life *l, enum spot spot)
{
	if (READ_ONCE(l->spot) != spot || READ_ONCE(l->who) != current)
		return;
	WRITE_ONCE(l->who, NULL);
	complete(&l->inside);
	wait_for_completion(&l->go);
}

static void life_turn(struct life *l, struct thing *t, u32 from, u32 also, u32 to)
{
	if (t->state != from && t->state != also)
		atomic_inc(&l->odd);
	t->state = to;
}

static int life_ctor(void *obj, void *arg)
{
	struct thing *t = obj;
	struct life *l = arg;

	life_stop(l, IN_CTOR);
	atomic_inc(&l->born);
	t->state = BORN;
	return 0;
}

static void life_dtor(void *obj, void *arg)
{
	struct life *l = arg;

	atomic_inc(&l->buried);
	life_turn(l, obj, BORN, BACK, GONE);
}

static void life_acquire(void *obj, void *arg)
{
	struct life *l = arg;

	atomic_inc(&l->acquired);
	life_turn(l, obj, BORN, BACK, USED);
	life_stop(l, IN_ACQUIRE);
}

static void life_release(void *obj, void *arg)
{
	struct life *l = arg;

	atomic_inc(&l->released);
	life_turn(l, obj, USED, USED, BACK);
}

static unsigned long life_growth(unsigned long capacity, void *arg)
{
	if (strncmp(current->comm, GUEST, strlen(GUEST)))
		return 0;
	life_stop(arg, IN_GROWTH);
	return 8;
}

static void *life_mem_alloc(size_t size, int node, gfp_t gfp, void *arg)
{
	struct life *l = arg;
	void *mem = alloc_pages_exact(size, gfp | __GFP_ZERO);

	life_stop(l, IN_MEM);
	if (mem)
		atomic_inc(&l->allocs);
	return mem;
}

static void life_mem_free(void *mem, size_t size, void *arg)
{
	struct life *l = arg;

	atomic_inc(&l->frees);
	if (memchr_inv(mem, 0, size))
		atomic_inc(&l->dirty);
	free_pages_exact(mem, size);
}

static struct life *life_begin(struct kunit *test)
{
	struct life *l = fa_mem(test, sizeof(*l));

	init_completion(&l->inside);
	init_completion(&l->go);
	return l;
}

static void life_hooks(struct fastalloc_config *cfg, struct life *l)
{
	cfg->ctor = life_ctor;
	cfg->dtor = life_dtor;
	cfg->on_acquire = life_acquire;
	cfg->on_release = life_release;
	cfg->arg = l;
}

static void expect_over(struct kunit *test, const struct life *l)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&l->acquired), atomic_read(&l->released));
	KUNIT_EXPECT_EQ(test, atomic_read(&l->born), atomic_read(&l->buried));
	KUNIT_EXPECT_EQ(test, atomic_read(&l->allocs), atomic_read(&l->frees));
	KUNIT_EXPECT_EQ(test, atomic_read(&l->odd), 0);
}

/* Removes the pool from the fixture: the case destroys it in another way. */
static void fa_forget(struct kunit *test, struct fastalloc_pool *pool)
{
	struct fa_fix *fix = test->priv;
	unsigned int i;

	for (i = 0; i < FA_TEST_POOLS; i++)
		if (fix->pool[i] == pool)
			fix->pool[i] = NULL;
}

/* Set by one thread; another thread waits for it. */
static void flag_set(bool *flag)
{
	/* Pairs with the acquire in flag_is_set(). */
	smp_store_release(flag, true);
}

static bool flag_is_set(const bool *flag)
{
	/* Pairs with the release in flag_set(). */
	return smp_load_acquire(flag);
}

/* The end of a thread: sleeps until kthread_stop(). */
static void stop_here(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

enum call { TIMEOUT, KILLABLE, RESERVE };

/**
 * struct guest - a thread in a call that may sleep
 * @task: the thread
 * @pool: the pool
 * @life: of @pool
 * @call: which call
 * @held: the thread must be held up
 * @obj: object that the call returned
 * @err: error that the call returned
 * @left: the call has returned
 */
struct guest {
	struct task_struct	*task;
	struct fastalloc_pool	*pool;
	struct life		*life;
	enum call		call;
	bool			held;
	void			*obj;
	int			err;
	bool			left;
};

static int guest_thread(void *data)
{
	struct guest *g = data;

	if (g->held)
		WRITE_ONCE(g->life->who, current);
	switch (g->call) {
	case TIMEOUT:
		g->obj = fastalloc_alloc_timeout(g->pool, GFP_KERNEL, FA_TEST_PATIENCE);
		break;
	case KILLABLE:
		g->obj = fastalloc_alloc_killable(g->pool, GFP_KERNEL, MAX_SCHEDULE_TIMEOUT);
		break;
	case RESERVE:
		g->err = fastalloc_pool_reserve(g->pool, 100, GFP_KERNEL);
		break;
	}
	flag_set(&g->left);
	stop_here();
	return 0;
}

static void guest_start(struct kunit *test, struct guest *g)
{
	g->task = kthread_run(guest_thread, g, GUEST);
	KUNIT_ASSERT_FALSE(test, IS_ERR(g->task));
}

/* The call must have returned nothing. */
static void guest_end(struct kunit *test, struct guest *g)
{
	KUNIT_EXPECT_TRUE(test, fa_await(flag_is_set(&g->left)));
	KUNIT_EXPECT_PTR_EQ(test, g->obj, NULL);
	KUNIT_EXPECT_EQ(test, g->err, g->call == RESERVE ? -ESHUTDOWN : 0);
	kthread_stop(g->task);
}

/**
 * struct ending - a pool that is being destroyed
 * @pool: the pool
 * @task: the thread that destroys it
 * @over: the pool is gone
 * @times: calls of the callback
 * @odd: calls in a wrong context
 * @slow: milliseconds that the callback takes
 */
struct ending {
	struct fastalloc_pool	*pool;
	struct task_struct	*task;
	bool			over;
	atomic_t		times;
	bool			odd;
	unsigned int		slow;
};

static int ending_thread(void *data)
{
	struct ending *e = data;

	fastalloc_pool_destroy(e->pool);
	flag_set(&e->over);
	stop_here();
	return 0;
}

static void ending_done(void *arg)
{
	struct ending *e = arg;

	might_sleep();
	e->odd |= !in_task() || irqs_disabled();
	if (e->slow)
		msleep(e->slow);
	atomic_inc(&e->times);
	flag_set(&e->over);
}

/* A CPU where a thread can be busy without keeping this one from running; or this CPU. */
static unsigned int other_cpu(void)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);

	return cpu == raw_smp_processor_id() ? cpumask_first(cpu_online_mask) : cpu;
}

/**
 * struct reader - a reader that delays grace periods
 * @task: its thread
 * @begun: it is inside of its read-side critical section
 * @end: it is told to end
 * @late: it has ended before, as it took too long
 */
struct reader {
	struct task_struct	*task;
	bool			begun;
	bool			end;
	bool			late;
};

static int reader_thread(void *data)
{
	/* With one CPU nobody else runs meanwhile, so that no reader can be had. */
	unsigned int ms = 0, most = num_online_cpus() > 1 ? 5000 : 100;
	struct reader *r = data;

	rcu_read_lock();
	flag_set(&r->begun);
	while (!READ_ONCE(r->end) && ms++ < most)
		mdelay(1);
	r->late = !READ_ONCE(r->end);
	rcu_read_unlock();
	stop_here();
	return 0;
}

static struct reader *reader_start(struct kunit *test)
{
	struct reader *r = fa_mem(test, sizeof(*r));

	r->task = kthread_create_on_cpu(reader_thread, r, other_cpu(), "fa-reader/%u");
	KUNIT_ASSERT_FALSE(test, IS_ERR(r->task));
	wake_up_process(r->task);
	KUNIT_EXPECT_TRUE(test, fa_await(flag_is_set(&r->begun)));
	return r;
}

static void reader_end(struct kunit *test, struct reader *r)
{
	WRITE_ONCE(r->end, true);
	kthread_stop(r->task);
	if (num_online_cpus() > 1)
		KUNIT_EXPECT_FALSE(test, r->late);
}

/**
 * struct stay - a caller, where it sleeps, and how the pool is destroyed meanwhile
 * @desc: name of the parameter
 * @spot: where the caller sleeps
 * @call: in which call
 * @sync: of the pool
 * @deferred: destroy is deferred until the last object is freed
 */
struct stay {
	const char		*desc;
	enum spot		spot;
	enum call		call;
	enum fastalloc_sync	sync;
	bool			deferred;
};

static struct stay stays[] = {
	{ "constructor, percpu", IN_CTOR, TIMEOUT, FASTALLOC_SYNC_PERCPU, false },
	{ "constructor, spinlock", IN_CTOR, KILLABLE, FASTALLOC_SYNC_SPINLOCK, false },
	{ "constructor, percpu, deferred", IN_CTOR, KILLABLE, FASTALLOC_SYNC_PERCPU, true },
	{ "constructor, spinlock, deferred", IN_CTOR, TIMEOUT, FASTALLOC_SYNC_SPINLOCK, true },
	{ "constructor, reserve, percpu", IN_CTOR, RESERVE, FASTALLOC_SYNC_PERCPU, false },
	{ "constructor, reserve, spinlock, deferred", IN_CTOR, RESERVE,
	  FASTALLOC_SYNC_SPINLOCK, true },
	{ "memory, percpu", IN_MEM, KILLABLE, FASTALLOC_SYNC_PERCPU, false },
	{ "memory, spinlock, deferred", IN_MEM, TIMEOUT, FASTALLOC_SYNC_SPINLOCK, true },
	{ "growth function, spinlock", IN_GROWTH, TIMEOUT, FASTALLOC_SYNC_SPINLOCK, false },
	{ "growth function, percpu, deferred", IN_GROWTH, TIMEOUT, FASTALLOC_SYNC_PERCPU, true },
	{ "grow_lock, percpu", AT_LOCK, KILLABLE, FASTALLOC_SYNC_PERCPU, false },
	{ "grow_lock, spinlock", AT_LOCK, TIMEOUT, FASTALLOC_SYNC_SPINLOCK, false },
	{ "grow_lock, percpu, deferred", AT_LOCK, TIMEOUT, FASTALLOC_SYNC_PERCPU, true },
	{ "grow_lock, reserve, spinlock", AT_LOCK, RESERVE, FASTALLOC_SYNC_SPINLOCK, false },
	{ "grow_lock, reserve, percpu, deferred", AT_LOCK, RESERVE, FASTALLOC_SYNC_PERCPU, true },
	{ "waiting, percpu", WAITING, TIMEOUT, FASTALLOC_SYNC_PERCPU, false },
	{ "waiting, spinlock", WAITING, KILLABLE, FASTALLOC_SYNC_SPINLOCK, false },
	{ "waiting, percpu, deferred", WAITING, KILLABLE, FASTALLOC_SYNC_PERCPU, true },
	{ "waiting, spinlock, deferred", WAITING, TIMEOUT, FASTALLOC_SYNC_SPINLOCK, true },
	{ "hook, percpu", IN_ACQUIRE, TIMEOUT, FASTALLOC_SYNC_PERCPU, false },
	{ "hook, spinlock", IN_ACQUIRE, KILLABLE, FASTALLOC_SYNC_SPINLOCK, false },
	{ "hook, percpu, deferred", IN_ACQUIRE, KILLABLE, FASTALLOC_SYNC_PERCPU, true },
	{ "hook, spinlock, deferred", IN_ACQUIRE, TIMEOUT, FASTALLOC_SYNC_SPINLOCK, true },
};

static void stay_desc(struct stay *s, char *desc)
{
	strscpy(desc, s->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(stay, stays, stay_desc);

static struct fastalloc_pool *stay_pool(struct kunit *test, const struct stay *s,
					struct life *l)
{
	struct fastalloc_config cfg =
		fa_config(.obj_size = sizeof(struct thing), .capacity = 4,
			  .sync = s->sync, .magazine = s->sync == FASTALLOC_SYNC_PERCPU);

	life_hooks(&cfg, l);
	if (s->spot != WAITING) {
		cfg.growth = FASTALLOC_GROWTH_CUSTOM;
		cfg.growth_fn = life_growth;
		cfg.max_capacity = 1000;
		cfg.low_water = 1;
	}
	if (s->spot == IN_MEM) {
		cfg.mem_alloc = life_mem_alloc;
		cfg.mem_free = life_mem_free;
	}
	return fa_pool(test, &cfg);
}

/* Whether the last of @nr guests sleeps where it must be held up. */
static bool stay_there(const struct stay *s, struct fastalloc_pool *pool, int nr)
{
	struct fastalloc_stats st;

	if (atomic_read(&pool->waitq.calls) != nr)
		return false;
	fastalloc_pool_stats(pool, &st);
	return s->spot != WAITING || st.waits == nr;
}

/*
 * Promise: a caller that sleeps anywhere in a pool while it is destroyed gets nothing.
 * The pool stays until the caller has left, and what it was about to get is in order.
 */
static void destroy_with_guests(struct kunit *test)
{
	const struct stay *s = test->param_value;
	struct guest *g = fa_mem(test, 2 * sizeof(*g));
	struct ending *e = fa_mem(test, sizeof(*e));
	struct life *l = life_begin(test);
	struct reader *reader = NULL;
	struct fa_fix *fix = test->priv;
	struct fastalloc_pool *pool;
	int i, nr = s->spot == AT_LOCK ? 2 : 1;

	pool = stay_pool(test, s, l);
	if (s->spot != IN_ACQUIRE)
		KUNIT_EXPECT_GE(test, fa_drain(test, pool, 0), 4U);
	l->spot = s->spot == AT_LOCK ? IN_CTOR : s->spot;
	for (i = 0; i < nr; i++) {
		g[i].pool = pool;
		g[i].life = l;
		g[i].call = s->call;
		g[i].held = !i;
		guest_start(test, &g[i]);
		if (!i && s->spot != WAITING)
			KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&l->inside,
									    FA_TEST_PATIENCE));
		KUNIT_EXPECT_TRUE(test, fa_await(stay_there(s, pool, i + 1)));
	}
	/* Let the others get to the lock itself, or to sleep. */
	msleep(20);

	e->pool = pool;
	fa_forget(test, pool);
	if (s->deferred) {
		fastalloc_pool_destroy_deferred(pool, ending_done, e);
		if (s->spot == WAITING)
			KUNIT_EXPECT_TRUE(test, fa_await(flag_is_set(&g[0].left)));
		fa_put_all(test);
	} else if (s->spot == WAITING) {
		/* Let all of them return. */
		reader = reader_start(test);
		for (i = 0; i < fix->nr_held; i++) {
			struct thing *t = fix->held[i].obj;

			fastalloc_free_rcu(pool, t, &t->rcu);
		}
		fix->nr_held = 0;
	} else {
		fa_put_all(test);
	}
	if (!s->deferred) {
		e->task = kthread_run(ending_thread, e, "fa-destroy");
		KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(pool->waitq.dying)));
	}
	if (reader) {
		KUNIT_EXPECT_TRUE(test, fa_await(flag_is_set(&g[0].left)));
		reader_end(test, reader);
	}
	if (s->spot != WAITING) {
		/* The pool is still there for them. */
		msleep(20);
		KUNIT_EXPECT_FALSE(test, flag_is_set(&e->over));
		for (i = 0; i < nr; i++)
			KUNIT_EXPECT_FALSE(test, flag_is_set(&g[i].left));
	}
	complete_all(&l->go);
	for (i = 0; i < nr; i++)
		guest_end(test, &g[i]);
	KUNIT_EXPECT_TRUE(test, fa_await(flag_is_set(&e->over)));
	if (e->task)
		kthread_stop(e->task);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->times), (int)s->deferred);
	expect_over(test, l);
}

/**
 * struct block - memory that a pool got from its owner
 * @mem: the memory, or NULL
 * @size: its size
 */
struct block {
	void	*mem;
	size_t	size;
};

/**
 * struct estate - the memory of a pool
 * @life: record of the pool; its address also leads to @block
 * @block: memory that the pool holds
 */
struct estate {
	struct life	life;
	struct block	block[64];
};

static void *estate_alloc(size_t size, int node, gfp_t gfp, void *arg)
{
	struct estate *e = container_of((struct life *)arg, struct estate, life);
	void *mem = life_mem_alloc(size, node, gfp, arg);
	unsigned int i = 0;

	while (mem && i < ARRAY_SIZE(e->block) && e->block[i].mem)
		i++;
	if (mem && i < ARRAY_SIZE(e->block))
		e->block[i] = (struct block){ mem, size };
	return mem;
}

static void estate_free(void *mem, size_t size, void *arg)
{
	struct estate *e = container_of((struct life *)arg, struct estate, life);
	unsigned int i = 0;

	while (i < ARRAY_SIZE(e->block) && e->block[i].mem != mem)
		i++;
	if (i == ARRAY_SIZE(e->block) || e->block[i].size != size)
		atomic_inc(&e->life.odd);
	else
		e->block[i].mem = NULL;
	life_mem_free(mem, size, arg);
}

static struct block *estate_find(struct estate *e, const void *obj)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(e->block); i++)
		if (e->block[i].mem && obj >= e->block[i].mem &&
		    obj < e->block[i].mem + e->block[i].size)
			return &e->block[i];
	return NULL;
}

static struct fa_combo out_params[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, PAGE_SIZE, 0),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, AUTO, PAGE_SIZE, 0),
	FA_COMBO(SPINLOCK, FIFO, LINEAR, AUTO, PAGE_SIZE, 0),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, AUTO, PAGE_SIZE, 0),
	FA_COMBO(NONE, LIFO, LINEAR, AUTO, PAGE_SIZE, 0),
	FA_COMBO(NONE, LOWEST, LINEAR, AUTO, PAGE_SIZE, 0),
};

KUNIT_ARRAY_PARAM(out, out_params, fa_combo_desc);

/* Six chunks of one object, in addition to the initial ones. */
#define OUT_GROWN	6

/**
 * struct leftover - objects of a pool that are out when it is destroyed
 * @pool: the pool
 * @old: an initial object
 * @new: an object that growth has added, in its own chunk
 * @first: number of initial objects
 */
struct leftover {
	struct fastalloc_pool	*pool;
	struct thing		*old;
	struct thing		*new;
	unsigned long		first;
};

/* A pool of which two objects are out, in two chunks. */
static struct leftover leave_two(struct kunit *test, struct fastalloc_config *cfg)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fa_fix *fix = test->priv;
	struct leftover left = {};
	struct fastalloc_stats s;
	struct fa_chunk *chunk;
	unsigned int i;

	cfg->name = "kunit-out";
	cfg->obj_size = c->size;
	cfg->capacity = 4;
	cfg->sync = c->sync;
	cfg->order = c->order;
	cfg->growth = c->growth;
	cfg->growth_amount = 1;
	cfg->max_capacity = 4 + OUT_GROWN;
	cfg->low_water = 1;
	cfg->magazine = c->sync == FASTALLOC_SYNC_PERCPU;
	left.pool = fa_pool(test, cfg);
	fastalloc_pool_stats(left.pool, &s);
	left.first = s.total;
	fa_drain(test, left.pool, GFP_KERNEL);
	fastalloc_pool_stats(left.pool, &s);
	KUNIT_EXPECT_EQ(test, s.total, left.first + OUT_GROWN);
	for (i = 0; i < fix->nr_held; i++) {
		for (chunk = fa_chunk_first(&left.pool->chunks); chunk;
		     chunk = fa_chunk_next(chunk))
			if (fix->held[i].obj >= chunk->mem && fix->held[i].obj < chunk->end)
				break;
		if (chunk && chunk->first)
			left.old = fix->held[i].obj;
		else if (chunk && chunk->count == 1)
			left.new = fix->held[i].obj;
	}
	KUNIT_ASSERT_NOT_NULL(test, left.old);
	KUNIT_ASSERT_NOT_NULL(test, left.new);
	memset(left.old->data, 0x0d, sizeof(left.old->data));
	memset(left.new->data, 0xe3, sizeof(left.new->data));
	fa_unhold(test, left.old);
	fa_unhold(test, left.new);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(left.pool), 2UL);
	return left;
}

static void expect_kept(struct kunit *test, const struct leftover *left)
{
	KUNIT_EXPECT_NULL(test, memchr_inv(left->old->data, 0x0d, sizeof(left->old->data)));
	KUNIT_EXPECT_NULL(test, memchr_inv(left->new->data, 0xe3, sizeof(left->new->data)));
	memset(left->old, 0, sizeof(*left->old));
	memset(left->new, 0, sizeof(*left->new));
}

/*
 * Promise: destroy keeps the chunks of which objects are out, and does not touch these
 * objects. All other chunks are freed. A late free is refused. The name is available
 * again.
 */
static void destroy_keeps_chunks(struct kunit *test)
{
	struct estate *e = fa_mem(test, sizeof(*e));
	struct fastalloc_config cfg = {
		.mem_alloc = estate_alloc, .mem_free = estate_free,
	};
	struct block *old, *new;
	struct leftover left;
	unsigned int i;
	int kept;

	life_hooks(&cfg, &e->life);
	left = leave_two(test, &cfg);
	kept = left.first + 1;
	fa_expect_splat("pool kunit-out destroyed with 2 objects out");
	fa_allow_fault("kunit-out");
	fa_pool_gone(test, left.pool);

	old = estate_find(e, left.old);
	new = estate_find(e, left.new);
	KUNIT_EXPECT_NOT_NULL(test, old);
	KUNIT_EXPECT_NOT_NULL(test, new);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->life.allocs), 1 + OUT_GROWN);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->life.frees), OUT_GROWN - 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->life.acquired) - 2,
			atomic_read(&e->life.released));
	KUNIT_EXPECT_EQ(test, atomic_read(&e->life.born) - kept, atomic_read(&e->life.buried));
	KUNIT_EXPECT_EQ(test, left.old->state, (u32)USED);
	KUNIT_EXPECT_EQ(test, left.new->state, (u32)USED);
	/* The descriptor of the pool stays, to report late calls. */
	KUNIT_EXPECT_EQ(test, kref_read(&left.pool->ref), 1U);
	fastalloc_free(left.pool, left.old);
	fastalloc_free(left.pool, left.new);
	KUNIT_EXPECT_EQ(test, left.old->state, (u32)USED);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->life.acquired) - 2,
			atomic_read(&e->life.released));
	expect_kept(test, &left);
	for (i = 0; i < ARRAY_SIZE(e->block); i++)
		if (e->block[i].mem)
			free_pages_exact(e->block[i].mem, e->block[i].size);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->life.odd), 0);

	cfg.name = "kunit-out";
	cfg.mem_alloc = NULL;
	cfg.mem_free = NULL;
	fa_pool(test, &cfg);
}

/* Promise: the same with memory from the kernel: objects that are out stay usable. */
static void destroy_keeps_memory(struct kunit *test)
{
	enum fastalloc_backing backing;

	for (backing = FASTALLOC_BACKING_AUTO; backing <= FASTALLOC_BACKING_VMALLOC;
	     backing++) {
		struct fastalloc_config cfg = { .backing = backing };
		struct leftover left = leave_two(test, &cfg);
		struct fa_chunk *chunk;
		unsigned int i;
		void *page[32];

		for (chunk = fa_chunk_first(&left.pool->chunks); chunk;
		     chunk = fa_chunk_next(chunk)) {
			/* Nobody else will free it. */
			if (chunk->origin == FA_ORIGIN_VMALLOC &&
			    (chunk->first || chunk->mem == left.new))
				kmemleak_ignore(chunk->mem);
		}
		fa_expect_splat("pool kunit-out destroyed with 2 objects out");
		fa_pool_gone(test, left.pool);
		/* If the page had been freed, somebody else could have it now. */
		for (i = 0; i < ARRAY_SIZE(page); i++) {
			page[i] = (void *)__get_free_page(GFP_KERNEL);
			if (page[i])
				memset(page[i], 0xff, PAGE_SIZE);
		}
		expect_kept(test, &left);
		for (i = 0; i < ARRAY_SIZE(page); i++)
			free_page((unsigned long)page[i]);
	}
}

/*
 * Promise: with DROP_LIVE all objects are released and destructed, and all memory is
 * freed.
 */
static void destroy_drops_live(struct kunit *test)
{
	struct estate *e = fa_mem(test, sizeof(*e));
	struct fastalloc_config cfg = {
		.mem_alloc = estate_alloc, .mem_free = estate_free,
		.flags = FASTALLOC_F_DROP_LIVE,
	};
	struct leftover left;

	life_hooks(&cfg, &e->life);
	left = leave_two(test, &cfg);
	fa_expect_splat("pool kunit-out destroyed with 2 objects out");
	fa_pool_gone(test, left.pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->life.allocs), 1 + OUT_GROWN);
	expect_over(test, &e->life);

	/* With INIT_ON_FREE the memory must be zero when it is freed. */
	memset(e, 0, sizeof(*e));
	cfg.ctor = NULL;
	cfg.dtor = NULL;
	cfg.on_acquire = NULL;
	cfg.on_release = NULL;
	cfg.flags |= FASTALLOC_F_INIT_ON_FREE;
	left = leave_two(test, &cfg);
	fa_expect_splat("pool kunit-out destroyed with 2 objects out");
	fa_pool_gone(test, left.pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->life.dirty), 0);
	expect_over(test, &e->life);
}

/* Promise: destroy of no pool does nothing and calls no callback. */
static void destroy_nothing(struct kunit *test)
{
	struct ending *e = fa_mem(test, sizeof(*e));

	fastalloc_pool_destroy(NULL);
	fastalloc_pool_destroy(ERR_PTR(-ENOMEM));
	fastalloc_pool_destroy_deferred(NULL, ending_done, e);
	fastalloc_pool_destroy_deferred(ERR_PTR(-ENOMEM), ending_done, e);
	fastalloc_pool_destroy_deferred(ERR_PTR(-EINVAL), NULL, NULL);
	fastalloc_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&e->times), 0);
}

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
 * @there: it ran in the right context
 * @done: it has run
 * @irq: raises it in hardirq
 * @tasklet: raises it in softirq
 */
struct visit {
	void			(*fn)(void *arg);
	void			*arg;
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

static void run_at(struct kunit *test, enum place place, void (*fn)(void *arg), void *arg)
{
	struct visit *v = &visit;
	unsigned long flags;

	v->fn = fn;
	v->arg = arg;
	init_completion(&v->done);
	switch (place) {
	case IN_TASK:
		visit_now(v, in_task());
		break;
	case NO_PREEMPT:
		preempt_disable();
		visit_now(v, in_task());
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
}

/* What a pool does with each object: on the inline path or out of line, and how much. */
static const unsigned int dress_flags[] = {
	FASTALLOC_F_NO_INIT,
	FASTALLOC_F_INIT_ON_ALLOC | FASTALLOC_F_INIT_ON_FREE,
	FASTALLOC_F_NO_INIT | FASTALLOC_F_HANDLES,
	FASTALLOC_F_NO_INIT | FASTALLOC_F_DEBUG,
	FASTALLOC_F_HANDLES | FASTALLOC_F_DEBUG | FASTALLOC_F_INIT_ON_FREE,
};

#define DRESSES	(ARRAY_SIZE(dress_flags) + 1)	/* plus one with hooks */

static const struct {
	enum fastalloc_sync	sync;
	enum fastalloc_order	order;
} kinds[] = {
	{ FASTALLOC_SYNC_PERCPU, FASTALLOC_ORDER_LIFO },
	{ FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_LIFO },
	{ FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_FIFO },
	{ FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_LOWEST },
	{ FASTALLOC_SYNC_NONE, FASTALLOC_ORDER_LIFO },
	{ FASTALLOC_SYNC_NONE, FASTALLOC_ORDER_LOWEST },
};

#define GRAVES	(DRESSES * ARRAY_SIZE(kinds))
#define REST	3

/**
 * struct grave - one of many pools whose destroy is deferred
 * @e: state of its destroy
 * @life: record of a pool with hooks
 * @cfg: its config
 * @name: its name
 * @objs: objects that are out
 * @nr: their number
 */
struct grave {
	struct ending		e;
	struct life		life;
	struct fastalloc_config	cfg;
	char			name[FASTALLOC_NAME_LEN];
	void			*objs[REST];
	unsigned int		nr;
};

/**
 * struct yard - all of these pools
 * @g: the pools
 * @nr: their number
 */
struct yard {
	struct grave	g[GRAVES];
	unsigned int	nr;
};

/*
 * Shared by all cases. Static, since a pool outlives its case if an object or a
 * callback was lost.
 */
static struct yard yard;

static struct fastalloc_config grave_config(struct grave *g, unsigned int kind,
					    unsigned int dress)
{
	struct fastalloc_config cfg = {
		.name = g->name, .obj_size = sizeof(struct thing), .capacity = 10,
		.type_align = __alignof__(struct thing),
		.sync = kinds[kind].sync, .order = kinds[kind].order,
		.low_water = 1,
	};

	snprintf(g->name, sizeof(g->name), "kunit-%u-%u", kind, dress);
	/* Fixed, or growing. */
	if (dress & 1)
		cfg.growth = FASTALLOC_GROWTH_EXPONENTIAL;
	if (dress < ARRAY_SIZE(dress_flags))
		cfg.flags = dress_flags[dress];
	else
		life_hooks(&cfg, &g->life);
	if (cfg.order == FASTALLOC_ORDER_LOWEST)
		cfg.flags |= FASTALLOC_F_CONTIG;
	return cfg;
}

/* A pool of each kind, with @out objects out of each. */
static void yard_open(struct kunit *test, unsigned int out)
{
	unsigned int kind, dress, i;

	KUNIT_ASSERT_EQ(test, yard.nr, 0U);
	memset(&yard, 0, sizeof(yard));
	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		for (dress = 0; dress < DRESSES; dress++) {
			struct grave *g = &yard.g[yard.nr];

			g->cfg = grave_config(g, kind, dress);
			g->e.pool = fastalloc_pool_create(&g->cfg);
			KUNIT_ASSERT_FALSE(test, IS_ERR(g->e.pool));
			yard.nr++;
			for (i = 0; i < REST; i++)
				g->objs[i] = fastalloc_alloc(g->e.pool, GFP_KERNEL);
			fastalloc_free_bulk(g->e.pool, REST - out, g->objs + out);
			g->nr = out;
		}
}

static bool yard_over(void)
{
	unsigned int i;

	for (i = 0; i < yard.nr; i++)
		if (!flag_is_set(&yard.g[i].e.over))
			return false;
	return true;
}

/* Waits until all of these pools are gone. */
static void yard_close(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, fa_await(yard_over()));
	for (i = 0; i < yard.nr; i++) {
		struct grave *g = &yard.g[i];

		KUNIT_EXPECT_TRUE_MSG(test, flag_is_set(&g->e.over), "%s", g->name);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&g->e.times), 1, "%s", g->name);
		KUNIT_EXPECT_FALSE(test, g->e.odd);
		expect_over(test, &g->life);
	}
	if (!yard_over())
		return;
	yard.nr = 0;
	fastalloc_barrier();
}

static void ending_begin(void *arg)
{
	struct ending *e = arg;

	fastalloc_pool_destroy_deferred(e->pool, ending_done, e);
}

static void yard_begin(void *unused)
{
	unsigned int i;

	for (i = 0; i < yard.nr; i++)
		ending_begin(&yard.g[i].e);
}

/* Promise: a pool with no object out is destroyed at once, from any context. */
static void deferred_at_once(struct kunit *test)
{
	enum place place = *(enum place *)test->param_value;
	unsigned int i;

	yard_open(test, 0);
	run_at(test, place, yard_begin, NULL);
	yard_close(test);
	/* Its name is available again. */
	for (i = 0; i < GRAVES; i += 7) {
		struct fastalloc_pool *pool = fastalloc_pool_create(&yard.g[i].cfg);

		KUNIT_EXPECT_FALSE(test, IS_ERR_OR_NULL(pool));
		fastalloc_pool_destroy(pool);
	}
}

static void expect_refused(struct kunit *test, struct grave *g)
{
	struct fastalloc_pool *pool = g->e.pool;
	unsigned long began = jiffies;
	void *objs[4];

	KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, GFP_ATOMIC));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, 0));
	if (!g->cfg.ctor)
		KUNIT_EXPECT_NULL(test, fastalloc_zalloc(pool, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, __fastalloc_alloc(pool, GFP_ATOMIC));
	KUNIT_EXPECT_NULL(test, fastalloc_ref_alloc(pool, GFP_KERNEL).obj);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(pool, GFP_KERNEL, 2, objs), 0U);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk_some(pool, GFP_KERNEL, 4, objs), 0U);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_timeout(pool, GFP_KERNEL, FA_TEST_PATIENCE));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_killable(pool, GFP_KERNEL, FA_TEST_PATIENCE));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_reserve(pool, 1, GFP_KERNEL), -ESHUTDOWN);
	if (g->cfg.order == FASTALLOC_ORDER_LOWEST)
		KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_KERNEL, 2));
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, began + FA_TEST_PATIENCE / 2));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), (unsigned long)g->nr);
}

/* Promise: all calls that allocate are refused at once, and the name stays in use. */
static void deferred_refuses(struct kunit *test)
{
	struct fastalloc_pool *pool;
	unsigned int i;

	yard_open(test, REST);
	for (i = 0; i < yard.nr; i++) {
		ending_begin(&yard.g[i].e);
		expect_refused(test, &yard.g[i]);
		pool = fastalloc_pool_create(&yard.g[i].cfg);
		KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-EEXIST));
	}
	msleep(20);
	for (i = 0; i < yard.nr; i++) {
		KUNIT_EXPECT_FALSE(test, flag_is_set(&yard.g[i].e.over));
		expect_refused(test, &yard.g[i]);
		fastalloc_free_bulk(yard.g[i].e.pool, REST, yard.g[i].objs);
	}
	yard_close(test);
}

/* The number of lines in @text that begin with @name and end with @state. */
static unsigned int count_lines(char *text, const char *name, const char *state)
{
	unsigned int nr = 0;
	char *line;

	while ((line = strsep(&text, "\n")))
		nr += !strncmp(line, name, strlen(name)) && strlen(line) > strlen(state) &&
		      !strcmp(line + strlen(line) - strlen(state), state);
	return nr;
}

/* Promise: until the last object is freed, debugfs shows the pool as a zombie. */
static void deferred_shows(struct kunit *test)
{
	char *text = fa_mem(test, TEXT), name[FASTALLOC_NAME_LEN + 8];
	unsigned int i, zombies, alive;

	if (read_text("pools", text) < 0)
		kunit_skip(test, "debugfs is not mounted");
	yard_open(test, 1);
	for (i = 0; i < yard.nr; i += 2)
		ending_begin(&yard.g[i].e);
	/* Time for the worker to look at the pool. */
	msleep(20);
	read_text("pools", text);
	zombies = count_lines(text, "kunit-", " zombie " KBUILD_MODNAME);
	read_text("pools", text);
	alive = count_lines(text, "kunit-", "  live " KBUILD_MODNAME);
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s/chunks", yard.g[i].e.pool->name);
		KUNIT_EXPECT_GT(test, read_text(name, text), (ssize_t)0);
		KUNIT_EXPECT_NOT_NULL(test, strstr(text, i ? " used\n" : " condemned\n"));
	}
	for (i = 1; i < yard.nr; i += 2)
		ending_begin(&yard.g[i].e);
	for (i = 0; i < yard.nr; i++)
		fastalloc_free(yard.g[i].e.pool, yard.g[i].objs[0]);
	yard_close(test);
	KUNIT_EXPECT_EQ(test, zombies, (unsigned int)DIV_ROUND_UP(GRAVES, 2));
	KUNIT_EXPECT_EQ(test, alive, (unsigned int)GRAVES / 2);
	/* Pools that earlier cases destroyed with objects out are listed as dead. */
	read_text("pools", text);
	KUNIT_EXPECT_EQ(test, count_lines(text, "kunit-", " zombie " KBUILD_MODNAME), 0U);
	read_text("pools", text);
	KUNIT_EXPECT_EQ(test, count_lines(text, "kunit-", "  live " KBUILD_MODNAME), 0U);
}

/* How the last objects are freed. */
enum route { VIA_FREE, VIA_OWNER, VIA_BULK, VIA_CONTIG, VIA_PUT, VIA_REF, VIA_RCU };

static const char * const way_words[] = {
	"free", "owner's free", "bulk", "neighbours", "put", "owned handle", "rcu",
};

/**
 * struct way_back - how objects are freed, and from which context
 * @way: the call
 * @place: the context
 */
struct way_back {
	enum route	way;
	enum place	place;
};

static struct way_back ways[] = {
	{ VIA_FREE, IN_TASK }, { VIA_FREE, NO_PREEMPT }, { VIA_FREE, IN_SOFTIRQ },
	{ VIA_FREE, IN_HARDIRQ }, { VIA_OWNER, IN_TASK }, { VIA_OWNER, IRQS_OFF },
	{ VIA_BULK, IN_TASK }, { VIA_BULK, IN_HARDIRQ }, { VIA_CONTIG, IN_TASK },
	{ VIA_CONTIG, IN_SOFTIRQ }, { VIA_PUT, IN_TASK }, { VIA_PUT, IN_HARDIRQ },
	{ VIA_REF, IN_TASK }, { VIA_RCU, IN_TASK }, { VIA_RCU, IN_HARDIRQ },
};

static void way_desc(struct way_back *w, char *desc)
{
	char place[KUNIT_PARAM_DESC_SIZE / 2];

	place_desc(&w->place, place);
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s", way_words[w->way], place);
}

KUNIT_ARRAY_PARAM(way, ways, way_desc);

static bool way_fits(enum route via, const struct fastalloc_config *cfg)
{
	switch (via) {
	case VIA_CONTIG:
		return cfg->order == FASTALLOC_ORDER_LOWEST;
	case VIA_PUT:
		return cfg->flags & FASTALLOC_F_HANDLES;
	case VIA_RCU:
		return cfg->sync != FASTALLOC_SYNC_NONE;
	default:
		return true;
	}
}

/* Frees the last @nr objects of a pool. The pool may be gone afterwards. */
static void go_home(struct grave *g, enum route via, unsigned int nr)
{
	struct fastalloc_pool *pool = g->e.pool;
	void **objs = g->objs + g->nr - nr;
	struct fastalloc_ref ref;
	unsigned int i;

	g->nr -= nr;
	if (via == VIA_BULK || via == VIA_CONTIG) {
		if (via == VIA_BULK)
			fastalloc_free_bulk(pool, nr, objs);
		else
			fastalloc_free_contig(pool, objs[0], nr);
		return;
	}
	for (i = 0; i < nr; i++) {
		struct thing *t = objs[i];

		switch (via) {
		case VIA_OWNER:
			__fastalloc_free(pool, t);
			break;
		case VIA_PUT:
			fastalloc_put(pool, t);
			break;
		case VIA_REF:
			ref = (struct fastalloc_ref){ pool, t };
			fastalloc_ref_free(&ref);
			break;
		case VIA_RCU:
			fastalloc_free_rcu(pool, t, &t->rcu);
			break;
		default:
			fastalloc_free(pool, t);
			break;
		}
	}
}

static enum route way_of(const struct way_back *w, const struct grave *g)
{
	return way_fits(w->way, &g->cfg) ? w->way : VIA_FREE;
}

/*
 * Frees the first object of each pool. Contiguous objects are freed together, so not
 * here.
 */
static void first_home(void *arg)
{
	unsigned int i;

	for (i = 0; i < yard.nr; i++)
		if (way_of(arg, &yard.g[i]) != VIA_CONTIG)
			go_home(&yard.g[i], way_of(arg, &yard.g[i]), 1);
}

static void all_home(void *arg)
{
	unsigned int i;

	for (i = 0; i < yard.nr; i++)
		go_home(&yard.g[i], way_of(arg, &yard.g[i]), yard.g[i].nr);
}

/*
 * Promise: a pool stays while any of its objects is out, and is destroyed with the last
 * one, whichever call frees it from whichever context.
 */
static void deferred_last_object(struct kunit *test)
{
	const struct way_back *w = test->param_value;
	unsigned int i;

	yard_open(test, REST);
	yard_begin(NULL);
	run_at(test, w->place, first_home, (void *)w);
	msleep(20);
	for (i = 0; i < yard.nr; i++)
		KUNIT_EXPECT_FALSE_MSG(test, flag_is_set(&yard.g[i].e.over), "%s",
				       yard.g[i].name);
	run_at(test, w->place, all_home, (void *)w);
	yard_close(test);
}

/*
 * Promise: an object passed to fastalloc_free_rcu() before destroy counts as out, and
 * is freed.
 */
static void deferred_after_free_rcu(struct kunit *test)
{
	struct reader *reader;
	unsigned int i;

	yard_open(test, REST);
	reader = reader_start(test);
	for (i = 0; i < yard.nr; i++) {
		struct grave *g = &yard.g[i];

		if (way_fits(VIA_RCU, &g->cfg))
			go_home(g, VIA_RCU, REST);
		ending_begin(&g->e);
		KUNIT_EXPECT_FALSE(test, flag_is_set(&g->e.over));
		if (g->nr)
			go_home(g, VIA_BULK, REST);
	}
	reader_end(test, reader);
	yard_close(test);
}

/**
 * struct hog - keeps all tasks of lower priority off a CPU
 * @end: it must end
 * @there: it runs
 */
struct hog {
	bool end;
	bool there;
};

static int hog_thread(void *data)
{
	struct hog *h = data;
	unsigned int ms = 0;

	sched_set_fifo(current);
	flag_set(&h->there);
	while (!READ_ONCE(h->end) && ms++ < 800) {
		mdelay(1);
		cond_resched();
	}
	stop_here();
	return 0;
}

/*
 * Promise: a waiter that was handed the last object, and notices late that the pool is
 * being destroyed, frees it; then the pool is destroyed.
 */
static void deferred_handed_over(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg =
		fa_config(.obj_size = sizeof(struct thing), .capacity = 4,
			  .sync = c->sync, .order = c->order,
			  .magazine = c->sync == FASTALLOC_SYNC_PERCPU);
	unsigned int cpu = other_cpu();
	struct guest *g = fa_mem(test, sizeof(*g));
	struct ending *e = fa_mem(test, sizeof(*e));
	struct hog *h = fa_mem(test, sizeof(*h));
	struct life *l = life_begin(test);
	struct task_struct *hog;
	bool early;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one CPU alone");
	life_hooks(&cfg, l);
	g->pool = fa_pool(test, &cfg);
	e->pool = g->pool;
	g->life = l;
	fa_drain(test, g->pool, 0);
	g->task = kthread_create_on_cpu(guest_thread, g, cpu, GUEST "/%u");
	KUNIT_ASSERT_FALSE(test, IS_ERR(g->task));
	wake_up_process(g->task);
	KUNIT_EXPECT_TRUE(test, fa_await(READ_ONCE(g->pool->waitq.waits)));
	msleep(20);

	hog = kthread_create_on_cpu(hog_thread, h, cpu, "fa-hog/%u");
	KUNIT_EXPECT_FALSE(test, IS_ERR(hog));
	if (!IS_ERR(hog)) {
		wake_up_process(hog);
		KUNIT_EXPECT_TRUE(test, fa_await(flag_is_set(&h->there)));
	}
	/* The last object is handed to the waiter, which does not run. */
	fa_put_all(test);
	KUNIT_EXPECT_TRUE(test, fa_await(!READ_ONCE(g->pool->waitq.nr)));
	early = flag_is_set(&g->left);
	fa_forget(test, g->pool);
	ending_begin(e);
	if (!early) {
		/* The worker looks, and finds an object out: the pool stays. */
		msleep(20);
		KUNIT_EXPECT_TRUE(test, fa_await(!work_busy(&g->pool->deferred.work)));
	}
	WRITE_ONCE(h->end, true);
	if (!IS_ERR(hog))
		kthread_stop(hog);
	if (early) {
		fastalloc_free(g->pool, g->obj);
		g->obj = NULL;
	}
	guest_end(test, g);
	KUNIT_EXPECT_TRUE(test, fa_await(flag_is_set(&e->over)));
	expect_over(test, l);
	if (early)
		kunit_skip(test, "the waiter ran all the same");
}

static struct fa_combo hand_params[] = {
	FA_COMBO(PERCPU, LIFO, NONE, AUTO, 0, 0),
	FA_COMBO(SPINLOCK, LIFO, NONE, AUTO, 0, 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, AUTO, 0, 0),
};

KUNIT_ARRAY_PARAM(hand, hand_params, fa_combo_desc);

static int barrier_thread(void *data)
{
	fastalloc_barrier();
	flag_set(data);
	stop_here();
	return 0;
}

/* Promise: the barrier returns when all callbacks have returned, and not before. */
static void deferred_barrier(struct kunit *test)
{
	struct ending *e = fa_mem(test, 3 * sizeof(*e));
	bool *passed = fa_mem(test, sizeof(*passed));
	struct task_struct *task;
	unsigned int i;
	void *obj = NULL;

	for (i = 0; i < 3; i++) {
		struct fastalloc_config cfg = fa_config(.capacity = 4, .sync = i);
		char name[FASTALLOC_NAME_LEN];

		snprintf(name, sizeof(name), "kunit-%u", i);
		cfg.name = name;
		e[i].pool = fa_pool(test, &cfg);
		e[i].slow = 30;
	}
	obj = fastalloc_alloc(e[0].pool, GFP_KERNEL);
	for (i = 0; i < 3; i++) {
		fa_forget(test, e[i].pool);
		ending_begin(&e[i]);
	}
	task = kthread_run(barrier_thread, passed, "fa-barrier");
	KUNIT_EXPECT_TRUE(test, fa_await(flag_is_set(&e[1].over) && flag_is_set(&e[2].over)));
	msleep(20);
	/* An object is still out. */
	KUNIT_EXPECT_FALSE(test, flag_is_set(passed));
	fastalloc_free(e[0].pool, obj);
	fastalloc_barrier();
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, flag_is_set(&e[i].over));
	KUNIT_EXPECT_TRUE(test, fa_await(flag_is_set(passed)));
	if (!IS_ERR(task))
		kthread_stop(task);

	/* Nothing to wait for. */
	fastalloc_barrier();
	/* A destroy without a callback. */
	e[0].pool = fa_pool(test, &FASTALLOC_CONFIG(u64, .name = "kunit", .capacity = 4));
	fa_forget(test, e[0].pool);
	fastalloc_pool_destroy_deferred(e[0].pool, NULL, NULL);
	fastalloc_barrier();
	e[0].pool = fa_pool(test, &FASTALLOC_CONFIG(u64, .name = "kunit", .capacity = 4));
}

#define MOURNERS	3
#define BATCH		20

/**
 * struct mourner - a thread that uses all pools until they refuse allocations
 * @task: the thread
 * @seed: of its random choices
 * @anchor: an object of each pool, as long as it uses that pool
 * @left: pools that it still uses
 */
struct mourner {
	struct task_struct	*task;
	u64			seed;
	void			*anchor[GRAVES];
	unsigned int		left;
};

/* Allocates some objects and frees them. Returns whether all allocations failed. */
static bool mourn(struct grave *g, struct rnd_state *rnd)
{
	unsigned int want = prandom_u32_state(rnd) % BATCH + 1, got = 0, i;
	struct fastalloc_pool *pool = g->e.pool;
	u32 how = prandom_u32_state(rnd);
	void *objs[BATCH];
	bool refused;

	if (how & 1) {
		got = fastalloc_alloc_bulk(pool, GFP_ATOMIC, want, objs);
		refused = !got;
	} else {
		while (got < want) {
			objs[got] = fastalloc_alloc(pool, how & 2 ? GFP_ATOMIC : GFP_KERNEL);
			if (!objs[got])
				break;
			got++;
		}
		refused = got < want;
	}
	if (how & 4) {
		fastalloc_free_bulk(pool, got, objs);
		return refused;
	}
	for (i = 0; i < got; i++) {
		struct thing *t = objs[i];

		if (!(how & 0x38))
			fastalloc_free_rcu(pool, t, &t->rcu);
		else
			fastalloc_free(pool, t);
	}
	return refused;
}

static int mourner_thread(void *data)
{
	struct mourner *m = data;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, m->seed);
	while (READ_ONCE(m->left)) {
		i = prandom_u32_state(&rnd) % GRAVES;
		if (!m->anchor[i] || !mourn(&yard.g[i], &rnd)) {
			cond_resched();
			continue;
		}
		/* The pool may be gone after this one. */
		if (i & 1)
			fastalloc_free(yard.g[i].e.pool, m->anchor[i]);
		else
			fastalloc_free_bulk(yard.g[i].e.pool, 1, &m->anchor[i]);
		m->anchor[i] = NULL;
		WRITE_ONCE(m->left, m->left - 1);
	}
	stop_here();
	return 0;
}

/*
 * Pools for all threads, with enough objects that allocations fail only because of
 * destroy.
 */
static void mourners_open(struct kunit *test, struct mourner *m)
{
	unsigned int i, k;

	memset(&yard, 0, sizeof(yard));
	for (i = 0; i < GRAVES; i++) {
		struct grave *g = &yard.g[i];

		g->cfg = grave_config(g, i / DRESSES % 4, i % DRESSES);
		snprintf(g->name, sizeof(g->name), "kunit-%u", i);
		/* Objects that wait for a grace period are out, too. */
		g->cfg.capacity = g->cfg.growth == FASTALLOC_GROWTH_NONE ? 3000 : 40;
		g->e.pool = fastalloc_pool_create(&g->cfg);
		KUNIT_ASSERT_FALSE(test, IS_ERR(g->e.pool));
		yard.nr++;
		for (k = 0; k < MOURNERS; k++)
			m[k].anchor[i] = fastalloc_alloc(g->e.pool, GFP_KERNEL);
	}
}

/*
 * Promise: while allocations and frees go on everywhere, all of them are refused after
 * a while, and then the pool is destroyed. The pool stays for each thread that has an
 * object.
 */
static void deferred_in_a_crowd(struct kunit *test)
{
	struct mourner *m = fa_mem(test, MOURNERS * sizeof(*m));
	struct rnd_state rnd;
	unsigned int turn, i, k;

	prandom_seed_state(&rnd, 15);
	for (turn = 0; turn < 2; turn++) {
		mourners_open(test, m);
		for (k = 0; k < MOURNERS; k++) {
			m[k].left = GRAVES;
			m[k].seed = turn * MOURNERS + k + 1;
			m[k].task = kthread_run(mourner_thread, &m[k], "fa-mourner/%u", k);
			KUNIT_ASSERT_FALSE(test, IS_ERR(m[k].task));
		}
		for (i = 0; i < GRAVES; i++) {
			if (prandom_u32_state(&rnd) & 1)
				usleep_range(50, 1000);
			run_at(test, i % 8 ? IN_TASK : IN_HARDIRQ, ending_begin, &yard.g[i].e);
		}
		for (k = 0; k < MOURNERS; k++) {
			KUNIT_EXPECT_TRUE(test, fa_await(!READ_ONCE(m[k].left)));
			kthread_stop(m[k].task);
		}
		yard_close(test);
	}
}

/*
 * Promise: fastalloc_free_rcu() of many objects completes soon, also where RCU is lazy.
 */
static void free_rcu_is_soon_over(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = sizeof(struct thing),
					   .capacity = 1000, .sync = c->sync,
					   .order = c->order));
	struct fa_fix *fix = test->priv;
	unsigned long began;

	KUNIT_EXPECT_GE(test, fa_drain(test, pool, 0), 1000U);
	began = jiffies;
	while (fix->nr_held) {
		struct thing *t = fix->held[--fix->nr_held].obj;

		fastalloc_free_rcu(pool, t, &t->rcu);
	}
	KUNIT_EXPECT_TRUE(test, fa_await(!fastalloc_pool_allocated(pool)));
	/* A lazy grace period takes ten seconds. */
	KUNIT_EXPECT_LT(test, jiffies - began, 5UL * HZ);
}

static struct kunit_case destroy_cases[] = {
	KUNIT_CASE_PARAM(destroy_with_guests, stay_gen_params),
	KUNIT_CASE_PARAM(destroy_keeps_chunks, out_gen_params),
	KUNIT_CASE_PARAM(destroy_keeps_memory, out_gen_params),
	KUNIT_CASE_PARAM(destroy_drops_live, out_gen_params),
	KUNIT_CASE(destroy_nothing),
	KUNIT_CASE_PARAM(deferred_at_once, place_gen_params),
	KUNIT_CASE(deferred_refuses),
	KUNIT_CASE(deferred_shows),
	KUNIT_CASE_PARAM(deferred_last_object, way_gen_params),
	KUNIT_CASE(deferred_after_free_rcu),
	KUNIT_CASE_PARAM(deferred_handed_over, hand_gen_params),
	KUNIT_CASE(deferred_barrier),
	KUNIT_CASE(deferred_in_a_crowd),
	KUNIT_CASE_PARAM(free_rcu_is_soon_over, hand_gen_params),
	{ }
};

static int destroy_init(struct kunit *test)
{
	return fa_stay_here() ?: fa_fix_init(test);
}

static struct kunit_suite destroy_suite = {
	.name = "fastalloc_destroy",
	.suite_init = fa_root_init,
	.suite_exit = fa_root_exit,
	.init = destroy_init,
	.exit = fa_fix_exit,
	.test_cases = destroy_cases,
};

kunit_test_suite(destroy_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of the end of a pool");
MODULE_LICENSE("GPL");
