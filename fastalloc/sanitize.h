/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks that tell KASAN, kmemleak and KMSAN of free and allocated objects, as far as
 * modules may do so. They compile to nothing on kernels without these.
 *
 * Generic KASAN: a free slot is poisoned like a free page, the gap behind an allocated
 * object like a redzone. kasan_poison() is exported, but its prototype and the values are
 * private to mm/kasan. The shadow of vmalloc memory can be written only with KASAN_VMALLOC.
 *
 * kmemleak: it does not track pages, and tracks a vmalloc chunk as one object. It gives up
 * if an object is added inside another. So a vmalloc chunk is removed from it, and each
 * allocated object is added, unless no spinlock may be taken at the allocation. In a pool
 * whose free objects keep their content the chunk is added instead, never to be reported.
 */
#ifndef FASTALLOC_SANITIZE_H
#define FASTALLOC_SANITIZE_H

#include <linux/bitops.h>
#include <linux/kasan.h>
#include <linux/kmemleak.h>
#include <linux/kmsan-checks.h>
#include <linux/mm.h>
#include <linux/preempt.h>

#include "context.h"
#include "kmemleak.h"
#include "pool.h"

/* Whether the kernel has any of the sanitizers. */
#define FA_SANITIZERS	(IS_ENABLED(CONFIG_KASAN_GENERIC) ||		\
			 IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) ||		\
			 IS_ENABLED(CONFIG_KMSAN))

#ifdef CONFIG_KASAN_GENERIC
#define FA_KASAN_GRANULE	8
#define FA_KASAN_FREE		0xff	/* KASAN_PAGE_FREE */
#define FA_KASAN_REDZONE	0xfe	/* KASAN_PAGE_REDZONE */

void kasan_poison(const void *addr, size_t size, u8 value, bool init);

static inline void fa_kasan_mark(const void *addr, size_t size, u8 value)
{
	kasan_poison(addr, ALIGN(size, FA_KASAN_GRANULE), value, false);
}
#else
#define FA_KASAN_GRANULE	1
#define FA_KASAN_FREE		0
#define FA_KASAN_REDZONE	0

static inline void fa_kasan_mark(const void *addr, size_t size, u8 value)
{
}
#endif

/* Size of the gap behind an object that KASAN can watch, and alignment of slots. */
static inline size_t fa_kasan_gap(const struct fastalloc_pool *pool)
{
	return pool->sanitize && IS_ENABLED(CONFIG_KASAN_GENERIC) &&
	       !(pool->cfg.flags & FASTALLOC_F_CONTIG) ? FA_KASAN_GRANULE : 0;
}

/* Whether slots begin at a granule, and the shadow may be written. */
static inline bool fa_kasan_sees(const struct fastalloc_pool *pool, const void *mem)
{
	return IS_ENABLED(CONFIG_KASAN_GENERIC) && pool->sanitize &&
	       !(pool->chunks.stride % FA_KASAN_GRANULE) &&
	       (IS_ENABLED(CONFIG_KASAN_VMALLOC) || !is_vmalloc_addr(mem));
}

/* Makes the whole slot accessible, to its user or to the pool. */
static inline void fa_san_open(struct fastalloc_pool *pool, const void *obj)
{
	if (fa_kasan_sees(pool, obj))
		fa_kasan_mark(obj, pool->chunks.stride, 0);
}

/* Lets a check read bytes that are uninitialized or out of bounds for a user. */
static inline void fa_san_look(struct fastalloc_pool *pool, const void *from, size_t bytes)
{
	if (pool->sanitize)
		kmsan_unpoison_memory(from, bytes);
}

/* An object is allocated. @zeroed: it will be zeroed. */
static inline void fa_san_alloc(struct fastalloc_pool *pool, void *obj, bool zeroed,
				gfp_t gfp)
{
	size_t size = pool->cfg.obj_size;

	if (fa_kasan_sees(pool, obj)) {
		size_t last = ALIGN_DOWN(size, FA_KASAN_GRANULE);

		fa_kasan_mark(obj + last, pool->chunks.stride - last, FA_KASAN_REDZONE);
		/* A granule may be valid in part: its first bytes. */
		if (size > last)
			fa_kasan_mark(obj + last, FA_KASAN_GRANULE, size - last);
	}
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) && pool->sanitize && !fa_content_stays(pool))
		fa_kmemleak_alloc(pool, obj, gfp);
	if (zeroed)
		kmsan_unpoison_memory(obj, size);
	else if (!fa_content_stays(pool))
		kmsan_poison_memory(obj, size, gfp & ~__GFP_ZERO);
}

/* An object is freed. @may_lock: result of fa_may_lock(). */
static inline void fa_san_free(struct fastalloc_pool *pool, void *obj, bool may_lock)
{
	if (fa_content_stays(pool))
		return;
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) && pool->sanitize && may_lock)
		fa_kmemleak_free(pool, obj);
	kmsan_poison_memory(obj, pool->cfg.obj_size, GFP_NOWAIT);
	if (fa_kasan_sees(pool, obj))
		fa_kasan_mark(obj, pool->chunks.stride, FA_KASAN_FREE);
}

/* A chunk was created; its objects are free. */
static inline void fa_san_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk,
				     gfp_t gfp)
{
	if (!pool->sanitize)
		return;
	if (chunk->origin == FA_ORIGIN_VMALLOC)
		kmemleak_free(chunk->mem);
	if (fa_content_stays(pool))
		kmemleak_alloc(chunk->mem, chunk->bytes, 0, fa_gfp(gfp));
	else if (fa_kasan_sees(pool, chunk->mem))
		fa_kasan_mark(chunk->mem, chunk->end - chunk->mem, FA_KASAN_FREE);
}

/* The memory of a chunk is about to be freed. */
static inline void fa_san_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk,
				     gfp_t gfp)
{
	if (!pool->sanitize)
		return;
	if (fa_kasan_sees(pool, chunk->mem))
		fa_kasan_mark(chunk->mem, chunk->end - chunk->mem, 0);
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		fa_kmemleak_chunk_exit(pool, chunk, gfp);
}

#endif /* FASTALLOC_SANITIZE_H */
