/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocation and free of each allocator. With a constant id the switches are resolved
 * at compile time, so that each loop contains the calls of one allocator and nothing
 * else.
 */
#ifndef FASTALLOC_BENCH_OPS_H
#define FASTALLOC_BENCH_OPS_H

#include <linux/dmapool.h>
#include <linux/genalloc.h>
#include <linux/mempool.h>
#include <linux/slab.h>

#include "bench.h"

static __always_inline void *ops_alloc(enum bench_id id, void *h,
				       unsigned int size, gfp_t gfp)
{
	switch (id) {
	case BENCH_NOTHING:
		OPTIMIZER_HIDE_VAR(h);
		return h;
	case BENCH_INLINE:
		return fastalloc_alloc(h, gfp);
	case BENCH_NOPREEMPT:
		return fastalloc_alloc_nopreempt(h, gfp);
	case BENCH_CALL:
		return bench_call_alloc(h, gfp);
	case BENCH_SPINLOCK:
	case BENCH_NONE_PLAIN:
		return fastalloc_alloc(h, gfp);
	case BENCH_NONE:
		return __fastalloc_alloc(h, gfp);
	case BENCH_KMEM_CACHE:
		return kmem_cache_alloc(h, gfp);
	case BENCH_KMALLOC_32:
		return kmalloc(32, gfp);
	case BENCH_KMALLOC_64:
		return kmalloc(64, gfp);
	case BENCH_KMALLOC_256:
		return kmalloc(256, gfp);
	case BENCH_KMALLOC_1024:
		return kmalloc(1024, gfp);
	case BENCH_KMALLOC_4096:
		return kmalloc(4096, gfp);
	case BENCH_MEMPOOL:
		return mempool_alloc(h, gfp);
#ifdef BENCH_HAS_OBJPOOL
	case BENCH_OBJPOOL:
		return objpool_pop(h);
#endif
#if BENCH_HAS_GEN_POOL
	case BENCH_GEN_POOL:
		return (void *)gen_pool_alloc(h, size);
#endif
#if BENCH_HAS_DMA_POOL
	case BENCH_DMA_POOL: {
		dma_addr_t dma;
		void *obj = dma_pool_alloc(h, gfp, &dma);

		/* The caller must remember the DMA address: here in the object. */
		*(dma_addr_t *)obj = dma;
		return obj;
	}
#endif
	default:
		return NULL;
	}
}

static __always_inline void ops_free(enum bench_id id, void *h,
				     unsigned int size, void *obj)
{
	switch (id) {
	case BENCH_NOTHING:
		barrier_data(obj);
		break;
	case BENCH_INLINE:
		fastalloc_free(h, obj);
		break;
	case BENCH_NOPREEMPT:
		fastalloc_free_nopreempt(h, obj);
		break;
	case BENCH_CALL:
		bench_call_free(h, obj);
		break;
	case BENCH_SPINLOCK:
	case BENCH_NONE_PLAIN:
		fastalloc_free(h, obj);
		break;
	case BENCH_NONE:
		__fastalloc_free(h, obj);
		break;
	case BENCH_KMEM_CACHE:
		kmem_cache_free(h, obj);
		break;
	case BENCH_KMALLOC_32:
	case BENCH_KMALLOC_64:
	case BENCH_KMALLOC_256:
	case BENCH_KMALLOC_1024:
	case BENCH_KMALLOC_4096:
		kfree(obj);
		break;
	case BENCH_MEMPOOL:
		mempool_free(obj, h);
		break;
#ifdef BENCH_HAS_OBJPOOL
	case BENCH_OBJPOOL:
		objpool_push(obj, h);
		break;
#endif
#if BENCH_HAS_GEN_POOL
	case BENCH_GEN_POOL:
		gen_pool_free(h, (unsigned long)obj, size);
		break;
#endif
#if BENCH_HAS_DMA_POOL
	case BENCH_DMA_POOL:
		dma_pool_free(h, obj, *(dma_addr_t *)obj);
		break;
#endif
	default:
		break;
	}
}

/* Bulk calls, if the allocator has them. All or nothing. */
static __always_inline bool ops_alloc_bulk(enum bench_id id, void *h,
					   unsigned int nr, void **obj)
{
	switch (id) {
	case BENCH_NOTHING:
		barrier_data(obj);
		return true;
	case BENCH_INLINE:
	case BENCH_CALL:
	case BENCH_SPINLOCK:
	case BENCH_NONE:
		return fastalloc_alloc_bulk(h, BENCH_GFP, nr, obj);
	case BENCH_KMEM_CACHE:
		return kmem_cache_alloc_bulk(h, BENCH_GFP, nr, obj);
	default:
		return false;
	}
}

static __always_inline void ops_free_bulk(enum bench_id id, void *h,
					  unsigned int nr, void **obj)
{
	switch (id) {
	case BENCH_NOTHING:
		barrier_data(obj);
		break;
	case BENCH_INLINE:
	case BENCH_CALL:
	case BENCH_SPINLOCK:
	case BENCH_NONE:
		fastalloc_free_bulk(h, nr, obj);
		break;
	case BENCH_KMEM_CACHE:
		kmem_cache_free_bulk(h, nr, obj);
		break;
	default:
		break;
	}
}

#endif /* FASTALLOC_BENCH_OPS_H */
