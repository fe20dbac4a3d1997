// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of the whole module. Packets and bytes are counted per CPU, because
 * every packet changes them; the other counters change less often.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#include "counters.h"

/**
 * struct flow_totals - the traffic that one CPU has handled
 * @packets: packets, including those without a flow
 * @bytes: bytes of these packets
 * @syncp: lets 32-bit kernels read the two counters consistently
 */
struct flow_totals {
	u64_stats_t		packets;
	u64_stats_t		bytes;
	struct u64_stats_sync	syncp;
};

struct flow_counters flow_counters;

static struct flow_totals __percpu *flow_totals;

int flow_totals_create(void)
{
	int cpu;

	flow_totals = alloc_percpu(struct flow_totals);
	if (!flow_totals)
		return -ENOMEM;

	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(flow_totals, cpu)->syncp);
	return 0;
}

void flow_totals_destroy(void)
{
	free_percpu(flow_totals);
}

/**
 * flow_totals_add() - count a packet
 * @len: bytes of the packet
 *
 * Context: Bottom halves are disabled.
 */
void flow_totals_add(unsigned int len)
{
	struct flow_totals *totals = this_cpu_ptr(flow_totals);

	u64_stats_update_begin(&totals->syncp);
	u64_stats_inc(&totals->packets);
	u64_stats_add(&totals->bytes, len);
	u64_stats_update_end(&totals->syncp);
}

void flow_totals_sum(u64 *packets, u64 *bytes)
{
	int cpu;

	*packets = 0;
	*bytes = 0;
	for_each_possible_cpu(cpu) {
		const struct flow_totals *totals = per_cpu_ptr(flow_totals, cpu);
		unsigned int start;
		u64 p, b;

		do {
			start = u64_stats_fetch_begin(&totals->syncp);
			p = u64_stats_read(&totals->packets);
			b = u64_stats_read(&totals->bytes);
		} while (u64_stats_fetch_retry(&totals->syncp, start));
		*packets += p;
		*bytes += b;
	}
}
