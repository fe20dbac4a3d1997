/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The depot's stacks of magazines: lock-free, from any context; NMI included where the
 * architecture has 64-bit atomics of its own. CONFIG_GENERIC_ATOMIC64 makes spinlocks of
 * them, on which an NMI could wait for its own CPU for ever.
 *
 * A head is one 64-bit word, {u32 tag, u32 id of the top magazine + 1}. Every
 * push and every pop bumps the tag, so a compare-and-exchange by one who read
 * an older head fails even if the same magazine is on top again (R. K. Treiber,
 * "Systems Programming: Coping with Parallelism", 1986, with IBM's tags).
 *
 * Magazine memory stays while its pool lives, so to read ->next of a magazine
 * that another CPU just took is safe; the tag makes that attempt fail.
 *
 * This header depends on nothing but atomics and bits, so that the checks in
 * tests/verify can compile the real code.
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
 * Everything that was written to the magazine and its slots happens before it
 * is popped: release here, acquire in fa_stack_pop().
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
	 * The caller may pop from another stack next. Nobody may see that first,
	 * or there would be more out of reach than percpu.c counts. Pairs with
	 * the acquire of the empty heads in fa_depot_get(). Nor may anybody claim
	 * the magazine before it is there: pairs with the claim in fa_claim().
	 */
	smp_mb__after_atomic();
}

/*
 * fa_stack_pop - take the top magazine
 * @s: the stack
 * @lookup: id to magazine
 * @arg: for @lookup
 * @head: set to the head that was found empty, if it was
 *
 * The read of ->next is ordered after that of the head by the address that
 * depends on it; a stale one is discarded with the attempt. An empty head is
 * read before whatever the caller reads next.
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
			/* A failed cmpxchg, which gave us old, orders nothing. */
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
