/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles of objects of fastalloc pools: owned, shared, weak.
 *
 * Owned: struct fastalloc_ref, a pool and an object of it, is freed once, however
 * often it is asked to be. For objects of any pool.
 *
 * Shared and weak handles want a pool with %FASTALLOC_F_HANDLES. There, an
 * object has one reference when it is allocated. fastalloc_get() takes one
 * more, fastalloc_put() gives one up, and the last one frees the object as
 * fastalloc_free() does. That one wants its caller's reference to be the only
 * one, and else refuses. Like those of a refcount_t, references saturate: an
 * object with 2^31 - 1 of them is never freed, which is reported.
 *
 * A weak handle is a number that stands for an object without keeping it. It may
 * be kept for ever; once the object is freed it leads to NULL, not to whatever
 * the slot is used for next. fastalloc_upgrade() makes a reference of it.
 *
 * All of this is by the object's slot, nothing lies in the object: 8 bytes
 * beside each, and no operation of such a pool is inline. The pool's chunks go
 * only an RCU grace period after trim or destroy took them. What is in an object
 * that is free is what its last user left there only in a pool with
 * %FASTALLOC_F_TYPESAFE_BY_RCU as well.
 *
 * Who may call what, from where:
 *
 *  ============================  ======  =========  =========  =====
 *  call                          task    softirq    hardirq    NMI
 *  ============================  ======  =========  =========  =====
 *  get, get_unless_zero          yes     yes        yes        yes
 *  handle, resolve, upgrade      yes     yes        yes        yes
 *  put                           as fastalloc_free() in that pool
 *  ref_alloc, ref_free           as fastalloc_alloc(), fastalloc_free()
 *  ref_obj, ref_move, ref_take   yes     yes        yes        yes
 *  pool_get                      yes     yes        yes        yes
 *  pool_put                      yes     yes        yes        no
 *  ============================  ======  =========  =========  =====
 *
 * Those with "yes" throughout take no lock and do not wait, in pools of sync
 * NONE too, where they need not be serialised either. (NMI: where the
 * architecture has 64-bit atomics of its own.)
 *
 * A weak handle may outlive its pool. Who has one and does not know whether the
 * pool lives holds it with fastalloc_pool_get(). After fastalloc_pool_destroy()
 * lookups in a pool so held give NULL, allocations fail, and a free or put is
 * refused with a line in the log, touching nothing, also where the memory of
 * objects that were out has stayed. No other call may be made on it.
 */
#ifndef _LINUX_FASTALLOC_HANDLE_H
#define _LINUX_FASTALLOC_HANDLE_H

#include <linux/atomic.h>
#include <linux/fastalloc.h>

/**
 * typedef fastalloc_handle_t - a weak handle: index and generation of an object
 * @v: to be stored, compared, or handed to user space; means nothing else. 0 in
 *	%FASTALLOC_HANDLE_NONE alone.
 *
 * It is mixed with a secret of its pool, so that numbers made up, or counted on from
 * another, lead to nothing but by chance. It is no capability all the same: the mixing is
 * no cryptography. Who resolves a handle that comes from user space checks that the
 * object is one which that user may have.
 */
typedef struct { u64 v; } fastalloc_handle_t;

/**
 * FASTALLOC_HANDLE_NONE - a handle of nothing
 */
#define FASTALLOC_HANDLE_NONE	((fastalloc_handle_t){ 0 })

/**
 * fastalloc_get() - one more reference to an object
 * @pool: the pool, with %FASTALLOC_F_HANDLES
 * @obj: an object that the caller has a reference to
 *
 * Context: Any, NMI included; whatever the pool's sync.
 * Return: @obj; NULL, with a line in the log, for what is not an object that is
 *	out.
 */
void *fastalloc_get(struct fastalloc_pool *pool, void *obj);

/**
 * fastalloc_get_unless_zero() - a reference to an object that may be free
 * @pool: the pool, with %FASTALLOC_F_HANDLES
 * @obj: what was an object some time in the caller's rcu_read_lock() section
 *
 * For lookups without a lock, in type-stable memory: the object may have been
 * freed since it was found, and even been handed out again. So the caller
 * checks afterwards that it is still the one it looked for. What was written to
 * it before its last reference was given up is seen by then; to be told from
 * the one it was, an object is marked before it is freed, or in on_release.
 *
 * Context: Any, NMI included; under rcu_read_lock().
 * Return: Whether the caller has a reference.
 */
bool fastalloc_get_unless_zero(struct fastalloc_pool *pool, void *obj) __must_check;

/**
 * fastalloc_put() - give up a reference to an object
 * @pool: the pool, with %FASTALLOC_F_HANDLES
 * @obj: the object, or NULL, which does nothing
 *
 * The last one frees the object. What is not an object that is out is refused,
 * with a line in the log.
 *
 * Context: As fastalloc_free().
 */
void fastalloc_put(struct fastalloc_pool *pool, void *obj);

/**
 * fastalloc_handle() - a weak handle of an object
 * @pool: the pool, with %FASTALLOC_F_HANDLES
 * @obj: an object that the caller has a reference to
 *
 * Context: Any, NMI included; whatever the pool's sync.
 * Return: The handle, the same each time until the object is freed; it never
 *	equals one of an object freed before, within the bounds that
 *	fastalloc_resolve() names. %FASTALLOC_HANDLE_NONE, with a line in the log,
 *	for what is not an object that is out.
 */
fastalloc_handle_t fastalloc_handle(struct fastalloc_pool *pool,
				    const void *obj) __must_check;

/**
 * fastalloc_resolve() - what a weak handle stands for
 * @pool: the pool that it was made in; it may have been destroyed, if the
 *	caller has fastalloc_pool_get() of it
 * @h: the handle, or %FASTALLOC_HANDLE_NONE
 *
 * It takes no reference. A caller who has none either must be under
 * rcu_read_lock(); then the memory stays memory of this pool, but the object may
 * be freed and handed out again at any time. To read there is use after free then,
 * and KASAN will say so, unless the pool has %FASTALLOC_F_TYPESAFE_BY_RCU.
 *
 * A handle of an object that was freed gives NULL until its slot has been
 * reused 2^32 times at least, also if the slot's memory has been given back by
 * trim and another slot has its place.
 *
 * Context: Any, NMI included; whatever the pool's sync. No lock, no waiting.
 * Return: The object, or NULL if it was freed.
 */
void *fastalloc_resolve(struct fastalloc_pool *pool,
			fastalloc_handle_t h) __must_check;

/**
 * fastalloc_upgrade() - a reference to what a weak handle stands for
 * @pool: as for fastalloc_resolve()
 * @h: the handle, or %FASTALLOC_HANDLE_NONE
 *
 * Context: Any, NMI included; whatever the pool's sync. No lock, no waiting.
 * Return: The object, to be given up with fastalloc_put(), or NULL if it was
 *	freed; see fastalloc_resolve().
 */
void *fastalloc_upgrade(struct fastalloc_pool *pool,
			fastalloc_handle_t h) __must_check;

/**
 * fastalloc_pool_get() - hold a pool's nameplate
 * @pool: the pool, which must live, or be held
 *
 * The pool may be destroyed all the same. Until fastalloc_pool_put(), calls that
 * <linux/fastalloc_handle.h> names may then still be made on it, and find
 * nothing; and fastalloc cannot be unloaded, unless objects that were out have
 * stayed.
 *
 * Context: Any, NMI included.
 * Return: @pool.
 */
struct fastalloc_pool *fastalloc_pool_get(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_put() - let go of a pool's nameplate
 * @pool: the pool, held with fastalloc_pool_get(), or NULL, which does nothing
 *
 * Does not destroy the pool.
 *
 * Context: Any but NMI.
 */
void fastalloc_pool_put(struct fastalloc_pool *pool);

/**
 * fastalloc_handle_is_none() - whether a handle is of nothing
 * @h: the handle
 *
 * Context: Any.
 * Return: Whether it is %FASTALLOC_HANDLE_NONE. A handle of an object that was
 *	freed is not.
 */
static inline bool fastalloc_handle_is_none(fastalloc_handle_t h)
{
	return !h.v;
}

/**
 * struct fastalloc_ref - an owned handle
 * @pool: where the object is from
 * @obj: the object, or NULL when there is none any more
 *
 * It is not to be copied: fastalloc_ref_move() it.
 */
struct fastalloc_ref {
	struct fastalloc_pool	*pool;
	void			*obj;
};

/**
 * fastalloc_ref_alloc() - allocate an object into an owned handle
 * @pool: the pool, any
 * @gfp: as for fastalloc_alloc()
 *
 * Context: As fastalloc_alloc().
 * Return: The handle; without an object if there was none to be had.
 */
static inline struct fastalloc_ref __must_check
fastalloc_ref_alloc(struct fastalloc_pool *pool, gfp_t gfp)
{
	return (struct fastalloc_ref){ pool, fastalloc_alloc(pool, gfp) };
}

/**
 * fastalloc_ref_obj() - the object of an owned handle
 * @ref: the handle, which keeps it
 *
 * Context: Any.
 * Return: The object, or NULL.
 */
static inline void *fastalloc_ref_obj(const struct fastalloc_ref *ref)
{
	return READ_ONCE(ref->obj);
}

/**
 * fastalloc_ref_take() - take the object out of an owned handle
 * @ref: the handle, empty afterwards
 *
 * Of several callers at once one gets it.
 *
 * Context: Any.
 * Return: The object, for the caller to free, or NULL.
 */
static inline void * __must_check fastalloc_ref_take(struct fastalloc_ref *ref)
{
	return xchg(&ref->obj, NULL);
}

/**
 * fastalloc_ref_move() - hand an owned handle on
 * @ref: the handle, empty afterwards
 *
 * Context: Any.
 * Return: A handle that has what @ref had.
 */
static inline struct fastalloc_ref __must_check
fastalloc_ref_move(struct fastalloc_ref *ref)
{
	return (struct fastalloc_ref){ ref->pool, fastalloc_ref_take(ref) };
}

/**
 * fastalloc_ref_free() - free the object of an owned handle
 * @ref: the handle, empty afterwards; nothing happens if it was before
 *
 * Of several callers at once one frees it.
 *
 * Context: As fastalloc_free().
 */
static inline void fastalloc_ref_free(struct fastalloc_ref *ref)
{
	fastalloc_free(ref->pool, fastalloc_ref_take(ref));
}

#endif /* _LINUX_FASTALLOC_HANDLE_H */
