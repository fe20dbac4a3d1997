// SPDX-License-Identifier: GPL-2.0
/*
 * A long run of mixed load on pools of several sizes and kinds, or, as a control, on
 * kmem_caches of the same sizes. One thread on each CPU keeps its share of the objects
 * out. Together they fill the pools to a level, a percentage of their objects, and stay
 * there while they allocate and free: objects live for short, long and very long times,
 * are handled one by one or in bulk, and some are freed on another CPU.
 *
 * A script writes to fastalloc_soak/ctl in debugfs
 *	begin pools|caches SEED
 *	step LEVEL OPS		at least OPS operations, of all threads
 *	trim			give free memory back to the system
 *	end			everything is freed and accounted for
 * and reads .../pools, a line a pool, and .../report:
 *	failed	an allocation failed although the pool has room for it
 *	torn	an object does not hold what was written: it has two owners
 *	lost	the counts do not add up at the end
 *
 * With the same seed a thread makes the same decisions on pools and on caches.
 */
#define pr_fmt(fmt) "fastalloc_soak: " fmt

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "../kselftest/fastalloc_test_module.h"

#define WORKERS		8
#define BULK		16
#define YOUNG		32

/* Otherwise caches of one size may be merged. */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE	0
#endif

/**
 * struct shape - a pool
 * @name: its name
 * @size: of an object
 * @objs: most objects that are out at once
 * @growth: NONE for a fixed size; else the pool begins with @objs / 12
 * @sync: of the pool; a NONE pool is used by one thread only
 * @order: of the pool
 */
struct shape {
	const char		*name;
	unsigned int		size;
	unsigned int		objs;
	enum fastalloc_growth	growth;
	enum fastalloc_sync	sync;
	enum fastalloc_order	order;
};

#define FIXED		FASTALLOC_GROWTH_NONE
#define LINEAR		FASTALLOC_GROWTH_LINEAR
#define EXPONENTIAL	FASTALLOC_GROWTH_EXPONENTIAL
#define PERCPU		FASTALLOC_SYNC_PERCPU
#define SPINLOCK	FASTALLOC_SYNC_SPINLOCK
#define NONE		FASTALLOC_SYNC_NONE
#define LIFO		FASTALLOC_ORDER_LIFO
#define FIFO		FASTALLOC_ORDER_FIFO
#define LOWEST		FASTALLOC_ORDER_LOWEST

static const struct shape shapes[] = {
	{ "fixed-percpu-32", 32, 24000, FIXED, PERCPU, LIFO },
	{ "fixed-percpu-256", 256, 12000, FIXED, PERCPU, LIFO },
	{ "fixed-lifo-64", 64, 20000, FIXED, SPINLOCK, LIFO },
	{ "fixed-fifo-192", 192, 12000, FIXED, SPINLOCK, FIFO },
	{ "fixed-lowest-1024", 1024, 4000, FIXED, SPINLOCK, LOWEST },
	{ "fixed-none-128", 128, 10000, FIXED, NONE, LIFO },
	{ "growing-percpu-64", 64, 20000, EXPONENTIAL, PERCPU, LIFO },
	{ "growing-percpu-512", 512, 6000, LINEAR, PERCPU, LIFO },
	{ "growing-lifo-2048", 2048, 1500, LINEAR, SPINLOCK, LIFO },
	{ "growing-fifo-96", 96, 12000, EXPONENTIAL, SPINLOCK, FIFO },
	{ "growing-lowest-4096", 4096, 1000, LINEAR, SPINLOCK, LOWEST },
	{ "growing-none-384", 384, 5000, LINEAR, NONE, LIFO },
};

#define SHAPES		ARRAY_SIZE(shapes)

/**
 * struct held - an object that is out
 * @obj: the object
 * @id: the value written to its first and its last word
 */
struct held {
	unsigned long	*obj;
	unsigned long	id;
};

/**
 * struct share - the objects of one pool that one thread has
 * @held: the objects, the first @live of them
 * @live: number of objects
 * @most: room in @held
 * @taken: objects allocated so far
 * @given: objects freed so far
 * @mail: object left by another thread to be freed here
 */
struct share {
	struct held	*held;
	unsigned int	live;
	unsigned int	most;
	unsigned long	taken;
	unsigned long	given;
	unsigned long	*mail;
} ____cacheline_aligned;

/**
 * struct load - a pool or a cache under load
 * @shape: its shape
 * @pool: the pool, or NULL
 * @cache: the cache, or NULL
 * @gfp: of its allocations
 * @share: of each thread
 */
struct load {
	const struct shape	*shape;
	struct fastalloc_pool	*pool;
	struct kmem_cache	*cache;
	gfp_t			gfp;
	struct share		share[WORKERS];
};

/**
 * struct worker - a thread
 * @task: the thread, during a step
 * @done: it has completed the step
 * @nr: its number
 * @level: percentage to fill the pools to
 * @ops: operations so far
 * @until: number of operations to reach
 * @ids: ids used so far
 * @rnd: source of its decisions
 */
struct worker {
	struct task_struct	*task;
	struct completion	done;
	unsigned int		nr;
	unsigned int		level;
	unsigned long		ops;
	unsigned long		until;
	unsigned long		ids;
	struct rnd_state	rnd;
} ____cacheline_aligned;

static struct load loads[SHAPES];
static struct worker workers[WORKERS];
static unsigned int nr_workers;
static bool begun;
static atomic_long_t failed, torn, lost;

static unsigned int pick(struct worker *w, unsigned int n)
{
	return ((u64)prandom_u32_state(&w->rnd) * n) >> 32;
}

static void stamp(const struct load *l, unsigned long *obj, unsigned long id)
{
	obj[0] = id;
	obj[l->shape->size / sizeof(*obj) - 1] = id;
}

static void check(const struct load *l, const unsigned long *obj, unsigned long id)
{
	unsigned long last = obj[l->shape->size / sizeof(*obj) - 1];

	if (obj[0] == id && last == id)
		return;
	if (atomic_long_inc_return(&torn) <= 3)
		pr_info("%s: %p holds %#lx and %#lx, not %#lx\n", l->shape->name,
			obj, obj[0], last, id);
}

/* Allocates @nr objects, fewer only if that fails. */
static void take(struct worker *w, struct load *l, unsigned int nr)
{
	struct share *s = &l->share[w->nr];
	unsigned int got = nr, i;
	void *objs[BULK];

	if (nr == 1) {
		objs[0] = l->pool ? fastalloc_alloc(l->pool, l->gfp) :
				    kmem_cache_alloc(l->cache, l->gfp);
		got = !!objs[0];
	} else if (l->pool) {
		got = fastalloc_alloc_bulk(l->pool, l->gfp, nr, objs);
	} else if (!kmem_cache_alloc_bulk(l->cache, l->gfp, nr, objs)) {
		/* All or nothing, though not all kernels return the number. */
		got = 0;
	}
	if (got != nr)
		atomic_long_inc(&failed);
	for (i = 0; i < got; i++) {
		struct held *h = &s->held[s->live++];

		h->obj = objs[i];
		h->id = ++w->ids * WORKERS + w->nr;
		stamp(l, h->obj, h->id);
	}
	s->taken += got;
	w->ops += nr;
}

/* Removes entry @i from the list. */
static unsigned long *unlist(struct load *l, struct share *s, unsigned int i)
{
	struct held h = s->held[i];

	s->held[i] = s->held[--s->live];
	check(l, h.obj, h.id);
	return h.obj;
}

static void give(struct worker *w, struct load *l, unsigned int nr, void **objs)
{
	if (!nr)
		return;
	if (nr > 1 && l->pool)
		fastalloc_free_bulk(l->pool, nr, objs);
	else if (nr > 1)
		kmem_cache_free_bulk(l->cache, nr, objs);
	else if (l->pool)
		fastalloc_free(l->pool, objs[0]);
	else
		kmem_cache_free(l->cache, objs[0]);
	l->share[w->nr].given += nr;
	w->ops += nr;
}

/* An entry of any age; rarely one at the beginning, so that these become very old. */
static unsigned int any(struct worker *w, struct share *s)
{
	unsigned int old = s->most / 32, i = pick(w, s->live);

	if (i < old && s->live > old && pick(w, 64))
		i = old + pick(w, s->live - old);
	return i;
}

static unsigned int young(struct worker *w, struct share *s)
{
	return s->live - 1 - pick(w, min_t(unsigned int, s->live, YOUNG));
}

/* Frees the object that another thread left in the share of @w. */
static void collect(struct worker *w, struct load *l)
{
	unsigned long **mail = &l->share[w->nr].mail;
	void *obj = xchg(mail, NULL);

	if (!obj)
		return;
	check(l, obj, (unsigned long)mail);
	give(w, l, 1, &obj);
}

/* Leaves an object to another thread, and frees one that was left there before. */
static void pass(struct worker *w, struct load *l)
{
	struct share *s = &l->share[w->nr];
	unsigned long **mail = &l->share[(w->nr + 1) % nr_workers].mail, *obj;
	void *old;

	obj = unlist(l, s, any(w, s));
	stamp(l, obj, (unsigned long)mail);
	old = xchg(mail, obj);
	if (old) {
		check(l, old, (unsigned long)mail);
		give(w, l, 1, &old);
	}
}

/* Frees some objects and allocates as many. */
static void turn(struct worker *w, struct load *l)
{
	struct share *s = &l->share[w->nr];
	unsigned int nr = 1, kind = pick(w, 16), i;
	void *objs[BULK];

	if (READ_ONCE(s->mail))
		collect(w, l);
	if (!s->live)
		return;
	if (kind == 0 && l->shape->sync != NONE) {
		pass(w, l);
		take(w, l, 1);
		return;
	}
	if (kind == 1)
		nr = min(2 + pick(w, BULK - 1), s->live);
	for (i = 0; i < nr; i++)
		objs[i] = unlist(l, s, kind < 8 ? any(w, s) : young(w, s));
	give(w, l, nr, objs);
	take(w, l, nr);
}

static void reach(struct worker *w, struct load *l)
{
	struct share *s = &l->share[w->nr];
	unsigned int want = s->most * w->level / 100;
	unsigned long failures = atomic_long_read(&failed);
	void *obj;

	while (s->live > want) {
		obj = unlist(l, s, any(w, s));
		give(w, l, 1, &obj);
		cond_resched();
	}
	while (s->live < want && atomic_long_read(&failed) == failures) {
		take(w, l, 1);
		cond_resched();
	}
	if (READ_ONCE(s->mail))
		collect(w, l);
}

static int soak_thread(void *data)
{
	struct worker *w = data;
	unsigned int i;

	for (i = 0; i < SHAPES; i++)
		reach(w, &loads[i]);
	while (w->level && w->ops < w->until) {
		for (i = 0; i < 64; i++)
			turn(w, &loads[pick(w, SHAPES)]);
		cond_resched();
	}
	complete(&w->done);
	return 0;
}

static int soak_step(unsigned int level, unsigned long ops)
{
	unsigned int i, n = 0, cpu;
	int err = 0;

	cpus_read_lock();
	cpu = cpumask_first(cpu_online_mask);
	for (; n < nr_workers; n++, cpu = cpumask_next(cpu, cpu_online_mask)) {
		struct worker *w = &workers[n];

		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		w->level = level;
		w->until = w->ops + ops / nr_workers;
		init_completion(&w->done);
		w->task = kthread_create(soak_thread, w, "fa-soak/%u", n);
		if (IS_ERR(w->task)) {
			err = PTR_ERR(w->task);
			break;
		}
		get_task_struct(w->task);
		kthread_bind(w->task, cpu);
	}
	cpus_read_unlock();
	for (i = 0; i < n; i++)
		wake_up_process(workers[i].task);
	for (i = 0; i < n; i++) {
		wait_for_completion(&workers[i].done);
		kthread_stop(workers[i].task);
		put_task_struct(workers[i].task);
	}
	return err;
}

static int load_make(struct load *l, bool caches)
{
	const struct shape *shape = l->shape;
	bool alone = shape->sync == NONE;
	struct fastalloc_config cfg = {
		.name = shape->name,
		.obj_size = shape->size,
		.growth = shape->growth,
		.growth_amount = shape->objs / 10,
		.sync = shape->sync,
		.order = shape->order,
	};
	unsigned int owner = (l - loads) % nr_workers, i, most = 0;
	struct fastalloc_pool *pool;

	for (i = 0; i < nr_workers; i++) {
		struct share *s = &l->share[i];

		s->most = alone ? (i == owner) * shape->objs :
				  shape->objs / nr_workers;
		/* One more may be on its way between threads. */
		most += s->most + !alone;
		if (!s->most)
			continue;
		s->held = vcalloc(s->most, sizeof(*s->held));
		if (!s->held)
			return -ENOMEM;
	}
	cfg.capacity = shape->growth == FIXED ? most : shape->objs / 12;
	l->gfp = shape->growth == FIXED ? GFP_ATOMIC : GFP_KERNEL;
	if (caches) {
		l->cache = kmem_cache_create(shape->name, shape->size, 0,
					     SLAB_NO_MERGE, NULL);
		return l->cache ? 0 : -ENOMEM;
	}
	pool = fastalloc_pool_create(&cfg);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	l->pool = pool;
	return 0;
}

/* The pool or cache itself reports objects that are still out. */
static void load_destroy(struct load *l)
{
	unsigned int i;

	if (l->pool)
		fastalloc_pool_destroy(l->pool);
	kmem_cache_destroy(l->cache);
	for (i = 0; i < WORKERS; i++)
		vfree(l->share[i].held);
	memset(l, 0, sizeof(*l));
}

static int soak_begin(bool caches, unsigned long seed)
{
	unsigned int i;
	int err = 0;

	if (begun)
		return -EBUSY;
	nr_workers = min_t(unsigned int, num_online_cpus(), WORKERS);
	memset(workers, 0, sizeof(workers));
	for (i = 0; i < nr_workers; i++) {
		workers[i].nr = i;
		prandom_seed_state(&workers[i].rnd, seed + i * 1000003UL);
	}
	atomic_long_set(&failed, 0);
	atomic_long_set(&torn, 0);
	atomic_long_set(&lost, 0);
	for (i = 0; i < SHAPES && !err; i++) {
		loads[i].shape = &shapes[i];
		err = load_make(&loads[i], caches);
	}
	begun = !err;
	if (err)
		for (i = 0; i < SHAPES; i++)
			load_destroy(&loads[i]);
	return err;
}

static void books(struct load *l)
{
	unsigned long taken = 0, given = 0, live = 0;
	struct fastalloc_stats stats;
	unsigned int i;
	bool bad;

	for (i = 0; i < nr_workers; i++) {
		taken += l->share[i].taken;
		given += l->share[i].given;
		live += l->share[i].live + !!l->share[i].mail;
	}
	bad = live || taken != given;
	if (l->pool) {
		fastalloc_pool_stats(l->pool, &stats);
		if (stats.failures)
			atomic_long_inc(&failed);
		if (stats.in_use || stats.allocs != taken || stats.frees != given)
			bad = true;
	}
	if (!bad)
		return;
	atomic_long_inc(&lost);
	pr_info("%s: %lu taken, %lu given, %lu held\n", l->shape->name, taken,
		given, live);
}

static int soak_end(void)
{
	unsigned int i;
	int err;

	err = soak_step(0, 0);
	for (i = 0; i < SHAPES; i++) {
		books(&loads[i]);
		load_destroy(&loads[i]);
	}
	begun = false;
	return err;
}

static void soak_trim(void)
{
	unsigned int i;

	for (i = 0; i < SHAPES; i++)
		if (!loads[i].pool)
			kmem_cache_shrink(loads[i].cache);
		else if (shapes[i].growth != FIXED)
			fastalloc_pool_trim(loads[i].pool);
}

static int ctl_command(char *cmd)
{
	unsigned long n;
	unsigned int level;

	if (sscanf(cmd, "begin pools %lu", &n) == 1)
		return soak_begin(false, n);
	if (sscanf(cmd, "begin caches %lu", &n) == 1)
		return soak_begin(true, n);
	if (!begun)
		return -EINVAL;
	if (sscanf(cmd, "step %u %lu", &level, &n) == 2 && level <= 100)
		return soak_step(level, n);
	if (!strcmp(cmd, "end"))
		return soak_end();
	if (strcmp(cmd, "trim"))
		return -EINVAL;
	soak_trim();
	return 0;
}

/*
 * One line for each pool: name, fixed or growing, size, objects out, memory; 0 for a
 * cache
 */
static void pools_print(struct seq_file *m)
{
	unsigned int i, k;

	for (i = 0; i < SHAPES; i++) {
		struct load *l = &loads[i];
		struct fastalloc_stats stats = {};
		unsigned long live = 0;

		for (k = 0; k < WORKERS; k++)
			live += l->share[k].live + !!l->share[k].mail;
		if (l->pool)
			fastalloc_pool_stats(l->pool, &stats);
		seq_printf(m, "%s %s %u %lu %zu\n", shapes[i].name,
			   shapes[i].growth == FIXED ? "fixed" : "growing",
			   shapes[i].size, live, stats.bytes);
	}
}

static void report_print(struct seq_file *m)
{
	unsigned long ops = 0;
	unsigned int i;

	for (i = 0; i < nr_workers; i++)
		ops += workers[i].ops;
	seq_printf(m, "ops: %lu\n", ops);
	seq_printf(m, "failed: %ld\n", atomic_long_read(&failed));
	seq_printf(m, "torn: %ld\n", atomic_long_read(&torn));
	seq_printf(m, "lost: %ld\n", atomic_long_read(&lost));
}

static void soak_cleanup(void)
{
	if (begun)
		soak_end();
}

FA_TEST_MODULE(soak, "fastalloc: a long run of mixed load", NULL, soak_cleanup,
	       FA_TEST_COMMAND(ctl), FA_TEST_REPORT(pools), FA_TEST_REPORT(report));
