// SPDX-License-Identifier: GPL-2.0
/* Validates a config, and fills in its defaults. */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/align.h>
#include <linux/ctype.h>
#include <linux/log2.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "config.h"
#include "refill.h"

const char * const fa_sync_names[3] = { "percpu", "spinlock", "none" };
const char * const fa_order_names[3] = { "lifo", "fifo", "lowest" };
const char * const fa_backing_names[3] = { "auto", "pages", "vmalloc" };
const char * const fa_growth_names[4] = { "none", "linear", "exponential", "custom" };
const char * const fa_flag_names[FA_FLAG_NAMES] = {
	"contig", "shrinker", "node", "check", "redzone", "poison", "owner",
	"handles", "typesafe_by_rcu", "init_on_alloc", "init_on_free", "no_init",
	"random", "drop_live", "atomic_grow", "same_name", "index",
	"exact", "trace",
};

#define FA_FLAGS (FASTALLOC_F_CONTIG | FASTALLOC_F_SHRINKER | FASTALLOC_F_NODE | \
		  FASTALLOC_F_DEBUG | FASTALLOC_F_HANDLES | \
		  FASTALLOC_F_TYPESAFE_BY_RCU | FA_FLAGS_INIT | \
		  FASTALLOC_F_NO_INIT | FASTALLOC_F_RANDOM | \
		  FASTALLOC_F_DROP_LIVE | FASTALLOC_F_ATOMIC_GROW | \
		  FASTALLOC_F_SAME_NAME | FASTALLOC_F_INDEX | FASTALLOC_F_EXACT | \
		  FASTALLOC_F_TRACE)

static int fa_check_name(const struct fastalloc_config *cfg)
{
	const char *name = cfg->name, *c;

	if (!name || !*name)
		return fa_refuse(cfg, -EINVAL, "name=%s: must not be empty", name);
	if (strnlen(name, FASTALLOC_NAME_LEN) == FASTALLOC_NAME_LEN) {
		pr_err_ratelimited("pool %.*s: name=%.*s...: longer than %d characters\n",
				   FASTALLOC_NAME_LEN - 1, name, FASTALLOC_NAME_LEN - 1,
				   name, FASTALLOC_NAME_LEN - 1);
		return -ENAMETOOLONG;
	}
	for (c = name; *c; c++) {
		if (*c != '/' && isascii(*c) && isgraph(*c))
			continue;
		pr_err_ratelimited("pool %*pE: name=%*pE: must be printable, without blank or '/'\n",
				   (int)strlen(name), name, (int)strlen(name), name);
		return -EINVAL;
	}
	/* Each would collide with an entry of the debugfs directory. */
	if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "pools") ||
	    !strcmp(name, "json"))
		return fa_refuse(cfg, -EINVAL, "name=%s: is reserved", name);
	return 0;
}

static int fa_check_size(struct fastalloc_config *cfg)
{
	size_t stride, bytes;

	if (!cfg->obj_size)
		return fa_refuse(cfg, -EINVAL, "obj_size=0: must not be zero");
	if (cfg->obj_size > FASTALLOC_MAX_OBJ_SIZE)
		return fa_refuse(cfg, -E2BIG, "obj_size=%zu: more than %u",
				 cfg->obj_size, FASTALLOC_MAX_OBJ_SIZE);
	if (cfg->flex_size > FASTALLOC_MAX_OBJ_SIZE - cfg->obj_size)
		return fa_refuse(cfg, -E2BIG, "flex_size=%zu: with obj_size=%zu more than %u",
				 cfg->flex_size, cfg->obj_size, FASTALLOC_MAX_OBJ_SIZE);

	if (!cfg->type_align)
		cfg->type_align = min_t(size_t, cfg->obj_size & -cfg->obj_size,
					__alignof__(long long));
	/* The alignment of the type is that of the part before the array. */
	cfg->obj_size += cfg->flex_size;
	cfg->flex_size = 0;
	if (!is_power_of_2(cfg->type_align))
		return fa_refuse(cfg, -EINVAL,
				 "type_align=%zu: not a power of two",
				 cfg->type_align);
	if (!cfg->align)
		cfg->align = cfg->type_align;
	if (!is_power_of_2(cfg->align))
		return fa_refuse(cfg, -EINVAL, "align=%zu: not a power of two",
				 cfg->align);
	if (cfg->align < cfg->type_align)
		return fa_refuse(cfg, -EINVAL,
				 "align=%zu: below the natural alignment %zu",
				 cfg->align, cfg->type_align);
	if (cfg->align > PAGE_SIZE)
		return fa_refuse(cfg, -EINVAL, "align=%zu: more than a page",
				 cfg->align);

	if (!cfg->capacity)
		return fa_refuse(cfg, -EINVAL, "capacity=0: must not be zero");
	stride = ALIGN(cfg->obj_size, cfg->align);
	if (check_mul_overflow((size_t)cfg->capacity, stride, &bytes))
		return fa_refuse(cfg, -EOVERFLOW,
				 "capacity=%lu: times %zu bytes overflows",
				 cfg->capacity, stride);
	if (cfg->capacity > FASTALLOC_MAX_OBJECTS)
		return fa_refuse(cfg, -E2BIG, "capacity=%lu: more than %lu",
				 cfg->capacity, FASTALLOC_MAX_OBJECTS);
	return 0;
}

static int fa_check_growth(struct fastalloc_config *cfg)
{
	switch (cfg->growth) {
	case FASTALLOC_GROWTH_NONE:
		break;
	case FASTALLOC_GROWTH_LINEAR:
		if (!cfg->growth_amount)
			return fa_refuse(cfg, -EINVAL,
					 "growth_amount=0: must not be zero");
		break;
	case FASTALLOC_GROWTH_EXPONENTIAL:
		if (!cfg->growth_percent)
			cfg->growth_percent = 200;
		if (cfg->growth_percent <= 100)
			return fa_refuse(cfg, -ERANGE,
					 "growth_percent=%u: not above 100",
					 cfg->growth_percent);
		break;
	case FASTALLOC_GROWTH_CUSTOM:
		if (!cfg->growth_fn)
			return fa_refuse(cfg, -EINVAL,
					 "growth_fn=NULL: wanted by custom growth");
		break;
	default:
		return fa_refuse(cfg, -EINVAL, "growth=%d: unknown", cfg->growth);
	}

	if (cfg->max_capacity > FASTALLOC_MAX_OBJECTS)
		return fa_refuse(cfg, -E2BIG, "max_capacity=%lu: more than %lu",
				 cfg->max_capacity, FASTALLOC_MAX_OBJECTS);
	if (cfg->max_capacity && cfg->max_capacity < cfg->capacity)
		return fa_refuse(cfg, -ERANGE,
				 "max_capacity=%lu: below the capacity %lu",
				 cfg->max_capacity, cfg->capacity);
	if (!cfg->max_capacity)
		cfg->max_capacity = FASTALLOC_MAX_OBJECTS;
	if (cfg->growth == FASTALLOC_GROWTH_NONE)
		cfg->max_capacity = cfg->capacity;

	if (cfg->growth != FASTALLOC_GROWTH_NONE &&
	    cfg->low_water > cfg->max_capacity)
		return fa_refuse(cfg, -ERANGE,
				 "low_water=%lu: above the maximum %lu",
				 cfg->low_water, cfg->max_capacity);
	if (!cfg->low_water)
		cfg->low_water = FA_LOW_WATER(cfg->capacity);
	/* Without growth it has no meaning, but debugfs shows it. */
	cfg->low_water = min(cfg->low_water, cfg->max_capacity);
	return 0;
}

static int fa_check_kind(const struct fastalloc_config *cfg)
{
	if (cfg->sync > FASTALLOC_SYNC_NONE)
		return fa_refuse(cfg, -EINVAL, "sync=%d: unknown", cfg->sync);
	if (cfg->order > FASTALLOC_ORDER_LOWEST)
		return fa_refuse(cfg, -EINVAL, "order=%d: unknown", cfg->order);
	if (cfg->backing > FASTALLOC_BACKING_VMALLOC)
		return fa_refuse(cfg, -EINVAL, "backing=%d: unknown",
				 cfg->backing);
	if (cfg->sync == FASTALLOC_SYNC_PERCPU &&
	    cfg->order != FASTALLOC_ORDER_LIFO)
		return fa_refuse(cfg, -EOPNOTSUPP,
				 "order=%s: per-CPU pools are lifo",
				 fa_order_names[cfg->order]);
	if (cfg->magazine > FASTALLOC_MAX_MAGAZINE)
		return fa_refuse(cfg, -ERANGE, "magazine=%u: more than %u",
				 cfg->magazine, FASTALLOC_MAX_MAGAZINE);

	if (cfg->reserve > FASTALLOC_MAX_OBJECTS)
		return fa_refuse(cfg, -E2BIG, "reserve=%lu: more than %lu",
				 cfg->reserve, FASTALLOC_MAX_OBJECTS);

	if (cfg->flags & ~FA_FLAGS)
		return fa_refuse(cfg, -EINVAL, "flags=%#lx: unknown bits",
				 cfg->flags & ~FA_FLAGS);
	if ((cfg->flags & FASTALLOC_F_CONTIG) &&
	    cfg->order != FASTALLOC_ORDER_LOWEST)
		return fa_refuse(cfg, -EOPNOTSUPP,
				 "flags=%#x: contiguous runs need order lowest, not %s",
				 cfg->flags, fa_order_names[cfg->order]);
	if ((cfg->flags & FASTALLOC_F_SHRINKER) &&
	    (cfg->sync == FASTALLOC_SYNC_NONE ||
	     cfg->growth == FASTALLOC_GROWTH_NONE))
		return fa_refuse(cfg, -EINVAL,
				 "flags=%#x: a shrinker needs a growing pool with a lock",
				 cfg->flags);
	if ((cfg->flags & FA_FLAGS_INIT) && (cfg->flags & FASTALLOC_F_NO_INIT))
		return fa_refuse(cfg, -EINVAL,
				 "flags=%#x: to be zeroed and not to be zeroed",
				 cfg->flags);
	if ((cfg->flags & FA_FLAGS_INIT) && cfg->ctor)
		return fa_refuse(cfg, -EINVAL,
				 "flags=%#x: zeroing would undo the constructor",
				 cfg->flags);
	if ((cfg->flags & FA_FLAGS_INIT) &&
	    (cfg->flags & FASTALLOC_F_TYPESAFE_BY_RCU))
		return fa_refuse(cfg, -EINVAL,
				 "flags=%#x: zeroing would surprise RCU readers",
				 cfg->flags);
	if ((cfg->flags & FASTALLOC_F_RANDOM) &&
	    cfg->order == FASTALLOC_ORDER_LOWEST)
		return fa_refuse(cfg, -EOPNOTSUPP,
				 "flags=%#x: random and lowest exclude each other",
				 cfg->flags);
	if (!cfg->mem_alloc != !cfg->mem_free)
		return fa_refuse(cfg, -EINVAL, "%s=NULL: wanted with %s",
				 cfg->mem_alloc ? "mem_free" : "mem_alloc",
				 cfg->mem_alloc ? "mem_alloc" : "mem_free");
	if (!(cfg->flags & FASTALLOC_F_NODE) && cfg->node && cfg->node != NUMA_NO_NODE)
		return fa_refuse(cfg, -EINVAL, "node=%d: set without FASTALLOC_F_NODE",
				 cfg->node);
	if ((cfg->flags & FASTALLOC_F_NODE) && cfg->node != NUMA_NO_NODE &&
	    (cfg->node < 0 || cfg->node >= MAX_NUMNODES || !node_online(cfg->node)))
		return fa_refuse(cfg, -EINVAL, "node=%d: not online", cfg->node);
	return 0;
}

/* Also fills in the defaults. */
int fa_check_config(struct fastalloc_config *cfg)
{
	return fa_check_name(cfg) ?: fa_check_size(cfg) ?:
	       fa_check_growth(cfg) ?: fa_check_kind(cfg);
}
