// SPDX-License-Identifier: GPL-2.0
/*
 * The worker that frees idle flows.
 */
#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/workqueue.h>

#include "expiry.h"
#include "table.h"

static unsigned int idle_ms = 30000;
module_param(idle_ms, uint, 0644);
MODULE_PARM_DESC(idle_ms, "forget a flow after so many idle milliseconds (30000); 0: never");

static void expiry_fn(struct work_struct *work)
{
	/* idle_ms may change while the module is loaded. */
	unsigned int idle = READ_ONCE(idle_ms);
	u64 now = ktime_get_coarse_ns();
	unsigned int interval = 1000;

	if (idle) {
		u64 allowed = (u64)idle * NSEC_PER_MSEC;

		if (now > allowed)
			flow_table_expire(now - allowed);
		interval = clamp(idle / 4, 10U, 1000U);
	}

	schedule_delayed_work(to_delayed_work(work), msecs_to_jiffies(interval));
}

static DECLARE_DELAYED_WORK(expiry_work, expiry_fn);

void flow_expiry_start(void)
{
	schedule_delayed_work(&expiry_work, 0);
}

void flow_expiry_stop(void)
{
	cancel_delayed_work_sync(&expiry_work);
}
