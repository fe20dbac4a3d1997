// SPDX-License-Identifier: GPL-2.0
/* The table of pools: a line for each. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

enum cell {
	CELL_TEXT,
	CELL_COUNT,
	CELL_BYTES,
	CELL_PERCENT,
	CELL_RATE,
};

/* Sum of the least widths, with a blank between columns: 79, for a screen of 80. */
static const struct {
	const char	*header;
	enum cell	cell;
	int		least;
	const char	*sort;
	int		key;
} columns[NR_COLUMNS] = {
	[COL_NAME]	= { "NAME", CELL_TEXT, 12, "name", 'n' },
	[COL_MODULE]	= { "MODULE", CELL_TEXT, 7, NULL, 0 },
	[COL_SIZE]	= { "SIZE", CELL_BYTES, 5, NULL, 0 },
	[COL_IN_USE]	= { "INUSE", CELL_COUNT, 5, NULL, 0 },
	[COL_CAPACITY]	= { "CAP", CELL_COUNT, 5, NULL, 0 },
	[COL_USE]	= { "USE%", CELL_PERCENT, 4, "use", 'u' },
	[COL_PEAK]	= { "PEAK", CELL_COUNT, 5, NULL, 0 },
	[COL_RATE]	= { "RATE", CELL_RATE, 5, "rate", 'r' },
	[COL_MISSES]	= { "MISS", CELL_RATE, 5, "misses", 'm' },
	[COL_FAILURES]	= { "FAIL", CELL_COUNT, 5, "failures", 'f' },
	[COL_WAITS]	= { "WAIT", CELL_COUNT, 5, "waits", 'w' },
	[COL_MEMORY]	= { "MEM", CELL_BYTES, 5, "memory", 'b' },
};

int sort_by_name(const char *name)
{
	int c;

	for (c = 0; c < NR_COLUMNS; c++)
		if (columns[c].sort && !strcmp(columns[c].sort, name))
			return c;
	return -1;
}

int sort_by_key(int key)
{
	int c;

	for (c = 0; c < NR_COLUMNS; c++)
		if (columns[c].key && columns[c].key == key)
			return c;
	return -1;
}

const char *sort_name(enum column c)
{
	return columns[c].sort;
}

static void row_fill(struct row *row, const struct pool *p, const struct frames *fr)
{
	const struct pool *old = frames_before(fr, p);
	int c;

	row->pool = p;
	for (c = 0; c < NR_COLUMNS; c++)
		row->value[c] = -1;
	row->value[COL_MEMORY] = p->bytes;
	if (p->state == STATE_DEAD)
		return;
	row->value[COL_SIZE] = p->obj_size;
	row->value[COL_IN_USE] = p->in_use;
	row->value[COL_CAPACITY] = p->capacity;
	row->value[COL_PEAK] = p->peak;
	row->value[COL_FAILURES] = p->failures;
	row->value[COL_WAITS] = p->waits;
	if (p->capacity)
		row->value[COL_USE] = 100.0 * p->in_use / p->capacity;
	if (!old)
		return;
	row->value[COL_RATE] = (p->allocs - old->allocs) / fr->seconds;
	/* Other pools have no depot. */
	if (p->percpu)
		row->value[COL_MISSES] = (p->depot_exchanges - old->depot_exchanges) / fr->seconds;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct row *r = a, *s = b;
	const struct table *t = arg;
	double x = r->value[t->sort], y = s->value[t->sort];

	/* For names these are equal. */
	if (x != y)
		return x < y ? 1 : -1;
	return strcmp(r->pool->name, s->pool->name);
}

/* Writes the text of a cell. If it is wider than @width, and a number, it is rounded. */
static void cell_text(const struct table *t, const struct row *row, int c, int width, char *buf,
		      size_t size)
{
	const struct pool *p = row->pool;
	enum cell cell = columns[c].cell;
	double value = row->value[c];

	if (cell == CELL_TEXT) {
		const char *text = c == COL_NAME ? p->name : p->module;

		if (c == COL_NAME && p->state != STATE_LIVE)
			snprintf(buf, size, "%s (%s)", text, state_name(p->state));
		else
			snprintf(buf, size, "%s", text);
		if (width && strlen(buf) > (size_t)width)
			strcpy(buf + width - 1, "+");
		return;
	}
	if (value < 0) {
		snprintf(buf, size, "-");
		return;
	}
	if (cell == CELL_PERCENT)
		snprintf(buf, size, "%.0f%%", value);
	else if (cell == CELL_BYTES && t->human)
		short_bytes(buf, size, value);
	else
		snprintf(buf, size, "%.*f", cell == CELL_RATE && value > 0 && value < 9.95, value);
	if (!width || strlen(buf) <= (size_t)width)
		return;
	if (cell == CELL_BYTES)
		short_bytes(buf, size, value);
	else
		short_count(buf, size, value);
}

void table_build(struct table *t, const struct frames *fr)
{
	size_t i, len;
	char buf[128];
	int c;

	t->row = xrealloc(t->row, fr->cur->nr + 1, sizeof(*t->row));
	t->nr = 0;
	for (i = 0; i < fr->cur->nr; i++)
		if (!t->pattern || !fnmatch(t->pattern, fr->cur->pool[i].name, 0))
			row_fill(&t->row[t->nr++], &fr->cur->pool[i], fr);
	qsort_r(t->row, t->nr, sizeof(*t->row), compare_rows, t);
	/* They never become smaller, so that columns of the screen do not jump to and fro. */
	for (c = 0; c < NR_COLUMNS; c++) {
		len = strlen(columns[c].header);
		if ((size_t)t->natural[c] < len)
			t->natural[c] = len;
		for (i = 0; i < t->nr; i++) {
			cell_text(t, &t->row[i], c, 0, buf, sizeof(buf));
			len = strlen(buf);
			if ((size_t)t->natural[c] < len)
				t->natural[c] = len;
		}
	}
}

/* Columns get their least width, then what is left of @width, the first ones first. */
static void share_width(const struct table *t, int width, int *widths)
{
	int left = width - (NR_COLUMNS - 1), c, more;

	for (c = 0; c < NR_COLUMNS; c++) {
		widths[c] = t->natural[c];
		if (width && widths[c] > columns[c].least)
			widths[c] = columns[c].least;
		left -= widths[c];
	}
	for (c = 0; width && c < NR_COLUMNS && left > 0; c++) {
		more = t->natural[c] - widths[c];
		if (more > left)
			more = left;
		widths[c] += more;
		left -= more;
	}
}

static void add_cell(char *line, size_t size, int c, const char *text, int width)
{
	size_t used = strlen(line);

	snprintf(line + used, size - used, "%s%*s", c ? " " : "",
		 columns[c].cell == CELL_TEXT ? -width : width, text);
}

void table_text(struct table *t, int width, size_t first, size_t nr, struct text *out)
{
	char line[1024] = "", buf[128];
	int widths[NR_COLUMNS], c;
	size_t i;

	share_width(t, width, widths);
	for (c = 0; c < NR_COLUMNS; c++)
		add_cell(line, sizeof(line), c, columns[c].header, widths[c]);
	text_add(out, "%s", line);
	for (i = first; i < t->nr && i - first < nr; i++) {
		*line = '\0';
		for (c = 0; c < NR_COLUMNS; c++) {
			cell_text(t, &t->row[i], c, widths[c], buf, sizeof(buf));
			add_cell(line, sizeof(line), c, buf, widths[c]);
		}
		text_add(out, "%s", line);
	}
}

void table_free(struct table *t)
{
	free(t->row);
	t->row = NULL;
	t->nr = 0;
}
