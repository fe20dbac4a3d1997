// SPDX-License-Identifier: GPL-2.0
/*
 * References to objects, and weak handles: pools with FASTALLOC_F_HANDLES.
 *
 * Each slot has a word, stored beside its chunk: a generation of 33 bits above 31 bits of
 * references. A slot is free if it has no references. One compare-and-exchange drops the
 * last reference and increments the generation. So a handle, which is a generation above an
 * index of 31 bits, is stale from that instant. Lookups change only words with references.
 * So the pool, which alone uses a slot without references, may store to its word.
 *
 * Chunks are found by address and by index: first a look at one that is likely, then in two
 * latch trees. They are freed only after an RCU grace period. So lookups take no lock, in any
 * context.
 *
 * The handle that users see is mixed with a secret of the pool (struct fa_mix). So the next
 * handle cannot be guessed by counting, and a handle of another pool leads to an object
 * with a chance of one in billions only.
 *
 * The ordering is that of refcount_t: dropping a reference is a release, dropping the last
 * one is also an acquire. In addition, setting the first reference of an object is a
 * release, and getting another one is an acquire, which lookups in type-stable memory need
 * (tests/verify/litmus/handle-*.litmus).
 *
 * How long a handle stays stale: generations of a slot go from 1 up and, after 2^33 - 1,
 * from 1 again, one for each free. Indices of a destroyed chunk may be reused. So an unused
 * range of indices keeps a floor, which is higher than all generations that slots with
 * those indices have had, and a chunk that gets the range begins there. Generations that a
 * slot skips this way do not count as reuse, but advance its generation. Ranges with a
 * floor above FA_GEN_START_MAX = 2^32 - 1, or with a slot that has wrapped around to 1, are
 * not reused. So all generations that an index ever skips are less than 2^32 - 1, and the
 * generation of a handle recurs after more than 2^33 - 1 - (2^32 - 1) = 2^32 reuses of its
 * slot. A range that is given up has seen 2^32 reuses, or trims, so indices do not run out
 * soon.
 */
#define pr_fmt(fmt) "fastalloc: " fmt

#include <linux/fastalloc_handle.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat.h"
#include "pool.h"
#include "report.h"
#include "word.h"

/* Highest generation that a slot may begin with. */
#define FA_GEN_START_MAX	U32_MAX

/* Number of indices: as many as fit below the generation of a handle. */
#define FA_INDICES		BIT(FA_REF_BITS)

/* Ranges that a search for free indices visits; and one that has no new indices to take. */
#define FA_RANGE_LOOK		64
#define FA_RANGE_LOOK_FULL	512

/* The word of a slot after its free. No handle has generation 0. */
static inline u64 fa_word_next(u64 word)
{
	word = (word & ~FA_REFS_MAX) + FA_REFS_MAX + 1;
	return word ?: FA_REFS_MAX + 1;
}

/*
 * Ranges of indices, all under the pool's lock, also in a pool of sync NONE, as growth in
 * place and the worker may run concurrently. A range that is no longer needed is added to
 * @dead, to be freed after the lock was dropped.
 */

static struct fa_range *fa_range_of(struct rb_node *n)
{
	return rb_entry_safe(n, struct fa_range, node);
}

static void fa_range_drop(struct fastalloc_pool *pool, struct fa_range *r,
			  struct list_head *dead)
{
	rb_erase_cached(&r->node, &pool->handles.ranges);
	list_add(&r->dead, dead);
}

static void fa_ranges_free(struct fastalloc_pool *pool, struct list_head *dead)
{
	struct fa_range *r, *next;

	list_for_each_entry_safe(r, next, dead, dead) {
		fa_charge(pool, FA_MEM_METADATA, -(long)fa_kvsize(sizeof(*r)));
		kfree(r);
	}
}

static bool fa_range_usable(const struct fa_range *r)
{
	return r->floor <= FA_GEN_START_MAX;
}

/*
 * Assigns @count indices to @own: from the lowest range that fits among those visited,
 * which are few as interrupts are off; else new indices.
 */
static int fa_range_take(struct fastalloc_pool *pool, struct fa_range *own,
			 unsigned int count, struct list_head *dead)
{
	bool full = count > FA_INDICES - pool->handles.index_end;
	struct fa_range *r;
	unsigned int look = full ? FA_RANGE_LOOK_FULL : FA_RANGE_LOOK;

	own->count = count;
	r = fa_range_of(rb_first_cached(&pool->handles.ranges));
	for (; r && look; look--) {
		if (fa_range_usable(r) && r->count >= count) {
			own->base = r->base;
			own->floor = r->floor;
			r->base += count;
			r->count -= count;
			if (!r->count)
				fa_range_drop(pool, r, dead);
			return 0;
		}
		r = fa_range_of(rb_next(&r->node));
	}
	if (full)
		return -ENOSPC;
	own->base = pool->handles.index_end;
	own->floor = 1;
	pool->handles.index_end += count;
	return 0;
}

/* Merges @b into @a if it follows @a. */
static bool fa_range_join(struct fastalloc_pool *pool, struct fa_range *a,
			  struct fa_range *b, struct list_head *dead)
{
	if (!a || !b || (u64)a->base + a->count != b->base ||
	    fa_range_usable(a) != fa_range_usable(b))
		return false;
	a->count += b->count;
	a->floor = max(a->floor, b->floor);
	fa_range_drop(pool, b, dead);
	return true;
}

static bool fa_range_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct fa_range, node)->base <
	       rb_entry(b, struct fa_range, node)->base;
}

static void fa_range_give(struct fastalloc_pool *pool, struct fa_range *own,
			  struct list_head *dead)
{
	struct fa_range *prev;

	rb_add_cached(&own->node, &pool->handles.ranges, fa_range_less);
	prev = fa_range_of(rb_prev(&own->node));
	if (fa_range_join(pool, prev, own, dead))
		own = prev;
	fa_range_join(pool, own, fa_range_of(rb_next(&own->node)), dead);
}

static struct fa_chunk *fa_chunk_by_index(struct latch_tree_node *n)
{
	return container_of(n, struct fa_chunk, index);
}

static bool fa_index_less(struct latch_tree_node *a, struct latch_tree_node *b)
{
	return fa_chunk_by_index(a)->base < fa_chunk_by_index(b)->base;
}

static int fa_index_comp(void *key, struct latch_tree_node *n)
{
	const struct fa_chunk *chunk = fa_chunk_by_index(n);
	u32 index = *(u32 *)key;

	if (index < chunk->base)
		return -1;
	return index - chunk->base >= chunk->count;
}

static const struct latch_tree_ops fa_index_ops = {
	.less = fa_index_less,
	.comp = fa_index_comp,
};

void fa_handle_pool_init(struct fastalloc_pool *pool)
{
	int i;

	pool->handles.on = pool->cfg.flags & FASTALLOC_F_HANDLES;
	pool->handles.indexed = pool->cfg.flags & (FASTALLOC_F_HANDLES | FASTALLOC_F_INDEX);
	for (i = 0; pool->handles.on && i < ARRAY_SIZE(pool->handles.mix.by); i++) {
		pool->handles.mix.by[i] = get_random_u64() | 1;
		pool->handles.mix.back[i] = fa_inverse(pool->handles.mix.by[i]);
	}
	seqcount_latch_init(&pool->handles.index.seq);
	pool->handles.ranges = RB_ROOT_CACHED;
}

void fa_handle_pool_exit(struct fastalloc_pool *pool)
{
	struct fa_range *r, *next;

	rbtree_postorder_for_each_entry_safe(r, next, &pool->handles.ranges.rb_root, node) {
		kfree(r);
		cond_resched();
	}
}

int fa_handle_chunk_init(struct fastalloc_pool *pool, struct fa_chunk *chunk,
			 gfp_t gfp)
{
	unsigned long flags;
	LIST_HEAD(dead);
	unsigned int i;
	int err;

	if (!pool->handles.indexed) {
		/* Only for events: no range, so these are not used again. */
		raw_spin_lock_irqsave(&pool->lock, flags);
		chunk->base = pool->handles.index_end & FA_REFS_MAX;
		pool->handles.index_end += chunk->count;
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		return 0;
	}
	chunk->range = fa_kzalloc(sizeof(*chunk->range), gfp, fa_node(pool));
	if (!chunk->range)
		return -ENOMEM;
	err = -ENOMEM;
	if (pool->handles.on) {
		chunk->word = fa_kvmalloc(chunk->count, sizeof(*chunk->word), gfp,
					  fa_node(pool));
		if (!chunk->word)
			goto err_range;
	}
	raw_spin_lock_irqsave(&pool->lock, flags);
	err = fa_range_take(pool, chunk->range, chunk->count, &dead);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	fa_ranges_free(pool, &dead);
	if (err) {
		pr_err_ratelimited("pool %s: found no %u free indices in a row\n", pool->name,
				   chunk->count);
		goto err_word;
	}
	/* It outlives the chunk. */
	fa_charge(pool, FA_MEM_METADATA, fa_kvsize(sizeof(*chunk->range)));
	chunk->base = chunk->range->base;
	for (i = 0; chunk->word && i < chunk->count; i++) {
		atomic64_set(&chunk->word[i], chunk->range->floor << FA_REF_BITS);
		fa_resched(i, gfp);
	}
	return 0;

err_word:
	kvfree(chunk->word);
err_range:
	kfree(chunk->range);
	return err;
}

size_t fa_handle_overhead(const struct fa_chunk *chunk)
{
	return chunk->word ? fa_kvsize(chunk->count * sizeof(*chunk->word)) : 0;
}

/* Call when no reader can find the chunk any more. */
void fa_handle_chunk_exit(struct fastalloc_pool *pool, struct fa_chunk *chunk, gfp_t gfp)
{
	struct fa_range *r = chunk->range;
	unsigned long flags;
	LIST_HEAD(dead);
	unsigned int i;

	if (!r)
		return;
	for (i = 0; chunk->word && i < chunk->count && !fa_is_dead(pool); i++) {
		r->floor = max(r->floor, fa_word_gen(atomic64_read(&chunk->word[i])));
		fa_resched(i, gfp);
	}
	r->floor = chunk->gen_wrapped ? U64_MAX : r->floor + 1;
	kvfree(chunk->word);
	raw_spin_lock_irqsave(&pool->lock, flags);
	fa_range_give(pool, r, &dead);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	fa_ranges_free(pool, &dead);
}

/* From here on handles and indices lead to the chunk. The lock is held. */
void fa_handle_attach_locked(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	lockdep_assert_held(&pool->lock);
	if (chunk->range)
		latch_tree_insert(&chunk->index, &pool->handles.index, &fa_index_ops);
}

void fa_handle_attach(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	unsigned long flags;

	if (!chunk->range)
		return;
	raw_spin_lock_irqsave(&pool->lock, flags);
	fa_handle_attach_locked(pool, chunk);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/* From here on they do not. Readers may use the chunk for an RCU grace period. */
void fa_handle_detach(struct fastalloc_pool *pool, struct fa_chunk *chunk)
{
	unsigned long flags;

	if (!chunk->range)
		return;
	raw_spin_lock_irqsave(&pool->lock, flags);
	latch_tree_erase(&chunk->index, &pool->handles.index, &fa_index_ops);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/* @op: the operation; @why: what is wrong with it */
static noinline __cold void fa_handle_fault(struct fastalloc_pool *pool, const char *op,
					    const char *why, const void *obj,
					    struct fa_chunk *chunk)
{
	char what[64];

	snprintf(what, sizeof(what), "%s %s", op, why);
	fa_fault(pool, what, obj, chunk, NULL);
}

/*
 * The word of an object, or NULL, which is reported if @op is set. Call this within
 * fa_chunk_read_lock(): if this does not see the pool dead, the chunks stay until the unlock.
 */
static atomic64_t *fa_word_of(struct fastalloc_pool *pool, const void *obj,
			      struct fa_chunk **found, const char *op)
{
	struct fa_chunk *chunk = NULL;
	const char *why;
	unsigned long i;

	if (unlikely(fa_is_dead(pool))) {
		why = "after the pool was destroyed";
	} else if (unlikely(!pool->handles.on)) {
		why = "in a pool without handles";
	} else {
		chunk = fa_chunk_find(&pool->chunks, obj);
		why = "of a foreign pointer";
	}
	if (likely(chunk)) {
		i = fa_chunk_slot(&pool->chunks, chunk, obj);
		*found = chunk;
		if (likely(i < chunk->count))
			return &chunk->word[i];
		why = "of a pointer into an object";
	}
	if (op)
		fa_handle_fault(pool, op, why, obj, chunk);
	return NULL;
}

/* Gets a reference, unless there is none, or @gen is not 0 and is not the generation. */
static bool fa_word_get(struct fastalloc_pool *pool, atomic64_t *word, u64 gen)
{
	s64 old = atomic64_read(word);
	u64 refs;

	do {
		refs = fa_word_refs(old);
		if (!refs || (gen && fa_word_gen(old) != gen))
			return false;
		if (unlikely(refs == FA_REFS_MAX)) {
			smp_acquire__after_ctrl_dep();
			return true;
		}
	} while (!atomic64_try_cmpxchg_acquire(word, &old, old + 1));

	WARN(refs + 1 == FA_REFS_MAX,
	     "fastalloc: pool %s: references of an object saturated; leaking it\n",
	     pool->name);
	return true;
}

/* Sets the first reference of an object that is being allocated. */
void fa_handle_alloc(struct fastalloc_pool *pool, void *obj)
{
	struct fa_chunk *chunk;
	atomic64_t *word;

	fa_chunk_read_lock();
	word = fa_word_of(pool, obj, &chunk, "hand-out");
	if (word && unlikely(!fa_word_first(word)))
		fa_handle_fault(pool, "hand-out", "of an object in use", obj, chunk);
	fa_chunk_read_unlock();
}

/*
 * Drops a reference to an object whose word was last seen as @old; unless @put, it must be
 * the only one. Returns whether it was the last. Then the object belongs to the caller, and no
 * handle leads to it. Call this within fa_chunk_read_lock().
 */
bool fa_handle_drop_word(struct fastalloc_pool *pool, void *obj, struct fa_chunk *chunk,
			 atomic64_t *word, s64 old, bool put)
{
	const char *op = put ? "put" : "free";
	u64 refs, next;

	do {
		refs = fa_word_refs(old);
		if (unlikely(!refs || (!put && refs > 1))) {
			if (refs || put)
				fa_handle_fault(pool, op, refs ? "of a shared object" :
					       "of a freed object", obj, chunk);
			else
				fa_fault(pool, "double free", obj, chunk, NULL);
			return false;
		}
		/* Saturated: the true number of references is unknown. */
		if (unlikely(refs == FA_REFS_MAX))
			return false;
		next = refs > 1 ? old - 1 : fa_word_next(old);
	} while (!atomic64_try_cmpxchg_release(word, &old, next));

	if (refs > 1)
		return false;
	smp_acquire__after_ctrl_dep();
	if (unlikely(fa_word_gen(next) == 1))
		WRITE_ONCE(chunk->gen_wrapped, true);
	return true;
}

/* Drops a reference, as fa_handle_drop_word(). */
bool fa_handle_drop(struct fastalloc_pool *pool, void *obj, bool put)
{
	struct fa_chunk *chunk;
	atomic64_t *word;
	bool last = false;

	fa_chunk_read_lock();
	word = fa_word_of(pool, obj, &chunk, put ? "put" : "free");
	if (word)
		last = fa_handle_drop_word(pool, obj, chunk, word, atomic64_read(word), put);
	fa_chunk_read_unlock();
	return last;
}

void *fastalloc_get(struct fastalloc_pool *pool, void *obj)
{
	struct fa_chunk *chunk;
	atomic64_t *word;
	bool ok = false;

	fa_chunk_read_lock();
	word = fa_word_of(pool, obj, &chunk, "get");
	if (word) {
		ok = fa_word_get(pool, word, 0);
		if (unlikely(!ok))
			fa_handle_fault(pool, "get", "of a freed object", obj, chunk);
	}
	fa_chunk_read_unlock();
	return ok ? obj : NULL;
}
FASTALLOC_EXPORT(fastalloc_get);

bool fastalloc_get_unless_zero(struct fastalloc_pool *pool, void *obj)
{
	struct fa_chunk *chunk;
	atomic64_t *word;
	bool ok;

	fa_chunk_read_lock();
	word = fa_word_of(pool, obj, &chunk, NULL);
	ok = word && fa_word_get(pool, word, 0);
	fa_chunk_read_unlock();
	return ok;
}
FASTALLOC_EXPORT(fastalloc_get_unless_zero);

static __always_inline fastalloc_handle_t fa_handle_of(const struct fastalloc_pool *pool,
						       const struct fa_chunk *chunk,
						       unsigned long i, u64 now)
{
	return (fastalloc_handle_t){
		fa_mix(&pool->handles.mix, (now & ~FA_REFS_MAX) | (chunk->base + i)),
	};
}

/* Anything but an object that has references, in the chunk of the hint. */
static noinline fastalloc_handle_t fa_handle_slow(struct fastalloc_pool *pool, const void *obj)
{
	fastalloc_handle_t h = FASTALLOC_HANDLE_NONE;
	struct fa_chunk *chunk;
	atomic64_t *word;
	u64 now;

	word = fa_word_of(pool, obj, &chunk, "handle");
	if (word) {
		now = atomic64_read(word);
		if (likely(fa_word_refs(now)))
			h = fa_handle_of(pool, chunk, word - chunk->word, now);
		else
			fa_handle_fault(pool, "handle", "of a freed object", obj, chunk);
	}
	fa_chunk_read_unlock();
	return h;
}

fastalloc_handle_t fastalloc_handle(struct fastalloc_pool *pool, const void *obj)
{
	const struct fa_chunk *chunk;
	fastalloc_handle_t h;
	unsigned long i;
	u64 now;

	fa_chunk_read_lock();
	if (unlikely(fa_is_dead(pool) || !pool->handles.on))
		return fa_handle_slow(pool, obj);
	chunk = fa_chunk_hint(&pool->chunks);
	i = fa_chunk_slot(&pool->chunks, chunk, obj);
	if (unlikely(i >= chunk->count))
		return fa_handle_slow(pool, obj);
	now = atomic64_read(&chunk->word[i]);
	if (unlikely(!fa_word_refs(now)))
		return fa_handle_slow(pool, obj);
	h = fa_handle_of(pool, chunk, i, now);
	fa_chunk_read_unlock();
	return h;
}
FASTALLOC_EXPORT(fastalloc_handle);

/*
 * The chunk that contains the object with @index, or NULL. Any context. The chunk stays for
 * RCU readers that do not see the pool dead.
 */
struct fa_chunk *fa_chunk_with_index(struct fastalloc_pool *pool, u32 index)
{
	struct fa_chunk *chunk = fa_chunk_hint(&pool->chunks);
	struct latch_tree_node *n;

	if (likely(index - chunk->base < chunk->count))
		return chunk;
	n = latch_tree_find(&index, &pool->handles.index, &fa_index_ops);
	return n ? fa_chunk_by_index(n) : NULL;
}

/*
 * The object and the word of @raw, whether stale or not. Call this within
 * fa_chunk_read_lock().
 */
static void *fa_handle_lookup(struct fastalloc_pool *pool, u64 raw, atomic64_t **word)
{
	u32 index = raw & FA_REFS_MAX, i;
	struct fa_chunk *chunk;

	/* After it is set, chunks stay for a grace period. */
	if (unlikely(fa_is_dead(pool)))
		return NULL;
	chunk = fa_chunk_with_index(pool, index);
	/* A pool with indices only has no words. */
	if (!chunk || !chunk->word)
		return NULL;
	i = index - chunk->base;
	*word = &chunk->word[i];
	return fa_chunk_obj(&pool->chunks, chunk, i);
}

/* The object, unless the handle is stale. */
static __always_inline void *fa_resolve_word(const struct fastalloc_pool *pool, u64 raw,
					     atomic64_t *word, void *obj)
{
	u64 now = atomic64_read_acquire(word);

	return fa_word_refs(now) && fa_word_gen(now) == fa_word_gen(raw) ? obj : NULL;
}

/* An object that is not in the chunk of the hint. */
static noinline void *fa_resolve_slow(struct fastalloc_pool *pool, u64 raw)
{
	atomic64_t *word;
	void *obj;

	obj = fa_handle_lookup(pool, raw, &word);
	if (obj)
		obj = fa_resolve_word(pool, raw, word, obj);
	fa_chunk_read_unlock();
	return obj;
}

void *fastalloc_resolve(struct fastalloc_pool *pool, fastalloc_handle_t h)
{
	u64 raw = fa_unmix(&pool->handles.mix, h.v);
	const struct fa_chunk *chunk;
	void *obj;
	u32 i;

	fa_chunk_read_lock();
	if (unlikely(fa_is_dead(pool) || !pool->handles.on))
		return fa_resolve_slow(pool, raw);
	chunk = fa_chunk_hint(&pool->chunks);
	i = (raw & FA_REFS_MAX) - chunk->base;
	if (unlikely(i >= chunk->count))
		return fa_resolve_slow(pool, raw);
	obj = fa_resolve_word(pool, raw, &chunk->word[i], fa_chunk_obj(&pool->chunks, chunk, i));
	fa_chunk_read_unlock();
	return obj;
}
FASTALLOC_EXPORT(fastalloc_resolve);

void *fastalloc_upgrade(struct fastalloc_pool *pool, fastalloc_handle_t h)
{
	u64 raw = fa_unmix(&pool->handles.mix, h.v);
	atomic64_t *word;
	void *obj = NULL;

	/* No handle has generation 0. */
	if (!fa_word_gen(raw))
		return NULL;
	fa_chunk_read_lock();
	obj = fa_handle_lookup(pool, raw, &word);
	if (obj && !fa_word_get(pool, word, fa_word_gen(raw)))
		obj = NULL;
	fa_chunk_read_unlock();
	return obj;
}
FASTALLOC_EXPORT(fastalloc_upgrade);
