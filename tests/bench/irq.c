// SPDX-License-Identifier: GPL-2.0
/* Runs a loop in a task, a softirq (tasklet) or a hardirq (irq_work). */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/sched.h>

#include "bench.h"

struct irq_run {
	struct tasklet_struct	tasklet;
	struct irq_work		work;
	struct completion	done;
	bench_loop_t		loop;
	struct bench		*b;
	unsigned int		nr;
	u64			ticks;
};

unsigned long bench_begin(void)
{
	unsigned long flags = 0;

	if (!bench_exact) {
		if (need_resched())
			schedule();
		return 0;
	}
	for (;;) {
		local_irq_save(flags);
		if (!need_resched())
			return flags;
		local_irq_restore(flags);
		schedule();
	}
}

void bench_end(unsigned long flags)
{
	if (bench_exact)
		local_irq_restore(flags);
}

static void run_softirq(struct tasklet_struct *t)
{
	struct irq_run *r = container_of(t, struct irq_run, tasklet);
	unsigned long flags = 0;

	if (bench_exact)
		local_irq_save(flags);
	r->ticks = r->loop(r->b, r->nr);
	if (bench_exact)
		local_irq_restore(flags);
	complete(&r->done);
}

static void run_hardirq(struct irq_work *work)
{
	struct irq_run *r = container_of(work, struct irq_run, work);

	r->ticks = r->loop(r->b, r->nr);
	complete(&r->done);
}

u64 bench_run_in(enum bench_context context, bench_loop_t loop, struct bench *b,
		 unsigned int nr)
{
	/* One run at a time: the benchmark is a single task. */
	static struct irq_run r;
	unsigned long flags;

	r.loop = loop;
	r.b = b;
	r.nr = nr;
	switch (context) {
	case BENCH_TASK:
		flags = bench_begin();
		r.ticks = loop(b, nr);
		bench_end(flags);
		break;
	case BENCH_SOFTIRQ:
		init_completion(&r.done);
		tasklet_setup(&r.tasklet, run_softirq);
		tasklet_schedule(&r.tasklet);
		wait_for_completion(&r.done);
		tasklet_kill(&r.tasklet);
		break;
	case BENCH_HARDIRQ:
		init_completion(&r.done);
		r.work = IRQ_WORK_INIT_HARD(run_hardirq);
		irq_work_queue(&r.work);
		wait_for_completion(&r.done);
		irq_work_sync(&r.work);
		break;
	}
	return r.ticks;
}
