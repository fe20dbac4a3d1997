/* SPDX-License-Identifier: GPL-2.0 */
/* The gauge of cache-line transfers: cases for several CPUs, counted by QEMU's plugin. */
#ifndef FASTALLOC_BENCH_TRANSFERS_H
#define FASTALLOC_BENCH_TRANSFERS_H

#include "bench.h"

/**
 * struct bench_marked - operations whose accesses the plugin counts
 * @alloc: an allocation
 * @free: a free
 *
 * Interrupts are off between the marks, so that nothing else is counted. After each
 * operation the virtual CPU executes PAUSE, which makes QEMU go on with the next one.
 */
struct bench_marked {
	void *(*alloc)(struct bench *b);
	void (*free)(struct bench *b, void *obj);
};

extern const struct bench_marked bench_marked[BENCH_NR];

/* The controls: one counter for all CPUs, and one for each. */
void bench_count_shared(void);
void bench_count_percpu(void);

/* The marks that need no operation. */
void bench_marks_arm(void);
void bench_marks_reset(void);
void bench_marks_report(void);

/**
 * struct bench_crew_cpu - one CPU of a case, and what its steps keep
 * @crew: the case
 * @index: of this CPU, from 0
 * @task: its thread
 * @seed: of its random numbers
 * @left: operations that it has still to do in this phase
 * @batch: operations of one kind that it does before the other kind
 * @frees: the kind is free
 * @done: it has done all of this phase
 * @held: objects in @obj
 * @obj: objects that it may free
 *
 * A CPU changes these, and those of other CPUs, only while it is its turn.
 */
struct bench_crew_cpu {
	struct bench_crew	*crew;
	unsigned int		index;
	struct task_struct	*task;
	u32			seed;
	unsigned int		left;
	unsigned int		batch;
	bool			frees;
	bool			done;
	unsigned int		held;
	void			**obj;
};

/* Does one operation or none; false if this CPU has nothing more to do. */
typedef bool (*bench_step_t)(struct bench_crew_cpu *cpu);

/**
 * struct bench_crew - a case on several CPUs
 * @id: the allocator
 * @b: all allocators
 * @cpus: CPUs
 * @nr: operations of each CPU in a phase
 * @burst: of the bursts
 * @most: objects that one CPU may hold
 * @prepare: called first until it returns false; NULL if there is nothing to prepare
 * @step: called until it returns false: a phase
 * @cpu: the CPUs
 * @failed: operations that did not do what they should
 * @turn: the CPU that may do a step
 * @seed: of the random order of turns
 *
 * The CPUs take turns, so that a run does not depend on how fast each of them is.
 */
struct bench_crew {
	enum bench_id		id;
	struct bench		*b;
	unsigned int		cpus;
	unsigned int		nr;
	unsigned int		burst;
	unsigned int		most;
	bench_step_t		prepare;
	bench_step_t		step;
	struct bench_crew_cpu	*cpu;
	unsigned int		failed;
	unsigned int		turn;
	u32			seed;
	/* private: to crew.c */
	atomic_t		arrived;
	unsigned int		met;
	atomic_t		busy;
	struct completion	*done;
};

int bench_crew_run(struct bench_crew *crew);
int bench_transfers(unsigned int size, unsigned long capacity, unsigned int ops);

#endif /* FASTALLOC_BENCH_TRANSFERS_H */
