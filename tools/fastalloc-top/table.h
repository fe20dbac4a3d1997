/* SPDX-License-Identifier: GPL-2.0 */
/* The table of pools: a line for each. */
#ifndef TOP_TABLE_H
#define TOP_TABLE_H

#include "frames.h"
#include "text.h"

enum column {
	COL_NAME,
	COL_MODULE,
	COL_SIZE,
	COL_IN_USE,
	COL_CAPACITY,
	COL_USE,
	COL_PEAK,
	COL_RATE,
	COL_MISSES,
	COL_FAILURES,
	COL_WAITS,
	COL_MEMORY,
	NR_COLUMNS,
};

struct row {
	const struct pool *pool;
	double		value[NR_COLUMNS];	/* negative: none */
};

struct table {
	struct row	*row;
	size_t		nr;
	enum column	sort;
	bool		human;			/* sizes in units */
	const char	*pattern;		/* of names; NULL: all */
	int		natural[NR_COLUMNS];	/* widths that show all in full */
};

/* The column to sort by, or -1. Keys are the name, as in -s, or the key of the screen. */
int sort_by_name(const char *name);
int sort_by_key(int key);
const char *sort_name(enum column c);

/* Fills in the rows from the last frame. They refer to it. */
void table_build(struct table *t, const struct frames *fr);

/* The header, and then rows @first to @first + @nr, not wider than @width; 0: any width. */
void table_text(struct table *t, int width, size_t first, size_t nr, struct text *out);
void table_free(struct table *t);

#endif
