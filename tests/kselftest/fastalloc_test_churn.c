// SPDX-License-Identifier: GPL-2.0
/*
 * Pools that are created and destroyed: a script writes a number of cycles to
 * /sys/kernel/debug/fastalloc_test_churn/run; each cycle creates a pool of another
 * kind, allocates and frees objects (the pool grows if it can), and destroys it.
 * Several writers may run at once. .../report shows what was done.
 *
 * The parameter leak makes each cycle leak memory on purpose, to show that the check
 * detects leaks: 1 loses 64 bytes of slab a cycle, 2 loses a page of vmalloc every 16th
 * cycle, 3 loses a page a cycle.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "fastalloc_test_module.h"

#define CHURN_OBJS	96

static unsigned int leak;
module_param(leak, uint, 0644);
MODULE_PARM_DESC(leak, "lose memory in every cycle: 1 slab, 2 vmalloc, 3 pages");

static atomic_long_t cycles, errors, objects, pools_grown, pools_trimmed;

static int churn_ctor(void *obj, void *arg)
{
	*(u8 *)obj = 0xa5;
	return 0;
}

static void churn_dtor(void *obj, void *arg)
{
	if (*(u8 *)obj != 0xa5)
		atomic_long_inc(&errors);
}

static unsigned long churn_growth(unsigned long capacity, void *arg)
{
	return capacity / 2 + 1;
}

/*
 * Memory that was leaked on purpose is found again on module exit, through inverted
 * pointers, which kmemleak does not recognise.
 */
enum churn_lost {
	LOST_SLAB = 1,
	LOST_VMALLOC,
	LOST_PAGES,
	LOST_KINDS,
};

static unsigned long lost[LOST_KINDS];
static DEFINE_SPINLOCK(lost_lock);

static void churn_lose(enum churn_lost kind, unsigned long *mem)
{
	if (!mem)
		return;
	spin_lock(&lost_lock);
	*mem = lost[kind];
	lost[kind] = ~(unsigned long)mem;
	spin_unlock(&lost_lock);
}

static void *churn_find(enum churn_lost kind)
{
	unsigned long *mem;

	if (!lost[kind])
		return NULL;
	mem = (unsigned long *)~lost[kind];
	lost[kind] = *mem;
	return mem;
}

static void churn_find_all(void)
{
	void *mem;

	while ((mem = churn_find(LOST_SLAB)))
		kfree(mem);
	while ((mem = churn_find(LOST_VMALLOC)))
		vfree(mem);
	while ((mem = churn_find(LOST_PAGES)))
		free_page((unsigned long)mem);
}

static int churn_cycle(unsigned long i, void **objs)
{
	static const size_t sizes[] = { 1, 24, 64, 200, 1024, 4096 };
	static const unsigned long capacities[] = { 1, 7, 32 };
	gfp_t gfp = i % 5 ? GFP_KERNEL : GFP_ATOMIC;
	char name[FASTALLOC_NAME_LEN];
	struct fastalloc_config cfg = {
		.name = name,
		.obj_size = sizes[i % ARRAY_SIZE(sizes)],
		.capacity = capacities[i / 3 % ARRAY_SIZE(capacities)],
		.max_capacity = 80,
		.growth = i % 4,
		.growth_amount = 5,
		.growth_percent = 150,
		.growth_fn = churn_growth,
		.sync = i / 5 % 3,
		.backing = i / 12 % 3,
		.ctor = i / 36 % 2 ? churn_ctor : NULL,
		.dtor = i / 36 % 2 ? churn_dtor : NULL,
	};
	struct fastalloc_pool *pool;
	unsigned int got, n;

	if (cfg.sync != FASTALLOC_SYNC_PERCPU)
		cfg.order = i / 4 % 3;
	snprintf(name, sizeof(name), "churn-%d-%lu", task_pid_nr(current),
		 i % 4);
	pool = fastalloc_pool_create(&cfg);
	if (IS_ERR(pool))
		return PTR_ERR(pool);

	for (got = 0; got < CHURN_OBJS; got++) {
		objs[got] = fastalloc_alloc(pool, gfp);
		if (!objs[got])
			break;
	}
	/* Fewer objects than promised are an error in every context. */
	if (got < cfg.capacity)
		atomic_long_inc(&errors);
	atomic_long_add(got, &objects);
	if (fastalloc_pool_capacity(pool) > cfg.capacity)
		atomic_long_inc(&pools_grown);

	for (n = 0; n < got; n++)
		fastalloc_free(pool, objs[n]);
	if (i % 7 == 0 && fastalloc_pool_trim(pool))
		atomic_long_inc(&pools_trimmed);
	fastalloc_pool_destroy(pool);

	if (leak == LOST_SLAB)
		churn_lose(leak, kmalloc(64, GFP_KERNEL));
	if (leak == LOST_VMALLOC && i % 16 == 0)
		churn_lose(leak, vmalloc(PAGE_SIZE));
	if (leak == LOST_PAGES)
		churn_lose(leak, (unsigned long *)__get_free_page(GFP_KERNEL));
	return 0;
}

static int run_command(char *cmd)
{
	unsigned long i, nr;
	void **objs;
	int err;

	err = kstrtoul(cmd, 0, &nr);
	if (err)
		return err;

	objs = kcalloc(CHURN_OBJS, sizeof(*objs), GFP_KERNEL);
	if (!objs)
		return -ENOMEM;

	for (i = 0; i < nr && !err; i++) {
		err = churn_cycle(i, objs);
		atomic_long_inc(err ? &errors : &cycles);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	kfree(objs);
	return err;
}

static void report_print(struct seq_file *m)
{
	seq_printf(m, "cycles: %ld\n", atomic_long_read(&cycles));
	seq_printf(m, "errors: %ld\n", atomic_long_read(&errors));
	seq_printf(m, "objects: %ld\n", atomic_long_read(&objects));
	seq_printf(m, "grown: %ld\n", atomic_long_read(&pools_grown));
	seq_printf(m, "trimmed: %ld\n", atomic_long_read(&pools_trimmed));
}

FA_TEST_MODULE(test_churn, "fastalloc selftest: pools created and destroyed in a loop",
	       NULL, churn_find_all, FA_TEST_REPORT(report),
	       { .name = "run", .command = run_command, .unlocked = true });
