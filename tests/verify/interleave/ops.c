// SPDX-License-Identifier: GPL-2.0
/*
 * The operations whose interleavings are explored: calls of the real code, with the
 * wrappers of alloc.c around it. This file is instrumented like that code, so that its
 * inline parts are watched as well.
 */
#include "verify.h"
#include "stats.h"

struct fastalloc_pool pool;
unsigned int bulk_nr = 2;
char objects[MAX_OBJS];
struct piece pieces[1 + MAX_GROW];
unsigned int verify_reserve, verify_shards;

/* As in module.c. The hotplug code looks for its pools there. */
struct mutex fa_pools_lock;
struct list_head fa_pools;

/* What is reported is found by the search, too. */
void fa_violation(struct fastalloc_pool *p, const char *what, int index)
{
}

/* The out-of-line paths, as in alloc.c, for a pool without hooks. */
void *__fastalloc_alloc_slow(struct fastalloc_pool *p, gfp_t gfp, unsigned long n)
{
	void *obj = fa_cache_alloc(p, p->percpu.cache + hook_cpu(), n);

	preempt_enable();
	return obj;
}

void __fastalloc_free_slow(struct fastalloc_pool *p, void *obj, unsigned long n)
{
	fa_cache_free(p, p->percpu.cache + hook_cpu(), obj, n);
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

/*
 * A flush of another CPU is an operation of its own here, whatever that CPU's cache
 * holds.
 */
void fa_percpu_look(const struct fastalloc_pool *p, int cpu, struct fa_cpu_stats *s)
{
	s->busy = true;
}

/* One node: every shard for all CPUs, as in place.c. */
unsigned int fa_place_shards(const struct fastalloc_pool *p)
{
	return verify_shards;
}

void fa_place_cpus(struct fastalloc_pool *p)
{
	struct fa_depot *d = &p->percpu.depot;
	unsigned int i;

	for (i = 0; i < d->nr_shards; i++) {
		d->shard[i].first = 0;
		d->shard[i].peers = d->nr_shards;
	}
	for_each_possible_cpu(i)
		p->percpu.cache[i].shard = i % d->nr_shards;
}

const struct fa_shard *fa_place_chunk(const struct fastalloc_pool *p, const struct fa_chunk *c)
{
	return NULL;
}

/* Memory for magazines. */
gfp_t fa_gfp(gfp_t gfp)
{
	return gfp;
}

void *fa_kvmalloc(size_t n, size_t size, gfp_t gfp, int node)
{
	return hook_mem(n * size);
}

size_t fa_kvsize(size_t bytes)
{
	return bytes;
}

/* The links of a chunk, which are made before the search begins. */
void *verify_links_alloc(size_t n, size_t size, gfp_t gfp, int node)
{
	void *mem = malloc(n * size);

	if (mem)
		memset(mem, 0, n * size);
	return mem;
}

/* The shards of the depot. */
void *fa_kzalloc(size_t bytes, gfp_t gfp, int node)
{
	static struct fa_shard shards[MAX_SHARDS];

	return bytes <= sizeof(shards) ? shards : NULL;
}

void fa_chunk_insert(struct fa_chunks *chunks, struct fa_chunk *chunk)
{
	container_of(chunk, struct piece, chunk)->added = true;
	chunks->objects += chunk->count;
	hook_inserted();
}

struct fa_chunk *fa_chunk_search(struct fa_chunks *chunks, const void *obj)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		if (pieces[i].added && obj >= pieces[i].chunk.mem && obj < pieces[i].chunk.end)
			return &pieces[i].chunk;
	return NULL;
}

void fa_handle_attach(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
}

void fa_chunk_unshuffle(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
}

void fa_grower_init(struct fa_grower *g, void (*grow)(struct fa_grower *g))
{
	g->grow = grow;
}

void fa_grower_kick(struct fa_grower *g)
{
}

void fa_grower_stop(struct fa_grower *g)
{
}

void fa_growth_queue(struct work_struct *work)
{
	hook_bad("a zombie was seen");
}

/* Counters are not summed up here. */
unsigned long fa_percpu_in_use(struct fastalloc_pool *p)
{
	return 0;
}

unsigned long fa_percpu_frees(struct fastalloc_pool *p)
{
	return 0;
}

void fa_percpu_stats(struct fastalloc_pool *p, struct fastalloc_stats *stats)
{
}

void fa_percpu_reset(struct fastalloc_pool *p)
{
}

/* The callback of trim: looks at a free object and keeps none. */
static bool found(struct fastalloc_pool *p, void *obj)
{
	return false;
}

/* Trim keeps nothing, so it puts nothing back. */
bool fa_bitmap_test(const struct fa_bitmap *bm, unsigned int bit)
{
	hook_bad("an object was to be put back");
	return false;
}

void fa_bitmap_clear(struct fa_bitmap *bm, unsigned int bit)
{
}

/* Not called: all pools here are of sync PERCPU. */
void fa_window_settle(struct fastalloc_pool *p)
{
	hook_bad("a window was settled");
}

void fa_window_open(struct fastalloc_pool *p)
{
	hook_bad("a window was opened");
}

void op_run(struct call *call)
{
	void (*fn)(void *arg);
	void *obj, *arg;

	switch (call->op) {
	case OP_ALLOC:
		call->obj[0] = fastalloc_alloc(&pool, 0);
		break;
	case OP_FREE:
		fastalloc_free(&pool, call->obj[0]);
		break;
	case OP_ALLOC_BULK:
		if (!fa_percpu_alloc_bulk(&pool, bulk_nr, call->obj))
			memset(call->obj, 0, sizeof(call->obj));
		break;
	case OP_FREE_BULK:
		fa_percpu_free_bulk(&pool, 2, call->obj);
		break;
	case OP_FLUSH:
		pool.ops->flush(&pool);
		break;
	case OP_ROTATE:
		pool.ops->scan(&pool, found);
		break;
	case OP_DEAD:
		cpu_dead(call->arg);
		break;
	case OP_WAIT:
		/* As fa_pool_alloc_wait(). */
		obj = READ_ONCE(pool.waitq.nr) ? NULL : fastalloc_alloc(&pool, 0);
		if (!obj)
			obj = fa_wait_for_object(&pool, 1, false);
		call->obj[0] = obj;
		break;
	case OP_IRQ_WORK:
		pool.waitq.wake.func(&pool.waitq.wake);
		break;
	case OP_GROW:
		/* In place. */
		if (pool.ops->attach(&pool, &pieces[1 + call->arg].chunk, 0))
			hook_bad("growth in place fails");
		break;
	case OP_CUT:
		verify_cut(&pool, call->arg);
		break;
	case OP_SHARE:
		pool.percpu.leases.worker.grow(&pool.percpu.leases.worker);
		break;
	case OP_IPI:
		hook_ipi(&fn, &arg);
		fn(arg);
		break;
	default:
		hook_bad("no such operation");
	}
}

/* As fa_pool_init() and fa_pool_fill(). */
void op_setup(const struct config *cfg)
{
	static struct fa_chunk none;
	unsigned int i, n = cfg->capacity + cfg->reserve;

	INIT_LIST_HEAD(&fa_pools);
	pool.sync = FASTALLOC_SYNC_PERCPU;
	pool.live = true;
	list_add_tail(&pool.node, &fa_pools);
	pool.chunks.stride = 1;
	pool.chunks.inverse = 1;
	/* A chunk without objects, so that each lookup is a search. */
	pool.chunks.hint = &none;
	pool.cfg.capacity = cfg->capacity;
	pool.cfg.magazine = cfg->magazine;
	pool.refill.low_water = 1;
	pool.refill.low_base = cfg->capacity;
	pool.growth.kind = cfg->growing ? FASTALLOC_GROWTH_LINEAR : FASTALLOC_GROWTH_NONE;
	pool.growth.max = cfg->growing ? MAX_OBJS : cfg->capacity;
	verify_reserve = cfg->reserve;
	verify_shards = cfg->shards;
	fa_wait_init(&pool);
	pool.ops = &fa_percpu_ops;
	if (fa_percpu_module_init() || pool.ops->init(&pool))
		hook_bad("no pool");
	if (pool.reserve != cfg->reserve || pool.percpu.depot.nr_shards != cfg->shards)
		hook_bad("the pool has another reserve, or another number of shards");
	for (i = 0; i <= cfg->pieces; i++) {
		struct fa_chunk *chunk = &pieces[i].chunk;

		chunk->mem = objects + (i ? n + (i - 1) * cfg->piece : 0);
		chunk->count = i ? cfg->piece : n;
		chunk->end = chunk->mem + chunk->count;
		if ((char *)chunk->end > objects + MAX_OBJS)
			hook_bad("too many objects: raise MAX_OBJS");
		if (fa_links_add(&pool.percpu.depot.links, chunk, GFP_KERNEL, NUMA_NO_NODE))
			hook_bad("no links");
	}
	pool.ops->prepare(&pool, n, GFP_KERNEL);
	if (pool.ops->attach(&pool, &pieces[0].chunk, GFP_KERNEL))
		hook_bad("no objects");
	pool.head.cache = pool.percpu.cache;
}
