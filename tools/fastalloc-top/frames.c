// SPDX-License-Identifier: GPL-2.0
/* Two snapshots, one after the other, and what changed between them. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "source.h"

static int compare_names(const void *a, const void *b)
{
	const struct pool * const *p = a, * const *q = b;

	return strcmp((*p)->name, (*q)->name);
}

static void sort_previous(struct frames *fr)
{
	size_t i;

	free(fr->sorted);
	fr->sorted = xcalloc(fr->prev->nr, sizeof(*fr->sorted));
	fr->nr_sorted = 0;
	for (i = 0; i < fr->prev->nr; i++)
		if (fr->prev->pool[i].state != STATE_DEAD)
			fr->sorted[fr->nr_sorted++] = &fr->prev->pool[i];
	qsort(fr->sorted, fr->nr_sorted, sizeof(*fr->sorted), compare_names);
}

enum exit_status frames_take(struct frames *fr, struct fail *f)
{
	struct snapshot *s;
	char path[PATH_MAX];
	char *text;
	size_t len;

	if (source_read(fr->dir, fr->pool, path, sizeof(path), &text, &len, f))
		return f->status;
	s = snapshot_parse(text, len, path, fr->pool, f);
	free(text);
	if (!s)
		return f->status;
	if (fr->cur && s->kernel_clock && fr->cur->kernel_clock && s->taken == fr->cur->taken) {
		/* It is the same one again: what has changed since the one before still holds. */
		snapshot_free(fr->cur);
		fr->cur = s;
		return ST_OK;
	}
	snapshot_free(fr->prev);
	fr->prev = fr->cur;
	fr->cur = s;
	if (!fr->prev)
		return ST_OK;
	fr->seconds = 0;
	if (s->kernel_clock == fr->prev->kernel_clock && s->taken > fr->prev->taken)
		fr->seconds = s->taken - fr->prev->taken;
	sort_previous(fr);
	return ST_OK;
}

void frames_free(struct frames *fr)
{
	snapshot_free(fr->prev);
	snapshot_free(fr->cur);
	free(fr->sorted);
	memset(fr, 0, sizeof(*fr));
}

const struct pool *frames_before(const struct frames *fr, const struct pool *p)
{
	const struct pool **found;
	size_t i;

	if (!fr->prev || !fr->seconds || p->state == STATE_DEAD)
		return NULL;
	found = bsearch(&p, fr->sorted, fr->nr_sorted, sizeof(*fr->sorted), compare_names);
	if (!found)
		return NULL;
	for (i = 0; i < nr_pool_members; i++)
		if (pool_members[i].kind == KIND_COUNTER &&
		    member_get(&pool_members[i], p) < member_get(&pool_members[i], *found))
			return NULL;
	return *found;
}
