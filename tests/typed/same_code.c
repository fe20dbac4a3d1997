// SPDX-License-Identifier: GPL-2.0
/*
 * Code that must compile to the same instructions with the calls of a typed pool and
 * scopes, and, included from plain_code.c, without. Where the kernel zeroes objects on
 * allocation, a typed call zeroes one of known size; the plain code does the same by what is
 * beneath the calls.
 */
#include "types.h"

#ifdef PLAIN_CODE
#define POOL		fastalloc_pool
#define CALL(f)		fastalloc_##f
#define OWNER(f)	__fastalloc_##f
#define OBJS(p)		((void **)(p))
#define ALLOC(pool, gfp)	__fastalloc_alloc_sized(pool, gfp, sizeof(struct flow))
#define ALLOC_NOPREEMPT(pool, gfp)	\
	__fastalloc_alloc_nopreempt_sized(pool, gfp, sizeof(struct flow))
#define ALLOC_OWNER(pool, gfp)	\
	__fastalloc_alloc_owner_sized(pool, gfp, sizeof(struct flow))
#else
#define POOL		flow_pool
#define CALL(f)		flow_##f
#define OWNER(f)	__flow_##f
#define OBJS(p)		(p)
#define ALLOC		flow_alloc
#define ALLOC_NOPREEMPT	flow_alloc_nopreempt
#define ALLOC_OWNER	__flow_alloc
#endif

struct flow *code_alloc(struct POOL *pool, gfp_t gfp);
struct flow *code_alloc(struct POOL *pool, gfp_t gfp)
{
	return ALLOC(pool, gfp);
}

struct flow *code_nopreempt(struct POOL *pool, struct flow *old);
struct flow *code_nopreempt(struct POOL *pool, struct flow *old)
{
	CALL(free_nopreempt)(pool, old);
	return ALLOC_NOPREEMPT(pool, GFP_ATOMIC);
}

void code_free(struct POOL *pool, struct flow *obj);
void code_free(struct POOL *pool, struct flow *obj)
{
	CALL(free)(pool, obj);
}

struct flow *code_zalloc(struct POOL *pool, gfp_t gfp);
struct flow *code_zalloc(struct POOL *pool, gfp_t gfp)
{
	return CALL(zalloc)(pool, gfp);
}

struct flow *code_owner(struct POOL *pool, gfp_t gfp, struct flow *old);
struct flow *code_owner(struct POOL *pool, gfp_t gfp, struct flow *old)
{
	OWNER(free)(pool, old);
	return ALLOC_OWNER(pool, gfp);
}

unsigned int code_bulk(struct POOL *pool, struct flow **objs);
unsigned int code_bulk(struct POOL *pool, struct flow **objs)
{
	if (!CALL(alloc_bulk)(pool, GFP_ATOMIC, 8, OBJS(objs)))
		return 0;
	CALL(free_bulk)(pool, 4, OBJS(objs));
	return 4;
}

/* The scope ends only after its object has been passed on. */
struct flow *code_scope(struct POOL *pool);
struct flow *code_scope(struct POOL *pool)
{
#ifdef PLAIN_CODE
	return ALLOC(pool, GFP_ATOMIC);
#else
	CLASS(flow_obj, o)(pool, GFP_ATOMIC);

	return flow_obj_take(&o);
#endif
}
