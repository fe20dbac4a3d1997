// SPDX-License-Identifier: GPL-2.0
/* Pools as their users see them: config, lifetime, objects, hooks, misuse. */
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/nodemask.h>

#include "fastalloc_test.h"

struct config_param {
	const char *desc;
	int err;
	struct fastalloc_config cfg;
};

static unsigned long grow_none(unsigned long capacity, void *arg)
{
	return 0;
}

static void *owner_alloc(size_t size, int node, gfp_t gfp, void *arg)
{
	return alloc_pages_exact(size, gfp);
}

static void owner_free(void *mem, size_t size, void *arg)
{
	free_pages_exact(mem, size);
}

#define LONG31	"0123456789012345678901234567890"

/* A config that is valid except for the given fields. */
#define CONFIG(text, errno, ...)					\
	{ .desc = text, .err = errno,					\
	  .cfg = { .name = "kunit", .sync = FASTALLOC_SYNC_SPINLOCK,	\
		   __VA_ARGS__ } }
#define NAMED(text, errno, nom)						\
	{ .desc = text, .err = errno,					\
	  .cfg = { .name = nom, .sync = FASTALLOC_SYNC_SPINLOCK,	\
		   .obj_size = 8, .capacity = 4 } }
#define SYNC(text, errno, how)						\
	{ .desc = text, .err = errno,					\
	  .cfg = { .name = "kunit", .sync = (how), .obj_size = 8,	\
		   .capacity = 4 } }

static const struct config_param config_params[] = {
	NAMED("name NULL", -EINVAL, NULL),
	NAMED("name empty", -EINVAL, ""),
	NAMED("name with slash", -EINVAL, "a/b"),
	NAMED("name with blank", -EINVAL, "a b"),
	NAMED("name with newline", -EINVAL, "a\nb"),
	NAMED("name not ASCII", -EINVAL, "a\xc3\xa4"),
	NAMED("name dot", -EINVAL, "."),
	NAMED("name dotdot", -EINVAL, ".."),
	NAMED("name pools", -EINVAL, "pools"),
	NAMED("name of 32 characters", -ENAMETOOLONG, LONG31 "x"),
	NAMED("name of 100 characters", -ENAMETOOLONG, LONG31 LONG31 LONG31 "1234567"),
	NAMED("name of 31 characters is fine", 0, LONG31),
	NAMED("name of one character is fine", 0, "x"),
	CONFIG("obj_size 0", -EINVAL, .capacity = 4),
	CONFIG("obj_size 1 MiB + 1", -E2BIG, .obj_size = SZ_1M + 1, .capacity = 4),
	CONFIG("obj_size SIZE_MAX", -E2BIG, .obj_size = SIZE_MAX, .capacity = 4),
	CONFIG("obj_size 1 is fine", 0, .obj_size = 1, .capacity = 4),
	CONFIG("obj_size 1 MiB is fine", 0, .obj_size = SZ_1M, .capacity = 1),
	CONFIG("align 3", -EINVAL, .obj_size = 3, .capacity = 4, .align = 3),
	CONFIG("align 48", -EINVAL, .obj_size = 96, .capacity = 4, .align = 48),
	CONFIG("align below natural", -EINVAL, .obj_size = 16, .capacity = 4, .align = 4),
	CONFIG("align below type_align", -EINVAL, .obj_size = 64, .capacity = 4,
	       .type_align = 64, .align = 32),
	CONFIG("align two pages", -EINVAL, .obj_size = 8, .capacity = 4,
	       .align = 2 * PAGE_SIZE),
	CONFIG("align a page is fine", 0, .obj_size = 8, .capacity = 4, .align = PAGE_SIZE),
	CONFIG("align 4 of 4 is fine", 0, .obj_size = 4, .capacity = 4, .align = 4),
	CONFIG("type_align 12", -EINVAL, .obj_size = 24, .capacity = 4, .type_align = 12),
	CONFIG("type_align two pages", -EINVAL, .obj_size = 8, .capacity = 4,
	       .type_align = 2 * PAGE_SIZE),
	CONFIG("capacity 0", -EINVAL, .obj_size = 8),
	CONFIG("capacity times size overflows", -EOVERFLOW, .obj_size = SZ_1M,
	       .capacity = ULONG_MAX / SZ_1M + 1),
	CONFIG("capacity times stride overflows", -EOVERFLOW, .obj_size = 1,
	       .align = PAGE_SIZE, .capacity = ULONG_MAX / 2),
	CONFIG("capacity above the most", -E2BIG, .obj_size = 1,
	       .capacity = FASTALLOC_MAX_OBJECTS + 1),
	{ .desc = "capacity and reserve above the most", .err = -E2BIG,
	  .cfg = { .name = "kunit", .sync = FASTALLOC_SYNC_PERCPU, .obj_size = 1,
		   .capacity = FASTALLOC_MAX_OBJECTS, .reserve = 10 } },
	CONFIG("max_capacity above the most", -E2BIG, .obj_size = 8, .capacity = 4,
	       .max_capacity = FASTALLOC_MAX_OBJECTS + 1),
	CONFIG("max_capacity below capacity", -ERANGE, .obj_size = 8, .capacity = 4,
	       .max_capacity = 3, .growth = FASTALLOC_GROWTH_EXPONENTIAL),
	CONFIG("max_capacity below capacity, fixed", -ERANGE, .obj_size = 8, .capacity = 4,
	       .max_capacity = 3),
	CONFIG("max_capacity as capacity is fine", 0, .obj_size = 8, .capacity = 4,
	       .max_capacity = 4, .growth = FASTALLOC_GROWTH_EXPONENTIAL),
	CONFIG("linear by 0", -EINVAL, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_LINEAR),
	CONFIG("linear by 1 is fine", 0, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_LINEAR, .growth_amount = 1),
	CONFIG("exponential 100 %", -ERANGE, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_EXPONENTIAL, .growth_percent = 100),
	CONFIG("exponential 1 %", -ERANGE, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_EXPONENTIAL, .growth_percent = 1),
	CONFIG("exponential 101 % is fine", 0, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_EXPONENTIAL, .growth_percent = 101),
	CONFIG("custom without callback", -EINVAL, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_CUSTOM),
	CONFIG("custom with callback is fine", 0, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_CUSTOM, .growth_fn = grow_none),
	CONFIG("growth unknown", -EINVAL, .obj_size = 8, .capacity = 4,
	       .growth = (enum fastalloc_growth)4),
	CONFIG("growth negative", -EINVAL, .obj_size = 8, .capacity = 4,
	       .growth = (enum fastalloc_growth)-1),
	CONFIG("low_water above max_capacity", -ERANGE, .obj_size = 8, .capacity = 4,
	       .max_capacity = 8, .growth = FASTALLOC_GROWTH_EXPONENTIAL, .low_water = 9),
	CONFIG("low_water as max_capacity is fine", 0, .obj_size = 8, .capacity = 4,
	       .max_capacity = 8, .growth = FASTALLOC_GROWTH_EXPONENTIAL, .low_water = 8),
	CONFIG("low_water above capacity is fine", 0, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_EXPONENTIAL, .low_water = 5),
	CONFIG("low_water above the most", -ERANGE, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_EXPONENTIAL,
	       .low_water = FASTALLOC_MAX_OBJECTS + 1),
	CONFIG("low_water of a fixed pool is not looked at", 0, .obj_size = 8, .capacity = 4,
	       .low_water = 5),
	SYNC("sync per-CPU is fine", 0, FASTALLOC_SYNC_PERCPU),
	SYNC("sync unknown", -EINVAL, (enum fastalloc_sync)3),
	SYNC("sync negative", -EINVAL, (enum fastalloc_sync)-1),
	SYNC("sync none is fine", 0, FASTALLOC_SYNC_NONE),
	CONFIG("order unknown", -EINVAL, .obj_size = 8, .capacity = 4,
	       .order = (enum fastalloc_order)3),
	CONFIG("backing unknown", -EINVAL, .obj_size = 8, .capacity = 4,
	       .backing = (enum fastalloc_backing)3),
	{ .desc = "per-CPU with order FIFO", .err = -EOPNOTSUPP,
	  .cfg = { .name = "kunit", .obj_size = 8, .capacity = 4,
		   .order = FASTALLOC_ORDER_FIFO } },
	{ .desc = "per-CPU with order LOWEST", .err = -EOPNOTSUPP,
	  .cfg = { .name = "kunit", .obj_size = 8, .capacity = 4,
		   .order = FASTALLOC_ORDER_LOWEST } },
	{ .desc = "magazine too large", .err = -ERANGE,
	  .cfg = { .name = "kunit", .obj_size = 8, .capacity = 4,
		   .magazine = FASTALLOC_MAX_MAGAZINE + 1 } },
	{ .desc = "largest magazine is fine", .err = 0,
	  .cfg = { .name = "kunit", .obj_size = 8, .capacity = 4,
		   .magazine = FASTALLOC_MAX_MAGAZINE } },
	CONFIG("flags unknown", -EINVAL, .obj_size = 8, .capacity = 4, .flags = BIT(31)),
	CONFIG("first unknown flag", -EINVAL, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_TRACE << 1),
	CONFIG("drop_live is fine", 0, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_DROP_LIVE),
	CONFIG("atomic_grow is fine", 0, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_CUSTOM, .growth_fn = grow_none,
	       .flags = FASTALLOC_F_ATOMIC_GROW),
	CONFIG("atomic_grow of a fixed pool is fine", 0, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_ATOMIC_GROW),
	CONFIG("mem_alloc without mem_free", -EINVAL, .obj_size = 8, .capacity = 4,
	       .mem_alloc = owner_alloc),
	CONFIG("mem_free without mem_alloc", -EINVAL, .obj_size = 8, .capacity = 4,
	       .mem_free = owner_free),
	CONFIG("mem_alloc with mem_free is fine", 0, .obj_size = 8, .capacity = 4,
	       .mem_alloc = owner_alloc, .mem_free = owner_free),
	CONFIG("zeroed on alloc and not", -EINVAL, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_INIT_ON_ALLOC | FASTALLOC_F_NO_INIT),
	CONFIG("zeroed on free and not", -EINVAL, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_INIT_ON_FREE | FASTALLOC_F_NO_INIT),
	CONFIG("zeroed on free for RCU readers", -EINVAL, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_INIT_ON_FREE | FASTALLOC_F_TYPESAFE_BY_RCU),
	CONFIG("zeroed both ways is fine", 0, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_INIT_ON_FREE | FASTALLOC_F_INIT_ON_ALLOC),
	CONFIG("random with LOWEST", -EOPNOTSUPP, .obj_size = 8, .capacity = 4,
	       .order = FASTALLOC_ORDER_LOWEST, .flags = FASTALLOC_F_RANDOM),
	CONFIG("all checks are fine", 0, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_DEBUG | FASTALLOC_F_DROP_LIVE),
	CONFIG("contig with LIFO", -EOPNOTSUPP, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_CONTIG),
	CONFIG("contig with FIFO", -EOPNOTSUPP, .obj_size = 8, .capacity = 4,
	       .order = FASTALLOC_ORDER_FIFO, .flags = FASTALLOC_F_CONTIG),
	CONFIG("contig with LOWEST is fine", 0, .obj_size = 8, .capacity = 4,
	       .order = FASTALLOC_ORDER_LOWEST, .flags = FASTALLOC_F_CONTIG),
	CONFIG("shrinker on a fixed pool", -EINVAL, .obj_size = 8, .capacity = 4,
	       .flags = FASTALLOC_F_SHRINKER),
	{ .desc = "shrinker on sync none", .err = -EINVAL,
	  .cfg = { .name = "kunit", .sync = FASTALLOC_SYNC_NONE, .obj_size = 8, .capacity = 4,
		   .growth = FASTALLOC_GROWTH_EXPONENTIAL,
		   .flags = FASTALLOC_F_SHRINKER } },
	CONFIG("shrinker on a growing pool is fine", 0, .obj_size = 8, .capacity = 4,
	       .growth = FASTALLOC_GROWTH_EXPONENTIAL, .flags = FASTALLOC_F_SHRINKER),
	CONFIG("node beyond all", -EINVAL, .obj_size = 8, .capacity = 4,
	       .node = MAX_NUMNODES, .flags = FASTALLOC_F_NODE),
	CONFIG("node negative", -EINVAL, .obj_size = 8, .capacity = 4,
	       .node = NUMA_NO_NODE - 1, .flags = FASTALLOC_F_NODE),
	CONFIG("node 0 is fine", 0, .obj_size = 8, .capacity = 4, .node = 0,
	       .flags = FASTALLOC_F_NODE),
	CONFIG("any node is fine", 0, .obj_size = 8, .capacity = 4, .node = NUMA_NO_NODE,
	       .flags = FASTALLOC_F_NODE),
	CONFIG("node without flag", -EINVAL, .obj_size = 8, .capacity = 4, .node = 1),
	CONFIG("node beyond all without flag", -EINVAL, .obj_size = 8, .capacity = 4,
	       .node = MAX_NUMNODES),
	CONFIG("node negative without flag", -EINVAL, .obj_size = 8, .capacity = 4,
	       .node = NUMA_NO_NODE - 1),
	CONFIG("any node without flag is fine", 0, .obj_size = 8, .capacity = 4,
	       .node = NUMA_NO_NODE),
	CONFIG("more memory than there is", -ENOMEM, .obj_size = SZ_1M,
	       .capacity = FASTALLOC_MAX_OBJECTS / 2, .backing = FASTALLOC_BACKING_VMALLOC),
	CONFIG("more pages than there are", -ENOMEM, .obj_size = SZ_1M,
	       .capacity = FASTALLOC_MAX_OBJECTS, .backing = FASTALLOC_BACKING_AUTO),
};

static void config_desc(const struct config_param *p, char *desc)
{
	strscpy(desc, p->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(config, config_params, config_desc);

/*
 * Promise: each bad config fails with its errno and leaves nothing behind; a good one
 * works.
 */
static void pool_config(struct kunit *test)
{
	const struct config_param *p = test->param_value;
	struct fastalloc_pool *pool = fastalloc_pool_create(&p->cfg);

	KUNIT_ASSERT_NOT_NULL(test, pool);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), p->err);
	fastalloc_pool_destroy(pool);
	pool = fa_pool_of(test, fa_config(.obj_size = 8, .capacity = 4,
					  .sync = FASTALLOC_SYNC_SPINLOCK));
	fa_must_get(test, pool, GFP_KERNEL);
}

/* Promise: a name in use is refused, and available again after destroy. */
static void pool_name_taken(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.obj_size = 8, .capacity = 4,
						.sync = FASTALLOC_SYNC_SPINLOCK);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct fastalloc_pool *twin = fastalloc_pool_create(&cfg);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(twin), -EEXIST);
	fastalloc_pool_destroy(twin);
	cfg.name = "kunit2";
	fa_pool(test, &cfg);
	fa_pool_gone(test, pool);
	cfg.name = "kunit";
	fa_pool(test, &cfg);
}

/* Promise: the name and the config are copied; the caller may reuse both. */
static void pool_name_copied(struct kunit *test)
{
	char name[] = "kunit-one";
	struct fastalloc_config cfg = {
		.name = name, .obj_size = 8, .capacity = 4,
		.sync = FASTALLOC_SYNC_SPINLOCK,
	};
	struct fastalloc_pool *pool = fa_pool(test, &cfg), *other;

	memcpy(name, "kunit-two", sizeof(name));
	other = fa_pool(test, &cfg);
	memset(&cfg, 0xff, sizeof(cfg));
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 4U);
	KUNIT_EXPECT_EQ(test, fa_drain(test, other, GFP_KERNEL), 4U);
}

/* Promise: FASTALLOC_CONFIG() fills size and natural alignment from the type. */
static void pool_config_of_type(struct kunit *test)
{
	struct line {
		u64 words[5];
	} __aligned(64);
	struct fastalloc_pool *pool;
	unsigned int i;

	pool = fa_pool(test, &FASTALLOC_CONFIG(struct line,
					       .name = "kunit",
					       .capacity = 9,
					       .sync = FASTALLOC_SYNC_NONE));
	for (i = 0; i < 9; i++) {
		struct line *l = fa_must_get(test, pool, GFP_KERNEL);

		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)l, 64));
		memset(l, 0xa5, sizeof(*l));
	}
}

/* Promise: destroy of NULL and of an ERR_PTR, and free of NULL, do nothing. */
static void pool_nothing(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = 8, .capacity = 1,
					   .sync = FASTALLOC_SYNC_SPINLOCK,
					   .order = FASTALLOC_ORDER_LOWEST,
					   .flags = FASTALLOC_F_CONTIG));
	struct fastalloc_stats s;

	fastalloc_pool_destroy(NULL);
	fastalloc_pool_destroy(ERR_PTR(-EINVAL));
	fastalloc_free(pool, NULL);
	fastalloc_free_contig(pool, NULL, 1);
	fastalloc_free_bulk(pool, 0, NULL);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.frees, 0ULL);
}

static struct fa_combo combo_params[] = {
	FA_COMBO(SPINLOCK, LIFO, NONE, VMALLOC, 64, 0),
	FA_COMBO(SPINLOCK, FIFO, NONE, PAGES, 64, 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, AUTO, 64, 0),
	FA_COMBO(NONE, LIFO, NONE, PAGES, 64, 0),
	FA_COMBO(NONE, FIFO, NONE, AUTO, 64, 0),
	FA_COMBO(NONE, LOWEST, NONE, VMALLOC, 64, 0),
};

KUNIT_ARRAY_PARAM(combo, combo_params, fa_combo_desc);

/* Promise: a fixed pool hands out exactly its capacity, each object once. */
static void pool_exact_capacity(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 100, 0));
	unsigned int turn, i;
	struct fa_fix *fix = test->priv;

	for (turn = 0; turn < 3; turn++) {
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
		KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 100U);
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_exhausted(pool));
		for (i = 0; i < 100; i++)
			*(u64 *)fix->held[i].obj = i;
		for (i = 0; i < 100; i++)
			KUNIT_EXPECT_EQ(test, *(u64 *)fix->held[i].obj, (u64)i);
		fa_put_all(test);
	}
}

/* Promise: zalloc zeroes the whole object, whatever it held. */
static void pool_zalloc(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 3, 0));
	unsigned int i;
	void *obj;

	for (i = 0; i < 10; i++) {
		obj = fastalloc_zalloc(pool, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		fa_hold(test, pool, obj);
		KUNIT_EXPECT_TRUE(test, !memchr_inv(obj, 0, c->size));
		memset(obj, 0xff, c->size);
		fa_put(test, pool, obj);
	}
}

/*
 * Promise: a bulk allocation returns all objects or none, each once; a request for 0
 * returns none.
 */
static void pool_bulk(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 100, 0));
	void **objs = fa_mem(test, 100 * sizeof(*objs));
	struct fastalloc_stats s;
	unsigned int turn, got, i;

	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 0, objs);
	KUNIT_EXPECT_EQ(test, got, 0U);
	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 101, objs);
	KUNIT_ASSERT_EQ(test, got, 0U);
	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, UINT_MAX, objs);
	KUNIT_ASSERT_EQ(test, got, 0U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);

	for (turn = 0; turn < 3; turn++) {
		got = fastalloc_alloc_bulk(pool, GFP_KERNEL | __GFP_ZERO, 60, objs);
		KUNIT_ASSERT_EQ(test, got, 60U);
		got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 41, objs + 60);
		KUNIT_ASSERT_EQ(test, got, 0U);
		got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 40, objs + 60);
		KUNIT_ASSERT_EQ(test, got, 40U);
		for (i = 0; i < 60; i++)
			KUNIT_EXPECT_TRUE(test, !memchr_inv(objs[i], 0, c->size));
		for (i = 0; i < 100; i++)
			*(u64 *)objs[i] = i + 1;
		for (i = 0; i < 100; i++)
			KUNIT_EXPECT_EQ(test, *(u64 *)objs[i], i + 1ULL);
		fastalloc_free_bulk(pool, 30, objs);
		fastalloc_free_bulk(pool, 70, objs + 30);
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
	}
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.failures, 5ULL);
	KUNIT_EXPECT_EQ(test, s.allocs, 300ULL);
	KUNIT_EXPECT_EQ(test, s.frees, 300ULL);
}

/* Record of the hooks, and of the context they ran in. */
struct seen {
	atomic_t ctor;
	atomic_t dtor;
	atomic_t acquire;
	atomic_t release;
	int fail_at;
	int err;
	void *last_acquired;
	void *last_released;
	bool odd;
};

#define MADE	0x6d616465U
#define TAKEN	0x74616b65U

static int see_ctor(void *obj, void *arg)
{
	struct seen *s = arg;

	if (s->fail_at && atomic_read(&s->ctor) + 1 == s->fail_at)
		return s->err;
	atomic_inc(&s->ctor);
	*(u32 *)obj = MADE;
	return 0;
}

static void see_dtor(void *obj, void *arg)
{
	struct seen *s = arg;

	if (*(u32 *)obj != MADE)
		s->odd = true;
	*(u32 *)obj = 0;
	atomic_inc(&s->dtor);
}

static void see_acquire(void *obj, void *arg)
{
	struct seen *s = arg;

	/* The object must be constructed, and must not be out. */
	if (*(u32 *)obj != MADE)
		s->odd = true;
	*(u32 *)obj = TAKEN;
	s->last_acquired = obj;
	atomic_inc(&s->acquire);
}

static void see_release(void *obj, void *arg)
{
	struct seen *s = arg;

	if (*(u32 *)obj != TAKEN)
		s->odd = true;
	*(u32 *)obj = MADE;
	s->last_released = obj;
	atomic_inc(&s->release);
}

static struct fastalloc_config hooked(struct fa_combo *c, struct seen *s,
				      unsigned long capacity, unsigned long max)
{
	struct fastalloc_config cfg = fa_combo_config(c, capacity, max);

	cfg.ctor = see_ctor;
	cfg.dtor = see_dtor;
	cfg.on_acquire = see_acquire;
	cfg.on_release = see_release;
	cfg.arg = s;
	return cfg;
}

static struct fa_combo hook_params[] = {
	FA_COMBO(SPINLOCK, LIFO, NONE, AUTO, 64, 0),
	FA_COMBO(NONE, FIFO, LINEAR, VMALLOC, 24, PAGE_SIZE),
	FA_COMBO(SPINLOCK, LOWEST, EXPONENTIAL, PAGES, 4, 128),
};

KUNIT_ARRAY_PARAM(hook, hook_params, fa_combo_desc);

/*
 * Promise: ctor and dtor run once for each object, acquire and release once for each
 * cycle.
 */
static void pool_hooks(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct seen *s = fa_mem(test, sizeof(*s));
	struct fastalloc_config cfg = hooked(c, s, 20, 40);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	void **objs = fa_mem(test, 10 * sizeof(*objs));
	unsigned long total;
	unsigned int got, i, cycles = 0;
	void *obj;

	KUNIT_EXPECT_EQ(test, atomic_read(&s->ctor), 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->acquire), 0);
	for (i = 0; i < 5; i++) {
		obj = fa_must_get(test, pool, GFP_KERNEL);
		KUNIT_EXPECT_PTR_EQ(test, s->last_acquired, obj);
		fa_put(test, pool, obj);
		KUNIT_EXPECT_PTR_EQ(test, s->last_released, obj);
		cycles++;
	}
	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 10, objs);
	KUNIT_ASSERT_EQ(test, got, 10U);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->acquire), 15);
	fastalloc_free_bulk(pool, 10, objs);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->release), 15);
	cycles += 10 + fa_drain(test, pool, GFP_KERNEL);
	fa_put_all(test);

	total = fastalloc_pool_capacity(pool);
	KUNIT_EXPECT_EQ(test, total, c->growth == FASTALLOC_GROWTH_NONE ? 20UL : 40UL);
	KUNIT_EXPECT_EQ(test, (unsigned long)atomic_read(&s->ctor), total);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->dtor), 0);
	KUNIT_EXPECT_EQ(test, (unsigned int)atomic_read(&s->acquire), cycles);
	KUNIT_EXPECT_EQ(test, (unsigned int)atomic_read(&s->release), cycles);
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, (unsigned long)atomic_read(&s->dtor), total);
	KUNIT_EXPECT_EQ(test, (unsigned int)atomic_read(&s->release), cycles);
	KUNIT_EXPECT_FALSE(test, s->odd);
}

/*
 * Promise: if a ctor fails, creation fails with its errno, and dtor runs for exactly
 * the constructed objects.
 */
static void pool_ctor_fails(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct seen *s = fa_mem(test, sizeof(*s));
	struct fastalloc_config cfg = hooked(c, s, 20, 40);
	static const int at[] = { 1, 2, 13, 20 };
	struct fastalloc_pool *pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		memset(s, 0, sizeof(*s));
		s->fail_at = at[i];
		s->err = -ENODEV;
		pool = fastalloc_pool_create(&cfg);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -ENODEV);
		fastalloc_pool_destroy(pool);
		KUNIT_EXPECT_EQ(test, atomic_read(&s->ctor), at[i] - 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&s->dtor), at[i] - 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&s->release), 0);
	}
	/* The name is available again. */
	memset(s, 0, sizeof(*s));
	fa_pool(test, &cfg);
	KUNIT_EXPECT_FALSE(test, s->odd);
}

/* Promise: in a pool of several chunks a late failure of the ctor undoes all of them. */
static void pool_ctor_fails_late(struct kunit *test)
{
	struct seen *s = fa_mem(test, sizeof(*s));
	struct fastalloc_config cfg = fa_config(.obj_size = SZ_512K, .capacity = 24,
						.sync = FASTALLOC_SYNC_SPINLOCK,
						.backing = FASTALLOC_BACKING_PAGES,
						.ctor = see_ctor, .dtor = see_dtor,
						.arg = s);
	struct fastalloc_pool *pool;

	s->fail_at = 24;
	s->err = -EIO;
	pool = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -EIO);
	fastalloc_pool_destroy(pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->ctor), 23);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->dtor), 23);
	KUNIT_EXPECT_FALSE(test, s->odd);
}

static int odd_ctor(void *obj, void *arg)
{
	return *(int *)arg;
}

static void *odd_mem_alloc(size_t size, int node, gfp_t gfp, void *arg)
{
	return ERR_PTR(*(int *)arg);
}

static void odd_mem_free(void *mem, size_t size, void *arg)
{
	*(int *)arg = 0;
}

/* Promise: a result that a constructor or mem_alloc must not return is an error. */
static void pool_odd_results(struct kunit *test)
{
	static const int odd[] = { 1, INT_MAX, -MAX_ERRNO - 1, INT_MIN };
	struct fastalloc_config cfg = fa_config(.obj_size = 4, .capacity = 8,
						.ctor = odd_ctor);
	struct fastalloc_pool *pool;
	unsigned int i;
	int value;

	cfg.arg = &value;
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		value = odd[i];
		pool = fastalloc_pool_create(&cfg);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -EINVAL);
		fastalloc_pool_destroy(pool);
	}
	cfg.ctor = NULL;
	cfg.mem_alloc = odd_mem_alloc;
	cfg.mem_free = odd_mem_free;
	value = -ENOMEM;
	pool = fastalloc_pool_create(&cfg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -ENOMEM);
	fastalloc_pool_destroy(pool);
	/* Nothing was given back. */
	KUNIT_EXPECT_EQ(test, value, -ENOMEM);
}

/* Promise: a constructed object keeps its contents from free to alloc. */
static void pool_stays_constructed(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct seen *s = fa_mem(test, sizeof(*s));
	struct fastalloc_config cfg = fa_combo_config(c, 8, 16);
	struct fastalloc_pool *pool;
	struct fa_fix *fix = test->priv;
	unsigned int turn, i, n;

	cfg.ctor = see_ctor;
	cfg.arg = s;
	pool = fa_pool(test, &cfg);
	for (turn = 0; turn < 3; turn++) {
		n = fa_drain(test, pool, GFP_KERNEL);
		for (i = 0; i < n; i++) {
			u8 *tail = (u8 *)fix->held[i].obj + c->size - 1;

			KUNIT_EXPECT_TRUE(test, *(u32 *)fix->held[i].obj == MADE ||
					  c->size == 4);
			KUNIT_EXPECT_TRUE(test, c->size == 4 || !turn ||
					  *tail == 0x5a);
			if (c->size > 4)
				*tail = 0x5a;
		}
		fa_put_all(test);
	}
	KUNIT_EXPECT_EQ(test, (unsigned long)atomic_read(&s->ctor),
			fastalloc_pool_capacity(pool));
}

/* Promise: stray writes to freed objects do not disturb the pool. */
static void pool_stray_writes(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 50, 0));
	struct fa_fix *fix = test->priv;
	void **objs = fa_mem(test, 50 * sizeof(*objs));
	unsigned int turn, i;

	for (turn = 0; turn < 3; turn++) {
		KUNIT_ASSERT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 50U);
		for (i = 0; i < 50; i++)
			objs[i] = fix->held[i].obj;
		fa_put_all(test);
		for (i = 0; i < 50; i++)
			memset(objs[i], 0x6b + turn, c->size);
	}
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 50U);
	for (i = 0; i < 50; i++)
		*(u64 *)fix->held[i].obj = i;
	for (i = 0; i < 50; i++)
		KUNIT_EXPECT_EQ(test, *(u64 *)fix->held[i].obj, (u64)i);
}

/* Promise: a pool with a ctor refuses to zero its objects. */
static void pool_zalloc_refused(struct kunit *test)
{
	struct seen *s = fa_mem(test, sizeof(*s));
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 4, .sync = FASTALLOC_SYNC_SPINLOCK,
					   .ctor = see_ctor, .arg = s));
	void *objs[2];
	unsigned int got;

	KUNIT_EXPECT_NULL(test, fastalloc_zalloc(pool, GFP_KERNEL));
	got = fastalloc_alloc_bulk(pool, GFP_KERNEL | __GFP_ZERO, 2, objs);
	KUNIT_EXPECT_EQ(test, got, 0U);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
	fa_must_get(test, pool, GFP_KERNEL);
}

/* Promise: frees beyond the number of objects out are refused, one by one and in bulk. */
static void pool_over_free(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 4, 0));
	struct fastalloc_stats s;
	void *objs[5] = { };
	unsigned int got;

	fa_allow_fault("kunit: double free");
	fa_allow_refusal();
	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 4, objs);
	KUNIT_ASSERT_EQ(test, got, 4U);
	objs[4] = objs[0];
	fastalloc_free(pool, objs[0]);
	fastalloc_free(pool, objs[1]);
	if (c->order != FASTALLOC_ORDER_LOWEST) {
		/* Three where two are out: none is freed, or with checks those two. */
		fastalloc_free_bulk(pool, 3, objs + 2);
		fastalloc_pool_stats(pool, &s);
		KUNIT_EXPECT_EQ(test, s.in_use, s.violations ? 0UL : 2UL);
	}
	fastalloc_free_bulk(pool, 2, objs + 2);
	fastalloc_free(pool, objs[2]);
	fastalloc_free(pool, objs[3]);
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.allocs, 4ULL);
	KUNIT_EXPECT_EQ(test, s.frees, 4ULL);
	KUNIT_EXPECT_EQ(test, s.in_use, 0UL);

	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 4U);
	for (got = 0; got < 4; got++)
		*(u64 *)((struct fa_fix *)test->priv)->held[got].obj = got;
	for (got = 0; got < 4; got++)
		KUNIT_EXPECT_EQ(test, *(u64 *)((struct fa_fix *)test->priv)->held[got].obj,
				(u64)got);
}

struct refuse_param {
	const char	*name;
	unsigned int	flags;
	void		(*on_release)(void *obj, void *arg);
};

static void refuse_release(void *obj, void *arg)
{
	++*(unsigned int *)arg;
	memset(obj, 0xee, 24);
}

static const struct refuse_param refuse_params[] = {
	{ "bare", FASTALLOC_F_NO_INIT },
	{ "zeroing", FASTALLOC_F_INIT_ON_ALLOC },
	{ "wiping", FASTALLOC_F_INIT_ON_FREE },
	{ "hook", FASTALLOC_F_NO_INIT, refuse_release },
	{ "handles", FASTALLOC_F_HANDLES, refuse_release },
};

static void refuse_desc(const struct refuse_param *p, char *desc)
{
	strscpy(desc, p->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refuse, refuse_params, refuse_desc);

/*
 * Promise: LOWEST also refuses foreign pointers, pointers into objects and free
 * objects, and leaves memory unchanged.
 */
static void pool_lowest_refuses(struct kunit *test)
{
	const struct refuse_param *p = test->param_value;
	unsigned int *released = fa_mem(test, sizeof(*released));
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = 24, .capacity = 10,
					   .sync = FASTALLOC_SYNC_SPINLOCK,
					   .order = FASTALLOC_ORDER_LOWEST,
					   .flags = FASTALLOC_F_CONTIG | p->flags,
					   .on_release = p->on_release, .arg = released));
	char *a = fa_must_get(test, pool, GFP_KERNEL);
	char *b = fa_must_get(test, pool, GFP_KERNEL);
	char *keep = fa_must_get(test, pool, GFP_KERNEL);
	u64 *foreign = fa_mem(test, 8 * sizeof(*foreign));

	fa_allow_fault("kunit: double free");
	fa_allow_fault("kunit: free of a foreign pointer");
	fa_allow_fault("kunit: free of a pointer into an object");
	fa_allow_refusal();
	fa_put(test, pool, a);
	memset(foreign, 0x77, 8 * sizeof(*foreign));
	memset(b, 0x77, 24);
	memset(keep, 0x77, 24);
	fastalloc_free(pool, a);
	fastalloc_free(pool, foreign);
	fastalloc_free_bulk(pool, 1, (void **)&foreign);
	fastalloc_free_contig(pool, foreign, 2);
	fastalloc_free(pool, b + 8);
	fastalloc_free(pool, b + 1);
	fastalloc_free(pool, a - 24);
	fastalloc_free(pool, a + 10 * 24);
	fastalloc_free_contig(pool, a, 2);
	fastalloc_free_contig(pool, b, 3);
	fastalloc_free_contig(pool, b, 100);
	fastalloc_free_contig(pool, b, UINT_MAX);
	fastalloc_free_contig(pool, b, 0);
	KUNIT_EXPECT_EQ(test, *released, p->on_release ? 1U : 0U);
	KUNIT_EXPECT_NULL(test, memchr_inv(foreign, 0x77, 8 * sizeof(*foreign)));
	KUNIT_EXPECT_NULL(test, memchr_inv(b, 0x77, 24));
	KUNIT_EXPECT_NULL(test, memchr_inv(keep, 0x77, 24));
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 2UL);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 8U);
	KUNIT_EXPECT_NULL(test, fa_get(test, pool, GFP_KERNEL));
	fa_put(test, pool, keep);
	KUNIT_EXPECT_PTR_EQ(test, fa_get(test, pool, GFP_KERNEL), keep);
}

static struct fa_combo contig_params[] = {
	FA_COMBO(SPINLOCK, LOWEST, NONE, VMALLOC, 64, 0),
	FA_COMBO(NONE, LOWEST, NONE, PAGES, 20, 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, AUTO, 100, 128),
};

KUNIT_ARRAY_PARAM(contig, contig_params, fa_combo_desc);

/* Promise: a run is contiguous, at one stride, and the lowest one that is long enough. */
static void pool_contig(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 200, 0);
	size_t stride = fa_combo_stride(c);
	struct fastalloc_pool *pool;
	char *all, *run;
	unsigned int i;

	cfg.flags = FASTALLOC_F_CONTIG;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_KERNEL, 201));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_KERNEL, UINT_MAX));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_KERNEL, 0));
	all = fastalloc_alloc_contig(pool, GFP_KERNEL, 200);
	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 200UL);
	memset(all, 0x77, 200 * stride);

	/* Free runs of 3 at 10, of 70 at 50 (across words of the bitmap), of 5 at 190. */
	fastalloc_free_contig(pool, all + 10 * stride, 3);
	fastalloc_free_contig(pool, all + 50 * stride, 70);
	for (i = 190; i < 195; i++)
		fastalloc_free(pool, all + i * stride);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_KERNEL, 71));
	run = fastalloc_alloc_contig(pool, GFP_KERNEL | __GFP_ZERO, 70);
	KUNIT_EXPECT_PTR_EQ(test, run, all + 50 * stride);
	for (i = 0; run && i < 70; i++)
		KUNIT_EXPECT_TRUE(test, !memchr_inv(run + i * stride, 0, c->size));
	run = fastalloc_alloc_contig(pool, GFP_KERNEL, 4);
	KUNIT_EXPECT_PTR_EQ(test, run, all + 190 * stride);
	run = fastalloc_alloc_contig(pool, GFP_KERNEL, 2);
	KUNIT_EXPECT_PTR_EQ(test, run, all + 10 * stride);
	/* Single objects: what is left at 12 and at 194. */
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_alloc(pool, GFP_KERNEL), all + 12 * stride);
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_alloc(pool, GFP_KERNEL), all + 194 * stride);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_exhausted(pool));
	fastalloc_free_contig(pool, all, 200);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
}

/* Promise: a pool that was not made for contiguous runs refuses them. */
static void pool_contig_refused(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 10, 0));
	void *obj;

	KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_KERNEL, 2));
	obj = fa_must_get(test, pool, GFP_KERNEL);
	fastalloc_free_contig(pool, obj, 1);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
}

/* Promise: a run never crosses chunks; a pool that can grow gets a chunk that fits. */
static void pool_contig_grows(struct kunit *test)
{
	struct seen *s = fa_mem(test, sizeof(*s));
	struct fastalloc_config cfg =
		fa_config(.align = PAGE_SIZE, .capacity = 8, .max_capacity = 64,
			  .growth_amount = 4, .low_water = 1,
			  .sync = FASTALLOC_SYNC_SPINLOCK,
			  .order = FASTALLOC_ORDER_LOWEST, .flags = FASTALLOC_F_CONTIG,
			  .on_acquire = see_acquire, .on_release = see_release,
			  .ctor = see_ctor, .arg = s);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct fastalloc_stats st;
	char *run;

	/* A run of 20, with 8 free in one chunk and growth by 4. */
	run = fastalloc_alloc_contig(pool, GFP_KERNEL, 20);
	KUNIT_ASSERT_NOT_NULL(test, run);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->acquire), 20);
	fastalloc_pool_stats(pool, &st);
	KUNIT_EXPECT_EQ(test, st.in_use, 20UL);
	KUNIT_EXPECT_EQ(test, st.capacity, 28UL);
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_contig(pool, GFP_KERNEL, 64));
	fastalloc_free_contig(pool, run, 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->release), 20);

	/*
	 * A call that may not take memory (gfp 0) tells the worker the size of the run.
	 */
	run = NULL;
	KUNIT_EXPECT_TRUE(test, fa_await((run = fastalloc_alloc_contig(pool, 0, 30))));
	fastalloc_free_contig(pool, run, 30);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
	KUNIT_EXPECT_LE(test, fastalloc_pool_capacity(pool), 64UL);
	KUNIT_EXPECT_FALSE(test, s->odd);
}

/* Promise: capacity, available, allocated and the flags agree at every step. */
static void pool_queries(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 5, 0));
	unsigned long out;

	for (out = 0; out <= 5; out++) {
		KUNIT_EXPECT_EQ(test, fastalloc_pool_capacity(pool), 5UL);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), out);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_available(pool), 5 - out);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_is_idle(pool), !out);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_is_exhausted(pool), out == 5);
		KUNIT_EXPECT_FALSE(test, fastalloc_pool_can_grow(pool));
		if (out < 5)
			fa_must_get(test, pool, GFP_KERNEL);
	}
}

/* Promise: GFP_NOIO and GFP_NOFS let a pool grow, within their limits. */
static void pool_grows_noio(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_NOIO, GFP_NOFS, GFP_KERNEL | __GFP_ACCOUNT };
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.align = PAGE_SIZE, .capacity = 1,
					   .growth_amount = 1,
					   .sync = FASTALLOC_SYNC_SPINLOCK,
					   .backing = FASTALLOC_BACKING_VMALLOC));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		fa_must_get(test, pool, gfps[i]);
		fa_must_get(test, pool, gfps[i]);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 6UL);
}

static struct fa_combo leak_params[] = {
	FA_COMBO(SPINLOCK, LIFO, LINEAR, AUTO, 64, 0),
	FA_COMBO(NONE, LOWEST, NONE, AUTO, 64, 0),
};

KUNIT_ARRAY_PARAM(leak, leak_params, fa_combo_desc);

/*
 * Promise: with DROP_LIVE destroy warns with the number of objects out, releases those
 * and destructs all.
 */
static void pool_destroyed_with_objects_out(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct seen *s = fa_mem(test, sizeof(*s));
	struct fastalloc_config cfg = hooked(c, s, 10, 10);
	struct fastalloc_pool *pool;
	unsigned int i;

	cfg.flags |= FASTALLOC_F_DROP_LIVE;
	pool = fa_pool(test, &cfg);
	for (i = 0; i < 7; i++)
		fa_must_get(test, pool, GFP_KERNEL);
	/* Some allocated again, some free again, some never allocated. */
	for (i = 0; i < 4; i++)
		fa_put(test, pool, ((struct fa_fix *)test->priv)->held[i].obj);
	fa_must_get(test, pool, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, atomic_read(&s->acquire), 8);
	KUNIT_ASSERT_EQ(test, atomic_read(&s->release), 4);
	((struct fa_fix *)test->priv)->nr_held = 0;

	fa_expect_splat("pool kunit destroyed with 4 objects out");
	fa_pool_gone(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->release), 8);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->dtor), 10);
	KUNIT_EXPECT_FALSE(test, s->odd);
}

/*
 * Promise: with FASTALLOC_F_RANDOM new objects, also those of growth, come in an
 * unpredictable order, each once. In a good shuffle only few of so many objects stay
 * next to their neighbour.
 */
static void pool_random(struct kunit *test)
{
	static const struct {
		enum fastalloc_sync	sync;
		enum fastalloc_order	order;
	} kinds[] = {
		{ FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_LIFO },
		{ FASTALLOC_SYNC_NONE, FASTALLOC_ORDER_FIFO },
		{ FASTALLOC_SYNC_PERCPU, FASTALLOC_ORDER_LIFO },
	};
	unsigned int i, k, near, got;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fastalloc_pool *pool =
			fa_pool_of(test, fa_config(.name = "random", .capacity = 1000,
						   .max_capacity = 2000,
						   .growth_amount = 1000,
						   .sync = kinds[i].sync,
						   .order = kinds[i].order,
						   .flags = FASTALLOC_F_RANDOM));
		struct fa_fix *fix = test->priv;

		got = fa_drain(test, pool, GFP_KERNEL);
		KUNIT_EXPECT_GE(test, got, 2000U);
		for (k = 1, near = 0; k < got; k++)
			near += abs(fix->held[k].obj - fix->held[k - 1].obj) < 256;
		KUNIT_EXPECT_LT(test, near, got / 10);
		for (k = 0; k < got; k++)
			*(u32 *)fix->held[k].obj = k;
		for (k = 0; k < got; k++)
			KUNIT_ASSERT_EQ(test, *(u32 *)fix->held[k].obj, k);
		while (fix->nr_held--)
			fastalloc_free(pool, fix->held[fix->nr_held].obj);
		fix->nr_held = 0;
		KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
		KUNIT_EXPECT_GT(test, fastalloc_pool_trim(pool), 0UL);
		fa_pool_gone(test, pool);
	}
}

static struct kunit_case pool_cases[] = {
	KUNIT_CASE_PARAM(pool_config, config_gen_params),
	KUNIT_CASE(pool_name_taken),
	KUNIT_CASE(pool_name_copied),
	KUNIT_CASE(pool_config_of_type),
	KUNIT_CASE(pool_nothing),
	KUNIT_CASE_PARAM(pool_exact_capacity, combo_gen_params),
	KUNIT_CASE_PARAM(pool_zalloc, combo_gen_params),
	KUNIT_CASE_PARAM(pool_bulk, combo_gen_params),
	KUNIT_CASE_PARAM(pool_hooks, hook_gen_params),
	KUNIT_CASE_PARAM(pool_ctor_fails, hook_gen_params),
	KUNIT_CASE(pool_odd_results),
	KUNIT_CASE(pool_ctor_fails_late),
	KUNIT_CASE_PARAM(pool_stays_constructed, hook_gen_params),
	KUNIT_CASE_PARAM(pool_stray_writes, combo_gen_params),
	KUNIT_CASE(pool_zalloc_refused),
	KUNIT_CASE_PARAM(pool_over_free, combo_gen_params),
	KUNIT_CASE_PARAM(pool_lowest_refuses, refuse_gen_params),
	KUNIT_CASE_PARAM(pool_contig, contig_gen_params),
	KUNIT_CASE_PARAM(pool_contig_refused, combo_gen_params),
	KUNIT_CASE(pool_contig_grows),
	KUNIT_CASE_PARAM(pool_queries, combo_gen_params),
	KUNIT_CASE(pool_grows_noio),
	KUNIT_CASE(pool_random),
	KUNIT_CASE_PARAM(pool_destroyed_with_objects_out, leak_gen_params),
	{ }
};

static struct kunit_suite pool_suite = {
	.name = "fastalloc_pool",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = pool_cases,
};

kunit_test_suite(pool_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of pools");
MODULE_LICENSE("GPL");
