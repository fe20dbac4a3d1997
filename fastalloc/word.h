/* SPDX-License-Identifier: GPL-2.0 */
/* The word of a slot, a generation above references: see handle.c. */
#ifndef FASTALLOC_WORD_H
#define FASTALLOC_WORD_H

#include <linux/atomic.h>
#include <linux/compiler.h>

#include "handle.h"

static inline u64 fa_word_gen(u64 word)
{
	return word >> FA_REF_BITS;
}

static inline u64 fa_word_refs(u64 word)
{
	return word & FA_REFS_MAX;
}

/*
 * Sets the first reference of an object that is being allocated. Returns false if it has
 * references. The release orders what was written to the object before the reference. It
 * pairs with the acquire of a lookup that gets another one: fa_word_get(), or
 * fastalloc_resolve().
 */
static __always_inline bool fa_word_first(atomic64_t *word)
{
	u64 old = atomic64_read(word);

	if (unlikely(fa_word_refs(old)))
		return false;
	atomic64_set_release(word, old + 1);
	return true;
}

/*
 * Drops the only reference of an object. Then it belongs to the caller, and no handle leads
 * to it. Returns false, with the word in *@old, if anything is unusual: fa_handle_drop_word()
 * decides then.
 *
 * The release orders all accesses to the object before the generation that no handle has. It
 * pairs with the acquire of fa_word_get() in the next life of the slot. The acquire orders
 * what others did with the object, before they put their references, before what the caller
 * does with it. It pairs with the release in fa_handle_drop_word().
 */
static __always_inline bool fa_word_free(atomic64_t *word, s64 *old)
{
	u64 next;

	*old = atomic64_read(word);
	/* As fa_word_next(), for a word with one reference, unless the generation wraps. */
	next = *old + FA_REFS_MAX;
	if (unlikely(fa_word_refs(next) || !next))
		return false;
	if (unlikely(!atomic64_try_cmpxchg_release(word, old, next)))
		return false;
	smp_acquire__after_ctrl_dep();
	return true;
}

#endif /* FASTALLOC_WORD_H */
