/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the suites: a fixture that frees everything that a case has left, also when
 * an assertion ended the case early, and the configurations that cases are parametrised
 * over.
 */
#ifndef FASTALLOC_TEST_H
#define FASTALLOC_TEST_H

#include <linux/align.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "fastalloc_ktest.h"

#define FA_TEST_POOLS	4
#define FA_TEST_MEMS	16
#define FA_TEST_HELD	4096

/* Time for a condition to come true on a slow emulated machine. */
#define FA_TEST_PATIENCE	(60 * HZ)

/**
 * struct fa_fix - what a case holds, released by the suite's exit
 * @pool: pools to destroy
 * @mem: memory for kvfree()
 * @held: objects allocated, in order of allocation
 * @nr_held: number of objects in @held
 */
struct fa_fix {
	struct fastalloc_pool	*pool[FA_TEST_POOLS];
	void			*mem[FA_TEST_MEMS];
	struct {
		struct fastalloc_pool	*pool;
		void			*obj;
	}			held[FA_TEST_HELD];
	unsigned int		nr_held;
};

static __maybe_unused int fa_fix_init(struct kunit *test)
{
	struct fa_fix *fix = kvzalloc(sizeof(*fix), GFP_KERNEL);

	test->priv = fix;
	return fix ? 0 : -ENOMEM;
}

static __maybe_unused void fa_fix_exit(struct kunit *test)
{
	struct fa_fix *fix = test->priv;
	unsigned int i;

	if (!fix)
		return;
	while (fix->nr_held--)
		fastalloc_free(fix->held[fix->nr_held].pool,
			       fix->held[fix->nr_held].obj);
	for (i = 0; i < FA_TEST_POOLS; i++)
		fastalloc_pool_destroy(fix->pool[i]);
	for (i = 0; i < FA_TEST_MEMS; i++)
		kvfree(fix->mem[i]);
	kvfree(fix);
	test->priv = NULL;
}

static inline struct fastalloc_config fa_config_defaults(struct fastalloc_config cfg)
{
	cfg.name = cfg.name ?: "kunit";
	cfg.obj_size = cfg.obj_size ?: 64;
	if (cfg.growth_amount && cfg.growth == FASTALLOC_GROWTH_NONE)
		cfg.growth = FASTALLOC_GROWTH_LINEAR;
	return cfg;
}

/*
 * A config with the given members. The name defaults to "kunit" and obj_size to 64. If
 * growth_amount is set without growth, the pool grows linearly.
 */
#define fa_config(...)							\
	fa_config_defaults((struct fastalloc_config) { __VA_ARGS__ })

/* Creates a pool; a failure ends the case. The pool is destroyed with the case. */
static __maybe_unused struct fastalloc_pool *
fa_pool(struct kunit *test, const struct fastalloc_config *cfg)
{
	struct fa_fix *fix = test->priv;
	struct fastalloc_pool *pool;
	unsigned int i = 0;

	while (i < FA_TEST_POOLS && fix->pool[i])
		i++;
	KUNIT_ASSERT_TRUE(test, i < FA_TEST_POOLS);
	pool = fastalloc_pool_create(cfg);
	KUNIT_ASSERT_TRUE_MSG(test, !IS_ERR_OR_NULL(pool), "create: %ld",
			      PTR_ERR(pool));
	fix->pool[i] = pool;
	return pool;
}

/* Likewise, with a config passed by value. */
static inline struct fastalloc_pool *
fa_pool_of(struct kunit *test, struct fastalloc_config cfg)
{
	return fa_pool(test, &cfg);
}

/* Destroys a pool of fa_pool() before the case ends. */
static __maybe_unused void fa_pool_gone(struct kunit *test,
					struct fastalloc_pool *pool)
{
	struct fa_fix *fix = test->priv;
	unsigned int i;

	for (i = 0; i < FA_TEST_POOLS; i++) {
		if (fix->pool[i] == pool)
			fix->pool[i] = NULL;
	}
	fastalloc_pool_destroy(pool);
}

/* Zeroed memory, freed with the case. */
static __maybe_unused void *fa_mem(struct kunit *test, size_t bytes)
{
	struct fa_fix *fix = test->priv;
	unsigned int i = 0;

	while (i < FA_TEST_MEMS && fix->mem[i])
		i++;
	KUNIT_ASSERT_TRUE(test, i < FA_TEST_MEMS);
	fix->mem[i] = kvzalloc(bytes, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fix->mem[i]);
	return fix->mem[i];
}

static __maybe_unused void fa_hold(struct kunit *test,
				   struct fastalloc_pool *pool, void *obj)
{
	struct fa_fix *fix = test->priv;

	KUNIT_ASSERT_TRUE(test, fix->nr_held < FA_TEST_HELD);
	fix->held[fix->nr_held].pool = pool;
	fix->held[fix->nr_held++].obj = obj;
}

/* Allocates an object, or returns NULL. The object is freed with the case. */
static __maybe_unused void *fa_get(struct kunit *test,
				   struct fastalloc_pool *pool, gfp_t gfp)
{
	void *obj = fastalloc_alloc(pool, gfp);

	if (obj)
		fa_hold(test, pool, obj);
	return obj;
}

/* Allocates an object; a failure ends the case. */
static __maybe_unused void *fa_must_get(struct kunit *test,
					struct fastalloc_pool *pool, gfp_t gfp)
{
	void *obj = fa_get(test, pool, gfp);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	return obj;
}

/* Removes an object of fa_get() from the fixture: the case frees it by other means. */
static __maybe_unused void fa_unhold(struct kunit *test, void *obj)
{
	struct fa_fix *fix = test->priv;
	unsigned int i;

	for (i = fix->nr_held; i--;) {
		if (fix->held[i].obj != obj)
			continue;
		fix->nr_held--;
		memmove(&fix->held[i], &fix->held[i + 1],
			(fix->nr_held - i) * sizeof(fix->held[0]));
		return;
	}
	KUNIT_FAIL(test, "object %p was not held", obj);
}

static __maybe_unused void fa_put(struct kunit *test,
				  struct fastalloc_pool *pool, void *obj)
{
	fa_unhold(test, obj);
	fastalloc_free(pool, obj);
}

/* Frees all objects of fa_get(), oldest first. */
static __maybe_unused void fa_put_all(struct kunit *test)
{
	struct fa_fix *fix = test->priv;
	unsigned int i;

	for (i = 0; i < fix->nr_held; i++)
		fastalloc_free(fix->held[i].pool, fix->held[i].obj);
	fix->nr_held = 0;
}

/* Allocates objects until that fails. Returns their number. */
static __maybe_unused unsigned int
fa_drain(struct kunit *test, struct fastalloc_pool *pool, gfp_t gfp)
{
	unsigned int n = 0;

	while (fa_get(test, pool, gfp))
		n++;
	return n;
}

/* Returns when the worker has done everything that it has been asked for. */
#define fa_settle(pool)							\
	do {								\
		struct fastalloc_pool *__pool = pool;			\
									\
		irq_work_sync(&__pool->refill.grower.irq);		\
		flush_work(&__pool->refill.grower.work);		\
	} while (0)

/* The root for file names: a kernel thread may have a different one. */
static struct path fa_root;

/* suite_init runs in the task that loads the module. */
static __maybe_unused int fa_root_init(struct kunit_suite *suite)
{
	get_fs_root(current->fs, &fa_root);
	return 0;
}

static __maybe_unused void fa_root_exit(struct kunit_suite *suite)
{
	path_put(&fa_root);
	/* In a kernel thread, files are closed later, and keep the module until then. */
	flush_delayed_fput();
}

/*
 * Keeps this thread, which is that of one case, on its CPU: objects in the cache of another
 * one could not be allocated. Returns 0 or an errno.
 */
static __maybe_unused int fa_stay_here(void)
{
	return set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
}

/* Waits until @cond holds; false if it does not within FA_TEST_PATIENCE. */
#define fa_await(cond)							\
({									\
	unsigned long __end = jiffies + FA_TEST_PATIENCE;		\
	bool __last, __met;						\
									\
	do {								\
		__last = time_after(jiffies, __end);			\
		__met = (cond);						\
		if (!__met)						\
			usleep_range(100, 500);				\
	} while (!__met && !__last);					\
	__met;								\
})

/* Tells the checker of the kernel log that exactly one such splat must follow. */
#define fa_expect_splat(fmt, ...)					\
	pr_info("FASTALLOC-EXPECT: " fmt "\n", ##__VA_ARGS__)

/*
 * Tells it that such faults may be reported, if the pool has checks: with sanitizers in
 * the kernel all pools have.
 */
#define fa_allow_fault(fmt, ...)					\
	pr_info("FASTALLOC-ALLOW: fault in pool " fmt "\n", ##__VA_ARGS__)

/* Tells it that the pool "kunit" refuses a free without any checks enabled. */
#define fa_allow_refusal()						\
	pr_info("FASTALLOC-ALLOW: pool kunit: free of\n")

/* Tells it that the pool "kunit" finds its count of free objects wrong. */
#define fa_allow_miscount()						\
	do {								\
		pr_info("FASTALLOC-ALLOW: pool kunit: more objects freed\n");	\
		pr_info("FASTALLOC-ALLOW: pool kunit: free objects are missing\n"); \
	} while (0)

/**
 * struct fa_combo - a configuration to run a case with
 * @sync: how calls are synchronised
 * @order: which object is allocated next
 * @growth: how the pool grows
 * @backing: where memory comes from
 * @size: size of an object in bytes
 * @align: requested alignment; 0: natural
 */
struct fa_combo {
	enum fastalloc_sync	sync;
	enum fastalloc_order	order;
	enum fastalloc_growth	growth;
	enum fastalloc_backing	backing;
	size_t			size;
	size_t			align;
};

#define FA_COMBO(_sync, _order, _growth, _backing, _size, _align)	\
	{ .sync = FASTALLOC_SYNC_##_sync,				\
	  .order = FASTALLOC_ORDER_##_order,				\
	  .growth = FASTALLOC_GROWTH_##_growth,				\
	  .backing = FASTALLOC_BACKING_##_backing,			\
	  .size = (_size), .align = (_align) }

static const char * const fa_sync_word[] = { "percpu", "spinlock", "none" };
static const char * const fa_order_word[] = { "lifo", "fifo", "lowest" };
static const char * const fa_growth_word[] = { "fixed", "linear", "exp", "custom" };
static const char * const fa_backing_word[] = { "auto", "pages", "vmalloc" };

static __maybe_unused void fa_combo_desc(struct fa_combo *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s/%s/%s/%s/%zu/%zu",
		 fa_sync_word[c->sync], fa_order_word[c->order],
		 fa_growth_word[c->growth], fa_backing_word[c->backing],
		 c->size, c->align);
}

/* The alignment of objects of @size if none is requested. */
static inline size_t fa_natural(size_t size)
{
	return min_t(size_t, size & -size, __alignof__(long long));
}

static inline size_t fa_combo_align(const struct fa_combo *c)
{
	return c->align ? c->align : fa_natural(c->size);
}

static inline size_t fa_combo_stride(const struct fa_combo *c)
{
	return ALIGN(c->size, fa_combo_align(c));
}

/* Growing pools with objects of a page each, so that growth adds small chunks. */
static __maybe_unused struct fa_combo fa_growing_params[] = {
	FA_COMBO(PERCPU, LIFO, LINEAR, AUTO, 32, PAGE_SIZE),
	FA_COMBO(SPINLOCK, LIFO, LINEAR, PAGES, 32, PAGE_SIZE),
	FA_COMBO(SPINLOCK, LOWEST, LINEAR, VMALLOC, 32, PAGE_SIZE),
	FA_COMBO(NONE, FIFO, LINEAR, AUTO, 32, PAGE_SIZE),
};

/* The CUSTOM growth rule of these tests: a quarter of the capacity, and one. */
static __maybe_unused unsigned long fa_quarter(unsigned long capacity, void *arg)
{
	return capacity / 4 + 1;
}

/*
 * The capacity of a pool of fa_combo_config() after one growth. It adds the objects
 * that its rule asks for, of @stride bytes each, and fills their last page.
 */
static __maybe_unused unsigned long fa_combo_next(const struct fa_combo *c,
						  unsigned long capacity,
						  unsigned long max, size_t stride)
{
	unsigned long add = 0;

	switch (c->growth) {
	case FASTALLOC_GROWTH_LINEAR:
		add = 7;
		break;
	case FASTALLOC_GROWTH_EXPONENTIAL:
		add = capacity / 2;
		break;
	case FASTALLOC_GROWTH_CUSTOM:
		add = fa_quarter(capacity, NULL);
		break;
	default:
		break;
	}
	return min(capacity + PAGE_ALIGN(add * stride) / stride, max);
}

/*
 * The worker grows these pools only when they are empty, until they have grown much:
 * the low-water mark rises with the capacity.
 */
static __maybe_unused struct fastalloc_config
fa_combo_config(const struct fa_combo *c, unsigned long capacity,
		unsigned long max)
{
	/* NO_INIT: do not depend on the kernel's default for zeroing. */
	struct fastalloc_config cfg =
		fa_config(.obj_size = c->size, .align = c->align, .capacity = capacity,
			  .sync = c->sync, .order = c->order, .growth = c->growth,
			  .backing = c->backing, .flags = FASTALLOC_F_NO_INIT);

	if (c->growth != FASTALLOC_GROWTH_NONE) {
		cfg.max_capacity = max;
		cfg.growth_amount = 7;
		cfg.growth_percent = 150;
		cfg.growth_fn = fa_quarter;
		cfg.low_water = 1;
	}
	return cfg;
}

#endif /* FASTALLOC_TEST_H */
