// SPDX-License-Identifier: GPL-2.0
/* What debugfs shows of pools, read through the files themselves. */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include "fastalloc_test.h"
#include "fastalloc_test_debugfs.h"

/* The line of @text that begins with @word and a blank, or NULL. */
static const char *line_of(const char *text, const char *word)
{
	size_t len = strlen(word);

	while (text && *text) {
		if (!strncmp(text, word, len) && text[len] == ' ')
			return text;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

/* Promise: the table has a header and an aligned line for each pool. */
static void debugfs_pools(struct kunit *test)
{
	struct fastalloc_config cfg = {
		.name = "kunit-one", .obj_size = 100, .align = 64,
		.capacity = 12, .max_capacity = 34,
		.growth = FASTALLOC_GROWTH_EXPONENTIAL,
		.sync = FASTALLOC_SYNC_SPINLOCK,
		.order = FASTALLOC_ORDER_LOWEST,
		.backing = FASTALLOC_BACKING_VMALLOC,
	};
	static const char * const headings[] = {
		"NAME", "SIZE", "ALIGN", "SYNC", "ORDER", "GROWTH", "BACKING",
		"CAPACITY", "MAX", "IN_USE", "PEAK", "CHUNKS", "KIB", "FAILURES",
		"STATE", "MODULE",
	};
	unsigned long size, align, cap, max, in_use, peak, chunks, kib, fails;
	char name[40], sync[20], order[20], growth[20], backing[20], state[20];
	struct fastalloc_pool *one, *two;
	const char *header, *line;
	struct fastalloc_stats s;
	unsigned int i;
	char *text;
	int n;

	one = fa_pool(test, &cfg);
	fa_must_get(test, one, GFP_KERNEL);
	fa_must_get(test, one, GFP_KERNEL);
	fa_put(test, one, ((struct fa_fix *)test->priv)->held[0].obj);
	cfg.name = "kunit-two";
	cfg.growth = FASTALLOC_GROWTH_NONE;
	cfg.sync = FASTALLOC_SYNC_NONE;
	two = fa_pool(test, &cfg);

	text = must_read(test, "pools");
	header = text;
	for (i = 0; i < ARRAY_SIZE(headings); i++) {
		text = skip_spaces(text);
		KUNIT_ASSERT_EQ(test, strncmp(text, headings[i],
					      strlen(headings[i])), 0);
		text += strlen(headings[i]);
	}
	KUNIT_EXPECT_EQ(test, *text, '\n');
	line = line_of(header, "kunit-one");
	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_EXPECT_NOT_NULL(test, line_of(header, "kunit-two"));
	KUNIT_EXPECT_TRUE(test, strstr(line, " " KBUILD_MODNAME "\n") - line ==
			  strstr(header, " MODULE\n") - header);
	/* Words start, and numbers end, under their headings. */
	KUNIT_EXPECT_TRUE(test, strstr(line, "spinlock") - line ==
			  strstr(header, "SYNC") - header);
	KUNIT_EXPECT_TRUE(test, strstr(line, "vmalloc") - line ==
			  strstr(header, "BACKING") - header);
	KUNIT_EXPECT_TRUE(test, strstr(line, " 34 ") - line + 3 ==
			  strstr(header, " MAX ") - header + 4);

	n = sscanf(line, "%39s %lu %lu %19s %19s %19s %19s %lu %lu %lu %lu %lu %lu %lu %19s",
		   name, &size, &align, sync, order, growth, backing, &cap, &max,
		   &in_use, &peak, &chunks, &kib, &fails, state);
	KUNIT_ASSERT_EQ(test, n, 15);
	KUNIT_EXPECT_STREQ(test, name, "kunit-one");
	KUNIT_EXPECT_STREQ(test, sync, "spinlock");
	KUNIT_EXPECT_STREQ(test, order, "lowest");
	KUNIT_EXPECT_STREQ(test, growth, "exponential");
	KUNIT_EXPECT_STREQ(test, backing, "vmalloc");
	KUNIT_EXPECT_EQ(test, size, 100UL);
	KUNIT_EXPECT_EQ(test, align, 64UL);
	KUNIT_EXPECT_EQ(test, cap, 12UL);
	KUNIT_EXPECT_EQ(test, max, 34UL);
	KUNIT_EXPECT_EQ(test, in_use, 1UL);
	KUNIT_EXPECT_EQ(test, peak, 2UL);
	KUNIT_EXPECT_EQ(test, chunks, 1UL);
	KUNIT_EXPECT_EQ(test, fails, 0UL);
	KUNIT_EXPECT_STREQ(test, state, "live");
	fastalloc_pool_stats(one, &s);
	KUNIT_EXPECT_EQ(test, kib, (unsigned long)(s.bytes / SZ_1K));

	fa_pool_gone(test, two);
	text = must_read(test, "pools");
	KUNIT_EXPECT_NOT_NULL(test, line_of(text, "kunit-one"));
	KUNIT_EXPECT_NULL(test, line_of(text, "kunit-two"));
}

/* Promise: stats has every counter, a line each, with the values of the API. */
static void debugfs_stats(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 4,
					   .sync = FASTALLOC_SYNC_SPINLOCK));
	char *want = fa_mem(test, TEXT), *text;
	struct fastalloc_stats s;

	fa_drain(test, pool, GFP_KERNEL);
	fa_put(test, pool, ((struct fa_fix *)test->priv)->held[0].obj);
	fastalloc_pool_stats(pool, &s);
	snprintf(want, TEXT,
		 "allocs: 4\nfrees: 1\nin_use: 3\npeak: 4\ncapacity: 4\ntotal: 4\n"
		 "reserve: 0\nfailures: 1\ngrows: 0\ngrows_atomic: 0\ngrowth_failures: 0\n"
		 "depot_exchanges: 0\nnested: 0\nleases_taken: 0\nwaits: 0\nviolations: 0\nchunks: 1\n"
		 "bytes: %zu\nchunk_bytes: %zu\nmetadata_bytes: %zu\ncache_bytes: 0\n"
		 "check_bytes: %zu\nmagazine_bytes: 0\n",
		 s.bytes, s.chunk_bytes, s.metadata_bytes, s.check_bytes);
	text = must_read(test, "kunit/stats");
	KUNIT_EXPECT_STREQ(test, text, want);
}

static int some_ctor(void *obj, void *arg)
{
	return 0;
}

static void some_dtor(void *obj, void *arg)
{
}

static void *some_mem_alloc(size_t size, int node, gfp_t gfp, void *arg)
{
	return alloc_pages_exact(size, gfp);
}

static void some_mem_free(void *mem, size_t size, void *arg)
{
	free_pages_exact(mem, size);
}

/* What follows "@key: " in @text, up to the end of the line. */
static char *value_of(struct kunit *test, char *text, const char *key)
{
	static char value[80];
	size_t len = strlen(key);

	value[0] = '\0';
	while (text && (strncmp(text, key, len) || text[len] != ':')) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	KUNIT_EXPECT_NOT_NULL(test, text);
	if (text)
		sscanf(text + len, ": %79[^\n]", value);
	return value;
}

/*
 * Checks that the lines of @text begin with @keys, in this order, and that there are no
 * others.
 */
static void expect_keys(struct kunit *test, const char *text,
			const char * const *keys, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr && text; i++) {
		size_t len = strlen(keys[i]);

		KUNIT_EXPECT_TRUE_MSG(test, !strncmp(text, keys[i], len) && text[len] == ':',
				      "%s in line %u", keys[i], i + 1);
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	KUNIT_EXPECT_EQ(test, i, nr);
	KUNIT_EXPECT_TRUE(test, text && !*text);
}

/* Whether a line shows a function by name, if the kernel has names. */
static bool shows_fn(struct kunit *test, char *text, const char *key, const char *name)
{
	const char *value = value_of(test, text, key);

	return !IS_ENABLED(CONFIG_KALLSYMS) || !strncmp(value, name, strlen(name));
}

/* Promise: config shows every field, with defaults filled in and choices as words. */
static void debugfs_config(struct kunit *test)
{
	static const char * const keys[] = {
		"name", "module", "obj_size", "type_align", "align", "capacity", "max_capacity",
		"growth", "growth_amount", "growth_percent", "growth_fn", "low_water",
		"reserve", "magazine", "sync", "order", "backing", "node", "ctor", "dtor",
		"on_acquire", "on_release", "mem_alloc", "mem_free", "flags",
	};
	static const char * const want[][2] = {
		{ "name", "kunit" }, { "module", KBUILD_MODNAME },
		{ "obj_size", "48" }, { "type_align", "8" },
		{ "align", "8" }, { "capacity", "100" },
		{ "max_capacity", "2147483647" }, { "growth", "exponential" },
		{ "growth_amount", "0" }, { "growth_percent", "200" },
		{ "low_water", "3" }, { "sync", "spinlock" },
		{ "order", "lowest" }, { "backing", "pages" },
		{ "node", "any" }, { "flags", "contig shrinker" },
		{ "growth_fn", "-" }, { "on_acquire", "-" }, { "on_release", "-" },
		{ "mem_alloc", "-" }, { "mem_free", "-" },
	};
	char *text;
	unsigned int i;

	fa_pool_of(test, fa_config(.obj_size = 48, .capacity = 100,
				   .growth = FASTALLOC_GROWTH_EXPONENTIAL,
				   .sync = FASTALLOC_SYNC_SPINLOCK,
				   .order = FASTALLOC_ORDER_LOWEST,
				   .backing = FASTALLOC_BACKING_PAGES,
				   .flags = FASTALLOC_F_CONTIG | FASTALLOC_F_SHRINKER,
				   .ctor = some_ctor, .dtor = some_dtor));
	text = must_read(test, "kunit/config");
	expect_keys(test, text, keys, ARRAY_SIZE(keys));
	for (i = 0; i < ARRAY_SIZE(want); i++)
		KUNIT_EXPECT_STREQ(test, value_of(test, text, want[i][0]), want[i][1]);
	KUNIT_EXPECT_TRUE(test, shows_fn(test, text, "ctor", "some_ctor"));
	KUNIT_EXPECT_TRUE(test, shows_fn(test, text, "dtor", "some_dtor"));
}

/* Promise: a node, custom growth, memory of the owner and its flags are shown, too. */
static void debugfs_config_node(struct kunit *test)
{
	struct fastalloc_config cfg = {
		.name = "kunit", .obj_size = 48, .capacity = 40,
		.growth = FASTALLOC_GROWTH_CUSTOM, .growth_fn = fa_quarter,
		.sync = FASTALLOC_SYNC_NONE, .order = FASTALLOC_ORDER_FIFO,
		.flags = FASTALLOC_F_NODE | FASTALLOC_F_NO_INIT |
			 FASTALLOC_F_DROP_LIVE | FASTALLOC_F_ATOMIC_GROW,
		.mem_alloc = some_mem_alloc, .mem_free = some_mem_free,
		.max_capacity = 41, .low_water = 7,
	};
	char *text;

	fa_pool(test, &cfg);
	text = must_read(test, "kunit/config");
	KUNIT_EXPECT_STREQ(test, value_of(test, text, "node"), "0");
	KUNIT_EXPECT_STREQ(test, value_of(test, text, "growth"), "custom");
	KUNIT_EXPECT_STREQ(test, value_of(test, text, "order"), "fifo");
	KUNIT_EXPECT_STREQ(test, value_of(test, text, "sync"), "none");
	KUNIT_EXPECT_STREQ(test, value_of(test, text, "max_capacity"), "41");
	KUNIT_EXPECT_STREQ(test, value_of(test, text, "low_water"), "7");
	KUNIT_EXPECT_STREQ(test, value_of(test, text, "flags"),
			   "node no_init drop_live atomic_grow");
	KUNIT_EXPECT_TRUE(test, shows_fn(test, text, "growth_fn", "fa_quarter"));
	KUNIT_EXPECT_TRUE(test, shows_fn(test, text, "mem_alloc", "some_mem_alloc"));
	KUNIT_EXPECT_TRUE(test, shows_fn(test, text, "mem_free", "some_mem_free"));
}

struct cpus_sum {
	unsigned long lines;
	unsigned long busy;
	unsigned long leases;
	unsigned long free;
	unsigned long allocs;
	unsigned long frees;
	unsigned long exchanges;
	unsigned long nested;
};

/*
 * Checks that the lines of the file cpus are aligned, one for each possible CPU, and
 * adds them up.
 */
static struct cpus_sum sum_cpus(struct kunit *test, const char *text)
{
	const char *line = text;
	size_t width = strchrnul(text, '\n') - text;
	unsigned long lease, spare, allocs, frees, exchanges, nested;
	struct cpus_sum sum = { };
	int cpu, last = -1, loaded;
	char word[8];

	KUNIT_EXPECT_TRUE(test, !strncmp(text, " CPU  LEASE LOADED  SPARE ", 26));
	while ((line = strchr(line, '\n')) && *++line) {
		KUNIT_EXPECT_TRUE(test, strchrnul(line, '\n') - line == width);
		KUNIT_ASSERT_EQ(test, 8,
				sscanf(line, "%d %lu %7s %lu %lu %lu %lu %lu", &cpu, &lease,
				       word, &spare, &allocs, &frees,
				       &exchanges, &nested));
		KUNIT_EXPECT_EQ(test, cpu, (int)cpumask_next(last, cpu_possible_mask));
		last = cpu;
		if (!strcmp(word, "busy")) {
			sum.busy++;
		} else {
			KUNIT_ASSERT_EQ(test, 0, kstrtoint(word, 10, &loaded));
			sum.free += loaded;
		}
		sum.lines++;
		sum.leases += lease;
		sum.free += spare;
		sum.allocs += allocs;
		sum.frees += frees;
		sum.exchanges += exchanges;
		sum.nested += nested;
	}
	KUNIT_EXPECT_EQ(test, sum.lines, (unsigned long)num_possible_cpus());
	return sum;
}

/* Pretends on each CPU that an operation of the same CPU was interrupted. */
static void add_to_caches(struct fastalloc_pool *pool, u32 n)
{
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu_ptr(((struct fastalloc_head *)pool)->cache, cpu)->n += n;
}

/* Promise: cpus shows the objects and counters of each CPU; their sums match stats. */
static void debugfs_cpus(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 100, .magazine = 4,
						.flags = FASTALLOC_F_NO_INIT);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct fastalloc_stats s;
	struct cpus_sum sum;
	unsigned int i;
	char *text;

	sum = sum_cpus(test, must_read(test, "kunit/cpus"));
	KUNIT_EXPECT_EQ(test, sum.busy + sum.leases + sum.free + sum.allocs + sum.frees +
			sum.exchanges + sum.nested, 0UL);

	for (i = 0; i < 13; i++)
		fa_must_get(test, pool, GFP_KERNEL);
	for (i = 0; i < 6; i++)
		fa_put(test, pool, ((struct fa_fix *)test->priv)->held[0].obj);
	sum = sum_cpus(test, must_read(test, "kunit/cpus"));
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, sum.allocs, 13UL);
	KUNIT_EXPECT_EQ(test, sum.frees, 6UL);
	KUNIT_EXPECT_GT(test, sum.leases, 0UL);
	KUNIT_EXPECT_LE(test, sum.leases, s.reserve);
	KUNIT_EXPECT_GE(test, sum.exchanges, 4UL);
	KUNIT_EXPECT_EQ(test, (u64)sum.exchanges, s.depot_exchanges);
	KUNIT_EXPECT_EQ(test, sum.busy + sum.nested, 0UL);
	/* At least the object freed last is in the cache. */
	KUNIT_EXPECT_GT(test, sum.free, 0UL);

	add_to_caches(pool, FASTALLOC_BUSY);
	fa_must_get(test, pool, GFP_KERNEL);
	fa_must_get(test, pool, GFP_KERNEL);
	fa_put(test, pool, ((struct fa_fix *)test->priv)->held[0].obj);
	text = must_read(test, "kunit/cpus");
	add_to_caches(pool, -FASTALLOC_BUSY);
	sum = sum_cpus(test, text);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, sum.busy, sum.lines);
	KUNIT_EXPECT_EQ(test, sum.nested, 3UL);
	KUNIT_EXPECT_EQ(test, s.nested, 3ULL);
	KUNIT_EXPECT_EQ(test, sum.allocs, 15UL);
	KUNIT_EXPECT_EQ(test, sum.frees, 7UL);
	KUNIT_EXPECT_EQ(test, s.allocs, 15ULL);
	sum = sum_cpus(test, must_read(test, "kunit/cpus"));
	KUNIT_EXPECT_EQ(test, sum.busy, 0UL);

	/* Other kinds of pool have no data for each CPU. */
	fa_put_all(test);
	fa_pool_gone(test, pool);
	cfg.magazine = 0;
	cfg.sync = FASTALLOC_SYNC_SPINLOCK;
	fa_pool(test, &cfg);
	text = must_read(test, "kunit/stats");
	KUNIT_EXPECT_EQ(test, read_text("kunit/cpus", text), (ssize_t)-ENOENT);
}

struct node_job {
	struct fastalloc_pool	*pool;
	unsigned int		nr;
};

/* Allocates objects on a CPU, then frees them. */
static int node_use(void *arg)
{
	struct node_job *job = arg;
	void *objs[64];
	unsigned int n;

	for (n = 0; n < job->nr; n++)
		objs[n] = fastalloc_alloc(job->pool, 0);
	for (n = 0; n < job->nr; n++)
		fastalloc_free(job->pool, objs[n]);
	return 0;
}

static long node_free(struct kunit *test, int node)
{
	char key[20], *value;
	long nr;

	snprintf(key, sizeof(key), "node%d_free", node);
	value = value_of(test, must_read(test, "kunit/stats"), key);
	KUNIT_ASSERT_EQ(test, kstrtol(value, 10, &nr), 0);
	return nr;
}

/*
 * Promise: the objects of a chunk are in the shards of its node. A CPU of another node
 * takes them there, frees them to its own node, and then allocates from its own node.
 */
static void debugfs_nodes(struct kunit *test)
{
	int near = cpumask_first(cpu_online_mask), far, home = cpu_to_node(near), away;
	struct node_job job = { .nr = 64 };
	struct fastalloc_stats s;
	long left, moved;

	for_each_online_cpu(far)
		if (cpu_to_node(far) != home)
			break;
	if (far >= nr_cpu_ids)
		kunit_skip(test, "one node only");
	away = cpu_to_node(far);
	job.pool = fa_pool_of(test, fa_config(.capacity = 500, .magazine = 8, .node = home,
					      .flags = FASTALLOC_F_NO_INIT | FASTALLOC_F_NODE));
	fastalloc_pool_stats(job.pool, &s);
	KUNIT_EXPECT_EQ(test, node_free(test, home), (long)s.total);
	KUNIT_EXPECT_EQ(test, node_free(test, away), 0L);

	/* A cache holds two magazines at most. */
	KUNIT_EXPECT_EQ(test, smp_call_on_cpu(far, node_use, &job, false), 0);
	left = node_free(test, home);
	moved = node_free(test, away);
	KUNIT_EXPECT_GE(test, moved, 64L - 16);
	KUNIT_EXPECT_LE(test, left + moved, (long)s.total);
	KUNIT_EXPECT_GE(test, left + moved, (long)s.total - 16);

	job.nr = 20;
	KUNIT_EXPECT_EQ(test, smp_call_on_cpu(far, node_use, &job, false), 0);
	KUNIT_EXPECT_EQ(test, node_free(test, home), left);

	moved = node_free(test, away);
	KUNIT_EXPECT_EQ(test, smp_call_on_cpu(near, node_use, &job, false), 0);
	KUNIT_EXPECT_EQ(test, node_free(test, away), moved);
}

/* Promise: the files of a pool are removed with it, and created again with its name. */
static void debugfs_goes(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.obj_size = 48, .capacity = 4,
						.sync = FASTALLOC_SYNC_SPINLOCK);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	char *text = must_read(test, "kunit/stats");

	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, read_text("kunit/stats", text), (ssize_t)-ENOENT);
	KUNIT_EXPECT_EQ(test, read_text("kunit/config", text), (ssize_t)-ENOENT);
	fa_pool(test, &cfg);
	KUNIT_EXPECT_GT(test, read_text("kunit/stats", text), (ssize_t)0);
}

struct reader {
	struct task_struct *task;
	char *text;
	unsigned long reads;
	unsigned long met;
	unsigned long bad;
};

static int read_pools(void *data)
{
	struct reader *r = data;

	while (!kthread_should_stop()) {
		ssize_t got = read_text("pools", r->text);

		r->bad += got <= 0 || strncmp(r->text, "NAME ", 5) ||
			  r->text[got - 1] != '\n';
		r->met += got > 0 && line_of(r->text, "kunit-churn");
		WRITE_ONCE(r->reads, r->reads + 1);
		cond_resched();
	}
	return 0;
}

/* Promise: the table may be read while pools are created and destroyed at full speed. */
static void debugfs_churn(struct kunit *test)
{
	struct fastalloc_config cfg = {
		.name = "kunit-churn", .obj_size = 48, .capacity = 4,
		.sync = FASTALLOC_SYNC_SPINLOCK,
	};
	struct reader *r = fa_mem(test, sizeof(*r));
	unsigned long end = jiffies + FA_TEST_PATIENCE, cycles = 0;

	r->text = must_read(test, "pools");
	r->task = kthread_run(read_pools, r, "fa-read-pools");
	KUNIT_ASSERT_FALSE(test, IS_ERR(r->task));
	while ((cycles < 300 || READ_ONCE(r->reads) < 100 || !READ_ONCE(r->met)) &&
	       time_before(jiffies, end)) {
		struct fastalloc_pool *pool = fastalloc_pool_create(&cfg);

		if (IS_ERR(pool))
			break;
		fastalloc_pool_destroy(pool);
		cycles++;
		cond_resched();
	}
	kthread_stop(r->task);
	KUNIT_EXPECT_GE(test, cycles, 300UL);
	KUNIT_EXPECT_GE(test, r->reads, 100UL);
	KUNIT_EXPECT_GT(test, r->met, 0UL);
	KUNIT_EXPECT_EQ(test, r->bad, 0UL);
}

/* Promise: a pool that traces every operation says so, and works like any other. */
static void debugfs_trace(struct kunit *test)
{
	static const enum fastalloc_sync syncs[] = {
		FASTALLOC_SYNC_PERCPU, FASTALLOC_SYNC_SPINLOCK, FASTALLOC_SYNC_NONE,
	};
	struct fastalloc_pool *pool;
	unsigned int i, flag, round;

	for (i = 0; i < ARRAY_SIZE(syncs); i++) {
		for (flag = 0; flag <= 1; flag++) {
			pool = fa_pool_of(test, fa_config(.capacity = 20, .sync = syncs[i],
							  .flags = flag * FASTALLOC_F_TRACE));
			KUNIT_EXPECT_STREQ(test, must_read(test, "kunit/trace"),
					   flag ? "1\n" : "0\n");
			KUNIT_EXPECT_EQ(test, !!strstr(must_read(test, "kunit/config"), " trace\n"),
					!!flag);
			for (round = 0; round < 2; round++) {
				KUNIT_EXPECT_GE(test, fa_drain(test, pool, GFP_KERNEL), 20U);
				fa_put_all(test);
			}
			KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
			fa_pool_gone(test, pool);
		}
	}
}

static struct kunit_case debugfs_cases[] = {
	KUNIT_CASE(debugfs_pools),
	KUNIT_CASE(debugfs_stats),
	KUNIT_CASE(debugfs_config),
	KUNIT_CASE(debugfs_config_node),
	KUNIT_CASE(debugfs_cpus),
	KUNIT_CASE(debugfs_trace),
	KUNIT_CASE(debugfs_goes),
	KUNIT_CASE(debugfs_nodes),
	KUNIT_CASE(debugfs_churn),
	{ }
};

static struct kunit_suite debugfs_suite = {
	.name = "fastalloc_debugfs",
	.suite_init = fa_root_init,
	.suite_exit = fa_root_exit,
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = debugfs_cases,
};

kunit_test_suite(debugfs_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of debugfs");
MODULE_LICENSE("GPL");
