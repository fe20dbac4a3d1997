/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles of objects of fastalloc pools: owned, shared, weak.
 *
 * Owned: struct fastalloc_ref, a pool and an object of it. The object is freed once, however
 * often the handle is freed. For objects of any pool. In a pool with handles it owns a
 * reference, and freeing it drops that.
 *
 * Shared and weak handles need a pool with %FASTALLOC_F_HANDLES. In such a pool an object
 * has one reference when it is allocated. fastalloc_get() takes another one,
 * fastalloc_put() drops one, and the last put frees the object as fastalloc_free() does.
 * fastalloc_free() needs the only reference, and is refused otherwise. Like those of a
 * refcount_t, references saturate: an object with 2^31 - 1 of them is never freed, which is
 * reported.
 *
 * A weak handle is a number that identifies an object without keeping it. It may be kept
 * without limit. After the object has been freed it leads to NULL, not to the next user of
 * the slot. fastalloc_upgrade() makes a reference of it.
 *
 * The state is stored outside of the object: 8 bytes for each slot. No operation of such a
 * pool is inline. The chunks of the pool are freed an RCU grace period after trim or
 * destroy has removed them. A free object keeps the content that its last user left only if
 * the pool has %FASTALLOC_F_TYPESAFE_BY_RCU, too.
 *
 * Contexts in which calls are allowed:
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
 * Calls with "yes" in all columns take no lock and do not wait. This includes pools of sync
 * NONE, where these calls need no serialization either. (NMI: if the architecture has
 * 64-bit atomics.)
 *
 * A weak handle may outlive its pool. A user that does not know whether the pool still
 * exists holds its descriptor with fastalloc_pool_get(). After fastalloc_pool_destroy(), in
 * a pool whose descriptor is held, lookups return NULL, allocations fail, and a free or put
 * is refused with a line in the log and without an access to the object, even if the memory
 * of objects that were allocated has stayed. No other call may be made on it.
 */
#ifndef _LINUX_FASTALLOC_HANDLE_H
#define _LINUX_FASTALLOC_HANDLE_H

#include <linux/atomic.h>
#include <linux/fastalloc.h>

/**
 * typedef fastalloc_handle_t - a weak handle: index and generation of an object
 * @v: to be stored, compared, or passed to user space; has no other meaning. 0 only
 *	in %FASTALLOC_HANDLE_NONE.
 *
 * It is mixed with a secret of its pool, so an arbitrary number, or one that was derived
 * from another handle, leads to an object only by chance. It is not a capability: the
 * mixing is not cryptography. Code that resolves a handle from user space must check that
 * the user may access the object.
 */
typedef struct { u64 v; } fastalloc_handle_t;

/**
 * FASTALLOC_HANDLE_NONE - the handle of no object
 */
#define FASTALLOC_HANDLE_NONE	((fastalloc_handle_t){ 0 })

/**
 * fastalloc_get() - take another reference to an object
 * @pool: the pool, with %FASTALLOC_F_HANDLES
 * @obj: an object that the caller has a reference to
 *
 * Context: Any, NMI included, for all syncs.
 * Return: @obj; NULL, with a line in the log, if @obj is not an allocated object.
 */
void *fastalloc_get(struct fastalloc_pool *pool, void *obj);

/**
 * fastalloc_get_unless_zero() - take a reference to an object that may be free
 * @pool: the pool, with %FASTALLOC_F_HANDLES
 * @obj: an address that was an object during the caller's rcu_read_lock() section
 *
 * For lockless lookups in type-stable memory: the object may have been freed since it
 * was found, and even been allocated again. So the caller must check afterwards that it
 * is still the right object. All stores to the object before its last reference was
 * dropped are visible then. To make the check possible, mark an object before it is
 * freed, or in on_release.
 *
 * Context: Any, NMI included; under rcu_read_lock().
 * Return: Whether the caller has a reference.
 */
bool fastalloc_get_unless_zero(struct fastalloc_pool *pool, void *obj) __must_check;

/**
 * fastalloc_put() - drop a reference to an object
 * @pool: the pool, with %FASTALLOC_F_HANDLES
 * @obj: the object, or NULL, which does nothing
 *
 * The last put frees the object. A put of a pointer that is not an allocated object is
 * refused, with a line in the log.
 *
 * Context: As fastalloc_free().
 */
void fastalloc_put(struct fastalloc_pool *pool, void *obj);

/**
 * fastalloc_handle() - get a weak handle of an object
 * @pool: the pool, with %FASTALLOC_F_HANDLES
 * @obj: an object that the caller has a reference to
 *
 * Context: Any, NMI included, for all syncs.
 * Return: The handle, the same each time until the object is freed; it never equals
 *	that of an object freed before, within the bounds that fastalloc_resolve()
 *	gives. %FASTALLOC_HANDLE_NONE, with a line in the log, if @obj is not an
 *	allocated object.
 */
fastalloc_handle_t fastalloc_handle(struct fastalloc_pool *pool,
				    const void *obj) __must_check;

/**
 * fastalloc_resolve() - get the object of a weak handle
 * @pool: the pool of the handle; it may have been destroyed, if the caller holds its
 *	descriptor with fastalloc_pool_get()
 * @h: the handle, or %FASTALLOC_HANDLE_NONE
 *
 * This takes no reference. A caller without one must be under rcu_read_lock(); then the
 * memory stays memory of this pool, but the object may be freed and allocated again at
 * any time. A read is then a use after free, which KASAN reports, unless the pool has
 * %FASTALLOC_F_TYPESAFE_BY_RCU.
 *
 * The handle of a freed object gives NULL until its slot has been reused at least 2^32
 * times, even if trim has freed the memory of the slot and another slot has its index.
 *
 * Context: Any, NMI included, for all syncs. Lock-free, does not wait.
 * Return: The object, or NULL if it was freed.
 */
void *fastalloc_resolve(struct fastalloc_pool *pool,
			fastalloc_handle_t h) __must_check;

/**
 * fastalloc_upgrade() - get a reference to the object of a weak handle
 * @pool: as for fastalloc_resolve()
 * @h: the handle, or %FASTALLOC_HANDLE_NONE
 *
 * Context: Any, NMI included, for all syncs. Lock-free, does not wait.
 * Return: The object, whose reference is dropped with fastalloc_put(), or NULL if it was
 *	freed; see fastalloc_resolve().
 */
void *fastalloc_upgrade(struct fastalloc_pool *pool,
			fastalloc_handle_t h) __must_check;

/**
 * fastalloc_pool_get() - hold the descriptor of a pool
 * @pool: the pool, which must exist, or be held
 *
 * The pool may still be destroyed. Until fastalloc_pool_put(), the calls that
 * <linux/fastalloc_handle.h> lists may then still be made on it, and find no object.
 * fastalloc cannot be unloaded meanwhile, unless memory of allocated objects has
 * stayed.
 *
 * Context: Any, NMI included.
 * Return: @pool.
 */
struct fastalloc_pool *fastalloc_pool_get(struct fastalloc_pool *pool);

/**
 * fastalloc_pool_put() - release the descriptor of a pool
 * @pool: the pool, held with fastalloc_pool_get(), or NULL, which does nothing
 *
 * Does not destroy the pool.
 *
 * Context: Any but NMI.
 */
void fastalloc_pool_put(struct fastalloc_pool *pool);

/**
 * fastalloc_handle_is_none() - whether a handle is that of no object
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
 * @pool: the pool of the object
 * @obj: the object, or NULL if the handle is empty
 *
 * Do not copy it, use fastalloc_ref_move().
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
 * Return: The handle, which is empty if the allocation failed.
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
 * Of several concurrent callers one gets the object.
 *
 * Context: Any.
 * Return: The object, which the caller has to free, or NULL.
 */
static inline void * __must_check fastalloc_ref_take(struct fastalloc_ref *ref)
{
	return xchg(&ref->obj, NULL);
}

/**
 * fastalloc_ref_move() - move an owned handle
 * @ref: the handle, empty afterwards
 *
 * Context: Any.
 * Return: A handle with the object of @ref.
 */
static inline struct fastalloc_ref __must_check
fastalloc_ref_move(struct fastalloc_ref *ref)
{
	return (struct fastalloc_ref){ ref->pool, fastalloc_ref_take(ref) };
}

/**
 * fastalloc_ref_free() - free the object of an owned handle
 * @ref: the handle, empty afterwards; does nothing if it is empty
 *
 * Of several concurrent callers one frees the object. In a pool with handles, this drops
 * the reference, as fastalloc_put() does: the object stays while others have one.
 *
 * Context: As fastalloc_free().
 */
static inline void fastalloc_ref_free(struct fastalloc_ref *ref)
{
	__fastalloc_drop(ref->pool, fastalloc_ref_take(ref));
}

#endif /* _LINUX_FASTALLOC_HANDLE_H */
