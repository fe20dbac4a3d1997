/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The depot's lists: stacks of magazines, and of single objects. They are lock-free, in any
 * context. This includes NMI if the architecture has 64-bit atomics: CONFIG_GENERIC_ATOMIC64
 * implements them with spinlocks, on which an NMI could deadlock with the code it
 * interrupts.
 *
 * A head is one 64-bit word, {u32 tag, u32 id of the top element + 1}. Every push and every
 * pop increments the tag, so a compare-and-exchange with an older head fails even if the
 * same element is on top again (R. K. Treiber, "Systems Programming: Coping with
 * Parallelism", 1986, with IBM's tags).
 *
 * The memory of magazines stays while the pool lives, and that of links stays for an RCU
 * grace period. So it is safe to read ->next of an element that another CPU has just popped;
 * the tag makes that attempt fail.
 *
 * This header depends on nothing but atomics and bits, so that the checks in tests/verify
 * can compile the real code.
 */
#ifndef FASTALLOC_DEPOT_H
#define FASTALLOC_DEPOT_H

/**
 * struct fa_mag - a magazine: pointers to free objects
 * @next: on a stack, id + 1 of the one below, or 0; off it, its own id + 1
 * @n: objects in it, for the context or the cache that owns it; of a loaded magazine, see
 *	fastalloc_cache::n instead
 * @stock: {u32 tag, u32 objects in it}, for all contexts while it is stocked, see
 *	fa_mag_stock(); else 0 objects
 * @slot: the objects
 */
struct fa_mag {
	u32		next;
	u32		n;
	atomic64_t	stock;
	void		*slot[];
};

struct fa_stack {
	atomic64_t	head;
};

#define FA_TAG_ONE	BIT_ULL(32)
#define FA_TAG_MASK	(~0ULL << 32)

static inline bool fa_head_empty(s64 head)
{
	return !(u32)head;
}

/* The head after a push or a pop, with @id on top. */
static inline u64 fa_head_next(s64 head, u32 id)
{
	return (((u64)head & FA_TAG_MASK) + FA_TAG_ONE) | id;
}

/*
 * Pushes a chain of elements, or one: @id is its first, @next the link of its last.
 *
 * The release orders all stores to the elements before the push. Pairs with the acquire of
 * the pops.
 */
static inline void fa_stack_push(struct fa_stack *s, u32 id, u32 *next)
{
	s64 old = atomic64_read(&s->head);

	do
		WRITE_ONCE(*next, (u32)old);
	while (!atomic64_try_cmpxchg_release(&s->head, &old, fa_head_next(old, id)));
}

/*
 * Stocks a magazine that the caller owns: from here on every context may take objects from
 * it, see fa_shard_take_stocked(). The tag makes the attempt of a context fail that has read the
 * magazine before. The release orders the stores to the slots before that to ->stock. Pairs
 * with the acquire in fa_shard_take_stocked().
 */
static inline void fa_mag_stock(struct fa_mag *m)
{
	u64 old = atomic64_read(&m->stock);

	atomic64_set_release(&m->stock, (old & FA_TAG_MASK) + FA_TAG_ONE + m->n);
}

/* Takes back all objects of a magazine that the caller has popped. Sets ->n. */
static inline void fa_mag_unstock(struct fa_mag *m)
{
	s64 old = atomic64_read(&m->stock);

	/*
	 * Contexts that have found the magazine on the stack may still take objects. A full
	 * barrier: a reader that sees the count of an allocation must also see the counts of
	 * the frees that filled the magazine. Pairs with the smp_rmb() in
	 * fa_percpu_out_least().
	 */
	while (!atomic64_try_cmpxchg(&m->stock, &old, (u64)old & FA_TAG_MASK))
		;
	m->n = (u32)old;
}

#endif /* FASTALLOC_DEPOT_H */
