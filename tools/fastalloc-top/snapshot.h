/* SPDX-License-Identifier: GPL-2.0 */
/* A snapshot of all pools, or of one, parsed from JSON of format 1. */
#ifndef TOP_SNAPSHOT_H
#define TOP_SNAPSHOT_H

#include <jansson.h>
#include <stdbool.h>

#include "util.h"

#define FORMAT	1	/* the newest that is known */

enum state {
	STATE_LIVE,
	STATE_ZOMBIE,
	STATE_DEAD,
};

/* Strings belong to the JSON tree of the snapshot. */
struct cpu_data {
	long long	cpu, lease, loaded, spare, allocs, frees, exchanges, nested;
};

struct node_data {
	long long	node, free;
};

struct chunk_data {
	long long	index, node, bytes, objects, free, age_ms;
	const char	*backing, *state;
	const char	*map;		/* NULL: not known */
};

struct live_data {
	long long	objects, bytes, oldest_ms, youngest_ms;
	bool		has_age;
	const char	**stack;
	size_t		nr_stack;
};

struct pool {
	const char	*name, *module, *sync, *order, *growth, *backing, *checks;
	char		*flags;		/* separated by blanks */
	enum state	state;

	/* A dead pool has only bytes, all else is 0. */
	long long	obj_size, stride, align, node;
	long long	capacity, max_capacity, total, reserve, low_water, magazine;
	long long	in_use, peak, allocs, frees, failures;
	long long	grows, grows_atomic, growth_failures, depot_exchanges, nested;
	long long	leases_taken, waits, violations, chunks, bytes;
	long long	chunk_bytes, metadata_bytes, cache_bytes, check_bytes, magazine_bytes;

	bool		percpu;
	struct cpu_data	*cpu;
	size_t		nr_cpus;
	struct node_data *nodes;
	size_t		nr_nodes;

	/* Only in a snapshot of one pool. */
	struct chunk_data *chunk;
	size_t		nr_chunks;
	bool		live_known;
	struct live_data *live;
	size_t		nr_live;
	long long	live_rest;
};

struct snapshot {
	json_t		*root;
	double		taken;		/* seconds of some clock */
	bool		kernel_clock;	/* it is that of the kernel: "time_ns" is there */
	const char	*version;
	long long	possible_cpus, online_cpus;
	struct pool	*pool;
	size_t		nr;
};

/* The members of pools and CPUs that are integers. Which ones are counters matters to many. */
enum kind {
	KIND_GAUGE,
	KIND_COUNTER,	/* only rises, until the statistics are reset */
	KIND_LABEL,	/* says what the others are of */
};

struct member {
	const char	*name;
	size_t		offset;
	enum kind	kind;
	long long	least;
	const char	*metric;	/* how Prometheus knows it, if not by name */
	const char	*help;
};

extern const struct member pool_members[], cpu_members[];
extern const size_t nr_pool_members, nr_cpu_members;

static inline long long member_get(const struct member *m, const void *from)
{
	return *(const long long *)((const char *)from + m->offset);
}

/* @path is for messages; @single: @text is about one pool. */
struct snapshot *snapshot_parse(const char *text, size_t len, const char *path, bool single,
				struct fail *f);
void snapshot_free(struct snapshot *s);

/* Free objects in the cache of a CPU; those of the loaded magazine may be unknown. */
static inline long long cpu_held(const struct cpu_data *c)
{
	return c->spare + (c->loaded > 0 ? c->loaded : 0);
}

const char *state_name(enum state state);

#endif
