/* SPDX-License-Identifier: GPL-2.0 */
/* Trace events, and pools that trace every allocation and free: see trace.c. */
#ifndef FASTALLOC_TRACE_H
#define FASTALLOC_TRACE_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/types.h>
#include <trace/events/fastalloc.h>

#include "pool.h"

int fa_trace_set(struct fastalloc_pool *pool, bool on);
void fa_trace_alloc(struct fastalloc_pool *pool, gfp_t gfp, const void *obj, unsigned long ip);
void fa_trace_free(struct fastalloc_pool *pool, const void *obj, unsigned long ip);
void fa_trace_exhausted(struct fastalloc_pool *pool, unsigned int wanted, unsigned long ip);
void fa_trace_destroy(struct fastalloc_pool *pool, bool deferred, unsigned long ip);

/* Whether an allocation is to be traced: a static key while nobody asks for the event. */
static __always_inline bool fa_traces_alloc(const struct fastalloc_pool *pool)
{
	return trace_fastalloc_alloc_enabled() && READ_ONCE(pool->traced);
}

static __always_inline bool fa_traces_free(const struct fastalloc_pool *pool)
{
	return trace_fastalloc_free_enabled() && READ_ONCE(pool->traced);
}

#endif /* FASTALLOC_TRACE_H */
