/* SPDX-License-Identifier: GPL-2.0 */
/*
 * <linux/cleanup.h>, or the part of it that the scopes of fastalloc need, for kernels that
 * have none (6.1 before the backport). The definitions are those of the kernel, under the
 * same names, so code that uses them is the same on all kernels.
 */
#ifndef _LINUX_FASTALLOC_CLEANUP_H
#define _LINUX_FASTALLOC_CLEANUP_H

#include <linux/compiler.h>

/* Two steps: sparse knows no __has_include(). */
#ifdef __has_include
#if __has_include(<linux/cleanup.h>)
#include <linux/cleanup.h>
#endif
#endif

#ifndef __cleanup
#define __cleanup(func)	__maybe_unused __attribute__((__cleanup__(func)))
#endif

#ifndef DEFINE_FREE
#define DEFINE_FREE(_name, _type, _free)				\
static inline void __free_##_name(void *p)				\
{									\
	_type _T = *(_type *)p;						\
	_free;								\
}

#define __free(_name)	__cleanup(__free_##_name)

#define no_free_ptr(p)							\
({									\
	__auto_type __where = &(p);					\
	__auto_type __ptr = *__where;					\
	*__where = NULL;						\
	__ptr;								\
})

#define return_ptr(p)	return no_free_ptr(p)
#endif /* DEFINE_FREE */

#ifndef DEFINE_CLASS
#define DEFINE_CLASS(_name, _type, _exit, _init, _init_args...)	\
typedef _type class_##_name##_t;					\
static inline void class_##_name##_destructor(_type *p)		\
{									\
	_type _T = *p;							\
	_exit;								\
}									\
static inline _type class_##_name##_constructor(_init_args)		\
{									\
	_type t = _init;						\
	return t;							\
}

#define EXTEND_CLASS(_name, ext, _init, _init_args...)			\
typedef class_##_name##_t class_##_name##ext##_t;			\
static inline void							\
class_##_name##ext##_destructor(class_##_name##_t *p)			\
{									\
	class_##_name##_destructor(p);					\
}									\
static inline class_##_name##_t						\
class_##_name##ext##_constructor(_init_args)				\
{									\
	class_##_name##_t t = _init;					\
	return t;							\
}

#define CLASS(_name, var)						\
	class_##_name##_t var __cleanup(class_##_name##_destructor) =	\
		class_##_name##_constructor
#endif /* DEFINE_CLASS */

#endif /* _LINUX_FASTALLOC_CLEANUP_H */
