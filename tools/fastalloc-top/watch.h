/* SPDX-License-Identifier: GPL-2.0 */
/* What changes in one pool, a line for each frame. */
#ifndef TOP_WATCH_H
#define TOP_WATCH_H

#include "frames.h"

/* Prints @count lines, or, if that is 0, lines until the pool is gone. */
enum exit_status watch_pool(struct frames *fr, const char *name, double delay, unsigned long count,
			    struct fail *f);

#endif
