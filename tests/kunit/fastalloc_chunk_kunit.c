// SPDX-License-Identifier: GPL-2.0
/* Backing memory: its kind, the layout of objects in it, and its limits. */
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sort.h>

#include "fastalloc_test.h"

static const struct {
	size_t size;
	size_t align;
} sizes[] = {
	{ 1, 0 }, { 1, 1 }, { 1, 64 }, { 2, 0 }, { 3, 0 }, { 5, 8 },
	{ 7, PAGE_SIZE }, { 8, 0 }, { 12, 0 }, { 24, 16 }, { 64, 0 },
	{ 64, 64 }, { 100, 0 }, { 129, 128 }, { 256, 0 }, { 1000, 1024 },
	{ 4095, 0 }, { 4096, PAGE_SIZE }, { 4097, 0 }, { 4097, PAGE_SIZE },
	{ SZ_64K, 0 }, { SZ_256K + 8, 0 }, { SZ_1M - 1, 512 }, { SZ_1M, 0 },
	{ SZ_1M, PAGE_SIZE },
};

static struct fa_combo layout_params[3 * ARRAY_SIZE(sizes)];

/* Each size with each backing; the other choices alternate with different periods. */
static int chunk_suite_init(struct kunit_suite *suite)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(layout_params); i++) {
		layout_params[i] = (struct fa_combo){
			.sync = FASTALLOC_SYNC_SPINLOCK + i % 2,
			.order = i / 2 % 3,
			.growth = i / 3 % 4,
			.backing = i % 3,
			.size = sizes[i / 3].size,
			.align = sizes[i / 3].align,
		};
	}
	return 0;
}

KUNIT_ARRAY_PARAM(layout, layout_params, fa_combo_desc);

static int by_address(const void *a, const void *b)
{
	const char *l = *(char * const *)a, *r = *(char * const *)b;

	return l < r ? -1 : l > r;
}

/* Marks that tell objects apart even if they are one byte long. */
static u8 mark_of(unsigned int i)
{
	return i * 7 + 1;
}

static bool backing_is(const struct fa_combo *c, const char *obj)
{
	const char *end = obj + c->size - 1;

	switch (c->backing) {
	case FASTALLOC_BACKING_PAGES:
		return virt_addr_valid(obj) && virt_addr_valid(end) &&
		       !is_vmalloc_addr(obj) &&
		       page_to_pfn(virt_to_page(end)) -
		       page_to_pfn(virt_to_page(obj)) ==
		       PHYS_PFN((unsigned long)end) -
		       PHYS_PFN((unsigned long)obj);
	case FASTALLOC_BACKING_VMALLOC:
		return is_vmalloc_addr(obj) && is_vmalloc_addr(end);
	default:
		return true;
	}
}

/*
 * Promise: in every chunk each object is aligned, overlaps no other, holds all that is
 * written to it, and lies in the requested kind of memory.
 */
static void chunk_layout(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	unsigned int cap = clamp_t(unsigned int, SZ_1M / fa_combo_stride(c), 2, 64);
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, cap, cap + 9));
	bool grows = c->growth != FASTALLOC_GROWTH_NONE;
	char **objs = fa_mem(test, (cap + 9) * sizeof(*objs));
	unsigned int nr, i, bad = 0;
	struct fastalloc_stats s;

	nr = fa_drain(test, pool, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, nr, grows ? cap + 9 : cap);
	for (i = 0; i < nr; i++) {
		objs[i] = ((struct fa_fix *)test->priv)->held[i].obj;
		memset(objs[i], mark_of(i), c->size);
	}
	for (i = 0; i < nr; i++) {
		bad += !IS_ALIGNED((unsigned long)objs[i], fa_combo_align(c));
		bad += !!memchr_inv(objs[i], mark_of(i), c->size);
		bad += !backing_is(c, objs[i]);
	}
	KUNIT_EXPECT_EQ(test, bad, 0U);

	sort(objs, nr, sizeof(*objs), by_address, NULL);
	for (i = 1; i < nr; i++)
		bad += objs[i] - objs[i - 1] < fa_combo_stride(c);
	KUNIT_EXPECT_EQ(test, bad, 0U);

	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_GE(test, s.chunks, grows ? 2UL : 1UL);
	KUNIT_EXPECT_GE(test, s.bytes, nr * fa_combo_stride(c));
}

/*
 * Promise: memory beyond the largest block of the page allocator becomes several
 * chunks.
 */
static void chunk_pages_split(struct kunit *test)
{
	struct fastalloc_config cfg = fa_config(.obj_size = SZ_256K, .capacity = 64,
						.sync = FASTALLOC_SYNC_SPINLOCK,
						.backing = FASTALLOC_BACKING_PAGES);
	struct fastalloc_pool *pool = fastalloc_pool_create(&cfg);
	struct fastalloc_stats s;

	if (PTR_ERR_OR_ZERO(pool) == -ENOMEM)
		kunit_skip(test, "no 16 MiB of free pages in large blocks");
	((struct fa_fix *)test->priv)->pool[0] = pool;
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_GT(test, s.chunks, 1UL);
	KUNIT_EXPECT_EQ(test, s.total, 64UL);
	KUNIT_EXPECT_EQ(test, fa_drain(test, pool, GFP_KERNEL), 64U);
}

/* Promise: AUTO uses pages for small pools. */
static void chunk_auto_small(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.capacity = 16,
					   .sync = FASTALLOC_SYNC_SPINLOCK));

	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(fa_must_get(test, pool, GFP_KERNEL)));
}

/* Promise: AUTO uses vmalloc where no block of pages is large enough: one chunk. */
static void chunk_auto_large(struct kunit *test)
{
	struct fastalloc_pool *pool =
		fa_pool_of(test, fa_config(.obj_size = SZ_1M, .capacity = 24,
					   .sync = FASTALLOC_SYNC_SPINLOCK));
	struct fastalloc_stats s;

	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(fa_must_get(test, pool, GFP_KERNEL)));
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.chunks, 1UL);
}

/* Promise: memory comes from the requested node. */
static void chunk_node(struct kunit *test)
{
	static const enum fastalloc_backing backings[] = {
		FASTALLOC_BACKING_PAGES, FASTALLOC_BACKING_VMALLOC,
	};
	unsigned int i, nodes = 0;
	int node;

	for_each_node_state(node, N_MEMORY) {
		for (i = 0; i < ARRAY_SIZE(backings); i++) {
			struct fastalloc_config cfg =
				fa_config(.obj_size = PAGE_SIZE, .capacity = 4,
					  .node = node, .sync = FASTALLOC_SYNC_SPINLOCK,
					  .backing = backings[i],
					  .flags = FASTALLOC_F_NODE);
			struct fastalloc_pool *pool = fa_pool(test, &cfg);
			void *obj = fa_must_get(test, pool, GFP_KERNEL);
			struct page *page = is_vmalloc_addr(obj) ?
					    vmalloc_to_page(obj) : virt_to_page(obj);

			KUNIT_EXPECT_EQ(test, page_to_nid(page), node);
			fa_put_all(test);
			fa_pool_gone(test, pool);
		}
		nodes++;
	}
	KUNIT_EXPECT_GT(test, nodes, 0U);
}

#define GIB_OBJECTS	1024

/* Whether any of the objects is mapped by 2 MiB; true if that cannot be known. */
static bool chunk_huge_mapped(char **objs, unsigned int nr)
{
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
	unsigned int level;

	while (nr--)
		if (lookup_address((unsigned long)objs[nr], &level) &&
		    level == PG_LEVEL_2M)
			return true;
	return false;
#else
	return true;
#endif
}

/* Promise: a single chunk of 1 GiB works, mapped by 2 MiB where the kernel does that. */
static void chunk_one_gib(struct kunit *test)
{
	struct fastalloc_pool *pool;
	struct fastalloc_stats s;
	unsigned int i, bad = 0;
	char **objs;

	if (IS_ENABLED(CONFIG_KASAN))
		kunit_skip(test, "the shadow of 1 GiB costs too much under KASAN");
	if (si_mem_available() < (13L << 30) / 10 >> PAGE_SHIFT)
		kunit_skip(test, "less than 1.3 GiB of memory available");

	objs = fa_mem(test, GIB_OBJECTS * sizeof(*objs));
	pool = fa_pool_of(test, fa_config(.obj_size = SZ_1M, .capacity = GIB_OBJECTS,
					  .sync = FASTALLOC_SYNC_SPINLOCK,
					  .order = FASTALLOC_ORDER_LOWEST,
					  .backing = FASTALLOC_BACKING_VMALLOC));
	fastalloc_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.chunks, 1UL);
	KUNIT_EXPECT_GE(test, s.bytes, (size_t)SZ_1G);
	for (i = 0; i < GIB_OBJECTS; i++) {
		objs[i] = fa_must_get(test, pool, GFP_KERNEL);
		*(u64 *)objs[i] = i;
		*(u64 *)(objs[i] + SZ_1M - 8) = ~(u64)i;
		bad += i && objs[i] != objs[i - 1] + SZ_1M;
	}
	for (i = 0; i < GIB_OBJECTS; i++)
		bad += *(u64 *)objs[i] != i ||
		       *(u64 *)(objs[i] + SZ_1M - 8) != ~(u64)i;
	KUNIT_EXPECT_EQ(test, bad, 0U);
	KUNIT_EXPECT_TRUE(test, chunk_huge_mapped(objs, GIB_OBJECTS));
	KUNIT_EXPECT_NULL(test, fa_get(test, pool, GFP_KERNEL));
}

/* Promise: a large number of tiny objects works, up to the last one. */
static void chunk_many_objects(struct kunit *test)
{
	struct fa_combo *c = (struct fa_combo *)test->param_value;
	struct fastalloc_pool *pool = fa_pool_of(test, fa_combo_config(c, 20000, 0));
	void **objs = fa_mem(test, 20001 * sizeof(*objs));
	unsigned int got, again;

	got = fastalloc_alloc_bulk(pool, GFP_KERNEL, 20000, objs);
	KUNIT_EXPECT_EQ(test, got, 20000U);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_exhausted(pool));
	fastalloc_free_bulk(pool, got, objs);
	for (again = 0; again < 20001; again++) {
		objs[again] = fastalloc_alloc(pool, GFP_KERNEL);
		if (!objs[again])
			break;
	}
	KUNIT_EXPECT_EQ(test, again, got);
	fastalloc_free_bulk(pool, again, objs);
	KUNIT_EXPECT_TRUE(test, fastalloc_pool_is_idle(pool));
}

static struct fa_combo many_params[] = {
	FA_COMBO(SPINLOCK, LIFO, NONE, VMALLOC, 1, 0),
	FA_COMBO(NONE, FIFO, NONE, PAGES, 4, 0),
	FA_COMBO(SPINLOCK, LOWEST, NONE, AUTO, 8, 0),
};

KUNIT_ARRAY_PARAM(many, many_params, fa_combo_desc);

static struct kunit_case chunk_cases[] = {
	KUNIT_CASE_PARAM(chunk_layout, layout_gen_params),
	KUNIT_CASE(chunk_pages_split),
	KUNIT_CASE(chunk_auto_small),
	KUNIT_CASE(chunk_auto_large),
	KUNIT_CASE(chunk_node),
	KUNIT_CASE(chunk_one_gib),
	KUNIT_CASE_PARAM(chunk_many_objects, many_gen_params),
	{ }
};

static struct kunit_suite chunk_suite = {
	.name = "fastalloc_chunk",
	.suite_init = chunk_suite_init,
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = chunk_cases,
};

kunit_test_suite(chunk_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: tests of backing memory");
MODULE_LICENSE("GPL");
