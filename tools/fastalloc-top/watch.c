// SPDX-License-Identifier: GPL-2.0
/*
 * What changes in one pool, a line for each frame. It is taken from the list of all pools, since
 * the file of the pool itself has its live objects, which take long to gather.
 */
#include <stdio.h>
#include <string.h>

#include "watch.h"

#define LINES	20	/* after which the header is printed again */

/* The counters whose changes are shown. */
static const struct {
	const char	*header;
	size_t		offset;
} counters[] = {
	{ "+ALLOCS", offsetof(struct pool, allocs) },
	{ "+FREES", offsetof(struct pool, frees) },
	{ "+MISS", offsetof(struct pool, depot_exchanges) },
	{ "+FAIL", offsetof(struct pool, failures) },
	{ "+WAIT", offsetof(struct pool, waits) },
	{ "+GROW", offsetof(struct pool, grows) },
};

static long long counter(const struct pool *p, size_t i)
{
	return *(const long long *)((const char *)p + counters[i].offset);
}

static const struct pool *find(const struct snapshot *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (s->pool[i].state != STATE_DEAD && !strcmp(s->pool[i].name, name))
			return &s->pool[i];
	return NULL;
}

static void print_header(void)
{
	size_t i;

	printf("%8s %8s %8s", "INUSE", "CAP", "PEAK");
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		printf(" %8s", counters[i].header);
	printf(" %10s\n", "MEM");
}

static void print_line(const struct pool *p, const struct pool *old)
{
	size_t i;

	printf("%8lld %8lld %8lld", p->in_use, p->capacity, p->peak);
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		if (old)
			printf(" %8lld", counter(p, i) - counter(old, i));
		else
			printf(" %8s", "-");
	}
	printf(" %10lld\n", p->bytes);
}

enum exit_status watch_pool(struct frames *fr, const char *name, double delay, unsigned long count,
			    struct fail *f)
{
	const struct pool *p;
	unsigned long line;
	double due = clock_seconds(), now;

	for (line = 0; !count || line < count; line++) {
		if (frames_take(fr, f))
			return f->status;
		p = find(fr->cur, name);
		if (!p)
			return fail_set(f, ST_NO_POOL,
					line ? "pool %s is gone" : "there is no pool %s", name);
		if (line % LINES == 0)
			print_header();
		print_line(p, frames_before(fr, p));
		/* Who reads from a pipe wants each line at once. */
		if (fflush(stdout))
			return fail_set(f, ST_ERROR, "cannot write the output");
		if (line + 1 == count)
			break;
		/* Lines that are late are not made up for. */
		due += delay;
		now = clock_seconds();
		if (due < now)
			due = now;
		sleep_seconds(due - now);
	}
	return ST_OK;
}
