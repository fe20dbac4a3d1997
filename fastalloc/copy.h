/* SPDX-License-Identifier: GPL-2.0 */
/* Copies pointers to objects. */
#ifndef FASTALLOC_COPY_H
#define FASTALLOC_COPY_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/fastalloc.h>

static __always_inline void fa_copy_four(void **to, void * const *from)
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
}

static __always_inline void fa_copy_eight(void **to, void * const *from)
{
	fa_copy_four(to, from);
	fa_copy_four(to + 4, from + 4);
}

static __always_inline void fa_copy_sixteen(void **to, void * const *from)
{
	fa_copy_eight(to, from);
	fa_copy_eight(to + 8, from + 8);
}

/*
 * Copies 1 to FASTALLOC_MAX_MAGAZINE pointers. memcpy() would spend most of its time
 * starting a string operation, and a loop counting. The last block overlaps the one before
 * it, which is faster than smaller steps.
 */
static __always_inline void fa_copy_run(void **to, void * const *from, u32 nr)
{
	BUILD_BUG_ON(FASTALLOC_MAX_MAGAZINE > 64);

	if (nr >= 16) {
		if (nr > 16)
			fa_copy_sixteen(to, from);
		if (nr > 32)
			fa_copy_sixteen(to + 16, from + 16);
		if (nr > 48)
			fa_copy_sixteen(to + 32, from + 32);
		fa_copy_sixteen(to + nr - 16, from + nr - 16);
	} else if (nr < 4) {
		to[0] = from[0];
		if (nr > 1)
			to[1] = from[1];
		if (nr > 2)
			to[2] = from[2];
	} else if (nr < 8) {
		fa_copy_four(to, from);
		fa_copy_four(to + nr - 4, from + nr - 4);
	} else {
		fa_copy_eight(to, from);
		fa_copy_eight(to + nr - 8, from + nr - 8);
	}
}

/* data_race: another context may own @from meanwhile. The caller then discards the copy. */
#define fa_copy_racy(to, from, nr)	data_race(({ fa_copy_run(to, from, nr); 0; }))

#endif /* FASTALLOC_COPY_H */
