// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on a pool, each compared with a simple model of what the pool
 * promises: which objects are out, which one comes next, what it holds, when a call may
 * fail, and every counter.
 *
 * The model knows objects by address. In every second run a ctor reports them before
 * they can be handed out; otherwise the model learns of them when they are allocated. A
 * dtor always reports when they are destructed. The worker may add a chunk at any time:
 * only what the model cannot know for that reason is not checked.
 *
 * A PERCPU pool promises less: no order, and its reserve may or may not be handed out.
 * So an allocation may fail once the capacity is out, and must fail once all objects
 * are. A bulk allocation that fails has taken some objects and freed them again.
 */
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>

#include "fastalloc_test.h"

static unsigned int ops = 100000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "random operations for each combination");

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random operations; 0: draw one");

#define ROUNDS		8
#define MOST		1024	/* objects, including those of a reserve */
#define MOST_CAPACITY	512
#define HASH_BITS	9
#define BULK		16
#define RUNS		8
#define NEWBORN_FILL	0xc7

enum state {
	NEWBORN,	/* constructed, perhaps not in the pool yet */
	FRESH,		/* in the pool, never allocated */
	OUT,
	IN_RUN,		/* allocated, as part of a run */
	RESTED,		/* was allocated, is free */
};

/**
 * struct mobj - what the model knows of an object
 * @hash: by address
 * @rest: while RESTED, in the order of the frees; while NEWBORN, all of these
 * @rb: by address, while FRESH or RESTED, for LOWEST
 * @addr: of the object
 * @state: one of enum state
 * @fill: what it was last filled with
 * @idx: its index in the array of objects that are out
 */
struct mobj {
	struct hlist_node	hash;
	struct list_head	rest;
	struct rb_node		rb;
	void			*addr;
	enum state		state;
	u8			fill;
	unsigned int		idx;
};

/**
 * struct model - a pool and what is known of it
 * @pool: the pool
 * @cfg: its config
 * @stride: distance of adjacent objects
 * @rnd: source of the operations
 * @lock: protects @born, to which a worker may add
 * @born: objects that the ctor has seen and the model does not know yet
 * @nr_born: how many
 * @owner: the task that uses the pool; only it uses the other members
 * @obj: memory for all struct mobj
 * @spare: of those, the unused ones
 * @nr_spare: how many
 * @hash: known objects by address
 * @rest: RESTED ones
 * @newborn: NEWBORN ones
 * @tree: FRESH and RESTED ones, if LOWEST
 * @known: number of known objects
 * @fresh: how many of them are FRESH
 * @dtors: calls of dtor
 * @out: objects out, without runs
 * @nr_out: how many
 * @run: runs that are out
 * @nr_run: how many
 * @in_use: all objects that are out
 * @cap: capacity before the present operation
 * @reserve: objects beside it
 * @peak_most: upper bound of the peak
 * @total: all objects, when the peak was reset
 * @all_known: every object of the pool is known
 * @want: expected counters
 * @wrong: the first mismatch, or NULL
 */
struct model {
	struct fastalloc_pool	*pool;
	struct fastalloc_config	cfg;
	size_t			stride;
	struct rnd_state	rnd;

	spinlock_t		lock;	/* protects @born */
	void			*born[MOST];
	unsigned int		nr_born;
	struct task_struct	*owner;

	struct mobj		obj[MOST];
	struct mobj		*spare[MOST];
	unsigned int		nr_spare;
	struct hlist_head	hash[1 << HASH_BITS];
	struct list_head	rest;
	struct list_head	newborn;
	struct rb_root_cached	tree;
	unsigned long		known;
	unsigned long		fresh;
	unsigned long		dtors;

	struct mobj		*out[MOST];
	unsigned int		nr_out;
	struct {
		void		*addr;
		unsigned int	nr;
	}			run[RUNS];
	unsigned int		nr_run;
	unsigned long		in_use;
	unsigned long		cap;
	unsigned long		reserve;
	unsigned long		peak_most;
	unsigned long		total;
	bool			all_known;
	struct fastalloc_stats	want;
	const char		*wrong;
};

static u32 draw(struct model *m, u32 below)
{
	return prandom_u32_state(&m->rnd) % below;
}

static void wrong(struct model *m, const char *what)
{
	if (!m->wrong)
		m->wrong = what;
}

static bool is_percpu(const struct model *m)
{
	return m->cfg.sync == FASTALLOC_SYNC_PERCPU;
}

/* Small objects are filled and checked whole, large ones at both ends. */
#define WHOLE	64

static void fill(const struct model *m, void *addr, u8 with)
{
	size_t size = m->cfg.obj_size;

	memset(addr, with, min_t(size_t, size, WHOLE));
	if (size > WHOLE)
		memset(addr + size - WHOLE / 2, with, WHOLE / 2);
}

static bool filled(const struct model *m, const void *addr, u8 with)
{
	size_t size = m->cfg.obj_size;

	return !memchr_inv(addr, with, min_t(size_t, size, WHOLE)) &&
	       (size <= WHOLE ||
		!memchr_inv(addr + size - WHOLE / 2, with, WHOLE / 2));
}

static struct mobj *find(struct model *m, const void *addr)
{
	struct mobj *o;

	hlist_for_each_entry(o, &m->hash[hash_ptr(addr, HASH_BITS)], hash) {
		if (o->addr == addr)
			return o;
	}
	return NULL;
}

static struct mobj *get_to_know(struct model *m, void *addr, enum state state)
{
	struct mobj *o;

	if (!m->nr_spare) {
		wrong(m, "more objects than the maximum allows");
		return NULL;
	}
	o = m->spare[--m->nr_spare];
	o->addr = addr;
	o->state = state;
	o->fill = NEWBORN_FILL;
	INIT_LIST_HEAD(&o->rest);
	RB_CLEAR_NODE(&o->rb);
	hlist_add_head(&o->hash, &m->hash[hash_ptr(addr, HASH_BITS)]);
	m->known++;
	return o;
}

static bool lower(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct mobj, rb)->addr <
	       rb_entry(b, struct mobj, rb)->addr;
}

static void tree_add(struct model *m, struct mobj *o)
{
	if (m->cfg.order == FASTALLOC_ORDER_LOWEST)
		rb_add_cached(&o->rb, &m->tree, lower);
}

static void tree_del(struct model *m, struct mobj *o)
{
	if (!RB_EMPTY_NODE(&o->rb)) {
		rb_erase_cached(&o->rb, &m->tree);
		RB_CLEAR_NODE(&o->rb);
	}
}

static int model_ctor(void *addr, void *arg)
{
	struct model *m = arg;

	spin_lock(&m->lock);
	if (m->nr_born < MOST)
		m->born[m->nr_born] = addr;
	WRITE_ONCE(m->nr_born, m->nr_born + 1);
	spin_unlock(&m->lock);
	fill(m, addr, NEWBORN_FILL);
	return 0;
}

/* Takes note of the objects that the ctor has seen. */
static void meet_newborn(struct model *m)
{
	unsigned int i;

	if (!READ_ONCE(m->nr_born))
		return;
	spin_lock(&m->lock);
	if (m->nr_born > MOST)
		wrong(m, "more objects than the maximum allows");
	for (i = 0; i < m->nr_born && !m->wrong; i++) {
		struct mobj *o;

		if (find(m, m->born[i]))
			wrong(m, "an object was constructed twice");
		o = get_to_know(m, m->born[i], NEWBORN);
		if (o)
			list_add_tail(&o->rest, &m->newborn);
	}
	m->nr_born = 0;
	spin_unlock(&m->lock);
}

static struct mobj *find_or_meet(struct model *m, const void *addr)
{
	struct mobj *o = find(m, addr);

	if (!o) {
		meet_newborn(m);
		o = find(m, addr);
	}
	return o;
}

static void model_dtor(void *addr, void *arg)
{
	struct model *m = arg;
	struct mobj *o;

	/* Only trim and destroy free memory here; no growth fails. */
	if (current != m->owner) {
		wrong(m, "an object went by itself");
		return;
	}
	m->dtors++;
	o = find_or_meet(m, addr);
	if (o) {
		if (o->state == OUT || o->state == IN_RUN)
			wrong(m, "an object went while it was out");
		m->fresh -= o->state == FRESH;
		list_del_init(&o->rest);
		tree_del(m, o);
		hlist_del(&o->hash);
		m->known--;
		m->spare[m->nr_spare++] = o;
	} else if (m->cfg.ctor) {
		wrong(m, "an unknown object was destructed");
	}
}

/*
 * Records what is known of the pool before an operation. Chunks are added in the order
 * in which they are made, so if the pool has as many objects as are known, it has
 * exactly those.
 */
static void look(struct model *m)
{
	struct mobj *o, *next;

	meet_newborn(m);
	m->cap = fastalloc_pool_capacity(m->pool);
	m->all_known = m->cfg.ctor && m->known == m->cap + m->reserve;
	if (!m->all_known)
		return;
	list_for_each_entry_safe(o, next, &m->newborn, rest) {
		list_del_init(&o->rest);
		o->state = FRESH;
		m->fresh++;
		tree_add(m, o);
	}
}

/*
 * An object that came out of order is a mismatch unless a chunk was added during the
 * operation. A PERCPU pool hands out objects before it counts them.
 */
static bool chunk_came(struct model *m)
{
	return !m->all_known || is_percpu(m) ||
	       fastalloc_pool_capacity(m->pool) > m->cap;
}

/* Whether @o was next in order; @fresh if it was never allocated before. */
static bool its_turn(struct model *m, struct mobj *o, bool fresh)
{
	struct rb_node *low;

	if (is_percpu(m))
		return true;
	switch (m->cfg.order) {
	case FASTALLOC_ORDER_LIFO:
		if (fresh)
			return list_empty(&m->rest);
		return o == list_last_entry(&m->rest, struct mobj, rest);
	case FASTALLOC_ORDER_FIFO:
		if (fresh)
			return true;
		/*
		 * Without a ctor, objects that are not known have never been allocated.
		 */
		if (m->cfg.ctor ? m->fresh : m->cap > m->known)
			return false;
		return o == list_first_entry(&m->rest, struct mobj, rest);
	default:
		low = rb_first_cached(&m->tree);
		if (!RB_EMPTY_NODE(&o->rb))
			return low == &o->rb;
		return !low || o->addr < rb_entry(low, struct mobj, rb)->addr;
	}
}

/* Takes note of an allocated object. With @turn it must have been the next in order. */
static struct mobj *came_out(struct model *m, void *addr, enum state state,
			     bool turn, bool zeroed)
{
	bool fresh, known;
	struct mobj *o;

	if (!IS_ALIGNED((unsigned long)addr, m->cfg.align))
		wrong(m, "an object is not aligned");
	o = find_or_meet(m, addr);
	known = o;
	if (!o && m->cfg.ctor) {
		wrong(m, "an object was never constructed");
		return NULL;
	}
	if (!o)
		o = get_to_know(m, addr, FRESH);
	if (!o)
		return NULL;
	if (o->state == OUT || o->state == IN_RUN) {
		wrong(m, "an object is out twice");
		return NULL;
	}
	fresh = o->state != RESTED;
	if (turn && !its_turn(m, o, fresh))
		wrong(m, "it was another object's turn");
	if (o->state == NEWBORN && !chunk_came(m))
		wrong(m, "an object came before its chunk");
	m->fresh -= known && o->state == FRESH;
	list_del_init(&o->rest);
	tree_del(m, o);
	o->state = state;

	if (zeroed && !filled(m, addr, 0))
		wrong(m, "a zeroed object is not");
	if (!zeroed && m->cfg.ctor && !filled(m, addr, o->fill))
		wrong(m, "a constructed object has changed");
	o->fill = draw(m, 255) + 1;
	fill(m, addr, o->fill);
	m->in_use++;
	if (state == OUT) {
		o->idx = m->nr_out;
		m->out[m->nr_out++] = o;
	}
	return o;
}

static void counted(struct model *m, unsigned int nr)
{
	unsigned long most = fastalloc_pool_capacity(m->pool);

	/* As in chunk_came(): handed out before it is counted. */
	if (is_percpu(m) && m->cfg.growth != FASTALLOC_GROWTH_NONE)
		most = m->cfg.max_capacity;
	m->want.allocs += nr;
	m->want.peak = max(m->want.peak, m->in_use);
	m->peak_most = max(m->peak_most, m->in_use);
	if (m->in_use > most + m->reserve)
		wrong(m, "more objects are out than there are");
}

/* A call for @nr objects failed: was that allowed? */
static void got_none(struct model *m, gfp_t gfp, unsigned int nr)
{
	unsigned long room = m->cap;

	m->want.failures++;
	if (gfpflags_allow_blocking(gfp) && m->cfg.growth != FASTALLOC_GROWTH_NONE)
		room = m->cfg.max_capacity;
	if (room >= m->in_use + nr)
		wrong(m, "a call failed that must not");
}

static gfp_t any_gfp(struct model *m)
{
	return draw(m, 4) ? GFP_KERNEL : GFP_ATOMIC;
}

static void op_alloc(struct model *m)
{
	bool zero = !m->cfg.ctor && !draw(m, 8);
	gfp_t gfp = any_gfp(m);
	void *addr;

	if (zero)
		addr = fastalloc_zalloc(m->pool, gfp);
	else
		addr = draw(m, 2) ? fastalloc_alloc(m->pool, gfp) :
				    __fastalloc_alloc(m->pool, gfp);
	if (!addr) {
		got_none(m, gfp, 1);
		return;
	}
	came_out(m, addr, OUT, true, zero);
	counted(m, 1);
}

/*
 * A bulk takes the same objects as single calls would, in no particular order: no
 * RESTED object is passed over for a later one.
 */
static void op_alloc_bulk(struct model *m)
{
	unsigned int nr = draw(m, BULK) + 1, got, i;
	struct mobj *o, *edge = NULL;
	unsigned int rested = 0;
	gfp_t gfp = any_gfp(m);
	void *addr[BULK];

	got = fastalloc_alloc_bulk(m->pool, gfp, nr, addr);
	if (!got) {
		got_none(m, gfp, nr);
		return;
	}
	if (got != nr) {
		wrong(m, "a bulk was neither all nor none");
		return;
	}
	for (i = 0; i < nr; i++) {
		o = find_or_meet(m, addr[i]);
		rested += o && o->state == RESTED;
	}
	/* They must be those at the end of ->rest from which the pool allocates. */
	if (m->cfg.order != FASTALLOC_ORDER_LOWEST && !is_percpu(m)) {
		bool lifo = m->cfg.order == FASTALLOC_ORDER_LIFO;
		struct list_head *at = &m->rest;

		for (i = 0; i < rested; i++)
			at = lifo ? at->prev : at->next;
		edge = list_entry(at, struct mobj, rest);
		for (i = 0; rested && i < rested; i++) {
			unsigned int k = 0;

			o = list_entry(at, struct mobj, rest);
			while (k < nr && addr[k] != o->addr)
				k++;
			if (k == nr)
				wrong(m, "a bulk passed over an object");
			at = lifo ? at->next : at->prev;
		}
		if (lifo && rested < nr && edge->rest.prev != &m->rest && rested)
			wrong(m, "a bulk took fresh objects before others");
		if (lifo && rested < nr && !rested && !list_empty(&m->rest))
			wrong(m, "a bulk took fresh objects before others");
	}
	for (i = 0; i < nr; i++)
		came_out(m, addr[i], OUT, false, false);
	counted(m, nr);
}

/* Takes note of a free; the object must be as its user left it. */
static void rests(struct model *m, struct mobj *o)
{
	if (!filled(m, o->addr, o->fill))
		wrong(m, "an object changed while it was out");
	o->state = RESTED;
	list_add_tail(&o->rest, &m->rest);
	tree_add(m, o);
	m->in_use--;
	m->want.frees++;
}

static struct mobj *any_out(struct model *m)
{
	struct mobj *o = m->out[draw(m, m->nr_out)];

	m->out[o->idx] = m->out[--m->nr_out];
	m->out[o->idx]->idx = o->idx;
	return o;
}

static void op_free(struct model *m)
{
	struct mobj *o;

	if (!m->nr_out)
		return;
	o = any_out(m);
	rests(m, o);
	if (draw(m, 2))
		fastalloc_free(m->pool, o->addr);
	else
		__fastalloc_free(m->pool, o->addr);
}

static void op_free_bulk(struct model *m)
{
	unsigned int nr = min(draw(m, BULK) + 1, m->nr_out), i;
	void *addr[BULK];

	for (i = 0; i < nr; i++) {
		struct mobj *o = any_out(m);

		rests(m, o);
		addr[i] = o->addr;
	}
	fastalloc_free_bulk(m->pool, nr, addr);
}

/* Whether @nr objects from @addr on are all free, as far as is known. */
static bool run_is_free(struct model *m, void *addr, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct mobj *o = find(m, addr + i * m->stride);

		if (!o || o->state == OUT || o->state == IN_RUN)
			return false;
	}
	return true;
}

/*
 * The lowest free run. Only if all objects are known, and the pool is fixed and has one
 * chunk.
 */
static void *lowest_run(struct model *m, unsigned int nr)
{
	struct rb_node *n;

	for (n = rb_first_cached(&m->tree); n; n = rb_next(n)) {
		void *addr = rb_entry(n, struct mobj, rb)->addr;

		if (run_is_free(m, addr, nr))
			return addr;
	}
	return NULL;
}

static void op_alloc_contig(struct model *m)
{
	bool exact = m->all_known && m->cfg.growth == FASTALLOC_GROWTH_NONE &&
		     m->cfg.backing == FASTALLOC_BACKING_VMALLOC;
	unsigned int nr = draw(m, BULK) + 1, i;
	gfp_t gfp = any_gfp(m);
	void *addr, *want;

	if (m->nr_run == RUNS)
		return;
	want = exact ? lowest_run(m, nr) : NULL;
	addr = fastalloc_alloc_contig(m->pool, gfp, nr);
	if (exact && addr != want)
		wrong(m, "not the lowest run");
	if (!addr) {
		m->want.failures++;
		return;
	}
	for (i = 0; i < nr && !m->wrong; i++)
		came_out(m, addr + i * m->stride, IN_RUN, false, false);
	m->run[m->nr_run].addr = addr;
	m->run[m->nr_run++].nr = nr;
	counted(m, nr);
}

/* Frees a run whole, or turns its objects into single ones. */
static void op_end_run(struct model *m)
{
	unsigned int at, nr, i;
	bool whole = draw(m, 2);
	void *addr;

	if (!m->nr_run)
		return;
	at = draw(m, m->nr_run);
	addr = m->run[at].addr;
	nr = m->run[at].nr;
	m->run[at] = m->run[--m->nr_run];
	for (i = 0; i < nr; i++) {
		struct mobj *o = find(m, addr + i * m->stride);

		if (!o) {
			wrong(m, "an object went while it was out");
		} else if (whole) {
			rests(m, o);
		} else {
			o->state = OUT;
			o->idx = m->nr_out;
			m->out[m->nr_out++] = o;
		}
	}
	if (whole)
		fastalloc_free_contig(m->pool, addr, nr);
}

static void op_queries(struct model *m)
{
	unsigned long cap = fastalloc_pool_capacity(m->pool);
	bool fixed = m->cfg.growth == FASTALLOC_GROWTH_NONE;
	bool exhausted = m->in_use >= cap;

	if (fastalloc_pool_allocated(m->pool) != m->in_use)
		wrong(m, "allocated is not what is out");
	if (m->in_use + fastalloc_pool_available(m->pool) < m->cap)
		wrong(m, "available is too low");
	if (fastalloc_pool_is_idle(m->pool) != !m->in_use)
		wrong(m, "is_idle");
	if (fixed && fastalloc_pool_is_exhausted(m->pool) != exhausted)
		wrong(m, "is_exhausted");
	if (fixed && fastalloc_pool_can_grow(m->pool))
		wrong(m, "can_grow");
	if (fixed ? cap != m->cfg.capacity : cap > m->cfg.max_capacity)
		wrong(m, "capacity");
}

static void op_stats(struct model *m)
{
	unsigned long peak = m->want.peak;
	struct fastalloc_stats s;

	fastalloc_pool_stats(m->pool, &s);
	if (s.allocs != m->want.allocs || s.frees != m->want.frees ||
	    s.failures != m->want.failures || s.in_use != m->in_use)
		wrong(m, "a counter");
	if (s.total != s.capacity + m->reserve ||
	    s.capacity < m->cap || s.reserve != m->reserve)
		wrong(m, "total, capacity or reserve");
	if (s.bytes < s.total * m->stride)
		wrong(m, "bytes is less than the objects take");
	/*
	 * A PERCPU pool does not know its peak exactly: it may differ by the reserve,
	 * and by what was allocated and freed while the pool grew.
	 */
	if (s.peak > m->peak_most)
		wrong(m, "the peak is too high");
	if (is_percpu(m))
		peak = s.total == m->total ? min(peak, m->total) : 0;
	if (s.peak + m->reserve < peak)
		wrong(m, "the peak is too low");
}

static void op_reset(struct model *m)
{
	struct fastalloc_stats s;

	fastalloc_pool_stats(m->pool, &s);
	m->total = s.total;
	fastalloc_pool_stats_reset(m->pool);
	m->want.allocs = m->in_use;
	m->want.frees = 0;
	m->want.failures = 0;
	m->want.peak = m->in_use;
	m->peak_most = m->in_use;
}

static void op_trim(struct model *m)
{
	unsigned long before = m->dtors, gone;

	gone = fastalloc_pool_trim(m->pool);
	if (m->dtors - before != gone)
		wrong(m, "trim said another number than went");
	if (fastalloc_pool_capacity(m->pool) < m->cfg.capacity)
		wrong(m, "trim went below the configured capacity");
	if (m->cfg.growth == FASTALLOC_GROWTH_NONE && gone)
		wrong(m, "trim took from a fixed pool");
}

/* @bias: in how many of 64 cases to prefer an allocation to a free. */
static void one_op(struct model *m, unsigned int bias)
{
	bool more = draw(m, 64) < bias;
	u32 what = draw(m, 64);

	look(m);
	if (what < 44) {
		if (more)
			op_alloc(m);
		else
			op_free(m);
	} else if (what < 50) {
		if (more)
			op_alloc_bulk(m);
		else
			op_free_bulk(m);
	} else if (what < 54) {
		if (!(m->cfg.flags & FASTALLOC_F_CONTIG))
			op_alloc(m);
		else if (more)
			op_alloc_contig(m);
		else
			op_end_run(m);
	} else if (what < 58) {
		op_free(m);
	} else if (what < 60) {
		op_queries(m);
	} else if (what < 63) {
		op_stats(m);
	} else if (draw(m, 4)) {
		op_trim(m);
	} else {
		op_reset(m);
	}
}

static void clean_model(struct model *m)
{
	unsigned int i;

	spin_lock_init(&m->lock);
	INIT_LIST_HEAD(&m->rest);
	INIT_LIST_HEAD(&m->newborn);
	m->tree = RB_ROOT_CACHED;
	memset(m->hash, 0, sizeof(m->hash));
	for (i = 0; i < MOST; i++)
		m->spare[i] = &m->obj[i];
	m->nr_spare = MOST;
	m->nr_born = 0;
	m->owner = current;
	m->known = 0;
	m->fresh = 0;
	m->dtors = 0;
	m->nr_out = 0;
	m->nr_run = 0;
	m->in_use = 0;
	m->peak_most = 0;
	memset(&m->want, 0, sizeof(m->want));
}

/* A config of the combination @c; all other members are random. */
static void draw_config(struct model *m, const struct fa_combo *c, bool ctor)
{
	static const size_t sizes[] = {
		1, 3, 8, 16, 24, 40, 64, 100, 128, 200, 256, 1000, 5000,
	};
	size_t size = sizes[draw(m, ARRAY_SIZE(sizes))];
	/* Growth fills its last page; often it must add just what its rule says. */
	size_t align = draw(m, 3) ? fa_natural(size) << draw(m, 5) : PAGE_SIZE;
	struct fa_combo all = *c;
	unsigned long cap, max;

	all.size = size;
	all.align = align;
	cap = draw(m, size < 1000 ? MOST_CAPACITY / 4 : 16) + 1;
	max = min(cap + draw(m, 3 * cap + 1), (unsigned long)MOST_CAPACITY);
	m->cfg = fa_combo_config(&all, cap, max);
	m->cfg.name = "kunit-model";
	m->cfg.ctor = ctor ? model_ctor : NULL;
	m->cfg.dtor = model_dtor;
	m->cfg.arg = m;
	if (c->order == FASTALLOC_ORDER_LOWEST)
		m->cfg.flags = FASTALLOC_F_CONTIG;
	/* The hooks never sleep, so this flag is allowed; set it at random. */
	if (draw(m, 2))
		m->cfg.flags |= FASTALLOC_F_ATOMIC_GROW;
	/* With eight slots a reserve for eight CPUs fits, too. */
	if (is_percpu(m) && num_possible_cpus() <= 8)
		m->cfg.magazine = draw(m, 9);
	m->stride = fa_combo_stride(&all);
}

#define SERIAL_PARAMS	(2 * 3 * 4 * 3)
#define PERCPU_PARAMS	(4 * 3)

static struct fa_combo model_params[SERIAL_PARAMS + PERCPU_PARAMS];

static void model_desc(struct fa_combo *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s/%s/%s/%s",
		 fa_sync_word[c->sync], fa_order_word[c->order],
		 fa_growth_word[c->growth], fa_backing_word[c->backing]);
}

KUNIT_ARRAY_PARAM(model, model_params, model_desc);

static int model_suite_init(struct kunit_suite *suite)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(model_params); i++) {
		bool serial = i < SERIAL_PARAMS;

		model_params[i] = (struct fa_combo){
			.sync = serial ? FASTALLOC_SYNC_SPINLOCK + i / 36 :
					 FASTALLOC_SYNC_PERCPU,
			.order = serial ? i / 12 % 3 : FASTALLOC_ORDER_LIFO,
			.growth = i / 3 % 4,
			.backing = i % 3,
		};
	}
	while (!seed)
		seed = get_random_u32();
	pr_info("fastalloc_model: seed=%u ops=%u\n", seed, ops);
	return 0;
}

/* Promise: after any sequence of operations a pool is as the model predicts. */
static void model_random_ops(struct kunit *test)
{
	const struct fa_combo *c = test->param_value;
	struct model *m = fa_mem(test, sizeof(*m));
	struct fastalloc_stats s;
	unsigned int round, op = 0, bias = 32;
	u64 grows = 0, in_place = 0;

	prandom_seed_state(&m->rnd, seed + (u64)(c - model_params) * 0x10001);
	for (round = 0; round < ROUNDS && !m->wrong; round++) {
		unsigned int end = (u64)ops * (round + 1) / ROUNDS;

		clean_model(m);
		draw_config(m, c, round % 2);
		m->pool = fa_pool(test, &m->cfg);
		fastalloc_pool_stats(m->pool, &s);
		m->reserve = s.reserve;
		m->total = s.total;
		KUNIT_ASSERT_EQ(test, is_percpu(m), !!s.reserve);
		KUNIT_ASSERT_LE(test, m->reserve + MOST_CAPACITY, (unsigned long)MOST);
		for (; op < end && !m->wrong; op++) {
			if (op % 512 == 0) {
				bias = 8 + draw(m, 49);
				cond_resched();
			}
			one_op(m, bias);
		}
		if (!m->wrong) {
			look(m);
			op_stats(m);
			op_queries(m);
		}
		if (m->wrong)
			KUNIT_FAIL(test, "%s, op=%u seed=%u (%zu/%zu, %lu..%lu, %s)",
				   m->wrong, op, seed, m->cfg.obj_size,
				   m->cfg.align, m->cfg.capacity,
				   m->cfg.max_capacity,
				   m->cfg.ctor ? "ctor" : "no ctor");
		fastalloc_pool_stats(m->pool, &s);
		grows += s.grows;
		in_place += s.grows_atomic;
		while (m->nr_run)
			op_end_run(m);
		while (m->nr_out)
			op_free(m);
		fa_pool_gone(test, m->pool);
	}
	kunit_info(test, "%llu growths since the last reset, %llu of them in place\n",
		   grows, in_place);
}

static struct kunit_case model_cases[] = {
	KUNIT_CASE_PARAM(model_random_ops, model_gen_params),
	{ }
};

static struct kunit_suite model_suite = {
	.name = "fastalloc_model",
	.suite_init = model_suite_init,
	.init = fa_fix_init,
	.exit = fa_fix_exit,
	.test_cases = model_cases,
};

kunit_test_suite(model_suite);

FASTALLOC_IMPORT_NS();
MODULE_DESCRIPTION("fastalloc: random operations against a model");
MODULE_LICENSE("GPL");
