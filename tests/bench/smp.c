// SPDX-License-Identifier: GPL-2.0
/* Cases across CPUs: one thread on each of the first CPUs. */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "bench.h"

#define SMP_SAMPLES	31

/* Ticks within which all CPUs answer if they are running. */
#define SMP_AT_ONCE	5000

/* Ticks after which a thread takes no more samples: some allocators are slow. */
#define SMP_LONG	100000000ULL

struct smp_run {
	enum bench_id		id;
	struct bench		*b;
	unsigned int		cpus;
	unsigned int		nr;
	atomic_t		waited_for;
	unsigned int		ping;
	atomic_t		pongs;
	bool			go;
	atomic_t		busy;
	struct completion	done;
	struct bench_ring	*ring;
	u64			began;
	int			err;
};

struct smp_thread {
	struct smp_run		*run;
	struct task_struct	*task;
	unsigned int		index;
	u64			sample[SMP_SAMPLES];
	u64			ended;
};

/* UML does not preempt a task that loops in the kernel. */
static void give_way(void)
{
	if (need_resched())
		schedule();
	cpu_relax();
}

/*
 * Waits until all threads run: on a busy host a virtual CPU may itself have to wait.
 * The first thread repeats its call until all answer at once.
 */
static void wait_for_others(struct smp_run *run, unsigned int index)
{
	u64 began = bench_clock(), called;
	unsigned int heard = 0, ping;

	atomic_dec(&run->waited_for);
	while (atomic_read(&run->waited_for))
		give_way();
	while (!index) {
		called = bench_clock();
		atomic_set(&run->pongs, run->cpus - 1);
		/* Store the count before the call. */
		smp_store_release(&run->ping, run->ping + 1);
		while (atomic_read(&run->pongs))
			give_way();
		if (bench_clock() - called < SMP_AT_ONCE ||
		    bench_clock() - began > SMP_LONG)
			break;
	}
	if (!index)
		WRITE_ONCE(run->go, true);
	while (!READ_ONCE(run->go)) {
		ping = READ_ONCE(run->ping);
		if (ping != heard)
			atomic_dec(&run->pongs);
		heard = ping;
		give_way();
	}
}

static void thread_done(struct smp_run *run)
{
	if (atomic_dec_and_test(&run->busy))
		complete(&run->done);
}

/* The end of a thread: waits until it is stopped. */
int bench_wait_for_stop(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* All threads work until the last one has its samples. */
static int parallel_thread(void *arg)
{
	struct smp_thread *t = arg;
	struct smp_run *run = t->run;
	const struct bench_loops *loops = &bench_loops[run->id];
	unsigned int i;
	u64 sum = 0;

	wait_for_others(run, t->index);
	loops->pair(run->b, run->nr);
	for (i = 0; i < SMP_SAMPLES && sum < SMP_LONG; i++) {
		t->sample[i] = loops->pair(run->b, run->nr);
		sum += t->sample[i];
		give_way();
	}
	t->ended = bench_median(t->sample, i);
	thread_done(run);
	while (atomic_read(&run->busy)) {
		loops->pair(run->b, run->nr);
		give_way();
	}
	return bench_wait_for_stop();
}

static int pass_on_thread(void *arg)
{
	struct smp_thread *t = arg;
	struct smp_run *run = t->run;
	const struct bench_loops *loops = &bench_loops[run->id];
	unsigned int i;
	int err = 0;

	wait_for_others(run, t->index);
	if (t->index) {
		err = loops->consume(run->b, &run->ring[t->index - 1]);
	} else {
		run->began = bench_clock();
		err = loops->produce(run->b, run->ring, run->cpus - 1, run->nr);
		for (i = 1; i < run->cpus; i++) {
			/* After the last store to the head. */
			smp_store_release(&run->ring[i - 1].done, true);
		}
	}
	t->ended = bench_clock();
	if (err)
		WRITE_ONCE(run->err, err);
	thread_done(run);
	return bench_wait_for_stop();
}

static int run_threads(struct smp_run *run, struct smp_thread *threads,
		       int (*fn)(void *arg))
{
	unsigned int i, cpu = 0;
	int err = 0;

	init_completion(&run->done);
	atomic_set(&run->waited_for, run->cpus);
	atomic_set(&run->busy, run->cpus);
	for (i = 0; i < run->cpus; i++) {
		struct smp_thread *t = &threads[i];

		t->run = run;
		t->index = i;
		t->task = kthread_create(fn, t, "fastalloc_bench/%u", i);
		if (IS_ERR(t->task)) {
			err = PTR_ERR(t->task);
			break;
		}
		cpu = i ? cpumask_next(cpu, cpu_online_mask) :
			  cpumask_first(cpu_online_mask);
		kthread_bind(t->task, cpu);
	}
	if (err) {
		/* None of these has run. */
		while (i--)
			kthread_stop(threads[i].task);
		return err;
	}
	for (i = 0; i < run->cpus; i++)
		wake_up_process(threads[i].task);
	wait_for_completion(&run->done);
	for (i = 0; i < run->cpus; i++)
		kthread_stop(threads[i].task);
	return run->err;
}

/* Ticks of @nr pairs, on each of @cpus CPUs at once: the mean of the CPUs. */
int bench_parallel(enum bench_id id, struct bench *b, unsigned int cpus,
		   unsigned int nr, u64 *ticks)
{
	struct smp_run run = { .id = id, .b = b, .cpus = cpus, .nr = nr };
	struct smp_thread *threads;
	unsigned int i;
	u64 sum = 0;
	int err;

	threads = vzalloc(array_size(cpus, sizeof(*threads)));
	if (!threads)
		return -ENOMEM;
	err = run_threads(&run, threads, parallel_thread);
	for (i = 0; i < cpus; i++)
		sum += threads[i].ended;
	*ticks = sum / cpus;
	vfree(threads);
	return err;
}

/*
 * Ticks to pass @nr objects from the CPU that allocates them to the others of @cpus,
 * which free them; with @share the first CPU frees its own share.
 */
int bench_pass_on(enum bench_id id, struct bench *b, unsigned int cpus,
		  bool share, unsigned int nr, u64 *ticks)
{
	struct smp_run run = { .id = id, .b = b, .cpus = cpus, .nr = nr };
	struct smp_thread *threads;
	unsigned int i;
	int err = -ENOMEM;

	threads = vzalloc(array_size(cpus, sizeof(*threads)));
	run.ring = vzalloc(array_size(cpus - 1, sizeof(*run.ring)));
	if (threads && run.ring) {
		run.ring->share = share;
		err = run_threads(&run, threads, pass_on_thread);
		*ticks = 0;
		for (i = 0; i < cpus; i++)
			*ticks = max(*ticks, threads[i].ended - run.began);
	}
	vfree(run.ring);
	vfree(threads);
	return err;
}
