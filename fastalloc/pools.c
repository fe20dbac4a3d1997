// SPDX-License-Identifier: GPL-2.0
/* The list of pools. Names are unique. */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/rculist.h>
#include <linux/string.h>

#include "config.h"
#include "pool.h"
#include "pools.h"

/* Readers of debugfs take this, too. No memory is allocated while it is held. */
DEFINE_MUTEX(fa_pools_lock);
LIST_HEAD(fa_pools);

static bool fa_name_used(const char *name)
{
	struct fastalloc_pool *pool;

	list_for_each_entry(pool, &fa_pools, node)
		if (!strcmp(pool->name, name))
			return true;
	return false;
}

/* Makes a name unique by appending the lowest free number. */
static int fa_name_number(struct fastalloc_pool *pool)
{
	char base[FASTALLOC_NAME_LEN];
	unsigned int nr = 2;

	if (!(pool->cfg.flags & FASTALLOC_F_SAME_NAME))
		return fa_refuse(&pool->cfg, -EEXIST, "name=%s: already in use", pool->name);
	strscpy(base, pool->name, sizeof(base));
	do {
		if (snprintf(pool->name, sizeof(pool->name), "%s#%u", base, nr) >=
		    sizeof(pool->name)) {
			strscpy(pool->name, base, sizeof(pool->name));
			return fa_refuse(&pool->cfg, -ENAMETOOLONG,
					 "name=%s: in use, and too long for #%u behind it",
					 base, nr);
		}
		nr++;
	} while (fa_name_used(pool->name));
	return 0;
}

/* From here on the name is reserved. Readers skip the pool until it is ->live. */
int fa_pools_add(struct fastalloc_pool *pool)
{
	int err = 0;

	mutex_lock(&fa_pools_lock);
	if (fa_name_used(pool->name))
		err = fa_name_number(pool);
	if (!err)
		list_add_tail_rcu(&pool->node, &fa_pools);
	mutex_unlock(&fa_pools_lock);
	return err;
}

void fa_pools_del(struct fastalloc_pool *pool)
{
	mutex_lock(&fa_pools_lock);
	list_del_rcu(&pool->node);
	mutex_unlock(&fa_pools_lock);
}

/* From here on readers use the pool. */
void fa_pools_publish(struct fastalloc_pool *pool)
{
	mutex_lock(&fa_pools_lock);
	pool->live = true;
	mutex_unlock(&fa_pools_lock);
}
