// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/fastalloc: snapshots of pools as files, and a switch for events.
 *
 * debugfs_remove() waits for readers of the files of a pool and fails later ones, so a pool
 * is removed here before it is torn down. The table of all pools is read under the lock of
 * the list of pools.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/bitops.h>
#include <linux/debugfs.h>
#include <linux/kstrtox.h>
#include <linux/printk.h>

#include "config.h"
#include "debugfs.h"
#include "inspect.h"
#include "json.h"
#include "pool.h"
#include "pools.h"
#include "stats.h"
#include "trace.h"

static struct dentry *fa_debugfs_root;

/* Free objects in the depot, for each node that has shards of its own. */
static void fa_show_nodes(struct seq_file *m, struct fastalloc_pool *pool)
{
	struct fa_depot *d = &pool->percpu.depot;
	unsigned int i;

	for (i = 0; i < d->nr_shards; i += d->shard[i].peers)
		seq_printf(m, "node%d_free: %lu\n", d->shard[i].node, fa_depot_node_count(d, i));
}

static int stats_show(struct seq_file *m, void *v)
{
	struct fastalloc_pool *pool = m->private;
	struct fastalloc_stats s;

	fastalloc_pool_stats(pool, &s);
	seq_printf(m, "allocs: %llu\n", s.allocs);
	seq_printf(m, "frees: %llu\n", s.frees);
	seq_printf(m, "in_use: %lu\n", s.in_use);
	seq_printf(m, "peak: %lu\n", s.peak);
	seq_printf(m, "capacity: %lu\n", s.capacity);
	seq_printf(m, "total: %lu\n", s.total);
	seq_printf(m, "reserve: %lu\n", s.reserve);
	seq_printf(m, "failures: %llu\n", s.failures);
	seq_printf(m, "grows: %llu\n", s.grows);
	seq_printf(m, "grows_atomic: %llu\n", s.grows_atomic);
	seq_printf(m, "growth_failures: %llu\n", s.growth_failures);
	seq_printf(m, "depot_exchanges: %llu\n", s.depot_exchanges);
	seq_printf(m, "nested: %llu\n", s.nested);
	seq_printf(m, "leases_taken: %llu\n", s.leases_taken);
	seq_printf(m, "waits: %llu\n", s.waits);
	seq_printf(m, "violations: %llu\n", s.violations);
	seq_printf(m, "chunks: %lu\n", s.chunks);
	seq_printf(m, "bytes: %zu\n", s.bytes);
	seq_printf(m, "chunk_bytes: %zu\n", s.chunk_bytes);
	seq_printf(m, "metadata_bytes: %zu\n", s.metadata_bytes);
	seq_printf(m, "cache_bytes: %zu\n", s.cache_bytes);
	seq_printf(m, "check_bytes: %zu\n", s.check_bytes);
	seq_printf(m, "magazine_bytes: %zu\n", s.magazine_bytes);
	if (pool->sync == FASTALLOC_SYNC_PERCPU)
		fa_show_nodes(m, pool);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* Prints the name of a hook, or "-". */
static void fa_show_hook(struct seq_file *m, const char *key, const void *hook)
{
	if (hook)
		seq_printf(m, "%s: %ps\n", key, hook);
	else
		seq_printf(m, "%s: -\n", key);
}

static int config_show(struct seq_file *m, void *v)
{
	const struct fastalloc_pool *pool = m->private;
	const struct fastalloc_config *cfg = &pool->cfg;
	unsigned long flags = cfg->flags;
	int i;

	seq_printf(m, "name: %s\n", cfg->name);
	seq_printf(m, "module: %s\n", pool->owner_name);
	seq_printf(m, "obj_size: %zu\n", cfg->obj_size);
	seq_printf(m, "type_align: %zu\n", cfg->type_align);
	seq_printf(m, "align: %zu\n", cfg->align);
	seq_printf(m, "capacity: %lu\n", cfg->capacity);
	seq_printf(m, "max_capacity: %lu\n", READ_ONCE(cfg->max_capacity));
	seq_printf(m, "growth: %s\n", fa_growth_names[cfg->growth]);
	seq_printf(m, "growth_amount: %lu\n", cfg->growth_amount);
	seq_printf(m, "growth_percent: %u\n", cfg->growth_percent);
	fa_show_hook(m, "growth_fn", cfg->growth_fn);
	seq_printf(m, "low_water: %lu\n", READ_ONCE(pool->refill.low_mark));
	seq_printf(m, "reserve: %lu\n", pool->reserve);
	seq_printf(m, "magazine: %u\n", cfg->magazine);
	seq_printf(m, "sync: %s\n", fa_sync_names[cfg->sync]);
	seq_printf(m, "order: %s\n", fa_order_names[cfg->order]);
	seq_printf(m, "backing: %s\n", fa_backing_names[cfg->backing]);
	if (fa_node(pool) != NUMA_NO_NODE)
		seq_printf(m, "node: %d\n", cfg->node);
	else
		seq_puts(m, "node: any\n");
	fa_show_hook(m, "ctor", cfg->ctor);
	fa_show_hook(m, "dtor", cfg->dtor);
	fa_show_hook(m, "on_acquire", cfg->on_acquire);
	fa_show_hook(m, "on_release", cfg->on_release);
	fa_show_hook(m, "mem_alloc", cfg->mem_alloc);
	fa_show_hook(m, "mem_free", cfg->mem_free);
	seq_puts(m, "flags:");
	for_each_set_bit(i, &flags, FA_FLAG_NAMES)
		seq_printf(m, " %s", fa_flag_names[i]);
	seq_puts(m, flags ? "\n" : " none\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(config);

#define FA_CPUS_TEXT	"%4s %6s %6s %6s %14s %14s %12s %12s\n"

static int cpus_show(struct seq_file *m, void *v)
{
	const struct fastalloc_pool *pool = m->private;
	struct fa_cpu_stats s;
	int cpu;

	seq_printf(m, FA_CPUS_TEXT, "CPU", "LEASE", "LOADED", "SPARE", "ALLOCS", "FREES",
		   "EXCHANGES", "NESTED");
	for_each_possible_cpu(cpu) {
		fa_percpu_look(pool, cpu, &s);
		seq_printf(m, "%4d %6u ", cpu, s.lease);
		if (s.busy)
			seq_puts(m, "  busy");
		else
			seq_printf(m, "%6u", s.loaded);
		seq_printf(m, " %6u %14lu %14lu %12lu %12lu\n", s.spare,
			   s.allocs, s.frees, s.exchanges, s.nested);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cpus);

static int fa_trace_show(struct seq_file *m, void *v)
{
	const struct fastalloc_pool *pool = m->private;

	seq_printf(m, "%d\n", READ_ONCE(pool->traced));
	return 0;
}

static int trace_open(struct inode *inode, struct file *file)
{
	return single_open(file, fa_trace_show, inode->i_private);
}

static ssize_t trace_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct fastalloc_pool *pool = file_inode(file)->i_private;
	unsigned int value;
	int err = kstrtouint_from_user(buf, count, 10, &value);

	if (err == -EFAULT)
		return err;
	if (err || value > 1) {
		pr_err_ratelimited("pool %s: trace: takes nothing but 0 and 1\n", pool->name);
		return -EINVAL;
	}
	err = fa_trace_set(pool, value);
	if (err == -EOPNOTSUPP)
		pr_err_ratelimited("pool %s: trace: sync=none: only if created with FASTALLOC_F_TRACE\n",
				   pool->name);
	return err ?: count;
}

static const struct file_operations trace_fops = {
	.owner		= THIS_MODULE,
	.open		= trace_open,
	.read		= seq_read,
	.write		= trace_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

#define FA_POOLS_TEXT	"%-31s %8s %6s %-8s %-6s %-11s %-7s %10s %10s %10s %10s %6s %10s %10s %6s %s\n"
#define FA_POOLS_KIND	"%-31s %8zu %6zu %-8s %-6s %-11s %-7s"
#define FA_POOLS_DEAD	" %10s %10s %10s %10s %6s %10lu %10s"
#define FA_POOLS_LIVE	" %10lu %10lu %10lu %10lu %6lu %10zu %10llu"

static int fa_pools_show(struct seq_file *m, void *v)
{
	struct fastalloc_pool *pool = v;
	const struct fastalloc_config *cfg;
	struct fastalloc_stats s;

	if (v == SEQ_START_TOKEN) {
		seq_printf(m, FA_POOLS_TEXT, "NAME", "SIZE", "ALIGN", "SYNC",
			   "ORDER", "GROWTH", "BACKING", "CAPACITY", "MAX",
			   "IN_USE", "PEAK", "CHUNKS", "KIB", "FAILURES", "STATE",
			   "MODULE");
		return 0;
	}
	cfg = &pool->cfg;
	seq_printf(m, FA_POOLS_KIND, pool->name, cfg->obj_size, cfg->align,
		   fa_sync_names[cfg->sync], fa_order_names[cfg->order],
		   fa_growth_names[cfg->growth], fa_backing_names[cfg->backing]);
	if (fa_is_dead(pool)) {
		seq_printf(m, FA_POOLS_DEAD,
			   "-", "-", "-", "-", "-", fa_bytes(pool) / SZ_1K, "-");
	} else {
		fastalloc_pool_stats(pool, &s);
		seq_printf(m, FA_POOLS_LIVE, s.capacity, READ_ONCE(cfg->max_capacity), s.in_use,
			   s.peak, s.chunks, s.bytes / SZ_1K, s.failures);
	}
	seq_printf(m, " %6s %s\n", fa_pools_state(pool), pool->owner_name);
	return 0;
}

static const struct seq_operations pools_sops = {
	.start	= fa_pools_seq_start,
	.next	= fa_pools_seq_next,
	.stop	= fa_pools_seq_stop,
	.show	= fa_pools_show,
};

static int pools_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &pools_sops, sizeof(struct fa_pools_look));
}

static const struct file_operations pools_fops = {
	.owner		= THIS_MODULE,
	.open		= pools_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= seq_release_private,
};

void fa_debugfs_init(void)
{
	fa_debugfs_root = debugfs_create_dir("fastalloc", NULL);
	debugfs_create_file("pools", 0400, fa_debugfs_root, NULL, &pools_fops);
	fa_json_init(fa_debugfs_root);
}

void fa_debugfs_exit(void)
{
	debugfs_remove(fa_debugfs_root);
}

/* Accounts the memory of a directory and its files. */
static void fa_debugfs_charge(struct fastalloc_pool *pool, unsigned int entries)
{
	fa_charge(pool, FA_MEM_METADATA, entries * (sizeof(struct dentry) + sizeof(struct inode)));
}

void fa_debugfs_add(struct fastalloc_pool *pool)
{
	bool looks = pool->sync != FASTALLOC_SYNC_NONE;

	/* The directory, stats, config and trace; cpus and json. */
	if (IS_ENABLED(CONFIG_DEBUG_FS))
		fa_debugfs_charge(pool, 4 + fa_is_percpu(pool) + looks * (1 + FA_INSPECT_FILES));
	pool->dir = debugfs_create_dir(pool->name, fa_debugfs_root);
	debugfs_create_file("stats", 0400, pool->dir, pool, &stats_fops);
	debugfs_create_file("config", 0400, pool->dir, pool, &config_fops);
	debugfs_create_file("trace", 0600, pool->dir, pool, &trace_fops);
	if (fa_is_percpu(pool))
		debugfs_create_file("cpus", 0400, pool->dir, pool, &cpus_fops);
	if (looks) {
		fa_json_add(pool);
		fa_inspect_add(pool);
	}
}

void fa_debugfs_remove(struct fastalloc_pool *pool)
{
	debugfs_remove(pool->dir);
}
