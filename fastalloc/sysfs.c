// SPDX-License-Identifier: GPL-2.0
/*
 * Totals of all pools, without debugfs: /sys/kernel/fastalloc, and a line in the report of
 * an OOM. Chunks of pages do not appear in /proc/meminfo.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/kobject.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/ratelimit.h>
#include <linux/rculist.h>
#include <linux/sysfs.h>

#include "pool.h"
#include "pools.h"
#include "sysfs.h"

/* Number of pools that an OOM report names. */
#define FA_OOM_POOLS	5

static struct kobject *fa_kobj;

static ssize_t pools_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", fa_totals().pools);
}

static ssize_t bytes_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", fa_totals().bytes);
}

static ssize_t kind_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf);

static struct kobj_attribute fa_kind_attr[FA_MEM_KINDS] = {
	[FA_MEM_CHUNKS] = __ATTR(chunk_bytes, 0444, kind_show, NULL),
	[FA_MEM_METADATA] = __ATTR(metadata_bytes, 0444, kind_show, NULL),
	[FA_MEM_CACHES] = __ATTR(cache_bytes, 0444, kind_show, NULL),
	[FA_MEM_CHECKS] = __ATTR(check_bytes, 0444, kind_show, NULL),
};

static ssize_t kind_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", fa_totals().kind[attr - fa_kind_attr]);
}

static struct kobj_attribute fa_pools_attr = __ATTR_RO(pools);
static struct kobj_attribute fa_bytes_attr = __ATTR_RO(bytes);

static struct attribute *fa_attrs[] = {
	&fa_pools_attr.attr,
	&fa_bytes_attr.attr,
	&fa_kind_attr[FA_MEM_CHUNKS].attr,
	&fa_kind_attr[FA_MEM_METADATA].attr,
	&fa_kind_attr[FA_MEM_CACHES].attr,
	&fa_kind_attr[FA_MEM_CHECKS].attr,
	NULL
};

static const struct attribute_group fa_attr_group = {
	.attrs = fa_attrs,
};

/* The largest pool that is not among the @nr of @said, or NULL. Under rcu_read_lock(). */
static struct fastalloc_pool *fa_oom_next(struct fastalloc_pool **said, int nr)
{
	struct fastalloc_pool *pool, *best = NULL;
	unsigned long bytes, most = 0;
	int i;

	list_for_each_entry_rcu(pool, &fa_pools, node) {
		bytes = fa_bytes(pool);
		if (bytes <= most)
			continue;
		for (i = 0; i < nr && said[i] != pool; i++)
			;
		if (i < nr)
			continue;
		most = bytes;
		best = pool;
	}
	return best;
}

/* Called before the kernel chooses a victim and prints its own report. */
static int fa_oom_report(struct notifier_block *nb, unsigned long action, void *freed)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, 1);
	struct fastalloc_pool *pool, *said[FA_OOM_POOLS];
	struct fa_totals t = fa_totals();
	int i;

	if (!t.pools || !__ratelimit(&limit))
		return NOTIFY_OK;
	pr_info("%lu pools hold %lu KiB: chunks %lu, metadata %lu, caches %lu, checks %lu\n",
		t.pools, t.bytes / SZ_1K, t.kind[FA_MEM_CHUNKS] / SZ_1K,
		t.kind[FA_MEM_METADATA] / SZ_1K, t.kind[FA_MEM_CACHES] / SZ_1K,
		t.kind[FA_MEM_CHECKS] / SZ_1K);
	rcu_read_lock();
	for (i = 0; i < FA_OOM_POOLS && (pool = fa_oom_next(said, i)); i++) {
		said[i] = pool;
		pr_info("pool %s: %lu KiB, capacity %lu of %zu bytes\n", pool->name,
			fa_bytes(pool) / SZ_1K,
			READ_ONCE(pool->capacity), pool->cfg.obj_size);
	}
	rcu_read_unlock();
	return NOTIFY_OK;
}

static struct notifier_block fa_oom_nb = {
	.notifier_call = fa_oom_report,
};

int fa_sysfs_init(void)
{
	int err;

	fa_kobj = kobject_create_and_add("fastalloc", kernel_kobj);
	if (!fa_kobj)
		return -ENOMEM;
	err = sysfs_create_group(fa_kobj, &fa_attr_group);
	if (err)
		goto err_kobj;
	err = register_oom_notifier(&fa_oom_nb);
	if (err)
		goto err_kobj;
	return 0;

err_kobj:
	kobject_put(fa_kobj);
	return err;
}

void fa_sysfs_exit(void)
{
	unregister_oom_notifier(&fa_oom_nb);
	kobject_put(fa_kobj);
}
