// SPDX-License-Identifier: GPL-2.0
/*
 * Parsing of snapshots. Members that are not known are ignored: format 1 may get more of them.
 * One that is missing, or of the wrong type, is an error that names it.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

/* Where the parser is, for messages. A failure is kept in f, and the first one wins. */
struct where {
	const char	*path;
	char		text[128];
	struct fail	*f;
	bool		failed;
};

static const char * const state_names[] = { "live", "zombie", "dead" };

const char *state_name(enum state state)
{
	return state_names[state];
}

static void bad_member(struct where *w, const char *name, const char *what)
{
	if (w->failed)
		return;
	w->failed = true;
	fail_set(w->f, ST_MALFORMED, "%s: %s%smember \"%s\" %s", w->path, w->text,
		 *w->text ? ": " : "", name, what);
}

/* The member @name of an object, or NULL if it is missing, which is a failure. */
static json_t *get(struct where *w, json_t *o, const char *name)
{
	json_t *v = json_object_get(o, name);

	if (!v)
		bad_member(w, name, "is missing");
	return v;
}

static long long get_int(struct where *w, json_t *o, const char *name, long long least)
{
	json_t *v = get(w, o, name);

	if (!v)
		return 0;
	if (!json_is_integer(v))
		bad_member(w, name, "is not an integer");
	else if (json_integer_value(v) < least)
		bad_member(w, name, "is too small");
	return json_integer_value(v);
}

static const char *get_string(struct where *w, json_t *o, const char *name)
{
	json_t *v = get(w, o, name);

	if (v && !json_is_string(v))
		bad_member(w, name, "is not a string");
	return json_is_string(v) ? json_string_value(v) : "";
}

static json_t *get_array(struct where *w, json_t *o, const char *name)
{
	json_t *v = get(w, o, name);

	if (v && !json_is_array(v))
		bad_member(w, name, "is not an array");
	return v;
}

/* An entry of an array @name, which must be an object. */
static json_t *get_entry(struct where *w, json_t *array, const char *name, size_t i)
{
	json_t *v = json_array_get(array, i);

	if (!json_is_object(v))
		bad_member(w, name, "has an entry that is not an object");
	return v;
}

static void get_members(struct where *w, json_t *o, const struct member *m, size_t nr, void *to)
{
	for (; nr; nr--, m++)
		*(long long *)((char *)to + m->offset) = get_int(w, o, m->name, m->least);
}

/* All strings of an array, with blanks between them. */
static char *get_words(struct where *w, json_t *o, const char *name)
{
	json_t *array = get_array(w, o, name), *v;
	size_t i, len = 1;
	char *words;

	json_array_foreach(array, i, v) {
		if (!json_is_string(v)) {
			bad_member(w, name, "has an entry that is not a string");
			return xstrdup("");
		}
		len += json_string_length(v) + 1;
	}
	words = xcalloc(len, 1);
	json_array_foreach(array, i, v) {
		if (i)
			strcat(words, " ");
		strcat(words, json_string_value(v));
	}
	return words;
}

static void parse_state(struct where *w, json_t *o, struct pool *p)
{
	const char *name = get_string(w, o, "state");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(state_names); i++) {
		if (!strcmp(name, state_names[i])) {
			p->state = i;
			return;
		}
	}
	bad_member(w, "state", "is not one of live, zombie, dead");
}

static void parse_percpu(struct where *w, json_t *o, struct pool *p)
{
	json_t *cpus = get_array(w, o, "cpus");
	size_t i;

	p->nr_cpus = json_array_size(cpus);
	p->cpu = xcalloc(p->nr_cpus, sizeof(*p->cpu));
	for (i = 0; i < p->nr_cpus; i++)
		get_members(w, get_entry(w, cpus, "cpus", i), cpu_members, nr_cpu_members,
			    &p->cpu[i]);
}

static void parse_nodes(struct where *w, json_t *o, struct pool *p)
{
	json_t *nodes = get_array(w, o, "nodes"), *v;
	size_t i;

	p->nr_nodes = json_array_size(nodes);
	p->nodes = xcalloc(p->nr_nodes, sizeof(*p->nodes));
	for (i = 0; i < p->nr_nodes; i++) {
		v = get_entry(w, nodes, "nodes", i);
		p->nodes[i].node = get_int(w, v, "node", INT_MIN);
		p->nodes[i].free = get_int(w, v, "free", 0);
	}
}

static void parse_chunk(struct where *w, json_t *o, struct chunk_data *c)
{
	json_t *map = get(w, o, "map");

	c->index = get_int(w, o, "index", 0);
	c->node = get_int(w, o, "node", INT_MIN);
	c->bytes = get_int(w, o, "bytes", 0);
	c->objects = get_int(w, o, "objects", 0);
	c->free = get_int(w, o, "free", -1);
	c->age_ms = get_int(w, o, "age_ms", 0);
	c->backing = get_string(w, o, "backing");
	c->state = get_string(w, o, "state");
	if (map && !json_is_null(map))
		c->map = get_string(w, o, "map");
}

static void parse_live(struct where *w, json_t *o, struct live_data *l)
{
	json_t *stack = json_object_get(o, "stack"), *v;
	size_t i;

	l->objects = get_int(w, o, "objects", 0);
	l->bytes = get_int(w, o, "bytes", 0);
	/* Without check U nobody records who allocated, nor when. */
	l->has_age = stack || json_object_get(o, "oldest_ms");
	if (!l->has_age)
		return;
	l->oldest_ms = get_int(w, o, "oldest_ms", 0);
	l->youngest_ms = get_int(w, o, "youngest_ms", 0);
	if (!stack)
		return;
	get_array(w, o, "stack");
	l->stack = xcalloc(json_array_size(stack), sizeof(*l->stack));
	json_array_foreach(stack, i, v) {
		if (!json_is_string(v))
			bad_member(w, "stack", "has an entry that is not a string");
		else
			l->stack[l->nr_stack++] = json_string_value(v);
	}
}

static void parse_one(struct where *w, json_t *o, struct pool *p)
{
	json_t *chunks = get_array(w, o, "chunk_list"), *live = get(w, o, "live");
	size_t i;

	p->nr_chunks = json_array_size(chunks);
	p->chunk = xcalloc(p->nr_chunks, sizeof(*p->chunk));
	for (i = 0; i < p->nr_chunks; i++)
		parse_chunk(w, get_entry(w, chunks, "chunk_list", i), &p->chunk[i]);
	if (p->percpu)
		parse_nodes(w, o, p);
	if (!live || json_is_null(live))
		return;
	p->live_known = true;
	get_array(w, o, "live");
	p->nr_live = json_array_size(live);
	p->live = xcalloc(p->nr_live, sizeof(*p->live));
	for (i = 0; i < p->nr_live; i++)
		parse_live(w, get_entry(w, live, "live", i), &p->live[i]);
	p->live_rest = get_int(w, o, "live_rest", 0);
}

static void parse_pool(struct where *w, json_t *o, struct pool *p)
{
	p->name = get_string(w, o, "name");
	/* The name is part of a path. */
	if (!*p->name || strchr(p->name, '/') || !strcmp(p->name, ".") || !strcmp(p->name, ".."))
		bad_member(w, "name", "is not a name of a pool");
	p->module = get_string(w, o, "module");
	parse_state(w, o, p);
	if (p->state == STATE_DEAD) {
		p->bytes = get_int(w, o, "bytes", 0);
		return;
	}
	p->sync = get_string(w, o, "sync");
	p->order = get_string(w, o, "order");
	p->growth = get_string(w, o, "growth");
	p->backing = get_string(w, o, "backing");
	p->checks = get_string(w, o, "checks");
	p->flags = get_words(w, o, "flags");
	get_members(w, o, pool_members, nr_pool_members, p);
	p->percpu = !strcmp(p->sync, "percpu");
	if (p->percpu)
		parse_percpu(w, o, p);
}

static void parse_list(struct where *w, struct snapshot *s)
{
	json_t *pools = get_array(w, s->root, "pools");
	const char *name;
	size_t i;

	s->version = get_string(w, s->root, "version");
	s->possible_cpus = get_int(w, s->root, "possible_cpus", 1);
	s->online_cpus = get_int(w, s->root, "online_cpus", 1);
	s->pool = xcalloc(json_array_size(pools), sizeof(*s->pool));
	for (i = 0; i < json_array_size(pools) && !w->failed; i++) {
		json_t *o = get_entry(w, pools, "pools", i);

		s->nr++;
		name = json_string_value(json_object_get(o, "name"));
		snprintf(w->text, sizeof(w->text), "pool %zu (%s)", i, name ? name : "no name");
		parse_pool(w, o, &s->pool[i]);
	}
}

static void parse_root(struct where *w, struct snapshot *s, bool single)
{
	long long format = get_int(w, s->root, "format", 1);
	json_t *time = json_object_get(s->root, "time_ns");

	if (!w->failed && format > FORMAT) {
		w->failed = true;
		fail_set(w->f, ST_NEWER,
			 "%s: format %lld is newer than %d, which this program knows: update it",
			 w->path, format, FORMAT);
	}
	if (w->failed)
		return;
	/* The clock of the kernel tells when the counters were read, if it is there. */
	s->kernel_clock = json_is_integer(time);
	s->taken = s->kernel_clock ? json_integer_value(time) / 1e9 : clock_seconds();
	if (!single) {
		parse_list(w, s);
		return;
	}
	s->pool = xcalloc(1, sizeof(*s->pool));
	s->nr = 1;
	parse_pool(w, s->root, s->pool);
	if (s->pool->state != STATE_DEAD)
		parse_one(w, s->root, s->pool);
}

struct snapshot *snapshot_parse(const char *text, size_t len, const char *path, bool single,
				struct fail *f)
{
	struct where w = { .path = path, .f = f };
	struct snapshot *s;
	json_error_t err;
	json_t *root;

	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &err);
	if (!root) {
		if (json_error_code(&err) == json_error_premature_end_of_input)
			fail_set(f, ST_MALFORMED, "%s: JSON is truncated after %zu bytes", path,
				 len);
		else
			fail_set(f, ST_MALFORMED, "%s: JSON is malformed: line %d: %s", path,
				 err.line, err.text);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->root = root;
	if (json_is_object(root))
		parse_root(&w, s, single);
	else
		w.failed = fail_set(f, ST_MALFORMED, "%s: JSON is not an object", path);
	if (w.failed) {
		snapshot_free(s);
		return NULL;
	}
	return s;
}

void snapshot_free(struct snapshot *s)
{
	size_t i, j;

	if (!s)
		return;
	for (i = 0; i < s->nr; i++) {
		struct pool *p = &s->pool[i];

		for (j = 0; j < p->nr_live; j++)
			free(p->live[j].stack);
		free(p->live);
		free(p->chunk);
		free(p->nodes);
		free(p->cpu);
		free(p->flags);
	}
	free(s->pool);
	json_decref(s->root);
	free(s);
}
