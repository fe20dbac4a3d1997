// SPDX-License-Identifier: GPL-2.0
/*
 * The fast path of pools whose objects have handles, or check F, and need nothing else but
 * zeroing: PERCPU (FA_PATH_HANDLES, FA_PATH_CHECK), and the others (FA_PATH_SAFE_LIST), which
 * use their list instead of a cache. It does in one section with preemption off what the full
 * path in alloc.c does in several steps:
 *
 *	allocation: pop an object from the CPU's cache; find its slot; mark the slot
 *	free: find the slot; check it and mark it; push the object to the CPU's cache
 *
 * The mark is the first reference in the word of the slot (handles), or a bit (check F).
 * Whatever is not common is left to the full path: zeroing, an empty or busy cache, a wrong
 * pointer. A free that finds a slot marked as free must not be tried again, as the object may
 * be allocated by then: it is reported here.
 *
 * The inline code has claimed a bypass cache, which needs no release, and has disabled
 * preemption. That is an RCU read-side critical section: destroy sets FA_PATH_DEAD, then waits
 * for a grace period before it frees the chunks. So they stay in a section that has seen the
 * path of a living pool. Trim, too, waits between the removal of a chunk from where lookups
 * find it and its end. In every context that may call this, preemption is off, or is
 * disabled here, also in an NMI.
 *
 * The functions have no calls but at their end, so that the common case saves no registers.
 */
#include <linux/bitops.h>

#include "alloc.h"
#include "report.h"
#include "safe.h"
#include "word.h"

/* The object needs more than a mark. */
static noinline void *fa_alloc_rest(struct fastalloc_pool *pool, gfp_t gfp, void *obj,
				    unsigned long ip)
{
	preempt_enable();
	fa_post_alloc_hook(pool, gfp, obj, ip);
	return obj;
}

static __always_inline bool fa_mark_out(struct fa_chunk *chunk, unsigned long i, bool handles)
{
	return handles ? fa_word_first(&chunk->word[i]) : !test_and_set_bit(i, chunk->out);
}

/* The object is not in the chunk of the hint. */
static noinline void *fa_alloc_elsewhere(struct fastalloc_pool *pool, gfp_t gfp, void *obj,
					 unsigned long ip)
{
	struct fa_chunk *chunk = fa_chunk_search(&pool->chunks, obj);
	unsigned long i;

	if (unlikely(!chunk) || pool->init_on_alloc)
		return fa_alloc_rest(pool, gfp, obj, ip);
	i = fa_chunk_slot(&pool->chunks, chunk, obj);
	if (unlikely(i >= chunk->count) || unlikely(!fa_mark_out(chunk, i, pool->handles.on)))
		return fa_alloc_rest(pool, gfp, obj, ip);
	preempt_enable();
	return obj;
}

/* Marks a popped object. */
static __always_inline void *fa_alloc_mark(struct fastalloc_pool *pool, gfp_t gfp, void *obj,
					   unsigned long ip, bool handles)
{
	struct fa_chunk *chunk = fa_chunk_hint(&pool->chunks);
	unsigned long i = fa_chunk_slot(&pool->chunks, chunk, obj);

	if (unlikely(i >= chunk->count))
		return fa_alloc_elsewhere(pool, gfp, obj, ip);
	/* The mark comes last: with it, other tasks can get a reference. */
	if (pool->init_on_alloc || unlikely(!fa_mark_out(chunk, i, handles)))
		return fa_alloc_rest(pool, gfp, obj, ip);
	preempt_enable();
	return obj;
}

/* The cache is empty or busy. */
static noinline void *fa_alloc_refill(struct fastalloc_pool *pool, gfp_t gfp, u32 n,
				      unsigned long ip)
{
	void *obj = fa_cache_alloc(pool, this_cpu_ptr(pool->percpu.cache), n);

	if (likely(obj))
		return fa_alloc_rest(pool, gfp, obj, ip);
	preempt_enable();
	return fa_pool_alloc(pool, gfp, ip);
}

static __always_inline void *fa_alloc_marked(struct fastalloc_pool *pool, gfp_t gfp,
					     unsigned long ip, bool handles)
{
	struct fastalloc_cache *c = this_cpu_ptr(pool->percpu.cache);
	unsigned long n = __fastalloc_claim(c);
	void *obj;

	if (unlikely(!__fastalloc_cache_pop(c, n, &obj)))
		return fa_alloc_refill(pool, gfp, n, ip);
	return fa_alloc_mark(pool, gfp, obj, ip, handles);
}

static noinline void *fa_alloc_full(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	preempt_enable();
	return fa_pool_alloc(pool, gfp, ip);
}

static noinline void *fa_alloc_list(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	void *obj;

	/* To adopt a chunk takes time in proportion to it, so that is not done here. */
	if (unlikely(READ_ONCE(pool->refill.pending)))
		return fa_alloc_full(pool, gfp, ip);
	obj = fa_central_alloc(pool);
	if (unlikely(!obj))
		return fa_alloc_full(pool, gfp, ip);
	return fa_alloc_mark(pool, gfp, obj, ip, pool->handles.on);
}

/* Called with preemption off; enables it. */
void *fa_alloc_safe(struct fastalloc_pool *pool, gfp_t gfp, unsigned long ip)
{
	if (fa_path(pool) == FA_PATH_HANDLES)
		return fa_alloc_marked(pool, gfp, ip, true);
	if (fa_path(pool) == FA_PATH_CHECK)
		return fa_alloc_marked(pool, gfp, ip, false);
	if (fa_path(pool) == FA_PATH_SAFE_LIST)
		return fa_alloc_list(pool, gfp, ip);
	/* Destroy has begun. */
	return fa_alloc_full(pool, gfp, ip);
}

/* The pointer is wrong, or destroy has begun. */
static noinline void fa_free_full(struct fastalloc_pool *pool, void *obj, unsigned long ip,
				  bool put)
{
	preempt_enable();
	fa_pool_free(pool, obj, ip, put);
}

/* The word of the object, last seen as @old, is not as usual; or a put is not the last. */
static noinline void fa_free_word(struct fastalloc_pool *pool, void *obj,
				  struct fa_chunk *chunk, atomic64_t *word, s64 old, bool put)
{
	bool last = fa_handle_drop_word(pool, obj, chunk, word, old, put);

	preempt_enable();
	if (!last)
		return;
	if (put)
		__fastalloc_debug_free(pool, obj, 1);
	fa_pool_free_checked(pool, obj);
}

static noinline __cold void fa_free_twice(struct fastalloc_pool *pool, void *obj,
					  struct fa_chunk *chunk)
{
	fa_fault(pool, "double free", obj, chunk, NULL);
	preempt_enable();
}

/* The object needs zeroing. */
static noinline void fa_free_rest(struct fastalloc_pool *pool, void *obj)
{
	preempt_enable();
	fa_pool_free_checked(pool, obj);
}

/* The cache is full, busy or shut. */
static noinline void fa_free_flush(struct fastalloc_pool *pool, void *obj, u32 n)
{
	fa_cache_free(pool, this_cpu_ptr(pool->percpu.cache), obj, n);
	preempt_enable();
}

/**
 * struct fa_free_kind - what a free is to do, known when the code is compiled
 * @handles: the objects have handles, else check F
 * @list: the pool has a list, else caches
 * @put: drop one reference only
 */
struct fa_free_kind {
	bool	handles;
	bool	list;
	bool	put;
};

static __always_inline void fa_free_slot(struct fastalloc_pool *pool, void *obj,
					 struct fa_chunk *chunk, unsigned long i,
					 struct fa_free_kind kind)
{
	struct fastalloc_cache *c;
	unsigned long n;
	s64 old;

	if (kind.handles) {
		if (unlikely(!fa_word_free(&chunk->word[i], &old))) {
			fa_free_word(pool, obj, chunk, &chunk->word[i], old, kind.put);
			return;
		}
	} else if (unlikely(!test_and_clear_bit(i, chunk->out))) {
		fa_free_twice(pool, obj, chunk);
		return;
	}
	/* As in fa_pool_free(). */
	if (kind.put)
		__fastalloc_debug_free(pool, obj, 1);
	if (pool->init_on_free) {
		fa_free_rest(pool, obj);
		return;
	}
	if (kind.list) {
		fa_central_free(pool, obj);
		preempt_enable();
		return;
	}
	c = this_cpu_ptr(pool->percpu.cache);
	n = __fastalloc_claim(c);
	if (likely(__fastalloc_cache_push(c, n, obj)))
		preempt_enable();
	else
		fa_free_flush(pool, obj, n);
}

/* The object is not in the chunk of the hint. */
static noinline void fa_free_elsewhere(struct fastalloc_pool *pool, void *obj,
				       unsigned long ip, bool put)
{
	struct fa_chunk *chunk = fa_chunk_search(&pool->chunks, obj);
	unsigned long i = chunk ? fa_chunk_slot(&pool->chunks, chunk, obj) : 0;
	struct fa_free_kind kind = {
		.handles = pool->handles.on,
		.list = !fa_is_percpu(pool),
		.put = put,
	};

	if (unlikely(!chunk || i >= chunk->count))
		fa_free_full(pool, obj, ip, put);
	else
		fa_free_slot(pool, obj, chunk, i, kind);
}

static __always_inline void fa_free_marked(struct fastalloc_pool *pool, void *obj,
					   unsigned long ip, struct fa_free_kind kind)
{
	struct fa_chunk *chunk = fa_chunk_hint(&pool->chunks);
	unsigned long i = fa_chunk_slot(&pool->chunks, chunk, obj);

	if (likely(i < chunk->count))
		fa_free_slot(pool, obj, chunk, i, kind);
	else
		fa_free_elsewhere(pool, obj, ip, kind.put);
}

static noinline void fa_free_list(struct fastalloc_pool *pool, void *obj, unsigned long ip)
{
	fa_free_marked(pool, obj, ip,
		       (struct fa_free_kind){ .handles = pool->handles.on, .list = true });
}

/* As fa_alloc_safe(). */
void fa_free_safe(struct fastalloc_pool *pool, void *obj, unsigned long ip)
{
	if (fa_path(pool) == FA_PATH_HANDLES)
		fa_free_marked(pool, obj, ip, (struct fa_free_kind){ .handles = true });
	else if (fa_path(pool) == FA_PATH_CHECK)
		fa_free_marked(pool, obj, ip, (struct fa_free_kind){ });
	else if (fa_path(pool) == FA_PATH_SAFE_LIST)
		fa_free_list(pool, obj, ip);
	else
		fa_free_full(pool, obj, ip, false);
}

/* As fa_free_safe(), for a put. */
void fa_put_safe(struct fastalloc_pool *pool, void *obj, unsigned long ip)
{
	if (fa_path(pool) == FA_PATH_HANDLES)
		fa_free_marked(pool, obj, ip,
			       (struct fa_free_kind){ .handles = true, .put = true });
	else
		fa_free_full(pool, obj, ip, true);
}
