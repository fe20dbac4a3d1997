/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rooms of fastalloc share.
 *
 * Locks, outer to inner:
 *	fa_pools_lock		the list of pools (mutex, module.c)
 *	pool->grow_lock		growth by callers who may sleep; trim (mutex)
 *	pool->shut_lock		who shuts the CPUs' caches (mutex); nothing inside it
 *	pool->wait_lock		waiters (raw spinlock)
 *	pool->lock		free objects, counters, the set of chunks (raw
 *				spinlock, interrupts saved; not taken by pools
 *				of sync NONE, whose owner stands in for it;
 *				PERCPU: only what growth and trim change).
 *				In all pools: ->planned, the indices of handles,
 *				the table of blocks of magazines
 *
 * Chunks are added with or without grow_lock, since growth in place cannot take
 * it, and taken away only with it.
 */
#ifndef FASTALLOC_INTERNAL_H
#define FASTALLOC_INTERNAL_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/fastalloc.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/rbtree.h>
#include <linux/rbtree_latch.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "depot.h"
#include "mem.h"

/* order.c */

/* Slots of the largest segment: with its links it fills 4 KiB. */
#define FA_SEG_SLOTS_MAX	((u32)((SZ_4K - 2 * sizeof(void *)) / sizeof(void *)))
#define FA_SEG_SLOTS_MIN	8U

struct fa_seg {
	struct fa_seg	*next;
	struct fa_seg	*prev;
	void		*slot[];
};

struct fa_segs {
	struct fa_seg	*first;
	struct fa_seg	*last;
	unsigned long	nr;
};

/**
 * struct fa_deque - free objects in the order they were freed
 * @n: how many
 * @tail: segment to push to and pop from
 * @t: next slot of @tail to push to
 * @h: next slot of @head to pop
 * @head: segment to pop the oldest from
 * @seg_slots: slots of a segment
 * @nr_segs: segments in the ring
 */
struct fa_deque {
	unsigned long	n;
	struct fa_seg	*tail;
	u32		t;
	u32		h;
	struct fa_seg	*head;
	u32		seg_slots;
	unsigned long	nr_segs;
};

static inline size_t fa_seg_bytes(u32 slots)
{
	return sizeof(struct fa_seg) + slots * sizeof(void *);
}

int fa_segs_alloc(struct fa_segs *segs, unsigned long nr, u32 slots, gfp_t gfp,
		  int node);
void fa_segs_free(struct fa_segs *segs, gfp_t gfp);
unsigned long fa_deque_segs(unsigned long objects, u32 seg_slots);
void fa_deque_init(struct fa_deque *d, u32 seg_slots, struct fa_segs *segs);
void fa_deque_splice(struct fa_deque *d, struct fa_segs *segs);
struct fa_seg *fa_deque_unsplice(struct fa_deque *d, unsigned long objects);
void fa_deque_free(struct fa_deque *d);
void fa_deque_push_bulk(struct fa_deque *d, void **objs, unsigned long nr);
void fa_deque_pop_tail_bulk(struct fa_deque *d, void **objs, unsigned long nr);
void fa_deque_pop_head_bulk(struct fa_deque *d, void **objs, unsigned long nr);

static inline void fa_deque_push(struct fa_deque *d, void *obj)
{
	if (unlikely(d->t == d->seg_slots)) {
		d->tail = d->tail->next;
		d->t = 0;
	}
	d->tail->slot[d->t++] = obj;
	d->n++;
}

/* The deque must not be empty. */
static inline void *fa_deque_pop_tail(struct fa_deque *d)
{
	if (unlikely(!d->t)) {
		d->tail = d->tail->prev;
		d->t = d->seg_slots;
	}
	d->n--;
	return d->tail->slot[--d->t];
}

/* The deque must not be empty. */
static inline void *fa_deque_pop_head(struct fa_deque *d)
{
	if (unlikely(d->h == d->seg_slots)) {
		d->head = d->head->next;
		d->h = 0;
	}
	d->n--;
	return d->head->slot[d->h++];
}

/* Enough for FASTALLOC_MAX_OBJECTS bits on 32-bit. */
#define FA_BITMAP_LEVELS	7

/**
 * struct fa_bitmap - taken slots, with summaries
 * @bits: slots
 * @levels: levels in use
 * @words: words of all levels together
 * @level: a set bit means: level 0, slot taken; above, word below all set
 */
struct fa_bitmap {
	unsigned int	bits;
	unsigned int	levels;
	unsigned int	words;
	unsigned long	*level[FA_BITMAP_LEVELS];
};

int fa_bitmap_init(struct fa_bitmap *bm, unsigned int bits, gfp_t gfp, int node);
void fa_bitmap_free(struct fa_bitmap *bm);
bool fa_bitmap_test(const struct fa_bitmap *bm, unsigned int bit);
void fa_bitmap_set(struct fa_bitmap *bm, unsigned int bit);
void fa_bitmap_clear(struct fa_bitmap *bm, unsigned int bit);
unsigned int fa_bitmap_take_lowest(struct fa_bitmap *bm);
unsigned int fa_bitmap_take_run(struct fa_bitmap *bm, unsigned int nr);
bool fa_bitmap_run_taken(const struct fa_bitmap *bm, unsigned int bit,
			 unsigned int nr);
void fa_bitmap_put_run(struct fa_bitmap *bm, unsigned int bit, unsigned int nr);

/* growth.c */

/**
 * struct fa_growth - how a pool grows
 * @kind: the rule
 * @amount: LINEAR: objects to add
 * @percent: EXPONENTIAL: new capacity in per cent of the old
 * @fn: CUSTOM: says how many to add
 * @arg: handed to @fn
 * @max: capacity to stop at, at most FASTALLOC_MAX_OBJECTS
 */
struct fa_growth {
	enum fastalloc_growth	kind;
	unsigned long		amount;
	unsigned int		percent;
	fastalloc_growth_t	fn;
	void			*arg;
	unsigned long		max;
};

struct fa_grower {
	struct irq_work		irq;
	struct work_struct	work;
	void			(*grow)(struct fa_grower *g);
	bool			kicked;
};

void fa_growth_queue(struct work_struct *work);

unsigned long fa_growth_amount(const struct fa_growth *g, unsigned long capacity);
void fa_grower_init(struct fa_grower *g, void (*grow)(struct fa_grower *g));
void fa_grower_kick(struct fa_grower *g);
void fa_grower_stop(struct fa_grower *g);
int fa_growth_init(void);
void fa_growth_exit(void);

/* handle.c */

/* A slot's word: a generation above so many bits of references. */
#define FA_REF_BITS	31

/* The mask of references; and so many of them are any number. */
#define FA_REFS_MAX	((1ULL << FA_REF_BITS) - 1)

/**
 * struct fa_mix - the secret of a pool's handles
 * @by: odd factors, from random numbers
 * @back: their inverses modulo 2^64
 */
struct fa_mix {
	u64	by[2];
	u64	back[2];
};

/*
 * Mixes @raw, a generation above an index, into the handle that users see. This is a
 * permutation of 64 bits, in which 0 stays 0. It is not cryptography: the factors can be
 * computed from many handles.
 */
static inline u64 fa_mix(const struct fa_mix *m, u64 raw)
{
	raw *= m->by[0];
	raw ^= raw >> 32;
	raw *= m->by[1];
	return raw ^ raw >> 32;
}

static inline u64 fa_unmix(const struct fa_mix *m, u64 v)
{
	v ^= v >> 32;
	v *= m->back[1];
	v ^= v >> 32;
	return v * m->back[0];
}

/**
 * struct fa_range - indices that objects may have
 * @node: in &fastalloc_pool.ranges, by @base, while no chunk has them
 * @dead: links those that are to be freed
 * @base: the first
 * @count: how many
 * @floor: generation with which slots of these indices begin
 */
struct fa_range {
	union {
		struct rb_node		node;
		struct list_head	dead;
	};
	u32			base;
	u32			count;
	u64			floor;
};

/* chunk.c */

/**
 * struct fa_chunk - one contiguous piece of backing memory
 * @all: in &fastalloc_pool.chunks, by address
 * @origin: where @mem came from
 * @avail: in &fastalloc_pool.avail while @nfree (LOWEST)
 * @mem: first object
 * @end: behind the last one
 * @bytes: size of the memory
 * @count: objects
 * @fresh: objects that were never handed out start at this index (LIFO, FIFO)
 * @list: in &fastalloc_pool.fresh while it has such objects, or in a list of
 *	chunks to give back
 * @nfree: free objects (LOWEST); else those that trim has found
 * @first: there since creation
 * @ready: attached, so trim may take it away; under the lock
 * @seen: was @ready when trim began
 * @condemned: trim wants it whole
 * @keep: its memory stays for ever, for some of its objects are out
 * @map: taken objects (LOWEST); else those that trim, or destroy, has found
 *	free. It comes with the chunk, so that neither needs memory.
 * @segs: segments that come with the chunk, until it is attached
 * @out: objects that are out, in a pool with checks
 * @shuffled: indices in the order in which objects are to be handed out first,
 *	until it is attached; NULL: as they lie
 * @leak: objects that kmemleak knows, where the kernel has it
 * @track: who allocated and who freed each object, with %FASTALLOC_F_OWNER
 * @index: in &fastalloc_pool.index, by @range
 * @range: indices of its objects, with %FASTALLOC_F_HANDLES or %FASTALLOC_F_INDEX
 * @word: generation and references of each object, with %FASTALLOC_F_HANDLES
 * @worn: a generation has begun again from 1
 */
struct fa_chunk {
	struct latch_tree_node	all;
	struct rb_node		avail;
	enum fa_origin		origin;
	void			*mem;
	void			*end;
	size_t			bytes;
	unsigned int		count;
	unsigned int		fresh;
	struct list_head	list;
	unsigned int		nfree;
	bool			first;
	bool			ready;
	bool			seen;
	bool			condemned;
	bool			keep;
	struct fa_bitmap	map;
	struct fa_segs		segs;
	unsigned long		*out;
	struct fa_track		*track;
	u32			*shuffled;
	unsigned long		*leak;
	struct latch_tree_node	index;
	struct fa_range		*range;
	atomic64_t		*word;
	bool			worn;
};

/* magazine.c */

/* An id names block and place in it: 10 and 22 bits. */
#define FA_MAG_BLOCK_SHIFT	22
#define FA_MAG_BLOCK_MASK	((1U << FA_MAG_BLOCK_SHIFT) - 1)
#define FA_MAG_BLOCKS		(1U << (32 - FA_MAG_BLOCK_SHIFT))

/* Blocks in struct fa_mags itself, in each further table, and not for growth in place. */
#define FA_MAG_TABLE		64U

/**
 * struct fa_mags - all magazines of a pool
 * @nr: magazines that are on their stacks or in use
 * @bytes: their memory
 * @mag_bytes: size of one
 * @nr_blocks: blocks; under the pool's lock, as @nr and @bytes
 * @block: the first blocks. Their memory stays until the pool is destroyed.
 * @more: tables of further blocks, made when they are needed
 */
struct fa_mags {
	unsigned long	nr;
	size_t		bytes;
	u32		mag_bytes;
	u32		nr_blocks;
	void		*block[FA_MAG_TABLE];
	void		**more[FA_MAG_BLOCKS / FA_MAG_TABLE - 1];
};

/* pool.c */

/**
 * struct fastalloc_pool - a pool
 * @head: what the inline fast path sees; must come first
 * @cache: PERCPU: the CPUs' caches; not the ones @head shows if it is not bare
 * @window: on the tail of @dq, if there is one: for the owner in @head (NONE),
 *	or @locked (SPINLOCK)
 * @locked: for those who hold the lock
 * @sync: as configured
 * @order: as configured
 * @bare: objects are only handed around: no hooks, no checks, no zeroing
 * @plain: not PERCPU, and bare but for zeroing; LOWEST that zeroes what is freed is
 *	not, for it looks first
 * @quick: PERCPU, and bare but for zeroing
 * @init_on_alloc: objects are zeroed when they are handed out
 * @init_on_free: and when they are freed
 * @rcu: chunks go only after an RCU grace period, for lookups without a lock
 * @sanitize: KASAN, kmemleak and KMSAN are told of objects, faults injected
 * @rcu_frees: fastalloc_free_rcu() was called
 * @handles: objects have references and weak handles
 * @indexed: objects have indices: with handles, or %FASTALLOC_F_INDEX
 * @closed: destroy has begun, so allocations are refused
 * @dead: destroyed; only its nameplate is held still
 * @direct: SPINLOCK, with a @window
 * @lock: see the top of this file. Not in the line of @head, which the inline path of
 *	every CPU reads.
 * @here: objects that growth in place adds; 0: the pool does not grow in place
 * @exact: PERCPU with %FASTALLOC_F_EXACT
 * @exact_out: then, objects that are out, or about to be
 * @checks: what is checked, of FASTALLOC_F_DEBUG
 * @alarm: under @lock, as all that follows down to @chunks, and the counters in
 *	@head; with this many objects out an allocation must look at @peak and @high
 * @dq: free objects that were out before (LIFO, FIFO)
 * @fresh: chunks with objects that were never out (LIFO, FIFO)
 * @nfresh: such objects
 * @avail: chunks with free objects, by address (LOWEST)
 * @stride: distance of two objects of a chunk
 * @stride_shift: log2 of it, or -1 if it is no power of two
 * @seg_slots: slots of a segment of @dq
 * @objects: objects of all @chunks
 * @total: those that are not condemned
 * @reserve: PERCPU: see magazine.c
 * @capacity: @total less @reserve
 * @high: with this many objects out the pool should grow
 * @peak: most objects out at once
 * @failures: allocations that failed
 * @grows: growths that added objects
 * @grows_atomic: those of them in place, by callers who may not sleep
 * @nr_chunks: chunks in @chunks
 * @nr_from: of them, by enum fa_origin
 * @chunks: all chunks, by address
 * @pending: a chunk that the worker made for a pool of sync NONE; its owner
 *	adopts it. Stored by either with release, read with acquire.
 * @stalled: the worker could not grow the pool; stop asking it at @high
 * @wanted: objects that a caller who may not sleep lacked, for the worker
 * @wanted_run: likewise, neighbours
 * @index: chunks by the indices of their objects
 * @planned: @objects with those that growth is about to add
 * @low_water: the low-water mark, at a capacity of @low_base; written as @low_mark
 * @low_base: see @low_water
 * @low_mark: the mark at the present capacity: with fewer free objects the pool
 *	should grow
 * @ranges: indices that chunks had which are gone
 * @index_end: from here on no chunk has had them
 * @mix: of handles, with %FASTALLOC_F_HANDLES
 * @grow_lock: serialises growers who may sleep, and trim
 * @bytes: memory held, bookkeeping included
 * @growth_failures: growths that failed
 * @looked: when trim has looked at all there is: objects freed so far, objects there
 *	were, out and free
 * @magazine: PERCPU: slots of a magazine
 * @mags: PERCPU: all magazines
 * @full: PERCPU: the depot's full magazines
 * @partial: PERCPU: those with some objects, kept few
 * @empty: PERCPU: those without
 * @aside: PERCPU: magazines that trim has looked at
 * @nfull: PERCPU: magazines on @full and @aside that nobody has claimed; growth adds its
 *	own at its end
 * @min_full: PERCPU: fewest there have been in this round, and in its upper bits the
 *	round, which ends when a sum changes that tells the peak by it
 * @low_full: PERCPU: with fewer the pool should grow
 * @wait_lock: guards @waiters and @handed
 * @waiters: those who sleep for an object, first come first
 * @nr_waiters: their number; of a zombie one more, for good
 * @shut_lock: PERCPU: guards @shutters, and who shuts the caches
 * @shutters: PERCPU: tasks who want the caches shut for frees; a zombie's worker does
 *	for good
 * @handed: PERCPU: objects handed to waiters
 * @waits: allocations that slept
 * @waited: there has been one, so @wake may be under way
 * @dying: nobody may wait any more; under @wait_lock
 * @calls: calls in the pool that may sleep, see fa_call_begin()
 * @wake: hands free objects to waiters; of a zombie, looks whether it can go
 * @zombie: destroyed as soon as its last object comes back
 * @haunted: @bury has shut the caches for good
 * @bury: does that
 * @done: called when it has gone, or NULL
 * @done_arg: for @done
 * @zombies: in the list of zombies
 * @owner: the module that created it
 * @resets: PERCPU: of the statistics; under @lock
 * @owner_name: a copy of its name, or "-" of what is built in
 * @stats_base: PERCPU: where the CPUs' counters stood at the last reset; under
 *	@lock
 * @growth: how it grows
 * @grower: grows it for callers who may not sleep
 * @user: whose call is under way in a pool of sync NONE with checks
 * @violations: faults that checks found
 * @fault_limit: for reports of them
 * @shrinker: with FASTALLOC_F_SHRINKER
 * @cfg: as validated, with defaults filled in; the name points to @name
 * @name: the copy of the name
 * @node: in the list of pools
 * @ref: one until it is destroyed, and those of fastalloc_pool_get()
 * @live: creation is complete, readers may look; under fa_pools_lock
 * @dir: in debugfs
 * @rcu_head: frees it when nobody walks the list of pools any more
 */
struct fastalloc_pool {
	struct fastalloc_head	head;
	u8			sync;
	u8			order;
	bool			bare;
	bool			plain;
	bool			quick;
	bool			init_on_alloc;
	bool			init_on_free;
	bool			rcu;
	bool			sanitize;
	bool			rcu_frees;
	bool			handles;
	bool			indexed;
	bool			closed;
	bool			dead;
	bool			direct;
	bool			exact;

	raw_spinlock_t		lock ____cacheline_aligned_in_smp;
	unsigned int		here;
	unsigned int		checks;
	struct fastalloc_window	locked;
	struct fastalloc_window	*window;
	struct fastalloc_cache __percpu *cache;
	unsigned long		alarm;
	struct fa_deque		dq;
	struct list_head	fresh;
	unsigned long		nfresh;
	struct rb_root_cached	avail;
	size_t			stride;
	int			stride_shift;
	u32			seg_slots;
	unsigned long		objects;
	unsigned long		total;
	unsigned long		reserve;
	unsigned long		capacity;
	unsigned long		high;
	unsigned long		peak;
	atomic_long_t		failures;
	u64			grows;
	u64			grows_atomic;
	unsigned long		nr_chunks;
	unsigned long		nr_from[FA_ORIGINS];
	struct latch_tree_root	chunks;
	struct fa_chunk		*pending;
	bool			stalled;
	unsigned long		wanted;
	unsigned long		wanted_run;
	struct latch_tree_root	index;

	unsigned long		planned;
	unsigned long		low_water;
	unsigned long		low_base;
	unsigned long		low_mark;
	struct rb_root_cached	ranges;
	unsigned long		index_end;
	struct fa_mix		mix;

	struct mutex		grow_lock;	/* see the top of this file */
	atomic_long_t		bytes;
	atomic_long_t		growth_failures;
	struct {
		unsigned long	frees;
		unsigned long	objects;
		unsigned long	out;
		unsigned long	free;
	} looked;

	unsigned int		magazine;
	struct fa_mags		mags;
	struct fa_stack		full ____cacheline_aligned_in_smp;
	atomic_long_t		nfull;
	atomic_long_t		min_full;
	long			low_full;
	struct fa_stack		partial ____cacheline_aligned_in_smp;
	struct fa_stack		empty ____cacheline_aligned_in_smp;
	struct fa_stack		aside;

	raw_spinlock_t		wait_lock ____cacheline_aligned_in_smp;
	struct list_head	waiters;
	unsigned int		nr_waiters;
	struct mutex		shut_lock;	/* of @shutters */
	unsigned int		shutters;
	unsigned long		handed;
	u64			waits;
	bool			waited;
	bool			dying;
	atomic_t		calls;
	struct irq_work		wake;

	bool			zombie;
	bool			haunted;
	struct work_struct	bury;
	void			(*done)(void *arg);
	void			*done_arg;
	struct list_head	zombies;
	const struct module	*owner;
	char			owner_name[MODULE_NAME_LEN];

	unsigned int		resets;
	struct fastalloc_stats	stats_base;
	struct fa_growth	growth;
	struct fa_grower	grower;
	atomic_long_t		exact_out;
	atomic_long_t		user;
	atomic_long_t		violations;
	struct ratelimit_state	fault_limit;
	struct shrinker		*shrinker;

	struct fastalloc_config	cfg;
	char			name[FASTALLOC_NAME_LEN];
	struct list_head	node;
	struct kref		ref;
	bool			live;
	struct dentry		*dir;
	struct rcu_head		rcu_head;
};

static inline unsigned long fa_in_use(const struct fastalloc_pool *pool)
{
	return pool->head.allocs - pool->head.frees;
}

static inline bool fa_is_percpu(const struct fastalloc_pool *pool)
{
	return pool->sync == FASTALLOC_SYNC_PERCPU;
}

/* The default low-water mark: a pool that is 90 per cent used does not grow. */
#define FA_LOW_WATER(capacity)	max((capacity) / 32, 1UL)

/*
 * The low-water mark rises with the capacity: in proportion, but by no more than the
 * default would, or a high mark would make the pool grow for ever. Call with the
 * lock held.
 */
static inline unsigned long fa_low_mark_at(const struct fastalloc_pool *pool,
					   unsigned long capacity)
{
	unsigned long base = pool->low_base, low = pool->low_water;
	u64 more = capacity > base ? capacity - base : 0;

	return low + min(div_u64(low * more, base), more / 32);
}

/* Call with the lock held. */
static inline void fa_set_low_mark(struct fastalloc_pool *pool)
{
	WRITE_ONCE(pool->low_mark, fa_low_mark_at(pool, pool->capacity));
}

/* Call with the lock held. */
static inline void fa_add_total(struct fastalloc_pool *pool, long objects)
{
	pool->total += objects;
	WRITE_ONCE(pool->capacity, pool->total > pool->reserve ?
				   pool->total - pool->reserve : 0);
	fa_set_low_mark(pool);
}

static inline bool fa_is_growing(const struct fastalloc_pool *pool)
{
	return pool->growth.kind != FASTALLOC_GROWTH_NONE;
}

static inline int fa_node(const struct fastalloc_pool *pool)
{
	return pool->cfg.flags & FASTALLOC_F_NODE ? pool->cfg.node : NUMA_NO_NODE;
}

/* Memory that the pool holds, or holds no more. */
static inline void fa_charge(struct fastalloc_pool *pool, long bytes)
{
	atomic_long_add(bytes, &pool->bytes);
}

unsigned long fa_chunk_round(const struct fastalloc_pool *pool, unsigned long objects,
			     unsigned long most);
struct fa_chunk *fa_chunk_create(struct fastalloc_pool *pool, unsigned long want,
				 unsigned long least, gfp_t gfp);
void fa_chunk_destroy(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
void fa_chunk_shuffled(struct fa_chunk *chunk);
size_t fa_chunk_overhead(const struct fa_chunk *chunk);
unsigned long fa_chunk_max_objects(const struct fastalloc_pool *pool);
void fa_chunk_insert(struct fastalloc_pool *pool, struct fa_chunk *chunk);
void fa_chunk_erase(struct fastalloc_pool *pool, struct fa_chunk *chunk);
struct fa_chunk *fa_chunk_find(struct fastalloc_pool *pool, const void *obj);

static inline struct fa_chunk *fa_chunk_of(struct latch_tree_node *n)
{
	return container_of(n, struct fa_chunk, all);
}

/* By address; NULL at the end. Call with the lock held, or alone. */
static inline struct fa_chunk *fa_chunk_or_null(struct rb_node *n)
{
	return n ? container_of(n, struct fa_chunk, all.node[0]) : NULL;
}

static inline struct fa_chunk *fa_chunk_first(const struct fastalloc_pool *pool)
{
	return fa_chunk_or_null(rb_first(&pool->chunks.tree[0]));
}

static inline struct fa_chunk *fa_chunk_last(const struct fastalloc_pool *pool)
{
	return fa_chunk_or_null(rb_last(&pool->chunks.tree[0]));
}

static inline struct fa_chunk *fa_chunk_next(const struct fa_chunk *chunk)
{
	return fa_chunk_or_null(rb_next(&chunk->all.node[0]));
}

static inline struct fa_chunk *fa_chunk_prev(const struct fa_chunk *chunk)
{
	return fa_chunk_or_null(rb_prev(&chunk->all.node[0]));
}

static inline void *fa_chunk_obj(const struct fastalloc_pool *pool,
				 const struct fa_chunk *chunk, unsigned int i)
{
	return chunk->mem + i * pool->stride;
}

/* The @i-th object to be handed out of a chunk that is being attached. */
static inline void *fa_chunk_new_obj(const struct fastalloc_pool *pool,
				     const struct fa_chunk *chunk, unsigned int i)
{
	return fa_chunk_obj(pool, chunk, chunk->shuffled ? chunk->shuffled[i] : i);
}

static inline unsigned int fa_chunk_index(const struct fastalloc_pool *pool,
					  const struct fa_chunk *chunk,
					  const void *obj)
{
	unsigned long off = obj - chunk->mem;

	return pool->stride_shift >= 0 ? off >> pool->stride_shift :
					 off / pool->stride;
}

/* serial.c */

/*
 * The owner of a pool of sync NONE stands in for the lock. Without the settling
 * for those who only look at counters: of such a pool, anybody may.
 */
static inline unsigned long fa_serial_lock_quiet(struct fastalloc_pool *pool)
	__acquires(&pool->lock)
{
	unsigned long flags = 0;

	if (pool->sync != FASTALLOC_SYNC_NONE)
		raw_spin_lock_irqsave(&pool->lock, flags);
	else
		__acquire(&pool->lock);
	return flags;
}

static inline void fa_serial_unlock_quiet(struct fastalloc_pool *pool,
					  unsigned long flags)
	__releases(&pool->lock)
{
	if (pool->sync != FASTALLOC_SYNC_NONE)
		raw_spin_unlock_irqrestore(&pool->lock, flags);
	else
		__release(&pool->lock);
}

void fa_window_settle(struct fastalloc_pool *pool);
void fa_window_open(struct fastalloc_pool *pool);

static inline unsigned long fa_serial_lock(struct fastalloc_pool *pool)
	__acquires(&pool->lock)
{
	unsigned long flags = fa_serial_lock_quiet(pool);

	if (pool->window)
		fa_window_settle(pool);
	return flags;
}

static inline void fa_serial_unlock(struct fastalloc_pool *pool,
				    unsigned long flags)
	__releases(&pool->lock)
{
	if (pool->window)
		fa_window_open(pool);
	fa_serial_unlock_quiet(pool, flags);
}

void fa_window_init(struct fastalloc_pool *pool);
void fa_window_close(struct fastalloc_pool *pool);
void *fa_serial_alloc_locked(struct fastalloc_pool *pool, unsigned long flags)
	__releases(&pool->lock);
void fa_serial_free_locked(struct fastalloc_pool *pool, void *obj,
			   unsigned long flags)
	__releases(&pool->lock);
void *fa_serial_alloc(struct fastalloc_pool *pool);
unsigned int fa_serial_alloc_bulk(struct fastalloc_pool *pool, unsigned int nr,
				  void **objs, bool some);
void *fa_serial_alloc_contig(struct fastalloc_pool *pool, unsigned int nr);
void fa_serial_free(struct fastalloc_pool *pool, void *obj);
void fa_serial_free_bulk(struct fastalloc_pool *pool, unsigned int nr,
			 void **objs);
bool fa_serial_may_free(struct fastalloc_pool *pool, void *obj, unsigned int nr);
void fa_serial_free_contig(struct fastalloc_pool *pool, void *obj,
			   unsigned int nr);
int fa_serial_attach(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
int fa_serial_reserve(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
bool fa_serial_adopt(struct fastalloc_pool *pool);
void fa_serial_set_high(struct fastalloc_pool *pool);
void fa_serial_rotate(struct fastalloc_pool *pool);
void fa_serial_put_back(struct fastalloc_pool *pool, struct fa_chunk *chunk);
void fa_serial_drain(struct fastalloc_pool *pool,
		     void (*fn)(struct fastalloc_pool *pool, void *obj));

/* magazine.c */
int fa_magazine_init(void);
void fa_magazine_exit(void);
struct fastalloc_cache __percpu *fa_shut(void);
int fa_percpu_init(struct fastalloc_pool *pool);
void fa_percpu_release(struct fastalloc_pool *pool);
int fa_mags_reserve(struct fastalloc_pool *pool, unsigned long total, gfp_t gfp);
int fa_percpu_attach(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
void fa_percpu_set_low(struct fastalloc_pool *pool);
unsigned long fa_percpu_out_least(struct fastalloc_pool *pool);
unsigned long fa_percpu_peak(struct fastalloc_pool *pool);
void fa_percpu_new_round(struct fastalloc_pool *pool);
void fa_percpu_end_round(struct fastalloc_pool *pool);
void *fa_cache_alloc(struct fastalloc_pool *pool, struct fastalloc_cache *c, u32 n);
void fa_cache_free(struct fastalloc_pool *pool, struct fastalloc_cache *c,
		   void *obj, u32 n);
bool fa_percpu_alloc_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs);
unsigned int fa_percpu_alloc_some(struct fastalloc_pool *pool, unsigned int nr,
				  void **objs);
void fa_percpu_free_bulk(struct fastalloc_pool *pool, unsigned int nr, void **objs);
void *fa_depot_take(struct fastalloc_pool *pool);
bool fa_depot_put(struct fastalloc_pool *pool, void *obj);
void fa_percpu_put_back(struct fastalloc_pool *pool, void *obj);
void fa_percpu_shut(struct fastalloc_pool *pool);
void fa_percpu_open(struct fastalloc_pool *pool);
void fa_percpu_flush(struct fastalloc_pool *pool);
void fa_percpu_flush_local(struct fastalloc_pool *pool);
void fa_percpu_rotate(struct fastalloc_pool *pool);
void fa_percpu_drain(struct fastalloc_pool *pool,
		     void (*fn)(struct fastalloc_pool *pool, void *obj));

/* debug.c */
unsigned int fa_debug_flags(const struct fastalloc_pool *pool);
int fa_debug_pool_init(struct fastalloc_pool *pool);
bool fa_debug_sanitize(void);
void fa_debug_init(void);
void fa_debug_exit(void);
size_t fa_debug_zone(const struct fastalloc_pool *pool);
size_t fa_debug_align(const struct fastalloc_pool *pool);
int fa_debug_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			gfp_t gfp);
void fa_debug_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
size_t fa_debug_overhead(const struct fa_chunk *chunk);
void fa_debug_alloc(struct fastalloc_pool *pool, void *obj, unsigned long ip);
bool fa_debug_may_free(struct fastalloc_pool *pool, void *obj, unsigned long ip);
void fa_debug_not_freed(struct fastalloc_pool *pool, void *obj);
void fa_debug_freed(struct fastalloc_pool *pool, void *obj);
bool fa_debug_enter(struct fastalloc_pool *pool);
void fa_debug_leave(struct fastalloc_pool *pool);
void fa_debug_leaks(struct fastalloc_pool *pool);
long fa_debug_check_chunk(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			  unsigned long *out);
void fa_fault(struct fastalloc_pool *pool, const char *what, const void *obj,
	      struct fa_chunk *chunk, const u8 *spoilt);

/* handle.c */
void fa_handle_pool_init(struct fastalloc_pool *pool);
void fa_handle_pool_exit(struct fastalloc_pool *pool);
int fa_handle_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			 gfp_t gfp);
void fa_handle_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
size_t fa_handle_overhead(const struct fa_chunk *chunk);
void fa_handle_attach(struct fastalloc_pool *pool, struct fa_chunk *chunk);
void fa_handle_detach(struct fastalloc_pool *pool, struct fa_chunk *chunk);
struct fa_chunk *fa_chunk_with_index(struct fastalloc_pool *pool, u32 index);
void fa_handle_alloc(struct fastalloc_pool *pool, void *obj);
bool fa_handle_drop(struct fastalloc_pool *pool, void *obj, bool put);

#ifdef CONFIG_FAULT_INJECTION
bool fa_fail(size_t bytes);
#else
static inline bool fa_fail(size_t bytes)
{
	return false;
}
#endif

/* kmemleak.c, where the kernel has it */
int fa_kmemleak_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			   gfp_t gfp);
void fa_kmemleak_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp);
void fa_kmemleak_alloc(struct fastalloc_pool *pool, const void *obj, gfp_t gfp);
void fa_kmemleak_free(struct fastalloc_pool *pool, const void *obj);

/* trim.c */
bool fa_trim_found(struct fastalloc_pool *pool, void *obj);
unsigned long fa_trim(struct fastalloc_pool *pool, bool all);
bool fa_trim_worth(struct fastalloc_pool *pool);
void fa_trim_live(struct fastalloc_pool *pool);

/* shrinker.c */
int fa_shrinker_add(struct fastalloc_pool *pool);

/* wait.c */
void fa_wait_init(struct fastalloc_pool *pool);
bool fa_call_begin(struct fastalloc_pool *pool);
bool fa_call_try_end(struct fastalloc_pool *pool);
void fa_call_end(struct fastalloc_pool *pool);
void fa_wait_close(struct fastalloc_pool *pool);
void fa_wait_haunt(struct fastalloc_pool *pool);
void fa_wait_shut(struct fastalloc_pool *pool);
void fa_wait_exit(struct fastalloc_pool *pool);
void *fa_wait_for_object(struct fastalloc_pool *pool, long timeout, bool killable);

/* refill.c */
void fa_pool_grow_work(struct fa_grower *g);
void fa_refill_init(struct fastalloc_pool *pool, struct lock_class_key *key);
long fa_pool_add(struct fastalloc_pool *pool, unsigned long want, unsigned long least,
		 gfp_t gfp, bool post);
bool fa_pool_refill(struct fastalloc_pool *pool, gfp_t gfp, unsigned long nr,
		    bool contig, unsigned int tries);
unsigned long fa_pool_room(struct fastalloc_pool *pool);

/* What is freed, where its owner wants nothing left of it. */
static inline void fa_pool_wipe(struct fastalloc_pool *pool, void *obj)
{
	if (pool->init_on_free)
		memset(obj, 0, pool->cfg.obj_size);
}

/* Call after objects were pushed to the depot, or after the pool's lock was dropped. */
static inline void fa_wake_waiters(struct fastalloc_pool *pool)
{
	/*
	 * Pairs with the smp_mb() in fa_wait_for_object(): either the waiter finds
	 * the object, or we find the waiter. With the pool's lock, which a waiter
	 * takes before it sleeps, that does it.
	 */
	smp_mb__after_atomic();
	if (unlikely(READ_ONCE(pool->nr_waiters)))
		irq_work_queue(&pool->wake);
}

/*
 * PERCPU with FASTALLOC_F_EXACT: before objects are taken, how many of @nr the capacity has
 * room for; all or none unless @some.
 */
static inline unsigned int fa_exact_take(struct fastalloc_pool *pool, unsigned int nr,
					 bool some)
{
	long out, room;

	if (likely(!pool->exact))
		return nr;
	out = atomic_long_read(&pool->exact_out);
	do {
		room = (long)READ_ONCE(pool->capacity) - out;
		if (room < (long)nr && (!some || room <= 0))
			return 0;
		nr = min_t(long, nr, room);
	} while (!atomic_long_try_cmpxchg(&pool->exact_out, &out, out + nr));
	return nr;
}

/* Before objects come back: after the last one a zombie may be gone. */
static inline void fa_exact_give(struct fastalloc_pool *pool, unsigned int nr)
{
	if (unlikely(pool->exact))
		atomic_long_sub(nr, &pool->exact_out);
}

/*
 * Gives back room for objects that could not be taken after all. A waiter may have found no
 * room in the meantime.
 */
static inline void fa_exact_undo(struct fastalloc_pool *pool, unsigned int nr)
{
	if (likely(!pool->exact) || !nr)
		return;
	fa_exact_give(pool, nr);
	fa_wake_waiters(pool);
}

/* module.c */
extern struct mutex fa_pools_lock;
extern struct list_head fa_pools;

/* stats.c */

/**
 * struct fa_cpu_stats - a look at one CPU's cache
 * @busy: an operation is under way, so @loaded is not known
 * @loaded: objects in its loaded magazine
 * @spare: objects in its spare one
 * @allocs: objects it handed out, nested operations included
 * @frees: objects it took back, likewise
 * @exchanges: magazines it took from the depot
 * @nested: of @allocs and @frees, by operations that found the cache busy
 */
struct fa_cpu_stats {
	bool		busy;
	u32		loaded;
	u32		spare;
	unsigned long	allocs;
	unsigned long	frees;
	unsigned long	exchanges;
	unsigned long	nested;
};

void fa_percpu_look(const struct fastalloc_pool *pool, int cpu,
		    struct fa_cpu_stats *s);

/* sysfs.c */
int fa_sysfs_init(void);
void fa_sysfs_exit(void);

/* debugfs.c */
void fa_debugfs_init(void);
void fa_debugfs_exit(void);
void fa_debugfs_add(struct fastalloc_pool *pool);
void fa_debugfs_remove(struct fastalloc_pool *pool);

/* The words of a config, for logs and debugfs. */
extern const char * const fa_sync_names[3];
extern const char * const fa_order_names[3];
extern const char * const fa_backing_names[3];
extern const char * const fa_growth_names[4];

#endif /* FASTALLOC_INTERNAL_H */
