// SPDX-License-Identifier: GPL-2.0
/*
 * Memory runs out at every possible point: the Nth allocation made while a pool is
 * created or grown fails (by the kernel's fault injection, which the script sets up),
 * for N = 1, 2, ... until no allocation is left to fail.
 *
 * A script writes the number of a kind of pool (sync, order, backing) to
 * /sys/kernel/debug/fastalloc_test_fault/create, .../grow or .../calls, and reads
 * .../report. The last tests every way to allocate from a pool that has enough objects,
 * which can fail only by fastalloc's own fault attribute.
 */
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "fastalloc_test_module.h"

#define FAULT_OBJS	64
#define FAULT_SERIAL	18	/* kinds of pool that are not PERCPU */
#define FAULT_LADEN	21	/* from here on with everything that a chunk can have */
#define FAULT_FEW	24	/* with few allocations, the shrinker's among them */
#define FAULT_OUT	(2 * FAULT_OBJS)
#define FAULT_MOST	4096

/*
 * So small that growth fits into a page with all gaps: then it is not retried with half
 * the size.
 */
struct fault_item {
	u64 word[6];
};

/* Results of the last sweep. */
static unsigned int injected, refused, survived, errors;
static int constructed;
static struct task_struct *sweeper;

static int fault_ctor(void *obj, void *arg)
{
	constructed++;
	return 0;
}

static void fault_dtor(void *obj, void *arg)
{
	constructed--;
}

/* Only the sweeping task grows the pool: the worker must not grow it first. */
static unsigned long fault_growth(unsigned long capacity, void *arg)
{
	return current == sweeper ? FAULT_OBJS : 0;
}

#ifdef CONFIG_FAULT_INJECTION
static void fault_arm(unsigned int nth)
{
	current->fail_nth = nth;
}

/* Returns true if the fault armed before was injected. */
static bool fault_disarm(void)
{
	bool met = !current->fail_nth;

	current->fail_nth = 0;
	return met;
}
#else
static void fault_arm(unsigned int nth)
{
}

static bool fault_disarm(void)
{
	return false;
}
#endif

static struct fastalloc_config fault_config(unsigned long kind)
{
	struct fastalloc_config cfg =
		FASTALLOC_CONFIG(struct fault_item,
				 .name = "test-fault",
				 .capacity = FAULT_OBJS,
				 .max_capacity = 3 * FAULT_OBJS,
				 .growth = FASTALLOC_GROWTH_CUSTOM,
				 .growth_fn = fault_growth,
				 .sync = FASTALLOC_SYNC_PERCPU,
				 .ctor = fault_ctor,
				 .dtor = fault_dtor);

	if (kind < FAULT_SERIAL) {
		cfg.sync = kind % 2 ? FASTALLOC_SYNC_NONE : FASTALLOC_SYNC_SPINLOCK;
		cfg.order = kind / 2 % 3;
		cfg.backing = kind / 6 % 3;
	} else if (kind < FAULT_LADEN) {
		cfg.backing = kind % 3;
	} else if (kind == FAULT_FEW) {
		cfg.sync = FASTALLOC_SYNC_SPINLOCK;
		cfg.backing = FASTALLOC_BACKING_PAGES;
		cfg.flags = FASTALLOC_F_SHRINKER | FASTALLOC_F_NO_INIT;
	} else {
		cfg.sync = kind % 3;
		cfg.ctor = NULL;
		cfg.dtor = NULL;
		cfg.flags = FASTALLOC_F_HANDLES | FASTALLOC_F_RANDOM | FASTALLOC_F_DEBUG;
		if (cfg.sync != FASTALLOC_SYNC_NONE)
			cfg.flags |= FASTALLOC_F_SHRINKER;
	}
	return cfg;
}

/* Allocate the promised capacity, and free it. */
static void fault_use(struct fastalloc_pool *pool, unsigned int nr, void **objs)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		objs[i] = fastalloc_alloc(pool, GFP_KERNEL);
		if (!objs[i]) {
			errors++;
			break;
		}
		memset(objs[i], 0x5a, sizeof(struct fault_item));
	}
	while (i--)
		fastalloc_free(pool, objs[i]);
}

static bool fault_create(unsigned long kind, unsigned int nth, void **objs)
{
	struct fastalloc_config cfg = fault_config(kind);
	struct fastalloc_pool *pool;
	bool met;

	fault_arm(nth);
	pool = fastalloc_pool_create(&cfg);
	met = fault_disarm();

	if (!IS_ERR(pool)) {
		if (met)
			survived++;
		fault_use(pool, FAULT_OBJS, objs);
		fastalloc_pool_destroy(pool);
	} else if (met && PTR_ERR(pool) == -ENOMEM) {
		refused++;
	} else {
		errors++;
	}
	if (constructed)
		errors++;
	return met;
}

static bool fault_grow(unsigned long kind, unsigned int nth, void **objs)
{
	struct fastalloc_config cfg = fault_config(kind);
	struct fastalloc_pool *pool;
	unsigned int out = 0;
	void *more;
	bool met;

	pool = fastalloc_pool_create(&cfg);
	if (IS_ERR(pool)) {
		errors++;
		return false;
	}
	/* A PERCPU pool has some more objects. */
	while (out < FAULT_OUT && (objs[out] = fastalloc_alloc(pool, GFP_NOWAIT)))
		out++;
	if (out < FAULT_OBJS || out == FAULT_OUT)
		errors++;

	fault_arm(nth);
	more = fastalloc_alloc(pool, GFP_KERNEL);
	met = fault_disarm();

	if (!more) {
		if (met)
			refused++;
		else
			errors++;
		/* Memory is available again: so is growth. */
		more = fastalloc_alloc(pool, GFP_KERNEL);
		if (!more)
			errors++;
	} else if (met) {
		survived++;
	}
	fastalloc_free(pool, more);
	while (out--)
		fastalloc_free(pool, objs[out]);
	fault_use(pool, FAULT_OUT, objs);
	fastalloc_pool_destroy(pool);
	if (constructed)
		errors++;
	return met;
}

#define FAULT_BULK	8

/* Allocates once in each way and frees at once. Returns how many ways failed. */
static unsigned int fault_each_call(struct fastalloc_pool *pool, bool contig)
{
	void *bulk[FAULT_BULK];
	unsigned int failed = 0;
	void *obj;

	obj = fastalloc_alloc(pool, GFP_KERNEL);
	failed += !obj;
	fastalloc_free(pool, obj);
	obj = fastalloc_zalloc(pool, GFP_KERNEL);
	failed += !obj;
	if (obj && memchr_inv(obj, 0, sizeof(struct fault_item)))
		errors++;
	fastalloc_free(pool, obj);
	/* No timeout: nobody would wake it, as all objects are free. */
	obj = fastalloc_alloc_timeout(pool, GFP_KERNEL, 0);
	failed += !obj;
	fastalloc_free(pool, obj);
	obj = fastalloc_alloc_killable(pool, GFP_KERNEL, 0);
	failed += !obj;
	fastalloc_free(pool, obj);
	if (fastalloc_alloc_bulk(pool, GFP_KERNEL, FAULT_BULK, bulk))
		fastalloc_free_bulk(pool, FAULT_BULK, bulk);
	else
		failed++;
	if (contig) {
		obj = fastalloc_alloc_contig(pool, GFP_KERNEL, FAULT_BULK);
		failed += !obj;
		fastalloc_free_contig(pool, obj, FAULT_BULK);
	}
	return failed;
}

static bool fault_calls(unsigned long kind, unsigned int nth, void **objs)
{
	struct fastalloc_config cfg = fault_config(kind);
	bool contig = cfg.order == FASTALLOC_ORDER_LOWEST;
	struct fastalloc_pool *pool;
	struct fastalloc_stats s;
	unsigned int failed;
	bool met;

	cfg.ctor = NULL;
	cfg.dtor = NULL;
	cfg.flags = contig ? FASTALLOC_F_CONTIG : 0;
	pool = fastalloc_pool_create(&cfg);
	if (IS_ERR(pool)) {
		errors++;
		return false;
	}
	fault_arm(nth);
	failed = fault_each_call(pool, contig);
	met = fault_disarm();

	/* One fault makes at most one call fail. */
	if (failed > met)
		errors++;
	refused += failed;
	if (met && !failed)
		survived++;
	fastalloc_pool_stats(pool, &s);
	if (s.failures != failed || s.in_use || s.violations)
		errors++;
	fault_use(pool, FAULT_OBJS, objs);
	fastalloc_pool_destroy(pool);
	return met;
}

static int fault_sweep(char *cmd, bool (*one)(unsigned long, unsigned int, void **))
{
	void *objs[FAULT_OUT];
	unsigned long kind;
	unsigned int nth;
	int err;

	err = kstrtoul(cmd, 0, &kind);
	if (err)
		return err;

	sweeper = current;
	injected = 0;
	refused = 0;
	survived = 0;
	errors = 0;
	for (nth = 1; nth <= FAULT_MOST && one(kind, nth, objs); nth++)
		injected++;
	return nth > FAULT_MOST ? -ELOOP : 0;
}

static int create_command(char *cmd)
{
	return fault_sweep(cmd, fault_create);
}

static int grow_command(char *cmd)
{
	return fault_sweep(cmd, fault_grow);
}

static int calls_command(char *cmd)
{
	return fault_sweep(cmd, fault_calls);
}

static void report_print(struct seq_file *m)
{
	seq_printf(m, "injected: %u\n", injected);
	seq_printf(m, "refused: %u\n", refused);
	seq_printf(m, "survived: %u\n", survived);
	seq_printf(m, "errors: %u\n", errors);
}

FA_TEST_MODULE(test_fault, "fastalloc selftest: creation and growth without memory",
	       NULL, NULL, FA_TEST_COMMAND(create), FA_TEST_COMMAND(grow), FA_TEST_COMMAND(calls),
	       FA_TEST_REPORT(report));
