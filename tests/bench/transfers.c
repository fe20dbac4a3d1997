// SPDX-License-Identifier: GPL-2.0
/*
 * The cases of the gauge of transfers. Each goes to the kernel log as
 *
 *	fastalloc_bench: transfers NUMBER CASE SIZE CPUS ALLOCATOR OPERATIONS UNIT CAPACITY
 *
 * and the plugin writes what it counted with the same NUMBER.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "cases.h"
#include "transfers.h"

/* Objects that one CPU passes on at most, that are on their way, or that live. */
#define BATCH_MOST	16
#define PASSED_MOST	64
#define LIVE_MOST	128

/* Until QEMU has translated everything again: far longer than it takes. */
#define BENCH_ARM_MS	20

/* Operations of a CPU in a phase. */
#define NR_LEAST	64
#define NR_MOST		1024

/* An allocation that must succeed: @to may free the object. */
static bool alloc_for(struct bench_crew_cpu *cpu, struct bench_crew_cpu *to)
{
	struct bench_crew *crew = cpu->crew;
	void *obj = bench_marked[crew->id].alloc(crew->b);

	if (!obj) {
		crew->failed++;
		return false;
	}
	to->obj[to->held++] = obj;
	return true;
}

static void free_one(struct bench_crew_cpu *cpu, unsigned int nr)
{
	void *obj = cpu->obj[nr];

	cpu->obj[nr] = cpu->obj[--cpu->held];
	bench_marked[cpu->crew->id].free(cpu->crew->b, obj);
}

static void free_any(struct bench_crew_cpu *cpu)
{
	free_one(cpu, bench_random(&cpu->seed) % cpu->held);
}

static bool step_burst(struct bench_crew_cpu *cpu)
{
	if (!cpu->held)
		cpu->frees = false;
	if (cpu->held == cpu->crew->burst)
		cpu->frees = true;
	if (!cpu->frees)
		return alloc_for(cpu, cpu);
	free_one(cpu, cpu->held - 1);
	return --cpu->left;
}

static struct bench_crew_cpu *next_to(struct bench_crew_cpu *cpu)
{
	return &cpu->crew->cpu[(cpu->index + 1) % cpu->crew->cpus];
}

/* Whether no other CPU will pass an object to this one any more. */
static bool is_last(struct bench_crew_cpu *cpu)
{
	struct bench_crew *crew = cpu->crew;

	return !crew->cpu[(cpu->index + crew->cpus - 1) % crew->cpus].left;
}

/* Begins a batch of random length of the other kind when one ends. */
static void count_batch(struct bench_crew_cpu *cpu)
{
	if (cpu->batch) {
		cpu->batch--;
		return;
	}
	cpu->frees = !cpu->frees;
	cpu->batch = bench_random(&cpu->seed) % BATCH_MOST;
}

/* Each CPU allocates, and frees what the one before it has allocated. */
static bool step_pass(struct bench_crew_cpu *cpu)
{
	struct bench_crew_cpu *to = next_to(cpu);

	count_batch(cpu);
	if (!cpu->frees && cpu->left && to->held < cpu->crew->most) {
		cpu->left--;
		return alloc_for(cpu, to);
	}
	if (cpu->held)
		free_any(cpu);
	return cpu->left || cpu->held || !is_last(cpu);
}

/* A CPU, chosen at random, that has not got all of its share. */
static struct bench_crew_cpu *any_waiting(struct bench_crew_cpu *cpu)
{
	struct bench_crew *crew = cpu->crew;
	unsigned int i, start = bench_random(&cpu->seed);

	for (i = 0; i < crew->cpus; i++) {
		struct bench_crew_cpu *to = &crew->cpu[(start + i) % crew->cpus];

		if (to->left && to->held < crew->most)
			return to;
	}
	return NULL;
}

static bool is_any_left(struct bench_crew *crew)
{
	unsigned int i;

	for (i = 0; i < crew->cpus; i++)
		if (crew->cpu[i].left)
			return true;
	return false;
}

/* The first CPU allocates for all, itself included; each frees its share. */
static bool step_remote(struct bench_crew_cpu *cpu)
{
	struct bench_crew_cpu *to = NULL;

	count_batch(cpu);
	if (!cpu->index && !cpu->frees)
		to = any_waiting(cpu);
	if (to) {
		to->left--;
		return alloc_for(cpu, to);
	}
	if (cpu->frees && cpu->held)
		free_any(cpu);
	return cpu->left || cpu->held || (!cpu->index && is_any_left(cpu->crew));
}

/* A random number of objects is out; a random one of them is freed. */
static bool step_churn(struct bench_crew_cpu *cpu)
{
	if (cpu->batch == cpu->held)
		cpu->batch = bench_random(&cpu->seed) % cpu->crew->most + 1;
	if (cpu->batch > cpu->held)
		return alloc_for(cpu, cpu);
	free_any(cpu);
	return --cpu->left;
}

static bool step_fill(struct bench_crew_cpu *cpu)
{
	struct bench_crew *crew = cpu->crew;
	void *obj;

	if (cpu->held == crew->most) {
		/* This one is never empty. */
		crew->failed++;
		return false;
	}
	obj = bench_marked[crew->id].alloc(crew->b);
	if (obj)
		cpu->obj[cpu->held++] = obj;
	return obj;
}

/* An allocation that fails. */
static bool step_full(struct bench_crew_cpu *cpu)
{
	struct bench_crew *crew = cpu->crew;
	void *obj = bench_marked[crew->id].alloc(crew->b);

	if (obj) {
		crew->failed++;
		bench_marked[crew->id].free(crew->b, obj);
	}
	return --cpu->left;
}

static bool step_shared(struct bench_crew_cpu *cpu)
{
	bench_count_shared();
	return --cpu->left;
}

static bool step_percpu(struct bench_crew_cpu *cpu)
{
	bench_count_percpu();
	return --cpu->left;
}

static unsigned int reported;

static void report(const char *what, const struct bench_crew *crew, const char *who,
		   const char *unit)
{
	pr_info("transfers %u %s %u %u %s %u %s %lu\n", ++reported, what, crew->b->size,
		crew->cpus, who, crew->cpus * crew->nr, unit, crew->b->objs);
}

/* Two cases whose result is known. */
static int run_controls(struct bench_crew *crew)
{
	int err;

	crew->most = 1;
	crew->step = step_shared;
	err = bench_crew_run(crew);
	if (err)
		return err;
	report("control", crew, "shared-counter", "operation");
	crew->step = step_percpu;
	err = bench_crew_run(crew);
	if (err)
		return err;
	report("control", crew, "percpu-counter", "operation");
	return 0;
}

/* Those that end: the others take more memory from the kernel. */
static bool is_bounded(enum bench_id id)
{
	switch (id) {
	case BENCH_INLINE:
	case BENCH_CALL:
	case BENCH_SPINLOCK:
	case BENCH_OBJPOOL:
	case BENCH_GEN_POOL:
		return true;
	default:
		return false;
	}
}

struct transfers_case {
	const char	*name;
	bench_step_t	prepare;
	bench_step_t	step;
	const char	*unit;
	unsigned int	burst;
	unsigned int	most;
	unsigned int	cpus_least;
};

static const struct transfers_case transfers_cases[] = {
	{ "burst16", NULL, step_burst, "pair", 16, 16 },
	{ "burst32", NULL, step_burst, "pair", 32, 32 },
	{ "burst64", NULL, step_burst, "pair", 64, 64 },
	{ "pass", NULL, step_pass, "pair", 0, PASSED_MOST, 2 },
	{ "remote-free", NULL, step_remote, "pair", 0, PASSED_MOST, 2 },
	{ "churn", NULL, step_churn, "pair", 0, LIVE_MOST },
	{ "full", step_fill, step_full, "operation" },
};

static int run_case(struct bench_crew *crew, const struct transfers_case *c)
{
	unsigned long share = crew->b->objs / crew->cpus;
	int err;

	/* More than there are: not a case of this capacity. */
	if (crew->cpus < c->cpus_least || share < c->burst)
		return 0;
	crew->prepare = c->prepare;
	crew->step = c->step;
	crew->burst = c->burst;
	/* without a bound of its own: all objects, those of the reserve included */
	crew->most = c->most ? min_t(unsigned long, c->most, share) : 4 * crew->b->objs;
	for (crew->id = BENCH_NOTHING + 1; crew->id < BENCH_NR; crew->id++) {
		if (!bench_has(crew->b, crew->id) || !bench_marked[crew->id].alloc)
			continue;
		if (c->prepare && !is_bounded(crew->id))
			continue;
		err = bench_crew_run(crew);
		if (err) {
			pr_err("%s of %s failed: %d (%d operations)\n", c->name,
			       bench_name(crew->id), err, crew->failed);
			return err;
		}
		report(c->name, crew, bench_name(crew->id), c->unit);
	}
	return 0;
}

/* All cases on all CPUs; @ops operations of each, about, shared by the CPUs. */
int bench_transfers(unsigned int size, unsigned long capacity, unsigned int ops)
{
	unsigned int cpus = num_online_cpus(), i;
	struct bench b;
	struct bench_crew crew = {
		.b = &b,
		.cpus = cpus,
		/* whole bursts */
		.nr = round_up(clamp_t(unsigned int, ops / cpus, NR_LEAST, NR_MOST), 64),
	};
	int err;

	err = bench_setup(&b, size, capacity);
	if (err)
		return err;
	bench_marks_arm();
	msleep(BENCH_ARM_MS);
	err = run_controls(&crew);
	for (i = 0; !err && i < ARRAY_SIZE(transfers_cases); i++)
		if (bench_wanted(transfers_cases[i].name))
			err = run_case(&crew, &transfers_cases[i]);
	bench_teardown(&b);
	return err;
}
