/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fastalloc: typed pools, and scopes that free objects and destroy pools
 *
 * A typed pool is a pool whose pointer has its own type, so that code that passes a wrong
 * object, or an object for another type of pool, does not compile. A scope is a variable
 * that frees what it owns when it goes out of scope: at the end of the block, at a return
 * on error, at a break. Both are inline, and cost no more than the untyped calls.
 * DEFINE_FASTALLOC_HANDLE_TYPE() does the same for references and weak handles.
 *
 * The compiler still accepts, as C does: void pointers and casts; use of an object, or
 * another free, after it was freed; keeping the object of a scope without name_obj_take(),
 * or copying a scope, both of which leave a pointer to a freed object; an object that is
 * passed to another pool of the same type.
 */
#ifndef _LINUX_FASTALLOC_TYPED_H
#define _LINUX_FASTALLOC_TYPED_H

#include <linux/err.h>
#include <linux/fastalloc.h>
#include <linux/fastalloc_cleanup.h>
#include <linux/fastalloc_handle.h>
#include <linux/lockdep.h>
#include <linux/printk.h>

/*
 * Lets __free(_name) destroy a variable that points to a struct _pool. DEFINE_FREE() would
 * take its address as a void pointer, and so accept a variable of any type.
 */
#define __FASTALLOC_DEFINE_FREE(_name, _pool)				\
static inline void __free_##_name(struct _pool **p)			\
{									\
	if (!IS_ERR_OR_NULL(*p))					\
		_name(*p);						\
}

/*
 * struct _scope, which owns an _obj of a _pool and ends with _end(); its classes
 * _scope, filled by _init from _args, and _scope_adopt; and _scope_take().
 */
#define __FASTALLOC_DEFINE_SCOPE(_scope, _pool, _obj, _end, _init, _args...) \
struct _scope {								\
	_pool	*pool;							\
	_obj	*obj;							\
};									\
									\
DEFINE_CLASS(_scope, struct _scope, _end(_T.pool, _T.obj),		\
	     ((struct _scope){ .pool = pool, .obj = _init }), _args)	\
EXTEND_CLASS(_scope, _adopt,						\
	     ((struct _scope){ .pool = pool, .obj = owned }),		\
	     _pool *pool, _obj *owned)					\
									\
static inline _obj * __must_check _scope##_take(struct _scope *scope)	\
{									\
	_obj *taken = scope->obj;					\
									\
	scope->obj = NULL;						\
	return taken;							\
}

/**
 * DOC: Scopes
 *
 * ``CLASS(fastalloc_obj, o)(pool, gfp);`` declares a variable ``o`` that owns
 * an object, if the allocation succeeds. ``o.obj`` is the object, or NULL; it
 * is freed when ``o`` goes out of scope, unless fastalloc_obj_take() has
 * taken it out. In a pool with handles the scope owns a reference, and drops it, as
 * fastalloc_put() does::
 *
 *	CLASS(fastalloc_obj, o)(pool, GFP_KERNEL);
 *
 *	if (!o.obj)
 *		return -ENOMEM;
 *	if (prepare(o.obj))
 *		return -EINVAL;
 *	list->first = fastalloc_obj_take(&o);
 *	return 0;
 *
 * ``CLASS(fastalloc_obj_adopt, o)(pool, obj);`` does the same for an object
 * that is already allocated, or NULL.
 *
 * In a pool with handles, ``CLASS(fastalloc_shared, s)(pool, handle);`` owns a
 * reference, from fastalloc_upgrade(), and drops it with fastalloc_put().
 * fastalloc_shared_take() and ``CLASS(fastalloc_shared_adopt, s)(pool, obj)`` exist,
 * too.
 *
 * ``struct fastalloc_pool *pool __free(fastalloc_pool_destroy) =
 * fastalloc_pool_create(...);`` destroys the pool when the variable goes out of
 * scope, unless it then is NULL or an ERR_PTR(); no_free_ptr() takes it out.
 * Variables go out of scope in the reverse order of their declaration, so a pool
 * declared before a scope of its objects outlives it.
 *
 * A typed pool has the same with its own name instead of "fastalloc". A module
 * with one pool may define a __free() for its objects, and use plain pointers::
 *
 *	DEFINE_FREE(flow, struct flow *, flow_free(flows, _T))
 *
 *	struct flow *f __free(flow) = flow_alloc(flows, GFP_KERNEL);
 *	...
 *	return_ptr(f);
 *
 * As with all of <linux/cleanup.h>, do not jump over the declaration of a scope
 * with goto.
 */

__FASTALLOC_DEFINE_SCOPE(fastalloc_obj, struct fastalloc_pool, void,
			 __fastalloc_drop, fastalloc_alloc(pool, gfp),
			 struct fastalloc_pool *pool, gfp_t gfp)
__FASTALLOC_DEFINE_SCOPE(fastalloc_shared, struct fastalloc_pool, void,
			 fastalloc_put, fastalloc_upgrade(pool, h),
			 struct fastalloc_pool *pool, fastalloc_handle_t h)
__FASTALLOC_DEFINE_FREE(fastalloc_pool_destroy, fastalloc_pool)

static __always_inline bool
__fastalloc_config_fits(const struct fastalloc_config *cfg, size_t size,
			size_t align)
{
	return (!cfg->obj_size || cfg->obj_size == size) &&
	       (!cfg->type_align || cfg->type_align == align);
}

/* Initializes @typed from @cfg, for objects of a type. */
static inline int __fastalloc_config_type(struct fastalloc_config *typed,
					  const struct fastalloc_config *cfg,
					  size_t size, size_t align,
					  const char *type)
{
	if (!__fastalloc_config_fits(cfg, size, align)) {
		pr_err_ratelimited("pool %s: obj_size=%zu type_align=%zu: those of %s are %zu and %zu\n",
				   cfg->name, cfg->obj_size, cfg->type_align, type, size,
				   align);
		return -EINVAL;
	}
	*typed = *cfg;
	typed->obj_size = size;
	typed->type_align = align;
	return 0;
}

void __fastalloc_config_other_type(void)
	__compiletime_error("the config is for objects of another type");

/**
 * DEFINE_FASTALLOC_POOL_TYPE() - define a type of pools, and the calls on them
 * @_name: prefix of the names
 * @_type: type of the objects
 *
 * Use it at file scope, in a source file or a header, where the type is
 * complete. ``DEFINE_FASTALLOC_POOL_TYPE(flow, struct flow);`` defines
 *
 * ``struct flow_pool``
 *	an incomplete type, for pointers only.
 *
 * and the following calls, which take a ``struct flow_pool *`` as the first
 * argument, and a ``struct flow *`` where the untyped calls take a ``void *``:
 *
 * ``flow_alloc(pool, gfp)``, ``flow_zalloc(pool, gfp)``, ``flow_free(pool, obj)``
 *	as fastalloc_alloc(), fastalloc_zalloc(), fastalloc_free().
 * ``flow_alloc_nopreempt(pool, gfp)``, ``flow_free_nopreempt(pool, obj)``
 *	as fastalloc_alloc_nopreempt(), fastalloc_free_nopreempt().
 * ``__flow_alloc(pool, gfp)``, ``__flow_free(pool, obj)``
 *	as __fastalloc_alloc(), __fastalloc_free(), for the owner of a NONE pool.
 * ``flow_free_rcu(pool, obj, head)``
 *	as fastalloc_free_rcu().
 * ``flow_alloc_timeout(pool, gfp, timeout)``, ``flow_alloc_killable(pool, gfp, timeout)``
 *	as fastalloc_alloc_timeout(), fastalloc_alloc_killable().
 * ``flow_alloc_bulk(pool, gfp, nr, objs)``, ``flow_alloc_bulk_some(pool, gfp, nr, objs)``,
 * ``flow_free_bulk(pool, nr, objs)``
 *	as fastalloc_alloc_bulk(), fastalloc_alloc_bulk_some(),
 *	fastalloc_free_bulk().
 * ``CLASS(flow_obj, o)(pool, gfp)``, ``CLASS(flow_obj_adopt, o)(pool, obj)``
 *	a scope that owns an object; ``flow_obj_take()`` takes it out. See Scopes.
 * ``flow_alloc_contig(pool, gfp, nr)``, ``flow_free_contig(pool, obj, nr)``
 *	as fastalloc_alloc_contig(), fastalloc_free_contig().
 * ``flow_nth(pool, obj, i)``
 *	the ``i``-th object of a run that begins with ``obj``. ``&obj[i]`` would be wrong if
 *	objects have a flexible array, or a larger alignment than their type.
 * ``flow_pool_owns(pool, obj)``, ``flow_index(pool, obj)``, ``flow_at(pool, index)``
 *	as fastalloc_pool_owns(), fastalloc_obj_index(), fastalloc_obj_at().
 * ``flow_pool_walk_live(pool, fn, arg)``
 *	as fastalloc_pool_walk_live(), with ``int fn(struct flow *obj, void *arg)``.
 * ``flow_pool_destroy(pool)``
 *	as fastalloc_pool_destroy(); ``__free(flow_pool_destroy)`` at the end of
 *	a scope.
 * ``flow_pool_destroy_deferred(pool, done, arg)``
 *	as fastalloc_pool_destroy_deferred().
 * ``flow_pool_base(pool)``
 *	the ``struct fastalloc_pool *`` for calls without a typed form: queries,
 *	statistics, trim, reserve, set_max, set_low_water.
 *
 * and the following, which return a ``struct flow_pool *``:
 *
 * ``flow_pool_create(cfg)``
 *	as fastalloc_pool_create(). Size and natural alignment come from the
 *	type; in the config they are 0 or the same, as with FASTALLOC_CONFIG() of that
 *	type. A config for another type does not compile if the compiler can
 *	evaluate it; otherwise it is refused with -EINVAL and a line in the log.
 *	Only &fastalloc_config.flex_size adds to the size, for a type that ends
 *	with a flexible array. Pools of one type that a source file creates this way
 *	share a lock class. If creation or growth of one uses another, so that their
 *	locks nest, use fastalloc_typed_pool_create().
 * ``flow_pool_from_base(pool)``
 *	the reverse of flow_pool_base(). Nothing is checked.
 *
 * All of these are inline and compile to the same code as the untyped calls, with three
 * exceptions: the creation of a pool checks and copies the config; where an allocation
 * zeroes the object inline, the compiler knows its size; and flow_pool_walk_live() calls its
 * function through another one.
 */
#define DEFINE_FASTALLOC_POOL_TYPE(_name, _type)			\
struct _name##_pool;							\
									\
static __always_inline struct fastalloc_pool *				\
_name##_pool_base(struct _name##_pool *pool)				\
{									\
	return (struct fastalloc_pool *)pool;				\
}									\
									\
static __always_inline struct _name##_pool *				\
_name##_pool_from_base(struct fastalloc_pool *pool)			\
{									\
	return (struct _name##_pool *)pool;				\
}									\
									\
static __always_inline struct _name##_pool *				\
__##_name##_pool_create(const struct fastalloc_config *cfg,		\
			struct lock_class_key *key)			\
{									\
	bool fits = __fastalloc_config_fits(cfg, sizeof(_type),		\
					    __alignof__(_type));	\
	static const struct fastalloc_abi abi = FASTALLOC_ABI_INIT;	\
	struct fastalloc_config typed;					\
	int err;							\
									\
	if (__builtin_constant_p(fits) && !fits)			\
		__fastalloc_config_other_type();			\
	err = __fastalloc_config_type(&typed, cfg, sizeof(_type),	\
				      __alignof__(_type), #_type);	\
	if (err)							\
		return ERR_PTR(err);					\
	return _name##_pool_from_base(__fastalloc_create(&typed,	\
			THIS_MODULE, &abi, key));			\
}									\
									\
static __always_inline struct _name##_pool *				\
_name##_pool_create(const struct fastalloc_config *cfg)			\
{									\
	static struct lock_class_key key;				\
									\
	return __##_name##_pool_create(cfg, &key);			\
}									\
									\
static __always_inline void						\
_name##_pool_destroy(struct _name##_pool *pool)				\
{									\
	fastalloc_pool_destroy(_name##_pool_base(pool));		\
}									\
									\
static __always_inline void						\
_name##_pool_destroy_deferred(struct _name##_pool *pool,		\
			      void (*done)(void *arg), void *arg)	\
{									\
	fastalloc_pool_destroy_deferred(_name##_pool_base(pool), done,	\
					arg);				\
}									\
									\
static __always_inline _type * __must_check				\
_name##_alloc(struct _name##_pool *pool, gfp_t gfp)			\
{									\
	return __fastalloc_alloc_sized(_name##_pool_base(pool), gfp,	\
				       sizeof(_type));			\
}									\
									\
static __always_inline _type * __must_check				\
_name##_zalloc(struct _name##_pool *pool, gfp_t gfp)			\
{									\
	return fastalloc_zalloc(_name##_pool_base(pool), gfp);		\
}									\
									\
static __always_inline _type * __must_check				\
_name##_alloc_timeout(struct _name##_pool *pool, gfp_t gfp,		\
		      long timeout)					\
{									\
	return fastalloc_alloc_timeout(_name##_pool_base(pool), gfp,	\
				       timeout);			\
}									\
									\
static __always_inline _type * __must_check				\
_name##_alloc_killable(struct _name##_pool *pool, gfp_t gfp,		\
		       long timeout)					\
{									\
	return fastalloc_alloc_killable(_name##_pool_base(pool), gfp,	\
					timeout);			\
}									\
									\
static __always_inline void						\
_name##_free(struct _name##_pool *pool, _type *obj)			\
{									\
	fastalloc_free(_name##_pool_base(pool), obj);			\
}									\
									\
static __always_inline void						\
__##_name##_drop(struct _name##_pool *pool, _type *obj)			\
{									\
	__fastalloc_drop(_name##_pool_base(pool), obj);			\
}									\
									\
static __always_inline _type * __must_check				\
_name##_alloc_nopreempt(struct _name##_pool *pool, gfp_t gfp)		\
{									\
	return __fastalloc_alloc_nopreempt_sized(_name##_pool_base(pool), \
						 gfp, sizeof(_type));	\
}									\
									\
static __always_inline void						\
_name##_free_nopreempt(struct _name##_pool *pool, _type *obj)		\
{									\
	fastalloc_free_nopreempt(_name##_pool_base(pool), obj);		\
}									\
									\
static __always_inline _type * __must_check				\
__##_name##_alloc(struct _name##_pool *pool, gfp_t gfp)			\
{									\
	return __fastalloc_alloc_owner_sized(_name##_pool_base(pool),	\
					     gfp, sizeof(_type));	\
}									\
									\
static __always_inline void						\
__##_name##_free(struct _name##_pool *pool, _type *obj)			\
{									\
	__fastalloc_free(_name##_pool_base(pool), obj);			\
}									\
									\
static __always_inline void						\
_name##_free_rcu(struct _name##_pool *pool, _type *obj,			\
		 struct fastalloc_rcu_head *head)			\
{									\
	fastalloc_free_rcu(_name##_pool_base(pool), obj, head);		\
}									\
									\
static __always_inline unsigned int __must_check			\
_name##_alloc_bulk(struct _name##_pool *pool, gfp_t gfp,		\
		   unsigned int nr, _type **objs)			\
{									\
	return fastalloc_alloc_bulk(_name##_pool_base(pool), gfp, nr,	\
				    (void **)objs);			\
}									\
									\
static __always_inline unsigned int __must_check			\
_name##_alloc_bulk_some(struct _name##_pool *pool, gfp_t gfp,		\
			unsigned int nr, _type **objs)			\
{									\
	return fastalloc_alloc_bulk_some(_name##_pool_base(pool), gfp,	\
					 nr, (void **)objs);		\
}									\
									\
static __always_inline void						\
_name##_free_bulk(struct _name##_pool *pool, unsigned int nr,		\
		  _type **objs)						\
{									\
	fastalloc_free_bulk(_name##_pool_base(pool), nr, (void **)objs);	\
}									\
									\
static __always_inline _type * __must_check				\
_name##_alloc_contig(struct _name##_pool *pool, gfp_t gfp,		\
		     unsigned int nr)					\
{									\
	return fastalloc_alloc_contig(_name##_pool_base(pool), gfp, nr);	\
}									\
									\
static __always_inline void						\
_name##_free_contig(struct _name##_pool *pool, _type *obj,		\
		    unsigned int nr)					\
{									\
	fastalloc_free_contig(_name##_pool_base(pool), obj, nr);	\
}									\
									\
static __always_inline _type *						\
_name##_nth(struct _name##_pool *pool, _type *obj, unsigned int i)	\
{									\
	return (void *)obj + i * fastalloc_pool_stride(_name##_pool_base(pool)); \
}									\
									\
static __always_inline bool						\
_name##_pool_owns(struct _name##_pool *pool, const _type *obj)		\
{									\
	return fastalloc_pool_owns(_name##_pool_base(pool), obj);	\
}									\
									\
static __always_inline long						\
_name##_index(struct _name##_pool *pool, const _type *obj)		\
{									\
	return fastalloc_obj_index(_name##_pool_base(pool), obj);	\
}									\
									\
static __always_inline _type *						\
_name##_at(struct _name##_pool *pool, unsigned long index)		\
{									\
	return fastalloc_obj_at(_name##_pool_base(pool), index);	\
}									\
									\
typedef int (*_name##_live_t)(_type *obj, void *arg);			\
									\
struct __##_name##_walk {						\
	_name##_live_t	fn;						\
	void		*arg;						\
};									\
									\
static inline int __##_name##_walk(void *obj, void *walk)		\
{									\
	struct __##_name##_walk *w = walk;				\
									\
	return w->fn(obj, w->arg);					\
}									\
									\
static inline int							\
_name##_pool_walk_live(struct _name##_pool *pool,			\
		       _name##_live_t fn, void *arg)			\
{									\
	struct __##_name##_walk w = { fn, arg };			\
									\
	return fastalloc_pool_walk_live(_name##_pool_base(pool),	\
					__##_name##_walk, &w);		\
}									\
									\
__FASTALLOC_DEFINE_SCOPE(_name##_obj, struct _name##_pool, _type,	\
			 __##_name##_drop, _name##_alloc(pool, gfp),	\
			 struct _name##_pool *pool, gfp_t gfp)		\
__FASTALLOC_DEFINE_FREE(_name##_pool_destroy, _name##_pool)		\
									\
/* so that a semicolon follows */					\
struct _name##_pool

/**
 * fastalloc_typed_pool_create() - create a typed pool with its own lock class
 * @_name: that of DEFINE_FASTALLOC_POOL_TYPE()
 * @cfg: configuration, as for fastalloc_pool_create()
 *
 * Each use of this macro in the source has its own lock class.
 *
 * Context: Task context, may sleep.
 * Return: As name_pool_create().
 */
#define fastalloc_typed_pool_create(_name, cfg...) ({			\
	static struct lock_class_key __fastalloc_key;			\
									\
	__##_name##_pool_create(cfg, &__fastalloc_key);			\
})

/* The type of pointers to objects of a typed pool. */
#define __fastalloc_ptr(_name)	typeof(((struct _name##_obj *)NULL)->obj)

/**
 * DEFINE_FASTALLOC_TYPED_HOOK() - define a hook that takes an object of a typed pool
 * @_hook: the function to define, for &fastalloc_config.dtor, on_acquire or on_release
 * @_name: that of DEFINE_FASTALLOC_POOL_TYPE(), used before this
 * @_fn: the hook, ``void fn(struct flow *obj, void *arg)``, defined before this
 *
 * A hook for another type does not compile.
 */
#define DEFINE_FASTALLOC_TYPED_HOOK(_hook, _name, _fn)			\
static void _hook(void *obj, void *arg)					\
{									\
	__fastalloc_ptr(_name) typed = obj;				\
									\
	_fn(typed, arg);						\
}

/**
 * DEFINE_FASTALLOC_TYPED_CTOR() - define a constructor that takes an object of a typed pool
 * @_ctor: the function to define, for &fastalloc_config.ctor
 * @_name: that of DEFINE_FASTALLOC_POOL_TYPE(), used before this
 * @_fn: the constructor, ``int fn(struct flow *obj, void *arg)``, defined before this
 *
 * A constructor for another type does not compile.
 */
#define DEFINE_FASTALLOC_TYPED_CTOR(_ctor, _name, _fn)			\
static int _ctor(void *obj, void *arg)					\
{									\
	__fastalloc_ptr(_name) typed = obj;				\
									\
	return _fn(typed, arg);						\
}

/**
 * DEFINE_FASTALLOC_HANDLE_TYPE() - define typed references and weak handles
 * @_name: that of DEFINE_FASTALLOC_POOL_TYPE(), used before this
 * @_type: type of the objects
 *
 * For pools made with %FASTALLOC_F_HANDLES.
 * ``DEFINE_FASTALLOC_HANDLE_TYPE(flow, struct flow);`` defines
 *
 * ``struct flow_handle``
 *	a weak handle of a struct flow: a fastalloc_handle_t, ``base``, in a type that no
 *	call for other handles accepts. All zeroes is the handle of no object.
 *
 * and
 *
 * ``flow_get(pool, obj)``, ``flow_get_unless_zero(pool, obj)``, ``flow_put(pool, obj)``
 *	as fastalloc_get(), fastalloc_get_unless_zero(), fastalloc_put().
 * ``flow_handle(pool, obj)``
 *	as fastalloc_handle(): a struct flow_handle.
 * ``flow_resolve(pool, handle)``, ``flow_upgrade(pool, handle)``
 *	as fastalloc_resolve(), fastalloc_upgrade().
 * ``CLASS(flow_shared, s)(pool, handle)``, ``CLASS(flow_shared_adopt, s)(pool, obj)``
 *	a scope that owns a reference to ``s.obj``, from flow_upgrade() or another call,
 *	and drops it with flow_put(); ``flow_shared_take()`` takes it out.
 */
#define DEFINE_FASTALLOC_HANDLE_TYPE(_name, _type)			\
struct _name##_handle {							\
	fastalloc_handle_t	base;					\
};									\
									\
static __always_inline _type *						\
_name##_get(struct _name##_pool *pool, _type *obj)			\
{									\
	return fastalloc_get(_name##_pool_base(pool), obj);		\
}									\
									\
static __always_inline bool __must_check				\
_name##_get_unless_zero(struct _name##_pool *pool, _type *obj)		\
{									\
	return fastalloc_get_unless_zero(_name##_pool_base(pool), obj);	\
}									\
									\
static __always_inline void						\
_name##_put(struct _name##_pool *pool, _type *obj)			\
{									\
	fastalloc_put(_name##_pool_base(pool), obj);			\
}									\
									\
static __always_inline struct _name##_handle __must_check		\
_name##_handle(struct _name##_pool *pool, const _type *obj)		\
{									\
	return (struct _name##_handle){					\
		fastalloc_handle(_name##_pool_base(pool), obj)		\
	};								\
}									\
									\
static __always_inline _type * __must_check				\
_name##_resolve(struct _name##_pool *pool, struct _name##_handle h)	\
{									\
	return fastalloc_resolve(_name##_pool_base(pool), h.base);	\
}									\
									\
static __always_inline _type * __must_check				\
_name##_upgrade(struct _name##_pool *pool, struct _name##_handle h)	\
{									\
	return fastalloc_upgrade(_name##_pool_base(pool), h.base);	\
}									\
									\
__FASTALLOC_DEFINE_SCOPE(_name##_shared, struct _name##_pool, _type,	\
			 _name##_put, _name##_upgrade(pool, h),		\
			 struct _name##_pool *pool, struct _name##_handle h) \
									\
/* so that a semicolon follows */					\
struct _name##_handle

#endif /* _LINUX_FASTALLOC_TYPED_H */
