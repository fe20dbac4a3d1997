/* SPDX-License-Identifier: GPL-2.0 */
/* Advice on pools, each line with the figures behind it. */
#ifndef TOP_ADVICE_H
#define TOP_ADVICE_H

#include "table.h"

/* Adds the advice on the pools of a table. @meminfo is in the format of /proc/meminfo. */
void advice_text(const struct table *t, const struct frames *fr, const char *meminfo,
		 struct text *out);

#endif
