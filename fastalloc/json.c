// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots of pools in JSON (RFC 8259), for programs: "json" has all pools, "POOL/json" has
 * one, with its chunks and its allocated objects. FA_JSON_FORMAT is the version of the format:
 * within a version, members may be added, but none is removed or changes its meaning.
 * Documentation/debugfs.rst describes it.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/fastalloc.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>

#include "config.h"
#include "json.h"
#include "live.h"
#include "look.h"
#include "module.h"
#include "place.h"
#include "pool.h"
#include "pools.h"
#include "query.h"
#include "report.h"
#include "stats.h"

#define FA_JSON_FORMAT	1

static void fa_json_string(struct seq_file *m, const char *s)
{
	seq_putc(m, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			seq_putc(m, '\\');
		seq_putc(m, *s);
	}
	seq_putc(m, '"');
}

static void fa_json_member(struct seq_file *m, const char *name, const char *value)
{
	seq_printf(m, ", \"%s\": ", name);
	fa_json_string(m, value);
}

static void fa_json_config(struct seq_file *m, const struct fastalloc_pool *pool)
{
	const struct fastalloc_config *cfg = &pool->cfg;
	unsigned long flags = cfg->flags;
	const char *sep = "";
	int i;

	seq_printf(m, ",\n  \"obj_size\": %zu, \"stride\": %zu, \"align\": %zu", cfg->obj_size,
		   pool->chunks.stride, cfg->align);
	fa_json_member(m, "sync", fa_sync_names[cfg->sync]);
	fa_json_member(m, "order", fa_order_names[cfg->order]);
	fa_json_member(m, "growth", fa_growth_names[cfg->growth]);
	fa_json_member(m, "backing", fa_backing_names[cfg->backing]);
	seq_printf(m, ", \"node\": %d, \"flags\": [", fa_node(pool));
	for_each_set_bit(i, &flags, FA_FLAG_NAMES) {
		seq_printf(m, "%s\"%s\"", sep, fa_flag_names[i]);
		sep = ", ";
	}
	seq_printf(m, "], \"checks\": \"%s%s%s%s\"",
		   pool->checks & FASTALLOC_F_CHECK ? "F" : "",
		   pool->checks & FASTALLOC_F_REDZONE ? "Z" : "",
		   pool->checks & FASTALLOC_F_POISON ? "P" : "",
		   pool->checks & FASTALLOC_F_OWNER ? "U" : "");
}

static void fa_json_memory(struct seq_file *m, const struct fa_totals *t)
{
	int i;

	seq_printf(m, ", \"bytes\": %lu", t->bytes);
	for (i = 0; i < FA_MEM_KINDS; i++)
		seq_printf(m, ", \"%s\": %lu", fa_mem_names[i], t->kind[i]);
}

static void fa_json_stats(struct seq_file *m, struct fastalloc_pool *pool)
{
	struct fastalloc_stats s;
	struct fa_totals t = {};

	fastalloc_pool_stats(pool, &s);
	seq_printf(m, ",\n  \"capacity\": %lu, \"max_capacity\": %lu, \"total\": %lu, \"reserve\": %lu",
		   s.capacity, READ_ONCE(pool->cfg.max_capacity), s.total, s.reserve);
	seq_printf(m, ", \"low_water\": %lu, \"magazine\": %u",
		   READ_ONCE(pool->refill.low_mark), pool->cfg.magazine);
	seq_printf(m, ",\n  \"in_use\": %lu, \"peak\": %lu, \"allocs\": %llu, \"frees\": %llu, \"failures\": %llu",
		   s.in_use, s.peak, s.allocs, s.frees, s.failures);
	seq_printf(m, ",\n  \"grows\": %llu, \"grows_atomic\": %llu, \"growth_failures\": %llu",
		   s.grows, s.grows_atomic, s.growth_failures);
	seq_printf(m, ", \"depot_exchanges\": %llu, \"nested\": %llu, \"leases_taken\": %llu",
		   s.depot_exchanges, s.nested, s.leases_taken);
	seq_printf(m, ", \"waits\": %llu, \"violations\": %llu", s.waits, s.violations);
	fa_totals_add(&t, pool);
	seq_printf(m, ",\n  \"chunks\": %lu", s.chunks);
	fa_json_memory(m, &t);
	seq_printf(m, ", \"magazine_bytes\": %zu", s.magazine_bytes);
}

/* CPUs that hold nothing and never used the pool are left out. */
static void fa_json_cpus(struct seq_file *m, const struct fastalloc_pool *pool)
{
	struct fa_cpu_stats s;
	const char *sep = "";
	int cpu;

	seq_puts(m, ",\n  \"cpus\": [");
	for_each_possible_cpu(cpu) {
		fa_percpu_look(pool, cpu, &s);
		if (!s.busy && !s.loaded && !s.spare && !s.allocs && !s.frees)
			continue;
		seq_printf(m, "%s\n    {\"cpu\": %d, \"lease\": %u, \"loaded\": %d, \"spare\": %u",
			   sep, cpu, s.lease, s.busy ? -1 : (int)s.loaded, s.spare);
		seq_printf(m, ", \"allocs\": %lu, \"frees\": %lu, \"exchanges\": %lu, \"nested\": %lu}",
			   s.allocs, s.frees, s.exchanges, s.nested);
		sep = ",";
	}
	seq_putc(m, ']');
}

/* Only for one pool: it goes through the lists of the depot. */
static void fa_json_nodes(struct seq_file *m, struct fastalloc_pool *pool)
{
	struct fa_depot *d = &pool->percpu.depot;
	unsigned int i;

	seq_puts(m, ",\n  \"nodes\": [");
	for (i = 0; i < d->nr_shards; i += d->shard[i].peers)
		seq_printf(m, "%s{\"node\": %d, \"free\": %lu}", i ? ", " : "",
			   d->shard[i].node, fa_depot_node_count(d, i));
	seq_putc(m, ']');
}

/* The members of a pool. Of a destroyed one, only its name and what it still takes. */
static void fa_json_pool(struct seq_file *m, struct fastalloc_pool *pool)
{
	struct fa_totals t = {};

	seq_puts(m, "\"name\": ");
	fa_json_string(m, pool->name);
	fa_json_member(m, "module", pool->owner_name);
	fa_json_member(m, "state", fa_pools_state(pool));
	if (fa_is_dead(pool)) {
		fa_totals_add(&t, pool);
		fa_json_memory(m, &t);
		return;
	}
	fa_json_config(m, pool);
	fa_json_stats(m, pool);
	if (fa_is_percpu(pool))
		fa_json_cpus(m, pool);
}

/* What both files begin with. */
static void fa_json_begin(struct seq_file *m)
{
	seq_printf(m, "{\"format\": %d", FA_JSON_FORMAT);
	fa_json_member(m, "version", fa_version);
	seq_printf(m, ", \"time_ns\": %lld, ", ktime_to_ns(ktime_get()));
}

/**
 * struct fa_json_all - how far a reader of all pools is
 * @look: must come first
 * @ended: the end was written
 */
struct fa_json_all {
	struct fa_pools_look	look;
	bool			ended;
};

/* The record after the last pool. */
static char fa_json_end;
#define FA_JSON_END	((void *)&fa_json_end)

static void *fa_json_start(struct seq_file *m, loff_t *pos)
{
	struct fa_json_all *all = m->private;

	if (!*pos)
		all->ended = false;
	/* A pool that was created meanwhile must not follow the end. */
	if (all->ended) {
		mutex_lock(&fa_pools_lock);
		return NULL;
	}
	return fa_pools_seq_start(m, pos) ?: FA_JSON_END;
}

static void *fa_json_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct fa_json_all *all = m->private;

	if (v == FA_JSON_END) {
		++*pos;
		all->ended = true;
		return NULL;
	}
	return fa_pools_seq_next(m, v, pos) ?: FA_JSON_END;
}

static void fa_json_stop(struct seq_file *m, void *v)
{
	fa_pools_seq_stop(m, v == FA_JSON_END ? NULL : v);
}

static int fa_json_show(struct seq_file *m, void *v)
{
	struct fa_json_all *all = m->private;
	struct fa_totals t;

	if (v == SEQ_START_TOKEN) {
		fa_json_begin(m);
		seq_printf(m, "\"possible_cpus\": %u, \"online_cpus\": %u",
			   num_possible_cpus(), num_online_cpus());
		t = fa_totals();
		fa_json_memory(m, &t);
		seq_puts(m, ",\n\"pools\": [");
		return 0;
	}
	if (v == FA_JSON_END) {
		seq_puts(m, "\n]}\n");
		return 0;
	}
	/* Position 1 is that of the first pool. */
	seq_puts(m, all->look.pos > 1 ? ",\n {" : "\n {");
	fa_json_pool(m, v);
	seq_putc(m, '}');
	return 0;
}

static const struct seq_operations fa_json_sops = {
	.start	= fa_json_start,
	.next	= fa_json_next,
	.stop	= fa_json_stop,
	.show	= fa_json_show,
};

static int fa_json_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &fa_json_sops, sizeof(struct fa_json_all));
}

static const struct file_operations fa_json_fops = {
	.owner		= THIS_MODULE,
	.open		= fa_json_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= seq_release_private,
};

void fa_json_init(struct dentry *root)
{
	debugfs_create_file("json", 0400, root, NULL, &fa_json_fops);
}

static void fa_json_chunk(struct seq_file *m, struct fa_look *look)
{
	struct fa_chunk *chunk = look->chunk;
	char map[FA_MAP_CELLS + 1];

	seq_printf(m, "\n    {\"index\": %lld, \"node\": %d, \"backing\": \"%s\", \"bytes\": %zu",
		   look->pos - 1, fa_chunk_node(chunk), fa_look_backing(look), chunk->bytes);
	seq_printf(m, ", \"objects\": %u, \"age_ms\": %llu, \"state\": \"%s\"", chunk->count,
		   fa_look_age_ms(jiffies, chunk->born), fa_look_state(look));
	if (fa_live_known(look->pool)) {
		seq_printf(m, ", \"free\": %u", chunk->count - fa_look_map(look, map));
		seq_printf(m, ", \"map\": \"%s\"}", map);
	} else {
		seq_puts(m, ", \"free\": -1, \"map\": null}");
	}
}

static void fa_json_group(struct seq_file *m, const struct fastalloc_pool *pool,
			  const struct fa_live *live, const struct fa_live_group *g)
{
	unsigned long *frames;
	unsigned int i, nr;

	seq_printf(m, "\n    {\"objects\": %lu, \"bytes\": %lu", g->objects,
		   g->objects * pool->chunks.stride);
	seq_printf(m, ", \"oldest_ms\": %llu, \"youngest_ms\": %llu, \"stack\": [",
		   fa_look_age_ms(live->now, g->oldest), fa_look_age_ms(live->now, g->youngest));
	if (!g->stack)
		seq_printf(m, "\"%pS\"", (void *)g->key);
	nr = g->stack ? fa_stack_fetch(g->key, &frames) : 0;
	for (i = 0; i < nr; i++)
		seq_printf(m, "%s\"%pS\"", i ? ", " : "", (void *)frames[i]);
	seq_puts(m, "]}");
}

static int fa_json_live(struct seq_file *m, struct fastalloc_pool *pool)
{
	unsigned long rest;
	struct fa_live *live;
	unsigned int i;

	if (!fa_live_known(pool)) {
		seq_puts(m, ",\n  \"live\": null, \"live_rest\": 0");
		return 0;
	}
	live = fa_live_collect(pool);
	if (!live)
		return -ENOMEM;
	rest = live->objects;
	seq_puts(m, ",\n  \"live\": [");
	for (i = 0; i < min(live->nr, FA_LIVE_SHOWN); i++) {
		seq_puts(m, i ? "," : "");
		fa_json_group(m, pool, live, &live->group[i]);
		rest -= live->group[i].objects;
	}
	seq_printf(m, "], \"live_rest\": %lu", rest);
	fa_live_free(live);
	return 0;
}

/**
 * struct fa_json_one - a reader of one pool
 * @look: must come first
 * @ended: the end was written
 */
struct fa_json_one {
	struct fa_look	look;
	bool		ended;
};

static void *fa_json_one_start(struct seq_file *m, loff_t *pos)
{
	struct fa_json_one *one = m->private;

	if (!*pos)
		one->ended = false;
	if (one->ended)
		return NULL;
	return fa_look_seq_start(m, pos) ?: FA_JSON_END;
}

static void *fa_json_one_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct fa_json_one *one = m->private;

	if (v == FA_JSON_END) {
		++*pos;
		one->ended = true;
		return NULL;
	}
	return fa_look_seq_next(m, v, pos) ?: FA_JSON_END;
}

static int fa_json_one_show(struct seq_file *m, void *v)
{
	struct fa_json_one *one = m->private;
	int err;

	if (v == SEQ_START_TOKEN) {
		fa_json_begin(m);
		fa_json_pool(m, one->look.pool);
		if (fa_is_percpu(one->look.pool))
			fa_json_nodes(m, one->look.pool);
		err = fa_json_live(m, one->look.pool);
		seq_puts(m, ",\n  \"chunk_list\": [");
		return err;
	}
	if (v == FA_JSON_END) {
		seq_puts(m, "]}\n");
		return 0;
	}
	seq_puts(m, one->look.pos > 1 ? "," : "");
	fa_json_chunk(m, &one->look);
	return 0;
}

static const struct seq_operations fa_json_one_sops = {
	.start	= fa_json_one_start,
	.next	= fa_json_one_next,
	.stop	= fa_look_seq_stop,
	.show	= fa_json_one_show,
};

static int fa_json_one_open(struct inode *inode, struct file *file)
{
	struct fa_json_one *one = __seq_open_private(file, &fa_json_one_sops, sizeof(*one));

	if (!one)
		return -ENOMEM;
	one->look.pool = inode->i_private;
	return 0;
}

static const struct file_operations fa_json_one_fops = {
	.owner		= THIS_MODULE,
	.open		= fa_json_one_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= seq_release_private,
};

void fa_json_add(struct fastalloc_pool *pool)
{
	debugfs_create_file("json", 0400, pool->dir, pool, &fa_json_one_fops);
}
