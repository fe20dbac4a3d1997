// SPDX-License-Identifier: GPL-2.0
/* Runs a case of the gauge of transfers: a thread on each of the first CPUs. */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "transfers.h"

/* A turn goes to one of so many CPUs after this one. */
#define SKIP_MOST	4

/* QEMU goes on with the next CPU. */
static void give_way(void)
{
	cond_resched();
	cpu_relax();
}

/* Waits until all CPUs of the crew are here. */
static void meet(struct bench_crew *crew)
{
	unsigned int met = READ_ONCE(crew->met);

	if (atomic_inc_return(&crew->arrived) == crew->cpus) {
		atomic_set(&crew->arrived, 0);
		/* Store the count before the number that lets the others go on. */
		smp_store_release(&crew->met, met + 1);
		return;
	}
	/* Pairs with the release above: what the others did before is visible. */
	while (smp_load_acquire(&crew->met) == met)
		give_way();
}

/*
 * Another CPU that is not done, one of the next few; this one if all others are. QEMU
 * comes to it soon. It is chosen at random: CPUs that go on in lockstep would get back
 * from a shared stack what they have just put there.
 */
static void end_turn(struct bench_crew_cpu *cpu)
{
	struct bench_crew *crew = cpu->crew;
	unsigned int skip = bench_random(&crew->seed) % SKIP_MOST, i = cpu->index, n;

	for (n = 1; n < crew->cpus; n++) {
		unsigned int other = (cpu->index + n) % crew->cpus;

		if (crew->cpu[other].done)
			continue;
		i = other;
		if (!skip--)
			break;
	}
	/* What was done in this turn is visible in the next. Pairs with do_phase(). */
	smp_store_release(&crew->turn, i);
}

static void do_phase(struct bench_crew_cpu *cpu, bench_step_t step)
{
	struct bench_crew *crew = cpu->crew;

	cpu->left = crew->nr;
	cpu->done = false;
	if (!cpu->index)
		WRITE_ONCE(crew->turn, 0);
	meet(crew);
	while (!cpu->done) {
		/* Pairs with end_turn(). */
		while (smp_load_acquire(&crew->turn) != cpu->index)
			give_way();
		cpu->done = !step(cpu) || crew->failed;
		end_turn(cpu);
		give_way();
	}
	meet(crew);
}

/* A phase to warm up, and one that counts. */
static int crew_thread(void *arg)
{
	struct bench_crew_cpu *cpu = arg;
	struct bench_crew *crew = cpu->crew;

	meet(crew);
	if (crew->prepare)
		do_phase(cpu, crew->prepare);
	do_phase(cpu, crew->step);
	if (!cpu->index)
		bench_marks_reset();
	do_phase(cpu, crew->step);
	if (!cpu->index)
		bench_marks_report();
	while (cpu->held)
		bench_marked[crew->id].free(crew->b, cpu->obj[--cpu->held]);
	if (atomic_dec_and_test(&crew->busy))
		complete(crew->done);
	return bench_wait_for_stop();
}

static int start(struct bench_crew *crew)
{
	unsigned int i, on = 0;

	for (i = 0; i < crew->cpus; i++) {
		struct bench_crew_cpu *cpu = &crew->cpu[i];
		struct task_struct *task;

		task = kthread_create(crew_thread, cpu, "fastalloc_bench/%u", i);
		if (IS_ERR(task)) {
			/* None of these has run. */
			while (i--)
				kthread_stop(crew->cpu[i].task);
			return PTR_ERR(task);
		}
		cpu->task = task;
		on = i ? cpumask_next(on, cpu_online_mask) : cpumask_first(cpu_online_mask);
		kthread_bind(task, on);
	}
	for (i = 0; i < crew->cpus; i++)
		wake_up_process(crew->cpu[i].task);
	return 0;
}

static void free_cpus(struct bench_crew *crew)
{
	unsigned int i;

	for (i = 0; crew->cpu && i < crew->cpus; i++)
		vfree(crew->cpu[i].obj);
	vfree(crew->cpu);
}

static int make_cpus(struct bench_crew *crew)
{
	unsigned int i;

	crew->cpu = vzalloc(array_size(crew->cpus, sizeof(*crew->cpu)));
	if (!crew->cpu)
		return -ENOMEM;
	for (i = 0; i < crew->cpus; i++) {
		struct bench_crew_cpu *cpu = &crew->cpu[i];

		cpu->crew = crew;
		cpu->index = i;
		cpu->seed = 0x9e3779b9 * (i + 1);
		cpu->obj = vzalloc(array_size(crew->most, sizeof(*cpu->obj)));
		if (!cpu->obj)
			return -ENOMEM;
	}
	return 0;
}

/* 0, or an error also if an operation failed. */
int bench_crew_run(struct bench_crew *crew)
{
	DECLARE_COMPLETION_ONSTACK(done);
	unsigned int i;
	int err;

	crew->failed = 0;
	crew->met = 0;
	crew->seed = 0x2545f491;
	atomic_set(&crew->arrived, 0);
	atomic_set(&crew->busy, crew->cpus);
	crew->done = &done;
	err = make_cpus(crew);
	if (!err)
		err = start(crew);
	if (!err) {
		wait_for_completion(&done);
		for (i = 0; i < crew->cpus; i++)
			kthread_stop(crew->cpu[i].task);
		if (crew->failed)
			err = -EIO;
	}
	free_cpus(crew);
	return err;
}
