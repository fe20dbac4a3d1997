/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of the whole module. Those of one flow are in struct flow.
 */
#ifndef FLOWMETER_COUNTERS_H
#define FLOWMETER_COUNTERS_H

#include <linux/atomic.h>
#include <linux/types.h>

/**
 * struct flow_counters - events since the module was loaded
 * @created: flows that were created
 * @expired: flows that were removed because they had been idle
 * @reused: flows that were created in an object that had been a flow before
 * @no_object: packets without a flow, because the allocation failed
 * @unparsed: packets whose headers could not be read
 */
struct flow_counters {
	atomic64_t	created;
	atomic64_t	expired;
	atomic64_t	reused;
	atomic64_t	no_object;
	atomic64_t	unparsed;
};

extern struct flow_counters flow_counters;

int flow_totals_create(void);
void flow_totals_destroy(void);
void flow_totals_add(unsigned int len);
void flow_totals_sum(u64 *packets, u64 *bytes);

#endif
