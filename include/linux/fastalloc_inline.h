/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inline part of fastalloc. Included by fastalloc.h, which documents the calls; nothing
 * in this file is for direct use.
 */
#ifndef _LINUX_FASTALLOC_INLINE_H
#define _LINUX_FASTALLOC_INLINE_H

#include <linux/bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/kcsan-checks.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>

/*
 * The value of ->n while an operation on the CPU uses the cache; on x86 each nested
 * operation adds it once more. A nested operation restores the value that it has found.
 */
#define FASTALLOC_BUSY		0x08000000U

/**
 * struct fastalloc_cache - the cache of a CPU, as the inline path uses it
 * @n: free objects in the loaded magazine, and the guard against nested operations
 * @cap: slots of the loaded magazine that may be used, or 0 to send every free to the slow
 *	path
 * @slot: slots of the loaded magazine
 * @allocs: objects allocated on this CPU, except by nested operations
 * @frees: objects freed on this CPU, except by nested operations
 * @loaded: private
 * @spare: private; NULL, empty or full
 * @exchanges: private: exchanges with the depot
 * @nested_allocs: private: objects allocated by nested operations
 * @nested_frees: private: objects freed by nested operations
 * @size: private: objects that each magazine may hold; 0: no lease
 * @shard: private: shard of the depot
 * @misses: private: exchanges since @size changed
 * @seen: private: operations when the leases were last looked at
 * @recent: private: operations between the last two looks
 *
 * Only its CPU accesses it, except @cap, and the counters, which other CPUs read. In a
 * bypass cache, which no operation enters inline, @cap is always 0, and @n a multiple of
 * FASTALLOC_BUSY, 0 included.
 */
struct fastalloc_cache {
	u32			n;
	u32			cap;
	void			**slot;
	unsigned long		allocs;
	unsigned long		frees;
	struct fa_mag		*loaded;
	struct fa_mag		*spare;
	unsigned long		exchanges;
	unsigned long		nested_allocs;
	unsigned long		nested_frees;
	u32			size;
	u16			shard;
	u16			misses;
	unsigned long		seen;
	unsigned long		recent;
} ____cacheline_aligned;

/**
 * struct fastalloc_window - free objects that __fastalloc_alloc() can pop
 * @top: the slot above the one to pop, which is also the next one to push to
 * @low: slots below this one must not be popped
 * @end: slots from this one on must not be pushed to
 *
 * A part of the deque of a LIFO pool in which only @top and the counters change. All NULL:
 * there is none.
 */
struct fastalloc_window {
	void			**top;
	void			**low;
	void			**end;
};

/**
 * struct fastalloc_head - the first part of a pool, which inline code uses
 * @cache: caches of the CPUs, or a bypass cache
 * @window: NONE: window for the owner
 * @allocs: objects allocated; not PERCPU
 * @frees: objects freed; not PERCPU
 * @zero_size: bytes of an allocated object to zero if the kernel boots with init_on_alloc;
 *	0: it keeps its content
 */
struct fastalloc_head {
	struct fastalloc_cache __percpu	*cache;
	struct fastalloc_window		window;
	u64				allocs;
	u64				frees;
	u32				zero_size;
};

/**
 * struct fastalloc_abi - assumptions of inline code, compared at creation
 * @size: size of this structure
 * @version: incremented when the meaning of inline code changes but the layout does not
 * @busy: FASTALLOC_BUSY
 * @head_cache: offset of &fastalloc_head.cache
 * @head_top: offset of &fastalloc_head.window.top
 * @head_low: offset of &fastalloc_head.window.low
 * @head_end: offset of &fastalloc_head.window.end
 * @head_allocs: offset of &fastalloc_head.allocs
 * @head_frees: offset of &fastalloc_head.frees
 * @cache_n: offset of &fastalloc_cache.n
 * @cache_cap: offset of &fastalloc_cache.cap
 * @cache_slot: offset of &fastalloc_cache.slot
 * @cache_allocs: offset of &fastalloc_cache.allocs
 * @cache_frees: offset of &fastalloc_cache.frees
 * @cache_size: size of struct fastalloc_cache
 * @config_size: size of struct fastalloc_config
 * @config_sync: offset of &fastalloc_config.sync
 * @config_flags: offset of &fastalloc_config.flags
 * @stats_size: size of struct fastalloc_stats
 * @head_zero_size: offset of &fastalloc_head.zero_size
 *
 * All members are u32. Add new ones at the end.
 */
struct fastalloc_abi {
	u32	size;
	u32	version;
	u32	busy;
	u32	head_cache;
	u32	head_top;
	u32	head_low;
	u32	head_end;
	u32	head_allocs;
	u32	head_frees;
	u32	cache_n;
	u32	cache_cap;
	u32	cache_slot;
	u32	cache_allocs;
	u32	cache_frees;
	u32	cache_size;
	u32	config_size;
	u32	config_sync;
	u32	config_flags;
	u32	stats_size;
	u32	head_zero_size;
};

#define FASTALLOC_ABI_INIT {						\
	.size = sizeof(struct fastalloc_abi),				\
	.version = 2,							\
	.busy = FASTALLOC_BUSY,						\
	.head_cache = offsetof(struct fastalloc_head, cache),		\
	.head_top = offsetof(struct fastalloc_head, window.top),	\
	.head_low = offsetof(struct fastalloc_head, window.low),	\
	.head_end = offsetof(struct fastalloc_head, window.end),	\
	.head_allocs = offsetof(struct fastalloc_head, allocs),		\
	.head_frees = offsetof(struct fastalloc_head, frees),		\
	.cache_n = offsetof(struct fastalloc_cache, n),			\
	.cache_cap = offsetof(struct fastalloc_cache, cap),		\
	.cache_slot = offsetof(struct fastalloc_cache, slot),		\
	.cache_allocs = offsetof(struct fastalloc_cache, allocs),	\
	.cache_frees = offsetof(struct fastalloc_cache, frees),		\
	.cache_size = sizeof(struct fastalloc_cache),			\
	.config_size = sizeof(struct fastalloc_config),			\
	.config_sync = offsetof(struct fastalloc_config, sync),		\
	.config_flags = offsetof(struct fastalloc_config, flags),	\
	.stats_size = sizeof(struct fastalloc_stats),			\
	.head_zero_size = offsetof(struct fastalloc_head, zero_size),	\
}

/* The slow paths of the calls. */
void *__fastalloc_alloc_slow(struct fastalloc_pool *pool, gfp_t gfp, unsigned long n);
void __fastalloc_free_slow(struct fastalloc_pool *pool, void *obj, unsigned long n);
void __fastalloc_drop_slow(struct fastalloc_pool *pool, void *obj, unsigned long n);
void __fastalloc_drop_call(struct fastalloc_pool *pool, void *obj);
void *__fastalloc_alloc_owned(struct fastalloc_pool *pool, gfp_t gfp);
void __fastalloc_free_owned(struct fastalloc_pool *pool, void *obj);

/* For kernels with debug options: check the call, whatever path it takes. */
#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
void __fastalloc_debug_alloc(struct fastalloc_pool *pool, gfp_t gfp);
#else
static inline void __fastalloc_debug_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
}
#endif

#ifdef CONFIG_LOCKDEP
void __fastalloc_debug_free(struct fastalloc_pool *pool, const void *obj, unsigned int nr);
#else
static inline void __fastalloc_debug_free(struct fastalloc_pool *pool, const void *obj,
					  unsigned int nr)
{
}
#endif

#ifdef FASTALLOC_NO_INLINE
#define __FASTALLOC_CALLS	1
#else
#define __FASTALLOC_CALLS	0
#endif

/*
 * Claims the cache of a CPU for one operation and returns ->n. Preemption is off, so only
 * interrupts and NMIs on this CPU can intervene, and these run to completion. One
 * instruction must read ->n and mark it busy: between a load and a store an interrupt could
 * run a whole operation. It need not be atomic with respect to other CPUs, hence no lock
 * prefix on x86.
 */
static __always_inline unsigned long __fastalloc_claim(struct fastalloc_cache *c)
{
#if defined(CONFIG_X86) || defined(CONFIG_UML_X86)
	unsigned long n = FASTALLOC_BUSY;

	asm volatile("xaddl %k0, %1" : "+r" (n), "+m" (c->n) : : "memory", "cc");
	return n;
#else
	u32 n = xchg_relaxed(&c->n, FASTALLOC_BUSY);

	barrier();
	return n;
#endif
}

/*
 * Ends the claim of __fastalloc_claim(), with @n objects now loaded. From here on an
 * interrupt may pass these to other CPUs. The barriers of the interrupt order our accesses,
 * too, as it runs on our CPU. KCSAN attributes them to the interrupt only, so tell it with
 * kcsan_release().
 */
static __always_inline void __fastalloc_release(struct fastalloc_cache *c, u32 n)
{
	kcsan_release();
	barrier();
	WRITE_ONCE(c->n, n);
}

static __always_inline struct fastalloc_cache *
__fastalloc_this_cache(struct fastalloc_pool *pool)
{
	return this_cpu_ptr(READ_ONCE(((struct fastalloc_head *)pool)->cache));
}

/*
 * Zeroes an object that was popped, as the kernel does to objects of slab caches with
 * init_on_alloc. Pools that zero for any other reason are never popped from inline. @size:
 * size of the type of the objects, if the compiler knows it, else 0. A flexible array adds
 * to it.
 */
static __always_inline void *__fastalloc_zero(const struct fastalloc_head *head, void *obj,
					      size_t size)
{
	u32 zero_size;

	if (!want_init_on_alloc(0))
		return obj;
	zero_size = head->zero_size;
	if (size && likely(zero_size == size))
		return memset(obj, 0, size);
	return zero_size ? memset(obj, 0, zero_size) : obj;
}

/* Pops an object and ends the claim, unless @n says that the cache is empty or busy. */
static __always_inline bool __fastalloc_cache_pop(struct fastalloc_cache *c, unsigned long n,
						  void **obj)
{
	if (unlikely(n - 1 >= FASTALLOC_BUSY - 1))
		return false;
	*obj = c->slot[--n];
	c->allocs++;
	__fastalloc_release(c, n);
	/* So that the compiler omits the caller's test, except after the slow path. */
	if (!*obj)
		__builtin_unreachable();
	return true;
}

/* Pushes an object and ends the claim, unless the cache is full, busy or shut. */
static __always_inline bool __fastalloc_cache_push(struct fastalloc_cache *c, unsigned long n,
						   void *obj)
{
	/*
	 * data_race: a waiter may shut the cache concurrently. The object then stays here,
	 * which the reserve covers.
	 */
	if (unlikely((u32)n >= data_race(c->cap)))
		return false;
	c->slot[n] = obj;
	c->frees++;
	__fastalloc_release(c, n + 1);
	return true;
}

/* fastalloc_alloc(), for objects of a type of @size; 0: of any. */
static __always_inline void * __must_check
__fastalloc_alloc_sized(struct fastalloc_pool *pool, gfp_t gfp, size_t size)
{
	struct fastalloc_cache *c;
	unsigned long n;
	void *obj;

	if (__FASTALLOC_CALLS)
		return fastalloc_alloc_call(pool, gfp);
	if (unlikely(gfp & __GFP_ZERO))
		return fastalloc_zalloc(pool, gfp);

	__fastalloc_debug_alloc(pool, gfp);
	preempt_disable();
	c = __fastalloc_this_cache(pool);
	n = __fastalloc_claim(c);
	if (!__fastalloc_cache_pop(c, n, &obj))
		return __fastalloc_alloc_slow(pool, gfp, n);	/* preemption on */
	preempt_enable();
	return __fastalloc_zero((struct fastalloc_head *)pool, obj, size);
}

static __always_inline void * __must_check
fastalloc_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	return __fastalloc_alloc_sized(pool, gfp, 0);
}

/*
 * Frees an object to the cache of this CPU. Returns false, with preemption off and what the
 * claim found in *@n, if the slow path must free it.
 */
static __always_inline bool __fastalloc_try_free(struct fastalloc_pool *pool, void *obj,
						 unsigned long *n)
{
	struct fastalloc_cache *c;

	preempt_disable();
	c = __fastalloc_this_cache(pool);
	*n = __fastalloc_claim(c);
	if (!__fastalloc_cache_push(c, *n, obj))
		return false;
	preempt_enable();
	return true;
}

static __always_inline void fastalloc_free(struct fastalloc_pool *pool, void *obj)
{
	unsigned long n;

	if (__FASTALLOC_CALLS) {
		fastalloc_free_call(pool, obj);
		return;
	}
	if (unlikely(!obj))
		return;

	__fastalloc_debug_free(pool, obj, 1);
	if (!__fastalloc_try_free(pool, obj, &n))
		__fastalloc_free_slow(pool, obj, n);	/* preemption on */
}

/*
 * Frees an object that a scope or an owned handle gives up. In a pool with handles another
 * task may have a reference for a moment, so there this drops the reference of the owner. All
 * operations of such a pool take the slow path. Lockdep checks an object only when it is freed,
 * which the call knows.
 */
static __always_inline void __fastalloc_drop(struct fastalloc_pool *pool, void *obj)
{
	unsigned long n;

	if (__FASTALLOC_CALLS || IS_ENABLED(CONFIG_LOCKDEP)) {
		__fastalloc_drop_call(pool, obj);
		return;
	}
	if (likely(obj) && !__fastalloc_try_free(pool, obj, &n))
		__fastalloc_drop_slow(pool, obj, n);	/* preemption on */
}

/*
 * smp_processor_id() would accept a task that is bound to its CPU, or whose migration is
 * disabled. Others can preempt such a task in the middle of an operation.
 */
static __always_inline void __fastalloc_assert_nopreempt(void)
{
	if (IS_ENABLED(CONFIG_DEBUG_PREEMPT))
		WARN_ONCE(preemptible(), "fastalloc: a _nopreempt call with preemption on\n");
}

/* fastalloc_alloc_nopreempt(), for objects of a type of @size; 0: of any. */
static __always_inline void * __must_check
__fastalloc_alloc_nopreempt_sized(struct fastalloc_pool *pool, gfp_t gfp, size_t size)
{
	struct fastalloc_cache *c;
	unsigned long n;
	void *obj;

	__fastalloc_assert_nopreempt();
	if (__FASTALLOC_CALLS)
		return fastalloc_alloc_call(pool, gfp);
	if (unlikely(gfp & __GFP_ZERO))
		return fastalloc_zalloc(pool, gfp);

	__fastalloc_debug_alloc(pool, gfp);
	c = __fastalloc_this_cache(pool);
	n = __fastalloc_claim(c);
	if (!__fastalloc_cache_pop(c, n, &obj)) {
		preempt_disable();	/* for the slow path, which enables it */
		return __fastalloc_alloc_slow(pool, gfp, n);
	}
	return __fastalloc_zero((struct fastalloc_head *)pool, obj, size);
}

static __always_inline void * __must_check
fastalloc_alloc_nopreempt(struct fastalloc_pool *pool, gfp_t gfp)
{
	return __fastalloc_alloc_nopreempt_sized(pool, gfp, 0);
}

static __always_inline void fastalloc_free_nopreempt(struct fastalloc_pool *pool, void *obj)
{
	struct fastalloc_cache *c;
	unsigned long n;

	__fastalloc_assert_nopreempt();
	if (__FASTALLOC_CALLS) {
		fastalloc_free_call(pool, obj);
		return;
	}
	if (unlikely(!obj))
		return;

	__fastalloc_debug_free(pool, obj, 1);
	c = __fastalloc_this_cache(pool);
	n = __fastalloc_claim(c);
	if (!__fastalloc_cache_push(c, n, obj)) {
		preempt_disable();	/* for the slow path, which enables it */
		__fastalloc_free_slow(pool, obj, n);
	}
}

static __always_inline bool __fastalloc_may_pop(const struct fastalloc_window *w)
{
	return likely(w->top > w->low);
}

static __always_inline void *__fastalloc_pop(struct fastalloc_head *head,
					     struct fastalloc_window *w)
{
	void *obj = *--w->top;

	head->allocs++;
	/* As in __fastalloc_cache_pop(). */
	if (!obj)
		__builtin_unreachable();
	return obj;
}

static __always_inline bool __fastalloc_may_push(const struct fastalloc_window *w)
{
	return likely(w->top < w->end);
}

static __always_inline void __fastalloc_push(struct fastalloc_head *head,
					     struct fastalloc_window *w, void *obj)
{
	*w->top++ = obj;
	head->frees++;
}

/* __fastalloc_alloc(), for objects of a type of @size; 0: of any. */
static __always_inline void * __must_check
__fastalloc_alloc_owner_sized(struct fastalloc_pool *pool, gfp_t gfp, size_t size)
{
	struct fastalloc_head *head = (struct fastalloc_head *)pool;

	if (__FASTALLOC_CALLS)
		return fastalloc_alloc_call(pool, gfp);
	if (unlikely(gfp & __GFP_ZERO))
		return fastalloc_zalloc(pool, gfp);
	__fastalloc_debug_alloc(pool, gfp);
	if (!__fastalloc_may_pop(&head->window))
		return __fastalloc_alloc_owned(pool, gfp);
	return __fastalloc_zero(head, __fastalloc_pop(head, &head->window), size);
}

static __always_inline void * __must_check
__fastalloc_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	return __fastalloc_alloc_owner_sized(pool, gfp, 0);
}

static __always_inline void __fastalloc_free(struct fastalloc_pool *pool, void *obj)
{
	struct fastalloc_head *head = (struct fastalloc_head *)pool;

	if (__FASTALLOC_CALLS) {
		fastalloc_free_call(pool, obj);
		return;
	}
	if (unlikely(!obj))
		return;
	__fastalloc_debug_free(pool, obj, 1);
	if (__fastalloc_may_push(&head->window))
		__fastalloc_push(head, &head->window, obj);
	else
		__fastalloc_free_owned(pool, obj);
}

#endif /* _LINUX_FASTALLOC_INLINE_H */
