// SPDX-License-Identifier: GPL-2.0
/*
 * fastalloc_bench: times fastalloc against the kernel's own allocators
 *
 * Loading it runs the benchmark; every figure becomes a line in the kernel log:
 *
 *	fastalloc_bench: result CASE SIZE CPUS ALLOCATOR VALUE UNIT CAPACITY
 *
 * VALUE is in ticks of the time-stamp counter, with the empty loop subtracted. A line
 *
 *	fastalloc_bench: machine POSSIBLE-CPUS INIT-ON-ALLOC
 *
 * holds for those that follow it.
 * tests/bench/bench runs it on a machine where ticks are exact instructions and on one
 * where they are cycles, and makes tables of the results.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cases.h"
#include "transfers.h"

static char *cases = "";
module_param(cases, charp, 0444);
MODULE_PARM_DESC(cases, "which, separated by commas; all if empty");

char *bench_only = "";
module_param_named(allocators, bench_only, charp, 0444);
MODULE_PARM_DESC(allocators, "which, separated by commas; all if empty");

static unsigned int size[8] = { 32, 64, 256, 1024, 4096 };
static unsigned int sizes = 5;
module_param_array(size, uint, &sizes, 0444);
MODULE_PARM_DESC(size, "sizes of the objects, powers of two from 32 to 4096");

unsigned int bench_rounds = 15;
module_param_named(rounds, bench_rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "turns of each allocator");

static unsigned int ops = 1000000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "operations of the case worst");

static unsigned int set_max = 64;
module_param(set_max, uint, 0444);
MODULE_PARM_DESC(set_max, "largest working set of the case random, in MiB; 64 from 256 bytes on");

static unsigned long capacity[4] = { BENCH_OBJS };
static unsigned int capacities = 1;
module_param_array(capacity, ulong, &capacities, 0444);
MODULE_PARM_DESC(capacity, "objects that may be out at once, from 1024 on");

static bool transfers;
module_param(transfers, bool, 0444);
MODULE_PARM_DESC(transfers, "the cases that QEMU's plugin counts, and no others");

static unsigned int pairs = 4096;
module_param(pairs, uint, 0444);
MODULE_PARM_DESC(pairs, "operations of a case that the plugin counts, by all CPUs");

bool bench_exact;
module_param_named(exact, bench_exact, bool, 0444);
MODULE_PARM_DESC(exact, "a tick is an instruction: keep interrupts off");

void bench_report(const char *what, const struct bench *b, unsigned int cpus,
		  enum bench_id id, u64 milli, const char *unit)
{
	u32 rest;
	u64 whole = div_u64_rem(milli, 1000, &rest);

	pr_info("result %s %u %u %s %llu.%03u %s %lu\n", what, b->size, cpus,
		bench_name(id), whole, rest, unit, b->objs);
}

/* Whether the comma-separated @list contains @what; an empty list contains everything. */
bool bench_listed(const char *list, const char *what)
{
	size_t len = strlen(what);
	const char *p = list;

	if (!*p)
		return true;
	for (; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (!strncmp(p, what, len) && (!p[len] || p[len] == ','))
			return true;
	}
	return false;
}

bool bench_wanted(const char *what)
{
	return bench_listed(cases, what);
}

static int run_loops(unsigned int obj_size, unsigned long objs)
{
	static const struct {
		const char		*name;
		enum bench_context	context;
		enum bench_loop		loop;
		unsigned int		nr;
	} loops[] = {
		{ "pair", BENCH_TASK, BENCH_PAIR, 1000 },
		{ "burst32", BENCH_TASK, BENCH_BURST32, 992 },
		{ "burst1024", BENCH_TASK, BENCH_BURST1024, 2048 },
		{ "bulk64", BENCH_TASK, BENCH_BULK64, 1024 },
		{ "softirq", BENCH_SOFTIRQ, BENCH_PAIR, 1000 },
		{ "hardirq", BENCH_HARDIRQ, BENCH_PAIR, 1000 },
	};
	struct bench *b;
	unsigned int i;
	int err;

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	err = bench_setup(b, obj_size, objs);
	if (!err) {
		for (i = 0; !err && i < ARRAY_SIZE(loops); i++)
			if (bench_wanted(loops[i].name))
				err = bench_case_loop(loops[i].name, loops[i].context,
						      loops[i].loop, b, loops[i].nr);
		if (!err && bench_wanted("worst"))
			err = bench_case_worst(b, ops);
		bench_teardown(b);
	}
	kfree(b);
	return err;
}

static int run_size(unsigned int obj_size)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < capacities; i++)
		err = run_loops(obj_size, capacity[i]);
	for (i = 0; !err && i < capacities && bench_wanted("reserve"); i++)
		err = bench_case_reserve(obj_size, capacity[i]);
	if (!err && bench_wanted("random"))
		err = bench_case_random(obj_size, SZ_256K, "pair-256K");
	if (!err && bench_wanted("random") && set_max >= 64 && obj_size >= 256)
		err = bench_case_random(obj_size, SZ_64M, "pair-64M");
	if (!err && bench_wanted("checks"))
		err = bench_case_checks(obj_size, 1000);
	if (!err && bench_wanted("grow"))
		err = bench_case_grow(obj_size);
	/* In cycles, single operations would include interruptions by the host. */
	if (!err && bench_exact && bench_wanted("grow-atomic"))
		err = bench_case_grow_atomic(obj_size);
	if (!err && bench_wanted("parallel"))
		err = bench_case_parallel(obj_size, 1000);
	if (!err && (bench_wanted("prodcons") || bench_wanted("remote-free")))
		err = bench_case_pass_on(obj_size, 4000);
	return err;
}

static int run_transfers(unsigned int obj_size)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < capacities; i++)
		err = bench_transfers(obj_size, capacity[i], pairs);
	return err;
}

static bool is_usable(void)
{
	unsigned int i;

	for (i = 0; i < capacities; i++)
		if (capacity[i] < 1024)
			return false;
	return capacities && sizes;
}

static int __init bench_init(void)
{
	ktime_t began = ktime_get();
	unsigned int i;
	int err;

	if (!is_usable())
		return -EINVAL;
	pr_info("machine %u %d\n", num_possible_cpus(), want_init_on_alloc(0));
	err = set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	if (!err && !transfers && bench_wanted("memory"))
		err = bench_case_memory();
	for (i = 0; !err && i < sizes; i++) {
		err = transfers ? run_transfers(size[i]) : run_size(size[i]);
		if (err)
			pr_err("size %u failed: %d\n", size[i], err);
	}
	if (!err)
		pr_info("done %lld ms\n", ktime_ms_delta(ktime_get(), began));
	return err;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("fastalloc against the kernel's own allocators");
MODULE_LICENSE("GPL");
FASTALLOC_IMPORT_NS();
