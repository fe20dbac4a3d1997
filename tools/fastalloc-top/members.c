// SPDX-License-Identifier: GPL-2.0
/* The members of pools and CPUs that are integers. */
#include <limits.h>

#include "snapshot.h"

#define GAUGE(type, name, help) \
	{ #name, offsetof(type, name), KIND_GAUGE, 0, NULL, help }
#define COUNTER(type, name, help) \
	{ #name, offsetof(type, name), KIND_COUNTER, 0, NULL, help }
#define NAMED(type, name, metric, help) \
	{ #name, offsetof(type, name), KIND_GAUGE, 0, metric, help }

const struct member pool_members[] = {
	NAMED(struct pool, obj_size, "obj_size_bytes", "Size of an object."),
	NAMED(struct pool, stride, "stride_bytes", "Distance of neighbouring objects."),
	NAMED(struct pool, align, "align_bytes", "Alignment of an object."),
	{ "node", offsetof(struct pool, node), KIND_LABEL, -1, NULL, NULL },
	GAUGE(struct pool, capacity, "Objects that the pool guarantees at once."),
	GAUGE(struct pool, max_capacity, "Upper limit of growth, in objects."),
	NAMED(struct pool, total, "total_objects", "Objects that exist."),
	GAUGE(struct pool, reserve, "Objects that exist beside the capacity."),
	GAUGE(struct pool, low_water, "Number of free objects below which the pool grows."),
	GAUGE(struct pool, magazine, "Objects that a magazine holds at most."),
	GAUGE(struct pool, in_use, "Objects that are allocated now."),
	GAUGE(struct pool, peak, "Largest number of objects that were allocated at once."),
	COUNTER(struct pool, allocs, "Objects that were allocated."),
	COUNTER(struct pool, frees, "Objects that were freed."),
	COUNTER(struct pool, failures, "Allocation calls that failed."),
	COUNTER(struct pool, grows, "Growths that added objects."),
	COUNTER(struct pool, grows_atomic, "Growths by callers that may not sleep."),
	COUNTER(struct pool, growth_failures, "Growths that added no objects."),
	COUNTER(struct pool, depot_exchanges, "Exchanges of magazines between CPUs and depot."),
	COUNTER(struct pool, nested, "Objects moved while the cache of the CPU was busy."),
	COUNTER(struct pool, leases_taken, "Leases that were taken from CPUs or made smaller."),
	COUNTER(struct pool, waits, "Allocations that waited for an object."),
	COUNTER(struct pool, violations, "Faults that checks and handles have found."),
	GAUGE(struct pool, chunks, "Chunks of memory."),
	GAUGE(struct pool, bytes, "Memory of the pool, of all kinds."),
	GAUGE(struct pool, chunk_bytes, "Memory of chunks: objects, gaps and red zones."),
	GAUGE(struct pool, metadata_bytes, "Memory of the descriptor and of lists and tables."),
	GAUGE(struct pool, cache_bytes, "Memory of the caches of CPUs and of the depot."),
	GAUGE(struct pool, check_bytes, "Memory in which checks record objects."),
	GAUGE(struct pool, magazine_bytes, "Memory of magazines, part of that of the caches."),
};

const size_t nr_pool_members = ARRAY_SIZE(pool_members);

const struct member cpu_members[] = {
	{ "cpu", offsetof(struct cpu_data, cpu), KIND_LABEL, 0, NULL, NULL },
	GAUGE(struct cpu_data, lease, "Objects that the cache of the CPU may hold."),
	{ "loaded", offsetof(struct cpu_data, loaded), KIND_GAUGE, -1, NULL,
	  "Free objects in the loaded magazine of the CPU." },
	GAUGE(struct cpu_data, spare, "Free objects in the spare magazine of the CPU."),
	COUNTER(struct cpu_data, allocs, "Objects that were allocated on the CPU."),
	COUNTER(struct cpu_data, frees, "Objects that were freed on the CPU."),
	COUNTER(struct cpu_data, exchanges, "Exchanges of magazines between CPU and depot."),
	COUNTER(struct cpu_data, nested, "Objects moved while the cache of the CPU was busy."),
};

const size_t nr_cpu_members = ARRAY_SIZE(cpu_members);
