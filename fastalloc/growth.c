// SPDX-License-Identifier: GPL-2.0
/*
 * The amount of growth, and the worker that grows a pool for callers that may not sleep.
 * Nothing here knows of pools.
 *
 * A caller in atomic context may hold any lock, including those of the scheduler and of
 * timers, so it must not queue work itself. It raises an irq_work, which queues the work.
 * Both coalesce, so repeated kicks are cheap.
 */
#include <linux/math64.h>
#include <linux/minmax.h>

#include "growth.h"

static struct workqueue_struct *fa_growth_wq;

/* Number of objects to add to @capacity, within the maximum; 0 if the pool is not to grow. */
unsigned long fa_growth_amount(const struct fa_growth *g, unsigned long capacity)
{
	unsigned long max = READ_ONCE(g->max), room = max > capacity ? max - capacity : 0;
	unsigned long add = 0;

	if (!room)
		return 0;

	switch (g->kind) {
	case FASTALLOC_GROWTH_NONE:
		break;
	case FASTALLOC_GROWTH_LINEAR:
		add = g->amount;
		break;
	case FASTALLOC_GROWTH_EXPONENTIAL:
		/* Both factors fit in 32 bits, so the product fits in 64. */
		add = min_t(u64, div_u64((u64)capacity * (g->percent - 100), 100),
			    room);
		add = max(add, 1UL);
		break;
	case FASTALLOC_GROWTH_CUSTOM:
		add = g->fn(capacity, g->arg);
		break;
	}
	return min(add, room);
}

/* Any context in which work may be queued. */
void fa_growth_queue(struct work_struct *work)
{
	queue_work(fa_growth_wq, work);
}

static void fa_grower_irq(struct irq_work *irq)
{
	struct fa_grower *g = container_of(irq, struct fa_grower, irq);

	queue_work(fa_growth_wq, &g->work);
}

static void fa_grower_work(struct work_struct *work)
{
	struct fa_grower *g = container_of(work, struct fa_grower, work);

	g->grow(g);
}

void fa_grower_init(struct fa_grower *g, void (*grow)(struct fa_grower *g))
{
	g->grow = grow;
	/* Hard: see wait.c. */
	g->irq = IRQ_WORK_INIT_HARD(fa_grower_irq);
	INIT_WORK(&g->work, fa_grower_work);
}

void fa_grower_kick(struct fa_grower *g)
{
	if (!READ_ONCE(g->kicked))
		WRITE_ONCE(g->kicked, true);
	irq_work_queue(&g->irq);
}

/*
 * Stops the worker. The caller ensures that there is no further kick. May sleep. Where
 * irq_work has no interrupt of its own (UML), this takes an RCU grace period, so it is
 * skipped if there was no kick.
 */
void fa_grower_stop(struct fa_grower *g)
{
	if (!g->kicked)
		return;
	irq_work_sync(&g->irq);
	cancel_work_sync(&g->work);
}

/* WQ_MEM_RECLAIM: pools may serve the path that frees memory. */
int fa_growth_init(void)
{
	fa_growth_wq = alloc_workqueue("fastalloc", WQ_UNBOUND | WQ_MEM_RECLAIM,
				       0);
	return fa_growth_wq ? 0 : -ENOMEM;
}

void fa_growth_exit(void)
{
	destroy_workqueue(fa_growth_wq);
}
