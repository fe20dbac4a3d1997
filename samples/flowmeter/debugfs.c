// SPDX-License-Identifier: GPL-2.0
/*
 * The directory of the module in debugfs, and the file "stats" in it.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include <linux/fastalloc.h>

#include "counters.h"
#include "debugfs.h"
#include "flows.h"
#include "table.h"

static struct dentry *dir;

static int stats_show(struct seq_file *m, void *v)
{
	struct flow_counters *c = &flow_counters;
	struct fastalloc_stats pool;
	u64 packets, bytes;

	flow_totals_sum(&packets, &bytes);
	flow_table_pool_stats(&pool);
	seq_printf(m, "flows: %lu\n", pool.in_use);
	seq_printf(m, "peak: %lu\n", pool.peak);
	seq_printf(m, "capacity: %lu\n", pool.capacity);
	seq_printf(m, "created: %lld\n", atomic64_read(&c->created));
	seq_printf(m, "expired: %lld\n", atomic64_read(&c->expired));
	seq_printf(m, "reused: %lld\n", atomic64_read(&c->reused));
	seq_printf(m, "dropped_no_object: %lld\n", atomic64_read(&c->no_object));
	seq_printf(m, "unparsed: %lld\n", atomic64_read(&c->unparsed));
	seq_printf(m, "packets: %llu\n", packets);
	seq_printf(m, "bytes: %llu\n", bytes);
	seq_printf(m, "memory: %zu\n", pool.bytes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

void flow_debugfs_create(void)
{
	dir = debugfs_create_dir("flowmeter", NULL);
	debugfs_create_file("flows", 0444, dir, NULL, &flow_flows_fops);
	debugfs_create_file("stats", 0444, dir, NULL, &stats_fops);
}

void flow_debugfs_remove(void)
{
	debugfs_remove_recursive(dir);
}
