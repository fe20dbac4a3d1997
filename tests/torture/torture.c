// SPDX-License-Identifier: GPL-2.0
/*
 * Many contexts, one pool. On every CPU a thread, softirqs (timer, tasklet), hardirqs
 * (irq_work, hrtimer, calls from other CPUs) and NMIs allocate objects, one by one and
 * in bulk, fill them with a pattern and leave them to other contexts, which check and
 * free them. Meanwhile the pool grows, also in place, and is trimmed, some tasks wait
 * for objects, the counters are read, and other pools are created and destroyed; a
 * script takes CPUs down and up.
 *
 * A script writes "SHAPE MILLISECONDS" to fastalloc_torture/run in debugfs and reads
 * .../report; "SHAPE MILLISECONDS 1" runs no other threads, for slow machines. Writing
 * to .../race makes a data race, for a tool to find. Errors that are detected:
 *	twice	an object is handed out while it is already out
 *	torn	an object changed while it was out
 *	promise	an allocation failed with fewer than the capacity out
 *	wakeup	a waiter slept through its timeout
 *	lost	there are too few or too many objects at the end
 *	stats	counters do not add up
 *	context	a handler ran in a wrong context
 *	handle	a reference from a weak handle was to another object
 * An interrupt records whether its CPU was inside an operation (a hit): a run without
 * hits proves nothing.
 */
#define pr_fmt(fmt) "fastalloc_torture: " fmt

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fastalloc_handle.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/timer.h>

#include "../../fastalloc/compat.h"
#include "../kselftest/fastalloc_test_module.h"
#include "torture.h"

#define SLOTS		32
#define BULK		24
#define HOLD		24
#define WAITERS		64
#define WRONGS		4
#define PATIENCE	(10 * HZ)

#define STATE_FREE	0x66726565UL
#define STATE_LIVE	0x6c697665UL
#define STATE_HOME	0x686f6d65UL

/**
 * struct item - an object
 * @state: one of STATE_*
 * @id: unique for each allocation
 * @word: pattern computed from @id, up to the end of the object
 */
struct item {
	unsigned long	state;
	unsigned long	id;
	unsigned long	word[];
};

/**
 * struct shape - a pool, and how it is used
 * @name: its name for scripts
 * @size: size of an object
 * @capacity: initial capacity
 * @max: maximum; 0: the pool does not grow
 * @magazine: slots, 0 for the default
 * @sync: of the pool
 * @order: likewise
 * @hooks: with hooks, so that the inline path is closed
 * @beyond: more objects are requested than exist, and some tasks wait
 * @handles: allocated objects can be found by a weak handle
 * @wrong: each context frees pointers that are not objects, a few times
 * @raw: no constructor: checks and sanitizers may write to free objects
 * @zeroing: likewise, and objects are zeroed on alloc and free
 * @idle: threads sleep while they hold objects, so that leases move to other CPUs, and one
 *	exhausts the pool at times
 */
struct shape {
	const char		*name;
	size_t			size;
	unsigned long		capacity;
	unsigned long		max;
	unsigned int		magazine;
	enum fastalloc_sync	sync;
	enum fastalloc_order	order;
	bool			hooks;
	bool			beyond;
	bool			handles;
	bool			wrong;
	bool			raw;
	bool			zeroing;
	bool			idle;
};

static const struct shape shapes[] = {
	{ "tiny", 16, 12, 0, 1 },
	{ "small", 64, 96, 0, 3, .raw = true },
	{ "large", 1024, 1500, 0, 0, .raw = true },
	{ "growing", 128, 16, 3000, 2 },
	{ "hooks", 48, 100, 0, 2, .hooks = true },
	{ "waiting", 32, 4, 0, 1, .beyond = true },
	{ "handles", 64, 96, 1000, 3, .handles = true },
	{ "spinlock", 64, 16, 1000, 0, FASTALLOC_SYNC_SPINLOCK, .raw = true },
	{ "fifo", 64, 16, 1000, 0, FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_FIFO },
	{ "lowest", 64, 16, 1000, 0, FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_LOWEST,
	  .raw = true },
	{ "wrong", 64, 96, 1000, 3, .wrong = true, .raw = true },
	{ "zeroing", 32, 4, 0, 1, .beyond = true, .raw = true, .zeroing = true },
	/* With 16 CPUs the reserve of 64 objects is enough for leases of half of them. */
	{ "leases", 64, 256, 0, 0, .beyond = true, .raw = true, .idle = true },
	{ "wrong-spinlock", 64, 16, 1000, 0, FASTALLOC_SYNC_SPINLOCK, .wrong = true },
};

enum kind { TASK, SOFTIRQ, HARDIRQ, NMI, KINDS };

static const char * const kind_names[] = { "task", "softirq", "hardirq", "nmi" };

enum fault { TWICE, TORN, PROMISE, WAKEUP, LOST, STATS, CONTEXT, HANDLE,
	     FAULTS };

static const char * const fault_names[] = {
	"twice", "torn", "promise", "wakeup", "lost", "stats", "context", "handle",
};

/**
 * struct worker - the contexts of one CPU
 * @task: the thread
 * @timer: raises a softirq
 * @tasklet: likewise, from a hardirq
 * @irq: raises a hardirq here
 * @hrtimer: likewise, at times of its own
 * @csd: raises one on another CPU; only the task sends it, as two senders at
 *	once would corrupt the other CPU's list
 * @cpu: the CPU
 * @rnd: random state of each context
 */
struct worker {
	struct task_struct	*task;
	struct timer_list	timer;
	struct tasklet_struct	tasklet;
	struct irq_work		irq;
	struct hrtimer		hrtimer;
	call_single_data_t	csd;
	unsigned int		cpu;
	struct rnd_state	rnd[KINDS];
};

/**
 * struct round - one run of one shape
 * @shape: its shape
 * @pool: the pool
 * @worker: one for each CPU
 * @limit: objects that may be out at once; 0: no limit
 * @words: length of an object's pattern
 * @nmis: the machine can send NMIs
 * @inside: interrupts see whether they came inside an operation: where there is
 *	work to do on each object, the inline cache is always busy
 * @stop: interrupts must raise no more interrupts
 * @slot: objects left for other contexts
 * @handle: handles of allocated objects
 * @held: upper bound of objects out, with those being requested
 * @asked: objects requested so far
 * @taken: objects allocated
 * @given: objects freed
 * @ids: source of ids
 * @cycles: by context
 * @misses: allocations that failed, by context
 * @hits: interrupts that found their CPU inside an operation
 * @deep: of these, inside an operation that was itself nested
 * @refused: refused frees of pointers that are not objects, by context
 * @fault: by kind of fault
 * @acquired: calls of on_acquire
 * @released: calls of on_release
 * @constructed: calls of ctor
 * @destructed: calls of dtor
 * @hrtimers: timers that expired
 * @upgraded: references obtained from a handle
 * @stale: handles that returned NULL
 * @waited: objects obtained by waiting
 * @trimmed: objects whose memory trim has freed
 * @churned: pools created and destroyed meanwhile
 * @last: counters at the end
 */
struct round {
	const struct shape	*shape;
	struct fastalloc_pool	*pool;
	struct worker		*worker;
	long			limit;
	unsigned int		words;
	bool			nmis;
	bool			inside;
	bool			stop;
	void			*slot[SLOTS];
	atomic64_t		handle[SLOTS];
	atomic_long_t		held;
	atomic_long_t		asked;
	atomic_long_t		taken;
	atomic_long_t		given;
	atomic_long_t		ids;
	atomic_long_t		cycles[KINDS];
	atomic_long_t		misses[KINDS];
	atomic_long_t		hits[KINDS];
	atomic_long_t		deep[KINDS];
	atomic_long_t		refused[KINDS];
	atomic_long_t		fault[FAULTS];
	atomic_long_t		acquired;
	atomic_long_t		released;
	atomic_long_t		constructed;
	atomic_long_t		destructed;
	atomic_long_t		hrtimers;
	atomic_long_t		upgraded;
	atomic_long_t		stale;
	atomic_long_t		waited;
	atomic_long_t		trimmed;
	atomic_long_t		churned;
	struct fastalloc_stats	last;
};

static struct round round;

static __printf(2, 3) void fault(enum fault f, const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	/* Report only the first faults of each kind: more would only take time. */
	if (atomic_long_inc_return(&round.fault[f]) > 3)
		return;
	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_info("%s: %s: %pV\n", round.shape->name, fault_names[f], &vaf);
	va_end(args);
}

static int item_ctor(void *obj, void *arg)
{
	struct item *item = obj;

	item->state = STATE_FREE;
	atomic_long_inc(&round.constructed);
	return 0;
}

static void item_dtor(void *obj, void *arg)
{
	atomic_long_inc(&round.destructed);
}

static void item_acquire(void *obj, void *arg)
{
	atomic_long_inc(&round.acquired);
}

static void item_release(void *obj, void *arg)
{
	atomic_long_inc(&round.released);
}

/* Marks a free object with @state. A raw object may hold anything while it is free. */
static void item_claim(struct item *item, unsigned long state)
{
	unsigned long was = xchg(&item->state, state);

	if (round.shape->zeroing ? was :
	    round.shape->raw ? was == STATE_LIVE || was == STATE_HOME : was != STATE_FREE)
		fault(TWICE, "%p was %#lx", item, was);
}

static void item_take(struct item *item)
{
	unsigned long id = atomic_long_inc_return(&round.ids);
	unsigned int i;

	item_claim(item, STATE_LIVE);
	item->id = id;
	for (i = 0; i < round.words; i++)
		item->word[i] = id * 31 + i;
	atomic_long_inc(&round.taken);
}

/* Checks that an allocated object has not changed. */
static void item_check(const struct item *item)
{
	unsigned long id = item->id;
	unsigned int i;

	for (i = 0; i < round.words; i++) {
		if (item->word[i] == id * 31 + i)
			continue;
		fault(TORN, "%p: word %u of id %lu is %#lx", item, i, id,
		      item->word[i]);
		break;
	}
}

static void item_give(struct item *item)
{
	unsigned long state;

	item_check(item);
	state = cmpxchg(&item->state, STATE_LIVE, STATE_FREE);
	if (state != STATE_LIVE)
		fault(TWICE, "%p was %#lx when it was freed", item, state);
	atomic_long_inc(&round.given);
}

/**
 * struct asking - an allocation under way
 * @nr: objects
 * @others: upper bound of the objects out, or requested, when it began
 * @asked: objects requested before it began
 */
struct asking {
	unsigned int	nr;
	long		others;
	long		asked;
};

/*
 * Whether @nr objects may be requested. In this order a concurrent request is counted
 * twice rather than not at all.
 */
static bool ask(struct asking *a, unsigned int nr)
{
	a->nr = nr;
	a->asked = atomic_long_add_return(nr, &round.asked);
	a->others = atomic_long_add_return(nr, &round.held) - nr;
	if (round.limit && a->others + nr > round.limit) {
		atomic_long_sub(nr, &round.held);
		return false;
	}
	return true;
}

/*
 * The allocation failed. The objects that can have been out at any instant meanwhile
 * are those at its beginning and those requested since. If that is less than the
 * capacity, it is an error, also for callers that may grow the pool.
 */
static void missed(const struct asking *a, enum kind kind, gfp_t gfp)
{
	long most = a->others + a->nr + atomic_long_read(&round.asked) - a->asked;
	long capacity = round.shape->capacity;
	bool grows = round.shape->max && gfpflags_allow_blocking(gfp);

	atomic_long_inc(&round.misses[kind]);
	if (most <= capacity || (round.limit && (grows || round.limit <= capacity)))
		fault(PROMISE, "%u in %s, with at most %ld of %ld out", a->nr,
		      kind_names[kind], most - a->nr, capacity);
	atomic_long_sub(a->nr, &round.held);
}

/* Where preemption is off, every other call relies on that. */
static bool relies(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_COUNT) && !preemptible() &&
	       atomic_long_read(&round.asked) % 2;
}

static void *alloc_one(gfp_t gfp)
{
	return relies() ? fastalloc_alloc_nopreempt(round.pool, gfp) :
			  fastalloc_alloc(round.pool, gfp);
}

static void free_one(void *obj)
{
	if (relies())
		fastalloc_free_nopreempt(round.pool, obj);
	else
		fastalloc_free(round.pool, obj);
}

static struct item *torture_alloc(enum kind kind, gfp_t gfp)
{
	struct asking a;
	void *obj;

	if (!ask(&a, 1))
		return NULL;
	obj = alloc_one(gfp);
	if (!obj) {
		missed(&a, kind, gfp);
		return NULL;
	}
	item_take(obj);
	/*
	 * A reference from a handle acquires no more than what the pool released
	 * before.
	 */
	if (round.shape->handles)
		atomic64_set_release(&round.handle[((struct item *)obj)->id % SLOTS],
				     fastalloc_handle(round.pool, obj).v);
	return obj;
}

/* Looks up an object that another context has, or had, and keeps it for a moment. */
static void torture_look(u32 r)
{
	fastalloc_handle_t h;
	struct item *item;

	/* A referenced object is out, even after its owner has put it. */
	atomic_long_inc(&round.held);
	h.v = atomic64_read_acquire(&round.handle[r % SLOTS]);
	item = fastalloc_upgrade(round.pool, h);
	if (item) {
		item_check(item);
		if (fastalloc_resolve(round.pool, h) != item ||
		    fastalloc_handle(round.pool, item).v != h.v)
			fault(HANDLE, "%#llx led to %p", h.v, item);
		if (fastalloc_get(round.pool, item) == item)
			fastalloc_put(round.pool, item);
		else
			fault(HANDLE, "no second reference to %p", item);
		fastalloc_put(round.pool, item);
	}
	atomic_long_inc(item ? &round.upgraded : &round.stale);
	atomic_long_dec(&round.held);
}

static void torture_free(struct item *item)
{
	if (!item)
		return;
	item_give(item);
	if (round.shape->handles)
		fastalloc_put(round.pool, item);
	else
		free_one(item);
	atomic_long_dec(&round.held);
}

static void torture_free_bulk(unsigned int nr, void **objs)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		item_give(objs[i]);
	fastalloc_free_bulk(round.pool, nr, objs);
	atomic_long_sub(nr, &round.held);
}

/* Leaves the object for another context, and frees the one that was left here. */
static void torture_pass(struct item *item, u32 r)
{
	torture_free(xchg(&round.slot[r % SLOTS], item));
}

static void torture_bulk(enum kind kind, u32 r, gfp_t gfp)
{
	unsigned int nr = r % BULK + 1, i;
	struct asking a;
	void *objs[BULK];

	/* With few objects, requesting all of them at once is too many. */
	if (round.limit && nr > round.limit / 2)
		nr = 2;
	if (!ask(&a, nr))
		return;
	if (!fastalloc_alloc_bulk(round.pool, gfp, nr, objs)) {
		missed(&a, kind, gfp);
		return;
	}
	for (i = 0; i < nr; i++)
		item_take(objs[i]);
	r /= BULK;
	for (i = r % 2 ? 0 : nr / 2; i < nr; i++)
		torture_pass(objs[i], r + i);
	nr = r % 2 ? 0 : nr / 2;
	if (nr)
		torture_free_bulk(nr, objs);
}

/* Only alloc and free, so that interrupts arrive inside these. */
static void torture_pairs(enum kind kind, unsigned int nr, gfp_t gfp)
{
	unsigned int i;
	struct asking a;
	void *obj;

	if (!ask(&a, 1))
		return;
	for (i = 0; i < nr; i++) {
		obj = alloc_one(gfp);
		if (!obj)
			break;
		free_one(obj);
	}
	atomic_long_add(i, &round.taken);
	atomic_long_add(i, &round.given);
	if (i < nr)
		missed(&a, kind, gfp);
	else
		atomic_long_dec(&round.held);
}

/*
 * Frees a pointer that is not an object, inside an object that is out or outside all
 * objects: no other context may lose an object by that.
 */
static void torture_wrong(enum kind kind, gfp_t gfp)
{
	struct item *item = torture_alloc(kind, gfp);

	if (!item)
		return;
	switch (atomic_long_inc_return(&round.refused[kind]) % 3) {
	case 0:
		fastalloc_free(round.pool, &round);
		break;
	case 1:
		fastalloc_free(round.pool, item->word);
		break;
	case 2:
		fastalloc_free(round.pool, (char *)item + 1);
		break;
	}
	torture_free(item);
}

/* Requests objects. From any context but NMI. */
static void torture_ask(void)
{
	struct fastalloc_stats s;

	fastalloc_pool_stats(round.pool, &s);
	if (s.allocs - s.frees != s.in_use)
		fault(STATS, "%llu - %llu is not %lu", s.allocs, s.frees, s.in_use);
	if (s.capacity < round.shape->capacity || s.capacity > s.total)
		fault(STATS, "capacity %lu, total %lu", s.capacity, s.total);
	if (fastalloc_pool_capacity(round.pool) < round.shape->capacity)
		fault(STATS, "capacity too low");
	if (fastalloc_pool_available(round.pool) > fastalloc_pool_capacity(round.pool) &&
	    !round.shape->max)
		fault(STATS, "more available than there is");
}

static void torture_cycle(struct worker *w, enum kind kind, gfp_t gfp)
{
	u32 r = prandom_u32_state(&w->rnd[kind]);

	atomic_long_inc(&round.cycles[kind]);
	if (round.shape->handles)
		torture_look(r >> 8);
	if (round.shape->wrong && atomic_long_read(&round.refused[kind]) < WRONGS)
		torture_wrong(kind, gfp);
	switch (r % 8) {
	case 0:
		torture_bulk(kind, r >> 3, gfp);
		break;
	case 1:
	case 2:
		torture_pairs(kind, 4, gfp);
		break;
	default:
		torture_pass(torture_alloc(kind, gfp), r >> 3);
	}
}

/* The part of an interrupt, on the CPU that it interrupted. */
static void torture_interrupt(enum kind kind)
{
	struct worker *w = &round.worker[smp_processor_id()];
	u32 n = READ_ONCE(__fastalloc_this_cache(round.pool)->n);

	if (n >= FASTALLOC_BUSY && round.inside) {
		atomic_long_inc(&round.hits[kind]);
		if (n >= 2 * FASTALLOC_BUSY)
			atomic_long_inc(&round.deep[kind]);
	}
	torture_cycle(w, kind, GFP_ATOMIC);
	torture_cycle(w, kind, GFP_NOWAIT);
	if (kind != NMI && atomic_long_read(&round.cycles[kind]) % 32 == 0)
		torture_ask();
}

static void torture_nmi(void)
{
	if (!in_nmi())
		fault(CONTEXT, "an NMI is none");
	torture_interrupt(NMI);
	/* Runs as soon as interrupts are enabled: where the NMI arrived, if they were. */
	if (!READ_ONCE(round.stop))
		irq_work_queue(&round.worker[smp_processor_id()].irq);
}

static void torture_hardirq(void)
{
	torture_interrupt(HARDIRQ);
	if (!READ_ONCE(round.stop))
		tasklet_schedule(&round.worker[smp_processor_id()].tasklet);
}

static void torture_irq(struct irq_work *irq)
{
	/* A CPU that goes down runs queued work without an interrupt. */
	if (in_hardirq())
		torture_hardirq();
	else if (cpu_online(smp_processor_id()))
		fault(CONTEXT, "an irq_work is in no hardirq");
}

/* Nanoseconds to sleep after work since @began, so that a slow machine can run others. */
static u64 torture_rest(ktime_t began)
{
	return 8 * ktime_to_ns(ktime_sub(ktime_get(), began));
}

static enum hrtimer_restart torture_hrtimer(struct hrtimer *timer)
{
	struct worker *w = &round.worker[smp_processor_id()];
	u32 r = prandom_u32_state(&w->rnd[HARDIRQ]);
	unsigned int cpu = r % nr_cpu_ids;
	ktime_t began = ktime_get();

	if (!in_hardirq())
		fault(CONTEXT, "an hrtimer is in no hardirq");
	atomic_long_inc(&round.hrtimers);
	torture_hardirq();
	if (READ_ONCE(round.stop))
		return HRTIMER_NORESTART;
	/* Do not let NMIs wait for threads that make little progress. */
	if (round.nmis && cpu_online(cpu))
		torture_nmi_send(cpu);
	r = 500 + (r >> 8) % 2000;
	hrtimer_set_expires(timer, ktime_add_ns(ktime_get(), r * NSEC_PER_USEC +
						torture_rest(began)));
	return HRTIMER_RESTART;
}

/* An idle CPU handles calls without an interrupt. */
static void torture_call(void *arg)
{
	if (in_hardirq())
		torture_hardirq();
}

static void torture_tasklet(struct tasklet_struct *t)
{
	if (!in_serving_softirq())
		fault(CONTEXT, "a tasklet is in no softirq");
	torture_interrupt(SOFTIRQ);
}

static void torture_timer(struct timer_list *timer)
{
	ktime_t began = ktime_get();

	if (!in_serving_softirq())
		fault(CONTEXT, "a timer is in no softirq");
	torture_interrupt(SOFTIRQ);
	if (!READ_ONCE(round.stop))
		mod_timer(timer, jiffies + 1 + nsecs_to_jiffies(torture_rest(began)));
}

/* Interrupts another CPU, now and then this one. */
static void torture_poke(struct worker *w, u32 r)
{
	unsigned int cpu = r % nr_cpu_ids;

	/* With preemption disabled no CPU can go down completely. */
	preempt_disable();
	if (cpu == smp_processor_id() && r >> 16 & 7)
		cpu = (cpu + 1) % nr_cpu_ids;
	if (cpu_online(cpu)) {
		if (round.nmis && r >> 8 & 1)
			torture_nmi_send(cpu);
		else if (cpu == smp_processor_id())
			irq_work_queue(&round.worker[cpu].irq);
		else
			smp_call_function_single_async(cpu, &w->csd);
	}
	preempt_enable();
}

/* Allocates many objects, lets other tasks run, frees them in another order. */
static void torture_hold(struct worker *w, u32 r)
{
	unsigned int nr = r % HOLD + 1, got = 0, from;
	struct item *item[HOLD];

	while (got < nr) {
		item[got] = torture_alloc(TASK, GFP_KERNEL);
		if (!item[got])
			break;
		got++;
	}
	if (round.shape->idle)
		msleep(20);
	else if (r >> 8 & 1)
		cond_resched();
	else
		usleep_range(1, 50);
	if (!got)
		return;
	from = (r >> 9) % got;
	for (nr = 0; nr < got; nr++)
		torture_free(item[(from + nr) % got]);
}

static int torture_thread(void *data)
{
	struct worker *w = data;
	unsigned long flags;
	unsigned int i;
	u32 r;

	hrtimer_start(&w->hrtimer, 0, HRTIMER_MODE_REL_PINNED_HARD);
	while (!kthread_should_stop()) {
		/*
		 * Return to this thread's CPU once it is online again, and keep it
		 * online meanwhile.
		 */
		if (raw_smp_processor_id() != w->cpu && cpu_online(w->cpu)) {
			cpus_read_lock();
			if (cpu_online(w->cpu))
				set_cpus_allowed_ptr(current, cpumask_of(w->cpu));
			cpus_read_unlock();
		}
		r = prandom_u32_state(&w->rnd[TASK]);
		torture_poke(w, r >> 8);
		for (i = 0; i < 8; i++)
			torture_cycle(w, TASK, r >> i & 1 ? GFP_KERNEL : GFP_ATOMIC);
		torture_pairs(TASK, 256, r & 1 ? GFP_KERNEL : GFP_ATOMIC);
		switch (r % 16) {
		case 0:
			torture_hold(w, r >> 4);
			break;
		case 1:
			local_irq_save(flags);
			for (i = 0; i < 4; i++)
				torture_cycle(w, TASK, GFP_ATOMIC);
			local_irq_restore(flags);
			break;
		}
		cond_resched();
	}
	return 0;
}

static int wait_thread(void *data)
{
	bool killable = data;
	struct asking a;
	void *obj;

	while (!kthread_should_stop()) {
		ask(&a, 1);
		obj = killable ? fastalloc_alloc_killable(round.pool, GFP_KERNEL, PATIENCE) :
				 fastalloc_alloc_timeout(round.pool, GFP_KERNEL, PATIENCE);
		if (!obj) {
			atomic_long_dec(&round.held);
			fault(WAKEUP, "nothing came in %d s", PATIENCE / HZ);
			continue;
		}
		item_take(obj);
		atomic_long_inc(&round.waited);
		usleep_range(50, 500);
		torture_free(obj);
	}
	return 0;
}

/* Allocates what there is, for a moment. */
static void torture_exhaust(void)
{
	static struct item *all[512];
	unsigned int nr = 0;

	while (nr < ARRAY_SIZE(all) && (all[nr] = torture_alloc(TASK, GFP_KERNEL)))
		nr++;
	msleep(20);
	while (nr)
		torture_free(all[--nr]);
}

/* Reads the counters, trims, and resets nothing that is needed at the end. */
static int look_thread(void *data)
{
	unsigned int n = 0;

	while (!kthread_should_stop()) {
		torture_ask();
		n++;
		if (round.shape->idle && n % 32 == 0)
			torture_exhaust();
		if (round.shape->max && n % 4 == 0)
			atomic_long_add(fastalloc_pool_trim(round.pool), &round.trimmed);
		usleep_range(100, 1000);
	}
	return 0;
}

/* Creates and destroys other pools, some of which grow. */
static int churn_thread(void *data)
{
	struct fastalloc_config cfg = { .name = "torture-churn", .obj_size = 40 };
	struct fastalloc_pool *pool;
	void *objs[16];
	u32 n = 0;

	while (!kthread_should_stop()) {
		n++;
		cfg.capacity = n % 7 * 5 + 1;
		cfg.magazine = n % 5;
		cfg.growth = n % 3 ? FASTALLOC_GROWTH_NONE :
				     FASTALLOC_GROWTH_EXPONENTIAL;
		cfg.max_capacity = 500;
		cfg.low_water = 1;
		pool = fastalloc_pool_create(&cfg);
		if (IS_ERR(pool)) {
			fault(LOST, "no other pool: %ld", PTR_ERR(pool));
			break;
		}
		if (fastalloc_alloc_bulk(pool, GFP_KERNEL, min(cfg.capacity, 16UL), objs))
			fastalloc_free_bulk(pool, min(cfg.capacity, 16UL), objs);
		else
			fault(PROMISE, "bulk of %lu in a new pool", cfg.capacity);
		/* Queues the worker; destroy must wait for it. */
		objs[0] = fastalloc_alloc(pool, GFP_ATOMIC);
		fastalloc_free(pool, objs[0]);
		if (n % 6 == 0)
			fastalloc_pool_trim(pool);
		fastalloc_pool_destroy(pool);
		atomic_long_inc(&round.churned);
		usleep_range(100, 2000);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/**
 * struct home - objects collected at the end
 * @first: the first object; each points to the next
 * @nr: their number
 */
struct home {
	struct item	*first;
	unsigned long	nr;
};

/* Allocates every object that this CPU can get. */
static int gather(void *arg)
{
	struct home *home = arg;
	struct item *item;

	while ((item = fastalloc_alloc(round.pool, 0))) {
		item_claim(item, STATE_HOME);
		if (atomic_long_read(&round.fault[TWICE]))
			break;
		item->id = (unsigned long)home->first;
		home->first = item;
		home->nr++;
	}
	return 0;
}

/* Allocates all objects and frees them; there must be at least @least. */
static void roll_call(unsigned long least)
{
	struct fastalloc_stats *s = &round.last;
	struct home home = {};
	unsigned int cpu, wait;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		smp_call_on_cpu(cpu, gather, &home, false);
	cpus_read_unlock();
	/* A pool that can grow may do so here, and counts objects when all are added. */
	for (wait = 0; wait < 100; wait++) {
		fastalloc_pool_stats(round.pool, s);
		if (home.nr <= s->total)
			break;
		msleep(20);
	}
	if (home.nr < least || home.nr > s->total || s->in_use != home.nr ||
	    (!round.shape->max && home.nr != least))
		fault(LOST, "%lu of %lu came home, %lu out", home.nr, least,
		      s->in_use);
	while (home.first) {
		struct item *item = home.first;

		home.first = (struct item *)item->id;
		item->state = STATE_FREE;
		fastalloc_free(round.pool, item);
	}
}

/*
 * After all activity has ended: checks that no object is missing and the counters add
 * up.
 */
static void account(void)
{
	u64 taken = atomic_long_read(&round.taken);
	struct fastalloc_stats *s = &round.last;
	u64 refused = 0;
	enum kind kind;

	fastalloc_pool_stats(round.pool, s);
	for (kind = 0; kind < KINDS; kind++)
		refused += atomic_long_read(&round.refused[kind]);
	if (s->violations != refused)
		fault(STATS, "%llu violations, %llu made", s->violations, refused);
	if (s->in_use || atomic_long_read(&round.held))
		fault(LOST, "%lu out, %ld held", s->in_use,
		      atomic_long_read(&round.held));
	/* A bulk allocation that fails has taken and freed some objects. */
	if (s->allocs != s->frees || s->allocs < taken ||
	    taken != atomic_long_read(&round.given))
		fault(STATS, "%llu - %llu, counted %llu - %ld", s->allocs, s->frees,
		      taken, atomic_long_read(&round.given));
	roll_call(s->total);
	if (!round.shape->max)
		return;

	atomic_long_add(fastalloc_pool_trim(round.pool), &round.trimmed);
	fastalloc_pool_stats(round.pool, s);
	if (s->in_use || s->capacity < round.shape->capacity)
		fault(LOST, "%lu out after trim, capacity %lu", s->in_use,
		      s->capacity);
	roll_call(s->total);
}

static struct task_struct *start(int (*fn)(void *), void *data, const char *name)
{
	struct task_struct *task = kthread_run(fn, data, "%s", name);

	if (IS_ERR(task)) {
		fault(LOST, "no thread: %ld", PTR_ERR(task));
		return NULL;
	}
	return task;
}

static void finish(struct task_struct *task)
{
	if (task)
		kthread_stop(task);
}

static void workers_start(void)
{
	unsigned int cpu, kind;

	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		struct worker *w = &round.worker[cpu];

		w->cpu = cpu;
		w->irq = IRQ_WORK_INIT_HARD(torture_irq);
		INIT_CSD(&w->csd, torture_call, NULL);
		tasklet_setup(&w->tasklet, torture_tasklet);
		timer_setup(&w->timer, torture_timer, TIMER_PINNED);
		fa_hrtimer_setup(&w->hrtimer, torture_hrtimer, CLOCK_MONOTONIC,
				 HRTIMER_MODE_REL_PINNED_HARD);
		for (kind = 0; kind < KINDS; kind++)
			prandom_seed_state(&w->rnd[kind], get_random_u32());
	}
	for_each_possible_cpu(cpu) {
		struct worker *w = &round.worker[cpu];

		w->task = kthread_create(torture_thread, w, "fa-torture/%u", cpu);
		if (IS_ERR(w->task)) {
			fault(LOST, "no thread: %ld", PTR_ERR(w->task));
			w->task = NULL;
			continue;
		}
		if (cpu_online(cpu)) {
			set_cpus_allowed_ptr(w->task, cpumask_of(cpu));
			w->timer.expires = jiffies + 1;
			add_timer_on(&w->timer, cpu);
		}
		wake_up_process(w->task);
	}
	cpus_read_unlock();
}

static void torture_answer(void *arg)
{
}

/* Threads first: they raise the interrupts. */
static void workers_stop(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		finish(round.worker[cpu].task);
	WRITE_ONCE(round.stop, true);
	cpus_read_lock();
	/*
	 * Once each CPU has answered, calls to it have been handled, and interrupts
	 * that did not see ->stop are over: no CPU sends NMIs any more.
	 */
	on_each_cpu(torture_answer, NULL, 1);
	if (round.nmis)
		torture_nmi_end();
	for_each_possible_cpu(cpu) {
		struct worker *w = &round.worker[cpu];

		irq_work_sync(&w->irq);
		hrtimer_cancel(&w->hrtimer);
		timer_delete_sync(&w->timer);
		tasklet_kill(&w->tasklet);
	}
	cpus_read_unlock();
}

/* With fewer CPUs than this, each may have a lease, and nobody fails. */
#define LEASE_CPUS	16

/* Whether leases moved, and allocations failed meanwhile, as often as the script requires. */
static bool enough_leases(void)
{
	struct fastalloc_stats s;
	enum kind kind;
	long missed = 0;

	if (!round.shape->idle || num_possible_cpus() < LEASE_CPUS)
		return true;
	for (kind = TASK; kind < KINDS; kind++)
		missed += atomic_long_read(&round.misses[kind]);
	fastalloc_pool_stats(round.pool, &s);
	return missed >= 10 && s.leases_taken >= 10;
}

/* Whether each context did enough for the result to mean something. */
static bool enough(void)
{
	enum kind kind;

	if (!enough_leases())
		return false;
	for (kind = TASK; kind < KINDS; kind++) {
		if (kind == NMI && !round.nmis)
			continue;
		if (round.shape->wrong && !atomic_long_read(&round.refused[kind]))
			return false;
		/* On PREEMPT_RT a softirq is a thread, which has to wait for the CPU. */
		if (kind == TASK || (kind == SOFTIRQ && IS_ENABLED(CONFIG_PREEMPT_RT)))
			continue;
		if (round.inside && atomic_long_read(&round.hits[kind]) < 2)
			return false;
	}
	return !round.shape->handles ||
	       (atomic_long_read(&round.upgraded) && atomic_long_read(&round.stale));
}

static int torture_run(const struct shape *shape, unsigned int ms, bool calm)
{
	struct task_struct *look = NULL, *churn = NULL, *wait[WAITERS];
	struct fastalloc_config cfg = {
		.name = shape->wrong ? "torture-wrong" : "torture",
		.obj_size = shape->size,
		.capacity = shape->capacity,
		.magazine = shape->magazine,
		.sync = shape->sync,
		.order = shape->order,
		.growth = shape->max ? FASTALLOC_GROWTH_LINEAR : FASTALLOC_GROWTH_NONE,
		.growth_amount = shape->capacity / 2 + 1,
		.max_capacity = shape->max,
		.low_water = shape->max ? shape->capacity / 2 : 0,
		.ctor = shape->raw ? NULL : item_ctor,
		.dtor = shape->raw ? NULL : item_dtor,
	};
	unsigned int i, waiters = 0;
	long n;

	if (shape->hooks) {
		cfg.on_acquire = item_acquire;
		cfg.on_release = item_release;
	}
	/* The constructor may run in any context, so the pool grows in place. */
	if (shape->max)
		cfg.flags |= FASTALLOC_F_ATOMIC_GROW;
	if (shape->handles)
		cfg.flags |= FASTALLOC_F_HANDLES;
	if (shape->wrong)
		cfg.flags |= FASTALLOC_F_DEBUG;
	/*
	 * Do not use the kernel's default: Debian's is to zero, which closes the inline
	 * path.
	 */
	cfg.flags |= shape->zeroing ? FASTALLOC_F_INIT_ON_ALLOC | FASTALLOC_F_INIT_ON_FREE :
				      FASTALLOC_F_NO_INIT;
	memset(&round, 0, sizeof(round));
	round.shape = shape;
	round.words = shape->size / sizeof(unsigned long) - 2;
	round.limit = shape->beyond ? 0 : shape->max ?: shape->capacity;
	round.worker = kcalloc(nr_cpu_ids, sizeof(*round.worker), GFP_KERNEL);
	if (!round.worker)
		return -ENOMEM;
	round.pool = fastalloc_pool_create(&cfg);
	if (IS_ERR(round.pool)) {
		kfree(round.worker);
		return PTR_ERR(round.pool);
	}
	if (shape->sync == FASTALLOC_SYNC_PERCPU) {
		preempt_disable();
		/* The first operation begins a lease, if the inline path is open. */
		fastalloc_free(round.pool, fastalloc_alloc(round.pool, 0));
		round.inside = __fastalloc_this_cache(round.pool)->cap;
		preempt_enable();
		round.nmis = torture_nmi_begin(torture_nmi);
	}

	if (!calm) {
		look = start(look_thread, NULL, "fa-look");
		churn = start(churn_thread, NULL, "fa-churn");
	}
	workers_start();
	if (shape->beyond) {
		fastalloc_pool_stats(round.pool, &round.last);
		waiters = min(round.last.total + 3, (unsigned long)WAITERS);
	}
	for (i = 0; i < waiters; i++)
		wait[i] = start(wait_thread, (void *)(unsigned long)(i & 1), "fa-wait");
	/*
	 * A slow machine takes longer for the same work; the script reports if it was
	 * too little.
	 */
	for (i = 0; i < 20 && (!i || !enough()); i++)
		msleep(ms);
	workers_stop();
	for (i = 0; i < SLOTS; i++)
		torture_pass(NULL, i);
	/* Now only the waiters free objects: they have to wake each other. */
	if (waiters)
		msleep(ms);
	for (i = 0; i < waiters; i++)
		finish(wait[i]);
	finish(look);
	finish(churn);

	account();
	fastalloc_pool_destroy(round.pool);
	kfree(round.worker);
	n = atomic_long_read(&round.constructed);
	if (n != atomic_long_read(&round.destructed))
		fault(LOST, "%ld constructed, %ld destructed", n,
		      atomic_long_read(&round.destructed));
	if (atomic_long_read(&round.acquired) != atomic_long_read(&round.released))
		fault(LOST, "%ld acquired, %ld released",
		      atomic_long_read(&round.acquired),
		      atomic_long_read(&round.released));
	return 0;
}

static int run_command(char *cmd)
{
	unsigned int ms, calm = 0, i;
	char name[32];

	if (sscanf(cmd, "%31s %u %u", name, &ms, &calm) < 2)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		if (!strcmp(shapes[i].name, name))
			return torture_run(&shapes[i], ms, calm);
	return -EINVAL;
}

/* Two threads write one word without any synchronisation. */
static noinline void torture_race(unsigned long *word)
{
	*word += 1;
}

static int race_thread(void *word)
{
	unsigned int i;

	/* At intervals, as each report fills a page of the log. */
	while (!kthread_should_stop()) {
		for (i = 0; i < 20; i++)
			torture_race(word);
		usleep_range(20, 50);
	}
	return 0;
}

static int race_command(char *cmd)
{
	struct task_struct *task[2];
	static unsigned long word;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = start(race_thread, &word, "fa-race");
	msleep(20);
	for (i = 0; i < ARRAY_SIZE(task); i++)
		finish(task[i]);
	return 0;
}

static void report_print(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++)
		seq_printf(m, "%s: %ld cycles, %ld missed, %ld hits, %ld deep, %ld refused\n",
			   kind_names[i], atomic_long_read(&round.cycles[i]),
			   atomic_long_read(&round.misses[i]),
			   atomic_long_read(&round.hits[i]),
			   atomic_long_read(&round.deep[i]),
			   atomic_long_read(&round.refused[i]));
	for (i = 0; i < FAULTS; i++)
		seq_printf(m, "%s: %ld\n", fault_names[i],
			   atomic_long_read(&round.fault[i]));
	seq_printf(m, "nmis: %d\n", round.nmis);
	seq_printf(m, "hrtimers: %ld\n", atomic_long_read(&round.hrtimers));
	seq_printf(m, "upgraded: %ld\n", atomic_long_read(&round.upgraded));
	seq_printf(m, "stale: %ld\n", atomic_long_read(&round.stale));
	seq_printf(m, "waited: %ld\n", atomic_long_read(&round.waited));
	seq_printf(m, "trimmed: %ld\n", atomic_long_read(&round.trimmed));
	seq_printf(m, "churned: %ld\n", atomic_long_read(&round.churned));
	seq_printf(m, "grows: %llu\n", round.last.grows);
	seq_printf(m, "grows_atomic: %llu\n", round.last.grows_atomic);
	seq_printf(m, "nested: %llu\n", round.last.nested);
	seq_printf(m, "waits: %llu\n", round.last.waits);
	seq_printf(m, "exchanges: %llu\n", round.last.depot_exchanges);
	seq_printf(m, "leases_taken: %llu\n", round.last.leases_taken);
	seq_printf(m, "total: %lu\n", round.last.total);
}

static void shapes_print(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		seq_printf(m, "%s\n", shapes[i].name);
}

FA_TEST_MODULE(torture, "fastalloc: many contexts, one pool", NULL, NULL,
	       FA_TEST_COMMAND(run), FA_TEST_COMMAND(race), FA_TEST_REPORT(report),
	       FA_TEST_REPORT(shapes));
