// SPDX-License-Identifier: GPL-2.0
/*
 * The inline paths: which of them zero an object, and calls that rely on preemption being
 * off. Stock kernels boot with init_on_alloc=1, UML and the debug kernels with 0; what the
 * pools have to do does not depend on it, except where a case says so.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include <linux/fastalloc_typed.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

#define DIRT		0x99
#define CAPACITY	64
/* More than a magazine and its spare, so that the slow paths run as well. */
#define OUT		48

/* Of odd size: no word of the object may be left out. */
struct odd {
	u8 byte[83];
};

struct even {
	u64 word[8];
};

/* With a flexible array, pools have objects that are larger than the type. */
struct tail {
	u32 nr;
	u32 of[];
};

DEFINE_FASTALLOC_POOL_TYPE(odd, struct odd);
DEFINE_FASTALLOC_POOL_TYPE(even, struct even);
DEFINE_FASTALLOC_POOL_TYPE(tail, struct tail);

/* How an allocation, and the free that belongs to it, are called. */
enum way {
	WAY_INLINE,
	WAY_CALL,
	WAY_NOPREEMPT,
	WAY_OWNER,
	WAY_TYPED,
	WAY_TYPED_NOPREEMPT,
	WAY_TYPED_OWNER,
	WAY_ZALLOC,
	WAY_BULK,
	WAY_BULK_SOME,
	NR_WAYS
};

static const char * const way_word[] = {
	"inline", "call", "nopreempt", "owner", "typed", "typed nopreempt", "typed owner",
	"zalloc", "bulk", "bulk_some",
};

/* Allocates an object in one of the typed ways. */
#define DEFINE_ALLOC_TYPED(_name)						\
static void *_name##_alloc_by(struct fastalloc_pool *base, enum way way)	\
{										\
	struct _name##_pool *pool = _name##_pool_from_base(base);		\
										\
	switch (way) {								\
	case WAY_TYPED:								\
		return _name##_alloc(pool, GFP_ATOMIC);				\
	case WAY_TYPED_OWNER:							\
		return __##_name##_alloc(pool, GFP_ATOMIC);			\
	default:								\
		return _name##_alloc_nopreempt(pool, GFP_ATOMIC);		\
	}									\
}

DEFINE_ALLOC_TYPED(odd)
DEFINE_ALLOC_TYPED(even)
DEFINE_ALLOC_TYPED(tail)

static void *alloc_typed(struct fastalloc_pool *pool, enum way way)
{
	switch (fastalloc_pool_obj_size(pool)) {
	case sizeof(struct odd):
		return odd_alloc_by(pool, way);
	case sizeof(struct even):
		return even_alloc_by(pool, way);
	default:
		return tail_alloc_by(pool, way);
	}
}

static void *alloc_by(struct fastalloc_pool *pool, enum way way)
{
	void *obj = NULL;

	preempt_disable();
	switch (way) {
	case WAY_INLINE:
		obj = fastalloc_alloc(pool, GFP_ATOMIC);
		break;
	case WAY_CALL:
		obj = fastalloc_alloc_call(pool, GFP_ATOMIC);
		break;
	case WAY_NOPREEMPT:
		obj = fastalloc_alloc_nopreempt(pool, GFP_ATOMIC);
		break;
	case WAY_OWNER:
		obj = __fastalloc_alloc(pool, GFP_ATOMIC);
		break;
	case WAY_ZALLOC:
		obj = fastalloc_zalloc(pool, GFP_ATOMIC);
		break;
	case WAY_BULK:
		if (!fastalloc_alloc_bulk(pool, GFP_ATOMIC, 1, &obj))
			obj = NULL;
		break;
	case WAY_BULK_SOME:
		if (!fastalloc_alloc_bulk_some(pool, GFP_ATOMIC, 1, &obj))
			obj = NULL;
		break;
	default:
		obj = alloc_typed(pool, way);
		break;
	}
	preempt_enable();
	return obj;
}

static void free_by(struct fastalloc_pool *pool, enum way way, void *obj)
{
	switch (way) {
	case WAY_NOPREEMPT:
	case WAY_TYPED_NOPREEMPT:
		preempt_disable();
		fastalloc_free_nopreempt(pool, obj);
		preempt_enable();
		break;
	case WAY_CALL:
		fastalloc_free_call(pool, obj);
		break;
	case WAY_OWNER:
	case WAY_TYPED_OWNER:
		__fastalloc_free(pool, obj);
		break;
	case WAY_BULK:
	case WAY_BULK_SOME:
		fastalloc_free_bulk(pool, 1, &obj);
		break;
	default:
		fastalloc_free(pool, obj);
		break;
	}
}

static bool all_are(const void *obj, u8 byte, size_t size)
{
	return !memchr_inv(obj, byte, size);
}

/**
 * struct shape - a pool whose objects may have to be zeroed
 * @sync: how calls are synchronised
 * @order: which object is allocated next
 * @size: size of an object in bytes
 */
struct shape {
	enum fastalloc_sync	sync;
	enum fastalloc_order	order;
	size_t			size;
};

static const struct shape shapes[] = {
	{ FASTALLOC_SYNC_PERCPU, FASTALLOC_ORDER_LIFO, sizeof(struct odd) },
	{ FASTALLOC_SYNC_PERCPU, FASTALLOC_ORDER_LIFO, sizeof(struct even) },
	{ FASTALLOC_SYNC_PERCPU, FASTALLOC_ORDER_LIFO, 1000 },
	{ FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_LIFO, sizeof(struct odd) },
	{ FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_LIFO, sizeof(struct even) },
	{ FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_FIFO, 1000 },
	{ FASTALLOC_SYNC_SPINLOCK, FASTALLOC_ORDER_LOWEST, sizeof(struct even) },
	{ FASTALLOC_SYNC_NONE, FASTALLOC_ORDER_LIFO, sizeof(struct odd) },
	{ FASTALLOC_SYNC_NONE, FASTALLOC_ORDER_LIFO, sizeof(struct even) },
	{ FASTALLOC_SYNC_NONE, FASTALLOC_ORDER_LIFO, 1000 },
	{ FASTALLOC_SYNC_NONE, FASTALLOC_ORDER_FIFO, sizeof(struct even) },
};

static void shape_desc(const struct shape *s, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s/%s/%zu", fa_sync_word[s->sync],
		 fa_order_word[s->order], s->size);
}

KUNIT_ARRAY_PARAM(shape, shapes, shape_desc);

static struct fastalloc_config shape_config(struct kunit *test, unsigned int flags)
{
	const struct shape *s = test->param_value;

	return fa_config(.obj_size = s->size, .capacity = CAPACITY, .sync = s->sync,
			 .order = s->order, .flags = flags);
}

/* Fills all objects of the pool, @bytes from the start of each, and frees them. */
static void soil(struct kunit *test, struct fastalloc_pool *pool, size_t bytes)
{
	struct fa_fix *fix = test->priv;
	unsigned int i;

	fa_drain(test, pool, GFP_KERNEL);
	for (i = 0; i < fix->nr_held; i++)
		memset(fix->held[i].obj, DIRT, bytes);
	fa_put_all(test);
}

/*
 * Allocates, fills and frees objects in each way. Returns whether each of them was zero, or
 * if !@zero, whether none was. zalloc() always zeroes.
 */
static bool ways_zero(struct kunit *test, struct fastalloc_pool *pool, bool zero)
{
	const struct shape *s = test->param_value;
	void **objs = fa_mem(test, array_size(OUT, sizeof(*objs)));
	unsigned int way, i, wrong;
	bool ok = true;

	soil(test, pool, s->size);
	for (way = 0; way < NR_WAYS; way++) {
		wrong = 0;
		for (i = 0; i < OUT; i++) {
			objs[i] = alloc_by(pool, way);
			KUNIT_ASSERT_NOT_NULL(test, objs[i]);
			wrong += all_are(objs[i], 0, s->size) != (zero || way == WAY_ZALLOC);
			memset(objs[i], DIRT, s->size);
		}
		while (i--)
			free_by(pool, way, objs[i]);
		if (wrong)
			kunit_info(test, "%s: %u objects of %u are wrong\n", way_word[way],
				   wrong, OUT);
		ok &= !wrong;
	}
	return ok;
}

/* Promise: every way to allocate zeroes as the flags, or else the kernel, say. */
static void inline_zero(struct kunit *test)
{
	static const struct {
		unsigned int	flags;
		bool		zero;
	} cases[] = {
		{ FASTALLOC_F_INIT_ON_ALLOC, true },
		{ FASTALLOC_F_NO_INIT, false },
	};
	struct fastalloc_config cfg;
	struct fastalloc_pool *pool;
	unsigned int i;
	bool zero;

	kunit_info(test, "init_on_alloc=%d\n", want_init_on_alloc(0));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cfg = shape_config(test, cases[i].flags);
		pool = fa_pool(test, &cfg);
		KUNIT_EXPECT_TRUE_MSG(test, ways_zero(test, pool, cases[i].zero),
				      "flags=%#x", cases[i].flags);
		fa_pool_gone(test, pool);
	}
	cfg = shape_config(test, 0);
	pool = fa_pool(test, &cfg);
	/* With init_on_free they are zero as well. */
	zero = want_init_on_alloc(0) || want_init_on_free();
	KUNIT_EXPECT_TRUE(test, ways_zero(test, pool, zero));
	fa_pool_gone(test, pool);

	/* Zeroed when they are freed, so also when they are allocated again. */
	cfg = shape_config(test, FASTALLOC_F_INIT_ON_FREE);
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_TRUE(test, ways_zero(test, pool, true));
}

/* Promise: a pool that zeroes as the kernel does is inline; one that does more is not. */
static void inline_path(struct kunit *test)
{
	const struct shape *s = test->param_value;
	struct fastalloc_config cfg = shape_config(test, FASTALLOC_F_INIT_ON_ALLOC);
	bool key = want_init_on_alloc(0), window = s->sync == FASTALLOC_SYNC_NONE &&
						    s->order == FASTALLOC_ORDER_LIFO;
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	u8 bare = s->sync == FASTALLOC_SYNC_PERCPU ? FA_PATH_CACHE :
		  s->order != FASTALLOC_ORDER_LIFO ? FA_PATH_LIST :
		  window ? FA_PATH_OWNER : FA_PATH_LOCKED;
	u8 zero = s->sync == FASTALLOC_SYNC_PERCPU ? FA_PATH_CACHE_ZERO : FA_PATH_LIST_ZERO;

	if (pool->path == FA_PATH_FULL)
		kunit_skip(test, "sanitizers have a path of their own");
	KUNIT_EXPECT_EQ(test, pool->path, key ? bare : zero);
	KUNIT_EXPECT_EQ(test, pool->head.zero_size, (u32)s->size);
	if (s->sync == FASTALLOC_SYNC_PERCPU)
		KUNIT_EXPECT_EQ(test, pool->head.cache == pool->percpu.cache, key);
	if (window)
		KUNIT_EXPECT_EQ(test, !!pool->head.window.top, key);
	fa_pool_gone(test, pool);

	cfg.flags = FASTALLOC_F_NO_INIT;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, pool->path, bare);
	KUNIT_EXPECT_EQ(test, pool->head.zero_size, 0U);
	fa_pool_gone(test, pool);

	cfg.flags = FASTALLOC_F_INIT_ON_ALLOC | FASTALLOC_F_INIT_ON_FREE;
	pool = fa_pool(test, &cfg);
	KUNIT_EXPECT_EQ(test, pool->path, s->order == FASTALLOC_ORDER_LOWEST ?
					  (u8)FA_PATH_FULL : zero);
}

/* Promise: only the object is zeroed, not its neighbours or the bytes between them. */
static void inline_zero_bounds(struct kunit *test)
{
	const struct shape *s = test->param_value;
	struct fastalloc_config cfg = shape_config(test, FASTALLOC_F_INIT_ON_ALLOC);
	struct fastalloc_pool *pool;
	unsigned int way, i, wrong;
	size_t stride;
	void **objs;

	cfg.align = 128;
	pool = fa_pool(test, &cfg);
	if (pool->checks || pool->sanitize)
		kunit_skip(test, "the bytes between the objects belong to a sanitizer");
	stride = fastalloc_pool_stride(pool);
	KUNIT_ASSERT_EQ(test, stride, ALIGN(s->size, 128));
	objs = fa_mem(test, array_size(OUT, sizeof(*objs)));
	soil(test, pool, stride);
	for (way = 0; way < NR_WAYS; way++) {
		for (i = 0; i < OUT; i++) {
			objs[i] = alloc_by(pool, way);
			KUNIT_ASSERT_NOT_NULL(test, objs[i]);
			memset(objs[i], DIRT, stride);
		}
		/* One at a time, beside others that are out. */
		for (i = 0, wrong = 0; i < OUT; i++) {
			free_by(pool, way, objs[i]);
			objs[i] = alloc_by(pool, way);
			KUNIT_ASSERT_NOT_NULL(test, objs[i]);
			wrong += !all_are(objs[i], 0, s->size);
			wrong += !all_are(objs[i] + s->size, DIRT, stride - s->size);
			memset(objs[i], DIRT, stride);
		}
		for (i = 0; i < OUT; i++)
			wrong += !all_are(objs[i], DIRT, stride);
		while (i--)
			free_by(pool, way, objs[i]);
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0U, "%s", way_word[way]);
	}
}

/* Promise: the flexible array at the end of a type is zeroed, too. */
static void inline_zero_flex(struct kunit *test)
{
	struct fastalloc_config cfg =
		FASTALLOC_CONFIG(struct tail, .name = "kunit", .capacity = CAPACITY,
				 .flex_size = FASTALLOC_FLEX_SIZE(struct tail, of, 9),
				 .flags = FASTALLOC_F_INIT_ON_ALLOC);
	struct tail_pool *pool;
	unsigned int i, n;

	pool = tail_pool_from_base(fa_pool(test, &cfg));
	for (n = 0; n < 2; n++) {
		struct tail *t[OUT];

		for (i = 0; i < OUT; i++) {
			t[i] = tail_alloc(pool, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, t[i]);
			KUNIT_EXPECT_TRUE(test, all_are(t[i], 0, struct_size(t[i], of, 9)));
			memset(t[i], DIRT, struct_size(t[i], of, 9));
		}
		while (i--)
			tail_free(pool, t[i]);
	}
}

/**
 * struct guest - calls from a context of its own
 * @pool: the pool
 * @zero: objects must be zero
 * @bad: objects that were not, or not there
 * @done: the calls have been made
 * @irq: makes them in hardirq
 * @tasklet: makes them in softirq
 */
struct guest {
	struct fastalloc_pool	*pool;
	bool			zero;
	unsigned int		bad;
	struct completion	done;
	struct irq_work		irq;
	struct tasklet_struct	tasklet;
};

/* Not on a stack: shared by all cases, which run one after another. */
static struct guest guest;

static void guest_calls(struct guest *g)
{
	size_t size = fastalloc_pool_obj_size(g->pool);
	void *objs[OUT];
	unsigned int i;

	for (i = 0; i < OUT; i++) {
		objs[i] = fastalloc_alloc_nopreempt(g->pool, GFP_ATOMIC);
		if (!objs[i]) {
			g->bad++;
			break;
		}
		g->bad += g->zero && !all_are(objs[i], 0, size);
		memset(objs[i], DIRT, size);
	}
	while (i--)
		fastalloc_free_nopreempt(g->pool, objs[i]);
	complete(&g->done);
}

static void guest_irq(struct irq_work *irq)
{
	guest_calls(container_of(irq, struct guest, irq));
}

static void guest_tasklet(struct tasklet_struct *t)
{
	guest_calls(container_of(t, struct guest, tasklet));
}

/* Promise: _nopreempt calls may be made wherever preemption is off, on any pool. */
static void inline_nopreempt(struct kunit *test)
{
	struct fastalloc_config cfg = shape_config(test, FASTALLOC_F_INIT_ON_ALLOC);
	struct guest *g = &guest;
	unsigned long flags;

	memset(g, 0, sizeof(*g));
	g->pool = fa_pool(test, &cfg);
	g->zero = true;
	init_completion(&g->done);

	preempt_disable();
	guest_calls(g);
	KUNIT_EXPECT_TRUE(test, !preemptible());
	preempt_enable();
	wait_for_completion(&g->done);

	local_irq_save(flags);
	guest_calls(g);
	local_irq_restore(flags);
	wait_for_completion(&g->done);

	/* On PREEMPT_RT softirqs may be preempted. */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT)) {
		tasklet_setup(&g->tasklet, guest_tasklet);
		tasklet_schedule(&g->tasklet);
		wait_for_completion(&g->done);
		tasklet_kill(&g->tasklet);
	}

	g->irq = IRQ_WORK_INIT_HARD(guest_irq);
	irq_work_queue(&g->irq);
	wait_for_completion(&g->done);
	irq_work_sync(&g->irq);

	KUNIT_EXPECT_EQ(test, g->bad, 0U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(g->pool), 0UL);
	/* Each call left preemption as it was. */
	KUNIT_EXPECT_TRUE(test, preemptible() || !IS_ENABLED(CONFIG_PREEMPT_COUNT));
}

/* A NULL is a free of nothing, and an empty pool has no object, also with preemption off. */
static void inline_nopreempt_empty(struct kunit *test)
{
	struct fastalloc_config cfg = shape_config(test, FASTALLOC_F_NO_INIT);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	unsigned int n = fa_drain(test, pool, GFP_KERNEL), got = 0;
	void *obj;

	preempt_disable();
	fastalloc_free_nopreempt(pool, NULL);
	obj = fastalloc_alloc_nopreempt(pool, GFP_ATOMIC);
	got += !!obj;
	obj = fastalloc_alloc_nopreempt(pool, GFP_ATOMIC | __GFP_ZERO);
	got += !!obj;
	preempt_enable();
	KUNIT_EXPECT_EQ(test, got, 0U);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), (unsigned long)n);
}

/*
 * Promise: an operation that interrupts another one on its CPU, which holds the cache,
 * gets zeroed objects as well.
 */
static void inline_nested(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = 4 * CAPACITY,
						.flags = FASTALLOC_F_INIT_ON_ALLOC);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	struct fastalloc_stats stats;
	struct guest *g = &guest;
	struct fastalloc_cache *c;
	unsigned long n;

	memset(g, 0, sizeof(*g));
	g->pool = pool;
	g->zero = true;
	init_completion(&g->done);
	/* As an operation that is interrupted after it has claimed the cache. */
	preempt_disable();
	c = this_cpu_ptr(pool->percpu.cache);
	n = __fastalloc_claim(c);
	KUNIT_EXPECT_LT(test, n, (unsigned long)FASTALLOC_BUSY);
	guest_calls(g);
	__fastalloc_release(c, n);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, g->bad, 0U);
	fastalloc_pool_stats(pool, &stats);
	KUNIT_EXPECT_GE(test, stats.nested, 2ULL * OUT);
	KUNIT_EXPECT_EQ(test, stats.in_use, 0UL);
}

#ifdef CONFIG_DEBUG_PREEMPT
/* Promise: a kernel with DEBUG_PREEMPT reports a caller that has preemption on, once. */
static void inline_nopreempt_misused(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.capacity = CAPACITY);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);

	KUNIT_ASSERT_TRUE(test, preemptible());
	fa_expect_splat("a _nopreempt call with preemption on");
	/* smp_processor_id() would accept this. A free of nothing does no harm. */
	migrate_disable();
	fastalloc_free_nopreempt(pool, NULL);
	migrate_enable();
}
#else
static void inline_nopreempt_misused(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_DEBUG_PREEMPT");
}
#endif

static struct kunit_case inline_cases[] = {
	KUNIT_CASE_PARAM(inline_zero, shape_gen_params),
	KUNIT_CASE_PARAM(inline_path, shape_gen_params),
	KUNIT_CASE_PARAM(inline_zero_bounds, shape_gen_params),
	KUNIT_CASE(inline_zero_flex),
	KUNIT_CASE_PARAM(inline_nopreempt, shape_gen_params),
	KUNIT_CASE_PARAM(inline_nopreempt_empty, shape_gen_params),
	KUNIT_CASE(inline_nested),
	KUNIT_CASE(inline_nopreempt_misused),
	{ }
};

static struct kunit_suite inline_suite = {
	.name = "fastalloc_inline",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = inline_cases,
};

kunit_test_suite(inline_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of the inline paths");
MODULE_LICENSE("GPL");
