// SPDX-License-Identifier: GPL-2.0
/*
 * One pool, every context: a thread on each CPU allocates and frees, alone and
 * in bulk, with interrupts on and off, while an irq_work (hardirq) and the
 * tasklet it schedules (softirq) do the same on top of it, and objects are
 * passed on between all of them. Each object carries a pattern over its whole size and
 * a state that changes atomically, so that an object that is handed out twice or
 * overwritten is detected.
 *
 * A script writes the number of rounds of each thread to
 * /sys/kernel/debug/fastalloc_test_context/run and reads .../report. The interrupts are
 * raised while the threads are inside operations, and those that arrive there are
 * counted: a run without hits proves nothing.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fastalloc_test_module.h"

#define CTX_FREE	0x66726565UL
#define CTX_LIVE	0x6c697665UL
#define CTX_WORDS	14
#define CTX_SLOTS	32
#define CTX_BULK	8
#define CTX_OPS		8

enum ctx_kind {
	CTX_TASK,
	CTX_IRQSOFF,
	CTX_SOFTIRQ,
	CTX_HARDIRQ,
	CTX_KINDS,
};

static const char * const ctx_names[] = {
	"task", "irqsoff", "softirq", "hardirq",
};

struct ctx_item {
	unsigned long state;
	unsigned long id;
	unsigned long word[CTX_WORDS];
};

struct ctx_cpu {
	struct irq_work irq;
	struct tasklet_struct tasklet;
	struct rnd_state rnd[CTX_KINDS];
	struct task_struct *task;
	unsigned long rounds;
	unsigned int busy;
};

static unsigned int sync = FASTALLOC_SYNC_SPINLOCK;
module_param(sync, uint, 0444);
MODULE_PARM_DESC(sync, "enum fastalloc_sync of the pool");

static DEFINE_PER_CPU(struct ctx_cpu, ctx_cpus);
static struct fastalloc_pool *pool;
static struct ctx_item *slots[CTX_SLOTS];
static DECLARE_COMPLETION(all_done);
static atomic_t running;
static atomic_long_t ops[CTX_KINDS], hits[CTX_KINDS], misses[CTX_KINDS];
static atomic_long_t bulks, crossings, allocs, frees, errors, wrong_context;
static struct fastalloc_stats last;

static int ctx_ctor(void *obj, void *arg)
{
	struct ctx_item *item = obj;

	item->state = CTX_FREE;
	return 0;
}

static void ctx_error(void)
{
	atomic_long_inc(&errors);
}

/* The pool handed this object to this context: no other may have it. */
static void ctx_take(struct ctx_item *item, unsigned long id)
{
	unsigned int i;

	if (cmpxchg(&item->state, CTX_FREE, CTX_LIVE) != CTX_FREE)
		ctx_error();
	item->id = id;
	for (i = 0; i < CTX_WORDS; i++)
		item->word[i] = id * 31 + i;
	atomic_long_inc(&allocs);
}

static void ctx_give(struct ctx_item *item)
{
	unsigned int i;

	for (i = 0; i < CTX_WORDS; i++)
		if (item->word[i] != item->id * 31 + i)
			break;
	if (i < CTX_WORDS)
		ctx_error();
	if (cmpxchg(&item->state, CTX_LIVE, CTX_FREE) != CTX_LIVE)
		ctx_error();
	atomic_long_inc(&frees);
}

static void ctx_bulk(enum ctx_kind kind, unsigned long id, gfp_t gfp)
{
	void *objs[CTX_BULK];
	unsigned int got, i;

	got = fastalloc_alloc_bulk(pool, gfp, CTX_BULK, objs);
	if (!got) {
		atomic_long_inc(&misses[kind]);
		return;
	}
	if (got != CTX_BULK) {
		ctx_error();
		return;
	}
	for (i = 0; i < CTX_BULK; i++)
		ctx_take(objs[i], id + i);
	for (i = 0; i < CTX_BULK; i++)
		ctx_give(objs[i]);
	fastalloc_free_bulk(pool, CTX_BULK, objs);
	atomic_long_inc(&bulks);
}

static void ctx_op(struct ctx_cpu *c, enum ctx_kind kind, gfp_t gfp)
{
	u32 r = prandom_u32_state(&c->rnd[kind]);
	struct ctx_item *item, *old;

	atomic_long_inc(&ops[kind]);
	if (r % 8 == 0) {
		ctx_bulk(kind, r, gfp);
		return;
	}

	item = fastalloc_alloc(pool, gfp);
	if (item)
		ctx_take(item, r);
	else
		atomic_long_inc(&misses[kind]);

	/* Leave the object for another context, and free the one that was left here. */
	if (r % 8 < 6) {
		old = xchg(&slots[(r >> 8) % CTX_SLOTS], item);
		if (old)
			atomic_long_inc(&crossings);
		item = old;
	}
	if (item) {
		ctx_give(item);
		fastalloc_free(pool, item);
	}
}

static void ctx_softirq(struct tasklet_struct *t)
{
	struct ctx_cpu *c = container_of(t, struct ctx_cpu, tasklet);
	unsigned int i;

	if (!in_serving_softirq() || in_hardirq())
		atomic_long_inc(&wrong_context);
	if (READ_ONCE(c->busy))
		atomic_long_inc(&hits[CTX_SOFTIRQ]);
	for (i = 0; i < CTX_OPS; i++)
		ctx_op(c, CTX_SOFTIRQ, GFP_ATOMIC);
}

static void ctx_hardirq(struct irq_work *irq)
{
	struct ctx_cpu *c = container_of(irq, struct ctx_cpu, irq);
	unsigned int i;

	if (!in_hardirq() || !irqs_disabled())
		atomic_long_inc(&wrong_context);
	if (READ_ONCE(c->busy))
		atomic_long_inc(&hits[CTX_HARDIRQ]);
	for (i = 0; i < CTX_OPS; i++)
		ctx_op(c, CTX_HARDIRQ, GFP_ATOMIC);
	tasklet_schedule(&c->tasklet);
}

static int ctx_thread(void *data)
{
	struct ctx_cpu *c = data;
	unsigned long round, flags;
	unsigned int i;

	for (round = 0; round < c->rounds; round++) {
		WRITE_ONCE(c->busy, 1);
		for (i = 0; i < CTX_OPS; i++) {
			ctx_op(c, CTX_TASK, GFP_KERNEL);
			if (i == round % CTX_OPS)
				irq_work_queue(&c->irq);
		}
		WRITE_ONCE(c->busy, 0);

		local_irq_save(flags);
		for (i = 0; i < CTX_OPS; i++)
			ctx_op(c, CTX_IRQSOFF, GFP_ATOMIC);
		local_irq_restore(flags);

		if (round % 64 == 0)
			fastalloc_pool_trim(pool);
		cond_resched();
	}
	irq_work_sync(&c->irq);
	tasklet_kill(&c->tasklet);
	if (atomic_dec_and_test(&running))
		complete(&all_done);

	/* Stay until kthread_stop(), which needs the thread to exist. */
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int ctx_spawn(unsigned int cpu, unsigned long rounds)
{
	struct ctx_cpu *c = per_cpu_ptr(&ctx_cpus, cpu);
	unsigned int kind;

	c->irq = IRQ_WORK_INIT_HARD(ctx_hardirq);
	tasklet_setup(&c->tasklet, ctx_softirq);
	for (kind = 0; kind < CTX_KINDS; kind++)
		prandom_seed_state(&c->rnd[kind], cpu * CTX_KINDS + kind + 1);
	c->rounds = rounds;
	c->busy = 0;
	c->task = kthread_create_on_node(ctx_thread, c, cpu_to_node(cpu),
					 "fa_ctx/%u", cpu);
	if (IS_ERR(c->task)) {
		int err = PTR_ERR(c->task);

		c->task = NULL;
		return err;
	}
	kthread_bind(c->task, cpu);
	return 0;
}

static int ctx_run(unsigned long rounds)
{
	bool percpu = sync == FASTALLOC_SYNC_PERCPU;
	unsigned int cpu, i, nr = 0;
	int err = 0;

	pool = fastalloc_pool_create(&FASTALLOC_CONFIG(struct ctx_item,
						       .name = "test-context",
						       .capacity = percpu ? 8 : 32,
						       .max_capacity = 96,
						       .growth = FASTALLOC_GROWTH_LINEAR,
						       .growth_amount = 8,
						       .sync = sync,
						       .magazine = percpu ? 3 : 0,
						       .ctor = ctx_ctor));
	if (IS_ERR(pool))
		return PTR_ERR(pool);

	reinit_completion(&all_done);
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		err = ctx_spawn(cpu, rounds);
		if (err)
			break;
		nr++;
	}
	if (!err) {
		atomic_set(&running, nr);
		for_each_online_cpu(cpu)
			wake_up_process(per_cpu(ctx_cpus, cpu).task);
		wait_for_completion(&all_done);
	}
	for_each_online_cpu(cpu) {
		struct ctx_cpu *c = per_cpu_ptr(&ctx_cpus, cpu);

		if (c->task)
			kthread_stop(c->task);
		c->task = NULL;
	}
	cpus_read_unlock();

	for (i = 0; i < CTX_SLOTS; i++) {
		if (!slots[i])
			continue;
		ctx_give(slots[i]);
		fastalloc_free(pool, slots[i]);
		slots[i] = NULL;
	}
	fastalloc_pool_stats(pool, &last);
	fastalloc_pool_destroy(pool);
	return err;
}

static int run_command(char *cmd)
{
	unsigned long rounds;
	int err;

	err = kstrtoul(cmd, 0, &rounds);
	if (err)
		return err;
	return rounds ? ctx_run(rounds) : -EINVAL;
}

static void report_print(struct seq_file *m)
{
	unsigned int kind;

	for (kind = 0; kind < CTX_KINDS; kind++) {
		seq_printf(m, "%s_ops: %ld\n", ctx_names[kind],
			   atomic_long_read(&ops[kind]));
		seq_printf(m, "%s_hits: %ld\n", ctx_names[kind],
			   atomic_long_read(&hits[kind]));
		seq_printf(m, "%s_misses: %ld\n", ctx_names[kind],
			   atomic_long_read(&misses[kind]));
	}
	seq_printf(m, "bulks: %ld\n", atomic_long_read(&bulks));
	seq_printf(m, "crossings: %ld\n", atomic_long_read(&crossings));
	seq_printf(m, "wrong_context: %ld\n", atomic_long_read(&wrong_context));
	seq_printf(m, "errors: %ld\n", atomic_long_read(&errors));
	seq_printf(m, "taken: %ld\n", atomic_long_read(&allocs));
	seq_printf(m, "given: %ld\n", atomic_long_read(&frees));
	seq_printf(m, "pool_allocs: %llu\n", last.allocs);
	seq_printf(m, "pool_frees: %llu\n", last.frees);
	seq_printf(m, "pool_in_use: %lu\n", last.in_use);
	seq_printf(m, "pool_grows: %llu\n", last.grows);
	seq_printf(m, "pool_capacity: %lu\n", last.capacity);
}

FA_TEST_MODULE(test_context, "fastalloc selftest: one pool used from every context",
	       NULL, NULL, FA_TEST_COMMAND(run), FA_TEST_REPORT(report));
