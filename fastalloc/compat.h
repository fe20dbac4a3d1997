/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All differences between kernel versions, in one place. features.sh detects features by
 * compiling, since distributions backport changes of later kernels. The comments name the
 * mainline version.
 */
#ifndef FASTALLOC_COMPAT_H
#define FASTALLOC_COMPAT_H

#include <linux/export.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/numa.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/stackdepot.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#include "features.h"
#include "mem.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "fastalloc needs Linux 6.1 or newer"
#endif

/* 6.13 made the namespace a string literal. */
#ifdef FA_HAVE_NS_NAMES
#define FASTALLOC_EXPORT(sym)	EXPORT_SYMBOL_NS_GPL(sym, FASTALLOC)
#else
#define FASTALLOC_EXPORT(sym)	EXPORT_SYMBOL_NS_GPL(sym, "FASTALLOC")
#endif

/* vmalloc_huge_node() came with 6.17; older kernels have no huge mappings by node. */
#ifdef FA_HAVE_VMALLOC_HUGE_NODE
#define FA_HUGE_BY_NODE		true
#else
#define FA_HUGE_BY_NODE		false
#endif

static inline void *fa_vmalloc_huge(size_t bytes, gfp_t gfp, int node)
{
#ifdef FA_HAVE_VMALLOC_HUGE_NODE
	return vmalloc_huge_node(bytes, gfp, node);
#else
	return vmalloc_huge(bytes, gfp);
#endif
}

/*
 * call_rcu() may be lazy on kernels with CONFIG_RCU_LAZY, and then takes seconds.
 * call_rcu_hurry() came with 6.2.
 */
#ifdef FA_HAVE_CALL_RCU_HURRY
#define fa_call_rcu(head, fn)	call_rcu_hurry(head, fn)
#else
#define fa_call_rcu(head, fn)	call_rcu(head, fn)
#endif

/*
 * __stack_depot_save() became stack_depot_save_flags() in 6.8. @alloc: it may allocate a
 * page. Not in NMI, since it takes a raw lock.
 */
#ifdef CONFIG_STACKDEPOT
static inline depot_stack_handle_t fa_depot_save(unsigned long *entries, unsigned int nr,
						 bool alloc)
{
#if defined(FA_HAVE_STACK_DEPOT_SAVE_FLAGS)
	return stack_depot_save_flags(entries, nr, GFP_NOWAIT | __GFP_NOWARN,
				      alloc ? STACK_DEPOT_FLAG_CAN_ALLOC : 0);
#elif defined(FA_HAVE_STACK_DEPOT_EXTRA_BITS)
	return __stack_depot_save(entries, nr, 0, GFP_NOWAIT | __GFP_NOWARN, alloc);
#else
	return __stack_depot_save(entries, nr, GFP_NOWAIT | __GFP_NOWARN, alloc);
#endif
}
#endif

/* Shrinkers are allocated, not embedded, since 6.7. */
#ifdef FA_HAVE_SHRINKER_ALLOC
static inline struct shrinker *fa_shrinker_alloc(const char *name)
{
	return shrinker_alloc(0, "fastalloc-%s", name);
}

static inline int fa_shrinker_register(struct shrinker *s, void *priv,
				       const char *name)
{
	s->private_data = priv;
	shrinker_register(s);
	return 0;
}

static inline void *fa_shrinker_priv(struct shrinker *s)
{
	return s->private_data;
}

static inline void fa_shrinker_free(struct shrinker *s)
{
	shrinker_free(s);
}
#else
struct fa_shrinker {
	struct shrinker	shrinker;
	void		*priv;
};

static inline struct shrinker *fa_shrinker_alloc(const char *name)
{
	struct fa_shrinker *s = fa_kzalloc(sizeof(*s), fa_gfp(GFP_KERNEL), NUMA_NO_NODE);

	return s ? &s->shrinker : NULL;
}

static inline void *fa_shrinker_priv(struct shrinker *s)
{
	return container_of(s, struct fa_shrinker, shrinker)->priv;
}

static inline int fa_shrinker_register(struct shrinker *s, void *priv,
				       const char *name)
{
	int err;

	container_of(s, struct fa_shrinker, shrinker)->priv = priv;
	err = register_shrinker(s, "fastalloc-%s", name);
	if (err)
		kfree(container_of(s, struct fa_shrinker, shrinker));
	return err;
}

static inline void fa_shrinker_free(struct shrinker *s)
{
	unregister_shrinker(s);
	kfree(container_of(s, struct fa_shrinker, shrinker));
}
#endif

/* For the tests. hrtimer_setup() came with 6.13, hrtimer_init() was removed in 6.15. */
#ifdef FA_HAVE_HRTIMER_SETUP
#define fa_hrtimer_setup(timer, fn, clock, mode)	\
	hrtimer_setup(timer, fn, clock, mode)
#else
#define fa_hrtimer_setup(timer, fn, clock, mode)	\
do {							\
	struct hrtimer *__timer = (timer);		\
							\
	hrtimer_init(__timer, clock, mode);		\
	__timer->function = (fn);			\
} while (0)
#endif

#endif /* FASTALLOC_COMPAT_H */
