// SPDX-License-Identifier: GPL-2.0
/* The allocators under test: one of each, for objects of one size. */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/err.h>
#include <linux/genalloc.h>
#include <linux/log2.h>
#include <linux/mempool.h>
#include <linux/minmax.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "bench.h"

/* gen_pool searches its bitmap from the start: with more objects that takes too long. */
#define GEN_POOL_MOST	65536UL

/* Before 6.3 dma_pool searches its list of pages: with more bytes that takes too long. */
#define DMA_POOL_MOST	SZ_16M

/* Otherwise two caches of one size may be merged. */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE	0
#endif

static const struct {
	const char	*name;
	unsigned int	only;
} bench_allocators[BENCH_NR] = {
	[BENCH_NOTHING] = { "nothing" },
	[BENCH_INLINE] = { "fastalloc-percpu-inline" },
	[BENCH_NOPREEMPT] = { "fastalloc-percpu-nopreempt" },
	[BENCH_CALL] = { "fastalloc-percpu-call" },
	[BENCH_SPINLOCK] = { "fastalloc-spinlock" },
	[BENCH_NONE] = { "fastalloc-none" },
	[BENCH_NONE_PLAIN] = { "fastalloc-none-plain" },
	[BENCH_KMEM_CACHE] = { "kmem_cache" },
	[BENCH_KMALLOC_32] = { "kmalloc", 32 },
	[BENCH_KMALLOC_64] = { "kmalloc", 64 },
	[BENCH_KMALLOC_256] = { "kmalloc", 256 },
	[BENCH_KMALLOC_1024] = { "kmalloc", 1024 },
	[BENCH_KMALLOC_4096] = { "kmalloc", 4096 },
	[BENCH_MEMPOOL] = { "mempool" },
	[BENCH_OBJPOOL] = { "objpool" },
	[BENCH_GEN_POOL] = { "gen_pool" },
	[BENCH_DMA_POOL] = { "dma_pool" },
};

const char *bench_name(enum bench_id id)
{
	return bench_allocators[id].name;
}

/* Whether the kernel has this allocator, and the user asked for it. */
bool bench_has(const struct bench *b, enum bench_id id)
{
	return b->handle[id] &&
	       (id == BENCH_NOTHING || bench_listed(bench_only, bench_name(id)));
}

/* The same for all allocators: natural, at most a cache line. */
static unsigned int bench_align(unsigned int size)
{
	return min_t(unsigned int, size, SMP_CACHE_BYTES);
}

struct fastalloc_pool *bench_pool(const char *name, unsigned int size,
				  unsigned long capacity, unsigned long growth,
				  enum fastalloc_sync sync)
{
	struct fastalloc_config cfg = {
		.name = name,
		.obj_size = size,
		.align = bench_align(size),
		.capacity = capacity,
		.sync = sync,
	};

	if (growth) {
		cfg.growth = FASTALLOC_GROWTH_LINEAR;
		cfg.growth_amount = growth;
	}
	return fastalloc_pool_create(&cfg);
}

static int setup_pools(struct bench *b)
{
	static const struct {
		enum bench_id		id;
		enum fastalloc_sync	sync;
		const char		*name;
	} kinds[] = {
		{ BENCH_INLINE, FASTALLOC_SYNC_PERCPU, "bench-percpu" },
		{ BENCH_SPINLOCK, FASTALLOC_SYNC_SPINLOCK, "bench-spinlock" },
		{ BENCH_NONE, FASTALLOC_SYNC_NONE, "bench-none" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fastalloc_pool *pool;

		pool = bench_pool(kinds[i].name, b->size, b->objs, 0, kinds[i].sync);
		if (IS_ERR(pool))
			return PTR_ERR(pool);
		b->handle[kinds[i].id] = pool;
	}
	b->handle[BENCH_CALL] = b->handle[BENCH_INLINE];
	b->handle[BENCH_NONE_PLAIN] = b->handle[BENCH_NONE];
	return 0;
}

struct kmem_cache *bench_cache(const char *name, unsigned int size)
{
	return kmem_cache_create(name, size, bench_align(size),
				 SLAB_NO_MERGE, NULL);
}

static int setup_slab(struct bench *b)
{
	struct kmem_cache *cache;
	int id;

	cache = bench_cache("fastalloc_bench", b->size);
	if (!cache)
		return -ENOMEM;
	b->handle[BENCH_KMEM_CACHE] = cache;
	b->handle[BENCH_MEMPOOL] = mempool_create_slab_pool(64, cache);
	if (!b->handle[BENCH_MEMPOOL])
		return -ENOMEM;
	for (id = 0; id < BENCH_NR; id++)
		if (bench_allocators[id].only == b->size)
			b->handle[id] = b;
	return 0;
}

#ifdef BENCH_HAS_OBJPOOL
static int objpool_nothing(void *obj, void *context)
{
	return 0;
}

static int objpool_gone(struct objpool_head *head, void *context)
{
	return 0;
}

static int setup_objpool(struct bench *b)
{
	int err;

	err = objpool_init(&b->objpool, b->objs, b->size, GFP_KERNEL, NULL,
			   objpool_nothing, objpool_gone);
	if (err)
		return err;
	b->objpool_up = true;
	b->handle[BENCH_OBJPOOL] = &b->objpool;
	return 0;
}

static void teardown_objpool(struct bench *b)
{
	if (b->objpool_up)
		objpool_fini(&b->objpool);
}
#else
static int setup_objpool(struct bench *b)
{
	return 0;
}

static void teardown_objpool(struct bench *b)
{
}
#endif

#if BENCH_HAS_GEN_POOL
static int setup_gen_pool(struct bench *b)
{
	struct gen_pool *pool;

	if (b->objs > GEN_POOL_MOST)
		return 0;
	b->gen_mem = vmalloc(array_size(b->objs, b->size));
	pool = gen_pool_create(ilog2(b->size), NUMA_NO_NODE);
	b->handle[BENCH_GEN_POOL] = pool;
	if (!b->gen_mem || !pool)
		return -ENOMEM;
	return gen_pool_add(pool, (unsigned long)b->gen_mem,
			    array_size(b->objs, b->size), NUMA_NO_NODE);
}

static void teardown_gen_pool(struct bench *b)
{
	if (b->handle[BENCH_GEN_POOL])
		gen_pool_destroy(b->handle[BENCH_GEN_POOL]);
	vfree(b->gen_mem);
}
#else
static int setup_gen_pool(struct bench *b)
{
	return 0;
}

static void teardown_gen_pool(struct bench *b)
{
}
#endif

#if BENCH_HAS_DMA_POOL
static struct platform_device *bench_dev;

static int setup_dma_pool(struct bench *b)
{
	int err;

	if (b->objs * b->size > DMA_POOL_MOST)
		return 0;
	bench_dev = platform_device_register_simple("fastalloc_bench", -1, NULL, 0);
	if (IS_ERR(bench_dev)) {
		err = PTR_ERR(bench_dev);
		bench_dev = NULL;
		return err;
	}
	err = dma_coerce_mask_and_coherent(&bench_dev->dev, DMA_BIT_MASK(64));
	if (err)
		return err;
	b->handle[BENCH_DMA_POOL] =
		dma_pool_create("fastalloc_bench", &bench_dev->dev, b->size,
				bench_align(b->size), 0);
	return b->handle[BENCH_DMA_POOL] ? 0 : -ENOMEM;
}

static void teardown_dma_pool(struct bench *b)
{
	dma_pool_destroy(b->handle[BENCH_DMA_POOL]);
	if (bench_dev)
		platform_device_unregister(bench_dev);
	bench_dev = NULL;
}
#else
static int setup_dma_pool(struct bench *b)
{
	return 0;
}

static void teardown_dma_pool(struct bench *b)
{
}
#endif

/* Creates all allocators, for @objs objects of @size out at once. */
int bench_setup(struct bench *b, unsigned int size, unsigned long objs)
{
	int err;

	memset(b, 0, sizeof(*b));
	b->size = size;
	b->objs = objs;
	b->handle[BENCH_NOTHING] = b;
	b->obj = vzalloc(array_size(objs, sizeof(*b->obj)));
	if (!b->obj)
		return -ENOMEM;
	err = setup_pools(b);
	if (!err)
		err = setup_slab(b);
	if (!err)
		err = setup_objpool(b);
	if (!err)
		err = setup_gen_pool(b);
	if (!err)
		err = setup_dma_pool(b);
	if (err)
		bench_teardown(b);
	return err;
}

void bench_teardown(struct bench *b)
{
	static const enum bench_id pools[] = { BENCH_INLINE, BENCH_SPINLOCK, BENCH_NONE };
	unsigned int i;

	teardown_dma_pool(b);
	teardown_gen_pool(b);
	teardown_objpool(b);
	mempool_destroy(b->handle[BENCH_MEMPOOL]);
	kmem_cache_destroy(b->handle[BENCH_KMEM_CACHE]);
	for (i = 0; i < ARRAY_SIZE(pools); i++)
		if (b->handle[pools[i]])
			fastalloc_pool_destroy(b->handle[pools[i]]);
	vfree(b->obj);
	memset(b, 0, sizeof(*b));
}
