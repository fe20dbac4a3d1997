// SPDX-License-Identifier: GPL-2.0
/*
 * The list of pools, whose names are unique, and that of destroyed pools whose descriptors are
 * kept: because of fastalloc_pool_get(), or since objects were allocated.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/atomic.h>
#include <linux/fastalloc_handle.h>
#include <linux/kref.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "config.h"
#include "pool.h"
#include "pools.h"

/* Readers of debugfs take this, too. No memory is allocated while it is held. */
DEFINE_MUTEX(fa_pools_lock);
LIST_HEAD(fa_pools);

/* By order of id, as fa_pools. Readers are RCU readers. */
LIST_HEAD(fa_dead_pools);
static DEFINE_RAW_SPINLOCK(fa_dead_lock);

/* Pools get ascending numbers when they are added to a list. */
static atomic64_t fa_last_id;

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
		cond_resched();
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
	if (!err) {
		pool->id = atomic64_inc_return(&fa_last_id);
		list_add_tail_rcu(&pool->node, &fa_pools);
	}
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
	/*
	 * Orders all that creation has written before the store to ->live. Pairs with the
	 * smp_load_acquire() in fa_fault_other_pool(), which cannot take the mutex.
	 */
	smp_store_release(&pool->live, true);
	mutex_unlock(&fa_pools_lock);
}

/* A destroyed pool is listed as long as its descriptor is there. */
void fa_dead_add(struct fastalloc_pool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&fa_dead_lock, flags);
	pool->id = atomic64_inc_return(&fa_last_id);
	list_add_tail_rcu(&pool->dead, &fa_dead_pools);
	raw_spin_unlock_irqrestore(&fa_dead_lock, flags);
}

/* The descriptor is freed after a grace period. */
void fa_dead_del(struct fastalloc_pool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&fa_dead_lock, flags);
	list_del_rcu(&pool->dead);
	raw_spin_unlock_irqrestore(&fa_dead_lock, flags);
}

static struct fastalloc_pool *fa_pools_after(u64 id)
{
	struct fastalloc_pool *pool;

	list_for_each_entry(pool, &fa_pools, node)
		if (pool->live && pool->id > id)
			return pool;
	return NULL;
}

/* Returns a reference. */
static struct fastalloc_pool *fa_dead_after(u64 id)
{
	struct fastalloc_pool *pool;

	rcu_read_lock();
	list_for_each_entry_rcu(pool, &fa_dead_pools, dead) {
		if (pool->id > id && kref_get_unless_zero(&pool->ref)) {
			rcu_read_unlock();
			return pool;
		}
	}
	rcu_read_unlock();
	return NULL;
}

static struct fastalloc_pool *fa_pools_look(struct fa_pools_look *look)
{
	struct fastalloc_pool *pool;

	if (!look->dead) {
		pool = fa_pools_after(look->last);
		if (pool)
			return pool;
		look->dead = true;
		look->last = 0;
	}
	return fa_dead_after(look->last);
}

static void fa_pools_pass(struct fa_pools_look *look, struct fastalloc_pool *pool)
{
	look->last = pool->id;
	if (fa_is_dead(pool))
		fastalloc_pool_put(pool);
}

/*
 * A seq_file with a header and a record for each pool. It goes on after the number of the last
 * pool, so each pool that stays is met exactly once, whatever is created and destroyed
 * meanwhile. The private data is a struct fa_pools_look.
 */
void *fa_pools_seq_start(struct seq_file *m, loff_t *pos)
{
	struct fa_pools_look *look = m->private;
	struct fastalloc_pool *pool;
	loff_t n;

	mutex_lock(&fa_pools_lock);
	if (*pos && *pos == look->pos)
		return fa_pools_look(look);
	look->last = 0;
	look->dead = false;
	look->pos = max(*pos, 1LL);
	if (!*pos)
		return SEQ_START_TOKEN;
	for (n = 1; (pool = fa_pools_look(look)) && n < *pos; n++)
		fa_pools_pass(look, pool);
	return pool;
}

void *fa_pools_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct fa_pools_look *look = m->private;

	look->pos = ++*pos;
	if (v != SEQ_START_TOKEN)
		fa_pools_pass(look, v);
	return fa_pools_look(look);
}

void fa_pools_seq_stop(struct seq_file *m, void *v)
{
	if (v && v != SEQ_START_TOKEN && fa_is_dead(v))
		fastalloc_pool_put(v);
	mutex_unlock(&fa_pools_lock);
}

const char *fa_pools_state(const struct fastalloc_pool *pool)
{
	if (fa_is_dead(pool))
		return "dead";
	return READ_ONCE(pool->deferred.zombie) ? "zombie" : "live";
}
