// SPDX-License-Identifier: GPL-2.0
/*
 * The files of a pool in debugfs that look at its chunks: chunks, map, live, check; and those
 * that change something: reset, trim. Pools of sync NONE do not have them, as only the owner
 * may do this.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/debugfs.h>
#include <linux/fastalloc.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/seq_file.h>

#include "inspect.h"
#include "live.h"
#include "look.h"
#include "place.h"
#include "pool.h"
#include "query.h"
#include "report.h"
#include "verify.h"

#define FA_UNKNOWN	"# not known: the pool has no checks, no handles, and not the order lowest\n"

static int fa_look_open(struct file *file, const struct seq_operations *ops, void *pool)
{
	struct fa_look *look = __seq_open_private(file, ops, sizeof(*look));

	if (!look)
		return -ENOMEM;
	look->pool = pool;
	return 0;
}

static unsigned int fa_percent(unsigned int part, unsigned int all)
{
	return div_u64(100ULL * part, all);
}

static int chunks_show(struct seq_file *m, void *v)
{
	struct fa_look *look = m->private;
	struct fa_chunk *chunk = v;
	unsigned int out;

	if (v == SEQ_START_TOKEN) {
		seq_printf(m, "%6s %5s %-8s %12s %10s %10s %5s %12s %s\n", "CHUNK", "NODE",
			   "BACKING", "BYTES", "OBJECTS", "FREE", "USE%", "AGE_MS", "STATE");
		return 0;
	}
	seq_printf(m, "%6lld %5d %-8s %12zu %10u ", look->pos - 1, fa_chunk_node(chunk),
		   fa_look_backing(look), chunk->bytes, chunk->count);
	if (fa_live_known(look->pool)) {
		out = fa_look_out(look, 0, chunk->count);
		seq_printf(m, "%10u %5u ", chunk->count - out, fa_percent(out, chunk->count));
	} else {
		seq_printf(m, "%10s %5s ", "-", "-");
	}
	seq_printf(m, "%12llu %s\n", fa_look_age_ms(jiffies, chunk->born), fa_look_state(look));
	return 0;
}

static const struct seq_operations chunks_sops = {
	.start	= fa_look_seq_start,
	.next	= fa_look_seq_next,
	.stop	= fa_look_seq_stop,
	.show	= chunks_show,
};

static int chunks_open(struct inode *inode, struct file *file)
{
	return fa_look_open(file, &chunks_sops, inode->i_private);
}

static const struct file_operations chunks_fops = {
	.owner		= THIS_MODULE,
	.open		= chunks_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= seq_release_private,
};

static int map_show(struct seq_file *m, void *v)
{
	struct fa_look *look = m->private;
	char map[FA_MAP_CELLS + 1];
	struct fa_chunk *chunk = v;
	unsigned int out;

	if (!fa_live_known(look->pool)) {
		if (v == SEQ_START_TOKEN)
			seq_puts(m, FA_UNKNOWN);
		return 0;
	}
	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# O allocated, _ free, 1 to 9 tenths of the slots of a character\n");
		return 0;
	}
	out = fa_look_map(look, map);
	seq_printf(m, "%6lld [%s] %u%% of %u", look->pos - 1, map,
		   fa_percent(out, chunk->count), chunk->count);
	if (fa_look_cell(chunk) > 1)
		seq_printf(m, ", %u a character", fa_look_cell(chunk));
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations map_sops = {
	.start	= fa_look_seq_start,
	.next	= fa_look_seq_next,
	.stop	= fa_look_seq_stop,
	.show	= map_show,
};

static int map_open(struct inode *inode, struct file *file)
{
	return fa_look_open(file, &map_sops, inode->i_private);
}

static const struct file_operations map_fops = {
	.owner		= THIS_MODULE,
	.open		= map_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= seq_release_private,
};

static void fa_live_print(struct seq_file *m, const struct fastalloc_pool *pool,
			  const struct fa_live *live, const struct fa_live_group *g)
{
	unsigned long *frames;
	unsigned int i, nr;

	seq_printf(m, "%lu objects, %lu bytes, allocated %llu to %llu ms ago", g->objects,
		   g->objects * pool->chunks.stride, fa_look_age_ms(live->now, g->youngest),
		   fa_look_age_ms(live->now, g->oldest));
	if (!g->stack) {
		seq_printf(m, " in %pS\n", (void *)g->key);
		return;
	}
	seq_puts(m, " in\n");
	nr = fa_stack_fetch(g->key, &frames);
	for (i = 0; i < nr; i++)
		seq_printf(m, "  %pS\n", (void *)frames[i]);
}

/* Without check U: the first objects, by slot. */
static void fa_live_slots(struct seq_file *m, struct fastalloc_pool *pool)
{
	unsigned int from, nr = 0, left = FA_LIVE_SHOWN;
	struct fa_look look = { .pool = pool };
	struct fa_chunk *chunk;
	unsigned long word;

	for (; left && (chunk = fa_look_next(&look)); nr++) {
		for (from = 0; left && from < chunk->count; from += BITS_PER_LONG) {
			word = fa_live_word(pool, chunk, from);
			for (; left && word; word &= word - 1, left--)
				seq_printf(m, "chunk %u, slot %lu\n", nr, from + __ffs(word));
			cond_resched();
		}
	}
	fa_look_end(&look);
}

static int live_show(struct seq_file *m, void *v)
{
	struct fastalloc_pool *pool = m->private;
	struct fa_live *live;
	unsigned int i;

	if (!fa_live_known(pool)) {
		seq_puts(m, FA_UNKNOWN);
		return 0;
	}
	live = fa_live_collect(pool);
	if (!live)
		return -ENOMEM;
	seq_printf(m, "# %lu objects are allocated\n", live->objects);
	for (i = 0; i < min(live->nr, FA_LIVE_SHOWN); i++)
		fa_live_print(m, pool, live, &live->group[i]);
	if (live->nr > FA_LIVE_SHOWN)
		seq_printf(m, "# and by %u more\n", live->nr - FA_LIVE_SHOWN);
	if (!(pool->checks & FASTALLOC_F_OWNER) && live->objects) {
		seq_puts(m, "# by slot, as the pool has no check U\n");
		fa_live_slots(m, pool);
		if (live->objects > FA_LIVE_SHOWN)
			seq_printf(m, "# and %lu more\n", live->objects - FA_LIVE_SHOWN);
	} else if (live->rest) {
		seq_printf(m, "# and %lu of which nothing is known\n", live->rest);
	}
	fa_live_free(live);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(live);

static int check_show(struct seq_file *m, void *v)
{
	fa_verify(m->private, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(check);

/* Whether "1" was written. */
static int fa_inspect_one(const struct file *file, const char __user *buf, size_t count)
{
	const struct fastalloc_pool *pool = file_inode(file)->i_private;
	unsigned int value;
	int err = kstrtouint_from_user(buf, count, 10, &value);

	if (err == -EFAULT || (!err && value == 1))
		return err;
	pr_err_ratelimited("pool %s: %pd: takes nothing but 1\n", pool->name,
			   file->f_path.dentry);
	return -EINVAL;
}

static ssize_t reset_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	int err = fa_inspect_one(file, buf, count);

	if (err)
		return err;
	fastalloc_pool_stats_reset(file_inode(file)->i_private);
	return count;
}

static const struct file_operations reset_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= reset_write,
};

static ssize_t trim_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	int err = fa_inspect_one(file, buf, count);

	if (err)
		return err;
	fastalloc_pool_trim(file_inode(file)->i_private);
	return count;
}

static const struct file_operations trim_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= trim_write,
};

void fa_inspect_add(struct fastalloc_pool *pool)
{
	debugfs_create_file("chunks", 0400, pool->dir, pool, &chunks_fops);
	debugfs_create_file("map", 0400, pool->dir, pool, &map_fops);
	debugfs_create_file("live", 0400, pool->dir, pool, &live_fops);
	debugfs_create_file("check", 0400, pool->dir, pool, &check_fops);
	debugfs_create_file("reset", 0200, pool->dir, pool, &reset_fops);
	debugfs_create_file("trim", 0200, pool->dir, pool, &trim_fops);
}
