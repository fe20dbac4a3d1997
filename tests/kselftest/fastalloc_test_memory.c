// SPDX-License-Identifier: GPL-2.0
/*
 * Pools when memory is short, and the cost of pools.
 *
 * A script writes a command to /sys/kernel/debug/fastalloc_test_memory/ctl and
 * reads .../report:
 *
 *	hog KIB			allocate all pages but for KIB
 *	give KIB		free KIB of them
 *	release			free all of them
 *	create KEY=VALUE...	create a pool, allocate an object, destroy it (with keep=1
 *				not before release)
 *	grow KEY=VALUE...	create a pool and allocate from it until it fails
 *	many NR KEY=VALUE...	create NR pools and keep them
 *	none			destroy them
 *
 * The keys are fields of struct fastalloc_config, and for grow: gfp, one of
 * memory_gfps below; memalloc=1, allocate under PF_MEMALLOC; fails, allocations to try
 * after the first that failed; alone=1, the worker adds nothing.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmstat.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test_module.h"

#define HOG_ORDER	8	/* blocks that bypass the lists of a CPU */

/* The values of the command. */
static struct fastalloc_config cfg;
static struct {
	unsigned long gfp, memalloc, fails, alone, keep;
} ask;

static const struct fa_test_key memory_keys[] = {
	FA_TEST_KEY("size", cfg.obj_size, 64),
	FA_TEST_KEY("capacity", cfg.capacity, 64),
	FA_TEST_KEY("max_capacity", cfg.max_capacity, 0),
	FA_TEST_KEY("sync", cfg.sync, FASTALLOC_SYNC_PERCPU),
	FA_TEST_KEY("order", cfg.order, FASTALLOC_ORDER_LIFO),
	FA_TEST_KEY("backing", cfg.backing, FASTALLOC_BACKING_AUTO),
	FA_TEST_KEY("growth", cfg.growth, FASTALLOC_GROWTH_NONE),
	FA_TEST_KEY("growth_amount", cfg.growth_amount, 64),
	FA_TEST_KEY("flags", cfg.flags, 0),
	FA_TEST_KEY("node", cfg.node, 0),
	FA_TEST_KEY("gfp", ask.gfp, 0),
	FA_TEST_KEY("memalloc", ask.memalloc, 0),
	FA_TEST_KEY("fails", ask.fails, 0),
	FA_TEST_KEY("alone", ask.alone, 0),
	FA_TEST_KEY("keep", ask.keep, 0),
};

static const gfp_t memory_gfps[] = {
	GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY,	/* 0 */
	GFP_KERNEL | __GFP_NOWARN,			/* 1 */
	GFP_NOIO | __GFP_NOWARN | __GFP_NOMEMALLOC,	/* 2 */
	GFP_NOIO | __GFP_NOWARN,			/* 3 */
	GFP_KERNEL | __GFP_NORETRY,			/* 4 */
};

struct memory_hog {
	struct memory_hog *next;
	unsigned int order;
};

static struct memory_hog *hogs, *small_hogs;
static struct fastalloc_pool *kept;
static struct fastalloc_pool **pools;
static unsigned long nr_pools;

/* Results of the last command. */
static int answer;
static long ms, last_ms;
static unsigned long objects, pages_before, pages_left;
static struct fastalloc_stats last;
static size_t percpu_bytes;	/* told for the caches of CPUs, without the depot */

/* Free pages, exactly: with those on the lists of CPUs, and what CPUs have not added up yet. */
static unsigned long memory_free_pages(void)
{
	unsigned long pages = 0;
	struct zone *zone;
	int nid, cpu, i;

	for_each_online_node(nid) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			zone = &NODE_DATA(nid)->node_zones[i];
			if (!populated_zone(zone))
				continue;
			pages += zone_page_state_snapshot(zone, NR_FREE_PAGES);
			for_each_online_cpu(cpu)
				pages += READ_ONCE(per_cpu_ptr(zone->per_cpu_pageset, cpu)->count);
		}
	}
	return pages;
}

/* Frees @kib KiB, large blocks first. */
static void memory_give(unsigned long kib)
{
	unsigned long given = 0;
	struct memory_hog *hog;

	while (given < kib && (hog = hogs ?: small_hogs)) {
		*(hogs ? &hogs : &small_hogs) = hog->next;
		given += (PAGE_SIZE / SZ_1K) << hog->order;
		free_pages((unsigned long)hog, hog->order);
		cond_resched();
	}
}

/* Allocates all memory without the reserves, but for @kib KiB. */
static void memory_hog(unsigned long kib)
{
	unsigned int order = HOG_ORDER;

	for (;;) {
		struct memory_hog *hog, **list;

		hog = (void *)__get_free_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN |
					       __GFP_NOMEMALLOC, order);
		if (!hog) {
			if (!order)
				break;
			order--;
			continue;
		}
		list = order == HOG_ORDER ? &hogs : &small_hogs;
		hog->next = *list;
		hog->order = order;
		*list = hog;
		cond_resched();
	}
	memory_give(kib);
}

/* The worker asks as well: it gets and reports what the test wants. */
static unsigned long memory_growth(unsigned long capacity, void *arg)
{
	return current == arg ? cfg.growth_amount : 0;
}

static void memory_release(void)
{
	fastalloc_pool_destroy(kept);
	kept = NULL;
	memory_give(ULONG_MAX);
}

static struct fastalloc_pool *memory_pool(const char *name)
{
	cfg.name = name;
	cfg.arg = current;
	cfg.growth_fn = memory_growth;
	if (ask.alone)
		cfg.growth = FASTALLOC_GROWTH_CUSTOM;
	cfg.flags |= FASTALLOC_F_NO_INIT;
	return fastalloc_pool_create(&cfg);
}

static int memory_create(void)
{
	struct fastalloc_pool *pool;
	void *obj;

	if (ask.keep && kept)
		return -EBUSY;
	pool = memory_pool(ask.keep ? "test-kept" : "test-memory");
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	fastalloc_pool_stats(pool, &last);
	obj = fastalloc_alloc(pool, GFP_KERNEL);
	if (obj)
		memset(obj, 0x5a, cfg.obj_size);
	fastalloc_free(pool, obj);
	if (ask.keep)
		kept = pool;
	else
		fastalloc_pool_destroy(pool);
	return obj ? 0 : -EFAULT;
}

static int memory_grow(void)
{
	gfp_t gfp = memory_gfps[ask.gfp];
	struct fastalloc_pool *pool;
	unsigned int scope = 0;
	void *list = NULL, *obj;
	unsigned long i;
	ktime_t began = ktime_get();
	int err = 0;

	pages_before = memory_free_pages();
	pool = memory_pool("test-memory");
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	if (ask.memalloc)
		scope = memalloc_noreclaim_save();
	while ((obj = fastalloc_alloc(pool, gfp))) {
		*(void **)obj = list;
		list = obj;
		/* last_ms includes the first call that fails, and at most 63 calls before it. */
		if (!(++objects % 64))
			began = ktime_get();
		if (!(objects % SZ_1K)) {
			cond_resched();
			if (fatal_signal_pending(current)) {
				err = -EINTR;
				break;
			}
		}
	}
	pages_left = memory_free_pages();
	for (i = 0; i < ask.fails && !err; i++) {
		obj = fastalloc_alloc(pool, gfp);
		if (obj) {
			*(void **)obj = list;
			list = obj;
			objects++;
		}
	}
	last_ms = ktime_ms_delta(ktime_get(), began);
	if (ask.memalloc)
		memalloc_noreclaim_restore(scope);
	fastalloc_pool_stats(pool, &last);
	while ((obj = list)) {
		list = *(void **)obj;
		fastalloc_free(pool, obj);
	}
	fastalloc_pool_destroy(pool);
	return err;
}

static void memory_none(void)
{
	while (nr_pools)
		fastalloc_pool_destroy(pools[--nr_pools]);
	kvfree(pools);
	pools = NULL;
}

static int memory_many(unsigned long nr)
{
	struct fastalloc_stats s;
	char name[FASTALLOC_NAME_LEN];

	memory_none();
	pools = kvcalloc(nr, sizeof(*pools), GFP_KERNEL);
	if (!pools)
		return -ENOMEM;
	for (; nr_pools < nr; nr_pools++) {
		snprintf(name, sizeof(name), "test-many-%lu", nr_pools);
		pools[nr_pools] = memory_pool(name);
		if (IS_ERR(pools[nr_pools]))
			return PTR_ERR(pools[nr_pools]);
		fastalloc_pool_stats(pools[nr_pools], &s);
		last.bytes += s.bytes;
		last.chunk_bytes += s.chunk_bytes;
		last.metadata_bytes += s.metadata_bytes;
		last.cache_bytes += s.cache_bytes;
		last.check_bytes += s.check_bytes;
		last.magazine_bytes += s.magazine_bytes;
		percpu_bytes += s.cache_bytes - s.magazine_bytes -
				ksize(pools[nr_pools]->percpu.depot.shard);
		last.chunks += s.chunks;
		cond_resched();
	}
	return 0;
}

/* Returns an errno for an invalid command; its result is in @answer. */
static int ctl_command(char *cmd)
{
	char *word = strsep(&cmd, " ");
	unsigned long nr = 0;
	ktime_t began;
	int err;

	answer = 0;
	objects = 0;
	pages_before = 0;
	pages_left = 0;
	last_ms = 0;
	memset(&last, 0, sizeof(last));
	percpu_bytes = 0;
	if (!strcmp(word, "hog") || !strcmp(word, "give") || !strcmp(word, "many")) {
		char *number = strsep(&cmd, " ");

		err = number ? kstrtoul(number, 0, &nr) : -EINVAL;
		if (err)
			return err;
	}
	err = fa_test_keys(memory_keys, ARRAY_SIZE(memory_keys), cmd);
	if (err)
		return err;
	if (ask.gfp >= ARRAY_SIZE(memory_gfps))
		return -ERANGE;

	began = ktime_get();
	if (!strcmp(word, "hog"))
		memory_hog(nr);
	else if (!strcmp(word, "give"))
		memory_give(nr);
	else if (!strcmp(word, "release"))
		memory_release();
	else if (!strcmp(word, "create"))
		answer = memory_create();
	else if (!strcmp(word, "grow"))
		answer = memory_grow();
	else if (!strcmp(word, "many"))
		answer = memory_many(nr);
	else if (!strcmp(word, "none"))
		memory_none();
	else
		return -ENOENT;
	ms = ktime_ms_delta(ktime_get(), began);
	return 0;
}

static void report_print(struct seq_file *m)
{
	seq_printf(m, "answer: %d\n", answer);
	seq_printf(m, "ms: %ld\n", ms);
	seq_printf(m, "last_ms: %ld\n", last_ms);
	seq_printf(m, "objects: %lu\n", objects);
	seq_printf(m, "pages_before: %lu\n", pages_before);
	seq_printf(m, "pages_left: %lu\n", pages_left);
	seq_printf(m, "chunks: %lu\n", last.chunks);
	seq_printf(m, "bytes: %zu\n", last.bytes);
	seq_printf(m, "chunk_bytes: %zu\n", last.chunk_bytes);
	seq_printf(m, "metadata_bytes: %zu\n", last.metadata_bytes);
	seq_printf(m, "cache_bytes: %zu\n", last.cache_bytes);
	seq_printf(m, "check_bytes: %zu\n", last.check_bytes);
	seq_printf(m, "magazine_bytes: %zu\n", last.magazine_bytes);
	seq_printf(m, "percpu_bytes: %zu\n", percpu_bytes);
	seq_printf(m, "possible_cpus: %u\n", num_possible_cpus());
	seq_printf(m, "capacity: %lu\n", last.capacity);
	seq_printf(m, "grows: %llu\n", last.grows);
	seq_printf(m, "growth_failures: %llu\n", last.growth_failures);
	seq_printf(m, "page_size: %lu\n", PAGE_SIZE);
}

static void memory_cleanup(void)
{
	memory_none();
	memory_release();
}

FA_TEST_MODULE(test_memory, "fastalloc selftest: pools at the end of memory",
	       NULL, memory_cleanup, FA_TEST_COMMAND(ctl), FA_TEST_REPORT(report));
