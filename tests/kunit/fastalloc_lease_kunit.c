// SPDX-License-Identifier: GPL-2.0
/* Leases: what the CPUs' caches of a PERCPU pool may hold, and who gets how much. */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

/* Objects that a job allocates, then frees. */
#define BURST	32

struct lease_job {
	struct fastalloc_pool	*pool;
	unsigned int		rounds;
	unsigned int		failed;
};

static struct fastalloc_config lease_config(unsigned long capacity, unsigned long reserve)
{
	return fa_config(.obj_size = 32, .capacity = capacity, .reserve = reserve,
			 .flags = FASTALLOC_F_NO_INIT);
}

/* Bursts on one CPU. */
static int lease_bursts(void *arg)
{
	struct lease_job *job = arg;
	void *objs[BURST];
	unsigned int i, n;

	for (i = 0; i < job->rounds; i++) {
		for (n = 0; n < BURST; n++) {
			objs[n] = fastalloc_alloc(job->pool, 0);
			if (!objs[n])
				break;
		}
		job->failed += BURST - n;
		while (n--)
			fastalloc_free(job->pool, objs[n]);
	}
	return 0;
}

static void lease_use(struct kunit *test, struct fastalloc_pool *pool, int cpu,
		      unsigned int rounds)
{
	struct lease_job job = { .pool = pool, .rounds = rounds };

	KUNIT_EXPECT_EQ(test, smp_call_on_cpu(cpu, lease_bursts, &job, false), 0);
	KUNIT_EXPECT_EQ(test, job.failed, 0U);
}

static u32 lease_of(const struct fastalloc_pool *pool, int cpu)
{
	return READ_ONCE(per_cpu_ptr(pool->percpu.cache, cpu)->size);
}

/* The leases and what is left must be the budget, and the budget part of the reserve. */
static void expect_budget(struct kunit *test, struct fastalloc_pool *pool)
{
	unsigned long sum = 0;
	int cpu;

	/* The worker changes both. */
	mutex_lock(&pool->percpu.shut_lock);
	for_each_possible_cpu(cpu)
		sum += 2 * lease_of(pool, cpu);
	sum += atomic_long_read(&pool->percpu.leases.left);
	mutex_unlock(&pool->percpu.shut_lock);
	KUNIT_EXPECT_EQ(test, sum, pool->percpu.leases.budget);
	KUNIT_EXPECT_LE(test, sum, pool->reserve);
}

static int first_cpu(void)
{
	return cpumask_first(cpu_online_mask);
}

static int second_cpu(struct kunit *test)
{
	int cpu = cpumask_next(first_cpu(), cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "one CPU only");
	return cpu;
}

/* Promise: a CPU gets a lease with its first operation, and no CPU has one before. */
static void lease_first_use(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lease_config(1000, 0));
	int cpu, mine = first_cpu();

	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, lease_of(pool, cpu), 0U);
	lease_use(test, pool, mine, 1);
	for_each_possible_cpu(cpu) {
		if (cpu == mine)
			KUNIT_EXPECT_GT(test, lease_of(pool, cpu), 0U);
		else
			KUNIT_EXPECT_EQ(test, lease_of(pool, cpu), 0U);
	}
	expect_budget(test, pool);
}

/* Promise: a CPU that misses often gets a larger lease, if nobody else needs it. */
static void lease_grows(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lease_config(1000, 60));
	int mine = first_cpu();
	u32 before;
	long left;

	lease_use(test, pool, mine, 1);
	before = lease_of(pool, mine);
	left = atomic_long_read(&pool->percpu.leases.left);
	lease_use(test, pool, mine, 200);
	/* On one CPU, the fair share is all there is. */
	if (left >= 2 * (long)before)
		KUNIT_EXPECT_GT(test, lease_of(pool, mine), before);
	/* Doubled, as long as twice as much is left. */
	KUNIT_EXPECT_GT(test, 4 * lease_of(pool, mine), 60U / 2);
	expect_budget(test, pool);
}

static bool lease_moved(struct kunit *test, struct fastalloc_pool *pool, int cpu)
{
	lease_use(test, pool, cpu, 4);
	return lease_of(pool, cpu);
}

/* Promise: a CPU that begins to use the pool gets its share of what another one has. */
static void lease_shared(struct kunit *test)
{
	unsigned long reserve = 16UL * num_online_cpus();
	struct fastalloc_pool *pool = fa_pool_of(test, lease_config(1000, reserve));
	int mine = first_cpu(), other = second_cpu(test);
	struct fastalloc_stats s;

	/* All of the budget. */
	while (atomic_long_read(&pool->percpu.leases.left) >= 2) {
		u32 was = lease_of(pool, mine);

		lease_use(test, pool, mine, 100);
		if (lease_of(pool, mine) == was)
			break;
	}
	KUNIT_EXPECT_GT(test, lease_of(pool, mine), 4U);
	KUNIT_EXPECT_TRUE(test, fa_await((lease_use(test, pool, mine, 1),
					  lease_moved(test, pool, other))));
	KUNIT_EXPECT_GE(test, lease_of(pool, other), 1U);
	expect_budget(test, pool);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.in_use, 0UL);
	KUNIT_EXPECT_EQ(test, s.reserve, reserve);
}

/* Promise: where one CPU can have a lease, it goes from a CPU that is idle to one that is not. */
static void lease_of_the_idle(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lease_config(1000, 8));
	int mine = first_cpu(), other = second_cpu(test);
	struct fastalloc_stats s;

	lease_use(test, pool, mine, 1);
	KUNIT_EXPECT_EQ(test, lease_of(pool, mine), 4U);
	KUNIT_EXPECT_TRUE(test, fa_await(lease_moved(test, pool, other)));
	KUNIT_EXPECT_EQ(test, lease_of(pool, mine), 0U);
	expect_budget(test, pool);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_GE(test, s.leases_taken, 1ULL);
	fastalloc_pool_stats_reset(pool);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.leases_taken, 0ULL);
}

/* Promise: a pool whose reserve is too small for a lease works without. */
static void lease_none(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lease_config(100, 1));
	int cpu;

	KUNIT_EXPECT_EQ(test, fastalloc_pool_total(pool), 101UL);
	for_each_online_cpu(cpu) {
		lease_use(test, pool, cpu, 100);
		KUNIT_EXPECT_EQ(test, lease_of(pool, cpu), 0U);
	}
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, 0), 101U);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	expect_budget(test, pool);
}

/* Takes all empty magazines of the depot. */
static struct fa_mag *lease_hide_magazines(struct fa_depot *d, struct fa_mag *taken)
{
	struct fa_mag *m;
	unsigned int i;

	for (i = 0; i <= d->nr_shards; i++) {
		while ((m = fa_mag_pop(&d->mags, &d->shard[i].empty))) {
			m->slot[0] = taken;
			taken = m;
		}
	}
	return taken;
}

/*
 * Promise: without a free magazine objects go to the depot one by one, and none is lost.
 */
static void lease_without_magazines(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lease_config(500, 64));
	struct fa_depot *d = &pool->percpu.depot;
	struct fa_mag *m, *taken = NULL;
	struct fastalloc_stats s;
	unsigned int i, n;

	/* Another CPU cannot allocate what this one's cache holds. */
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(first_cpu())), 0);
	lease_use(test, pool, first_cpu(), 10);
	/* The worker makes no others. */
	mutex_lock(&pool->grow_lock);
	taken = lease_hide_magazines(d, taken);
	n = fa_drain(test, pool, 0);
	taken = lease_hide_magazines(d, taken);
	fa_put_all(test);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, 0), n);
	fa_put_all(test);
	for (i = 0; taken; i++) {
		m = taken;
		taken = m->slot[0];
		fa_mag_push(&d->shard[0].empty, m);
	}
	mutex_unlock(&pool->grow_lock);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	KUNIT_EXPECT_GT(test, i, 0U);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.violations, 0ULL);
	KUNIT_EXPECT_EQ(test, s.in_use, 0UL);
}

/* Promise: a pointer that is not an object of the pool is refused by the depot, and logged. */
static void lease_wrong_pointer(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lease_config(100, 1));
	struct fastalloc_stats s;
	void *obj;

	if (pool->checks)
		kunit_skip(test, "all pools have checks here");
	fa_allow_refusal();
	obj = fa_must_get(test, pool, 0);
	fastalloc_free(pool, obj + 1);
	fastalloc_free(pool, &s);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.violations, 2ULL);
	KUNIT_EXPECT_EQ(test, s.in_use, 1UL);
}

/*
 * Promise: if more objects are counted than there are, as after a double free, allocations
 * fail in the end, with a line in the log.
 */
static void lease_missing(struct kunit *test)
{
	struct fastalloc_pool *pool = fa_pool_of(test, lease_config(100, 1));
	struct fastalloc_stats s;
	void *objs[102];

	fa_allow_miscount();
	fa_depot_credit(&pool->percpu.depot, 1);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(pool, 0, 101, objs), 101U);
	KUNIT_EXPECT_NULL(test, fa_get(test, pool, 0));
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.violations, 1ULL);
	KUNIT_EXPECT_EQ(test, s.in_use, 101UL);
	fa_depot_credit(&pool->percpu.depot, 1);
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk_some(pool, 0, 1, &objs[101]), 0U);
	fastalloc_free_bulk(pool, 101, objs);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.violations, 2ULL);
	KUNIT_EXPECT_EQ(test, s.in_use, 0UL);
}

/*
 * Promise: a search looks at each shard, at its own first, then at those of its node, and
 * begins again after that of trim and those of other nodes.
 */
static void lease_search(struct kunit *test)
{
	static struct fa_shard shard[8];
	struct fa_depot *d = fa_mem(test, sizeof(*d));
	unsigned int nr, end, first, n, i;

	d->shard = shard;
	for (nr = 1; nr < ARRAY_SIZE(shard); nr++) {
		d->nr_shards = nr;
		/* two nodes, the second one beginning with @end, or one */
		for (end = 1; end <= nr; end++) {
			for (i = 0; i < nr; i++) {
				shard[i].first = i < end ? 0 : end;
				shard[i].peers = i < end ? end : nr - end;
			}
			for (first = 0; first < nr; first++) {
				unsigned long seen = 0;

				KUNIT_EXPECT_EQ(test, fa_depot_nth(d, first, 0), first);
				for (n = 0; n <= nr; n++) {
					i = fa_depot_nth(d, first, n);
					KUNIT_ASSERT_LE(test, i, nr);
					seen |= BIT(i);
					KUNIT_EXPECT_EQ(test, i < nr && shard[i].first ==
							shard[first].first,
							n < shard[first].peers);
				}
				KUNIT_EXPECT_EQ(test, seen, BIT(nr + 1) - 1);
				KUNIT_EXPECT_EQ(test, fa_depot_nth(d, first, nr + 1), first);
			}
		}
	}
}

struct lease_end {
	struct fastalloc_pool	*pool;
	struct completion	locked;
	struct completion	begun;
	struct completion	done;
	bool			busy;
};

/* Keeps the worker from getting on until some time after destroy may have begun. */
static int lease_hold_up(void *arg)
{
	struct lease_end *end = arg;

	mutex_lock(&end->pool->percpu.shut_lock);
	complete(&end->locked);
	wait_for_completion(&end->begun);
	msleep(200);
	mutex_unlock(&end->pool->percpu.shut_lock);
	complete(&end->done);
	return 0;
}

static void lease_end_dtor(void *obj, void *arg)
{
	struct lease_end *end = arg;

	if (work_busy(&end->pool->percpu.leases.worker.work))
		end->busy = true;
}

/* Promise: destroy waits for the worker before it destroys objects. */
static void lease_destroy(struct kunit *test)
{
	struct lease_end *end = fa_mem(test, sizeof(*end));
	struct fastalloc_config cfg = lease_config(600, 0);
	struct task_struct *task;
	struct fa_grower *worker;

	cfg.dtor = lease_end_dtor;
	cfg.arg = end;
	end->pool = fa_pool(test, &cfg);
	init_completion(&end->locked);
	init_completion(&end->begun);
	init_completion(&end->done);
	task = kthread_run(lease_hold_up, end, "fastalloc-hold");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&end->locked);
	/* As a refill that finds no magazine does it. */
	worker = &end->pool->percpu.leases.worker;
	WRITE_ONCE(worker->kicked, true);
	irq_work_queue(&worker->irq);
	KUNIT_EXPECT_TRUE(test, fa_await(work_busy(&worker->work)));
	complete(&end->begun);
	fa_pool_gone(test, end->pool);
	wait_for_completion(&end->done);
	KUNIT_EXPECT_FALSE(test, end->busy);
}

static struct kunit_case lease_cases[] = {
	KUNIT_CASE(lease_first_use),
	KUNIT_CASE(lease_grows),
	KUNIT_CASE(lease_shared),
	KUNIT_CASE(lease_of_the_idle),
	KUNIT_CASE(lease_none),
	KUNIT_CASE(lease_without_magazines),
	KUNIT_CASE(lease_wrong_pointer),
	KUNIT_CASE(lease_missing),
	KUNIT_CASE(lease_search),
	KUNIT_CASE(lease_destroy),
	{}
};

static struct kunit_suite lease_suite = {
	.name = "fastalloc_lease",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = lease_cases,
};

kunit_test_suite(lease_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("fastalloc KUnit: leases of the CPUs' caches");
FASTALLOC_IMPORT_NS();
