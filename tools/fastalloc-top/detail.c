// SPDX-License-Identifier: GPL-2.0
/* All that is known of one pool: statistics, CPUs, chunks, and who holds objects. */
#include <stdlib.h>
#include <string.h>

#include "detail.h"

#define BAR	32	/* columns of the longest bar */

/* Without the unit, which a heading or the line before names. */
static void plain_bytes(char *buf, size_t size, long long bytes, bool human)
{
	if (human)
		short_bytes(buf, size, bytes);
	else
		snprintf(buf, size, "%lld", bytes);
}

static void bytes_text(char *buf, size_t size, long long bytes, bool human)
{
	if (human)
		short_bytes(buf, size, bytes);
	else
		snprintf(buf, size, "%lld bytes", bytes);
}

static void add_config(const struct pool *p, bool human, struct text *out)
{
	char size[32], stride[32], mem[32], mags[32], node[32] = "any";
	char chunks[32], metadata[32], caches[32], checks[32];
	double use = p->capacity ? 100.0 * p->in_use / p->capacity : 0;
	double peak = p->capacity ? 100.0 * p->peak / p->capacity : 0;

	bytes_text(size, sizeof(size), p->obj_size, human);
	bytes_text(stride, sizeof(stride), p->stride, human);
	bytes_text(mem, sizeof(mem), p->bytes, human);
	bytes_text(mags, sizeof(mags), p->magazine_bytes, human);
	plain_bytes(chunks, sizeof(chunks), p->chunk_bytes, human);
	plain_bytes(metadata, sizeof(metadata), p->metadata_bytes, human);
	plain_bytes(caches, sizeof(caches), p->cache_bytes, human);
	plain_bytes(checks, sizeof(checks), p->check_bytes, human);
	if (p->node >= 0)
		snprintf(node, sizeof(node), "%lld", p->node);
	text_add(out, "in use    %lld of %lld (%.0f%%), peak %lld (%.0f%%)", p->in_use, p->capacity,
		 use, p->peak, peak);
	text_add(out, "capacity  %lld, at most %lld; total %lld, reserve %lld, low water %lld",
		 p->capacity, p->max_capacity, p->total, p->reserve, p->low_water);
	text_add(out, "objects   %s, stride %s, align %lld", size, stride, p->align);
	text_add(out, "memory    %s in %lld chunks, %s of magazines of %lld", mem, p->chunks, mags,
		 p->magazine);
	text_add(out, "of which  chunks %s, metadata %s, caches %s, checks %s", chunks, metadata,
		 caches, checks);
	text_add(out, "kind      sync %s, order %s, growth %s, backing %s, node %s", p->sync,
		 p->order, p->growth, p->backing, node);
	text_add(out, "flags     %s; checks %s", *p->flags ? p->flags : "none",
		 *p->checks ? p->checks : "none");
}

/* Two counters a line, so that all of a pool fits on a small screen. */
static void add_counters(const struct frames *fr, const struct pool *p, struct text *out)
{
	const struct pool *old = frames_before(fr, p);
	char line[128] = "", rate[16];
	size_t i, used, nr = 0;

	text_add(out, " ");
	text_add(out, "%-16s %12s %8s  %-16s %12s %8s", "COUNTER", "TOTAL", "/s", "COUNTER",
		 "TOTAL", "/s");
	for (i = 0; i < nr_pool_members; i++) {
		const struct member *m = &pool_members[i];

		if (m->kind != KIND_COUNTER)
			continue;
		strcpy(rate, "-");
		if (old)
			short_count(rate, sizeof(rate),
				    (member_get(m, p) - member_get(m, old)) / fr->seconds);
		used = strlen(line);
		snprintf(line + used, sizeof(line) - used, "%s%-16s %12lld %8s",
			 nr % 2 ? "  " : "", m->name, member_get(m, p), rate);
		if (nr++ % 2) {
			text_add(out, "%s", line);
			*line = '\0';
		}
	}
	if (*line)
		text_add(out, "%s", line);
}

static void add_cpus(const struct pool *p, struct text *out)
{
	long long longest = 1, held, full;
	char bar[BAR + 1], text[32];
	size_t i;

	if (!p->percpu)
		return;
	for (i = 0; i < p->nr_cpus; i++) {
		held = cpu_held(&p->cpu[i]);
		if (longest < held)
			longest = held;
		if (longest < p->cpu[i].lease)
			longest = p->cpu[i].lease;
	}
	text_add(out, " ");
	text_add(out, "%4s %5s %5s %-*s %10s %9s %6s", "CPU", "HELD", "LEASE", BAR,
		 "#=held -=rest of the lease", "ALLOCS", "EXCHANGES", "NESTED");
	for (i = 0; i < p->nr_cpus; i++) {
		const struct cpu_data *c = &p->cpu[i];

		held = cpu_held(c);
		full = c->lease > held ? c->lease : held;
		memset(bar, 0, sizeof(bar));
		memset(bar, '-', (int)((double)full * BAR / longest));
		memset(bar, '#', (int)((double)held * BAR / longest));
		/* Who is at work does not know how much the loaded magazine holds. */
		if (c->loaded < 0)
			strcpy(text, "busy");
		else
			snprintf(text, sizeof(text), "%lld", held);
		text_add(out, "%4lld %5s %5lld %-*s %10lld %9lld %6lld", c->cpu, text, c->lease,
			 BAR, bar, c->allocs, c->exchanges, c->nested);
	}
	for (i = 0; i < p->nr_nodes; i++)
		text_add(out, "node %lld: %lld free objects in the depot", p->nodes[i].node,
			 p->nodes[i].free);
}

static void add_chunks(const struct pool *p, bool human, struct text *out)
{
	char bytes[32], free[32], age[32];
	size_t i;

	text_add(out, " ");
	text_add(out, "%5s %4s %-8s %12s %8s %8s %8s %s", "CHUNK", "NODE", "BACKING", "BYTES",
		 "OBJECTS", "FREE", "AGE", "STATE");
	if (p->nr_chunks && p->chunk[0].map)
		text_add(out, "      [map of objects: O=out _=free 1-9=tenths that are out]");
	for (i = 0; i < p->nr_chunks; i++) {
		const struct chunk_data *c = &p->chunk[i];

		plain_bytes(bytes, sizeof(bytes), c->bytes, human);
		strcpy(free, "?");
		if (c->free >= 0)
			snprintf(free, sizeof(free), "%lld", c->free);
		short_age(age, sizeof(age), c->age_ms);
		text_add(out, "%5lld %4lld %-8s %12s %8lld %8s %8s %s", c->index, c->node,
			 c->backing, bytes, c->objects, free, age, c->state);
		if (c->map)
			text_add(out, "      [%s]", c->map);
	}
}

static int compare_live(const void *a, const void *b)
{
	const struct live_data *l = a, *m = b;

	return (l->objects < m->objects) - (l->objects > m->objects);
}

static void add_live(const struct pool *p, bool human, struct text *out)
{
	char bytes[32], oldest[32], youngest[32];
	size_t i, j;

	text_add(out, " ");
	if (!p->live_known) {
		text_add(out,
			 "HOLDERS are not known: the pool does not know which objects are out");
		return;
	}
	text_add(out, "HOLDERS of objects that are out, by the stack that allocated them");
	if (!p->nr_live)
		text_add(out, "There are none.");
	/* The most first. */
	qsort(p->live, p->nr_live, sizeof(*p->live), compare_live);
	for (i = 0; i < p->nr_live; i++) {
		const struct live_data *l = &p->live[i];

		bytes_text(bytes, sizeof(bytes), l->bytes, human);
		short_age(oldest, sizeof(oldest), l->oldest_ms);
		short_age(youngest, sizeof(youngest), l->youngest_ms);
		if (l->has_age)
			text_add(out, "%lld objects, %s, for %s to %s", l->objects, bytes,
				 youngest, oldest);
		else
			text_add(out, "%lld objects, %s", l->objects, bytes);
		if (!l->nr_stack)
			text_add(out, "    the stack is not known without check U");
		for (j = 0; j < l->nr_stack; j++)
			text_add(out, "    %s", l->stack[j]);
	}
	if (p->live_rest)
		text_add(out, "%lld more objects", p->live_rest);
}

void detail_text(const struct frames *fr, bool human, struct text *out)
{
	const struct pool *p = &fr->cur->pool[0];

	if (p->state == STATE_DEAD) {
		text_add(out, "It is destroyed; its descriptor has %lld bytes.", p->bytes);
		return;
	}
	add_config(p, human, out);
	add_counters(fr, p, out);
	add_cpus(p, out);
	add_chunks(p, human, out);
	add_live(p, human, out);
}
