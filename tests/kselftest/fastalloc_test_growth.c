// SPDX-License-Identifier: GPL-2.0
/*
 * Bursts of allocations from a growing pool, or from a kmem_cache as a control,
 * in contexts that may not sleep.
 *
 * A script writes a command to /sys/kernel/debug/fastalloc_test_growth/ctl and
 * reads .../report:
 *
 *	CONTEXT KEY=VALUE...
 *
 *	task		one task, with preemption on
 *	nmi		one task whose preemption counter says NMI
 *	irqsoff		a task on each CPU, with interrupts off
 *	softirq		a tasklet on each CPU
 *	hardirq		a timer's interrupt on each CPU, on top of a tasklet
 *
 * In the last three all CPUs begin and end together, and none of them leaves its
 * context in between, so that no worker runs. A work item that is queued at the
 * beginning must not have run before the end.
 *
 * The keys are fields of struct fastalloc_config, and: nr, the allocations that
 * each CPU makes; gfp, one of the GROW_GFP_ values below; pause, microseconds
 * after 64 allocations; wait, milliseconds at most until the pool has grown after
 * the burst; settle, milliseconds after that; cache=1 takes a kmem_cache in place
 * of the pool; fn=1 and ctor=1 install functions.
 *
 * Each object carries the number of its allocation in its first and last bytes,
 * so that an object that is handed out twice is detected.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../../fastalloc/compat.h"
#include "fastalloc_test_module.h"

#define GROW_BATCH	64
#define GROW_MEET_MS	20000	/* no CPU waits longer for the others */

enum grow_context {
	GROW_TASK,
	GROW_NMI,
	GROW_IRQSOFF,
	GROW_SOFTIRQ,
	GROW_HARDIRQ,
};

static const char * const grow_contexts[] = {
	"task", "nmi", "irqsoff", "softirq", "hardirq",
};

static const gfp_t grow_gfps[] = {
	GFP_ATOMIC,	/* 0 */
	GFP_NOWAIT,	/* 1 */
	0,		/* 2: no reclaim of any kind */
	GFP_KERNEL,	/* 3 */
};

/* The values of the command. */
static struct fastalloc_config cfg;
static struct {
	unsigned long nr, gfp, pause, wait, settle, cache, fn, ctor;
} ask;

static const struct fa_test_key grow_keys[] = {
	FA_TEST_KEY("size", cfg.obj_size, 144),
	FA_TEST_KEY("nr", ask.nr, 20000),
	FA_TEST_KEY("gfp", ask.gfp, 0),
	FA_TEST_KEY("pause", ask.pause, 400),
	FA_TEST_KEY("wait", ask.wait, 0),
	FA_TEST_KEY("settle", ask.settle, 0),
	FA_TEST_KEY("cache", ask.cache, 0),
	FA_TEST_KEY("sync", cfg.sync, FASTALLOC_SYNC_PERCPU),
	FA_TEST_KEY("order", cfg.order, FASTALLOC_ORDER_LIFO),
	FA_TEST_KEY("backing", cfg.backing, FASTALLOC_BACKING_AUTO),
	FA_TEST_KEY("capacity", cfg.capacity, 4096),
	FA_TEST_KEY("max_capacity", cfg.max_capacity, 0),
	FA_TEST_KEY("growth", cfg.growth, FASTALLOC_GROWTH_EXPONENTIAL),
	FA_TEST_KEY("growth_amount", cfg.growth_amount, 4096),
	FA_TEST_KEY("low_water", cfg.low_water, 0),
	FA_TEST_KEY("flags", cfg.flags, 0),
	FA_TEST_KEY("fn", ask.fn, 0),
	FA_TEST_KEY("ctor", ask.ctor, 0),
};

struct grow_item {
	struct grow_item *next;
	unsigned long id;
};

struct grow_cpu {
	struct work_struct raise;
	struct tasklet_struct tasklet;
	struct hrtimer timer;
	struct grow_item *items;
	unsigned long done;
	unsigned long failed;
};

static DEFINE_PER_CPU(struct grow_cpu, grow_cpus);
static DECLARE_COMPLETION(all_done);
static struct workqueue_struct *wq;
static struct fastalloc_pool *pool;
static struct kmem_cache *cache;
static enum grow_context context;
static unsigned int cpus;
static atomic_t arrived, finished, running;
static bool probe_ran;

/* Results of the last command. */
static atomic_long_t wrong_context;
static unsigned long taken, failed, errors, worker_ran, in_use_after, capacity_after;
static struct fastalloc_stats last;

static void grow_probe_fn(struct work_struct *work)
{
	WRITE_ONCE(probe_ran, true);
}

static DECLARE_WORK(grow_probe, grow_probe_fn);

static unsigned long *grow_tail(struct grow_item *item)
{
	return (void *)item + cfg.obj_size - sizeof(unsigned long);
}

/* Allocates a batch. Returns whether there is more to do. */
static bool grow_batch(struct grow_cpu *c)
{
	gfp_t gfp = grow_gfps[ask.gfp];
	unsigned int i;

	for (i = 0; i < GROW_BATCH && c->done < ask.nr; i++) {
		struct grow_item *item;

		if (cache)
			item = kmem_cache_alloc(cache, gfp);
		else
			item = fastalloc_alloc(pool, gfp);
		if (item) {
			item->next = c->items;
			item->id = c->done;
			*grow_tail(item) = ~c->done;
			c->items = item;
		} else {
			c->failed++;
		}
		WRITE_ONCE(c->done, c->done + 1);
	}
	return c->done < ask.nr;
}

static void grow_pause(void)
{
	if (ask.pause)
		udelay(ask.pause);
}

/* Waits for all CPUs without leaving the context. */
static void grow_meet(atomic_t *where)
{
	unsigned int n;

	atomic_inc(where);
	for (n = 0; n < GROW_MEET_MS * 200; n++) {
		if (atomic_read(where) >= cpus)
			return;
		udelay(5);
	}
	atomic_long_inc(&wrong_context);
}

static void grow_begin(void)
{
	grow_meet(&arrived);
	/* From here on no CPU can run a worker. */
	if (smp_processor_id() == cpumask_first(cpu_online_mask))
		queue_work(wq, &grow_probe);
}

static void grow_end(void)
{
	if (READ_ONCE(probe_ran))
		WRITE_ONCE(worker_ran, 1);
	grow_meet(&finished);
	if (atomic_dec_and_test(&running))
		complete(&all_done);
}

static enum hrtimer_restart grow_hardirq(struct hrtimer *timer)
{
	struct grow_cpu *c = container_of(timer, struct grow_cpu, timer);

	if (!in_hardirq() || !irqs_disabled())
		atomic_long_inc(&wrong_context);
	if (!grow_batch(c))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(ask.pause * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static void grow_softirq(struct tasklet_struct *t)
{
	struct grow_cpu *c = container_of(t, struct grow_cpu, tasklet);

	if (!in_serving_softirq() || in_hardirq())
		atomic_long_inc(&wrong_context);
	grow_begin();
	if (context == GROW_HARDIRQ) {
		hrtimer_start(&c->timer, 0, HRTIMER_MODE_REL_PINNED_HARD);
		while (READ_ONCE(c->done) < ask.nr)
			cpu_relax();
	} else {
		while (grow_batch(c))
			grow_pause();
	}
	grow_end();
}

static int grow_irqsoff(void *arg)
{
	if (in_interrupt() || !irqs_disabled())
		atomic_long_inc(&wrong_context);
	grow_begin();
	while (grow_batch(this_cpu_ptr(&grow_cpus)))
		grow_pause();
	grow_end();
	return 0;
}

/*
 * In a task, not in a function call on that CPU: with PREEMPT_RT an idle CPU must not raise a
 * softirq in such a call.
 */
static void grow_raise(struct work_struct *work)
{
	struct grow_cpu *c = container_of(work, struct grow_cpu, raise);

	tasklet_schedule(&c->tasklet);
}

/*
 * Makes the pool believe that it is in an NMI; short, as the rest of the kernel
 * believes it, too.
 */
static bool grow_nmi(struct grow_cpu *c)
{
	unsigned long flags;
	bool more;

	local_irq_save(flags);
	__preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
	if (!in_nmi())
		atomic_long_inc(&wrong_context);
	more = grow_batch(c);
	__preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	local_irq_restore(flags);
	return more;
}

static void grow_task(void)
{
	struct grow_cpu *c = per_cpu_ptr(&grow_cpus, 0);

	while (context == GROW_NMI ? grow_nmi(c) : grow_batch(c)) {
		grow_pause();
		cond_resched();
	}
}

static void grow_burst(void)
{
	struct grow_cpu *c;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(&grow_cpus, cpu);
		c->items = NULL;
		c->done = 0;
		c->failed = 0;
		INIT_WORK(&c->raise, grow_raise);
		tasklet_setup(&c->tasklet, grow_softirq);
		fa_hrtimer_setup(&c->timer, grow_hardirq, CLOCK_MONOTONIC,
				 HRTIMER_MODE_REL_PINNED_HARD);
	}
	atomic_set(&arrived, 0);
	atomic_set(&finished, 0);
	atomic_long_set(&wrong_context, 0);
	probe_ran = false;
	worker_ran = 0;
	reinit_completion(&all_done);

	if (context < GROW_IRQSOFF) {
		grow_task();
		return;
	}
	cpus_read_lock();
	cpus = num_online_cpus();
	atomic_set(&running, cpus);
	cpus_read_unlock();
	if (context == GROW_IRQSOFF) {
		stop_machine(grow_irqsoff, NULL, cpu_online_mask);
	} else {
		cpus_read_lock();
		/* A tasklet waits for those of the other CPUs, so nothing waits here. */
		for_each_online_cpu(cpu)
			schedule_work_on(cpu, &per_cpu_ptr(&grow_cpus, cpu)->raise);
		wait_for_completion(&all_done);
		for_each_online_cpu(cpu) {
			c = per_cpu_ptr(&grow_cpus, cpu);
			flush_work(&c->raise);
			tasklet_kill(&c->tasklet);
			hrtimer_cancel(&c->timer);
		}
		cpus_read_unlock();
	}
	flush_work(&grow_probe);
}

/* Each object must be unchanged, and must have been handed out once. */
static void grow_free(struct grow_cpu *c)
{
	unsigned long nr = c->done - c->failed, id = c->done, n = 0;
	struct grow_item *item;

	taken += nr;
	failed += c->failed;
	while (n < nr && (item = c->items)) {
		if (item->id >= id || *grow_tail(item) != ~item->id)
			errors++;
		id = item->id;
		c->items = item->next;
		if (cache)
			kmem_cache_free(cache, item);
		else
			fastalloc_free(pool, item);
		if (!(++n % SZ_1K))
			cond_resched();
	}
	if (n != nr || c->items)
		errors++;
}

static unsigned long grow_fn(unsigned long capacity, void *arg)
{
	return cfg.growth_amount;
}

static int grow_ctor(void *obj, void *arg)
{
	memset(obj, 0x5a, cfg.obj_size);
	return 0;
}

static int grow_create(void)
{
	cache = NULL;
	pool = NULL;
	if (ask.cache) {
		cache = kmem_cache_create("fastalloc_test_growth", cfg.obj_size, 8, 0, NULL);
		return cache ? 0 : -ENOMEM;
	}
	cfg.name = "test-growth";
	cfg.growth_fn = ask.fn ? grow_fn : NULL;
	cfg.ctor = ask.ctor ? grow_ctor : NULL;
	pool = fastalloc_pool_create(&cfg);
	return PTR_ERR_OR_ZERO(pool);
}

/* Time for the worker. */
static void grow_wait(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(ask.wait);

	fastalloc_pool_stats(pool, &last);
	while (!last.grows && time_before(jiffies, end)) {
		usleep_range(2000, 4000);
		fastalloc_pool_stats(pool, &last);
	}
	if (ask.settle) {
		msleep(ask.settle);
		fastalloc_pool_stats(pool, &last);
	}
}

static int grow_run(void)
{
	unsigned int cpu;
	int err;

	taken = 0;
	failed = 0;
	errors = 0;
	in_use_after = 0;
	capacity_after = 0;
	memset(&last, 0, sizeof(last));
	err = grow_create();
	if (err)
		return err;

	grow_burst();
	if (pool)
		grow_wait();
	for_each_possible_cpu(cpu)
		grow_free(per_cpu_ptr(&grow_cpus, cpu));
	if (pool) {
		struct fastalloc_stats s;

		fastalloc_pool_stats(pool, &s);
		in_use_after = s.in_use;
		fastalloc_pool_trim(pool);
		capacity_after = fastalloc_pool_capacity(pool);
		fastalloc_pool_destroy(pool);
	} else {
		kmem_cache_destroy(cache);
	}
	return 0;
}

static int ctl_command(char *cmd)
{
	char *word = strsep(&cmd, " ");
	int i, err;

	i = match_string(grow_contexts, ARRAY_SIZE(grow_contexts), word);
	if (i < 0)
		return i;
	context = i;
	err = fa_test_keys(grow_keys, ARRAY_SIZE(grow_keys), cmd);
	if (err)
		return err;
	if (cfg.obj_size < sizeof(struct grow_item) + sizeof(unsigned long) ||
	    cfg.obj_size % sizeof(unsigned long) || ask.gfp >= ARRAY_SIZE(grow_gfps))
		return -ERANGE;
	/* A timer needs a period. */
	if (context == GROW_HARDIRQ && !ask.pause)
		return -ERANGE;
	return grow_run();
}

static void report_print(struct seq_file *m)
{
	seq_printf(m, "taken: %lu\n", taken);
	seq_printf(m, "failed: %lu\n", failed);
	seq_printf(m, "errors: %lu\n", errors);
	seq_printf(m, "wrong_context: %ld\n", atomic_long_read(&wrong_context));
	seq_printf(m, "worker_ran: %lu\n", worker_ran);
	seq_printf(m, "grows: %llu\n", last.grows);
	seq_printf(m, "grows_atomic: %llu\n", last.grows_atomic);
	seq_printf(m, "growth_failures: %llu\n", last.growth_failures);
	seq_printf(m, "failures: %llu\n", last.failures);
	seq_printf(m, "in_use: %lu\n", last.in_use);
	seq_printf(m, "capacity: %lu\n", last.capacity);
	seq_printf(m, "total: %lu\n", last.total);
	seq_printf(m, "reserve: %lu\n", last.reserve);
	seq_printf(m, "chunks: %lu\n", last.chunks);
	seq_printf(m, "bytes: %zu\n", last.bytes);
	seq_printf(m, "in_use_after: %lu\n", in_use_after);
	seq_printf(m, "capacity_after: %lu\n", capacity_after);
}

/* Properties of the kernel that the script needs. */
static void kernel_print(struct seq_file *m)
{
	seq_printf(m, "raw_nesting: %d\n",
		   IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING) || IS_ENABLED(CONFIG_PREEMPT_RT));
	seq_printf(m, "rt: %d\n", IS_ENABLED(CONFIG_PREEMPT_RT));
	seq_printf(m, "slow: %d\n", IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN) ||
		   IS_ENABLED(CONFIG_KMSAN));
	/* Without redzones; with them objects have other sizes. */
	seq_printf(m, "gap: %d\n", IS_ENABLED(CONFIG_KASAN_GENERIC) ? 8 : 0);
	seq_printf(m, "cpus: %u\n", num_online_cpus());
	seq_printf(m, "page_size: %lu\n", PAGE_SIZE);
}

static int grow_setup(void)
{
	/* Like the queue of the pools: a worker may run on any CPU that has time. */
	wq = alloc_workqueue("fastalloc_test_growth", WQ_UNBOUND, 0);
	return wq ? 0 : -ENOMEM;
}

static void grow_cleanup(void)
{
	destroy_workqueue(wq);
}

FA_TEST_MODULE(test_growth, "fastalloc selftest: growth where nobody may sleep",
	       grow_setup, grow_cleanup, FA_TEST_COMMAND(ctl), FA_TEST_REPORT(report),
	       FA_TEST_REPORT(kernel));
