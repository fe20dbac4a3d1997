// SPDX-License-Identifier: GPL-2.0
/*
 * flowmeter - count packets and bytes of each flow
 *
 * Every packet that enters or leaves the initial network namespace is charged to
 * its flow, which is identified by address family, protocol, both addresses and
 * both ports. A flow has one direction, so a connection shows as two flows.
 *
 * Flows are objects of a per-CPU fastalloc pool. They are allocated in softirq,
 * where nothing may sleep, on the CPU that handles the packet. An allocation that
 * finds the pool empty grows it in place, so a burst of new flows does not have
 * to wait for a worker. The pool has a maximum. When it is reached, packets of
 * new flows pass as before; they have no flow, and are counted.
 *
 *	/sys/kernel/debug/flowmeter/flows	the flows, those with most bytes first
 *	/sys/kernel/debug/flowmeter/stats	counters, "key: value"
 *
 * A packet is what the stack passes to the hooks: a segment that the device will
 * split counts once. Bytes include the IP header. Fragments after the first carry
 * no ports. Those of one pair of hosts and one protocol share a flow with ports
 * 0, unless the kernel reassembles them before they reach the hooks.
 *
 *	key.c		packet headers to the key of a flow
 *	table.c		hash table of flows, and their pool
 *	hooks.c		netfilter hooks
 *	expiry.c	worker that frees idle flows
 *	counters.c	counters of the module
 *	flows.c		debugfs file "flows"
 *	debugfs.c	debugfs directory and file "stats"
 */
#include <linux/init.h>
#include <linux/module.h>

#include <linux/fastalloc.h>

#include "counters.h"
#include "debugfs.h"
#include "expiry.h"
#include "hooks.h"
#include "table.h"

static int __init flowmeter_init(void)
{
	int err;

	err = flow_totals_create();
	if (err)
		return err;

	err = flow_table_create();
	if (err)
		goto err_totals;

	flow_debugfs_create();

	err = flow_hooks_register();
	if (err)
		goto err_debugfs;

	flow_expiry_start();
	return 0;

err_debugfs:
	flow_debugfs_remove();
	flow_table_destroy();
err_totals:
	flow_totals_destroy();
	return err;
}

static void __exit flowmeter_exit(void)
{
	flow_debugfs_remove();
	flow_hooks_unregister();
	flow_expiry_stop();
	flow_table_destroy();
	flow_totals_destroy();
}

module_init(flowmeter_init);
module_exit(flowmeter_exit);

MODULE_AUTHOR("The fastalloc authors");
MODULE_DESCRIPTION("Flow meter: a sample consumer of fastalloc");
MODULE_VERSION(FLOWMETER_VERSION);
MODULE_LICENSE("GPL");
FASTALLOC_IMPORT_NS();
