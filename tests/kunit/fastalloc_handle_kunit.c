// SPDX-License-Identifier: GPL-2.0
/*
 * Owned, shared and weak handles: their promises for every kind of pool, when slots are
 * reused, when chunks are freed and added, and when pools are destroyed; and every
 * wrong call. Cases that would need 2^32 reuses of a slot set its word to the value
 * that these would leave.
 */
#include <linux/completion.h>
#include <linux/fastalloc_handle.h>
#include <linux/fastalloc_typed.h>
#include <linux/irq_work.h>
#include <linux/kmemleak.h>
#include <linux/kmsg_dump.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>

#include "../../fastalloc/pool.h"
#include "fastalloc_test.h"

struct thing {
	u64	id;
	u64	rest[3];
};

static struct fa_combo handle_params[] = {
	FA_COMBO(PERCPU, LIFO, NONE, AUTO, 32, 0),
	FA_COMBO(SPINLOCK, LIFO, NONE, PAGES, 32, 0),
	FA_COMBO(SPINLOCK, FIFO, NONE, VMALLOC, 40, 64),
	FA_COMBO(SPINLOCK, LOWEST, NONE, AUTO, 32, 0),
	FA_COMBO(NONE, LIFO, NONE, AUTO, 32, 0),
	FA_COMBO(NONE, LOWEST, NONE, PAGES, 56, 0),
};

KUNIT_ARRAY_PARAM(handle, handle_params, fa_combo_desc);

KUNIT_ARRAY_PARAM(growing, fa_growing_params, fa_combo_desc);

static struct fa_combo shared_params[] = {
	FA_COMBO(PERCPU, LIFO, NONE, AUTO, 32, 0),
	FA_COMBO(SPINLOCK, LIFO, NONE, AUTO, 32, 0),
};

KUNIT_ARRAY_PARAM(shared, shared_params, fa_combo_desc);

static struct fastalloc_pool *handle_pool(struct kunit *test, unsigned long capacity)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, capacity, 0);

	cfg.flags = FASTALLOC_F_HANDLES;
	cfg.magazine = c->sync == FASTALLOC_SYNC_PERCPU;
	return fa_pool(test, &cfg);
}

static u64 violations(struct fastalloc_pool *pool)
{
	return atomic_long_read(&pool->debug.violations);
}

static u32 index_of(struct fastalloc_pool *pool, fastalloc_handle_t h)
{
	return fa_unmix(&pool->handles.mix, h.v) & FA_REFS_MAX;
}

static u64 generation_of(struct fastalloc_pool *pool, fastalloc_handle_t h)
{
	return fa_unmix(&pool->handles.mix, h.v) >> FA_REF_BITS;
}

/* The word of an object's slot. No other task uses the pool. */
static atomic64_t *word_of(struct kunit *test, struct fastalloc_pool *pool, void *obj)
{
	struct fa_chunk *chunk = fa_chunk_first(&pool->chunks);

	while (chunk && (obj < chunk->mem || obj >= chunk->end))
		chunk = fa_chunk_next(chunk);
	KUNIT_ASSERT_NOT_NULL(test, chunk);
	return &chunk->word[fa_chunk_index(&pool->chunks, chunk, obj)];
}

static void set_word(struct kunit *test, struct fastalloc_pool *pool, void *obj,
		     u64 generation, u64 refs)
{
	atomic64_set(word_of(test, pool, obj), generation << FA_REF_BITS | refs);
}

/* Marks the current end of the kernel log. */
static void log_mark(struct kmsg_dump_iter *iter)
{
	char line[256];
	size_t len;

	kmsg_dump_rewind(iter);
	while (kmsg_dump_get_line(iter, false, line, sizeof(line), &len))
		;
}

/* Whether a line since the last call, or since the mark, contains @text. */
static bool log_has(struct kmsg_dump_iter *iter, const char *text)
{
	char line[256];
	bool has = false;
	size_t len;

	while (kmsg_dump_get_line(iter, false, line, sizeof(line) - 1, &len)) {
		line[min(len, sizeof(line) - 1)] = '\0';
		has |= strstr(line, text) && !strstr(line, "FASTALLOC-EXPECT");
	}
	return has;
}

/* Promise: a handle resolves to its object as long as that is allocated, then to NULL. */
static void handle_resolves(struct kunit *test)
{
	struct fastalloc_pool *pool = handle_pool(test, 16);
	fastalloc_handle_t h[16];
	unsigned int i, j;
	void *obj[16];

	for (i = 0; i < 16; i++) {
		obj[i] = fa_must_get(test, pool, GFP_KERNEL);
		h[i] = fastalloc_handle(pool, obj[i]);
		KUNIT_EXPECT_FALSE(test, fastalloc_handle_is_none(h[i]));
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, index_of(pool, h[i]), index_of(pool, h[j]));
	}
	for (i = 0; i < 16; i++) {
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h[i]), obj[i]);
		KUNIT_EXPECT_EQ(test, fastalloc_handle(pool, obj[i]).v, h[i].v);
	}
	for (i = 0; i < 16; i++) {
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_upgrade(pool, h[i]), obj[i]);
		fastalloc_put(pool, obj[i]);
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h[i]), obj[i]);
		fa_put(test, pool, obj[i]);
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h[i]));
		KUNIT_EXPECT_NULL(test, fastalloc_upgrade(pool, h[i]));
		if (i < 15)
			KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h[i + 1]),
					    obj[i + 1]);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);
}

/* Promise: a value that is not a handle resolves to NULL. */
static void handle_of_nothing(struct kunit *test)
{
	struct fastalloc_pool *pool = handle_pool(test, 8);
	fastalloc_handle_t h = FASTALLOC_HANDLE_NONE, live;
	void *obj = fa_must_get(test, pool, GFP_KERNEL);
	unsigned int i;

	live = fastalloc_handle(pool, obj);
	KUNIT_EXPECT_TRUE(test, fastalloc_handle_is_none(h));
	KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
	KUNIT_EXPECT_NULL(test, fastalloc_upgrade(pool, h));
	for (i = 0; i < 1000; i++) {
		h.v = get_random_u64();
		if (h.v == live.v)
			continue;
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
		KUNIT_EXPECT_NULL(test, fastalloc_upgrade(pool, h));
	}
	/* Nearby generations, single bit flips, and an index without a generation. */
	for (i = 0; i < 64; i++) {
		h.v = live.v ^ BIT_ULL(i);
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
		KUNIT_EXPECT_NULL(test, fastalloc_upgrade(pool, h));
		h.v = fa_mix(&pool->handles.mix, fa_unmix(&pool->handles.mix, live.v) ^ BIT_ULL(i));
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
		KUNIT_EXPECT_NULL(test, fastalloc_upgrade(pool, h));
		h.v = fa_mix(&pool->handles.mix, i);
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
		KUNIT_EXPECT_NULL(test, fastalloc_upgrade(pool, h));
	}
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, live), obj);
	KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);
}

/*
 * Promise: handles cannot be guessed by counting, and a handle of one pool is invalid
 * in another.
 */
static void handle_secret(struct kunit *test)
{
	struct fastalloc_pool *pool = handle_pool(test, 64), *other;
	unsigned int i, near = 0, same = 0, wrong = 0;
	struct fastalloc_config cfg = pool->cfg;
	fastalloc_handle_t h, last = FASTALLOC_HANDLE_NONE, two;
	void *a, *b;

	cfg.name = "kunit-two";
	other = fa_pool(test, &cfg);
	for (i = 0; i < 64; i++) {
		a = fa_must_get(test, pool, GFP_KERNEL);
		b = fa_must_get(test, other, GFP_KERNEL);
		h = fastalloc_handle(pool, a);
		two = fastalloc_handle(other, b);
		same += h.v == two.v;
		near += (h.v ^ last.v) < U32_MAX;
		wrong += fa_mix(&pool->handles.mix, fa_unmix(&pool->handles.mix, h.v)) != h.v;
		wrong += fastalloc_resolve(pool, h) != a || fastalloc_resolve(other, h) ||
			 fastalloc_resolve(pool, two);
		last = h;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	/* Of 64 random numbers hardly one would be that close. */
	KUNIT_EXPECT_LE(test, near, 1U);
	KUNIT_EXPECT_LE(test, same, 1U);
}

#define STALE	1000

/* Promise: no reuse of a slot makes an old handle valid again. */
static void handle_stale(struct kunit *test)
{
	struct fastalloc_pool *pool = handle_pool(test, 4);
	fastalloc_handle_t *old = fa_mem(test, STALE * sizeof(*old)), h;
	unsigned int i, j, wrong = 0;
	void *obj;

	for (i = 0; i < STALE; i++) {
		obj = fa_must_get(test, pool, GFP_KERNEL);
		h = fastalloc_handle(pool, obj);
		for (j = 0; j < i; j++)
			wrong += old[j].v == h.v || fastalloc_resolve(pool, old[j]);
		wrong += fastalloc_resolve(pool, h) != obj;
		old[i] = h;
		fa_put(test, pool, obj);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
}

/*
 * Promise: a handle stays stale for at least 2^32 reuses of its slot: tested after one,
 * 2^31 and 2^32 reuses, and just before the generation repeats. The generation repeats
 * without 0.
 */
static void handle_wrap(struct kunit *test)
{
	struct fastalloc_pool *pool = handle_pool(test, 1);
	const u64 last = BIT_ULL(33) - 1, from = 77;
	const u64 reuses[] = { 1, BIT_ULL(31), U32_MAX, BIT_ULL(32),
			       BIT_ULL(32) + 1, last - 1 };
	void *obj = fa_must_get(test, pool, GFP_KERNEL);
	fastalloc_handle_t h, edge;
	u64 generation;
	unsigned int i;

	set_word(test, pool, obj, from, 1);
	h = fastalloc_handle(pool, obj);
	KUNIT_EXPECT_EQ(test, generation_of(pool, h), from);
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h), obj);
	for (i = 0; i < ARRAY_SIZE(reuses); i++) {
		generation = from + reuses[i];
		/* Generation 0 is skipped. */
		if (generation > last)
			generation -= last;
		set_word(test, pool, obj, generation, 1);
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
		KUNIT_EXPECT_NULL(test, fastalloc_upgrade(pool, h));
		KUNIT_EXPECT_PTR_EQ(test,
				    fastalloc_resolve(pool, fastalloc_handle(pool, obj)),
				    obj);
	}

	/* After the last generation a free leads to the first one. */
	set_word(test, pool, obj, last, 1);
	edge = fastalloc_handle(pool, obj);
	KUNIT_EXPECT_EQ(test, generation_of(pool, edge), last);
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, edge), obj);
	fa_put(test, pool, obj);
	KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, edge));
	KUNIT_EXPECT_EQ(test, atomic64_read(word_of(test, pool, obj)),
			(s64)BIT_ULL(FA_REF_BITS));
	KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);
}

static void count_release(void *obj, void *arg)
{
	atomic_inc(arg);
}

/*
 * Promise: the last put frees the object, once; while there are two references, free
 * refuses.
 */
static void handle_references(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 8, 0);
	atomic_t *released = fa_mem(test, sizeof(*released));
	struct kmsg_dump_iter log;
	struct fastalloc_pool *pool;
	fastalloc_handle_t h;
	unsigned int i;
	void *obj;

	cfg.flags = FASTALLOC_F_HANDLES;
	cfg.on_release = count_release;
	cfg.arg = released;
	pool = fa_pool(test, &cfg);
	log_mark(&log);

	obj = fa_must_get(test, pool, GFP_KERNEL);
	h = fastalloc_handle(pool, obj);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_get(pool, obj), obj);
	KUNIT_EXPECT_TRUE(test, fastalloc_get_unless_zero(pool, obj));
	fastalloc_put(pool, obj);
	KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);

	fa_expect_splat("fault in pool kunit: free of a shared object");
	fastalloc_free(pool, obj);
	KUNIT_EXPECT_EQ(test, violations(pool), 1ULL);
	KUNIT_EXPECT_TRUE(test, log_has(&log, "free of a shared object"));
	for (i = 0; i < 100; i++) {
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h), obj);
		KUNIT_EXPECT_EQ(test, atomic_read(released), 0);
		fastalloc_put(pool, obj);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
	/* One reference is left, so free works again. */
	fa_put(test, pool, obj);
	KUNIT_EXPECT_EQ(test, atomic_read(released), 1);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));

	obj = fa_must_get(test, pool, GFP_KERNEL);
	fa_unhold(test, obj);
	fastalloc_put(pool, obj);
	KUNIT_EXPECT_EQ(test, atomic_read(released), 2);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	KUNIT_EXPECT_FALSE(test, fastalloc_get_unless_zero(pool, obj));
	fastalloc_put(pool, NULL);
	KUNIT_EXPECT_EQ(test, violations(pool), 1ULL);
}

/* Promise: of several objects freed at once, only the shared ones are refused. */
static void handle_bulk(struct kunit *test)
{
	struct fastalloc_pool *pool = handle_pool(test, 32);
	fastalloc_handle_t h[32];
	unsigned int i;
	void *obj[32];

	KUNIT_ASSERT_EQ(test, fastalloc_alloc_bulk(pool, GFP_KERNEL, 32, obj), 32U);
	for (i = 0; i < 32; i++) {
		h[i] = fastalloc_handle(pool, obj[i]);
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h[i]), obj[i]);
	}
	fastalloc_get(pool, obj[5]);
	fastalloc_get(pool, obj[31]);
	fa_expect_splat("fault in pool kunit: free of a shared object");
	fa_expect_splat("fault in pool kunit: free of a shared object");
	fastalloc_free_bulk(pool, 32, obj);
	KUNIT_EXPECT_EQ(test, violations(pool), 2ULL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 2UL);
	for (i = 0; i < 32; i++)
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h[i]),
				    i == 5 || i == 31 ? obj[i] : NULL);
	for (i = 0; i < 2; i++) {
		fastalloc_put(pool, obj[5]);
		fastalloc_put(pool, obj[31]);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	KUNIT_EXPECT_EQ(test, violations(pool), 2ULL);
}

/* Promise: each object of a contiguous run has its own reference count. */
static void handle_contig(struct kunit *test)
{
	struct fastalloc_config cfg =
		fa_config(.capacity = 64, .sync = FASTALLOC_SYNC_SPINLOCK,
			  .order = FASTALLOC_ORDER_LOWEST,
			  .flags = FASTALLOC_F_HANDLES | FASTALLOC_F_CONTIG);
	struct fastalloc_pool *pool = fa_pool(test, &cfg);
	char *run = fastalloc_alloc_contig(pool, GFP_KERNEL, 10);
	fastalloc_handle_t h[10];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, run);
	for (i = 0; i < 10; i++)
		h[i] = fastalloc_handle(pool, run + 64 * i);
	fastalloc_get(pool, run + 64 * 3);
	fa_expect_splat("fault in pool kunit: free of a shared object");
	fastalloc_free_contig(pool, run, 10);
	KUNIT_EXPECT_EQ(test, violations(pool), 1ULL);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h[i]),
				    i == 3 ? run + 64 * 3 : NULL);
	fastalloc_put(pool, run + 64 * 3);
	fastalloc_put(pool, run + 64 * 3);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
}

/**
 * struct refusal - expectations around a wrong call
 * @test: the test
 * @pool: the pool
 * @log: position in the log before the call
 * @text: that a line of the log must contain
 * @violations: before the call
 * @out: objects, before the call
 */
struct refusal {
	struct kunit		*test;
	struct fastalloc_pool	*pool;
	struct kmsg_dump_iter	*log;
	const char		*text;
	u64			violations;
	unsigned long		out;
};

static void refusal_begin(struct refusal *r)
{
	fa_expect_splat("fault in pool %s: %s", r->pool->name, r->text);
	r->violations = violations(r->pool);
	r->out = fastalloc_pool_allocated(r->pool);
}

static void refusal_end(struct refusal *r)
{
	struct kunit *test = r->test;

	KUNIT_EXPECT_EQ_MSG(test, violations(r->pool), r->violations + 1, "%s", r->text);
	KUNIT_EXPECT_TRUE_MSG(test, log_has(r->log, r->text), "no line: %s", r->text);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(r->pool), r->out);
}

/* Expects a wrong call to cause one violation, one line in the log, and nothing else. */
#define expect_refused(_test, _pool, _log, _text, call)			\
do {									\
	struct refusal __r = {						\
		.test = (_test), .pool = (_pool), .log = (_log),	\
		.text = (_text),					\
	};								\
									\
	refusal_begin(&__r);						\
	call;								\
	refusal_end(&__r);						\
} while (0)

/* Promise: anything but an allocated object is refused and reported. */
static void handle_wrong_calls(struct kunit *test)
{
	struct fastalloc_pool *pool = handle_pool(test, 8);
	void *obj = fa_must_get(test, pool, GFP_KERNEL);
	char *odd = fa_must_get(test, pool, GFP_KERNEL);
	fastalloc_handle_t h;
	struct kmsg_dump_iter log;
	u64 foreign;

	fa_put(test, pool, obj);
	log_mark(&log);
	expect_refused(test, pool, &log, "double free", fastalloc_free(pool, obj));
	expect_refused(test, pool, &log, "put of a freed object",
		       fastalloc_put(pool, obj));
	expect_refused(test, pool, &log, "get of a freed object",
		       KUNIT_EXPECT_NULL(test, fastalloc_get(pool, obj)));
	expect_refused(test, pool, &log, "handle of a freed object",
		       h = fastalloc_handle(pool, obj));
	KUNIT_EXPECT_TRUE(test, fastalloc_handle_is_none(h));

	expect_refused(test, pool, &log, "free of a foreign pointer",
		       fastalloc_free(pool, &foreign));
	expect_refused(test, pool, &log, "put of a foreign pointer",
		       fastalloc_put(pool, &foreign));
	expect_refused(test, pool, &log, "get of a foreign pointer",
		       KUNIT_EXPECT_NULL(test, fastalloc_get(pool, &foreign)));
	expect_refused(test, pool, &log, "handle of a foreign pointer",
		       h = fastalloc_handle(pool, &foreign));
	KUNIT_EXPECT_TRUE(test, fastalloc_handle_is_none(h));
	KUNIT_EXPECT_FALSE(test, fastalloc_get_unless_zero(pool, &foreign));

	fastalloc_get(pool, odd);
	fastalloc_put(pool, odd);
	KUNIT_EXPECT_EQ(test, violations(pool), 8ULL);
	expect_refused(test, pool, &log, "free of a pointer into an object",
		       fastalloc_free(pool, odd + 8));
	expect_refused(test, pool, &log, "put of a pointer into an object",
		       fastalloc_put(pool, odd + 1));
	h = fastalloc_handle(pool, odd);
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h), (void *)odd);
}

/* Promise: a pool that was made without handles reports calls that need them. */
static void handle_without_flag(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool(test, &FASTALLOC_CONFIG(struct thing, .name = "kunit",
						.capacity = 8));
	void *obj = fa_must_get(test, pool, GFP_KERNEL);
	struct kmsg_dump_iter log;
	fastalloc_handle_t h;

	log_mark(&log);
	expect_refused(test, pool, &log, "get in a pool without handles",
		       KUNIT_EXPECT_NULL(test, fastalloc_get(pool, obj)));
	expect_refused(test, pool, &log, "put in a pool without handles",
		       fastalloc_put(pool, obj));
	expect_refused(test, pool, &log, "handle in a pool without handles",
		       h = fastalloc_handle(pool, obj));
	KUNIT_EXPECT_TRUE(test, fastalloc_handle_is_none(h));
	h.v = BIT_ULL(FA_REF_BITS);
	KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
	KUNIT_EXPECT_NULL(test, fastalloc_upgrade(pool, h));
	KUNIT_EXPECT_FALSE(test, fastalloc_get_unless_zero(pool, obj));
}

/* Promise: with checks enabled, one fault is reported once and nothing else is. */
static void handle_with_checks(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 8, 0);
	struct kmsg_dump_iter log;
	struct fastalloc_pool *pool;
	fastalloc_handle_t h;
	unsigned int i;
	void *obj;

	cfg.flags = FASTALLOC_F_HANDLES | FASTALLOC_F_DEBUG;
	pool = fa_pool(test, &cfg);
	log_mark(&log);
	for (i = 0; i < 50; i++) {
		obj = fa_must_get(test, pool, GFP_KERNEL);
		h = fastalloc_handle(pool, obj);
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_upgrade(pool, h), obj);
		fastalloc_put(pool, obj);
		fa_put(test, pool, obj);
	}
	KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);
	expect_refused(test, pool, &log, "double free", fastalloc_free(pool, obj));

	/* A refused free leaves the object allocated, with checks too. */
	obj = fa_must_get(test, pool, GFP_KERNEL);
	fastalloc_get(pool, obj);
	expect_refused(test, pool, &log, "free of a shared object",
		       fastalloc_free(pool, obj));
	fastalloc_put(pool, obj);
	fa_put(test, pool, obj);
	KUNIT_EXPECT_EQ(test, violations(pool), 2ULL);
}

/* Promise: a saturated reference count stays saturated: the object is never freed. */
static void handle_saturation(struct kunit *test)
{
	struct fastalloc_pool *pool = handle_pool(test, 4);
	void *obj = fa_must_get(test, pool, GFP_KERNEL);
	fastalloc_handle_t h = fastalloc_handle(pool, obj);
	atomic64_t *word = word_of(test, pool, obj);
	u64 one = atomic64_read(word);
	unsigned int i;

	atomic64_set(word, (one & ~FA_REFS_MAX) | (FA_REFS_MAX - 2));
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_get(pool, obj), obj);
	fa_expect_splat("pool kunit: references of an object saturated; leaking it");
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_upgrade(pool, h), obj);
	/* Reported once; the count does not change from now on. */
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_get(pool, obj), obj);
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_upgrade(pool, h), obj);
	}
	for (i = 0; i < 20; i++)
		fastalloc_put(pool, obj);
	KUNIT_EXPECT_EQ(test, atomic64_read(word) & FA_REFS_MAX, FA_REFS_MAX);
	KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);
	fa_expect_splat("fault in pool kunit: free of a shared object");
	fastalloc_free(pool, obj);
	KUNIT_EXPECT_EQ(test, violations(pool), 1ULL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h), obj);
	atomic64_set(word, one);
}

#define GROWN	40

struct grown {
	void			*obj[GROWN];
	fastalloc_handle_t	h[GROWN];
};

/* Promise: handles stay stale when indices are used again after trim. */
static void handle_trim(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 10, 1000);
	struct grown *g = fa_mem(test, sizeof(*g));
	fastalloc_handle_t *old = fa_mem(test, 20 * GROWN * sizeof(*old));
	unsigned int i, round, nr_old = 0, wrong = 0;
	unsigned long trimmed = 0, most = 0;
	struct fastalloc_stats s;
	struct fastalloc_pool *pool;

	cfg.flags = FASTALLOC_F_HANDLES;
	cfg.magazine = c->sync == FASTALLOC_SYNC_PERCPU;
	pool = fa_pool(test, &cfg);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < GROWN; i++) {
			g->obj[i] = fa_must_get(test, pool, GFP_KERNEL);
			g->h[i] = fastalloc_handle(pool, g->obj[i]);
			wrong += fastalloc_resolve(pool, g->h[i]) != g->obj[i];
		}
		for (i = 0; i < nr_old; i++)
			wrong += !!fastalloc_resolve(pool, old[i]);
		fastalloc_pool_stats(pool, &s);
		most = max(most, s.total);
		for (i = 0; i < GROWN; i++) {
			old[nr_old++] = g->h[i];
			/* Reuse some slots more often than their neighbours. */
			if (i % 3 == round % 3)
				continue;
			fa_put(test, pool, g->obj[i]);
			g->obj[i] = fa_must_get(test, pool, GFP_KERNEL);
		}
		fa_put_all(test);
		trimmed += fastalloc_pool_trim(pool);
		for (i = 0; i < nr_old; i++)
			wrong += !!fastalloc_resolve(pool, old[i]);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);
	/*
	 * Without freed chunks and reused indices the case would test nothing. The worker may
	 * have added a chunk, of 7 objects, after the total was read.
	 */
	KUNIT_EXPECT_GT(test, trimmed, 20UL);
	KUNIT_EXPECT_LE(test, pool->handles.index_end, most + 14);
}

/* Checks that no two objects that are out have the same index. */
static void expect_apart(struct kunit *test, struct fastalloc_pool *pool, u32 limit)
{
	unsigned long *seen = fa_mem(test, BITS_TO_LONGS(limit) * sizeof(long));
	struct fa_fix *fix = test->priv;
	unsigned int i, wrong = 0;
	fastalloc_handle_t h;

	for (i = 0; i < fix->nr_held; i++) {
		h = fastalloc_handle(pool, fix->held[i].obj);
		KUNIT_ASSERT_TRUE(test, index_of(pool, h) < limit);
		wrong += !!__test_and_set_bit(index_of(pool, h), seen);
		wrong += fastalloc_resolve(pool, h) != fix->held[i].obj;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
}

/* Growth rule: the first growth adds the number that the case set, later ones add nothing. */
static unsigned long next_growth(unsigned long capacity, void *arg)
{
	return xchg((unsigned long *)arg, 0);
}

/*
 * Grows a pool that has no free object by @nr objects, in whole pages, and allocates
 * them.
 */
static void grow_by(struct kunit *test, struct fastalloc_pool *pool,
		    unsigned long *arg, unsigned long nr)
{
	KUNIT_ASSERT_EQ(test, fastalloc_pool_available(pool), 0UL);
	xchg(arg, nr);
	while (nr--)
		fa_must_get(test, pool, GFP_KERNEL);
}

/* Number of index ranges that no chunk has. */
static unsigned int fa_ranges(struct fastalloc_pool *pool)
{
	unsigned int nr = 0;
	struct rb_node *n;

	for (n = rb_first_cached(&pool->handles.ranges); n; n = rb_next(n))
		nr++;
	return nr;
}

static struct fastalloc_pool *ranges_pool(struct kunit *test, unsigned long *growth)
{
	return fa_pool_of(test, fa_config(.obj_size = 32, .align = PAGE_SIZE, .capacity = 10,
					  .max_capacity = 1000, .low_water = 1,
					  .sync = FASTALLOC_SYNC_SPINLOCK,
					  .growth = FASTALLOC_GROWTH_CUSTOM,
					  .growth_fn = next_growth, .arg = growth,
					  .flags = FASTALLOC_F_HANDLES));
}

/*
 * Promise: index ranges of freed chunks are merged, split and used again, lowest first.
 */
static void handle_ranges(struct kunit *test)
{
	unsigned long *growth = fa_mem(test, sizeof(*growth));
	struct fastalloc_pool *pool = ranges_pool(test, growth);
	struct fa_fix *fix = test->priv;
	void *low, *high;

	fa_drain(test, pool, 0);
	grow_by(test, pool, growth, 10);
	grow_by(test, pool, growth, 20);
	grow_by(test, pool, growth, 30);
	KUNIT_EXPECT_EQ(test, pool->handles.index_end, 70UL);
	expect_apart(test, pool, 70);

	/* All chunks but the first and the last are freed: 10 to 39 become one range. */
	low = fix->held[0].obj;
	high = fix->held[69].obj;
	fa_unhold(test, low);
	fa_unhold(test, high);
	fa_put_all(test);
	fa_hold(test, pool, low);
	fa_hold(test, pool, high);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 30UL);
	KUNIT_EXPECT_EQ(test, fa_ranges(pool), 1U);
	fa_drain(test, pool, 0);
	grow_by(test, pool, growth, 15);
	KUNIT_EXPECT_EQ(test, pool->handles.index_end, 70UL);
	/* 25 to 39 are too few for 16 objects. */
	grow_by(test, pool, growth, 16);
	KUNIT_EXPECT_EQ(test, pool->handles.index_end, 86UL);
	grow_by(test, pool, growth, 15);
	KUNIT_EXPECT_EQ(test, pool->handles.index_end, 86UL);
	KUNIT_EXPECT_EQ(test, fa_ranges(pool), 0U);
	expect_apart(test, pool, 86);
}

/*
 * Promise: an index range is not used again if its generations are so high that those
 * of a new chunk could not begin above them, or if a generation has wrapped to 1.
 */
static void handle_gen_wrapped(struct kunit *test)
{
	static const u64 far[] = { 1000, U32_MAX - 1, U32_MAX, BIT_ULL(33) - 1 };
	unsigned long *growth = fa_mem(test, sizeof(*growth));
	struct fastalloc_pool *pool = ranges_pool(test, growth);
	struct fa_fix *fix = test->priv;
	fastalloc_handle_t first, other;
	unsigned int i;
	void *obj;

	fa_drain(test, pool, 0);
	for (i = 0; i < ARRAY_SIZE(far); i++) {
		unsigned long end = pool->handles.index_end;

		grow_by(test, pool, growth, 10);
		obj = fix->held[fix->nr_held - 1].obj;
		other = fastalloc_handle(pool, fix->held[fix->nr_held - 2].obj);
		set_word(test, pool, obj, far[i], 1);
		first = fastalloc_handle(pool, obj);
		while (fix->nr_held > 10)
			fa_put(test, pool, fix->held[fix->nr_held - 1].obj);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 10UL);
		/*
		 * The free raises the generation by one, and a new chunk begins one
		 * above that.
		 */
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, first));

		grow_by(test, pool, growth, 10);
		end = max(end, 20UL);
		KUNIT_EXPECT_EQ_MSG(test, pool->handles.index_end,
				    far[i] + 2 > U32_MAX ? end + 10 : end,
				    "after generation %llu", far[i]);
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, first));
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, other));
		expect_apart(test, pool, 100);
		while (fix->nr_held > 10)
			fa_put(test, pool, fix->held[fix->nr_held - 1].obj);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_trim(pool), 10UL);
	}
}

struct picky {
	unsigned int	left;
};

static int picky_ctor(void *obj, void *arg)
{
	struct picky *p = arg;

	if (!p->left)
		return -EIO;
	p->left--;
	return 0;
}

/* Promise: a failed growth leaves nothing behind, including indices. */
static void handle_failed_growth(struct kunit *test)
{
	struct picky *p = fa_mem(test, sizeof(*p));
	struct fastalloc_config cfg =
		fa_config(.obj_size = 32, .align = PAGE_SIZE, .capacity = 10,
			  .max_capacity = 1000, .low_water = 1,
			  .sync = FASTALLOC_SYNC_SPINLOCK, .growth_amount = 10,
			  .ctor = picky_ctor, .arg = p, .flags = FASTALLOC_F_HANDLES);
	struct fastalloc_pool *pool;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, PTR_ERR(fastalloc_pool_create(&cfg)), -EIO);
	p->left = 10;
	pool = fa_pool(test, &cfg);
	fa_drain(test, pool, GFP_KERNEL);
	for (i = 0; i < 10; i++) {
		p->left = i;
		KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, GFP_KERNEL));
	}
	p->left = 10;
	fa_must_get(test, pool, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, pool->handles.index_end, 20UL);
	fa_drain(test, pool, GFP_KERNEL);
	expect_apart(test, pool, 20);
}

struct looker {
	struct fastalloc_pool	*pool;
	unsigned long		looks;
	unsigned long		found;
};

/* Lookups while growth fails that must have been made. */
#define LOOKS	1000UL

static int looker_main(void *arg)
{
	struct looker *l = arg;

	while (!kthread_should_stop()) {
		l->found += !!fastalloc_obj_at(l->pool, l->pool->total);
		WRITE_ONCE(l->looks, l->looks + 1);
		cond_resched();
	}
	return 0;
}

/*
 * Promise: a lookup never finds a chunk whose growth fails, as its memory is freed at once. There
 * is no memory for the segments of the list.
 */
static void handle_failed_unseen(struct kunit *test)
{
	struct fastalloc_config cfg =
		fa_config(.obj_size = 32, .capacity = 10, .max_capacity = 1000, .low_water = 1,
			  .sync = FASTALLOC_SYNC_SPINLOCK, .growth_amount = 10,
			  .flags = FASTALLOC_F_HANDLES);
	struct looker *l = fa_mem(test, sizeof(*l));
	struct task_struct *task;
	unsigned long end, last, nr;
	u32 slots;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	l->pool = fa_pool(test, &cfg);
	/* The worker must not grow the pool before. */
	mutex_lock(&l->pool->grow_lock);
	while (fastalloc_pool_available(l->pool))
		fa_must_get(test, l->pool, 0);
	slots = l->pool->central.seg_slots;
	nr = l->pool->central.dq.nr_segs;
	l->pool->central.seg_slots = S32_MAX;
	l->pool->central.dq.nr_segs = 0;
	mutex_unlock(&l->pool->grow_lock);
	task = kthread_run(looker_main, l, "fa-looker");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	end = jiffies + HZ / 4;
	last = jiffies + FA_TEST_PATIENCE;
	do {
		KUNIT_EXPECT_NULL(test, fastalloc_alloc(l->pool, GFP_KERNEL | __GFP_NOWARN));
		cond_resched();
	} while (time_before(jiffies, end) ||
		 (READ_ONCE(l->looks) < LOOKS && time_before(jiffies, last)));
	kthread_stop(task);
	fa_settle(l->pool);
	l->pool->central.seg_slots = slots;
	l->pool->central.dq.nr_segs = nr;
	KUNIT_EXPECT_GE(test, l->looks, LOOKS);
	KUNIT_EXPECT_EQ(test, l->found, 0UL);
}

/*
 * Promise: the overhead of handles is counted, and is 8 bytes for each object, in whole
 * pages, of which vmalloc keeps an array.
 */
static void handle_overhead(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 5000, 0);
	struct fastalloc_stats with, without;
	struct fastalloc_pool *pool = fa_pool(test, &cfg);

	fastalloc_pool_stats(pool, &without);
	fa_pool_gone(test, pool);
	cfg.flags = FASTALLOC_F_HANDLES;
	pool = fa_pool(test, &cfg);
	fastalloc_pool_stats(pool, &with);
	KUNIT_EXPECT_GE(test, with.bytes, without.bytes + 8 * with.total);
	/*
	 * In one of the two pools, pages may have been available only in several
	 * pieces.
	 */
	if (with.chunks > 1 || without.chunks > 1)
		return;
	KUNIT_EXPECT_LE(test, with.bytes, without.bytes + PAGE_ALIGN(8 * with.total) + 64 +
			2 * sizeof(void *) * PFN_UP(8 * with.total));
}

/* All calls that are allowed on a destroyed pool to which the caller has a reference. */
static void expect_dead(struct kunit *test, struct fastalloc_pool *pool, void *obj,
			fastalloc_handle_t h)
{
	static const char * const late[] = { "free", "put", "get", "handle", "free", "free" };
	u64 before = violations(pool);
	struct kmsg_dump_iter log;
	void *objs[2] = { obj, obj };
	unsigned int i;

	log_mark(&log);
	KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
	KUNIT_EXPECT_NULL(test, fastalloc_upgrade(pool, h));
	KUNIT_EXPECT_FALSE(test, fastalloc_get_unless_zero(pool, obj));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc(pool, GFP_ATOMIC));
	KUNIT_EXPECT_NULL(test, fastalloc_zalloc(pool, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, fastalloc_alloc_timeout(pool, GFP_KERNEL, HZ));
	KUNIT_EXPECT_EQ(test, fastalloc_alloc_bulk(pool, GFP_KERNEL, 2, objs), 0U);
	KUNIT_EXPECT_EQ(test, violations(pool), before);

	for (i = 0; i < ARRAY_SIZE(late); i++)
		fa_expect_splat("fault in pool %s: %s after the pool was destroyed",
				pool->name, late[i]);
	fastalloc_free(pool, obj);
	KUNIT_EXPECT_TRUE(test, log_has(&log, "free after the pool was destroyed"));
	fastalloc_put(pool, obj);
	KUNIT_EXPECT_TRUE(test, log_has(&log, "put after the pool was destroyed"));
	KUNIT_EXPECT_NULL(test, fastalloc_get(pool, obj));
	KUNIT_EXPECT_TRUE(test, log_has(&log, "get after the pool was destroyed"));
	KUNIT_EXPECT_TRUE(test, fastalloc_handle_is_none(fastalloc_handle(pool, obj)));
	KUNIT_EXPECT_TRUE(test, log_has(&log, "handle after the pool was destroyed"));
	objs[0] = obj;
	objs[1] = obj;
	fastalloc_free_bulk(pool, 2, objs);
	KUNIT_EXPECT_EQ(test, violations(pool), before + 6);
}

/*
 * Promise: a pool with a reference survives destroy as a descriptor, whatever its kind.
 */
static void handle_destroyed(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 8, 0);
	fastalloc_handle_t h = { .v = BIT_ULL(FA_REF_BITS) };
	struct fastalloc_pool *pool, *again;
	unsigned int with;
	void *obj;

	for (with = 0; with < 2; with++) {
		cfg.flags = with ? FASTALLOC_F_HANDLES : 0;
		pool = fa_pool(test, &cfg);
		obj = fastalloc_alloc(pool, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		if (with)
			h = fastalloc_handle(pool, obj);
		fastalloc_free(pool, obj);
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_pool_get(pool), pool);
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_pool_get(pool), pool);
		fa_pool_gone(test, pool);
		expect_dead(test, pool, obj, h);
		/* The name is available for another pool. */
		again = fa_pool(test, &cfg);
		fastalloc_pool_put(pool);
		KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
		fastalloc_pool_put(pool);
		fa_pool_gone(test, again);
	}
	fastalloc_pool_put(NULL);
}

/*
 * Promise: an object that is out on destroy stays readable, and late puts do not touch
 * it.
 */
static void handle_kept(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 8, 0);
	struct fastalloc_pool *pool;
	fastalloc_handle_t h;
	struct thing *thing;

	cfg.name = "kunit-kept";
	cfg.flags = FASTALLOC_F_HANDLES;
	pool = fa_pool(test, &cfg);
	thing = fastalloc_alloc(pool, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, thing);
	thing->id = 4711;
	h = fastalloc_handle(pool, thing);
	fastalloc_get(pool, thing);
	fa_expect_splat("pool kunit-kept destroyed with 1 objects out");
	fa_pool_gone(test, pool);
	/* The descriptor stays without a reference, because the object is out. */
	expect_dead(test, pool, thing, h);
	KUNIT_EXPECT_EQ(test, thing->id, 4711ULL);
	thing->id = 1;
	/* The object is leaked from here on; tell kmemleak. */
	if (is_vmalloc_addr(thing))
		kmemleak_not_leak(PTR_ALIGN_DOWN(thing, PAGE_SIZE));
}

/**
 * struct race - threads that use one pool
 * @pool: the pool
 * @shown: value of the handle to look up
 * @stop: the threads must end
 * @upgraded: successful lookups
 * @missed: lookups that returned NULL
 * @wrong: lookups that returned another object
 */
struct race {
	struct fastalloc_pool	*pool;
	atomic64_t		shown;
	bool			stop;
	atomic_long_t		upgraded;
	atomic_long_t		missed;
	atomic_long_t		wrong;
};

#define RACERS	3

static void race_start(struct kunit *test, struct race *r, int (*fn)(void *data),
		       struct task_struct **task)
{
	unsigned int i;

	for (i = 0; i < RACERS; i++) {
		task[i] = kthread_run(fn, r, "fa-race/%u", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(task[i]));
	}
}

static void race_stop(struct race *r, struct task_struct **task)
{
	unsigned int i;

	WRITE_ONCE(r->stop, true);
	for (i = 0; i < RACERS; i++)
		if (!IS_ERR(task[i]))
			kthread_stop(task[i]);
}

/* Lets other tasks run: not all kernels preempt this loop. */
static void race_breathe(unsigned int i)
{
	if (i % 64)
		cond_resched();
	else
		usleep_range(20, 50);
}

static void race_end(void)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
}

/*
 * Upgrades the handle in @shown. A reference must be to that object and keep it
 * allocated.
 */
static int race_upgrade(void *data)
{
	struct race *r = data;
	fastalloc_handle_t h;
	unsigned int i = 0;
	struct thing *t;

	while (!READ_ONCE(r->stop)) {
		race_breathe(i++);
		h.v = atomic64_read(&r->shown);
		t = fastalloc_upgrade(r->pool, h);
		if (!t) {
			atomic_long_inc(&r->missed);
			continue;
		}
		if (t->id != h.v)
			atomic_long_inc(&r->wrong);
		cpu_relax();
		if (t->id != h.v || fastalloc_resolve(r->pool, h) != t)
			atomic_long_inc(&r->wrong);
		fastalloc_put(r->pool, t);
		atomic_long_inc(&r->upgraded);
	}
	race_end();
	return 0;
}

static void forget_id(void *obj, void *arg)
{
	struct thing *t = obj;

	t->id = 0;
}

/*
 * Promise: an upgrade that races with the last put either comes before it, and the
 * object stays unchanged, or returns NULL.
 */
static void handle_race_put(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 8, 0);
	struct race *r = fa_mem(test, sizeof(*r));
	struct task_struct *task[RACERS];
	unsigned long end = jiffies + FA_TEST_PATIENCE;
	fastalloc_handle_t h;
	unsigned int i = 0;
	struct thing *t;

	cfg.flags = FASTALLOC_F_HANDLES;
	cfg.magazine = c->sync == FASTALLOC_SYNC_PERCPU;
	cfg.on_release = forget_id;
	r->pool = fa_pool(test, &cfg);
	race_start(test, r, race_upgrade, task);
	/* Until both outcomes occurred often, with many objects. */
	while ((i < 5000 || atomic_long_read(&r->upgraded) < 500 ||
		atomic_long_read(&r->missed) < 500) && time_before(jiffies, end)) {
		t = fastalloc_alloc(r->pool, GFP_KERNEL);
		if (!t)
			continue;
		h = fastalloc_handle(r->pool, t);
		t->id = h.v;
		/* A thread that reads the handle must see the object. */
		atomic64_set_release(&r->shown, h.v);
		if (!(i++ % 64))
			usleep_range(10, 50);
		fastalloc_put(r->pool, t);
		cond_resched();
	}
	race_stop(r, task);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r->wrong), 0L);
	KUNIT_EXPECT_GE(test, atomic_long_read(&r->upgraded), 500L);
	KUNIT_EXPECT_GE(test, atomic_long_read(&r->missed), 500L);
	KUNIT_EXPECT_EQ(test, violations(r->pool), 0ULL);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(r->pool), 0UL);
	kunit_info(test, "%u objects, %ld upgrades, %ld came too late\n", i,
		   atomic_long_read(&r->upgraded), atomic_long_read(&r->missed));
}

/* Looks up the handle in @shown until told to stop. */
static int race_resolve(void *data)
{
	struct race *r = data;
	fastalloc_handle_t h;
	unsigned int i = 0;
	struct thing *t;

	while (!READ_ONCE(r->stop)) {
		race_breathe(i++);
		h.v = atomic64_read(&r->shown);
		rcu_read_lock();
		t = fastalloc_resolve(r->pool, h);
		if (t && READ_ONCE(t->id) != h.v)
			atomic_long_inc(&r->wrong);
		rcu_read_unlock();
		atomic_long_inc(t ? &r->upgraded : &r->missed);
	}
	race_end();
	return 0;
}

/*
 * Promise: destroy waits for lookups that are under way; they return the object or
 * NULL.
 */
static void handle_race_destroy(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 8, 0);
	struct race *r = fa_mem(test, sizeof(*r));
	struct task_struct *task[RACERS];
	unsigned int round;
	fastalloc_handle_t h;
	struct thing *t;
	long missed;
	bool seen;

	cfg.name = "kunit-late";
	cfg.flags = FASTALLOC_F_HANDLES | FASTALLOC_F_DROP_LIVE;
	for (round = 0; round < 3; round++) {
		r->pool = fastalloc_pool_get(fa_pool(test, &cfg));
		t = fastalloc_alloc(r->pool, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, t);
		h = fastalloc_handle(r->pool, t);
		t->id = h.v;
		atomic64_set_release(&r->shown, h.v);
		WRITE_ONCE(r->stop, false);
		atomic_long_set(&r->upgraded, 0);
		atomic_long_set(&r->missed, 0);
		race_start(test, r, race_resolve, task);
		seen = fa_await(atomic_long_read(&r->upgraded) > 1000);
		fa_expect_splat("pool kunit-late destroyed with 1 objects out");
		fa_pool_gone(test, r->pool);
		missed = atomic_long_read(&r->missed);
		seen &= fa_await(atomic_long_read(&r->missed) > missed + 1000);
		race_stop(r, task);
		KUNIT_EXPECT_TRUE(test, seen);
		fastalloc_pool_put(r->pool);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r->wrong), 0L);
}

/**
 * struct late_put - a last put that is overtaken by destroy
 * @pool: the pool
 * @obj: the object
 * @hooks: how often on_release has run
 * @in_hook: the put has reached its hook
 * @destroyed: destroy has returned
 * @done: the put has returned
 */
struct late_put {
	struct fastalloc_pool	*pool;
	void			*obj;
	atomic_t		hooks;
	struct completion	in_hook;
	struct completion	destroyed;
	struct completion	done;
};

static void late_release(void *obj, void *arg)
{
	struct late_put *l = arg;

	/* Destroy calls it too, since the object is still out. */
	if (atomic_inc_return(&l->hooks) > 1)
		return;
	complete(&l->in_hook);
	wait_for_completion(&l->destroyed);
}

static int late_thread(void *arg)
{
	struct late_put *l = arg;

	fastalloc_put(l->pool, l->obj);
	complete(&l->done);
	return 0;
}

static void late_put(struct kunit *test, unsigned int flags)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 8, 0);
	struct late_put *l = fa_mem(test, sizeof(*l));
	struct task_struct *thread;

	init_completion(&l->in_hook);
	init_completion(&l->destroyed);
	init_completion(&l->done);
	cfg.name = "kunit-late-put";
	cfg.flags = FASTALLOC_F_HANDLES | FASTALLOC_F_INIT_ON_FREE | FASTALLOC_F_DROP_LIVE | flags;
	cfg.backing = FASTALLOC_BACKING_VMALLOC;
	cfg.on_release = late_release;
	cfg.arg = l;
	l->pool = fastalloc_pool_get(fa_pool(test, &cfg));
	l->obj = fastalloc_alloc(l->pool, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l->obj);
	thread = kthread_run(late_thread, l, "fa_late");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	wait_for_completion(&l->in_hook);
	fa_expect_splat("pool kunit-late-put destroyed with 1 objects out");
	fa_pool_gone(test, l->pool);
	complete(&l->destroyed);
	wait_for_completion(&l->done);
	KUNIT_EXPECT_EQ(test, atomic_read(&l->hooks), 2);
	fastalloc_pool_put(l->pool);
}

/*
 * Promise: a put that began before destroy touches nothing once the pool is gone, and
 * checks report nothing. Its hook may run that long, if it does not access the object.
 */
static void handle_late_put(struct kunit *test)
{
	late_put(test, 0);
	late_put(test, FASTALLOC_F_DEBUG);
}

struct from_irq {
	struct fastalloc_pool	*pool;
	struct irq_work		irq;
	fastalloc_handle_t	h;
	struct thing		*obj;
	unsigned int		wrong;
	bool			put;
	bool			there;
};

static void irq_calls(struct irq_work *irq)
{
	struct from_irq *f = container_of(irq, struct from_irq, irq);
	struct fastalloc_pool *pool = f->pool;
	struct fastalloc_ref ref;
	struct fastalloc_stats s;

	f->there = in_hardirq();
	f->wrong += fastalloc_resolve(pool, f->h) != f->obj;
	f->wrong += fastalloc_upgrade(pool, f->h) != f->obj;
	f->wrong += fastalloc_get(pool, f->obj) != f->obj;
	f->wrong += fastalloc_handle(pool, f->obj).v != f->h.v;
	fastalloc_put(pool, f->obj);
	fastalloc_put(pool, f->obj);
	/* The last one, too. */
	fastalloc_put(pool, f->obj);
	f->wrong += !!fastalloc_upgrade(pool, f->h);
	ref = fastalloc_ref_alloc(pool, GFP_ATOMIC);
	f->wrong += !fastalloc_ref_obj(&ref);
	fastalloc_ref_free(&ref);
	fastalloc_pool_stats(pool, &s);
	f->wrong += s.in_use || s.allocs != 2 || s.frees != 2 || s.violations;
	fastalloc_pool_stats_reset(pool);
	fastalloc_pool_put(fastalloc_pool_get(pool));
}

/* Promise: all calls work in hardirq, including the last put. */
static void handle_hardirq(struct kunit *test)
{
	struct fastalloc_pool *pool = handle_pool(test, 8);
	struct from_irq *f = fa_mem(test, sizeof(*f));
	unsigned int i;

	f->pool = pool;
	for (i = 0; i < 20; i++) {
		f->obj = fastalloc_alloc(pool, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, f->obj);
		f->h = fastalloc_handle(pool, f->obj);
		f->irq = IRQ_WORK_INIT_HARD(irq_calls);
		irq_work_queue(&f->irq);
		irq_work_sync(&f->irq);
		KUNIT_EXPECT_TRUE(test, f->there);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	}
	KUNIT_EXPECT_EQ(test, f->wrong, 0U);
	KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);
}

/*
 * Promise: an owned handle frees its object once, can be moved, and can give up its
 * object.
 */
static void ref_owned(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 1, 0);
	struct fastalloc_pool *pool;
	struct fastalloc_ref a, b;
	unsigned int with, n;
	void *obj;

	for (with = 0; with < 2; with++) {
		cfg.flags = with ? FASTALLOC_F_HANDLES : 0;
		pool = fa_pool(test, &cfg);
		a = fastalloc_ref_alloc(pool, GFP_KERNEL);
		obj = fastalloc_ref_obj(&a);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
		b = fastalloc_ref_move(&a);
		KUNIT_EXPECT_NULL(test, fastalloc_ref_obj(&a));
		KUNIT_EXPECT_PTR_EQ(test, fastalloc_ref_obj(&b), obj);
		fastalloc_ref_free(&a);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
		fastalloc_ref_free(&b);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
		KUNIT_EXPECT_NULL(test, fastalloc_ref_obj(&b));
		fastalloc_ref_free(&b);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);

		a = fastalloc_ref_alloc(pool, GFP_KERNEL);
		obj = fastalloc_ref_take(&a);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		KUNIT_EXPECT_NULL(test, fastalloc_ref_take(&a));
		fastalloc_ref_free(&a);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 1UL);
		fastalloc_free(pool, obj);

		n = fa_drain(test, pool, GFP_KERNEL);
		a = fastalloc_ref_alloc(pool, GFP_KERNEL);
		KUNIT_EXPECT_NULL(test, fastalloc_ref_obj(&a));
		fastalloc_ref_free(&a);
		KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), (unsigned long)n);
		KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);
		fa_put_all(test);
		fa_pool_gone(test, pool);
	}
}

/* Drops the reference of another task, which was the last one. */
static void expect_last(struct kunit *test, struct fastalloc_pool *pool, fastalloc_handle_t h,
			void *obj)
{
	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_PTR_EQ(test, fastalloc_resolve(pool, h), obj);
	fastalloc_put(pool, obj);
	KUNIT_EXPECT_NULL(test, fastalloc_resolve(pool, h));
}

/*
 * Promise: an owned handle, a scope and a free after a grace period drop their reference
 * while another task has one.
 */
static void ref_dropped(struct kunit *test)
{
	struct fastalloc_rcu_head *head = fa_mem(test, sizeof(*head));
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = handle_pool(test, 8);
	struct fastalloc_ref ref;
	fastalloc_handle_t h;
	void *obj, *other;

	ref = fastalloc_ref_alloc(pool, GFP_KERNEL);
	obj = fastalloc_ref_obj(&ref);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	h = fastalloc_handle(pool, obj);
	other = fastalloc_upgrade(pool, h);
	fastalloc_ref_free(&ref);
	expect_last(test, pool, h, other);
	{
		CLASS(fastalloc_obj, o)(pool, GFP_KERNEL);

		KUNIT_EXPECT_NOT_NULL(test, o.obj);
		h = fastalloc_handle(pool, o.obj);
		other = fastalloc_upgrade(pool, h);
	}
	expect_last(test, pool, h, other);
	if (c->sync != FASTALLOC_SYNC_NONE) {
		obj = fastalloc_alloc(pool, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		h = fastalloc_handle(pool, obj);
		other = fastalloc_upgrade(pool, h);
		fastalloc_free_rcu(pool, obj, head);
		rcu_barrier();
		expect_last(test, pool, h, other);
	}
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(pool), 0UL);
	KUNIT_EXPECT_EQ(test, violations(pool), 0ULL);
}

struct ref_race {
	struct fastalloc_pool	*pool;
	struct fastalloc_ref	ref;
	bool			stop;
};

static int ref_freer(void *data)
{
	struct ref_race *r = data;
	unsigned int i = 0;

	while (!READ_ONCE(r->stop)) {
		fastalloc_ref_free(&r->ref);
		race_breathe(i++);
	}
	race_end();
	return 0;
}

/*
 * Promise: if several tasks free an owned handle at once, one of them frees the object.
 */
static void ref_race(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_config cfg = fa_combo_config(c, 8, 0);
	struct ref_race *r = fa_mem(test, sizeof(*r));
	struct task_struct *task[2];
	unsigned int i;
	void *obj;

	/* The check flag detects a double free. */
	cfg.flags = FASTALLOC_F_CHECK;
	r->pool = fa_pool(test, &cfg);
	r->ref.pool = r->pool;
	for (i = 0; i < 2; i++) {
		task[i] = kthread_run(ref_freer, r, "fa-freer/%u", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(task[i]));
	}
	for (i = 0; i < 5000; i++) {
		obj = fastalloc_alloc(r->pool, GFP_KERNEL);
		if (obj)
			fastalloc_free(r->pool, xchg(&r->ref.obj, obj));
		fastalloc_ref_free(&r->ref);
		cond_resched();
	}
	WRITE_ONCE(r->stop, true);
	for (i = 0; i < 2; i++)
		if (!IS_ERR(task[i]))
			kthread_stop(task[i]);
	KUNIT_EXPECT_EQ(test, fastalloc_pool_allocated(r->pool), 0UL);
	KUNIT_EXPECT_EQ(test, violations(r->pool), 0ULL);
}

static struct kunit_case handle_cases[] = {
	KUNIT_CASE_PARAM(handle_resolves, handle_gen_params),
	KUNIT_CASE_PARAM(handle_of_nothing, handle_gen_params),
	KUNIT_CASE_PARAM(handle_secret, handle_gen_params),
	KUNIT_CASE_PARAM(handle_stale, handle_gen_params),
	KUNIT_CASE_PARAM(handle_wrap, handle_gen_params),
	KUNIT_CASE_PARAM(handle_references, handle_gen_params),
	KUNIT_CASE_PARAM(handle_bulk, handle_gen_params),
	KUNIT_CASE(handle_contig),
	KUNIT_CASE_PARAM(handle_wrong_calls, handle_gen_params),
	KUNIT_CASE(handle_without_flag),
	KUNIT_CASE_PARAM(handle_with_checks, handle_gen_params),
	KUNIT_CASE_PARAM(handle_saturation, shared_gen_params),
	KUNIT_CASE_PARAM(handle_trim, growing_gen_params),
	KUNIT_CASE(handle_ranges),
	KUNIT_CASE(handle_gen_wrapped),
	KUNIT_CASE(handle_failed_growth),
	KUNIT_CASE(handle_failed_unseen),
	KUNIT_CASE_PARAM(handle_overhead, handle_gen_params),
	KUNIT_CASE_PARAM(handle_destroyed, handle_gen_params),
	KUNIT_CASE_PARAM(handle_kept, handle_gen_params),
	KUNIT_CASE_PARAM(handle_race_put, shared_gen_params),
	KUNIT_CASE_PARAM(handle_race_destroy, shared_gen_params),
	KUNIT_CASE_PARAM(handle_late_put, shared_gen_params),
	KUNIT_CASE_PARAM(handle_hardirq, shared_gen_params),
	KUNIT_CASE_PARAM(ref_owned, handle_gen_params),
	KUNIT_CASE_PARAM(ref_dropped, handle_gen_params),
	KUNIT_CASE_PARAM(ref_race, shared_gen_params),
	{}
};

static struct kunit_suite handle_suite = {
	.name = "fastalloc_handle",
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = handle_cases,
};

kunit_test_suite(handle_suite);

MODULE_DESCRIPTION("Tests of fastalloc: owned, shared and weak handles");
MODULE_LICENSE("GPL");
FASTALLOC_IMPORT_NS();
