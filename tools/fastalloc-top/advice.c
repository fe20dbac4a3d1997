// SPDX-License-Identifier: GPL-2.0
/*
 * Advice on pools, each line with the figures behind it. A pool may have reasons that the figures
 * do not show, so there is advice only where they are far from what is usual.
 */
#include <stdarg.h>
#include <string.h>

#include "advice.h"

enum {
	USED_ENOUGH,
	MEMORY_ENOUGH,
	RESERVE_LEASED,
	CAPACITY_PEAK,
	GROWS_MANY,
	MEMORY_FREE,
	HOARD_SHARE,
	HOARD_LEAST,
	NR_THRESHOLDS,
};

static const long long threshold[NR_THRESHOLDS] = {
	/* Allocations before which peak and leases say little of the load. */
	[USED_ENOUGH]	 = 10000,
	/* Bytes: to save less than this is not worth a change of the module. */
	[MEMORY_ENOUGH]	 = 65536,
	/* Per cent: CPUs take leases with use, so a quarter leaves room for four times as many. */
	[RESERVE_LEASED] = 25,
	/* Per cent: twice the largest need is a usual margin. */
	[CAPACITY_PEAK]	 = 50,
	/* Growths: pools that double their capacity grow by a factor of 2^32 in as many. */
	[GROWS_MANY]	 = 32,
	/* Per cent of all memory: above it, the failures are not for want of memory. */
	[MEMORY_FREE]	 = 10,
	/* Per cent of the free objects: others then find less than half of them. */
	[HOARD_SHARE]	 = 50,
	/* Objects: a burst takes as many, so a cache that holds fewer does no harm. */
	[HOARD_LEAST]	 = 16,
};

struct memory {
	double	total, available;	/* bytes; 0: not known */
};

static void read_memory(const char *path, struct memory *mem)
{
	FILE *file = fopen(path, "re");
	unsigned long long kib;
	char line[128];

	memset(mem, 0, sizeof(*mem));
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemTotal: %llu kB", &kib) == 1)
			mem->total = kib * 1024.0;
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			mem->available = kib * 1024.0;
	}
	fclose(file);
}

static double percent(double part, double whole)
{
	return whole ? 100 * part / whole : 0;
}

static void advise_reserve(const struct pool *p, struct text *out)
{
	long long leased = 0;
	char size[16];
	size_t i;

	if (!p->percpu || p->allocs < threshold[USED_ENOUGH] ||
	    (double)p->reserve * p->stride < threshold[MEMORY_ENOUGH])
		return;
	for (i = 0; i < p->nr_cpus; i++)
		leased += p->cpu[i].lease;
	if (percent(leased, p->reserve) >= threshold[RESERVE_LEASED])
		return;
	short_bytes(size, sizeof(size), (double)p->reserve * p->stride);
	text_add(out,
		 "%s: CPUs have leases on %lld of %lld objects of the reserve (%.0f%% of %s): make the reserve smaller",
		 p->name, leased, p->reserve, percent(leased, p->reserve), size);
}

static void advise_capacity(const struct pool *p, struct text *out)
{
	/* The peak of a pool of sync percpu is too low by the reserve at most. */
	long long peak = p->peak + (p->percpu ? p->reserve : 0);
	char size[16];

	if (p->allocs < threshold[USED_ENOUGH] ||
	    (double)(p->capacity - peak) * p->stride < threshold[MEMORY_ENOUGH] ||
	    percent(peak, p->capacity) >= threshold[CAPACITY_PEAK])
		return;
	short_bytes(size, sizeof(size), (double)(p->capacity - peak) * p->stride);
	text_add(out,
		 "%s: at most %lld of %lld objects were in use (%.0f%%), %s were not: make the %s smaller",
		 p->name, peak, p->capacity, percent(peak, p->capacity), size,
		 strcmp(p->growth, "none") ? "capacity or the growth step" : "capacity");
}

static void advise_growth(const struct pool *p, struct text *out)
{
	if (p->grows < threshold[GROWS_MANY])
		return;
	text_add(out,
		 "%s: grew %lld times (%lld in atomic context), %.0f objects a chunk: make the capacity or the growth step larger",
		 p->name, p->grows, p->grows_atomic,
		 p->chunks ? (double)p->total / p->chunks : 0);
}

static void advise_failures(const struct pool *p, const struct memory *mem, struct text *out)
{
	char size[16], what[128];

	if (!p->failures || percent(mem->available, mem->total) < threshold[MEMORY_FREE])
		return;
	short_bytes(size, sizeof(size), mem->available);
	if (!strcmp(p->growth, "none"))
		snprintf(what, sizeof(what), "make the capacity larger than %lld, or let it grow",
			 p->capacity);
	else if (p->capacity >= p->max_capacity)
		snprintf(what, sizeof(what), "make the maximum larger than %lld", p->max_capacity);
	else
		snprintf(what, sizeof(what), "make the low-water mark larger than %lld",
			 p->low_water);
	text_add(out, "%s: %lld allocations failed, and %s of memory are available (%.0f%%): %s",
		 p->name, p->failures, size, percent(mem->available, mem->total), what);
}

static void advise_hoards(const struct pool *p, const struct frames *fr, struct text *out)
{
	long long free = p->total - p->in_use, held;
	size_t i;

	/* Who is alone takes nothing away from others. */
	if (fr->cur->online_cpus < 2)
		return;
	for (i = 0; i < p->nr_cpus; i++) {
		held = cpu_held(&p->cpu[i]);
		if (held < threshold[HOARD_LEAST] ||
		    percent(held, free) < threshold[HOARD_SHARE])
			continue;
		text_add(out,
			 "%s: CPU %lld holds %lld of %lld free objects (%.0f%%): make the magazine smaller than %lld",
			 p->name, p->cpu[i].cpu, held, free, percent(held, free), p->magazine);
	}
}

static void advise_checks(const struct pool *p, struct text *out)
{
	if (strchr(p->checks, 'U'))
		text_add(out,
			 "%s: check U is on (checks %s), %lld stacks were recorded: switch it off when done",
			 p->name, p->checks, p->allocs + p->frees);
	if (p->violations)
		text_add(out, "%s: %lld faults were found: see the log of the kernel", p->name,
			 p->violations);
}

void advice_text(const struct table *t, const struct frames *fr, const char *meminfo,
		 struct text *out)
{
	size_t i, before = out->nr;
	struct memory mem;

	read_memory(meminfo, &mem);
	for (i = 0; i < t->nr; i++) {
		const struct pool *p = t->row[i].pool;

		if (p->state != STATE_LIVE)
			continue;
		advise_failures(p, &mem, out);
		advise_growth(p, out);
		advise_reserve(p, out);
		advise_capacity(p, out);
		advise_hoards(p, fr, out);
		advise_checks(p, out);
	}
	if (out->nr == before)
		text_add(out, "There is none.");
}
