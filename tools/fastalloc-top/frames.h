/* SPDX-License-Identifier: GPL-2.0 */
/* Two snapshots, one after the other, and what changed between them. */
#ifndef TOP_FRAMES_H
#define TOP_FRAMES_H

#include "snapshot.h"

struct frames {
	const char	*dir;
	const char	*pool;		/* the one that is looked at; NULL: all */
	struct snapshot	*prev, *cur;
	const struct pool **sorted;	/* of prev, by name, without dead ones */
	size_t		nr_sorted;
	double		seconds;	/* between them; 0: not known */
};

/* Reads the next snapshot. After a failure the frames are as before. */
enum exit_status frames_take(struct frames *fr, struct fail *f);
void frames_free(struct frames *fr);

/*
 * The pool as it was in the frame before, or NULL: there was none, or its counters were reset
 * meanwhile, so that differences make no sense.
 */
const struct pool *frames_before(const struct frames *fr, const struct pool *p);

#endif
