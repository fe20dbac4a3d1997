// SPDX-License-Identifier: GPL-2.0
/*
 * The operations whose interleavings are explored: calls of the real code, with
 * what pool.c wraps around it. Compiled like that code, so that its inline parts
 * are watched as well.
 */
#include "verify.h"

struct fastalloc_pool pool;
char objects[MAX_OBJS];

/* As module.c has them; hotplug looks for its pools there. */
struct mutex fa_pools_lock;
struct list_head fa_pools;

/* The out-of-line halves, as in pool.c, of a pool without hooks. */
void *__fastalloc_alloc_slow(struct fastalloc_pool *p, gfp_t gfp, u32 n)
{
	void *obj = fa_cache_alloc(p, p->cache + hook_cpu(), n);

	preempt_enable();
	return obj;
}

void __fastalloc_free_slow(struct fastalloc_pool *p, void *obj, u32 n)
{
	fa_cache_free(p, p->cache + hook_cpu(), obj, n);
	preempt_enable();
}

void *fastalloc_zalloc(struct fastalloc_pool *p, gfp_t gfp)
{
	hook_bad("zalloc was called");
	return NULL;
}

unsigned long fastalloc_pool_allocated(struct fastalloc_pool *p)
{
	return 0;
}

void fa_chunk_insert(struct fastalloc_pool *p, struct fa_chunk *chunk)
{
}

void fa_chunk_shuffled(struct fa_chunk *chunk)
{
}

void fa_grower_kick(struct fa_grower *g)
{
}

bool fa_trim_found(struct fastalloc_pool *p, void *obj)
{
	return false;
}

/* Percpu pools only, so neither these are called ... */
void fa_window_settle(struct fastalloc_pool *p)
{
	hook_bad("a window was settled");
}

void fa_window_open(struct fastalloc_pool *p)
{
	hook_bad("a window was opened");
}

/* ... nor, by wait.c, these. */
void *fa_serial_alloc(struct fastalloc_pool *p)
{
	hook_bad("a pool with a lock was asked");
	return NULL;
}

void fa_serial_free(struct fastalloc_pool *p, void *obj)
{
	hook_bad("a pool with a lock was given an object");
}

void op_run(struct call *call)
{
	void *obj;

	switch (call->op) {
	case OP_ALLOC:
		call->obj[0] = fastalloc_alloc(&pool, 0);
		break;
	case OP_FREE:
		fastalloc_free(&pool, call->obj[0]);
		break;
	case OP_ALLOC_BULK:
		if (!fa_percpu_alloc_bulk(&pool, 2, call->obj)) {
			call->obj[0] = NULL;
			call->obj[1] = NULL;
		}
		break;
	case OP_FREE_BULK:
		fa_percpu_free_bulk(&pool, 2, call->obj);
		break;
	case OP_FLUSH:
		fa_percpu_flush(&pool);
		break;
	case OP_ROTATE:
		fa_percpu_rotate(&pool);
		break;
	case OP_DEAD:
		cpu_dead(call->arg);
		break;
	case OP_WAIT:
		/* As fa_pool_alloc_wait(). */
		obj = READ_ONCE(pool.nr_waiters) ? NULL : fastalloc_alloc(&pool, 0);
		if (!obj)
			obj = fa_wait_for_object(&pool, 1, false);
		call->obj[0] = obj;
		break;
	case OP_IRQ_WORK:
		pool.wake.func(&pool.wake);
		break;
	default:
		hook_bad("no such operation");
	}
}

/* As fa_pool_init() and fa_pool_fill(). */
void op_setup(unsigned int magazine, unsigned int capacity, bool growing)
{
	struct fa_chunk chunk = {};

	INIT_LIST_HEAD(&fa_pools);
	pool.sync = FASTALLOC_SYNC_PERCPU;
	pool.live = true;
	list_add_tail(&pool.node, &fa_pools);
	pool.stride = 1;
	pool.cfg.capacity = capacity;
	pool.cfg.magazine = magazine;
	pool.growth.kind = growing ? FASTALLOC_GROWTH_LINEAR : FASTALLOC_GROWTH_NONE;
	pool.growth.max = capacity;
	fa_wait_init(&pool);
	if (fa_magazine_init() || fa_percpu_init(&pool))
		hook_bad("no pool");
	chunk.mem = objects;
	chunk.count = capacity + pool.reserve;
	if (chunk.count > MAX_OBJS)
		hook_bad("too many objects: raise MAX_OBJS");
	fa_percpu_attach(&pool, &chunk);
	pool.head.cache = pool.cache;
}
