/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The depot's stacks of magazines. They are lock-free, in any context. This includes NMI if
 * the architecture has 64-bit atomics: CONFIG_GENERIC_ATOMIC64 implements them with
 * spinlocks, on which an NMI could deadlock with the code it interrupts.
 *
 * A head is one 64-bit word, {u32 tag, u32 id of the top magazine + 1}. Every push and
 * every pop increments the tag, so a compare-and-exchange with an older head fails even if
 * the same magazine is on top again (R. K. Treiber, "Systems Programming: Coping with
 * Parallelism", 1986, with IBM's tags).
 *
 * The memory of magazines stays while the pool lives. So it is safe to read ->next of a
 * magazine that another CPU has just popped; the tag makes that attempt fail.
 *
 * This header depends on nothing but atomics and bits, so that the checks in tests/verify
 * can compile the real code.
 */
#ifndef FASTALLOC_DEPOT_H
#define FASTALLOC_DEPOT_H

/**
 * struct fa_mag - a magazine: pointers to free objects
 * @next: on a stack, id + 1 of the one below, or 0; off it, its own id + 1
 * @n: objects in it; of a loaded magazine, see fastalloc_cache::n instead
 * @slot: the objects
 */
struct fa_mag {
	u32	next;
	u32	n;
	void	*slot[];
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

/*
 * The release orders all stores to the magazine and its slots before the push. Pairs with
 * the acquire in fa_stack_pop().
 */
static inline void fa_stack_push(struct fa_stack *s, struct fa_mag *m)
{
	s64 old = atomic64_read(&s->head);
	u32 self = m->next;
	u64 new;

	do {
		WRITE_ONCE(m->next, (u32)old);
		new = (((u64)old & FA_TAG_MASK) + FA_TAG_ONE) | self;
	} while (!atomic64_try_cmpxchg_release(&s->head, &old, new));
	/*
	 * Orders the push before a following pop from another stack, or there would be more
	 * objects out of reach than percpu.c counts. Pairs with the acquire of the empty
	 * heads in fa_depot_get(). Also orders the push before the increment of ->nfull, so
	 * that no magazine is claimed before it is on its stack. Pairs with fa_claim().
	 */
	smp_mb__after_atomic();
}

/*
 * fa_stack_pop - pop the top magazine
 * @s: the stack
 * @lookup: returns the magazine of an id
 * @arg: argument of @lookup
 * @head: set to the head if it is empty
 *
 * The address dependency orders the read of the head before the read of ->next. A stale
 * ->next is discarded, as the exchange fails. The read of an empty head is ordered before
 * all later reads of the caller.
 */
static __always_inline struct fa_mag *
fa_stack_pop(struct fa_stack *s, struct fa_mag *(*lookup)(const void *arg, u32 id),
	     const void *arg, s64 *head)
{
	s64 old = atomic64_read(&s->head);
	struct fa_mag *m;
	u64 new;

	do {
		if (fa_head_empty(old)) {
			/* A failed cmpxchg, which may have returned @old, orders nothing. */
			smp_acquire__after_ctrl_dep();
			*head = old;
			return NULL;
		}
		m = lookup(arg, (u32)old - 1);
		new = (((u64)old & FA_TAG_MASK) + FA_TAG_ONE) | READ_ONCE(m->next);
	} while (!atomic64_try_cmpxchg_acquire(&s->head, &old, new));
	WRITE_ONCE(m->next, (u32)old);
	return m;
}

#endif /* FASTALLOC_DEPOT_H */
