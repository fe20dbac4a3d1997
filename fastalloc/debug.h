/* SPDX-License-Identifier: GPL-2.0 */
/* Checks of the use of objects: see debug.c. Their reports: see report.c. */
#ifndef FASTALLOC_DEBUG_H
#define FASTALLOC_DEBUG_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/ratelimit.h>
#include <linux/types.h>

struct fa_chunk;
struct fastalloc_pool;

/**
 * struct fa_debug - state of the checks
 * @user: the task whose call is in progress in a pool of sync NONE with checks
 * @violations: number of faults found
 * @fault_limit: limits reports of faults
 */
struct fa_debug {
	atomic_long_t		user;
	atomic_long_t		violations;
	struct ratelimit_state	fault_limit;
};

void fa_violation(struct fastalloc_pool *pool, const char *what, int index);
bool fa_debug_sanitize(void);
unsigned int fa_debug_flags(const struct fastalloc_pool *pool);
int fa_debug_pool_init(struct fastalloc_pool *pool);
void fa_debug_init(void);
void fa_debug_exit(void);
size_t fa_debug_zone(const struct fastalloc_pool *pool);
size_t fa_debug_align(const struct fastalloc_pool *pool);
int fa_debug_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
void fa_debug_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
size_t fa_debug_overhead(const struct fa_chunk *chunk);
void fa_debug_alloc(struct fastalloc_pool *pool, void *obj, unsigned long ip);
bool fa_debug_may_free(struct fastalloc_pool *pool, void *obj, unsigned long ip);
void fa_debug_not_freed(struct fastalloc_pool *pool, void *obj);
void fa_debug_freed(struct fastalloc_pool *pool, void *obj);
bool fa_debug_enter(struct fastalloc_pool *pool);
void fa_debug_leave(struct fastalloc_pool *pool);
long fa_debug_check_chunk(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			  unsigned long *out);

#ifdef CONFIG_FAULT_INJECTION
bool fa_fail(size_t bytes);
#else
static inline bool fa_fail(size_t bytes)
{
	return false;
}
#endif

#endif /* FASTALLOC_DEBUG_H */
