// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel without <linux/cleanup.h>: undefine everything that it defines, so that
 * fastalloc defines its own, and check that the header compiles and works with that.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#undef DEFINE_FREE
#undef __free
#undef no_free_ptr
#undef return_ptr
#undef DEFINE_CLASS
#undef EXTEND_CLASS
#undef CLASS

#include "types.h"

DEFINE_FREE(one_flow, struct flow *, kfree(_T))

struct flow *fallback_free(int err);
struct flow *fallback_free(int err)
{
	struct flow *f __free(one_flow) = kzalloc(sizeof(*f), GFP_KERNEL);

	if (err)
		return NULL;
	return_ptr(f);
}

struct flow *fallback_scope(struct flow_pool *flows, struct flow *old);
struct flow *fallback_scope(struct flow_pool *flows, struct flow *old)
{
	CLASS(flow_obj_adopt, was)(flows, old);
	CLASS(flow_obj, o)(flows, GFP_KERNEL);

	if (!o.obj)
		return NULL;
	o.obj->id = was.obj->id;
	return flow_obj_take(&o);
}

struct packet_pool *fallback_pool(void);
struct packet_pool *fallback_pool(void)
{
	struct packet_pool *pool __free(packet_pool_destroy) =
		packet_pool_create(&FASTALLOC_CONFIG(struct packet,
						     .name = "packets",
						     .capacity = 64));

	if (IS_ERR(pool) || fastalloc_pool_capacity(packet_pool_base(pool)) < 64)
		return NULL;
	return no_free_ptr(pool);
}
